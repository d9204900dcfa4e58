//! What is recorded of tasks beyond their one row: details of each, and samples of services and of what they do on
//! each node. Nothing of it is kept if none of its tables is recorded.

use super::counts::Spans;
use super::life::Stage;
use super::outcome::Outcome;
use super::tracing_tables::{details, node_services, services};
use super::workload::TaskWorkload;
use crate::apps::Context;
use crate::engine::SimTime;
use crate::infra::compute::Job;
use crate::infra::network::NetworkClass;
use crate::infra::{NodeId, Tier};
use crate::records::{Cell, Symbol, TableId};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The outcomes that samples count, in the order of their columns: all but the last.
pub(super) const COUNTED: usize = Outcome::ALL.len() - 1;

/// The tables, and what they need to know of tasks that have not ended.
#[derive(Debug)]
pub(super) struct Tracer {
    details: Option<TableId>,
    services: Option<TableId>,
    node_services: Option<TableId>,
    workload: Symbol,
    applications: Vec<Symbol>,
    tiers: [Symbol; Tier::ALL.len()],
    networks: [Symbol; NetworkClass::ALL.len()],
    /// By number of the task; for look-ups only.
    created: FxHashMap<u64, DeviceState>,
    by_application: Vec<ServicePeriod>,
    by_node: BTreeMap<(NodeId, u16), NodePeriod>,
    sampled: SimTime,
}

/// The state of a device at one instant.
#[derive(Clone, Copy, Debug)]
struct DeviceState {
    access_point: Option<NodeId>,
    energy_j: f64,
    battery_level: Option<f64>,
}

impl DeviceState {
    fn now(device: NodeId, context: &mut dyn Context) -> Self {
        let now = context.now();
        let infrastructure = context.infrastructure();
        DeviceState {
            access_point: infrastructure.attached_to(device),
            energy_j: infrastructure.meter(device).energy_j(now),
            battery_level: infrastructure.battery_level(device, now),
        }
    }
}

/// A sum of which the mean is told.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn cell(self) -> Cell<'static> {
        (self.count > 0).then(|| self.sum / self.count as f64).into()
    }
}

/// What has happened to one application since the last sample.
#[derive(Clone, Copy, Debug, Default)]
struct ServicePeriod {
    created: u64,
    outcomes: [u64; COUNTED],
    service_s: Mean,
    network_s: Mean,
    wait_s: Mean,
    execution_s: Mean,
    experience: Mean,
}

/// What one application has done on one node since the last sample.
#[derive(Clone, Copy, Debug, Default)]
struct NodePeriod {
    arrivals: u64,
    completions: u64,
    failures: u64,
    wait_s: Mean,
    execution_s: Mean,
    /// At the sample.
    running: u64,
    waiting: u64,
}

/// What is told of a task that has ended.
pub(super) struct Ended {
    pub(super) number: u64,
    pub(super) device: NodeId,
    pub(super) application: u16,
    pub(super) outcome: Outcome,
    pub(super) by_class_s: [f64; NetworkClass::ALL.len()],
    pub(super) refused_by: Option<NetworkClass>,
    /// Times of what was delivered.
    pub(super) spans: Option<Spans>,
}

impl Tracer {
    /// Registers the tables; nothing if none is recorded.
    pub(super) fn register(
        workload: Symbol,
        applications: Vec<Symbol>,
        tiers: [Symbol; Tier::ALL.len()],
        context: &mut dyn Context,
    ) -> Option<Box<Self>> {
        // Another table of such a name would be another workload's fault, and is left alone.
        let mut register = |spec| {
            let table = context.table(spec).ok()?;
            context.is_recorded(table).then_some(table)
        };
        let (details, services, node_services) =
            (register(details()), register(services()), register(node_services()));
        details.or(services).or(node_services)?;
        Some(Box::new(Tracer {
            details,
            services,
            node_services,
            workload,
            by_application: vec![ServicePeriod::default(); applications.len()],
            applications,
            tiers,
            networks: NetworkClass::ALL.map(|class| context.symbol(class.name())),
            created: FxHashMap::default(),
            by_node: BTreeMap::new(),
            sampled: SimTime::ZERO,
        }))
    }

    pub(super) fn created(
        &mut self,
        number: u64,
        device: NodeId,
        application: u16,
        context: &mut dyn Context,
    ) {
        self.by_application[usize::from(application)].created += 1;
        if self.details.is_some() {
            self.created.insert(number, DeviceState::now(device, context));
        }
    }

    pub(super) fn submitted(&mut self, node: NodeId, application: u16) {
        if self.node_services.is_some() {
            self.by_node.entry((node, application)).or_default().arrivals += 1;
        }
    }

    pub(super) fn job_ended(
        &mut self,
        node: NodeId,
        application: u16,
        job: &Job,
        done: bool,
        now: SimTime,
    ) {
        if self.node_services.is_none() {
            return;
        }
        let period = self.by_node.entry((node, application)).or_default();
        match job.started.filter(|_| done) {
            Some(started) => {
                period.completions += 1;
                period.wait_s.add(started.since(job.admitted).as_secs());
                period.execution_s.add(now.since(started).as_secs());
            }
            None => period.failures += 1,
        }
    }

