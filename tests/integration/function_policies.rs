//! Policies that allocate replicas of functions, in worlds in which every request then comes.

use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use stratosim::apps::functions::arrivals::{After, Arrivals, StreamRates, WithinStep};
use stratosim::apps::functions::{
    AgentOptions, EpochOptions, Function, FunctionOptions, FunctionWorkload, LoadForecast, Loads, Split,
    StartStages,
};
use stratosim::apps::replica_allocation::{FunctionProblem, ReplicaAllocation, RouteShares};
use stratosim::engine::{Distribution, SimDuration, SimTime};
use stratosim::infra::network::LinkSpec;
use stratosim::infra::{FaultTarget, FaultTimes, NodeClass, NodeId, Position, Static, Tier};
use stratosim::placement::ParameterError;
use stratosim::placement::functions::{
    AgentMethod, AllocationView, CentralisedOptions, DistributedOptions, Fixed, FunctionsError,
    Horizontal, InstanceSeries, Knative, Lmm, Macro, Normalisation, PredictedLoads, QueueLength,
    ReplicaAllocationPolicy, ReplicaCounts, RequestRate, SortingRule,
};
use stratosim::records::NoRecords;
use stratosim::units::{Duration, Ratio};
use stratosim::world::WorldBuilder;

/// A question, and what was answered.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    at_s: f64,
    epoch: u64,
    memory_mb: Vec<u64>,
    loads_rps: Vec<f64>,
    ready: Vec<u32>,
    answer: ReplicaAllocation,
}

impl Asked {
    fn objective(&self) -> f64 {
        self.answer.found.as_ref().unwrap().objective
    }

    fn iterations(&self) -> u32 {
        self.answer.found.as_ref().unwrap().iterations
    }
}

/// Asks another policy, and keeps what it is asked and answers.
#[derive(Debug)]
struct Watched {
    policy: Box<dyn ReplicaAllocationPolicy>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl ReplicaAllocationPolicy for Watched {
    fn period_s(&self) -> Option<f64> {
        self.policy.period_s()
    }

    fn check(&self) -> Result<(), ParameterError> {
        self.policy.check()
    }

    fn agents(&mut self) -> Option<&mut dyn AgentMethod> {
        self.policy.agents()
    }

    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        let answer = self.policy.allocate(view)?;
        let instance = view.instance();
        let asked = Asked {
            at_s: view.now().as_secs(),
            epoch: view.epoch(),
            memory_mb: (0..instance.nodes()).map(|node| instance.memory_capacity_mb(node)).collect(),
            loads_rps: (0..view.streams()).map(|s| instance.load_rps(s)).collect(),
            ready: (0..view.streams()).map(|s| view.ready(s)).collect(),
            answer: answer.clone(),
        };
        self.asked.lock().unwrap().push(asked);
        Ok(answer)
    }
}

/// A world of the nodes and functions of an instance, with its loads in steps as long as an epoch.
pub(crate) struct Case {
    pub(crate) series: InstanceSeries,
    pub(crate) epoch_s: f64,
    pub(crate) epochs: u32,
    pub(crate) loads: Loads,
    pub(crate) split: Split,
    pub(crate) within: WithinStep,
    pub(crate) compare: Vec<String>,
    /// Of all functions.
    pub(crate) start_s: f64,
    pub(crate) queue_limit: usize,
    pub(crate) start_on_demand: bool,
    pub(crate) faults: Vec<(FaultTarget, Vec<f64>)>,
    pub(crate) agents: Option<AgentOptions>,
}

impl Case {
    pub(crate) fn new(series: InstanceSeries, epoch_s: f64) -> Self {
        let epochs = series.steps.len() as u32;
        Case {
            series,
            epoch_s,
            epochs,
            loads: Loads::Announced,
            split: Split::Smooth,
            within: WithinStep::Equidistant,
            compare: Vec::new(),
            start_s: 0.0,
            queue_limit: usize::MAX,
            start_on_demand: true,
            faults: Vec::new(),
            agents: None,
        }
    }

