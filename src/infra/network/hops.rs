//! Ways that are taken hop by hop: a message is on one link at a time (store and forward).
//!
//! A way is taken so if a link on it has a delay model, or if it is that of a direct network. Each hop is
//! entered when the one before has ended, by the state that its link has then. What is on a hop stays on it:
//! a handover meanwhile does not change it, only a failure of the link ends it. Before each hop the message
//! looks where it is to go: if its device is at another access point by now, it is led there.

use super::delay::Message;
use super::link::{LinkModel, NetworkClass};
use super::parts::{ChannelId, Endpoint, Link, NetworkRefusal, Stage, Transfer};
use super::transfers::Network;
use crate::engine::{Schedule, SimDuration, SimTime, prefetch};
use crate::infra::event::{InfraEvent, TransferOutcome, TransferRecord};
use crate::infra::geometry::{Leg, Position};
use crate::infra::ids::{LinkId, NodeId, Owner, TransferId};
use crate::infra::radio::CloseInPathLoss;

/// One link of a way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hop {
    pub(super) link: LinkId,
    pub(super) channel: ChannelId,
    /// The node of the topology that the message is at before, or the device.
    pub(super) source: NodeId,
    /// The device that the way begins or ends at, if any.
    pub(super) device: Option<NodeId>,
    /// Whether it is the radio to that device.
    pub(super) to_device: bool,
}

/// The access point of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attachment {
    /// Its node.
    pub site: NodeId,
    /// Its radio.
    pub radio: LinkId,
}

/// Which device is attached where, as far as delays depend on it.
#[derive(Debug, Default)]
pub(super) struct Attachments {
    of: Vec<Option<Attachment>>,
    population: Vec<u32>,
    devices: u32,
    /// Legs of devices and places of access points, for distances.
    legs: Vec<Option<Leg>>,
    /// If signals spread by a model.
    path_loss: Option<CloseInPathLoss>,
    /// Transmit powers of access points, antenna gains included.
    powers_dbm: Vec<Option<f64>>,
    /// The shadowing that devices have last measured in dB, and of which access point.
    shadowing: Vec<Option<(NodeId, f64)>>,
}

/// The entry of `node`, which is made if need be.
fn entry<T: Clone + Default>(of: &mut Vec<T>, node: NodeId) -> &mut T {
    if of.len() <= node.index() {
        of.resize(node.index() + 1, T::default());
    }
    &mut of[node.index()]
}

impl Attachments {
    pub(super) fn of(&self, device: NodeId) -> Option<Attachment> {
        self.of.get(device.index()).copied().flatten()
    }

    fn population(&self, site: NodeId) -> u32 {
        self.population.get(site.index()).copied().unwrap_or(0)
    }

    fn place(&self, node: NodeId, now: SimTime) -> Option<Position> {
        self.legs.get(node.index()).copied().flatten().map(|leg| leg.position(now))
    }

    /// Power in dBm that a device receives of an access point at a distance; `None` unless signals spread by a
    /// model.
    fn received_dbm(&self, device: NodeId, site: NodeId, distance_m: f64) -> Option<f64> {
        let path_loss_db = self.path_loss?.path_loss_db(distance_m);
        let power_dbm = self.powers_dbm.get(site.index()).copied().flatten()?;
        let measured = self.shadowing.get(device.index()).copied().flatten();
        let shadowing_db = measured.filter(|(of, _)| *of == site).map_or(0.0, |(_, db)| db);
        Some(power_dbm - path_loss_db - shadowing_db)
    }

    /// Metres between two nodes; zero if a place is not known.
    fn distance_m(&self, a: NodeId, b: NodeId, now: SimTime) -> f64 {
        match (self.place(a, now), self.place(b, now)) {
            (Some(a), Some(b)) => a.distance_m(b),
            _ => 0.0,
        }
    }
}

impl Link {
    /// The channel for what comes from `source`; `down` of what goes to a device.
    pub(super) fn channel(&self, source: NodeId, down: bool) -> ChannelId {
        self.channels[usize::from(if self.pooled { down } else { self.a != source })]
    }
}

impl Network {
    /// Notes to which access point a device is attached now.
    pub fn set_attachment(&mut self, device: NodeId, attachment: Option<Attachment>) {
        let before = std::mem::replace(entry(&mut self.attachments.of, device), attachment);
        if let Some(before) = before {
            *entry(&mut self.attachments.population, before.site) -= 1;
            self.attachments.devices -= 1;
        }
        if let Some(now) = attachment {
            *entry(&mut self.attachments.population, now.site) += 1;
            self.attachments.devices += 1;
        }
    }

