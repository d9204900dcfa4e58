//! The distributed method as messages: nodes and a coordinator that send each other what they need to know, over the
//! network of the world.
//!
//! In each round the nodes decide for themselves by the prices that they know and tell the coordinator; it goes on when all
//! have told it, or after a timeout with those that have, and tells each node what it forwards and receives, and the next prices.
//! A node keeps what it was told to be the best so far. When it hears that this was all, or has heard nothing for as many
//! rounds as there are, it does what it has kept, or else what it decided for itself. Requests are forwarded from when both
//! ends do what the same round has decided.

use super::workload::FunctionWorkload;
use crate::apps::replica_allocation::{
    AgentReply, AgentTurn, AllocationFailure, NodePlan, ReplicaAllocation, ReplicaAllocationChoice,
    ReplicaAllocationRequest, RoundResult, RouteShares,
};
use crate::apps::{Context, Message};
use crate::engine::{Phase, SimDuration, SimTime};
use crate::infra::{NodeId, TransferOutcome, TransferRecord};
use slab::Slab;
use std::sync::Arc;

/// What tells messages of agents from requests and images in tokens.
pub(super) const TALK: u64 = 3 << 62;

/// A message is there that went no way; the detail is its key.
pub(super) const LETTER: u32 = 24;
/// Somebody has waited long enough: the subject is the node, or that of [`COORDINATOR`], the detail the run and the round.
pub(super) const PATIENCE: u32 = 25;

/// In place of a node.
const COORDINATOR: u32 = u32::MAX;

/// For how many timeouts of the coordinator a node waits for it, which may have waited for others.
const NODE_TIMEOUTS: f64 = 2.0;

/// How agents talk.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentOptions {
    /// Number of the coordinator's node among those of the workload.
    pub coordinator: u32,
    /// Bytes of a message without what it says.
    pub message_bytes: f64,
    /// Bytes more for each function.
    pub bytes_per_function: f64,
    /// Seconds for which the coordinator waits for nodes in a round.
    pub timeout_s: f64,
    /// Rounds after which it is over, at least 1.
    pub rounds: u32,
}

impl Default for AgentOptions {
    fn default() -> Self {
        AgentOptions {
            coordinator: 0,
            message_bytes: 1000.0,
            bytes_per_function: 24.0,
            timeout_s: 2.0,
            rounds: 20,
        }
    }
}

/// What a message says.
#[derive(Clone, Debug)]
enum Body {
    /// A node to the coordinator.
    Plan(NodePlan),
    /// The coordinator to a node.
    Result(Arc<RoundResult>),
}

/// A message on its way.
#[derive(Clone, Debug)]
struct Letter {
    run: u32,
    round: u32,
    /// The node that it is from or to, beside the coordinator.
    node: u32,
    body: Body,
}

/// What a node does in the end.
#[derive(Clone, Debug)]
struct Kept {
    round: u32,
    plan: NodePlan,
    result: Arc<RoundResult>,
}

/// What a node knows.
#[derive(Clone, Debug)]
struct Member {
    prices: Vec<f64>,
    round: u32,
    own: NodePlan,
    kept: Option<Kept>,
    is_done: bool,
}

/// A run of the method.
#[derive(Debug)]
struct Run {
    number: u32,
    began: SimTime,
    loads_rps: Vec<f64>,
    /// Of nodes that worked when it began.
    members: Vec<Option<Member>>,
    /// The round of the coordinator, and what it has been told in it.
    round: u32,
    told: Vec<Option<NodePlan>>,
    /// The last that it has said, once that is all.
    last: Option<Arc<RoundResult>>,
    allocation: ReplicaAllocation,
    messages: u64,
    bytes: f64,
    lost: u64,
}

impl Run {
    /// Whether all nodes do what they will do.
    fn is_over(&self) -> bool {
        self.members.iter().flatten().all(|member| member.is_done)
    }
}

/// What agents of a workload do.
#[derive(Debug, Default)]
pub(super) struct Agents {
    options: Option<AgentOptions>,
    run: Option<Run>,
    runs: u32,
    letters: Slab<Letter>,
}

/// What has come of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Agreement {
    /// Seconds until the last node has done what was agreed.
    pub(super) seconds: f64,
    /// Messages that were sent.
    pub(super) messages: u64,
    /// Bytes of them.
    pub(super) bytes: f64,
    /// Messages that were lost.
    pub(super) lost: u64,
}

impl Agents {
    pub(super) fn new(options: Option<AgentOptions>) -> Self {
        Agents { options, ..Agents::default() }
    }

