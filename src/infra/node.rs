//! Nodes and their classes.

use super::accelerators::AcceleratorSpec;
use super::assets::{AssetId, Label, Offered};
use super::cells::{DeviceRadioSpec, GnbSpec};
use super::compute::{Discipline, Resources};
use super::edgecloudsim::UpdateScope;
use super::ids::{ClassId, ProcessorId};
use super::network::{LinkModel, NetworkClass, RadioEnergy, RadioSpec};
use super::vehicles::VehicleSpec;
use super::wifi::{WifiPointSpec, WifiRadioSpec};
use crate::energy::{BatteryModel, FrequencySteps, Load, NodePower};
use crate::engine::{Distribution, SimDuration};
use std::collections::BTreeMap;
use std::fmt;

/// Where a node stands between the users and the core of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// What users hold or drive: phones, sensors, vehicles, drones.
    Device,
    /// Next to the users: access points with servers, road-side units, base stations.
    Edge,
    /// Between edge and cloud: regional sites.
    Fog,
    /// Datacenters.
    Cloud,
    /// Nodes that only forward: switches, routers, points of presence.
    Network,
}

impl Tier {
    /// All tiers, in order.
    pub const ALL: [Tier; 5] = [Tier::Device, Tier::Edge, Tier::Fog, Tier::Cloud, Tier::Network];

    /// The name in scenarios and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Device => "device",
            Tier::Edge => "edge",
            Tier::Fog => "fog",
            Tier::Cloud => "cloud",
            Tier::Network => "network",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Instances that each node of a class is divided into.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceSpec {
    /// How many.
    pub count: u32,
    /// Cores reserved for each.
    pub cores: f64,
    /// How each serves its jobs.
    pub discipline: Discipline,
    /// Memory, storage and accelerators reserved for each.
    pub resources: Resources,
}

/// A battery of a class.
#[derive(Clone, Debug)]
pub struct BatterySpec {
    /// What it is.
    pub model: BatteryModel,
    /// Share of the capacity at the start, in 0..=1; drawn for each node.
    pub level: Distribution,
    /// Share of the capacity at which it is told to be low; 0 for never.
    pub low_level: f64,
    /// Share of the capacity at which a node whose battery was empty starts again while it is charged; never if
    /// none.
    pub restart_level: Option<f64>,
    /// When it is charged, if ever.
    pub charger: Option<Charger>,
}

impl BatterySpec {
    /// A battery with this share of its capacity at the start, which is never charged.
    ///
    /// ```
    /// use stratosim::energy::BatteryModel;
    /// use stratosim::engine::Distribution;
    /// use stratosim::infra::BatterySpec;
    /// let spec = BatterySpec::new(BatteryModel::ideal(36_000.0), Distribution::uniform(0.2, 1.0)?);
    /// let spec = BatterySpec { low_level: 0.1, ..spec };
    /// # Ok::<(), stratosim::engine::DistributionError>(())
    /// ```
    #[must_use]
    pub fn new(model: BatteryModel, level: Distribution) -> Self {
        BatterySpec { model, level, low_level: 0.0, restart_level: None, charger: None }
    }
}

/// A charger and when it is connected.
#[derive(Clone, Debug)]
pub struct Charger {
    /// Watts that it gives at most, to the load and the battery.
    pub power_w: f64,
    /// Seconds from the start of the run to when it is first connected; drawn for each node.
    pub first_s: Distribution,
    /// How long it stays connected.
    pub lasts: SimDuration,
    /// Time from one connection to the next, longer than each lasts; it comes once if zero.
    pub every: SimDuration,
}

/// A node's own network interface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interface {
    /// Bits a second at which one transfer is sent or received at most.
    pub rate_limit_bps: f64,
    /// Joules a byte sent.
    pub transmit_j_per_byte: f64,
    /// Joules a byte received.
    pub receive_j_per_byte: f64,
    /// Joules a byte sent and square metre of the distance to the access point that serves the node: the amplifier's
    /// part of the energy of a radio (e + a d^2).
    pub amplifier_j_per_byte_m2: f64,
}

impl Interface {
    /// Whether sending or receiving takes any energy.
    #[must_use]
    pub fn draws_energy(&self) -> bool {
        let own = [self.transmit_j_per_byte, self.receive_j_per_byte, self.amplifier_j_per_byte_m2];
        own.iter().any(|energy_j| *energy_j > 0.0)
    }
}

