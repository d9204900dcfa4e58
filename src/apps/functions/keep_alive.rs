//! How long idle replicas stay that are beyond what was allocated, and which go if memory is short.

use super::function::KeepAlive;
use super::report::{Cause, Change};
use super::workload::{FunctionWorkload, KEEP, WARM};
use crate::apps::{Context, Message};
use crate::engine::{ABSENT, Phase, SimDuration, SimTime};

/// Coefficient of variation of the counts of the bins from which on a histogram tells something.
const REPRESENTATIVE_CV: f64 = 2.0;

/// What is known of when a function is needed at a node.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    histogram: Option<Box<Histogram>>,
    /// When the last request was done with, if none came since then.
    idle_since: Option<SimTime>,
    /// Counts the times at which it became idle, so that timers of earlier ones are told apart.
    serial: u64,
    /// Of Greedy-Dual: the clock of the site at the last request, and requests so far.
    clock: f64,
    uses: u64,
}

/// How long a function was idle, in bins.
#[derive(Debug)]
struct Histogram {
    counts: Vec<u32>,
    total: u64,
    beyond: u64,
    /// Sum of the squares of the counts.
    squares: f64,
}

/// From the end of a request on: when to be warm again, and until when.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Plan {
    warm_s: f64,
    until_s: f64,
}

impl Keeper {
    pub(super) fn new(rule: &KeepAlive) -> Self {
        let histogram = match *rule {
            KeepAlive::Histogram { bins, .. } => {
                let counts = vec![0; bins as usize];
                Some(Box::new(Histogram { counts, total: 0, beyond: 0, squares: 0.0 }))
            }
            _ => None,
        };
        Keeper { histogram, ..Keeper::default() }
    }

    /// It is used when the clock of Greedy-Dual shows this.
    pub(super) fn use_at(&mut self, clock: f64) {
        self.clock = clock;
    }

    fn plan(&self, rule: &KeepAlive) -> Plan {
        match *rule {
            KeepAlive::None => Plan { warm_s: 0.0, until_s: 0.0 },
            KeepAlive::Fixed { idle_s } => Plan { warm_s: 0.0, until_s: idle_s },
            KeepAlive::Greedy => Plan { warm_s: 0.0, until_s: f64::INFINITY },
            KeepAlive::Histogram { bin_s, head, tail, margin, fixed_s, .. } => {
                let fixed = Plan { warm_s: 0.0, until_s: fixed_s };
                let plan = |own: &Histogram| own.plan(bin_s, head, tail, margin);
                self.histogram.as_deref().and_then(plan).unwrap_or(fixed)
            }
        }
    }
}

impl Histogram {
    fn add(&mut self, bin: usize) {
        match self.counts.get_mut(bin) {
            Some(count) => {
                self.squares += f64::from(2 * *count + 1);
                *count += 1;
                self.total += 1;
            }
            None => self.beyond += 1,
        }
    }

    /// `None` if it is not representative: the counts of its bins are alike, or most times are out of its bounds.
    fn plan(&self, bin_s: f64, head: f64, tail: f64, margin: f64) -> Option<Plan> {
        let bins = self.counts.len() as f64;
        let mean = self.total as f64 / bins;
        let variance = self.squares / bins - mean * mean;
        if self.total == 0
            || self.beyond >= self.total
            || variance.max(0.0).sqrt() < REPRESENTATIVE_CV * mean
        {
            return None;
        }
        let quantile = |fraction: f64| {
            let wanted = fraction * self.total as f64;
            let mut sum = 0.0;
            let reaches = |&count: &u32| {
                sum += f64::from(count);
                sum >= wanted && sum > 0.0
            };
            self.counts.iter().position(reaches).unwrap_or(self.counts.len() - 1)
        };
        // The time until it is warmed up is rounded down to a bin, that up to which it is kept is rounded up.
        let warm_s = quantile(head) as f64 * bin_s * (1.0 - margin);
        let until_s = (quantile(tail) + 1) as f64 * bin_s * (1.0 + margin);
        Some(Plan { warm_s, until_s })
    }
}

impl FunctionWorkload {
    /// A request has come to a pool: what was learnt of how long its function was idle.
    pub(super) fn learn_idle_time(&mut self, pool: u32, now: SimTime) {
        let rule = self.function(pool).keep_alive;
        let clock = self.eviction_clocks[self.site(pool) as usize];
        let keeper = &mut self.pools[pool as usize].keeper;
        (keeper.clock, keeper.uses) = (clock, keeper.uses + 1);
        let Some(since) = keeper.idle_since.take() else { return };
        keeper.serial += 1;
        if let (Some(histogram), KeepAlive::Histogram { bin_s, .. }) = (&mut keeper.histogram, rule) {
            // A float-to-integer cast saturates in Rust.
            histogram.add((now.since(since).as_secs() / bin_s) as usize);
        }
    }

