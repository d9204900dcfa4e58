//! Missions: from the format to the workload.

mod energy;
mod fields;
mod streams;

use super::WorkloadSite;
use crate::apps::Workload;
use crate::apps::missions::{
    AgriculturePlan, MissionKind, MissionPlan, MissionWorkload, Objective, PatrolKind, PatrolPlan,
    RelayPlan, ScannedField, Service, Way, WayEnd,
};
use crate::engine::SimTime;
use crate::infra::vehicles::{VehicleKind, VehicleSpec, Waypoint};
use crate::infra::{NodeId, Position};
use crate::scenario::format::{
    BatteryServiceSpec, FieldSpec, HelpersSpec, MissionSpec, MissionsSpec, Names, ObjectiveSpec,
    ObservationSpec, WayEndName, WaypointSpec,
};
use crate::scenario::import::{PlanEnd, read_qgc_wpl};
use crate::scenario::{BuildWorkload, Duration, Length, Site, Speed};
use fields::{Field, field, scanned};
use std::collections::BTreeMap;

/// Least time between observations and looks: with less a run would hardly go on.
const LEAST_PERIOD_S: f64 = 1e-3;

/// Where a mission is built.
struct Place<'a> {
    here: &'a WorkloadSite<'a>,
    site: Site<'a>,
    workload: &'a str,
    number: usize,
}

impl<'a> Place<'a> {
    /// What makes a node a vehicle; the error goes to `site` if it is none.
    fn spec(&self, node: NodeId, site: &Site<'_>) -> Option<&'a VehicleSpec> {
        let class = self.here.infrastructure.class_of(node)?;
        let spec = class.vehicle.as_ref();
        if spec.is_none() {
            site.error_with_help(
                format!("{:?} is no vehicle", self.here.directory.name(node)),
                format!(
                    "give the class {:?} the key `vehicle`, such as {{ \"preset\": \"arducopter_4_5\" }}",
                    class.name
                ),
            );
        }
        spec
    }

    fn vehicle(&self, name: &str, key: &str) -> Option<NodeId> {
        let site = self.site.key(key);
        let node = self.here.directory.node(name, &site)?;
        self.spec(node, &site).map(|_| node)
    }

    fn vehicles(&self, names: &Names, site: &Site<'_>) -> Option<Vec<NodeId>> {
        let nodes = self.here.directory.nodes(names, site)?;
        if nodes.is_empty() {
            site.error("no vehicle is named");
            return None;
        }
        nodes.iter().all(|&node| self.spec(node, site).is_some()).then_some(nodes)
    }

    /// Whether a node flies.
    fn flies(&self, node: NodeId) -> bool {
        let class = self.here.infrastructure.class_of(node);
        let spec = class.and_then(|class| class.vehicle.as_ref());
        spec.is_some_and(|spec| spec.kind == VehicleKind::Multicopter)
    }

    fn height(&self, height: Length, site: &Site<'_>) -> Option<f64> {
        let height_m = height.as_metres();
        if height_m > 0.0 {
            return Some(height_m);
        }
        site.key("height").error("a drone cannot fly at this height; it must be above 0");
        None
    }

    fn service(&self, spec: &BatteryServiceSpec, site: &Site<'_>) -> Option<Service> {
        match *spec {
            BatteryServiceSpec::None => Some(Service::None),
            BatteryServiceSpec::Swap { time } => Some(Service::Swap { time_s: time.as_secs() }),
            BatteryServiceSpec::Charge { power, level } => {
                let here = site.key("service");
                if power.as_watts() <= 0.0 {
                    here.key("power").error("a battery is not charged with this; it must be above 0");
                    return None;
                }
                if level.as_fraction() <= 0.0 {
                    here.key("level").error("a battery is not charged up to this; it must be above 0");
                    return None;
                }
                Some(Service::Charge { power_w: power.as_watts(), level: level.as_fraction() })
            }
        }
    }

    fn speed(&self, speed: Option<Speed>) -> Option<Option<f64>> {
        match speed.map(Speed::as_metres_per_second) {
            Some(speed) if speed <= 0.0 => {
                self.site.key("speed").error("nothing moves with this; it must be above 0");
                None
            }
            speed => Some(speed),
        }
    }

    fn period(&self, period: Duration, site: &Site<'_>) -> Option<f64> {
        let period_s = period.as_secs();
        if period_s >= LEAST_PERIOD_S {
            return Some(period_s);
        }
        site.error("the period must be at least 1 ms");
        None
    }

    /// The start, which is told of if it is after the run.
    fn start(&self, start: Duration) -> SimTime {
        let start = SimTime::from_secs(start.as_secs());
        if start > self.here.horizon {
            self.site.key("start").error_with_help(
                format!("it begins at {start}, after the run, which ends at {}", self.here.horizon),
                "give an earlier `start`, or a longer `duration`",
            );
        }
        start
    }
}

fn end(name: WayEndName) -> WayEnd {
    match name {
        WayEndName::Return => WayEnd::Return,
        WayEndName::Stay => WayEnd::Stay,
        WayEndName::Land => WayEnd::Land,
    }
}

/// A patrol of vehicles over a field.
struct Over<'a> {
    kind: PatrolKind,
    field: &'a FieldSpec,
    height: Length,
    speed: Option<Speed>,
    service: &'a BatteryServiceSpec,
    end: WayEndName,
}

