//! Functions whose requests come at given instants and take given times: what becomes of each by hand.

use super::Ran;
use crate::apps::functions::arrivals::{Arrivals, Recorded, RecordedArrival};
use crate::apps::functions::{
    EpochOptions, Function, FunctionOptions, FunctionWorkload, Image, KeepAlive, Queue, Routing, Travel,
};
use crate::apps::replica_allocation::{FunctionProblem, ReplicaAllocation, RouteShares};
use crate::engine::{Distribution, SimDuration, SimTime};
use crate::infra::network::LinkSpec;
use crate::infra::{FaultTarget, FaultTimes, NodeClass, NodeId, Tier};
use crate::placement::functions::{AllocationView, FunctionsError, ReplicaAllocationPolicy};
use crate::world::WorldBuilder;
use proptest::prelude::*;

/// Answers with these allocations in turn, and then with the last one.
#[derive(Debug)]
struct Script(Vec<ReplicaAllocation>);

impl ReplicaAllocationPolicy for Script {
    fn allocate(&mut self, _: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        Ok(if self.0.len() > 1 { self.0.remove(0) } else { self.0[0].clone() })
    }
}

fn replicas(counts: &[u32]) -> ReplicaAllocation {
    ReplicaAllocation { replicas: counts.to_vec(), ..ReplicaAllocation::default() }
}

fn per_request(streams: usize) -> ReplicaAllocation {
    ReplicaAllocation { per_request: true, ..replicas(&vec![0; streams]) }
}

fn constant(value: f64) -> Distribution {
    Distribution::constant(value).unwrap()
}

/// A function of 100 MB that starts in 0.5 s to be scheduled, 0.3 s to be made, and 0.2 s until it serves.
fn function(name: &str) -> Function {
    let mut function = Function::new(name, 100, constant(1.0));
    function.start.scheduling_s = constant(0.5);
    function.start.create_s = constant(0.3);
    function.start.init_s = constant(0.2);
    function
}

/// Nodes of 4 cores and 1 GB, each 1 ms and 80 Mbps from a switch, on which another node for images and the cloud hangs.
struct Case {
    functions: Vec<Function>,
    images: Vec<Image>,
    nodes: u32,
    memory_bytes: f64,
    /// Instants, streams and service times.
    requests: Vec<(f64, u32, f64)>,
    allocations: Vec<ReplicaAllocation>,
    has_cloud: bool,
    has_registry: bool,
    /// Another node for images.
    registry: Option<u32>,
    faults: Vec<(u32, Vec<f64>)>,
    options: FunctionOptions,
    duration_s: f64,
}

impl Case {
    fn new(functions: Vec<Function>, requests: &[(f64, u32, f64)]) -> Self {
        let streams = functions.len();
        Case {
            functions,
            images: Vec::new(),
            nodes: 1,
            memory_bytes: 1e9,
            requests: requests.to_vec(),
            allocations: vec![replicas(&vec![0; streams])],
            has_cloud: false,
            has_registry: false,
            registry: None,
            faults: Vec::new(),
            options: FunctionOptions::default(),
            duration_s: 600.0,
        }
    }

