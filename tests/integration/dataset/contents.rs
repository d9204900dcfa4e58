//! What is in a dataset: values, statistics, dictionary, card.

use super::{Study, load, number, windows, with};
use crate::support::{assert_near, root, stratosim};
use serde_json::json;
use std::fs;

fn node_number(name: &str) -> u32 {
    if name == "edge-0" { 0 } else { 1 }
}

/// Every cell against what the run was made of, over more rows than any buffer holds.
#[test]
fn every_window_has_the_values_of_its_rows() {
    let study = Study::new();
    // 3 nodes for 9000 s are more rows than a batch of the reader, and than two of samples.
    study.sampled("run-7", 7, 9000);
    let rolling = json!([{ "column": "load", "lags": [0, 4], "rolling": [
        { "window": 10, "statistics": ["mean", "max", "slope"] }] }]);
    let targets =
        json!([{ "column": "load" }, { "column": "load", "aggregate": "mean", "name": "soon" }]);
    let spec = with(
        windows(),
        &[
            ("samples.features", rolling),
            ("samples.targets", targets),
            ("split", json!({ "by": "run", "runs": { "train": ["run-7"] } })),
        ],
    );
    let made = study.make("all", &spec);
    let rows = made.rows("train");
    assert_eq!((rows.len(), made.summary.rows("train")), (2 * (9001 - 9 - 5), Some(17974)));
    let mut seen = [9, 9];
    for row in &rows {
        let node = node_number(&row["node"]);
        let second = number(row, "t_s") as u32;
        assert_eq!((row["run"].as_str(), second), ("run-7", seen[node as usize]));
        seen[node as usize] += 1;
        assert_eq!(number(row, "window_start_s"), f64::from(second - 9));
        assert_eq!(number(row, "window_end_s"), f64::from(second + 5));
        assert_eq!(number(row, "load"), load(7, node, second));
        assert_eq!(number(row, "load_lag_4"), load(7, node, second - 4));
        assert_eq!(number(row, "load_max_10"), load(7, node, second));
        // Of a line: the mean is in the middle, and the slope a thousandth a second.
        let middle = (load(7, node, second) + load(7, node, second - 9)) / 2.0;
        assert_near(number(row, "load_mean_10"), middle, 1e-9);
        assert_near(number(row, "load_slope_10"), 0.001, 1e-9);
        assert_eq!(number(row, "load_ahead_5"), load(7, node, second + 5));
        assert_near(number(row, "soon"), load(7, node, second + 3), 1e-9);
    }
    assert_eq!(seen, [8996, 8996]);
}

/// A target of the row itself needs no row ahead, and has its column's name.
#[test]
fn targets_may_be_in_the_row() {
    let study = Study::new();
    study.sampled("run-7", 7, 20);
    let spec = with(
        windows(),
        &[
            ("samples.features", json!(["available"])),
            ("samples.horizon", json!(0)),
            (
                "samples.targets",
                json!([
                    { "column": "load", "aggregate": "row" },
                    { "column": "load", "aggregate": "row", "name": "again" },
                ]),
            ),
            ("split", json!({ "by": "run", "runs": { "train": ["run-7"] } })),
        ],
    );
    let made = study.make("row", &spec);
    let rows = made.rows("train");
    assert_eq!(rows.len(), 2 * 21);
    for row in &rows {
        let here = load(7, node_number(&row["node"]), number(row, "t_s") as u32);
        assert_eq!((number(row, "load"), number(row, "again")), (here, here));
        assert_eq!(row["window_end_s"], row["t_s"]);
    }
    let card = made.json("card.json").to_string();
    assert!(card.contains("again"), "{card}");
}

