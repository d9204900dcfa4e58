//! All of the infrastructure together: nodes, compute, network, movement, energy, faults.

use super::attachment::AccessPointIndex;
use super::compute::{Compute, Job, JobRequest, Refusal};
use super::event::{InfraEvent, JobOutcome, NodeChange, Notice, TransferOutcome, TransferRecord};
use super::faults::{FaultProcess, FaultTarget};
use super::feed::{FeedChange, FeedState};
use super::geometry::{Leg, Position};
use super::ids::{JobId, LinkId, NodeId, Owner, ProcessorId, TransferId};
use super::meter::{BatteryState, Meter, TierLoad};
use super::motion::{Motion, Reattached};
use super::network::{Endpoint, Network, NetworkRefusal};
use super::node::{Node, NodeClass, Tier};
use crate::engine::{EventHandle, Phase, Schedule, SimTime};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// The modelled hardware and its state. Its methods schedule [`InfraEvent`]s, which are to be handed back
/// to [`Infrastructure::handle`], and leave [`Notice`]s of what has happened.
#[derive(Debug)]
pub struct Infrastructure {
    pub(super) classes: Vec<NodeClass>,
    pub(super) nodes: Vec<Node>,
    pub(super) compute: Compute,
    pub(super) network: Network,
    pub(super) motion: Motion,
    pub(super) meters: Vec<Meter>,
    pub(super) batteries: Vec<Option<BatteryState>>,
    pub(super) tier_loads: [TierLoad; 5],
    /// Nodes with cores, by tier.
    pub(super) by_tier: [Vec<NodeId>; 5],
    pub(super) processor_due: Vec<Option<EventHandle>>,
    /// For each access point its node and radio.
    pub(super) access_points: Vec<(NodeId, LinkId)>,
    pub(super) link_names: Vec<String>,
    pub(super) faults: Vec<FaultProcess>,
    pub(super) node_failures: Vec<u32>,
    pub(super) link_failures: Vec<u32>,
    pub(super) feeds: Vec<FeedState>,
    pub(super) notices: VecDeque<Notice>,
    pub(super) failure: Option<String>,
    /// Whether all nodes of a tier are wired: what is nearest among wireless ones changes as they move.
    pub(super) tier_is_wired: [bool; 5],
    /// The nearest node of a wired tier from a site, as long as no wired node and no link changes. For
    /// look-ups only.
    pub(super) nearest: FxHashMap<(NodeId, Tier), Option<NodeId>>,
}

