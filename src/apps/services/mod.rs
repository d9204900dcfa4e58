//! Applications made of services: placed, audited, moved, and asked by requests.
//!
//! An application is a graph of services with interactions between them. At the decision point *service placement* a
//! policy finds nodes for the replicas of its services; each has an instance there, with cores of its own. Requests run
//! along *flows*, chains of services: over the network to a replica, through its queue and its cores, on to the next one,
//! and back. At each control step, and when something fails or changes, an audit tells which requirements are violated
//! (`lifecycle.rs`); what is at fault is moved, with its state, over the same network (`migration.rs`).

mod analytic;
mod application;
mod arrivals;
mod lifecycle;
mod migration;
mod outcome;
mod replicas;
mod report;
mod requests;
mod routing;
mod tables;
mod workload;

pub use analytic::analytic_response_s;
pub use application::{Application, Flow, Interaction, Processing, Service};
pub use arrivals::Arrival;
pub use lifecycle::Repair;
pub use migration::MigrationKind;
pub use outcome::Outcome;
pub use report::Prices;
pub use routing::Routing;
pub use workload::{ServiceOptions, ServiceWorkload};
