//! From received power to a link.

use super::adaptation::Adaptation;
use super::errors::ErrorModel;
use super::exchange::Exchange;
use super::standard::{Mode, Phy, WifiError};

/// How frames of a physical layer are sent and received.
#[derive(Clone, Debug, PartialEq)]
pub struct Receiver {
    phy: Phy,
    modes: Vec<(Mode, Exchange)>,
    errors: ErrorModel,
    adaptation: Adaptation,
}

/// Power in dBm and SNR in dB below which no preamble is found, as in ns-3.
const LEAST_DBM: f64 = -82.0;
const LEAST_SNR_DB: f64 = 4.0;

/// A direction of a link while a period lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WifiLink {
    /// Received power in dBm.
    pub rssi_dbm: f64,
    /// Ratio of signal to noise in dB.
    pub snr_db: f64,
    /// Index of the mode that is used.
    pub mode: u8,
    /// Its rate in bits a second.
    pub rate_bps: f64,
    /// What an exchange is like.
    pub exchange: Exchange,
}

impl Receiver {
    /// One that finds preambles from -82 dBm and an SNR of 4 dB on, with the ideal adaptation.
    #[must_use]
    pub fn new(phy: Phy, errors: ErrorModel) -> Self {
        Receiver { modes: phy.exchanges(), phy, errors, adaptation: Adaptation::default() }
    }

    /// The same with another adaptation.
    ///
    /// # Errors
    /// A mode that is not there, or a share out of range.
    pub fn with_adaptation(self, adaptation: Adaptation) -> Result<Self, WifiError> {
        let own = Receiver { adaptation, ..self };
        own.check().map(|()| own)
    }

    /// What is sent.
    #[must_use]
    pub fn phy(&self) -> &Phy {
        &self.phy
    }

    fn check(&self) -> Result<(), WifiError> {
        match self.adaptation {
            Adaptation::Fixed { mode } => {
                let is_there = self.modes.iter().any(|(own, _)| own.index == mode);
                let most = self.modes.last().map_or(0, |(own, _)| u32::from(own.index));
                if is_there { Ok(()) } else { Err(WifiError::Mode { mode: mode.into(), most }) }
            }
            Adaptation::Ideal { bit_error } => {
                check(bit_error > 0.0 && bit_error < 1.0, "bit_error", bit_error, "above 0 and below 1")
            }
            Adaptation::Minstrel { sampling } => {
                check((0.0..=0.5).contains(&sampling), "sampling", sampling, "0 to 0.5")
            }
        }
    }

    /// Whether frames of this power over this noise, both in dBm, are found at all.
    #[must_use]
    pub fn hears(&self, rssi_dbm: f64, noise_dbm: f64) -> bool {
        let is_heard = rssi_dbm >= LEAST_DBM && rssi_dbm - noise_dbm >= LEAST_SNR_DB;
        is_heard || self.errors == ErrorModel::Measured
    }

    /// The link at this received power and noise in dBm, over this distance in metres; none if no preamble is found, which
    /// [`ErrorModel::Measured`] does not ask.
    #[must_use]
    pub fn link(&self, rssi_dbm: f64, noise_dbm: f64, distance_m: f64) -> Option<WifiLink> {
        let snr_db = rssi_dbm - noise_dbm;
        if !self.hears(rssi_dbm, noise_dbm) {
            return None;
        }
        let error_of = |mode: &Mode| self.errors.loss(&self.phy, mode, snr_db, distance_m);
        let (place, exchange) = self.adaptation.choose(&self.phy, &self.modes, error_of)?;
        let mode = &self.modes[place].0;
        (exchange.delivered_bytes > 0.0).then_some(WifiLink {
            rssi_dbm,
            snr_db,
            mode: mode.index,
            rate_bps: mode.rate_bps,
            exchange,
        })
    }
}

pub(in crate::infra) fn check(
    good: bool,
    what: &'static str,
    value: f64,
    allowed: &'static str,
) -> Result<(), WifiError> {
    if good { Ok(()) } else { Err(WifiError::Figure { what, value, allowed }) }
}
