//! WiFi in the world: who receives which access point how well, who is associated with whom, who shares a channel with whom.
//!
//! | file | holds |
//! | --- | --- |
//! | `spec.rs` | what networks, access points and stations are made of |
//! | `ground.rs` | access points, where they are, and which of them a place may hear |
//! | `period.rs` | the period: what is known at its end, and what stations receive at its start |
//! | `sharing.rs` | who has how much of a channel |
//! | `report.rs` | what others are told: reports of a period, counts |
//! | `choice.rs` | which of its radios a device uses: the trait [`LinkChoice`] |
//!
//! Devices are attached to these access points as to any others; which one is decided here, once a period. All physics are
//! those of `radio::wifi`. Access points may move.

mod choice;
mod ground;
mod period;
mod report;
mod sharing;
mod spec;
#[cfg(test)]
mod tests;

pub use self::choice::{Access, BestRate, LinkChoice, LinkOption, LinkView, Prefer, Sticky};
pub use self::report::{LinkTally, StationReport, WifiCounts};
pub use self::spec::{RadioPower, WifiPointSpec, WifiRadioSpec, WifiSpec};
pub use super::radio::wifi::{
    Adaptation, Backoff, Contenders, Contention, ErrorModel, Exchange, Mode, Newcomer, PAYLOAD_BYTES,
    Phy, REFERENCE_FRAME_BYTES, Receiver, Scheme, Standard, Width, WifiError, WifiLink, goodput_bps,
};

use self::ground::Ground;
pub(in crate::infra) use self::period::Find;
use self::sharing::Domain;
use super::geometry::Position;
use super::ids::{LinkId, NodeId};
use super::network::{LinkModel, Network, OwnRadio, RadioSpec};
use super::node::{Node, NodeClass};
use super::radio::wifi::check;
use crate::engine::{EventHandle, SimDuration, SimTime};

/// Of a node that is no station.
const NO_STATION: u32 = u32::MAX;

/// A station and what is kept of it.
#[derive(Debug)]
struct Station {
    node: NodeId,
    /// Place among the specifications of radios.
    class: u32,
    /// The access point that it would associate with at its last measurement.
    candidate: Option<u32>,
    /// The access point that it is associated with.
    serving: Option<u32>,
    /// What its link carries in this period, to it and from it; none while it is not heard.
    links: Option<[WifiLink; 2]>,
    distance_m: f64,
    place: Position,
    /// Until when it sends nothing, as it has come from another access point.
    interrupted: Option<EventHandle>,
    /// Transfers that send over its own channels, to it and from it.
    flows: [usize; 2],
    carried_bytes: [f64; 2],
    lost_bytes: f64,
    tally: LinkTally,
    /// Whether it was ever associated.
    was_served: bool,
    strongest_dbm: f64,
}

/// All access points and stations, and their state.
#[derive(Debug)]
pub struct Wifi {
    pub(super) spec: WifiSpec,
    ground: Ground,
    radios: Vec<WifiRadioSpec>,
    stations: Vec<Station>,
    /// By node.
    number_of: Vec<u32>,
    domains: Vec<Domain>,
    /// Domains whose shares are to be settled.
    dirty: Vec<u32>,
    touched: Vec<NodeId>,
    /// Start of the present period.
    opened: SimTime,
    has_begun: bool,
    reports: Vec<StationReport>,
    counts: WifiCounts,
    /// What the reports are of.
    reported: (SimTime, SimTime),
}

impl Wifi {
    /// All access points and stations among these nodes; `moves` tells whether a node ever moves, `start` where it begins.
    pub(in crate::infra) fn new(
        spec: WifiSpec,
        classes: &[NodeClass],
        nodes: &[Node],
        start: impl Fn(NodeId) -> Position,
    ) -> Result<Self, WifiError> {
        spec.check()?;
        for class in classes {
            check_class(class)?;
        }
        let (mut radios, mut stations) = (Vec::new(), Vec::new());
        let mut number_of = vec![NO_STATION; nodes.len()];
        let mut last_class = None;
        for (id, node) in (0..).map(NodeId).zip(nodes) {
            let class = &classes[node.class.index()];
            let Some(radio) = &class.wifi_radio else { continue };
            if last_class != Some(node.class) {
                last_class = Some(node.class);
                radios.push(*radio);
            }
            number_of[id.index()] = stations.len() as u32;
            stations.push(Station {
                node: id,
                class: radios.len() as u32 - 1,
                candidate: None,
                serving: None,
                links: None,
                distance_m: 0.0,
                place: Position::default(),
                interrupted: None,
                flows: [0; 2],
                carried_bytes: [0.0; 2],
                lost_bytes: 0.0,
                tally: LinkTally::default(),
                was_served: false,
                strongest_dbm: f64::NEG_INFINITY,
            });
        }
        let ground = Ground::new(&spec, classes, nodes, &radios, start)?;
        Ok(Wifi {
            spec,
            ground,
            radios,
            stations,
            number_of,
            domains: Vec::new(),
            dirty: Vec::new(),
            touched: Vec::new(),
            opened: SimTime::ZERO,
            has_begun: false,
            reports: Vec::new(),
            counts: WifiCounts::default(),
            reported: (SimTime::ZERO, SimTime::ZERO),
        })
    }

