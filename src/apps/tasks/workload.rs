//! The workload: its devices, what it counts, and how it answers the world.

use super::accelerated::{AcceleratedCounts, accelerations_table};
use super::application::{Application, Arrival};
use super::arrivals::ArrivalClock;
use super::counts::Counts;
use super::edgecloudsim::TaskSlips;
use super::life::Task;
use super::outcome::Outcome;
use super::tracing::Tracer;
use crate::apps::{Context, Message, Workload};
use crate::engine::{EntityStream, EventHandle, Phase, SimDuration, SimTime, prefetch};
use crate::infra::accelerators::AcceleratorJob;
use crate::infra::compute::Job;
use crate::infra::{JobOutcome, NodeChange, NodeId, Tier, TransferRecord};
use crate::records::{ColumnSpec, Symbol, TableId, TableSpec};
use rand::RngExt;
use rustc_hash::FxHashMap;
use slab::Slab;

/// What happens to a task at its deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDeadline {
    /// It goes on, and counts as missed if its result comes late.
    #[default]
    Finish,
    /// It is dropped, and what it held is free at once.
    Drop,
}

/// What happens to a task whose device goes over to another access point during its transfers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnHandover {
    /// The rest is sent over the new one.
    #[default]
    Continue,
    /// It is lost.
    Lose,
    /// Input arrives nevertheless, and a result is led to where the device is; it is lost only if the device
    /// goes while the result is on the radio to it.
    LoseResultOnAir,
    /// Input arrives nevertheless, but the result can be had only where the task was created: it is lost if
    /// the device is elsewhere when it starts, or goes before it has arrived.
    LoseResultElsewhere,
}

/// Rules for all tasks of a workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskOptions {
    /// At the deadline.
    pub on_deadline: OnDeadline,
    /// At a handover.
    pub on_handover: OnHandover,
    /// How often a task that a fault has hit is started anew, before it counts as lost.
    pub fault_retries: u32,
    /// How long it waits before it is started anew.
    pub retry_delay: SimDuration,
    /// What is done as in EdgeCloudSim instead.
    pub slips: TaskSlips,
}

pub(super) const CREATE: u32 = 0;
pub(super) const TRACE: u32 = 1;
pub(super) const DEADLINE: u32 = 2;
pub(super) const RETRY: u32 = 3;

/// One device that runs an application.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) node: NodeId,
    pub(super) application: u16,
    clock: Option<ArrivalClock>,
    timer: Option<EventHandle>,
    /// How often it appeared: each time it starts a clock of its own.
    appearances: u64,
}

/// Symbols and table that rows are written with.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) table: TableId,
    /// If an application has a part on accelerators.
    pub(super) accelerations: Option<TableId>,
    pub(super) name: Symbol,
    pub(super) applications: Vec<Symbol>,
    pub(super) outcomes: [Symbol; Outcome::ALL.len()],
    pub(super) tiers: [Symbol; Tier::ALL.len()],
}

/// Devices that create tasks. See the [module](super).
#[derive(Debug)]
pub struct TaskWorkload {
    name: String,
    pub(super) applications: Vec<Application>,
    pub(super) options: TaskOptions,
    horizon: SimTime,
    nodes: Vec<NodeId>,
    pub(super) devices: Vec<Device>,
    device_of: FxHashMap<NodeId, u32>,
    trace_random: Vec<EntityStream>,
    /// For each application the devices that run it.
    devices_of: Vec<Vec<u32>>,
    pub(super) tasks: Slab<Task>,
    pub(super) next_number: u64,
    pub(super) registered: Option<Registered>,
    pub(super) accelerated: AcceleratedCounts,
    pub(super) by_application: Vec<Counts>,
    /// If any of its tables is recorded.
    pub(super) tracer: Option<Box<Tracer>>,
}

/// The table of tasks, one row each, written when the task has ended.
fn tasks_table() -> TableSpec {
    TableSpec::new(
        "tasks",
        "One row for each task, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when the task ended"),
            ColumnSpec::unsigned("task", "", "number of the task in its workload, in order of creation"),
            ColumnSpec::category("workload", "workload that the task belongs to"),
            ColumnSpec::category("application", "application that created it"),
            ColumnSpec::category("device", "device that created it"),
            ColumnSpec::category("node", "node that it was sent to; null if none was found"),
            ColumnSpec::category("tier", "tier of that node"),
            ColumnSpec::category("outcome", "how it ended"),
            ColumnSpec::float("created_s", "s", "when it was created"),
            ColumnSpec::unsigned(
                "attempts",
                "",
                "how often it was started: more than once after faults",
            ),
            ColumnSpec::float("length_mi", "MI", "its work"),
            ColumnSpec::float("upload_bytes", "B", "size of its input"),
            ColumnSpec::float("download_bytes", "B", "size of its result"),
            ColumnSpec::float(
                "deadline_s",
                "s",
                "time allowed from creation; null if there is no deadline",
            ),
            ColumnSpec::float("upload_s", "s", "time of the upload; null if it did not come to its end"),
            ColumnSpec::float("wait_s", "s", "time in the node's queue; null if it never ran"),
            ColumnSpec::float(
                "execution_s",
                "s",
                "time from start to end of execution; null if it did not end",
            ),
            ColumnSpec::float(
                "download_s",
                "s",
                "time of the download; null if it did not come to its end",
            ),
            ColumnSpec::float(
                "service_s",
                "s",
                "time from creation to the arrival of the result; null if none",
            ),
        ],
    )
}

