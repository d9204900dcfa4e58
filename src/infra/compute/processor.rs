//! One processor: space-shared (first in, first out) or time-shared (processor sharing).

use super::resources::{Accelerator, Resources};
use super::{Job, Jobs};
use crate::engine::{IndexedHeap, SimDuration, SimTime};
use crate::infra::ids::{JobId, NodeId};
use std::collections::VecDeque;

/// How a processor serves more jobs than it has cores for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discipline {
    /// A job holds its cores alone; others wait in the order of their arrival, at most `queue_limit`.
    SpaceShared {
        /// How many jobs may wait.
        queue_limit: usize,
    },
    /// All jobs run at once and share the cores in proportion to the cores they ask for, none faster
    /// than on cores of its own; at most `job_limit` jobs.
    TimeShared {
        /// How many jobs may run.
        job_limit: usize,
    },
}

/// What a job asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JobRequest {
    /// Work, in million instructions over all its cores.
    pub length_mi: f64,
    /// Cores, at least one.
    pub cores: u32,
    /// Bytes of memory, held from admission to end.
    pub memory_bytes: f64,
    /// Accelerators, held while it runs.
    pub accelerator: Option<Accelerator>,
}

/// Why a job or instance was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// More cores than there are.
    Cores,
    /// Not enough free memory.
    Memory,
    /// Not enough free storage.
    Storage,
    /// Not enough (free) accelerators of the kind.
    Accelerator,
    /// The queue is full, or as many jobs run as may.
    Queue,
}

#[derive(Debug)]
pub(super) struct Processor {
    node: NodeId,
    /// Cores that serve jobs.
    cores: f64,
    mips: f64,
    discipline: Discipline,
    free: Resources,
    /// Accelerators there are in all, to tell what can never fit from what is taken now.
    accelerators: Vec<Accelerator>,
    /// Work that a job with one core has got since the processor was last empty, in MI.
    clock: f64,
    since: SimTime,
    /// Cores that the running jobs ask for.
    asked: f64,
    /// Cores that the waiting jobs ask for, and the core-seconds they will take times `mips`.
    waiting_cores: f64,
    waiting_mi: f64,
    /// By finish mark, then number.
    running: IndexedHeap<(f64, u32)>,
    waiting: VecDeque<u32>,
}

/// Work of a job per core it asks for: what its finish mark lies ahead of the clock at its start.
fn work_per_core(request: &JobRequest) -> f64 {
    request.length_mi / f64::from(request.cores.max(1))
}

impl Processor {
    pub(super) fn new(
        node: NodeId,
        cores: f64,
        mips: f64,
        discipline: Discipline,
        resources: Resources,
    ) -> Self {
        Processor {
            node,
            cores,
            mips,
            discipline,
            accelerators: resources.accelerators.clone(),
            free: resources,
            clock: 0.0,
            since: SimTime::ZERO,
            asked: 0.0,
            waiting_cores: 0.0,
            waiting_mi: 0.0,
            running: IndexedHeap::default(),
            waiting: VecDeque::new(),
        }
    }

    pub(super) fn node(&self) -> NodeId {
        self.node
    }

    pub(super) fn cores(&self) -> f64 {
        self.cores
    }

    pub(super) fn mips(&self) -> f64 {
        self.mips
    }

    pub(super) fn busy_cores(&self) -> f64 {
        self.asked.min(self.cores)
    }

    pub(super) fn wanted_cores(&self) -> f64 {
        self.asked + self.waiting_cores
    }

    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn free(&self) -> &Resources {
        &self.free
    }

    /// MI a second that a job gets for each core it asks for.
    fn rate(&self, asked: f64) -> f64 {
        match self.discipline {
            Discipline::TimeShared { .. } if asked > self.cores => self.mips * self.cores / asked,
            _ => self.mips,
        }
    }

    /// The work clock at `now`.
    fn clock_at(&self, now: SimTime) -> f64 {
        self.clock + self.rate(self.asked) * now.since(self.since).as_secs()
    }

    fn advance(&mut self, now: SimTime) {
        // From zero while nothing runs, so that precision does not decay over a long run.
        self.clock = if self.running.is_empty() { 0.0 } else { self.clock_at(now) };
        self.since = now;
    }

    pub(super) fn reserve(
        &mut self,
        now: SimTime,
        cores: f64,
        resources: &Resources,
    ) -> Result<(), Refusal> {
        if cores > self.cores - self.wanted_cores() {
            return Err(Refusal::Cores);
        }
        self.free.holds(resources)?;
        self.advance(now);
        self.cores -= cores;
        self.free.take(resources);
        for reserved in &resources.accelerators {
            if let Some(own) = self.accelerators.iter_mut().find(|own| own.kind == reserved.kind) {
                own.count -= reserved.count;
            }
        }
        Ok(())
    }

    pub(super) fn admits(&self, request: &JobRequest) -> Result<(), Refusal> {
        // A share of a core serves what asks for a whole one, slower.
        if f64::from(request.cores) > self.cores.ceil() {
            return Err(Refusal::Cores);
        }
        if request.memory_bytes > self.free.memory_bytes {
            return Err(Refusal::Memory);
        }
        let has = |held: &[Accelerator], want: Accelerator| {
            held.iter().any(|held| held.kind == want.kind && held.count >= want.count)
        };
        if request.accelerator.is_some_and(|want| !has(&self.accelerators, want)) {
            return Err(Refusal::Accelerator);
        }
        match self.discipline {
            Discipline::TimeShared { job_limit } if self.running.len() >= job_limit => {
                Err(Refusal::Queue)
            }
            Discipline::TimeShared { .. }
                if request.accelerator.is_some_and(|want| !has(&self.free.accelerators, want)) =>
            {
                Err(Refusal::Accelerator)
            }
            Discipline::SpaceShared { queue_limit }
                if self.waiting.len() >= queue_limit && !self.can_start(request) =>
            {
                Err(Refusal::Queue)
            }
            _ => Ok(()),
        }
    }

