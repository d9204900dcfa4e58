//! Jammers: what they send, what arrives of it, and what it does to each channel.
//!
//! Three steps, so that what a jammer draws does not hang on its victims:
//!
//! 1. [`Jammer::emit`] lets time pass for one jammer: an [`Emission`] says when and how strongly it has sent.
//! 2. [`Emission::arrivals`] is what a device and its base station receive of it on their carrier.
//! 3. [`jam`] puts the arrivals of all jammers together with signal, noise and interference: states of both
//!    directions for a [`LinkFidelity`](super::LinkFidelity), losses of control channels, powers for measurements.

mod channels;
mod effect;
mod emission;
mod jammer;
mod moving;
mod power;
mod time;

pub use channels::{Bands, Channel, ChannelLayout, ControlCurves};
pub use effect::{ChannelReport, End, JammedLink, jam};
pub use emission::{Arrival, Arrivals, Coupling, Emission};
pub use jammer::{Jammer, JammerKind, JammerState};
pub use moving::Moving;
pub use power::{ModulatedPower, PowerLevels, Waveform};
pub use time::{Durations, OnOffProcess, Reaction, Sweep, SweepOverlap, pulse_on_s};

/// What is known of jamming of a device in a period: the labels of a detector's training data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JammingTruth {
    /// Name of the kind, as [`JammerKind::name`].
    pub kind: &'static str,
    /// Power of the jammer in the carrier over that of the signal, both while they are on, in dB, at the end that suffers
    /// more.
    pub jam_to_signal_db: f64,
    /// Share of the carrier that it touches, 0 to 1.
    pub overlap: f64,
    /// Share of the period in which it is on, 0 to 1.
    pub on: f64,
}

/// J/S in dB of radiated powers and path losses: Pj - Ps + PLs - PLj + 10 lg(share of the jammer's power that falls into the
/// carrier).
///
/// ```
/// use stratosim::infra::nr::jam_to_signal_db;
/// let ratio_db = jam_to_signal_db((30.0, 107.1), (52.0, 115.2), 0.5);
/// assert!((ratio_db + 16.910).abs() < 1e-3);
/// ```
#[must_use]
pub fn jam_to_signal_db(
    (jammer_dbm, jammer_loss_db): (f64, f64),
    (signal_dbm, signal_loss_db): (f64, f64),
    overlap: f64,
) -> f64 {
    jammer_dbm - signal_dbm + signal_loss_db - jammer_loss_db + super::to_db(overlap)
}
