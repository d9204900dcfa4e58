//! What a policy sees of the functions of a workload.

use super::error::FunctionsError;
use super::instance::Instance;
use crate::apps::replica_allocation::{Found, FunctionProblem, ReplicaAllocationRequest};
use crate::engine::{SimTime, Stream};
use crate::records::ColumnSpec;

/// Columns of the features that are recorded of decisions.
#[must_use]
pub fn feature_columns() -> [ColumnSpec; 12] {
    [
        ColumnSpec::float(
            "load_rps",
            "1/s",
            "requests that were expected to enter, of all functions at all nodes",
        ),
        ColumnSpec::float("streams_loaded", "", "pairs of a node and a function with load"),
        ColumnSpec::float(
            "replica_memory_share",
            "",
            "memory of the replicas that there were, over what there is for replicas",
        ),
        ColumnSpec::float("function_nodes_up", "", "nodes of the functions that worked"),
        ColumnSpec::float("replicas_ready", "", "replicas that could serve"),
        ColumnSpec::float("replicas_starting", "", "replicas that were starting"),
        ColumnSpec::float("requests_queued", "", "requests that waited"),
        ColumnSpec::float("requests_in_flight", "", "requests that were being served"),
        ColumnSpec::float(
            "last_served_share",
            "",
            "part of the requests of the last epoch of which all is known that was served",
        ),
        ColumnSpec::float("last_cold_share", "", "part of them that met a cold replica"),
        ColumnSpec::float("last_objective", "", "objective that was computed when last decided"),
        ColumnSpec::float("last_iterations", "", "iterations that were taken then"),
    ]
}

/// Functions of a workload that need replicas, as a policy sees them.
///
/// Windows are seconds up to now. If the run is shorter than one, it is the run so far; windows of no length are the
/// present.
#[derive(Debug)]
pub struct AllocationView<'a> {
    now: SimTime,
    workload: u16,
    problem: &'a FunctionProblem,
    request: &'a ReplicaAllocationRequest<'a>,
    instance: &'a mut Instance,
    last: Option<&'a Found>,
    random: &'a mut Stream,
}

impl<'a> AllocationView<'a> {
    /// A view of a workload, by its number, of which the instance has the loads and the memory of now; `last` is what was
    /// found last.
    pub fn new(
        now: SimTime,
        workload: u16,
        problem: &'a FunctionProblem,
        request: &'a ReplicaAllocationRequest<'a>,
        instance: &'a mut Instance,
        last: Option<&'a Found>,
        random: &'a mut Stream,
    ) -> Self {
        AllocationView { now, workload, problem, request, instance, last, random }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Number of the workload.
    #[must_use]
    pub fn workload(&self) -> u16 {
        self.workload
    }

    /// The epoch, from 0.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.request.epoch
    }

