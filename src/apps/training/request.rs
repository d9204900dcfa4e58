//! The decision points *training queue* and *training placement*: what is asked, and what is answered.

use super::cluster::{Cluster, Placement};
use super::job::TrainingJob;
use super::waiting::{Discipline, RunningJob, WaitingJob};
use crate::apps::DecisionId;

/// In which order are waiting jobs tried?
#[derive(Clone, Copy, Debug)]
pub struct TrainingQueueRequest<'a> {
    /// The number of the question in the workload, from 0.
    pub number: u64,
    /// The time in seconds.
    pub now_s: f64,
    /// Jobs that wait, in the order in which they came.
    pub waiting: &'a [WaitingJob],
    /// Jobs that run, in the order in which they started.
    pub running: &'a [RunningJob],
    /// The cluster.
    pub cluster: &'a Cluster,
}

/// An order of the first waiting jobs that a policy has thought of.
#[derive(Clone, Debug, PartialEq)]
pub struct TriedOrder {
    /// Positions among the waiting jobs.
    pub order: Vec<usize>,
    /// How good the policy takes it to be; more is better.
    pub score: f64,
}

/// The answer, which the world has checked.
#[derive(Clone, Debug, Default)]
pub struct TrainingQueueChoice {
    /// Positions among the waiting jobs in the order in which they are tried, none twice. Those left out wait.
    pub order: Vec<usize>,
    /// What happens when one cannot start.
    pub discipline: Discipline,
    /// The orders that the policy has compared, if it compares orders.
    pub tried: Vec<TriedOrder>,
    /// To be resolved when all have been tried; `None` if it is not recorded.
    pub id: Option<DecisionId>,
}

/// Which GPUs does a job get?
#[derive(Clone, Copy, Debug)]
pub struct TrainingPlacementRequest<'a> {
    /// The cluster, which has as many free GPUs as the job wants.
    pub cluster: &'a Cluster,
    /// The job.
    pub job: &'a TrainingJob,
    /// Jobs that come after it, in the order in which they will be tried; the first of them only.
    pub next: &'a [TrainingJob],
    /// How many jobs wait.
    pub waiting: usize,
}

/// The answer, which the world has checked: these GPUs are free.
#[derive(Clone, Debug, Default)]
pub struct TrainingPlacementChoice {
    /// The GPUs; `None` if it must wait.
    pub placement: Option<Placement>,
    /// To be resolved when the job has ended or does not start; `None` if it is not recorded.
    pub id: Option<DecisionId>,
}
