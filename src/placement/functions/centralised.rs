//! The centralised optimum: the load management model (LMM) as a mixed-integer linear program.

use super::allocation::Allocation;
use super::dive;
use super::error::FunctionsError;
use super::instance::{Instance, REPLICA_TOLERANCE};
use super::outcome::{Outcome, Status};
use super::program::{Backend, Limits, Program};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether requests are split at will.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Flows {
    /// Rates are real numbers (the published release).
    #[default]
    Continuous,
    /// Rates are whole numbers of requests per second, and so must loads be (the published main branch).
    Integer,
}

/// How the centralised problem is solved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CentralisedSolver {
    /// Exactly where nodes times functions are at most [`EXACT_STREAMS`], else by the dive.
    #[default]
    Auto,
    /// Branch and bound in Rust (microlp), which starts from what the dive has found.
    Exact,
    /// A heuristic on the linear relaxation; see [`solve_centralised`].
    Dive,
    /// The linear relaxation, rounded once.
    Rounding,
    /// Branch and bound by HiGHS, which starts from what the dive has found.
    #[cfg(feature = "highs")]
    Highs,
}

/// Up to so many streams [`CentralisedSolver::Auto`] searches for the optimum.
pub const EXACT_STREAMS: usize = 60;

/// How the centralised problem is solved, and when the search may stop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CentralisedOptions {
    /// How.
    pub solver: CentralisedSolver,
    /// Gap between objective and bound at which the search may stop, relative to what the allocation is worth above that which
    /// rejects all; at least 0.
    pub relative_gap: f64,
    /// Nodes of the search after which it stops; no limit if left out. Unlike time, this gives the same on any machine.
    pub node_limit: Option<u64>,
    /// Seconds after which the search stops. What is found by then depends on the machine and its load.
    pub time_limit_s: Option<f64>,
    /// Whether requests are split at will.
    pub flows: Flows,
}

impl Default for CentralisedOptions {
    fn default() -> Self {
        CentralisedOptions {
            solver: CentralisedSolver::Auto,
            relative_gap: 1e-3,
            node_limit: Some(20_000),
            time_limit_s: None,
            flows: Flows::Continuous,
        }
    }
}

impl CentralisedOptions {
    /// The optimum itself, without any limit.
    #[must_use]
    pub fn optimum() -> Self {
        CentralisedOptions {
            solver: CentralisedSolver::Exact,
            relative_gap: 0.0,
            node_limit: None,
            ..CentralisedOptions::default()
        }
    }

    fn check(&self, instance: &Instance) -> Result<(), FunctionsError> {
        self.check_options()?;
        check_whole_loads(instance, self.flows)
    }

    pub(super) fn check_options(&self) -> Result<(), FunctionsError> {
        if !(self.relative_gap.is_finite() && self.relative_gap >= 0.0) {
            return Err(FunctionsError::range("relative_gap", self.relative_gap, "at least 0"));
        }
        if let Some(time) = self.time_limit_s.filter(|time| time.is_nan() || *time <= 0.0) {
            return Err(FunctionsError::range("time_limit_s", time, "above 0"));
        }
        Ok(())
    }
}

/// Refuses loads that are not whole where flows are.
pub(super) fn check_whole_loads(instance: &Instance, flows: Flows) -> Result<(), FunctionsError> {
    let broken = (0..instance.streams()).find(|&s| instance.load_rps(s).fract() != 0.0);
    match broken {
        Some(s) if flows == Flows::Integer => {
            let place = format!("load[{}][{}]", s / instance.functions(), s % instance.functions());
            Err(FunctionsError::range(place, instance.load_rps(s), "a whole number, as flows are"))
        }
        _ => Ok(()),
    }
}