    pub(super) fn is_any(&self) -> bool {
        self.options.is_some()
    }

    /// Begins a run among so many nodes. Fails with what is to be told if the policy cannot do it.
    pub(super) fn begin(
        &mut self,
        request: &ReplicaAllocationRequest<'_>,
        nodes: usize,
        context: &mut dyn Context,
    ) -> Result<(), AllocationFailure> {
        let prices = match context.take_agent_turn(&AgentTurn::Begin(request)) {
            AgentReply::Begun(prices) => prices,
            AgentReply::Failed(failure) => return Err(failure),
            _ => return Ok(()),
        };
        let member = Member { prices, round: 0, own: NodePlan::default(), kept: None, is_done: false };
        let members = (0..nodes).map(|node| request.observed.is_up(node).then(|| member.clone()));
        self.runs += 1;
        self.run = Some(Run {
            number: self.runs,
            began: context.now(),
            loads_rps: request.loads_rps.to_vec(),
            members: members.collect(),
            round: 0,
            told: vec![None; nodes],
            last: None,
            allocation: ReplicaAllocation::default(),
            messages: 0,
            bytes: 0.0,
            lost: 0,
        });
        Ok(())
    }
}

impl FunctionWorkload {
    /// Has all nodes of a run that has begun decide for themselves.
    pub(super) fn start_run(&mut self, context: &mut dyn Context) {
        let mut allocation = self.present_allocation();
        let functions = self.problem.functions;
        let Some(run) = &mut self.agents.run else { return };
        // Nodes that do not work have nothing, and nothing is sent to them.
        let is_away = |node: usize| run.members.get(node).is_some_and(Option::is_none);
        for (s, replicas) in allocation.replicas.iter_mut().enumerate() {
            *replicas = if is_away(s / functions) { 0 } else { *replicas };
        }
        if let Some(shares) = &mut allocation.shares {
            let arcs = self.problem.arcs.iter().zip(shares.forwarded.chunks_mut(functions));
            for (&(from, to), forwarded) in arcs {
                if is_away(from as usize) || is_away(to as usize) {
                    forwarded.fill(0.0);
                }
            }
        }
        run.allocation = allocation;
        if run.members.iter().all(Option::is_none) {
            return self.finish_run(context);
        }
        let up: Vec<u32> = (0u32..)
            .zip(&run.members)
            .filter_map(|(node, member)| member.as_ref().map(|_| node))
            .collect();
        self.set_patience(COORDINATOR, 0, context);
        for node in up {
            self.tell_coordinator(node, 0, context);
        }
    }

    /// What holds now.
    fn present_allocation(&self) -> ReplicaAllocation {
        let (streams, functions) = (self.problem.streams(), self.problem.functions);
        let shares = self.router.shares().cloned().unwrap_or_else(|| RouteShares {
            local: vec![1.0; streams],
            forwarded: vec![0.0; self.problem.arcs.len() * functions],
        });
        ReplicaAllocation {
            replicas: self.pools[..streams].iter().map(|pool| pool.target).collect(),
            shares: Some(shares),
            ..ReplicaAllocation::default()
        }
    }

    /// Sets the patience of a node or the coordinator in a round.
    fn set_patience(&self, node: u32, round: u32, context: &mut dyn Context) {
        let (Some(options), Some(run)) = (&self.agents.options, &self.agents.run) else { return };
        let times = if node == COORDINATOR { 1.0 } else { NODE_TIMEOUTS };
        let until = context.now() + SimDuration::from_secs(options.timeout_s * times);
        let detail = (u64::from(run.number) << 32) | u64::from(round);
        context.set_timer(until, Phase::Control, Message { code: PATIENCE, subject: node, detail });
    }

    /// A node decides for itself, and tells the coordinator.
    fn tell_coordinator(&mut self, node: u32, round: u32, context: &mut dyn Context) {
        let Some(run) = &mut self.agents.run else { return };
        let Some(Some(member)) = run.members.get_mut(node as usize) else { return };
        let reply = context.take_agent_turn(&AgentTurn::Local { node, prices: &member.prices });
        let AgentReply::Plan(plan) = reply else { return };
        member.round = round;
        member.own = plan.clone();
        let letter = Letter { run: run.number, round, node, body: Body::Plan(plan) };
        self.set_patience(node, round, context);
        self.post(letter, context);
    }