impl TaskWorkload {
    /// A workload in which the devices `nodes` create tasks until `horizon`.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        nodes: Vec<NodeId>,
        applications: Vec<Application>,
        options: TaskOptions,
        horizon: SimTime,
    ) -> Self {
        let by_application = applications.iter().map(|_| Counts::default()).collect();
        TaskWorkload {
            name: name.into(),
            applications,
            options,
            horizon,
            nodes,
            devices: Vec::new(),
            device_of: FxHashMap::default(),
            trace_random: Vec::new(),
            devices_of: Vec::new(),
            tasks: Slab::new(),
            next_number: 0,
            registered: None,
            accelerated: AcceleratedCounts::default(),
            by_application,
            tracer: None,
        }
    }

    fn uses_accelerators(&self) -> bool {
        self.applications.iter().any(|application| application.accelerated.is_some())
    }

    fn register(&mut self, context: &mut dyn Context) {
        // A table of this name and shape is shared by all task workloads; nothing else can be wrong.
        let Ok(table) = context.table(tasks_table()) else { return };
        let accelerations = if self.uses_accelerators() {
            let Ok(table) = context.table(accelerations_table()) else { return };
            Some(table)
        } else {
            None
        };
        let registered = Registered {
            table,
            accelerations,
            name: context.symbol(&self.name),
            applications: self.applications.iter().map(|app| context.symbol(&app.name)).collect(),
            outcomes: Outcome::ALL.map(|outcome| context.symbol(outcome.name())),
            tiers: Tier::ALL.map(|tier| context.symbol(tier.name())),
        };
        let Registered { name, tiers, .. } = registered;
        self.tracer = Tracer::register(name, registered.applications.clone(), tiers, context);
        self.registered = Some(registered);
    }

    /// Gives each device its application, by the shares.
    fn assign_applications(&mut self, context: &mut dyn Context) {
        let whole: f64 = self.applications.iter().map(|app| app.share).sum();
        self.devices_of = vec![Vec::new(); self.applications.len()];
        for (index, &node) in self.nodes.iter().enumerate() {
            let mut random =
                context.streams().entity(&format!("{}/application", self.name), index as u64);
            let mut left = random.random::<f64>() * whole;
            let chosen = self.applications.iter().position(|app| {
                left -= app.share;
                left < 0.0
            });
            let application = chosen.unwrap_or(self.applications.len().saturating_sub(1)) as u16;
            self.device_of.insert(node, index as u32);
            self.devices_of[usize::from(application)].push(index as u32);
            self.devices.push(Device { node, application, clock: None, timer: None, appearances: 0 });
        }
    }

    /// Starts the clock of a device that is in the world.
    fn start_clock(&mut self, device: u32, context: &mut dyn Context) {
        let state = &mut self.devices[device as usize];
        let name = format!("{}/arrivals", self.name);
        let number = (state.appearances << 32) | u64::from(device);
        let random = context.streams().entity(&name, number);
        state.appearances += 1;
        let application = &self.applications[usize::from(state.application)];
        state.clock = Some(ArrivalClock::start(application, random, context.now()));
        self.schedule_next(device, context);
    }

    fn stop_clock(&mut self, device: u32, context: &mut dyn Context) {
        let state = &mut self.devices[device as usize];
        state.clock = None;
        if let Some(timer) = state.timer.take() {
            context.cancel_timer(timer);
        }
    }

    fn schedule_next(&mut self, device: u32, context: &mut dyn Context) {
        let state = &mut self.devices[device as usize];
        let application = &self.applications[usize::from(state.application)];
        let next = state.clock.as_mut().and_then(|clock| clock.next(application, self.horizon));
        state.timer = next.map(|time| {
            let message = Message { code: CREATE, subject: device, detail: 0 };
            context.set_timer(time, Phase::Demand, message)
        });
    }

    fn on_create(&mut self, device: u32, context: &mut dyn Context) {
        let state = &mut self.devices[device as usize];
        let application = &self.applications[usize::from(state.application)];
        if let Some(clock) = &mut state.clock {
            let slips = self.options.slips;
            let task = Task::draw(application, device, &mut clock.random, context.now(), slips);
            self.create(task, context);
        }
        self.schedule_next(device, context);
    }

    fn schedule_trace(&self, application: u32, index: u64, context: &mut dyn Context) {
        if let Arrival::Trace(rows) = &self.applications[application as usize].arrival
            && let Some(row) = rows.get(index as usize).filter(|row| row.time <= self.horizon)
        {
            let message = Message { code: TRACE, subject: application, detail: index };
            context.set_timer(row.time, Phase::Demand, message);
        }
    }

    fn on_trace(&mut self, application: u32, index: u64, context: &mut dyn Context) {
        let kind = &self.applications[application as usize];
        let Arrival::Trace(rows) = &kind.arrival else { return };
        let own = &self.devices_of[application as usize];
        if let Some(&row) = rows.get(index as usize)
            && !own.is_empty()
        {
            let which = row.device.map_or(index, u64::from) % own.len() as u64;
            let device = own[which as usize];
            let random = &mut self.trace_random[application as usize];
            let slips = self.options.slips;
            let mut task = Task::draw(kind, device, random, context.now(), slips);
            task.take_sizes(&row);
            if context.infrastructure().node(self.devices[device as usize].node).is_available() {
                self.create(task, context);
            }
        }
        self.schedule_trace(application, index + 1, context);
    }
}

