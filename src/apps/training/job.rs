//! Training jobs.

use super::demand::Pattern;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a job trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// A language model: rings of gradients.
    Llm,
    /// A recommendation model: all-to-all of embeddings.
    Dlrm,
}

impl JobKind {
    /// The pattern that its circuits are for.
    #[must_use]
    pub const fn pattern(self) -> Pattern {
        match self {
            JobKind::Llm => Pattern::Ring,
            JobKind::Dlrm => Pattern::AllToAll,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            JobKind::Llm => "llm",
            JobKind::Dlrm => "dlrm",
        }
    }
}

/// A job that wants GPUs all at once, from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingJob {
    /// Its number, unique among jobs.
    pub id: u32,
    /// What it trains.
    pub kind: JobKind,
    /// How many GPUs it wants, at least 1.
    pub gpus: u32,
    /// When it is submitted, in seconds from the start.
    pub submit_s: f64,
    /// Seconds that it takes at full rate.
    pub duration_s: f64,
    /// The part of an iteration at full rate that is communication which does not hide, from 0 to 1.
    pub communication: f64,
}

impl TrainingJob {
    /// GPUs times seconds at full rate.
    #[must_use]
    pub fn gpu_seconds(&self) -> f64 {
        f64::from(self.gpus) * self.duration_s
    }

    /// How much longer it takes where its communication has this part of the full rate: 1 - c + c / rate; infinite at no rate,
    /// if it communicates at all.
    ///
    /// ```
    /// use stratosim::apps::training::{JobKind, TrainingJob};
    /// let job = TrainingJob {
    ///     id: 0, kind: JobKind::Dlrm, gpus: 64, submit_s: 0.0, duration_s: 3600.0, communication: 0.25,
    /// };
    /// assert_eq!(job.slow_down(0.5), 1.25);
    /// ```
    #[must_use]
    pub fn slow_down(&self, rate: f64) -> f64 {
        if self.communication <= 0.0 || rate >= 1.0 {
            return 1.0;
        }
        1.0 - self.communication + self.communication / rate.max(0.0)
    }
}