    /// Whether the job could run at once.
    fn can_start(&self, request: &JobRequest) -> bool {
        match self.discipline {
            Discipline::TimeShared { .. } => true,
            Discipline::SpaceShared { .. } => {
                self.waiting.is_empty()
                    && self.asked + f64::from(request.cores) <= self.cores
                    && request
                        .accelerator
                        .is_none_or(|want| self.free.accelerators_of(want.kind) >= want.count)
            }
        }
    }

    /// Takes in a job that is [admitted](Self::admits).
    pub(super) fn admit(&mut self, now: SimTime, id: u32, jobs: &mut Jobs) {
        let request = jobs.live[id as usize].request;
        self.free.memory_bytes -= request.memory_bytes;
        if self.can_start(&request) {
            self.advance(now);
            self.start(now, id, jobs);
        } else {
            self.waiting_cores += f64::from(request.cores);
            self.waiting_mi += request.length_mi;
            self.waiting.push_back(id);
        }
    }

    fn start(&mut self, now: SimTime, id: u32, jobs: &mut Jobs) {
        let job = &mut jobs.live[id as usize];
        if let Some(want) = job.request.accelerator {
            self.free.take_accelerator(want);
        }
        self.asked += f64::from(job.request.cores);
        job.started = Some(now);
        let mark = self.clock + work_per_core(&job.request);
        self.running.set(&mut jobs.places, id, (mark, id));
    }

    /// Starts what waits and fits now, in order of arrival.
    fn start_waiting(&mut self, now: SimTime, jobs: &mut Jobs) {
        while let Some(&id) = self.waiting.front() {
            let request = jobs.live[id as usize].request;
            let fits = self.asked + f64::from(request.cores) <= self.cores
                && request
                    .accelerator
                    .is_none_or(|want| self.free.accelerators_of(want.kind) >= want.count);
            if !fits {
                break;
            }
            self.waiting.pop_front();
            self.leave_queue(&request);
            self.start(now, id, jobs);
        }
    }

    fn leave_queue(&mut self, request: &JobRequest) {
        if self.waiting.is_empty() {
            // Exactly nothing, whatever rounding left.
            (self.waiting_cores, self.waiting_mi) = (0.0, 0.0);
        } else {
            self.waiting_cores -= f64::from(request.cores);
            self.waiting_mi -= request.length_mi;
        }
    }

    pub(super) fn remove(&mut self, now: SimTime, id: u32, jobs: &mut Jobs) -> Option<Job> {
        self.advance(now);
        let job = jobs.live.get(id as usize)?;
        if job.started.is_some() {
            self.running.remove(&mut jobs.places, id);
        } else {
            let request = job.request;
            // Mostly one of the ends: the oldest at its deadline, or the newest when all are cleared.
            if self.waiting.back() == Some(&id) {
                self.waiting.pop_back();
            } else if let Some(place) = self.waiting.iter().position(|&other| other == id) {
                self.waiting.remove(place);
            }
            self.leave_queue(&request);
        }
        let job = jobs.live.try_remove(id as usize)?;
        self.release(now, &job, jobs);
        Some(job)
    }

    /// Gives back what an ended job held.
    fn release(&mut self, now: SimTime, job: &Job, jobs: &mut Jobs) {
        self.free.memory_bytes += job.request.memory_bytes;
        if job.started.is_some() {
            self.asked -= f64::from(job.request.cores);
            if let Some(back) = job.request.accelerator {
                self.free.give_accelerator(back);
            }
        }
        self.start_waiting(now, jobs);
    }

    pub(super) fn next_completion(&self) -> Option<SimTime> {
        let ((mark, _), _) = self.running.peek()?;
        let rate = self.rate(self.asked);
        if rate <= 0.0 {
            return None;
        }
        let ahead = (mark - self.clock).max(0.0);
        Some(self.since + SimDuration::from_secs_ceil(ahead / rate))
    }

    pub(super) fn pop_completed(&mut self, now: SimTime, jobs: &mut Jobs) -> Option<(JobId, Job)> {
        let ((mark, id), _) = self.running.peek()?;
        // Completions are rounded up to the nanosecond: what lies less than one ahead is rounding error.
        let error = (self.rate(self.asked) * 1e-9).max(mark.abs() * 4.0 * f64::EPSILON);
        if mark - self.clock_at(now) > error {
            return None;
        }
        self.remove(now, id, jobs).map(|job| (JobId(id), job))
    }

    /// The job to be cleared next: those that wait from the last on, then those that run in the order in which
    /// they would have been done, so that the order does not depend on how they are stored.
    pub(super) fn any_job(&self) -> Option<u32> {
        self.waiting.back().copied().or_else(|| self.running.peek().map(|(_, id)| id))
    }

    pub(super) fn set_mips(&mut self, now: SimTime, mips: f64) {
        self.advance(now);
        self.mips = mips;
    }

    pub(super) fn estimated_completion_s(&self, now: SimTime, request: &JobRequest) -> f64 {
        let alone = work_per_core(request);
        match self.discipline {
            Discipline::TimeShared { .. } => alone / self.rate(self.asked + f64::from(request.cores)),
            Discipline::SpaceShared { .. } if self.can_start(request) => alone / self.mips,
            Discipline::SpaceShared { .. } => {
                // The next core to be free, then the queue spread over all cores, then the job itself.
                let ahead = self.running.peek().map_or(0.0, |((mark, _), _)| mark - self.clock_at(now));
                (ahead.max(0.0) + self.waiting_mi / self.cores + alone) / self.mips
            }
        }
    }
}