impl Place<'_> {
    fn over(&self, vehicles: Option<Vec<NodeId>>, own: &Over<'_>) -> Option<MissionKind> {
        let field = field(own.field, self.here.directory, &self.site.key("field"));
        let height_m = self.height(own.height, &self.site);
        let service = self.service(own.service, &self.site);
        let speed = self.speed(own.speed);
        let weeds = match &own.field.weeds {
            Some(weeds) => {
                let site = self.site.key("field").key("weeds");
                Some(scanned(self, own.field.spacing, weeds, None, &site)?)
            }
            None => None,
        };
        let (vehicles, Field { coverage, area_m2 }) = (vehicles?, field?);
        let (height_m, speed) = (height_m?, speed?);
        let parts = coverage.divided(vehicles.len());
        let mut ways = Vec::with_capacity(vehicles.len());
        for (vehicle, lines) in vehicles.into_iter().zip(parts) {
            let way_height_m = if self.flies(vehicle) { height_m } else { 0.0 };
            ways.push((vehicle, Way::along(&lines, way_height_m, speed)));
        }
        let service = service?;
        energy::check_ways(self, &ways, height_m, service != Service::None, &self.site.key("field"));
        Some(MissionKind::Patrol(PatrolPlan {
            kind: own.kind,
            ways,
            height_m,
            area_m2,
            width_m: coverage.spacing_m,
            field: weeds.map(|own| ScannedField { width_m: coverage.spacing_m, ..own }),
            service,
            end: end(own.end),
        }))
    }

    /// Waypoints of a route that is written out.
    fn waypoints(&self, specs: &[WaypointSpec], height_m: f64) -> Option<Vec<Waypoint>> {
        let mut good = true;
        let waypoints = specs.iter().enumerate().map(|(index, spec)| {
            let speed_m_per_s = spec.speed.map(Speed::as_metres_per_second);
            if speed_m_per_s.is_some_and(|speed| speed <= 0.0) {
                let site = self.site.key("waypoints").index(index).key("speed");
                site.error("nothing moves with this; it must be above 0");
                good = false;
            }
            let place = Position {
                x_m: spec.x.as_metres(),
                y_m: spec.y.as_metres(),
                z_m: spec.z.map_or(height_m, |height| height.as_metres()),
            };
            Waypoint { place, hold_s: spec.hold.as_secs(), speed_m_per_s }
        });
        let waypoints = waypoints.collect();
        good.then_some(waypoints)
    }

    /// Waypoints, height of the take-off and end of a route in a file.
    fn flight_plan(&self, file: &str) -> Option<(Vec<Waypoint>, Option<f64>, WayEnd)> {
        let site = self.site.key("file");
        let Some(plane) = self.here.directory.maps.plane else {
            site.error_with_help(
                "the file has places in degrees, but the scenario has no origin on the earth",
                "give the longitude and latitude of x = 0, y = 0 as `origin` of the scenario",
            );
            return None;
        };
        let plan = site.check(read_qgc_wpl(site.file(file), &plane))?;
        plan.notes.iter().for_each(|note| site.note(note.clone()));
        let waypoints = plan.waypoints.iter().map(|own| Waypoint {
            place: own.place,
            hold_s: own.hold_s,
            speed_m_per_s: own.speed_m_per_s,
        });
        let end = match plan.end {
            PlanEnd::Loiter => WayEnd::Stay,
            PlanEnd::ReturnToLaunch => WayEnd::Return,
            PlanEnd::Land => WayEnd::Land,
        };
        Some((waypoints.collect(), plan.take_off_m, end))
    }
}

