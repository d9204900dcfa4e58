//! The function replica allocation and load balancing problem (FRALB), and methods that solve it.
//!
//! An [`Instance`] is one control period: nodes with memory, functions with replicas that need it, neighbours to which
//! requests may be forwarded by one hop, and the load of each function at each node. An [`Allocation`] says how many
//! replicas there are where, and which part of each load is served locally, forwarded, or rejected. A [`Method`] makes
//! one of the other; [`Instance::set_loads`] gives the next period.
//!
//! | method | what |
//! | --- | --- |
//! | [`solve_centralised`] | the load management model (LMM): the optimum, a dive, or a rounded relaxation, with a bound |
//! | [`distribute`], [`Distributed`] | FaaS-MACrO: local problems, prices, and a greedy or optimal coordinator |
//! | [`auction`] | FaaS-MADeA: neighbours bid for spare capacity |
//! | [`no_offloading`], [`greedy_by_memory`], [`static_replicas`] | what these are compared with |
//!
//! In a world a [`ReplicaAllocationPolicy`] is asked each epoch, or at its own pace: the methods ([`Lmm`], [`Macro`], [`Madea`],
//! [`NoOffloading`], [`GreedyByMemory`], [`Static`], [`Fixed`]), and what clusters and platforms do in their place
//! ([`Knative`], [`Horizontal`], [`RequestRate`], [`QueueLength`], [`PerRequest`]).
//!
//! Instances are read from and written to JSON of our own ([`InstanceSeries`]) and the three files of the published
//! implementation ([`read_published`], [`write_published`]), and drawn from its configuration ([`InstanceGenerator`]).
//! All methods are deterministic at any number of threads, unless their time is limited.

mod agents;
mod allocation;
mod auction;
mod autoscalers;
mod baselines;
mod centralised;
mod distributed;
mod dive;
mod error;
mod forecast;
mod generator;
mod instance;
mod knapsack;
mod method;
mod methods;
mod outcome;
mod policy;
mod program;
mod published;
mod series;
#[cfg(test)]
mod tests;
mod view;

pub use agents::AgentMethod;
pub use allocation::{Allocation, Shares, Violation};
pub use auction::{AuctionOptions, auction};
pub use autoscalers::{
    Horizontal, HorizontalMemory, Knative, KnativeMemory, PerRequest, QueueLength, RequestRate,
};
pub use baselines::{StaticReplicas, greedy_by_memory, no_offloading, static_replicas};
pub use centralised::{
    CentralisedOptions, CentralisedSolver, EXACT_STREAMS, Flows, centralised_mps, relaxation_bound,
    solve_centralised,
};
pub use distributed::{
    Coordination, Coordinator, Distributed, DistributedOptions, FixedReplicas, GreedyOrder,
    IterationRecord, LocalPlan, Offers, PriceProcess, Report, SortingRule, StoppedEarly, coordinate,
    coordinate_optimally, distribute, local_plan, restricted_plan, stopped_early,
};
pub use error::FunctionsError;
pub use forecast::PredictedLoads;
pub use generator::{Generated, InstanceGenerator};
pub(crate) use generator::{draw_loads, random_neighbours};
pub use instance::{Instance, InstanceParts, MAX_INSTANCE_SIZE, Normalisation};
pub use method::{METHOD_NAMES, Method};
pub use methods::{
    Fixed, GreedyByMemory, Lmm, Macro, MacroMemory, Madea, NoOffloading, ReplicaCounts, Static,
};
pub use outcome::{Outcome, Status, Termination};
pub use policy::ReplicaAllocationPolicy;
pub use published::{read_published, write_published};
pub use series::{InstanceSeries, LoadStep};
pub use view::{AllocationView, feature_columns};
