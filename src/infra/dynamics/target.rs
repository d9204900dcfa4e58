//! What can change: attributes of nodes and links, with their base values and bounds.

use super::change::Amount;
use crate::engine::SimTime;
use crate::infra::assets::{Algebra, AssetId};
use crate::infra::ids::{LinkId, NodeId};
use crate::infra::infrastructure::Infrastructure;
use crate::infra::network::{Direction, LEAST_BANDWIDTH_BPS};
use std::collections::BTreeSet;

/// A node or a link; radios of access points are links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A node.
    Node(NodeId),
    /// A link.
    Link(LinkId),
}

impl Subject {
    /// The number by which its random streams are told apart.
    pub(super) fn key(self) -> u64 {
        match self {
            Subject::Node(node) => u64::from(node.0),
            Subject::Link(link) => 1 << 32 | u64::from(link.0),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self, infrastructure: &Infrastructure) -> String {
        match self {
            Subject::Node(node) => infrastructure.node_name(node),
            Subject::Link(link) => infrastructure.link_name(link).to_string(),
        }
    }
}

/// What an attribute is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A node.
    Node,
    /// A link or the radio of a cell.
    Link,
    /// The radio of a cell.
    Cell,
    /// Any of them.
    Any,
}

/// What a perturbation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// Propagation delay of a link or radio, in s.
    Latency,
    /// Bandwidth of a link or radio in each direction, in bit/s.
    Bandwidth,
    /// Bandwidth of a link from its first end, in bit/s.
    BandwidthForth,
    /// Bandwidth of a link towards its first end, in bit/s.
    BandwidthBack,
    /// Bandwidth of a radio from the devices, in bit/s.
    Uplink,
    /// Bandwidth of a radio to the devices, in bit/s.
    Downlink,
    /// Whether a node or link works: 1 or 0.
    Availability,
    /// Cores of a node.
    Cores,
    /// Memory of a node, in B.
    Memory,
    /// Storage of a node, in B.
    Storage,
    /// Speed of a node over that which its class has at its frequency.
    Speed,
    /// Energy in a node's battery over its capacity.
    BatteryLevel,
    /// Capacity of a node's battery, in J.
    BatteryCapacity,
    /// Power of a node's charger, in W.
    ChargerPower,
    /// What a node offers of an asset to services, in the asset's unit: one of the user's own, accelerators, or the figures
    /// for availability and processing time, by which no node fails or is slower. Cores, memory and storage are
    /// attributes of their own, and labels do not change.
    Asset(AssetId),
}

impl Attribute {
    /// All attributes but assets, in order.
    pub const ALL: [Attribute; 14] = [
        Attribute::Latency,
        Attribute::Bandwidth,
        Attribute::BandwidthForth,
        Attribute::BandwidthBack,
        Attribute::Uplink,
        Attribute::Downlink,
        Attribute::Availability,
        Attribute::Cores,
        Attribute::Memory,
        Attribute::Storage,
        Attribute::Speed,
        Attribute::BatteryLevel,
        Attribute::BatteryCapacity,
        Attribute::ChargerPower,
    ];

    /// The place among all, and after them that of assets by their ids.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Attribute::Asset(asset) => Self::ALL.len() + asset.index(),
            _ => Self::ALL.iter().position(|own| *own == self).unwrap_or(0),
        }
    }

    /// The name in scenarios and tables; of assets tables have the asset's.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Attribute::Latency => "latency",
            Attribute::Bandwidth => "bandwidth",
            Attribute::BandwidthForth => "bandwidth_forth",
            Attribute::BandwidthBack => "bandwidth_back",
            Attribute::Uplink => "uplink",
            Attribute::Downlink => "downlink",
            Attribute::Availability => "availability",
            Attribute::Cores => "cores",
            Attribute::Memory => "memory",
            Attribute::Storage => "storage",
            Attribute::Speed => "speed",
            Attribute::BatteryLevel => "battery_level",
            Attribute::BatteryCapacity => "battery_capacity",
            Attribute::ChargerPower => "charger_power",
            Attribute::Asset(_) => "asset",
        }
    }

    /// The unit of its values; empty of plain numbers, and of assets, which have their own.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Attribute::Latency => "s",
            Attribute::Bandwidth
            | Attribute::BandwidthForth
            | Attribute::BandwidthBack
            | Attribute::Uplink
            | Attribute::Downlink => "bit/s",
            Attribute::Memory | Attribute::Storage => "B",
            Attribute::BatteryCapacity => "J",
            Attribute::ChargerPower => "W",
            Attribute::Availability
            | Attribute::Cores
            | Attribute::Speed
            | Attribute::BatteryLevel
            | Attribute::Asset(_) => "",
        }
    }

    /// What it is of.
    #[must_use]
    pub const fn subjects(self) -> SubjectKind {
        match self {
            Attribute::Availability => SubjectKind::Any,
            Attribute::Latency
            | Attribute::Bandwidth
            | Attribute::BandwidthForth
            | Attribute::BandwidthBack => SubjectKind::Link,
            Attribute::Uplink | Attribute::Downlink => SubjectKind::Cell,
            _ => SubjectKind::Node,
        }
    }

    /// Whether it is the bandwidth of one direction.
    pub(super) const fn is_one_way(self) -> bool {
        matches!(
            self,
            Attribute::BandwidthForth
                | Attribute::BandwidthBack
                | Attribute::Uplink
                | Attribute::Downlink
        )
    }

    /// Whether it is some bandwidth.
    const fn is_bandwidth(self) -> bool {
        self.is_one_way() || matches!(self, Attribute::Bandwidth)
    }

    /// Whether it is a state, which each act changes from what it is, and not an offer with a base.
    #[must_use]
    pub const fn is_state(self) -> bool {
        matches!(self, Attribute::BatteryLevel)
    }

    /// The least and the greatest value.
    const fn bounds(self) -> (f64, f64) {
        match self {
            Attribute::Availability
            | Attribute::BatteryLevel
            | Attribute::Asset(AssetId::AVAILABILITY) => (0.0, 1.0),
            Attribute::Bandwidth
            | Attribute::BandwidthForth
            | Attribute::BandwidthBack
            | Attribute::Uplink
            | Attribute::Downlink => (LEAST_BANDWIDTH_BPS, f64::MAX),
            Attribute::Speed => (1e-6, f64::MAX),
            Attribute::BatteryCapacity => (1.0, f64::MAX),
            _ => (0.0, f64::MAX),
        }
    }
}

