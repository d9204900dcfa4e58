//! Shortest-latency routes on the topology, cached a tree at a time.

use crate::engine::{EventQueue, Phase, SimDuration, SimTime};
use crate::infra::ids::{LinkId, NodeId};
use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::unionfind::UnionFind;
use petgraph::visit::EdgeRef;

const UNREACHED: u64 = u64::MAX;
const NO_NODE: u32 = u32::MAX;

/// One node as seen from the root of a tree.
#[derive(Clone, Copy, Debug)]
struct Entry {
    latency_ns: u64,
    link: LinkId,
    /// The next node on the way to the root.
    towards: u32,
}

/// The topology and its routes. Routes have the least latency; among those of equal latency the one of
/// which a part was found first, so that they do not depend on what was asked before.
///
/// A route costs O(hops) once the tree of one of its ends is known, and a tree O(links * log nodes).
/// When a link or node fails, only the trees that use it are forgotten. A *leaf*, a node with one link to another, is no
/// part of ways between others: trees and components are those of a world in which all leaves and their links work, and
/// whether they do is looked up when a route is asked for, so that the failure of a leaf costs O(1).
#[derive(Debug, Default)]
pub struct Routes {
    graph: UnGraph<NodeId, LinkId>,
    /// For each node of the world its place in the graph, `NO_NODE` for those outside.
    places: Vec<u32>,
    latencies_ns: Vec<u64>,
    /// Whether any link is for its ends only.
    has_detours: bool,
    link_up: Vec<bool>,
    node_up: Vec<bool>,
    trees: Vec<Option<Box<[Entry]>>>,
    /// For each tree the version of which it is; an older one is grown anew when it is asked for.
    tree_versions: Vec<u64>,
    /// Counts changes that make all trees old.
    version: u64,
    /// Counts all changes.
    changes: u64,
    /// Whether failures and repairs are [gathered](Self::gather), and whether there were any.
    gathers: bool,
    components_are_old: bool,
    cached_entries: usize,
    /// For each place the component it lies in, by working links and nodes, and leaves as if they worked.
    components: Vec<u32>,
    /// For each place its only link and neighbour, if it has just one; empty until the components are found.
    only_links: Vec<Option<(LinkId, u32)>>,
    /// For each link whether it is the only one of a place; empty as long as those are.
    leads_to_leaf: Vec<bool>,
}

/// What a link that is for its ends only costs beside its latency, so that ways avoid it: 104 days, in
/// nanoseconds. What is left over when latencies are divided by it is the latency itself.
const DETOUR_NS: u64 = 1 << 53;

/// Trees are forgotten when all of them together have more entries than this (1 GiB).
const MOST_CACHED_ENTRIES: usize = 1 << 26;

impl Routes {
    /// Makes `node` part of the topology; nothing if it is already.
    pub fn add_node(&mut self, node: NodeId) {
        if self.places.len() <= node.index() {
            self.places.resize(node.index() + 1, NO_NODE);
        }
        if self.places[node.index()] == NO_NODE {
            self.places[node.index()] = self.graph.add_node(node).index() as u32;
            self.node_up.push(true);
            self.trees.push(None);
            self.tree_versions.push(0);
        }
    }

    /// Adds a link between two nodes, which become part of the topology. Links are numbered in the order
    /// in which they are added, and `link` must be the next number.
    pub fn add_link(&mut self, link: LinkId, a: NodeId, b: NodeId, latency: SimDuration) {
        self.add_node(a);
        self.add_node(b);
        self.skip_link(link, latency);
        if let (Some(a), Some(b)) = (self.place(a), self.place(b)) {
            self.graph.add_edge(NodeIndex::new(a), NodeIndex::new(b), link);
        }
        self.only_links.clear();
        self.leads_to_leaf.clear();
        self.forget_all();
    }

    /// Makes a link one for its ends only: ways to other nodes pass it just where there is no other way. To be
    /// called before a route is asked for.
    pub fn avoid_link(&mut self, link: LinkId) {
        self.has_detours = true;
        let cost_ns = &mut self.latencies_ns[link.index()];
        *cost_ns = cost_ns.saturating_add(DETOUR_NS);
    }

