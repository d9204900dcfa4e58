//! Free space, and losses that grow by so many dB a decade.

use super::{PathLoss, PathLossRange, RadioPath, Shadowing, free_space_db};

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
