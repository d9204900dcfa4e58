//! What control charts have in common: which features they watch, and what is usual of each device.

use super::Feature;
use crate::engine::Summary;
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The way in which a feature leaves what is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Up or down.
    #[default]
    Both,
    /// Up.
    Above,
    /// Down.
    Below,
}

impl Side {
    pub(super) const fn is_up(self) -> bool {
        !matches!(self, Side::Below)
    }

    pub(super) const fn is_down(self) -> bool {
        !matches!(self, Side::Above)
    }
}

/// A feature that a chart watches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Watched {
    /// A column of the table `radio_devices`.
    pub feature: Feature,
    /// The way in which an anomaly moves it.
    #[serde(default)]
    pub side: Side,
    /// The least standard deviation that it is taken to have, in the column's unit: 1 dB of levels, 1 of indices, 0.02
    /// of shares, 1 Mbit/s of rates, 10 of counts if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub least_deviation: Option<f64>,
}

impl Watched {
    /// A feature on one side or both, with the usual least deviation.
    #[must_use]
    pub const fn new(feature: Feature, side: Side) -> Self {
        Watched { feature, side, least_deviation: None }
    }

    fn least_deviation(&self) -> f64 {
        self.least_deviation.unwrap_or(self.feature.least_deviation())
    }
}

/// Reports features that a chart watches twice.
pub(super) fn check_watched(features: &[Watched]) -> Result<(), ParameterError> {
    for (index, own) in features.iter().enumerate() {
        if features[..index].iter().any(|other| other.feature == own.feature) {
            let message = format!("{:?} is watched twice", own.feature.column());
            return Err(ParameterError::new(message).at_index(index).at("features"));
        }
    }
    Ok(())
}

/// What is usual of a feature of a device: mean and standard deviation of its first values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usual(Summary);

impl Usual {
    /// How many standard deviations a value is from the mean of the first `learn` ones; `None` of these, which are
    /// learned from.
    pub(super) fn deviations(&mut self, value: f64, learn: u32, watched: &Watched) -> Option<f64> {
        if self.0.count() < u64::from(learn) {
            self.0.add(value);
            return None;
        }
        // NaN of a single value gives way to the least one.
        let deviation = self.0.variance().sqrt().max(watched.least_deviation());
        Some((value - self.0.mean()) / deviation)
    }
}
