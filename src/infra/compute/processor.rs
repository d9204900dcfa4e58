//! One processor: space-shared (first in, first out) or time-shared (processor sharing).

use super::resources::{Accelerator, Resources};
use super::{Job, Jobs};
use crate::energy::JobClass;
use crate::engine::{IndexedHeap, SimDuration, SimTime, prefetch};
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
    /// What its speed depends on besides its cores.
    pub class: JobClass,
}

impl JobRequest {
    /// A job bound by the one core it asks for, with this much work in million instructions, and nothing else.
    #[must_use]
    pub fn new(length_mi: f64) -> Self {
        JobRequest {
            length_mi,
            cores: 1,
            memory_bytes: 0.0,
            accelerator: None,
            class: JobClass::Compute,
        }
    }
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
    /// The site of the node would draw more than its cap.
    Power,
}

/// The running jobs of one class, which all have the same speed a core.
#[derive(Debug)]
struct Lane {
    /// Speed a core over the processor's `mips`.
    speed: f64,
    /// Work that a job with one core has got since the lane was last empty, in MI.
    clock: f64,
    /// Cores that the jobs ask for.
    asked: f64,
    /// Work of the waiting jobs of this class.
    waiting_mi: f64,
    /// By finish mark, then number.
    running: IndexedHeap<(f64, u32)>,
}

impl Lane {
    fn new() -> Self {
        Lane { speed: 1.0, clock: 0.0, asked: 0.0, waiting_mi: 0.0, running: IndexedHeap::default() }
    }
}

#[derive(Debug)]
pub(super) struct Processor {
    node: NodeId,
    /// Cores that serve jobs if all are offered.
    cores: f64,
    /// Share of them that is offered now; more than all of them above 1.
    offer: f64,
    /// Cores of these that instances have taken at run time.
    taken: f64,
    mips: f64,
    discipline: Discipline,
    free: Resources,
    /// Accelerators there are in all, to tell what can never fit from what is taken now.
    accelerators: Vec<Accelerator>,
    /// By class of the jobs.
    lanes: [Lane; JobClass::COUNT],
    since: SimTime,
    /// Cores that the running jobs ask for.
    asked: f64,
    /// Cores that the waiting jobs ask for.
    waiting_cores: f64,
    waiting: VecDeque<u32>,
}

