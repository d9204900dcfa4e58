//! What an allocation policy can see.

use crate::energy::{FrequencySteps, JobClass};
use crate::engine::{SimTime, Stream};
use crate::infra::{Fleet, HostId, HostState, NodeClass, VmId, VmSpec};
use crate::placement::{SiteSignals, site_columns};
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
    /// what is planned for it does not exceed its capacity then. What counts is the host's fastest clock, which a
    /// governor can choose once there is work for it.
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
        let core_mips = self.fleet.fastest_mips_per_core()[index];
        self.fleet.planned_mips()[index] + demand
            <= self.fleet.fastest_capacity_mips(host) * (1.0 + 1e-12)
            && demand <= core_mips * f64::from(spec.vcpus) * (1.0 + 1e-12)
            && self.fleet.admits(host, spec).is_ok()
    }

    /// Whether a host would have to be woken.
    #[must_use]
    pub fn sleeps(&self, host: HostId) -> bool {
        matches!(self.fleet.states()[host.index()], HostState::Asleep | HostState::FallingAsleep)
    }

    /// What is planned for a host over its capacity at its fastest clock.
    #[must_use]
    pub fn utilisation(&self, host: HostId) -> f64 {
        self.fleet.fastest_utilisation(host)
    }

    /// Watts that a host draws more with the virtual machine than without; a host that has none counts as asleep
    /// before, so that what it draws when idle is charged to the first one. All at its fastest clock.
    #[must_use]
    pub fn power_increase_w(&self, host: HostId) -> f64 {
        let index = host.index();
        let power = &self.classes[self.fleet.classes()[index].index()].power;
        let capacity = self.fleet.fastest_capacity_mips(host);
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

/// Hosts at their frequency steps.
impl<'a> AllocationView<'a> {
    /// The class of a host's node.
    #[must_use]
    pub fn class(&self, host: HostId) -> &'a NodeClass {
        &self.classes[self.fleet.classes()[host.index()].index()]
    }

    /// Number of the fastest frequency step of a host; 0 if its clock cannot be changed.
    #[must_use]
    pub fn last_step(&self, host: HostId) -> usize {
        self.class(host).frequency.as_ref().map_or(0, FrequencySteps::last)
    }

    /// Million instructions a second of a core of a host at a frequency step, of work of a class.
    fn core_mips(&self, host: HostId, step: usize, class: JobClass) -> f64 {
        let speed = self.class(host).frequency.as_ref().map_or(1.0, |steps| steps.speed(step, class));
        self.fleet.fastest_mips_per_core()[host.index()] * speed
    }

    /// Busy share of a host's cores at a frequency step, with what is planned for it and with the virtual machine or
    /// without; above one if that is too slow.
    #[must_use]
    pub fn load_at(&self, host: HostId, step: usize, with: bool) -> f64 {
        let mut planned = self.fleet.planned_by_class()[host.index()];
        if with {
            planned[self.need.spec.job_class as usize] += self.need.demand_mips;
        }
        let busy = JobClass::ALL.into_iter().zip(planned).map(|(class, mips)| {
            if mips > 0.0 { mips / self.core_mips(host, step, class) } else { 0.0 }
        });
        busy.sum::<f64>() / f64::from(self.fleet.cores()[host.index()])
    }

    /// Million instructions a second that the virtual machine would do on a host at a frequency step if it were alone:
    /// no virtual core is faster than a core.
    #[must_use]
    pub fn alone_mips(&self, host: HostId, step: usize) -> f64 {
        let spec = self.need.spec;
        let core_mips = self.core_mips(host, step, spec.job_class).min(spec.mips_per_vcpu);
        self.need.demand_mips.min(f64::from(spec.vcpus) * core_mips)
    }

    /// Watts of a host that is on, with this share of its cores busy at a frequency step.
    #[must_use]
    pub fn power_at_w(&self, host: HostId, utilisation: f64, step: usize) -> f64 {
        let class = self.class(host);
        class.power.power_w(&class.load_at(utilisation.min(1.0), step), |_| 0)
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
                planned += fleet.planned_claim_mips()[index];
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
pub fn feature_columns() -> [ColumnSpec; 13] {
    let [on, asleep, planned, free] = fleet_columns();
    let [price, most, carbon, dirtiest, own_w, headroom_w] = site_columns();
    [
        ColumnSpec::float("vm_mips", "MIPS", "what the virtual machine is expected to want"),
        ColumnSpec::float("vm_memory_bytes", "B", "its memory"),
        ColumnSpec::float("vm_vcpus", "", "its virtual cores"),
        on,
        asleep,
        planned,
        free,
        price,
        most,
        carbon,
        dirtiest,
        own_w,
        headroom_w,
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
