//! A sweep in Rust: three policies under three loads, five seeds each, and what the policies differ by.
//!
//! `cargo run --release --example sweep`

use stratosim::sweep::{Interval, RunId, Sweep, SweepError};

const SWEEP: &str = r#"{
    "scenario": {
        "duration": "5 min",
        "nodes": [
            { "tier": "cloud", "cores": 64 },
            { "tier": "edge", "count": 4, "cores": 4 },
            { "tier": "device", "count": 50 }
        ],
        "network": { "topology": [
            { "kind": "hierarchical", "edge_link": { "latency": "20 ms", "bandwidth": "100 Mbps" } } ] }
    },
    "axes": [
        { "name": "policy", "path": "policies.offloading.kind",
          "values": ["nearest", "least_loaded", "cloud_only"] },
        { "name": "devices", "path": "nodes[2].count", "values": [50, 100, 200] }
    ],
    "replications": 5
}"#;
const METRIC: &str = "workloads.tasks.service_s.mean";
const DEVICES: usize = 3;

fn main() -> Result<(), SweepError> {
    let results = Sweep::from_json(SWEEP)?.jobs(2).run()?;
    println!("{:<14} {:>8} {:>22} {:>26}", "policy", "devices", "service time, ms", "less nearest, ms");
    let points = results.rows().iter().map(|row| row.run.point).max().map_or(0, |last| last + 1);
    for point in 0..points {
        let [policy, devices] = results.labels(point) else { continue };
        let Some(mean) = results.mean(point, METRIC) else { continue };
        // The same replication has met the same tasks: compare run by run, not mean by mean.
        let differences = (0..mean.n as u32).filter_map(|replication| {
            let value = |point| {
                let run = RunId { point, replication };
                results.value(results.rows().iter().find(|row| row.run == run)?, METRIC)
            };
            Some(value(point)? - value(point % DEVICES)?)
        });
        let Some(paired) = Interval::of(differences, results.confidence()) else { continue };
        println!(
            "{:<14} {devices:>8} {:>13.1} ± {:>6.1} {:>17.1} ± {:>6.1}",
            policy.as_str().unwrap_or_default(),
            1e3 * mean.mean,
            1e3 * mean.half_width,
            1e3 * paired.mean,
            1e3 * paired.half_width
        );
    }
    Ok(())
}
