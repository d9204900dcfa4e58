//! The orchestrator of EdgeCloudSim's fifth sample application.

use super::learned::{LearnedWays, UNAVAILABLE_S, throw};
use crate::infra::NodeId;
use crate::infra::network::NetworkClass;
use crate::placement::offloading::bandits::Mab;
use crate::placement::offloading::games::cloud_probability;
use crate::placement::offloading::predictive::Predictive;
use crate::placement::offloading::targets::Arms;
use crate::placement::offloading::ways::{RoundRobin, Way};
use crate::placement::offloading::{
    DecisionOutcome, OffloadingDecision, OffloadingPolicy, OffloadingTarget, OffloadingView,
};
use crate::units::Duration;
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a vehicle finds its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VehicularPolicy {
    /// By a dice: 33 % to the edge, 33 % to the cloud by the access point, 34 % there by the cellular network.
    #[default]
    Random,
    /// By the failures of the last half second, up to now.
    Predictive,
    /// By a bandit on the service time for the length of the task.
    Mab,
    /// Edge or cloud by a mixed strategy, and then one of the networks to the cloud by a coin.
    GameTheory,
    /// By models of whether each way succeeds and how long it takes.
    AiBased,
}

/// Price of the cloud in the mixed strategy.
const PRICE: f64 = 0.6;

/// Seconds that a gap between tasks is divided by where it stands for a rate.
const LONGEST_GAP_S: f64 = 20.0;

/// Below this, the probability that nobody plays makes no difference to one beside it.
const NOBODY: f64 = 1e-18;

/// What is known of one vehicle's play.
#[derive(Clone, Copy, Debug, Default)]
struct Player {
    tasks: u64,
    first_s: f64,
    last_s: f64,
    probability: f64,
}

impl Player {
    /// Mean seconds between its tasks.
    fn gap_s(&self) -> f64 {
        let gaps = self.tasks.saturating_sub(1);
        if gaps == 0 { LONGEST_GAP_S } else { (self.last_s - self.first_s) / gaps as f64 }
    }
}

/// Tasks of vehicles go one of three ways - to the edge, to the cloud by the access point, there by a direct network -
/// and are taken in turn by the instances at its end.
#[derive(Clone, Debug)]
pub struct VehicularOrchestrator {
    /// How a vehicle finds its way.
    pub policy: VehicularPolicy,
    /// Until then, `predictive` throws the dice.
    pub warm_up: Duration,
    /// The weights of the windows of `predictive` are not divided by their sum: what failed nowhere then still counts
    /// as too much for the service times to be looked at.
    pub failures_only: bool,
    /// The means of `mab` are sums of n outcomes divided by n - 1, and so grow with time.
    pub one_outcome_fewer: bool,
    /// The mixed strategy of `game_theory` takes a gap between tasks, over 20 s, for the probability of a task.
    pub gap_for_rate: bool,
    /// Only vehicles with a smaller number are others.
    pub smaller_numbers_only: bool,
    /// The models of `ai_based`, which throws the dice without them.
    pub models: Option<LearnedWays>,
    predictive: Predictive,
    mab: Mab,
    players: Vec<Player>,
    turns: RoundRobin,
}

fn by_failures() -> Predictive {
    let mut policy = Predictive::default();
    (policy.arms, policy.late_counts) = (Arms::Ways, true);
    policy
}

/// Failures of tasks that may take 0.5, 1 and 1.5 s count for 1.25, 2 and 2.75 s.
fn bandit() -> Mab {
    let mut policy = Mab::default();
    (policy.arms, policy.late_counts) = (Arms::Ways, true);
    (policy.failure_time, policy.failure_deadlines) = (Duration::from_secs(0.5), 1.5);
    policy
}

impl Default for VehicularOrchestrator {
    fn default() -> Self {
        VehicularOrchestrator {
            policy: VehicularPolicy::Random,
            warm_up: Duration::from_secs(180.0),
            failures_only: false,
            one_outcome_fewer: false,
            gap_for_rate: false,
            smaller_numbers_only: false,
            models: None,
            predictive: by_failures(),
            mab: bandit(),
            players: Vec::new(),
            turns: RoundRobin::default(),
        }
    }
}

impl VehicularOrchestrator {
    fn throw(view: &mut OffloadingView<'_>) -> OffloadingDecision {
        throw(view).map_or(OffloadingDecision::Refuse, |(_, target)| OffloadingDecision::Place(target))
    }

    /// Seconds to the result that way, if the task ran at the speed that is idle there.
    fn delay_s(view: &mut OffloadingView<'_>, target: OffloadingTarget) -> f64 {
        let request = *view.request();
        let up_s =
            view.transfer_via_s(request.device, target.node, request.upload_bytes, target.network);
        let down_s =
            view.transfer_via_s(target.node, request.device, request.download_bytes, target.network);
        let (by_access_point_s, cellular_s) = UNAVAILABLE_S;
        let missing_s = match target.network {
            Some(NetworkClass::Cellular) => cellular_s,
            _ => by_access_point_s,
        };
        let idle = 1.0 - view.utilisation(view.infrastructure().node(target.node).tier);
        let run_s = request.job.length_mi / (view.mips_per_core(target.node) * idle.max(0.0));
        run_s + up_s.zip(down_s).map_or(missing_s, |(up_s, down_s)| up_s + down_s)
    }

