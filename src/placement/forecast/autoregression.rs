//! Autoregression: each value a weighted sum of those before it, and noise.

use super::{Predictor, newest};
use crate::statistics::mean;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How coefficients are estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// Least forward and backward errors, with stable results for short series (Burg 1967).
    #[default]
    Burg,
    /// From the autocovariances, by the recursion of Levinson and Durbin.
    YuleWalker,
}

/// An estimate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fit {
    /// Weights of the last value, of the one before it, and so on, of values without their mean.
    pub coefficients: Vec<f64>,
    /// Variance of the noise.
    pub noise_variance: f64,
}

/// One step of the recursion of Levinson and Durbin: from order k to k + 1 by a reflection coefficient.
fn extend(coefficients: &mut Vec<f64>, reflection: f64) {
    let order = coefficients.len();
    for low in 0..order.div_ceil(2) {
        let high = order - 1 - low;
        let (a, b) = (coefficients[low], coefficients[high]);
        coefficients[low] = a - reflection * b;
        if low != high {
            coefficients[high] = b - reflection * a;
        }
    }
    coefficients.push(reflection);
}

/// The Yule-Walker estimate of `order` from `values` without their mean; of a lower order if there are too few
/// values, or if a lower one leaves no noise. O(n * order).
///
/// ```
/// use stratosim::placement::forecast::yule_walker;
/// // Autocovariances 1 and 0: the last value explains nothing.
/// assert_eq!(yule_walker(&[1.0, 1.0, -1.0, -1.0, 1.0], 1).coefficients, [0.0]);
/// ```
#[must_use]
pub fn yule_walker(values: &[f64], order: usize) -> Fit {
    let count = values.len() as f64;
    let covariance = |lag: usize| {
        let pairs = values.iter().zip(values.iter().skip(lag));
        pairs.map(|(before, after)| before * after).sum::<f64>() / count
    };
    let mut fit = Fit { coefficients: Vec::new(), noise_variance: covariance(0) };
    let nothing = fit.noise_variance * NOTHING;
    for lag in 1..=order.min(values.len().saturating_sub(1)) {
        if fit.noise_variance <= nothing {
            break;
        }
        let known = fit.coefficients.iter().enumerate();
        let explained: f64 = known.map(|(step, weight)| weight * covariance(lag - 1 - step)).sum();
        let reflection = (covariance(lag) - explained) / fit.noise_variance;
        extend(&mut fit.coefficients, reflection);
        fit.noise_variance *= 1.0 - reflection * reflection;
    }
    fit
}

/// Share of the variance below which noise is a matter of rounding.
const NOTHING: f64 = 1e-14;

/// Burg's estimate of `order` from `values` without their mean; of a lower order if there are too few values,
/// or if a lower one leaves no noise. O(n * order).
#[must_use]
pub fn burg(values: &[f64], order: usize) -> Fit {
    let count = values.len();
    let power = values.iter().map(|value| value * value).sum::<f64>() / count.max(1) as f64;
    let mut fit = Fit { coefficients: Vec::new(), noise_variance: power };
    let (mut forward, mut backward) = (values.to_vec(), values.to_vec());
    for step in 1..=order.min(count.saturating_sub(1)) {
        if fit.noise_variance <= power * NOTHING {
            break;
        }
        let (mut product, mut squares) = (0.0, 0.0);
        for index in step..count {
            product += forward[index] * backward[index - 1];
            squares += forward[index] * forward[index] + backward[index - 1] * backward[index - 1];
        }
        if squares <= 0.0 {
            break;
        }
        let reflection = 2.0 * product / squares;
        // From the end, since each backward error is made of the one before it.
        for index in (step..count).rev() {
            let (ahead, behind) = (forward[index], backward[index - 1]);
            forward[index] = ahead - reflection * behind;
            backward[index] = behind - reflection * ahead;
        }
        extend(&mut fit.coefficients, reflection);
        fit.noise_variance *= 1.0 - reflection * reflection;
    }
    fit
}

/// Autoregression around the mean of the window, estimated anew for each forecast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AutoRegressive {
    /// How many values back each one depends on.
    #[schemars(range(max = 1000))]
    pub order: usize,
    /// How the coefficients are estimated.
    pub estimator: Estimator,
    /// How many of the newest values are looked at.
    #[schemars(range(min = 1, max = 100_000))]
    pub window: usize,
}

impl Default for AutoRegressive {
    fn default() -> Self {
        AutoRegressive::new(3)
    }
}

impl AutoRegressive {
    /// By Burg's method from a day of five-minute values.
    #[must_use]
    pub fn new(order: usize) -> Self {
        AutoRegressive { order, estimator: Estimator::default(), window: 288 }
    }
}

impl Predictor for AutoRegressive {
    fn window(&self) -> usize {
        self.window
    }

