//! Requests of functions against queueing theory: waits, losses, shares and cold starts, all through whole worlds.

use serde_json::Value;
use stratosim::apps::functions::arrivals::{After, Arrivals, StreamRates, WithinStep};
use stratosim::apps::functions::{Function, FunctionOptions, FunctionWorkload, KeepAlive, Queue, Split};
use stratosim::apps::replica_allocation::{FunctionProblem, ReplicaAllocation, RouteShares};
use stratosim::placement::functions::{
    AllocationView, FunctionsError, PerRequest, ReplicaAllocationPolicy,
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

/// So many replicas of each stream.
fn replicas(counts: &[u32]) -> Always {
    Always(ReplicaAllocation { replicas: counts.to_vec(), ..ReplicaAllocation::default() })
}

/// A world of nodes with 16 cores and 64 GB each, all a millisecond from a switch, where functions run.
struct Case {
    functions: Vec<Function>,
    nodes: u32,
    arcs: Vec<(u32, u32)>,
    arrivals: Arrivals,
    options: FunctionOptions,
    duration_s: f64,
    warm_up_s: f64,
}

impl Case {
    /// A function at one node, with requests by a Poisson process.
    fn of(function: Function, rate_rps: f64, duration_s: f64) -> Self {
        Case {
            functions: vec![function],
            nodes: 1,
            arcs: Vec::new(),
            arrivals: Arrivals::poisson(vec![rate_rps]).unwrap(),
            options: FunctionOptions::default(),
            duration_s,
            warm_up_s: 200.0,
        }
    }

    fn problem(&self, nodes: Vec<NodeId>) -> FunctionProblem {
        let count = self.functions.len();
        let streams = nodes.len() * count;
        FunctionProblem {
            functions: count,
            memory_mb: self.functions.iter().map(|own| own.memory_mb).collect(),
            max_utilisation: vec![0.8; count],
            minimum: self.functions.iter().map(|own| own.minimum).collect(),
            maximum: self.functions.iter().map(|own| own.maximum).collect(),
            demand_s: vec![0.1; streams],
            arcs: self.arcs.clone(),
            alpha: vec![1.0; streams],
            beta: vec![0.9; self.arcs.len() * count],
            gamma: vec![0.1; streams],
            delta: vec![0.9; streams],
            is_total: false,
            compare: Vec::new(),
            nodes,
        }
    }

    fn run(self, seed: u64, policy: impl ReplicaAllocationPolicy + 'static) -> Value {
        let mut world = WorldBuilder::new(seed, SimDuration::from_secs(self.duration_s));
        world.warm_up(SimDuration::from_secs(self.warm_up_s));
        let at = |count: u32| Static::at(vec![Position::ground(0.0, 0.0); count as usize]).unwrap();
        let mut class = NodeClass::new("edge", Tier::Edge, self.nodes);
        class.cores = 16;
        class.resources.memory_bytes = 64e9;
        let class = world.class(class, at(self.nodes));
        let nodes: Vec<NodeId> = world.nodes_of(class).collect();
        let switch = world.class(NodeClass::new("switch", Tier::Network, 1), at(1));
        let switch = world.nodes_of(switch).next().unwrap();
        for &node in &nodes {
            world.link("link", LinkSpec::new(node, switch, SimDuration::from_secs(0.001), 1e9));
        }
        let (problem, horizon) = (self.problem(nodes), world.horizon());
        let workload = FunctionWorkload::new(
            "functions",
            self.functions,
            Vec::new(),
            self.arrivals,
            problem,
            self.options,
            horizon,
        );
        world.workload(workload);
        world.replica_allocation("always", policy);
        let finished = world.build(Box::new(NoRecords)).unwrap().run().unwrap();
        finished.summary["workloads"]["functions"].clone()
    }
}

/// Mean and standard error of a number of the summary over seeds.
fn over_seeds(seeds: u64, run: impl Fn(u64) -> f64) -> (f64, f64) {
    let found: Vec<f64> = (1..=seeds).map(run).collect();
    let count = found.len() as f64;
    let mean = found.iter().sum::<f64>() / count;
    let variance = found.iter().map(|own| (own - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}

/// Holds a mean to what is expected within 3 standard errors, which must be small enough to tell.
#[track_caller]
fn assert_mean((mean, error): (f64, f64), expected: f64) {
    println!("{mean} +- {error}, expected {expected}");
    assert!((mean - expected).abs() <= 3.0 * error, "{mean} +- {error}, expected {expected}");
    assert!(error < 0.05 * expected, "{mean} +- {error}: too few requests");
}

fn number(summary: &Value, key: &str) -> f64 {
    let found = key.split('.').fold(summary, |value, key| &value[key]);
    found.as_f64().unwrap_or_else(|| panic!("{key} of {summary:#}"))
}

fn exponential(mean_s: f64) -> Distribution {
    Distribution::exponential(mean_s).unwrap()
}

/// Mean wait of M/M/c by Erlang's C.
fn erlang_c_wait_s(rate: f64, mu: f64, servers: u32) -> f64 {
    let load = rate / mu;
    let mut term = 1.0;
    let mut sum = 0.0;
    for n in 0..servers {
        sum += term;
        term *= load / f64::from(n + 1);
    }
    let last = term / (1.0 - load / f64::from(servers));
    last / (sum + last) / (f64::from(servers) * mu - rate)
}

/// Share lost by Erlang's B.
fn erlang_b(load: f64, servers: u32) -> f64 {
    (1..=servers).fold(1.0, |loss, n| load * loss / (f64::from(n) + load * loss))
}

/// M/M/1 and M/M/3 by Erlang's C: requests wait in one queue for all replicas of their function at a node.
#[test]
fn pools_are_m_m_c_queues() {
    for (servers, load, duration_s) in [
        (1, 0.5, 900.0),
        (1, 0.8, 2000.0),
        (1, 0.9, 5000.0),
        (3, 0.5, 700.0),
        (3, 0.8, 1200.0),
        (3, 0.9, 3000.0),
    ] {
        let rate = load * 10.0 * f64::from(servers);
        let wait_s = |seed| {
            let case = Case::of(Function::new("f", 100, exponential(0.1)), rate, duration_s);
            number(&case.run(seed, replicas(&[servers])), "queue_s.mean")
        };
        assert_mean(over_seeds(8, wait_s), erlang_c_wait_s(rate, 10.0, servers));
    }
}

/// M/G/1 by Pollaczek and Khinchine: lambda E[S^2] / (2 (1 - rho)).
#[test]
fn one_replica_is_an_m_g_1_queue() {
    for (time, square) in [
        (Distribution::constant(0.1).unwrap(), 0.01),
        // Of shape 1/4 the coefficient of variation is 2.
        (Distribution::gamma(0.25, 0.1).unwrap(), 0.05),
    ] {
        let wait_s = |seed| {
            let case = Case::of(Function::new("f", 100, time.clone()), 7.0, 2500.0);
            number(&case.run(seed, replicas(&[1])), "queue_s.mean")
        };
        assert_mean(over_seeds(8, wait_s), 7.0 * square / (2.0 * 0.3));
    }
}

/// M/M/c/c loses by Erlang's B, whatever the distribution of the service.
#[test]
fn without_a_queue_requests_are_lost_by_erlang_b() {
    for time in [exponential(0.1), Distribution::constant(0.1).unwrap()] {
        let lost = |seed| {
            let mut function = Function::new("f", 100, time.clone());
            function.queue = Queue { limit: 0, ..Queue::default() };
            let summary = Case::of(function, 30.0, 700.0).run(seed, replicas(&[4]));
            number(&summary, "outcomes.queue_full") / number(&summary, "created")
        };
        assert_mean(over_seeds(30, lost), erlang_b(3.0, 4));
    }
}

/// Half a core serves at half its speed, and times are times alone on the replica: the same queue, four cores or a half.
#[test]
fn times_are_those_of_a_request_alone() {
    for cores in [0.5, 1.0, 4.0] {
        let mut function = Function::new("f", 100, Distribution::constant(0.1).unwrap());
        function.cores = cores;
        let summary = Case::of(function, 2.0, 2000.0).run(1, replicas(&[2]));
        assert!((number(&summary, "execution_s.mean") - 0.1).abs() < 1e-7, "{summary:#}");
    }
}

/// A replica of one core that serves any number at once is a queue with processor sharing: E[S] / (1 - rho).
#[test]
fn concurrency_shares_the_cores_of_a_replica() {
    let response_s = |seed| {
        let mut function = Function::new("f", 100, Distribution::gamma(0.5, 0.1).unwrap());
        function.concurrency = 10_000;
        number(&Case::of(function, 7.0, 2500.0).run(seed, replicas(&[1])), "response_s.mean")
    };
    assert_mean(over_seeds(8, response_s), 0.1 / 0.3);
}

/// Two nodes, at one of which requests enter: half is served there, 40 % at the other, and the rest is rejected.
fn split(rate: f64, duration_s: f64, split: Split) -> (Case, Always) {
    let mut case = Case::of(Function::new("f", 100, exponential(0.1)), rate, duration_s);
    case.nodes = 2;
    case.arcs = vec![(0, 1), (1, 0)];
    case.arrivals = Arrivals::poisson(vec![rate, 0.0]).unwrap();
    case.options = FunctionOptions { split, ..FunctionOptions::default() };
    let shares = RouteShares { local: vec![0.5, 1.0], forwarded: vec![0.4, 0.0] };
    let allocation =
        ReplicaAllocation { replicas: vec![1, 1], shares: Some(shares), ..ReplicaAllocation::default() };
    (case, Always(allocation))
}

/// A thinned Poisson process is one: both ends are M/M/1, and the mean response is that of both, with 2 ms each way.
#[test]
fn shares_thin_a_poisson_process() {
    let response_s = |seed| {
        let (case, policy) = split(16.0, 1500.0, Split::Random);
        let summary = case.run(seed, policy);
        let created = number(&summary, "created");
        // Chi-square with 2 degrees of freedom: 13.8 with probability 0.001.
        let observed = ["local_share", "forwarded_share", "rejected_share"];
        let square: f64 = observed
            .iter()
            .zip([0.5, 0.4, 0.1])
            .map(|(key, part)| created * (number(&summary, key) - part).powi(2) / part)
            .sum();
        assert!(square < 13.8, "chi-square {square}");
        number(&summary, "response_s.mean")
    };
    let (near, far) = (1.0 / (10.0 - 8.0), 1.0 / (10.0 - 6.4) + 0.004);
    assert_mean(over_seeds(8, response_s), (0.5 * near + 0.4 * far) / 0.9);
}

/// By weighted round robin the parts are met within a request of each way, also where the policy answers more often than
/// requests come.
#[test]
fn smooth_shares_are_met_exactly() {
    for (rate, duration_s, epoch_s) in [(16.0, 500.0, 60.0), (0.05, 20_000.0, 5.0)] {
        let (mut case, policy) = split(rate, duration_s, Split::Smooth);
        case.warm_up_s = 0.0;
        case.options.epochs.length = SimDuration::from_secs(epoch_s);
        let summary = case.run(1, policy);
        let created = number(&summary, "created");
        assert!(created > 800.0);
        for (key, part) in [("local_share", 0.5), ("forwarded_share", 0.4), ("rejected_share", 0.1)] {
            let apart = (number(&summary, key) - part).abs() * created;
            assert!(apart <= 1.0 + 1e-6, "{key} of {summary:#}");
        }
    }
}

/// One replica at a time, next to no service: a request is cold if none came within the keep-alive time, exp(-lambda idle).
#[test]
fn fixed_keep_alive_has_its_closed_form() {
    for (rate, idle_s) in [(0.1_f64, 10.0), (0.1, 20.0), (1.0, 3.0)] {
        let cold = |seed| {
            let mut function = Function::new("f", 100, Distribution::constant(1e-6).unwrap());
            function.keep_alive = KeepAlive::Fixed { idle_s };
            let case = Case::of(function, rate, 20_000.0 / rate);
            number(&case.run(seed, PerRequest::default()), "cold_start_probability")
        };
        assert_mean(over_seeds(4, cold), (-rate * idle_s).exp());
    }
}

/// Scale per request as SimFaaS 0.2.2 has it: its table for exponential arrivals, warm and cold services, over 10^5 s.
#[test]
fn per_request_scaling_meets_simfaas() {
    // Rate, warm and cold service, expiry; bounds of p_cold, servers, running and idle.
    type Bounds = [(f64, f64); 4];
    let rows: [(f64, f64, f64, f64, Bounds); 3] = [
        (0.9, 1.991, 2.244, 60.0, [(0.0158, 0.0165), (5.87, 5.91), (1.78, 1.80), (4.08, 4.13)]),
        (0.1, 1.0, 3.0, 20.0, [(0.206, 0.214), (1.10, 1.12), (0.141, 0.144), (0.96, 0.98)]),
        (5.0, 0.2, 1.0, 10.0, [(0.0149, 0.0152), (4.56, 4.57), (1.059, 1.059), (3.50, 3.51)]),
    ];
    for (rate, warm_s, cold_s, idle_s, bounds) in rows {
        let mut found = [0.0; 4];
        let seeds = 3;
        for seed in 1..=seeds {
            let mut function = Function::new("f", 100, exponential(warm_s));
            function.cold_time_s = Some(exponential(cold_s));
            function.keep_alive = KeepAlive::Fixed { idle_s };
            let case = Case { warm_up_s: 0.0, ..Case::of(function, rate, 1e5) };
            let summary = case.run(seed, PerRequest::default());
            let (servers, running) =
                (number(&summary, "replicas_mean"), number(&summary, "busy_gb_s") / 0.1 / 1e5);
            let cold = number(&summary, "cold_start_probability");
            for (sum, own) in found.iter_mut().zip([cold, servers, running, servers - running]) {
                *sum += own / seeds as f64;
            }
            // Little's law, exactly up to what is unfinished at the end.
            let expected = number(&summary, "execution_s.mean") * number(&summary, "created") / 1e5;
            assert!((running / expected - 1.0).abs() < 1e-3, "{running}, by Little {expected}");
        }
        println!("{rate} {idle_s}: {found:?}");
        for (own, (low, high)) in found.into_iter().zip(bounds) {
            assert!((0.98 * low..=1.02 * high).contains(&own), "{found:?}, expected {bounds:?}");
        }
    }
}

/// A timer of a period of 30 min: after some days the function is unloaded between its requests and warm when they come, for
/// less memory than a fixed time of 40 min holds.
#[test]
fn the_histogram_warms_a_timer_up() {
    let run = |keep_alive| {
        let mut function = Function::new("f", 100, Distribution::constant(1.0).unwrap());
        function.start.init_s = Distribution::constant(2.0).unwrap();
        function.keep_alive = keep_alive;
        let rates = StreamRates::new(3600.0, &[vec![1.0 / 1800.0]], After::Hold).unwrap();
        let case = Case::of(function, 1.0, 8.0 * 86_400.0);
        let arrivals = Arrivals::Rates(rates, WithinStep::Equidistant);
        let case = Case { arrivals, warm_up_s: 4.0 * 86_400.0, ..case };
        let summary = case.run(1, PerRequest::default());
        (number(&summary, "cold_start_probability"), number(&summary, "idle_gb_s"))
    };
    let histogram = KeepAlive::Histogram {
        bin_s: 60.0,
        bins: 240,
        head: 0.05,
        tail: 0.99,
        margin: 0.1,
        fixed_s: 600.0,
    };
    let (learnt, fixed) = (run(histogram), run(KeepAlive::Fixed { idle_s: 2400.0 }));
    assert_eq!((learnt.0, fixed.0), (0.0, 0.0));
    assert!(learnt.1 > 0.0 && learnt.1 < 0.3 * fixed.1, "{learnt:?} {fixed:?}");
}
