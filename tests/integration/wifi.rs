//! WiFi of scenarios: what the program makes of it.

use crate::support::{root, run_with, stratosim};
use serde_json::{Value, json};

fn shipped() -> Value {
    let text = std::fs::read_to_string(root().join("scenarios/wifi.json")).unwrap();
    let mut scenario: Value = serde_json::from_str(&text).unwrap();
    scenario["duration"] = "60 s".into();
    scenario["output"] = json!({ "tables": ["wifi_links", "tasks"] });
    scenario
}

/// What is in the table is in the summary; airtime is a share; nothing is sent without a link.
#[test]
fn bytes_are_conserved_and_airtime_is_a_share() {
    let run = run_with(&shipped(), &[]);
    let rows = run.table("wifi_links");
    assert_eq!(rows.len(), 8 * 60);
    let (mut bytes, mut used) = ([0.0; 2], std::collections::BTreeMap::<String, f64>::new());
    for row in &rows {
        let carried = ["dl_carried_bytes", "ul_carried_bytes"].map(|column| row.value(column));
        let airtime = ["dl_airtime", "ul_airtime"].map(|column| row.value(column));
        assert!(carried.iter().chain(&airtime).all(|value| *value >= 0.0));
        for (direction, column) in ["dl_offered_bytes", "ul_offered_bytes"].into_iter().enumerate() {
            assert!(row.value(column) >= carried[direction]);
            bytes[direction] += carried[direction];
        }
        match row.number("rssi_dbm") {
            Some(rssi_dbm) => assert!(rssi_dbm >= -82.0),
            None => assert_eq!(row.text("dl_mcs"), ""),
        }
        if carried.iter().all(|bytes| *bytes == 0.0) {
            assert_eq!(airtime, [0.0; 2]);
        }
        // Those that share a channel share its time.
        let key = format!("{} {}", row.text("t_s"), row.text("channel"));
        *used.entry(key).or_default() += airtime[0] + airtime[1];
    }
    for (key, share) in used.iter().filter(|(key, _)| !key.ends_with(' ')) {
        assert!(*share <= 1.0, "{key}: {share}");
    }
    let mean = used.values().sum::<f64>() / used.len() as f64;
    assert!(mean > 0.05 && mean < 1.0, "{mean}");
    let summary = &run.summary()["wifi"];
    for (direction, sum) in ["down", "up"].into_iter().zip(bytes) {
        let told = summary["carried_bytes"][direction].as_f64().unwrap();
        assert!((told / sum - 1.0).abs() < 1e-9, "{told} {sum}");
    }
    assert_eq!((summary["access_points"].as_u64(), summary["stations"].as_u64()), (Some(3), Some(8)));
    assert!(summary["roams"].as_u64() > Some(3));
    assert!(summary["radio_energy_j"].as_f64() > Some(8.0 * 60.0 * 0.7));
    // What was sent for tasks went over the air: 2 MB up for each that was done on a server.
    let done = run.table("tasks").iter().filter(|row| row.text("outcome") == "done").count();
    assert!(bytes[1] >= 1.9e6 * done as f64 && done > 50, "{done} {}", bytes[1]);
}

#[test]
fn two_runs_are_alike_and_another_seed_is_not() {
    let [one, other] = [shipped(), shipped()].map(|scenario| run_with(&scenario, &[]).record());
    assert_eq!(one["fingerprint"], other["fingerprint"]);
    let mut scenario = shipped();
    scenario["seed"] = 2.into();
    assert_ne!(run_with(&scenario, &[]).record()["fingerprint"], one["fingerprint"]);
}

/// A channel of its own carries what a shared one does not.
#[test]
fn a_channel_of_its_own_is_faster() {
    let mean_s = |scenario: &Value| {
        let rows = run_with(scenario, &[]).table("tasks");
        let times: Vec<f64> = rows.iter().filter_map(|row| row.number("upload_s")).collect();
        times.iter().sum::<f64>() / times.len() as f64
    };
    let mut scenario = shipped();
    let shared_s = mean_s(&scenario);
    scenario["nodes"][2]["access_point"]["wifi"]["channel"] = 52.into();
    let apart_s = mean_s(&scenario);
    assert!(apart_s < 0.9 * shared_s, "{apart_s} {shared_s}");
}

#[test]
fn defaults_are_recorded() {
    let record = run_with(&shipped(), &[]).record();
    let wifi = &record["scenario"]["wifi"];
    assert_eq!(wifi["path_loss"]["reference_loss"], "46.6777 dB");
    assert_eq!(wifi["adaptation"], json!({ "kind": "minstrel", "sampling": 0.1 }));
    assert_eq!(wifi["link_choice"], json!({ "kind": "cells_first" }));
    let kinds = stratosim().arg("list").output().unwrap();
    let text = String::from_utf8(kinds.stdout).unwrap();
    for kind in ["wifi_first", "best_rate", "sticky", "two_ray", "three_log_distance"] {
        assert!(text.contains(kind), "{kind}");
    }
}

/// A message over 8 Mbit/s and 25 ms with up to 5 ms more or less, and back over 20 Mbit/s.
#[test]
fn a_shaped_radio_takes_its_time() {
    let scenario = json!({
        "duration": "5 min",
        "nodes": [
            {
                "tier": "edge",
                "access_point": { "latency": "0 s", "model": { "kind": "shaped", "preset": "lte" } }
            },
            { "tier": "device", "mobility": { "kind": "static", "positions": [{ "x": 0, "y": 0 }] } }
        ],
        "workloads": [{
            "kind": "tasks",
            "applications": [{
                "name": "a", "arrival": { "kind": "periodic", "period": "1 s" },
                "length": "1 MI", "upload": "101500 B", "download": "251500 B"
            }]
        }],
        "policies": { "offloading": { "kind": "edge_only" } }
    });
    let run = run_with(&scenario, &[]);
    let rows = run.table("tasks");
    let mean = |column: &str| {
        let values: Vec<f64> = rows.iter().filter_map(|row| row.number(column)).collect();
        assert!(values.len() > 250, "{}", values.len());
        values.iter().sum::<f64>() / values.len() as f64
    };
    // A burst of 1500 bytes goes at once, 100 kB in 0.1 s; 250 kB in 0.1 s.
    assert!((mean("upload_s") - 0.125).abs() < 0.001, "{}", mean("upload_s"));
    assert!((mean("download_s") - 0.125).abs() < 0.001, "{}", mean("download_s"));
}
