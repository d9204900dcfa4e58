//! What strategies that look at links share: which nodes are near enough to what is placed, which replica comes next, and
//! what a placement costs.

use super::PlacementView;
use crate::infra::NodeId;
use crate::infra::applications::{InteractionNeeds, ReplicaIndex};
use crate::infra::assets::{Algebra, AssetId};

/// Latencies are whole nanoseconds; sums of them in seconds may be off by less than this.
const ROUNDING_S: f64 = 1e-10;

/// Where a unit of replicas can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) node: NodeId,
    /// Latencies to the placed neighbours as shares of those allowed, together: at least so much, as ways with the
    /// bandwidth may be longer.
    pub(super) share: f64,
}

/// What is known of nodes and needs while an application is placed. Its memory is used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Near {
    /// By node.
    is_candidate: Vec<bool>,
    /// Candidates that are reached by radio: where from, and seconds.
    wireless: Vec<(NodeId, NodeId, f64)>,
    generation: u32,
    /// By node: the search that reached it last, and its latency then.
    reached: Vec<(u32, f64)>,
    /// Candidates within reach, the nearest first.
    within: Vec<NodeId>,
    /// What the open replicas need of additive assets together.
    totals: Vec<(AssetId, f64)>,
    /// By interaction, how demanding it is: 1 for the least latency, and 1 for the most bandwidth.
    weights: Vec<f64>,
    /// By replica, the sum of its parts of the totals.
    sizes: Vec<f64>,
    choices: Vec<Choice>,
}

/// A latency as a share of that allowed; 0 if any is.
pub(super) fn share_of(latency_s: f64, needs: &InteractionNeeds) -> f64 {
    if needs.latency_s.is_finite() && needs.latency_s > 0.0 { latency_s / needs.latency_s } else { 0.0 }
}

/// Latencies of the ways of a replica as shares of those allowed, together.
pub(super) fn shares_of(view: &PlacementView<'_>, replica: ReplicaIndex) -> f64 {
    let own = view.interactions_of(replica);
    own.filter_map(|own| Some(share_of(view.latency_s(own.index)?, own.needs))).sum()
}

/// Cores that a replica needs.
pub(super) fn cores_of(view: &PlacementView<'_>, replica: ReplicaIndex) -> f64 {
    let amounts = &view.needs().replicas[replica.index()].amounts;
    amounts.iter().filter(|own| own.0 == AssetId::CORES).map(|own| own.1).sum()
}

/// Watts more that a node draws if these replicas keep all of their cores busy, beside the open ones that are tried there.
pub(super) fn added_power_w(view: &PlacementView<'_>, replicas: &[ReplicaIndex], node: NodeId) -> f64 {
    let there = |open: &&ReplicaIndex| view.node_of(**open) == Some(node) && !replicas.contains(open);
    let before: f64 = view.open().iter().filter(there).map(|&open| cores_of(view, open)).sum();
    let more: f64 = replicas.iter().map(|&replica| cores_of(view, replica)).sum();
    view.power_w(node, before + more) - view.power_w(node, before)
}

/// Number of these replicas that were elsewhere before.
pub(super) fn moves(view: &PlacementView<'_>, replicas: &[ReplicaIndex], node: NodeId) -> f64 {
    let moves = |own: &&ReplicaIndex| view.previous(**own).is_some_and(|before| before != node);
    replicas.iter().filter(moves).count() as f64
}

impl Near {
    /// Looks at the candidates and needs of a view; to be called first.
    pub(super) fn prepare(&mut self, view: &PlacementView<'_>) {
        let nodes = view.infrastructure().nodes().len();
        self.is_candidate.clear();
        self.is_candidate.resize(nodes, false);
        self.reached.resize(nodes, (0, 0.0));
        self.wireless.clear();
        for &node in view.candidates() {
            self.is_candidate[node.index()] = true;
            if let Some((site, radio_s)) = view.infrastructure().radio_entry(node) {
                self.wireless.push((node, site, radio_s));
            }
        }
        let needs = view.needs();
        self.totals.clear();
        let catalogue = view.infrastructure().assets();
        let catalogue = catalogue.catalogue();
        for open in view.open() {
            for &(asset, amount) in &needs.replicas[open.index()].amounts {
                match self.totals.iter_mut().find(|own| own.0 == asset) {
                    Some(own) => own.1 += amount,
                    None if catalogue.get(asset).is_some_and(|own| own.algebra == Algebra::Additive) => {
                        self.totals.push((asset, amount));
                    }
                    None => {}
                }
            }
        }
        self.totals.retain(|own| own.1 > 0.0);
        let least_s = needs.interactions.iter().map(|own| own.latency_s).fold(f64::INFINITY, f64::min);
        let most_bps = needs.interactions.iter().map(|own| own.bandwidth_bps).fold(0.0, f64::max);
        self.weights.clear();
        self.weights.extend(needs.interactions.iter().map(|own| {
            let tight = if own.latency_s.is_finite() { least_s / own.latency_s.max(1e-9) } else { 0.0 };
            let wide = if most_bps > 0.0 { own.bandwidth_bps / most_bps } else { 0.0 };
            tight + wide
        }));
        self.sizes.clear();
        for replica in &needs.replicas {
            let part = |(asset, amount): &(AssetId, f64)| {
                let total = self.totals.iter().find(|own| own.0 == *asset);
                total.map_or(0.0, |own| amount / own.1)
            };
            self.sizes.push(replica.amounts.iter().map(part).sum());
        }
    }

