//! Policies that choose among the ways to compute, not among machines: at the edge, in the cloud by way of the
//! access point, or in the cloud by a direct network. The machine follows when the input has arrived.

use super::view::{OffloadingView, TierName};
use super::{OffloadingDecision, OffloadingPolicy, OffloadingTarget};
use crate::infra::network::NetworkClass;
use crate::infra::{NodeId, ProcessorId, Tier};
use crate::units::Ratio;
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A way to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At the edge.
    Edge,
    /// In the cloud, by way of the access point.
    CloudByAccessPoint,
    /// In the cloud, by a direct network.
    CloudDirectly,
}

impl Way {
    /// All ways, in order.
    pub const ALL: [Way; 3] = [Way::Edge, Way::CloudByAccessPoint, Way::CloudDirectly];

    /// The tier at its end.
    #[must_use]
    pub const fn tier(self) -> Tier {
        match self {
            Way::Edge => Tier::Edge,
            _ => Tier::Cloud,
        }
    }

    /// Where this way leads: to the edge node of the device's access point or the nearest, or to the cloud. `None`
    /// if there is no node there.
    pub fn target(self, view: &mut OffloadingView<'_>) -> Option<OffloadingTarget> {
        let node = view.nearest(self.tier())?;
        let network = match self {
            Way::CloudDirectly => Some(view.networks_to(node).into_iter().flatten().next()?),
            // Not the direct network, even if it would be the usual way.
            Way::CloudByAccessPoint => Some(NetworkClass::Wlan),
            Way::Edge => None,
        };
        Some(OffloadingTarget { node, processor: None, network })
    }
}

/// Goes round the instances of a tier, whether they have room or not.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundRobin {
    next: [usize; Tier::ALL.len()],
}

impl RoundRobin {
    /// The decision for the next instance of the tier that `node` is of.
    pub fn decide(&mut self, view: &OffloadingView<'_>, node: NodeId) -> OffloadingDecision {
        let tier = view.infrastructure().node(node).tier;
        self.next(view, tier).map_or(OffloadingDecision::Refuse, Into::into)
    }

    /// The next instance of the tier, with its node; `None` if there are none.
    pub fn next(&mut self, view: &OffloadingView<'_>, tier: Tier) -> Option<(NodeId, ProcessorId)> {
        let count: usize = view.nodes(tier).iter().map(|&node| view.instances(node).count()).sum();
        if count == 0 {
            return None;
        }
        let turn = &mut self.next[tier as usize];
        let mut left = *turn % count;
        *turn = (*turn + 1) % count;
        for &node in view.nodes(tier) {
            let own = view.instances(node).count();
            if left < own {
                return view.instances(node).nth(left).map(|processor| (node, processor));
            }
            left -= own;
        }
        None
    }
}

/// Each task goes one of the three ways at random, and to the instances there in turn.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomWay {
    /// Share of the edge.
    pub edge: Ratio,
    /// Share of the cloud by way of the access point; the rest goes there by the direct network.
    pub cloud_by_access_point: Ratio,
    #[serde(skip)]
    turns: RoundRobin,
}

impl Default for RandomWay {
    fn default() -> Self {
        RandomWay {
            edge: Ratio::from_fraction(0.33),
            cloud_by_access_point: Ratio::from_fraction(0.33),
            turns: RoundRobin::default(),
        }
    }
}

impl OffloadingPolicy for RandomWay {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let dice: f64 = view.random().random();
        let edge = self.edge.as_fraction();
        let way = if dice < edge {
            Way::Edge
        } else if dice < edge + self.cloud_by_access_point.as_fraction() {
            Way::CloudByAccessPoint
        } else {
            Way::CloudDirectly
        };
        way.target(view).map_or(OffloadingDecision::Refuse, OffloadingDecision::Place)
    }

    fn decides_on_arrival(&self) -> bool {
        true
    }

    fn decide_on_arrival(&mut self, view: &mut OffloadingView<'_>, node: NodeId) -> OffloadingDecision {
        self.turns.decide(view, node)
    }
}

/// On the device itself while it has room, else on the least loaded node of the tiers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalFirst {
    /// Tiers for what does not fit on the device.
    pub tiers: Vec<TierName>,
}

impl Default for LocalFirst {
    fn default() -> Self {
        LocalFirst { tiers: vec![TierName::Edge] }
    }
}

impl OffloadingPolicy for LocalFirst {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let device = view.local();
        if view.has_room(device) {
            return OffloadingDecision::Run(device);
        }
        view.least_loaded_place(&self.tiers)
    }
}
