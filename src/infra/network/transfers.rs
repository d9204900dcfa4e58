//! Transfers: bytes on their way over links of any model.

use super::carried::Carried;
use super::device_channels::OwnOfRadio;
use super::direct::Direct;
use super::fair_share::{FairShare, LinkIndex};
use super::hops::{Attachments, Hop};
use super::link::{LinkModel, NetworkClass};
use super::parts::{Channel, ChannelId, Endpoint, Link, NetworkRefusal, Role, Stage, Transfer};
use super::routes::Routes;
use crate::engine::{EventHandle, Phase, Schedule, SimDuration, SimTime};
use crate::infra::event::{InfraEvent, TransferOutcome, TransferRecord};
use crate::infra::ids::{LinkId, NodeId, Owner, TransferId};
use rustc_hash::FxHashMap;
use slab::Slab;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// The topology, its links and the transfers on them.
///
/// A transfer's time is that of sending its bytes, at the least of the rates that the fairly shared
/// links of its way, the unshared ones and the ends' interfaces allow; plus the waits and sending times
/// of its M/M/1 links; plus the propagation delays. Bytes are conserved: each link of a way carries just
/// the bytes that were sent while the way was taken.
#[derive(Debug, Default)]
pub struct Network {
    pub(super) routes: Routes,
    pub(super) links: Vec<Link>,
    pub(super) channels: Vec<Channel>,
    /// Radios and links of direct networks by their fixed ends. For look-ups only.
    pub(super) radios: FxHashMap<NodeId, SmallVec<[LinkId; 1]>>,
    /// The channels of each pool, in the order of up and down. For look-ups only.
    pub(super) pools: FxHashMap<u32, [ChannelId; 2]>,
    /// Networks beside the access points.
    pub(super) directs: Vec<Direct>,
    pub(super) attachments: Attachments,
    /// Whether any link has a delay model: ways may have to be taken hop by hop.
    pub(super) has_delays: bool,
    pub(super) fair: FairShare,
    /// The transfer of each flow.
    flows: Vec<TransferId>,
    flows_due: Option<EventHandle>,
    pub(super) transfers: Slab<Transfer>,
    /// Ways of ended transfers, kept for their memory.
    pub(super) spare_paths: Vec<Vec<ChannelId>>,
    pub(super) spare_hops: Vec<Vec<Hop>>,
    /// Unshared channels with transfers whose bandwidth has changed and is not settled.
    pub(super) rerated: Vec<ChannelId>,
    /// Whether it is noted what transfers have carried, for the energy that it took.
    pub(super) notes_carried: bool,
    pub(super) carried: VecDeque<Carried>,
    /// For each node behind a radio, its transfers.
    pub(super) of_device: Vec<SmallVec<[TransferId; 2]>>,
    /// The channels that devices have to themselves, by the kind of radio that they are behind.
    pub(super) own: [OwnOfRadio; 2],
}

impl Network {
    /// Finds the way from `from` to `to` into `path` and returns its propagation delay.
    pub(super) fn find_path(
        &mut self,
        from: Endpoint,
        to: Endpoint,
        path: &mut Vec<ChannelId>,
    ) -> Option<SimDuration> {
        path.clear();
        if from.node == to.node {
            return Some(SimDuration::ZERO);
        }
        let links = &self.links;
        let down = from.radio.is_none() && to.radio.is_some();
        let mut latency = self.routes.route(from.site, to.site, |link, source| {
            let link = &links[link.index()];
            path.push(link.channel(source, down));
        })?;
        for (endpoint, direction) in [(from, 1), (to, 0)] {
            if let Some(radio) = endpoint.radio {
                if !self.routes.link_is_up(radio) {
                    return None;
                }
                let link = &self.links[radio.index()];
                let channel = link.channels[direction];
                // Two devices behind one half-duplex radio: the channel counts once.
                if !path.contains(&channel) {
                    path.push(channel);
                }
                latency = latency + link.latency;
            }
        }
        if self.has_own_channels() {
            for (endpoint, direction) in [(from, 1), (to, 0)] {
                path.extend(self.own_channel(endpoint.node, endpoint.radio, direction));
            }
        }
        Some(latency)
    }

