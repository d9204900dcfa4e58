//! Access points: where they are, which of them a place may hear, and which of them hear each other.

use super::{ErrorModel, Phy, Receiver, WifiError, WifiLink, WifiRadioSpec, WifiSpec};
use crate::infra::geometry::Position;
use crate::infra::ids::NodeId;
use crate::infra::node::{Node, NodeClass};
use crate::infra::nr::{PathLoss, RadioPath, noise_dbm};
use crate::infra::radio::farthest_m;
use std::sync::Arc;

/// Metres beyond which nothing is ever received, and below which no distances are told apart.
const FARTHEST_M: f64 = 1e6;
const NEAREST_M: f64 = 10.0;
/// Metres from which on the measured model loses all.
const MEASURED_REACH_M: f64 = 1339.0;
/// Power in dBm below which no frame is found.
const GATE_DBM: f64 = -82.0;
/// Heights in metres between which antennas of stations and access points are: the reach is that of the best.
const HEIGHTS_M: [f64; 2] = [1.5, 300.0];

/// An access point.
#[derive(Debug)]
pub(super) struct Point {
    pub(super) node: NodeId,
    /// Power in dBm with the gain of the antenna.
    transmit_dbm: f64,
    gain_db: f64,
    noise_dbm: f64,
    pub(super) channel: u16,
    pub(super) phy: Phy,
    /// Place of its physical layer among those that there are.
    kind: u32,
    antenna_m: f64,
    /// Where its antenna is.
    pub(super) place: Position,
    pub(super) is_up: bool,
    /// Its stations, and those of them that have anything to send or receive, in order.
    pub(super) stations: Vec<u32>,
    pub(super) active: Vec<u32>,
    /// Those with which it takes turns.
    pub(super) domain: u32,
}

/// All access points, and how signals spread between them and stations.
#[derive(Debug)]
pub(super) struct Ground {
    spread: Arc<dyn PathLoss>,
    carrier_hz: f64,
    carrier_sense_dbm: f64,
    points: Vec<Point>,
    receivers: Vec<Receiver>,
    /// By physical layer of the access point and radio of the station.
    receiver_of: Vec<u32>,
    radios: usize,
    /// Width of a square of the grid, beyond which nothing is heard.
    reach_m: f64,
    /// Access points by their squares, in order.
    grid: Vec<([i32; 2], u32)>,
    /// For each access point one that it takes turns with, or itself.
    parents: Vec<u32>,
}

impl Ground {
    pub(super) fn new(
        spec: &WifiSpec,
        classes: &[NodeClass],
        nodes: &[Node],
        radios: &[WifiRadioSpec],
        start: impl Fn(NodeId) -> Position,
    ) -> Result<Self, WifiError> {
        let (mut points, mut kinds) = (Vec::new(), Vec::<Phy>::new());
        for (id, node) in (0..).map(NodeId).zip(nodes) {
            let class = &classes[node.class.index()];
            let (Some(own), Some(base)) = (&class.wifi_point, &class.access_point) else { continue };
            let site = class.site_radios.get(node.number as usize).copied().unwrap_or_default();
            let gain_db = site.antenna_gain_db.unwrap_or(base.antenna_gain_db);
            let kind = kinds.iter().position(|kind| *kind == own.phy).unwrap_or_else(|| {
                kinds.push(own.phy);
                kinds.len() - 1
            });
            let place = start(id);
            points.push(Point {
                node: id,
                transmit_dbm: site.transmit_power_dbm.unwrap_or(base.transmit_power_dbm) + gain_db,
                gain_db,
                noise_dbm: noise_dbm(own.phy.width().hz(), own.noise_figure_db),
                channel: own.channel,
                phy: own.phy,
                kind: kind as u32,
                antenna_m: own.antenna_m,
                place: Position { z_m: place.z_m + own.antenna_m, ..place },
                is_up: false,
                stations: Vec::new(),
                active: Vec::new(),
                domain: 0,
            });
        }
        let (mut receivers, mut receiver_of) = (Vec::<Receiver>::new(), Vec::new());
        for kind in &kinds {
            for radio in radios {
                let phy = kind.with_at_most(radio.streams);
                let known = receivers.iter().position(|own| *own.phy() == phy);
                receiver_of.push(match known {
                    Some(place) => place as u32,
                    None => {
                        let own = Receiver::new(phy, spec.errors).with_adaptation(spec.adaptation)?;
                        receivers.push(own);
                        receivers.len() as u32 - 1
                    }
                });
            }
        }
        let mut ground = Ground {
            spread: Arc::clone(&spec.path_loss),
            carrier_hz: spec.carrier_hz,
            carrier_sense_dbm: spec.carrier_sense_dbm,
            points,
            receivers,
            receiver_of,
            radios: radios.len(),
            reach_m: FARTHEST_M,
            grid: Vec::new(),
            parents: Vec::new(),
        };
        ground.reach_m = ground.find_reach_m(radios, spec.errors);
        Ok(ground)
    }

    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    pub(super) fn point(&self, number: u32) -> &Point {
        &self.points[number as usize]
    }

