//! Consolidation to the optimum: the placement that draws the least power, for small cases.

use super::ConsolidationPolicy;
use super::view::{ConsolidationDecision, ConsolidationView};
use crate::infra::{Fleet, HostId, HostState, Sharing, VmId, VmSpec, VmState};
use crate::placement::minimum_power::{PlacementHost, PlacementVm, Solver, minimum_power};
use crate::units::{Energy, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Points at which the power of hosts is looked at; straight lines between them.
const POINTS: usize = 11;

/// More memory than any host has.
const MOST_MEMORY_BYTES: f64 = 1e18;

/// Moves virtual machines to the placement that draws the least power, all hosts at their fastest clock, found by
/// mixed-integer programming: the optimum that heuristics are compared with. For small cases, since its time grows
/// exponentially. Nothing moves if not all fit or there are too many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MinimumPower {
    /// Share of a host's capacity that may be planned for.
    pub utilisation: Ratio,
    /// Energy that a migration is taken to cost, so that what saves less until the next step is not moved, and virtual
    /// machines do not change places for nothing.
    pub migration_energy: Energy,
    /// Greatest number of virtual machines times hosts.
    pub size_limit: u32,
}

impl Default for MinimumPower {
    fn default() -> Self {
        MinimumPower {
            utilisation: Ratio::from_fraction(1.0),
            migration_energy: Energy::from_joules(1000.0),
            size_limit: 60,
        }
    }
}

impl MinimumPower {
    /// Watts of a host above those of its sleep at utilisations from nothing to what may be planned.
    fn powers_w(&self, view: &ConsolidationView<'_>, host: HostId) -> Vec<f64> {
        let power = &view.classes()[view.fleet().classes()[host.index()].index()].power;
        let last = (POINTS - 1) as f64;
        let at = |point: usize| power.planned_w(self.utilisation.as_fraction() * point as f64 / last);
        (0..POINTS).map(|point| (at(point) - power.sleep_w).max(0.0)).collect()
    }

    /// For each virtual machine the host that it should be on; `None` if there are none, too many, or not all fit.
    fn solve(&self, view: &ConsolidationView<'_>) -> Option<Vec<(VmId, HostId)>> {
        let (fleet, machines) = (view.fleet(), view.machines());
        let takes = |host: &&HostId| {
            let index = host.index();
            fleet.states()[index] != HostState::Failed && !fleet.closed()[index]
        };
        let hosts: Vec<HostId> = view.hosts().iter().filter(takes).copied().collect();
        let share = self.utilisation.as_fraction();
        let kinds = accelerator_kinds(view, &hosts);
        let rooms: Vec<Vec<f64>> = hosts.iter().map(|&host| room(view, host, &kinds)).collect();
        let powers: Vec<Vec<f64>> = hosts.iter().map(|&host| self.powers_w(view, host)).collect();
        let mut vms = Vec::new();
        for (number, &host) in hosts.iter().enumerate() {
            let present = machines.vms_of(host).iter().filter(|&&vm| machines.target(vm).is_none());
            let own = present.chain(machines.incoming(host));
            vms.extend(own.map(|&vm| (vm, number, held(machines.spec(vm), &kinds))));
        }
        if vms.is_empty() || vms.len() * hosts.len() > self.size_limit as usize {
            return None;
        }
        let places: Vec<PlacementVm<'_>> = vms
            .iter()
            .map(|&(vm, number, ref holds)| PlacementVm {
                demand_mips: machines.demand_mips()[vm.index()],
                cores: f64::from(machines.spec(vm).vcpus),
                memory_bytes: machines.spec(vm).resources.memory_bytes,
                holds,
                host: Some(number),
                is_fixed: machines.state(vm) != VmState::Running || machines.is_migrating(vm),
                migration_w: self.migration_energy.as_joules() / view.period_s(),
            })
            .collect();
        let offered: Vec<PlacementHost<'_>> = hosts
            .iter()
            .zip(powers.iter().zip(&rooms))
            .map(|(host, (power_w, room))| PlacementHost {
                capacity_mips: fleet.fastest_capacity_mips(*host) * share,
                core_mips: fleet.fastest_mips_per_core()[host.index()],
                // Without bounds counts as very much.
                memory_bytes: fleet.memory_bytes()[host.index()].min(MOST_MEMORY_BYTES),
                room,
                power_w,
            })
            .collect();
        let best = minimum_power(&offered, &places, Solver::default()).ok()?;
        let best = best.hosts.into_iter().map(|number| hosts[number]);
        Some(vms.into_iter().map(|(vm, ..)| vm).zip(best).collect())
    }
}

