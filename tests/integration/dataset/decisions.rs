//! Decisions: each with what was seen next.

use super::{Row, Study, number};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn scenario() -> Value {
    json!({
        "duration": "40 s",
        "nodes": [
            { "tier": "cloud", "cores": 16 },
            { "tier": "edge", "count": 2, "cores": 2 },
            { "tier": "device", "count": 8 }
        ],
        "network": { "topology": [
            { "kind": "hierarchical", "edge_link": { "latency": "15 ms", "bandwidth": "50 Mbps" } }
        ] },
        "policies": { "offloading": { "kind": "least_loaded" } }
    })
}

fn spec(action: &str) -> Value {
    json!({
        "simulate": { "scenario": scenario(), "replications": 2 },
        "samples": {
            "kind": "decisions",
            "observation": ["length_mi", "local_load", "edge_utilisation", "deadline_s"],
            "action": { "by": action }
        },
        "split": { "by": "run", "shares": { "train": 0.5, "test": 0.5 } }
    })
}

fn episodes(rows: Vec<Row>) -> BTreeMap<(String, String), Vec<Row>> {
    let mut episodes: BTreeMap<(String, String), Vec<Row>> = BTreeMap::new();
    for row in rows {
        episodes.entry((row["run"].clone(), row["device"].clone())).or_default().push(row);
    }
    episodes
}

/// Rows are written in the order of outcomes; the chains are in that of decisions.
#[test]
fn the_next_observation_is_that_of_the_next_decision() {
    let study = Study::new();
    let made = study.make("decisions", &spec("value"));
    let mut decisions = 0;
    for part in ["train", "test"] {
        for ((_, device), mut rows) in episodes(made.rows(part)) {
            rows.sort_by_key(|row| number(row, "step") as u64);
            for (step, row) in rows.iter().enumerate() {
                assert_eq!(number(row, "step"), step as f64);
                assert_eq!(row["policy"], "least_loaded");
                let next = rows.get(step + 1);
                assert_eq!(row["terminal"], next.is_none().to_string());
                for column in ["length_mi", "local_load", "edge_utilisation", "deadline_s"] {
                    let expected = next.map_or("", |next| next[&format!("obs_{column}")].as_str());
                    assert_eq!(row[&format!("next_obs_{column}")], expected, "{device}, step {step}");
                }
                assert_eq!(row["next_t_s"], next.map_or("", |next| next["t_s"].as_str()));
                if let Some(next) = next {
                    assert!(number(row, "decision") < number(next, "decision"));
                    assert!(number(row, "t_s") <= number(next, "t_s"));
                }
                let outcome = row["outcome"].as_str();
                assert!(outcome == "done" || number(row, "reward") == 0.0, "{outcome}");
                assert!((0.0..=1.0).contains(&number(row, "reward")));
            }
            decisions += rows.len();
        }
    }
    assert_eq!(decisions as u64, made.summary.parts.iter().map(|(_, rows)| rows).sum::<u64>());
    assert!(decisions > 40, "{decisions}");
}

#[test]
fn actions_are_nodes_or_tiers() {
    let study = Study::new();
    let actions = |by: &str| {
        let made = study.make(by, &spec(by));
        let codes = made.json("scaling.json")["categories"]["action"]["codes"].clone();
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for row in made.rows("train") {
            let code = codes.get(&row["action"]).map_or(json!(0), Clone::clone);
            assert_eq!(row["action_code"], code.to_string());
            *counts.entry(row["action"].clone()).or_default() += 1;
        }
        counts
    };
    let (nodes, tiers) = (actions("value"), actions("tier"));
    let edges = nodes.iter().filter(|(node, _)| node.starts_with("edge")).map(|(_, count)| count);
    assert_eq!(tiers["edge"], edges.sum::<u64>());
    assert_eq!(tiers.values().sum::<u64>(), nodes.values().sum::<u64>());
    assert!(tiers.keys().all(|tier| ["local", "edge", "cloud"].contains(&tier.as_str())), "{tiers:?}");
}
