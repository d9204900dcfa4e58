//! WiFi whose links are modelled: what is sent how, how signals spread, who is associated where.

use super::root::{LinkChoiceKind, PathLossKind};
use crate::scenario::{Duration, Frequency, Gain, Length, Power, PowerLevel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A standard of WiFi.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum WifiStandardName {
    /// 20 MHz, 6 to 54 Mbit/s, one frame at a time.
    #[serde(rename = "802.11a")]
    A,
    /// Up to 40 MHz and 4 streams, aggregated frames.
    #[default]
    #[serde(rename = "802.11n")]
    N,
    /// Up to 80 MHz and 4 streams here, 256QAM, aggregated frames.
    #[serde(rename = "802.11ac")]
    Ac,
}

/// A model of frame errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WifiErrorName {
    /// By tables of link simulations, ns-3's default since 3.33.
    #[default]
    Table,
    /// By the formulas of NIST, ns-3's default before.
    Nist,
    /// By distance alone, as measured between drones (ArduSim): 5.335e-7 d^2 + 3.395e-5 d.
    Measured,
}

/// How senders choose their modes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AdaptationSpec {
    /// The fastest mode that the SNR, which is known, suffices for.
    Ideal {
        /// Greatest share of bits in error.
        #[serde(default = "usual_bit_error")]
        bit_error: f64,
    },
    /// Always one mode.
    Fixed {
        /// Its index: the MCS of a stream, or the place of the rate among the eight of 802.11a from 0 to 7.
        #[schemars(range(min = 0, max = 9))]
        mode: u8,
    },
    /// The mode by which most arrives, and tries of faster ones.
    Minstrel {
        /// Share of exchanges in which a faster mode is tried with a single frame.
        #[serde(default = "usual_sampling")]
        #[schemars(range(min = 0.0, max = 0.5))]
        sampling: f64,
    },
}

fn usual_bit_error() -> f64 {
    1e-6
}

fn usual_sampling() -> f64 {
    0.1
}

impl Default for AdaptationSpec {
    fn default() -> Self {
        AdaptationSpec::Ideal { bit_error: usual_bit_error() }
    }
}

/// WiFi whose links are modelled: that of the access points with the key `wifi`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WifiSpecification {
    /// Standard of access points that do not say.
    pub standard: WifiStandardName,
    /// Width of their channels: 20, 40 or 80 MHz.
    pub width: Frequency,
    /// Their spatial streams.
    #[schemars(range(min = 1, max = 4))]
    pub streams: u32,
    /// Whether their guard intervals are 400 ns instead of 800 ns.
    pub short_guard: bool,
    /// Carrier, for the path loss.
    pub frequency: Frequency,
    /// Mean path loss.
    pub path_loss: PathLossKind,
    /// How frames are lost.
    pub error_model: WifiErrorName,
    /// How senders choose their modes.
    pub adaptation: AdaptationSpec,
    /// Time between two measurements, 10 ms to 60 s, for which links hold.
    pub period: Duration,
    /// How much stronger another access point must be before a station leaves its own, 0 to 60 dB.
    pub hysteresis: Gain,
    /// How long a station that goes from one access point to another sends nothing; shorter than the period.
    pub interruption: Duration,
    /// Received power from which on two access points of a channel take turns, -120 to 0 dBm.
    pub carrier_sense: PowerLevel,
    /// Which of its radios a device uses.
    pub link_choice: LinkChoiceKind,
}

impl Default for WifiSpecification {
    fn default() -> Self {
        WifiSpecification {
            standard: WifiStandardName::default(),
            width: Frequency::from_hz(20e6),
            streams: 1,
            short_guard: false,
            frequency: Frequency::from_hz(5.18e9),
            path_loss: PathLossKind(json!({ "kind": "log_distance", "reference_loss": "46.6777 dB" })),
            error_model: WifiErrorName::default(),
            adaptation: AdaptationSpec::default(),
            period: Duration::from_secs(1.0),
            hysteresis: Gain::from_db(5.0),
            interruption: Duration::from_secs(0.05),
            carrier_sense: PowerLevel::from_dbm(-82.0),
            link_choice: LinkChoiceKind::of_kind("cells_first"),
        }
    }
}

