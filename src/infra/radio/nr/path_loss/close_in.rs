//! The close-in model and its variants, with published parameters.

use super::{ByState, LineOfSight, PathLoss, PathLossRange, RadioPath, Shadowing, free_space_db};

/// The ends of the band in which NYUSIM interpolates, in hertz.
const NYUSIM_HZ: (f64, f64) = (28e9, 140e9);

/// The share of the way from 28 GHz to 140 GHz, which bound it.
fn nyusim_share(carrier_hz: f64) -> f64 {
    let (low_hz, high_hz) = NYUSIM_HZ;
    ((carrier_hz - low_hz) / (high_hz - low_hz)).clamp(0.0, 1.0)
}

/// The path loss exponent n of a close-in model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CloseInSlope {
    /// CI: n.
    Exponent(f64),
    /// CIF: n (1 + b (f - f0) / f0).
    WithFrequency {
        /// n.
        exponent: f64,
        /// b.
        slope: f64,
        /// f0 in hertz.
        reference_hz: f64,
    },
    /// CIH: n (1 + b (hB - 35 m) / 35 m), for the height of the base station.
    WithHeight {
        /// n.
        exponent: f64,
        /// b.
        slope: f64,
    },
    /// Linear from 28 GHz to 140 GHz, and the nearer end's beyond.
    Between {
        /// n at 28 GHz.
        at_28_ghz: f64,
        /// n at 140 GHz.
        at_140_ghz: f64,
    },
}

impl CloseInSlope {
    /// The exponent of a path.
    #[must_use]
    pub fn exponent(&self, path: &RadioPath) -> f64 {
        match *self {
            CloseInSlope::Exponent(exponent) => exponent,
            CloseInSlope::WithFrequency { exponent, slope, reference_hz } => {
                exponent * (1.0 + slope * (path.carrier_hz - reference_hz) / reference_hz)
            }
            CloseInSlope::WithHeight { exponent, slope } => {
                exponent * (1.0 + slope * (path.base_height_m - 35.0) / 35.0)
            }
            CloseInSlope::Between { at_28_ghz, at_140_ghz } => {
                at_28_ghz + (at_140_ghz - at_28_ghz) * nyusim_share(path.carrier_hz)
            }
        }
    }
}

/// The standard deviation of a close-in model in dB, linear from 28 GHz to 140 GHz, and the nearer end's beyond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviation {
    /// At 28 GHz, in dB.
    pub at_28_ghz_db: f64,
    /// At 140 GHz, in dB.
    pub at_140_ghz_db: f64,
}

impl Deviation {
    /// The same at all carriers.
    #[must_use]
    pub const fn fixed(sigma_db: f64) -> Self {
        Deviation { at_28_ghz_db: sigma_db, at_140_ghz_db: sigma_db }
    }

    /// At a carrier in hertz, in dB.
    #[must_use]
    pub fn at_db(&self, carrier_hz: f64) -> f64 {
        self.at_28_ghz_db + (self.at_140_ghz_db - self.at_28_ghz_db) * nyusim_share(carrier_hz)
    }
}

/// Published parameters of close-in models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseInPreset {
    /// Street canyon, antennas below roofs: 1.98 / 3.19 (5GCM white paper 2016).
    UrbanMicroStreetCanyon,
    /// Open square: 1.85 / 2.89 (5GCM white paper 2016).
    UrbanMicroOpenSquare,
    /// Above roofs: 2.0 / 3.0 (5GCM white paper 2016).
    UrbanMacro,
    /// Office: 1.73 / CIF 3.19 (5GCM white paper 2016).
    IndoorOffice,
    /// Shopping mall: 1.73 / CIF 2.59 (5GCM white paper 2016).
    ShoppingMall,
    /// Street canyon of NYUSIM, 28 to 140 GHz (Poddar et al. 2023, NYUSIM in ns-3).
    NyusimUrbanMicro,
    /// Above roofs, of NYUSIM (same source).
    NyusimUrbanMacro,
    /// Office of NYUSIM (same source).
    NyusimIndoor,
    /// Factory of NYUSIM (same source).
    NyusimFactory,
    /// Country of NYUSIM, CIH: 2.31 / 3.07, which depend on the base station's height (same source; MacCartney and
    /// Rappaport 2017).
    NyusimRuralMacro,
}

impl CloseInPreset {
    /// All of them.
    pub const ALL: [CloseInPreset; 10] = [
        CloseInPreset::UrbanMicroStreetCanyon,
        CloseInPreset::UrbanMicroOpenSquare,
        CloseInPreset::UrbanMacro,
        CloseInPreset::IndoorOffice,
        CloseInPreset::ShoppingMall,
        CloseInPreset::NyusimUrbanMicro,
        CloseInPreset::NyusimUrbanMacro,
        CloseInPreset::NyusimIndoor,
        CloseInPreset::NyusimFactory,
        CloseInPreset::NyusimRuralMacro,
    ];