    /// Notes how a device moves, or where an access point stands; nothing if no delay depends on it.
    pub fn set_leg(&mut self, node: NodeId, leg: Leg) {
        if self.has_delays {
            *entry(&mut self.attachments.legs, node) = Some(leg);
        }
    }

    /// Lets signals spread by a model.
    pub(in crate::infra) fn set_path_loss(&mut self, path_loss: CloseInPathLoss) {
        self.attachments.path_loss = Some(path_loss);
    }

    /// Notes the power of an access point, its antenna gain included.
    pub(in crate::infra) fn set_power(&mut self, site: NodeId, power_dbm: f64) {
        *entry(&mut self.attachments.powers_dbm, site) = Some(power_dbm);
    }

    /// Notes the shadowing that a device has measured of an access point; nothing if no delay depends on it.
    pub(in crate::infra) fn set_shadowing(&mut self, device: NodeId, site: NodeId, shadowing_db: f64) {
        if self.has_delays {
            *entry(&mut self.attachments.shadowing, device) = Some((site, shadowing_db));
        }
    }

    /// Bits a second that a radio gives at this received power, if its model has such a rate.
    #[must_use]
    pub fn radio_rate_bps(&self, radio: LinkId, received_dbm: f64) -> Option<f64> {
        let channel = self.links.get(radio.index())?.channels[0];
        match &self.channels[channel.0 as usize].model {
            LinkModel::Delay(model) => model.rate_at_bps(received_dbm),
            _ => None,
        }
    }

    /// Asks for what is kept of a device that is about to send or receive.
    pub(in crate::infra) fn prefetch_device(&self, device: NodeId) {
        if let Some(attachment) = self.attachments.of.get(device.index()) {
            prefetch(attachment);
        }
        if let Some(own) = self.of_device.get(device.index()) {
            prefetch(own);
        }
    }

    /// Asks for what is kept of a transfer that is about to come to the end of a hop.
    pub(in crate::infra) fn prefetch_transfer(&self, id: TransferId) {
        if let Some(transfer) = self.transfers.get(id.index()) {
            // It spans several lines.
            prefetch(&transfer.owner);
            prefetch(&transfer.stage);
            prefetch(&transfer.hop);
            prefetch(&transfer.by_class_s);
            prefetch(&transfer.hops_taken);
        }
    }

    /// Devices that are attached to the access point at `site`.
    #[must_use]
    pub fn population(&self, site: NodeId) -> u32 {
        self.attachments.population(site)
    }

    /// Whether a transfer is on the radio of its device now, having taken its way hop by hop.
    #[must_use]
    pub fn is_on_last_radio(&self, id: TransferId) -> bool {
        let hop = self.transfers.get(id.index()).and_then(|transfer| transfer.hop);
        hop.is_some_and(|hop| hop.to_device)
    }

    /// The hops of the way from `from` to `to`, the first one last. By the direct network of the class `via` if
    /// one is asked for and leads there; else over the topology, or where that has no way by any direct
    /// network.
    pub(super) fn plan(
        &mut self,
        from: Endpoint,
        to: Endpoint,
        via: Option<NetworkClass>,
        hops: &mut Vec<Hop>,
    ) -> Option<()> {
        hops.clear();
        if let Some(class) = via
            && let Some(hop) = self.direct_hop(from.node, to.node, Some(class))
        {
            hops.push(hop);
            return Some(());
        }
        if self.plan_route(from, to, hops).is_some() {
            return Some(());
        }
        hops.clear();
        hops.push(self.direct_hop(from.node, to.node, None)?);
        Some(())
    }

    fn plan_route(&mut self, from: Endpoint, to: Endpoint, hops: &mut Vec<Hop>) -> Option<()> {
        let device = [from, to].into_iter().find(|end| end.radio.is_some()).map(|end| end.node);
        let down = from.radio.is_none() && to.radio.is_some();
        let links = &self.links;
        let radio = |id: LinkId, direction: usize, source: NodeId| Hop {
            link: id,
            channel: links[id.index()].channels[direction],
            source,
            device,
            to_device: direction == 0,
        };
        if let Some(id) = to.radio {
            hops.push(radio(id, 0, to.site));
        }
        let first_wired = hops.len();
        self.routes.route(from.site, to.site, |link, source| {
            let channel = links[link.index()].channel(source, down);
            hops.push(Hop { link, channel, source, device, to_device: false });
        })?;
        // The route comes in one order or the other; the hop from the first site belongs at the end.
        if hops.get(first_wired).is_some_and(|hop| hop.source == from.site) {
            hops[first_wired..].reverse();
        }
        if let Some(id) = from.radio {
            hops.push(radio(id, 1, from.node));
        }
        let up = |hop: &Hop| self.routes.link_is_up(hop.link);
        hops.iter().filter(|hop| hop.to_device || Some(hop.source) == device).all(up).then_some(())
    }

