//! Missions on a plane with an access point in the middle that reaches everywhere.

mod rare;

use super::{Ran, world};
use crate::apps::missions::{
    AgriculturePlan, Coverage, DetectionMap, FrameSizes, MissionKind, MissionPlan, MissionWorkload,
    Objective, PatrolKind, PatrolPlan, Polygon, Processing, QueueRule, RelayPlan, ScannedField, Service,
    StreamPlan, StreamTime, Way, WayEnd,
};
use crate::energy::BatteryModel;
use crate::engine::{Distribution, RandomStreams, SimTime};
use crate::infra::vehicles::{VehicleSpec, Waypoint, rest_to_rest_s, vehicle_preset};
use crate::infra::{AccessPointSpec, BatterySpec, NodeClass, NodeId, Position, Static, Tier};
use crate::placement::engagement::{Always, EngagementPolicy, Never, Oracle, Predicted, Threshold};
use crate::world::WorldBuilder;

/// Joules of 3 cells of 3.7 V with 5100 mAh.
const PACK_J: f64 = 203_796.0;

/// An edge node of four cores with an access point that reaches everywhere.
fn edge(world: &mut WorldBuilder) -> NodeId {
    let mut class = NodeClass::new("edge", Tier::Edge, 1).with_cores(4, 10_000.0);
    class.access_point = Some(AccessPointSpec::new(1e9, 1e9));
    let class = world.class(class, Static::at(vec![Position::ground(0.0, 0.0)]).unwrap());
    world.nodes_of(class).next().unwrap()
}

/// Vehicles of a class of these places.
fn vehicles(
    world: &mut WorldBuilder,
    name: &str,
    spec: VehicleSpec,
    battery_j: Option<f64>,
    places: &[(f64, f64)],
) -> Vec<NodeId> {
    let mut class = NodeClass::new(name, Tier::Device, places.len() as u32).with_cores(1, 1000.0);
    class.vehicle = Some(spec);
    class.wireless = true;
    let full = Distribution::constant(1.0).unwrap();
    class.battery = battery_j.map(|joules| BatterySpec::new(BatteryModel::ideal(joules), full));
    let places = places.iter().map(|&(x_m, y_m)| Position::ground(x_m, y_m)).collect();
    let class = world.class(class, Static::at(places).unwrap());
    world.nodes_of(class).collect()
}

fn copter() -> VehicleSpec {
    vehicle_preset("arducopter_4_0").unwrap()
}

fn tractor() -> VehicleSpec {
    vehicle_preset("tractor").unwrap()
}

fn uniform(own: f64, helper: f64) -> ScannedField {
    let [own, helper] = [own, helper].map(|mean| DetectionMap::uniform(mean).unwrap());
    ScannedField { width_m: 5.0, density_per_m2: 0.1, own, helper }
}

/// A mission in agriculture along a way, with drones that swap batteries in a minute.
fn plan(vehicle: NodeId, way: Way, field: ScannedField, drones: Vec<NodeId>) -> AgriculturePlan {
    AgriculturePlan {
        vehicle,
        way,
        area_m2: 10_000.0,
        field,
        end: WayEnd::Return,
        period_s: 5.0,
        noise: 0.0,
        spray_l: 0.005,
        drones,
        height_m: 15.0,
        offset_m: [0.0, 0.0, 15.0],
        helper: 0.8,
        service: Service::Swap { time_s: 60.0 },
        objective: Objective { per_joule: 1.0 / 3600.0, per_overhead_second: 0.0 },
    }
}

fn mission(name: &str, kind: MissionKind) -> MissionPlan {
    MissionPlan { name: name.into(), start: SimTime::ZERO, kind }
}

fn agriculture(plan: AgriculturePlan) -> MissionPlan {
    mission("field", MissionKind::Agriculture(Box::new(plan)))
}

/// A way that stands at a place for a time.
fn standing(place: (f64, f64), hold_s: f64) -> Way {
    let at = Position::ground(place.0, place.1);
    let waypoints = vec![Waypoint { hold_s, ..Waypoint::at(at) }];
    Way { waypoints, works: vec![false] }
}

