//! All that is counted of a workload of functions: what stands in its tables and its summary.

use super::agents::Agreement;
use super::function::{Function, FunctionOptions, Prices};
use super::ledger::{Answered, Epoch, Experienced, Plan, StreamAccount};
use super::meters::{Integrals, Meter};
use super::report::{Change, Ended, Load, Missing, ReplicaChange};
use super::tables::Registered;
use super::totals::{Totals, number, ratio};
use crate::apps::replica_allocation::{FunctionProblem, ReplicaAllocationChoice};
use crate::apps::{Context, DecisionEnd};
use crate::engine::{Quantiles, SimTime, Summary};
use crate::infra::DeployedEnergy;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

/// What there is to know of a function.
#[derive(Clone, Debug, Default)]
struct Facts {
    name: String,
    memory_gb: f64,
    has_deadline: bool,
    /// What a request costs that is served in the cloud.
    cloud_cost: f64,
}

/// What another method would have found, over all epochs.
#[derive(Clone, Debug, Default)]
struct ComparedTotals {
    objective: Summary,
    deviation: Summary,
}

/// All that is counted of a workload.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub(super) problem: FunctionProblem,
    functions: Vec<Facts>,
    prices: Prices,
    counts_from: SimTime,
    now: SimTime,
    pub(super) registered: Option<Registered>,
    totals: Vec<Totals>,
    meters: Vec<Meter>,
    /// Replicas that hold memory at the nodes, now and at most.
    held: u64,
    held_most: u64,
    epochs: VecDeque<Epoch>,
    plan: Option<Plan>,
    starts: u64,
    stops: u64,
    flaps: u64,
    missing: [u64; 3],
    refused: u64,
    energy_j: f64,
    counted_epochs: u64,
    objective: Summary,
    experienced: Summary,
    in_time: Summary,
    gap: Summary,
    iterations: Summary,
    agreement_s: Summary,
    messages: u64,
    message_bytes: f64,
    messages_lost: u64,
    compared: Vec<ComparedTotals>,
    /// Parts of the last settled epoch's requests that were answered, and that met a cold replica.
    last_shares: [Option<f64>; 2],
}

/// Bytes, or megabytes, in a gigabyte of 10^9 bytes.
const GB_BYTES: f64 = 1e9;
const GB_MB: f64 = 1e3;

impl Accounts {
    /// At the start of the run.
    pub(super) fn start(
        &mut self,
        name: &str,
        functions: &[Function],
        problem: &FunctionProblem,
        options: &FunctionOptions,
        context: &mut dyn Context,
    ) {
        let prices = options.prices;
        let last = options.cloud.last().or(problem.nodes.last());
        let mips = last.map_or(1.0, |&node| context.infrastructure().class_of(node).mips_per_core);
        let facts = |function: &Function| {
            let memory_gb = function.memory_mb as f64 / GB_MB;
            // The nodes of the cloud are the last ones.
            let time_s = match (&function.work_mi, function.time_s.last()) {
                (Some(work_mi), _) => work_mi.mean() / (mips * function.cores.min(1.0)),
                (None, time_s) => time_s.map_or(0.0, |time_s| time_s.mean()),
            };
            let bytes = function.request_bytes.mean() + function.answer_bytes.mean();
            Facts {
                name: function.name.clone(),
                memory_gb,
                has_deadline: function.deadline_s.is_some(),
                cloud_cost: time_s * memory_gb * prices.cloud_memory_gb_s
                    + prices.request
                    + bytes / GB_BYTES * prices.transfer_gb,
            }
        };
        let sites = problem.nodes.len() + options.cloud.len();
        *self = Accounts {
            functions: functions.iter().map(facts).collect(),
            prices,
            counts_from: context.warm_up_end(),
            totals: vec![Totals::default(); functions.len()],
            meters: vec![Meter::default(); sites * functions.len()],
            compared: vec![ComparedTotals::default(); problem.compare.len()],
            problem: problem.clone(),
            ..Accounts::default()
        };
        let nodes: Vec<_> = problem.nodes.iter().chain(&options.cloud).copied().collect();
        // Tables of these names and shapes are shared by all workloads of this kind; nothing else can be wrong.
        self.registered = Registered::new(name, functions, nodes, context).ok();
    }

    fn function(&self, pool: u32) -> usize {
        pool as usize % self.functions.len().max(1)
    }

    /// Whether a pool is at a node, and not in the cloud.
    fn is_edge(&self, pool: usize) -> bool {
        pool < self.problem.streams()
    }