    /// How demanding an interaction is.
    pub(super) fn weight(&self, interaction: usize) -> f64 {
        self.weights[interaction]
    }

    /// How often what is left of a node meets what the open replicas need together.
    pub(super) fn room(&self, view: &PlacementView<'_>, node: NodeId) -> f64 {
        let of = |own: &(AssetId, f64)| view.residual(node, own.0) / own.1;
        self.totals.iter().map(of).fold(f64::INFINITY, f64::min)
    }

    /// How constrained a unit is, for an order: how demanding its interactions with what is placed are, then all of its
    /// interactions with others, then its size.
    pub(super) fn rank(&self, view: &PlacementView<'_>, unit: &[ReplicaIndex]) -> [f64; 3] {
        let (mut placed, mut all) = (0.0, 0.0);
        for &replica in unit {
            for own in view.interactions_of(replica).filter(|own| !unit.contains(&own.other)) {
                let weight = self.weights[own.index.index()];
                all += weight;
                if view.node_of(own.other).is_some() {
                    placed += weight;
                }
            }
        }
        [placed, all, unit.iter().map(|own| self.sizes[own.index()]).sum()]
    }

    /// Finds the candidates within a latency of a node; [`latency_within`](Self::latency_within) knows them then.
    pub(super) fn reach(&mut self, view: &mut PlacementView<'_>, from: NodeId, limit_s: f64) {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.reached.fill((0, 0.0));
            self.generation = 1;
        }
        self.within.clear();
        let own = self.generation;
        for (node, latency_s) in view.distances(from, limit_s) {
            self.reached[node.index()] = (own, latency_s);
            if self.is_candidate[node.index()] {
                self.within.push(node);
            }
        }
        for &(node, site, radio_s) in &self.wireless {
            let (generation, to_site_s) = self.reached[site.index()];
            if generation == own && to_site_s + radio_s <= limit_s + ROUNDING_S && node != site {
                self.reached[node.index()] = (own, to_site_s + radio_s);
                self.within.push(node);
            }
        }
        // A node is at itself, however it is attached.
        if self.reached[from.index()] != (own, 0.0) {
            self.within.retain(|&node| node != from);
            if self.is_candidate[from.index()] {
                self.within.insert(0, from);
            }
            self.reached[from.index()] = (own, 0.0);
        }
    }

    /// Seconds to a node from where was searched last; `None` if it is farther than that search went, or than a limit.
    pub(super) fn latency_within(&self, node: NodeId, limit_s: f64) -> Option<f64> {
        let (generation, latency_s) = self.reached[node.index()];
        (generation == self.generation && latency_s <= limit_s + ROUNDING_S).then_some(latency_s)
    }

    /// The candidate that is so many places behind the nearest one to a node, that node included; `None` if there are
    /// fewer.
    pub(super) fn nth_nearest(
        &self,
        view: &mut PlacementView<'_>,
        from: NodeId,
        nth: usize,
    ) -> Option<NodeId> {
        let near = view.distances(from, f64::INFINITY).map(|(node, _)| node);
        near.filter(|node| self.is_candidate[node.index()]).nth(nth)
    }

    /// The candidates on which each replica of a unit finds what it needs, alone, and that are near enough to all placed
    /// neighbours; whether there are such neighbours.
    pub(super) fn choices(
        &mut self,
        view: &mut PlacementView<'_>,
        unit: &[ReplicaIndex],
    ) -> (Vec<Choice>, bool) {
        // For each node with neighbours: the least latency, and what a second costs.
        let mut anchors: Vec<(NodeId, f64, f64)> = Vec::new();
        for own in unit.iter().flat_map(|&replica| view.interactions_of(replica)) {
            let Some(node) = view.node_of(own.other).filter(|_| !unit.contains(&own.other)) else {
                continue;
            };
            let per_second = share_of(1.0, own.needs);
            match anchors.iter_mut().find(|anchor| anchor.0 == node) {
                Some(anchor) => {
                    anchor.1 = anchor.1.min(own.needs.latency_s);
                    anchor.2 += per_second;
                }
                None => anchors.push((node, own.needs.latency_s, per_second)),
            }
        }
        anchors.sort_by(|one, other| one.1.total_cmp(&other.1).then(one.0.cmp(&other.0)));
        let mut choices = std::mem::take(&mut self.choices);
        choices.clear();
        if anchors.is_empty() {
            choices.extend(view.candidates().iter().map(|&node| Choice { node, share: 0.0 }));
        }
        for (index, &(from, limit_s, per_second)) in anchors.iter().enumerate() {
            self.reach(view, from, limit_s);
            if index == 0 {
                choices.extend(self.within.iter().map(|&node| Choice { node, share: 0.0 }));
            }
            choices.retain_mut(|own| match self.latency_within(own.node, limit_s) {
                Some(latency_s) => {
                    own.share += per_second * latency_s;
                    true
                }
                None => false,
            });
        }
        choices.retain(|own| unit.iter().all(|&replica| view.fits(replica, own.node).is_ok()));
        (choices, !anchors.is_empty())
    }

    /// Takes a list back, to use its memory again.
    pub(super) fn give_back(&mut self, choices: Vec<Choice>) {
        self.choices = choices;
    }
}
