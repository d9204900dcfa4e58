//! Radio signals between devices and access points: path loss, shadowing, received power.
//!
//! With a [`RadioEnvironment`] access points are compared by the power that a device receives of them. Without
//! shadowing that is a matter of distances alone, and [`AccessPoints`](super::AccessPoints) solves for the exact
//! instants of hand-overs. With shadowing, or where an interval is given, each device measures the sites in its
//! range at that interval, and takes the strongest.
//!
//! What a 5G link makes of a signal - models of path loss, SINR, coding schemes, retransmissions, schedulers, jammers - is
//! in [`nr`], which knows no world; what one of WiFi makes of it in [`wifi`].

pub mod nr;
mod path_loss;
mod signals;
pub(in crate::infra) mod wifi;

pub use path_loss::CloseInPathLoss;
pub(super) use path_loss::SPEED_OF_LIGHT_M_PER_S;
pub use signals::{RadioEnvironment, RadioError, RadioSignal, SiteSignal};
pub(super) use signals::{SendingSite, Signals};
