//! All offloading policies in worlds of all kinds.

use super::*;
use crate::apps::OffloadingRequest;
use crate::infra::{NodeId, Tier};
use crate::output::{Destination, Recorder, TableSelection};
use crate::placement::offloading::{DecisionOutcome, Observation, OffloadingDecision, OffloadingView};
use crate::records::NoRecords;
use crate::scenario::format::OffloadingKind;
use crate::scenario::{Diagnostics, Registry, load};
use crate::world::Finished;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex};

/// Where the shipped scenarios are.
fn scenarios() -> &'static FilePath {
    FilePath::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
}

/// Makes a policy as a scenario does.
fn policy(kind: &Value) -> Box<dyn OffloadingPolicy> {
    let document = Document::parse("policy.json", &kind.to_string()).unwrap();
    let errors = RefCell::new(Diagnostics::default());
    let site = Site::root(&document, &errors, scenarios());
    let made = Registry::with_builtins().make_offloading(&OffloadingKind(kind.clone()), &site);
    made.unwrap_or_else(|| panic!("{kind}: {}", errors.borrow()))
}

/// A model that says what an observation is.
fn echo(observation: &str) -> Value {
    json!({ "inputs": [observation],
        "model": { "kind": "linear", "intercept": 0, "coefficients": [1] } })
}

/// Policies that ask for parameters, and other parameters of those that do not.
fn variants() -> Vec<Value> {
    let perceptron = json!({ "inputs": ["recent_tasks", "upload_s", "battery_level"], "model": {
        "kind": "multilayer_perceptron", "layers": [
            { "weights": [[-0.1, 0.2], [-1, 0], [0.3, 1]], "biases": [0.5, 0], "activation": "tanh" },
            { "weights": [[1], [-1]], "biases": [0.2], "activation": "logistic" } ] } });
    vec![
        json!({ "kind": "drift_plus_penalty", "energy_per_task": "0.5 J", "v": 0.3 }),
        json!({ "kind": "drift_plus_penalty", "cost_per_task": 0.1,
            "price_per_core_s": { "edge": 1, "cloud": 0.1 } }),
        json!({ "kind": "fuzzy_rules", "rules": "rules/edge-or-cloud.json" }),
        json!({ "kind": "fuzzy_rules", "rules": "rules/local-or-remote.json", "above": "fog",
            "otherwise": "local", "select": "random" }),
        json!({ "kind": "learned", "models": {
            "local": { "service_s": echo("execution_s") },
            "edge": { "success": perceptron, "service_s": echo("completion_s") },
            "cloud": { "service_s": echo("cloud_upload_s") } } }),
        json!({ "kind": "learned", "threshold": 0.9, "models": {
            "edge": { "success": perceptron }, "fog": { "success": perceptron } } }),
        json!({ "kind": "probabilistic", "local": 1, "fog": 2, "edge": 0, "select": "random" }),
        json!({ "kind": "power_of_choices", "choices": 7, "tiers": ["edge", "cloud"] }),
        json!({ "kind": "ucb1", "arms": "nodes", "exploration": 0 }),
        json!({ "kind": "mab", "arms": "nodes", "local": true }),
        json!({ "kind": "linucb", "arms": "nodes", "select": "random", "features": [
            { "observation": "relay_s", "scale": 0.01 }, { "observation": "recent_tasks", "scale": 10 },
            { "observation": "deadline_s", "scale": 1 }, { "observation": "radio_uploads", "scale": 1 } ] }),
        json!({ "kind": "predictive", "window": "1 s", "local": true, "select": "nearest" }),
        json!({ "kind": "game_theory", "select": "random", "slot": "10 s" }),
        json!({ "kind": "predictive", "arms": "ways", "even_until": "5 s", "late_counts": true }),
        json!({ "kind": "ucb1", "arms": "ways" }),
        json!({ "kind": "mab", "arms": "ways", "failure_deadlines": 1.5 }),
        json!({ "kind": "edgecloudsim_vehicular", "policy": "predictive", "warm_up": "3 s",
            "failures_only": true }),
        json!({ "kind": "edgecloudsim_vehicular", "policy": "predictive", "warm_up": "0 s",
            "narrow_dice": true }),
        json!({ "kind": "edgecloudsim_vehicular", "policy": "mab" }),
        json!({ "kind": "edgecloudsim_vehicular", "policy": "mab", "shortest": "1 MI", "longest": "1 GI",
            "one_network_delays": true }),
        json!({ "kind": "edgecloudsim_vehicular", "policy": "game_theory", "gap_for_rate": true,
            "smaller_numbers_only": true }),
        json!({ "kind": "edgecloudsim_vehicular", "policy": "game_theory" }),
        json!({ "kind": "edgecloudsim_basic", "scenario": "single_tier", "fit": "best_fit" }),
        json!({ "kind": "best_response", "local": false, "congestion": 0 }),
    ]
}

