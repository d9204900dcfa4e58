//! The life of a workflow: its tasks get nodes, files move there, tasks run, and faults are tried again.

use super::outcome::WorkflowOutcome;
use super::request::{BookedTask, PlacedTask, WorkflowAssignment, WorkflowRequest};
use super::state::{Moving, Stage};
use super::workload::{ASK_AGAIN, Movement, RETRY, TRY_NODE, WorkflowWorkload};
use crate::apps::{Context, DecisionEnd, DecisionId, Message};
use crate::engine::{Phase, SimTime};
use crate::infra::compute::Job;
use crate::infra::network::NetworkRefusal;
use crate::infra::{JobOutcome, NodeId, TransferOutcome, TransferRecord};
use std::collections::BTreeSet;

impl WorkflowWorkload {
    /// Asks the policy for nodes for the open tasks of a workflow.
    pub(super) fn schedule(&mut self, workflow: u32, context: &mut dyn Context) {
        let booked = self.booked();
        let Some(instance) = self.instances.get_mut(&workflow) else { return };
        instance.is_due = false;
        let is_open = |task: &u32| instance.runs[*task as usize].stage == Stage::Open;
        let open: Vec<u32> = (0..instance.runs.len() as u32).filter(is_open).collect();
        if open.is_empty() {
            return;
        }
        let request = WorkflowRequest {
            workflow,
            graph: &instance.graph,
            source: instance.source,
            nodes: &self.options.nodes,
            open: &open,
            placed: &instance.placed,
            holders: &instance.holders,
            booked: &booked,
        };
        let choice = context.decide_workflow(&request);
        for (own, decision) in choice.assigned {
            self.assign(workflow, own, decision, context);
        }
        if let Some(&task) = choice.refused.first() {
            return self.lose(workflow, task, WorkflowOutcome::RefusedForCapacity, context);
        }
        // What has no node yet is asked about again: nobody tells when there is a way again.
        if let Some(instance) = self.instances.get_mut(&workflow)
            && instance.runs.iter().any(|run| run.stage == Stage::Open)
            && !std::mem::replace(&mut instance.is_awaited, true)
        {
            let message = Message { code: ASK_AGAIN, subject: workflow, detail: 0 };
            context.set_timer(context.now() + self.options.retry_delay, Phase::Demand, message);
        }
        for queue in 0..self.queues.len() {
            self.start_tasks(queue, context);
        }
    }

    /// What all tasks hold of nodes, or will.
    fn booked(&self) -> Vec<BookedTask> {
        let mut booked = Vec::new();
        for (queue, &node) in self.queues.iter().zip(&self.options.nodes) {
            let running = queue.running.iter().map(|&(workflow, task)| (workflow, task, true));
            let assigned = queue.assigned.iter().map(|&(_, workflow, task)| (workflow, task, false));
            for (workflow, task, runs) in running.chain(assigned) {
                let Some(instance) = self.instances.get(&workflow) else { continue };
                let run = &instance.runs[task as usize];
                let (start_s, end_s) = match (runs, run.started) {
                    (true, Some(started)) => {
                        let start_s = started.as_secs();
                        (start_s, start_s + (run.plan_s.1 - run.plan_s.0))
                    }
                    _ => run.plan_s,
                };
                let cores = instance.graph.task(task).job.cores;
                booked.push(BookedTask { node, cores, runs, start_s, end_s });
            }
        }
        booked
    }

    fn assign(
        &mut self,
        workflow: u32,
        own: WorkflowAssignment,
        decision: Option<DecisionId>,
        context: &mut dyn Context,
    ) {
        let WorkflowAssignment { task, node, start_s, end_s } = own;
        let (now, queue) = (context.now(), self.queue_of(node));
        let (Some(instance), Some(queue)) = (self.instances.get_mut(&workflow), queue) else {
            // The workflow was lost with a task before.
            if let (Some(decision), Some(registered)) = (decision, &self.registered) {
                context.resolve_decision(decision, DecisionEnd::scored(registered.cancelled(), 0.0));
            }
            return;
        };
        let turn = (start_s.max(0.0).to_bits(), self.assignments);
        self.assignments += 1;
        let missing: Vec<u32> = {
            let inputs = instance.graph.task(task).inputs.iter().copied();
            inputs.filter(|&file| !instance.holders[file as usize].contains(&node)).collect()
        };
        instance.placed[task as usize] = Some(PlacedTask { node, is_done: false, end_s });
        let run = instance.run(task);
        run.stage = Stage::Assigned;
        run.turn = turn;
        run.decision = decision;
        run.assigned = Some(now);
        run.missing_files = missing.len() as u32;
        run.staged = missing.is_empty().then_some(now);
        run.plan_s = (start_s, end_s);
        self.queues[queue].assigned.insert((turn, workflow, task));
        self.fetch(workflow, &missing, node, context);
    }

