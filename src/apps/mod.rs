//! Workloads: what wants to happen in the world.

mod context;
mod offloading;
pub mod tasks;
mod workload;

pub use context::{Context, DecisionId};
pub use offloading::{DecisionEnd, OffloadingChoice, OffloadingRequest};
pub use workload::{Message, Workload};
