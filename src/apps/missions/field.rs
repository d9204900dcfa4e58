//! How well weeds are seen over a field, where weeds are, and what is made of them.
//!
//! A detector sees a weed at a place with the probability that its [`DetectionMap`] has there; two detectors see one
//! independently of each other. Weeds are a Poisson process over the ground. What an observer passes over in a while is
//! drawn when it has passed, always with the same number of draws for a weed, so that the weeds and what either detector
//! makes of them are the same whatever a policy does.

use super::coverage::Point;
use crate::engine::{Distribution, DistributionError, Stream};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Number of waves of a smooth field: with more its values are nearer to a normal distribution.
const WAVES: usize = 64;

/// What is wrong with a map of detection or with a density.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FieldError {
    /// A share that is none.
    #[error("the {name} of detection must lie from 0 to 1, and it is {value}")]
    Share {
        /// Which one.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The correlation length is not above 0.
    #[error("the correlation length must be above 0, and it is {0} m")]
    Correlation(f64),
    /// The grid has too few rows or columns, or not the same number of columns in each row.
    #[error("a grid needs at least one row, and as many values in each row as in the first: {0}")]
    Shape(String),
    /// The size of a cell is not above 0.
    #[error("a cell of a grid must have a size above 0, and it is {0} m")]
    CellSize(f64),
    /// The density cannot be drawn from.
    #[error(transparent)]
    Density(#[from] DistributionError),
}

/// A wave of a smooth field: radians a metre east and north, and at the origin.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Wave {
    east: f64,
    north: f64,
    phase: f64,
}

#[derive(Clone, Debug, PartialEq)]
enum Map {
    Smooth { mean: f64, amplitude: f64, waves: Vec<Wave> },
    Grid { origin: Point, cell_m: f64, columns: usize, values: Vec<f64> },
}

/// The probability that a detector sees a weed, by place.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectionMap(Map);

fn share(name: &'static str, value: f64) -> Result<f64, FieldError> {
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(FieldError::Share { name, value }) }
}

impl DetectionMap {
    /// The same everywhere.
    ///
    /// # Errors
    /// If it is no probability.
    pub fn uniform(mean: f64) -> Result<Self, FieldError> {
        Ok(DetectionMap(Map::Smooth { mean: share("mean", mean)?, amplitude: 0.0, waves: Vec::new() }))
    }

    /// A smooth random field of this mean and spread (standard deviation), cut off at 0 and 1. Places `r` apart are
    /// correlated by `exp(-r^2 / (2 l^2))` with the correlation length `l`: the spectral method with waves of random
    /// direction and length (Shinozuka and Deodatis, *Simulation of stochastic processes by spectral representation*,
    /// 1991).
    ///
    /// # Errors
    /// If mean or spread do not lie from 0 to 1, or the correlation length is not above 0.
    ///
    /// ```
    /// use stratosim::apps::missions::DetectionMap;
    /// use stratosim::engine::RandomStreams;
    /// let mut random = RandomStreams::new(1).stream("field");
    /// let map = DetectionMap::smooth(0.8, 0.1, 50.0, &mut random)?;
    /// let (here, near) = (map.at([10.0, 10.0]), map.at([10.1, 10.0]));
    /// assert!((0.0..=1.0).contains(&here) && (here - near).abs() < 0.01);
    /// # Ok::<(), stratosim::apps::missions::FieldError>(())
    /// ```
    pub fn smooth(
        mean: f64,
        spread: f64,
        correlation_m: f64,
        random: &mut Stream,
    ) -> Result<Self, FieldError> {
        let (mean, spread) = (share("mean", mean)?, share("spread", spread)?);
        if !(correlation_m > 0.0 && correlation_m.is_finite()) {
            return Err(FieldError::Correlation(correlation_m));
        }
        let waves = (0..WAVES).map(|_| {
            let [east, north] =
                [(), ()].map(|()| random.sample::<f64, _>(StandardNormal) / correlation_m);
            Wave { east, north, phase: random.random::<f64>() * std::f64::consts::TAU }
        });
        let waves = waves.collect();
        let amplitude = spread * (2.0 / WAVES as f64).sqrt();
        Ok(DetectionMap(Map::Smooth { mean, amplitude, waves }))
    }

    /// Values at the middles of the cells of a grid, row by row from the south, each row from the west; between them
    /// bilinear, and outside as at the edge. `origin` is the south-western corner of the grid.
    ///
    /// # Errors
    /// If there is no value, rows differ in length, or a value is no probability.
    pub fn grid(origin: Point, cell_m: f64, rows: &[Vec<f64>]) -> Result<Self, FieldError> {
        if !(cell_m > 0.0 && cell_m.is_finite()) {
            return Err(FieldError::CellSize(cell_m));
        }
        let columns = rows.first().map_or(0, Vec::len);
        if columns == 0 {
            return Err(FieldError::Shape("there is no value".to_owned()));
        }
        if let Some(odd) = rows.iter().position(|row| row.len() != columns) {
            let found = rows[odd].len();
            return Err(FieldError::Shape(format!(
                "row {odd} has {found} values in place of {columns}"
            )));
        }
        let values: Result<Vec<f64>, FieldError> =
            rows.iter().flatten().map(|&value| share("value", value)).collect();
        Ok(DetectionMap(Map::Grid { origin, cell_m, columns, values: values? }))
    }

