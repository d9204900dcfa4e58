//! The decision point *replica allocation*: how many replicas of functions there are at which nodes, and which part of
//! the requests that enter at a node is served there, forwarded to a neighbour, or rejected.
//!
//! A workload of functions tells once [what there is to allocate](FunctionProblem), by
//! [`add_function_problem`](super::Context::add_function_problem), and then asks each epoch, or as often as the policy
//! [wants](super::Context::replica_allocation_period_s), with the loads and what is [observed](ObservedStreams). A
//! *stream* is a function at a node where its requests enter: `node * functions + function`. An *arc* is a way from a node
//! to a neighbour.

use super::DecisionId;
use crate::infra::NodeId;
use std::borrow::Cow;
use std::fmt;

/// What there is to allocate in a workload. Loads and free memory come with each question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionProblem {
    /// The nodes, in the order of their numbers here.
    pub nodes: Vec<NodeId>,
    /// Number of functions.
    pub functions: usize,
    /// Memory of a replica in MB (of 1 000 000 bytes), by function, at least 1.
    pub memory_mb: Vec<u64>,
    /// Utilisation that a replica may have, by function, above 0 and at most 1.
    pub max_utilisation: Vec<f64>,
    /// Replicas at each node that there are at least, by function.
    pub minimum: Vec<u32>,
    /// Replicas at each node that there are at most, by function.
    pub maximum: Vec<u32>,
    /// Mean seconds for which a request keeps a replica busy, by stream, above 0.
    pub demand_s: Vec<f64>,
    /// From and to which node requests may be forwarded, by numbers of nodes here: both ways of each pair, ascending.
    pub arcs: Vec<(u32, u32)>,
    /// Reward of a request that is served where it enters, by stream.
    pub alpha: Vec<f64>,
    /// Reward of a request that is forwarded, by arc and function (`arc * functions + function`).
    pub beta: Vec<f64>,
    /// Penalty of a request that is rejected, or sent up to the cloud, by stream.
    pub gamma: Vec<f64>,
    /// Reward expected of a request that is offered to others, by stream.
    pub delta: Vec<f64>,
    /// Whether the objective is divided by the sum of all loads, rather than each stream by its own.
    pub is_total: bool,
    /// Methods by which to allocate each epoch, too, for comparison only.
    pub compare: Vec<String>,
}

impl FunctionProblem {
    /// Number of streams.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.nodes.len() * self.functions
    }
}

/// What a workload sees of its streams. Windows are seconds up to now; if the run is shorter than one, it is the run so
/// far. Windows of no length are the present.
pub trait ObservedStreams: fmt::Debug {
    /// Replicas that serve or could.
    fn ready(&self, stream: usize) -> u32;

    /// Replicas that start.
    fn starting(&self, stream: usize) -> u32;

    /// Replicas as they were last decided.
    fn target(&self, stream: usize) -> u32;

    /// Requests that wait.
    fn queued(&self, stream: usize) -> u32;

    /// Requests that are served.
    fn in_flight(&self, stream: usize) -> u32;

    /// Requests of the function that came to the node, entered there or forwarded, per second of the window.
    fn arrivals_rps(&self, stream: usize, window_s: f64) -> f64;

    /// Mean number of requests that waited or were served in the window.
    fn concurrency(&self, stream: usize, window_s: f64) -> f64;

    /// Mean share of the ready replicas that was busy in the window; 0 without any.
    fn busy_share(&self, stream: usize, window_s: f64) -> f64;

    /// Requests that a replica serves at the same time at most.
    fn serves_at_once(&self, _stream: usize) -> u32 {
        1
    }

    /// Whether a node works, by its number in the problem.
    fn is_up(&self, node: usize) -> bool;
}

/// A question for an allocation.
#[derive(Clone, Copy, Debug)]
pub struct ReplicaAllocationRequest<'a> {
    /// The epoch, from 0.
    pub epoch: u64,
    /// Whether it is the first question of the epoch: that one is recorded, and methods are compared.
    pub is_first: bool,
    /// Requests that enter per second, by stream, as far as they are known.
    pub loads_rps: &'a [f64],
    /// Memory in MB for replicas, by node: what is free, and what the workload's own replicas hold; 0 of nodes that do
    /// not work.
    pub memory_mb: &'a [u64],
    /// What the workload sees.
    pub observed: &'a dyn ObservedStreams,
    /// Part of the requests of the last settled epoch that were served; `None` if there was none.
    pub served_share: Option<f64>,
    /// Part of those that met a cold replica.
    pub cold_share: Option<f64>,
}

/// Where the requests of each stream go, as parts of what enters; the rest is rejected, or sent up to the cloud.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteShares {
    /// Served where they enter, by stream. 1 where nothing was expected to enter.
    pub local: Vec<f64>,
    /// Forwarded, by arc and function (`arc * functions + function`).
    pub forwarded: Vec<f64>,
}

