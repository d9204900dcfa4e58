//! Compute: processors that serve jobs, exactly, at O(log n) an event.
//!
//! Each node has one processor; an instance (a virtual machine, a container) is a second one, with a
//! share that is reserved from its node's. Both disciplines use one clock of work per processor and class
//! of jobs: a job's finish mark on that clock is fixed when it starts, and an arrival, departure or change
//! of speed only changes how fast the clock runs.

mod processor;
mod resources;

pub use crate::energy::JobClass;
pub use processor::{Discipline, JobRequest, Refusal};
pub use resources::{Accelerator, Resources};

use super::ids::{JobId, NodeId, Owner, ProcessorId};
use crate::engine::{ABSENT, SimTime, prefetch};
use processor::Processor;
use slab::Slab;

/// A job from its admission to its end.
#[derive(Clone, Debug)]
pub struct Job {
    /// Who is told of its end.
    pub owner: Owner,
    /// Where it runs or waits.
    pub processor: ProcessorId,
    /// What it asked for.
    pub request: JobRequest,
    /// When it was admitted.
    pub admitted: SimTime,
    /// When it began to run; `None` while it waits.
    pub started: Option<SimTime>,
}

/// All jobs that have not ended.
#[derive(Debug, Default)]
struct Jobs {
    live: Slab<Job>,
    /// For each job its place among the running ones of its processor.
    places: Vec<u32>,
}

impl Jobs {
    fn insert(&mut self, job: Job) -> u32 {
        let id = self.live.insert(job);
        if self.places.len() <= id {
            self.places.resize(id + 1, ABSENT);
        }
        id as u32
    }
}

/// All processors and jobs of a world.
#[derive(Debug, Default)]
pub struct Compute {
    processors: Vec<Processor>,
    jobs: Jobs,
    /// Numbers of processors that are gone.
    unused: Vec<u32>,
}

impl Compute {
    /// Adds a processor to `node` and returns its id. `cores` of `mips` each serve jobs by `discipline`.
    pub fn add_processor(
        &mut self,
        node: NodeId,
        cores: f64,
        mips: f64,
        discipline: Discipline,
        resources: Resources,
    ) -> ProcessorId {
        let processor = Processor::new(node, cores, mips, discipline, resources);
        if let Some(id) = self.unused.pop() {
            self.processors[id as usize] = processor;
            return ProcessorId(id);
        }
        self.processors.push(processor);
        ProcessorId((self.processors.len() - 1) as u32)
    }

    /// Makes an instance of `cores` with memory, storage and accelerators of the processor `host`. Its cores are to be
    /// [taken](Self::set_taken) from the host.
    ///
    /// # Errors
    /// If the host has not that much free of something other than cores.
    pub(in crate::infra) fn make_instance(
        &mut self,
        now: SimTime,
        host: ProcessorId,
        cores: f64,
        discipline: Discipline,
        resources: &Resources,
    ) -> Result<ProcessorId, Refusal> {
        let processor = &mut self.processors[host.index()];
        processor.take_resources(resources)?;
        let (node, mips, speeds) = (processor.node(), processor.mips(), processor.speeds());
        let instance = self.add_processor(node, cores, mips, discipline, resources.clone());
        self.set_speeds(now, instance, speeds);
        Ok(instance)
    }

    /// Ends an instance that has no jobs and gives back what it had of its host, but for cores; its number is used
    /// again.
    pub(in crate::infra) fn end_instance(
        &mut self,
        host: ProcessorId,
        instance: ProcessorId,
        resources: &Resources,
    ) {
        self.processors[host.index()].give_resources(resources);
        self.unused.push(instance.0);
    }

    /// From `now` on instances have taken so many cores of a processor at run time.
    pub(in crate::infra) fn set_taken(&mut self, now: SimTime, processor: ProcessorId, cores: f64) {
        self.processors[processor.index()].set_taken(now, cores, &mut self.jobs);
    }

