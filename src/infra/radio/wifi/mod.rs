//! The physics of WiFi links: pure functions, without a world around them.
//!
//! | file | holds |
//! | --- | --- |
//! | `standard.rs` | 802.11a, n and ac: widths, streams, guard intervals, modes and their rates |
//! | `errors.rs` | how often a frame is lost at a ratio of signal to noise |
//! | `exchange.rs` | how long a frame and its acknowledgement occupy the channel, and what they carry |
//! | `contention.rs` | what several senders on a channel make of it: Bianchi's model of the DCF |
//! | `adaptation.rs` | which mode a sender takes |
//! | `receiver.rs` | from received power to a link |
//!
//! Twenty-five metres of log-distance loss, and what a sender alone on the channel carries over them:
//!
//! ```
//! use stratosim::infra::nr::noise_dbm;
//! use stratosim::infra::wifi::{ErrorModel, Phy, Receiver, Standard, Width, goodput_bps};
//!
//! # fn main() -> Result<(), stratosim::infra::wifi::WifiError> {
//! let phy = Phy::new(Standard::N, Width::Mhz20, 1, false)?;
//! let receiver = Receiver::new(phy, ErrorModel::Table);
//! // 16.02 dBm over 25 m with 46.68 dB at 1 m and 30 dB a decade: -72.6 dBm, an SNR of 21.4 dB.
//! let received_dbm = 16.0206 - 46.6777 - 30.0 * 25f64.log10();
//! assert!((received_dbm - noise_dbm(20e6, 7.0) - 21.40).abs() < 0.01);
//! let link = receiver.link(received_dbm, noise_dbm(20e6, 7.0), 25.0).expect("above the gate");
//! assert_eq!(link.mode, 7);
//! assert!((goodput_bps(&link.exchange) / 59.8e6 - 1.0).abs() < 0.01);
//! # Ok(())
//! # }
//! ```

mod adaptation;
mod attempts;
mod contention;
mod errors;
mod exchange;
mod receiver;
mod standard;
#[cfg(test)]
mod tests;

pub use adaptation::Adaptation;
pub use contention::{Backoff, Contenders, Contention, Newcomer, goodput_bps};
pub use errors::{ErrorModel, REFERENCE_FRAME_BYTES};
pub use exchange::{Exchange, PAYLOAD_BYTES};
pub(in crate::infra) use receiver::check;
pub use receiver::{Receiver, WifiLink};
pub use standard::{Mode, Phy, Scheme, Standard, Width, WifiError};
