//! Node classes.

use super::FrequencySpec;
use super::root::{MobilityKind, PowerKind};
use super::{
    AcceleratorsSpec, AssetAmount, CellRadioSpec, CellSpecification, Draw, LinkModelSpec, NetworkName,
    RadioEnergySpec, TechnologySpec, VehicleSpecification, WifiPointSpecification,
    WifiRadioSpecification,
};
use crate::placement::offloading::TierName;
use crate::scenario::{
    DataRate, DataSize, Duration, Energy, Frequency, Gain, InstructionRate, Length, Power, PowerLevel,
    Ratio,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a processor serves more jobs than it has cores for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SchedulingSpec {
    /// A job holds its cores alone; others wait, first in, first out.
    SpaceShared {
        /// How many jobs may wait; any number if left out.
        #[serde(default)]
        queue_limit: Option<u32>,
    },
    /// All jobs run at once and share the cores, none faster than on cores of its own.
    TimeShared {
        /// How many jobs may run; any number if left out.
        #[serde(default)]
        job_limit: Option<u32>,
    },
}

/// Instances (virtual machines, containers) that each node is divided into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceSpecification {
    /// How many on each node.
    #[schemars(range(min = 1))]
    pub count: u32,
    /// Cores reserved for each.
    #[schemars(range(min = 0.01))]
    pub cores: f64,
    /// Memory reserved for each.
    #[serde(default)]
    pub memory: DataSize,
    /// Storage reserved for each.
    #[serde(default)]
    pub storage: DataSize,
    /// Accelerators reserved for each, by kind.
    #[serde(default)]
    pub accelerators: BTreeMap<String, u32>,
    /// How each serves its jobs; as its node if left out.
    #[serde(default)]
    pub scheduling: Option<SchedulingSpec>,
}

/// How a battery gives its energy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BatteryModelSpec {
    /// All of it is at hand.
    #[default]
    Ideal,
    /// The kinetic battery model (Manwell and McGowan, 1993): a part is at hand, the rest follows.
    TwoWells {
        /// The part of the capacity that is at hand, between 0 and 1.
        available: Ratio,
        /// How fast the two parts level out: the k' of the model, in 1/s.
        recovery_per_s: f64,
    },
}

/// A charger, and when it is connected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChargerSpec {
    /// Power that it gives at most, to the node first and to its battery.
    pub power: Power,
    /// When it is first connected.
    #[serde(default = "at_once")]
    pub first: Draw<Duration>,
    /// How long it stays connected; for good if left out.
    #[serde(default)]
    pub lasts: Option<Duration>,
    /// Time from one connection to the next; it comes once if left out.
    #[serde(default)]
    pub every: Option<Duration>,
}

fn at_once() -> Draw<Duration> {
    Draw::Constant(Duration::from_secs(0.0))
}

/// A battery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatterySpecification {
    /// Energy when full.
    pub capacity: Energy,
    /// Share of it at the start.
    #[serde(default = "full")]
    pub level: Draw<Ratio>,
    /// How it gives its energy.
    #[serde(default)]
    pub model: BatteryModelSpec,
    /// Share at which it is told to be low.
    #[serde(default)]
    pub low: Ratio,
    /// Share at which the node dies: of what is at hand when full.
    #[serde(default)]
    pub dead: Ratio,
    /// Share at which a node that died starts again while it is charged; never if left out.
    #[serde(default)]
    pub restart: Option<Ratio>,
    /// What charges it, if anything.
    #[serde(default)]
    pub charger: Option<ChargerSpec>,
}

fn full() -> Draw<Ratio> {
    Draw::Constant(Ratio::from_fraction(1.0))
}

/// A node's own network interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InterfaceSpec {
    /// Rate at which one transfer is sent or received at most; no limit if left out.
    pub rate_limit: Option<DataRate>,
    /// Whose energy per bit holds where it is not given; none costs any energy if left out.
    pub technology: Option<TechnologySpec>,
    /// Energy to send a bit, in nanojoules; that of the technology if left out.
    #[schemars(range(min = 0.0))]
    pub transmit_nj_per_bit: Option<f64>,
    /// Energy to receive a bit, in nanojoules; that of the technology if left out.
    #[schemars(range(min = 0.0))]
    pub receive_nj_per_bit: Option<f64>,
    /// Energy to send a bit over the distance to the access point, in nanojoules for each square metre: what the
    /// amplifier takes.
    #[schemars(range(min = 0.0))]
    pub amplifier_nj_per_bit_m2: f64,
}

