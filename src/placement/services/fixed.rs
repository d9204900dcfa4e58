//! A placement that is given.

use super::{PlacementView, ServicePlacementDecision, ServicePlacementPolicy};
use crate::infra::NodeId;
use crate::infra::applications::{ReplicaIndex, Violation, ViolationKind};
use std::collections::BTreeMap;

/// Each service on the nodes that are given for it, its replicas in turn.
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// For each service by name its nodes; `*` for services that are not named.
    pub nodes: BTreeMap<String, Vec<NodeId>>,
}

impl Fixed {
    /// The node of a replica; `None` if none is given.
    pub(super) fn node_of(&self, view: &PlacementView<'_>, replica: ReplicaIndex) -> Option<NodeId> {
        let needs = view.needs();
        let service = needs.replicas.get(replica.index())?.service;
        let name = needs.services.get(service as usize)?;
        let nodes = self.nodes.get(name).or_else(|| self.nodes.get("*"))?;
        let earlier = needs.replicas[..replica.index()].iter().filter(|own| own.service == service);
        nodes.get(earlier.count() % nodes.len().max(1)).copied()
    }
}

impl ServicePlacementPolicy for Fixed {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        for &replica in view.open() {
            let nowhere = Violation::new(ViolationKind::NodeDown);
            let nowhere = Violation { replica: Some(replica), ..nowhere };
            let placed = match self.node_of(view, replica) {
                Some(node) => view.assign(replica, node),
                None => Err(nowhere),
            };
            if let Err(fault) = placed {
                return ServicePlacementDecision::Reject(fault);
            }
        }
        view.decided()
    }
}
