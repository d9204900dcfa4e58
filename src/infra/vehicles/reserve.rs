//! The reserve: the instant at which a battery only just suffices for the way home, or to land.

use super::super::geometry::{Leg, Position};
use super::plan::{Rules, over_ground_m};
use super::{VehicleKind, machine::Order, machine::Vehicle};
use crate::energy::{Battery, Moving};
use crate::engine::{SimDuration, SimTime};

/// What was left beyond what is needed when that was last worked out.
#[derive(Clone, Copy, Debug)]
pub(in crate::infra) struct Margin {
    /// Joules beyond what is needed.
    margin_j: f64,
    level_j: f64,
    place: Position,
    /// Watts of what is not motion, and seconds of the way.
    other_w: f64,
    way_s: f64,
    for_landing: bool,
}

/// What is needed from places on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need<'a> {
    pub(super) rules: Rules<'a>,
    pub(super) home: Position,
    /// Watts of what is not motion.
    pub(super) other_w: f64,
    pub(super) capacity_j: f64,
    /// Whether it is the need to land at the place, rather than to go home.
    pub(super) for_landing: bool,
}

impl Need<'_> {
    /// Joules from a place at a speed on, and seconds of the way: to brake, as far as that leads away, is part of it.
    pub(super) fn at_speed(&self, place: Position, speed_m_per_s: f64) -> (f64, f64) {
        let (energy_j, seconds) = self.at(place);
        let (braking_j, braking_s) = self.braking(speed_m_per_s);
        (energy_j + braking_j, seconds + braking_s)
    }

    /// Joules and seconds to brake from a speed, and to come back the way that it takes.
    fn braking(&self, speed_m_per_s: f64) -> (f64, f64) {
        if speed_m_per_s <= 0.0 {
            return (0.0, 0.0);
        }
        let spec = self.rules.spec;
        let own = &spec.kinematics;
        let acceleration = own.acceleration_m_per_s2.min(own.climb_acceleration_m_per_s2);
        let jerk_s = if own.jerk_m_per_s3.is_finite() { acceleration / own.jerk_m_per_s3 } else { 0.0 };
        let braking_s = speed_m_per_s / acceleration + jerk_s;
        let back_s = if self.for_landing {
            0.0
        } else {
            speed_m_per_s * braking_s / 2.0 / spec.return_home.speed_m_per_s
        };
        let still_w = spec.propulsion.power_w(&Moving::default());
        let power_w = still_w.max(spec.propulsion.power_w(&Moving::level(speed_m_per_s)))
            + spec.payload_w
            + self.other_w;
        (power_w * (braking_s + back_s), braking_s + back_s)
    }

    /// Joules from rest at a place on, and seconds of the way.
    pub(super) fn at(&self, place: Position) -> (f64, f64) {
        let own = &self.rules.spec.reserve;
        let ((seconds, energy_j), share) = if self.for_landing {
            (self.rules.landing_cost(place, self.home.z_m), own.landing_share)
        } else {
            (self.rules.return_cost(place, self.home), own.home_share)
        };
        (energy_j + self.other_w * seconds + share * self.capacity_j, seconds)
    }

    /// Joules by which the need grows at most from one place to another: thrice the power of hover or cruise at the
    /// slowest speed of the way, that against the wind.
    fn growth_j(&self, from: Position, to: Position) -> f64 {
        let spec = self.rules.spec;
        let cruise = Moving::level(spec.return_home.speed_m_per_s);
        let power_w = spec.propulsion.power_w(&Moving::default()).max(spec.propulsion.power_w(&cruise))
            + spec.payload_w
            + self.other_w;
        let slowest = spec.landing.slow_m_per_s.min(spec.kinematics.climb_m_per_s);
        let across_m = over_ground_m(from, to);
        let way_home = &spec.return_home;
        // Near home the height of the return grows with the distance, up to that of the return.
        let up_m = (to.z_m - from.z_m).abs()
            + if self.for_landing || spec.kind == VehicleKind::Rover {
                0.0
            } else {
                (across_m * way_home.cone_slope).min(way_home.altitude_m)
            };
        let highest_m = from.z_m.max(to.z_m).max(self.home.z_m + way_home.altitude_m);
        let speed_m_per_s = self.rules.speed_against_wind_m_per_s(way_home.speed_m_per_s, highest_m);
        3.0 * power_w * (across_m / speed_m_per_s + up_m / slowest)
    }
}

