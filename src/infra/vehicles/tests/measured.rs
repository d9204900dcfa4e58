//! Times that were measured with ArduPilot's simulators, within 5 % or 2 s.

use super::*;

/// A time within 5 % or 2 s of what was measured.
fn assert_close(own: f64, measured: f64, what: &str) {
    assert!(
        (own - measured).abs() <= (0.05 * measured).max(2.0),
        "{what}: {own:.1} s, measured {measured} s"
    );
}

#[test]
fn legs_from_rest_to_rest() {
    let measured = [
        (10.0, 5.0, 8.2),
        (50.0, 5.0, 18.0),
        (100.0, 5.0, 27.6),
        (200.0, 5.0, 47.2),
        (500.0, 5.0, 106.8),
        (100.0, 10.0, 22.2),
        (500.0, 10.0, 62.8),
        (200.0, 15.0, 29.4),
        (10.0, 2.0, 9.6),
        (50.0, 2.0, 31.0),
    ];
    for (distance, speed, seconds) in measured {
        let mut setup = setup("arducopter_3_5_7");
        setup.spec.kinematics.speed_m_per_s = speed;
        let mut kernel = aloft(setup, 20.0);
        let start = kernel.now().as_secs();
        command(&mut kernel, 0, &route(&[(distance, 0.0, 20.0)]));
        let end = until(&mut kernel, 0, VehicleEvent::WaypointReached(0));
        assert_close(end - start, seconds, &format!("{distance} m at {speed} m/s"));
        // Tri(d, v, a) + 2.35 s.
        if speed < 14.0 {
            let closed = rest_to_rest_s(distance, speed, 1.0) + 2.35;
            assert!((end - start - closed).abs() < 1e-6, "{distance} m at {speed} m/s");
        }
    }
}

#[test]
fn take_offs() {
    let measured =
        [(2.0, 5.6), (5.0, 6.6), (10.0, 8.2), (20.0, 12.0), (30.0, 15.8), (50.0, 24.0), (100.0, 44.4)];
    for (altitude, seconds) in measured {
        let mut kernel = aloft(setup("arducopter_3_5_7"), altitude);
        let done = kernel.now().as_secs();
        kernel.model.listen(kernel.now());
        let own = (0..)
            .map(|step| f64::from(step) * 0.01)
            .find(|&at| height_m(&kernel, at) >= 0.95 * altitude);
        assert_close(own.expect("it gets there"), seconds, &format!("take-off to {altitude} m"));
        assert!((done - 1.6 - rest_to_rest_s(altitude, 2.3, 1.0)).abs() < 1e-6);
    }
}

#[test]
fn landings() {
    for (altitude, seconds) in [(10.0, 19.6), (20.0, 27.6), (50.0, 48.2), (100.0, 82.0)] {
        let mut kernel = aloft(setup("arducopter_3_5_7"), altitude);
        let start = kernel.now().as_secs();
        command(&mut kernel, 0, &VehicleCommand::Land);
        let touched = until(&mut kernel, 0, VehicleEvent::Landed { forced: false });
        assert_close(touched - start, seconds, &format!("landing from {altitude} m"));
        let disarmed = until(&mut kernel, 0, VehicleEvent::Disarmed);
        assert!((disarmed - touched - 2.5).abs() < 1e-6);
    }
}

#[test]
fn returns() {
    for (distance, seconds) in [(50.0, 51.0), (200.0, 81.0), (400.0, 119.0)] {
        let mut kernel = aloft(setup("arducopter_3_5_7"), 20.0);
        command(&mut kernel, 0, &route(&[(0.0, distance, 20.0)]));
        until(&mut kernel, 0, VehicleEvent::RouteDone);
        let start = kernel.now().as_secs();
        let predicted = kernel
            .model
            .infrastructure
            .vehicle(NodeId(0))
            .unwrap()
            .predict_return(Position { x_m: 0.0, y_m: distance, z_m: 20.0 });
        command(&mut kernel, 0, &VehicleCommand::ReturnToLaunch);
        let end = until(&mut kernel, 0, VehicleEvent::Disarmed);
        assert_close(end - start, seconds, &format!("return from {distance} m"));
        assert!((end - start - predicted.time_s).abs() < 1e-6);
        let place = kernel.model.infrastructure.position(NodeId(0), kernel.now());
        assert_eq!(place, Position::default());
    }
}