    pub(crate) fn run(self, policy: impl ReplicaAllocationPolicy + 'static) -> (Vec<Asked>, Value) {
        let instance = &self.series.instance;
        let (nodes, functions) = (instance.nodes(), instance.functions());
        let mut world =
            WorldBuilder::new(1, SimDuration::from_secs(self.epoch_s * f64::from(self.epochs)));
        for node in 0..nodes {
            let mut class = NodeClass::new(format!("n{node}"), Tier::Edge, 1);
            class.cores = 2000;
            class.resources.memory_bytes = instance.memory_capacity_mb(node) as f64 * 1e6;
            world.class(class, Static::at(vec![Position::default()]).unwrap());
        }
        let arcs: Vec<(u32, u32)> = (0..instance.arcs())
            .map(|arc| (instance.arc_from(arc) as u32, instance.arc_to(arc) as u32))
            .collect();
        for &(from, to) in arcs.iter().filter(|(from, to)| from < to) {
            let millisecond = SimDuration::from_secs(1e-3);
            world.link(
                format!("{from}-{to}"),
                LinkSpec::new(NodeId(from), NodeId(to), millisecond, 1e12),
            );
        }
        for (target, times) in self.faults {
            let times = times.into_iter().map(SimTime::from_secs).collect();
            world.fault(target, FaultTimes::Given(times));
        }
        let streams = 0..instance.streams();
        let problem = FunctionProblem {
            nodes: (0..nodes as u32).map(NodeId).collect(),
            functions,
            memory_mb: (0..functions).map(|f| instance.memory_requirement_mb(f)).collect(),
            max_utilisation: (0..functions).map(|f| instance.max_utilisation(f)).collect(),
            minimum: vec![0; functions],
            maximum: vec![1000; functions],
            demand_s: streams.clone().map(|s| instance.demand_s(s)).collect(),
            beta: (0..instance.arcs() * functions)
                .map(|place| instance.beta(place / functions, place % functions))
                .collect(),
            arcs,
            alpha: streams.clone().map(|s| instance.alpha(s)).collect(),
            gamma: streams.clone().map(|s| instance.gamma(s)).collect(),
            delta: streams.map(|s| instance.delta(s)).collect(),
            is_total: instance.normalisation() == Normalisation::Total,
            compare: self.compare,
        };
        let constant = |value: f64| Distribution::constant(value).unwrap();
        let function = |f: usize| {
            let time = |node: usize| constant(instance.demand_s(instance.stream(node, f)));
            let mut function =
                Function::new(format!("f{f}"), instance.memory_requirement_mb(f), time(0));
            function.time_s = (0..nodes).map(time).collect();
            function.max_utilisation = instance.max_utilisation(f);
            function.start = StartStages { init_s: constant(self.start_s), ..StartStages::default() };
            function.queue.limit = self.queue_limit;
            function
        };
        let functions: Vec<Function> = (0..functions).map(function).collect();
        let rates: Vec<Vec<f64>> = self.series.steps.iter().map(|step| step.load_rps.clone()).collect();
        let rates = StreamRates::new(self.epoch_s, &rates, After::Hold).unwrap();
        let options = FunctionOptions {
            epochs: EpochOptions {
                length: SimDuration::from_secs(self.epoch_s),
                loads: self.loads,
                ..EpochOptions::default()
            },
            split: self.split,
            start_on_demand: self.start_on_demand,
            agents: self.agents,
            ..FunctionOptions::default()
        };
        let arrivals = Arrivals::Rates(rates, self.within);
        let horizon = world.horizon();
        let workload = FunctionWorkload::new(
            "functions",
            functions,
            Vec::new(),
            arrivals,
            problem,
            options,
            horizon,
        );
        world.workload(workload);
        let asked = Arc::new(Mutex::new(Vec::new()));
        world.replica_allocation(
            "watched",
            Watched { policy: Box::new(policy), asked: Arc::clone(&asked) },
        );
        let finished = world.build(Box::new(NoRecords)).unwrap().run().unwrap();
        let asked = asked.lock().unwrap().clone();
        (asked, finished.summary)
    }
}

