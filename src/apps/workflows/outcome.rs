//! How workflows and their tasks can end.

use crate::infra::{JobOutcome, TransferOutcome};

/// The one way in which a workflow, or a task of one, has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkflowOutcome {
    /// It is done; a workflow if all its tasks are.
    Done,
    /// No node is large enough, or the policy would not place it.
    RefusedForCapacity,
    /// A link on the way of a file took no more, as often as was tried.
    RefusedForBandwidth,
    /// A node or link failed, as often as was tried.
    LostToFault,
    /// The same with batteries that were empty.
    LostToBattery,
    /// The same with nodes that went out of reach.
    LostToMobility,
    /// A task only: another task of its workflow was refused or lost.
    Cancelled,
    /// The run ended first.
    Unfinished,
}

impl WorkflowOutcome {
    /// All outcomes, in the order of their counts.
    pub const ALL: [WorkflowOutcome; 8] = [
        WorkflowOutcome::Done,
        WorkflowOutcome::RefusedForCapacity,
        WorkflowOutcome::RefusedForBandwidth,
        WorkflowOutcome::LostToFault,
        WorkflowOutcome::LostToBattery,
        WorkflowOutcome::LostToMobility,
        WorkflowOutcome::Cancelled,
        WorkflowOutcome::Unfinished,
    ];

    /// The name in tables and summaries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            WorkflowOutcome::Done => "done",
            WorkflowOutcome::RefusedForCapacity => "refused_for_capacity",
            WorkflowOutcome::RefusedForBandwidth => "refused_for_bandwidth",
            WorkflowOutcome::LostToFault => "lost_to_fault",
            WorkflowOutcome::LostToBattery => "lost_to_battery",
            WorkflowOutcome::LostToMobility => "lost_to_mobility",
            WorkflowOutcome::Cancelled => "cancelled",
            WorkflowOutcome::Unfinished => "unfinished",
        }
    }
}

impl From<JobOutcome> for WorkflowOutcome {
    fn from(outcome: JobOutcome) -> Self {
        match outcome {
            JobOutcome::Done => WorkflowOutcome::Done,
            JobOutcome::LostToFault => WorkflowOutcome::LostToFault,
            JobOutcome::LostToBattery => WorkflowOutcome::LostToBattery,
            JobOutcome::LostToMobility => WorkflowOutcome::LostToMobility,
        }
    }
}

impl From<TransferOutcome> for WorkflowOutcome {
    fn from(outcome: TransferOutcome) -> Self {
        match outcome {
            TransferOutcome::Delivered => WorkflowOutcome::Done,
            TransferOutcome::LostToFault => WorkflowOutcome::LostToFault,
            TransferOutcome::LostToBattery => WorkflowOutcome::LostToBattery,
            TransferOutcome::LostToMobility => WorkflowOutcome::LostToMobility,
            TransferOutcome::Dropped => WorkflowOutcome::Cancelled,
            TransferOutcome::RefusedForBandwidth => WorkflowOutcome::RefusedForBandwidth,
        }
    }
}
