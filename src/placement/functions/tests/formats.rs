//! Files that are not as they should be.

use super::*;
use serde_json::{Value, json};

fn good() -> Value {
    json!({
        "id": "x", "Nn": 2, "Nf": 1, "memory_capacity": [100, 1000], "memory_requirement": [100],
        "max_utilization": [0.8], "demand": [[0.5], [0.5]], "edges": [[0, 1]], "alpha": [[1.0], [1.0]],
        "beta": [[[0.9], [0.9]], [[0.9], [0.9]]], "gamma": [[0.1], [0.1]], "delta": [[0.9], [0.9]],
        "steps": [{"t": 0, "source_t": 3, "load": [[4.0], [2.0]]}], "reference": {"any": 1}
    })
}

#[test]
fn a_good_file() {
    let series = InstanceSeries::from_json(&good().to_string(), "").unwrap();
    assert_eq!(series.at(0).unwrap(), h01());
    assert_eq!((series.name.as_str(), series.at(1)), ("x", None));
}

#[test]
fn what_is_wrong_is_named() {
    for (path, value, message) in [
        (
            "/memory_requirement/0",
            json!(2000),
            "a.json: memory_requirement[0]: a replica of function 0 needs 2000 MB",
        ),
        ("/memory_requirement/0", json!(0), "a.json: memory_requirement[0]: 0 is out of range"),
        ("/max_utilization/0", json!(1.2), "a.json: max_utilization[0]: 1.2 is out of range"),
        ("/demand/1/0", json!(0.0), "a.json: demand[1][0]: 0 is out of range; it must be above 0"),
        (
            "/edges/0/1",
            json!(2),
            "a.json: edges[0]: [0, 2] is out of range; it must be two different nodes of 0 to 1",
        ),
        ("/edges/0/1", json!(0), "a.json: edges[0]: [0, 0] is out of range"),
        ("/steps/0/load/1/0", json!(-1.0), "a.json: steps[0]: load[1][0]: -1 is out of range"),
        ("/steps/0/load", json!([[1.0]]), "a.json: steps[0].load: 1 values where 2 are needed"),
        ("/steps", json!([]), "a.json: steps: 0 values where 1 are needed"),
        ("/beta/1", json!([[0.9]]), "a.json: beta[1]: 1 values where 2 are needed"),
        ("/alpha/0/0", json!("one"), "a.json: alpha[0][0]: invalid type"),
        ("/Nn", json!(3), "a.json: memory_capacity: 2 values where 3 are needed"),
        ("/normalisation", json!("perstream"), "a.json: normalisation: unknown variant"),
    ] {
        let mut file = good();
        file["normalisation"] = json!("total");
        *file.pointer_mut(path).unwrap() = value;
        let error = InstanceSeries::from_json(&file.to_string(), "a.json").unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}\n{message}");
    }
    let error = InstanceSeries::from_json("{", "a.json").unwrap_err().to_string();
    assert!(error.contains("a.json") && error.contains("EOF"), "{error}");
}

#[test]
fn published_files_that_are_wrong_are_named() {
    let series = InstanceSeries::from_json(&good().to_string(), "").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let message = |change: &dyn Fn(&mut Value, &mut Value)| {
        write_published(&series, folder.path()).unwrap();
        let names = ["base_instance_data.json", "input_requests_traces.json"];
        let [mut base, mut traces] = names.map(|name| {
            let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
            serde_json::from_str::<Value>(&text).unwrap()
        });
        change(&mut base, &mut traces);
        for (name, value) in names.iter().zip([base, traces]) {
            std::fs::write(folder.path().join(name), value.to_string()).unwrap();
        }
        read_published(folder.path()).unwrap_err().to_string()
    };
    let error = message(&|base, _| base["None"]["demand"]["(2, 1)"] = json!("x"));
    assert!(
        error.ends_with(r#"base_instance_data.json: None.demand["(2, 1)"]: "x" is not a number"#),
        "{error}"
    );
    let error = message(&|base, _| base["None"]["neighborhood"]["(1, 2)"] = json!(0));
    assert!(error.contains(r#"neighborhood["(1, 2)"]: 0 is out of range"#), "{error}");
    let error = message(&|_, traces| traces["0"]["1"] = json!([1.0, 2.0]));
    assert!(error.ends_with("traces.json: 0.1: 2 values where 1 are needed"), "{error}");
    let error = message(&|_, traces| traces["0"]["1"] = json!([-1.0]));
    assert!(error.contains("0.1[0]: -1"), "{error}");
    std::fs::remove_file(folder.path().join("base_instance_data.json")).unwrap();
    let error = read_published(folder.path()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read"), "{error}");
}