/// Nodes with these memories, functions of 100 MB of which a replica serves 0.8 / 0.5 s = 1.6 requests per second.
pub(crate) fn simple(
    memory_mb: &[u64],
    edges: &[[usize; 2]],
    beta: f64,
    steps: &[&[f64]],
) -> InstanceSeries {
    let nodes = memory_mb.len();
    let functions = steps[0].len() / nodes;
    of(memory_mb, &vec![100; functions], edges, vec![vec![1.0; functions]; nodes], beta, 0.9, steps)
}

fn of(
    memory_mb: &[u64],
    requirement_mb: &[u64],
    edges: &[[usize; 2]],
    alpha: Vec<Vec<f64>>,
    beta: f64,
    delta: f64,
    steps: &[&[f64]],
) -> InstanceSeries {
    let (nodes, functions) = (memory_mb.len(), requirement_mb.len());
    let table = |value: f64| vec![vec![value; functions]; nodes];
    let steps: Vec<Value> = steps
        .iter()
        .map(|load| serde_json::json!({ "load": load.chunks(functions).collect::<Vec<_>>() }))
        .collect();
    let text = serde_json::json!({
        "Nn": nodes, "Nf": functions, "memory_capacity": memory_mb, "memory_requirement": requirement_mb,
        "max_utilization": vec![0.8; functions], "demand": table(0.5), "edges": edges, "alpha": alpha,
        "beta": vec![table(beta); nodes], "gamma": table(0.1), "delta": table(delta), "steps": steps,
    });
    InstanceSeries::from_json(&text.to_string(), "").unwrap()
}

#[track_caller]
pub(crate) fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1.0),
        "{found} is not {expected}"
    );
}

pub(crate) fn number(summary: &Value, key: &str) -> f64 {
    let value = key.split('.').fold(&summary["workloads"]["functions"], |value, key| &value[key]);
    value.as_f64().unwrap_or_else(|| panic!("no number {key} in {}", summary["workloads"]["functions"]))
}

/// What the optimum promises is what requests get: replicas are used to 80 %, so that all that is served ends in time. The
/// cases by hand are those of the tests of the methods.
#[test]
fn optima_by_hand_are_met_by_requests() {
    let h04 = of(&[100], &[60, 50], &[], vec![vec![1.0, 0.8]], 0.0, 0.0, &[&[1.6, 3.2], &[1.6, 3.2]]);
    let twice = |load: &'static [f64]| [load, load];
    let cases = [
        ("h01", simple(&[100, 1000], &[[0, 1]], 0.9, &twice(&[4.0, 2.0])), 1.94),
        ("h02", simple(&[100, 1000], &[], 0.9, &twice(&[4.0, 2.0])), 1.34),
        ("h03", simple(&[0, 500, 1000], &[[0, 1], [1, 2]], 0.9, &twice(&[10.0, 5.0, 1.0])), 2.2),
        ("h04", h04, 0.9),
        ("h05", simple(&[200, 200], &[[0, 1]], 2.0, &twice(&[1.6, 1.6])), 3.0),
    ];
    for (name, series, optimum) in cases {
        let (asked, summary) = Case::new(series, 2000.0).run(Lmm(CentralisedOptions::optimum()));
        assert_eq!(asked.iter().map(|own| own.epoch).collect::<Vec<_>>(), [0, 1], "{name}");
        for own in &asked {
            close(own.objective(), optimum, 1e-9);
        }
        println!("{name}: {}", summary["workloads"]["functions"]);
        close(number(&summary, "objective_mean"), optimum, 1e-9);
        close(number(&summary, "objective_experienced_mean"), optimum, 0.01);
        close(number(&summary, "objective_in_time_mean"), optimum, 0.01);
    }
}

/// A published instance, or a line that says that it is skipped.
pub(crate) fn published(id: &str) -> Option<InstanceSeries> {
    let folder = std::env::var_os("STRATOSIM_DATA").unwrap_or_else(|| "../shared/data".into());
    let file = PathBuf::from(folder).join("faas").join(format!("{id}.json"));
    if !file.is_file() {
        println!("skipped: there is no {}", file.display());
        return None;
    }
    Some(InstanceSeries::open(&file).unwrap())
}

