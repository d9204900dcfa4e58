//! Where virtual machines start, wait, start again after a loss, and go when their host is to be emptied.

use super::config::Drain;
use super::workload::{RESTART, VmWorkload};
use crate::apps::{Context, DecisionEnd, Message, VmAllocationRequest};
use crate::engine::Phase;
use crate::infra::{HostId, VmState};
use crate::records::Symbol;

impl VmWorkload {
    /// Asks for a host for a virtual machine.
    fn ask(&mut self, number: u32, context: &mut dyn Context) -> Option<HostId> {
        let vm = self.vms[number as usize].vm;
        let expected_mips = self.requests[number as usize].spec.size_mips();
        let request = VmAllocationRequest { vm, expected_mips, hosts: &self.hosts };
        let choice = context.decide_vm_allocation(&request);
        if let Some(decision) = choice.decision {
            match (choice.host, &self.registered) {
                (None, Some(registered)) => {
                    context.resolve_decision(decision, DecisionEnd::scored(registered.words.waits, 0.0));
                }
                _ => {
                    let now = context.now();
                    let account = context.infrastructure().virtual_machines().account(vm, now);
                    self.vms[number as usize].decision = Some((decision, account));
                }
            }
        }
        choice.host
    }

    /// Starts a virtual machine on a host, if one is found for it.
    fn place(&mut self, number: u32, context: &mut dyn Context) -> bool {
        let Some(host) = self.ask(number, context) else { return false };
        let expected_mips = self.requests[number as usize].spec.size_mips();
        let vm = self.vms[number as usize].vm;
        context.place_vm(vm, host, self.options.boot, expected_mips).is_ok()
    }

    /// Starts those that wait, in their order, until one finds no host.
    pub(super) fn place_waiting(&mut self, context: &mut dyn Context) {
        while let Some(&number) = self.queue.front() {
            if !self.place(number, context) {
                break;
            }
            self.queue.pop_front();
        }
    }

    /// A virtual machine has lost its host. Others may be lost at this instant, too: it is placed again when all of
    /// them are known, so that none starts on a host that is about to go.
    pub(super) fn on_lost(&mut self, number: u32, context: &mut dyn Context) {
        if let Some(registered) = &self.registered {
            let lost = registered.words.lost;
            self.resolve_allocation(number, lost, context);
        }
        self.totals.losses += 1;
        self.jobs.close(number);
        self.histories.forget(self.vms[number as usize].vm);
        if self.lost.is_empty() {
            let message = Message { code: RESTART, ..Message::default() };
            context.set_timer(context.now(), Phase::Demand, message);
        }
        self.lost.push(number);
    }

    /// Starts those again that have been lost at this instant: they come before all that wait.
    pub(super) fn on_restart(&mut self, context: &mut dyn Context) {
        for number in self.lost.drain(..).rev() {
            self.queue.push_front(number);
        }
        self.place_waiting(context);
    }

    /// Tells what came of the decision that put a virtual machine where it was: the share that it got there of what
    /// it asked for.
    pub(super) fn resolve_allocation(
        &mut self,
        number: u32,
        outcome: Symbol,
        context: &mut dyn Context,
    ) {
        let Some((decision, before)) = self.vms[number as usize].decision.take() else { return };
        let vm = self.vms[number as usize].vm;
        let now = context.now();
        let after = context.infrastructure().virtual_machines().account(vm, now);
        let requested = after.requested_mi - before.requested_mi;
        let got = after.allocated_mi() - before.allocated_mi();
        let reward = if requested > 0.0 { (got / requested).clamp(0.0, 1.0) } else { 1.0 };
        context.resolve_decision(decision, DecisionEnd::scored(outcome, reward));
    }

    /// A host is to be emptied: it takes no more, and what it has is moved away. All hosts that are emptied from this
    /// instant on are closed first, so that nothing moves from one to another.
    pub(super) fn on_drain(&mut self, index: usize, context: &mut dyn Context) {
        let now = context.now();
        for drain in self.options.drains.iter().filter(|drain| drain.from == now) {
            let machines = context.infrastructure().virtual_machines();
            if let Some(host) = machines.host_of_node(drain.node) {
                context.close_host(host, true);
            }
        }
        let node = self.options.drains[index].node;
        if let Some(host) = context.infrastructure().virtual_machines().host_of_node(node) {
            self.move_away(host, context);
        }
    }

    /// A host that was emptied takes virtual machines again, unless it is to be empty for another reason, too.
    pub(super) fn on_reopen(&mut self, index: usize, context: &mut dyn Context) {
        let (now, node) = (context.now(), self.options.drains[index].node);
        let still = |drain: &Drain| drain.node == node && drain.from <= now && now < drain.until;
        if self.options.drains.iter().any(still) {
            return;
        }
        if let Some(host) = context.infrastructure().virtual_machines().host_of_node(node) {
            context.close_host(host, false);
            self.place_waiting(context);
        }
    }

    /// Moves what can be moved away from a host.
    pub(super) fn move_away(&mut self, host: HostId, context: &mut dyn Context) {
        let present = context.infrastructure().virtual_machines().vms_of(host).to_vec();
        for vm in present {
            let machines = context.infrastructure().virtual_machines();
            let number = machines.owner(vm).token as u32;
            let is_own = self.vms.get(number as usize).is_some_and(|own| own.vm == vm);
            if !is_own || machines.state(vm) != VmState::Running || machines.is_migrating(vm) {
                continue;
            }
            let before = self.vms[number as usize].decision.take();
            let target = self.ask(number, context);
            let asked = std::mem::replace(&mut self.vms[number as usize].decision, before);
            let spec = self.options.migration;
            let moved = target.is_some_and(|to| context.migrate_vm(vm, to, spec).is_ok());
            if let (Some((decision, _)), Some(registered)) = (asked, &self.registered) {
                let words = &registered.words;
                let outcome = if moved { words.drain } else { words.waits };
                context.resolve_decision(
                    decision,
                    DecisionEnd::scored(outcome, f64::from(u8::from(moved))),
                );
            }
            self.vms[number as usize].is_drained = moved;
        }
    }
}