    /// Sends a message.
    fn post(&mut self, letter: Letter, context: &mut dyn Context) {
        let (Some(options), Some(run)) = (&self.agents.options, &mut self.agents.run) else { return };
        let own: NodeId = self.problem.nodes[letter.node as usize];
        let coordinator: NodeId = self.problem.nodes[options.coordinator as usize];
        let (from, to) = match letter.body {
            Body::Plan(_) => (own, coordinator),
            Body::Result(_) => (coordinator, own),
        };
        let bytes = options.message_bytes + options.bytes_per_function * self.problem.functions as f64;
        let key = self.agents.letters.insert(letter);
        if from == to {
            let message = Message { code: LETTER, subject: 0, detail: key as u64 };
            context.set_timer(context.now(), Phase::Completion, message);
            return;
        }
        run.messages += 1;
        run.bytes += bytes;
        if context.start_transfer(from, to, bytes, TALK | key as u64).is_err() {
            run.lost += 1;
            self.agents.letters.try_remove(key);
        }
    }

    /// A transfer is over; whether it was a message of agents.
    pub(super) fn delivered(&mut self, record: &TransferRecord, context: &mut dyn Context) -> bool {
        let token = record.owner.token;
        if token & TALK != TALK {
            return false;
        }
        let key = token & !TALK;
        if record.outcome == TransferOutcome::Delivered {
            self.read(key, context);
        } else {
            self.agents.letters.try_remove(key as usize);
            if let Some(run) = &mut self.agents.run {
                run.lost += 1;
            }
        }
        true
    }

    /// A message is there.
    pub(super) fn read(&mut self, key: u64, context: &mut dyn Context) {
        let Some(letter) = self.agents.letters.try_remove(key as usize) else { return };
        let Some(run) = self.agents.run.as_mut().filter(|run| run.number == letter.run) else { return };
        match letter.body {
            Body::Plan(plan) => {
                if let Some(last) = run.last.clone() {
                    // Who asks late hears how it has ended.
                    let (round, body) = (run.round, Body::Result(last));
                    return self.post(Letter { round, body, ..letter }, context);
                }
                if letter.round < run.round {
                    return;
                }
                run.told[letter.node as usize] = Some(plan);
                let all = run.members.iter().zip(&run.told);
                if all.into_iter().all(|(member, told)| member.is_none() || told.is_some()) {
                    self.coordinate(context);
                }
            }
            Body::Result(result) => self.learn(letter.node, letter.round, result, context),
        }
    }

    /// The coordinator goes on with what it has been told.
    fn coordinate(&mut self, context: &mut dyn Context) {
        let (Some(options), Some(run)) = (&self.agents.options, &mut self.agents.run) else { return };
        let reply = context.take_agent_turn(&AgentTurn::Coordinate { plans: &run.told });
        let mut result = match reply {
            AgentReply::Round(result) => result,
            // What cannot be decided ends it with what was kept.
            _ => RoundResult { has_ended: true, ..RoundResult::default() },
        };
        result.has_ended |= run.round + 1 >= options.rounds;
        let (round, result) = (run.round, Arc::new(result));
        run.told.fill(None);
        if result.has_ended {
            run.last = Some(Arc::clone(&result));
        } else {
            run.round += 1;
            self.set_patience(COORDINATOR, round + 1, context);
        }
        let Some(run) = &self.agents.run else { return };
        let number = run.number;
        let members: Vec<u32> = (0u32..)
            .zip(&run.members)
            .filter_map(|(node, member)| member.as_ref().map(|_| node))
            .collect();
        for node in members {
            let body = Body::Result(Arc::clone(&result));
            self.post(Letter { run: number, round, node, body }, context);
        }
    }

    /// A node hears what the coordinator has decided in a round.
    fn learn(&mut self, node: u32, round: u32, result: Arc<RoundResult>, context: &mut dyn Context) {
        let functions = self.problem.functions;
        let Some(run) = &mut self.agents.run else { return };
        let Some(Some(member)) = run.members.get_mut(node as usize) else { return };
        if member.is_done {
            return;
        }
        if result.prices.len() == functions {
            member.prices.clone_from(&result.prices);
        }
        if result.is_best && member.kept.as_ref().is_none_or(|kept| kept.round < round) {
            let mut forwarded_rps = vec![0.0; functions];
            let mut received_rps = vec![0.0; functions];
            for (&(from, to), rates) in
                self.problem.arcs.iter().zip(result.forwarded_rps.chunks(functions))
            {
                for (f, rate) in rates.iter().enumerate() {
                    forwarded_rps[f] += if from == node { *rate } else { 0.0 };
                    received_rps[f] += if to == node { *rate } else { 0.0 };
                }
            }
            let turn = AgentTurn::Restricted {
                node,
                forwarded_rps: &forwarded_rps,
                received_rps: &received_rps,
            };
            if let AgentReply::Plan(plan) = context.take_agent_turn(&turn) {
                member.kept = Some(Kept { round, plan, result: Arc::clone(&result) });
            }
        }
        let goes_on = round >= member.round;
        if result.has_ended {
            self.conclude(node, context);
        } else if goes_on {
            self.tell_coordinator(node, round + 1, context);
        }
    }

