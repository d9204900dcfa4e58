//! The hosts of a world in dense arrays: what allocation and consolidation policies look at.

use super::spec::{HostSpec, Sharing, VmRefusal, VmSpec};
use crate::energy::JobClass;
use crate::infra::compute::Resources;
use crate::infra::faults::Reliability;
use crate::infra::ids::{ClassId, HostId, NodeId};
use crate::infra::node::NodeClass;

/// What a host is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostState {
    /// It runs.
    On,
    /// It falls asleep.
    FallingAsleep,
    /// It sleeps.
    Asleep,
    /// It wakes up.
    Waking,
    /// It has failed, or has no energy.
    Failed,
}

impl HostState {
    /// All states.
    pub const ALL: [HostState; 5] = [
        HostState::On,
        HostState::FallingAsleep,
        HostState::Asleep,
        HostState::Waking,
        HostState::Failed,
    ];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            HostState::On => "on",
            HostState::FallingAsleep => "falling_asleep",
            HostState::Asleep => "asleep",
            HostState::Waking => "waking",
            HostState::Failed => "failed",
        }
    }
}

/// All hosts by [`HostId`], each property an array. A policy that plans several moves works on a clone.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    pub(super) nodes: Vec<NodeId>,
    pub(super) classes: Vec<ClassId>,
    pub(super) specs: Vec<HostSpec>,
    pub(super) cores: Vec<u32>,
    pub(super) fastest_mips: Vec<f64>,
    pub(super) class_mips: Vec<[f64; JobClass::COUNT]>,
    pub(super) mips_per_core: Vec<f64>,
    pub(super) capacity_mips: Vec<f64>,
    pub(super) planned_mips: Vec<f64>,
    pub(super) planned_claim_mips: Vec<f64>,
    pub(super) planned_by_class: Vec<[f64; JobClass::COUNT]>,
    pub(super) requested_mips: Vec<f64>,
    pub(super) requested_claim_mips: Vec<f64>,
    pub(super) allocated_mips: Vec<f64>,
    pub(super) sized_mips: Vec<f64>,
    pub(super) used_vcpus: Vec<u32>,
    pub(super) memory_bytes: Vec<f64>,
    pub(super) free: Vec<Resources>,
    pub(super) vms: Vec<u32>,
    pub(super) states: Vec<HostState>,
    pub(super) reliability: Vec<Reliability>,
    pub(super) closed: Vec<bool>,
    /// Hosts that have changed, oldest first, without those that were dropped.
    pub(super) journal: Vec<HostId>,
    pub(super) journal_start: u64,
}

/// Fewest entries that a journal keeps.
const SHORTEST_JOURNAL: usize = 1024;

impl Fleet {
    pub(super) fn add(
        &mut self,
        node: NodeId,
        class_id: ClassId,
        class: &NodeClass,
        spec: HostSpec,
        reliability: Reliability,
    ) -> HostId {
        let id = HostId(self.nodes.len() as u32);
        self.nodes.push(node);
        self.classes.push(class_id);
        self.specs.push(spec);
        self.cores.push(class.cores);
        self.fastest_mips.push(class.mips_per_core);
        self.class_mips.push([class.mips_per_core; JobClass::COUNT]);
        self.mips_per_core.push(class.mips_per_core);
        self.capacity_mips.push(f64::from(class.cores) * class.mips_per_core);
        self.planned_mips.push(0.0);
        self.planned_claim_mips.push(0.0);
        self.planned_by_class.push([0.0; JobClass::COUNT]);
        self.requested_mips.push(0.0);
        self.requested_claim_mips.push(0.0);
        self.allocated_mips.push(0.0);
        self.sized_mips.push(0.0);
        self.used_vcpus.push(0);
        self.memory_bytes.push(class.resources.memory_bytes);
        self.free.push(class.resources.clone());
        self.vms.push(0);
        self.states.push(HostState::On);
        self.reliability.push(reliability);
        self.closed.push(false);
        self.note(id);
        id
    }

    /// Number of hosts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no hosts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All hosts, in order.
    pub fn hosts(&self) -> impl DoubleEndedIterator<Item = HostId> + ExactSizeIterator + use<> {
        (0..self.nodes.len() as u32).map(HostId)
    }

    /// The node of each host.
    #[must_use]
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// The class of each host's node: hosts of a class have the same power, and at the same clock the same capacity.
    #[must_use]
    pub fn classes(&self) -> &[ClassId] {
        &self.classes
    }

    /// How each host shares its cores, how it sleeps, and its site.
    #[must_use]
    pub fn specs(&self) -> &[HostSpec] {
        &self.specs
    }

