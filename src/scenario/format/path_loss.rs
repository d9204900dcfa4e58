//! Parameters of the models of path loss and of the schedulers of 5G cells.

use crate::scenario::{Gain, Length};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Street canyon with antennas below the roofs (TR 38.901, UMi).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UrbanMicroSpec {
    /// Whether paths without line of sight take the standard's optional formula, 32.4 + 20 lg f + 31.9 lg d.
    pub optional: bool,
    /// Standard deviation of the shadowing with line of sight; 4 dB if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_line_of_sight: Option<Gain>,
    /// Standard deviation of the shadowing without; 7.82 dB, or 8.2 dB with the optional formula, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_obstructed: Option<Gain>,
}

/// City with antennas above the roofs (TR 38.901, UMa).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UrbanMacroSpec {
    /// Whether paths without line of sight take the standard's optional formula, 32.4 + 20 lg f + 30 lg d.
    pub optional: bool,
    /// Standard deviation of the shadowing with line of sight; 4 dB if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_line_of_sight: Option<Gain>,
    /// Standard deviation of the shadowing without; 6 dB, or 7.8 dB with the optional formula, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_obstructed: Option<Gain>,
}

/// Country with masts (TR 38.901, RMa).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuralMacroSpec {
    /// Mean height of buildings, 5 to 50 m.
    pub buildings: Length,
    /// Width of streets, 5 to 50 m.
    pub streets: Length,
}

impl Default for RuralMacroSpec {
    fn default() -> Self {
        RuralMacroSpec { buildings: Length::from_metres(5.0), streets: Length::from_metres(20.0) }
    }
}

/// Office with antennas at the ceiling (TR 38.901, InH).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IndoorHotspotSpec {
    /// Whether paths without line of sight take the standard's optional formula, 32.4 + 20 lg f + 31.9 lg d.
    pub optional: bool,
    /// Whether the office is open-plan, where more is seen.
    pub open_plan: bool,
}

/// Published parameters of the close-in model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseInPresetName {
    /// Street canyon: n = 1.98 with line of sight and 3.19 without, 3.1 and 8.2 dB (5GCM 2016).
    #[default]
    UmiStreetCanyon,
    /// Open square: 1.85 and 2.89, 4.2 and 7.1 dB (5GCM 2016).
    UmiOpenSquare,
    /// Above roofs: 2.0 and 3.0, 4.1 and 6.8 dB (5GCM 2016).
    Uma,
    /// Office: 1.73 and 3.19, which grows with the frequency, 3.02 and 8.29 dB (5GCM 2016).
    InhOffice,
    /// Shopping mall: 1.73 and 2.59, which grows with the frequency, 2.01 and 7.40 dB (5GCM 2016).
    InhShoppingMall,
    /// Street canyon of NYUSIM, 28 to 140 GHz (Poddar et al. 2023).
    NyusimUmi,
    /// Above roofs, of NYUSIM.
    NyusimUma,
    /// Office of NYUSIM.
    NyusimInh,
    /// Factory of NYUSIM.
    NyusimInf,
    /// Country of NYUSIM, which depends on the height of the masts.
    NyusimRma,
}

/// Close-in model with a reference of 1 m: 20 lg(4 pi f / c) + 10 n lg d.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CloseInPathLossSpec {
    /// Published parameters, for what is left out below; lines of sight and correlation distances are its.
    pub preset: CloseInPresetName,
    /// Exponent with line of sight, and without if that is not given; the preset's if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0, max = 10.0))]
    pub n: Option<f64>,
    /// Exponent without line of sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0, max = 10.0))]
    pub n_obstructed: Option<f64>,
    /// Standard deviation of the shadowing with line of sight, and without if that is not given; the preset's if left
    /// out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma: Option<Gain>,
    /// Standard deviation of the shadowing without line of sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_obstructed: Option<Gain>,
}

/// Published parameters of the alpha-beta-gamma model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlphaBetaGammaPresetName {
    /// Street canyon without line of sight: 3.48, 21.02 dB, 2.34, 7.8 dB (5GCM 2016).
    #[default]
    UmiStreetCanyon,
    /// Above roofs without line of sight: 3.4, 19.2 dB, 2.3, 6.5 dB (5GCM 2016).
    Uma,
    /// Office without line of sight: 3.83, 17.30 dB, 2.49, 8.03 dB (5GCM 2016).
    InhOffice,
}

/// Alpha-beta-gamma model: 10 alpha lg d + beta + 10 gamma lg f, without line of sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlphaBetaGammaSpec {
    /// Published parameters.
    pub preset: AlphaBetaGammaPresetName,
}

/// Free space: 20 lg(4 pi f d / c), always in line of sight, without shadowing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FreeSpaceSpec {}

/// So many dB a decade of distance, whatever the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogDistanceSpec {
    /// Path loss exponent: 10 times as many dB a decade.
    #[schemars(range(min = 1.0, max = 10.0))]
    pub exponent: f64,
    /// Distance at which the loss is known, above 0.
    pub reference_distance: Length,
    /// Loss there.
    pub reference_loss: Gain,
    /// Standard deviation of the shadowing.
    pub sigma: Gain,
    /// Distance over which the correlation of the shadowing falls to 1/e, above 0.
    pub correlation_distance: Length,
}

impl Default for LogDistanceSpec {
    fn default() -> Self {
        LogDistanceSpec {
            exponent: 3.0,
            reference_distance: Length::from_metres(1.0),
            reference_loss: Gain::from_db(43.3),
            sigma: Gain::from_db(0.0),
            correlation_distance: Length::from_metres(50.0),
        }
    }
}

/// Three slopes by distance, whatever the carrier; the defaults are those of ns-3.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ThreeLogDistanceSpec {
    /// Distances at which the slopes begin, each above the one before; nearer the loss is that at the first.
    pub breaks: [Length; 3],
    /// Path loss exponents from there on, 0 to 10: ten times as many dB a decade.
    pub exponents: [f64; 3],
    /// Loss at the first distance.
    pub reference_loss: Gain,
}

impl Default for ThreeLogDistanceSpec {
    fn default() -> Self {
        ThreeLogDistanceSpec {
            breaks: [1.0, 200.0, 500.0].map(Length::from_metres),
            exponents: [1.9, 3.8, 3.8],
            reference_loss: Gain::from_db(46.6777),
        }
    }
}

/// Free space up to a crossover by the heights of the antennas, 40 dB a decade beyond: reflection from flat ground.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TwoRaySpec {}

/// All devices in turn: equal shares, and what a device does not need for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RoundRobinSpec {}

/// Shares that make the greatest sum of alpha-fair utilities (Mo and Walrand 2000).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProportionalFairSpec {
    /// alpha: 1 for equal shares, large values for equal rates, small ones for the highest sum of rates.
    #[schemars(range(min = 0.01, max = 100.0))]
    pub fairness: f64,
}

impl Default for ProportionalFairSpec {
    fn default() -> Self {
        ProportionalFairSpec { fairness: 1.0 }
    }
}

/// The device with the highest rate first, and others only with what it leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MaxRateSpec {}
