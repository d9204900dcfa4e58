//! The decision point about replicas of functions: asking, checking, recording.

use super::core::Core;
use super::decisions::Made;
use crate::apps::replica_allocation::{
    AgentReply, AgentTurn, AllocationFailure, Compared, Found, FunctionProblem, NodePlan,
    ReplicaAllocation, ReplicaAllocationChoice, ReplicaAllocationRequest, RouteShares,
};
use crate::apps::{DecisionId, DecisionPoint};
use crate::engine::{SimTime, Stream};
use crate::placement::functions::{
    Allocation, AllocationView, FunctionsError, Instance, InstanceParts, Method, Normalisation,
    ReplicaAllocationPolicy,
};
use std::collections::BTreeMap;

/// How far the shares of a stream may be above 1 together.
const SHARE_TOLERANCE: f64 = 1e-9;

/// The policy, and the problems that it is asked about.
#[derive(Debug)]
pub(super) struct ReplicaAllocator {
    pub(super) policy: Box<dyn ReplicaAllocationPolicy>,
    random: Stream,
    /// By workload.
    problems: BTreeMap<u16, Posed>,
}

/// The problem of a workload.
#[derive(Debug)]
struct Posed {
    problem: FunctionProblem,
    instance: Instance,
    compare: Vec<Method>,
    last: Option<Found>,
    /// What is known of the run of agents that goes on.
    run: AgentRun,
}

/// A run of agents.
#[derive(Debug, Default)]
struct AgentRun {
    compared: Vec<Compared>,
    decision: Option<DecisionId>,
    /// By node.
    memory_mb: Vec<u64>,
    is_up: Vec<bool>,
}

impl ReplicaAllocator {
    pub(super) fn new(policy: Box<dyn ReplicaAllocationPolicy>, random: Stream) -> Self {
        ReplicaAllocator { policy, random, problems: BTreeMap::new() }
    }

    /// Takes the problem of a workload, of which only the first counts.
    pub(super) fn add(&mut self, workload: u16, problem: FunctionProblem) -> Result<(), String> {
        let posed = Posed::new(problem).map_err(|error| error.to_string())?;
        self.problems.entry(workload).or_insert(posed);
        Ok(())
    }
}

impl Posed {
    fn new(problem: FunctionProblem) -> Result<Self, FunctionsError> {
        let instance = instance_of(&problem)?;
        let compare: Result<Vec<Method>, FunctionsError> =
            problem.compare.iter().map(|name| Method::named(name)).collect();
        Ok(Posed { instance, compare: compare?, problem, last: None, run: AgentRun::default() })
    }

    /// Sets the loads and the memory of a question.
    fn pose(&mut self, request: &ReplicaAllocationRequest<'_>) -> Result<(), AllocationFailure> {
        if request.memory_mb.len() != self.problem.nodes.len() {
            return Err(AllocationFailure("not one amount of memory for each node".to_owned()));
        }
        self.instance.set_loads(request.loads_rps).map_err(failure)?;
        for (node, &memory_mb) in request.memory_mb.iter().enumerate() {
            self.instance.set_memory_capacity_mb(node, memory_mb);
        }
        Ok(())
    }

    /// A plan of a node with no more replicas than its functions may have; refused if it has not the memory for them.
    fn within_bounds(&self, node: usize, mut plan: NodePlan) -> Result<NodePlan, AllocationFailure> {
        let functions = self.problem.functions;
        if plan.local_rps.len() != functions || plan.replicas.len() != functions {
            return Err(AllocationFailure(format!("no plan of {functions} functions of node {node}")));
        }
        let mut held_mb = 0u64;
        for (f, replicas) in plan.replicas.iter_mut().enumerate() {
            *replicas = (*replicas).min(self.problem.maximum[f]);
            let own_mb = u64::from(*replicas).saturating_mul(self.problem.memory_mb[f]);
            held_mb = held_mb.saturating_add(own_mb);
        }
        let offered_mb = self.instance.memory_capacity_mb(node);
        if held_mb > offered_mb {
            let problem =
                format!("replicas of {held_mb} MB at node {node}, which has {offered_mb} MB for them");
            return Err(AllocationFailure(problem));
        }
        Ok(plan)
    }

