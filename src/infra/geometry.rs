//! Places and straight movements between them, in metres of a local plane.

use crate::engine::SimTime;

/// A place in the local frame: metres east, north and up of the scenario's origin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    /// Metres east of the origin.
    pub x_m: f64,
    /// Metres north of the origin.
    pub y_m: f64,
    /// Metres above the ground.
    pub z_m: f64,
}

impl Position {
    /// A place on the ground.
    #[must_use]
    pub const fn ground(x_m: f64, y_m: f64) -> Self {
        Position { x_m, y_m, z_m: 0.0 }
    }

    /// Straight distance to `other` in metres.
    #[must_use]
    pub fn distance_m(self, other: Position) -> f64 {
        self.squared_distance_m2(other).sqrt()
    }

    /// Square of the straight distance to `other`, in square metres.
    #[must_use]
    pub fn squared_distance_m2(self, other: Position) -> f64 {
        (self.x_m - other.x_m).powi(2) + (self.y_m - other.y_m).powi(2) + (self.z_m - other.z_m).powi(2)
    }

    /// The place `fraction` of the way to `other`.
    #[must_use]
    pub fn towards(self, other: Position, fraction: f64) -> Position {
        Position {
            x_m: self.x_m + (other.x_m - self.x_m) * fraction,
            y_m: self.y_m + (other.y_m - self.y_m) * fraction,
            z_m: self.z_m + (other.z_m - self.z_m) * fraction,
        }
    }
}

/// How the way along a leg grows with time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Pace {
    /// At constant speed.
    #[default]
    Even,
    /// As a polynomial of third degree: v t + a t^2 / 2 + j t^3 / 6 metres after t seconds, which must not fall and must
    /// come to the length of the leg at its end, but for rounding.
    Cubic {
        /// Speed at the start in m/s (v).
        speed_m_per_s: f64,
        /// Change of speed at the start in m/s2 (a).
        acceleration_m_per_s2: f64,
        /// Change of that in m/s3 (j).
        jerk_m_per_s3: f64,
    },
}

impl Pace {
    /// Metres of a cubic pace after these seconds; zero of an even one, which depends on the leg.
    pub(super) fn way_m(self, seconds: f64) -> f64 {
        match self {
            Pace::Even => 0.0,
            Pace::Cubic { speed_m_per_s, acceleration_m_per_s2, jerk_m_per_s3 } => {
                let half = acceleration_m_per_s2 / 2.0 + jerk_m_per_s3 / 6.0 * seconds;
                (speed_m_per_s + half * seconds) * seconds
            }
        }
    }
}

/// A movement along a straight line, at constant speed or with a profile, so that the place is exact at any time. A leg
/// whose ends are the same place is a stay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Where it starts.
    pub from: Position,
    /// Where it ends.
    pub to: Position,
    /// When it starts.
    pub depart: SimTime,
    /// When it ends; [`SimTime::MAX`] of a stay for ever.
    pub arrive: SimTime,
    /// How the way grows with time.
    pub pace: Pace,
}

impl Leg {
    /// A movement at constant speed.
    ///
    /// ```
    /// use stratosim::engine::SimTime;
    /// use stratosim::infra::{Leg, Position};
    /// let to = Position::ground(30.0, 40.0);
    /// let leg = Leg::straight(Position::default(), to, SimTime::ZERO, SimTime::from_secs(10.0));
    /// assert_eq!(leg.speed_m_per_s(), 5.0);
    /// ```
    #[must_use]
    pub const fn straight(from: Position, to: Position, depart: SimTime, arrive: SimTime) -> Self {
        Leg { from, to, depart, arrive, pace: Pace::Even }
    }

    /// A stay at `place` from `since` to `until`.
    #[must_use]
    pub const fn stay(place: Position, since: SimTime, until: SimTime) -> Self {
        Leg::straight(place, place, since, until)
    }

    /// The place at `time`; before the leg its start, after it its end.
    #[must_use]
    pub fn position(&self, time: SimTime) -> Position {
        if time >= self.arrive {
            return self.to;
        }
        let passed = time.since(self.depart).as_secs();
        if passed <= 0.0 || self.from == self.to {
            return self.from;
        }
        let fraction = match self.pace {
            Pace::Even => passed / self.arrive.since(self.depart).as_secs(),
            pace @ Pace::Cubic { .. } => {
                (pace.way_m(passed) / self.from.distance_m(self.to)).clamp(0.0, 1.0)
            }
        };
        self.from.towards(self.to, fraction)
    }

    /// Mean speed in metres a second; zero of a stay and of a leg without duration.
    #[must_use]
    pub fn speed_m_per_s(&self) -> f64 {
        let seconds = self.arrive.since(self.depart).as_secs();
        if seconds > 0.0 && self.from != self.to { self.from.distance_m(self.to) / seconds } else { 0.0 }
    }