/// Whether the battery of a vehicle is watched, and then whether for landing.
pub(super) fn watched(vehicle: &Vehicle, rules: Rules<'_>) -> Option<bool> {
    if !rules.spec.reserve.enabled || !vehicle.is_ready(rules.spec) {
        return None;
    }
    match (vehicle.order, rules.spec.kind) {
        (Order::Stand | Order::Land { .. }, _) | (Order::Return(_), VehicleKind::Rover) => None,
        (Order::Return(_), VehicleKind::Multicopter) => Some(true),
        _ => Some(false),
    }
}

/// The first instant of the present leg, from now on, at which the battery holds no more than is needed; `None` if it
/// does to the end of the leg. Between its ends a leg has one such instant at most, as the need grows evenly or faster
/// away from home, which bisection finds.
pub(super) fn instant(
    need: &Need<'_>,
    last: &mut Option<Margin>,
    leg: &Leg,
    battery: &Battery,
    power_w: f64,
    now: SimTime,
) -> Option<SimTime> {
    let level_j = battery.available_j(now);
    let place = leg.position(now);
    let is_stay = leg.from == leg.to;
    let seconds =
        if leg.arrive == SimTime::MAX { f64::INFINITY } else { leg.arrive.since(now).as_secs() };
    let end = leg.to;
    if let Some(last) = last.filter(|last| last.for_landing == need.for_landing && !is_stay) {
        let way_s =
            last.way_s + 4.0 * (over_ground_m(last.place, end) + (last.place.z_m - end.z_m).abs() / 0.5);
        // The speed may rise up to the end of the leg.
        let fastest = leg.speed_at(now).max(leg.speed_at(leg.arrive));
        let grown_j = need.braking(fastest).0
            + need.growth_j(last.place, end)
            + (need.other_w - last.other_w).max(0.0) * way_s;
        if last.margin_j - (last.level_j - level_j) - power_w * seconds - grown_j > 0.0 {
            debug_assert!(
                level_j - power_w * seconds
                    > need.at_speed(end, if is_stay { 0.0 } else { leg.speed_at(leg.arrive) }).0,
                "the need has grown by more than {grown_j} J"
            );
            return None;
        }
    }
    let speed_at = |time: SimTime| if is_stay { 0.0 } else { leg.speed_at(time) };
    let (needed_j, way_s) = need.at_speed(place, speed_at(now));
    let margin_j = level_j - needed_j;
    *last = Some(Margin {
        margin_j,
        level_j,
        place,
        other_w: need.other_w,
        way_s,
        for_landing: need.for_landing,
    });
    if margin_j <= 0.0 {
        return Some(now);
    }
    if is_stay {
        let left_s = margin_j / power_w;
        return (power_w > 0.0 && left_s < seconds).then(|| now + SimDuration::from_secs_ceil(left_s));
    }
    let margin_at = |time: SimTime| {
        level_j
            - power_w * time.since(now).as_secs()
            - need.at_speed(leg.position(time), speed_at(time)).0
    };
    if margin_at(leg.arrive) > 0.0 {
        return None;
    }
    let (mut low, mut high) = (now.as_nanos(), leg.arrive.as_nanos());
    while high - low > 1000 {
        let middle = low + (high - low) / 2;
        if margin_at(SimTime::from_nanos(middle)) > 0.0 { low = middle } else { high = middle }
    }
    Some(SimTime::from_nanos(high))
}
