//! User sessions: users at places, who access services by requests, and the instances that serve them.
//!
//! A user sits on a device. It asks a directory for an instance of its service, sends requests there, has a measured latency
//! for each, and asks again from time to time. Where there are instances, and which users go to which, is up to a [control
//! plane](super::orchestration), whose [agents](super::agents) this workload owns: it hands each
//! stimulus of theirs to the decision point *orchestration*, and carries out what is ordered.
//!
//! | what | where |
//! | --- | --- |
//! | users: when they are there, and when they want something | `users.rs`, `demand.rs` |
//! | whom they ask, and what they learn | `directory.rs` |
//! | a request, from the user to an instance and back | `requests.rs` |
//! | instances: pull, boot, death and return of their nodes | `instances.rs` |
//! | what an instance and its node can know | `facts.rs`, `windows.rs` |
//! | what control planes begin and end | `actions.rs` |
//! | tables, summary | `tables.rs`, `report.rs` |

mod actions;
mod demand;
mod directory;
mod facts;
mod instances;
mod options;
mod outcome;
mod report;
mod requests;
mod service;
mod tables;
mod users;
mod windows;
mod workload;

pub use demand::{Demand, DemandPlace, Hours};
pub use options::{ForcedAction, Presence, SessionOptions};
pub use outcome::SessionOutcome;
pub use service::SessionService;
pub use workload::SessionWorkload;
