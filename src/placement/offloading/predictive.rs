//! A policy that goes by what came of the last decisions.

use super::chances::draw;
use super::targets::{Arm, Arms, find_arms};
use super::tiers::Select;
use super::view::{OffloadingView, TierName, check_tiers, servers};
use super::ways::RoundRobin;
use super::{DecisionOutcome, OffloadingDecision, OffloadingPolicy};
use crate::engine::SimTime;
use crate::infra::NodeId;
use crate::placement::ParameterError;
use crate::units::Duration;
use rand::RngExt;
use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Weights of the past windows, the last one first.
const WEIGHTS: [f64; 4] = [4.0, 3.0, 2.0, 1.0];

/// Failures in percent of a window in which nothing failed.
const LEAST_FAILURES: f64 = 0.1;

/// Seconds of service of a window in which nothing was done.
const LEAST_SERVICE_S: f64 = 0.01;

/// What came to an end within a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Window {
    done: u64,
    failed: u64,
    service_s: f64,
}

impl Window {
    fn failure_percent(&self) -> f64 {
        if self.failed == 0 {
            return LEAST_FAILURES;
        }
        100.0 * self.failed as f64 / (self.done + self.failed) as f64
    }

    fn mean_service_s(&self) -> f64 {
        if self.done == 0 { LEAST_SERVICE_S } else { self.service_s / self.done as f64 }
    }
}

/// The present window and the past ones, the last one first.
#[derive(Clone, Copy, Debug, Default)]
struct History {
    present: Window,
    past: [Window; WEIGHTS.len()],
}

impl History {
    fn turn(&mut self, windows: u64) {
        for _ in 0..windows.min(1 + WEIGHTS.len() as u64) {
            self.past.rotate_right(1);
            self.past[0] = std::mem::take(&mut self.present);
        }
    }

    fn weighted(&self, of: impl Fn(&Window) -> f64) -> f64 {
        let sum: f64 = self.past.iter().zip(WEIGHTS).map(|(window, weight)| weight * of(window)).sum();
        sum / WEIGHTS.iter().sum::<f64>()
    }
}

/// A tier by what came of the last decisions (`PREDICTIVE` of EdgeCloudSim). It is drawn with a
/// probability inverse to its share of failures in the last four windows, or, if nothing has failed
/// anywhere, to its mean service time in them; later windows weigh more, 4 to 1. A tier of which nothing
/// was heard counts as one with 0.1 % of failures and 10 ms, and is soon tried again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Predictive {
    /// Length of a window.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub window: Duration,
    /// What is chosen among.
    pub arms: Arms,
    /// The tiers.
    #[schemars(length(min = 1))]
    pub tiers: Vec<TierName>,
    /// Whether the device itself is chosen among, too.
    pub local: bool,
    /// How the node of a tier is chosen.
    pub select: Select,
    /// Until then each is drawn with the same probability.
    pub even_until: Duration,
    /// Whether a late result counts with its time rather than as a failure.
    pub late_counts: bool,
    /// Whether service times are never looked at.
    #[serde(skip)]
    failures_only: bool,
    #[serde(skip)]
    turns: RoundRobin,
    #[serde(skip)]
    histories: Vec<History>,
    /// The number of the present window.
    #[serde(skip)]
    present: u64,
    #[serde(skip)]
    pending: FxHashMap<u64, usize>,
    #[serde(skip)]
    found: Vec<Arm>,
}

impl Default for Predictive {
    fn default() -> Self {
        Predictive {
            window: Duration::from_secs(0.125),
            arms: Arms::Tiers,
            tiers: servers(),
            local: false,
            select: Select::LeastLoaded,
            even_until: Duration::from_secs(0.0),
            late_counts: false,
            failures_only: false,
            turns: RoundRobin::default(),
            histories: Vec::new(),
            present: 0,
            pending: FxHashMap::default(),
            found: Vec::new(),
        }
    }
}

impl Predictive {
    /// Lets it go by failures alone, or not.
    pub(super) fn go_by_failures_only(&mut self, failures_only: bool) {
        self.failures_only = failures_only;
    }

    /// How many of the outcomes it was told of are in its windows at this time.
    #[cfg(test)]
    pub(super) fn heard(&mut self, now: SimTime) -> u64 {
        self.turn_to(now);
        let windows = self.histories.iter().flat_map(|own| own.past.iter().chain([&own.present]));
        windows.map(|window| window.done + window.failed).sum()
    }

    /// Learns nothing of this decision.
    pub(super) fn forget(&mut self, decision: u64) {
        self.pending.remove(&decision);
    }

    /// Ends the windows that are over.
    fn turn_to(&mut self, now: SimTime) {
        let present = (now.as_secs() / self.window.as_secs()) as u64;
        let windows = present.saturating_sub(self.present);
        self.present = present;
        if windows > 0 {
            self.histories.iter_mut().for_each(|history| history.turn(windows));
        }
    }

    fn history(&mut self, arm: usize) -> &mut History {
        if self.histories.len() <= arm {
            self.histories.resize(arm + 1, History::default());
        }
        &mut self.histories[arm]
    }

