//! How a task can end.

use crate::infra::{JobOutcome, TransferOutcome};

/// The one way in which a task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Its result arrived, in time if there was a deadline.
    Done,
    /// Its result arrived late, or it was dropped at its deadline.
    MissedDeadline,
    /// No node was found for it, or the node it was sent to did not admit it.
    RefusedForCapacity,
    /// A link on its way took no more.
    RefusedForBandwidth,
    /// Its device was out of coverage or left the world.
    LostToMobility,
    /// A node or link failed.
    LostToFault,
    /// Its device's battery was empty.
    LostToBattery,
    /// The run ended first.
    Unfinished,
}

impl Outcome {
    /// All outcomes, in the order of their counts.
    pub const ALL: [Outcome; 8] = [
        Outcome::Done,
        Outcome::MissedDeadline,
        Outcome::RefusedForCapacity,
        Outcome::RefusedForBandwidth,
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
            Outcome::RefusedForCapacity => "refused_for_capacity",
            Outcome::RefusedForBandwidth => "refused_for_bandwidth",
            Outcome::LostToMobility => "lost_to_mobility",
            Outcome::LostToFault => "lost_to_fault",
            Outcome::LostToBattery => "lost_to_battery",
            Outcome::Unfinished => "unfinished",
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
            TransferOutcome::Dropped => Outcome::MissedDeadline,
            TransferOutcome::RefusedForBandwidth => Outcome::RefusedForBandwidth,
        }
    }
}
