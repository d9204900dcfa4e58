//! What virtual machines cost: energy, penalties and copies, for each, each type and all.

use super::workload::VmWorkload;
use crate::apps::Context;
use crate::energy::EnergyFlows;
use crate::energy::sla::{Penalties, SlaTally, ViolationCause};
use crate::infra::MigrationRecord;
use serde_json::{Map, Value, json};

/// Joules of a kilowatt-hour.
const KWH_J: f64 = 3.6e6;

/// What one virtual machine has cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct VmCosts {
    pub(super) flows: EnergyFlows,
    /// What was delivered and is owed, if it has a contract.
    pub(super) service: Option<(SlaTally, Penalties)>,
    pub(super) migration_cost: f64,
}

/// Sums over virtual machines.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    vms: u64,
    flows: EnergyFlows,
    migration_cost: f64,
    with_contract: u64,
    bill: f64,
    penalty: f64,
    by_cause: [f64; ViolationCause::COUNT],
    for_uptime: f64,
    violations: [u64; ViolationCause::COUNT],
    violated_s: [f64; ViolationCause::COUNT],
    span_s: f64,
    served_s: f64,
}

impl Sums {
    fn add(&mut self, costs: &VmCosts) {
        self.vms += 1;
        self.flows += costs.flows;
        self.migration_cost += costs.migration_cost;
        let Some((tally, owed)) = &costs.service else { return };
        self.with_contract += 1;
        self.bill += owed.bill;
        self.penalty += owed.total;
        self.for_uptime += owed.for_uptime;
        self.span_s += tally.span_s();
        self.served_s += tally.span_s() * tally.availability();
        for cause in ViolationCause::ALL {
            let index = cause as usize;
            self.by_cause[index] += owed.by_cause[index];
            self.violations[index] += tally.violations(cause);
            self.violated_s[index] += tally.violated_s(cause);
        }
    }

    /// What the summary says of these virtual machines, energy of `flows` in all.
    fn summary(&self, flows: EnergyFlows, has_sites: bool) -> Map<String, Value> {
        let mut own = Map::new();
        let mut set = |key: &str, value: Value| own.insert(key.to_string(), value);
        if has_sites {
            set("energy_cost", json!(flows.cost));
            set("carbon_g", json!(flows.carbon_g));
            set("green_kwh", json!(flows.green_j / KWH_J));
            set("battery_kwh", json!(flows.battery_j / KWH_J));
            set("brown_kwh", json!(flows.brown_j / KWH_J));
        }
        set("migration_cost", json!(self.migration_cost));
        set("penalty", json!(self.penalty));
        set("cost", json!(flows.cost + self.penalty + self.migration_cost));
        if self.with_contract > 0 {
            let by_cause = |value: &dyn Fn(usize) -> Value| -> Map<String, Value> {
                let causes = ViolationCause::ALL.into_iter();
                causes.map(|cause| (cause.name().to_string(), value(cause as usize))).collect()
            };
            let mut penalties = by_cause(&|cause| json!(self.by_cause[cause]));
            penalties.insert("uptime".into(), json!(self.for_uptime));
            let share = if self.span_s > 0.0 { json!(self.served_s / self.span_s) } else { json!(null) };
            set(
                "sla",
                json!({
                    "vms": self.with_contract,
                    "bill": self.bill,
                    "penalty_before_cap": penalties,
                    "availability": share,
                    "violations": by_cause(&|cause| json!(self.violations[cause])),
                    "violated_s": by_cause(&|cause| json!(self.violated_s[cause])),
                }),
            );
        }
        own
    }
}

impl VmWorkload {
    /// What a virtual machine has cost until now.
    pub(super) fn costs_of(&self, number: u32, context: &mut dyn Context) -> VmCosts {
        let now = context.now();
        let infrastructure = context.infrastructure();
        let own = &self.vms[number as usize];
        let machines = infrastructure.virtual_machines();
        VmCosts {
            flows: infrastructure.vm_flows(own.vm, now),
            service: machines.service(own.vm, now).zip(machines.penalties(own.vm, now)),
            migration_cost: own.migration_cost,
        }
    }

    /// Money for the bytes of a migration.
    pub(super) fn migration_cost(&self, migration: &MigrationRecord, cost_factor: f64) -> f64 {
        migration.sent_bytes * self.options.transfer_price_per_byte * cost_factor
    }

    /// Adds what the summary says of costs, in all and by type.
    pub(super) fn summarise_costs(&self, summary: &mut Value, context: &mut dyn Context) {
        let now = context.now();
        let has_sites = self.has_sites;
        let mut all = Sums::default();
        let mut types = vec![Sums::default(); self.types.len()];
        for number in 0..self.vms.len() as u32 {
            let costs = self.costs_of(number, context);
            all.add(&costs);
            let class = usize::from(self.requests[number as usize].spec.class);
            if let Some(own) = types.get_mut(class) {
                own.add(&costs);
            }
        }
        let infrastructure = context.infrastructure();
        let unattributed = self
            .hosts
            .iter()
            .map(|&host| infrastructure.unattributed_flows(host, now))
            .fold(EnergyFlows::default(), |sum, flows| sum + flows);
        let Some(own) = summary.as_object_mut() else { return };
        own.insert("unattributed_kwh".into(), json!(unattributed.energy_j / KWH_J));
        own.insert("currency".into(), json!(self.options.currency));
        own.extend(all.summary(all.flows + unattributed, has_sites));
        let by_type = self.types.iter().zip(&types).map(|(kind, sums)| {
            let mut own = Map::new();
            own.insert("vms".into(), json!(sums.vms));
            own.insert("energy_kwh".into(), json!(sums.flows.energy_j / KWH_J));
            own.extend(sums.summary(sums.flows, has_sites));
            (kind.name.clone(), Value::Object(own))
        });
        own.insert("types".into(), Value::Object(by_type.collect()));
    }
}
