//! Requests of functions: CPU time a request, and memory.
//!
//! `cargo bench --no-default-features --bench function_requests [-- <case> ...]`: ten nodes with three functions each at 70 %
//! of what their replicas can serve. Ten million requests that stay where they enter are to take less than 10 s of CPU time;
//! beside them the same with 20 % forwarded, as transfers and as mere delays, and with a replica for each request that finds
//! none. Then a thousand nodes with ten functions, allocated anew each minute by `macro`, which is to take less than a second
//! an epoch. Last the table of SimFaaS 0.2.2 over 10^6 s.

use serde_json::Value;
use stratosim::apps::functions::arrivals::Arrivals;
use stratosim::apps::functions::{Function, FunctionOptions, FunctionWorkload, KeepAlive, Travel};
use stratosim::apps::replica_allocation::{FunctionProblem, ReplicaAllocation, RouteShares};
use stratosim::placement::functions::{
    AllocationView, FunctionsError, Macro, PerRequest, ReplicaAllocationPolicy,
};
use stratosim::prelude::*;
use stratosim::records::NoRecords;

/// Always the same allocation.
#[derive(Debug)]
struct Always(ReplicaAllocation);

impl ReplicaAllocationPolicy for Always {
    fn allocate(&mut self, _: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        Ok(self.0.clone())
    }
}

/// CPU seconds of this process so far; wall time where the system does not tell.
fn cpu_s(started: std::time::Instant) -> f64 {
    // User and system time in ticks of 10 ms, after the name in parentheses.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let mut ticks = fields.split_whitespace().skip(11).filter_map(|field| field.parse::<f64>().ok());
    match (ticks.next(), ticks.next()) {
        (Some(user), Some(system)) => (user + system) / 100.0,
        _ => started.elapsed().as_secs_f64(),
    }
}

/// Peak of the memory that this process has held, in MB.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    let kilobytes = line.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1e3
}

/// Nodes around a switch, each a neighbour of the next ones, and functions on them.
struct Case {
    nodes: u32,
    /// Neighbours on each side of a ring.
    reach: u32,
    functions: Vec<Function>,
    rate_rps: f64,
    options: FunctionOptions,
    duration_s: f64,
}

impl Case {
    /// Ten nodes with three functions of 10 ms, so many requests in all at 70 % of two replicas.
    fn small(requests: f64) -> Self {
        let time = Distribution::exponential(0.01).expect("a mean");
        let function = |f: usize| Function::new(format!("f{f}"), 128, time.clone());
        let rate_rps = 0.7 * 2.0 / 0.01;
        Case {
            nodes: 10,
            reach: 1,
            functions: (0..3).map(function).collect(),
            rate_rps,
            options: FunctionOptions::default(),
            duration_s: requests / (30.0 * rate_rps),
        }
    }

    fn streams(&self) -> usize {
        self.nodes as usize * self.functions.len()
    }

    fn arcs(&self) -> Vec<(u32, u32)> {
        let near = |from: u32, to: u32| {
            let apart = (from + self.nodes - to) % self.nodes;
            apart != 0 && (apart <= self.reach || self.nodes - apart <= self.reach)
        };
        let all = (0..self.nodes).flat_map(|from| (0..self.nodes).map(move |to| (from, to)));
        all.filter(|&(from, to)| near(from, to)).collect()
    }

    /// The same replicas everywhere; 20 % of the requests are forwarded if `forwards`.
    fn replicas(&self, count: u32, forwards: bool) -> Always {
        let shares = forwards.then(|| RouteShares {
            local: vec![0.8; self.streams()],
            forwarded: vec![0.1; self.arcs().len() * self.functions.len()],
        });
        let replicas = vec![count; self.streams()];
        Always(ReplicaAllocation { replicas, shares, ..ReplicaAllocation::default() })
    }

