//! What a device receives, and what its link to a cell carries.

use super::super::geometry::Position;
use super::super::ids::{CellId, NodeId};
use super::super::nr::{
    Arrival, Carrier, Channel, End, LargeScaleFading, LinkPeriod, PowerControl, ReceivedPowers, jam,
    mw_from_dbm,
};
use super::Cells;
use super::antenna::bearing_deg;
use super::device::{DeviceState, HeardCell, Link, SiteLink};
use super::ground::Ground;
use super::jammers::Victim;
use super::mobility::RadioState;
use super::near::LOW_ANTENNA_M;
use crate::engine::RandomStreams;
use rand_distr::{Distribution as _, StandardNormal};
use smallvec::SmallVec;

/// Share of the symbols in which RSSI is measured that the cell's own SSB takes, however idle the cell is: 4 of 14.
const SSB_SHARE: f64 = 4.0 / 14.0;

/// Periods after which a device looks at far sites anew, wherever it is.
const PERIODS_TO_LOOK: u64 = 32;

impl Cells {
    /// The carrier of a cell.
    pub(super) fn carrier_of(&self, cell: CellId) -> &Carrier {
        &self.ground.bands[usize::from(self.cells[cell.index()].carrier)].carrier
    }

    /// A device measures at a place: what it receives of each near cell, and the filtered RSRP.
    pub(in crate::infra) fn measure(&mut self, number: usize, place: Position, speed_m_per_s: f64) {
        let state = &mut self.device_states[number];
        let spec = &self.device_specs[state.class as usize];
        let height_m = spec.height_m.unwrap_or(place.z_m.max(LOW_ANTENNA_M));
        let place = Position { z_m: height_m, ..place };
        let stands = state.is_here && state.place == place;
        (state.is_here, state.place, state.speed_m_per_s) = (true, place, speed_m_per_s);
        let refresh_m2 = self.spec.refresh_m * self.spec.refresh_m;
        let has_left = state.looked.is_none_or(|looked| looked.squared_distance_m2(place) > refresh_m2);
        // Of far sites the load of the last look counts: not for ever, also of those who stand.
        let turn = (self.periods + number as u64).is_multiple_of(PERIODS_TO_LOOK);
        let due = turn || self.periods == 2 || state.seen_switches != self.switches;
        let looks = has_left || (state.near.len() < self.ground.gnbs.len() && due);
        if looks {
            self.look(number);
        }
        let state = &mut self.device_states[number];
        if looks || !stands {
            hear(state, &self.ground);
        }
        self.filter(number);
    }

    /// A device looks for its near sites where it is.
    fn look(&mut self, number: usize) {
        let state = &mut self.device_states[number];
        (state.looked, state.seen_switches) = (Some(state.place), self.switches);
        let (cells, states) = (&self.cells, &self.states);
        let load = |cell: usize| cells[cell].is_up.then(|| states[cell].load);
        let coming = match self.mobility[number].state {
            RadioState::Access { to, .. } => Some(to),
            _ => None,
        };
        let kept = state.serving.into_iter().chain(coming).map(|own| self.cells[own.index()].gnb);
        self.near.clear();
        self.near.extend(kept);
        let DeviceState { place, gains_db, far_mw, .. } = state;
        self.sites.look(&self.ground, *place, gains_db, load, &mut self.near, far_mw);
        approach(state, &self.ground, &self.near, self.devices[number], self.streams);
    }

    /// A device looks anew within a period, as its site has failed: others take that one's place, and those that are new to it
    /// are measured without errors.
    pub(in crate::infra) fn look_again(&mut self, number: usize) {
        let state = &self.device_states[number];
        if !state.is_here || state.near.len() >= self.ground.gnbs.len() {
            return;
        }
        self.look(number);
        let state = &mut self.device_states[number];
        hear(state, &self.ground);
        for own in state.heard.iter_mut().filter(|own| own.filtered_dbm.is_nan()) {
            own.filtered_dbm = own.rsrp_dbm;
        }
    }

    /// The filter of layer 3, with the errors of measurements.
    fn filter(&mut self, number: usize) {
        let state = &mut self.device_states[number];
        let weight = self.filter_weight;
        if let Some(random) = self.measuring.get_mut(number) {
            let deviation_db = self.spec.measurement_error_db;
            let mut draw_db = || {
                let normal: f64 = StandardNormal.sample(random);
                deviation_db * normal
            };
            state.errors_db = [(); 5].map(|()| draw_db());
            for own in &mut state.heard {
                own.filter(own.rsrp_dbm + draw_db(), weight);
            }
        } else {
            state.heard.iter_mut().for_each(|own| own.filter(own.rsrp_dbm, weight));
        }
    }

