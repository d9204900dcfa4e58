//! Epochs: what loads are expected, asking for an allocation, and when it begins to hold.

use crate::apps::replica_allocation::ReplicaAllocation;
use crate::engine::{Distribution, EntityStream, SimDuration, SimTime};
use std::collections::BTreeMap;
use std::fmt;

/// Forecasts the load of a stream for the coming epoch.
pub trait LoadForecast: fmt::Debug + Send {
    /// How many epochs back it looks.
    fn window(&self) -> usize;

    /// Requests per second in the coming epoch, by those of the epochs before, the newest last; what will come is told, too,
    /// for those who see it.
    fn next_rps(&mut self, history_rps: &[f64], coming_rps: f64) -> f64;
}

/// Where the loads come from that an allocation is for.
#[derive(Debug)]
pub enum Loads {
    /// What has come in the last epoch.
    Measured,
    /// What the trace says of the coming one, in the mean.
    Announced,
    /// A forecast by what has come in the epochs before.
    Forecast(Box<dyn LoadForecast>),
}

/// How epochs go.
#[derive(Debug)]
pub struct EpochOptions {
    /// Length of an epoch, above 0.
    pub length: SimDuration,
    /// Where the loads come from. Those of the first epoch are announced, since nothing is known by then.
    pub loads: Loads,
    /// Seconds that a decision takes, after which its allocation holds.
    pub decision_s: Distribution,
    /// Seconds more for each iteration that the method has taken.
    pub per_iteration_s: f64,
}

impl Default for EpochOptions {
    fn default() -> Self {
        EpochOptions {
            length: SimDuration::from_secs(60.0),
            loads: Loads::Measured,
            decision_s: Distribution::zero(),
            per_iteration_s: 0.0,
        }
    }
}

/// The epoch that runs, and allocations that do not hold yet.
#[derive(Debug)]
pub(super) struct Epochs {
    options: EpochOptions,
    number: u64,
    began: SimTime,
    is_asked: bool,
    /// Requests that have entered in this epoch, by stream.
    entered: Vec<u64>,
    /// What was expected to enter in it.
    loads_rps: Vec<f64>,
    /// What has come in the epochs before, the newest last, if it is forecast.
    history_rps: Vec<Vec<f64>>,
    /// Allocations that do not hold yet, with the epochs that they were asked in, by the number of their question.
    waiting: BTreeMap<u64, (u32, ReplicaAllocation)>,
    questions: u64,
    random: EntityStream,
}

impl Epochs {
    /// The first epoch, which begins now.
    pub(super) fn new(
        options: EpochOptions,
        streams: usize,
        now: SimTime,
        announced_rps: impl FnMut(usize) -> f64,
        random: EntityStream,
    ) -> Self {
        let is_forecast = matches!(options.loads, Loads::Forecast(_));
        Epochs {
            options,
            number: 0,
            began: now,
            is_asked: false,
            entered: vec![0; streams],
            loads_rps: (0..streams).map(announced_rps).collect(),
            history_rps: vec![Vec::new(); if is_forecast { streams } else { 0 }],
            waiting: BTreeMap::new(),
            questions: 0,
            random,
        }
    }

    /// Number of the epoch, from 0.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Length of an epoch.
    pub(super) fn length(&self) -> SimDuration {
        self.options.length
    }

    /// A request enters.
    pub(super) fn enter(&mut self, stream: usize) {
        self.entered[stream] += 1;
    }

    /// Begins the next epoch; `announced_rps` is what will enter in it in the mean.
    pub(super) fn advance(&mut self, now: SimTime, mut announced_rps: impl FnMut(usize) -> f64) {
        let time_s = now.as_secs() - self.began.as_secs();
        let measured = |count: u64| if time_s > 0.0 { count as f64 / time_s } else { 0.0 };
        for s in 0..self.entered.len() {
            let last_rps = measured(self.entered[s]);
            self.loads_rps[s] = match &mut self.options.loads {
                Loads::Measured => last_rps,
                Loads::Announced => announced_rps(s),
                Loads::Forecast(forecast) => {
                    let history = &mut self.history_rps[s];
                    if history.len() >= forecast.window().max(1) {
                        history.remove(0);
                    }
                    history.push(last_rps);
                    let next_rps = forecast.next_rps(history, announced_rps(s));
                    // What is not known is taken to stay.
                    if next_rps.is_finite() { next_rps.max(0.0) } else { last_rps }
                }
            };
            self.entered[s] = 0;
        }
        self.number += 1;
        self.began = now;
        self.is_asked = false;
    }

