//! The fleet on the world's event queue.

use super::{Fleet, Migration};
use crate::apps::{Context, Message, Workload};
use crate::engine::{Phase, SimTime};
use crate::infra::NodeId;
use crate::records::{Cell, ColumnSpec, Symbol, TableId, TableSpec};
use serde_json::json;
use slab::Slab;

/// A control step is due; `detail` holds the bits of its time in seconds.
const STEP: u32 = 0;
/// The migration `subject` ends.
const MIGRATION_END: u32 = 1;

/// A [`Fleet`] whose hosts are nodes of the world.
///
/// The fleet computes demand, allocation, power and migrations itself, as the original does: the world gives
/// it time, and takes its rows. Nodes that are its hosts should run nothing else.
#[derive(Debug)]
pub struct CloudSimWorkload {
    name: String,
    nodes: Vec<NodeId>,
    fleet: Fleet,
    migrations: Slab<Migration>,
    started: Vec<Migration>,
    registered: Option<Registered>,
}

#[derive(Clone, Copy, Debug)]
struct Registered {
    name: Symbol,
    steps: TableId,
    migrations: TableId,
}

fn steps_table() -> TableSpec {
    TableSpec::new(
        "cloudsim_steps",
        "what a fleet does at its control steps",
        [
            ColumnSpec::float("t_s", "s", "when the step was"),
            ColumnSpec::category("workload", "workload that the fleet belongs to"),
            ColumnSpec::unsigned("active_hosts", "", "hosts that serve something"),
            ColumnSpec::unsigned("running_vms", "", "virtual machines on hosts"),
            ColumnSpec::unsigned("migrations", "", "migrations started at this step"),
            ColumnSpec::float("energy_j", "J", "energy of all hosts so far"),
        ],
    )
}

fn migrations_table() -> TableSpec {
    TableSpec::new(
        "cloudsim_migrations",
        "the migrations that fleets have started",
        [
            ColumnSpec::float("t_s", "s", "when it started"),
            ColumnSpec::category("workload", "workload that the fleet belongs to"),
            ColumnSpec::unsigned("vm", "", "number of the virtual machine"),
            ColumnSpec::category("from", "host that it runs on until the end"),
            ColumnSpec::category("to", "host that it is copied to"),
            ColumnSpec::float("end_s", "s", "when it ends"),
        ],
    )
}

impl CloudSimWorkload {
    /// A fleet whose hosts are `nodes`, in order.
    #[must_use]
    pub fn new(name: impl Into<String>, nodes: Vec<NodeId>, fleet: Fleet) -> Self {
        CloudSimWorkload {
            name: name.into(),
            nodes,
            fleet,
            migrations: Slab::new(),
            started: Vec::new(),
            registered: None,
        }
    }

    fn schedule_step(&self, step_s: Option<f64>, context: &mut dyn Context) {
        if let Some(step_s) = step_s {
            let message = Message { code: STEP, subject: 0, detail: step_s.to_bits() };
            context.set_timer(SimTime::from_secs(step_s), Phase::Control, message);
        }
    }

    fn step(&mut self, step_s: f64, context: &mut dyn Context) {
        let mut started = std::mem::take(&mut self.started);
        self.fleet.control_step(step_s, &mut started);
        if let Some(registered) = self.registered {
            context.record(
                registered.steps,
                &[
                    Cell::Float(step_s),
                    Cell::Category(registered.name),
                    Cell::Unsigned(self.fleet.active_hosts() as u64),
                    Cell::Unsigned(self.fleet.running_vms() as u64),
                    Cell::Unsigned(started.len() as u64),
                    Cell::Float(self.fleet.energy_j()),
                ],
            );
        }
        for migration in started.drain(..) {
            self.record_migration(&migration, context);
            let subject = self.migrations.insert(migration) as u32;
            let message = Message { code: MIGRATION_END, subject, detail: 0 };
            context.set_timer(SimTime::from_secs(migration.end_s), Phase::Completion, message);
        }
        self.started = started;
        self.schedule_step(self.fleet.next_step_s(step_s), context);
    }

    fn record_migration(&self, migration: &Migration, context: &mut dyn Context) {
        let Some(registered) = self.registered else { return };
        let host = |host: u32| {
            let node = self.nodes.get(host as usize).copied();
            node.map(|node| context.node_symbol(node)).into()
        };
        let cells = [
            Cell::Float(migration.start_s),
            Cell::Category(registered.name),
            Cell::Unsigned(u64::from(migration.vm)),
            host(migration.from),
            host(migration.to),
            Cell::Float(migration.end_s),
        ];
        context.record(registered.migrations, &cells);
    }
}

impl Workload for CloudSimWorkload {
    fn name(&self) -> &str {
        &self.name
    }

    fn hosts(&self) -> Vec<NodeId> {
        self.nodes.clone()
    }

    fn start(&mut self, context: &mut dyn Context) {
        // Tables of these names and shapes are shared by all fleets; nothing else can be wrong.
        if let (Ok(steps), Ok(migrations)) =
            (context.table(steps_table()), context.table(migrations_table()))
        {
            let name = context.symbol(&self.name);
            self.registered = Some(Registered { name, steps, migrations });
        }
        self.fleet.place_all();
        self.schedule_step(self.fleet.first_step_s(), context);
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        if message.code == STEP {
            self.step(f64::from_bits(message.detail), context);
        } else if let Some(migration) = self.migrations.try_remove(message.subject as usize) {
            self.fleet.end_migration(&migration);
        }
    }

    fn finish(&mut self, _: &mut dyn Context) {
        self.fleet.finish();
    }

    fn summary(&self) -> serde_json::Value {
        let found = self.fleet.summary();
        json!({
            "hosts": self.fleet.spec().hosts.len(),
            "vms": self.fleet.spec().vms.len(),
            "unplaced_vms": found.unplaced_vms,
            "finished_vms": found.finished_vms,
            "energy_kwh": found.energy_kwh,
            "migrations": found.migrations,
            "host_shutdowns": found.host_shutdowns,
            "mean_time_before_shutdown_s": found.mean_time_before_shutdown_s,
            "sd_time_before_shutdown_s": found.sd_time_before_shutdown_s,
            "slatah": found.slatah,
            "pdm": found.pdm,
            "slav": found.sla_violation,
            "overall_sla_violation": found.overall_sla_violation,
            "average_sla_violation": found.average_sla_violation,
            "esv": found.energy_sla_violation_kwh(),
        })
    }
}
