//! Stratosim: a discrete-event simulator of the whole Cloud-Edge continuum.

pub mod apps;
pub mod cli;
pub mod energy;
pub mod engine;
pub mod infra;
pub mod output;
pub mod placement;
pub mod records;
pub mod scenario;
pub mod sweep;
pub mod world;
