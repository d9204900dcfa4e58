//! Plans: the legs by which a vehicle goes along a line, stays, lands or returns.

use super::super::geometry::{Leg, Pace, Position};
use super::power::{Ground, LegPower};
use super::profile::{Limits, Pieces};
use super::spec::interpolate;
use super::wind::Wind;
use super::{VehicleKind, VehicleSpec};
use crate::engine::{SimDuration, SimTime};
use smallvec::SmallVec;

/// The legs of a plan.
pub(super) type Legs = SmallVec<[Leg; 10]>;

/// Ground speed in m/s below which the wind never brings a vehicle.
const LEAST_M_PER_S: f64 = 0.1;

/// What plans are made by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'a> {
    pub(super) spec: &'a VehicleSpec,
    pub(super) wind: &'a Wind,
}

/// Legs one after another from an instant on. Times add up in seconds, so that rounding to nanoseconds does not.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    rules: Rules<'a>,
    legs: &'a mut Legs,
    start: SimTime,
    offset_s: f64,
}

/// The horizontal distance between two places in metres.
pub(super) fn over_ground_m(from: Position, to: Position) -> f64 {
    (to.x_m - from.x_m).hypot(to.y_m - from.y_m)
}

/// A place straight above or below another.
pub(super) fn at_height(place: Position, z_m: f64) -> Position {
    Position { z_m, ..place }
}

