//! Greedy construction, the most constrained first: each replica to the node that costs least, from other starts and in
//! another order if it gets stuck.

use super::near::{Choice, Near, moves, shares_of};
use super::{PlacementView, ServicePlacementDecision, ServicePlacementPolicy};
use crate::infra::NodeId;
use crate::infra::applications::{ReplicaIndex, Violation, ViolationKind};
use crate::infra::assets::{Algebra, AssetId};
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a greedy construction goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Effort {
    /// How often it begins anew.
    pub(super) restarts: u32,
    /// On how many nodes it tries a replica, the cheapest first.
    pub(super) tries: u32,
    /// What a node costs more than the one before.
    pub(super) stickiness: f64,
}

impl Effort {
    /// That of strategies that do not say.
    pub(super) const DEFAULT: Effort = Effort { restarts: 8, tries: 50, stickiness: 0.0 };

    /// # Errors
    /// If something is out of range.
    pub(super) fn check(&self) -> Result<(), ParameterError> {
        check_stickiness(self.stickiness)?;
        if self.tries == 0 {
            return Err(ParameterError::new("a replica needs at least 1 try").at("tries"));
        }
        Ok(())
    }
}

/// # Errors
/// If it is no weight.
pub(super) fn check_stickiness(stickiness: f64) -> Result<(), ParameterError> {
    check_weight("stickiness", stickiness)
}

/// # Errors
/// If it is negative or not finite.
pub(super) fn check_weight(name: &str, weight: f64) -> Result<(), ParameterError> {
    if weight.is_finite() && weight >= 0.0 {
        return Ok(());
    }
    Err(ParameterError::new(format!("{name} of {weight} is not allowed: at least 0")).at(name))
}

/// What it costs to place a unit of replicas on a node, of which the latencies as shares of those allowed are the last
/// argument.
pub(super) type Cost<'c> = &'c dyn Fn(&PlacementView<'_>, &[ReplicaIndex], NodeId, f64) -> f64;

/// Where a construction got stuck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stuck {
    /// The unit without a node.
    pub(super) unit: usize,
    pub(super) fault: Violation,
}

/// Places units of replicas, each on one node. If it gets stuck it begins anew, with the unit that had no node before the
/// others and from the next best start; if it cannot, what was placed last is left as it is.
pub(super) fn construct(
    view: &mut PlacementView<'_>,
    near: &mut Near,
    units: &[Vec<ReplicaIndex>],
    effort: Effort,
    cost: Cost<'_>,
) -> Result<(), Stuck> {
    let start = view.checkpoint();
    let mut urgency = vec![0_u32; units.len()];
    let mut deepest: Option<(usize, Stuck)> = None;
    let mut unit_of = vec![None; view.needs().replicas.len()];
    for (number, unit) in units.iter().enumerate() {
        unit.iter().for_each(|replica| unit_of[replica.index()] = Some(number));
    }
    let first_ranks: Vec<[f64; 3]> = units.iter().map(|unit| near.rank(view, unit)).collect();
    let mut ranks = Vec::new();
    let restarts = if exceeds_all(view, units) { 0 } else { effort.restarts };
    for attempt in 0..=restarts {
        view.rollback(start);
        ranks.clone_from(&first_ranks);
        let mut left: Vec<usize> = (0..units.len()).collect();
        let mut stuck = None;
        while !left.is_empty() {
            let rank = |unit: usize| {
                let [placed, all, size] = ranks[unit];
                (urgency[unit], placed, all, size)
            };
            let mut first = (0, rank(left[0]));
            for (place, &unit) in left.iter().enumerate().skip(1) {
                let own = rank(unit);
                if own > first.1 {
                    first = (place, own);
                }
            }
            let unit = left.remove(first.0);
            if let Err(fault) = place_unit(view, near, &units[unit], attempt as usize, effort, cost) {
                stuck = Some((units.len() - left.len(), Stuck { unit, fault }));
                break;
            }
            // Only what interacts with it has another rank now.
            for own in units[unit].iter().flat_map(|&replica| view.interactions_of(replica)) {
                if let Some(other) = unit_of[own.other.index()].filter(|&other| other != unit) {
                    ranks[other] = near.rank(view, &units[other]);
                }
            }
        }
        let Some((depth, own)) = stuck else { return Ok(()) };
        if deepest.is_none_or(|(deep, _)| depth > deep) {
            deepest = Some((depth, own));
        }
        // What finds no node though nothing else is tried will not find one later.
        if depth == 1 {
            break;
        }
        urgency[own.unit] += 1;
    }
    let none = Stuck { unit: 0, fault: Violation::new(ViolationKind::NodeDown) };
    Err(deepest.map_or(none, |(_, stuck)| stuck))
}

