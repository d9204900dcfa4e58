//! The life of a task: decision, upload, execution, download, end.

use super::accelerated::Accelerated;
use super::application::{Application, TraceArrival};
use super::counts::{Spans, experience};
use super::edgecloudsim::TaskSlips;
use super::outcome::Outcome;
use super::tracing::Ended;
use super::workload::{DEADLINE, OnDeadline, OnHandover, RETRY, TaskWorkload};
use crate::apps::{Context, DecisionEnd, DecisionId, Message, OffloadingRequest};
use crate::engine::{EntityStream, EventHandle, Phase, SimDuration, SimTime, prefetch};
use crate::infra::compute::{Job, JobRequest};
use crate::infra::network::{NetworkClass, NetworkRefusal};
use crate::infra::{
    AcceleratorJobId, Infrastructure, JobId, JobOutcome, NodeId, ProcessorId, Share, Tier, TransferId,
    TransferOutcome, TransferRecord,
};
use crate::records::Cell;

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    Created,
    Uploading(TransferId),
    /// Going on from the node where the input has arrived.
    Relaying(TransferId),
    Executing(JobId),
    /// On an accelerator of the node.
    Accelerating(AcceleratorJobId),
    Downloading(TransferId),
}

/// A task that has not ended.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) number: u64,
    pub(super) device: u32,
    pub(super) created: SimTime,
    pub(super) job: JobRequest,
    pub(super) upload_bytes: f64,
    pub(super) download_bytes: f64,
    /// Its part on an accelerator, if it has one.
    pub(super) accelerated: Option<Box<Accelerated>>,
    deadline_s: Option<f64>,
    deadline: Option<EventHandle>,
    retry: Option<EventHandle>,
    decision: Option<DecisionId>,
    pub(super) node: Option<NodeId>,
    /// The instance it is to run in.
    pub(super) processor: Option<ProcessorId>,
    /// Whether its share is booked there already.
    pub(super) booked: bool,
    /// Whether it was admitted there before its upload.
    pub(super) admitted: bool,
    pub(super) asks_on_arrival: bool,
    /// The number of the decision.
    pub(super) asked: u64,
    network: Option<NetworkClass>,
    /// The access point of the device at the start of this attempt.
    origin: Option<NodeId>,
    refused_by: Option<NetworkClass>,
    by_class_s: [f64; NetworkClass::ALL.len()],
    attempts: u32,
    pub(super) stage: Stage,
    pub(super) stage_since: SimTime,
    upload_s: Option<f64>,
    pub(super) wait_s: Option<f64>,
    pub(super) execution_s: Option<f64>,
    download_s: Option<f64>,
}

impl Task {
    /// A task of this application, with sizes drawn from `random`.
    pub(super) fn draw(
        application: &Application,
        device: u32,
        random: &mut EntityStream,
        now: SimTime,
        slips: TaskSlips,
    ) -> Self {
        let mut task = Task {
            number: 0,
            device,
            created: now,
            job: JobRequest {
                length_mi: slips.size(application.length_mi.sample(random), 1.0),
                cores: application.cores,
                memory_bytes: application.memory_bytes.sample(random),
                accelerator: application.accelerator,
                class: application.class,
            },
            upload_bytes: slips.size(application.upload_bytes.sample(random), 1e3),
            download_bytes: slips.size(application.download_bytes.sample(random), 1e3),
            deadline_s: application.deadline_s.as_ref().map(|deadline| deadline.sample(random)),
            accelerated: application.accelerated.as_ref().map(|part| Accelerated::draw(part, random)),
            deadline: None,
            retry: None,
            decision: None,
            node: None,
            processor: None,
            booked: false,
            admitted: false,
            asks_on_arrival: false,
            asked: 0,
            network: None,
            origin: None,
            refused_by: None,
            by_class_s: [0.0; NetworkClass::ALL.len()],
            attempts: 0,
            stage: Stage::Created,
            stage_since: now,
            upload_s: None,
            wait_s: None,
            execution_s: None,
            download_s: None,
        };
        task.size_accelerated();
        task
    }

