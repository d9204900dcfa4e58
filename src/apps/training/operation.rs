//! A cluster at work: jobs that wait, run, stop and end.

use super::account::{Account, Instant};
use super::cluster::{Cluster, Placement, Started};
use super::feasible::{Feasibility, placement_that_starts};
use super::job::{JobKind, TrainingJob};
use super::pace::{self, Pace};
use super::plan::{FabricPlan, TrainingPlan};
use super::rows::Rows;
use super::waiting::{RunningJob, WaitingJob};
use crate::apps::{Context, DecisionEnd, DecisionId, Message};
use crate::engine::{EventHandle, Phase, SimDuration, SimTime};
use crate::infra::compute::{Accelerator, JobRequest};
use crate::infra::optical::{LeafId, OpticalLayerId, Replan, Ways};
use crate::infra::{JobId, NodeId};
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};

/// A job is submitted.
pub(super) const SUBMIT: u32 = 0;
/// A running job is done.
pub(super) const END: u32 = 1;
/// Waiting jobs are tried.
pub(super) const PASS: u32 = 2;
/// The warm-up is over.
pub(super) const MEASURE: u32 = 3;

/// Seconds for which a server's cores would be busy with a part of a job if it never ended: longer than any run.
const ENDLESS_S: f64 = 1e10;

/// Why a job stops before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Others come first.
    Preempted,
    /// Something of it failed.
    Fault,
}

/// A job that has GPUs.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) started: SimTime,
    /// Up to when what it has done is counted.
    since: SimTime,
    /// Until when it computes nothing, since circuits are being set up or it starts again.
    dark_until: SimTime,
    pub(super) pace: Pace,
    end: Option<EventHandle>,
    /// The parts that keep its servers busy.
    parts: Vec<JobId>,
    /// Its flows through packet switches that hash them.
    ways: Ways,
    decision: Option<DecisionId>,
}

/// A job from its submission on.
#[derive(Debug, Default)]
pub(super) struct JobState {
    /// Seconds that it needs still at full rate.
    pub(super) remaining_s: f64,
    /// Seconds for which it had GPUs, as far as they are counted.
    pub(super) attained_s: f64,
    /// Work since the last checkpoint, in seconds at full rate.
    since_checkpoint_s: f64,
    pub(super) first_start: Option<SimTime>,
    pub(super) starts: u64,
    pub(super) preemptions: u64,
    pub(super) faults: u64,
    pub(super) lost_s: f64,
    pub(super) last_rate: Option<f64>,
    pub(super) leaves: u64,
    pub(super) wanted: u64,
    pub(super) granted: u64,
    pub(super) run: Option<Run>,
}

/// The cluster of a workload and its jobs.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) plan: TrainingPlan,
    pub(super) cluster: Cluster,
    /// The same without jobs, to see whether a job can start at all.
    empty: Cluster,
    /// Why jobs of a kind and size can never start.
    feasible: BTreeMap<(JobKind, u32), Option<Feasibility>>,
    pub(super) layer: Option<OpticalLayerId>,
    pub(super) jobs: Vec<JobState>,
    pub(super) waiting: Vec<WaitingJob>,
    /// In the order in which they started.
    pub(super) running: Vec<u32>,
    server_of: BTreeMap<NodeId, u32>,
    pass_is_due: bool,
    /// When jobs gave way last.
    pub(super) preempted: Option<SimTime>,
    pub(super) paces_are_due: bool,
    hash_seed: u64,
    pub(super) instant: Instant,
    /// Leaves whose free GPUs or ports have changed at this instant.
    pub(super) touched: BTreeSet<LeafId>,
    pub(super) account: Account,
    pub(super) rows: Rows,
}

impl Operation {
    pub(super) fn new(
        plan: TrainingPlan,
        cluster: Cluster,
        layer: Option<OpticalLayerId>,
        rows: Rows,
        context: &dyn Context,
    ) -> Self {
        let account = Account::new(plan.cluster.shape.gpus(), context.warm_up_end());
        Operation {
            empty: cluster.clone(),
            feasible: BTreeMap::new(),
            jobs: Vec::new(),
            waiting: Vec::new(),
            running: Vec::new(),
            server_of: plan.cluster.servers.iter().copied().zip(0..).collect(),
            pass_is_due: false,
            preempted: None,
            paces_are_due: false,
            hash_seed: context.streams().stream("training/hash").random(),
            instant: Instant::default(),
            touched: BTreeSet::new(),
            account,
            layer,
            cluster,
            plan,
            rows,
        }
    }

