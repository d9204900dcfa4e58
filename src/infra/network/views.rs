//! What can be seen of a network and of the transfers on it.

use super::parts::{ChannelId, ChannelState, Endpoint, Link, Transfer};
use super::routes::Routes;
use super::transfers::Network;
use crate::engine::SimTime;
use crate::infra::ids::{LinkId, NodeId, Owner, TransferId};

impl Network {
    /// The routes, for questions about latency.
    pub fn routes(&mut self) -> &mut Routes {
        &mut self.routes
    }

    /// Whether there is a way between two ends. O(1).
    #[must_use]
    pub fn is_connected(&self, from: Endpoint, to: Endpoint) -> bool {
        self.routes.is_connected(from.site, to.site) || self.direct_latency(from.node, to.node).is_some()
    }

    /// All links.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The links at a node, radios and direct networks that end there included; O(1) for each.
    #[must_use]
    pub fn links_at(&self, node: NodeId) -> Vec<LinkId> {
        let radios = self.radios.get(&node).into_iter().flatten().copied();
        self.routes.links_at(node).chain(radios).collect()
    }

    /// Whether a link works.
    #[must_use]
    pub fn link_is_up(&self, link: LinkId) -> bool {
        self.routes.link_is_up(link)
    }

    /// Number of transfers on their way.
    #[must_use]
    pub fn transfers(&self) -> usize {
        self.transfers.len()
    }

    /// The two directions of a link at `now`: from its first end, and towards it. A half-duplex link
    /// has one only.
    #[must_use]
    pub fn link_state(&self, now: SimTime, link: LinkId) -> (ChannelState, Option<ChannelState>) {
        let [there, back] = self.links[link.index()].channels;
        let state = |id: ChannelId| {
            let channel = &self.channels[id.0 as usize];
            let shared = channel.fair.map_or(0.0, |fair| self.fair.carried_bytes(now, fair));
            ChannelState {
                bandwidth_bps: channel.bandwidth_bps,
                transfers: channel.transfers,
                // Rounding may leave a trace of a byte below nothing.
                carried_bytes: (channel.carried_bytes + shared).max(0.0),
            }
        };
        (state(there), (back != there).then(|| state(back)))
    }

    /// The transfers that satisfy `wanted`, in the order of their ids. O(transfers), for rare events.
    #[must_use]
    pub fn transfers_where(&self, wanted: impl Fn(TransferView<'_>) -> bool) -> Vec<TransferId> {
        self.transfers
            .iter()
            .filter(|(_, transfer)| wanted(TransferView { network: self, transfer }))
            .map(|(index, _)| TransferId(index as u32))
            .collect()
    }

    /// The transfers of a device behind a radio, in the order of their start.
    #[must_use]
    pub fn transfers_of(&self, device: NodeId) -> smallvec::SmallVec<[TransferId; 2]> {
        self.of_device.get(device.index()).cloned().unwrap_or_default()
    }

    /// Who is told of the end of a transfer.
    #[must_use]
    pub fn owner(&self, id: TransferId) -> Option<Owner> {
        self.transfers.get(id.index()).map(|transfer| transfer.owner)
    }

    /// The two ends of a transfer.
    #[must_use]
    pub fn ends(&self, id: TransferId) -> Option<(Endpoint, Endpoint)> {
        self.transfers.get(id.index()).map(|transfer| (transfer.from, transfer.to))
    }
}

/// A transfer as seen by [`Network::transfers_where`].
#[derive(Clone, Copy, Debug)]
pub struct TransferView<'a> {
    network: &'a Network,
    transfer: &'a Transfer,
}

impl TransferView<'_> {
    /// Whether its bytes still pass this link.
    #[must_use]
    pub fn uses(&self, link: LinkId) -> bool {
        if let Some(hop) = self.transfer.hop {
            return hop.link == link;
        }
        let channels = self.network.links[link.index()].channels;
        self.transfer.path.iter().any(|channel| channels.contains(channel))
    }

    /// Whether one of its ends is this node.
    #[must_use]
    pub fn ends_at(&self, node: NodeId) -> bool {
        self.transfer.from.node == node || self.transfer.to.node == node
    }
}
