//! 5G cells of scenarios: what the program makes of them, against numbers worked out elsewhere.

use crate::support::{Row, attempt, read_json, root, run_with, stratosim};
use serde_json::{Value, json};

/// A phone 200 m from a base station, never in line of sight and without shadowing; with another base station 500 m
/// from it, half of which is always taken, if asked for.
fn street(has_neighbour: bool) -> Value {
    let mast = |name: &str, x_m: f64, background_load: f64| {
        json!({
            "tier": "edge", "name": name, "access_point": { "cell": { "background_load": background_load } },
            "mobility": { "kind": "static", "positions": [{ "x": x_m, "y": 0 }] }
        })
    };
    let mut nodes = vec![
        json!({ "tier": "cloud" }),
        mast("near", 200.0, 0.0),
        json!({
            "tier": "device", "name": "phone",
            "mobility": { "kind": "static", "positions": [{ "x": 0, "y": 0 }] }
        }),
    ];
    if has_neighbour {
        nodes.push(mast("far", -500.0, 0.5));
    }
    json!({
        "duration": "5 s",
        "cells": { "line_of_sight": "never", "shadowing": false },
        "nodes": nodes,
        "workloads": [],
        "output": { "tables": ["radio_devices", "radio_cells", "cell_changes"] }
    })
}

fn near(row: &Row, column: &str, expected: f64, within: f64) {
    let found = row.value(column);
    assert!((found - expected).abs() < within, "{column} is {found}, not {expected}");
}

/// -98.382280 dBm and 23.846507 dB alone, 16.222048 dB with the other cell (ns-3 and Sionna agree on the path losses).
#[test]
fn a_phone_receives_what_was_worked_out_by_hand() {
    for (has_neighbour, sinr_db) in [(false, 23.846_507), (true, 16.222_048)] {
        let run = run_with(&street(has_neighbour), &[]);
        let rows = run.table("radio_devices");
        assert_eq!(rows.len(), 5);
        for (number, row) in (1..).zip(&rows) {
            near(row, "t_s", f64::from(number), 1e-12);
            assert_eq!((row.text("site"), row.text("cell")), ("near", "near/0/n78"));
            near(row, "rsrp_dbm", -98.382_280, 1e-6);
            near(row, "sinr_db", sinr_db, 1e-6);
            near(row, "dl_sinr_db", sinr_db, 1e-6);
            near(row, "distance_m", 200.180_544, 1e-6);
            // Twice 200.18 m at the speed of light.
            near(row, "ta_ns", 2.0 * 200.180_544 / 0.299_792_458, 1e-3);
            assert_eq!(row.text("line_of_sight"), "false");
            assert_eq!((row.text("jammed"), row.text("jammer")), ("false", ""));
        }
        let changes = run.table("cell_changes");
        assert_eq!((changes.len(), changes[0].text("cause")), (1, "selected"));
        let summary = run.summary();
        assert_eq!(summary["cells"]["attached_share"], 1.0);
        assert_eq!(summary["cells"]["handovers"], 0);
    }
}

/// What a scenario does not say of its cells is in `run.json` with its default.
#[test]
fn defaults_are_recorded() {
    let record = run_with(&street(false), &[]).record();
    let cells = &record["scenario"]["cells"];
    assert_eq!(cells["path_loss"], json!({ "kind": "umi", "optional": false }));
    assert_eq!(cells["scheduler"], json!({ "kind": "proportional_fair", "fairness": 1.0 }));
    assert_eq!(cells["carriers"][0]["duplex"], "DDDSU");
    assert_eq!(cells["handover"]["time_to_trigger"], "256 ms");
    let access_point = &record["scenario"]["nodes"][1]["access_point"];
    assert_eq!(access_point["transmit_power"], "44 dBm");
    assert_eq!(access_point["antenna_gain"], "8 dB");
    assert_eq!(access_point["network"], "cellular");
    let file = root().join("tests/good/small.json");
    let other = run_with(&serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap(), &[]);
    let scenario = &other.record()["scenario"];
    assert!(scenario.get("cells").is_none());
    assert!(!scenario["nodes"].to_string().contains("44 dBm"));
}

