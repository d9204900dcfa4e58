//! How a host's capacity is shared: worked out once an instant for each host of which something has changed.

use super::fleet::HostState;
use super::machines::{VirtualMachines, VmState};
use crate::energy::JobClass;
use crate::engine::{ABSENT, Phase, Schedule, SimTime};
use crate::infra::event::InfraEvent;
use crate::infra::ids::{HostId, VmId};
use crate::infra::infrastructure::Infrastructure;

/// What came of sharing a host.
#[derive(Clone, Copy, Debug)]
struct Shared {
    /// What of its present capacity is used, in million instructions a second.
    used_mips: f64,
    /// Whether its running virtual machines ask for something else than before, whatever its clock.
    has_changed: bool,
}

/// Differences below this, relative to what is compared, are rounding.
const ROUNDING: f64 = 1e-12;

impl VirtualMachines {
    /// What a virtual machine would do if its host were its own: what it asks for, as far as the host's cores can give
    /// it. A series is spread over all its virtual cores; jobs hold theirs, so that idle ones do not help.
    fn wanted_mips(&self, vm: usize) -> f64 {
        let (request, limit) = (self.demand_mips[vm], self.limit_mips[vm]);
        if self.processors[vm] == ABSENT || self.size_mips[vm] <= 0.0 {
            request.min(limit)
        } else {
            request * (limit / self.size_mips[vm]).min(1.0)
        }
    }

    /// Brings the accounts of a host and its virtual machines up to `now`. Must come before its list or any
    /// state that the accounts depend on changes.
    pub(super) fn settle(&mut self, host: HostId, now: SimTime) {
        let own = &mut self.hosts[host.index()];
        let seconds = now.since(own.since).as_secs();
        own.since = now;
        if seconds <= 0.0 {
            return;
        }
        let index = host.index();
        own.account.add(
            seconds,
            self.fleet.states[index],
            !own.list.is_empty(),
            own.overloaded,
            (self.fleet.requested_mips[index], self.fleet.allocated_mips[index]),
        );
        for at in 0..self.hosts[index].list.len() {
            let vm = self.hosts[index].list[at].index();
            let rates = self.rates(vm);
            self.book_span(vm, seconds, rates);
        }
    }

    /// The same of a virtual machine that is on no host.
    pub(super) fn settle_alone(&mut self, vm: VmId, now: SimTime) {
        let rates = self.rates(vm.index());
        let seconds = now.since(self.vms[vm.index()].since).as_secs();
        self.book_span(vm.index(), seconds, rates);
        self.vms[vm.index()].since = now;
    }

