//! A plan of moves: the hosts as they would be, without touching those that are.

use super::overload::{HostLoad, OverloadDetection};
use super::view::ConsolidationView;
use crate::apps::{FutureDemand, VmHistories};
use crate::infra::{Fleet, HostId, VirtualMachines, VmId, VmState};
use crate::placement::vm_allocation::{Guard, VmNeed};
use std::collections::BTreeMap;

/// Which virtual machines are planned for which host, and what these wanted at the last steps.
#[derive(Debug)]
pub(super) struct Loads<'a> {
    machines: &'a VirtualMachines,
    histories: &'a VmHistories,
    future: Option<&'a dyn FutureDemand>,
    /// Steps that are looked back.
    length: usize,
    /// Steps that are looked ahead.
    ahead: usize,
    /// The virtual machines that stay or come, of those hosts for which this differs from what is.
    lists: BTreeMap<HostId, Vec<VmId>>,
    /// For each host the sums of its virtual machines' histories in million instructions a second, newest last and
    /// filled up in front, and how many steps are known; `None` where it is not worked out.
    sums: Vec<f64>,
    known: Vec<Option<u32>>,
    /// For each host the sums of what its virtual machines are going to want, the next step first; right where `known`
    /// is.
    futures: Vec<f64>,
    scratch: Vec<f64>,
    scratch_ahead: Vec<f64>,
}

/// A virtual machine that counts as one more on a host, or as one less.
#[derive(Clone, Copy, Debug)]
struct Change {
    vm: VmId,
    demand_mips: f64,
    /// 1 or -1.
    sign: f64,
}

impl<'a> Loads<'a> {
    fn new(view: &ConsolidationView<'a>, length: usize, ahead: usize) -> Self {
        let hosts = view.fleet().len();
        Loads {
            machines: view.machines(),
            histories: view.histories(),
            future: view.future(),
            length,
            ahead,
            futures: vec![0.0; hosts * ahead],
            lists: BTreeMap::new(),
            sums: vec![0.0; hosts * length],
            known: vec![None; hosts],
            scratch: Vec::new(),
            scratch_ahead: Vec::new(),
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

    /// Adds what a virtual machine is going to want, times its `claim` on the host, to sums.
    fn add_future(&self, vm: VmId, claim: f64, sums: &mut [f64]) {
        let present = self.machines.demand_mips()[vm.index()];
        for (step, sum) in sums.iter_mut().enumerate() {
            let known = self.future.and_then(|future| future.demand_mips(vm, step + 1));
            *sum += claim * known.unwrap_or(present);
        }
    }

    fn work_out(&mut self, fleet: &Fleet, host: HostId) -> u32 {
        if let Some(known) = self.known[host.index()] {
            return known;
        }
        let mut sums = std::mem::take(&mut self.scratch);
        sums.clear();
        sums.resize(self.length, 0.0);
        let mut ahead = std::mem::take(&mut self.scratch_ahead);
        ahead.clear();
        ahead.resize(self.ahead, 0.0);
        let mut known = 0;
        self.for_each(host, |vm| {
            let claim = fleet.claim(host, self.machines.spec(vm).job_class);
            known = known.max(Self::add_history(self.histories, vm, claim, &mut sums));
            self.add_future(vm, claim, &mut ahead);
        });
        let first = host.index() * self.length;
        self.sums[first..first + self.length].copy_from_slice(&sums);
        self.scratch = sums;
        let first = host.index() * self.ahead;
        self.futures[first..first + self.ahead].copy_from_slice(&ahead);
        self.scratch_ahead = ahead;
        self.known[host.index()] = Some(known);
        known
    }

    /// Whether a host would be overloaded at its present clock with what is planned for it, and with one virtual
    /// machine more or less.
    fn is_overloaded(
        &mut self,
        detection: &mut dyn OverloadDetection,
        fleet: &Fleet,
        host: HostId,
        change: Option<Change>,
    ) -> bool {
        let capacity = fleet.capacity_mips()[host.index()];
        let claim = change.map_or(1.0, |change| {
            change.sign * fleet.claim(host, self.machines.spec(change.vm).job_class)
        });
        let further_mips = change.map_or(0.0, |change| claim * change.demand_mips);
        let utilisation = (fleet.planned_claim_mips()[host.index()] + further_mips) / capacity;
        if self.length == 0 && self.ahead == 0 {
            return detection.is_overloaded(&HostLoad { utilisation, history: &[], future: &[] });
        }
        let mut known = self.work_out(fleet, host);
        let first = host.index() * self.length;
        let mut shares = std::mem::take(&mut self.scratch);
        shares.clear();
        shares.extend_from_slice(&self.sums[first..first + self.length]);
        let mut ahead = std::mem::take(&mut self.scratch_ahead);
        ahead.clear();
        let first = host.index() * self.ahead;
        ahead.extend_from_slice(&self.futures[first..first + self.ahead]);
        if let Some(Change { vm, .. }) = change {
            known = known.max(Self::add_history(self.histories, vm, claim, &mut shares));
            self.add_future(vm, claim, &mut ahead);
        }
        shares.iter_mut().chain(&mut ahead).for_each(|sum| *sum /= capacity);
        let history = &shares[self.length - known as usize..];
        let load = HostLoad { utilisation, history, future: &ahead };
        let overloaded = detection.is_overloaded(&load);
        (self.scratch, self.scratch_ahead) = (shares, ahead);
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
    /// What is, for policies that look `length` steps back and `ahead` steps ahead.
    pub(super) fn new(view: &ConsolidationView<'a>, length: usize, ahead: usize) -> Self {
        Plan { fleet: view.fleet().clone(), loads: Loads::new(view, length, ahead) }
    }

    /// Whether a host is overloaded with what is planned for it.
    pub(super) fn is_overloaded(&mut self, detection: &mut dyn OverloadDetection, host: HostId) -> bool {
        self.loads.is_overloaded(detection, &self.fleet, host, None)
    }

    /// Whether a host would be overloaded without one of the virtual machines that are planned for it.
    pub(super) fn is_overloaded_without(
        &mut self,
        detection: &mut dyn OverloadDetection,
        host: HostId,
        vm: VmId,
    ) -> bool {
        let change = Change { vm, demand_mips: self.demand_mips(vm), sign: -1.0 };
        self.loads.is_overloaded(detection, &self.fleet, host, Some(change))
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
        let change = Change { vm: need.vm, demand_mips: need.demand_mips, sign: 1.0 };
        !self.barred[host.index()]
            && !self.loads.is_overloaded(self.detection, self.fleet, host, Some(change))
    }
}
