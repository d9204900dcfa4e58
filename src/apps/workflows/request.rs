//! The decision point *workflow scheduling*, as a workload sees it.

use super::graph::WorkflowGraph;
use crate::apps::DecisionId;
use crate::infra::NodeId;
use smallvec::SmallVec;

/// The nodes that have a file; none if it is still to be written.
pub type FileHolders = SmallVec<[NodeId; 2]>;

/// A task that has a node: when it runs there, or is planned to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlacedTask {
    /// Its node.
    pub node: NodeId,
    /// Whether it is done.
    pub is_done: bool,
    /// When it ends, in seconds.
    pub end_s: f64,
}

/// What a task of any workflow holds of a node, or will.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BookedTask {
    /// The node.
    pub node: NodeId,
    /// Its cores.
    pub cores: u32,
    /// Whether it runs.
    pub runs: bool,
    /// When it starts, in seconds.
    pub start_s: f64,
    /// When it ends, in seconds.
    pub end_s: f64,
}

/// Tasks of a workflow that need nodes.
#[derive(Clone, Copy, Debug)]
pub struct WorkflowRequest<'a> {
    /// The number of the workflow in its workload.
    pub workflow: u32,
    /// Its tasks.
    pub graph: &'a WorkflowGraph,
    /// Where it came from, and where the files are that nobody writes.
    pub source: NodeId,
    /// The nodes that tasks may run on, ascending.
    pub nodes: &'a [NodeId],
    /// The tasks that need a node, ascending: those whose parents are done, or all that have not begun if the policy
    /// plans ahead.
    pub open: &'a [u32],
    /// For each task its node, if it has one.
    pub placed: &'a [Option<PlacedTask>],
    /// For each file the nodes that have it.
    pub holders: &'a [FileHolders],
    /// What tasks of all workflows of the workload hold of nodes, or will.
    pub booked: &'a [BookedTask],
}

/// A node for a task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorkflowAssignment {
    /// The task.
    pub task: u32,
    /// Its node.
    pub node: NodeId,
    /// When it is to start there, in seconds.
    pub start_s: f64,
    /// When it is to end, in seconds.
    pub end_s: f64,
}

/// What was decided; tasks of which nothing is said wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkflowChoice {
    /// Nodes for tasks, and the records of the decisions if decisions are recorded.
    pub assigned: Vec<(WorkflowAssignment, Option<DecisionId>)>,
    /// Tasks that the policy will never place.
    pub refused: Vec<u32>,
}
