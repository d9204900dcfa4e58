//! Who has how much of a cell.
//!
//! Each device that has anything to send has one claim on its cell in each direction, however many transfers it has: the
//! scheduler gives it a share of blocks and time. Within the device, background traffic has what it asks for, but no more than
//! half beside transfers; these share the rest. Shares change at the end of each event in which a transfer has come or gone.

use super::super::ids::{CellId, NodeId};
use super::super::network::{Network, OwnRadio};
use super::super::nr::Claim;
use super::Cells;
use super::device::{DeviceState, Link};
use super::ground::Gnb;
use super::report::CellReport;
use crate::engine::SimTime;

/// What changes of a cell.
#[derive(Clone, Debug, Default)]
pub(super) struct CellState {
    /// Share of its resource blocks on air in this period, background load among them: that of the last period.
    pub(super) load: f64,
    /// Interference at the gNB in this period in milliwatts, and what adds up for the next one.
    pub(super) rise_mw: f64,
    pub(super) next_rise_mw: f64,
    /// Share that one more device with as much to send as it can would have, down and up.
    pub(super) free: [f64; 2],
    /// Devices that it serves, in order.
    pub(super) users: Vec<u32>,
    /// Those of them that have anything to send or receive.
    pub(super) active: Vec<u32>,
    /// Seconds of the whole carrier that have been used in this period, down and up; bits; blocks down.
    pub(super) used_s: [f64; 2],
    pub(super) carried_bits: [f64; 2],
    pub(super) blocks: [f64; 2],
    /// What has been counted in this period.
    pub(super) counted: CellReport,
}

impl CellState {
    pub(super) fn new(load: f64) -> Self {
        CellState { load, free: [1.0; 2], ..CellState::default() }
    }
}

/// Memory for the settling of a cell.
#[derive(Debug, Default)]
pub(super) struct Claims {
    claims: Vec<Claim>,
    shares: Vec<f64>,
}

