//! What networks draw: technologies with a known energy per bit, and the fixed ends of radios.

use crate::scenario::{EnergyPerBit, Power};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A network technology. All energies per bit are those of PureEdgeSim 5.1, Ethernet's as in its examples: its default
/// file has a thousand times as much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TechnologySpec {
    /// WiFi: a device takes 283.17 nJ to send a bit and 137.01 nJ to receive one, an access point 23.8 nJ for either.
    Wifi,
    /// LTE: a device takes 438.4 nJ to send a bit and 51.97 nJ to receive one, a base station 6200 nJ for a bit that a
    /// device sends and 20 500 nJ for one that it receives.
    Lte,
    /// Wired: 40 nJ to send or receive a bit.
    Ethernet,
    /// 5G: no energy per bit with a source is known, so that both directions must be given.
    #[serde(rename = "5g")]
    FiveG,
}

impl TechnologySpec {
    /// The name in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            TechnologySpec::Wifi => "wifi",
            TechnologySpec::Lte => "lte",
            TechnologySpec::Ethernet => "ethernet",
            TechnologySpec::FiveG => "5g",
        }
    }

    /// Nanojoules that a device takes to send and to receive a bit, if they are known.
    #[must_use]
    pub const fn device_nj_per_bit(self) -> Option<(f64, f64)> {
        match self {
            TechnologySpec::Wifi => Some((283.17, 137.01)),
            TechnologySpec::Lte => Some((438.4, 51.97)),
            TechnologySpec::Ethernet => Some((40.0, 40.0)),
            TechnologySpec::FiveG => None,
        }
    }

    /// Nanojoules that an access point or base station takes for a bit that a device sends, and for one that it
    /// receives, if they are known.
    #[must_use]
    pub const fn radio_nj_per_bit(self) -> Option<(f64, f64)> {
        match self {
            TechnologySpec::Wifi => Some((23.8, 23.8)),
            TechnologySpec::Lte => Some((6200.0, 20_500.0)),
            TechnologySpec::Ethernet => Some((40.0, 40.0)),
            TechnologySpec::FiveG => None,
        }
    }
}

/// What the fixed end of a radio draws: an access point, or the base station of a direct network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RadioEnergySpec {
    /// Whose energy per bit holds where it is not given; none costs any energy if left out.
    pub technology: Option<TechnologySpec>,
    /// For each bit that devices send; that of the technology if left out.
    pub uplink: Option<EnergyPerBit>,
    /// For each bit that devices receive; that of the technology if left out.
    pub downlink: Option<EnergyPerBit>,
    /// Drawn as long as the access point works, whatever it carries; of access points only.
    pub idle: Power,
}
