//! AI training jobs: what their iterations compute and send, and generators of them.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Collective`] | time and bytes of collective operations by algorithm |
//! | [`demand`] | bytes and circuits between leaves, from a pattern and a placement |
//! | [`LlmModel`], [`DlrmModel`] | what a model sends in an iteration, from its sizes and its parallelism |
//! | [`IterationProfile`] | compute and communication of an iteration; its slow-down at other rates |
//! | [`TrainingJob`], [`JobGenerator`] | jobs, and how they come |
//!
//! All of it is functions of its arguments: it knows no world. `docs/optical.md` has the equations and their sources.

mod account;
mod cluster;
mod collectives;
pub mod demand;
mod error;
mod feasible;
mod generator;
mod iteration;
mod job;
mod models;
mod operation;
mod pace;
pub(crate) mod packing;
mod plan;
mod request;
mod rows;
mod scheduling;
mod tables;
#[cfg(test)]
mod tests;
mod waiting;
mod workload;

pub use cluster::{Cluster, ClusterShape, Fabric, Optics, Placement, StartRefusal, Started};
pub use collectives::{Channel, Collective, CollectiveCost, bus_bytes_per_s, hierarchical_all_reduce_s};
pub use error::TrainingError;
pub use feasible::{Feasibility, feasibility};
pub use generator::{
    Arrivals, DayProfile, JobGenerator, JobMix, LogNormalFit, PUBLISHED_CLUSTERS, PublishedCluster,
    SizeWeights,
};
pub use iteration::{CommunicationPhase, IterationProfile};
pub use job::{JobKind, TrainingJob};
pub use models::{DlrmModel, LlmModel, MoeLayers, Parallelism};
pub use pace::{Pace, full_time_s};
pub use plan::{CheckpointPlan, ClusterPlan, FabricPlan, JobPlan, OpticalPlan, TrainingPlan};
pub use request::{
    TrainingPlacementChoice, TrainingPlacementRequest, TrainingQueueChoice, TrainingQueueRequest,
    TriedOrder,
};
pub use waiting::{Discipline, Reservation, RunningJob, WaitingJob};
pub use workload::TrainingWorkload;
