//! The state of all virtual machines and hosts, and what can be seen of it.

use super::accounts::{HostAccount, VmAccount};
use super::energy::{HostEnergy, VmEnergy};
use super::fleet::{Fleet, HostState};
use super::memory::MemoryUse;
use super::migration::Migration;
use super::service::Service;
use super::spec::VmSpec;
use crate::energy::JobClass;
use crate::engine::{ABSENT, EventHandle, SimTime};
use crate::infra::ids::{HostId, MigrationId, NodeId, Owner, ProcessorId, VmId};
use slab::Slab;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// What a virtual machine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmState {
    /// It waits for a host.
    Waiting,
    /// It is on a host that wakes up, or boots there.
    Starting,
    /// It runs.
    Running,
    /// It is paused for the last part of a migration.
    Paused,
    /// Its host was lost; it waits to be placed again.
    Lost,
    /// It has ended.
    Stopped,
}

impl VmState {
    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            VmState::Waiting => "waiting",
            VmState::Starting => "starting",
            VmState::Running => "running",
            VmState::Paused => "paused",
            VmState::Lost => "lost",
            VmState::Stopped => "stopped",
        }
    }
}

/// What is rarely looked at of a virtual machine.
#[derive(Clone, Debug)]
pub(super) struct Vm {
    pub(super) spec: VmSpec,
    pub(super) owner: Owner,
    /// The accounts are right up to here while it is on no host; else the host knows.
    pub(super) since: SimTime,
    pub(super) boot: crate::engine::SimDuration,
    /// When its boot ends, and the event of it.
    pub(super) due: Option<EventHandle>,
    pub(super) migration: Option<MigrationId>,
    /// The node whose tasks it serves.
    pub(super) front: Option<NodeId>,
    pub(super) memory: Option<MemoryUse>,
}

/// What a host has besides its row in the [`Fleet`].
#[derive(Debug)]
pub(super) struct Host {
    /// Its virtual machines in the order in which they came.
    pub(super) list: Vec<VmId>,
    /// Those on their way to it.
    pub(super) incoming: SmallVec<[VmId; 2]>,
    /// Accounts and rates are right up to here.
    pub(super) since: SimTime,
    pub(super) account: HostAccount,
    pub(super) overloaded: bool,
    /// What its running virtual machines asked for when its shares were last worked out.
    pub(super) asked_mips: f64,
    pub(super) energy: HostEnergy,
    pub(super) due: Option<EventHandle>,
    pub(super) sleep_when_empty: bool,
}

/// All virtual machines and their hosts. Part of the [`Infrastructure`](crate::infra::Infrastructure), whose
/// methods change it.
#[derive(Debug, Default)]
pub struct VirtualMachines {
    pub(super) fleet: Fleet,
    pub(super) hosts: Vec<Host>,
    /// For each node its host; shorter than the nodes if the last ones are none.
    pub(super) host_of_node: Vec<u32>,
    pub(super) vms: Vec<Vm>,
    // What each change of a host's shares touches, by virtual machine.
    pub(super) size_mips: Vec<f64>,
    pub(super) job_classes: Vec<JobClass>,
    pub(super) demand_mips: Vec<f64>,
    pub(super) requested_mips: Vec<f64>,
    pub(super) fair_mips: Vec<f64>,
    /// What it takes of its host's present capacity.
    pub(super) used_mips: Vec<f64>,
    pub(super) allocated_mips: Vec<f64>,
    /// What its host's cores can give it; zero while it does not run.
    pub(super) limit_mips: Vec<f64>,
    /// Share of its speed that a migration leaves it.
    pub(super) kept_share: Vec<f64>,
    pub(super) host: Vec<u32>,
    pub(super) states: Vec<VmState>,
    /// Whether it leaves its host.
    pub(super) leaves: Vec<bool>,
    pub(super) processors: Vec<u32>,
    pub(super) accounts: Vec<VmAccount>,
    /// For those with a contract what was delivered.
    pub(super) services: Vec<Option<Box<Service>>>,
    pub(super) energies: Vec<VmEnergy>,
    /// For each processor the virtual machine that it belongs to; shorter than the processors if the last
    /// ones belong to none.
    pub(super) vm_of_processor: Vec<u32>,
    pub(super) migrations: Slab<Migration>,
    pub(super) fronts: BTreeMap<NodeId, Vec<VmId>>,
    /// Hosts whose shares are to be worked out anew at this instant.
    pub(super) dirty: Vec<HostId>,
    pub(super) is_dirty: Vec<bool>,
    /// Whether the ends of events are told, and whether an event for the dirty hosts is pending then.
    pub(super) is_told_of_ends: bool,
    pub(super) has_hosts_event: bool,
}