    /// An epoch begins; the one before ends.
    pub(super) fn begin_epoch(&mut self, number: u32, context: &mut dyn Context) {
        let now = context.now();
        self.end_epoch(now);
        let wants_times = self.registered.as_ref().is_some_and(|own| own.wants_epochs);
        let streams = self.problem.streams();
        let account = StreamAccount {
            response_s: wants_times.then(|| Box::new(Quantiles::default())),
            ..StreamAccount::default()
        };
        self.epochs.push_back(Epoch {
            number,
            began: now,
            streams: vec![account; streams],
            forwarded_in: vec![0; streams],
            plan: self.plan.clone().unwrap_or_default(),
            ..Epoch::default()
        });
        self.write_complete(context);
    }

    fn end_epoch(&mut self, now: SimTime) {
        let counts_from = self.counts_from;
        if let Some(epoch) = self.epochs.back_mut().filter(|epoch| epoch.ended.is_none()) {
            epoch.ended = Some(now);
            epoch.integrals =
                self.meters.iter_mut().map(|meter| meter.end_epoch(now, counts_from)).collect();
        }
    }

    fn epoch(&mut self, number: u32) -> Option<&mut Epoch> {
        let first = self.epochs.front()?.number;
        self.epochs.get_mut(number.checked_sub(first)? as usize)
    }

    /// A policy has answered. The first answer in an epoch is what is told of it.
    pub(super) fn decided(
        &mut self,
        number: u32,
        loads_rps: &[f64],
        choice: &ReplicaAllocationChoice,
        context: &mut dyn Context,
    ) {
        let now = context.now();
        let mut answered = Answered {
            at: now,
            compared: choice.compared.clone(),
            decision: choice.decision,
            ..Answered::default()
        };
        let mut series = &[][..];
        match &choice.result {
            Ok(allocation) => {
                self.plan = Some(Plan::new(allocation, loads_rps, &self.problem));
                answered.status = "rule".into();
                if let Some(found) = &allocation.found {
                    answered.status = found.status.to_string();
                    answered.objective = Some(found.objective);
                    answered.bound = found.bound;
                    let relative = |bound: f64| {
                        (bound - found.objective).max(0.0) / found.objective.abs().max(1e-10)
                    };
                    answered.gap = found.bound.map(relative);
                    answered.iterations = Some(found.iterations);
                    answered.search_nodes = Some(found.search_nodes);
                    series = &found.series;
                }
            }
            Err(failure) => {
                self.refused += u64::from(now >= self.counts_from);
                answered.is_refused = true;
                answered.status = format!("refused: {failure}");
            }
        }
        let plan = self.plan.clone().unwrap_or_default();
        let Some(epoch) = self.epoch(number) else { return };
        if epoch.answered.is_some() {
            return;
        }
        epoch.loads_rps = loads_rps.to_vec();
        epoch.plan = plan;
        epoch.answered = Some(answered);
        if let Some(registered) = &self.registered {
            registered.iterations(now, number, series, context);
        }
    }

    /// What was answered first in an epoch holds from now on.
    pub(super) fn applied(&mut self, number: u32, context: &mut dyn Context) {
        let now = context.now();
        if let Some(epoch) = self.epoch(number) {
            epoch.applied.get_or_insert(now);
        }
    }

    /// Agents have agreed on what holds in an epoch.
    pub(super) fn agreed(&mut self, number: u32, agreement: Agreement) {
        let counts_from = self.counts_from;
        let Some(epoch) = self.epoch(number) else { return };
        epoch.agreement = Some(agreement);
        if epoch.began >= counts_from {
            self.agreement_s.add(agreement.seconds);
            self.messages += agreement.messages;
            self.message_bytes += agreement.bytes;
            self.messages_lost += agreement.lost;
        }
    }

    /// A request has entered.
    pub(super) fn arrived(&mut self, epoch: u32, stream: u32) {
        if let Some(epoch) = self.epoch(epoch) {
            epoch.outstanding += 1;
            epoch.streams[stream as usize].arrived += 1;
        }
    }

    /// A request has ended.
    pub(super) fn ended(&mut self, ended: &Ended, context: &mut dyn Context) {
        // One that was never served has met no replica, whatever was started for it.
        let is_cold = ended.is_cold && ended.spans.execution_s > 0.0;
        let ended = &Ended { is_cold, ..*ended };
        let first = self.epochs.front().map_or(0, |epoch| epoch.number);
        let place = ended.epoch.wrapping_sub(first) as usize;
        if let Some(epoch) = self.epochs.get_mut(place) {
            epoch.add(ended, &self.problem);
        }
        let function = self.function(ended.stream);
        if ended.created >= self.counts_from {
            self.totals[function].add(ended, self.functions[function].has_deadline);
        }
        if let Some(registered) = &self.registered {
            registered.invocation(ended, self.functions[function].has_deadline, context);
        }
    }

