//! Which nodes there are, where, and what joins them: a plain description, to be built into links.

mod generators;
mod networks;

use super::{LonLat, Position, fibre_latency_s, great_circle_m};
use petgraph::unionfind::UnionFind;
use std::collections::{BTreeMap, BTreeSet};

pub use generators::{Boundary, Connectivity};

/// What a node is for; the last two occur in imported maps of real networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Role {
    /// A point of presence or any node without a special part.
    #[default]
    Router,
    /// A computer at the rim of a network.
    Host,
    /// An edge site, or the switch next to the hosts of a fat-tree.
    Edge,
    /// The middle layer of a fat-tree.
    Aggregation,
    /// The top layer of a fat-tree, or the hub of a star.
    Core,
    /// A site between edge and cloud.
    Fog,
    /// A cloud datacenter.
    Cloud,
    /// A peer outside the network (Topology Zoo: `Internal` = 0).
    External,
    /// Not a machine but a link of more than two ends (Topology Zoo: `hyperedge` = 1).
    Hyperedge,
}

/// A node of a [`Topology`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopologyNode {
    /// Its name, unique in the topology.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its place on the local plane.
    pub position: Option<Position>,
    /// Its place on the earth.
    pub lon_lat: Option<LonLat>,
}

impl TopologyNode {
    /// A node without a place.
    #[must_use]
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        TopologyNode { name: name.into(), role, position: None, lon_lat: None }
    }
}

/// An undirected edge of a [`Topology`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopologyEdge {
    /// Index of one end.
    pub a: usize,
    /// Index of the other end.
    pub b: usize,
    /// One-way propagation delay in seconds.
    pub latency_s: Option<f64>,
    /// Bits a second in each direction.
    pub bandwidth_bps: Option<f64>,
}

impl TopologyEdge {
    /// An edge of which nothing more is known.
    #[must_use]
    pub const fn new(a: usize, b: usize) -> Self {
        TopologyEdge { a, b, latency_s: None, bandwidth_bps: None }
    }
}

/// Why a topology cannot be made or used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// A parameter of a generator is out of range.
    #[error("{generator}: {parameter} is {value}, but must be {allowed}")]
    Parameter {
        /// The generator that was asked.
        generator: &'static str,
        /// The parameter at fault.
        parameter: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        allowed: String,
    },
    /// An edge ends at a node that does not exist.
    #[error("edge {edge} ends at node {node}, but there are only {nodes} nodes, counted from 0")]
    UnknownNode {
        /// Index of the edge.
        edge: usize,
        /// The end that does not exist.
        node: usize,
        /// How many nodes there are.
        nodes: usize,
    },
    /// Two nodes have the same name.
    #[error("nodes {first} and {second} are both named \"{name}\"")]
    DuplicateName {
        /// The name.
        name: String,
        /// Index of the first node of this name.
        first: usize,
        /// Index of the second.
        second: usize,
    },
    /// A latency is negative, or a bandwidth is not positive, or one is not finite.
    #[error("edge {edge} has {quantity} {value}, which must be {allowed}")]
    Quantity {
        /// Index of the edge.
        edge: usize,
        /// `latency_s` or `bandwidth_bps`.
        quantity: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
}

/// An undirected multigraph of named nodes. Edges may be parallel; generators make neither parallel
/// edges nor self-loops, imported maps may hold both.
///
/// ```
/// use stratosim::infra::Topology;
/// let tree = Topology::fat_tree(4)?;
/// assert_eq!((tree.nodes.len(), tree.edges.len()), (4 + 8 + 8 + 16, 48));
/// assert_eq!(tree.components().len(), 1);
/// # Ok::<(), stratosim::infra::TopologyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// The nodes; edges name them by index.
    pub nodes: Vec<TopologyNode>,
    /// The edges.
    pub edges: Vec<TopologyEdge>,
}

