//! Generators of regular and of random topologies. The same parameters and the same stream give the same
//! topology. Latencies and bandwidths are left to the caller.

use super::{Role, Topology, TopologyEdge, TopologyError, TopologyNode};
use crate::engine::Stream;
use crate::infra::Position;
use rand::RngExt;

/// The largest topology that is generated, so that a slip of the pen does not fill the memory.
pub(super) const MAX_NODES: usize = 10_000_000;
const MAX_EDGES: f64 = 50e6;

/// What happens at the rim of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// Nothing: a corner has two neighbours.
    Open,
    /// Opposite sides are joined (a torus), along each dimension longer than 2, where that makes a new
    /// edge.
    Wrapped,
}

/// Whether a random graph is left in the pieces it was drawn in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connectivity {
    /// As drawn.
    AsDrawn,
    /// Each component but the first is joined by one more edge, from a random member to a random node
    /// of the components before it.
    Joined,
}

pub(super) fn bad<T>(
    generator: &'static str,
    parameter: &'static str,
    value: f64,
    allowed: impl Into<String>,
) -> Result<T, TopologyError> {
    Err(TopologyError::Parameter { generator, parameter, value, allowed: allowed.into() })
}

/// A whole parameter within `least..=most`.
pub(super) fn whole(
    generator: &'static str,
    parameter: &'static str,
    value: usize,
    least: usize,
    most: usize,
) -> Result<(), TopologyError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        bad(generator, parameter, value as f64, format!("a whole number from {least} to {most}"))
    }
}

/// Refuses more nodes than [`MAX_NODES`]; `None` is a count beyond all numbers.
pub(super) fn node_limit(generator: &'static str, nodes: Option<usize>) -> Result<(), TopologyError> {
    match nodes {
        Some(nodes) if nodes <= MAX_NODES => Ok(()),
        _ => bad(
            generator,
            "number of nodes",
            nodes.map_or(f64::INFINITY, |nodes| nodes as f64),
            format!("at most {MAX_NODES}"),
        ),
    }
}

pub(super) fn edge_limit(generator: &'static str, expected: f64) -> Result<(), TopologyError> {
    if expected <= MAX_EDGES {
        Ok(())
    } else {
        bad(generator, "expected number of edges", expected, format!("at most {MAX_EDGES}"))
    }
}

fn pairs(nodes: usize) -> f64 {
    nodes as f64 * (nodes as f64 - 1.0) / 2.0
}

/// Calls `take` with each pair `a < b < nodes` with the same probability and independently, in
/// O(nodes + pairs taken): the number of pairs passed over is drawn from its geometric distribution
/// (Batagelj and Brandes, Efficient generation of large random networks, Phys. Rev. E 71, 2005).
fn random_pairs(
    nodes: usize,
    probability: f64,
    stream: &mut Stream,
    mut take: impl FnMut(usize, usize, &mut Stream),
) {
    if probability <= 0.0 {
        return;
    }
    let log_of_miss = (-probability).ln_1p();
    let (mut a, mut b) = (0_usize, 1_usize);
    while b < nodes {
        // A float beyond the range saturates, which is past the last pair as well.
        let skip = ((1.0 - stream.random::<f64>()).ln() / log_of_miss) as usize;
        a = a.saturating_add(skip);
        while a >= b && b < nodes {
            a -= b;
            b += 1;
        }
        if b < nodes {
            take(a, b, stream);
            a += 1;
            if a == b {
                (a, b) = (0, b + 1);
            }
        }
    }
}

impl Topology {
    fn add(&mut self, name: String, role: Role) -> usize {
        self.nodes.push(TopologyNode::new(name, role));
        self.nodes.len() - 1
    }

    fn join(&mut self, a: usize, b: usize) {
        self.edges.push(TopologyEdge::new(a, b));
    }

    /// `nodes` nodes named `<prefix>-<index>`.
    pub(super) fn of_nodes(nodes: usize, prefix: &str, role: Role) -> Self {
        let nodes = (0..nodes).map(|index| TopologyNode::new(format!("{prefix}-{index}"), role));
        Topology { nodes: nodes.collect(), edges: Vec::new() }
    }

