//! Does it pay to engage a drone? A tractor scans and sprays a field on which its camera sees weeds well here and badly
//! there; a drone at the edge of the field helps it where it sees them badly. Printed are, for three policies, the share of
//! weeds that were missed, how often the drone came, how long each time from the decision on, and its energy.

use std::error::Error;
use stratosim::apps::missions::{
    AgriculturePlan, Coverage, DetectionMap, MissionKind, MissionPlan, MissionWorkload, Objective,
    Polygon, ScannedField, Service, Way, WayEnd,
};
use stratosim::energy::BatteryModel;
use stratosim::infra::vehicles::vehicle_preset;
use stratosim::placement::engagement::{Always, EngagementPolicy, Never, Threshold};
use stratosim::prelude::*;

fn run(name: &str, policy: Box<dyn EngagementPolicy>) -> Result<(), Box<dyn Error>> {
    let mut world = WorldBuilder::new(7, SimDuration::from_secs(1800.0));
    let vehicle = |name: &str, preset| NodeClass {
        vehicle: vehicle_preset(preset),
        ..NodeClass::new(name, Tier::Device, 1)
    };
    let at = |x_m, y_m| Static::at(vec![Position::ground(x_m, y_m)]);
    let tractor = world.class(vehicle("tractor", "tractor"), at(0.0, 0.0)?);
    let battery = Some(BatterySpec::new(BatteryModel::ideal(203.8e3), Distribution::constant(1.0)?));
    let class = NodeClass { battery, ..vehicle("drone", "arducopter_4_5") };
    let drone = world.class(class, at(-30.0, 60.0)?);
    let first = |class| world.nodes_of(class).next().ok_or("an empty class");
    let (tractor, drone) = (first(tractor)?, first(drone)?);
    let field = Polygon::new(vec![[0.0, 0.0], [200.0, 0.0], [200.0, 120.0], [0.0, 120.0]])?;
    let coverage = Coverage::new(&field, 12.0, None)?;
    let mut random = RandomStreams::new(7).stream("field");
    let scanned = ScannedField {
        width_m: 12.0,
        density_per_m2: 0.05,
        own: DetectionMap::smooth(0.75, 0.2, 60.0, &mut random)?,
        helper: DetectionMap::uniform(0.9)?,
    };
    let plan = AgriculturePlan {
        vehicle: tractor,
        way: Way::along(&coverage.lines, 0.0, None),
        area_m2: field.area_m2(),
        field: scanned,
        end: WayEnd::Return,
        period_s: 5.0,
        noise: 0.02,
        spray_l: 0.005,
        drones: vec![drone],
        height_m: 15.0,
        offset_m: [0.0, 0.0, 15.0],
        helper: 0.9,
        service: Service::Swap { time_s: 120.0 },
        objective: Objective::default(),
    };
    let kind = MissionKind::Agriculture(Box::new(plan));
    let plan = MissionPlan { name: "field".into(), start: SimTime::ZERO, kind };
    world.workload(MissionWorkload::new("missions", vec![plan], Vec::new()));
    world.boxed_mission_engagement(name, policy);

    let finished = world.build(Box::new(NoRecords))?.run()?;
    let missions = &finished.summary["workloads"]["missions"];
    let number = |path| missions.pointer(path).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
    let [passed, missed] = ["/weeds/passed", "/weeds/missed"].map(number);
    let [count, overhead_s, energy_j] =
        ["/engagements/count", "/engagements/overhead_s", "/engagements/energy_j"].map(number);
    let (share, each_s, energy_wh) = (missed / passed, overhead_s / count.max(1.0), energy_j / 3600.0);
    println!("{name:10} {share:>8.3} {count:>12} {each_s:>14.1} {energy_wh:>10.1}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("policy       missed  engagements  s to reach it  drone, Wh");
    run("never", Box::new(Never {}))?;
    run("threshold", Box::new(Threshold::default()))?;
    run("always", Box::new(Always {}))
}
