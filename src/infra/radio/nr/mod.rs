//! The physics of 5G NR cells: pure functions and small states, without a world around them.
//!
//! | file | holds |
//! | --- | --- |
//! | `path_loss/` | the trait [`PathLoss`] and its models, lines of sight, walls and cars |
//! | `shadowing.rs`, `fast_fading.rs` | what changes while a device moves |
//! | `carrier.rs` | numerologies, resource blocks, duplexing |
//! | `measurement.rs`, `sinr.rs` | noise, RSRP and its like, SINR on the parts of a carrier |
//! | `tables.rs`, `transport_block.rs` | coding schemes, channel quality indicators, sizes of blocks |
//! | `effective.rs`, `block_error.rs`, `block_error_curves.rs` | effective SINR, and how often blocks fail at it |
//! | `harq.rs`, `adaptation.rs`, `power_control.rs` | retransmissions, choice of schemes, power of devices |
//! | `link/` | from SINR to goodput: the trait [`LinkFidelity`] and its three models |
//! | `scheduler.rs` | who gets resource blocks: the trait [`BlockScheduler`] |
//! | `jamming/` | jammers, and what they do to each channel |
//!
//! Ratios of powers are linear where their names do not end in `_db`. All chance comes from the streams that are handed
//! in. `docs/radio.md` tells the models with their sources, and what is not modelled.
//!
//! A device 200 m from a base station in a street, and what it can receive in a second:
//!
//! ```
//! use stratosim::engine::RandomStreams;
//! use stratosim::infra::nr::{
//!     AnalyticLink, Carrier, Direction, Duplex, LinkConfig, LinkFidelity, LinkMemory, LinkPeriod, LinkState,
//!     NrError, Numerology, PathLoss, RadioPath, TddPattern, UrbanMicro, mw_from_dbm, noise_dbm, sinr_groups,
//! };
//!
//! # fn main() -> Result<(), NrError> {
//! let carrier = Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Time(TddPattern::DDDSU))?;
//! let link = AnalyticLink::new(LinkConfig::new(carrier, Direction::Downlink))?;
//! let path = RadioPath {
//!     carrier_hz: 3.5e9,
//!     distance_2d_m: 200.0,
//!     base_height_m: 10.0,
//!     device_height_m: 1.5,
//!     line_of_sight: false,
//! };
//! // 44 dBm, 8 dBi of antenna gain, a noise figure of 7 dB: an SINR of 23.85 dB.
//! let received_mw = mw_from_dbm(44.0 + 8.0 - UrbanMicro::default().path_loss_db(&path));
//! let noise_mw = mw_from_dbm(noise_dbm(carrier.occupied_hz(), 7.0));
//! let states = [LinkState::always(sinr_groups(received_mw, noise_mw, 0.0, &[]))];
//! let mut random = RandomStreams::new(1).entity("radio", 0);
//! let outcome = link.period(&LinkPeriod::whole(1.0, &states), &mut LinkMemory::default(), &mut random);
//! assert_eq!((outcome.cqi, outcome.mcs), (14.0, 25.0));
//! assert!((outcome.sinr_db - 23.846_507).abs() < 1e-6);
//! // 400 patterns a second of three slots with 36 036 elements for data and one with 22 932, 6.9141 bits each.
//! assert!((outcome.goodput_bps / (400.0 * 131_040.0 * 6.914_1) - 1.0).abs() < 0.02);
//! # Ok(())
//! # }
//! ```

mod adaptation;
mod block_error;
mod block_error_curves;
mod carrier;
mod decibel;
mod effective;
mod error;
mod fast_fading;
mod harq;
mod jamming;
mod link;
mod measurement;
mod path_loss;
mod power_control;
#[cfg(test)]
mod reference;
mod scheduler;
mod shadowing;
mod sinr;
mod tables;
mod transport_block;

pub use adaptation::{CqiSelector, OuterLoop, mean_sinr_db, rank_of};
pub use block_error::{
    BlockErrorModel, ErrorCurve, ErrorSource, code_block_error, transport_block_error,
};
pub use carrier::{
    Carrier, Direction, Duplex, FrequencyRange, Numerology, SUBCARRIERS_PER_BLOCK, SYMBOLS_PER_SLOT,
    TddPattern,
};
pub use decibel::{from_db, to_db};
pub use effective::{effective_beta, effective_sinr};
pub use error::NrError;
pub use fast_fading::BlockFading;
pub use harq::{Combining, Failures, Harq, HarqOutcome, MOST_ATTEMPTS};
pub use jamming::{
    Arrival, Arrivals, Bands, Channel, ChannelLayout, ChannelReport, ControlCurves, Coupling, Durations,
    Emission, End, JammedLink, Jammer, JammerKind, JammerState, JammingTruth, ModulatedPower, Moving,
    OnOffProcess, PowerLevels, Reaction, Sweep, SweepOverlap, Waveform, jam, jam_to_signal_db,
    pulse_on_s,
};
pub use link::{
    AnalyticLink, ControlLoss, LinkConfig, LinkFidelity, LinkMemory, LinkOutcome, LinkPeriod, LinkState,
    ShannonLink, SlotLink,
};
pub use measurement::{
    BASE_NOISE_FIGURE_DB, DEVICE_NOISE_FIGURE_DB, Measurement, MeasurementFilter, ReceivedPowers,
    THERMAL_NOISE_DBM_PER_HZ, dbm_from_mw, mw_from_dbm, noise_dbm, rsrp_dbm,
};
pub use path_loss::{
    AlphaBetaGamma, BuildingLoss, ByState, CarLoss, CloseIn, CloseInPreset, CloseInSlope, Deviation,
    FreeSpace, IndoorHotspot, LineOfSight, LogDistance, PathLoss, PathLossRange, RadioPath, RuralMacro,
    Shadowing, ThreeLogDistance, TwoRay, UrbanMacro, UrbanMicro, free_space_db,
};
pub use power_control::PowerControl;
pub use scheduler::{
    BlockScheduler, Claim, MaxRate, ProportionalFair, RoundRobin, SlotClaim, served_average,
};
pub use shadowing::LargeScaleFading;
pub use sinr::{BandPower, SinrGroup, SinrGroups, flat, sinr_groups};
pub use tables::{CodingScheme, CqiTable, McsTable};
pub use transport_block::{CodeBlocks, Grant, peak_rate_bps};