    fn run(mut self) -> Ran {
        let mut world = WorldBuilder::new(1, SimDuration::from_secs(self.duration_s));
        let places = |count: u32| {
            crate::infra::Static::at(vec![crate::infra::Position::default(); count as usize]).unwrap()
        };
        let mut edge = NodeClass::new("edge", Tier::Edge, self.nodes);
        edge.cores = 4;
        edge.resources.memory_bytes = self.memory_bytes;
        world.class(edge, places(self.nodes));
        world.class(NodeClass::new("switch", Tier::Network, 1), places(1));
        let mut cloud = NodeClass::new("cloud", Tier::Cloud, 1);
        cloud.cores = 64;
        cloud.resources.memory_bytes = 1e12;
        world.class(cloud, places(1));
        let (switch, cloud) = (NodeId(self.nodes), NodeId(self.nodes + 1));
        for node in (0..self.nodes).map(NodeId).chain([cloud]) {
            let link = LinkSpec::new(node, switch, SimDuration::from_secs(1e-3), 80e6);
            world.link(format!("link-{}", node.0), link);
        }
        for (node, times) in self.faults {
            let times = times.into_iter().map(SimTime::from_secs).collect();
            world.fault(FaultTarget::Node(NodeId(node)), FaultTimes::Given(times));
        }
        if self.has_cloud {
            self.options.cloud = vec![cloud];
        }
        if self.has_registry {
            self.options.registries = vec![cloud];
        }
        if let Some(registry) = self.registry {
            self.options.registries = vec![NodeId(registry)];
        }
        let count = self.functions.len();
        let streams = self.nodes as usize * count;
        let arcs: Vec<(u32, u32)> = (0..self.nodes)
            .flat_map(|from| (0..self.nodes).filter(move |&to| to != from).map(move |to| (from, to)))
            .collect();
        let problem = FunctionProblem {
            nodes: (0..self.nodes).map(NodeId).collect(),
            functions: count,
            memory_mb: self.functions.iter().map(|own| own.memory_mb).collect(),
            max_utilisation: vec![0.8; count],
            minimum: vec![0; count],
            maximum: self.functions.iter().map(|own| own.maximum).collect(),
            demand_s: vec![1.0; streams],
            alpha: vec![1.0; streams],
            beta: vec![0.9; arcs.len() * count],
            gamma: vec![0.1; streams],
            delta: vec![0.9; streams],
            is_total: false,
            compare: Vec::new(),
            arcs,
        };
        let requests = self.requests.iter().map(|&(at_s, stream, service_s)| RecordedArrival {
            at: SimTime::from_secs(at_s),
            stream,
            service_s,
        });
        let arrivals = Arrivals::Recorded(Recorded::new(streams, requests.collect()));
        let horizon = world.horizon();
        world.workload(FunctionWorkload::new(
            "functions",
            self.functions,
            self.images,
            arrivals,
            problem,
            self.options,
            horizon,
        ));
        world.replica_allocation("script", Script(self.allocations));
        Ran::of(world)
    }
}

impl Ran {
    /// What became of the requests in order of their numbers: outcome, way, whether cold, and milliseconds in all, on the
    /// way, in the queue, for a start and of service.
    fn requests(&self) -> Vec<String> {
        let columns = [
            "invocation",
            "outcome",
            "way",
            "is_cold",
            "response_s",
            "network_s",
            "queue_s",
            "start_s",
            "execution_s",
        ];
        let mut rows: Vec<(u64, String)> = self
            .table("invocations", &columns)
            .iter()
            .map(|row| {
                let cells: Vec<&str> = row.split(' ').collect();
                let milliseconds = |text: &&str| {
                    let seconds: f64 = text.parse().unwrap();
                    format!("{}", (seconds * 1e3).round())
                };
                let times: Vec<String> = cells[4..].iter().map(milliseconds).collect();
                let cold = if cells[3] == "true" { "cold" } else { "warm" };
                let text = format!("{} {} {cold} {}", cells[1], cells[2], times.join(" "));
                (cells[0].parse().unwrap(), text)
            })
            .collect();
        rows.sort();
        rows.into_iter().map(|(_, text)| text).collect()
    }

    /// What happened to replicas.
    fn changes(&self) -> Vec<String> {
        self.table("replica_changes", &["t_s", "node", "function", "replica", "change", "cause"])
    }
}

/// The first request has a replica started; the second comes meanwhile and waits for it, then for the first one.
#[test]
fn stages_of_a_start_add_up() {
    let ran = Case::new(vec![function("f")], &[(10.0, 0, 1.0), (10.5, 0, 1.0), (20.0, 0, 0.25)]).run();
    assert_eq!(
        ran.requests(),
        [
            "done local cold 2000 0 0 1000 1000",
            "done local cold 2500 0 1000 500 1000",
            "done local warm 250 0 0 0 250"
        ]
    );
    let stages =
        ran.table("replica_changes", &["t_s", "change", "scheduling_s", "pull_s", "create_s", "init_s"]);
    assert_eq!(stages[1], "11 ready 0.5 0 0.3 0.2");
}

