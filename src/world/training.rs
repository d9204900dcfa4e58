//! The decision points about training jobs: asking, checking, recording.

use super::core::Core;
use super::decisions::Made;
use crate::apps::DecisionPoint;
use crate::apps::training::{
    Placement, TrainingPlacementChoice, TrainingPlacementRequest, TrainingQueueChoice,
    TrainingQueueRequest,
};
use crate::engine::{SimTime, Stream};
use crate::placement::training::{
    self, PlacementView, QueuePolicy, QueueView, TrainingPlacement, placement_features, queue_features,
};

/// The policies, and their random numbers.
#[derive(Debug)]
pub(super) struct TrainingPolicies {
    pub(super) queue: Box<dyn QueuePolicy>,
    pub(super) placement: Box<dyn TrainingPlacement>,
    pub(super) random: Stream,
}

fn view<'a>(request: &TrainingQueueRequest<'a>) -> QueueView<'a> {
    QueueView {
        now_s: request.now_s,
        waiting: request.waiting,
        running: request.running,
        cluster: request.cluster,
    }
}

/// Which jobs give way, if the policy preempts.
pub(super) fn giving_way(core: &mut Core, request: &TrainingQueueRequest<'_>) -> Vec<usize> {
    use crate::apps::training::Discipline;
    let policy = &*core.training.queue;
    if policy.discipline() != Discipline::Preempt || request.waiting.is_empty() {
        return Vec::new();
    }
    training::giving_way(&view(request), policy)
}

/// Asks for an order. Positions that there are not, or that come again, are left out, and the decision counts as refused.
pub(super) fn decide_queue(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &TrainingQueueRequest<'_>,
) -> TrainingQueueChoice {
    let policy = &mut core.training.queue;
    let mut order = policy.order(&view(request));
    let (discipline, tried) = (policy.discipline(), policy.take_tried());
    let wanted = order.len();
    let mut seen = vec![false; request.waiting.len()];
    order.retain(|&at| seen.get_mut(at).is_some_and(|seen| !std::mem::replace(seen, true)));
    core.counts.refused_decisions += u64::from(order.len() < wanted);
    let id = core.decisions.enabled(DecisionPoint::TrainingQueue).then(|| {
        core.decisions.count();
        let made = Made {
            time: now,
            point: DecisionPoint::TrainingQueue,
            workload: core.workload_symbols.get(usize::from(workload)).copied(),
            policy: None,
            subject: request.number,
            device: None,
            choice: None,
        };
        core.decisions.add(made, None, Some(&queue_features(request)))
    });
    TrainingQueueChoice { order, discipline, tried, id }
}

/// Whether a placement is one for the job of a request.
fn is_good(request: &TrainingPlacementRequest<'_>, placement: &Placement) -> bool {
    let fits = |&(server, gpus): &(u32, u32)| gpus <= request.cluster.free_at_server(server);
    placement.gpus() == u64::from(request.job.gpus) && placement.servers().iter().all(fits)
}

/// Asks for GPUs. A placement that cannot be counts as refused, and the job waits.
pub(super) fn decide_placement(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &TrainingPlacementRequest<'_>,
) -> TrainingPlacementChoice {
    let policies = &mut core.training;
    let mut view = PlacementView {
        cluster: request.cluster,
        job: request.job,
        next: request.next,
        random: &mut policies.random,
    };
    let wanted = policies.placement.place(&mut view);
    let was_wanted = wanted.is_some();
    let placement = wanted.filter(|placement| is_good(request, placement));
    core.counts.refused_decisions += u64::from(was_wanted && placement.is_none());
    let id = core.decisions.enabled(DecisionPoint::TrainingPlacement).then(|| {
        core.decisions.count();
        let made = Made {
            time: now,
            point: DecisionPoint::TrainingPlacement,
            workload: core.workload_symbols.get(usize::from(workload)).copied(),
            policy: None,
            subject: u64::from(request.job.id),
            device: None,
            choice: None,
        };
        let seen = placement_features(request, placement.as_ref());
        core.decisions.add(made, None, Some(&seen))
    });
    TrainingPlacementChoice { placement, id }
}