    pub(super) fn job(&self, id: u32) -> &TrainingJob {
        &self.plan.jobs[id as usize].job
    }

    /// Has waiting jobs tried when all else of this instant is done.
    pub(super) fn ask_for_pass(&mut self, context: &mut dyn Context) {
        if !std::mem::replace(&mut self.pass_is_due, true) {
            let message = Message { code: PASS, ..Message::default() };
            context.set_timer(context.now(), Phase::Control, message);
        }
    }

    pub(super) fn pass_begins(&mut self) {
        self.pass_is_due = false;
    }

    /// Takes the next job of the list, which is due now, and sets the timer of the one after it.
    pub(super) fn submit(&mut self, id: u32, context: &mut dyn Context) {
        let now = context.now();
        let job = *self.job(id);
        self.jobs.push(JobState { remaining_s: job.duration_s, ..JobState::default() });
        self.account.submit(now, job.gpu_seconds());
        self.instant.submitted += 1;
        let empty = &mut self.empty;
        let look = || placement_that_starts(empty, &job).err();
        match self.feasible.entry((job.kind, job.gpus)).or_insert_with(look) {
            None => self.waiting.push(WaitingJob::new(job)),
            Some(why) => {
                let reason = match why {
                    Feasibility::NoCircuits(refusal) => {
                        if self.account.measures(now) {
                            self.account.refused.count(refusal);
                        }
                        refusal.cause()
                    }
                    _ => {
                        self.account.refused.gpus += u64::from(self.account.measures(now));
                        "gpu"
                    }
                };
                self.rows.job(&self.plan, id, &self.jobs[id as usize], "refused", Some(reason), context);
            }
        }
        self.ask_for_pass(context);
        self.expect_submission(id + 1, context);
    }

    pub(super) fn expect_submission(&self, id: u32, context: &mut dyn Context) {
        if let Some(next) = self.plan.jobs.get(id as usize) {
            let time = SimTime::from_secs(next.job.submit_s).max(context.now());
            context.set_timer(time, Phase::Demand, Message { code: SUBMIT, subject: id, detail: 0 });
        }
    }

    /// What it has done since the last time counts.
    fn settle(&mut self, id: u32, now: SimTime) {
        let gpus = f64::from(self.job(id).gpus);
        let checkpoint_s = self.plan.checkpoint.interval_s;
        let state = &mut self.jobs[id as usize];
        let Some(run) = &mut state.run else { return };
        let lit_from = run.since.max(run.dark_until).min(now);
        let done_s = ((now - lit_from).as_secs() / run.pace.slow_down).min(state.remaining_s);
        state.remaining_s -= done_s;
        state.attained_s += (now - run.since).as_secs();
        state.since_checkpoint_s += done_s;
        if checkpoint_s > 0.0 {
            state.since_checkpoint_s %= checkpoint_s;
        } else {
            state.since_checkpoint_s = 0.0;
        }
        run.since = now;
        self.account.work(gpus * done_s);
    }

    /// Settles all jobs that run.
    pub(super) fn settle_all(&mut self, now: SimTime) {
        for at in 0..self.running.len() {
            self.settle(self.running[at], now);
        }
    }

    /// Jobs that run as they are now, for policies.
    pub(super) fn running_view(&self, now: SimTime) -> Vec<RunningJob> {
        let view = |&id: &u32| {
            let state = &self.jobs[id as usize];
            let waiting = WaitingJob {
                job: *self.job(id),
                attained_s: state.attained_s,
                remaining_s: state.remaining_s,
            };
            let Some(run) = &state.run else {
                return RunningJob { state: waiting, end_s: f64::INFINITY };
            };
            let lit_from = run.since.max(run.dark_until);
            let done_s = (now - lit_from.min(now)).as_secs() / run.pace.slow_down;
            let end_s = lit_from.as_secs() + state.remaining_s * run.pace.slow_down;
            let waiting = WaitingJob {
                attained_s: state.attained_s + (now - run.since).as_secs(),
                remaining_s: (state.remaining_s - done_s).max(0.0),
                ..waiting
            };
            RunningJob { state: waiting, end_s }
        };
        self.running.iter().map(view).collect()
    }

    fn touch(&mut self, placement: &Placement) {
        let shape = self.cluster.shape();
        self.touched.extend(placement.leaves(shape).iter().map(|own| own.leaf));
    }