    /// Somebody has waited long enough.
    pub(super) fn lose_patience(&mut self, node: u32, detail: u64, context: &mut dyn Context) {
        let (number, round) = ((detail >> 32) as u32, detail as u32);
        let (Some(options), Some(run)) = (&self.agents.options, &self.agents.run) else { return };
        if run.number != number {
            return;
        }
        if node == COORDINATOR {
            let own = self.problem.nodes[options.coordinator as usize];
            let is_up = context.infrastructure().node(own).is_available();
            if run.round == round && run.last.is_none() && is_up {
                self.coordinate(context);
            }
            return;
        }
        let rounds = options.rounds;
        let own = self.problem.nodes[node as usize];
        let is_up = context.infrastructure().node(own).is_available();
        let Some(run) = &mut self.agents.run else { return };
        let Some(Some(member)) = run.members.get_mut(node as usize) else { return };
        if member.is_done || member.round != round {
            return;
        }
        if !is_up {
            // What it was about to do is lost with it.
            member.is_done = true;
            member.kept = None;
            if run.is_over() {
                self.finish_run(context);
            }
        } else if round + 1 < rounds {
            self.tell_coordinator(node, round + 1, context);
        } else {
            self.conclude(node, context);
        }
    }

    /// A node does what it has kept, or else what it has decided for itself.
    fn conclude(&mut self, node: u32, context: &mut dyn Context) {
        let functions = self.problem.functions;
        let Some(run) = &mut self.agents.run else { return };
        let Some(Some(member)) = run.members.get_mut(node as usize) else { return };
        member.is_done = true;
        let member = member.clone();
        let plan = member.kept.as_ref().map_or(&member.own, |kept| &kept.plan);
        let first = node as usize * functions;
        let share = |rate: f64, s: usize| {
            let load = run.loads_rps[s];
            if load > 0.0 { (rate / load).clamp(0.0, 1.0) } else { 0.0 }
        };
        let Some(shares) = &mut run.allocation.shares else { return };
        for f in 0..functions {
            let s = first + f;
            run.allocation.replicas[s] = plan.replicas.get(f).copied().unwrap_or(0);
            let local_rps = plan.local_rps.get(f).copied().unwrap_or(0.0);
            shares.local[s] = if run.loads_rps[s] > 0.0 { share(local_rps, s) } else { 1.0 };
        }
        let kept_round = |other: u32| {
            let member = run.members.get(other as usize).and_then(Option::as_ref);
            member.filter(|member| member.is_done).and_then(|member| member.kept.as_ref())
        };
        for (arc, &(from, to)) in self.problem.arcs.iter().enumerate() {
            if from != node && to != node {
                continue;
            }
            for f in 0..functions {
                let place = arc * functions + f;
                let forwarded = match (kept_round(from), kept_round(to)) {
                    (Some(sender), Some(receiver)) if sender.round == receiver.round => {
                        let rate = sender.result.forwarded_rps.get(place).copied().unwrap_or(0.0);
                        share(rate, from as usize * functions + f)
                    }
                    // What holds of one that has not heard yet stays as it was, unless it leads here.
                    _ => 0.0,
                };
                shares.forwarded[place] = forwarded;
            }
        }
        let allocation = run.allocation.clone();
        let is_over = run.is_over();
        self.apply(&allocation, context);
        if is_over {
            self.finish_run(context);
        }
    }

    /// Ends a run, also one that has not come to an end, as far as it has come.
    pub(super) fn finish_run(&mut self, context: &mut dyn Context) {
        let Some(run) = self.agents.run.take() else { return };
        let agreement = Agreement {
            seconds: context.now().since(run.began).as_secs(),
            messages: run.messages,
            bytes: run.bytes,
            lost: run.lost,
        };
        let reply = context.take_agent_turn(&AgentTurn::Finish(&run.allocation));
        let choice = match reply {
            AgentReply::Decided(choice) => choice,
            AgentReply::Failed(failure) => {
                ReplicaAllocationChoice { result: Err(failure), compared: Vec::new(), decision: None }
            }
            _ => return,
        };
        self.accounts.decided(self.epoch, &run.loads_rps, &choice, context);
        self.accounts.applied(self.epoch, context);
        self.accounts.agreed(self.epoch, agreement);
    }
}
