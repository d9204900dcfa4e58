//! Jammers of 5G cells.

use super::WindowSpec;
use crate::scenario::{Coordinate, Duration, Frequency, Gain, PowerLevel, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A jammer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JammerSpec {
    /// Its name.
    pub name: String,
    /// Where it stands; give this, `way` or `on`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<JammerPlaceSpec>,
    /// On which way it is, in straight lines from point to point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub way: Option<Vec<JammerPointSpec>>,
    /// On which node it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// What it sends.
    #[serde(default)]
    pub signal: JammingSpec,
    /// Power that it radiates while it is on, antenna gain included; 30 dBm if left out. Not with `modulated`, which has
    /// powers of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eirp: Option<PowerLevel>,
    /// Middle of its band; that of the first carrier if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// Width of its band; that of the first carrier if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Frequency>,
    /// When it is on; always if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<Vec<WindowSpec>>,
}

/// A place of a jammer's antenna, which is 1.5 m above the ground at least.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JammerPlaceSpec {
    /// East of the origin.
    pub x: Coordinate,
    /// North of the origin.
    pub y: Coordinate,
    /// Above the ground.
    #[serde(default)]
    pub z: Coordinate,
}

/// Where a jammer is at a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JammerPointSpec {
    /// When.
    pub at: Duration,
    /// East of the origin.
    pub x: Coordinate,
    /// North of the origin.
    pub y: Coordinate,
    /// Above the ground.
    #[serde(default)]
    pub z: Coordinate,
}

/// How long a random jammer stays on or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DurationsName {
    /// Exponential.
    #[default]
    Exponential,
    /// Uniform from 0 to twice the mean.
    Uniform,
}

/// How the power of a jammer changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaveformName {
    /// A sine in dB.
    #[default]
    Sine,
    /// Equal steps upwards, and again.
    Steps,
    /// A straight line upwards in dB, and again.
    Ramp,
    /// Steps up or down at random.
    Walk,
}

/// A channel that a jammer can attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelName {
    /// Synchronisation signals and broadcast channel.
    Ssb,
    /// Control channel down, with the grants.
    Pdcch,
    /// Data down.
    Pdsch,
    /// Reference signals of the data in both directions.
    Dmrs,
    /// Control channel up, with acknowledgements and reports of the quality.
    Pucch,
    /// Data up.
    Pusch,
    /// Random access.
    Prach,
}

/// What a jammer sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum JammingSpec {
    /// Noise in its whole band all the time: barrage, or spot if the band is a part of a carrier.
    #[default]
    Constant,
    /// Noise that is on and off for random times.
    Random {
        /// Mean time on, 10 us or more.
        mean_on: Duration,
        /// Mean time off, 10 us or more.
        mean_off: Duration,
        /// How the times are distributed.
        #[serde(default)]
        durations: DurationsName,
    },
    /// Periodic pulses of noise.
    Pulsed {
        /// From one pulse to the next.
        period: Duration,
        /// Share of it in which a pulse is on.
        duty: Ratio,
    },
    /// A false cell: synchronisation signals, and preambles that collide with those of devices.
    Deceptive {
        /// False preambles a second.
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 1e9))]
        preambles: f64,
    },
    /// Noise that moves through the band, again and again.
    Sweep {
        /// How wide it is.
        width: Frequency,
        /// Time from one end of the band to the other.
        sweep_time: Duration,
    },
    /// Noise while the jammer hears the cell or the device.
    Reactive {
        /// Power from which on it hears them.
        #[serde(default = "hearing")]
        threshold: PowerLevel,
        /// Time that it listens before it sends.
        #[serde(default = "sensing")]
        sense: Duration,
        /// Time that it sends at most.
        #[serde(default = "staying")]
        stay: Duration,
        /// Probability that it reacts at all.
        #[serde(default = "always")]
        probability: Ratio,
    },
    /// Noise all the time, with a power that changes; `eirp` is not used.
    Modulated {
        /// The lower level.
        least: PowerLevel,
        /// The upper level.
        most: PowerLevel,
        /// How it goes between them.
        #[serde(default)]
        waveform: WaveformName,
        /// Time after which it comes again, or between the steps of `walk`.
        period: Duration,
        /// Number of levels of `steps`; 4 if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 2, max = 1000))]
        count: Option<u32>,
        /// Size of a step of `walk`; 1 dB if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<Gain>,
    },
    /// Noise where and when one channel of the cell is on air.
    Selective {
        /// The channel.
        target: ChannelName,
        /// Share of the channel's occasions that it meets.
        #[serde(default = "always")]
        accuracy: Ratio,
    },
}

fn hearing() -> PowerLevel {
    PowerLevel::from_dbm(-80.0)
}

fn sensing() -> Duration {
    Duration::from_secs(20e-6)
}

fn staying() -> Duration {
    Duration::from_secs(1e-3)
}

fn always() -> Ratio {
    Ratio::from_fraction(1.0)
}
