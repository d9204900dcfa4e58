//! The period: what is known at its end, and what changes at its start.

use super::super::geometry::Position;
use super::super::ids::NodeId;
use super::super::network::{Network, OwnRadio};
use super::super::nr::{PowerControl, to_db};
use super::Cells;
use super::device::{DeviceState, Link, Tally};
use super::report::{CellReport, DeviceReport, LinkReport, ServingReport};
use crate::engine::SimTime;
use crate::infra::radio::SPEED_OF_LIGHT_M_PER_S;

/// What the period asks of nodes.
pub(in crate::infra) struct Whereabouts<'a> {
    /// Where a node is, and its speed in metres a second; `None` if it cannot be used.
    pub(in crate::infra) find: &'a dyn Fn(NodeId) -> Option<(Position, f64)>,
    /// Whether a node can be used.
    pub(in crate::infra) is_available: &'a dyn Fn(NodeId) -> bool,
    /// Whether a node is attached to an access point that is no gNB.
    pub(in crate::infra) is_elsewhere: &'a dyn Fn(NodeId) -> bool,
}

impl std::fmt::Debug for Whereabouts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whereabouts").finish_non_exhaustive()
    }
}

impl Cells {
    /// Start of the present period.
    pub(in crate::infra) fn opened(&self) -> SimTime {
        self.opened
    }

    /// Closes the present period: reports, loads of cells, interference up.
    pub(in crate::infra) fn close(&mut self, now: SimTime, network: &Network, world: &Whereabouts<'_>) {
        let length_s = now.since(self.opened).as_secs();
        if length_s <= 0.0 {
            return;
        }
        self.reports.clear();
        self.counts.never_attached = 0;
        self.counts.strongest_unserved_dbm = f64::NEG_INFINITY;
        for number in 0..self.devices.len() {
            self.account(now, network, number);
            let device = self.devices[number];
            let is_available = (world.is_available)(device);
            let state = &mut self.device_states[number];
            if let Some(since) = state.interrupted {
                state.tally.interrupted_s += now.since(since.max(self.opened)).as_secs();
            }
            let link = state.link.as_ref();
            self.truths[number] = match link {
                Some(link) => link.truth,
                // What is sent elsewhere no jammer of cells disturbs.
                None if (world.is_elsewhere)(device) => None,
                None => self.mobility[number].outside(),
            };
            state.activity = (state.tally.airtime_s.iter().sum::<f64>() / length_s).min(1.0);
            self.disturb(number, length_s);
            let is_elsewhere = (world.is_elsewhere)(device);
            let mut report = self.report(number, (is_available, is_elsewhere), now, length_s, network);
            let lost_bytes = network.own_lost_bytes(OwnRadio::Cells, device);
            let state = &mut self.device_states[number];
            report.offered_bytes += lost_bytes - std::mem::replace(&mut state.lost_bytes, lost_bytes);
            self.reports.push(report);
            let state = &mut self.device_states[number];
            let counts = &mut self.counts;
            if is_available {
                counts.device_s += length_s;
                counts.interruption_s += state.tally.interrupted_s;
                if state.serving.is_some() {
                    counts.attached_s += length_s;
                } else if !is_elsewhere {
                    counts.out_of_coverage_s += length_s;
                }
            }
            if !state.was_served {
                counts.never_attached += 1;
                counts.strongest_unserved_dbm = counts.strongest_unserved_dbm.max(state.strongest_dbm);
            }
            state.tally = Tally::default();
        }
        self.close_cells(length_s);
        self.reported = (self.opened, now);
        self.opened = now;
    }