/// Those that looked at nodes alone when a task came, and may choose one that does not admit it.
const CARELESS: [&str; 8] = [
    "local_only",
    "edge_only",
    "cloud_only",
    "nearest",
    "random",
    "random_way",
    "edgecloudsim_basic",
    "edgecloudsim_vehicular",
];

/// Those that, if tasks are admitted by shares, go to the tier that they choose or nowhere.
const BY_THRESHOLD: [&str; 3] = ["network_based", "utilization_based", "hybrid"];

fn is_careless(kind: &Value) -> bool {
    kind["arms"] == "ways" || CARELESS.iter().any(|name| kind["kind"] == *name)
}

/// Tiers of which a policy refuses no task that one of their nodes admits.
fn served(kind: &Value) -> Vec<Tier> {
    let name = kind["kind"].as_str().unwrap();
    if is_careless(kind) || kind.get("fog").is_some() || kind.get("above").is_some() {
        return Vec::new();
    }
    if ["least_loaded", "local_first"].contains(&name) || kind["models"].get("fog").is_some() {
        return vec![Tier::Edge];
    }
    vec![Tier::Edge, Tier::Cloud]
}

/// Every kind that needs no parameters, and the variants.
fn kinds() -> Vec<Value> {
    let kinds = Registry::with_builtins().kinds();
    let policies = kinds.iter().filter(|kind| kind.family == "offloading policy");
    let needy = ["drift_plus_penalty", "fuzzy_rules", "learned"];
    let plain = policies.filter(|kind| !needy.contains(&kind.name.as_str()));
    plain.map(|kind| json!({ "kind": kind.name })).chain(variants()).collect()
}

/// Asks a policy and looks at its answers.
#[derive(Debug)]
struct Watched {
    inner: Box<dyn OffloadingPolicy>,
    is_careful: bool,
    served: Vec<Tier>,
    answers: Arc<Mutex<Answers>>,
}

#[derive(Debug, Default)]
struct Answers {
    decisions: u64,
    refusals: u64,
    outcomes: u64,
    energy_j: f64,
    problem: Option<String>,
}

impl Watched {
    fn check(&self, view: &mut OffloadingView<'_>, decision: OffloadingDecision) -> Option<String> {
        let node = match decision {
            OffloadingDecision::Run(node) => Some(node),
            OffloadingDecision::Place(target) => Some(target.node),
            OffloadingDecision::Refuse => None,
        };
        let Some(node) = node else {
            let nodes = self.served.iter().flat_map(|&tier| view.nodes(tier)).copied();
            let admitting: Vec<_> = nodes.filter(|&node| view.admits(node)).collect();
            // Without an estimate the queues on the way are full, so that the transfer would be refused.
            let open = admitting.into_iter().find(|&node| view.completion_s(node).is_some());
            return open.map(|node| format!("refused although {node:?} admits it"));
        };
        if node.index() >= view.infrastructure().nodes().len() {
            return Some(format!("{node:?} does not exist"));
        }
        let cores = view.infrastructure().class_of(node).cores;
        let fits = cores > 0 && (!self.is_careful || view.admits(node));
        (!fits).then(|| format!("{node:?} with {cores} cores does not admit it"))
    }
}

