//! Policies that compare what they expect of each node.

use super::view::{OffloadingView, TierName, check_tiers, servers};
use super::{OffloadingDecision, OffloadingPolicy};
use crate::infra::NodeId;
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The candidates: the device itself if `local`, then the nodes of the tiers.
pub(super) fn candidates(view: &OffloadingView<'_>, tiers: &[TierName], local: bool) -> Vec<NodeId> {
    let own = local.then_some(view.local());
    own.into_iter()
        .chain(tiers.iter().flat_map(|&tier| view.nodes(tier.into()).iter().copied()))
        .collect()
}

/// The node with the least cores asked for, over its cores.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeastLoaded {
    /// Tiers that are compared.
    pub tiers: Vec<TierName>,
}

impl Default for LeastLoaded {
    fn default() -> Self {
        LeastLoaded { tiers: vec![TierName::Edge] }
    }
}

impl OffloadingPolicy for LeastLoaded {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        view.least_loaded(&self.tiers).into()
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, false)
    }
}

/// The node with the earliest estimated arrival of the result: upload, wait, execution and download. A
/// task is refused if no node gives an estimate, as when a queue on the way to each of them is full.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MinLatency {
    /// Tiers that are compared.
    pub tiers: Vec<TierName>,
    /// Whether the device itself is compared, too.
    pub local: bool,
}

impl Default for MinLatency {
    fn default() -> Self {
        MinLatency { tiers: servers(), local: true }
    }
}

impl OffloadingPolicy for MinLatency {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let mut best: Option<(f64, NodeId)> = None;
        for node in candidates(view, &self.tiers, self.local) {
            if let Some(time_s) = view.completion_s(node)
                && best.is_none_or(|(least_s, _)| time_s < least_s)
            {
                best = Some((time_s, node));
            }
        }
        best.map(|(_, node)| node).into()
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, self.local)
    }
}

/// The node that costs the device the least energy among those expected to meet the deadline; if none
/// is, the one expected to be done first. Equal energies go to the earlier result. A task is refused if
/// no node gives an estimate, as when a queue on the way to each of them is full.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnergyAware {
    /// Tiers that are compared.
    pub tiers: Vec<TierName>,
    /// Whether the device itself is compared, too.
    pub local: bool,
}

impl Default for EnergyAware {
    fn default() -> Self {
        EnergyAware { tiers: servers(), local: true }
    }
}

impl OffloadingPolicy for EnergyAware {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let deadline_s = view.request().deadline_s.unwrap_or(f64::INFINITY);
        let mut best: Option<(bool, f64, f64, NodeId)> = None;
        for node in candidates(view, &self.tiers, self.local) {
            let Some(time_s) = view.completion_s(node) else { continue };
            let late = time_s > deadline_s;
            let energy_j = if late { 0.0 } else { view.device_energy_j(node) };
            let better = best.is_none_or(|(other_late, other_j, other_s, _)| {
                (late, energy_j, time_s) < (other_late, other_j, other_s)
            });
            if better {
                best = Some((late, energy_j, time_s, node));
            }
        }
        best.map(|(_, _, _, node)| node).into()
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, self.local)
    }
}
