//! The decision point *task offloading*, as a workload sees it.

use super::DecisionId;
use crate::infra::NodeId;
use crate::infra::compute::JobRequest;
use crate::records::Symbol;

/// A task that is to run somewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OffloadingRequest {
    /// The task's number in its workload.
    pub task: u64,
    /// The device that created it.
    pub device: NodeId,
    /// What it asks of a node.
    pub job: JobRequest,
    /// Bytes to send to the node.
    pub upload_bytes: f64,
    /// Bytes to send back.
    pub download_bytes: f64,
    /// Seconds within which it should be done, counted from now.
    pub deadline_s: Option<f64>,
    /// How much its user minds delay, in 0..=1.
    pub delay_sensitivity: f64,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OffloadingChoice {
    /// The node; `None` if the policy refused the task or named a node that cannot be used.
    pub node: Option<NodeId>,
    /// The decision, if somebody wants to know what comes of it: the table of decisions, or a policy that
    /// learns.
    pub decision: Option<DecisionId>,
}

/// What came of a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecisionEnd {
    /// What it is called in the table of decisions.
    pub outcome: Symbol,
    /// Whether all went as it should: there was a result, and in time.
    pub is_done: bool,
    /// Seconds from the creation of the task to the arrival of its result, in time or not; `None` if none
    /// arrived.
    pub service_s: Option<f64>,
    /// How good that is: higher is better.
    pub reward: f64,
}

impl DecisionEnd {
    /// The end of a decision that was about no task: done if the reward is above zero.
    #[must_use]
    pub fn scored(outcome: Symbol, reward: f64) -> Self {
        DecisionEnd { outcome, is_done: reward > 0.0, service_s: None, reward }
    }
}
