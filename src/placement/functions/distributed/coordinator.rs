//! The coordinator, which matches what nodes offer with what their neighbours have left.

use super::super::centralised::Flows;
use super::super::error::FunctionsError;
use super::super::instance::{Instance, REPLICA_TOLERANCE};
use super::super::program::{Backend, Limits, Program};
use super::options::{GreedyOrder, SortingRule};

/// What is offered less than this, in requests per second, is not.
const NOTHING_RPS: f64 = 1e-9;

/// What all nodes have told the coordinator, by stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Offers {
    /// What they serve of their own, in requests per second.
    pub local_rps: Vec<f64>,
    /// Replicas for that.
    pub replicas: Vec<u32>,
    /// What they offer to others (omega), in requests per second.
    pub offered_rps: Vec<f64>,
    /// Memory that each node has left, in MB.
    pub left_mb: Vec<u64>,
}

impl Offers {
    /// Offers of what is left of the loads, and of the memory.
    #[must_use]
    pub fn of_plans(instance: &Instance, local_rps: Vec<f64>, replicas: Vec<u32>) -> Offers {
        let offered_rps =
            local_rps.iter().enumerate().map(|(s, own)| (instance.load_rps(s) - own).max(0.0)).collect();
        let left = |node: usize| {
            let used = (0..instance.functions()).map(|f| {
                u64::from(replicas[instance.stream(node, f)])
                    .saturating_mul(instance.memory_requirement_mb(f))
            });
            instance.memory_capacity_mb(node).saturating_sub(used.fold(0, u64::saturating_add))
        };
        let left_mb = (0..instance.nodes()).map(left).collect();
        Offers { local_rps, replicas, offered_rps, left_mb }
    }
}

/// What the coordinator has decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordination {
    /// Forwarded rates, by arc and function.
    pub forwarded_rps: Vec<f64>,
    /// Replicas to add, by stream.
    pub extra_replicas: Vec<u32>,
}

/// The state of a greedy coordinator.
struct Greedy<'a> {
    instance: &'a Instance,
    offers: &'a Offers,
    flows: Flows,
    left_mb: Vec<u64>,
    received: Vec<f64>,
    done: Coordination,
}

impl<'a> Greedy<'a> {
    fn new(instance: &'a Instance, offers: &'a Offers, flows: Flows) -> Self {
        Greedy {
            instance,
            offers,
            flows,
            left_mb: offers.left_mb.clone(),
            received: vec![0.0; instance.streams()],
            done: Coordination {
                forwarded_rps: vec![0.0; instance.arcs() * instance.functions()],
                extra_replicas: vec![0; instance.streams()],
            },
        }
    }

    /// Replicas that fit into the memory left at a stream's node.
    fn fitting(&self, s: usize) -> u32 {
        let (node, f) = (s / self.instance.functions(), s % self.instance.functions());
        u32::try_from(self.left_mb[node] / self.instance.memory_requirement_mb(f)).unwrap_or(u32::MAX)
    }

    /// What more can be received with so many replicas.
    fn room(&self, s: usize, replicas: u32) -> f64 {
        let room = self.instance.capacity_rps(s, replicas) - self.offers.local_rps[s] - self.received[s];
        match self.flows {
            Flows::Continuous => room.max(0.0),
            Flows::Integer => (room + REPLICA_TOLERANCE).floor().max(0.0),
        }
    }

    fn send(&mut self, arc: usize, f: usize, rate: f64) {
        let at = self.instance.stream(self.instance.arc_to(arc), f);
        self.done.forwarded_rps[arc * self.instance.functions() + f] += rate;
        self.received[at] += rate;
    }

    /// Adds the replicas that what has been received needs beyond those there are.
    fn add_needed(&mut self, s: usize) {
        let needed = self.instance.replicas_for(s, self.offers.local_rps[s] + self.received[s]);
        let present = self.offers.replicas[s] + self.done.extra_replicas[s];
        self.add(s, needed.saturating_sub(present));
    }

    fn add(&mut self, s: usize, count: u32) {
        let (node, f) = (s / self.instance.functions(), s % self.instance.functions());
        let memory = u64::from(count) * self.instance.memory_requirement_mb(f);
        self.left_mb[node] = self.left_mb[node].saturating_sub(memory);
        self.done.extra_replicas[s] += count;
    }

    fn key(&self, rule: SortingRule, arc: usize, f: usize) -> f64 {
        let s = self.instance.stream(self.instance.arc_from(arc), f);
        let beta = self.instance.beta(arc, f);
        match rule {
            SortingRule::Product => self.offers.offered_rps[s] * beta,
            SortingRule::Beta => beta,
            SortingRule::Omega => self.offers.offered_rps[s],
            SortingRule::Unit => self.instance.weight(s) * beta,
        }
    }

