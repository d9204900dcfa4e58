//! What is recorded and summed up of virtual machines and hosts.

use super::workload::VmWorkload;
use crate::apps::Context;
use crate::energy::sla::{Penalties, SlaTally, ViolationCause};
use crate::engine::Summary;
use crate::infra::{HostId, MigrationOutcome, MigrationRecord, VmState};
use crate::records::{Cell, Symbol};
use serde_json::json;

/// What is counted of the whole workload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    migrations: u64,
    broken_off: u64,
    sent_bytes: f64,
    cost_bytes: f64,
    downtime_s: Summary,
    pub(super) refused_moves: u64,
    pub(super) losses: u64,
    /// Hosts at control steps of which more was wanted than they have.
    pub(super) overloaded_periods: u64,
}

impl Totals {
    pub(super) fn add_migration(&mut self, migration: &MigrationRecord, cost_factor: f64) {
        self.sent_bytes += migration.sent_bytes;
        self.cost_bytes += migration.sent_bytes * cost_factor;
        if migration.outcome == MigrationOutcome::Done {
            self.migrations += 1;
            self.downtime_s.add(migration.downtime_s);
        } else {
            self.broken_off += 1;
        }
    }
}

/// The part of a whole; null if there is no whole.
fn share(part: f64, whole: f64) -> serde_json::Value {
    if whole > 0.0 { json!(part / whole) } else { json!(null) }
}

impl VmWorkload {
    pub(super) fn record_vm(
        &self,
        number: u32,
        outcome: Symbol,
        host: Option<HostId>,
        context: &mut dyn Context,
    ) {
        let Some(registered) = &self.registered else { return };
        if !context.is_recorded(registered.vms) {
            return;
        }
        let now = context.now();
        let costs = self.costs_of(number, context);
        let priced = |value: f64| Cell::from(self.has_sites.then_some(value));
        let served = |value: &dyn Fn(&SlaTally, &Penalties) -> f64| {
            Cell::from(costs.service.as_ref().map(|(tally, owed)| value(tally, owed)))
        };
        let violated = |cause| served(&|tally, _| tally.violated_s(cause));
        let (own, request) = (&self.vms[number as usize], &self.requests[number as usize]);
        let machines = context.infrastructure().virtual_machines();
        let account = machines.account(own.vm, now);
        let used_memory_bytes = machines.mean_memory_bytes(own.vm, now);
        let node = host.map(|host| machines.fleet().nodes()[host.index()]);
        let row = [
            Cell::Float(now.as_secs()),
            Cell::from(own.vm.0),
            Cell::Category(registered.name),
            Cell::Category(registered.types[usize::from(request.spec.class)]),
            Cell::Category(outcome),
            node.map(|node| context.node_symbol(node)).into(),
            Cell::Float(request.time.as_secs()),
            own.started.map(|started| started.as_secs()).into(),
            Cell::from(request.spec.vcpus),
            Cell::Float(request.spec.size_mips()),
            Cell::Float(request.spec.resources.memory_bytes),
            Cell::Float(account.requested_mi),
            Cell::Float(account.allocated_mi()),
            Cell::Float(account.overload_mi),
            Cell::Float(account.migration_mi),
            Cell::Float(account.outage_mi),
            Cell::Float(account.running_s),
            Cell::Float(account.paused_s),
            Cell::Float(account.outage_s),
            Cell::from(account.migrations),
            Cell::from(account.losses),
            used_memory_bytes.into(),
            Cell::Float(costs.flows.energy_j),
            priced(costs.flows.cost),
            priced(costs.flows.carbon_g),
            priced(costs.flows.green_j),
            priced(costs.flows.brown_j),
            Cell::Float(costs.migration_cost),
            served(&|_, owed| owed.bill),
            served(&|_, owed| owed.total),
            served(&|tally, _| tally.availability()),
            violated(ViolationCause::Overload),
            violated(ViolationCause::Migration),
            violated(ViolationCause::Crash),
        ];
        context.record(registered.vms, &row);
    }

