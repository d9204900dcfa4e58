//! How rows are divided.

use super::default_seed;
use crate::scenario::{Duration, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How rows are divided into training, validation and test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum SplitSpec {
    /// Whole runs. Runs of the same seed face the same arrivals, movements and faults, so that they stay in
    /// the same part.
    Run(RunSplit),
    /// The first part of each run trains, the last one tests. A row whose window reaches over a border is
    /// left out.
    Time(TimeSplit),
    /// Whole entities, over all runs, by a hash of their names.
    Entity(EntitySplit),
}

/// Whole runs: exactly one of `shares`, `seeds` and `runs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSplit {
    /// Shares of the seeds (of the runs, with `separate_seeds`), drawn without replacement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<SharesSpec>,
    /// The seeds of each part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<PartSeeds>,
    /// The runs of each part, by name as in the column `run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<PartNames>,
    /// Lets runs of the same seed come into different parts, although they share their random numbers.
    #[serde(default)]
    pub separate_seeds: bool,
    /// Seed of the draw.
    #[serde(default = "default_seed")]
    pub seed: u64,
}

/// Times: exactly one of `shares` and `test_from`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeSplit {
    /// Shares of the duration of each run, in the order training, validation, test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<SharesSpec>,
    /// When the validation part begins; there is none if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_from: Option<Duration>,
    /// When the test part begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_from: Option<Duration>,
    /// Time after each border in which no window may begin.
    #[serde(default = "no_time")]
    pub embargo: Duration,
}

fn no_time() -> Duration {
    Duration::from_secs(0.0)
}

/// Entities: exactly one of `shares` and `entities`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntitySplit {
    /// Shares of the entities, met on average: each name is drawn for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<SharesSpec>,
    /// The entities of each part by name; of several columns, joined by `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entities: Option<PartNames>,
    /// Seed of the draw.
    #[serde(default = "default_seed")]
    pub seed: u64,
}

/// Shares of the parts, which add up to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharesSpec {
    /// Of training.
    pub train: Ratio,
    /// Of validation; none if left out.
    #[serde(default = "none")]
    pub validation: Ratio,
    /// Of test; none if left out.
    #[serde(default = "none")]
    pub test: Ratio,
}

fn none() -> Ratio {
    Ratio::from_fraction(0.0)
}

/// What belongs to each part by name; what is in none of the lists is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartNames {
    /// Training.
    #[schemars(length(min = 1))]
    pub train: Vec<String>,
    /// Validation.
    #[serde(default)]
    pub validation: Vec<String>,
    /// Test.
    #[serde(default)]
    pub test: Vec<String>,
}

/// What belongs to each part by seed; runs of other seeds are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartSeeds {
    /// Training.
    #[schemars(length(min = 1))]
    pub train: Vec<u64>,
    /// Validation.
    #[serde(default)]
    pub validation: Vec<u64>,
    /// Test.
    #[serde(default)]
    pub test: Vec<u64>,
}
