//! Online statistics: what a run can know of its data without keeping them.

use super::time::{SimDuration, SimTime};
use sketches_ddsketch::{Config, DDSketch};

/// Count, mean, variance, least and greatest of a series, by Welford's recurrence; two of them merge
/// without loss (Chan, Golub and LeVeque 1979).
///
/// ```
/// use stratosim::engine::Summary;
/// let summary: Summary = [2.0, 4.0, 6.0].into_iter().collect();
/// assert_eq!((summary.count(), summary.mean(), summary.variance()), (3, 4.0, 4.0));
/// assert_eq!((summary.min(), summary.max()), (2.0, 6.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    count: u64,
    mean: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Default for Summary {
    fn default() -> Self {
        Summary { count: 0, mean: 0.0, squares: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Summary {
    /// Adds one value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Adds all values of another series.
    pub fn merge(&mut self, other: &Summary) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            // To the last digit.
            *self = *other;
            return;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let apart = other.mean - self.mean;
        self.count += other.count;
        self.mean += apart * m / (n + m);
        self.squares += other.squares + apart * apart * n * m / (n + m);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean; NaN of an empty series.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.mean }
    }

    /// Sample variance (n - 1); NaN of fewer than two values.
    #[must_use]
    pub fn variance(&self) -> f64 {
        if self.count < 2 { f64::NAN } else { self.squares / (self.count - 1) as f64 }
    }

    /// Least value; +infinity of an empty series.
    #[must_use]
    pub fn min(&self) -> f64 {
        self.min
    }

    /// Greatest value; -infinity of an empty series.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.max
    }

    /// Sum of the values.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.mean * self.count as f64
    }
}

impl FromIterator<f64> for Summary {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut summary = Summary::default();
        values.into_iter().for_each(|value| summary.add(value));
        summary
    }
}

/// The time-weighted mean of a piecewise constant quantity: a queue's length, a node's load.
///
/// ```
/// use stratosim::engine::{SimTime, TimeWeighted};
/// let mut queue = TimeWeighted::new(SimTime::ZERO, 0.0);
/// queue.set(SimTime::from_secs(2.0), 3.0);
/// assert_eq!(queue.mean(SimTime::from_secs(6.0)), 2.0); // (2 * 0 + 4 * 3) / 6
/// assert_eq!((queue.value(), queue.max()), (3.0, 3.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeWeighted {
    start: SimTime,
    since: SimTime,
    value: f64,
    integral: f64,
    max: f64,
}

impl TimeWeighted {
    /// A quantity that has `value` from `start` on.
    #[must_use]
    pub fn new(start: SimTime, value: f64) -> Self {
        TimeWeighted { start, since: start, value, integral: 0.0, max: value }
    }

    /// The quantity changes to `value` at `now`.
    pub fn set(&mut self, now: SimTime, value: f64) {
        self.integral = self.integral(now);
        self.since = now;
        self.value = value;
        self.max = self.max.max(value);
    }

    /// The quantity changes by `difference` at `now`.
    pub fn add(&mut self, now: SimTime, difference: f64) {
        self.set(now, self.value + difference);
    }

    /// The present value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The greatest value so far.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.max
    }

    /// The integral from the start to `now`, in units of the quantity times seconds.
    #[must_use]
    pub fn integral(&self, now: SimTime) -> f64 {
        self.integral + self.value * now.since(self.since).as_secs()
    }

    /// The mean from the start to `now`; the present value if no time has passed.
    #[must_use]
    pub fn mean(&self, now: SimTime) -> f64 {
        let span = now.since(self.start);
        if span == SimDuration::ZERO { self.value } else { self.integral(now) / span.as_secs() }
    }
}

/// Quantiles to a relative accuracy of 1 % in bounded memory, mergeable without loss of it: a DDSketch
/// (Masson, Rim and Lee, VLDB 2019).
///
/// ```
/// use stratosim::engine::Quantiles;
/// let mut quantiles = Quantiles::default();
/// (1..=1000).for_each(|value| quantiles.add(f64::from(value)));
/// let median = quantiles.quantile(0.5).unwrap();
/// assert!((median - 500.0).abs() <= 0.01 * 500.0);
/// ```
#[derive(Clone)]
pub struct Quantiles(DDSketch);

impl std::fmt::Debug for Quantiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quantiles").field("count", &self.0.count()).finish_non_exhaustive()
    }
}

impl Default for Quantiles {
    fn default() -> Self {
        // 1 % accuracy, at most 4096 bins, values below a nanosecond count as zero.
        Quantiles(DDSketch::new(Config::new(0.01, 4096, 1e-9)))
    }
}

impl Quantiles {
    /// Adds one value; NaN is left out.
    pub fn add(&mut self, value: f64) {
        if !value.is_nan() {
            self.0.add(value);
        }
    }

    /// Adds all values of another sketch.
    pub fn merge(&mut self, other: &Quantiles) {
        // Both have the same configuration, the one thing that could be refused.
        let _ = self.0.merge(&other.0);
    }

    /// The quantile for `fraction` in 0..=1; `None` of an empty series or a fraction out of range.
    #[must_use]
    pub fn quantile(&self, fraction: f64) -> Option<f64> {
        self.0.quantile(fraction).ok().flatten()
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn merging_equals_adding_all(
            left in prop::collection::vec(-1e3..1e3f64, 0..50),
            right in prop::collection::vec(-1e3..1e3f64, 1..50),
        ) {
            let mut merged: Summary = left.iter().copied().collect();
            merged.merge(&right.iter().copied().collect());
            let all: Summary = left.iter().chain(&right).copied().collect();
            prop_assert_eq!(merged.count(), all.count());
            prop_assert!((merged.mean() - all.mean()).abs() < 1e-9);
            prop_assert_eq!((merged.min(), merged.max()), (all.min(), all.max()));
            if all.count() > 1 {
                prop_assert!((merged.variance() - all.variance()).abs() < 1e-6);
            }
        }

        #[test]
        fn merged_sketches_answer_as_one(
            left in prop::collection::vec(1e-6..1e3f64, 1..200),
            right in prop::collection::vec(1e-6..1e3f64, 1..200),
            fraction in 0.0..=1.0f64,
        ) {
            let sketch = |values: &[f64]| {
                let mut quantiles = Quantiles::default();
                values.iter().for_each(|&value| quantiles.add(value));
                quantiles
            };
            let mut merged = sketch(&left);
            merged.merge(&sketch(&right));
            let mut all: Vec<f64> = left.iter().chain(&right).copied().collect();
            prop_assert_eq!(merged.quantile(fraction), sketch(&all).quantile(fraction));
            all.sort_by(f64::total_cmp);
            let exact = all[(fraction * (all.len() - 1) as f64) as usize];
            let found = merged.quantile(fraction).expect("it is not empty");
            prop_assert!((found - exact).abs() <= 0.0101 * exact, "{} for {}", found, exact);
        }
    }
}
