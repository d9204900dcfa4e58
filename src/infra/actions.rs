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
        self.charge_transfer(schedule, &record);
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

    /// Draws the energy of a transfer at both ends.
    pub(super) fn charge_transfer<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        record: &TransferRecord,
    ) {
        for (node, sends) in [(record.from, true), (record.to, false)] {
            let interface = &self.class_of(node).interface;
            let per_byte = match sends {
                true => interface.transmit_j_per_byte + self.amplifier_j_per_byte(node, schedule.now()),
                false => interface.receive_j_per_byte,
            };
            let energy_j = per_byte * record.sent_bytes;
            if energy_j > 0.0 && record.from != record.to {
                let drawn_j = match &mut self.batteries[node.index()] {
                    Some(state) => state.take(schedule.now(), energy_j),
                    None => {
                        let flows = self.book_energy(node, energy_j, schedule.now());
                        let is_copy = record.owner.workload == MIGRATIONS
                            && self.virtual_machines.charge_migration(record.owner.token, flows);
                        if !is_copy {
                            self.book_unattributed(node, flows);
                        }
                        energy_j
                    }
                };
                self.meters[node.index()].add_energy(drawn_j);
                self.arm_battery(schedule, node);
            }
        }
    }

    /// Joules a byte for the way from a device to its access point, where both are now.
    fn amplifier_j_per_byte(&self, node: NodeId, now: SimTime) -> f64 {
        let per_m2 = self.class_of(node).interface.amplifier_j_per_byte_m2;
        if per_m2 <= 0.0 {
            return 0.0;
        }
        self.attached_to(node).map_or(0.0, |access_point| {
            per_m2 * self.position(node, now).distance_m(self.position(access_point, now)).powi(2)
        })
    }

    pub(super) fn note_transfer<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        record: TransferRecord,
    ) {
        self.charge_transfer(schedule, &record);
        self.notices.push_back(Notice::TransferEnded(record));
        if record.owner.workload == MIGRATIONS {
            self.on_migration_transfer(schedule, &record);
        }
    }
}
