//! Generators of datacenter networks, small worlds, levels, and graphs of neighbours.

use super::generators::{MAX_NODES, bad, edge_limit, node_limit, whole};
use super::{Role, Topology, TopologyEdge, TopologyError, TopologyNode};
use crate::engine::Stream;
use crate::infra::Position;
use rand::RngExt;
use rstar::RTree;
use rstar::primitives::GeomWithData;
use std::collections::BTreeSet;

/// Most nodes of a Gabriel graph, whose pairs are all looked at.
const MAX_GABRIEL_NODES: usize = 20_000;
/// Longest side of its square in metres.
const MAX_SIDE_M: f64 = 1e9;

impl Topology {
    /// BCube(n, k) of Guo and others (SIGCOMM 2009) from switches of `ports` ports (n, at least 2): n^(k + 1)
    /// servers, and in each of k + 1 levels n^k switches; (k + 1) n^(k + 1) edges. Servers come first. The
    /// servers of a switch of level i are those whose numbers, written with base n, differ in digit i only.
    ///
    /// # Errors
    /// If there are too few ports or too many nodes or edges.
    pub fn b_cube(ports: usize, levels: usize) -> Result<Self, TopologyError> {
        let generator = "b_cube";
        whole(generator, "ports", ports, 2, MAX_NODES)?;
        whole(generator, "levels", levels, 0, 32)?;
        let switches = ports.checked_pow(levels as u32);
        let servers = switches.and_then(|switches| switches.checked_mul(ports));
        let all = switches.and_then(|switches| switches.checked_mul(levels + 1)?.checked_add(servers?));
        node_limit(generator, all)?;
        let (Some(switches), Some(servers)) = (switches, servers) else {
            return Ok(Topology::default());
        };
        edge_limit(generator, servers as f64 * (levels + 1) as f64)?;
        let mut topology = Topology::default();
        for server in 0..servers {
            topology.nodes.push(TopologyNode::new(format!("server-{server}"), Role::Host));
        }
        let mut step = 1;
        for level in 0..=levels {
            for switch in 0..switches {
                let node = topology.nodes.len();
                let name = format!("switch-{level}-{switch}");
                topology.nodes.push(TopologyNode::new(name, Role::Router));
                // The number of the switch is that of its servers without the digit of the level.
                let first = switch / step * step * ports + switch % step;
                for port in 0..ports {
                    topology.edges.push(TopologyEdge::new(node, first + port * step));
                }
            }
            step *= ports;
        }
        Ok(topology)
    }

    /// The small world of Watts and Strogatz (Nature 393, 1998): a ring of `nodes` in which each is joined to
    /// its nearest `neighbours` (even, below `nodes`), and each edge then leads to a random other node
    /// instead with the probability `rewiring`; nodes neighbours / 2 edges, none parallel.
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub fn small_world(
        nodes: usize,
        neighbours: usize,
        rewiring: f64,
        stream: &mut Stream,
    ) -> Result<Self, TopologyError> {
        let generator = "small_world";
        whole(generator, "nodes", nodes, 3, MAX_NODES)?;
        if neighbours < 2 || neighbours >= nodes || !neighbours.is_multiple_of(2) {
            let allowed = format!("an even number from 2 to {}", nodes - 1);
            return bad(generator, "neighbours", neighbours as f64, allowed);
        }
        if !(0.0..=1.0).contains(&rewiring) {
            return bad(generator, "rewiring", rewiring, "from 0 to 1");
        }
        edge_limit(generator, nodes as f64 * neighbours as f64 / 2.0)?;
        let mut topology = Topology::of_nodes(nodes, "node", Role::Router);
        let pair = |a: usize, b: usize| (a.min(b), a.max(b));
        let mut joined: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut degrees = vec![neighbours; nodes];
        for distance in 1..=neighbours / 2 {
            joined.extend((0..nodes).map(|node| pair(node, (node + distance) % nodes)));
        }
        for distance in 1..=neighbours / 2 {
            for node in 0..nodes {
                let mut to = (node + distance) % nodes;
                // A node that is joined to all others has nowhere to lead to.
                if stream.random::<f64>() < rewiring && degrees[node] < nodes - 1 {
                    joined.remove(&pair(node, to));
                    degrees[to] -= 1;
                    let old = to;
                    while to == old || to == node || joined.contains(&pair(node, to)) {
                        to = stream.random_range(0..nodes);
                    }
                    joined.insert(pair(node, to));
                    degrees[to] += 1;
                }
                topology.edges.push(TopologyEdge::new(node, to));
            }
        }
        Ok(topology)
    }

