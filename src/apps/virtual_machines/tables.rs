//! The tables of virtual machines.

use crate::apps::Context;
use crate::infra::{HostState, MigrationOutcome};
use crate::records::{ColumnSpec, RecordError, Symbol, TableId, TableSpec};

fn vms() -> TableSpec {
    TableSpec::new(
        "vms",
        "One row for each virtual machine, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended, or the run did"),
            ColumnSpec::unsigned("vm", "", "its number in the world, in order of requests"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("type", "its type"),
            ColumnSpec::category("outcome", "stopped, or what it was doing when the run ended"),
            ColumnSpec::category("host", "its last host; null if it had none"),
            ColumnSpec::float("requested_s", "s", "when it was requested"),
            ColumnSpec::float("started_s", "s", "when it first ran; null if it never did"),
            ColumnSpec::unsigned("vcpus", "", "its virtual cores"),
            ColumnSpec::float("size_mips", "MIPS", "what it gets at most"),
            ColumnSpec::float("memory_bytes", "B", "its memory"),
            ColumnSpec::float("requested_mi", "MI", "work that it asked for"),
            ColumnSpec::float("allocated_mi", "MI", "work that it got"),
            ColumnSpec::float("overload_mi", "MI", "work missed because its host was overloaded"),
            ColumnSpec::float("migration_mi", "MI", "work missed because it was copied or paused"),
            ColumnSpec::float("outage_mi", "MI", "work missed because it had no host or was starting"),
            ColumnSpec::float("running_s", "s", "time in which it ran"),
            ColumnSpec::float("paused_s", "s", "time in which migrations paused it"),
            ColumnSpec::float("outage_s", "s", "time without a host, or starting on one"),
            ColumnSpec::unsigned("migrations", "", "migrations that came to their end"),
            ColumnSpec::unsigned("losses", "", "how often its host was lost"),
            ColumnSpec::float("used_memory_bytes", "B", "mean memory in use; null if not known"),
            ColumnSpec::float("energy_j", "J", "its share of its hosts' energy, and that of its copies"),
            ColumnSpec::float("energy_cost", "", "cost of that; null if no host is at a site"),
            ColumnSpec::float("carbon_g", "g", "CO2 equivalent of that; null if no host is at a site"),
            ColumnSpec::float(
                "green_j",
                "J",
                "energy of its sites' own sources for it; null if no site",
            ),
            ColumnSpec::float("brown_j", "J", "energy from the grid for it; null if no site"),
            ColumnSpec::float("migration_cost", "", "price of the bytes of its migrations"),
            ColumnSpec::float("bill", "", "price of its time by its contract; null if it has none"),
            ColumnSpec::float("penalty", "", "what is owed by its contract; null if it has none"),
            ColumnSpec::float("availability", "", "share of its time in service; null if no contract"),
            ColumnSpec::float(
                "overload_violation_s",
                "s",
                "time of violation by overload; null if no contract",
            ),
            ColumnSpec::float("migration_violation_s", "s", "the same by its migrations"),
            ColumnSpec::float("crash_violation_s", "s", "the same by losses of its host"),
        ],
    )
}

fn migrations() -> TableSpec {
    TableSpec::new(
        "migrations",
        "One row for each migration, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended"),
            ColumnSpec::unsigned("vm", "", "number of the virtual machine"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("from", "host that it left"),
            ColumnSpec::category("to", "host that it was to go to"),
            ColumnSpec::category("cause", "consolidation, or drain of its host"),
            ColumnSpec::float("started_s", "s", "when it was started"),
            ColumnSpec::unsigned("rounds", "", "rounds of copying, the one in the pause too"),
            ColumnSpec::float("sent_bytes", "B", "bytes that were sent"),
            ColumnSpec::float("downtime_s", "s", "time for which it paused the virtual machine"),
            ColumnSpec::float("cost_factor", "", "what a byte costs between these sites"),
            ColumnSpec::float("cost", "", "price of the bytes that were sent"),
            ColumnSpec::category("outcome", "done, or why it was broken off"),
        ],
    )
}