/// A replica is bound to the request that it was started for, although another is free before; the idle one that served
/// last is taken, and the other goes after its time.
#[test]
fn per_request_replicas_are_bound() {
    let mut own = function("f");
    own.keep_alive = KeepAlive::Fixed { idle_s: 30.0 };
    own.maximum = 2;
    let requests = [(10.0, 0, 0.1), (10.5, 0, 5.0), (10.6, 0, 1.0), (30.0, 0, 1.0), (50.0, 0, 1.0)];
    let case = Case::new(vec![own], &requests);
    let ran = Case { allocations: vec![per_request(1)], ..case }.run();
    assert_eq!(
        ran.requests(),
        [
            "done local cold 1100 0 0 1000 100",
            "done local cold 6000 0 0 1000 5000",
            "rejected rejected warm 0 0 0 0 0",
            "done local warm 1000 0 0 0 1000",
            "done local warm 1000 0 0 0 1000"
        ]
    );
    // The first is idle from 11.1 s on, the second from 16.5 s on, and then from 31 s and 51 s on.
    let stops: Vec<String> = ran.changes().into_iter().filter(|row| row.contains("stopped")).collect();
    assert_eq!(stops, ["41.1 edge f 0 stopped keep_alive", "81 edge f 1 stopped keep_alive"]);
}

/// An image of 10 MB takes 1 s at 80 Mbps, and 2 ms; two functions that need it wait for one transfer, and a third has it.
#[test]
fn two_pulls_of_one_image_are_one_transfer() {
    let functions = ["f", "g", "h"].map(|name| Function { image: Some(0), ..function(name) });
    let requests = [(10.0, 0, 1.0), (10.2, 1, 1.0), (20.0, 2, 1.0)];
    let case = Case::new(functions.to_vec(), &requests);
    let images = vec![Image { name: "python".into(), bytes: 10e6 }];
    let ran = Case { images, has_registry: true, ..case }.run();
    assert_eq!(
        ran.requests(),
        [
            "done local cold 3002 0 0 2002 1000",
            "done local cold 2802 0 0 1802 1000",
            "done local cold 2000 0 0 1000 1000"
        ]
    );
}

/// Without a way to the registry there is no replica, and nothing goes on for ever.
#[test]
fn without_its_image_a_function_has_no_replica() {
    let own = Function { image: Some(0), ..function("f") };
    let no_delay = Function { start: Default::default(), ..own.clone() };
    for own in [own, no_delay] {
        let case = Case::new(vec![own], &[(10.0, 0, 1.0)]);
        let images = vec![Image { name: "python".into(), bytes: 10e6 }];
        let faults = vec![(2, vec![1.0])];
        for allocation in [replicas(&[0]), replicas(&[2]), per_request(1)] {
            let case = Case::new(case.functions.clone(), &case.requests);
            let allocations = vec![allocation];
            let faults = faults.clone();
            let case = Case { images: images.clone(), has_registry: true, allocations, faults, ..case };
            let ran = case.run();
            let outcome = ran.table("invocations", &["outcome"]);
            assert!(["no_replica", "unfinished"].contains(&outcome[0].as_str()), "{outcome:?}");
        }
    }
}

/// Who has waited for 5 s goes, and only two may wait.
#[test]
fn queues_have_limits() {
    let mut own = function("f");
    own.queue = Queue { limit: 2, timeout_s: 5.0 };
    let requests = [(10.0, 0, 10.0), (11.0, 0, 1.0), (12.0, 0, 1.0), (13.0, 0, 1.0), (18.0, 0, 1.0)];
    let case = Case::new(vec![own], &requests);
    let ran = Case { allocations: vec![replicas(&[1])], ..case }.run();
    assert_eq!(
        ran.requests(),
        [
            "done local warm 10000 0 0 0 10000",
            "queue_timeout local warm 5000 0 5000 0 0",
            "queue_timeout local warm 5000 0 5000 0 0",
            "queue_full local warm 0 0 0 0 0",
            "done local warm 3000 0 2000 0 1000"
        ]
    );
}

/// At its failure a node loses what runs, waits and starts there; once it is repaired, what was allocated starts again.
#[test]
fn a_node_fails() {
    let case = Case::new(
        vec![function("f"), function("g")],
        &[(10.0, 0, 10.0), (11.0, 0, 1.0), (14.8, 1, 1.0), (16.0, 0, 1.0), (25.0, 0, 1.0)],
    );
    let allocations = vec![replicas(&[1, 0])];
    let ran = Case { allocations, faults: vec![(0, vec![15.0, 20.0])], ..case }.run();
    assert_eq!(
        ran.requests(),
        [
            "lost_to_fault local warm 5000 0 0 0 5000",
            "lost_to_fault local warm 4000 0 4000 0 0",
            "lost_to_fault local warm 200 0 200 0 0",
            "lost_to_fault local warm 0 0 0 0 0",
            "done local warm 1000 0 0 0 1000"
        ]
    );
    assert_eq!(
        ran.changes()[3..],
        [
            "15 edge f 0 lost node",
            "15 edge g 1 lost node",
            "20 edge f 2 started allocation",
            "21 edge f 2 ready start"
        ]
    );
}