/// The optimum of g01 in its three control periods, and what FaaS-MACrO finds as published, in a world in which memory is
/// worked out anew each epoch, with the replicas of the epoch before still there.
#[test]
fn published_objectives_are_met_in_the_world() {
    let Some(series) = published("g01") else { return };
    let case = || Case { within: WithinStep::Uniform, ..Case::new(series.clone(), 4.0) };
    let (asked, summary) = case().run(Lmm(CentralisedOptions::optimum()));
    let optimum = [5.912373, 5.462275, 5.758998];
    assert_eq!(asked.len(), 3);
    for (own, optimum) in asked.iter().zip(optimum) {
        close(own.objective(), optimum, 1e-6);
        assert_eq!(own.memory_mb, asked[0].memory_mb);
    }
    close(number(&summary, "objective_mean"), optimum.iter().sum::<f64>() / 3.0, 1e-6);
    let compared = Case { compare: vec!["lmm-exact".to_owned()], ..case() };
    let upstream = Macro::new(DistributedOptions::upstream(SortingRule::Product));
    let (asked, summary) = compared.run(upstream);
    let expected = [5.876767, 5.313247, 5.547840];
    for (own, expected) in asked.iter().zip(expected) {
        close(own.objective(), expected, 1e-6);
    }
    assert_eq!(asked.iter().map(Asked::iterations).collect::<Vec<_>>(), [1, 13, 100]);
    close(number(&summary, "iterations_mean"), 114.0 / 3.0, 1e-9);
    close(number(&summary, "objective_of.lmm-exact"), optimum.iter().sum::<f64>() / 3.0, 1e-6);
}

/// Comparing changes nothing of what holds.
#[test]
fn other_methods_are_compared() {
    let series = || simple(&[100, 1000], &[[0, 1]], 0.9, &[&[4.0, 2.0], &[4.0, 2.0]]);
    let fixed = || Fixed { replicas: ReplicaCounts::Each(1) };
    let compare = vec!["lmm-exact".to_owned(), "no-offloading".to_owned()];
    let (asked, summary) = Case { compare, ..Case::new(series(), 100.0) }.run(fixed());
    close(number(&summary, "objective_of.lmm-exact"), 1.94, 1e-9);
    close(number(&summary, "objective_of.no-offloading"), 1.34, 1e-9);
    let (alone, without) = Case::new(series(), 100.0).run(fixed());
    let answers = |asked: &[Asked]| asked.iter().map(|own| own.answer.clone()).collect::<Vec<_>>();
    assert_eq!(answers(&asked), answers(&alone));
    assert_eq!(number(&summary, "response_s.mean"), number(&without, "response_s.mean"));
}

/// Loads are those of the epoch before, those that come, or what a predictor makes of them; the first epoch is announced.
#[test]
fn loads_come_from_where_they_should() {
    use stratosim::placement::forecast::{MovingAverage, Oracle};
    let loads = |loads: Loads| {
        let steps: [&[f64]; 4] = [&[4.0], &[2.0], &[6.0], &[1.0]];
        let case = Case { loads, ..Case::new(simple(&[1000], &[], 0.0, &steps), 50.0) };
        let (asked, _) = case.run(Lmm::default());
        asked.iter().map(|own| own.loads_rps[0]).collect::<Vec<_>>()
    };
    let forecast =
        |predictor| Loads::Forecast(Box::new(PredictedLoads(predictor)) as Box<dyn LoadForecast>);
    assert_eq!(loads(Loads::Announced), [4.0, 2.0, 6.0, 1.0]);
    assert_eq!(loads(forecast(Box::new(Oracle {}))), [4.0, 2.0, 6.0, 1.0]);
    for (found, expected) in [
        (loads(Loads::Measured), [4.0, 4.0, 2.0, 6.0]),
        (loads(forecast(Box::new(MovingAverage { window: 2 }))), [4.0, 4.0, 3.0, 4.0]),
    ] {
        for (found, expected) in found.into_iter().zip(expected) {
            // One request more or less at the ends of an epoch.
            assert!((found - expected).abs() <= 1.0 / 50.0 + 1e-9, "{found} is not {expected}");
        }
    }
}

