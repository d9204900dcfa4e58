//! What services require of nodes, and what is said if it is not met.

use crate::support::{Row, run, stratosim};
use serde_json::{Value, json};

/// Edge nodes in a chain, and an application of these services on them, placed by first fit.
fn scenario(nodes: &[Value], services: Value) -> Value {
    let names: Vec<&str> = nodes.iter().filter_map(|node| node["name"].as_str()).collect();
    let links = names.windows(2).map(|own| json!({ "a": own[0], "b": own[1] }));
    json!({
        "duration": "6 s",
        "nodes": nodes,
        "network": { "links": links.collect::<Vec<_>>() },
        "workloads": [ { "kind": "services", "applications": [ { "name": "app", "services": services } ] } ],
        "policies": { "service_placement": { "kind": "first_fit" } },
        "output": { "tables": ["placements", "violations"] }
    })
}

fn edge(name: &str, cores: u32, assets: Value) -> Value {
    json!({ "tier": "edge", "name": name, "cores": cores, "assets": assets })
}

/// Of an asset of which less is better, a node that offers none has no best value: `c` comes first, `a` has too much.
#[test]
fn a_node_without_a_concave_asset_is_not_the_best() {
    let nodes = [
        edge("c", 4, json!({})),
        edge("a", 4, json!({ "delay": 10 })),
        edge("b", 4, json!({ "delay": 5 })),
    ];
    for policy in ["first_fit", "best_fit", "greedy_latency", "eclypse_best_fit"] {
        let mut scenario =
            scenario(&nodes, json!([ { "name": "x", "requires": { "assets": { "delay": 7 } } } ]));
        scenario["assets"] = json!({ "delay": { "algebra": "concave", "unit": "ms" } });
        scenario["policies"]["service_placement"]["kind"] = policy.into();
        let rows = run(&scenario).table("placements");
        assert_eq!(rows.iter().map(|row| row.text("to")).collect::<Vec<_>>(), ["b"], "{policy}");
    }
}

/// Two replicas of 2 cores on `a`, which has 4 and then 3: 4 are booked, so that the one placed last must leave.
#[test]
fn a_violation_tells_what_is_booked_and_what_there_is() {
    let nodes = [edge("a", 4, json!({})), edge("b", 2, json!({}))];
    let mut scenario =
        scenario(&nodes, json!([ { "name": "x", "requires": { "cores": 2 }, "replicas": 2 } ]));
    scenario["dynamics"] = json!([ { "attribute": "cores", "nodes": "a",
        "schedule": { "at": ["2500 ms"] }, "change": { "kind": "set_value", "value": 3 } } ]);
    let done = run(&scenario);
    let rows = done.table("violations");
    let told = |row: &Row| {
        (row.text("node").to_string(), row.value("needed"), row.value("offered"), row.value("t_s"))
    };
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), [("a".to_string(), 4.0, 3.0, 2.5)]);
    let rows = done.table("placements");
    let moved = rows.iter().find(|row| row.text("from") == "a").unwrap();
    assert_eq!(moved.text("to"), "b");
    assert_eq!(
        moved.text("cause"),
        "service \"x-1\" of \"app\" has no place any more on node \"a\": 4 cores are booked there, but it has 3"
    );
}

/// Where all nodes are down, none is named, and none is called \"\".
#[test]
fn no_node_is_named_if_none_takes_services() {
    let nodes = [edge("a", 4, json!({}))];
    let mut scenario = scenario(&nodes, json!([ { "name": "x", "requires": { "cores": 2 } } ]));
    scenario["faults"] =
        json!([ { "nodes": "a", "outages": [ { "fail": "1500 ms", "repair": "3500 ms" } ] } ]);
    let rows = run(&scenario).table("placements");
    let causes: Vec<&str> =
        rows.iter().map(|row| row.text("cause")).filter(|own| !own.is_empty()).collect();
    assert!(!causes.is_empty());
    for cause in causes {
        assert_eq!(
            cause,
            "service \"x\" of \"app\": none of the nodes that it may be placed on takes services now"
        );
    }
}

/// What is listed is read by people, who know kinds by the names that scenarios have.
#[test]
fn policies_are_told_in_plain_words() {
    let output = stratosim().args(["list", "policies"]).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    assert!(listed.contains("simulated_annealing"), "{listed}");
    for line in listed.lines() {
        assert!(!line.contains("[`") && !line.contains("::") && !line.contains("(S."), "{line}");
    }
}

/// A whole application that was reset goes back to where it was as far as it can, if that is worth enough: `a`, which has
/// the most room, was down at first, and `c` loses the cores of `y` later.
#[test]
fn stickiness_holds_for_what_was_taken_off() {
    let nodes = [edge("a", 8, json!({})), edge("b", 4, json!({})), edge("c", 4, json!({}))];
    let services = ["x", "y"].map(|name| json!({ "name": name, "requires": { "cores": 3 } }));
    let ends = |policy: Value| {
        let mut scenario = scenario(&nodes, json!(services));
        scenario["workloads"][0]["repair"] = "whole".into();
        scenario["workloads"][0]["applications"][0]["interactions"] =
            json!([ { "from": "x", "to": "y", "latency": "30 ms" } ]);
        scenario["policies"]["service_placement"] = policy;
        scenario["faults"] =
            json!([ { "nodes": "a", "outages": [ { "fail": "0 s", "repair": "1.5 s" } ] } ]);
        scenario["dynamics"] = json!([ { "nodes": "c", "attribute": "cores", "schedule": { "at": ["2.5 s"] },
            "change": { "kind": "set_value", "value": 2 } } ]);
        let rows = run(&scenario).table("placements");
        let placed = rows.iter().filter(|row| row.text("reason") == "placed");
        placed.map(|row| row.text("to").to_string()).collect::<Vec<_>>()
    };
    let sticky = json!({ "kind": "greedy_latency", "stickiness": 1000 });
    assert_eq!(ends(sticky), ["b", "c", "b", "a"]);
    assert_eq!(ends(json!({ "kind": "first_fit" })), ["b", "c", "a", "a"]);
}
