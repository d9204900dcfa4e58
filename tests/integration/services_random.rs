//! Random applications, faults, changes and moves: each request ends once, what is placed fits, and the tables agree with
//! each other and with the summary.

use crate::support::{Row, assert_near, run};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn config(cases: u32) -> Config {
    let more = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config {
        cases: more.unwrap_or(cases),
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    }
}

fn one_of(choices: &[Value]) -> impl Strategy<Value = Value> + use<> {
    prop::sample::select(choices.to_vec())
}

/// Cores of each replica, in quarters, and all else of a service.
fn service(name: &'static str) -> impl Strategy<Value = Value> {
    let times = one_of(&[
        json!({}),
        json!({ "processing_time": "40 ms" }),
        json!({ "processing_time": { "kind": "exponential", "mean": "150 ms" } }),
        json!({ "work": { "kind": "uniform", "min": 0, "max": "200 MI" } }),
    ]);
    let more = one_of(&[
        json!({}),
        json!({ "state": "30 MB" }),
        json!({ "state": "5 MB", "start_time": "700 ms" }),
        json!({ "start_time": "2 s" }),
    ]);
    let queue = one_of(&[
        json!({}),
        json!({ "discipline": "fifo" }),
        json!({ "discipline": "fifo", "queue_limit": 1 }),
        json!({ "concurrency": 2, "queue_limit": 3 }),
    ]);
    (times, more, queue, 1u32..9, 1u32..4).prop_map(move |(times, more, queue, quarters, replicas)| {
        let mut service = json!({ "name": name, "replicas": replicas,
            "requires": { "cores": f64::from(quarters) / 4.0, "memory": "1 GB" } });
        for part in [times, more, queue] {
            part.as_object().unwrap().iter().for_each(|(key, value)| service[key] = value.clone());
        }
        service
    })
}

fn scenario() -> impl Strategy<Value = Value> {
    let services = (service("a"), service("b"), service("c"));
    let rules = (
        one_of(&[json!("partial"), json!("whole")]),
        one_of(
            &["least_outstanding", "random", "round_robin", "nearest", "power_of_d"]
                .map(|kind| json!({ "kind": kind })),
        ),
        one_of(&["cold", "stop_and_copy", "pre_copy"].map(Value::from)),
        one_of(&["wait", "fail"].map(Value::from)),
        one_of(
            &[
                "first_fit",
                "best_fit",
                "random",
                "eclypse_random",
                "eclypse_first_fit",
                "greedy_latency",
                "co_location",
                "backtracking",
                "local_search",
                "simulated_annealing",
                "milp",
                "energy_aware",
                "carbon_aware",
            ]
            .map(|kind| json!({ "kind": kind })),
        ),
    );
    let dynamics = one_of(&[
        json!([]),
        json!([{ "nodes": ["edge", "fog"], "attribute": "availability", "schedule": { "every": "1 s" },
            "change": { "kind": "availability_flap", "p_fail": 0.03, "p_repair": 0.3 } }]),
        json!([
            { "links": "*--*", "attribute": "availability", "schedule": { "every": "1 s" },
              "change": { "kind": "availability_flap", "p_fail": 0.03, "p_repair": 0.3 } },
            { "links": "*--*", "attribute": "latency", "schedule": { "every": "1 s" },
              "change": { "kind": "distribution", "factor": { "kind": "uniform", "min": 0.2, "max": 4 } } } ]),
        json!([{ "nodes": ["edge", "fog"], "attribute": "cores", "schedule": { "every": "700 ms" },
            "change": { "kind": "distribution", "factor": { "kind": "uniform", "min": 0.2, "max": 1.2 } } }]),
    ]);
    (services, rules, dynamics, 0u64..1000, 0.2..3.0f64).prop_map(|(services, rules, dynamics, seed, gap_s)| {
        let (a, b, c) = services;
        let (repair, routing, migration, requests, policy) = rules;
        let arrival = json!({ "kind": "poisson", "mean_interval": format!("{gap_s} s") });
        json!({
            "seed": seed,
            "duration": "40 s",
            "infrastructure": { "library": "continuum_tiered", "devices": 0, "edges": 3, "fogs": 2, "access_points": true },
            "nodes": [ { "tier": "device", "name": "phone", "count": 4,
                "mobility": { "kind": "random_waypoint", "min_speed": "10 m/s", "max_speed": "20 m/s" } } ],
            "dynamics": dynamics,
            "workloads": [ {
                "kind": "services", "nodes": ["edge", "fog"], "repair": repair, "routing": routing,
                "migration": { "kind": migration, "requests": requests },
                "applications": [ {
                    "name": "app", "count": 2, "sources": "phone", "message": "20 kB", "deadline": "500 ms",
                    "services": [a, b, c],
                    "interactions": [
                        { "from": "a", "to": "b", "latency": "60 ms", "bandwidth": "1 Mbps", "symmetric": true },
                        { "from": "b", "to": "c", "bandwidth": "1 Mbps", "message": { "kind": "exponential", "mean": "50 kB" } } ],
                    "flows": [
                        { "name": "there", "path": ["a", "b", "c"], "arrival": arrival },
                        { "name": "back", "path": ["a", "b", "a"], "arrival": arrival } ]
                } ] } ],
            "policies": { "service_placement": policy }
        })
    })
}

