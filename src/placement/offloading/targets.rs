//! What policies choose among that do not compare all nodes by themselves.

use super::tiers::Select;
use super::view::{OffloadingView, TierName};
use super::ways::Way;
use super::{OffloadingDecision, OffloadingTarget};
use crate::infra::NodeId;
use crate::infra::network::NetworkClass;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What counts as one choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arms {
    /// Each tier, in which a node is then selected, and the device itself.
    #[default]
    Tiers,
    /// Each node of the tiers, and the device itself.
    Nodes,
    /// The edge, the cloud by way of the access point, and the cloud by a direct network; the instances there
    /// then take tasks in turn. Tiers, selection and the device itself do not matter.
    Ways,
}

/// A choice that can be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arm {
    /// Its number, the same in all decisions of a run: in the order of the tiers, the device itself
    /// last.
    pub(super) number: usize,
    /// The node where the task would run.
    pub(super) node: NodeId,
    /// The network that leads there; `None` for the usual way.
    pub(super) network: Option<NetworkClass>,
}

impl Arm {
    fn new(number: usize, node: NodeId) -> Self {
        Arm { number, node, network: None }
    }

    /// The decision for it.
    pub(super) fn decide(self) -> OffloadingDecision {
        match self.network {
            None => OffloadingDecision::Run(self.node),
            Some(_) => OffloadingDecision::Place(self.target()),
        }
    }

    /// Where it leads.
    pub(super) fn target(self) -> OffloadingTarget {
        OffloadingTarget { node: self.node, processor: None, network: self.network }
    }
}

/// The node of a tier that is selected, or if it does not admit the task the least loaded one that does.
pub(super) fn select_in(
    view: &mut OffloadingView<'_>,
    tier: TierName,
    select: Select,
) -> Option<NodeId> {
    let chosen = select.choose(view, tier).filter(|&node| view.admits(node));
    chosen.or_else(|| view.least_loaded(&[tier]))
}

/// Finds the choices whose nodes admit the task now.
pub(super) fn find_arms(
    view: &mut OffloadingView<'_>,
    by: Arms,
    tiers: &[TierName],
    select: Select,
    local: bool,
    found: &mut Vec<Arm>,
) {
    found.clear();
    if by == Arms::Ways {
        let ways = Way::ALL.into_iter().enumerate();
        found.extend(ways.filter_map(|(number, way)| {
            let OffloadingTarget { node, network, .. } = way.target(view)?;
            Some(Arm { number, node, network })
        }));
        return;
    }
    let mut number = 0;
    for &tier in tiers {
        match by {
            Arms::Tiers => {
                found.extend(select_in(view, tier, select).map(|node| Arm::new(number, node)));
                number += 1;
            }
            Arms::Nodes => {
                let nodes = view.nodes(tier.into()).iter().copied().enumerate();
                let admitting = nodes.filter(|&(_, node)| view.admits(node));
                found.extend(admitting.map(|(index, node)| Arm::new(number + index, node)));
                number += view.nodes(tier.into()).len();
            }
            // Found above.
            Arms::Ways => {}
        }
    }
    if local && view.admits(view.local()) {
        found.push(Arm::new(number, view.local()));
    }
}

/// A place where a task can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The device itself.
    Local,
    /// The edge.
    Edge,
    /// The fog.
    Fog,
    /// The cloud.
    Cloud,
}

impl Target {
    /// The node that would take the task; `None` if none would.
    pub(super) fn node(self, view: &mut OffloadingView<'_>, select: Select) -> Option<NodeId> {
        let tier = match self {
            Target::Local => return Some(view.local()).filter(|&device| view.admits(device)),
            Target::Edge => TierName::Edge,
            Target::Fog => TierName::Fog,
            Target::Cloud => TierName::Cloud,
        };
        select_in(view, tier, select)
    }
}
