//! Infrastructures that files hold.

use super::InfrastructureError;
use super::plan::{Offer, Plan, PlannedLink, PlannedNode};
use crate::infra::Topology;
use crate::placement::offloading::TierName;
use crate::scenario::build::local_positions;
use crate::scenario::import::EclypseGraph;
use crate::scenario::import::{EclypseInfrastructure, read_eclypse, read_graphml, read_node_link};
use std::path::Path;

/// A network of a GraphML file, or of JSON in nodes and links, by the first character of the file.
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
        let mut topology = read_graphml(file).map_err(|error| bad(error.to_string()))?;
        topology.set_fibre_latencies(route_factor)?;
        topology
    };
    if topology.nodes.is_empty() {
        return Err(bad(format!("{}: there are no nodes in it", file.display())));
    }
    let places = local_positions(&topology);
    topology.nodes.iter_mut().zip(places).for_each(|(node, place)| node.position = Some(place));
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
            accelerators: node.accelerators,
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
