//! What sectors radiate into a direction.

use super::spec::SectorSpec;

impl SectorSpec {
    /// What it radiates less than in its main direction, in dB at most 0, into a direction in degrees clockwise from
    /// north: -min(12 (angle / beamwidth)^2, front to back) (TR 38.901, table 7.3-1, the horizontal cut). Antennas are
    /// not tilted.
    ///
    /// ```
    /// use stratosim::infra::cells::SectorSpec;
    /// let sector = SectorSpec { azimuth_deg: Some(350.0), ..SectorSpec::OMNI };
    /// // Half the beamwidth to the side: half the power, 3 dB.
    /// assert_eq!(sector.gain_db(22.5), -3.0);
    /// assert_eq!((sector.gain_db(350.0), sector.gain_db(170.0)), (0.0, -30.0));
    /// assert_eq!(SectorSpec::OMNI.gain_db(170.0), 0.0);
    /// ```
    #[must_use]
    pub fn gain_db(&self, bearing_deg: f64) -> f64 {
        let Some(azimuth_deg) = self.azimuth_deg else { return 0.0 };
        let angle_deg = (bearing_deg - azimuth_deg + 180.0).rem_euclid(360.0) - 180.0;
        -(12.0 * (angle_deg / self.beamwidth_deg).powi(2)).min(self.front_to_back_db)
    }
}

/// Degrees clockwise from north of a way over the ground; 0 of none.
pub(super) fn bearing_deg(east_m: f64, north_m: f64) -> f64 {
    east_m.atan2(north_m).to_degrees()
}
