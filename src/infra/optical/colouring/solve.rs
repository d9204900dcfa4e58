//! Switches for a whole demand at once.

use super::PortMode;
use super::exact::{Search, search};
use super::map::{Circuit, CircuitMap};
use crate::infra::optical::fabric::LeafId;
use std::collections::{BTreeMap, BTreeSet};

/// Demands with more circuits are not searched exactly.
const MOST_EXACT: usize = 48;
/// So many trials an exact search has.
const TRIALS: u64 = 200_000;
/// Up to so many pairs of leaves are looked through for triangles that have too many circuits.
const MOST_PAIRS: usize = 4096;

/// Switches for all circuits of a demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colouring {
    /// The circuits, by switch and leaf.
    pub circuits: Vec<Circuit>,
    /// How many of them are there already, on the same switch.
    pub kept: usize,
}

/// Why a demand has no circuits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unrealisable {
    /// It names a leaf that there is not, or asks for circuits of a leaf with itself.
    #[error("circuits from leaf {from} to leaf {to}: there are leaves 0 to {last}, and a circuit needs two", last = leaves.saturating_sub(1))]
    NoPair {
        /// Where they would start.
        from: LeafId,
        /// Where they would end.
        to: LeafId,
        /// How many leaves there are.
        leaves: u32,
    },
    /// A leaf needs more ports than it has.
    #[error("leaf {leaf} needs {wanted} ports, but only {ports} of it work and are free")]
    Ports {
        /// The leaf.
        leaf: LeafId,
        /// What it needs.
        wanted: u32,
        /// What it has.
        ports: u32,
    },
    /// Some leaves, odd in number, want more circuits among themselves than fit: a switch has at most half of them, rounded
    /// down. Duplex ports only.
    #[error(
        "leaves {} want {wanted} duplex circuits among themselves, but of an odd number of leaves one is left over at each \
         switch, so that only {most} fit; take more uplinks, simplex ports, or fewer circuits",
        listed(leaves)
    )]
    Odd {
        /// The leaves.
        leaves: Vec<LeafId>,
        /// How many circuits they want.
        wanted: u32,
        /// How many fit.
        most: u32,
    },
    /// All ways to colour it were tried.
    #[error("no way to spread {circuits} circuits over {switches} switches exists: all were tried")]
    Exhausted {
        /// How many circuits.
        circuits: usize,
        /// How many switches.
        switches: u32,
    },
    /// None was found, though there may be one.
    #[error(
        "no way to spread {circuits} circuits over {switches} switches was found, though there may be one; simplex ports \
         always have one"
    )]
    NotFound {
        /// How many circuits.
        circuits: usize,
        /// How many switches.
        switches: u32,
    },
}

fn listed(leaves: &[LeafId]) -> String {
    leaves.iter().map(LeafId::to_string).collect::<Vec<_>>().join(", ")
}

/// Spreads a demand - circuits from a leaf to another; the order of the two does not matter for duplex ports - over the
/// switches of `present`, whose own circuits stay where they are as far as the demand has them, too.
///
/// Simplex demands within the ports of their leaves always succeed if all ports work. A duplex demand is refused with a proof
/// or as not found.
///
/// ```
/// use stratosim::infra::optical::{CircuitMap, LeafId, OpticalLayer, PortMode, colour};
/// let triangle = [(LeafId(0), LeafId(1), 1), (LeafId(1), LeafId(2), 1), (LeafId(2), LeafId(0), 1)];
/// let layer = OpticalLayer::new(3, 2, 4)?;
/// // Two circuits a leaf, yet no two of the three fit on one switch, and there are two.
/// assert!(colour(&CircuitMap::new(layer, PortMode::Duplex), &triangle).is_err());
/// let found = colour(&CircuitMap::new(layer, PortMode::Simplex), &triangle).unwrap();
/// assert_eq!(found.circuits.len(), 3);
/// # Ok::<(), stratosim::infra::optical::OpticalError>(())
/// ```
///
/// # Errors
/// If there is no such colouring, or none was found.
pub fn colour(
    present: &CircuitMap,
    demand: &[(LeafId, LeafId, u32)],
) -> Result<Colouring, Unrealisable> {
    let empty = present.emptied();
    check_ports(&empty, demand)?;
    let mut edges: Vec<(u32, u32)> = Vec::new();
    for &(from, to, count) in demand {
        let (x, y) = empty.vertices(from, to);
        // The check of ports bounds the count.
        edges.extend((0..count).map(|_| (x.min(y), x.max(y))));
    }
    let mut left: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for &edge in &edges {
        *left.entry(edge).or_default() += 1;
    }
    let mut kept_map = empty.clone();
    let mut is_kept = BTreeMap::new();
    for (circuit, _) in present.circuits() {
        let (x, y) = present.ends(circuit);
        if let Some(count) = left.get_mut(&(x.min(y), x.max(y))).filter(|count| **count > 0) {
            *count -= 1;
            *is_kept.entry((x.min(y), x.max(y))).or_insert(0_u32) += 1;
            kept_map.put(x, y, circuit.switch.0, 0);
        }
    }
    let mut rest = Vec::new();
    for &edge in &edges {
        match is_kept.get_mut(&edge).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => rest.push(edge),
        }
    }
    let backwards: Vec<(u32, u32)> = edges.iter().rev().copied().collect();
    // What is there first; then anew, in two orders.
    for (start, order) in [(&kept_map, &rest), (&empty, &edges), (&empty, &backwards)] {
        let mut map = start.clone();
        if order.iter().all(|&(x, y)| map.insert_moving(x, y, 0)) {
            return Ok(result(present, &map));
        }
    }
    if let Some(odd) = overfull(&empty, &edges) {
        return Err(odd);
    }
    let (circuits, switches) = (edges.len(), empty.switches());
    if circuits <= MOST_EXACT {
        let vertices = edges.iter().map(|&(_, y)| y + 1).max().unwrap_or(0);
        match search(&empty, &edges, vertices, TRIALS) {
            Search::Found(colours) => {
                let mut map = empty;
                for (&(x, y), colour) in edges.iter().zip(colours) {
                    map.put(x, y, colour, 0);
                }
                return Ok(result(present, &map));
            }
            Search::Impossible => return Err(Unrealisable::Exhausted { circuits, switches }),
            Search::GaveUp => {}
        }
    }
    Err(Unrealisable::NotFound { circuits, switches })
}

