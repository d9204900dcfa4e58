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

/// The distance in metres up to which something is heard, within a metre: `near_m` or more, at most `far_m`, `None` if not even
/// at `near_m`. Where signals come back with distance, one of those at which they go.
pub(in crate::infra) fn farthest_m(
    mut near_m: f64,
    mut far_m: f64,
    is_heard: impl Fn(f64) -> bool,
) -> Option<f64> {
    if !is_heard(near_m) {
        return None;
    }
    if is_heard(far_m) {
        return Some(far_m);
    }
    while far_m - near_m > 1.0 {
        let middle_m = 0.5 * (near_m + far_m);
        if is_heard(middle_m) {
            near_m = middle_m;
        } else {
            far_m = middle_m;
        }
    }
    Some(far_m)
}

pub use path_loss::CloseInPathLoss;
pub(super) use path_loss::SPEED_OF_LIGHT_M_PER_S;
pub use signals::{RadioEnvironment, RadioError, RadioSignal, SiteSignal};
pub(super) use signals::{SendingSite, Signals};
