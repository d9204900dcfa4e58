//! What happens to the infrastructure: movement, faults and repairs, departures.

use super::attachment::AccessPointIndex;
use super::event::{InfraEvent, JobOutcome, NodeChange, Notice, TransferOutcome};
use super::faults::FaultTarget;
use super::feed::FeedChange;
use super::geometry::Leg;
use super::ids::{NodeId, TransferId};
use super::infrastructure::Infrastructure;
use super::motion::Reattached;
use super::network::Attachment;
use crate::engine::{Phase, Schedule, SimTime};

impl Infrastructure {
    pub(super) fn hand_over<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        change: Option<Reattached>,
    ) {
        self.hand_over_or(schedule, device, change, TransferOutcome::LostToMobility);
    }

    /// Tells of a change of attachment; transfers that it leaves no way end with `otherwise`.
    pub(super) fn hand_over_or<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        change: Option<Reattached>,
        otherwise: TransferOutcome,
    ) {
        self.network.set_leg(device, self.motion.leg(device));
        if self.watches_movements && self.motion.moves_or_attaches(device) {
            self.notices.push_back(Notice::Moved(device));
        }
        self.tell_shadowing(device);
        let Some((from, to)) = change else { return };
        let attachment = to.map(|index| {
            let (site, radio) = self.access_points[index.0 as usize];
            Attachment { site, radio }
        });
        self.network.set_attachment(device, attachment);
        let node_of = |index: AccessPointIndex| self.access_points[index.0 as usize].0;
        let (from, to) = (from.map(node_of), to.map(node_of));
        self.note_association(schedule, device, to);
        self.notices.push_back(Notice::Handover { device, from, to });
        let transfers = self.network.transfers_of(device);
        self.lead_around(schedule, &transfers, otherwise);
    }

    /// Leads transfers another way, or ends them with `otherwise` where there is none.
    pub(super) fn lead_around<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        transfers: &[TransferId],
        otherwise: TransferOutcome,
    ) {
        for &id in transfers {
            let Some((from, to)) = self.network.ends(id) else { continue };
            let record = match (self.endpoint(from.node), self.endpoint(to.node)) {
                (Some(from), Some(to)) => self.network.reroute(schedule, id, from, to, otherwise),
                _ => self.network.abort(schedule, id, otherwise),
            };
            match record {
                Some(record) => self.note_transfer(schedule, record),
                None => self.charge_carried(schedule),
            }
        }
    }

    pub(super) fn schedule_feed<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        feed: u16,
        next: Result<Option<SimTime>, String>,
    ) {
        match next {
            Ok(Some(time)) if self.feeds_end.is_none_or(|end| time < end) => {
                schedule.at(time, Phase::Environment, InfraEvent::FeedDue(feed).into());
            }
            Ok(_) => {}
            Err(message) => self.failure = Some(message),
        }
    }

    pub(super) fn on_feed_due<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, feed: u16) {
        let mut changes = Vec::new();
        let state = &mut self.feeds[usize::from(feed)];
        let first = state.first_node;
        let next = state.advance(schedule.now(), |change| changes.push(change));
        for change in changes {
            match change {
                FeedChange::Appears(number, leg) => {
                    let node = NodeId(first + number);
                    self.nodes[node.index()].present = true;
                    self.availability_changes += 1;
                    self.notices.push_back(Notice::NodeChanged(node, NodeChange::Appeared));
                    self.follow(schedule, node, leg);
                    self.look_for_cell(schedule, node);
                    self.refresh(schedule, node, 0.0);
                }
                FeedChange::Moves(number, leg) => self.follow(schedule, NodeId(first + number), leg),
                FeedChange::Vanishes(number) => {
                    let node = NodeId(first + number);
                    self.nodes[node.index()].present = false;
                    self.availability_changes += 1;
                    self.take_down(schedule, node, NodeChange::Vanished);
                }
            }
        }
        self.schedule_feed(schedule, feed, next);
    }

    pub(super) fn follow<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        leg: Leg,
    ) {
        let state = self.nodes[node.index()];
        // A device without energy stays where it is; one that has failed is carried on.
        if state.powered {
            let change = self.motion.set_leg(schedule, node, leg, state.is_available());
            self.hand_over(schedule, node, change);
        }
    }

    pub(super) fn schedule_fault<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        index: usize,
    ) {
        if let Some(time) = self.faults[index].next(schedule.now()) {
            schedule.at(time, Phase::Environment, InfraEvent::FaultDue(index as u32).into());
        }
    }

    pub(super) fn on_fault_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        index: usize,
    ) {
        let fails = self.faults[index].changes.is_multiple_of(2);
        self.faults[index].changes += 1;
        match self.faults[index].target {
            FaultTarget::Node(node) => self.fail_node(schedule, node, fails),
            FaultTarget::Link(link) => self.fail_links(schedule, &[(link, fails)]),
            FaultTarget::Port { layer, switch, port } => self.change_port(layer, switch, port, !fails),
        }
        self.schedule_fault(schedule, index);
    }

    /// Ends all that runs on a node or leads to it, and leads the rest around it. The node's state says
    /// already that it is gone.
    pub(super) fn take_down<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        why: NodeChange,
    ) {
        if !self.class_of(node).wireless {
            self.nearest.clear();
        }
        self.optical.node_changed(node, false);
        self.notices.push_back(Notice::NodeChanged(node, why));
        let (job_outcome, transfer_outcome) = match why {
            NodeChange::BatteryEmpty => (JobOutcome::LostToBattery, TransferOutcome::LostToBattery),
            NodeChange::Vanished => (JobOutcome::LostToMobility, TransferOutcome::LostToMobility),
            _ => (JobOutcome::LostToFault, TransferOutcome::LostToFault),
        };
        self.lose_host(schedule, node);
        for processor in self.processors_of(node) {
            let before = self.compute.busy_cores(processor);
            while let Some((id, job)) = self.compute.pop_any(schedule.now(), processor) {
                self.predicted.end_job(schedule.now(), processor, id);
                self.notices.push_back(Notice::JobEnded { id, job, outcome: job_outcome });
            }
            self.after_change(schedule, processor, before);
        }
        self.clear_accelerators(schedule, node, job_outcome);
        self.refresh(schedule, node, 0.0);
        if self.class_of(node).wireless {
            self.leave_cells(schedule, node);
            // A failed device may still be carried about; without energy it stays.
            let change = self.motion.halt(schedule, node, why == NodeChange::BatteryEmpty);
            let transfers = self.network.transfers_of(node);
            self.end_transfers(schedule, &transfers, transfer_outcome);
            self.hand_over(schedule, node, change);
            self.stop_vehicle(schedule, node, why);
            return;
        }
        self.stop_vehicle(schedule, node, why);
        self.network.set_node(node, false);
        self.switch_access_point(schedule, node, false, transfer_outcome);
        if self.network.transfers() == 0 {
            return;
        }
        let incident = self.network.links_at(node);
        let hit = self.network.transfers_where(|transfer| {
            transfer.ends_at(node) || incident.iter().any(|&link| transfer.uses(link))
        });
        self.lead_around(schedule, &hit, transfer_outcome);
    }

    pub(super) fn end_transfers<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        transfers: &[TransferId],
        outcome: TransferOutcome,
    ) {
        for &id in transfers {
            if let Some(record) = self.network.abort(schedule, id, outcome) {
                self.note_transfer(schedule, record);
            }
        }
    }

    pub(super) fn bring_up<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        why: NodeChange,
    ) {
        self.nearest.clear();
        self.optical.node_changed(node, true);
        self.notices.push_back(Notice::NodeChanged(node, why));
        self.refresh(schedule, node, 0.0);
        self.restore_host(schedule, node);
        let is_available = self.nodes[node.index()].is_available();
        if why == NodeChange::BatteryCharged {
            let class = self.class_of(node);
            let decides = class.device_radio.is_none() && class.wifi_radio.is_none();
            let attaches = is_available && class.wireless && decides;
            let change = self.motion.go_on(schedule, node, attaches);
            self.hand_over(schedule, node, change);
        }
        if !is_available {
            return;
        }
        if self.class_of(node).wireless {
            if !self.look_for_cell(schedule, node) {
                let change = self.motion.reattach(schedule, node);
                self.hand_over(schedule, node, change);
            }
        } else {
            self.network.set_node(node, true);
            self.switch_access_point(schedule, node, true, TransferOutcome::LostToMobility);
        }
    }

    /// Devices leave an access point that fails, and may come back when it works again. Transfers that
    /// are left without a way end with `otherwise`.
    pub(super) fn switch_access_point<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        active: bool,
        otherwise: TransferOutcome,
    ) {
        let Some(index) = self.access_points.iter().position(|(own, _)| *own == node) else { return };
        let index = AccessPointIndex(index as u32);
        self.motion.set_access_point(index, active);
        self.switch_wifi(schedule, node, otherwise);
        self.switch_cells(schedule, node, otherwise);
        let devices: Vec<NodeId> = self
            .motion
            .wireless()
            .filter(|&device| active || self.motion.is_bound_to(device, index))
            .filter(|device| self.nodes[device.index()].is_available())
            .collect();
        for device in devices {
            let change = self.motion.reattach(schedule, device);
            self.hand_over_or(schedule, device, change, otherwise);
        }
    }
}
