//! The points and runs that follow from a sweep file.

use super::{column, policies_and_devices, read, scenario, stratosim, sweep, text_of, write};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use stratosim::sweep::{Plan, Sweep};

fn labels(plan: &Plan) -> Vec<Vec<Value>> {
    plan.points().iter().map(|point| point.labels.clone()).collect()
}

fn labels_of(keys: &Value) -> Vec<Vec<Value>> {
    labels(read(&sweep(keys)).plan())
}

#[test]
fn a_grid_has_every_combination_with_the_last_axis_fastest() {
    let found = labels_of(&json!({ "axes": policies_and_devices() }));
    let expected = ["nearest", "cloud_only", "local_only"]
        .into_iter()
        .flat_map(|policy| [6, 12].map(|devices| vec![json!(policy), json!(devices)]));
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert_eq!(labels_of(&json!({})), [Vec::<Value>::new()], "no axis makes one point");
}

#[test]
fn ranges_have_both_ends_and_even_steps() {
    let range = |range: Value| -> Vec<Value> {
        let axis = json!({ "path": "attachment.hysteresis_ratio", "range": range });
        labels_of(&json!({ "axes": [axis] })).into_iter().flatten().collect()
    };
    assert_eq!(range(json!({ "from": 0.1, "to": 0.5, "count": 5 })), [0.1, 0.2, 0.3, 0.4, 0.5]);
    assert_eq!(range(json!({ "from": 40, "to": 10, "count": 4 })), [40, 30, 20, 10]);
    let decades = json!({ "from": 1, "to": 1000, "count": 4, "scale": "logarithmic" });
    assert_eq!(range(decades), [1, 10, 100, 1000]);
    let whole = json!({ "from": 1, "to": 30, "count": 4, "scale": "logarithmic", "whole": true });
    // 30^(1/3) = 3.1, 30^(2/3) = 9.65.
    assert_eq!(range(whole), [1, 3, 10, 30]);
}

#[test]
fn a_unit_is_set_in_the_scenario_and_told_beside_the_numbers() {
    let path = "network.topology[0].edge_link.bandwidth";
    let axis = json!({ "path": path, "range": { "from": 0.1, "to": 20, "count": 2, "unit": "Mbps" } });
    let keys = json!({ "axes": [axis], "metrics": ["handovers"] });
    let with_unit = read(&sweep(&keys));
    assert_eq!(labels(with_unit.plan()), [[json!(0.1)], [json!(20)]]);
    let shown = &with_unit.plan().columns()[0];
    assert_eq!((shown.name.as_str(), shown.unit.as_str()), (path, "Mbps"));
    let results = with_unit.run().expect("it runs");
    let fingerprints: Vec<_> = results.rows().iter().map(|row| row.fingerprint.clone()).collect();
    let mut same = scenario();
    same["network"]["topology"][0]["edge_link"]["bandwidth"] = json!("20 Mbps");
    let one = read(&json!({ "scenario": same, "metrics": ["handovers"] }).to_string());
    assert_eq!(fingerprints[1], one.run().expect("it runs").rows()[0].fingerprint);
    assert_ne!(fingerprints[0], fingerprints[1]);
}

