//! Tracing at full depth: what its tables say agrees with the others, and rows can be followed while a run goes on.

use crate::support::{Row, Run, assert_near, error_text, read_json, root, run, run_shipped, stratosim};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// A scenario of `tests/good`, traced in full.
fn full(name: &str, output: Value) -> Run {
    let mut scenario = read_json(&root().join("tests/good").join(name));
    scenario["warm_up"] = json!("0 s");
    scenario["output"] = output;
    run(&scenario)
}

fn sum(rows: &[Row], column: &str) -> f64 {
    rows.iter().map(|row| row.value(column)).sum()
}

#[test]
fn services_add_up_to_the_summary_and_to_the_tasks() {
    for name in ["small.json", "faulty.json"] {
        // The last period is cut off by the end of the run.
        let run = full(name, json!({ "trace": "full", "sample": { "interval": "7 s" } }));
        let (tasks, services) = (run.table("tasks"), run.table("services"));
        let summary = run.summary();
        let of = &summary["workloads"]["tasks"]["applications"];
        assert!(of.as_object().unwrap().len() == if name == "small.json" { 2 } else { 1 });
        for (application, counts) in of.as_object().unwrap() {
            let own: Vec<Row> =
                services.iter().filter(|row| row.text("application") == application).cloned().collect();
            let horizon_s = summary["simulated_s"].as_f64().unwrap();
            assert_eq!(own.len(), (horizon_s / 7.0).ceil() as usize);
            assert_eq!(sum(&own, "created"), counts["created"].as_f64().unwrap());
            for (outcome, count) in counts["outcomes"].as_object().unwrap() {
                if outcome == "unfinished" {
                    assert_eq!(own.last().unwrap().value("in_flight"), count.as_f64().unwrap());
                } else {
                    assert_eq!(sum(&own, outcome), count.as_f64().unwrap(), "{outcome}");
                }
            }
            // The mean of the second period, from the tasks that were delivered in it.
            let delivered: Vec<f64> = tasks
                .iter()
                .filter(|task| task.text("application") == application)
                .filter(|task| task.value("t_s") > 7.0 && task.value("t_s") <= 14.0)
                .filter_map(|task| task.number("service_s"))
                .collect();
            assert!(!delivered.is_empty());
            let mean_s = delivered.iter().sum::<f64>() / delivered.len() as f64;
            assert_near(own[1].value("service_s"), mean_s, 1e-9);
        }
    }
}

#[test]
fn what_comes_to_a_node_leaves_it_or_is_there() {
    for name in ["small.json", "faulty.json"] {
        let run = full(name, json!({ "trace": "full", "sample": { "interval": "7 s" } }));
        let rows = run.table("node_services");
        let end_s = run.summary()["simulated_s"].as_f64().unwrap();
        let mut flows: BTreeMap<(String, String), [f64; 2]> = BTreeMap::new();
        for row in &rows {
            let key = (row.text("node").to_string(), row.text("application").to_string());
            let [balance, present] = flows.entry(key).or_default();
            *balance += row.value("arrivals") - row.value("completions") - row.value("failures");
            if row.value("t_s") == end_s {
                *present = row.value("running") + row.value("waiting");
            }
        }
        assert!(flows.len() > 2);
        for (key, [balance, present]) in flows {
            assert_eq!(balance, present, "{key:?}");
        }
        let executed =
            run.table("tasks").iter().filter(|task| task.number("execution_s").is_some()).count();
        assert!(sum(&rows, "completions") >= executed as f64 && executed > 50);
    }
}

