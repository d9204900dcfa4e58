//! One control period of the problem: nodes, functions, neighbours, loads and weights.

use super::error::{FunctionsError, check_length};
use std::collections::BTreeSet;
use std::ops::Range;

/// Rounds a number of replicas up: less than this above a whole number is that number.
pub(super) const REPLICA_TOLERANCE: f64 = 1e-9;

/// The largest number of nodes and of functions of an instance.
pub const MAX_INSTANCE_SIZE: usize = 1_000_000;

/// What the terms of the objective are divided by.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Normalisation {
    /// Each stream, that is, a function at a node where its requests enter, by its own load, so that a light
    /// stream weighs as much as a heavy one. Streams without load have no part in the objective.
    #[default]
    PerStream,
    /// All by the sum of all loads, so that each request weighs the same. Without any load the objective is 0.
    Total,
}

/// What an [`Instance`] is made of, but for the rewards of forwarding. Lists are by node `n`, function `f`, or both
/// (`[n][f]`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstanceParts {
    /// Memory of node n for replicas, in MB.
    pub memory_capacity_mb: Vec<u64>,
    /// Memory of a replica of f in MB, at least 1.
    pub memory_requirement_mb: Vec<u64>,
    /// Utilisation that a replica of f may have, above 0 and at most 1.
    pub max_utilisation: Vec<f64>,
    /// Mean service time of f at n in seconds, above 0.
    pub demand_s: Vec<Vec<f64>>,
    /// Pairs of different nodes between which requests may be forwarded, both ways.
    pub edges: Vec<[usize; 2]>,
    /// Reward of a request of f that is served at n, where it entered.
    pub alpha: Vec<Vec<f64>>,
    /// Penalty of a request of f that entered at n and is rejected, or sent up to the cloud.
    pub gamma: Vec<Vec<f64>>,
    /// Reward that n expects of a request of f that it offers to others; used by distributed methods only.
    pub delta: Vec<Vec<f64>>,
    /// Requests of f that enter at n, per second.
    pub load_rps: Vec<Vec<f64>>,
    /// What the objective is divided by.
    pub normalisation: Normalisation,
}

/// One control period of the function replica allocation and load balancing problem (FRALB).
///
/// Maximise, over local rates x\[n,f\], forwarded rates y\[n,m,f\], rejected rates z\[n,f\] (all at least 0) and
/// replicas r\[n,f\] (whole, at least 0),
///
/// ```text
/// sum over n,f of ( alpha[n,f] x[n,f] + sum over m of beta[n,m,f] y[n,m,f] - gamma[n,f] z[n,f] ) / lambda[n,f]
///
/// (1) x[n,f] + sum over m of y[n,m,f] + z[n,f] = lambda[n,f]
/// (2) y[n,m,f] = 0 unless n and m are neighbours                        (one hop only)
/// (3) D[n,f] ( x[n,f] + sum over m of y[m,n,f] ) <= U[f] r[n,f]
/// (4) D[n,f] ( x[n,f] + sum over m of y[m,n,f] ) >= U[f] ( r[n,f] - 1 )   (no replica too many)
/// (5) sum over f of m[f] r[n,f] <= M[n]
/// (6) a node does not both forward and receive requests of a function    (no ping-pong)
/// ```
///
/// Source: the LoadManagementModel of DFaaSOptimizer, Journal of Systems Architecture 2026, 103787.
/// [`Normalisation`] tells what becomes of streams without load, which the published objective divides by.
///
/// A *stream* is the number `n * functions + f`; an *arc* is a way from a node to a neighbour, and arcs are sorted by
/// where they leave and lead to.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    nodes: usize,
    functions: usize,
    memory_capacity_mb: Vec<u64>,
    memory_requirement_mb: Vec<u64>,
    max_utilisation: Vec<f64>,
    demand_s: Vec<f64>,
    alpha: Vec<f64>,
    gamma: Vec<f64>,
    delta: Vec<f64>,
    load_rps: Vec<f64>,
    normalisation: Normalisation,
    first_arc: Vec<usize>,
    arc_from: Vec<u32>,
    arc_to: Vec<u32>,
    reverse: Vec<u32>,
    beta: Vec<f64>,
    /// 1 / lambda of each stream, as the normalisation has it.
    weight: Vec<f64>,
}

