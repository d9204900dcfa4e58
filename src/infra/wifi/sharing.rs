//! Who has how much of a channel.
//!
//! Access points of a channel that hear each other, directly or by others between them, and all their stations, take turns: a
//! domain. Each station that has
//! anything to send is a sender there, and so is each access point, whose stations have its packets in turn. Senders always have
//! something to send, whatever binds their transfers elsewhere. Shares change at the end of each event in which a transfer has
//! come or gone.

use super::{Backoff, Contenders, Contention, Exchange, Newcomer, Wifi};
use crate::engine::{EventHandle, SimTime};
use crate::infra::ids::NodeId;
use crate::infra::network::{Network, OwnRadio};

/// Access points that take turns.
#[derive(Debug, Default)]
pub(super) struct Domain {
    pub(super) points: Vec<u32>,
    contenders: Contenders,
    newcomer: Option<Newcomer>,
}

impl Domain {
    /// What one more sender would find.
    pub(super) fn newcomer(&self) -> Newcomer {
        self.newcomer.unwrap_or_else(|| self.contenders.newcomer(&Backoff::default()))
    }
}

/// Adds a number to a sorted list, or removes it.
fn put(list: &mut Vec<u32>, number: u32, is_in: bool) {
    match (list.binary_search(&number), is_in) {
        (Err(at), true) => list.insert(at, number),
        (Ok(at), false) => {
            list.remove(at);
        }
        _ => {}
    }
}

impl Wifi {
    /// Whether shares are to be settled.
    pub(in crate::infra) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The shares of the domain of an access point are to be worked out anew.
    pub(super) fn mark(&mut self, point: u32) {
        let domain = self.ground.point(point).domain;
        if self.dirty.last() != Some(&domain) {
            self.dirty.push(domain);
        }
    }

    /// Works out the shares of all domains of which something has changed.
    pub(in crate::infra) fn settle(&mut self, now: SimTime, network: &mut Network) {
        let mut touched = std::mem::take(&mut self.touched);
        network.take_touched(OwnRadio::Wifi, &mut touched);
        touched.sort_unstable();
        touched.dedup();
        for &device in &touched {
            let Some(number) = self.number(device) else { continue };
            self.stations[number].flows = network.own_flows(OwnRadio::Wifi, device);
            if let Some(own) = self.stations[number].serving {
                self.set_active(number, own);
                self.mark(own);
            }
        }
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.sort_unstable();
        dirty.dedup();
        for domain in dirty.drain(..) {
            self.settle_domain(now, network, domain as usize);
        }
        self.dirty = dirty;
        // Those that have just become silent.
        for device in touched.drain(..) {
            if let Some(number) = self.number(device) {
                self.offer(now, network, number);
            }
        }
        self.touched = touched;
    }

    /// Works out the shares of all domains, and what idle stations would find: all rates have changed.
    pub(in crate::infra) fn settle_all(&mut self, now: SimTime, network: &mut Network) {
        self.dirty.clear();
        self.dirty.extend(0..self.domains.len() as u32);
        self.settle(now, network);
        for number in 0..self.stations.len() {
            self.offer(now, network, number);
        }
    }

    /// Puts a station among those of its access point that have anything to send and can, or takes it from there.
    pub(super) fn set_active(&mut self, number: usize, point: u32) {
        let station = &self.stations[number];
        let is_active =
            station.flows != [0; 2] && station.links.is_some() && station.interrupted.is_none();
        put(&mut self.ground.point_mut(point).active, number as u32, is_active);
    }

    fn settle_domain(&mut self, now: SimTime, network: &mut Network, domain: usize) {
        let Wifi { ground, stations, domains, .. } = self;
        let Domain { points, contenders, newcomer } = &mut domains[domain];
        contenders.clear();
        let active = |point: u32| ground.point(point).active.iter().map(|&number| number as usize);
        for &point in points.iter() {
            if let Some((down, _)) = packets_down(active(point).map(|number| &stations[number])) {
                contenders.add(&down);
            }
            for station in active(point).map(|number| &stations[number]) {
                if let (Some([_, up]), true) = (&station.links, station.flows[1] > 0) {
                    contenders.add(&up.exchange);
                }
            }
        }
        contenders.sort();
        let share = contenders.share(&Backoff::default());
        let found = contenders.newcomer(&Backoff::default());
        *newcomer = Some(found);
        for &point in points.iter() {
            let turns = match packets_down(active(point).map(|number| &stations[number])) {
                Some((down, receivers)) => share.exchanges_per_s(&down) / f64::from(receivers),
                None => 0.0,
            };
            for station in active(point).map(|number| &stations[number]) {
                let rates_bps = station.rates_bps(&share, &found, turns);
                network.set_own_rates(now, OwnRadio::Wifi, station.node, rates_bps, rates_bps);
            }
        }
    }

