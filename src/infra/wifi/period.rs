//! The period: what is known at its end, and what stations receive at its start.

use super::report::{LinkTally, StationReport};
use super::sharing::Domain;
use super::{Wifi, WifiRadioSpec};
use crate::engine::SimTime;
use crate::infra::geometry::Position;
use crate::infra::ids::NodeId;
use crate::infra::network::{Network, OwnRadio};

/// What the period asks of nodes: where a node is, `None` if it cannot be used.
pub(in crate::infra) type Find<'a> = &'a dyn Fn(NodeId) -> Option<Position>;

impl Wifi {
    /// Start of the present period.
    pub(in crate::infra) fn opened(&self) -> SimTime {
        self.opened
    }

    /// Closes the present period: reports and counts.
    pub(in crate::infra) fn close(&mut self, now: SimTime, network: &Network, find: Find<'_>) {
        let length_s = now.since(self.opened).as_secs();
        if length_s <= 0.0 {
            return;
        }
        self.reports.clear();
        self.counts.never_associated = 0;
        self.counts.strongest_unserved_dbm = f64::NEG_INFINITY;
        for number in 0..self.stations.len() {
            self.account(now, network, number);
            let station = &mut self.stations[number];
            let device = station.node;
            let is_available = find(device).is_some();
            let lost_bytes = network.own_lost_bytes(OwnRadio::Wifi, device);
            let serving = station.serving.map(|own| self.ground.point(own));
            let waiting_bytes = match station.flows {
                [0, 0] => [0.0; 2],
                _ => network.own_waiting_bytes(now, OwnRadio::Wifi, device),
            };
            self.reports.push(StationReport {
                device,
                is_available,
                serving: serving.map(|point| (point.node, point.channel)),
                links: station.links.filter(|_| serving.is_some()),
                distance_m: station.distance_m,
                tally: std::mem::take(&mut station.tally),
                waiting_bytes,
                lost_bytes: lost_bytes - std::mem::replace(&mut station.lost_bytes, lost_bytes),
            });
            let counts = &mut self.counts;
            if is_available {
                counts.station_s += length_s;
                counts.associated_s += if serving.is_some() { length_s } else { 0.0 };
            }
            if !station.was_served {
                counts.never_associated += 1;
                counts.strongest_unserved_dbm = counts.strongest_unserved_dbm.max(station.strongest_dbm);
            }
        }
        self.reported = (self.opened, now);
        self.opened = now;
    }

    /// Opens the next period: access points are where they are, stations measure, links are worked out. Shares are settled
    /// later.
    pub(in crate::infra) fn open(
        &mut self,
        now: SimTime,
        network: &Network,
        find: Find<'_>,
        find_point: Find<'_>,
    ) {
        self.opened = now;
        self.has_begun = true;
        if self.ground.follow(find_point) {
            let count = self.ground.arrange() as usize;
            self.domains.resize_with(count.max(self.domains.len()), Domain::default);
            self.domains.iter_mut().for_each(|domain| domain.points.clear());
            for (number, point) in (0..).zip(self.ground.points()) {
                self.domains[point.domain as usize].points.push(number);
            }
            self.dirty.clear();
        }
        for number in 0..self.stations.len() {
            let place = find(self.stations[number].node);
            self.measure(now, network, number, place);
        }
    }