    /// Cores of each host.
    #[must_use]
    pub fn cores(&self) -> &[u32] {
        &self.cores
    }

    /// Million instructions a second of a core of each host at its present clock, of work that is bound by it.
    #[must_use]
    pub fn mips_per_core(&self) -> &[f64] {
        &self.mips_per_core
    }

    /// Million instructions a second of a core of each host at its fastest clock, of any work.
    #[must_use]
    pub fn fastest_mips_per_core(&self) -> &[f64] {
        &self.fastest_mips
    }

    /// Million instructions a second of all cores of each host at its present clock, of work that is bound by it.
    #[must_use]
    pub fn capacity_mips(&self) -> &[f64] {
        &self.capacity_mips
    }

    /// Million instructions a second of all cores of a host at its fastest clock.
    #[must_use]
    pub fn fastest_capacity_mips(&self, host: HostId) -> f64 {
        f64::from(self.cores[host.index()]) * self.fastest_mips[host.index()]
    }

    /// How much of a host's present capacity a million instructions of a class takes: one for work that is bound by
    /// the clock and at the fastest clock, less for other work at slower ones, since its speed falls less than the
    /// capacity.
    #[must_use]
    pub fn claim(&self, host: HostId, class: JobClass) -> f64 {
        let index = host.index();
        let own = self.class_mips[index][class as usize];
        if own > 0.0 { self.mips_per_core[index] / own } else { 1.0 }
    }

    /// What the virtual machines ask for that are on each host and stay, or are on their way to it; one that
    /// was placed at this instant counts with what it was placed for.
    #[must_use]
    pub fn planned_mips(&self) -> &[f64] {
        &self.planned_mips
    }

    /// The same by class of work.
    #[must_use]
    pub fn planned_by_class(&self) -> &[[f64; JobClass::COUNT]] {
        &self.planned_by_class
    }

    /// What of the present capacity of each host that takes: the same, each with the [claim](Self::claim) of its
    /// class.
    #[must_use]
    pub fn planned_claim_mips(&self) -> &[f64] {
        &self.planned_claim_mips
    }

    /// What the virtual machines on each host ask for.
    #[must_use]
    pub fn requested_mips(&self) -> &[f64] {
        &self.requested_mips
    }

    /// What of the present capacity of each host that takes, each with the [claim](Self::claim) of its class; above
    /// the capacity under overload.
    #[must_use]
    pub fn requested_claim_mips(&self) -> &[f64] {
        &self.requested_claim_mips
    }

    /// What the virtual machines on each host take of its capacity.
    #[must_use]
    pub fn allocated_mips(&self) -> &[f64] {
        &self.allocated_mips
    }

    /// Sum of the sizes of the virtual machines on each host and on their way to it.
    #[must_use]
    pub fn sized_mips(&self) -> &[f64] {
        &self.sized_mips
    }

    /// Virtual cores on each host and on their way to it.
    #[must_use]
    pub fn used_vcpus(&self) -> &[u32] {
        &self.used_vcpus
    }