    /// What a policy is asked; `waited_s` is how long ago it was created.
    pub(super) fn request(
        &self,
        device: NodeId,
        application: &Application,
        waited_s: f64,
    ) -> OffloadingRequest {
        OffloadingRequest {
            task: self.number,
            device,
            job: self.job,
            accelerated: self.accelerated.as_ref().map(|own| own.request),
            upload_bytes: self.upload_bytes,
            download_bytes: self.download_bytes,
            deadline_s: self.deadline_s.map(|deadline_s| (deadline_s - waited_s).max(0.0)),
            delay_sensitivity: application.delay_sensitivity,
            predicted: application.predicted,
            cloud_share: application.cloud_share,
        }
    }

    /// Asks for its memory, which spans several lines.
    pub(super) fn prefetch(&self) {
        prefetch(&self.number);
        prefetch(&self.upload_bytes);
        prefetch(&self.processor);
        prefetch(&self.by_class_s);
        prefetch(&self.stage);
        prefetch(&self.download_s);
    }

    /// Takes over what a trace says of the sizes.
    pub(super) fn take_sizes(&mut self, row: &TraceArrival) {
        self.job.length_mi = row.length_mi.unwrap_or(self.job.length_mi);
        self.upload_bytes = row.upload_bytes.unwrap_or(self.upload_bytes);
        self.download_bytes = row.download_bytes.unwrap_or(self.download_bytes);
        self.size_accelerated();
    }
}

/// Whether a node that could be used has no access point to reach it by.
fn is_out_of_coverage(infrastructure: &Infrastructure, node: NodeId) -> bool {
    infrastructure.node(node).is_available()
        && infrastructure.class_of(node).wireless
        && infrastructure.attached_to(node).is_none()
}

/// What becomes of a task for which no node was found.
fn why_nowhere(infrastructure: &Infrastructure, device: NodeId, attempts: u32) -> Outcome {
    let state = infrastructure.node(device);
    if !state.powered {
        Outcome::LostToBattery
    } else if !state.present || is_out_of_coverage(infrastructure, device) {
        Outcome::LostToMobility
    } else if !state.up || attempts > 1 {
        Outcome::LostToFault
    } else {
        Outcome::RefusedForCapacity
    }
}

impl TaskWorkload {
    /// A new task begins its life.
    pub(super) fn create(&mut self, mut task: Task, context: &mut dyn Context) {
        task.number = self.next_number;
        self.next_number += 1;
        let entry = self.tasks.vacant_entry();
        let index = entry.key();
        if let (OnDeadline::Drop, Some(deadline_s)) = (self.options.on_deadline, task.deadline_s) {
            let time = context.now() + SimDuration::from_secs(deadline_s);
            let message = Message { code: DEADLINE, subject: index as u32, detail: 0 };
            // After all that completes at that instant: a result at the deadline is in time.
            task.deadline = Some(context.set_timer(time, Phase::Demand, message));
        }
        if let Some(tracer) = &mut self.tracer {
            let device = &self.devices[task.device as usize];
            tracer.created(task.number, device.node, device.application, context);
        }
        entry.insert(task);
        self.begin(index, context);
    }

    /// Asks where the task is to run, and sends it there.
    fn begin(&mut self, index: usize, context: &mut dyn Context) {
        let task = &mut self.tasks[index];
        let device = &self.devices[task.device as usize];
        let application = &self.applications[usize::from(device.application)];
        task.attempts += 1;
        task.node = None;
        task.forget_fallback();
        let waited_s = context.now().since(task.created).as_secs();
        let choice = context.decide_offloading(&task.request(device.node, application, waited_s));
        task.decision = choice.decision;
        let Some(node) = choice.node else {
            let outcome = why_nowhere(context.infrastructure(), device.node, task.attempts);
            return self.end(index, outcome, context);
        };
        let (from, bytes) = (device.node, task.upload_bytes);
        task.node = Some(node);
        (task.processor, task.network) = (choice.processor, choice.network);
        (task.asks_on_arrival, task.asked) = (choice.asks_on_arrival, choice.number);
        task.stage_since = context.now();
        if self.options.on_handover == OnHandover::LoseResultElsewhere
            || self.options.slips.free_result_relay
        {
            task.origin = context.infrastructure().attached_to(from);
        }
        if !choice.asks_on_arrival && !self.admit(index, node, context) {
            return self.end(index, Outcome::RefusedForCapacity, context);
        }
        let task = &mut self.tasks[index];
        if node == from {
            task.upload_s = Some(0.0);
            return self.execute(index, node, context);
        }
        match context.start_transfer_via(from, node, bytes, index as u64, task.network) {
            Ok(id) => task.stage = Stage::Uploading(id),
            Err(refusal) => self.not_sent(index, refusal, context),
        }
    }

