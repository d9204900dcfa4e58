//! Channels that devices have to themselves: behind the radio of a gNB, each with the rate that its cell leaves it.
//!
//! A device's transfers pass its own channel beside the gNB's radio, which never binds: max-min fairness over the way does
//! the rest, whatever else it leads over.

use super::changes::LEAST_BANDWIDTH_BPS;
use super::link::LinkModel;
use super::parts::{ChannelId, Role, Stage};
use super::transfers::Network;
use crate::engine::SimTime;
use crate::infra::ids::{LinkId, NodeId};

/// The channels of a device: what it receives, and what it sends.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnChannels {
    pub(super) channels: [ChannelId; 2],
    rates_bps: [f64; 2],
    /// Bytes that were still to pass them when their transfers were lost.
    lost_bytes: f64,
}

impl Network {
    /// From now on a radio is one of a gNB: its bandwidth binds nobody, and devices behind it pass their own channels.
    pub fn serve_by_cells(&mut self, radio: LinkId) {
        let link = &mut self.links[radio.index()];
        link.cellular = true;
        for channel in link.channels {
            self.channels[channel.0 as usize].role = Role::Nominal;
        }
    }

    /// Gives a device channels of its own, without any rate at first. `radio` is any radio of a gNB.
    pub fn give_own_channels(&mut self, device: NodeId, radio: LinkId) {
        let channels = [(); 2].map(|()| {
            let channel = self.add_channel(0.0, &LinkModel::FairShare, usize::MAX, radio);
            self.channels[channel.0 as usize].role = Role::Own;
            channel
        });
        if self.own.len() <= device.index() {
            self.own.resize(device.index() + 1, None);
        }
        self.own[device.index()] = Some(OwnChannels { channels, rates_bps: [0.0; 2], lost_bytes: 0.0 });
    }

    fn own(&self, device: NodeId) -> Option<&OwnChannels> {
        self.own.get(device.index())?.as_ref()
    }

    /// The device's own channel in a direction, 0 to it and 1 from it, if its radio is one of a gNB.
    pub(super) fn own_channel(
        &self,
        device: NodeId,
        radio: Option<LinkId>,
        direction: usize,
    ) -> Option<ChannelId> {
        let own = self.own(device)?;
        self.links[radio?.index()].cellular.then(|| own.channels[direction])
    }

    /// Sets the rates of a device's own channels from `now` on in bits a second, down and up; transfers wait at 0. `offers`
    /// are what its transfers together would have if there were one more: what estimates go by. To be followed by
    /// [`settle_changes`](Self::settle_changes).
    pub fn set_own_rates(
        &mut self,
        now: SimTime,
        device: NodeId,
        rates_bps: [f64; 2],
        offers_bps: [f64; 2],
    ) {
        let Some(Some(own)) = self.own.get_mut(device.index()) else { return };
        let before_bps = std::mem::replace(&mut own.rates_bps, rates_bps);
        for (direction, id) in own.channels.into_iter().enumerate() {
            let channel = &mut self.channels[id.0 as usize];
            // An estimate is long where nothing is sent, but a number.
            channel.bandwidth_bps = offers_bps[direction].max(LEAST_BANDWIDTH_BPS);
            if before_bps[direction] != rates_bps[direction]
                && let Some(fair) = channel.fair
            {
                self.fair.set_capacity(now, fair, rates_bps[direction] / 8.0);
            }
        }
    }

    /// The rates of a device's own channels in bits a second, down and up.
    #[must_use]
    pub fn own_rates_bps(&self, device: NodeId) -> [f64; 2] {
        self.own(device).map_or([0.0; 2], |own| own.rates_bps)
    }

    /// Transfers that send over a device's own channels now, down and up.
    #[must_use]
    pub fn own_flows(&self, device: NodeId) -> [usize; 2] {
        let flows = |id: ChannelId| {
            self.channels[id.0 as usize].fair.map_or(0, |fair| self.fair.link_flows(fair))
        };
        self.own(device).map_or([0; 2], |own| own.channels.map(flows))
    }

    /// Bytes that a device's own channels have carried since the start of the run, down and up. O(transfers of the device).
    #[must_use]
    pub fn own_carried_bytes(&self, now: SimTime, device: NodeId) -> [f64; 2] {
        let carried = |id: ChannelId| {
            let fair = self.channels[id.0 as usize].fair;
            fair.map_or(0.0, |fair| self.fair.carried_bytes(now, fair).max(0.0))
        };
        self.own(device).map_or([0.0; 2], |own| own.channels.map(carried))
    }

    /// Bytes of a device's transfers that are still to pass its own channels, down and up. O(transfers of the device).
    #[must_use]
    pub fn own_waiting_bytes(&self, now: SimTime, device: NodeId) -> [f64; 2] {
        let mut waiting_bytes = [0.0; 2];
        let Some(own) = self.own(device) else { return waiting_bytes };
        for id in self.of_device.get(device.index()).into_iter().flatten() {
            let transfer = &self.transfers[id.index()];
            if matches!(transfer.stage, Stage::Flowing(_)) {
                for (bytes, channel) in waiting_bytes.iter_mut().zip(own.channels) {
                    if transfer.path.contains(&channel) {
                        *bytes += self.unsent_bytes(now, transfer).max(0.0);
                    }
                }
            }
        }
        waiting_bytes
    }

    /// Bytes since the start of the run that were still to pass a device's own channels when their transfers were lost there,
    /// in both directions.
    #[must_use]
    pub fn own_lost_bytes(&self, device: NodeId) -> f64 {
        self.own(device).map_or(0.0, |own| own.lost_bytes)
    }

    /// Notes that a transfer was lost on a way with `unsent` bytes to go.
    pub(super) fn note_lost(&mut self, ends: [NodeId; 2], path: &[ChannelId], unsent: f64) {
        for node in ends {
            if let Some(Some(own)) = self.own.get_mut(node.index())
                && own.channels.iter().any(|channel| path.contains(channel))
            {
                own.lost_bytes += unsent.max(0.0);
            }
        }
    }

    /// Notes that something has changed on a device's own channels, if it has any.
    pub(super) fn touch_device(&mut self, device: NodeId) {
        if self.own(device).is_some() {
            self.touched.push(device);
        }
    }

    /// Whether transfers have come to devices with channels of their own, or left them, since that was last
    /// [taken](Self::take_touched).
    #[must_use]
    pub fn has_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// Adds the devices that transfers have come to or left, as often as they did, to `into`.
    pub fn take_touched(&mut self, into: &mut Vec<NodeId>) {
        into.append(&mut self.touched);
    }

    /// Links of a way: own channels are none.
    pub(super) fn links_on(&self, path: &[ChannelId]) -> u32 {
        if self.own.is_empty() {
            return path.len() as u32;
        }
        path.iter().filter(|id| self.channels[id.0 as usize].role != Role::Own).count() as u32
    }
}