    /// Has files sent to a node, those that are written and not on their way already.
    fn fetch(&mut self, workflow: u32, files: &[u32], node: NodeId, context: &mut dyn Context) {
        for &file in files {
            let Some(instance) = self.instances.get_mut(&workflow) else { return };
            let holders = &instance.holders[file as usize];
            let on_way = instance.moving[file as usize].iter().any(|own| own.to == node);
            if holders.is_empty() || on_way || holders.contains(&node) {
                continue;
            }
            // From who wrote it, unless only a copy can be reached.
            let infrastructure = context.infrastructure();
            let reached = holders.iter().copied().find(|&from| {
                infrastructure.node(from).is_available() && infrastructure.is_reachable(from, node)
            });
            let from = reached.unwrap_or(holders[0]);
            let bytes = instance.graph.bytes(file);
            let token = self.tokens;
            self.tokens += 1;
            match context.start_transfer(from, node, bytes, token) {
                Ok(transfer) => {
                    self.movements.insert(token, Movement { workflow, file, to: node });
                    if let Some(owner) = context.infrastructure().network().owner(transfer) {
                        let moving = Moving { to: node, owner, transfer };
                        instance.moving[file as usize].push(moving);
                    }
                    instance.transfers += 1;
                }
                Err(refusal) => {
                    let outcome = match refusal {
                        NetworkRefusal::Disconnected => WorkflowOutcome::LostToFault,
                        NetworkRefusal::Bandwidth(_) => WorkflowOutcome::RefusedForBandwidth,
                    };
                    let hit = instance.readers_at(file, node);
                    hit.into_iter().for_each(|task| self.fault(workflow, task, outcome, context));
                }
            }
        }
    }

    pub(super) fn transfer_ended(&mut self, record: &TransferRecord, context: &mut dyn Context) {
        let token = record.owner.token;
        let Some(Movement { workflow, file, to }) = self.movements.remove(&token) else { return };
        let Some(instance) = self.instances.get_mut(&workflow) else { return };
        instance.moving[file as usize].retain(|own| own.owner != record.owner);
        if record.outcome == TransferOutcome::Delivered {
            instance.moved_bytes += record.size_bytes;
            instance.file_is_on(file, to, context.now());
            if let Some(queue) = self.queue_of(to) {
                self.start_tasks(queue, context);
            }
        } else {
            let hit = instance.readers_at(file, to);
            for task in hit {
                self.fault(workflow, task, record.outcome.into(), context);
            }
        }
    }

    /// Starts what can start on a node, in turn. Where the order is planned, cores are kept for those whose turn it is.
    pub(super) fn start_tasks(&mut self, place: usize, context: &mut dyn Context) {
        let node = self.options.nodes[place];
        let queue = &self.queues[place];
        if queue.assigned.is_empty() || queue.is_left_alone {
            return;
        }
        if !context.infrastructure().node(node).is_available() {
            return;
        }
        let offered = super::room::offered(context.infrastructure(), node);
        let mut free = offered.saturating_sub(queue.held_cores);
        let mut starts = Vec::new();
        for &(turn, workflow, task) in &queue.assigned {
            let Some(instance) = self.instances.get(&workflow) else { continue };
            let can_start = instance.runs[task as usize].can_start();
            if !can_start && !self.plans_ahead {
                continue;
            }
            let cores = instance.graph.task(task).job.cores;
            if cores > free {
                break;
            }
            free -= cores;
            if can_start {
                starts.push((turn, workflow, task));
            }
        }
        for (turn, workflow, task) in starts {
            if !self.start_task(place, turn, workflow, task, context) {
                break;
            }
        }
    }

    /// Whether the node has taken the task.
    fn start_task(
        &mut self,
        place: usize,
        turn: (u64, u64),
        workflow: u32,
        task: u32,
        context: &mut dyn Context,
    ) -> bool {
        let Some(instance) = self.instances.get_mut(&workflow) else { return true };
        let request = instance.graph.task(task).job;
        let token = self.tokens;
        self.tokens += 1;
        let queue = &mut self.queues[place];
        match context.submit_job(self.options.nodes[place], request, token) {
            Ok(job) => {
                self.jobs.insert(token, (workflow, task));
                queue.assigned.remove(&(turn, workflow, task));
                queue.running.insert((workflow, task));
                queue.held_cores += request.cores;
                let run = instance.run(task);
                run.stage = Stage::Running;
                let known = context.infrastructure().compute().job(job);
                run.job = known.map(|own| (job, own.owner));
                run.started = Some(context.now());
                true
            }
            Err(_) => {
                // Others hold what it needs.
                queue.is_left_alone = true;
                let time = context.now() + self.options.retry_delay;
                let message = Message { code: TRY_NODE, subject: place as u32, detail: 0 };
                context.set_timer(time, Phase::Demand, message);
                false
            }
        }
    }

