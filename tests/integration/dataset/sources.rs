//! The runs that a dataset is made of: where they are found, what they are called, what they must have.

use super::{Study, number, windows, with};
use crate::support::{error_text, stratosim};
use serde_json::{Value, json};
use std::fs;
use stratosim::dataset::Dataset;
use stratosim::records::{Cell, ColumnSpec, TableSpec};

fn all_in_train(spec: Value) -> Value {
    with(spec, &[("split", json!({ "by": "run", "seeds": { "train": [1] } }))])
}

/// What would be a pattern is taken for the name of a folder where there is one.
#[test]
fn folders_may_be_called_like_patterns() {
    let study = Study::new();
    study.sampled("odd[1]?/run-[x]", 1, 20);
    study.sampled("odd[1]?/run-y", 1, 20);
    for (name, sources, runs) in [("literal", "run-[x]", "run-[x]"), ("pattern", "run-[y]", "run-y")] {
        let spec = all_in_train(with(windows(), &[("sources", json!([sources]))]));
        let file = study.write(&format!("odd[1]?/{name}"), &spec);
        let out = study.path(name);
        Dataset::from_file(file).unwrap().out(&out).run().unwrap();
        let card = crate::support::read_json(&out.join("card.json"));
        assert_eq!(card["provenance"][0]["run"], runs);
        assert_eq!(card["provenance"].as_array().unwrap().len(), 1);
    }
}

/// The same run by two paths, and a copy of it: one could be trained on and the other tested.
#[test]
fn a_run_is_there_only_once() {
    let study = Study::with_six_runs();
    let told = |sources: Value| {
        let spec = with(windows(), &[("sources", sources)]);
        study.attempt("twice", &spec).err().expect("a run is there twice").to_string()
    };
    let error = told(json!(["run-*", "run-2b/../run-1a"]));
    assert!(error.contains("run-1a and run-2b/../run-1a are the same directory"), "{error}");
    study.sampled("copies/run-3a", 3, 120);
    let error = told(json!(["run-*", "copies/*"]));
    assert!(error.contains("run-3a and copies/run-3a are copies of one run"), "{error}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(study.path("run-1a"), study.path("link")).unwrap();
        let error = told(json!(["run-1a", "run-2*", "run-3*", "link"]));
        assert!(error.contains("run-1a and link are the same directory"), "{error}");
    }
}

/// Absolute paths are cut to what tells runs apart, so that the bytes do not depend on where the runs are.
#[test]
fn no_path_of_the_machine_is_in_the_files() {
    let study = Study::new();
    for (name, seed) in [("there/one", 1), ("first/two", 2), ("second/two", 3)] {
        study.sampled(name, seed, 30);
    }
    let paths = ["there/one", "first/two", "second/two"].map(|name| study.path(name));
    let spec = with(windows(), &[("sources", json!(paths))]);
    // Beside the file, paths are relative to it.
    fs::create_dir(study.path("here")).unwrap();
    let aside = study.write("here/named", &spec);
    let named = study.path("named");
    Dataset::from_file(aside).unwrap().out(&named).run().unwrap();
    let file = study.write("given", &windows());
    let out = study.path("given");
    stratosim()
        .arg("dataset")
        .arg(file)
        .arg("--out")
        .arg(&out)
        .arg("--runs")
        .args(paths)
        .assert()
        .success();
    for path in [&named, &out] {
        let card = crate::support::read_json(&path.join("card.json"));
        let runs = card["provenance"].as_array().unwrap().iter().map(|run| &run["run"]);
        assert_eq!(runs.collect::<Vec<_>>(), ["one", "first/two", "second/two"]);
        let machine = study.path("").display().to_string();
        for part in ["train", "validation", "test"] {
            let text = fs::read_to_string(path.join(format!("{part}.csv"))).unwrap();
            assert!(!text.contains(&machine), "{part}");
        }
    }
}

fn table(name: &str, columns: Vec<ColumnSpec>) -> TableSpec {
    TableSpec::new(name.to_string(), "Test", columns)
}

fn loads() -> (TableSpec, Vec<Vec<Cell<'static>>>) {
    let columns = vec![
        ColumnSpec::float("t_s", "s", "time"),
        ColumnSpec::category("node", "node"),
        ColumnSpec::float("load", "1", "load"),
    ];
    let rows = (0..20).flat_map(|second| {
        let row =
            move |node: Cell<'static>, load: f64| vec![f64::from(second).into(), node, load.into()];
        [row("edge-0".into(), f64::from(second)), row(Cell::Null, -1.0)]
    });
    (table("nodes", columns), rows.collect())
}

/// Rows of no entity are no entity together: they are counted and passed over.
#[test]
fn rows_without_an_entity_are_left_out() {
    let study = Study::new();
    study.run("run-1", 1, 20, &[loads()]);
    let made = study.make("made", &all_in_train(with(windows(), &[("samples.where", json!([]))])));
    let rows = made.rows("train");
    // Seconds 2 to 14: two lags, and five rows ahead.
    assert_eq!(rows.len(), 13);
    assert!(rows.iter().all(|row| row["node"] == "edge-0" && number(row, "load") >= 0.0));
    let card = made.json("card.json");
    assert_eq!((&card["left_out"]["rows_without_entity"], &card["rows_read"]), (&json!(20), &json!(20)));
    let text = fs::read_to_string(made.path.join("card.md")).unwrap();
    assert!(text.contains("20 rows have no entity"), "{text}");
    let none = json!([{ "column": "load", "below": 0 }]);
    let spec = all_in_train(with(windows(), &[("samples.where", none)]));
    let error = study.attempt("none", &spec).err().expect("no row has an entity").to_string();
    assert!(
        error.contains("in all 20 rows that meet the conditions, an `entity` column is null"),
        "{error}"
    );
}

/// Columns that events are read from are held to those of the first run, as those of the table are.
#[test]
fn event_columns_must_be_the_same_in_all_runs() {
    let study = Study::new();
    let changes = |last: Option<ColumnSpec>| {
        let columns = [ColumnSpec::float("t_s", "s", "when"), ColumnSpec::category("subject", "node")];
        (table("faults", columns.into_iter().chain(last).collect()), Vec::new())
    };
    study.run("run-1", 1, 20, &[loads(), changes(Some(ColumnSpec::category("change", "what")))]);
    let label = json!([{ "name": "down", "over": "window", "events": {
        "table": "faults", "key": "subject", "where": [{ "column": "change", "is": "failed" }] } }]);
    let spec = with(windows(), &[("samples.labels", label), ("samples.where", json!([]))]);
    let others = [
        (None, "column \"change\" of table \"faults\" is missing in run-2"),
        (Some(ColumnSpec::unsigned("change", "", "what")), "is of type unsigned in run-2"),
    ];
    for (column, expected) in others {
        let _ = fs::remove_dir_all(study.path("run-2"));
        study.run("run-2", 2, 20, &[loads(), changes(column)]);
        let file = study.write("study", &spec);
        let told = error_text(&stratosim().arg("dataset").arg(file).assert().code(2));
        assert!(told.contains(expected), "{told}");
    }
}
