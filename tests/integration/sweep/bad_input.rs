//! What bad sweep files are told: the place, what is wrong, and a remedy.

use super::{policies_and_devices, stratosim, sweep, text_of, write};
use serde_json::{Value, json};

/// The exit code and the messages of a sweep file that is run.
fn told(keys: &Value) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().expect("it can be created");
    let file = write(directory.path(), &sweep(keys));
    let out = directory.path().join("out");
    let output = stratosim(&["sweep", text_of(&file), "--out", text_of(&out)]);
    assert!(!out.exists(), "something was written");
    (output.status.code(), String::from_utf8(output.stderr).expect("it is UTF-8"))
}

fn expect(cases: Vec<(Value, &[&str])>) {
    for (keys, expected) in cases {
        let (code, message) = told(&keys);
        assert_eq!(code, Some(2), "{keys}: {message}");
        let (_, place) = message.split_once("study.json:").unwrap_or_default();
        assert!(place.starts_with("1:"), "{keys}: no place in: {message}");
        for part in expected {
            assert!(message.contains(part), "{keys}: no {part:?} in: {message}");
        }
    }
}

fn axis(axis: Value) -> Value {
    json!({ "axes": [axis] })
}

#[test]
fn paths_and_values_are_told_with_the_axis_that_sets_them() {
    let count =
        |values: Value| axis(json!({ "name": "devices", "path": "nodes[2].count", "values": values }));
    expect(vec![
        (
            axis(json!({ "path": "nodes[2].coutn", "values": [5] })),
            &["axes[0].values[0]", "nodes[2].coutn: unknown key \"coutn\"; did you mean \"count\"?"],
        ),
        (
            axis(json!({ "path": "node[2].count", "values": [5] })),
            &["axes[0].values[0]", "has no element 2", "did you mean \"nodes\"?"],
        ),
        (
            axis(json!({ "path": "nodes[7].count", "values": [5] })),
            &["axes[0].values[0]", "nodes: has no element 7: it is an array of 3"],
        ),
        (axis(json!({ "path": "nodes[", "values": [5] })), &["axes[0].path", "is not a path"]),
        (
            count(json!([5, "many", 12])),
            &["axes[0].values[1]", "found \"many\"", "whole number", "point 1: devices = many"],
        ),
        (count(json!([])), &["axes[0].values", "at least 1 element"]),
        (count(json!([5, 6, 5])), &["axes[0].values[2]", "5 is given twice"]),
        (
            axis(json!({ "path": "policies.offloading.kind", "values": ["nearest", "neerest"] })),
            &["axes[0].values[1]", "did you mean \"nearest\"?"],
        ),
        (
            axis(json!({ "name": "system", "alternatives": [
                { "label": "a", "set": {} }, { "label": "b", "set": { "duraton": "5 s" } } ] })),
            &["axes[0].alternatives[1].set.duraton", "did you mean \"duration\"?"],
        ),
    ]);
}

#[test]
fn axes_that_make_no_sense_are_told() {
    let range = |range: Value| axis(json!({ "path": "nodes[2].count", "range": range }));
    expect(vec![
        (
            axis(
                json!({ "path": "duration", "range": { "from": 5, "to": 9, "count": 2, "unit": "mins" } }),
            ),
            &["axes[0].range", "unit \"mins\" is not known", "min"],
        ),
        (range(json!({ "from": 1, "to": 9 })), &["axes[0].range", "`count` is missing"]),
        (range(json!({ "from": 1, "to": 2, "count": 3 })), &["axes[0].range", "1.5", "whole number"]),
        (
            range(json!({ "from": 1, "to": 2, "count": 3, "whole": true })),
            &["axes[0].range", "2 comes twice after rounding"],
        ),
        (
            range(json!({ "from": 0, "to": 9, "count": 3, "scale": "logarithmic" })),
            &["axes[0].range", "ends above 0"],
        ),
        (
            axis(json!({ "zip": [
                { "name": "a", "path": "nodes[1].count", "values": [1, 2, 3] },
                { "name": "b", "path": "nodes[2].count", "values": [1, 2] } ] })),
            &["axes[0].zip", "\"a\" has 3 values, \"b\" has 2"],
        ),
        (axis(json!({ "path": "nodes[2].count" })), &["axes[0]", "exactly one of `values`"]),
        (
            axis(json!({ "path": "seed", "values": [1, 2] })),
            &["axes[0].path", "`replications` or `seeds`"],
        ),
        (axis(json!({ "pth": "seed", "values": [1] })), &["axes[0].pth", "did you mean \"path\"?"]),
        (
            axis(json!({ "name": "seed", "path": "nodes[2].count", "values": [1] })),
            &["axes[0]", "\"seed\" is a column of the results"],
        ),
        (
            json!({ "axes": [
                { "name": "policy", "path": "policies.offloading",
                  "values": [{ "kind": "utilization_based", "utilisation_threshold": 0.5 }] },
                { "path": "policies.offloading.kind", "values": ["utilization_based", "nearest"] } ] }),
            &["axes[1].values[1]", "policies.offloading", "undoes"],
        ),
        (
            json!({ "axes": [
                { "name": "a", "path": "nodes[2].count", "values": [1, 2] },
                { "name": "b", "path": "nodes[2].count", "values": [3, 4] } ] }),
            &["axes[1].values[0]", "undoes"],
        ),
    ]);
}