/// Between two rows of `movements` a place is on the line from the one to its end: so all samples can be had again.
#[test]
fn movements_say_where_everybody_is_at_any_time() {
    for name in ["small.json", "faulty.json"] {
        let run = full(name, json!({ "trace": "full", "sample": { "interval": "3 s" } }));
        let (movements, positions) = (run.table("movements"), run.table("positions"));
        assert!(positions.len() > 400 && movements.len() > 20);
        for sample in &positions {
            let now_s = sample.value("t_s");
            let last = movements
                .iter()
                .rfind(|row| row.text("node") == sample.text("node") && row.value("t_s") <= now_s);
            let last = last.unwrap();
            let span_s =
                last.number("until_s").map_or(f64::INFINITY, |until_s| until_s - last.value("t_s"));
            let share = if span_s > 0.0 { ((now_s - last.value("t_s")) / span_s).min(1.0) } else { 1.0 };
            for axis in ["x_m", "y_m", "z_m"] {
                let (from, to) = (last.value(axis), last.value(&format!("to_{axis}")));
                let place =
                    if last.value("speed_m_per_s") > 0.0 { from + (to - from) * share } else { from };
                assert_near(place, sample.value(axis), 1e-6);
            }
            assert_eq!(last.text("access_point"), sample.text("access_point"), "at {now_s}");
        }
    }
}

#[test]
fn tiers_sum_up_their_nodes() {
    let run = full("faulty.json", json!({ "trace": "full", "sample": { "interval": "4 s" } }));
    let (tiers, nodes) = (run.table("tiers"), run.table("nodes"));
    let end_s = run.summary()["simulated_s"].as_f64().unwrap();
    for tier in ["device", "edge", "cloud"] {
        let own: Vec<Row> = tiers.iter().filter(|row| row.text("tier") == tier).cloned().collect();
        assert_eq!(own.len(), 60);
        let summary = &run.summary()["tiers"][tier];
        let last = own.last().unwrap();
        assert_near(last.value("energy_j"), summary["energy_j"].as_f64().unwrap(), 1e-6);
        let utilisation = sum(&own, "utilisation") / 60.0;
        assert_near(utilisation, summary["utilisation"].as_f64().unwrap(), 1e-9);
        let at_end = |row: &&Row| row.text("tier") == tier && row.value("t_s") == end_s;
        let members: Vec<Row> = nodes.iter().filter(at_end).cloned().collect();
        assert_near(last.value("power_w"), sum(&members, "power_w"), 1e-6);
        for column in ["running", "waiting"] {
            assert_eq!(last.value(column), sum(&members, column));
        }
        let available = members.iter().filter(|node| node.text("available") == "true").count();
        assert_eq!(last.value("available"), available as f64);
    }
}

#[test]
fn details_of_a_task_are_those_of_its_transfers_and_battery() {
    let run = run_shipped(
        "edge/edgecloudsim-app2",
        &[
            "nodes[2].count=20",
            "duration=10 min",
            "output.trace=full",
            "output.tables=[\"tasks\",\"task_details\"]",
        ],
    );
    let (tasks, details) = (run.table("tasks"), run.table("task_details"));
    assert!(tasks.len() > 500 && tasks.len() == details.len());
    for (task, detail) in tasks.iter().zip(&details) {
        assert_eq!(task.text("task"), detail.text("task"));
        if let (Some(up_s), Some(down_s)) = (task.number("upload_s"), task.number("download_s")) {
            let by_network = ["wlan_s", "man_s", "wan_s", "cellular_s"];
            let by_network_s: f64 = by_network.iter().filter_map(|column| detail.number(column)).sum();
            assert_near(by_network_s, up_s + down_s, 1e-6);
            assert!(detail.number("cellular_s").is_none());
        }
    }
    assert!(details.iter().any(|row| row.number("man_s").is_some()));
    // With batteries: no device has more in it at the end, and none has used less.
    let run = full("faulty.json", json!({ "tables": ["task_details"] }));
    let details = run.table("task_details");
    assert!(details.len() > 100);
    for row in &details {
        assert!(row.value("battery_end") <= row.value("battery_start"));
        assert!(row.value("device_energy_end_j") >= row.value("device_energy_start_j"));
    }
    // The battery holds 500 J: what a task takes of it is what the device used meanwhile, and what its radio did.
    assert!(details.iter().any(|row| row.value("battery_start") - row.value("battery_end") > 1e-3));
}