/// Parts of a core that are taken for rounding errors.
const ROUNDING: f64 = 1e-9;

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
            offer: 1.0,
            taken: 0.0,
            mips,
            discipline,
            accelerators: resources.accelerators.clone(),
            free: resources,
            lanes: std::array::from_fn(|_| Lane::new()),
            since: SimTime::ZERO,
            asked: 0.0,
            waiting_cores: 0.0,
            waiting: VecDeque::new(),
        }
    }

    /// Asks for its memory, which spans several lines.
    pub(super) fn prefetch(&self) {
        prefetch(&self.cores);
        prefetch(&self.free);
        prefetch(&self.waiting);
        self.lanes.iter().for_each(prefetch);
    }

    /// The first to be done of the jobs of the first class that has any: a guess, for asking for its memory.
    pub(super) fn first_job(&self) -> Option<u32> {
        self.lanes.iter().find_map(|lane| lane.running.peek()).map(|((_, id), _)| id)
    }

    pub(super) fn node(&self) -> NodeId {
        self.node
    }

    /// Cores that are offered now and that no instance has taken.
    pub(super) fn cores(&self) -> f64 {
        if self.taken == 0.0 { self.offered() } else { (self.offered() - self.taken).max(0.0) }
    }

    /// Cores that are offered now, with those that instances have taken at run time.
    pub(super) fn offered(&self) -> f64 {
        self.cores * self.offer
    }

    /// From `now` on instances have taken so many cores of what is offered. What runs goes on: where it asks for more
    /// than is left, all of it slower. What waits may start.
    pub(super) fn set_taken(&mut self, now: SimTime, cores: f64, jobs: &mut Jobs) {
        self.advance(now);
        self.taken = cores;
        self.start_waiting(now, jobs);
    }

    /// Takes memory, storage and accelerators for an instance.
    ///
    /// # Errors
    /// The first thing that is short; nothing is taken then.
    pub(super) fn take_resources(&mut self, resources: &Resources) -> Result<(), Refusal> {
        self.free.holds(resources)?;
        self.free.take(resources);
        Ok(())
    }

    /// Gives back what an instance has taken.
    pub(super) fn give_resources(&mut self, resources: &Resources) {
        self.free.give(resources);
    }

    /// Cores that no instance has reserved, offered now or not.
    pub(super) fn unreserved_cores(&self) -> f64 {
        self.cores - self.taken
    }

    /// Cores that jobs can ask for together where each holds its own: a part of a core serves as a whole one, slower.
    fn room(&self) -> f64 {
        if self.taken > 0.0 {
            // Sums of parts of cores may be off by a rounding error.
            return (self.cores() - ROUNDING).ceil();
        }
        if self.offer == 1.0 { self.cores } else { self.cores().ceil() }
    }

    /// From `now` on this share of the cores is offered. What runs goes on: where it asks for more than there is, all
    /// of it slower. What waits may start.
    pub(super) fn set_offer(&mut self, now: SimTime, offer: f64, jobs: &mut Jobs) {
        self.advance(now);
        self.offer = offer;
        self.start_waiting(now, jobs);
    }

    /// From now on there is so much more memory and storage, or less.
    pub(super) fn add_room(&mut self, memory_bytes: f64, storage_bytes: f64) {
        self.free.memory_bytes += memory_bytes;
        self.free.storage_bytes += storage_bytes;
    }

    pub(super) fn mips(&self) -> f64 {
        self.mips
    }

    pub(super) fn busy_cores(&self) -> f64 {
        self.asked.min(self.cores())
    }

    pub(super) fn wanted_cores(&self) -> f64 {
        self.asked + self.waiting_cores
    }

    pub(super) fn asked_cores(&self, class: JobClass) -> f64 {
        self.lanes[class as usize].asked
    }

    pub(super) fn running(&self) -> usize {
        self.lanes.iter().map(|lane| lane.running.len()).sum()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn free(&self) -> &Resources {
        &self.free
    }

    pub(super) fn busy_accelerators(&self, kind: Option<u16>) -> u32 {
        let wanted = self.accelerators.iter().filter(|own| kind.is_none_or(|kind| own.kind == kind));
        wanted.map(|own| own.count.saturating_sub(self.free.accelerators_of(own.kind))).sum()
    }

    /// MI a second that a job of full speed gets for each core it asks for.
    fn rate(&self, asked: f64) -> f64 {
        // Where each job holds its own cores, they ask for more than there is only after the offer has shrunk.
        if asked > self.cores() { self.mips * self.cores() / asked } else { self.mips }
    }

    /// The work clock of a lane at `now`.
    fn clock_at(&self, lane: &Lane, now: SimTime) -> f64 {
        lane.clock + self.rate(self.asked) * lane.speed * now.since(self.since).as_secs()
    }

    fn advance(&mut self, now: SimTime) {
        for index in 0..self.lanes.len() {
            let lane = &self.lanes[index];
            // From zero while nothing runs, so that precision does not decay over a long run.
            let clock = if lane.running.is_empty() { 0.0 } else { self.clock_at(lane, now) };
            self.lanes[index].clock = clock;
        }
        self.since = now;
    }

    /// The lane whose first job is done first at the present speeds, the first among equals, and the seconds
    /// that it takes from `since` on; `None` if nothing gets on.
    fn first_lane(&self) -> Option<(usize, f64)> {
        let rate = self.rate(self.asked);
        let mut first: Option<(usize, f64)> = None;
        for (index, lane) in self.lanes.iter().enumerate() {
            let Some(((mark, _), _)) = lane.running.peek() else { continue };
            let rate = rate * lane.speed;
            if rate > 0.0 {
                let ahead_s = (mark - lane.clock).max(0.0) / rate;
                if first.is_none_or(|(_, least_s)| ahead_s < least_s) {
                    first = Some((index, ahead_s));
                }
            }
        }
        first
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
        if f64::from(request.cores) > self.cores().ceil() {
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
            Discipline::TimeShared { job_limit } if self.running() >= job_limit => Err(Refusal::Queue),
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
                    && self.asked + f64::from(request.cores) <= self.room()
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
            self.lanes[request.class as usize].waiting_mi += request.length_mi;
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
        let lane = &mut self.lanes[job.request.class as usize];
        lane.asked += f64::from(job.request.cores);
        let mark = lane.clock + work_per_core(&job.request);
        lane.running.set(&mut jobs.places, id, (mark, id));
    }

    /// Starts what waits and fits now, in order of arrival.
    fn start_waiting(&mut self, now: SimTime, jobs: &mut Jobs) {
        while let Some(&id) = self.waiting.front() {
            let request = jobs.live[id as usize].request;
            let fits = self.asked + f64::from(request.cores) <= self.room()
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
            self.waiting_cores = 0.0;
            self.lanes.iter_mut().for_each(|lane| lane.waiting_mi = 0.0);
        } else {
            self.waiting_cores -= f64::from(request.cores);
            self.lanes[request.class as usize].waiting_mi -= request.length_mi;
        }
    }

    pub(super) fn remove(&mut self, now: SimTime, id: u32, jobs: &mut Jobs) -> Option<Job> {
        self.advance(now);
        let job = jobs.live.get(id as usize)?;
        if job.started.is_some() {
            self.lanes[job.request.class as usize].running.remove(&mut jobs.places, id);
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
            self.lanes[job.request.class as usize].asked -= f64::from(job.request.cores);
            if let Some(back) = job.request.accelerator {
                self.free.give_accelerator(back);
            }
        }
        self.start_waiting(now, jobs);
    }

    pub(super) fn next_completion(&self) -> Option<SimTime> {
        let (_, ahead_s) = self.first_lane()?;
        Some(self.since + SimDuration::from_secs_ceil(ahead_s))
    }

    pub(super) fn pop_completed(&mut self, now: SimTime, jobs: &mut Jobs) -> Option<(JobId, Job)> {
        let (index, _) = self.first_lane()?;
        let lane = &self.lanes[index];
        let ((mark, id), _) = lane.running.peek()?;
        // Completions are rounded up to the nanosecond: what lies less than one ahead is rounding error.
        let error = (self.rate(self.asked) * lane.speed * 1e-9).max(mark.abs() * 4.0 * f64::EPSILON);
        if mark - self.clock_at(lane, now) > error {
            return None;
        }
        self.remove(now, id, jobs).map(|job| (JobId(id), job))
    }

    /// The job to be cleared next: those that wait from the last on, then those that run in the order in which
    /// they would have been done, so that the order does not depend on how they are stored.
    pub(super) fn any_job(&self) -> Option<u32> {
        let running = || {
            let lane = self.first_lane().map(|(index, _)| &self.lanes[index]);
            // Where nothing gets on, by class.
            let lane = lane.or_else(|| self.lanes.iter().find(|lane| !lane.running.is_empty()))?;
            lane.running.peek().map(|(_, id)| id)
        };
        self.waiting.back().copied().or_else(running)
    }

    pub(super) fn set_mips(&mut self, now: SimTime, mips: f64) {
        self.advance(now);
        self.mips = mips;
    }

    pub(super) fn speeds(&self) -> [f64; JobClass::COUNT] {
        self.lanes.each_ref().map(|lane| lane.speed)
    }

    pub(super) fn set_speeds(&mut self, now: SimTime, speeds: [f64; JobClass::COUNT]) {
        self.advance(now);
        for (lane, speed) in self.lanes.iter_mut().zip(speeds) {
            lane.speed = speed;
        }
    }

    pub(super) fn estimated_completion_s(&self, now: SimTime, request: &JobRequest) -> f64 {
        // Work that a job of full speed would do in the same time.
        let alone = work_per_core(request) / self.lanes[request.class as usize].speed;
        match self.discipline {
            Discipline::TimeShared { .. } => alone / self.rate(self.asked + f64::from(request.cores)),
            Discipline::SpaceShared { .. } if self.can_start(request) => alone / self.mips,
            Discipline::SpaceShared { .. } if self.cores() <= 0.0 => f64::INFINITY,
            Discipline::SpaceShared { .. } => {
                // The next core to be free, then the queue spread over all cores, then the job itself.
                let ahead = self.first_lane().map_or(0.0, |(index, _)| {
                    let lane = &self.lanes[index];
                    let mark = lane.running.peek().map_or(0.0, |((mark, _), _)| mark);
                    (mark - self.clock_at(lane, now)) / lane.speed
                });
                let waiting: f64 = self.lanes.iter().map(|lane| lane.waiting_mi / lane.speed).sum();
                (ahead.max(0.0) + waiting / self.cores() + alone) / self.mips
            }
        }
    }
}