    /// The outcome of a transfer that could not be started, by what is wrong with its ends.
    pub(super) fn not_sent(&mut self, index: usize, refusal: NetworkRefusal, context: &mut dyn Context) {
        let task = &self.tasks[index];
        let device = self.devices[task.device as usize].node;
        let infrastructure = context.infrastructure();
        let state = infrastructure.node(device);
        let mut ends = [Some(device), task.node].into_iter().flatten();
        let outcome = match refusal {
            NetworkRefusal::Bandwidth(_) => Outcome::RefusedForBandwidth,
            NetworkRefusal::Disconnected if !state.powered => Outcome::LostToBattery,
            NetworkRefusal::Disconnected if !state.present => Outcome::LostToMobility,
            NetworkRefusal::Disconnected if ends.any(|end| is_out_of_coverage(infrastructure, end)) => {
                Outcome::LostToMobility
            }
            NetworkRefusal::Disconnected => Outcome::LostToFault,
        };
        if let NetworkRefusal::Bandwidth(class) = refusal {
            self.tasks[index].refused_by = Some(class);
        }
        self.fail(index, outcome, context);
    }

    pub(super) fn execute(&mut self, index: usize, node: NodeId, context: &mut dyn Context) {
        let task = &mut self.tasks[index];
        task.stage_since = context.now();
        if !context.infrastructure().node(node).is_available() {
            return self.fail(index, Outcome::LostToFault, context);
        }
        self.choose_fallback(index, node, context);
        let task = &self.tasks[index];
        let device = &self.devices[task.device as usize];
        let predicted = self.applications[usize::from(device.application)].predicted;
        let submitted = match predicted {
            None => match task.processor {
                None => context.submit_job(node, task.job, index as u64),
                Some(own) => context.submit_job_on(own, task.job, Share::default(), index as u64),
            },
            Some(shares) => self.submit_booked(index, node, shares, context),
        };
        match submitted {
            Ok(job) => {
                self.tasks[index].stage = Stage::Executing(job);
                if let Some(tracer) = &mut self.tracer {
                    let device = self.tasks[index].device as usize;
                    tracer.submitted(node, self.devices[device].application);
                }
            }
            Err(_) => self.end(index, Outcome::RefusedForCapacity, context),
        }
    }

    pub(super) fn job_ended(
        &mut self,
        index: usize,
        job: &Job,
        outcome: JobOutcome,
        context: &mut dyn Context,
    ) {
        let Some(task) = self.tasks.get_mut(index) else { return };
        let now = context.now();
        task.wait_s = job.started.map(|started| started.since(job.admitted).as_secs());
        if let (Some(tracer), Some(node)) = (&mut self.tracer, task.node) {
            let application = self.devices[task.device as usize].application;
            tracer.job_ended(node, application, job, outcome == JobOutcome::Done, now);
        }
        if outcome != JobOutcome::Done {
            return self.fail(index, outcome.into(), context);
        }
        task.execution_s = job.started.map(|started| now.since(started).as_secs());
        self.after_cores(index, context);
    }

    /// All work is done: the result is sent to the device.
    pub(super) fn send_back(&mut self, index: usize, context: &mut dyn Context) {
        let task = &mut self.tasks[index];
        task.stage_since = context.now();
        let device = self.devices[task.device as usize].node;
        match task.node {
            Some(node) if node != device => {
                let elsewhere = self.options.on_handover == OnHandover::LoseResultElsewhere
                    && context.infrastructure().attached_to(device) != task.origin;
                if elsewhere {
                    return self.end(index, Outcome::LostToMobility, context);
                }
                let (bytes, via) = (task.download_bytes, task.network);
                // What has come back to the access point at no time.
                let relayed = task.origin.filter(|&origin| {
                    self.options.slips.free_result_relay
                        && context.infrastructure().attached_to(device) == Some(origin)
                        && context.infrastructure().node(node).tier == Tier::Edge
                });
                let from = relayed.unwrap_or(node);
                match context.start_transfer_via(from, device, bytes, index as u64, via) {
                    Ok(id) => task.stage = Stage::Downloading(id),
                    Err(refusal) => self.not_sent(index, refusal, context),
                }
            }
            _ => {
                task.download_s = Some(0.0);
                self.deliver(index, context);
            }
        }
    }

