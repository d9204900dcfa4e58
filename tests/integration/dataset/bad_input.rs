//! What bad dataset files are told: the place, what is wrong, what there is instead.

use super::{Study, windows, with};
use crate::support::{error_text, stratosim};
use proptest::prelude::*;
use serde_json::{Value, json};
use stratosim::dataset::Dataset;

/// Changes to a good file, and what must be told of them.
type Case<'c> = (Vec<(&'c str, Value)>, &'c [&'c str]);

/// Each file must be refused with exit code 2 and these parts of a message, and nothing must be written.
fn expect(cases: Vec<Case<'_>>) {
    let study = Study::with_six_runs();
    for (changes, parts) in cases {
        let mut spec = with(windows(), &changes);
        // A key with the value null is not there.
        spec.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let file = study.write("study", &spec);
        let out = study.path("out");
        let assert = stratosim().arg("dataset").arg(&file).arg("--out").arg(&out).assert().code(2);
        let told = error_text(&assert);
        assert!(!out.exists(), "{changes:?}: something was written");
        for part in parts {
            assert!(told.contains(part), "{changes:?}: no {part:?} in: {told}");
        }
    }
}

#[test]
fn names_that_are_not_there() {
    expect(vec![
        (
            vec![("samples.table", json!("nods"))],
            &["study.json:", "samples.table", "no table is named \"nods\"", "did you mean \"nodes\"?"],
        ),
        (vec![("samples.entity.0", json!("nod"))], &["samples.entity[0]", "did you mean \"node\"?"]),
        (
            vec![("samples.time", json!("when"))],
            &["samples.time", "no column of table \"nodes\" is named \"when\"", "known: t_s, node"],
        ),
        (
            vec![("samples.time", json!("tier"))],
            &["samples.time", "column \"tier\" is of type category; times are numbers"],
        ),
        (
            vec![("samples.features.0.column", json!("laod"))],
            &["samples.features[0].column", "did you mean \"load\"?"],
        ),
        (
            vec![("samples.targets.0.column", json!("tier"))],
            &["samples.targets[0].column", "is text", "put it into `labels`"],
        ),
        (
            vec![("samples.where.0.column", json!("teir"))],
            &["samples.where[0].column", "did you mean \"tier\"?"],
        ),
        (
            vec![("sources", json!(["runs-*"]))],
            &["sources[0]", "there is no directory", "beside the dataset file"],
        ),
        (vec![("sources", json!(["run-[1a"]))], &["sources[0]", "it is no pattern"]),
        (
            vec![("sources", json!(["run-1a/tables"]))],
            &["sources[0]", "is no run directory: it has no run.json"],
        ),
        (vec![("sources", json!(["run-1a", "run-1*"]))], &["the run run-1a is named twice"]),
        (
            vec![("static", json!([{ "axis": "policy" }]))],
            &["static[0].axis", "no run has \"policy\"", "no sweep"],
        ),
        (
            vec![("static", json!([{ "path": "policies.x" }]))],
            &["static[0].path", "no run has \"policies.x\""],
        ),
        (vec![("static", json!([{ "path": "a[" }]))], &["static[0].path", "is not a path"]),
        (vec![("static", json!([{ "name": "x" }]))], &["static[0]", "either an `axis` or a `path`"]),
        (vec![("balance", json!({ "method": "weights" }))], &["balance", "there is no label"]),
    ]);
}

