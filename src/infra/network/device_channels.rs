//! Channels that devices have to themselves: behind the radio of a gNB, each with the rate that its cell leaves it, and behind
//! that of an access point of modelled WiFi.
//!
//! A device's transfers pass its own channel beside the radio of gNB or access point, which never binds: max-min fairness over the way does
//! the rest, whatever else it leads over.

use super::changes::LEAST_BANDWIDTH_BPS;
use super::link::LinkModel;
use super::parts::{ChannelId, Role, Stage};
use super::transfers::Network;
use crate::engine::SimTime;
use crate::infra::ids::{LinkId, NodeId};

/// What gives devices channels of their own, and says their rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnRadio {
    /// 5G cells.
    Cells,
    /// WiFi.
    Wifi,
}

impl OwnRadio {
    const ALL: [OwnRadio; 2] = [OwnRadio::Cells, OwnRadio::Wifi];
}

/// The channels of a device behind radios of one kind: what it receives, and what it sends.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnChannels {
    pub(super) channels: [ChannelId; 2],
    rates_bps: [f64; 2],
    /// Bytes that were still to pass them when their transfers were lost.
    lost_bytes: f64,
}

/// The own channels of all devices behind radios of one kind.
#[derive(Debug, Default)]
pub(super) struct OwnOfRadio {
    /// By node; empty if there are none.
    devices: Vec<Option<OwnChannels>>,
    /// Devices that transfers have come to or left, not taken yet.
    touched: Vec<NodeId>,
}

impl Network {
    /// From now on the bandwidth of a radio binds nobody, and devices behind it pass their own channels: of a gNB, or of an
    /// access point whose links are modelled.
    pub fn serve_by(&mut self, kind: OwnRadio, radio: LinkId) {
        let link = &mut self.links[radio.index()];
        link.own = Some(kind);
        for channel in link.channels {
            self.channels[channel.0 as usize].role = Role::Nominal;
        }
    }

    /// Gives a device channels of its own, without any rate at first. `radio` is any radio of the kind.
    pub fn give_own_channels(&mut self, kind: OwnRadio, device: NodeId, radio: LinkId) {
        let channels = [(); 2].map(|()| {
            let channel = self.add_channel(0.0, &LinkModel::FairShare, usize::MAX, radio);
            self.channels[channel.0 as usize].role = Role::Own;
            channel
        });
        let own = &mut self.own[kind as usize].devices;
        if own.len() <= device.index() {
            own.resize(device.index() + 1, None);
        }
        own[device.index()] = Some(OwnChannels { channels, rates_bps: [0.0; 2], lost_bytes: 0.0 });
    }

    /// Whether any device has channels of its own.
    pub(super) fn has_own_channels(&self) -> bool {
        self.own.iter().any(|own| !own.devices.is_empty())
    }

    fn own(&self, kind: OwnRadio, device: NodeId) -> Option<&OwnChannels> {
        self.own[kind as usize].devices.get(device.index())?.as_ref()
    }

    fn own_mut(&mut self, kind: OwnRadio, device: NodeId) -> Option<&mut OwnChannels> {
        self.own[kind as usize].devices.get_mut(device.index())?.as_mut()
    }

    /// The device's own channel in a direction, 0 to it and 1 from it, if its radio has such.
    pub(super) fn own_channel(
        &self,
        device: NodeId,
        radio: Option<LinkId>,
        direction: usize,
    ) -> Option<ChannelId> {
        let own = self.own(self.links[radio?.index()].own?, device)?;
        Some(own.channels[direction])
    }

    /// Sets the rates of a device's own channels from `now` on in bits a second, down and up; transfers wait at 0. `offers`
    /// are what its transfers together would have if there were one more: what estimates go by. To be followed by
    /// [`settle_changes`](Self::settle_changes).
    pub fn set_own_rates(
        &mut self,
        now: SimTime,
        kind: OwnRadio,
        device: NodeId,
        rates_bps: [f64; 2],
        offers_bps: [f64; 2],
    ) {
        let Some(own) = self.own_mut(kind, device) else { return };
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
    pub fn own_rates_bps(&self, kind: OwnRadio, device: NodeId) -> [f64; 2] {
        self.own(kind, device).map_or([0.0; 2], |own| own.rates_bps)
    }

    /// Transfers that send over a device's own channels now, down and up.
    #[must_use]
    pub fn own_flows(&self, kind: OwnRadio, device: NodeId) -> [usize; 2] {
        let flows = |id: ChannelId| {
            self.channels[id.0 as usize].fair.map_or(0, |fair| self.fair.link_flows(fair))
        };
        self.own(kind, device).map_or([0; 2], |own| own.channels.map(flows))
    }

    /// Bytes that a device's own channels have carried since the start of the run, down and up. O(transfers of the device).
    #[must_use]
    pub fn own_carried_bytes(&self, now: SimTime, kind: OwnRadio, device: NodeId) -> [f64; 2] {
        let carried = |id: ChannelId| {
            let fair = self.channels[id.0 as usize].fair;
            fair.map_or(0.0, |fair| self.fair.carried_bytes(now, fair).max(0.0))
        };
        self.own(kind, device).map_or([0.0; 2], |own| own.channels.map(carried))
    }

    /// Bytes of a device's transfers that are still to pass its own channels, down and up. O(transfers of the device).
    #[must_use]
    pub fn own_waiting_bytes(&self, now: SimTime, kind: OwnRadio, device: NodeId) -> [f64; 2] {
        let mut waiting_bytes = [0.0; 2];
        let Some(own) = self.own(kind, device) else { return waiting_bytes };
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
    pub fn own_lost_bytes(&self, kind: OwnRadio, device: NodeId) -> f64 {
        self.own(kind, device).map_or(0.0, |own| own.lost_bytes)
    }

    /// Notes that a transfer was lost on a way with `unsent` bytes to go.
    pub(super) fn note_lost(&mut self, ends: [NodeId; 2], path: &[ChannelId], unsent: f64) {
        for node in ends {
            for kind in OwnRadio::ALL {
                if let Some(own) = self.own_mut(kind, node)
                    && own.channels.iter().any(|channel| path.contains(channel))
                {
                    own.lost_bytes += unsent.max(0.0);
                }
            }
        }
    }

    /// Notes that something has changed on a device's own channels, if it has any.
    pub(super) fn touch_device(&mut self, device: NodeId) {
        for own in &mut self.own {
            if own.devices.get(device.index()).is_some_and(Option::is_some) {
                own.touched.push(device);
            }
        }
    }

    /// Whether transfers have come to devices with channels of their own, or left them, since that was last
    /// [taken](Self::take_touched).
    #[must_use]
    pub fn has_touched(&self, kind: OwnRadio) -> bool {
        !self.own[kind as usize].touched.is_empty()
    }

    /// Adds the devices that transfers have come to or left, as often as they did, to `into`.
    pub fn take_touched(&mut self, kind: OwnRadio, into: &mut Vec<NodeId>) {
        into.append(&mut self.own[kind as usize].touched);
    }

    /// Links of a way: own channels are none.
    pub(super) fn links_on(&self, path: &[ChannelId]) -> u32 {
        if !self.has_own_channels() {
            return path.len() as u32;
        }
        path.iter().filter(|id| self.channels[id.0 as usize].role != Role::Own).count() as u32
    }
}
