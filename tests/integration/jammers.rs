//! Jammers of scenarios: what they change in tables, and what they leave as it is.

use crate::support::{Run, attempt, run};
use serde_json::{Value, json};
use std::fs;

/// Two base stations, two phones that walk and one that stands, all with background traffic and video to send, and these
/// jammers. Devices keep their cells as long as they hear them.
fn city(jammers: Value) -> Value {
    let phone = |name: &str, count: u32, mobility: Value| {
        json!({
            "tier": "device", "name": name, "count": count, "mobility": mobility,
            "cell_radio": { "background": { "downlink": "2 Mbps", "uplink": "1 Mbps" } }
        })
    };
    json!({
        "duration": "30 s",
        "area": { "width": "300 m", "height": "200 m" },
        "cells": { "handover": { "kind": "sticky" }, "least_rsrp": "-140 dBm", "link_failure": { "t310": "6 s" } },
        "jammers": jammers,
        "nodes": [
            {
                "tier": "edge", "name": "gnb", "count": 2, "cores": 64, "access_point": { "cell": {} },
                "mobility": { "kind": "static", "positions": [{ "x": 50, "y": 100 }, { "x": 250, "y": 100 }] }
            },
            phone("walker", 2, json!({ "kind": "random_waypoint", "min_speed": "1 m/s", "max_speed": "3 m/s" })),
            phone("camera", 1, json!({ "kind": "static", "positions": [{ "x": 100, "y": 60 }] })),
        ],
        "workloads": [{
            "kind": "tasks",
            "applications": [{
                "arrival": { "kind": "periodic", "period": "900 ms" }, "length": "1 MI", "upload": "200 kB", "download": "20 kB"
            }]
        }],
        "policies": { "offloading": { "kind": "nearest" } },
        "output": { "trace": "full" }
    })
}

fn barrage(from_s: f64, to_s: f64) -> Value {
    json!({
        "name": "barrage", "at": { "x": 150, "y": 100, "z": 3 }, "eirp": "36 dBm",
        "between": [{ "from": from_s, "to": to_s }]
    })
}