impl Claims {
    /// The share that each of so many more claims without limit would have in turns with these: an equal part of what is not
    /// taken by those who need no more, and no less than an equal part of all.
    fn free(&self, more: u32) -> f64 {
        let (mut limited, mut open, mut all) = (0.0, 0_u32, 0_u32);
        for (claim, &share) in self.claims.iter().zip(&self.shares).filter(|(_, share)| **share > 0.0) {
            all += 1;
            if share * claim.rate_bps >= claim.demand_bps * (1.0 - 1e-9) {
                limited += share;
            } else {
                open += 1;
            }
        }
        ((1.0 - limited) / f64::from(open + more)).max(1.0 / f64::from(all + more))
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

impl DeviceState {
    /// Counts the background traffic up to now.
    fn accrue(&mut self, now: SimTime) {
        let passed_s = now.since(self.accrued).as_secs();
        self.accrued = now;
        for direction in 0..2 {
            self.pending_bits[direction] += passed_s * self.background_bps[direction];
            self.in_vain_s[direction] += passed_s * self.in_vain[direction];
        }
    }

    /// Whether it has something to send in a direction over a link that carries nothing.
    fn sends_in_vain(&self, direction: usize, background_bps: f64) -> bool {
        let wants = self.flows[direction] > 0 || background_bps > 0.0;
        let is_dead = |link: &Link| link.whole[direction].goodput_bps <= 0.0;
        wants && self.interrupted.is_none() && self.link.as_ref().is_some_and(is_dead)
    }

    /// The rate with all of a carrier that is there for devices in a direction, and the share of it that the device can use.
    fn whole_bps(&self, direction: usize, blocks: u32, gnb: &Gnb) -> (f64, f64) {
        match &self.link {
            Some(link) if self.interrupted.is_none() => {
                let most = match direction {
                    0 => 1.0,
                    _ => f64::from(link.affordable_blocks) / f64::from(blocks),
                };
                let there = if direction == 0 { 1.0 - gnb.background_load } else { 1.0 };
                (there * link.whole[direction].goodput_bps, most)
            }
            _ => (0.0, 0.0),
        }
    }
}

impl Cells {
    /// Whether shares are to be settled.
    pub(in crate::infra) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The shares of a cell are to be worked out anew.
    pub(super) fn mark(&mut self, cell: CellId) {
        self.dirty.push(cell);
    }

    /// Works out the shares of all cells of which something has changed.
    pub(in crate::infra) fn settle(&mut self, now: SimTime, network: &mut Network) {
        let mut touched = std::mem::take(&mut self.touched);
        network.take_touched(OwnRadio::Cells, &mut touched);
        touched.sort_unstable();
        touched.dedup();
        for device in touched.drain(..) {
            let Some(number) = self.number(device) else { continue };
            let state = &mut self.device_states[number];
            state.accrue(now);
            state.flows = network.own_flows(OwnRadio::Cells, device);
            if state.flows == [0; 2] {
                state.in_vain = [0.0; 2];
            }
            state.has_carried = true;
            if let Some(cell) = state.serving {
                self.set_active(number, cell);
                self.mark(cell);
            }
        }
        self.touched = touched;
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.sort_unstable();
        dirty.dedup();
        for cell in dirty.drain(..) {
            self.settle_cell(now, network, cell);
        }
        self.dirty = dirty;
        let mut fresh = std::mem::take(&mut self.fresh);
        for number in fresh.drain(..) {
            self.offer_to(now, network, number);
        }
        self.fresh = fresh;
    }

    /// Works out the shares of all cells, and what idle devices would find: all rates have changed.
    pub(in crate::infra) fn settle_all(&mut self, now: SimTime, network: &mut Network) {
        self.settle(now, network);
        for cell in (0..self.cells.len()).map(|index| CellId(index as u32)) {
            self.settle_cell(now, network, cell);
            if self.states[cell.index()].users.len() > self.states[cell.index()].active.len() {
                for place in 0..self.states[cell.index()].users.len() {
                    let number = self.states[cell.index()].users[place];
                    self.offer_to(now, network, number);
                }
            }
        }
    }

    /// Puts a device among those of its cell that have something to send, or takes it from there.
    pub(super) fn set_active(&mut self, number: usize, cell: CellId) {
        let state = &self.device_states[number];
        let spec = &self.device_specs[state.class as usize];
        let is_active = state.flows != [0; 2] || spec.background_bps.iter().any(|&rate| rate > 0.0);
        put(&mut self.states[cell.index()].active, number as u32, is_active);
    }

    /// Makes a device one of those that a cell serves, or not.
    pub(super) fn set_user(&mut self, number: usize, cell: CellId, is_user: bool) {
        let state = &mut self.states[cell.index()];
        put(&mut state.users, number as u32, is_user);
        if is_user {
            self.set_active(number, cell);
        } else {
            put(&mut state.active, number as u32, false);
        }
    }

    fn settle_cell(&mut self, now: SimTime, network: &mut Network, cell: CellId) {
        let Cells { states, device_states, device_specs, claims, spec, .. } = self;
        let CellState { active, free, .. } = &mut states[cell.index()];
        *free = [1.0; 2];
        if active.is_empty() {
            return;
        }
        let own = &self.cells[cell.index()];
        let gnb = &self.ground.gnbs[own.gnb as usize];
        let blocks = self.ground.bands[usize::from(own.carrier)].carrier.resource_blocks();
        for (direction, free) in free.iter_mut().enumerate() {
            claims.claims.clear();
            claims.claims.extend(active.iter().map(|&number| {
                let state = &device_states[number as usize];
                let (rate_bps, most) = state.whole_bps(direction, blocks, gnb);
                let wanted_bps = match state.flows[direction] {
                    0 => device_specs[state.class as usize].background_bps[direction],
                    _ => f64::INFINITY,
                };
                let limit_bps = if most < 1.0 { most * rate_bps } else { f64::INFINITY };
                Claim { rate_bps, demand_bps: wanted_bps.min(limit_bps) }
            }));
            spec.scheduler.shares(&claims.claims, &mut claims.shares);
            *free = claims.free(1);
            let is_dead = |state: &DeviceState| {
                let background_bps = device_specs[state.class as usize].background_bps[direction];
                state.sends_in_vain(direction, background_bps)
            };
            let dead = active.iter().filter(|&&number| is_dead(&device_states[number as usize]));
            let dead_share = claims.free(dead.count().max(1) as u32);
            for (&number, &share) in active.iter().zip(&claims.shares) {
                let state = &mut device_states[number as usize];
                state.accrue(now);
                state.shares[direction] = share;
                let most = state.whole_bps(direction, blocks, gnb).1;
                let of_slots = if is_dead(state) { (dead_share / most).min(1.0) } else { 0.0 };
                state.in_vain[direction] = of_slots;
            }
        }
        for &number in active.iter() {
            let state = &mut device_states[number as usize];
            let mut rates_bps = [0.0; 2];
            for direction in 0..2 {
                let background_bps = device_specs[state.class as usize].background_bps[direction];
                let (whole_bps, most) = state.whole_bps(direction, blocks, gnb);
                let granted_bps = state.shares[direction] * whole_bps;
                let has_flows = state.flows[direction] > 0;
                let own_bps = if has_flows { 0.5 * granted_bps } else { granted_bps };
                state.background_bps[direction] = background_bps.min(own_bps);
                rates_bps[direction] = if has_flows {
                    granted_bps - state.background_bps[direction]
                } else {
                    // What a transfer would find.
                    let share = (free[direction] + state.shares[direction]).min(most);
                    let found_bps = share.min(1.0) * whole_bps;
                    found_bps - background_bps.min(0.5 * found_bps)
                };
            }
            network.set_own_rates(
                now,
                OwnRadio::Cells,
                self.devices[number as usize],
                rates_bps,
                rates_bps,
            );
        }
    }

    /// Tells a device that has nothing to send what it would have; others know.
    fn offer_to(&mut self, now: SimTime, network: &mut Network, number: u32) {
        let state = &self.device_states[number as usize];
        let Some(cell) = state.serving else { return };
        let CellState { active, free, .. } = &self.states[cell.index()];
        if active.binary_search(&number).is_ok() {
            return;
        }
        let own = &self.cells[cell.index()];
        let gnb = &self.ground.gnbs[own.gnb as usize];
        let blocks = self.ground.bands[usize::from(own.carrier)].carrier.resource_blocks();
        let offers_bps = [0, 1].map(|direction| {
            let (whole_bps, most) = state.whole_bps(direction, blocks, gnb);
            whole_bps * most.min(free[direction])
        });
        network.set_own_rates(
            now,
            OwnRadio::Cells,
            self.devices[number as usize],
            offers_bps,
            offers_bps,
        );
    }

    /// Counts what a device has sent and received in the present period up to now, by its present link.
    pub(super) fn account(&mut self, now: SimTime, network: &Network, number: usize) {
        let state = &mut self.device_states[number];
        state.accrue(now);
        let mut transfer_bits = [0.0; 2];
        if state.has_carried {
            let carried_bytes = network.own_carried_bytes(now, OwnRadio::Cells, self.devices[number]);
            let before_bytes = std::mem::replace(&mut state.carried_bytes, carried_bytes);
            for direction in 0..2 {
                let bytes = carried_bytes[direction] - before_bytes[direction];
                transfer_bits[direction] = 8.0 * bytes.max(0.0);
            }
            state.has_carried = state.flows != [0; 2];
        }
        let background_bits = std::mem::take(&mut state.pending_bits);
        let in_vain_s = std::mem::take(&mut state.in_vain_s);
        let (Some(link), Some(cell)) = (&state.link, state.serving) else { return };
        let band = &self.ground.bands[usize::from(self.cells[cell.index()].carrier)];
        let blocks = f64::from(band.carrier.resource_blocks());
        let own = &mut self.states[cell.index()];
        let period_s = self.spec.period.as_secs();
        for direction in 0..2 {
            let outcome = &link.whole[direction];
            // Grants that arrive are used, and lost.
            let tries =
                in_vain_s[direction] * band.slots_per_s[direction] * (1.0 - link.channels.pdcch_loss);
            state.tally.nok[direction] += tries;
            state.tally.lost[direction] += tries / f64::from(band.attempts[direction]);
            own.blocks[1] += if direction == 0 { tries } else { 0.0 };
            let bits = transfer_bits[direction] + background_bits[direction];
            if bits <= 0.0 || outcome.goodput_bps <= 0.0 {
                continue;
            }
            let airtime_s = bits / outcome.goodput_bps;
            // A block for each slot in which it sends on the blocks that it has the power for.
            let of_slot = if direction == 0 { 1.0 } else { blocks / f64::from(link.affordable_blocks) };
            let part = outcome.scaled((of_slot * airtime_s / period_s).min(1.0));
            let tally = &mut state.tally;
            tally.transfer_bits[direction] += transfer_bits[direction];
            tally.background_bits[direction] += background_bits[direction];
            tally.airtime_s[direction] += airtime_s;
            tally.ok[direction] += part.ok;
            tally.nok[direction] += part.nok;
            tally.lost[direction] += part.lost;
            own.used_s[direction] += airtime_s;
            own.carried_bits[direction] += bits;
            if direction == 0 {
                own.blocks[0] += part.ok;
                own.blocks[1] += part.nok;
            }
        }
    }

    /// The cell that serves a device is another one from now on, or none.
    pub(in crate::infra) fn serve(
        &mut self,
        now: SimTime,
        network: &mut Network,
        number: usize,
        to: Option<CellId>,
    ) {
        let from = self.device_states[number].serving;
        if from == to {
            return;
        }
        self.account(now, network, number);
        if let Some(from) = from {
            self.set_user(number, from, false);
            self.mark(from);
        }
        if let Some(memory) = self.memories.get_mut(number) {
            memory.iter_mut().for_each(super::LinkMemory::reset);
        }
        let link = to.and_then(|to| self.assess(number, to));
        let state = &mut self.device_states[number];
        (state.serving, state.link) = (to, link);
        (state.background_bps, state.shares, state.in_vain) = ([0.0; 2], [0.0; 2], [0.0; 2]);
        state.was_served |= to.is_some();
        network.set_own_rates(now, OwnRadio::Cells, self.devices[number], [0.0; 2], [0.0; 2]);
        if let Some(to) = to {
            self.set_user(number, to, true);
            self.mark(to);
            self.fresh.push(number as u32);
        }
    }

    /// A device sends and receives nothing from now on, or does so again.
    pub(in crate::infra) fn interrupt(
        &mut self,
        now: SimTime,
        network: &mut Network,
        number: usize,
        interrupts: bool,
    ) {
        let state = &mut self.device_states[number];
        if state.interrupted.is_some() == interrupts {
            return;
        }
        if let Some(since) = state.interrupted.take() {
            state.tally.interrupted_s += now.since(since.max(self.opened)).as_secs();
        } else {
            state.interrupted = Some(now);
            network.set_own_rates(now, OwnRadio::Cells, self.devices[number], [0.0; 2], [0.0; 2]);
        }
        if let Some(cell) = state.serving {
            self.mark(cell);
            self.fresh.push(number as u32);
        }
    }

    /// A device is not in the world any more, or does not work: forgets what it has heard.
    pub(in crate::infra) fn leave(&mut self, now: SimTime, network: &mut Network, number: usize) {
        self.serve(now, network, number, None);
        self.interrupt(now, network, number, false);
        let state = &mut self.device_states[number];
        state.is_here = false;
        state.heard.iter_mut().for_each(|own| own.filtered_dbm = f64::NAN);
    }

    /// A gNB fails or works again.
    pub(in crate::infra) fn set_gnb(&mut self, site: NodeId, is_up: bool) {
        self.switches = self.switches.wrapping_add(1);
        for (cell, state) in self.cells.iter_mut().zip(&mut self.states).filter(|own| own.0.site == site)
        {
            cell.is_up = is_up;
            state.load = if is_up { self.ground.gnbs[cell.gnb as usize].background_load } else { 0.0 };
        }
    }
}
