//! What is recorded and summed up of workflows.

use super::config::WorkflowKind;
use super::outcome::WorkflowOutcome;
use super::state::Run;
use super::workload::WorkflowWorkload;
use crate::apps::{Context, DecisionEnd};
use crate::engine::{Quantiles, SimTime, Summary};
use crate::records::{Cell, ColumnSpec, Symbol, TableId, TableSpec};
use serde_json::json;

fn workflows() -> TableSpec {
    TableSpec::new(
        "workflows",
        "One row for each workflow, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended, or the run did"),
            ColumnSpec::unsigned("workflow", "", "its number in its workload, in order of arrival"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("name", "its name"),
            ColumnSpec::category("source", "node that it came from"),
            ColumnSpec::category(
                "outcome",
                "how it ended; of a lost one the outcome of the task at fault",
            ),
            ColumnSpec::float("arrived_s", "s", "when it came"),
            ColumnSpec::unsigned("tasks", "", "its tasks"),
            ColumnSpec::unsigned("done_tasks", "", "its tasks that are done"),
            ColumnSpec::float("makespan_s", "s", "from its arrival to its end; null if it is not done"),
            ColumnSpec::float("serial_s", "s", "all its tasks one after the other on the fastest node"),
            ColumnSpec::float(
                "critical_path_s",
                "s",
                "its longest chain of tasks on the fastest node, without transfers",
            ),
            ColumnSpec::float("speed_up", "", "serial_s over makespan_s; null if it is not done"),
            ColumnSpec::float(
                "schedule_length_ratio",
                "",
                "makespan_s over critical_path_s, at least 1; null if it is not done",
            ),
            ColumnSpec::unsigned("transfers", "", "transfers of its files that were started"),
            ColumnSpec::float("moved_bytes", "B", "bytes of its files that were delivered"),
            ColumnSpec::unsigned("retries", "", "how often its tasks were tried again after faults"),
        ],
    )
}

fn workflow_tasks() -> TableSpec {
    TableSpec::new(
        "workflow_tasks",
        "One row for each task of a workflow, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended, or its workflow or the run did"),
            ColumnSpec::unsigned("workflow", "", "number of its workflow in the workload"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("task", "its name"),
            ColumnSpec::category("category", "what kind of task it is; null if that is not told"),
            ColumnSpec::category("node", "its last node; null if it had none"),
            ColumnSpec::category("outcome", "how it ended"),
            ColumnSpec::float("ready_s", "s", "when its parents were done; null if they were not"),
            ColumnSpec::float("assigned_s", "s", "when it got its node; null if it had none"),
            ColumnSpec::float("staged_s", "s", "when its files were there; null if they were not"),
            ColumnSpec::float("started_s", "s", "when it began to run; null if it did not"),
            ColumnSpec::unsigned("cores", "", "its cores"),
            ColumnSpec::float("length_mi", "MI", "its work"),
            ColumnSpec::float("input_bytes", "B", "bytes that it reads"),
            ColumnSpec::unsigned("retries", "", "how often it was tried again after faults"),
        ],
    )
}

/// Tables and symbols.
#[derive(Clone, Debug)]
pub(super) struct Registered {
    workflows: TableId,
    tasks: TableId,
    name: Symbol,
    kinds: Vec<Symbol>,
    outcomes: [Symbol; WorkflowOutcome::ALL.len()],
    /// What came of a decision that is made anew.
    pub(super) tried_again: Symbol,
}

impl Registered {
    /// `None` if the tables cannot be had, in which case nothing is recorded.
    pub(super) fn register(
        name: &str,
        kinds: &[WorkflowKind],
        context: &mut dyn Context,
    ) -> Option<Self> {
        Some(Registered {
            workflows: context.table(workflows()).ok()?,
            tasks: context.table(workflow_tasks()).ok()?,
            name: context.symbol(name),
            kinds: kinds.iter().map(|kind| context.symbol(kind.graph.name())).collect(),
            outcomes: WorkflowOutcome::ALL.map(|outcome| context.symbol(outcome.name())),
            tried_again: context.symbol("tried_again"),
        })
    }
}

impl Registered {
    /// What came of a decision about a task whose workflow is lost already.
    pub(super) fn cancelled(&self) -> Symbol {
        self.outcomes[WorkflowOutcome::Cancelled as usize]
    }
}

/// What is counted of workflows that came after the warm-up.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) arrived: u64,
    outcomes: [u64; WorkflowOutcome::ALL.len()],
    tasks: [u64; WorkflowOutcome::ALL.len()],
    makespan_s: Summary,
    makespans: Quantiles,
    speed_up: Summary,
    length_ratio: Summary,
    transfers: u64,
    moved_bytes: f64,
    retries: u64,
}

