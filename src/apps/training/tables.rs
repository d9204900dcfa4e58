//! The tables of training jobs.

use crate::apps::Context;
use crate::records::{ColumnSpec, TableId, TableSpec};

/// The tables of a workload. Two workloads write into the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables {
    pub(super) jobs: Option<TableId>,
    pub(super) placements: Option<TableId>,
    pub(super) states: Option<TableId>,
    pub(super) leaves: Option<TableId>,
    pub(super) maps: Option<TableId>,
    pub(super) changes: Option<TableId>,
    pub(super) windows: Option<TableId>,
    pub(super) orders: Option<TableId>,
}

impl Tables {
    pub(super) fn register(context: &mut dyn Context) -> Self {
        let mut table = |spec: TableSpec| {
            let table = context.table(spec).ok()?;
            context.is_recorded(table).then_some(table)
        };
        Tables {
            jobs: table(jobs()),
            placements: table(placements()),
            states: table(states()),
            leaves: table(leaves()),
            maps: table(maps()),
            changes: table(changes()),
            windows: table(windows()),
            orders: table(orders()),
        }
    }
}

fn jobs() -> TableSpec {
    TableSpec::new(
        "training_jobs",
        "One row for each training job, written when it has ended or was refused, or at the end of the run",
        [
            ColumnSpec::float("t_s", "s", "when it ended or was refused, or the run ended"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("job", "", "its number in the workload, in the order of submission"),
            ColumnSpec::category("name", "its name in the trace; null if it was generated"),
            ColumnSpec::category("kind", "llm or dlrm"),
            ColumnSpec::category("model", "its model; null if only its part of communication is known"),
            ColumnSpec::unsigned("gpus", "", "GPUs that it wants"),
            ColumnSpec::float("submit_s", "s", "when it was submitted"),
            ColumnSpec::float("start_s", "s", "when it started for the first time; null if it did not"),
            ColumnSpec::float("end_s", "s", "when it ended; null if it did not"),
            ColumnSpec::float("duration_s", "s", "time that it takes at full rate"),
            ColumnSpec::float("wait_s", "s", "time for which it waited, all in all"),
            ColumnSpec::float(
                "completion_s",
                "s",
                "from its submission to its end; null if it did not end",
            ),
            ColumnSpec::float("run_s", "s", "time for which it had GPUs"),
            ColumnSpec::float(
                "slow_down",
                "",
                "that over the time that it takes at full rate; null if it did not end",
            ),
            ColumnSpec::float(
                "rate",
                "",
                "part of the full rate at which its leaves talked to each other when it last changed; null if it never ran",
            ),
            ColumnSpec::unsigned("leaves", "", "leaves that it was on last; 0 if it never ran"),
            ColumnSpec::unsigned("circuits_wanted", "", "circuits that it wanted there"),
            ColumnSpec::unsigned("circuits_granted", "", "circuits that it had last"),
            ColumnSpec::unsigned("starts", "", "how often it started"),
            ColumnSpec::unsigned("preemptions", "", "how often it gave way to others"),
            ColumnSpec::unsigned("faults", "", "how often it was stopped by a fault"),
            ColumnSpec::float(
                "lost_s",
                "s",
                "work since checkpoints that was lost by faults, as time at full rate",
            ),
            ColumnSpec::category("outcome", "finished, refused, running or waiting"),
            ColumnSpec::category("reason", "what was short if it was refused: gpu, port or colouring"),
        ],
    )
}

fn placements() -> TableSpec {
    TableSpec::new(
        "training_placements",
        "One row for each server that a training job had, written when it left it, or at the end of the run",
        [
            ColumnSpec::float("t_s", "s", "when it left, or the run ended"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("job", "", "the job's number"),
            ColumnSpec::float("start_s", "s", "when it had started there"),
            ColumnSpec::unsigned("server", "", "the server's number in the cluster"),
            ColumnSpec::unsigned("leaf", "", "the leaf that the server hangs on"),
            ColumnSpec::unsigned("gpus", "", "GPUs of the server that it had"),
        ],
    )
    .detailed()
}

fn states() -> TableSpec {
    TableSpec::new(
        "training_states",
        "The state of a cluster after each instant at which training jobs came, started or ended, and at each sample",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("event", "change, or sample"),
            ColumnSpec::unsigned("submitted", "", "jobs that came at this instant"),
            ColumnSpec::unsigned("started", "", "jobs that started"),
            ColumnSpec::unsigned("ended", "", "jobs that ended"),
            ColumnSpec::unsigned("waiting_jobs", "", "jobs that wait"),
            ColumnSpec::unsigned("waiting_gpus", "", "GPUs that they want"),
            ColumnSpec::unsigned("running_jobs", "", "jobs that run"),
            ColumnSpec::unsigned("free_gpus", "", "GPUs that are free"),
            ColumnSpec::unsigned("blocked_gpus", "", "GPUs of servers that are out of order"),
            ColumnSpec::float("utilisation", "", "part of the GPUs that jobs have"),
            ColumnSpec::unsigned("circuits", "", "circuits that jobs have"),
            ColumnSpec::unsigned("free_ports", "", "free ports of leaves"),
            ColumnSpec::unsigned("moved", "", "circuits of other jobs that were moved"),
            ColumnSpec::unsigned("short_of_gpus", "", "jobs that were tried and found no GPUs"),
            ColumnSpec::unsigned("short_of_ports", "", "jobs that were tried and found too few free ports"),
            ColumnSpec::unsigned("short_of_colours", "", "jobs that were tried and found ports, but not on the same switches"),
        ],
    )
    .detailed()
}

fn leaves() -> TableSpec {
    TableSpec::new(
        "leaf_states",
        "Free GPUs and ports of a leaf after each instant at which they changed, and of all leaves at each sample",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("leaf", "", "the leaf's number"),
            ColumnSpec::unsigned("free_gpus", "", "its free GPUs"),
            ColumnSpec::unsigned("free_ports", "", "its free ports, the fewer of those that send and receive; null without circuit switches"),
        ],
    )
    .detailed()
}