    /// A hub and `leaves` (at least 1) nodes joined to it: leaves + 1 nodes, the hub first.
    ///
    /// # Errors
    /// If there are no leaves or too many.
    pub fn star(leaves: usize) -> Result<Self, TopologyError> {
        whole("star", "leaves", leaves, 1, MAX_NODES - 1)?;
        let mut topology = Topology::default();
        let hub = topology.add("hub".to_owned(), Role::Core);
        for index in 0..leaves {
            let leaf = topology.add(format!("leaf-{index}"), Role::Host);
            topology.join(hub, leaf);
        }
        Ok(topology)
    }

    /// A tree in which each node above the leaves has `branching` (at least 1) children and leaves are
    /// `depth` edges below the root: the sum of branching^i for i = 0..=depth nodes, in order of depth,
    /// the leaves [hosts](Role::Host).
    ///
    /// # Errors
    /// If the branching is zero or there are too many nodes.
    pub fn tree(branching: usize, depth: usize) -> Result<Self, TopologyError> {
        whole("tree", "branching", branching, 1, MAX_NODES)?;
        whole("tree", "depth", depth, 0, MAX_NODES)?;
        let mut level = Some(1_usize);
        let mut nodes = Some(1_usize);
        for _ in 0..depth {
            level = level.and_then(|level| level.checked_mul(branching));
            nodes = nodes.zip(level).and_then(|(nodes, level)| nodes.checked_add(level));
            node_limit("tree", nodes)?;
        }
        let nodes = nodes.unwrap_or(1);
        let first_leaf = nodes - level.unwrap_or(1);
        let mut topology = Topology::of_nodes(nodes, "node", Role::Router);
        for child in 1..nodes {
            topology.join((child - 1) / branching, child);
        }
        topology.nodes[first_leaf..].iter_mut().for_each(|leaf| leaf.role = Role::Host);
        Ok(topology)
    }

    /// Clouds in a full mesh, under each of them `fogs_per_cloud` fog sites, under each of those
    /// `edges_per_fog` edge sites; each site below is joined to the one above it. All clouds come first,
    /// then each fog site followed by its edge sites.
    ///
    /// # Errors
    /// If there is no cloud or there are too many nodes or edges.
    pub fn cloud_edge(
        clouds: usize,
        fogs_per_cloud: usize,
        edges_per_fog: usize,
    ) -> Result<Self, TopologyError> {
        let generator = "cloud_edge";
        whole(generator, "clouds", clouds, 1, MAX_NODES)?;
        edge_limit(generator, pairs(clouds))?;
        let sites_per_fog = edges_per_fog.checked_add(1);
        let per_cloud = sites_per_fog.and_then(|sites| sites.checked_mul(fogs_per_cloud));
        let nodes = per_cloud.and_then(|sites| sites.checked_add(1)?.checked_mul(clouds));
        node_limit(generator, nodes)?;
        let mut topology = Topology::of_nodes(clouds, "cloud", Role::Cloud);
        for b in 1..clouds {
            (0..b).for_each(|a| topology.join(a, b));
        }
        for cloud in 0..clouds {
            for index in 0..fogs_per_cloud {
                let fog = topology.add(format!("cloud-{cloud}-fog-{index}"), Role::Fog);
                topology.join(cloud, fog);
                for edge in 0..edges_per_fog {
                    let name = format!("cloud-{cloud}-fog-{index}-edge-{edge}");
                    let edge = topology.add(name, Role::Edge);
                    topology.join(fog, edge);
                }
            }
        }
        Ok(topology)
    }

    /// A grid of `width` by `height` (each at least 1), row by row: width (height - 1) + height (width - 1)
    /// edges, and height + width more when it is [wrapped](Boundary::Wrapped).
    ///
    /// # Errors
    /// If a side is zero or there are too many nodes.
    pub fn grid(width: usize, height: usize, boundary: Boundary) -> Result<Self, TopologyError> {
        whole("grid", "width", width, 1, MAX_NODES)?;
        whole("grid", "height", height, 1, MAX_NODES)?;
        node_limit("grid", width.checked_mul(height))?;
        let mut topology = Topology::default();
        let wraps = |side: usize| boundary == Boundary::Wrapped && side > 2;
        for y in 0..height {
            for x in 0..width {
                let node = topology.add(format!("grid-{x}-{y}"), Role::Router);
                if x + 1 < width {
                    topology.join(node, node + 1);
                } else if wraps(width) {
                    topology.join(node - x, node);
                }
                if y + 1 < height {
                    topology.join(node, node + width);
                } else if wraps(height) {
                    topology.join(x, node);
                }
            }
        }
        Ok(topology)
    }

