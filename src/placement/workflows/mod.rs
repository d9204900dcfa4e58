//! Workflow scheduling: tasks of a workflow need nodes; which, and in which order?

mod by_end;
mod heft;
mod simple;
#[cfg(test)]
mod tests;
mod timeline;
mod view;

pub use by_end::{DataAware, Fastest, MaxMin, MinMin};
pub use heft::Heft;
pub use simple::{Local, RoundRobin};
pub use timeline::Timeline;
pub use view::{NodeOffer, TaskCosts, WorkflowView};

use crate::apps::workflows::WorkflowAssignment;
use crate::records::ColumnSpec;
use std::fmt;

/// Where tasks run; those of which nothing is said wait until something changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkflowDecision {
    /// Nodes for tasks, made by [`WorkflowView::assign`].
    pub assigned: Vec<WorkflowAssignment>,
    /// Tasks that are never to be placed: their workflow ends.
    pub refused: Vec<u32>,
}

/// A way to schedule workflows.
///
/// ```
/// use stratosim::placement::workflows::{WorkflowDecision, WorkflowPolicy, WorkflowView};
///
/// /// All on the first node that is large enough.
/// #[derive(Debug)]
/// struct FirstFit;
///
/// impl WorkflowPolicy for FirstFit {
///     fn schedule(&mut self, view: &mut WorkflowView<'_>) -> WorkflowDecision {
///         let mut decision = WorkflowDecision::default();
///         for &task in view.open() {
///             let node = (0..view.nodes().len()).find(|&node| view.fits(task, node));
///             decision.assigned.extend(node.and_then(|node| view.assign(task, node)));
///         }
///         decision
///     }
/// }
/// ```
pub trait WorkflowPolicy: fmt::Debug + Send {
    /// Decides for the [open](WorkflowView::open) tasks.
    fn schedule(&mut self, view: &mut WorkflowView<'_>) -> WorkflowDecision;

    /// Whether it plans all tasks of a workflow when that comes, and their order on the nodes with it; else it is asked
    /// for each task when its parents are done, and tasks start in the order in which their input arrives.
    fn plans_ahead(&self) -> bool {
        false
    }
}

/// Features of a decision about a task: what the table `decisions` tells of what the policy saw.
#[must_use]
pub fn feature_columns() -> [ColumnSpec; 8] {
    [
        ColumnSpec::float("workflow", "", "number of the task's workflow in its workload"),
        ColumnSpec::float("length_mi", "MI", "work of the task"),
        ColumnSpec::float("task_cores", "", "cores that the task asks for"),
        ColumnSpec::float("task_memory_bytes", "B", "memory that it asks for"),
        ColumnSpec::float("task_input_bytes", "B", "bytes that it reads"),
        ColumnSpec::float("open_tasks", "", "tasks of the workflow that needed nodes"),
        ColumnSpec::float("nodes_up", "", "nodes that worked"),
        ColumnSpec::float("booked_tasks", "", "tasks that ran or were planned on nodes"),
    ]
}