    /// Adds the radio of an access point to the network. Its rate is that of its fastest mode, so that it never binds.
    pub(in crate::infra) fn add_radio(
        &self,
        network: &mut Network,
        site: NodeId,
        spec: &RadioSpec,
    ) -> LinkId {
        let peak_bps = self.ground.point_at(site).map_or(0.0, |own| own.phy.peak_bps());
        let radio = network.add_radio(
            site,
            &RadioSpec {
                downlink_bps: peak_bps,
                uplink_bps: peak_bps,
                half_duplex: false,
                model: LinkModel::FairShare,
                down_model: None,
                transfer_limit: usize::MAX,
                ..spec.clone()
            },
        );
        network.serve_by(OwnRadio::Wifi, radio);
        radio
    }

    /// Gives all stations channels of their own. `access_points` are all of the world, in the order of nodes.
    pub(in crate::infra) fn give_own_channels(
        &mut self,
        network: &mut Network,
        access_points: &[(NodeId, LinkId)],
    ) {
        let first = self.ground.points().first().map(|point| point.node);
        let radio = access_points.iter().find(|(node, _)| Some(*node) == first);
        for station in &self.stations {
            radio
                .iter()
                .for_each(|(_, radio)| network.give_own_channels(OwnRadio::Wifi, station.node, *radio));
        }
    }

    /// What it is made of.
    #[must_use]
    pub fn spec(&self) -> &WifiSpec {
        &self.spec
    }

    /// Time between two measurements.
    #[must_use]
    pub fn period(&self) -> SimDuration {
        self.spec.period
    }

    /// The nodes that are access points, in their order.
    pub fn access_points(&self) -> impl Iterator<Item = NodeId> + Clone {
        self.ground.points().iter().map(|point| point.node)
    }

    /// The channel of an access point by its number; `None` of other nodes.
    #[must_use]
    pub fn channel(&self, site: NodeId) -> Option<u16> {
        self.ground.point_at(site).map(|point| point.channel)
    }

    /// Metres from an access point, where it is now, up to which stations on the ground have a link by the mean path loss; of
    /// several classes of stations that which goes farthest. `None` of other nodes, and without stations.
    #[must_use]
    pub fn range_m(&self, site: NodeId) -> Option<f64> {
        self.ground.range_m(self.ground.number_at(site)?, &self.radios)
    }

    /// How many stations there are.
    #[must_use]
    pub fn stations(&self) -> usize {
        self.stations.len()
    }

    /// The place of a device among the stations; `None` of other nodes.
    #[must_use]
    pub fn number(&self, device: NodeId) -> Option<usize> {
        let number = self.number_of.get(device.index()).filter(|&&number| number != NO_STATION)?;
        Some(*number as usize)
    }

    /// The access point that a device is associated with.
    #[must_use]
    pub fn serving(&self, device: NodeId) -> Option<NodeId> {
        let serving = self.stations[self.number(device)?].serving?;
        Some(self.ground.points()[serving as usize].node)
    }

    /// The link of a device in the present period, to it and from it; `None` of a device without one.
    #[must_use]
    pub fn link(&self, device: NodeId) -> Option<&[WifiLink; 2]> {
        let station = &self.stations[self.number(device)?];
        station.links.as_ref().filter(|_| station.serving.is_some())
    }

    /// From when to when the reports are.
    #[must_use]
    pub fn reported(&self) -> (SimTime, SimTime) {
        self.reported
    }

    /// The reports of the last period, in the order of stations. Empty before the first has ended.
    #[must_use]
    pub fn reports(&self) -> &[StationReport] {
        &self.reports
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counts(&self) -> &WifiCounts {
        &self.counts
    }

    /// The node of a station.
    pub(in crate::infra) fn node(&self, number: usize) -> NodeId {
        self.stations[number].node
    }

    /// Whether a node is one of these access points.
    pub(in crate::infra) fn is_point(&self, node: NodeId) -> bool {
        self.ground.point_at(node).is_some()
    }

    /// Whether the first period has begun.
    pub(in crate::infra) fn has_begun(&self) -> bool {
        self.has_begun
    }
}

/// Checks what makes a class one of access points or of stations.
fn check_class(class: &NodeClass) -> Result<(), WifiError> {
    let wrong = |what| Err(WifiError::Class { class: class.name.clone(), what });
    if let Some(point) = &class.wifi_point {
        if class.access_point.is_none() || class.gnb.is_some() {
            return wrong("a WiFi network is of an access point that is no base station");
        }
        point.check()?;
    }
    if let Some(radio) = &class.wifi_radio {
        if !class.wireless {
            return wrong("only wireless nodes have a WiFi interface to attach with");
        }
        radio.check()?;
    }
    Ok(())
}