    /// Levels of nodes, each joined to the one before. `names` and `sizes` are those of the levels, `above[i]`
    /// is the probability of each edge between level i and level i + 1, of which each node of level i + 1
    /// has at least one (to a random node), and `within[i]` that of each edge within level i, of which each
    /// node has at least `peers` (to random nodes). Takes O(nodes + edges).
    ///
    /// # Errors
    /// If a level has no nodes, a probability is missing or not within 0 to 1, or there are too many edges.
    pub fn levels(
        names: &[&str],
        sizes: &[usize],
        above: &[f64],
        within: &[f64],
        peers: usize,
        stream: &mut Stream,
    ) -> Result<Self, TopologyError> {
        let generator = "levels";
        whole(generator, "number of levels", sizes.len(), 1, names.len())?;
        whole(
            generator,
            "number of probabilities above",
            above.len(),
            sizes.len() - 1,
            sizes.len() - 1,
        )?;
        whole(generator, "number of probabilities within", within.len(), sizes.len(), sizes.len())?;
        for (parameter, values) in [("probability above", above), ("probability within", within)] {
            if let Some(&value) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
                return bad(generator, parameter, value, "from 0 to 1");
            }
        }
        for &size in sizes {
            whole(generator, "nodes of a level", size, 1, MAX_NODES)?;
        }
        node_limit(generator, sizes.iter().try_fold(0_usize, |sum, &size| sum.checked_add(size)))?;
        let pairs = |level: usize| sizes[level] as f64 * (sizes[level] as f64 - 1.0) / 2.0;
        let expected = (0..sizes.len()).map(|level| {
            let up = if level == 0 { 0.0 } else { above[level - 1] * sizes[level - 1] as f64 };
            (up.max(1.0) + peers as f64) * sizes[level] as f64 + within[level] * pairs(level)
        });
        edge_limit(generator, expected.sum())?;
        let mut topology = Topology::default();
        let mut firsts = Vec::with_capacity(sizes.len());
        for (name, &size) in names.iter().zip(sizes) {
            firsts.push(topology.nodes.len());
            let nodes = (0..size).map(|node| TopologyNode::new(format!("{name}-{node}"), Role::Router));
            topology.nodes.extend(nodes);
        }
        for level in 0..sizes.len() {
            let (first, size) = (firsts[level], sizes[level]);
            if level > 0 {
                let (first_above, size_above) = (firsts[level - 1], sizes[level - 1]);
                let mut joined = vec![false; size];
                random_numbers(size_above as u64 * size as u64, above[level - 1], stream, |number| {
                    let (upper, lower) = (number as usize / size, number as usize % size);
                    joined[lower] = true;
                    topology.edges.push(TopologyEdge::new(first_above + upper, first + lower));
                });
                for lower in (0..size).filter(|&lower| !joined[lower]) {
                    let upper = first_above + stream.random_range(0..size_above);
                    topology.edges.push(TopologyEdge::new(upper, first + lower));
                }
            }
            let mut peered: BTreeSet<(usize, usize)> = BTreeSet::new();
            let mut degrees = vec![0; size];
            // The pairs a < b in the order of b, then a: pair number b (b - 1) / 2 + a.
            let (mut b, mut start) = (1_u64, 0_u64);
            let all = size as u64 * (size as u64 - 1) / 2;
            random_numbers(all, within[level], stream, |number| {
                while number >= start + b {
                    start += b;
                    b += 1;
                }
                peered.insert(((number - start) as usize, b as usize));
                degrees[(number - start) as usize] += 1;
                degrees[b as usize] += 1;
            });
            for node in 0..size {
                while degrees[node] < peers.min(size - 1) {
                    let other = stream.random_range(0..size);
                    if other != node && peered.insert((node.min(other), node.max(other))) {
                        degrees[node] += 1;
                        degrees[other] += 1;
                    }
                }
            }
            topology
                .edges
                .extend(peered.into_iter().map(|(a, b)| TopologyEdge::new(first + a, first + b)));
        }
        Ok(topology)
    }

    /// A Gabriel graph (Gabriel and Sokal, Systematic Zoology 18(3), 1969) of `nodes` uniform places on a
    /// square of `side_m` (above 0, at most 10^9): two are joined if no third lies within the circle whose diameter is the
    /// line between them. Connected and planar: nodes - 1 to 3 nodes - 8 edges. Takes O(nodes^2 log nodes).
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub fn gabriel(nodes: usize, side_m: f64, stream: &mut Stream) -> Result<Self, TopologyError> {
        let generator = "gabriel";
        whole(generator, "nodes", nodes, 2, MAX_GABRIEL_NODES)?;
        if !(side_m > 0.0 && side_m <= MAX_SIDE_M) {
            return bad(generator, "side_m", side_m, format!("above 0 and at most {MAX_SIDE_M:e}"));
        }
        let mut topology = Topology::of_nodes(nodes, "node", Role::Router);
        let mut places = Vec::with_capacity(nodes);
        for node in &mut topology.nodes {
            let (x, y) = (side_m * stream.random::<f64>(), side_m * stream.random::<f64>());
            node.position = Some(Position::ground(x, y));
            places.push([x, y]);
        }
        let numbered = places.iter().enumerate().map(|(node, &place)| GeomWithData::new(place, node));
        let tree = RTree::bulk_load(numbered.collect());
        for b in 1..nodes {
            for a in 0..b {
                let ([ax, ay], [bx, by]) = (places[a], places[b]);
                let middle = [0.5 * (ax + bx), 0.5 * (ay + by)];
                let squared_radius = 0.25 * ((ax - bx).powi(2) + (ay - by).powi(2));
                let blocked = tree
                    .locate_within_distance(middle, squared_radius)
                    .any(|near| near.data != a && near.data != b);
                if !blocked {
                    topology.edges.push(TopologyEdge::new(a, b));
                }
            }
        }
        Ok(topology)
    }
}

