//! The datacenter of CloudSim 3.0.3 with its quirks, each of which can be repaired.
//!
//! A [`Fleet`] holds hosts and virtual machines and knows what happens at a control step and at the end of a
//! migration. It has no clock and no loop: whoever drives it calls it at the instants that it asks for, as
//! [`CloudSimWorkload`] does on the world's event queue.
//!
//! The model is that of Beloglazov and Buyya (*Optimal online deterministic algorithms and adaptive heuristics
//! for energy and performance efficient dynamic consolidation of virtual machines in Cloud data centers*,
//! Concurrency and Computation 24, 2012), as the program does it. Where the program does something else than
//! the article or its own comments say, that is a [quirk](Quirks). Operations on floating-point numbers are
//! in the program's order, because its decisions depend on it.
//!
//! | file | holds |
//! | --- | --- |
//! | `inputs.rs`, `quirks.rs` | what a fleet is made from |
//! | `fleet.rs` | the state, and what happens when |
//! | `allocation.rs`, `hash_order.rs` | how a host divides its speed |
//! | `power.rs` | power and energy |
//! | `plan.rs`, `placement.rs`, `optimisation.rs` | where virtual machines go |
//! | `detection.rs`, `selection.rs` | which hosts are overloaded, and which virtual machine leaves |
//! | `history.rs` | the samples that detection looks back on |
//! | `accounts.rs` | records and the figures made of them |
//! | `workload.rs` | the fleet as a workload of the world |

mod accounts;
mod allocation;
mod detection;
mod fleet;
mod hash_order;
mod history;
mod inputs;
mod optimisation;
mod placement;
mod plan;
mod power;
mod quirks;
mod selection;
mod workload;

pub use accounts::FleetSummary;
pub use detection::OverloadDetector;
pub use fleet::{Fleet, Migration};
pub use inputs::{DemandGrid, FleetError, FleetSpec, HostKind, Management, VmKind};
pub use quirks::Quirks;
pub use selection::VmSelection;
pub use workload::CloudSimWorkload;

#[cfg(test)]
mod tests;
