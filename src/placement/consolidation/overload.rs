//! Overload detection: does a host have, or will it soon have, less than its virtual machines want?

use crate::statistics::{
    Line, interquartile_range, loess_line, median_absolute_deviation, robust_loess_line,
};
use crate::units::Ratio;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is wanted of one host.
#[derive(Clone, Copy, Debug)]
pub struct HostLoad<'a> {
    /// What its virtual machines want now over its capacity.
    pub utilisation: f64,
    /// The same at the last steps, newest last, as if the virtual machines that it has now had been there before:
    /// an older virtual machine's history counts from where it begins. At most as long as
    /// [asked for](OverloadDetection::history).
    pub history: &'a [f64],
    /// The same at the steps to come, the next one first, as if the virtual machines that it has now stayed. Of the
    /// length [asked for](OverloadDetection::future); a demand that nobody knows stays as it is.
    pub future: &'a [f64],
}

/// A way to tell that a host is overloaded.
///
/// ```
/// use stratosim::placement::consolidation::{HostLoad, OverloadDetection};
///
/// /// More than three quarters now and at the step before.
/// #[derive(Debug)]
/// struct Twice;
///
/// impl OverloadDetection for Twice {
///     fn history(&self) -> usize { 2 }
///     fn is_overloaded(&mut self, load: &HostLoad<'_>) -> bool {
///         load.history.len() == 2 && load.history.iter().all(|share| *share > 0.75)
///     }
/// }
/// ```
pub trait OverloadDetection: fmt::Debug + Send {
    /// Steps back that it looks.
    fn history(&self) -> usize {
        0
    }

    /// Steps ahead for which it must be told what comes; none but an oracle needs any.
    fn future(&self) -> usize {
        0
    }

    /// Whether a host is overloaded.
    fn is_overloaded(&mut self, load: &HostLoad<'_>) -> bool;
}

/// More is wanted than a fixed share of the host's capacity.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Threshold {
    /// The share of the capacity.
    pub utilisation: Ratio,
}

impl Default for Threshold {
    fn default() -> Self {
        Threshold { utilisation: Ratio::from_fraction(0.8) }
    }
}

impl OverloadDetection for Threshold {
    fn is_overloaded(&mut self, load: &HostLoad<'_>) -> bool {
        load.utilisation > self.utilisation.as_fraction()
    }
}

/// Steps that spreads are taken over.
const SPREAD_STEPS: usize = 30;

/// Fewest steps for a spread.
const FEWEST_FOR_SPREAD: usize = 12;

/// Steps that regressions look back.
const REGRESSION_STEPS: usize = 10;

/// The threshold while there are too few steps.
const FALLBACK: f64 = 0.7;

/// Reweightings of the robust regression.
const ROBUST_ITERATIONS: usize = 2;

/// The newest values of a history.
fn newest(history: &[f64], count: usize) -> &[f64] {
    &history[history.len().saturating_sub(count)..]
}

/// Whether the present utilisation exceeds 1 - `safety` times a spread of the history.
fn exceeds_margin(load: &HostLoad<'_>, safety: f64, spread: fn(&mut [f64]) -> f64) -> bool {
    if load.history.len() < FEWEST_FOR_SPREAD {
        return load.utilisation > FALLBACK;
    }
    let mut values =
        smallvec::SmallVec::<[f64; SPREAD_STEPS]>::from_slice(newest(load.history, SPREAD_STEPS));
    load.utilisation > 1.0 - safety * spread(&mut values)
}

/// Whether `safety` times the continuation of a line to the next step reaches the capacity.
fn will_be_full(load: &HostLoad<'_>, safety: f64, line: impl Fn(&[f64]) -> Line) -> bool {
    if load.history.len() < REGRESSION_STEPS {
        return load.utilisation > FALLBACK;
    }
    let line = line(newest(load.history, REGRESSION_STEPS));
    safety * line.at(REGRESSION_STEPS as f64 + 1.0) >= 1.0
}

/// Detections with a factor of safety: type, docs, default, steps, test.
macro_rules! with_safety {
    ($($(#[doc = $doc:literal])+ $name:ident, $default:literal, $steps:ident, $test:expr;)*) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// The factor: the greater, the sooner a host counts as overloaded.
            #[schemars(range(min = 0.0, max = 1000.0))]
            pub safety: f64,
        }

        impl Default for $name {
            fn default() -> Self {
                $name { safety: $default }
            }
        }

        impl OverloadDetection for $name {
            fn history(&self) -> usize {
                $steps
            }

            fn is_overloaded(&mut self, load: &HostLoad<'_>) -> bool {
                let test: fn(&HostLoad<'_>, f64) -> bool = $test;
                test(load, self.safety)
            }
        }
    )*};
}

with_safety! {
    /// More is wanted than 1 - safety * the interquartile range of the last thirty steps; than 70 % before there are
    /// twelve (IQR of Beloglazov and Buyya, 2012).
    InterquartileRange, 1.5, SPREAD_STEPS,
    |load, safety| exceeds_margin(load, safety, interquartile_range);

    /// More is wanted than 1 - safety * the median absolute deviation of the last thirty steps; than 70 % before
    /// there are twelve (MAD of the same article).
    MedianAbsoluteDeviation, 2.5, SPREAD_STEPS,
    |load, safety| exceeds_margin(load, safety, median_absolute_deviation);

    /// Safety * a line through the last ten steps, by ordinary least squares, reaches the host's capacity at the next
    /// one; a fixed threshold of 70 % before there are ten steps. What CloudSim 3.0.3 runs as local regression.
    LinearRegression, 1.2, REGRESSION_STEPS,
    |load, safety| will_be_full(load, safety, Line::through);

    /// As linear_regression, the newer steps weighing more (LR of the same article, by Loess: Cleveland, 1979).
    LocalRegression, 1.2, REGRESSION_STEPS,
    |load, safety| will_be_full(load, safety, loess_line);

    /// As local_regression, with outliers weighted down (LRR of the same article).
    RobustLocalRegression, 1.2, REGRESSION_STEPS,
    |load, safety| will_be_full(load, safety, |values| robust_loess_line(values, ROBUST_ITERATIONS));
}
