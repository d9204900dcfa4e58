//! How a request can end, and which way it can take.

use crate::infra::network::NetworkRefusal;
use crate::infra::{Infrastructure, JobOutcome, NodeChange, NodeId, TransferOutcome};

/// The one way in which a request has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was answered, in time if there was a deadline.
    Done,
    /// It was answered, but not in time.
    MissedDeadline,
    /// The allocation has no place for it.
    Rejected,
    /// As many requests waited as may.
    QueueFull,
    /// It waited for as long as it may.
    QueueTimeout,
    /// There was no replica for it, and none could be started.
    NoReplica,
    /// The node did not take it, because of its site's power cap.
    RefusedForCapacity,
    /// A link on its way took no more.
    RefusedForBandwidth,
    /// A node or link failed.
    LostToFault,
    /// A battery was empty.
    LostToBattery,
    /// A node has left the world, or was out of coverage.
    LostToMobility,
    /// The run ended first.
    Unfinished,
}

impl Outcome {
    /// All outcomes, in the order of their counts.
    pub const ALL: [Outcome; 12] = [
        Outcome::Done,
        Outcome::MissedDeadline,
        Outcome::Rejected,
        Outcome::QueueFull,
        Outcome::QueueTimeout,
        Outcome::NoReplica,
        Outcome::RefusedForCapacity,
        Outcome::RefusedForBandwidth,
        Outcome::LostToFault,
        Outcome::LostToBattery,
        Outcome::LostToMobility,
        Outcome::Unfinished,
    ];

    /// The name in tables and summaries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::MissedDeadline => "missed_deadline",
            Outcome::Rejected => "rejected",
            Outcome::QueueFull => "queue_full",
            Outcome::QueueTimeout => "queue_timeout",
            Outcome::NoReplica => "no_replica",
            Outcome::RefusedForCapacity => "refused_for_capacity",
            Outcome::RefusedForBandwidth => "refused_for_bandwidth",
            Outcome::LostToFault => "lost_to_fault",
            Outcome::LostToBattery => "lost_to_battery",
            Outcome::LostToMobility => "lost_to_mobility",
            Outcome::Unfinished => "unfinished",
        }
    }

    /// Why nothing can be done at a node that is not available.
    pub(super) fn of_node(node: NodeId, infrastructure: &Infrastructure) -> Self {
        let state = infrastructure.node(node);
        if !state.powered {
            Outcome::LostToBattery
        } else if !state.present {
            Outcome::LostToMobility
        } else {
            Outcome::LostToFault
        }
    }

    /// What becomes of requests at a node that goes; `None` if it does not.
    pub(super) fn of_change(change: NodeChange) -> Option<Self> {
        match change {
            NodeChange::Failed => Some(Outcome::LostToFault),
            NodeChange::BatteryEmpty => Some(Outcome::LostToBattery),
            NodeChange::Vanished => Some(Outcome::LostToMobility),
            _ => None,
        }
    }

    /// Why a transfer between two nodes was refused.
    pub(super) fn of_refusal(
        refusal: NetworkRefusal,
        ends: [NodeId; 2],
        infrastructure: &Infrastructure,
    ) -> Self {
        match refusal {
            NetworkRefusal::Bandwidth(_) => Outcome::RefusedForBandwidth,
            _ => Outcome::of_no_way(ends, infrastructure),
        }
    }

    /// Why there is no way between two nodes.
    pub(super) fn of_no_way(ends: [NodeId; 2], infrastructure: &Infrastructure) -> Self {
        let is_out = |end: NodeId| {
            infrastructure.class_of(end).wireless && infrastructure.attached_to(end).is_none()
        };
        match ends.into_iter().find(|&end| !infrastructure.node(end).is_available()) {
            Some(gone) => Outcome::of_node(gone, infrastructure),
            None if ends.into_iter().any(is_out) => Outcome::LostToMobility,
            None => Outcome::LostToFault,
        }
    }
}

impl From<JobOutcome> for Outcome {
    fn from(outcome: JobOutcome) -> Self {
        match outcome {
            JobOutcome::Done => Outcome::Done,
            JobOutcome::LostToFault => Outcome::LostToFault,
            JobOutcome::LostToBattery => Outcome::LostToBattery,
            JobOutcome::LostToMobility => Outcome::LostToMobility,
        }
    }
}

impl From<TransferOutcome> for Outcome {
    fn from(outcome: TransferOutcome) -> Self {
        match outcome {
            TransferOutcome::Delivered => Outcome::Done,
            TransferOutcome::LostToFault => Outcome::LostToFault,
            TransferOutcome::LostToBattery => Outcome::LostToBattery,
            TransferOutcome::LostToMobility => Outcome::LostToMobility,
            // Nobody gives a request up while it is sent.
            TransferOutcome::Dropped => Outcome::Unfinished,
            TransferOutcome::RefusedForBandwidth => Outcome::RefusedForBandwidth,
        }
    }
}

/// Which way a request takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// It is served where it entered.
    #[default]
    Local,
    /// It is served at a neighbour.
    Forwarded,
    /// It is served in the cloud.
    Cloud,
    /// It is not served.
    Rejected,
}

impl Way {
    /// All ways, in the order of their counts.
    pub const ALL: [Way; 4] = [Way::Local, Way::Forwarded, Way::Cloud, Way::Rejected];

    /// The name in tables and summaries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Way::Local => "local",
            Way::Forwarded => "forwarded",
            Way::Cloud => "cloud",
            Way::Rejected => "rejected",
        }
    }
}
