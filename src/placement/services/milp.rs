//! The optimum for small cases, by a mixed-integer linear program.

use super::backtracking::search;
use super::greedy::{check_stickiness, nowhere};
use super::near::{Near, added_power_w, moves, share_of};
use super::{PlacementView, ServicePlacementDecision, ServicePlacementPolicy};
use crate::infra::NodeId;
use crate::infra::applications::{InteractionNeeds, ReplicaIndex, Violation};
use crate::infra::assets::Algebra;
use crate::placement::ParameterError;
use crate::placement::minimum_power::Solver;
use crate::placement::program::{HALF, Program};
use good_lp::{Expression, Variable, constraint, variable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a placement is to have least of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlacementObjective {
    /// Latencies of interactions, as shares of those allowed, together.
    #[default]
    Latency,
    /// Watts by which the power of nodes rises if replicas keep their cores busy, each for itself.
    Energy,
    /// Nodes that the application is on.
    Nodes,
}

/// The best placement of small applications on few nodes: a mixed-integer linear program with a binary variable for each
/// replica on each node that it could be on, and one for each way between two of those. An interaction takes the way of
/// least latency that has its bandwidth at first; ways share links up to what these have left. If the program has no
/// solution, or is larger than it may be, `backtracking` decides.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Milp {
    /// What is to be least.
    pub objective: PlacementObjective,
    /// Most variables that the program may have: time grows exponentially with them. There is one for each replica and
    /// node it could be on, and one for each interaction and pair of such nodes.
    #[schemars(range(min = 1, max = 20_000))]
    pub largest: u32,
    /// Another node than the one before must save more than this, in the unit of the objective.
    #[schemars(range(min = 0.0))]
    pub stickiness: f64,
    #[serde(skip)]
    pub(super) near: Near,
}

/// Most variables that can be asked for.
const LARGEST: u32 = 20_000;

/// How many nodes are tried if the program cannot be solved.
const LIMIT: u64 = 20_000;

impl Default for Milp {
    fn default() -> Self {
        Milp {
            objective: PlacementObjective::default(),
            largest: 500,
            stickiness: 0.0,
            near: Near::default(),
        }
    }
}

/// A way that an interaction may take.
struct Passage {
    share: f64,
    /// Directions of links, with what is left there.
    channels: Vec<(u32, f64)>,
}

fn passage(
    view: &mut PlacementView<'_>,
    [from, to]: [NodeId; 2],
    needs: &InteractionNeeds,
) -> Option<Passage> {
    let way = view.way(from, to, needs.latency_s, needs.bandwidth_bps)?;
    let channels = if from == to { Vec::new() } else { view.found_channels().collect() };
    Some(Passage { share: share_of(way.latency_s, needs), channels })
}

/// The bandwidth on directions of links: what is left, and who takes how much.
type Loads = BTreeMap<u32, (f64, Expression)>;

fn load(loads: &mut Loads, passage: &Passage, needs: &InteractionNeeds, taken: Variable) {
    for &(channel, left_bps) in &passage.channels {
        let entry = loads.entry(channel).or_insert_with(|| (left_bps, Expression::from(0.0)));
        entry.1 += needs.bandwidth_bps * taken;
    }
}

/// Nodes that a replica could be on, each with its variable.
type Places = Vec<(NodeId, Variable)>;

impl Milp {
    /// The best placement, and `None` if the program is too large or has no solution.
    ///
    /// # Errors
    /// If a replica has no node at all.
    fn best(
        &mut self,
        view: &mut PlacementView<'_>,
    ) -> Result<Option<Vec<(ReplicaIndex, NodeId)>>, Violation> {
        let open = view.open();
        let needs = view.needs();
        let mut domains: Vec<Vec<NodeId>> = Vec::new();
        for &replica in open {
            let (choices, _) = self.near.choices(view, &[replica]);
            domains.push(choices.iter().map(|own| own.node).collect());
            self.near.give_back(choices);
            if domains.last().is_none_or(Vec::is_empty) {
                return Err(nowhere(view, &[replica]));
            }
        }
        let position = |replica: ReplicaIndex| open.iter().position(|own| *own == replica);
        let pairs = needs.interactions.iter().filter_map(|own| {
            Some(domains[position(own.from)?].len() * domains[position(own.to)?].len())
        });
        let variables = domains.iter().map(Vec::len).sum::<usize>() + pairs.sum::<usize>();
        if variables > self.largest as usize {
            return Ok(None);
        }
        let mut program = Program::new();
        let mut places: Vec<Places> = Vec::new();
        for (&replica, domain) in open.iter().zip(&domains) {
            let mut own = Places::new();
            for &node in domain {
                let is_here = program.variables.add(variable().binary());
                program.objective += self.stickiness * moves(view, &[replica], node) * is_here;
                if self.objective == PlacementObjective::Energy {
                    program.objective += added_power_w(view, &[replica], node) * is_here;
                }
                own.push((node, is_here));
            }
            let whole: Expression = own.iter().map(|own| own.1).sum();
            program.constraints.push(constraint!(whole == 1.0));
            places.push(own);
        }
        let mut loads = Loads::new();
        for own in &needs.interactions {
            let ends = [own.from, own.to].map(|end| (position(end), view.node_of(end)));
            match ends {
                [(Some(from), _), (Some(to), _)] => {
                    self.join(view, &mut program, &mut loads, own, [&places[from], &places[to]]);
                }
                [(Some(end), _), (None, Some(fixed))] | [(None, Some(fixed)), (Some(end), _)] => {
                    for &(node, is_here) in &places[end] {
                        let way =
                            if position(own.from) == Some(end) { [node, fixed] } else { [fixed, node] };
                        let Some(passage) = passage(view, way, own) else {
                            program.constraints.push(constraint!(1.0 * is_here == 0.0));
                            continue;
                        };
                        if self.objective == PlacementObjective::Latency {
                            program.objective += passage.share * is_here;
                        }
                        load(&mut loads, &passage, own, is_here);
                    }
                }
                _ => {}
            }
        }
        for (left_bps, load) in loads.into_values() {
            let scale = 1.0 / left_bps.max(1.0);
            program.constraints.push(constraint!(load * scale <= left_bps * scale));
        }
        self.add_nodes(view, &mut program, &places);
        let Ok(value) = program.solve(Solver::default()) else { return Ok(None) };
        let chosen = open.iter().zip(&places).map(|(&replica, own)| {
            let found = own.iter().find(|(_, is_here)| value(*is_here) > HALF);
            found.map(|(node, _)| (replica, *node))
        });
        Ok(chosen.collect())
    }