    /// The model of these parameters. Lines of sight and correlation distances are those of TR 38.901, since the
    /// sources of the exponents have none of their own, or several that disagree.
    #[must_use]
    pub fn model(self) -> CloseIn {
        use CloseInSlope::{Between, Exponent, WithFrequency, WithHeight};
        let cif = |exponent, slope, ghz: f64| WithFrequency { exponent, slope, reference_hz: ghz * 1e9 };
        let between = |at_28_ghz, at_140_ghz| Between { at_28_ghz, at_140_ghz };
        let sigma = |at_28_ghz_db, at_140_ghz_db| Deviation { at_28_ghz_db, at_140_ghz_db };
        let (fixed, micro, macro_, indoor) = (
            Deviation::fixed,
            (LineOfSight::UrbanMicro, (10.0, 13.0), 50.0),
            (LineOfSight::UrbanMacro, (37.0, 50.0), 50.0),
            (LineOfSight::IndoorMixed, (10.0, 6.0), 10.0),
        );
        let sparse = LineOfSight::Factory { clutter_size_m: 10.0, clutter_density: 0.2 };
        let factory = (sparse, (10.0, 6.0), 10.0);
        let rural = (LineOfSight::RuralMacro, (37.0, 120.0), 60.0);
        let (slopes, deviations, place) = match self {
            CloseInPreset::UrbanMicroStreetCanyon => {
                ([Exponent(1.98), Exponent(3.19)], [fixed(3.1), fixed(8.2)], micro)
            }
            CloseInPreset::UrbanMicroOpenSquare => {
                ([Exponent(1.85), Exponent(2.89)], [fixed(4.2), fixed(7.1)], micro)
            }
            CloseInPreset::UrbanMacro => {
                ([Exponent(2.0), Exponent(3.0)], [fixed(4.1), fixed(6.8)], macro_)
            }
            CloseInPreset::IndoorOffice => {
                ([Exponent(1.73), cif(3.19, 0.06, 24.2)], [fixed(3.02), fixed(8.29)], indoor)
            }
            CloseInPreset::ShoppingMall => {
                ([Exponent(1.73), cif(2.59, 0.01, 39.5)], [fixed(2.01), fixed(7.40)], indoor)
            }
            CloseInPreset::NyusimUrbanMicro => {
                ([Exponent(2.0), between(3.2, 2.9)], [sigma(4.0, 2.6), sigma(7.0, 8.2)], micro)
            }
            CloseInPreset::NyusimUrbanMacro => {
                ([Exponent(2.0), Exponent(2.9)], [sigma(4.0, 2.6), sigma(7.0, 8.2)], macro_)
            }
            CloseInPreset::NyusimIndoor => {
                ([between(1.2, 1.8), Exponent(2.7)], [sigma(3.0, 2.9), sigma(9.8, 6.6)], indoor)
            }
            CloseInPreset::NyusimFactory => {
                ([Exponent(1.7), Exponent(3.1)], [fixed(3.0), fixed(7.0)], factory)
            }
            CloseInPreset::NyusimRuralMacro => {
                let height = |exponent, slope| WithHeight { exponent, slope };
                ([height(2.31, -0.03), height(3.07, -0.049)], [fixed(1.7), fixed(6.7)], rural)
            }
        };
        let [line_of_sight, obstructed] = slopes;
        let (probability, (seen_m, unseen_m), state_correlation_m) = place;
        CloseIn {
            line_of_sight,
            obstructed,
            sigma: deviations,
            probability,
            correlation_m: ByState { line_of_sight: seen_m, obstructed: unseen_m },
            state_correlation_m,
        }
    }
}

/// Close-in model with a reference of 1 m: PL = 20 lg(4 pi f / c) + 10 n lg(d / 1 m), d between the antennas and at least
/// 1 m (Sun et al. 2016, IEEE Trans. Veh. Tech. 65(5)), with an n for paths with line of sight and one for others.
///
/// [`CloseInPathLoss`](crate::infra::CloseInPathLoss) is the same with one exponent for all paths.
///
/// ```
/// use stratosim::infra::nr::{CloseInPreset, PathLoss, RadioPath};
/// let model = CloseInPreset::UrbanMicroStreetCanyon.model();
/// let path = RadioPath {
///     carrier_hz: 3.5e9, distance_2d_m: 100.0, base_height_m: 1.5, device_height_m: 1.5, line_of_sight: false,
/// };
/// assert!((model.path_loss_db(&path) - 107.129_144).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CloseIn {
    /// n with line of sight.
    pub line_of_sight: CloseInSlope,
    /// n without.
    pub obstructed: CloseInSlope,
    /// Standard deviation with line of sight, and without.
    pub sigma: [Deviation; 2],
    /// How likely a line of sight is.
    pub probability: LineOfSight,
    /// Correlation distance of the shadowing in metres, above 0.
    pub correlation_m: ByState,
    /// Correlation distance of the line of sight in metres, above 0.
    pub state_correlation_m: f64,
}