fn numbers(ran: &Ran, table: &str, columns: &[&str]) -> Vec<Vec<f64>> {
    let parse = |text: &str| text.parse().unwrap_or(f64::NAN);
    let rows = ran.table(table, columns);
    rows.iter().map(|row| row.split(' ').map(parse).collect()).collect()
}

/// The parts of the way to a vehicle that stands, `distance_m` away at the height of the take-off: arming, the climb as a
/// trapezoid, the flight at full speed, and the approach in which speed falls in proportion to the distance.
fn closed_form_s(spec: &VehicleSpec, distance_m: f64, height_m: f64) -> [f64; 3] {
    let own = &spec.kinematics;
    let climb = own.climb_m_per_s * own.climb_share;
    let climb_s = rest_to_rest_s(height_m, climb, own.climb_acceleration_m_per_s2);
    let (speed, gain) = (own.speed_m_per_s, spec.follow.gain_per_s);
    let slow_m = speed / gain;
    let approach_s = (slow_m / spec.follow.station_radius_m).ln() / gain;
    // From rest at full acceleration, which costs half of v / a more than full speed all the way.
    let flight_s =
        (distance_m - slow_m) / speed + speed / (2.0 * own.acceleration_m_per_s2) + approach_s;
    [own.spool_up_s, climb_s, flight_s]
}

#[test]
fn the_time_to_engage_at_a_standing_vehicle_is_the_sum_of_its_parts() {
    for distance_m in [80.0, 100.5, 118.9, 400.0] {
        let mut world = world(400.0);
        edge(&mut world);
        let mut spec = copter();
        spec.follow.distance_limit_m = 1000.0;
        let vehicle = vehicles(&mut world, "tractor", tractor(), None, &[(0.0, 0.0)])[0];
        let drones = vehicles(&mut world, "drone", spec.clone(), None, &[(distance_m, 0.0)]);
        let mut own = plan(vehicle, standing((0.0, 0.0), 300.0), uniform(0.2, 0.8), drones);
        // At the height of its take-off the way is level.
        own.offset_m = [0.0, 0.0, 15.0];
        world.workload(MissionWorkload::new("missions", vec![agriculture(own)], Vec::new()));
        world.mission_engagement("always", Always {});
        let ran = Ran::of(world);
        let columns =
            ["distance_m", "arming_s", "take_off_s", "flight_s", "reach_s", "predicted_reach_s"];
        let rows = numbers(&ran, "engagements", &columns);
        assert_eq!(rows.len(), 1);
        let [arming_s, climb_s, flight_s] = closed_form_s(&spec, distance_m, 15.0);
        let parts = [distance_m, arming_s, climb_s, flight_s, arming_s + climb_s + flight_s];
        for (found, expected) in rows[0].iter().zip(parts) {
            assert!((found - expected).abs() <= 1e-6 * expected, "{:?} in place of {parts:?}", rows[0]);
        }
        assert!((rows[0][5] - rows[0][4]).abs() <= 1e-6 * rows[0][4], "{:?}", rows[0]);
    }
}

/// A field of 200 m by 40 m in lines of 5 m, with a smooth detection of the vehicle.
fn field_world(seed: u64, policy: Box<dyn EngagementPolicy>) -> WorldBuilder {
    field_with(seed, policy, 2)
}

