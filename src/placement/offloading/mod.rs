//! Task offloading: a device has created a task; where does it run?

mod accelerated;
mod accelerator_view;
mod bandits;
mod chances;
pub mod edgecloudsim;
mod estimates;
mod fits;
mod fuzzy;
mod games;
mod learned;
mod lyapunov;
mod observation;
mod predictive;
mod targets;
mod thresholds;
mod tiers;
mod view;
mod ways;

pub use accelerated::{EnergyEfficient, GpuHybrid, GpuLoadBalanced, GpuMemoryAware};
pub use accelerator_view::{AcceleratorFeatures, accelerator_feature_columns};
pub use bandits::{Feature, LinUcb, Mab, Ucb1};
pub use chances::{PowerOfChoices, Probabilistic};
pub use estimates::{EnergyAware, LeastLoaded, MinLatency};
pub use fits::{BestFit, FirstFit, NextFit, WorstFit};
pub use fuzzy::{FuzzyBased, FuzzyCompetitor, FuzzyRules};
pub use games::{BestResponse, GameTheory};
pub use learned::{Learned, LearnedModels, TargetModels};
pub use lyapunov::{CorePrices, DriftPlusPenalty};
pub use observation::Observation;
pub use predictive::Predictive;
pub use targets::{Arms, Target};
pub use thresholds::{Hybrid, NetworkBased, UtilizationBased};
pub use tiers::{CloudOnly, EdgeOnly, LocalOnly, Nearest, Random, Select};
pub use view::{Features, OffloadingView, TierName, feature_columns};
pub use ways::{LocalFirst, RandomWay, RoundRobin, Way};

use super::ParameterError;
use crate::apps::OffloadingRequest;
use crate::engine::SimTime;
use crate::infra::network::NetworkClass;
use crate::infra::{NodeId, ProcessorId};
use std::fmt;

/// Where a task is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffloadingDecision {
    /// On this node, which may be the device itself.
    Run(NodeId),
    /// On a certain instance of a node, or by a certain network.
    Place(OffloadingTarget),
    /// Nowhere.
    Refuse,
}

/// Where a task is to run, in detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffloadingTarget {
    /// The node, which may be the device itself.
    pub node: NodeId,
    /// The instance of the node; `None` leaves it to the node: the one with the least load.
    pub processor: Option<ProcessorId>,
    /// The direct network that input and result are to take; `None`, or one that does not lead there, is the
    /// usual way.
    pub network: Option<NetworkClass>,
}

impl From<(NodeId, ProcessorId)> for OffloadingDecision {
    fn from((node, processor): (NodeId, ProcessorId)) -> Self {
        OffloadingDecision::Place(OffloadingTarget { node, processor: Some(processor), network: None })
    }
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
///
/// A policy that learns is told what came of each of its decisions, in the order in which that becomes
/// known:
///
/// ```
/// use stratosim::infra::Tier;
/// use stratosim::placement::offloading::{
///     DecisionOutcome, OffloadingDecision, OffloadingPolicy, OffloadingView,
/// };
///
/// /// To the edge as long as more than half of its tasks there have met with success, else to the cloud.
/// #[derive(Debug, Default)]
/// struct Trust { good: u64, bad: u64 }
///
/// impl OffloadingPolicy for Trust {
///     fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
///         view.nearest(if self.good >= self.bad { Tier::Edge } else { Tier::Cloud }).into()
///     }
///     fn learns(&self) -> bool { true }
///     fn learn(&mut self, outcome: &DecisionOutcome) {
///         *(if outcome.is_done { &mut self.good } else { &mut self.bad }) += 1;
///     }
/// }
/// ```
pub trait OffloadingPolicy: fmt::Debug + Send {
    /// Decides for one task.
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision;

    /// Whether it wants to be asked again, by [`decide_on_arrival`](Self::decide_on_arrival), when the input has
    /// arrived at the node it named: that one is then a place to go by.
    fn decides_on_arrival(&self) -> bool {
        false
    }

    /// The input has arrived at `node`: where does the task run? Another node means that the input goes on there.
    fn decide_on_arrival(&mut self, _view: &mut OffloadingView<'_>, node: NodeId) -> OffloadingDecision {
        OffloadingDecision::Run(node)
    }
    /// Whether it wants to [learn](Self::learn) what comes of its decisions; they are kept until then
    /// only if it does, or if they are recorded.
    fn learns(&self) -> bool {
        false
    }

    /// Learns what came of one of its decisions. What is unfinished when the run ends counts as not
    /// done, if it is told at all.
    fn learn(&mut self, _outcome: &DecisionOutcome) {}

    /// Whether its parameters make sense together, beyond what their types can say; asked once, before
    /// the run.
    ///
    /// # Errors
    /// The first parameter that does not, and why.
    fn check(&self) -> Result<(), ParameterError> {
        Ok(())
    }
}

/// What came of a decision, as the policy learns it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecisionOutcome {
    /// The number of the decision: that of its [view](OffloadingView::decision).
    pub decision: u64,
    /// The task.
    pub request: OffloadingRequest,
    /// When it was decided.
    pub decided: SimTime,
    /// When the outcome was known.
    pub resolved: SimTime,
    /// The node that was chosen; `None` if the policy refused the task, or the world its choice.
    pub node: Option<NodeId>,
    /// Whether the result arrived, and in time.
    pub is_done: bool,
    /// Seconds from the creation of the task to the arrival of its result, in time or not; `None` if
    /// none arrived.
    pub service_s: Option<f64>,
    /// The reward as it is recorded: 1 / (1 + service time in s) of what was done in time, else 0.
    pub reward: f64,
}
