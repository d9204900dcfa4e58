//! Functions (FaaS): replicas that are allocated, started and stopped, and requests that meet them.
//!
//! Requests of functions enter at nodes. At the decision point *replica allocation* a policy says each epoch how many replicas
//! of each function there are at each node (`control.rs`), and which part of the requests is served where it enters,
//! forwarded to a neighbour or rejected (`router.rs`). A replica is a deployed instance, which starts in stages
//! (`start.rs`) and stops when it is not wanted any more (`replicas.rs`, `keep_alive.rs`). A request waits for a
//! replica of its function at its node, is served for a drawn time, and its answer goes back the way that it came
//! (`requests.rs`).

mod accounts;
mod agents;
pub mod arrivals;
mod control;
mod epochs;
mod function;
mod keep_alive;
mod ledger;
mod meters;
mod outcome;
mod replicas;
mod report;
mod requests;
mod router;
mod start;
mod tables;
mod totals;
mod window;
mod workload;

pub use agents::AgentOptions;
pub use epochs::{EpochOptions, LoadForecast, Loads};
pub use function::{
    Function, FunctionOptions, Image, KeepAlive, Prices, Queue, Routing, Split, StartStages, Travel,
};
pub use outcome::{Outcome, Way};
pub use workload::FunctionWorkload;
