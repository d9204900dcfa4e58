//! Jobs that wait and run, and what is known of when there is room for them.

use super::job::TrainingJob;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A job that waits, for the first time or again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaitingJob {
    /// The job.
    pub job: TrainingJob,
    /// Seconds for which it has run so far.
    pub attained_s: f64,
    /// Seconds that it needs still at full rate, as far as that is known.
    pub remaining_s: f64,
}

impl WaitingJob {
    /// One that has not run yet.
    #[must_use]
    pub const fn new(job: TrainingJob) -> Self {
        WaitingJob { job, attained_s: 0.0, remaining_s: job.duration_s }
    }
}

/// A job that runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunningJob {
    /// The job, and what it has had when the view was made.
    pub state: WaitingJob,
    /// When it is expected to end, in seconds.
    pub end_s: f64,
}

/// What happens when a job of the order cannot start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discipline {
    /// All after it wait.
    #[default]
    Strict,
    /// Others are tried.
    Backfill,
    /// Others are tried, if by what is known they do not delay the first that cannot start (EASY, Lifka 1995).
    Reserve,
    /// Others are tried, and what runs gives way to jobs that come before it in the order of all.
    Preempt,
}

/// GPUs that are kept for a job that cannot start yet: when there will be enough by what is known, and how many are to spare then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reservation {
    /// When there are enough GPUs, in seconds; infinite if never.
    pub at_s: f64,
    /// GPUs that the job leaves free then.
    pub spare: u64,
}

impl Reservation {
    /// For a job of `gpus` GPUs with `free` free ones, where others end at these times and give back so many. It counts GPUs
    /// only, not where they are.
    #[must_use]
    pub fn of(gpus: u32, free: u64, ends: &[(f64, u32)]) -> Reservation {
        let wanted = u64::from(gpus);
        let mut ends = ends.to_vec();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free = free;
        if free >= wanted {
            return Reservation { at_s: 0.0, spare: free - wanted };
        }
        for (end_s, gpus) in ends {
            free += u64::from(gpus);
            if free >= wanted {
                return Reservation { at_s: end_s, spare: free - wanted };
            }
        }
        Reservation { at_s: f64::INFINITY, spare: 0 }
    }

    /// Whether a job that starts now delays it: it does not if it ends before, or takes only what is to spare. If so, the latter
    /// is less from then on.
    pub fn admits(&mut self, now_s: f64, job: &WaitingJob) -> bool {
        if now_s + job.remaining_s <= self.at_s {
            return true;
        }
        let gpus = u64::from(job.job.gpus);
        if gpus <= self.spare {
            self.spare -= gpus;
            return true;
        }
        false
    }
}
