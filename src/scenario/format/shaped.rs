//! Links shaped as Linux's traffic control does (htb or tbf, and netem).

use crate::scenario::{DataRate, DataSize, Duration, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A mobile network with usual figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ShapedPresetName {
    /// 4G: 8 Mbit/s up, 20 Mbit/s down, round trips of 40 to 60 ms.
    #[serde(rename = "lte")]
    Lte,
    /// 5G beside 4G: 40 Mbit/s up, 150 Mbit/s down, round trips of 20 to 25 ms.
    #[serde(rename = "5g_nsa")]
    NonStandalone,
    /// 5G alone, for low latency: the bandwidth of the link, round trips of 5 to 10 ms.
    #[serde(rename = "5g_sa")]
    Standalone,
    /// What AeroLoop sets for a mobile link: 4 Mbit/s and 50 ms for what is sent, nothing for what is received.
    #[serde(rename = "aeroloop")]
    AeroLoop,
}

/// How a delay varies around its mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JitterName {
    /// Not at all.
    None,
    /// Evenly from the delay less the jitter to both together.
    #[default]
    Uniform,
    /// Normal: the jitter is its standard deviation.
    Normal,
    /// Pareto: the jitter is its standard deviation.
    Pareto,
}

/// How packets are lost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PacketLossSpec {
    /// A share of all.
    Random {
        /// The share, below 100 %.
        share: Ratio,
        /// Correlation of a loss with that of the packet before, below 100 %.
        #[serde(default)]
        correlation: Ratio,
    },
    /// By a channel that is good or bad (Gilbert and Elliott).
    GilbertElliott {
        /// p: probability that a good channel is bad for the next packet.
        p: Ratio,
        /// r: probability that a bad channel is good for the next packet, above 0.
        r: Ratio,
        /// 1 - h: share of packets that the bad channel loses.
        #[serde(default = "all")]
        one_minus_h: Ratio,
        /// 1 - k: share of packets that the good channel loses.
        #[serde(default)]
        one_minus_k: Ratio,
    },
}

fn all() -> Ratio {
    Ratio::from_fraction(1.0)
}

/// What an interface does with what it sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShapeSpec {
    /// Rate of the token bucket; the bandwidth of the link if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<DataRate>,
    /// What may leave at once.
    pub burst: DataSize,
    /// Packets that wait at most.
    #[schemars(range(min = 1))]
    pub limit: u32,
    /// Delay, which comes to the latency of the link.
    pub delay: Duration,
    /// How much it varies.
    pub jitter: Duration,
    /// How it varies.
    pub distribution: JitterName,
    /// Correlation of a message's delay with that of the one before, up to 100 %.
    pub correlation: Ratio,
    /// Losses; none if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<PacketLossSpec>,
    /// A trace of mahimahi, relative to the scenario, instead of `rate` and `burst`: lines with the milliseconds at which 1500
    /// bytes may leave, again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

impl Default for ShapeSpec {
    fn default() -> Self {
        ShapeSpec {
            rate: None,
            burst: DataSize::from_bytes(1500.0),
            limit: 1000,
            delay: Duration::from_secs(0.0),
            jitter: Duration::from_secs(0.0),
            distribution: JitterName::default(),
            correlation: Ratio::from_fraction(0.0),
            loss: None,
            trace: None,
        }
    }
}

/// Parameters of the link model `shaped`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShapedSpec {
    /// Figures of a mobile network for the directions that are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<ShapedPresetName>,
    /// What devices send, or the first end of a link does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up: Option<ShapeSpec>,
    /// What devices receive, or the first end of a link does; as `up` if neither this nor a preset says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub down: Option<ShapeSpec>,
    /// Whether lost packets are sent again after a round trip; if not, their message is lost.
    pub reliable: bool,
    /// Size of a packet.
    pub packet: DataSize,
}

impl Default for ShapedSpec {
    fn default() -> Self {
        ShapedSpec {
            preset: None,
            up: None,
            down: None,
            reliable: true,
            packet: DataSize::from_bytes(1500.0),
        }
    }
}

impl ShapedPresetName {
    /// What is sent and received.
    #[must_use]
    pub fn shapes(self) -> [ShapeSpec; 2] {
        let shape = |rate_mbps: Option<f64>, delay_ms: f64, jitter_ms: f64| ShapeSpec {
            rate: rate_mbps.map(|mbps| DataRate::from_bps(mbps * 1e6)),
            delay: Duration::from_secs(delay_ms / 1e3),
            jitter: Duration::from_secs(jitter_ms / 1e3),
            ..ShapeSpec::default()
        };
        match self {
            ShapedPresetName::Lte => [8.0, 20.0].map(|mbps| shape(Some(mbps), 25.0, 5.0)),
            ShapedPresetName::NonStandalone => [40.0, 150.0].map(|mbps| shape(Some(mbps), 11.25, 1.25)),
            ShapedPresetName::Standalone => [(); 2].map(|()| shape(None, 3.75, 1.25)),
            ShapedPresetName::AeroLoop => [shape(Some(4.0), 50.0, 0.0), ShapeSpec::default()],
        }
    }
}
