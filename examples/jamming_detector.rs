//! A jamming detector: learns from labelled traces of 5G cells with four kinds of jammers, and tells how well it does on
//! runs that it has not seen, and on kinds of jammers that it has not seen.
//!
//! The city is that of `scenarios/jamming.json`, with fewer devices, and the windows are those of
//! `scenarios/datasets/jamming.json`. Each run is of three minutes and has one jammer, which sends in the second.
//!
//! `cargo run --release --example jamming_detector`

use serde_json::{Value, json};
use smartcore::ensemble::random_forest_classifier::{
    RandomForestClassifier, RandomForestClassifierParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};
use smartcore::metrics::f1;
use std::error::Error;
use std::path::Path;
use stratosim::dataset::Dataset;

/// Where the scenario and the dataset are.
const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
/// The runs: four kinds of jammers with six seeds each, of which four are learned from.
const RUNS: &str = r#"{
    "axes": [
        { "path": "duration", "values": ["3 min"] },
        { "path": "nodes[2].count", "values": [16] },
        { "path": "nodes[3].count", "values": [4] },
        { "path": "nodes[4].count", "values": [4] },
        { "path": "policies.anomaly.response.kind", "values": ["nothing"] },
        { "path": "jammers[0].at", "values": [{ "x": "600 m", "y": "500 m", "z": "3 m" }] },
        { "name": "jammer", "alternatives": [
            { "label": "constant", "set": { "jammers[0].signal": { "kind": "constant" } } },
            { "label": "pulsed", "set": {
                "jammers[0].signal": { "kind": "pulsed", "period": "10 ms", "duty": "20%" } } },
            { "label": "sweep", "set": {
                "jammers[0].signal": { "kind": "sweep", "width": "20 MHz", "sweep_time": "1 ms" } } },
            { "label": "selective", "set": {
                "jammers[0].signal": { "kind": "selective", "target": "pucch", "accuracy": "90%" } } }
        ] }
    ],
    "replications": 6
}"#;
const TREES: u16 = 100;
/// What the forest must reach on runs that it has not seen.
const LEAST_F1: f64 = 0.9;

/// The dataset that is shipped, of these runs, with one label and half as many windows.
fn dataset() -> Result<String, Box<dyn Error>> {
    let read = |name: &str| -> Result<Value, Box<dyn Error>> {
        Ok(serde_json::from_str(&std::fs::read_to_string(format!("{SCENARIOS}/{name}"))?)?)
    };
    let (mut dataset, mut scenario) = (read("datasets/jamming.json")?, read("jamming.json")?);
    let mut jammer = scenario["jammers"][0].take();
    jammer["between"] = json!([{ "from": "1 min", "to": "2 min" }]);
    scenario["jammers"] = json!([jammer]);
    let mut runs: Value = serde_json::from_str(RUNS)?;
    runs["scenario"] = scenario;
    dataset["simulate"] = runs;
    dataset["samples"]["labels"] = json!([{ "name": "jammed", "column": "jammed" }]);
    dataset["samples"]["stride"] = 16.into();
    dataset["static"] = json!([{ "axis": "jammer" }]);
    dataset["split"] = json!({ "by": "run", "seeds": { "train": [1, 2, 3, 4], "test": [5, 6] } });
    Ok(dataset.to_string())
}

/// Samples: what is known of each, whether it was jammed, and the kind of jammer of its run.
#[derive(Default)]
struct Samples {
    features: Vec<Vec<f64>>,
    jammed: Vec<u32>,
    kinds: Vec<String>,
}

impl Samples {
    /// Reads a part of a dataset: every column is a feature that is no name, no time and no truth.
    fn read(file: &Path) -> Result<Samples, Box<dyn Error>> {
        let mut reader = csv::Reader::from_path(file)?;
        let columns = reader.headers()?.clone();
        let column = |name: &str| {
            let missing = || format!("{} has no column {name}", file.display());
            columns.iter().position(|own| own == name).ok_or_else(missing)
        };
        let (kind, jammed) = (column("jammer")?, column("jammed")?);
        let is_feature =
            |name: &str| !["run", "device", "jammer", "jammed"].contains(&name) && !name.ends_with("_s");
        let features: Vec<usize> =
            (0..columns.len()).filter(|&index| is_feature(&columns[index])).collect();
        let mut samples = Samples::default();
        for row in reader.records() {
            let row = row?;
            let values: Result<_, _> = features.iter().map(|&index| row[index].parse::<f64>()).collect();
            samples.features.push(values?);
            samples.jammed.push(u32::from(matches!(&row[jammed], "true" | "1")));
            samples.kinds.push(row[kind].to_string());
        }
        Ok(samples)
    }

    /// Those of runs with the kinds of jammers that are wanted.
    fn of(&self, is_wanted: impl Fn(&str) -> bool) -> Samples {
        let mut chosen = Samples::default();
        for (index, kind) in self.kinds.iter().enumerate().filter(|(_, kind)| is_wanted(kind)) {
            chosen.features.push(self.features[index].clone());
            chosen.jammed.push(self.jammed[index]);
            chosen.kinds.push(kind.clone());
        }
        chosen
    }
}

/// F1 of a random forest and of a logistic regression that learn from `train`, on `test`.
fn scores(train: &Samples, test: &Samples) -> Result<[f64; 2], Box<dyn Error>> {
    let (known, unknown) =
        (DenseMatrix::from_2d_vec(&train.features)?, DenseMatrix::from_2d_vec(&test.features)?);
    let parameters =
        RandomForestClassifierParameters::default().with_n_trees(TREES).with_max_depth(12).with_seed(1);
    let forest = RandomForestClassifier::fit(&known, &train.jammed, parameters)?;
    let parameters = LogisticRegressionParameters::default().with_alpha(1.0);
    let regression = LogisticRegression::fit(&known, &train.jammed, parameters)?;
    // Where no jammed window is found there is no precision either: not a number, which scores 0.
    let f1_of = |found: Vec<u32>| f1(&test.jammed, &found, 1.0).max(0.0);
    Ok([f1_of(forest.predict(&unknown)?), f1_of(regression.predict(&unknown)?)])
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("jamming");
    Dataset::from_json(&dataset()?)?.out(&path).run()?;
    let (train, test) =
        (Samples::read(&path.join("train.csv"))?, Samples::read(&path.join("test.csv"))?);
    let jammed: u32 = train.jammed.iter().sum();
    let width = train.features.first().map_or(0, Vec::len);
    println!(
        "{} windows to learn from, {jammed} of them jammed, {width} features; {} windows of unseen runs",
        train.jammed.len(),
        test.jammed.len()
    );
    println!("{:<24} {:>6} {:>10}", "F1 on unseen runs", "forest", "regression");
    let tell = |name: &str, [forest, regression]: [f64; 2]| {
        println!("{name:<24} {forest:>6.3} {regression:>10.3}");
    };
    let all = scores(&train, &test)?;
    tell("all kinds", all);
    let mut kinds = train.kinds.clone();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let found = scores(&train.of(|own| own != kind), &test.of(|own| own == kind))?;
        tell(&format!("{kind}, never seen"), found);
    }
    match all[0] > LEAST_F1 {
        true => Ok(()),
        false => Err(format!("the forest was to reach more than {LEAST_F1}").into()),
    }
}
