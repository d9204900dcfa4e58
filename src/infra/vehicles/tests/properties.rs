//! What must hold whatever vehicles are told, in any wind, with any faults and batteries.

use super::*;
use crate::engine::SimDuration;
use proptest::prelude::*;

fn any_command() -> impl Strategy<Value = VehicleCommand> {
    let place = (-300.0..300.0f64, -300.0..300.0f64, 0.0..80.0f64);
    let waypoint = (place, prop_oneof![Just(0.0), 0.0..20.0f64], proptest::option::of(0.5..20.0f64))
        .prop_map(|((x_m, y_m, z_m), hold_s, speed_m_per_s)| Waypoint {
            place: Position { x_m, y_m, z_m },
            hold_s,
            speed_m_per_s,
        });
    prop_oneof![
        2 => (1.0..60.0f64).prop_map(|altitude_m| VehicleCommand::TakeOff { altitude_m }),
        4 => proptest::collection::vec(waypoint, 1..6).prop_map(VehicleCommand::Route),
        1 => Just(VehicleCommand::Loiter),
        2 => (0..3u32, -20.0..20.0f64, 0.0..20.0f64).prop_map(|(target, east, up)| {
            VehicleCommand::Follow { target: NodeId(target), offset_m: [east, 3.0, up] }
        }),
        1 => Just(VehicleCommand::ReturnToLaunch),
        1 => Just(VehicleCommand::Land),
    ]
}

/// What legs keep of the limits, sampled.
fn check_legs(kernel: &Kernel<Field>, spec: &VehicleSpec) -> Result<(), TestCaseError> {
    let own = &spec.kinematics;
    let gain = own.speed_gain.iter().map(|(_, gain)| *gain).fold(1.0, f64::max);
    let fastest = own.speed_m_per_s.max(spec.return_home.speed_m_per_s) * gain;
    let vertical = own.climb_m_per_s.max(own.descent_m_per_s).max(spec.landing.fast_m_per_s);
    for (leg, left) in kernel.model.legs.iter().flatten() {
        let [x, y, z] = leg.direction();
        let end = (*left).min(leg.arrive);
        let seconds = end.since(leg.depart).as_secs();
        for step in 0..=8 {
            let at = leg.depart + SimDuration::from_secs(seconds * f64::from(step) / 8.0);
            let (speed, acceleration) = (leg.speed_at(at), leg.acceleration_at(at));
            prop_assert!(speed * x.hypot(y) <= fastest * (1.0 + 1e-6), "{speed} {leg:?}");
            prop_assert!(
                speed * z <= vertical * (1.0 + 1e-6) && -speed * z <= vertical * (1.0 + 1e-6),
                "{leg:?}"
            );
            let across = acceleration.abs() * x.hypot(y);
            prop_assert!(
                across <= own.acceleration_m_per_s2 * (1.0 + 1e-3) + 1e-3,
                "{acceleration} {leg:?}"
            );
            let up = (acceleration * z).abs();
            let most = own.climb_acceleration_m_per_s2.max(own.acceleration_m_per_s2);
            prop_assert!(up <= most * (1.0 + 1e-3) + 1e-3, "{acceleration} {leg:?}");
            prop_assert!(leg.position(at).z_m >= -1e-9);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn limits_batteries_and_flights_hold(
        preset in prop_oneof![
            Just("arducopter_3_5_7"), Just("arducopter_4_5"), Just("rover_4_0"), Just("rover_4_7"), Just("tractor"),
        ],
        commands in proptest::collection::vec((0..3u32, 0.0..90.0f64, any_command()), 1..40),
        battery in prop_oneof![Just(None), (5e3..2e5f64).prop_map(Some)],
        wind in (0.0..9.0f64, 0.0..360.0f64, proptest::bool::ANY),
        fault in proptest::option::of((0..3u32, 1.0..900.0f64)),
        lands in proptest::bool::ANY,
        guarded in proptest::bool::ANY,
    ) {
        let mut setup = setup(preset);
        setup.count = 3;
        setup.battery_j = battery;
        setup.spec.reserve.enabled = guarded;
        setup.spec.on_fault = if lands { FaultPolicy::Land } else { FaultPolicy::Fall };
        let gusts = wind.2.then_some(GustSpec {
            deviation_m_per_s: 1.5, correlation_s: 10.0, interval: SimDuration::from_secs(5.0),
        });
        setup.wind = WindSpec {
            speed_m_per_s: wind.0, from_deg: wind.1, reference_height_m: 10.0, exponent: 0.14, gusts,
        };
        setup.faults = fault.map(|(node, at)| (node, vec![at, at + 60.0])).into_iter().collect();
        let spec = setup.spec.clone();
        let mut kernel = setup.build();
        let mut at_s = 0.0;
        for (node, wait_s, what) in &commands {
            at_s += wait_s;
            kernel.run_until(SimTime::from_secs(at_s));
            kernel.model.listen(kernel.now());
            let _ = attempt(&mut kernel, *node, what);
        }
        // The last motors have started by then.
        at_s += 10.0;
        kernel.run_until(SimTime::from_secs(at_s));
        kernel.model.listen(kernel.now());
        for node in 0..3 {
            // Whoever can, comes down.
            let _ = attempt(&mut kernel, node, &VehicleCommand::ReturnToLaunch);
        }
        let end = SimTime::from_secs(at_s + 3600.0);
        kernel.run_until(end);
        kernel.model.listen(end);
        check_legs(&kernel, &spec)?;
        for node in (0..3).map(NodeId) {
            let infrastructure = &kernel.model.infrastructure;
            let meter_j = infrastructure.meter(node).energy_j(end);
            let motion_j = infrastructure.motion_energy_j(node, end);
            prop_assert!((meter_j - motion_j).abs() <= 1e-6 * (1.0 + meter_j), "{meter_j} {motion_j}");
            if let (Some(capacity_j), Some(own)) = (battery, infrastructure.battery(node)) {
                let level_j = own.level_j(end);
                prop_assert!(level_j >= 0.0);
                let spent_j = capacity_j - level_j;
                prop_assert!((spent_j - meter_j).abs() <= 1e-6 * (1.0 + spent_j), "{spent_j} {meter_j}");
            }
            // With a reserve, nothing falls for want of energy in a steady wind.
            let is_empty = VehicleEvent::Lost(LossReason::BatteryEmpty);
            let fell = kernel.model.told.iter().any(|(_, who, what)| *who == node && *what == is_empty);
            prop_assert!(!(fell && guarded && !wind.2), "it fell");
            // Who has taken off is down again, and it was told how; phases tile the time.
            let armed = kernel.model.told.iter().filter(|(_, who, what)| *who == node && *what == VehicleEvent::Armed);
            let ended = kernel.model.told.iter().filter(|(_, who, what)| {
                *who == node && matches!(what, VehicleEvent::Disarmed | VehicleEvent::Lost(_))
            });
            let (armed, ended) = (armed.count(), ended.count());
            let view = infrastructure.vehicle(node).unwrap();
            prop_assert!(!view.is_airborne(), "{:?}", view.phase());
            prop_assert_eq!(armed, ended + usize::from(view.is_armed()));
            prop_assert!(spec.kind == VehicleKind::Rover || armed == ended);
            if let Some(ended) = kernel.model.told.iter().rev().find(|(_, who, what)| {
                *who == node && matches!(what, VehicleEvent::Disarmed | VehicleEvent::Lost(_))
            }) && !view.is_armed() {
                let total: f64 = view.phase_s(end).iter().sum();
                prop_assert!((total - (ended.0 - view.flight().armed_at.as_secs())).abs() < 1e-6);
            }
        }
    }
}