    /// The present of a pool has changed.
    pub(super) fn load(&mut self, now: SimTime, pool: u32, load: Load) {
        let before = self.meters[pool as usize].set(now, load, self.counts_from);
        if before.held != load.held && self.is_edge(pool as usize) {
            self.held = (self.held + u64::from(load.held)).saturating_sub(u64::from(before.held));
            if now >= self.counts_from {
                self.held_most = self.held_most.max(self.held);
            }
        }
        self.now = now;
    }

    /// Something has happened to a replica.
    pub(super) fn replica(&mut self, change: &ReplicaChange, context: &mut dyn Context) {
        let has_started = change.change == Change::Started;
        let has_stopped = matches!(change.change, Change::Stopped | Change::Evicted | Change::Lost);
        if context.now() >= self.counts_from {
            self.starts += u64::from(has_started);
            self.stops += u64::from(has_stopped);
            self.flaps += u64::from(change.is_flap);
        }
        if let Some(epoch) = self.epochs.back_mut() {
            epoch.started += u32::from(has_started);
            epoch.stopped += u32::from(has_stopped);
        }
        if let Some(registered) = &self.registered {
            registered.replica(change, context);
        }
    }

    /// A replica that has gone, or is there when the run ends, was charged with this energy.
    pub(super) fn charge(&mut self, _pool: u32, energy: DeployedEnergy) {
        if self.now >= self.counts_from {
            self.energy_j += energy.dynamic_j + energy.idle_j;
        }
    }

    /// The warm-up ends now; replicas that are there have been charged with this energy by now.
    pub(super) fn end_warm_up(&mut self, now: SimTime, energy_j: f64) {
        self.now = now;
        self.energy_j -= energy_j;
        self.held_most = self.held;
    }

    /// So many replicas that are wanted are not started.
    pub(super) fn missing(&mut self, why: Missing, count: u32) {
        if self.now >= self.counts_from {
            self.missing[why as usize] += u64::from(count);
        }
        if why == Missing::Short
            && let Some(epoch) = self.epochs.back_mut()
        {
            epoch.short += count;
        }
    }

    /// Parts of the requests of the last epoch of which all is known that were answered, and that met a cold replica.
    pub(super) fn last_shares(&self) -> [Option<f64>; 2] {
        self.last_shares
    }

    /// At the end of the run: writes what is left, of which all is known now.
    pub(super) fn settle(&mut self, context: &mut dyn Context) {
        let now = context.now();
        self.now = now;
        self.end_epoch(now);
        for meter in &mut self.meters {
            meter.settle(now, self.counts_from);
        }
        for epoch in &mut self.epochs {
            epoch.outstanding = 0;
        }
        self.write_complete(context);
    }

    /// Writes the epochs of which all is known, in their order.
    fn write_complete(&mut self, context: &mut dyn Context) {
        while self.epochs.front().is_some_and(|epoch| epoch.ended.is_some() && epoch.outstanding == 0) {
            if let Some(epoch) = self.epochs.pop_front() {
                self.write(&epoch, context);
            }
        }
    }

    fn write(&mut self, epoch: &Epoch, context: &mut dyn Context) {
        let ended = epoch.ended.unwrap_or(epoch.began);
        let found = epoch.experienced(&self.problem);
        let answered = epoch.answered.as_ref();
        // One that begins as the run ends is none.
        if ended > epoch.began || found.arrived > 0 {
            let arrived = found.arrived as f64;
            let share = |count: u64| (arrived > 0.0).then(|| count as f64 / arrived);
            self.last_shares = [share(found.answered), share(found.cold)];
            if epoch.began >= self.counts_from {
                self.count(epoch, &found);
            }
            if let Some(registered) = &self.registered {
                let memory_gb = |function: usize| self.functions[function].memory_gb;
                registered.epoch(epoch, self.functions.len(), memory_gb, context);
                registered.allocation(epoch, &found, &self.problem.compare, context);
            }
        }
        if let (Some(decision), Some(registered)) =
            (answered.and_then(|own| own.decision), &self.registered)
        {
            let reward = if found.most > 0.0 { found.objective / found.most } else { 0.0 };
            let outcome = registered.settled(answered.is_some_and(|own| own.is_refused));
            context.resolve_decision(decision, DecisionEnd::scored(outcome, reward));
        }
    }

