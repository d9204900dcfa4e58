//! What a method has found, and how it ended.

use super::allocation::Allocation;
use super::distributed::IterationRecord;
use super::instance::Instance;
use std::fmt;

/// How a method ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// The allocation is proven to be optimal.
    Optimal,
    /// The allocation is within the gap that was asked for.
    WithinGap,
    /// The limit on nodes of the search was reached first.
    NodeLimit,
    /// The limit on time was reached first.
    TimeLimit,
    /// A heuristic, which proves nothing; a bound, if it has one, is that of the relaxation.
    Heuristic,
    /// A distributed method, which ended for this reason.
    Distributed(Termination),
}

/// Why a distributed method ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Termination {
    /// Each function has more spare capacity than is asked for.
    SpareCapacity,
    /// The best welfare has fallen below the bound: the decomposition is not exact, and prices mean nothing further.
    BoundsCrossed,
    /// The greatest number of iterations.
    MaxIterations,
    /// All that is offered is taken.
    AllOffloaded,
    /// The step of the prices has become too small.
    StepVanished,
    /// Nothing beyond the tolerance is asked for above the spare capacity.
    DeviationSmall,
    /// The limit on time.
    TimeLimit,
    /// The welfare was near the local objectives for as many iterations as the patience.
    ObjectivesAgree,
    /// The last improvements of the welfare, as many as the patience, are near each other.
    WelfareStalled,
    /// For as many iterations as the patience no price fell and all functions were short of capacity.
    PricesRise,
    /// Nothing was sold, and no replica could be added.
    NothingSold,
    /// The objective has not improved for as many iterations as the patience.
    NoImprovement,
}

impl fmt::Display for Termination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Termination::SpareCapacity => "spare capacity for all that is offered",
            Termination::BoundsCrossed => "the welfare is below its bound",
            Termination::MaxIterations => "greatest number of iterations",
            Termination::AllOffloaded => "all that is offered is taken",
            Termination::StepVanished => "the step of the prices is too small",
            Termination::DeviationSmall => "no more is asked for than can be taken",
            Termination::TimeLimit => "time limit",
            Termination::ObjectivesAgree => "welfare and local objectives agree",
            Termination::WelfareStalled => "the welfare improves too little",
            Termination::PricesRise => "no price falls, and all functions are short of capacity",
            Termination::NothingSold => "nothing more can be sold",
            Termination::NoImprovement => "the objective does not improve",
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Optimal => formatter.write_str("optimal"),
            Status::WithinGap => formatter.write_str("within the gap asked for"),
            Status::NodeLimit => formatter.write_str("stopped by the node limit"),
            Status::TimeLimit => formatter.write_str("stopped by the time limit"),
            Status::Heuristic => formatter.write_str("heuristic"),
            Status::Distributed(reason) => write!(formatter, "ended: {reason}"),
        }
    }
}

/// What a method has found for one control period.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The allocation.
    pub allocation: Allocation,
    /// Its objective.
    pub objective: f64,
    /// No allocation has a larger objective than this, if the method knows a bound.
    pub bound: Option<f64>,
    /// How the method ended.
    pub status: Status,
    /// Nodes of the search tree.
    pub search_nodes: u64,
    /// What each iteration of a distributed method was like; empty for others.
    pub iterations: Vec<IterationRecord>,
}

impl Outcome {
    /// An allocation that proves nothing.
    pub(super) fn heuristic(instance: &Instance, allocation: Allocation) -> Outcome {
        let objective = allocation.objective(instance);
        Outcome {
            allocation,
            objective,
            bound: None,
            status: Status::Heuristic,
            search_nodes: 0,
            iterations: Vec::new(),
        }
    }

    /// How far the objective may be from the optimum, relative to it: (bound - objective) / |objective|.
    #[must_use]
    pub fn gap(&self) -> Option<f64> {
        Some((self.bound? - self.objective).max(0.0) / self.objective.abs().max(1e-10))
    }
}