fn result(present: &CircuitMap, map: &CircuitMap) -> Colouring {
    let circuits: Vec<Circuit> = map.circuits().map(|(circuit, _)| circuit).collect();
    let is_there = |circuit: &&Circuit| {
        let (x, y) = present.ends(**circuit);
        present.peer(x, circuit.switch.0) == y
    };
    let kept = circuits.iter().filter(is_there).count();
    Colouring { circuits, kept }
}

/// That the leaves are there, and have enough ports for all circuits of a demand.
fn check_ports(empty: &CircuitMap, demand: &[(LeafId, LeafId, u32)]) -> Result<(), Unrealisable> {
    let mut sums: BTreeMap<LeafId, (u64, u64)> = BTreeMap::new();
    for &(from, to, count) in demand {
        if !empty.has(from) || !empty.has(to) || from == to {
            return Err(Unrealisable::NoPair { from, to, leaves: empty.leaves() });
        }
        sums.entry(from).or_default().0 += u64::from(count);
        sums.entry(to).or_default().1 += u64::from(count);
    }
    for (leaf, (sends, receives)) in sums {
        let (to_send, to_receive) = (empty.free_to_send(leaf), empty.free_to_receive(leaf));
        let (wanted, ports) = match empty.mode() {
            PortMode::Duplex => (sends + receives, to_send),
            PortMode::Simplex if sends > u64::from(to_send) => (sends, to_send),
            PortMode::Simplex => (receives, to_receive),
        };
        if wanted > u64::from(ports) {
            let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
            return Err(Unrealisable::Ports { leaf, wanted, ports });
        }
    }
    Ok(())
}

/// Leaves that prove a duplex demand impossible: a connected part, or a triangle.
fn overfull(map: &CircuitMap, edges: &[(u32, u32)]) -> Option<Unrealisable> {
    if map.mode() == PortMode::Simplex {
        return None;
    }
    let mut counts: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    let mut neighbours: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for &(x, y) in edges {
        *counts.entry((x, y)).or_default() += 1;
        neighbours.entry(x).or_default().insert(y);
        neighbours.entry(y).or_default().insert(x);
    }
    let count = |a: u32, b: u32| counts.get(&(a.min(b), a.max(b))).copied().unwrap_or(0);
    let refuse = |leaves: &[u32], wanted: u32| {
        // It is only called with an odd number of leaves, which the number of leaves bounds.
        let most = map.switches() * (leaves.len() as u32 / 2);
        (wanted > most).then(|| Unrealisable::Odd {
            leaves: leaves.iter().copied().map(LeafId).collect(),
            wanted,
            most,
        })
    };
    if counts.len() <= MOST_PAIRS {
        for &(a, b) in counts.keys() {
            let others = neighbours[&a].iter().filter(|&&c| c > b && neighbours[&b].contains(&c));
            for &c in others {
                let wanted = count(a, b) + count(b, c) + count(a, c);
                if let Some(refusal) = refuse(&[a, b, c], wanted) {
                    return Some(refusal);
                }
            }
        }
    }
    let mut seen = BTreeSet::new();
    for &start in neighbours.keys() {
        if !seen.insert(start) {
            continue;
        }
        let mut part = vec![start];
        let mut at = 0;
        while at < part.len() {
            part.extend(neighbours[&part[at]].iter().copied().filter(|&next| seen.insert(next)));
            at += 1;
        }
        part.sort_unstable();
        if part.len() % 2 == 1 {
            let inside = edges.iter().filter(|(x, _)| part.binary_search(x).is_ok()).count();
            if let Some(refusal) = refuse(&part, u32::try_from(inside).unwrap_or(u32::MAX)) {
                return Some(refusal);
            }
        }
    }
    None
}