impl OffloadingPolicy for Watched {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let decision = self.inner.decide(view);
        let problem = self.check(view, decision);
        let energy_j = match decision {
            OffloadingDecision::Run(node) => view.device_energy_j(node),
            OffloadingDecision::Place(target) => view.device_energy_j(target.node),
            OffloadingDecision::Refuse => 0.0,
        };
        let mut answers = self.answers.lock().unwrap();
        assert_eq!(answers.decisions, view.decision(), "decisions are numbered from 0");
        answers.decisions += 1;
        answers.refusals += u64::from(decision == OffloadingDecision::Refuse);
        answers.energy_j += energy_j;
        answers.problem = answers.problem.take().or(problem);
        decision
    }

    fn decides_on_arrival(&self) -> bool {
        self.inner.decides_on_arrival()
    }

    fn decide_on_arrival(&mut self, view: &mut OffloadingView<'_>, node: NodeId) -> OffloadingDecision {
        self.inner.decide_on_arrival(view, node)
    }

    fn learns(&self) -> bool {
        self.inner.learns()
    }

    fn learn(&mut self, outcome: &DecisionOutcome) {
        let mut answers = self.answers.lock().unwrap();
        answers.outcomes += 1;
        let late = outcome.resolved < outcome.decided;
        let odd =
            late || outcome.decision >= answers.decisions || !(0.0..=1.0).contains(&outcome.reward);
        if odd || (outcome.is_done && outcome.service_s.is_none()) {
            answers.problem = Some(format!("{outcome:?}"));
        }
        self.inner.learn(outcome);
    }
}

/// Runs a scenario with a policy.
fn run(scenario: &Value, kind: &Value, records: bool) -> (Finished, Answers) {
    let document = Document::parse("world.json", &scenario.to_string()).unwrap();
    let loaded = load(&document, &Registry::with_builtins(), scenarios());
    let mut world = loaded.unwrap_or_else(|errors| panic!("{errors}")).world;
    let name = kind["kind"].as_str().unwrap();
    let answers = Arc::new(Mutex::new(Answers::default()));
    let application = &scenario["workloads"][0]["applications"][0];
    let by_shares = application["predicted_utilisation"].is_object();
    let watched = Watched {
        inner: policy(kind),
        is_careful: !is_careless(kind),
        served: if by_shares && BY_THRESHOLD.contains(&name) { Vec::new() } else { served(kind) },
        answers: answers.clone(),
    };
    world.offloading(name, watched);
    let finished = if records {
        let recorder = Recorder::new(Destination::Memory, TableSelection::All);
        world.build(Box::new(recorder)).unwrap().run().unwrap()
    } else {
        world.build(Box::new(NoRecords)).unwrap().run().unwrap()
    };
    let answers = std::mem::take(&mut *answers.lock().unwrap());
    (finished, answers)
}

fn fingerprint(finished: Finished) -> u64 {
    let recorder = finished.records.into_any().downcast::<Recorder>().unwrap();
    recorder.finish().unwrap().fingerprint()
}

fn service_s(finished: &Finished) -> f64 {
    finished.summary["workloads"]["tasks"]["service_s"]["mean"].as_f64().unwrap()
}