    /// A job has got GPUs and circuits.
    pub(super) fn started(
        &mut self,
        id: u32,
        placement: &Placement,
        started: Started,
        decision: Option<DecisionId>,
        context: &mut dyn Context,
    ) {
        let now = context.now();
        let shape = self.cluster.shape();
        let job = *self.job(id);
        let wanted = self.cluster.wanted_circuits(&job, placement);
        let restart_s =
            if self.jobs[id as usize].starts > 0 { self.plan.checkpoint.restart_s } else { 0.0 };
        let state = &mut self.jobs[id as usize];
        state.first_start.get_or_insert(now);
        state.starts += 1;
        state.leaves = placement.leaves(shape).len() as u64;
        state.wanted = wanted;
        let dark_until = now + SimDuration::from_secs(restart_s);
        let parts = self.occupy(id, placement, context);
        let ways = self.ways_of(&job, placement);
        self.paces_are_due |= !ways.is_empty();
        let (pace, end) = (Pace::FULL, None);
        let run = Run { started: now, since: now, dark_until, pace, end, parts, ways, decision };
        self.jobs[id as usize].run = Some(run);
        self.running.push(id);
        self.instant.started += 1;
        self.touch(placement);
        if let Some(allocation) = started.allocation {
            self.apply(&allocation.replan, context);
        }
        self.account.set_busy(now, self.busy_gpus());
        self.repace(id, context);
    }

    /// The ways of a job's flows, if packet switches hash them.
    fn ways_of(&self, job: &TrainingJob, placement: &Placement) -> Ways {
        let FabricPlan::Hashed(clos) = &self.plan.fabric else { return Ways::default() };
        let shape = self.cluster.shape();
        let shares = placement.leaves(shape);
        let flows = pace::flows_of(job, &shares, shape, self.plan.cluster.nic_bytes_per_s);
        clos.ways(&flows, self.hash_seed)
    }

    pub(super) fn busy_gpus(&self) -> u64 {
        self.cluster.shape().gpus() - self.cluster.free() - self.cluster.blocked_gpus()
    }

    /// Keeps the cores and accelerators of its servers busy, so that they draw the power of it.
    fn occupy(&mut self, id: u32, placement: &Placement, context: &mut dyn Context) -> Vec<JobId> {
        let gpus_per_server = self.cluster.shape().gpus_per_server;
        let mut parts = Vec::with_capacity(placement.servers().len());
        for &(server, gpus) in placement.servers() {
            let node = self.plan.cluster.servers[server as usize];
            let class = context.infrastructure().class_of(node);
            let cores = (u64::from(class.cores) * u64::from(gpus) / u64::from(gpus_per_server)).max(1);
            let accelerator = class.resources.accelerators.first();
            let accelerator = accelerator
                .filter(|own| own.count >= gpus_per_server)
                .map(|own| Accelerator { kind: own.kind, count: gpus });
            let length_mi = class.mips_per_core * cores as f64 * ENDLESS_S;
            let request =
                JobRequest { length_mi, cores: cores as u32, accelerator, ..JobRequest::new(length_mi) };
            match context.submit_job(node, request, u64::from(id)) {
                Ok(part) => parts.push(part),
                Err(_) => self.account.not_metered += 1,
            }
        }
        parts
    }

    /// Sets circuits up. Jobs that have them compute nothing until they carry.
    pub(super) fn apply(&mut self, replan: &Replan, context: &mut dyn Context) {
        let (Some(layer), false) = (self.layer, replan.set_up.is_empty()) else { return };
        let now = context.now();
        // What is set up are ports that work, of the layer's own switches.
        let Ok(ready) = context.connect_circuits(layer, &replan.set_up) else { return };
        self.account.circuits_set_up += replan.set_up.len() as u64;
        let Some(circuits) = self.cluster.circuits() else { return };
        let mut owners: BTreeSet<u32> = BTreeSet::new();
        for circuit in &replan.set_up {
            self.touched.extend([circuit.from, circuit.to]);
            let Some(owner) = circuits.map().owner_of(*circuit) else { continue };
            let is_new = self.jobs[owner as usize].run.as_ref().is_none_or(|run| run.started == now);
            self.rows.change(circuit, owner, ready, !is_new, context);
            owners.insert(owner);
        }
        for owner in owners {
            self.settle(owner, now);
            if let Some(run) = &mut self.jobs[owner as usize].run {
                run.dark_until = run.dark_until.max(ready);
            }
            self.expect_end(owner, context);
        }
        self.account.circuits_moved += replan.moved as u64;
        self.instant.moved += replan.moved as u64;
    }

