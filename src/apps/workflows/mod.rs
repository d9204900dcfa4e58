//! Workflows: jobs of tasks that wait for each other, and for files that move between the nodes they run on.
//!
//! A workflow comes at a source node. A scheduling policy, asked at the decision point *workflow scheduling*, gives its
//! tasks nodes; files that a task reads are sent to its node over the network, from the node on which they were written,
//! or from the source if nobody writes them, and once to each node. A task starts when its parents are done, its files are
//! on its node, and as many cores are free there as it asks for. A task that a fault has hit is tried again a number of
//! times; if that is in vain its workflow is lost, and its other tasks are cancelled.

mod config;
mod graph;
mod life;
mod outcome;
mod report;
mod request;
pub(crate) mod room;
mod state;
#[cfg(test)]
mod tests;
mod workload;

pub use config::{WorkflowArrival, WorkflowKind, WorkflowOptions};
pub use graph::{GraphError, WorkflowGraph, WorkflowTask};
pub use outcome::WorkflowOutcome;
pub use request::{
    BookedTask, FileHolders, PlacedTask, WorkflowAssignment, WorkflowChoice, WorkflowRequest,
};
pub use workload::WorkflowWorkload;
