//! Fuzzy sets: to what degree a number is low, medium or high.

use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Points of a gaussian set that is made piecewise linear: its degrees are then right within 0.002.
const GAUSSIAN_POINTS: i32 = 48;

/// Standard deviations at which a gaussian set is cut off.
const GAUSSIAN_REACH: f64 = 6.0;

/// A shape of a fuzzy set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// Degree 1 at the peak, falling in lines to 0 at both ends.
    Triangle {
        /// Where it begins.
        left: f64,
        /// Where it is 1.
        peak: f64,
        /// Where it ends.
        right: f64,
    },
    /// Degree 1 from one place to another, falling in lines to 0 at both ends.
    Trapezoid {
        /// Where it begins.
        left: f64,
        /// From where it is 1.
        from: f64,
        /// To where it is 1.
        to: f64,
        /// Where it ends.
        right: f64,
    },
    /// exp(-((x - mean) / σ)² / 2).
    Gaussian {
        /// Where it is 1.
        mean: f64,
        /// σ.
        #[schemars(extend("exclusiveMinimum" = 0.0))]
        standard_deviation: f64,
    },
}

/// A fuzzy set.
///
/// ```
/// use stratosim::placement::fuzzy::{FuzzySet, Shape};
/// let medium = FuzzySet::Shape(Shape::Triangle { left: 30.0, peak: 50.0, right: 70.0 });
/// assert_eq!((medium.degree(40.0), medium.degree(80.0)), (0.5, 0.0));
/// let low = FuzzySet::Points(vec![[0.0, 1.0], [20.0, 1.0], [40.0, 0.0]]);
/// assert_eq!((low.degree(-5.0), low.degree(25.0)), (1.0, 0.75));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FuzzySet {
    /// Lines through these points [x, degree], x not decreasing, and constant beyond them. Two points of
    /// the same x are a step, at which the higher one holds.
    Points(Vec<[f64; 2]>),
    /// A shape.
    Shape(Shape),
}

impl FuzzySet {
    /// The degree to which `x` belongs to the set, in 0..=1; 0 of what is not a number.
    #[must_use]
    pub fn degree(&self, x: f64) -> f64 {
        if x.is_nan() {
            return 0.0;
        }
        match self {
            FuzzySet::Shape(Shape::Gaussian { mean, standard_deviation }) => {
                (-0.5 * ((x - mean) / standard_deviation).powi(2)).exp()
            }
            FuzzySet::Shape(shape) => degree_of_points(&shape.corners(), x),
            FuzzySet::Points(points) => degree_of_points(points, x),
        }
    }

    /// Points through which the set goes: exactly, but within 0.002 of a gaussian one.
    pub(super) fn points(&self) -> Vec<[f64; 2]> {
        match self {
            FuzzySet::Points(points) => points.clone(),
            FuzzySet::Shape(Shape::Gaussian { mean, standard_deviation }) => {
                let points = (-GAUSSIAN_POINTS..=GAUSSIAN_POINTS).map(|step| {
                    let deviations = GAUSSIAN_REACH * f64::from(step) / f64::from(GAUSSIAN_POINTS);
                    let x = mean + deviations * standard_deviation;
                    [x, if step.abs() == GAUSSIAN_POINTS { 0.0 } else { self.degree(x) }]
                });
                points.collect()
            }
            FuzzySet::Shape(shape) => shape.corners().to_vec(),
        }
    }

    /// Whether it is a set.
    ///
    /// # Errors
    /// What is wrong: points that go back, degrees outside of 0..=1, corners out of order.
    pub(super) fn check(&self) -> Result<(), ParameterError> {
        match self {
            FuzzySet::Points(points) => check_points(points),
            FuzzySet::Shape(Shape::Gaussian { mean, standard_deviation }) => {
                if !(mean.is_finite() && standard_deviation.is_finite() && *standard_deviation > 0.0) {
                    return Err(ParameterError::new(format!(
                        "found the standard deviation {standard_deviation}, expected one above 0"
                    ))
                    .at("standard_deviation"));
                }
                Ok(())
            }
            FuzzySet::Shape(shape) => {
                let corners = shape.corners().map(|[x, _]| x);
                if corners.iter().all(|x| x.is_finite()) && corners.is_sorted() {
                    return Ok(());
                }
                Err(ParameterError::new(format!(
                    "the corners of a set must not decrease: found {}",
                    shape.named_corners()
                )))
            }
        }
    }
}

impl Shape {
    /// The corners of what has corners; of a triangle the peak twice.
    fn corners(&self) -> [[f64; 2]; 4] {
        match *self {
            Shape::Triangle { left, peak, right } => {
                [[left, 0.0], [peak, 1.0], [peak, 1.0], [right, 0.0]]
            }
            Shape::Trapezoid { left, from, to, right } => {
                [[left, 0.0], [from, 1.0], [to, 1.0], [right, 0.0]]
            }
            Shape::Gaussian { mean, .. } => [[mean, 1.0]; 4],
        }
    }

