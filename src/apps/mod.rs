//! Workloads: what wants to happen in the world.

pub mod agents;
mod anomaly;
mod context;
pub mod functions;
pub mod geo;
mod hosting;
pub mod missions;
mod offloading;
pub mod orchestration;
pub mod replica_allocation;
mod service_placement;
pub mod services;
pub mod sessions;
pub mod tasks;
mod times;
pub mod training;
pub mod virtual_machines;
pub mod workflows;
mod workload;

pub use anomaly::Anomaly;
pub use context::{Context, DecisionId, DecisionPoint};
pub use hosting::{
    ConsolidationChoice, ConsolidationRequest, Copying, FutureDemand, VmAllocationChoice,
    VmAllocationRequest, VmHistories,
};
pub use offloading::{DecisionEnd, OffloadingChoice, OffloadingRequest, PredictedShares};
pub use service_placement::{ServicePlacementChoice, ServicePlacementFailure, ServicePlacementRequest};
pub use workload::{Message, Workload};