    /// A question: whether it is the first of the epoch, and the loads of those of `nodes` that work, since what enters at
    /// others is lost. What comes of it holds after [`delay`](Self::delay).
    pub(super) fn question(&mut self, is_up: &[bool]) -> (bool, Vec<f64>) {
        let functions = (self.loads_rps.len() / is_up.len().max(1)).max(1);
        let of_up = |(s, &load_rps)| if is_up[s / functions] { load_rps } else { 0.0 };
        let loads_rps = self.loads_rps.iter().enumerate().map(of_up).collect();
        (!std::mem::replace(&mut self.is_asked, true), loads_rps)
    }

    /// How long it takes until an allocation holds.
    pub(super) fn delay(&mut self, allocation: &ReplicaAllocation) -> SimDuration {
        let iterations = allocation.found.as_ref().map_or(0, |found| found.iterations);
        let decision_s = self.options.decision_s.sample(&mut self.random).max(0.0);
        SimDuration::from_secs(decision_s + self.options.per_iteration_s * f64::from(iterations))
    }

    /// Keeps an allocation until it holds, and returns its number.
    pub(super) fn keep(&mut self, allocation: ReplicaAllocation) -> u64 {
        self.questions += 1;
        self.waiting.insert(self.questions, (self.number as u32, allocation));
        self.questions
    }

    /// Whether the epoch ends now, or should have.
    pub(super) fn is_over(&self, now: SimTime) -> bool {
        now >= self.began + self.options.length
    }

    /// An allocation begins to hold, unless a later one already does; with the epoch that it was asked in.
    pub(super) fn take(&mut self, number: u64) -> Option<(u32, ReplicaAllocation)> {
        let allocation = self.waiting.remove(&number);
        // What was asked for before is out of date.
        self.waiting = self.waiting.split_off(&number);
        allocation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;

    /// The mean of what it is told and of what will be.
    #[derive(Debug)]
    struct Middle;

    impl LoadForecast for Middle {
        fn window(&self) -> usize {
            2
        }

        fn next_rps(&mut self, history_rps: &[f64], coming_rps: f64) -> f64 {
            if history_rps.len() < 2 {
                return f64::NAN;
            }
            (history_rps.iter().sum::<f64>() + coming_rps) / 3.0
        }
    }

    fn epochs(loads: Loads) -> Epochs {
        let options = EpochOptions {
            length: SimDuration::from_secs(10.0),
            loads,
            decision_s: Distribution::constant(0.5).unwrap(),
            per_iteration_s: 0.25,
        };
        let random = RandomStreams::new(1).entity("test", 0);
        Epochs::new(options, 2, SimTime::ZERO, |s| s as f64 + 7.0, random)
    }

    /// The loads of epochs in which 20, 0, 40 and 10 requests enter at the first stream, 5 a second being announced.
    fn loads(loads: Loads) -> Vec<f64> {
        let mut epochs = epochs(loads);
        let mut found = vec![epochs.loads_rps[0]];
        for (number, count) in [20, 0, 40, 10].into_iter().enumerate() {
            assert_eq!(epochs.number(), number as u64);
            (0..count).for_each(|_| epochs.enter(0));
            epochs.advance(SimTime::from_secs(10.0 * (number + 1) as f64), |_| 5.0);
            found.push(epochs.loads_rps[0]);
        }
        found
    }

    /// The first epoch takes what is announced; a forecast that knows nothing leaves the last load.
    #[test]
    fn loads_by_hand() {
        assert_eq!(loads(Loads::Measured), [7.0, 2.0, 0.0, 4.0, 1.0]);
        assert_eq!(loads(Loads::Announced), [7.0, 5.0, 5.0, 5.0, 5.0]);
        let forecast = loads(Loads::Forecast(Box::new(Middle)));
        assert_eq!(forecast, [7.0, 2.0, 7.0 / 3.0, 3.0, 10.0 / 3.0]);
    }

    /// Half a second, and a quarter for each of 3 iterations; an allocation that comes after a later one is not taken.
    #[test]
    fn decisions_take_time() {
        let mut epochs = epochs(Loads::Measured);
        let found = crate::apps::replica_allocation::Found {
            objective: 0.0,
            bound: None,
            iterations: 3,
            search_nodes: 0,
            status: "heuristic".into(),
            series: Vec::new(),
        };
        let slow = ReplicaAllocation { found: Some(found), ..ReplicaAllocation::default() };
        let quick = ReplicaAllocation { replicas: vec![1, 2], ..ReplicaAllocation::default() };
        assert_eq!(epochs.delay(&slow), SimDuration::from_secs(1.25));
        assert_eq!(epochs.delay(&quick), SimDuration::from_secs(0.5));
        let (first, second) = (epochs.keep(slow), epochs.keep(quick.clone()));
        epochs.advance(SimTime::from_secs(10.0), |_| 0.0);
        assert_eq!(epochs.take(second), Some((0, quick)));
        assert_eq!(epochs.take(first), None);
    }
}
