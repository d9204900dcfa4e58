//! The methods as policies: each epoch is a control period.

use super::agents::AgentMethod;
use super::auction::{AuctionOptions, auction};
use super::baselines::{StaticReplicas, greedy_by_memory, no_offloading, static_replicas};
use super::centralised::{CentralisedOptions, Flows, solve_centralised};
use super::distributed::{
    Distributed, DistributedOptions, FixedReplicas, IterationRecord, PriceProcess,
};
use super::error::{FunctionsError, check_length};
use super::instance::Instance;
use super::outcome::{Outcome, Status};
use super::policy::{ReplicaAllocationPolicy, parameter_error};
use super::view::AllocationView;
use crate::apps::replica_allocation::{Found, IterationRow, ReplicaAllocation, RouteShares};
use crate::placement::ParameterError;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

impl From<&IterationRecord> for IterationRow {
    fn from(record: &IterationRecord) -> Self {
        IterationRow {
            iteration: record.iteration,
            step: record.step,
            local_objective: record.local_objective,
            bound: record.bound,
            best_bound: record.best_bound,
            welfare: record.welfare,
            best_welfare: record.best_welfare,
            objective: record.objective,
            offered_rps: record.offered_rps,
            offloaded_rps: record.offloaded_rps,
            objective_deviation: record.objective_deviation,
        }
    }
}

pub(super) fn status(status: Status) -> Cow<'static, str> {
    match status {
        Status::Optimal => "optimal".into(),
        Status::Heuristic => "heuristic".into(),
        other => other.to_string().into(),
    }
}

/// The parts of each stream's load that go each way. What has no load is served where it enters.
fn shares_of(instance: &Instance, outcome: &Outcome) -> RouteShares {
    let functions = instance.functions();
    let allocation = &outcome.allocation;
    let sent = allocation.sent_rps(instance);
    // What is served and forwarded may exceed the load by the tolerance of a solver.
    let whole = |s: usize| instance.load_rps(s).max(allocation.local_rps[s] + sent[s]);
    let local = (0..instance.streams()).map(|s| {
        if instance.load_rps(s) > 0.0 { (allocation.local_rps[s] / whole(s)).max(0.0) } else { 1.0 }
    });
    let mut shares =
        RouteShares { local: local.collect(), forwarded: vec![0.0; instance.arcs() * functions] };
    for arc in 0..instance.arcs() {
        for f in 0..functions {
            let s = instance.stream(instance.arc_from(arc), f);
            let rate_rps = allocation.forwarded_rps[arc * functions + f];
            if instance.load_rps(s) > 0.0 && rate_rps > 0.0 {
                shares.forwarded[arc * functions + f] = rate_rps / whole(s);
            }
        }
    }
    shares
}

/// What a method has found, within the bounds of the functions: never more replicas than they allow, and where there is
/// memory left never fewer than they ask for.
fn allocation_of(view: &AllocationView<'_>, outcome: Outcome) -> ReplicaAllocation {
    let instance = view.instance();
    let shares = shares_of(instance, &outcome);
    let mut replicas = outcome.allocation.replicas;
    let functions = instance.functions();
    for node in 0..instance.nodes() {
        let streams = node * functions..(node + 1) * functions;
        let mut left_mb = instance.memory_capacity_mb(node);
        for s in streams.clone() {
            replicas[s] = replicas[s].min(view.maximum(s));
            let held_mb =
                u64::from(replicas[s]).saturating_mul(instance.memory_requirement_mb(s % functions));
            left_mb = left_mb.saturating_sub(held_mb);
        }
        for s in streams {
            let memory_mb = instance.memory_requirement_mb(s % functions);
            let more = u64::from(view.minimum(s).saturating_sub(replicas[s])).min(left_mb / memory_mb);
            // It is a part of a u32.
            replicas[s] += more as u32;
            left_mb -= more * memory_mb;
        }
    }
    let found = Found {
        objective: outcome.objective,
        bound: outcome.bound,
        iterations: outcome.iterations.len() as u32,
        search_nodes: outcome.search_nodes,
        status: status(outcome.status),
        series: outcome.iterations.iter().map(IterationRow::from).collect(),
    };
    ReplicaAllocation { replicas, shares: Some(shares), per_request: false, found: Some(found) }
}