/// The program of an instance, and which column is what.
///
/// Rejected rates are eliminated through (1), which leaves `x + sum y <= lambda`; constraint (4) is left out, as idle
/// replicas are dropped afterwards; (6) has one binary variable a stream, "sends", in place of two of which at most one is
/// set. Its big numbers are the least that lose nothing: the load that a stream can send, and the smaller of what its
/// node's memory can serve and its neighbours can send. None of it moves the optimum.
///
/// Where flows are whole, k replicas serve the whole part of k U / D. Each replica has a binary variable of its own then, which
/// adds what it adds to that; with all of them fixed, flows are those of a network with whole capacities, so that the best
/// are whole without being asked to.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) program: Program,
    /// By stream.
    pub(super) local: Vec<Option<usize>>,
    /// By arc and function.
    pub(super) forwarded: Vec<Option<usize>>,
    /// By stream: one column of a whole number, or, where flows are whole, one for each replica.
    pub(super) replicas: Vec<Vec<usize>>,
    /// Whether flows are whole.
    pub(super) is_integer: bool,
    /// By stream: where it may both send and receive.
    pub(super) sends: Vec<Option<usize>>,
}

impl Model {
    pub(super) fn new(instance: &Instance, flows: Flows) -> Model {
        let functions = instance.functions();
        let mut model = Model {
            program: Program::default(),
            local: vec![None; instance.streams()],
            forwarded: vec![None; instance.arcs() * functions],
            replicas: vec![Vec::new(); instance.streams()],
            is_integer: flows == Flows::Integer,
            sends: vec![None; instance.streams()],
        };
        let is_integer = model.is_integer;
        let program = &mut model.program;
        let label = |s: usize| format!("{}_{}", s / functions, s % functions);
        let most_served = |s: usize| instance.capacity_rps(s, instance.most_replicas(s));
        for s in 0..instance.streams() {
            let load = instance.load_rps(s);
            program.constant -= instance.weight(s) * instance.gamma(s) * load;
            if load > 0.0 && instance.most_replicas(s) > 0 {
                let gain = instance.weight(s) * (instance.alpha(s) + instance.gamma(s));
                let column = program.column(format!("x_{}", label(s)), gain, (0.0, load), false);
                model.local[s] = Some(column);
            }
        }
        for arc in 0..instance.arcs() {
            let (from, to) = (instance.arc_from(arc), instance.arc_to(arc));
            for f in 0..functions {
                let (s, at) = (instance.stream(from, f), instance.stream(to, f));
                if instance.load_rps(s) > 0.0 && instance.most_replicas(at) > 0 {
                    let gain = instance.weight(s) * (instance.beta(arc, f) + instance.gamma(s));
                    let bounds = (0.0, instance.load_rps(s));
                    let name = format!("y_{from}_{to}_{f}");
                    let column = program.column(name, gain, bounds, false);
                    model.forwarded[arc * functions + f] = Some(column);
                }
            }
        }
        for s in 0..instance.streams() {
            let (node, f) = (s / functions, s % functions);
            let out: Vec<usize> =
                instance.arcs_of(node).filter_map(|arc| model.forwarded[arc * functions + f]).collect();
            let inward: Vec<usize> = instance
                .arcs_of(node)
                .filter_map(|arc| model.forwarded[instance.reverse_arc(arc) * functions + f])
                .collect();
            let load = instance.load_rps(s);
            let ones = |columns: &[usize]| -> Vec<(usize, f64)> {
                columns.iter().map(|&column| (column, 1.0)).collect()
            };
            let mut flow = ones(&out);
            flow.extend(model.local[s].map(|column| (column, 1.0)));
            program.row(format!("flow_{}", label(s)), flow, load);
            let offered: f64 = instance
                .arcs_of(node)
                .filter(|arc| model.forwarded[instance.reverse_arc(*arc) * functions + f].is_some())
                .map(|arc| instance.load_rps(instance.stream(instance.arc_to(arc), f)))
                .sum();
            let mut served = ones(&inward);
            served.extend(model.local[s].map(|column| (column, 1.0)));
            if !served.is_empty() {
                let most = instance.most_replicas(s).min(instance.replicas_for(s, load + offered));
                if is_integer {
                    for count in 1..=most {
                        let name = format!("r_{}_{count}", label(s));
                        let column = program.column(name, 0.0, (0.0, 1.0), true);
                        if let Some(&before) = model.replicas[s].last() {
                            let terms = vec![(column, 1.0), (before, -1.0)];
                            program.row(format!("order_{}_{count}", label(s)), terms, 0.0);
                        }
                        let added =
                            whole_capacity(instance, s, count) - whole_capacity(instance, s, count - 1);
                        served.push((column, -added));
                        model.replicas[s].push(column);
                    }
                } else {
                    let bounds = (0.0, f64::from(most));
                    let column = program.column(format!("r_{}", label(s)), 0.0, bounds, true);
                    for term in &mut served {
                        term.1 = instance.demand_s(s);
                    }
                    served.push((column, -instance.max_utilisation(f)));
                    model.replicas[s].push(column);
                }
                program.row(format!("capacity_{}", label(s)), served, 0.0);
            }
            if !out.is_empty() && !inward.is_empty() {
                let column = program.column(format!("s_{}", label(s)), 0.0, (0.0, 1.0), true);
                let mut sent = ones(&out);
                sent.push((column, -load));
                program.row(format!("sends_{}", label(s)), sent, 0.0);
                let most = offered.min(most_served(s));
                let mut received = ones(&inward);
                received.push((column, most));
                program.row(format!("receives_{}", label(s)), received, most);
                model.sends[s] = Some(column);
            }
        }
        for node in 0..instance.nodes() {
            let terms = (0..functions).flat_map(|f| {
                let memory = instance.memory_requirement_mb(f) as f64;
                let columns = &model.replicas[instance.stream(node, f)];
                columns.iter().map(move |&column| (column, memory))
            });
            let capacity = instance.memory_capacity_mb(node) as f64;
            program.row(format!("memory_{node}"), terms.collect(), capacity);
        }
        model
    }

