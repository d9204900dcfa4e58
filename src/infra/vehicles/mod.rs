//! Vehicles: nodes that fly or drive as their autopilots do. Page: `docs/vehicles.md`.
//!
//! A [`VehicleSpec`] makes the nodes of a class vehicles. They are told what to do by [`VehicleCommand`]s, and tell what
//! happens by [`VehicleEvent`]s; between these they move along straight legs with exact profiles of speed, so that
//! nothing is stepped through.

mod command;
mod fleet;
mod flight;
mod follow;
mod machine;
mod plan;
mod power;
mod presets;
mod profile;
mod reserve;
mod spec;
#[cfg(test)]
mod tests;
mod view;
mod wind;

pub use command::{
    LossReason, ReturnReason, VehicleCommand, VehicleEvent, VehicleMode, VehiclePhase, VehicleRefusal,
    Waypoint,
};
pub use flight::{Flight, FlightEnd};
pub use presets::{VehiclePreset, vehicle_preset, vehicle_presets};
pub use profile::{Limits, Piece, Pieces, rest_to_rest_s};
pub use spec::{
    Corners, FaultPolicy, FollowSpec, Kinematics, LandingSpec, PackSpec, ReservePolicy, ReturnSpec,
    TurnSpec, VehicleKind, VehicleSpec,
};
pub use view::{Destination, Reach, VehicleView};
pub use wind::{GustSpec, Wind, WindSpec};

pub(super) use fleet::Vehicles;
