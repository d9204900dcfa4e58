//! Devices between cells: commands, handovers, failed links.
//!
//! What a device does is decided by its state ([`cells`](super::cells)); here it is done. A change of cell within a gNB
//! concerns nobody else; one to another gNB is a change of access point, which leads transfers another way.

use super::attachment::AccessPointIndex;
use super::cells::{CellCause, Cells, RadioCommand, RadioRefusal, RadioState, Step};
use super::event::{InfraEvent, Notice, TransferOutcome};
use super::ids::{CellId, JammerId, NodeId};
use super::infrastructure::Infrastructure;
use super::motion::{Reach, Reattached};
use super::network::Network;
use crate::engine::{Phase, Schedule, SimDuration, SimTime};

impl Infrastructure {
    /// Tells a device what to do with its radio.
    ///
    /// # Errors
    /// Why it does not do it. Nothing has changed then.
    pub fn command<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        command: RadioCommand,
    ) -> Result<(), RadioRefusal> {
        let now = schedule.now();
        let cells = self.cells.as_mut().ok_or(RadioRefusal::NotWireless)?;
        let number = cells.number(device).ok_or(RadioRefusal::NotWireless)?;
        let is_searching = |state| match state {
            RadioState::Searching { .. } => true,
            RadioState::Access { cause, .. } => cause == CellCause::Reestablished,
            _ => false,
        };
        if !self.nodes[device.index()].is_available() || is_searching(cells.radio_state(number)) {
            return Err(RadioRefusal::Failed);
        }
        let after = |seconds: f64| now + SimDuration::from_secs(seconds);
        match command {
            RadioCommand::Bar { cell, seconds } => {
                if cell.index() >= cells.cells().len() {
                    return Err(RadioRefusal::NoSuchCell);
                }
                cells.bar(number, now, cell, after(seconds));
            }
            RadioCommand::HandOver(cell) => {
                check_cell(cells, number, cell, now)?;
                self.begin_access(schedule, device, cell, CellCause::Commanded);
            }
            RadioCommand::Carrier(carrier) => {
                let serving = cells.serving(device).ok_or(RadioRefusal::NoSuchCell)?;
                let cell = cells.sibling(serving, carrier).ok_or(RadioRefusal::NoSuchCell)?;
                check_cell(cells, number, cell, now)?;
                self.begin_access(schedule, device, cell, CellCause::Commanded);
            }
            RadioCommand::AccessPoint(node) => {
                let index = self.access_point(node).ok_or(RadioRefusal::NoSuchCell)?;
                self.check_access_point(device, index, now)?;
                self.drop_cell(schedule, device, CellCause::Commanded, RadioState::Elsewhere);
                let change = self.motion.attach_to(schedule, device, Some(index));
                self.hand_over_to(schedule, device, change, TransferOutcome::LostToMobility);
            }
            RadioCommand::Detach { seconds } => {
                self.drop_cell(schedule, device, CellCause::Commanded, RadioState::Detached);
                let change = self.motion.attach_to(schedule, device, None);
                self.hand_over_to(schedule, device, change, TransferOutcome::LostToMobility);
                self.schedule_access(schedule, device, after(seconds));
            }
        }
        Ok(())
    }

    /// Switches a jammer on or off from the next period on, whatever its windows say. Nothing happens if there is no such
    /// jammer.
    pub fn set_jammer(&mut self, jammer: JammerId, on: bool) {
        if let Some(cells) = &mut self.cells {
            cells.jammers.switch(jammer, on);
        }
    }

    /// Takes devices to the cells that they choose at the start of a period, after they have measured.
    pub(super) fn decide_cells<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        let Some(cells) = &self.cells else { return };
        for &(jammer, on) in cells.jammers.changes() {
            self.notices.push_back(Notice::JammerChanged { jammer, on });
        }
        for number in 0..cells.devices().len() {
            self.choose_cell(schedule, number);
        }
    }

    /// A device that has WiFi, too, goes to a cell when it [chooses](Self::has_link_choice) to.
    fn choose_cell<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, number: usize) {
        let Some(cells) = &self.cells else { return };
        let is_free = matches!(cells.radio_state(number), RadioState::Idle | RadioState::Elsewhere);
        if !(is_free && self.has_link_choice(cells.devices()[number])) {
            self.take_step(schedule, number);
        }
    }

    /// A device chooses a cell, whatever else it could have.
    pub(super) fn go_to_cells<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
    ) {
        let Some((_, _, number)) = self.cells_of(device) else { return };
        self.set_state(device, RadioState::Idle);
        self.take_step(schedule, number);
    }

    fn take_step<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, number: usize) {
        let Some(cells) = &mut self.cells else { return };
        let device = cells.devices()[number];
        if !self.nodes[device.index()].is_available() {
            return;
        }
        let is_elsewhere = self.motion.attached(device).is_some();
        match cells.next_step(number, schedule.now(), is_elsewhere) {
            Step::Stay => {}
            Step::Enter(to) => self.enter_cell(schedule, device, to, CellCause::Selected),
            Step::Begin { to, cause } => self.begin_access(schedule, device, to, cause),
            Step::Fail => self.fail_link(schedule, device),
            Step::Leave => self.leave_cell(schedule, device),
            Step::Lose => {
                cells.count_lost();
                self.leave_cell(schedule, device);
            }
            Step::LookElsewhere => self.look_elsewhere(schedule, device),
        }
    }

    /// A device that has no cell looks for another access point; where it was told to be at one and none is left, it looks
    /// for cells again.
    fn look_elsewhere<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, device: NodeId) {
        let change = self.motion.reattach(schedule, device);
        self.hand_over_to(schedule, device, change, TransferOutcome::LostToMobility);
        let Some((cells, _, number)) = self.cells_of(device) else { return };
        if cells.radio_state(number) == RadioState::Elsewhere && self.motion.attached(device).is_none() {
            self.set_state(device, RadioState::Idle);
            self.choose_cell(schedule, number);
        }
    }

    /// Handles [`InfraEvent::CellAccessDue`].
    pub(super) fn on_access_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
    ) {
        let Some((cells, _, number)) = self.cells_of(device) else { return };
        cells.mobility(number).due = None;
        match cells.radio_state(number) {
            RadioState::Access { to, cause } => self.end_access(schedule, device, to, cause),
            RadioState::Detached => {
                self.set_state(device, RadioState::Idle);
                self.choose_cell(schedule, number);
            }
            _ => {}
        }
    }

    /// A device leaves for a cell, where it is after the interruption.
    fn begin_access<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        to: CellId,
        cause: CellCause,
    ) {
        let now = schedule.now();
        let Some((cells, network, number)) = self.cells_of(device) else { return };
        let interruption = cells.spec().handover.interruption;
        cells.begin_access(network, number, now, to, cause);
        self.set_state(device, RadioState::Access { to, cause });
        if interruption == SimDuration::ZERO {
            self.end_access(schedule, device, to, cause);
        } else {
            self.schedule_access(schedule, device, now + interruption);
        }
    }

    fn end_access<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        to: CellId,
        cause: CellCause,
    ) {
        let Some((cells, _, number)) = self.cells_of(device) else { return };
        let is_up = cells.cell(to).is_up;
        // Who re-establishes a connection has tried already.
        if is_up && (cause == CellCause::Reestablished || cells.try_access(number, to)) {
            return self.enter_cell(schedule, device, to, cause);
        }
        if cells.serving(device).is_some() {
            cells.count_failed_handover();
            self.fail_link(schedule, device);
        } else {
            // Told to come back from another access point or from nowhere.
            self.cancel_access(schedule, device);
            self.set_state(device, RadioState::Idle);
        }
    }

    /// A device is in a cell now.
    fn enter_cell<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        to: CellId,
        cause: CellCause,
    ) {
        self.cancel_access(schedule, device);
        let Some((cells, network, number)) = self.cells_of(device) else { return };
        let site = cells.cell(to).site;
        let change = cells.change(network, number, schedule.now(), Some(to), cause);
        self.notices.push_back(Notice::CellChanged(change));
        let index = self.access_point(site);
        let change = self.motion.attach_to(schedule, device, index);
        self.hand_over_to(schedule, device, change, TransferOutcome::LostToMobility);
    }

    /// The link of a device has failed: it keeps its gNB, and tries to find a cell.
    fn fail_link<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, device: NodeId) {
        let now = schedule.now();
        self.cancel_access(schedule, device);
        let Some((cells, network, number)) = self.cells_of(device) else { return };
        let change = cells.change(network, number, now, None, CellCause::LinkFailure);
        self.notices.push_back(Notice::CellChanged(change));
        self.choose_cell(schedule, number);
    }

    /// A device has no cell any more, and goes to another access point if there is one and it may.
    fn leave_cell<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, device: NodeId) {
        let attached = self.elsewhere(device, schedule.now());
        let cause = if attached.is_some() { CellCause::Fallback } else { CellCause::Lost };
        self.drop_cell(schedule, device, cause, RadioState::Idle);
        let change = self.motion.attach_to(schedule, device, attached);
        self.hand_over_to(schedule, device, change, TransferOutcome::LostToMobility);
    }

    /// Takes the cell of a device, if it has one or is on its way to one.
    pub(super) fn drop_cell<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        cause: CellCause,
        state: RadioState,
    ) {
        self.cancel_access(schedule, device);
        let Some((cells, network, number)) = self.cells_of(device) else { return };
        let searches = matches!(
            cells.radio_state(number),
            RadioState::Searching { .. } | RadioState::Access { cause: CellCause::Reestablished, .. }
        );
        if cells.serving(device).is_some() || searches {
            let change = cells.change(network, number, schedule.now(), None, cause);
            self.notices.push_back(Notice::CellChanged(change));
        }
        self.set_state(device, state);
    }

    /// Puts a device into a state. Detached it chooses no other access point either.
    fn set_state(&mut self, device: NodeId, state: RadioState) {
        let Some((cells, _, number)) = self.cells_of(device) else { return };
        cells.mobility(number).state = state;
        let falls_back = cells.spec().handover.falls_back && state != RadioState::Detached;
        self.motion.obey_cells(device, falls_back);
    }

    /// A device fails or leaves the world: its radio forgets everything.
    pub(super) fn leave_cells<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
    ) {
        if self.cells_of(device).is_none() {
            return;
        }
        self.drop_cell(schedule, device, CellCause::Left, RadioState::Idle);
        if let Some((cells, network, number)) = self.cells_of(device) {
            cells.leave(schedule.now(), network, number);
        }
    }

    /// A device has come into the world or works again: it looks for a cell at once, or for another access point. Whether it
    /// is one of 5G, beside which there is nothing to be done.
    pub(super) fn look_for_cell<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
    ) -> bool {
        let Some((_, _, number)) = self.cells_of(device) else {
            return self.look_for_wifi(schedule, device);
        };
        let now = schedule.now();
        self.with_cells(now, |cells, network, world| {
            cells.renew(now, network, number, (world.find)(device));
        });
        self.choose_cell(schedule, number);
        self.look_for_wifi(schedule, device);
        true
    }

    /// An access point or its radio fails or works again, with its cells if it is a gNB. Devices that lose it select a cell at
    /// once; transfers of those that find none end with `otherwise`.
    pub(super) fn switch_cells<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        site: NodeId,
        otherwise: TransferOutcome,
    ) {
        let Some(own) = self.access_point(site) else { return };
        let radio = self.access_points[own.0 as usize].1;
        let is_up = self.nodes[site.index()].is_available() && self.network.link_is_up(radio);
        let Some(cells) = &mut self.cells else { return };
        cells.set_gnb(site, is_up);
        if is_up {
            return;
        }
        for number in 0..self.cells.as_ref().map_or(0, |cells| cells.devices().len()) {
            let Some(cells) = &mut self.cells else { return };
            let device = cells.devices()[number];
            let is_there = |cell: CellId| cells.cell(cell).site == site;
            let is_coming = match cells.radio_state(number) {
                RadioState::Access { to, .. } => is_there(to),
                _ => false,
            };
            if self.motion.attached(device) == Some(own) {
                self.lose_access_point(schedule, device, number, otherwise);
            } else if is_coming {
                // It stays where it is; a new try is a matter of the next period.
                self.cancel_access(schedule, device);
                let Some((cells, network, number)) = self.cells_of(device) else { return };
                cells.stop_access(network, number, schedule.now());
            }
        }
    }

    /// The access point of a device has failed: its gNB, or another one.
    fn lose_access_point<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        number: usize,
        otherwise: TransferOutcome,
    ) {
        let now = schedule.now();
        let Some(cells) = &mut self.cells else { return };
        let least_dbm = cells.spec().least_dbm;
        let cause = match (cells.serving(device), cells.radio_state(number)) {
            (Some(_), _) => CellCause::CellDown,
            (None, RadioState::Searching { .. }) => CellCause::Reestablished,
            (None, _) => CellCause::Selected,
        };
        cells.look_again(number);
        if let Some(to) = cells.try_select(number, now, least_dbm) {
            return self.enter_cell(schedule, device, to, cause);
        }
        let attached = self.elsewhere(device, now);
        self.drop_cell(schedule, device, CellCause::CellDown, RadioState::Idle);
        let change = self.motion.attach_to(schedule, device, attached);
        self.hand_over_to(schedule, device, change, otherwise);
    }

    pub(super) fn hand_over_to<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        change: Option<Reattached>,
        otherwise: TransferOutcome,
    ) {
        if change.is_some() {
            self.hand_over_or(schedule, device, change, otherwise);
        }
    }

    fn schedule_access<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        time: SimTime,
    ) {
        self.cancel_access(schedule, device);
        let due = schedule.at(time, Phase::Environment, InfraEvent::CellAccessDue(device).into());
        if let Some((cells, _, number)) = self.cells_of(device) {
            cells.mobility(number).due = Some(due);
        }
    }

    fn cancel_access<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, device: NodeId) {
        if let Some((cells, _, number)) = self.cells_of(device)
            && let Some(due) = cells.mobility(number).due.take()
        {
            schedule.cancel(due);
        }
    }

    /// Whether a device can be told to go to an access point.
    fn check_access_point(
        &self,
        device: NodeId,
        index: AccessPointIndex,
        now: SimTime,
    ) -> Result<(), RadioRefusal> {
        match self.motion.reach(device, index, now) {
            Reach::Commanded => Err(RadioRefusal::NoSuchCell),
            Reach::Down => Err(RadioRefusal::CellDown),
            Reach::Outside => Err(RadioRefusal::OutOfRange),
            Reach::Inside if self.motion.attached(device) == Some(index) => Err(RadioRefusal::Same),
            Reach::Inside => Ok(()),
        }
    }

    /// The cells, the network that they change, and the number of a device of 5G.
    fn cells_of(&mut self, device: NodeId) -> Option<(&mut Cells, &mut Network, usize)> {
        let cells = self.cells.as_mut()?;
        let number = cells.number(device)?;
        Some((cells, &mut self.network, number))
    }

    /// The access point of a node. They are in the order of nodes.
    pub(super) fn access_point(&self, node: NodeId) -> Option<AccessPointIndex> {
        let index = self.access_points.binary_search_by_key(&node, |(own, _)| *own).ok()?;
        Some(AccessPointIndex(index as u32))
    }
}

/// Whether a device can be told to go to a cell.
fn check_cell(cells: &Cells, number: usize, cell: CellId, now: SimTime) -> Result<(), RadioRefusal> {
    let own = cells.cells().get(cell.index()).ok_or(RadioRefusal::NoSuchCell)?;
    if !own.is_up {
        return Err(RadioRefusal::CellDown);
    }
    let is_same = match cells.radio_state(number) {
        RadioState::Access { to, .. } => to == cell,
        _ => cells.serving(cells.devices()[number]) == Some(cell),
    };
    if is_same {
        return Err(RadioRefusal::Same);
    }
    if cells.is_barred(number, now, cell) {
        return Err(RadioRefusal::Barred);
    }
    let rsrp_dbm = cells.rsrp_dbm(number, cell).filter(|&dbm| dbm >= cells.spec().least_dbm);
    rsrp_dbm.map(|_| ()).ok_or(RadioRefusal::OutOfRange)
}