    fn is_delay(&self, hop: &Hop) -> bool {
        matches!(self.channels[hop.channel.0 as usize].model, LinkModel::Delay(_))
    }

    /// Whether these hops are to be taken one by one.
    pub(super) fn goes_hop_by_hop(&self, hops: &[Hop]) -> bool {
        hops.iter().any(|hop| self.is_delay(hop) || self.links[hop.link.index()].direct)
    }

    pub(super) fn message(&self, now: SimTime, hop: &Hop, bytes: f64) -> Message {
        let channel = &self.channels[hop.channel.0 as usize];
        let attachment = hop.device.and_then(|device| self.attachments.of(device));
        // On the radio, distance is to its own access point, even if the device has gone on.
        let site = if hop.to_device { Some(hop.source) } else { attachment.map(|own| own.site) };
        let ends = hop.device.zip(site).filter(|_| channel.needs_distance);
        let distance_m =
            ends.map_or(0.0, |(device, site)| self.attachments.distance_m(device, site, now));
        Message {
            now,
            bytes,
            bandwidth_bps: channel.bandwidth_bps,
            transfers: channel.transfers,
            population: site.map_or(0, |site| self.attachments.population(site)),
            devices: self.attachments.devices,
            device: hop.device,
            distance_m,
            received_dbm: ends
                .and_then(|(device, site)| self.attachments.received_dbm(device, site, distance_m)),
        }
    }

    /// Seconds that `bytes` would take if each hop had the load of now; `None` if they would be refused.
    pub(super) fn estimated_hops_s(
        &mut self,
        now: SimTime,
        from: Endpoint,
        to: Endpoint,
        bytes: f64,
        via: Option<NetworkClass>,
    ) -> Option<f64> {
        let mut hops = self.spare_hops.pop().unwrap_or_default();
        let mut total_s = self.plan(from, to, via, &mut hops).map(|()| 0.0);
        // Behind a gNB the rate of a device is that of its own channel, which is no hop.
        if self.has_own_channels() && total_s.is_some() && !self.goes_hop_by_hop(&hops) {
            self.spare_hops.push(hops);
            return self.estimated_at_once_s(now, from, to, bytes);
        }
        let limit_bps = from.rate_limit_bps.min(to.rate_limit_bps);
        for hop in hops.iter().rev() {
            total_s = total_s.and_then(|sum| Some(sum + self.hop_s(now, hop, bytes, limit_bps)?));
        }
        self.spare_hops.push(hops);
        total_s
    }

    fn hop_s(&mut self, now: SimTime, hop: &Hop, bytes: f64, limit_bps: f64) -> Option<f64> {
        let message = self.message(now, hop, bytes);
        let latency_s = self.links[hop.link.index()].latency.as_secs();
        let channel = &mut self.channels[hop.channel.0 as usize];
        if channel.transfers >= channel.limit {
            return None;
        }
        let bandwidth_bps = channel.bandwidth_bps;
        let sending_s = |rate_bps: f64| 8.0 * bytes / rate_bps.min(limit_bps);
        let own_s = match &mut channel.model {
            LinkModel::Delay(model) => model.delay_s(&message)?,
            LinkModel::Mm1(mm1) => channel.arrivals.delay_s(now, mm1, bandwidth_bps, bytes)?,
            LinkModel::Unshared => sending_s(bandwidth_bps),
            LinkModel::FairShare => sending_s(bandwidth_bps / (channel.transfers + 1) as f64),
        };
        Some(latency_s + own_s)
    }

