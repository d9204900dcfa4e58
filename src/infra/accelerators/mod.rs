//! Accelerators: GPUs and the like, whose time is modelled.
//!
//! A node has groups of equal devices. A task comes to one after its part on the cores, waits until a device has the
//! share and the memory that it asks for, and takes
//!
//! ```text
//! launch + context switch, if others are on the device
//!   + latency + input / bandwidth   (from the node to the device)
//!   + work / (speed x share)        (or the time of its memory traffic, if that is longer)
//!   + latency + output / bandwidth  (back)
//! ```
//!
//! While it computes, the device is busy. Each device has one clock of work: the mark at which a task is done is
//! fixed when it begins to compute, and who comes and goes only changes how fast the clock runs. So ends are exact,
//! at O(log n) an event, and nothing is polled.

mod group;
mod service;
mod spec;

pub use spec::{
    ACCELERATOR_PRESETS, AcceleratorPreset, AcceleratorRequest, AcceleratorShare, AcceleratorSharing,
    AcceleratorSpec, MOST_MEASURED, MeasuredTimes,
};

use super::compute::Refusal;
use super::ids::{AcceleratorGroupId, AcceleratorJobId, NodeId, Owner};
use crate::engine::{ABSENT, EventHandle, SimTime};
use group::Group;
use slab::Slab;
use std::ops::Range;

/// Where a task is on its way over a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    /// Launch and input.
    Before,
    Computing,
    /// Output.
    After,
}

/// A task's part on an accelerator, from its admission to its end.
#[derive(Clone, Debug)]
pub struct AcceleratorJob {
    /// Who is told of its end.
    pub owner: Owner,
    /// Where it runs or waits.
    pub group: AcceleratorGroupId,
    /// What it asked for.
    pub request: AcceleratorRequest,
    /// When it was admitted.
    pub admitted: SimTime,
    /// When it came to a device; `None` while it waits.
    pub started: Option<SimTime>,
    units: u64,
    device: u32,
    stage: Stage,
}

/// All tasks on accelerators that have not ended.
#[derive(Debug, Default)]
struct Jobs {
    live: Slab<AcceleratorJob>,
    /// For each its place among those that compute, or among the timers.
    places: Vec<u32>,
}

/// What a group has done and used.
#[derive(Clone, Copy, Debug, Default)]
struct GroupMeter {
    since: SimTime,
    busy: f64,
    power_w: f64,
    busy_s: f64,
    energy_j: f64,
}

impl GroupMeter {
    fn set(&mut self, now: SimTime, busy: f64, power_w: f64) {
        let seconds = now.since(self.since).as_secs();
        self.busy_s += self.busy * seconds;
        self.energy_j += self.power_w * seconds;
        (self.since, self.busy, self.power_w) = (now, busy, power_w);
    }
}

/// The accelerators of all nodes.
#[derive(Debug, Default)]
pub struct Accelerators {
    groups: Vec<Group>,
    meters: Vec<GroupMeter>,
    due: Vec<Option<EventHandle>>,
    /// For each node its first group, and the end; empty if there are no groups at all.
    first: Vec<u32>,
    jobs: Jobs,
}

impl Accelerators {
    /// Adds the groups of the next node. Each node is to be added.
    pub(super) fn add_node(&mut self, node: NodeId, specs: &[AcceleratorSpec]) {
        if self.first.is_empty() && specs.is_empty() {
            return;
        }
        // Nodes that came before the first one with accelerators have none.
        self.first.resize(node.index() + 1, self.groups.len() as u32);
        for spec in specs {
            self.groups.push(Group::new(node, spec.clone()));
            self.meters.push(GroupMeter::default());
            self.due.push(None);
        }
        self.first.push(self.groups.len() as u32);
    }

    /// Whether no node has any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// All groups, by node and then as its class lists them.
    pub fn groups(&self) -> impl Iterator<Item = AcceleratorGroupId> + use<> {
        (0..self.groups.len() as u32).map(AcceleratorGroupId)
    }

    fn range(&self, node: NodeId) -> Range<usize> {
        match (self.first.get(node.index()), self.first.get(node.index() + 1)) {
            (Some(&first), Some(&end)) => first as usize..end as usize,
            _ => 0..0,
        }
    }

