//! The decision point about services: asking, checking, booking, recording.

use super::core::Core;
use super::decisions::Made;
use crate::apps::{
    DecisionPoint, ServicePlacementChoice, ServicePlacementFailure, ServicePlacementRequest,
};
use crate::engine::{SimTime, Stream};
use crate::infra::applications::{Applications, ReplicaIndex, Shape, Violation, ViolationKind};
use crate::infra::{Infrastructure, NodeId};
use crate::placement::services::{PlacementView, ServicePlacementDecision, ServicePlacementPolicy};
use crate::records::Symbol;

/// A policy, and what it needs from call to call.
#[derive(Debug)]
pub(super) struct ServicePlacer {
    pub(super) policy: Box<dyn ServicePlacementPolicy>,
    pub(super) random: Stream,
    pub(super) name: Symbol,
}

/// The policies by number, and the nodes that take services.
#[derive(Debug, Default)]
pub(super) struct ServicePlacement {
    pub(super) placers: Vec<ServicePlacer>,
    /// All nodes that take services, as of this number of changes.
    all: Vec<NodeId>,
    seen: Option<u64>,
    /// Those of a request.
    chosen: Vec<NodeId>,
}

impl ServicePlacement {
    /// The nodes that replicas of a request may be placed on. To be given back.
    fn candidates(&mut self, own: &Infrastructure, nodes: Option<&[NodeId]>) -> Vec<NodeId> {
        if let Some(nodes) = nodes {
            let mut chosen = std::mem::take(&mut self.chosen);
            chosen.clear();
            chosen.extend(nodes.iter().copied().filter(|&node| own.hosts_services(node)));
            return chosen;
        }
        let mut all = std::mem::take(&mut self.all);
        if self.seen.replace(own.availability_changes()) != self.seen {
            all.clear();
            all.extend(own.service_nodes());
        }
        all
    }
}

/// Asks a policy where replicas are to run, checks the answer, and books it. If it is no good, all is as it was.
pub(super) fn decide_service_placement(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &ServicePlacementRequest<'_>,
) -> ServicePlacementChoice {
    core.decisions.count();
    let is_recorded = core.decisions.enabled(DecisionPoint::ServicePlacement);
    let infrastructure = &mut core.infrastructure;
    let last = core.service_placement.placers.len().saturating_sub(1);
    let candidates = core.service_placement.candidates(infrastructure, request.nodes);
    let (mut features, mut policy) = (None, None);
    let result = match core.service_placement.placers.get_mut((request.number as usize).min(last)) {
        None => Err(ServicePlacementFailure::Rejected(Violation::new(ViolationKind::NodeDown))),
        Some(placer) => {
            policy = Some(placer.name);
            let mut book = infrastructure.lend_applications();
            let shape = book.get(request.application.index()).map(|own| own.shape().clone());
            let result = match shape {
                None => Err(ServicePlacementFailure::Rejected(Violation::new(ViolationKind::NodeDown))),
                Some(shape) => {
                    let seen = is_recorded.then_some(&mut features);
                    ask(infrastructure, &mut book, placer, (&shape, &candidates), now, request, seen)
                }
            };
            infrastructure.return_applications(book);
            result
        }
    };
    if request.nodes.is_none() {
        core.service_placement.all = candidates;
    } else {
        core.service_placement.chosen = candidates;
    }
    core.counts.refused_decisions += u64::from(matches!(
        result,
        Err(ServicePlacementFailure::Refused(_)
            | ServicePlacementFailure::Malformed(_)
            | ServicePlacementFailure::Elsewhere(..))
    ));
    let decision = features.map(|features| {
        let nodes = result.as_deref().unwrap_or_default();
        let first = nodes.first().map(|(_, node)| *node);
        let made = Made {
            time: now,
            point: DecisionPoint::ServicePlacement,
            workload: core.workload_symbols.get(usize::from(workload)).copied(),
            policy,
            subject: u64::from(request.application.0),
            device: None,
            choice: first.filter(|first| nodes.iter().all(|(_, node)| node == first)),
        };
        core.decisions.add(made, None, Some(&features))
    });
    ServicePlacementChoice { result, decision }
}

/// Asks the policy with the book at hand, and books its answer if it is good.
fn ask(
    infrastructure: &Infrastructure,
    book: &mut Applications,
    placer: &mut ServicePlacer,
    (shape, candidates): (&Shape, &[NodeId]),
    now: SimTime,
    request: &ServicePlacementRequest<'_>,
    features: Option<&mut Option<[Option<f64>; 7]>>,
) -> Result<Vec<(ReplicaIndex, NodeId)>, ServicePlacementFailure> {
    let id = request.application;
    let replicas = shape.needs().replicas.len();
    if let Some(&unknown) = request.open.iter().find(|open| open.index() >= replicas) {
        return Err(ServicePlacementFailure::Malformed(unknown));
    }
    book.keep();
    let start = book.mark();
    request.open.iter().for_each(|&replica| book.displace(id, replica));
    let open = book.mark();
    let (previous, random) = (request.previous, &mut placer.random);
    let mut view = PlacementView::new(
        now,
        id,
        shape,
        request.open,
        candidates,
        previous,
        infrastructure,
        book,
        random,
    );
    if let Some(features) = features {
        *features = Some(view.features());
    }
    let decision = placer.policy.place(&mut view);
    let result = match decision {
        ServicePlacementDecision::Reject(fault) => Err(ServicePlacementFailure::Rejected(fault)),
        ServicePlacementDecision::Place(placement) => match malformed(&placement, request) {
            Some(failure) => Err(failure),
            None if view.stands_for(&placement) => Ok(placement),
            None => {
                book.roll_back(open);
                let placed = book.place_all(infrastructure, id, &placement);
                placed.map(|()| placement).map_err(ServicePlacementFailure::Refused)
            }
        },
    };
    if result.is_err() {
        book.roll_back(start);
    }
    book.let_stand();
    result
}

/// What is wrong with the form of an answer, whatever replicas need.
fn malformed(
    placement: &[(ReplicaIndex, NodeId)],
    request: &ServicePlacementRequest<'_>,
) -> Option<ServicePlacementFailure> {
    let times = |replica: &ReplicaIndex| placement.iter().filter(|(own, _)| own == replica).count();
    let not_asked_for = placement.iter().map(|own| own.0).find(|own| !request.open.contains(own));
    let not_once = || request.open.iter().copied().find(|replica| times(replica) != 1);
    if let Some(replica) = not_asked_for.or_else(not_once) {
        return Some(ServicePlacementFailure::Malformed(replica));
    }
    let nodes = request.nodes?;
    let elsewhere = placement.iter().find(|(_, node)| !nodes.contains(node));
    elsewhere.map(|&(replica, node)| ServicePlacementFailure::Elsewhere(replica, node))
}
