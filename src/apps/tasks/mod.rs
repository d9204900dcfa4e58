//! Device tasks: mobile devices create tasks, which run on the device, at the edge or in the cloud.
//!
//! Each device runs one application, drawn by the applications' shares. A task is created, a policy
//! decides where it runs, its input is uploaded, it waits and runs, and its result is downloaded. It
//! ends in exactly one [`Outcome`].

mod accelerated;
mod admission;
mod application;
mod arrivals;
mod counts;
mod edgecloudsim;
mod life;
mod outcome;
mod tracing;
mod tracing_tables;
mod workload;

pub use accelerated::AcceleratedPart;
pub use application::{Application, Arrival, TraceArrival};
pub use edgecloudsim::TaskSlips;
pub use outcome::Outcome;
pub use workload::{OnDeadline, OnHandover, TaskOptions, TaskWorkload};