    /// What a device receives of a cell and of all others on its carrier.
    pub(super) fn powers_of(&self, number: usize, own: &HeardCell, jamming_mw: f64) -> ReceivedPowers {
        let state = &self.device_states[number];
        let carrier = usize::from(self.cells[own.cell.index()].carrier);
        let mut interference_mw = state.far_mw[carrier];
        for other in &state.heard {
            let cell = &self.cells[other.cell.index()];
            if other.cell != own.cell && cell.is_up {
                let common = self.ground.common(carrier, usize::from(cell.carrier));
                interference_mw += self.states[other.cell.index()].load * common * other.received_mw;
            }
        }
        ReceivedPowers {
            signal_mw: own.received_mw,
            load: SSB_SHARE + (1.0 - SSB_SHARE) * self.states[own.cell.index()].load,
            interference_mw,
            jamming_mw,
            noise_mw: self.ground.bands[carrier].noise_mw * state.noise_factor,
        }
    }

    /// The link that a device has, or would have, to a cell in the present period; `None` if it does not hear it.
    pub(in crate::infra) fn assess(&mut self, number: usize, cell: CellId) -> Option<Link> {
        let heard = *self.device_states[number].heard_of(cell)?;
        let own = &self.cells[cell.index()];
        let carrier = usize::from(own.carrier);
        let (band, gnb) = (&self.ground.bands[carrier], &self.ground.gnbs[own.gnb as usize]);
        let state = &self.device_states[number];
        let spec = &self.device_specs[state.class as usize];
        let powers = self.powers_of(number, &heard, 0.0);
        let device = End {
            signal_mw: powers.signal_mw,
            noise_mw: powers.noise_mw,
            interference_mw: powers.interference_mw,
        };
        let blocks = band.carrier.resource_blocks();
        let coupling_db = gnb.transmit_dbm - (heard.rsrp_dbm + band.subcarriers_db);
        let control = PowerControl { numerology: band.carrier.numerology(), ..spec.power };
        let affordable_blocks = control.affordable_blocks(coupling_db, blocks);
        let arrives_mw = control.carrier_mw(affordable_blocks, blocks, coupling_db, -coupling_db);
        let device_dbm = control.power_dbm(affordable_blocks, coupling_db);
        let base = End {
            signal_mw: arrives_mw,
            noise_mw: band.noise_mw * gnb.noise_factor,
            interference_mw: self.states[cell.index()].rise_mw,
        };
        let victim = Victim {
            number,
            cell: own,
            sector: &gnb.sectors[usize::from(own.sector)],
            carrier: &band.carrier,
            device: state.place,
            device_gain_db: state.gains_db[carrier],
            base: gnb.place,
            base_gain_db: gnb.gain_db,
            base_dbm: gnb.transmit_dbm,
            device_dbm,
            activity: state.activity,
        };
        let is_jammed = !self.jammers.is_silent();
        if is_jammed {
            self.jammers.strike(&self.spec, &victim, &mut self.felt);
        } else {
            self.felt.arrivals.clear();
            self.felt.jammers.clear();
        }
        let period_s = self.spec.period.as_secs();
        let (layout, curves) = (&self.spec.layout, &self.spec.curves);
        let jammed = jam(&band.carrier, layout, curves, &device, &base, &self.felt.arrivals, period_s);
        // What is sent in the uplink's symbols is not there when devices measure.
        let is_down = |arrival: &&Arrival| {
            !matches!(arrival.target, Some(Channel::Pucch | Channel::Pusch | Channel::Prach))
        };
        let felt = self.felt.arrivals.iter().flatten().filter(is_down);
        let jamming_mw = felt.map(|arrival| arrival.airtime * arrival.device_mw).sum::<f64>();
        let truth = if is_jammed {
            self.jammers.truth(&self.spec, &victim, &self.felt, &device, &base)
        } else {
            None
        };
        let mut measured = ReceivedPowers { jamming_mw, ..powers }.measure(&band.carrier);
        measured.sinr_db = jammed.channels.ssb_sinr_db;
        let place = state.place;
        let path = self.ground.path(gnb, place, carrier);
        let line_of_sight = state.links.binary_search_by_key(&own.gnb, |link| link.gnb);
        let line_of_sight = line_of_sight.is_ok_and(|place| state.links[place].line_of_sight);
        let random = &mut self.device_states[number].random;
        let [down, up] = self.memories.get_mut(number).unwrap_or(&mut self.scratch);
        let mut carry = |direction: usize, states, memory| {
            let period =
                LinkPeriod { duration_s: period_s, share: 1.0, states, cycle_s: jammed.cycle_s };
            band.links[direction].period(&period, memory, random)
        };
        let whole = [carry(0, &jammed.downlink, down), carry(1, &jammed.uplink, up)];
        Some(Link {
            whole,
            measured,
            channels: jammed.channels,
            distance_m: path.distance_3d_m(),
            line_of_sight,
            coupling_db,
            affordable_blocks,
            density_mw: mw_from_dbm(device_dbm) * f64::from(blocks) / f64::from(affordable_blocks),
            arrives_mw,
            truth,
        })
    }
}

