//! Reserves, forced landings, losses, refusals.

use super::*;
use crate::infra::vehicles::{FaultPolicy, LossReason, ReturnReason};

fn told(kernel: &Kernel<Field>, event: VehicleEvent) -> Option<f64> {
    kernel.model.told.iter().find(|(_, _, what)| *what == event).map(|(time_s, ..)| *time_s)
}

#[test]
fn a_drone_returns_when_its_battery_only_just_suffices() {
    let mut setup = setup("arducopter_3_5_7");
    setup.battery_j = Some(60_000.0);
    let mut kernel = aloft(setup, 20.0);
    command(&mut kernel, 0, &route(&[(5000.0, 0.0, 20.0)]));
    let turned = until(&mut kernel, 0, VehicleEvent::Returning(ReturnReason::Reserve));
    // At that instant the battery holds what the way home takes and the reserve.
    let infrastructure = &kernel.model.infrastructure;
    let view = infrastructure.vehicle(NodeId(0)).unwrap();
    let now = SimTime::from_secs(turned);
    let spare_j = view.battery_j(now) - view.energy_home_j(now) - 6000.0;
    assert!(spare_j.abs() < 0.01, "{spare_j}");
    assert_eq!(attempt(&mut kernel, 0, &VehicleCommand::Loiter), Err(VehicleRefusal::Reserve));
    until(&mut kernel, 0, VehicleEvent::Disarmed);
    let level = kernel.model.infrastructure.battery_level(NodeId(0), kernel.now()).unwrap();
    // What it takes to brake is reckoned with, a little too much.
    assert!((0.099..0.12).contains(&level), "{level}");
    assert_eq!(kernel.model.infrastructure.position(NodeId(0), kernel.now()), Position::default());
    let refused = attempt(&mut kernel, 0, &VehicleCommand::TakeOff { altitude_m: 20.0 });
    assert!(matches!(refused, Err(VehicleRefusal::NoEnergy { .. })), "{refused:?}");
}

#[test]
fn a_hovering_drone_returns_in_time() {
    let mut setup = setup("arducopter_4_5");
    setup.battery_j = Some(40_000.0);
    let mut kernel = aloft(setup, 30.0);
    until(&mut kernel, 0, VehicleEvent::Returning(ReturnReason::Reserve));
    until(&mut kernel, 0, VehicleEvent::Disarmed);
    let level = kernel.model.infrastructure.battery_level(NodeId(0), kernel.now()).unwrap();
    assert!((level - 0.1).abs() < 1e-6, "{level}");
}

#[test]
fn a_drone_lands_where_it_is_if_home_is_too_far() {
    let mut setup = setup("arducopter_3_5_7");
    setup.battery_j = Some(100_000.0);
    let mut kernel = aloft(setup, 20.0);
    command(&mut kernel, 0, &route(&[(300.0, 0.0, 20.0)]));
    until(&mut kernel, 0, VehicleEvent::RouteDone);
    // Somebody takes all but 9 kJ.
    kernel.model.infrastructure.set_battery_level(&mut kernel.schedule, NodeId(0), 0.12);
    until(&mut kernel, 0, VehicleEvent::Returning(ReturnReason::Reserve));
    until(&mut kernel, 0, VehicleEvent::Landing { forced: true });
    assert_eq!(attempt(&mut kernel, 0, &VehicleCommand::Land), Err(VehicleRefusal::Reserve));
    until(&mut kernel, 0, VehicleEvent::Landed { forced: true });
    until(&mut kernel, 0, VehicleEvent::Disarmed);
    let infrastructure = &kernel.model.infrastructure;
    let place = infrastructure.position(NodeId(0), kernel.now());
    assert!(place.x_m > 100.0 && place.z_m == 0.0, "{place:?}");
    let level = infrastructure.battery_level(NodeId(0), kernel.now()).unwrap();
    assert!((0.0199..0.03).contains(&level), "{level}");
    let flight = infrastructure.vehicle(NodeId(0)).unwrap().flight();
    assert_eq!(flight.end(), Some(FlightEnd::Forced));
}

#[test]
fn without_a_reserve_it_falls_when_the_battery_is_empty() {
    let mut setup = setup("arducopter_3_5_7");
    setup.battery_j = Some(20_000.0);
    setup.spec.reserve.enabled = false;
    let mut kernel = aloft(setup, 20.0);
    let lost = until(&mut kernel, 0, VehicleEvent::Lost(LossReason::BatteryEmpty));
    let infrastructure = &kernel.model.infrastructure;
    assert_eq!(infrastructure.battery_level(NodeId(0), kernel.now()), Some(0.0));
    assert_eq!(infrastructure.position(NodeId(0), kernel.now()).z_m, 0.0);
    assert!((60.0..120.0).contains(&lost), "{lost}");
    assert_eq!(attempt(&mut kernel, 0, &VehicleCommand::Land), Err(VehicleRefusal::Lost));
}

