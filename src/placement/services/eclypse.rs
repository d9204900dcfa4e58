//! The five strategies of ECLYPSE 0.9.1, as they decide there: none looks at ways, so that the world may refuse what they
//! answer, as ECLYPSE resets it.
//!
//! They are asked for the nodes that work, which is what ECLYPSE's guide promises; with a default strategy its code hands
//! out all of them. Their chance is ours, not Python's. Where services outnumber nodes `round_robin` goes round, at which
//! the original fails.

use super::{Fixed, PlacementView, ServicePlacementDecision, ServicePlacementPolicy};
use crate::infra::NodeId;
use crate::infra::applications::{ReplicaIndex, Violation, ViolationKind};
use crate::infra::assets::{Algebra, AssetId};
use rand::RngExt;
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// In which order a strategy goes through nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeOrder {
    /// By chance, anew at each decision.
    #[default]
    Shuffled,
    /// As the scenario lists them.
    Listed,
}

/// The candidates in an order.
fn ordered(view: &mut PlacementView<'_>, order: NodeOrder) -> Vec<NodeId> {
    let mut nodes = view.candidates().to_vec();
    if order == NodeOrder::Shuffled {
        nodes.shuffle(view.random());
    }
    nodes
}

/// All of it, or nothing for the first replica without a node.
fn whole(
    view: &PlacementView<'_>,
    placement: Vec<(ReplicaIndex, NodeId)>,
    fault: Option<Violation>,
) -> ServicePlacementDecision {
    let nowhere = |replica: &ReplicaIndex| {
        placement
            .iter()
            .all(|(placed, _)| placed != replica)
            .then(|| Violation { replica: Some(*replica), ..Violation::new(ViolationKind::NodeDown) })
    };
    match fault.or_else(|| view.open().iter().find_map(nowhere)) {
        Some(fault) => ServicePlacementDecision::Reject(fault),
        None => ServicePlacementDecision::Place(placement),
    }
}

/// ECLYPSE's static strategy: each service on the node that is given for it, whatever it has.
#[derive(Clone, Debug, Default)]
pub struct EclypseStatic {
    /// The given nodes.
    pub fixed: Fixed,
}

impl ServicePlacementPolicy for EclypseStatic {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        let of = |&replica: &ReplicaIndex| Some((replica, self.fixed.node_of(view, replica)?));
        let placement = view.open().iter().filter_map(of).collect();
        whole(view, placement, None)
    }
}

/// ECLYPSE's random strategy: each service on any node that works, whatever it has.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EclypseRandom {
    /// Whether services go to the shuffled nodes in turn, rather than each to any.
    pub spread: bool,
}

impl ServicePlacementPolicy for EclypseRandom {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        let nodes = ordered(view, NodeOrder::Shuffled);
        if nodes.is_empty() {
            return whole(view, Vec::new(), None);
        }
        let open = view.open().iter().enumerate();
        let placement = open.map(|(index, &replica)| {
            let place = if self.spread {
                index % nodes.len()
            } else {
                view.random().random_range(0..nodes.len())
            };
            (replica, nodes[place])
        });
        let placement = placement.collect();
        whole(view, placement, None)
    }
}

/// ECLYPSE's round robin: services on the nodes in turn, whatever they have, each application from the first node on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EclypseRoundRobin {
    /// The order of the nodes.
    pub order: NodeOrder,
}

impl Default for EclypseRoundRobin {
    fn default() -> Self {
        EclypseRoundRobin { order: NodeOrder::Listed }
    }
}

impl ServicePlacementPolicy for EclypseRoundRobin {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        let nodes = ordered(view, self.order);
        let placement = view.open().iter().copied().zip(nodes.iter().copied().cycle()).collect();
        whole(view, placement, None)
    }
}

/// ECLYPSE's first fit: each service on the first node of a list that has what it needs, ways apart; the node then goes to
/// the end of the list with what it has left.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EclypseFirstFit {
    /// The order in which nodes are listed at first.
    pub order: NodeOrder,
}

impl ServicePlacementPolicy for EclypseFirstFit {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        let mut nodes = ordered(view, self.order);
        let (mut placement, mut fault) = (Vec::new(), None);
        for &replica in view.open() {
            let mut short = None;
            let found = nodes.iter().position(|&node| {
                let result = view.assign_ignoring_ways(replica, node);
                result.map_err(|why| short.get_or_insert(why).kind).is_ok()
            });
            match found {
                Some(index) => {
                    placement.push((replica, nodes[index]));
                    nodes[index..].rotate_left(1);
                }
                // It goes on with the next service, but what is partial is none.
                None => fault = fault.or(short),
            }
        }
        whole(view, placement, fault)
    }
}

/// ECLYPSE's best fit: of the nodes that have what a service needs, ways apart, the first in a list, which gives way to a
/// later one that has no more of any asset left. What the one to give way has is counted without the services of the
/// application that were placed on it just now.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EclypseBestFit {
    /// The order in which nodes are listed.
    pub order: NodeOrder,
}

impl EclypseBestFit {
    /// What a node has left of the assets that are compared.
    fn left(view: &PlacementView<'_>, node: NodeId, assets: &[(AssetId, Algebra)]) -> Vec<f64> {
        assets.iter().map(|&(asset, _)| view.residual(node, asset)).collect()
    }
}

impl ServicePlacementPolicy for EclypseBestFit {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        let nodes = ordered(view, self.order);
        let catalogue = view.infrastructure().assets().catalogue();
        let compared = |algebra| algebra != Algebra::Symbolic;
        let assets: Vec<(AssetId, Algebra)> = (catalogue.iter())
            .filter(|(_, spec)| spec.checked && compared(spec.algebra))
            .map(|(asset, spec)| (asset, spec.algebra))
            .collect();
        let symbols: Vec<AssetId> = (catalogue.iter())
            .filter(|(asset, spec)| {
                spec.checked && !compared(spec.algebra) && *asset != AssetId::ARCHITECTURE
            })
            .map(|(asset, _)| asset)
            .collect();
        // What nodes had that services of this application have been placed on since.
        let mut before: BTreeMap<NodeId, Vec<f64>> = BTreeMap::new();
        let (mut placement, mut fault) = (Vec::new(), None);
        for &replica in view.open() {
            let (mut best, mut short): (Option<(NodeId, Vec<f64>)>, _) = (None, None);
            for &node in &nodes {
                if let Err(why) = view.fits(replica, node) {
                    short.get_or_insert(why);
                    continue;
                }
                let left = Self::left(view, node, &assets);
                let gives_way = best.as_ref().is_none_or(|(best, had)| {
                    let labels = |asset| {
                        let (own, other) = (
                            view.infrastructure().assets().labels(*best, asset),
                            view.infrastructure().assets().labels(node, asset),
                        );
                        other.iter().all(|label| own.contains(label))
                    };
                    had.iter()
                        .zip(&left)
                        .zip(&assets)
                        .all(|((had, left), (_, algebra))| algebra.meets(*had, *left))
                        && symbols.iter().all(|&asset| labels(asset))
                });
                if gives_way {
                    best = Some((node, before.get(&node).cloned().unwrap_or(left)));
                }
            }
            match best {
                Some((node, had)) => {
                    before.entry(node).or_insert(had);
                    view.force(replica, node);
                    placement.push((replica, node));
                }
                None => fault = fault.or(short),
            }
        }
        whole(view, placement, fault)
    }
}
