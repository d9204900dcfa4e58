//! Training jobs on a cluster: where their GPUs are, which circuits they get, and who comes next.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Cluster`] | free GPUs and ports, circuits, who has what |
//! | [`TrainingPlacement`] | a way to choose GPUs for a job |
//! | [`QueuePolicy`] | the order in which waiting jobs are tried |
//! | [`feasibility`] | whether a job can ever start |
//!
//! A job is placed, then its circuits are wanted for that placement ([`Cluster::start`]); with the circuits goes a rate. None of
//! it knows a world or a clock.

mod cluster;
mod feasible;
mod heuristics;
mod look_ahead;
mod permutation;
mod place;
mod queue;
#[cfg(test)]
mod tests;

pub use cluster::{Cluster, ClusterShape, Fabric, Optics, Placement, StartRefusal, Started};
pub use feasible::{Feasibility, feasibility};
pub use heuristics::{DomainFirst, FirstFit, Packed, RandomServers, UplinkAware};
pub use look_ahead::{Exhaustive, LookAhead, PlacementScore, score};
pub use permutation::{LinearPredictor, OraclePredictor, OrderPredictor, WindowPermutation};
pub use place::{PlacementView, TrainingPlacement};
pub use queue::{
    Discipline, Fifo, Gittins, LeastAttained, QueuePolicy, QueueView, Reservation, RunningJob,
    ShortestFirst, ShortestRemaining, WaitingJob, giving_way,
};
