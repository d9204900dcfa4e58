//! Policies that look for a node with cores free; if none has, the least loaded one that admits the task
//! takes it.

use super::view::{OffloadingView, TierName, check_tiers, servers};
use super::{OffloadingDecision, OffloadingPolicy};
use crate::infra::NodeId;
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

fn or_least_loaded(
    view: &OffloadingView<'_>,
    tiers: &[TierName],
    node: Option<NodeId>,
) -> OffloadingDecision {
    node.or_else(|| view.least_loaded(tiers)).into()
}

/// The node with room whose free cores are extreme in the sense of `better`, the first among equals.
fn extreme(
    view: &OffloadingView<'_>,
    tiers: &[TierName],
    better: impl Fn(f64, f64) -> bool,
) -> Option<NodeId> {
    let mut best: Option<(f64, NodeId)> = None;
    for &node in tiers.iter().flat_map(|&tier| view.nodes(tier.into())) {
        let free = view.free_cores(node);
        if best.is_none_or(|(most, _)| better(free, most)) && view.has_room(node) {
            best = Some((free, node));
        }
    }
    best.map(|(_, node)| node)
}

/// The first node with cores free, in the order of the scenario.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FirstFit {
    /// Tiers in the order in which they are searched.
    pub tiers: Vec<TierName>,
}

impl Default for FirstFit {
    fn default() -> Self {
        FirstFit { tiers: servers() }
    }
}

impl OffloadingPolicy for FirstFit {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let first = self
            .tiers
            .iter()
            .flat_map(|&tier| view.nodes(tier.into()))
            .copied()
            .find(|&node| view.has_room(node));
        or_least_loaded(view, &self.tiers, first)
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, false)
    }
}

/// The first node with cores free after the one chosen last, going round.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NextFit {
    /// Tiers that the round goes through, in order.
    pub tiers: Vec<TierName>,
    #[serde(skip)]
    next: usize,
}

impl Default for NextFit {
    fn default() -> Self {
        NextFit { tiers: servers(), next: 0 }
    }
}

impl OffloadingPolicy for NextFit {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let count: usize = self.tiers.iter().map(|&tier| view.nodes(tier.into()).len()).sum();
        let node_at = |index: usize| {
            self.tiers.iter().flat_map(|&tier| view.nodes(tier.into())).nth(index).copied()
        };
        let found = (0..count).map(|step| (self.next + step) % count).find_map(|index| {
            node_at(index).filter(|&node| view.has_room(node)).map(|node| (index, node))
        });
        let node = found.map(|(_, node)| node);
        let decision = or_least_loaded(view, &self.tiers, node);
        if let Some((index, _)) = found {
            self.next = index + 1;
        }
        decision
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, false)
    }
}

/// The node with the fewest free cores that are enough.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BestFit {
    /// Tiers that are searched.
    pub tiers: Vec<TierName>,
}

impl Default for BestFit {
    fn default() -> Self {
        BestFit { tiers: servers() }
    }
}

impl OffloadingPolicy for BestFit {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let node = extreme(view, &self.tiers, |free, least| free < least);
        or_least_loaded(view, &self.tiers, node)
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, false)
    }
}

/// The node with the most free cores.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorstFit {
    /// Tiers that are searched.
    pub tiers: Vec<TierName>,
}

impl Default for WorstFit {
    fn default() -> Self {
        WorstFit { tiers: servers() }
    }
}

impl OffloadingPolicy for WorstFit {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let node = extreme(view, &self.tiers, |free, most| free > most);
        or_least_loaded(view, &self.tiers, node)
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, false)
    }
}