    fn named_corners(&self) -> String {
        match self {
            Shape::Triangle { left, peak, right } => {
                format!("left {left}, peak {peak}, right {right}")
            }
            Shape::Trapezoid { left, from, to, right } => {
                format!("left {left}, from {from}, to {to}, right {right}")
            }
            Shape::Gaussian { mean, .. } => format!("mean {mean}"),
        }
    }
}

fn check_points(points: &[[f64; 2]]) -> Result<(), ParameterError> {
    if points.is_empty() {
        return Err(ParameterError::new("a set needs at least one point [x, degree]"));
    }
    for (index, &[x, degree]) in points.iter().enumerate() {
        let problem = if index > 0 && x < points[index - 1][0] {
            format!("found x = {x} after {}: the x of points must not decrease", points[index - 1][0])
        } else if !(0.0..=1.0).contains(&degree) {
            format!("found the degree {degree}, expected one from 0 to 1")
        } else {
            continue;
        };
        return Err(ParameterError::new(problem).at_index(index));
    }
    Ok(())
}

fn degree_of_points(points: &[[f64; 2]], x: f64) -> f64 {
    // The first point beyond x, and the last one at or before it.
    let beyond = points.partition_point(|point| point[0] <= x);
    let (Some(&[left, low]), Some(&[right, high])) =
        (beyond.checked_sub(1).and_then(|before| points.get(before)), points.get(beyond))
    else {
        let edge = if beyond == 0 { points.first() } else { points.last() };
        let at_step = points.iter().filter(|point| point[0] == x).map(|point| point[1]);
        return at_step.fold(edge.map_or(0.0, |point| point[1]), f64::max);
    };
    if left == x {
        return points.iter().filter(|point| point[0] == x).map(|point| point[1]).fold(low, f64::max);
    }
    low + (high - low) * (x - left) / (right - left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_as_drawn() {
        let points = FuzzySet::Points(vec![[2.0, 0.0], [7.0, 1.0], [12.0, 0.0]]);
        let triangle = FuzzySet::Shape(Shape::Triangle { left: 2.0, peak: 7.0, right: 12.0 });
        for (x, degree) in [(0.0, 0.0), (2.0, 0.0), (4.5, 0.5), (7.0, 1.0), (11.0, 0.2), (99.0, 0.0)] {
            assert!((points.degree(x) - degree).abs() < 1e-12, "{x}");
            assert!((triangle.degree(x) - degree).abs() < 1e-12, "{x}");
        }
        let trapezoid = FuzzySet::Shape(Shape::Trapezoid { left: 0.0, from: 0.0, to: 2.0, right: 4.0 });
        let degrees = [-1.0, 0.0, 1.0, 3.0, 4.0].map(|x| trapezoid.degree(x));
        assert_eq!(degrees, [0.0, 1.0, 1.0, 0.5, 0.0]);
        let step = FuzzySet::Points(vec![[1.0, 0.2], [1.0, 0.8], [2.0, 0.8]]);
        assert_eq!([0.0, 1.0, 1.5, 9.0].map(|x| step.degree(x)), [0.2, 0.8, 0.8, 0.8]);
        assert_eq!(step.degree(f64::NAN), 0.0);
    }

    #[test]
    fn a_gaussian_set_and_its_points_agree() {
        let set = FuzzySet::Shape(Shape::Gaussian { mean: 3.0, standard_deviation: 2.0 });
        assert!((set.degree(5.0) - (-0.5_f64).exp()).abs() < 1e-15);
        let lines = FuzzySet::Points(set.points());
        let worst = (-200..400).map(|step| {
            let x = f64::from(step) * 0.05;
            (set.degree(x) - lines.degree(x)).abs()
        });
        assert!(worst.fold(0.0, f64::max) < 0.002);
    }

    #[test]
    fn sets_that_are_none_are_told() {
        let points = |points: &[[f64; 2]]| FuzzySet::Points(points.to_vec());
        for (set, expected) in [
            (points(&[]), "at least one point"),
            (points(&[[1.0, 0.0], [0.5, 1.0]]), "found x = 0.5 after 1"),
            (points(&[[1.0, 1.5]]), "degree 1.5"),
            (
                FuzzySet::Shape(Shape::Triangle { left: 2.0, peak: 1.0, right: 3.0 }),
                "left 2, peak 1, right 3",
            ),
            (
                FuzzySet::Shape(Shape::Gaussian { mean: 0.0, standard_deviation: 0.0 }),
                "standard deviation 0",
            ),
        ] {
            let error = set.check().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