    /// The published order, with its faults.
    fn upstream(mut self, rule: SortingRule) -> Coordination {
        let functions = self.instance.functions();
        let mut sends = vec![false; self.instance.streams()];
        for node in 0..self.instance.nodes() {
            for f in 0..functions {
                let s = self.instance.stream(node, f);
                let mut rest = self.offers.offered_rps[s];
                if rest <= NOTHING_RPS {
                    continue;
                }
                sends[s] = true;
                let mut arcs: Vec<usize> = self.instance.arcs_of(node).collect();
                arcs.sort_by(|&a, &b| self.key(rule, b, f).total_cmp(&self.key(rule, a, f)));
                for arc in arcs {
                    let at = self.instance.stream(self.instance.arc_to(arc), f);
                    if sends[at] {
                        continue;
                    }
                    let fitting = self.fitting(at);
                    let room = self.room(at, self.offers.replicas[at].saturating_add(fitting));
                    if rest <= room {
                        self.send(arc, f, rest);
                        self.add_needed(at);
                        break;
                    }
                    self.send(arc, f, room);
                    self.done.extra_replicas[at] += fitting;
                    self.left_mb[self.instance.arc_to(arc)] = 0;
                    rest -= room;
                }
            }
        }
        self.done
    }

    /// One order over all streams and neighbours.
    fn global(mut self, rule: SortingRule) -> Coordination {
        let functions = self.instance.functions();
        let mut rest = self.offers.offered_rps.clone();
        let mut sends = vec![false; self.instance.streams()];
        // By key, then as arcs and functions are numbered.
        let mut ways: Vec<(f64, usize, usize)> = Vec::new();
        for arc in 0..self.instance.arcs() {
            for f in 0..functions {
                let s = self.instance.stream(self.instance.arc_from(arc), f);
                // What is worse than rejection is not forwarded.
                if rest[s] > NOTHING_RPS && self.instance.beta(arc, f) > -self.instance.gamma(s) {
                    ways.push((self.key(rule, arc, f), arc, f));
                }
            }
        }
        ways.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, arc, f) in ways {
            let s = self.instance.stream(self.instance.arc_from(arc), f);
            let at = self.instance.stream(self.instance.arc_to(arc), f);
            if rest[s] <= NOTHING_RPS || sends[at] || self.received[s] > 0.0 {
                continue;
            }
            let present = self.offers.replicas[at] + self.done.extra_replicas[at];
            let rate = rest[s].min(self.room(at, present.saturating_add(self.fitting(at))));
            if rate > NOTHING_RPS {
                self.send(arc, f, rate);
                self.add_needed(at);
                rest[s] -= rate;
                sends[s] = true;
            }
        }
        self.done
    }
}

/// The greedy coordinator.
#[must_use]
pub fn coordinate(
    instance: &Instance,
    offers: &Offers,
    rule: SortingRule,
    order: GreedyOrder,
    flows: Flows,
) -> Coordination {
    let greedy = Greedy::new(instance, offers, flows);
    match order {
        GreedyOrder::Upstream => greedy.upstream(rule),
        GreedyOrder::Global => greedy.global(rule),
    }
}

/// The optimum of the coordinator's problem (LRMP):
///
/// ```text
/// maximise sum over n,f of ( sum over m of beta y - gamma ( omega[n,f] - sum over m of y[n,m,f] ) ) / lambda[n,f]
/// subject to sum over m of y[n,m,f] <= omega[n,f]
///            sum over m of y[m,n,f] <= U (r[n,f] + a[n,f]) / D - x[n,f]
///            sum over f of m[f] a[n,f] <= memory left at n
///            no ping-pong, a whole
/// ```
///
/// Searched for by branch and bound from what the greedy rule finds, which is the result if the search finds nothing better
/// within its limit. Added replicas are as few as what is received needs.
///
/// # Errors
/// If the solver fails.
pub fn coordinate_optimally(
    instance: &Instance,
    offers: &Offers,
    relative_gap: f64,
    node_limit: Option<u64>,
    flows: Flows,
) -> Result<Coordination, FunctionsError> {
    let started = coordinate(instance, offers, SortingRule::Unit, GreedyOrder::Global, flows);
    let matching = Matching::new(instance, offers, flows);
    let limits = Limits { relative_gap, node_limit, time_limit_s: None, backend: Backend::Microlp };
    let start = matching.values_of(instance, &started);
    let Some(solved) = matching.program.solve(limits, Some(&start))? else { return Ok(started) };
    Ok(matching.polished(instance, offers, &solved.values, flows)?.unwrap_or(started))
}

/// The coordinator's program, and which column is what.
struct Matching {
    program: Program,
    forwarded: Vec<Option<usize>>,
    extra: Vec<Option<usize>>,
    sends: Vec<Option<usize>>,
}