    /// Reports of cells, and what they radiate and receive of others in the next period.
    fn close_cells(&mut self, length_s: f64) {
        for ((state, report), cell) in
            self.states.iter_mut().zip(&mut self.cell_reports).zip(&self.cells)
        {
            let gnb = &self.ground.gnbs[cell.gnb as usize];
            let noise_mw = self.ground.bands[usize::from(cell.carrier)].noise_mw * gnb.noise_factor;
            *report = CellReport {
                users: state.users.len() as u32,
                active: state.active.len() as u32,
                prb_use: state.used_s.map(|used_s| (used_s / length_s).min(1.0)),
                carried_bps: state.carried_bits.map(|bits| bits / length_s),
                blocks_down: state.blocks,
                noise_rise_db: to_db(1.0 + state.rise_mw / noise_mw),
                ..state.counted
            };
            let load = (report.prb_use[0] + gnb.background_load).min(1.0);
            state.load = if cell.is_up { load } else { 0.0 };
            state.rise_mw = std::mem::take(&mut state.next_rise_mw);
            (state.used_s, state.carried_bits, state.blocks) = ([0.0; 2], [0.0; 2], [0.0; 2]);
            state.counted = CellReport::default();
        }
    }

    /// What a device has sent disturbs the cells around it in the next period.
    fn disturb(&mut self, number: usize, length_s: f64) {
        let state = &self.device_states[number];
        let (Some(link), Some(serving)) = (&state.link, state.serving) else { return };
        let mean_mw = link.density_mw * (state.tally.airtime_s[1] / length_s).min(1.0);
        if mean_mw <= 0.0 {
            return;
        }
        let own = usize::from(self.cells[serving.index()].carrier);
        for heard in state.heard.iter().filter(|heard| heard.cell != serving) {
            let cell = &self.cells[heard.cell.index()];
            let common = self.ground.common(usize::from(cell.carrier), own);
            if common > 0.0 {
                let gain = heard.received_mw / self.ground.gnbs[cell.gnb as usize].transmit_mw;
                self.states[heard.cell.index()].next_rise_mw += mean_mw * gain * common;
            }
        }
    }

    fn report(
        &self,
        number: usize,
        (is_available, is_elsewhere): (bool, bool),
        now: SimTime,
        length_s: f64,
        network: &Network,
    ) -> DeviceReport {
        let state = &self.device_states[number];
        let device = self.devices[number];
        let spec = &self.device_specs[state.class as usize];
        let tally = &state.tally;
        let waiting_bytes = match state.flows {
            [0, 0] => [0.0; 2],
            _ => network.own_waiting_bytes(now, OwnRadio::Cells, device),
        };
        let (mut offered_bytes, mut delivered_bytes) = (0.0, 0.0);
        for direction in 0..2 {
            let transfer_bytes = tally.transfer_bits[direction] / 8.0;
            let carried_bytes = tally.background_bits[direction] / 8.0;
            let wanted_bytes = spec.background_bps[direction] * length_s / 8.0;
            // At another access point it goes there.
            let is_wanted = wanted_bytes.is_finite() && is_available && !is_elsewhere;
            let background_bytes = if is_wanted { wanted_bytes } else { carried_bytes };
            offered_bytes += transfer_bytes + background_bytes;
            delivered_bytes += transfer_bytes + carried_bytes.min(background_bytes);
        }
        DeviceReport {
            device,
            is_available,
            place: state.place,
            speed_m_per_s: state.speed_m_per_s,
            serving: (state.link.as_ref())
                .and_then(|link| self.report_link(state, link, length_s, waiting_bytes)),
            offered_bytes,
            delivered_bytes,
        }
    }

