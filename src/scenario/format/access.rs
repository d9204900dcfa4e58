//! Access networks: links whose delay is fixed when a message enters them, and networks beside the access
//! points.

use super::{LinkModelSpec, Names, RadioEnergySpec};
use crate::infra::network::NetworkClass;
use crate::scenario::{DataRate, DataSize, Duration, Frequency, Gain, PowerLevel, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A network by which delays and refusals are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NetworkName {
    /// Wireless access by access points.
    Wlan,
    /// Between the sites of a city.
    Man,
    /// To distant datacenters.
    Wan,
    /// A cellular network.
    Cellular,
}

impl From<NetworkName> for NetworkClass {
    fn from(name: NetworkName) -> Self {
        match name {
            NetworkName::Wlan => NetworkClass::Wlan,
            NetworkName::Man => NetworkClass::Man,
            NetworkName::Wan => NetworkClass::Wan,
            NetworkName::Cellular => NetworkClass::Cellular,
        }
    }
}

/// Parameters of the link model `population`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PopulationSpec {
    /// Mean time between messages of one device in one direction, whether it is active or not.
    pub mean_interval: Duration,
    /// Mean size of what devices send, or of all if `mean_result` is left out.
    pub mean_message: DataSize,
    /// Mean size of what devices receive.
    #[serde(default)]
    pub mean_result: Option<DataSize>,
    /// Longest delay that is taken; any if left out.
    #[serde(default)]
    pub longest: Option<Duration>,
}

/// Parameters of the link model `throughput_table`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThroughputTableSpec {
    /// A CSV file, relative to the scenario, with the columns `transfers` (on the link already, from 0 up) and
    /// `rate_kbps` (what one more gets).
    pub file: String,
    /// What all rates are multiplied by.
    #[serde(default = "one")]
    pub factor: f64,
}

fn one() -> f64 {
    1.0
}

/// Parameters of the link model `windowed_queue`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowedQueueSpec {
    /// Length of a window.
    pub window: Duration,
    /// When the first window begins.
    #[serde(default)]
    pub first_window: Duration,
    /// Mean time between messages until the end of the first window.
    pub mean_interval: Duration,
    /// Mean size of what devices send, or of all if `mean_result` is left out, until the end of the first window.
    pub mean_message: DataSize,
    /// Mean size of what devices receive.
    #[serde(default)]
    pub mean_result: Option<DataSize>,
    /// Messages a second of each attached device that are not simulated, added to what a window saw.
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub background_messages_per_s: f64,
    /// Their mean size.
    #[serde(default)]
    pub background_message: DataSize,
    /// Weight of a window in the mean time between messages if the rate has fallen; 1 takes it as it is.
    #[serde(default = "whole")]
    pub falling_weight: Ratio,
    /// From when on that weight is used.
    #[serde(default)]
    pub smooth_from: Duration,
    /// Longest delay that is taken; any if left out.
    #[serde(default)]
    pub longest: Option<Duration>,
}

fn whole() -> Ratio {
    Ratio::from_fraction(1.0)
}

/// Parameters of the link model `close_in`: a 5G cell whose rate falls with the distance of the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CloseInSpec {
    /// Carrier.
    pub carrier: Frequency,
    /// Width of the channel.
    pub width: Frequency,
    /// Path loss exponent of the close-in model with a reference of 1 m.
    #[schemars(range(min = 1.0, max = 10.0))]
    pub path_loss_exponent: f64,
    /// Standard deviation of the shadowing, drawn once for each device and cell.
    pub shadowing: Gain,
    /// Transmit power.
    pub transmit_power: PowerLevel,
    /// Gains of both antennas together.
    pub antenna_gain: Gain,
    /// Noise figure of the receiver.
    pub noise_figure: Gain,
    /// Received power below which nothing is carried.
    pub threshold: PowerLevel,
    /// Load by traffic outside the simulation.
    pub background_load: Ratio,
    /// Mean size of the messages in the queue; measured if left out.
    pub mean_message: Option<DataSize>,
    /// Time constant of the exponential window in which load and size are measured.
    pub window: Duration,
}

