//! What members of a group send each other, and how large it is.

use super::raft::Operation;
use noraft::{ClusterConfig, LogPosition, Message, Term};

/// Bytes of a message beside its entries: term, sender, a log position, an index, a round and its kind.
const HEADER_BYTES: u64 = 48;

/// Bytes of an entry beside its operation: its kind, or a new term.
const ENTRY_BYTES: u64 = 8;

/// Bytes of a member in a configuration.
const MEMBER_BYTES: u64 = 8;

/// A message between two members of a group.
#[derive(Clone, Debug)]
pub struct RaftMessage<S> {
    pub(super) body: Body<S>,
    /// The leader's count of confirmations for reads, which replies echo.
    pub(super) round: u64,
    /// Whether its leader rests from now on.
    pub(super) is_last: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Body<S> {
    /// A message of the algorithm, with the operations of its entries; `None` for entries of the algorithm itself.
    Raft { message: Message, operations: Vec<Option<Operation>> },
    /// The state up to a position.
    Snapshot {
        from: u32,
        term: Term,
        position: LogPosition,
        config: ClusterConfig,
        state: Box<S>,
        bytes: u64,
    },
}

impl<S> RaftMessage<S> {
    /// Its size on a network, headers of transport aside: 48 bytes, 8 for each entry and what its operation has, and
    /// the whole state in a snapshot.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        HEADER_BYTES
            + match &self.body {
                Body::Raft { operations, .. } => operations
                    .iter()
                    .map(|operation| ENTRY_BYTES + operation.map_or(0, |it| u64::from(it.bytes)))
                    .sum(),
                Body::Snapshot { config, bytes, .. } => {
                    bytes + MEMBER_BYTES * config.unique_nodes().count() as u64
                }
            }
    }

    /// The operations that it carries.
    pub(super) fn each_operation(&self) -> impl Iterator<Item = &Operation> {
        let operations = match &self.body {
            Body::Raft { operations, .. } => operations.as_slice(),
            Body::Snapshot { .. } => &[],
        };
        operations.iter().flatten()
    }

    /// How many operations it carries.
    #[must_use]
    pub fn operations(&self) -> usize {
        match &self.body {
            Body::Raft { operations, .. } => operations.iter().flatten().count(),
            Body::Snapshot { .. } => 0,
        }
    }

    /// Whether it is a snapshot.
    #[must_use]
    pub fn is_snapshot(&self) -> bool {
        matches!(self.body, Body::Snapshot { .. })
    }
}
