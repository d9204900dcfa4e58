//! Ways over circuits, and how long a phase takes on them.

use super::circuits::Granted;
use super::colouring::PortMode;
use super::fabric::LeafId;
use std::collections::{BTreeMap, VecDeque};

/// The circuits of one job, and ways over them: direct where there is a circuit, else over the fewest other leaves, by their
/// packet switches.
///
/// ```
/// use stratosim::infra::optical::{Granted, LeafId, PortMode, Routes};
/// let granted = |from, to| Granted { from: LeafId(from), to: LeafId(to), wanted: 1, granted: 1 };
/// let routes = Routes::new(PortMode::Duplex, &[granted(0, 1), granted(1, 2)]);
/// assert_eq!(routes.way(LeafId(0), LeafId(2)), Some(vec![LeafId(0), LeafId(1), LeafId(2)]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Routes {
    circuits: BTreeMap<(LeafId, LeafId), u32>,
    next: BTreeMap<LeafId, Vec<LeafId>>,
}

impl Routes {
    /// Of the circuits that a job has been granted.
    #[must_use]
    pub fn new(mode: PortMode, granted: &[Granted]) -> Self {
        let mut routes = Routes::default();
        for pair in granted.iter().filter(|pair| pair.granted > 0) {
            *routes.circuits.entry((pair.from, pair.to)).or_default() += pair.granted;
            if mode == PortMode::Duplex {
                *routes.circuits.entry((pair.to, pair.from)).or_default() += pair.granted;
            }
        }
        for &(from, to) in routes.circuits.keys() {
            routes.next.entry(from).or_default().push(to);
        }
        routes
    }

    /// How many circuits lead from one leaf straight to another.
    #[must_use]
    pub fn circuits(&self, from: LeafId, to: LeafId) -> u32 {
        self.circuits.get(&(from, to)).copied().unwrap_or(0)
    }

    /// The leaves on the way, both ends with it; the fewest, and of as few those found first in the order of leaves. `None`
    /// if there is no way.
    #[must_use]
    pub fn way(&self, from: LeafId, to: LeafId) -> Option<Vec<LeafId>> {
        if from == to || self.circuits(from, to) > 0 {
            return Some(if from == to { vec![from] } else { vec![from, to] });
        }
        let mut before: BTreeMap<LeafId, LeafId> = BTreeMap::from([(from, from)]);
        let mut open = VecDeque::from([from]);
        while let Some(leaf) = open.pop_front() {
            for &next in self.next.get(&leaf).into_iter().flatten() {
                if before.contains_key(&next) {
                    continue;
                }
                before.insert(next, leaf);
                if next == to {
                    let mut way = vec![to];
                    let mut at = to;
                    while at != from {
                        at = before[&at];
                        way.push(at);
                    }
                    way.reverse();
                    return Some(way);
                }
                open.push_back(next);
            }
        }
        None
    }

    /// Bytes on each pair of leaves with circuits, from bytes between leaves: what has no circuit of its own is sent on by
    /// other leaves. `None` if something has no way at all.
    #[must_use]
    pub fn loads(&self, bytes: &[(LeafId, LeafId, f64)]) -> Option<BTreeMap<(LeafId, LeafId), f64>> {
        let mut loads: BTreeMap<(LeafId, LeafId), f64> = BTreeMap::new();
        for &(from, to, bytes) in bytes {
            for hop in self.way(from, to)?.windows(2) {
                *loads.entry((hop[0], hop[1])).or_default() += bytes;
            }
        }
        Some(loads)
    }
}

/// Seconds until all bytes of a phase are over: the most that a pair of leaves has to carry for each byte a second of its
/// circuits. `None` if something has no way.
///
/// ```
/// use stratosim::infra::optical::{Granted, LeafId, PortMode, Routes, phase_time_s};
/// let granted = |from, to, granted| Granted { from: LeafId(from), to: LeafId(to), wanted: 2, granted };
/// let routes = Routes::new(PortMode::Simplex, &[granted(0, 1, 2), granted(1, 0, 1)]);
/// let bytes = [(LeafId(0), LeafId(1), 300e9), (LeafId(1), LeafId(0), 100e9)];
/// // 3 s over two circuits of 50 GB/s, 2 s over the one back.
/// assert_eq!(phase_time_s(&routes, &bytes, 50e9), Some(3.0));
/// ```
#[must_use]
pub fn phase_time_s(
    routes: &Routes,
    bytes: &[(LeafId, LeafId, f64)],
    circuit_bytes_per_s: f64,
) -> Option<f64> {
    let loads = routes.loads(bytes)?;
    let time_s = |(&(from, to), &bytes): (&(LeafId, LeafId), &f64)| {
        bytes / (f64::from(routes.circuits(from, to)) * circuit_bytes_per_s)
    };
    Some(loads.iter().map(time_s).fold(0.0, f64::max))
}
