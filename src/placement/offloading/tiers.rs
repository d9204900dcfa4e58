//! Policies that go by tier.

use super::view::{OffloadingView, TierName, servers};
use super::{OffloadingDecision, OffloadingPolicy};
use crate::infra::{NodeId, Tier};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How one node of a tier is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// The one with the least latency from the device.
    #[default]
    Nearest,
    /// The one with the least load that admits the task.
    LeastLoaded,
    /// Any that is available, with the same probability.
    Random,
}

impl Select {
    pub(super) fn choose(self, view: &mut OffloadingView<'_>, tier: TierName) -> Option<NodeId> {
        match self {
            Select::Nearest => view.nearest(tier.into()),
            Select::LeastLoaded => view.least_loaded(&[tier]),
            Select::Random => random_of(view, &[tier], false),
        }
    }
}

/// One of the nodes of these tiers that can be reached, or the device itself if `local`.
fn random_of(view: &mut OffloadingView<'_>, tiers: &[TierName], local: bool) -> Option<NodeId> {
    let device = view.local();
    let reachable = |view: &OffloadingView<'_>, which: Option<usize>| {
        let nodes = tiers.iter().flat_map(|&tier| view.nodes(tier.into())).copied();
        let mut good = nodes.filter(|&node| node != device && view.is_reachable(node));
        match which {
            None => (good.count(), None),
            Some(which) => (0, good.nth(which)),
        }
    };
    let (count, _) = reachable(view, None);
    let local = local && view.can_serve(device);
    let choices = count + usize::from(local);
    if choices == 0 {
        return None;
    }
    match view.random().random_range(0..choices) {
        which if which < count => reachable(view, Some(which)).1,
        _ => Some(device),
    }
}

/// Every task runs on the device that created it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalOnly {}

impl OffloadingPolicy for LocalOnly {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        OffloadingDecision::Run(view.local())
    }
}

/// Every task runs on an edge node.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeOnly {
    /// How the edge node is chosen.
    pub select: Select,
}

impl OffloadingPolicy for EdgeOnly {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        if self.select == Select::LeastLoaded {
            return view.least_loaded_place(&[TierName::Edge]);
        }
        self.select.choose(view, TierName::Edge).into()
    }
}

/// Every task runs in the cloud.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CloudOnly {
    /// How the cloud node is chosen.
    pub select: Select,
}

impl OffloadingPolicy for CloudOnly {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        if self.select == Select::LeastLoaded {
            return view.least_loaded_place(&[TierName::Cloud]);
        }
        self.select.choose(view, TierName::Cloud).into()
    }
}

/// Every task runs on the nearest node of the first of the tiers that has one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Nearest {
    /// Tiers in the order in which they are tried.
    pub tiers: Vec<TierName>,
}

impl Default for Nearest {
    fn default() -> Self {
        Nearest { tiers: servers() }
    }
}

impl OffloadingPolicy for Nearest {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        self.tiers.iter().find_map(|&tier| view.nearest(Tier::from(tier))).into()
    }
}

/// Every task runs on a node drawn from all that can be reached.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Random {
    /// Tiers that are drawn from.
    pub tiers: Vec<TierName>,
    /// Whether the device itself is one of them.
    pub local: bool,
}

impl Default for Random {
    fn default() -> Self {
        Random { tiers: servers(), local: false }
    }
}

impl OffloadingPolicy for Random {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        random_of(view, &self.tiers, self.local).into()
    }
}
