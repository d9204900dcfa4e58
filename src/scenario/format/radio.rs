//! How signals of access points spread, and what is recorded of them.

use super::Names;
use crate::scenario::{Duration, Frequency, Gain, Length, PowerLevel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Exponents and deviations of the close-in model for known surroundings. The 5GCM figures are those of the white
/// paper "5G Channel Model for bands up to 100 GHz" (2016).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RadioPresetName {
    /// The fork of EdgeCloudSim for SUMO and 5G: n = 3.1, 8.1 dB.
    EdgecloudsimSumo,
    /// Free space: n = 2, no shadowing.
    FreeSpace,
    /// Urban street canyon with micro cells, in line of sight: n = 1.98, 3.1 dB (5GCM).
    UmiStreetCanyonLos,
    /// The same, not in line of sight: n = 3.19, 8.2 dB (5GCM; the optional formula of TR 38.901 agrees).
    UmiStreetCanyonNlos,
    /// Open square with micro cells, in line of sight: n = 1.85, 4.2 dB (5GCM).
    UmiOpenSquareLos,
    /// The same, not in line of sight: n = 2.89, 7.1 dB (5GCM).
    UmiOpenSquareNlos,
    /// Urban macro cells in line of sight: n = 2.0, 4.1 dB (5GCM).
    UmaLos,
    /// The same, not in line of sight: n = 3.0, 6.8 dB (5GCM).
    UmaNlos,
}

impl RadioPresetName {
    /// Path loss exponent and deviation of the shadowing in dB.
    #[must_use]
    pub fn parameters(self) -> (f64, f64) {
        match self {
            RadioPresetName::EdgecloudsimSumo => (3.1, 8.1),
            RadioPresetName::FreeSpace => (2.0, 0.0),
            RadioPresetName::UmiStreetCanyonLos => (1.98, 3.1),
            RadioPresetName::UmiStreetCanyonNlos => (3.19, 8.2),
            RadioPresetName::UmiOpenSquareLos => (1.85, 4.2),
            RadioPresetName::UmiOpenSquareNlos => (2.89, 7.1),
            RadioPresetName::UmaLos => (2.0, 4.1),
            RadioPresetName::UmaNlos => (3.0, 6.8),
        }
    }
}

/// How signals of access points spread: close-in path loss and shadowing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RadioEnvironmentSpec {
    /// Surroundings that exponent and shadowing are taken from where they are left out.
    pub preset: RadioPresetName,
    /// Carrier.
    pub carrier: Frequency,
    /// Path loss exponent of the close-in model with a reference of 1 m; the preset's if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0, max = 10.0))]
    pub path_loss_exponent: Option<f64>,
    /// Standard deviation of the shadowing, 0 for none; the preset's if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadowing: Option<Gain>,
    /// Distance over which the correlation of the shadowing falls to 1/e; drawn once for each device and site if
    /// left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_distance: Option<Length>,
    /// Received power below which a device does not attach.
    pub threshold: PowerLevel,
    /// Time between two measurements; if left out each second with shadowing, and without it hand-overs are at their
    /// exact instants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_interval: Option<Duration>,
}

impl Default for RadioEnvironmentSpec {
    fn default() -> Self {
        RadioEnvironmentSpec {
            preset: RadioPresetName::EdgecloudsimSumo,
            carrier: Frequency::from_hz(3.5e9),
            path_loss_exponent: None,
            shadowing: None,
            correlation_distance: None,
            threshold: PowerLevel::from_dbm(-95.0),
            update_interval: None,
        }
    }
}

/// What is sampled of signals into the table `radio`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RadioSampleSpec {
    /// Time between samples.
    #[serde(default = "one_second")]
    pub interval: Duration,
    /// Devices, by class or name.
    pub devices: Names,
    /// Only the first so many of them; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub first: Option<u32>,
    /// How many sites of each, the strongest.
    #[serde(default = "five")]
    #[schemars(range(min = 1))]
    pub sites: u32,
}

fn one_second() -> Duration {
    Duration::from_secs(1.0)
}

fn five() -> u32 {
    5
}
