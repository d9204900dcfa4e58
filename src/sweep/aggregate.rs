//! Mean, standard deviation and confidence interval of the runs of a point.

use crate::engine::Summary;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The mean of a sample and how well it is known.
///
/// The confidence interval is Student's: mean ± t(n - 1) · s / √n, which holds for independent runs with
/// nearly normal results, and nearly so for others once there are a few dozen.
///
/// ```
/// use stratosim::sweep::Interval;
/// let interval = Interval::of([4.0, 5.0, 6.0], 0.95).unwrap();
/// assert_eq!((interval.n, interval.mean, interval.standard_deviation), (3, 5.0, 1.0));
/// assert!((interval.half_width - 4.302653 / 3.0_f64.sqrt()).abs() < 1e-6); // t(2) = 4.302653
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Number of values.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation (n - 1); NaN of a single value.
    pub standard_deviation: f64,
    /// Half-width of the confidence interval of the mean; NaN of a single value.
    pub half_width: f64,
}

impl Interval {
    /// The interval of the mean at a level of confidence in 0..1; `None` if there are no values.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>, confidence: f64) -> Option<Interval> {
        let summary: Summary = values.into_iter().collect();
        let n = summary.count();
        if n == 0 {
            return None;
        }
        let standard_deviation = summary.variance().sqrt();
        let half_width = t_quantile(n, confidence) * standard_deviation / (n as f64).sqrt();
        Some(Interval { n, mean: summary.mean(), standard_deviation, half_width })
    }
}

/// The two-sided quantile of Student's t for a sample of `n`; NaN of fewer than two.
fn t_quantile(n: u64, confidence: f64) -> f64 {
    if n < 2 {
        return f64::NAN;
    }
    StudentsT::new(0.0, 1.0, (n - 1) as f64)
        .map_or(f64::NAN, |distribution| distribution.inverse_cdf(0.5 + confidence / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of every textbook.
    #[test]
    fn quantiles_are_those_of_the_table() {
        for (n, confidence, expected) in [
            (2, 0.95, 12.706_205),
            (3, 0.95, 4.302_653),
            (5, 0.95, 2.776_445),
            (6, 0.99, 4.032_143),
            (11, 0.90, 1.812_461),
            (31, 0.95, 2.042_272),
            (121, 0.99, 2.617_421),
        ] {
            let found = t_quantile(n, confidence);
            assert!((found - expected).abs() < 1e-5, "n {n}, {confidence}: {found}");
        }
    }

    #[test]
    fn one_value_has_a_mean_and_no_width() {
        let interval = Interval::of([3.0], 0.95).expect("there is a value");
        assert_eq!((interval.n, interval.mean), (1, 3.0));
        assert!(interval.standard_deviation.is_nan() && interval.half_width.is_nan());
        assert_eq!(Interval::of([], 0.95), None);
    }

    #[test]
    fn equal_values_are_known_exactly() {
        let interval = Interval::of([2.0; 4], 0.95).expect("there are values");
        assert_eq!((interval.standard_deviation, interval.half_width), (0.0, 0.0));
    }
}