    /// What an allocation is worth with the loads of the question.
    fn objective(&self, allocation: &ReplicaAllocation) -> f64 {
        let Some(shares) = &allocation.shares else { return 0.0 };
        let functions = self.problem.functions;
        let load = |s: usize| self.instance.load_rps(s);
        let of_arc = |(place, share): (usize, &f64)| {
            let node = self.problem.arcs[place / functions].0 as usize;
            share * load(node * functions + place % functions)
        };
        let local_rps: Vec<f64> =
            shares.local.iter().enumerate().map(|(s, share)| share * load(s)).collect();
        let forwarded_rps = shares.forwarded.iter().enumerate().map(of_arc).collect();
        let mut flows = Allocation {
            local_rps,
            forwarded_rps,
            rejected_rps: Vec::new(),
            replicas: allocation.replicas.clone(),
        };
        let sent = flows.sent_rps(&self.instance);
        flows.rejected_rps =
            (0..sent.len()).map(|s| (load(s) - flows.local_rps[s] - sent[s]).max(0.0)).collect();
        flows.objective(&self.instance)
    }

    fn compared(&self) -> Vec<Compared> {
        let compare = self.compare.iter().map(|method| match method.allocate(&self.instance) {
            Ok(found) => Compared { objective: Some(found.objective), bound: found.bound },
            Err(_) => Compared::default(),
        });
        compare.collect()
    }

    /// What is wrong with an allocation.
    fn broken(
        &self,
        wanted: &ReplicaAllocation,
        memory_mb: &[u64],
        is_up: &dyn Fn(usize) -> bool,
    ) -> Option<String> {
        let functions = self.problem.functions;
        let streams = self.problem.streams();
        if wanted.replicas.len() != streams {
            return Some(format!("{} numbers of replicas for {streams} streams", wanted.replicas.len()));
        }
        for (node, &offered_mb) in memory_mb.iter().enumerate() {
            let replicas = &wanted.replicas[node * functions..(node + 1) * functions];
            let (maximum, memory) = (&self.problem.maximum, &self.problem.memory_mb);
            if let Some(f) = (0..functions).find(|&f| replicas[f] > maximum[f]) {
                let (wanted, most) = (replicas[f], maximum[f]);
                return Some(format!(
                    "{wanted} replicas of function {f} at node {node} where {most} are allowed"
                ));
            }
            let held = replicas.iter().zip(memory);
            let held_mb: u128 = held.map(|(&count, &own)| u128::from(count) * u128::from(own)).sum();
            if held_mb > u128::from(offered_mb) {
                return Some(format!(
                    "replicas of {held_mb} MB at node {node}, which has {offered_mb} MB for them"
                ));
            }
        }
        wanted.shares.as_ref().and_then(|shares| self.broken_shares(shares, is_up))
    }

    fn broken_shares(&self, shares: &RouteShares, is_up: &dyn Fn(usize) -> bool) -> Option<String> {
        let (functions, arcs) = (self.problem.functions, &self.problem.arcs);
        if shares.local.len() != self.problem.streams()
            || shares.forwarded.len() != arcs.len() * functions
        {
            return Some("not one share for each stream, and for each arc and function".to_owned());
        }
        let mut sums = shares.local.clone();
        for (&(from, to), forwarded) in arcs.iter().zip(shares.forwarded.chunks(functions)) {
            for (f, &share) in forwarded.iter().enumerate() {
                // Also of a share that is not a number.
                if share.is_nan() || share < 0.0 {
                    return Some(format!("the share {share} from node {from} to node {to}"));
                }
                if share > 0.0 && !is_up(to as usize) {
                    return Some(format!("requests forwarded to node {to}, which does not work"));
                }
                sums[from as usize * functions + f] += share;
            }
        }
        let bad =
            (0..sums.len()).find(|&s| !(shares.local[s] >= 0.0 && sums[s] <= 1.0 + SHARE_TOLERANCE))?;
        Some(format!(
            "shares of {} in all, {} of it local, of stream {bad}",
            sums[bad], shares.local[bad]
        ))
    }
}