/// Whether replicas without a node need more together of something than all nodes have left, so that there is no place
/// for all of them, wherever one begins.
pub(super) fn exceeds_all(view: &PlacementView<'_>, units: &[Vec<ReplicaIndex>]) -> bool {
    let mut totals: Vec<(AssetId, f64)> = Vec::new();
    let catalogue = view.infrastructure().assets().catalogue();
    let is_consumed = |asset| {
        catalogue.get(asset).is_some_and(|spec| spec.checked && spec.algebra == Algebra::Additive)
    };
    for replica in units.iter().flatten().filter(|&&replica| view.node_of(replica).is_none()) {
        for &(asset, amount) in &view.needs().replicas[replica.index()].amounts {
            match totals.iter_mut().find(|own| own.0 == asset) {
                Some(own) => own.1 += amount,
                None if is_consumed(asset) => totals.push((asset, amount)),
                None => {}
            }
        }
    }
    totals.iter().any(|&(asset, needed)| {
        let left: f64 = view.candidates().iter().map(|&node| view.residual(node, asset).max(0.0)).sum();
        let offered: f64 = view.candidates().iter().map(|&node| view.offer(node, asset)).sum();
        // What rounding makes of so many sums is not told from nothing.
        needed > left + (needed + offered) * 1e-6
    })
}

/// Places a unit on the node that costs least.
fn place_unit(
    view: &mut PlacementView<'_>,
    near: &mut Near,
    unit: &[ReplicaIndex],
    attempt: usize,
    effort: Effort,
    cost: Cost<'_>,
) -> Result<(), Violation> {
    let (choices, has_neighbours) = near.choices(view, unit);
    let result = place_among(view, near, unit, &choices, has_neighbours, attempt, effort, cost);
    near.give_back(choices);
    result
}

#[allow(
    clippy::too_many_arguments,
    reason = "it is the other half of `place_unit`, where the list is borrowed"
)]
fn place_among(
    view: &mut PlacementView<'_>,
    near: &Near,
    unit: &[ReplicaIndex],
    choices: &[Choice],
    has_neighbours: bool,
    attempt: usize,
    effort: Effort,
    cost: Cost<'_>,
) -> Result<(), Violation> {
    if choices.is_empty() {
        return Err(nowhere(view, unit));
    }
    let whole = |view: &PlacementView<'_>, node, share| {
        cost(view, unit, node, share) + effort.stickiness * moves(view, unit, node)
    };
    let before = |node| unit.iter().any(|&own| view.previous(own) == Some(node));
    let mut ranked: Vec<_> = choices
        .iter()
        .map(|own| {
            let cost = whole(view, own.node, own.share);
            (cost, own.share, !before(own.node), -near.room(view, own.node), own.node)
        })
        .collect();
    ranked.sort_unstable_by(|one, other| {
        let costs = one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)).then(one.2.cmp(&other.2));
        costs.then(one.3.total_cmp(&other.3)).then(one.4.cmp(&other.4))
    });
    if !has_neighbours {
        // Each attempt begins elsewhere.
        let count = ranked.len();
        ranked.rotate_left(attempt % count);
    }
    let start = view.checkpoint();
    let mut best: Option<(f64, NodeId)> = None;
    let mut fault = None;
    for &(bound, share, _, _, node) in ranked.iter().take(effort.tries as usize) {
        if has_neighbours && best.is_some_and(|(least, _)| least <= bound) {
            break;
        }
        match assign_all(view, unit, node) {
            Ok(()) => {
                let found: f64 = unit.iter().map(|&own| shares_of(view, own)).sum();
                // A way around costs more than the shortest one, so that another node may be better.
                let is_bound = found <= share * (1.0 + 1e-9) + 1e-12;
                if is_bound || !has_neighbours {
                    return Ok(());
                }
                view.rollback(start);
                let own = whole(view, node, found);
                if best.is_none_or(|(least, _)| own < least) {
                    best = Some((own, node));
                }
            }
            Err(short) => fault = fault.or(Some(short)),
        }
    }
    match best {
        Some((_, node)) => assign_all(view, unit, node),
        None => Err(fault.unwrap_or_else(|| nowhere(view, unit))),
    }
}