/// The kinds of accelerators of hosts.
fn accelerator_kinds(view: &ConsolidationView<'_>, hosts: &[HostId]) -> BTreeSet<u16> {
    let class = |host: &HostId| &view.classes()[view.fleet().classes()[host.index()].index()];
    let kinds = hosts.iter().flat_map(|host| &class(host).resources.accelerators);
    kinds.map(|own| own.kind).collect()
}

/// What virtual machines can hold of a host beside its memory: storage, what its sharing bounds of their sizes and
/// virtual cores, and accelerators by kind.
fn room(view: &ConsolidationView<'_>, host: HostId, kinds: &BTreeSet<u16>) -> Vec<f64> {
    let fleet = view.fleet();
    let index = host.index();
    let resources = &view.classes()[fleet.classes()[index].index()].resources;
    let (sizes, vcpus) = match fleet.specs()[index].sharing {
        Sharing::SpaceShared => (f64::INFINITY, f64::from(fleet.cores()[index])),
        Sharing::TimeShared { oversubscription } => {
            (fleet.fastest_capacity_mips(host) * oversubscription, f64::INFINITY)
        }
    };
    let accelerators = kinds.iter().map(|&kind| f64::from(resources.accelerators_of(kind)));
    [resources.storage_bytes, sizes, vcpus].into_iter().chain(accelerators).collect()
}

/// What a virtual machine holds of these.
fn held(spec: &VmSpec, kinds: &BTreeSet<u16>) -> Vec<f64> {
    let accelerators = kinds.iter().map(|&kind| f64::from(spec.resources.accelerators_of(kind)));
    let own = [spec.resources.storage_bytes, spec.size_mips(), f64::from(spec.vcpus)];
    own.into_iter().chain(accelerators).collect()
}

/// The moves that can begin at once, in an order in which they can: what leaves holds its place until it is gone.
fn possible(
    view: &ConsolidationView<'_>,
    fleet: &mut Fleet,
    wanted: Vec<(VmId, HostId)>,
) -> Vec<(VmId, HostId)> {
    let machines = view.machines();
    let fits = |fleet: &Fleet, vm: VmId, host: HostId| fleet.admits(host, machines.spec(vm)).is_ok();
    let mut moves = Vec::new();
    for (vm, host) in wanted {
        if machines.host(vm) != Some(host) && !machines.is_migrating(vm) && fits(fleet, vm, host) {
            fleet.book(host, machines.spec(vm), machines.demand_mips()[vm.index()]);
            moves.push((vm, host));
        }
    }
    moves
}

impl ConsolidationPolicy for MinimumPower {
    fn decide(&mut self, view: &mut ConsolidationView<'_>) -> ConsolidationDecision {
        let mut decision = ConsolidationDecision::default();
        let mut fleet = view.fleet().clone();
        if let Some(wanted) = self.solve(view) {
            decision.moves = possible(view, &mut fleet, wanted);
        }
        // A host is empty once all that it has is on its way, and nothing comes.
        let machines = view.machines();
        let is_left = |host: &HostId| {
            let leaving = decision.moves.iter().filter(|(vm, _)| machines.host(*vm) == Some(*host));
            let stays = machines.vms_of(*host).iter().filter(|vm| !machines.is_migrating(**vm)).count();
            fleet.states()[host.index()] == HostState::On
                && leaving.count() == stays
                && machines.incoming(*host).is_empty()
                && !decision.moves.iter().any(|(_, to)| to == host)
        };
        decision.sleep = view.hosts().iter().copied().filter(is_left).collect();
        decision
    }
}