impl PathLoss for CloseIn {
    fn path_loss_db(&self, path: &RadioPath) -> f64 {
        let slope = if path.line_of_sight { self.line_of_sight } else { self.obstructed };
        free_space_db(path.carrier_hz, 1.0)
            + 10.0 * slope.exponent(path) * path.distance_3d_m().max(1.0).log10()
    }

    fn line_of_sight_probability(&self, path: &RadioPath) -> f64 {
        self.probability.probability(path)
    }

    fn shadowing(&self, path: &RadioPath) -> Shadowing {
        let [seen, unseen] = self.sigma;
        let sigma = if path.line_of_sight { seen } else { unseen };
        Shadowing {
            sigma_db: sigma.at_db(path.carrier_hz),
            correlation_m: self.correlation_m.of(path),
            state_correlation_m: self.state_correlation_m,
        }
    }

    fn range(&self) -> PathLossRange {
        PathLossRange {
            model: "close-in",
            carrier_hz: (0.5e9, 150e9),
            distance_m: (1.0, f64::MAX),
            ..PathLossRange::ANY
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::reference;
    use super::*;

    fn path(carrier_hz: f64, distance_2d_m: f64, line_of_sight: bool) -> RadioPath {
        RadioPath { carrier_hz, distance_2d_m, base_height_m: 1.5, device_height_m: 1.5, line_of_sight }
    }

    fn of_exponent(exponent: f64) -> CloseIn {
        let slope = CloseInSlope::Exponent(exponent);
        let model = CloseInPreset::UrbanMicroStreetCanyon.model();
        CloseIn { line_of_sight: slope, obstructed: slope, ..model }
    }

    /// Loss over the first metre, as ns-3's Friis gives it, and the published table where it is at hand.
    #[test]
    fn losses_are_those_of_the_reference() {
        for (ghz, expected_db) in
            [(0.7, 29.3497), (2.1, 38.8922), (3.5, 43.3291), (3.7, 43.8118), (28.0, 61.3909)]
        {
            let found_db = of_exponent(3.0).path_loss_db(&path(ghz * 1e9, 1.0, true));
            assert!((found_db - expected_db).abs() < 5e-5, "{ghz} {found_db}");
        }
        let Some(rows) = reference::rows("pathloss_ci_reference.csv") else { return };
        assert_eq!(rows.len(), 330);
        for row in rows {
            let (exponent, carrier_hz) = (row.number("ple"), row.number("freq_hz"));
            let found_db =
                of_exponent(exponent).path_loss_db(&path(carrier_hz, row.number("d3d_m"), false));
            assert!((found_db - row.number("pathloss_db")).abs() < 1e-6, "{row:?} {found_db}");
        }
    }

    /// By hand: CIF at 48.4 GHz is 3.19 (1 + 0.06) = 3.3814; NYUSIM half-way, at 84 GHz, 3.05 and 7.6 dB; CIH at 70 m
    /// 2.31 x 0.97 = 2.2407.
    #[test]
    fn exponents_follow_frequency_and_height() {
        let exponent = |preset: CloseInPreset, path: RadioPath| {
            let model = preset.model();
            (model.path_loss_db(&path) - free_space_db(path.carrier_hz, 1.0)) / 20.0
        };
        let office = exponent(CloseInPreset::IndoorOffice, path(48.4e9, 100.0, false));
        assert!((office - 3.3814).abs() < 1e-9, "{office}");
        let street = path(84e9, 100.0, false);
        assert!((exponent(CloseInPreset::NyusimUrbanMicro, street) - 3.05).abs() < 1e-9);
        let sigma_db = CloseInPreset::NyusimUrbanMicro.model().shadowing(&street).sigma_db;
        assert!((sigma_db - 7.6).abs() < 1e-9, "{sigma_db}");
        let tower = RadioPath { base_height_m: 70.0, device_height_m: 70.0, ..path(3.5e9, 100.0, true) };
        assert!((exponent(CloseInPreset::NyusimRuralMacro, tower) - 2.2407).abs() < 1e-9);
    }

    #[test]
    fn obstacles_cost_in_all_presets() {
        for preset in CloseInPreset::ALL {
            let model = preset.model();
            let [seen, unseen] = [true, false].map(|seen| path(28e9, 80.0, seen));
            assert!(model.path_loss_db(&unseen) > model.path_loss_db(&seen) + 5.0, "{preset:?}");
            assert!(model.shadowing(&unseen).sigma_db > model.shadowing(&seen).sigma_db, "{preset:?}");
            assert_eq!(model.line_of_sight_probability(&seen), model.line_of_sight_probability(&unseen));
        }
    }
}
