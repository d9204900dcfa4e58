//! Which mode a sender takes.

use super::errors::{ErrorModel, REFERENCE_FRAME_BYTES};
use super::exchange::Exchange;
use super::standard::{Mode, Phy};

/// How a sender chooses its mode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Adaptation {
    /// The fastest mode that the SNR suffices for, which is known: no more bit errors than this, 1e-6 in ns-3, which is 1.2 %
    /// of frames of 1536 bytes. The slowest if there is none.
    Ideal {
        /// Greatest share of bits in error, above 0 and below 1.
        bit_error: f64,
    },
    /// Always this one, by its index.
    Fixed {
        /// Index of the mode.
        mode: u8,
    },
    /// The mode by which most arrives in the time of an exchange (Minstrel's estimate, which knows no backoff). A share of the
    /// exchanges is used to try a faster mode with a single frame; slower modes are tried after a loss only, and cost nothing.
    Minstrel {
        /// Share of the exchanges, 0 to 0.5.
        sampling: f64,
    },
}

impl Default for Adaptation {
    fn default() -> Self {
        Adaptation::Ideal { bit_error: 1e-6 }
    }
}

impl Adaptation {
    /// The place of the chosen mode among `modes` and what an exchange with it is like on average; `error_of` is the
    /// probability that a frame is lost in a mode. None if there is no mode.
    pub(super) fn choose(
        &self,
        phy: &Phy,
        modes: &[(Mode, Exchange)],
        error_of: impl Fn(&Mode) -> f64,
    ) -> Option<(usize, Exchange)> {
        let with = |place: usize| {
            let (mode, exchange) = modes.get(place)?;
            Some((place, exchange.with_losses(error_of(mode))))
        };
        match *self {
            Adaptation::Ideal { bit_error } => {
                // Within rounding: 1 - (1 - bit_error)^bits.
                let most = -(8.0 * REFERENCE_FRAME_BYTES * (-bit_error).ln_1p()).exp_m1();
                let good = modes.iter().rposition(|(mode, _)| error_of(mode) <= most);
                with(good.unwrap_or(0))
            }
            Adaptation::Fixed { mode } => with(modes.iter().position(|(own, _)| own.index == mode)?),
            Adaptation::Minstrel { sampling } => {
                let rate = |exchange: &Exchange| exchange.delivered_bytes / exchange.busy_s;
                let mut best = with(0)?;
                for place in 1..modes.len() {
                    let other = with(place)?;
                    if rate(&other.1) > rate(&best.1) {
                        best = other;
                    }
                }
                let faster = &modes[best.0 + 1..];
                if faster.is_empty() || sampling <= 0.0 {
                    return Some(best);
                }
                let mut tried = Exchange::default();
                for ((mode, _), number) in faster.iter().zip(1..) {
                    let single = Exchange::single(phy, mode).with_losses(error_of(mode));
                    tried = tried.mixed(single, 1.0 / f64::from(number));
                }
                Some((best.0, best.1.mixed(tried, sampling)))
            }
        }
    }
}

impl ErrorModel {
    /// Probability that a frame with a full packet is lost in a mode. Streams share the power of the sender.
    pub(super) fn loss(self, phy: &Phy, mode: &Mode, snr_db: f64, distance_m: f64) -> f64 {
        let stream_db = snr_db - 10.0 * f64::from(phy.streams()).log10();
        let bytes = f64::from(super::exchange::frame_bytes(phy.standard()));
        self.frame_error(mode.scheme, stream_db, distance_m, bytes)
    }
}