#[test]
fn zipped_axes_go_together() {
    let found = labels_of(&json!({ "axes": [
        { "zip": [
            { "name": "devices", "path": "nodes[2].count", "values": [5, 10, 20] },
            { "name": "edges", "path": "nodes[1].count", "range": { "from": 1, "to": 3, "count": 3 } }
        ] },
        { "name": "policy", "path": "policies.offloading.kind", "values": ["nearest", "random"] }
    ] }));
    let expected = [[5, 1], [10, 2], [20, 3]].into_iter().flat_map(|[devices, edges]| {
        ["nearest", "random"].map(|policy| vec![json!(devices), json!(edges), json!(policy)])
    });
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[test]
fn alternatives_set_several_values_and_show_their_label() {
    let keys = json!({
        "axes": [{ "name": "system", "alternatives": [
            { "label": "as it is", "set": {} },
            { "label": "big edge", "set": {
                "policies.offloading": { "kind": "utilization_based", "utilisation_threshold": 0.5 },
                "nodes[1].cores": 32 } }
        ] }],
        "metrics": ["tiers.edge.cores"]
    });
    assert_eq!(labels_of(&keys), [["as it is"], ["big edge"]]);
    let results = read(&sweep(&keys)).run().expect("it runs");
    assert_eq!(column(&results, "tiers.edge.cores"), [6.0, 96.0]);
}

#[test]
fn objects_as_values_show_their_kind_if_that_tells_them_apart() {
    let policies = |values: Value| {
        labels_of(&json!({ "axes": [{ "path": "policies.offloading", "values": values }] }))
    };
    let found = policies(json!([{ "kind": "nearest" }, { "kind": "random" }]));
    assert_eq!(found, [["nearest"], ["random"]]);
    let busy =
        |threshold: f64| json!({ "kind": "utilization_based", "utilisation_threshold": threshold });
    let found = policies(json!([busy(0.5), busy(0.75)]));
    assert_eq!(found, [[busy(0.5).to_string()], [busy(0.75).to_string()]]);
}

#[test]
fn drop_leaves_out_what_fits_all_conditions_of_an_entry() {
    let kept = |drop: Value| {
        let shares = json!({ "from": 0.1, "to": 0.4, "count": 4 });
        let axes = json!([
            { "name": "policy", "path": "policies.offloading.kind", "values": ["nearest", "random"] },
            { "name": "share", "path": "attachment.hysteresis_ratio", "range": shares }
        ]);
        let sweep = read(&sweep(&json!({ "axes": axes, "drop": drop })));
        assert_eq!(sweep.plan().dropped() + sweep.plan().points().len(), 8);
        labels(sweep.plan())
    };
    assert_eq!(kept(json!([{ "policy": "random" }])).len(), 4);
    let found = kept(json!([
        { "policy": "random", "share": { "min": 0.2, "max": 0.3 } },
        { "policy": "nearest", "share": [0.1, 0.4] },
        { "share": 0.4 }
    ]));
    let expected = [("nearest", 0.2), ("nearest", 0.3), ("random", 0.1)];
    assert_eq!(found, expected.map(|(policy, share)| vec![json!(policy), json!(share)]));
}

#[test]
fn a_latin_hypercube_draws_once_from_each_part_of_each_axis() {
    let keys = |kind: &str, seed: u64| {
        json!({
            "axes": [
                { "name": "policy", "path": "policies.offloading.kind", "values": ["nearest", "random"] },
                { "name": "share", "path": "attachment.hysteresis_ratio", "range": { "from": 0, "to": 1 } },
                { "zip": [
                    { "name": "speed", "path": "nodes[1].mips_per_core",
                      "range": { "from": 1000, "to": 100_000, "scale": "logarithmic" } },
                    { "name": "cores", "path": "nodes[1].cores", "values": [1, 2, 4, 8] }
                ] }
            ],
            "sample": { "kind": kind, "count": 40, "seed": seed }
        })
    };
    let points = labels_of(&keys("latin_hypercube", 1));
    let numbers =
        |index: usize| points.iter().map(move |labels| labels[index].as_f64().expect("a number"));
    let parts = |shares: Vec<f64>| -> BTreeSet<usize> {
        shares.into_iter().map(|share| (40.0 * share) as usize).collect()
    };
    assert_eq!(parts(numbers(1).collect()), (0..40).collect());
    let decades = numbers(2).map(|speed| (speed / 1000.0).log10() / 2.0);
    assert_eq!(parts(decades.collect()), (0..40).collect());
    assert_eq!(points.iter().filter(|labels| labels[0] == "nearest").count(), 20);
    // The zipped axes are drawn at the same place: the slowest quarter has one core.
    for (speed, cores) in numbers(2).zip(numbers(3)) {
        let quarter = (2.0 * (speed / 1000.0).log10()).floor() as i32;
        assert_eq!(cores, f64::from(1 << quarter), "{speed}");
    }
    assert_eq!(points, labels_of(&keys("latin_hypercube", 1)));
    assert_ne!(points, labels_of(&keys("latin_hypercube", 2)));

    let points = labels_of(&keys("random", 1));
    let shares: Vec<f64> = points.iter().map(|labels| labels[1].as_f64().expect("a number")).collect();
    assert_eq!(points.len(), 40);
    assert!(parts(shares.clone()).len() < 40, "forty draws in forty different parts are no chance");
    let mean = shares.iter().sum::<f64>() / 40.0;
    // Standard error of the mean of forty uniforms: sqrt(1/12/40) = 0.046.
    assert!((mean - 0.5).abs() < 4.0 * 0.046, "{mean}");
}

#[test]
fn the_plan_is_a_function_of_the_file() {
    let hash = |keys: &Value| read(&sweep(keys)).plan().hash();
    let plain = json!({ "axes": policies_and_devices(), "replications": 2 });
    let mut described = plain.clone();
    described["description"] = json!("why");
    let mut longer = plain.clone();
    longer["replications"] = json!(3);
    assert_eq!(hash(&plain), hash(&plain));
    assert_eq!(hash(&plain), hash(&described));
    assert_ne!(hash(&plain), hash(&longer));
}

#[test]
fn a_plan_can_be_looked_at_without_running_it() {
    let directory = tempfile::tempdir().expect("it can be created");
    let keys = json!({ "axes": policies_and_devices(), "replications": 5,
                       "drop": [{ "policy": "nearest", "devices": 12 }] });
    let file = write(directory.path(), &sweep(&keys));
    let output = stratosim(&["sweep", text_of(&file), "--dry-run"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        String::from_utf8(output.stdout).expect("it is UTF-8"),
        "study\n  axis policy: 3 values: nearest, cloud_only, local_only\n  axis devices: 2 values: 6, 12\n  \
         5 points (1 more dropped)\n  25 runs, seeds from 40\nfirst points:\n  \
         0: policy = nearest, devices = 6\n  1: policy = cloud_only, devices = 6\n  \
         2: policy = cloud_only, devices = 12\n  3: policy = local_only, devices = 6\n  \
         4: policy = local_only, devices = 12\n"
    );
    assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 1, "something was written");
}

#[test]
fn the_sweep_that_comes_with_the_program_is_good() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/sweeps/offloading.json");
    let sweep = Sweep::from_file(file).expect("it is good");
    sweep.check().expect("its points are good");
    let values = |index: usize| -> BTreeSet<String> {
        sweep.plan().points().iter().map(|point| point.labels[index].to_string()).collect()
    };
    assert!(values(0).len() >= 3 && values(1).len() >= 4);
    assert_eq!(sweep.plan().runs(), (80, 80));
}
