//! Hosts that fall asleep, sleep, wake up, fail and are repaired.

use super::fleet::HostState;
use super::life::VmChange;
use super::machines::VmState;
use crate::energy::JobClass;
use crate::engine::{Phase, Schedule, SimDuration};
use crate::infra::event::{InfraEvent, Notice};
use crate::infra::ids::{HostId, NodeId, VmId};
use crate::infra::infrastructure::Infrastructure;

impl Infrastructure {
    /// Puts a host to sleep, now or once its last virtual machine has left it. A virtual machine that is placed
    /// on it before keeps it awake.
    pub fn sleep_host<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, host: HostId) {
        self.virtual_machines.hosts[host.index()].sleep_when_empty = true;
        self.sleep_if_empty(schedule, host);
    }

    /// Whether a host is to sleep once it is empty.
    #[must_use]
    pub fn sleeps_when_empty(&self, host: HostId) -> bool {
        self.virtual_machines.hosts[host.index()].sleep_when_empty
    }

    pub(super) fn sleep_if_empty<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        host: HostId,
    ) {
        let machines = &self.virtual_machines;
        let index = host.index();
        if machines.hosts[index].sleep_when_empty
            && machines.fleet.vms[index] == 0
            && machines.fleet.states[index] == HostState::On
        {
            let time = machines.fleet.specs[index].sleep.fall_asleep;
            self.virtual_machines.hosts[index].sleep_when_empty = false;
            self.pass_into(schedule, host, HostState::FallingAsleep, time);
        }
    }

    /// Wakes a host that sleeps; one that falls asleep wakes as soon as it sleeps. Nothing otherwise.
    pub fn wake_host<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, host: HostId) {
        let machines = &mut self.virtual_machines;
        machines.hosts[host.index()].sleep_when_empty = false;
        if machines.fleet.states[host.index()] == HostState::Asleep {
            let time = machines.fleet.specs[host.index()].sleep.wake;
            self.pass_into(schedule, host, HostState::Waking, time);
        }
    }

    /// Whether a host takes virtual machines; those that are on it stay until they are moved.
    pub fn close_host(&mut self, host: HostId, closed: bool) {
        self.virtual_machines.fleet.closed[host.index()] = closed;
        self.virtual_machines.fleet.note(host);
    }

    /// Lets the cores of a node run at these shares of their greatest speed, by class of work: if it is a host, its
    /// virtual machines share that much from now on.
    pub(in crate::infra) fn clock_host<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        speeds: [f64; JobClass::COUNT],
    ) {
        let Some(host) = self.virtual_machines.host_of_node(node) else { return };
        self.settle_host(host, schedule.now());
        self.virtual_machines.clock(host, speeds);
        self.mark_host(schedule, host);
    }

    /// Enters a state of transition, and leaves it after `time`.
    fn pass_into<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        host: HostId,
        state: HostState,
        time: SimDuration,
    ) {
        self.enter(schedule, host, state);
        if time == SimDuration::ZERO {
            self.on_host_due(schedule, host);
        } else {
            let due = schedule.after(time, Phase::Completion, InfraEvent::HostDue(host).into());
            self.virtual_machines.hosts[host.index()].due = Some(due);
        }
    }

    /// Sets a host's state, with its accounts and its meter.
    fn enter<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        host: HostId,
        state: HostState,
    ) {
        self.settle_host(host, schedule.now());
        let machines = &mut self.virtual_machines;
        let account = &mut machines.hosts[host.index()].account;
        match state {
            HostState::FallingAsleep => account.shutdowns += 1,
            HostState::Waking => account.wakes += 1,
            _ => {}
        }
        machines.fleet.states[host.index()] = state;
        machines.fleet.note(host);
        let node = machines.fleet.nodes[host.index()];
        self.refresh(schedule, node, 0.0);
        self.notices.push_back(Notice::HostChanged { host, state });
    }

    /// Handles [`InfraEvent::HostDue`]: a transition has ended.
    pub(in crate::infra) fn on_host_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        host: HostId,
    ) {
        self.virtual_machines.hosts[host.index()].due = None;
        match self.virtual_machines.fleet.states[host.index()] {
            HostState::FallingAsleep => {
                self.enter(schedule, host, HostState::Asleep);
                if self.virtual_machines.fleet.vms[host.index()] > 0 {
                    self.wake_host(schedule, host);
                }
            }
            HostState::Waking => {
                self.enter(schedule, host, HostState::On);
                let starting: Vec<VmId> = self.virtual_machines.hosts[host.index()].list.clone();
                for vm in starting {
                    if self.virtual_machines.state(vm) == VmState::Starting {
                        self.boot_vm(schedule, vm);
                    }
                }
                let incoming = self.virtual_machines.hosts[host.index()].incoming.clone();
                for vm in incoming {
                    self.begin_copy(schedule, vm);
                }
                self.mark_host(schedule, host);
            }
            _ => {}
        }
    }

    /// A node has failed, has no energy or is gone: if it is a host, its virtual machines are lost.
    pub(in crate::infra) fn lose_host<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
    ) {
        let Some(host) = self.virtual_machines.host_of_node(node) else { return };
        if self.virtual_machines.fleet.states[host.index()] == HostState::Failed {
            return;
        }
        if let Some(due) = self.virtual_machines.hosts[host.index()].due.take() {
            schedule.cancel(due);
        }
        // First, so that nothing of what follows comes back to this host.
        self.virtual_machines.hosts[host.index()].sleep_when_empty = false;
        self.enter(schedule, host, HostState::Failed);
        let incoming = self.virtual_machines.hosts[host.index()].incoming.clone();
        for vm in incoming {
            self.break_off_migration(schedule, vm, super::migration::MigrationOutcome::TargetLost);
        }
        let list = self.virtual_machines.hosts[host.index()].list.clone();
        for vm in list {
            self.virtual_machines.accounts[vm.index()].losses += 1;
            self.remove_vm(schedule, vm, VmState::Lost);
            self.notices.push_back(Notice::VmChanged { vm, change: VmChange::Lost });
        }
    }

    /// A node works again: if it is a host, it is on and empty.
    pub(in crate::infra) fn restore_host<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
    ) {
        let Some(host) = self.virtual_machines.host_of_node(node) else { return };
        if self.nodes[node.index()].is_available()
            && self.virtual_machines.fleet.states[host.index()] == HostState::Failed
        {
            self.enter(schedule, host, HostState::On);
        }
    }
}
