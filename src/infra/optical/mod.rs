//! Fabrics of AI clusters, and optical circuit switches in the place of their spines.
//!
//! Servers hang on *leaves*, packet switches whose uplinks end either at spine switches or at the ports of
//! optical circuit switches. A circuit switch maps ports one to one, has no buffers, and takes a while to
//! change its map, during which the circuits that are moved carry nothing.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`FatTree`], [`LeafSpine`], [`OpticalLayer`] | sizes and wiring |
//! | [`CircuitSwitch`] | one device: its map over time, its failures |
//! | [`CircuitMap`] | the circuits of all switches of a layer, as a colouring of edges between leaves |
//! | [`CircuitAllocator`] | circuits for jobs: whole, degraded, over several hops |
//! | [`ecmp_rates`] | the rates of long flows that a leaf-spine network spreads by hashing |
//! | [`FabricPower`] | what a fabric draws |
//!
//! Nothing here knows of events: who drives it passes the time in. `docs/optical.md` has the equations and
//! where they are from.

mod capped;
mod circuit_switch;
mod circuits;
mod clos;
mod colouring;
mod ecmp;
mod error;
mod fabric;
mod power;
mod routes;
#[cfg(test)]
mod tests;
mod world;

pub use circuit_switch::{Breakage, CircuitSwitch, SwitchPreset, SwitchTiming};
pub use circuits::{
    Allocation, CircuitAllocator, CircuitOptions, CircuitRefusal, Granted, PairDemand, Replan,
};
pub use clos::{Clos, MOST_LEVELS, Ways};
pub use colouring::{Circuit, CircuitMap, Colouring, PortMode, Unrealisable, colour};
pub use ecmp::{LeafFlow, ecmp_rates};
pub use error::OpticalError;
pub use fabric::{FatTree, LeafId, LeafSpine, OpticalLayer, SwitchId};
pub use power::{FabricParts, FabricPower};
pub use routes::{Routes, phase_time_s};
pub use world::{OpticalLayerId, OpticalLayerSpec, OpticalLayerState, OpticalLayers};
