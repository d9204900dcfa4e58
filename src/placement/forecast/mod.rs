//! Forecasts of utilisation from its history, to decide by what will be instead of by what is.
//!
//! A [`Predictor`] is any way from a history to the values after it. Built in are those that a new one has to
//! beat: the last value, means, exponential smoothing, autoregression - and an oracle, which cannot be beaten.

mod autoregression;
mod smoothing;

pub use autoregression::{AutoRegressive, Estimator, Fit, burg, yule_walker};
pub use smoothing::HoltWinters;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A way to forecast a series.
///
/// ```
/// use stratosim::placement::forecast::{MovingAverage, Predictor};
/// let mut predictor = MovingAverage { window: 2 };
/// let mut ahead = [0.0; 3];
/// predictor.forecast(&[9.0, 1.0, 3.0], &mut ahead);
/// assert_eq!(ahead, [2.0; 3]);
/// ```
pub trait Predictor: fmt::Debug + Send {
    /// How many of the newest values it looks at.
    fn window(&self) -> usize;

    /// Writes what follows on `history` (newest last, in equal steps) to `ahead`, step by step. Without any
    /// history nothing is known, and `ahead` becomes NaN.
    fn forecast(&mut self, history: &[f64], ahead: &mut [f64]);

    /// Whether it must be told what comes: only an oracle does.
    fn sees_future(&self) -> bool {
        false
    }

    /// As [`forecast`](Self::forecast), where the world knows that `future` comes after `history`, step by step. Who
    /// does not [see it](Self::sees_future) forecasts without.
    fn foresee(&mut self, history: &[f64], future: &[f64], ahead: &mut [f64]) {
        let _ = future;
        self.forecast(history, ahead);
    }

    /// What comes `steps` after the last value of `history`, at least one.
    fn after(&mut self, history: &[f64], steps: usize) -> f64 {
        let mut ahead = vec![f64::NAN; steps.max(1)];
        self.forecast(history, &mut ahead);
        ahead[ahead.len() - 1]
    }
}

/// The newest `window` values.
fn newest(history: &[f64], window: usize) -> &[f64] {
    &history[history.len().saturating_sub(window)..]
}

/// What was last stays: the persistence that each forecast is measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LastValue {}

impl Predictor for LastValue {
    fn window(&self) -> usize {
        1
    }

    fn forecast(&mut self, history: &[f64], ahead: &mut [f64]) {
        ahead.fill(history.last().copied().unwrap_or(f64::NAN));
    }
}

/// The mean of the newest values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MovingAverage {
    /// How many; as many as there are if fewer.
    #[schemars(range(min = 1, max = 100_000))]
    pub window: usize,
}

impl Default for MovingAverage {
    fn default() -> Self {
        MovingAverage { window: 6 }
    }
}

impl Predictor for MovingAverage {
    fn window(&self) -> usize {
        self.window
    }

    fn forecast(&mut self, history: &[f64], ahead: &mut [f64]) {
        ahead.fill(crate::statistics::mean(newest(history, self.window)));
    }
}

/// Knows what comes, because it is told: the bound of all forecasts.
///
/// ```
/// use stratosim::placement::forecast::{Oracle, Predictor};
/// let mut ahead = [0.0; 3];
/// Oracle {}.foresee(&[0.5], &[0.7, 0.8], &mut ahead);
/// assert_eq!(ahead, [0.7, 0.8, 0.8]); // beyond what it is told, the last value stays
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Oracle {}

impl Predictor for Oracle {
    fn window(&self) -> usize {
        1
    }

    fn forecast(&mut self, history: &[f64], ahead: &mut [f64]) {
        self.foresee(history, &[], ahead);
    }

    fn sees_future(&self) -> bool {
        true
    }

    fn foresee(&mut self, history: &[f64], future: &[f64], ahead: &mut [f64]) {
        let last = future.last().or(history.last()).copied().unwrap_or(f64::NAN);
        for (step, value) in ahead.iter_mut().enumerate() {
            *value = future.get(step).copied().unwrap_or(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_predictors_do_as_they_say() {
        let history = [0.5, 0.1, 0.2, 0.6];
        assert_eq!(LastValue {}.after(&history, 3), 0.6);
        assert_eq!(MovingAverage { window: 3 }.after(&history, 1), (0.1 + 0.2 + 0.6) / 3.0);
        assert_eq!(MovingAverage { window: 9 }.after(&history[..2], 1), 0.3);
        assert_eq!(Oracle {}.after(&history, 1), 0.6);
        // Who is no oracle does not look at what it is told.
        let mut ahead = [0.0];
        LastValue {}.foresee(&history, &[0.9], &mut ahead);
        assert_eq!((ahead, LastValue {}.sees_future()), ([0.6], false));
    }

    #[test]
    fn without_history_nothing_is_known() {
        let seasonal = HoltWinters { period: 2, ..HoltWinters::default() };
        let predictors: [Box<dyn Predictor>; 6] = [
            Box::new(LastValue {}),
            Box::new(MovingAverage { window: 3 }),
            Box::new(HoltWinters::default()),
            Box::new(seasonal),
            Box::new(AutoRegressive::new(3)),
            Box::new(Oracle {}),
        ];
        for mut predictor in predictors {
            assert!(predictor.after(&[], 2).is_nan(), "{predictor:?}");
            // One value is a constant.
            assert_eq!(predictor.after(&[0.4], 2), 0.4, "{predictor:?}");
        }
    }
}
