//! Service placement: replicas of an application's services need nodes; on which ones do they run?

mod backtracking;
mod co_location;
mod eclypse;
mod energy;
mod fits;
mod fixed;
mod greedy;
mod improve;
mod milp;
mod near;
mod view;

pub use backtracking::Backtracking;
pub use co_location::CoLocation;
pub use eclypse::{
    EclypseBestFit, EclypseFirstFit, EclypseRandom, EclypseRoundRobin, EclypseStatic, NodeOrder,
};
pub use energy::{CarbonAware, EnergyAware};
pub use fits::{BestFit, FirstFit, RandomFit, RoundRobin};
pub use fixed::Fixed;
pub use greedy::GreedyLatency;
pub use improve::{LocalSearch, SearchStart, SearchWeights, SimulatedAnnealing};
pub use milp::{Milp, PlacementObjective};
pub use view::{Distances, Interaction, PlacementView, Tentative, Way, feature_columns};

use crate::infra::NodeId;
use crate::infra::applications::{ReplicaIndex, Violation};
use crate::placement::ParameterError;
use std::fmt;

/// Where replicas are to run.
#[derive(Clone, Debug, PartialEq)]
pub enum ServicePlacementDecision {
    /// Each open replica on this node. They are placed in this order, which decides which of them find their ways
    /// first; and when a node or link is overbooked later, the last ones leave first.
    Place(Vec<(ReplicaIndex, NodeId)>),
    /// Nowhere for now, for this requirement.
    Reject(Violation),
}

/// A way to place services.
///
/// ```
/// use stratosim::infra::applications::{Violation, ViolationKind};
/// use stratosim::placement::services::{
///     PlacementView, ServicePlacementDecision, ServicePlacementPolicy,
/// };
///
/// /// All on one node, the first that has room for all.
/// #[derive(Debug)]
/// struct Together;
///
/// impl ServicePlacementPolicy for Together {
///     fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
///         let mut fault = Violation::new(ViolationKind::NodeDown);
///         let start = view.checkpoint();
///         for &node in view.candidates() {
///             let placed = view.open().iter().try_for_each(|&replica| view.assign(replica, node));
///             match placed {
///                 Ok(()) => return view.decided(),
///                 Err(short) => fault = short,
///             }
///             view.rollback(start);
///         }
///         ServicePlacementDecision::Reject(fault)
///     }
/// }
/// ```
pub trait ServicePlacementPolicy: fmt::Debug + Send {
    /// Decides for the [open](PlacementView::open) replicas of an application.
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision;

    /// Checks parameters that a schema cannot.
    ///
    /// # Errors
    /// What is wrong, and where.
    fn check(&self) -> Result<(), ParameterError> {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