/// The schema of options as that of a policy.
fn described<O: JsonSchema>(generator: &mut SchemaGenerator, what: &str) -> Schema {
    let mut schema = O::json_schema(generator);
    schema.insert("description".into(), what.into());
    schema
}

/// Has loads rounded where flows are whole.
fn prepare(view: &mut AllocationView<'_>, flows: Flows) -> Result<(), FunctionsError> {
    match flows {
        Flows::Continuous => Ok(()),
        Flows::Integer => view.round_loads(),
    }
}

/// The centralised optimum (LMM): a program for all nodes together, solved anew each epoch. Its solver `rounding` rounds the
/// linear relaxation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lmm(pub CentralisedOptions);

impl JsonSchema for Lmm {
    fn schema_name() -> Cow<'static, str> {
        "Lmm".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        described::<CentralisedOptions>(
            generator,
            "The centralised optimum (LMM): a program for all nodes together, solved anew each epoch. Its solver `rounding` rounds the linear relaxation.",
        )
    }
}

impl ReplicaAllocationPolicy for Lmm {
    fn check(&self) -> Result<(), ParameterError> {
        self.0.check_options().map_err(|error| parameter_error(&error))
    }

    fn depends_on_machine(&self) -> bool {
        self.0.time_limit_s.is_some()
    }

    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        prepare(view, self.0.flows)?;
        let outcome = solve_centralised(view.instance(), &self.0)?;
        Ok(allocation_of(view, outcome))
    }
}

/// FaaS-MACrO: each node decides for itself, and a coordinator matches what they offer, by prices that follow demand.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Macro {
    /// Whether prices begin with the last ones of the epoch before, in place of `first_prices`.
    pub start_from_last_prices: bool,
    /// How it works, and when it stops.
    pub options: DistributedOptions,
    /// What it remembers.
    #[serde(skip)]
    pub memory: MacroMemory,
}

/// The last prices of a policy, by workload, and what its coordinators know; nothing at first.
#[derive(Clone, Debug, Default)]
pub struct MacroMemory {
    pub(super) prices: BTreeMap<u16, Vec<f64>>,
    pub(super) processes: BTreeMap<u16, PriceProcess>,
}

impl Macro {
    /// The method with these options, from prices anew each epoch.
    #[must_use]
    pub fn new(options: DistributedOptions) -> Self {
        Macro { options, ..Macro::default() }
    }

    /// Whether `first_prices` are as many as there are functions.
    ///
    /// # Errors
    /// If not.
    pub fn check_lists(&self, functions: usize) -> Result<(), ParameterError> {
        let length = self.options.first_prices.as_ref().map_or(functions, Vec::len);
        let checked = check_length(|| "first_prices".into(), length, functions);
        checked.map_err(|error| parameter_error(&error).at("options"))
    }

    /// The options for the next epoch of a workload.
    pub(super) fn options_of(&self, workload: u16) -> DistributedOptions {
        let last = self.memory.prices.get(&workload).filter(|_| self.start_from_last_prices);
        match last {
            Some(prices) => {
                DistributedOptions { first_prices: Some(prices.clone()), ..self.options.clone() }
            }
            None => self.options.clone(),
        }
    }
}

impl ReplicaAllocationPolicy for Macro {
    fn check(&self) -> Result<(), ParameterError> {
        let functions = self.options.first_prices.as_ref().map_or(0, Vec::len);
        let of_options = self.options.check(functions);
        of_options.map_err(|error| parameter_error(&error).at("options"))?;
        if let FixedReplicas::Centralised(centralised) = &self.options.fixed_replicas {
            let checked = centralised.check_options();
            let place =
                |error| parameter_error(&error).at("centralised").at("fixed_replicas").at("options");
            checked.map_err(place)?;
        }
        Ok(())
    }

    fn depends_on_machine(&self) -> bool {
        let of_fixed = match &self.options.fixed_replicas {
            FixedReplicas::None => false,
            FixedReplicas::Centralised(centralised) => centralised.time_limit_s.is_some(),
        };
        of_fixed || self.options.time_limit_s.is_some()
    }

