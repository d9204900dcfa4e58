//! Power and frequency of nodes: what they draw as their load changes, and changes of their clock.

use super::event::{InfraEvent, Notice};
use super::ids::{NodeId, VmId};
use super::infrastructure::Infrastructure;
use super::virtual_machines::VmState;
use crate::energy::{FrequencyError, FrequencySteps};
use crate::engine::Schedule;

impl Infrastructure {
    /// Watts that a node draws, or would, with this share of its cores busy at its present frequency.
    #[must_use]
    pub fn power_at(&self, node: NodeId, utilisation: f64) -> f64 {
        self.power_at_step(node, utilisation, self.frequency_step(node))
    }

    /// Watts that a node would draw with this share of its cores busy at a frequency step; a step beyond the
    /// last, and any of a node without steps, counts as the last.
    #[must_use]
    pub fn power_at_step(&self, node: NodeId, utilisation: f64, step: usize) -> f64 {
        let class = self.class_of(node);
        let mut load = class.load_at(utilisation, step);
        let counted: u32 = class.resources.accelerators.iter().map(|own| own.count).sum();
        let (timed, busy) = self.accelerators.devices(node);
        let accelerators = f64::from(counted) + timed;
        if accelerators > 0.0 {
            let busy = f64::from(self.busy_accelerators(node, None)) + busy;
            load.accelerator_utilisation = busy / accelerators;
        }
        let watts = class.power.power_w(&load, |kind| self.busy_accelerators(node, Some(kind)))
            + class.radio_idle_w();
        if timed > 0.0 && !class.power.counts_as_off(&load) {
            return watts + self.accelerators.power_w(node);
        }
        watts
    }

    /// Accelerators of one kind, or of all, that are held on a node: by jobs, or by virtual machines that run and take
    /// no jobs.
    fn busy_accelerators(&self, node: NodeId, kind: Option<u16>) -> u32 {
        let by_jobs = |processor| self.compute.busy_accelerators(processor, kind);
        let machines = &self.virtual_machines;
        let Some(host) = machines.host_of_node(node) else {
            return self.node(node).processors().map(by_jobs).sum();
        };
        let by_vm = |&vm: &VmId| {
            if !matches!(machines.state(vm), VmState::Running | VmState::Paused) {
                return 0;
            }
            let held = machines.spec(vm).resources.accelerators.iter();
            let held = held.filter(|own| kind.is_none_or(|kind| own.kind == kind));
            machines.processor(vm).map_or_else(|| held.map(|own| own.count).sum(), by_jobs)
        };
        machines.vms_of(host).iter().map(by_vm).sum()
    }

    /// The frequency steps of a node; `None` if its clock cannot be changed.
    #[must_use]
    pub fn frequency_steps(&self, node: NodeId) -> Option<&FrequencySteps> {
        self.class_of(node).frequency.as_ref()
    }

    /// The number of the frequency step of a node, 0 being the slowest; 0 if it has none.
    #[must_use]
    pub fn frequency_step(&self, node: NodeId) -> usize {
        usize::from(self.node(node).frequency_step)
    }

