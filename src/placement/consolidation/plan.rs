//! A plan of moves: the hosts as they would be, without touching those that are.

use super::overload::{HostLoad, OverloadDetection};
use super::view::ConsolidationView;
use crate::apps::VmHistories;
use crate::infra::{Fleet, HostId, VirtualMachines, VmId, VmState};
use crate::placement::vm_allocation::{Guard, VmNeed};
use std::collections::BTreeMap;

/// Which virtual machines are planned for which host, and what these wanted at the last steps.
#[derive(Debug)]
pub(super) struct Loads<'a> {
    machines: &'a VirtualMachines,
    histories: &'a VmHistories,
    /// Steps that are looked back.
    length: usize,
    /// The virtual machines that stay or come, of those hosts for which this differs from what is.
    lists: BTreeMap<HostId, Vec<VmId>>,
    /// For each host the sums of its virtual machines' histories in million instructions a second, newest last and
    /// filled up in front, and how many steps are known; `None` where it is not worked out.
    sums: Vec<f64>,
    known: Vec<Option<u32>>,
    scratch: Vec<f64>,
}

impl<'a> Loads<'a> {
    fn new(view: &ConsolidationView<'a>, length: usize) -> Self {
        let hosts = view.fleet().len();
        Loads {
            machines: view.machines(),
            histories: view.histories(),
            length,
            lists: BTreeMap::new(),
            sums: vec![0.0; hosts * length],
            known: vec![None; hosts],
            scratch: Vec::new(),
        }
    }

    /// What stays on a host or comes to it, as it is.
    fn present(machines: &'a VirtualMachines, host: HostId) -> impl Iterator<Item = VmId> {
        let stays = machines.vms_of(host).iter().copied().filter(|&vm| !machines.is_migrating(vm));
        stays.chain(machines.incoming(host).iter().copied())
    }

    /// Calls `each` with the virtual machines that are planned for a host.
    fn for_each(&self, host: HostId, each: impl FnMut(VmId)) {
        match self.lists.get(&host) {
            Some(list) => list.iter().copied().for_each(each),
            None => Self::present(self.machines, host).for_each(each),
        }
    }

    fn list_mut(&mut self, host: HostId) -> &mut Vec<VmId> {
        let machines = self.machines;
        self.lists.entry(host).or_insert_with(|| Self::present(machines, host).collect())
    }

    /// Adds the history of a virtual machine, times its `claim` on the host, to sums. Returns its length.
    fn add_history(histories: &VmHistories, vm: VmId, claim: f64, sums: &mut [f64]) -> u32 {
        let count = histories.count(vm).min(sums.len());
        let newest = sums.iter_mut().rev().take(count);
        for (sum, demand) in newest.zip(histories.of(vm).rev()) {
            *sum += claim * demand;
        }
        count as u32
    }

    fn work_out(&mut self, fleet: &Fleet, host: HostId) -> u32 {
        if let Some(known) = self.known[host.index()] {
            return known;
        }
        let mut sums = std::mem::take(&mut self.scratch);
        sums.clear();
        sums.resize(self.length, 0.0);
        let mut known = 0;
        self.for_each(host, |vm| {
            let claim = fleet.claim(host, self.machines.spec(vm).job_class);
            known = known.max(Self::add_history(self.histories, vm, claim, &mut sums));
        });
        let first = host.index() * self.length;
        self.sums[first..first + self.length].copy_from_slice(&sums);
        self.scratch = sums;
        self.known[host.index()] = Some(known);
        known
    }

    /// Whether a host would be overloaded with what is planned for it, and with one more virtual machine, at its
    /// present clock.
    fn is_overloaded(
        &mut self,
        detection: &mut dyn OverloadDetection,
        fleet: &Fleet,
        host: HostId,
        more: Option<&VmNeed<'_>>,
    ) -> bool {
        let capacity = fleet.capacity_mips()[host.index()];
        let claim = more.map_or(1.0, |need| fleet.claim(host, need.spec.job_class));
        let further_mips = more.map_or(0.0, |need| need.demand_mips * claim);
        let utilisation = (fleet.planned_claim_mips()[host.index()] + further_mips) / capacity;
        if self.length == 0 {
            return detection.is_overloaded(&HostLoad { utilisation, history: &[] });
        }
        let mut known = self.work_out(fleet, host);
        let first = host.index() * self.length;
        let mut shares = std::mem::take(&mut self.scratch);
        shares.clear();
        shares.extend_from_slice(&self.sums[first..first + self.length]);
        if let Some(need) = more {
            known = known.max(Self::add_history(self.histories, need.vm, claim, &mut shares));
        }
        shares.iter_mut().for_each(|sum| *sum /= capacity);
        let history = &shares[self.length - known as usize..];
        let overloaded = detection.is_overloaded(&HostLoad { utilisation, history });
        self.scratch = shares;
        overloaded
    }
}

/// The hosts with the moves that are planned so far.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) fleet: Fleet,
    pub(super) loads: Loads<'a>,
}

impl<'a> Plan<'a> {
    /// What is, for policies that look `length` steps back.
    pub(super) fn new(view: &ConsolidationView<'a>, length: usize) -> Self {
        Plan { fleet: view.fleet().clone(), loads: Loads::new(view, length) }
    }

    /// Whether a host is overloaded with what is planned for it.
    pub(super) fn is_overloaded(&mut self, detection: &mut dyn OverloadDetection, host: HostId) -> bool {
        self.loads.is_overloaded(detection, &self.fleet, host, None)
    }

    /// The virtual machines that can be moved away from a host: they run there, and neither leave already nor are
    /// planned to come.
    pub(super) fn movable(&self, host: HostId) -> Vec<VmId> {
        let machines = self.loads.machines;
        let mut movable = Vec::new();
        self.loads.for_each(host, |vm| {
            if machines.host(vm) == Some(host)
                && machines.state(vm) == VmState::Running
                && !machines.is_migrating(vm)
            {
                movable.push(vm);
            }
        });
        movable
    }

    fn demand_mips(&self, vm: VmId) -> f64 {
        self.loads.machines.demand_mips()[vm.index()]
    }

    /// Plans for a virtual machine to leave a host.
    pub(super) fn take(&mut self, vm: VmId, host: HostId) {
        let demand = self.demand_mips(vm);
        self.fleet.unbook(host, self.loads.machines.spec(vm), demand);
        self.loads.list_mut(host).retain(|&other| other != vm);
        // Worked out anew, so that rounding does not add up.
        self.loads.known[host.index()] = None;
    }

    /// Plans for a virtual machine to be on a host.
    pub(super) fn put(&mut self, vm: VmId, host: HostId) {
        let demand = self.demand_mips(vm);
        self.fleet.book(host, self.loads.machines.spec(vm), demand);
        self.loads.list_mut(host).push(vm);
        self.loads.known[host.index()] = None;
    }
}

/// Allows hosts that are not barred and would not be overloaded.
#[derive(Debug)]
pub(super) struct Target<'p, 'a> {
    pub(super) fleet: &'p Fleet,
    pub(super) loads: &'p mut Loads<'a>,
    pub(super) detection: &'p mut dyn OverloadDetection,
    pub(super) barred: &'p [bool],
}

impl Guard for Target<'_, '_> {
    fn allows(&mut self, host: HostId, need: &VmNeed<'_>) -> bool {
        !self.barred[host.index()]
            && !self.loads.is_overloaded(self.detection, self.fleet, host, Some(need))
    }
}
