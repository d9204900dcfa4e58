//! The state of hosts and virtual machines, and what happens when.

use super::accounts::{Accounts, FleetSummary};
use super::detection::line_weights;
use super::hash_order::name_hash;
use super::history::History;
use super::inputs::{FleetError, FleetSpec, HostKind, Management, VmKind};
use super::optimisation::Moves;
use super::plan::{Plan, Scratch};
use super::power::energy_j;
use super::selection::Selector;
use crate::engine::Stream;
use std::collections::BTreeMap;

/// Seconds by which events lie apart at least, and so control steps behind the samples.
const GAP_S: f64 = 0.1;

/// A virtual machine that is nowhere: finished, or never placed.
const NOWHERE: u32 = u32::MAX;

/// A migration that has been started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Migration {
    /// The virtual machine.
    pub vm: u32,
    /// The host it runs on until the end.
    pub from: u32,
    /// The host it is copied to.
    pub to: u32,
    /// When it has started, in seconds.
    pub start_s: f64,
    /// When it ends.
    pub end_s: f64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct HostState {
    /// Virtual machines that run here or are being copied here, in the order in which they came.
    pub(super) vms: Vec<u32>,
    /// Those that are being copied here.
    pub(super) incoming: Vec<u32>,
    /// Share of the speed that is allocated, as last computed.
    pub(super) utilisation: f64,
    previous_utilisation: f64,
    /// Something has finished here since it was last computed.
    pub(super) finished: bool,
    /// Something has come or gone since it was last computed.
    changed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct VmState {
    pub(super) host: u32,
    pub(super) asked_mips: f64,
    pub(super) migrating: bool,
    pub(super) name_hash: u32,
}

/// Hosts and virtual machines as CloudSim 3.0.3 runs them.
///
/// The driver calls [`place_all`](Fleet::place_all), then [`control_step`](Fleet::control_step) at
/// [`first_step_s`](Fleet::first_step_s) and at each [`next_step_s`](Fleet::next_step_s) after it,
/// [`end_migration`](Fleet::end_migration) at the end of each migration that a step has started (before a
/// step at the same instant, and in the order in which they were started), and [`finish`](Fleet::finish).
#[derive(Debug)]
pub struct Fleet {
    pub(super) spec: FleetSpec,
    pub(super) hosts: Vec<HostState>,
    pub(super) vms: Vec<VmState>,
    pub(super) history: History,
    /// For each VM, intercept and slope in MIPS of the line through its last ten samples.
    pub(super) lines: Vec<(f64, f64)>,
    capacities: Vec<f64>,
    shares: Vec<f64>,
    accounts: Accounts,
    plan: Plan,
    selector: Option<Selector>,
    /// Migrations under way by the bits of their end, which order as times do.
    ends: BTreeMap<u64, u32>,
    computed_s: f64,
    unplaced: u64,
    scratch: Scratch,
    touched: Vec<u32>,
}

impl Fleet {
    /// A fleet with nothing placed; `random` is what [`VmSelection::Random`](super::VmSelection::Random)
    /// draws from.
    ///
    /// # Errors
    /// If a quantity is out of range, or the parts do not fit together.
    pub fn new(spec: FleetSpec, random: Stream) -> Result<Self, FleetError> {
        spec.check()?;
        let (hosts, vms) = (spec.hosts.len(), spec.vms.len());
        let mips = |vm: usize| spec.vm_kinds[usize::from(spec.vms[vm])].mips;
        let vm = |vm| VmState {
            host: NOWHERE,
            asked_mips: mips(vm),
            migrating: false,
            name_hash: name_hash(vm as u32),
        };
        let mut fleet = Fleet {
            hosts: vec![HostState::default(); hosts],
            vms: (0..vms).map(vm).collect(),
            history: History::new(vms),
            lines: vec![(0.0, 0.0); vms],
            capacities: spec.host_kinds.iter().map(HostKind::capacity_mips).collect(),
            shares: vec![0.0; vms],
            accounts: Accounts::new(hosts, vms),
            plan: Plan::default(),
            selector: Some(Selector::new(random)),
            ends: BTreeMap::new(),
            computed_s: 0.0,
            unplaced: 0,
            scratch: Scratch::default(),
            touched: Vec::new(),
            spec,
        };
        let mut plan = Plan::new(hosts, fleet.spec.host_kinds.len());
        for (own, host) in plan.hosts.iter_mut().zip(0..) {
            fleet.replan(own, host, &mut plan.scratch);
        }
        fleet.plan = plan;
        Ok(fleet)
    }

    pub(super) fn host_kind(&self, host: u32) -> &HostKind {
        &self.spec.host_kinds[usize::from(self.spec.hosts[host as usize])]
    }

    pub(super) fn vm_kind(&self, vm: u32) -> &VmKind {
        &self.spec.vm_kinds[usize::from(self.spec.vms[vm as usize])]
    }

    pub(super) fn capacity_mips(&self, host: u32) -> f64 {
        self.capacities[usize::from(self.spec.hosts[host as usize])]
    }

    pub(super) fn core_mips(&self, host: u32) -> f64 {
        self.host_kind(host).mips_per_core
    }

    pub(super) fn power_curve(&self, host: u32) -> &[f64; 11] {
        &self.host_kind(host).power_w
    }

    pub(super) fn vm_mips(&self, vm: u32) -> f64 {
        self.vm_kind(vm).mips
    }

    pub(super) fn vm_memory_mb(&self, vm: u32) -> f64 {
        self.vm_kind(vm).memory_mb
    }

    pub(super) fn is_migrating(&self, vm: u32) -> bool {
        self.vms[vm as usize].migrating
    }

    /// Share of its own speed that a virtual machine asks for. Multiplied and divided again as in the
    /// original, since rounding decides between equals.
    pub(super) fn utilisation(&self, vm: u32) -> f64 {
        self.vms[vm as usize].asked_mips / self.vm_mips(vm)
    }

    /// Seconds that copying a virtual machine to a host takes: its memory over half the bandwidth.
    pub(super) fn migration_s(&self, vm: u32, to: u32) -> f64 {
        self.vm_memory_mb(vm) / (self.host_kind(to).bandwidth_kbps / 16_000.0)
    }

    /// Control intervals that copying a virtual machine takes, rounded up.
    pub(super) fn migration_intervals(&self, vm: u32, to: u32) -> f64 {
        (self.migration_s(vm, to) / self.spec.interval_s).ceil()
    }

    /// The hosts' kinds, demand and rules.
    #[must_use]
    pub fn spec(&self) -> &FleetSpec {
        &self.spec
    }

    /// The host that a virtual machine runs on; `None` if it has finished or was never placed.
    #[must_use]
    pub fn host_of(&self, vm: u32) -> Option<u32> {
        let host = self.vms.get(vm as usize)?.host;
        (host != NOWHERE).then_some(host)
    }

    /// Number of hosts that serve something, as last computed.
    #[must_use]
    pub fn active_hosts(&self) -> usize {
        self.hosts.iter().filter(|host| host.utilisation > 0.0).count()
    }

    /// Virtual machines that are on some host.
    #[must_use]
    pub fn running_vms(&self) -> usize {
        self.vms.iter().filter(|vm| vm.host != NOWHERE).count()
    }

    /// Energy so far, in joules.
    #[must_use]
    pub fn energy_j(&self) -> f64 {
        self.accounts.energy_j
    }

    /// When the first control step is due; `None` if the day is too short for one.
    #[must_use]
    pub fn first_step_s(&self) -> Option<f64> {
        let wait_s = if self.spec.quirks.ends_are_cut { self.spec.interval_s } else { 0.0 };
        let first_s = GAP_S + wait_s;
        (first_s <= self.spec.end_s).then_some(first_s)
    }

    /// When the control step after one at `step_s` is due; `None` if the day is over.
    #[must_use]
    pub fn next_step_s(&self, step_s: f64) -> Option<f64> {
        let next_s = step_s + self.spec.interval_s;
        (next_s <= self.spec.end_s).then_some(next_s)
    }

    /// Places all virtual machines, in order, each as if it asked for its full speed. Those that find no
    /// host are left out.
    pub fn place_all(&mut self) {
        let mut plan = std::mem::take(&mut self.plan);
        for host in 0..self.hosts.len() as u32 {
            plan.empty[usize::from(self.spec.hosts[host as usize])].0.push(host);
        }
        plan.may_wake = true;
        for vm in 0..self.vms.len() as u32 {
            let Some(host) = self.find_host(&mut plan, vm, self.vm_mips(vm), true) else {
                self.unplaced += 1;
                continue;
            };
            self.plan_arrival(&mut plan, vm, host);
            // What has been placed is taken to ask for nothing until it runs.
            plan.hosts[host as usize].asked_mips = 0.0;
            self.vms[vm as usize].host = host;
            self.hosts[host as usize].vms.push(vm);
        }
        self.plan = plan;
    }

    /// Computes the present, and decides what moves: appends the migrations that start now to `started`.
    pub fn control_step(&mut self, time_s: f64, started: &mut Vec<Migration>) {
        self.compute(time_s, true);
        let Management::Consolidated { overload, selection } = self.spec.management else { return };
        if overload.is_regression() && self.spec.quirks.regression_is_unweighted {
            self.fit_lines();
        }
        let mut moves = Moves::new();
        let mut plan = std::mem::take(&mut self.plan);
        if let Some(mut selector) = self.selector.take() {
            self.optimise(&mut plan, &mut selector, (overload, selection), &mut moves);
            self.selector = Some(selector);
        }
        self.plan = plan;
        for (vm, to) in moves {
            started.push(self.start_migration(vm, to, time_s));
        }
        let mut touched = std::mem::take(&mut self.touched);
        for host in touched.drain(..) {
            if self.hosts[host as usize].changed {
                self.compute_host(host, time_s);
            }
        }
        self.touched = touched;
    }

    fn start_migration(&mut self, vm: u32, to: u32, start_s: f64) -> Migration {
        let from = self.vms[vm as usize].host;
        let state = &mut self.vms[vm as usize];
        state.migrating = true;
        let target = &mut self.hosts[to as usize];
        if !target.incoming.contains(&vm) {
            target.incoming.push(vm);
            target.vms.push(vm);
        }
        for host in [to, from] {
            self.hosts[host as usize].changed = true;
            self.touched.push(host);
        }
        self.accounts.migrations += 1;
        let end_s = start_s + self.migration_s(vm, to);
        *self.ends.entry(end_s.to_bits()).or_default() += 1;
        Migration { vm, from, to, start_s, end_s }
    }

    /// A migration ends: the virtual machine runs on its new host from now on.
    pub fn end_migration(&mut self, migration: &Migration) {
        let Migration { vm, to, end_s, .. } = *migration;
        if end_s > self.computed_s {
            self.compute(end_s, false);
        }
        let from = self.vms[vm as usize].host;
        if from != NOWHERE {
            self.hosts[from as usize].vms.retain(|&other| other != vm);
            self.hosts[from as usize].changed = true;
        }
        let target = &mut self.hosts[to as usize];
        target.incoming.retain(|&other| other != vm);
        target.vms.retain(|&other| other != vm);
        target.vms.push(vm);
        target.changed = true;
        let state = &mut self.vms[vm as usize];
        state.host = to;
        state.migrating = false;
        if let Some(count) = self.ends.get_mut(&end_s.to_bits()) {
            *count -= 1;
            if *count == 0 {
                self.ends.remove(&end_s.to_bits());
                self.compute_changed(end_s);
            }
        }
    }

    /// The day is over: closes the accounts.
    pub fn finish(&mut self) {
        if !self.spec.quirks.ends_are_cut && self.spec.end_s > self.computed_s {
            self.compute(self.spec.end_s, false);
        }
        self.accounts.close();
    }

    /// The figures of the run so far; complete after [`finish`](Fleet::finish).
    #[must_use]
    pub fn summary(&self) -> FleetSummary {
        self.accounts.summary(self.unplaced)
    }

    fn fit_lines(&mut self) {
        let weights = line_weights();
        for vm in 0..self.vms.len() as u32 {
            if self.vms[vm as usize].host == NOWHERE {
                continue;
            }
            let (mut intercept, mut slope) = (0.0, 0.0);
            for ((for_intercept, for_slope), share) in weights.iter().zip(self.history.of(vm)) {
                intercept += for_intercept * share;
                slope += for_slope * share;
            }
            let mips = self.vm_mips(vm);
            self.lines[vm as usize] = (intercept * mips, slope * mips);
        }
    }

    /// Brings demand, allocations, energy and records to `time_s`, and takes off what has finished.
    fn compute(&mut self, time_s: f64, is_control_step: bool) {
        let elapsed_s = time_s - self.computed_s;
        let mut shares = std::mem::take(&mut self.shares);
        self.spec.demand.at(time_s, &mut shares);
        for ((vm, share), kind) in self.vms.iter_mut().zip(&shares).zip(&self.spec.vms) {
            vm.asked_mips = share * self.spec.vm_kinds[usize::from(*kind)].mips;
        }
        if is_control_step {
            self.history.push(&shares);
        }
        self.shares = shares;
        let mut energy = 0.0;
        let always_full = self.spec.management == Management::AlwaysFull;
        for host in 0..self.hosts.len() as u32 {
            if always_full {
                energy += self.power_curve(host)[10] * elapsed_s;
            }
            let state = &self.hosts[host as usize];
            if state.vms.is_empty()
                && state.previous_utilisation == 0.0
                && state.utilisation == 0.0
                && self.accounts.is_asleep(host)
            {
                continue;
            }
            self.compute_host(host, time_s);
            if !always_full {
                let state = &self.hosts[host as usize];
                let (before, after) = (state.previous_utilisation, state.utilisation);
                energy += energy_j(self.power_curve(host), before, after, elapsed_s);
            }
        }
        self.accounts.energy_j += energy;
        self.computed_s = time_s;
        self.remove_finished();
    }

    /// Computes the hosts anew that something has come to or gone from at this instant.
    fn compute_changed(&mut self, time_s: f64) {
        for host in 0..self.hosts.len() as u32 {
            if self.hosts[host as usize].changed {
                self.compute_host(host, time_s);
            }
        }
        self.remove_finished();
    }

    /// Divides a host's speed among its virtual machines, and notes what they get.
    fn compute_host(&mut self, host: u32, time_s: f64) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let most = &mut self.plan.hosts[host as usize].most_vms;
        *most = (*most).max(self.hosts[host as usize].vms.len());
        let most = *most;
        self.divide_host(host, &self.hosts[host as usize].vms, most, &mut scratch);
        let capacity = self.capacity_mips(host);
        let state = &mut self.hosts[host as usize];
        let (mut sum, mut asked_sum) = (0.0, 0.0);
        for ((&vm, claim), &mips) in state.vms.iter().zip(&scratch.claims).zip(&scratch.allocated) {
            let own = &self.vms[vm as usize];
            let mut counted = mips;
            if !claim.incoming {
                self.accounts.note_vm(vm, time_s, mips, own.asked_mips, own.migrating);
                if own.migrating {
                    counted /= 0.9;
                }
            }
            sum += counted;
            asked_sum += own.asked_mips;
        }
        self.accounts.note_host(host, time_s, sum, asked_sum);
        state.previous_utilisation = state.utilisation;
        let utilisation = sum / capacity;
        state.utilisation = if utilisation > 1.0 && utilisation < 1.01 { 1.0 } else { utilisation };
        (state.changed, state.finished) = (false, false);
        self.scratch = scratch;
    }

    /// Takes virtual machines that ask for nothing off their hosts (Q1). The hosts' sums stay as they are.
    fn remove_finished(&mut self) {
        if !self.spec.quirks.idle_is_finished {
            return;
        }
        for (index, vm) in (0..).zip(&mut self.vms) {
            if vm.asked_mips == 0.0 && vm.host != NOWHERE && !vm.migrating {
                let host = &mut self.hosts[vm.host as usize];
                host.vms.retain(|&other| other != index);
                host.finished = true;
                vm.host = NOWHERE;
                self.accounts.finished_vms += 1;
            }
        }
    }
}
