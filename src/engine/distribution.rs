//! Distributions of non-negative quantities: gaps, sizes, lifetimes.

use rand::{Rng, RngExt};
use rand_distr::{
    Beta, Distribution as _, Exp1, Gamma, LogNormal, Normal, Pareto, Poisson, Triangular, Weibull,
};
use statrs::distribution::{Continuous as _, ContinuousCDF as _};
use std::sync::Arc;

/// A distribution over non-negative numbers in SI units; what falls below zero (a normal's tail) is
/// taken as zero. Parameters are checked when it is made, so that sampling cannot fail.
///
/// ```
/// use stratosim::engine::{Distribution, RandomStreams};
/// let gaps = Distribution::exponential(0.5)?;
/// let mut stream = RandomStreams::new(1).stream("gaps");
/// let mean = (0..100_000).map(|_| gaps.sample(&mut stream)).sum::<f64>() / 1e5;
/// assert!((mean - 0.5).abs() < 0.01);
/// assert_eq!(gaps.mean(), 0.5);
/// # Ok::<(), stratosim::engine::DistributionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Distribution {
    shape: Shape,
    mean: f64,
}

#[derive(Clone, Debug)]
enum Shape {
    Constant(f64),
    Exponential(f64),
    Uniform(f64, f64),
    Normal(Normal<f64>),
    LogNormal(LogNormal<f64>),
    Gamma(Gamma<f64>),
    Weibull(Weibull<f64>),
    Empirical(Arc<[f64]>),
    /// Of a normal with this mean and standard deviation what lies between two quantiles.
    TruncatedNormal(f64, f64, [f64; 2]),
    Triangular(Triangular<f64>),
    /// Stretched from 0..1 to these bounds.
    Beta(Beta<f64>, f64, f64),
    Pareto(Pareto<f64>),
    Poisson(Poisson<f64>),
    /// A value with a probability, else zero.
    Bernoulli(f64, f64),
    /// Values and the sums of their weights so far.
    Discrete(Arc<[(f64, f64)]>),
    /// Probabilities from 0 to 1 and their quantiles, linear in between.
    Quantiles(Arc<[(f64, f64)]>),
}

/// A parameter that makes no distribution.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{distribution}: {parameter} is {value}, but must be {allowed}")]
pub struct DistributionError {
    /// The distribution that was asked for.
    pub distribution: &'static str,
    /// The parameter at fault.
    pub parameter: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub allowed: &'static str,
}

fn check(
    good: bool,
    distribution: &'static str,
    parameter: &'static str,
    value: f64,
    allowed: &'static str,
) -> Result<(), DistributionError> {
    if good { Ok(()) } else { Err(DistributionError { distribution, parameter, value, allowed }) }
}

fn positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

fn non_negative(value: f64) -> bool {
    value >= 0.0 && value.is_finite()
}

/// Lanczos approximation of the gamma function (g = 7, n = 9), good to 15 digits for positive arguments;
/// here for the mean of a Weibull distribution.
fn gamma(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let t = x + 7.5;
    let sum = COEFFICIENTS[1..]
        .iter()
        .zip(1..)
        .fold(COEFFICIENTS[0], |sum, (c, i)| sum + c / (x + f64::from(i)));
    (2.0 * std::f64::consts::PI).sqrt() * t.powf(x + 0.5) * (-t).exp() * sum
}

impl Distribution {
    /// Always zero.
    #[must_use]
    pub const fn zero() -> Self {
        Distribution { shape: Shape::Constant(0.0), mean: 0.0 }
    }

    /// Always `value` (>= 0).
    ///
    /// # Errors
    /// If the value is negative or not finite.
    pub fn constant(value: f64) -> Result<Self, DistributionError> {
        check(non_negative(value), "constant", "value", value, "at least 0")?;
        Ok(Distribution { shape: Shape::Constant(value), mean: value })
    }

    /// Exponential with this mean (> 0).
    ///
    /// # Errors
    /// If the mean is not positive and finite.
    pub fn exponential(mean: f64) -> Result<Self, DistributionError> {
        check(positive(mean), "exponential", "mean", mean, "above 0")?;
        Ok(Distribution { shape: Shape::Exponential(mean), mean })
    }

