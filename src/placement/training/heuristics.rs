//! Placements by a rule.

use super::place::{PlacementView, TrainingPlacement};
use crate::apps::training::packing::{packed, take};
use crate::apps::training::{Cluster, Placement};
use crate::infra::optical::LeafId;
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Servers at random, all their free GPUs, until there are enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomServers {}

impl TrainingPlacement for RandomServers {
    fn place(&mut self, view: &mut PlacementView<'_>) -> Option<Placement> {
        if u64::from(view.job.gpus) > view.cluster.free() {
            return None;
        }
        let shape = view.cluster.shape();
        let mut order: Vec<u32> = (0..shape.leaves * shape.servers_per_leaf).collect();
        order.shuffle(view.random);
        let (mut left, mut servers) = (view.job.gpus, Vec::new());
        for server in order {
            let taken = view.cluster.free_at_server(server).min(left);
            servers.push((server, taken));
            left -= taken;
            if left == 0 {
                break;
            }
        }
        Some(Placement::new(servers))
    }
}

/// Leaves in the order of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstFit {}

impl TrainingPlacement for FirstFit {
    fn place(&mut self, view: &mut PlacementView<'_>) -> Option<Placement> {
        if u64::from(view.job.gpus) > view.cluster.free() {
            return None;
        }
        take(view.cluster, (0..view.cluster.shape().leaves).map(LeafId), view.job.gpus)
    }
}

/// The fewest leaves: the one that is left with the fewest free GPUs if one is enough, else those with the most free ones, and
/// for the rest the one that is left with the fewest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Packed {}

impl TrainingPlacement for Packed {
    fn place(&mut self, view: &mut PlacementView<'_>) -> Option<Placement> {
        packed(view.cluster, view.job.gpus)
    }
}

/// As `packed`, with an eye on uplinks: a job that fits on one leaf goes, of leaves with as many free GPUs, to the one with the
/// fewest free ports; a job over several leaves goes to those with the most free GPUs, then ports, and to none without a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UplinkAware {}

impl TrainingPlacement for UplinkAware {
    fn place(&mut self, view: &mut PlacementView<'_>) -> Option<Placement> {
        uplink_aware(view.cluster, view.job.gpus)
    }
}

pub(super) fn uplink_aware(cluster: &Cluster, gpus: u32) -> Option<Placement> {
    let ports = |leaf: LeafId| cluster.free_ports(leaf).unwrap_or(u32::MAX);
    let fitting = cluster.by_free().range((gpus, LeafId(0))..);
    if let Some(&(_, leaf)) = fitting.min_by_key(|&&(free, leaf)| (free, ports(leaf), leaf)) {
        return take(cluster, [leaf], gpus);
    }
    let mut leaves: Vec<(u32, u32, LeafId)> = cluster
        .by_free()
        .iter()
        .map(|&(free, leaf)| (free, ports(leaf), leaf))
        .filter(|&(free, ports, _)| free > 0 && ports > 0)
        .collect();
    leaves.sort_unstable_by_key(|&(free, ports, leaf)| (std::cmp::Reverse((free, ports)), leaf));
    let (mut left, mut taken) = (gpus, Vec::new());
    while left > 0 && !leaves.is_empty() {
        // Those that hold all the rest come first; of them the one that is left with the fewest.
        let holding = leaves.iter().take_while(|&&(free, ..)| free >= left).count();
        let place = match leaves[..holding].last() {
            Some(&(least, ..)) => leaves.iter().position(|&(free, ..)| free == least).unwrap_or(0),
            None => 0,
        };
        let (free, _, leaf) = leaves.remove(place);
        taken.push(leaf);
        left -= free.min(left);
    }
    take(cluster, taken, gpus)
}

/// The domain of NVLink first: a job within a server goes to the server that is left with the fewest free GPUs; others take whole
/// free servers, on the leaves with the most of them, and for what is left the server that holds it. If that cannot be,
/// as `packed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainFirst {}

impl TrainingPlacement for DomainFirst {
    fn place(&mut self, view: &mut PlacementView<'_>) -> Option<Placement> {
        domain_first(view.cluster, view.job.gpus)
    }
}

pub(super) fn domain_first(cluster: &Cluster, gpus: u32) -> Option<Placement> {
    if u64::from(gpus) > cluster.free() {
        return None;
    }
    let shape = cluster.shape();
    let (mut whole, rest) = (gpus / shape.gpus_per_server, gpus % shape.gpus_per_server);
    let is_whole = |&server: &u32| cluster.free_at_server(server) == shape.gpus_per_server;
    let mut leaves: Vec<(usize, LeafId)> = (0..shape.leaves)
        .map(LeafId)
        .map(|leaf| (shape.servers_of(leaf).filter(is_whole).count(), leaf))
        .collect();
    leaves.sort_unstable_by_key(|&(count, leaf)| (std::cmp::Reverse(count), leaf));
    // The leaf that is left with the fewest whole servers, if one is enough.
    let holding = leaves.iter().take_while(|&&(count, _)| count >= whole as usize).count();
    if let Some(&(least, _)) = leaves[..holding].last() {
        let first = leaves.iter().position(|&(count, _)| count == least).unwrap_or(0);
        leaves.rotate_left(first);
    }
    let mut servers: Vec<(u32, u32)> = Vec::new();
    for (_, leaf) in leaves {
        for server in shape.servers_of(leaf).filter(is_whole).take(whole as usize) {
            servers.push((server, shape.gpus_per_server));
            whole -= 1;
        }
    }
    let taken: Vec<u32> = servers.iter().map(|&(server, _)| server).collect();
    if rest > 0 {
        // On a leaf of the job if there is room, then where the fewest are left.
        let near: Vec<LeafId> = taken.iter().map(|&server| shape.leaf_of(server)).collect();
        let server = (0..shape.leaves * shape.servers_per_leaf)
            .filter(|server| cluster.free_at_server(*server) >= rest && !taken.contains(server))
            .min_by_key(|&server| {
                (!near.contains(&shape.leaf_of(server)), cluster.free_at_server(server), server)
            });
        servers.extend(server.map(|server| (server, rest)));
    }
    let placement = Placement::new(servers);
    if placement.gpus() == u64::from(gpus) { Some(placement) } else { packed(cluster, gpus) }
}
