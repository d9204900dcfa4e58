//! How replicas of geo-distributed resources are kept equal: state machines without a world, a clock or chance of their
//! own. They are given time, messages and requests, and answer with what is to be sent, woken and executed.
//!
//! * [`Replica`]: a member of a Raft group (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm",
//!   USENIX ATC 2014), for strong consistency. The algorithm is that of the crate `noraft`; its payloads, timers,
//!   snapshots, reads and persistence are here. One group serves all resources with the same set of sites, so that
//!   what a group costs does not grow with their number.
//! * [`LastWriter`], [`Counter`] and [`ObservedSet`]: state that converges whatever the order of messages (Shapiro et
//!   al., "Conflict-free Replicated Data Types", SSS 2011), with the bytes of what replicas tell each other.

mod convergent;
mod crdt;
mod group;
mod logged;
mod quiet;
mod raft;
mod raft_message;
mod seen;

pub use crdt::{Counter, Dot, LastWriter, Merge, ObservedSet};
pub use group::{GroupMessage, GroupOptions, GroupRefusal, Member, MemberOutput, Mode, ValueKind, Verb};
pub use raft::{NotLeader, Operation, RaftOptions, RaftOutput, Replica, Role, StateMachine};
pub use raft_message::RaftMessage;
