//! Batch jobs in virtual machines, with what they wait for.

use super::config::BatchJob;
use super::workload::{JOB, VmWorkload};
use crate::apps::{Context, Message};
use crate::energy::JobClass;
use crate::engine::{Phase, SimTime};
use crate::infra::compute::{Job, JobRequest};
use crate::infra::{JobOutcome, VmSpec};
use crate::records::Cell;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What has become of a job.
#[derive(Clone, Debug, Default)]
struct State {
    /// Jobs that it still waits for.
    waits_for: u32,
    ready: Option<SimTime>,
    started: Option<SimTime>,
    attempts: u32,
    /// The request whose virtual machine it is or was in.
    number: Option<u32>,
    done: bool,
}

/// The load of a virtual machine that takes jobs.
#[derive(Clone, Copy, Debug)]
struct Load {
    cores: u32,
    vcpus: u32,
}

impl Load {
    /// Cores asked for over virtual cores, in millionths: what they are compared by.
    fn share(self) -> u64 {
        u64::from(self.cores) * 1_000_000 / u64::from(self.vcpus.max(1))
    }
}

/// The jobs of a workload.
#[derive(Debug)]
pub(super) struct Jobs {
    jobs: Vec<BatchJob>,
    states: Vec<State>,
    /// For each job those that wait for it.
    followers: Vec<Vec<u32>>,
    /// Jobs by the time of their submission, and how many have been submitted.
    order: Vec<u32>,
    submitted: usize,
    /// Jobs that could run, in the order in which they became ready.
    ready: VecDeque<u32>,
    loads: BTreeMap<u32, Load>,
    by_load: BTreeSet<(u64, u32)>,
    done: u64,
    lost: u64,
    last_done: SimTime,
    response_s: crate::engine::Summary,
}

impl Jobs {
    pub(super) fn new(jobs: Vec<BatchJob>) -> Self {
        let mut followers = vec![Vec::new(); jobs.len()];
        let mut states = vec![State::default(); jobs.len()];
        for (index, job) in (0u32..).zip(&jobs) {
            for &before in job.after.iter().filter(|&&before| before < index) {
                followers[before as usize].push(index);
                states[index as usize].waits_for += 1;
            }
        }
        let mut order: Vec<u32> = (0..jobs.len() as u32).collect();
        order.sort_by_key(|&job| jobs[job as usize].time);
        Jobs {
            jobs,
            states,
            followers,
            order,
            submitted: 0,
            ready: VecDeque::new(),
            loads: BTreeMap::new(),
            by_load: BTreeSet::new(),
            done: 0,
            lost: 0,
            last_done: SimTime::ZERO,
            response_s: crate::engine::Summary::default(),
        }
    }

    /// The virtual machine of a request takes jobs from now on.
    pub(super) fn open(&mut self, number: u32, spec: &VmSpec) {
        let load = Load { cores: 0, vcpus: spec.vcpus };
        if self.loads.insert(number, load).is_none() {
            self.by_load.insert((load.share(), number));
        }
    }

    /// The virtual machine of a request takes no jobs any more.
    pub(super) fn close(&mut self, number: u32) {
        if let Some(load) = self.loads.remove(&number) {
            self.by_load.remove(&(load.share(), number));
        }
    }

    fn change_load(&mut self, number: u32, change: impl Fn(u32) -> u32) {
        if let Some(load) = self.loads.get_mut(&number) {
            self.by_load.remove(&(load.share(), number));
            load.cores = change(load.cores);
            self.by_load.insert((load.share(), number));
        }
    }

    /// Lets a job run; nothing if it was let before: one whose last predecessor ends at the instant at which it is
    /// submitted is told twice.
    fn become_ready(&mut self, job: u32, now: SimTime) {
        if self.states[job as usize].ready.replace(now).is_none() {
            self.ready.push_back(job);
        }
    }
}

impl VmWorkload {
    pub(super) fn schedule_jobs(&self, context: &mut dyn Context) {
        if let Some(&next) = self.jobs.order.get(self.jobs.submitted) {
            let time = self.jobs.jobs[next as usize].time;
            context.set_timer(time, Phase::Demand, Message { code: JOB, ..Message::default() });
        }
    }

    /// Takes in the jobs that are due.
    pub(super) fn on_job_due(&mut self, context: &mut dyn Context) {
        let now = context.now();
        let jobs = &mut self.jobs;
        while let Some(&next) = jobs.order.get(jobs.submitted) {
            if jobs.jobs[next as usize].time > now {
                break;
            }
            jobs.submitted += 1;
            if jobs.states[next as usize].waits_for == 0 {
                jobs.become_ready(next, now);
            }
        }
        self.schedule_jobs(context);
        self.start_jobs(context);
    }