    /// Nodes, functions, neighbours, weights, the loads as far as they are known, and the memory for replicas: what is free
    /// and what those that there are hold; 0 at nodes that do not work.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        self.instance
    }

    /// Rounds all loads to whole requests per second, for methods with whole flows.
    ///
    /// # Errors
    /// Never for loads that were allowed before.
    pub fn round_loads(&mut self) -> Result<(), FunctionsError> {
        let loads: Vec<f64> = self.request.loads_rps.iter().map(|load| load.round()).collect();
        self.instance.set_loads(&loads)
    }

    /// Number of streams: functions at nodes, `node * functions + function`.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.instance.streams()
    }

    /// Replicas that serve or could.
    #[must_use]
    pub fn ready(&self, stream: usize) -> u32 {
        self.request.observed.ready(stream)
    }

    /// Replicas that start.
    #[must_use]
    pub fn starting(&self, stream: usize) -> u32 {
        self.request.observed.starting(stream)
    }

    /// Replicas as they were last decided.
    #[must_use]
    pub fn target(&self, stream: usize) -> u32 {
        self.request.observed.target(stream)
    }

    /// Requests that wait.
    #[must_use]
    pub fn queued(&self, stream: usize) -> u32 {
        self.request.observed.queued(stream)
    }

    /// Requests that are served.
    #[must_use]
    pub fn in_flight(&self, stream: usize) -> u32 {
        self.request.observed.in_flight(stream)
    }

    /// Requests of the function that came to the node, entered there or forwarded, per second of the window.
    #[must_use]
    pub fn arrivals_rps(&self, stream: usize, window_s: f64) -> f64 {
        self.request.observed.arrivals_rps(stream, window_s)
    }

    /// Mean number of requests that waited or were served in the window.
    #[must_use]
    pub fn concurrency(&self, stream: usize, window_s: f64) -> f64 {
        self.request.observed.concurrency(stream, window_s)
    }

    /// Mean share of the ready replicas that was busy in the window; 0 without any.
    #[must_use]
    pub fn busy_share(&self, stream: usize, window_s: f64) -> f64 {
        self.request.observed.busy_share(stream, window_s)
    }

    /// Requests that a replica serves at the same time at most.
    #[must_use]
    pub fn serves_at_once(&self, stream: usize) -> u32 {
        self.request.observed.serves_at_once(stream)
    }

    /// Replicas that there are at least.
    #[must_use]
    pub fn minimum(&self, stream: usize) -> u32 {
        self.problem.minimum[stream % self.problem.functions]
    }

    /// Replicas that there are at most.
    #[must_use]
    pub fn maximum(&self, stream: usize) -> u32 {
        self.problem.maximum[stream % self.problem.functions]
    }

    /// Whether a node works.
    #[must_use]
    pub fn is_up(&self, node: usize) -> bool {
        self.request.observed.is_up(node)
    }

    /// Random numbers of the policy.
    pub fn random(&mut self) -> &mut Stream {
        self.random
    }

    /// As many of the wanted replicas as there may be: between the bounds of their function, and within the memory of their
    /// node. What is there already comes first, then what is wanted by the bounds, then one more of each function in turn.
    #[must_use]
    pub fn fitting(&self, wanted: &[u32]) -> Vec<u32> {
        let functions = self.instance.functions();
        let mut given = vec![0; self.streams()];
        for node in 0..self.instance.nodes() {
            let mut left_mb = self.instance.memory_capacity_mb(node);
            let streams = node * functions..(node + 1) * functions;
            let most = |s: usize| wanted[s].max(self.minimum(s)).min(self.maximum(s));
            let there = |s: usize| self.ready(s).saturating_add(self.starting(s));
            let firsts: [&dyn Fn(usize) -> u32; 2] =
                [&|s| most(s).min(there(s)), &|s| most(s).min(self.minimum(s))];
            for first in firsts {
                for s in streams.clone() {
                    let memory_mb = self.instance.memory_requirement_mb(s % functions);
                    let more = u64::from(first(s).saturating_sub(given[s])).min(left_mb / memory_mb);
                    // It is a part of a u32.
                    given[s] += more as u32;
                    left_mb -= more * memory_mb;
                }
            }
            loop {
                let mut has_grown = false;
                for s in streams.clone() {
                    let memory_mb = self.instance.memory_requirement_mb(s % functions);
                    if given[s] < most(s) && memory_mb <= left_mb {
                        given[s] += 1;
                        left_mb -= memory_mb;
                        has_grown = true;
                    }
                }
                if !has_grown {
                    break;
                }
            }
        }
        given
    }

    /// What is recorded of it, by [`feature_columns`].
    #[must_use]
    pub fn features(&self) -> [Option<f64>; 12] {
        let (streams, functions) = (self.streams(), self.instance.functions());
        let loads = (0..streams).map(|s| self.instance.load_rps(s));
        let count = |of: &dyn Fn(usize) -> u32| (0..streams).map(|s| f64::from(of(s))).sum::<f64>();
        let held_mb: f64 = (0..streams)
            .map(|s| {
                let replicas = f64::from(self.ready(s)) + f64::from(self.starting(s));
                replicas * self.instance.memory_requirement_mb(s % functions) as f64
            })
            .sum();
        let nodes = self.instance.nodes();
        let memory_mb: f64 = (0..nodes).map(|n| self.instance.memory_capacity_mb(n) as f64).sum();
        [
            Some(loads.clone().sum()),
            Some(loads.filter(|load| *load > 0.0).count() as f64),
            (memory_mb > 0.0).then(|| held_mb / memory_mb),
            Some((0..nodes).filter(|&n| self.is_up(n)).count() as f64),
            Some(count(&|s| self.ready(s))),
            Some(count(&|s| self.starting(s))),
            Some(count(&|s| self.queued(s))),
            Some(count(&|s| self.in_flight(s))),
            self.request.served_share,
            self.request.cold_share,
            self.last.map(|last| last.objective),
            self.last.map(|last| f64::from(last.iterations)),
        ]
    }
}