    /// Adds the ways of an interaction: for each pair of nodes whether it goes there.
    fn join(
        &self,
        view: &mut PlacementView<'_>,
        program: &mut Program,
        loads: &mut Loads,
        needs: &InteractionNeeds,
        [from, to]: [&Places; 2],
    ) {
        let mut into = vec![Expression::from(0.0); to.len()];
        for &(start, is_start) in from {
            let mut out_of = Expression::from(0.0);
            for (&(end, _), into) in to.iter().zip(&mut into) {
                let Some(passage) = passage(view, [start, end], needs) else { continue };
                let taken = program.variables.add(variable().min(0.0).max(1.0));
                out_of += taken;
                *into += taken;
                if self.objective == PlacementObjective::Latency {
                    program.objective += passage.share * taken;
                }
                load(loads, &passage, needs, taken);
            }
            program.constraints.push(constraint!(out_of == is_start));
        }
        for (into, &(_, is_end)) in into.into_iter().zip(to) {
            program.constraints.push(constraint!(into == is_end));
        }
    }

    /// Adds what nodes have left, and how many are used.
    fn add_nodes(&self, view: &PlacementView<'_>, program: &mut Program, places: &[Places]) {
        let needs = view.needs();
        let catalogue = view.infrastructure().assets();
        let catalogue = catalogue.catalogue();
        let mut taken: BTreeMap<(NodeId, u16), (f64, Expression)> = BTreeMap::new();
        let mut used: BTreeMap<NodeId, Variable> = BTreeMap::new();
        let is_fixed = |node| {
            let there = |replica: u32| view.node_of(ReplicaIndex(replica)) == Some(node);
            (0..needs.replicas.len() as u32).any(there)
        };
        for (&replica, own) in view.open().iter().zip(places) {
            for &(node, is_here) in own {
                for &(asset, amount) in &needs.replicas[replica.index()].amounts {
                    let is_booked = catalogue
                        .get(asset)
                        .is_some_and(|own| own.algebra == Algebra::Additive && own.checked);
                    if !is_booked || amount <= 0.0 {
                        continue;
                    }
                    let entry = taken
                        .entry((node, asset.0))
                        .or_insert_with(|| (view.residual(node, asset), Expression::from(0.0)));
                    entry.1 += amount * is_here;
                }
                if self.objective == PlacementObjective::Nodes && !is_fixed(node) {
                    let is_used = *used.entry(node).or_insert_with(|| {
                        let is_used = program.variables.add(variable().binary());
                        program.objective += is_used;
                        is_used
                    });
                    program.constraints.push(constraint!(is_here <= is_used));
                }
            }
        }
        for (left, taken) in taken.into_values() {
            let scale = if left > 0.0 { 1.0 / left } else { 1.0 };
            program.constraints.push(constraint!(taken * scale <= left * scale));
        }
    }
}

impl ServicePlacementPolicy for Milp {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        self.near.prepare(view);
        let start = view.checkpoint();
        let is_placed = match self.best(view) {
            Err(fault) => return ServicePlacementDecision::Reject(fault),
            Ok(None) => false,
            Ok(Some(best)) => {
                best.iter().try_for_each(|&(replica, node)| view.assign(replica, node)).is_ok()
            }
        };
        if !is_placed {
            view.rollback(start);
            if let Err(fault) = search(view, &mut self.near, LIMIT, self.stickiness) {
                return ServicePlacementDecision::Reject(fault);
            }
        }
        view.decided()
    }

    fn check(&self) -> Result<(), ParameterError> {
        if !(1..=LARGEST).contains(&self.largest) {
            let message = format!(
                "a program of {} variables is not allowed: 1 to {LARGEST}; larger ones take too long",
                self.largest
            );
            return Err(ParameterError::new(message).at("largest"));
        }
        check_stickiness(self.stickiness)
    }
}
