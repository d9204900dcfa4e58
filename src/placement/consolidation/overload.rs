//! Overload detection: does a host have, or will it soon have, less than its virtual machines want?

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

/// Steps that the regression looks back.
const REGRESSION_STEPS: usize = 10;

/// A line through the last ten steps, by ordinary least squares, reaches the host's capacity at the next one; a
/// fixed threshold of 70 % before there are ten steps.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalRegression {
    /// What the forecast is multiplied by: above one is on the safe side.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub safety: f64,
}

impl Default for LocalRegression {
    fn default() -> Self {
        LocalRegression { safety: 1.2 }
    }
}

impl OverloadDetection for LocalRegression {
    fn history(&self) -> usize {
        REGRESSION_STEPS
    }

    fn is_overloaded(&mut self, load: &HostLoad<'_>) -> bool {
        let count = load.history.len();
        if count < REGRESSION_STEPS {
            return load.utilisation > 0.7;
        }
        let recent = &load.history[count - REGRESSION_STEPS..];
        let n = REGRESSION_STEPS as f64;
        let mean_x = (n + 1.0) / 2.0;
        let mean_y = recent.iter().sum::<f64>() / n;
        let (mut xy, mut xx) = (0.0, 0.0);
        for (index, y) in recent.iter().enumerate() {
            let x = (index + 1) as f64 - mean_x;
            xy += x * (y - mean_y);
            xx += x * x;
        }
        let forecast = mean_y + xy / xx * (n + 1.0 - mean_x);
        self.safety * forecast >= 1.0
    }
}
