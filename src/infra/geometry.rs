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

/// A movement along a straight line at constant speed, so that the place is exact at any time. A leg
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
}

impl Leg {
    /// A stay at `place` from `since` to `until`.
    #[must_use]
    pub const fn stay(place: Position, since: SimTime, until: SimTime) -> Self {
        Leg { from: place, to: place, depart: since, arrive: until }
    }

    /// The place at `time`; before the leg its start, after it its end.
    #[must_use]
    pub fn position(&self, time: SimTime) -> Position {
        if time >= self.arrive {
            return self.to;
        }
        let passed = time.since(self.depart).as_secs();
        let whole = self.arrive.since(self.depart).as_secs();
        if passed <= 0.0 || self.from == self.to {
            self.from
        } else {
            self.from.towards(self.to, passed / whole)
        }
    }

    /// Speed in metres a second; zero of a stay and of a leg without duration.
    #[must_use]
    pub fn speed_m_per_s(&self) -> f64 {
        let seconds = self.arrive.since(self.depart).as_secs();
        if seconds > 0.0 && self.from != self.to { self.from.distance_m(self.to) / seconds } else { 0.0 }
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
        let leg = Leg {
            from: Position::ground(0.0, 0.0),
            to: Position::ground(30.0, 40.0),
            depart: SimTime::from_secs(10.0),
            arrive: SimTime::from_secs(20.0),
        };
        assert_eq!(leg.position(SimTime::from_secs(5.0)), leg.from);
        assert_eq!(leg.position(SimTime::from_secs(12.0)), Position::ground(6.0, 8.0));
        assert_eq!(leg.position(SimTime::from_secs(99.0)), leg.to);
        assert_eq!(leg.speed_m_per_s(), 5.0);
        assert_eq!(Leg::stay(leg.to, SimTime::ZERO, SimTime::MAX).speed_m_per_s(), 0.0);
    }

    #[test]
    fn headings_are_clockwise_from_north() {
        let origin = Position::default();
        let heading = |x_m: f64, y_m: f64| {
            let to = Position { x_m, y_m, z_m: 7.0 };
            Leg { from: origin, to, depart: SimTime::ZERO, arrive: SimTime::from_secs(1.0) }
                .heading_deg()
        };
        assert_eq!(heading(0.0, 5.0), Some(0.0));
        assert_eq!(heading(5.0, 0.0), Some(90.0));
        assert_eq!(heading(0.0, -5.0), Some(180.0));
        assert_eq!(heading(-5.0, 0.0), Some(270.0));
        assert_eq!(heading(-1e-300, 1.0), Some(0.0));
        assert_eq!(heading(0.0, 0.0), None);
    }
}