/// What makes an access point one whose WiFi is modelled; what is left out is as in the root's `wifi`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WifiPointSpecification {
    /// Number of its channel: those of the same number take turns where they hear each other, others never meet.
    pub channel: u16,
    /// Standard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard: Option<WifiStandardName>,
    /// Width of the channel: 20, 40 or 80 MHz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<Frequency>,
    /// Spatial streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4))]
    pub streams: Option<u32>,
    /// Whether guard intervals are 400 ns instead of 800 ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_guard: Option<bool>,
    /// Noise figure of its receiver, 0 to 30 dB.
    pub noise_figure: Gain,
    /// Height of the antenna above the place of the node, up to 1000 m.
    pub antenna: Length,
}

impl Default for WifiPointSpecification {
    fn default() -> Self {
        WifiPointSpecification {
            channel: 36,
            standard: None,
            width: None,
            streams: None,
            short_guard: None,
            noise_figure: Gain::from_db(7.0),
            antenna: Length::from_metres(1.5),
        }
    }
}

/// What the WiFi radio of a device draws. The defaults are those of ns-3: 273, 380, 313 and 33 mA at 3 V.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WifiPowerSpec {
    /// While it listens.
    pub idle: Power,
    /// While it sends.
    pub transmit: Power,
    /// While it receives what is for it.
    pub receive: Power,
    /// While it is not associated.
    pub sleep: Power,
}

impl Default for WifiPowerSpec {
    fn default() -> Self {
        WifiPowerSpec {
            idle: Power::from_watts(0.819),
            transmit: Power::from_watts(1.14),
            receive: Power::from_watts(0.939),
            sleep: Power::from_watts(0.099),
        }
    }
}

/// The WiFi interface of a device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WifiRadioSpecification {
    /// Whether it has one at all.
    pub enabled: bool,
    /// Transmit power, -50 to 50 dBm.
    pub transmit_power: PowerLevel,
    /// Gain of the antenna, -50 to 50 dB.
    pub antenna_gain: Gain,
    /// Noise figure of the receiver, 0 to 30 dB.
    pub noise_figure: Gain,
    /// Height of the antenna above the place of the device, up to 1000 m.
    pub antenna: Length,
    /// Spatial streams at most.
    #[schemars(range(min = 1, max = 4))]
    pub streams: u32,
    /// What it draws beside the interface; nothing if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power: Option<WifiPowerSpec>,
}

impl Default for WifiRadioSpecification {
    fn default() -> Self {
        WifiRadioSpecification {
            enabled: true,
            transmit_power: PowerLevel::from_dbm(16.0206),
            antenna_gain: Gain::from_db(0.0),
            noise_figure: Gain::from_db(7.0),
            antenna: Length::from_metres(1.5),
            streams: 4,
            power: None,
        }
    }
}

/// A way for a device into the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessName {
    /// Modelled WiFi.
    Wifi,
    /// 5G cells.
    Cells,
    /// Other access points.
    AccessPoint,
}

/// The first link that there is, in an order; what is not in it is not used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreferSpec {
    /// The order.
    #[schemars(length(min = 1))]
    pub order: Vec<AccessName>,
}

/// WiFi, then cells, then other access points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WifiFirstSpec {}

/// Cells, then WiFi, then other access points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CellsFirstSpec {}

/// The link with the highest rate down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BestRateSpec {
    /// By which share of the present rate another one must be higher.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub hysteresis: f64,
}

impl Default for BestRateSpec {
    fn default() -> Self {
        BestRateSpec { hysteresis: 0.2 }
    }
}

/// The present link as long as it lasts, then the first that there is, in an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StickySpec {
    /// The order.
    #[schemars(length(min = 1))]
    pub order: Vec<AccessName>,
}

impl Default for StickySpec {
    fn default() -> Self {
        StickySpec { order: vec![AccessName::Cells, AccessName::Wifi, AccessName::AccessPoint] }
    }
}
