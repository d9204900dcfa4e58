//! The clock of epochs and questions, and what the policy is told.

use super::agents::{LETTER, PATIENCE};
use super::epochs::Epochs;
use super::window::Windows;
use super::workload::FunctionWorkload;
use crate::apps::replica_allocation::{
    ObservedStreams, ReplicaAllocation, ReplicaAllocationChoice, ReplicaAllocationRequest,
};
use crate::apps::{Context, Message};
use crate::engine::{Phase, SimDuration, SimTime};
use crate::infra::assets::AssetId;

/// An epoch begins.
const EPOCH: u32 = 16;
/// The policy is to be asked.
const ASK: u32 = 17;
/// An allocation begins to hold; the detail is its number.
const HOLD: u32 = 18;

/// The shortest time between questions of a policy with a clock of its own.
const SHORTEST_PERIOD: SimDuration = SimDuration::from_nanos(1_000_000);

/// What the policy sees of the streams.
#[derive(Debug)]
struct Seen<'a> {
    windows: &'a Windows,
    now: SimTime,
    /// Replicas that start, and as decided, by stream.
    starting: Vec<u32>,
    target: Vec<u32>,
    concurrency: Vec<u32>,
    is_up: Vec<bool>,
}

impl ObservedStreams for Seen<'_> {
    fn ready(&self, stream: usize) -> u32 {
        self.windows.ready(stream)
    }

    fn starting(&self, stream: usize) -> u32 {
        self.starting[stream]
    }

    fn target(&self, stream: usize) -> u32 {
        self.target[stream]
    }

    fn queued(&self, stream: usize) -> u32 {
        self.windows.queued(stream)
    }

    fn in_flight(&self, stream: usize) -> u32 {
        self.windows.in_flight(stream)
    }

    fn arrivals_rps(&self, stream: usize, window_s: f64) -> f64 {
        self.windows.arrivals_rps(stream, self.now, window_s)
    }

    fn concurrency(&self, stream: usize, window_s: f64) -> f64 {
        self.windows.concurrency(stream, self.now, window_s)
    }

    fn busy_share(&self, stream: usize, window_s: f64) -> f64 {
        let each = self.concurrency[stream % self.concurrency.len()];
        self.windows.busy_share(stream, self.now, window_s, each)
    }

    fn serves_at_once(&self, stream: usize) -> u32 {
        self.concurrency[stream % self.concurrency.len()]
    }

    fn is_up(&self, node: usize) -> bool {
        self.is_up[node]
    }
}

impl FunctionWorkload {
    /// The first epoch, and the clock of those that follow.
    pub(super) fn start_epochs(&mut self, context: &mut dyn Context) {
        let now = context.now();
        let Some(options) = self.epoch_options.take() else { return };
        // It was checked when the scenario was built; a problem that cannot be posed is refused at each question.
        let _ = context.add_function_problem(self.problem.clone());
        let streams = self.problem.streams();
        let until = now + options.length;
        let random = context.streams().entity(&format!("{}/decisions", self.name), 0);
        let announced_rps = |stream: usize| self.arrivals.mean_rps(stream, now, until);
        self.epochs = Some(Epochs::new(options, streams, now, announced_rps, random));
        self.windows = Windows::new(self.pools.len(), now);
        self.accounts.begin_epoch(self.epoch, context);
        // Replicas of the start are there before requests.
        context.set_timer(now, Phase::Completion, Message { code: ASK, ..Message::default() });
        self.set_clock(until, EPOCH, context);
    }

    /// Sets the clock of epochs or questions, unless the run is over by then.
    fn set_clock(&self, time: SimTime, code: u32, context: &mut dyn Context) {
        if time < self.horizon {
            context.set_timer(time, Phase::Control, Message { code, ..Message::default() });
        }
    }

    /// A timer of epochs is due.
    pub(super) fn on_epoch(&mut self, message: Message, context: &mut dyn Context) {
        let now = context.now();
        match message.code {
            LETTER => self.read(message.detail, context),
            PATIENCE => self.lose_patience(message.subject, message.detail, context),
            EPOCH => {
                // What agents have not agreed on by now is out of date.
                self.finish_run(context);
                let Some(epochs) = &mut self.epochs else { return };
                let until = now + epochs.length();
                epochs.advance(now, |stream| self.arrivals.mean_rps(stream, now, until));
                self.epoch = epochs.number() as u32;
                self.accounts.begin_epoch(self.epoch, context);
                self.set_clock(until, EPOCH, context);
                if context.replica_allocation_period_s().is_none() {
                    self.ask(context);
                }
            }
            // A question at the end of an epoch is one of the next, which begins at this instant, too.
            ASK if self.epochs.as_ref().is_some_and(|epochs| epochs.is_over(now)) => {
                self.set_clock(now, ASK, context);
            }
            ASK => {
                self.ask(context);
                if let Some(period_s) = context.replica_allocation_period_s() {
                    let period = SimDuration::from_secs(period_s).max(SHORTEST_PERIOD);
                    self.set_clock(now + period, ASK, context);
                }
            }
            HOLD => {
                let held = self.epochs.as_mut().and_then(|epochs| epochs.take(message.detail));
                if let Some((epoch, allocation)) = held {
                    self.hold(epoch, &allocation, context);
                }
            }
            _ => {}
        }
    }

