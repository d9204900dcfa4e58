//! The decision point about workflows: asking, checking, recording.

use super::core::Core;
use super::decisions::Made;
use crate::apps::DecisionPoint;
use crate::apps::workflows::{WorkflowChoice, WorkflowGraph, WorkflowRequest, room};
use crate::engine::SimTime;
use crate::infra::{Infrastructure, NodeId};
use crate::placement::workflows::{NodeOffer, TaskCosts, WorkflowView};
use rustc_hash::FxHashMap;

/// Bytes of a transfer by which the rate between two nodes is found.
const PROBE_BYTES: f64 = 1e9;

/// What tasks and transfers are expected to take in a world: speeds of nodes as they are now, and for each pair of nodes a
/// delay and a rate as they would be now.
#[derive(Debug)]
struct WorldCosts<'a> {
    now: SimTime,
    graph: &'a WorkflowGraph,
    infrastructure: &'a mut Infrastructure,
    /// Seconds of no bytes, and seconds a byte.
    pairs: FxHashMap<(NodeId, NodeId), (f64, f64)>,
}

impl TaskCosts for WorldCosts<'_> {
    fn runtime_s(&mut self, task: u32, node: NodeId) -> f64 {
        let processor = self.infrastructure.node(node).processor;
        let mips = self.infrastructure.compute().mips(processor) * self.infrastructure.node_speed(node);
        self.graph.runtime_s(task, mips)
    }

    fn transfer_s(&mut self, from: NodeId, to: NodeId, bytes: f64) -> f64 {
        if from == to {
            return 0.0;
        }
        let (delay_s, per_byte_s) = *self.pairs.entry((from, to)).or_insert_with(|| {
            let mut of = |bytes| {
                let seconds = self.infrastructure.estimated_transfer_s(self.now, from, to, bytes);
                seconds.unwrap_or(f64::INFINITY)
            };
            let delay_s = of(0.0);
            if !delay_s.is_finite() {
                return (f64::INFINITY, 0.0);
            }
            (delay_s, ((of(PROBE_BYTES) - delay_s) / PROBE_BYTES).max(0.0))
        });
        delay_s + per_byte_s * bytes
    }
}

/// Asks the scheduling policy. A node that is none of the request's, does not work or is too small counts as refused, as
/// does a task that is not open.
pub(super) fn decide(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &WorkflowRequest<'_>,
) -> WorkflowChoice {
    let offers: Vec<NodeOffer> = {
        let infrastructure = &core.infrastructure;
        let works = |node: &&NodeId| {
            infrastructure.node(**node).is_available() && infrastructure.takes_tasks(**node)
        };
        let offer = |&node: &NodeId| {
            let (task_cores, memory_bytes) = room::largest_on(infrastructure, node);
            NodeOffer { node, task_cores, cores: room::offered(infrastructure, node), memory_bytes }
        };
        request.nodes.iter().filter(works).map(offer).collect()
    };
    let fits = |task: u32, node: NodeId| {
        let place = offers.binary_search_by_key(&node, |offer| offer.node);
        place.is_ok_and(|place| {
            let (offer, job) = (&offers[place], &request.graph.task(task).job);
            job.cores <= offer.task_cores && job.memory_bytes <= offer.memory_bytes
        })
    };
    let mut costs = WorldCosts {
        now,
        graph: request.graph,
        infrastructure: &mut core.infrastructure,
        pairs: FxHashMap::default(),
    };
    let random = &mut core.workflow_scheduling_random;
    let mut view = WorkflowView::new(now.as_secs(), request, offers.clone(), &mut costs, random);
    let decision = core.workflow_scheduling.schedule(&mut view);
    let mut is_open = vec![false; request.graph.tasks().len()];
    request.open.iter().for_each(|&task| is_open[task as usize] = true);
    let mut take = |task: u32| {
        is_open.get_mut(task as usize).is_some_and(|is_open| std::mem::replace(is_open, false))
    };
    let wanted = decision.assigned.len() + decision.refused.len();
    let mut choice = WorkflowChoice::default();
    for own in decision.assigned {
        if take(own.task) && fits(own.task, own.node) && own.start_s.is_finite() {
            choice.assigned.push((own, None));
        }
    }
    choice.refused.extend(decision.refused.into_iter().filter(|&task| take(task)));
    core.counts.refused_decisions += (wanted - choice.assigned.len() - choice.refused.len()) as u64;
    if core.decisions.enabled(DecisionPoint::WorkflowScheduling) {
        let workload = core.workload_symbols.get(usize::from(workload)).copied();
        let counts = [request.open.len(), offers.len(), request.booked.len()].map(|count| count as f64);
        for (own, decision) in &mut choice.assigned {
            core.decisions.count();
            let job = &request.graph.task(own.task).job;
            let input_bytes = request.graph.input_bytes(own.task);
            let [open, up, booked] = counts;
            let seen = [
                f64::from(request.workflow),
                job.length_mi,
                f64::from(job.cores),
                job.memory_bytes,
                input_bytes,
                open,
                up,
                booked,
            ];
            let made = Made {
                time: now,
                point: DecisionPoint::WorkflowScheduling,
                policy: None,
                workload,
                subject: u64::from(own.task),
                device: Some(request.source),
                choice: Some(own.node),
            };
            *decision = Some(core.decisions.add(made, None, Some(&seen.map(Some))));
        }
    }
    choice
}
