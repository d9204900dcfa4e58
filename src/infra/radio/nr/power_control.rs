//! Power of devices.

use super::carrier::Numerology;
use super::{from_db, to_db};

/// Open-loop power control of the uplink (TS 38.213, 7.1.1): P = min(Pmax, P0 + 10 lg(2^mu N) + alpha PL) for N resource
/// blocks. With alpha 1 the base station receives P0 of each 180 kHz. Terms of the coding scheme and of commands are left
/// out.
///
/// ```
/// use stratosim::infra::nr::{Numerology, PowerControl};
/// let control = PowerControl { target_dbm: -80.0, alpha: 0.8, most_dbm: 23.0, numerology: Numerology::Khz30 };
/// // Ten blocks at 30 kHz are 10 lg(20) = 13.01 dB, and 80 % of 100 dB are made up for.
/// assert!((control.power_dbm(10, 100.0) - 13.010).abs() < 1e-3);
/// assert!((control.headroom_db(10, 100.0) - 9.990).abs() < 1e-3);
/// assert_eq!(control.power_dbm(100, 120.0), 23.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerControl {
    /// P0 in dBm of a resource block at 15 kHz, -202 to 24: -100, a choice of ours, 16 dB above the noise of a base station, for
    /// which 24 dBm last on 16 blocks to 112 dB. srsRAN's gNB has -76 where nothing else is said (`p0_nominal_with_grant`);
    /// more aims higher, on fewer blocks.
    pub target_dbm: f64,
    /// Share of the path loss that is made up for, 0 to 1: 1.
    pub alpha: f64,
    /// Greatest power in dBm: 23 (power class 3) or 26 (power class 2).
    pub most_dbm: f64,
    /// Subcarrier spacing.
    pub numerology: Numerology,
}

impl Default for PowerControl {
    fn default() -> Self {
        PowerControl {
            target_dbm: -100.0,
            alpha: 1.0,
            most_dbm: 23.0,
            numerology: Numerology::default(),
        }
    }
}

impl PowerControl {
    /// Power in dBm that a grant of so many resource blocks, at least 1, needs at a path loss in dB, however much that is.
    #[must_use]
    pub fn needed_dbm(&self, resource_blocks: u32, path_loss_db: f64) -> f64 {
        let widths = f64::from(1_u32 << self.numerology.mu()) * f64::from(resource_blocks.max(1));
        self.target_dbm + to_db(widths) + self.alpha * path_loss_db
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

    /// The most resource blocks of so many, at least 1, for which the power suffices: beyond it each has less.
    #[must_use]
    pub fn affordable_blocks(&self, path_loss_db: f64, most: u32) -> u32 {
        let spare_db = self.headroom_db(1, path_loss_db);
        (from_db(spare_db) + 1e-9).clamp(1.0, f64::from(most.max(1))) as u32
    }

    /// Power in milliwatts that would arrive over a whole carrier of so many resource blocks if it were sent with the
    /// density of a grant: the signal of an uplink. `gain_db` is antenna gain less path loss.
    ///
    /// ```
    /// use stratosim::infra::nr::PowerControl;
    /// // 20 dBm on 10 of 100 blocks, and -110 dB: -80 dBm over all of them.
    /// let control = PowerControl { target_dbm: -93.0103, alpha: 1.0, most_dbm: 23.0, ..Default::default() };
    /// let arrives_mw = control.carrier_mw(10, 100, 100.0, -110.0);
    /// assert!((arrives_mw / 1e-8 - 1.0).abs() < 1e-5);
    /// ```
    #[must_use]
    pub fn carrier_mw(&self, granted_blocks: u32, blocks: u32, path_loss_db: f64, gain_db: f64) -> f64 {
        let granted = f64::from(granted_blocks.max(1));
        from_db(self.power_dbm(granted_blocks, path_loss_db) + gain_db) * f64::from(blocks) / granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// -80 dBm at 15 kHz is -77 dBm at 30 kHz: 13 dBm for one block over 90 dB, 10 dB more for ten; 23 dBm are enough for
    /// 9.98 of them.
    #[test]
    fn power_is_that_of_the_standard() {
        let control = PowerControl { target_dbm: -80.0, ..PowerControl::default() };
        assert!((control.needed_dbm(1, 90.0) - 13.010_3).abs() < 1e-4);
        assert!((control.needed_dbm(10, 90.0) - 23.010_3).abs() < 1e-4);
        assert_eq!(control.affordable_blocks(90.0, 273), 9);
        assert_eq!(
            (control.affordable_blocks(60.0, 273), control.affordable_blocks(140.0, 273)),
            (273, 1)
        );
        // The default: 200 m of a street canyon without a line of sight at 3.5 GHz are 107.2 dB, and 12.8 dB left.
        assert_eq!(PowerControl::default().affordable_blocks(107.2, 273), 19);
        // Open loop with alpha 1: as much arrives from everywhere.
        let arrives = |loss_db| control.power_dbm(1, loss_db) - loss_db;
        assert!((arrives(60.0) - arrives(90.0)).abs() < 1e-12);
    }
}
