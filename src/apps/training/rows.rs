//! The rows of a workload of training jobs.

use super::account::Account;
use super::cluster::{Cluster, ClusterShape, Placement};
use super::job::JobKind;
use super::operation::{JobState, Operation};
use super::plan::TrainingPlan;
use super::request::TriedOrder;
use super::tables::{FEATURED, Tables};
use super::waiting::WaitingJob;
use crate::apps::Context;
use crate::engine::SimTime;
use crate::infra::optical::{Circuit, LeafId};
use crate::records::{Cell, Symbol};

/// A window whose order was chosen, until it is known what came of it.
#[derive(Debug)]
struct Chosen {
    time: SimTime,
    window: u64,
    permutation: Symbol,
    features: Vec<Cell<'static>>,
    predicted: Option<f64>,
    /// Busy GPU-seconds until then.
    busy_gpu_s: f64,
}

/// A question about an order, the answer, and what came of it.
pub(super) struct Seen<'a> {
    pub(super) waiting: &'a [WaitingJob],
    pub(super) order: &'a [usize],
    /// For each of the waiting jobs whether it has started.
    pub(super) started: &'a [bool],
    pub(super) tried: &'a [TriedOrder],
    /// How many jobs ran, and which part of the GPUs was free, when it was asked.
    pub(super) running: usize,
    pub(super) free_share: f64,
}

/// The tables and names of a workload.
#[derive(Debug)]
pub(super) struct Rows {
    tables: Tables,
    workload: Symbol,
    kinds: [Symbol; 2],
    models: Vec<Symbol>,
    gpus: f64,
    windows: u64,
    chosen: Option<Chosen>,
}

impl Seen<'_> {
    /// What is told of an order beside its name.
    fn features(&self, now_s: f64, order: &[usize]) -> Vec<Cell<'static>> {
        let mut cells = vec![
            Cell::Unsigned(self.waiting.len() as u64),
            Cell::Unsigned(self.running as u64),
            Cell::Float(self.free_share),
        ];
        for place in 0..FEATURED {
            let own = order.get(place).and_then(|&at| self.waiting.get(at));
            cells.extend::<[Cell<'static>; 4]>([
                own.map(|own| u64::from(own.job.gpus)).into(),
                own.map(|own| own.remaining_s).into(),
                own.map(|own| now_s - own.job.submit_s).into(),
                own.map(|own| own.job.communication).into(),
            ]);
        }
        cells
    }
}

/// Positions with a dash between them.
fn permutation(order: &[usize]) -> String {
    let names: Vec<String> = order.iter().map(usize::to_string).collect();
    names.join("-")
}

impl Rows {
    pub(super) fn new(name: &str, plan: &TrainingPlan, context: &mut dyn Context) -> Self {
        Rows {
            tables: Tables::register(context),
            workload: context.symbol(name),
            kinds: [JobKind::Llm, JobKind::Dlrm].map(|kind| context.symbol(kind.name())),
            models: plan.models.iter().map(|(name, _)| context.symbol(name)).collect(),
            gpus: plan.cluster.shape.gpus() as f64,
            windows: 0,
            chosen: None,
        }
    }

    fn kind(&self, kind: JobKind) -> Symbol {
        self.kinds[usize::from(kind == JobKind::Dlrm)]
    }

    /// The row of a job, now that it has this outcome.
    pub(super) fn job(
        &self,
        plan: &TrainingPlan,
        id: u32,
        state: &JobState,
        outcome: &str,
        reason: Option<&str>,
        context: &mut dyn Context,
    ) {
        let Some(table) = self.tables.jobs else { return };
        let now = context.now();
        let own = &plan.jobs[id as usize];
        let job = &own.job;
        let is_finished = outcome == "finished";
        let there_s = (now - SimTime::from_secs(job.submit_s)).as_secs();
        let at_end = |value: f64| if is_finished { Cell::Float(value) } else { Cell::Null };
        let waited_s = if outcome == "refused" { 0.0 } else { (there_s - state.attained_s).max(0.0) };
        let outcome = context.symbol(outcome);
        let reason = reason.map(|reason| context.symbol(reason));
        let name = own.name.as_ref().map(|name| context.symbol(name));
        context.record(
            table,
            &[
                Cell::Float(now.as_secs()),
                Cell::Category(self.workload),
                Cell::Unsigned(u64::from(id)),
                name.into(),
                Cell::Category(self.kind(job.kind)),
                own.model.map(|model| self.models[model as usize]).into(),
                Cell::Unsigned(u64::from(job.gpus)),
                Cell::Float(job.submit_s),
                state.first_start.map(SimTime::as_secs).into(),
                at_end(now.as_secs()),
                Cell::Float(job.duration_s),
                Cell::Float(waited_s),
                at_end(there_s),
                Cell::Float(state.attained_s),
                at_end(state.attained_s / job.duration_s),
                state.last_rate.into(),
                Cell::Unsigned(state.leaves),
                Cell::Unsigned(state.wanted),
                Cell::Unsigned(state.granted),
                Cell::Unsigned(state.starts),
                Cell::Unsigned(state.preemptions),
                Cell::Unsigned(state.faults),
                Cell::Float(state.lost_s),
                Cell::Category(outcome),
                reason.into(),
            ],
        );
    }