/// The same with so many of its two drones in the mission.
fn field_with(seed: u64, policy: Box<dyn EngagementPolicy>, helpers: usize) -> WorldBuilder {
    let mut world = WorldBuilder::new(seed, crate::engine::SimDuration::from_secs(2400.0));
    let edge = edge(&mut world);
    let vehicle = vehicles(&mut world, "tractor", tractor(), None, &[(0.0, -10.0)])[0];
    let mut spec = copter();
    spec.follow.distance_limit_m = 1000.0;
    let drones = vehicles(&mut world, "drone", spec, Some(PACK_J), &[(-50.0, -50.0), (250.0, 80.0)]);
    let field = Polygon::new(vec![[0.0, 0.0], [200.0, 0.0], [200.0, 40.0], [0.0, 40.0]]).unwrap();
    let coverage = Coverage::new(&field, 5.0, None).unwrap();
    let mut random = RandomStreams::new(seed).stream("map");
    let own = DetectionMap::smooth(0.7, 0.25, 40.0, &mut random).unwrap();
    let scanned = ScannedField { own, ..uniform(0.5, 0.8) };
    let way = Way::along(&coverage.lines, 0.0, None);
    let mut plan = plan(vehicle, way, scanned, drones[..helpers].to_vec());
    plan.noise = 0.02;
    let stream = |source: NodeId, during: StreamTime| StreamPlan {
        name: format!("camera-{}", source.0),
        source,
        relay: None,
        frame_rate_hz: 10.0,
        sizes: FrameSizes::grouped(20e3, 10, 3.0),
        frames_per_message: 5,
        processing: Processing::Node(edge),
        frame_mi: 100.0,
        deadline_s: Some(0.5),
        queue_limit: 4,
        queue_rule: QueueRule::DropOldest,
        during,
    };
    let streams = vec![stream(vehicle, StreamTime::Work), stream(drones[0], StreamTime::Flight)];
    world.workload(MissionWorkload::new("missions", vec![agriculture(plan)], streams));
    world.boxed_mission_engagement("own", policy);
    world
}

fn policies() -> Vec<(&'static str, Box<dyn EngagementPolicy>)> {
    vec![
        ("never", Box::new(Never {})),
        ("always", Box::new(Always {})),
        ("threshold", Box::new(Threshold::default())),
        ("predicted", Box::new(Predicted::default())),
        ("oracle", Box::new(Oracle::default())),
    ]
}

/// What policies come to with the same field and weeds, by name.
fn compared(seed: u64, helpers: usize) -> Vec<(&'static str, f64)> {
    let mut passed = Vec::new();
    let mut values = Vec::new();
    for (name, policy) in policies() {
        let ran = Ran::of(field_with(seed, policy, helpers));
        let own = &ran.summary["workloads"]["missions"];
        let weeds = &own["weeds"];
        passed.push((weeds["passed"].clone(), weeds["detected_by_vehicle"].clone()));
        values.push((name, own["engagements"]["value"].as_f64().unwrap()));
        assert_eq!(own["outcomes"]["done"], 1, "{name}: {own}");
    }
    assert!(passed.iter().all(|own| own == &passed[0]), "{passed:?}");
    values
}

#[test]
fn policies_meet_the_same_weeds_and_none_gains_more_than_the_oracle() {
    for (seed, helpers) in (1..=6).flat_map(|seed| [(seed, 1), (seed, 2)]) {
        let values = compared(seed, helpers);
        let oracle = values[4].1;
        for (name, value) in &values {
            assert!(oracle >= value - 1e-9 * value.abs(), "seed {seed}, {name}: {values:?}");
        }
        assert!(values[0].1 == 0.0, "{values:?}");
    }
}

#[test]
fn rewards_of_a_mission_sum_up_to_its_value() {
    let ran = Ran::of(field_world(3, Box::new(Threshold::default())));
    let rewards: f64 = numbers(&ran, "decisions", &["reward"]).iter().map(|row| row[0]).sum();
    let value = numbers(&ran, "missions", &["value"])[0][0];
    let engaged: f64 = numbers(&ran, "engagements", &["value"]).iter().map(|row| row[0]).sum();
    assert!(value.abs() > 0.1 && (rewards - value).abs() < 1e-6, "{rewards} in place of {value}");
    assert!((engaged - value).abs() < 1e-6, "{engaged} in place of {value}");
}

#[test]
fn phases_of_a_vehicle_follow_each_other_without_a_gap() {
    let ran = Ran::of(field_world(2, Box::new(Threshold::default())));
    let rows = ran.table("mission_phases", &["vehicle", "start_s", "duration_s", "phase"]);
    for vehicle in ["tractor", "drone-0", "drone-1"] {
        let own = rows.iter().filter(|row| row.split(' ').next() == Some(vehicle));
        let mut end_s = 0.0;
        for row in own {
            let parts: Vec<&str> = row.split(' ').collect();
            let [start_s, duration_s]: [f64; 2] = [1, 2].map(|part| parts[part].parse().unwrap());
            assert!((start_s - end_s).abs() < 1e-9 && duration_s > 0.0, "{row} after {end_s}");
            end_s = start_s + duration_s;
        }
        assert!((end_s - 2400.0).abs() < 1e-9, "{vehicle}: {end_s}");
    }
    assert!(rows.iter().any(|row| row.ends_with("on_station")), "{rows:?}");
    assert!(rows.iter().any(|row| row.ends_with("serviced")), "{rows:?}");
}

