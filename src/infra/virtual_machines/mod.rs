//! Virtual machines: what they ask for, the hosts that they share, how they move.
//!
//! A host is a node that computes for virtual machines only. Its capacity is shared in two levels: the host's
//! cores among its virtual machines ([`Sharing`]), and what a virtual machine gets among its jobs, if it takes any
//! (a processor whose speed follows). All that changes at one instant is collected, and the shares of each host
//! that it touches are worked out once, so that the cost is that of what has changed, whatever the fleet's size.
//! Accounts are integrals over spans of constant rates, and therefore exact.

mod accounts;
mod energy;
mod expected_copy;
mod fleet;
mod host_states;
mod jobs;
mod life;
mod machines;
mod memory;
mod migration;
mod service;
mod sharing;
mod spec;

pub use accounts::{HostAccount, VmAccount};
pub(super) use energy::unpriced;
pub use expected_copy::ExpectedCopy;
pub use fleet::{Fleet, HostState};
pub use life::VmChange;
pub use machines::{VirtualMachines, VmState};
pub(super) use migration::MIGRATIONS;
pub use migration::{MigrationOutcome, MigrationRecord};
pub use spec::{
    CopiedMemory, HostSpec, MigrationMethod, MigrationSpec, Sharing, SleepSpec, VmRefusal, VmSpec,
};

#[cfg(test)]
mod cost_tests;
#[cfg(test)]
mod tests;
