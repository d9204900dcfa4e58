//! Policies in which devices play against each other.

use super::estimates::candidates;
use super::targets::select_in;
use super::tiers::Select;
use super::view::{OffloadingView, TierName, check_tiers, servers};
use super::{OffloadingDecision, OffloadingPolicy};
use crate::infra::{NodeId, Tier};
use crate::placement::CongestionGame;
use crate::placement::ParameterError;
use crate::units::Duration;
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of one device's play in [`GameTheory`].
#[derive(Clone, Copy, Debug, Default)]
struct Player {
    tasks: u64,
    /// ln(1 - a p) of its last decision.
    log_idle: f64,
}

/// Edge or cloud by a mixed strategy, the dearer the busier others are (`GAME_THEORY` of EdgeCloudSim).
/// To the cloud with the probability (D_edge - D_cloud) / (2 · price · 6 · D · (1 - Π (1 - a_j p_j))),
/// held to 0.01..=0.99, as in EdgeCloudSim's fifth sample application. D_edge and D_cloud are the
/// estimated times to the result, with the execution divided by the idle share of the tier; D is the
/// time that the task may take; the product runs over all other devices, with the probability a that
/// they create a task within `slot` and the p of their last decision.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GameTheory {
    /// Price of the cloud.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub price: f64,
    /// Time that a task without deadline may take.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub default_deadline: Duration,
    /// Time within which devices count as playing at the same time.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub slot: Duration,
    /// How the node of the tier is chosen.
    pub select: Select,
    /// By node.
    #[serde(skip)]
    players: Vec<Player>,
    /// Sum of all players' logarithms.
    #[serde(skip)]
    log_idle: f64,
}

impl Default for GameTheory {
    fn default() -> Self {
        GameTheory {
            price: 0.6,
            default_deadline: Duration::from_secs(1.0),
            slot: Duration::from_secs(1.0),
            select: Select::LeastLoaded,
            players: Vec::new(),
            log_idle: 0.0,
        }
    }
}

/// Factor of the price in EdgeCloudSim's formula.
const PRICE_FACTOR: f64 = 2.0 * 6.0;

/// Probability of the cloud, given the seconds that edge, cloud and the task's user allow, and the
/// probability that no other device plays.
pub(super) fn cloud_probability(
    edge_s: f64,
    cloud_s: f64,
    price: f64,
    allowed_s: f64,
    others_idle: f64,
) -> f64 {
    let probability = (edge_s - cloud_s) / (PRICE_FACTOR * price * allowed_s * (1.0 - others_idle));
    // Without a gain the cloud is not worth its price, whatever the others do.
    if edge_s > cloud_s { probability.clamp(0.01, 0.99) } else { 0.01 }
}

impl GameTheory {
    /// Seconds to the result if the task ran at the speed that is idle on a tier.
    fn delay_s(view: &mut OffloadingView<'_>, node: NodeId, tier: Tier) -> f64 {
        let transfers_s = view.upload_s(node).zip(view.download_s(node));
        let idle = 1.0 - view.utilisation(tier);
        let run_s = view.request().job.length_mi / (view.mips_per_core(node) * idle);
        transfers_s.map_or(f64::INFINITY, |(up_s, down_s)| up_s + run_s + down_s)
    }
}

impl OffloadingPolicy for GameTheory {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        // Drawn always, so that the draws of later decisions do not depend on what there is now.
        let share = view.random().random::<f64>();
        let device = view.local().index();
        if self.players.len() <= device {
            self.players.resize(view.infrastructure().nodes().len(), Player::default());
        }
        self.players[device].tasks += 1;
        let edge = select_in(view, TierName::Edge, self.select);
        let cloud = select_in(view, TierName::Cloud, self.select);
        let (Some(edge), Some(cloud)) = (edge, cloud) else { return edge.or(cloud).into() };
        let edge_s = GameTheory::delay_s(view, edge, Tier::Edge);
        let cloud_s = GameTheory::delay_s(view, cloud, Tier::Cloud);
        let allowed_s = view.request().deadline_s.filter(|deadline_s| *deadline_s > 0.0);
        let allowed_s = allowed_s.unwrap_or(self.default_deadline.as_secs());
        let player = self.players[device];
        let others = (self.log_idle - player.log_idle).min(0.0);
        let probability = cloud_probability(edge_s, cloud_s, self.price, allowed_s, others.exp());
        // Its rate since the start of the run, as the probability of a task within a slot.
        let expected = self.slot.as_secs() * player.tasks as f64 / view.now().as_secs().max(1.0);
        let log_idle = (1.0 - (1.0 - (-expected).exp()) * probability).ln();
        self.players[device].log_idle = log_idle;
        self.log_idle += log_idle - player.log_idle;
        OffloadingDecision::Run(if share < probability { cloud } else { edge })
    }
}

