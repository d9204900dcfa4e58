//! Backtracking with forward checking: finds a placement if there is one, given time.

use super::greedy::{check_stickiness, nowhere};
use super::near::{Near, moves, share_of};
use super::{PlacementView, ServicePlacementDecision, ServicePlacementPolicy, Tentative};
use crate::infra::NodeId;
use crate::infra::applications::{ReplicaIndex, Violation};
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Tries placements in depth. The replica with the fewest nodes left comes next (fail first), and goes to the nodes of
/// least latency first. Whenever one is placed, nodes that are too far from it, or have too little left, are struck off
/// for the others (forward checking: R. M. Haralick and G. L. Elliott, *Artificial Intelligence* 14, 1980); when a
/// replica has none left, it goes back. So it finds a placement whenever there is one with ways of least latency in the
/// order in which it books them, unless it has tried as many nodes as it may.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Backtracking {
    /// How many nodes are tried at most, for all replicas together.
    #[schemars(range(min = 1))]
    pub limit: u64,
    /// Another node than the one before must save more than this, in latencies as shares of those allowed.
    #[schemars(range(min = 0.0))]
    pub stickiness: f64,
    #[serde(skip)]
    pub(super) near: Near,
}

impl Default for Backtracking {
    fn default() -> Self {
        Backtracking { limit: 20_000, stickiness: 0.5, near: Near::default() }
    }
}

/// A node that a replica may still go to, with what its latencies to placed neighbours cost.
type Domain = Vec<(NodeId, f64)>;

/// A replica that is placed for trial.
struct Level {
    /// Its position among the open ones.
    position: usize,
    /// The nodes that have not been tried; the next one is the last.
    nodes: Vec<NodeId>,
    /// What was before it was placed.
    start: Tentative,
    /// Nodes of others before it was placed.
    kept: Vec<(usize, Domain)>,
}

/// The search.
struct Search<'p, 'v, 'a> {
    near: &'p mut Near,
    view: &'p mut PlacementView<'v>,
    open: &'a [ReplicaIndex],
    /// For each open replica, by its position.
    domains: Vec<Domain>,
    is_placed: Vec<bool>,
    left: u64,
    stickiness: f64,
    /// The fault with the most replicas placed.
    deepest: Option<(usize, Violation)>,
}

