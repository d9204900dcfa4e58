//! The energy of missions against an integration that shares nothing with the vehicles' own.

use super::*;
use crate::energy::Moving;

/// The integral of a function by Simpson's rule, with intervals halved until they no longer matter.
fn simpson(low: f64, high: f64, value: &dyn Fn(f64) -> f64) -> f64 {
    fn part(
        ends: [f64; 2],
        values: [f64; 3],
        whole: f64,
        depth: u32,
        value: &dyn Fn(f64) -> f64,
    ) -> f64 {
        let [low, high] = ends;
        let middle = f64::midpoint(low, high);
        let (left, right) = (value(f64::midpoint(low, middle)), value(f64::midpoint(middle, high)));
        let [first, centre, last] = values;
        let one = (middle - low) / 6.0 * (first + 4.0 * left + centre);
        let other = (high - middle) / 6.0 * (centre + 4.0 * right + last);
        if depth == 0 || (one + other - whole).abs() < 1e-12 * whole.abs().max(1e-9) {
            return one + other + (one + other - whole) / 15.0;
        }
        part([low, middle], [first, left, centre], one, depth - 1, value)
            + part([middle, high], [centre, right, last], other, depth - 1, value)
    }
    if high <= low {
        return 0.0;
    }
    let values = [value(low), value(f64::midpoint(low, high)), value(high)];
    let whole = (high - low) / 6.0 * (values[0] + 4.0 * values[1] + values[2]);
    part([low, high], values, whole, 30, value)
}

/// Joules of the legs of the vehicle from take-off to touch-down, with the wind at the height of their middles.
fn integrated_j(kernel: &Kernel<Field>, spec: &VehicleSpec, wind: [f64; 2]) -> f64 {
    let legs = kernel.model.legs[0].iter();
    legs.map(|(leg, left)| {
        let [x, y, z] = leg.direction();
        let end = left.min(&leg.arrive).since(leg.depart).as_secs();
        simpson(0.0, end, &|t: f64| {
            let (v, a) = match leg.pace {
                crate::infra::Pace::Cubic { speed_m_per_s, acceleration_m_per_s2, jerk_m_per_s3 } => (
                    speed_m_per_s + acceleration_m_per_s2 * t + jerk_m_per_s3 * t * t / 2.0,
                    acceleration_m_per_s2 + jerk_m_per_s3 * t,
                ),
                crate::infra::Pace::Even => (leg.speed_m_per_s(), 0.0),
            };
            let air = [v * x - wind[0], v * y - wind[1]];
            let moving = Moving {
                airspeed_m_per_s: air[0].hypot(air[1]),
                ground_speed_m_per_s: v * x.hypot(y),
                climb_m_per_s: v * z,
                acceleration_m_per_s2: a * x.hypot(y),
            };
            spec.propulsion.power_w(&moving) + spec.payload_w
        })
    })
    .sum()
}

/// A mission with corners, a change of height, a command in the middle of a leg and a return, by several models, in
/// wind and without.
#[test]
fn the_energy_of_a_mission_is_the_integral_of_its_power() {
    let cases = [
        ("arducopter_3_5_7", "iris", 0.0),
        ("arducopter_4_5", "zeng2019", 0.0),
        ("arducopter_4_5", "iris", 4.0),
        ("arducopter_4_7", "sitl_4_0", 3.0),
    ];
    for (preset, propulsion, wind_m_per_s) in cases {
        let mut setup = setup(preset);
        setup.spec.propulsion = crate::energy::propulsion_preset(propulsion).unwrap().with_payload(0.3);
        setup.spec.payload_w = 12.5;
        setup.spec.return_home.hover_s = 1.0;
        setup.wind = WindSpec {
            speed_m_per_s: wind_m_per_s,
            from_deg: 250.0,
            reference_height_m: 10.0,
            ..setup.wind
        };
        setup.battery_j = Some(1e6);
        let spec = setup.spec.clone();
        let mut kernel = setup.build();
        let wind = kernel.model.infrastructure.wind_m_per_s(20.0);
        command(&mut kernel, 0, &VehicleCommand::TakeOff { altitude_m: 20.0 });
        command_at(&mut kernel, 1.6, None);
        let spooled_j = kernel.model.infrastructure.motion_energy_j(NodeId(0), kernel.now());
        assert!((spooled_j - 1.6 * (spec.propulsion.armed_w() + 12.5)).abs() < 1e-6);
        until(&mut kernel, 0, VehicleEvent::TookOff);
        command(&mut kernel, 0, &route(&[(80.0, 0.0, 20.0), (80.0, 60.0, 35.0), (0.0, 60.0, 35.0)]));
        let cut_s = kernel.now().as_secs() + 17.3;
        command_at(&mut kernel, cut_s, Some(&VehicleCommand::ReturnToLaunch));
        until(&mut kernel, 0, VehicleEvent::Landed { forced: false });
        let end = kernel.now();
        let spool_j = (spec.propulsion.armed_w() + 12.5) * 1.6;
        // Legs on the ground: the stay before and the spool-up are told apart by their height.
        for legs in &mut kernel.model.legs {
            legs.retain(|(leg, _)| leg.from.z_m > 0.0 || leg.to.z_m > 0.0);
        }
        let expected_j = spool_j + integrated_j(&kernel, &spec, wind);
        let own_j = kernel.model.infrastructure.motion_energy_j(NodeId(0), end);
        let relative = (own_j - expected_j).abs() / expected_j;
        assert!(relative < 1e-9, "{preset} {propulsion}: {own_j} and {expected_j}, {relative:e}");
        // All of it, and nothing else, has come out of the battery.
        let battery = kernel.model.infrastructure.battery(NodeId(0)).unwrap();
        let drawn_j = 1e6 - battery.level_j(end);
        assert!((drawn_j - own_j).abs() < 1e-9 * own_j);
        let metered_j = kernel.model.infrastructure.meter(NodeId(0)).energy_j(end);
        assert!((metered_j - own_j).abs() < 1e-9 * own_j);
    }
}

