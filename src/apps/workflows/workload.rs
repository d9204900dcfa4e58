//! The workload: arrivals, and how it answers the world.

use super::config::{WorkflowArrival, WorkflowKind, WorkflowOptions};
use super::outcome::WorkflowOutcome;
use super::report::{Registered, Totals};
use super::state::{Instance, NodeQueue, Stage};
use crate::apps::{Context, DecisionPoint, Message, Workload};
use crate::engine::{EntityStream, Phase, SimDuration, SimTime};
use crate::infra::compute::Job;
use crate::infra::{JobOutcome, NodeChange, NodeId, TransferRecord};
use rand::RngExt;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

const ARRIVAL: u32 = 0;
pub(super) const SCHEDULE: u32 = 1;
pub(super) const RETRY: u32 = 2;
pub(super) const TRY_NODE: u32 = 3;
pub(super) const ASK_AGAIN: u32 = 4;

/// Where a kind of workflow comes from.
#[derive(Debug)]
struct Feed {
    kind: u32,
    source: NodeId,
    random: Option<EntityStream>,
}

/// A file on its way: of which workflow, and which.
#[derive(Clone, Copy, Debug)]
pub(super) struct Movement {
    pub(super) workflow: u32,
    pub(super) file: u32,
    pub(super) to: NodeId,
}

/// Workflows, whose tasks and files take the world's nodes and links. See the [module](super).
#[derive(Debug)]
pub struct WorkflowWorkload {
    pub(super) name: String,
    pub(super) kinds: Vec<WorkflowKind>,
    pub(super) options: WorkflowOptions,
    horizon: SimTime,
    feeds: Vec<Feed>,
    /// Those that have come and not ended, by number.
    pub(super) instances: BTreeMap<u32, Instance>,
    pub(super) arrived: u32,
    /// In the order of the nodes.
    pub(super) queues: Vec<NodeQueue>,
    /// Files on their way, by token.
    pub(super) movements: FxHashMap<u64, Movement>,
    /// Workflow and task of each job, by token.
    pub(super) jobs: FxHashMap<u64, (u32, u32)>,
    /// Tokens are never used again: the end of what was called off may still be told.
    pub(super) tokens: u64,
    pub(super) assignments: u64,
    pub(super) plans_ahead: bool,
    pub(super) registered: Option<Registered>,
    pub(super) totals: Totals,
    /// The speed of the fastest node, in million instructions a second of a core.
    pub(super) fastest_mips: f64,
}

impl WorkflowWorkload {
    /// A workload of these kinds of workflows, that come until `horizon`.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        kinds: Vec<WorkflowKind>,
        mut options: WorkflowOptions,
        horizon: SimTime,
    ) -> Self {
        options.nodes.sort_unstable();
        options.nodes.dedup();
        let queues = options.nodes.iter().map(|_| NodeQueue::default()).collect();
        WorkflowWorkload {
            name: name.into(),
            kinds,
            options,
            horizon,
            feeds: Vec::new(),
            instances: BTreeMap::new(),
            arrived: 0,
            queues,
            movements: FxHashMap::default(),
            jobs: FxHashMap::default(),
            tokens: 0,
            assignments: 0,
            plans_ahead: false,
            registered: None,
            totals: Totals::default(),
            fastest_mips: 0.0,
        }
    }

    /// The place of a node among those of the workload.
    pub(super) fn queue_of(&self, node: NodeId) -> Option<usize> {
        self.options.nodes.binary_search(&node).ok()
    }

    fn message(code: u32, subject: u32, detail: u64) -> Message {
        Message { code, subject, detail }
    }

    /// Sets the timer of the next arrival of a feed, after the one of this number.
    fn expect(&mut self, feed: u32, after: Option<u64>, context: &mut dyn Context) {
        let now = context.now();
        let number = after.map_or(0, |number| number + 1);
        let own = &mut self.feeds[feed as usize];
        let Some(random) = &mut own.random else { return };
        let time = match &self.kinds[own.kind as usize].arrival {
            WorkflowArrival::At(times) => times.get(number as usize).copied(),
            WorkflowArrival::Gaps(gaps) => Some(now + SimDuration::from_secs(gaps.sample(random))),
            WorkflowArrival::Periodic(period_s) => {
                let share = if after.is_none() { random.random::<f64>() } else { 1.0 };
                Some(now + SimDuration::from_secs(period_s * share))
            }
        };
        if let Some(time) = time.filter(|&time| time <= self.horizon) {
            context.set_timer(time.max(now), Phase::Demand, Self::message(ARRIVAL, feed, number));
        }
    }

    fn on_arrival(&mut self, feed: u32, number: u64, context: &mut dyn Context) {
        let (kind, source) = {
            let own = &self.feeds[feed as usize];
            (own.kind, own.source)
        };
        for _ in 0..self.kinds[kind as usize].count {
            self.arrive(kind, source, context);
        }
        self.expect(feed, Some(number), context);
    }

    fn arrive(&mut self, kind: u32, source: NodeId, context: &mut dyn Context) {
        let workflow = self.arrived;
        self.arrived += 1;
        let graph = self.kinds[kind as usize].graph.clone();
        let now = context.now();
        self.totals.arrived += u64::from(now >= context.warm_up_end());
        let instance = Instance::new(kind, graph, source, now, self.plans_ahead);
        let tasks = instance.graph.tasks();
        let misfit = tasks.iter().position(|task| {
            let infrastructure = context.infrastructure();
            let fits = |&node: &NodeId| {
                let (cores, memory_bytes) = super::room::largest_on(infrastructure, node);
                task.job.cores <= cores && task.job.memory_bytes <= memory_bytes
            };
            !self.options.nodes.iter().any(fits)
        });
        self.instances.insert(workflow, instance);
        match misfit {
            Some(task) => self.lose(workflow, task as u32, WorkflowOutcome::RefusedForCapacity, context),
            None => self.ask(workflow, context),
        }
    }

    /// Has the policy asked about a workflow at the end of this instant.
    pub(super) fn ask(&mut self, workflow: u32, context: &mut dyn Context) {
        let Some(instance) = self.instances.get_mut(&workflow) else { return };
        let is_open = instance.runs.iter().any(|run| run.stage == Stage::Open);
        if is_open && !std::mem::replace(&mut instance.is_due, true) {
            let message = Self::message(SCHEDULE, workflow, 0);
            context.set_timer(context.now(), Phase::Demand, message);
        }
    }
}

