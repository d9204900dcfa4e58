//! Parameter sweeps through the public API and the command line: plans, common random numbers, results that
//! do not depend on how they were computed, resuming, parts, and what bad input is told.

mod bad_input;
mod comparisons;
mod failures;
mod interruptions;
mod parts;
mod plans;
mod results;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use stratosim::sweep::{Sweep, SweepResults};

/// What a sweep leaves but for the runs' own files, which hold wall times.
const RESULTS: [&str; 4] = ["sweep.json", "results.csv", "aggregate.csv", "dictionary.json"];

/// A small city for half a minute.
fn scenario() -> Value {
    json!({
        "seed": 40,
        "duration": "30 s",
        "nodes": [
            { "tier": "cloud", "cores": 16 },
            { "tier": "edge", "count": 3, "cores": 2 },
            { "tier": "device", "count": 10 }
        ],
        "network": { "topology": [
            { "kind": "hierarchical", "edge_link": { "latency": "15 ms", "bandwidth": "50 Mbps" } }
        ] }
    })
}

/// A sweep over the small city with these further keys.
fn sweep(keys: &Value) -> String {
    let mut sweep = json!({ "scenario": scenario() });
    for (key, value) in keys.as_object().expect("it is an object") {
        sweep[key] = value.clone();
    }
    sweep.to_string()
}

/// Three policies and two sizes: six points.
fn policies_and_devices() -> Value {
    json!([
        { "name": "policy", "path": "policies.offloading.kind",
          "values": ["nearest", "cloud_only", "local_only"] },
        { "name": "devices", "path": "nodes[2].count", "values": [6, 12] }
    ])
}

fn read(text: &str) -> Sweep {
    Sweep::from_json(text).expect("the sweep is good")
}

fn write(directory: &Path, text: &str) -> PathBuf {
    let file = directory.join("study.json");
    fs::write(&file, text).expect("the disk has room");
    file
}

fn stratosim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stratosim")).args(arguments).output().expect("it can be started")
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("it is UTF-8")
}

fn tables(directory: &Path) -> BTreeMap<&'static str, String> {
    let text = |name: &str| fs::read_to_string(directory.join(name));
    RESULTS.map(|name| (name, text(name).unwrap_or_else(|error| panic!("{name}: {error}")))).into()
}

/// A metric of all runs.
fn column(results: &SweepResults, metric: &str) -> Vec<f64> {
    let value = |row| results.value(row, metric).unwrap_or_else(|| panic!("{metric} is missing"));
    results.rows().iter().map(value).collect()
}

/// How many runs a directory has the results of.
fn finished_runs(out: &Path) -> usize {
    let Ok(entries) = fs::read_dir(out.join("runs")) else { return 0 };
    entries.flatten().filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')).count()
}
