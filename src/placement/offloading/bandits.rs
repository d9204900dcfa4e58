//! Policies that learn from what came of their decisions, by the principle of optimism.

use super::observation::{Observation, Observer};
use super::targets::{Arm, Arms, find_arms};
use super::tiers::Select;
use super::view::{OffloadingView, TierName, check_tiers, servers};
use super::ways::RoundRobin;
use super::{DecisionOutcome, OffloadingDecision, OffloadingPolicy};
use crate::apps::OffloadingRequest;
use crate::infra::NodeId;
use crate::placement::ParameterError;
use crate::placement::learning::{LinearBandit, UpperConfidence};
use crate::units::Duration;
use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The bandit UCB1 over tiers or nodes. It takes the one with the greatest mean reward + sqrt(c ln t /
/// n), after each has been tried (Auer, Cesa-Bianchi and Fischer 2002). The reward is 1 / (1 + service
/// time in s) of what is done in time, and 0 of what is not.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ucb1 {
    /// c: how much what is little known is preferred; 2 in the paper.
    #[schemars(range(min = 0.0))]
    pub exploration: f64,
    /// What is chosen among.
    pub arms: Arms,
    /// The tiers.
    #[schemars(length(min = 1))]
    pub tiers: Vec<TierName>,
    /// Whether the device itself is chosen among, too.
    pub local: bool,
    /// How the node of a tier is chosen.
    pub select: Select,
    #[serde(skip)]
    turns: RoundRobin,
    #[serde(skip)]
    bandit: Option<UpperConfidence>,
    /// The arms of the decisions whose outcome is still to come. For look-ups only.
    #[serde(skip)]
    pending: FxHashMap<u64, usize>,
    #[serde(skip)]
    found: Vec<Arm>,
}

impl Default for Ucb1 {
    fn default() -> Self {
        Ucb1 {
            exploration: 2.0,
            arms: Arms::Tiers,
            tiers: servers(),
            local: true,
            select: Select::LeastLoaded,
            turns: RoundRobin::default(),
            bandit: None,
            pending: FxHashMap::default(),
            found: Vec::new(),
        }
    }
}

impl OffloadingPolicy for Ucb1 {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        find_arms(view, self.arms, &self.tiers, self.select, self.local, &mut self.found);
        let bandit = self.bandit.get_or_insert_with(|| UpperConfidence::new(self.exploration));
        let Some(arm) = bandit.choose(self.found.iter().map(|arm| arm.number)) else {
            return OffloadingDecision::Refuse;
        };
        self.pending.insert(view.decision(), arm);
        let found = self.found.iter().find(|found| found.number == arm);
        found.map_or(OffloadingDecision::Refuse, |found| found.decide())
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
        if let (Some(arm), Some(bandit)) = (self.pending.remove(&outcome.decision), &mut self.bandit) {
            bandit.learn(arm, outcome.reward.clamp(0.0, 1.0));
        }
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, self.local || self.arms == Arms::Ways)
    }
}

/// What is known of one arm of [`Mab`].
#[derive(Clone, Copy, Debug, Default)]
struct Record {
    /// Outcomes so far, the estimate that it begins with counted.
    count: u64,
    /// Mean service time for the length of the task, in seconds per million instructions.
    mean_s_per_mi: f64,
}

/// A bandit that explores with short tasks (`MAB` of EdgeCloudSim). It takes the tier with the least
/// lower bound of its service time for the length of the task: mean - sqrt(β (1 - ℓ) ln t / n), where ℓ
/// is the length on a scale from the shortest (0) to the longest (1) task so far, so that long tasks
/// explore less. Each tier begins with its estimated time; what fails is charged `failure_time`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mab {
    /// β: how much what is little known is preferred.
    #[schemars(range(min = 0.0))]
    pub exploration: f64,
    /// Service time that a task counts for that was not done; EdgeCloudSim has 1.25, 2 and 2.75 s by
    /// application: 0.5 s and 1.5 times the deadline.
    pub failure_time: Duration,
    /// What is added to it, over the deadline.
    #[schemars(range(min = 0.0))]
    pub failure_deadlines: f64,
    /// Whether a late result counts with its time rather than as a failure.
    pub late_counts: bool,
    /// What is chosen among.
    pub arms: Arms,
    /// The tiers.
    #[schemars(length(min = 1))]
    pub tiers: Vec<TierName>,
    /// Whether the device itself is chosen among, too.
    pub local: bool,
    /// How the node of a tier is chosen.
    pub select: Select,
    /// Whether means are divided by one outcome too few.
    #[serde(skip)]
    one_fewer: bool,
    #[serde(skip)]
    turns: RoundRobin,
    #[serde(skip)]
    records: Vec<Record>,
    #[serde(skip)]
    rounds: u64,
    /// The shortest and the longest task so far, in million instructions.
    #[serde(skip)]
    lengths_mi: Option<(f64, f64)>,
    /// What counts as the shortest and the longest task instead.
    #[serde(skip)]
    fixed_mi: Option<(f64, f64)>,
    #[serde(skip)]
    pending: FxHashMap<u64, usize>,
    #[serde(skip)]
    found: Vec<Arm>,
}