impl HeardCell {
    fn filter(&mut self, measured_dbm: f64, weight: f64) {
        self.filtered_dbm = match self.filtered_dbm.is_nan() {
            true => measured_dbm,
            false => self.filtered_dbm + weight * (measured_dbm - self.filtered_dbm),
        };
    }
}

/// A device has other near sites: finds or makes its links to them, and the cells that it hears.
fn approach(
    state: &mut DeviceState,
    ground: &Ground,
    near: &[u32],
    device: NodeId,
    streams: RandomStreams,
) {
    for &gnb in near {
        if let Err(at) = state.links.binary_search_by_key(&gnb, |link| link.gnb) {
            let site = ground.gnbs[gnb as usize].node;
            let index = u64::from(site.0) << 32 | u64::from(device.0);
            let mut random = streams.entity("cells/fading", index);
            let fading = LargeScaleFading::new(&mut random);
            let place = state.place;
            let link = SiteLink { gnb, fading, random, place, line_of_sight: false };
            state.links.insert(at, link);
        }
    }
    state.near.clear();
    let before = std::mem::take(&mut state.heard);
    let links = (0..).zip(&state.links);
    for (at, link) in links.filter(|(_, link)| near.binary_search(&link.gnb).is_ok()) {
        state.near.push(at);
        let gnb = &ground.gnbs[link.gnb as usize];
        let count = gnb.sectors.len() * gnb.carriers.len();
        state.heard.extend((0..count as u32).map(|own| {
            let cell = CellId(gnb.first_cell + own);
            let known = before.binary_search_by_key(&cell, |own| own.cell);
            let filtered_dbm = known.map_or(f64::NAN, |at| before[at].filtered_dbm);
            HeardCell { cell, received_mw: 0.0, rsrp_dbm: f64::NEG_INFINITY, filtered_dbm }
        }));
    }
}

/// Moves the fading of all near sites to where the device is, and works out what it receives of their cells.
fn hear(state: &mut DeviceState, ground: &Ground) {
    let place = state.place;
    let mut heard = state.heard.iter_mut();
    for &at in &state.near {
        let link = &mut state.links[at as usize];
        let gnb = &ground.gnbs[link.gnb as usize];
        let Some(&first) = gnb.carriers.first() else { continue };
        let mut path = ground.path(gnb, place, first);
        path.line_of_sight = link.line_of_sight;
        let moved_m = link.place.distance_m(place);
        link.fading.moved(&ground.spread, &path, moved_m, &mut link.random);
        link.place = place;
        let mut gains_db: SmallVec<[f64; 4]> = SmallVec::new();
        for &carrier in &gnb.carriers {
            path.carrier_hz = ground.bands[carrier].carrier.centre_hz();
            let loss_db = link.fading.path_loss_db(&ground.spread, &mut path);
            link.line_of_sight = path.line_of_sight;
            gains_db.push(gnb.transmit_dbm + gnb.gain_db + state.gains_db[carrier] - loss_db);
        }
        let points = gnb.sectors.iter().any(|sector| sector.azimuth_deg.is_some());
        let bearing = match points {
            true => bearing_deg(place.x_m - gnb.place.x_m, place.y_m - gnb.place.y_m),
            false => 0.0,
        };
        for sector in &gnb.sectors {
            let sector_db = sector.gain_db(bearing);
            for (&carrier, whole_db) in gnb.carriers.iter().zip(&gains_db) {
                let Some(own) = heard.next() else { return };
                let received_dbm = whole_db + sector_db;
                own.received_mw = mw_from_dbm(received_dbm);
                own.rsrp_dbm = received_dbm - ground.bands[carrier].subcarriers_db;
            }
        }
    }
}
