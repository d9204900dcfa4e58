//! The trait of placements, and what they share.

use super::cluster::{Cluster, Placement};
use crate::apps::training::TrainingJob;
use crate::engine::Stream;
use crate::infra::optical::LeafId;
use std::fmt;

/// What a placement sees.
#[derive(Debug)]
pub struct PlacementView<'a> {
    /// The cluster as it is.
    pub cluster: &'a Cluster,
    /// The job that wants GPUs.
    pub job: &'a TrainingJob,
    /// Jobs that come after it, in the order in which they will be tried.
    pub next: &'a [TrainingJob],
    /// Random numbers of the policy.
    pub random: &'a mut Stream,
}

/// A way to choose GPUs for a job.
///
/// ```
/// use stratosim::placement::training::{Placement, PlacementView, TrainingPlacement};
///
/// /// All of it on one server, or not at all.
/// #[derive(Debug)]
/// struct OneServer;
///
/// impl TrainingPlacement for OneServer {
///     fn place(&mut self, view: &mut PlacementView<'_>) -> Option<Placement> {
///         let shape = view.cluster.shape();
///         let servers = 0..shape.leaves * shape.servers_per_leaf;
///         let server = servers.into_iter().find(|&at| view.cluster.free_at_server(at) >= view.job.gpus)?;
///         Some(Placement::new(vec![(server, view.job.gpus)]))
///     }
/// }
/// ```
pub trait TrainingPlacement: fmt::Debug + Send {
    /// GPUs for the job of the view; `None` if it must wait. What it answers is checked.
    fn place(&mut self, view: &mut PlacementView<'_>) -> Option<Placement>;
}

/// Takes `wanted` GPUs of a leaf, which has them: of whole servers first, those with the most free ones, then of the server that
/// is left with the fewest.
pub(super) fn fill_leaf(cluster: &Cluster, leaf: LeafId, wanted: u32, servers: &mut Vec<(u32, u32)>) {
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
pub(super) fn take(
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
