//! Infrastructures by name, and applications, infrastructures and workflows of others.

use crate::support::{error_text, output_text, read_json, stratosim};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const SHOP: &str = "name: shop\nservices:\n  web: { image: nginx, depends_on: [db], deploy: { replicas: 2 } }\n  db: { cpus: 2 }\n\
    x-stratosim: { flows: [{ name: look, path: [web, db, web] }] }\n";

fn file(directory: &Path, name: &str, text: &str) -> String {
    fs::write(directory.join(name), text).unwrap();
    name.to_owned()
}

#[test]
fn a_compose_file_becomes_an_application_once() {
    let folder = tempfile::tempdir().unwrap();
    let name = file(folder.path(), "compose.yaml", SHOP);
    let import = |arguments: &[&str]| {
        let mut command = stratosim();
        command.current_dir(folder.path()).args(["import", "compose", &name]).args(arguments);
        command
    };
    let assert = import(&[]).assert().success().stderr("note: not used: services.*.image\n");
    let shop: Value = serde_json::from_str(&output_text(&assert)).unwrap();
    assert_eq!((&shop["name"], &shop["services"][0]["replicas"]), (&json!("shop"), &json!(2)));
    assert_eq!(shop["services"][1]["requires"]["cores"], 2.0);
    assert_eq!(
        shop["interactions"],
        json!([{ "from": "web", "to": "db", "bandwidth": "0 bps", "symmetric": true }])
    );
    let assert = import(&["--out", "shop.json", "--quiet"]).assert().success().stderr("");
    assert_eq!(output_text(&assert), "");
    assert_eq!(read_json(&folder.path().join("shop.json")), shop);
    let assert = import(&["--out", "shop.json"]).assert().code(2).stdout("");
    assert!(error_text(&assert).contains("shop.json exists already"));
    assert!(!folder.path().join("shop.json.partial").exists());
    let circle = SHOP.replace("db: { cpus: 2 }", "db: { depends_on: [web] }");
    file(folder.path(), "compose.yaml", &circle);
    let assert = import(&["--out", "other.json"]).assert().code(2).stdout("");
    let told = error_text(&assert);
    assert!(
        told.contains("compose.yaml:3:36: services.web.depends_on") && told.contains("web -> db -> web"),
        "{told}"
    );
    assert!(!folder.path().join("other.json").exists());
}

/// What is imported is a part of a scenario that is good.
#[test]
fn an_infrastructure_of_eclypse_becomes_nodes_and_links() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{ "eclypse_schema": "1.0", "kind": "infrastructure", "id": "small",
        "node_assets": { "licence": { "type": "additive" } }, "edge_assets": {},
        "nodes": [ { "id": "a", "attrs": { "cpu": 4, "ram": 8, "storage": 16, "gpu": 0, "licence": 2 } },
            { "id": "b", "attrs": { "cpu": 8, "ram": 8, "storage": 16, "gpu": 0 } } ],
        "edges": [ { "source": "a", "target": "b", "attrs": { "latency": 5, "bandwidth": 100 } } ], "extras": {} }"#;
    let name = file(folder.path(), "small.json", text);
    let mut command = stratosim();
    command.current_dir(folder.path()).args(["import", "eclypse", &name, "--out", "part.json"]);
    let assert =
        command.assert().success().stderr("note: links that lead one way lead both ways here\n");
    assert_eq!(output_text(&assert), "infrastructure small: 2 nodes, 1 links\n  written to part.json\n");
    let mut scenario = read_json(&folder.path().join("part.json"));
    let link = json!({ "a": "a", "b": "b", "latency": "5 ms", "bandwidth": "100 Mbps" });
    assert_eq!(scenario["network"]["links"], json!([link]));
    scenario["nodes"][0]["access_point"] = json!({});
    scenario["nodes"].as_array_mut().unwrap().push(json!({ "tier": "device", "count": 2 }));
    file(folder.path(), "scenario.json", &scenario.to_string());
    stratosim().arg("validate").arg(folder.path().join("scenario.json")).assert().success().stderr("");
}

#[test]
fn a_workflow_is_imported_and_a_trace_still_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{ "name": "two", "schemaVersion": "1.4", "workflow": { "tasks": [
        { "name": "a", "runtimeInSeconds": 1, "children": ["b"] }, { "name": "b", "runtimeInSeconds": 2 } ] } }"#;
    let name = file(folder.path(), "two.json", text);
    let mut command = stratosim();
    let assert =
        command.current_dir(folder.path()).args(["import", "wfcommons", &name]).assert().success();
    let workflow: Value = serde_json::from_str(&output_text(&assert)).unwrap();
    assert_eq!(workflow["tasks"][1]["parents"], json!(["a"]));
    for arguments in [&["import"][..], &["import", "wfcommons"], &["import", "somewhere"]] {
        let assert = stratosim().args(arguments).assert().code(2).stdout("");
        assert!(error_text(&assert).contains("Usage: stratosim import"), "{arguments:?}");
    }
}

/// A run on an infrastructure by name, from its record once more: the same tables.
#[test]
fn a_run_on_an_infrastructure_by_name_can_be_run_again_from_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = json!({
        "duration": "30 s", "seed": 5,
        "infrastructure": { "library": "mec_5g", "users": 2, "rans": 3, "values": "drawn", "access_points": true },
        "nodes": [{ "tier": "device", "name": "phone", "count": 5 }],
        "workloads": [{ "kind": "tasks", "devices": "phone" }],
        "policies": { "offloading": { "kind": "min_latency" } },
        "faults": [{ "nodes": "mec", "share": 0.5, "outages": [{ "fail": "10 s", "repair": "20 s" }] }],
    });
    let name = file(folder.path(), "scenario.json", &scenario.to_string());
    let run = |name: &str, out: &str| {
        let mut command = stratosim();
        command
            .current_dir(folder.path())
            .args(["run", name, "--quiet", "--out", out])
            .assert()
            .success();
        read_json(&folder.path().join(out).join("run.json"))
    };
    let record = run(&name, "one");
    assert!(record["scenario"].get("infrastructure").is_none());
    file(folder.path(), "again.json", &record["scenario"].to_string());
    let again = run("again.json", "two");
    assert!(record["fingerprint"].is_string(), "{record:#}");
    assert_eq!(again["fingerprint"], record["fingerprint"]);
}