fn counts(all: &[u64; WorkflowOutcome::ALL.len()], of_tasks: bool) -> serde_json::Value {
    let known = WorkflowOutcome::ALL.into_iter().zip(all);
    known
        .filter(|(outcome, _)| of_tasks || *outcome != WorkflowOutcome::Cancelled)
        .map(|(outcome, &count)| (outcome.name().to_string(), json!(count)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

impl Totals {
    pub(super) fn json(&self) -> serde_json::Value {
        let mean = |summary: &Summary| (summary.count() > 0).then(|| summary.mean());
        let quantile = |fraction| self.makespans.quantile(fraction);
        let done = self.outcomes[WorkflowOutcome::Done as usize];
        let unfinished = self.outcomes[WorkflowOutcome::Unfinished as usize];
        let judged = self.arrived - unfinished;
        json!({
            "arrived": self.arrived,
            "outcomes": counts(&self.outcomes, false),
            "lost": judged - done,
            "success_share": (judged > 0).then(|| done as f64 / judged as f64),
            "makespan_s": {
                "mean": mean(&self.makespan_s),
                "p50": quantile(0.5),
                "p95": quantile(0.95),
                "p99": quantile(0.99),
                "max": (done > 0).then(|| self.makespan_s.max()),
            },
            "speed_up": { "mean": mean(&self.speed_up) },
            "schedule_length_ratio": { "mean": mean(&self.length_ratio) },
            "tasks": counts(&self.tasks, true),
            "transfers": self.transfers,
            "moved_bytes": self.moved_bytes,
            "retries": self.retries,
        })
    }
}

/// An instant in seconds, null if it has not come.
fn seconds(time: Option<SimTime>) -> Cell<'static> {
    time.map(SimTime::as_secs).into()
}

/// The part of a whole, if there is one.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

impl WorkflowWorkload {
    /// Whether a workflow is part of the summary.
    fn counts(&self, arrived: SimTime, context: &dyn Context) -> bool {
        arrived >= context.warm_up_end()
    }

    /// A task has ended: counts it, writes its row and tells of its decision.
    pub(super) fn record_task(
        &mut self,
        workflow: u32,
        task: u32,
        outcome: WorkflowOutcome,
        context: &mut dyn Context,
    ) {
        let Some(instance) = self.instances.get_mut(&workflow) else { return };
        let run: Run = *instance.run(task);
        instance.run(task).decision = None;
        let (arrived, node) = (instance.arrived, instance.node_of(task));
        let graph = instance.graph.clone();
        if self.counts(arrived, context) {
            self.totals.tasks[outcome as usize] += 1;
        }
        let Some(registered) = &self.registered else { return };
        let now = context.now();
        let outcome_symbol = registered.outcomes[outcome as usize];
        if let Some(decision) = run.decision {
            let service_s = Self::between(run.assigned, Some(now));
            let is_done = outcome == WorkflowOutcome::Done;
            let reward = service_s.filter(|_| is_done).map_or(0.0, |service_s| 1.0 / (1.0 + service_s));
            let end = DecisionEnd {
                outcome: outcome_symbol,
                is_done,
                service_s: service_s.filter(|_| is_done),
                is_lost_to_mobility: outcome == WorkflowOutcome::LostToMobility,
                reward,
            };
            context.resolve_decision(decision, end);
        }
        let (table, name) = (registered.tasks, registered.name);
        if !context.is_recorded(table) {
            return;
        }
        let own = graph.task(task);
        let task_symbol = context.symbol(&own.name);
        let category = own.category.as_ref().map(|category| context.symbol(category));
        let row = [
            Cell::Float(now.as_secs()),
            Cell::from(workflow),
            Cell::Category(name),
            Cell::Category(task_symbol),
            category.into(),
            node.map(|node| context.node_symbol(node)).into(),
            Cell::Category(outcome_symbol),
            seconds(run.ready),
            seconds(run.assigned),
            seconds(run.staged),
            seconds(run.started),
            Cell::from(own.job.cores),
            Cell::Float(own.job.length_mi),
            Cell::Float(graph.input_bytes(task)),
            Cell::from(run.retries),
        ];
        context.record(table, &row);
    }

    /// A workflow has ended, after all its tasks.
    pub(super) fn end(&mut self, workflow: u32, outcome: WorkflowOutcome, context: &mut dyn Context) {
        let Some(instance) = self.instances.remove(&workflow) else { return };
        for own in instance.moving.iter().flatten() {
            self.call_off(*own, context);
        }
        let now = context.now();
        let is_done = outcome == WorkflowOutcome::Done;
        let makespan_s = is_done.then(|| now.since(instance.arrived).as_secs());
        let serial_s = instance.graph.serial_s(self.fastest_mips);
        let critical_path_s = instance.graph.critical_path_s(self.fastest_mips);
        let speed_up = makespan_s.and_then(|makespan_s| ratio(serial_s, makespan_s));
        let length_ratio = makespan_s.and_then(|makespan_s| ratio(makespan_s, critical_path_s));
        if self.counts(instance.arrived, context) {
            let totals = &mut self.totals;
            totals.outcomes[outcome as usize] += 1;
            totals.transfers += instance.transfers;
            totals.moved_bytes += instance.moved_bytes;
            totals.retries += u64::from(instance.retries);
            if let Some(makespan_s) = makespan_s {
                totals.makespan_s.add(makespan_s);
                totals.makespans.add(makespan_s);
            }
            speed_up.into_iter().for_each(|value| totals.speed_up.add(value));
            length_ratio.into_iter().for_each(|value| totals.length_ratio.add(value));
        }
        let Some(registered) = &self.registered else { return };
        let source = context.node_symbol(instance.source);
        let row = [
            Cell::Float(now.as_secs()),
            Cell::from(workflow),
            Cell::Category(registered.name),
            Cell::Category(registered.kinds[instance.kind as usize]),
            Cell::Category(source),
            Cell::Category(registered.outcomes[outcome as usize]),
            Cell::Float(instance.arrived.as_secs()),
            Cell::Unsigned(instance.runs.len() as u64),
            Cell::from(instance.done),
            makespan_s.into(),
            Cell::Float(serial_s),
            Cell::Float(critical_path_s),
            speed_up.into(),
            length_ratio.into(),
            Cell::Unsigned(instance.transfers),
            Cell::Float(instance.moved_bytes),
            Cell::from(instance.retries),
        ];
        context.record(registered.workflows, &row);
    }
}