#[test]
fn conditions_metrics_and_replications_are_told() {
    let until = |until: Value| json!({ "until": until });
    expect(vec![
        (
            json!({ "axes": policies_and_devices(), "drop": [{ "polcy": "nearest" }] }),
            &["drop[0].polcy", "no axis is named \"polcy\"", "did you mean \"policy\"?"],
        ),
        (
            json!({ "axes": policies_and_devices(), "drop": [{ "policy": "nearst" }] }),
            &["drop[0].policy", "did you mean \"nearest\"?"],
        ),
        (
            json!({ "axes": policies_and_devices(), "drop": [{ "devices": { "min": 1 } }] }),
            &["drop", "this drops every point"],
        ),
        (
            json!({ "metrics": ["workloads.tasks.service_s.meen"] }),
            &["metrics[0]", "did you mean \"workloads.tasks.service_s.mean\"?"],
        ),
        (json!({ "join_tables": true }), &["join_tables", "no `tables` to join"]),
        (json!({ "tables": ["taks"] }), &["tables[0]", "did you mean \"tasks\"?"]),
        (
            until(json!({ "metric": "handover", "half_width": "2 %" })),
            &["until.metric", "did you mean \"handovers\"?"],
        ),
        (
            until(json!({ "metric": "handovers", "half_width": "2 percent" })),
            &["until.half_width", "unit \"percent\" is not known"],
        ),
        (until(json!({ "metric": "handovers", "half_width": 0 })), &["until.half_width", "above 0"]),
        (
            until(json!({ "metric": "handovers", "half_width": 1, "min_replications": 9,
                          "max_replications": 8 })),
            &["until", "at least 9 runs and at most 8"],
        ),
        (json!({ "replications": 0 }), &["replications", "from 1 to 1000000"]),
        (json!({ "replications": 2, "seeds": [1] }), &["replications", "`seeds` says already"]),
        (json!({ "seeds": [4, 5, 4] }), &["seeds[2]", "seed 4 is given twice"]),
        (json!({ "scenario": "none.json" }), &["scenario", "there is no file", "beside the sweep file"]),
        (json!({ "scenario": { "nodes": [] } }), &["nodes", "at least 1 element"]),
        (
            json!({ "scenario": { "nodes": [{ "tier": "edge", "cuont": 1 }] } }),
            &["did you mean \"count\"?"],
        ),
    ]);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_format_that_the_program_does_not_write_is_told_before_anything_is_run() {
    let keys = json!({ "format": "parquet" });
    expect(vec![(keys, &["format", "does not write Parquet", "choose CSV"])]);
}

#[test]
fn an_error_of_many_points_is_told_once() {
    let (code, message) = told(&json!({ "axes": [
        { "path": "policies.offloading.kind", "values": ["nearest", "random", "cloud_only"] },
        { "path": "nodes[2].count", "values": [5, -1] },
        { "path": "nodes[1].count", "values": [1, 2, 3] }
    ] }));
    assert_eq!(code, Some(2));
    assert_eq!(message.matches("axes[1].values[1]").count(), 1, "{message}");
    assert!(message.contains("policies.offloading.kind = nearest, nodes[2].count = -1"), "{message}");
}

#[test]
fn the_schema_is_that_of_sweep_files() {
    let output = stratosim(&["schema", "sweep"]);
    let schema: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(schema, stratosim::sweep::sweep_schema());
    for key in ["scenario", "axes", "sample", "drop", "replications", "until", "metrics", "tables"] {
        assert!(schema["properties"][key]["description"].is_string(), "{key} has no description");
    }
}

#[test]
fn published_values_need_axes_and_numbers_that_there_are() {
    let published = |own: Value| json!({ "axes": policies_and_devices(), "published": [own] });
    let metric = "workloads.tasks.created";
    expect(vec![
        (
            published(
                json!({ "where": { "polcy": "nearest" }, "metric": metric, "value": 1, "source": "" }),
            ),
            &["published[0].where.polcy", "no axis is named \"polcy\"", "did you mean \"policy\"?"],
        ),
        (
            published(
                json!({ "where": { "policy": "neerest" }, "metric": metric, "value": 1, "source": "" }),
            ),
            &["published[0].where.policy", "did you mean \"nearest\"?"],
        ),
        (
            published(json!({ "metric": "workloads.tasks.creatd", "value": 1, "source": "" })),
            &["published[0].metric", "did you mean \"workloads.tasks.created\"?"],
        ),
        (published(json!({ "metric": metric, "source": "" })), &["published[0]", "value"]),
    ]);
}
