//! Policies that look at accelerators: those of GPUEdgeCloudSim, whose nearest is [`Nearest`](super::Nearest). They
//! compare the nodes that would admit the task; of a task without a part on an accelerator they look at cores and
//! memory instead.

use super::view::{OffloadingView, TierName, servers};
use super::{OffloadingDecision, OffloadingPolicy};
use crate::infra::NodeId;
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The node of these tiers that admits the task and has the least of something, the first among equals.
fn least(
    view: &mut OffloadingView<'_>,
    tiers: &[TierName],
    cost: impl Fn(&mut OffloadingView<'_>, NodeId) -> Option<f64>,
) -> OffloadingDecision {
    let mut best: Option<(f64, NodeId)> = None;
    for node in admitting(view, tiers) {
        if let Some(cost) = cost(view, node)
            && best.is_none_or(|(least, _)| cost < least)
        {
            best = Some((cost, node));
        }
    }
    best.map(|(_, node)| node).into()
}

fn admitting(view: &OffloadingView<'_>, tiers: &[TierName]) -> Vec<NodeId> {
    let nodes = tiers.iter().flat_map(|&tier| view.nodes(tier.into())).copied();
    nodes.filter(|&node| view.admits(node)).collect()
}

/// Load of the devices that the task asks for, or of the cores if there are none.
fn load(view: &OffloadingView<'_>, node: NodeId) -> f64 {
    view.accelerator_load(node).unwrap_or_else(|| view.load(node))
}

/// Free and all bytes of memory of the devices that the task asks for, or of the node if there are none.
fn memory_bytes(view: &OffloadingView<'_>, node: NodeId) -> (f64, f64) {
    view.accelerator_memory(node).unwrap_or_else(|| {
        let infrastructure = view.infrastructure();
        let own = view.instances(node);
        let free = own.map(|own| infrastructure.compute().free(own).memory_bytes).sum();
        (free, infrastructure.class_of(node).resources.memory_bytes)
    })
}

/// The node whose devices for the task are held and waited for least.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GpuLoadBalanced {
    /// Tiers that are compared.
    pub tiers: Vec<TierName>,
}

impl Default for GpuLoadBalanced {
    fn default() -> Self {
        GpuLoadBalanced { tiers: servers() }
    }
}

impl OffloadingPolicy for GpuLoadBalanced {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        least(view, &self.tiers, |view, node| Some(load(view, node)))
    }
}

/// The node whose devices for the task have the most free memory.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GpuMemoryAware {
    /// Tiers that are compared.
    pub tiers: Vec<TierName>,
}

impl Default for GpuMemoryAware {
    fn default() -> Self {
        GpuMemoryAware { tiers: servers() }
    }
}

impl OffloadingPolicy for GpuMemoryAware {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        least(view, &self.tiers, |view, node| Some(-memory_bytes(view, node).0))
    }
}

/// The node where the task costs the least energy beyond what is drawn anyway: of its cores and accelerators, and of
/// the device that sends and receives.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnergyEfficient {
    /// Tiers that are compared.
    pub tiers: Vec<TierName>,
}

impl Default for EnergyEfficient {
    fn default() -> Self {
        EnergyEfficient { tiers: servers() }
    }
}

impl OffloadingPolicy for EnergyEfficient {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        least(view, &self.tiers, |view, node| {
            let local = node == view.local();
            let sending_j = if local { 0.0 } else { view.device_energy_j(node) };
            Some(view.computing_energy_j(node) + sending_j)
        })
    }
}

/// The node with the least weighted sum of three shares: its estimated time on the network over the longest among
/// the nodes compared, the load of its devices for the task (1 and above counts as 1), and the part of their memory
/// that is not free.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GpuHybrid {
    /// Weight of the time on the network.
    #[schemars(range(min = 0.0))]
    pub latency: f64,
    /// Weight of the load.
    #[schemars(range(min = 0.0))]
    pub load: f64,
    /// Weight of the memory.
    #[schemars(range(min = 0.0))]
    pub memory: f64,
    /// Tiers that are compared.
    pub tiers: Vec<TierName>,
}

impl Default for GpuHybrid {
    fn default() -> Self {
        GpuHybrid { latency: 0.4, load: 0.3, memory: 0.3, tiers: servers() }
    }
}

impl OffloadingPolicy for GpuHybrid {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let mut found: Vec<(NodeId, f64)> = Vec::new();
        for node in admitting(view, &self.tiers) {
            if let (Some(up_s), Some(down_s)) = (view.upload_s(node), view.download_s(node)) {
                found.push((node, up_s + down_s));
            }
        }
        let longest_s = found.iter().map(|&(_, time_s)| time_s).fold(0.0, f64::max);
        let mut best: Option<(f64, NodeId)> = None;
        for (node, time_s) in found {
            let latency = if longest_s > 0.0 { time_s / longest_s } else { 0.0 };
            let (free, all) = memory_bytes(view, node);
            let used = if all > 0.0 && all.is_finite() { 1.0 - free / all } else { 0.0 };
            let cost =
                self.latency * latency + self.load * load(view, node).min(1.0) + self.memory * used;
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, node));
            }
        }
        best.map(|(_, node)| node).into()
    }

    fn check(&self) -> Result<(), ParameterError> {
        if self.latency + self.load + self.memory > 0.0 {
            return Ok(());
        }
        Err(ParameterError::new("all weights are 0, so that nothing is compared").at("latency"))
    }
}
