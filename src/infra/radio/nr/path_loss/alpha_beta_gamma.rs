//! The ABG model.

use super::{LineOfSight, PathLoss, PathLossRange, RadioPath, Shadowing};

/// Alpha-beta-gamma: PL = 10 alpha lg d + beta + 10 gamma lg(f / 1 GHz), d between the antennas and at least 1 m (Sun et
/// al. 2016, IEEE Trans. Veh. Tech. 65(5)). The presets are for paths without line of sight, as which all count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlphaBetaGamma {
    /// alpha, dB a decade of distance over 10.
    pub alpha: f64,
    /// beta in dB.
    pub beta_db: f64,
    /// gamma, dB a decade of frequency over 10.
    pub gamma: f64,
    /// Standard deviation of the shadowing in dB.
    pub sigma_db: f64,
}

impl AlphaBetaGamma {
    /// Street canyon without line of sight (5GCM white paper 2016).
    pub const URBAN_MICRO: AlphaBetaGamma =
        AlphaBetaGamma { alpha: 3.48, beta_db: 21.02, gamma: 2.34, sigma_db: 7.8 };
    /// Above roofs without line of sight (5GCM white paper 2016).
    pub const URBAN_MACRO: AlphaBetaGamma =
        AlphaBetaGamma { alpha: 3.4, beta_db: 19.2, gamma: 2.3, sigma_db: 6.5 };
    /// Office without line of sight (5GCM white paper 2016).
    pub const INDOOR_OFFICE: AlphaBetaGamma =
        AlphaBetaGamma { alpha: 3.83, beta_db: 17.30, gamma: 2.49, sigma_db: 8.03 };
}

impl PathLoss for AlphaBetaGamma {
    fn path_loss_db(&self, path: &RadioPath) -> f64 {
        10.0 * self.alpha * path.distance_3d_m().max(1.0).log10()
            + self.beta_db
            + 10.0 * self.gamma * path.carrier_ghz().log10()
    }

    fn line_of_sight_probability(&self, path: &RadioPath) -> f64 {
        LineOfSight::Never.probability(path)
    }

    fn shadowing(&self, _: &RadioPath) -> Shadowing {
        // Correlation as in TR 38.901, UMi without line of sight.
        Shadowing { sigma_db: self.sigma_db, correlation_m: 13.0, state_correlation_m: 50.0 }
    }

    fn range(&self) -> PathLossRange {
        PathLossRange {
            model: "alpha-beta-gamma",
            carrier_hz: (0.5e9, 100e9),
            distance_m: (1.0, 5000.0),
            ..PathLossRange::ANY
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand at 10 GHz and 100 m: 69.6 + 21.02 + 23.4 = 114.02 dB.
    #[test]
    fn the_street_canyon_is_that_of_a_hand_calculation() {
        let path = RadioPath {
            carrier_hz: 10e9,
            distance_2d_m: 100.0,
            base_height_m: 1.5,
            device_height_m: 1.5,
            line_of_sight: false,
        };
        assert!((AlphaBetaGamma::URBAN_MICRO.path_loss_db(&path) - 114.02).abs() < 1e-9);
        assert!((AlphaBetaGamma::URBAN_MACRO.path_loss_db(&path) - 110.2).abs() < 1e-9);
        assert!((AlphaBetaGamma::INDOOR_OFFICE.path_loss_db(&path) - 118.8).abs() < 1e-9);
    }
}