#[test]
fn each_frame_ends_once_and_none_is_made_by_the_way() {
    let ran = Ran::of(field_world(2, Box::new(Always {})));
    let frames = &ran.summary["workloads"]["missions"]["frames"];
    let ended: u64 =
        frames["ended"].as_object().unwrap().values().map(|own| own.as_u64().unwrap()).sum();
    let count = |key: &str| frames[key].as_u64().unwrap();
    assert_eq!(count("created"), ended);
    // Of each of two streams four messages of five frames wait, one is sent and one worked on.
    let unfinished = frames["ended"]["unfinished"].as_u64().unwrap();
    assert!(unfinished <= 2 * 5 * 6, "{unfinished}");
    assert!(count("created") > 1000 && count("sent") <= count("created"), "{frames}");
    assert!(count("delivered") <= count("sent"), "{frames}");
    let columns =
        ["created", "sent", "delivered", "done", "late", "dropped", "lost", "refused", "unfinished"];
    let rows = numbers(&ran, "streams", &columns);
    let sum = |column: usize| rows.iter().map(|row| row[column]).sum::<f64>() as u64;
    assert_eq!((sum(0), sum(1), sum(2)), (count("created"), count("sent"), count("delivered")));
    assert_eq!((3..9).map(sum).sum::<u64>(), ended);
    let messages = numbers(&ran, "frames", &["frames", "created_s", "t_s", "delay_s"]);
    assert_eq!(messages.iter().map(|row| row[0] as u64).sum::<u64>(), ended);
    assert!(messages.iter().all(|row| row[3].is_nan() || (row[2] - row[1] - row[3]).abs() < 1e-9));
}

#[test]
fn the_same_seed_gives_the_same_rows() {
    let rows = || Ran::of(field_world(4, Box::new(Predicted::default()))).rows.rows;
    assert_eq!(rows(), rows());
}

#[test]
fn engagements_end_in_one_way_each_and_a_moving_vehicle_is_not_reached_sooner_than_light() {
    let ran = Ran::of(field_world(1, Box::new(Threshold::default())));
    let ended = &ran.summary["workloads"]["missions"]["engagements"];
    let ends: u64 = ended["ended"].as_object().unwrap().values().map(|own| own.as_u64().unwrap()).sum();
    let rows = numbers(
        &ran,
        "engagements",
        &[
            "reach_s",
            "home_x_m",
            "home_y_m",
            "arrival_x_m",
            "arrival_y_m",
            "arming_s",
            "take_off_s",
            "energy_j",
            "gained_s",
        ],
    );
    assert_eq!((ended["count"].as_u64().unwrap(), ends), (rows.len() as u64, rows.len() as u64));
    assert!(!rows.is_empty());
    let radius_m = copter().follow.station_radius_m;
    for row in rows.iter().filter(|row| !row[0].is_nan()) {
        // Faster than straight to where the vehicle was on arrival it cannot be.
        let distance_m = (row[1] - row[3]).hypot(row[2] - row[4]) - radius_m;
        let least_s = row[5] + row[6] + distance_m.max(0.0) / copter().kinematics.speed_m_per_s;
        assert!(row[0] >= least_s, "{row:?}: {least_s}");
        assert!(row[7] > 0.0 && row[8] >= 0.0);
    }
}

