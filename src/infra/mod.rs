//! The infrastructure: places and movement, nodes and compute, topology, transfers, faults.

mod geometry;

pub use geometry::{Leg, Position};