/// The best response of each device to the choices of all others. That is the node with the least sum of
/// upload, execution, download and κ · (work offered to the node, over its speed), where the work is what
/// the devices that have chosen the node last create on average, in million instructions a second, the
/// deciding one included. The loads make a congestion game, in which such answers lead to a Nash
/// equilibrium (in the spirit of Chen, Jiao, Li and Fu 2016).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BestResponse {
    /// κ: the time that a task waits at a node to which as much work is offered as it can do.
    pub congestion: Duration,
    /// Tiers that are compared.
    #[schemars(length(min = 1))]
    pub tiers: Vec<TierName>,
    /// Whether the device itself is compared, too.
    pub local: bool,
    #[serde(skip)]
    game: CongestionGame,
    /// Million instructions that each node has created so far.
    #[serde(skip)]
    created_mi: Vec<f64>,
}

impl Default for BestResponse {
    fn default() -> Self {
        BestResponse {
            congestion: Duration::from_secs(1.0),
            tiers: servers(),
            local: true,
            game: CongestionGame::default(),
            created_mi: Vec::new(),
        }
    }
}

impl OffloadingPolicy for BestResponse {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let device = view.local();
        let length_mi = view.request().job.length_mi;
        if self.created_mi.len() <= device.index() {
            self.created_mi.resize(view.infrastructure().nodes().len(), 0.0);
        }
        self.created_mi[device.index()] += length_mi;
        let offered_mips = self.created_mi[device.index()] / view.now().as_secs().max(1.0);
        let mut offers = Vec::new();
        for node in candidates(view, &self.tiers, self.local) {
            let mips = view.mips_per_core(node);
            let node_mips = mips * f64::from(view.infrastructure().class_of(node).cores);
            if !view.admits(node) || node_mips <= 0.0 {
                continue;
            }
            // A node that the network takes nothing to at present is the farthest of all.
            let far_s = f64::INFINITY;
            let (upload_s, download_s) = (view.upload_s(node), view.download_s(node));
            let alone_s = upload_s.unwrap_or(far_s) + length_mi / mips + download_s.unwrap_or(far_s);
            offers.push((node.index(), alone_s, self.congestion.as_secs() / node_mips));
        }
        let chosen = self.game.best_response(device.index(), offered_mips, offers);
        chosen.map(|index| NodeId(index as u32)).into()
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, self.local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Edge 1.2 s, cloud 0.6 s, price 0.6, 1 s allowed, others idle with 0.5: 0.6 / (12 · 0.6 · 0.5) =
    /// 1/6.
    #[test]
    fn the_probability_is_as_calculated_by_hand() {
        assert!((cloud_probability(1.2, 0.6, 0.6, 1.0, 0.5) - 1.0 / 6.0).abs() < 1e-12);
        assert_eq!(cloud_probability(0.6, 1.2, 0.6, 1.0, 0.5), 0.01);
        assert_eq!(cloud_probability(100.0, 0.1, 0.6, 1.0, 0.5), 0.99);
        // No other device: the cloud is free, or nothing at all is gained.
        assert_eq!(cloud_probability(1.2, 0.6, 0.6, 1.0, 1.0), 0.99);
        assert_eq!(cloud_probability(0.6, 0.6, 0.6, 1.0, 1.0), 0.01);
        assert_eq!(cloud_probability(f64::INFINITY, f64::INFINITY, 0.6, 1.0, 0.5), 0.01);
    }
}
