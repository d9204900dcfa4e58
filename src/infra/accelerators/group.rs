//! The equal accelerators of a node: their devices, what runs on these, and what waits.

use super::spec::{AcceleratorRequest, AcceleratorSharing, AcceleratorSpec};
use super::{AcceleratorJob, Jobs, Stage};
use crate::engine::{ABSENT, IndexedHeap, SimDuration, SimTime};
use crate::infra::compute::Refusal;
use crate::infra::ids::{AcceleratorJobId, NodeId};
use std::collections::VecDeque;

/// One accelerator.
#[derive(Clone, Debug, Default)]
struct Device {
    /// Units promised to the tasks on it.
    held: u64,
    /// Bytes of its memory that they hold.
    memory_bytes: f64,
    /// Tasks on it.
    tasks: u32,
    /// Units of those that compute.
    computing: u64,
    /// What a task that is promised all of it has got since the device was last idle, in seconds of the device.
    clock_s: f64,
    since: SimTime,
    /// Those that compute, by the clock at their end, then number.
    running: IndexedHeap<(f64, u32)>,
}

/// Equal accelerators of a node.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) node: NodeId,
    pub(super) spec: AcceleratorSpec,
    devices: Vec<Device>,
    /// What a device is divided into.
    capacity: u64,
    /// Tasks whose launch, input or output is under way, by its end.
    timers: IndexedHeap<(SimTime, u32)>,
    /// Devices on which something computes, by the time of the next end.
    device_due: IndexedHeap<(SimTime, u32)>,
    device_places: Vec<u32>,
    waiting: VecDeque<u32>,
    waiting_units: u64,
    /// Seconds of a device that the waiting tasks take.
    waiting_s: f64,
    waiting_bytes: f64,
    /// Units in use.
    busy: u64,
    pub(super) done: u64,
}

impl Device {
    /// How fast the clock runs.
    fn rate(&self, sharing: AcceleratorSharing, capacity: u64) -> f64 {
        match sharing {
            AcceleratorSharing::Fraction if self.computing > 0 => {
                capacity as f64 / self.computing as f64
            }
            _ => 1.0,
        }
    }

    fn clock_at(&self, now: SimTime, rate: f64) -> f64 {
        // From zero while nothing computes, so that precision does not decay over a long run.
        if self.running.is_empty() { 0.0 } else { self.clock_s + rate * now.since(self.since).as_secs() }
    }

    /// Units in use.
    fn busy(&self, sharing: AcceleratorSharing, capacity: u64) -> u64 {
        match sharing {
            AcceleratorSharing::Fraction if self.computing > 0 => capacity,
            _ => self.computing,
        }
    }
}

impl Group {
    pub(super) fn new(node: NodeId, spec: AcceleratorSpec) -> Self {
        let count = spec.count as usize;
        Group {
            node,
            devices: vec![Device::default(); count],
            capacity: spec.capacity(),
            timers: IndexedHeap::default(),
            device_due: IndexedHeap::default(),
            device_places: vec![ABSENT; count],
            waiting: VecDeque::new(),
            waiting_units: 0,
            waiting_s: 0.0,
            waiting_bytes: 0.0,
            busy: 0,
            done: 0,
            spec,
        }
    }

    /// Devices in use, as a sum of shares.
    pub(super) fn busy_devices(&self) -> f64 {
        self.busy as f64 / self.capacity as f64
    }

