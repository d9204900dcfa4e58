//! How likely a line of sight is.

use super::RadioPath;

/// Probability of a line of sight by the distance on the ground (TR 38.901, table 7.4.2-1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LineOfSight {
    /// Always.
    Always,
    /// Never.
    Never,
    /// Street canyon: 1 to 18 m, then 18/d + exp(-d/36) (1 - 18/d).
    UrbanMicro,
    /// Above roofs: the same with 63 m, and more for devices above 13 m.
    UrbanMacro,
    /// Country: 1 to 10 m, then exp(-(d - 10)/1000).
    RuralMacro,
    /// Office with rooms: 1 to 1.2 m, exp(-(d - 1.2)/4.7) to 6.5 m, 0.32 exp(-(d - 6.5)/32.6) beyond.
    IndoorMixed,
    /// Open-plan office: 1 to 5 m, exp(-(d - 5)/70.8) to 49 m, 0.54 exp(-(d - 49)/211.7) beyond.
    IndoorOpen,
    /// Factory with antennas below the clutter: exp(-d/k), k = -size / ln(1 - density).
    Factory {
        /// Typical size of clutter in metres, above 0: 10 m in sparse and 2 m in dense surroundings.
        clutter_size_m: f64,
        /// Share of the floor under clutter, above 0 and below 1: 0.2 in sparse and 0.6 in dense surroundings.
        clutter_density: f64,
    },
}

impl LineOfSight {
    /// Probability at the path's distance on the ground and the device's height, 0 to 1.
    #[must_use]
    pub fn probability(&self, path: &RadioPath) -> f64 {
        let d_m = path.distance_2d_m;
        let street = |scale_m: f64| {
            if d_m <= 18.0 { 1.0 } else { 18.0 / d_m + (-d_m / scale_m).exp() * (1.0 - 18.0 / d_m) }
        };
        match *self {
            LineOfSight::Always => 1.0,
            LineOfSight::Never => 0.0,
            LineOfSight::UrbanMicro => street(36.0),
            LineOfSight::UrbanMacro => {
                if d_m <= 18.0 {
                    return 1.0;
                }
                let far = 1.25 * (d_m / 100.0).powi(3) * (-d_m / 150.0).exp();
                (street(63.0) * (1.0 + tall(path.device_height_m) * far)).min(1.0)
            }
            LineOfSight::RuralMacro => (-(d_m - 10.0).max(0.0) / 1000.0).exp(),
            LineOfSight::IndoorMixed => match d_m {
                _ if d_m <= 1.2 => 1.0,
                _ if d_m < 6.5 => (-(d_m - 1.2) / 4.7).exp(),
                _ => 0.32 * (-(d_m - 6.5) / 32.6).exp(),
            },
            LineOfSight::IndoorOpen => match d_m {
                _ if d_m <= 5.0 => 1.0,
                _ if d_m <= 49.0 => (-(d_m - 5.0) / 70.8).exp(),
                _ => 0.54 * (-(d_m - 49.0) / 211.7).exp(),
            },
            LineOfSight::Factory { clutter_size_m, clutter_density } => {
                (d_m * (-clutter_density).ln_1p() / clutter_size_m).exp()
            }
        }
    }
}

/// C' of TR 38.901: what height adds to the line of sight in UMa, 0 to 13 m, 1 at 23 m.
pub(super) fn tall(device_height_m: f64) -> f64 {
    ((device_height_m - 13.0).max(0.0) / 10.0).powf(1.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(distance_2d_m: f64, device_height_m: f64) -> RadioPath {
        RadioPath {
            carrier_hz: 3.5e9,
            distance_2d_m,
            base_height_m: 25.0,
            device_height_m,
            line_of_sight: true,
        }
    }

    /// By hand: 18/36 + e^-1 / 2 = 0.68394 in a street at 36 m; a device at 23 m sees more: at 100 m
    /// (0.18 + 0.82 e^(-100/63)) (1 + 1.25 e^(-2/3)) = 0.569195.
    #[test]
    fn probabilities_are_those_of_hand_calculations() {
        let at = |model: LineOfSight, d_m| model.probability(&path(d_m, 1.5));
        assert!((at(LineOfSight::UrbanMicro, 36.0) - 0.683_940).abs() < 1e-6);
        let tall = LineOfSight::UrbanMacro.probability(&path(100.0, 23.0));
        let low = 0.18 + 0.82 * (-100.0_f64 / 63.0).exp();
        assert!((tall - low * (1.0 + 1.25 * (-2.0_f64 / 3.0).exp())).abs() < 1e-12, "{tall}");
        assert!((at(LineOfSight::UrbanMacro, 100.0) - low).abs() < 1e-12);
        assert!((at(LineOfSight::RuralMacro, 1010.0) - (-1.0_f64).exp()).abs() < 1e-12);
        assert!((at(LineOfSight::IndoorMixed, 5.9) - (-1.0_f64).exp()).abs() < 1e-12);
        assert!((at(LineOfSight::IndoorOpen, 49.0) - (-44.0_f64 / 70.8).exp()).abs() < 1e-12);
        // Half the floor under clutter of 10 m: half of what is seen is lost every 10 m.
        let factory = LineOfSight::Factory { clutter_size_m: 10.0, clutter_density: 0.5 };
        assert!((at(factory, 30.0) - 0.125).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn probabilities_are_probabilities(d_m in 0.0..1e4_f64, height_m in 1.0..23.0_f64) {
            for model in [
                LineOfSight::UrbanMicro,
                LineOfSight::UrbanMacro,
                LineOfSight::RuralMacro,
                LineOfSight::IndoorMixed,
                LineOfSight::IndoorOpen,
                LineOfSight::Factory { clutter_size_m: 2.0, clutter_density: 0.6 },
            ] {
                let probability = model.probability(&path(d_m, height_m));
                prop_assert!((0.0..=1.0).contains(&probability), "{model:?} {probability}");
            }
        }
    }
}
