//! What a network is made of: channels, links, ends, and the transfers between them.

use super::device_channels::OwnRadio;
use super::fair_share::{FlowIndex, LinkIndex};
use super::hops::Hop;
use super::link::{Arrivals, LinkModel, NetworkClass, RadioEnergy};
use crate::engine::{EventHandle, SimDuration, SimTime};
use crate::infra::ids::{LinkId, NodeId, Owner};

/// One direction of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::infra) struct ChannelId(pub(in crate::infra) u32);

/// What a channel is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// A direction of a link.
    #[default]
    Link,
    /// A direction of the radio of a gNB, whose bandwidth is for show.
    Nominal,
    /// One that a device has to itself behind the radios of gNBs. Its `link` is the radio of any gNB, and means nothing.
    Own,
}

#[derive(Debug)]
pub(super) struct Channel {
    pub(super) bandwidth_bps: f64,
    pub(super) model: LinkModel,
    /// Whether its model asks for the distance of the device.
    pub(super) needs_distance: bool,
    pub(super) fair: Option<LinkIndex>,
    pub(super) arrivals: Arrivals,
    pub(super) transfers: usize,
    pub(super) limit: usize,
    /// Bytes carried under a model other than fair sharing.
    pub(super) carried_bytes: f64,
    /// The link it is of; the first one of a pool.
    pub(super) link: LinkId,
    pub(super) role: Role,
}

/// A link as the world sees it.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// First end; the access point of a radio.
    pub a: NodeId,
    /// Second end; `None` of a radio, whose other end is any attached device.
    pub b: Option<NodeId>,
    /// Channels from `a` to `b` and back; the same one twice if it is half duplex. Of a pool: for what devices
    /// send, and for what they receive.
    pub(super) channels: [ChannelId; 2],
    pub(super) latency: SimDuration,
    /// The network it is counted to.
    pub class: NetworkClass,
    pub(super) pooled: bool,
    /// Whether it is of a direct network.
    pub(super) direct: bool,
    /// Whether devices behind it, if it is a radio, have channels of their own, and of which kind.
    pub(super) own: Option<OwnRadio>,
    /// What the fixed end of a radio or direct network draws.
    pub(super) energy: RadioEnergy,
    /// Joules a byte of a link between two nodes.
    pub(super) energy_j_per_byte: f64,
    /// Joules that a radio or direct network has drawn for what it carried.
    pub(super) drawn_j: f64,
}

/// Where a transfer starts or ends: a node of the topology, or a device behind an access point's radio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Endpoint {
    /// The node itself.
    pub node: NodeId,
    /// The node of the topology that it is or is attached to.
    pub site: NodeId,
    /// The radio between them.
    pub radio: Option<LinkId>,
    /// Bits a second that the node's own interface sends or receives at most.
    pub rate_limit_bps: f64,
}

/// Why a transfer was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkRefusal {
    /// There is no way between the ends.
    Disconnected,
    /// A link on the way, of this network, has as many transfers as it may, or its queue is unstable.
    Bandwidth(NetworkClass),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    /// Sending at a rate that the fair sharing decides.
    Flowing(FlowIndex),
    /// Sending at a rate of its own until this instant, at which the last byte leaves.
    Sending(SimTime),
    /// All bytes are on the wires.
    Arriving,
}

#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) owner: Owner,
    pub(super) from: Endpoint,
    pub(super) to: Endpoint,
    pub(super) size_bytes: f64,
    pub(super) started: SimTime,
    pub(super) reroutes: u32,
    pub(super) stage: Stage,
    /// Bytes to send on the present way, from this instant on.
    pub(super) leg_bytes: f64,
    pub(super) leg_since: SimTime,
    /// Bytes sent on earlier ways.
    pub(super) sent_bytes: f64,
    /// What comes after the last byte was sent: queueing and propagation.
    pub(super) tail: SimDuration,
    pub(super) due: Option<EventHandle>,
    pub(super) path: Vec<ChannelId>,
    /// The present hop of a way that is taken hop by hop; `path` is its one channel.
    pub(super) hop: Option<Hop>,
    /// The hops to come, the next one last.
    pub(super) hops: Vec<Hop>,
    /// Seconds on the links of each network, where the way was taken hop by hop.
    pub(super) by_class_s: [f64; NetworkClass::ALL.len()],
    pub(super) hops_taken: u32,
}

impl Transfer {
    /// A transfer over `path` that begins at `now` between these ends; `tail` is what comes after the sending.
    pub(super) fn new(
        now: SimTime,
        owner: Owner,
        (from, to): (Endpoint, Endpoint),
        bytes: f64,
        path: Vec<ChannelId>,
        tail: SimDuration,
    ) -> Self {
        Transfer {
            owner,
            from,
            to,
            size_bytes: bytes,
            started: now,
            reroutes: 0,
            stage: Stage::Arriving,
            leg_bytes: bytes,
            leg_since: now,
            sent_bytes: 0.0,
            tail,
            due: None,
            hops_taken: path.len() as u32,
            path,
            hop: None,
            hops: Vec::new(),
            by_class_s: [0.0; NetworkClass::ALL.len()],
        }
    }

    /// What the interfaces at its ends allow: hop by hop, each counts on its own hop only.
    pub(super) fn rate_limit_bps(&self) -> f64 {
        let first = self.hop.is_none() || self.hops_taken == 1;
        let last = self.hop.is_none() || self.hops.is_empty();
        let from_bps = if first { self.from.rate_limit_bps } else { f64::INFINITY };
        from_bps.min(if last { self.to.rate_limit_bps } else { f64::INFINITY })
    }
}

/// The state of one direction of a link at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelState {
    /// Bandwidth in bits a second.
    pub bandwidth_bps: f64,
    /// Transfers on it.
    pub transfers: usize,
    /// Bytes carried since the start of the run.
    pub carried_bytes: f64,
}