    /// A station measures, and its link is worked out anew.
    pub(in crate::infra) fn measure(
        &mut self,
        now: SimTime,
        network: &Network,
        number: usize,
        place: Option<Position>,
    ) {
        // What was sent before was sent over the link as it was.
        self.account(now, network, number);
        let Some(place) = place else {
            self.stations[number].candidate = None;
            return;
        };
        let (class, radio) = self.radio_of(number);
        let place = Position { z_m: place.z_m + radio.antenna_m, ..place };
        let station = &self.stations[number];
        let (mut best, mut own_dbm, mut strongest_dbm) = (None, None, station.strongest_dbm);
        for point in self.ground.near(place).filter(|&point| self.ground.point(point).is_up) {
            let ([dbm, _], is_heard) = self.ground.powers_dbm(point, place, (class, &radio));
            strongest_dbm = strongest_dbm.max(dbm);
            if !is_heard {
                continue;
            }
            if station.serving == Some(point) {
                own_dbm = Some(dbm);
            }
            let is_better = best.is_none_or(|(best_dbm, best): (f64, u32)| {
                dbm > best_dbm || (dbm == best_dbm && point < best)
            });
            if is_better {
                best = Some((dbm, point));
            }
        }
        let candidate = match (own_dbm, best) {
            (Some(own_dbm), Some((dbm, _))) if dbm <= own_dbm + self.spec.hysteresis_db => {
                station.serving
            }
            (_, best) => best.map(|(_, point)| point),
        };
        let serving = station.serving.filter(|_| own_dbm.is_some());
        let links = serving.and_then(|own| self.ground.link(own, place, (class, &radio)));
        let nearest = station.serving.or(candidate);
        let distance_m = nearest.map(|point| self.ground.point(point).place.distance_m(place));
        let station = &mut self.stations[number];
        (station.candidate, station.links, station.place) = (candidate, links, place);
        station.distance_m = distance_m.unwrap_or(f64::NAN);
        station.strongest_dbm = strongest_dbm;
        if let Some(own) = station.serving {
            self.set_active(number, own);
            self.mark(own);
        }
    }

    /// The radio of a station, and its place among those that there are.
    pub(super) fn radio_of(&self, number: usize) -> (u32, WifiRadioSpec) {
        let class = self.stations[number].class;
        (class, self.radios[class as usize])
    }

    /// The access point that a station would associate with, as it has measured, if that still works: its node.
    pub(in crate::infra) fn candidate(&self, number: usize) -> Option<NodeId> {
        let point = self.ground.point(self.stations[number].candidate?);
        point.is_up.then_some(point.node)
    }

    /// What a station would receive of that: power in dBm and bits a second.
    pub(in crate::infra) fn expected(&self, number: usize) -> Option<(f64, f64)> {
        let station = &self.stations[number];
        let point = station.candidate?;
        let (class, radio) = self.radio_of(number);
        let links = if station.serving == Some(point) {
            station.links
        } else {
            self.ground.link(point, station.place, (class, &radio))
        };
        let [down, _] = links?;
        let domain = &self.domains[self.ground.point(point).domain as usize];
        Some((down.rssi_dbm, domain.newcomer().goodput_bps(&down.exchange)))
    }

    /// Watts that the radio of a station has drawn on average in the period of a report of so many seconds; none if that is
    /// not accounted for.
    pub(in crate::infra) fn drawn_w(&self, report: &StationReport, length_s: f64) -> Option<f64> {
        let number = self.number(report.device).filter(|_| report.is_available)?;
        let power = self.radio_of(number).1.power?;
        let LinkTally { airtime_s: [receives_s, sends_s], .. } = report.tally;
        if report.serving.is_none() && receives_s + sends_s == 0.0 {
            return Some(power.sleep_w);
        }
        let (sends, receives) = (sends_s / length_s, receives_s / length_s);
        Some(
            power.idle_w
                + sends * (power.transmit_w - power.idle_w)
                + receives * (power.receive_w - power.idle_w),
        )
    }

    /// Counts energy that radios have drawn.
    pub(in crate::infra) fn count_energy(&mut self, drawn_j: f64) {
        self.counts.radio_j += drawn_j;
    }

    /// Lends the reports, which are to be [given back](Self::return_reports) before the next period ends.
    pub fn take_reports(&mut self) -> Vec<StationReport> {
        std::mem::take(&mut self.reports)
    }

    /// Takes the reports back.
    pub fn return_reports(&mut self, reports: Vec<StationReport>) {
        self.reports = reports;
    }
}
