//! Task offloading: a device has created a task; where does it run?

mod estimates;
mod fits;
mod thresholds;
mod tiers;
mod view;

pub use estimates::{EnergyAware, LeastLoaded, MinLatency};
pub use fits::{BestFit, FirstFit, NextFit, WorstFit};
pub use thresholds::{Hybrid, NetworkBased, UtilizationBased};
pub use tiers::{CloudOnly, EdgeOnly, LocalOnly, Nearest, Random, Select};
pub use view::{Features, OffloadingView, TierName, feature_columns};

use crate::infra::NodeId;
use std::fmt;

/// Where a task is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffloadingDecision {
    /// On this node, which may be the device itself.
    Run(NodeId),
    /// Nowhere.
    Refuse,
}

impl From<Option<NodeId>> for OffloadingDecision {
    fn from(node: Option<NodeId>) -> Self {
        node.map_or(OffloadingDecision::Refuse, OffloadingDecision::Run)
    }
}

/// A way to decide where tasks run.
///
/// ```
/// use stratosim::infra::Tier;
/// use stratosim::placement::offloading::{OffloadingDecision, OffloadingPolicy, OffloadingView};
///
/// /// Long tasks go to the cloud, short ones stay on the device.
/// #[derive(Debug)]
/// struct ByLength { longest_local_mi: f64 }
///
/// impl OffloadingPolicy for ByLength {
///     fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
///         if view.request().job.length_mi <= self.longest_local_mi {
///             return OffloadingDecision::Run(view.local());
///         }
///         view.nodes(Tier::Cloud).first().copied().into()
///     }
/// }
/// ```
pub trait OffloadingPolicy: fmt::Debug + Send {
    /// Decides for one task.
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision;
}