#[test]
fn the_depth_chooses_tables_and_samples_unless_they_are_named() {
    let names = |run: &Run| -> Vec<String> {
        let entries = fs::read_dir(run.path.join("tables")).into_iter().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let sample = |run: &Run, key: &str| run.record()["scenario"]["output"]["sample"][key].clone();
    let summary = full("small.json", json!({ "trace": "summary" }));
    assert!(names(&summary).is_empty());
    assert!(summary.summary()["workloads"]["tasks"]["created"].as_u64().unwrap() > 100);
    let usual = full("small.json", json!({}));
    assert!(names(&usual).contains(&"tasks.csv".to_string()));
    assert!(!names(&usual).contains(&"movements.csv".to_string()));
    assert_eq!(sample(&usual, "tiers"), json!(["edge", "fog", "cloud"]));
    assert_eq!(sample(&usual, "positions"), json!(false));
    let everything = full("small.json", json!({ "trace": "full" }));
    for table in ["task_details", "services", "node_services", "tiers", "movements", "positions"] {
        assert!(names(&everything).contains(&format!("{table}.csv")), "{table}");
    }
    assert_eq!(sample(&everything, "tiers"), json!(["device", "edge", "fog", "cloud"]));
    // The world does not notice that it is looked at.
    let tables = |run: &Run| run.record()["tables"]["tables"]["tasks"]["fingerprint"].clone();
    assert_eq!(tables(&everything), tables(&usual));
    let named =
        json!({ "trace": "full", "tables": ["tasks", "nodes"], "sample": { "tiers": ["edge"] } });
    let named = full("small.json", named);
    assert_eq!(names(&named), ["nodes.csv", "tasks.csv"]);
    assert_eq!(sample(&named, "tiers"), json!(["edge"]));
    assert!(named.table("nodes").iter().all(|row| row.text("tier") == "edge"));
}

fn follow(arguments: &[&str]) -> assert_cmd::assert::Assert {
    let directory = tempfile::tempdir().unwrap();
    let mut command = stratosim();
    command.args(["run", "tests/good/small.json", "--out"]).arg(directory.path().join("run"));
    command.args(arguments).assert()
}

#[test]
fn followed_rows_are_those_of_the_tables() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run");
    let mut command = stratosim();
    command.args(["run", "tests/good/small.json", "--set", "output.trace=full", "--out"]).arg(&path);
    let output = command.args(["--follow", "tasks,movements"]).output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("fingerprint"));
    let rows: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for table in ["tasks", "movements"] {
        let mut reader =
            csv::Reader::from_path(path.join("tables").join(table).with_extension("csv")).unwrap();
        let header = reader.headers().unwrap().clone();
        let written: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let followed: Vec<&Value> = rows.iter().filter(|row| row["table"] == table).collect();
        assert_eq!(followed.len(), written.len());
        for (followed, written) in followed.iter().zip(&written) {
            for (name, cell) in header.iter().zip(written) {
                match &followed[name] {
                    Value::Null => assert_eq!(cell, ""),
                    Value::String(text) => assert_eq!(cell, text),
                    number => assert_eq!(cell.parse::<f64>().unwrap(), number.as_f64().unwrap()),
                }
            }
        }
    }
    // In the order of events, whatever the table.
    let times: Vec<f64> = rows.iter().map(|row| row["t_s"].as_f64().unwrap()).collect();
    assert!(times.is_sorted());
}

#[test]
fn what_cannot_be_followed_is_told() {
    for (tables, expected) in [
        ("taks", "--follow: no table is named \"taks\"; did you mean \"tasks\"?"),
        ("movements", "\"movements\" is not recorded; record all with --set output.trace=full"),
    ] {
        let error = error_text(&follow(&["--follow", tables]).failure().code(2).stdout(""));
        assert!(error.contains(expected), "{error}");
    }
}

/// Rows come while the run goes on: of one that would take years, some are read, and no run directory is there.
#[test]
fn rows_are_seen_while_the_run_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_stratosim"))
        .current_dir(directory.path())
        .arg("run")
        .arg(root().join("tests/good/small.json"))
        .args(["--set", "duration=2000000 h", "--follow", "handovers,tasks", "--out", "run"])
        .args(["--set", "output.tables=[\"tasks\",\"handovers\"]"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(1000);
    let rows: Vec<Value> = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert_eq!(child.try_wait().unwrap(), None, "the run has ended by itself");
    assert!(!directory.path().join("run").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(rows.len(), 1000);
    assert!(rows.iter().any(|row| row["table"] == "tasks" && row["service_s"].is_f64()));
}