    pub(super) fn point_mut(&mut self, number: u32) -> &mut Point {
        &mut self.points[number as usize]
    }

    /// The number of the access point of a node.
    pub(super) fn number_at(&self, node: NodeId) -> Option<u32> {
        self.points.binary_search_by_key(&node, |point| point.node).ok().map(|place| place as u32)
    }

    pub(super) fn point_at(&self, node: NodeId) -> Option<&Point> {
        self.number_at(node).map(|number| self.point(number))
    }

    /// Mean loss in dB between two antennas, over both states of the line of sight.
    fn loss_db(&self, one: Position, other: Position) -> f64 {
        let (east_m, north_m) = (one.x_m - other.x_m, one.y_m - other.y_m);
        let path = RadioPath {
            carrier_hz: self.carrier_hz,
            distance_2d_m: (east_m * east_m + north_m * north_m).sqrt(),
            base_height_m: one.z_m,
            device_height_m: other.z_m,
            line_of_sight: true,
        };
        let seen = self.spread.line_of_sight_probability(&path);
        let loss_db = |line_of_sight| self.spread.path_loss_db(&RadioPath { line_of_sight, ..path });
        let seen_db = if seen > 0.0 { seen * loss_db(true) } else { 0.0 };
        seen_db + if seen < 1.0 { (1.0 - seen) * loss_db(false) } else { 0.0 }
    }

    /// Powers in dBm that a station at a place and its access point receive of each other; none if one does not find the
    /// frames of the other.
    pub(super) fn powers_dbm(
        &self,
        number: u32,
        place: Position,
        (class, radio): (u32, &WifiRadioSpec),
    ) -> ([f64; 2], bool) {
        let point = self.point(number);
        let loss_db = self.loss_db(point.place, place);
        let down_dbm = point.transmit_dbm + radio.antenna_gain_db - loss_db;
        let up_dbm = radio.transmit_dbm + radio.antenna_gain_db + point.gain_db - loss_db;
        let receiver = self.receiver(point, class);
        let is_heard = receiver.hears(down_dbm, station_noise_dbm(receiver, radio))
            && receiver.hears(up_dbm, point.noise_dbm);
        ([down_dbm, up_dbm], is_heard)
    }

    /// The link between a station at a place and an access point, to the station and from it.
    pub(super) fn link(
        &self,
        number: u32,
        place: Position,
        (class, radio): (u32, &WifiRadioSpec),
    ) -> Option<[WifiLink; 2]> {
        let ([down_dbm, up_dbm], is_heard) = self.powers_dbm(number, place, (class, radio));
        if !is_heard {
            return None;
        }
        let point = self.point(number);
        let receiver = self.receiver(point, class);
        let distance_m = point.place.distance_m(place);
        let down = receiver.link(down_dbm, station_noise_dbm(receiver, radio), distance_m)?;
        let up = receiver.link(up_dbm, point.noise_dbm, distance_m)?;
        Some([down, up])
    }

    fn receiver(&self, point: &Point, class: u32) -> &Receiver {
        let place = point.kind as usize * self.radios + class as usize;
        &self.receivers[self.receiver_of[place] as usize]
    }

    /// Moves access points to where they are; `find` says where a working one is. Whether any has moved, failed or come back.
    pub(super) fn follow(&mut self, find: &dyn Fn(NodeId) -> Option<Position>) -> bool {
        let mut has_changed = false;
        for point in &mut self.points {
            let found = find(point.node);
            let place = found
                .map_or(point.place, |place| Position { z_m: place.z_m + point.antenna_m, ..place });
            has_changed |= place != point.place || found.is_some() != point.is_up;
            (point.place, point.is_up) = (place, found.is_some());
        }
        has_changed || self.parents.is_empty()
    }

    /// An access point has failed or works again: turns are found anew with the next period.
    pub(super) fn set_up(&mut self, number: u32, is_up: bool) {
        self.points[number as usize].is_up = is_up;
        self.parents.clear();
    }