/// Says what it is told to, one after the other.
#[derive(Debug)]
struct Told(Vec<ReplicaAllocation>);

impl ReplicaAllocationPolicy for Told {
    fn allocate(&mut self, _: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        Ok(self.0.remove(0))
    }
}

/// What cannot be is refused, and the allocation before stays: of 4 requests per second at node 0 all are served by node 1.
#[test]
fn what_cannot_be_is_refused() {
    let of = |replicas: &[u32], local: &[f64], forwarded: &[f64]| ReplicaAllocation {
        replicas: replicas.to_vec(),
        shares: Some(RouteShares { local: local.to_vec(), forwarded: forwarded.to_vec() }),
        ..ReplicaAllocation::default()
    };
    let wrong = [
        of(&[1, 5, 1], &[0.0, 1.0], &[1.0, 0.0]),
        of(&[2, 5], &[0.0, 1.0], &[1.0, 0.0]),
        of(&[0, 2000], &[0.0, 1.0], &[1.0, 0.0]),
        of(&[0, 5], &[0.0, 1.0], &[1.0]),
        of(&[0, 5], &[0.5, 1.0], &[0.6, 0.0]),
        of(&[0, 5], &[-0.1, 1.0], &[1.0, 0.0]),
        of(&[0, 5], &[0.0, f64::NAN], &[1.0, 0.0]),
        of(&[0, 5], &[0.0, 1.0], &[1.0, f64::NAN]),
    ];
    let series = |epochs: usize| {
        let steps: Vec<&[f64]> = vec![&[4.0, 0.0]; epochs];
        simple(&[100, 200_000], &[[0, 1]], 0.9, &steps)
    };
    let right = of(&[0, 5], &[0.0, 1.0], &[1.0, 0.0]);
    let answers: Vec<ReplicaAllocation> = std::iter::once(right.clone()).chain(wrong).collect();
    let epochs = answers.len();
    let (_, summary) = Case::new(series(epochs), 50.0).run(Told(answers));
    assert_eq!(summary["decisions"]["refused"], epochs - 1);
    assert_eq!(number(&summary, "refused"), (epochs - 1) as f64);
    assert_eq!(number(&summary, "forwarded_share"), 1.0);
    assert_eq!(number(&summary, "starts"), 5.0);

    // Node 1 fails at 75 s: what is forwarded to it from 100 s on is refused, and it is offered no memory.
    let shares_kept = of(&[1, 0], &[1.0, 1.0], &[0.0, 0.0]);
    let case =
        Case { faults: vec![(FaultTarget::Node(NodeId(1)), vec![75.0])], ..Case::new(series(4), 50.0) };
    let of_no_node = of(&[0, 0], &[0.0, 1.0], &[1.0, 0.0]);
    let (asked, summary) = case.run(Told(vec![right.clone(), right, of_no_node, shares_kept]));
    assert_eq!(summary["decisions"]["refused"], 1);
    let memory = |own: &Asked| own.memory_mb[1] > 0;
    assert_eq!(asked.iter().map(memory).collect::<Vec<_>>(), [true, true, false, false]);
}

/// Node 1 of h01 is down from the middle of the second epoch to the middle of the third: (1.6 - 0.24) / 4 is all that is left
/// of the objective, since what enters at node 1 is lost, as is what is forwarded there meanwhile. The epoch is not brought
/// forward.
#[test]
fn failures_are_seen_in_the_next_epoch() {
    let series = simple(&[100, 1000], &[[0, 1]], 0.9, &[&[4.0, 2.0][..]; 5]);
    let case = Case {
        faults: vec![(FaultTarget::Node(NodeId(1)), vec![150.0, 250.0])],
        ..Case::new(series, 100.0)
    };
    let (asked, summary) = case.run(Lmm(CentralisedOptions::optimum()));
    let memory: Vec<&[u64]> = asked.iter().map(|own| &own.memory_mb[..]).collect();
    let both: &[u64] = &[100, 1000];
    assert_eq!(memory, [both, both, &[100, 0], both, both]);
    for (own, expected) in asked.iter().zip([1.94, 1.94, 0.34, 1.94, 1.94]) {
        close(own.objective(), expected, 1e-9);
    }
    // 2.4 of 4 requests per second for 50 s, and 2 that enter there for 100 s.
    let lost = number(&summary, "outcomes.lost_to_fault");
    assert!((lost - 320.0).abs() <= 10.0, "{lost} requests are lost");
    assert_eq!(summary["decisions"]["refused"], 0);
}