fn table(
    name: &str,
    rows: &[Vec<f64>],
    nodes: usize,
    functions: usize,
    allowed: &str,
    good: impl Fn(f64) -> bool,
) -> Result<Vec<f64>, FunctionsError> {
    check_length(|| name.to_owned(), rows.len(), nodes)?;
    let mut flat = Vec::with_capacity(nodes * functions);
    for (n, row) in rows.iter().enumerate() {
        check_length(|| format!("{name}[{n}]"), row.len(), functions)?;
        for (f, &value) in row.iter().enumerate() {
            if !value.is_finite() || !good(value) {
                return Err(FunctionsError::range(format!("{name}[{n}][{f}]"), value, allowed));
            }
            flat.push(value);
        }
    }
    Ok(flat)
}

impl Instance {
    /// An instance of these parts, where `beta(n, m, f)` is the reward of a request of f that entered at n and is
    /// served at its neighbour m.
    ///
    /// # Errors
    /// If a list has a wrong length, a quantity is out of range, or an edge leads nowhere or to its own end.
    pub fn new(
        parts: InstanceParts,
        beta: impl Fn(usize, usize, usize) -> f64,
    ) -> Result<Instance, FunctionsError> {
        let (nodes, functions) = (parts.memory_capacity_mb.len(), parts.memory_requirement_mb.len());
        for (name, size) in [("memory_capacity", nodes), ("memory_requirement", functions)] {
            if !(1..=MAX_INSTANCE_SIZE).contains(&size) {
                let allowed = format!("from 1 to {MAX_INSTANCE_SIZE}");
                return Err(FunctionsError::range(name, format!("a list of {size}"), allowed));
            }
        }
        check_length(|| "max_utilization".into(), parts.max_utilisation.len(), functions)?;
        for (f, &value) in parts.max_utilisation.iter().enumerate() {
            if !(value > 0.0 && value <= 1.0) {
                let place = format!("max_utilization[{f}]");
                return Err(FunctionsError::range(place, value, "above 0 and at most 1"));
            }
        }
        if let Some(f) = parts.memory_requirement_mb.iter().position(|&memory| memory == 0) {
            return Err(FunctionsError::range(format!("memory_requirement[{f}]"), 0, "at least 1"));
        }
        let any = "a finite number";
        let demand_s =
            table("demand", &parts.demand_s, nodes, functions, "above 0", |value| value > 0.0)?;
        let alpha = table("alpha", &parts.alpha, nodes, functions, any, |_| true)?;
        let gamma = table("gamma", &parts.gamma, nodes, functions, any, |_| true)?;
        let delta = table("delta", &parts.delta, nodes, functions, any, |_| true)?;
        let load_rps =
            table("load", &parts.load_rps, nodes, functions, "at least 0", |value| value >= 0.0)?;

        let mut ways = BTreeSet::new();
        for (index, &[a, b]) in parts.edges.iter().enumerate() {
            if a >= nodes || b >= nodes || a == b {
                let allowed = format!("two different nodes of 0 to {}", nodes - 1);
                let found = format!("[{a}, {b}]");
                return Err(FunctionsError::range(format!("edges[{index}]"), found, allowed));
            }
            // Both ends are below MAX_INSTANCE_SIZE.
            ways.insert((a as u32, b as u32));
            ways.insert((b as u32, a as u32));
        }
        let (arc_from, arc_to): (Vec<u32>, Vec<u32>) = ways.iter().copied().unzip();
        let first_arc: Vec<usize> =
            (0..=nodes).map(|node| arc_from.partition_point(|&from| (from as usize) < node)).collect();
        let mut rewards = Vec::with_capacity(arc_from.len() * functions);
        let mut reverse = Vec::with_capacity(arc_from.len());
        for (&from, &to) in arc_from.iter().zip(&arc_to) {
            let start = first_arc[to as usize];
            let own = &arc_to[start..first_arc[to as usize + 1]];
            reverse.push((start + own.partition_point(|&back| back < from)) as u32);
            for f in 0..functions {
                let value = beta(from as usize, to as usize, f);
                if !value.is_finite() {
                    let place = format!("beta[{from}][{to}][{f}]");
                    return Err(FunctionsError::range(place, value, any));
                }
                rewards.push(value);
            }
        }
        let mut instance = Instance {
            nodes,
            functions,
            memory_capacity_mb: parts.memory_capacity_mb,
            memory_requirement_mb: parts.memory_requirement_mb,
            max_utilisation: parts.max_utilisation,
            demand_s,
            alpha,
            gamma,
            delta,
            load_rps,
            normalisation: parts.normalisation,
            first_arc,
            arc_from,
            arc_to,
            reverse,
            beta: rewards,
            weight: Vec::new(),
        };
        instance.weigh();
        Ok(instance)
    }

