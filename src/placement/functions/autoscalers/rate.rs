//! Replicas by the rate of requests.

use super::{AverageRule, check_above_zero, check_time, scaled};
use crate::apps::replica_allocation::ReplicaAllocation;
use crate::placement::ParameterError;
use crate::placement::functions::{AllocationView, FunctionsError, ReplicaAllocationPolicy};
use crate::units::{Duration, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// As many replicas as bring the requests a second of each to a target, as the average scaler of faas-sim does: its 200
/// requests a replica in a window of 50 s are the 4 a second here.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RequestRate {
    /// Requests per second of a replica, above 0.
    pub target_rps: f64,
    /// How far they may be from there, relative to it.
    pub dead_band: Ratio,
    /// Replicas of each function at each node that it keeps: it knows no way back from none.
    pub minimum: u32,
    /// Time between decisions, and how far back the rate goes.
    pub period: Duration,
}

impl Default for RequestRate {
    fn default() -> Self {
        RequestRate {
            target_rps: 4.0,
            dead_band: Ratio::from_fraction(0.1),
            minimum: 1,
            period: Duration::from_secs(50.0),
        }
    }
}

impl RequestRate {
    /// Replicas from now on, with so many that are ready and that start.
    pub(super) fn desired(&self, ready: u32, starting: u32, rate_rps: f64) -> u32 {
        let rule = AverageRule { target: self.target_rps, dead_band: self.dead_band.as_fraction() };
        let mean_of = |replicas: u32| rate_rps / f64::from(replicas.max(1));
        let of_all = mean_of(ready.saturating_add(starting));
        rule.replicas(ready, starting, mean_of(ready), of_all).max(self.minimum)
    }
}

impl ReplicaAllocationPolicy for RequestRate {
    fn period_s(&self) -> Option<f64> {
        Some(self.period.as_secs())
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_above_zero("target_rps", self.target_rps)?;
        check_time("period", self.period)
    }

    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        Ok(scaled(view, |s| {
            self.desired(view.ready(s), view.starting(s), view.arrivals_rps(s, self.period.as_secs()))
        }))
    }
}
