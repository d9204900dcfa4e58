//! Whether a job can ever start.

use super::cluster::{Cluster, ClusterShape, Fabric, Placement, StartRefusal};
use super::job::TrainingJob;
use super::packing::{fill_leaf, packed};
use crate::infra::optical::{LeafId, OpticalError};

/// What an empty cluster has for a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Feasibility {
    /// It can start, at this part of the full rate.
    Starts {
        /// From 0 to 1.
        rate: f64,
    },
    /// It can never start: the cluster has fewer GPUs.
    TooLarge {
        /// What it wants.
        wanted: u32,
        /// What there are.
        gpus: u64,
    },
    /// No placement was found at which it has its circuits, though the cluster is empty: packed, nor spread evenly over
    /// more leaves. This is why it does not start packed.
    NoCircuits(StartRefusal),
}

/// Whether a job can start on an empty cluster. One that cannot is to be refused when it is submitted, or given less, since a queue
/// that waits for it waits forever.
///
/// ```
/// use stratosim::apps::training::{ClusterShape, Fabric, Feasibility, JobKind, TrainingJob, feasibility};
/// let shape = ClusterShape { leaves: 2, servers_per_leaf: 2, gpus_per_server: 8 };
/// let job = TrainingJob {
///     id: 0, kind: JobKind::Llm, gpus: 33, submit_s: 0.0, duration_s: 60.0, communication: 0.1,
/// };
/// let found = feasibility(shape, Fabric::NonBlocking, &job)?;
/// assert_eq!(found, Feasibility::TooLarge { wanted: 33, gpus: 32 });
/// # Ok::<(), stratosim::infra::optical::OpticalError>(())
/// ```
///
/// # Errors
/// If there is no such cluster.
pub fn feasibility(
    shape: ClusterShape,
    fabric: Fabric,
    job: &TrainingJob,
) -> Result<Feasibility, OpticalError> {
    let mut empty = Cluster::new(shape, fabric)?;
    Ok(match placement_that_starts(&mut empty, job) {
        Ok((_, rate)) => Feasibility::Starts { rate },
        Err(why) => why,
    })
}

/// A placement at which a job can start on a cluster, and its rate there: packed, or spread evenly over the first leaves, on as few
/// of them as will do. The jobs of the cluster stay as they are, its circuits may have changed.
///
/// # Errors
/// Why none was found.
pub(super) fn placement_that_starts(
    cluster: &mut Cluster,
    job: &TrainingJob,
) -> Result<(Placement, f64), Feasibility> {
    let shape = cluster.shape();
    if u64::from(job.gpus) > shape.gpus() {
        return Err(Feasibility::TooLarge { wanted: job.gpus, gpus: shape.gpus() });
    }
    let try_at = |cluster: &mut Cluster, placement: Placement| {
        let started = cluster.start(job, placement.clone())?;
        cluster.end(job.id);
        Ok((placement, started.rate))
    };
    let placement = packed(cluster, job.gpus).unwrap_or_default();
    let refusal = match try_at(cluster, placement) {
        Ok(found) => return Ok(found),
        Err(refusal) => refusal,
    };
    let least = job.gpus.div_ceil(shape.gpus_per_leaf());
    // Each number of leaves while there are few, then in steps of an eighth.
    let grown = |leaves: &u32| Some(leaves + 1.max(leaves / 8));
    let most = shape.leaves.min(job.gpus);
    for leaves in std::iter::successors(Some(least), grown).take_while(|&leaves| leaves <= most) {
        let mut servers = Vec::new();
        for leaf in 0..leaves {
            let share = job.gpus / leaves + u32::from(leaf < job.gpus % leaves);
            fill_leaf(cluster, LeafId(leaf), share, &mut servers);
        }
        if let Ok(found) = try_at(cluster, Placement::new(servers)) {
            return Ok(found);
        }
    }
    Err(Feasibility::NoCircuits(refusal))
}