    /// Erdos-Renyi G(n, p) (Gilbert 1959): each of the n (n - 1) / 2 pairs of `nodes` is joined with
    /// `probability`, independently. Takes O(nodes + edges).
    ///
    /// # Errors
    /// If the probability is not within 0 to 1, or there are no or too many nodes or edges.
    pub fn erdos_renyi(
        nodes: usize,
        probability: f64,
        connectivity: Connectivity,
        stream: &mut Stream,
    ) -> Result<Self, TopologyError> {
        let generator = "erdos_renyi";
        whole(generator, "nodes", nodes, 1, MAX_NODES)?;
        if !(0.0..=1.0).contains(&probability) {
            return bad(generator, "probability", probability, "from 0 to 1");
        }
        edge_limit(generator, pairs(nodes) * probability)?;
        let mut topology = Topology::of_nodes(nodes, "node", Role::Router);
        random_pairs(nodes, probability, stream, |a, b, _| topology.join(a, b));
        topology.connect(connectivity, stream);
        Ok(topology)
    }

    /// Barabasi-Albert preferential attachment (Science 286, 1999), from a star of `links` + 1 nodes: each
    /// further node is joined to `links` (1 to nodes - 1) different earlier ones with probability in
    /// proportion to their degree. Connected, with links (nodes - links) edges; takes O(edges).
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub fn barabasi_albert(
        nodes: usize,
        links: usize,
        stream: &mut Stream,
    ) -> Result<Self, TopologyError> {
        let generator = "barabasi_albert";
        whole(generator, "nodes", nodes, 2, MAX_NODES)?;
        whole(generator, "links", links, 1, nodes - 1)?;
        edge_limit(generator, links as f64 * (nodes - links) as f64)?;
        let mut topology = Topology::of_nodes(nodes, "node", Role::Router);
        (1..=links).for_each(|leaf| topology.join(0, leaf));
        let mut chosen_by = vec![0; nodes];
        for node in links + 1..nodes {
            // A node is an end of as many edges as its degree, so a random end is the preference.
            let (settled, mut missing) = (topology.edges.len(), links);
            while missing > 0 {
                let edge = topology.edges[stream.random_range(0..settled)];
                let target = if stream.random() { edge.a } else { edge.b };
                if chosen_by[target] != node {
                    chosen_by[target] = node;
                    topology.join(target, node);
                    missing -= 1;
                }
            }
        }
        Ok(topology)
    }

    /// Waxman's random graph (IEEE JSAC 6(9), 1988): `nodes` places uniform on `width_m` by `height_m`
    /// (above 0), and two at distance d joined with probability alpha exp(-d / (beta L)), where L is the
    /// diagonal of the area and alpha and beta are above 0 and at most 1. Takes O(alpha nodes^2).
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub fn waxman(
        nodes: usize,
        alpha: f64,
        beta: f64,
        (width_m, height_m): (f64, f64),
        connectivity: Connectivity,
        stream: &mut Stream,
    ) -> Result<Self, TopologyError> {
        let generator = "waxman";
        whole(generator, "nodes", nodes, 1, MAX_NODES)?;
        for (parameter, value) in [("alpha", alpha), ("beta", beta)] {
            if !(value > 0.0 && value <= 1.0) {
                return bad(generator, parameter, value, "above 0 and at most 1");
            }
        }
        for (parameter, value) in [("width_m", width_m), ("height_m", height_m)] {
            if !(value > 0.0 && value.is_finite()) {
                return bad(generator, parameter, value, "above 0");
            }
        }
        edge_limit(generator, pairs(nodes) * alpha)?;
        let mut topology = Topology::of_nodes(nodes, "node", Role::Router);
        let mut places = Vec::with_capacity(nodes);
        for node in &mut topology.nodes {
            let place =
                Position::ground(width_m * stream.random::<f64>(), height_m * stream.random::<f64>());
            node.position = Some(place);
            places.push(place);
        }
        let scale_m = beta * width_m.hypot(height_m);
        random_pairs(nodes, alpha, stream, |a, b, stream| {
            if stream.random::<f64>() < (-places[a].distance_m(places[b]) / scale_m).exp() {
                topology.join(a, b);
            }
        });
        topology.connect(connectivity, stream);
        Ok(topology)
    }