/// Calls `take` with each number below `count` with the same probability and independently, in O(numbers taken).
fn random_numbers(count: u64, probability: f64, stream: &mut Stream, mut take: impl FnMut(u64)) {
    if probability <= 0.0 {
        return;
    }
    let log_of_miss = (-probability).ln_1p();
    let mut number = 0_u64;
    while number < count {
        // A float beyond the range saturates, which is past the last number as well; with probability 1 it
        // is 0 or no number, which is none, too.
        let skip = ((1.0 - stream.random::<f64>()).ln() / log_of_miss) as u64;
        number = number.saturating_add(skip);
        if number < count {
            take(number);
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;
    use crate::infra::Connectivity;

    fn stream(seed: u64) -> Stream {
        RandomStreams::new(seed).stream("topology")
    }

    #[test]
    fn a_b_cube_has_the_numbers_of_its_paper() {
        for (ports, levels) in [(2, 0), (4, 1), (3, 2), (8, 1)] {
            let cube = Topology::b_cube(ports, levels).expect("good");
            let per_level = ports.pow(levels as u32);
            let servers = per_level * ports;
            assert_eq!(cube.nodes.len(), servers + (levels + 1) * per_level);
            assert_eq!(cube.edges.len(), (levels + 1) * servers);
            let degrees = cube.degrees();
            assert!(degrees[..servers].iter().all(|&degree| degree == levels + 1));
            assert!(degrees[servers..].iter().all(|&degree| degree == ports));
            assert_eq!((cube.parallel_edges(), cube.components().len()), (0, 1));
            assert_eq!(cube.check(), Ok(()));
        }
        // In BCube(4, 1), server 6 = 12 with base 4 is at switches 1 of level 0 and 2 of level 1.
        let cube = Topology::b_cube(4, 1).expect("good");
        let of = |node| -> Vec<&str> {
            let switches = cube.edges.iter().filter(|edge| edge.b == node);
            switches.map(|edge| cube.nodes[edge.a].name.as_str()).collect()
        };
        assert_eq!(of(6), ["switch-0-1", "switch-1-2"]);
        assert!(Topology::b_cube(1, 1).is_err());
        assert!(Topology::b_cube(1000, 30).is_err());
    }

    #[test]
    fn a_small_world_keeps_its_number_of_links_and_falls_between_ring_and_chaos() {
        let ring = Topology::small_world(20, 4, 0.0, &mut stream(1)).expect("good");
        assert_eq!(ring.degrees(), [4; 20]);
        for rewiring in [0.1, 1.0] {
            let world = Topology::small_world(1000, 6, rewiring, &mut stream(1)).expect("good");
            assert_eq!(world.edges.len(), 3000);
            assert_eq!((world.parallel_edges(), world.self_loops()), (0, 0));
            let ring_edges = world.edges.iter().filter(|edge| {
                let distance = (edge.b + 1000 - edge.a) % 1000;
                (1..=3).contains(&distance)
            });
            // What is rewired leads elsewhere but for about 6 in 1000; standard deviation below 17.
            let expected = 3000.0 * (1.0 - rewiring);
            assert!((ring_edges.count() as f64 - expected).abs() < 70.0, "{rewiring}");
        }
        // Complete at first: nothing can be rewired.
        let full = Topology::small_world(5, 4, 1.0, &mut stream(1)).expect("good");
        assert_eq!(full.simple_edges(), 10);
        assert!(Topology::small_world(10, 3, 0.1, &mut stream(1)).is_err());
        assert!(Topology::small_world(10, 10, 0.1, &mut stream(1)).is_err());
        assert!(Topology::small_world(10, 2, 1.1, &mut stream(1)).is_err());
    }

    #[test]
    fn full_levels_have_all_pairs() {
        let full = Topology::levels(
            &["a", "b", "c"],
            &[4, 3, 2],
            &[1.0, 1.0],
            &[0.0, 1.0, 0.0],
            0,
            &mut stream(1),
        )
        .expect("good");
        assert_eq!(full.edges.len(), 4 * 3 + 3 * 2 + 3);
        assert_eq!((full.simple_edges(), full.self_loops()), (21, 0));
        assert_eq!(full.nodes[6].name, "b-2");
    }

    /// 650 nodes below the first level with 3 links up on average, and at least one: 650 (3 + e^-3) = 1982 is
    /// the mean, and 44 the standard deviation. Of the 1000 that choose one peer each about half a link a
    /// level coincides.
    #[test]
    fn sparse_levels_have_the_links_that_are_asked_for() {
        let sizes = [350, 300, 200, 150];
        let above = [3.0 / 350.0, 3.0 / 300.0, 3.0 / 200.0];
        let names = ["l0", "l1", "l2", "l3"];
        let make = |seed, peers| {
            Topology::levels(&names, &sizes, &above, &[0.0; 4], peers, &mut stream(seed)).expect("good")
        };
        let lone = make(1, 0);
        assert!((lone.edges.len() as f64 - 1982.0).abs() < 4.0 * 44.0, "{}", lone.edges.len());
        let degrees_up = lone.edges.iter().fold(vec![0; 1000], |mut degrees, edge| {
            degrees[edge.b] += 1;
            degrees
        });
        assert!(degrees_up[350..].iter().all(|&degree| degree >= 1));
        assert!(degrees_up[..350].iter().all(|&degree| degree == 0));
        let mut joined = make(1, 0);
        let pieces = joined.components().len();
        joined.connect(Connectivity::Joined, &mut stream(1));
        assert!(pieces > 1 && joined.components().len() == 1);
        assert_eq!(joined.edges.len(), lone.edges.len() + pieces - 1);
        let peered = make(1, 2);
        assert_eq!(peered.simple_edges(), peered.edges.len());
        let inside = peered.edges.len() - lone.edges.len();
        assert!((1000..=2000).contains(&inside), "{inside}");
        assert!(peered.degrees().iter().all(|&degree| degree >= 2));
        assert_eq!(make(2, 1), make(2, 1));
        assert_ne!(make(2, 1), make(3, 1));
    }

    #[test]
    fn bad_levels_are_named() {
        let told = |sizes: &[usize], above: &[f64], within: &[f64]| {
            let made = Topology::levels(&["a", "b"], sizes, above, within, 0, &mut stream(1));
            made.expect_err("bad").to_string()
        };
        assert!(told(&[2, 0], &[1.0], &[0.0; 2]).starts_with("levels: nodes of a level is 0"));
        assert!(told(&[2, 2], &[], &[0.0; 2]).starts_with("levels: number of probabilities above is 0"));
        assert!(told(&[2, 2], &[1.5], &[0.0; 2]).starts_with("levels: probability above is 1.5"));
        assert!(told(&[9_000_000, 900_000], &[1.0], &[0.0; 2]).contains("number of edges"));
    }

    #[test]
    fn a_gabriel_graph_joins_whom_nobody_stands_between() {
        let graph = Topology::gabriel(60, 1000.0, &mut stream(1)).expect("good");
        assert_eq!(graph.components().len(), 1);
        assert!((59..=172).contains(&graph.edges.len()), "{}", graph.edges.len());
        let place = |node: usize| graph.nodes[node].position.expect("placed");
        // By the angle: a third node sees the two at more than 90 degrees if it is within their circle.
        let mut expected = 0;
        for b in 1..60 {
            for a in 0..b {
                let free = (0..60).filter(|&other| other != a && other != b).all(|other| {
                    let squared = |p, q| place(p).distance_m(place(q)).powi(2);
                    squared(a, other) + squared(b, other) > squared(a, b)
                });
                expected += usize::from(free);
                let joined = graph.edges.iter().any(|edge| (edge.a, edge.b) == (a, b));
                assert_eq!(joined, free, "{a} {b}");
            }
        }
        assert_eq!(graph.edges.len(), expected);
        assert!(Topology::gabriel(60, 0.0, &mut stream(1)).is_err());
        assert!(Topology::gabriel(60, 1e300, &mut stream(1)).is_err());
    }
}