/// An iteration of a distributed method.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IterationRow {
    /// Its number, from 0.
    pub iteration: u32,
    /// Step of the prices.
    pub step: f64,
    /// Sum of the local objectives, which are minimised.
    pub local_objective: f64,
    /// Local objectives less prices.
    pub bound: f64,
    /// The least bound so far.
    pub best_bound: f64,
    /// Welfare cost, which is minimised.
    pub welfare: f64,
    /// The least welfare cost so far.
    pub best_welfare: f64,
    /// Objective of this iteration's allocation, which is maximised.
    pub objective: f64,
    /// What all nodes have offered, in requests per second.
    pub offered_rps: f64,
    /// What was taken of it.
    pub offloaded_rps: f64,
    /// |welfare - local objective| / |local objective|; 0 if both are.
    pub objective_deviation: f64,
}

/// What a method knows of an allocation that it has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its objective with the loads of the question.
    pub objective: f64,
    /// No allocation has a larger objective, if the method knows a bound.
    pub bound: Option<f64>,
    /// Iterations of a distributed method.
    pub iterations: u32,
    /// Nodes of the search tree.
    pub search_nodes: u64,
    /// How the method ended.
    pub status: Cow<'static, str>,
    /// What the iterations were like.
    pub series: Vec<IterationRow>,
}

/// How many replicas there are to be, and where requests go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaAllocation {
    /// Replicas by stream: those that serve or start and are not to stop.
    pub replicas: Vec<u32>,
    /// Where requests go; by the workload's own rules if the policy leaves that open.
    pub shares: Option<RouteShares>,
    /// Whether a request that finds no idle replica is bound to a new one, beyond `replicas`, in place of waiting.
    pub per_request: bool,
    /// What is known of it, if it is a method's.
    pub found: Option<Found>,
}

/// What another method would have found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Compared {
    /// The objective; `None` if the method has failed.
    pub objective: Option<f64>,
    /// No allocation has a larger objective, if the method knows a bound.
    pub bound: Option<f64>,
}

/// Why there is no new allocation: the last one stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AllocationFailure(pub String);

/// The answer, which the world has checked.
#[derive(Clone, Debug)]
pub struct ReplicaAllocationChoice {
    /// The allocation; the reason if the policy has failed, or wants what cannot be.
    pub result: Result<ReplicaAllocation, AllocationFailure>,
    /// What the methods to compare with have found, in their order; empty but in the first question of an epoch.
    pub compared: Vec<Compared>,
    /// To be resolved when what came of the epoch is known; `None` if it is not recorded.
    pub decision: Option<DecisionId>,
}

/// What a node means to do, by function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodePlan {
    /// Requests per second that it serves of its own.
    pub local_rps: Vec<f64>,
    /// Replicas.
    pub replicas: Vec<u32>,
}

/// What the coordinator of a distributed method has decided in a round.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoundResult {
    /// Requests per second that are forwarded, by arc and function.
    pub forwarded_rps: Vec<f64>,
    /// Prices by function for the next round.
    pub prices: Vec<f64>,
    /// Whether that is the best so far.
    pub is_best: bool,
    /// Whether the method has ended with it.
    pub has_ended: bool,
}

/// A step of a distributed method whose agents are nodes that send each other what they need to know. What they know is
/// theirs to keep: the world only works it out.
#[derive(Clone, Copy, Debug)]
pub enum AgentTurn<'a> {
    /// A run begins, with what a policy would be asked.
    Begin(&'a ReplicaAllocationRequest<'a>),
    /// A node decides for itself.
    Local {
        /// Its number.
        node: u32,
        /// The prices that it knows, by function.
        prices: &'a [f64],
    },
    /// The coordinator goes on with what nodes mean to do, as far as it knows.
    Coordinate {
        /// By node.
        plans: &'a [Option<NodePlan>],
    },
    /// A node uses what the coordinator has left it.
    Restricted {
        /// Its number.
        node: u32,
        /// What it forwards, in requests per second, by function.
        forwarded_rps: &'a [f64],
        /// What it receives.
        received_rps: &'a [f64],
    },
    /// The run is over, and this is what nodes do.
    Finish(&'a ReplicaAllocation),
}

/// What comes of it.
#[derive(Clone, Debug)]
pub enum AgentReply {
    /// The prices by function with which all begin.
    Begun(Vec<f64>),
    /// What a node means to do.
    Plan(NodePlan),
    /// What the coordinator has decided.
    Round(RoundResult),
    /// The allocation as it is recorded.
    Decided(ReplicaAllocationChoice),
    /// It cannot be.
    Failed(AllocationFailure),
}
