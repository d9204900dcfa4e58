//! The placement of virtual machines that draws the least power: the optimum that heuristics are compared with.
//!
//! A mixed-integer linear program, for small cases: its solution time grows exponentially with virtual machines
//! and hosts. [`minimum_power`] is a pure function; what it returns can be applied like any other placement.

mod model;

pub use model::minimum_power;

use thiserror::Error;

/// A host that virtual machines can be placed on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlacementHost<'a> {
    /// Speed of all cores together, in MIPS.
    pub capacity_mips: f64,
    /// Speed of a core, which bounds what a virtual machine can have on each of its own.
    pub core_mips: f64,
    /// Memory in bytes.
    pub memory_bytes: f64,
    /// Room for what else virtual machines hold (storage, accelerators, virtual cores), in the order of
    /// [`PlacementVm::holds`]; what is not given has no bound.
    pub room: &'a [f64],
    /// Watts at evenly spaced utilisations from 0 to 1, at least two, with straight lines between. A host
    /// without virtual machines is off and draws nothing.
    pub power_w: &'a [f64],
}

/// A virtual machine that is to be placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlacementVm<'a> {
    /// What it asks for, in MIPS.
    pub demand_mips: f64,
    /// Its virtual cores, each on a core of its host.
    pub cores: f64,
    /// What it holds, in bytes.
    pub memory_bytes: f64,
    /// What else it holds, whatever it asks for.
    pub holds: &'a [f64],
    /// Whether it must stay on its host.
    pub is_fixed: bool,
    /// The host that it is on; moving it elsewhere costs `migration_w`.
    pub host: Option<usize>,
    /// What a migration counts, in watts beside those of the hosts: its energy over the time for which the
    /// placement will hold.
    pub migration_w: f64,
}

/// A placement of all virtual machines.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// For each virtual machine its host.
    pub hosts: Vec<usize>,
    /// Watts of all hosts.
    pub power_w: f64,
    /// Watts that its migrations count.
    pub migration_w: f64,
}

/// What solves the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Solver {
    /// microlp: branch and bound in Rust.
    #[default]
    Microlp,
    /// HiGHS, for larger cases.
    #[cfg(feature = "highs")]
    Highs,
}

/// Why there is no placement.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum PlacementError {
    /// A quantity is out of range.
    #[error("{what} {index} has {quantity} of {found}; it must be {allowed}")]
    Range {
        /// `host` or `virtual machine`.
        what: &'static str,
        /// Its number.
        index: usize,
        /// Which quantity.
        quantity: &'static str,
        /// What was found.
        found: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A host's power has too few points.
    #[error(
        "host {index} has {points} points of power; give at least 2, at evenly spaced utilisations from 0 to 1"
    )]
    Points {
        /// The host.
        index: usize,
        /// How many it has.
        points: usize,
    },
    /// Not all virtual machines fit.
    #[error(
        "{vms} virtual machines do not fit on {hosts} hosts; add hosts, or leave virtual machines out"
    )]
    Infeasible {
        /// Virtual machines.
        vms: usize,
        /// Hosts.
        hosts: usize,
    },
    /// The solver has given up.
    #[error("the solver has failed: {0}; try fewer virtual machines or hosts, or another solver")]
    Solver(String),
}

/// Watts of a host at a utilisation in 0..=1; nothing if it has no virtual machines.
#[must_use]
pub fn host_power_w(host: &PlacementHost<'_>, utilisation: f64) -> f64 {
    let segments = host.power_w.len().saturating_sub(1).max(1);
    let place = utilisation.clamp(0.0, 1.0) * segments as f64;
    let below = (place.floor() as usize).min(segments - 1);
    let point = |index: usize| host.power_w.get(index).copied().unwrap_or(0.0);
    point(below) + (point(below + 1) - point(below)) * (place - below as f64)
}

#[cfg(test)]
mod tests;
