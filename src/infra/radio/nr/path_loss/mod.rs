//! Path loss between base stations and devices.
//!
//! All models answer at any distance: below the least distance of a model, 10 m in TR 38.901 and 1 m elsewhere, with
//! the loss there; beyond its other limits by extrapolation of its formula. [`PathLoss::range`] and
//! [`PathLossRange::check`] tell where that happens, so that a scenario can be refused for its carrier and a run can
//! count its far devices.

mod alpha_beta_gamma;
mod close_in;
mod line_of_sight;
mod penetration;
mod simple;
mod tr38901;

pub use alpha_beta_gamma::AlphaBetaGamma;
pub use close_in::{CloseIn, CloseInPreset, CloseInSlope, Deviation};
pub use line_of_sight::LineOfSight;
pub use penetration::{BuildingLoss, CarLoss};
pub use simple::{FreeSpace, LogDistance, ThreeLogDistance, TwoRay};
pub use tr38901::{IndoorHotspot, RuralMacro, UrbanMacro, UrbanMicro};

use super::error::NrError;
use crate::infra::radio::SPEED_OF_LIGHT_M_PER_S;

/// A path between the antennas of a base station and of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RadioPath {
    /// Carrier in hertz, above 0.
    pub carrier_hz: f64,
    /// Distance on the ground in metres, 0 or more.
    pub distance_2d_m: f64,
    /// Height of the base station's antenna in metres, above 0.
    pub base_height_m: f64,
    /// Height of the device's antenna in metres, above 0.
    pub device_height_m: f64,
    /// Whether nothing stands between the two.
    pub line_of_sight: bool,
}

impl RadioPath {
    /// Distance between the antennas in metres.
    #[must_use]
    pub fn distance_3d_m(&self) -> f64 {
        let rise_m = self.base_height_m - self.device_height_m;
        (self.distance_2d_m * self.distance_2d_m + rise_m * rise_m).sqrt()
    }

    /// Carrier in gigahertz, the unit of most formulas.
    #[must_use]
    pub fn carrier_ghz(&self) -> f64 {
        self.carrier_hz / 1e9
    }

    /// The same path with at least this distance on the ground.
    fn at_least_2d_m(&self, distance_m: f64) -> RadioPath {
        RadioPath { distance_2d_m: self.distance_2d_m.max(distance_m), ..*self }
    }
}

/// Loss of free space in dB over a distance in metres: 20 lg(4 pi f d / c).
#[must_use]
pub fn free_space_db(carrier_hz: f64, distance_m: f64) -> f64 {
    20.0 * (4.0 * std::f64::consts::PI * carrier_hz * distance_m / SPEED_OF_LIGHT_M_PER_S).log10()
}

/// A figure with line of sight, and without.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ByState {
    /// With line of sight.
    pub line_of_sight: f64,
    /// Without.
    pub obstructed: f64,
}

impl ByState {
    /// The same figure for both.
    #[must_use]
    pub const fn both(value: f64) -> Self {
        ByState { line_of_sight: value, obstructed: value }
    }

    /// The figure of a path.
    #[must_use]
    pub fn of(&self, path: &RadioPath) -> f64 {
        if path.line_of_sight { self.line_of_sight } else { self.obstructed }
    }
}

/// Shadow fading of a path: normal in dB, correlated over the distance moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shadowing {
    /// Standard deviation in dB.
    pub sigma_db: f64,
    /// Distance in metres over which the correlation falls to 1/e (Gudmundson 1991).
    pub correlation_m: f64,
    /// Distance in metres over which the state of the line of sight is remembered in the same way (TR 38.901, table
    /// 7.6.3.1-2).
    pub state_correlation_m: f64,
}

impl Shadowing {
    /// No shadowing.
    pub const NONE: Shadowing =
        Shadowing { sigma_db: 0.0, correlation_m: 50.0, state_correlation_m: 50.0 };
}

/// What a model was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathLossRange {
    /// Name of the model, for messages.
    pub model: &'static str,
    /// Carriers in hertz.
    pub carrier_hz: (f64, f64),
    /// Distances on the ground in metres.
    pub distance_m: (f64, f64),
    /// Heights of base stations in metres.
    pub base_height_m: (f64, f64),
    /// Heights of devices in metres.
    pub device_height_m: (f64, f64),
}

impl PathLossRange {
    /// Anything.
    pub const ANY: PathLossRange = PathLossRange {
        model: "any",
        carrier_hz: (f64::MIN_POSITIVE, f64::MAX),
        distance_m: (0.0, f64::MAX),
        base_height_m: (f64::MIN, f64::MAX),
        device_height_m: (f64::MIN, f64::MAX),
    };

