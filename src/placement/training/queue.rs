//! The order in which waiting jobs are tried.

use crate::apps::training::{Cluster, Discipline, RunningJob, TriedOrder, WaitingJob};
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a queue sees.
#[derive(Clone, Copy, Debug)]
pub struct QueueView<'a> {
    /// The time in seconds.
    pub now_s: f64,
    /// Jobs that wait, in the order in which they came.
    pub waiting: &'a [WaitingJob],
    /// Jobs that run, in the order in which they started.
    pub running: &'a [RunningJob],
    /// The cluster.
    pub cluster: &'a Cluster,
}

/// A way to order jobs.
///
/// ```
/// use stratosim::placement::training::{QueuePolicy, QueueView};
///
/// /// The largest first.
/// #[derive(Debug)]
/// struct Largest;
///
/// impl QueuePolicy for Largest {
///     fn order(&mut self, view: &QueueView<'_>) -> Vec<usize> {
///         let mut order: Vec<usize> = (0..view.waiting.len()).collect();
///         order.sort_by_key(|&at| std::cmp::Reverse(view.waiting[at].job.gpus));
///         order
///     }
/// }
/// ```
pub trait QueuePolicy: fmt::Debug + Send {
    /// Positions in [`QueueView::waiting`] in the order in which they are tried. Those left out wait.
    fn order(&mut self, view: &QueueView<'_>) -> Vec<usize>;

    /// What happens when one cannot start.
    fn discipline(&self) -> Discipline {
        Discipline::Strict
    }

    /// For [`Discipline::Preempt`]: how urgent a job is, waiting or running; less is first. Jobs in the order in which they
    /// came are as urgent as each other else.
    fn urgency(&self, _state: &WaitingJob, _now_s: f64) -> f64 {
        0.0
    }

    /// The orders that it compared when it was [asked last](Self::order), with how good it takes them to be; none if it compares
    /// none. They are given once.
    fn take_tried(&mut self) -> Vec<TriedOrder> {
        Vec::new()
    }

    /// That its parameters make sense.
    ///
    /// # Errors
    /// If they do not.
    fn check(&self) -> Result<(), ParameterError> {
        Ok(())
    }
}

/// Positions by a key, ascending; of the same key the first comes first.
fn by_key(waiting: &[WaitingJob], key: impl Fn(&WaitingJob) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..waiting.len()).collect();
    // Stable.
    order.sort_by(|&a, &b| key(&waiting[a]).total_cmp(&key(&waiting[b])));
    order
}

/// First in, first out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Fifo {
    /// What happens when a job cannot start.
    pub discipline: Discipline,
}

impl QueuePolicy for Fifo {
    fn order(&mut self, view: &QueueView<'_>) -> Vec<usize> {
        (0..view.waiting.len()).collect()
    }

    fn discipline(&self) -> Discipline {
        self.discipline
    }

    fn urgency(&self, state: &WaitingJob, _now_s: f64) -> f64 {
        state.job.submit_s
    }
}

/// The shortest job first, by how long it takes at full rate; others are tried when it cannot start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortestFirst {}

impl QueuePolicy for ShortestFirst {
    fn order(&mut self, view: &QueueView<'_>) -> Vec<usize> {
        by_key(view.waiting, |state| state.job.duration_s)
    }

    fn discipline(&self) -> Discipline {
        Discipline::Backfill
    }
}

/// The job with the least left first; what runs gives way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortestRemaining {}

impl QueuePolicy for ShortestRemaining {
    fn order(&mut self, view: &QueueView<'_>) -> Vec<usize> {
        by_key(view.waiting, |state| self.urgency(state, view.now_s))
    }

    fn discipline(&self) -> Discipline {
        Discipline::Preempt
    }

    fn urgency(&self, state: &WaitingJob, _now_s: f64) -> f64 {
        state.remaining_s
    }
}

/// The job that has had the least service first, in GPU-seconds, which asks for no duration (Tiresias' 2D-LAS, Gu et al., NSDI
/// 2019). Service counts in steps, so that jobs do not take turns all the time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LeastAttained {
    /// GPU-seconds at which a job falls to the next step, ascending.
    pub steps_gpu_s: Vec<f64>,
}

impl Default for LeastAttained {
    fn default() -> Self {
        LeastAttained { steps_gpu_s: vec![3_200.0, 36_000.0] }
    }
}