    /// Memory of each host in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> &[f64] {
        &self.memory_bytes
    }

    /// What is free of each host's memory, storage and accelerators.
    #[must_use]
    pub fn free(&self) -> &[Resources] {
        &self.free
    }

    /// Number of virtual machines on each host and on their way to it.
    #[must_use]
    pub fn vms(&self) -> &[u32] {
        &self.vms
    }

    /// What each host is doing.
    #[must_use]
    pub fn states(&self) -> &[HostState] {
        &self.states
    }

    /// How reliable each host is in the long run.
    #[must_use]
    pub fn reliability(&self) -> &[Reliability] {
        &self.reliability
    }

    /// Whether each host takes no virtual machines because it is being drained.
    #[must_use]
    pub fn closed(&self) -> &[bool] {
        &self.closed
    }

    /// What is planned for a host over its capacity at its present clock; above one under overload.
    #[must_use]
    pub fn utilisation(&self, host: HostId) -> f64 {
        self.planned_claim_mips[host.index()] / self.capacity_mips[host.index()]
    }

    /// What is planned for a host over its capacity at its fastest clock.
    #[must_use]
    pub fn fastest_utilisation(&self, host: HostId) -> f64 {
        self.planned_mips[host.index()] / self.fastest_capacity_mips(host)
    }

    /// Whether a host would take a virtual machine now, or after waking up.
    ///
    /// # Errors
    /// The first thing that forbids it. CPU that is asked for forbids nothing, only the sizes do that a host's
    /// sharing limits.
    pub fn admits(&self, host: HostId, spec: &VmSpec) -> Result<(), VmRefusal> {
        let index = host.index();
        if self.closed[index] || self.states[index] == HostState::Failed {
            return Err(VmRefusal::HostClosed);
        }
        let free = &self.free[index];
        if spec.resources.memory_bytes > free.memory_bytes {
            return Err(VmRefusal::Memory);
        }
        if spec.resources.storage_bytes > free.storage_bytes {
            return Err(VmRefusal::Storage);
        }
        let short =
            |want: &crate::infra::compute::Accelerator| free.accelerators_of(want.kind) < want.count;
        if spec.resources.accelerators.iter().any(short) {
            return Err(VmRefusal::Accelerators);
        }
        match self.specs[index].sharing {
            _ if spec.vcpus > self.cores[index] => Err(VmRefusal::Cores),
            Sharing::SpaceShared if self.used_vcpus[index] + spec.vcpus > self.cores[index] => {
                Err(VmRefusal::Cores)
            }
            Sharing::TimeShared { oversubscription }
                if self.sized_mips[index] + spec.size_mips()
                    > self.fastest_capacity_mips(host) * oversubscription * (1.0 + 1e-12) =>
            {
                Err(VmRefusal::Oversubscription)
            }
            _ => Ok(()),
        }
    }

    /// Books a virtual machine that [is admitted](Self::admits) and asks for `demand_mips`.
    pub fn book(&mut self, host: HostId, spec: &VmSpec, demand_mips: f64) {
        let index = host.index();
        self.free[index].take(&spec.resources);
        self.used_vcpus[index] += spec.vcpus;
        self.sized_mips[index] += spec.size_mips();
        self.plan(host, spec.job_class, demand_mips);
        self.vms[index] += 1;
        self.note(host);
    }

    /// Gives back what [`book`](Self::book) took.
    pub fn unbook(&mut self, host: HostId, spec: &VmSpec, demand_mips: f64) {
        let index = host.index();
        self.free[index].give(&spec.resources);
        self.used_vcpus[index] -= spec.vcpus;
        self.vms[index] -= 1;
        if self.vms[index] == 0 {
            // Exactly nothing, whatever rounding left.
            self.sized_mips[index] = 0.0;
            (self.planned_mips[index], self.planned_claim_mips[index]) = (0.0, 0.0);
            self.planned_by_class[index] = [0.0; JobClass::COUNT];
        } else {
            self.sized_mips[index] -= spec.size_mips();
            self.plan(host, spec.job_class, -demand_mips);
        }
        self.note(host);
    }

    /// Adds what a virtual machine of a class asks for to what is planned, or takes it off.
    pub(super) fn plan(&mut self, host: HostId, class: JobClass, demand_mips: f64) {
        let claim_mips = demand_mips * self.claim(host, class);
        let index = host.index();
        self.planned_mips[index] = (self.planned_mips[index] + demand_mips).max(0.0);
        self.planned_claim_mips[index] = (self.planned_claim_mips[index] + claim_mips).max(0.0);
        let own = &mut self.planned_by_class[index][class as usize];
        *own = (*own + demand_mips).max(0.0);
    }

    /// Sets the speed of a host's cores, by class of work over the fastest. What is planned is to be worked out anew.
    pub(super) fn clock(&mut self, host: HostId, speeds: [f64; JobClass::COUNT]) {
        let index = host.index();
        self.class_mips[index] = speeds.map(|speed| self.fastest_mips[index] * speed);
        self.mips_per_core[index] = self.class_mips[index][JobClass::Compute as usize];
        self.capacity_mips[index] = f64::from(self.cores[index]) * self.mips_per_core[index];
        self.note(host);
    }

    /// Remembers that a host has changed.
    pub(super) fn note(&mut self, host: HostId) {
        if self.journal.len() >= SHORTEST_JOURNAL.max(self.nodes.len()) {
            self.journal_start += self.journal.len() as u64;
            self.journal.clear();
        }
        self.journal.push(host);
    }

    /// Changes so far: where an index that has seen all of them stands in the journal.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.journal_start + self.journal.len() as u64
    }

    /// The hosts that have changed since an index stood at `seen`, some perhaps several times; `None` if that
    /// is too long ago to tell, so that it must look at all.
    #[must_use]
    pub fn changed_since(&self, seen: u64) -> Option<&[HostId]> {
        let from = seen.checked_sub(self.journal_start)?;
        self.journal.get(usize::try_from(from).ok()?..)
    }
}