impl Default for Mab {
    fn default() -> Self {
        Mab {
            exploration: 1.0,
            failure_time: Duration::from_secs(2.0),
            failure_deadlines: 0.0,
            late_counts: false,
            one_fewer: false,
            turns: RoundRobin::default(),
            arms: Arms::Tiers,
            tiers: servers(),
            local: false,
            select: Select::LeastLoaded,
            records: Vec::new(),
            rounds: 1,
            lengths_mi: None,
            fixed_mi: None,
            pending: FxHashMap::default(),
            found: Vec::new(),
        }
    }
}

impl Mab {
    /// Lets it divide the sum of n outcomes by n - 1.
    pub(super) fn divide_by_one_fewer(&mut self, fewer: bool) {
        self.one_fewer = fewer;
    }

    /// Lets it put lengths on the scale between these, in million instructions, which others are cut to.
    pub(super) fn scale_between(&mut self, lengths_mi: Option<(f64, f64)>) {
        self.fixed_mi = lengths_mi;
    }

    /// How many outcomes it was told of.
    #[cfg(test)]
    pub(super) fn heard(&self) -> u64 {
        self.rounds - 1
    }

    /// Learns nothing of this decision.
    pub(super) fn forget(&mut self, decision: u64) {
        self.pending.remove(&decision);
    }

    /// The length of a task on the scale of all so far, or on the given one.
    fn scaled(&mut self, length_mi: f64) -> f64 {
        let (least, most) = self.fixed_mi.unwrap_or_else(|| {
            let (least, most) = self.lengths_mi.unwrap_or((length_mi, length_mi));
            (least.min(length_mi), most.max(length_mi))
        });
        self.lengths_mi = Some((least, most));
        if most > least { ((length_mi - least) / (most - least)).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// What a task that was not done counts for.
    fn failure_s(&self, request: &OffloadingRequest) -> f64 {
        self.failure_time.as_secs() + self.failure_deadlines * request.deadline_s.unwrap_or(0.0)
    }

    fn lower_bound(&self, record: Record, scaled_length: f64) -> f64 {
        let confidence =
            self.exploration * (1.0 - scaled_length) * (self.rounds as f64).ln() / record.count as f64;
        record.mean_s_per_mi - confidence.max(0.0).sqrt()
    }

    /// The decision, where `first_s` says which time an arm begins with of which nothing is known.
    pub(super) fn decide_by(
        &mut self,
        view: &mut OffloadingView<'_>,
        first_s: impl Fn(&mut OffloadingView<'_>, Arm) -> Option<f64>,
    ) -> OffloadingDecision {
        find_arms(view, self.arms, &self.tiers, self.select, self.local, &mut self.found);
        let length_mi = view.request().job.length_mi.max(f64::MIN_POSITIVE);
        let scaled = self.scaled(length_mi);
        let mut best: Option<(f64, Arm)> = None;
        for index in 0..self.found.len() {
            let arm = self.found[index];
            if self.records.len() <= arm.number {
                self.records.resize(arm.number + 1, Record::default());
            }
            if self.records[arm.number].count == 0 {
                let failure_s = self.failure_s(view.request());
                let expected_s = first_s(view, arm).filter(|time_s| time_s.is_finite());
                let mean_s_per_mi = (expected_s.unwrap_or(failure_s) / length_mi).min(f64::MAX);
                self.records[arm.number] = Record { count: 1, mean_s_per_mi };
            }
            let bound = self.lower_bound(self.records[arm.number], scaled);
            if best.is_none_or(|(least, _)| bound < least) {
                best = Some((bound, arm));
            }
        }
        if let Some((_, arm)) = best {
            self.pending.insert(view.decision(), arm.number);
        }
        best.map_or(OffloadingDecision::Refuse, |(_, arm)| arm.decide())
    }
}

impl OffloadingPolicy for Mab {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        self.decide_by(view, |view, arm| view.completion_via_s(arm.node, arm.network))
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
        let done_s = outcome.service_s.filter(|_| outcome.is_done || self.late_counts);
        let time_s = done_s.unwrap_or_else(|| self.failure_s(&outcome.request));
        let s_per_mi = time_s / outcome.request.job.length_mi;
        self.rounds += 1;
        // A task of no length says nothing of the time for its length.
        if s_per_mi.is_finite()
            && let Some(record) = self.records.get_mut(arm)
        {
            let forgotten = if self.one_fewer { 0.0 } else { record.mean_s_per_mi };
            let divisor = record.count + u64::from(!self.one_fewer);
            record.mean_s_per_mi += (s_per_mi - forgotten) / divisor as f64;
            record.count += 1;
        }
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, self.local || self.arms == Arms::Ways)
    }
}

/// A feature of [`LinUcb`]: what is observed, on a scale of its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// What is observed.
    pub observation: Observation,
    /// The value that counts as 1; features of like size are learnt at like speed.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub scale: f64,
}

