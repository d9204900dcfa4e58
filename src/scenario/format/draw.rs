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
            },
        }
    }
}
