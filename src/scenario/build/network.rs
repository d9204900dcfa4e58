//! Links and topologies: from the format to the infrastructure.

use super::NodeDirectory;
use super::delays::{Models, link_models};
use super::network_energy::j_per_byte;
use super::nodes::limit;
use crate::engine::{RandomStreams, SimDuration, Stream};
use crate::infra::network::{LinkModel, LinkSpec, NetworkClass};
use crate::infra::{
    Boundary, Connectivity, LocalPlane, LonLat, NodeId, Position, Tier, Topology, TopologyEdge,
    TopologyNode,
};
use crate::scenario::Site;
use crate::scenario::format::{
    LinkModelSpec, LinkQualities, Names, NetworkSpec, NodeClassSpec, TopologySpec,
};
use crate::scenario::import::read_graphml;
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};

/// A link to be added, with its name.
pub(super) type NamedLink = (String, LinkSpec);

/// Topologies that say how many nodes a class has, read before the classes are made.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// For each rule that reads a file, what was read.
    topologies: BTreeMap<usize, Topology>,
}

impl Prepared {
    /// Reads the files, and gives the classes they fill their counts, names and places.
    pub(super) fn new(
        network: &NetworkSpec,
        nodes: &mut [NodeClassSpec],
        directory: &mut NodeDirectory,
        site: &Site<'_>,
    ) -> Self {
        let mut prepared = Prepared::default();
        for (index, rule) in network.topology.iter().enumerate() {
            let here = site.key("topology").index(index);
            match rule {
                TopologySpec::Graphml { file, nodes: class, route_factor, .. } => {
                    let Some(mut topology) = here.key("file").check(read_graphml(here.file(file)))
                    else {
                        continue;
                    };
                    here.key("route_factor").check(topology.set_fibre_latencies(*route_factor));
                    let filled = topology.nodes.len();
                    let Some(spec) = open_class(nodes, class, filled, &here.key("nodes")) else {
                        continue;
                    };
                    spec.count = Some(topology.nodes.len() as u32);
                    let names =
                        topology.nodes.iter().map(|node| format!("{class}-{}", node.name)).collect();
                    spec.node_names = Some(names);
                    directory.placed.insert(class.clone(), local_positions(&topology));
                    prepared.topologies.insert(index, topology);
                }
                TopologySpec::FatTree { switches, ports, .. } => {
                    let made = here.key("ports").check(Topology::fat_tree(*ports as usize));
                    prepared.switches(index, made, switches, nodes, &here);
                }
                TopologySpec::LeafSpine { switches, leaves, spines, hosts_per_leaf, .. } => {
                    let [leaves, spines, hosts] =
                        [leaves, spines, hosts_per_leaf].map(|own| *own as usize);
                    let made = here.check(Topology::leaf_spine(leaves, spines, hosts));
                    prepared.switches(index, made, switches, nodes, &here);
                }
                _ => {}
            }
        }
        prepared
    }

    /// Keeps a topology of hosts and switches, whose class gets as many nodes as there are switches.
    fn switches(
        &mut self,
        index: usize,
        made: Option<Topology>,
        class: &str,
        nodes: &mut [NodeClassSpec],
        site: &Site<'_>,
    ) {
        let Some(topology) = made else { return };
        let filled = topology.nodes.iter().filter(|node| !is_host(node.role)).count();
        if let Some(spec) = open_class(nodes, class, filled, &site.key("switches")) {
            spec.count = Some(filled as u32);
            self.topologies.insert(index, topology);
        }
    }
}

fn is_host(role: crate::infra::Role) -> bool {
    role == crate::infra::Role::Host
}

