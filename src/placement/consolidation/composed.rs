//! The consolidation of Beloglazov and Buyya (2012), put together from parts.

use super::ConsolidationPolicy;
use super::overload::OverloadDetection;
use super::plan::{Plan, Target};
use super::selection::{Relief, SelectionView, VmSelection};
use super::view::{ConsolidationDecision, ConsolidationView};
use crate::infra::{HostId, HostState, VmId};
use crate::placement::vm_allocation::{
    AllocationView, VmAllocationDecision, VmAllocationPolicy, VmNeed,
};

/// Moves nothing, and lets no host sleep.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Nothing {}

impl ConsolidationPolicy for Nothing {
    fn history(&self) -> Option<usize> {
        None
    }

    fn decide(&mut self, _: &mut ConsolidationView<'_>) -> ConsolidationDecision {
        ConsolidationDecision::default()
    }
}

/// Relieves overloaded hosts, empties underloaded ones, and puts empty ones to sleep.
///
/// 1. From each overloaded host virtual machines leave, one after the other as they are selected, until it is
///    no longer overloaded. They are placed by falling demand on hosts that are not overloaded and would not be; one
///    that finds no host stays.
/// 2. Each other host that did not just receive a virtual machine is emptied, the least loaded first, if all it has
///    find a place on hosts that have some already. A host that received from another is not emptied.
/// 3. Hosts that are empty, or will be once these moves have ended, are put to sleep.
#[derive(Debug)]
pub struct Composed {
    /// Which hosts are overloaded.
    pub overload: Box<dyn OverloadDetection>,
    /// Which virtual machines leave them.
    pub selection: Box<dyn VmSelection>,
    /// Where virtual machines go.
    pub placement: Box<dyn VmAllocationPolicy>,
    /// Whether underloaded hosts are emptied.
    pub empties: bool,
    /// After how many hosts in a row that cannot be emptied no further ones are tried.
    pub give_up_after: u32,
    /// Whether empty hosts are put to sleep.
    pub sleeps: bool,
}

/// Tells selections what the detection would say.
#[derive(Debug)]
struct Probe<'p, 'a> {
    plan: &'p mut Plan<'a>,
    detection: &'p mut dyn OverloadDetection,
    host: HostId,
}

impl Relief for Probe<'_, '_> {
    fn is_relieved_without(&mut self, vm: VmId) -> bool {
        !self.plan.is_overloaded_without(self.detection, self.host, vm)
    }
}

impl Composed {
    /// Finds a target for a virtual machine that is planned to be nowhere, and plans for it to be there.
    fn place(
        &mut self,
        view: &mut ConsolidationView<'_>,
        plan: &mut Plan<'_>,
        vm: VmId,
        barred: &[bool],
    ) -> Option<HostId> {
        let need = VmNeed {
            vm,
            spec: view.machines().spec(vm),
            demand_mips: view.machines().demand_mips()[vm.index()],
        };
        let (now, hosts, classes) = (view.now(), view.hosts(), view.classes());
        let mut guard = Target {
            fleet: &plan.fleet,
            loads: &mut plan.loads,
            detection: &mut *self.overload,
            barred,
        };
        let sites = view.sites();
        let mut targets = AllocationView::new(now, need, hosts, &plan.fleet, classes, view.random())
            .at_sites(sites)
            .guarded(&mut guard);
        match self.placement.decide(&mut targets) {
            // Checked here, so that a plan never stands on a bad answer.
            VmAllocationDecision::Place(host) if targets.fits(host) => {
                plan.put(vm, host);
                Some(host)
            }
            _ => None,
        }
    }