    /// Works the shares of a host out anew.
    ///
    /// Each virtual machine that runs wants the least of its demand, its size and what the host's cores can give
    /// it at their present clock. If all that these claim of the capacity exceeds it, each gets the same share of what
    /// it wants. One that is being copied then loses a share of its speed, but not of what it takes of the host.
    fn share(&mut self, host: HostId) -> Shared {
        let index = host.index();
        let fastest = self.fleet.fastest_mips[index];
        let fixed = self.fleet.class_mips[index].iter().all(|&mips| mips == fastest);
        let claims = JobClass::ALL.map(|class| self.fleet.claim(host, class));
        let mut planned_by_class = [0.0; JobClass::COUNT];
        let (mut requested, mut planned, mut asked, mut sized) = (0.0, 0.0, 0.0, 0.0);
        let (mut requested_claim, mut wanted_claim, mut planned_claim) = (0.0, 0.0, 0.0);
        let mut asked_claim = 0.0;
        for at in 0..self.hosts[index].list.len() {
            let vm = self.hosts[index].list[at].index();
            let class = self.job_classes[vm] as usize;
            let claim = claims[class];
            let request = self.demand_mips[vm];
            let want = self.wanted_mips(vm);
            self.requested_mips[vm] = request;
            sized += self.size_mips[vm];
            requested += request;
            requested_claim += request * claim;
            wanted_claim += want * claim;
            if self.limit_mips[vm] > 0.0 {
                asked += request;
                asked_claim += request * claim;
            }
            if !self.leaves[vm] {
                planned += request;
                planned_claim += request * claim;
                planned_by_class[class] += request;
            }
        }
        for vm in &self.hosts[index].incoming {
            let class = self.job_classes[vm.index()] as usize;
            let request = self.demand_mips[vm.index()];
            planned += request;
            planned_claim += request * claims[class];
            planned_by_class[class] += request;
        }
        let capacity = self.fleet.capacity_mips[index];
        let is_short = |claimed: f64| claimed > capacity * (1.0 + ROUNDING);
        let share = if is_short(wanted_claim) { capacity / wanted_claim } else { 1.0 };
        let (mut allocated, mut used) = (0.0, 0.0);
        for at in 0..self.hosts[index].list.len() {
            let id = self.hosts[index].list[at];
            let vm = id.index();
            let fair = self.wanted_mips(vm) * share;
            let own = fair * claims[self.job_classes[vm] as usize];
            if own != self.used_mips[vm] {
                self.book_vm_energy(id, host);
                self.used_mips[vm] = own;
            }
            self.fair_mips[vm] = fair;
            self.allocated_mips[vm] = fair * self.kept_share[vm];
            allocated += fair;
            used += own;
        }
        let energy = &mut self.hosts[index].energy;
        (energy.sized_mips, energy.used_mips) = (sized, used);
        self.fleet.requested_mips[index] = requested;
        self.fleet.requested_claim_mips[index] = requested_claim;
        self.fleet.planned_mips[index] = planned;
        self.fleet.planned_claim_mips[index] = planned_claim;
        self.fleet.planned_by_class[index] = planned_by_class;
        self.fleet.allocated_mips[index] = if fixed { f64::min(allocated, capacity) } else { allocated };
        self.fleet.note(host);
        let own = &mut self.hosts[index];
        own.overloaded = is_short(asked_claim);
        let has_changed = std::mem::replace(&mut own.asked_mips, asked) != asked;
        Shared { used_mips: f64::min(used, capacity), has_changed }
    }

    /// Forgets the marks of hosts, in the order in which they were set.
    fn take_dirty(&mut self) -> Vec<HostId> {
        for host in &self.dirty {
            self.is_dirty[host.index()] = false;
        }
        std::mem::take(&mut self.dirty)
    }
}

