//! The world: infrastructure, workloads and policies on one event queue.

mod accelerators;
mod anomaly;
mod builder;
mod cells;
mod changes;
mod core;
mod decisions;
mod energy;
mod event;
mod governor;
mod hosting;
mod mission_engagement;
mod mobility;
mod movements;
mod network_energy;
mod orchestration;
mod radio;
mod replica_allocation;
mod resource_scope;
mod sampling;
mod service_placement;
mod simulation;
mod tables;
mod tier_samples;
mod training;
mod vehicles;
mod wifi;
mod workflow_scheduling;

pub use builder::{WorldBuilder, WorldError};
pub use event::{Event, UserEvent};
pub use governor::GovernorTimes;
pub use radio::RadioSampling;
pub(crate) use replica_allocation::instance_of;
pub use sampling::Sampling;
pub use simulation::{Finished, Simulation, World};
pub use vehicles::TelemetrySampling;

#[cfg(test)]
mod tests;
