//! The periodic control step.

use super::future::KnownDemand;
use super::workload::{CONTROL, VmWorkload};
use crate::apps::{ConsolidationRequest, Context, DecisionEnd, Message};
use crate::engine::Phase;
use crate::infra::{HostId, HostState};
use crate::records::Cell;

impl VmWorkload {
    pub(super) fn on_control(&mut self, context: &mut dyn Context) {
        let next = context.now() + self.options.period;
        context.set_timer(next, Phase::Control, Message { code: CONTROL, ..Message::default() });
        self.count_overloads(context);
        self.look_back(context);
        self.resolve_step(context);
        if context.consolidation_history().is_some() {
            self.consolidate(context);
        }
        self.drain_on(context);
        // Hosts may have been left or woken.
        self.place_waiting(context);
        self.record_hosts(context);
        self.steps += 1;
    }

    /// Counts the hosts with whose present demand the next period begins under overload.
    fn count_overloads(&mut self, context: &mut dyn Context) {
        let fleet = context.infrastructure().virtual_machines().fleet();
        let is_over = |host: &&HostId| {
            let index = host.index();
            // Below this it is rounding.
            fleet.requested_claim_mips()[index] > fleet.capacity_mips()[index] * (1.0 + 1e-12)
        };
        self.totals.overloaded_periods += self.hosts.iter().filter(is_over).count() as u64;
    }

    /// Keeps what each virtual machine wants now.
    fn look_back(&mut self, context: &mut dyn Context) {
        if self.histories.length() == 0 {
            return;
        }
        self.histories.step();
        let machines = context.infrastructure().virtual_machines();
        for own in &self.vms {
            if own.ended || machines.host(own.vm).is_none() {
                self.histories.forget(own.vm);
            } else {
                self.histories.push(own.vm, machines.demand_mips()[own.vm.index()]);
            }
        }
    }

    /// Asks what to move, and does it.
    fn consolidate(&mut self, context: &mut dyn Context) {
        let known = KnownDemand {
            requests: &self.requests,
            demands: &self.demands,
            vms: &self.vms,
            now: context.now(),
            period: self.options.period,
        };
        let request = ConsolidationRequest {
            step: self.steps,
            hosts: &self.hosts,
            histories: &self.histories,
            period_s: self.options.period.as_secs(),
            future: Some(&known),
            copying: self.copying(),
        };
        let choice = context.decide_consolidation(&request);
        for &host in &choice.wake {
            context.wake_host(host);
        }
        for &(vm, host) in &choice.moves {
            if context.migrate_vm(vm, host, self.options.migration).is_err() {
                self.totals.refused_moves += 1;
            }
        }
        for &host in &choice.sleep {
            context.sleep_host(host);
        }
        if let Some(decision) = choice.decision {
            let (requested, allocated) = self.work(context);
            self.last_step = Some((decision, requested, allocated));
        }
    }

    /// Tells what came of the last consolidation: the share that was got of what was asked for since.
    pub(super) fn resolve_step(&mut self, context: &mut dyn Context) {
        let Some((decision, requested_before, allocated_before)) = self.last_step.take() else { return };
        let (requested, allocated) = self.work(context);
        let asked = requested - requested_before;
        let got = allocated - allocated_before;
        let reward = if asked > 0.0 { (got / asked).clamp(0.0, 1.0) } else { 1.0 };
        if let Some(registered) = &self.registered {
            context.resolve_decision(decision, DecisionEnd::scored(registered.words.applied, reward));
        }
    }

    /// Work that the virtual machines asked for and got until now, with what migrations and outages cost.
    fn work(&self, context: &mut dyn Context) -> (f64, f64) {
        let now = context.now();
        let machines = context.infrastructure().virtual_machines();
        self.vms.iter().fold((0.0, 0.0), |(requested, allocated), own| {
            let account = machines.account(own.vm, now);
            (requested + account.requested_mi, allocated + account.allocated_mi())
        })
    }

    /// Goes on with hosts that are to be emptied.
    fn drain_on(&mut self, context: &mut dyn Context) {
        let now = context.now();
        for index in 0..self.options.drains.len() {
            let drain = self.options.drains[index];
            if drain.from < now
                && now < drain.until
                && let Some(host) = context.infrastructure().virtual_machines().host_of_node(drain.node)
            {
                self.move_away(host, context);
            }
        }
    }

    fn record_hosts(&self, context: &mut dyn Context) {
        let Some(registered) = &self.registered else { return };
        if !context.is_recorded(registered.hosts) {
            return;
        }
        let now = context.now();
        for &host in &self.hosts {
            let index = host.index();
            let infrastructure = context.infrastructure();
            let fleet = infrastructure.virtual_machines().fleet();
            let node = fleet.nodes()[index];
            let state: HostState = fleet.states()[index];
            let mut row = [
                Cell::Float(now.as_secs()),
                // Set below, since the world is borrowed here.
                Cell::Null,
                Cell::Category(registered.host_states[state as usize]),
                Cell::from(fleet.vms()[index]),
                Cell::Float(fleet.requested_mips()[index]),
                Cell::Float(fleet.allocated_mips()[index]),
                Cell::Float(fleet.capacity_mips()[index]),
                Cell::Float(fleet.free()[index].memory_bytes),
                Cell::Float(infrastructure.virtual_machines().host_memory_bytes(host)),
                Cell::Float(infrastructure.meter(node).energy_j(now)),
            ];
            row[1] = Cell::Category(context.node_symbol(node));
            context.record(registered.hosts, &row);
        }
    }
}
