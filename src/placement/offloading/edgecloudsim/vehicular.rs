//! The orchestrator of EdgeCloudSim's fifth sample application.

use super::learned::{LearnedWays, UNAVAILABLE_S, throw};
use crate::infra::network::NetworkClass;
use crate::infra::{NodeId, Tier};
use crate::placement::offloading::bandits::Mab;
use crate::placement::offloading::games::cloud_probability;
use crate::placement::offloading::predictive::Predictive;
use crate::placement::offloading::targets::Arms;
use crate::placement::offloading::ways::{RoundRobin, Way};
use crate::placement::offloading::{
    DecisionOutcome, OffloadingDecision, OffloadingPolicy, OffloadingTarget, OffloadingView,
};
use crate::units::{Duration, Instructions};
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
    /// By the failures of the last four windows, each an eighth of a second, that are over.
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

/// Seconds that the network to the cloud counts for, apart from the access point, while it takes nothing.
const CLOUD_UNAVAILABLE_S: f64 = 7.0;

/// Where the dice of `predictive` begins and ends if it is narrow.
const NARROW: (f64, f64) = (0.01, 0.99);

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
/// and are taken in turn by the instances at its end. It is told what came of tasks, but not of those whose results
/// were lost because the vehicle moved on.
#[derive(Clone, Debug)]
pub struct VehicularOrchestrator {
    /// How a vehicle finds its way.
    pub policy: VehicularPolicy,
    /// Until then, `predictive` throws the dice.
    pub warm_up: Duration,
    /// The weights of the windows of `predictive` are not divided by their sum: what failed nowhere then still counts
    /// as too much for the service times to be looked at.
    pub failures_only: bool,
    /// The dice of `predictive` falls between 0.01 and 0.99: the first and the last way are not taken where their
    /// chance is below one hundredth.
    pub narrow_dice: bool,
    /// What counts as the shortest task for `mab`, which explores with short tasks; `None` for the shortest so far.
    pub shortest: Option<Instructions>,
    /// What counts as the longest; `None` for the longest so far.
    pub longest: Option<Instructions>,
    /// Of the way to the cloud by the access point, `mab` (for its first estimate) and `game_theory` take the delay
    /// behind the access point alone.
    pub one_network_delays: bool,
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

/// Where a share in 0..1 falls on the narrow dice, or the share itself.
fn narrowed(share: f64, narrow: bool) -> f64 {
    let (least, most) = NARROW;
    if narrow { least + (most - least) * share } else { share }
}

/// What of a way is left behind the access point; `None` if either is not known. Taken as a difference, since what goes
/// to devices has a mean size of its own that a message between nodes is not measured by.
fn behind_s(whole_s: Option<f64>, radio_s: Option<f64>) -> Option<f64> {
    whole_s.zip(radio_s).map(|(whole_s, radio_s)| (whole_s - radio_s).max(0.0))
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
            narrow_dice: false,
            shortest: None,
            longest: None,
            one_network_delays: false,
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

    /// Seconds to the result that way, if the task ran at this share of the speed there.
    fn delay_s(
        view: &mut OffloadingView<'_>,
        target: OffloadingTarget,
        speed_share: f64,
        one_network_delays: bool,
    ) -> f64 {
        let request = *view.request();
        let (by_access_point_s, cellular_s) = UNAVAILABLE_S;
        let (node, network) = (target.node, target.network);
        let mut up_s = view.transfer_via_s(request.device, node, request.upload_bytes, network);
        let mut down_s = view.transfer_via_s(node, request.device, request.download_bytes, network);
        let mut missing_s = match network {
            Some(NetworkClass::Cellular) => cellular_s,
            _ => by_access_point_s,
        };
        if one_network_delays
            && network == Some(NetworkClass::Wlan)
            && let Some(access_point) = view.nearest(Tier::Edge)
        {
            missing_s = CLOUD_UNAVAILABLE_S;
            let radio_up_s = view.transfer_s(request.device, access_point, request.upload_bytes);
            let radio_down_s = view.transfer_s(access_point, request.device, request.download_bytes);
            up_s = behind_s(up_s, radio_up_s)
                .or_else(|| view.transfer_s(access_point, node, request.upload_bytes));
            down_s = behind_s(down_s, radio_down_s)
                .or_else(|| view.transfer_s(node, access_point, request.download_bytes));
        }
        let run_s = request.job.length_mi / (view.mips_per_core(node) * speed_share);
        run_s + up_s.unwrap_or(missing_s) + down_s.unwrap_or(missing_s)
    }

    /// The same at the speed that is idle on average in the tier.
    fn loaded_delay_s(&self, view: &mut OffloadingView<'_>, target: OffloadingTarget) -> f64 {
        let idle = 1.0 - view.utilisation(view.infrastructure().node(target.node).tier);
        Self::delay_s(view, target, idle.max(0.0), self.one_network_delays)
    }

    /// Decides by the bandit, which begins with what each way would take if nothing ran at its end.
    fn try_ways(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let length_mi = |given: Option<Instructions>| given.map(Instructions::as_mi);
        self.mab.scale_between(length_mi(self.shortest).zip(length_mi(self.longest)));
        self.mab.divide_by_one_fewer(self.one_outcome_fewer);
        let one_network_delays = self.one_network_delays;
        self.mab.decide_by(view, |view, arm| {
            Some(Self::delay_s(view, arm.target(), 1.0, one_network_delays))
        })
    }

    /// Decides by what failed lately.
    fn predict(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let share = view.random().random::<f64>();
        self.predictive.go_by_failures_only(self.failures_only);
        self.predictive.decide_at(narrowed(share, self.narrow_dice), view)
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
        let (edge_s, cloud_s) = (self.loaded_delay_s(view, edge), self.loaded_delay_s(view, cloud));
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
            VehicularPolicy::Predictive => self.predict(view),
            VehicularPolicy::Mab => self.try_ways(view),
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
            VehicularPolicy::Predictive if outcome.is_lost_to_mobility => {
                self.predictive.forget(outcome.decision);
            }
            VehicularPolicy::Predictive => self.predictive.learn(outcome),
            VehicularPolicy::Mab if outcome.is_lost_to_mobility => self.mab.forget(outcome.decision),
            VehicularPolicy::Mab => self.mab.learn(outcome),
            VehicularPolicy::Random | VehicularPolicy::GameTheory | VehicularPolicy::AiBased => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::offloading::chances::draw;
    use crate::records::NoRecords;
    use crate::scenario::{Document, Registry, load};
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    /// With chances of 0.5, 50 and 49.5 %, the least throw, 0.01, is beyond the first one; a throw of 0.2 is at 0.206,
    /// and the greatest one at 0.99, before the end of the last but beyond that of one of 99.5 %.
    #[test]
    fn a_narrow_dice_leaves_out_what_is_below_a_hundredth() {
        let taken = |chances: [f64; 3], share: f64, narrow: bool| {
            draw(Way::ALL.into_iter().zip(chances), narrowed(share, narrow))
        };
        let little_edge = [0.5, 50.0, 49.5];
        assert_eq!(taken(little_edge, 0.0, false), Some(Way::Edge));
        assert_eq!(taken(little_edge, 0.0, true), Some(Way::CloudByAccessPoint));
        let little_direct = [50.0, 49.5, 0.5];
        assert_eq!(taken(little_direct, 0.999, false), Some(Way::CloudDirectly));
        assert_eq!(taken(little_direct, 0.999, true), Some(Way::CloudByAccessPoint));
        assert!((narrowed(0.2, true) - 0.206).abs() < 1e-12);
        assert_eq!(narrowed(0.2, false), 0.2);
    }

    #[derive(Debug, Default)]
    struct Seen {
        delays_s: Vec<[f64; 4]>,
        told: u64,
        lost: u64,
        is_wrong: bool,
    }

    /// Notes the delays of the ways, and what the orchestrator does with the outcomes.
    #[derive(Debug)]
    struct Watched {
        inner: VehicularOrchestrator,
        seen: Arc<Mutex<Seen>>,
    }

    impl OffloadingPolicy for Watched {
        fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
            let mut delay_s = |way: Way, share: f64, one_network: bool| {
                let target = way.target(view).unwrap();
                VehicularOrchestrator::delay_s(view, target, share, one_network)
            };
            self.seen.lock().unwrap().delays_s.push([
                delay_s(Way::Edge, 1.0, true),
                delay_s(Way::CloudByAccessPoint, 1.0, true),
                delay_s(Way::CloudByAccessPoint, 0.5, false),
                delay_s(Way::CloudDirectly, 1.0, true),
            ]);
            self.inner.decide(view)
        }

        fn decides_on_arrival(&self) -> bool {
            true
        }

        fn decide_on_arrival(
            &mut self,
            view: &mut OffloadingView<'_>,
            node: NodeId,
        ) -> OffloadingDecision {
            self.inner.decide_on_arrival(view, node)
        }

        fn learns(&self) -> bool {
            true
        }

        fn learn(&mut self, outcome: &DecisionOutcome) {
            let known = |policy: &mut VehicularOrchestrator| {
                policy.predictive.heard(outcome.resolved) + policy.mab.heard()
            };
            let mut seen = self.seen.lock().unwrap();
            let before = known(&mut self.inner);
            self.inner.learn(outcome);
            seen.told += 1;
            seen.lost += u64::from(outcome.is_lost_to_mobility);
            let learnt = u64::from(!outcome.is_lost_to_mobility);
            seen.is_wrong |= known(&mut self.inner) != before + learnt;
        }
    }

    fn watch(policy: VehicularPolicy, vehicles: u32) -> Seen {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/edge/edgecloudsim-app5.json");
        let mut document = Document::open(&file).unwrap();
        let count = format!("nodes[2].count={vehicles}");
        for assignment in [count.as_str(), "duration=3 min", "warm_up=0 s"] {
            document.set_assignment(assignment).unwrap();
        }
        let loaded = load(&document, &Registry::with_builtins(), file.parent().unwrap()).unwrap();
        let mut world = loaded.world;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let inner = VehicularOrchestrator {
            policy,
            warm_up: Duration::from_secs(0.0),
            ..VehicularOrchestrator::default()
        };
        world.offloading("watched", Watched { inner, seen: seen.clone() });
        world.build(Box::new(NoRecords)).unwrap().run().unwrap();
        std::mem::take(&mut *seen.lock().unwrap())
    }

    /// The queues of the profile before anything has been measured: of 10, 50 and 20 Mbps, with messages of 27 kB up and
    /// 41 kB down, at 1 / 2.58665, 1 / 0.172444 and 1 / 0.258665 a second.
    #[test]
    fn delays_of_ways_are_those_of_their_networks() {
        let both_s = |bits_per_s: f64, gap_s: f64| -> f64 {
            let served = |bytes: f64| 1.0 / (bits_per_s / (8.0 * bytes) - 1.0 / gap_s);
            served(27e3) + served(41e3)
        };
        let (wlan_s, wan_s) = (both_s(10e6, 2.58665), both_s(50e6, 0.172444));
        let gsm_s = both_s(20e6, 0.258665);
        let seen = watch(VehicularPolicy::Random, 1);
        let delays_s = seen.delays_s[0];
        // On an idle core: 10 000 MIPS at the edge, 75 000 in the cloud; the third at half the speed.
        let at_edge_s = delays_s[0] - wlan_s;
        let in_cloud_s = at_edge_s * 10.0 / 75.0;
        assert!((0.27..2.2001).contains(&at_edge_s), "{delays_s:?}");
        let expected_s = [wan_s + in_cloud_s, wlan_s + wan_s + 2.0 * in_cloud_s, gsm_s + in_cloud_s];
        for (delay_s, expected_s) in delays_s[1..].iter().zip(expected_s) {
            assert!((delay_s - expected_s).abs() < 1e-5, "{delays_s:?} {expected_s}");
        }
    }

    #[test]
    fn what_was_lost_to_mobility_is_not_learnt() {
        for policy in [VehicularPolicy::Predictive, VehicularPolicy::Mab] {
            let seen = watch(policy, 400);
            let Seen { told, lost, is_wrong, .. } = seen;
            assert!(told > 8000 && lost > 0 && !is_wrong, "{policy:?}: {told} {lost} {is_wrong}");
        }
    }

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
