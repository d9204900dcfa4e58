//! What sites know of each other: signs of life, and the latencies that they measure.

use super::calls::HEARTBEAT;
use super::members::Told;
use super::state::{Geo, Hands};
use super::steps::BEAT;
use crate::apps::Context;
use crate::apps::agents::{AgentId, Body};
use crate::engine::{SimDuration, SimTime};
use rand::RngExt;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Weight of a new measurement of a latency.
const NEW_WEIGHT: f64 = 0.25;

/// Bytes of a sign of life.
const BEAT_BYTES: f64 = 64.0;

/// A site that another one hears.
#[derive(Clone, Copy, Debug)]
struct Peer {
    heard: SimTime,
    is_up: bool,
    /// When the last sign of life was sent there.
    sent: Option<SimTime>,
}

/// A sign of life.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beat {
    sent: SimTime,
    /// When the last one that has come from the receiver was sent, and how long ago it came.
    echo: Option<(SimTime, SimDuration)>,
}

/// What the agent of a site knows of others.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    peers: BTreeMap<u32, Peer>,
    /// Seconds one way by site: measured, else as the network is laid out; empty before the agent has looked.
    pub(super) latency_s: Vec<f64>,
    /// Sites that it takes to be unavailable, in ascending order.
    pub(super) unavailable: Vec<u32>,
    /// Grows as latencies change.
    pub(super) version: u32,
}

impl Contacts {
    /// A site is struck for good.
    pub(super) fn forget(&mut self, site: u32) {
        self.peers.remove(&site);
        self.mark(site, false);
    }

    fn mark(&mut self, site: u32, is_up: bool) {
        match (self.unavailable.binary_search(&site), is_up) {
            (Ok(at), true) => {
                self.unavailable.remove(at);
            }
            (Err(at), false) => self.unavailable.insert(at, site),
            _ => {}
        }
    }
}

impl Geo {
    /// Seconds one way from a site to all others, as the network is laid out now.
    pub(super) fn nominal_row(&self, site: u32, context: &mut dyn Context) -> Vec<f64> {
        let now = context.now();
        let from = self.plan.sites[site as usize];
        let infrastructure = context.infrastructure();
        let to = self.plan.sites.iter();
        to.map(|to| {
            let path = infrastructure.message_path(now, from, *to, 0.0);
            path.map_or(f64::INFINITY, |path| path.latency.as_secs())
        })
        .collect()
    }

    /// A site learns how the network is laid out around it, if it has not.
    pub(super) fn look_around(&mut self, site: u32, context: &mut dyn Context) {
        if self.contacts[site as usize].latency_s.is_empty() {
            let row = self.nominal_row(site, context);
            let own = &mut self.contacts[site as usize];
            own.latency_s = row;
            own.version += 1;
        }
    }

    /// Whether the agent of a site takes another to be available.
    pub(super) fn takes_for_up(&self, site: u32, other: u32) -> bool {
        self.contacts[site as usize].unavailable.binary_search(&other).is_err()
    }

    /// A site sends signs of life to another, and expects them of it.
    pub(super) fn hear_from_now_on(&mut self, site: u32, other: u32, now: SimTime) {
        if site != other && !self.is_removed[other as usize] {
            let peer = Peer { heard: now, is_up: true, sent: None };
            self.contacts[site as usize].peers.entry(other).or_insert(peer);
        }
    }

    /// The agent of a site begins, or begins again.
    pub(super) fn begin_beating(&mut self, hands: &mut Hands<'_, '_>) {
        let (site, now) = (hands.site, hands.context.now());
        self.look_around(site, hands.context);
        let mut near: Vec<u32> = (0..self.plan.sites.len() as u32).filter(|own| *own != site).collect();
        let latency_s = &self.contacts[site as usize].latency_s;
        let key = |site: &u32| latency_s[*site as usize];
        let count = self.plan.neighbours.min(near.len());
        if count < near.len() && count > 0 {
            near.select_nth_unstable_by(count - 1, |a, b| key(a).total_cmp(&key(b)).then(a.cmp(b)));
        }
        near.truncate(count);
        for other in near {
            self.hear_from_now_on(site, other, now);
        }
        for peer in self.contacts[site as usize].peers.values_mut() {
            (peer.heard, peer.sent) = (now, None);
        }
        let part: f64 = hands.mail.random().random();
        let first = SimDuration::from_secs(part * self.plan.heartbeat.as_secs());
        hands.mail.timer(first, BEAT, 0);
    }

    /// It is time for signs of life, and to see who gives none.
    pub(super) fn beat(&mut self, hands: &mut Hands<'_, '_>) {
        let (site, now) = (hands.site, hands.context.now());
        hands.mail.timer(self.plan.heartbeat, BEAT, 0);
        let limit = self.plan.unavailable_after;
        let mut lost = Vec::new();
        for (&other, peer) in &mut self.contacts[site as usize].peers {
            let silence = now - peer.heard;
            let echo = peer.sent.map(|sent| (sent, silence));
            let body: Body = Arc::new(Beat { sent: now, echo });
            hands.mail.send(AgentId(other), HEARTBEAT, BEAT_BYTES, body);
            if peer.is_up && silence > limit {
                peer.is_up = false;
                lost.push(other);
            }
        }
        for other in lost {
            self.contacts[site as usize].mark(other, false);
            self.account.suspicions += 1;
            self.tell_groups(other, false, hands);
        }
    }

    /// A site has not answered: if it was not heard before it is from now on, and counts as unavailable until it is.
    pub(super) fn suspect(&mut self, site: u32, other: u32, now: SimTime) {
        if self.contacts[site as usize].peers.contains_key(&other) {
            return;
        }
        self.hear_from_now_on(site, other, now);
        let own = &mut self.contacts[site as usize];
        if let Some(peer) = own.peers.get_mut(&other) {
            peer.is_up = false;
            own.mark(other, false);
            self.account.suspicions += 1;
        }
    }

    /// A sign of life has come.
    pub(super) fn heard(&mut self, from: u32, beat: Beat, hands: &mut Hands<'_, '_>) {
        let (site, now) = (hands.site, hands.context.now());
        if self.is_removed[from as usize] {
            return;
        }
        self.hear_from_now_on(site, from, now);
        let own = &mut self.contacts[site as usize];
        if let Some((sent, held)) = beat.echo
            && let Some(latency_s) = own.latency_s.get_mut(from as usize)
        {
            let measured_s = (now - sent).as_secs() - held.as_secs();
            let half_s = (measured_s / 2.0).max(0.0);
            let new = if latency_s.is_finite() {
                *latency_s + NEW_WEIGHT * (half_s - *latency_s)
            } else {
                half_s
            };
            if new != *latency_s {
                *latency_s = new;
                own.version += 1;
            }
        }
        let Some(peer) = own.peers.get_mut(&from) else { return };
        (peer.heard, peer.sent) = (now, Some(beat.sent));
        if !std::mem::replace(&mut peer.is_up, true) {
            own.mark(from, true);
            self.tell_groups(from, true, hands);
        }
    }

    /// The members at this site learn that another site is silent, or heard again.
    fn tell_groups(&mut self, other: u32, is_up: bool, hands: &mut Hands<'_, '_>) {
        for at in 0..self.directory.groups_of_site[hands.site as usize].len() {
            let group = self.directory.groups_of_site[hands.site as usize][at];
            let own = &self.directory.groups[group as usize];
            let Some(place) = own.place(hands.site) else { continue };
            if own.place(other).is_some() && own.slots[place].is_some() {
                let told = if is_up { Told::Up(other) } else { Told::Down(other) };
                self.tell(group, place, told, hands);
            }
        }
    }
}