    /// The groups of a node.
    pub fn of_node(&self, node: NodeId) -> impl Iterator<Item = AcceleratorGroupId> + use<> {
        self.range(node).map(|index| AcceleratorGroupId(index as u32))
    }

    /// What a group is.
    #[must_use]
    pub fn spec(&self, group: AcceleratorGroupId) -> &AcceleratorSpec {
        &self.groups[group.index()].spec
    }

    /// The node of a group.
    #[must_use]
    pub fn node(&self, group: AcceleratorGroupId) -> NodeId {
        self.groups[group.index()].node
    }

    /// Devices of a group that compute, as a sum of shares.
    #[must_use]
    pub fn busy_devices(&self, group: AcceleratorGroupId) -> f64 {
        self.groups[group.index()].busy_devices()
    }

    /// Tasks on the devices of a group.
    #[must_use]
    pub fn running(&self, group: AcceleratorGroupId) -> u64 {
        self.groups[group.index()].running()
    }

    /// Tasks that wait for a group.
    #[must_use]
    pub fn waiting(&self, group: AcceleratorGroupId) -> usize {
        self.groups[group.index()].waiting()
    }

    /// Bytes of memory that tasks hold on the devices of a group.
    #[must_use]
    pub fn held_bytes(&self, group: AcceleratorGroupId) -> f64 {
        self.groups[group.index()].held_bytes()
    }

    /// Tasks that a group has done.
    #[must_use]
    pub fn done(&self, group: AcceleratorGroupId) -> u64 {
        self.groups[group.index()].done
    }

    /// Seconds that the devices of a group have computed, together.
    #[must_use]
    pub fn busy_s(&self, group: AcceleratorGroupId, now: SimTime) -> f64 {
        let meter = &self.meters[group.index()];
        meter.busy_s + meter.busy * now.since(meter.since).as_secs()
    }

    /// Joules that the devices of a group have used. They are part of their node's.
    #[must_use]
    pub fn energy_j(&self, group: AcceleratorGroupId, now: SimTime) -> f64 {
        let meter = &self.meters[group.index()];
        meter.energy_j + meter.power_w * now.since(meter.since).as_secs()
    }

    /// A task that has not ended.
    #[must_use]
    pub fn job(&self, job: AcceleratorJobId) -> Option<&AcceleratorJob> {
        self.jobs.live.get(job.index())
    }

    /// Whether a node has devices on which this can run, be they free or not.
    #[must_use]
    pub fn can_serve(&self, node: NodeId, request: &AcceleratorRequest) -> bool {
        self.groups[self.range(node)].iter().any(|group| group.spec.units(request).is_some())
    }

    /// Seconds that it would wait and run on a node if it came there now and nothing else came or went; `None` if it
    /// would not be admitted.
    #[must_use]
    pub fn estimated_s(&self, now: SimTime, node: NodeId, request: &AcceleratorRequest) -> Option<f64> {
        self.best_group(now, node, request).map(|(_, seconds)| seconds).ok()
    }

    /// Devices of a type or class that tasks hold or wait for, over the devices that a node has; `None` if it has
    /// none.
    #[must_use]
    pub fn load(&self, node: NodeId, kind: u16) -> Option<f64> {
        let own = self.groups[self.range(node)].iter().filter(|group| group.spec.is_a(kind));
        let (mut wanted, mut count) = (0.0, 0.0);
        for group in own {
            wanted += group.wanted_devices();
            count += f64::from(group.spec.count);
        }
        (count > 0.0).then(|| wanted / count)
    }

    /// Bytes of memory of the devices of a type or class that are neither held nor waited for, and all bytes; `None`
    /// if a node has none.
    #[must_use]
    pub fn memory_bytes(&self, node: NodeId, kind: u16) -> Option<(f64, f64)> {
        let (mut free, mut all, mut any) = (0.0, 0.0, false);
        for group in self.groups[self.range(node)].iter().filter(|group| group.spec.is_a(kind)) {
            any = true;
            free += group.free_bytes();
            all += group.spec.memory_bytes * f64::from(group.spec.count);
        }
        any.then_some((free, all))
    }

