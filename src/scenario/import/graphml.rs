//! Topologies in GraphML as the Internet Topology Zoo writes them (Knight et al., The Internet Topology
//! Zoo, IEEE JSAC 29(9), 2011).

use super::ImportError;
use super::xml::{Location, XmlFile};
use crate::infra::{
    LonLat, Role, Topology, TopologyEdge, TopologyNode, fibre_latency_s, great_circle_m,
};
use quick_xml::events::{BytesStart, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reads a GraphML file, plain or gzipped.
///
/// * Node: `label` becomes the name (else the id; a repeated name gets `-2`, `-3`, ...), `Longitude` and
///   `Latitude` its place, `Internal` = 0 makes it [external](Role::External) and `hyperedge` = 1 a
///   [hyperedge](Role::Hyperedge).
/// * Edge: `LinkSpeedRaw` becomes the bandwidth, else `LinkSpeed` times `LinkSpeedUnits` (G, M or K); zero
///   or no number there is an unknown bandwidth. The latency is that of [fibre](crate::infra::fibre_latency_s)
///   along the great circle, a lower bound: [`Topology::set_fibre_latencies`] sets one for longer routes.
/// * What the file does not tell (the latency of an edge of a node without place, most bandwidths) is
///   `None`, for the caller to decide.
///
/// Parallel edges are kept. Edges of a directed graph are read as undirected.
///
/// # Errors
/// If the file cannot be read or is not GraphML with one flat graph, an edge ends at a node that does not
/// exist, or a number is none.
pub fn read_graphml(path: impl AsRef<Path>) -> Result<Topology, ImportError> {
    read(XmlFile::open(path.as_ref())?)
}

/// The attributes that are read, by `attr.name`.
#[derive(Clone, Copy, PartialEq)]
enum Field {
    Label,
    Longitude,
    Latitude,
    Internal,
    Hyperedge,
    LinkSpeedRaw,
    LinkSpeed,
    LinkSpeedUnits,
}

/// Whether a key is one of nodes or of edges; a key `for="all"` is both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Domain {
    Node,
    Edge,
}

fn field(domain: Domain, name: &str) -> Option<Field> {
    Some(match (domain, name) {
        (Domain::Node, "label") => Field::Label,
        (Domain::Node, "Longitude") => Field::Longitude,
        (Domain::Node, "Latitude") => Field::Latitude,
        (Domain::Node, "Internal") => Field::Internal,
        (Domain::Node, "hyperedge") => Field::Hyperedge,
        (Domain::Edge, "LinkSpeedRaw") => Field::LinkSpeedRaw,
        (Domain::Edge, "LinkSpeed") => Field::LinkSpeed,
        (Domain::Edge, "LinkSpeedUnits") => Field::LinkSpeedUnits,
        _ => return None,
    })
}

/// The node or edge that is being read.
struct Item {
    domain: Domain,
    /// The id of a node, the source of an edge.
    id: String,
    /// The target of an edge.
    target: String,
    at: Location,
    values: Values,
}

/// What the `data` elements of a node or edge say.
#[derive(Default)]
struct Values {
    label: Option<String>,
    longitude_deg: Option<f64>,
    latitude_deg: Option<f64>,
    is_outside: bool,
    is_hyperedge: bool,
    raw_speed_bps: Option<f64>,
    speed: Option<f64>,
    unit: Option<f64>,
}

impl Values {
    fn set(&mut self, xml: &XmlFile, field: Field, text: &str) -> Result<(), ImportError> {
        match field {
            Field::Label => self.label = Some(text.to_owned()),
            Field::Longitude => self.longitude_deg = Some(xml.number("Longitude", text)?),
            Field::Latitude => self.latitude_deg = Some(xml.number("Latitude", text)?),
            Field::Internal => self.is_outside = xml.number("Internal", text)? == 0.0,
            Field::Hyperedge => self.is_hyperedge = xml.number("hyperedge", text)? != 0.0,
            Field::LinkSpeedRaw => self.raw_speed_bps = Some(xml.number("LinkSpeedRaw", text)?),
            // Free text that a person has typed: a number, or "10-100", or "dark fibre".
            Field::LinkSpeed => self.speed = text.parse().ok(),
            Field::LinkSpeedUnits => {
                self.unit = match text {
                    "T" => Some(1e12),
                    "G" => Some(1e9),
                    "M" => Some(1e6),
                    "K" | "k" => Some(1e3),
                    _ => None,
                }
            }
        }
        Ok(())
    }