    /// Seconds that `bytes` from `from` to `to` would take if they were sent at `now` with an equal share of
    /// each fairly shared link and nothing else came or went: at most what max-min fairness gives. `None` if
    /// they would be refused.
    pub fn estimated_transfer_s(
        &mut self,
        now: SimTime,
        from: Endpoint,
        to: Endpoint,
        bytes: f64,
    ) -> Option<f64> {
        if self.has_delays && from.node != to.node {
            return self.estimated_hops_s(now, from, to, bytes, None);
        }
        self.estimated_at_once_s(now, from, to, bytes)
    }

    /// The same for a transfer that is on all links of its way at the same time.
    pub(super) fn estimated_at_once_s(
        &mut self,
        now: SimTime,
        from: Endpoint,
        to: Endpoint,
        bytes: f64,
    ) -> Option<f64> {
        let mut path = self.spare_paths.pop().unwrap_or_default();
        let latency = self.find_path(from, to, &mut path);
        let estimate = latency.and_then(|latency| {
            let mut rate_bps = from.rate_limit_bps.min(to.rate_limit_bps);
            let mut waits_s = 0.0;
            for id in &path {
                let channel = &self.channels[id.0 as usize];
                if channel.transfers >= channel.limit {
                    return None;
                }
                match &channel.model {
                    // Not on a way that is taken at once.
                    LinkModel::Delay(_) => {}
                    LinkModel::Unshared => rate_bps = rate_bps.min(channel.bandwidth_bps),
                    LinkModel::FairShare if channel.role == Role::Nominal => {}
                    LinkModel::FairShare => {
                        rate_bps = rate_bps.min(channel.bandwidth_bps / (channel.transfers + 1) as f64);
                    }
                    LinkModel::Mm1(mm1) => {
                        waits_s += channel.arrivals.delay_s(now, mm1, channel.bandwidth_bps, bytes)?;
                    }
                }
            }
            let sending_s = if path.is_empty() { 0.0 } else { 8.0 * bytes / rate_bps };
            Some(latency.as_secs() + waits_s + sending_s)
        });
        self.spare_paths.push(path);
        estimate
    }

