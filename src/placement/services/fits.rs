//! Policies that take nodes in an order: each replica goes to the first node that has what it needs, and ways to the
//! replicas that are placed.

use super::{PlacementView, ServicePlacementDecision, ServicePlacementPolicy};
use crate::infra::NodeId;
use crate::infra::applications::{ReplicaIndex, Violation, ViolationKind};
use crate::infra::assets::AssetId;
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Places a replica on the first of these nodes that takes it, with ways.
fn assign_first(
    view: &mut PlacementView<'_>,
    replica: ReplicaIndex,
    nodes: impl IntoIterator<Item = NodeId>,
) -> Result<NodeId, Violation> {
    let fault = Violation::new(ViolationKind::NodeDown);
    let mut fault = Violation { replica: Some(replica), ..fault };
    for node in nodes {
        match view.assign(replica, node) {
            Ok(()) => return Ok(node),
            Err(short) => fault = short,
        }
    }
    Err(fault)
}

/// For each replica in order the first node that has what it needs, and ways to the replicas that are placed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FirstFit {}

impl ServicePlacementPolicy for FirstFit {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        for &replica in view.open() {
            if let Err(fault) = assign_first(view, replica, view.candidates().iter().copied()) {
                return ServicePlacementDecision::Reject(fault);
            }
        }
        view.decided()
    }
}

/// For each replica in order any node that has what it needs, and ways to the replicas that are placed, each with the same
/// probability.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomFit {
    #[serde(skip)]
    nodes: Vec<NodeId>,
}

impl ServicePlacementPolicy for RandomFit {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        for &replica in view.open() {
            self.nodes.clear();
            self.nodes.extend_from_slice(view.candidates());
            self.nodes.shuffle(view.random());
            if let Err(fault) = assign_first(view, replica, self.nodes.iter().copied()) {
                return ServicePlacementDecision::Reject(fault);
            }
        }
        view.decided()
    }
}

/// For each replica in order the next node after the one that was chosen last, going round, that has what it needs, and
/// ways to the replicas that are placed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RoundRobin {
    #[serde(skip)]
    last: Option<NodeId>,
}

impl ServicePlacementPolicy for RoundRobin {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        for &replica in view.open() {
            let nodes = view.candidates();
            let after = |last| nodes.iter().position(|&node| node > last).unwrap_or(0);
            let (before, from) = nodes.split_at(self.last.map_or(0, after));
            match assign_first(view, replica, from.iter().chain(before).copied()) {
                Ok(node) => self.last = Some(node),
                Err(fault) => return ServicePlacementDecision::Reject(fault),
            }
        }
        view.decided()
    }
}

/// For each replica in order the node with the fewest cores left, then the least memory, that has what it needs, and ways
/// to the replicas that are placed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BestFit {
    #[serde(skip)]
    nodes: Vec<(f64, f64, NodeId)>,
}

impl ServicePlacementPolicy for BestFit {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        for &replica in view.open() {
            self.nodes.clear();
            self.nodes.extend(view.candidates().iter().map(|&node| {
                let left = |asset| view.residual(node, asset);
                (left(AssetId::CORES), left(AssetId::MEMORY_BYTES), node)
            }));
            self.nodes.sort_unstable_by(|own, other| {
                own.0.total_cmp(&other.0).then(own.1.total_cmp(&other.1)).then(own.2.cmp(&other.2))
            });
            if let Err(fault) = assign_first(view, replica, self.nodes.iter().map(|own| own.2)) {
                return ServicePlacementDecision::Reject(fault);
            }
        }
        view.decided()
    }
}