#[test]
fn changes_of_height() {
    for (from, to, seconds) in
        [(20.0, 100.0, 38.8), (100.0, 20.0, 60.0), (20.0, 40.0, 14.0), (40.0, 20.0, 15.0)]
    {
        let mut kernel = aloft(setup("arducopter_3_5_7"), from);
        let start = kernel.now().as_secs();
        command(&mut kernel, 0, &route(&[(0.0, 0.0, to)]));
        until(&mut kernel, 0, VehicleEvent::RouteDone);
        let times = (0..).map(|step| start + f64::from(step) * 0.01);
        let near = times.into_iter().find(|&at| (height_m(&kernel, at) - to).abs() <= 1.0);
        assert_close(near.expect("it gets there") - start, seconds, &format!("from {from} m to {to} m"));
    }
}

/// Take-off, approach and station keeping as the sum of its parts; measured were 46.7 s and 50.3 s.
#[test]
fn time_to_engage() {
    for (distance, seconds) in [(100.5, 46.7), (118.9, 50.3)] {
        let mut setup = setup("arducopter_4_0");
        setup.count = 2;
        let mut kernel = setup.build();
        // The target stands 10 m to the east of home, and its station to the north of it.
        let offset_m = [-10.0, distance, 15.0];
        let station = Destination::Station { target: NodeId(1), offset_m };
        let view = kernel.model.infrastructure.vehicle(NodeId(0)).unwrap();
        let predicted = view.predict_reach(SimTime::ZERO, station).expect("it gets there");
        command(&mut kernel, 0, &VehicleCommand::TakeOff { altitude_m: 15.0 });
        let up = until(&mut kernel, 0, VehicleEvent::TookOff);
        command(&mut kernel, 0, &VehicleCommand::Follow { target: NodeId(1), offset_m });
        let there = until(&mut kernel, 0, VehicleEvent::OnStation);
        assert_close(there, seconds, &format!("engagement at {distance} m"));
        assert!((there - predicted.time_s).abs() < 1e-6 * there, "{there} and {}", predicted.time_s);
        assert!((up - predicted.arming_s - predicted.take_off_s).abs() < 1e-6);
        let taken_j = kernel.model.infrastructure.motion_energy_j(NodeId(0), kernel.now());
        assert!(
            (taken_j - predicted.energy_j).abs() < 1e-6 * taken_j,
            "{taken_j} and {}",
            predicted.energy_j
        );
        // 1.6 s + Tri(15, 2.3, 1) + v/a + (d - v^2/(2 a) - v/P)/v + ln((v/P)/5)/P.
        let rise = 1.6 + rest_to_rest_s(15.0, 2.3, 1.0);
        let closed = rise + 5.0 + (distance - 12.5 - 50.0) / 5.0 + 10.0_f64.ln() / 0.1;
        assert!((there - closed).abs() < 1e-4 * closed, "{there} and {closed}");
    }
}

#[test]
fn rovers_to_a_waypoint() {
    for (distance, speed, seconds) in
        [(100.0, 1.0, 91.2), (100.0, 2.0, 47.2), (100.0, 3.0, 33.5), (20.0, 2.0, 8.9)]
    {
        let mut setup = setup("rover_4_0");
        setup.spec.kinematics.speed_m_per_s = speed;
        let mut kernel = aloft(setup, 1.0);
        command(&mut kernel, 0, &route(&[(0.0, distance, 0.0)]));
        let end = until(&mut kernel, 0, VehicleEvent::WaypointReached(0));
        assert_close(end, seconds, &format!("{distance} m at {speed} m/s"));
        let stopped = until(&mut kernel, 0, VehicleEvent::RouteDone);
        let expected = [0.7, 1.2, 1.6][speed as usize - 1];
        assert!((stopped - end - expected).abs() < 0.3, "{speed}: {}", stopped - end);
        let left_m = distance - kernel.model.infrastructure.position(NodeId(0), kernel.now()).y_m;
        let expected = [2.5, 1.5, 0.2][speed as usize - 1];
        assert!((left_m - expected).abs() < 0.5, "{speed}: {left_m}");
    }
}