    /// The values of the columns that make an allocation.
    pub(super) fn values_of(&self, instance: &Instance, allocation: &Allocation) -> Vec<f64> {
        let mut values = vec![0.0; self.program.columns.len()];
        let mut set = |column: Option<usize>, value: f64| {
            if let Some(column) = column {
                values[column] = value;
            }
        };
        let sent = allocation.sent_rps(instance);
        for (s, sent) in sent.into_iter().enumerate() {
            set(self.local[s], allocation.local_rps[s]);
            set(self.sends[s], f64::from(u8::from(sent > 0.0)));
        }
        for (column, &rate) in self.forwarded.iter().zip(&allocation.forwarded_rps) {
            set(*column, rate);
        }
        for (s, &count) in allocation.replicas.iter().enumerate() {
            for (column, value) in self.replica_values(s, count) {
                values[column] = value;
            }
        }
        values
    }

    /// What the columns of a stream's replicas are for so many of them.
    fn replica_values(&self, s: usize, count: u32) -> impl Iterator<Item = (usize, f64)> {
        self.replicas[s].iter().enumerate().map(move |(place, &column)| {
            let value = if self.is_integer {
                f64::from(u8::from(place < count as usize))
            } else {
                f64::from(count).min(self.program.columns[column].upper)
            };
            (column, value)
        })
    }

    /// Fixes the replicas of a program made of this one.
    pub(super) fn fix_replicas(&self, program: &mut Program, replicas: &[u32]) {
        for (s, &count) in replicas.iter().enumerate() {
            for (column, value) in self.replica_values(s, count) {
                program.fix(column, value);
            }
        }
    }

    /// The program in which replicas and senders are fixed.
    pub(super) fn with_fixed(&self, replicas: &[u32], sends: &[bool]) -> Program {
        let mut program = self.program.clone();
        self.fix_replicas(&mut program, replicas);
        for (column, &does) in self.sends.iter().zip(sends) {
            if let Some(column) = *column {
                program.fix(column, f64::from(u8::from(does)));
            }
        }
        program
    }

    /// The best allocation with these replicas and senders.
    pub(super) fn allocation_with(
        &self,
        instance: &Instance,
        replicas: &[u32],
        sends: &[bool],
    ) -> Result<Allocation, FunctionsError> {
        let solved = self.with_fixed(replicas, sends).relaxed().solve_linear()?;
        Ok(self.allocation_of(instance, &solved.values, replicas, sends))
    }