    /// A job leaves the servers that it has had, or the run ends.
    pub(super) fn placed(
        &self,
        id: u32,
        started: SimTime,
        placement: &Placement,
        shape: ClusterShape,
        context: &mut dyn Context,
    ) {
        let Some(table) = self.tables.placements else { return };
        for &(server, gpus) in placement.servers() {
            let cells = [
                Cell::Float(context.now().as_secs()),
                Cell::Category(self.workload),
                Cell::Unsigned(u64::from(id)),
                Cell::Float(started.as_secs()),
                Cell::Unsigned(u64::from(server)),
                Cell::Unsigned(u64::from(shape.leaf_of(server).0)),
                Cell::Unsigned(u64::from(gpus)),
            ];
            context.record(table, &cells);
        }
    }

    /// A circuit is set up.
    pub(super) fn change(
        &self,
        circuit: &Circuit,
        job: u32,
        ready: SimTime,
        is_moved: bool,
        context: &mut dyn Context,
    ) {
        let Some(table) = self.tables.changes else { return };
        let cells = [
            Cell::Float(context.now().as_secs()),
            Cell::Category(self.workload),
            Cell::Unsigned(u64::from(circuit.switch.0)),
            Cell::Unsigned(u64::from(circuit.from.0)),
            Cell::Unsigned(u64::from(circuit.to.0)),
            Cell::Unsigned(u64::from(job)),
            Cell::Float(ready.as_secs()),
            Cell::Boolean(is_moved),
        ];
        context.record(table, &cells);
    }

    /// The number of the next question about an order; what came of the one before is known now.
    pub(super) fn next_window(
        &mut self,
        now: SimTime,
        account: &Account,
        context: &mut dyn Context,
    ) -> u64 {
        self.close_window(now, account, context);
        self.windows += 1;
        self.windows - 1
    }

    /// Writes what came of the order that was chosen last.
    pub(super) fn close_window(&mut self, now: SimTime, account: &Account, context: &mut dyn Context) {
        let (Some(table), Some(chosen)) = (self.tables.orders, self.chosen.take()) else { return };
        let span_s = (now - chosen.time).as_secs();
        let busy_gpu_s = account.busy_gpu_s(now) - chosen.busy_gpu_s;
        let utilisation = (span_s > 0.0).then(|| busy_gpu_s / (self.gpus * span_s));
        let mut cells = vec![
            Cell::Float(now.as_secs()),
            Cell::Float(chosen.time.as_secs()),
            Cell::Category(self.workload),
            Cell::Unsigned(chosen.window),
            Cell::Category(chosen.permutation),
        ];
        cells.extend(chosen.features);
        cells.extend::<[Cell<'_>; 3]>([
            chosen.predicted.into(),
            Cell::Boolean(true),
            utilisation.into(),
        ]);
        context.record(table, &cells);
    }

    /// The window of a question, and the orders of it.
    pub(super) fn window(
        &mut self,
        seen: &Seen<'_>,
        most: u32,
        account: &Account,
        context: &mut dyn Context,
    ) {
        let &Seen { waiting, order, started, tried, .. } = seen;
        let now = context.now();
        let window = self.windows - 1;
        let count = waiting.len().min(most as usize);
        if let Some(table) = self.tables.windows {
            for (position, own) in waiting.iter().enumerate().take(count) {
                let place = order.iter().position(|&at| at == position);
                let cells = [
                    Cell::Float(now.as_secs()),
                    Cell::Category(self.workload),
                    Cell::Unsigned(window),
                    Cell::Unsigned(position as u64),
                    place.map(|place| place as u64).into(),
                    Cell::Unsigned(u64::from(own.job.id)),
                    Cell::Category(self.kind(own.job.kind)),
                    Cell::Unsigned(u64::from(own.job.gpus)),
                    Cell::Float(own.remaining_s),
                    Cell::Float(now.as_secs() - own.job.submit_s),
                    Cell::Float(own.job.communication),
                    Cell::Boolean(started[position]),
                ];
                context.record(table, &cells);
            }
        }
        let Some(table) = self.tables.orders.filter(|_| count > 0) else { return };
        let mut predicted = None;
        let width = tried.first().map_or(count.min(order.len()), |own| own.order.len());
        for own in tried {
            if order.starts_with(&own.order) {
                predicted = Some(own.score);
                continue;
            }
            let permutation = context.symbol(&permutation(&own.order));
            let mut cells = vec![
                Cell::Float(now.as_secs()),
                Cell::Float(now.as_secs()),
                Cell::Category(self.workload),
                Cell::Unsigned(window),
                Cell::Category(permutation),
            ];
            cells.extend(seen.features(now.as_secs(), &own.order));
            cells.extend([Cell::Float(own.score), Cell::Boolean(false), Cell::Null]);
            context.record(table, &cells);
        }
        let own = &order[..width.min(order.len())];
        let permutation = context.symbol(&permutation(own));
        let features = seen.features(now.as_secs(), own);
        let busy_gpu_s = account.busy_gpu_s(now);
        self.chosen = Some(Chosen { time: now, window, permutation, features, predicted, busy_gpu_s });
    }
}