    pub(super) fn transfer_ended(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        let index = transfer.owner.token as usize;
        let Some(task) = self.tasks.get_mut(index) else { return };
        for (sum_s, more_s) in task.by_class_s.iter_mut().zip(transfer.by_class_s) {
            *sum_s += more_s;
        }
        if transfer.outcome != TransferOutcome::Delivered {
            task.refused_by = transfer.refused_by;
            return self.fail(index, transfer.outcome.into(), context);
        }
        let spent_s = context.now().since(task.stage_since).as_secs();
        match (task.stage, task.node) {
            (Stage::Uploading(_) | Stage::Relaying(_), Some(node)) => {
                task.upload_s = Some(spent_s);
                if task.asks_on_arrival {
                    self.place(index, node, context);
                } else {
                    self.execute(index, node, context);
                }
            }
            _ => {
                task.download_s = Some(spent_s);
                self.deliver(index, context);
            }
        }
    }

    fn deliver(&mut self, index: usize, context: &mut dyn Context) {
        let task = &self.tasks[index];
        let service_s = context.now().since(task.created).as_secs();
        let late = task.deadline_s.is_some_and(|deadline_s| service_s > deadline_s);
        self.end(index, if late { Outcome::MissedDeadline } else { Outcome::Done }, context);
    }

    /// A task was hit: it starts anew if a fault did it and the rules allow, else it ends.
    pub(super) fn fail(&mut self, index: usize, outcome: Outcome, context: &mut dyn Context) {
        let task = &mut self.tasks[index];
        let device = self.devices[task.device as usize].node;
        let again = outcome == Outcome::LostToFault
            && task.attempts <= self.options.fault_retries
            && context.infrastructure().node(device).is_available();
        if !again {
            return self.end(index, outcome, context);
        }
        self.unbook(index, context);
        let task = &mut self.tasks[index];
        task.by_class_s = Default::default();
        (task.upload_s, task.wait_s, task.execution_s) = (None, None, None);
        task.stage = Stage::Created;
        if let (Some(decision), Some(registered)) = (task.decision.take(), &self.registered) {
            let outcome = registered.outcomes[outcome as usize];
            let end = DecisionEnd { outcome, is_done: false, service_s: None, reward: 0.0 };
            context.resolve_decision(decision, end);
        }
        let time = context.now() + self.options.retry_delay;
        let message = Message { code: RETRY, subject: index as u32, detail: 0 };
        self.tasks[index].retry = Some(context.set_timer(time, Phase::Demand, message));
    }

    /// A task that waited after a fault is started anew.
    pub(super) fn on_retry(&mut self, index: u32, context: &mut dyn Context) {
        let index = index as usize;
        if let Some(task) = self.tasks.get_mut(index) {
            task.retry = None;
            self.begin(index, context);
        }
    }

    pub(super) fn on_deadline(&mut self, index: u32, context: &mut dyn Context) {
        let index = index as usize;
        let Some(task) = self.tasks.get_mut(index) else { return };
        task.deadline = None;
        match task.stage {
            Stage::Created => {}
            Stage::Executing(job) => {
                if let (Some(tracer), Some(node)) = (&mut self.tracer, task.node) {
                    tracer.job_dropped(node, self.devices[task.device as usize].application);
                }
                context.cancel_job(job);
            }
            Stage::Accelerating(job) => self.drop_accelerated(index, job, context),
            Stage::Uploading(id) | Stage::Relaying(id) | Stage::Downloading(id) => {
                context.abort_transfer(id, TransferOutcome::Dropped);
            }
        }
        self.end(index, Outcome::MissedDeadline, context);
    }