    fn run(self, what: &str, policy: impl ReplicaAllocationPolicy + 'static) -> Value {
        let mut world = WorldBuilder::new(1, SimDuration::from_secs(self.duration_s));
        let at = |count: u32| {
            Static::at(vec![Position::ground(0.0, 0.0); count as usize]).expect("a place for each")
        };
        let mut class = NodeClass::new("edge", Tier::Edge, self.nodes);
        class.cores = 64;
        class.resources.memory_bytes = 64e9;
        let class = world.class(class, at(self.nodes));
        let nodes: Vec<NodeId> = world.nodes_of(class).collect();
        let switch = world.class(NodeClass::new("switch", Tier::Network, 1), at(1));
        let switch = world.nodes_of(switch).next().expect("one node");
        for &node in &nodes {
            world.link("link", LinkSpec::new(node, switch, SimDuration::from_secs(0.001), 1e9));
        }
        let (count, streams, arcs) = (self.functions.len(), self.streams(), self.arcs());
        let demand_s = self.functions[0].time_s[0].mean();
        let problem = FunctionProblem {
            functions: count,
            memory_mb: self.functions.iter().map(|own| own.memory_mb).collect(),
            max_utilisation: vec![0.8; count],
            minimum: vec![0; count],
            maximum: vec![1000; count],
            demand_s: vec![demand_s; streams],
            alpha: vec![1.0; streams],
            beta: vec![0.9; arcs.len() * count],
            gamma: vec![0.1; streams],
            delta: vec![0.9; streams],
            is_total: false,
            compare: Vec::new(),
            nodes,
            arcs,
        };
        let arrivals = Arrivals::poisson(vec![self.rate_rps; streams]).expect("good rates");
        let horizon = world.horizon();
        world.workload(FunctionWorkload::new(
            "functions",
            self.functions,
            Vec::new(),
            arrivals,
            problem,
            self.options,
            horizon,
        ));
        world.replica_allocation(what, policy);
        let simulation = world.build(Box::new(NoRecords)).expect("it fits together");
        let started = std::time::Instant::now();
        let before_s = cpu_s(started);
        let finished = simulation.run().expect("it runs to its end");
        let used_s = cpu_s(started) - before_s;
        let own = finished.summary["workloads"]["functions"].clone();
        let created = own["created"].as_f64().unwrap_or(f64::NAN);
        println!(
            "{what:20} {created:10.0} requests  {used_s:7.2} s CPU  {:6.3} us a request  {:6.0} MB  p_cold {}  forwarded {}",
            1e6 * used_s / created,
            peak_mb(),
            own["cold_start_probability"],
            own["forwarded_share"],
        );
        own
    }
}

/// The table of SimFaaS: rate, warm and cold service, expiry.
fn simfaas() {
    for (rate_rps, warm_s, cold_s, idle_s) in [
        (0.9, 1.991, 2.244, 600.0),
        (0.9, 1.991, 2.244, 60.0),
        (0.1, 1.0, 3.0, 20.0),
        (5.0, 0.2, 1.0, 10.0),
    ] {
        let exponential = |mean_s| Distribution::exponential(mean_s).expect("a mean");
        let mut function = Function::new("f", 1000, exponential(warm_s));
        function.cold_time_s = Some(exponential(cold_s));
        function.keep_alive = KeepAlive::Fixed { idle_s };
        let case =
            Case { nodes: 1, functions: vec![function], rate_rps, duration_s: 1e6, ..Case::small(1.0) };
        let own = case.run("simfaas", PerRequest::default());
        let number = |key: &str| own[key].as_f64().unwrap_or(f64::NAN);
        let running = number("busy_gb_s") / 1e6;
        println!(
            "  lambda {rate_rps} warm {warm_s} s cold {cold_s} s expiry {idle_s} s: p_cold {:.5} servers {:.3} running {running:.4} idle {:.3}",
            number("cold_start_probability"),
            number("replicas_mean"),
            number("replicas_mean") - running,
        );
    }
}

fn main() {
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let is_wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|own| own == name);
    if is_wanted("local") {
        let case = Case::small(1e7);
        let policy = case.replicas(2, false);
        case.run("local", policy);
    }
    for (name, travel) in [("transfer", Travel::Transfer), ("delay", Travel::Delay)] {
        if is_wanted(name) {
            let mut case = Case::small(1e6);
            case.options.travel = travel;
            let policy = case.replicas(2, true);
            case.run(name, policy);
        }
    }
    if is_wanted("per_request") {
        let mut case = Case::small(1e6);
        for function in &mut case.functions {
            function.keep_alive = KeepAlive::Fixed { idle_s: 0.01 };
            function.start.init_s = Distribution::constant(0.1).expect("a time");
        }
        case.run("per_request", PerRequest::default());
    }
    if is_wanted("macro") {
        let time = Distribution::exponential(0.1).expect("a mean");
        let function = |f: usize| Function::new(format!("f{f}"), 1024, time.clone());
        let case = Case {
            nodes: 1000,
            reach: 2,
            functions: (0..10).map(function).collect(),
            rate_rps: 1.0,
            options: FunctionOptions::default(),
            duration_s: 300.0,
        };
        case.run("macro", Macro::default());
    }
    if is_wanted("simfaas") {
        simfaas();
    }
}