    fn weigh(&mut self) {
        let inverse = |load: f64| if load > 0.0 { 1.0 / load } else { 0.0 };
        self.weight = match self.normalisation {
            Normalisation::PerStream => self.load_rps.iter().map(|&load| inverse(load)).collect(),
            Normalisation::Total => {
                vec![inverse(self.load_rps.iter().sum()); self.load_rps.len()]
            }
        };
    }

    /// Sets what enters, by stream, in requests per second: the same instance in the next control period.
    ///
    /// # Errors
    /// If there is not one load a stream, or one is not at least 0.
    pub fn set_loads(&mut self, load_rps: &[f64]) -> Result<(), FunctionsError> {
        check_length(|| "load".into(), load_rps.len(), self.streams())?;
        if let Some(s) = load_rps.iter().position(|load| !(load.is_finite() && *load >= 0.0)) {
            let place = format!("load[{}][{}]", s / self.functions, s % self.functions);
            return Err(FunctionsError::range(place, load_rps[s], "at least 0"));
        }
        self.load_rps.clear();
        self.load_rps.extend_from_slice(load_rps);
        self.weigh();
        Ok(())
    }

    /// Sets what the objective is divided by.
    pub fn set_normalisation(&mut self, normalisation: Normalisation) {
        self.normalisation = normalisation;
        self.weigh();
    }

    /// Sets the memory of a node, as when it fails (0) or comes back.
    pub fn set_memory_capacity_mb(&mut self, node: usize, memory_mb: u64) {
        if let Some(own) = self.memory_capacity_mb.get_mut(node) {
            *own = memory_mb;
        }
    }

    /// What the objective is divided by.
    #[must_use]
    pub fn normalisation(&self) -> Normalisation {
        self.normalisation
    }

    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Number of functions.
    #[must_use]
    pub fn functions(&self) -> usize {
        self.functions
    }