/// The problem as methods know it, without loads and memory.
pub(crate) fn instance_of(problem: &FunctionProblem) -> Result<Instance, FunctionsError> {
    let (nodes, functions, streams) = (problem.nodes.len(), problem.functions, problem.streams());
    let lengths = [
        ("minimum", problem.minimum.len(), functions),
        ("maximum", problem.maximum.len(), functions),
        ("demand", problem.demand_s.len(), streams),
        ("alpha", problem.alpha.len(), streams),
        ("gamma", problem.gamma.len(), streams),
        ("delta", problem.delta.len(), streams),
        ("beta", problem.beta.len(), problem.arcs.len() * functions),
    ];
    if let Some(&(place, found, needed)) = lengths.iter().find(|(_, found, needed)| found != needed) {
        return Err(FunctionsError::Length { place: place.into(), found, needed });
    }
    let rows = |flat: &[f64]| flat.chunks(functions.max(1)).map(<[f64]>::to_vec).collect::<Vec<_>>();
    let ends = |&(from, to): &(u32, u32)| [from as usize, to as usize];
    let parts = InstanceParts {
        memory_capacity_mb: vec![0; nodes],
        memory_requirement_mb: problem.memory_mb.clone(),
        max_utilisation: problem.max_utilisation.clone(),
        demand_s: rows(&problem.demand_s),
        edges: problem.arcs.iter().map(ends).collect(),
        alpha: rows(&problem.alpha),
        gamma: rows(&problem.gamma),
        delta: rows(&problem.delta),
        load_rps: vec![vec![0.0; functions]; nodes],
        normalisation: if problem.is_total { Normalisation::Total } else { Normalisation::PerStream },
    };
    let instance = Instance::new(parts, |from, to, f| {
        let arc = problem.arcs.binary_search(&(from as u32, to as u32));
        arc.map_or(f64::NAN, |arc| problem.beta[arc * functions + f])
    })?;
    if instance.arcs() != problem.arcs.len() {
        let (found, needed) = (problem.arcs.len(), instance.arcs());
        return Err(FunctionsError::Length { place: "arcs".into(), found, needed });
    }
    Ok(instance)
}

/// Asks the policy. What cannot be counts as refused.
pub(super) fn decide(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &ReplicaAllocationRequest<'_>,
) -> ReplicaAllocationChoice {
    let ReplicaAllocator { policy, random, problems } = &mut core.replica_allocation;
    let posed = problems.get_mut(&workload);
    let posed = match posed.ok_or_else(no_problem).and_then(|posed| posed.pose(request).map(|()| posed))
    {
        Ok(posed) => posed,
        Err(failure) => {
            core.counts.refused_decisions += 1;
            return ReplicaAllocationChoice {
                result: Err(failure),
                compared: Vec::new(),
                decision: None,
            };
        }
    };
    let compared = if request.is_first { posed.compared() } else { Vec::new() };
    let (problem, last) = (&posed.problem, posed.last.as_ref());
    let mut view =
        AllocationView::new(now, workload, problem, request, &mut posed.instance, last, random);
    let is_recorded = request.is_first && core.decisions.enabled(DecisionPoint::ReplicaAllocation);
    let features = is_recorded.then(|| view.features());
    let wanted = policy.allocate(&mut view).map_err(|error| AllocationFailure(error.to_string()));
    let is_up = |node: usize| request.observed.is_up(node);
    let result = wanted.and_then(|wanted| match posed.broken(&wanted, request.memory_mb, &is_up) {
        Some(problem) => Err(AllocationFailure(problem)),
        None => Ok(wanted),
    });
    match &result {
        Ok(allocation) => posed.last.clone_from(&allocation.found),
        Err(_) => core.counts.refused_decisions += 1,
    }
    let decision = features.map(|seen| note(core, now, workload, request.epoch, &seen));
    ReplicaAllocationChoice { result, compared, decision }
}

fn no_problem() -> AllocationFailure {
    AllocationFailure("the workload has told no problem".to_owned())
}

/// Notes a decision that is recorded.
fn note(core: &mut Core, now: SimTime, workload: u16, epoch: u64, seen: &[Option<f64>]) -> DecisionId {
    core.decisions.count();
    let made = Made {
        time: now,
        point: DecisionPoint::ReplicaAllocation,
        workload: core.workload_symbols.get(usize::from(workload)).copied(),
        policy: None,
        subject: epoch,
        device: None,
        choice: None,
    };
    core.decisions.add(made, None, Some(seen))
}

/// Works out a step of the policy's agents. What cannot be counts as refused.
pub(super) fn take_agent_turn(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    turn: &AgentTurn<'_>,
) -> AgentReply {
    let reply = match turn {
        AgentTurn::Begin(request) => begin_agents(core, now, workload, request),
        AgentTurn::Finish(allocation) => finish_agents(core, workload, allocation),
        _ => go_on(&mut core.replica_allocation, workload, turn),
    };
    reply.unwrap_or_else(|failure| {
        core.counts.refused_decisions += 1;
        AgentReply::Failed(failure)
    })
}

