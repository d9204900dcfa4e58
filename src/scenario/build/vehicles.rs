//! Vehicles, the wind and telemetry.

use super::super::diagnostic::unknown;
use super::super::format::{
    CornersName, HomesSpec, PointSpec, PropulsionModelSpec, PropulsionSpec, TelemetrySampleSpec,
    VehicleFaultName, VehicleKindName, VehicleSpecification, WindSpecification,
};
use super::maps::place;
use super::{NodeDirectory, Site};
use crate::energy::{
    BatteryModel, MeasuredPower, MomentumPower, Propulsion, RollingPower, battery_packs,
    propulsion_preset, propulsion_presets,
};
use crate::engine::{Distribution, SimDuration};
use crate::infra::vehicles::{
    Corners, FaultPolicy, GustSpec, PackSpec, VehicleKind, VehiclePreset, VehicleSpec, WindSpec,
    vehicle_presets,
};
use crate::infra::{BatterySpec, InfraBuilder, NodeClass, NodeId};
use crate::world::TelemetrySampling;
use std::sync::Arc;

/// What `pack` is called if there is to be none, and propulsion that takes nothing from it.
const NO_PACK: &str = "none";
const FUEL: &str = "fuel";

const DENSITY_KG_PER_M3: f64 = 1.225;

fn preset(spec: &VehicleSpecification, site: &Site<'_>) -> Option<&'static VehiclePreset> {
    let usual = match spec.kind {
        Some(VehicleKindName::Rover) => "rover_4_7",
        _ => "arducopter_4_5",
    };
    let name = spec.preset.as_deref().unwrap_or(usual);
    let Some(found) = vehicle_presets().iter().find(|preset| preset.name == name) else {
        let known: Vec<&str> = vehicle_presets().iter().map(|preset| preset.name).collect();
        site.key("preset").error(unknown("vehicle preset", name, &known, "presets"));
        return None;
    };
    let kind = match found.kind {
        VehicleKind::Multicopter => VehicleKindName::Multicopter,
        VehicleKind::Rover => VehicleKindName::Rover,
    };
    if spec.kind.is_some_and(|own| own != kind) {
        let article = if kind == VehicleKindName::Rover { "rover" } else { "multicopter" };
        site.key("kind").error_with_help(
            format!("the preset {name:?} is of the kind {article:?}"),
            "leave out `kind`, or choose another preset",
        );
        return None;
    }
    Some(found)
}

fn propulsion(
    spec: &PropulsionSpec,
    payload_kg: f64,
    is_rover: bool,
    site: &Site<'_>,
) -> Option<Arc<dyn Propulsion>> {
    let model = match spec {
        PropulsionSpec::Preset(name) => {
            let Some(found) = propulsion_preset(name) else {
                let known: Vec<&str> = propulsion_presets().iter().map(|preset| preset.name).collect();
                site.error(unknown("propulsion preset", name, &known, "presets"));
                return None;
            };
            return Some(found.with_payload(payload_kg));
        }
        PropulsionSpec::Model(model) => model,
    };
    if payload_kg > 0.0 && matches!(model, PropulsionModelSpec::Measured { .. }) {
        site.error_with_help(
            "measured power knows no mass, so that a payload with a mass cannot be told",
            "leave out `payload.mass_kg`, or choose a preset or another kind",
        );
    }
    Some(match model {
        PropulsionModelSpec::Measured {
            cruise_w,
            accelerating_w,
            climb_w_per_m_per_s,
            descent_w_per_m_per_s,
            least_w,
            armed_w,
        } => Arc::new(MeasuredPower {
            cruise_w: cruise_w.clone(),
            accelerating_w: accelerating_w.clone(),
            accelerating_at_m_per_s2: 1.0,
            climb_w_per_m_per_s: *climb_w_per_m_per_s,
            descent_w_per_m_per_s: *descent_w_per_m_per_s,
            least_w: *least_w,
            armed_w: *armed_w,
            over_ground: is_rover,
        }),
        PropulsionModelSpec::Momentum { mass_kg, disc_m2, efficiency, drag_area_m2, armed_w } => {
            above_zero(efficiency.as_fraction(), &site.key("efficiency"))?;
            Arc::new(MomentumPower {
                mass_kg: mass_kg + payload_kg,
                air_kg_per_m3: DENSITY_KG_PER_M3,
                disc_m2: *disc_m2,
                efficiency: efficiency.as_fraction(),
                drag_area_m2: *drag_area_m2,
                armed_w: *armed_w,
            })
        }
        PropulsionModelSpec::Rolling { mass_kg, rolling_resistance, drag_area_m2, efficiency, idle } => {
            above_zero(efficiency.as_fraction(), &site.key("efficiency"))?;
            Arc::new(RollingPower {
                mass_kg: mass_kg + payload_kg,
                rolling_resistance: *rolling_resistance,
                drag_area_m2: *drag_area_m2,
                efficiency: efficiency.as_fraction(),
                idle_w: idle.as_watts(),
            })
        }
    })
}

/// The value, if it is above zero.
fn above_zero(value: f64, site: &Site<'_>) -> Option<f64> {
    if value > 0.0 && value.is_finite() {
        return Some(value);
    }
    site.error(format!("{value} must be above 0"));
    None
}

/// Makes a class one of vehicles, with the battery of its pack unless it has one.
pub(super) fn make_vehicle(
    class: &mut NodeClass,
    spec: &VehicleSpecification,
    directory: &NodeDirectory,
    site: &Site<'_>,
) {
    let Some(found) = preset(spec, site) else { return };
    let mut own = found.spec();
    let is_rover = own.kind == VehicleKind::Rover;
    if let Some(power) = match &spec.propulsion {
        Some(power) => propulsion(power, spec.payload.mass_kg, is_rover, &site.key("propulsion")),
        None => {
            propulsion_preset(found.propulsion).map(|preset| preset.with_payload(spec.payload.mass_kg))
        }
    } {
        own.propulsion = power;
    }
    own.payload_w = spec.payload.power.as_watts();
    kinematics(&mut own, spec, site);
    ways(&mut own, spec, site);
    own.homes = homes(spec.home.as_ref(), class.count, directory, &site.key("home"));
    battery(class, &mut own, spec, found.propulsion, site);
    class.vehicle = Some(own);
}

fn kinematics(own: &mut VehicleSpec, spec: &VehicleSpecification, site: &Site<'_>) {
    let limits = &mut own.kinematics;
    let speeds = [
        ("speed", spec.speed, &mut limits.speed_m_per_s),
        ("climb", spec.climb, &mut limits.climb_m_per_s),
        ("descent", spec.descent, &mut limits.descent_m_per_s),
        ("airspeed_limit", spec.airspeed_limit, &mut limits.airspeed_limit_m_per_s),
    ];
    for (key, given, value) in speeds {
        if let Some(given) = given
            && let Some(good) = above_zero(given.as_metres_per_second(), &site.key(key))
        {
            *value = good;
        }
    }
    if spec.speed.is_some() {
        own.return_home.speed_m_per_s = limits.speed_m_per_s;
    }
    limits.acceleration_m_per_s2 = spec.acceleration_m_per_s2.unwrap_or(limits.acceleration_m_per_s2);
    limits.climb_acceleration_m_per_s2 =
        spec.climb_acceleration_m_per_s2.unwrap_or(limits.climb_acceleration_m_per_s2);
    match spec.jerk_m_per_s3 {
        Some(jerk) if jerk > 0.0 => limits.jerk_m_per_s3 = jerk,
        Some(_) => limits.jerk_m_per_s3 = f64::INFINITY,
        None => {}
    }
    if let Some(radius) = spec.waypoint_radius {
        limits.accept_radius_m = radius.as_metres();
    }
    match spec.corners {
        Some(CornersName::Stop) => limits.corners = Corners::Stop,
        Some(CornersName::ByAngle) => limits.corners = Corners::ByAngle,
        None => {}
    }
}

/// How it returns, follows and keeps its reserve.
fn ways(own: &mut VehicleSpec, spec: &VehicleSpecification, site: &Site<'_>) {
    let (back, given) = (&mut own.return_home, &spec.return_home);
    if let Some(altitude) = given.altitude {
        back.altitude_m = altitude.as_metres();
    }
    back.cone_slope = given.cone_slope.unwrap_or(back.cone_slope);
    if let Some(speed) = given.speed
        && let Some(good) = above_zero(speed.as_metres_per_second(), &site.key("return").key("speed"))
    {
        back.speed_m_per_s = good;
    }
    if let Some(hover) = given.hover {
        back.hover_s = hover.as_secs();
    }
    let (follow, given, here) = (&mut own.follow, &spec.follow, site.key("follow"));
    follow.gain_per_s = given.gain_per_s.unwrap_or(follow.gain_per_s);
    let lengths = [
        ("radius", given.radius, &mut follow.station_radius_m),
        ("distance_limit", given.distance_limit, &mut follow.distance_limit_m),
    ];
    for (key, given, value) in lengths {
        if let Some(given) = given
            && let Some(good) = above_zero(given.as_metres(), &here.key(key))
        {
            *value = good;
        }
    }
    if let Some(interval) = given.interval
        && let Some(good) = above_zero(interval.as_secs(), &here.key("interval"))
    {
        follow.interval_s = good;
    }
    if let Some(timeout) = given.timeout {
        follow.timeout_s = timeout.as_secs();
    }
    let (reserve, given) = (&mut own.reserve, &spec.reserve);
    reserve.enabled = given.enabled.unwrap_or(reserve.enabled);
    reserve.home_share = given.home.map_or(reserve.home_share, |share| share.as_fraction());
    reserve.landing_share = given.landing.map_or(reserve.landing_share, |share| share.as_fraction());
    match spec.on_fault {
        Some(VehicleFaultName::Fall) => own.on_fault = FaultPolicy::Fall,
        Some(VehicleFaultName::Land) => own.on_fault = FaultPolicy::Land,
        None => {}
    }
}

fn homes(
    spec: Option<&HomesSpec>,
    count: u32,
    directory: &NodeDirectory,
    site: &Site<'_>,
) -> Vec<crate::infra::Position> {
    let at = |point: &PointSpec, here: &Site<'_>| place(point, directory, here);
    match spec {
        None => Vec::new(),
        Some(HomesSpec::One(point)) => {
            at(point, site).map_or(Vec::new(), |home| vec![home; count as usize])
        }
        Some(HomesSpec::Several(points)) => {
            if points.len() != count as usize {
                site.error(format!("{} homes are given for {count} vehicles", points.len()));
            }
            (0..).zip(points).filter_map(|(index, point)| at(point, &site.index(index))).collect()
        }
    }
}

/// The battery of the class: its own, that of `pack`, or else that of the preset.
fn battery(
    class: &mut NodeClass,
    own: &mut VehicleSpec,
    spec: &VehicleSpecification,
    usual_propulsion: &str,
    site: &Site<'_>,
) {
    let takes_none = match &spec.propulsion {
        Some(PropulsionSpec::Preset(name)) => name == FUEL,
        Some(PropulsionSpec::Model(_)) => false,
        None => usual_propulsion == FUEL,
    };
    let name = match &spec.pack {
        Some(name) if name == NO_PACK => {
            own.pack = own.pack.filter(|_| class.battery.is_some());
            return;
        }
        Some(name) => name,
        None => {
            match &class.battery {
                // What telemetry tells of a battery that has no name: that of so many such cells.
                Some(battery) => own.pack = own.pack.map(|pack| of_energy(pack, battery)),
                None if takes_none => own.pack = None,
                None => class.battery = own.pack.and_then(|pack| full(nominal_j(&pack))),
            }
            return;
        }
    };
    let Some(pack) = battery_packs().iter().find(|pack| pack.name == name) else {
        let known: Vec<&str> = battery_packs().iter().map(|pack| pack.name).collect();
        site.key("pack").error(unknown("battery pack", name, &known, "packs"));
        return;
    };
    own.pack = Some(PackSpec {
        cells: pack.cells,
        capacity_mah: pack.capacity_mah,
        full_v: pack.full_v(),
        resistance_ohm: pack.resistance_ohm,
    });
    match &class.battery {
        None => class.battery = full(pack.capacity_j()),
        Some(battery) => {
            let (own_j, pack_j) = (battery.model.capacity_j, pack.capacity_j());
            if (own_j - pack_j).abs() > 0.01 * pack_j {
                site.key("pack").error_with_help(
                    format!("{name:?} holds {pack_j:.0} J, but the `battery` of the class {own_j:.0} J"),
                    "leave out one of the two",
                );
            }
        }
    }
}

/// A full battery of so many joules.
fn full(capacity_j: f64) -> Option<BatterySpec> {
    let full = Distribution::constant(1.0).ok()?;
    Some(BatterySpec::new(BatteryModel::ideal(capacity_j), full))
}

/// Nominal volts of a lithium cell.
const CELL_V: f64 = 3.7;

/// Joules of a pack at its nominal voltage.
fn nominal_j(pack: &PackSpec) -> f64 {
    3.6 * pack.capacity_mah * CELL_V * f64::from(pack.cells)
}

/// The pack with the charge that makes up the energy of a battery.
fn of_energy(pack: PackSpec, battery: &BatterySpec) -> PackSpec {
    let capacity_mah = battery.model.capacity_j / (3.6 * CELL_V * f64::from(pack.cells));
    PackSpec { capacity_mah, ..pack }
}

/// The wind, checked.
pub(super) fn add_wind(builder: &mut InfraBuilder, spec: &WindSpecification, site: &Site<'_>) {
    if spec.exponent > 0.0 {
        above_zero(spec.reference_height.as_metres(), &site.key("reference_height"));
    }
    let gusts = spec.gusts.as_ref().and_then(|gusts| {
        let here = site.key("gusts");
        above_zero(gusts.correlation.as_secs(), &here.key("correlation"))?;
        let interval_s = above_zero(gusts.interval.as_secs(), &here.key("interval"))?;
        Some(GustSpec {
            deviation_m_per_s: gusts.deviation.as_metres_per_second(),
            correlation_s: gusts.correlation.as_secs(),
            interval: SimDuration::from_secs(interval_s),
        })
    });
    builder.wind(WindSpec {
        speed_m_per_s: spec.speed.as_metres_per_second(),
        from_deg: spec.from_deg,
        reference_height_m: spec.reference_height.as_metres(),
        exponent: spec.exponent,
        gusts,
    });
}

/// What telemetry is sampled of.
pub(super) fn telemetry(
    spec: &TelemetrySampleSpec,
    builder: &InfraBuilder,
    directory: &NodeDirectory,
    site: &Site<'_>,
) -> Option<TelemetrySampling> {
    let interval_s = above_zero(spec.interval.as_secs(), &site.key("interval"))?;
    let is_vehicle =
        |node: &NodeId| builder.class_of(*node).is_some_and(|class| class.vehicle.is_some());
    let vehicles: Vec<NodeId> = match &spec.vehicles {
        Some(names) => {
            let here = site.key("vehicles");
            let named = directory.nodes(names, &here)?;
            if let Some(other) = named.iter().find(|node| !is_vehicle(node)) {
                here.error_with_help(
                    format!("{:?} is not a vehicle", directory.name(*other)),
                    "name classes that have the key `vehicle`",
                );
            }
            named
        }
        None => (0..directory.len() as u32).map(NodeId).filter(is_vehicle).collect(),
    };
    if vehicles.is_empty() {
        site.error_with_help("there are no vehicles", "give a node class the key `vehicle`");
        return None;
    }
    Some(TelemetrySampling { interval: SimDuration::from_secs(interval_s), vehicles })
}