impl Default for Interface {
    fn default() -> Self {
        Interface {
            rate_limit_bps: f64::INFINITY,
            transmit_j_per_byte: 0.0,
            receive_j_per_byte: 0.0,
            amplifier_j_per_byte_m2: 0.0,
        }
    }
}

/// What makes the nodes of a class access points.
#[derive(Clone, Debug)]
pub struct AccessPointSpec {
    /// The radio that the attached devices share.
    pub radio: RadioSpec,
    /// Metres within which devices attach; `None` for any distance.
    pub range_m: Option<f64>,
    /// Transmit power, for attachment by signal.
    pub transmit_power_dbm: f64,
    /// Gain of the antenna in dB, which counts as more power.
    pub antenna_gain_db: f64,
}

/// What a single node has otherwise than the access points of its class.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SiteRadio {
    /// Metres within which devices attach.
    pub range_m: Option<f64>,
    /// Transmit power in dBm.
    pub transmit_power_dbm: Option<f64>,
    /// Gain of the antenna in dB.
    pub antenna_gain_db: Option<f64>,
}

impl AccessPointSpec {
    /// An access point as scenarios have it by default: devices at any distance share these rates in bits
    /// a second max-min fairly, full duplex, 2 ms away, at 20 dBm.
    ///
    /// ```
    /// use stratosim::infra::AccessPointSpec;
    /// let access_point = AccessPointSpec { range_m: Some(300.0), ..AccessPointSpec::new(100e6, 300e6) };
    /// assert_eq!((access_point.radio.uplink_bps, access_point.radio.downlink_bps), (100e6, 300e6));
    /// assert_eq!(access_point.radio.latency.as_secs(), 0.002);
    /// ```
    #[must_use]
    pub fn new(uplink_bps: f64, downlink_bps: f64) -> Self {
        AccessPointSpec {
            radio: RadioSpec {
                uplink_bps,
                downlink_bps,
                half_duplex: false,
                latency: SimDuration::from_secs(0.002),
                model: LinkModel::FairShare,
                down_model: None,
                transfer_limit: usize::MAX,
                class: NetworkClass::Wlan,
                energy: RadioEnergy::default(),
                idle_w: 0.0,
            },
            range_m: None,
            transmit_power_dbm: 20.0,
            antenna_gain_db: 0.0,
        }
    }
}

/// Properties that all nodes of a class have in common.
#[derive(Clone, Debug)]
pub struct NodeClass {
    /// Name; its nodes are `name` if there is one, else `name-0`, `name-1`, ...
    pub name: String,
    /// Names of the single nodes instead, in order; may be empty.
    pub node_names: Vec<String>,
    /// Number of nodes.
    pub count: u32,
    /// Where they stand.
    pub tier: Tier,
    /// CPU architecture, such as `x86_64` or `aarch64`.
    pub architecture: Label,
    /// Share of the time in which each node is said to work: what services that ask for availability go by.
    pub availability: f64,
    /// Time that each node is said to add to a request of a service, in seconds.
    pub processing_time_s: f64,
    /// What each node offers of the user's assets.
    pub assets: Vec<(AssetId, Offered)>,
    /// Cores of each node.
    pub cores: u32,
    /// Million instructions a second of each core.
    pub mips_per_core: f64,
    /// Accelerators of each node whose time is modelled.
    pub accelerators: Vec<AcceleratorSpec>,
    /// Memory, storage and counted accelerators of each node.
    pub resources: Resources,
    /// How each node serves its jobs.
    pub discipline: Discipline,
    /// Instances that each node is divided into; jobs then run in these.
    pub instances: Option<InstanceSpec>,
    /// What is updated in steps as one datacenter; `None` for nodes that are exact at all times.
    pub updates: Option<UpdateScope>,
    /// Power over the load, asleep and off.
    pub power: NodePower,
    /// Frequency steps, if the clock can be changed; `mips_per_core` is the speed at the fastest.
    pub frequency: Option<FrequencySteps>,
    /// Battery, if the nodes do not hang on the mains.
    pub battery: Option<BatterySpec>,
    /// Network interface.
    pub interface: Interface,
    /// What makes them access points, if they are.
    pub access_point: Option<AccessPointSpec>,
    /// What single access points have otherwise, by their numbers; may be shorter than the class.
    pub site_radios: Vec<SiteRadio>,
    /// What makes these access points base stations of 5G, if they are.
    pub gnb: Option<GnbSpec>,
    /// What makes them devices of 5G, if they are: they are wireless, too.
    pub device_radio: Option<DeviceRadioSpec>,
    /// What makes them vehicles, if they are.
    pub vehicle: Option<VehicleSpec>,
    /// What makes these access points ones whose WiFi is modelled, if they are.
    pub wifi_point: Option<WifiPointSpec>,
    /// What makes them stations of modelled WiFi, if they are: they are wireless, too.
    pub wifi_radio: Option<WifiRadioSpec>,
    /// Whether they attach to access points instead of being wired.
    pub wireless: bool,
    /// Free labels for selections and reports.
    pub labels: BTreeMap<String, String>,
}

