//! Missions: what drones and rovers are out for.
//!
//! A mission is a [scan or a route](PatrolPlan) of one vehicle, a survey of a field that is divided among many, a
//! [field](AgriculturePlan) that a tractor scans and sprays with the help of drones, or a [relay](RelayPlan) between a vehicle
//! and the node that it sends to. Missions command vehicles, and hear of them, by the [`Context`](super::Context) alone.
//! Whether a drone helps is asked at the decision point *mission engagement*. Vehicles have [streams](StreamPlan) of video,
//! whose messages are transfers and jobs of the world.

mod account;
mod agriculture;
mod config;
mod cover;
mod coverage;
mod crew;
mod engaged;
mod engagement;
mod field;
mod patrol;
mod relay;
mod streams;
mod sweep;
mod tables;
mod traveller;
mod video;
mod workload;

pub use account::{EngagementEnd, MissionOutcome};
pub use config::{
    AgriculturePlan, MissionKind, MissionPlan, PatrolKind, PatrolPlan, RelayPlan, Service, Way, WayEnd,
};
pub use coverage::{Coverage, Line, MOST_LINES, Point, Polygon, PolygonError};
pub use engagement::{
    DroneFacts, DroneState, EngagementChoice, EngagementDecision, EngagementRequest, Foresight,
    Objective, Trip,
};
pub use field::{DetectionMap, FieldError, ScannedField, Weeds, pass_over, together};
pub use streams::FrameOutcome;
pub use video::{Activity, FrameSizes, Processing, QueueRule, StreamPlan, StreamTime};
pub use workload::MissionWorkload;