impl Infrastructure {
    /// Has the shares of a host worked out anew, once all that happens at this instant has happened.
    pub(super) fn mark_host<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, host: HostId) {
        let machines = &mut self.virtual_machines;
        if std::mem::replace(&mut machines.is_dirty[host.index()], true) {
            return;
        }
        if machines.dirty.is_empty() && !machines.is_told_of_ends {
            // After the demands that are due now, and before controllers and samplers look.
            schedule.at(schedule.now(), Phase::Demand, InfraEvent::HostsDue.into());
        }
        machines.dirty.push(host);
    }

    /// From now on [`end_event`](Self::end_event) is called after each event, so that hosts of which something has
    /// changed need no event of their own where nothing else happens at the instant.
    pub fn expect_ends_of_events(&mut self) {
        self.virtual_machines.is_told_of_ends = true;
    }

    /// All that an event has led to has happened.
    pub fn end_event<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        self.settle_cells(schedule);
        self.settle_wifi(schedule);
        let machines = &mut self.virtual_machines;
        if machines.dirty.is_empty() || machines.has_hosts_event {
            return;
        }
        let now = schedule.now();
        if schedule.pending().peek_time().is_some_and(|time| time <= now) {
            machines.has_hosts_event = true;
            schedule.at(now, Phase::Demand, InfraEvent::HostsDue.into());
        } else {
            self.on_hosts_due(schedule);
        }
    }

    /// Handles [`InfraEvent::HostsDue`].
    pub(in crate::infra) fn on_hosts_due<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        self.virtual_machines.has_hosts_event = false;
        let mut hosts = self.virtual_machines.take_dirty();
        for &host in &hosts {
            self.settle_host(host, schedule.now());
            let shared = self.virtual_machines.share(host);
            self.meter_host(schedule, host, shared);
            self.drive_jobs(schedule, host);
        }
        hosts.clear();
        // Nothing above marks a host; its memory is used again.
        if self.virtual_machines.dirty.is_empty() {
            self.virtual_machines.dirty = hosts;
        }
    }

    /// Tells a host's meter how many of its cores are busy.
    fn meter_host<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        host: HostId,
        shared: Shared,
    ) {
        let node = self.virtual_machines.fleet.nodes[host.index()];
        let mips = self.virtual_machines.fleet.mips_per_core[host.index()];
        let busy_cores = if mips > 0.0 { shared.used_mips / mips } else { 0.0 };
        let change = busy_cores - self.meters[node.index()].busy_cores();
        self.refresh(schedule, node, change);
        // A governor that changed the clock is not asked again for what came of it.
        if shared.has_changed {
            self.note_load(node);
        }
    }

    /// Gives the jobs of a host's virtual machines the speed that these have now.
    fn drive_jobs<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, host: HostId) {
        if self.virtual_machines.vm_of_processor.is_empty() {
            return;
        }
        for at in 0..self.virtual_machines.hosts[host.index()].list.len() {
            let vm = self.virtual_machines.hosts[host.index()].list[at];
            let Some(processor) = self.virtual_machines.processor(vm) else { continue };
            let busy = self.compute.busy_cores(processor);
            let mips = if busy > 0.0 {
                self.virtual_machines.allocated_mips[vm.index()] / busy
            } else {
                self.virtual_machines.vms[vm.index()].spec.mips_per_vcpu
            };
            if mips != self.compute.mips(processor) {
                self.compute.set_mips(schedule.now(), processor, mips);
                self.expect_completion(schedule, processor);
            }
        }
    }

    /// What a virtual machine wants from now on, in million instructions a second; more than its size counts as
    /// its size. One with jobs wants what these want, and nothing that is set here. It takes effect once all that
    /// happens at this instant has happened.
    pub fn set_vm_demand<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        vm: VmId,
        demand_mips: f64,
    ) {
        let machines = &mut self.virtual_machines;
        let demand = demand_mips.clamp(0.0, machines.size_mips[vm.index()]);
        if demand.is_nan()
            || demand == machines.demand_mips[vm.index()]
            || machines.processor(vm).is_some()
        {
            return;
        }
        self.change_demand(schedule, vm, demand);
    }

    pub(super) fn change_demand<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        vm: VmId,
        demand_mips: f64,
    ) {
        let machines = &mut self.virtual_machines;
        machines.demand_mips[vm.index()] = demand_mips;
        if let Some(host) = machines.host(vm) {
            // What is on its way is planned for at its target.
            let target = machines.leaves[vm.index()].then(|| machines.target(vm)).flatten();
            self.mark_host(schedule, host);
            if let Some(target) = target {
                self.mark_host(schedule, target);
            }
        } else if !matches!(machines.state(vm), VmState::Stopped) {
            machines.settle_alone(vm, schedule.now());
            machines.requested_mips[vm.index()] = demand_mips;
        }
    }

    /// Watts that a host draws in a state in which its load does not matter.
    pub(in crate::infra) fn host_state_power_w(&self, node: crate::infra::NodeId) -> Option<f64> {
        let host = self.virtual_machines.host_of_node(node)?;
        let sleep = &self.virtual_machines.fleet.specs[host.index()].sleep;
        match self.virtual_machines.fleet.states[host.index()] {
            HostState::On | HostState::Failed => None,
            HostState::FallingAsleep => sleep.fall_asleep_w,
            HostState::Asleep => Some(self.class_of(node).power.sleep_w),
            HostState::Waking => sleep.wake_w,
        }
    }
}