/// What a mission is, but for name and start.
fn kind(spec: &MissionSpec, place: &Place<'_>) -> Option<MissionKind> {
    match spec {
        MissionSpec::Scan { vehicle, field, height, speed, service, end, .. } => {
            let vehicles = place.vehicle(vehicle, "vehicle").map(|vehicle| vec![vehicle]);
            let own = Over {
                kind: PatrolKind::Scan,
                field,
                height: *height,
                speed: *speed,
                service,
                end: *end,
            };
            place.over(vehicles, &own)
        }
        MissionSpec::Survey { vehicles, field, height, speed, service, end, .. } => {
            let vehicles = place.vehicles(vehicles, &place.site.key("vehicles"));
            let own = Over {
                kind: PatrolKind::Survey,
                field,
                height: *height,
                speed: *speed,
                service,
                end: *end,
            };
            place.over(vehicles, &own)
        }
        MissionSpec::Route { vehicles, waypoints, file, height, service, end: wanted, .. } => {
            let vehicles = place.vehicles(vehicles, &place.site.key("vehicles"));
            let mut height_m = place.height(*height, &place.site)?;
            let service = place.service(service, &place.site);
            let (waypoints, key, planned) = match (file, waypoints.is_empty()) {
                (Some(_), false) => {
                    let message = "both `file` and `waypoints` are given; leave out one of them";
                    place.site.key("file").error(message);
                    return None;
                }
                (None, true) => {
                    place
                        .site
                        .error_with_help("the route has no waypoints", "give `waypoints` or a `file`");
                    return None;
                }
                (Some(file), true) => {
                    let (waypoints, take_off_m, end) = place.flight_plan(file)?;
                    height_m = take_off_m.unwrap_or(height_m);
                    if waypoints.is_empty() {
                        place.site.key("file").error("the mission in the file has no waypoints");
                        return None;
                    }
                    (waypoints, "file", end)
                }
                (None, false) => (place.waypoints(waypoints, height_m)?, "waypoints", WayEnd::Return),
            };
            let service = service?;
            let ways: Vec<(NodeId, Way)> =
                vehicles?.into_iter().map(|vehicle| (vehicle, Way::of(waypoints.clone()))).collect();
            energy::check_ways(place, &ways, height_m, service != Service::None, &place.site.key(key));
            Some(MissionKind::Patrol(PatrolPlan {
                kind: PatrolKind::Route,
                ways,
                height_m,
                area_m2: 0.0,
                width_m: 0.0,
                field: None,
                service,
                end: wanted.map_or(planned, end),
            }))
        }
        MissionSpec::Agriculture {
            vehicle,
            field,
            speed,
            end,
            observation,
            spray_l,
            helpers,
            objective,
            ..
        } => {
            let own = Tended {
                field,
                speed: *speed,
                end: *end,
                observation,
                spray_l: *spray_l,
                helpers,
                objective,
            };
            agriculture(vehicle, &own, place)
        }
        MissionSpec::Relay {
            drone,
            vehicle,
            sink,
            height,
            share,
            period,
            tolerance,
            until,
            service,
            start,
            ..
        } => {
            let drone_node = place.vehicle(drone, "drone");
            let directory = place.here.directory;
            let vehicle_node = directory.node(vehicle, &place.site.key("vehicle"));
            let sink = directory.node(sink, &place.site.key("sink"));
            let height_m = place.height(*height, &place.site);
            let period_s = place.period(*period, &place.site.key("period"));
            let service = place.service(service, &place.site);
            if drone_node.is_some() && drone_node == vehicle_node {
                place.site.key("vehicle").error("a drone cannot be a relay of itself");
                return None;
            }
            if until.is_some_and(|until| until <= *start) {
                place.site.key("until").error_with_help(
                    "the relay would be over before it begins",
                    "choose a time after its `start`, or leave it out",
                );
                return None;
            }
            Some(MissionKind::Relay(RelayPlan {
                drone: drone_node?,
                vehicle: vehicle_node?,
                sink: sink?,
                height_m: height_m?,
                share: share.as_fraction(),
                period_s: period_s?,
                tolerance_m: tolerance.as_metres(),
                until: until.map(|until| SimTime::from_secs(until.as_secs())),
                service: service?,
            }))
        }
    }
}

/// What is given of a mission in agriculture beside its vehicle.
struct Tended<'a> {
    field: &'a FieldSpec,
    speed: Option<Speed>,
    end: WayEndName,
    observation: &'a ObservationSpec,
    spray_l: f64,
    helpers: &'a HelpersSpec,
    objective: &'a ObjectiveSpec,
}

