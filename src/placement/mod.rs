//! Decision points and the policies that decide at them, one family a folder.
//!
//! A policy looks at a view and returns a decision; it never changes the world. The world checks the
//! decision, applies or refuses it, and records it with what the policy could see.

pub mod anomaly;
pub mod consolidation;
pub mod engagement;
pub mod forecast;
pub mod frequency;
pub mod functions;
pub mod fuzzy;
mod games;
pub mod learning;
pub mod minimum_power;
pub mod offloading;
pub mod orchestration;
mod parameters;
mod program;
mod queues;
pub mod scopes;
pub mod services;
mod sites;
pub mod training;
pub mod vm_allocation;
pub mod workflows;

pub use games::CongestionGame;
pub use parameters::{ParameterError, Step};
pub use queues::VirtualQueue;
pub use sites::{EnergyWeights, SiteFeatures, SiteSignals, planned_host_w, site_columns};
