//! The same dataset, however it is made.

use super::{Study, files, windows, with};
use crate::support::stratosim;
use serde_json::{Value, json};
use std::path::Path;
use stratosim::dataset::Dataset;

/// A dataset that is simulated, read twice, scaled and balanced: all that could depend on order.
fn simulated() -> Value {
    json!({
        "simulate": {
            "scenario": {
                "duration": "60 s",
                "nodes": [{ "tier": "edge", "count": 3 }, { "tier": "device", "count": 10 }],
                "output": { "sample": { "interval": "1 s" } }
            },
            "replications": 4
        },
        "samples": {
            "kind": "classification", "table": "nodes", "entity": ["node"],
            "features": [
                "tier",
                { "column": "utilisation", "lags": { "count": 4 }, "rolling": [
                    { "window": 6, "statistics": ["mean", "std", "min", "max", "sum", "slope", "ewma"] }] }
            ],
            "horizon": 2,
            "labels": [{ "name": "busy", "when": { "column": "utilisation", "above": 0.05 }, "over": "horizon" }]
        },
        "split": { "by": "run", "shares": { "train": 0.5, "validation": 0.25, "test": 0.25 } },
        "scale": "standard",
        "balance": { "method": "oversample" }
    })
}

fn made_with(
    study: &Study,
    file: &Path,
    name: &str,
    jobs: &str,
) -> std::collections::BTreeMap<String, Vec<u8>> {
    let out = study.path(name);
    let assert =
        stratosim().arg("dataset").arg(file).arg("--out").arg(&out).args(["--jobs", jobs]).assert();
    let assert = assert.success().stderr("");
    let text = crate::support::output_text(&assert);
    assert!(text.contains("fingerprint") && text.contains("busy = true"), "{text}");
    files(&out)
}

#[test]
fn twice_and_with_any_number_of_jobs_the_bytes_are_the_same() {
    let study = Study::new();
    let file = study.write("study", &simulated());
    let first = made_with(&study, &file, "first", "1");
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "card.json",
            "card.md",
            "dataset.json",
            "dictionary.json",
            "scaling.json",
            "test.csv",
            "train.csv",
            "validation.csv"
        ]
    );
    for (name, jobs) in [("again", "1"), ("parallel", "2"), ("more", "7")] {
        let other = made_with(&study, &file, name, jobs);
        for (name, bytes) in &first {
            assert!(other[name] == *bytes, "{name} differs with {jobs} jobs");
        }
    }
}

/// The file with its defaults, as it is written beside the data, makes the same dataset.
#[test]
fn the_resolved_file_makes_the_same_dataset() {
    let study = Study::with_six_runs();
    let made = study.make("first", &windows());
    let resolved = made.json("dataset.json");
    let again = study.make("again", &with(resolved, &[("name", json!("first"))]));
    assert_eq!(made.files(), again.files());
}

/// What is read of a sweep that has kept its tables is what is simulated on the way.
#[test]
fn a_sweep_that_was_run_before_is_as_good_as_one_that_is_run_now() {
    let study = Study::new();
    let now = study.make("now", &simulated());
    let sweep = with(simulated()["simulate"].clone(), &[("tables", json!(["nodes"]))]);
    let file = study.write("sweep", &sweep);
    stratosim()
        .arg("sweep")
        .arg(&file)
        .args(["--quiet", "--out"])
        .arg(study.path("kept"))
        .assert()
        .success();
    let mut spec = with(simulated(), &[("sources", json!(["kept"])), ("name", json!("now"))]);
    spec.as_object_mut().unwrap().remove("simulate");
    let before = study.make("before", &spec);
    let names = |made: &super::Made| made.rows("test")[0]["run"].clone();
    assert_eq!(names(&before), format!("kept/{}", names(&now)));
    assert_eq!(now.files()["scaling.json"], before.files()["scaling.json"]);
    let [now, before] = [now, before].map(|made| {
        let mut rows = made.rows("train");
        rows.iter_mut().for_each(|row| drop(row.remove("run")));
        rows
    });
    assert_eq!(now, before);
}

/// Runs can be named on the command line instead.
#[test]
fn runs_can_be_given_by_the_command() {
    let study = Study::with_six_runs();
    let file = study.write("study", &with(windows(), &[("sources", json!(["nowhere"]))]));
    let runs = ["run-1a", "run-2a", "run-3a"].map(|run| study.path(run));
    let out = study.path("out");
    stratosim()
        .arg("dataset")
        .arg(&file)
        .arg("--runs")
        .args(&runs)
        .arg("--out")
        .arg(&out)
        .assert()
        .success();
    let summary = Dataset::from_file(&file).unwrap().runs(&runs).out(study.path("api")).run().unwrap();
    // Seconds 2 to 115 of two nodes.
    assert_eq!(summary.rows("train"), Some(2 * 114));
    assert_eq!(files(&out)["train.csv"], files(&study.path("api"))["train.csv"]);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_has_the_same_cells() {
    use stratosim::output::TableDirectory;
    let study = Study::new();
    let csv = study.make("csv", &with(simulated(), &[("name", json!("same"))]));
    let parquet = study
        .make("parquet", &with(simulated(), &[("name", json!("same")), ("format", json!("parquet"))]));
    assert_eq!(csv.summary.fingerprint, parquet.summary.fingerprint);
    assert_eq!(csv.files()["scaling.json"], parquet.files()["scaling.json"]);
    let open = |made: &super::Made| {
        TableDirectory::open(&made.path, &made.path.join("dictionary.json")).unwrap()
    };
    let (csv, parquet) = (open(&csv), open(&parquet));
    for part in ["train", "validation", "test"] {
        let (mut one, mut other) = (csv.table(part).unwrap(), parquet.table(part).unwrap());
        let (one, other) = (one.next_batch().unwrap().unwrap(), other.next_batch().unwrap().unwrap());
        assert_eq!(one.len(), other.len());
        for row in 0..one.len() {
            for column in 0..one.columns().len() {
                assert_eq!(one.cell(row, column), other.cell(row, column), "{part}, row {row}");
            }
        }
    }
}
