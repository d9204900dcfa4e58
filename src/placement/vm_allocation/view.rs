//! What an allocation policy can see.

use crate::engine::{SimTime, Stream};
use crate::infra::{Fleet, HostId, HostState, NodeClass, VmId, VmSpec};
use crate::placement::SiteSignals;
use crate::records::ColumnSpec;
use std::fmt;

/// A virtual machine that needs a host.
#[derive(Clone, Copy, Debug)]
pub struct VmNeed<'a> {
    /// The virtual machine.
    pub vm: VmId,
    /// What it is.
    pub spec: &'a VmSpec,
    /// Million instructions a second that its host should have for it.
    pub demand_mips: f64,
}

/// A further condition on the hosts that may be chosen.
pub trait Guard: fmt::Debug {
    /// Whether this host may take it. Asked last, of hosts that have room.
    fn allows(&mut self, host: HostId, need: &VmNeed<'_>) -> bool;
}

/// The hosts as an allocation policy sees them: as they are, or as a consolidation has planned them.
#[derive(Debug)]
pub struct AllocationView<'a> {
    now: SimTime,
    need: VmNeed<'a>,
    hosts: &'a [HostId],
    fleet: &'a Fleet,
    classes: &'a [NodeClass],
    random: &'a mut Stream,
    guard: Option<&'a mut dyn Guard>,
    sites: SiteSignals<'a>,
}

impl<'a> AllocationView<'a> {
    /// A view for one virtual machine that may go to one of `hosts`, given in ascending order.
    pub fn new(
        now: SimTime,
        need: VmNeed<'a>,
        hosts: &'a [HostId],
        fleet: &'a Fleet,
        classes: &'a [NodeClass],
        random: &'a mut Stream,
    ) -> Self {
        AllocationView {
            now,
            need,
            hosts,
            fleet,
            classes,
            random,
            guard: None,
            sites: SiteSignals::default(),
        }
    }

    /// The same view with the signals of the hosts' sites.
    #[must_use]
    pub fn at_sites(self, sites: SiteSignals<'a>) -> Self {
        AllocationView { sites, ..self }
    }

    /// The same view of these hosts only, given in ascending order.
    pub fn among<'b>(&'b mut self, hosts: &'b [HostId]) -> AllocationView<'b> {
        AllocationView {
            now: self.now,
            need: self.need,
            hosts,
            fleet: self.fleet,
            classes: self.classes,
            random: &mut *self.random,
            guard: match &mut self.guard {
                Some(guard) => Some(&mut **guard),
                None => None,
            },
            sites: self.sites,
        }
    }

    /// The same view of those hosts only that a guard allows.
    #[must_use]
    pub fn guarded(self, guard: &'a mut dyn Guard) -> Self {
        AllocationView { guard: Some(guard), ..self }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The virtual machine.
    #[must_use]
    pub fn need(&self) -> &VmNeed<'a> {
        &self.need
    }

