//! Bytes and circuits between leaves, from a pattern of communication and the GPUs of a job at each leaf.

use crate::infra::optical::{LeafId, PairDemand, PortMode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the GPUs of a job talk to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// Rings, one a rail, through all leaves: data-parallel gradients.
    Ring,
    /// Halving and doubling between leaves, whose number is a power of two: else a ring.
    HalvingDoubling,
    /// Two binary trees of leaves that share the bytes.
    DoubleTree,
    /// Everyone with everyone: embeddings of DLRM, experts.
    AllToAll,
    /// One leaf after the other: stages of a pipeline.
    Pipeline,
    /// From the first leaf to all others along a chain.
    Broadcast,
}

/// The GPUs of a job at a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafShare {
    /// The leaf.
    pub leaf: LeafId,
    /// How many GPUs, at least 1.
    pub gpus: u32,
}

/// Bytes from a leaf to another, over one phase.
pub type PairBytes = (LeafId, LeafId, f64);

/// Edges of a pattern between places in the list of leaves, with their share of the bytes of the phase.
struct Edge {
    from: usize,
    to: usize,
    weight: f64,
}

/// The parent of a place in a binary tree of `count` places laid out in order: the middle of a range is above the middles of
/// its halves.
fn tree_edges(count: usize) -> Vec<(usize, usize)> {
    let mut edges = Vec::new();
    let mut open = vec![(0, count, None)];
    while let Some((low, high, parent)) = open.pop() {
        if low >= high {
            continue;
        }
        let middle = usize::midpoint(low, high);
        if let Some(parent) = parent {
            edges.push((parent, middle));
        }
        open.push((low, middle, Some(middle)));
        open.push((middle + 1, high, Some(middle)));
    }
    edges
}

fn edges(pattern: Pattern, shares: &[LeafShare], rails: u32) -> Vec<Edge> {
    let count = shares.len();
    let both = |a: usize, b: usize, weight: f64| {
        [Edge { from: a, to: b, weight }, Edge { from: b, to: a, weight }]
    };
    match pattern {
        Pattern::HalvingDoubling if count.is_power_of_two() => (0..count.trailing_zeros())
            .flat_map(|round| {
                let weight = 0.5_f64.powi(1 + round.cast_signed());
                let partners = move |a: usize| (a, a ^ (1 << round));
                // Halving on the way there, doubling on the way back: each distance twice.
                (0..count).map(partners).map(move |(from, to)| Edge { from, to, weight: 2.0 * weight })
            })
            .collect(),
        Pattern::Ring | Pattern::HalvingDoubling => {
            // Of N servers in a ring, 2 (N - 1) / N of the bytes pass each boundary.
            let gpus: u64 = shares.iter().map(|share| u64::from(share.gpus)).sum();
            let servers = gpus.div_ceil(u64::from(rails.max(1))).max(count as u64) as f64;
            let weight = 2.0 * (servers - 1.0) / servers;
            (0..count).map(|from| Edge { from, to: (from + 1) % count, weight }).collect()
        }
        Pattern::DoubleTree => {
            // The second is the first with all places one further, so that leaves of the one are inner in the other.
            let first = tree_edges(count);
            let second = first.iter().map(|&(a, b)| ((a + 1) % count, (b + 1) % count));
            first.iter().copied().chain(second).flat_map(|(a, b)| both(a, b, 0.5)).collect()
        }
        Pattern::AllToAll => {
            let total: f64 = shares.iter().map(|share| f64::from(share.gpus)).sum();
            let pairs = (0..count).flat_map(|a| (0..count).map(move |b| (a, b)));
            pairs
                .filter(|(from, to)| from != to)
                .map(|(from, to)| {
                    let product = f64::from(shares[from].gpus) * f64::from(shares[to].gpus);
                    Edge { from, to, weight: product / total }
                })
                .collect()
        }
        Pattern::Pipeline => (1..count).flat_map(|place| both(place - 1, place, 1.0)).collect(),
        Pattern::Broadcast => {
            (1..count).map(|place| Edge { from: place - 1, to: place, weight: 1.0 }).collect()
        }
    }
}