/// The statistics are of the training part: a change of the others changes nothing, one of it does.
#[test]
fn scaling_is_of_the_training_part_alone() {
    let study = Study::new();
    for (name, seed) in [("run-1", 1), ("run-2", 2), ("run-3", 3)] {
        study.sampled(name, seed, 60);
    }
    let lists = json!({ "by": "run", "runs": {
        "train": ["run-1"], "validation": ["run-2"], "test": ["run-3"] } });
    for (scale, ends) in [("standard", [-1.72, 1.72]), ("min_max", [0.0, 1.0]), ("robust", [-1.0, 1.0])]
    {
        let spec = with(
            windows(),
            &[
                ("split", lists.clone()),
                ("scale", json!(scale)),
                ("samples.where", json!([{ "column": "node", "is": ["edge-0"] }])),
            ],
        );
        let made = study.make("first", &spec);
        let scaling = made.json("scaling.json");
        // Seconds 2 to 55 of run 1: a line from 100.002 to 100.055, whose middle is 100.0285, and
        // the standard deviation of 54 numbers 0.001 apart 0.001 * sqrt(54 * 55 / 12) = 0.0157321.
        let numbers = &scaling["numbers"]["load"];
        assert_near(numbers["mean"].as_f64().unwrap(), 100.0285, 1e-9);
        assert_near(numbers["std"].as_f64().unwrap(), 0.015_732_132_7, 1e-9);
        assert_eq!((numbers["min"].as_f64(), numbers["max"].as_f64()), (Some(100.002), Some(100.055)));
        assert_eq!(numbers["count"], 54);
        let scaled: Vec<f64> = made.rows("train").iter().map(|row| number(row, "load")).collect();
        let tolerance = if scale == "standard" { 0.04 } else { 1e-9 };
        assert_near(scaled[0], ends[0], tolerance);
        assert_near(scaled[53], ends[1], tolerance);
        if scale == "robust" {
            // A quarter of 53 steps of 0.001 from either end.
            assert_near(numbers["p25"].as_f64().unwrap(), 100.015_25, 1e-9);
            assert_near(numbers["p75"].as_f64().unwrap(), 100.041_75, 1e-9);
            assert_eq!(scaling["quantiles"], "exact");
        }
        let test = &made.rows("test")[0];
        let back = number(test, "load") * numbers["divided_by"].as_f64().unwrap()
            + numbers["subtracted"].as_f64().unwrap();
        assert_near(back, load(3, 0, 2), 1e-6);
        // Targets stay as they are.
        assert_eq!(number(test, "load_ahead_5"), load(3, 0, 7));
        let change = |run: &str| {
            let file = study.path(run).join("tables/nodes.csv");
            let text = fs::read_to_string(&file).unwrap();
            fs::write(&file, text.replace("true,", "true,9")).unwrap();
            let changed = study.make("changed", &spec).json("scaling.json");
            fs::write(&file, text).unwrap();
            changed
        };
        assert_eq!(change("run-3"), scaling);
        assert_eq!(change("run-2"), scaling);
        assert_ne!(change("run-1"), scaling);
    }
}

/// Whatever the scale, a column that is the same everywhere becomes 0.
#[test]
fn a_constant_column_is_shifted_to_zero() {
    let study = Study::new();
    for (name, seed) in [("run-1", 1), ("run-2", 2)] {
        study.sampled(name, seed, 30);
    }
    for scale in ["standard", "min_max", "robust"] {
        let spec = with(
            windows(),
            &[
                ("split", json!({ "by": "run", "seeds": { "train": [1], "test": [2] } })),
                ("scale", json!(scale)),
                ("samples.where", json!([{ "column": "node", "is": "edge-1" }])),
                ("samples.features", json!(["available", "load"])),
            ],
        );
        let made = study.make(scale, &spec);
        assert!(made.rows("train").iter().all(|row| number(row, "available") == 0.0), "{scale}");
        let numbers = &made.json("scaling.json")["numbers"]["available"];
        assert_eq!((&numbers["subtracted"], &numbers["divided_by"]), (&json!(1.0), &json!(1.0)));
        assert_eq!((&numbers["p25"], &numbers["p75"]), (&json!(1.0), &json!(1.0)), "{scale}");
    }
}