fn maps() -> TableSpec {
    TableSpec::new(
        "circuit_maps",
        "All circuits that jobs have at each sample",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("switch", "", "the circuit switch's number"),
            ColumnSpec::unsigned("from_leaf", "", "the leaf that sends; of duplex ports the lower one"),
            ColumnSpec::unsigned("to_leaf", "", "the leaf that receives"),
            ColumnSpec::unsigned("job", "", "the job that has it"),
            ColumnSpec::boolean("is_carrying", "whether it carries already"),
        ],
    )
    .detailed()
}

fn changes() -> TableSpec {
    TableSpec::new(
        "circuit_changes",
        "One row for each circuit that is set up",
        [
            ColumnSpec::float("t_s", "s", "when the switch began to set it up"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("switch", "", "the circuit switch's number"),
            ColumnSpec::unsigned("from_leaf", "", "the leaf that sends; of duplex ports the lower one"),
            ColumnSpec::unsigned("to_leaf", "", "the leaf that receives"),
            ColumnSpec::unsigned("job", "", "the job that has it"),
            ColumnSpec::float("ready_s", "s", "when it carries"),
            ColumnSpec::boolean("is_moved", "whether the job had another in its place before"),
        ],
    )
    .detailed()
}

fn windows() -> TableSpec {
    TableSpec::new(
        "training_windows",
        "The first waiting jobs whenever the queue policy was asked for an order: one row for each",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("window", "", "number of the question in the workload"),
            ColumnSpec::unsigned("position", "", "position of the job in the queue, from 0"),
            ColumnSpec::unsigned(
                "place",
                "",
                "its place in the order that was chosen, from 0; null if it was left out",
            ),
            ColumnSpec::unsigned("job", "", "its number"),
            ColumnSpec::category("kind", "llm or dlrm"),
            ColumnSpec::unsigned("gpus", "", "GPUs that it wants"),
            ColumnSpec::float("remaining_s", "s", "time that it needs still at full rate"),
            ColumnSpec::float("waited_s", "s", "time since it was submitted"),
            ColumnSpec::float("communication", "", "part of its iterations that is communication"),
            ColumnSpec::boolean("is_started", "whether it started then"),
        ],
    )
    .detailed()
}

/// Of so many jobs of an order the table of orders has features.
pub(super) const FEATURED: usize = 5;

fn orders() -> TableSpec {
    let mut columns = vec![
        ColumnSpec::float("t_s", "s", "when it was written: what came of an order is known later"),
        ColumnSpec::float("asked_s", "s", "when the policy was asked"),
        ColumnSpec::category("workload", "workload that it belongs to"),
        ColumnSpec::unsigned("window", "", "number of the question in the workload"),
        ColumnSpec::category(
            "permutation",
            "positions in the queue in the order in which they are tried, with a dash between them",
        ),
        ColumnSpec::unsigned("waiting_jobs", "", "jobs that wait"),
        ColumnSpec::unsigned("running_jobs", "", "jobs that run"),
        ColumnSpec::float("free_share", "", "part of the GPUs that are free"),
    ];
    for place in 1..=FEATURED {
        let whose = format!("of the job at place {place} of the order");
        columns.extend([
            ColumnSpec::unsigned(
                format!("job{place}_gpus"),
                "",
                format!("GPUs {whose}; null if there is none"),
            ),
            ColumnSpec::float(
                format!("job{place}_remaining_s"),
                "s",
                format!("time {whose} that it needs still at full rate"),
            ),
            ColumnSpec::float(
                format!("job{place}_waited_s"),
                "s",
                format!("time {whose} since it was submitted"),
            ),
            ColumnSpec::float(
                format!("job{place}_communication"),
                "",
                format!("part of an iteration {whose} that is communication"),
            ),
        ]);
    }
    columns.extend([
        ColumnSpec::float("predicted", "", "how good the policy took the order to be; null if it did not say"),
        ColumnSpec::boolean("is_chosen", "whether it was chosen"),
        ColumnSpec::float(
            "utilisation",
            "",
            "of the order that was chosen: mean part of the GPUs that jobs had until the next question; else null",
        ),
    ]);
    TableSpec::new(
        "training_orders",
        "One row for each order of a window that a queue policy compared, and one for the order that was chosen if it compared none",
        columns,
    )
    .detailed()
}