impl Default for CloseInSpec {
    fn default() -> Self {
        CloseInSpec {
            carrier: Frequency::from_hz(3.5e9),
            width: Frequency::from_hz(20e6),
            path_loss_exponent: 3.1,
            shadowing: Gain::from_db(8.1),
            transmit_power: PowerLevel::from_dbm(30.0),
            antenna_gain: Gain::from_db(20.0),
            noise_figure: Gain::from_db(5.0),
            threshold: PowerLevel::from_dbm(-95.0),
            background_load: Ratio::from_fraction(0.0),
            mean_message: None,
            window: Duration::from_secs(10.0),
        }
    }
}

/// Devices' demand as the queues of EdgeCloudSim's first sample application count it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MobileDemandSpec {
    /// Share of the devices.
    pub share: Ratio,
    /// Mean time between tasks.
    pub mean_interval: Duration,
    /// Share of the tasks that go to the cloud.
    pub cloud_share: Ratio,
    /// Mean input.
    pub upload: DataSize,
    /// Mean result.
    pub download: DataSize,
}

/// The way to the cloud beyond the access point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeyondSpec {
    /// Bandwidth in each direction.
    pub bandwidth: DataRate,
    /// Propagation delay.
    pub latency: Duration,
}

/// Parameters of the link model `edgecloudsim_population`: the M/M/1 by population of EdgeCloudSim's first sample
/// application, with its slips by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeCloudSimPopulationSpec {
    /// The applications.
    pub demand: Vec<MobileDemandSpec>,
    /// If the link leads to the cloud: the second hop, whose delay is added.
    #[serde(default)]
    pub beyond: Option<BeyondSpec>,
    /// Longest delay of a hop that is taken.
    pub longest: Duration,
    /// Means over applications are divided by their number once more.
    #[serde(default)]
    pub divide_by_applications: bool,
    /// The gap between messages to the cloud grows with the running sum over the applications before.
    #[serde(default)]
    pub wan_mean_accumulates: bool,
    /// A queue that is overloaded by far gives a short delay.
    #[serde(default)]
    pub overload_is_fast: bool,
}

/// Parameters of the link model `edgecloudsim_relay`: the metropolitan network of EdgeCloudSim's second sample
/// application, with its slips by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeCloudSimRelaySpec {
    /// The queue that is meant.
    pub queue: WindowedQueueSpec,
    /// The mean message stays what it was at the start.
    #[serde(default)]
    pub size_never_updates: bool,
    /// Whoever asks how long a message would take is counted as one.
    #[serde(default)]
    pub estimate_counts: bool,
}

/// Who shares a direct network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectScopeName {
    /// All devices, wherever they are.
    #[default]
    Everywhere,
    /// The devices of each access point one of its own.
    AccessPoint,
}

/// A network that leads from devices to nodes directly, beside their access points: a cellular network, or a way
/// to the cloud that was measured from end to end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectNetworkSpec {
    /// Its name, before which that of the access point is put if each has its own.
    pub name: String,
    /// What it is counted to.
    pub network: NetworkName,
    /// The nodes it leads to: classes or nodes.
    pub to: Names,
    /// Who shares it.
    #[serde(default)]
    pub scope: DirectScopeName,
    /// Rate from the devices together.
    pub uplink: DataRate,
    /// Rate to the devices together; as the uplink if left out.
    #[serde(default)]
    pub downlink: Option<DataRate>,
    /// Whether both directions share one channel of the rate `uplink`.
    #[serde(default)]
    pub half_duplex: bool,
    /// Propagation delay, one way.
    #[serde(default)]
    pub latency: Duration,
    /// How transfers share it; the network's model if left out.
    #[serde(default)]
    pub model: Option<LinkModelSpec>,
    /// Transfers that may be on it at once in each direction; any number if left out.
    #[serde(default)]
    pub transfer_limit: Option<u32>,
    /// What its base station draws for each bit; nothing if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radio_energy: Option<RadioEnergySpec>,
}
