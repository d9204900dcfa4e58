//! What is to be run, when it comes, and how.

use super::graph::WorkflowGraph;
use crate::engine::{Distribution, SimDuration, SimTime};
use crate::infra::NodeId;
use std::sync::Arc;

/// When workflows come.
#[derive(Clone, Debug)]
pub enum WorkflowArrival {
    /// At these times, in order.
    At(Vec<SimTime>),
    /// After independent gaps of this distribution in seconds.
    Gaps(Distribution),
    /// Every so many seconds (above 0), from a random phase on.
    Periodic(f64),
}

/// A kind of workflow that comes again and again.
#[derive(Clone, Debug)]
pub struct WorkflowKind {
    /// The workflow.
    pub graph: Arc<WorkflowGraph>,
    /// The nodes that it comes from, each with arrivals of its own.
    pub sources: Vec<NodeId>,
    /// When it comes.
    pub arrival: WorkflowArrival,
    /// How many come at each of these times.
    pub count: u32,
}

/// How workflows are run.
#[derive(Clone, Debug)]
pub struct WorkflowOptions {
    /// The nodes that tasks may run on.
    pub nodes: Vec<NodeId>,
    /// How often a task that a fault has hit is started anew.
    pub fault_retries: u32,
    /// How long it waits before that; also how long a node that does not take a task is left alone, and until the policy
    /// is asked again about tasks that it gave no node.
    pub retry_delay: SimDuration,
}