    /// The probability that none of the others plays.
    fn others_idle(&self, own: usize) -> f64 {
        let others = if self.smaller_numbers_only { &self.players[..own] } else { &self.players[..] };
        let mut idle = 1.0;
        for (number, player) in others.iter().enumerate().filter(|(_, player)| player.tasks > 0) {
            let plays = match self.gap_for_rate {
                true => player.gap_s() / LONGEST_GAP_S,
                false => 1.0 - (-1.0 / player.gap_s()).exp(),
            };
            if number != own {
                idle *= (1.0 - plays * player.probability).max(0.0);
            }
            if idle < NOBODY {
                return 0.0;
            }
        }
        idle
    }

    fn play(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let (share, coin) = (view.random().random::<f64>(), view.random().random::<bool>());
        let (own, now_s) = (view.local().index(), view.now().as_secs());
        if self.players.len() <= own {
            self.players.resize(view.infrastructure().nodes().len(), Player::default());
        }
        let player = &mut self.players[own];
        if player.tasks == 0 {
            player.first_s = now_s;
        }
        player.tasks += 1;
        player.last_s = now_s;
        let cloud = if coin { Way::CloudDirectly } else { Way::CloudByAccessPoint };
        let (edge, cloud) = (Way::Edge.target(view), cloud.target(view));
        let (Some(edge), Some(cloud)) = (edge, cloud) else {
            return edge.or(cloud).map_or(OffloadingDecision::Refuse, OffloadingDecision::Place);
        };
        let (edge_s, cloud_s) = (Self::delay_s(view, edge), Self::delay_s(view, cloud));
        let allowed_s = view.request().deadline_s.filter(|deadline_s| *deadline_s > 0.0).unwrap_or(1.0);
        let probability = cloud_probability(edge_s, cloud_s, PRICE, allowed_s, self.others_idle(own));
        self.players[own].probability = probability;
        OffloadingDecision::Place(if share < probability { cloud } else { edge })
    }
}

impl OffloadingPolicy for VehicularOrchestrator {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        match self.policy {
            VehicularPolicy::Random => Self::throw(view),
            VehicularPolicy::Predictive if view.now().as_secs() < self.warm_up.as_secs() => {
                Self::throw(view)
            }
            VehicularPolicy::Predictive => {
                self.predictive.look_at_present(self.failures_only);
                self.predictive.decide(view)
            }
            VehicularPolicy::Mab => {
                self.mab.divide_by_one_fewer(self.one_outcome_fewer);
                self.mab.decide(view)
            }
            VehicularPolicy::GameTheory => self.play(view),
            VehicularPolicy::AiBased => match &mut self.models {
                Some(models) => models.decide(view),
                None => Self::throw(view),
            },
        }
    }

    fn decides_on_arrival(&self) -> bool {
        true
    }

    fn decide_on_arrival(&mut self, view: &mut OffloadingView<'_>, node: NodeId) -> OffloadingDecision {
        self.turns.decide(view, node)
    }

    fn learns(&self) -> bool {
        matches!(self.policy, VehicularPolicy::Predictive | VehicularPolicy::Mab)
    }

    fn learn(&mut self, outcome: &DecisionOutcome) {
        match self.policy {
            VehicularPolicy::Predictive => self.predictive.learn(outcome),
            VehicularPolicy::Mab => self.mab.learn(outcome),
            VehicularPolicy::Random | VehicularPolicy::GameTheory | VehicularPolicy::AiBased => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(tasks: u64, last_s: f64, probability: f64) -> Player {
        Player { tasks, first_s: 0.0, last_s, probability }
    }

    #[test]
    fn others_are_counted_as_told() {
        // Gaps of 5 and 10 s; the third has not played.
        let players =
            vec![player(3, 10.0, 0.4), player(2, 10.0, 0.1), Player::default(), player(2, 1.0, 0.9)];
        let mut policy = VehicularOrchestrator { players, ..VehicularOrchestrator::default() };
        let plays = |gap_s: f64| 1.0 - (-1.0 / gap_s).exp();
        let expected = (1.0 - 0.4 * plays(5.0)) * (1.0 - 0.9 * plays(1.0));
        assert!((policy.others_idle(1) - expected).abs() < 1e-12);
        policy.gap_for_rate = true;
        policy.smaller_numbers_only = true;
        // 5 s of 20 s, and nobody before the first.
        assert!((policy.others_idle(1) - (1.0 - 0.4 * 0.25)).abs() < 1e-12);
        assert_eq!(policy.others_idle(0), 1.0);
    }
}
