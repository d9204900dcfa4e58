//! Classes: labels from columns, conditions and events, their counts, and their balance.

use super::{Made, Study, number, windows, with};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use stratosim::records::{Cell, ColumnSpec, TableSpec};

/// Windows of three rows over the edge nodes of a run of two minutes whose edge-0 is down from 20 s to 30 s.
fn labelled(labels: &Value) -> (Study, Value) {
    let study = Study::new();
    study.sampled("run-1", 1, 120);
    let spec = with(
        windows(),
        &[
            ("samples.kind", json!("classification")),
            ("samples.targets", json!([])),
            ("samples.labels", labels.clone()),
            ("split", json!({ "by": "run", "seeds": { "train": [1] } })),
        ],
    );
    (study, spec)
}

/// The seconds at which a label of edge-0 is true; that of edge-1 must never be.
fn seconds(made: &Made, label: &str) -> Vec<u32> {
    let rows = made.rows("train");
    let hold: Vec<_> = rows.iter().filter(|row| row[label] == "true").collect();
    assert!(hold.iter().all(|row| row["node"] == "edge-0"));
    hold.iter().map(|row| number(row, "t_s") as u32).collect()
}

#[test]
fn labels_say_what_columns_conditions_and_events_say() {
    let fault = json!({
        "table": "faults", "key": "subject",
        "begin": { "column": "change", "is": "failed" }, "end": { "column": "change", "is": "repaired" }
    });
    let down = json!({ "column": "available", "is": false });
    let (study, spec) = labelled(&json!([
        { "name": "fault_now", "events": fault },
        { "name": "fault_in_window", "events": fault, "over": "window" },
        { "name": "fault_ahead", "events": fault, "over": "horizon", "horizon": "10 s" },
        { "name": "down_now", "when": down },
        { "name": "down_in_window", "when": down, "over": "window" },
        { "name": "down_ahead", "when": down, "over": "horizon" },
        { "name": "works", "column": "available" },
        { "name": "tier_then", "column": "tier", "over": "horizon" }
    ]));
    let made = study.make("labels", &spec);
    assert_eq!(seconds(&made, "fault_now"), (20..30).collect::<Vec<_>>());
    // A window from t - 2 to t; the repair at 30 s ends the fault before the window that begins there.
    assert_eq!(seconds(&made, "fault_in_window"), (20..32).collect::<Vec<_>>());
    assert_eq!(seconds(&made, "fault_ahead"), (10..30).collect::<Vec<_>>());
    assert_eq!(seconds(&made, "down_now"), (20..30).collect::<Vec<_>>());
    assert_eq!(seconds(&made, "down_in_window"), (20..32).collect::<Vec<_>>());
    assert_eq!(seconds(&made, "down_ahead"), (15..29).collect::<Vec<_>>());
    let rows = made.rows("train");
    assert!(rows.iter().all(|row| row["tier_then"] == "edge" && row["tier_then_code"] == "1"));
    assert_eq!(rows.iter().filter(|row| row["works"] == "false").count(), 10);
    // The horizon of 10 s ends with the run: 110 - 2 + 1 windows of each node.
    assert_eq!(rows.len(), 2 * 109);
}

fn counts(made: &Made, label: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in made.rows("train") {
        *counts.entry(row[label].clone()).or_default() += 1;
    }
    counts
}

#[test]
fn classes_are_counted_and_balanced_in_the_training_part() {
    let down = json!([{ "name": "down", "when": { "column": "available", "is": false } }]);
    let (study, spec) = labelled(&down);
    let spec =
        with(spec, &[("split", json!({ "by": "time", "shares": { "train": 0.8, "test": 0.2 } }))]);
    let plain = study.make("plain", &spec);
    let [no, yes] = ["false", "true"].map(|class| counts(&plain, "down")[class]);
    // Seconds 2 to 96 of two nodes, ten of them down.
    assert_eq!((no, yes), (2 * 95 - 10, 10));
    let told = &plain.summary.classes[0];
    assert_eq!(told.label, "down");
    let test = plain.rows("test").len() as u64;
    assert_eq!(told.classes, [("false".into(), [180, 0, test]), ("true".into(), [10, 0, 0])]);
    assert_eq!(plain.json("card.json")["classes"]["down"]["true"], json!({ "train": 10, "test": 0 }));
    let balanced = |method: &str| {
        study.make(method, &with(spec.clone(), &[("balance", json!({ "method": method }))]))
    };
    let fewer = balanced("undersample");
    assert_eq!(counts(&fewer, "down"), BTreeMap::from([("false".into(), 10), ("true".into(), 10)]));
    let more = balanced("oversample");
    assert_eq!(counts(&more, "down"), BTreeMap::from([("false".into(), 180), ("true".into(), 180)]));
    let weighted = balanced("weights");
    for made in [&fewer, &more] {
        assert_eq!(made.rows("test"), plain.rows("test"));
        assert_eq!(made.json("card.json")["classes"], plain.json("card.json")["classes"]);
    }
    let sum = |class: &str| {
        let rows = weighted.rows("train");
        rows.iter().filter(|row| row["down"] == class).map(|row| number(row, "weight")).sum::<f64>()
    };
    assert!((sum("true") - 95.0).abs() < 1e-9 && (sum("false") - 95.0).abs() < 1e-9);
    assert!(weighted.rows("test").iter().all(|row| number(row, "weight") == 1.0));
}

/// Of ten seconds, a link is jammed in one way in three of them and in another one in two, and clean else.
#[test]
fn nulls_of_names_can_be_a_class_of_their_own() {
    let links = TableSpec::new(
        "links",
        "Links",
        [
            ColumnSpec::float("t_s", "s", "time"),
            ColumnSpec::category("node", "node"),
            ColumnSpec::float("sinr_db", "dB", "quality"),
            ColumnSpec::category("kind", "kind of jamming; null if there is none"),
        ],
    );
    let kinds = ["", "", "noise", "noise", "", "sweep", "noise", "sweep", "", ""];
    let row = |(second, kind): (u32, &'static str)| {
        let kind = if kind.is_empty() { Cell::Null } else { Cell::Text(kind) };
        vec![Cell::Float(f64::from(second)), Cell::Text("edge-0"), Cell::Float(3.0), kind]
    };
    let study = Study::new();
    study.run("run-1", 1, 10, &[(links, (1..).zip(kinds).map(row).collect())]);
    let counts = |otherwise: Option<&str>| {
        let mut label = json!({ "name": "jamming", "column": "kind" });
        if let Some(otherwise) = otherwise {
            label["otherwise"] = json!(otherwise);
        }
        let spec = json!({
            "sources": ["run-1"],
            "samples": {
                "kind": "classification", "table": "links", "entity": ["node"], "features": ["sinr_db"],
                "labels": [label]
            },
            "split": { "by": "run", "seeds": { "train": [1] } }
        });
        let mut counts = BTreeMap::new();
        for row in study.make(otherwise.unwrap_or("without"), &spec).rows("train") {
            *counts.entry(row["jamming"].clone()).or_insert(0) += 1;
        }
        counts
    };
    let expected = |of: &[(&str, i32)]| of.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    let jammed = [("noise", 3), ("sweep", 2)];
    assert_eq!(counts(None), expected(&jammed));
    assert_eq!(counts(Some("none")), expected(&[jammed.as_slice(), &[("none", 5)]].concat()));
}