    /// Joules that the devices of a node use for it beyond what they use when idle, on the group where it would run;
    /// `None` if it would not be admitted.
    #[must_use]
    pub fn energy_of_j(&self, now: SimTime, node: NodeId, request: &AcceleratorRequest) -> Option<f64> {
        let (group, _) = self.best_group(now, node, request).ok()?;
        let spec = self.spec(group);
        Some((spec.max_w - spec.idle_w) * spec.times(request).work_s)
    }

    /// The group of a node where it would be done first, the first among equals, with the seconds that it takes.
    fn best_group(
        &self,
        now: SimTime,
        node: NodeId,
        request: &AcceleratorRequest,
    ) -> Result<(AcceleratorGroupId, f64), Refusal> {
        let mut best: Option<(AcceleratorGroupId, f64)> = None;
        let mut refusal = Refusal::Accelerator;
        for index in self.range(node) {
            let group = &self.groups[index];
            match group.estimated_s(now, request) {
                Some(seconds) if best.is_none_or(|(_, least)| seconds < least) => {
                    best = Some((AcceleratorGroupId(index as u32), seconds));
                }
                None if group.admits(request) == Err(Refusal::Queue) => refusal = Refusal::Queue,
                _ => {}
            }
        }
        best.ok_or(refusal)
    }

    fn submit(
        &mut self,
        now: SimTime,
        node: NodeId,
        mut request: AcceleratorRequest,
        owner: Owner,
    ) -> Result<AcceleratorJobId, Refusal> {
        // Whole bytes, whose sums are exact.
        request.memory_bytes = request.memory_bytes.ceil();
        let (group, _) = self.best_group(now, node, &request)?;
        let units = self.groups[group.index()].admits(&request)?;
        let id = self.jobs.live.insert(AcceleratorJob {
            owner,
            group,
            request,
            admitted: now,
            started: None,
            units,
            device: 0,
            stage: Stage::Waiting,
        });
        if self.jobs.places.len() <= id {
            self.jobs.places.resize(id + 1, ABSENT);
        }
        self.groups[group.index()].admit(now, id as u32, &mut self.jobs);
        Ok(AcceleratorJobId(id as u32))
    }

    fn cancel(&mut self, now: SimTime, job: AcceleratorJobId) -> Option<AcceleratorJob> {
        let group = self.jobs.live.get(job.index())?.group;
        self.groups[group.index()].remove(now, job.0, &mut self.jobs)
    }

    fn pop_done(
        &mut self,
        now: SimTime,
        group: AcceleratorGroupId,
    ) -> Option<(AcceleratorJobId, AcceleratorJob)> {
        self.groups[group.index()].pop_done(now, &mut self.jobs)
    }

    fn pop_any(
        &mut self,
        now: SimTime,
        group: AcceleratorGroupId,
    ) -> Option<(AcceleratorJobId, AcceleratorJob)> {
        let id = AcceleratorJobId(self.groups[group.index()].any_job()?);
        self.cancel(now, id).map(|job| (id, job))
    }

    /// Devices of a node, and those of them that compute, as sums of shares.
    pub(super) fn devices(&self, node: NodeId) -> (f64, f64) {
        let own = self.groups[self.range(node)].iter();
        own.fold((0.0, 0.0), |(count, busy), group| {
            (count + f64::from(group.spec.count), busy + group.busy_devices())
        })
    }

    /// Watts of a group as it is: idle power, and the rest by its busy share.
    fn group_w(&self, index: usize) -> f64 {
        let group = &self.groups[index];
        let spec = &group.spec;
        f64::from(spec.count) * spec.idle_w + group.busy_devices() * (spec.max_w - spec.idle_w)
    }

    /// Watts of the devices of a node that is on.
    pub(super) fn power_w(&self, node: NodeId) -> f64 {
        self.range(node).map(|index| self.group_w(index)).sum()
    }

    /// Notes what the devices of a node do from now on, and whether they have power.
    pub(super) fn meter(&mut self, now: SimTime, node: NodeId, is_on: bool) {
        for index in self.range(node) {
            let power_w = if is_on { self.group_w(index) } else { 0.0 };
            let busy = self.groups[index].busy_devices();
            self.meters[index].set(now, busy, power_w);
        }
    }
}

#[cfg(test)]
mod tests;
