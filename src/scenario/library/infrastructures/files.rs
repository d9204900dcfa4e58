//! Infrastructures that files hold.

use super::InfrastructureError;
use super::plan::{Offer, Plan, PlannedLink, PlannedNode};
use crate::infra::Topology;
use crate::placement::offloading::TierName;
use crate::scenario::build::local_positions;
use crate::scenario::import::{
    EclypseGraph, EclypseInfrastructure, is_sndlib, read_eclypse, read_graphml, read_node_link,
    read_sndlib,
};
use std::path::Path;

/// A network of a GraphML file, one in the native format of SNDlib, or JSON of nodes and links.
pub(super) fn network(
    file: &Path,
    route_factor: f64,
    tier: TierName,
) -> Result<Plan, InfrastructureError> {
    let bad = |error: String| InfrastructureError::new("file", error);
    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let mut topology: Topology = if is_json {
        read_node_link(file, route_factor).map_err(|error| bad(error.to_string()))?
    } else {
        let is_native = is_sndlib(file).map_err(|error| bad(error.to_string()))?;
        let read = if is_native { read_sndlib(file) } else { read_graphml(file) };
        let mut topology = read.map_err(|error| bad(error.to_string()))?;
        topology.set_fibre_latencies(route_factor)?;
        topology
    };
    if topology.nodes.is_empty() {
        return Err(bad(format!("{}: there are no nodes in it", file.display())));
    }
    let places = local_positions(&topology);
    topology.nodes.iter_mut().zip(places).for_each(|(node, place)| node.position = Some(place));
    topology.check()?;
    // Links from a node to itself carry nothing.
    topology.edges.retain(|edge| edge.a != edge.b);
    Ok(Plan::of_topology(topology, "node", tier))
}

/// An infrastructure that ECLYPSE has exported.
pub(super) fn eclypse(file: &Path, tier: TierName) -> Result<Plan, InfrastructureError> {
    let bad = |error: String| InfrastructureError::new("file", error);
    match read_eclypse(file).map_err(|errors| bad(errors.to_string()))?.graph {
        EclypseGraph::Infrastructure(infrastructure) => Ok(plan(infrastructure, tier)),
        EclypseGraph::Application(_) => {
            Err(bad(format!("{}: it holds an application; name it in `applications`", file.display())))
        }
    }
}

fn plan(infrastructure: EclypseInfrastructure, tier: TierName) -> Plan {
    let nodes = infrastructure.nodes.into_iter().map(|node| PlannedNode {
        name: node.name,
        group: "node".to_owned(),
        tier,
        offer: Some(Offer {
            cores: node.cores,
            memory_gb: node.memory_gb,
            storage_gb: node.storage_gb,
            // A node has whole ones.
            accelerators: node.accelerators as u32,
            availability: node.availability,
            processing_ms: node.processing_ms,
            assets: node.assets,
        }),
        place: None,
    });
    let links = infrastructure.links.into_iter().map(|link| PlannedLink {
        a: link.a,
        b: link.b,
        latency_s: link.latency_ms.map(|ms| ms / 1e3),
        bandwidth_bps: link.bandwidth_mbps.map(|mbps| mbps * 1e6),
    });
    Plan { nodes: nodes.collect(), links: links.collect(), assets: infrastructure.assets }
}