    /// The timer of its end, anew.
    fn expect_end(&mut self, id: u32, context: &mut dyn Context) {
        let state = &mut self.jobs[id as usize];
        let Some(run) = &mut state.run else { return };
        if let Some(end) = run.end.take() {
            context.cancel_timer(end);
        }
        let left_s = state.remaining_s * run.pace.slow_down;
        if left_s.is_finite() {
            let end = context.now().max(run.dark_until) + SimDuration::from_secs_ceil(left_s);
            let message = Message { code: END, subject: id, detail: 0 };
            run.end = Some(context.set_timer(end, Phase::Completion, message));
        }
    }

    /// Its pace by the circuits that it has; over packet switches paces are worked out together.
    pub(super) fn repace(&mut self, id: u32, context: &mut dyn Context) {
        let pace = match &self.plan.fabric {
            // Those that share links are told their pace together.
            FabricPlan::Ideal | FabricPlan::Hashed(_) => Pace::FULL,
            FabricPlan::Optical(_) => {
                let model = self.plan.jobs[id as usize].model;
                let model = model.map(|model| &self.plan.models[model as usize].1);
                pace::over_circuits(
                    &self.cluster,
                    self.job(id),
                    model,
                    self.plan.cluster.nic_bytes_per_s,
                )
            }
        };
        let granted = self.cluster.circuits().and_then(|own| own.granted(id)).unwrap_or_default();
        self.jobs[id as usize].granted = granted.iter().map(|pair| u64::from(pair.granted)).sum();
        self.set_pace(id, pace, context);
    }

    fn set_pace(&mut self, id: u32, pace: Pace, context: &mut dyn Context) {
        self.settle(id, context.now());
        let state = &mut self.jobs[id as usize];
        state.last_rate = Some(pace.rate);
        let Some(run) = &mut state.run else { return };
        run.pace = pace;
        self.expect_end(id, context);
    }

    /// Works the paces of all jobs over packet switches out, if jobs came or went.
    pub(super) fn repace_all(&mut self, context: &mut dyn Context) {
        let FabricPlan::Hashed(clos) = &self.plan.fabric else { return };
        if !std::mem::take(&mut self.paces_are_due) {
            return;
        }
        let (shape, nic_bytes_per_s) = (self.cluster.shape(), self.plan.cluster.nic_bytes_per_s);
        let own_ways = |id: &u32| {
            let run = self.jobs[*id as usize].run.as_ref()?;
            (!run.ways.is_empty()).then_some((*id, &run.ways))
        };
        let (ids, ways): (Vec<u32>, Vec<&Ways>) = self.running.iter().filter_map(own_ways).unzip();
        let rates = pace::hashed_rates(clos, nic_bytes_per_s, &ways);
        for (id, rate) in ids.into_iter().zip(rates) {
            let run = self.jobs[id as usize].run.as_ref();
            if run.is_none_or(|run| run.pace.rate == rate) {
                continue;
            }
            let model = self.plan.jobs[id as usize].model;
            let pace = match model.map(|model| &self.plan.models[model as usize].1) {
                None => Pace { rate, slow_down: self.job(id).slow_down(rate) },
                Some(model) => {
                    let placement = self.cluster.jobs().get(&id);
                    let shares = placement.map(|own| own.leaves(shape)).unwrap_or_default();
                    let rails = shape.gpus_per_server;
                    pace::at_rate(model, &shares, rails, nic_bytes_per_s, rate)
                }
            };
            self.set_pace(id, pace, context);
        }
    }

    /// Takes a job off the cluster.
    fn leave(&mut self, id: u32, context: &mut dyn Context) -> Option<Run> {
        let now = context.now();
        self.settle(id, now);
        let mut run = self.jobs[id as usize].run.take()?;
        if let Some(end) = run.end.take() {
            context.cancel_timer(end);
        }
        for part in run.parts.drain(..) {
            context.cancel_job(part, u64::from(id));
        }
        self.running.retain(|&own| own != id);
        if let Some(placement) = self.cluster.end(id) {
            self.rows.placed(id, run.started, &placement, self.cluster.shape(), context);
            self.touch(&placement);
        }
        self.account.set_busy(now, self.busy_gpus());
        self.instant.ended += 1;
        self.paces_are_due |= !run.ways.is_empty();
        Some(run)
    }