impl Rules<'_> {
    /// Rates of climb and descent that are reached.
    pub(super) fn vertical_m_per_s(&self, up: bool) -> f64 {
        let own = &self.spec.kinematics;
        if up { own.climb_m_per_s * own.climb_share } else { own.descent_m_per_s * own.descent_share }
    }

    /// The speed over the ground that comes of a speed that is set.
    pub(super) fn true_speed_m_per_s(&self, set_m_per_s: f64) -> f64 {
        let own = &self.spec.kinematics;
        let gain =
            if own.speed_gain.is_empty() { 1.0 } else { interpolate(&own.speed_gain, set_m_per_s) };
        set_m_per_s * gain
    }

    /// The least speed over the ground, of a speed that is set, at heights up to this one, whatever the direction.
    pub(super) fn speed_against_wind_m_per_s(&self, set_m_per_s: f64, height_m: f64) -> f64 {
        let own = &self.spec.kinematics;
        let speed = self.true_speed_m_per_s(set_m_per_s.min(own.speed_m_per_s));
        if self.spec.kind == VehicleKind::Rover || !own.airspeed_limit_m_per_s.is_finite() {
            return speed;
        }
        let [east, north] = self.wind.at(height_m);
        speed.min((own.airspeed_limit_m_per_s - east.hypot(north)).max(LEAST_M_PER_S))
    }

    /// The limits along a line; `speed_m_per_s` is set for it, at most the vehicle's own.
    pub(super) fn limits(&self, from: Position, to: Position, speed_m_per_s: Option<f64>) -> Limits {
        let own = &self.spec.kinematics;
        let length_m = from.distance_m(to).max(f64::MIN_POSITIVE);
        let horizontal = over_ground_m(from, to) / length_m;
        let vertical = (to.z_m - from.z_m) / length_m;
        let set = speed_m_per_s.unwrap_or(own.speed_m_per_s).min(own.speed_m_per_s);
        let mut limits = Limits {
            speed_m_per_s: f64::INFINITY,
            acceleration_m_per_s2: f64::INFINITY,
            jerk_m_per_s3: own.jerk_m_per_s3,
        };
        if horizontal > 1e-9 {
            let mut speed = self.true_speed_m_per_s(set);
            if self.spec.kind == VehicleKind::Multicopter && own.airspeed_limit_m_per_s.is_finite() {
                let [east, north] = self.wind.at((from.z_m + to.z_m) / 2.0);
                let reach = horizontal * length_m;
                let (x, y) = ((to.x_m - from.x_m) / reach, (to.y_m - from.y_m) / reach);
                let (along, across) = (east * x + north * y, east * y - north * x);
                let left = own.airspeed_limit_m_per_s.powi(2) - across * across;
                speed = speed.min((along + left.max(0.0).sqrt()).max(LEAST_M_PER_S));
            }
            limits.speed_m_per_s = speed / horizontal;
            limits.acceleration_m_per_s2 = own.acceleration_m_per_s2 / horizontal;
        }
        if vertical.abs() > 1e-9 {
            let speed = self.vertical_m_per_s(vertical > 0.0) / vertical.abs();
            limits.speed_m_per_s = limits.speed_m_per_s.min(speed);
            let acceleration = own.climb_acceleration_m_per_s2 / vertical.abs();
            limits.acceleration_m_per_s2 = limits.acceleration_m_per_s2.min(acceleration);
        }
        limits
    }

    /// The height above home to which the vehicle rises to return from a place.
    pub(super) fn return_height_m(&self, place: Position, home: Position) -> f64 {
        let own = &self.spec.return_home;
        let height_m = place.z_m - home.z_m;
        let distance_m = over_ground_m(place, home);
        let wanted = if own.cone_slope > 0.0 && distance_m * own.cone_slope < own.altitude_m {
            distance_m * own.cone_slope
        } else {
            own.altitude_m
        };
        wanted.max(height_m)
    }

    /// Seconds and joules of legs.
    pub(super) fn cost(&self, legs: &Legs, ground: Ground) -> (f64, f64) {
        legs.iter().fold((0.0, 0.0), |(seconds, energy_j), leg| {
            let power = LegPower::new(self.spec, leg, self.wind, ground);
            (seconds + leg.arrive.since(leg.depart).as_secs(), energy_j + power.energy_j(leg.arrive))
        })
    }

    /// Seconds and joules from rest at a place to landed and disarmed, or held, at home.
    pub(super) fn return_cost(&self, place: Position, home: Position) -> (f64, f64) {
        let mut legs = Legs::new();
        if self.spec.kind == VehicleKind::Rover {
            let mut plan = Plan::new(*self, &mut legs, SimTime::ZERO);
            plan.line(place, home, 0.0, 0.0, None);
            return self.cost(&legs, Ground::OnGround);
        }
        let top = at_height(place, home.z_m + self.return_height_m(place, home));
        let above = at_height(home, top.z_m);
        let own = &self.spec.return_home;
        let mut total = (0.0, 0.0);
        let mut add = |part: (f64, f64)| total = (total.0 + part.0, total.1 + part.1);
        let mut plan = Plan::new(*self, &mut legs, SimTime::ZERO);
        plan.delayed_line(place, top, None);
        add(self.cost(&legs, Ground::Aloft));
        legs.clear();
        let mut plan = Plan::new(*self, &mut legs, SimTime::ZERO);
        plan.delayed_line(top, above, Some(own.speed_m_per_s));
        plan.stay(above, own.hover_s);
        add(self.cost(&legs, Ground::Aloft));
        add(self.landing_cost(above, home.z_m));
        total
    }

    /// Seconds and joules from rest at a place to landed and disarmed there.
    pub(super) fn landing_cost(&self, place: Position, ground_m: f64) -> (f64, f64) {
        let mut legs = Legs::new();
        let mut plan = Plan::new(*self, &mut legs, SimTime::ZERO);
        plan.descent(place, ground_m);
        let (seconds, energy_j) = self.cost(&legs, Ground::Aloft);
        let disarm_s = self.spec.kinematics.disarm_s;
        let on_ground_w = self.spec.propulsion.armed_w() + self.spec.payload_w;
        (seconds + disarm_s, energy_j + on_ground_w * disarm_s)
    }

    /// Seconds and joules from disarmed to a height above the ground: to arm, and to take off.
    pub(super) fn take_off_cost(&self, ground: Position, altitude_m: f64) -> [(f64, f64); 2] {
        let spool_s = self.spec.kinematics.spool_up_s;
        if self.spec.kind == VehicleKind::Rover {
            let standing_w = self.spec.propulsion.power_w(&crate::energy::Moving::default());
            return [(spool_s, (standing_w + self.spec.payload_w) * spool_s), (0.0, 0.0)];
        }
        let on_ground_w = self.spec.propulsion.armed_w() + self.spec.payload_w;
        let mut legs = Legs::new();
        let mut plan = Plan::new(*self, &mut legs, SimTime::ZERO);
        plan.line(ground, at_height(ground, ground.z_m + altitude_m), 0.0, 0.0, None);
        [(spool_s, on_ground_w * spool_s), self.cost(&legs, Ground::Aloft)]
    }
}