impl VirtualMachines {
    /// The hosts.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The host that a node is.
    #[must_use]
    pub fn host_of_node(&self, node: NodeId) -> Option<HostId> {
        self.host_of_node.get(node.index()).copied().filter(|&host| host != ABSENT).map(HostId)
    }

    /// Number of virtual machines, ended ones too; a [`VmId`] is below it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vms.len()
    }

    /// Whether there has been no virtual machine.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vms.is_empty()
    }

    /// What a virtual machine is.
    #[must_use]
    pub fn spec(&self, vm: VmId) -> &VmSpec {
        &self.vms[vm.index()].spec
    }

    /// Who is told of a virtual machine.
    #[must_use]
    pub fn owner(&self, vm: VmId) -> Owner {
        self.vms[vm.index()].owner
    }

    /// What a virtual machine is doing.
    #[must_use]
    pub fn state(&self, vm: VmId) -> VmState {
        self.states[vm.index()]
    }

    /// Whether a virtual machine is on its way to another host.
    #[must_use]
    pub fn is_migrating(&self, vm: VmId) -> bool {
        self.vms[vm.index()].migration.is_some()
    }

    /// The host of a virtual machine; while it migrates, the one that it leaves.
    #[must_use]
    pub fn host(&self, vm: VmId) -> Option<HostId> {
        Some(self.host[vm.index()]).filter(|&host| host != ABSENT).map(HostId)
    }

    /// The host that a virtual machine is on its way to.
    #[must_use]
    pub fn target(&self, vm: VmId) -> Option<HostId> {
        self.vms[vm.index()].migration.map(|id| self.migrations[id.index()].to)
    }

    /// The virtual machines of a host in the order in which they came.
    #[must_use]
    pub fn vms_of(&self, host: HostId) -> &[VmId] {
        &self.hosts[host.index()].list
    }

    /// Whether the virtual machines of a host want more than it has.
    #[must_use]
    pub fn is_overloaded(&self, host: HostId) -> bool {
        self.hosts[host.index()].overloaded
    }

    /// The virtual machines on their way to a host.
    #[must_use]
    pub fn incoming(&self, host: HostId) -> &[VmId] {
        &self.hosts[host.index()].incoming
    }

    /// What each virtual machine wants, in million instructions a second: at most its size.
    #[must_use]
    pub fn demand_mips(&self) -> &[f64] {
        &self.demand_mips
    }

    /// The size of each virtual machine in million instructions a second.
    #[must_use]
    pub fn size_mips(&self) -> &[f64] {
        &self.size_mips
    }

    /// What each virtual machine gets, in million instructions a second.
    #[must_use]
    pub fn allocated_mips(&self) -> &[f64] {
        &self.allocated_mips
    }

    /// The processor on which the jobs of a virtual machine run, if it takes any.
    #[must_use]
    pub fn processor(&self, vm: VmId) -> Option<ProcessorId> {
        Some(self.processors[vm.index()]).filter(|&processor| processor != ABSENT).map(ProcessorId)
    }

    /// The virtual machine of a processor.
    #[must_use]
    pub fn vm_of_processor(&self, processor: ProcessorId) -> Option<VmId> {
        self.vm_of_processor.get(processor.index()).copied().filter(|&vm| vm != ABSENT).map(VmId)
    }

    /// The virtual machines that serve what is submitted to a node; `None` if it computes itself.
    #[must_use]
    pub fn servers_of(&self, front: NodeId) -> Option<&[VmId]> {
        self.fronts.get(&front).map(Vec::as_slice)
    }

    /// What a virtual machine asked for and got until `now`.
    #[must_use]
    pub fn account(&self, vm: VmId, now: SimTime) -> VmAccount {
        let mut account = self.accounts[vm.index()];
        account.add(now.since(self.settled_at(vm)).as_secs(), self.rates(vm.index()));
        account
    }

    /// Up to when the accounts of a virtual machine are right.
    pub(super) fn settled_at(&self, vm: VmId) -> SimTime {
        self.host(vm).map_or(self.vms[vm.index()].since, |host| self.hosts[host.index()].since)
    }

    /// How long a host was in which state until `now`.
    #[must_use]
    pub fn host_account(&self, host: HostId, now: SimTime) -> HostAccount {
        let own = &self.hosts[host.index()];
        let mut account = own.account;
        let state = self.fleet.states[host.index()];
        let requested = self.fleet.requested_mips[host.index()];
        account.add(
            now.since(own.since).as_secs(),
            state,
            !own.list.is_empty(),
            own.overloaded,
            (requested, self.fleet.allocated_mips[host.index()]),
        );
        account
    }

    /// Number of hosts that run.
    #[must_use]
    pub fn hosts_on(&self) -> usize {
        self.fleet.states.iter().filter(|state| **state == HostState::On).count()
    }

    /// Number of migrations on their way.
    #[must_use]
    pub fn migrations(&self) -> usize {
        self.migrations.len()
    }
}
