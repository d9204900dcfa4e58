//! Perturbations, from the scenario to the tables.

use crate::support::{
    Row, assert_near, attempt, error_text, output_text, run, run_shipped, run_with, stratosim,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A cloud behind two edge nodes in a chain, and a phone with a task each second.
fn scenario(dynamics: Value) -> Value {
    json!({
        "duration": "1 min",
        "nodes": [
            { "tier": "cloud", "cores": 8, "mips_per_core": "10 GIPS" },
            { "tier": "edge", "count": 2, "cores": 4, "mips_per_core": "10 GIPS", "memory": "8 GB",
              "access_point": { "range": "2 km", "uplink": "40 Mbps", "downlink": "100 Mbps" } },
            { "tier": "device", "name": "phone", "battery": { "capacity": "10 Wh" } }
        ],
        "network": { "links": [
            { "a": "edge-0", "b": "edge-1", "latency": "4 ms", "bandwidth": "100 Mbps" },
            { "a": "edge-1", "b": "cloud", "latency": "20 ms", "bandwidth": "1 Gbps" }
        ] },
        "dynamics": dynamics,
        "workloads": [ { "kind": "tasks", "applications": [
            { "name": "task", "arrival": { "kind": "periodic", "period": "1 s" }, "length": "1 GI",
              "upload": "100 kB", "download": "10 kB" } ] } ],
        "policies": { "offloading": { "kind": "cloud_only" } },
        "output": { "tables": ["changes", "tasks", "faults"] }
    })
}

fn values(rows: &[Row], subject: &str, attribute: &str) -> Vec<(f64, f64)> {
    let own = rows.iter().filter(|row| row.text("subject") == subject);
    let own = own.filter(|row| row.text("attribute") == attribute);
    own.map(|row| (row.value("t_s"), row.value("value"))).collect()
}

#[test]
fn changes_are_told_with_their_base_and_slow_what_goes_over_them() {
    let run = run(&scenario(json!([
        { "links": "edge-1--cloud", "attribute": "latency", "schedule": { "at": ["20 s"] },
          "change": { "kind": "set_value", "value": "320 ms" } },
        { "cells": "edge", "attribute": "uplink", "schedule": { "at": ["40 s"] },
          "change": { "kind": "scale", "factor": 0.1 } }
    ])));
    let changes = run.table("changes");
    let told = |row: &Row| {
        let names = ["kind", "subject", "attribute"].map(|column| row.text(column).to_string());
        (row.value("t_s"), names.join(" "), row.value("value"), row.value("base"))
    };
    let expected = [
        (20.0, "link edge-1--cloud latency".to_string(), 0.32, 0.02),
        (40.0, "link edge-0/radio bandwidth_back".to_string(), 4e6, 40e6),
        (40.0, "link edge-1/radio bandwidth_back".to_string(), 4e6, 40e6),
    ];
    assert_eq!(changes.iter().map(told).collect::<Vec<_>>(), expected);
    // There and back 300 ms more each; 0.8 Mbit over the radio take 180 ms more.
    let mean_service_s = |from: f64, to: f64| {
        let tasks = run.tasks();
        let own = tasks.iter().filter(|row| (from..to).contains(&row.value("created_s")));
        let times: Vec<f64> = own.filter_map(|row| row.number("service_s")).collect();
        assert!(times.len() >= 15);
        times.iter().sum::<f64>() / times.len() as f64
    };
    let [first, second, third] =
        [(0.0, 19.0), (20.0, 38.0), (40.0, 58.0)].map(|(from, to)| mean_service_s(from, to));
    assert_near(second - first, 0.6, 1e-6);
    assert_near(third - second, 0.18, 1e-6);
}

#[test]
fn without_perturbations_there_is_no_table_and_nobody_else_draws_otherwise() {
    let tasks = |dynamics: Value| {
        let mut scenario = scenario(dynamics);
        scenario["output"] = json!({ "tables": ["tasks"] });
        scenario["workloads"][0]["applications"][0]["arrival"] =
            json!({ "kind": "poisson", "mean_interval": "1 s" });
        run(&scenario).tasks().iter().map(|row| row.value("created_s")).collect::<Vec<_>>()
    };
    let noise = json!([{ "nodes": "edge", "attribute": "speed", "schedule": { "every": "1 s" },
                         "change": { "kind": "gaussian_jitter", "standard_deviation": 0.1 } }]);
    assert_eq!(tasks(json!([])), tasks(noise));
}

const MEASURED: &str = "t_s,subject,value\n0,a,50\n5,a,80\n7,other,3\n10,a,\n15,a,20\n";

#[test]
fn measured_values_are_replayed_to_the_instant() {
    let replay = |more: Value| {
        let mut change = json!({ "kind": "replay", "file": "measured.csv", "unit": "Mbps",
                                 "mapping": { "edge-0--edge-1": "a" } });
        for (key, value) in more.as_object().unwrap() {
            change[key] = value.clone();
        }
        let every = if more.get("interpolation").is_some() { json!("2.5 s") } else { Value::Null };
        let scenario = scenario(json!([{ "links": "edge-0--*", "attribute": "bandwidth",
                                         "schedule": { "every": every, "until": "16 s" }, "change": change }]));
        let run = run_with(&scenario, &[("measured.csv", MEASURED)]);
        values(&run.table("changes"), "edge-0--edge-1", "bandwidth")
    };
    assert_eq!(replay(json!({})), [(0.0, 50e6), (5.0, 80e6), (15.0, 20e6)]);
    let base = json!({ "missing": "base", "period": "40 s" });
    let cycle = [(0.0, 50e6), (5.0, 80e6), (10.0, 100e6), (15.0, 20e6)];
    let again = cycle.map(|(time, value)| (time + 40.0, value));
    assert_eq!(replay(base), [cycle, again].concat());
    let lines = replay(json!({ "interpolation": "linear" }));
    assert_eq!(lines[..4], [(0.0, 50e6), (2.5, 65e6), (5.0, 80e6), (12.5, 50e6)]);
}

#[test]
fn a_partition_parts_its_groups_and_no_others() {
    let run = run(&scenario(json!([
        { "attribute": "availability", "schedule": { "at": ["10 s"] },
          "change": { "kind": "network_partition", "groups": [["edge-0", "edge-1"], "cloud"], "lasts": "5 s" } },
        { "attribute": "availability", "schedule": { "at": ["30 s"] },
          "change": { "kind": "network_partition", "groups": ["edge-0"], "lasts": "5 s" } }
    ])));
    let faults: Vec<(f64, String)> = (run.table("faults").iter())
        .map(|row| (row.value("t_s"), format!("{} {}", row.text("subject"), row.text("change"))))
        .collect();
    let expected = [
        (10.0, "edge-1--cloud failed"),
        (15.0, "edge-1--cloud repaired"),
        (30.0, "edge-0--edge-1 failed"),
        (35.0, "edge-0--edge-1 repaired"),
    ];
    assert_eq!(faults, expected.map(|(time, text)| (time, text.to_string())));
}

#[test]
fn the_changing_network_changes_as_it_says() {
    let run = run_shipped("changing-network", &[]);
    let changes = run.table("changes");
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &changes {
        *count.entry(row.text("attribute")).or_default() += 1;
    }
    for attribute in [
        "latency",
        "bandwidth_forth",
        "bandwidth_back",
        "availability",
        "speed",
        "cores",
        "battery_capacity",
    ] {
        assert!(count.get(attribute).is_some_and(|count| *count > 0), "{attribute}: {count:?}");
    }
    // Three in ten of 60 phones have worn batteries.
    assert_eq!(count["battery_capacity"], 18);
    // Throttling is undone at 5 min.
    let speeds = values(&changes, "edge-2", "speed");
    assert_near(speeds[speeds.len() - 2].1, 0.4, 1e-12);
    assert_eq!(*speeds.last().unwrap(), (300.0, 1.0));
    // Latencies stay within half and three times their base, but for spikes.
    for row in changes.iter().filter(|row| row.text("attribute") == "latency") {
        let share = row.value("value") / row.value("base");
        assert!((0.5..=3.0 + 1e-9).contains(&share), "{share}");
    }
    let summary = run.summary();
    let done = &summary["workloads"]["tasks"]["outcomes"]["done"];
    assert!(done.as_u64().unwrap() > 5000, "{done}");
}

#[test]
fn assets_change_by_name() {
    let mut scenario = scenario(json!([
        { "nodes": "edge", "attribute": { "asset": "licence" }, "schedule": { "at": ["10 s"] },
          "change": { "kind": "set_value", "value": 3 } },
        { "nodes": "edge-1", "attribute": { "asset": "processing_time_s" }, "schedule": { "at": ["20 s"] },
          "change": { "kind": "set_value", "value": 0.5 } }
    ]));
    scenario["assets"] = json!({ "licence": { "algebra": "additive", "unit": "seats" } });
    scenario["nodes"][1]["assets"] = json!({ "licence": 5 });
    let run = run(&scenario);
    let rows = run.table("changes");
    for edge in ["edge-0", "edge-1"] {
        assert_eq!(values(&rows, edge, "licence"), [(10.0, 3.0)]);
    }
    assert_eq!(values(&rows, "edge-1", "processing_time_s"), [(20.0, 0.5)]);
    assert_eq!(rows.len(), 3);
}

#[test]
fn kinds_are_listed_with_their_parameters() {
    let listed = output_text(&stratosim().args(["list", "dynamics"]).assert().success());
    for text in ["availability_flap", "p_repair (required)", "replay", "mapping ({})", "momentum_walk"] {
        assert!(listed.contains(text), "{text} is not in\n{listed}");
    }
}

#[test]
fn what_makes_no_sense_is_told_with_its_place() {
    let every = json!({ "every": "1 s" });
    let of = |more: Value| {
        let mut spec = json!({ "schedule": every });
        for (key, value) in more.as_object().unwrap() {
            spec[key] = value.clone();
        }
        let (result, _) = attempt(&scenario(json!([spec])), &[]);
        error_text(&result.code(2))
    };
    let scale = json!({ "kind": "scale", "factor": 2 });
    let cases = [
        (
            json!({ "nodes": "egde", "attribute": "speed", "change": scale }),
            "dynamics[0].nodes: no node or class is named \"egde\"\n    help: did you mean \"edge\"?",
        ),
        (
            json!({ "links": "edge-0--clud", "attribute": "latency", "change": scale }),
            "dynamics[0].links: no link is named \"edge-0--clud\"",
        ),
        (json!({ "nodes": "edge", "attribute": "latensy", "change": scale }), "dynamics[0].attribute"),
        (
            json!({ "nodes": "edge", "attribute": "latency", "change": scale }),
            "dynamics[0].nodes: a node has no latency",
        ),
        (
            json!({ "nodes": "phone", "attribute": "charger_power", "change": scale }),
            "it has no charger",
        ),
        (
            json!({ "attribute": "speed", "change": scale }),
            "dynamics[0]: none of `nodes`, `tiers`, `links`, `between` and `cells` says what changes",
        ),
        (
            json!({ "nodes": "edge", "attribute": "speed", "schedule": {}, "change": scale }),
            "dynamics[0].schedule: neither `every` nor `at` says when it acts",
        ),
        (
            json!({ "nodes": "edge", "attribute": "speed", "schedule": { "every": "0 s" }, "change": scale }),
            "dynamics[0].schedule.every: every is 0, but must be above 0",
        ),
        (
            json!({ "nodes": "edge", "attribute": "availability", "change": { "kind": "gaussian_jitter", "standard_deviation": 1 } }),
            "dynamics[0].change: it changes a value by degrees, but availability is 1 or 0",
        ),
        (
            json!({ "nodes": "edge", "attribute": "cores", "change": { "kind": "all_of", "changes": [{ "kind": "churn", "stays": "1 s", "away": "1 s" }] } }),
            "dynamics[0].change.changes[0]: it takes nodes or links away, but the attribute is cores",
        ),
        (
            json!({ "nodes": "edge", "attribute": "memory", "change": { "kind": "set_value", "value": "3 ms" } }),
            "dynamics[0].change.value: \"3 ms\" is not a data size",
        ),
        (
            json!({ "nodes": "edge", "attribute": "availability", "change": { "kind": "correlated_failure", "p_fail": 0.1, "p_repair": 0.1 } }),
            "dynamics[0]: `group_by` does not say what fails together",
        ),
        (
            json!({ "nodes": "edge", "attribute": "speed", "change": { "kind": "restore", "of": "x" } }),
            "dynamics[0].change.of: no perturbation is named \"x\"",
        ),
        (
            json!({ "nodes": "edge", "attribute": "speed", "change": { "kind": "replay", "file": "none.csv" } }),
            "none.csv: cannot be opened",
        ),
        (
            json!({ "cells": "cloud", "attribute": "uplink", "change": scale }),
            "dynamics[0].cells: \"cloud\" is no access point",
        ),
        (
            json!({ "nodes": "edge", "attribute": { "asset": "licences" }, "change": scale }),
            "dynamics[0].attribute.asset: no asset is named \"licences\"",
        ),
        (
            json!({ "nodes": "edge", "attribute": { "asset": "memory_bytes" }, "change": scale }),
            "help: write \"attribute\": \"memory\"",
        ),
        (
            json!({ "nodes": "edge", "attribute": { "asset": "accelerators" }, "change": scale }),
            "asset cannot change of \"edge\": it has no accelerators",
        ),
    ];
    for (spec, expected) in cases {
        let text = of(spec.clone());
        assert!(text.contains(expected), "{spec}: expected {expected:?} in\n{text}");
    }
}
