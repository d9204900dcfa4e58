//! Links that change while transfers are on them.
//!
//! Changes cost O(1) each and are settled together: [`Network::settle_changes`] looks once through the transfers,
//! and only if an unshared link with transfers has changed. Fairly shared links are exact at once.

use super::link::LinkModel;
use super::parts::{ChannelId, Stage};
use super::transfers::Network;
use crate::engine::{Schedule, SimDuration, SimTime};
use crate::infra::event::InfraEvent;
use crate::infra::ids::{LinkId, TransferId};

/// The least bandwidth of a link in bits a second; less counts as this. A link that carries nothing is one that is
/// down.
pub const LEAST_BANDWIDTH_BPS: f64 = 1.0;

/// Directions of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From its first end; of a radio, to the devices.
    Forth,
    /// Towards its first end; of a radio, from the devices.
    Back,
    /// Both.
    Both,
}

impl Network {
    /// The propagation delay of a link.
    #[must_use]
    pub fn latency(&self, link: LinkId) -> SimDuration {
        self.links[link.index()].latency
    }

    /// The bandwidth of a link in bits a second; forth if both directions are asked for.
    #[must_use]
    pub fn bandwidth_bps(&self, link: LinkId, direction: Direction) -> f64 {
        let channels = self.links[link.index()].channels;
        let channel = channels[usize::from(direction == Direction::Back)];
        self.channels[channel.0 as usize].bandwidth_bps
    }

    /// The link by whose bandwidth this one's is meant: the first one of its pool, or itself.
    #[must_use]
    pub fn bandwidth_owner(&self, link: LinkId) -> LinkId {
        self.channels[self.links[link.index()].channels[0].0 as usize].link
    }

    /// Whether both directions of a link are one channel.
    #[must_use]
    pub fn is_half_duplex(&self, link: LinkId) -> bool {
        let [forth, back] = self.links[link.index()].channels;
        forth == back
    }

    /// Changes the propagation delay of a link. What was sent before arrives as it would have. O(1).
    pub fn change_latency(&mut self, link: LinkId, latency: SimDuration) {
        let own = &mut self.links[link.index()];
        own.latency = latency;
        if own.b.is_some() && !own.direct {
            self.routes.set_latency(link, latency);
        }
    }

    /// Changes the bandwidth of a link from `now` on, at least to [`LEAST_BANDWIDTH_BPS`], and with it the rates of
    /// transfers under way; a message that waits in an M/M/1 queue, or whose delay is fixed, is not hurried. To be
    /// [settled](Self::settle_changes) before anything else happens.
    pub fn change_bandwidth(
        &mut self,
        now: SimTime,
        link: LinkId,
        direction: Direction,
        bandwidth_bps: f64,
    ) {
        let bandwidth_bps = bandwidth_bps.max(LEAST_BANDWIDTH_BPS);
        let [forth, back] = self.links[link.index()].channels;
        let (first, second) = match direction {
            Direction::Forth => (forth, forth),
            Direction::Back => (back, back),
            Direction::Both => (forth, back),
        };
        self.change_channel(now, first, bandwidth_bps);
        if second != first {
            self.change_channel(now, second, bandwidth_bps);
        }
    }

    fn change_channel(&mut self, now: SimTime, id: ChannelId, bandwidth_bps: f64) {
        let channel = &mut self.channels[id.0 as usize];
        if channel.bandwidth_bps == bandwidth_bps {
            return;
        }
        channel.bandwidth_bps = bandwidth_bps;
        if let Some(fair) = channel.fair {
            self.fair.set_capacity(now, fair, bandwidth_bps / 8.0);
        } else if matches!(channel.model, LinkModel::Unshared) && channel.transfers > 0 {
            self.rerated.push(id);
        }
    }

    /// Settles [changed bandwidths](Self::change_bandwidth). O(1), or O(transfers) if unshared links that are in use
    /// have changed.
    pub fn settle_changes<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        if !self.rerated.is_empty() {
            let mut changed = std::mem::take(&mut self.rerated);
            changed.sort_unstable_by_key(|channel| channel.0);
            let is_changed =
                |channel: &ChannelId| changed.binary_search_by_key(&channel.0, |own| own.0).is_ok();
            let hit: Vec<TransferId> = (self.transfers.iter())
                .filter(|(_, transfer)| transfer.path.iter().any(is_changed))
                .map(|(index, _)| TransferId(index as u32))
                .collect();
            for id in hit {
                self.rerate(schedule, id);
            }
            changed.clear();
            self.rerated = changed;
        }
        self.arm(schedule);
    }

    /// Lets a transfer go on at what its unshared links allow now.
    fn rerate<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, id: TransferId) {
        let now = schedule.now();
        let transfer = &mut self.transfers[id.index()];
        match transfer.stage {
            Stage::Flowing(flow) => {
                let unshared = (transfer.path.iter().map(|id| &self.channels[id.0 as usize]))
                    .filter(|channel| matches!(channel.model, LinkModel::Unshared));
                let rate_bps = unshared
                    .fold(transfer.rate_limit_bps(), |least, channel| least.min(channel.bandwidth_bps));
                self.fair.set_cap(now, flow, rate_bps / 8.0);
            }
            Stage::Sending(sent) if sent > now => {
                if let Some(due) = transfer.due.take() {
                    schedule.cancel(due);
                }
                self.begin_leg(now, id);
                self.launch(schedule, id);
            }
            Stage::Sending(_) | Stage::Arriving => {}
        }
    }

    /// Counts what a transfer has sent, and begins anew with the rest, on the same way.
    fn begin_leg(&mut self, now: SimTime, id: TransferId) {
        let unsent = self.unsent_bytes(now, &self.transfers[id.index()]);
        if self.notes_carried {
            self.note_carried(id, unsent);
        }
        let transfer = &mut self.transfers[id.index()];
        let sent = transfer.leg_bytes - unsent;
        if transfer.hop.is_none() || transfer.hops_taken == 1 {
            transfer.sent_bytes += sent;
        }
        if let Some(hop) = transfer.hop {
            let class = self.links[hop.link.index()].class as usize;
            transfer.by_class_s[class] += now.since(transfer.leg_since).as_secs();
        }
        for id in &transfer.path {
            let channel = &mut self.channels[id.0 as usize];
            if channel.fair.is_none() {
                channel.carried_bytes += sent;
            }
        }
        (transfer.leg_bytes, transfer.leg_since) = (unsent, now);
    }

    /// The transfers whose bytes still pass one of these links, in the order of their ids. O(transfers).
    #[must_use]
    pub fn transfers_on(&self, links: &[LinkId]) -> Vec<TransferId> {
        if self.transfers.is_empty() {
            return Vec::new();
        }
        let mut links = links.to_vec();
        links.sort_unstable();
        let mut channels: Vec<u32> =
            links.iter().flat_map(|link| self.links[link.index()].channels.map(|own| own.0)).collect();
        channels.sort_unstable();
        (self.transfers.iter())
            .filter(|(_, transfer)| match transfer.hop {
                Some(hop) => links.binary_search(&hop.link).is_ok(),
                None => transfer.path.iter().any(|own| channels.binary_search(&own.0).is_ok()),
            })
            .map(|(index, _)| TransferId(index as u32))
            .collect()
    }
}
