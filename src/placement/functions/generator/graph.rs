//! Who are neighbours: random graphs.

use super::super::error::FunctionsError;
use super::limits::Neighborhood;
use crate::engine::{RandomStreams, Stream};
use crate::infra::{Connectivity, Topology};
use rand::seq::SliceRandom;
use std::collections::BTreeSet;

/// Regular graphs that have come to a dead end are begun anew so often.
const TRIES: usize = 1000;

/// The side of the square on which a planar graph is drawn, in metres.
const SIDE_M: f64 = 1000.0;

pub(super) fn neighbours(
    own: &Neighborhood,
    nodes: usize,
    streams: &RandomStreams,
) -> Result<Vec<[usize; 2]>, FunctionsError> {
    let mut stream = streams.stream("functions/instance/neighborhood");
    let place = |key: &str| format!("limits.neighborhood.{key}");
    let of_topology = |topology: Topology| {
        topology.edges.iter().map(|edge| [edge.a, edge.b]).collect::<Vec<[usize; 2]>>()
    };
    let refused = |key: &str| {
        let place = place(key);
        move |error: crate::infra::TopologyError| FunctionsError::format(place, error)
    };
    if let Some(shape) = &own.shape {
        return match shape.as_str() {
            "euclidean_planar" if nodes == 1 => Ok(Vec::new()),
            "euclidean_planar" => {
                Topology::gabriel(nodes, SIDE_M, &mut stream).map(of_topology).map_err(refused("shape"))
            }
            "planar" => Err(FunctionsError::format(
                place("shape"),
                "planar graphs of one degree are not drawn here; use \"euclidean_planar\", or leave shape out",
            )),
            other => Err(FunctionsError::unknown(place("shape"), "shape", other, &["euclidean_planar"])),
        };
    }
    match (own.p, own.k, own.m) {
        (Some(p), None, None) => Topology::erdos_renyi(nodes, p, Connectivity::AsDrawn, &mut stream)
            .map(of_topology)
            .map_err(refused("p")),
        (None, Some(k), None) => {
            if k >= nodes || (k * nodes) % 2 == 1 {
                let allowed = format!("below the {nodes} nodes, and even if these are odd");
                return Err(FunctionsError::range(place("k"), k, allowed));
            }
            regular(nodes, k, &mut stream)
                .ok_or_else(|| FunctionsError::format(place("k"), "no such graph was found"))
        }
        (None, None, Some(m)) => {
            let pairs = nodes * (nodes - 1) / 2;
            if m > pairs {
                let allowed = format!("at most {pairs}, all pairs of {nodes} nodes");
                return Err(FunctionsError::range(place("m"), m, allowed));
            }
            Ok(some_edges(nodes, pairs, m, &mut stream))
        }
        _ => Err(FunctionsError::format("limits.neighborhood", "give one of p, k, m and shape")),
    }
}

/// A random graph in which each node has `k` neighbours, by pairing free ends (Steger and Wormald, *Combinatorics,
/// Probability and Computing* 8, 1999).
fn regular(nodes: usize, k: usize, stream: &mut Stream) -> Option<Vec<[usize; 2]>> {
    'tries: for _ in 0..TRIES {
        let mut edges = BTreeSet::new();
        let mut ends: Vec<usize> = (0..nodes).flat_map(|node| std::iter::repeat_n(node, k)).collect();
        let mut in_vain = 0;
        while !ends.is_empty() {
            ends.shuffle(stream);
            let before = ends.len();
            let mut left = Vec::new();
            for pair in ends.chunks_exact(2) {
                let (a, b) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
                if a == b || !edges.insert([a, b]) {
                    left.extend([a, b]);
                }
            }
            in_vain = if left.len() == before { in_vain + 1 } else { 0 };
            if in_vain > 10 {
                continue 'tries;
            }
            ends = left;
        }
        return Some(edges.into_iter().collect());
    }
    None
}

/// `m` of all pairs.
fn some_edges(nodes: usize, pairs: usize, m: usize, stream: &mut Stream) -> Vec<[usize; 2]> {
    let mut chosen = rand::seq::index::sample(stream, pairs, m).into_vec();
    chosen.sort_unstable();
    let mut edges = Vec::with_capacity(m);
    // Pairs are numbered row by row; `first` is the number of the first pair of row `a`.
    let (mut a, mut first) = (0, 0);
    for number in chosen {
        while number >= first + (nodes - 1 - a) {
            first += nodes - 1 - a;
            a += 1;
        }
        edges.push([a, a + 1 + number - first]);
    }
    edges
}