/// Runs up to a time, and gives a command then, if any.
fn command_at(kernel: &mut Kernel<Field>, time_s: f64, what: Option<&VehicleCommand>) {
    kernel.run_until(SimTime::from_secs(time_s));
    if let Some(what) = what {
        command(kernel, 0, what);
    }
}

#[test]
fn a_rover_draws_what_its_model_says() {
    let mut setup = setup("rover_4_0");
    setup.spec.kinematics.speed_m_per_s = 2.0;
    setup.spec.kinematics.speed_gain.clear();
    setup.spec.propulsion = crate::energy::propulsion_preset("field_robot").unwrap().with_payload(0.0);
    let mut kernel = aloft(setup, 1.0);
    command(&mut kernel, 0, &route(&[(0.0, 43.0, 0.0)]));
    let end = until(&mut kernel, 0, VehicleEvent::WaypointReached(0));
    // 10 W all the time, friction of 15.7 N over the 40 m, a drag of 0.49 N at speed, and the kinetic energy of 40 J; at
    // 60 %. Half of v^2 is the mean of v^3 over that of v while it speeds up over v^2 / (2 a).
    let drag = 1.225 * 0.2 * 4.0 / 2.0;
    let ramp_m = 4.0 / (2.0 * 1.75);
    let work = 0.08 * 20.0 * 9.81 * 40.0 + drag * (40.0 - ramp_m / 2.0) + 20.0 * 4.0 / 2.0;
    let own_j = kernel.model.infrastructure.motion_energy_j(NodeId(0), kernel.now());
    assert!((own_j - 10.0 * end - work / 0.6).abs() < 1e-6, "{own_j}");
}

#[test]
fn a_run_that_ends_within_a_ramp_is_settled_exactly() {
    let mut setup = setup("arducopter_4_5");
    setup.battery_j = Some(2e5);
    let mut kernel = aloft(setup, 20.0);
    let before_j = kernel.model.infrastructure.motion_energy_j(NodeId(0), kernel.now());
    command(&mut kernel, 0, &route(&[(0.0, 200.0, 20.0)]));
    let start = kernel.now();
    kernel.run_until(start + crate::engine::SimDuration::from_secs(4.0));
    let end = kernel.now();
    kernel.model.listen(end);
    let leg = kernel.model.infrastructure.leg(NodeId(0));
    assert!(leg.acceleration_at(end) > 0.1, "it speeds up");
    kernel.model.infrastructure.settle_vehicles(&mut kernel.schedule);
    let spec = vehicle_preset("arducopter_4_5").expect("a preset");
    kernel.model.legs[0].retain(|(leg, _)| leg.depart >= start);
    let integral_j = integrated_j(&kernel, &spec, [0.0; 2]);
    let infrastructure = &kernel.model.infrastructure;
    let taken_j = infrastructure.motion_energy_j(NodeId(0), end) - before_j;
    assert!((taken_j - integral_j).abs() <= 1e-9 * integral_j, "{taken_j} and {integral_j}");
    let drawn_j = 2e5 - infrastructure.battery(NodeId(0)).expect("it has one").level_j(end);
    let metered_j = infrastructure.meter(NodeId(0)).energy_j(end);
    let motion_j = infrastructure.motion_energy_j(NodeId(0), end);
    assert!((drawn_j - motion_j).abs() <= 1e-9 * motion_j, "{drawn_j} and {motion_j}");
    assert!((metered_j - motion_j).abs() <= 1e-9 * motion_j, "{metered_j} and {motion_j}");
}