/// Codes are of the training part; what it has not seen is 0.
#[test]
fn categories_become_codes_or_columns() {
    let study = Study::with_six_runs();
    let by_entity =
        json!({ "by": "entity", "entities": { "train": ["edge-1", "cloud-0"], "test": ["edge-0"] } });
    let spec = with(
        windows(),
        &[
            ("samples.where", json!([])),
            ("samples.features", json!(["tier", "node"])),
            ("split", by_entity),
        ],
    );
    // The entity column and a feature of the same name would be one column.
    let error = study.attempt("twice", &spec).err().expect("there are two columns node").to_string();
    assert!(error.contains("two columns \"node\""), "{error}");
    let spec = with(spec, &[("samples.features", json!([{ "column": "node", "lags": [1] }, "tier"]))]);
    let made = study.make("codes", &spec);
    let code = |part: &str, column: &str| {
        let rows = made.rows(part);
        let codes: std::collections::BTreeSet<String> =
            rows.iter().map(|row| row[column].clone()).collect();
        codes.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(
        (code("train", "node_lag_1"), code("test", "node_lag_1")),
        (vec!["1".into(), "2".into()], vec!["0".to_string()])
    );
    assert_eq!(
        (code("train", "tier"), code("test", "tier")),
        (vec!["1".into(), "2".into()], vec!["2".to_string()])
    );
    let codes = &made.json("scaling.json")["categories"]["tier"]["codes"];
    assert_eq!(codes, &json!({ "cloud": 1, "edge": 2 }));
    let one_hot = study.make("one-hot", &with(spec, &[("categories", json!("one_hot"))]));
    for (part, sum) in [("train", 1.0), ("test", 0.0)] {
        for row in one_hot.rows(part) {
            assert_eq!(number(&row, "node_lag_1=edge-1") + number(&row, "node_lag_1=cloud-0"), sum);
            assert_eq!(number(&row, "tier=edge") == 1.0, row["node"].starts_with("edge"));
        }
    }
}

/// Nulls: windows without them, with the last value in their place, or counted.
#[test]
fn nulls_are_dropped_held_or_marked() {
    let study = Study::new();
    study.sampled("run-1", 1, 20);
    let file = study.path("run-1/tables/nodes.csv");
    let text = fs::read_to_string(&file).unwrap();
    // The load of edge-1 at 10 s is not known.
    fs::write(&file, text.replace("true,101.01\n", "true,\n")).unwrap();
    let count = |gaps: &str| {
        let spec = with(
            windows(),
            &[
                ("samples.gaps", json!(gaps)),
                ("split", json!({ "by": "run", "seeds": { "train": [1] } })),
            ],
        );
        study.make(gaps, &spec)
    };
    // Seconds 2 to 15 of two nodes, but for three windows that look at the null and one that leads to it.
    let dropped = count("drop");
    assert_eq!((dropped.rows("train").len(), dropped.summary.incomplete), (28 - 4, 4));
    let held = count("hold");
    let row = held.rows("train").into_iter().find(|row| row["node"] == "edge-1" && row["t_s"] == "10.0");
    assert_eq!((held.rows("train").len(), number(&row.unwrap(), "load")), (28 - 1, load(1, 1, 9)));
    let marked = count("mark");
    let rows = marked.rows("train");
    assert_eq!(rows.len(), 28 - 1, "a target cannot be missing");
    let missing: f64 = rows.iter().map(|row| number(row, "missing")).sum();
    assert_eq!((missing, rows.iter().filter(|row| row["load_lag_1"].is_empty()).count()), (3.0, 1));
}

/// A value of the scenario, and the card, which says all and no path of this machine.
#[test]
fn the_card_says_what_is_in_it_and_where_it_comes_from() {
    let study = Study::with_six_runs();
    let spec = with(
        windows(),
        &[
            ("static", json!([{ "path": "speed" }, { "path": "seed", "name": "the_seed" }])),
            ("licence", json!("CC-BY-4.0")),
            ("description", json!("Load | of nodes")),
        ],
    );
    let made = study.make("card", &spec);
    let card = made.json("card.json");
    let parts = ["train", "validation", "test"];
    for part in parts {
        let rows = made.rows(part);
        assert_eq!(card["parts"][part]["rows"], rows.len());
        for row in &rows {
            assert_eq!(number(row, "speed"), 10.0 * number(row, "the_seed"));
            assert!(row["run"].contains(&row["the_seed"].replace(".0", "")), "{row:?}");
        }
    }
    assert_eq!(card["licence"], "CC-BY-4.0");
    let provenance = card["provenance"].as_array().unwrap();
    assert_eq!(provenance.len(), 6);
    assert_eq!(provenance[5]["run"], "run-3b");
    assert_eq!(
        (&provenance[5]["seed"], &provenance[5]["fingerprint"]),
        (&json!(3), &json!("0000000000000003"))
    );
    assert_eq!(provenance[4]["scenario_hash"], provenance[5]["scenario_hash"]);
    assert_ne!(provenance[0]["scenario_hash"], provenance[5]["scenario_hash"]);
    let columns = card["columns"].as_array().unwrap();
    let names: Vec<&str> = columns.iter().map(|column| column["name"].as_str().unwrap()).collect();
    let header: Vec<String> = {
        let mut reader = csv::Reader::from_path(made.path.join("test.csv")).unwrap();
        reader.headers().unwrap().iter().map(str::to_string).collect()
    };
    assert_eq!(names, header);
    let lag = columns.iter().find(|column| column["name"] == "load_lag_2").unwrap();
    assert_eq!(
        (&lag["unit"], &lag["role"], &lag["type"]),
        (&json!("1"), &json!("feature"), &json!("float"))
    );
    let dictionary = made.json("dictionary.json");
    assert_eq!(dictionary["tables"]["train"]["columns"]["load_lag_2"]["meaning"], lag["meaning"]);
    let markdown = fs::read_to_string(made.path.join("card.md")).unwrap();
    for said in ["CC-BY-4.0", "`load_lag_2`", "run-3b", "Runs of the same seed", "## Known limits"] {
        assert!(markdown.contains(said), "no {said:?} in {markdown}");
    }
    let here = study.path("");
    for (name, bytes) in made.files() {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(here.to_str().unwrap()), "{name} names this machine's folders");
    }
}

/// The files that are shipped are good, and so is the schema they are checked by.
#[test]
fn the_schema_is_printed() {
    let assert = stratosim().args(["schema", "dataset"]).assert().success();
    let schema: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert!(schema["properties"]["samples"].is_object());
    for file in crate::support::json_files("scenarios/datasets") {
        let name = file.display().to_string();
        stratosim::dataset::Dataset::from_file(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert!(root().join("scenarios/datasets/offloading.json").is_file());
}