    /// The latency of a way of this cost.
    fn latency_of(&self, cost_ns: u64) -> SimDuration {
        SimDuration::from_nanos(self.latency_part_ns(cost_ns))
    }

    /// What passing a link costs in nanoseconds: its latency, and more for links that are for their ends only.
    pub(in crate::infra) fn cost_ns(&self, link: LinkId) -> u64 {
        self.latencies_ns[link.index()]
    }

    /// Whether any link is for its ends only.
    pub(in crate::infra) fn has_detours(&self) -> bool {
        self.has_detours
    }

    /// The latency of a way of this cost, in nanoseconds.
    pub(in crate::infra) fn latency_part_ns(&self, cost_ns: u64) -> u64 {
        if self.has_detours { cost_ns % DETOUR_NS } else { cost_ns }
    }

    /// Whether a node works; one outside the topology does.
    #[must_use]
    pub fn node_is_up(&self, node: NodeId) -> bool {
        self.place(node).is_none_or(|place| self.node_up[place])
    }

    /// Notes a link that is not part of the topology (a radio), so that numbers agree.
    pub fn skip_link(&mut self, link: LinkId, latency: SimDuration) {
        debug_assert_eq!(link.index(), self.link_up.len(), "links are numbered in order");
        self.link_up.push(true);
        self.latencies_ns.push(latency.as_nanos());
    }

    /// Finds out anew which nodes can reach each other; to be called when all links have been added, and
    /// called by itself when one changes. O(links).
    pub fn find_components(&mut self) {
        // Which links there are does not change with what works.
        if self.only_links.len() != self.graph.node_count() {
            let nodes = 0..self.graph.node_count();
            let only_links: Vec<_> = nodes.map(|place| self.find_only_link(place)).collect();
            self.leads_to_leaf = vec![false; self.link_up.len()];
            for (link, _) in only_links.iter().flatten() {
                self.leads_to_leaf[link.index()] = true;
            }
            self.only_links = only_links;
        }
        let mut sets = UnionFind::<usize>::new(self.graph.node_count());
        for edge in self.graph.edge_references() {
            let (a, b) = (edge.source().index(), edge.target().index());
            let link = edge.weight().index();
            let works = |place: usize| self.node_up[place] || self.only_links[place].is_some();
            if (self.link_up[link] || self.leads_to_leaf[link]) && works(a) && works(b) {
                sets.union(a, b);
            }
        }
        self.components = sets.into_labeling().into_iter().map(|label| label as u32).collect();
    }

    /// Whether there is a way between two nodes. O(1).
    #[must_use]
    pub fn is_connected(&self, a: NodeId, b: NodeId) -> bool {
        match (self.place(a), self.place(b)) {
            (Some(a), Some(b)) => {
                let is_one =
                    || self.components.get(a).is_some_and(|own| self.components.get(b) == Some(own));
                self.node_up[a]
                    && self.node_up[b]
                    && (a == b || is_one() && self.leaf_works(a) && self.leaf_works(b))
            }
            _ => false,
        }
    }

