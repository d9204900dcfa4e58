//! The profiles of EdgeCloudSim's sample applications beside the published simulator, as the tables in
//! docs/validation.md.
//!
//! `cargo bench --no-default-features --bench validation`, or with another number of seeds than 20, and only some
//! profiles and device counts: `cargo bench --no-default-features --bench validation -- 5 app2 app5-keys 200`.

use rayon::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use stratosim::engine::Summary;
use stratosim::records::NoRecords;
use stratosim::scenario::{Document, Registry, load};

/// Runs of the published simulator, one a row; what it did not print is empty.
const REFERENCE: &str = include_str!("reference/edgecloudsim.csv");

/// Profile, policy and devices, in the order of the reference.
type Case = (String, String, u32);

/// What the columns of the reference after `devices` are called in the tables.
const COLUMNS: [(&str, &str, usize); 19] = [
    ("tasks", "tasks", 0),
    ("failed_percent", "failed %", 2),
    ("capacity", "capacity %", 2),
    ("mobility", "mobility %", 2),
    ("bandwidth", "bandwidth %", 2),
    ("service_s", "service s", 3),
    ("processing_s", "processing s", 3),
    ("network_s", "network s", 3),
    ("wlan_s", "WLAN s", 4),
    ("man_s", "MAN s", 4),
    ("wan_s", "WAN s", 3),
    ("cellular_s", "GSM s", 3),
    ("edge_percent", "edge load %", 2),
    ("cloud_percent", "cloud load %", 2),
    ("device_percent", "device load %", 2),
    ("edge_done", "ran at the edge %", 1),
    ("cloud_done", "ran in the cloud %", 1),
    ("device_done", "ran on devices %", 1),
    ("experience_percent", "QoE %", 1),
];

/// The assignments that make a profile's scenario the case.
fn assignments(profile: &str, policy: &str) -> Vec<&'static str> {
    let mut sets = match policy {
        "SINGLE_TIER" => vec!["policies.offloading.scenario=single_tier"],
        "TWO_TIER" => vec!["policies.offloading.scenario=two_tier"],
        "TWO_TIER_WITH_EO" => vec!["policies.offloading.scenario=two_tier_with_eo"],
        "NETWORK_BASED" => vec!["policies.offloading.kind=network_based"],
        "UTILIZATION_BASED" => vec!["policies.offloading.kind=utilization_based"],
        "HYBRID" if profile == "app3" => vec!["policies.offloading.kind=local_first"],
        "HYBRID" => vec!["policies.offloading.kind=hybrid"],
        "ONLY_EDGE" => {
            vec!["policies.offloading.kind=edge_only", "policies.offloading.select=least_loaded"]
        }
        "ONLY_MOBILE" => vec!["policies.offloading.kind=local_only"],
        "FUZZY_BASED" => vec!["policies.offloading.kind=fuzzy_based"],
        "FUZZY_COMPETITOR" => vec!["policies.offloading.kind=fuzzy_competitor"],
        "RANDOM" => vec!["policies.offloading.policy=random"],
        "PREDICTIVE" => vec!["policies.offloading.policy=predictive"],
        "MAB" => vec!["policies.offloading.policy=mab"],
        "GAME_THEORY" => vec!["policies.offloading.policy=game_theory"],
        "AI_BASED" => vec![
            "policies.offloading.policy=ai_based",
            "policies.offloading.models=data/vehicular-models.json",
        ],
        other => panic!("no policy is known for {other}"),
    };
    match profile {
        "app4-8min" => sets.push("duration=8 min"),
        "app5-keys" => {
            sets.extend(["network.topology[1].link.latency=150 ms", "network.direct[0].latency=160 ms"]);
        }
        _ => {}
    }
    sets
}

/// What a run gave, in the columns of the reference.
fn measure(case: &Case, seed: u64) -> [f64; COLUMNS.len()] {
    let (profile, policy, devices) = case;
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/edge");
    let application = profile.split('-').next().unwrap_or(profile);
    let file = directory.join(format!("edgecloudsim-{application}.json"));
    let mut document = Document::open(&file).expect("the scenario is there");
    let own = [format!("nodes[2].count={devices}"), format!("seed={seed}")];
    let sets = assignments(profile, policy);
    for assignment in own.iter().map(String::as_str).chain(sets) {
        document.set_assignment(assignment).expect("the path exists");
    }
    let loaded = load(&document, &Registry::with_builtins(), &directory).expect("it is good");
    let simulation = loaded.world.build(Box::new(NoRecords)).expect("it fits together");
    let summary = simulation.run().expect("it runs to its end").summary;
    let tasks = &summary["workloads"]["tasks"];
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let count = |outcome: &str| number(&tasks["outcomes"][outcome]);
    let judged = number(&tasks["created"]) - count("unfinished");
    let completed = count("done") + count("missed_deadline");
    let percent = |part: f64| 100.0 * part / judged;
    let load = |tier: &str| 100.0 * number(&summary["tiers"][tier]["predicted_utilisation"]);
    let delay = |name: &str| number(&tasks["networks"][name]["delay_s"]["mean"]);
    let ran = |tier: &str| percent(number(&tasks["ran_on_tier"][tier]));
    COLUMNS.map(|(column, ..)| match column {
        "tasks" => judged,
        "failed_percent" => percent(judged - completed),
        "capacity" => percent(count("refused_for_capacity")),
        "mobility" => percent(count("lost_to_mobility")),
        "bandwidth" => percent(count("refused_for_bandwidth")),
        "service_s" => number(&tasks["service_s"]["mean"]),
        "processing_s" => number(&tasks["processing_s"]["mean"]),
        "network_s" => number(&tasks["network_s"]["mean"]),
        "edge_percent" => load("edge"),
        "cloud_percent" => load("cloud"),
        "device_percent" => load("device"),
        "edge_done" => ran("edge"),
        "cloud_done" => ran("cloud"),
        "device_done" => ran("device"),
        "experience_percent" => number(&tasks["quality_of_experience"]["all"]),
        network => delay(network.trim_end_matches("_s")),
    })
}

