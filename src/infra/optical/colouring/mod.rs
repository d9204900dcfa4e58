//! Circuits between leaves as a colouring of edges.
//!
//! With uplink i of every leaf on switch i, the circuits of a switch are a matching of leaves, so that circuits for a demand
//! are a colouring of the demand's edges with the switches as colours.
//!
//! * **Simplex**: sending and receiving ports are switched apart. The graph has two sides, and every demand whose sums of rows
//!   and columns are within the uplinks can be coloured (Kőnig 1916), by alternating paths.
//! * **Duplex**: a circuit takes a port at both leaves and carries both directions. Odd circles appear: three leaves that each
//!   want two circuits need three switches. Up to floor(3u/2) colours may be needed (Shannon, *A Theorem on Coloring the
//!   Lines of a Network*, 1949), and to find as few as possible is hard in general (Holyer 1981). Kempe chains and fans
//!   (Vizing 1964) are tried, an exact search where the demand is small, and what comes of it is told: impossible and why, or
//!   not found.

mod exact;
mod map;
mod moves;
mod solve;

pub use map::{Circuit, CircuitMap};
pub use solve::{Colouring, Unrealisable, colour};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a port of a circuit switch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortMode {
    /// Fibres that send and that receive are switched apart.
    Simplex,
    /// A circuit is both directions.
    #[default]
    Duplex,
}
