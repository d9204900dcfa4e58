//! What is recorded of what an agent could see when it began an action.

use crate::apps::orchestration::{ActionFeatures, ActionKind};
use crate::records::ColumnSpec;

/// Number of features.
const FEATURES: usize = 13;

/// The columns of the features in the table of decisions.
#[must_use]
pub fn feature_columns() -> [ColumnSpec; FEATURES] {
    [
        ColumnSpec::float(
            "kind",
            "",
            "what the agent began: 0 migration of users, 1 replication, 2 termination, 3 assignment of a parent, 4 take-over",
        ),
        ColumnSpec::float("load_cpu", "", "share of the cores of the agent's node that was used"),
        ColumnSpec::float("load_memory", "", "share of the memory of the agent's node that was used"),
        ColumnSpec::float("users", "", "users of the instance"),
        ColumnSpec::float("cluster_users", "", "users that it was about"),
        ColumnSpec::float("cluster_score", "", "score of the cluster of badly served users"),
        ColumnSpec::float(
            "cluster_distance_m",
            "m",
            "distance from the node to the users' mean position",
        ),
        ColumnSpec::float("median_latency_s", "s", "median latency of the users"),
        ColumnSpec::float("limit_s", "s", "upper limit of the service's latency"),
        ColumnSpec::float("children", "", "children of the agent in the tree of the service"),
        ColumnSpec::float("depth", "", "edges from the agent up to the root of the tree"),
        ColumnSpec::float(
            "nearest_grid_distance_m",
            "m",
            "distance from the users' mean position to the nearest cell of a known grid with enough room",
        ),
        ColumnSpec::float("candidates", "", "candidates that the agent knew"),
    ]
}

/// The features in the order of their columns.
pub(crate) fn features(
    kind: ActionKind,
    cluster_users: Option<u32>,
    seen: &ActionFeatures,
) -> [Option<f64>; FEATURES] {
    [
        Some(f64::from(kind as u8)),
        seen.load_cpu,
        seen.load_memory,
        seen.users,
        cluster_users.map(f64::from),
        seen.cluster_score,
        seen.cluster_distance_m,
        seen.median_latency_s,
        seen.limit_s,
        seen.children,
        seen.depth,
        seen.nearest_grid_distance_m,
        seen.candidates,
    ]
}
