//! Geo-distributed resources: an application of services whose whole instance runs on every site, users who create, read,
//! update and delete its resources, and agents that collaborate where the scope of a request asks for it.
//!
//! The approach is Cheops (Delavergne, "Cheops, a service-mesh to geo-distribute micro-service applications at the Edge",
//! thesis, IMT Atlantique, 2023): local first, collaborative then. See `docs/geo.md`.
//!
//! | what | where |
//! | --- | --- |
//! | what a workload is to do | `plan.rs` |
//! | what is asked of the policy | `request.rs` |
//! | resources, and the groups of sites that hold them | `directory.rs` |
//! | operations of users, and what each call of them does at a site | `operations.rs`, `calls.rs`, `steps.rs` |
//! | replicas and their messages | `members.rs` |
//! | what sites know of each other | `peers.rs` |
//! | what replicas have still to execute | `truth.rs` |

mod account;
mod answer;
mod calls;
mod directory;
mod members;
mod operations;
mod peers;
mod plan;
mod request;
mod rows;
mod scopes;
mod state;
mod steps;
mod tables;
mod truth;
mod users;
mod workload;

pub use answer::Failure;
pub use plan::{
    Access, GeoPlan, KindPlan, LeaderRule, ListedRequest, ReadRule, Removal, ScopePlan, UserPlan,
    WorkflowCall,
};
pub use request::{ScopeChoice, ScopeRequest};
pub use workload::GeoWorkload;