    pub(super) fn job_ended(
        &mut self,
        token: u64,
        job: &Job,
        outcome: JobOutcome,
        context: &mut dyn Context,
    ) {
        let Some((workflow, task)) = self.jobs.remove(&token) else { return };
        let Some(node) = self.instances.get(&workflow).and_then(|own| own.node_of(task)) else { return };
        let Some(place) = self.queue_of(node) else { return };
        self.queues[place].running.remove(&(workflow, task));
        self.queues[place].held_cores -= job.request.cores;
        if let Some(instance) = self.instances.get_mut(&workflow) {
            let run = instance.run(task);
            run.job = None;
            run.started = job.started;
        }
        if outcome == JobOutcome::Done {
            self.task_done(workflow, task, node, context);
        } else {
            self.fault(workflow, task, outcome.into(), context);
        }
        self.start_tasks(place, context);
    }

    fn task_done(&mut self, workflow: u32, task: u32, node: NodeId, context: &mut dyn Context) {
        let now = context.now();
        let Some(instance) = self.instances.get_mut(&workflow) else { return };
        let graph = instance.graph.clone();
        instance.run(task).stage = Stage::Done;
        instance.placed[task as usize] = Some(PlacedTask { node, is_done: true, end_s: now.as_secs() });
        instance.done += 1;
        let is_last = instance.done as usize == instance.runs.len();
        self.record_task(workflow, task, WorkflowOutcome::Done, context);
        if is_last {
            return self.end(workflow, WorkflowOutcome::Done, context);
        }
        let Some(instance) = self.instances.get_mut(&workflow) else { return };
        let mut nodes = BTreeSet::new();
        for &child in graph.children(task) {
            let run = instance.run(child);
            run.missing_parents -= 1;
            if run.missing_parents == 0 {
                run.ready = Some(now);
                if run.stage == Stage::Blocked {
                    run.stage = Stage::Open;
                }
            }
            nodes.extend(instance.node_of(child));
        }
        for &file in &graph.task(task).outputs {
            instance.file_is_on(file, node, now);
        }
        for &file in &graph.task(task).outputs {
            let readers = graph.readers(file).iter();
            let Some(instance) = self.instances.get(&workflow) else { return };
            let assigned = |task: &&u32| instance.runs[**task as usize].stage == Stage::Assigned;
            let ends: BTreeSet<NodeId> =
                readers.filter(assigned).filter_map(|&task| instance.node_of(task)).collect();
            for end in ends {
                self.fetch(workflow, &[file], end, context);
            }
        }
        self.ask(workflow, context);
        for other in nodes {
            if let Some(place) = self.queue_of(other) {
                self.start_tasks(place, context);
            }
        }
    }

    /// Takes its node from a task that has not started, and tells of its decision.
    fn unassign(&mut self, workflow: u32, task: u32, stage: Stage, context: &mut dyn Context) {
        let Some(instance) = self.instances.get_mut(&workflow) else { return };
        let node = instance.placed[task as usize].take().map(|own| own.node);
        let run = instance.run(task);
        let turn = run.turn;
        run.stage = stage;
        run.missing_files = 0;
        (run.assigned, run.staged, run.started) = (None, None, None);
        let decision = run.decision.take();
        if let Some(place) = node.and_then(|node| self.queue_of(node)) {
            self.queues[place].assigned.remove(&(turn, workflow, task));
        }
        if let (Some(decision), Some(registered)) = (decision, &self.registered) {
            context.resolve_decision(decision, DecisionEnd::scored(registered.tried_again, 0.0));
        }
    }

    /// A fault has hit a task: it is tried again after a while, or its workflow is lost.
    fn fault(&mut self, workflow: u32, task: u32, outcome: WorkflowOutcome, context: &mut dyn Context) {
        let Some(instance) = self.instances.get_mut(&workflow) else { return };
        let run = instance.run(task);
        if !matches!(run.stage, Stage::Assigned | Stage::Running) {
            return;
        }
        if run.retries == self.options.fault_retries {
            return self.lose(workflow, task, outcome, context);
        }
        run.retries += 1;
        instance.retries += 1;
        self.unassign(workflow, task, Stage::Delayed, context);
        let time = context.now() + self.options.retry_delay;
        let message = Message { code: RETRY, subject: workflow, detail: u64::from(task) };
        context.set_timer(time, Phase::Demand, message);
    }

    pub(super) fn on_retry(&mut self, workflow: u32, task: u32, context: &mut dyn Context) {
        let Some(instance) = self.instances.get_mut(&workflow) else { return };
        if instance.runs[task as usize].stage != Stage::Delayed {
            return;
        }
        instance.run(task).stage = Stage::Open;
        self.plan_anew(workflow, context);
    }