    /// What the summary says.
    ///
    /// SLATAH, PDM and SLAV are those of Beloglazov and Buyya (2012): the mean over the hosts that were ever active
    /// of the share of their active time in which more was wanted than they have; the mean over the virtual machines
    /// of the share of the work that they asked for which migrations kept from them; and the product of the two. ESV is
    /// SLAV times the energy of the hosts in kWh.
    pub(super) fn summarise(&self, context: &mut dyn Context) -> serde_json::Value {
        let now = context.now();
        let infrastructure = context.infrastructure();
        let machines = infrastructure.virtual_machines();
        let (mut energy_j, mut active_s, mut shutdowns, mut wakes) = (0.0, 0.0, 0, 0);
        let (mut capacity_mi, mut used_mi) = (0.0, 0.0);
        let mut slatah = Summary::default();
        for &host in &self.hosts {
            let node = machines.fleet().nodes()[host.index()];
            energy_j += infrastructure.meter(node).energy_j(now);
            // What was used is counted at the fastest clock, as is what could have been.
            let fastest_mips = machines.fleet().fastest_mips_per_core()[host.index()];
            used_mi += infrastructure.meter(node).busy_core_s(now) * fastest_mips;
            let account = machines.host_account(host, now);
            active_s += account.active_s;
            shutdowns += account.shutdowns;
            wakes += account.wakes;
            capacity_mi += account.on_s * machines.fleet().fastest_capacity_mips(host);
            if account.active_s > 0.0 {
                slatah.add(account.overloaded_s / account.active_s);
            }
        }
        let (mut requested, mut overload, mut migration, mut outage) = (0.0, 0.0, 0.0, 0.0);
        let (mut missed_share_s, mut missed_s) = (0.0, 0.0);
        let (mut running_s, mut lived_s, mut paused_s) = (0.0, 0.0, 0.0);
        let mut pdm = Summary::default();
        let (mut starting, mut running, mut waiting, mut stopped) = (0, 0, 0, 0);
        for own in &self.vms {
            let account = machines.account(own.vm, now);
            requested += account.requested_mi;
            overload += account.overload_mi;
            migration += account.migration_mi;
            outage += account.outage_mi;
            missed_share_s += account.missed_share_s;
            missed_s += account.missed_s;
            running_s += account.running_s;
            paused_s += account.paused_s;
            lived_s += account.running_s + account.paused_s + account.outage_s;
            if account.requested_mi > 0.0 {
                pdm.add(account.migration_mi / account.requested_mi);
            }
            match machines.state(own.vm) {
                VmState::Stopped => stopped += 1,
                VmState::Waiting | VmState::Lost => waiting += 1,
                VmState::Starting => starting += 1,
                VmState::Running | VmState::Paused => running += 1,
            }
        }
        let mean = |summary: &Summary| if summary.count() > 0 { summary.mean() } else { 0.0 };
        let (slatah, pdm) = (mean(&slatah), mean(&pdm));
        let missed = overload + migration + outage;
        let seconds = now.as_secs();
        let mut summary = json!({
            "hosts": self.hosts.len(),
            "vms": {
                "requested": self.vms.len(),
                "running": running,
                "starting": starting,
                "waiting": waiting,
                "stopped": stopped,
                "losses": self.totals.losses,
            },
            "energy_kwh": energy_j / 3.6e6,
            "active_hosts": { "mean": share(active_s, seconds) },
            "utilisation": share(used_mi, capacity_mi),
            "host_shutdowns": shutdowns,
            "host_wakes": wakes,
            "migrations": self.totals.migrations,
            "migrations_broken_off": self.totals.broken_off,
            "migrations_refused": self.totals.refused_moves,
            "migration_sent_bytes": self.totals.sent_bytes,
            "migration_cost_bytes": self.totals.cost_bytes,
            "sla_violating_periods": self.totals.overloaded_periods,
            "migration_downtime_s": { "mean": mean(&self.totals.downtime_s), "sum": paused_s },
            "slatah": slatah,
            "pdm": pdm,
            "slav": slatah * pdm,
            "esv": energy_j / 3.6e6 * slatah * pdm,
            "overall_sla_violation": share(missed, requested),
            "overall_sla_violation_by_cause": {
                "overload": share(overload, requested),
                "migration": share(migration, requested),
                "outage": share(outage, requested),
            },
            "average_sla_violation": if missed_s > 0.0 { missed_share_s / missed_s } else { 0.0 },
            "availability": share(running_s, lived_s),
        });
        self.summarise_costs(&mut summary, context);
        if let Some(trace) = &self.options.trace {
            summary["trace"] = json!(trace);
        }
        if self.has_jobs() {
            summary["jobs"] = self.summarise_jobs();
        }
        summary
    }
}