impl Workload for TaskWorkload {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&mut self, context: &mut dyn Context) {
        self.register(context);
        self.assign_applications(context);
        for device in 0..self.devices.len() as u32 {
            if context.infrastructure().node(self.devices[device as usize].node).present {
                self.start_clock(device, context);
            }
        }
        for application in 0..self.applications.len() as u32 {
            let name = format!("{}/trace", self.name);
            self.trace_random.push(context.streams().entity(&name, u64::from(application)));
            self.schedule_trace(application, 0, context);
        }
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        match message.code {
            CREATE => self.on_create(message.subject, context),
            TRACE => self.on_trace(message.subject, message.detail, context),
            RETRY => self.on_retry(message.subject, context),
            _ => self.on_deadline(message.subject, context),
        }
    }

    fn prepare(&self, message: &Message) -> Option<NodeId> {
        if message.code != CREATE {
            return None;
        }
        if let Some(device) = self.devices.get(message.subject as usize) {
            prefetch(&device.node);
            prefetch(&device.appearances);
        }
        // Not from the device, which is still to come.
        self.nodes.get(message.subject as usize).copied()
    }

    fn prepare_token(&self, token: u64) {
        if let Some(task) = self.tasks.get(token as usize) {
            task.prefetch();
        }
    }

    fn on_job_end(&mut self, token: u64, job: &Job, outcome: JobOutcome, context: &mut dyn Context) {
        self.job_ended(token as usize, job, outcome, context);
    }

    fn on_accelerated_end(
        &mut self,
        token: u64,
        job: &AcceleratorJob,
        outcome: JobOutcome,
        context: &mut dyn Context,
    ) {
        self.accelerated_ended(token as usize, job, outcome, context);
    }

    fn on_transfer_end(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        self.transfer_ended(transfer, context);
    }

    fn on_node_change(&mut self, node: NodeId, change: NodeChange, context: &mut dyn Context) {
        let Some(&device) = self.device_of.get(&node) else { return };
        match change {
            NodeChange::Appeared | NodeChange::Repaired | NodeChange::BatteryCharged => {
                self.stop_clock(device, context);
                if context.infrastructure().node(node).is_available() {
                    self.start_clock(device, context);
                }
            }
            NodeChange::Failed | NodeChange::BatteryEmpty | NodeChange::Vanished => {
                self.stop_clock(device, context);
            }
            NodeChange::BatteryLow => {}
        }
    }

    fn on_handover(&mut self, device: NodeId, _to: Option<NodeId>, context: &mut dyn Context) {
        if self.options.on_handover != OnHandover::Continue && self.device_of.contains_key(&device) {
            self.lose_transfers_of(device, context);
        }
    }

    fn on_sample(&mut self, context: &mut dyn Context) {
        self.sample_services(context);
    }

    fn finish(&mut self, context: &mut dyn Context) {
        self.sample_services(context);
        let left: Vec<usize> = self.tasks.iter().map(|(index, _)| index).collect();
        for index in left {
            self.end(index, Outcome::Unfinished, context);
        }
    }

    fn summary(&self) -> serde_json::Value {
        let mut total = Counts::default();
        self.by_application.iter().for_each(|own| total.merge(own));
        let mut summary = total.json();
        let by_application: serde_json::Map<_, _> = self
            .applications
            .iter()
            .zip(&self.by_application)
            .map(|(application, counts)| (application.name.clone(), counts.json()))
            .collect();
        summary["applications"] = by_application.into();
        if self.uses_accelerators() {
            summary["accelerators"] = self.accelerated.json();
        }
        summary
    }
}