/// Worlds with few or many nodes, short queues, faults, batteries and tasks without work or data.
fn worlds() -> impl Strategy<Value = Value> {
    let sizes = (0..3u32, 0..2u32, 0..3u32, 1..5u32, 0..3usize);
    let links = prop::sample::select(vec![
        json!({ "kind": "fair_share" }),
        json!({ "kind": "unshared" }),
        json!({ "kind": "windowed_queue", "window": "1 s", "mean_interval": "1 s", "mean_message": "1 MB" }),
        json!({ "kind": "population", "mean_interval": "1 s", "mean_message": "1 MB" }),
        json!({ "kind": "close_in" }),
    ]);
    let access = (prop::option::of(prop::sample::select(vec!["10 %", "45 %", "100 %"])), any::<bool>());
    let tasks = (
        prop::sample::select(vec![0.0, 500.0, 20_000.0]),
        prop::sample::select(vec![0.0, 1e3, 3e6]),
        prop::option::of(0.0..3.0f64),
        0.05..2.0f64,
    );
    (sizes, links, tasks, access, any::<bool>(), any::<bool>(), 0..1000u64).prop_map(
        |((edges, fogs, clouds, devices, queue), link, task, (share, direct), faulty, walks, seed)| {
            let (length, data, deadline, interval) = task;
            let scheduling = json!({ "kind": "space_shared", "queue_limit": queue });
            let mut nodes = vec![json!({ "tier": "edge", "count": edges + 1, "cores": 2,
                "scheduling": scheduling, "access_point": { "range": "400 m" } })];
            if fogs > 0 {
                nodes.push(json!({ "tier": "fog", "count": fogs, "scheduling": scheduling }));
            }
            if clouds > 0 {
                nodes.push(json!({ "tier": "cloud", "count": clouds, "cores": 3,
                    "scheduling": scheduling }));
            }
            nodes.push(json!({ "tier": "device", "count": devices,
                "battery": { "capacity": "60 J", "level": 0.9 },
                "interface": { "transmit_nj_per_bit": 283 },
                "mobility": { "kind": if walks { "random_waypoint" } else { "static" } } }));
            let mut application = json!({ "name": "app", "length": length, "upload": data,
                "download": data, "arrival": { "kind": "poisson", "mean_interval": interval } });
            if let Some(deadline) = deadline {
                application["deadline"] = json!(deadline);
            }
            if let Some(share) = share {
                application["predicted_utilisation"] =
                    json!({ "edge": share, "fog": share, "cloud": "1 %", "device": "80 %" });
            }
            let mut scenario = json!({ "duration": "12 s", "seed": seed, "nodes": nodes,
                "network": { "model": link },
                "workloads": [{ "kind": "tasks", "applications": [application],
                    "fault_retries": if faulty { 1 } else { 0 } }] });
            if direct && clouds > 0 {
                scenario["network"]["direct"] =
                    json!([{ "name": "lte", "network": "cellular", "to": "cloud", "uplink": "20 Mbps" }]);
            }
            if faulty {
                scenario["faults"] = json!([{ "nodes": "edge",
                    "time_to_failure": "8 s", "time_to_repair": "3 s" }]);
            }
            scenario
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// In any world each policy names nodes that exist, compute and admit the task, refuses it only if
    /// none does, is told of each of its decisions at most once, and does it all again in the same way.
    #[test]
    fn every_policy_decides_well_in_every_world(world in worlds()) {
        for kind in kinds() {
            let (finished, answers) = run(&world, &kind, true);
            prop_assert!(answers.problem.is_none(), "{}: {:?} in {}", kind, answers.problem, world);
            prop_assert!(answers.outcomes <= answers.decisions);
            let (again, _) = run(&world, &kind, true);
            let (unrecorded, untold) = run(&world, &kind, false);
            prop_assert_eq!(answers.outcomes, untold.outcomes);
            prop_assert_eq!(&finished.summary, &unrecorded.summary, "{}", kind);
            prop_assert_eq!(fingerprint(finished), fingerprint(again), "{}", kind);
        }
    }
}

/// A device that offers its access link more than it carries: while the queue there is full no node gives an
/// estimate, and who compares estimates refuses, although the nodes themselves have room.
#[test]
fn full_queues_leave_nothing_to_compare() {
    let scheduling = json!({ "kind": "space_shared", "queue_limit": 1 });
    let world = json!({ "duration": "12 s", "seed": 183, "nodes": [
            { "tier": "edge", "cores": 2, "scheduling": scheduling, "access_point": { "range": "400 m" } },
            { "tier": "cloud", "cores": 3, "scheduling": scheduling },
            { "tier": "fog", "scheduling": scheduling },
            { "tier": "device", "battery": { "capacity": "60 J", "level": 0.9 },
                "interface": { "transmit_nj_per_bit": 283 }, "mobility": { "kind": "static" } } ],
        "network": { "model": { "kind": "windowed_queue", "window": "1 s", "mean_interval": "1 s",
            "mean_message": "1 MB" } },
        "workloads": [{ "kind": "tasks", "applications": [{ "length": 20_000, "upload": 3e6,
            "download": 3e6, "arrival": { "kind": "poisson", "mean_interval": 0.22701966173841373 },
            "predicted_utilisation": { "edge": "10 %", "fog": "10 %", "cloud": "1 %", "device": "80 %" } }] }] });
    for kind in ["energy_aware", "min_latency"] {
        let (_, answers) = run(&world, &json!({ "kind": kind }), true);
        assert!(answers.problem.is_none(), "{kind}: {:?}", answers.problem);
        assert!(answers.refusals > 0 && answers.refusals < answers.decisions, "{kind}: {answers:?}");
    }
}

/// Devices with a slow edge beside them and a fast cloud behind it.
fn slow_edge(seconds: u32) -> Value {
    json!({ "duration": seconds, "nodes": [
        { "tier": "edge", "count": 2, "cores": 16, "mips_per_core": 400 },
        { "tier": "cloud", "cores": 64, "mips_per_core": 10_000 },
        { "tier": "device", "count": 10, "mips_per_core": 200 } ],
        "workloads": [{ "kind": "tasks", "applications": [{ "length": 1000, "upload": 1000,
            "download": 1000, "arrival": { "kind": "poisson", "mean_interval": 1 } }] }] })
}

fn share_on(finished: &Finished, tier: &str) -> f64 {
    let tasks = &finished.summary["workloads"]["tasks"];
    tasks["ran_on_tier"][tier].as_f64().unwrap() / tasks["created"].as_f64().unwrap()
}

/// 2.5 s on the edge and 0.1 s in the cloud: rewards of 0.29 and 0.9. Whoever learns goes to the cloud.
#[test]
fn policies_that_learn_find_the_better_tier() {
    for (kind, least) in [
        (json!({ "kind": "ucb1", "local": false }), 0.9),
        (json!({ "kind": "linucb", "local": false }), 0.95),
        (json!({ "kind": "mab", "exploration": 1e-9 }), 0.95),
        (json!({ "kind": "mab" }), 0.3),
        (json!({ "kind": "predictive", "window": "5 s" }), 0.8),
    ] {
        let (finished, answers) = run(&slow_edge(300), &kind, false);
        let cloud = share_on(&finished, "cloud");
        assert!(cloud > least, "{kind}: {cloud}");
        assert!(answers.outcomes > 2500, "{kind}: {}", answers.outcomes);
    }
    let (finished, answers) = run(&slow_edge(300), &json!({ "kind": "random" }), false);
    // Each of the three nodes with the same probability; and no outcome is told.
    assert!((share_on(&finished, "cloud") - 1.0 / 3.0).abs() < 0.03);
    assert_eq!(answers.outcomes, 0);
}

/// Weights 1, 2 and 7 of about 3000 tasks: within four standard deviations of the shares.
#[test]
fn tiers_are_drawn_by_their_weights() {
    let kind = json!({ "kind": "probabilistic", "local": 0.1, "edge": 0.2, "cloud": 0.7 });
    let (finished, _) = run(&slow_edge(300), &kind, false);
    for (tier, share) in [("device", 0.1), ("edge", 0.2), ("cloud", 0.7_f64)] {
        let error = 4.0 * (share * (1.0 - share) / 2800.0).sqrt();
        assert!((share_on(&finished, tier) - share).abs() < error, "{tier}");
    }
}

/// 256 tasks that never end on 256 nodes. One choice leaves some node with ln n / ln ln n = 3.2 and more
/// of them, two with ln ln n / ln 2 + O(1) = 2.5 + O(1), all choices with one each.
#[test]
fn two_choices_balance_as_theory_says() {
    let world = json!({ "duration": 600, "nodes": [
        { "tier": "edge" },
        { "tier": "cloud", "count": 256, "cores": 1, "mips_per_core": 1 },
        { "tier": "device" } ],
        "output": { "sample": { "interval": 0 } },
        "workloads": [{ "kind": "tasks", "applications": [{ "length": "10 GI", "upload": 1, "download": 1,
            "arrival": { "kind": "periodic", "period": "2.34 s" } }] }] });
    let greatest = |choices: u32| {
        let kind = json!({ "kind": "power_of_choices", "choices": choices, "tiers": ["cloud"] });
        let (finished, _) = run(&world, &kind, true);
        let recorder = finished.records.into_any().downcast::<Recorder>().unwrap();
        let tables = recorder.finish().unwrap();
        let tasks = tables.rows("tasks").unwrap();
        let node = tasks.spec().column("node").unwrap();
        assert!((255..=257).contains(&tasks.len()), "{}", tasks.len());
        let mut counts = std::collections::BTreeMap::new();
        for row in 0..tasks.len() {
            *counts.entry(tasks.text(row, node)).or_insert(0) += 1;
        }
        counts.into_values().max().unwrap()
    };
    let (one, two, all) = (greatest(1), greatest(2), greatest(256));
    assert!(one >= 4 && (2..=3).contains(&two) && two < one, "{one} {two}");
    assert!(all <= 2, "{all}");
}

/// A phone that computes for 5 J in 1 s, or sends for 0.5 J to a server where a task takes 3 s: with 2 J
/// a task on average, a third of the tasks may stay. Time falls with V, and the budget is kept.
#[test]
fn drift_plus_penalty_keeps_the_energy_budget() {
    let world = json!({ "duration": 2000, "nodes": [
        { "tier": "edge", "cores": 8, "mips_per_core": 1000 },
        { "tier": "device", "cores": 1, "mips_per_core": 3000,
            "power": { "idle": "0 W", "busy": "5 W" },
            "interface": { "transmit_nj_per_bit": 62.5 } } ],
        "workloads": [{ "kind": "tasks", "applications": [{ "length": 3000, "upload": "1 MB",
            "download": 0, "arrival": { "kind": "periodic", "period": "5 s" } }] }] });
    let mut times_s = Vec::new();
    for v in [0.1, 10.0] {
        let kind = json!({ "kind": "drift_plus_penalty", "energy_per_task": "2 J", "v": v });
        let (finished, answers) = run(&world, &kind, false);
        let tasks = answers.decisions as f64;
        // The backlog exceeds V times the greatest saving of time, over the energy that it costs, by one
        // use.
        let backlog_j = v * 3.0 / 4.5 + 5.0;
        assert!(answers.energy_j <= 2.0 * tasks + backlog_j, "{} J", answers.energy_j);
        assert!(answers.energy_j >= 1.8 * tasks, "the budget is not used: {} J", answers.energy_j);
        times_s.push(service_s(&finished));
    }
    // A third of them 1 s and the rest 3.08 s: 2.39 s.
    assert!((times_s[1] - 2.39).abs() < 0.1, "{times_s:?}");
}

/// Predictions choose: a model that echoes the estimates is min_latency, decision by decision.
#[test]
fn a_model_of_the_estimates_decides_as_the_estimates() {
    let place = json!({ "service_s": echo("completion_s") });
    let kind = json!({ "kind": "learned", "models": { "local": place, "edge": place, "cloud": place } });
    let mut world = slow_edge(100);
    world["nodes"][0]["count"] = json!(1);
    let (learned, _) = run(&world, &kind, false);
    let (estimated, _) = run(&world, &json!({ "kind": "min_latency" }), false);
    assert_eq!(learned.summary["workloads"], estimated.summary["workloads"]);
    assert!(share_on(&learned, "cloud") > 0.5);
}

/// Uploads of 5 MB a quarter of a second apart at 10 MB/s: at the second decision one is on its way, at the
/// third two, since they share. A message of 128 KiB would get a half, then a third of 80 Mbit/s, and takes
/// 2 ms more.
#[test]
fn the_radio_is_seen_as_it_is() {
    #[derive(Debug)]
    struct Look(Arc<Mutex<Vec<(usize, usize, f64)>>>);
    impl OffloadingPolicy for Look {
        fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
            let Some(edge) = view.nearest(Tier::Edge) else { return OffloadingDecision::Refuse };
            assert_eq!((view.access_point(), view.relay_s(edge)), (Some(edge), Some(0.0)));
            let (up, down) = view.radio_transfers().unwrap();
            let rate_bps = view.bandwidth_bps(view.local(), edge, 131_072.0).unwrap();
            self.0.lock().unwrap().push((up, down, rate_bps));
            OffloadingDecision::Run(edge)
        }
    }
    let world = json!({ "duration": 0.9, "nodes": [
        { "tier": "edge", "access_point": { "uplink": "80 Mbps", "latency": "2 ms" } },
        { "tier": "device" } ],
        "workloads": [{ "kind": "tasks", "applications": [{ "upload": "5 MB",
            "arrival": { "kind": "periodic", "period": 0.25 } }] }] });
    let document = Document::parse("world.json", &world.to_string()).unwrap();
    let mut world = load(&document, &Registry::with_builtins(), scenarios()).unwrap().world;
    let seen = Arc::default();
    world.offloading("look", Look(Arc::clone(&seen)));
    world.build(Box::new(NoRecords)).unwrap().run().unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.len() >= 3, "{seen:?}");
    for (transfers, &(up, down, rate_bps)) in seen.iter().enumerate().take(3) {
        assert_eq!((up, down), (transfers, 0));
        let time_s = 8.0 * 131_072.0 * (transfers + 1) as f64 / 80e6 + 0.002;
        assert!((rate_bps - 8.0 * 131_072.0 / time_s).abs() < 1.0, "{seen:?}");
    }
}