/// The class that a file or rule fills with so many nodes. Its count must be open, or the same, as it is in the
/// record of a run.
fn open_class<'n>(
    nodes: &'n mut [NodeClassSpec],
    name: &str,
    filled: usize,
    site: &Site<'_>,
) -> Option<&'n mut NodeClassSpec> {
    let known: Vec<String> = nodes.iter().map(|spec| spec.class_name().to_string()).collect();
    let Some(spec) = nodes.iter_mut().find(|spec| spec.class_name() == name) else {
        site.unknown("node class", name, known.iter().map(String::as_str));
        return None;
    };
    if let Some(count) = spec.count.filter(|count| *count as usize != filled) {
        site.error_with_help(
            format!("the class {name:?} has a count of {count}, but its {filled} nodes come from here"),
            format!("leave out `count` of the class {name:?}"),
        );
        return None;
    }
    Some(spec)
}

/// Places on a plane whose origin is the south-western corner of the nodes that have coordinates; the others
/// lie in that corner.
pub(in crate::scenario) fn local_positions(topology: &Topology) -> Vec<Position> {
    let known = || topology.nodes.iter().filter_map(|node| node.lon_lat);
    let least = |coordinate: fn(LonLat) -> f64| known().map(coordinate).fold(f64::INFINITY, f64::min);
    let west = least(|place| place.longitude_deg);
    let south = least(|place| place.latitude_deg);
    if !west.is_finite() {
        return vec![Position::default(); topology.nodes.len()];
    }
    let plane = LocalPlane::new(west, south);
    let place =
        |node: &TopologyNode| node.lon_lat.map_or(Position::default(), |place| plane.position(place));
    topology.nodes.iter().map(place).collect()
}

/// Makes the links of a network.
pub(super) struct Linker<'a> {
    pub(super) directory: &'a NodeDirectory,
    pub(super) positions: &'a dyn Fn(NodeId) -> Position,
    pub(super) model: LinkModelSpec,
    pub(super) streams: RandomStreams,
    /// The pool of the rule at hand, for links that are one queue.
    pub(super) pool: u32,
    /// Whether it has a link already, whose models serve all.
    pub(super) pool_made: bool,
    /// Where a rule tells the qualities of its links, from the rule on; `None` of single links.
    pub(super) told_at: Option<&'static str>,
    /// Whether the qualities of the rule at hand have been found wrong, which is not to be told for each link.
    pub(super) told: bool,
    pub(super) links: Vec<NamedLink>,
    /// How often each name was given: parallel links are told apart by `#2`, `#3`, ...
    pub(super) names: BTreeMap<String, u32>,
}

