//! The tables of tasks at full depth.

use super::outcome::Outcome;
use super::tracing::COUNTED;
use crate::records::{ColumnSpec, TableSpec};

/// More of each task than its row in `tasks` has.
pub(super) fn details() -> TableSpec {
    TableSpec::new(
        "task_details",
        "More of each task, written with its row in tasks",
        [
            ColumnSpec::float("t_s", "s", "when the task ended"),
            ColumnSpec::unsigned("task", "", "number of the task in its workload, as in tasks"),
            ColumnSpec::category("workload", "workload that the task belongs to"),
            ColumnSpec::category(
                "created_at",
                "access point of its device when it was created; null out of coverage",
            ),
            ColumnSpec::category("ended_at", "the same when it ended"),
            ColumnSpec::float(
                "wlan_s",
                "s",
                "time on radios of access points, both ways; null if it was on none, or if its way is not taken hop by hop",
            ),
            ColumnSpec::float("man_s", "s", "the same between sites"),
            ColumnSpec::float("wan_s", "s", "the same on links to the cloud"),
            ColumnSpec::float("cellular_s", "s", "the same on the cellular network"),
            ColumnSpec::category("refused_by", "network that took no more; null if none did"),
            ColumnSpec::float(
                "device_energy_start_j",
                "J",
                "energy that its device had used when it was created",
            ),
            ColumnSpec::float("device_energy_end_j", "J", "the same when it ended"),
            ColumnSpec::float(
                "battery_start",
                "",
                "share left in its device's battery when it was created; null if it has none",
            ),
            ColumnSpec::float("battery_end", "", "the same when it ended"),
        ],
    )
    .detailed()
}

/// One row for each application at each sample.
pub(super) fn services() -> TableSpec {
    let mut columns = vec![
        ColumnSpec::float("t_s", "s", "end of the period"),
        ColumnSpec::category("workload", "workload"),
        ColumnSpec::category("application", "application"),
        ColumnSpec::unsigned("created", "", "tasks created in the period"),
        ColumnSpec::unsigned("in_flight", "", "tasks that have not ended at its end"),
    ];
    columns.extend(Outcome::ALL[..COUNTED].iter().map(|outcome| {
        let meaning = format!("tasks that ended so in the period: {}", outcome.name());
        ColumnSpec::unsigned(outcome.name(), "", meaning)
    }));
    let means = [
        ("service_s", "s", "mean time from creation to the result, of those delivered in the period"),
        ("network_s", "s", "mean time of their transfers"),
        ("wait_s", "s", "mean time that they waited for a core"),
        ("execution_s", "s", "mean time of their execution"),
        (
            "quality_of_experience",
            "%",
            "mean quality of experience of those with a deadline; null if there are none",
        ),
    ];
    columns.extend(means.map(|(name, unit, meaning)| ColumnSpec::float(name, unit, meaning)));
    TableSpec::new(
        "services",
        "What became of each application's tasks in the period of each sample",
        columns,
    )
    .detailed()
}

/// One row for each application on each node at each sample.
pub(super) fn node_services() -> TableSpec {
    TableSpec::new(
        "node_services",
        "What each application did on each node in the period of each sample; no row where it did nothing and has nothing",
        [
            ColumnSpec::float("t_s", "s", "end of the period"),
            ColumnSpec::category("node", "node"),
            ColumnSpec::category("tier", "its tier"),
            ColumnSpec::category("workload", "workload"),
            ColumnSpec::category("application", "application"),
            ColumnSpec::unsigned("arrivals", "", "tasks that it admitted in the period"),
            ColumnSpec::unsigned("completions", "", "tasks that were executed to their end in the period"),
            ColumnSpec::unsigned("failures", "", "tasks whose execution was broken off by a fault, an empty battery, a departure or their deadline"),
            ColumnSpec::unsigned("running", "", "tasks that run at the end of the period"),
            ColumnSpec::unsigned("waiting", "", "tasks that wait for a core then"),
            ColumnSpec::float("wait_s", "s", "mean time that those completed had waited"),
            ColumnSpec::float("execution_s", "s", "mean time of their execution"),
        ],
    )
    .detailed()
}
