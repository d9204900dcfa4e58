//! The trait of placements, and what they share.

use crate::apps::training::{Cluster, Placement, TrainingJob};
use crate::engine::Stream;
use crate::placement::ParameterError;
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
/// use stratosim::apps::training::Placement;
/// use stratosim::placement::training::{PlacementView, TrainingPlacement};
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

    /// That its parameters make sense.
    ///
    /// # Errors
    /// If they do not.
    fn check(&self) -> Result<(), ParameterError> {
        Ok(())
    }
}
