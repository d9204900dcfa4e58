//! What an offloading policy can see.

use super::OffloadingDecision;
use crate::apps::OffloadingRequest;
use crate::engine::{SimTime, Stream};
use crate::infra::network::NetworkClass;
use crate::infra::{Infrastructure, NodeId, ProcessorId, Share, Tier};
use crate::records::ColumnSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes of the message with which a way is probed: that of EdgeCloudSim's orchestrators.
const PROBE_BYTES: f64 = 128.0 * 1024.0;

/// A tier that can be named as a place to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TierName {
    /// Devices.
    Device,
    /// Edge nodes.
    Edge,
    /// Fog nodes.
    Fog,
    /// Datacenters.
    Cloud,
    /// Nodes that only forward.
    Network,
}

/// The tiers that tasks are offloaded to, nearest first.
pub(super) fn servers() -> Vec<TierName> {
    vec![TierName::Edge, TierName::Fog, TierName::Cloud]
}

impl From<TierName> for Tier {
    fn from(name: TierName) -> Self {
        match name {
            TierName::Device => Tier::Device,
            TierName::Edge => Tier::Edge,
            TierName::Fog => Tier::Fog,
            TierName::Cloud => Tier::Cloud,
            TierName::Network => Tier::Network,
        }
    }
}

/// The world as an offloading policy sees it: everything can be asked, nothing changed.
#[derive(Debug)]
pub struct OffloadingView<'a> {
    decision: u64,
    pub(super) request: &'a OffloadingRequest,
    pub(super) now: SimTime,
    pub(super) infrastructure: &'a mut Infrastructure,
    random: &'a mut Stream,
    /// The nodes of each tier that have the accelerator which the task cannot do without, if there is one.
    serving: Option<Box<[Vec<NodeId>; Tier::ALL.len()]>>,
}

impl<'a> OffloadingView<'a> {
    /// A view for the decision with this number.
    pub fn new(
        decision: u64,
        request: &'a OffloadingRequest,
        now: SimTime,
        infrastructure: &'a mut Infrastructure,
        random: &'a mut Stream,
    ) -> Self {
        let needed = request.accelerated.filter(|part| part.is_required);
        let serving = needed.map(|part| {
            Box::new(Tier::ALL.map(|tier| {
                let nodes = infrastructure.compute_nodes(tier).iter().copied();
                nodes.filter(|&node| infrastructure.accelerators().can_serve(node, &part)).collect()
            }))
        });
        OffloadingView { decision, request, now, infrastructure, random, serving }
    }

    /// The number of the decision, from 0: what comes of it is told with this number.
    #[must_use]
    pub fn decision(&self) -> u64 {
        self.decision
    }

