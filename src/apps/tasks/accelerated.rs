//! Tasks with a part on an accelerator: after their work on the cores they go on there.

use super::life::{Stage, Task};
use super::outcome::Outcome;
use super::workload::TaskWorkload;
use crate::apps::Context;
use crate::engine::{Distribution, EntityStream, SimTime, Summary};
use crate::infra::accelerators::{AcceleratorJob, AcceleratorRequest, AcceleratorShare, MeasuredTimes};
use crate::infra::{AcceleratorJobId, JobOutcome, NodeId};
use crate::records::{Cell, ColumnSpec, TableSpec};
use serde_json::json;

/// The part of an application's tasks that runs on an accelerator.
#[derive(Clone, Debug)]
pub struct AcceleratedPart {
    /// The number of the type or class of device.
    pub kind: u16,
    /// The kind of work, for devices whose speed depends on it.
    pub work_kind: Option<u16>,
    /// Work in GFLOP; `None` if only measured times are known.
    pub work_gflop: Option<Distribution>,
    /// Bytes between device and its memory.
    pub traffic_bytes: Option<Distribution>,
    /// Bytes of the device's memory.
    pub memory_bytes: Option<Distribution>,
    /// Bytes to the device; `None` for the task's input.
    pub input_bytes: Option<Distribution>,
    /// Bytes back; `None` for the task's result.
    pub output_bytes: Option<Distribution>,
    /// How much of a device it asks for.
    pub share: AcceleratorShare,
    /// Whether tasks cannot do without.
    pub is_required: bool,
    /// Work on the cores of a node without such a device instead, in MI, beside the length of the task.
    pub fallback_mi: Option<Distribution>,
    /// Seconds that were measured alone on a whole device, by the number of its type.
    pub measured_s: Vec<(u16, Distribution)>,
}

impl AcceleratedPart {
    /// A part of so many GFLOP on devices of this type or class, and nothing else.
    #[must_use]
    pub fn new(kind: u16, work_gflop: Distribution) -> Self {
        AcceleratedPart {
            kind,
            work_kind: None,
            work_gflop: Some(work_gflop),
            traffic_bytes: None,
            memory_bytes: None,
            input_bytes: None,
            output_bytes: None,
            share: AcceleratorShare::Least,
            is_required: true,
            fallback_mi: None,
            measured_s: Vec::new(),
        }
    }
}

/// What a task knows of its part.
#[derive(Clone, Debug)]
pub(super) struct Accelerated {
    pub(super) request: AcceleratorRequest,
    /// Its length on the cores if it goes to a device, in MI.
    pub(super) length_mi: f64,
    follows_upload: bool,
    follows_download: bool,
    /// Whether it does without on the node where it runs.
    falls_back: bool,
    /// Seconds of execution on the cores, once it has gone on to a device.
    cores_s: f64,
}

impl Accelerated {
    pub(super) fn draw(part: &AcceleratedPart, random: &mut EntityStream) -> Box<Self> {
        let mut draw = |from: &Option<Distribution>| from.as_ref().map(|from| from.sample(random));
        let mut request = AcceleratorRequest {
            work_kind: part.work_kind,
            work_gflop: draw(&part.work_gflop),
            traffic_bytes: draw(&part.traffic_bytes).unwrap_or(0.0),
            memory_bytes: draw(&part.memory_bytes).unwrap_or(0.0).ceil(),
            input_bytes: draw(&part.input_bytes).unwrap_or(0.0),
            output_bytes: draw(&part.output_bytes).unwrap_or(0.0),
            share: part.share,
            is_required: part.is_required,
            fallback_mi: draw(&part.fallback_mi).unwrap_or(0.0),
            ..AcceleratorRequest::new(part.kind, 0.0)
        };
        let mut measured = MeasuredTimes::default();
        for (kind, seconds) in &part.measured_s {
            measured.add(*kind, seconds.sample(random));
        }
        request.measured = measured;
        Box::new(Accelerated {
            request,
            length_mi: 0.0,
            follows_upload: part.input_bytes.is_none(),
            follows_download: part.output_bytes.is_none(),
            falls_back: false,
            cores_s: 0.0,
        })
    }
}

