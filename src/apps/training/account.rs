//! What a cluster adds up over a run.

use super::cluster::StartRefusal;
use crate::apps::times::Times;
use crate::engine::{SimTime, TimeWeighted};
use serde_json::{Value, json};

/// What a job that was tried was short of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shortages {
    pub(super) gpus: u64,
    pub(super) ports: u64,
    pub(super) colours: u64,
}

impl Shortages {
    pub(super) fn count(&mut self, refusal: &StartRefusal) {
        match refusal.cause() {
            "port" => self.ports += 1,
            "colouring" => self.colours += 1,
            _ => self.gpus += 1,
        }
    }

    fn add(&mut self, other: Shortages) {
        self.gpus += other.gpus;
        self.ports += other.ports;
        self.colours += other.colours;
    }

    fn json(self) -> Value {
        json!({ "gpu": self.gpus, "port": self.ports, "colouring": self.colours })
    }
}

/// What has happened at an instant.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Instant {
    pub(super) submitted: u64,
    pub(super) started: u64,
    pub(super) ended: u64,
    pub(super) moved: u64,
    pub(super) short: Shortages,
}

/// The sums of a run. Of jobs those count that were submitted after the warm-up.
#[derive(Debug)]
pub(super) struct Account {
    gpus: f64,
    measure_from: SimTime,
    busy: TimeWeighted,
    /// The integral of busy GPUs when the warm-up ended.
    busy_before_gpu_s: f64,
    /// GPU-seconds at full rate that were done after the warm-up.
    work_gpu_s: f64,
    /// GPU-seconds at full rate that were submitted after the warm-up.
    offered_gpu_s: f64,
    first_submit: Option<SimTime>,
    last_end: Option<SimTime>,
    waits_s: Times,
    completions_s: Times,
    slow_downs: Times,
    pub(super) submitted: u64,
    pub(super) finished: u64,
    pub(super) refused: Shortages,
    short: Shortages,
    pub(super) preemptions: u64,
    pub(super) faults: u64,
    pub(super) lost_gpu_s: f64,
    pub(super) circuits_set_up: u64,
    pub(super) circuits_moved: u64,
    pub(super) circuits_lost: u64,
    pub(super) not_metered: u64,
}

impl Account {
    pub(super) fn new(gpus: u64, measure_from: SimTime) -> Self {
        Account {
            gpus: gpus as f64,
            measure_from,
            busy: TimeWeighted::new(SimTime::ZERO, 0.0),
            busy_before_gpu_s: 0.0,
            work_gpu_s: 0.0,
            offered_gpu_s: 0.0,
            first_submit: None,
            last_end: None,
            waits_s: Times::default(),
            completions_s: Times::default(),
            slow_downs: Times::default(),
            submitted: 0,
            finished: 0,
            refused: Shortages::default(),
            short: Shortages::default(),
            preemptions: 0,
            faults: 0,
            lost_gpu_s: 0.0,
            circuits_set_up: 0,
            circuits_moved: 0,
            circuits_lost: 0,
            not_metered: 0,
        }
    }

    /// Whether what happens now counts.
    pub(super) fn measures(&self, now: SimTime) -> bool {
        now >= self.measure_from
    }

    /// The warm-up ends; all running jobs have been settled before.
    pub(super) fn begin(&mut self, now: SimTime) {
        self.busy_before_gpu_s = self.busy.integral(now);
        self.work_gpu_s = 0.0;
    }

    pub(super) fn set_busy(&mut self, now: SimTime, gpus: u64) {
        self.busy.set(now, gpus as f64);
    }

    /// Busy GPU-seconds since the start of the run.
    pub(super) fn busy_gpu_s(&self, now: SimTime) -> f64 {
        self.busy.integral(now)
    }

    pub(super) fn work(&mut self, gpu_s: f64) {
        self.work_gpu_s += gpu_s;
    }

    pub(super) fn submit(&mut self, now: SimTime, gpu_s: f64) {
        self.first_submit.get_or_insert(now);
        if self.measures(now) {
            self.submitted += 1;
            self.offered_gpu_s += gpu_s;
        }
    }

    pub(super) fn short(&mut self, short: Shortages) {
        self.short.add(short);
    }

    /// A job has ended that waited, was there and ran so long, and ran so much longer than at full rate.
    pub(super) fn end(&mut self, now: SimTime, submitted: SimTime, wait_s: f64, slow_down: f64) {
        self.last_end = Some(now);
        if self.measures(submitted) {
            self.finished += 1;
            self.waits_s.add(wait_s);
            self.completions_s.add((now - submitted).as_secs());
            self.slow_downs.add(slow_down);
        }
    }

    pub(super) fn summary(&self, end: SimTime) -> Value {
        let span_s = (end - self.measure_from.min(end)).as_secs();
        let capacity_gpu_s = self.gpus * span_s;
        let share = |gpu_s: f64| (capacity_gpu_s > 0.0).then(|| gpu_s / capacity_gpu_s);
        let makespan =
            self.last_end.zip(self.first_submit).map(|(last, first)| (last - first).as_secs());
        json!({
            "jobs": {
                "submitted": self.submitted,
                "finished": self.finished,
                "refused": self.refused.json(),
                "preemptions": self.preemptions,
                "stopped_by_faults": self.faults,
                "lost_gpu_s": self.lost_gpu_s,
            },
            "offered_load": share(self.offered_gpu_s),
            "utilisation": {
                "busy": share(self.busy.integral(end) - self.busy_before_gpu_s),
                "at_full_rate": share(self.work_gpu_s),
            },
            "makespan_s": makespan,
            "wait_s": self.waits_s.json(),
            "completion_s": self.completions_s.json(),
            "slow_down": self.slow_downs.json(),
            "short_of": self.short.json(),
            "circuits": {
                "set_up": self.circuits_set_up,
                "moved": self.circuits_moved,
                "lost": self.circuits_lost,
            },
            "parts_not_metered": self.not_metered,
        })
    }
}
