//! What is told of requests and replicas, to be counted.

use super::outcome::{Outcome, Way};
use crate::engine::SimTime;

pub(super) use super::accounts::Accounts;

/// The present of a pool: the replicas of a function at a node, or in the cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// Requests that wait.
    pub(super) queued: u32,
    /// Requests that are served.
    pub(super) in_flight: u32,
    /// Replicas that serve at least one.
    pub(super) busy: u32,
    /// Replicas that serve or could, without those that only finish what they have.
    pub(super) ready: u32,
    /// Replicas that start.
    pub(super) starting: u32,
    /// All replicas that hold memory.
    pub(super) held: u32,
}

/// Seconds of a request, and in which stages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Spans {
    /// From its creation to its end.
    pub(super) response_s: f64,
    /// On the network.
    pub(super) network_s: f64,
    /// It waited for a replica that was there.
    pub(super) queue_s: f64,
    /// It waited while the replica started that served it.
    pub(super) start_s: f64,
    /// It was served.
    pub(super) execution_s: f64,
}

/// A request that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// Its number in the workload, in order of creation.
    pub(super) number: u64,
    /// The epoch in which it was created.
    pub(super) epoch: u32,
    /// Where it entered: `node * functions + function`.
    pub(super) stream: u32,
    /// The pool where it was served, or was to be; pools of the cloud follow those of the nodes. `None` if it never came to
    /// one.
    pub(super) pool: Option<u32>,
    pub(super) created: SimTime,
    pub(super) way: Way,
    pub(super) outcome: Outcome,
    pub(super) spans: Spans,
    /// Whether it met a cold replica: one that was started for it, or that it had to wait for while it started.
    pub(super) is_cold: bool,
    /// Bytes that were sent for it.
    pub(super) sent_bytes: f64,
}

/// What happens to a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It has memory and cores, and starts.
    Started,
    /// It can serve.
    Ready,
    /// It ends what it does, then stops.
    Draining,
    /// It has stopped.
    Stopped,
    /// It has stopped as memory was needed.
    Evicted,
    /// Its node has gone, or its image did not come.
    Lost,
}

impl Change {
    /// The name in tables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Change::Started => "started",
            Change::Ready => "ready",
            Change::Draining => "draining",
            Change::Stopped => "stopped",
            Change::Evicted => "evicted",
            Change::Lost => "lost",
        }
    }
}

/// Why it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The allocation.
    Allocation,
    /// A request that found none.
    Request,
    /// The function is likely to be needed soon.
    Warming,
    /// It was idle for long enough.
    KeepAlive,
    /// Memory was needed.
    Memory,
    /// Its node.
    Node,
    /// Its image.
    Image,
    /// Its start is over.
    Start,
}

impl Cause {
    /// The name in tables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Cause::Allocation => "allocation",
            Cause::Request => "request",
            Cause::Warming => "warming",
            Cause::KeepAlive => "keep_alive",
            Cause::Memory => "memory",
            Cause::Node => "node",
            Cause::Image => "image",
            Cause::Start => "start",
        }
    }
}

/// Seconds of the stages of a start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Stages {
    pub(super) scheduling_s: f64,
    pub(super) pull_s: f64,
    pub(super) create_s: f64,
    pub(super) init_s: f64,
}

/// What has happened to a replica.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReplicaChange {
    pub(super) pool: u32,
    /// Its number in the workload, in order of their starts.
    pub(super) replica: u64,
    pub(super) change: Change,
    pub(super) cause: Cause,
    /// What its start took; all there is to know once it is ready.
    pub(super) stages: Stages,
    /// Whether it is the start within a minute after a stop of the same pool.
    pub(super) is_flap: bool,
}

/// Why replicas that are wanted are not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// They wait for replicas that only finish what they have.
    Wait,
    /// The node has no room for them.
    Short,
    /// A request entered where there was no replica, nor one that started.
    Starved,
}
