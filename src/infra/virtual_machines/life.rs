//! The life of a virtual machine: requested, placed, started, stopped or lost.

use super::accounts::VmAccount;
use super::energy::{HostEnergy, VmEnergy, unpriced};
use super::fleet::HostState;
use super::machines::{Host, VirtualMachines, Vm, VmState};
use super::spec::{HostSpec, VmRefusal, VmSpec};
use crate::energy::JobClass;
use crate::engine::{ABSENT, Phase, Schedule, SimDuration, SimTime};
use crate::infra::event::{InfraEvent, JobOutcome, Notice};
use crate::infra::ids::{HostId, NodeId, Owner, VmId};
use crate::infra::infrastructure::Infrastructure;

/// What has become of a virtual machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmChange {
    /// It runs now.
    Started,
    /// Its host was lost; it can be placed again.
    Lost,
}

impl VirtualMachines {
    /// Takes a virtual machine off its host, both of which are settled, and gives back what it held there.
    pub(super) fn detach(&mut self, vm: VmId) {
        let Some(host) = self.host(vm) else { return };
        let index = vm.index();
        let list = &mut self.hosts[host.index()].list;
        if let Some(place) = list.iter().position(|&other| other == vm) {
            list.remove(place);
        }
        self.book_vm_energy(vm, host);
        // What leaves was no longer planned for.
        let planned = if self.leaves[index] { 0.0 } else { self.demand_mips[index] };
        self.fleet.unbook(host, &self.vms[index].spec, planned);
        self.host[index] = ABSENT;
        self.leaves[index] = false;
        self.kept_share[index] = 1.0;
        self.limit_mips[index] = 0.0;
        (self.fair_mips[index], self.allocated_mips[index]) = (0.0, 0.0);
        self.used_mips[index] = 0.0;
    }

    /// Puts a virtual machine on a host on which it is booked.
    pub(super) fn attach(&mut self, vm: VmId, host: HostId, now: SimTime) {
        self.host[vm.index()] = host.0;
        self.vms[vm.index()].since = now;
        self.hosts[host.index()].list.push(vm);
        self.see_host_energy(vm, host);
    }

    /// Lets a virtual machine run as fast as its host's cores allow.
    pub(super) fn run(&mut self, vm: VmId) {
        if self.host(vm).is_some() {
            self.states[vm.index()] = VmState::Running;
            self.limit(vm);
        }
    }

    /// Works out how fast a virtual machine can run on its host.
    fn limit(&mut self, vm: VmId) {
        let Some(host) = self.host(vm) else { return };
        let spec = &self.vms[vm.index()].spec;
        let core = self.fleet.class_mips[host.index()][spec.job_class as usize];
        self.limit_mips[vm.index()] = f64::from(spec.vcpus) * spec.mips_per_vcpu.min(core);
    }

    /// Sets the speed of a host's cores by class of work, over that at the fastest clock.
    pub(super) fn clock(&mut self, host: HostId, speeds: [f64; JobClass::COUNT]) {
        self.fleet.clock(host, speeds);
        for at in 0..self.hosts[host.index()].list.len() {
            let vm = self.hosts[host.index()].list[at];
            if self.states[vm.index()] == VmState::Running {
                self.limit(vm);
            }
        }
    }
}

impl Infrastructure {
    /// Makes a node a host, which from now on computes for its virtual machines only; nothing if it is one
    /// already.
    pub fn add_host(&mut self, node: NodeId, spec: HostSpec, now: SimTime) -> HostId {
        if let Some(host) = self.virtual_machines.host_of_node(node) {
            return host;
        }
        self.availability_changes += 1;
        let meter = self.meters[node.index()];
        let seen = self.flows_per_watt(node, now).unwrap_or(unpriced(now.as_secs()));
        let so_far = self.node_flows(node).unwrap_or(unpriced(meter.energy_j(now)));
        let energy = HostEnergy::new(meter.power_w(), seen, so_far);
        let (state, reliability) = (self.nodes[node.index()], self.reliability(node));
        let class = &self.classes[state.class.index()];
        let machines = &mut self.virtual_machines;
        let host = machines.fleet.add(node, state.class, class, spec, reliability);
        if let Some(steps) = &class.frequency {
            machines.fleet.clock(host, steps.speeds(usize::from(state.frequency_step)));
        }
        machines.hosts.push(Host {
            list: Vec::new(),
            incoming: smallvec::SmallVec::new(),
            since: now,
            account: super::accounts::HostAccount::default(),
            overloaded: false,
            asked_mips: 0.0,
            energy,
            due: None,
            sleep_when_empty: false,
        });
        machines.is_dirty.push(false);
        if machines.host_of_node.len() <= node.index() {
            machines.host_of_node.resize(node.index() + 1, ABSENT);
        }
        machines.host_of_node[node.index()] = host.0;
        if !state.is_available() {
            machines.fleet.states[host.index()] = HostState::Failed;
        }
        self.by_tier[state.tier as usize].retain(|&other| other != node);
        self.nearest.clear();
        host
    }