    /// Starts jobs that are ready, in their order, each in the virtual machine with the least load that takes it;
    /// one that none takes holds up those behind it.
    pub(super) fn start_jobs(&mut self, context: &mut dyn Context) {
        while let Some(&next) = self.jobs.ready.front() {
            let job = &self.jobs.jobs[next as usize];
            // Their speed is that of their virtual machine, whatever its class.
            let request = JobRequest {
                length_mi: job.length_mi,
                cores: job.cores,
                memory_bytes: job.memory_bytes,
                accelerator: None,
                class: JobClass::Compute,
            };
            let vms = &self.vms;
            let taken = self.jobs.by_load.iter().map(|&(_, number)| number).find(|&number| {
                let vm = vms[number as usize].vm;
                context.submit_vm_job(vm, request, u64::from(next)).is_ok()
            });
            let Some(number) = taken else { break };
            self.jobs.ready.pop_front();
            let state = &mut self.jobs.states[next as usize];
            state.number = Some(number);
            state.attempts += 1;
            self.jobs.change_load(number, |cores| cores + request.cores);
        }
    }

    pub(super) fn job_ended(
        &mut self,
        token: u32,
        job: &Job,
        outcome: JobOutcome,
        context: &mut dyn Context,
    ) {
        let now = context.now();
        let jobs = &mut self.jobs;
        let Some(state) = jobs.states.get_mut(token as usize) else { return };
        state.started = job.started;
        if let Some(number) = state.number {
            let cores = job.request.cores;
            jobs.change_load(number, |before| before.saturating_sub(cores));
        }
        if outcome == JobOutcome::Done {
            jobs.states[token as usize].done = true;
            jobs.done += 1;
            jobs.last_done = now;
            jobs.response_s.add(now.since(jobs.jobs[token as usize].time).as_secs());
            for follower in std::mem::take(&mut jobs.followers[token as usize]) {
                let state = &mut jobs.states[follower as usize];
                state.waits_for -= 1;
                if state.waits_for == 0 && jobs.jobs[follower as usize].time <= now {
                    jobs.become_ready(follower, now);
                }
            }
            self.record_job(token, true, context);
        } else {
            jobs.lost += 1;
            jobs.ready.push_front(token);
        }
        self.start_jobs(context);
    }

    fn record_job(&self, job: u32, done: bool, context: &mut dyn Context) {
        let Some(registered) = &self.registered else { return };
        if !context.is_recorded(registered.jobs) {
            return;
        }
        let (own, state) = (&self.jobs.jobs[job as usize], &self.jobs.states[job as usize]);
        let words = &registered.words;
        let seconds = |time: Option<SimTime>| Cell::from(time.map(SimTime::as_secs));
        let row = [
            Cell::Float(context.now().as_secs()),
            Cell::from(job),
            Cell::Category(registered.name),
            state.number.map(|number| self.vms[number as usize].vm.0).into(),
            Cell::Category(if done { words.done } else { words.unfinished }),
            Cell::Float(own.time.as_secs()),
            seconds(state.ready),
            seconds(state.started),
            Cell::Float(own.length_mi),
            Cell::from(own.cores),
            Cell::from(state.attempts),
        ];
        context.record(registered.jobs, &row);
    }

    /// Records the jobs that were submitted and are not done.
    pub(super) fn finish_jobs(&mut self, context: &mut dyn Context) {
        for at in 0..self.jobs.submitted {
            let job = self.jobs.order[at];
            if !self.jobs.states[job as usize].done {
                self.record_job(job, false, context);
            }
        }
    }

    pub(super) fn has_jobs(&self) -> bool {
        !self.jobs.jobs.is_empty()
    }

    /// What the summary says of jobs.
    pub(super) fn summarise_jobs(&self) -> serde_json::Value {
        let jobs = &self.jobs;
        let number = |value: f64| if value.is_finite() { json!(value) } else { json!(null) };
        json!({
            "submitted": jobs.submitted,
            "done": jobs.done,
            "restarted": jobs.lost,
            "makespan_s": if jobs.done > 0 { json!(jobs.last_done.as_secs()) } else { json!(null) },
            "response_s": { "mean": number(jobs.response_s.mean()), "max": number(jobs.response_s.max()) },
        })
    }
}