    /// Starts a transfer by the way of the class `via`, hop by hop unless none of its links asks for that.
    pub(super) fn start_hops<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        from: Endpoint,
        to: Endpoint,
        bytes: f64,
        owner: Owner,
        via: Option<NetworkClass>,
    ) -> Result<TransferId, NetworkRefusal> {
        let now = schedule.now();
        let mut hops = self.spare_hops.pop().unwrap_or_default();
        let planned = self.plan(from, to, via, &mut hops);
        if planned.is_some() && !self.goes_hop_by_hop(&hops) {
            self.spare_hops.push(hops);
            return self.start_at_once(schedule, from, to, bytes, owner);
        }
        let first = planned.and_then(|()| hops.pop());
        let entered = match first {
            None => Err(NetworkRefusal::Disconnected),
            Some(hop) => self.enter_hop(now, &hop, bytes).map_err(NetworkRefusal::Bandwidth),
        };
        let (Some(hop), Ok(tail)) = (first, entered) else {
            self.spare_hops.push(hops);
            return Err(entered.err().unwrap_or(NetworkRefusal::Disconnected));
        };
        let mut path = self.spare_paths.pop().unwrap_or_default();
        path.clear();
        path.push(hop.channel);
        let transfer = Transfer::new(now, owner, (from, to), bytes, path, tail);
        Ok(self.insert(schedule, Transfer { hop: Some(hop), hops, ..transfer }))
    }

    /// Takes a place on a link; what comes after the sending, or the network that refused.
    fn enter_hop(&mut self, now: SimTime, hop: &Hop, bytes: f64) -> Result<SimDuration, NetworkClass> {
        let message = self.message(now, hop, bytes);
        let link = &self.links[hop.link.index()];
        let (class, latency) = (link.class, link.latency);
        let channel = &mut self.channels[hop.channel.0 as usize];
        if channel.transfers >= channel.limit {
            return Err(class);
        }
        let wait_s = match &mut channel.model {
            LinkModel::Unshared | LinkModel::FairShare => Some(0.0),
            LinkModel::Mm1(mm1) => {
                let delay_s = channel.arrivals.delay_s(now, mm1, channel.bandwidth_bps, bytes);
                if delay_s.is_some() {
                    channel.arrivals.add(now, mm1.window_s, bytes);
                }
                delay_s
            }
            LinkModel::Delay(model) => {
                let delay_s = model.delay_s(&message);
                model.note(&message, delay_s);
                delay_s
            }
        };
        let wait_s = wait_s.ok_or(class)?;
        channel.transfers += 1;
        Ok(latency + SimDuration::from_secs_ceil(wait_s))
    }

    /// Whether a hop can be taken: its link and the nodes at its ends work.
    fn works(&self, hop: &Hop) -> bool {
        let link = &self.links[hop.link.index()];
        let ends = [Some(link.a), link.b].into_iter().flatten();
        self.routes.link_is_up(hop.link) && ends.into_iter().all(|node| self.routes.node_is_up(node))
    }

    /// A transfer has come to the end of a hop and goes on to the next one; its record if it cannot.
    pub(super) fn next_hop<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: TransferId,
    ) -> Option<TransferRecord> {
        let now = schedule.now();
        self.leave_path(now, id);
        let transfer = &mut self.transfers[id.index()];
        transfer.path.clear();
        (transfer.leg_since, transfer.stage, transfer.due) = (now, Stage::Arriving, None);
        // What was sent has been counted, should the way end here.
        transfer.leg_bytes = 0.0;
        let mut next = transfer.hops.pop();
        let (to, bytes) = (transfer.to, transfer.size_bytes);
        if let Some(hop) = next {
            let moved = to.radio.is_some()
                && self.attachments.of(to.node).is_none_or(|own| Some(own.radio) != to.radio);
            if moved || !self.works(&hop) {
                match self.lead_on(id, hop.source) {
                    Ok(first) => next = Some(first),
                    Err(outcome) => return Some(self.finish(now, id, outcome)),
                }
            }
        }
        let hop = next?;
        match self.enter_hop(now, &hop, bytes) {
            Err(class) => {
                let mut record = self.finish(now, id, TransferOutcome::RefusedForBandwidth);
                record.refused_by = Some(class);
                Some(record)
            }
            Ok(tail) => {
                let transfer = &mut self.transfers[id.index()];
                transfer.path.push(hop.channel);
                transfer.hop = Some(hop);
                transfer.hops_taken += 1;
                (transfer.leg_bytes, transfer.tail) = (bytes, tail);
                self.launch(schedule, id);
                None
            }
        }
    }

    /// Finds the rest of the way anew from `site`: its first hop, or how the transfer ends.
    fn lead_on(&mut self, id: TransferId, site: NodeId) -> Result<Hop, TransferOutcome> {
        let mut to = self.transfers[id.index()].to;
        if to.radio.is_some() {
            let own = self.attachments.of(to.node).ok_or(TransferOutcome::LostToMobility)?;
            (to.site, to.radio) = (own.site, Some(own.radio));
        }
        let from = Endpoint { node: site, site, radio: None, rate_limit_bps: f64::INFINITY };
        let mut hops = std::mem::take(&mut self.transfers[id.index()].hops);
        let planned = self.plan(from, to, None, &mut hops);
        let first = planned.and_then(|()| hops.pop());
        let transfer = &mut self.transfers[id.index()];
        (transfer.to, transfer.hops) = (to, hops);
        transfer.reroutes += 1;
        first.ok_or(TransferOutcome::LostToFault)
    }

    /// What a handover or failure means to a transfer that goes hop by hop: it ends if its link is gone, and
    /// stays on it otherwise.
    pub(super) fn keep_or_end<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: TransferId,
        otherwise: TransferOutcome,
    ) -> Option<TransferRecord> {
        let hop = self.transfers.get(id.index())?.hop?;
        if self.works(&hop) {
            return None;
        }
        self.abort(schedule, id, otherwise)
    }
}
