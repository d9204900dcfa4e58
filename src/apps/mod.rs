//! Workloads: what wants to happen in the world.

mod context;
mod offloading;
pub mod tasks;
pub mod virtual_machines;
mod workload;

pub use context::{Context, DecisionId};
pub use offloading::{OffloadingChoice, OffloadingRequest};
pub use workload::{Message, Workload};
