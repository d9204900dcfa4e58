//! Search by small changes: local search, and simulated annealing.

use super::greedy::{Effort, check_stickiness, check_weight, construct, latency_cost, nowhere, singles};
use super::near::{Near, cores_of, moves, share_of};
use super::{PlacementView, ServicePlacementDecision, ServicePlacementPolicy};
use crate::infra::NodeId;
use crate::infra::applications::{InteractionIndex, ReplicaIndex, ViolationKind};
use crate::placement::ParameterError;
use rand::RngExt;
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a search starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchStart {
    /// What `greedy_latency` finds, as far as it comes.
    #[default]
    Greedy,
    /// Each replica on a node drawn at random, if there is room and there are ways.
    Random,
}

/// What a placement costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SearchWeights {
    /// Of latencies of interactions, as shares of those allowed.
    #[schemars(range(min = 0.0))]
    pub latency: f64,
    /// Of each Gbit/s that interactions book on a link.
    #[schemars(range(min = 0.0))]
    pub bandwidth: f64,
    /// Of each watt by which the power of a node rises if a replica keeps its cores busy.
    #[schemars(range(min = 0.0))]
    pub energy: f64,
}

impl Default for SearchWeights {
    fn default() -> Self {
        SearchWeights { latency: 1.0, bandwidth: 0.0, energy: 0.0 }
    }
}

impl SearchWeights {
    fn check(&self) -> Result<(), ParameterError> {
        check_weight("latency", self.latency)?;
        check_weight("bandwidth", self.bandwidth)?;
        check_weight("energy", self.energy)
    }
}

/// How much a replica without a node costs for annealing.
const UNPLACED: f64 = 100.0;

/// How many replicas a move may push off their nodes.
const PUSHES: usize = 3;

/// So near to a neighbour is sought: the number of nodes.
const NEAREST: usize = 16;

/// How a replica or interaction was before a move.
#[derive(Clone, Copy, Debug)]
enum Before {
    Replica(ReplicaIndex, f64, bool),
    Interaction(InteractionIndex, f64),
}

/// A placement, perhaps of some replicas only, and what it costs.
struct Trial<'p, 'v> {
    view: &'p mut PlacementView<'v>,
    near: &'p mut Near,
    weights: SearchWeights,
    stickiness: f64,
    /// By replica, and whether it is counted as unplaced.
    of_replicas: Vec<(f64, bool)>,
    of_interactions: Vec<f64>,
    unplaced: usize,
    cost: f64,
    changes: Vec<Before>,
}

impl<'p, 'v> Trial<'p, 'v> {
    fn new(
        view: &'p mut PlacementView<'v>,
        near: &'p mut Near,
        weights: SearchWeights,
        stickiness: f64,
    ) -> Self {
        let needs = view.needs();
        let mut trial = Trial {
            of_replicas: vec![(0.0, false); needs.replicas.len()],
            of_interactions: vec![0.0; needs.interactions.len()],
            view,
            near,
            weights,
            stickiness,
            unplaced: 0,
            cost: 0.0,
            changes: Vec::new(),
        };
        for &replica in trial.view.open() {
            trial.count(replica);
        }
        trial.changes.clear();
        trial
    }

    /// Counts what a replica and its interactions cost now.
    fn count(&mut self, replica: ReplicaIndex) {
        let node = self.view.node_of(replica);
        let own = node.map_or(0.0, |node| {
            let watts = if self.weights.energy > 0.0 {
                self.view.power_w(node, cores_of(self.view, replica)) - self.view.power_w(node, 0.0)
            } else {
                0.0
            };
            self.stickiness * moves(self.view, &[replica], node) + self.weights.energy * watts
        });
        let (before, was_unplaced) = self.of_replicas[replica.index()];
        self.changes.push(Before::Replica(replica, before, was_unplaced));
        self.of_replicas[replica.index()] = (own, node.is_none());
        self.unplaced = self.unplaced + usize::from(node.is_none()) - usize::from(was_unplaced);
        self.cost += own - before;
        for own in self.view.interactions_of(replica) {
            let latency_s = self.view.latency_s(own.index).unwrap_or(0.0);
            let booked_gbps = own.needs.bandwidth_bps / 1e9 * self.view.hops(own.index) as f64;
            let cost = self.weights.latency * share_of(latency_s, own.needs)
                + self.weights.bandwidth * booked_gbps;
            let place = &mut self.of_interactions[own.index.index()];
            self.changes.push(Before::Interaction(own.index, *place));
            self.cost += cost - *place;
            *place = cost;
        }
    }