    /// A job was dropped at its task's deadline.
    pub(super) fn job_dropped(&mut self, node: NodeId, application: u16) {
        if self.node_services.is_some() {
            self.by_node.entry((node, application)).or_default().failures += 1;
        }
    }

    pub(super) fn ended(&mut self, task: &Ended, context: &mut dyn Context) {
        let period = &mut self.by_application[usize::from(task.application)];
        if let Some(count) = period.outcomes.get_mut(task.outcome as usize) {
            *count += 1;
        }
        if let Some(spans) = &task.spans {
            period.service_s.add(spans.service_s);
            period.network_s.add(spans.network_s);
            period.wait_s.add(spans.wait_s);
            period.execution_s.add(spans.execution_s);
            if let Some(experience) = spans.experience {
                period.experience.add(experience);
            }
        }
        let Some(table) = self.details else { return };
        let Some(before) = self.created.remove(&task.number) else { return };
        let after = DeviceState::now(task.device, context);
        let symbol = |node: Option<NodeId>| node.map(|node| context.node_symbol(node)).into();
        let on = |class: NetworkClass| {
            let spent_s = task.by_class_s[class as usize];
            (spent_s > 0.0).then_some(spent_s).into()
        };
        let row = [
            Cell::Float(context.now().as_secs()),
            Cell::Unsigned(task.number),
            Cell::Category(self.workload),
            symbol(before.access_point),
            symbol(after.access_point),
            on(NetworkClass::Wlan),
            on(NetworkClass::Man),
            on(NetworkClass::Wan),
            on(NetworkClass::Cellular),
            task.refused_by.map(|class| self.networks[class as usize]).into(),
            Cell::Float(before.energy_j),
            Cell::Float(after.energy_j),
            before.battery_level.into(),
            after.battery_level.into(),
        ];
        context.record(table, &row);
    }
}

impl TaskWorkload {
    /// Writes what has happened since the last sample.
    pub(super) fn sample_services(&mut self, context: &mut dyn Context) {
        let Some(mut tracer) = self.tracer.take() else { return };
        let now = context.now();
        if now > tracer.sampled {
            tracer.sampled = now;
            let mut in_flight = vec![0_u64; tracer.by_application.len()];
            for (_, task) in &self.tasks {
                let application = self.devices[task.device as usize].application;
                in_flight[usize::from(application)] += 1;
                if let (Some(_), Stage::Executing(job), Some(node)) =
                    (tracer.node_services, task.stage, task.node)
                {
                    // What is done but not seen yet by a node with steps still runs.
                    let job = context.infrastructure().compute().job(job);
                    let runs = job.is_none_or(|job| job.started.is_some());
                    let period = tracer.by_node.entry((node, application)).or_default();
                    period.running += u64::from(runs);
                    period.waiting += u64::from(!runs);
                }
            }
            tracer.write_services(&in_flight, context);
            tracer.write_node_services(context);
        }
        self.tracer = Some(tracer);
    }
}

impl Tracer {
    fn write_services(&mut self, in_flight: &[u64], context: &mut dyn Context) {
        let now_s = context.now().as_secs();
        let periods = self.by_application.iter_mut().zip(&self.applications).zip(in_flight);
        for ((period, &application), &in_flight) in periods {
            let period = std::mem::take(period);
            let Some(table) = self.services else { continue };
            let head = [
                Cell::Float(now_s),
                Cell::Category(self.workload),
                Cell::Category(application),
                Cell::Unsigned(period.created),
                Cell::Unsigned(in_flight),
            ];
            let outcomes = period.outcomes.map(Cell::Unsigned);
            let means = [
                period.service_s,
                period.network_s,
                period.wait_s,
                period.execution_s,
                period.experience,
            ];
            let mut row = [Cell::Null; 10 + COUNTED];
            let cells = head.into_iter().chain(outcomes).chain(means.map(Mean::cell));
            row.iter_mut().zip(cells).for_each(|(place, cell)| *place = cell);
            context.record(table, &row);
        }
    }

    /// A row for each application on each node where it did something in the period or has jobs.
    fn write_node_services(&mut self, context: &mut dyn Context) {
        let Some(table) = self.node_services else { return };
        let now_s = context.now().as_secs();
        for ((node, application), period) in std::mem::take(&mut self.by_node) {
            let tier = context.infrastructure().node(node).tier;
            let row = [
                Cell::Float(now_s),
                Cell::Category(context.node_symbol(node)),
                Cell::Category(self.tiers[tier as usize]),
                Cell::Category(self.workload),
                Cell::Category(self.applications[usize::from(application)]),
                Cell::Unsigned(period.arrivals),
                Cell::Unsigned(period.completions),
                Cell::Unsigned(period.failures),
                Cell::Unsigned(period.running),
                Cell::Unsigned(period.waiting),
                period.wait_s.cell(),
                period.execution_s.cell(),
            ];
            context.record(table, &row);
        }
    }
}
