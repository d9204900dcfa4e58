//! What is recorded of what policies for training jobs see.

use crate::apps::training::{JobKind, Placement, TrainingPlacementRequest, TrainingQueueRequest};
use crate::records::ColumnSpec;

/// Features of an order: what the table `decisions` tells of what the policy saw.
#[must_use]
pub fn queue_feature_columns() -> [ColumnSpec; 8] {
    [
        ColumnSpec::float("waiting_jobs", "", "training jobs that waited"),
        ColumnSpec::float("waiting_gpus", "", "GPUs that they wanted"),
        ColumnSpec::float("running_jobs", "", "training jobs that ran"),
        ColumnSpec::float("free_gpus", "", "GPUs that were free"),
        ColumnSpec::float("free_share", "", "the same as a share of all"),
        ColumnSpec::float("largest_free_leaf_gpus", "", "free GPUs of the leaf with the most"),
        ColumnSpec::float(
            "longest_wait_s",
            "s",
            "time since the first of the waiting jobs was submitted",
        ),
        ColumnSpec::float(
            "next_end_s",
            "s",
            "time until the first of the running jobs was expected to end; null if none ran",
        ),
    ]
}

/// What is recorded of an order, in that order.
#[must_use]
pub fn queue_features(request: &TrainingQueueRequest<'_>) -> [Option<f64>; 8] {
    let cluster = request.cluster;
    let gpus: u64 = request.waiting.iter().map(|own| u64::from(own.job.gpus)).sum();
    let wait_s = request.waiting.iter().map(|own| request.now_s - own.job.submit_s).fold(0.0, f64::max);
    let end_s = request.running.iter().map(|own| own.end_s).min_by(f64::total_cmp);
    [
        Some(request.waiting.len() as f64),
        Some(gpus as f64),
        Some(request.running.len() as f64),
        Some(cluster.free() as f64),
        Some(cluster.free() as f64 / cluster.shape().gpus() as f64),
        cluster.by_free().last().map(|&(free, _)| f64::from(free)),
        Some(wait_s),
        end_s.map(|end_s| (end_s - request.now_s).max(0.0)).filter(|left_s| left_s.is_finite()),
    ]
}

/// Features of a placement.
#[must_use]
pub fn placement_feature_columns() -> [ColumnSpec; 10] {
    [
        ColumnSpec::float("job_gpus", "", "GPUs that the training job wanted"),
        ColumnSpec::float("job_duration_s", "s", "time that it takes at full rate"),
        ColumnSpec::float("job_communication", "", "part of its iterations that is communication"),
        ColumnSpec::float(
            "job_is_all_to_all",
            "",
            "1 if all its GPUs talk to each other, 0 if they form rings",
        ),
        ColumnSpec::float("waiting_jobs", "", "training jobs that waited"),
        ColumnSpec::float("free_gpus", "", "GPUs that were free"),
        ColumnSpec::float("free_share", "", "the same as a share of all"),
        ColumnSpec::float("largest_free_leaf_gpus", "", "free GPUs of the leaf with the most"),
        ColumnSpec::float("placed_leaves", "", "leaves of the placement; null if there was none"),
        ColumnSpec::float("placed_servers", "", "servers of the placement; null if there was none"),
    ]
}

/// What is recorded of a placement, in that order.
#[must_use]
pub fn placement_features(
    request: &TrainingPlacementRequest<'_>,
    placement: Option<&Placement>,
) -> [Option<f64>; 10] {
    let (cluster, job) = (request.cluster, request.job);
    [
        Some(f64::from(job.gpus)),
        Some(job.duration_s),
        Some(job.communication),
        Some(f64::from(u8::from(job.kind == JobKind::Dlrm))),
        Some(request.waiting as f64),
        Some(cluster.free() as f64),
        Some(cluster.free() as f64 / cluster.shape().gpus() as f64),
        cluster.by_free().last().map(|&(free, _)| f64::from(free)),
        placement.map(|own| own.leaves(cluster.shape()).len() as f64),
        placement.map(|own| own.servers().len() as f64),
    ]
}