#[test]
fn a_fault_in_the_air_is_a_loss_or_a_landing() {
    for policy in [FaultPolicy::Fall, FaultPolicy::Land] {
        let mut setup = setup("arducopter_3_5_7");
        setup.spec.on_fault = policy;
        setup.faults = vec![(0, vec![40.0, 50.0])];
        let mut kernel = aloft(setup, 20.0);
        command(&mut kernel, 0, &route(&[(500.0, 0.0, 20.0)]));
        kernel.run_until(SimTime::from_secs(200.0));
        let lost = told(&kernel, VehicleEvent::Lost(LossReason::Fault));
        let landed = told(&kernel, VehicleEvent::Landed { forced: true });
        let node = kernel.model.infrastructure.node(NodeId(0));
        match policy {
            FaultPolicy::Fall => {
                assert_eq!((lost, landed), (Some(40.0), None));
                assert!(!node.is_available());
            }
            FaultPolicy::Land => {
                assert!(lost.is_none() && landed.is_some());
                assert!(node.is_available(), "it was repaired");
                command(&mut kernel, 0, &VehicleCommand::TakeOff { altitude_m: 5.0 });
            }
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let mut setup = setup("arducopter_3_5_7");
    setup.count = 2;
    setup.spec.follow.distance_limit_m = 5.0;
    let mut kernel = setup.build();
    let take_off = |altitude_m| VehicleCommand::TakeOff { altitude_m };
    let refused =
        |kernel: &mut Kernel<Field>, what: &VehicleCommand| attempt(kernel, 0, what).unwrap_err();
    assert_eq!(refused(&mut kernel, &VehicleCommand::Land), VehicleRefusal::NotReady);
    assert!(matches!(refused(&mut kernel, &take_off(-1.0)), VehicleRefusal::Altitude { .. }));
    command(&mut kernel, 0, &take_off(10.0));
    assert_eq!(refused(&mut kernel, &take_off(10.0)), VehicleRefusal::AlreadyReady);
    assert_eq!(refused(&mut kernel, &VehicleCommand::Loiter), VehicleRefusal::NotReady);
    until(&mut kernel, 0, VehicleEvent::TookOff);
    assert_eq!(refused(&mut kernel, &VehicleCommand::Route(Vec::new())), VehicleRefusal::EmptyRoute);
    let below = route(&[(0.0, 0.0, 5.0), (0.0, 0.0, -5.0)]);
    assert_eq!(refused(&mut kernel, &below), VehicleRefusal::Waypoint { index: 1 });
    let follow = |target| VehicleCommand::Follow { target: NodeId(target), offset_m: [0.0; 3] };
    assert_eq!(refused(&mut kernel, &follow(0)), VehicleRefusal::NoSuchTarget);
    assert_eq!(refused(&mut kernel, &follow(9)), VehicleRefusal::NoSuchTarget);
    let far = VehicleRefusal::TargetTooFar { distance_m: 10.0, limit_m: 5.0 };
    assert_eq!(refused(&mut kernel, &follow(1)), far);
    assert_eq!(far.to_string(), "the node to follow is 10 m away, and only 5 m are allowed");
}

#[test]
fn in_a_wind_that_is_as_fast_as_it_flies_it_does_not_take_off() {
    for (wind_m_per_s, flies) in [(11.0, true), (12.0, false)] {
        let mut setup = setup("arducopter_4_5");
        setup.wind = WindSpec { speed_m_per_s: wind_m_per_s, ..setup.wind };
        let mut kernel = setup.build();
        let done = attempt(&mut kernel, 0, &VehicleCommand::TakeOff { altitude_m: 10.0 });
        assert_eq!(done.is_ok(), flies, "{done:?}");
        assert!(flies || matches!(done, Err(VehicleRefusal::Wind { .. })), "{done:?}");
    }
}

#[test]
fn who_lands_is_refused_with_the_reason_of_it() {
    let mut setup = setup("arducopter_4_5");
    setup.spec.on_fault = FaultPolicy::Land;
    setup.faults = vec![(0, vec![30.0, 32.0])];
    let mut kernel = aloft(setup, 20.0);
    kernel.run_until(SimTime::from_secs(34.0));
    assert_eq!(attempt(&mut kernel, 0, &VehicleCommand::Loiter), Err(VehicleRefusal::Faulted));
    let mut kernel = aloft(super::setup("arducopter_4_5"), 20.0);
    command(&mut kernel, 0, &VehicleCommand::Land);
    while height_m(&kernel, kernel.now().as_secs()) > 1.5 {
        kernel.run_until(kernel.now() + crate::engine::SimDuration::from_secs(0.2));
        kernel.model.listen(kernel.now());
    }
    assert_eq!(attempt(&mut kernel, 0, &VehicleCommand::Loiter), Err(VehicleRefusal::TouchingDown));
}
