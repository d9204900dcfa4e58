//! Station keeping: steps by which a vehicle closes in on a station that moves.

use super::super::geometry::{Leg, Pace, Position};
use super::plan::Rules;
use super::{FollowSpec, VehicleKind};
use crate::engine::{SimDuration, SimTime};

/// Seconds of a step at most while the velocity changes: steps are straight, and the velocity turns.
const TURN_STEP_S: f64 = 0.25;

/// What a step leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) leg: Leg,
    /// Metres from the station at the end.
    pub(super) gap_m: f64,
    /// Whether the vehicle closes in in proportion to the distance, its speed being no limit any more.
    pub(super) is_proportional: bool,
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn scaled(a: [f64; 3], factor: f64) -> [f64; 3] {
    a.map(|part| part * factor)
}

fn plus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn length(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

fn between(from: Position, to: Position) -> [f64; 3] {
    [to.x_m - from.x_m, to.y_m - from.y_m, to.z_m - from.z_m]
}

/// The leg of a node to follow from now on: one that is as good as over goes on as it ended for a while, as the next one is
/// not known yet; then the node stands.
pub(super) fn continued(target: &Leg, now: SimTime) -> Leg {
    let soon = now + SimDuration::from_secs(AS_GOOD_AS_OVER_S);
    if target.arrive > soon || target.from == target.to {
        return *target;
    }
    let end = target.arrive + SimDuration::from_secs(CONTINUED_S);
    if end <= soon {
        return Leg::stay(target.to, now, SimTime::MAX);
    }
    let way = scaled(target.direction(), target.speed_at(target.arrive) * CONTINUED_S);
    let Position { x_m, y_m, z_m } = target.to;
    let to = Position { x_m: x_m + way[0], y_m: y_m + way[1], z_m: z_m + way[2] };
    Leg::straight(target.to, to, target.arrive, end)
}

/// Seconds before the end of a leg from which it is as good as over: steps that end with the legs of others, who follow in
/// turn, would else become ever shorter.
const AS_GOOD_AS_OVER_S: f64 = 0.01;

/// Seconds for which a node that has come to the end of its leg is thought to go on.
const CONTINUED_S: f64 = 10.0;

/// The velocity of a node on its leg.
pub(super) fn velocity(leg: &Leg, now: SimTime) -> [f64; 3] {
    if now >= leg.arrive { [0.0; 3] } else { scaled(leg.direction(), leg.speed_at(now)) }
}

/// The greatest closing speed, at most `wanted`, at which `leader + closing` keeps the limit.
fn closing_m_per_s(leader: [f64; 3], towards: [f64; 3], limit: f64, wanted: f64) -> f64 {
    let along = dot(leader, towards);
    let left = limit * limit - dot(leader, leader) + along * along;
    wanted.min(left.max(0.0).sqrt() - along).max(0.0)
}

/// The step of a vehicle that is at `place` with the velocity `speed`, and keeps station at `offset_m` of a node that is
/// on the leg `target`, not below `ground_m`.
///
/// It wants the node's velocity and on top of that a closing speed of the gain times the distance (ArduPilot's
/// `FOLL_POS_P`), within its own limits; the distance then shrinks evenly, or as exp(-gain t), which a step covers
/// exactly from end to end. Changes of velocity are made at the acceleration of the vehicle. A step ends when its time
/// is over, when the wanted velocity is reached, when the closing becomes proportional, or on station.
#[allow(clippy::too_many_arguments, reason = "where the vehicle and its target are")]
pub(super) fn step(
    rules: Rules<'_>,
    own: &FollowSpec,
    place: Position,
    speed: [f64; 3],
    now: SimTime,
    target: &Leg,
    offset_m: [f64; 3],
    ground_m: f64,
) -> Step {
    let is_rover = rules.spec.kind == VehicleKind::Rover;
    let target = &continued(target, now);
    // What comes after the leg of the target is not known: no step goes beyond it.
    let longest_s = match target.from == target.to {
        true => own.interval_s,
        false => own.interval_s.min(target.arrive.since(now).as_secs().max(1e-6)),
    };
    let station_at = |time: SimTime| {
        let there = target.position(time);
        let station = plus([there.x_m, there.y_m, there.z_m], offset_m);
        Position { x_m: station[0], y_m: station[1], z_m: if is_rover { place.z_m } else { station[2] } }
    };
    let mut leader = velocity(target, now);
    if is_rover {
        leader[2] = 0.0;
    }
    let gap = between(place, station_at(now));
    let gap_m = length(gap);
    let towards = if gap_m > 1e-9 { scaled(gap, 1.0 / gap_m) } else { [0.0; 3] };
    let heading = plus(leader, scaled(towards, own.gain_per_s * gap_m));
    let ahead = Position {
        x_m: place.x_m + heading[0],
        y_m: place.y_m + heading[1],
        z_m: place.z_m + heading[2],
    };
    let limits = rules.limits(place, ahead, None);
    let limit = if limits.speed_m_per_s.is_finite() { limits.speed_m_per_s } else { 0.0 };
    let a = rules.spec.kinematics.acceleration_m_per_s2.min(limits.acceleration_m_per_s2);
    let wanted_closing = own.gain_per_s * gap_m;
    let leader_m_per_s = length(leader);
    if leader_m_per_s > limit {
        leader = scaled(leader, limit / leader_m_per_s);
    }
    let closing = closing_m_per_s(leader, towards, limit, wanted_closing);
    let wanted = plus(leader, scaled(towards, closing));
    let change = minus(wanted, speed);
    let change_m_per_s = length(change);
    let upwards = if change_m_per_s > 0.0 { change[2].abs() / change_m_per_s } else { 0.0 };
    let a = a.min(rules.spec.kinematics.climb_acceleration_m_per_s2 / upwards.max(1e-9));
    // Steps last whole nanoseconds, at least a microsecond.
    let rounded = |seconds: f64| SimDuration::from_secs_ceil(seconds.max(1e-6)).as_secs();
    let finish = |seconds: f64, way: [f64; 3], from_m_per_s: f64, to_m_per_s: f64, is_proportional| {
        let arrive = now + SimDuration::from_secs(seconds);
        let z_m = (place.z_m + way[2]).max(ground_m);
        let to = Position { x_m: place.x_m + way[0], y_m: place.y_m + way[1], z_m };
        let length_m = length(way);
        let leg = if length_m <= 1e-9 {
            Leg::stay(place, now, arrive)
        } else if place.z_m + way[2] < ground_m {
            // Swinging down to a node on the ground ends there.
            Leg::straight(place, to, now, arrive)
        } else {
            // The cubic with these speeds at its ends that covers the way.
            let mean = length_m / seconds;
            let acceleration = (6.0 * mean - 4.0 * from_m_per_s - 2.0 * to_m_per_s) / seconds;
            let jerk = (6.0 * from_m_per_s + 6.0 * to_m_per_s - 12.0 * mean) / (seconds * seconds);
            let pace = Pace::Cubic {
                speed_m_per_s: from_m_per_s,
                acceleration_m_per_s2: acceleration,
                jerk_m_per_s3: jerk,
            };
            Leg { pace, ..Leg::straight(place, to, now, arrive) }
        };
        Step { leg, gap_m: length(between(leg.to, station_at(arrive))), is_proportional }
    };
    // First the velocity: the wanted one is out of reach for a while.
    if change_m_per_s > a * 1e-3 {
        let mut seconds = (change_m_per_s / a).min(longest_s).min(TURN_STEP_S);
        // A way back begins with a step to where the vehicle is slowest.
        let turning_s = -dot(speed, change) / (change_m_per_s * a);
        if turning_s > 1e-3 {
            seconds = seconds.min(turning_s);
        }
        let seconds = rounded(seconds);
        let next = plus(speed, scaled(change, (a * seconds / change_m_per_s).min(1.0)));
        let way = scaled(plus(speed, next), seconds / 2.0);
        let unit = if length(way) > 0.0 { scaled(way, 1.0 / length(way)) } else { [0.0; 3] };
        // A step is straight while the velocity turns: seen along it, a speed at the limit is a little above.
        let end = Position { x_m: place.x_m + way[0], y_m: place.y_m + way[1], z_m: place.z_m + way[2] };
        let most = rules.limits(place, end, None).speed_m_per_s;
        let (mut from, mut to) = (dot(speed, unit).max(0.0), dot(next, unit).max(0.0));
        (from, to) = (from.min(most), to.min(most));
        return finish(seconds, scaled(unit, (from + to) / 2.0 * seconds), from, to, false);
    }
    // Then the distance: evenly down to where the gain takes over, or to the station, ...
    let mut seconds = longest_s;
    let is_even = closing < wanted_closing * (1.0 - 1e-6);
    if is_even {
        let proportional_m = closing / own.gain_per_s;
        let next_m = if gap_m > own.station_radius_m {
            proportional_m.max(own.station_radius_m)
        } else {
            proportional_m
        };
        if closing > 0.0 {
            seconds = seconds.min((gap_m - next_m) / closing);
        }
    } else if gap_m > own.station_radius_m {
        // ... then as an exponential.
        seconds = seconds.min((gap_m / own.station_radius_m).ln() / own.gain_per_s);
    }
    let seconds = rounded(seconds);
    let left_m = if is_even {
        (gap_m - closing * seconds).max(0.0)
    } else {
        gap_m * (-own.gain_per_s * seconds).exp()
    };
    let moved = between(station_at(now), station_at(now + SimDuration::from_secs(seconds)));
    let mut way = plus(moved, scaled(towards, gap_m - left_m));
    let end = Position { x_m: place.x_m + way[0], y_m: place.y_m + way[1], z_m: place.z_m + way[2] };
    let most = rules.limits(place, end, None).speed_m_per_s.min(f64::MAX);
    // A node that speeds up within the step, or is faster than the vehicle, is not followed beyond the limit.
    let way_m = length(way);
    if way_m > most * seconds {
        way = scaled(way, most * seconds / way_m);
    }
    let way_m = way_m.min(most * seconds);
    let unit = if way_m > 1e-9 { scaled(way, 1.0 / length(way)) } else { [0.0; 3] };
    let mean = way_m / seconds;
    let from = dot(speed, unit).clamp(0.0, most);
    // The speed at the end is that of the law, unless the way between makes the step go beyond a limit.
    let law = plus(leader, scaled(towards, if is_even { closing } else { own.gain_per_s * left_m }));
    let to = dot(law, unit).clamp(0.0, most);
    let start = (6.0 * mean - 4.0 * from - 2.0 * to) / seconds;
    let finally = (2.0 * from + 4.0 * to - 6.0 * mean) / seconds;
    let jerk = (finally - start) / seconds;
    let peak = if start > 0.0 && finally < 0.0 { from - start * start / (2.0 * jerk) } else { 0.0 };
    let fits = start.abs() <= a && finally.abs() <= a && peak <= most;
    let (from, to) = if fits { (from, to) } else { (mean, mean) };
    finish(seconds, way, from, to, !is_even)
}

#[cfg(test)]
mod tests {
    use super::super::presets::vehicle_preset;
    use super::super::wind::Wind;
    use super::*;

    /// Seconds until the distance to a node is at most the station's radius, from rest at `from_m` metres.
    fn time_to_station(from_m: f64, leader_m_per_s: f64) -> f64 {
        let spec = vehicle_preset("arducopter_4_0").expect("a preset");
        let wind = Wind::default();
        let rules = Rules { spec: &spec, wind: &wind };
        let end = SimTime::from_secs(1000.0);
        let far = Position { x_m: leader_m_per_s * 1000.0, y_m: from_m, z_m: 15.0 };
        let target = Leg::straight(Position { x_m: 0.0, ..far }, far, SimTime::ZERO, end);
        let (mut now, mut leg) = (
            SimTime::ZERO,
            Leg::stay(Position { z_m: 15.0, ..Position::default() }, SimTime::ZERO, SimTime::ZERO),
        );
        let mut speed = [0.0; 3];
        for _ in 0..2000 {
            let next = step(rules, &spec.follow, leg.to, speed, now, &target, [0.0; 3], 0.0);
            leg = next.leg;
            now = leg.arrive;
            speed = scaled(leg.direction(), leg.speed_at(now));
            assert!(length(speed) <= spec.kinematics.speed_m_per_s * (1.0 + 1e-9));
            if next.gap_m <= spec.follow.station_radius_m * (1.0 + 1e-6) {
                return now.as_secs();
            }
        }
        panic!("it never gets there");
    }

    /// From rest: v/a to the speed, evenly to v/P, then as exp(-P t) to the radius.
    #[test]
    fn a_standing_target_is_reached_in_the_closed_form() {
        let (v, a, p, radius) = (5.0_f64, 1.0, 0.1, 5.0);
        for distance in [80.0, 100.5, 118.9, 300.0] {
            let closed = v / a + (distance - v * v / (2.0 * a) - v / p) / v + (v / p / radius).ln() / p;
            let own = time_to_station(distance, 0.0);
            assert!((own - closed).abs() < 1e-4 * closed, "{distance}: {own} and {closed}");
        }
    }

    /// A node that drives evenly is followed alike whether it is on one leg or on many short ones.
    #[test]
    fn legs_of_the_target_do_not_matter() {
        let spec = vehicle_preset("arducopter_4_0").expect("a preset");
        let wind = Wind::default();
        let rules = Rules { spec: &spec, wind: &wind };
        let gap_after = |leg_s: f64| {
            let place_at = |time_s: f64| Position { x_m: 1.5 * time_s, y_m: 60.0, z_m: 15.0 };
            let start = Position { z_m: 15.0, ..Position::default() };
            let (mut now, mut place, mut speed) = (SimTime::ZERO, start, [0.0; 3]);
            let mut greatest_jump: f64 = 0.0;
            while now < SimTime::from_secs(120.0) {
                let number = (now.as_secs() / leg_s + 1e-9).floor();
                let (from_s, to_s) = (number * leg_s, (number + 1.0) * leg_s);
                let (depart, arrive) = (SimTime::from_secs(from_s), SimTime::from_secs(to_s));
                let target = Leg::straight(place_at(from_s), place_at(to_s), depart, arrive);
                let leg = step(rules, &spec.follow, place, speed, now, &target, [0.0; 3], 0.0).leg;
                let first = scaled(leg.direction(), leg.speed_at(leg.depart));
                greatest_jump = greatest_jump.max(length(minus(first, speed)));
                (now, place) = (leg.arrive, leg.to);
                speed = scaled(leg.direction(), leg.speed_at(now));
            }
            (place.distance_m(place_at(now.as_secs())), greatest_jump)
        };
        for leg_s in [1.0, 3.7, 1000.0] {
            let (gap_m, jump_m_per_s) = gap_after(leg_s);
            assert!(gap_m < 0.1, "{leg_s}: {gap_m}");
            assert!(jump_m_per_s < 0.15, "{leg_s}: {jump_m_per_s}");
        }
    }

    proptest::proptest! {
        /// Behind a node that turns and changes its speed each second, the limit of speed holds, and the velocity changes at
        /// once by no more than the acceleration makes of it within half a step.
        #[test]
        fn limits_hold_between_steps(
            is_fast in proptest::bool::ANY,
            turns in proptest::collection::vec((0.0..360.0f64, 0.0..4.0f64), 40..80),
            from_m in 0.0..150.0f64,
        ) {
            let spec = vehicle_preset(if is_fast { "arducopter_4_5" } else { "arducopter_4_0" }).expect("a preset");
            let wind = Wind::default();
            let rules = Rules { spec: &spec, wind: &wind };
            let own = &spec.kinematics;
            let most = own.acceleration_m_per_s2 * TURN_STEP_S / 2.0;
            let start = Position { z_m: 15.0, ..Position::default() };
            let (mut now, mut place, mut speed) = (SimTime::ZERO, start, [0.0; 3]);
            let mut there = Position { y_m: from_m, ..start };
            for (number, (angle_deg, leader_m_per_s)) in turns.into_iter().enumerate() {
                let (east, north) = f64::to_radians(angle_deg).sin_cos();
                let to = Position {
                    x_m: there.x_m + leader_m_per_s * east,
                    y_m: there.y_m + leader_m_per_s * north,
                    ..there
                };
                let (depart, arrive) =
                    (SimTime::from_secs(number as f64), SimTime::from_secs(number as f64 + 1.0));
                let target = Leg::straight(there, to, depart, arrive);
                while now < arrive {
                    let leg = step(rules, &spec.follow, place, speed, now, &target, [0.0; 3], 0.0).leg;
                    let first = scaled(leg.direction(), leg.speed_at(leg.depart));
                    let jump = length(minus(first, speed));
                    proptest::prop_assert!(jump <= most * (1.0 + 1e-6), "{jump} above {most}: {leg:?}");
                    let fastest = rules.true_speed_m_per_s(own.speed_m_per_s) * (1.0 + 1e-6);
                    (now, place) = (leg.arrive, leg.to);
                    for at in [leg.depart, now] {
                        proptest::prop_assert!(leg.speed_at(at) <= fastest, "{leg:?}");
                    }
                    speed = scaled(leg.direction(), leg.speed_at(now));
                }
                there = to;
            }
        }
    }

    /// Measured with ArduCopter 4.0-dev: 46.7 s and 50.3 s after a take-off of 9.8 s.
    #[test]
    fn the_measured_times_are_met() {
        for (distance, measured) in [(100.5, 46.7), (118.9, 50.3)] {
            let own = 9.8 + time_to_station(distance, 0.0);
            assert!((own - measured).abs() < 2.0_f64.max(0.05 * measured), "{distance}: {own}");
        }
        // Against a leader that drives across, it takes longer.
        assert!(time_to_station(100.0, 1.5) > time_to_station(100.0, 0.0));
    }
}