    /// Replicas of a pool that may stop: those beyond the target, if requests have them made.
    fn spare(&self, pool: u32) -> u32 {
        let own = &self.pools[pool as usize];
        own.live().saturating_sub(own.target)
    }

    /// A replica of a pool is idle from now on.
    pub(super) fn keep(&mut self, pool: u32, context: &mut dyn Context) {
        let now = context.now();
        let rule = self.function(pool).keep_alive;
        let own = &mut self.pools[pool as usize];
        let is_quiet = own.in_flight == 0 && own.waiting.is_empty() && own.bound == 0;
        if is_quiet && own.keeper.idle_since.is_none() {
            own.keeper.idle_since = Some(now);
            if let KeepAlive::Histogram { .. } = rule {
                let plan = own.keeper.plan(&rule);
                if plan.warm_s > 0.0 && own.live() > own.target {
                    let detail = own.keeper.serial;
                    let then = now + SimDuration::from_secs(plan.warm_s);
                    let message = Message { code: WARM, subject: pool, detail };
                    context.set_timer(then, Phase::Completion, message);
                    while self.spare(pool) > 0 {
                        let Some(&key) = self.pools[pool as usize].idle.front() else { break };
                        self.stop(key, Change::Stopped, Cause::KeepAlive, context);
                    }
                    return;
                }
            }
        }
        self.watch_idle(pool, context);
    }

    /// From when on it counts for how long a replica is idle: that which was warmed up goes with its function.
    fn idle_from(&self, pool: u32, replica: u32) -> SimTime {
        let own = &self.pools[pool as usize];
        let idle_since = self.replicas[replica as usize].idle_since;
        match (&own.keeper.histogram, own.keeper.idle_since) {
            (Some(_), Some(since)) => since.min(idle_since),
            _ => idle_since,
        }
    }

    /// Sees to it that idle replicas of a pool stop in time.
    fn watch_idle(&mut self, pool: u32, context: &mut dyn Context) {
        let rule = self.function(pool).keep_alive;
        let own = &mut self.pools[pool as usize];
        if own.keeps || own.live() <= own.target {
            return;
        }
        let Some(&first) = own.idle.front() else { return };
        let until_s = own.keeper.plan(&rule).until_s;
        if until_s == f64::INFINITY {
            return;
        }
        own.keeps = true;
        let due = self.idle_from(pool, first) + SimDuration::from_secs(until_s);
        context.set_timer(due, Phase::Control, Message { code: KEEP, subject: pool, detail: 0 });
    }

    /// Stops what was idle for long enough.
    pub(super) fn expire(&mut self, pool: u32, context: &mut dyn Context) {
        let now = context.now();
        let rule = self.function(pool).keep_alive;
        self.pools[pool as usize].keeps = false;
        let keep = SimDuration::from_secs(self.pools[pool as usize].keeper.plan(&rule).until_s);
        while self.spare(pool) > 0 {
            let Some(&first) = self.pools[pool as usize].idle.front() else { break };
            if self.idle_from(pool, first) + keep > now {
                break;
            }
            self.stop(first, Change::Stopped, Cause::KeepAlive, context);
        }
        self.watch_idle(pool, context);
    }

    /// A function is likely to be needed soon.
    pub(super) fn warm(&mut self, pool: u32, serial: u64, context: &mut dyn Context) {
        let own = &self.pools[pool as usize];
        if own.keeper.serial == serial && own.keeper.idle_since.is_some() && own.live() == 0 {
            self.start_replica(pool, Cause::Warming, ABSENT, context);
        }
    }

    /// Stops one idle replica at a site, of those that are kept until memory is needed: that with the least priority, clock +
    /// uses * seconds of a start / memory, where the clock is what it was at the last use, and goes on to the priority of
    /// what is evicted. Whether there is one.
    pub(super) fn evict(&mut self, site: u32, context: &mut dyn Context) -> bool {
        let mut best: Option<(f64, u32)> = None;
        for pool in self.pools_of(site) {
            let function = self.function(pool);
            let own = &self.pools[pool as usize];
            if function.keep_alive != KeepAlive::Greedy || self.spare(pool) == 0 {
                continue;
            }
            let Some(&key) = own.idle.front() else { continue };
            let stages = self.replicas[key as usize].stages;
            let cold_s = stages.scheduling_s + stages.pull_s + stages.create_s + stages.init_s;
            let cold_s = function.cold_time_s.as_ref().map_or(cold_s, |cold_s| cold_s.mean());
            let priority =
                own.keeper.clock + own.keeper.uses as f64 * cold_s / function.memory_mb.max(1) as f64;
            if best.is_none_or(|(least, _)| priority < least) {
                best = Some((priority, key));
            }
        }
        let Some((priority, key)) = best else { return false };
        let pool = self.replicas[key as usize].pool;
        self.eviction_clocks[site as usize] = priority;
        self.remove(key, Change::Evicted, Cause::Memory, context);
        self.note(pool, context.now());
        true
    }
}