impl<'a> Plan<'a> {
    pub(super) fn new(rules: Rules<'a>, legs: &'a mut Legs, start: SimTime) -> Self {
        legs.clear();
        Plan { rules, legs, start, offset_s: 0.0 }
    }

    fn at(&self, offset_s: f64) -> SimTime {
        self.start + SimDuration::from_secs(offset_s)
    }

    /// Stays for these seconds.
    pub(super) fn stay(&mut self, place: Position, seconds: f64) {
        if seconds > 0.0 {
            let depart = self.at(self.offset_s);
            self.offset_s += seconds;
            self.legs.push(Leg::stay(place, depart, self.at(self.offset_s)));
        }
    }

    /// Stays until something else is to be done.
    pub(super) fn stay_for_ever(&mut self, place: Position) {
        self.legs.push(Leg::stay(place, self.at(self.offset_s), SimTime::MAX));
    }

    /// Goes along a straight line by a profile.
    pub(super) fn pieces(&mut self, from: Position, to: Position, pieces: &Pieces) {
        let length_m = from.distance_m(to);
        let mut way_m = 0.0;
        let mut here = from;
        let whole_m: f64 = pieces.iter().map(super::profile::Piece::way_m).sum();
        for (number, piece) in pieces.iter().enumerate() {
            way_m += piece.way_m();
            let depart = self.at(self.offset_s);
            self.offset_s += piece.seconds;
            let arrive = self.at(self.offset_s);
            let is_last = number + 1 == pieces.len();
            let next = if is_last { to } else { from.towards(to, (way_m / whole_m).min(1.0)) };
            // What rounds to no time or no way is left out; the next piece makes up for it.
            if arrive == depart || next == here || length_m <= 0.0 {
                continue;
            }
            let pace = Pace::Cubic {
                speed_m_per_s: piece.speed_m_per_s,
                acceleration_m_per_s2: piece.acceleration_m_per_s2,
                jerk_m_per_s3: piece.jerk_m_per_s3,
            };
            self.legs.push(Leg { pace, ..Leg::straight(here, next, depart, arrive) });
            here = next;
        }
    }

    /// Goes along a straight line within its limits, from one speed to another.
    pub(super) fn line(
        &mut self,
        from: Position,
        to: Position,
        from_m_per_s: f64,
        to_m_per_s: f64,
        speed_m_per_s: Option<f64>,
    ) {
        let length_m = from.distance_m(to);
        if length_m <= 0.0 {
            return;
        }
        let limits = self.rules.limits(from, to, speed_m_per_s);
        self.pieces(from, to, &limits.profile(length_m, from_m_per_s, to_m_per_s));
    }

    /// The delay before a line that begins at rest.
    pub(super) fn delay(&mut self, from: Position, to: Position) {
        let own = &self.rules.spec.kinematics;
        if over_ground_m(from, to) > 1e-3 {
            self.stay(from, own.start_delay_s);
        } else if to.z_m > from.z_m {
            self.stay(from, own.climb_delay_s);
        }
    }

    /// Goes along a line from rest to rest, as an autopilot does: after a delay, and until it has settled.
    pub(super) fn delayed_line(&mut self, from: Position, to: Position, speed_m_per_s: Option<f64>) {
        if from.distance_m(to) <= 0.0 {
            return;
        }
        self.delay(from, to);
        self.line(from, to, 0.0, 0.0, speed_m_per_s);
        self.stay(to, self.rules.spec.kinematics.settle_s);
    }

