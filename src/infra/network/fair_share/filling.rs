//! Progressive filling: the whole max-min fair share at once.

use super::{LinkIndex, rate_in_range};
use crate::engine::{ABSENT, IndexedHeap};

/// What a filling finds: the bottleneck of each flow and the level of each bottleneck.
#[derive(Debug)]
pub(super) struct Filling {
    /// For each flow the link that holds it back; `None` if it crosses none.
    pub(super) bottlenecks: Vec<Option<u32>>,
    /// For each link the rate of the flows that it holds back; 0 if there are none.
    pub(super) levels: Vec<f64>,
}

/// Saturates the link with the least capacity left per open flow, fixes its flows, and repeats
/// (Bertsekas and Gallager, Data Networks, 2nd ed., section 6.5.2). O(E log L) for L links and E
/// crossings of a flow and a link.
pub(super) fn fill(capacities: &[f64], paths: &[Vec<u32>]) -> Filling {
    let mut crossing_flows = vec![Vec::new(); capacities.len()];
    for (flow, path) in paths.iter().enumerate() {
        for &link in path {
            crossing_flows[link as usize].push(flow);
        }
    }
    let mut left = capacities.to_vec();
    let mut open: Vec<usize> = crossing_flows.iter().map(Vec::len).collect();
    let mut levels = vec![0.0; capacities.len()];
    let mut bottlenecks = vec![None; paths.len()];
    let mut heap = IndexedHeap::default();
    let mut places = vec![ABSENT; capacities.len()];
    for (link, &count) in open.iter().enumerate() {
        if count > 0 {
            heap.set(&mut places, link as u32, left[link] / count as f64);
        }
    }
    while let Some((level, link)) = heap.peek() {
        heap.remove(&mut places, link);
        levels[link as usize] = level;
        for &flow in &crossing_flows[link as usize] {
            if bottlenecks[flow].is_some() {
                continue;
            }
            bottlenecks[flow] = Some(link);
            for &crossed in paths[flow].iter().filter(|&&crossed| crossed != link) {
                let at = crossed as usize;
                left[at] = (left[at] - level).max(0.0);
                open[at] -= 1;
                if open[at] == 0 {
                    heap.remove(&mut places, crossed);
                } else {
                    heap.set(&mut places, crossed, left[at] / open[at] as f64);
                }
            }
        }
    }
    Filling { bottlenecks, levels }
}

/// The max-min fair rates (bytes/s) of `flows`, each a path (no link twice) and a cap (bytes/s, may be
/// infinite), over links of these capacities (bytes/s), computed from nothing by progressive filling.
///
/// [`FairShare`](super::FairShare) keeps the same rates up to date as flows come and go. A flow that
/// nothing holds back has an infinite rate. O(E log L) for L links and E crossings of a flow and a link.
///
/// ```
/// use stratosim::infra::{LinkIndex, max_min_rates};
/// let (a, b) = (LinkIndex(0), LinkIndex(1));
/// let flows: [(&[LinkIndex], f64); 3] =
///     [(&[a], f64::INFINITY), (&[b], f64::INFINITY), (&[a, b], f64::INFINITY)];
/// assert_eq!(max_min_rates(&[10.0, 4.0], &flows), [8.0, 2.0, 2.0]);
/// ```
#[must_use]
pub fn max_min_rates(capacities_bytes_per_s: &[f64], flows: &[(&[LinkIndex], f64)]) -> Vec<f64> {
    let mut capacities: Vec<f64> = capacities_bytes_per_s.iter().copied().map(rate_in_range).collect();
    let real = capacities.len();
    let mut paths = Vec::with_capacity(flows.len());
    for &(path, cap_bytes_per_s) in flows {
        let known = path.iter().map(|link| link.0).filter(|&link| (link as usize) < real);
        let mut path: Vec<u32> = known.collect();
        if cap_bytes_per_s != f64::INFINITY {
            path.push(capacities.len() as u32);
            capacities.push(rate_in_range(cap_bytes_per_s));
        }
        paths.push(path);
    }
    let filling = fill(&capacities, &paths);
    let rate =
        |bottleneck: Option<u32>| bottleneck.map_or(f64::INFINITY, |link| filling.levels[link as usize]);
    filling.bottlenecks.iter().copied().map(rate).collect()
}