impl Matching {
    fn new(instance: &Instance, offers: &Offers, flows: Flows) -> Matching {
        let functions = instance.functions();
        let mut program = Program::default();
        let mut forwarded = vec![None; instance.arcs() * functions];
        let mut extra = vec![None; instance.streams()];
        let mut sends = vec![None; instance.streams()];
        let fitting = |s: usize| {
            (offers.left_mb[s / functions] / instance.memory_requirement_mb(s % functions)) as f64
        };
        let spare =
            |s: usize| (instance.capacity_rps(s, offers.replicas[s]) - offers.local_rps[s]).max(0.0);
        for arc in 0..instance.arcs() {
            for f in 0..functions {
                let s = instance.stream(instance.arc_from(arc), f);
                let at = instance.stream(instance.arc_to(arc), f);
                let can_receive = spare(at) > NOTHING_RPS || fitting(at) > 0.0;
                if offers.offered_rps[s] > NOTHING_RPS && can_receive {
                    let gain = instance.weight(s) * (instance.beta(arc, f) + instance.gamma(s));
                    let bounds = (0.0, offers.offered_rps[s]);
                    let column =
                        program.column(format!("y_{arc}_{f}"), gain, bounds, flows == Flows::Integer);
                    forwarded[arc * functions + f] = Some(column);
                }
            }
        }
        let ones = |columns: &[usize]| -> Vec<(usize, f64)> {
            columns.iter().map(|&column| (column, 1.0)).collect()
        };
        for s in 0..instance.streams() {
            let (node, f) = (s / functions, s % functions);
            let arcs = || instance.arcs_of(node);
            let out: Vec<usize> = arcs().filter_map(|arc| forwarded[arc * functions + f]).collect();
            let back = |arc: usize| instance.reverse_arc(arc) * functions + f;
            let inward: Vec<usize> = arcs().filter_map(|arc| forwarded[back(arc)]).collect();
            let offered: f64 = arcs()
                .filter(|&arc| forwarded[back(arc)].is_some())
                .map(|arc| offers.offered_rps[instance.stream(instance.arc_to(arc), f)])
                .sum();
            let one_rps = instance.capacity_rps(s, 1);
            program.row(format!("offered_{s}"), ones(&out), offers.offered_rps[s]);
            if !inward.is_empty() {
                let needed = (offered / one_rps).ceil();
                let bounds = (0.0, fitting(s).min(needed));
                let column = program.column(format!("a_{s}"), 0.0, bounds, true);
                let mut terms = ones(&inward);
                terms.push((column, -one_rps));
                program.row(format!("capacity_{s}"), terms, spare(s));
                extra[s] = Some(column);
            }
            if !inward.is_empty() && !out.is_empty() {
                let column = program.column(format!("s_{s}"), 0.0, (0.0, 1.0), true);
                let mut sent = ones(&out);
                sent.push((column, -offers.offered_rps[s]));
                program.row(format!("sends_{s}"), sent, 0.0);
                let most = offered.min(spare(s) + fitting(s) * one_rps);
                let mut received = ones(&inward);
                received.push((column, most));
                program.row(format!("receives_{s}"), received, most);
                sends[s] = Some(column);
            }
        }
        for node in 0..instance.nodes() {
            let terms = (0..functions).filter_map(|f| {
                let column = extra[instance.stream(node, f)]?;
                Some((column, instance.memory_requirement_mb(f) as f64))
            });
            program.row(format!("memory_{node}"), terms.collect(), offers.left_mb[node] as f64);
        }
        Matching { program, forwarded, extra, sends }
    }

    fn values_of(&self, instance: &Instance, found: &Coordination) -> Vec<f64> {
        let mut values = vec![0.0; self.program.columns.len()];
        let functions = instance.functions();
        for (index, &rate) in found.forwarded_rps.iter().enumerate() {
            if let Some(column) = self.forwarded[index] {
                values[column] = rate;
            }
            let s = instance.stream(instance.arc_from(index / functions), index % functions);
            if let Some(column) = self.sends[s].filter(|_| rate > 0.0) {
                values[column] = 1.0;
            }
        }
        for (column, &count) in self.extra.iter().zip(&found.extra_replicas) {
            if let Some(column) = *column {
                values[column] = f64::from(count);
            }
        }
        values
    }

    /// The flows once more with what is whole fixed, so that tolerances of the search do not reach the result. Nothing if
    /// that fails, as it could where a tolerance was made use of.
    fn polished(
        &self,
        instance: &Instance,
        offers: &Offers,
        values: &[f64],
        flows: Flows,
    ) -> Result<Option<Coordination>, FunctionsError> {
        let mut program = self.program.clone();
        for (column, own) in program.columns.iter_mut().zip(values) {
            if column.is_integer {
                (column.lower, column.upper) = (own.round(), own.round());
            }
        }
        let solved = program.relaxed().solve_linear()?;
        let read = |column: &Option<usize>| {
            column.map_or(0.0, |own| {
                let value = solved.values[own].max(0.0);
                if flows == Flows::Integer { value.round() } else { value }
            })
        };
        let mut greedy = Greedy::new(instance, offers, flows);
        let functions = instance.functions();
        for arc in 0..instance.arcs() {
            for f in 0..functions {
                let s = instance.stream(instance.arc_from(arc), f);
                let at = instance.stream(instance.arc_to(arc), f);
                let present = offers.replicas[at] + greedy.done.extra_replicas[at];
                let room = greedy.room(at, present.saturating_add(greedy.fitting(at)));
                let rate =
                    read(&self.forwarded[arc * functions + f]).min(room).min(offers.offered_rps[s]);
                if rate > NOTHING_RPS {
                    greedy.send(arc, f, rate);
                    greedy.add_needed(at);
                }
            }
        }
        Ok(Some(greedy.done))
    }
}
