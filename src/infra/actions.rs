//! What workloads do to the infrastructure: jobs and transfers, and the energy that these take.

use super::compute::{Job, JobRequest, Refusal};
use super::event::{InfraEvent, JobOutcome, Notice, TransferOutcome, TransferRecord};
use super::ids::{JobId, NodeId, Owner, ProcessorId, TransferId};
use super::infrastructure::Infrastructure;
use super::network::{NetworkClass, NetworkRefusal};
use super::predicted::Share;
use super::virtual_machines::MIGRATIONS;
use crate::engine::{Phase, Schedule, SimTime};

impl Infrastructure {
    /// Admits a job to a node.
    ///
    /// # Errors
    /// What is short; [`Refusal::Cores`] if the node is not available at all.
    pub fn submit_job<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        request: JobRequest,
        owner: Owner,
    ) -> Result<JobId, Refusal> {
        if !self.nodes[node.index()].is_available() {
            return Err(Refusal::Cores);
        }
        let processor = self.processor_for(node, &request)?;
        if !self.keeps_cap(node, &request, schedule.now()) {
            return Err(Refusal::Power);
        }
        self.submit_to(schedule, processor, request, Share::default(), owner)
    }

    /// Admits a job to an instance, on which `share` is booked until it ends.
    ///
    /// # Errors
    /// What is short; [`Refusal::Cores`] if the node is not available at all. The bookings are not checked.
    pub fn submit_job_on<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        processor: ProcessorId,
        request: JobRequest,
        share: Share,
        owner: Owner,
    ) -> Result<JobId, Refusal> {
        let node = self.compute.node(processor);
        if !self.nodes[node.index()].is_available() {
            return Err(Refusal::Cores);
        }
        if !self.keeps_cap(node, &request, schedule.now()) {
            return Err(Refusal::Power);
        }
        self.submit_to(schedule, processor, request, share, owner)
    }

    /// Admits a job to a processor.
    pub(super) fn submit_to<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        processor: ProcessorId,
        request: JobRequest,
        share: Share,
        owner: Owner,
    ) -> Result<JobId, Refusal> {
        if let Some(datacenter) = self.updates.of(processor) {
            return self.submit_in_steps(schedule, datacenter, processor, (request, share), owner);
        }
        let before = self.compute.busy_cores(processor);
        let job = self.compute.submit(schedule.now(), processor, request, owner)?;
        self.predicted.book_job(schedule.now(), processor, job, share);
        self.after_change(schedule, processor, before);
        Ok(job)
    }

    /// Books a share of an instance for a task that is on its way there.
    pub fn book(&mut self, now: SimTime, processor: ProcessorId, share: Share) {
        self.predicted.book(now, processor, share);
    }

    /// Takes such a booking back.
    pub fn release(&mut self, now: SimTime, processor: ProcessorId, share: Share) {
        self.predicted.release(now, processor, share);
    }

    /// Takes a job off its node; `None` if it has ended already.
    pub fn cancel_job<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        job: JobId,
    ) -> Option<Job> {
        let processor = self.compute.job(job)?.processor;
        let before = self.compute.busy_cores(processor);
        let ended = self.compute.cancel(schedule.now(), job);
        self.predicted.end_job(schedule.now(), processor, job);
        self.after_change(schedule, processor, before);
        ended
    }

    /// Starts a transfer between two nodes; by the direct network of the class `via` if there is one between
    /// them.
    ///
    /// # Errors
    /// If there is no way, or a link takes no more.
    pub fn start_transfer<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        from: NodeId,
        to: NodeId,
        bytes: f64,
        owner: Owner,
        via: Option<NetworkClass>,
    ) -> Result<TransferId, NetworkRefusal> {
        let disconnected = NetworkRefusal::Disconnected;
        let from = self.endpoint(from).ok_or(disconnected)?;
        let to = self.endpoint(to).ok_or(disconnected)?;
        self.network.start_via(schedule, (from, to), bytes, owner, via)
    }

    /// Ends a transfer without notice to its owner; `None` if it has ended already.
    pub fn abort_transfer<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: TransferId,
        outcome: TransferOutcome,
    ) -> Option<TransferRecord> {
        let record = self.network.abort(schedule, id, outcome)?;
        self.charge_carried(schedule);
        Some(record)
    }

    pub(super) fn on_processor_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        processor: ProcessorId,
    ) {
        let before = self.compute.busy_cores(processor);
        while let Some((id, job)) = self.compute.pop_completed(schedule.now(), processor) {
            self.predicted.end_job(schedule.now(), processor, id);
            self.notices.push_back(Notice::JobEnded { id, job, outcome: JobOutcome::Done });
        }
        self.after_change(schedule, processor, before);
    }

    /// Keeps the event of the next completion, the meter and the battery after jobs came or went.
    pub(super) fn after_change<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        processor: ProcessorId,
        busy_before: f64,
    ) {
        match self.updates.of(processor) {
            Some(datacenter) => self.after_change_in_steps(schedule, processor, datacenter),
            None => self.expect_completion(schedule, processor),
        }
        if let Some(vm) = self.virtual_machines.vm_of_processor(processor) {
            return self.after_vm_jobs_change(schedule, vm, processor);
        }
        self.settle_deployed(schedule.now(), processor, busy_before);
        let change = self.compute.busy_cores(processor) - busy_before;
        let node = self.compute.node(processor);
        // Where time is shared, jobs take accelerators without more cores being busy.
        if change != 0.0 || !self.class_of(node).resources.accelerators.is_empty() {
            self.refresh(schedule, node, change);
        }
        self.note_load(node);
    }

    /// Keeps the event of the next completion.
    pub(super) fn expect_completion<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        processor: ProcessorId,
    ) {
        let due = &mut self.processor_due[processor.index()];
        match (self.compute.next_completion(processor), *due) {
            (Some(time), Some(handle)) if schedule.reschedule(handle, time) => {}
            (Some(time), _) => {
                let event = InfraEvent::ProcessorDue(processor).into();
                *due = Some(schedule.at(time, Phase::Completion, event));
            }
            (None, Some(handle)) => {
                schedule.cancel(handle);
                *due = None;
            }
            (None, None) => {}
        }
    }

    pub(super) fn note_transfer<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        record: TransferRecord,
    ) {
        self.charge_carried(schedule);
        self.notices.push_back(Notice::TransferEnded(record));
        if record.owner.workload == MIGRATIONS {
            self.on_migration_transfer(schedule, &record);
        }
    }
}