    /// A job is done.
    pub(super) fn end(&mut self, id: u32, context: &mut dyn Context) {
        let now = context.now();
        let Some(run) = self.leave(id, context) else { return };
        let job = *self.job(id);
        let state = &mut self.jobs[id as usize];
        // The rest is rounding.
        self.account.work(f64::from(job.gpus) * state.remaining_s);
        state.remaining_s = 0.0;
        let submitted = SimTime::from_secs(job.submit_s);
        let wait_s = (now - submitted).as_secs() - state.attained_s;
        let slow_down = state.attained_s / job.duration_s;
        self.account.end(now, submitted, wait_s.max(0.0), slow_down);
        self.resolve(run.decision, "finished", 1.0 / slow_down.max(1.0), context);
        self.rows.job(&self.plan, id, &self.jobs[id as usize], "finished", None, context);
        self.use_what_is_free(context);
        self.ask_for_pass(context);
    }

    /// A job stops before its end, and waits again.
    pub(super) fn stop(&mut self, id: u32, why: Stop, context: &mut dyn Context) {
        let Some(run) = self.leave(id, context) else { return };
        let job = *self.job(id);
        let state = &mut self.jobs[id as usize];
        let outcome = match why {
            Stop::Preempted => {
                state.preemptions += 1;
                self.account.preemptions += 1;
                "preempted"
            }
            Stop::Fault => {
                state.faults += 1;
                self.account.faults += 1;
                let lost_s = state.since_checkpoint_s;
                state.remaining_s += lost_s;
                state.lost_s += lost_s;
                self.account.lost_gpu_s += f64::from(job.gpus) * lost_s;
                self.account.work(-f64::from(job.gpus) * lost_s);
                "fault"
            }
        };
        state.since_checkpoint_s = 0.0;
        let waits = WaitingJob { job, attained_s: state.attained_s, remaining_s: state.remaining_s };
        // Where it was in the queue, by submission.
        let at = self.waiting.partition_point(|own| own.job.id < id);
        self.waiting.insert(at, waits);
        self.resolve(run.decision, outcome, 0.0, context);
        self.ask_for_pass(context);
    }

    /// Gives circuits that are free to jobs that lack some, and brings free ports together, as the plan has it.
    fn use_what_is_free(&mut self, context: &mut dyn Context) {
        let FabricPlan::Optical(own) = &self.plan.fabric else { return };
        let (upgrades, defragments) = (own.upgrades, own.defragments);
        let may_move = own.optics.options.may_move;
        if upgrades {
            let lacking = |id: &u32| {
                let state = &self.jobs[*id as usize];
                state.granted < state.wanted
            };
            let ids: Vec<u32> = self.running.iter().copied().filter(lacking).collect();
            for id in ids {
                self.upgrade(id, may_move, context);
            }
        }
        if defragments > 0 {
            let replan = self.cluster.circuits_mut().map(|own| own.defragment(defragments));
            if let Some(replan) = replan {
                self.apply(&replan, context);
            }
        }
    }

    /// Gives a job what it lacks of circuits, as far as that is free.
    pub(super) fn upgrade(&mut self, id: u32, may_move: bool, context: &mut dyn Context) {
        let more = self.cluster.circuits_mut().and_then(|own| own.upgrade(id, may_move));
        if let Some(allocation) = more {
            self.apply(&allocation.replan, context);
            self.repace(id, context);
        }
    }

    pub(super) fn resolve(
        &mut self,
        decision: Option<DecisionId>,
        outcome: &str,
        reward: f64,
        context: &mut dyn Context,
    ) {
        if let Some(decision) = decision {
            let outcome = context.symbol(outcome);
            context.resolve_decision(decision, DecisionEnd::scored(outcome, reward));
        }
    }

    /// The servers that a node is, or that hang on it.
    pub(super) fn servers_of(&self, node: NodeId) -> Vec<u32> {
        let mut servers: Vec<u32> = self.server_of.get(&node).copied().into_iter().collect();
        if let Some(leaf) = self.plan.cluster.leaves.iter().position(|own| *own == node) {
            // There are at most 65 536 leaves.
            servers.extend(self.plan.cluster.shape.servers_of(LeafId(leaf as u32)));
        }
        servers
    }
}