    /// What senders and replicas the values of a solution stand for.
    pub(super) fn decisions(&self, values: &[f64]) -> (Vec<u32>, Vec<bool>) {
        let whole = |columns: &Vec<usize>| -> u32 {
            columns.iter().map(|&own| values[own].round().max(0.0) as u32).sum()
        };
        // A stream that cannot receive may send.
        let sends = |column: &Option<usize>| column.is_none_or(|own| values[own] > 0.5);
        (self.replicas.iter().map(whole).collect(), self.sends.iter().map(sends).collect())
    }

    /// The allocation of the values of a solution, in which what a solver's tolerance lets through is trimmed.
    pub(super) fn allocation_of(
        &self,
        instance: &Instance,
        values: &[f64],
        replicas: &[u32],
        sends: &[bool],
    ) -> Allocation {
        let read = |column: &Option<usize>| {
            let value = column.map_or(0.0, |own| values[own].max(0.0));
            if self.is_integer { value.round() } else { value }
        };
        let mut local: Vec<f64> = self.local.iter().map(read).collect();
        let mut forwarded: Vec<f64> = self.forwarded.iter().map(read).collect();
        let functions = instance.functions();
        for arc in 0..instance.arcs() {
            for f in 0..functions {
                let (from, to) = (instance.arc_from(arc), instance.arc_to(arc));
                let may_receive = |s: usize| self.sends[s].is_none() || !sends[s];
                if !sends[instance.stream(from, f)] || !may_receive(instance.stream(to, f)) {
                    forwarded[arc * functions + f] = 0.0;
                }
            }
        }
        trim(instance, &mut local, &mut forwarded, replicas);
        Allocation::of_flows(instance, local, forwarded)
    }
}

/// The whole requests per second that replicas can serve.
pub(super) fn whole_capacity(instance: &Instance, stream: usize, replicas: u32) -> f64 {
    (instance.capacity_rps(stream, replicas) + REPLICA_TOLERANCE).floor()
}

/// Lowers rates to loads and to the capacity of replicas.
fn trim(instance: &Instance, local: &mut [f64], forwarded: &mut [f64], replicas: &[u32]) {
    let functions = instance.functions();
    let shrink = |sum: f64, most: f64| if sum > most { most.max(0.0) / sum } else { 1.0 };
    for (s, own) in local.iter_mut().enumerate() {
        let (node, f) = (s / functions, s % functions);
        let load = instance.load_rps(s);
        *own = own.min(load);
        let sent: f64 = instance.arcs_of(node).map(|arc| forwarded[arc * functions + f]).sum();
        let factor = shrink(sent, load - *own);
        if factor < 1.0 {
            instance.arcs_of(node).for_each(|arc| forwarded[arc * functions + f] *= factor);
        }
    }
    for (s, own) in local.iter_mut().enumerate() {
        let (node, f) = (s / functions, s % functions);
        // A whole rate may be above the capacity by the rounding of what replicas can serve.
        let capacity = instance.capacity_rps(s, replicas[s]) + REPLICA_TOLERANCE;
        let inward = |arc: usize| instance.reverse_arc(arc) * functions + f;
        let received: f64 = instance.arcs_of(node).map(|arc| forwarded[inward(arc)]).sum();
        *own = own.min((capacity - received).max(0.0));
        let factor = shrink(received, capacity);
        if factor < 1.0 {
            instance.arcs_of(node).for_each(|arc| forwarded[inward(arc)] *= factor);
        }
    }
}

/// The linear relaxation of an instance: an upper bound of the objective.
///
/// # Errors
/// If the solver fails.
pub fn relaxation_bound(instance: &Instance) -> Result<f64, FunctionsError> {
    Ok(Model::new(instance, Flows::Continuous).program.relaxed().solve_linear()?.objective)
}

/// The program of an instance as free-format MPS, for other solvers (HiGHS, CBC, GLPK, Gurobi). Columns are `x_n_f`,
/// `y_n_m_f`, `r_n_f` (`r_n_f_k` for each replica where flows are whole) and `s_n_f` ("sends"), counted from 0; rejected
/// rates are eliminated.
#[must_use]
pub fn centralised_mps(instance: &Instance, flows: Flows) -> String {
    Model::new(instance, flows).program.mps("FRALB")
}