#[test]
fn values_that_cannot_be() {
    expect(vec![
        (
            vec![("samples.kind", json!("window"))],
            &["samples.kind", "did you mean \"windows\"?", "decisions"],
        ),
        (vec![("samples.horizon", json!("5 sec"))], &["samples.horizon", "unit \"sec\" is not known"]),
        (vec![("samples.horizon", json!(0))], &["samples.horizon", "needs a horizon"]),
        (
            vec![("samples.targets", json!([{ "column": "load", "aggregate": "row", "horizon": 3 }]))],
            &["samples.targets[0].horizon", "looks at no other rows"],
        ),
        (
            vec![("samples.targets", json!([{ "column": "tier", "aggregate": "row" }]))],
            &["samples.targets[0].column", "is text", "labels"],
        ),
        (
            vec![("samples.horizon", json!("25 s")), ("samples.resample", json!({ "period": "10 s" }))],
            &["samples.horizon", "whole multiple of the period", "10 s"],
        ),
        (
            vec![("samples.resample", json!({ "period": 0 }))],
            &["samples.resample.period", "at least a nanosecond"],
        ),
        (vec![("samples.stride", json!(0))], &["samples.stride", "of at least 1"]),
        (vec![("samples.features.0.lags", json!([]))], &["samples.features[0].lags", "no lag"]),
        (vec![("samples.features", json!([]))], &["samples.features", "at least 1 element"]),
        (vec![("samples.features", json!(["load", "load"]))], &["samples", "two columns \"load\""]),
        (
            vec![(
                "samples.labels",
                json!([{ "name": "a", "column": "tier" }, { "name": "a_code", "column": "available" }]),
            )],
            &["samples.labels[1]", "two columns \"a_code\""],
        ),
        (
            vec![
                ("samples.features", json!(["tier"])),
                ("categories", json!("one_hot")),
                ("static", json!([{ "path": "speed", "name": "tier=edge" }])),
            ],
            &["categories", "column \"tier=edge\" may be one of those that say which tier it is"],
        ),
        (
            vec![("static", json!([{ "path": "speed", "name": "load" }]))],
            &["static[0]", "two columns \"load\""],
        ),
        (vec![("name", json!("a/b"))], &["name", "\"a/b\" is no name of a directory"]),
        (vec![("name", json!(".."))], &["name", "is no name of a directory"]),
        (
            vec![(
                "samples.features.0",
                json!({ "column": "tier", "rolling": [{ "window": 5, "statistics": ["mean"] }] }),
            )],
            &["samples.features[0].rolling[0]", "text, which has no statistics"],
        ),
        (
            vec![(
                "samples.features.0",
                json!({ "column": "load", "rolling": [{ "window": 1, "statistics": ["std"] }] }),
            )],
            &["statistics[0]", "neither a standard deviation"],
        ),
        (
            vec![(
                "samples.features.0",
                json!({ "column": "load", "rolling": [{ "window": "5 s", "statistics": ["ewma"] }] }),
            )],
            &["statistics[0]", "number of rows"],
        ),
        (
            vec![("samples.where.0", json!({ "column": "tier", "above": 3 }))],
            &["samples.where[0].above", "is text", "`is`"],
        ),
        (
            vec![("samples.where.0", json!({ "column": "tier", "is": 3 }))],
            &["samples.where[0].is", "of type category, and never 3"],
        ),
        (
            vec![("samples.where.0", json!({ "column": "tier" }))],
            &["samples.where[0]", "exactly one of `is`"],
        ),
        (vec![("samples.targets", json!([]))], &["samples", "`targets`", "classification"]),
        (vec![("simulate", json!("sweep.json"))], &["simulate", "`sources` says already"]),
        (vec![("sources", Value::Null)], &["give `sources` or `simulate`"]),
        (
            vec![("sources", Value::Null), ("simulate", json!("sweep.json"))],
            &["simulate", "there is no file", "beside the dataset file"],
        ),
        (
            vec![
                ("sources", Value::Null),
                ("simulate", json!({ "scenario": { "duration": "1 s", "nodes": [] } })),
            ],
            &["nodes"],
        ),
    ]);
}

#[test]
fn labels_that_say_nothing() {
    let label = |label: Value| {
        vec![("samples.kind", json!("classification")), ("samples.labels", json!([label]))]
    };
    expect(vec![
        (vec![("samples.kind", json!("classification"))], &["samples", "`labels`"]),
        (
            label(json!({ "name": "x" })),
            &["samples.labels[0]", "exactly one of `column`, `when` and `events`"],
        ),
        (
            label(json!({ "name": "x", "column": "tier", "over": "window" })),
            &["labels[0].over", "many values"],
        ),
        (
            label(json!({ "name": "x", "column": "tier", "horizon": 3 })),
            &["labels[0].horizon", "\"over\": \"horizon\""],
        ),
        (
            label(json!({ "name": "x", "column": "load", "otherwise": "none" })),
            &["labels[0].otherwise", "of which a null is no class"],
        ),
        (
            label(json!({ "name": "x", "when": { "column": "load", "above": 1 }, "otherwise": "none" })),
            &["labels[0].otherwise", "only a label by `column`"],
        ),
        (
            label(json!({ "name": "x", "events": { "table": "fault" } })),
            &["events.table", "did you mean \"faults\"?"],
        ),
        (
            label(json!({ "name": "x", "events": { "table": "faults", "key": "subject" } })),
            &["labels[0].over", "last no time"],
        ),
        (
            label(
                json!({ "name": "x", "over": "window", "events": { "table": "faults", "key": "subject", "matches": "nodes" } }),
            ),
            &["events.matches", "did you mean \"node\"?"],
        ),
        (
            label(
                json!({ "name": "x", "events": { "table": "faults", "end": { "column": "change", "is": "repaired" } } }),
            ),
            &["events.end", "needs a `begin`"],
        ),
    ]);
}