/// Replays the table of placements: each replica leaves where it was, and what is on a node fits as long as its cores do
/// not change.
fn replay(scenario: &Value, rows: &[Row]) {
    let services = scenario["workloads"][0]["applications"][0]["services"].as_array().unwrap();
    let cores = |name: &str| {
        let own = services.iter().find(|service| service["name"] == name).unwrap();
        own["requires"]["cores"].as_f64().unwrap()
    };
    let fixed = scenario["dynamics"].as_array().unwrap().iter().all(|own| own["attribute"] != "cores");
    let mut at: BTreeMap<(String, u64), (String, f64)> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(replica) = row.number("replica") else { continue };
        let key = (row.text("application").to_string(), replica as u64);
        let before = at.remove(&key).map(|(node, _)| node).unwrap_or_default();
        assert_eq!(before, row.text("from"), "{key:?} at {}", row.text("t_s"));
        if !row.text("to").is_empty() {
            at.insert(key, (row.text("to").to_string(), cores(row.text("service"))));
        }
        let more = rows.get(index + 1).is_some_and(|next| next.text("t_s") == row.text("t_s"));
        if more || !fixed {
            continue;
        }
        let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
        at.values().for_each(|(node, cores)| *sums.entry(node).or_default() += cores);
        for (node, sum) in sums {
            let most = if node.starts_with("edge") { 8.0 } else { 16.0 };
            assert!(sum <= most + 1e-9, "{node} has {sum} of {most} cores at {}", row.text("t_s"));
        }
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn whatever_happens_each_request_ends_once_and_what_is_placed_fits(scenario in scenario()) {
        let run = run(&scenario);
        let own = &run.summary()["workloads"]["services"];
        let rows = run.table("requests");
        let mut numbers: Vec<u64> = rows.iter().map(|row| row.value("request") as u64).collect();
        numbers.sort_unstable();
        prop_assert!(numbers.iter().copied().eq(0..rows.len() as u64));
        prop_assert_eq!(own["created"].as_u64(), Some(rows.len() as u64));
        let mut counted = BTreeMap::new();
        for row in &rows {
            *counted.entry(row.text("outcome").to_string()).or_insert(0_u64) += 1;
            let parts = ["network_s", "wait_s", "processing_s"].map(|column| row.value(column));
            prop_assert!(parts.iter().all(|part| *part >= 0.0));
            let (spent_s, passed_s) =
                (parts.iter().sum::<f64>(), row.value("t_s") - row.value("created_s"));
            prop_assert!(spent_s <= passed_s + 1e-6, "{} of {}", spent_s, passed_s);
            if let Some(response_s) = row.number("response_s") {
                assert_near(spent_s, response_s, 1e-6);
                prop_assert_eq!(row.text("outcome") == "missed_deadline", response_s > 0.5);
                prop_assert_eq!(row.value("services"), 3.0);
            }
        }
        for (outcome, count) in own["outcomes"].as_object().unwrap() {
            prop_assert_eq!(counted.get(outcome).copied().unwrap_or(0), count.as_u64().unwrap());
        }
        let placements = run.table("placements");
        replay(&scenario, &placements);
        let violations = run.table("violations");
        prop_assert_eq!(own["violations"]["all"].as_u64(), Some(violations.len() as u64));
        let moves = run.table("service_migrations");
        let counts = |end: &str| moves.iter().filter(|row| row.text("outcome") == end).count() as u64;
        prop_assert_eq!(own["abandoned_moves"].as_u64(), Some(counts("abandoned")));
        for row in &moves {
            let took_s = row.value("t_s") - row.value("began_s");
            prop_assert!(took_s >= -1e-9);
            prop_assert!(row.number("downtime_s").is_none_or(|down_s| down_s >= -1e-9));
        }
        let share = own["placed_share"].as_f64().unwrap();
        prop_assert!((0.0..=1.0).contains(&share));
        let metered_j: f64 = run.summary()["tiers"].as_object().unwrap().values()
            .map(|tier| tier["energy_j"].as_f64().unwrap()).sum();
        prop_assert!(own["energy_wh"]["all"].as_f64().unwrap() * 3600.0 <= metered_j * (1.0 + 1e-9));
    }
}
