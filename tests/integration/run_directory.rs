//! What a run directory holds, and that its parts agree.

use crate::support::{Run, error_text, json_files, read_json, run, stratosim};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use stratosim::scenario::{Document, Registry, load};

/// A column whose name ends so has this unit; the first that fits counts.
const UNITS: [(&str, &str); 9] = [
    ("_m_per_s", "m/s"),
    ("_gb_s", "GB.s"),
    ("_s", "s"),
    ("_m", "m"),
    ("_j", "J"),
    ("_w", "W"),
    ("_bytes", "B"),
    ("_bps", "bit/s"),
    ("_mi", "MI"),
];

fn runs() -> Vec<Run> {
    json_files("tests/good").iter().map(|file| run(&read_json(file))).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_run_directory_holds_these_files_and_no_others() {
    for run in runs() {
        let mut names: Vec<_> =
            fs::read_dir(&run.path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["dictionary.json", "run.json", "summary.json", "tables"]);
    }
}

#[test]
fn the_dictionary_describes_each_column_of_each_table() {
    for run in runs() {
        let dictionary = read_json(&run.path.join("dictionary.json"));
        let described: BTreeSet<String> =
            keys(&dictionary["tables"]).iter().map(|name| format!("{name}.csv")).collect();
        let written: BTreeSet<String> = fs::read_dir(run.path.join("tables"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(described, written);
        for (name, table) in dictionary["tables"].as_object().unwrap() {
            assert!(!table["meaning"].as_str().unwrap().is_empty(), "{name}");
            let path = run.path.join("tables").join(name).with_extension("csv");
            let mut reader = csv::Reader::from_path(path).unwrap();
            let header: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
            assert_eq!(keys(&table["columns"]), header, "{name}");
            for (column, of) in table["columns"].as_object().unwrap() {
                let kind = of["type"].as_str().unwrap();
                assert!(
                    ["float", "unsigned", "boolean", "category", "text"].contains(&kind),
                    "{name}.{column}: {kind}"
                );
                assert!(!of["meaning"].as_str().unwrap().is_empty(), "{name}.{column}");
                let unit = of["unit"].as_str().unwrap();
                if let Some((_, expected)) = UNITS.iter().find(|(ending, _)| column.ends_with(ending)) {
                    assert_eq!(unit, *expected, "{name}.{column}");
                }
            }
            for (row, cells) in reader.records().enumerate() {
                for (cell, column) in
                    cells.unwrap().iter().zip(table["columns"].as_object().unwrap().values())
                {
                    let good = cell.is_empty()
                        || match column["type"].as_str().unwrap() {
                            "float" => cell.parse::<f64>().is_ok_and(f64::is_finite),
                            "unsigned" => cell.parse::<u64>().is_ok(),
                            "boolean" => cell == "true" || cell == "false",
                            _ => true,
                        };
                    assert!(good, "{name}, row {row}: {cell}");
                }
            }
        }
    }
}

#[test]
fn rows_are_counted_and_in_the_order_of_time() {
    for run in runs() {
        let (summary, record) = (run.summary(), run.record());
        for (name, count) in summary["tables"].as_object().unwrap() {
            let rows = run.table(name);
            assert_eq!(rows.len() as u64, count.as_u64().unwrap(), "{name}");
            assert_eq!(record["tables"]["tables"][name]["rows"], *count, "{name}");
            // Decisions are written when their outcome is known.
            let times: Vec<f64> = rows.iter().map(|row| row.value("t_s")).collect();
            if name != "decisions" {
                assert!(times.is_sorted(), "{name} is out of order");
            }
        }
        assert_eq!(summary["simulated_s"].as_f64().unwrap(), {
            let text = record["scenario"]["duration"].as_str().unwrap();
            text.strip_suffix(" s").unwrap().parse::<f64>().unwrap()
        });
    }
}

/// The scenario in `run.json` has all defaults filled in: run again, it gives the same.
#[test]
fn the_recorded_scenario_runs_to_the_same_results() {
    for first in runs() {
        let record = first.record();
        let second = run(&record["scenario"]);
        assert_eq!(second.record()["fingerprint"], record["fingerprint"]);
        assert_eq!(second.record()["scenario"], record["scenario"]);
        assert_eq!(second.summary(), first.summary());
    }
}

#[test]
fn only_the_tables_that_are_asked_for_are_written() {
    let mut scenario = read_json(&json_files("tests/good")[0]);
    let all = run(&scenario);
    scenario["output"]["tables"] = json!(["tasks", "nodes"]);
    let some = run(&scenario);
    let mut names: Vec<_> = fs::read_dir(some.path.join("tables"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["nodes.csv", "tasks.csv"]);
    for name in ["nodes.csv", "tasks.csv"] {
        let bytes = |run: &Run| fs::read(run.path.join("tables").join(name)).unwrap();
        assert_eq!(bytes(&some), bytes(&all), "{name}");
    }
    scenario["output"]["tables"] = json!([]);
    let none = run(&scenario);
    assert_eq!(none.summary()["workloads"], all.summary()["workloads"]);
    assert_eq!(none.summary()["tables"], json!({}));
}

/// What a run records of its scenario, with all defaults filled in, is a scenario to run again, and the same one.
#[test]
fn a_resolved_scenario_is_a_scenario() {
    let directory = crate::support::root().join("scenarios");
    for file in json_files("scenarios") {
        let document = Document::open(&file).unwrap();
        let first = load(&document, &Registry::with_builtins(), &directory).unwrap().scenario;
        let text = serde_json::to_string(&first).unwrap();
        let document = Document::parse("run.json", &text).unwrap();
        let second = load(&document, &Registry::with_builtins(), &directory)
            .unwrap_or_else(|errors| panic!("{}: {errors}", file.display()));
        assert_eq!(serde_json::to_string(&second.scenario).unwrap(), text, "{}", file.display());
    }
}

/// The record of a run is a scenario: the same comes of it, also of a record of a record, beside the files of the first.
#[test]
fn a_record_is_run_again_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    let command = |arguments: &[&str]| {
        let mut command = stratosim();
        command.current_dir(directory.path()).args(arguments);
        command.assert()
    };
    fs::create_dir(place("study")).unwrap();
    fs::write(place("study/times.csv"), "t_s\n1\n2\n5\n").unwrap();
    let scenario = json!({
        "duration": "20 s",
        "nodes": [{ "tier": "edge" }, { "tier": "device", "count": 3, "mobility": { "kind": "random_waypoint" } }],
        "workloads": [{ "kind": "tasks", "applications": [{ "length": "1 GI", "upload": "1 kB", "download": "1 kB",
            "arrival": { "kind": "trace", "file": "times.csv" } }] }]
    });
    fs::write(place("study/small.json"), scenario.to_string()).unwrap();
    let changes = ["--seed", "7", "--set", "nodes[1].count=5"];
    command(&[&["run", "study/small.json", "--quiet", "--out", "first"][..], &changes[..]].concat())
        .success();
    command(&["run", "first/run.json", "--quiet", "--out", "second"]).success();
    command(&["run", "second/run.json", "--quiet", "--out", "third"]).success();
    let [first, second, third] =
        ["first", "second", "third"].map(|run| read_json(&place(run).join("run.json")));
    for again in [second, third] {
        for key in ["scenario", "seed", "file", "fingerprint", "tables"] {
            assert_eq!(again[key], first[key], "{key}");
        }
    }
    assert_eq!((&first["seed"], &first["file"]), (&json!(7), &json!("study/small.json")));
    command(&["validate", "third/run.json"]).success().stdout("third/run.json: good (small)\n");
    fs::write(place("sweep.json"), r#"{ "scenario": "third/run.json", "replications": 2 }"#).unwrap();
    command(&["sweep", "sweep.json", "--dry-run"]).success();

    // Another seed is another run; a mistake is told with its place in the record.
    command(&["run", "first/run.json", "--quiet", "--seed", "8", "--out", "other"]).success();
    assert_ne!(read_json(&place("other/run.json"))["fingerprint"], first["fingerprint"]);
    let text = fs::read_to_string(place("first/run.json")).unwrap().replacen("\"edge\"", "\"egde\"", 1);
    fs::write(place("first/wrong.json"), &text).unwrap();
    let line = text.lines().position(|line| line.contains("egde")).unwrap() + 1;
    let error = error_text(&command(&["validate", "first/wrong.json"]).failure().code(2));
    assert!(error.starts_with(&format!("first/wrong.json:{line}:")), "{error}");
    assert!(error.contains("nodes[0].tier"), "{error}");

    // Once the folder of the scenario is gone, its files are looked for beside the record.
    fs::rename(place("study"), place("elsewhere")).unwrap();
    let error = error_text(&command(&["run", "first/run.json", "--out", "fourth"]).failure().code(2));
    assert!(error.contains("first/times.csv"), "{error}");
    fs::copy(place("elsewhere/times.csv"), place("first/times.csv")).unwrap();
    command(&["run", "first/run.json", "--quiet", "--out", "fourth"]).success();
    assert_eq!(read_json(&place("fourth/run.json"))["fingerprint"], first["fingerprint"]);
}
