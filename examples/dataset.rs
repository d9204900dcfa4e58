//! A dataset in Rust: from two simulated runs, windows over the load of edge nodes, and whether a node will be
//! busy within the next half minute. Prints how often it is, part by part.
//!
//! `cargo run --release --example dataset`

use stratosim::dataset::{Dataset, DatasetError, LabelClasses};

const DATASET: &str = r#"{
    "name": "busy-edge",
    "description": "Will this edge node be busy within 30 s?",
    "simulate": {
        "scenario": {
            "duration": "20 min",
            "nodes": [
                { "tier": "cloud", "cores": 16 },
                { "tier": "edge", "count": 4, "cores": 2 },
                { "tier": "device", "count": 100, "mobility": {
                    "kind": "random_waypoint", "min_speed": "1 m/s", "max_speed": "5 m/s" } }
            ],
            "policies": { "offloading": { "kind": "nearest" } },
            "output": { "sample": { "interval": "5 s" } }
        },
        "replications": 2
    },
    "samples": {
        "kind": "classification", "table": "nodes", "entity": ["node"],
        "where": [{ "column": "tier", "is": "edge" }],
        "features": [{
            "column": "utilisation",
            "lags": { "count": 6 },
            "rolling": [{ "window": 12, "statistics": ["mean", "std", "slope"] }]
        }],
        "horizon": "30 s",
        "labels": [
            { "name": "busy", "when": { "column": "utilisation", "above": 0.7 }, "over": "horizon" }
        ]
    },
    "split": { "by": "time", "shares": { "train": 0.6, "validation": 0.2, "test": 0.2 }, "embargo": "1 min" },
    "scale": "standard",
    "balance": { "method": "weights" }
}"#;

fn main() -> Result<(), DatasetError> {
    // Into `datasets/busy-edge`; an earlier one is replaced when this one is complete.
    let summary = Dataset::from_json(DATASET)?.replace().run()?;
    println!("{} columns in {}", summary.columns, summary.path.display());
    for (part, rows) in &summary.parts {
        println!("  {part:<12} {rows:>5} rows");
    }
    for LabelClasses { label, classes } in &summary.classes {
        for (class, [train, validation, test]) in classes {
            println!("  {label} = {class:<6} {train:>5} {validation:>5} {test:>5}");
        }
    }
    println!("  {} windows reached over a border between parts and were left out", summary.purged);
    Ok(())
}