impl Topology {
    /// Checks what the public fields cannot promise: that edges end at nodes, names are unique, and
    /// latencies and bandwidths are physical.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), TopologyError> {
        let nodes = self.nodes.len();
        let mut names = BTreeMap::new();
        for (second, node) in self.nodes.iter().enumerate() {
            if let Some(first) = names.insert(node.name.as_str(), second) {
                return Err(TopologyError::DuplicateName { name: node.name.clone(), first, second });
            }
        }
        for (index, edge) in self.edges.iter().enumerate() {
            if let Some(node) = [edge.a, edge.b].into_iter().find(|&end| end >= nodes) {
                return Err(TopologyError::UnknownNode { edge: index, node, nodes });
            }
            let fault = |quantity, value, allowed| {
                Err(TopologyError::Quantity { edge: index, quantity, value, allowed })
            };
            match (edge.latency_s, edge.bandwidth_bps) {
                (Some(value), _) if !(value >= 0.0 && value.is_finite()) => {
                    return fault("latency_s", value, "at least 0");
                }
                (_, Some(value)) if !(value > 0.0 && value.is_finite()) => {
                    return fault("bandwidth_bps", value, "above 0");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The connected components as lists of node indices, each in ascending order, ordered by their
    /// first node. Edges that end nowhere are passed over. Takes O(nodes + edges).
    #[must_use]
    pub fn components(&self) -> Vec<Vec<usize>> {
        let nodes = self.nodes.len();
        let mut sets = UnionFind::<usize>::new(nodes);
        for edge in self.edges.iter().filter(|edge| edge.a < nodes && edge.b < nodes) {
            sets.union(edge.a, edge.b);
        }
        let mut components: Vec<Vec<usize>> = Vec::new();
        let mut component_of_root = vec![usize::MAX; nodes];
        for node in 0..nodes {
            let component = &mut component_of_root[sets.find_mut(node)];
            if *component == usize::MAX {
                *component = components.len();
                components.push(Vec::new());
            }
            components[*component].push(node);
        }
        components
    }

    /// How many different pairs of different nodes are joined.
    #[must_use]
    pub fn simple_edges(&self) -> usize {
        let pairs = self.edges.iter().filter(|edge| edge.a != edge.b);
        pairs.map(|edge| (edge.a.min(edge.b), edge.a.max(edge.b))).collect::<BTreeSet<_>>().len()
    }

    /// How many edges join a node to itself.
    #[must_use]
    pub fn self_loops(&self) -> usize {
        self.edges.iter().filter(|edge| edge.a == edge.b).count()
    }

    /// How many edges join a pair that an earlier edge has joined already.
    #[must_use]
    pub fn parallel_edges(&self) -> usize {
        self.edges.len() - self.self_loops() - self.simple_edges()
    }

    /// The degree of each node; a self-loop counts twice.
    #[must_use]
    pub fn degrees(&self) -> Vec<usize> {
        let mut degrees = vec![0; self.nodes.len()];
        for end in self.edges.iter().flat_map(|edge| [edge.a, edge.b]) {
            if let Some(degree) = degrees.get_mut(end) {
                *degree += 1;
            }
        }
        degrees
    }

    /// Length of an edge in metres: along the great circle if both ends have a place on the earth, else
    /// straight if both have one on the plane.
    #[must_use]
    pub fn edge_length_m(&self, edge: &TopologyEdge) -> Option<f64> {
        let (a, b) = (self.nodes.get(edge.a)?, self.nodes.get(edge.b)?);
        match (a.lon_lat, b.lon_lat, a.position, b.position) {
            (Some(a), Some(b), ..) => Some(great_circle_m(a, b)),
            (.., Some(a), Some(b)) => Some(a.distance_m(b)),
            _ => None,
        }
    }

    /// Gives each edge whose length is known the latency of fibre with this
    /// [route factor](fibre_latency_s), in place of any it had, and returns how many those are.
    ///
    /// # Errors
    /// If the factor is below 1 or not finite: no fibre is shorter than the straight line.
    pub fn set_fibre_latencies(&mut self, route_factor: f64) -> Result<usize, TopologyError> {
        if !(route_factor >= 1.0 && route_factor.is_finite()) {
            return Err(TopologyError::Parameter {
                generator: "fibre latencies",
                parameter: "route_factor",
                value: route_factor,
                allowed: "at least 1".to_owned(),
            });
        }
        let mut set = 0;
        for index in 0..self.edges.len() {
            if let Some(length_m) = self.edge_length_m(&self.edges[index]) {
                self.edges[index].latency_s = Some(fibre_latency_s(length_m, route_factor));
                set += 1;
            }
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_triangles_and_a_loner() -> Topology {
        let pairs = [(0, 1), (1, 2), (2, 0), (4, 5), (5, 6), (6, 4), (0, 2), (3, 3)];
        Topology {
            nodes: (0..7).map(|i| TopologyNode::new(format!("n{i}"), Role::Router)).collect(),
            edges: pairs.map(|(a, b)| TopologyEdge::new(a, b)).to_vec(),
        }
    }

    #[test]
    fn components_and_duplicates_are_counted() {
        let topology = two_triangles_and_a_loner();
        assert_eq!(topology.components(), [vec![0, 1, 2], vec![3], vec![4, 5, 6]]);
        let counts = (topology.simple_edges(), topology.parallel_edges(), topology.self_loops());
        assert_eq!(counts, (6, 1, 1));
        assert_eq!(topology.degrees(), [3, 2, 3, 2, 2, 2, 2]);
        assert_eq!(topology.check(), Ok(()));
        assert!(Topology::default().components().is_empty());
    }

    #[test]
    fn faults_are_named() {
        let message = |spoil: fn(&mut Topology)| {
            let mut topology = two_triangles_and_a_loner();
            spoil(&mut topology);
            topology.check().expect_err("a fault").to_string()
        };
        assert_eq!(
            message(|t| t.edges[2].b = 9),
            "edge 2 ends at node 9, but there are only 7 nodes, counted from 0"
        );
        assert_eq!(message(|t| t.nodes[4].name = "n1".into()), "nodes 1 and 4 are both named \"n1\"");
        assert_eq!(
            message(|t| t.edges[0].latency_s = Some(-1.0)),
            "edge 0 has latency_s -1, which must be at least 0"
        );
        assert_eq!(
            message(|t| t.edges[0].bandwidth_bps = Some(f64::NAN)),
            "edge 0 has bandwidth_bps NaN, which must be above 0"
        );
        let mut lost = two_triangles_and_a_loner();
        lost.edges[0].a = 70;
        assert_eq!((lost.components().len(), lost.degrees()[1]), (3, 2));
    }

    #[test]
    fn lengths_become_latencies() {
        let mut topology = two_triangles_and_a_loner();
        topology.nodes[0].position = Some(Position::ground(0.0, 0.0));
        topology.nodes[1].position = Some(Position::ground(30e3, 40e3));
        assert_eq!(topology.set_fibre_latencies(2.0), Ok(1));
        assert_eq!(topology.edges[0].latency_s, Some(0.5e-3));
        assert_eq!(topology.edges[1].latency_s, None);
        assert!(topology.set_fibre_latencies(0.9).is_err());
        assert!(topology.set_fibre_latencies(f64::NAN).is_err());
    }
}
