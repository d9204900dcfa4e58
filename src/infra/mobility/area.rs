//! Where devices may be.

use super::{MobilityError, check, check_place};
use crate::engine::EntityStream;
use crate::infra::geometry::Position;
use rand::RngExt;

/// A box with edges along the axes; a rectangle if both corners have the same height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    low: Position,
    high: Position,
}

impl Area {
    /// The area between the corner with the least and the one with the greatest coordinates.
    ///
    /// # Errors
    /// If a coordinate is not finite, or one of `low` exceeds that of `high`.
    pub fn new(low: Position, high: Position) -> Result<Self, MobilityError> {
        check_place("area", "low", low)?;
        check_place("area", "high", high)?;
        check(low.x_m <= high.x_m, "area", "high.x_m", high.x_m, "at least low.x_m")?;
        check(low.y_m <= high.y_m, "area", "high.y_m", high.y_m, "at least low.y_m")?;
        check(low.z_m <= high.z_m, "area", "high.z_m", high.z_m, "at least low.z_m")?;
        Ok(Area { low, high })
    }

    /// The rectangle on the ground from the origin to (`width_m`, `depth_m`).
    ///
    /// # Errors
    /// If a side is negative or not finite.
    pub fn rectangle(width_m: f64, depth_m: f64) -> Result<Self, MobilityError> {
        Self::new(Position::default(), Position::ground(width_m, depth_m))
    }

    /// The corner with the least coordinates.
    #[must_use]
    pub const fn low(&self) -> Position {
        self.low
    }

    /// The corner with the greatest coordinates.
    #[must_use]
    pub const fn high(&self) -> Position {
        self.high
    }

    /// Whether `place` lies inside or on the edge.
    #[must_use]
    pub fn contains(&self, place: Position) -> bool {
        (self.low.x_m..=self.high.x_m).contains(&place.x_m)
            && (self.low.y_m..=self.high.y_m).contains(&place.y_m)
            && (self.low.z_m..=self.high.z_m).contains(&place.z_m)
    }

    /// A place drawn uniformly from the area. Three draws.
    pub fn sample(&self, random: &mut EntityStream) -> Position {
        // Rounding may reach beyond the edge.
        let mut between = |low: f64, high: f64| (low + (high - low) * random.random::<f64>()).min(high);
        Position {
            x_m: between(self.low.x_m, self.high.x_m),
            y_m: between(self.low.y_m, self.high.y_m),
            z_m: between(self.low.z_m, self.high.z_m),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reversed_or_infinite_area_is_refused() {
        let error = Area::rectangle(-1.0, 2.0).expect_err("a negative side");
        assert_eq!(error.to_string(), "area: high.x_m is -1, but must be at least low.x_m");
        let error = Area::rectangle(1.0, f64::NAN).expect_err("not a number");
        assert_eq!(error.to_string(), "area: high.y_m is NaN, but must be finite");
    }
}