impl NodeClass {
    /// A class of `count` nodes with nothing but a name, a tier and one core of 1000 MIPS.
    #[must_use]
    pub fn new(name: impl Into<String>, tier: Tier, count: u32) -> Self {
        NodeClass {
            name: name.into(),
            node_names: Vec::new(),
            count,
            tier,
            architecture: "x86_64".into(),
            availability: 1.0,
            processing_time_s: 0.0,
            assets: Vec::new(),
            cores: 1,
            mips_per_core: 1000.0,
            resources: Resources {
                memory_bytes: f64::INFINITY,
                storage_bytes: f64::INFINITY,
                accelerators: Vec::new(),
            },
            accelerators: Vec::new(),
            discipline: Discipline::SpaceShared { queue_limit: usize::MAX },
            instances: None,
            updates: None,
            power: NodePower::default(),
            frequency: None,
            battery: None,
            interface: Interface::default(),
            access_point: None,
            site_radios: Vec::new(),
            gnb: None,
            device_radio: None,
            vehicle: None,
            wifi_point: None,
            wifi_radio: None,
            wireless: tier == Tier::Device,
            labels: BTreeMap::new(),
        }
    }

    /// The same class with this many cores of this many million instructions a second.
    ///
    /// ```
    /// use stratosim::infra::{NodeClass, Tier};
    /// let edge = NodeClass::new("edge", Tier::Edge, 4).with_cores(8, 10_000.0);
    /// assert_eq!((edge.count, edge.cores, edge.mips_per_core), (4, 8, 10_000.0));
    /// ```
    #[must_use]
    pub fn with_cores(self, cores: u32, mips_per_core: f64) -> Self {
        NodeClass { cores, mips_per_core, ..self }
    }

    /// What the power model sees of a node of which this share of the cores is busy at a frequency step, and no
    /// accelerators; a step beyond the last, and any of a class without steps, counts as the last.
    #[must_use]
    pub fn load_at(&self, utilisation: f64, step: usize) -> Load {
        let mut load = Load::of(utilisation);
        if let Some(steps) = &self.frequency {
            load.point = steps.points().get(step.min(steps.last())).copied();
            load.dynamic_share = steps.dynamic_share(step);
        }
        load
    }

    /// Watts that the radio of an access point draws as long as it works; none of other nodes.
    #[must_use]
    pub fn radio_idle_w(&self) -> f64 {
        self.access_point.as_ref().map_or(0.0, |own| own.radio.idle_w)
    }

    /// The name of the node with this number in the class.
    #[must_use]
    pub fn node_name(&self, number: u32) -> String {
        match self.node_names.get(number as usize) {
            Some(name) => name.clone(),
            None if self.count == 1 => self.name.clone(),
            None => format!("{}-{number}", self.name),
        }
    }
}

/// One node.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// Its class.
    pub class: ClassId,
    /// Its number in the class.
    pub number: u32,
    /// Its own processor.
    pub processor: ProcessorId,
    /// Number of its instances, whose processors follow its own.
    pub instances: u32,
    /// Its frequency step, as in its class; 0 if that has none.
    pub frequency_step: u8,
    /// The step at which it would run if its site had no power cap.
    pub wanted_step: u8,
    /// Its tier, as in the class.
    pub tier: Tier,
    /// Whether it works: it has not failed.
    pub up: bool,
    /// Whether it has energy.
    pub powered: bool,
    /// Whether it is in the world: a vehicle between departure and arrival.
    pub present: bool,
}

impl Node {
    /// Whether it can be used at all.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.up && self.powered && self.present
    }

    /// The processors that serve its jobs: its instances' if it has any, else its own.
    pub fn processors(&self) -> impl Iterator<Item = ProcessorId> + use<> {
        let first = self.processor.0 + u32::from(self.instances > 0);
        (first..first + self.instances.max(1)).map(ProcessorId)
    }
}