#[test]
fn a_survey_goes_on_where_it_left_after_its_battery_was_swapped() {
    let mut world = world(4000.0);
    edge(&mut world);
    // A battery for some four minutes: less than the half of a part takes.
    let drones = vehicles(&mut world, "drone", copter(), Some(60_000.0), &[(0.0, 0.0), (10.0, 0.0)]);
    let field = Polygon::new(vec![[0.0, 0.0], [200.0, 0.0], [200.0, 100.0], [0.0, 100.0]]).unwrap();
    let coverage = Coverage::new(&field, 10.0, None).unwrap();
    let ways = drones.iter().zip(coverage.divided(2));
    let ways = ways.map(|(&drone, lines)| (drone, Way::along(&lines, 20.0, None))).collect();
    let patrol = PatrolPlan {
        kind: PatrolKind::Survey,
        ways,
        height_m: 20.0,
        area_m2: field.area_m2(),
        width_m: 10.0,
        field: Some(ScannedField { width_m: 10.0, ..uniform(0.9, 0.0) }),
        service: Service::Swap { time_s: 30.0 },
        end: WayEnd::Return,
    };
    let plan = mission("survey", MissionKind::Patrol(patrol));
    world.workload(MissionWorkload::new("missions", vec![plan], Vec::new()));
    let ran = Ran::of(world);
    let columns = ["outcome", "covered_m2", "planned_m", "sorties"];
    let rows = ran.table("missions", &columns);
    let parts: Vec<&str> = rows[0].split(' ').collect();
    assert_eq!(parts[0], "done", "{rows:?}");
    let numbers: Vec<f64> = parts[1..].iter().map(|part| part.parse().unwrap()).collect();
    // All of it, once, whatever the number of sorties.
    assert!((numbers[0] - 20_000.0).abs() < 1e-6 * 20_000.0, "{rows:?}");
    assert!((numbers[1] - 2000.0).abs() < 1e-6, "{rows:?}");
    assert!(numbers[2] > 2.0, "{rows:?}");
}

#[test]
fn a_relay_keeps_between_a_vehicle_and_a_node_and_passes_messages_on() {
    let mut world = world(300.0);
    let edge = edge(&mut world);
    let rover =
        vehicles(&mut world, "rover", vehicle_preset("rover_4_7").unwrap(), None, &[(50.0, 0.0)])[0];
    let drone = vehicles(&mut world, "drone", copter(), Some(PACK_J), &[(0.0, 10.0)])[0];
    let route = PatrolPlan {
        kind: PatrolKind::Route,
        ways: vec![(rover, Way::of(vec![Waypoint::at(Position::ground(200.0, 0.0))]))],
        height_m: 1.0,
        area_m2: 0.0,
        width_m: 0.0,
        field: None,
        service: Service::None,
        end: WayEnd::Stay,
    };
    let relay = RelayPlan {
        drone,
        vehicle: rover,
        sink: edge,
        height_m: 20.0,
        share: 0.5,
        period_s: 5.0,
        tolerance_m: 5.0,
        until: Some(SimTime::from_secs(200.0)),
        service: Service::None,
    };
    let stream = StreamPlan {
        name: "camera".into(),
        source: rover,
        relay: Some(drone),
        frame_rate_hz: 1.0,
        sizes: FrameSizes::constant(1e5),
        frames_per_message: 1,
        processing: Processing::Node(edge),
        frame_mi: 0.0,
        deadline_s: None,
        queue_limit: 2,
        queue_rule: QueueRule::DropNewest,
        during: StreamTime::Always,
    };
    let plans =
        vec![mission("drive", MissionKind::Patrol(route)), mission("relay", MissionKind::Relay(relay))];
    world.workload(MissionWorkload::new("missions", plans, vec![stream]));
    let ran = Ran::of(world);
    let outcomes = ran.table("missions", &["mission", "outcome"]);
    assert_eq!(outcomes, ["drive done", "relay done"]);
    // Two transfers for each message that is worked off.
    let frames = &ran.summary["workloads"]["missions"]["frames"]["ended"];
    let done = frames["done"].as_u64().unwrap();
    let hops = ran.table("transfers", &["from", "to"]);
    let second = hops.iter().filter(|row| *row == "drone edge").count() as u64;
    assert!(done > 290 && second == done, "{frames} {second}");
    let station_s = numbers(&ran, "missions", &["station_s"])[1][0];
    assert!(station_s > 20.0 && station_s < 200.0, "{station_s}");
}