/// Whether our mean is as near to the published values as was set as the aim: tasks by the spread between runs, in
/// which devices keep their application; shares of failed tasks within 2 points near saturation and 0.3 away from
/// it; times within 5 % near saturation and 2 % away.
fn is_near(case: &Case, column: &str, published: f64, ours: f64, saturated: bool) -> bool {
    let difference = (ours - published).abs();
    match column {
        "tasks" => {
            let spread = match &case.0[..4] {
                "app1" => 1.0,
                "app5" => 0.56,
                _ => 0.9,
            };
            difference <= 2.0 * spread / f64::from(case.2).sqrt() * ours
        }
        "failed_percent" | "capacity" | "mobility" | "bandwidth" => {
            difference <= if saturated { 2.0 } else { 0.3 }
        }
        _ if column.ends_with("_s") => difference <= if saturated { 0.05 } else { 0.02 } * published,
        _ => true,
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|own| own != "--bench").collect();
    let mut numbers = arguments.iter().filter_map(|own| own.parse::<u64>().ok());
    let (seeds, only_devices) = (numbers.next().unwrap_or(20), numbers.next());
    let only: Vec<&String> = arguments.iter().filter(|own| own.starts_with("app")).collect();

    let mut reader = csv::Reader::from_reader(REFERENCE.as_bytes());
    let header = reader.headers().expect("it has a header").clone();
    let mut order: Vec<Case> = Vec::new();
    let mut reference: BTreeMap<Case, Vec<Vec<f64>>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.expect("it is CSV");
        let case = (row[0].to_string(), row[1].to_string(), row[2].parse().expect("a count"));
        let tasks: Option<f64> = row[3].parse().ok();
        let columns = reference.entry(case.clone()).or_insert_with(|| {
            order.push(case);
            vec![Vec::new(); COLUMNS.len()]
        });
        for (index, (column, ..)) in COLUMNS.iter().enumerate() {
            assert_eq!(header[index + 3], **column, "columns are in order");
            if let Ok(value) = row[index + 3].parse::<f64>() {
                // Counts become shares, so that runs with more and with fewer tasks compare.
                let counted = matches!(*column, "capacity" | "mobility" | "bandwidth")
                    || column.ends_with("_done");
                let share = tasks.filter(|_| counted).map_or(value, |tasks| 100.0 * value / tasks);
                columns[index].push(share);
            }
        }
    }
    let mut profile = String::new();
    let mut shown: Vec<usize> = Vec::new();
    for case in order {
        let wanted = only.is_empty() || only.iter().any(|own| **own == case.0);
        if !wanted || only_devices.is_some_and(|devices| devices != u64::from(case.2)) {
            continue;
        }
        if case.0 != profile {
            profile.clone_from(&case.0);
            let of_profile = || reference.iter().filter(|(other, _)| other.0 == profile);
            shown = (0..COLUMNS.len())
                .filter(|&index| of_profile().any(|(_, columns)| !columns[index].is_empty()))
                .collect();
            let names: Vec<&str> = shown.iter().map(|&index| COLUMNS[index].1).collect();
            println!("\n### {profile}\n\n| policy | devices | {} |", names.join(" | "));
            println!("| --- | ---: |{}", " --- |".repeat(shown.len()));
        }
        let runs: Vec<_> = (1..=seeds).into_par_iter().map(|seed| measure(&case, seed)).collect();
        let columns = &reference[&case];
        let saturated = columns[1].iter().any(|failed| *failed > 2.0);
        let cells: Vec<String> = shown
            .iter()
            .map(|&index| {
                let (column, _, digits) = COLUMNS[index];
                let ours: Summary =
                    runs.iter().map(|run| run[index]).filter(|own| own.is_finite()).collect();
                if columns[index].is_empty() {
                    return if ours.count() == 0 {
                        String::new()
                    } else {
                        format!("{:.digits$}", ours.mean())
                    };
                }
                let values: Vec<String> =
                    columns[index].iter().map(|value| format!("{value:.digits$}")).collect();
                let (published, spread) = (mean(&columns[index]), ours.variance().sqrt());
                let mark = if is_near(&case, column, published, ours.mean(), saturated) {
                    ""
                } else if (ours.mean() - published).abs() <= 2.0 * spread {
                    " ~"
                } else {
                    " **!**"
                };
                format!("{} / {:.digits$} ± {spread:.digits$}{mark}", values.join(", "), ours.mean())
            })
            .collect();
        println!("| `{}` | {} | {} |", case.1, case.2, cells.join(" | "));
    }
}