fn hosts() -> TableSpec {
    TableSpec::new(
        "hosts",
        "State of the hosts after each control step",
        [
            ColumnSpec::float("t_s", "s", "time of the step"),
            ColumnSpec::category("host", "node"),
            ColumnSpec::category("state", "on, falling_asleep, asleep, waking or failed"),
            ColumnSpec::unsigned("vms", "", "virtual machines on it and on their way to it"),
            ColumnSpec::float("requested_mips", "MIPS", "what those on it want"),
            ColumnSpec::float("allocated_mips", "MIPS", "what its cores do"),
            ColumnSpec::float("capacity_mips", "MIPS", "what its cores could do"),
            ColumnSpec::float("free_memory_bytes", "B", "memory that is not booked"),
            ColumnSpec::float("used_memory_bytes", "B", "memory in use; what is booked if not known"),
            ColumnSpec::float("energy_j", "J", "energy used since the start of the run"),
        ],
    )
}

fn jobs() -> TableSpec {
    TableSpec::new(
        "jobs",
        "One row for each batch job, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended, or the run did"),
            ColumnSpec::unsigned("job", "", "its number in its workload"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("vm", "", "virtual machine that it ran in last; null if in none"),
            ColumnSpec::category("outcome", "done or unfinished"),
            ColumnSpec::float("submitted_s", "s", "when it was submitted"),
            ColumnSpec::float("ready_s", "s", "when all jobs that it follows were done; null if not"),
            ColumnSpec::float("started_s", "s", "when it began to run for the last time; null if never"),
            ColumnSpec::float("length_mi", "MI", "its work"),
            ColumnSpec::unsigned("cores", "", "virtual cores that it asks for"),
            ColumnSpec::unsigned(
                "attempts",
                "",
                "how often it was started: more than once after losses",
            ),
        ],
    )
}

/// Registered tables, and the symbols that their rows use.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) vms: TableId,
    pub(super) migrations: TableId,
    pub(super) hosts: TableId,
    pub(super) jobs: TableId,
    pub(super) name: Symbol,
    pub(super) types: Vec<Symbol>,
    pub(super) host_states: [Symbol; HostState::ALL.len()],
    pub(super) outcomes: [Symbol; MigrationOutcome::ALL.len()],
    pub(super) words: Words,
}

/// Symbols of fixed words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) stopped: Symbol,
    pub(super) consolidation: Symbol,
    pub(super) drain: Symbol,
    pub(super) done: Symbol,
    pub(super) unfinished: Symbol,
    pub(super) waits: Symbol,
    pub(super) migrated: Symbol,
    pub(super) lost: Symbol,
    pub(super) applied: Symbol,
}

impl Registered {
    pub(super) fn new(
        context: &mut dyn Context,
        name: &str,
        types: &[String],
    ) -> Result<Self, RecordError> {
        Ok(Registered {
            vms: context.table(vms())?,
            migrations: context.table(migrations())?,
            hosts: context.table(hosts())?,
            jobs: context.table(jobs())?,
            name: context.symbol(name),
            types: types.iter().map(|name| context.symbol(name)).collect(),
            host_states: HostState::ALL.map(|state| context.symbol(state.name())),
            outcomes: MigrationOutcome::ALL.map(|outcome| context.symbol(outcome.name())),
            words: Words {
                stopped: context.symbol("stopped"),
                consolidation: context.symbol("consolidation"),
                drain: context.symbol("drain"),
                done: context.symbol("done"),
                unfinished: context.symbol("unfinished"),
                waits: context.symbol("waits"),
                migrated: context.symbol("migrated"),
                lost: context.symbol("lost"),
                applied: context.symbol("applied"),
            },
        })
    }
}
