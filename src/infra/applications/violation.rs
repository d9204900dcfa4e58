//! Requirements that are not met.

use super::needs::{InteractionIndex, ReplicaIndex};
use crate::infra::assets::AssetId;
use crate::infra::ids::{ApplicationId, LinkId, NodeId};
use crate::infra::infrastructure::Infrastructure;

/// What kind of requirement is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViolationKind {
    /// The node does not work, or takes no services.
    NodeDown,
    /// The node offers too little of an asset.
    Asset,
    /// The way takes too long.
    Latency,
    /// The way has not the bandwidth.
    Bandwidth,
    /// There is no way.
    Unreachable,
}

impl ViolationKind {
    /// All kinds, in order.
    pub const ALL: [ViolationKind; 5] = [
        ViolationKind::NodeDown,
        ViolationKind::Asset,
        ViolationKind::Latency,
        ViolationKind::Bandwidth,
        ViolationKind::Unreachable,
    ];

    /// The name in tables and summaries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ViolationKind::NodeDown => "node_down",
            ViolationKind::Asset => "asset",
            ViolationKind::Latency => "latency",
            ViolationKind::Bandwidth => "bandwidth",
            ViolationKind::Unreachable => "unreachable",
        }
    }
}

/// A requirement that is not met, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Violation {
    /// What kind of requirement.
    pub kind: ViolationKind,
    /// The replica at fault; of an interaction the end that was placed later.
    pub replica: Option<ReplicaIndex>,
    /// The interaction at fault.
    pub interaction: Option<InteractionIndex>,
    /// The node that falls short.
    pub node: Option<NodeId>,
    /// What it falls short of.
    pub asset: Option<AssetId>,
    /// The link that falls short.
    pub link: Option<LinkId>,
    /// How much is needed: of the asset, seconds of latency (at most), or bits a second.
    pub needed: f64,
    /// How much there is; of a latency the least that a way may take, as far as was searched; 0 of labels.
    pub offered: f64,
}

impl Violation {
    /// One of this kind, about nothing yet.
    #[must_use]
    pub const fn new(kind: ViolationKind) -> Self {
        Violation {
            kind,
            replica: None,
            interaction: None,
            node: None,
            asset: None,
            link: None,
            needed: 0.0,
            offered: 0.0,
        }
    }

    /// The violation in words, with the names of an application and the infrastructure.
    #[must_use]
    pub fn describe(&self, infrastructure: &Infrastructure, application: ApplicationId) -> String {
        let Some(own) = infrastructure.applications().get(application.index()) else {
            return self.kind.name().to_string();
        };
        let needs = own.needs();
        let node = self.node.map_or_else(String::new, |node| infrastructure.node_name(node));
        let service = || match self.replica {
            Some(replica) => format!("service {:?} of {:?}", needs.replica_name(replica), needs.name),
            None => format!("{:?}", needs.name),
        };
        let way = || match self.interaction.and_then(|index| needs.interactions.get(index.index())) {
            Some(own) => format!(
                "the interaction of {:?} with {:?} in {:?}",
                needs.replica_name(own.from),
                needs.replica_name(own.to),
                needs.name
            ),
            None => format!("{:?}", needs.name),
        };
        let link = || match self.link {
            Some(link) => format!("link {:?}", infrastructure.link_name(link)),
            None => "the way".to_string(),
        };
        let (needed, offered) = (self.needed, self.offered);
        match self.kind {
            ViolationKind::NodeDown => format!("{}: node {node:?} takes no services now", service()),
            ViolationKind::Asset => {
                let spec = self.asset.and_then(|asset| infrastructure.assets().catalogue().get(asset));
                let (name, unit) = spec.map_or(("", ""), |spec| (&*spec.name, &*spec.unit));
                if unit.is_empty() {
                    return format!("{} needs another {name} than node {node:?} has", service());
                }
                let what = if name == unit { String::new() } else { format!(" of {name}") };
                format!("{} needs {needed} {unit}{what}, but node {node:?} has {offered}", service())
            }
            ViolationKind::Latency => format!(
                "{} needs a way of at most {} ms, but the best takes at least {} ms",
                way(),
                needed * 1e3,
                offered * 1e3
            ),
            ViolationKind::Bandwidth => {
                format!("{} needs {needed} bit/s, but {} has {offered} left", way(), link())
            }
            ViolationKind::Unreachable => format!("{}: there is no way between their nodes", way()),
        }
    }
}
