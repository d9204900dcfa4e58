//! Offloading policies whose parameters may be in files of their own.

use crate::placement::fuzzy::RuleBase;
use crate::placement::offloading::{LearnedModels, Select, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something given in place, or the name of a JSON file that holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OrFile<T> {
    /// The file's name, beside the scenario.
    File(String),
    /// The thing itself.
    Inline(T),
}

/// One of two places by fuzzy rules of one's own: above a threshold the one, else the other. If the one
/// has no node for the task, the other takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FuzzyRulesSpec {
    /// The rule base, whose inputs are observations.
    pub rules: OrFile<RuleBase>,
    /// Output above which `above` is meant.
    #[serde(default = "default_output_threshold")]
    pub threshold: f64,
    /// The place for outputs above the threshold; observations that depend on a node are taken of its
    /// node.
    #[serde(default = "default_above")]
    pub above: Target,
    /// The place for all others.
    #[serde(default = "default_otherwise")]
    pub otherwise: Target,
    /// How the node of a tier is chosen.
    #[serde(default = "least_loaded")]
    pub select: Select,
}

fn default_output_threshold() -> f64 {
    50.0
}

fn default_above() -> Target {
    Target::Cloud
}

fn default_otherwise() -> Target {
    Target::Edge
}

fn least_loaded() -> Select {
    Select::LeastLoaded
}

/// By models that were fitted elsewhere (`AI_BASED` of EdgeCloudSim). Of the places where a task is
/// predicted to be done the one with the least predicted service time; a random one if it is predicted
/// to fail everywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LearnedSpec {
    /// The models.
    pub models: OrFile<LearnedModels>,
    /// Least probability that counts as success.
    #[serde(default = "default_success_threshold")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
    /// How the node of a tier is chosen.
    #[serde(default = "least_loaded")]
    pub select: Select,
}

fn default_success_threshold() -> f64 {
    0.5
}