impl Operation {
    /// The state after an instant, or all of it at a sample.
    pub(super) fn export(&mut self, event: &str, context: &mut dyn Context) {
        let is_sample = event == "sample";
        let instant = if is_sample { Default::default() } else { std::mem::take(&mut self.instant) };
        let touched = if is_sample { Default::default() } else { std::mem::take(&mut self.touched) };
        let tables = self.rows.tables;
        let workload = Cell::Category(self.rows.workload);
        let time = Cell::Float(context.now().as_secs());
        let cluster = &self.cluster;
        if let Some(table) = tables.states {
            let circuits = cluster.circuits();
            let count: u64 = self.running.iter().map(|id| self.jobs[*id as usize].granted).sum();
            let gpus: u64 = self.waiting.iter().map(|own| u64::from(own.job.gpus)).sum();
            let leaves = (0..cluster.shape().leaves).map(LeafId);
            let ports: Option<u64> = circuits
                .map(|_| leaves.filter_map(|leaf| cluster.free_ports(leaf)).map(u64::from).sum());
            let event = Cell::Category(context.symbol(event));
            let cells = [
                time,
                workload,
                event,
                Cell::Unsigned(instant.submitted),
                Cell::Unsigned(instant.started),
                Cell::Unsigned(instant.ended),
                Cell::Unsigned(self.waiting.len() as u64),
                Cell::Unsigned(gpus),
                Cell::Unsigned(self.running.len() as u64),
                Cell::Unsigned(cluster.free()),
                Cell::Unsigned(cluster.blocked_gpus()),
                Cell::Float(cluster.utilisation()),
                circuits.map(|_| count).into(),
                ports.into(),
                Cell::Unsigned(instant.moved),
                Cell::Unsigned(instant.short.gpus),
                Cell::Unsigned(instant.short.ports),
                Cell::Unsigned(instant.short.colours),
            ];
            context.record(table, &cells);
        }
        if let Some(table) = tables.leaves {
            let row = |cluster: &Cluster, leaf: LeafId| {
                [
                    time,
                    workload,
                    Cell::Unsigned(u64::from(leaf.0)),
                    Cell::Unsigned(u64::from(cluster.free_at_leaf(leaf))),
                    cluster.free_ports(leaf).map(u64::from).into(),
                ]
            };
            if is_sample {
                (0..cluster.shape().leaves)
                    .for_each(|leaf| context.record(table, &row(cluster, LeafId(leaf))));
            } else {
                touched.iter().for_each(|&leaf| context.record(table, &row(cluster, leaf)));
            }
        }
        if let (Some(table), Some(circuits), true) = (tables.maps, cluster.circuits(), is_sample) {
            for (circuit, job) in circuits.map().circuits() {
                let now = context.now();
                let layer = self.layer.and_then(|layer| context.infrastructure().optical().get(layer));
                let switch = layer.and_then(|layer| layer.switches().get(circuit.switch.index()));
                let carries = switch.is_some_and(|own| own.carries(now, circuit.from.0, circuit.to.0));
                let cells = [
                    time,
                    workload,
                    Cell::Unsigned(u64::from(circuit.switch.0)),
                    Cell::Unsigned(u64::from(circuit.from.0)),
                    Cell::Unsigned(u64::from(circuit.to.0)),
                    Cell::Unsigned(u64::from(job)),
                    Cell::Boolean(carries),
                ];
                context.record(table, &cells);
            }
        }
    }
}