impl Infrastructure {
    /// Schedules the first events: movements, attachments, faults, feeds, batteries.
    pub fn start<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        for index in 0..self.feeds.len() {
            let first = self.feeds[index].start();
            self.schedule_feed(schedule, index as u16, first);
        }
        for index in 0..self.nodes.len() {
            let node = NodeId(index as u32);
            if self.nodes[index].present {
                let change = self.motion.start(schedule, node);
                self.hand_over(schedule, node, change);
            }
            self.refresh(schedule, node, 0.0);
        }
        for index in 0..self.faults.len() {
            self.schedule_fault(schedule, index);
        }
    }

    /// Handles one event.
    pub fn handle<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, event: InfraEvent) {
        match event {
            InfraEvent::ProcessorDue(processor) => self.on_processor_due(schedule, processor),
            InfraEvent::FlowsDue => {
                let mut ended = smallvec::SmallVec::<[TransferRecord; 4]>::new();
                self.network.on_flows_due(schedule, |record| ended.push(record));
                for record in ended {
                    self.note_transfer(schedule, record);
                }
            }
            InfraEvent::TransferDue(id) => {
                let record = self.network.on_transfer_due(schedule.now(), id);
                self.note_transfer(schedule, record);
            }
            InfraEvent::LegEnds(node) => {
                let attaches = self.nodes[node.index()].is_available();
                let change = self.motion.on_leg_ends(schedule, node, attaches);
                self.hand_over(schedule, node, change);
            }
            InfraEvent::AttachmentChanges(node) => {
                let change = self.motion.on_attachment_changes(schedule, node);
                self.hand_over(schedule, node, change);
            }
            InfraEvent::FeedDue(feed) => self.on_feed_due(schedule, feed),
            InfraEvent::FaultDue(fault) => self.on_fault_due(schedule, fault as usize),
            InfraEvent::BatteryEmpty(node) => self.on_battery_empty(schedule, node),
        }
    }

    /// The oldest notice that was not taken yet.
    pub fn take_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// Why the run cannot go on, if it cannot: an input that broke off.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    // Questions.

    /// All nodes; a [`NodeId`] is an index into them.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One node.
    #[must_use]
    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.index()]
    }

    /// All classes.
    #[must_use]
    pub fn classes(&self) -> &[NodeClass] {
        &self.classes
    }

    /// The class of a node.
    #[must_use]
    pub fn class_of(&self, node: NodeId) -> &NodeClass {
        &self.classes[self.nodes[node.index()].class.index()]
    }

    /// The name of a node.
    #[must_use]
    pub fn node_name(&self, node: NodeId) -> String {
        self.class_of(node).node_name(self.nodes[node.index()].number)
    }

    /// The nodes of a tier that have cores, in order.
    #[must_use]
    pub fn compute_nodes(&self, tier: Tier) -> &[NodeId] {
        &self.by_tier[tier as usize]
    }

    /// The load of a tier.
    #[must_use]
    pub fn tier_load(&self, tier: Tier) -> TierLoad {
        self.tier_loads[tier as usize]
    }

    /// Processors and jobs.
    #[must_use]
    pub fn compute(&self) -> &Compute {
        &self.compute
    }

    /// Topology, links and transfers.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The name of a link.
    #[must_use]
    pub fn link_name(&self, link: LinkId) -> &str {
        &self.link_names[link.index()]
    }

    /// The meter of a node.
    #[must_use]
    pub fn meter(&self, node: NodeId) -> &Meter {
        &self.meters[node.index()]
    }

    /// What is left of a node's battery, as a share in 0..=1; `None` if it has none.
    #[must_use]
    pub fn battery_level(&self, node: NodeId, now: SimTime) -> Option<f64> {
        self.batteries[node.index()].as_ref().map(|state| state.battery.level(now))
    }

    /// Where a node is.
    #[must_use]
    pub fn position(&self, node: NodeId, now: SimTime) -> Position {
        self.motion.position(node, now)
    }

    /// The leg that a node is on.
    #[must_use]
    pub fn leg(&self, node: NodeId) -> Leg {
        self.motion.leg(node)
    }

    /// The access point that a device is attached to.
    #[must_use]
    pub fn attached_to(&self, device: NodeId) -> Option<NodeId> {
        self.motion.attached(device).map(|index| self.access_points[index.0 as usize].0)
    }

    /// Where transfers from and to a node enter the network; `None` if it cannot be reached at all.
    #[must_use]
    pub fn endpoint(&self, node: NodeId) -> Option<Endpoint> {
        let state = &self.nodes[node.index()];
        if !state.is_available() {
            return None;
        }
        let class = &self.classes[state.class.index()];
        let rate_limit_bps = class.interface.rate_limit_bps;
        if class.wireless {
            let attached = self.motion.attached(node)?;
            let (site, radio) = self.access_points[attached.0 as usize];
            if !self.network.link_is_up(radio) {
                return None;
            }
            return Some(Endpoint { node, site, radio: Some(radio), rate_limit_bps });
        }
        Some(Endpoint { node, site: node, radio: None, rate_limit_bps })
    }

    /// Seconds that a transfer would take if it were started now and nothing else came or went; zero on
    /// one node; `None` if there is no way or it would be refused.
    pub fn estimated_transfer_s(
        &mut self,
        now: SimTime,
        from: NodeId,
        to: NodeId,
        bytes: f64,
    ) -> Option<f64> {
        if from == to {
            return Some(0.0);
        }
        let (from, to) = (self.endpoint(from)?, self.endpoint(to)?);
        self.network.estimated_transfer_s(now, from, to, bytes)
    }

    /// Whether there is a way between two nodes, O(1); each reaches itself.
    #[must_use]
    pub fn is_reachable(&self, from: NodeId, to: NodeId) -> bool {
        if from == to {
            return self.nodes[from.index()].is_available();
        }
        match (self.endpoint(from), self.endpoint(to)) {
            (Some(from), Some(to)) => self.network.is_connected(from, to),
            _ => false,
        }
    }

    /// Propagation delay in seconds between the sites of two nodes, their radios left out; `None` if
    /// there is no way.
    pub fn latency_s(&mut self, from: NodeId, to: NodeId) -> Option<f64> {
        let (from, to) = (self.endpoint(from)?, self.endpoint(to)?);
        self.network.routes().latency_between(from.site, to.site).map(|latency| latency.as_secs())
    }

    /// The available node of a tier that is nearest to a node: the site where that enters the network, if it
    /// computes, else by propagation delay from there, then distance, then number. `None` if none can be
    /// reached.
    pub fn nearest(&mut self, from: NodeId, tier: Tier, now: SimTime) -> Option<NodeId> {
        let site = self.endpoint(from)?.site;
        if let Some(&known) = self.nearest.get(&(site, tier)) {
            return known;
        }
        let place = self.position(site, now);
        let mut best: Option<(u64, f64, NodeId)> = None;
        for index in 0..self.by_tier[tier as usize].len() {
            let node = self.by_tier[tier as usize][index];
            let Some(to) = self.endpoint(node) else { continue };
            let Some(latency) = self.network.routes().latency_between(site, to.site) else { continue };
            let distance_m2 = self.position(node, now).squared_distance_m2(place);
            let candidate = (latency.as_nanos(), distance_m2, node);
            if node == site || best.is_none_or(|best| (candidate.0, candidate.1) < (best.0, best.1)) {
                best = Some(candidate);
            }
            if node == site {
                break;
            }
        }
        let nearest = best.map(|(_, _, node)| node);
        if self.tier_is_wired[tier as usize] {
            self.nearest.insert((site, tier), nearest);
        }
        nearest
    }

    /// The processor of a node on which a job would run: of those that admit it the one with the least
    /// wanted cores for its size, the first among equals.
    ///
    /// # Errors
    /// What is short if none admits it.
    pub fn processor_for(&self, node: NodeId, request: &JobRequest) -> Result<ProcessorId, Refusal> {
        let mut best: Option<(f64, ProcessorId)> = None;
        let mut refusal = Refusal::Cores;
        for processor in self.nodes[node.index()].processors() {
            match self.compute.admits(processor, request) {
                Err(short) => refusal = short,
                Ok(()) => {
                    let load = self.compute.wanted_cores(processor) / self.compute.cores(processor);
                    if best.is_none_or(|(least, _)| load < least) {
                        best = Some((load, processor));
                    }
                }
            }
        }
        best.map(|(_, processor)| processor).ok_or(refusal)
    }

    /// Cores that the jobs of a node ask for, divided by the cores there are: above one under overload.
    #[must_use]
    pub fn demand_share(&self, node: NodeId) -> f64 {
        let (mut wanted, mut cores) = (0.0, 0.0);
        for processor in self.nodes[node.index()].processors() {
            wanted += self.compute.wanted_cores(processor);
            cores += self.compute.cores(processor);
        }
        if cores > 0.0 { wanted / cores } else { f64::INFINITY }
    }

    // Actions of workloads.

    /// Admits a job to a node.
    ///
    /// # Errors
    /// What is short; [`Refusal::Cores`] if the node is not available at all.
    pub fn submit_job<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        request: JobRequest,
        owner: Owner,
    ) -> Result<JobId, Refusal> {
        if !self.nodes[node.index()].is_available() {
            return Err(Refusal::Cores);
        }
        let processor = self.processor_for(node, &request)?;
        let before = self.compute.busy_cores(processor);
        let job = self.compute.submit(schedule.now(), processor, request, owner)?;
        self.after_change(schedule, processor, before);
        Ok(job)
    }

    /// Takes a job off its node; `None` if it has ended already.
    pub fn cancel_job<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        job: JobId,
    ) -> Option<Job> {
        let processor = self.compute.job(job)?.processor;
        let before = self.compute.busy_cores(processor);
        let ended = self.compute.cancel(schedule.now(), job);
        self.after_change(schedule, processor, before);
        ended
    }

    /// Starts a transfer between two nodes.
    ///
    /// # Errors
    /// If there is no way, or a link takes no more.
    pub fn start_transfer<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        from: NodeId,
        to: NodeId,
        bytes: f64,
        owner: Owner,
    ) -> Result<TransferId, NetworkRefusal> {
        let disconnected = NetworkRefusal::Disconnected;
        let from = self.endpoint(from).ok_or(disconnected)?;
        let to = self.endpoint(to).ok_or(disconnected)?;
        self.network.start(schedule, from, to, bytes, owner)
    }

    /// Ends a transfer without notice to its owner; `None` if it has ended already.
    pub fn abort_transfer<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: TransferId,
        outcome: TransferOutcome,
    ) -> Option<TransferRecord> {
        let record = self.network.abort(schedule, id, outcome)?;
        self.charge_transfer(schedule, &record);
        Some(record)
    }

    // Compute and energy.

    fn on_processor_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        processor: ProcessorId,
    ) {
        let before = self.compute.busy_cores(processor);
        while let Some((id, job)) = self.compute.pop_completed(schedule.now(), processor) {
            self.notices.push_back(Notice::JobEnded { id, job, outcome: JobOutcome::Done });
        }
        self.after_change(schedule, processor, before);
    }

    /// Keeps the event of the next completion, the meter and the battery after jobs came or went.
    fn after_change<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        processor: ProcessorId,
        busy_before: f64,
    ) {
        let due = &mut self.processor_due[processor.index()];
        match (self.compute.next_completion(processor), *due) {
            (Some(time), Some(handle)) if schedule.reschedule(handle, time) => {}
            (Some(time), _) => {
                let event = InfraEvent::ProcessorDue(processor).into();
                *due = Some(schedule.at(time, Phase::Completion, event));
            }
            (None, Some(handle)) => {
                schedule.cancel(handle);
                *due = None;
            }
            (None, None) => {}
        }
        let change = self.compute.busy_cores(processor) - busy_before;
        if change != 0.0 {
            self.refresh(schedule, self.compute.node(processor), change);
        }
    }

    /// Brings meter, tier load and battery up to date when the busy cores of a node change.
    fn refresh<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, node: NodeId, change: f64) {
        let now = schedule.now();
        let state = &self.nodes[node.index()];
        let class = &self.classes[state.class.index()];
        self.tier_loads[state.tier as usize].busy_cores += change;
        let meter = &mut self.meters[node.index()];
        let busy = meter.busy_cores() + change;
        let utilisation = if class.cores > 0 { busy / f64::from(class.cores) } else { 0.0 };
        let power_w = if state.is_available() { class.power.power_w(utilisation) } else { 0.0 };
        meter.set(now, busy, power_w);
        if let Some(state) = &mut self.batteries[node.index()] {
            state.battery.set_power(now, power_w);
            self.arm_battery(schedule, node);
        }
    }

    fn arm_battery<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, node: NodeId) {
        let powered = self.nodes[node.index()].powered;
        let Some(state) = &mut self.batteries[node.index()] else { return };
        let time = state.battery.empty_at();
        if !powered {
            return;
        }
        match state.due {
            Some(due) if schedule.reschedule(due, time) => {}
            _ => {
                let event = InfraEvent::BatteryEmpty(node).into();
                state.due = Some(schedule.at(time, Phase::Environment, event));
            }
        }
    }

    /// Draws the energy of a transfer at both ends.
    fn charge_transfer<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        record: &TransferRecord,
    ) {
        for (node, sends) in [(record.from, true), (record.to, false)] {
            let interface = &self.class_of(node).interface;
            let per_byte =
                if sends { interface.transmit_j_per_byte } else { interface.receive_j_per_byte };
            let energy_j = per_byte * record.sent_bytes;
            if energy_j > 0.0 && record.from != record.to {
                let drawn_j = match &mut self.batteries[node.index()] {
                    Some(state) => state.battery.take(schedule.now(), energy_j),
                    None => energy_j,
                };
                self.meters[node.index()].add_energy(drawn_j);
                self.arm_battery(schedule, node);
            }
        }
    }

    fn note_transfer<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        record: TransferRecord,
    ) {
        self.charge_transfer(schedule, &record);
        self.notices.push_back(Notice::TransferEnded(record));
    }

    // Movement.

    fn hand_over<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        change: Option<Reattached>,
    ) {
        self.hand_over_or(schedule, device, change, TransferOutcome::LostToMobility);
    }

    /// Tells of a change of attachment; transfers that it leaves no way end with `otherwise`.
    fn hand_over_or<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        change: Option<Reattached>,
        otherwise: TransferOutcome,
    ) {
        let Some((from, to)) = change else { return };
        let node_of = |index: AccessPointIndex| self.access_points[index.0 as usize].0;
        let (from, to) = (from.map(node_of), to.map(node_of));
        self.notices.push_back(Notice::Handover { device, from, to });
        let transfers = self.network.transfers_of(device);
        self.lead_around(schedule, &transfers, otherwise);
    }

    /// Leads transfers another way, or ends them with `otherwise` where there is none.
    fn lead_around<E: From<InfraEvent>>(
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
            if let Some(record) = record {
                self.note_transfer(schedule, record);
            }
        }
    }

    fn schedule_feed<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        feed: u16,
        next: Result<Option<SimTime>, String>,
    ) {
        match next {
            Ok(Some(time)) => {
                schedule.at(time, Phase::Environment, InfraEvent::FeedDue(feed).into());
            }
            Ok(None) => {}
            Err(message) => self.failure = Some(message),
        }
    }

    fn on_feed_due<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, feed: u16) {
        let mut changes = Vec::new();
        let state = &mut self.feeds[usize::from(feed)];
        let first = state.first_node;
        let next = state.advance(schedule.now(), |change| changes.push(change));
        for change in changes {
            match change {
                FeedChange::Appears(number, leg) => {
                    let node = NodeId(first + number);
                    self.nodes[node.index()].present = true;
                    self.notices.push_back(Notice::NodeChanged(node, NodeChange::Appeared));
                    self.follow(schedule, node, leg);
                    self.refresh(schedule, node, 0.0);
                }
                FeedChange::Moves(number, leg) => self.follow(schedule, NodeId(first + number), leg),
                FeedChange::Vanishes(number) => {
                    let node = NodeId(first + number);
                    self.nodes[node.index()].present = false;
                    self.take_down(schedule, node, NodeChange::Vanished);
                }
            }
        }
        self.schedule_feed(schedule, feed, next);
    }

    fn follow<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, node: NodeId, leg: Leg) {
        let state = self.nodes[node.index()];
        // A device without energy stays where it is; one that has failed is carried on.
        if state.powered {
            let change = self.motion.set_leg(schedule, node, leg, state.is_available());
            self.hand_over(schedule, node, change);
        }
    }

    // Faults, empty batteries, departures.

    fn schedule_fault<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, index: usize) {
        if let Some(time) = self.faults[index].next(schedule.now()) {
            schedule.at(time, Phase::Environment, InfraEvent::FaultDue(index as u32).into());
        }
    }

    fn on_fault_due<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, index: usize) {
        let fails = self.faults[index].changes.is_multiple_of(2);
        self.faults[index].changes += 1;
        match self.faults[index].target {
            FaultTarget::Node(node) => {
                let failures = &mut self.node_failures[node.index()];
                if count_failure(failures, fails) {
                    self.nodes[node.index()].up = !fails;
                    if fails {
                        self.take_down(schedule, node, NodeChange::Failed);
                    } else {
                        self.bring_up(schedule, node);
                    }
                }
            }
            FaultTarget::Link(link) => {
                if count_failure(&mut self.link_failures[link.index()], fails) {
                    self.nearest.clear();
                    self.network.set_link(link, !fails);
                    self.notices.push_back(Notice::LinkChanged { link, up: !fails });
                    if fails {
                        let hit = self.network.transfers_where(|transfer| transfer.uses(link));
                        self.lead_around(schedule, &hit, TransferOutcome::LostToFault);
                    }
                }
            }
        }
        self.schedule_fault(schedule, index);
    }

    fn on_battery_empty<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, node: NodeId) {
        if let Some(state) = &mut self.batteries[node.index()] {
            state.due = None;
        }
        self.nodes[node.index()].powered = false;
        self.take_down(schedule, node, NodeChange::BatteryEmpty);
    }

    /// Ends all that runs on a node or leads to it, and leads the rest around it. The node's state says
    /// already that it is gone.
    fn take_down<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        why: NodeChange,
    ) {
        if !self.class_of(node).wireless {
            self.nearest.clear();
        }
        self.notices.push_back(Notice::NodeChanged(node, why));
        let (job_outcome, transfer_outcome) = match why {
            NodeChange::BatteryEmpty => (JobOutcome::LostToBattery, TransferOutcome::LostToBattery),
            NodeChange::Vanished => (JobOutcome::LostToMobility, TransferOutcome::LostToMobility),
            _ => (JobOutcome::LostToFault, TransferOutcome::LostToFault),
        };
        for processor in self.nodes[node.index()].processors() {
            let before = self.compute.busy_cores(processor);
            while let Some((id, job)) = self.compute.pop_any(schedule.now(), processor) {
                self.notices.push_back(Notice::JobEnded { id, job, outcome: job_outcome });
            }
            self.after_change(schedule, processor, before);
        }
        self.refresh(schedule, node, 0.0);
        if self.class_of(node).wireless {
            // A failed device may still be carried about; without energy it stays.
            let change = self.motion.halt(schedule, node, why == NodeChange::BatteryEmpty);
            let transfers = self.network.transfers_of(node);
            self.end_transfers(schedule, &transfers, transfer_outcome);
            self.hand_over(schedule, node, change);
            return;
        }
        self.network.set_node(node, false);
        self.switch_access_point(schedule, node, false, transfer_outcome);
        let incident: Vec<LinkId> = (0..)
            .map(LinkId)
            .zip(self.network.links())
            .filter(|(_, link)| link.a == node || link.b == Some(node))
            .map(|(id, _)| id)
            .collect();
        let hit = self.network.transfers_where(|transfer| {
            transfer.ends_at(node) || incident.iter().any(|&link| transfer.uses(link))
        });
        self.lead_around(schedule, &hit, transfer_outcome);
    }

    fn end_transfers<E: From<InfraEvent>>(
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

    fn bring_up<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, node: NodeId) {
        self.nearest.clear();
        self.notices.push_back(Notice::NodeChanged(node, NodeChange::Repaired));
        self.refresh(schedule, node, 0.0);
        if !self.nodes[node.index()].is_available() {
            return;
        }
        if self.class_of(node).wireless {
            let change = self.motion.reattach(schedule, node);
            self.hand_over(schedule, node, change);
        } else {
            self.network.set_node(node, true);
            self.switch_access_point(schedule, node, true, TransferOutcome::LostToMobility);
        }
    }

    /// Devices leave an access point that fails, and may come back when it works again. Transfers that
    /// are left without a way end with `otherwise`.
    fn switch_access_point<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        active: bool,
        otherwise: TransferOutcome,
    ) {
        let Some(index) = self.access_points.iter().position(|(own, _)| *own == node) else { return };
        let index = AccessPointIndex(index as u32);
        self.motion.set_access_point(index, active);
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

/// Counts overlapping failures; whether the state changes.
fn count_failure(failures: &mut u32, fails: bool) -> bool {
    if fails {
        *failures += 1;
        *failures == 1
    } else {
        *failures = failures.saturating_sub(1);
        *failures == 0
    }
}