/// The subject itself, or of a bandwidth of pooled links the one whose bandwidth it is.
pub(super) fn owner(infrastructure: &Infrastructure, subject: Subject, attribute: Attribute) -> Subject {
    match subject {
        Subject::Link(link) if attribute.is_bandwidth() => {
            Subject::Link(infrastructure.network.bandwidth_owner(link))
        }
        _ => subject,
    }
}

/// The attributes that are changed for one: its directions where those are targets of their own.
pub(super) fn parts(
    infrastructure: &Infrastructure,
    attribute: Attribute,
    subject: Subject,
    directed: &BTreeSet<LinkId>,
) -> impl Iterator<Item = Attribute> + use<> {
    let own = match (attribute, subject) {
        // One channel serves both directions.
        (_, Subject::Link(link))
            if attribute.is_bandwidth() && infrastructure.network.is_half_duplex(link) =>
        {
            [Some(Attribute::Bandwidth), None]
        }
        (Attribute::Bandwidth, Subject::Link(link)) if directed.contains(&link) => {
            [Some(Attribute::BandwidthForth), Some(Attribute::BandwidthBack)]
        }
        (Attribute::Uplink, _) => [Some(Attribute::BandwidthBack), None],
        (Attribute::Downlink, _) => [Some(Attribute::BandwidthForth), None],
        _ => [Some(attribute), None],
    };
    own.into_iter().flatten()
}

/// The value at the start; `None` if the subject has no such attribute.
pub(super) fn base(
    infrastructure: &Infrastructure,
    subject: Subject,
    attribute: Attribute,
) -> Option<f64> {
    let finite = |value: f64| value.is_finite().then_some(value);
    match subject {
        Subject::Link(link) => {
            let network = &infrastructure.network;
            match attribute {
                Attribute::Latency => Some(network.latency(link).as_secs()),
                Attribute::Bandwidth => finite(network.bandwidth_bps(link, Direction::Both)),
                Attribute::BandwidthForth => finite(network.bandwidth_bps(link, Direction::Forth)),
                Attribute::BandwidthBack => finite(network.bandwidth_bps(link, Direction::Back)),
                Attribute::Availability => Some(1.0),
                _ => None,
            }
        }
        Subject::Node(node) => {
            let class = infrastructure.class_of(node);
            let battery = infrastructure.battery(node);
            match attribute {
                Attribute::Availability => Some(1.0),
                Attribute::Cores => (class.cores > 0).then_some(f64::from(class.cores)),
                Attribute::Memory if class.instances.is_none() => finite(class.resources.memory_bytes),
                Attribute::Storage if class.instances.is_none() => finite(class.resources.storage_bytes),
                Attribute::Speed => (class.cores > 0).then_some(1.0),
                Attribute::BatteryLevel => battery.map(|own| own.level(SimTime::ZERO)),
                Attribute::BatteryCapacity => battery.map(|own| own.model().capacity_j),
                Attribute::ChargerPower => infrastructure.charger_power_w(node),
                Attribute::Asset(asset) => {
                    let assets = infrastructure.assets();
                    let spec = assets.catalogue().get(asset);
                    let changes = |spec: &crate::infra::assets::AssetSpec| {
                        asset >= AssetId::ACCELERATORS && spec.algebra != Algebra::Symbolic
                    };
                    spec.filter(|spec| changes(spec)).map(|_| assets.base(node, asset))
                }
                _ => None,
            }
        }
    }
}

/// One attribute of one subject.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) subject: Subject,
    pub(super) attribute: Attribute,
    pub(super) base: f64,
    low: f64,
    high: f64,
    pub(super) value: f64,
    /// Where its members are listed, and how many.
    pub(super) first: u32,
    pub(super) count: u32,
}

impl Target {
    pub(super) fn new(subject: Subject, attribute: Attribute, base: f64) -> Self {
        let (low, high) = attribute.bounds();
        Target { subject, attribute, base, low, high, value: base, first: 0, count: 0 }
    }

    /// Keeps it within these bounds, too.
    pub(super) fn narrow(&mut self, low: Option<Amount>, high: Option<Amount>) {
        self.low = low.map_or(self.low, |low| self.low.max(low.of(self.base)));
        self.high = high.map_or(self.high, |high| self.high.min(high.of(self.base)));
    }

    /// The value within the bounds; the lower one counts if they contradict each other.
    pub(super) fn clamp(&self, value: f64) -> f64 {
        value.min(self.high).max(self.low)
    }
}