    /// Uniform on `low..high` (0 <= low <= high).
    ///
    /// # Errors
    /// If the bounds are negative, reversed or not finite.
    pub fn uniform(low: f64, high: f64) -> Result<Self, DistributionError> {
        check(non_negative(low), "uniform", "min", low, "at least 0")?;
        check(high >= low && high.is_finite(), "uniform", "max", high, "at least min")?;
        Ok(Distribution { shape: Shape::Uniform(low, high), mean: f64::midpoint(low, high) })
    }

    /// Normal with this mean (>= 0) and standard deviation (>= 0); draws below zero become zero. The
    /// [mean](Self::mean) is that of the untruncated normal.
    ///
    /// # Errors
    /// If a parameter is negative or not finite.
    pub fn normal(mean: f64, standard_deviation: f64) -> Result<Self, DistributionError> {
        check(non_negative(mean), "normal", "mean", mean, "at least 0")?;
        let good = non_negative(standard_deviation);
        let error = DistributionError {
            distribution: "normal",
            parameter: "standard_deviation",
            value: standard_deviation,
            allowed: "at least 0",
        };
        match Normal::new(mean, standard_deviation) {
            Ok(normal) if good => Ok(Distribution { shape: Shape::Normal(normal), mean }),
            _ => Err(error),
        }
    }

    /// Log-normal with this mean (> 0) and standard deviation (>= 0) of the values themselves, not of
    /// their logarithms.
    ///
    /// # Errors
    /// If a parameter is out of range or not finite.
    pub fn log_normal(mean: f64, standard_deviation: f64) -> Result<Self, DistributionError> {
        check(positive(mean), "log_normal", "mean", mean, "above 0")?;
        let error = DistributionError {
            distribution: "log_normal",
            parameter: "standard_deviation",
            value: standard_deviation,
            allowed: "at least 0",
        };
        let variance = (1.0 + (standard_deviation / mean).powi(2)).ln();
        match LogNormal::new(mean.ln() - variance / 2.0, variance.sqrt()) {
            Ok(shape) if non_negative(standard_deviation) => {
                Ok(Distribution { shape: Shape::LogNormal(shape), mean })
            }
            _ => Err(error),
        }
    }

    /// Gamma with this shape (> 0) and mean (> 0); its scale is mean / shape.
    ///
    /// # Errors
    /// If a parameter is not positive and finite.
    pub fn gamma(shape: f64, mean: f64) -> Result<Self, DistributionError> {
        check(positive(mean), "gamma", "mean", mean, "above 0")?;
        let error = DistributionError {
            distribution: "gamma",
            parameter: "shape",
            value: shape,
            allowed: "above 0",
        };
        match Gamma::new(shape, mean / shape) {
            Ok(gamma) if positive(shape) => Ok(Distribution { shape: Shape::Gamma(gamma), mean }),
            _ => Err(error),
        }
    }

    /// Weibull with this shape (> 0) and scale (> 0); its mean is scale * gamma(1 + 1 / shape).
    ///
    /// # Errors
    /// If a parameter is not positive and finite.
    pub fn weibull(shape: f64, scale: f64) -> Result<Self, DistributionError> {
        check(positive(scale), "weibull", "scale", scale, "above 0")?;
        let error = DistributionError {
            distribution: "weibull",
            parameter: "shape",
            value: shape,
            allowed: "above 0",
        };
        match Weibull::new(scale, shape) {
            Ok(weibull) if positive(shape) => Ok(Distribution {
                shape: Shape::Weibull(weibull),
                mean: scale * gamma(1.0 + 1.0 / shape),
            }),
            _ => Err(error),
        }
    }

