//! What a control step decides: relieve overloaded hosts, then evacuate underloaded ones.

use super::fleet::Fleet;
use super::plan::Plan;
use super::selection::Selector;
use super::{OverloadDetector, VmSelection};

/// What a step has decided: virtual machines and their new hosts, in order.
pub(super) type Moves = Vec<(u32, u32)>;

impl Fleet {
    /// Plans what is, and appends to `moves` what is to be changed.
    pub(super) fn optimise(
        &self,
        plan: &mut Plan,
        selector: &mut Selector,
        (overload, selection): (OverloadDetector, VmSelection),
        moves: &mut Moves,
    ) {
        self.plan_present(plan);
        let overloaded = self.overloaded_hosts(plan, overload);
        let mut leaving = Vec::new();
        for &host in &overloaded {
            while let Some(vm) = selector.choose(selection, host, &plan.hosts[host as usize].vms, self) {
                leaving.push(vm);
                self.plan_departure(plan, vm, host);
                if !self.is_overloaded(overload, host, &mut plan.hosts[host as usize], None) {
                    break;
                }
            }
        }
        plan.candidates.retain(|host| !overloaded.contains(host));
        self.sort_by_demand(&mut leaving);
        for vm in leaving {
            if let Some(host) = self.find_planned(plan, vm) {
                self.plan_arrival(plan, vm, host);
                moves.push((vm, host));
            }
        }
        self.evacuate(plan, &overloaded, moves);
    }

    fn find_planned(&self, plan: &mut Plan, vm: u32) -> Option<u32> {
        let memory_counts = !self.spec.quirks.memory_is_free;
        self.find_host(plan, vm, self.vms[vm as usize].asked_mips, memory_counts)
    }

    /// Greatest demand first; equals stay in order.
    fn sort_by_demand(&self, vms: &mut [u32]) {
        let asked = |vm: u32| self.vms[vm as usize].asked_mips;
        vms.sort_by(|&a, &b| asked(b).total_cmp(&asked(a)));
    }

    /// Starts a plan from what is.
    fn plan_present(&self, plan: &mut Plan) {
        let Plan { hosts, candidates, empty, may_wake, scratch } = plan;
        candidates.clear();
        *may_wake = true;
        for (empty, next) in empty.iter_mut() {
            empty.clear();
            *next = 0;
        }
        for ((host, own), state) in (0..).zip(hosts).zip(&self.hosts) {
            let was_empty = own.vms.is_empty();
            own.vms.clone_from(&state.vms);
            own.rehashed = if state.finished { own.vms.len() } else { 0 };
            if own.vms.is_empty() && state.utilisation == 0.0 {
                empty[usize::from(self.spec.hosts[host as usize])].0.push(host);
                if was_empty {
                    continue;
                }
            } else {
                candidates.push(host);
            }
            self.replan(own, host, scratch);
        }
    }

    /// A plan of what is.
    #[cfg(test)]
    pub(super) fn present_plan(&self) -> Plan {
        let mut plan = Plan::new(self.hosts.len(), self.spec.host_kinds.len());
        for (own, host) in plan.hosts.iter_mut().zip(0..) {
            self.replan(own, host, &mut plan.scratch);
        }
        self.plan_present(&mut plan);
        plan
    }

    fn overloaded_hosts(&self, plan: &mut Plan, overload: OverloadDetector) -> Vec<u32> {
        let Plan { hosts, candidates, .. } = plan;
        let overloaded =
            |host: &u32| self.is_overloaded(overload, *host, &mut hosts[*host as usize], None);
        candidates.iter().copied().filter(overloaded).collect()
    }

    /// Empties one host after the other, the least loaded first, if all that runs there finds another place.
    fn evacuate(&self, plan: &mut Plan, overloaded: &[u32], moves: &mut Moves) {
        let quirks = self.spec.quirks;
        plan.may_wake = false;
        let is_off = |host: u32| self.hosts[host as usize].utilisation == 0.0;
        plan.candidates.retain(|&host| !is_off(host));
        let mut kept = vec![false; self.hosts.len()];
        overloaded.iter().for_each(|&host| kept[host as usize] = true);
        if !quirks.targets_are_evacuated {
            moves.iter().for_each(|&(_, host)| kept[host as usize] = true);
        }
        let mut sources: Vec<u32> = (0..self.hosts.len() as u32).collect();
        let utilisation = |host: u32| self.hosts[host as usize].utilisation;
        sources.retain(|&host| utilisation(host) > 0.0 && utilisation(host) < 1.0);
        sources.sort_by(|&a, &b| utilisation(a).total_cmp(&utilisation(b)));
        for source in sources {
            if kept[source as usize] || self.cannot_be_emptied(source, &plan.hosts[source as usize].vms)
            {
                continue;
            }
            let place = plan.candidates.iter().position(|&host| host == source);
            if let Some(place) = place {
                plan.candidates.swap_remove(place);
            }
            let first = moves.len();
            let mut leaving = plan.hosts[source as usize].vms.clone();
            leaving.retain(|&vm| !self.is_migrating(vm));
            self.sort_by_demand(&mut leaving);
            let all_found = leaving.into_iter().all(|vm| {
                let found = self.find_planned(plan, vm);
                if let Some(host) = found {
                    self.plan_arrival(plan, vm, host);
                    moves.push((vm, host));
                }
                found.is_some()
            });
            if all_found {
                moves[first..].iter().for_each(|&(_, host)| kept[host as usize] = true);
                continue;
            }
            for (vm, host) in moves.drain(first..) {
                self.plan_departure(plan, vm, host);
            }
            if !quirks.failed_evacuation_bars && place.is_some() {
                plan.candidates.push(source);
            }
        }
    }

    /// Whether all of a host's virtual machines are on their way, or one is arriving before any that stays.
    fn cannot_be_emptied(&self, host: u32, vms: &[u32]) -> bool {
        for &vm in vms {
            if !self.is_migrating(vm) {
                return false;
            }
            if self.hosts[host as usize].incoming.contains(&vm) {
                return true;
            }
        }
        true
    }
}
