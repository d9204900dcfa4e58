//! Nodes and links before they are grouped into classes.

use super::LibraryInfrastructure;
use crate::engine::RandomStreams;
use crate::infra::{Position, Topology};
use crate::placement::offloading::TierName;
use crate::scenario::format::{
    AcceleratorsSpec, AccessPointChoice, AssetAmount, AssetSpecification, LinkSpecification,
    MobilityKind, NodeClassSpec, OfferedValues,
};
use crate::scenario::{DataRate, DataSize, Duration, InstructionRate, Ratio};
use rand::RngExt;
use serde_json::json;
use std::collections::BTreeMap;

/// What a node offers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Offer {
    pub(super) cores: f64,
    pub(super) memory_gb: f64,
    pub(super) storage_gb: f64,
    pub(super) accelerators: u32,
    pub(super) availability: Option<f64>,
    pub(super) processing_ms: Option<f64>,
    /// The user's own assets.
    pub(super) assets: BTreeMap<String, AssetAmount>,
}

impl Offer {
    /// An offer of cores, GB of memory and of storage, accelerators, availability, processing time in ms.
    pub(super) fn new(
        [cores, memory_gb, storage_gb, accelerators]: [f64; 4],
        availability: f64,
        processing_ms: f64,
    ) -> Self {
        Offer {
            cores,
            memory_gb,
            storage_gb,
            accelerators: accelerators as u32,
            availability: Some(availability),
            processing_ms: Some(processing_ms),
            assets: BTreeMap::new(),
        }
    }
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlannedNode {
    pub(super) name: String,
    /// The class that it is of, or, if the nodes of it differ, the group.
    pub(super) group: String,
    pub(super) tier: TierName,
    /// What the tier has if not said.
    pub(super) offer: Option<Offer>,
    pub(super) place: Option<Position>,
}

/// A link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PlannedLink {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) latency_s: Option<f64>,
    pub(super) bandwidth_bps: Option<f64>,
}

/// An infrastructure, node by node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) nodes: Vec<PlannedNode>,
    pub(super) links: Vec<PlannedLink>,
    pub(super) assets: BTreeMap<String, AssetSpecification>,
}

/// Latency in ms and bandwidth in Mbps of a link.
pub(super) type Way = (f64, f64);

impl Plan {
    /// Nodes and edges of a topology, of one group and tier.
    pub(super) fn of_topology(topology: Topology, group: &str, tier: TierName) -> Self {
        let nodes = topology.nodes.into_iter().map(|node| PlannedNode {
            name: node.name,
            group: group.to_owned(),
            tier,
            offer: None,
            place: node.position,
        });
        let links = topology.edges.into_iter().map(|edge| PlannedLink {
            a: edge.a,
            b: edge.b,
            latency_s: edge.latency_s,
            bandwidth_bps: edge.bandwidth_bps,
        });
        Plan { nodes: nodes.collect(), links: links.collect(), assets: BTreeMap::new() }
    }

    /// Adds nodes of a group with what they offer, and returns their numbers.
    pub(super) fn add(
        &mut self,
        group: &str,
        names: impl Iterator<Item = String>,
        tier: TierName,
        offer: &Offer,
    ) -> Vec<usize> {
        let first = self.nodes.len();
        self.nodes.extend(names.map(|name| PlannedNode {
            name,
            group: group.to_owned(),
            tier,
            offer: Some(offer.clone()),
            place: None,
        }));
        (first..self.nodes.len()).collect()
    }

    /// Adds `count` nodes named after their group and number.
    pub(super) fn add_numbered(
        &mut self,
        group: &str,
        count: u32,
        tier: TierName,
        offer: &Offer,
    ) -> Vec<usize> {
        self.add(group, (0..count).map(|number| format!("{group}-{number}")), tier, offer)
    }

    /// Joins two nodes.
    pub(super) fn join(&mut self, a: usize, b: usize, (latency_ms, bandwidth_mbps): Way) {
        self.links.push(PlannedLink {
            a,
            b,
            latency_s: Some(latency_ms * 1e-3),
            bandwidth_bps: Some(bandwidth_mbps * 1e6),
        });
    }

    /// Joins each of `from` to one of `to`, which take turns.
    pub(super) fn join_in_turn(&mut self, from: &[usize], to: &[usize], way: Way) {
        for (&one, &other) in from.iter().zip(to.iter().cycle()) {
            self.join(one, other, way);
        }
    }

    /// Joins each pair.
    pub(super) fn join_all(&mut self, nodes: &[usize], way: Way) {
        for (index, &one) in nodes.iter().enumerate() {
            nodes[index + 1..].iter().for_each(|&other| self.join(one, other, way));
        }
    }