/// What is no error, but must be known, is said.
#[test]
fn antennas_above_what_the_model_holds_for_are_told() {
    let mut scenario = street(false);
    scenario["nodes"][2]["mobility"]["positions"][0]["z"] = json!("80 m");
    let (result, run) = attempt(&scenario, &[]);
    result.success();
    let notes = run.summary()["notes"].to_string();
    assert!(
        notes.contains("the antennas of the class \\\"phone\\\" are 80 m above the ground")
            && notes.contains("for devices from 1.5 to 22.5 m"),
        "{notes}"
    );
}

#[test]
fn kinds_of_cells_are_listed_with_their_parameters() {
    let listed = |what: &str| {
        let output = stratosim().args(["list", what]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (models, policies) = (listed("models"), listed("policies"));
    for kind in ["umi", "uma", "rma", "inh", "close_in", "abg", "free_space", "log_distance"] {
        assert!(models.contains(&format!("\n  {kind} ")), "{kind}: {models}");
    }
    for kind in ["round_robin", "proportional_fair", "max_rate"] {
        assert!(policies.contains(&format!("\n  {kind} ")), "{kind}: {policies}");
    }
    assert!(models.contains("sigma_obstructed") && policies.contains("fairness"));
}

/// Two minutes of the shipped scenario: the more another cell must be stronger, the fewer cars go to and fro, and the
/// weaker the cells become on which they stay.
#[test]
fn ping_pongs_fall_with_hysteresis() {
    let text = std::fs::read_to_string(root().join("scenarios/handover.json")).unwrap();
    let mut scenario: Value = serde_json::from_str(&text).unwrap();
    scenario["duration"] = json!("2 min");
    scenario["workloads"] = json!([]);
    scenario["output"] = json!({ "tables": ["cell_changes"] });
    let mut before = (u64::MAX, u64::MAX, f64::INFINITY);
    for hysteresis in ["0 dB", "2 dB", "6 dB"] {
        scenario["cells"]["handover"]["hysteresis"] = json!(hysteresis);
        let run = run_with(&scenario, &[]);
        let cells = &run.summary()["cells"];
        let found = (
            cells["handovers"].as_u64().unwrap(),
            cells["ping_pongs"].as_u64().unwrap(),
            cells["sinr_db"]["mean"].as_f64().unwrap(),
        );
        assert!(
            found.0 < before.0 && found.1 < before.1 && found.2 < before.2,
            "{hysteresis}: {found:?} after {before:?}"
        );
        // The table has what the summary counts.
        let rows = run.table("cell_changes");
        let of = |cause: &str| rows.iter().filter(|row| row.text("cause") == cause).count() as u64;
        assert_eq!(of("handover"), found.0);
        let back = rows.iter().filter(|row| row.text("ping_pong") == "true").count() as u64;
        assert_eq!(back, found.1);
        before = found;
    }
}

/// What a user sees of cells after a run: nothing without any.
#[test]
fn the_report_of_a_run_tells_of_cells() {
    let of = |file: &str| {
        let out = tempfile::tempdir().unwrap();
        let path = out.path().join("run");
        let output = stratosim().args(["run", file, "--out"]).arg(&path).output().unwrap();
        assert!(output.status.success());
        let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (out + &error, read_json(&path.join("summary.json")))
    };
    let (text, summary) = of("tests/good/anomaly.json");
    for key in ["cells", "goodput", "changes of cell", "responses"] {
        assert!(text.lines().any(|line| line.trim_start().starts_with(key)), "{key}: {text}");
    }
    for name in summary["cells"]["detection"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("\n    {name} ")), "{name}: {text}");
    }
    assert!(of("tests/good/jammers.json").0.contains("\n    jammed  "));
    let (text, _) = of("tests/good/small.json");
    assert!(!text.contains("changes of cell") && !text.contains("jammed"), "{text}");
}
