//! Power of devices.

use super::carrier::{Numerology, SUBCARRIERS_PER_BLOCK};
use super::to_db;

/// Open-loop power control of the uplink (TS 38.213, 7.1.1): P = min(Pmax, P0 + 10 lg(12 N) + alpha PL) for N resource
/// blocks, P0 being the power that is to arrive on a subcarrier when alpha is 1.
///
/// ```
/// use stratosim::infra::nr::PowerControl;
/// let control = PowerControl { target_dbm: -90.0, alpha: 0.8, most_dbm: 23.0 };
/// // 10 lg(120) = 20.79 dB for ten blocks, and 80 dB of path loss.
/// assert!((control.power_dbm(10, 100.0) - 10.792).abs() < 1e-3);
/// assert!((control.headroom_db(10, 100.0) - 12.208).abs() < 1e-3);
/// assert_eq!(control.power_dbm(100, 120.0), 23.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerControl {
    /// P0 in dBm of a subcarrier, -217 to 13: -90 in Sionna. [`PowerControl::per_block`] takes that of the standard.
    pub target_dbm: f64,
    /// Share of the path loss that is made up for, 0 to 1: 1 by default.
    pub alpha: f64,
    /// Greatest power in dBm: 23 (power class 3) or 26 (power class 2).
    pub most_dbm: f64,
}

impl Default for PowerControl {
    fn default() -> Self {
        PowerControl { target_dbm: -90.0, alpha: 1.0, most_dbm: 23.0 }
    }
}

impl PowerControl {
    /// With the standard's P0, which is the power of a resource block at 15 kHz: 10 lg(2^mu N) takes the place of
    /// 10 lg(12 N).
    #[must_use]
    pub fn per_block(block_dbm: f64, alpha: f64, most_dbm: f64, numerology: Numerology) -> Self {
        let spacing_db = to_db(f64::from(1_u32 << numerology.mu()));
        let target_dbm = block_dbm + spacing_db - to_db(f64::from(SUBCARRIERS_PER_BLOCK));
        PowerControl { target_dbm, alpha, most_dbm }
    }

    /// Power in dBm that a grant of so many resource blocks needs at a path loss in dB, however much that is.
    #[must_use]
    pub fn needed_dbm(&self, resource_blocks: u32, path_loss_db: f64) -> f64 {
        let subcarriers = f64::from(SUBCARRIERS_PER_BLOCK * resource_blocks.max(1));
        self.target_dbm + to_db(subcarriers) + self.alpha * path_loss_db
    }

    /// Power in dBm that a device sends.
    #[must_use]
    pub fn power_dbm(&self, resource_blocks: u32, path_loss_db: f64) -> f64 {
        self.needed_dbm(resource_blocks, path_loss_db).min(self.most_dbm)
    }

    /// Power headroom in dB: what is left, or what is missing if below 0.
    #[must_use]
    pub fn headroom_db(&self, resource_blocks: u32, path_loss_db: f64) -> f64 {
        self.most_dbm - self.needed_dbm(resource_blocks, path_loss_db)
    }

    /// The most resource blocks, at least 1, for which the power suffices: beyond it each has less.
    #[must_use]
    pub fn affordable_blocks(&self, path_loss_db: f64, most: u32) -> u32 {
        let spare_db = self.headroom_db(1, path_loss_db);
        (super::from_db(spare_db) + 1e-9).clamp(1.0, f64::from(most.max(1))) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// -80 dBm a block at 15 kHz is -77 dBm at 30 kHz, and -87.78 dBm a subcarrier.
    #[test]
    fn power_is_that_of_the_standard() {
        let control = PowerControl::per_block(-80.0, 1.0, 23.0, Numerology::Khz30);
        assert!((control.needed_dbm(1, 90.0) - 13.010_3).abs() < 1e-4);
        assert!((control.needed_dbm(10, 90.0) - 23.010_3).abs() < 1e-4);
        assert_eq!(control.affordable_blocks(90.0, 273), 9);
        assert_eq!(
            (control.affordable_blocks(60.0, 273), control.affordable_blocks(140.0, 273)),
            (273, 1)
        );
        // Open loop with alpha 1: as much arrives from everywhere.
        let arrives = |loss_db| control.power_dbm(1, loss_db) - loss_db;
        assert!((arrives(60.0) - arrives(90.0)).abs() < 1e-12);
    }
}