#[test]
fn a_rover_holds_where_it_has_come_to_a_stand() {
    let mut kernel = aloft(setup("rover_4_7"), 1.0);
    let places = [Position::ground(20.0, 0.0), Position::ground(40.0, 0.0)];
    let waypoints = places.map(|place| Waypoint { hold_s: 60.0, ..Waypoint::at(place) });
    command(&mut kernel, 0, &VehicleCommand::Route(waypoints.to_vec()));
    until(&mut kernel, 0, VehicleEvent::RouteDone);
    let phases =
        kernel.model.infrastructure.vehicle(NodeId(0)).expect("it is one").phase_s(kernel.now());
    let held_s = phases[VehiclePhase::Holding as usize];
    assert!((held_s - 120.0).abs() < 1e-6, "{held_s}");
    let holding = VehicleEvent::Phase(VehiclePhase::Holding);
    assert_eq!(kernel.model.told.iter().filter(|own| own.2 == holding).count(), 2);
}

#[test]
fn the_end_of_a_flight_is_told_before_its_phase() {
    let mut kernel = aloft(setup("arducopter_4_5"), 5.0);
    command(&mut kernel, 0, &VehicleCommand::Land);
    until(&mut kernel, 0, VehicleEvent::Phase(VehiclePhase::Disarmed));
    let told: Vec<VehicleEvent> = kernel.model.told.iter().map(|own| own.2).collect();
    let place = |event| told.iter().position(|own| *own == event);
    assert!(
        place(VehicleEvent::Disarmed) < place(VehicleEvent::Phase(VehiclePhase::Disarmed)),
        "{told:?}"
    );
}

#[test]
fn rovers_turn_first() {
    for (turn, seconds) in [(90.0_f64, 1.5), (180.0, 2.3)] {
        let time = machine_turn_s(turn);
        assert!((time - seconds).abs() < 0.4, "{turn}: {time}");
    }
}

fn machine_turn_s(turn_deg: f64) -> f64 {
    super::super::machine::turn_s(&vehicle_preset("rover_4_0").expect("a preset"), turn_deg)
}

/// Four rows of 50 m, 5 m apart, at 2 m/s. Where it looked first is not known, so times count from the first waypoint.
#[test]
fn a_lawn_mower() {
    let mut setup = setup("rover_4_0");
    setup.spec.kinematics.speed_m_per_s = 2.0;
    let mut kernel = aloft(setup, 1.0);
    let places =
        [(50.0, 0.0), (50.0, 5.0), (0.0, 5.0), (0.0, 10.0), (50.0, 10.0), (50.0, 15.0), (0.0, 15.0)];
    let places: Vec<(f64, f64, f64)> = places.iter().map(|&(x, y)| (x, y, 0.0)).collect();
    command(&mut kernel, 0, &route(&places));
    let measured = [26.7, 29.5, 55.3, 57.4, 83.9, 86.8, 112.7];
    let first = until(&mut kernel, 0, VehicleEvent::WaypointReached(0));
    for (number, seconds) in (0..).zip(measured).skip(1) {
        let own = until(&mut kernel, 0, VehicleEvent::WaypointReached(number));
        assert_close(own - first, seconds - measured[0], &format!("waypoint {number}"));
    }
}

#[test]
fn what_is_predicted_of_a_way_is_what_it_takes_also_in_motion() {
    for preset in ["arducopter_3_5_7", "arducopter_4_5", "rover_4_0", "rover_4_7", "tractor"] {
        for turn in [5.0_f64, 90.0, 170.0] {
            let mut kernel = aloft(setup(preset), 20.0);
            command(&mut kernel, 0, &route(&[(0.0, 200.0, 20.0)]));
            let start = kernel.now();
            kernel.run_until(start + crate::engine::SimDuration::from_secs(12.0));
            let now = kernel.now();
            let view = kernel.model.infrastructure.vehicle(NodeId(0)).expect("it is one");
            assert!(view.velocity(now)[1] > 0.5, "{preset}");
            let (east, north) = turn.to_radians().sin_cos();
            let to = Position { x_m: 150.0 * east, y_m: 90.0 + 150.0 * north, z_m: 20.0 };
            let predicted = view.predict_reach(now, Destination::Place(to)).expect("it gets there");
            command(&mut kernel, 0, &route(&[(to.x_m, to.y_m, to.z_m)]));
            let there = until(&mut kernel, 0, VehicleEvent::WaypointReached(0)) - now.as_secs();
            assert!((there - predicted.time_s).abs() < 1e-6, "{preset}: {there} and {predicted:?}");
        }
    }
}
