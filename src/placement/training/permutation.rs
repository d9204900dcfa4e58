//! The best order of the first few jobs, by a predictor.

use super::heuristics::uplink_aware;
use super::queue::{QueuePolicy, QueueView};
use crate::apps::training::{Discipline, TriedOrder};
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// More jobs have too many orders: 8 have 40 320.
const MOST_WINDOW: u32 = 8;

/// Tells how good an order of waiting jobs would be.
///
/// ```
/// use stratosim::placement::training::{OrderPredictor, QueueView};
///
/// /// Small jobs early.
/// #[derive(Debug)]
/// struct SmallEarly;
///
/// impl OrderPredictor for SmallEarly {
///     fn score(&mut self, view: &QueueView<'_>, order: &[usize]) -> f64 {
///         let gpus = order.iter().map(|&at| f64::from(view.waiting[at].job.gpus));
///         -gpus.zip(0..).map(|(gpus, place)| gpus * f64::from(order.len() as i32 - place)).sum::<f64>()
///     }
/// }
/// ```
pub trait OrderPredictor: fmt::Debug + Send {
    /// How good it is to try these positions of [`QueueView::waiting`] in this order; more is better.
    fn score(&mut self, view: &QueueView<'_>, order: &[usize]) -> f64;
}

/// Plays the order through: jobs start one after the other, as soon as there is room for them, and end when they are expected to.
/// The score is what part of the GPUs they keep busy on average until the horizon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OraclePredictor {
    /// How many seconds are looked ahead.
    pub horizon_s: f64,
}

impl Default for OraclePredictor {
    fn default() -> Self {
        OraclePredictor { horizon_s: 86_400.0 }
    }
}

impl OrderPredictor for OraclePredictor {
    fn score(&mut self, view: &QueueView<'_>, order: &[usize]) -> f64 {
        let mut cluster = view.cluster.clone();
        let mut ends: Vec<(f64, u32)> =
            view.running.iter().map(|run| (run.end_s.max(view.now_s), run.state.job.id)).collect();
        let until_s = view.now_s + self.horizon_s;
        let (mut now_s, mut work) = (view.now_s, 0.0);
        'jobs: for &at in order {
            let state = &view.waiting[at];
            loop {
                let started = uplink_aware(&cluster, state.job.gpus)
                    .and_then(|placement| cluster.start(&state.job, placement).ok());
                if let Some(started) = started {
                    let slow_down = state.job.slow_down(started.rate);
                    let end_s = now_s + state.remaining_s * slow_down;
                    // What is done counts at full rate.
                    let busy_s = (end_s.min(until_s) - now_s).max(0.0) / slow_down;
                    work += f64::from(state.job.gpus) * busy_s;
                    ends.push((end_s, state.job.id));
                    break;
                }
                let next = (0..ends.len()).min_by(|&a, &b| ends[a].0.total_cmp(&ends[b].0));
                let Some(next) = next else { break 'jobs };
                let (end_s, job) = ends.swap_remove(next);
                cluster.end(job);
                now_s = end_s.max(now_s);
                if now_s >= until_s {
                    break 'jobs;
                }
            }
        }
        work / (cluster.shape().gpus() as f64 * self.horizon_s)
    }
}

/// A sum over jobs of weighted features, jobs further back counting less: a model fitted elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinearPredictor {
    /// Weight of its GPUs over all GPUs.
    pub gpus: f64,
    /// Weight of the hours that it needs still.
    pub hours: f64,
    /// Weight of the hours that it has waited since it was submitted.
    pub waited_hours: f64,
    /// Weight of its part of communication.
    pub communication: f64,
    /// What the job at each place counts of the one before, from 0 to 1.
    pub discount: f64,
}

impl OrderPredictor for LinearPredictor {
    fn score(&mut self, view: &QueueView<'_>, order: &[usize]) -> f64 {
        const HOUR_S: f64 = 3600.0;
        let all = view.cluster.shape().gpus() as f64;
        let (mut sum, mut weight) = (0.0, 1.0);
        for &at in order {
            let state = &view.waiting[at];
            let value = self.gpus * f64::from(state.job.gpus) / all
                + self.hours * state.remaining_s / HOUR_S
                + self.waited_hours * (view.now_s - state.job.submit_s) / HOUR_S
                + self.communication * state.job.communication;
            sum += weight * value;
            weight *= self.discount;
        }
        sum
    }
}

/// Tries all orders of the first jobs of the queue, and takes the best by its predictor; of as good ones the first in the order of
/// positions, so that jobs keep theirs if nothing is won. The others follow as they came.
#[derive(Clone, Debug)]
pub struct WindowPermutation<P> {
    /// How many jobs, up to 8.
    pub window: u32,
    /// What happens when a job cannot start.
    pub discipline: Discipline,
    /// Tells how good an order is.
    pub predictor: P,
    tried: Vec<TriedOrder>,
}

impl<P> WindowPermutation<P> {
    /// One that has not been asked yet.
    pub const fn new(window: u32, discipline: Discipline, predictor: P) -> Self {
        WindowPermutation { window, discipline, predictor, tried: Vec::new() }
    }
}

impl<P: OrderPredictor> QueuePolicy for WindowPermutation<P> {
    fn order(&mut self, view: &QueueView<'_>) -> Vec<usize> {
        let window = view.waiting.len().min(self.window.min(MOST_WINDOW) as usize);
        let mut order: Vec<usize> = (0..window).collect();
        let mut best = order.clone();
        let mut most = self.predictor.score(view, &order);
        self.tried.clear();
        self.tried.push(TriedOrder { order: order.clone(), score: most });
        while next_permutation(&mut order) {
            let score = self.predictor.score(view, &order);
            self.tried.push(TriedOrder { order: order.clone(), score });
            if score > most {
                most = score;
                best.clone_from(&order);
            }
        }
        best.extend(window..view.waiting.len());
        best
    }

    fn discipline(&self) -> Discipline {
        self.discipline
    }

    fn take_tried(&mut self) -> Vec<TriedOrder> {
        std::mem::take(&mut self.tried)
    }

    fn check(&self) -> Result<(), ParameterError> {
        if (1..=MOST_WINDOW).contains(&self.window) {
            Ok(())
        } else {
            let message = format!("the window is {}, but must be from 1 to {MOST_WINDOW}", self.window);
            Err(ParameterError::new(message).at("window"))
        }
    }
}

/// The next order in the order of a dictionary; `false`, and nothing changed, after the last.
fn next_permutation(order: &mut [usize]) -> bool {
    let Some(pivot) = (1..order.len()).rev().find(|&at| order[at - 1] < order[at]) else { return false };
    // There is one: that at the pivot.
    let larger = (pivot..order.len()).rev().find(|&at| order[at] > order[pivot - 1]);
    if let Some(larger) = larger {
        order.swap(pivot - 1, larger);
    }
    order[pivot..].reverse();
    true
}