/// What is predicted to fail everywhere goes anywhere.
#[test]
fn without_hope_places_are_drawn() {
    let never = json!({ "success": { "inputs": ["length_mi"],
        "model": { "kind": "logistic", "intercept": -50, "coefficients": [0] } } });
    let kind = json!({ "kind": "learned", "models": { "edge": never, "cloud": never } });
    let (finished, _) = run(&slow_edge(300), &kind, false);
    assert!((share_on(&finished, "edge") - 0.5).abs() < 0.04);
}

/// The examples of the documentation are scenarios but for their nodes, and each kind is told of there.
#[test]
fn the_documented_policies_are_good_and_all() {
    let text = include_str!("../../../../docs/policies.md");
    let blocks = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let examples: Vec<Value> = blocks
        .map(|block| serde_json::from_str(block).unwrap())
        .filter(|example: &Value| !example["policies"]["offloading"].is_null())
        .collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let (finished, answers) = run(&slow_edge(20), &example["policies"]["offloading"], false);
        assert_eq!(answers.problem, None);
        assert!(finished.summary["workloads"]["tasks"]["outcomes"]["done"].as_u64() > Some(50));
    }
    for kind in Registry::with_builtins().kinds() {
        let is_told = text.contains(&format!("**`{}`**", kind.name));
        assert!(is_told || kind.family != "offloading policy", "{} is not documented", kind.name);
    }
    for name in Observation::names() {
        assert!(text.contains(&format!("`{name}`")), "{name} is not documented");
    }
}

