//! The view and its policies, in a small infrastructure.

mod eclypse;
mod oracle;
mod strategies;
mod view;

use super::*;
use crate::engine::{RandomStreams, SimDuration, SimTime, Stream};
use crate::infra::applications::{ApplicationNeeds, InteractionNeeds, ReplicaNeeds};
use crate::infra::assets::AssetId;
use crate::infra::network::LinkSpec;
use crate::infra::{ApplicationId, InfraBuilder, Infrastructure, NodeClass, Position, Static, Tier};

/// Adds nodes of so many cores, and links between them: latency in ms.
pub(crate) fn lay_out(builder: &mut InfraBuilder, cores: &[u32], links: &[(u32, u32, f64)]) {
    for (index, &cores) in cores.iter().enumerate() {
        let class = NodeClass::new(format!("n{index}"), Tier::Edge, 1).with_cores(cores, 1000.0);
        let place = Static::at(vec![Position::default()]).unwrap();
        builder.class(class, Box::new(place));
    }
    for (index, &(a, b, ms)) in links.iter().enumerate() {
        let latency = SimDuration::from_secs(ms / 1e3);
        builder.link(format!("link-{index}"), LinkSpec::new(NodeId(a), NodeId(b), latency, 100e6));
    }
}

fn network(cores: &[u32], links: &[(u32, u32, f64)]) -> Infrastructure {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    lay_out(&mut builder, cores, links);
    builder.build().unwrap()
}

/// Services that need so many cores, each with the next one within so many ms.
pub(crate) fn chain(cores: &[f64], ms: f64) -> ApplicationNeeds {
    let replicas = (0..).zip(cores).map(|(service, &cores)| ReplicaNeeds {
        service,
        amounts: vec![(AssetId::CORES, cores)],
        labels: Vec::new(),
    });
    let interactions = (1..cores.len() as u32).map(|to| InteractionNeeds {
        from: ReplicaIndex(to - 1),
        to: ReplicaIndex(to),
        interaction: to - 1,
        latency_s: ms / 1e3,
        bandwidth_bps: 10e6,
    });
    ApplicationNeeds {
        name: "chain".into(),
        services: (0..cores.len()).map(|index| format!("s{index}")).collect(),
        replicas: replicas.collect(),
        interactions: interactions.collect(),
    }
}

fn stream() -> Stream {
    RandomStreams::new(1).stream("test")
}

/// Lets `look` at a view of an application, all of whose replicas are open, and takes back what it tries.
fn see<T>(
    infrastructure: &mut Infrastructure,
    id: ApplicationId,
    look: impl FnOnce(&mut PlacementView<'_>) -> T,
) -> T {
    let replicas = infrastructure.application(id).needs().replicas.len() as u32;
    let open: Vec<ReplicaIndex> = (0..replicas).map(ReplicaIndex).collect();
    see_open(infrastructure, id, &open, &[], look)
}

/// The same with some replicas open, which are not placed, and where they were before.
fn see_open<T>(
    infrastructure: &mut Infrastructure,
    id: ApplicationId,
    open: &[ReplicaIndex],
    previous: &[(ReplicaIndex, NodeId)],
    look: impl FnOnce(&mut PlacementView<'_>) -> T,
) -> T {
    let candidates: Vec<NodeId> = infrastructure.service_nodes().collect();
    let mut book = infrastructure.lend_applications();
    let shape = infrastructure_shape(&book, id);
    book.keep();
    let start = book.mark();
    let mut random = stream();
    let mut view = PlacementView::new(
        SimTime::ZERO,
        id,
        &shape,
        open,
        &candidates,
        previous,
        infrastructure,
        &mut book,
        &mut random,
    );
    let seen = look(&mut view);
    book.roll_back(start);
    book.let_stand();
    infrastructure.return_applications(book);
    seen
}

fn infrastructure_shape(
    book: &crate::infra::applications::Applications,
    id: ApplicationId,
) -> std::sync::Arc<crate::infra::applications::Shape> {
    book.get(id.index()).unwrap().shape().clone()
}

fn nodes_of(decision: &ServicePlacementDecision) -> Vec<u32> {
    match decision {
        ServicePlacementDecision::Place(placed) => placed.iter().map(|(_, node)| node.0).collect(),
        ServicePlacementDecision::Reject(_) => Vec::new(),
    }
}