/// Places replicas on one node, or none of them.
pub(super) fn assign_all(
    view: &mut PlacementView<'_>,
    unit: &[ReplicaIndex],
    node: NodeId,
) -> Result<(), Violation> {
    let start = view.checkpoint();
    let placed = unit.iter().try_for_each(|&replica| view.assign(replica, node));
    if placed.is_err() {
        view.rollback(start);
    }
    placed
}

/// Why replicas find no node: what the roomiest node falls short of, or the way to a placed neighbour.
pub(super) fn nowhere(view: &mut PlacementView<'_>, unit: &[ReplicaIndex]) -> Violation {
    let none = Violation::new(ViolationKind::NodeDown);
    let mut fault = Violation { replica: unit.first().copied(), ..none };
    let neighbour = unit.iter().find_map(|&replica| {
        let mut own = view.interactions_of(replica);
        own.find_map(|own| view.node_of(own.other))
    });
    // The node that comes closest, of those that fall short of an asset.
    let mut closest = f64::NEG_INFINITY;
    for &node in neighbour.iter().chain(view.candidates()) {
        match assign_all(view, unit, node) {
            Ok(()) => unit.iter().for_each(|&replica| view.unassign(replica)),
            Err(short) => {
                let part = if short.kind == ViolationKind::Asset && short.needed > 0.0 {
                    // Of a concave asset it offers too much.
                    (short.offered / short.needed).min(short.needed / short.offered)
                } else {
                    // A node with the assets that is too far away is closer than one without them.
                    1.0
                };
                if part > closest {
                    (closest, fault) = (part, short);
                }
                if part >= 1.0 {
                    break;
                }
            }
        }
    }
    fault
}

/// Each open replica on its own.
pub(super) fn singles(view: &PlacementView<'_>) -> Vec<Vec<ReplicaIndex>> {
    view.open().iter().map(|&replica| vec![replica]).collect()
}

/// What a latency costs: its share of that allowed.
pub(super) fn latency_cost(_: &PlacementView<'_>, _: &[ReplicaIndex], _: NodeId, share: f64) -> f64 {
    share
}

/// Places replicas one after the other, the most constrained first: that whose interactions with what is placed need the
/// least latency and most bandwidth, then that with the most demanding interactions, then the largest. Each goes to the
/// node, among those near enough to its placed neighbours whose ways have the bandwidth, where its latencies are the least
/// share of those allowed, together; the first one to the node with the most room.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GreedyLatency {
    /// How often it begins anew with another start and order when a replica finds no node.
    #[schemars(range(max = 10_000))]
    pub restarts: u32,
    /// On how many nodes a replica is tried, the nearest first.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub tries: u32,
    /// Another node than the one before must save more than this, in latencies as shares of those allowed.
    #[schemars(range(min = 0.0))]
    pub stickiness: f64,
    #[serde(skip)]
    pub(super) near: Near,
}

impl Default for GreedyLatency {
    fn default() -> Self {
        let Effort { restarts, tries, .. } = Effort::DEFAULT;
        GreedyLatency { restarts, tries, stickiness: 0.5, near: Near::default() }
    }
}

impl GreedyLatency {
    fn effort(&self) -> Effort {
        Effort { restarts: self.restarts, tries: self.tries, stickiness: self.stickiness }
    }
}

impl ServicePlacementPolicy for GreedyLatency {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        self.near.prepare(view);
        let effort = self.effort();
        match construct(view, &mut self.near, &singles(view), effort, &latency_cost) {
            Ok(()) => view.decided(),
            Err(stuck) => ServicePlacementDecision::Reject(stuck.fault),
        }
    }

    fn check(&self) -> Result<(), ParameterError> {
        self.effort().check()
    }
}
