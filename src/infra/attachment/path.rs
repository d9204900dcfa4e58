//! A leg seen from access points: squared distances are quadratics in the metres travelled.

use crate::engine::{SimDuration, SimTime};
use crate::infra::geometry::{Leg, Pace, Position};
use std::iter::repeat_n;

/// square s^2 + 2 half_linear s + constant.
///
/// Coefficients belong to the whole leg, not to the present, so that the roots of a pair of access points
/// are the same numbers whenever they are asked for, and in either order of the pair: rounding cannot
/// make a device cross the same border again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quadratic {
    square: f64,
    half_linear: f64,
    constant: f64,
}

/// The numbers between `start` and `end`, without them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) start: f64,
    pub(super) end: f64,
}

impl Span {
    pub(super) const ALL: Span = Span { start: f64::NEG_INFINITY, end: f64::INFINITY };
    pub(super) const NONE: Span = Span { start: f64::INFINITY, end: f64::NEG_INFINITY };

    pub(super) fn contains(self, value: f64) -> bool {
        self.start < value && value < self.end
    }

    /// What is below and above it, without its ends.
    pub(super) fn outside(self) -> [Span; 2] {
        [Span { end: self.start, ..Span::ALL }, Span { start: self.end, ..Span::ALL }]
    }

    pub(super) fn intersection(self, other: Span) -> Span {
        Span { start: self.start.max(other.start), end: self.end.min(other.end) }
    }
}

impl Quadratic {
    /// The value at `s`, where only rounding makes it negative.
    pub(super) fn non_negative(self, s: f64) -> f64 {
        ((self.square * s + 2.0 * self.half_linear) * s + self.constant).max(0.0)
    }

    pub(super) fn scaled(self, factor: f64) -> Quadratic {
        Quadratic {
            square: self.square * factor,
            half_linear: self.half_linear * factor,
            constant: self.constant * factor,
        }
    }

    pub(super) fn minus(self, other: Quadratic) -> Quadratic {
        Quadratic {
            square: self.square - other.square,
            half_linear: self.half_linear - other.half_linear,
            constant: self.constant - other.constant,
        }
    }

    /// Where it is below `level`.
    pub(super) fn below(self, level: f64) -> [Span; 2] {
        let (a, b, c) = (self.square, self.half_linear, self.constant - level);
        if a == 0.0 {
            let root = -c / (2.0 * b);
            return if b > 0.0 {
                [Span { end: root, ..Span::ALL }, Span::NONE]
            } else if b < 0.0 {
                [Span { start: root, ..Span::ALL }, Span::NONE]
            } else {
                [if c < 0.0 { Span::ALL } else { Span::NONE }, Span::NONE]
            };
        }
        let discriminant = b * b - a * c;
        if discriminant.is_nan() || discriminant <= 0.0 {
            return [if a < 0.0 { Span::ALL } else { Span::NONE }, Span::NONE];
        }
        // Both roots without cancellation; the sum is not zero, as the discriminant is not.
        let sum = -(b + discriminant.sqrt().copysign(b));
        let (one, other) = (sum / a, c / sum);
        let (low, high) = (one.min(other), one.max(other));
        if a > 0.0 {
            [Span { start: low, end: high }, Span::NONE]
        } else {
            [Span { end: low, ..Span::ALL }, Span { start: high, ..Span::ALL }]
        }
    }
}

/// A leg that moves, parametrised by the metres travelled from its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    from: Position,
    /// Unit vector along x, y and z.
    direction: [f64; 3],
    pub(super) length_m: f64,
    depart: SimTime,
    arrive: SimTime,
    duration_nanos: f64,
    pace: Pace,
}