    /// Plans to relieve overloaded hosts; they are left in `barred`, and those that receive in `received`.
    fn relieve(
        &mut self,
        view: &mut ConsolidationView<'_>,
        plan: &mut Plan<'_>,
        barred: &mut [bool],
        received: &mut [bool],
        moves: &mut Vec<(VmId, HostId)>,
    ) {
        let mut overloaded = Vec::new();
        for &host in view.hosts() {
            if plan.fleet.states()[host.index()] == HostState::On
                && plan.fleet.vms()[host.index()] > 0
                && plan.is_overloaded(&mut *self.overload, host)
            {
                barred[host.index()] = true;
                overloaded.push(host);
            }
        }
        let classes = view.classes();
        let mut leaving: Vec<(VmId, HostId)> = Vec::new();
        for host in overloaded {
            let mut candidates = plan.movable(host);
            while !candidates.is_empty() && plan.is_overloaded(&mut *self.overload, host) {
                let (now, machines, histories, sites) =
                    (view.now(), view.machines(), view.histories(), view.sites());
                let chosen = self.selection.select(&mut SelectionView {
                    candidates: &candidates,
                    machines,
                    histories,
                    random: view.random(),
                    host,
                    now,
                    classes,
                    sites,
                    relief: &mut Probe { plan, detection: &mut *self.overload, host },
                });
                let vm = candidates.remove(chosen.min(candidates.len() - 1));
                plan.take(vm, host);
                leaving.push((vm, host));
            }
        }
        let demand = |vm: VmId| view.machines().demand_mips()[vm.index()];
        leaving.sort_by(|a, b| demand(b.0).total_cmp(&demand(a.0)));
        for (vm, from) in leaving {
            match self.place(view, plan, vm, barred) {
                Some(host) => {
                    received[host.index()] = true;
                    moves.push((vm, host));
                }
                None => plan.put(vm, from),
            }
        }
    }

    /// Plans to empty underloaded hosts.
    fn empty(
        &mut self,
        view: &mut ConsolidationView<'_>,
        plan: &mut Plan<'_>,
        barred: &mut [bool],
        received: &mut [bool],
        moves: &mut Vec<(VmId, HostId)>,
    ) {
        let mut sources: Vec<(f64, HostId)> = Vec::new();
        for &host in view.hosts() {
            let index = host.index();
            if plan.fleet.states()[index] != HostState::On || plan.fleet.vms()[index] == 0 {
                // No host is switched on to switch another one off.
                barred[index] = true;
            } else if !barred[index] && !received[index] {
                sources.push((plan.fleet.utilisation(host), host));
            }
        }
        sources.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut failures = 0;
        for (_, source) in sources {
            if received[source.index()] {
                continue;
            }
            let mut leaving = plan.movable(source);
            // What starts there or comes there cannot leave.
            if leaving.len() != plan.fleet.vms()[source.index()] as usize {
                continue;
            }
            let demand = |vm: VmId| view.machines().demand_mips()[vm.index()];
            leaving.sort_by(|&a, &b| demand(b).total_cmp(&demand(a)));
            barred[source.index()] = true;
            let mut planned: Vec<(VmId, HostId)> = Vec::new();
            for &vm in &leaving {
                plan.take(vm, source);
                match self.place(view, plan, vm, barred) {
                    Some(host) => planned.push((vm, host)),
                    None => {
                        plan.put(vm, source);
                        break;
                    }
                }
            }
            if planned.len() == leaving.len() {
                failures = 0;
                for &(_, host) in &planned {
                    received[host.index()] = true;
                }
                moves.append(&mut planned);
                continue;
            }
            for (vm, host) in planned {
                plan.take(vm, host);
                plan.put(vm, source);
            }
            barred[source.index()] = false;
            failures += 1;
            if failures >= self.give_up_after {
                break;
            }
        }
    }
}

impl ConsolidationPolicy for Composed {
    fn history(&self) -> Option<usize> {
        Some(self.overload.history().max(self.selection.history()))
    }

    fn decide(&mut self, view: &mut ConsolidationView<'_>) -> ConsolidationDecision {
        let mut plan = Plan::new(view, self.overload.history(), self.overload.future());
        self.placement.forget();
        let mut barred = vec![false; plan.fleet.len()];
        let mut received = vec![false; plan.fleet.len()];
        let mut decision = ConsolidationDecision::default();
        self.relieve(view, &mut plan, &mut barred, &mut received, &mut decision.moves);
        if self.empties {
            self.empty(view, &mut plan, &mut barred, &mut received, &mut decision.moves);
        }
        if self.sleeps {
            let is_empty = |host: &HostId| {
                plan.fleet.states()[host.index()] == HostState::On && plan.fleet.vms()[host.index()] == 0
            };
            decision.sleep = view.hosts().iter().copied().filter(is_empty).collect();
        }
        decision
    }
}
