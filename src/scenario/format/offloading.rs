//! Offloading policies whose parameters may be in files of their own.

use crate::placement::fuzzy::RuleBase;
use crate::placement::offloading::edgecloudsim::{VehicularPolicy, WayModels};
use crate::placement::offloading::{LearnedModels, Select, Target};
use crate::scenario::Duration;
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

/// Tasks of vehicles go one of three ways - to the edge, to the cloud by the access point, there by a direct network -
/// and are taken in turn by the instances at its end (the orchestrator of EdgeCloudSim's fifth sample application).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VehicularSpec {
    /// How a vehicle finds its way.
    pub policy: VehicularPolicy,
    /// Until then, `predictive` throws the dice.
    pub warm_up: Duration,
    /// The models of `ai_based`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<OrFile<WayModels>>,
    /// The weights of the windows of `predictive` are not divided by their sum: what failed nowhere then still counts
    /// as too much for the service times to be looked at.
    pub failures_only: bool,
    /// The means of `mab` are sums of n outcomes divided by n - 1, and so grow with time.
    pub one_outcome_fewer: bool,
    /// The mixed strategy of `game_theory` takes a gap between tasks, over 20 s, for the probability of a task.
    pub gap_for_rate: bool,
    /// Only vehicles with a smaller number are others.
    pub smaller_numbers_only: bool,
}

impl Default for VehicularSpec {
    fn default() -> Self {
        VehicularSpec {
            policy: VehicularPolicy::Random,
            warm_up: Duration::from_secs(180.0),
            models: None,
            failures_only: false,
            one_outcome_fewer: false,
            gap_for_rate: false,
            smaller_numbers_only: false,
        }
    }
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
