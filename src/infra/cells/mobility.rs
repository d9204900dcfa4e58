//! Devices and their cells: who serves whom, and what is to happen next.
//!
//! A device is in one of the states of [`RadioState`]. [`Cells::next_step`] says once a period what it does by itself;
//! the infrastructure does it, as that concerns attachments and transfers, too.

use super::super::ids::{CellId, NodeId};
use super::super::network::Network;
use super::super::nr::ChannelReport;
use super::Cells;
use super::access::{Access, AccessLosses, Barred, RETURN_MARGIN_DB, Tries};
use super::device::Link;
use super::handover::{Candidate, Decision, HandoverMachine, Stay};
use super::link_failure::{LinkHealth, LinkMonitor};
use super::report::{Cell, CellCause, CellChange};
use super::truth::Truth;
use crate::engine::{EntityStream, EventHandle, RandomStreams, SimDuration, SimTime};

/// Share of a neighbour's synchronisation signals from which on, if they are lost, no device is handed over to it.
const UNFOUND_LOSS: f64 = 0.5;
/// How long it is then left out.
const UNFOUND_TIME: SimDuration = SimDuration::from_nanos(10_000_000_000);

/// What a device does with its radio.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::infra) enum RadioState {
    /// It has no cell, and looks for one each period.
    #[default]
    Idle,
    /// It has a cell.
    Served,
    /// It is on its way into a cell, where it can send nothing.
    Access {
        /// The cell.
        to: CellId,
        /// Why.
        cause: CellCause,
    },
    /// Its link has failed, and it looks for another cell each period up to this time.
    Searching {
        /// The last instant.
        until: SimTime,
    },
    /// It was told to have neither a cell nor another access point.
    Detached,
    /// It was told to be at another access point.
    Elsewhere,
}

/// What a device does at the start of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::infra) enum Step {
    /// Nothing.
    Stay,
    /// It gets into a cell at once.
    Enter(CellId),
    /// It leaves for another cell.
    Begin {
        /// The cell.
        to: CellId,
        /// Why.
        cause: CellCause,
    },
    /// Its link has failed.
    Fail,
    /// It has no cell any more.
    Leave,
    /// It has found no other cell in time.
    Lose,
    /// It looks for other access points.
    LookElsewhere,
}

/// What is kept of a device.
#[derive(Debug)]
pub(in crate::infra) struct DeviceMobility {
    pub(in crate::infra) state: RadioState,
    /// When it gets into a cell, or may choose one again.
    pub(in crate::infra) due: Option<EventHandle>,
    machine: HandoverMachine,
    monitor: LinkMonitor,
    stay: Stay,
    barred: Barred,
    tries: Tries,
    random: EntityStream,
    /// The cell whose link has failed last.
    failed: Option<CellId>,
    /// What is known of its jamming at the strongest cell, when it has tried to get into some in this period.
    outside: Option<Truth>,
}

impl DeviceMobility {
    /// A device without a cell.
    pub(super) fn new(device: NodeId, streams: RandomStreams) -> Self {
        DeviceMobility {
            state: RadioState::Idle,
            due: None,
            machine: HandoverMachine::default(),
            monitor: LinkMonitor::default(),
            stay: Stay::default(),
            barred: Barred::default(),
            tries: Tries::default(),
            random: streams.entity("cells/access", u64::from(device.0)),
            failed: None,
            outside: None,
        }
    }

    /// What is known of the jamming of a device that has no cell, but has tried to get into some: at the strongest one.
    pub(super) fn outside(&self) -> Option<Truth> {
        self.outside
    }
}

impl Cells {
    /// What is kept of a device by its number.
    pub(in crate::infra) fn mobility(&mut self, number: usize) -> &mut DeviceMobility {
        &mut self.mobility[number]
    }

    /// What a device does with its radio.
    pub(in crate::infra) fn radio_state(&self, number: usize) -> RadioState {
        self.mobility[number].state
    }

    /// The working cells that a device has heard and may choose, its own one among them.
    fn candidates(&self, number: usize, now: SimTime) -> impl Iterator<Item = Candidate> + Clone {
        let barred = &self.mobility[number].barred;
        let allowed = self.heard(number).filter(move |&(cell, _)| barred.allows(now, cell));
        allowed.map(|(cell, rsrp_dbm)| Candidate { cell, rsrp_dbm })
    }

