//! Datacenters that are updated in steps.

use crate::engine::{ABSENT, EventHandle, IndexedHeap, Phase, Schedule, SimDuration, SimTime};
use crate::infra::compute::{JobRequest, Refusal};
use crate::infra::event::{InfraEvent, JobOutcome, Notice};
use crate::infra::ids::{JobId, Owner, ProcessorId};
use crate::infra::infrastructure::Infrastructure;
use crate::infra::predicted::Share;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// CloudSim updates a datacenter again only when more than this has passed.
const LEAST_GAP: SimDuration = SimDuration::from_nanos(10_000_000);

/// And plans its next update no earlier than this.
const LEAST_PLAN: SimDuration = SimDuration::from_nanos(20_000_000);

/// What is one datacenter, all of whose machines are updated together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateScope {
    /// Each node.
    Node,
    /// All nodes of the class.
    Class,
}

/// One datacenter. The jobs in it have got the work they had at its last update; what happens in between is
/// seen at the next one.
#[derive(Debug, Default)]
struct Datacenter {
    last: SimTime,
    /// When an update is planned, some of them for nothing.
    planned: BinaryHeap<Reverse<SimTime>>,
    due: Option<EventHandle>,
    /// Processors by the end of their next job.
    next: IndexedHeap<SimTime>,
}

/// The datacenters that are updated in steps, as CloudSim 4 does (`Datacenter.updateCloudletProcessing`): at a
/// submission, at the end of a job as foreseen at its submission, and at the next end foreseen by an update, but
/// not within 10 ms of the update before, and planned no earlier than 20 ms after it. A job that is submitted
/// within these 10 ms runs as from the update before.
#[derive(Debug, Default)]
pub(in crate::infra) struct Updates {
    datacenters: Vec<Datacenter>,
    /// For each processor its datacenter.
    of: Vec<Option<u32>>,
    places: Vec<u32>,
}

impl Updates {
    /// Adds a datacenter and returns its number.
    pub(in crate::infra) fn add(&mut self) -> u32 {
        self.datacenters.push(Datacenter::default());
        self.datacenters.len() as u32 - 1
    }

    /// Puts the next processor into a datacenter, or none.
    pub(in crate::infra) fn add_processor(&mut self, datacenter: Option<u32>) {
        self.of.push(datacenter);
        self.places.push(ABSENT);
    }

    /// The datacenter of a processor, if it is updated in steps.
    pub(in crate::infra) fn of(&self, processor: ProcessorId) -> Option<u32> {
        // Those of virtual machines are added while the world runs, and are exact.
        self.of.get(processor.index()).copied().flatten()
    }
}

impl Infrastructure {
    /// Admits a job to a processor of a datacenter that is updated in steps.
    pub(in crate::infra) fn submit_in_steps<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        datacenter: u32,
        processor: ProcessorId,
        (request, share): (JobRequest, Share),
        owner: Owner,
    ) -> Result<JobId, Refusal> {
        let now = schedule.now();
        self.update_datacenter(schedule, datacenter);
        let last = self.updates.datacenters[datacenter as usize].last;
        let foreseen_s = self.compute.estimated_completion_s(last, processor, &request);
        let before = self.compute.busy_cores(processor);
        let job = self.compute.submit(last, processor, request, owner)?;
        self.predicted.book_job(now, processor, job, share);
        self.note_next(processor, datacenter);
        let foreseen = now + SimDuration::from_secs_ceil(foreseen_s);
        self.updates.datacenters[datacenter as usize].planned.push(Reverse(foreseen));
        self.arm_updates(schedule, datacenter);
        let change = self.compute.busy_cores(processor) - before;
        if change != 0.0 {
            self.refresh(schedule, self.compute.node(processor), change);
        }
        Ok(job)
    }

    /// Keeps the end of a processor's next job.
    pub(in crate::infra) fn note_next(&mut self, processor: ProcessorId, datacenter: u32) {
        let Updates { datacenters, places, .. } = &mut self.updates;
        let next = &mut datacenters[datacenter as usize].next;
        match self.compute.next_completion(processor) {
            Some(time) => next.set(places, processor.0, time),
            None => next.remove(places, processor.0),
        }
    }

    /// Handles [`InfraEvent::UpdateDue`].
    pub(in crate::infra) fn on_update_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        datacenter: u32,
    ) {
        let state = &mut self.updates.datacenters[datacenter as usize];
        state.due = None;
        while state.planned.peek().is_some_and(|planned| planned.0 <= schedule.now()) {
            state.planned.pop();
        }
        self.update_datacenter(schedule, datacenter);
        self.arm_updates(schedule, datacenter);
    }

    /// Keeps the one event for the next planned update.
    fn arm_updates<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, datacenter: u32) {
        let state = &mut self.updates.datacenters[datacenter as usize];
        let Some(&Reverse(time)) = state.planned.peek() else { return };
        match state.due {
            Some(due) if schedule.reschedule(due, time) => {}
            _ => {
                let event = InfraEvent::UpdateDue(datacenter).into();
                state.due = Some(schedule.at(time, Phase::Completion, event));
            }
        }
    }

    /// Updates a datacenter unless it was just updated: jobs that are done leave.
    fn update_datacenter<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, datacenter: u32) {
        let now = schedule.now();
        let index = datacenter as usize;
        let last = self.updates.datacenters[index].last;
        if last > SimTime::ZERO && now <= last + LEAST_GAP {
            return;
        }
        self.updates.datacenters[index].last = now;
        while let Some((time, processor)) = self.updates.datacenters[index].next.peek()
            && time <= now
        {
            let processor = ProcessorId(processor);
            let before = self.compute.busy_cores(processor);
            while let Some((id, job)) = self.compute.pop_completed(now, processor) {
                self.predicted.end_job(now, processor, id);
                self.notices.push_back(Notice::JobEnded { id, job, outcome: JobOutcome::Done });
            }
            self.note_next(processor, datacenter);
            let change = self.compute.busy_cores(processor) - before;
            if change != 0.0 {
                self.refresh(schedule, self.compute.node(processor), change);
            }
        }
        let state = &mut self.updates.datacenters[index];
        if let Some((time, _)) = state.next.peek() {
            state.planned.push(Reverse(time.max(now + LEAST_PLAN)));
        }
    }
}
