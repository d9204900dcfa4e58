//! The tables of functions.

use super::function::Function;
use super::ledger::{Answered, Epoch, Experienced};
use super::outcome::{Outcome, Way};
use super::report::{Ended, ReplicaChange};
use crate::apps::Context;
use crate::apps::replica_allocation::IterationRow;
use crate::engine::SimTime;
use crate::infra::NodeId;
use crate::records::{ColumnSpec, RecordError, Symbol, TableId, TableSpec};

fn when(meaning: &'static str) -> [ColumnSpec; 2] {
    [
        ColumnSpec::float("t_s", "s", meaning),
        ColumnSpec::category("workload", "workload of the functions"),
    ]
}

fn invocations() -> TableSpec {
    let columns = when("when it ended").into_iter().chain([
        ColumnSpec::unsigned("invocation", "", "number of the request in its workload"),
        ColumnSpec::category("function", "function"),
        ColumnSpec::category("node", "node where it entered"),
        ColumnSpec::category("served_at", "node where it was served; null if nowhere"),
        ColumnSpec::category("outcome", "how it ended"),
        ColumnSpec::category("way", "local, forwarded, cloud, or rejected"),
        ColumnSpec::float("created_s", "s", "when it entered"),
        ColumnSpec::unsigned("epoch", "", "epoch in which it entered"),
        ColumnSpec::float("response_s", "s", "time from there to its end"),
        ColumnSpec::float("network_s", "s", "part of it on the way between nodes"),
        ColumnSpec::float("queue_s", "s", "part of it waiting for a replica that was there"),
        ColumnSpec::float("start_s", "s", "part of it waiting while the replica started that served it"),
        ColumnSpec::float("execution_s", "s", "part of it being served"),
        ColumnSpec::boolean("is_cold", "whether it met a replica that started"),
        ColumnSpec::boolean(
            "is_late",
            "whether it was not answered by its deadline; null if its function has none",
        ),
    ]);
    let about = "One row for each request of a function, written when it has ended";
    TableSpec::new("invocations", about, columns.collect::<Vec<_>>()).detailed()
}

fn function_epochs() -> TableSpec {
    let of_stream = "the requests of the function that entered at the node in the epoch";
    let columns = when("when the epoch ended").into_iter().chain([
        ColumnSpec::unsigned("epoch", "", "epoch, from 0"),
        ColumnSpec::category("node", "node"),
        ColumnSpec::category("function", "function"),
        ColumnSpec::float("load_rps", "1/s", "load that the policy was told; null if it was not asked"),
        ColumnSpec::unsigned("arrived", "", of_stream),
        ColumnSpec::unsigned("local", "", "of these, answered from where they entered"),
        ColumnSpec::unsigned("forwarded_out", "", "of these, answered from a neighbour"),
        ColumnSpec::unsigned("cloud", "", "of these, answered from the cloud"),
        ColumnSpec::unsigned("rejected", "", "of these, rejected"),
        ColumnSpec::unsigned("failed", "", "of these, ended otherwise"),
        ColumnSpec::unsigned("cold_starts", "", "of these, met a replica that started"),
        ColumnSpec::unsigned(
            "forwarded_in",
            "",
            "requests that entered elsewhere in the epoch and were answered from here",
        ),
        ColumnSpec::unsigned("replicas", "", "replicas that were decided; null if none ever were"),
        ColumnSpec::float(
            "local_rps",
            "1/s",
            "planned to be served locally, at the last answer; null if not planned",
        ),
        ColumnSpec::float("forwarded_rps", "1/s", "planned to be forwarded"),
        ColumnSpec::float("rejected_rps", "1/s", "planned to be rejected"),
        ColumnSpec::float(
            "utilisation_planned",
            "",
            "planned busy part of the replicas; null without any, or if not planned",
        ),
        ColumnSpec::float(
            "utilisation",
            "",
            "busy part of the replicas that were there; null without any",
        ),
        ColumnSpec::float("replicas_mean", "", "mean number of replicas that held memory"),
        ColumnSpec::float("queue_mean", "", "mean number of requests that waited"),
        ColumnSpec::float("response_p50_s", "s", "median response time of those answered; null if none"),
        ColumnSpec::float("response_p95_s", "s", "95th percentile of it"),
        ColumnSpec::float("response_p99_s", "s", "99th percentile of it"),
        ColumnSpec::float("busy_gb_s", "GB.s", "memory of replicas that served, times time"),
        ColumnSpec::float("idle_gb_s", "GB.s", "memory of replicas that did not, times time"),
    ]);
    let about =
        "One row for each function at each node and epoch, written when all its requests have ended";
    TableSpec::new("function_epochs", about, columns.collect::<Vec<_>>())
}

