//! Requirements that are not met.

use super::needs::{InteractionIndex, ReplicaIndex};
use crate::infra::assets::{Algebra, AssetId};
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
    /// How much there is, at least 0; of a latency the least that a way may take, as far as was searched; 0 of labels.
    pub offered: f64,
    /// Whether `needed` is what all replicas on the node have booked together, and `offered` what it has for all of them.
    pub is_of_all: bool,
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
            is_of_all: false,
        }
    }

    /// The violation in words, with the names of an application and the infrastructure.
    #[must_use]
    pub fn describe(&self, infrastructure: &Infrastructure, application: ApplicationId) -> String {
        let Some(own) = infrastructure.applications().get(application.index()) else {
            return self.kind.name().to_string();
        };
        let needs = own.needs();
        let node = match self.node.filter(|node| node.index() < infrastructure.nodes().len()) {
            Some(node) => format!("node {:?}", infrastructure.node_name(node)),
            None => "the node".to_string(),
        };
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
            ViolationKind::NodeDown if self.node.is_none() => {
                format!("{}: none of the nodes that it may be placed on takes services now", service())
            }
            ViolationKind::NodeDown => format!("{}: {node} takes no services now", service()),
            ViolationKind::Asset => {
                let catalogue = infrastructure.assets().catalogue();
                let Some((asset, spec)) = self.asset.and_then(|own| Some((own, catalogue.get(own)?)))
                else {
                    return format!("{} needs what {node} has not", service());
                };
                let (name, unit, scale) = match asset {
                    AssetId::MEMORY_BYTES => ("memory", "GB", 1e-9),
                    AssetId::STORAGE_BYTES => ("storage", "GB", 1e-9),
                    _ => (&*spec.name, &*spec.unit, 1.0),
                };
                let most = if spec.algebra == Algebra::Concave { "at most " } else { "" };
                let what = match unit {
                    _ if spec.algebra == Algebra::Symbolic => {
                        return format!("{} needs another {name} than {node} has", service());
                    }
                    _ if name == unit => format!(" {name}"),
                    "1" => format!(" of {name}"),
                    _ => format!(" {unit} of {name}"),
                };
                let (needed, offered) = (rounded(needed * scale), rounded(offered * scale));
                if offered.is_infinite() {
                    return format!(
                        "{} needs {most}{needed}{what}, of which {node} has none",
                        service()
                    );
                }
                if self.is_of_all {
                    return format!(
                        "{} has no place any more on {node}: {needed}{what} are booked there, but it has {offered}",
                        service()
                    );
                }
                format!("{} needs {most}{needed}{what}, but {node} has {offered}", service())
            }
            ViolationKind::Latency => format!(
                "{} needs a way of at most {} ms, but the best takes at least {} ms",
                way(),
                rounded(needed * 1e3),
                rounded(offered * 1e3)
            ),
            ViolationKind::Bandwidth => {
                let (needed, left) = (rounded(needed / 1e6), rounded(offered.max(0.0) / 1e6));
                format!("{} needs {needed} Mbit/s, but {} has {left} left", way(), link())
            }
            ViolationKind::Unreachable => format!("{}: there is no way between their nodes", way()),
        }
    }
}

/// A number for people: what rounding leaves is not told.
fn rounded(value: f64) -> f64 {
    // Nothing is not told as less than nothing.
    (value * 1e6).round() / 1e6 + 0.0
}
