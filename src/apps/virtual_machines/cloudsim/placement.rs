//! Where a virtual machine goes: power-aware best fit decreasing, or the first fit.

use super::Management;
use super::fleet::Fleet;
use super::plan::{HostPlan, Plan, Scratch};
use super::power::power_w;

/// Differences this small are computed anew in the order of operations of the original.
const DOUBTFUL_MIPS: f64 = 1e-6;

impl Fleet {
    /// Watts from which the power of one more virtual machine is counted.
    pub(super) fn base_power_w(&self, host: u32, allocated_mips: f64) -> f64 {
        if allocated_mips == 0.0 && !self.spec.quirks.waking_is_free {
            return 0.0;
        }
        let utilisation = if self.spec.quirks.power_from_last_measurement {
            self.hosts[host as usize].utilisation
        } else {
            allocated_mips / self.capacity_mips(host)
        };
        power_w(self.power_curve(host), utilisation)
    }

    /// Whether a planned host has cores as fast as asked for, speed left, and memory and bandwidth.
    fn has_room(
        &self,
        host: u32,
        own: &HostPlan,
        (vm, asked_mips): (u32, f64),
        memory_counts: bool,
        scratch: &mut Scratch,
    ) -> bool {
        let (kind, vm) = (self.host_kind(host), self.vm_kind(vm));
        let mut left_mips = own.available_mips - asked_mips;
        if left_mips.abs() < DOUBTFUL_MIPS {
            left_mips = self.available_mips(host, own, scratch) - asked_mips;
        }
        kind.mips_per_core >= asked_mips
            && left_mips >= 0.0
            && (!memory_counts
                || (own.memory_mb + vm.memory_mb <= kind.memory_mb
                    && own.bandwidth_kbps + vm.bandwidth_kbps <= kind.bandwidth_kbps))
    }

    /// The host on which `vm`, asking for `asked_mips`, would cost the least additional power without
    /// overloading it; the first of equals. `None` if there is no room anywhere.
    pub(super) fn find_host(
        &self,
        plan: &mut Plan,
        vm: u32,
        asked_mips: f64,
        memory_counts: bool,
    ) -> Option<u32> {
        let Management::Consolidated { overload, .. } = self.spec.management else {
            return self.first_fit(plan, vm, asked_mips);
        };
        let (mut least_w, mut best) = (f64::INFINITY, u32::MAX);
        let Plan { hosts, candidates, empty, may_wake, scratch } = plan;
        let woken = empty.iter().filter(|_| *may_wake).filter_map(|(hosts, next)| hosts.get(*next));
        for &host in candidates.iter().chain(woken) {
            let own = &mut hosts[host as usize];
            if !self.has_room(host, own, (vm, asked_mips), memory_counts, scratch) {
                continue;
            }
            if own.allocated_mips != 0.0 {
                // The original tries it here and now, before it looks at power.
                own.most_vms = own.most_vms.max(own.vms.len() + 1);
                own.rehashed = own.vms.len();
            }
            let utilisation = (own.allocated_mips + asked_mips) / self.capacity_mips(host);
            let added_w = power_w(self.power_curve(host), utilisation) - own.base_power_w;
            // Whether it can win is looked at first because that costs less than the test of overload.
            if added_w > least_w || (added_w == least_w && host > best) {
                continue;
            }
            if own.allocated_mips != 0.0
                && self.is_overloaded(overload, host, own, Some((vm, asked_mips)))
            {
                continue;
            }
            (least_w, best) = (added_w, host);
        }
        (best != u32::MAX).then_some(best)
    }

    fn first_fit(&self, plan: &mut Plan, vm: u32, asked_mips: f64) -> Option<u32> {
        let Plan { hosts, scratch, .. } = plan;
        let mut hosts = (0..).zip(hosts);
        let found = hosts.find(|(host, own)| self.has_room(*host, own, (vm, asked_mips), true, scratch));
        found.map(|(host, _)| host)
    }
}