    /// Each of the given values (>= 0, at least one) with the same probability.
    ///
    /// # Errors
    /// If there are no values, or one is negative or not finite.
    pub fn empirical(values: &[f64]) -> Result<Self, DistributionError> {
        check(!values.is_empty(), "empirical", "number of values", 0.0, "at least 1")?;
        for &value in values {
            check(non_negative(value), "empirical", "value", value, "at least 0")?;
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        Ok(Distribution { shape: Shape::Empirical(values.into()), mean })
    }

    /// Normal with this mean and standard deviation (> 0) before it is cut off at `low` and `high`
    /// (0 <= low < high); the [mean](Self::mean) is that of what is left.
    ///
    /// # Errors
    /// If a parameter is out of range or not finite, or nothing is left between the bounds.
    pub fn truncated_normal(
        mean: f64,
        standard_deviation: f64,
        low: f64,
        high: f64,
    ) -> Result<Self, DistributionError> {
        const NAME: &str = "truncated_normal";
        check(mean.is_finite(), NAME, "mean", mean, "finite")?;
        let good = positive(standard_deviation);
        check(good, NAME, "standard_deviation", standard_deviation, "above 0")?;
        check(non_negative(low), NAME, "min", low, "at least 0")?;
        check(high > low && high.is_finite(), NAME, "max", high, "above min")?;
        let unit = statrs::distribution::Normal::standard();
        let [a, b] = [low, high].map(|bound| (bound - mean) / standard_deviation);
        let quantiles = [a, b].map(|bound| unit.cdf(bound));
        let left = quantiles[1] - quantiles[0];
        check(left > 1e-12, NAME, "mean", mean, "near enough to what is between min and max")?;
        // Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, volume 1, section 13.10.1.
        let shift = standard_deviation * (unit.pdf(a) - unit.pdf(b)) / left;
        let shape = Shape::TruncatedNormal(mean, standard_deviation, quantiles);
        Ok(Distribution { shape, mean: mean + shift })
    }

    /// Triangular between `low` and `high` with its peak at `mode` (0 <= low <= mode <= high, low < high).
    ///
    /// # Errors
    /// If the parameters are not in this order, or not finite.
    pub fn triangular(low: f64, mode: f64, high: f64) -> Result<Self, DistributionError> {
        check(non_negative(low), "triangular", "min", low, "at least 0")?;
        check(high > low && high.is_finite(), "triangular", "max", high, "above min")?;
        match Triangular::new(low, high, mode) {
            Ok(shape) => {
                Ok(Distribution { shape: Shape::Triangular(shape), mean: (low + mode + high) / 3.0 })
            }
            Err(_) => Err(DistributionError {
                distribution: "triangular",
                parameter: "mode",
                value: mode,
                allowed: "between min and max",
            }),
        }
    }

    /// Beta with the shapes `alpha` and `beta` (> 0), stretched to `low..high` (0 <= low < high).
    ///
    /// # Errors
    /// If a parameter is out of range or not finite.
    pub fn beta(alpha: f64, beta: f64, low: f64, high: f64) -> Result<Self, DistributionError> {
        check(positive(alpha), "beta", "alpha", alpha, "above 0")?;
        check(non_negative(low), "beta", "min", low, "at least 0")?;
        check(high > low && high.is_finite(), "beta", "max", high, "above min")?;
        match Beta::new(alpha, beta) {
            Ok(shape) if positive(beta) => Ok(Distribution {
                shape: Shape::Beta(shape, low, high),
                mean: low + (high - low) * alpha / (alpha + beta),
            }),
            _ => Err(DistributionError {
                distribution: "beta",
                parameter: "beta",
                value: beta,
                allowed: "above 0",
            }),
        }
    }

    /// Pareto with this shape (> 1, so that it has a mean) and scale, its least value (> 0).
    ///
    /// # Errors
    /// If a parameter is out of range or not finite.
    pub fn pareto(shape: f64, scale: f64) -> Result<Self, DistributionError> {
        check(positive(scale), "pareto", "scale", scale, "above 0")?;
        match Pareto::new(scale, shape) {
            Ok(pareto) if shape > 1.0 && shape.is_finite() => {
                Ok(Distribution { shape: Shape::Pareto(pareto), mean: scale * shape / (shape - 1.0) })
            }
            _ => Err(DistributionError {
                distribution: "pareto",
                parameter: "shape",
                value: shape,
                allowed: "above 1",
            }),
        }
    }

    /// Poisson with this mean (> 0): whole numbers.
    ///
    /// # Errors
    /// If the mean is not positive, or beyond what can be drawn.
    pub fn poisson(mean: f64) -> Result<Self, DistributionError> {
        match Poisson::new(mean) {
            Ok(poisson) if positive(mean) => Ok(Distribution { shape: Shape::Poisson(poisson), mean }),
            _ => Err(DistributionError {
                distribution: "poisson",
                parameter: "mean",
                value: mean,
                allowed: "above 0 and below 1e19",
            }),
        }
    }

    /// `value` (>= 0) with this probability, else zero.
    ///
    /// # Errors
    /// If a parameter is out of range or not finite.
    pub fn bernoulli(probability: f64, value: f64) -> Result<Self, DistributionError> {
        let good = (0.0..=1.0).contains(&probability);
        check(good, "bernoulli", "probability", probability, "between 0 and 1")?;
        check(non_negative(value), "bernoulli", "value", value, "at least 0")?;
        Ok(Distribution { shape: Shape::Bernoulli(probability, value), mean: probability * value })
    }

    /// Each of the given values (>= 0, at least one) with a probability in proportion to its weight (>= 0).
    ///
    /// # Errors
    /// If there are no values, not as many weights, or one of them is out of range, or all weights are 0.
    pub fn discrete(values: &[f64], weights: &[f64]) -> Result<Self, DistributionError> {
        let (count, weighed) = (values.len() as f64, weights.len() as f64);
        check(!values.is_empty(), "discrete", "number of values", 0.0, "at least 1")?;
        check(count == weighed, "discrete", "number of weights", weighed, "that of the values")?;
        let (mut sums, mut sum, mut mean) = (Vec::with_capacity(values.len()), 0.0, 0.0);
        for (&value, &weight) in values.iter().zip(weights) {
            check(non_negative(value), "discrete", "value", value, "at least 0")?;
            check(non_negative(weight), "discrete", "weight", weight, "at least 0")?;
            sum += weight;
            mean += value * weight;
            sums.push((value, sum));
        }
        check(positive(sum), "discrete", "sum of the weights", sum, "above 0")?;
        Ok(Distribution { shape: Shape::Discrete(sums.into()), mean: mean / sum })
    }

    /// The distribution that has these quantiles, `(probability, value)`, and is uniform between each two that follow each
    /// other: probabilities ascend from 0 to 1, values (>= 0) do not descend.
    ///
    /// # Errors
    /// If that is not so.
    pub fn quantiles(points: &[(f64, f64)]) -> Result<Self, DistributionError> {
        const NAME: &str = "quantiles";
        let first = points.first().map_or(f64::NAN, |point| point.0);
        let last = points.last().map_or(f64::NAN, |point| point.0);
        check(first == 0.0, NAME, "first probability", first, "0")?;
        check(last == 1.0, NAME, "last probability", last, "1")?;
        check(non_negative(points[0].1), NAME, "value", points[0].1, "at least 0")?;
        let mut mean = 0.0;
        for pair in points.windows(2) {
            let [(before, low), (probability, value)] = [pair[0], pair[1]];
            check(probability > before, NAME, "probability", probability, "above the one before")?;
            let good = value >= low && value.is_finite();
            check(good, NAME, "value", value, "at least the one before")?;
            mean += (probability - before) * f64::midpoint(low, value);
        }
        Ok(Distribution { shape: Shape::Quantiles(points.into()), mean })
    }

    /// Draws one value.
    pub fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> f64 {
        let value = match &self.shape {
            Shape::Constant(value) => *value,
            Shape::Exponential(mean) => {
                let unit: f64 = Exp1.sample(random);
                mean * unit
            }
            Shape::Uniform(low, high) => low + (high - low) * random.random::<f64>(),
            Shape::Normal(shape) => shape.sample(random),
            Shape::LogNormal(shape) => shape.sample(random),
            Shape::Gamma(shape) => shape.sample(random),
            Shape::Weibull(shape) => shape.sample(random),
            Shape::Empirical(values) => values[random.random_range(0..values.len())],
            Shape::TruncatedNormal(mean, deviation, [low, high]) => {
                let quantile = low + (high - low) * random.random::<f64>();
                mean + deviation * statrs::distribution::Normal::standard().inverse_cdf(quantile)
            }
            Shape::Triangular(shape) => shape.sample(random),
            Shape::Beta(shape, low, high) => low + (high - low) * shape.sample(random),
            Shape::Pareto(shape) => shape.sample(random),
            Shape::Poisson(shape) => shape.sample(random),
            Shape::Bernoulli(probability, value) => {
                if random.random::<f64>() < *probability {
                    *value
                } else {
                    0.0
                }
            }
            Shape::Discrete(sums) => {
                let total = sums[sums.len() - 1].1;
                let drawn = total * random.random::<f64>();
                sums[sums.partition_point(|&(_, sum)| sum <= drawn).min(sums.len() - 1)].0
            }
            Shape::Quantiles(points) => {
                let drawn = random.random::<f64>();
                // The first is at 0, and the last at 1, which is above what is drawn.
                let next = points.partition_point(|&(probability, _)| probability <= drawn);
                let [(before, low), (probability, value)] = [points[next - 1], points[next]];
                low + (value - low) * (drawn - before) / (probability - before)
            }
        };
        value.max(0.0)
    }

    /// No value is drawn below this.
    #[must_use]
    pub fn least(&self) -> f64 {
        match &self.shape {
            Shape::Constant(value) => *value,
            Shape::Uniform(low, _) => *low,
            Shape::Empirical(values) => values.iter().copied().fold(f64::INFINITY, f64::min),
            Shape::Quantiles(points) => points[0].1,
            _ => 0.0,
        }
    }

    /// The expected value.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{RandomStreams, Summary};

    /// Sample mean and deviation of each shape against its closed form.
    #[test]
    fn moments_are_those_of_the_closed_forms() {
        let cases = [
            (Distribution::constant(3.0), 3.0, 0.0),
            (Distribution::exponential(2.0), 2.0, 2.0),
            (Distribution::uniform(1.0, 5.0), 3.0, 4.0 / 12f64.sqrt()),
            (Distribution::normal(50.0, 5.0), 50.0, 5.0),
            (Distribution::log_normal(4.0, 2.0), 4.0, 2.0),
            (Distribution::gamma(4.0, 8.0), 8.0, 4.0),
            (Distribution::weibull(2.0, 1.0), 0.886_226_925, 0.463_251_375),
            (Distribution::empirical(&[1.0, 2.0, 6.0]), 3.0, (14f64 / 3.0).sqrt()),
            // Between -1 and 1 standard deviations: 1 - 2 phi(1) / (Phi(1) - Phi(-1)) of the variance.
            (Distribution::truncated_normal(8.0, 2.0, 6.0, 10.0), 8.0, 2.0 * 0.291_125_f64.sqrt()),
            (Distribution::triangular(0.0, 3.0, 6.0), 3.0, 6.0 / 24f64.sqrt()),
            (Distribution::beta(2.0, 3.0, 1.0, 2.0), 1.4, 0.2),
            (Distribution::pareto(6.0, 5.0), 6.0, 5.0 * (6f64 / 25.0 / 4.0).sqrt()),
            (Distribution::poisson(9.0), 9.0, 3.0),
            (Distribution::bernoulli(0.2, 5.0), 1.0, 2.0),
            (Distribution::discrete(&[1.0, 3.0], &[3.0, 1.0]), 1.5, 0.75f64.sqrt()),
            // Half uniform on 0..2, half on 2..6: second moment (4 / 3 + 52 / 3) / 2 = 28 / 3.
            (
                Distribution::quantiles(&[(0.0, 0.0), (0.5, 2.0), (1.0, 6.0)]),
                2.5,
                (28f64 / 3.0 - 6.25).sqrt(),
            ),
        ];
        for (index, (distribution, mean, deviation)) in cases.into_iter().enumerate() {
            let distribution = distribution.expect("the parameters are good");
            let mut stream = RandomStreams::new(1).entity("moments", index as u64);
            let count = 200_000;
            let sampled: Summary = (0..count).map(|_| distribution.sample(&mut stream)).collect();
            assert!((distribution.mean() - mean).abs() < 1e-8, "{index}");
            // Five standard errors of the mean; 2 % for the deviation.
            let tolerance = 5.0 * deviation / f64::from(count).sqrt() + 1e-12;
            assert!((sampled.mean() - mean).abs() <= tolerance, "{index}: {sampled:?}");
            let found = sampled.variance().sqrt();
            assert!((found - deviation).abs() <= 0.02 * deviation, "{index}: {sampled:?}");
        }
    }

    #[test]
    fn a_bad_parameter_is_named() {
        let error = Distribution::gamma(-1.0, 2.0).expect_err("a negative shape");
        assert_eq!(error.to_string(), "gamma: shape is -1, but must be above 0");
        assert!(Distribution::uniform(3.0, 2.0).is_err());
        assert!(Distribution::empirical(&[]).is_err());
        assert!(Distribution::exponential(f64::NAN).is_err());
        assert!(Distribution::normal(1.0, f64::INFINITY).is_err());
        assert!(Distribution::quantiles(&[]).is_err());
        assert!(Distribution::quantiles(&[(0.0, 1.0), (0.5, 2.0)]).is_err());
        assert!(Distribution::quantiles(&[(0.0, 3.0), (1.0, 2.0)]).is_err());
    }
}
