//! Policies that leave much to chance.

use super::targets::select_in;
use super::tiers::Select;
use super::view::{OffloadingView, TierName, check_tiers, servers};
use super::{OffloadingDecision, OffloadingPolicy};
use crate::infra::NodeId;
use crate::placement::ParameterError;
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A tier is drawn by these weights among those that have a node for the task. This is `TWO_TIER` of
/// EdgeCloudSim if the node of the tier is the nearest one, and `TWO_TIER_WITH_EO` if it is the least
/// loaded one; the weight of the cloud is the same for all applications.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Probabilistic {
    /// Weight of the device itself.
    #[schemars(range(min = 0.0))]
    pub local: f64,
    /// Weight of the edge.
    #[schemars(range(min = 0.0))]
    pub edge: f64,
    /// Weight of the fog.
    #[schemars(range(min = 0.0))]
    pub fog: f64,
    /// Weight of the cloud.
    #[schemars(range(min = 0.0))]
    pub cloud: f64,
    /// How the node of the tier is chosen.
    pub select: Select,
}

impl Default for Probabilistic {
    fn default() -> Self {
        Probabilistic { local: 0.0, edge: 0.8, fog: 0.0, cloud: 0.2, select: Select::Nearest }
    }
}

impl OffloadingPolicy for Probabilistic {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        // Drawn first and used whatever there is, so that the draws of later decisions do not depend on
        // it.
        let share = view.random().random::<f64>();
        let tiers =
            [(TierName::Edge, self.edge), (TierName::Fog, self.fog), (TierName::Cloud, self.cloud)];
        let device = Some(view.local()).filter(|&device| self.local > 0.0 && view.admits(device));
        let mut choices = [(device, self.local); 4];
        for (choice, (tier, weight)) in choices[1..].iter_mut().zip(tiers) {
            let node = if weight > 0.0 { select_in(view, tier, self.select) } else { None };
            *choice = (node, weight);
        }
        draw(choices.into_iter().filter_map(|(node, weight)| Some((node?, weight))), share).into()
    }

    fn check(&self) -> Result<(), ParameterError> {
        let weights = [self.local, self.edge, self.fog, self.cloud];
        if weights.iter().all(|weight| *weight == 0.0) {
            return Err(ParameterError::new("all weights are 0: there is nothing to draw from")
                .help("give at least one of `local`, `edge`, `fog` and `cloud` a weight above 0"));
        }
        Ok(())
    }
}

/// The choice that a share in 0..1 of the sum of all weights falls on; the last one if rounding leads
/// beyond it, none if there is none.
pub(super) fn draw<T>(choices: impl Iterator<Item = (T, f64)> + Clone, share: f64) -> Option<T> {
    let whole: f64 = choices.clone().map(|(_, weight)| weight).sum();
    let mut left = share * whole;
    let mut last = None;
    for (choice, weight) in choices {
        left -= weight;
        last = Some(choice);
        if left < 0.0 {
            break;
        }
    }
    last
}

/// The least loaded of a few nodes that are drawn from all that admit the task. Each set of them is as
/// likely as any other. Two choices already take the greatest load from ln n / ln ln n to ln ln n / ln 2
/// above the mean (Azar, Broder, Karlin and Upfal 1999; Mitzenmacher 2001), at the price of asking two
/// nodes only.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PowerOfChoices {
    /// How many nodes are drawn; 1 is `random`, many are `least_loaded`.
    #[schemars(range(min = 1))]
    pub choices: u32,
    /// Tiers that are drawn from.
    #[schemars(length(min = 1))]
    pub tiers: Vec<TierName>,
    #[serde(skip)]
    drawn: Vec<NodeId>,
}

impl Default for PowerOfChoices {
    fn default() -> Self {
        PowerOfChoices { choices: 2, tiers: servers(), drawn: Vec::new() }
    }
}

impl OffloadingPolicy for PowerOfChoices {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let nodes = self.tiers.iter().flat_map(|&tier| view.nodes(tier.into())).copied();
        self.drawn.clear();
        self.drawn.extend(nodes.filter(|&node| view.admits(node)));
        let wanted = (self.choices as usize).min(self.drawn.len());
        let mut best: Option<(f64, NodeId)> = None;
        for drawn in 0..wanted {
            // Without putting back: what was drawn is moved to the front.
            let which = view.random().random_range(drawn..self.drawn.len());
            self.drawn.swap(drawn, which);
            let node = self.drawn[drawn];
            let load = view.load(node);
            if best.is_none_or(|(least, _)| load < least) {
                best = Some((load, node));
            }
        }
        best.map(|(_, node)| node).into()
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, false)
    }
}