/// A request that a replica was started for is not cold before it is served, and what is missing counts once.
#[test]
fn what_fails_is_not_cold_and_what_is_missing_counts_once() {
    let case = Case::new(vec![function("f")], &[(10.0, 0, 1.0)]);
    let ran = Case { allocations: vec![per_request(1)], faults: vec![(0, vec![10.5])], ..case }.run();
    assert_eq!(ran.requests(), ["lost_to_fault local warm 500 0 500 0 0"]);
    let mut large = function("f");
    large.memory_mb = 400;
    let case = Case::new(vec![large], &[]);
    let ran = Case { allocations: vec![replicas(&[3])], memory_bytes: 1e9, ..case }.run();
    // The world refuses what has no place in memory: it is cores that are missing.
    assert_eq!(ran.changes().len(), 0);
    let mut wide = function("f");
    wide.cores = 2.0;
    let case = Case::new(vec![wide], &[]);
    let ran = Case { allocations: vec![replicas(&[3])], ..case }.run();
    let own = &ran.summary["workloads"]["functions"];
    assert_eq!((&own["replicas_short"], &own["start_waits"]), (&1.into(), &0.into()));
}

/// What is to go ends what it does; what is to come waits for its memory.
#[test]
fn starts_wait_for_memory() {
    let mut large = function("f");
    large.memory_mb = 600;
    let mut other = function("g");
    other.memory_mb = 600;
    let case = Case::new(vec![large, other], &[(50.0, 0, 20.0), (65.0, 1, 1.0)]);
    let ran = Case { allocations: vec![replicas(&[1, 0]), replicas(&[0, 1])], ..case }.run();
    assert_eq!(
        ran.changes(),
        [
            "0 edge f 0 started allocation",
            "1 edge f 0 ready start",
            "60 edge f 0 draining allocation",
            "70 edge f 0 stopped allocation",
            "70 edge g 1 started allocation",
            "71 edge g 1 ready start"
        ]
    );
    assert_eq!(
        ran.requests(),
        ["done local warm 20000 0 0 0 20000", "done local cold 7000 0 5000 1000 1000"]
    );
    let own = &ran.summary["workloads"]["functions"];
    assert_eq!((&own["start_waits"], &own["replicas_short"]), (&1.into(), &0.into()));
}

/// A replica that drains is kept if it is wanted again before it has gone.
#[test]
fn a_replica_that_drains_is_kept() {
    let case = Case::new(vec![function("f")], &[(50.0, 0, 100.0)]);
    let allocations = vec![replicas(&[1]), replicas(&[0]), replicas(&[1])];
    let ran = Case { allocations, ..case }.run();
    assert_eq!(
        ran.changes(),
        ["0 edge f 0 started allocation", "1 edge f 0 ready start", "60 edge f 0 draining allocation"]
    );
}

/// An allocation without replicas takes none away that a request waits for, whether it starts or serves: what has come is
/// served, and only then the last one goes.
#[test]
fn an_allocation_strands_nobody() {
    let mut slow = function("f");
    slow.start.init_s = constant(5.0);
    let case = Case::new(vec![slow], &[(10.5, 0, 1.0)]);
    let epochs = EpochOptions { length: SimDuration::from_secs(1.0), ..EpochOptions::default() };
    let options = FunctionOptions { epochs, ..FunctionOptions::default() };
    let ran = Case { options, ..case }.run();
    assert_eq!(ran.requests(), ["done local cold 6800 0 0 5800 1000"]);
    let requests: Vec<(f64, u32, f64)> = (0..10).map(|n| (50.0 + f64::from(n), 0, 20.0)).collect();
    for start_on_demand in [true, false] {
        let case = Case::new(vec![function("f")], &requests);
        let options = FunctionOptions { start_on_demand, ..FunctionOptions::default() };
        let allocations = vec![replicas(&[2]), replicas(&[0])];
        let ran = Case { allocations, options, ..case }.run();
        let outcomes = ran.table("invocations", &["outcome"]);
        assert_eq!(outcomes, ["done"; 10]);
        // One drains, and ends its own at 71 s; the other one serves eight from 70 s to 230 s, and goes at the next epoch.
        let stops: Vec<String> =
            ran.changes().into_iter().filter(|row| row.contains("stopped")).collect();
        assert_eq!(stops, ["71 edge f 0 stopped allocation", "240 edge f 1 stopped allocation"]);
    }
}