    fn count(&mut self, epoch: &Epoch, found: &Experienced) {
        self.counted_epochs += 1;
        if found.arrived > 0 {
            self.experienced.add(found.objective);
            self.in_time.add(found.in_time);
        }
        let Some(answered) = &epoch.answered else { return };
        answered.objective.into_iter().for_each(|own| self.objective.add(own));
        answered.gap.into_iter().for_each(|own| self.gap.add(own));
        answered.iterations.into_iter().for_each(|own| self.iterations.add(f64::from(own)));
        for (totals, compared) in self.compared.iter_mut().zip(&answered.compared) {
            compared.objective.into_iter().for_each(|own| totals.objective.add(own));
            let deviation = answered.deviation_from(compared.objective);
            deviation.into_iter().for_each(|own| totals.deviation.add(own));
        }
    }

    /// What the replicas of functions cost, at the nodes and in the cloud.
    fn cost(&self, function: usize, held_s: f64) -> f64 {
        let (facts, totals) = (&self.functions[function], &self.totals[function]);
        facts.memory_gb
            * (held_s * self.prices.memory_gb_s + totals.cloud_s * self.prices.cloud_memory_gb_s)
            + totals.cloud as f64 * self.prices.request
            + totals.sent_bytes / GB_BYTES * self.prices.transfer_gb
    }

    /// What is known of replicas, for functions one by one and together.
    fn replicas_json(&self, functions: std::ops::Range<usize>) -> Map<String, Value> {
        let time_s = self.now.since(self.counts_from).as_secs();
        let mut sum = Integrals::default();
        let (mut busy_gb_s, mut idle_gb_s, mut cost, mut all_cloud) = (0.0, 0.0, 0.0, 0.0);
        for function in functions {
            let step = self.functions.len();
            let edge = self.meters[..self.problem.streams().min(self.meters.len())].iter();
            let own = edge
                .skip(function)
                .step_by(step)
                .fold(Integrals::default(), |sum, meter| sum.plus(&meter.since_warm_up()));
            let facts = &self.functions[function];
            busy_gb_s += own.busy_s * facts.memory_gb;
            idle_gb_s += (own.held_s - own.busy_s).max(0.0) * facts.memory_gb;
            cost += self.cost(function, own.held_s);
            all_cloud += self.totals[function].created() as f64 * facts.cloud_cost;
            sum = sum.plus(&own);
        }
        let all = json!({
            "replicas_mean": ratio(sum.held_s, time_s),
            "utilisation": sum.utilisation().map_or(json!(null), number),
            "queue_mean": ratio(sum.queued_s, time_s),
            "busy_gb_s": busy_gb_s,
            "idle_gb_s": idle_gb_s,
            "cost": cost,
            "cost_all_cloud": all_cloud,
        });
        match all {
            Value::Object(all) => all,
            _ => Map::new(),
        }
    }

    /// The part of the summary.
    pub(super) fn summary(&self) -> Value {
        let mut all = Totals::default();
        self.totals.iter().for_each(|own| all.merge(own));
        let mut json = all.json();
        json.extend(self.replicas_json(0..self.functions.len()));
        let mean = |summary: &Summary| number(summary.mean());
        let by_method = |of: fn(&ComparedTotals) -> &Summary| -> Map<String, Value> {
            let methods = self.problem.compare.iter().zip(&self.compared);
            methods.map(|(name, own)| (name.clone(), mean(of(own)))).collect()
        };
        let [start_waits, replicas_short, starved] = self.missing;
        let more = json!({
            "replicas_max": self.held_most,
            "starts": self.starts,
            "stops": self.stops,
            "flaps": self.flaps,
            "start_waits": start_waits,
            "starved": starved,
            "replicas_short": replicas_short,
            "energy_j": self.energy_j,
            "epochs": self.counted_epochs,
            "objective_mean": mean(&self.objective),
            "objective_experienced_mean": mean(&self.experienced),
            "objective_in_time_mean": mean(&self.in_time),
            "gap_mean": mean(&self.gap),
            "iterations_mean": mean(&self.iterations),
            "refused": self.refused,
            "agreement_s_mean": mean(&self.agreement_s),
            "messages": self.messages,
            "message_bytes": self.message_bytes,
            "messages_lost": self.messages_lost,
            "objective_of": by_method(|own| &own.objective),
            "deviation_of": by_method(|own| &own.deviation),
        });
        if let Value::Object(more) = more {
            json.extend(more);
        }
        let function = |(index, facts): (usize, &Facts)| {
            let mut own = self.totals[index].json();
            own.extend(self.replicas_json(index..index + 1));
            (facts.name.clone(), Value::Object(own))
        };
        let functions: Map<String, Value> = self.functions.iter().enumerate().map(function).collect();
        json.insert("functions".into(), Value::Object(functions));
        Value::Object(json)
    }
}
