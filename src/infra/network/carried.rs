//! What transfers have carried, for the energy that it took.

use super::link::NetworkClass;
use super::parts::{ChannelId, Endpoint, Link, Role};
use super::transfers::Network;
use crate::engine::SimTime;
use crate::infra::ids::{LinkId, NodeId, Owner, TransferId};

/// Bytes that have gone a way, or a hop of one, and the nodes whose interfaces they passed.
#[derive(Clone, Copy, Debug)]
pub struct Carried {
    /// Whose transfer it was.
    pub owner: Owner,
    /// Bytes that were sent on that way.
    pub bytes: f64,
    /// The node that sent them; `None` on a hop that begins elsewhere.
    pub from: Option<CarriedEnd>,
    /// The node that received them; `None` on a hop that ends elsewhere.
    pub to: Option<CarriedEnd>,
}

/// A node at an end of a way.
#[derive(Clone, Copy, Debug)]
pub struct CarriedEnd {
    /// The node.
    pub node: NodeId,
    /// The network of the link at this end.
    pub class: NetworkClass,
    /// The radio by which it sent or received, or its link of a direct network.
    pub radio: Option<LinkId>,
}

impl Link {
    /// Joules for each byte that its fixed end draws; `sends` if the device sends it.
    #[must_use]
    pub fn radio_j_per_byte(&self, sends: bool) -> f64 {
        if sends { self.energy.uplink_j_per_byte } else { self.energy.downlink_j_per_byte }
    }

    /// Joules that a device draws for each byte that it sends, or else receives, by this radio or direct network, if they
    /// are others than those of its interface.
    #[must_use]
    pub fn device_j_per_byte(&self, sends: bool) -> Option<f64> {
        if sends {
            self.energy.device_transmit_j_per_byte
        } else {
            self.energy.device_receive_j_per_byte
        }
    }

    /// The access point of a radio; `None` of a direct network and of a link between two nodes.
    #[must_use]
    pub fn access_point(&self) -> Option<NodeId> {
        (self.b.is_none() && !self.direct).then_some(self.a)
    }
}

impl Network {
    /// From now on notes what transfers carry, because some node draws energy for it.
    pub fn note_what_is_carried(&mut self) {
        self.notes_carried = true;
    }

    /// The oldest note of what was carried that was not taken yet.
    pub fn take_carried(&mut self) -> Option<Carried> {
        self.carried.pop_front()
    }

    /// Books energy that a radio or the fixed end of a direct network has drawn.
    pub fn book_radio_energy(&mut self, link: LinkId, energy_j: f64) {
        self.links[link.index()].drawn_j += energy_j;
    }

    /// Joules that a link has drawn for what it has carried. Of a link between two nodes that is up to `now`; of a
    /// radio or direct network, for transfers that have left it. A pool's is that of its first link.
    #[must_use]
    pub fn link_energy_j(&self, now: SimTime, id: LinkId) -> f64 {
        let link = &self.links[id.index()];
        let own = self.channels[link.channels[0].0 as usize].link == id;
        if link.energy_j_per_byte == 0.0 || !own {
            return link.drawn_j;
        }
        let (there, back) = self.link_state(now, id);
        let carried_bytes = there.carried_bytes + back.map_or(0.0, |back| back.carried_bytes);
        link.drawn_j + link.energy_j_per_byte * carried_bytes
    }

    /// Whether a link between nodes, or either end of a direct network, can draw energy.
    #[must_use]
    pub fn links_draw_energy(&self) -> bool {
        let draws = |link: &Link| link.energy_j_per_byte > 0.0 || link.energy.is_any();
        self.links.iter().any(draws)
    }

    /// Notes what a transfer has carried when it leaves its way, of which `unsent` bytes are left.
    pub(super) fn note_carried(&mut self, id: TransferId, unsent: f64) {
        let transfer = &self.transfers[id.index()];
        let bytes = transfer.leg_bytes - unsent;
        if bytes <= 0.0 || transfer.path.is_empty() {
            return;
        }
        let (starts, ends) = match transfer.hop {
            Some(_) => (transfer.hops_taken == 1, transfer.hops.is_empty()),
            None => (true, true),
        };
        let end = |own: Endpoint, sends: bool| {
            let radio = match transfer.hop {
                Some(hop) => {
                    let link = &self.links[hop.link.index()];
                    let is_radio = link.b.is_none() && hop.to_device != sends;
                    let of_device = if link.direct { hop.device == Some(own.node) } else { is_radio };
                    of_device.then_some(hop.link)
                }
                None => own.radio,
            };
            CarriedEnd { node: own.node, class: self.class_at(id, own, radio), radio }
        };
        self.carried.push_back(Carried {
            owner: transfer.owner,
            bytes,
            from: starts.then(|| end(transfer.from, true)),
            to: ends.then(|| end(transfer.to, false)),
        });
    }

    /// The network of the link by which bytes leave or reach an end of a transfer's present way.
    fn class_at(&self, id: TransferId, end: Endpoint, radio: Option<LinkId>) -> NetworkClass {
        let transfer = &self.transfers[id.index()];
        if let Some(link) = radio.or(transfer.hop.map(|hop| hop.link)) {
            return self.links[link.index()].class;
        }
        let touches = |id: &ChannelId| {
            let channel = &self.channels[id.0 as usize];
            let link = &self.links[channel.link.index()];
            channel.role != Role::Own && (link.a == end.site || link.b == Some(end.site))
        };
        let mut path = transfer.path.iter().copied();
        let channel = path.find(touches).or_else(|| transfer.path.first().copied());
        channel.map_or(NetworkClass::Man, |channel| self.class_of(channel))
    }
}