impl QueuePolicy for LeastAttained {
    fn order(&mut self, view: &QueueView<'_>) -> Vec<usize> {
        by_key(view.waiting, |state| self.urgency(state, view.now_s))
    }

    fn discipline(&self) -> Discipline {
        Discipline::Preempt
    }

    fn urgency(&self, state: &WaitingJob, _now_s: f64) -> f64 {
        let attained = f64::from(state.job.gpus) * state.attained_s;
        self.steps_gpu_s.partition_point(|&step| step <= attained) as f64
    }

    fn check(&self) -> Result<(), ParameterError> {
        let good = self.steps_gpu_s.iter().all(|step| *step > 0.0 && step.is_finite());
        if good && self.steps_gpu_s.is_sorted_by(|a, b| a < b) {
            Ok(())
        } else {
            Err(ParameterError::new("steps must be above 0 and ascend").at("steps_gpu_s"))
        }
    }
}

/// The job with the greatest Gittins index first: of those that have had as much as it, how many end within a while for each
/// GPU-second that they take, for the best such while (Gittins 1979; Tiresias' 2D-Gittins). It is told the distribution of services,
/// not each job's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gittins {
    /// Services of jobs that have ended, in GPU-seconds.
    pub services_gpu_s: Vec<f64>,
}

impl Gittins {
    /// The index, in jobs a GPU-second, of a job that has had `attained_gpu_s`; 0 beyond all services. O(services).
    #[must_use]
    pub fn index(&self, attained_gpu_s: f64) -> f64 {
        let mut left: Vec<f64> = self
            .services_gpu_s
            .iter()
            .map(|service| service - attained_gpu_s)
            .filter(|&left| left > 0.0)
            .collect();
        left.sort_by(f64::total_cmp);
        let (mut best, mut spent) = (0.0_f64, 0.0);
        for (ended, &time) in (1..).zip(&left) {
            spent += time;
            let others = (left.len() - ended) as f64;
            best = best.max(ended as f64 / (spent + others * time));
        }
        best
    }
}

impl QueuePolicy for Gittins {
    fn order(&mut self, view: &QueueView<'_>) -> Vec<usize> {
        by_key(view.waiting, |state| self.urgency(state, view.now_s))
    }

    fn discipline(&self) -> Discipline {
        Discipline::Preempt
    }

    fn urgency(&self, state: &WaitingJob, _now_s: f64) -> f64 {
        -self.index(f64::from(state.job.gpus) * state.attained_s)
    }

    fn check(&self) -> Result<(), ParameterError> {
        let good = self.services_gpu_s.iter().all(|service| *service > 0.0 && service.is_finite());
        if good && !self.services_gpu_s.is_empty() {
            Ok(())
        } else {
            Err(ParameterError::new("at least one service, all of them above 0").at("services_gpu_s"))
        }
    }
}

/// Positions in [`QueueView::running`] of jobs that give way under [`Discipline::Preempt`]: all jobs, waiting and running, by
/// urgency, then by when they were submitted, then by number, take GPUs as long as there are as many; those that run and are not
/// among them stop. It counts GPUs only, so that a job for which others stop may still find no circuits.
#[must_use]
pub fn giving_way(view: &QueueView<'_>, policy: &dyn QueuePolicy) -> Vec<usize> {
    let waiting = view.waiting.iter().map(|state| (state, None));
    let running = view.running.iter().enumerate().map(|(at, run)| (&run.state, Some(at)));
    let mut all: Vec<(f64, &WaitingJob, Option<usize>)> = waiting
        .chain(running)
        .map(|(state, at)| (policy.urgency(state, view.now_s), state, at))
        .collect();
    all.sort_by(|a, b| {
        let when = a.1.job.submit_s.total_cmp(&b.1.job.submit_s);
        a.0.total_cmp(&b.0).then(when).then(a.1.job.id.cmp(&b.1.job.id))
    });
    let taken: u64 = view.running.iter().map(|run| u64::from(run.state.job.gpus)).sum();
    let mut left = view.cluster.free() + taken;
    let mut stopped = Vec::new();
    for (_, state, at) in all {
        match left.checked_sub(u64::from(state.job.gpus)) {
            Some(rest) => left = rest,
            None => stopped.extend(at),
        }
    }
    stopped.sort_unstable();
    stopped
}