    /// Moves a replica to a node, and pushes others off that are in its way; whether it could.
    fn try_move(&mut self, replica: ReplicaIndex, node: NodeId) -> bool {
        let mut pushed = Vec::new();
        while let Err(fault) = self.view.assign(replica, node) {
            let open = self.view.open();
            let in_the_way = match fault.interaction {
                Some(index) => {
                    let needs = &self.view.needs().interactions[index.index()];
                    let other = if needs.from == replica { needs.to } else { needs.from };
                    open.contains(&other).then_some(other)
                }
                None if fault.kind == ViolationKind::Asset => {
                    let there =
                        |own: &&ReplicaIndex| **own != replica && self.view.node_of(**own) == Some(node);
                    let there: Vec<ReplicaIndex> = open.iter().filter(there).copied().collect();
                    if there.is_empty() {
                        None
                    } else {
                        let index = self.view.random().random_range(0..there.len());
                        Some(there[index])
                    }
                }
                None => None,
            };
            let Some(other) = in_the_way.filter(|_| pushed.len() < PUSHES) else { return false };
            self.view.unassign(other);
            pushed.push(other);
        }
        self.count(replica);
        for other in pushed {
            self.count(other);
        }
        true
    }

    /// A replica and another node for it.
    fn propose(&mut self) -> Option<(ReplicaIndex, NodeId)> {
        let open = self.view.open();
        let random = |view: &mut PlacementView<'_>, count: usize| view.random().random_range(0..count);
        let mut replica = open[random(self.view, open.len())];
        if self.unplaced > 0 && random(self.view, 2) == 0 {
            let unplaced = open.iter().filter(|own| self.of_replicas[own.index()].1);
            let unplaced: Vec<ReplicaIndex> = unplaced.copied().collect();
            replica = unplaced[random(self.view, unplaced.len())];
        }
        let others = self.view.interactions_of(replica).filter_map(|own| self.view.node_of(own.other));
        let others: Vec<NodeId> = others.collect();
        let candidates = self.view.candidates();
        let node = match random(self.view, 3) {
            0 if !others.is_empty() => others[random(self.view, others.len())],
            1 if !others.is_empty() => {
                let from = others[random(self.view, others.len())];
                let nth = random(self.view, NEAREST);
                self.near.nth_nearest(self.view, from, nth)?
            }
            _ => candidates[random(self.view, candidates.len())],
        };
        (self.view.node_of(replica) != Some(node)).then_some((replica, node))
    }

    /// Changes things so often, as `accepts` allows: it is given the change in unplaced replicas and in cost.
    fn change(&mut self, mut accepts: impl FnMut(&mut Self, i64, f64) -> bool) {
        let start = self.view.checkpoint();
        let (unplaced, cost) = (self.unplaced, self.cost);
        self.changes.clear();
        let Some((replica, node)) = self.propose() else { return };
        let is_moved = self.try_move(replica, node);
        let more = self.unplaced as i64 - unplaced as i64;
        let dearer = self.cost - cost;
        if is_moved && accepts(self, more, dearer) {
            return;
        }
        self.view.rollback(start);
        while let Some(change) = self.changes.pop() {
            match change {
                Before::Replica(replica, cost, is_unplaced) => {
                    self.of_replicas[replica.index()] = (cost, is_unplaced);
                }
                Before::Interaction(index, cost) => self.of_interactions[index.index()] = cost,
            }
        }
        (self.unplaced, self.cost) = (unplaced, cost);
    }

    fn decision(self) -> ServicePlacementDecision {
        let absent = self.view.open().iter().find(|&&own| self.view.node_of(own).is_none());
        match absent {
            None => self.view.decided(),
            Some(&absent) => ServicePlacementDecision::Reject(nowhere(self.view, &[absent])),
        }
    }
}

fn begin(view: &mut PlacementView<'_>, near: &mut Near, start: SearchStart) {
    near.prepare(view);
    match start {
        // As far as it came it is left as it is.
        SearchStart::Greedy => {
            _ = construct(view, near, &singles(view), Effort::DEFAULT, &latency_cost);
        }
        SearchStart::Random => {
            let mut order = view.open().to_vec();
            order.shuffle(view.random());
            let nodes = view.candidates();
            for replica in order {
                for _ in 0..NEAREST {
                    let node = nodes[view.random().random_range(0..nodes.len())];
                    if view.assign(replica, node).is_ok() {
                        break;
                    }
                }
            }
        }
    }
}

/// Improves a placement step by step: a replica drawn at random is moved to the node of one that it interacts with, near
/// one, or to any; those in its way are pushed off. What is not worse is kept: fewer replicas without a node, or as many
/// and no more cost.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalSearch {
    /// Number of changes that are tried.
    #[schemars(range(max = 100_000_000))]
    pub iterations: u32,
    /// What it starts from.
    pub start: SearchStart,
    /// What a placement costs.
    pub weights: SearchWeights,
    /// What each replica on another node than before costs.
    #[schemars(range(min = 0.0))]
    pub stickiness: f64,
    #[serde(skip)]
    pub(super) near: Near,
}