    /// A plan of which something has failed is made anew, as far as it has not begun.
    fn plan_anew(&mut self, workflow: u32, context: &mut dyn Context) {
        if self.plans_ahead {
            let Some(instance) = self.instances.get(&workflow) else { return };
            let planned = |task: &u32| instance.runs[*task as usize].stage == Stage::Assigned;
            let planned: Vec<u32> = (0..instance.runs.len() as u32).filter(planned).collect();
            for task in planned {
                self.unassign(workflow, task, Stage::Open, context);
            }
        }
        self.ask(workflow, context);
    }

    /// A node has gone: what has not started there goes elsewhere. What ran is told of by itself.
    pub(super) fn node_lost(&mut self, node: NodeId, context: &mut dyn Context) {
        let Some(place) = self.queue_of(node) else { return };
        let there: Vec<(u32, u32)> =
            self.queues[place].assigned.iter().map(|&(_, workflow, task)| (workflow, task)).collect();
        for &(workflow, task) in &there {
            self.unassign(workflow, task, Stage::Open, context);
        }
        let workflows: BTreeSet<u32> = there.into_iter().map(|(workflow, _)| workflow).collect();
        for workflow in workflows {
            self.plan_anew(workflow, context);
        }
    }

    /// A task was refused or lost, and with it its workflow.
    pub(super) fn lose(
        &mut self,
        workflow: u32,
        task: u32,
        outcome: WorkflowOutcome,
        context: &mut dyn Context,
    ) {
        self.stop(workflow, Some(task), outcome, WorkflowOutcome::Cancelled, context);
    }

    /// The run ends before a workflow does.
    pub(super) fn end_unfinished(&mut self, workflow: u32, context: &mut dyn Context) {
        let outcome = WorkflowOutcome::Unfinished;
        self.stop(workflow, None, outcome, outcome, context);
    }

    /// Ends a workflow and all its tasks that are not done: one with the same outcome, the others with `others`.
    fn stop(
        &mut self,
        workflow: u32,
        by: Option<u32>,
        outcome: WorkflowOutcome,
        others: WorkflowOutcome,
        context: &mut dyn Context,
    ) {
        let Some(instance) = self.instances.get_mut(&workflow) else { return };
        let moving: Vec<Moving> = instance.moving.iter_mut().flat_map(std::mem::take).collect();
        for own in moving {
            self.call_off(own, context);
        }
        let Some(instance) = self.instances.get_mut(&workflow) else { return };
        let mut nodes = BTreeSet::new();
        for task in 0..instance.runs.len() as u32 {
            let (run, node) = (instance.runs[task as usize], instance.node_of(task));
            let place = node.and_then(|node| self.options.nodes.binary_search(&node).ok());
            match (run.stage, place) {
                (Stage::Assigned, Some(place)) => {
                    self.queues[place].assigned.remove(&(run.turn, workflow, task));
                    nodes.insert(place);
                }
                (Stage::Running, Some(place)) => {
                    // A job that has ended already was taken off before.
                    let Some((job, owner)) = run.job else { continue };
                    let known = context.infrastructure().compute().job(job);
                    if let Some(own) = known.filter(|own| own.owner == owner) {
                        instance.run(task).started = own.started;
                        context.cancel_job(job, owner.token);
                    }
                    self.jobs.remove(&owner.token);
                    self.queues[place].running.remove(&(workflow, task));
                    self.queues[place].held_cores -= instance.graph.task(task).job.cores;
                    nodes.insert(place);
                }
                _ => {}
            }
        }
        let tasks = instance.runs.len() as u32;
        for task in 0..tasks {
            let stage = self.instances.get(&workflow).map(|own| own.runs[task as usize].stage);
            if stage.is_some_and(|stage| stage != Stage::Done) {
                let own = if by == Some(task) { outcome } else { others };
                self.record_task(workflow, task, own, context);
            }
        }
        self.end(workflow, outcome, context);
        if outcome != WorkflowOutcome::Unfinished {
            for place in nodes {
                self.start_tasks(place, context);
            }
        }
    }

    /// Ends a transfer that nobody waits for any more.
    pub(super) fn call_off(&mut self, moving: Moving, context: &mut dyn Context) {
        self.movements.remove(&moving.owner.token);
        if context.infrastructure().network().owner(moving.transfer) == Some(moving.owner) {
            context.abort_transfer(moving.transfer, moving.owner.token, TransferOutcome::Dropped);
        }
    }

    /// Seconds between two instants, if both have come.
    pub(super) fn between(from: Option<SimTime>, to: Option<SimTime>) -> Option<f64> {
        Some(to?.since(from?).as_secs())
    }
}
