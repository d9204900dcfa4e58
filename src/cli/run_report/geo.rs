//! What a workload of geo-distributed resources came to.

use super::short;
use serde_json::Value;
use std::fmt::Write;

fn percent(value: &Value) -> String {
    match value.as_f64() {
        Some(share) => format!("{:.2} %", 100.0 * share),
        None => "-".into(),
    }
}

fn times(value: &Value) -> String {
    format!(
        "mean {} s, median {} s, 99 % {} s",
        short(&value["mean"]),
        short(&value["p50"]),
        short(&value["p99"])
    )
}

/// Writes the lines of a workload.
pub(super) fn report(text: &mut String, name: &str, workload: &Value) {
    let all = &workload["all"];
    let mut line = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<22} {value}");
    };
    line(
        name,
        format!(
            "{} operations on {} resources at {} sites, {} groups of replicas",
            short(&all["operations"]),
            short(&workload["resources"]),
            short(&workload["sites"]),
            short(&workload["groups"])
        ),
    );
    let served = &workload["availability"];
    line(
        "  availability",
        format!(
            "{}; {} with all sites in sight, {} without",
            percent(&all["availability"]),
            percent(&served["all_in_sight"]["availability"]),
            percent(&served["some_out_of_sight"]["availability"])
        ),
    );
    for (access, sorts) in workload["operations"].as_object().into_iter().flatten() {
        for (collaboration, own) in sorts.as_object().into_iter().flatten() {
            let done = percent(&own["availability"]);
            line(
                &format!("  {access}, {collaboration}"),
                format!("{} ({done} done): {}", short(&own["operations"]), times(&own["latency_s"])),
            );
        }
    }
    let stale = &workload["staleness"];
    line(
        "  stale reads",
        format!(
            "{} of {}; age {}",
            percent(&stale["stale_share"]),
            short(&stale["reads"]),
            times(&stale["age_s"])
        ),
    );
    line("  divergence", times(&workload["divergence_s"]));
    let replicas = &workload["replicas"];
    line(
        "  replicas",
        format!(
            "{} leaders elected, {} acknowledged writes lost, {} not everywhere at the end",
            short(&replicas["leaders_elected"]),
            short(&replicas["lost_acknowledged_writes"]),
            short(&replicas["unsettled_acknowledged_writes"])
        ),
    );
}