    /// The fat-tree of Al-Fares, Loukissas and Vahdat (SIGCOMM 2008) from switches of `ports` ports (k,
    /// even, at least 2): k pods with k/2 aggregation and k/2 edge switches each, k^2/4 core switches and
    /// k^3/4 hosts; 3 k^3/4 edges. Core switches come first, then pod by pod the aggregation switches and
    /// each edge switch followed by its hosts. Aggregation switch i of each pod is joined to core
    /// switches i k/2 to (i + 1) k/2 - 1.
    ///
    /// # Errors
    /// If the number of ports is odd, zero or too large.
    pub fn fat_tree(ports: usize) -> Result<Self, TopologyError> {
        // 5 k^2 / 4 + k^3 / 4 nodes stay below the limit up to 340 ports.
        const MOST: usize = 340;
        if !(2..=MOST).contains(&ports) || !ports.is_multiple_of(2) {
            let allowed = format!("an even number from 2 to {MOST}");
            return bad("fat_tree", "ports", ports as f64, allowed);
        }
        let half = ports / 2;
        let mut topology = Topology::of_nodes(half * half, "core", Role::Core);
        for pod in 0..ports {
            let aggregations = topology.nodes.len();
            for index in 0..half {
                let name = format!("pod-{pod}-aggregation-{index}");
                let aggregation = topology.add(name, Role::Aggregation);
                (0..half).for_each(|core| topology.join(index * half + core, aggregation));
            }
            for index in 0..half {
                let edge = topology.add(format!("pod-{pod}-edge-{index}"), Role::Edge);
                (0..half).for_each(|above| topology.join(aggregations + above, edge));
                for host in 0..half {
                    let host = topology.add(format!("pod-{pod}-edge-{index}-host-{host}"), Role::Host);
                    topology.join(edge, host);
                }
            }
        }
        Ok(topology)
    }

    /// A leaf-spine network: `leaves` switches with `hosts_per_leaf` hosts each, and each leaf joined to each of `spines` switches
    /// (all at least 1); leaves (spines + hosts per leaf) edges. Spines come first, then each leaf followed by its hosts.
    ///
    /// # Errors
    /// If a number is zero, or there are too many nodes or edges.
    pub fn leaf_spine(
        leaves: usize,
        spines: usize,
        hosts_per_leaf: usize,
    ) -> Result<Self, TopologyError> {
        let generator = "leaf_spine";
        whole(generator, "leaves", leaves, 1, MAX_NODES)?;
        whole(generator, "spines", spines, 1, MAX_NODES)?;
        whole(generator, "hosts_per_leaf", hosts_per_leaf, 1, MAX_NODES)?;
        let below = leaves.checked_mul(hosts_per_leaf + 1);
        node_limit(generator, below.and_then(|below| below.checked_add(spines)))?;
        edge_limit(generator, leaves as f64 * (spines as f64 + hosts_per_leaf as f64))?;
        let mut topology = Topology::of_nodes(spines, "spine", Role::Core);
        for index in 0..leaves {
            let leaf = topology.add(format!("leaf-{index}"), Role::Edge);
            (0..spines).for_each(|spine| topology.join(spine, leaf));
            for host in 0..hosts_per_leaf {
                let host = topology.add(format!("leaf-{index}-host-{host}"), Role::Host);
                topology.join(leaf, host);
            }
        }
        Ok(topology)
    }

