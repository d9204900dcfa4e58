//! Delay models: links whose delay is fixed when a message enters them.
//!
//! They are the access networks of the offloading literature, which knows a network by a formula or by
//! measured figures rather than by its packets. A model is asked once for each message and may keep a
//! memory of what it has seen. Each direction of a link has a model of its own, unless both share one.

mod close_in;
mod packet_loss;
mod population;
mod shaped;
mod table;
mod windows;

pub use close_in::{CloseIn, CloseInError};
pub use packet_loss::PacketLoss;
pub use population::{PopulationError, PopulationQueue};
pub use shaped::{Jitter, Shaped, ShapedRate};
pub use table::{ThroughputError, ThroughputTable};
pub use windows::{WindowError, WindowedQueue};

use crate::engine::SimTime;
use crate::infra::ids::NodeId;
use std::fmt;

/// A message that enters a link, or asks how long it would take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Message {
    /// The present instant.
    pub now: SimTime,
    /// Its size in bytes.
    pub bytes: f64,
    /// Bandwidth of the link in bits a second.
    pub bandwidth_bps: f64,
    /// Messages on the link already; in both directions if these share a channel.
    pub transfers: usize,
    /// Devices that are attached to the access point of the device that sends or receives; zero if neither
    /// end is a device.
    pub population: u32,
    /// Devices that are attached to any access point.
    pub devices: u32,
    /// The device that sends or receives, if one does.
    pub device: Option<NodeId>,
    /// Metres from that device to its access point; zero if the model [does not ask](DelayModel::needs_distance).
    pub distance_m: f64,
    /// Power in dBm that the device receives of its access point, if a
    /// [`RadioEnvironment`](crate::infra::RadioEnvironment) says how signals spread.
    pub received_dbm: Option<f64>,
}

/// How long a message takes over a link.
///
/// ```
/// use stratosim::infra::network::{DelayModel, Message};
///
/// /// Ten milliseconds for each device at the access point.
/// #[derive(Clone, Debug)]
/// struct Crowd;
///
/// impl DelayModel for Crowd {
///     fn delay_s(&mut self, message: &Message) -> Option<f64> {
///         Some(0.01 * f64::from(message.population))
///     }
///     fn boxed_clone(&self) -> Box<dyn DelayModel> {
///         Box::new(self.clone())
///     }
/// }
/// ```
pub trait DelayModel: fmt::Debug + Send + Sync {
    /// Seconds from the entry of the message to its end, propagation not included; `None` if the link takes
    /// it not. Asked for estimates, too: it must not count the message.
    fn delay_s(&mut self, message: &Message) -> Option<f64>;

    /// The message has come to the link, and entered it unless `delay_s` is `None`.
    fn note(&mut self, _message: &Message, _delay_s: Option<f64>) {}

    /// Bits a second of a message at this received power in dBm, if the model has such a rate and carries anything
    /// at all at this power.
    fn rate_at_bps(&self, _received_dbm: f64) -> Option<f64> {
        None
    }

    /// Whether its delays depend on [`Message::distance_m`], which costs a look at where both ends are.
    fn needs_distance(&self) -> bool {
        true
    }

    /// Another one like it.
    fn boxed_clone(&self) -> Box<dyn DelayModel>;

    /// Another one like it for the link of this number, for models that differ from link to link.
    fn for_link(&self, _link: u32) -> Box<dyn DelayModel> {
        self.boxed_clone()
    }
}

impl Clone for Box<dyn DelayModel> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

#[cfg(test)]
mod tests {
    use super::Message;
    use crate::engine::SimTime;

    /// A message at the start of the run.
    pub(super) fn message(bandwidth_bps: f64, bytes: f64) -> Message {
        Message {
            now: SimTime::ZERO,
            bytes,
            bandwidth_bps,
            transfers: 0,
            population: 0,
            devices: 0,
            device: None,
            distance_m: 0.0,
            received_dbm: None,
        }
    }

    impl Message {
        pub(super) fn with_population(self, population: u32) -> Self {
            Message { population, ..self }
        }

        pub(super) fn with_transfers(self, transfers: usize) -> Self {
            Message { transfers, ..self }
        }

        pub(super) fn with_distance(self, distance_m: f64) -> Self {
            Message { distance_m, ..self }
        }

        pub(super) fn at(self, time_s: f64) -> Self {
            Message { now: SimTime::from_secs(time_s), ..self }
        }
    }
}