    /// MB for replicas at each node: what is free, and what those of the workload hold, but no more than they could use; 0
    /// where nothing works.
    fn memory_mb(&self, context: &mut dyn Context) -> Vec<u64> {
        let most = self.problem.memory_mb.iter().zip(&self.problem.maximum);
        let useful_mb = most
            .fold(0u64, |sum, (&own, &most)| sum.saturating_add(own.saturating_mul(u64::from(most))));
        let infrastructure = context.infrastructure();
        let nodes = (0u32..).zip(&self.problem.nodes);
        nodes
            .map(|(site, &node)| {
                if !infrastructure.node(node).is_available() {
                    return 0;
                }
                let own_mb: u64 = self
                    .pools_of(site)
                    .map(|pool| {
                        let held = self.pools[pool as usize].replicas.len() as u64;
                        held * self.function(pool).memory_mb
                    })
                    .sum();
                let free = infrastructure.assets().residual(node, AssetId::MEMORY_BYTES);
                // A sum of whole megabytes may be a little off.
                let free_mb = (free / 1e6 + own_mb as f64 + 1e-6).floor();
                // A float-to-integer cast takes negative numbers as zero.
                let limits_mb = self.options.memory_limits_mb.as_ref();
                let limit_mb = limits_mb.and_then(|limits| limits.get(site as usize).copied());
                (free_mb as u64).min(useful_mb).min(limit_mb.unwrap_or(u64::MAX))
            })
            .collect()
    }

    /// Asks the policy.
    fn ask(&mut self, context: &mut dyn Context) {
        let now = context.now();
        let memory_mb = self.memory_mb(context);
        self.windows.keep(now);
        let streams = self.problem.streams();
        let infrastructure = context.infrastructure();
        let nodes = self.problem.nodes.iter();
        let is_up: Vec<bool> = nodes.map(|&node| infrastructure.node(node).is_available()).collect();
        let Some(epochs) = &mut self.epochs else { return };
        let (is_first, loads_rps) = epochs.question(&is_up);
        let seen = Seen {
            windows: &self.windows,
            now,
            starting: self.pools[..streams].iter().map(|pool| pool.starting).collect(),
            target: self.pools[..streams].iter().map(|pool| pool.target).collect(),
            concurrency: self.functions.iter().map(|function| function.concurrency).collect(),
            is_up,
        };
        let [served_share, cold_share] = self.accounts.last_shares();
        let request = ReplicaAllocationRequest {
            epoch: u64::from(self.epoch),
            is_first,
            loads_rps: &loads_rps,
            memory_mb: &memory_mb,
            observed: &seen,
            served_share,
            cold_share,
        };
        let choice = if self.agents.is_any() {
            match self.agents.begin(&request, self.problem.nodes.len(), context) {
                Ok(()) => return self.start_run(context),
                Err(failure) => ReplicaAllocationChoice {
                    result: Err(failure),
                    compared: Vec::new(),
                    decision: None,
                },
            }
        } else {
            context.decide_replica_allocation(&request)
        };
        self.accounts.decided(self.epoch, &loads_rps, &choice, context);
        let Ok(allocation) = choice.result else { return };
        let Some(epochs) = &mut self.epochs else { return };
        let delay = epochs.delay(&allocation);
        let detail = epochs.keep(allocation);
        if delay == SimDuration::ZERO {
            if let Some((epoch, allocation)) = epochs.take(detail) {
                self.hold(epoch, &allocation, context);
            }
            return;
        }
        context.set_timer(now + delay, Phase::Control, Message { code: HOLD, subject: 0, detail });
    }

    /// An allocation holds from now on.
    fn hold(&mut self, epoch: u32, allocation: &ReplicaAllocation, context: &mut dyn Context) {
        self.accounts.applied(epoch, context);
        self.apply(allocation, context);
    }
}