    /// Filtered RSRP in dBm of a working cell at a device; `None` if it does not hear it.
    pub(in crate::infra) fn rsrp_dbm(&self, number: usize, cell: CellId) -> Option<f64> {
        self.heard(number).find(|heard| heard.0 == cell).map(|heard| heard.1)
    }

    /// What a device does at the start of a period, in which it has measured already. `is_elsewhere` says whether it is at
    /// another access point.
    pub(in crate::infra) fn next_step(
        &mut self,
        number: usize,
        now: SimTime,
        is_elsewhere: bool,
    ) -> Step {
        let least_dbm = self.spec.least_dbm;
        self.mobility[number].outside = None;
        match self.mobility[number].state {
            RadioState::Access { .. } | RadioState::Detached => Step::Stay,
            RadioState::Elsewhere => Step::LookElsewhere,
            RadioState::Idle => {
                let margin_db = if is_elsewhere { RETURN_MARGIN_DB } else { 0.0 };
                match self.try_select(number, now, least_dbm + margin_db) {
                    Some(to) => Step::Enter(to),
                    None => Step::LookElsewhere,
                }
            }
            RadioState::Searching { until } => match self.try_select(number, now, least_dbm) {
                Some(to) => Step::Begin { to, cause: CellCause::Reestablished },
                None if now >= until => Step::Lose,
                None => Step::Stay,
            },
            RadioState::Served => self.next_of_served(number, now),
        }
    }

    fn next_of_served(&mut self, number: usize, now: SimTime) -> Step {
        let Some(serving) = self.device_states[number].serving else { return Step::Stay };
        // Losses of the period that has ended.
        let report = self.reports.get(number).and_then(|report| report.serving.as_ref());
        if let Some(report) = report.filter(|report| report.cell == serving) {
            let loss = report.channels.pdcch_loss;
            let DeviceMobility { monitor, stay, .. } = &mut self.mobility[number];
            // What of the period it has been there.
            let passed = self.spec.period.min(stay.length(now));
            // While the timer runs the device goes on as well as its grants come through.
            if monitor.advance(&self.spec.failure, passed, loss) == LinkHealth::Failed {
                return Step::Fail;
            }
        }
        let serving_dbm = self.rsrp_dbm(number, serving);
        let mut machine = std::mem::take(&mut self.mobility[number].machine);
        let others = self.candidates(number, now).filter(|other| other.cell != serving);
        let spec = &self.spec;
        let decision = machine.measured(now, &spec.handover, spec.least_dbm, serving_dbm, others);
        self.mobility[number].machine = machine;
        match decision {
            Decision::Stay => Step::Stay,
            // A network learns of a neighbour by what the device has measured on its signals.
            Decision::HandOver(to) if self.look_at(number, to).0.ssb >= UNFOUND_LOSS => {
                self.bar(number, now, to, now + UNFOUND_TIME);
                Step::Stay
            }
            Decision::HandOver(to) => Step::Begin { to, cause: CellCause::Handover },
            Decision::Leave => Step::Leave,
        }
    }

    /// The first cell with at least this power into which a device gets, of those that it tries in turn. Keeps what is known
    /// of its jamming at the strongest.
    pub(in crate::infra) fn try_select(
        &mut self,
        number: usize,
        now: SimTime,
        least_dbm: f64,
    ) -> Option<CellId> {
        let mut tries = self.mobility[number].tries;
        let trying = tries.next(self.candidates(number, now), least_dbm);
        let own = &mut self.mobility[number];
        (own.tries, own.outside) = (tries, None);
        let trying = trying?;
        if trying.cells.first() != Some(&trying.strongest) {
            let truth = self.look_at(number, trying.strongest).1;
            self.mobility[number].outside = truth;
        }
        for cell in trying.cells {
            let (passes, truth) = self.attempt(number, cell);
            if cell == trying.strongest {
                self.mobility[number].outside = truth;
            }
            if passes {
                return Some(cell);
            }
        }
        None
    }