impl Linker<'_> {
    /// Adds all links of the network.
    pub(super) fn link_all(
        &mut self,
        network: &NetworkSpec,
        prepared: &Prepared,
        streams: RandomStreams,
        site: &Site<'_>,
    ) {
        for (index, link) in network.links.iter().enumerate() {
            let here = site.key("links").index(index);
            let a = self.directory.node(&link.a, &here.key("a"));
            let b = self.directory.node(&link.b, &here.key("b"));
            if let (Some(a), Some(b)) = (a, b) {
                let qualities = link.qualities();
                self.add(a, b, link.name.clone(), &qualities, TopologyEdge::new(0, 0), &here);
            }
        }
        if network.links.is_empty() && network.topology.is_empty() {
            let none = LinkQualities::default();
            self.hierarchical([&none; 3], site);
        }
        for (index, rule) in network.topology.iter().enumerate() {
            if *rule == TopologySpec::None && network.topology.len() > 1 {
                site.key("topology").index(index).error_with_help(
                    "`none` says that no rule makes links, but it is not the only rule",
                    "leave it out, or the others",
                );
            }
            self.rule(
                rule,
                prepared.topologies.get(&index),
                streams,
                index,
                &site.key("topology").index(index),
            );
        }
    }

    /// The latency where nothing is said: by the tier that the link leads up to.
    fn default_latency_s(&self, a: NodeId, b: NodeId) -> f64 {
        let upper = |node| match self.directory.tier(node) {
            Tier::Cloud => 0.020,
            Tier::Fog => 0.005,
            _ => 0.001,
        };
        f64::max(upper(a), upper(b))
    }

    fn add(
        &mut self,
        a: NodeId,
        b: NodeId,
        name: Option<String>,
        qualities: &LinkQualities,
        given: TopologyEdge,
        site: &Site<'_>,
    ) {
        if a == b {
            site.error(format!("a link from {:?} to itself leads nowhere", self.directory.name(a)));
            return;
        }
        if let Some(wireless) = [a, b].into_iter().find(|&node| self.directory.is_wireless(node)) {
            site.error_with_help(
                format!(
                    "{:?} is wireless, so that no link can lead to it",
                    self.directory.name(wireless)
                ),
                "set `wireless` of its class to false",
            );
            return;
        }
        if self.told {
            return;
        }
        let told = self.told_at.map_or_else(|| site.clone(), |key| site.key(key));
        let bandwidth_bps =
            qualities.bandwidth.map(|rate| rate.as_bps()).or(given.bandwidth_bps).unwrap_or(1e9);
        if bandwidth_bps <= 0.0 {
            told.key("bandwidth").error("a bandwidth of 0 carries nothing; it must be above 0");
            self.told = self.told_at.is_some();
            return;
        }
        let latency_s = qualities
            .latency
            .map(|latency| latency.as_secs())
            .or(given.latency_s)
            .unwrap_or_else(|| self.default_latency_s(a, b));
        let to_cloud = [a, b].into_iter().any(|node| self.directory.tier(node) == Tier::Cloud);
        let class = match qualities.network {
            Some(network) => network.into(),
            None if to_cloud => NetworkClass::Wan,
            None => NetworkClass::Man,
        };
        let pool = qualities.one_queue.then_some(self.pool);
        let model = qualities.model.as_ref().unwrap_or(&self.model);
        let model_site = if qualities.model.is_some() { told.key("model") } else { site.clone() };
        let models = if pool.is_some() && self.pool_made {
            // Not used: that of the first one is.
            Some(Models { up: LinkModel::Unshared, down: None })
        } else {
            link_models(model, self.streams, &model_site)
        };
        let Some(models) = models else {
            self.told = self.told_at.is_some();
            return;
        };
        self.pool_made = pool.is_some();
        // A shaped link has its directions by the order of its ends.
        let has_ends = matches!(model, LinkModelSpec::Shaped(_));
        if models.down.is_some() && pool.is_none() && !has_ends {
            self.told = self.told_at.is_some();
            model_site.error_with_help(
                "what devices send and receive is not told apart on a link between two nodes",
                "leave out `mean_result`, or make the links of a rule `one_queue`",
            );
            return;
        }
        let mut name =
            name.unwrap_or_else(|| format!("{}--{}", self.directory.name(a), self.directory.name(b)));
        let times = self.names.entry(name.clone()).or_insert(0);
        *times += 1;
        if *times > 1 {
            name = format!("{name}#{times}");
        }
        self.links.push((
            name,
            LinkSpec {
                a,
                b,
                latency: SimDuration::from_secs(latency_s),
                bandwidth_bps,
                model: models.up,
                back_model: models.down,
                transfer_limit: limit(qualities.transfer_limit),
                class,
                transit: qualities.transit.unwrap_or(true),
                pool,
                energy_j_per_byte: qualities.energy_per_bit.map_or(0.0, j_per_byte),
            },
        ));
    }

    /// Adds the edges of a topology whose node i is `nodes[i]`.
    fn add_topology(
        &mut self,
        topology: &Topology,
        nodes: &[NodeId],
        qualities: &LinkQualities,
        site: &Site<'_>,
    ) {
        for edge in &topology.edges {
            // Self-loops in files carry nothing.
            if let (Some(&a), Some(&b)) = (nodes.get(edge.a), nodes.get(edge.b))
                && a != b
            {
                self.add(a, b, None, qualities, *edge, site);
            }
        }
    }

    fn nearest(&self, node: NodeId, candidates: &[NodeId]) -> Option<NodeId> {
        let place = (self.positions)(node);
        let distance = |other: &NodeId| (self.positions)(*other).squared_distance_m2(place);
        candidates.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    fn hierarchical(&mut self, [edge_link, fog_link, cloud_link]: [&LinkQualities; 3], site: &Site<'_>) {
        let of = |tier| self.directory.of_tier(tier).collect::<Vec<_>>();
        let (edges, fogs, clouds) = (of(Tier::Edge), of(Tier::Fog), of(Tier::Cloud));
        let above_edges = if fogs.is_empty() { &clouds } else { &fogs };
        let given = TopologyEdge::new(0, 0);
        (self.told_at, self.told) = (Some("edge_link"), false);
        if above_edges.is_empty() {
            // Nothing above: edge nodes are chained to the first one.
            for &edge in edges.iter().skip(1) {
                self.add(edge, edges[0], None, edge_link, given, site);
            }
        }
        for &edge in &edges {
            if let Some(above) = self.nearest(edge, above_edges) {
                self.add(edge, above, None, edge_link, given, site);
            }
        }
        (self.told_at, self.told) = (Some("fog_link"), false);
        if clouds.is_empty() {
            for &fog in fogs.iter().skip(1) {
                self.add(fog, fogs[0], None, fog_link, given, site);
            }
        }
        for &fog in &fogs {
            if let Some(above) = self.nearest(fog, &clouds) {
                self.add(fog, above, None, fog_link, given, site);
            }
        }
        (self.told_at, self.told) = (Some("cloud_link"), false);
        for (index, &one) in clouds.iter().enumerate() {
            for &other in &clouds[index + 1..] {
                self.add(one, other, None, cloud_link, given, site);
            }
        }
    }

    fn rule(
        &mut self,
        rule: &TopologySpec,
        prepared: Option<&Topology>,
        streams: RandomStreams,
        index: usize,
        site: &Site<'_>,
    ) {
        self.pool = index as u32;
        (self.pool_made, self.told_at, self.told) = (false, Some("link"), false);
        let mut random = streams.stream(&format!("topology/{index}"));
        let directory = self.directory;
        let select = |names| directory.nodes(names, &site.key("nodes")).unwrap_or_default();
        match rule {
            TopologySpec::Hierarchical { edge_link, fog_link, cloud_link } => {
                self.hierarchical([edge_link, fog_link, cloud_link], site);
            }
            TopologySpec::Star { center, leaves, link } => {
                let center = directory.node(center, &site.key("center"));
                let leaves = directory.nodes(leaves, &site.key("leaves"));
                let (Some(center), Some(leaves)) = (center, leaves) else { return };
                for leaf in leaves {
                    self.add(center, leaf, None, link, TopologyEdge::new(0, 0), site);
                }
            }
            TopologySpec::Tree { nodes, branching, link } => {
                let nodes = select(nodes);
                for child in 1..nodes.len() {
                    let parent = (child - 1) / (*branching).max(1) as usize;
                    self.add(nodes[parent], nodes[child], None, link, TopologyEdge::new(0, 0), site);
                }
            }
            TopologySpec::Grid { nodes, width, wrapped, link } => {
                let nodes = select(nodes);
                let width =
                    width.map_or((nodes.len() as f64).sqrt().ceil() as usize, |width| width as usize);
                let boundary = if *wrapped { Boundary::Wrapped } else { Boundary::Open };
                let height = nodes.len().div_ceil(width.max(1));
                let made = Topology::grid(width.max(1), height.max(1), boundary);
                self.add_made(made, &nodes, link, site);
            }
            TopologySpec::ErdosRenyi { nodes, probability, link } => {
                let nodes = select(nodes);
                let made = Topology::erdos_renyi(
                    nodes.len(),
                    probability.as_fraction(),
                    Connectivity::Joined,
                    &mut random,
                );
                self.add_made(made, &nodes, link, site);
            }
            TopologySpec::BarabasiAlbert { nodes, links, link } => {
                let nodes = select(nodes);
                let made = Topology::barabasi_albert(nodes.len(), *links as usize, &mut random);
                self.add_made(made, &nodes, link, site);
            }
            TopologySpec::Waxman { nodes, alpha, beta, link } => {
                let nodes = select(nodes);
                let made = Topology::waxman(
                    nodes.len(),
                    alpha.as_fraction(),
                    beta.as_fraction(),
                    directory.area_m,
                    Connectivity::Joined,
                    &mut random,
                );
                self.add_made(made, &nodes, link, site);
            }
            TopologySpec::Attach { nodes, to, link } => {
                let nodes = directory.nodes(nodes, &site.key("nodes"));
                let to = directory.nodes(to, &site.key("to"));
                let (Some(nodes), Some(to)) = (nodes, to) else { return };
                self.attach(&nodes, &to, link, &mut random, site);
            }
            TopologySpec::None => {}
            TopologySpec::FatTree { hosts, switches, link, .. } => {
                self.switched(prepared, "a fat-tree with these ports", (hosts, switches, link), site);
            }
            TopologySpec::LeafSpine { hosts, switches, link, .. } => {
                self.switched(
                    prepared,
                    "a leaf-spine network of this size",
                    (hosts, switches, link),
                    site,
                );
            }
            TopologySpec::Graphml { nodes, link, .. } => {
                let (Some(topology), Some(class)) = (prepared, directory.class(nodes)) else { return };
                let nodes: Vec<NodeId> = (class.first..class.first + class.count).map(NodeId).collect();
                self.add_topology(topology, &nodes, link, site);
            }
        }
    }

    /// Links hosts and switches as they stand in a topology, where hosts may be fewer than there are places.
    fn switched(
        &mut self,
        prepared: Option<&Topology>,
        what: &str,
        (hosts, switches, link): (&Names, &str, &LinkQualities),
        site: &Site<'_>,
    ) {
        let (Some(topology), Some(hosts)) = (prepared, self.directory.nodes(hosts, &site.key("hosts")))
        else {
            return;
        };
        let places = topology.nodes.iter().filter(|node| is_host(node.role)).count();
        if hosts.len() > places {
            let count = hosts.len();
            let message = format!("{count} hosts are named, but {what} has places for {places}");
            site.key("hosts").error(message);
            return;
        }
        let Some(switches) = self.directory.class(switches) else { return };
        let mut hosts = hosts.into_iter();
        let mut switches = (switches.first..switches.first + switches.count).map(NodeId);
        let place =
            |node: &TopologyNode| if is_host(node.role) { hosts.next() } else { switches.next() };
        let nodes: Vec<Option<NodeId>> = topology.nodes.iter().map(place).collect();
        for edge in &topology.edges {
            if let (Some(a), Some(b)) = (nodes[edge.a], nodes[edge.b]) {
                self.add(a, b, None, link, *edge, site);
            }
        }
    }

    /// Links each node to one of `to`: one draw a node, whatever there is.
    fn attach(
        &mut self,
        nodes: &[NodeId],
        to: &[NodeId],
        link: &LinkQualities,
        random: &mut Stream,
        site: &Site<'_>,
    ) {
        if to.is_empty() {
            site.key("to").error("there are no nodes to attach to");
            return;
        }
        let others: BTreeSet<NodeId> = to.iter().copied().collect();
        if let Some(&both) = nodes.iter().find(|&node| others.contains(node)) {
            site.key("to").error_with_help(
                format!(
                    "{:?} would have to attach to nodes that it is one of",
                    self.directory.name(both)
                ),
                "name other nodes than those in `nodes`",
            );
            return;
        }
        for &node in nodes {
            // Less than the number of nodes, but for rounding.
            let drawn = (random.random::<f64>() * to.len() as f64) as usize;
            let end = to[drawn.min(to.len() - 1)];
            self.add(node, end, None, link, TopologyEdge::new(0, 0), site);
        }
    }

    fn add_made<E: std::fmt::Display>(
        &mut self,
        made: Result<Topology, E>,
        nodes: &[NodeId],
        link: &LinkQualities,
        site: &Site<'_>,
    ) {
        if let Some(topology) = site.check(made) {
            self.add_topology(&topology, nodes, link, site);
        }
    }
}
