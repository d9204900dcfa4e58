//! Bookings, ways and audits on small topologies, by hand and against sums made anew.

mod algebras;
mod audits;
mod bookings;
mod properties;

use super::*;
use crate::engine::{Model, RandomStreams, Schedule, SimDuration};
use crate::infra::assets::AssetId;
use crate::infra::event::InfraEvent;
use crate::infra::network::LinkSpec;
use crate::infra::{
    ApplicationId, InfraBuilder, Infrastructure, NodeClass, NodeId, Position, Static, Tier,
};

/// An infrastructure on a clock.
struct Ground(Infrastructure);

impl Model for Ground {
    type Event = InfraEvent;

    fn handle(&mut self, event: InfraEvent, schedule: &mut Schedule<InfraEvent>) {
        self.0.handle(schedule, event);
    }
}

/// Nodes of four cores and 8 GB, and links between them: latency in ms, bandwidth in Mbit/s.
fn network(nodes: u32, links: &[(u32, u32, f64, f64)]) -> Infrastructure {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    let mut class = NodeClass::new("node", Tier::Edge, nodes).with_cores(4, 1000.0);
    class.resources.memory_bytes = 8e9;
    class.resources.storage_bytes = 100e9;
    let place = Static::at(vec![Position::default()]).unwrap();
    builder.class(class, Box::new(place));
    for (index, &(a, b, ms, mbps)) in links.iter().enumerate() {
        let latency = SimDuration::from_secs(ms / 1e3);
        let spec = LinkSpec::new(NodeId(a), NodeId(b), latency, mbps * 1e6);
        builder.link(format!("link-{index}"), spec);
    }
    builder.build().unwrap()
}

/// A replica of a service of its own that needs so many cores and GB.
fn replica(service: u32, cores: f64, gb: f64) -> ReplicaNeeds {
    let amounts = vec![(AssetId::CORES, cores), (AssetId::MEMORY_BYTES, gb * 1e9)];
    ReplicaNeeds { service, amounts, labels: Vec::new() }
}

fn interaction(from: u32, to: u32, ms: f64, mbps: f64) -> InteractionNeeds {
    InteractionNeeds {
        from: ReplicaIndex(from),
        to: ReplicaIndex(to),
        interaction: 0,
        latency_s: ms / 1e3,
        bandwidth_bps: mbps * 1e6,
    }
}

/// An application of replicas that each need a core, with these interactions.
fn application(
    infrastructure: &mut Infrastructure,
    replicas: u32,
    interactions: &[InteractionNeeds],
) -> ApplicationId {
    infrastructure.add_application(ApplicationNeeds {
        name: "shop".into(),
        services: (0..replicas).map(|index| format!("service{index}")).collect(),
        replicas: (0..replicas).map(|index| replica(index, 1.0, 1.0)).collect(),
        interactions: interactions.to_vec(),
    })
}

fn at(placement: &[(u32, u32)]) -> Vec<(ReplicaIndex, NodeId)> {
    placement.iter().map(|&(replica, node)| (ReplicaIndex(replica), NodeId(node))).collect()
}

fn links_of(infrastructure: &Infrastructure, id: ApplicationId, interaction: u32) -> Vec<u32> {
    let own = infrastructure.application(id);
    own.path_of(InteractionIndex(interaction)).iter().map(|step| step.link.0).collect()
}
