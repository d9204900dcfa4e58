//! Compute and communication of an iteration.

use super::demand::{LeafShare, PairBytes, Pattern, leaf_bytes};
use super::error::{TrainingError, check, positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A phase of communication between leaves in an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommunicationPhase {
    /// Who talks to whom.
    pub pattern: Pattern,
    /// Bytes, as [`leaf_bytes`] takes them.
    pub bytes: f64,
    /// The part of the computation behind which it can hide, from 0 to 1.
    #[serde(default)]
    pub hidden: f64,
}

/// An iteration: seconds of computation, and phases of communication that follow each other.
///
/// ```
/// use stratosim::apps::training::{CommunicationPhase, IterationProfile};
/// use stratosim::apps::training::demand::Pattern;
/// let phase = CommunicationPhase { pattern: Pattern::Ring, bytes: 1e9, hidden: 0.5 };
/// let profile = IterationProfile::new(2.0, vec![phase])?;
/// // 1.5 s of communication, of which 1 s hides behind half of the computation.
/// assert_eq!(profile.time_s(&[1.5]), 2.5);
/// // At full rate it takes 0.8 s and hides altogether.
/// assert_eq!(profile.slow_down(&[1.5], &[0.8]), 1.25);
/// # Ok::<(), stratosim::apps::training::TrainingError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct IterationProfile {
    compute_s: f64,
    phases: Vec<CommunicationPhase>,
}

impl IterationProfile {
    /// An iteration.
    ///
    /// # Errors
    /// If it computes for no time, or bytes are negative, not finite, or hidden not from 0 to 1.
    pub fn new(compute_s: f64, phases: Vec<CommunicationPhase>) -> Result<Self, TrainingError> {
        positive("the computation of an iteration in seconds", compute_s)?;
        for phase in &phases {
            let good = phase.bytes >= 0.0 && phase.bytes.is_finite();
            check(good, "the bytes of a phase", phase.bytes, "at least 0 and finite")?;
            let good = (0.0..=1.0).contains(&phase.hidden);
            check(good, "the part of the computation that hides a phase", phase.hidden, "from 0 to 1")?;
        }
        Ok(IterationProfile { compute_s, phases })
    }

    /// Seconds of computation.
    #[must_use]
    pub const fn compute_s(&self) -> f64 {
        self.compute_s
    }

    /// The phases.
    #[must_use]
    pub fn phases(&self) -> &[CommunicationPhase] {
        &self.phases
    }

    /// Bytes between leaves in each phase, for a job at these leaves whose servers have `rails` GPUs.
    #[must_use]
    pub fn leaf_bytes(&self, shares: &[LeafShare], rails: u32) -> Vec<Vec<PairBytes>> {
        let bytes = |phase: &CommunicationPhase| leaf_bytes(phase.pattern, shares, rails, phase.bytes);
        self.phases.iter().map(bytes).collect()
    }

    /// Seconds of each phase for a job at these leaves, where `time_s` tells how long some bytes between leaves take: over
    /// circuits [`phase_time_s`](crate::infra::optical::phase_time_s). `None` if one has no way. Within one leaf they take
    /// none.
    #[must_use]
    pub fn phase_times_s(
        &self,
        shares: &[LeafShare],
        rails: u32,
        time_s: impl Fn(&[PairBytes]) -> Option<f64>,
    ) -> Option<Vec<f64>> {
        self.leaf_bytes(shares, rails).iter().map(|bytes| time_s(bytes)).collect()
    }

    /// Seconds of an iteration whose phases take these times: computation, and of each phase what does not hide. Phases
    /// without a time take none.
    #[must_use]
    pub fn time_s(&self, phase_s: &[f64]) -> f64 {
        let exposed = self.phases.iter().zip(phase_s);
        let exposed_s = exposed.map(|(phase, time_s)| (time_s - phase.hidden * self.compute_s).max(0.0));
        self.compute_s + exposed_s.sum::<f64>()
    }

    /// How much longer an iteration takes than one whose phases take the times at full rate; at least 1.
    #[must_use]
    pub fn slow_down(&self, phase_s: &[f64], full_rate_s: &[f64]) -> f64 {
        (self.time_s(phase_s) / self.time_s(full_rate_s)).max(1.0)
    }
}
