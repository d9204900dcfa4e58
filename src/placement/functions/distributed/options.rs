//! How the distributed method works, and when it stops.

use super::super::centralised::{CentralisedOptions, Flows};
use super::super::error::FunctionsError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the greedy coordinator serves first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortingRule {
    /// What is offered times the reward: omega beta.
    #[default]
    Product,
    /// The reward of forwarding: beta.
    Beta,
    /// What is offered: omega.
    Omega,
    /// What a request adds to the objective: beta / lambda, or as the normalisation has it.
    Unit,
}

/// In which order the greedy coordinator works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GreedyOrder {
    /// All pairs of a stream and a neighbour by the rule; nobody forwards and receives the same function, and the room at
    /// a neighbour counts replicas that it has been given before.
    #[default]
    Global,
    /// As published: streams by node and function, neighbours of each by the rule. Replicas that a neighbour has been
    /// given do not count as room, memory is taken for used up when what is offered exceeds the room, and a node that has
    /// received requests of a function may still forward its own: for comparison with the original only.
    Upstream,
}

/// Who matches what nodes offer with what they have left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Coordinator {
    /// A greedy rule.
    Greedy {
        /// What is served first.
        #[serde(default)]
        rule: SortingRule,
        /// In which order.
        #[serde(default)]
        order: GreedyOrder,
    },
    /// The optimum of the coordinator's own problem, searched for from what the greedy rule finds (`heuristic_only =
    /// false` of the original).
    Optimal {
        /// Gap at which the search may stop, relative to the objective.
        #[serde(default = "default_gap")]
        relative_gap: f64,
        /// Nodes of the search after which it stops.
        #[serde(default = "default_nodes")]
        node_limit: Option<u64>,
    },
}

fn default_gap() -> f64 {
    1e-6
}

// The default of a key that may be null.
fn default_nodes() -> Option<u64> {
    Some(20_000)
}

impl Default for Coordinator {
    fn default() -> Self {
        Coordinator::Greedy { rule: SortingRule::Unit, order: GreedyOrder::Global }
    }
}

impl Coordinator {
    /// The optimum of the coordinator's problem.
    #[must_use]
    pub fn optimal() -> Self {
        Coordinator::Optimal { relative_gap: default_gap(), node_limit: default_nodes() }
    }

    /// The published greedy coordinator.
    #[must_use]
    pub fn upstream(rule: SortingRule) -> Self {
        Coordinator::Greedy { rule, order: GreedyOrder::Upstream }
    }
}

/// Where the replicas of the local problems come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FixedReplicas {
    /// Each node decides.
    #[default]
    None,
    /// As many as the local part of the centralised optimum needs (`fix_r` of the original).
    Centralised(CentralisedOptions),
}

/// Which of the two best allocations is the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// That with the largest objective.
    #[default]
    BestObjective,
    /// That with the least welfare cost, as published. Only this one is known to the nodes themselves.
    BestWelfare,
}

/// How the distributed method works, and when it stops. Defaults are the published ones, but for the coordinator and what
/// is reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DistributedOptions {
    /// Who matches offers.
    pub coordinator: Coordinator,
    /// Which allocation is the result.
    pub report: Report,
    /// Replicas of the local problems.
    pub fixed_replicas: FixedReplicas,
    /// The greatest number of iterations, at least 1.
    pub max_iterations: u32,
    /// Iterations without progress after which it stops, at least 1.
    pub patience: u32,
    /// Improvements of the welfare that are compared; `patience` if left out.
    pub welfare_patience: Option<u32>,
    /// What counts as nothing: of rates in requests per second, and of objectives.
    pub tolerance: f64,
    /// The first step of the prices, above 0.
    pub first_step: f64,
    /// Prices of the functions to begin with, at least 0; 0 if left out.
    pub first_prices: Option<Vec<f64>>,
    /// Whether the welfare has what is rejected in it, in requests per second that are not divided by the load (the
    /// published release); else it is left out (the main branch).
    pub rejection_in_welfare: bool,
    /// Seconds after which it stops. What is found by then depends on the machine and its load.
    pub time_limit_s: Option<f64>,
    /// Whether requests are split at will.
    pub flows: Flows,
}

impl Default for DistributedOptions {
    fn default() -> Self {
        DistributedOptions {
            coordinator: Coordinator::default(),
            report: Report::BestObjective,
            fixed_replicas: FixedReplicas::None,
            max_iterations: 100,
            patience: 10,
            welfare_patience: None,
            tolerance: 1e-3,
            first_step: 2.0,
            first_prices: None,
            rejection_in_welfare: true,
            time_limit_s: None,
            flows: Flows::Continuous,
        }
    }
}

impl DistributedOptions {
    /// The published method with its greedy coordinator.
    #[must_use]
    pub fn upstream(rule: SortingRule) -> Self {
        DistributedOptions {
            coordinator: Coordinator::upstream(rule),
            report: Report::BestWelfare,
            ..DistributedOptions::default()
        }
    }

    pub(in super::super) fn check(&self, functions: usize) -> Result<(), FunctionsError> {
        let whole = |place: &str, value: u32| {
            if value == 0 { Err(FunctionsError::range(place, value, "at least 1")) } else { Ok(()) }
        };
        whole("max_iterations", self.max_iterations)?;
        whole("patience", self.patience)?;
        whole("welfare_patience", self.welfare_patience.unwrap_or(1))?;
        let not_negative = |place: &str, value: f64| {
            if value.is_finite() && value >= 0.0 {
                Ok(())
            } else {
                Err(FunctionsError::range(place, value, "at least 0"))
            }
        };
        not_negative("tolerance", self.tolerance)?;
        not_negative("first_step", self.first_step)?;
        if let Coordinator::Optimal { relative_gap, .. } = self.coordinator {
            not_negative("coordinator.relative_gap", relative_gap)?;
        }
        if let Some(time) = self.time_limit_s.filter(|time| time.is_nan() || *time <= 0.0) {
            return Err(FunctionsError::range("time_limit_s", time, "above 0"));
        }
        if let Some(prices) = &self.first_prices {
            super::super::error::check_length(|| "first_prices".into(), prices.len(), functions)?;
            for (f, &price) in prices.iter().enumerate() {
                not_negative(&format!("first_prices[{f}]"), price)?;
            }
        }
        Ok(())
    }
}