    pub(super) fn running(&self) -> u64 {
        self.devices.iter().map(|device| u64::from(device.tasks)).sum()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn held_bytes(&self) -> f64 {
        self.devices.iter().map(|device| device.memory_bytes).sum()
    }

    /// Bytes of memory that are neither held nor waited for.
    pub(super) fn free_bytes(&self) -> f64 {
        let all = self.spec.memory_bytes * f64::from(self.spec.count);
        (all - self.held_bytes() - self.waiting_bytes).max(0.0)
    }

    /// Devices that tasks hold or wait for, as a sum of shares.
    pub(super) fn wanted_devices(&self) -> f64 {
        let held: u64 = self.devices.iter().map(|device| device.held).sum();
        (held + self.waiting_units) as f64 / self.capacity as f64
    }

    /// The device on which a task could start now: of those with room the one with the least promised, then the most
    /// free memory, the first among equals.
    fn place_for(&self, units: u64, memory_bytes: f64) -> Option<usize> {
        let fits = |device: &Device| {
            device.held + units <= self.capacity
                && device.memory_bytes + memory_bytes <= self.spec.memory_bytes
        };
        let mut best: Option<((u64, f64), usize)> = None;
        for (index, device) in self.devices.iter().enumerate().filter(|(_, device)| fits(device)) {
            let taken = (device.held, device.memory_bytes);
            if best.is_none_or(|(least, _)| taken < least) {
                best = Some((taken, index));
            }
        }
        best.map(|(_, index)| index)
    }

    /// The units of a task that would be admitted.
    pub(super) fn admits(&self, request: &AcceleratorRequest) -> Result<u64, Refusal> {
        let units = self.spec.units(request).ok_or(Refusal::Accelerator)?;
        let waits = !self.waiting.is_empty() || self.place_for(units, request.memory_bytes).is_none();
        if waits && self.waiting.len() >= self.spec.queue_limit {
            return Err(Refusal::Queue);
        }
        Ok(units)
    }

    /// Seconds until a task submitted now would be done if nothing else came or went, and who is on a device stayed
    /// there: exact where devices are held alone or in slots and nothing waits, else by the work ahead of it.
    pub(super) fn estimated_s(&self, now: SimTime, request: &AcceleratorRequest) -> Option<f64> {
        let units = self.admits(request).ok()?;
        let times = self.spec.times(request);
        let share = units as f64 / self.capacity as f64;
        let alone_s = times.before_s + times.after_s + times.work_s / share;
        if self.waiting.is_empty()
            && let Some(index) = self.place_for(units, request.memory_bytes)
        {
            let device = &self.devices[index];
            let switch_s = if device.tasks > 0 { self.spec.context_switch_s } else { 0.0 };
            return Some(match self.spec.sharing {
                AcceleratorSharing::Fraction => {
                    let crowd = (device.held + units) as f64 / units as f64;
                    switch_s + times.before_s + times.after_s + times.work_s * crowd
                }
                _ => switch_s + alone_s,
            });
        }
        let next_s = self.next_due().map_or(0.0, |due| due.since(now).as_secs());
        Some(next_s + self.waiting_s / f64::from(self.spec.count) + alone_s)
    }

    /// Takes in a task that is [admitted](Self::admits) with these units.
    pub(super) fn admit(&mut self, now: SimTime, id: u32, jobs: &mut Jobs) {
        let job = &jobs.live[id as usize];
        self.waiting_units += job.units;
        self.waiting_bytes += job.request.memory_bytes;
        self.waiting_s += self.device_s(job);
        self.waiting.push_back(id);
        self.start_waiting(now, jobs);
    }

    /// Seconds of a device that a task takes.
    fn device_s(&self, job: &AcceleratorJob) -> f64 {
        let times = self.spec.times(&job.request);
        times.work_s + (times.before_s + times.after_s) * job.units as f64 / self.capacity as f64
    }

    /// Starts what waits and fits now, in order of arrival.
    fn start_waiting(&mut self, now: SimTime, jobs: &mut Jobs) {
        while let Some(&id) = self.waiting.front() {
            let job = &jobs.live[id as usize];
            let Some(device) = self.place_for(job.units, job.request.memory_bytes) else { break };
            self.waiting.pop_front();
            self.leave_queue(id, jobs);
            self.start(now, id, device, jobs);
        }
    }

    fn leave_queue(&mut self, id: u32, jobs: &Jobs) {
        let job = &jobs.live[id as usize];
        self.waiting_units -= job.units;
        if self.waiting.is_empty() {
            // Exactly nothing, whatever rounding left.
            (self.waiting_s, self.waiting_bytes) = (0.0, 0.0);
        } else {
            self.waiting_s -= self.device_s(job);
            self.waiting_bytes -= job.request.memory_bytes;
        }
    }

    fn start(&mut self, now: SimTime, id: u32, device: usize, jobs: &mut Jobs) {
        let job = &mut jobs.live[id as usize];
        let own = &mut self.devices[device];
        let switch_s = if own.tasks > 0 { self.spec.context_switch_s } else { 0.0 };
        own.held += job.units;
        own.memory_bytes += job.request.memory_bytes;
        own.tasks += 1;
        (job.device, job.started, job.stage) = (device as u32, Some(now), Stage::Before);
        let before_s = switch_s + self.spec.times(&job.request).before_s;
        let ready = now + SimDuration::from_secs_ceil(before_s);
        self.timers.set(&mut jobs.places, id, (ready, id));
    }

    /// Brings the clock of a device up to date, before something on it changes.
    fn advance(&mut self, now: SimTime, device: usize) {
        let own = &mut self.devices[device];
        let rate = own.rate(self.spec.sharing, self.capacity);
        own.clock_s = own.clock_at(now, rate);
        own.since = now;
    }

    /// Changes the units that compute on a device, and with them what is in use.
    fn set_computing(&mut self, device: usize, computing: u64) {
        let own = &mut self.devices[device];
        self.busy -= own.busy(self.spec.sharing, self.capacity);
        own.computing = computing;
        self.busy += own.busy(self.spec.sharing, self.capacity);
    }

    /// Keeps when the next task of a device is done.
    fn expect(&mut self, device: usize) {
        let own = &self.devices[device];
        match own.running.peek() {
            None => self.device_due.remove(&mut self.device_places, device as u32),
            Some(((mark, _), _)) => {
                let rate = own.rate(self.spec.sharing, self.capacity);
                let ahead_s = (mark - own.clock_s).max(0.0) / rate;
                let due = own.since + SimDuration::from_secs_ceil(ahead_s);
                self.device_due.set(&mut self.device_places, device as u32, (due, device as u32));
            }
        }
    }

    fn compute(&mut self, now: SimTime, id: u32, jobs: &mut Jobs) {
        let job = &mut jobs.live[id as usize];
        job.stage = Stage::Computing;
        let (device, units) = (job.device as usize, job.units);
        let ahead_s = self.spec.times(&job.request).work_s * self.capacity as f64 / units as f64;
        self.advance(now, device);
        self.set_computing(device, self.devices[device].computing + units);
        let own = &mut self.devices[device];
        own.running.set(&mut jobs.places, id, (own.clock_s + ahead_s, id));
        self.expect(device);
    }

    fn end_computing(&mut self, now: SimTime, id: u32, jobs: &mut Jobs) {
        let job = &jobs.live[id as usize];
        let device = job.device as usize;
        self.advance(now, device);
        self.devices[device].running.remove(&mut jobs.places, id);
        self.set_computing(device, self.devices[device].computing - job.units);
        self.expect(device);
    }

    /// When something is due; `None` if nothing runs.
    pub(super) fn next_due(&self) -> Option<SimTime> {
        let timer = self.timers.peek().map(|((due, _), _)| due);
        let device = self.device_due.peek().map(|((due, _), _)| due);
        [timer, device].into_iter().flatten().min()
    }

    /// One task that is done at `now`; call until `None`.
    pub(super) fn pop_done(
        &mut self,
        now: SimTime,
        jobs: &mut Jobs,
    ) -> Option<(AcceleratorJobId, AcceleratorJob)> {
        loop {
            if let Some(((due, id), _)) = self.timers.peek()
                && due <= now
            {
                self.timers.remove(&mut jobs.places, id);
                if jobs.live[id as usize].stage == Stage::Before {
                    self.compute(now, id, jobs);
                    continue;
                }
                self.done += 1;
                return self.release(now, id, jobs).map(|job| (AcceleratorJobId(id), job));
            }
            let ((due, device), _) = self.device_due.peek()?;
            if due > now {
                return None;
            }
            let own = &self.devices[device as usize];
            let rate = own.rate(self.spec.sharing, self.capacity);
            let ((mark, id), _) = own.running.peek()?;
            // Ends are rounded up to the nanosecond: what lies less than one ahead is rounding error.
            let error_s = (rate * 1e-9).max(mark.abs() * 4.0 * f64::EPSILON);
            if mark - own.clock_at(now, rate) > error_s {
                self.advance(now, device as usize);
                self.expect(device as usize);
                continue;
            }
            self.end_computing(now, id, jobs);
            let job = &mut jobs.live[id as usize];
            job.stage = Stage::After;
            let after_s = self.spec.times(&job.request).after_s;
            let end = now + SimDuration::from_secs_ceil(after_s);
            self.timers.set(&mut jobs.places, id, (end, id));
        }
    }

    /// Takes a task off, whatever its state.
    pub(super) fn remove(&mut self, now: SimTime, id: u32, jobs: &mut Jobs) -> Option<AcceleratorJob> {
        match jobs.live.get(id as usize)?.stage {
            Stage::Waiting => {
                if self.waiting.back() == Some(&id) {
                    self.waiting.pop_back();
                } else {
                    let place = self.waiting.iter().position(|&other| other == id)?;
                    self.waiting.remove(place);
                }
                self.leave_queue(id, jobs);
                let job = jobs.live.try_remove(id as usize);
                // What waited behind it may fit.
                self.start_waiting(now, jobs);
                return job;
            }
            Stage::Computing => self.end_computing(now, id, jobs),
            Stage::Before | Stage::After => self.timers.remove(&mut jobs.places, id),
        }
        self.release(now, id, jobs)
    }

    /// Gives back what a task held on its device.
    fn release(&mut self, now: SimTime, id: u32, jobs: &mut Jobs) -> Option<AcceleratorJob> {
        let job = jobs.live.try_remove(id as usize)?;
        let own = &mut self.devices[job.device as usize];
        own.held -= job.units;
        own.memory_bytes -= job.request.memory_bytes;
        own.tasks -= 1;
        self.start_waiting(now, jobs);
        Some(job)
    }

    /// The task to be taken off next when all are: those that wait from the last on, so that none starts, then those
    /// that run.
    pub(super) fn any_job(&self) -> Option<u32> {
        let timer = || self.timers.peek().map(|(_, id)| id);
        let computing = || {
            let (_, device) = self.device_due.peek()?;
            self.devices[device as usize].running.peek().map(|(_, id)| id)
        };
        self.waiting.back().copied().or_else(timer).or_else(computing)
    }

    /// Units held and bytes held of each device, and the units that it is divided into: for tests of conservation.
    #[cfg(test)]
    pub(super) fn devices_held(&self) -> impl Iterator<Item = (u64, f64, u64)> {
        self.devices.iter().map(|device| (device.held, device.memory_bytes, self.capacity))
    }
}
