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
    /// The event of the next planned update at which a job may end. Those before it find nothing, and are gone
    /// through when something is to happen.
    due: Option<EventHandle>,
    /// Processors by the end of their next job.
    next: IndexedHeap<SimTime>,
}

impl Datacenter {
    /// Whether an update at `now` is too near to the one before.
    fn was_just_updated(&self, now: SimTime) -> bool {
        self.last > SimTime::ZERO && now <= self.last + LEAST_GAP
    }

    /// Notes an update that is done, and plans the next one.
    fn note_update(&mut self, now: SimTime) {
        self.last = now;
        if let Some((time, _)) = self.next.peek() {
            self.planned.push(Reverse(time.max(now + LEAST_PLAN)));
        }
    }

    /// Goes through the planned updates before `now`. No job has ended by then: the first at which one has is an
    /// event.
    fn catch_up(&mut self, now: SimTime) {
        while let Some(&Reverse(time)) = self.planned.peek()
            && time < now
        {
            self.planned.pop();
            if !self.was_just_updated(time) {
                self.note_update(time);
            }
        }
    }

    /// When a planned update may find that a job has ended; `None` while nothing runs.
    fn next_due(&mut self) -> Option<SimTime> {
        while self.planned.peek().is_some_and(|planned| self.was_just_updated(planned.0)) {
            self.planned.pop();
        }
        let (end, _) = self.next.peek()?;
        self.planned.peek().map(|planned| end.max(planned.0))
    }
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
        self.updates.datacenters[datacenter as usize].catch_up(now);
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

    /// Jobs of a processor have come or gone without an update.
    pub(in crate::infra) fn after_change_in_steps<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        processor: ProcessorId,
        datacenter: u32,
    ) {
        self.updates.datacenters[datacenter as usize].catch_up(schedule.now());
        self.note_next(processor, datacenter);
        self.arm_updates(schedule, datacenter);
    }

    /// Keeps the end of a processor's next job.
    fn note_next(&mut self, processor: ProcessorId, datacenter: u32) {
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
        state.catch_up(schedule.now());
        if state.planned.peek().is_some_and(|planned| planned.0 <= schedule.now()) {
            self.update_datacenter(schedule, datacenter);
        }
        self.arm_updates(schedule, datacenter);
    }

    /// Keeps the one event for the next planned update that matters.
    fn arm_updates<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, datacenter: u32) {
        let state = &mut self.updates.datacenters[datacenter as usize];
        let Some(time) = state.next_due() else { return };
        match state.due {
            Some(due) if schedule.pending().time_of(due) == Some(time) => {}
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
        if self.updates.datacenters[index].was_just_updated(now) {
            return;
        }
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
        self.updates.datacenters[index].note_update(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> SimTime {
        SimTime::from_nanos(milliseconds * 1_000_000)
    }

    /// A job ends at 100 ms, and updates are planned at 30 and 95 ms. The first finds nothing and plans one at 100 ms;
    /// the second plans one 20 ms later, and makes that at 100 ms, 5 ms after it, void. So the end is seen at 115 ms.
    #[test]
    fn updates_that_find_nothing_count_without_an_event() {
        let mut datacenter = Datacenter::default();
        datacenter.next.set(&mut [ABSENT], 0, ms(100));
        datacenter.planned.extend([ms(30), ms(95)].map(Reverse));
        // Not before the end of the job, whatever is planned.
        assert_eq!(datacenter.next_due(), Some(ms(100)));
        datacenter.catch_up(ms(100));
        assert_eq!(datacenter.last, ms(95));
        assert_eq!(datacenter.next_due(), Some(ms(115)));
        // Without a job there is nothing to see.
        let mut idle = Datacenter { planned: [Reverse(ms(30))].into(), ..Datacenter::default() };
        assert_eq!(idle.next_due(), None);
        idle.catch_up(ms(31));
        assert_eq!((idle.last, idle.planned.len()), (ms(30), 0));
    }
}