/// Replicas wanted by a policy with a clock of its own, by time.
fn wanted(asked: &[Asked]) -> Vec<(f64, u32)> {
    asked.iter().map(|own| (own.at_s, own.answer.replicas[0])).collect()
}

fn at(wanted: &[(f64, u32)], time_s: f64) -> u32 {
    wanted.iter().rev().find(|(at_s, _)| *at_s <= time_s).unwrap().1
}

/// A node and a function of which a request takes half a second.
fn one(steps: &[f64], epoch_s: f64) -> Case {
    let rows: Vec<[f64; 1]> = steps.iter().map(|&rate| [rate]).collect();
    let rows: Vec<&[f64]> = rows.iter().map(|row| &row[..]).collect();
    Case::new(simple(&[100_000], &[], 0.0, &rows), epoch_s)
}

/// 20 requests per second become 200: 10 and 100 at a time. Within 6 s there is panic, in which nothing falls; when no more
/// requests come, replicas go as the stable window empties, and the last one 30 s after that.
#[test]
fn knative_follows_a_step() {
    let scaler = Knative { target: 1.0, utilisation: Ratio::from_fraction(1.0), ..Knative::default() };
    let (asked, summary) = one(&[20.0, 20.0, 200.0, 200.0, 0.0, 0.0, 0.0], 60.0).run(scaler);
    let wanted = wanted(&asked);
    let steps: Vec<f64> = wanted.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(steps.iter().all(|step| (step - 2.0).abs() < 1e-9));
    assert!((10..=11).contains(&at(&wanted, 119.0)), "{wanted:?}");
    assert!(at(&wanted, 126.0) >= 20, "{wanted:?}");
    // More than 100 at first, for what has come to wait.
    let rising: Vec<u32> =
        wanted.iter().filter(|own| (120.0..=180.0).contains(&own.0)).map(|own| own.1).collect();
    assert!(rising.is_sorted() && rising.last() > Some(&100), "{rising:?}");
    assert!((100..=101).contains(&at(&wanted, 200.0)), "{wanted:?}");
    // From 240 s on nothing comes: the last request ends at 240.5 s, and from 300.5 s on the window is empty.
    let falling: Vec<u32> = wanted.iter().filter(|own| own.0 >= 242.0).map(|own| own.1).collect();
    assert!(falling.iter().rev().is_sorted(), "{falling:?}");
    assert_eq!((at(&wanted, 302.0), at(&wanted, 330.0)), (1, 1));
    assert_eq!((at(&wanted, 336.0), wanted.last().unwrap().1), (0, 0));
    let outcomes = [number(&summary, "outcomes.done"), number(&summary, "created")];
    assert_eq!(outcomes[0], outcomes[1]);
}

/// With the usual target of 100 it counts that a replica serves one at a time, 0.7 of which is aimed at: ceil(10 / 0.7).
#[test]
fn knative_knows_how_many_a_replica_serves() {
    let (asked, summary) = one(&[20.0; 4], 60.0).run(Knative::default());
    let last = wanted(&asked).last().unwrap().1;
    assert!((15..=16).contains(&last), "{last}");
    assert_eq!(number(&summary, "outcomes.queue_full"), 0.0);
}