#[test]
fn splits_that_cannot_be() {
    let split = |split: Value| vec![("split", split)];
    expect(vec![
        (split(json!({ "by": "row" })), &["split.by", "known: run, time, entity"]),
        (split(json!({ "by": "run" })), &["split", "exactly one of `shares`, `seeds` and `runs`"]),
        (
            split(json!({ "by": "run", "shares": { "train": 0.5, "test": 0.4 } })),
            &["split.shares", "add up to 0.9"],
        ),
        (
            split(json!({ "by": "run", "shares": { "train": 0, "test": 1 } })),
            &["split.shares.train", "must have a share"],
        ),
        (
            split(json!({ "by": "run", "seeds": { "train": [1], "test": [1] } })),
            &["split.seeds.test[0]", "1 is in train already"],
        ),
        (
            split(json!({ "by": "run", "seeds": { "train": [1], "test": [9] } })),
            &["split.seeds", "no run has the seed 9", "seeds: 1, 2, 3"],
        ),
        (
            split(json!({ "by": "run", "runs": { "train": ["run-1"] } })),
            &["split.runs", "did you mean \"run-1a\"?"],
        ),
        (split(json!({ "by": "time" })), &["split", "`shares` and `test_from`"]),
        (
            split(json!({ "by": "time", "test_from": "5 min" })),
            &["split.test_from", "run run-1a ends before"],
        ),
        (
            split(json!({ "by": "time", "test_from": "1 min", "validation_from": "80 s" })),
            &["split.validation_from", "before the test"],
        ),
        (
            split(json!({ "by": "time", "test_from": "118 s" })),
            &["the test part would have no rows", "over a border"],
        ),
        (
            split(json!({ "by": "entity", "entities": { "train": ["edge-0"], "test": ["edge-9"] } })),
            &["split.entities.test[0]", "no entity is named \"edge-9\"", "did you mean \"edge-0\"?"],
        ),
        (
            split(
                json!({ "by": "entity", "entities": { "train": ["edge-0", "edg-1"], "test": ["edge-1"] } }),
            ),
            &["split.entities.train[1]", "no entity is named \"edg-1\"", "did you mean \"edge-1\"?"],
        ),
        (
            vec![("samples.where.0.is", json!("fog"))],
            &[
                "samples.where[0].is",
                "no value of column \"tier\" is named \"fog\"",
                "known: cloud, edge",
            ],
        ),
        (
            vec![("samples.where.0.is", json!(["clod", "egde"]))],
            &["where[0].is[0]", "did you mean \"cloud\"?", "where[0].is[1]", "did you mean \"edge\"?"],
        ),
        (
            vec![("samples.where.0", json!({ "column": "load", "above": 1e9 }))],
            &["the train part would have no rows", "conditions of `where`"],
        ),
        (
            vec![("samples.features.0.lags", json!([500]))],
            &["the train part would have no rows", "a window takes 506 rows of one entity"],
        ),
        (vec![("sources", json!(["run-1*"]))], &["split.shares", "there are 1 seeds for 3 parts"]),
        (
            vec![
                ("samples.entity", json!([])),
                ("split", json!({ "by": "entity", "shares": { "train": 1 } })),
            ],
            &["split", "no entities to split by"],
        ),
    ]);
}