    /// Gives all nodes and links the least or greatest values, or drawn ones.
    pub(super) fn set_values(&mut self, values: OfferedValues, streams: RandomStreams) {
        for (index, node) in self.nodes.iter_mut().enumerate() {
            let drawn = match values {
                OfferedValues::Default => continue,
                OfferedValues::Min => Offer::new([2.0, 2.0, 2.0, 2.0], 0.99, 25.0),
                OfferedValues::Max => Offer::new([256.0, 1024.0, 4096.0, 256.0], 1.0, 1.0),
                OfferedValues::Drawn => {
                    let mut stream = streams.entity("infrastructure/nodes", index as u64);
                    let mut power_of_2 = |most: u32| f64::from(1_u32 << stream.random_range(1..=most));
                    // Up to 2^8, 2^10, 2^12 and 2^8.
                    let amounts = [power_of_2(8), power_of_2(10), power_of_2(12), power_of_2(8)];
                    let availability = 0.99 + 0.01 * stream.random::<f64>();
                    Offer::new(amounts, availability, f64::from(stream.random_range(1..=25_u32)))
                }
            };
            let assets = node.offer.take().map(|offer| offer.assets).unwrap_or_default();
            node.offer = Some(Offer { assets, ..drawn });
        }
        for (index, link) in self.links.iter_mut().enumerate() {
            let (latency_ms, bandwidth_mbps) = match values {
                OfferedValues::Default => continue,
                OfferedValues::Min => (40, 50),
                OfferedValues::Max => (1, 1500),
                OfferedValues::Drawn => {
                    let mut stream = streams.entity("infrastructure/links", index as u64);
                    (stream.random_range(1..=40), stream.random_range(50..=1500))
                }
            };
            link.latency_s = Some(f64::from(latency_ms) / 1e3);
            link.bandwidth_bps = Some(f64::from(bandwidth_mbps) * 1e6);
        }
    }

    /// Classes of nodes that are alike, and the links by name.
    pub(super) fn into_specs(self, access_points: bool) -> LibraryInfrastructure {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut order = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let members = groups.entry(&node.group).or_default();
            if members.is_empty() {
                order.push(node.group.as_str());
            }
            members.push(index);
        }
        let mut nodes = Vec::new();
        for group in order {
            let members = &groups[group];
            let first = &self.nodes[members[0]];
            let alike = members.iter().all(|&member| {
                let node = &self.nodes[member];
                (&node.offer, node.tier) == (&first.offer, first.tier)
            });
            if alike {
                let mut class = class_of(first, access_points);
                class.name = Some(group.to_owned());
                class.count = Some(members.len() as u32);
                class.node_names =
                    Some(members.iter().map(|&member| self.nodes[member].name.clone()).collect());
                class.mobility = Some(places(members.iter().map(|&member| &self.nodes[member])));
                nodes.push(class);
            } else {
                nodes.extend(members.iter().map(|&member| {
                    let node = &self.nodes[member];
                    let mut class = class_of(node, access_points);
                    class.name = Some(node.name.clone());
                    class.group = Some(group.to_owned());
                    class.count = Some(1);
                    class.mobility = Some(places(std::iter::once(node)));
                    class
                }));
            }
        }
        let links = self.links.iter().map(|link| LinkSpecification {
            a: self.nodes[link.a].name.clone(),
            b: self.nodes[link.b].name.clone(),
            name: None,
            latency: link.latency_s.map(Duration::from_secs),
            bandwidth: link.bandwidth_bps.map(DataRate::from_bps),
            model: None,
            transfer_limit: None,
            network: None,
            energy_per_bit: None,
        });
        LibraryInfrastructure { links: links.collect(), nodes, assets: self.assets }
    }
}

/// Where nodes stand: at their places if they have them all, else at random ones.
fn places<'a>(nodes: impl Iterator<Item = &'a PlannedNode>) -> MobilityKind {
    let positions: Option<Vec<_>> = nodes.map(|node| node.place).collect();
    match positions {
        Some(positions) => {
            let points: Vec<_> =
                positions.iter().map(|place| json!({ "x": place.x_m, "y": place.y_m })).collect();
            MobilityKind(json!({ "kind": "static", "positions": points }))
        }
        None => MobilityKind(json!({ "kind": "static", "layout": "uniform" })),
    }
}

/// The class of one node, which is wired.
fn class_of(node: &PlannedNode, access_points: bool) -> NodeClassSpec {
    let mut class = NodeClassSpec::of_tier(node.tier);
    class.wireless = Some(false);
    class.access_point = if access_points && node.tier == TierName::Edge {
        AccessPointChoice::Yes(Box::default())
    } else {
        AccessPointChoice::No(None)
    };
    let Some(offer) = &node.offer else { return class };
    // A part of a core is a slower one.
    let cores = offer.cores.ceil();
    class.cores = Some(cores as u32);
    if node.tier == TierName::Network || cores > offer.cores {
        let share = if cores > 0.0 { offer.cores / cores } else { 0.0 };
        let whole_mips = if node.tier == TierName::Device { 2000.0 } else { 10_000.0 };
        class.mips_per_core = Some(InstructionRate::from_mips(whole_mips * share));
    }
    class.memory = Some(DataSize::from_bytes(offer.memory_gb * 1e9));
    class.storage = Some(DataSize::from_bytes(offer.storage_gb * 1e9));
    if offer.accelerators > 0 {
        class.accelerators =
            AcceleratorsSpec::Counted(BTreeMap::from([("gpu".to_owned(), offer.accelerators)]));
    }
    class.availability = offer.availability.map(Ratio::from_fraction);
    class.processing_time = offer.processing_ms.map(|ms| Duration::from_secs(ms / 1e3));
    class.assets.clone_from(&offer.assets);
    class
}
