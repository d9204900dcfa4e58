//! Detectors of anomalies, and responses to them.

use super::offloading::OrFile;
use super::root::{DetectorKind, ResponseKind};
use crate::placement::anomaly::LogisticModel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What watches the radio links of devices of 5G, and what is done about alarms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnomalySpec {
    /// What looks for anomalies, all side by side.
    #[schemars(length(min = 1, max = 64))]
    pub detectors: Vec<DetectorKind>,
    /// The name of the detector whose alarms are responded to; the first one if left out.
    #[serde(default)]
    pub acting: Option<String>,
    /// What is done about a device with an alarm.
    #[serde(default = "nothing")]
    pub response: ResponseKind,
}

fn nothing() -> ResponseKind {
    ResponseKind::of_kind("nothing")
}

/// What any detector may have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DetectorNameSpec {
    /// Its name in records; its kind if left out.
    pub name: Option<String>,
}

/// An anomaly is what a logistic model finds probable, 1 / (1 + exp(-(intercept + sum of coefficient (x - mean) / scale))).
/// The score is the probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogisticSpec {
    /// The model, or the name of a JSON file that holds it.
    pub model: OrFile<LogisticModel>,
    /// From which probability on there is an alarm.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
}

fn half() -> f64 {
    0.5
}

/// The first of several responses that does anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstOfSpec {
    /// The responses, in the order in which they are asked.
    #[schemars(length(min = 1, max = 16))]
    pub responses: Vec<ResponseKind>,
}
