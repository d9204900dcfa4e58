//! What a policy that allocates replicas of functions is.

use super::agents::AgentMethod;
use super::error::FunctionsError;
use super::view::AllocationView;
use crate::apps::replica_allocation::ReplicaAllocation;
use crate::placement::{ParameterError, Step};
use std::fmt;

/// Decides how many replicas of functions there are at which nodes, and which part of the requests is served where it
/// enters, forwarded, or rejected.
///
/// One policy serves all workloads of functions of a world: what it remembers is to be kept by
/// [`workload`](AllocationView::workload).
pub trait ReplicaAllocationPolicy: fmt::Debug + Send {
    /// Seconds between questions, above 0; `None` if it is to be asked once an epoch of the workload.
    fn period_s(&self) -> Option<f64> {
        None
    }

    /// Whether its parameters make sense together.
    ///
    /// # Errors
    /// What is wrong, and where.
    fn check(&self) -> Result<(), ParameterError> {
        Ok(())
    }

    /// Whether what it decides depends on the machine and its load, because its time is limited.
    fn depends_on_machine(&self) -> bool {
        false
    }

    /// The method as one of agents that are nodes of the world, if it can be.
    fn agents(&mut self) -> Option<&mut dyn AgentMethod> {
        None
    }

    /// Allocates.
    ///
    /// # Errors
    /// If it fails: the last allocation stays.
    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError>;
}

/// What is wrong with options of a method, as an error about the parameters of a policy.
pub(super) fn parameter_error(error: &FunctionsError) -> ParameterError {
    let (place, problem) = match error {
        FunctionsError::Range { place, found, allowed } => {
            (place, format!("{found} is out of range; it must be {allowed}"))
        }
        FunctionsError::Length { place, found, needed } => {
            (place, format!("{found} values where {needed} are needed"))
        }
        _ => return ParameterError::new(error.to_string()),
    };
    let mut wrong = ParameterError::new(problem);
    for part in place.split('.') {
        let (key, index) = match part.split_once('[') {
            Some((key, index)) => (key, index.trim_end_matches(']').parse().ok()),
            None => (part, None),
        };
        wrong.steps.push(Step::Key(key.to_owned()));
        wrong.steps.extend(index.map(Step::Index));
    }
    wrong
}