    /// Speed at `time` in metres a second; before the leg that of its start, after it that of its end.
    #[must_use]
    pub fn speed_at(&self, time: SimTime) -> f64 {
        match self.pace {
            Pace::Even => self.speed_m_per_s(),
            Pace::Cubic { speed_m_per_s, acceleration_m_per_s2, jerk_m_per_s3 } => {
                let passed = time.min(self.arrive).since(self.depart).as_secs().max(0.0);
                let gained = (acceleration_m_per_s2 + jerk_m_per_s3 * passed / 2.0) * passed;
                (speed_m_per_s + gained).max(0.0)
            }
        }
    }

    /// Change of speed at `time` in m/s2, below zero while it brakes; zero before and after the leg.
    #[must_use]
    pub fn acceleration_at(&self, time: SimTime) -> f64 {
        match self.pace {
            Pace::Cubic { acceleration_m_per_s2, jerk_m_per_s3, .. }
                if self.depart <= time && time < self.arrive =>
            {
                acceleration_m_per_s2 + jerk_m_per_s3 * time.since(self.depart).as_secs()
            }
            _ => 0.0,
        }
    }

    /// The unit vector east, north and up of the way; zeros of a stay.
    #[must_use]
    pub fn direction(&self) -> [f64; 3] {
        let length_m = self.from.distance_m(self.to);
        if length_m > 0.0 {
            [self.to.x_m - self.from.x_m, self.to.y_m - self.from.y_m, self.to.z_m - self.from.z_m]
                .map(|part| part / length_m)
        } else {
            [0.0; 3]
        }
    }

    /// Direction over the ground in degrees clockwise from north, 0 to 360; `None` of a stay or of a movement
    /// straight up or down.
    #[must_use]
    pub fn heading_deg(&self) -> Option<f64> {
        let (east_m, north_m) = (self.to.x_m - self.from.x_m, self.to.y_m - self.from.y_m);
        let heading_deg = east_m.atan2(north_m).to_degrees();
        (east_m != 0.0 || north_m != 0.0).then(|| {
            // A tiny negative angle comes to 360 itself, which is 0.
            let positive_deg = heading_deg.rem_euclid(360.0);
            if positive_deg >= 360.0 { 0.0 } else { positive_deg }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_exact_between_the_ends() {
        let (depart, arrive) = (SimTime::from_secs(10.0), SimTime::from_secs(20.0));
        let leg = Leg::straight(Position::default(), Position::ground(30.0, 40.0), depart, arrive);
        assert_eq!(leg.position(SimTime::from_secs(5.0)), leg.from);
        assert_eq!(leg.position(SimTime::from_secs(12.0)), Position::ground(6.0, 8.0));
        assert_eq!(leg.position(SimTime::from_secs(99.0)), leg.to);
        assert_eq!(leg.speed_m_per_s(), 5.0);
        assert_eq!(Leg::stay(leg.to, SimTime::ZERO, SimTime::MAX).speed_m_per_s(), 0.0);
    }

    #[test]
    fn a_cubic_pace_is_exact() {
        // From 1 m/s with 2 m/s2 and -0.6 m/s3: after 3 s 3 + 9 - 2.7 = 9.3 m, at 1 + 6 - 2.7 = 4.3 m/s.
        let pace = Pace::Cubic { speed_m_per_s: 1.0, acceleration_m_per_s2: 2.0, jerk_m_per_s3: -0.6 };
        let to = Position { x_m: 0.0, y_m: 0.0, z_m: 9.3 };
        let (depart, arrive) = (SimTime::from_secs(1.0), SimTime::from_secs(4.0));
        let leg = Leg { pace, ..Leg::straight(Position::default(), to, depart, arrive) };
        let at = SimTime::from_secs(3.0);
        assert!((leg.position(at).z_m - (2.0 + 4.0 - 0.8)).abs() < 1e-12);
        assert!((leg.speed_at(at) - (1.0 + 4.0 - 1.2)).abs() < 1e-12);
        assert!((leg.acceleration_at(at) - 0.8).abs() < 1e-12);
        assert_eq!(leg.position(arrive), to);
        assert!((leg.speed_at(SimTime::from_secs(9.0)) - 4.3).abs() < 1e-12);
        assert_eq!(leg.acceleration_at(arrive), 0.0);
        assert!((leg.speed_m_per_s() - 3.1).abs() < 1e-12);
        assert_eq!(leg.direction(), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn headings_are_clockwise_from_north() {
        let origin = Position::default();
        let heading = |x_m: f64, y_m: f64| {
            let to = Position { x_m, y_m, z_m: 7.0 };
            Leg::straight(origin, to, SimTime::ZERO, SimTime::from_secs(1.0)).heading_deg()
        };
        assert_eq!(heading(0.0, 5.0), Some(0.0));
        assert_eq!(heading(5.0, 0.0), Some(90.0));
        assert_eq!(heading(0.0, -5.0), Some(180.0));
        assert_eq!(heading(-5.0, 0.0), Some(270.0));
        assert_eq!(heading(-1e-300, 1.0), Some(0.0));
        assert_eq!(heading(0.0, 0.0), None);
    }
}