/// What makes nodes access points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccessPointSpecification {
    /// Distance within which devices attach; any distance if left out.
    pub range: Option<Length>,
    /// Rate from all attached devices together.
    pub uplink: DataRate,
    /// Rate to all attached devices together.
    pub downlink: DataRate,
    /// Whether both directions share one channel of the rate `uplink`.
    pub half_duplex: bool,
    /// Delay of the radio hop, one way.
    pub latency: Duration,
    /// Transmit power, for attachment by signal and for cells; 20 dBm if left out, 44 dBm of a `cell`.
    pub transmit_power: Option<PowerLevel>,
    /// Gain of the antenna, which counts as more power; 0 dB if left out, 8 dB of a `cell`.
    pub antenna_gain: Option<Gain>,
    /// How transfers share the radio; as the network's other links if left out.
    pub model: Option<LinkModelSpec>,
    /// Transfers that may be on it at once in each direction; any number if left out.
    pub transfer_limit: Option<u32>,
    /// What the radio is counted to; `wlan` if left out, `cellular` of a `cell`.
    pub network: Option<NetworkName>,
    /// What the access point draws for its radio; nothing if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radio_energy: Option<RadioEnergySpec>,
    /// What makes it a base station of 5G cells, as the root's `cells` has them; rates and ranges are then theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<CellSpecification>,
    /// What makes it an access point whose WiFi is modelled, as the root's `wifi` has it; rates and ranges are then by what is
    /// received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wifi: Option<WifiPointSpecification>,
}

impl Default for AccessPointSpecification {
    fn default() -> Self {
        AccessPointSpecification {
            range: None,
            uplink: DataRate::from_bps(100e6),
            downlink: DataRate::from_bps(300e6),
            half_duplex: false,
            latency: Duration::from_secs(0.002),
            transmit_power: None,
            antenna_gain: None,
            model: None,
            transfer_limit: None,
            network: None,
            radio_energy: None,
            cell: None,
            wifi: None,
        }
    }
}

impl AccessPointSpecification {
    /// Transmit power, or what it is if left out.
    #[must_use]
    pub fn power(&self) -> PowerLevel {
        self.transmit_power.unwrap_or(PowerLevel::from_dbm(if self.cell.is_some() {
            44.0
        } else {
            20.0
        }))
    }

    /// Gain of the antenna, or what it is if left out.
    #[must_use]
    pub fn gain(&self) -> Gain {
        self.antenna_gain.unwrap_or(Gain::from_db(if self.cell.is_some() { 8.0 } else { 0.0 }))
    }

    /// What the radio is counted to, or what it is if left out.
    #[must_use]
    pub fn counted_to(&self) -> NetworkName {
        let usual = if self.cell.is_some() { NetworkName::Cellular } else { NetworkName::Wlan };
        self.network.unwrap_or(usual)
    }

    /// Fills in what depends on the rest.
    fn fill_defaults(&mut self) {
        self.transmit_power = Some(self.power());
        self.antenna_gain = Some(self.gain());
        self.network = Some(self.counted_to());
    }
}