impl Task {
    /// Takes the sizes of the task over to its part on an accelerator.
    pub(super) fn size_accelerated(&mut self) {
        let (upload_bytes, download_bytes) = (self.upload_bytes, self.download_bytes);
        let length_mi = self.job.length_mi;
        let Some(own) = &mut self.accelerated else { return };
        own.length_mi = length_mi;
        if own.follows_upload {
            own.request.input_bytes = upload_bytes;
        }
        if own.follows_download {
            own.request.output_bytes = download_bytes;
        }
    }

    /// Before a node is sought, it is as long as it is with a device.
    pub(super) fn forget_fallback(&mut self) {
        if let Some(own) = &self.accelerated {
            self.job.length_mi = own.length_mi;
        }
    }
}

/// What is counted of the parts on accelerators.
#[derive(Debug, Default)]
pub(super) struct AcceleratedCounts {
    done: u64,
    fallbacks: u64,
    wait_s: Summary,
    execution_s: Summary,
}

impl AcceleratedCounts {
    pub(super) fn json(&self) -> serde_json::Value {
        let mean = |of: &Summary| if of.count() > 0 { json!(of.mean()) } else { json!(null) };
        json!({
            "done": self.done,
            "fallbacks": self.fallbacks,
            "wait_s": { "mean": mean(&self.wait_s) },
            "execution_s": { "mean": mean(&self.execution_s) },
        })
    }
}

/// The table of parts on accelerators, one row each, written when the part has ended.
pub(super) fn accelerations_table() -> TableSpec {
    TableSpec::new(
        "accelerations",
        "One row for each part of a task on an accelerator, written when it has ended there",
        [
            ColumnSpec::float("t_s", "s", "when it ended"),
            ColumnSpec::unsigned("task", "", "number of the task in its workload"),
            ColumnSpec::category("workload", "workload that the task belongs to"),
            ColumnSpec::category("application", "application that created it"),
            ColumnSpec::category("node", "node of the accelerator"),
            ColumnSpec::category("type", "type of accelerator; null if it was refused"),
            ColumnSpec::category("outcome", "how it ended there"),
            ColumnSpec::float("submitted_s", "s", "when it came to the node's accelerators"),
            ColumnSpec::float("wait_s", "s", "time until it had a device; null if it never had one"),
            ColumnSpec::float(
                "execution_s",
                "s",
                "time from then to its end: launch, copies and work; null if it did not end",
            ),
            ColumnSpec::float("work_gflop", "GFLOP", "its work; null if only its time is known"),
            ColumnSpec::float("memory_bytes", "B", "memory of the device that it asked for"),
        ],
    )
}

impl TaskWorkload {
    /// Decides whether a task that has come to a node has a device there, or does more on the cores instead.
    pub(super) fn choose_fallback(&mut self, index: usize, node: NodeId, context: &mut dyn Context) {
        let task = &mut self.tasks[index];
        let Some(own) = &mut task.accelerated else { return };
        own.falls_back = !context.infrastructure().accelerators().can_serve(node, &own.request);
        let more_mi = if own.falls_back { own.request.fallback_mi } else { 0.0 };
        task.job.length_mi = own.length_mi + more_mi;
    }

    /// The part on the cores is done: the task goes on to an accelerator if it has one, else it is through.
    pub(super) fn after_cores(&mut self, index: usize, context: &mut dyn Context) {
        let task = &mut self.tasks[index];
        let (Some(own), Some(node)) = (&mut task.accelerated, task.node) else {
            return self.send_back(index, context);
        };
        let counted = self.options.slips.counts(task.created, false, context.warm_up_end());
        if own.falls_back && !own.request.is_required {
            self.accelerated.fallbacks += u64::from(counted);
            return self.send_back(index, context);
        }
        let request = own.request;
        // Until the device is done, too, execution has not ended.
        own.cores_s = task.execution_s.take().unwrap_or(0.0);
        match context.submit_accelerated(node, request, index as u64) {
            Ok(id) => {
                self.tasks[index].stage = Stage::Accelerating(id);
                self.tasks[index].stage_since = context.now();
            }
            Err(_) => {
                let outcome = Outcome::RefusedForCapacity;
                self.trace_executed(index);
                self.record_acceleration(index, None, context.now(), outcome, context);
                self.end(index, outcome, context);
            }
        }
    }

