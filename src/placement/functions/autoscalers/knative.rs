//! Knative's pod autoscaler (KPA).

use super::{check_above_zero, check_at_least, check_time, scaled, whole_up};
use crate::apps::replica_allocation::ReplicaAllocation;
use crate::placement::ParameterError;
use crate::placement::functions::{AllocationView, FunctionsError, ReplicaAllocationPolicy};
use crate::units::{Duration, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Knative's pod autoscaler (KPA): replicas by the number of requests that wait or are served, by its mean of a stable
/// window, and by that of a short one in panic, when it has come to be far beyond what there is.
///
/// ```text
/// stable = ceil( concurrency of the stable window / (target utilisation) )
/// panic  = ceil( concurrency of the panic window / (target utilisation) )
/// with the target, or what a replica can serve at once if that is less,
/// both from floor( ready / max_down ) to ceil( ready max_up ), where no replica counts as 1
/// ```
///
/// Panic begins when `panic` before these bounds is at least `panic_threshold` times what is ready, and ends a stable window
/// after that was last so. In panic the greater of the two counts, and nothing falls. The last replica goes when nothing was
/// wanted for the grace time; a request that comes then wants one at once, as Knative's activator does. Source: Knative Serving, `pkg/autoscaler/scaling` (Apache-2.0) and its documented
/// defaults; windows are exact means here, not of buckets of 1 s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Knative {
    /// Requests that wait or are served a replica, above 0; no more than a replica can serve at once.
    pub target: f64,
    /// Part of the target that is aimed at.
    pub utilisation: Ratio,
    /// The stable window.
    pub stable_window: Duration,
    /// The panic window.
    pub panic_window: Duration,
    /// Times what is ready from which there is panic, at least 1.
    pub panic_threshold: f64,
    /// Times what is ready that there is at most next, at least 1.
    pub max_up: f64,
    /// What is ready over what there is at least next, at least 1.
    pub max_down: f64,
    /// How long nothing is wanted before the last replica goes.
    pub grace: Duration,
    /// Time between decisions.
    pub period: Duration,
    /// What it remembers.
    #[serde(skip)]
    pub memory: KnativeMemory,
}

impl Default for Knative {
    fn default() -> Self {
        Knative {
            target: 100.0,
            utilisation: Ratio::from_fraction(0.7),
            stable_window: Duration::from_secs(60.0),
            panic_window: Duration::from_secs(6.0),
            panic_threshold: 2.0,
            max_up: 1000.0,
            max_down: 2.0,
            grace: Duration::from_secs(30.0),
            period: Duration::from_secs(2.0),
            memory: KnativeMemory::default(),
        }
    }
}

/// What an autoscaler of Knative remembers, by workload and stream; nothing at first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnativeMemory(BTreeMap<(u16, usize), State>);

/// What is remembered of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct State {
    /// When it was last beyond the threshold, in panic.
    pub(super) panic_s: Option<f64>,
    /// The most that was wanted in this panic.
    most: u32,
    /// Since when nothing has been wanted.
    unwanted_s: Option<f64>,
}

impl Knative {
    /// Replicas from now on, by the means of both windows; at least one if there is a request now; a replica serves so many at once.
    pub(super) fn desired(
        &self,
        state: &mut State,
        now_s: f64,
        ready: u32,
        [stable, panic]: [f64; 2],
        (is_used, at_once): (bool, u32),
    ) -> u32 {
        let counted = f64::from(ready.max(1));
        let most = whole_up(self.max_up * counted);
        let least = (counted / self.max_down).floor() as u32;
        let target = self.target.min(f64::from(at_once)) * self.utilisation.as_fraction();
        let (by_stable, by_panic) = (whole_up(stable / target), whole_up(panic / target));
        let bounded = |wanted: u32| wanted.max(least).min(most);
        if f64::from(by_panic) / counted >= self.panic_threshold {
            state.panic_s = Some(now_s);
        } else if state.panic_s.is_some_and(|last_s| last_s + self.stable_window.as_secs() < now_s) {
            state.panic_s = None;
            state.most = 0;
        }
        let mut wanted = bounded(by_stable);
        if state.panic_s.is_some() {
            state.most = state.most.max(wanted).max(bounded(by_panic));
            wanted = state.most;
        }
        if wanted > 0 || is_used {
            state.unwanted_s = None;
            return wanted.max(1);
        }
        let since_s = *state.unwanted_s.get_or_insert(now_s);
        u32::from(ready > 0 && now_s - since_s < self.grace.as_secs())
    }
}

impl ReplicaAllocationPolicy for Knative {
    fn period_s(&self) -> Option<f64> {
        Some(self.period.as_secs())
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_above_zero("target", self.target)?;
        check_above_zero("utilisation", self.utilisation.as_fraction())?;
        check_time("stable_window", self.stable_window)?;
        check_time("panic_window", self.panic_window)?;
        check_time("period", self.period)?;
        check_at_least("panic_threshold", self.panic_threshold, 1.0)?;
        check_at_least("max_up", self.max_up, 1.0)?;
        check_at_least("max_down", self.max_down, 1.0)
    }

    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        let now_s = view.now().as_secs();
        let mut states = std::mem::take(&mut self.memory.0);
        let allocation = scaled(view, |s| {
            let state = states.entry((view.workload(), s)).or_default();
            let means = [self.stable_window, self.panic_window]
                .map(|window| view.concurrency(s, window.as_secs()));
            let is_used = view.queued(s) > 0 || view.in_flight(s) > 0;
            self.desired(state, now_s, view.ready(s), means, (is_used, view.serves_at_once(s)))
        });
        self.memory.0 = states;
        Ok(allocation)
    }
}