/// A class of nodes. What is left out depends on the tier: devices have 2 cores of 2000 MIPS, 4 GiB and
/// 1 to 5 W, share time, attach to access points and walk about; edge nodes 8 cores of 10 000 MIPS, 32 GiB
/// and 50 to 150 W, and are access points; fog nodes 16 such cores, 64 GiB and 100 to 300 W; cloud nodes 64
/// such cores, 256 GiB and 200 to 800 W; network nodes no cores. Servers stand still and queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeClassSpec {
    /// Where the nodes stand between the users and the core of the network.
    pub tier: TierName,
    /// Name; that of the tier if left out. A single node has this name, several are `name-0`, `name-1`, ...
    #[serde(default)]
    pub name: Option<String>,
    /// Name of a group of classes: it stands for the nodes of all classes that have it, where classes can be
    /// named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How many; 1 if left out, or as many as a file that places them says.
    #[serde(default)]
    pub count: Option<u32>,
    /// Names of the single nodes, in order, instead of numbers.
    #[serde(default)]
    pub node_names: Option<Vec<String>>,
    /// CPU architecture.
    #[serde(default)]
    pub architecture: Option<String>,
    /// Cores.
    #[serde(default)]
    pub cores: Option<u32>,
    /// Speed of each core.
    #[serde(default)]
    pub mips_per_core: Option<InstructionRate>,
    /// Clock frequency, from which the speed is computed if it is not given.
    #[serde(default)]
    pub clock: Option<Frequency>,
    /// Instructions that a core does in a cycle; 1 if left out.
    #[serde(default)]
    #[schemars(range(min = 0.01))]
    pub instructions_per_cycle: Option<f64>,
    /// Memory.
    #[serde(default)]
    pub memory: Option<DataSize>,
    /// Storage; no limit if left out.
    #[serde(default)]
    pub storage: Option<DataSize>,
    /// Accelerators: how many by kind, or a list of devices whose time is modelled.
    #[serde(default)]
    pub accelerators: AcceleratorsSpec,
    /// What the nodes offer to services of the assets that the root declares, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub assets: BTreeMap<String, AssetAmount>,
    /// Share of the time that a node is up, as services ask for it; 1 if left out. Nothing fails by it: that is
    /// what `faults` are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<Ratio>,
    /// Time that a node adds to each request in the response time that ECLYPSE works out; none if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing_time: Option<Duration>,
    /// How jobs are served.
    #[serde(default)]
    pub scheduling: Option<SchedulingSpec>,
    /// Instances that each node is divided into; jobs then run in these.
    #[serde(default)]
    pub instances: Option<InstanceSpecification>,
    /// That completions are seen in steps of 10 to 20 ms, as EdgeCloudSim does, and by what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edgecloudsim_updates: Option<UpdatesName>,
    /// Power: a model of a `kind` (linear if left out) or a `preset`.
    #[serde(default)]
    pub power: Option<PowerKind>,
    /// Frequency steps; without them the clock is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<FrequencySpec>,
    /// Battery; without one the nodes hang on the mains.
    #[serde(default)]
    pub battery: Option<BatterySpecification>,
    /// Network interface.
    #[serde(default)]
    pub interface: InterfaceSpec,
    /// What makes the nodes access points; edge nodes are unless this is `null`.
    #[serde(default = "AccessPointChoice::unset", skip_serializing_if = "AccessPointChoice::is_unset")]
    #[schemars(with = "Option<AccessPointSpecification>")]
    pub access_point: AccessPointChoice,
    /// Whether the nodes attach to access points; devices do, others are wired.
    #[serde(default)]
    pub wireless: Option<bool>,
    /// 5G modem of wireless nodes; a usual one if left out where there are `cells`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell_radio: Option<CellRadioSpec>,
    /// What makes the nodes vehicles that fly or drive as workloads tell them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<VehicleSpecification>,
    /// WiFi interface of wireless nodes; a usual one if left out where there is `wifi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wifi: Option<WifiRadioSpecification>,
    /// Where the nodes are and how they move.
    #[serde(default)]
    pub mobility: Option<MobilityKind>,
    /// Free labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// What EdgeCloudSim updates together, as one datacenter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdatesName {
    /// Each node.
    Node,
    /// All nodes of the class.
    Class,
}

/// Whether nodes are access points: not said, no (`null`), or yes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AccessPointChoice {
    /// As the tier has it.
    Unset,
    /// No.
    No(Option<()>),
    /// Yes, with these properties.
    Yes(Box<AccessPointSpecification>),
}

impl AccessPointChoice {
    fn unset() -> Self {
        AccessPointChoice::Unset
    }

    fn is_unset(&self) -> bool {
        *self == AccessPointChoice::Unset
    }
}

impl<'de> Deserialize<'de> for AccessPointChoice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Option::<AccessPointSpecification>::deserialize(deserializer)?;
        Ok(given.map_or(AccessPointChoice::No(None), |own| AccessPointChoice::Yes(Box::new(own))))
    }
}