    /// The tasks of a device that its rule says are lost at a handover, but not those that were started anew at
    /// the same instant, after it.
    pub(super) fn lose_transfers_of(&mut self, device: NodeId, context: &mut dyn Context) {
        for id in context.infrastructure().network().transfers_of(device) {
            let Some(owner) = context.infrastructure().network().owner(id) else { continue };
            let index = owner.token as usize;
            let now = context.now();
            let on_air = context.infrastructure().network().is_on_last_radio(id);
            let rule = self.options.on_handover;
            // Another workload's transfer may carry the same token, but not the same id.
            let own = self.tasks.get(index).is_some_and(|task| {
                let hit = match (rule, task.stage) {
                    (OnHandover::Lose, Stage::Uploading(own) | Stage::Relaying(own)) => own == id,
                    (OnHandover::LoseResultOnAir, Stage::Downloading(own)) => own == id && on_air,
                    (OnHandover::Continue, _) => false,
                    (_, Stage::Downloading(own)) => own == id,
                    _ => false,
                };
                task.stage_since < now && hit
            });
            if own {
                context.abort_transfer(id, TransferOutcome::LostToMobility);
                self.end(index, Outcome::LostToMobility, context);
            }
        }
    }

    /// The task ends: it is counted and recorded.
    pub(super) fn end(&mut self, index: usize, outcome: Outcome, context: &mut dyn Context) {
        if self.tasks.contains(index) {
            self.unbook(index, context);
        }
        let Some(task) = self.tasks.try_remove(index) else { return };
        for timer in [task.deadline, task.retry].into_iter().flatten() {
            context.cancel_timer(timer);
        }
        let now = context.now();
        let delivered = task.download_s.is_some();
        let service_s = delivered.then(|| now.since(task.created).as_secs());
        let tier = task.node.map(|node| context.infrastructure().node(node).tier);
        let device = &self.devices[task.device as usize];
        let application = &self.applications[usize::from(device.application)];
        let refused = task.stage == Stage::Created;
        let spans = service_s.map(|service_s| Spans {
            service_s,
            network_s: task.upload_s.unwrap_or(0.0) + task.download_s.unwrap_or(0.0),
            wait_s: task.wait_s.unwrap_or(0.0),
            execution_s: task.execution_s.unwrap_or(0.0),
            by_class_s: task.by_class_s,
            experience: task
                .deadline_s
                .map(|deadline_s| experience(service_s, deadline_s, application.delay_sensitivity)),
        });
        if self.options.slips.counts(task.created, refused, context.warm_up_end()) {
            let (refused_by, spans) = (task.refused_by, spans.as_ref());
            let own = &mut self.by_application[usize::from(device.application)];
            own.add(outcome, tier, refused_by, spans);
        }
        if let Some(tracer) = &mut self.tracer {
            let Task { number, by_class_s, refused_by, .. } = task;
            let (device, application) = (device.node, device.application);
            let ended = Ended { number, device, application, outcome, by_class_s, refused_by, spans };
            tracer.ended(&ended, context);
        }
        let Some(registered) = &self.registered else { return };
        let outcome_symbol = registered.outcomes[outcome as usize];
        if let Some(decision) = task.decision {
            // Faster is better, and nothing is worse than no result.
            let reward = match (outcome, service_s) {
                (Outcome::Done, Some(service_s)) => 1.0 / (1.0 + service_s),
                _ => 0.0,
            };
            let is_done = outcome == Outcome::Done;
            let end = DecisionEnd { outcome: outcome_symbol, is_done, service_s, reward };
            context.resolve_decision(decision, end);
        }
        if context.is_recorded(registered.table) {
            let device_symbol = context.node_symbol(device.node);
            let node_symbol = task.node.map(|node| context.node_symbol(node));
            context.record(
                registered.table,
                &[
                    Cell::Float(now.as_secs()),
                    Cell::Unsigned(task.number),
                    Cell::Category(registered.name),
                    Cell::Category(registered.applications[usize::from(device.application)]),
                    Cell::Category(device_symbol),
                    node_symbol.into(),
                    tier.map(|tier| registered.tiers[tier as usize]).into(),
                    Cell::Category(outcome_symbol),
                    Cell::Float(task.created.as_secs()),
                    Cell::Unsigned(u64::from(task.attempts)),
                    Cell::Float(task.job.length_mi),
                    Cell::Float(task.upload_bytes),
                    Cell::Float(task.download_bytes),
                    task.deadline_s.into(),
                    task.upload_s.into(),
                    task.wait_s.into(),
                    task.execution_s.into(),
                    task.download_s.into(),
                    service_s.into(),
                ],
            );
        }
    }
}