    /// Checks a carrier alone, which a scenario knows before anything moves.
    ///
    /// # Errors
    /// A carrier for which the model was not made.
    pub fn check_carrier(&self, carrier_hz: f64) -> Result<(), NrError> {
        let (least, most) = self.carrier_hz;
        self.inside("the carrier", carrier_hz / 1e9, (least / 1e9, most / 1e9), "GHz")
    }

    /// Checks all of a path.
    ///
    /// # Errors
    /// The first figure for which the model was not made: carrier, distance, heights.
    pub fn check(&self, path: &RadioPath) -> Result<(), NrError> {
        self.check_carrier(path.carrier_hz)?;
        self.inside("the distance", path.distance_2d_m, self.distance_m, "m")?;
        self.inside("the height of the base station", path.base_height_m, self.base_height_m, "m")?;
        self.inside("the height of the device", path.device_height_m, self.device_height_m, "m")
    }

    fn inside(
        &self,
        what: &'static str,
        value: f64,
        (least, most): (f64, f64),
        unit: &'static str,
    ) -> Result<(), NrError> {
        match (least..=most).contains(&value) {
            true => Ok(()),
            false => Err(NrError::OutsideModel { model: self.model, what, value, unit, least, most }),
        }
    }
}

/// A model of path loss: the mean loss, how it scatters, and how likely the line of sight is. One of your own is a
/// struct like these:
///
/// ```
/// use stratosim::infra::nr::{LineOfSight, PathLoss, RadioPath, Shadowing, free_space_db};
///
/// /// A wood: 0.2 dB a metre beside free space, nothing to be seen beyond 100 m.
/// #[derive(Debug)]
/// struct Wood;
///
/// impl PathLoss for Wood {
///     fn path_loss_db(&self, path: &RadioPath) -> f64 {
///         let distance_m = path.distance_3d_m().max(1.0);
///         let trees_db = if path.line_of_sight { 0.0 } else { 0.2 * distance_m };
///         free_space_db(path.carrier_hz, distance_m) + trees_db
///     }
///     fn line_of_sight_probability(&self, path: &RadioPath) -> f64 {
///         if path.distance_2d_m < 100.0 { 1.0 } else { 0.0 }
///     }
///     fn shadowing(&self, _: &RadioPath) -> Shadowing {
///         Shadowing { sigma_db: 4.0, correlation_m: 20.0, state_correlation_m: 20.0 }
///     }
/// }
///
/// let path = RadioPath {
///     carrier_hz: 3.5e9,
///     distance_2d_m: 100.0,
///     base_height_m: 2.0,
///     device_height_m: 2.0,
///     line_of_sight: false,
/// };
/// // 43.329 dB over the first metre, 40 dB over two decades, 20 dB of trees.
/// assert!((Wood.path_loss_db(&path) - 103.329).abs() < 1e-3);
/// assert!(Wood.range().check(&path).is_ok());
/// ```
pub trait PathLoss: std::fmt::Debug + Send + Sync {
    /// Mean path loss in dB, without shadowing.
    fn path_loss_db(&self, path: &RadioPath) -> f64;

    /// Probability of a line of sight, 0 to 1; the path's own state does not matter. Always by default.
    fn line_of_sight_probability(&self, _path: &RadioPath) -> f64 {
        1.0
    }

    /// How the loss scatters around its mean. Not at all by default.
    fn shadowing(&self, _path: &RadioPath) -> Shadowing {
        Shadowing::NONE
    }

    /// What it was made for. Anything by default.
    fn range(&self) -> PathLossRange {
        PathLossRange::ANY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_was_not_made_for_is_told() {
        let path = RadioPath {
            carrier_hz: 3.5e9,
            distance_2d_m: 200.0,
            base_height_m: 10.0,
            device_height_m: 1.5,
            line_of_sight: false,
        };
        let range = UrbanMicro::default().range();
        assert_eq!(range.check(&path), Ok(()));
        let text = |path: RadioPath| range.check(&path).expect_err("outside").to_string();
        assert_eq!(
            text(RadioPath { carrier_hz: 0.4e9, ..path }),
            "the carrier is 0.4 GHz, but the model TR 38.901 UMi street canyon holds from 0.5 to 100 GHz"
        );
        assert!(text(RadioPath { distance_2d_m: 6000.0, ..path }).starts_with("the distance is 6000 m"));
        assert!(
            text(RadioPath { device_height_m: 30.0, ..path }).starts_with("the height of the device")
        );
        // Below the least distance the loss is the one there.
        let near =
            |distance_2d_m| UrbanMicro::default().path_loss_db(&RadioPath { distance_2d_m, ..path });
        assert_eq!(near(3.0), near(10.0));
        assert!(near(10.0) < near(11.0));
    }
}
