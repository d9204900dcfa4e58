//! What a scheduling policy can see of a workflow, of nodes and of what is planned on them.

use super::timeline::Timeline;
use crate::apps::workflows::{PlacedTask, WorkflowAssignment, WorkflowGraph, WorkflowRequest};
use crate::engine::Stream;
use crate::infra::NodeId;
use std::fmt;

/// Pairs of nodes of which mean times of transfers are taken at most.
const MOST_PAIRS: usize = 4096;

/// A node that works, and what it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeOffer {
    /// The node.
    pub node: NodeId,
    /// Cores that a task can have at most.
    pub task_cores: u32,
    /// Cores in all.
    pub cores: u32,
    /// Memory that a task can have at most, in bytes.
    pub memory_bytes: f64,
}

/// How long tasks and transfers are expected to take.
pub trait TaskCosts: fmt::Debug {
    /// Seconds of a task on a node that has nothing else to do.
    fn runtime_s(&mut self, task: u32, node: NodeId) -> f64;

    /// Seconds of a transfer; infinite if there is no way.
    fn transfer_s(&mut self, from: NodeId, to: NodeId, bytes: f64) -> f64;
}

/// Tasks that need nodes, as a policy sees them. Nodes are told by their place among [`nodes`](Self::nodes).
#[derive(Debug)]
pub struct WorkflowView<'a> {
    now_s: f64,
    request: &'a WorkflowRequest<'a>,
    offers: Vec<NodeOffer>,
    lines: Vec<Timeline>,
    placed: Vec<Option<PlacedTask>>,
    costs: &'a mut dyn TaskCosts,
    random: &'a mut Stream,
    /// Mean latency in seconds and mean seconds a byte between two nodes, once they are known.
    mean_transfer: Option<(f64, f64)>,
}

impl<'a> WorkflowView<'a> {
    /// A view at `now_s` of the nodes that work, in ascending order.
    pub fn new(
        now_s: f64,
        request: &'a WorkflowRequest<'a>,
        offers: Vec<NodeOffer>,
        costs: &'a mut dyn TaskCosts,
        random: &'a mut Stream,
    ) -> Self {
        let mut lines = vec![Timeline::default(); offers.len()];
        let mut booked = request.booked.to_vec();
        // What runs first, then what is planned, as soon as it can be if it is late.
        booked.sort_by(|a, b| b.runs.cmp(&a.runs).then(a.start_s.total_cmp(&b.start_s)));
        for own in booked {
            let Ok(place) = offers.binary_search_by_key(&own.node, |offer| offer.node) else { continue };
            if own.runs {
                lines[place].book(now_s, own.end_s, own.cores);
                continue;
            }
            let duration_s = own.end_s - own.start_s;
            let ready_s = own.start_s.max(now_s);
            if let Some(start_s) =
                lines[place].earliest(ready_s, duration_s, own.cores, offers[place].cores)
            {
                lines[place].book(start_s, start_s + duration_s, own.cores);
            }
        }
        let placed = request.placed.to_vec();
        WorkflowView { now_s, request, offers, lines, placed, costs, random, mean_transfer: None }
    }

    /// The present time in seconds.
    #[must_use]
    pub fn now_s(&self) -> f64 {
        self.now_s
    }

