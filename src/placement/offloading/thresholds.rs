//! Policies of the literature that choose between edge and cloud by a threshold (EdgeCloudSim's second
//! sample application).

use super::view::{OffloadingView, TierName};
use super::{OffloadingDecision, OffloadingPolicy};
use crate::infra::Tier;
use crate::units::{DataRate, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a message to the nearest cloud node gets more than this rate.
fn is_fast(view: &mut OffloadingView<'_>, threshold: DataRate) -> bool {
    view.cloud_bandwidth_bps().is_some_and(|rate_bps| rate_bps > threshold.as_bps())
}

/// The least loaded node of the cloud or of the edge; the other tier if this one has none.
fn send(view: &OffloadingView<'_>, to_cloud: bool) -> OffloadingDecision {
    let (first, second) =
        if to_cloud { (TierName::Cloud, TierName::Edge) } else { (TierName::Edge, TierName::Cloud) };
    view.least_loaded(&[first]).or_else(|| view.least_loaded(&[second])).into()
}

/// To the cloud if the way there is fast, else to the least loaded edge node.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkBased {
    /// Bandwidth above which the way to the cloud counts as fast.
    pub bandwidth_threshold: DataRate,
}

impl Default for NetworkBased {
    fn default() -> Self {
        NetworkBased { bandwidth_threshold: DataRate::from_bps(6e6) }
    }
}

impl OffloadingPolicy for NetworkBased {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let fast = is_fast(view, self.bandwidth_threshold);
        send(view, fast)
    }
}

/// To the cloud if the edge is busy, else to the least loaded edge node.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UtilizationBased {
    /// Utilisation of all edge nodes together above which the edge counts as busy.
    pub utilisation_threshold: Ratio,
}

impl Default for UtilizationBased {
    fn default() -> Self {
        UtilizationBased { utilisation_threshold: Ratio::from_fraction(0.8) }
    }
}

impl OffloadingPolicy for UtilizationBased {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let busy = view.utilisation(Tier::Edge) > self.utilisation_threshold.as_fraction();
        send(view, busy)
    }
}

/// To the cloud if the way there is fast and the edge is busy, else to the least loaded edge node.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hybrid {
    /// Bandwidth above which the way to the cloud counts as fast.
    pub bandwidth_threshold: DataRate,
    /// Utilisation of all edge nodes together above which the edge counts as busy.
    pub utilisation_threshold: Ratio,
}

impl Default for Hybrid {
    fn default() -> Self {
        Hybrid {
            bandwidth_threshold: DataRate::from_bps(6e6),
            utilisation_threshold: Ratio::from_fraction(0.8),
        }
    }
}

impl OffloadingPolicy for Hybrid {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let busy = view.utilisation(Tier::Edge) > self.utilisation_threshold.as_fraction();
        let fast = busy && is_fast(view, self.bandwidth_threshold);
        send(view, fast)
    }
}
