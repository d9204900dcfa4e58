//! Functions in worlds, from their scenario to their tables.

use crate::support::{
    Row, Run, assert_near, attempt, output_text, run, run_shipped, run_with, stratosim,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Two linked edge nodes and a cloud, with this workload of functions on the edge.
fn scenario(workload: Value) -> Value {
    let mut functions = json!({ "kind": "functions", "nodes": "edge", "neighbours": "all" });
    functions.as_object_mut().unwrap().extend(workload.as_object().unwrap().clone());
    json!({
        "duration": "10 min",
        "nodes": [
            { "tier": "edge", "name": "edge", "count": 2, "cores": 4, "mips_per_core": "1 GIPS", "memory": "2 GB" },
            { "tier": "cloud", "name": "cloud", "cores": 64, "mips_per_core": "1 GIPS", "memory": "64 GB" }
        ],
        "network": { "topology": [{ "kind": "star", "center": "cloud", "leaves": "edge" }] },
        "workloads": [functions],
        "output": { "trace": "full" }
    })
}

fn total(summary: &Value) -> u64 {
    summary["outcomes"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

/// Requests, epochs and the summary tell the same of a run.
fn check_accounts(run: &Run) {
    let summary = run.summary();
    let own = &summary["workloads"]["functions"];
    let created = own["created"].as_u64().unwrap();
    assert_eq!(total(own), created);
    let by_function: u64 =
        own["functions"].as_object().unwrap().values().map(|own| own["created"].as_u64().unwrap()).sum();
    assert_eq!(by_function, created);
    let requests = run.table("invocations");
    assert_eq!(requests.len() as u64, created);
    let of = |column: &str, value: &str| requests.iter().filter(|row| row.text(column) == value).count();
    for (outcome, count) in own["outcomes"].as_object().unwrap() {
        assert_eq!(of("outcome", outcome) as u64, count.as_u64().unwrap(), "{outcome}");
    }
    let epochs = run.table("function_epochs");
    let sum = |column: &str| epochs.iter().map(|row| row.value(column)).sum::<f64>() as usize;
    assert_eq!(sum("arrived") as u64, created);
    let answered = of("outcome", "done") + of("outcome", "missed_deadline");
    let ways = ["local", "forwarded_out", "cloud"].map(sum);
    assert_eq!(ways.iter().sum::<usize>(), answered);
    assert_eq!(sum("rejected"), of("outcome", "rejected"));
    assert_eq!(sum("failed"), created as usize - answered - of("outcome", "rejected"));
    assert_eq!(sum("forwarded_in"), ways[1]);
    assert_eq!(sum("cold_starts"), of("is_cold", "true"));
    let allocations = run.table("function_allocations");
    let answered_by_epoch: f64 = allocations.iter().map(|row| row.value("answered")).sum();
    assert_eq!(answered_by_epoch as usize, answered);
    let cold = own["cold_start_probability"].as_f64().unwrap_or(0.0);
    assert!((0.0..=1.0).contains(&cold), "{cold}");
    for row in &requests {
        assert!(
            row.text("is_cold") == "false" || row.value("execution_s") > 0.0,
            "cold, but never served"
        );
        let parts = ["network_s", "queue_s", "start_s", "execution_s"].map(|column| row.value(column));
        // Times are rounded to nanoseconds once a stage.
        assert_near(parts.iter().sum(), row.value("response_s"), 1e-7);
        assert_near(row.value("created_s") + row.value("response_s"), row.value("t_s"), 1e-7);
    }
}

#[test]
fn the_shipped_scenario_adds_up_and_is_reported() {
    let path = tempfile::tempdir().unwrap();
    let out = path.path().join("run");
    let overrides = ["--set", "duration=5 min", "--set", "output.trace=full"];
    let assert =
        stratosim().args(["run", "scenarios/faas.json", "--out"]).arg(&out).args(overrides).assert();
    let text = output_text(&assert.success());
    for part in ["requests created", "cold starts", "objective", "by lmm", "all in the cloud"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let run = run_shipped("faas", &["duration=5 min", "output.trace=full"]);
    check_accounts(&run);
    let summary = run.summary();
    let own = &summary["workloads"]["functions"];
    assert_eq!(own["epochs"], 5);
    let number = |key: &str| own[key].as_f64().unwrap();
    // The optimum is no less; what is experienced is less than is computed, since the first epoch starts cold.
    assert!(own["deviation_of"]["lmm"].as_f64().unwrap() >= -1e-9, "{own}");
    assert!(number("objective_experienced_mean") < number("objective_mean"), "{own}");
    assert!(number("objective_in_time_mean") < number("objective_experienced_mean"), "{own}");
    let shares = ["local_share", "forwarded_share", "cloud_share", "rejected_share"].map(number);
    assert_near(shares.iter().sum(), 1.0, 1e-9);
}

/// A constant rate of 2 a second and 0.2 s constant service: one replica, 0.4 of it busy; memory 500 MB for 600 s.
#[test]
fn a_replica_by_hand() {
    let found = run(&scenario(json!({
        "functions": [{
            "name": "f", "memory": "500 MB", "time": "200 ms", "start": { "scheduling": 0, "create": 0, "init": 0 },
            "minimum": 1, "maximum": 1
        }],
        "arrivals": { "kind": "constant", "rate": [[2], [0]], "within": { "kind": "equidistant" } },
        "neighbours": []
    })));
    check_accounts(&found);
    let summary = found.summary();
    let own = &summary["workloads"]["functions"];
    assert_eq!(own["created"], 1200);
    let number = |key: &str| own[key].as_f64().unwrap();
    assert_near(own["response_s"]["max"].as_f64().unwrap(), 0.2, 1e-8);
    // The other node has a replica, too, which idles.
    assert_near(number("utilisation"), 0.2, 1e-3);
    assert_near(number("busy_gb_s"), 1200.0 * 0.2 * 0.5, 0.2);
    assert_near(number("busy_gb_s") + number("idle_gb_s"), 2.0 * 600.0 * 0.5, 0.2);
    assert_near(number("cost"), 600.0 * 1.67e-5, 1e-8);
    assert_near(number("cost_all_cloud"), 1200.0 * (0.2 * 0.5 * 1.67e-5 + 2e-7), 1e-9);
    assert_near(number("objective_experienced_mean"), 1.0, 1e-9);
    assert_eq!(number("replicas_max"), 2.0);
}

/// With half of the run as warm-up all that is told of replicas is half of it, or the same.
#[test]
fn a_warm_up_is_left_out_of_all_that_is_told() {
    let own = |warm_up: &str| {
        let mut own = scenario(json!({
            "functions": [{
                "name": "f", "memory": "500 MB", "time": "200 ms", "start": { "scheduling": 0, "create": 0, "init": 0 },
                "minimum": 1, "maximum": 1
            }],
            "arrivals": { "kind": "constant", "rate": 2, "within": { "kind": "equidistant" } },
            "neighbours": []
        }));
        own["warm_up"] = json!(warm_up);
        run(&own).summary()["workloads"]["functions"].clone()
    };
    let [all, half] = ["0 s", "5 min"].map(own);
    for key in ["created", "energy_j", "cost", "busy_gb_s", "idle_gb_s", "epochs"] {
        let [all, half] = [&all, &half].map(|own| own[key].as_f64().unwrap());
        assert!(all > 0.0, "{key}");
        assert_near(half / all, 0.5, 2e-3);
    }
    for key in ["replicas_max", "replicas_mean", "utilisation"] {
        let [all, half] = [&all, &half].map(|own| own[key].as_f64().unwrap());
        assert_near(half, all, 2e-3);
    }
    assert_eq!(half["replicas_max"], 2);
}

/// Also of epochs in which a policy with a clock of its own is not asked there is a row, with what was decided before.
#[test]
fn each_epoch_has_a_row_whenever_policies_are_asked() {
    let mut own = scenario(json!({
        "functions": [{ "name": "f", "memory": "500 MB", "time": "200 ms" }],
        "arrivals": { "kind": "constant", "rate": 2 }, "epoch": "10 s"
    }));
    own["policies"] = json!({ "replica_allocation": { "kind": "rate" } });
    let found = run(&own);
    check_accounts(&found);
    let rows = found.table("function_allocations");
    assert_eq!(rows.len(), 60);
    let sum = |column: &str| rows.iter().map(|row| row.value(column)).sum::<f64>();
    let summary = found.summary();
    let own = &summary["workloads"]["functions"];
    for (column, key) in [("arrived", "created"), ("started", "starts"), ("stopped", "stops")] {
        assert_eq!(Some(sum(column)), own[key].as_f64(), "{column}");
    }
    assert!(rows.iter().filter(|row| row.text("status").is_empty()).count() > 40);
    assert!(found.table("function_epochs").iter().all(|row| row.number("replicas").is_some()));
}

fn created(run: &Run) -> Vec<(String, String, String)> {
    let mut rows = run.table("invocations");
    rows.sort_by_key(|row| row.value("invocation") as u64);
    let text = |row: &Row, column: &str| row.text(column).to_owned();
    rows.iter().map(|row| (text(row, "created_s"), text(row, "node"), text(row, "function"))).collect()
}

#[test]
fn no_policy_moves_an_arrival() {
    let runs = ["macro", "knative", "no_offloading", "per_request"].map(|kind| {
        let policy = format!("policies.replica_allocation={{\"kind\":\"{kind}\"}}");
        let run = run_shipped(
            "faas",
            &["duration=3 min", "output.trace=full", "workloads[0].compare=[]", &policy],
        );
        check_accounts(&run);
        created(&run)
    });
    assert!(runs[0].len() > 10_000, "{}", runs[0].len());
    assert!(runs.iter().all(|own| *own == runs[0]));
}

/// The published instance of two linked nodes as files have it: its rates, memory, times and weights.
#[test]
fn an_instance_brings_its_own_functions() {
    let instance = json!({
        "Nn": 2, "Nf": 1, "memory_capacity": [4, 1], "memory_requirement": [2], "max_utilization": [0.8],
        "demand": [[0.5], [0.5]], "edges": [[0, 1]], "alpha": [[1.0], [1.0]],
        "beta": [[[0.0], [0.9]], [[0.9], [0.0]]], "gamma": [[0.1], [0.1]], "delta": [[0.9], [0.9]],
        "steps": [{ "load": [[1.0], [1.0]] }, { "load": [[1.0], [4.4]] }]
    });
    let mut own = scenario(json!({
        "functions": [{ "name": "f", "start": { "scheduling": 0, "create": 0, "init": 0 } }],
        "arrivals": { "kind": "instance", "file": "instance.json", "service": "constant", "within": { "kind": "equidistant" } },
        "epoch": "5 min", "loads": "announced"
    }));
    own["workloads"][0].as_object_mut().unwrap().remove("neighbours");
    own["policies"] = json!({ "replica_allocation": { "kind": "lmm" } });
    let found = run_with(&own, &[("instance.json", &instance.to_string())]);
    check_accounts(&found);
    // Two replicas at the first node serve 3.2 a second; the second has none, so that its requests are forwarded: all
    // of them, then 2.2 of 4.4, the rest is rejected.
    let expected = [1.0 + 0.9, 1.0 + (2.2 * 0.9 - 2.2 * 0.1) / 4.4];
    let allocations = found.table("function_allocations");
    for (row, expected) in allocations.iter().zip(expected) {
        assert_near(row.value("objective"), expected, 1e-6);
        assert_near(row.value("objective_experienced"), expected, 0.02);
        assert_eq!(row.value("replicas"), 2.0);
    }
    assert_near(allocations[1].value("rejected_share"), 2.2 / 5.4, 1e-6);
}

/// Two minutes of the trace of 2019 in its published columns: with `uniform` as many requests as it says.
#[test]
fn the_trace_of_2019_has_as_many_requests_as_it_says() {
    let header: String =
        (1..=1440).fold("HashOwner,HashApp,HashFunction,Trigger".into(), |mut text, minute| {
            write!(text, ",{minute}").unwrap();
            text
        });
    let row = |name: &str, counts: [u32; 3]| {
        let rest = ",0".repeat(1437);
        format!("o,a,{name},http,{},{},{}{rest}\n", counts[0], counts[1], counts[2])
    };
    let text = format!("{header}\n{}{}", row("f", [50, 0, 70]), row("g", [3, 1, 900]));
    let own = |spread: &str| {
        scenario(json!({
            "functions": [{ "name": "traced", "memory": "100 MB", "time": "50 ms" }],
            "arrivals": { "kind": "azure_2019", "path": "trace", "until": "2 min", "spread": spread, "after": "stop" }
        }))
    };
    let files = [("trace/invocations_per_function_md.anon.d01.csv", text.as_str())];
    for (spread, node_count) in [("by_application", 1), ("even", 2)] {
        let (result, found) = attempt(&own(spread), &files);
        result.success();
        check_accounts(&found);
        let mut counts: BTreeMap<(String, u64), u32> = BTreeMap::new();
        let mut nodes = std::collections::BTreeSet::new();
        for row in found.table("invocations") {
            nodes.insert(row.text("node").to_owned());
            let minute = (row.value("created_s") / 60.0) as u64;
            *counts.entry((row.text("function").into(), minute)).or_default() += 1;
        }
        assert_eq!(nodes.len(), node_count);
        let at = |name: &str, minute: u64| counts.get(&(name.to_owned(), minute)).copied().unwrap_or(0);
        // Most requests first: f has 50 of them in the window, g 4. Halves of odd numbers may be in the next minute.
        assert_eq!([at("traced-0", 0), at("traced-0", 1), at("traced-0", 2)], [50, 0, 0]);
        assert_eq!(at("traced-1", 0) + at("traced-1", 1), 4);
        if node_count == 1 {
            assert_eq!(at("traced-1", 0), 3);
        }
    }
}

/// Requests of 2021 come when they started, and take as long as they took.
#[test]
fn the_trace_of_2021_is_replayed_request_by_request() {
    let own = scenario(json!({
        "functions": [{
            "name": "traced", "memory": "100 MB", "start": { "scheduling": 0, "create": 0, "init": 0 },
            "minimum": 3, "maximum": 3
        }],
        "arrivals": { "kind": "azure_2021", "path": "trace.csv" }, "neighbours": []
    }));
    let text = "app,func,end_timestamp,duration\nx,f,11.5,1.5\nx,f,12,4\nx,f,300.25,0.25\n";
    let found = run_with(&own, &[("trace.csv", text)]);
    check_accounts(&found);
    let mut rows = found.table("invocations");
    rows.sort_by_key(|row| row.value("invocation") as u64);
    let times: Vec<(f64, f64)> =
        rows.iter().map(|row| (row.value("created_s"), row.value("execution_s"))).collect();
    for (found, expected) in times.iter().zip([(8.0, 4.0), (10.0, 1.5), (300.0, 0.25)]) {
        assert_near(found.0, expected.0, 1e-8);
        assert_near(found.1, expected.1, 1e-7);
    }
    assert_eq!(times.len(), 3);
}

/// A service that takes most of a node's memory leaves room for one replica there, and the policy is told so: as the load
/// grows, the rest is served by the neighbour.
#[test]
fn functions_get_what_services_leave() {
    let mut own = scenario(json!({
        "functions": [{ "name": "f", "memory": "600 MB", "time": { "kind": "exponential", "mean": "300 ms" } }],
        "arrivals": { "kind": "rates", "file": "rates.csv" }, "epoch": "30 s"
    }));
    let services = json!({
        "kind": "services", "nodes": "edge",
        "applications": [{
            "name": "shop", "sources": "edge", "arrival": { "kind": "poisson", "mean_interval": "1 s" },
            "services": [{ "name": "front", "requires": { "cores": 2, "memory": "1300 MB" }, "work": "10 MI" }],
            "flows": [{ "name": "visit", "path": ["front"] }]
        }]
    });
    own["workloads"].as_array_mut().unwrap().insert(0, services);
    let rates = "t_s,node,function,rps\n0,edge-0,f,2\n0,edge-1,f,2\n60,edge-0,f,4\n60,edge-1,f,4\n";
    let found = run_with(&own, &[("rates.csv", rates)]);
    check_accounts(&found);
    let summary = found.summary();
    assert_near(summary["workloads"]["services"]["placed_share"].as_f64().unwrap(), 1.0, 0.01);
    assert_eq!(summary["workloads"]["functions"]["replicas_short"], 0);
    let mut most: BTreeMap<String, f64> = BTreeMap::new();
    for row in found.table("function_epochs") {
        let own = most.entry(row.text("node").to_owned()).or_default();
        *own = own.max(row.value("replicas"));
    }
    let mut most: Vec<f64> = most.into_values().collect();
    most.sort_by(f64::total_cmp);
    assert_eq!(most, [1.0, 3.0]);
    assert!(summary["workloads"]["functions"]["forwarded_share"].as_f64().unwrap() > 0.1, "{summary}");
}

fn world() -> impl Strategy<Value = Value> {
    let pick = |choices: &[Value]| prop::sample::select(choices.to_vec());
    let policy = pick(&[
        json!({ "kind": "macro" }),
        json!({ "kind": "lmm" }),
        json!({ "kind": "madea" }),
        json!({ "kind": "greedy_by_memory" }),
        json!({ "kind": "knative" }),
        json!({ "kind": "horizontal" }),
        json!({ "kind": "per_request" }),
    ]);
    let within = pick(&[
        json!({ "kind": "poisson" }),
        json!({ "kind": "gamma", "cv": 2 }),
        json!({ "kind": "mmpp", "multipliers": [3, 0.5], "stay": ["2 s", "8 s"] }),
    ]);
    let keep = pick(&[
        json!({ "kind": "none" }),
        json!({ "kind": "fixed", "idle": "20 s" }),
        json!({ "kind": "histogram", "bin": "1 s" }),
        json!({ "kind": "greedy" }),
    ]);
    let cloud = pick(&[json!(["drop", null]), json!(["cloud", "cloud"])]);
    let network = pick(&[json!("transfer"), json!("delay")]);
    let faults = pick(&[
        json!([]),
        json!([{ "nodes": "edge",
        "time_to_failure": { "kind": "exponential", "mean": "90 s" }, "time_to_repair": "15 s" }]),
    ]);
    (policy, within, keep, cloud, network, faults, 0.5..20.0f64, 1u64..1_000_000).prop_map(
        |(policy, within, keep, cloud, network, faults, rate, seed)| {
            let mut own = scenario(json!({
                "functions": [
                    { "name": "f", "memory": "300 MB", "time": { "kind": "exponential", "mean": "200 ms" }, "keep_alive": keep,
                        "image": { "size": "20 MB" }, "deadline": "1 s", "queue_limit": 20 },
                    { "name": "g", "memory": "450 MB", "cores": 0.5, "concurrency": 2, "time": "100 ms", "queue_timeout": "3 s" }
                ],
                "arrivals": { "kind": "constant", "rate": rate, "within": within },
                "epoch": "20 s", "rejected": cloud[0], "network": network, "registry": "cloud"
            }));
            if cloud[1].is_string() {
                own["workloads"][0]["cloud"] = cloud[1].clone();
            }
            own["duration"] = json!("3 min");
            own["seed"] = json!(seed);
            own["faults"] = faults;
            own["policies"] = json!({ "replica_allocation": policy });
            own
        },
    )
}

/// In any small world, faults and all, requests end once, and replicas hold no more memory than there is.
#[test]
fn requests_end_once_and_memory_is_kept() {
    let more = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: more.unwrap_or(12),
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    };
    proptest!(config, |(own in world())| {
        let (result, found) = attempt(&own, &[]);
        let output = result.get_output();
        prop_assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        check_accounts(&found);
        let mut held: BTreeMap<String, f64> = BTreeMap::new();
        let mut last = (0.0, String::new());
        for row in found.table("replica_changes") {
            let node = row.text("node").to_owned();
            let memory = if row.text("function") == "f" { 300.0 } else { 450.0 };
            let change = match row.text("change") {
                "started" => memory,
                "stopped" | "evicted" | "lost" => -memory,
                _ => 0.0,
            };
            let own = held.entry(node.clone()).or_default();
            *own += change;
            prop_assert!(*own >= 0.0, "{node} holds {own} MB at {}", row.text("t_s"));
            if node.starts_with("edge") {
                prop_assert!(*own <= 2000.0, "{node} holds {own} MB at {}", row.text("t_s"));
            }
            prop_assert!(row.value("t_s") >= last.0, "{last:?}");
            last = (row.value("t_s"), node);
        }
        let planned = found.table("function_epochs");
        let mut memory: BTreeMap<(u64, String), f64> = BTreeMap::new();
        for row in planned.iter().filter(|row| row.number("replicas").is_some()) {
            let each = if row.text("function") == "f" { 300.0 } else { 450.0 };
            let key = (row.value("epoch") as u64, row.text("node").to_owned());
            *memory.entry(key).or_default() += each * row.value("replicas");
        }
        prop_assert!(memory.values().all(|own| *own <= 2000.0), "{memory:?}");
    });
}