    fn report_link(
        &self,
        state: &DeviceState,
        link: &Link,
        length_s: f64,
        waiting_bytes: [f64; 2],
    ) -> Option<ServingReport> {
        let cell = state.serving?;
        let own = &self.cells[cell.index()];
        let band = &self.ground.bands[usize::from(own.carrier)];
        let others = state.heard.iter().filter(|heard| heard.cell != cell);
        let others = others.filter(|heard| self.cells[heard.cell.index()].is_up);
        let neighbour = others.fold(None, |best: Option<(_, f64)>, heard| match best {
            Some((_, rsrp_dbm)) if rsrp_dbm >= heard.rsrp_dbm => best,
            _ => Some((heard.cell, heard.rsrp_dbm)),
        });
        let tally = &state.tally;
        let [downlink, uplink] = [0, 1].map(|direction: usize| {
            let whole = &link.whole[direction];
            let (ok, nok) = (tally.ok[direction], tally.nok[direction]);
            let bits = tally.transfer_bits[direction] + tally.background_bits[direction];
            LinkReport {
                whole_bps: whole.goodput_bps,
                brate_bps: bits / length_s,
                airtime: (tally.airtime_s[direction] / length_s).min(1.0),
                cqi: whole.cqi,
                mcs: whole.mcs,
                layers: band.layers[direction],
                ok,
                nok,
                lost: tally.lost[direction],
                block_error: [(ok, nok), (whole.ok, whole.nok)]
                    .into_iter()
                    .find(|(ok, nok)| ok + nok > 0.0)
                    .map(|(ok, nok)| nok / (ok + nok)),
                sinr_db: whole.sinr_db,
                waiting_bytes: waiting_bytes[direction],
            }
        });
        let [rsrp_db, rsrq_db, sinr_db, data_db, control_db] = state.errors_db;
        let mut measured = link.measured;
        measured.rsrp_dbm += rsrp_db;
        measured.rsrq_db += rsrq_db;
        measured.sinr_db += sinr_db;
        let mut channels = link.channels;
        channels.pusch_sinr_db += data_db;
        channels.pucch_sinr_db += control_db;
        let spec = &self.device_specs[state.class as usize];
        let control = PowerControl { numerology: band.carrier.numerology(), ..spec.power };
        let blocks = f64::from(band.carrier.resource_blocks());
        // What it was granted on average, of what its power suffices for.
        let granted = (uplink.airtime * blocks).ceil().min(f64::from(link.affordable_blocks)) as u32;
        Some(ServingReport {
            cell,
            site: own.site,
            distance_m: link.distance_m,
            line_of_sight: link.line_of_sight,
            measured,
            neighbour,
            downlink,
            uplink,
            pusch_rsrp_dbm: to_db(link.arrives_mw) - band.subcarriers_db,
            timing_advance_ns: 2e9 * link.distance_m / SPEED_OF_LIGHT_M_PER_S,
            headroom_db: control.headroom_db(granted, link.coupling_db),
            channels,
            interrupted_s: tally.interrupted_s,
        })
    }

    /// Opens the next period: jammers send, devices measure, links are worked out. Shares are settled later.
    pub(in crate::infra) fn open(
        &mut self,
        now: SimTime,
        network: &mut Network,
        world: &Whereabouts<'_>,
    ) {
        self.opened = now;
        self.periods += 1;
        let place_of = |node: NodeId| (world.find)(node).map(|(place, _)| place);
        self.jammers.begin(now, now + self.spec.period, &place_of);
        for number in 0..self.devices.len() {
            self.renew(now, network, number, (world.find)(self.devices[number]));
        }
    }

    /// A device measures, and its link is worked out anew.
    pub(in crate::infra) fn renew(
        &mut self,
        now: SimTime,
        network: &mut Network,
        number: usize,
        found: Option<(Position, f64)>,
    ) {
        let Some((place, speed_m_per_s)) = found else {
            if self.device_states[number].is_here {
                self.leave(now, network, number);
            }
            return;
        };
        // What was sent before was sent over the link as it was.
        self.account(now, network, number);
        self.measure(number, place, speed_m_per_s);
        let state = &mut self.device_states[number];
        if !state.was_served {
            let heard = state.heard.iter().map(|own| own.rsrp_dbm);
            state.strongest_dbm = heard.fold(state.strongest_dbm, f64::max);
        }
        if let Some(cell) = state.serving {
            self.device_states[number].link = self.assess(number, cell);
        }
    }
}
