//! Taking GPUs of leaves.

use super::cluster::{Cluster, Placement};
use crate::infra::optical::LeafId;

/// Takes `wanted` GPUs of a leaf, which has them: of whole servers first, those with the most free ones, then of the server that
/// is left with the fewest.
pub(crate) fn fill_leaf(cluster: &Cluster, leaf: LeafId, wanted: u32, servers: &mut Vec<(u32, u32)>) {
    let mut free: Vec<(u32, u32)> = cluster
        .shape()
        .servers_of(leaf)
        .map(|server| (cluster.free_at_server(server), server))
        .filter(|&(free, _)| free > 0)
        .collect();
    free.sort_unstable_by_key(|&(free, server)| (std::cmp::Reverse(free), server));
    let mut left = wanted;
    let mut at = 0;
    while left > 0 && at < free.len() {
        // The last of those that hold all the rest has the fewest; descending, they come first.
        let holding = free[at..].iter().take_while(|&&(free, _)| free >= left).count();
        let place = if holding > 0 {
            let least = free[at + holding - 1].0;
            at + free[at..].iter().take_while(|&&(free, _)| free > least).count()
        } else {
            at
        };
        let (free, server) = free[place];
        let taken = free.min(left);
        servers.push((server, taken));
        left -= taken;
        at += 1;
    }
}

/// Takes all that leaves have, one after the other, until there are enough.
pub(crate) fn take(
    cluster: &Cluster,
    leaves: impl IntoIterator<Item = LeafId>,
    gpus: u32,
) -> Option<Placement> {
    let mut servers = Vec::new();
    let mut left = gpus;
    for leaf in leaves {
        if left == 0 {
            break;
        }
        let taken = cluster.free_at_leaf(leaf).min(left);
        fill_leaf(cluster, leaf, taken, &mut servers);
        left -= taken;
    }
    (left == 0).then(|| Placement::new(servers))
}

/// The fewest leaves, as packing goes: O(log leaves) for each leaf that it takes.
pub(crate) fn packed(cluster: &Cluster, gpus: u32) -> Option<Placement> {
    if u64::from(gpus) > cluster.free() {
        return None;
    }
    let by_free = cluster.by_free();
    let mut leaves = Vec::new();
    let mut left = gpus;
    // Of leaves with as many free GPUs the first comes first.
    let mut most = by_free.iter().rev().map(|&(free, _)| free).next();
    while let Some(free) = most.filter(|&free| left > 0 && free > 0) {
        for &(free, leaf) in by_free.range((free, LeafId(0))..=(free, LeafId(u32::MAX))) {
            if left < free {
                break;
            }
            leaves.push(leaf);
            left -= free;
        }
        most = by_free.range(..(free, LeafId(0))).next_back().map(|&(free, _)| free);
        if left > 0 && left < free {
            let rest = by_free.range((left, LeafId(0))..).find(|(_, leaf)| !leaves.contains(leaf));
            if let Some(&(_, leaf)) = rest {
                leaves.push(leaf);
                left = 0;
            }
        }
    }
    take(cluster, leaves, gpus)
}