fn function_allocations() -> TableSpec {
    let columns = when("when the policy was asked first in the epoch; its beginning if it was not").into_iter().chain([
        ColumnSpec::unsigned("epoch", "", "epoch, from 0"),
        ColumnSpec::float("applied_s", "s", "when the answer began to hold; null if not before this row was written"),
        ColumnSpec::category(
            "status",
            "how the method ended; `rule` if it is no method; why it was refused; null if the policy was not asked",
        ),
        ColumnSpec::float("objective", "", "objective as computed; null if it is not known"),
        ColumnSpec::float("bound", "", "no allocation has a larger one; null if not known"),
        ColumnSpec::float("gap", "", "bound less objective, over the size of the objective"),
        ColumnSpec::unsigned("iterations", "", "iterations of a distributed method"),
        ColumnSpec::unsigned("search_nodes", "", "nodes of the search tree"),
        ColumnSpec::float("local_share", "", "planned part of the load that is served where it enters"),
        ColumnSpec::float("forwarded_share", "", "planned part that is forwarded"),
        ColumnSpec::float("rejected_share", "", "planned part that is rejected"),
        ColumnSpec::unsigned("replicas", "", "replicas that were decided"),
        ColumnSpec::float(
            "objective_experienced",
            "",
            "objective by what came of the requests; null if none entered",
        ),
        ColumnSpec::float("objective_in_time", "", "the same where late answers earn nothing"),
        ColumnSpec::unsigned("arrived", "", "requests that entered in the epoch"),
        ColumnSpec::unsigned("answered", "", "of these, answered"),
        ColumnSpec::unsigned("started", "", "replicas that started in the epoch"),
        ColumnSpec::unsigned("stopped", "", "replicas that stopped in it"),
        ColumnSpec::unsigned(
            "short",
            "",
            "replicas that were wanted in it, and for which there was no room",
        ),
        ColumnSpec::float(
            "agreement_s",
            "s",
            "from the question until the last node did what its agents had agreed on, or gave up; null without agents",
        ),
        ColumnSpec::unsigned("messages", "", "messages that agents sent for it; null without agents"),
        ColumnSpec::float("message_bytes", "B", "bytes of these"),
        ColumnSpec::unsigned("messages_lost", "", "of these messages, lost"),
    ]);
    let about = "One row for each epoch of functions, written when all its requests have ended";
    TableSpec::new("function_allocations", about, columns.collect::<Vec<_>>())
}

fn function_comparisons() -> TableSpec {
    let columns = when("when the policy was asked").into_iter().chain([
        ColumnSpec::unsigned("epoch", "", "epoch, from 0"),
        ColumnSpec::category("method", "method, which is not applied"),
        ColumnSpec::float("objective", "", "its objective with the same loads; null if it failed"),
        ColumnSpec::float("bound", "", "no allocation has a larger one; null if not known"),
        ColumnSpec::float(
            "deviation",
            "",
            "its objective less that of the policy, over the size of its own; null if one is not known",
        ),
    ]);
    let about = "One row for each epoch and method that the policy is compared with";
    TableSpec::new("function_comparisons", about, columns.collect::<Vec<_>>())
}

fn function_iterations() -> TableSpec {
    let columns = when("when the policy was asked").into_iter().chain([
        ColumnSpec::unsigned("epoch", "", "epoch, from 0"),
        ColumnSpec::unsigned("iteration", "", "iteration, from 0"),
        ColumnSpec::float("step", "", "step of the prices"),
        ColumnSpec::float("local_objective", "", "sum of the local objectives, which are minimised"),
        ColumnSpec::float("bound", "", "local objectives less prices"),
        ColumnSpec::float("best_bound", "", "the least bound so far"),
        ColumnSpec::float("welfare", "", "welfare cost, which is minimised"),
        ColumnSpec::float("best_welfare", "", "the least welfare cost so far"),
        ColumnSpec::float("objective", "", "objective of this iteration's allocation"),
        ColumnSpec::float("offered_rps", "1/s", "what nodes offered to others"),
        ColumnSpec::float("offloaded_rps", "1/s", "what was taken of it"),
        ColumnSpec::float(
            "objective_deviation",
            "",
            "distance between welfare and local objective, over the size of the latter",
        ),
    ]);
    let about = "One row for each iteration of a distributed method that allocates replicas";
    TableSpec::new("function_iterations", about, columns.collect::<Vec<_>>()).detailed()
}

fn replica_changes() -> TableSpec {
    let columns = when("when").into_iter().chain([
        ColumnSpec::category("node", "node"),
        ColumnSpec::category("function", "function"),
        ColumnSpec::unsigned("replica", "", "number of the replica in its workload"),
        ColumnSpec::category("change", "started, ready, draining, stopped, evicted, or lost"),
        ColumnSpec::category("cause", "why"),
        ColumnSpec::float("scheduling_s", "s", "time until a node was found, of its start so far"),
        ColumnSpec::float("pull_s", "s", "time until the image was there"),
        ColumnSpec::float("create_s", "s", "time until the container was there"),
        ColumnSpec::float("init_s", "s", "time until it could serve"),
    ]);
    let about = "One row for each change of a replica of a function";
    TableSpec::new("replica_changes", about, columns.collect::<Vec<_>>()).detailed()
}