/// What a dataset wants of runs that are yet to be simulated is told before they are.
#[test]
fn what_is_simulated_is_checked_before() {
    let study = Study::new();
    let scenario = json!({ "duration": "100 d", "nodes": [{ "tier": "edge" }, { "tier": "device" }] });
    let spec = json!({
        "simulate": { "scenario": scenario },
        "samples": {
            "kind": "decisions", "observation": ["length"], "action": { "by": "tier" }, "reward": "outcome"
        },
        "split": { "by": "time", "shares": { "train": 0.5, "test": 0.5 } }
    });
    let file = study.write("study", &spec);
    let told = error_text(
        &stratosim().arg("dataset").arg(&file).arg("--out").arg(study.path("out")).assert().code(2),
    );
    assert!(told.contains("samples.observation[0]") && told.contains("length_mi"), "{told}");
    let observed = [("samples.observation", json!(["length_mi"])), ("samples.gaps", json!("hold"))];
    let spec = with(spec, &observed);
    let told = study.attempt("hold", &spec).err().expect("there is no hold").to_string();
    assert!(told.contains("samples.gaps") && told.contains("use `drop` or `mark`"), "{told}");
    let run = with(
        spec,
        &[
            ("samples.episode", json!("run")),
            ("split", json!({ "by": "entity", "shares": { "train": 1 } })),
        ],
    );
    let told = study.attempt("run", &run).err().expect("episodes are of all entities").to_string();
    assert!(told.contains("split") && told.contains("make episodes of entities"), "{told}");
}

/// A file that uses as much of the format as one can.
fn rich() -> Value {
    with(
        windows(),
        &[
            ("samples.kind", json!("classification")),
            ("samples.resample", json!({ "period": "2 s", "method": "mean" })),
            ("samples.gaps", json!("mark")),
            ("samples.max_gap", json!("10 s")),
            ("samples.stride", json!(2)),
            ("samples.horizon", json!("10 s")),
            (
                "samples.features",
                json!([
                    "tier",
                    { "column": "load", "lags": { "count": 3, "step": 2, "first": 1 }, "rolling": [
                        { "window": "6 s", "statistics": ["mean", "ewma"] }] }
                ]),
            ),
            (
                "samples.labels",
                json!([
                    { "name": "down", "when": { "column": "available", "is": false }, "over": "window" },
                    { "name": "fault", "over": "horizon", "horizon": "4 s", "events": {
                        "table": "faults", "key": "subject", "matches": "node",
                        "begin": { "column": "change", "is": ["failed"] },
                        "end": { "column": "change", "is": "repaired" } } }
                ]),
            ),
            ("static", json!([{ "path": "speed" }])),
            (
                "split",
                json!({ "by": "time", "shares": { "train": 0.5, "test": 0.5 }, "embargo": "1 s" }),
            ),
            ("scale", json!("robust")),
            ("categories", json!("one_hot")),
            ("balance", json!({ "label": "down", "method": "oversample", "seed": 3 })),
        ],
    )
}

/// The paths of all values in a document.
fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
    if !path.is_empty() {
        found.push(path.to_string());
    }
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(key, value)| paths(value, &format!("{path}/{key}"), found));
        }
        Value::Array(array) => {
            array
                .iter()
                .enumerate()
                .for_each(|(at, value)| paths(value, &format!("{path}/{at}"), found));
        }
        _ => {}
    }
}

/// Values that are valid somewhere, or nowhere.
fn anything() -> impl Strategy<Value = Value> {
    let texts =
        ["", "load", "tier", "t_s", "node", "1e300 s", "0 s", "1 ns", "3 s", "mean", "faults", "*"];
    prop_oneof![
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
        prop::sample::select(vec![-1.0, 0.0, 0.5, 1.0, 7.0, 1e6, 4e9, 1e300]).prop_map(Value::from),
        any::<u32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Any value of the file may be anything: there is a dataset, or a message, and never a panic.
    #[test]
    fn no_value_makes_it_panic(at in any::<prop::sample::Index>(), value in anything()) {
        thread_local! {
            static STUDY: Study = Study::new();
        }
        STUDY.with(|study| {
            if !study.path("run-1").exists() {
                study.sampled("run-1", 1, 60);
            }
            let mut spec = with(rich(), &[("sources", json!(["run-1"]))]);
            let mut all = Vec::new();
            paths(&spec, "", &mut all);
            let path: &String = at.get(&all);
            *spec.pointer_mut(path).expect("it was found") = value;
            let file = study.write("study", &spec);
            let made = Dataset::from_file(&file).and_then(|set| set.out(study.path("out")).replace().run());
            if let Err(error) = made {
                prop_assert!(!error.to_string().is_empty());
            }
            Ok(())
        })?;
    }
}

#[test]
fn the_rich_file_is_good() {
    let study = Study::with_six_runs();
    study.make("rich", &rich());
}
