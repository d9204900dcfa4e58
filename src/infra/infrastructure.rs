//! All of the infrastructure together: nodes, compute, network, movement, energy, faults.

use super::accelerators::Accelerators;
use super::applications::Applications;
use super::assets::AssetOffers;
use super::batteries::BatteryState;
use super::cells::Cells;
use super::compute::{Compute, JobRequest, Refusal};
use super::deployments::Deployments;
use super::dynamics::Dynamics;
use super::edgecloudsim::Updates;
use super::event::{InfraEvent, Notice, TransferRecord};
use super::faults::{FaultProcess, Reliability};
use super::feed::{FeedCounts, FeedState};
use super::geometry::{Leg, Position};
use super::ids::{LinkId, NodeId, ProcessorId};
use super::meter::{Meter, TierLoad};
use super::motion::Motion;
use super::network::{Endpoint, Network, NetworkClass};
use super::network_energy::NetworkMeter;
use super::node::{Node, NodeClass, Tier};
use super::offers::Offers;
use super::optical::OpticalLayers;
use super::predicted::{PredictedLoads, Share};
use super::sites::{NodeAccount, SiteState};
use super::vehicles::Vehicles;
use super::virtual_machines::VirtualMachines;
use super::wifi::Wifi;
use crate::energy::Signal;
use crate::engine::{EventHandle, Schedule, SimTime, prefetch};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The modelled hardware and its state. Its methods schedule [`InfraEvent`]s, which are to be handed back
/// to [`Infrastructure::handle`], and leave [`Notice`]s of what has happened.
#[derive(Debug)]
pub struct Infrastructure {
    pub(super) classes: Vec<NodeClass>,
    pub(super) nodes: Vec<Node>,
    pub(super) compute: Compute,
    pub(super) accelerators: Accelerators,
    pub(super) predicted: PredictedLoads,
    pub(super) updates: Updates,
    pub(super) network: Network,
    pub(super) virtual_machines: VirtualMachines,
    pub(super) motion: Motion,
    pub(super) meters: Vec<Meter>,
    pub(super) batteries: Vec<Option<BatteryState>>,
    pub(super) network_energy: NetworkMeter,
    pub(super) tier_loads: [TierLoad; 5],
    /// Nodes with cores, by tier.
    pub(super) by_tier: [Vec<NodeId>; 5],
    pub(super) processor_due: Vec<Option<EventHandle>>,
    /// For each access point its node and radio.
    pub(super) access_points: Vec<(NodeId, LinkId)>,
    pub(super) link_names: Vec<String>,
    pub(super) faults: Vec<FaultProcess>,
    /// Of the nodes that fail at random.
    pub(super) reliability: BTreeMap<NodeId, Reliability>,
    pub(super) node_failures: Vec<u32>,
    /// Counts the changes of which nodes can be used, and for what.
    pub(super) availability_changes: u64,
    pub(super) link_failures: Vec<u32>,
    pub(super) feeds: Vec<FeedState>,
    pub(super) notices: VecDeque<Notice>,
    pub(super) failure: Option<String>,
    /// Whether all nodes of a tier are wired: what is nearest among wireless ones changes as they move.
    pub(super) tier_is_wired: [bool; 5],
    /// The nearest node of a wired tier from a site, as long as no wired node and no link changes. For
    /// look-ups only.
    pub(super) nearest: FxHashMap<(NodeId, Tier), Option<NodeId>>,
    /// Nodes with frequency steps whose jobs have changed, if that is watched.
    pub(super) load_changes: Option<Vec<NodeId>>,
    /// When the run ends, if that is known: what feeds say of that instant and later is of no run.
    pub(super) feeds_end: Option<SimTime>,
    pub(super) watches_movements: bool,
    pub(super) sites: Vec<SiteState>,
    pub(super) signals: BTreeMap<String, Arc<Signal>>,
    /// For each node its part of its site; empty if there are no sites.
    pub(super) node_accounts: Vec<Option<NodeAccount>>,
    pub(super) offers: Offers,
    pub(super) deployments: Deployments,
    pub(super) assets: AssetOffers,
    pub(super) applications: Applications,
    /// What changes as time goes on; `None` if nothing does.
    pub(super) dynamics: Option<Box<Dynamics>>,
    /// 5G cells, if there are any.
    pub(super) cells: Option<Box<Cells>>,
    pub(super) vehicles: Vehicles,
    pub(super) optical: OpticalLayers,
    /// Modelled WiFi, if there is any.
    pub(super) wifi: Option<Box<Wifi>>,
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
        self.schedule_radio(schedule);
        self.on_cells_due(schedule);
        self.on_wifi_due(schedule);
        self.start_chargers(schedule);
        self.start_caps(schedule);
        self.start_perturbations(schedule);
        self.start_vehicles(schedule);
    }

    /// Devices of feeds neither come, move on nor go at `end` and later: what a trace says of the instant at which a
    /// run ends would be in its results, but not in its time.
    pub fn end_feeds_at(&mut self, end: SimTime) {
        self.feeds_end = Some(end);
    }

    /// Leaves [`Notice::Moved`] of each node that is on another leg or attached elsewhere, from now on.
    pub fn watch_movements(&mut self) {
        self.watches_movements = true;
    }

    /// Asks for what an event is likely to touch, before it is handled.
    pub fn prefetch_event(&self, event: &InfraEvent) {
        match event {
            InfraEvent::TransferDue(id) => self.network.prefetch_transfer(*id),
            InfraEvent::UpdateDue(datacenter) => self.prefetch_update(*datacenter),
            InfraEvent::LegEnds(node) | InfraEvent::AttachmentChanges(node) => self.prefetch_node(*node),
            _ => {}
        }
    }

    /// Asks for what is kept of a node that is about to send or receive.
    pub fn prefetch_node(&self, node: NodeId) {
        if let Some(state) = self.nodes.get(node.index()) {
            prefetch(state);
            self.motion.prefetch(node);
            self.network.prefetch_device(node);
        }
    }

    /// Handles one event.
    pub fn handle<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, event: InfraEvent) {
        match event {
            InfraEvent::ProcessorDue(processor) => self.on_processor_due(schedule, processor),
            InfraEvent::AcceleratorDue(group) => self.on_accelerator_due(schedule, group),
            InfraEvent::FlowsDue => {
                let mut ended = smallvec::SmallVec::<[TransferRecord; 4]>::new();
                self.network.on_flows_due(schedule, |record| ended.push(record));
                self.charge_carried(schedule);
                for record in ended {
                    self.note_transfer(schedule, record);
                }
            }
            InfraEvent::TransferDue(id) => match self.network.on_transfer_due(schedule, id) {
                Some(record) => self.note_transfer(schedule, record),
                None => self.charge_carried(schedule),
            },
            InfraEvent::LegEnds(node) => {
                let attaches = self.nodes[node.index()].is_available();
                let change = self.motion.on_leg_ends(schedule, node, attaches);
                self.hand_over(schedule, node, change);
            }
            InfraEvent::AttachmentChanges(node) => {
                let change = self.motion.on_attachment_changes(schedule, node);
                self.hand_over(schedule, node, change);
            }
            InfraEvent::RadioDue => self.on_radio_due(schedule),
            InfraEvent::FeedDue(feed) => self.on_feed_due(schedule, feed),
            InfraEvent::FaultDue(fault) => self.on_fault_due(schedule, fault as usize),
            InfraEvent::BatteryDue(node) => self.on_battery_due(schedule, node),
            InfraEvent::ChargerDue(node) => self.on_charger_due(schedule, node),
            InfraEvent::UpdateDue(datacenter) => self.on_update_due(schedule, datacenter),
            InfraEvent::CapDue(site) => self.on_cap_due(schedule, site),
            InfraEvent::HostsDue => self.on_hosts_due(schedule),
            InfraEvent::HostDue(host) => self.on_host_due(schedule, host),
            InfraEvent::VmDue(vm) => self.on_vm_due(schedule, vm),
            InfraEvent::PerturbationsDue => self.on_perturbations_due(schedule),
            InfraEvent::CellsDue => self.on_cells_due(schedule),
            InfraEvent::VehicleDue(vehicle) => self.on_vehicle_due(schedule, vehicle),
            InfraEvent::WindDue => self.on_wind_due(schedule),
            InfraEvent::CellAccessDue(device) => self.on_access_due(schedule, device),
            InfraEvent::WifiDue => self.on_wifi_due(schedule),
            InfraEvent::WifiReady(device) => self.on_wifi_ready(schedule.now(), device),
        }
    }

    /// The oldest notice that was not taken yet.
    pub fn take_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// Exchanges the notices that were not taken yet for `handled`, which is emptied: so notices need not be moved
    /// one by one. Whether there are any.
    pub fn take_notices(&mut self, handled: &mut VecDeque<Notice>) -> bool {
        if self.notices.is_empty() {
            return false;
        }
        handled.clear();
        std::mem::swap(&mut self.notices, handled);
        true
    }

    /// Why the run cannot go on, if it cannot: an input that broke off.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

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

    /// Virtual machines and their hosts.
    #[must_use]
    pub fn virtual_machines(&self) -> &VirtualMachines {
        &self.virtual_machines
    }

    /// Whether jobs can be submitted to a node: it has cores, and is no host of virtual machines.
    #[must_use]
    pub fn takes_tasks(&self, node: NodeId) -> bool {
        self.class_of(node).cores > 0 && self.virtual_machines.host_of_node(node).is_none()
    }

    /// What is booked on processors by tasks that announce their share of one.
    #[must_use]
    pub fn predicted(&self) -> &PredictedLoads {
        &self.predicted
    }

    /// Whether a share fits on an instance beside what is booked there, and the job would be admitted.
    #[must_use]
    pub fn has_place(&self, processor: ProcessorId, share: Share, job: &JobRequest) -> bool {
        self.predicted.fits(processor, share) && self.compute.admits(processor, job).is_ok()
    }

    /// The instance of a node with the least booked that [has a place](Self::has_place), the first among equals.
    #[must_use]
    pub fn least_booked(&self, node: NodeId, share: Share, job: &JobRequest) -> Option<ProcessorId> {
        let own = self.nodes[node.index()].processors();
        own.filter(|&own| self.has_place(own, share, job)).min_by_key(|&own| self.predicted.on(own))
    }

    /// Mean of what is booked on the instances of a node, as a fraction.
    #[must_use]
    pub fn booked_share(&self, node: NodeId) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for processor in self.nodes[node.index()].processors() {
            sum += self.predicted.on(processor).as_fraction();
            count += 1.0;
        }
        sum / count
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
            // Out of coverage, a device may still reach something by a direct network.
            let alone = || Endpoint { node, site: node, radio: None, rate_limit_bps };
            let alone = || self.network.reaches_everywhere().then(alone);
            let Some(attached) = self.motion.attached(node) else { return alone() };
            let (site, radio) = self.access_points[attached.0 as usize];
            if !self.network.link_is_up(radio) {
                return alone();
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
        self.estimated_transfer_via_s(now, from, to, bytes, None)
    }

    /// The same by the direct network of the class `via`, if there is one between the two.
    pub fn estimated_transfer_via_s(
        &mut self,
        now: SimTime,
        from: NodeId,
        to: NodeId,
        bytes: f64,
        via: Option<NetworkClass>,
    ) -> Option<f64> {
        if from == to {
            return Some(0.0);
        }
        let (from, to) = (self.endpoint(from)?, self.endpoint(to)?);
        self.network.estimated_transfer_via_s(now, from, to, bytes, via)
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
        let nearest = self.nearest_where(from, tier, now, |_, _| true);
        if self.tier_is_wired[tier as usize] {
            self.nearest.insert((site, tier), nearest);
        }
        nearest
    }

    /// The nearest of the nodes of a tier that are `good`, in the same sense.
    pub fn nearest_where(
        &mut self,
        from: NodeId,
        tier: Tier,
        now: SimTime,
        good: impl Fn(&Infrastructure, NodeId) -> bool,
    ) -> Option<NodeId> {
        let site = self.endpoint(from)?.site;
        let place = self.position(site, now);
        let mut best: Option<(u64, f64, NodeId)> = None;
        for index in 0..self.by_tier[tier as usize].len() {
            let node = self.by_tier[tier as usize][index];
            if !good(self, node) {
                continue;
            }
            let Some(to) = self.endpoint(node) else { continue };
            let routed = self.network.routes().latency_between(site, to.site);
            let direct = || self.network.direct_latency(from, node);
            let Some(latency) = routed.or_else(direct) else { continue };
            let distance_m2 = self.position(node, now).squared_distance_m2(place);
            let candidate = (latency.as_nanos(), distance_m2, node);
            if node == site || best.is_none_or(|best| (candidate.0, candidate.1) < (best.0, best.1)) {
                best = Some(candidate);
            }
            if node == site {
                break;
            }
        }
        best.map(|(_, _, node)| node)
    }

    /// The processor of a node on which a job would run: of those that admit it the one with the least
    /// wanted cores for its size, the first among equals.
    ///
    /// # Errors
    /// What is short if none admits it.
    pub fn processor_for(&self, node: NodeId, request: &JobRequest) -> Result<ProcessorId, Refusal> {
        let mut best: Option<(f64, ProcessorId)> = None;
        let mut refusal = Refusal::Cores;
        for processor in self.serving(node) {
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

    /// What has been played of the feeds of positions so far, all of them together.
    #[must_use]
    pub fn feed_counts(&self) -> FeedCounts {
        self.feeds.iter().fold(FeedCounts::default(), |sum, feed| sum.plus(feed.counts))
    }

    /// How reliable a node is in the long run.
    #[must_use]
    pub fn reliability(&self, node: NodeId) -> Reliability {
        self.reliability.get(&node).copied().unwrap_or_default()
    }

    /// Cores that the jobs of a node ask for, divided by the cores there are, and the like of the virtual machines of
    /// a host at its present clock: above one under overload.
    #[must_use]
    pub fn demand_share(&self, node: NodeId) -> f64 {
        if let Some(host) = self.virtual_machines.host_of_node(node) {
            let fleet = self.virtual_machines.fleet();
            return fleet.requested_claim_mips()[host.index()] / fleet.capacity_mips()[host.index()];
        }
        let (mut wanted, mut cores) = (0.0, 0.0);
        for processor in self.serving(node).into_iter().chain(self.deployed_on(node).iter().copied()) {
            wanted += self.compute.wanted_cores(processor);
            cores += self.compute.cores(processor);
        }
        if cores > 0.0 { wanted / cores } else { f64::INFINITY }
    }
}
