//! What a control step plans before anything moves: which host would hold which virtual machines.

use super::allocation::{Claim, divide};
use super::fleet::Fleet;
use super::hash_order::{needed_mips, slot_order, table_slots};
use super::history::LENGTH;

/// A host as planned.
#[derive(Clone, Debug, Default)]
pub(super) struct HostPlan {
    /// Its virtual machines, in order.
    pub(super) vms: Vec<u32>,
    /// MIPS that they would get together.
    pub(super) allocated_mips: f64,
    /// MIPS that would be left, up to rounding.
    pub(super) available_mips: f64,
    /// How many from the front of the list the original has taken off the available MIPS in the order of its
    /// hash table; those behind were in the order of the list.
    pub(super) rehashed: usize,
    /// MIPS that they ask for.
    pub(super) asked_mips: f64,
    /// Memory that they hold, in megabytes.
    pub(super) memory_mb: f64,
    /// Bandwidth that they hold, in kbit/s.
    pub(super) bandwidth_kbps: f64,
    /// Watts that a virtual machine's power is counted from.
    pub(super) base_power_w: f64,
    /// Samples up to the oldest that is not 0; at least 1.
    pub(super) reach: usize,
    /// Intercept and slope, in MIPS, of the line through the last ten samples.
    pub(super) line: (f64, f64),
    /// Control intervals that the longest of their migrations takes.
    pub(super) longest_migration: f64,
    /// Most virtual machines that have ever been on its list at once, those that were only tried among them.
    pub(super) most_vms: usize,
    /// Their history, if it has been needed.
    pub(super) profile: Option<[f64; LENGTH]>,
}

/// All hosts as planned, and which of them may be targets.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) hosts: Vec<HostPlan>,
    /// Hosts that may be targets, but for empty ones.
    pub(super) candidates: Vec<u32>,
    /// Hosts without any virtual machine, by kind, in order; the next to be woken is at the index beside it.
    pub(super) empty: Vec<(Vec<u32>, usize)>,
    /// Whether empty hosts may be targets.
    pub(super) may_wake: bool,
    pub(super) scratch: Scratch,
}

/// Memory that is kept between calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    pub(super) claims: Vec<Claim>,
    pub(super) allocated: Vec<f64>,
    order: Vec<(u32, u32)>,
}

impl Plan {
    /// A plan for so many hosts of so many kinds, with nothing in it.
    pub(super) fn new(hosts: usize, kinds: usize) -> Self {
        Plan {
            hosts: vec![HostPlan::default(); hosts],
            empty: vec![(Vec::new(), 0); kinds],
            ..Plan::default()
        }
    }
}

impl Fleet {
    /// Divides a host's speed among `vms`; their claims and what they get are in `scratch`. Returns what is
    /// left, in MIPS.
    pub(super) fn divide_host(
        &self,
        host: u32,
        vms: &[u32],
        most_vms: usize,
        scratch: &mut Scratch,
    ) -> f64 {
        let Scratch { claims, allocated, order } = scratch;
        let fastest = self.core_mips(host);
        let state = &self.hosts[host as usize];
        claims.clear();
        claims.extend(vms.iter().map(|&vm| {
            let own = &self.vms[vm as usize];
            let incoming = !state.incoming.is_empty() && state.incoming.contains(&vm);
            Claim { mips: own.asked_mips.min(fastest), incoming, outgoing: own.migrating && !incoming }
        }));
        let by_hash = self.spec.quirks.sums_follow_hash_table;
        let needed = |claims: &[Claim]| {
            if !by_hash {
                return claims.iter().map(Claim::need_mips).sum();
            }
            let hashes = vms.iter().map(|&vm| self.vms[vm as usize].name_hash);
            needed_mips(claims, hashes, table_slots(most_vms), order)
        };
        divide(self.capacity_mips(host), claims, needed, allocated)
    }

    /// MIPS left on a planned host, in the original's order of operations.
    pub(super) fn available_mips(&self, host: u32, own: &HostPlan, scratch: &mut Scratch) -> f64 {
        let by_hash = self.spec.quirks.sums_follow_hash_table;
        let rehashed = if by_hash { own.rehashed.min(own.vms.len()) } else { 0 };
        let (front, back) = own.vms.split_at(rehashed);
        if own.available_mips == 0.0 {
            return 0.0;
        }
        self.divide_host(host, &own.vms, own.most_vms, scratch);
        let Scratch { claims, order, .. } = scratch;
        let hashes = front.iter().map(|&vm| self.vms[vm as usize].name_hash);
        slot_order(hashes, table_slots(own.most_vms), order);
        let in_slots = order.iter().map(|&(_, index)| &claims[index as usize]);
        let in_list = claims[front.len()..].iter().take(back.len());
        in_slots.chain(in_list).fold(self.capacity_mips(host), |left, claim| left - claim.need_mips())
    }

    /// Works all sums of a planned host out anew.
    pub(super) fn replan(&self, own: &mut HostPlan, host: u32, scratch: &mut Scratch) {
        own.most_vms = own.most_vms.max(own.vms.len());
        own.available_mips = self.divide_host(host, &own.vms, own.most_vms, scratch);
        own.allocated_mips = scratch.allocated.iter().sum();
        own.asked_mips = 0.0;
        own.reach = 1;
        own.line = (0.0, 0.0);
        own.longest_migration = 0.0;
        own.memory_mb = 0.0;
        own.bandwidth_kbps = 0.0;
        own.profile = None;
        for index in 0..own.vms.len() {
            self.add_to_sums(own, own.vms[index], host);
        }
        own.base_power_w = self.base_power_w(host, own.allocated_mips);
    }

    /// Adds one more virtual machine to the sums that do not depend on how speed is divided.
    fn add_to_sums(&self, own: &mut HostPlan, vm: u32, host: u32) {
        own.asked_mips += self.vms[vm as usize].asked_mips;
        own.reach = own.reach.max(self.history.reach(vm));
        let line = self.lines[vm as usize];
        own.line.0 += line.0;
        own.line.1 += line.1;
        own.longest_migration = own.longest_migration.max(self.migration_intervals(vm, host));
        own.memory_mb += self.vm_memory_mb(vm);
        own.bandwidth_kbps += self.vm_kind(vm).bandwidth_kbps;
    }

    /// Plans a virtual machine on a host, at the end of its list.
    pub(super) fn plan_arrival(&self, plan: &mut Plan, vm: u32, host: u32) {
        let own = &mut plan.hosts[host as usize];
        if own.vms.is_empty() {
            let (empty, next) = &mut plan.empty[usize::from(self.spec.hosts[host as usize])];
            if empty.get(*next) == Some(&host) {
                *next += 1;
                plan.candidates.push(host);
            }
        }
        own.vms.push(vm);
        let asked = self.vms[vm as usize].asked_mips.min(self.core_mips(host));
        if own.available_mips < asked || self.is_migrating(vm) {
            self.replan(own, host, &mut plan.scratch);
            return;
        }
        own.most_vms = own.most_vms.max(own.vms.len());
        own.available_mips -= asked;
        own.allocated_mips += asked;
        self.add_to_sums(own, vm, host);
        if let Some(profile) = &mut own.profile {
            self.add_to_profile(profile, vm, host);
        }
        own.base_power_w = self.base_power_w(host, own.allocated_mips);
    }

    /// Takes a virtual machine off a planned host.
    pub(super) fn plan_departure(&self, plan: &mut Plan, vm: u32, host: u32) {
        let own = &mut plan.hosts[host as usize];
        own.vms.retain(|&other| other != vm);
        own.rehashed = own.vms.len();
        self.replan(own, host, &mut plan.scratch);
    }
}