impl Path {
    /// The path of a leg; none of a stay, a leg without duration, or one that is not finite.
    pub(super) fn of(leg: &Leg) -> Option<Path> {
        let length_m = leg.from.distance_m(leg.to);
        let moves = length_m > 0.0 && length_m.is_finite() && leg.arrive > leg.depart;
        moves.then(|| Path {
            from: leg.from,
            direction: [
                (leg.to.x_m - leg.from.x_m) / length_m,
                (leg.to.y_m - leg.from.y_m) / length_m,
                (leg.to.z_m - leg.from.z_m) / length_m,
            ],
            length_m,
            depart: leg.depart,
            arrive: leg.arrive,
            duration_nanos: leg.arrive.since(leg.depart).as_nanos() as f64,
            pace: leg.pace,
        })
    }

    /// The squared distance to `place`, in square metres, over the metres travelled.
    pub(super) fn approach(&self, place: Position) -> Quadratic {
        let [x, y, z] = self.direction;
        Quadratic {
            square: 1.0,
            half_linear: (self.from.x_m - place.x_m) * x
                + (self.from.y_m - place.y_m) * y
                + (self.from.z_m - place.z_m) * z,
            constant: self.from.squared_distance_m2(place),
        }
    }

    /// Metres travelled at `time`.
    pub(super) fn travelled_m(&self, time: SimTime) -> f64 {
        match self.pace {
            Pace::Even => {
                let passed = time.since(self.depart).as_nanos() as f64 / self.duration_nanos;
                self.length_m * passed.min(1.0)
            }
            Pace::Cubic { .. } if time >= self.arrive => self.length_m,
            pace @ Pace::Cubic { .. } => {
                pace.way_m(time.since(self.depart).as_secs()).clamp(0.0, self.length_m)
            }
        }
    }

    /// The place after `s` metres.
    pub(super) fn place(&self, s: f64) -> Position {
        let [x, y, z] = self.direction;
        Position { x_m: self.from.x_m + x * s, y_m: self.from.y_m + y * s, z_m: self.from.z_m + z * s }
    }

    /// The first nanosecond after `now`, up to the end of the leg, at which the metres travelled are
    /// within `span`.
    pub(super) fn first_within(&self, span: Span, now: SimTime) -> Option<SimTime> {
        if span.start >= self.length_m || span.end <= span.start {
            return None;
        }
        if self.pace != Pace::Even {
            return self.first_beyond(span.start, now).filter(|&time| self.travelled_m(time) < span.end);
        }
        let nanos = (span.start / self.length_m * self.duration_nanos).floor() - 1.0;
        // The cast takes negative numbers as zero.
        let estimate = self.depart + SimDuration::from_nanos(nanos as u64);
        let mut time = estimate.max(now + SimDuration::from_nanos(1));
        // Rounding puts the estimate a nanosecond or two before the instant. On legs of months, where floats
        // no longer tell nanoseconds apart, growing steps end the search.
        for step in repeat_n(1, 4).chain((1..u64::BITS).map(|power| 1 << power)) {
            if time > self.arrive || time <= now {
                return None;
            }
            let travelled_m = self.travelled_m(time);
            if travelled_m > span.start {
                return (travelled_m < span.end).then_some(time);
            }
            time += SimDuration::from_nanos(step);
        }
        None
    }