    /// Tells a station that sends and receives nothing what it would find; others know.
    fn offer(&mut self, now: SimTime, network: &mut Network, number: usize) {
        let station = &self.stations[number];
        let Some(own) = station.serving else { return };
        let point = self.ground.point(own);
        if point.active.binary_search(&(number as u32)).is_ok() {
            return;
        }
        let found = self.domains[point.domain as usize].newcomer();
        let offers_bps = match &station.links {
            Some(links) if station.interrupted.is_none() => {
                links.each_ref().map(|link| found.goodput_bps(&link.exchange))
            }
            _ => [0.0; 2],
        };
        network.set_own_rates(now, OwnRadio::Wifi, station.node, offers_bps, offers_bps);
    }

    /// Counts what a station has sent and received in the present period up to now, by its present link.
    pub(super) fn account(&mut self, now: SimTime, network: &Network, number: usize) {
        let station = &mut self.stations[number];
        let carried_bytes = network.own_carried_bytes(now, OwnRadio::Wifi, station.node);
        let before_bytes = std::mem::replace(&mut station.carried_bytes, carried_bytes);
        let Some(links) = &station.links else { return };
        for (direction, link) in links.iter().enumerate() {
            let bytes = carried_bytes[direction] - before_bytes[direction];
            if bytes > 0.0 {
                station.tally.add(direction, bytes, link);
            }
        }
    }

    /// A device is attached to another node from now on, or to none. Whether it comes from one of these access points to
    /// another, so that it is to be interrupted.
    pub(in crate::infra) fn attached(
        &mut self,
        now: SimTime,
        network: &mut Network,
        device: NodeId,
        to: Option<NodeId>,
    ) -> bool {
        let Some(number) = self.number(device) else { return false };
        let to = to.and_then(|node| self.ground.number_at(node));
        let from = self.stations[number].serving;
        if from == to {
            return false;
        }
        self.account(now, network, number);
        if let Some(from) = from {
            let point = self.ground.point_mut(from);
            put(&mut point.stations, number as u32, false);
            put(&mut point.active, number as u32, false);
            self.mark(from);
        }
        let (class, radio) = self.radio_of(number);
        let place = self.stations[number].place;
        let links = to.and_then(|to| self.ground.link(to, place, (class, &radio)));
        let distance_m = to.map(|to| self.ground.point(to).place.distance_m(place));
        let station = &mut self.stations[number];
        (station.serving, station.links) = (to, links);
        station.distance_m = distance_m.unwrap_or(f64::NAN);
        network.set_own_rates(now, OwnRadio::Wifi, device, [0.0; 2], [0.0; 2]);
        let Some(to) = to else { return false };
        station.was_served = true;
        self.counts.associations += 1;
        self.counts.roams += u64::from(from.is_some());
        put(&mut self.ground.point_mut(to).stations, number as u32, true);
        self.set_active(number, to);
        self.mark(to);
        self.offer(now, network, number);
        from.is_some()
    }

    /// A station sends nothing until an event, or does so again with `None`; the event that was due before.
    pub(in crate::infra) fn interrupt(
        &mut self,
        now: SimTime,
        network: &mut Network,
        number: usize,
        until: Option<EventHandle>,
    ) -> Option<EventHandle> {
        let station = &mut self.stations[number];
        let before = std::mem::replace(&mut station.interrupted, until);
        if until.is_some() {
            network.set_own_rates(now, OwnRadio::Wifi, station.node, [0.0; 2], [0.0; 2]);
        }
        if let Some(own) = station.serving {
            self.set_active(number, own);
            self.mark(own);
            self.offer(now, network, number);
        }
        before
    }

    /// An access point fails or works again.
    pub(in crate::infra) fn set_point(&mut self, site: NodeId, is_up: bool) {
        if let Some(number) = self.ground.number_at(site) {
            self.ground.set_up(number, is_up);
        }
    }

    /// Stations that are associated with an access point, in order.
    pub(in crate::infra) fn stations_of(&self, site: NodeId) -> Vec<u32> {
        self.ground.point_at(site).map_or_else(Vec::new, |point| point.stations.clone())
    }
}

/// What an access point sends on average to its stations that receive, in turn; and how many these are.
fn packets_down<'a>(stations: impl Iterator<Item = &'a super::Station>) -> Option<(Exchange, u32)> {
    let mut mean: Option<(Exchange, u32)> = None;
    for station in stations.filter(|station| station.flows[0] > 0) {
        let Some([down, _]) = &station.links else { continue };
        mean = Some(match mean {
            None => (down.exchange, 1),
            Some((mean, count)) => (mean.mixed(down.exchange, 1.0 / f64::from(count + 1)), count + 1),
        });
    }
    mean
}

impl super::Station {
    /// Its rates in bits a second, to it and from it, if its access point sends to it so many times a second. Where it has
    /// nothing to send, what it would find.
    fn rates_bps(&self, share: &Contention, found: &Newcomer, turns_per_s: f64) -> [f64; 2] {
        let Some(links) = &self.links else { return [0.0; 2] };
        [0, 1].map(|direction| {
            let exchange = &links[direction].exchange;
            if self.flows[direction] == 0 {
                return found.goodput_bps(exchange);
            }
            let per_s = if direction == 0 { turns_per_s } else { share.exchanges_per_s(exchange) };
            8.0 * exchange.delivered_bytes * per_s
        })
    }
}
