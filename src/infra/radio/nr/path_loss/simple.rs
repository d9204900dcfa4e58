//! Free space, ground reflection, and losses that grow by so many dB a decade.

use super::{PathLoss, PathLossRange, RadioPath, Shadowing, free_space_db};
use crate::infra::radio::SPEED_OF_LIGHT_M_PER_S;

/// Free space (Friis 1946): 20 lg(4 pi f d / c), d between the antennas and at least 1 m.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FreeSpace;

impl PathLoss for FreeSpace {
    fn path_loss_db(&self, path: &RadioPath) -> f64 {
        free_space_db(path.carrier_hz, path.distance_3d_m().max(1.0))
    }
}

/// Log-distance: PL(d) = PL(d0) + 10 n lg(d / d0), d between the antennas and at least 1 m, whatever the carrier.
///
/// ```
/// use stratosim::infra::nr::{LogDistance, PathLoss, RadioPath, Shadowing};
/// let model = LogDistance { exponent: 3.0, reference_m: 1.0, reference_db: 46.7, shadowing: Shadowing::NONE };
/// let path = RadioPath {
///     carrier_hz: 2.4e9, distance_2d_m: 100.0, base_height_m: 1.0, device_height_m: 1.0, line_of_sight: true,
/// };
/// assert!((model.path_loss_db(&path) - 106.7).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogDistance {
    /// n, 1 to 10.
    pub exponent: f64,
    /// d0 in metres, above 0.
    pub reference_m: f64,
    /// PL(d0) in dB.
    pub reference_db: f64,
    /// Scatter around it.
    pub shadowing: Shadowing,
}

impl PathLoss for LogDistance {
    fn path_loss_db(&self, path: &RadioPath) -> f64 {
        let distance_m = path.distance_3d_m().max(1.0);
        self.reference_db + 10.0 * self.exponent * (distance_m / self.reference_m).log10()
    }

    fn shadowing(&self, _: &RadioPath) -> Shadowing {
        self.shadowing
    }

    fn range(&self) -> PathLossRange {
        PathLossRange { model: "log-distance", distance_m: (1.0, f64::MAX), ..PathLossRange::ANY }
    }
}

/// Log-distance with three slopes: PL(d) = PL(d0) + 10 n0 lg(d / d0) up to d1, and from there on with n1, from d2 on with n2;
/// d between the antennas, the loss at d0 where it is less. The defaults are those of ns-3's ThreeLogDistance model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThreeLogDistance {
    /// d0, d1 and d2 in metres, each above the one before.
    pub breaks_m: [f64; 3],
    /// n0, n1 and n2, 0 to 10.
    pub exponents: [f64; 3],
    /// PL(d0) in dB.
    pub reference_db: f64,
}

impl Default for ThreeLogDistance {
    fn default() -> Self {
        ThreeLogDistance {
            breaks_m: [1.0, 200.0, 500.0],
            exponents: [1.9, 3.8, 3.8],
            reference_db: 46.677_7,
        }
    }
}

impl PathLoss for ThreeLogDistance {
    fn path_loss_db(&self, path: &RadioPath) -> f64 {
        let distance_m = path.distance_3d_m();
        let ends_m = [self.breaks_m[1], self.breaks_m[2], f64::INFINITY];
        let slopes = self.breaks_m.into_iter().zip(ends_m).zip(self.exponents);
        let sum_db = slopes.map(|((from_m, to_m), exponent)| {
            10.0 * exponent * (distance_m.clamp(from_m, to_m) / from_m).log10()
        });
        self.reference_db + sum_db.sum::<f64>()
    }
}

/// Reflection from flat ground (Rappaport 2002, section 4.6): free space up to the crossover 4 pi h h' / lambda, and
/// 40 lg d - 20 lg (h h') from there on, which meets it there. Heights below 0.1 m count as that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TwoRay;

impl PathLoss for TwoRay {
    fn path_loss_db(&self, path: &RadioPath) -> f64 {
        let distance_m = path.distance_3d_m().max(1.0);
        let heights_m2 = path.base_height_m.max(0.1) * path.device_height_m.max(0.1);
        let wave_m = SPEED_OF_LIGHT_M_PER_S / path.carrier_hz;
        let crossover_m = 4.0 * std::f64::consts::PI * heights_m2 / wave_m;
        if distance_m <= crossover_m {
            return free_space_db(path.carrier_hz, distance_m);
        }
        40.0 * distance_m.log10() - 20.0 * heights_m2.log10()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(distance_2d_m: f64) -> RadioPath {
        RadioPath {
            carrier_hz: 5.15e9,
            distance_2d_m,
            base_height_m: 2.0,
            device_height_m: 2.0,
            line_of_sight: true,
        }
    }

    #[test]
    fn three_slopes_meet_at_their_breaks() {
        let model = ThreeLogDistance::default();
        assert!((model.path_loss_db(&path(0.2)) - 46.677_7).abs() < 1e-12);
        // 19 dB a decade over 100 m, then 38 dB a decade over a factor of 5.
        assert!((model.path_loss_db(&path(100.0)) - 84.677_7).abs() < 1e-9);
        let at_200_db = 46.677_7 + 19.0 * 200f64.log10();
        assert!((model.path_loss_db(&path(1000.0)) - at_200_db - 38.0 * 5f64.log10()).abs() < 1e-9);
    }

    #[test]
    fn reflection_doubles_the_slope_beyond_the_crossover() {
        // 4 pi 2 x 2 / 58.21 mm = 863.5 m.
        let loss_db = |distance_m| TwoRay.path_loss_db(&path(distance_m));
        assert!((loss_db(500.0) - free_space_db(5.15e9, 500.0)).abs() < 1e-12);
        assert!((loss_db(863.6) - loss_db(863.4)).abs() < 0.01);
        assert!((loss_db(10_000.0) - loss_db(1000.0) - 40.0).abs() < 1e-9);
    }
}
