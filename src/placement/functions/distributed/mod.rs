//! FaaS-MACrO: nodes that decide for themselves, and a coordinator that matches what they offer.

mod coordinator;
mod local;
mod options;
mod record;
mod run;

pub use coordinator::{Coordination, Offers, coordinate, coordinate_optimally};
pub use local::{LocalPlan, local_plan, restricted_plan};
pub use options::{Coordinator, DistributedOptions, FixedReplicas, GreedyOrder, Report, SortingRule};
pub use record::{IterationRecord, StoppedEarly, stopped_early};
pub use run::{Distributed, PriceProcess, distribute};