/// A question at the border of two epochs is one of the second.
#[test]
fn questions_belong_to_the_epoch_that_begins() {
    let scaler = RequestRate { period: Duration::from_secs(50.0), ..RequestRate::default() };
    let (asked, _) = one(&[4.0; 12], 10.0).run(scaler);
    let of: Vec<(f64, u64)> = asked.iter().map(|own| (own.at_s, own.epoch)).collect();
    assert_eq!(of, [(0.0, 0), (50.0, 5), (100.0, 10)]);
}

/// A request each 10 s keeps one replica; when they stop it goes, and the first that comes again meets one cold start.
#[test]
fn knative_comes_back_from_none() {
    let scaler = Knative { target: 1.0, utilisation: Ratio::from_fraction(1.0), ..Knative::default() };
    let case = Case { start_s: 0.7, ..one(&[0.1, 0.0, 0.0, 0.1], 120.0) };
    let (asked, summary) = case.run(scaler);
    assert_eq!(number(&summary, "cold_starts"), 2.0);
    assert_eq!(number(&summary, "starts"), 2.0);
    let wanted = wanted(&asked);
    assert_eq!([60.0, 180.0, 230.0, 350.0, 420.0].map(|time_s| at(&wanted, time_s)), [1, 1, 0, 0, 1]);
    // Both wait for the start: 0.7 s of the response.
    close(number(&summary, "response_s.max"), 1.2, 1e-6);
}

/// 20 requests per second keep 10 of 20 replicas busy, once what came before there were as many is done. From 600 s on 2 a
/// second come, for which 2 replicas are enough, but those stay for 5 minutes.
#[test]
fn horizontal_falls_late() {
    let (asked, _) = one(&[20.0, 20.0, 2.0, 2.0, 2.0], 300.0).run(Horizontal::default());
    let wanted = wanted(&asked);
    let full = at(&wanted, 599.0);
    assert!((18..=21).contains(&full), "{wanted:?}");
    assert!(
        wanted.iter().filter(|own| (599.0..900.0).contains(&own.0)).all(|own| own.1 == full),
        "{wanted:?}"
    );
    assert!((2..=3).contains(&at(&wanted, 935.0)), "{wanted:?}");
    assert_eq!(wanted.last().unwrap().1, 2, "{wanted:?}");
}

/// 5 a second where a replica serves 2: after 50 s 150 wait, which two replicas should have for 75 each; another 50 s
/// later 200, of which ceil(2 * 100 / 75) should be enough, and so they are: 50 fewer wait each time.
#[test]
fn queue_lengths_by_hand() {
    let (asked, _) = one(&[5.0; 6], 50.0).run(QueueLength::default());
    let wanted: Vec<u32> = asked.iter().map(|own| own.answer.replicas[0]).collect();
    assert_eq!(wanted[..3], [1, 2, 3], "{wanted:?}");
    assert!(wanted[3..].iter().all(|count| (2..=3).contains(count)), "{wanted:?}");
}

/// 20 a second, 4 for each replica; then 16.2, within 10 % of that; then 8.
#[test]
fn rates_by_hand() {
    let (asked, _) = one(&[20.0, 20.0, 18.5, 8.0, 8.0], 100.0).run(RequestRate::default());
    let wanted = wanted(&asked);
    assert_eq!(
        [0.0, 60.0, 160.0, 260.0, 360.0, 460.0].map(|time_s| at(&wanted, time_s)),
        [1, 5, 5, 5, 2, 2]
    );
    let ready: Vec<u32> = asked.iter().map(|own| own.ready[0]).collect();
    assert_eq!(ready[2], 5, "{ready:?}");
}

/// An autoscaler whose period is not a part of the epoch is asked by its own clock only.
#[test]
fn own_clocks_are_kept() {
    let scaler = RequestRate { period: Duration::from_secs(35.0), ..RequestRate::default() };
    let (asked, summary) = one(&[4.0, 4.0], 100.0).run(scaler);
    assert_eq!(
        asked.iter().map(|own| own.at_s).collect::<Vec<_>>(),
        [0.0, 35.0, 70.0, 105.0, 140.0, 175.0]
    );
    assert_eq!(asked.iter().map(|own| own.epoch).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1]);
    assert_eq!(number(&summary, "epochs"), 2.0);
}
