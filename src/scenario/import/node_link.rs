//! Networks in JSON of nodes and links, as NetworkX writes them and TopoHub has them.

use super::json::JsonAt;
use crate::infra::{LonLat, Role, Topology, TopologyEdge, TopologyNode, fibre_latency_s};
use crate::scenario::{Diagnostics, Document};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Reads a network from JSON of nodes (`id`, perhaps `name` and `pos`: longitude and latitude in degrees) and
/// `links` or `edges` (`source`, `target`). The latency of a link is its `latency` or `delay` in milliseconds, else
/// that of fibre of its `dist` in kilometres times the route factor; its bandwidth is the first of `bandwidth`,
/// `capacity`, `preinstalled_capacity` and `preinstalled_cap`, in megabits a second.
///
/// # Errors
/// If the file cannot be read or is no such JSON, each with its place.
pub fn read_node_link(file: &std::path::Path, route_factor: f64) -> Result<Topology, Diagnostics> {
    from_document(&Document::open(file)?, route_factor)
}

fn from_document(document: &Document, route_factor: f64) -> Result<Topology, Diagnostics> {
    let errors = RefCell::new(Diagnostics::default());
    let topology = read(&JsonAt::root(document, &errors), route_factor);
    match topology {
        Some(topology) => errors.into_inner().or(topology),
        None => Err(errors.into_inner()),
    }
}

fn read(root: &JsonAt<'_>, route_factor: f64) -> Option<Topology> {
    let mut topology = Topology::default();
    let mut numbers = BTreeMap::new();
    for node in root.need("nodes")?.elements() {
        let Some(id) = node.need("id") else { continue };
        let Some(name) = id.name() else { continue };
        if numbers.insert(name.clone(), topology.nodes.len()).is_some() {
            id.error(format!("another node has the id {name:?}"));
        }
        // A number makes no good name of a node.
        let name = if id.value.is_string() { name } else { format!("n{name}") };
        let mut read = TopologyNode::new(name, Role::Router);
        if let Some(place) = node.get("pos") {
            let degrees: Vec<Option<f64>> =
                place.elements().iter().map(|degree| degree.value.as_f64()).collect();
            read.lon_lat = match degrees[..] {
                [Some(longitude), Some(latitude), ..] => LonLat::new(longitude, latitude),
                _ => None,
            };
            if read.lon_lat.is_none() {
                place.error("expected longitude and latitude in degrees");
            }
        }
        topology.nodes.push(read);
    }
    let links = root.get("links").or_else(|| root.get("edges"));
    if links.is_none() {
        root.error("missing key \"links\" (or \"edges\")");
    }
    for link in links?.elements() {
        let end = |key| {
            let at = link.need(key)?;
            let number = numbers.get(&at.name()?).copied();
            if number.is_none() {
                at.error(format!("no node has the id {}", at.value));
            }
            number
        };
        let (Some(a), Some(b)) = (end("source"), end("target")) else { continue };
        let amount =
            |keys: &[&str]| keys.iter().find_map(|key| link.get(key)).and_then(|at| at.amount());
        let told_s = amount(&["latency", "delay"]).map(|ms| ms / 1e3);
        let fibre_s = amount(&["dist"]).map(|km| fibre_latency_s(km * 1e3, route_factor));
        let mbps = amount(&["bandwidth", "capacity", "preinstalled_capacity", "preinstalled_cap"]);
        topology.edges.push(TopologyEdge {
            latency_s: told_s.or(fibre_s),
            bandwidth_bps: mbps.filter(|&mbps| mbps > 0.0).map(|mbps| mbps * 1e6),
            ..TopologyEdge::new(a, b)
        });
    }
    Some(topology)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Topology, String> {
        let document = Document::parse("net.json", text).expect("JSON");
        from_document(&document, 1.0).map_err(|errors| errors.to_string())
    }

    /// Three cities of SNDlib's Polska as TopoHub writes them.
    #[test]
    fn distances_become_latencies_of_fibre() {
        let polska = read(
            r#"{ "directed": false, "multigraph": false, "graph": { "name": "polska" },
                "nodes": [ { "pos": [18.60, 54.20], "id": "Gdansk" }, { "pos": [21.00, 52.20], "id": "Warsaw" },
                    { "id": 7, "name": "x" } ],
                "links": [ { "dist": 273.93, "ecmp_fwd": { "uni": 66.67 }, "source": "Gdansk", "target": "Warsaw" },
                    { "source": 7, "target": "Warsaw", "latency": 3, "dist": 1, "capacity": 155 } ] }"#,
        )
        .expect("good");
        let names: Vec<&str> = polska.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["Gdansk", "Warsaw", "n7"]);
        // 273.93 km at 200 km a millisecond, which is what ECLYPSE takes.
        let latencies: Vec<f64> = polska.edges.iter().filter_map(|edge| edge.latency_s).collect();
        assert!((latencies[0] - 1.36965e-3).abs() < 1e-9 && latencies[1] == 3e-3, "{latencies:?}");
        assert_eq!(polska.edges[1].bandwidth_bps, Some(155e6));
        assert_eq!(polska.edges[0].bandwidth_bps, None);
        let length_m = polska.edge_length_m(&polska.edges[0]).expect("both have places");
        assert!((length_m / 273.93e3 - 1.0).abs() < 0.01, "{length_m}");
    }

    #[test]
    fn faults_are_told_with_their_place() {
        let told = read(
            r#"{ "nodes": [ { "id": "a" }, { "id": "a" } ], "links": [ { "source": "a", "target": "c" } ] }"#,
        );
        let told = told.expect_err("faults");
        assert!(told.contains("net.json:1:37: nodes[1].id: another node has the id \"a\""), "{told}");
        assert!(told.contains("links[0].target: no node has the id \"c\""), "{told}");
        let told = read(r#"{ "nodes": [ { "id": "a", "pos": [200, 0] } ] }"#).expect_err("faults");
        assert!(
            told.contains("nodes[0].pos: expected longitude") && told.contains("missing key \"links\"")
        );
    }
}
