//! Replicas by the requests that wait.

use super::{AverageRule, check_above_zero, check_time, scaled};
use crate::apps::replica_allocation::ReplicaAllocation;
use crate::placement::ParameterError;
use crate::placement::functions::{AllocationView, FunctionsError, ReplicaAllocationPolicy};
use crate::units::{Duration, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// As many replicas as bring the requests that wait for each to a target, as the average queue scaler of faas-sim does. There
/// every replica has a queue, of which the median counts; here they share one, which is divided by them and rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QueueLength {
    /// Requests that wait a replica, above 0.
    pub target: f64,
    /// How far they may be from there, relative to it.
    pub dead_band: Ratio,
    /// Replicas of each function at each node that it keeps: it knows no way back from none.
    pub minimum: u32,
    /// Time between decisions.
    pub period: Duration,
}

impl Default for QueueLength {
    fn default() -> Self {
        QueueLength {
            target: 75.0,
            dead_band: Ratio::from_fraction(0.1),
            minimum: 1,
            period: Duration::from_secs(50.0),
        }
    }
}

impl QueueLength {
    /// Replicas from now on, with so many that are ready and that start.
    pub(super) fn desired(&self, ready: u32, starting: u32, queued: u32) -> u32 {
        let rule = AverageRule { target: self.target, dead_band: self.dead_band.as_fraction() };
        let mean_of = |replicas: u32| f64::from(queued.div_ceil(replicas.max(1)));
        let of_all = mean_of(ready.saturating_add(starting));
        rule.replicas(ready, starting, mean_of(ready), of_all).max(self.minimum)
    }
}

impl ReplicaAllocationPolicy for QueueLength {
    fn period_s(&self) -> Option<f64> {
        Some(self.period.as_secs())
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_above_zero("target", self.target)?;
        check_time("period", self.period)
    }

    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        Ok(scaled(view, |s| self.desired(view.ready(s), view.starting(s), view.queued(s))))
    }
}
