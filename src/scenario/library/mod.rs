//! What can be named instead of being written out: applications, and infrastructures made by rule.
//!
//! The applications and the figures of the infrastructures are those of the builders of ECLYPSE 0.9.1 (J. Massa
//! and V. De Caro, <https://github.com/eclypse-org/eclypse>): times in milliseconds, memory and storage in
//! gigabytes and bandwidths in megabits a second, which it leaves without units. Links lead both ways.
//!
//! ```
//! use stratosim::scenario::library;
//! let shop = library::application("sock_shop")?;
//! assert_eq!((shop.services.len(), shop.flows.len()), (7, 5));
//! assert!(library::application("sockshop").unwrap_err().to_string().contains("did you mean \"sock_shop\"?"));
//! # Ok::<(), library::UnknownApplication>(())
//! ```

mod applications;
mod infrastructures;

pub use applications::{
    APPLICATIONS, LibraryApplication, UnknownApplication, application, resolve_application,
};
pub(in crate::scenario) use infrastructures::expand;
pub use infrastructures::{InfrastructureError, LibraryInfrastructure, infrastructure};