    fn agents(&mut self) -> Option<&mut dyn AgentMethod> {
        Some(self)
    }

    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        prepare(view, self.options.flows)?;
        let mut run = Distributed::new(view.instance(), &self.options_of(view.workload()))?;
        while run.iterate()?.is_none() {}
        let (outcome, prices) = (run.outcome(), run.prices().to_vec());
        if self.start_from_last_prices {
            self.memory.prices.insert(view.workload(), prices);
        }
        Ok(allocation_of(view, outcome))
    }
}

/// FaaS-MADeA: nodes bid for their neighbours' spare capacity, without a coordinator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Madea(pub AuctionOptions);

impl JsonSchema for Madea {
    fn schema_name() -> Cow<'static, str> {
        "Madea".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        described::<AuctionOptions>(
            generator,
            "FaaS-MADeA: nodes bid for their neighbours' spare capacity, without a coordinator.",
        )
    }
}

impl ReplicaAllocationPolicy for Madea {
    fn check(&self) -> Result<(), ParameterError> {
        self.0.check().map_err(|error| parameter_error(&error))
    }

    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        prepare(view, self.0.flows)?;
        let outcome = auction(view.instance(), &self.0)?;
        Ok(allocation_of(view, outcome))
    }
}

/// The best without forwarding: each node fills its memory with what adds the most to the objective.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NoOffloading {}

impl ReplicaAllocationPolicy for NoOffloading {
    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        Ok(allocation_of(view, no_offloading(view.instance())))
    }
}

/// Greed by memory: most reward a megabyte first; what is left goes to the neighbours with the most memory left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GreedyByMemory {}

impl ReplicaAllocationPolicy for GreedyByMemory {
    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        Ok(allocation_of(view, greedy_by_memory(view.instance())))
    }
}

/// Replicas that stay as they are, as far as memory goes, while what each node cannot serve is forwarded anew each epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Static {
    /// How many of each function at each node.
    pub replicas: StaticReplicas,
}

impl Static {
    /// Whether there is a number of replicas for each function, if there is a list.
    ///
    /// # Errors
    /// If not.
    pub fn check_lists(&self, functions: usize) -> Result<(), ParameterError> {
        let StaticReplicas::Each(each) = &self.replicas else { return Ok(()) };
        let checked = check_length(|| "replicas.each".into(), each.len(), functions);
        checked.map_err(|error| parameter_error(&error))
    }
}

impl ReplicaAllocationPolicy for Static {
    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        let outcome = static_replicas(view.instance(), &self.replicas)?;
        Ok(allocation_of(view, outcome))
    }
}

/// How many replicas there always are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ReplicaCounts {
    /// So many of each function at each node.
    Each(u32),
    /// So many by function, at each node.
    ByFunction(Vec<u32>),
    /// So many by node and function.
    ByNode(Vec<Vec<u32>>),
}

/// Always the same replicas, while requests go by the workload's own rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fixed {
    /// How many: of each function at each node, a list by function, or a list by node of lists by function.
    pub replicas: ReplicaCounts,
}

impl Default for Fixed {
    fn default() -> Self {
        Fixed { replicas: ReplicaCounts::Each(1) }
    }
}

impl Fixed {
    /// Whether lists have an entry for each node and function.
    ///
    /// # Errors
    /// If not.
    pub fn check_lists(&self, nodes: usize, functions: usize) -> Result<(), ParameterError> {
        self.counts(nodes, functions).map(|_| ()).map_err(|error| parameter_error(&error))
    }

    /// Replicas by stream.
    fn counts(&self, nodes: usize, functions: usize) -> Result<Vec<u32>, FunctionsError> {
        match &self.replicas {
            ReplicaCounts::Each(count) => Ok(vec![*count; nodes * functions]),
            ReplicaCounts::ByFunction(counts) => {
                check_length(|| "replicas".into(), counts.len(), functions)?;
                Ok(counts.repeat(nodes))
            }
            ReplicaCounts::ByNode(rows) => {
                check_length(|| "replicas".into(), rows.len(), nodes)?;
                for (n, row) in rows.iter().enumerate() {
                    check_length(|| format!("replicas[{n}]"), row.len(), functions)?;
                }
                Ok(rows.concat())
            }
        }
    }
}

impl ReplicaAllocationPolicy for Fixed {
    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        let wanted = self.counts(view.instance().nodes(), view.instance().functions())?;
        Ok(ReplicaAllocation { replicas: view.fitting(&wanted), ..ReplicaAllocation::default() })
    }
}