    /// Whether a device gets into a cell: one try, which is counted.
    pub(in crate::infra) fn try_access(&mut self, number: usize, cell: CellId) -> bool {
        self.attempt(number, cell).0
    }

    /// The same, and what is known of its jamming there.
    fn attempt(&mut self, number: usize, cell: CellId) -> (bool, Option<Truth>) {
        let (losses, truth) = self.look_at(number, cell);
        let found = losses.attempt(&mut self.mobility[number].random);
        let counted = &mut self.states[cell.index()].counted;
        counted.access_attempts += u32::from(found != Access::NotFound);
        counted.access_failures += u32::from(found == Access::Failed);
        (found == Access::Passed, truth)
    }

    /// The cell of a device, or the strongest that it could choose instead of another access point: RSRP in dBm, and bits a
    /// second down that it would find there.
    pub(in crate::infra) fn expected(&mut self, number: usize, now: SimTime) -> Option<(f64, f64)> {
        let serving = self.device_states[number].serving;
        let own = serving.and_then(|cell| Some((cell, self.rsrp_dbm(number, cell)?)));
        let least_dbm = self.spec.least_dbm + RETURN_MARGIN_DB;
        let others = self.candidates(number, now).filter(|other| other.rsrp_dbm >= least_dbm);
        let best =
            others.reduce(|best, other| if other.rsrp_dbm > best.rsrp_dbm { other } else { best });
        let (cell, rsrp_dbm) = own.or(best.map(|best| (best.cell, best.rsrp_dbm)))?;
        let link = self.link_to(number, cell);
        let state = &self.states[cell.index()];
        let is_active = state.active.binary_search(&(number as u32)).is_ok();
        let own_share = if is_active { self.device_states[number].shares[0] } else { 0.0 };
        let share = state.free[0].max(own_share);
        Some((rsrp_dbm, link.map_or(0.0, |link| share * link.whole[0].goodput_bps)))
    }

    /// What a device would lose of a cell, and what is known of its jamming there.
    fn look_at(&mut self, number: usize, cell: CellId) -> (AccessLosses, Option<Truth>) {
        let link = self.link_to(number, cell);
        // Of a cell that it does not hear all is lost.
        let losses = link.as_ref().map_or(AccessLosses { ssb: 1.0, prach: 1.0, pdcch: 1.0 }, |link| {
            let ChannelReport { ssb_loss, prach_loss, pdcch_loss, .. } = link.channels;
            AccessLosses { ssb: ssb_loss, prach: prach_loss, pdcch: pdcch_loss }
        });
        (losses, link.and_then(|link| link.truth))
    }

    /// The link that a device would have to a cell.
    fn link_to(&mut self, number: usize, cell: CellId) -> Option<Link> {
        // A look at another cell is no part of the present link's past.
        let memory = self.memories.get(number).cloned();
        let random = self.device_states[number].random.clone();
        let link = self.assess(number, cell);
        if let (Some(memory), Some(own)) = (memory, self.memories.get_mut(number)) {
            *own = memory;
        }
        self.device_states[number].random = random;
        link
    }

    /// A device leaves for a cell, and can send nothing until it is there.
    pub(in crate::infra) fn begin_access(
        &mut self,
        network: &mut Network,
        number: usize,
        now: SimTime,
        to: CellId,
        cause: CellCause,
    ) {
        let interrupts =
            self.device_states[number].serving.is_some() || cause == CellCause::Reestablished;
        self.mobility[number].state = RadioState::Access { to, cause };
        self.interrupt(now, network, number, interrupts);
    }

    /// A device was told not to choose a cell until a time.
    pub(crate) fn bar(&mut self, number: usize, now: SimTime, cell: CellId, until: SimTime) {
        self.mobility[number].barred.bar(now, cell, until);
    }

    /// Whether the device with this number may not choose a cell now, nor be sent there.
    #[must_use]
    pub(crate) fn is_barred(&self, number: usize, now: SimTime, cell: CellId) -> bool {
        !self.mobility[number].barred.allows(now, cell)
    }

