//! What happens to WiFi: measurement periods, shares that change with what is sent, devices between their radios.

use super::attachment::AccessPointIndex;
use super::cells::{CellCause, RadioState};
use super::event::{InfraEvent, Notice, TransferOutcome};
use super::geometry::Position;
use super::ids::NodeId;
use super::infrastructure::Infrastructure;
use super::network::{Network, OwnRadio};
use super::wifi::{Access, Find, LinkOption, LinkView, Wifi};
use crate::engine::{Phase, Schedule, SimDuration, SimTime};
use smallvec::SmallVec;

impl Infrastructure {
    /// The modelled WiFi, if there is any.
    #[must_use]
    pub fn wifi(&self) -> Option<&Wifi> {
        self.wifi.as_deref()
    }

    /// The modelled WiFi, for those who take its reports.
    pub fn wifi_mut(&mut self) -> Option<&mut Wifi> {
        self.wifi.as_deref_mut()
    }

    /// Handles [`InfraEvent::WifiDue`], and starts the first period.
    pub(super) fn on_wifi_due<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        let now = schedule.now();
        if self.close_wifi(schedule) {
            self.notices.push_back(Notice::WifiMeasured);
        }
        self.with_wifi(now, |wifi, network, find, find_point| wifi.open(now, network, find, find_point));
        for number in 0..self.wifi.as_ref().map_or(0, |wifi| wifi.stations()) {
            self.choose_link(schedule, number, TransferOutcome::LostToMobility);
        }
        let Some(wifi) = &mut self.wifi else { return };
        wifi.settle_all(now, &mut self.network);
        let period = wifi.period();
        self.network.settle_changes(schedule);
        schedule.after(period, Phase::Environment, InfraEvent::WifiDue.into());
    }

    /// Closes the present period before its time, or at its end, and lets radios draw their energy. Whether there was one, so
    /// that its reports are to be recorded.
    pub fn close_wifi<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) -> bool {
        let now = schedule.now();
        let length_s = self.wifi.as_ref().map_or(0.0, |wifi| now.since(wifi.opened()).as_secs());
        if length_s <= 0.0 {
            return false;
        }
        self.with_wifi(now, |wifi, network, find, _| wifi.close(now, network, find));
        let Some(reports) = self.wifi.as_mut().map(|wifi| wifi.take_reports()) else { return false };
        for report in &reports {
            let drawn_w = self.wifi.as_ref().and_then(|wifi| wifi.drawn_w(report, length_s));
            let drawn_j = drawn_w
                .map_or(0.0, |power_w| self.draw_radio(schedule, report.device, power_w * length_s));
            if let Some(wifi) = &mut self.wifi {
                wifi.count_energy(drawn_j);
            }
        }
        if let Some(wifi) = &mut self.wifi {
            wifi.return_reports(reports);
        }
        true
    }

    /// Does something with the WiFi, if there is any, and what it asks of stations and of access points.
    fn with_wifi<T>(
        &mut self,
        now: SimTime,
        act: impl FnOnce(&mut Wifi, &mut Network, Find<'_>, Find<'_>) -> T,
    ) -> Option<T> {
        let Infrastructure { wifi, network, nodes, motion, access_points, .. } = self;
        let find = |node: NodeId| -> Option<Position> {
            nodes[node.index()].is_available().then(|| motion.position(node, now))
        };
        let radios_up: SmallVec<[bool; 64]> =
            access_points.iter().map(|own| network.link_is_up(own.1)).collect();
        let find_point = |node: NodeId| -> Option<Position> {
            let index = access_points.binary_search_by_key(&node, |own| own.0).ok()?;
            find(node).filter(|_| radios_up[index])
        };
        wifi.as_mut().map(|wifi| act(wifi, network, &find, &find_point))
    }

    /// Settles the shares of channels on which transfers have come or gone, or whose stations have changed.
    pub(super) fn settle_wifi<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        let Some(wifi) = &mut self.wifi else { return };
        if wifi.is_dirty() || self.network.has_touched(OwnRadio::Wifi) {
            wifi.settle(schedule.now(), &mut self.network);
            self.network.settle_changes(schedule);
        }
    }

    /// Handles [`InfraEvent::WifiReady`]: a station has come to its new access point.
    pub(super) fn on_wifi_ready(&mut self, now: SimTime, device: NodeId) {
        let Some(wifi) = &mut self.wifi else { return };
        if let Some(number) = wifi.number(device) {
            wifi.interrupt(now, &mut self.network, number, None);
        }
    }

    /// A device is attached elsewhere: its link of WiFi begins or ends.
    pub(super) fn note_association<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        to: Option<NodeId>,
    ) {
        let now = schedule.now();
        let Some(wifi) = &mut self.wifi else { return };
        let Some(number) = wifi.number(device) else { return };
        if let Some(due) = wifi.interrupt(now, &mut self.network, number, None) {
            schedule.cancel(due);
        }
        let interruption = wifi.spec().interruption;
        if wifi.attached(now, &mut self.network, device, to) && interruption > SimDuration::ZERO {
            let event = InfraEvent::WifiReady(device).into();
            let due = schedule.after(interruption, Phase::Environment, event);
            wifi.interrupt(now, &mut self.network, number, Some(due));
        }
    }

    /// Whether the link choice says when a device goes to a cell.
    pub(super) fn has_link_choice(&self, device: NodeId) -> bool {
        self.wifi.as_ref().is_some_and(|wifi| wifi.number(device).is_some())
    }

    /// A device has come into the world or works again: it measures, and takes a link at once. Whether it is a station.
    pub(super) fn look_for_wifi<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
    ) -> bool {
        let Some(number) = self.wifi.as_ref().and_then(|wifi| wifi.number(device)) else { return false };
        self.measure_wifi(schedule.now(), number);
        if self.wifi.as_ref().is_some_and(|wifi| wifi.has_begun()) {
            self.choose_link(schedule, number, TransferOutcome::LostToMobility);
        }
        true
    }

    fn measure_wifi(&mut self, now: SimTime, number: usize) {
        self.with_wifi(now, |wifi, network, find, _| {
            let place = find(wifi.node(number));
            wifi.measure(now, network, number, place);
        });
    }

    /// An access point or its radio fails or works again. Stations that lose it take another link at once, or none: transfers
    /// that are left without a way end with `otherwise`.
    pub(super) fn switch_wifi<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        site: NodeId,
        otherwise: TransferOutcome,
    ) {
        let Some(own) = self.access_point(site) else { return };
        let radio = self.access_points[own.0 as usize].1;
        let is_up = self.nodes[site.index()].is_available() && self.network.link_is_up(radio);
        let Some(wifi) = &mut self.wifi else { return };
        wifi.set_point(site, is_up);
        if is_up {
            return;
        }
        for number in wifi.stations_of(site) {
            self.measure_wifi(schedule.now(), number as usize);
            self.choose_link(schedule, number as usize, otherwise);
        }
    }

    /// The access point that a device without a cell goes to by itself, if it may and there is one.
    pub(super) fn elsewhere(&self, device: NodeId, now: SimTime) -> Option<AccessPointIndex> {
        let candidate = self.wifi.as_ref().and_then(|wifi| wifi.candidate(wifi.number(device)?));
        let falls_back = self.cells.as_ref().is_none_or(|cells| cells.spec().handover.falls_back);
        let wifi = candidate.filter(|_| falls_back).and_then(|node| self.access_point(node));
        wifi.or_else(|| self.motion.elsewhere(device, now))
    }

    /// Which of its ways into the network a device has.
    fn access_of(&self, device: NodeId) -> Option<Access> {
        let index = self.motion.attached(device)?;
        let node = self.access_points[index.0 as usize].0;
        Some(if self.wifi.as_ref().is_some_and(|wifi| wifi.is_point(node)) {
            Access::Wifi
        } else if self.class_of(node).gnb.is_some() && self.cells.is_some() {
            Access::Cells
        } else {
            Access::AccessPoint
        })
    }

    /// Takes a station to the link that it chooses. On its way into a cell, and where it was told to have none, it has no
    /// choice.
    fn choose_link<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        number: usize,
        otherwise: TransferOutcome,
    ) {
        let now = schedule.now();
        let Some(wifi) = &self.wifi else { return };
        let device = wifi.node(number);
        if !self.nodes[device.index()].is_available() {
            return;
        }
        let candidate = wifi.candidate(number);
        let mut options: SmallVec<[LinkOption; 3]> = SmallVec::new();
        let attached = self.motion.attached(device);
        // What it has is more than what one more would find there, and says nothing of another access point.
        let has_bps = match candidate.and_then(|node| self.access_point(node)) {
            Some(index) if attached == Some(index) => {
                self.network.own_rates_bps(OwnRadio::Wifi, device)[0]
            }
            _ => 0.0,
        };
        options.extend(candidate.and_then(|_| wifi.expected(number)).map(|(dbm, rate_bps)| {
            let rate_bps = rate_bps.max(has_bps);
            LinkOption { access: Access::Wifi, rate_bps, signal_dbm: Some(dbm) }
        }));
        let in_cells = self.cells.as_ref().and_then(|cells| cells.number(device));
        if let (Some(cells), Some(own)) = (&mut self.cells, in_cells) {
            if matches!(cells.radio_state(own), RadioState::Access { .. } | RadioState::Detached) {
                return;
            }
            options.extend(cells.expected(own, now).map(|(dbm, rate_bps)| LinkOption {
                access: Access::Cells,
                rate_bps,
                signal_dbm: Some(dbm),
            }));
        }
        let plain = self.motion.plain(device, now);
        options.extend(plain.map(|index| {
            let node = self.access_points[index.0 as usize].0;
            let whole_bps =
                self.class_of(node).access_point.as_ref().map_or(0.0, |own| own.radio.downlink_bps);
            let others = self.network.population(node) - u32::from(attached == Some(index));
            let rate_bps = whole_bps / f64::from(others + 1);
            LinkOption { access: Access::AccessPoint, rate_bps, signal_dbm: None }
        }));
        let current = self.access_of(device);
        let view = LinkView { now, device, current, options: &options };
        let Some(wifi) = &self.wifi else { return };
        let chosen = wifi.spec().choice.choose(&view).filter(|&access| view.option(access).is_some());
        match chosen {
            Some(Access::Cells) if current == Some(Access::Cells) => {}
            Some(Access::Cells) => self.go_to_cells(schedule, device),
            Some(Access::Wifi) => {
                let to = candidate.and_then(|node| self.access_point(node));
                self.go_elsewhere(schedule, device, to, otherwise);
            }
            Some(Access::AccessPoint) => self.go_elsewhere(schedule, device, plain, otherwise),
            None => self.go_elsewhere(schedule, device, None, otherwise),
        }
    }

    /// Takes a device off its cell, if it has one, and to an access point that is none, or to nothing.
    fn go_elsewhere<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        to: Option<AccessPointIndex>,
        otherwise: TransferOutcome,
    ) {
        if self.motion.attached(device) == to {
            return;
        }
        let state = if to.is_some() { RadioState::Elsewhere } else { RadioState::Idle };
        self.drop_cell(schedule, device, CellCause::Commanded, state);
        let change = self.motion.attach_to(schedule, device, to);
        self.hand_over_to(schedule, device, change, otherwise);
    }
}