    /// Joins the components as `connectivity` has it: nothing, or one edge more for each but the first.
    pub fn connect(&mut self, connectivity: Connectivity, stream: &mut Stream) {
        if connectivity == Connectivity::AsDrawn {
            return;
        }
        let mut components = self.components().into_iter();
        let mut joined = components.next().unwrap_or_default();
        for component in components {
            let from = component[stream.random_range(0..component.len())];
            let to = joined[stream.random_range(0..joined.len())];
            self.join(to, from);
            joined.extend(component);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;
    use proptest::prelude::*;

    fn stream(seed: u64) -> Stream {
        RandomStreams::new(seed).stream("topology")
    }

    fn count(topology: &Topology, role: Role) -> usize {
        topology.nodes.iter().filter(|node| node.role == role).count()
    }

    /// Valid, simple, in one piece, of so many nodes and edges.
    fn assert_sound(topology: &Topology, nodes: usize, edges: usize) {
        assert_eq!(topology.check(), Ok(()));
        assert_eq!((topology.nodes.len(), topology.edges.len()), (nodes, edges));
        assert_eq!(topology.simple_edges(), edges);
        assert_eq!(topology.components().len(), 1);
    }

    proptest! {
        #[test]
        fn regular_topologies_have_their_closed_forms(
            a in 1..9_usize, b in 1..7_usize, c in 0..5_usize,
        ) {
            assert_sound(&Topology::star(a).expect("good"), a + 1, a);

            let tree = Topology::tree(a, c).expect("good");
            let nodes = (0..=c as u32).map(|level| a.pow(level)).sum::<usize>();
            assert_sound(&tree, nodes, nodes - 1);
            prop_assert_eq!(count(&tree, Role::Host), a.pow(c as u32));

            let continuum = Topology::cloud_edge(a, b, c).expect("good");
            let (fogs, edges) = (a * b, a * b * c);
            assert_sound(&continuum, a + fogs + edges, a * (a - 1) / 2 + fogs + edges);
            prop_assert_eq!(count(&continuum, Role::Edge), edges);

            let open = Topology::grid(a, b, Boundary::Open).expect("good");
            assert_sound(&open, a * b, a * (b - 1) + b * (a - 1));
            let torus = Topology::grid(a + 2, b + 2, Boundary::Wrapped).expect("good");
            assert_sound(&torus, (a + 2) * (b + 2), 2 * (a + 2) * (b + 2));
            prop_assert!(torus.degrees().iter().all(|&degree| degree == 4));

            let half = b;
            let fat = Topology::fat_tree(2 * half).expect("good");
            assert_sound(&fat, 5 * half * half + 2 * half.pow(3), 6 * half.pow(3));
            for (node, degree) in fat.nodes.iter().zip(fat.degrees()) {
                prop_assert_eq!(degree, if node.role == Role::Host { 1 } else { 2 * half });
            }
            prop_assert_eq!(count(&fat, Role::Core), half * half);
            prop_assert_eq!(count(&fat, Role::Aggregation), 2 * half * half);
            prop_assert_eq!(count(&fat, Role::Host), 2 * half.pow(3));

            let flat = Topology::leaf_spine(a, b, c + 1).expect("good");
            assert_sound(&flat, b + a * (c + 2), a * (b + c + 1));
            for (node, degree) in flat.nodes.iter().zip(flat.degrees()) {
                let expected = match node.role {
                    Role::Core => a,
                    Role::Edge => b + c + 1,
                    _ => 1,
                };
                prop_assert_eq!(degree, expected);
            }
            prop_assert_eq!((count(&flat, Role::Core), count(&flat, Role::Host)), (b, a * (c + 1)));
        }

        #[test]
        fn attachment_has_its_closed_form(nodes in 2..200_usize, links in 1..200_usize, seed: u64) {
            let links = 1 + links % (nodes - 1);
            let made = Topology::barabasi_albert(nodes, links, &mut stream(seed)).expect("good");
            assert_sound(&made, nodes, links * (nodes - links));
            let degrees = made.degrees();
            prop_assert!(degrees[links + 1..].iter().all(|&degree| degree >= links));
        }

        /// Joining leaves what was drawn as it was and adds one edge less than there were components.
        #[test]
        fn joined_graphs_are_in_one_piece(
            nodes in 1..60_usize, probability in 0.0..0.1f64, seed: u64,
        ) {
            let make = |connectivity| {
                Topology::erdos_renyi(nodes, probability, connectivity, &mut stream(seed)).expect("good")
            };
            let (drawn, joined) = (make(Connectivity::AsDrawn), make(Connectivity::Joined));
            prop_assert_eq!(joined.simple_edges(), joined.edges.len());
            prop_assert_eq!(joined.components().len(), 1);
            prop_assert_eq!(&joined.edges[..drawn.edges.len()], &drawn.edges[..]);
            prop_assert_eq!(joined.edges.len() - drawn.edges.len(), drawn.components().len() - 1);
        }

        #[test]
        fn no_parameter_panics(a: usize, b: usize, c: usize, x: f64, y: f64, z: f64, seed: u64) {
            // Two of three draws are of a size that can be made quickly.
            let a = if seed % 3 == 0 { a } else { a % 40 };
            let (b, c) = (if seed % 3 == 0 { b } else { b % 4 }, c % 40);
            let random = &mut stream(seed);
            let _ = Topology::tree(a % 40, b);
            let _ = Topology::cloud_edge(a % 40, b, c);
            let _ = Topology::grid(a, b % 40, Boundary::Wrapped).map_err(|error| error.to_string());
            let _ = Topology::fat_tree(a % 40);
            let _ = Topology::leaf_spine(a, b, c);
            let _ = Topology::erdos_renyi(a % 300, x, Connectivity::Joined, random);
            let _ = Topology::barabasi_albert(a % 300, b, random);
            let _ = Topology::waxman(a % 40, x.fract(), y.fract(), (y, z), Connectivity::Joined, random);
        }
    }

    /// Edges of G(n, p) are binomial: over 200 draws the mean is within 4 standard errors, and so is
    /// the variance (its standard error is variance * sqrt(2 / draws)).
    #[test]
    fn erdos_renyi_edges_are_binomial() {
        let (nodes, probability, draws) = (100, 0.1, 200);
        let mut random = stream(1);
        let counts: crate::engine::Summary = (0..draws)
            .map(|_| {
                let made = Topology::erdos_renyi(nodes, probability, Connectivity::AsDrawn, &mut random);
                made.expect("good").edges.len() as f64
            })
            .collect();
        let mean = pairs(nodes) * probability;
        let variance = mean * (1.0 - probability);
        let draws = f64::from(draws);
        assert!((counts.mean() - mean).abs() < 4.0 * (variance / draws).sqrt(), "{counts:?}");
        assert!((counts.variance() / variance - 1.0).abs() < 4.0 * (2.0 / draws).sqrt(), "{counts:?}");
    }

    /// Each single pair is as likely as any other.
    #[test]
    fn each_pair_has_its_probability() {
        let (nodes, probability, draws) = (6_usize, 0.3, 20_000);
        let mut random = stream(2);
        let mut hits = vec![0_u32; nodes * nodes];
        for _ in 0..draws {
            random_pairs(nodes, probability, &mut random, |a, b, _| hits[a * nodes + b] += 1);
        }
        let tolerance = 4.5 * (f64::from(draws) * probability * (1.0 - probability)).sqrt();
        for a in 0..nodes {
            for b in 0..nodes {
                let expected = if a < b { f64::from(draws) * probability } else { 0.0 };
                let found = f64::from(hits[a * nodes + b]);
                assert!((found - expected).abs() <= tolerance, "{a} {b}: {found}");
            }
        }
        let mut all = 0;
        random_pairs(50, 1.0, &mut random, |_, _, _| all += 1);
        assert_eq!(all, 50 * 49 / 2);
    }

    /// Given the places, edges are independent: their number is within 4 deviations of the sum of
    /// Waxman's probabilities.
    #[test]
    fn waxman_edges_follow_the_distance_law() {
        let (alpha, beta, area) = (0.4, 0.15, (3000.0, 4000.0));
        let made = Topology::waxman(500, alpha, beta, area, Connectivity::AsDrawn, &mut stream(3));
        let made = made.expect("good");
        let places: Vec<_> = made.nodes.iter().filter_map(|node| node.position).collect();
        let (mut mean, mut variance) = (0.0, 0.0);
        for b in 1..places.len() {
            for a in 0..b {
                let p = alpha * (-places[a].distance_m(places[b]) / (beta * 5000.0)).exp();
                mean += p;
                variance += p * (1.0 - p);
            }
        }
        let found = made.edges.len() as f64;
        assert!((found - mean).abs() < 4.0 * variance.sqrt(), "{found} {mean}");
        assert!(places.iter().all(|p| (0.0..3000.0).contains(&p.x_m) && (0.0..4000.0).contains(&p.y_m)));
    }

    /// The degrees of preferential attachment tend to P(k) = 2 m (m + 1) / (k (k + 1) (k + 2)): for
    /// m = 2, 50 % have degree 2, 20 % degree 3, 10 % degree 4. A hundred thousand nodes are no matter.
    #[test]
    fn large_graphs_have_their_degrees() {
        let nodes = 100_000;
        let attached = Topology::barabasi_albert(nodes, 2, &mut stream(4)).expect("good");
        let degrees = attached.degrees();
        let share =
            |degree| degrees.iter().filter(|&&found| found == degree).count() as f64 / nodes as f64;
        for (degree, expected) in [(2, 0.5), (3, 0.2), (4, 0.1)] {
            assert!((share(degree) - expected).abs() < 0.01, "{degree}: {}", share(degree));
        }
        assert!(degrees.iter().max() > Some(&300));

        let probability = 6.0 / nodes as f64;
        let drawn = Topology::erdos_renyi(nodes, probability, Connectivity::Joined, &mut stream(5));
        let drawn = drawn.expect("good");
        assert!((drawn.edges.len() as f64 - 300_000.0).abs() < 4.0 * 300_000f64.sqrt() + 300.0);
        assert_eq!(drawn.components().len(), 1);
        assert_eq!(Topology::tree(10, 5).expect("good").nodes.len(), 111_111);
        assert_eq!(Topology::grid(400, 250, Boundary::Wrapped).expect("good").edges.len(), 200_000);
    }

    #[test]
    fn the_same_seed_gives_the_same_topology() {
        let make = |seed| {
            let area = (1e3, 1e3);
            [
                Topology::erdos_renyi(50, 0.1, Connectivity::Joined, &mut stream(seed)),
                Topology::barabasi_albert(50, 3, &mut stream(seed)),
                Topology::waxman(50, 0.4, 0.2, area, Connectivity::Joined, &mut stream(seed)),
            ]
        };
        assert_eq!(make(1), make(1));
        for (one, other) in make(1).into_iter().zip(make(2)) {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_bad_parameter_is_named() {
        let message =
            |result: Result<Topology, TopologyError>| result.expect_err("out of range").to_string();
        let random = &mut stream(1);
        assert_eq!(
            message(Topology::fat_tree(5)),
            "fat_tree: ports is 5, but must be an even number from 2 to 340"
        );
        assert_eq!(
            message(Topology::leaf_spine(4, 0, 2)),
            "leaf_spine: spines is 0, but must be a whole number from 1 to 10000000"
        );
        assert!(Topology::leaf_spine(10_000, 10_000, 2).is_err());
        assert_eq!(
            message(Topology::erdos_renyi(10, 1.5, Connectivity::AsDrawn, random)),
            "erdos_renyi: probability is 1.5, but must be from 0 to 1"
        );
        assert_eq!(
            message(Topology::barabasi_albert(10, 10, random)),
            "barabasi_albert: links is 10, but must be a whole number from 1 to 9"
        );
        assert_eq!(
            message(Topology::tree(10, 9)),
            "tree: number of nodes is 11111111, but must be at most 10000000"
        );
        assert!(Topology::tree(usize::MAX, 3).is_err());
        assert!(Topology::cloud_edge(2, usize::MAX, usize::MAX).is_err());
        assert!(Topology::erdos_renyi(1_000_000, 0.5, Connectivity::AsDrawn, random).is_err());
        let waxman = |alpha, beta, area| {
            Topology::waxman(9, alpha, beta, area, Connectivity::AsDrawn, &mut stream(1))
        };
        assert!(message(waxman(0.0, 0.5, (1.0, 1.0))).starts_with("waxman: alpha is 0"));
        assert!(message(waxman(0.5, f64::NAN, (1.0, 1.0))).starts_with("waxman: beta is NaN"));
        assert!(message(waxman(0.5, 0.5, (1.0, -1.0))).starts_with("waxman: height_m is -1"));
    }
}
