//! The decision point *task offloading*, as a workload sees it.

use super::DecisionId;
use crate::infra::accelerators::AcceleratorRequest;
use crate::infra::compute::JobRequest;
use crate::infra::network::NetworkClass;
use crate::infra::{NodeId, ProcessorId, Share, Tier};
use crate::records::Symbol;

/// The share of an instance that a task announces it will take, by the tier it runs on.
pub type PredictedShares = [Share; Tier::ALL.len()];

/// A task that is to run somewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OffloadingRequest {
    /// The task's number in its workload.
    pub task: u64,
    /// The device that created it.
    pub device: NodeId,
    /// What it asks of a node.
    pub job: JobRequest,
    /// What it asks of an accelerator of the node, after its part on the cores.
    pub accelerated: Option<AcceleratorRequest>,
    /// Bytes to send to the node.
    pub upload_bytes: f64,
    /// Bytes to send back.
    pub download_bytes: f64,
    /// Seconds within which it should be done, counted from now.
    pub deadline_s: Option<f64>,
    /// How much its user minds delay, in 0..=1.
    pub delay_sensitivity: f64,
    /// The share of an instance that it is admitted by; `None` if it is admitted by its cores.
    pub predicted: Option<PredictedShares>,
    /// Share of its application's tasks that is to go to the cloud, in 0..=1, for policies that go by it.
    pub cloud_share: f64,
}

impl OffloadingRequest {
    /// The share of an instance that it takes on a tier; nothing if it announces none.
    #[must_use]
    pub fn share_on(&self, tier: Tier) -> Share {
        self.predicted.map_or(Share::default(), |shares| shares[tier as usize])
    }
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OffloadingChoice {
    /// The number of the decision in the run.
    pub number: u64,
    /// The node; `None` if the policy refused the task or named a node that cannot be used.
    pub node: Option<NodeId>,
    /// The instance of the node; `None` leaves it to the node.
    pub processor: Option<ProcessorId>,
    /// The direct network that input and result take; `None` for the usual way.
    pub network: Option<NetworkClass>,
    /// Whether the policy wants to be asked again when the input has arrived at the node.
    pub asks_on_arrival: bool,
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
