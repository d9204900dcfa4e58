//! When one access point is better than another.

use super::AttachmentError;
use super::check;

/// What decides to which access point a device attaches.
///
/// Both criteria come down to the same cost, weight x squared distance: received power P - 10 n log10 d
/// orders access points as weight x d^2 with weight 10^(-P / (5 n)), and a margin in dB or in distance is
/// a factor on the cost. Curves of equal cost are planes, or spheres of Apollonius where weights differ,
/// so that a device on a straight line crosses them at the roots of a quadratic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Criterion {
    /// The nearest access point.
    Distance {
        /// How much nearer another access point must be before a device hands over to it: its distance
        /// times 1 + this ratio must be below that of the present one. 0 to 1000.
        hysteresis_ratio: f64,
    },
    /// The one received with the greatest power under log-distance path loss, the same for all access
    /// points: transmit power - 10 x exponent x log10(distance) dBm, up to a common constant.
    Signal {
        /// Path loss exponent: 2 in free space, 2.7 to 5 in cities. 1 to 10.
        path_loss_exponent: f64,
        /// How much stronger another access point must be before a device hands over to it, in dB (the
        /// A3 offset of 3GPP TS 36.331). 0 to 100.
        hysteresis_db: f64,
    },
}

impl Criterion {
    /// Checks the parameters.
    pub(super) fn check(self) -> Result<(), AttachmentError> {
        match self {
            Criterion::Distance { hysteresis_ratio } => check(
                (0.0..=1000.0).contains(&hysteresis_ratio),
                "hysteresis_ratio",
                hysteresis_ratio,
                "0 to 1000",
            ),
            Criterion::Signal { path_loss_exponent, hysteresis_db } => {
                let good = (1.0..=10.0).contains(&path_loss_exponent);
                check(good, "path_loss_exponent", path_loss_exponent, "1 to 10")?;
                check((0.0..=100.0).contains(&hysteresis_db), "hysteresis_db", hysteresis_db, "0 to 100")
            }
        }
    }

    /// The weight of an access point of this power, relative to one of the power `reference_dbm`.
    pub(super) fn weight(self, transmit_power_dbm: f64, reference_dbm: f64) -> f64 {
        match self {
            Criterion::Distance { .. } => 1.0,
            Criterion::Signal { path_loss_exponent, .. } => {
                10f64.powf((reference_dbm - transmit_power_dbm) / (5.0 * path_loss_exponent))
            }
        }
    }

    /// The factor (>= 1) that another access point's cost bears before it is compared.
    pub(super) fn handicap(self) -> f64 {
        match self {
            Criterion::Distance { hysteresis_ratio } => (1.0 + hysteresis_ratio).powi(2),
            Criterion::Signal { path_loss_exponent, hysteresis_db } => {
                10f64.powf(hysteresis_db / (5.0 * path_loss_exponent))
            }
        }
    }
}