    /// The probability at a place.
    #[must_use]
    pub fn at(&self, place: Point) -> f64 {
        match &self.0 {
            Map::Smooth { mean, amplitude, waves } => {
                let of = |wave: &Wave| (wave.east * place[0] + wave.north * place[1] + wave.phase).cos();
                let sum: f64 = waves.iter().map(of).sum();
                (mean + amplitude * sum).clamp(0.0, 1.0)
            }
            Map::Grid { origin, cell_m, columns, values } => {
                let rows = values.len() / columns;
                let part = |axis: usize, cells: usize| {
                    let cell = (place[axis] - origin[axis]) / cell_m - 0.5;
                    let cell = cell.clamp(0.0, (cells - 1) as f64);
                    let low = cell.floor().min((cells - 1) as f64);
                    (low as usize, ((low as usize) + 1).min(cells - 1), cell - low)
                };
                let (west, east, x) = part(0, *columns);
                let (south, north, y) = part(1, rows);
                let value = |row: usize, column: usize| values[row * columns + column];
                let along = |row: usize| value(row, west) * (1.0 - x) + value(row, east) * x;
                along(south) * (1.0 - y) + along(north) * y
            }
        }
    }

    /// Its mean along a segment, by Simpson's rule over pieces of at most `step_m` metres.
    #[must_use]
    pub fn mean_along(&self, from: Point, to: Point, step_m: f64) -> f64 {
        mean_along(&|place| self.at(place), from, to, step_m)
    }
}

/// The mean of a function along a segment, by Simpson's rule over pieces of at most `step_m` metres.
fn mean_along(function: &dyn Fn(Point) -> f64, from: Point, to: Point, step_m: f64) -> f64 {
    let length_m = (to[0] - from[0]).hypot(to[1] - from[1]);
    let pieces = (length_m / step_m).ceil().clamp(1.0, 1e4) as usize;
    let at = |share: f64| {
        function([from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])])
    };
    let piece = |number: usize| {
        let [start, middle, end] = [0.0, 0.5, 1.0].map(|part| (number as f64 + part) / pieces as f64);
        (at(start) + 4.0 * at(middle) + at(end)) / 6.0
    };
    (0..pieces).map(piece).sum::<f64>() / pieces as f64
}

/// The probability that one of two detectors sees what each of them sees independently of the other.
#[must_use]
pub fn together(one: f64, other: f64) -> f64 {
    1.0 - (1.0 - one) * (1.0 - other)
}

/// Weeds that were passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weeds {
    /// All.
    pub passed: u64,
    /// Seen by the observer's own detector.
    pub by_own: u64,
    /// Seen by the helper's.
    pub by_helper: u64,
    /// Seen by one of the two.
    pub by_either: u64,
}

impl Weeds {
    /// Adds others.
    pub fn add(&mut self, other: Weeds) {
        self.passed += other.passed;
        self.by_own += other.by_own;
        self.by_helper += other.by_helper;
        self.by_either += other.by_either;
    }
}

/// What is scanned: how wide a strip is seen, what grows there, and how well it is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct ScannedField {
    /// Width in metres of the strip along a line, above 0.
    pub width_m: f64,
    /// Weeds a square metre on average.
    pub density_per_m2: f64,
    /// Of the vehicle's own detector.
    pub own: DetectionMap,
    /// Of a drone that helps.
    pub helper: DetectionMap,
}

impl ScannedField {
    /// What a helper adds to the probability that a weed is seen, on average along a segment.
    #[must_use]
    pub fn mean_gain(&self, from: Point, to: Point) -> f64 {
        let gain = |place| {
            let own = self.own.at(place);
            together(own, self.helper.at(place)) - own
        };
        mean_along(&gain, from, to, self.width_m)
    }

    /// The probability that the vehicle's own detector sees a weed, on average along a segment.
    #[must_use]
    pub fn mean_own(&self, from: Point, to: Point) -> f64 {
        self.own.mean_along(from, to, self.width_m)
    }
}

/// Passes over the ground from one place to another, and draws the weeds there, at places along the way, and what the
/// vehicle and its helper see of them. `helps` tells whether the helper is there, by the share of the way.
///
/// # Errors
/// If the number cannot be drawn: more than 1e19 weeds on average.
pub fn pass_over<R: Rng>(
    field: &ScannedField,
    from: Point,
    to: Point,
    helps: &dyn Fn(f64) -> bool,
    random: &mut R,
) -> Result<Weeds, FieldError> {
    let area_m2 = (to[0] - from[0]).hypot(to[1] - from[1]) * field.width_m;
    let expected = area_m2 * field.density_per_m2;
    let mut weeds = Weeds::default();
    // Nothing grows where nobody went: no draw.
    if expected <= 0.0 {
        return Ok(weeds);
    }
    weeds.passed = Distribution::poisson(expected)?.sample(random) as u64;
    for _ in 0..weeds.passed {
        let [along, own, helper]: [f64; 3] = [(), (), ()].map(|()| random.random());
        let place = [from[0] + along * (to[0] - from[0]), from[1] + along * (to[1] - from[1])];
        let (by_own, by_helper) = (own < field.own.at(place), helper < field.helper.at(place));
        let by_helper = by_helper && helps(along);
        weeds.by_own += u64::from(by_own);
        weeds.by_helper += u64::from(by_helper);
        weeds.by_either += u64::from(by_own || by_helper);
    }
    Ok(weeds)
}

#[cfg(test)]
mod tests;