/// Tables and symbols that rows are written with.
#[derive(Debug)]
pub(super) struct Registered {
    invocations: Option<TableId>,
    epochs: TableId,
    allocations: TableId,
    comparisons: TableId,
    iterations: Option<TableId>,
    replicas: Option<TableId>,
    /// Whether rows of epochs are kept, so that times are to be gathered for them.
    pub(super) wants_epochs: bool,
    name: Symbol,
    functions: Vec<Symbol>,
    /// Of all sites: the nodes, then those of the cloud.
    nodes: Vec<Symbol>,
    outcomes: [Symbol; Outcome::ALL.len()],
    ways: [Symbol; Way::ALL.len()],
    settled: Symbol,
    refused: Symbol,
}

impl Registered {
    pub(super) fn new(
        name: &str,
        functions: &[Function],
        nodes: Vec<NodeId>,
        context: &mut dyn Context,
    ) -> Result<Self, RecordError> {
        let kept = |context: &mut dyn Context, spec: TableSpec| {
            let table = context.table(spec)?;
            Ok::<_, RecordError>(context.is_recorded(table).then_some(table))
        };
        let epochs = context.table(function_epochs())?;
        Ok(Registered {
            invocations: kept(context, invocations())?,
            epochs,
            allocations: context.table(function_allocations())?,
            comparisons: context.table(function_comparisons())?,
            iterations: kept(context, function_iterations())?,
            replicas: kept(context, replica_changes())?,
            wants_epochs: context.is_recorded(epochs),
            name: context.symbol(name),
            functions: functions.iter().map(|own| context.symbol(&own.name)).collect(),
            nodes: nodes.iter().map(|&node| context.node_symbol(node)).collect(),
            outcomes: Outcome::ALL.map(|outcome| context.symbol(outcome.name())),
            ways: Way::ALL.map(|way| context.symbol(way.name())),
            settled: context.symbol("settled"),
            refused: context.symbol("refused"),
        })
    }

    fn function(&self, pool: u32) -> Symbol {
        self.functions[pool as usize % self.functions.len()]
    }

    fn node(&self, pool: u32) -> Symbol {
        self.nodes[pool as usize / self.functions.len()]
    }

    /// What a decision is called that was settled, or refused.
    pub(super) fn settled(&self, is_refused: bool) -> Symbol {
        if is_refused { self.refused } else { self.settled }
    }

    pub(super) fn invocation(&self, ended: &Ended, has_deadline: bool, context: &mut dyn Context) {
        let Some(table) = self.invocations else { return };
        let spans = &ended.spans;
        let served_at = ended.pool.filter(|_| spans.execution_s > 0.0).map(|pool| self.node(pool));
        let is_late = has_deadline.then_some(ended.outcome != Outcome::Done);
        context.record(
            table,
            &[
                context.now().as_secs().into(),
                self.name.into(),
                ended.number.into(),
                self.function(ended.stream).into(),
                self.node(ended.stream).into(),
                served_at.into(),
                self.outcomes[ended.outcome as usize].into(),
                self.ways[ended.way as usize].into(),
                ended.created.as_secs().into(),
                ended.epoch.into(),
                spans.response_s.into(),
                spans.network_s.into(),
                spans.queue_s.into(),
                spans.start_s.into(),
                spans.execution_s.into(),
                ended.is_cold.into(),
                is_late.into(),
            ],
        );
    }

    pub(super) fn replica(&self, change: &ReplicaChange, context: &mut dyn Context) {
        let Some(table) = self.replicas else { return };
        let (what, cause) = (context.symbol(change.change.name()), context.symbol(change.cause.name()));
        let stages = &change.stages;
        context.record(
            table,
            &[
                context.now().as_secs().into(),
                self.name.into(),
                self.node(change.pool).into(),
                self.function(change.pool).into(),
                change.replica.into(),
                what.into(),
                cause.into(),
                stages.scheduling_s.into(),
                stages.pull_s.into(),
                stages.create_s.into(),
                stages.init_s.into(),
            ],
        );
    }

    pub(super) fn iterations(
        &self,
        now: SimTime,
        epoch: u32,
        series: &[IterationRow],
        context: &mut dyn Context,
    ) {
        let Some(table) = self.iterations else { return };
        for row in series {
            context.record(
                table,
                &[
                    now.as_secs().into(),
                    self.name.into(),
                    epoch.into(),
                    row.iteration.into(),
                    row.step.into(),
                    row.local_objective.into(),
                    row.bound.into(),
                    row.best_bound.into(),
                    row.welfare.into(),
                    row.best_welfare.into(),
                    row.objective.into(),
                    row.offered_rps.into(),
                    row.offloaded_rps.into(),
                    row.objective_deviation.into(),
                ],
            );
        }
    }