    fn bandwidth_bps(&self) -> Option<f64> {
        let bandwidth_bps = self.raw_speed_bps.or_else(|| Some(self.speed? * self.unit?));
        bandwidth_bps.filter(|&bps| bps > 0.0 && bps.is_finite())
    }

    fn role(&self) -> Role {
        match (self.is_hyperedge, self.is_outside) {
            (true, _) => Role::Hyperedge,
            (_, true) => Role::External,
            _ => Role::Router,
        }
    }
}

#[derive(Default)]
struct Graph {
    topology: Topology,
    /// The field that each key of nodes and of edges stands for.
    keys: BTreeMap<(Domain, String), Field>,
    node_of_id: BTreeMap<String, usize>,
    names: BTreeSet<String>,
    /// How often each label has occurred.
    labels: BTreeMap<String, usize>,
    /// Edges by the ids of their ends: nodes may come after the edges that end at them.
    ends: Vec<(Location, String, String)>,
}

fn read(mut xml: XmlFile) -> Result<Topology, ImportError> {
    let mut graph = Graph::default();
    let mut buffer = Vec::new();
    let (mut root_seen, mut graph_seen) = (false, false);
    let mut item: Option<Item> = None;
    let mut data: Option<Field> = None;
    let mut text = String::new();
    loop {
        let (depth, event) = xml.next(&mut buffer)?;
        match &event {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.local_name().into_inner();
                match (depth, name) {
                    (0, "graphml") => root_seen = true,
                    (0, _) => return Err(xml.error(format!("<{name}>"), "<graphml>")),
                    (1, "key") => graph.declare(&xml, element)?,
                    (1, "graph") if !graph_seen => graph_seen = true,
                    (_, "graph") => return Err(xml.error("another <graph>", "one graph in a file")),
                    (_, "hyperedge" | "port") => {
                        return Err(xml.error(format!("<{name}>"), "edges of two nodes only"));
                    }
                    (2, "node" | "edge") => item = Some(begin(&xml, element, name)?),
                    (3, "data") => {
                        text.clear();
                        data = match (&item, &event) {
                            (Some(item), Event::Start(_)) => graph.field(&xml, element, item.domain)?,
                            _ => None,
                        };
                    }
                    _ => {}
                }
                if depth == 2 && matches!(event, Event::Empty(_)) {
                    graph.end(&xml, item.take())?;
                }
            }
            Event::End(_) if depth == 2 => graph.end(&xml, item.take())?,
            Event::End(_) if depth == 3 => {
                if let (Some(field), Some(item)) = (data.take(), &mut item) {
                    // An empty value is one that is not known.
                    match text.trim() {
                        "" => {}
                        text => item.values.set(&xml, field, text)?,
                    }
                }
            }
            Event::Text(piece) if data.is_some() => text.push_str(&piece.xml10_content()),
            Event::CData(piece) if data.is_some() => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) if data.is_some() => {
                let name = format!("&{};", reference.xml10_content());
                text.push_str(&xml.resolved(name.into())?);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !(root_seen && graph_seen) {
        return Err(xml.error("the end of the file", "<graphml> with a <graph>"));
    }
    graph.finish(&xml)
}

fn begin(xml: &XmlFile, element: &BytesStart<'_>, name: &str) -> Result<Item, ImportError> {
    let (mut id, mut source, mut target) = (None, None, None);
    for attribute in xml.attributes(element) {
        let (attribute, value) = attribute?;
        let slot = match attribute {
            "id" => &mut id,
            "source" => &mut source,
            "target" => &mut target,
            _ => continue,
        };
        *slot = Some(xml.resolved(value)?.into_owned());
    }
    let (domain, id, target) = match (name, id, source, target) {
        ("node", Some(id), ..) => (Domain::Node, id, String::new()),
        ("edge", _, Some(source), Some(target)) => (Domain::Edge, source, target),
        ("node", ..) => return Err(xml.error("<node> without id", "<node id=...>")),
        _ => {
            let found = "<edge> without source or target";
            return Err(xml.error(found, "<edge source=... target=...>"));
        }
    };
    Ok(Item { domain, id, target, at: xml.location(), values: Values::default() })
}

impl Graph {
    fn declare(&mut self, xml: &XmlFile, element: &BytesStart<'_>) -> Result<(), ImportError> {
        let (mut id, mut name, mut domain) = (None, None, None);
        for attribute in xml.attributes(element) {
            let (attribute, value) = attribute?;
            let slot = match attribute {
                "id" => &mut id,
                "attr.name" => &mut name,
                "for" => &mut domain,
                _ => continue,
            };
            *slot = Some(xml.resolved(value)?);
        }
        let Some(id) = id else {
            return Err(xml.error("<key> without id", "<key id=... for=... attr.name=...>"));
        };
        let domains: &[Domain] = match domain.as_deref() {
            Some("node") => &[Domain::Node],
            Some("edge") => &[Domain::Edge],
            // "all", which is also what a key without `for` is for.
            Some("all") | None => &[Domain::Node, Domain::Edge],
            Some(_) => &[],
        };
        for &domain in domains {
            if let Some(field) = name.as_deref().and_then(|name| field(domain, name)) {
                self.keys.insert((domain, id.clone().into_owned()), field);
            }
        }
        Ok(())
    }

    /// The field of a `data` element, if it is one that is read.
    fn field(
        &self,
        xml: &XmlFile,
        element: &BytesStart<'_>,
        domain: Domain,
    ) -> Result<Option<Field>, ImportError> {
        for attribute in xml.attributes(element) {
            let (attribute, value) = attribute?;
            if attribute == "key" {
                let key = (domain, xml.resolved(value)?.into_owned());
                return Ok(self.keys.get(&key).copied());
            }
        }
        Err(xml.error("<data> without key", "<data key=...>"))
    }

    fn end(&mut self, xml: &XmlFile, item: Option<Item>) -> Result<(), ImportError> {
        match item {
            Some(item) if item.domain == Domain::Node => self.add_node(xml, item),
            Some(item) => {
                self.ends.push((item.at, item.id, item.target));
                let bandwidth_bps = item.values.bandwidth_bps();
                self.topology.edges.push(TopologyEdge { bandwidth_bps, ..TopologyEdge::new(0, 0) });
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn add_node(&mut self, xml: &XmlFile, item: Item) -> Result<(), ImportError> {
        let Item { id, at, values, .. } = item;
        let lon_lat = match (values.longitude_deg, values.latitude_deg) {
            (Some(longitude), Some(latitude)) => {
                let lon_lat = LonLat::new(longitude, latitude);
                if lon_lat.is_none() {
                    let found = format!("node {id:?} at longitude {longitude}, latitude {latitude}");
                    return Err(xml.error_at(at, found, "-180 to 180 and -90 to 90 degrees"));
                }
                lon_lat
            }
            _ => None,
        };
        let role = values.role();
        let name = self.unique_name(values.label.unwrap_or_else(|| id.clone()));
        self.topology.nodes.push(TopologyNode { lon_lat, ..TopologyNode::new(name, role) });
        if self.node_of_id.contains_key(&id) {
            return Err(xml.error_at(at, format!("a second node with id {id:?}"), "ids used once"));
        }
        self.node_of_id.insert(id, self.topology.nodes.len() - 1);
        Ok(())
    }

    /// The label if it is new, else with the first suffix `-2`, `-3`, ... that makes it so.
    fn unique_name(&mut self, label: String) -> String {
        let occurred = self.labels.entry(label.clone()).or_insert(0);
        loop {
            *occurred += 1;
            let name = if *occurred == 1 { label.clone() } else { format!("{label}-{occurred}") };
            if self.names.insert(name.clone()) {
                return name;
            }
        }
    }

    fn finish(mut self, xml: &XmlFile) -> Result<Topology, ImportError> {
        for (edge, (at, source, target)) in self.topology.edges.iter_mut().zip(&self.ends) {
            let node = |id: &String| {
                self.node_of_id.get(id).copied().ok_or_else(|| {
                    xml.error_at(*at, format!("an edge to node {id:?}"), "the id of a node in this file")
                })
            };
            (edge.a, edge.b) = (node(source)?, node(target)?);
            let places = [edge.a, edge.b].map(|node| self.topology.nodes[node].lon_lat);
            if let [Some(a), Some(b)] = places {
                edge.latency_s = Some(fibre_latency_s(great_circle_m(a, b), 1.0));
            }
        }
        Ok(self.topology)
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_data;
    use super::*;
    use petgraph::algo::dijkstra;
    use petgraph::graph::{NodeIndex, UnGraph};
    use proptest::prelude::*;
    use std::io::Cursor;

    /// The same key id for nodes and for edges, an edge before its node, a name twice and one that looks
    /// like a repeated one, an external node, a hyperedge, references and CDATA in text.
    const SMALL: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key attr.name="label" attr.type="string" for="node" id="k1" />
  <key attr.name="Longitude" for="node" id="k2" /><key attr.name="Latitude" for="node" id="k3" />
  <key attr.name="Internal" for="node" id="k4" /><key attr.name="hyperedge" for="node" id="k5" />
  <key attr.name="LinkSpeedRaw" for="edge" id="k1" /><key attr.name="label" for="graph" id="k9" />
  <key attr.name="LinkSpeed" for="edge" id="k2" /><key attr.name="LinkSpeedUnits" for="edge" id="k3" />
  <graph edgedefault="undirected">
    <data key="k9">A network</data>
    <node id="0"><data key="k1">A &amp; <![CDATA[B]]></data>
      <data key="k2">0.0</data><data key="k3">0.0</data><data key="k4">1</data></node>
    <edge source="0" target="2"><data key="k1">10000000000.0</data></edge>
    <node id="1"><data key="k1">A &#38; B-2</data></node>
    <node id="2"><data key="k1">A &amp; B</data><data key="k2">1</data><data key="k3">0</data></node>
    <node id="3"><data key="k1">A &amp; B</data><data key="k4">0</data></node>
    <node id="4"><data key="k1"/><data key="k5">1</data><data key="k3"></data></node>
    <edge source="2" target="0"><data key="k2">2.5</data><data key="k3">G</data></edge>
    <edge source="1" target="4"><data key="k2">&lt;10</data><data key="k3">G</data></edge>
    <edge source="3" target="4"/>
  </graph>
</graphml>
"#;

    fn parse(bytes: impl Into<Vec<u8>>) -> Result<Topology, ImportError> {
        read(XmlFile::new("test.graphml", Cursor::new(bytes.into()))?)
    }

    #[test]
    fn names_places_roles_and_speeds_are_read() {
        let topology = parse(SMALL).expect("good");
        let names: Vec<_> = topology.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["A & B", "A & B-2", "A & B-3", "A & B-4", "4"]);
        let roles: Vec<_> = topology.nodes.iter().map(|node| node.role).collect();
        assert_eq!(roles, [Role::Router, Role::Router, Role::Router, Role::External, Role::Hyperedge]);
        let edges: Vec<_> = topology.edges.iter().map(|e| (e.a, e.b, e.bandwidth_bps)).collect();
        assert_eq!(edges, [(0, 2, Some(1e10)), (2, 0, Some(2.5e9)), (1, 4, None), (3, 4, None)]);
        // One degree of the equator: 111.195 km.
        let latency_s = topology.edges[0].latency_s.expect("two places");
        assert!((latency_s - 111.195e3 / 2e8).abs() < 1e-8, "{latency_s}");
        assert_eq!(topology.edges[2].latency_s, None);
        assert_eq!((topology.parallel_edges(), topology.components().len()), (1, 2));
        assert_eq!(topology.check(), Ok(()));
    }

    #[test]
    fn faults_are_located() {
        let message = |bad: &str, worse: &str| {
            assert!(SMALL.contains(bad));
            parse(SMALL.replacen(bad, worse, 1)).expect_err("a fault").to_string()
        };
        assert_eq!(
            message(r#"target="2""#, r#"target="9""#),
            "test.graphml:12:5: found an edge to node \"9\", expected the id of a node in this file"
        );
        assert_eq!(
            message(r#"node id="1""#, r#"node id="0""#),
            "test.graphml:13:5: found a second node with id \"0\", expected ids used once"
        );
        assert_eq!(
            message(r#"<data key="k2">1<"#, r#"<data key="k2">181<"#),
            "test.graphml:14:5: found node \"2\" at longitude 181, latitude 0, \
             expected -180 to 180 and -90 to 90 degrees"
        );
        assert!(
            message("10000000000.0", "fast")
                .ends_with("found LinkSpeedRaw=\"fast\", expected a finite number as LinkSpeedRaw")
        );
        assert_eq!(
            message(" source=\"3\"", ""),
            "test.graphml:19:5: found <edge> without source or target, \
             expected <edge source=... target=...>"
        );
        assert!(message("</graph>", "</graph><graph/>").contains("another <graph>"));
        assert!(message("</graphml>\n", "").contains("the end of the file"));
        assert!(message("&amp;", "&nbsp;").contains("&nbsp;"));
        assert!(parse("<svg/>").expect_err("other XML").to_string().contains("<svg>"));
        assert!(parse("<graphml/>").expect_err("no graph").to_string().contains("with a <graph>"));
        assert!(parse("{}").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(
            bytes: Vec<u8>,
            markup in "[<>/&;!?='\" a-f\\-\\[]{0,60}",
            place in 0..SMALL.len(),
            bit in 0..7_u32,
        ) {
            let _ = parse(bytes);
            let _ = parse(format!("<graphml><graph><node id='1'>{markup}"));
            let mut flipped = SMALL.as_bytes().to_vec();
            flipped[place] ^= 1 << bit;
            let _ = parse(flipped);
        }

        #[test]
        fn cut_files_are_refused(kept in 0..SMALL.len() - 2) {
            prop_assert!(parse(&SMALL.as_bytes()[..kept]).is_err());
        }
    }

    /// Mean and greatest delay over all ordered pairs, in seconds, along shortest paths in the largest
    /// component that edges with a latency form.
    fn delays_s(topology: &Topology) -> (f64, f64) {
        let mut known = topology.clone();
        known.edges.retain(|edge| edge.latency_s.is_some());
        let mut graph = UnGraph::<(), f64, usize>::default();
        for _ in &known.nodes {
            graph.add_node(());
        }
        for edge in &known.edges {
            let ends = (NodeIndex::new(edge.a), NodeIndex::new(edge.b));
            graph.add_edge(ends.0, ends.1, edge.latency_s.expect("kept for it"));
        }
        let components = known.components();
        let largest = components.iter().max_by_key(|nodes| nodes.len()).expect("nodes");
        let mut delays = crate::engine::Summary::default();
        for &from in largest {
            let reached = dijkstra(&graph, NodeIndex::new(from), None, |edge| *edge.weight());
            for to in largest.iter().filter(|&&to| to != from) {
                delays.add(reached[&NodeIndex::new(*to)]);
            }
        }
        (delays.mean(), delays.max())
    }

    /// Nine networks of the Topology Zoo against the figures that networkx gives for them.
    #[test]
    fn real_networks_have_their_reference_figures() {
        let Some(reference) = test_data("topology/topology_reference.csv") else { return };
        let mut rows = csv::Reader::from_path(reference).expect("the reference");
        for row in rows.deserialize() {
            let row: BTreeMap<String, String> = row.expect("a row");
            let file = &row["file"];
            let expected = |column: &str| row[column].parse::<f64>().expect("a number");
            let path = test_data(&format!("topology/{file}")).expect("beside its reference");
            let topology = read_graphml(path).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(topology.check(), Ok(()), "{file}");

            let components = topology.components();
            let largest = components.iter().map(Vec::len).max().expect("nodes");
            let lengths_km: Vec<f64> = topology
                .edges
                .iter()
                .filter_map(|e| topology.edge_length_m(e))
                .map(|m| m / 1e3)
                .collect();
            let counts = [
                ("nodes", topology.nodes.len()),
                ("edges", topology.edges.len()),
                ("simple_edges", topology.simple_edges()),
                ("self_loops", topology.self_loops()),
                ("components", components.len()),
                ("largest_component_nodes", largest),
                ("nodes_with_coords", topology.nodes.iter().filter(|n| n.lon_lat.is_some()).count()),
                ("edges_with_length", lengths_km.len()),
                (
                    "edges_with_linkspeedraw",
                    topology.edges.iter().filter(|e| e.bandwidth_bps.is_some()).count(),
                ),
            ];
            for (column, found) in counts {
                assert_eq!(found as f64, expected(column), "{file}: {column}");
            }
            let (mean_s, diameter_s) = delays_s(&topology);
            let figures = [
                ("sum_edge_length_km", lengths_km.iter().sum::<f64>(), 1e-3),
                ("max_edge_length_km", lengths_km.iter().copied().fold(0.0, f64::max), 1e-3),
                ("mean_shortest_delay_ms", mean_s * 1e3, 1e-6),
                ("delay_diameter_ms", diameter_s * 1e3, 1e-6),
            ];
            for (column, found, tolerance) in figures {
                assert!((found - expected(column)).abs() <= tolerance, "{file}: {column} {found}");
            }
        }
    }
}
