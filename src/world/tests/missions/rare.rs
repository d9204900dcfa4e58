//! What happens seldom: recalls before a drone is up, empty and lost drones, missions of several workloads.

use super::*;
use crate::apps::missions::EngagementDecision;
use crate::placement::engagement::EngagementView;

/// A rover that stands, and a relay for it from the start to a time.
fn relay_until(seconds: f64) -> WorldBuilder {
    let mut world = world(600.0);
    let edge = edge(&mut world);
    let rover = vehicle_preset("rover_4_7").unwrap();
    let rover = vehicles(&mut world, "rover", rover, None, &[(50.0, 0.0)])[0];
    let drone = vehicles(&mut world, "drone", copter(), Some(PACK_J), &[(0.0, 10.0)])[0];
    let relay = RelayPlan {
        drone,
        vehicle: rover,
        sink: edge,
        height_m: 20.0,
        share: 0.5,
        period_s: 5.0,
        tolerance_m: 5.0,
        until: Some(SimTime::from_secs(seconds)),
        service: Service::None,
    };
    let plans = vec![mission("relay", MissionKind::Relay(relay))];
    world.workload(MissionWorkload::new("missions", plans, Vec::new()));
    world
}

#[test]
fn a_drone_that_is_recalled_before_it_is_up_comes_down_at_once() {
    // It takes off 1.6 s after the command.
    let ran = Ran::of(relay_until(1.0));
    assert_eq!(ran.table("missions", &["mission", "outcome"]), ["relay done"]);
    let flights = numbers(&ran, "flights", &["duration_s"]);
    assert!(flights.len() == 1 && flights[0][0] < 60.0, "{flights:?}");
}

/// Sends a drone for a while from the first question on.
#[derive(Debug)]
struct Once {
    until_share: f64,
    is_over: bool,
}

impl EngagementPolicy for Once {
    fn decide(&mut self, view: &mut EngagementView<'_>) -> EngagementDecision {
        let request = view.request();
        match request.engaged {
            None if !self.is_over => view.quickest().map_or(EngagementDecision::Keep, |drone| {
                self.is_over = true;
                EngagementDecision::Engage(drone)
            }),
            Some(drone) if request.drones[drone].battery_share < self.until_share => {
                EngagementDecision::Disengage
            }
            _ => EngagementDecision::Keep,
        }
    }
}

/// A tractor that stands for twenty minutes 300 m from the homes of drones.
fn standing_world(drones: &[(&str, f64, f64)], spec: &VehicleSpec, service: Service) -> WorldBuilder {
    let mut world = world(1400.0);
    edge(&mut world);
    let vehicle = vehicles(&mut world, "tractor", tractor(), None, &[(300.0, 0.0)])[0];
    let mut helpers = Vec::new();
    for &(name, x_m, level) in drones {
        let mut class = NodeClass::new(name, Tier::Device, 1);
        class.vehicle = Some(spec.clone());
        let level = Distribution::constant(level).unwrap();
        class.battery = Some(BatterySpec::new(BatteryModel::ideal(PACK_J), level));
        let class = world.class(class, Static::at(vec![Position::ground(x_m, 5.0)]).unwrap());
        helpers.extend(world.nodes_of(class));
    }
    let mut own = plan(vehicle, standing((300.0, 0.0), 1200.0), uniform(0.2, 0.8), helpers);
    own.service = service;
    world.workload(MissionWorkload::new("missions", vec![agriculture(own)], Vec::new()));
    world
}

fn far_copter() -> VehicleSpec {
    let mut spec = copter();
    spec.follow.distance_limit_m = 1000.0;
    spec
}

#[test]
fn an_empty_drone_does_not_stand_in_the_way_of_a_full_one() {
    let drones = [("near", 280.0, 0.02), ("full", 0.0, 1.0)];
    let mut world = standing_world(&drones, &far_copter(), Service::None);
    world.mission_engagement("always", Always {});
    let ran = Ran::of(world);
    let rows = ran.table("engagements", &["drone", "ended"]);
    assert!(!rows.is_empty() && rows.iter().all(|row| row.starts_with("full ")), "{rows:?}");
    assert!(rows.iter().all(|row| !row.ends_with("refused")), "{rows:?}");
}

#[test]
fn a_drone_that_is_lost_on_its_way_back_is_lost() {
    let mut spec = far_copter();
    spec.reserve.enabled = false;
    let mut world = standing_world(&[("drone", 0.0, 1.0)], &spec, Service::None);
    // About half of what the way home takes.
    world.boxed_mission_engagement("once", Box::new(Once { until_share: 0.04, is_over: false }));
    let ran = Ran::of(world);
    let rows = ran.table("engagements", &["ended", "back_s", "back_j"]);
    let parts: Vec<&str> = rows[0].split(' ').collect();
    assert_eq!((rows.len(), parts[0]), (1, "lost"), "{rows:?}");
    assert!(parts[1..].iter().all(|part| part.parse::<f64>().is_err()), "{rows:?}");
}

/// Two workloads, each with a tractor, a drone and a field of its own, or only one of them.
fn of_two(seed: u64, only: Option<usize>) -> [Option<serde_json::Value>; 2] {
    let mut world = WorldBuilder::new(seed, crate::engine::SimDuration::from_secs(2000.0));
    edge(&mut world);
    for (number, name) in ["one", "two"].into_iter().enumerate() {
        let [east_m, mean] = [[0.0, 0.8], [600.0, 0.4]][number];
        let tractor =
            vehicles(&mut world, &format!("tractor-{name}"), tractor(), None, &[(east_m, 0.0)]);
        let home = [(east_m - 50.0, -30.0)];
        let drone = vehicles(&mut world, &format!("drone-{name}"), far_copter(), Some(PACK_J), &home);
        let mut random = RandomStreams::new(seed).stream(name);
        let own = DetectionMap::smooth(mean, 0.3, 40.0, &mut random).unwrap();
        let field = ScannedField { own, ..uniform(0.5, 0.8) };
        let way = [0.0, 8.0, 16.0]
            .map(|y_m| [east_m, east_m + 100.0].map(|x_m| Waypoint::at(Position::ground(x_m, y_m))));
        let way = Way::of(way.into_iter().flatten().collect());
        let plan = plan(tractor[0], way, field, drone);
        if only.is_none_or(|only| only == number) {
            world.workload(MissionWorkload::new(name, vec![agriculture(plan)], Vec::new()));
        }
    }
    world.boxed_mission_engagement("oracle", Box::new(Oracle::default()));
    let workloads = &Ran::of(world).summary["workloads"];
    let of = |name: &str| workloads.get(name).map(|own| own["engagements"].clone());
    ["one", "two"].map(of)
}

#[test]
fn missions_of_two_workloads_are_planned_apart() {
    let both = of_two(3, None);
    assert!(both.iter().flatten().any(|own| own["count"] != 0), "{both:?}");
    for (number, own) in both.iter().enumerate() {
        assert_eq!(*own, of_two(3, Some(number))[number]);
    }
}