/// All tables, by name, but that of jammers.
fn tables(run: &Run) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(run.path.join("tables")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name != "jamming.csv" {
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// Not a byte of any table is another, whatever a jammer would send; one that is on changes them.
#[test]
fn silent_jammers_change_no_table() {
    let nothing = tables(&run(&city(json!([]))));
    assert!(nothing.iter().any(|(name, _)| name == "radio_devices.csv"));
    let kinds = [
        json!({ "kind": "constant" }),
        json!({ "kind": "random", "mean_on": "100 ms", "mean_off": "100 ms" }),
        json!({ "kind": "modulated", "least": "0 dBm", "most": "40 dBm", "waveform": "walk", "period": "10 ms" }),
    ];
    let silent: Value = kinds
        .iter()
        .enumerate()
        .map(|(number, signal)| {
            json!({ "name": format!("{number}"), "at": { "x": 150, "y": 100 }, "signal": signal, "between": [] })
        })
        .collect();
    assert_eq!(nothing, tables(&run(&city(silent))));
    assert_ne!(nothing, tables(&run(&city(json!([barrage(10.0, 20.0)])))));
}

#[test]
fn a_jammer_outside_all_carriers_is_noted_and_changes_nothing() {
    let nothing = tables(&run(&city(json!([]))));
    let mut own = barrage(0.0, 30.0);
    own["frequency"] = json!("2.4 GHz");
    let (result, jammed) = attempt(&city(json!([own])), &[]);
    result.success();
    assert_eq!(nothing, tables(&jammed));
    let notes = jammed.summary()["notes"].to_string();
    assert!(
        notes.contains("from 2350 to 2450 MHz") && notes.contains("n78 from 3450.86 to 3549.14 MHz"),
        "{notes}"
    );
}

/// From 10 to 20 s: RSRP is the same in each row, RSSI rises, RSRQ, SINR and rates fall, and tasks that are sent meanwhile take
/// longer; before, everything is as without the jammer. Which rows are jammed is what the table says.
#[test]
fn jamming_shows_in_the_tables_and_slows_tasks() {
    let (clear, jammed) = (run(&city(json!([]))), run(&city(json!([barrage(10.0, 20.0)]))));
    let (without, with) = (clear.table("radio_devices"), jammed.table("radio_devices"));
    assert_eq!((without.len(), with.len()), (90, 90));
    let (mut hit, mut rates_bps) = (0, [0.0, 0.0]);
    for (one, other) in without.iter().zip(&with) {
        let time_s = one.value("t_s");
        assert_eq!((one.text("device"), one.text("cell")), (other.text("device"), other.text("cell")));
        assert_eq!(one.text("rsrp_dbm"), other.text("rsrp_dbm"), "at {time_s} s");
        let is_jammed = (10.5..20.5).contains(&time_s) && other.text("jammed") == "true";
        assert_eq!(other.text("jammed"), is_jammed.to_string(), "at {time_s} s");
        if is_jammed {
            hit += 1;
            let more = |column: &str| other.value(column) - one.value(column);
            assert!(more("rssi_dbm") > 0.0 && more("rsrq_db") < 0.0 && more("sinr_db") < 0.0);
            assert_eq!((other.text("jammer"), other.text("jamming_kind")), ("barrage", "constant"));
            assert_eq!(other.value("jam_on"), 1.0);
        }
        if (10.5..20.5).contains(&time_s) {
            rates_bps[0] += one.value("ul_brate_bps");
            rates_bps[1] += other.value("ul_brate_bps");
        }
        if time_s < 10.5 {
            assert_eq!(one.text("sinr_db"), other.text("sinr_db"), "at {time_s} s");
            assert_eq!(one.text("ul_brate_bps"), other.text("ul_brate_bps"), "at {time_s} s");
        }
    }
    assert!(hit >= 20, "{hit} rows are jammed");
    assert!(rates_bps[1] < 0.9 * rates_bps[0], "{rates_bps:?}");
    let late = |run: &Run| {
        let tasks = run.tasks();
        let sent = tasks.iter().filter(|task| (10.0..20.0).contains(&task.value("created_s")));
        sent.map(|task| task.number("service_s").unwrap_or(f64::INFINITY)).fold(0.0, f64::max)
    };
    assert!(late(&jammed) > 1.5 * late(&clear), "{} {}", late(&jammed), late(&clear));
    let rows = jammed.table("jamming");
    let on: Vec<(f64, &str)> = rows.iter().map(|row| (row.value("t_s"), row.text("on"))).collect();
    assert_eq!(on, [(0.0, "false"), (10.0, "true"), (20.0, "false")]);
}

/// A jammer that is on from the start has one row there.
#[test]
fn what_is_on_from_the_start_is_told_once() {
    let rows = run(&city(json!([barrage(0.0, 5.0)]))).table("jamming");
    let on: Vec<(f64, &str)> = rows.iter().map(|row| (row.value("t_s"), row.text("on"))).collect();
    assert_eq!(on, [(0.0, "true"), (5.0, "false")]);
}

/// Devices that nothing but a jammer keeps out of all cells are in the rows and in the sum of what is jammed, without a cell.
#[test]
fn devices_that_are_kept_out_are_jammed() {
    let mut own = barrage(0.0, 10.0);
    (own["eirp"], own["signal"]) = (json!("100 dBm"), json!({ "kind": "selective", "target": "ssb" }));
    let run = run(&city(json!([own])));
    let rows = run.table("radio_devices");
    let out: Vec<_> = rows.iter().filter(|row| row.text("cell").is_empty()).collect();
    assert_eq!(out.len(), 30, "three devices for 10 s");
    for row in out {
        assert_eq!(
            (row.text("jammed"), row.text("jammer"), row.text("rsrp_dbm")),
            ("true", "barrage", "")
        );
    }
    let summary = run.summary();
    assert_eq!(
        (&summary["cells"]["jammed_s"], &summary["cells"]["jammed_device_share"]),
        (&json!(30.0), &json!(1.0))
    );
    // None of them had a cell while it was jammed.
    assert_eq!(summary["cells"]["goodput_jammed_bps"], Value::Null);
}

/// Goodput with and without jamming is the mean over rows with a cell.
#[test]
fn goodput_in_jammed_time_is_that_of_devices_with_a_cell() {
    let mut own = barrage(5.0, 20.0);
    own["eirp"] = json!("30 dBm");
    let mut scenario = city(json!([own]));
    scenario["cells"]["link_failure"] = json!({ "t310": "2 s", "t311": "1 s" });
    let run = run(&scenario);
    let rows = run.table("radio_devices");
    let mean_bps = |jammed: &str| {
        let own: Vec<f64> = rows
            .iter()
            .filter(|row| row.text("jammed") == jammed && !row.text("cell").is_empty())
            .map(|row| row.value("dl_brate_bps") + row.value("ul_brate_bps"))
            .collect();
        own.iter().sum::<f64>() / own.len() as f64
    };
    let told = |key: &str| run.summary()["cells"][key].as_f64().unwrap();
    for (key, jammed) in [("goodput_jammed_bps", "true"), ("goodput_clear_bps", "false")] {
        assert!(
            (told(key) / mean_bps(jammed) - 1.0).abs() < 1e-9,
            "{key}: {} {}",
            told(key),
            mean_bps(jammed)
        );
    }
    let jammed = |has_cell: bool| {
        let is_own = |row: &&crate::support::Row| {
            row.text("jammed") == "true" && row.text("cell").is_empty() != has_cell
        };
        rows.iter().filter(is_own).count()
    };
    assert!(jammed(true) > 0, "{} {}", jammed(true), jammed(false));
    assert_eq!(told("jammed_s"), (jammed(true) + jammed(false)) as f64);
}