impl Default for LocalSearch {
    fn default() -> Self {
        LocalSearch {
            iterations: 500,
            start: SearchStart::default(),
            weights: SearchWeights::default(),
            stickiness: 0.5,
            near: Near::default(),
        }
    }
}

impl ServicePlacementPolicy for LocalSearch {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        if view.open().is_empty() || view.candidates().is_empty() {
            return no_choice(view);
        }
        begin(view, &mut self.near, self.start);
        let mut trial = Trial::new(view, &mut self.near, self.weights, self.stickiness);
        for _ in 0..self.iterations {
            trial.change(|_, more, dearer| more < 0 || more == 0 && dearer <= 0.0);
        }
        trial.decision()
    }

    fn check(&self) -> Result<(), ParameterError> {
        self.weights.check().map_err(|error| error.at("weights"))?;
        check_stickiness(self.stickiness)
    }
}

/// Simulated annealing: changes as those of `local_search`, of which one that costs more by Δ is kept with probability
/// exp(-Δ / T). A replica without a node costs 100. The temperature T falls by a factor at each change; the best placement
/// that was seen is taken (Kirkpatrick, Gelatt and Vecchi, *Science* 220, 1983).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SimulatedAnnealing {
    /// Number of changes that are tried.
    #[schemars(range(max = 100_000_000))]
    pub iterations: u32,
    /// The temperature at first, in the unit of the cost.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub temperature: f64,
    /// What the temperature is multiplied with after each change, above 0 and at most 1.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub cooling: f64,
    /// What it starts from.
    pub start: SearchStart,
    /// What a placement costs.
    pub weights: SearchWeights,
    /// What each replica on another node than before costs.
    #[schemars(range(min = 0.0))]
    pub stickiness: f64,
    #[serde(skip)]
    pub(super) near: Near,
}

impl Default for SimulatedAnnealing {
    fn default() -> Self {
        SimulatedAnnealing {
            iterations: 1000,
            temperature: 20.0,
            cooling: 0.99,
            start: SearchStart::default(),
            weights: SearchWeights::default(),
            stickiness: 0.5,
            near: Near::default(),
        }
    }
}

impl ServicePlacementPolicy for SimulatedAnnealing {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        if view.open().is_empty() || view.candidates().is_empty() {
            return no_choice(view);
        }
        begin(view, &mut self.near, self.start);
        let mut trial = Trial::new(view, &mut self.near, self.weights, self.stickiness);
        let mut best = (trial.unplaced, trial.cost, trial.view.decided());
        let mut temperature = self.temperature;
        for _ in 0..self.iterations {
            trial.change(|trial, more, dearer| {
                let worse = more as f64 * UNPLACED + dearer;
                worse <= 0.0 || trial.view.random().random::<f64>() < (-worse / temperature).exp()
            });
            temperature *= self.cooling;
            if (trial.unplaced, trial.cost) < (best.0, best.1) {
                best = (trial.unplaced, trial.cost, trial.view.decided());
            }
        }
        if let (true, ServicePlacementDecision::Place(best)) =
            ((best.0, best.1) < (trial.unplaced, trial.cost), best.2)
        {
            let last = trial.view.checkpoint();
            for &replica in trial.view.open() {
                trial.view.unassign(replica);
            }
            let again = best.iter().try_for_each(|&(replica, node)| trial.view.assign(replica, node));
            if again.is_err() {
                // Other ways than when it was found have been taken on the way back.
                trial.view.rollback(last);
            }
        }
        trial.decision()
    }

    fn check(&self) -> Result<(), ParameterError> {
        if !(self.temperature.is_finite() && self.temperature > 0.0) {
            let message = format!("a temperature of {} is not allowed: above 0", self.temperature);
            return Err(ParameterError::new(message).at("temperature"));
        }
        if !(self.cooling > 0.0 && self.cooling <= 1.0) {
            let message = format!("cooling by {} is not allowed: above 0, at most 1", self.cooling);
            return Err(ParameterError::new(message).at("cooling"));
        }
        self.weights.check().map_err(|error| error.at("weights"))?;
        check_stickiness(self.stickiness)
    }
}

/// What is decided if there is nothing to place, or nowhere.
fn no_choice(view: &mut PlacementView<'_>) -> ServicePlacementDecision {
    if view.open().is_empty() {
        return view.decided();
    }
    let open = view.open();
    ServicePlacementDecision::Reject(nowhere(view, open))
}