    /// Number of streams: nodes times functions.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.nodes * self.functions
    }

    /// Number of arcs: twice that of edges.
    #[must_use]
    pub fn arcs(&self) -> usize {
        self.arc_to.len()
    }

    /// The stream of a function at a node.
    #[must_use]
    pub fn stream(&self, node: usize, function: usize) -> usize {
        node * self.functions + function
    }

    /// The arcs that leave a node, by where they lead to.
    #[must_use]
    pub fn arcs_of(&self, node: usize) -> Range<usize> {
        self.first_arc[node]..self.first_arc[node + 1]
    }

    /// The node that an arc leaves.
    #[must_use]
    pub fn arc_from(&self, arc: usize) -> usize {
        self.arc_from[arc] as usize
    }

    /// The node that an arc leads to.
    #[must_use]
    pub fn arc_to(&self, arc: usize) -> usize {
        self.arc_to[arc] as usize
    }

    /// The arc of the other direction.
    #[must_use]
    pub fn reverse_arc(&self, arc: usize) -> usize {
        self.reverse[arc] as usize
    }

    /// The arc between two nodes, if they are neighbours.
    #[must_use]
    pub fn arc(&self, from: usize, to: usize) -> Option<usize> {
        self.arcs_of(from).find(|&arc| self.arc_to(arc) == to)
    }

    /// Memory of a node in MB.
    #[must_use]
    pub fn memory_capacity_mb(&self, node: usize) -> u64 {
        self.memory_capacity_mb[node]
    }

    /// Memory of a replica of a function in MB.
    #[must_use]
    pub fn memory_requirement_mb(&self, function: usize) -> u64 {
        self.memory_requirement_mb[function]
    }

    /// Utilisation that a replica of a function may have.
    #[must_use]
    pub fn max_utilisation(&self, function: usize) -> f64 {
        self.max_utilisation[function]
    }

    /// Mean service time in seconds, by stream.
    #[must_use]
    pub fn demand_s(&self, stream: usize) -> f64 {
        self.demand_s[stream]
    }

    /// Requests that enter per second, by stream.
    #[must_use]
    pub fn load_rps(&self, stream: usize) -> f64 {
        self.load_rps[stream]
    }

    /// Reward of local service, by stream.
    #[must_use]
    pub fn alpha(&self, stream: usize) -> f64 {
        self.alpha[stream]
    }

    /// Reward of service at the end of an arc.
    #[must_use]
    pub fn beta(&self, arc: usize, function: usize) -> f64 {
        self.beta[arc * self.functions + function]
    }

    /// Penalty of rejection, by stream.
    #[must_use]
    pub fn gamma(&self, stream: usize) -> f64 {
        self.gamma[stream]
    }

    /// Expected reward of offers to others, by stream.
    #[must_use]
    pub fn delta(&self, stream: usize) -> f64 {
        self.delta[stream]
    }

    /// What a request of a stream counts in the objective: 1 / lambda, as the normalisation has it.
    #[must_use]
    pub fn weight(&self, stream: usize) -> f64 {
        self.weight[stream]
    }

    /// Requests per second that replicas of a stream's function at its node can serve: r U / D.
    #[must_use]
    pub fn capacity_rps(&self, stream: usize, replicas: u32) -> f64 {
        f64::from(replicas) * self.max_utilisation[stream % self.functions] / self.demand_s[stream]
    }

    /// The least number of replicas that serve a rate: D rate / U, rounded up.
    #[must_use]
    pub fn replicas_for(&self, stream: usize, rate_rps: f64) -> u32 {
        let needed = self.demand_s[stream] * rate_rps / self.max_utilisation[stream % self.functions];
        // A float beyond the range saturates; no memory holds as many replicas.
        (needed - REPLICA_TOLERANCE).ceil().max(0.0) as u32
    }

    /// The most replicas of a stream's function that its node's memory holds.
    #[must_use]
    pub fn most_replicas(&self, stream: usize) -> u32 {
        let (node, function) = (stream / self.functions, stream % self.functions);
        let most = self.memory_capacity_mb[node] / self.memory_requirement_mb[function];
        u32::try_from(most).unwrap_or(u32::MAX)
    }

    /// The functions of which no node has memory for a replica: all their requests are rejected.
    #[must_use]
    pub fn unplaceable_functions(&self) -> Vec<usize> {
        let largest = self.memory_capacity_mb.iter().copied().max().unwrap_or(0);
        (0..self.functions).filter(|&f| self.memory_requirement_mb[f] > largest).collect()
    }

    /// Refuses an instance with a function that fits nowhere.
    ///
    /// # Errors
    /// If there is one, which is told with its place in `memory_requirement`.
    pub fn check_functions_fit(&self) -> Result<(), FunctionsError> {
        match self.unplaceable_functions().first() {
            None => Ok(()),
            Some(&function) => Err(FunctionsError::FitsNowhere {
                place: format!("memory_requirement[{function}]"),
                function,
                needed_mb: self.memory_requirement_mb[function],
                largest_mb: self.memory_capacity_mb.iter().copied().max().unwrap_or(0),
            }),
        }
    }

    /// Number of parts that no edge joins: 1 if each node can be reached from each other.
    #[must_use]
    pub fn components(&self) -> usize {
        let mut seen = vec![false; self.nodes];
        let mut count = 0;
        let mut open = Vec::new();
        for start in 0..self.nodes {
            if seen[start] {
                continue;
            }
            count += 1;
            seen[start] = true;
            open.push(start);
            while let Some(node) = open.pop() {
                for arc in self.arcs_of(node) {
                    let to = self.arc_to(arc);
                    if !seen[to] {
                        seen[to] = true;
                        open.push(to);
                    }
                }
            }
        }
        count
    }
}