    /// Cores that a processor offers now, with those that instances have taken at run time.
    #[must_use]
    pub fn offered_cores(&self, processor: ProcessorId) -> f64 {
        self.processors[processor.index()].offered()
    }

    /// Reserves an instance with `cores` and `resources` on the processor `host` and returns its own
    /// processor.
    ///
    /// # Errors
    /// If the host has not that much free: a reservation never exceeds a capacity.
    pub fn add_instance(
        &mut self,
        now: SimTime,
        host: ProcessorId,
        cores: f64,
        discipline: Discipline,
        resources: &Resources,
    ) -> Result<ProcessorId, Refusal> {
        let processor = &mut self.processors[host.index()];
        processor.reserve(now, cores, resources)?;
        let (node, mips, speeds) = (processor.node(), processor.mips(), processor.speeds());
        let instance = self.add_processor(node, cores, mips, discipline, resources.clone());
        self.set_speeds(now, instance, speeds);
        Ok(instance)
    }

    /// Number of processors, with those that are gone and whose numbers will be used again.
    #[must_use]
    pub fn len(&self) -> usize {
        self.processors.len()
    }

    /// Whether there are no processors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.processors.is_empty()
    }

    /// A job that has not ended.
    #[must_use]
    pub fn job(&self, job: JobId) -> Option<&Job> {
        self.jobs.live.get(job.index())
    }

    /// The node of a processor.
    #[must_use]
    pub fn node(&self, processor: ProcessorId) -> NodeId {
        self.processors[processor.index()].node()
    }

    /// Cores that serve jobs: those of the node less those reserved by instances.
    #[must_use]
    pub fn cores(&self, processor: ProcessorId) -> f64 {
        self.processors[processor.index()].cores()
    }

    /// Cores that no instance has reserved, whether they are offered now or not.
    pub(in crate::infra) fn unreserved_cores(&self, processor: ProcessorId) -> f64 {
        self.processors[processor.index()].unreserved_cores()
    }

    /// Million instructions a second of one core.
    #[must_use]
    pub fn mips(&self, processor: ProcessorId) -> f64 {
        self.processors[processor.index()].mips()
    }

    /// Cores in use, at most [`Compute::cores`].
    #[must_use]
    pub fn busy_cores(&self, processor: ProcessorId) -> f64 {
        self.processors[processor.index()].busy_cores()
    }

    /// Cores that the running and waiting jobs ask for together; above [`Compute::cores`] under load.
    #[must_use]
    pub fn wanted_cores(&self, processor: ProcessorId) -> f64 {
        self.processors[processor.index()].wanted_cores()
    }

    /// Number of jobs that run.
    #[must_use]
    pub fn running(&self, processor: ProcessorId) -> usize {
        self.processors[processor.index()].running()
    }

    /// Number of jobs that wait.
    #[must_use]
    pub fn waiting(&self, processor: ProcessorId) -> usize {
        self.processors[processor.index()].waiting()
    }

    /// What is free of the memory, storage and accelerators.
    #[must_use]
    pub fn free(&self, processor: ProcessorId) -> &Resources {
        self.processors[processor.index()].free()
    }

    /// Whether [`Compute::submit`] would admit this job.
    ///
    /// # Errors
    /// What would be short.
    pub fn admits(&self, processor: ProcessorId, request: &JobRequest) -> Result<(), Refusal> {
        self.processors[processor.index()].admits(request)
    }

    /// Seconds until a job submitted at `now` would be done if nothing else came or went: exact when no
    /// job waits, and by the work ahead of it when some do.
    #[must_use]
    pub fn estimated_completion_s(
        &self,
        now: SimTime,
        processor: ProcessorId,
        request: &JobRequest,
    ) -> f64 {
        self.processors[processor.index()].estimated_completion_s(now, request)
    }

    /// Admits a job: it runs or waits from now on.
    ///
    /// # Errors
    /// If it does not fit: what is short. Nothing has changed then.
    pub fn submit(
        &mut self,
        now: SimTime,
        processor: ProcessorId,
        request: JobRequest,
        owner: Owner,
    ) -> Result<JobId, Refusal> {
        self.processors[processor.index()].admits(&request)?;
        let job = Job { owner, processor, request, admitted: now, started: None };
        let id = self.jobs.insert(job);
        self.processors[processor.index()].admit(now, id, &mut self.jobs);
        Ok(JobId(id))
    }

    /// Takes a job off its processor, whether it runs or waits, and returns it.
    pub fn cancel(&mut self, now: SimTime, job: JobId) -> Option<Job> {
        let processor = self.jobs.live.get(job.index())?.processor;
        self.processors[processor.index()].remove(now, job.0, &mut self.jobs)
    }

    /// When the next job on this processor will be done; `None` if none runs.
    #[must_use]
    pub fn next_completion(&self, processor: ProcessorId) -> Option<SimTime> {
        self.processors[processor.index()].next_completion()
    }

    /// Asks for a processor and the job that it will be done with first.
    pub(in crate::infra) fn prefetch(&self, processor: ProcessorId) {
        let own = &self.processors[processor.index()];
        own.prefetch();
        if let Some(job) = own.first_job().and_then(|id| self.jobs.live.get(id as usize)) {
            prefetch(&job.owner);
            prefetch(&job.started);
        }
    }

    /// Whose job a processor will be done with first, as a guess to prefetch by: it looks at the first class that has
    /// jobs only.
    pub(in crate::infra) fn next_owner(&self, processor: ProcessorId) -> Option<Owner> {
        let id = self.processors[processor.index()].first_job()?;
        self.jobs.live.get(id as usize).map(|job| job.owner)
    }

    /// One job that is done at `now`, in the order of their finish marks; call until `None`.
    pub fn pop_completed(&mut self, now: SimTime, processor: ProcessorId) -> Option<(JobId, Job)> {
        self.processors[processor.index()].pop_completed(now, &mut self.jobs)
    }

    /// One job of this processor, whatever its state, taken off it; call until `None` to clear it.
    pub fn pop_any(&mut self, now: SimTime, processor: ProcessorId) -> Option<(JobId, Job)> {
        let job = self.processors[processor.index()].any_job()?;
        self.cancel(now, JobId(job)).map(|ended| (JobId(job), ended))
    }

    /// Accelerators of a kind, or of all kinds, that running jobs hold.
    #[must_use]
    pub fn busy_accelerators(&self, processor: ProcessorId, kind: Option<u16>) -> u32 {
        self.processors[processor.index()].busy_accelerators(kind)
    }

    /// Cores that the running jobs of a class ask for.
    #[must_use]
    pub fn asked_cores(&self, processor: ProcessorId, class: JobClass) -> f64 {
        self.processors[processor.index()].asked_cores(class)
    }

    /// Changes the speed of jobs by their class, as a share of [`Compute::mips`] a core; running jobs go on at
    /// the new speed.
    pub fn set_speeds(&mut self, now: SimTime, processor: ProcessorId, speeds: [f64; JobClass::COUNT]) {
        self.processors[processor.index()].set_speeds(now, speeds);
    }

    /// From `now` on a processor offers this share of its cores (>= 0); more than it has above 1. What runs goes on,
    /// slower if it asks for more than there is.
    pub fn set_offer(&mut self, now: SimTime, processor: ProcessorId, offer: f64) {
        self.processors[processor.index()].set_offer(now, offer, &mut self.jobs);
    }

    /// From now on a processor has so much more memory and storage in bytes, or less. What is held stays held: until
    /// enough of it is given back nothing more is admitted.
    pub fn add_room(&mut self, processor: ProcessorId, memory_bytes: f64, storage_bytes: f64) {
        self.processors[processor.index()].add_room(memory_bytes, storage_bytes);
    }

    /// Changes the speed of a processor's cores; running jobs go on at the new speed.
    pub fn set_mips(&mut self, now: SimTime, processor: ProcessorId, mips: f64) {
        self.processors[processor.index()].set_mips(now, mips);
    }
}

#[cfg(test)]
mod tests;