impl Search<'_, '_, '_> {
    fn note(&mut self, depth: usize, fault: Violation) {
        if self.deepest.is_none_or(|(deep, _)| depth > deep) {
            self.deepest = Some((depth, fault));
        }
    }

    /// Strikes off nodes after a replica was placed, and returns what was there before; `Err` with the replica that has no
    /// node left.
    fn check_forward(
        &mut self,
        replica: ReplicaIndex,
        node: NodeId,
        kept: &mut Vec<(usize, Domain)>,
    ) -> Result<(), ReplicaIndex> {
        let with = |own: &Self, position: usize| {
            let other = own.open[position];
            let interactions = own.view.interactions_of(replica);
            interactions.filter(move |own| own.other == other).map(|own| *own.needs)
        };
        let limit_s =
            |own: &Self, position| with(own, position).map(|own| own.latency_s).reduce(f64::min);
        let free = (0..self.open.len()).filter(|&position| !self.is_placed[position]);
        let free: Vec<usize> = free.collect();
        let widest_s = free.iter().filter_map(|&own| limit_s(self, own)).reduce(f64::max);
        if let Some(widest_s) = widest_s {
            self.near.reach(self.view, node, widest_s);
        }
        for position in free {
            let other = self.open[position];
            let own_limit_s = limit_s(self, position);
            let per_second: f64 = with(self, position).map(|own| share_of(1.0, &own)).sum();
            let mut domain = std::mem::take(&mut self.domains[position]);
            let before = own_limit_s.is_some().then(|| domain.clone());
            let mut taken = None;
            domain.retain_mut(|own| {
                if own.0 == node && self.view.fits(other, node).is_err() {
                    taken = Some(*own);
                    return false;
                }
                let Some(limit_s) = own_limit_s else { return true };
                match self.near.latency_within(own.0, limit_s) {
                    Some(latency_s) => {
                        own.1 += per_second * latency_s;
                        true
                    }
                    None => false,
                }
            });
            match (before, taken) {
                (Some(before), _) => kept.push((position, before)),
                (None, Some(taken)) => {
                    let mut before = domain.clone();
                    before.push(taken);
                    kept.push((position, before));
                }
                (None, None) => {}
            }
            self.domains[position] = domain;
            if self.domains[position].is_empty() {
                return Err(other);
            }
        }
        Ok(())
    }

    /// The replica that comes next, with its nodes, the last one being the best; `None` if all are placed.
    fn next(&mut self) -> Option<Level> {
        let free = (0..self.open.len()).filter(|&position| !self.is_placed[position]);
        let position = free.min_by(|&one, &other| {
            let count = |position: usize| self.domains[position].len();
            let rank = |position: usize| self.near.rank(self.view, &[self.open[position]]);
            let ranks = || rank(other).partial_cmp(&rank(one)).unwrap_or(Ordering::Equal);
            count(one).cmp(&count(other)).then_with(ranks)
        })?;
        let replica = self.open[position];
        let previous = self.view.previous(replica);
        let mut nodes: Vec<(f64, bool, f64, NodeId)> = self.domains[position]
            .iter()
            .map(|&(node, share)| {
                let moved = moves(self.view, &[replica], node) * self.stickiness;
                (share + moved, previous != Some(node), -self.near.room(self.view, node), node)
            })
            .collect();
        nodes.sort_unstable_by(|one, other| {
            let costs = other.0.total_cmp(&one.0).then(other.1.cmp(&one.1));
            costs.then(other.2.total_cmp(&one.2)).then(other.3.cmp(&one.3))
        });
        let nodes = nodes.into_iter().map(|own| own.3).collect();
        self.is_placed[position] = true;
        Some(Level { position, nodes, start: self.view.checkpoint(), kept: Vec::new() })
    }

    /// Tries a node for a replica; whether all others still have nodes.
    fn try_node(&mut self, level: &mut Level, node: NodeId, depth: usize) -> bool {
        let replica = self.open[level.position];
        if let Err(fault) = self.view.assign(replica, node) {
            self.note(depth, fault);
            return false;
        }
        let Err(stuck) = self.check_forward(replica, node, &mut level.kept) else { return true };
        if self.deepest.is_none_or(|(deep, _)| depth + 1 > deep) {
            let fault = nowhere(self.view, &[stuck]);
            self.note(depth + 1, fault);
        }
        false
    }

    /// Places all; whether it could.
    fn run(&mut self) -> bool {
        let mut levels: Vec<Level> = Vec::new();
        let Some(first) = self.next() else { return true };
        levels.push(first);
        loop {
            let Some(mut level) = levels.pop() else { return false };
            let depth = levels.len();
            // What was tried here before has failed.
            for (position, domain) in level.kept.drain(..) {
                self.domains[position] = domain;
            }
            self.view.rollback(level.start);
            let node = if self.left > 0 { level.nodes.pop() } else { None };
            let Some(node) = node else {
                self.is_placed[level.position] = false;
                continue;
            };
            self.left -= 1;
            let goes_on = self.try_node(&mut level, node, depth);
            levels.push(level);
            if goes_on {
                match self.next() {
                    Some(level) => levels.push(level),
                    None => return true,
                }
            }
        }
    }
}

/// Places the open replicas, trying at most `limit` nodes.
///
/// # Errors
/// The requirement on which the search failed that came furthest.
pub(super) fn search(
    view: &mut PlacementView<'_>,
    near: &mut Near,
    limit: u64,
    stickiness: f64,
) -> Result<(), Violation> {
    let open = view.open();
    let mut domains = Vec::with_capacity(open.len());
    for &replica in open {
        let (choices, _) = near.choices(view, &[replica]);
        let domain: Domain = choices.iter().map(|own| (own.node, own.share)).collect();
        near.give_back(choices);
        if domain.is_empty() {
            return Err(nowhere(view, &[replica]));
        }
        domains.push(domain);
    }
    let is_placed = vec![false; open.len()];
    let mut search =
        Search { near, view, open, domains, is_placed, left: limit, stickiness, deepest: None };
    if search.run() {
        return Ok(());
    }
    let deepest = search.deepest.map(|(_, fault)| fault);
    Err(deepest.unwrap_or_else(|| nowhere(view, open)))
}

impl ServicePlacementPolicy for Backtracking {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        self.near.prepare(view);
        match search(view, &mut self.near, self.limit, self.stickiness) {
            Ok(()) => view.decided(),
            Err(fault) => ServicePlacementDecision::Reject(fault),
        }
    }

    fn check(&self) -> Result<(), ParameterError> {
        if self.limit == 0 {
            return Err(ParameterError::new("at least 1 node must be tried").at("limit"));
        }
        check_stickiness(self.stickiness)
    }
}