    /// Comes down from rest to the ground: fast, then slowly until it touches.
    pub(super) fn descent(&mut self, from: Position, ground_m: f64) {
        let own = &self.rules.spec.landing;
        let limits = Limits {
            speed_m_per_s: own.fast_m_per_s,
            acceleration_m_per_s2: self.rules.spec.kinematics.climb_acceleration_m_per_s2,
            jerk_m_per_s3: self.rules.spec.kinematics.jerk_m_per_s3,
        };
        let slow_m_per_s = own.slow_m_per_s.min(own.fast_m_per_s);
        let ground = at_height(from, ground_m);
        let knee = at_height(from, ground_m + own.slow_below_m);
        let mut speed = 0.0;
        let mut here = from;
        if from.z_m > knee.z_m {
            let length_m = from.z_m - knee.z_m;
            let there = slow_m_per_s.min(limits.reachable_m_per_s(0.0, length_m));
            self.pieces(from, knee, &limits.profile(length_m, 0.0, there));
            (speed, here) = (there, knee);
        }
        let slowly = Limits { speed_m_per_s: slow_m_per_s, ..limits };
        let length_m = here.z_m - ground_m;
        if length_m > 0.0 {
            let touch = slow_m_per_s.min(slowly.reachable_m_per_s(speed, length_m));
            self.pieces(here, ground, &slowly.profile(length_m, speed, touch));
        }
    }

    /// Brakes along the way, which must not lead below the ground.
    pub(super) fn brake(
        &mut self,
        from: Position,
        direction: [f64; 3],
        speed_m_per_s: f64,
        ground_m: f64,
    ) -> Position {
        let ahead = |way_m: f64| Position {
            x_m: from.x_m + direction[0] * way_m,
            y_m: from.y_m + direction[1] * way_m,
            z_m: (from.z_m + direction[2] * way_m).max(ground_m),
        };
        let limits = self.rules.limits(from, ahead(1.0), None);
        let (way_m, room_m) = (
            limits.change_m(speed_m_per_s, 0.0),
            if direction[2] < 0.0 {
                ((ground_m - from.z_m) / direction[2]).max(0.0)
            } else {
                f64::INFINITY
            },
        );
        let to = ahead(way_m.min(room_m));
        let mut pieces = Pieces::new();
        if way_m <= room_m {
            limits.change(&mut pieces, speed_m_per_s, 0.0);
        } else {
            // The ground stops it sooner: evenly down to it.
            let deceleration = speed_m_per_s * speed_m_per_s / (2.0 * from.distance_m(to)).max(1e-6);
            let harder =
                Limits { acceleration_m_per_s2: deceleration, jerk_m_per_s3: f64::INFINITY, ..limits };
            harder.change(&mut pieces, speed_m_per_s, 0.0);
        }
        self.pieces(from, to, &pieces);
        to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::vehicles::vehicle_preset;

    #[test]
    fn near_home_a_return_rises_by_the_cone_unless_that_is_off() {
        let mut spec = vehicle_preset("arducopter_4_5").expect("a preset");
        let wind = Wind::default();
        let near = Position { x_m: 3.0, y_m: 0.0, z_m: 2.0 };
        for (slope, height_m) in [(3.0, 9.0), (0.0, 15.0)] {
            spec.return_home.cone_slope = slope;
            let rules = Rules { spec: &spec, wind: &wind };
            assert_eq!(rules.return_height_m(near, Position::default()), height_m);
        }
    }

    #[test]
    fn braking_that_the_ground_cuts_short_goes_evenly_down_to_it() {
        let spec = vehicle_preset("arducopter_4_5").expect("a preset");
        let wind = Wind::default();
        let mut legs = Legs::new();
        let from = Position { x_m: 0.0, y_m: 0.0, z_m: 1.0 };
        let rules = Rules { spec: &spec, wind: &wind };
        let to = Plan::new(rules, &mut legs, SimTime::ZERO).brake(from, [0.0, 0.0, -1.0], 1.5, 0.0);
        assert_eq!(to.z_m, 0.0);
        let end_s = legs.last().expect("a leg").arrive.as_secs();
        assert!((end_s - 2.0 / 1.5).abs() < 1e-6, "{end_s}");
        let halfway = SimTime::from_secs(end_s / 2.0);
        let height_m = legs[0].position(halfway).z_m;
        assert!((height_m - 0.25).abs() < 1e-6, "{height_m}");
        assert!((legs[0].speed_at(halfway) - 0.75).abs() < 1e-6);
    }
}