/// What scaling per request rejects goes up to the cloud, too.
#[test]
fn the_cloud_takes_what_overflows() {
    let mut own = function("f");
    own.maximum = 1;
    let case = Case::new(vec![own], &[(10.0, 0, 1.0), (10.5, 0, 1.0)]);
    let ran = Case { allocations: vec![per_request(1)], has_cloud: true, ..case }.run();
    assert_eq!(
        ran.requests(),
        ["done local cold 2000 0 0 1000 1000", "done cloud cold 2004 4 0 1000 1000"]
    );
    // There is no room for a second function.
    let [mut small, mut large] = ["f", "g"].map(function);
    (small.memory_mb, large.memory_mb) = (100, 950);
    let case = Case::new(vec![small.clone(), large], &[(10.0, 1, 1.0)]);
    let ran = Case { allocations: vec![replicas(&[1, 0])], has_cloud: true, ..case }.run();
    assert_eq!(ran.requests(), ["done cloud cold 2004 4 0 1000 1000"]);
    small.image = Some(0);
    let case = Case::new(vec![small], &[(10.0, 0, 1.0)]);
    let images = vec![Image { name: "python".into(), bytes: 1e9 }];
    // No image comes: the request goes up after its wait, where there is none, either.
    let ran = Case {
        images,
        nodes: 2,
        registry: Some(1),
        faults: vec![(1, vec![5.0])],
        allocations: vec![per_request(2)],
        has_cloud: true,
        ..case
    }
    .run();
    assert_eq!(ran.requests(), ["no_replica cloud warm 1002 2 1000 0 0"]);
}

/// By Greedy-Dual-Size-Frequency with starts of 1 s and two places: `f` was used three times and `g` once, which goes for
/// `h` with the clock at 1; `h` has then a priority of 2, and goes for `g` before `f`, which has 3.
#[test]
fn greed_evicts_the_least_priority() {
    let functions = ["f", "g", "h"].map(|name| Function {
        keep_alive: KeepAlive::Greedy,
        memory_mb: 500,
        ..function(name)
    });
    let times = [(10.0, 0), (20.0, 0), (30.0, 0), (40.0, 1), (50.0, 2), (60.5, 1)];
    let requests: Vec<(f64, u32, f64)> = times.iter().map(|&(at, f)| (at, f, 1.0)).collect();
    let case = Case::new(functions.to_vec(), &requests);
    let ran = Case { allocations: vec![per_request(3)], ..case }.run();
    let evicted: Vec<String> = ran.changes().into_iter().filter(|row| row.contains("evicted")).collect();
    assert_eq!(evicted, ["50 edge g 1 evicted memory", "60.5 edge h 2 evicted memory"]);
}

/// What the allocation rejects is served in the cloud, 2 ms away: 80 kB up and 8 kB down at 80 Mbps are 8.8 ms.
#[test]
fn rejected_requests_go_to_the_cloud() {
    let mut own = function("f");
    own.request_bytes = constant(80e3);
    own.answer_bytes = constant(8e3);
    let shares = RouteShares { local: vec![0.0], forwarded: Vec::new() };
    let allocation = ReplicaAllocation { shares: Some(shares), ..replicas(&[0]) };
    let run = |has_cloud| {
        let case = Case::new(vec![own.clone()], &[(10.0, 0, 1.0), (30.0, 0, 1.0)]);
        Case { allocations: vec![allocation.clone()], has_cloud, ..case }.run().requests()
    };
    assert_eq!(run(false), ["rejected rejected warm 0 0 0 0 0"; 2]);
    assert_eq!(run(true), ["done cloud cold 2013 13 0 1000 1000", "done cloud warm 1013 13 0 0 1000"]);
}