    /// Whether `node` is part of the topology.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.place(node).is_some()
    }

    fn place(&self, node: NodeId) -> Option<usize> {
        self.places.get(node.index()).filter(|&&place| place != NO_NODE).map(|&place| place as usize)
    }

    /// The links of the topology at a node.
    pub(super) fn links_at(&self, node: NodeId) -> impl Iterator<Item = LinkId> {
        let place = self.place(node).map(NodeIndex::new);
        place.into_iter().flat_map(|place| self.graph.edges(place)).map(|edge| *edge.weight())
    }

    /// Whether a link works.
    #[must_use]
    pub fn link_is_up(&self, link: LinkId) -> bool {
        self.link_up[link.index()]
    }

    /// The delay of a link.
    #[must_use]
    pub fn latency(&self, link: LinkId) -> SimDuration {
        self.latency_of(self.latencies_ns[link.index()])
    }

    /// A link fails or works again. The next route asked for takes it into account.
    pub fn set_link(&mut self, link: LinkId, up: bool) {
        if std::mem::replace(&mut self.link_up[link.index()], up) == up {
            return;
        }
        if self.leads_to_leaf.get(link.index()) == Some(&true) {
            self.changes += 1;
            return;
        }
        if self.gathers_change() {
            return;
        }
        self.find_components();
        if up {
            self.forget_all();
        } else {
            self.forget(|tree| tree.iter().any(|entry| entry.link == link));
        }
    }

    /// Changes the delay of a link. O(1): trees are grown anew when a route is asked for.
    pub fn set_latency(&mut self, link: LinkId, latency: SimDuration) {
        let Some(cost_ns) = self.latencies_ns.get_mut(link.index()) else { return };
        let mut changed_ns = latency.as_nanos();
        if self.has_detours {
            // A link for its ends only remains one.
            changed_ns = changed_ns.min(DETOUR_NS - 1) + *cost_ns / DETOUR_NS * DETOUR_NS;
        }
        if std::mem::replace(cost_ns, changed_ns) != changed_ns {
            self.version += 1;
            self.changes += 1;
        }
    }

    /// Counts the changes of latencies, and of what works, so far: as long as it stays, so do all routes.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// From now on failures and repairs cost O(1) each, until they are [settled](Self::settle). Routes are right in
    /// between, [`is_connected`](Self::is_connected) is not.
    pub fn gather(&mut self) {
        self.gathers = true;
    }

    /// Settles what was gathered. O(links) if anything was.
    pub fn settle(&mut self) {
        self.gathers = false;
        if std::mem::take(&mut self.components_are_old) {
            self.find_components();
        }
    }

    /// Notes a failure or repair; whether it is settled later.
    fn gathers_change(&mut self) -> bool {
        self.changes += 1;
        if self.gathers {
            self.version += 1;
            self.components_are_old = true;
        }
        self.gathers
    }

    /// A node fails or works again: it forwards nothing while it is down.
    pub fn set_node(&mut self, node: NodeId, up: bool) {
        let Some(place) = self.place(node) else { return };
        if std::mem::replace(&mut self.node_up[place], up) == up {
            return;
        }
        if self.only_links.get(place).is_some_and(Option::is_some) {
            self.changes += 1;
            return;
        }
        if self.gathers_change() {
            return;
        }
        self.find_components();
        if up {
            self.forget_all();
        } else {
            self.forget(|tree| tree[place].latency_ns != UNREACHED);
        }
    }

    fn forget_all(&mut self) {
        if self.cached_entries > 0 {
            self.forget(|_| true);
        }
    }

    fn forget(&mut self, stale: impl Fn(&[Entry]) -> bool) {
        for tree in &mut self.trees {
            if tree.as_ref().is_some_and(|tree| stale(tree)) {
                *tree = None;
                self.cached_entries -= self.graph.node_count();
            }
        }
    }

    fn tree(&mut self, root: usize) -> &[Entry] {
        if self.trees[root].is_some() && self.tree_versions[root] != self.version {
            self.trees[root] = None;
            self.cached_entries -= self.graph.node_count();
        }
        if self.trees[root].is_none() {
            self.tree_versions[root] = self.version;
            if self.cached_entries + self.graph.node_count() > MOST_CACHED_ENTRIES {
                self.forget_all();
            }
            self.cached_entries += self.graph.node_count();
            self.trees[root] = Some(self.grow_tree(root));
        }
        self.trees[root].as_deref().unwrap_or(&[])
    }

    /// Dijkstra's algorithm from `root`, to leaves as if they worked.
    fn grow_tree(&self, root: usize) -> Box<[Entry]> {
        let nowhere = Entry { latency_ns: UNREACHED, link: LinkId(u32::MAX), towards: NO_NODE };
        let mut tree = vec![nowhere; self.graph.node_count()].into_boxed_slice();
        // A leaf is a root only if its neighbour is a leaf, too.
        if !self.node_up[root] && self.only_link(root).is_none() {
            return tree;
        }
        // The engine's queue serves as the priority queue: its order of ties is documented.
        let mut frontier = EventQueue::new();
        let mut handles = vec![None; self.graph.node_count()];
        tree[root].latency_ns = 0;
        frontier.push(SimTime::ZERO, Phase::default(), root);
        while let Some((latency, place)) = frontier.pop() {
            for edge in self.graph.edges(NodeIndex::new(place)) {
                let (link, next) = (*edge.weight(), edge.target().index());
                let works = self.link_up[link.index()] && self.node_up[next];
                if !works && self.only_link(next).is_none() {
                    continue;
                }
                let through = latency.as_nanos().saturating_add(self.latencies_ns[link.index()]);
                if through < tree[next].latency_ns {
                    tree[next] = Entry { latency_ns: through, link, towards: place as u32 };
                    let time = SimTime::from_nanos(through);
                    match handles[next] {
                        Some(handle) => _ = frontier.reschedule(handle, time),
                        None => handles[next] = Some(frontier.push(time, Phase::default(), next)),
                    }
                }
            }
        }
        tree
    }

    /// The link and the neighbour of a node that has one link only, such as a host at its switch. All its routes
    /// begin with that link, and go on as the neighbour's do: a tree of its own would be the neighbour's again.
    fn only_link(&self, place: usize) -> Option<(LinkId, usize)> {
        let known = self.only_links.get(place).copied();
        known.unwrap_or_else(|| self.find_only_link(place)).map(|(link, next)| (link, next as usize))
    }

    fn find_only_link(&self, place: usize) -> Option<(LinkId, u32)> {
        let mut edges = self.graph.edges(NodeIndex::new(place));
        let (edge, next) = (edges.next()?, edges.next());
        let neighbour = edge.target().index();
        (next.is_none() && neighbour != place).then(|| (*edge.weight(), neighbour as u32))
    }

    /// Whether a leaf and its link work; as to other nodes, trees and components say.
    fn leaf_works(&self, place: usize) -> bool {
        let own = self.only_link(place);
        own.is_none_or(|(link, _)| self.node_up[place] && self.link_up[link.index()])
    }

    /// The root of the tree that has the routes from a node, its own or its only neighbour's, and the latency and
    /// link that lead there; `None` if there is no way even there.
    fn root_of(&self, place: usize) -> Option<(usize, u64, Option<LinkId>)> {
        match self.only_link(place) {
            None => Some((place, 0, None)),
            Some((link, neighbour)) => {
                let up = self.node_up[place] && self.node_up[neighbour] && self.link_up[link.index()];
                up.then(|| (neighbour, self.latencies_ns[link.index()], Some(link)))
            }
        }
    }

    /// The latency from `from` to each other node is read off one tree; `None` if there is no way.
    pub fn latency_between(&mut self, from: NodeId, to: NodeId) -> Option<SimDuration> {
        let (from, to) = (self.place(from)?, self.place(to)?);
        if from == to {
            return self.node_up[from].then_some(SimDuration::ZERO);
        }
        let (root, first_ns, _) = self.root_of(from).filter(|_| self.leaf_works(to))?;
        let cost_ns = self.tree(root)[to].latency_ns.saturating_add(first_ns);
        (cost_ns != UNREACHED).then(|| self.latency_of(cost_ns))
    }

    /// Calls `visit` with the links of the route from `from` to `to`, each with the node from which it is passed,
    /// beginning at either end, and returns the route's latency; `None` if there is no way.
    pub fn route(
        &mut self,
        from: NodeId,
        to: NodeId,
        mut visit: impl FnMut(LinkId, NodeId),
    ) -> Option<SimDuration> {
        let (from_place, to_place) = (self.place(from)?, self.place(to)?);
        // Always the tree of the lower number, so that a route is the same both ways.
        let forwards = from_place <= to_place;
        let (end, leaf) = if forwards { (from_place, to_place) } else { (to_place, from_place) };
        if end == leaf {
            return self.node_up[end].then_some(SimDuration::ZERO);
        }
        let (root, first_ns, first) = self.root_of(end).filter(|_| self.leaf_works(leaf))?;
        self.tree(root);
        let tree = self.trees[root].as_deref()?;
        let latency_ns = tree[leaf].latency_ns.saturating_add(first_ns);
        if latency_ns == UNREACHED {
            return None;
        }
        let mut place = leaf;
        while place != root {
            let entry = tree[place];
            // The node that the transfer comes from on this link.
            let source = if forwards { entry.towards as usize } else { place };
            visit(entry.link, self.graph[NodeIndex::new(source)]);
            place = entry.towards as usize;
        }
        if let Some(link) = first {
            let source = if forwards { end } else { root };
            visit(link, self.graph[NodeIndex::new(source)]);
        }
        Some(self.latency_of(latency_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn routes(links: &[(u32, u32, u64)]) -> Routes {
        let mut routes = Routes::default();
        for (index, &(a, b, latency)) in links.iter().enumerate() {
            routes.add_link(
                LinkId(index as u32),
                NodeId(a),
                NodeId(b),
                SimDuration::from_nanos(latency),
            );
        }
        routes.find_components();
        routes
    }

    fn latency(routes: &mut Routes, from: u32, to: u32) -> Option<u64> {
        let mut links = Vec::new();
        let latency = routes.route(NodeId(from), NodeId(to), |link, _| links.push(link));
        let sum: u64 = links.iter().map(|&link| routes.latency(link).as_nanos()).sum();
        assert!(latency.is_none_or(|latency| latency.as_nanos() == sum));
        assert_eq!(routes.latency_between(NodeId(from), NodeId(to)), latency);
        latency.map(SimDuration::as_nanos)
    }

    #[test]
    fn a_route_is_right_at_once_after_a_failure() {
        // A square with a slow side: 0-1-2 costs 2, 0-3-2 costs 11.
        let mut routes = routes(&[(0, 1, 1), (1, 2, 1), (2, 3, 10), (3, 0, 1)]);
        assert_eq!(latency(&mut routes, 0, 2), Some(2));
        routes.set_link(LinkId(0), false);
        assert_eq!(latency(&mut routes, 0, 2), Some(11));
        routes.set_node(NodeId(3), false);
        assert_eq!(latency(&mut routes, 0, 2), None);
        routes.set_link(LinkId(0), true);
        assert_eq!(latency(&mut routes, 0, 2), Some(2));
        routes.set_node(NodeId(3), true);
        assert_eq!(latency(&mut routes, 3, 1), Some(2));
        assert_eq!(latency(&mut routes, 0, 0), Some(0));
        assert!(!routes.contains(NodeId(9)));
    }

    #[test]
    fn a_link_for_its_ends_only_is_avoided_but_for_them() {
        // A triangle whose short sides meet in 2, and 3 behind that.
        let mut routes = routes(&[(0, 1, 10), (1, 2, 1), (2, 0, 1), (2, 3, 1)]);
        for link in [1, 2] {
            routes.avoid_link(LinkId(link));
        }
        let ways = [(0, 1, 10), (0, 2, 1), (1, 2, 1), (0, 3, 2)];
        for (from, to, ns) in ways {
            assert_eq!(latency(&mut routes, from, to), Some(ns), "{from} to {to}");
        }
    }

    #[test]
    fn a_way_longer_than_time_is_none() {
        let mut routes = routes(&[(0, 1, u64::MAX / 2), (1, 2, u64::MAX / 2), (2, 3, 2)]);
        assert_eq!(latency(&mut routes, 0, 2), Some(u64::MAX - 1));
        assert_eq!(latency(&mut routes, 0, 3), None);
    }

    #[test]
    fn a_route_names_the_side_it_enters_each_link_from() {
        let mut routes = routes(&[(0, 1, 1), (2, 1, 1)]);
        let mut sources = Vec::new();
        routes.route(NodeId(0), NodeId(2), |link, source| sources.push((link.0, source.0)));
        sources.sort_unstable();
        assert_eq!(sources, [(0, 0), (1, 1)]);
        sources.clear();
        routes.route(NodeId(2), NodeId(0), |link, source| sources.push((link.0, source.0)));
        sources.sort_unstable();
        assert_eq!(sources, [(0, 1), (1, 2)]);
    }

    #[test]
    fn the_failure_of_a_leaf_forgets_nothing() {
        // Leaves 3, 4 and 5 around a triangle; 6 and 7 have only each other.
        let links = [(0, 1, 1), (1, 2, 1), (2, 0, 5), (0, 3, 1), (1, 4, 1), (2, 5, 1), (6, 7, 3)];
        let mut routes = routes(&links);
        let all = |routes: &mut Routes| {
            let pairs = (0..8).flat_map(|from| (0..8).map(move |to| (from, to)));
            let pairs: Vec<_> = pairs.map(|(from, to)| latency(routes, from, to)).collect();
            (pairs, (0..8).map(|to| routes.is_connected(NodeId(4), NodeId(to))).collect::<Vec<_>>())
        };
        let before = all(&mut routes);
        let cached = routes.cached_entries;
        assert_eq!(latency(&mut routes, 3, 5), Some(4));
        routes.set_node(NodeId(3), false);
        routes.set_link(LinkId(5), false);
        assert_eq!(
            [(3, 4), (4, 5), (3, 3), (5, 5)].map(|(a, b)| latency(&mut routes, a, b)),
            [None, None, None, Some(0)]
        );
        assert_eq!(latency(&mut routes, 4, 2), Some(2));
        assert!(!routes.is_connected(NodeId(4), NodeId(5)) && routes.is_connected(NodeId(4), NodeId(2)));
        // Each end of a pair, and their link.
        assert_eq!(latency(&mut routes, 6, 7), Some(3));
        for broken in [Some(6), Some(7), None] {
            let changes = routes.changes();
            match broken {
                Some(node) => routes.set_node(NodeId(node), false),
                None => routes.set_link(LinkId(6), false),
            }
            assert_eq!(routes.changes(), changes + 1);
            assert_eq!([latency(&mut routes, 6, 7), latency(&mut routes, 7, 6)], [None, None]);
            assert!(!routes.is_connected(NodeId(6), NodeId(7)));
            match broken {
                Some(node) => routes.set_node(NodeId(node), true),
                None => routes.set_link(LinkId(6), true),
            }
            assert_eq!(latency(&mut routes, 7, 6), Some(3));
        }
        routes.set_node(NodeId(3), true);
        routes.set_link(LinkId(5), true);
        assert_eq!(routes.cached_entries, cached);
        assert_eq!(all(&mut routes), before);
        // What others' ways pass is not a leaf.
        routes.set_node(NodeId(1), false);
        assert!(routes.cached_entries < cached);
        assert_eq!([latency(&mut routes, 3, 5), latency(&mut routes, 3, 4)], [Some(7), None]);
    }

    proptest! {
        /// Against Floyd and Warshall, with failures in between.
        #[test]
        fn routes_are_shortest(
            // Few of them leave many leaves, and pairs that have only each other.
            links in prop::collection::vec((0..8u32, 0..8u32, 1..100u64), 1..24),
            failures in prop::collection::vec((any::<bool>(), 0..24usize, any::<bool>()), 0..24),
        ) {
            let links: Vec<_> = links.into_iter().filter(|link| link.0 != link.1).collect();
            let mut routes = routes(&links);
            let (mut up, mut node_up) = (vec![true; links.len()], [true; 8]);
            for (is_node, which, works) in failures.into_iter().chain([(false, 0, true)]) {
                if is_node {
                    node_up[which % 8] = works;
                    routes.set_node(NodeId(which as u32 % 8), works);
                } else if let Some(state) = up.get_mut(which) {
                    *state = works;
                    routes.set_link(LinkId(which as u32), works);
                }
                let mut best = [[u64::MAX / 4; 8]; 8];
                for (index, row) in best.iter_mut().enumerate().filter(|(index, _)| node_up[*index]) {
                    row[index] = 0;
                }
                for (&(a, b, cost), _) in links.iter().zip(&up).filter(|(_, up)| **up) {
                    let (a, b) = (a as usize, b as usize);
                    if node_up[a] && node_up[b] {
                        best[a][b] = best[a][b].min(cost);
                        best[b][a] = best[b][a].min(cost);
                    }
                }
                for through in 0..8 { for from in 0..8 { for to in 0..8 {
                    best[from][to] = best[from][to].min(best[from][through] + best[through][to]);
                }}}
                for from in 0..8u32 { for to in 0..8u32 {
                    if routes.contains(NodeId(from)) && routes.contains(NodeId(to)) {
                        let expected = best[from as usize][to as usize];
                        let expected = (expected < u64::MAX / 4).then_some(expected);
                        prop_assert_eq!(latency(&mut routes, from, to), expected);
                        prop_assert_eq!(routes.is_connected(NodeId(from), NodeId(to)), expected.is_some());
                    }
                }}
            }
        }
    }
}