    /// Starts a transfer of `bytes` and returns its id.
    ///
    /// # Errors
    /// If there is no way, or a link on it takes no more. Nothing has changed then.
    pub fn start<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        from: Endpoint,
        to: Endpoint,
        bytes: f64,
        owner: Owner,
    ) -> Result<TransferId, NetworkRefusal> {
        if (self.has_delays || !self.directs.is_empty()) && from.node != to.node {
            return self.start_hops(schedule, from, to, bytes, owner, None);
        }
        self.start_at_once(schedule, from, to, bytes, owner)
    }

    /// Starts a transfer that is on all links of its way at the same time.
    pub(super) fn start_at_once<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        from: Endpoint,
        to: Endpoint,
        bytes: f64,
        owner: Owner,
    ) -> Result<TransferId, NetworkRefusal> {
        let now = schedule.now();
        let mut path = self.spare_paths.pop().unwrap_or_default();
        let tail = match self.enter_path(now, from, to, bytes, &mut path) {
            Ok(tail) => tail,
            Err(refusal) => {
                self.spare_paths.push(path);
                return Err(refusal);
            }
        };
        let hops_taken = self.links_on(&path);
        let transfer = Transfer::new(now, owner, (from, to), bytes, path, tail);
        Ok(self.insert(schedule, Transfer { hops_taken, ..transfer }))
    }

    /// Keeps a new transfer, for the devices at its ends, too, and sends it on its way.
    pub(super) fn insert<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        transfer: Transfer,
    ) -> TransferId {
        let ends = [transfer.from, transfer.to];
        let id = TransferId(self.transfers.insert(transfer) as u32);
        for end in ends {
            if end.radio.is_some() {
                let index = end.node.index();
                if self.of_device.len() <= index {
                    self.of_device.resize_with(index + 1, Default::default);
                }
                self.of_device[index].push(id);
                self.touch_device(end.node);
            }
        }
        self.launch(schedule, id);
        id
    }

    /// Finds the way for `bytes` into `path`, takes a place on its links, and returns what comes after
    /// the sending: waits and propagation.
    fn enter_path(
        &mut self,
        now: SimTime,
        from: Endpoint,
        to: Endpoint,
        bytes: f64,
        path: &mut Vec<ChannelId>,
    ) -> Result<SimDuration, NetworkRefusal> {
        let latency = self.find_path(from, to, path).ok_or(NetworkRefusal::Disconnected)?;
        let mut waits_s = 0.0;
        for id in path.iter() {
            let channel = &self.channels[id.0 as usize];
            let refused = || NetworkRefusal::Bandwidth(self.class_of(*id));
            if channel.transfers >= channel.limit {
                return Err(refused());
            }
            if let LinkModel::Mm1(mm1) = &channel.model {
                waits_s += channel
                    .arrivals
                    .delay_s(now, mm1, channel.bandwidth_bps, bytes)
                    .ok_or_else(refused)?;
            }
        }
        for id in path.iter() {
            let channel = &mut self.channels[id.0 as usize];
            channel.transfers += 1;
            if let LinkModel::Mm1(mm1) = &channel.model {
                channel.arrivals.add(now, mm1.window_s, bytes);
            }
        }
        Ok(latency + SimDuration::from_secs_ceil(waits_s))
    }

    /// The network that a channel is counted to.
    pub(super) fn class_of(&self, channel: ChannelId) -> NetworkClass {
        self.links[self.channels[channel.0 as usize].link.index()].class
    }

    /// Sends the bytes of a prepared transfer on their way.
    pub(super) fn launch<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, id: TransferId) {
        let now = schedule.now();
        let transfer = &mut self.transfers[id.index()];
        let mut rate_bps = transfer.rate_limit_bps();
        if let [channel] = transfer.path[..]
            && rate_bps == f64::INFINITY
            && matches!(self.channels[channel.0 as usize].model, LinkModel::Delay(_))
        {
            // Its delay is all there is.
            transfer.stage = Stage::Sending(now);
            let event = InfraEvent::TransferDue(id).into();
            transfer.due = Some(schedule.at(now + transfer.tail, Phase::Completion, event));
            return;
        }
        let mut shared: SmallVec<[LinkIndex; 12]> = SmallVec::new();
        for channel in transfer.path.iter().map(|id| &self.channels[id.0 as usize]) {
            match (&channel.model, channel.fair) {
                (LinkModel::Unshared, _) => rate_bps = rate_bps.min(channel.bandwidth_bps),
                (_, Some(fair)) => shared.push(fair),
                _ => {}
            }
        }
        if shared.is_empty() {
            let sending_s =
                if transfer.path.is_empty() { 0.0 } else { 8.0 * transfer.leg_bytes / rate_bps };
            let sent = now + SimDuration::from_secs_ceil(sending_s);
            transfer.stage = Stage::Sending(sent);
            let event = InfraEvent::TransferDue(id).into();
            transfer.due = Some(schedule.at(sent + transfer.tail, Phase::Completion, event));
        } else {
            let flow = self.fair.start(now, &shared, rate_bps / 8.0, transfer.leg_bytes);
            transfer.stage = Stage::Flowing(flow);
            transfer.due = None;
            let index = flow.0 as usize;
            if self.flows.len() <= index {
                self.flows.resize(index + 1, id);
            }
            self.flows[index] = id;
            self.arm(schedule);
        }
    }

    /// Keeps the one event for the next flow that is done.
    pub(super) fn arm<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        match (self.fair.next_completion(), self.flows_due) {
            (Some(time), Some(due)) => {
                if schedule.pending().time_of(due) != Some(time) && !schedule.reschedule(due, time) {
                    self.flows_due =
                        Some(schedule.at(time, Phase::Completion, InfraEvent::FlowsDue.into()));
                }
            }
            (Some(time), None) => {
                self.flows_due = Some(schedule.at(time, Phase::Completion, InfraEvent::FlowsDue.into()));
            }
            (None, Some(due)) => {
                schedule.cancel(due);
                self.flows_due = None;
            }
            (None, None) => {}
        }
    }

    /// Handles [`InfraEvent::FlowsDue`]; transfers that arrive at once are reported to `ended`.
    pub fn on_flows_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        mut ended: impl FnMut(TransferRecord),
    ) {
        let now = schedule.now();
        while let Some(flow) = self.fair.pop_completed(now) {
            let id = self.flows[flow.0 as usize];
            self.transfers[id.index()].stage = Stage::Arriving;
            if self.has_own_channels() {
                let transfer = &self.transfers[id.index()];
                let ends = [transfer.from.node, transfer.to.node];
                ends.into_iter().for_each(|node| self.touch_device(node));
            }
            let transfer = &mut self.transfers[id.index()];
            if transfer.tail == SimDuration::ZERO {
                if let Some(record) = self.arrive(schedule, id) {
                    ended(record);
                }
            } else {
                let event = InfraEvent::TransferDue(id).into();
                transfer.due = Some(schedule.after(transfer.tail, Phase::Completion, event));
            }
        }
        self.arm(schedule);
    }

    /// Handles [`InfraEvent::TransferDue`]; the record of the transfer if it has ended with it.
    pub fn on_transfer_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: TransferId,
    ) -> Option<TransferRecord> {
        self.arrive(schedule, id)
    }

    /// A transfer has come to the end of its way, or of a hop.
    fn arrive<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: TransferId,
    ) -> Option<TransferRecord> {
        if self.transfers[id.index()].hops.is_empty() {
            return Some(self.finish(schedule.now(), id, TransferOutcome::Delivered));
        }
        self.next_hop(schedule, id)
    }

    /// Bytes of the present way that are still to be sent at `now`.
    pub(super) fn unsent_bytes(&self, now: SimTime, transfer: &Transfer) -> f64 {
        match transfer.stage {
            Stage::Arriving => 0.0,
            Stage::Flowing(flow) => self.fair.remaining_bytes(now, flow),
            // On its wires: most hops end so.
            Stage::Sending(sent) if sent <= now => 0.0,
            Stage::Sending(sent) => {
                let whole = sent.since(transfer.leg_since).as_secs();
                let left = sent.since(now).as_secs();
                if whole > 0.0 { transfer.leg_bytes * left / whole } else { 0.0 }
            }
        }
    }

    /// Takes a transfer off its way, whose links have then carried what was sent; returns what was not.
    pub(super) fn leave_path(&mut self, now: SimTime, id: TransferId) -> f64 {
        let unsent = self.unsent_bytes(now, &self.transfers[id.index()]);
        if self.notes_carried {
            self.note_carried(id, unsent);
        }
        let transfer = &mut self.transfers[id.index()];
        if let Stage::Flowing(flow) = transfer.stage {
            self.fair.cancel(now, flow);
        }
        // What goes hop by hop has left the sender with the first one.
        if transfer.hop.is_none() || transfer.hops_taken == 1 {
            transfer.sent_bytes += transfer.leg_bytes - unsent;
        }
        if let Some(hop) = transfer.hop {
            let class = self.links[hop.link.index()].class as usize;
            transfer.by_class_s[class] += now.since(transfer.leg_since).as_secs();
        }
        for id in &transfer.path {
            let channel = &mut self.channels[id.0 as usize];
            channel.transfers -= 1;
            if channel.fair.is_none() {
                channel.carried_bytes += transfer.leg_bytes - unsent;
            }
        }
        unsent
    }

    pub(super) fn finish(
        &mut self,
        now: SimTime,
        id: TransferId,
        outcome: TransferOutcome,
    ) -> TransferRecord {
        let unsent = self.leave_path(now, id);
        let transfer = self.transfers.remove(id.index());
        if !matches!(outcome, TransferOutcome::Delivered | TransferOutcome::Dropped) {
            self.note_lost([transfer.from.node, transfer.to.node], &transfer.path, unsent);
        }
        for end in [transfer.from, transfer.to] {
            if let Some(own) = self.of_device.get_mut(end.node.index()) {
                own.retain(|other| *other != id);
            }
            self.touch_device(end.node);
        }
        let record = TransferRecord {
            id,
            owner: transfer.owner,
            from: transfer.from.node,
            to: transfer.to.node,
            size_bytes: transfer.size_bytes,
            sent_bytes: transfer.sent_bytes,
            started: transfer.started,
            hops: transfer.hops_taken,
            reroutes: transfer.reroutes,
            outcome,
            by_class_s: transfer.by_class_s,
            refused_by: None,
        };
        self.spare_paths.push(transfer.path);
        if transfer.hop.is_some() {
            self.spare_hops.push(transfer.hops);
        }
        record
    }

    /// Ends a transfer before its time and returns its record, or `None` if it has ended already.
    pub fn abort<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: TransferId,
        outcome: TransferOutcome,
    ) -> Option<TransferRecord> {
        let due = self.transfers.get(id.index())?.due;
        if let Some(due) = due {
            schedule.cancel(due);
        }
        let record = self.finish(schedule.now(), id, outcome);
        self.arm(schedule);
        Some(record)
    }

    /// Leads what is left of a transfer another way, between new ends; what is on the wires already
    /// arrives as it would have. If there is no way, the transfer ends with `otherwise`.
    pub fn reroute<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: TransferId,
        from: Endpoint,
        to: Endpoint,
        otherwise: TransferOutcome,
    ) -> Option<TransferRecord> {
        let now = schedule.now();
        let transfer = self.transfers.get(id.index())?;
        let ends = [transfer.from.node, transfer.to.node];
        if transfer.hop.is_some() {
            return self.keep_or_end(schedule, id, otherwise);
        }
        let on_the_wires = match transfer.stage {
            Stage::Arriving => true,
            Stage::Sending(sent) => sent <= now,
            Stage::Flowing(_) => false,
        };
        if on_the_wires {
            return None;
        }
        if let Some(due) = transfer.due {
            schedule.cancel(due);
        }
        let unsent = self.leave_path(now, id);
        let mut path = std::mem::take(&mut self.transfers[id.index()].path);
        let before = self.has_own_channels().then(|| path.clone());
        let entered = self.enter_path(now, from, to, unsent, &mut path);
        let hops_taken = if entered.is_ok() { self.links_on(&path) } else { 0 };
        for node in [from.node, to.node] {
            self.touch_device(node);
        }
        let transfer = &mut self.transfers[id.index()];
        transfer.from = from;
        transfer.to = to;
        // Without a way nothing more is sent.
        transfer.leg_bytes = if entered.is_ok() { unsent } else { 0.0 };
        if entered.is_err() {
            path.clear();
        }
        transfer.hops_taken = hops_taken;
        transfer.path = path;
        transfer.leg_since = now;
        transfer.reroutes += 1;
        transfer.stage = Stage::Arriving;
        transfer.due = None;
        let record = match entered {
            Ok(tail) => {
                transfer.tail = tail;
                self.launch(schedule, id);
                None
            }
            Err(_) => {
                // On the way that it had.
                self.note_lost(ends, before.as_deref().unwrap_or_default(), unsent);
                Some(self.finish(now, id, otherwise))
            }
        };
        self.arm(schedule);
        record
    }
}