    /// Puts access points into their squares, and finds those that take turns: the numbers of domains go from zero. How many
    /// there are.
    pub(super) fn arrange(&mut self) -> u32 {
        let reach_m = self.reach_m;
        self.grid.clear();
        self.grid.extend(
            (0..).zip(&self.points).map(|(number, point)| (square(point.place, reach_m), number)),
        );
        self.grid.sort_unstable();
        let mut parents = std::mem::take(&mut self.parents);
        parents.clear();
        parents.extend(0..self.points.len() as u32);
        for (number, point) in (0..).zip(&self.points) {
            for other in self.near(point.place).filter(|&other| other > number) {
                let second = self.point(other);
                if second.channel != point.channel || !(point.is_up && second.is_up) {
                    continue;
                }
                let loss_db = self.loss_db(point.place, second.place);
                let loudest_dbm =
                    (point.transmit_dbm + second.gain_db).max(second.transmit_dbm + point.gain_db);
                if loudest_dbm - loss_db >= self.carrier_sense_dbm {
                    let (one, two) = (root(&parents, number), root(&parents, other));
                    parents[one.max(two) as usize] = one.min(two);
                }
            }
        }
        let mut domains = 0;
        for number in 0..self.points.len() as u32 {
            // The first of a domain is its root, and comes before all others.
            let root = root(&parents, number);
            self.points[number as usize].domain = if root == number {
                domains += 1;
                domains - 1
            } else {
                self.points[root as usize].domain
            };
        }
        self.parents = parents;
        domains
    }

    /// The access points in the squares around a place, in no particular order.
    pub(super) fn near(&self, place: Position) -> impl Iterator<Item = u32> {
        let [east, north] = square(place, self.reach_m);
        (-1..=1).flat_map(move |column: i32| {
            let east = east.saturating_add(column);
            let (low, high) = ([east, north.saturating_sub(1)], [east, north.saturating_add(1)]);
            let from = self.grid.partition_point(|(square, _)| *square < low);
            let to = self.grid.partition_point(|(square, _)| *square <= high);
            self.grid[from..to].iter().map(|own| own.1)
        })
    }

    /// The distance beyond which nobody hears anybody.
    fn find_reach_m(&self, radios: &[WifiRadioSpec], errors: ErrorModel) -> f64 {
        if errors == ErrorModel::Measured {
            return MEASURED_REACH_M;
        }
        let most = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::NEG_INFINITY, f64::max);
        let point_dbm = most(&mut self.points.iter().map(|point| point.transmit_dbm));
        let point_db = most(&mut self.points.iter().map(|point| point.gain_db));
        let radio_dbm = most(&mut radios.iter().map(|own| own.transmit_dbm + own.antenna_gain_db));
        let radio_db = most(&mut radios.iter().map(|own| own.antenna_gain_db));
        let budget_db = (point_dbm + radio_db - GATE_DBM)
            .max(radio_dbm + point_db - GATE_DBM)
            .max(point_dbm + point_db - self.carrier_sense_dbm);
        let is_heard = |distance_m: f64| {
            HEIGHTS_M.into_iter().any(|z_m| {
                let (one, other) = (
                    Position { z_m, ..Position::default() },
                    Position { x_m: distance_m, y_m: 0.0, z_m },
                );
                self.loss_db(one, other) <= budget_db
            })
        };
        farthest_m(NEAREST_M, FARTHEST_M, is_heard).unwrap_or(NEAREST_M)
    }

    /// Metres from an access point, over the ground, at which stations on the ground and it do not find each other's frames any more; of
    /// several radios that which goes farthest.
    pub(super) fn range_m(&self, number: u32, radios: &[WifiRadioSpec]) -> Option<f64> {
        let from = self.point(number).place;
        let ranges = (0..).zip(radios).filter_map(|(class, radio)| {
            farthest_m(1.0, self.reach_m, |distance_m| {
                let place = Position { x_m: from.x_m + distance_m, z_m: radio.antenna_m, ..from };
                self.powers_dbm(number, place, (class, radio)).1
            })
        });
        ranges.reduce(f64::max)
    }
}

fn station_noise_dbm(receiver: &Receiver, radio: &WifiRadioSpec) -> f64 {
    noise_dbm(receiver.phy().width().hz(), radio.noise_figure_db)
}

/// The square of a place; the casts saturate.
fn square(place: Position, width_m: f64) -> [i32; 2] {
    [(place.x_m / width_m).floor() as i32, (place.y_m / width_m).floor() as i32]
}

/// The first access point of those that one takes turns with.
fn root(parents: &[u32], mut number: u32) -> u32 {
    while parents[number as usize] != number {
        number = parents[number as usize];
    }
    number
}