    /// The task.
    #[must_use]
    pub fn request(&self) -> &OffloadingRequest {
        self.request
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The policy's own random stream.
    pub fn random(&mut self) -> &mut Stream {
        self.random
    }

    /// The device that created the task.
    #[must_use]
    pub fn local(&self) -> NodeId {
        self.request.device
    }

    /// The infrastructure.
    #[must_use]
    pub fn infrastructure(&self) -> &Infrastructure {
        self.infrastructure
    }

    /// The nodes of a tier that have cores, and the accelerator that the task cannot do without, in the order of the
    /// scenario.
    #[must_use]
    pub fn nodes(&self, tier: Tier) -> &[NodeId] {
        match &self.serving {
            Some(serving) => &serving[tier as usize],
            None => self.infrastructure.compute_nodes(tier),
        }
    }

    /// Whether a node works, has energy and is in the world.
    #[must_use]
    pub fn is_available(&self, node: NodeId) -> bool {
        self.infrastructure.node(node).is_available()
    }

    /// Whether a node works, there is a way to it, and it has the accelerator that the task cannot do without.
    #[must_use]
    pub fn is_reachable(&self, node: NodeId) -> bool {
        self.can_serve(node) && self.infrastructure.is_reachable(self.request.device, node)
    }

    /// The share of an instance that the task announces for the tier of a node.
    fn share_on(&self, node: NodeId) -> Share {
        self.request.share_on(self.infrastructure.node(node).tier)
    }

    /// The least booked instance of a node that has a place for the task.
    fn place_on(&self, node: NodeId) -> Option<ProcessorId> {
        self.infrastructure.least_booked(node, self.share_on(node), &self.request.job)
    }

    /// Whether tasks are admitted by the share of an instance that they announce, not by their cores.
    #[must_use]
    pub fn goes_by_shares(&self) -> bool {
        self.request.predicted.is_some()
    }

    /// Whether the share that the task announces fits on an instance beside what is booked there, and it would be
    /// admitted.
    #[must_use]
    pub fn fits_on(&self, processor: ProcessorId) -> bool {
        let share = self.share_on(self.infrastructure.compute().node(processor));
        self.infrastructure.has_place(processor, share, &self.request.job)
    }

    /// What is booked on an instance, as a fraction of it.
    #[must_use]
    pub fn booked(&self, processor: ProcessorId) -> f64 {
        self.infrastructure.predicted().on(processor).as_fraction()
    }

    /// The instances of a node; the node's own processor if it has none.
    pub fn instances(&self, node: NodeId) -> impl Iterator<Item = ProcessorId> + use<> {
        self.infrastructure.node(node).processors()
    }

    /// The instance of these tiers with the least booked on which the share of the task fits, the first among
    /// equals, with its node.
    #[must_use]
    pub fn least_booked(&self, tiers: &[TierName]) -> Option<(NodeId, ProcessorId)> {
        let predicted = self.infrastructure.predicted();
        if let [tier] = tiers
            && let Some(least) = predicted.least((*tier).into())
        {
            let node = self.infrastructure.compute().node(least);
            if self.is_reachable(node) && self.fits_on(least) {
                return Some((node, least));
            }
            if !predicted.fits(least, self.share_on(node)) {
                // There is not more room on any other.
                return None;
            }
        }
        // Something is out of reach or short of other things, or there are several tiers: one by one.
        let mut best: Option<(Share, NodeId, ProcessorId)> = None;
        for &node in tiers.iter().flat_map(|&tier| self.nodes(tier.into())) {
            for processor in self.instances(node) {
                let booked = predicted.on(processor);
                if best.is_none_or(|(least, ..)| booked < least)
                    && self.fits_on(processor)
                    && self.is_reachable(node)
                {
                    best = Some((booked, node, processor));
                }
            }
        }
        best.map(|(_, node, processor)| (node, processor))
    }

    /// Whether a node can be reached and would admit the task now, if need be into its queue.
    #[must_use]
    pub fn admits(&self, node: NodeId) -> bool {
        if self.goes_by_shares() && self.place_on(node).is_none() {
            return false;
        }
        self.is_reachable(node)
            && self.accelerator_s(node).is_some()
            && self.infrastructure.processor_for(node, &self.request.job).is_ok()
            && self.infrastructure.keeps_cap(node, &self.request.job, self.now)
    }

    /// Whether a node would admit the task and has cores free for it.
    #[must_use]
    pub fn has_room(&self, node: NodeId) -> bool {
        if self.goes_by_shares() {
            return self.admits(node);
        }
        self.admits(node) && self.free_cores(node) >= f64::from(self.request.job.cores)
    }

    /// Cores of a node that no job asks for, on the processor where the task would run.
    #[must_use]
    pub fn free_cores(&self, node: NodeId) -> f64 {
        let compute = self.infrastructure.compute();
        match self.infrastructure.processor_for(node, &self.request.job) {
            Ok(processor) => compute.cores(processor) - compute.wanted_cores(processor),
            Err(_) => 0.0,
        }
    }

    /// Cores that the jobs of a node ask for, divided by its cores: above one under overload. If tasks are
    /// admitted by shares: what is booked on its instances, on average.
    #[must_use]
    pub fn load(&self, node: NodeId) -> f64 {
        if self.goes_by_shares() {
            return self.infrastructure.booked_share(node);
        }
        self.infrastructure.demand_share(node)
    }

    /// Million instructions a second of one core of a node, as fast as it runs now.
    #[must_use]
    pub fn mips_per_core(&self, node: NodeId) -> f64 {
        let compute = self.infrastructure.compute();
        let first = self.infrastructure.node(node).processors().next();
        first.map_or(0.0, |processor| compute.mips(processor))
    }

    /// Busy share of a tier's cores, in 0..=1. If tasks are admitted by shares: what is booked on its instances,
    /// on average.
    #[must_use]
    pub fn utilisation(&self, tier: Tier) -> f64 {
        if self.goes_by_shares() {
            return self.infrastructure.predicted().utilisation(tier);
        }
        self.infrastructure.tier_load(tier).utilisation()
    }

    /// The available node of a tier with the least latency from the device: its own access point if that
    /// computes, else by propagation delay from there, then distance, then number.
    pub fn nearest(&mut self, tier: Tier) -> Option<NodeId> {
        let device = self.request.device;
        match self.request.accelerated.filter(|part| part.is_required) {
            None => self.infrastructure.nearest(device, tier, self.now),
            Some(part) => self.infrastructure.nearest_where(device, tier, self.now, |own, node| {
                own.accelerators().can_serve(node, &part)
            }),
        }
    }

    /// The available node of these tiers with the least [load](Self::load) that admits the task, the
    /// first among equals.
    #[must_use]
    pub fn least_loaded(&self, tiers: &[TierName]) -> Option<NodeId> {
        let mut best: Option<(f64, NodeId)> = None;
        for &node in tiers.iter().flat_map(|&tier| self.nodes(tier.into())) {
            let load = self.load(node);
            if best.is_none_or(|(least, _)| load < least) && self.admits(node) {
                best = Some((load, node));
            }
        }
        best.map(|(_, node)| node)
    }

    /// The decision for the [least loaded](Self::least_loaded) node of these tiers; if tasks are admitted by
    /// shares, for the [least booked](Self::least_booked) instance.
    #[must_use]
    pub fn least_loaded_place(&self, tiers: &[TierName]) -> OffloadingDecision {
        if self.goes_by_shares() {
            return self.least_booked(tiers).map_or(OffloadingDecision::Refuse, Into::into);
        }
        self.least_loaded(tiers).into()
    }

    /// The access point that the device is attached to; `None` if it is wired or out of coverage.
    #[must_use]
    pub fn access_point(&self) -> Option<NodeId> {
        self.infrastructure.attached_to(self.request.device)
    }

    /// Transfers over the radio of the device's access point, from devices and to them (all of them
    /// twice if it is half duplex): the load of the wireless network where the device is. `None` without
    /// radio.
    #[must_use]
    pub fn radio_transfers(&self) -> Option<(usize, usize)> {
        let radio = self.infrastructure.endpoint(self.request.device)?.radio?;
        let (down, up) = self.infrastructure.network().link_state(self.now, radio);
        Some((up.unwrap_or(down).transfers, down.transfers))
    }

    /// Bits a second that a message of `probe_bytes` would get from one node to another if it were sent
    /// now, its propagation delay included; `None` if there is no way, it would be refused, or it takes
    /// no time.
    pub fn bandwidth_bps(&mut self, from: NodeId, to: NodeId, probe_bytes: f64) -> Option<f64> {
        let time_s = self.transfer_s(from, to, probe_bytes)?;
        (time_s > 0.0).then(|| 8.0 * probe_bytes / time_s)
    }

    /// Bits a second that a message of 128 KiB would get from the device to the nearest cloud node;
    /// `None` as of [`bandwidth_bps`](Self::bandwidth_bps), or if there is no cloud.
    pub fn cloud_bandwidth_bps(&mut self) -> Option<f64> {
        let cloud = self.nearest(Tier::Cloud)?;
        self.bandwidth_bps(self.request.device, cloud, PROBE_BYTES)
    }

    /// Seconds that a message of 128 KiB would take from the nearest edge node to `node`: the delay of
    /// the network between the sites. `None` if there is no way, or no edge.
    pub fn relay_s(&mut self, node: NodeId) -> Option<f64> {
        let edge = self.nearest(Tier::Edge)?;
        self.transfer_s(edge, node, PROBE_BYTES)
    }

    /// Seconds that `bytes` would take from one node to another if nothing else came or went; `None` if
    /// there is no way, or they would be refused.
    pub fn transfer_s(&mut self, from: NodeId, to: NodeId, bytes: f64) -> Option<f64> {
        self.infrastructure.estimated_transfer_s(self.now, from, to, bytes)
    }

    /// The same by the direct network of this class, if there is one between the two.
    pub fn transfer_via_s(
        &mut self,
        from: NodeId,
        to: NodeId,
        bytes: f64,
        via: Option<NetworkClass>,
    ) -> Option<f64> {
        self.infrastructure.estimated_transfer_via_s(self.now, from, to, bytes, via)
    }

    /// The networks that lead from the device to a node: the usual way as `None`, and direct ones.
    #[must_use]
    pub fn networks_to(&self, node: NodeId) -> Vec<Option<NetworkClass>> {
        let ends =
            self.infrastructure.endpoint(self.request.device).zip(self.infrastructure.endpoint(node));
        ends.map_or_else(Vec::new, |(from, to)| {
            self.infrastructure.network().networks_between(from, to).collect()
        })
    }

    /// Seconds from now to the arrival of the result if the task ran on `node` and nothing else came or
    /// went: upload, wait and execution, download. `None` if it could not run there.
    pub fn completion_s(&mut self, node: NodeId) -> Option<f64> {
        self.completion_via_s(node, None)
    }

    /// The same if input and result take the direct network of this class, where there is one to the node.
    pub fn completion_via_s(&mut self, node: NodeId, via: Option<NetworkClass>) -> Option<f64> {
        if !self.is_available(node) {
            return None;
        }
        let run_s = self.execution_s(node)?;
        let request = self.request;
        let upload_s = self.transfer_via_s(request.device, node, request.upload_bytes, via)?;
        Some(upload_s + run_s + self.transfer_via_s(node, request.device, request.download_bytes, via)?)
    }

    /// Seconds that the task's input would take to `node`: zero on the device itself, `None` if it
    /// cannot be sent there.
    pub fn upload_s(&mut self, node: NodeId) -> Option<f64> {
        self.transfer_s(self.request.device, node, self.request.upload_bytes)
    }

    /// Seconds that the task would wait and run if it came to `node` now; `None` if that would not admit
    /// it.
    #[must_use]
    pub fn execution_s(&self, node: NodeId) -> Option<f64> {
        let job = &self.job_on(node);
        let accelerator_s = self.accelerator_s(node)?;
        let mut processor = self.infrastructure.processor_for(node, job).ok()?;
        if self.goes_by_shares() {
            processor = self.place_on(node)?;
        }
        let cores_s = self.infrastructure.compute().estimated_completion_s(self.now, processor, job);
        Some(cores_s + accelerator_s)
    }

    /// Seconds that the task's result would take back from `node`; `None` if it cannot be sent.
    pub fn download_s(&mut self, node: NodeId) -> Option<f64> {
        self.transfer_s(node, self.request.device, self.request.download_bytes)
    }

    /// Joules that the task costs the device if it runs on `node`: computing there, or sending and
    /// receiving.
    #[must_use]
    pub fn device_energy_j(&self, node: NodeId) -> f64 {
        let class = self.infrastructure.class_of(self.request.device);
        if node == self.request.device {
            return self.computing_energy_j(node);
        }
        class.interface.transmit_j_per_byte * self.request.upload_bytes
            + class.interface.receive_j_per_byte * self.request.download_bytes
    }

    /// What is recorded of this view with the decision, in the order of [`feature_columns`].
    pub fn features(&mut self) -> Features {
        let request = *self.request;
        let device = request.device;
        let level = self.infrastructure.battery_level(device, self.now);
        let edge = self.nearest(Tier::Edge);
        let cloud = self.nearest(Tier::Cloud);
        let upload = |view: &mut Self, node: Option<NodeId>| {
            node.and_then(|node| view.transfer_s(device, node, request.upload_bytes))
        };
        [
            Some(request.job.length_mi),
            Some(request.upload_bytes),
            Some(request.download_bytes),
            request.deadline_s,
            Some(request.delay_sensitivity),
            level,
            Some(self.load(device)),
            edge.map(|node| self.load(node)),
            Some(self.utilisation(Tier::Edge)),
            Some(self.utilisation(Tier::Cloud)),
            upload(self, edge),
            upload(self, cloud),
        ]
    }
}

/// The numbers that describe a decision; `None` where there is nothing to describe.
pub type Features = [Option<f64>; 12];

/// What is recorded of each offloading decision, a column for each of its [`Features`].
#[must_use]
pub fn feature_columns() -> [ColumnSpec; 12] {
    [
        ColumnSpec::float("length_mi", "MI", "work of the task"),
        ColumnSpec::float("upload_bytes", "B", "size of its input"),
        ColumnSpec::float("download_bytes", "B", "size of its result"),
        ColumnSpec::float("deadline_s", "s", "time left to its deadline; null if it has none"),
        ColumnSpec::float("delay_sensitivity", "", "how much its user minds delay, 0 to 1"),
        ColumnSpec::float(
            "battery_level",
            "",
            "share left in the device's battery; null if it has none",
        ),
        ColumnSpec::float("local_load", "", "cores asked for on the device, over its cores"),
        ColumnSpec::float(
            "nearest_edge_load",
            "",
            "the same of the nearest edge node; null if there is none",
        ),
        ColumnSpec::float("edge_utilisation", "", "busy share of the cores of all edge nodes"),
        ColumnSpec::float("cloud_utilisation", "", "busy share of the cores of all cloud nodes"),
        ColumnSpec::float(
            "nearest_edge_upload_s",
            "s",
            "estimated upload to the nearest edge node; null if none",
        ),
        ColumnSpec::float(
            "cloud_upload_s",
            "s",
            "estimated upload to the nearest cloud node; null if none",
        ),
    ]
}