/// Requests that are forwarded travel there and back, and are served by the replicas of the neighbour.
#[test]
fn forwarded_requests_travel() {
    let mut own = function("f");
    own.request_bytes = constant(80e3);
    own.answer_bytes = constant(8e3);
    let shares = RouteShares { local: vec![0.0, 1.0], forwarded: vec![1.0, 0.0] };
    let allocation = ReplicaAllocation { shares: Some(shares), ..replicas(&[0, 1]) };
    for travel in [Travel::Transfer, Travel::Delay] {
        let case = Case::new(vec![own.clone()], &[(10.0, 0, 1.0), (20.0, 1, 1.0)]);
        let options = FunctionOptions { travel, ..FunctionOptions::default() };
        let ran = Case { nodes: 2, allocations: vec![allocation.clone()], options, ..case }.run();
        assert_eq!(
            ran.requests(),
            ["done forwarded warm 1013 13 0 0 1000", "done local warm 1000 0 0 0 1000"]
        );
    }
}

/// Without shares, a rule sends what comes to a busy node to an idle one, 2 ms away, and the next one where least waits.
#[test]
fn rules_route_without_shares() {
    let ways = |routing| {
        let requests = [(10.0, 0, 5.0), (11.0, 0, 5.0), (12.0, 0, 1.0), (13.0, 0, 1.0), (30.0, 0, 1.0)];
        let case = Case::new(vec![function("f")], &requests);
        let options = FunctionOptions { routing, ..FunctionOptions::default() };
        let ran = Case { nodes: 2, allocations: vec![replicas(&[1, 1])], options, ..case }.run();
        let mut rows = ran.table("invocations", &["invocation", "way", "queue_s"]);
        rows.sort();
        let second = |text: &str| text.parse::<f64>().unwrap().round();
        let text = |row: String| {
            let cells: Vec<&str> = row.split(' ').collect();
            format!("{} {}", cells[1], second(cells[2]))
        };
        rows.into_iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(ways(Routing::Local), ["local 0", "local 4", "local 8", "local 8", "local 0"]);
    for routing in [Routing::LeastLoaded, Routing::PowerOfD { choices: 2 }] {
        assert_eq!(ways(routing), ["local 0", "forwarded 0", "local 3", "forwarded 3", "local 0"]);
    }
    assert_eq!(ways(Routing::Nearest), ["local 0", "forwarded 0", "local 3", "local 3", "local 0"]);
}

/// A node that keeps one image of 10 MB pulls again what it had before the other one.
#[test]
fn a_small_cache_forgets_images() {
    let own = |name, image| {
        let keep_alive = KeepAlive::Fixed { idle_s: 10.0 };
        Function { image: Some(image), keep_alive, ..function(name) }
    };
    let starts = |image_cache_bytes| {
        let requests = [(10.0, 0, 1.0), (50.0, 1, 1.0), (100.0, 0, 1.0), (150.0, 0, 1.0)];
        let case = Case::new(vec![own("f", 0), own("g", 1)], &requests);
        let images = ["a", "b"].map(|name| Image { name: name.into(), bytes: 10e6 }).to_vec();
        let options = FunctionOptions { image_cache_bytes, ..FunctionOptions::default() };
        let allocations = vec![per_request(2)];
        let ran = Case { images, has_registry: true, options, allocations, ..case }.run();
        ran.table("invocations", &["start_s"])
    };
    assert_eq!(starts(10e6), ["2.002", "2.002", "2.002", "1"]);
    assert_eq!(starts(20e6), ["2.002", "2.002", "1", "1"]);
}

/// Without keep-alive a replica goes with its request.
#[test]
fn without_keep_alive_each_request_is_cold() {
    let own = Function { keep_alive: KeepAlive::None, ..function("f") };
    let case = Case::new(vec![own], &[(10.0, 0, 1.0), (20.0, 0, 1.0)]);
    let ran = Case { allocations: vec![per_request(1)], ..case }.run();
    assert_eq!(ran.requests(), ["done local cold 2000 0 0 1000 1000"; 2]);
    let stops: Vec<String> = ran.changes().into_iter().filter(|row| row.contains("stopped")).collect();
    assert_eq!(stops, ["12 edge f 0 stopped keep_alive", "22 edge f 1 stopped keep_alive"]);
}

/// What is drawn for a request follows from when it came, not from who serves it: another policy, the same services.
#[test]
fn a_policy_changes_no_service_time() {
    let times = |allocation: ReplicaAllocation| {
        let requests: Vec<(f64, u32, f64)> =
            (0..40u32).map(|n| (10.0 * f64::from(n), n % 2, f64::NAN)).collect();
        let own = Function {
            time_s: vec![Distribution::exponential(1.0).unwrap()],
            queue: Queue { limit: usize::MAX, timeout_s: f64::INFINITY },
            ..function("f")
        };
        let case = Case::new(vec![own], &requests);
        let ran = Case { nodes: 2, allocations: vec![allocation], ..case }.run();
        let mut rows = ran.table("invocations", &["created_s", "execution_s"]);
        rows.sort();
        rows
    };
    let nanoseconds = |rows: Vec<String>| {
        let cell = |text: &str| (text.parse::<f64>().unwrap() * 1e8).round();
        rows.iter().map(|row| row.split(' ').map(cell).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let shares = RouteShares { local: vec![0.5; 2], forwarded: vec![0.5; 2] };
    let split = ReplicaAllocation { shares: Some(shares), ..replicas(&[2, 2]) };
    let (one, other) = (nanoseconds(times(split)), nanoseconds(times(per_request(2))));
    assert_eq!(one.len(), 40);
    assert_eq!(one, other);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever comes and fails: each request ends once, and replicas never hold more memory than there is.
    #[test]
    fn nothing_is_lost_and_memory_is_kept(
        requests in prop::collection::vec((0.0f64..500.0, 0u32..4, 0.01f64..20.0), 1..120),
        allocations in prop::collection::vec((prop::collection::vec(0u32..5, 4), any::<bool>(), 0.0f64..0.7, 0.0f64..0.3), 1..6),
        faults in prop::collection::vec((0u32..4, 0.0f64..500.0, 1.0f64..100.0), 0..4),
        memory in (100u64..400, 100u64..400),
        greedy in any::<bool>(),
        limit in 0usize..10,
    ) {
        let mut functions = vec![function("f"), function("g")];
        (functions[0].memory_mb, functions[1].memory_mb) = memory;
        for own in &mut functions {
            own.keep_alive = if greedy { KeepAlive::Greedy } else { KeepAlive::Fixed { idle_s: 20.0 } };
            own.queue = Queue { limit, timeout_s: 15.0 };
            own.image = Some(0);
        }
        let has_faults = !faults.is_empty();
        let allocations = allocations.into_iter().map(|(mut counts, per_request, local, forwarded)| {
            // As many as fit.
            for node in counts.chunks_mut(2) {
                while u64::from(node[0]) * memory.0 + u64::from(node[1]) * memory.1 > 1000 {
                    let most = usize::from(node[1] > node[0]);
                    node[most] -= 1;
                }
            }
            // Nothing may be forwarded to a node that has failed.
            let forwarded = if has_faults { 0.0 } else { forwarded };
            let shares = RouteShares { local: vec![local; 4], forwarded: vec![forwarded; 4] };
            let shares = (!per_request).then_some(shares);
            ReplicaAllocation { per_request, shares, ..replicas(&counts) }
        });
        let mut by_node: std::collections::BTreeMap<u32, Vec<f64>> = Default::default();
        for (node, from_s, for_s) in faults {
            by_node.entry(node).or_insert_with(|| vec![from_s, from_s + for_s]);
        }
        let case = Case::new(functions, &requests);
        let ran = Case {
            nodes: 2,
            allocations: allocations.collect(),
            images: vec![Image { name: "python".into(), bytes: 5e6 }],
            has_registry: true,
            has_cloud: true,
            faults: by_node.into_iter().collect(),
            ..case
        }
        .run();
        prop_assert_eq!(ran.requests().len(), requests.len());
        let own = &ran.summary["workloads"]["functions"];
        let ended: u64 = own["outcomes"].as_object().unwrap().values().map(|own| own.as_u64().unwrap()).sum();
        prop_assert_eq!(ended, requests.len() as u64);
        let mut held: std::collections::BTreeMap<String, u64> = Default::default();
        for row in ran.table("replica_changes", &["node", "function", "change"]) {
            let cells: Vec<&str> = row.split(' ').collect();
            let size = if cells[1] == "f" { memory.0 } else { memory.1 };
            let own = held.entry(cells[0].to_string()).or_default();
            match cells[2] {
                "started" => *own += size,
                "stopped" | "evicted" | "lost" => *own -= size,
                _ => {}
            }
            prop_assert!(cells[0] == "cloud" || *own <= 1000, "{} MB at {}", *own, cells[0]);
        }
    }
}
