//! A quantity, or a distribution of it.

use crate::engine::{Distribution, DistributionError};
use crate::scenario::{DataSize, Duration, FloatingPointWork, Instructions, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A quantity that can be drawn.
pub trait Quantity: Copy {
    /// The value in the base unit.
    fn value(self) -> f64;
}

impl Quantity for f64 {
    fn value(self) -> f64 {
        self
    }
}

macro_rules! quantity {
    ($($type:ty, $as:ident;)*) => {$(
        impl Quantity for $type {
            fn value(self) -> f64 {
                self.$as()
            }
        }
    )*};
}

quantity! {
    DataSize, as_bytes;
    Duration, as_secs;
    FloatingPointWork, as_gflop;
    Instructions, as_mi;
    Ratio, as_fraction;
}

/// A constant quantity, or a distribution to draw it from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Draw<Q> {
    /// Always the same.
    Constant(Q),
    /// Drawn anew each time.
    From(DrawnFrom<Q>),
}

/// A distribution over quantities of at least zero; what falls below counts as zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DrawnFrom<Q> {
    /// Exponential.
    Exponential {
        /// Mean, above zero.
        mean: Q,
    },
    /// Uniform.
    Uniform {
        /// Least value.
        min: Q,
        /// Greatest value.
        max: Q,
    },
    /// Normal; what falls below zero counts as zero.
    Normal {
        /// Mean.
        mean: Q,
        /// Standard deviation.
        standard_deviation: Q,
    },
    /// Log-normal.
    LogNormal {
        /// Mean of the values themselves, above zero.
        mean: Q,
        /// Standard deviation of the values themselves.
        standard_deviation: Q,
    },
    /// Gamma.
    Gamma {
        /// Shape, above zero.
        shape: f64,
        /// Mean, above zero.
        mean: Q,
    },
    /// Weibull.
    Weibull {
        /// Shape, above zero.
        shape: f64,
        /// Scale, above zero.
        scale: Q,
    },
    /// One of the given values, each with the same probability.
    Empirical {
        /// The values.
        #[schemars(length(min = 1))]
        values: Vec<Q>,
    },
    /// Normal, of which only what lies between two bounds is drawn.
    TruncatedNormal {
        /// Mean before it is cut off.
        mean: Q,
        /// Standard deviation before it is cut off, above zero.
        standard_deviation: Q,
        /// Least value.
        min: Q,
        /// Greatest value.
        max: Q,
    },
    /// Triangular.
    Triangular {
        /// Least value.
        min: Q,
        /// The most frequent value.
        mode: Q,
        /// Greatest value.
        max: Q,
    },
    /// Beta, stretched between two bounds.
    Beta {
        /// First shape, above zero.
        alpha: f64,
        /// Second shape, above zero.
        beta: f64,
        /// Least value.
        min: Q,
        /// Greatest value.
        max: Q,
    },
    /// Pareto.
    Pareto {
        /// Shape, above one.
        shape: f64,
        /// Scale: the least value, above zero.
        scale: Q,
    },
    /// Poisson: whole numbers of the base unit.
    Poisson {
        /// Mean, above zero.
        mean: Q,
    },
    /// A value with a probability, else zero.
    Bernoulli {
        /// The probability.
        probability: f64,
        /// The value.
        value: Q,
    },
    /// One of the given values, by weight (a categorical distribution).
    Discrete {
        /// The values.
        #[schemars(length(min = 1))]
        values: Vec<Q>,
        /// As many weights.
        weights: Vec<f64>,
    },
}

impl<Q: Quantity> Draw<Q> {
    /// The distribution in base units.
    ///
    /// # Errors
    /// If a parameter is out of the distribution's range.
    pub fn distribution(&self) -> Result<Distribution, DistributionError> {
        match self {
            Draw::Constant(value) => Distribution::constant(value.value()),
            Draw::From(from) => match from {
                DrawnFrom::Exponential { mean } => Distribution::exponential(mean.value()),
                DrawnFrom::Uniform { min, max } => Distribution::uniform(min.value(), max.value()),
                DrawnFrom::Normal { mean, standard_deviation } => {
                    Distribution::normal(mean.value(), standard_deviation.value())
                }
                DrawnFrom::LogNormal { mean, standard_deviation } => {
                    Distribution::log_normal(mean.value(), standard_deviation.value())
                }
                DrawnFrom::Gamma { shape, mean } => Distribution::gamma(*shape, mean.value()),
                DrawnFrom::Weibull { shape, scale } => Distribution::weibull(*shape, scale.value()),
                DrawnFrom::Empirical { values } => {
                    let values: Vec<f64> = values.iter().map(|value| value.value()).collect();
                    Distribution::empirical(&values)
                }
                DrawnFrom::TruncatedNormal { mean, standard_deviation, min, max } => {
                    let [mean, deviation] = [mean, standard_deviation].map(|own| own.value());
                    Distribution::truncated_normal(mean, deviation, min.value(), max.value())
                }
                DrawnFrom::Triangular { min, mode, max } => {
                    Distribution::triangular(min.value(), mode.value(), max.value())
                }
                DrawnFrom::Beta { alpha, beta, min, max } => {
                    Distribution::beta(*alpha, *beta, min.value(), max.value())
                }
                DrawnFrom::Pareto { shape, scale } => Distribution::pareto(*shape, scale.value()),
                DrawnFrom::Poisson { mean } => Distribution::poisson(mean.value()),
                DrawnFrom::Bernoulli { probability, value } => {
                    Distribution::bernoulli(*probability, value.value())
                }
                DrawnFrom::Discrete { values, weights } => {
                    let values: Vec<f64> = values.iter().map(|value| value.value()).collect();
                    Distribution::discrete(&values, weights)
                }
            },
        }
    }
}