    /// The first nanosecond after `now`, up to the end of the leg, at which more than `start_m` metres are travelled,
    /// found by bisection, as the metres never fall.
    fn first_beyond(&self, start_m: f64, now: SimTime) -> Option<SimTime> {
        let mut low = now.max(self.depart).as_nanos();
        let mut high = self.arrive.as_nanos();
        if now.as_nanos() < self.depart.as_nanos() && self.travelled_m(self.depart) > start_m {
            return Some(self.depart);
        }
        let next = low + 1;
        if next > high || self.travelled_m(self.arrive) <= start_m {
            return None;
        }
        if self.travelled_m(SimTime::from_nanos(next)) > start_m {
            return Some(SimTime::from_nanos(next));
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.travelled_m(SimTime::from_nanos(middle)) > start_m {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(SimTime::from_nanos(high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The spans are where the quadratic is negative, and negating it keeps the roots to the bit.
        #[test]
        fn spans_are_where_the_quadratic_is_negative(
            square in prop_oneof![Just(0.0), -2.0..2.0f64],
            half_linear in prop_oneof![Just(0.0), -100.0..100.0f64],
            constant in -1e4..1e4f64,
            s in -200.0..200.0f64,
        ) {
            let quadratic = Quadratic { square, half_linear, constant };
            let value = square * s * s + 2.0 * half_linear * s + constant;
            if value.abs() > 1e-6 {
                prop_assert_eq!(quadratic.below(0.0).iter().any(|span| span.contains(s)), value < 0.0);
            }
            let ends = |spans: [Span; 2]| {
                let mut ends: Vec<u64> = spans
                    .iter()
                    .flat_map(|span| [span.start, span.end])
                    .filter(|end| end.is_finite())
                    .map(f64::to_bits)
                    .collect();
                ends.sort_unstable();
                ends
            };
            let negated = quadratic.scaled(-1.0);
            prop_assert_eq!(ends(quadratic.below(0.0)), ends(negated.below(0.0)));
        }

        /// The instant found is the first: the nanosecond before is not within the span.
        #[test]
        fn the_instant_is_the_first(
            length in 1e-3..1e5f64, seconds in 1e-3..1e5f64, start in 0.0..1.0f64, depart in 0.0..1e5f64,
        ) {
            let depart = SimTime::from_secs(depart);
            let arrive = depart + SimDuration::from_secs(seconds);
            let leg = Leg::straight(Position::default(), Position::ground(length, 0.0), depart, arrive);
            let path = Path::of(&leg).expect("the leg moves");
            let span = Span { start: start * length, end: f64::INFINITY };
            let found = path.first_within(span, SimTime::ZERO).expect("the end is within");
            prop_assert!(path.travelled_m(found) > span.start);
            let before = SimTime::from_nanos(found.as_nanos() - 1);
            prop_assert!(path.travelled_m(before) <= span.start || found.as_nanos() <= depart.as_nanos() + 1);
            let next = SimDuration::from_nanos(1);
            prop_assert_eq!(path.first_within(span, found), (found < arrive).then(|| found + next));
        }

        /// The same of a leg on which the speed changes from anything to anything, and the metres never fall.
        #[test]
        fn the_instant_is_the_first_of_a_cubic_pace(
            speed in 0.0..20.0f64, acceleration in 0.0..5.0f64, jerk in -0.9..0.9f64, seconds in 1e-3..100.0f64,
            start in 0.0..1.0f64, depart in 0.0..1e5f64,
        ) {
            let depart = SimTime::from_secs(depart);
            let arrive = depart + SimDuration::from_secs(seconds);
            // Of the acceleration no more is taken away than there is.
            let pace = Pace::Cubic {
                speed_m_per_s: speed,
                acceleration_m_per_s2: acceleration,
                jerk_m_per_s3: jerk * acceleration / seconds,
            };
            let length = pace.way_m(arrive.since(depart).as_secs());
            prop_assume!(length > 1e-3);
            let straight = Leg::straight(Position::default(), Position::ground(length, 0.0), depart, arrive);
            let leg = Leg { pace, ..straight };
            let path = Path::of(&leg).expect("the leg moves");
            let span = Span { start: start * length, end: f64::INFINITY };
            let found = path.first_within(span, SimTime::ZERO).expect("the end is within");
            prop_assert!(path.travelled_m(found) > span.start);
            let before = SimTime::from_nanos(found.as_nanos() - 1);
            prop_assert!(path.travelled_m(before) <= span.start || found <= depart);
            prop_assert_eq!(leg.position(found).x_m, leg.from.towards(leg.to, path.travelled_m(found) / length).x_m);
            let mut last_m = 0.0;
            for step in 0..=100 {
                let now_m = path.travelled_m(depart + SimDuration::from_secs(seconds * f64::from(step) / 100.0));
                prop_assert!(now_m >= last_m);
                last_m = now_m;
            }
        }
    }
}