    /// Adds a virtual machine that waits for a host; `owner` is told what becomes of it.
    pub fn add_vm(&mut self, spec: VmSpec, owner: Owner, now: SimTime) -> VmId {
        let machines = &mut self.virtual_machines;
        let vm = VmId(machines.vms.len() as u32);
        machines.size_mips.push(spec.size_mips());
        machines.job_classes.push(spec.job_class);
        machines.demand_mips.push(0.0);
        machines.requested_mips.push(0.0);
        machines.fair_mips.push(0.0);
        machines.used_mips.push(0.0);
        machines.allocated_mips.push(0.0);
        machines.limit_mips.push(0.0);
        machines.kept_share.push(1.0);
        machines.host.push(ABSENT);
        machines.states.push(VmState::Waiting);
        machines.leaves.push(false);
        machines.processors.push(ABSENT);
        machines.accounts.push(VmAccount::default());
        machines.services.push(spec.sla.as_ref().map(|_| Box::default()));
        machines.energies.push(VmEnergy::default());
        machines.vms.push(Vm {
            spec,
            owner,
            since: now,
            boot: SimDuration::ZERO,
            due: None,
            migration: None,
            front: None,
            memory: None,
        });
        vm
    }

    /// Puts a waiting or lost virtual machine on a host, which is woken if it sleeps. It runs after `boot`, from
    /// when its host is on. Until its demand takes effect, the host plans for `expected_mips`.
    ///
    /// # Errors
    /// What forbids it. Nothing has changed then.
    pub fn place_vm<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        vm: VmId,
        host: HostId,
        boot: SimDuration,
        expected_mips: f64,
    ) -> Result<(), VmRefusal> {
        let now = schedule.now();
        let machines = &mut self.virtual_machines;
        if !matches!(machines.state(vm), VmState::Waiting | VmState::Lost) {
            return Err(VmRefusal::State);
        }
        machines.fleet.admits(host, &machines.vms[vm.index()].spec)?;
        machines.settle_alone(vm, now);
        self.settle_host(host, now);
        let machines = &mut self.virtual_machines;
        machines.fleet.book(host, &machines.vms[vm.index()].spec, expected_mips);
        machines.attach(vm, host, now);
        machines.states[vm.index()] = VmState::Starting;
        machines.vms[vm.index()].boot = boot;
        machines.hosts[host.index()].sleep_when_empty = false;
        if machines.fleet.states[host.index()] == HostState::On {
            self.boot_vm(schedule, vm);
        } else {
            self.wake_host(schedule, host);
        }
        self.mark_host(schedule, host);
        Ok(())
    }

    /// Boots a virtual machine whose host is on.
    pub(super) fn boot_vm<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, vm: VmId) {
        let boot = self.virtual_machines.vms[vm.index()].boot;
        if boot == SimDuration::ZERO {
            self.on_vm_due(schedule, vm);
        } else {
            let due = schedule.after(boot, Phase::Completion, InfraEvent::VmDue(vm).into());
            self.virtual_machines.vms[vm.index()].due = Some(due);
        }
    }

    /// Handles [`InfraEvent::VmDue`]: its boot has ended.
    pub(in crate::infra) fn on_vm_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        vm: VmId,
    ) {
        let machines = &mut self.virtual_machines;
        machines.vms[vm.index()].due = None;
        let Some(host) = machines.host(vm) else { return };
        self.settle_host(host, schedule.now());
        self.virtual_machines.run(vm);
        self.notices.push_back(Notice::VmChanged { vm, change: VmChange::Started });
        self.mark_host(schedule, host);
    }

    /// Ends a virtual machine for good: its jobs are lost, its migration is broken off, and what it held is
    /// free.
    pub fn stop_vm<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, vm: VmId) {
        if self.virtual_machines.state(vm) == VmState::Stopped {
            return;
        }
        self.remove_vm(schedule, vm, VmState::Stopped);
        let front = self.virtual_machines.vms[vm.index()].front.take();
        if let Some(servers) = front.and_then(|front| self.virtual_machines.fronts.get_mut(&front)) {
            servers.retain(|&other| other != vm);
        }
    }

    /// Takes a virtual machine off its host, or out of the queue, into a state in which it has none.
    pub(super) fn remove_vm<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        vm: VmId,
        into: VmState,
    ) {
        let now = schedule.now();
        self.break_off_migration(schedule, vm, super::migration::MigrationOutcome::VmGone);
        if let Some(due) = self.virtual_machines.vms[vm.index()].due.take() {
            schedule.cancel(due);
        }
        let host = self.virtual_machines.host(vm);
        match host {
            Some(host) => self.settle_host(host, now),
            None => self.virtual_machines.settle_alone(vm, now),
        }
        let machines = &mut self.virtual_machines;
        machines.detach(vm);
        machines.states[vm.index()] = into;
        machines.vms[vm.index()].since = now;
        if let Some(memory) = &mut machines.vms[vm.index()].memory {
            memory.set(0.0, now);
        }
        if let Some(processor) = machines.processor(vm) {
            while let Some((id, job)) = self.compute.pop_any(now, processor) {
                self.notices.push_back(Notice::JobEnded { id, job, outcome: JobOutcome::LostToFault });
            }
            self.expect_completion(schedule, processor);
            self.virtual_machines.demand_mips[vm.index()] = 0.0;
        }
        self.virtual_machines.requested_mips[vm.index()] =
            if into == VmState::Stopped { 0.0 } else { self.virtual_machines.demand_mips[vm.index()] };
        if let Some(host) = host {
            self.mark_host(schedule, host);
            self.sleep_if_empty(schedule, host);
        }
    }
}
