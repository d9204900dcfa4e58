//! Instances of a service, as a centre knows them.

use crate::infra::{NodeId, Position};
use crate::placement::orchestration::PlaceIndex;
use std::collections::BTreeSet;

/// The nodes that have an instance of a service, each with its place.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    members: BTreeSet<NodeId>,
    index: PlaceIndex,
}

impl Hosts {
    pub(super) fn insert(&mut self, node: NodeId, position: Position) {
        if self.members.insert(node) {
            self.index.insert(node, position);
        }
    }

    pub(super) fn remove(&mut self, node: NodeId, position: Position) {
        if self.members.remove(&node) {
            self.index.remove(node, position);
        }
    }

    pub(super) fn contains(&self, node: NodeId) -> bool {
        self.members.contains(&node)
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn index(&self) -> &PlaceIndex {
        &self.index
    }
}
