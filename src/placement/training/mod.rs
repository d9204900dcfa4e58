//! Training jobs on a cluster: where their GPUs are, and who comes next.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`TrainingPlacement`] | a way to choose GPUs for a job |
//! | [`QueuePolicy`] | the order in which waiting jobs are tried |
//!
//! A job is placed, then its circuits are wanted for that placement
//! ([`Cluster::start`](crate::apps::training::Cluster::start)); with the circuits goes a rate.

mod features;
mod heuristics;
mod look_ahead;
mod permutation;
mod place;
mod queue;
#[cfg(test)]
mod tests;

pub use features::{
    placement_feature_columns, placement_features, queue_feature_columns, queue_features,
};
pub use heuristics::{DomainFirst, FirstFit, Packed, RandomServers, UplinkAware};
pub use look_ahead::{Exhaustive, LookAhead, PlacementScore, score};
pub use permutation::{LinearPredictor, OraclePredictor, OrderPredictor, WindowPermutation};
pub use place::{PlacementView, TrainingPlacement};
pub use queue::{
    Fifo, Gittins, LeastAttained, QueuePolicy, QueueView, ShortestFirst, ShortestRemaining, giving_way,
};