#[test]
fn a_request_is_what_the_outcome_tells_of() {
    #[derive(Debug, Default)]
    struct Mirror(Arc<Mutex<Vec<(u64, OffloadingRequest, NodeId)>>>, Arc<Mutex<Vec<DecisionOutcome>>>);
    impl OffloadingPolicy for Mirror {
        fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
            let Some(node) = view.nearest(Tier::Edge) else { return OffloadingDecision::Refuse };
            self.0.lock().unwrap().push((view.decision(), *view.request(), node));
            OffloadingDecision::Run(node)
        }
        fn learns(&self) -> bool {
            true
        }
        fn learn(&mut self, outcome: &DecisionOutcome) {
            self.1.lock().unwrap().push(*outcome);
        }
    }
    let (asked, told) = (Arc::default(), Arc::<Mutex<Vec<DecisionOutcome>>>::default());
    let document = Document::parse("world.json", &slow_edge(50).to_string()).unwrap();
    let mut world = load(&document, &Registry::with_builtins(), scenarios()).unwrap().world;
    world.offloading("mirror", Mirror(Arc::clone(&asked), told.clone()));
    let finished = world.build(Box::new(NoRecords)).unwrap().run().unwrap();
    let (asked, told) = (asked.lock().unwrap(), told.lock().unwrap());
    let done = &finished.summary["workloads"]["tasks"]["outcomes"]["done"];
    let told: Vec<&DecisionOutcome> = told.iter().filter(|outcome| outcome.is_done).collect();
    assert_eq!(told.len() as u64, done.as_u64().unwrap());
    assert!(told.len() > 300);
    for outcome in told {
        let (number, request, node) = asked[outcome.decision as usize];
        assert_eq!((outcome.decision, outcome.request, outcome.node), (number, request, Some(node)));
        // Nothing was retried: the service time is that from the decision.
        let since_s = outcome.resolved.since(outcome.decided).as_secs();
        assert!((outcome.service_s.unwrap() - since_s).abs() < 1e-9);
        assert!((outcome.reward - 1.0 / (1.0 + since_s)).abs() < 1e-9);
    }
}