    /// Lets a node run at another frequency step from now on, or at the fastest one below it that the power cap of
    /// its site allows; the step is returned. What its running jobs have still to do is done at the new speed.
    ///
    /// # Errors
    /// If the node has no such step.
    pub fn set_frequency<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        step: usize,
    ) -> Result<usize, FrequencyError> {
        let Some(steps) = &self.class_of(node).frequency else { return Err(FrequencyError::Count(0)) };
        if step > steps.last() {
            return Err(FrequencyError::NoStep { step, last: steps.last() });
        }
        // There are at most 255 steps.
        self.nodes[node.index()].wanted_step = step as u8;
        let present = self.frequency_step(node);
        let allowed = if step > present {
            self.fastest_within_cap(node, step, schedule.now()).max(present)
        } else {
            step
        };
        if allowed < step {
            self.note_throttled(node);
        }
        self.apply_step(schedule, node, allowed)?;
        Ok(allowed)
    }

    /// Changes the step of a node to one that it has.
    pub(super) fn apply_step<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        step: usize,
    ) -> Result<(), FrequencyError> {
        let Some(steps) = &self.class_of(node).frequency else { return Err(FrequencyError::Count(0)) };
        if step == self.frequency_step(node) {
            return Ok(());
        }
        let speeds = self.offers.slow(node, steps.speeds(step));
        self.nodes[node.index()].frequency_step = step as u8;
        for processor in self.processors_of(node) {
            self.compute.set_speeds(schedule.now(), processor, speeds);
            self.expect_completion(schedule, processor);
        }
        self.clock_host(schedule, node, speeds);
        self.refresh(schedule, node, 0.0);
        self.notices.push_back(Notice::FrequencyChanged(node));
        Ok(())
    }

    /// From now on keeps which nodes with frequency steps have a changed load.
    pub fn watch_loads(&mut self) {
        self.load_changes.get_or_insert_default();
    }

    /// Notes that jobs of a node came or went.
    pub(super) fn note_load(&mut self, node: NodeId) {
        if self.load_changes.is_some()
            && self.class_of(node).frequency.is_some()
            && let Some(changes) = &mut self.load_changes
        {
            changes.push(node);
        }
    }

    /// Whether loads have changed since [`Infrastructure::take_load_changes`], if they are
    /// [watched](Infrastructure::watch_loads).
    #[must_use]
    pub fn has_load_changes(&self) -> bool {
        self.load_changes.as_ref().is_some_and(|changes| !changes.is_empty())
    }

    /// The nodes whose load has changed since the last call, in order, each once.
    pub fn take_load_changes(&mut self) -> Vec<NodeId> {
        let mut changes = match &mut self.load_changes {
            Some(changes) => std::mem::take(changes),
            None => Vec::new(),
        };
        changes.sort_unstable();
        changes.dedup();
        changes
    }

    /// Brings meter, tier load and battery up to date when the busy cores of a node change.
    pub(super) fn refresh<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        change: f64,
    ) {
        let now = schedule.now();
        let host = self.virtual_machines.host_of_node(node);
        if let Some(host) = host {
            self.settle_host(host, now);
        }
        let state_power_w = self.host_state_power_w(node);
        let state = self.nodes[node.index()];
        let cores = self.class_of(node).cores;
        self.tier_loads[state.tier as usize].busy_cores += change;
        let busy = self.meters[node.index()].busy_cores() + change;
        let utilisation = if cores > 0 { busy / f64::from(cores) } else { 0.0 };
        let power_w = if state.is_available() {
            let step = usize::from(state.frequency_step);
            let asleep_w = state_power_w.map(|own_w| own_w + self.class_of(node).radio_idle_w());
            asleep_w.unwrap_or_else(|| self.power_at_step(node, utilisation, step))
        } else {
            0.0
        };
        if let Some(host) = host {
            let step = usize::from(state.frequency_step);
            let matters = state.is_available() && state_power_w.is_none();
            self.set_host_power(host, power_w, matters.then_some(step), |own| {
                own.power_at_step(node, 0.0, step)
            });
        }
        // What motion takes is of no job and no virtual machine.
        let moves = state.powered && state.present;
        let drawn_w = power_w + if moves { self.vehicles.motion_w(node) } else { 0.0 };
        self.meters[node.index()].set(now, busy, drawn_w);
        self.note_shared_power(now, node, busy, power_w);
        self.network_energy.set_radio(now, node, state.is_available());
        let (timed, busy_devices) = self.accelerators.devices(node);
        if timed > 0.0 {
            let mut load = self.class_of(node).load_at(utilisation, usize::from(state.frequency_step));
            load.accelerator_utilisation = busy_devices + f64::from(self.busy_accelerators(node, None));
            let is_on = state.is_available()
                && state_power_w.is_none()
                && !self.class_of(node).power.counts_as_off(&load);
            self.accelerators.meter(now, node, is_on);
        }
        if !self.sites.is_empty() {
            self.book_power(schedule, node, drawn_w);
        }
        if let Some(state) = &mut self.batteries[node.index()] {
            state.set_load(now, drawn_w);
            self.arm_battery(schedule, node);
        }
        self.arm_vehicle(schedule, node);
    }
}
