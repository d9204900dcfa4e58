//! How often a frame is lost at a ratio of signal to noise.

use super::standard::Scheme;

/// The frame whose losses are known: 1472 bytes of payload with the headers of UDP, IP, LLC and 802.11a.
pub const REFERENCE_FRAME_BYTES: f64 = 1536.0;

/// Logit of a loss of 10 %, the point that is known of each scheme: ln 9.
const LOGIT_OF_A_TENTH: f64 = 2.197_224_577_336_219_6;

/// Decibels between a loss of 90 % and one of 10 %: the middle of what is seen of the modes, 1.0 to 1.6 dB.
const SPAN_DB: f64 = 1.3;

/// A model of frame errors. The first two are logistic curves in dB through the points at which ns-3.37 loses one frame of
/// 1536 bytes in ten: from its tables of link simulations, its default since 3.33, and from the formulas of NIST (Pei and
/// Henderson 2010), its default before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ErrorModel {
    /// The tables.
    #[default]
    Table,
    /// The formulas of NIST.
    Nist,
    /// Losses by distance alone, as measured between drones with 802.11a at 5 GHz (Fabra et al. 2017, as in ArduSim):
    /// 5.335e-7 d^2 + 3.395e-5 d, d in metres, which is all from 1338 m on. Neither power nor mode matter.
    Measured,
}

impl ErrorModel {
    /// SNR in dB of a stream at which one frame of [`REFERENCE_FRAME_BYTES`] in ten is lost; none if SNR does not matter.
    #[must_use]
    pub fn threshold_db(self, scheme: Scheme) -> Option<f64> {
        let (table_db, nist_db) = match scheme {
            Scheme::Bpsk12 => (0.94, 3.97),
            Scheme::Bpsk34 => (3.05, 6.86),
            Scheme::Qpsk12 => (3.96, 6.98),
            Scheme::Qpsk34 => (6.45, 9.87),
            Scheme::Qam16R12 => (9.73, 13.51),
            Scheme::Qam16R34 => (12.83, 16.62),
            Scheme::Qam64R23 => (17.08, 21.36),
            Scheme::Qam64R34 => (18.40, 22.63),
            Scheme::Qam64R56 => (19.67, 23.79),
            Scheme::Qam256R34 => (23.74, 28.50),
            Scheme::Qam256R56 => (25.18, 29.71),
        };
        match self {
            ErrorModel::Table => Some(table_db),
            ErrorModel::Nist => Some(nist_db),
            ErrorModel::Measured => None,
        }
    }

    /// Probability that a frame of so many bytes is lost at this SNR in dB over this distance in metres: that of the
    /// reference frame, scaled by the length as if bits failed for themselves.
    #[must_use]
    pub fn frame_error(self, scheme: Scheme, snr_db: f64, distance_m: f64, bytes: f64) -> f64 {
        match self.threshold_db(scheme) {
            Some(threshold_db) => {
                let logit = LOGIT_OF_A_TENTH * (1.0 + 2.0 * (snr_db - threshold_db) / SPAN_DB);
                // The complement of the logistic, which keeps small losses exact: ln(1 - p) = -ln(1 + e^-x).
                let kept_ln = -(-logit).exp().ln_1p();
                -(kept_ln * bytes / REFERENCE_FRAME_BYTES).exp_m1()
            }
            None => (5.335e-7 * distance_m * distance_m + 3.395e-5 * distance_m).clamp(0.0, 1.0),
        }
    }
}
