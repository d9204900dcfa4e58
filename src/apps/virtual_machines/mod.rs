//! Virtual machines: requested, allocated to hosts, driven by series or by jobs, consolidated.
//!
//! Each virtual machine has a [`VmRequest`]: what it is, when it comes, how long it stays and what it wants over
//! time - a share of its size on a regular grid, irregular fragments, a constant, or what jobs in it ask for. At the
//! decision point *VM allocation* a policy puts it on a host or lets it wait; each period, at the decision point
//! *consolidation*, another one moves virtual machines and lets hosts sleep. What was asked for and not got is
//! accounted for exactly, by cause. [`TracedVms`] and [`TracedJobs`] are made of a workload trace.
//!
//! [`cloudsim`] is a fleet of its own, which repeats CloudSim 3.0.3 to the last digit.

pub mod cloudsim;
mod config;
mod control;
mod costs;
mod demand;
mod future;
mod jobs;
mod order;
mod placing;
mod report;
mod tables;
mod traced;
mod workload;

pub use config::{BatchJob, Demand, Drain, VmOptions, VmRequest, VmType};
pub use demand::{DemandGrid, Demands, Fragment, SyntheticDemand};
pub use traced::{TraceUse, TracedError, TracedJobs, TracedRules, TracedType, TracedVms};
pub use workload::VmWorkload;
