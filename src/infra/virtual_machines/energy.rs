//! The energy of a host, divided among its virtual machines.
//!
//! What a host draws beyond idling goes to its virtual machines by what each takes of its cores, what it draws idle by
//! their sizes, as the guidance of the GHG Protocol on ICT has it and meters such as Kepler do. A virtual machine that
//! is copied counts where it runs. What a host draws without one is nobody's.
//!
//! Each host keeps what a MIPS of size and a MIPS in use have amounted to, so that a change costs O(1) for the host and
//! for each virtual machine whose share has changed, whatever the signals of its site do meanwhile.

use super::machines::VirtualMachines;
use crate::energy::EnergyFlows;
use crate::engine::SimTime;
use crate::infra::ids::{HostId, MigrationId, NodeId, VmId};
use crate::infra::infrastructure::Infrastructure;

/// What a host's energy goes to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HostEnergy {
    power_w: f64,
    /// What it would draw now without any load.
    idle_w: f64,
    /// That by the frequency step at which it was worked out.
    idle_of_step: Option<(usize, f64)>,
    /// What a watt had amounted to when this was brought up to date.
    seen: EnergyFlows,
    per_sized_mips: EnergyFlows,
    per_used_mips: EnergyFlows,
    unattributed: EnergyFlows,
    /// Sizes of its virtual machines together, and what they take.
    pub(super) sized_mips: f64,
    pub(super) used_mips: f64,
}

impl HostEnergy {
    pub(super) fn new(power_w: f64, seen: EnergyFlows, so_far: EnergyFlows) -> Self {
        HostEnergy { power_w, idle_w: power_w, seen, unattributed: so_far, ..HostEnergy::default() }
    }

    /// Brings it up to a time at which a watt has amounted to this.
    fn advance(&mut self, per_watt: EnergyFlows) {
        let passed = per_watt - self.seen;
        self.seen = per_watt;
        if self.sized_mips <= 0.0 {
            self.unattributed += passed * self.power_w;
        } else if self.used_mips > 0.0 {
            self.per_sized_mips += passed * (self.idle_w / self.sized_mips);
            self.per_used_mips += passed * ((self.power_w - self.idle_w) / self.used_mips);
        } else {
            self.per_sized_mips += passed * (self.power_w / self.sized_mips);
        }
    }
}

/// The energy of a virtual machine.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct VmEnergy {
    total: EnergyFlows,
    /// What its host's MIPS had amounted to when this was brought up to date.
    seen_sized: EnergyFlows,
    seen_used: EnergyFlows,
}

impl VmEnergy {
    fn advance(&mut self, host: &HostEnergy, size_mips: f64, used_mips: f64) {
        self.total += (host.per_sized_mips - self.seen_sized) * size_mips;
        self.total += (host.per_used_mips - self.seen_used) * used_mips;
        self.see(host);
    }

    fn see(&mut self, host: &HostEnergy) {
        (self.seen_sized, self.seen_used) = (host.per_sized_mips, host.per_used_mips);
    }
}

impl VirtualMachines {
    /// Books what a virtual machine used on its host, which is settled, with the share that it had until now.
    pub(super) fn book_vm_energy(&mut self, vm: VmId, host: HostId) {
        let index = vm.index();
        let (size_mips, used_mips) = (self.size_mips[index], self.used_mips[index]);
        self.energies[index].advance(&self.hosts[host.index()].energy, size_mips, used_mips);
    }

    /// A virtual machine has come to a host, which is settled.
    pub(super) fn see_host_energy(&mut self, vm: VmId, host: HostId) {
        self.energies[vm.index()].see(&self.hosts[host.index()].energy);
    }

    /// The virtual machine of a migration used energy at once, such as for the copy of its memory.
    pub(in crate::infra) fn charge_migration(&mut self, token: u64, flows: EnergyFlows) -> bool {
        let id = MigrationId(token as u32);
        let Some(migration) = self.migrations.get(id.index()) else { return false };
        self.energies[migration.vm.index()].total += flows;
        true
    }
}

impl Infrastructure {
    /// Brings the accounts and energy of a host and its virtual machines up to `now`. Must come before its list, its
    /// power or any state that these depend on changes.
    pub(in crate::infra) fn settle_host(&mut self, host: HostId, now: SimTime) {
        if self.virtual_machines.hosts[host.index()].since == now {
            return;
        }
        let node = self.virtual_machines.fleet.nodes[host.index()];
        let per_watt = match self.flows_per_watt(node, now) {
            Some(flows) => flows,
            None => unpriced(now.as_secs()),
        };
        self.virtual_machines.hosts[host.index()].energy.advance(per_watt);
        self.virtual_machines.settle(host, now);
    }

    /// Sets what a host draws from now on, and what of that it would draw without any load: `idle_w` says it for its
    /// frequency step if its load matters in the state that it is in.
    pub(in crate::infra) fn set_host_power(
        &mut self,
        host: HostId,
        power_w: f64,
        step: Option<usize>,
        idle_w: impl FnOnce(&Infrastructure) -> f64,
    ) {
        let known = self.virtual_machines.hosts[host.index()].energy.idle_of_step;
        let idle_w = match (step, known) {
            (None, _) => power_w,
            (Some(step), Some((of, idle_w))) if of == step => idle_w,
            (Some(step), _) => {
                let idle_w = idle_w(self);
                self.virtual_machines.hosts[host.index()].energy.idle_of_step = Some((step, idle_w));
                idle_w
            }
        };
        let own = &mut self.virtual_machines.hosts[host.index()].energy;
        (own.power_w, own.idle_w) = (power_w, idle_w.min(power_w));
    }

    /// Books energy that a host used at once and that is no virtual machine's.
    pub(in crate::infra) fn book_unattributed(&mut self, node: NodeId, flows: EnergyFlows) {
        if let Some(host) = self.virtual_machines.host_of_node(node) {
            self.virtual_machines.hosts[host.index()].energy.unattributed += flows;
        }
    }

    /// The state of a host's energy at `now`; the account of its site must be settled then.
    fn host_energy(&self, host: HostId, now: SimTime) -> HostEnergy {
        let node = self.virtual_machines.fleet.nodes[host.index()];
        let per_watt = match self.site_of(node) {
            Some(site) => self.site(site).per_watt(),
            None => unpriced(now.as_secs()),
        };
        let mut own = self.virtual_machines.hosts[host.index()].energy;
        own.advance(per_watt);
        own
    }

    /// What the energy of a virtual machine has been made of until `now`: its share of that of the hosts that it was
    /// on, and that of its copies. Beside the joules, all is zero for hosts at no site. After
    /// [`settle`](Self::settle) at `now`.
    #[must_use]
    pub fn vm_flows(&self, vm: VmId, now: SimTime) -> EnergyFlows {
        let machines = &self.virtual_machines;
        let mut own = machines.energies[vm.index()];
        if let Some(host) = machines.host(vm) {
            let (size_mips, used_mips) =
                (machines.size_mips[vm.index()], machines.used_mips[vm.index()]);
            own.advance(&self.host_energy(host, now), size_mips, used_mips);
        }
        own.total
    }

    /// What the energy of a host has been made of until `now` that no virtual machine has used: while none was on it.
    /// After [`settle`](Self::settle) at `now`.
    #[must_use]
    pub fn unattributed_flows(&self, host: HostId, now: SimTime) -> EnergyFlows {
        self.host_energy(host, now).unattributed
    }
}

/// Energy of a node at no site.
pub(in crate::infra) fn unpriced(energy_j: f64) -> EnergyFlows {
    EnergyFlows { energy_j, ..EnergyFlows::default() }
}
