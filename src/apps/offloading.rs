//! The decision point *task offloading*, as a workload sees it.

use super::DecisionId;
use crate::infra::NodeId;
use crate::infra::compute::JobRequest;

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
    /// The record of the decision, if decisions are recorded.
    pub decision: Option<DecisionId>,
}