    /// The hosts that it may be put on, in ascending order.
    #[must_use]
    pub fn hosts(&self) -> &'a [HostId] {
        self.hosts
    }

    /// The hosts' state.
    #[must_use]
    pub fn fleet(&self) -> &'a Fleet {
        self.fleet
    }

    /// The classes of nodes, by [`ClassId`](crate::infra::ClassId).
    #[must_use]
    pub fn classes(&self) -> &'a [NodeClass] {
        self.classes
    }

    /// Prices and all else of the hosts' sites, now and later.
    #[must_use]
    pub fn sites(&self) -> SiteSignals<'a> {
        self.sites
    }

    /// The policy's own random stream.
    pub fn random(&mut self) -> &mut Stream {
        self.random
    }

    /// Whether a host has room: it takes the virtual machine, its cores are as fast as is wanted of each, and
    /// what is planned for it does not exceed its capacity then.
    #[must_use]
    pub fn fits(&mut self, host: HostId) -> bool {
        self.has_room(host)
            && match &mut self.guard {
                Some(guard) => guard.allows(host, &self.need),
                None => true,
            }
    }

    fn has_room(&self, host: HostId) -> bool {
        let index = host.index();
        let demand = self.need.demand_mips;
        let spec = self.need.spec;
        self.fleet.planned_mips()[index] + demand <= self.fleet.capacity_mips()[index] * (1.0 + 1e-12)
            && demand <= self.fleet.mips_per_core()[index] * f64::from(spec.vcpus) * (1.0 + 1e-12)
            && self.fleet.admits(host, spec).is_ok()
    }

    /// Whether a host would have to be woken.
    #[must_use]
    pub fn sleeps(&self, host: HostId) -> bool {
        matches!(self.fleet.states()[host.index()], HostState::Asleep | HostState::FallingAsleep)
    }

    /// What is planned for a host over its capacity.
    #[must_use]
    pub fn utilisation(&self, host: HostId) -> f64 {
        self.fleet.utilisation(host)
    }

    /// Watts that a host draws more with the virtual machine than without; a host that has none counts as asleep
    /// before, so that what it draws when idle is charged to the first one.
    #[must_use]
    pub fn power_increase_w(&self, host: HostId) -> f64 {
        let index = host.index();
        let power = &self.classes[self.fleet.classes()[index].index()].power;
        let capacity = self.fleet.capacity_mips()[index];
        let planned = self.fleet.planned_mips()[index];
        let after = power.planned_w((planned + self.need.demand_mips) / capacity);
        let before = if self.fleet.vms()[index] == 0 {
            power.sleep_w
        } else {
            power.planned_w(planned / capacity)
        };
        after - before
    }
}

/// What is recorded of the hosts with each decision about them.
pub type FleetFeatures = [Option<f64>; 4];

/// The state of the fleet in numbers: hosts on, hosts asleep, what is planned over the capacity of those that are
/// on, free share of their memory. O(hosts).
#[must_use]
pub fn fleet_features(fleet: &Fleet, hosts: &[HostId]) -> FleetFeatures {
    let (mut on, mut asleep) = (0.0, 0.0);
    let (mut planned, mut capacity, mut free, mut memory) = (0.0, 0.0, 0.0, 0.0);
    for index in hosts.iter().map(|host| host.index()) {
        match fleet.states()[index] {
            HostState::On => {
                on += 1.0;
                planned += fleet.planned_mips()[index];
                capacity += fleet.capacity_mips()[index];
                free += fleet.free()[index].memory_bytes;
                memory += fleet.memory_bytes()[index];
            }
            HostState::Asleep => asleep += 1.0,
            _ => {}
        }
    }
    let share = |part: f64, whole: f64| (whole > 0.0 && whole.is_finite()).then(|| part / whole);
    [Some(on), Some(asleep), share(planned, capacity), share(free, memory)]
}

/// What is recorded of each VM allocation.
#[must_use]
pub fn feature_columns() -> [ColumnSpec; 7] {
    let [on, asleep, planned, free] = fleet_columns();
    [
        ColumnSpec::float("vm_mips", "MIPS", "what the virtual machine is expected to want"),
        ColumnSpec::float("vm_memory_bytes", "B", "its memory"),
        ColumnSpec::float("vm_vcpus", "", "its virtual cores"),
        on,
        asleep,
        planned,
        free,
    ]
}

/// Columns of the [`FleetFeatures`].
pub(crate) fn fleet_columns() -> [ColumnSpec; 4] {
    [
        ColumnSpec::float("hosts_on", "", "hosts that run"),
        ColumnSpec::float("hosts_asleep", "", "hosts that sleep"),
        ColumnSpec::float(
            "hosts_utilisation",
            "",
            "what virtual machines want over the capacity of the hosts that run; null if none does",
        ),
        ColumnSpec::float(
            "hosts_free_memory",
            "",
            "free share of the memory of the hosts that run; null if none does",
        ),
    ]
}