/// The contextual bandit LinUCB over tiers or nodes. It takes the one with the greatest upper bound of
/// its reward, which is learnt as a linear function of what is observed, for each of them apart (Li,
/// Chu, Langford and Schapire 2010). The reward is 1 / (1 + service time in s) of what is done in time,
/// and 0 of what is not.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinUcb {
    /// α: how much what is little known is preferred.
    #[schemars(range(min = 0.0))]
    pub exploration: f64,
    /// λ: how strongly coefficients are held to zero until there are rewards.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub ridge: f64,
    /// What is looked at; a constant is always added.
    pub features: Vec<Feature>,
    /// What is chosen among.
    pub arms: Arms,
    /// The tiers.
    #[schemars(length(min = 1))]
    pub tiers: Vec<TierName>,
    /// Whether the device itself is chosen among, too.
    pub local: bool,
    /// How the node of a tier is chosen.
    pub select: Select,
    #[serde(skip)]
    bandit: Option<LinearBandit>,
    #[serde(skip)]
    pending: FxHashMap<u64, (usize, Vec<f64>)>,
    #[serde(skip)]
    found: Vec<Arm>,
    #[serde(skip)]
    observer: Observer,
}

impl Default for LinUcb {
    fn default() -> Self {
        let feature = |observation, scale| Feature { observation, scale };
        LinUcb {
            exploration: 0.5,
            ridge: 1.0,
            features: vec![
                feature(Observation::LengthMi, 10_000.0),
                feature(Observation::UploadS, 1.0),
                feature(Observation::ExecutionS, 1.0),
                feature(Observation::DownloadS, 1.0),
                feature(Observation::NodeLoad, 1.0),
            ],
            arms: Arms::Tiers,
            tiers: servers(),
            local: true,
            select: Select::LeastLoaded,
            bandit: None,
            pending: FxHashMap::default(),
            found: Vec::new(),
            observer: Observer::default(),
        }
    }
}

/// Features are cut off here, so that one that is out of all proportion does not drown the others.
const GREATEST_FEATURE: f64 = 10.0;

impl OffloadingPolicy for LinUcb {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        self.observer.begin(view.now());
        find_arms(view, self.arms, &self.tiers, self.select, self.local, &mut self.found);
        let width = self.features.len() + 1;
        let (exploration, ridge) = (self.exploration, self.ridge);
        let bandit = self.bandit.get_or_insert_with(|| LinearBandit::new(width, exploration, ridge));
        let mut seen = Vec::with_capacity(width * self.found.len());
        for arm in &self.found {
            seen.push(1.0);
            for feature in &self.features {
                let value = self.observer.value(feature.observation, view, arm.node);
                let scaled = value.unwrap_or(0.0) / feature.scale;
                seen.push(scaled.clamp(-GREATEST_FEATURE, GREATEST_FEATURE));
            }
        }
        self.observer.end(view.now());
        let numbers = self.found.iter().map(|arm| arm.number);
        let Some(chosen) = bandit.choose(numbers.zip(seen.chunks_exact(width))) else {
            return OffloadingDecision::Refuse;
        };
        let mut found = self.found.iter().zip(seen.chunks_exact(width));
        let node = found.find(|(arm, _)| arm.number == chosen).map(|(arm, seen)| {
            self.pending.insert(view.decision(), (chosen, seen.to_vec()));
            arm.node
        });
        node.into()
    }

    fn learns(&self) -> bool {
        true
    }

    fn learn(&mut self, outcome: &DecisionOutcome) {
        if let (Some((arm, seen)), Some(bandit)) =
            (self.pending.remove(&outcome.decision), &mut self.bandit)
        {
            bandit.learn(arm, &seen, outcome.reward);
        }
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, self.local)?;
        if self.arms == Arms::Ways {
            return Err(ParameterError::new("features are of nodes, and do not tell ways apart")
                .at("arms")
                .help("choose \"tiers\" or \"nodes\", or the policy \"ucb1\""));
        }
        if self.features.is_empty() {
            return Err(ParameterError::new("there is nothing to learn from")
                .at("features")
                .help("name at least one feature, or choose the policy \"ucb1\""));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_put_on_the_scale_of_all_so_far_or_on_the_given_one() {
        let mut policy = Mab::default();
        let seen: Vec<f64> = [5000.0, 3000.0, 7000.0, 6000.0].map(|mi| policy.scaled(mi)).to_vec();
        assert_eq!(seen, [0.0, 0.0, 1.0, 0.75]);
        policy.scale_between(Some((3000.0, 20_000.0)));
        let scaled: Vec<f64> =
            [2700.0, 3000.0, 11_500.0, 20_000.0, 22_000.0].map(|mi| policy.scaled(mi)).to_vec();
        assert_eq!(scaled, [0.0, 0.0, 0.5, 1.0, 1.0]);
    }
}