    /// The weights with which these arms are drawn.
    fn weights(&mut self) -> Vec<(Arm, f64)> {
        let found = std::mem::take(&mut self.found);
        let of = |policy: &mut Self, of: fn(&Window) -> f64| -> Vec<f64> {
            found.iter().map(|arm| policy.history(arm.number).weighted(of)).collect()
        };
        let failures = of(self, Window::failure_percent);
        // A window without failures counts as having a few; rounding must not make them many.
        let any_failed = failures.iter().any(|percent| *percent > LEAST_FAILURES * (1.0 + 1e-9));
        let scores =
            if any_failed || self.failures_only { failures } else { of(self, Window::mean_service_s) };
        let weights = found.iter().copied().zip(scores.iter().map(|score| 1.0 / score)).collect();
        self.found = found;
        weights
    }

    /// The decision on which this share, in 0..1, of the sum of all weights falls.
    pub(super) fn decide_at(&mut self, share: f64, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        self.turn_to(view.now());
        find_arms(view, self.arms, &self.tiers, self.select, self.local, &mut self.found);
        let mut weights = self.weights();
        if view.now().as_secs() < self.even_until.as_secs() {
            weights.iter_mut().for_each(|(_, weight)| *weight = 1.0);
        }
        let Some(arm) = draw(weights.into_iter(), share) else { return OffloadingDecision::Refuse };
        self.pending.insert(view.decision(), arm.number);
        arm.decide()
    }
}

impl OffloadingPolicy for Predictive {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let share = view.random().random::<f64>();
        self.decide_at(share, view)
    }

    fn decides_on_arrival(&self) -> bool {
        self.arms == Arms::Ways
    }

    fn decide_on_arrival(&mut self, view: &mut OffloadingView<'_>, node: NodeId) -> OffloadingDecision {
        self.turns.decide(view, node)
    }

    fn learns(&self) -> bool {
        true
    }

    fn learn(&mut self, outcome: &DecisionOutcome) {
        let Some(arm) = self.pending.remove(&outcome.decision) else { return };
        self.turn_to(outcome.resolved);
        let service_s = outcome.service_s.filter(|_| outcome.is_done || self.late_counts);
        let window = &mut self.history(arm).present;
        match service_s {
            Some(service_s) => {
                window.done += 1;
                window.service_s += service_s;
            }
            None => window.failed += 1,
        }
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, self.local || self.arms == Arms::Ways)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(windows: &[[Window; 2]]) -> Predictive {
        let mut policy = Predictive::default();
        for (number, pair) in windows.iter().enumerate() {
            let node = NodeId(number as u32);
            policy.found.push(Arm { number, node, network: None });
            let history = policy.history(number);
            (history.past[0], history.past[3]) = (pair[0], pair[1]);
        }
        policy
    }

    fn weights(policy: &mut Predictive) -> Vec<f64> {
        policy.weights().into_iter().map(|(_, weight)| weight).collect()
    }

    /// Failures: 50 % in the last window weigh 4 of 10: 20 + 0.6 · 0.1 = 20.06 %; 50 % in the first one
    /// weigh 1: 5.09 %.
    #[test]
    fn failures_count_first() {
        let (bad, none) = (Window { done: 2, failed: 2, service_s: 0.2 }, Window::default());
        let found = weights(&mut policy(&[[bad, none], [none, bad], [none, none]]));
        for (weight, percent) in found.iter().zip([20.06, 5.09, 0.1]) {
            assert!((weight * percent - 1.0).abs() < 1e-9, "{found:?}");
        }
    }

    /// Without failures: 0.5 s in the last window make 0.4 · 0.5 + 0.6 · 0.01 = 0.206 s.
    #[test]
    fn service_times_count_if_nothing_failed() {
        let (slow, none) = (Window { done: 4, failed: 0, service_s: 2.0 }, Window::default());
        let found = weights(&mut policy(&[[slow, none], [none, none]]));
        for (weight, service_s) in found.iter().zip([0.206, 0.01]) {
            assert!((weight * service_s - 1.0).abs() < 1e-9, "{found:?}");
        }
    }

    /// What comes to an end within the present window, even if all of it fails, counts when that is over: then it is
    /// 100 % of the last of four windows, 40 + 0.6 · 0.1 = 40.06 %.
    #[test]
    fn complete_windows_count_alone() {
        let none = Window::default();
        let mut policy = policy(&[[none, none], [none, none]]);
        policy.go_by_failures_only(true);
        policy.history(0).present = Window { done: 0, failed: 3, service_s: 0.0 };
        assert!(weights(&mut policy).iter().all(|weight| (weight * 0.1 - 1.0).abs() < 1e-9));
        policy.turn_to(SimTime::from_secs(0.124));
        assert!(weights(&mut policy).iter().all(|weight| (weight * 0.1 - 1.0).abs() < 1e-9));
        policy.turn_to(SimTime::from_secs(0.125));
        assert!((weights(&mut policy)[0] * 40.06 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn windows_pass() {
        let mut history = History::default();
        history.present.done = 1;
        history.turn(1);
        assert_eq!((history.past[0].done, history.present.done), (1, 0));
        history.turn(3);
        assert_eq!(history.past.map(|window| window.done), [0, 0, 0, 1]);
        history.present.done = 7;
        history.turn(u64::MAX);
        assert_eq!(history.past, [Window::default(); 4]);
    }
}