/// Bytes from leaf to leaf in a phase, for leaves in the order in which the pattern goes through them. One leaf sends nothing.
/// A server has `rails` GPUs, each with a rail of its own; rings go through servers.
///
/// `bytes` is, for a ring, halving and doubling, and trees, the buffer that all rails reduce together (each GPU of a server its
/// part of it); for an all-to-all what each GPU sends, its own part included; for a pipeline what passes each boundary in each
/// direction; for a broadcast what is sent. Pairs that several edges of a pattern join come once.
///
/// ```
/// use stratosim::apps::training::demand::{LeafShare, Pattern, leaf_bytes};
/// use stratosim::infra::optical::LeafId;
/// let shares = [LeafShare { leaf: LeafId(0), gpus: 24 }, LeafShare { leaf: LeafId(1), gpus: 8 }];
/// // 24 GPUs send each of 8 others 1/32 of what they send.
/// let expected = 24.0 * 8.0 * 640.0 / 32.0;
/// let bytes = leaf_bytes(Pattern::AllToAll, &shares, 8, 640.0);
/// assert_eq!(bytes, [(LeafId(0), LeafId(1), expected), (LeafId(1), LeafId(0), expected)]);
/// ```
#[must_use]
pub fn leaf_bytes(pattern: Pattern, shares: &[LeafShare], rails: u32, bytes: f64) -> Vec<PairBytes> {
    if shares.len() < 2 {
        return Vec::new();
    }
    let mut pairs: Vec<PairBytes> = edges(pattern, shares, rails)
        .into_iter()
        .map(|edge| (shares[edge.from].leaf, shares[edge.to].leaf, edge.weight * bytes))
        .collect();
    pairs.sort_by_key(|&(from, to, _)| (from, to));
    pairs.dedup_by(|next, kept| {
        let same = (next.0, next.1) == (kept.0, kept.1);
        if same {
            kept.2 += next.2;
        }
        same
    });
    pairs
}

/// Circuits that a job wants for a pattern at full rate, where each GPU has a rail of its own and a circuit carries what a rail
/// sends. For simplex ports pairs are directed; of duplex ones they come once, the lower leaf first.
///
/// * Ring, trees, pipeline, broadcast: for each boundary as many as there are rails, or GPUs on the leaf with fewer. A ring
///   through two leaves is one boundary. Trees and halving and doubling share the rails of a leaf among its neighbours, at least
///   one each.
/// * All-to-all: floor(g / (m - 1)) of the leaf with fewer GPUs g, at least one, for each pair. Rounding up would ask for more
///   than the ports of a full leaf.
#[must_use]
pub fn circuits(pattern: Pattern, shares: &[LeafShare], rails: u32, mode: PortMode) -> Vec<PairDemand> {
    let gpus_at =
        |leaf: LeafId| shares.iter().find(|share| share.leaf == leaf).map_or(0, |share| share.gpus);
    let pairs = leaf_bytes(pattern, shares, rails, 1.0);
    let neighbours = |leaf: LeafId| pairs.iter().filter(|pair| pair.0 == leaf).count();
    let count = |from: LeafId, to: LeafId| {
        let least = gpus_at(from).min(gpus_at(to)).min(rails);
        let sharing = match pattern {
            Pattern::AllToAll => {
                // A job has at most as many leaves as there are GPUs.
                return (gpus_at(from).min(gpus_at(to)) / (shares.len() as u32 - 1)).max(1);
            }
            Pattern::HalvingDoubling | Pattern::DoubleTree => {
                neighbours(from).max(neighbours(to)) as u32
            }
            Pattern::Ring | Pattern::Pipeline | Pattern::Broadcast => 1,
        };
        (least / sharing.max(1)).max(1)
    };
    let counted: Vec<(LeafId, LeafId, u32)> =
        pairs.iter().map(|&(from, to, _)| (from, to, count(from, to))).collect();
    if mode == PortMode::Simplex {
        return counted
            .into_iter()
            .map(|(from, to, circuits)| PairDemand { from, to, circuits })
            .collect();
    }
    let mut joined: Vec<PairDemand> = counted
        .into_iter()
        .map(|(a, b, circuits)| PairDemand { from: a.min(b), to: a.max(b), circuits })
        .collect();
    joined.sort_by_key(|pair| (pair.from, pair.to));
    joined.dedup_by(|next, kept| {
        let same = (next.from, next.to) == (kept.from, kept.to);
        if same {
            kept.circuits = kept.circuits.max(next.circuits);
        }
        same
    });
    joined
}