    fn forecast(&mut self, history: &[f64], ahead: &mut [f64]) {
        let window = newest(history, self.window.max(1));
        let centre = mean(window);
        let mut values: Vec<f64> = window.iter().map(|value| value - centre).collect();
        let fit = match self.estimator {
            Estimator::Burg => burg(&values, self.order),
            Estimator::YuleWalker => yule_walker(&values, self.order),
        };
        for value in ahead {
            let before = values.iter().rev();
            let next = fit.coefficients.iter().zip(before).map(|(weight, value)| weight * value).sum();
            *value = centre + next;
            values.push(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{RandomStreams, Summary};
    use proptest::prelude::*;
    use rand_distr::{Distribution, StandardNormal};

    /// An autoregressive series of order two with noise of variance one, from its stationary state.
    fn simulated(first: f64, second: f64, count: usize, seed: u64) -> Vec<f64> {
        let mut random = RandomStreams::new(seed).stream("noise");
        let (mut values, mut before) = (Vec::new(), (0.0, 0.0));
        for step in 0..count + 500 {
            let noise: f64 = StandardNormal.sample(&mut random);
            let value = first * before.0 + second * before.1 + noise;
            before = (value, before.0);
            if step >= 500 {
                values.push(value);
            }
        }
        values
    }

    /// The asymptotic standard error of both coefficients is sqrt((1 - second^2) / n) (Box and Jenkins).
    #[test]
    fn coefficients_are_recovered() {
        let (first, second, count) = (0.6, 0.3, 20_000);
        let error = ((1.0 - second * second) / count as f64).sqrt();
        let values = simulated(first, second, count, 5);
        for fit in [burg(&values, 2), yule_walker(&values, 2)] {
            for (found, expected) in fit.coefficients.iter().zip([first, second]) {
                assert!((found - expected).abs() < 3.0 * error, "{fit:?}");
            }
            // The variance of a sample variance of normal noise is 2 / n.
            assert!((fit.noise_variance - 1.0).abs() < 4.0 * (2.0 / count as f64).sqrt(), "{fit:?}");
        }
    }

    /// The normal equations of Yule and Walker hold for what the recursion finds.
    #[test]
    fn the_recursion_solves_the_normal_equations() {
        let values = simulated(0.5, -0.4, 60, 7);
        let covariance = |lag: usize| -> f64 {
            values.iter().zip(&values[lag..]).map(|(a, b)| a * b).sum::<f64>() / values.len() as f64
        };
        let fit = yule_walker(&values, 5);
        for lag in 1..=5usize {
            let known = fit.coefficients.iter().enumerate();
            let sum: f64 = known.map(|(step, weight)| weight * covariance(lag.abs_diff(step + 1))).sum();
            assert!((sum - covariance(lag)).abs() < 1e-12);
        }
    }

    /// One step ahead the error of the right model is the noise, of variance 1. That of persistence is
    /// 2 (1 - r1) v with r1 = 1.2 / 1.5 = 0.8 and variance v = 1.5 / (0.5 * (1.5^2 - 1.2^2)) = 3.70: 1.48.
    #[test]
    fn forecasts_beat_persistence() {
        let values = simulated(1.2, -0.5, 3000, 11);
        let mut predictor = AutoRegressive { order: 2, estimator: Estimator::YuleWalker, window: 1000 };
        let (mut own, mut last) = (Summary::default(), Summary::default());
        for end in 1000..2999 {
            let error = predictor.after(&values[..end], 1) - values[end];
            own.add(error * error);
            last.add((values[end - 1] - values[end]).powi(2));
        }
        // Standard errors of means of squares of 2000 values: 0.03 and some more for what is correlated.
        assert!((own.mean() - 1.0).abs() < 0.15, "{}", own.mean());
        assert!((last.mean() - 1.48).abs() < 0.2, "{}", last.mean());
    }

    proptest! {
        /// A sine around a mean is an autoregression of order two without noise, and goes on.
        #[test]
        fn a_sine_goes_on(frequency in 0.3..2.8f64, phase in 0.0..6.2f64, centre in -2.0..2.0f64) {
            let at = |step: usize| (frequency * step as f64 + phase).sin();
            let values: Vec<f64> = (0..400).map(at).collect();
            let fit = burg(&values, 2);
            prop_assert!((fit.coefficients[0] - 2.0 * frequency.cos()).abs() < 1e-2, "{:?}", fit);
            prop_assert!((fit.coefficients[1] + 1.0).abs() < 1e-2, "{:?}", fit);
            let shifted: Vec<f64> = values.iter().map(|value| value + centre).collect();
            let mut predictor = AutoRegressive::new(2);
            let mut ahead = [0.0; 3];
            predictor.forecast(&shifted, &mut ahead);
            for (step, value) in ahead.iter().enumerate() {
                prop_assert!((value - centre - at(400 + step)).abs() < 0.1, "{} {}", value, step);
            }
        }

        /// Both estimates are stable: reflections lie within one, so that forecasts do not run away.
        #[test]
        fn noise_never_becomes_negative(values in prop::collection::vec(-1.0..1.0f64, 1..60), order in 0usize..8) {
            for fit in [burg(&values, order), yule_walker(&values, order)] {
                prop_assert!(fit.noise_variance >= -1e-12 && fit.coefficients.len() <= order);
                prop_assert!(fit.coefficients.iter().all(|weight| weight.is_finite()));
            }
        }
    }
}