    /// A part on an accelerator has ended.
    pub(super) fn accelerated_ended(
        &mut self,
        index: usize,
        job: &AcceleratorJob,
        outcome: JobOutcome,
        context: &mut dyn Context,
    ) {
        if !self.tasks.contains(index) {
            return;
        }
        self.add_device_wait(index, job);
        self.record_acceleration(index, Some(job), job.admitted, outcome.into(), context);
        if outcome != JobOutcome::Done {
            self.trace_executed(index);
            return self.fail(index, outcome.into(), context);
        }
        let task = &mut self.tasks[index];
        if let (Some(started), Some(own)) = (job.started, &task.accelerated) {
            let wait_s = started.since(job.admitted).as_secs();
            let run_s = context.now().since(started).as_secs();
            task.execution_s = Some(own.cores_s + run_s);
            if self.options.slips.counts(task.created, false, context.warm_up_end()) {
                self.accelerated.done += 1;
                self.accelerated.wait_s.add(wait_s);
                self.accelerated.execution_s.add(run_s);
            }
        }
        self.send_back(index, context);
    }

    /// Takes a task that has missed its deadline off its accelerator.
    pub(super) fn drop_accelerated(
        &mut self,
        index: usize,
        id: AcceleratorJobId,
        context: &mut dyn Context,
    ) {
        let job = context.infrastructure().accelerators().job(id).cloned();
        context.cancel_accelerated(id, index as u64);
        if let Some(job) = job {
            let outcome = Outcome::MissedDeadline;
            self.add_device_wait(index, &job);
            self.record_acceleration(index, Some(&job), job.admitted, outcome, context);
        }
        self.trace_executed(index);
    }

    /// Adds the time that a task has waited for the device that it had.
    fn add_device_wait(&mut self, index: usize, job: &AcceleratorJob) {
        if let (Some(task), Some(started)) = (self.tasks.get_mut(index), job.started) {
            *task.wait_s.get_or_insert(0.0) += started.since(job.admitted).as_secs();
        }
    }

    /// The run is over while a task is on a device or waits for one.
    pub(super) fn leave_unfinished(&mut self, index: usize, context: &mut dyn Context) {
        if let Some(Stage::Accelerating(id)) = self.tasks.get(index).map(|task| task.stage)
            && let Some(job) = context.infrastructure().accelerators().job(id).cloned()
        {
            self.add_device_wait(index, &job);
        }
    }

    /// Writes the row of a part that has ended; `job` is none if it was refused.
    pub(super) fn record_acceleration(
        &self,
        index: usize,
        job: Option<&AcceleratorJob>,
        submitted: SimTime,
        outcome: Outcome,
        context: &mut dyn Context,
    ) {
        let (Some(task), Some(registered)) = (self.tasks.get(index), &self.registered) else { return };
        let (Some(table), Some(own), Some(node)) =
            (registered.accelerations, &task.accelerated, task.node)
        else {
            return;
        };
        if !context.is_recorded(table) {
            return;
        }
        let now = context.now();
        let name = job.map(|job| context.infrastructure().accelerators().spec(job.group).name.clone());
        let name = name.map(|name| context.symbol(&name));
        let started = job.and_then(|job| job.started);
        let ran = started.filter(|_| outcome == Outcome::Done);
        let application = self.devices[task.device as usize].application;
        let node = context.node_symbol(node);
        context.record(
            table,
            &[
                Cell::Float(now.as_secs()),
                Cell::Unsigned(task.number),
                Cell::Category(registered.name),
                Cell::Category(registered.applications[usize::from(application)]),
                Cell::Category(node),
                name.into(),
                Cell::Category(registered.outcomes[outcome as usize]),
                Cell::Float(submitted.as_secs()),
                started.map(|started| started.since(submitted).as_secs()).into(),
                ran.map(|started| now.since(started).as_secs()).into(),
                own.request.work_gflop.into(),
                Cell::Float(own.request.memory_bytes),
            ],
        );
    }
}
