//! The scenario format: JSON documents, quantities with units, and checks that name the place of every
//! error.
//!
//! A scenario type is a plain struct with `Deserialize` and `JsonSchema`; its schema is what `stratosim
//! schema` prints and what [`check`] holds a [`Document`] to, so that the two cannot differ. [`read`] does
//! both steps and gives either the value or all errors of the file at once.
//!
//! ```
//! use stratosim::scenario::{Document, Duration, read};
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Link {
//!     latency: Duration,
//! }
//!
//! let link: Link = read(&Document::parse("link.json", r#"{ "latency": "20 ms" }"#)?)?;
//! assert_eq!(link.latency.as_secs(), 0.02);
//!
//! let errors = read::<Link>(&Document::parse("link.json", r#"{ "latency": "20 msec" }"#)?);
//! assert_eq!(
//!     errors.err().map(|e| e.to_string()).as_deref(),
//!     Some(
//!         "link.json:1:14: latency: \"20 msec\" is not a duration: unit \"msec\" is not known; use one \
//!          of ns, us, ms, s, min, h, d (for example \"20 ms\")"
//!     )
//! );
//! # Ok::<(), stratosim::scenario::Diagnostics>(())
//! ```

mod application_check;
mod build;
mod check;
mod diagnostic;
mod document;
pub mod format;
pub mod import;
pub mod library;
mod load;
mod override_path;
mod path;
mod record;
mod registry;
mod schema;
mod site;

pub use crate::names::did_you_mean;
pub use crate::units::{
    Coordinate, DataRate, DataSize, Duration, Energy, EnergyPerBit, FloatingPointRate,
    FloatingPointWork, Frequency, Gain, InstructionRate, Instructions, Length, Power, PowerLevel,
    QuantityError, QuantityKind, Ratio, Speed, Unit,
};
pub use application_check::{
    BUILT_IN_ASSETS, Fault, application_faults, asset_faults, diagnose, offer_faults, workflow_faults,
};
pub use build::{Movement, NodeDirectory, PowerSite, WorkloadSite};
pub use check::{check, read, schema_of};
pub use diagnostic::{Diagnostic, Diagnostics, Origin, Place};
pub use document::Document;
pub use format::Scenario;
pub use load::{Loaded, load};
pub use path::{Path, PathError, Segment};
pub use record::open_scenario;
pub use registry::{
    BuildConsolidation, BuildControlPlane, BuildDetector, BuildLinkChoice, BuildMobility,
    BuildOffloading, BuildOverload, BuildPathLoss, BuildPower, BuildResponse, BuildScheduler,
    BuildServicePlacement, BuildTrainingQueue, BuildWorkload, KindInfo, Parameters, Registry,
};
pub use site::Site;