/// What a tier's nodes have if a scenario does not say.
struct TierDefaults {
    cores: u32,
    mips_per_core: f64,
    memory_gib: f64,
    power_w: (f64, f64),
    time_shared: bool,
}

fn defaults(tier: TierName) -> TierDefaults {
    let (cores, mips_per_core, memory_gib, power_w, time_shared) = match tier {
        TierName::Device => (2, 2000.0, 4.0, (1.0, 5.0), true),
        TierName::Edge => (8, 10_000.0, 32.0, (50.0, 150.0), false),
        TierName::Fog => (16, 10_000.0, 64.0, (100.0, 300.0), false),
        TierName::Cloud => (64, 10_000.0, 256.0, (200.0, 800.0), false),
        TierName::Network => (0, 0.0, 0.0, (0.0, 0.0), false),
    };
    TierDefaults { cores, mips_per_core, memory_gib, power_w, time_shared }
}

impl NodeClassSpec {
    /// A class of a tier, of which nothing else is said.
    #[must_use]
    pub fn of_tier(tier: TierName) -> Self {
        NodeClassSpec {
            tier,
            name: None,
            group: None,
            count: None,
            node_names: None,
            architecture: None,
            cores: None,
            mips_per_core: None,
            clock: None,
            instructions_per_cycle: None,
            memory: None,
            storage: None,
            accelerators: AcceleratorsSpec::default(),
            assets: BTreeMap::new(),
            availability: None,
            processing_time: None,
            scheduling: None,
            instances: None,
            edgecloudsim_updates: None,
            power: None,
            frequency: None,
            battery: None,
            interface: InterfaceSpec::default(),
            access_point: AccessPointChoice::Unset,
            wireless: None,
            cell_radio: None,
            vehicle: None,
            wifi: None,
            mobility: None,
            labels: BTreeMap::new(),
        }
    }

    /// Name of the class.
    #[must_use]
    pub fn class_name(&self) -> &str {
        self.name.as_deref().unwrap_or(match self.tier {
            TierName::Device => "device",
            TierName::Edge => "edge",
            TierName::Fog => "fog",
            TierName::Cloud => "cloud",
            TierName::Network => "network",
        })
    }

    /// Fills in what was left out, as the tier has it. `count` stays open for files that say it.
    pub fn fill_defaults(&mut self) {
        let defaults = defaults(self.tier);
        let clock_mips =
            self.clock.map(|clock| clock.as_hz() / 1e6 * self.instructions_per_cycle.unwrap_or(1.0));
        if self.name.is_none() {
            self.name = Some(self.class_name().to_string());
        }
        self.architecture.get_or_insert_with(|| {
            if self.tier == TierName::Device { "aarch64".into() } else { "x86_64".into() }
        });
        self.cores.get_or_insert(defaults.cores);
        self.mips_per_core
            .get_or_insert(InstructionRate::from_mips(clock_mips.unwrap_or(defaults.mips_per_core)));
        self.memory.get_or_insert(DataSize::from_bytes(defaults.memory_gib * f64::from(1 << 30)));
        let scheduling = if defaults.time_shared {
            SchedulingSpec::TimeShared { job_limit: None }
        } else {
            SchedulingSpec::SpaceShared { queue_limit: None }
        };
        let scheduling = *self.scheduling.get_or_insert(scheduling);
        if let Some(instances) = &mut self.instances {
            instances.scheduling.get_or_insert(scheduling);
        }
        let (idle_w, busy_w) = defaults.power_w;
        self.power.get_or_insert_with(|| PowerKind::linear(idle_w, busy_w));
        self.wireless.get_or_insert(self.tier == TierName::Device);
        if self.access_point == AccessPointChoice::Unset {
            self.access_point = if self.tier == TierName::Edge {
                AccessPointChoice::Yes(Box::default())
            } else {
                AccessPointChoice::No(None)
            };
        }
        if let AccessPointChoice::Yes(own) = &mut self.access_point {
            own.fill_defaults();
        }
        self.mobility.get_or_insert_with(|| {
            MobilityKind::of_kind(if self.tier == TierName::Device {
                "random_waypoint"
            } else {
                "static"
            })
        });
    }
}