/// Solves the centralised problem (the load management model, LMM).
///
/// *Exact*: branch and bound, which starts from what the dive finds; then flows are solved for once more with the replicas
/// and senders found, so that tolerances of the search do not reach the result.
///
/// *Dive*: the linear relaxation tells who sends and who receives, in four steps with the most decided first; with that fixed,
/// it tells loads; a knapsack of each node tells replicas for these; with them fixed, a last linear program tells the flows.
/// Up to four rounds, the best of which is kept, or the allocation of [`distribute`](super::distribute) in one iteration, or
/// that without forwarding, if these are better. Its bound is the relaxation's.
///
/// *Rounding*: the relaxation's replicas are rounded down, and up again where memory is left, largest fraction first.
///
/// ```
/// use stratosim::placement::functions::{CentralisedOptions, Instance, InstanceParts, Status, solve_centralised};
/// // Two neighbours; a replica serves 0.8 / 0.5 s = 1.6 requests per second, and the first has memory for one.
/// let instance = Instance::new(
///     InstanceParts {
///         memory_capacity_mb: vec![100, 1000],
///         memory_requirement_mb: vec![100],
///         max_utilisation: vec![0.8],
///         demand_s: vec![vec![0.5]; 2],
///         edges: vec![[0, 1]],
///         alpha: vec![vec![1.0]; 2],
///         gamma: vec![vec![0.1]; 2],
///         delta: vec![vec![0.9]; 2],
///         load_rps: vec![vec![4.0], vec![2.0]],
///         ..InstanceParts::default()
///     },
///     |_, _, _| 0.9,
/// )?;
/// let best = solve_centralised(&instance, &CentralisedOptions::optimum())?;
/// // 1.6 of 4 locally, 2.4 at the neighbour: (1.6 + 0.9 * 2.4) / 4 + 1.
/// assert!((best.objective - 1.94).abs() < 1e-6);
/// assert_eq!(best.status, Status::Optimal);
/// # Ok::<(), stratosim::placement::functions::FunctionsError>(())
/// ```
///
/// # Errors
/// If an option is out of range, loads are not whole where flows are, or the solver fails.
pub fn solve_centralised(
    instance: &Instance,
    options: &CentralisedOptions,
) -> Result<Outcome, FunctionsError> {
    options.check(instance)?;
    let model = Model::new(instance, options.flows);
    let backend = match options.solver {
        CentralisedSolver::Exact => Backend::Microlp,
        CentralisedSolver::Auto if instance.streams() <= EXACT_STREAMS => Backend::Microlp,
        #[cfg(feature = "highs")]
        CentralisedSolver::Highs => Backend::Highs,
        CentralisedSolver::Rounding => return dive::round(instance, &model),
        CentralisedSolver::Auto | CentralisedSolver::Dive => {
            return dive::dive(instance, &model, options.flows);
        }
    };
    let started = dive::dive(instance, &model, options.flows)?;
    let limits = Limits {
        relative_gap: options.relative_gap,
        node_limit: options.node_limit,
        time_limit_s: options.time_limit_s,
        backend,
    };
    let start = model.values_of(instance, &started.allocation);
    let Some(solved) = model.program.solve(limits, Some(&start))? else {
        return Ok(Outcome { status: stopped_by(options), ..started });
    };
    let (replicas, sends) = model.decisions(&solved.values);
    let polished = model.allocation_with(instance, &replicas, &sends)?;
    let objective = polished.objective(instance);
    // Either is a bound of what can be reached.
    let bound = match (solved.bound, started.bound) {
        (Some(bound), Some(relaxed)) => Some(bound.min(relaxed)),
        (bound, relaxed) => bound.or(relaxed),
    };
    if objective < started.objective {
        let status = if solved.status == Status::Optimal { Status::WithinGap } else { solved.status };
        return Ok(Outcome { bound, status, search_nodes: solved.search_nodes, ..started });
    }
    Ok(Outcome {
        allocation: polished,
        objective,
        bound: bound.map(|bound| bound.max(objective)),
        status: solved.status,
        search_nodes: solved.search_nodes,
        iterations: Vec::new(),
    })
}

fn stopped_by(options: &CentralisedOptions) -> Status {
    if options.time_limit_s.is_some() { Status::TimeLimit } else { Status::NodeLimit }
}