impl Workload for WorkflowWorkload {
    fn name(&self) -> &str {
        &self.name
    }

    fn decision_points(&self) -> &[DecisionPoint] {
        &[DecisionPoint::WorkflowScheduling]
    }

    fn start(&mut self, context: &mut dyn Context) {
        self.registered = Registered::register(&self.name, &self.kinds, context);
        self.plans_ahead = context.plans_workflows_ahead();
        let infrastructure = context.infrastructure();
        let speeds = self.options.nodes.iter().map(|&node| infrastructure.class_of(node).mips_per_core);
        self.fastest_mips = speeds.fold(0.0, f64::max);
        let streams = context.streams();
        let name = format!("{}/arrivals", self.name);
        for (number, kind) in (0..).zip(&self.kinds) {
            for &source in &kind.sources {
                let key = u64::from(number) << 32 | u64::from(source.0);
                let random = Some(streams.entity(&name, key));
                self.feeds.push(Feed { kind: number, source, random });
            }
        }
        for feed in 0..self.feeds.len() as u32 {
            self.expect(feed, None, context);
        }
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        match message.code {
            ARRIVAL => self.on_arrival(message.subject, message.detail, context),
            SCHEDULE => self.schedule(message.subject, context),
            ASK_AGAIN => {
                if let Some(instance) = self.instances.get_mut(&message.subject) {
                    instance.is_awaited = false;
                    self.ask(message.subject, context);
                }
            }
            RETRY => self.on_retry(message.subject, message.detail as u32, context),
            _ => {
                self.queues[message.subject as usize].is_left_alone = false;
                self.start_tasks(message.subject as usize, context);
            }
        }
    }

    fn on_job_end(&mut self, token: u64, job: &Job, outcome: JobOutcome, context: &mut dyn Context) {
        self.job_ended(token, job, outcome, context);
    }

    fn on_transfer_end(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        self.transfer_ended(transfer, context);
    }

    fn on_node_change(&mut self, node: NodeId, change: NodeChange, context: &mut dyn Context) {
        match change {
            NodeChange::Failed | NodeChange::BatteryEmpty | NodeChange::Vanished => {
                self.node_lost(node, context);
            }
            NodeChange::Repaired | NodeChange::BatteryCharged | NodeChange::Appeared => {
                let waiting: Vec<u32> = self.instances.keys().copied().collect();
                waiting.into_iter().for_each(|workflow| self.ask(workflow, context));
                if let Some(queue) = self.queue_of(node) {
                    self.start_tasks(queue, context);
                }
            }
            NodeChange::BatteryLow => {}
        }
    }

    fn on_offers_change(&mut self, context: &mut dyn Context) {
        let waiting: Vec<u32> = self.instances.keys().copied().collect();
        waiting.into_iter().for_each(|workflow| self.ask(workflow, context));
        for queue in 0..self.queues.len() {
            self.start_tasks(queue, context);
        }
    }

    fn finish(&mut self, context: &mut dyn Context) {
        while let Some((&workflow, _)) = self.instances.first_key_value() {
            self.end_unfinished(workflow, context);
        }
    }

    fn summary(&self) -> serde_json::Value {
        self.totals.json()
    }
}
