//! The horizontal pod autoscaler (HPA) of Kubernetes.

use super::{check_above_zero, check_at_least, check_time, scaled, whole_up};
use crate::apps::replica_allocation::ReplicaAllocation;
use crate::placement::ParameterError;
use crate::placement::functions::{AllocationView, FunctionsError, ReplicaAllocationPolicy};
use crate::units::{Duration, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// The horizontal pod autoscaler (HPA) of Kubernetes: as many replicas as bring the share of the ready ones that is busy to
/// its target.
///
/// ```text
/// wanted = ceil( ready busy / target ), unless busy / target is within the tolerance of 1
/// ```
///
/// Replicas that start count as idle before more are started. The most that was wanted in the last `down_window` counts, so
/// that nothing falls before; what is added at once is bounded by `up_replicas` and `up_factor`, whichever is more. It knows no
/// way back from no replica, and keeps `minimum`. Source: the documented algorithm and defaults of `autoscaling/v2`, but for
/// the target, which is that of faas-sim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Horizontal {
    /// Share of the ready replicas that is to be busy.
    pub target: Ratio,
    /// How far it may be from there, relative to it.
    pub tolerance: Ratio,
    /// How far back the mean of the share that is busy goes.
    pub window: Duration,
    /// How long a wish for more holds against a wish for less.
    pub down_window: Duration,
    /// Replicas that may be added at once.
    pub up_replicas: u32,
    /// Times the replicas that there are that may be there next, at least 1.
    pub up_factor: f64,
    /// Replicas of each function at each node that it keeps.
    pub minimum: u32,
    /// Time between decisions.
    pub period: Duration,
    /// What it remembers.
    #[serde(skip)]
    pub memory: HorizontalMemory,
}

/// What a horizontal autoscaler remembers, by workload and stream; nothing at first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HorizontalMemory(BTreeMap<(u16, usize), Wishes>);

/// What was wanted, and when, oldest first.
pub(super) type Wishes = VecDeque<(f64, u32)>;

impl Default for Horizontal {
    fn default() -> Self {
        Horizontal {
            target: Ratio::from_fraction(0.5),
            tolerance: Ratio::from_fraction(0.1),
            window: Duration::from_secs(15.0),
            down_window: Duration::from_secs(300.0),
            up_replicas: 4,
            up_factor: 2.0,
            minimum: 1,
            period: Duration::from_secs(15.0),
            memory: HorizontalMemory::default(),
        }
    }
}

impl Horizontal {
    /// What is wanted of so many replicas, with so many that are ready and that start, of which the ready ones are busy to
    /// this share.
    fn wanted(&self, current: u32, ready: u32, starting: u32, busy: f64) -> u32 {
        if ready == 0 {
            return current;
        }
        let (target, tolerance) = (self.target.as_fraction(), self.tolerance.as_fraction());
        let is_near = |ratio: f64| (ratio - 1.0).abs() <= tolerance;
        let ratio = busy / target;
        if ratio <= 1.0 || starting == 0 {
            return if is_near(ratio) { current } else { whole_up(ratio * f64::from(ready)) };
        }
        // Those that start count as idle.
        let all = f64::from(ready) + f64::from(starting);
        let with_starting = ratio * f64::from(ready) / all;
        if with_starting <= 1.0 || is_near(with_starting) {
            return current;
        }
        whole_up(with_starting * all).max(current)
    }

    /// Replicas from now on.
    pub(super) fn desired(
        &self,
        wishes: &mut Wishes,
        now_s: f64,
        current: u32,
        [ready, starting]: [u32; 2],
        busy: f64,
    ) -> u32 {
        let wanted = self.wanted(current, ready, starting, busy);
        if wishes.is_empty() {
            wishes.push_back((now_s, current));
        }
        let oldest_s = now_s - self.down_window.as_secs();
        while wishes.front().is_some_and(|&(at_s, _)| at_s < oldest_s) {
            wishes.pop_front();
        }
        wishes.push_back((now_s, wanted));
        let held = wishes.iter().map(|&(_, wanted)| wanted).max().unwrap_or(wanted).min(current);
        let most =
            current.saturating_add(self.up_replicas).max(whole_up(f64::from(current) * self.up_factor));
        wanted.max(held).min(most).max(self.minimum)
    }
}

impl ReplicaAllocationPolicy for Horizontal {
    fn period_s(&self) -> Option<f64> {
        Some(self.period.as_secs())
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_above_zero("target", self.target.as_fraction())?;
        check_time("window", self.window)?;
        check_time("period", self.period)?;
        check_at_least("up_factor", self.up_factor, 1.0)
    }

    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        let now_s = view.now().as_secs();
        let mut wishes = std::mem::take(&mut self.memory.0);
        let allocation = scaled(view, |s| {
            let wishes = wishes.entry((view.workload(), s)).or_default();
            let busy = view.busy_share(s, self.window.as_secs());
            self.desired(wishes, now_s, view.target(s), [view.ready(s), view.starting(s)], busy)
        });
        self.memory.0 = wishes;
        Ok(allocation)
    }
}
