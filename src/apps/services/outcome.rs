//! How a request can end.

use crate::infra::network::NetworkRefusal;
use crate::infra::{Infrastructure, JobOutcome, NodeId, TransferOutcome};

/// The one way in which a request has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It has run along its flow, in time if there was a deadline.
    Done,
    /// It has run along its flow, but not in time.
    MissedDeadline,
    /// A service on its way had no replica that was placed.
    NotPlaced,
    /// As many requests waited for a replica as may.
    QueueFull,
    /// The node of a replica did not take it, because of its site's power cap.
    RefusedForCapacity,
    /// A link on its way took no more.
    RefusedForBandwidth,
    /// It was at a replica that was moved, and requests do not wait for that.
    LostInMigration,
    /// An end of a transfer was out of coverage or left the world.
    LostToMobility,
    /// A node or link failed.
    LostToFault,
    /// A battery was empty.
    LostToBattery,
    /// The run ended first.
    Unfinished,
}

impl Outcome {
    /// All outcomes, in the order of their counts.
    pub const ALL: [Outcome; 11] = [
        Outcome::Done,
        Outcome::MissedDeadline,
        Outcome::NotPlaced,
        Outcome::QueueFull,
        Outcome::RefusedForCapacity,
        Outcome::RefusedForBandwidth,
        Outcome::LostInMigration,
        Outcome::LostToMobility,
        Outcome::LostToFault,
        Outcome::LostToBattery,
        Outcome::Unfinished,
    ];

    /// The name in tables and summaries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::MissedDeadline => "missed_deadline",
            Outcome::NotPlaced => "not_placed",
            Outcome::QueueFull => "queue_full",
            Outcome::RefusedForCapacity => "refused_for_capacity",
            Outcome::RefusedForBandwidth => "refused_for_bandwidth",
            Outcome::LostInMigration => "lost_in_migration",
            Outcome::LostToMobility => "lost_to_mobility",
            Outcome::LostToFault => "lost_to_fault",
            Outcome::LostToBattery => "lost_to_battery",
            Outcome::Unfinished => "unfinished",
        }
    }

    /// Why a transfer between two nodes was refused.
    pub(super) fn of_refusal(
        refusal: NetworkRefusal,
        ends: [NodeId; 2],
        infrastructure: &Infrastructure,
    ) -> Self {
        if let NetworkRefusal::Bandwidth(_) = refusal {
            return Outcome::RefusedForBandwidth;
        }
        let states = ends.map(|end| infrastructure.node(end));
        if states.iter().any(|state| !state.powered) {
            return Outcome::LostToBattery;
        }
        let is_out = |end: NodeId| {
            infrastructure.class_of(end).wireless && infrastructure.attached_to(end).is_none()
        };
        if states.iter().any(|state| !state.present) || ends.into_iter().any(is_out) {
            return Outcome::LostToMobility;
        }
        Outcome::LostToFault
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