fn no_agents() -> AllocationFailure {
    AllocationFailure("the policy has no agents".to_owned())
}

fn failure(error: FunctionsError) -> AllocationFailure {
    AllocationFailure(error.to_string())
}

fn begin_agents(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &ReplicaAllocationRequest<'_>,
) -> Result<AgentReply, AllocationFailure> {
    let ReplicaAllocator { policy, random, problems } = &mut core.replica_allocation;
    let agents = policy.agents().ok_or_else(no_agents)?;
    let posed = problems.get_mut(&workload).ok_or_else(no_problem)?;
    posed.pose(request)?;
    let compared = if request.is_first { posed.compared() } else { Vec::new() };
    let (problem, last) = (&posed.problem, posed.last.as_ref());
    let mut view =
        AllocationView::new(now, workload, problem, request, &mut posed.instance, last, random);
    if agents.wants_whole_loads() {
        view.round_loads().map_err(failure)?;
    }
    let is_recorded = request.is_first && core.decisions.enabled(DecisionPoint::ReplicaAllocation);
    let features = is_recorded.then(|| view.features());
    let prices = agents.begin(workload, &posed.instance).map_err(failure)?;
    let nodes = 0..posed.problem.nodes.len();
    posed.run = AgentRun {
        compared,
        decision: None,
        memory_mb: request.memory_mb.to_vec(),
        is_up: nodes.map(|node| request.observed.is_up(node)).collect(),
    };
    if let Some(seen) = features {
        let decision = note(core, now, workload, request.epoch, &seen);
        if let Some(posed) = core.replica_allocation.problems.get_mut(&workload) {
            posed.run.decision = Some(decision);
        }
    }
    Ok(AgentReply::Begun(prices))
}

fn go_on(
    allocator: &mut ReplicaAllocator,
    workload: u16,
    turn: &AgentTurn<'_>,
) -> Result<AgentReply, AllocationFailure> {
    let agents = allocator.policy.agents().ok_or_else(no_agents)?;
    let posed = allocator.problems.get(&workload).ok_or_else(no_problem)?;
    let instance = &posed.instance;
    match *turn {
        AgentTurn::Local { node, prices } => {
            let plan = agents.local(workload, instance, node as usize, prices).map_err(failure)?;
            posed.within_bounds(node as usize, plan).map(AgentReply::Plan)
        }
        AgentTurn::Restricted { node, forwarded_rps, received_rps } => {
            let plan = agents.restricted(workload, instance, node as usize, forwarded_rps, received_rps);
            posed.within_bounds(node as usize, plan.map_err(failure)?).map(AgentReply::Plan)
        }
        AgentTurn::Coordinate { plans } => {
            agents.coordinate(workload, instance, plans).map(AgentReply::Round).map_err(failure)
        }
        AgentTurn::Begin(_) | AgentTurn::Finish(_) => Err(no_agents()),
    }
}

/// What nodes do in the end is recorded as the policy's decision, with the objective that it has.
fn finish_agents(
    core: &mut Core,
    workload: u16,
    allocation: &ReplicaAllocation,
) -> Result<AgentReply, AllocationFailure> {
    let allocator = &mut core.replica_allocation;
    let agents = allocator.policy.agents().ok_or_else(no_agents)?;
    let posed = allocator.problems.get_mut(&workload).ok_or_else(no_problem)?;
    let (status, series) = agents.finish(workload);
    let run = std::mem::take(&mut posed.run);
    let is_up = |node: usize| run.is_up.get(node).is_some_and(|&is_up| is_up);
    let result = match posed.broken(allocation, &run.memory_mb, &is_up) {
        Some(problem) => {
            core.counts.refused_decisions += 1;
            Err(AllocationFailure(problem))
        }
        None => {
            let found = Found {
                objective: posed.objective(allocation),
                bound: None,
                iterations: series.len() as u32,
                search_nodes: 0,
                status,
                series,
            };
            posed.last = Some(found.clone());
            Ok(ReplicaAllocation { found: Some(found), ..allocation.clone() })
        }
    };
    let (compared, decision) = (run.compared, run.decision);
    Ok(AgentReply::Decided(ReplicaAllocationChoice { result, compared, decision }))
}
