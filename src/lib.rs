//! Stratosim: a discrete-event simulator of the whole Cloud-Edge continuum.

pub mod engine;
pub mod infra;
