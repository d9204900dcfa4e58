//! The world: infrastructure, workloads and policies on one event queue.

mod builder;
mod core;
mod decisions;
mod energy;
mod event;
mod governor;
mod hosting;
mod mobility;
mod radio;
mod sampling;
mod simulation;
mod tables;

pub use builder::{WorldBuilder, WorldError};
pub use event::{Event, UserEvent};
pub use governor::GovernorTimes;
pub use radio::RadioSampling;
pub use sampling::Sampling;
pub use simulation::{Finished, Simulation, World};

#[cfg(test)]
mod tests;