fn agriculture(vehicle: &str, own: &Tended<'_>, place: &Place<'_>) -> Option<MissionKind> {
    let vehicle = place.vehicle(vehicle, "vehicle");
    let field_site = place.site.key("field");
    let found = field(own.field, place.here.directory, &field_site);
    let speed = place.speed(own.speed);
    let period_s = place.period(own.observation.period, &place.site.key("observation").key("period"));
    let helpers_site = place.site.key("helpers");
    let drones = place.vehicles(&own.helpers.vehicles, &helpers_site.key("vehicles"));
    let height_m = place.height(own.helpers.height, &helpers_site);
    let service = place.service(&own.helpers.service, &helpers_site);
    let energy_j = own.objective.energy_per_second.as_joules();
    if energy_j <= 0.0 {
        place.site.key("objective").key("energy_per_second").error("it must be above 0");
        return None;
    }
    let Some(weeds) = &own.field.weeds else {
        field_site.error_with_help(
            "nothing grows on the field that could be seen and sprayed",
            "add `weeds` with a `density_per_m2` and a `detection`",
        );
        return None;
    };
    let scanned = scanned(
        place,
        own.field.spacing,
        weeds,
        Some((&own.helpers.detection, &helpers_site.key("detection"))),
        &field_site.key("weeds"),
    )?;
    let (vehicle, drones) = (vehicle?, drones?);
    if drones.contains(&vehicle) {
        helpers_site.key("vehicles").error("a vehicle cannot help itself");
        return None;
    }
    let (Field { coverage, area_m2 }, speed, height_m) = (found?, speed?, height_m?);
    let way_height_m = if place.flies(vehicle) { height_m } else { 0.0 };
    let way = Way::along(&coverage.lines, way_height_m, speed);
    let ways = [(vehicle, way)];
    energy::check_ways(place, &ways, height_m, false, &field_site);
    let [(vehicle, way)] = ways;
    for &drone in &drones {
        energy::check_station(place, drone, &way, height_m, &helpers_site.key("vehicles"));
    }
    let helper = fields::mean_over(&scanned, &way);
    let offset = own.helpers.offset;
    Some(MissionKind::Agriculture(Box::new(AgriculturePlan {
        vehicle,
        way,
        area_m2,
        field: ScannedField { width_m: coverage.spacing_m, ..scanned },
        end: end(own.end),
        period_s: period_s?,
        noise: own.observation.noise.as_fraction(),
        spray_l: own.spray_l,
        drones,
        height_m,
        offset_m: [offset.x.as_metres(), offset.y.as_metres(), offset.z.as_metres()],
        helper,
        service: service?,
        objective: Objective {
            per_joule: 1.0 / energy_j,
            per_overhead_second: own.objective.overhead_weight,
        },
    })))
}

/// Name and start of a mission.
fn head(spec: &MissionSpec) -> (&Option<String>, Duration, &'static str) {
    match spec {
        MissionSpec::Scan { name, start, .. } => (name, *start, "scan"),
        MissionSpec::Survey { name, start, .. } => (name, *start, "survey"),
        MissionSpec::Route { name, start, .. } => (name, *start, "route"),
        MissionSpec::Agriculture { name, start, .. } => (name, *start, "agriculture"),
        MissionSpec::Relay { name, start, .. } => (name, *start, "relay"),
    }
}

impl BuildWorkload for MissionsSpec {
    fn build(&self, here: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        let site = &here.site;
        if self.missions.is_empty() && self.streams.is_empty() {
            site.error_with_help(
                "there is neither a mission nor a stream",
                "give `missions`, `streams` or both",
            );
            return None;
        }
        let mut plans: Vec<MissionPlan> = Vec::new();
        let mut owners: BTreeMap<NodeId, String> = BTreeMap::new();
        let mut good = true;
        for (number, spec) in self.missions.iter().enumerate() {
            let own = site.key("missions").index(number);
            let place = Place { here, site: own.clone(), workload: &self.name, number };
            let (name, start, usual) = head(spec);
            let name = name.clone().unwrap_or_else(|| format!("{usual}-{number}"));
            if plans.iter().any(|plan| plan.name == name) {
                own.error_with_help(
                    format!("another mission has the name {name:?}"),
                    "give each mission a `name` of its own",
                );
                good = false;
            }
            let start = place.start(start);
            let Some(kind) = kind(spec, &place) else {
                good = false;
                continue;
            };
            for vehicle in kind.vehicles() {
                if let Some(other) = owners.insert(vehicle, name.clone()) {
                    own.error_with_help(
                        format!(
                            "{:?} is in the mission {other:?} already",
                            here.directory.name(vehicle)
                        ),
                        "a vehicle is in one mission; add vehicles to its class, or leave it out of one",
                    );
                    good = false;
                    break;
                }
            }
            plans.push(MissionPlan { name, start, kind });
        }
        let streams = streams::streams(&self.streams, here, &plans);
        (good && streams.is_some()).then_some(())?;
        Some(Box::new(MissionWorkload::new(&self.name, plans, streams?)))
    }
}