    /// The rows of all streams of an epoch that has ended.
    pub(super) fn epoch(
        &self,
        epoch: &Epoch,
        functions: usize,
        memory_gb: impl Fn(usize) -> f64,
        context: &mut dyn Context,
    ) {
        if !self.wants_epochs {
            return;
        }
        let ended = epoch.ended.unwrap_or(epoch.began);
        let time_s = ended.since(epoch.began).as_secs();
        for (stream, own) in (0..).zip(&epoch.streams) {
            let index = stream as usize;
            let planned = epoch.plan.rates.as_ref().and_then(|rates| rates.get(index));
            let integrals = epoch.integrals.get(index).copied().unwrap_or_default();
            let mean = |integral_s: f64| (time_s > 0.0).then(|| integral_s / time_s);
            let quantile = |fraction| own.response_s.as_ref().and_then(|times| times.quantile(fraction));
            let memory_gb = memory_gb(index % functions);
            context.record(
                self.epochs,
                &[
                    ended.as_secs().into(),
                    self.name.into(),
                    epoch.number.into(),
                    self.node(stream).into(),
                    self.function(stream).into(),
                    epoch.loads_rps.get(index).copied().into(),
                    own.arrived.into(),
                    own.answered[0].into(),
                    own.answered[1].into(),
                    own.answered[2].into(),
                    own.rejected.into(),
                    own.failed.into(),
                    own.cold.into(),
                    epoch.forwarded_in[index].into(),
                    epoch.plan.replicas.get(index).copied().into(),
                    planned.map(|own| own.local_rps).into(),
                    planned.map(|own| own.forwarded_rps).into(),
                    planned.map(|own| own.rejected_rps).into(),
                    planned.and_then(|own| own.utilisation).into(),
                    integrals.utilisation().into(),
                    mean(integrals.held_s).into(),
                    mean(integrals.queued_s).into(),
                    quantile(0.5).into(),
                    quantile(0.95).into(),
                    quantile(0.99).into(),
                    (integrals.busy_s * memory_gb).into(),
                    ((integrals.held_s - integrals.busy_s).max(0.0) * memory_gb).into(),
                ],
            );
        }
    }

    /// The row of an epoch, and those of what it is compared with.
    pub(super) fn allocation(
        &self,
        epoch: &Epoch,
        found: &Experienced,
        compare: &[String],
        context: &mut dyn Context,
    ) {
        // The allocation of an epoch without a question is that of the last answer before.
        let unasked = Answered { at: epoch.began, ..Answered::default() };
        let answered = epoch.answered.as_ref().unwrap_or(&unasked);
        let status = epoch.answered.as_ref().map(|own| context.symbol(&own.status));
        let shares = epoch.plan.shares();
        let share = |way: usize| shares.map(|shares| shares[way]);
        let replicas: u64 = epoch.plan.replicas.iter().map(|&own| u64::from(own)).sum();
        let experienced = |value: f64| (found.arrived > 0).then_some(value);
        context.record(
            self.allocations,
            &[
                answered.at.as_secs().into(),
                self.name.into(),
                epoch.number.into(),
                epoch.applied.map(SimTime::as_secs).into(),
                status.into(),
                answered.objective.into(),
                answered.bound.into(),
                answered.gap.into(),
                answered.iterations.into(),
                answered.search_nodes.into(),
                share(0).into(),
                share(1).into(),
                share(2).into(),
                replicas.into(),
                experienced(found.objective).into(),
                experienced(found.in_time).into(),
                found.arrived.into(),
                found.answered.into(),
                epoch.started.into(),
                epoch.stopped.into(),
                epoch.short.into(),
                epoch.agreement.map(|own| own.seconds).into(),
                epoch.agreement.map(|own| own.messages).into(),
                epoch.agreement.map(|own| own.bytes).into(),
                epoch.agreement.map(|own| own.lost).into(),
            ],
        );
        self.comparisons(epoch.number, answered, compare, context);
    }

    fn comparisons(
        &self,
        epoch: u32,
        answered: &Answered,
        compare: &[String],
        context: &mut dyn Context,
    ) {
        for (method, compared) in compare.iter().zip(&answered.compared) {
            let method = context.symbol(method);
            context.record(
                self.comparisons,
                &[
                    answered.at.as_secs().into(),
                    self.name.into(),
                    epoch.into(),
                    method.into(),
                    compared.objective.into(),
                    compared.bound.into(),
                    answered.deviation_from(compared.objective).into(),
                ],
            );
        }
    }
}
