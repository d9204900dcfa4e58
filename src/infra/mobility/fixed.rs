//! Devices that stay where they are.

use super::{Area, MobilityError, MobilityModel, Mover, check, check_place};
use crate::engine::SimTime;
use crate::infra::geometry::{Leg, Position};

/// Devices that never move.
#[derive(Clone, Debug)]
pub struct Static {
    layout: Layout,
}

#[derive(Clone, Debug)]
enum Layout {
    Given(Vec<Position>),
    Uniform(Area),
    Grid { area: Area, columns: u32, rows: u32 },
}

impl Static {
    /// Device `i` stays at position `i`; positions are used again when there are more devices.
    ///
    /// # Errors
    /// If there are no positions, or a coordinate is not finite.
    pub fn at(positions: Vec<Position>) -> Result<Self, MobilityError> {
        check(!positions.is_empty(), "static", "number of positions", 0.0, "at least 1")?;
        for (index, &place) in positions.iter().enumerate() {
            check_place("static", &format!("positions[{index}]"), place)?;
        }
        Ok(Static { layout: Layout::Given(positions) })
    }

    /// Each device stays at a place of its own, drawn uniformly from `area`.
    #[must_use]
    pub const fn uniform(area: Area) -> Self {
        Static { layout: Layout::Uniform(area) }
    }

    /// Devices stay at the centres of a grid's cells, row after row from the least coordinates, at the
    /// mean height of `area`; cells are used again when there are more devices.
    ///
    /// # Errors
    /// If there are no columns or no rows.
    pub fn grid(area: Area, columns: u32, rows: u32) -> Result<Self, MobilityError> {
        check(columns > 0, "static", "columns", 0.0, "at least 1")?;
        check(rows > 0, "static", "rows", 0.0, "at least 1")?;
        Ok(Static { layout: Layout::Grid { area, columns, rows } })
    }
}

impl MobilityModel for Static {
    fn start(&mut self, mover: &mut Mover<'_>) -> Leg {
        let place = match &self.layout {
            Layout::Given(positions) => positions[mover.index as usize % positions.len()],
            Layout::Uniform(area) => area.sample(mover.random),
            &Layout::Grid { area, columns, rows } => {
                let (low, high) = (area.low(), area.high());
                let centre = |cell: u32, cells: u32, low: f64, high: f64| {
                    low + (high - low) * (f64::from(cell) + 0.5) / f64::from(cells)
                };
                Position {
                    x_m: centre(mover.index % columns, columns, low.x_m, high.x_m),
                    y_m: centre(mover.index / columns % rows, rows, low.y_m, high.y_m),
                    z_m: low.z_m.midpoint(high.z_m),
                }
            }
        };
        Leg::stay(place, mover.now, SimTime::MAX)
    }

    fn next_leg(&mut self, previous: &Leg, mover: &mut Mover<'_>) -> Leg {
        Leg::stay(previous.to, mover.now, SimTime::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::legs;
    use super::*;

    fn places(mut model: Static, devices: u32) -> Vec<Position> {
        (0..devices)
            .map(|index| {
                let legs = legs(&mut model, 1, index, 10);
                assert_eq!(legs.len(), 1);
                assert_eq!((legs[0].from, legs[0].arrive), (legs[0].to, SimTime::MAX));
                legs[0].from
            })
            .collect()
    }

    #[test]
    fn devices_are_where_they_were_put() {
        let [a, b] = [Position::ground(1.0, 2.0), Position::ground(3.0, 4.0)];
        assert_eq!(places(Static::at(vec![a, b]).expect("good positions"), 3), [a, b, a]);
        let area = Area::rectangle(40.0, 20.0).expect("a good area");
        let grid = Static::grid(area, 2, 2).expect("a good grid");
        let centres = [(10.0, 5.0), (30.0, 5.0), (10.0, 15.0), (30.0, 15.0), (10.0, 5.0)];
        assert_eq!(places(grid, 5), centres.map(|(x, y)| Position::ground(x, y)));
        let drawn = places(Static::uniform(area), 100);
        assert!(drawn.iter().all(|&place| area.contains(place)));
        assert_eq!(drawn, places(Static::uniform(area), 100));
        // Standard error of the mean of uniforms on 0..40: 40 / sqrt(12 * 100) = 1.15.
        let mean = drawn.iter().map(|place| place.x_m).sum::<f64>() / 100.0;
        assert!((mean - 20.0).abs() < 4.0 * 1.15, "{mean}");
    }

    #[test]
    fn bad_layouts_are_refused() {
        assert!(Static::at(Vec::new()).is_err());
        let error = Static::at(vec![Position::default(), Position::ground(0.0, f64::INFINITY)]);
        let message = error.expect_err("an infinite coordinate").to_string();
        assert_eq!(message, "static: positions[1].y_m is inf, but must be finite");
        assert!(Static::grid(Area::rectangle(1.0, 1.0).expect("a good area"), 0, 1).is_err());
    }
}
