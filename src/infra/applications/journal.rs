//! What was done to the book, so that it can be taken back.

use super::needs::{InteractionIndex, ReplicaIndex};
use crate::infra::ids::{ApplicationId, NodeId};
use crate::infra::network::WayStep;

/// A place in the journal, to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(pub(super) usize);

/// One change.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Placed(ApplicationId, ReplicaIndex),
    Displaced(ApplicationId, ReplicaIndex, NodeId, u64),
    /// An interaction has a way, over links or within a node.
    Pinned(ApplicationId, InteractionIndex),
    /// An interaction has lost its way within a node.
    LeftNode(ApplicationId, InteractionIndex),
    /// An interaction has lost its way over so many links, which are the last ones kept.
    Unpinned {
        own: (ApplicationId, InteractionIndex),
        stamp: u64,
        is_wireless: bool,
        steps: u32,
    },
}

/// Changes, in order, while they may be taken back.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) is_kept: bool,
    pub(super) changes: Vec<Change>,
    /// Links of ways that were lost.
    pub(super) steps: Vec<WayStep>,
}

impl Journal {
    pub(super) fn note(&mut self, change: Change) {
        if self.is_kept {
            self.changes.push(change);
        }
    }
}
