//! What happens to cells: measurement periods, and shares of cells that change with what is sent.

use super::cells::{Cells, Whereabouts};
use super::event::{InfraEvent, Notice};
use super::ids::NodeId;
use super::infrastructure::Infrastructure;
use super::network::OwnRadio;
use crate::engine::{Phase, Schedule, SimTime};

impl Infrastructure {
    /// The 5G cells, if there are any.
    #[must_use]
    pub fn cells(&self) -> Option<&Cells> {
        self.cells.as_deref()
    }

    /// The 5G cells, for those who take their reports.
    pub fn cells_mut(&mut self) -> Option<&mut Cells> {
        self.cells.as_deref_mut()
    }

    /// Handles [`InfraEvent::CellsDue`], and starts the first period.
    pub(super) fn on_cells_due<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        let now = schedule.now();
        if self.close_cells(now) {
            self.notices.push_back(Notice::CellsMeasured);
        }
        self.with_cells(now, |cells, network, world| cells.open(now, network, world));
        self.decide_cells(schedule);
        let Some(cells) = &mut self.cells else { return };
        cells.settle_all(now, &mut self.network);
        let period = cells.period();
        self.network.settle_changes(schedule);
        schedule.after(period, Phase::Environment, InfraEvent::CellsDue.into());
    }

    /// Closes the present period before its time, or at its end. Whether there was one, so that its reports are to be
    /// recorded.
    pub fn close_cells(&mut self, now: SimTime) -> bool {
        self.with_cells(now, |cells, network, world| {
            let is_open = now > cells.opened();
            cells.close(now, network, world);
            is_open
        })
        .unwrap_or(false)
    }

    /// Does something with the cells, if there are any, and what they ask of nodes.
    pub(super) fn with_cells<T>(
        &mut self,
        now: SimTime,
        act: impl FnOnce(&mut Cells, &mut super::network::Network, &Whereabouts<'_>) -> T,
    ) -> Option<T> {
        let Infrastructure { cells, network, nodes, motion, classes, access_points, .. } = self;
        let find = |node: NodeId| {
            if !nodes[node.index()].is_available() {
                return None;
            }
            let leg = motion.leg(node);
            let speed_m_per_s = if now < leg.arrive { leg.speed_at(now) } else { 0.0 };
            Some((leg.position(now), speed_m_per_s))
        };
        let is_available = |node: NodeId| nodes[node.index()].is_available();
        let is_gnb = |site: NodeId| classes[nodes[site.index()].class.index()].gnb.is_some();
        let is_elsewhere = |node: NodeId| {
            motion.attached(node).is_some_and(|own| !is_gnb(access_points[own.0 as usize].0))
        };
        let world =
            Whereabouts { find: &find, is_available: &is_available, is_elsewhere: &is_elsewhere };
        cells.as_mut().map(|cells| act(cells, network, &world))
    }

    /// Settles the shares of cells in which transfers have come or gone, or whose devices have changed.
    pub(super) fn settle_cells<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        let Some(cells) = &mut self.cells else { return };
        if cells.is_dirty() || self.network.has_touched(OwnRadio::Cells) {
            cells.settle(schedule.now(), &mut self.network);
            self.network.settle_changes(schedule);
        }
    }
}