    /// The workflow.
    #[must_use]
    pub fn graph(&self) -> &'a WorkflowGraph {
        self.request.graph
    }

    /// The tasks that need nodes, ascending.
    #[must_use]
    pub fn open(&self) -> &'a [u32] {
        self.request.open
    }

    /// The node that the workflow came from.
    #[must_use]
    pub fn source(&self) -> NodeId {
        self.request.source
    }

    /// All nodes that tasks may run on, whether they work or not, ascending.
    #[must_use]
    pub fn allowed(&self) -> &'a [NodeId] {
        self.request.nodes
    }

    /// Those of them that work, ascending.
    #[must_use]
    pub fn nodes(&self) -> &[NodeOffer] {
        &self.offers
    }

    /// The place of a node among those that work.
    #[must_use]
    pub fn place_of(&self, node: NodeId) -> Option<usize> {
        self.offers.binary_search_by_key(&node, |offer| offer.node).ok()
    }

    /// Random numbers.
    pub fn random(&mut self) -> &mut Stream {
        self.random
    }

    /// Whether a node has the cores and memory that a task asks for, if nothing else runs there.
    #[must_use]
    pub fn fits(&self, task: u32, node: usize) -> bool {
        let (job, offer) = (&self.graph().task(task).job, &self.offers[node]);
        job.cores <= offer.task_cores && job.memory_bytes <= offer.memory_bytes
    }

    /// Expected seconds of a task on a node that has nothing else to do.
    pub fn runtime_s(&mut self, task: u32, node: usize) -> f64 {
        self.costs.runtime_s(task, self.offers[node].node)
    }

    /// The mean of that over all nodes that it fits on; 0 if there is none.
    pub fn mean_runtime_s(&mut self, task: u32) -> f64 {
        let (mut sum_s, mut count) = (0.0, 0u32);
        for node in 0..self.offers.len() {
            if self.fits(task, node) {
                sum_s += self.runtime_s(task, node);
                count += 1;
            }
        }
        if count > 0 { sum_s / f64::from(count) } else { 0.0 }
    }

    /// Mean seconds of a transfer between two different nodes; of very many nodes, between pairs of them at even
    /// distances.
    pub fn mean_transfer_s(&mut self, bytes: f64) -> f64 {
        const PROBE_BYTES: f64 = 1e9;
        if bytes <= 0.0 {
            return 0.0;
        }
        let (latency_s, per_byte_s) = match self.mean_transfer {
            Some(known) => known,
            None => {
                let nodes = self.offers.len();
                let pairs = nodes * nodes;
                let (mut latency_s, mut per_byte_s, mut count) = (0.0, 0.0, 0u32);
                for pair in (0..pairs).step_by(pairs.div_ceil(MOST_PAIRS).max(1)) {
                    let (from, to) = (self.offers[pair / nodes].node, self.offers[pair % nodes].node);
                    let none_s = self.costs.transfer_s(from, to, 0.0);
                    if from == to || !none_s.is_finite() {
                        continue;
                    }
                    latency_s += none_s;
                    per_byte_s += (self.costs.transfer_s(from, to, PROBE_BYTES) - none_s) / PROBE_BYTES;
                    count += 1;
                }
                let count = f64::from(count.max(1));
                *self.mean_transfer.insert((latency_s / count, per_byte_s / count))
            }
        };
        latency_s + per_byte_s * bytes
    }

    /// Whether a task has a node, or is done.
    #[must_use]
    pub fn is_placed(&self, task: u32) -> bool {
        self.placed[task as usize].is_some()
    }

    /// Bytes of a task's input that are on a node now.
    #[must_use]
    pub fn present_bytes(&self, task: u32, node: usize) -> f64 {
        let node = self.offers[node].node;
        let here = |file: &&u32| self.request.holders[**file as usize].contains(&node);
        let graph = self.graph();
        graph.task(task).inputs.iter().filter(here).map(|&file| graph.bytes(file)).sum()
    }

    /// When all that a task reads is expected to be on a node: what is written already is sent from where it is from
    /// now on, what is still to come when its writer has ended.
    pub fn ready_s(&mut self, task: u32, node: usize) -> f64 {
        let graph = self.graph();
        let to = self.offers[node].node;
        let mut ready_s = self.now_s;
        let mut missing: smallvec::SmallVec<[(NodeId, f64); 4]> = smallvec::SmallVec::new();
        for &file in &graph.task(task).inputs {
            let holders = &self.request.holders[file as usize];
            let Some(&from) = holders.first().filter(|_| !holders.contains(&to)) else { continue };
            match missing.iter_mut().find(|(known, _)| *known == from) {
                Some((_, bytes)) => *bytes += graph.bytes(file),
                None => missing.push((from, graph.bytes(file))),
            }
        }
        for (from, bytes) in missing {
            ready_s = ready_s.max(self.now_s + self.costs.transfer_s(from, to, bytes));
        }
        for (parent, bytes) in graph.parents_with_bytes(task) {
            let Some(own) = self.placed[parent as usize].filter(|own| !own.is_done) else { continue };
            let moves_s = if own.node == to || bytes <= 0.0 {
                0.0
            } else {
                self.costs.transfer_s(own.node, to, bytes)
            };
            ready_s = ready_s.max(own.end_s + moves_s);
        }
        ready_s
    }

    /// When a task could start on a node and when it would end, in a gap between what is planned there if there is one;
    /// `None` if it does not fit or its input cannot get there.
    pub fn earliest(&mut self, task: u32, node: usize) -> Option<(f64, f64)> {
        if !self.fits(task, node) {
            return None;
        }
        let (ready_s, runtime_s) = (self.ready_s(task, node), self.runtime_s(task, node));
        if !(ready_s.is_finite() && runtime_s.is_finite()) {
            return None;
        }
        let cores = self.graph().task(task).job.cores;
        let start_s = self.lines[node].earliest(ready_s, runtime_s, cores, self.offers[node].cores)?;
        Some((start_s, start_s + runtime_s))
    }

    /// The node on which a task would end first, the first among equals, with its end.
    pub fn first_to_end(&mut self, task: u32) -> Option<(usize, f64)> {
        let mut best: Option<(usize, f64)> = None;
        for node in 0..self.offers.len() {
            if let Some((_, end_s)) = self.earliest(task, node)
                && best.is_none_or(|(_, least_s)| end_s < least_s)
            {
                best = Some((node, end_s));
            }
        }
        best
    }

    /// Plans a task on a node as early as can be; `None`, and nothing planned, if that is not possible.
    pub fn assign(&mut self, task: u32, node: usize) -> Option<WorkflowAssignment> {
        let (start_s, end_s) = self.earliest(task, node)?;
        let cores = self.graph().task(task).job.cores;
        self.lines[node].book(start_s, end_s, cores);
        let node = self.offers[node].node;
        self.placed[task as usize] = Some(PlacedTask { node, is_done: false, end_s });
        Some(WorkflowAssignment { task, node, start_s, end_s })
    }
}