    /// Gives a device another cell or none, and counts what that means; its state is the one that follows from it.
    pub(in crate::infra) fn change(
        &mut self,
        network: &mut Network,
        number: usize,
        now: SimTime,
        to: Option<CellId>,
        cause: CellCause,
    ) -> CellChange {
        let state = &self.device_states[number];
        let from = state.serving;
        let rsrp_dbm = |cell: Option<CellId>| {
            let heard = state.heard_of(cell?)?;
            Some(heard.filtered_dbm).filter(|dbm| !dbm.is_nan())
        };
        let (rsrp_from_dbm, rsrp_to_dbm) = (rsrp_dbm(from), rsrp_dbm(to));
        let ping_pong_time = self.spec.handover.ping_pong;
        let until = now + self.spec.failure.t311;
        let own = &mut self.mobility[number];
        let ended = own.stay.change(now, from, to, ping_pong_time);
        own.machine.clear();
        own.tries.clear();
        own.monitor = LinkMonitor::default();
        own.state = match (to, cause) {
            (Some(_), _) => RadioState::Served,
            (None, CellCause::LinkFailure) => RadioState::Searching { until },
            (None, _) => RadioState::Idle,
        };
        let failed =
            std::mem::replace(&mut own.failed, from.filter(|_| cause == CellCause::LinkFailure));
        let is_handover = from.is_some()
            && to.is_some()
            && matches!(cause, CellCause::Handover | CellCause::Commanded);
        let counts = &mut self.counts;
        if from.is_some() {
            counts.stays += 1;
            counts.stayed_s += ended.stayed.as_secs();
        }
        if let (Some(from), Some(to), true) = (from, to, is_handover) {
            counts.handovers += 1;
            let site = |cell: CellId| self.cells[cell.index()].site;
            counts.intra_site_changes += u64::from(site(from) == site(to));
            counts.ping_pongs += u64::from(ended.is_ping_pong);
            self.states[from.index()].counted.handovers_out += 1;
            self.states[to.index()].counted.handovers_in += 1;
        }
        match cause {
            CellCause::LinkFailure => counts.link_failures += 1,
            CellCause::Reestablished => counts.reestablished += 1,
            _ => {}
        }
        if let Some(last) = from.or(failed) {
            let counted = &mut self.states[last.index()].counted;
            counted.failures += u32::from(cause == CellCause::LinkFailure);
            let is_lost = matches!(cause, CellCause::Lost | CellCause::Fallback | CellCause::CellDown);
            counted.drops += u32::from(to.is_none() && is_lost);
        }
        self.serve(now, network, number, to);
        self.interrupt(now, network, number, cause == CellCause::LinkFailure);
        CellChange {
            device: self.devices[number],
            from,
            to,
            cause,
            rsrp_from_dbm,
            rsrp_to_dbm,
            ping_pong: is_handover && ended.is_ping_pong,
            stayed_s: from.map(|_| ended.stayed.as_secs()),
        }
    }

    /// A handover has failed at the access.
    pub(in crate::infra) fn count_failed_handover(&mut self) {
        self.counts.handover_failures += 1;
    }

    /// A device has found no cell in time after its link had failed.
    pub(in crate::infra) fn count_lost(&mut self) {
        self.counts.lost += 1;
    }

    /// A device was on its way into a cell that has failed: it stays where it is.
    pub(in crate::infra) fn stop_access(&mut self, network: &mut Network, number: usize, now: SimTime) {
        let is_served = self.device_states[number].serving.is_some();
        let own = &mut self.mobility[number];
        let RadioState::Access { cause, .. } = own.state else { return };
        let searches = cause == CellCause::Reestablished;
        own.state = match (is_served, searches) {
            (true, _) => RadioState::Served,
            // Once more, at the start of the next period.
            (false, true) => RadioState::Searching { until: now },
            (false, false) => RadioState::Idle,
        };
        self.interrupt(now, network, number, searches);
    }

    /// The cell on another carrier at the same gNB and sector.
    pub(in crate::infra) fn sibling(&self, cell: CellId, carrier: u16) -> Option<CellId> {
        let own = self.cells.get(cell.index())?;
        let is_sibling =
            |other: &Cell| (other.gnb, other.sector, other.carrier) == (own.gnb, own.sector, carrier);
        let number = self.cells.iter().position(is_sibling)?;
        Some(CellId(number as u32))
    }
}
