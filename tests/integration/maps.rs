//! Real maps: sites in degrees, traces that are not smooth, signals, imports. Where the data sets are not at hand (see
//! `real_data`), tests of them say that they are skipped, and pass.

use crate::real_data::data;
use crate::support::{error_text, output_text, read_json, root, stratosim};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use stratosim::output::{Destination, Recorder, TableSelection};
use stratosim::scenario::{Document, Registry, load};

/// The summary of a scenario and the rows of its tables as texts.
fn run(scenario: &Value, folder: &Path) -> (Value, BTreeMap<String, Vec<Vec<String>>>) {
    let out = tempfile::tempdir().unwrap();
    let file = folder.join("test-scenario.json");
    fs::write(&file, scenario.to_string()).unwrap();
    let run = out.path().join("run");
    stratosim().arg("run").arg(&file).args(["--quiet", "--out"]).arg(&run).assert().success();
    let mut tables = BTreeMap::new();
    for entry in fs::read_dir(run.join("tables")).unwrap() {
        let path = entry.unwrap().path();
        let mut reader = csv::Reader::from_path(&path).unwrap();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_string).collect());
        tables.insert(path.file_stem().unwrap().to_str().unwrap().to_string(), rows.collect());
    }
    (read_json(&run.join("summary.json")), tables)
}

/// Name, x, y and speed of a vehicle.
type Vehicle = (&'static str, f64, f64, f64);

/// Vehicles by step as SUMO writes them.
fn trace(steps: &[(f64, &[Vehicle])]) -> String {
    let mut text = "<fcd-export>\n".to_string();
    for (time, vehicles) in steps {
        text += &format!("<timestep time=\"{time:.2}\">\n");
        for (id, x, y, speed) in *vehicles {
            text += &format!("<vehicle id=\"{id}\" x=\"{x:.2}\" y=\"{y:.2}\" speed=\"{speed:.2}\"/>\n");
        }
        text += "</timestep>\n";
    }
    text + "</fcd-export>\n"
}

#[test]
fn a_trace_that_is_not_smooth_is_played_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let text = trace(&[
        (0.0, &[("a", 0.0, 0.0, 10.0), ("b", 100.0, 0.0, 10.0)]),
        (1.0, &[("a", 10.0, 0.0, 10.0)]),
        (2.0, &[]),
        // b is back after two steps, and a after one, far away: no jump, since it was away.
        (3.0, &[("a", 900.0, 0.0, 10.0), ("b", 130.0, 0.0, 10.0)]),
        // b teleports: 500 m in a second.
        (4.0, &[("a", 910.0, 0.0, 10.0), ("b", 630.0, 0.0, 10.0)]),
        (5.0, &[("a", 920.0, 0.0, 10.0), ("b", 640.0, 0.0, 10.0)]),
    ]);
    fs::write(folder.path().join("trace.xml"), text).unwrap();
    let scenario = json!({
        "duration": "5 s",
        "nodes": [
            { "tier": "edge", "mobility": { "kind": "static", "positions": [{ "x": 0, "y": 0 }] } },
            { "tier": "device", "name": "car", "mobility": { "kind": "sumo_fcd", "file": "trace.xml" } },
        ],
        "output": { "sample": { "interval": "500 ms", "positions": true } },
    });
    let (summary, tables) = run(&scenario, folder.path());
    assert_eq!(
        summary["mobility"],
        json!({ "vehicles": 2, "steps": 6, "empty_steps": 1, "gaps": 2, "teleports": 1, "origin": null })
    );
    let at = |time: &str, car: &str| -> Option<f64> {
        let mut rows = tables["positions"].iter();
        rows.find(|row| row[0] == time && row[1] == car).map(|row| row[2].parse().unwrap())
    };
    // Half way between two steps; away; standing until the teleport is over, and then at once there.
    assert_eq!((at("0.5", "car-a"), at("2.5", "car-a"), at("2.5", "car-b")), (Some(5.0), None, None));
    assert_eq!((at("3.5", "car-b"), at("4.5", "car-b")), (Some(130.0), Some(635.0)));
}

/// At 10 m/s past two equal sites 1000 m apart, 1 m beside the way, with 3 dB and n = 3.1: the second site is stronger by
/// 3 dB where the distances are as 10^(3/31) = 1.24960 to 1, at 1000 x 1.24960 / 2.24960 = 555.476 m.
#[test]
fn handovers_without_shadowing_are_exact_and_have_their_powers() {
    let folder = tempfile::tempdir().unwrap();
    let text = trace(&[(0.0, &[("a", 0.0, 0.0, 10.0)]), (100.0, &[("a", 1000.0, 0.0, 10.0)])]);
    fs::write(folder.path().join("trace.xml"), text).unwrap();
    fs::write(
        folder.path().join("sites.csv"),
        // On the plane's own axes: a degree of longitude at the equator is 111 319.49 m.
        "id,longitude,latitude,transmit_power_dbm,antenna_gain_db\nwest,0,0.00000904371,30,20\n\
         east,0.008983153,0.00000904371,,\n",
    )
    .unwrap();
    let scenario = |radio: Value| {
        json!({
            "duration": "100 s",
            "origin": { "longitude": 0, "latitude": 0 },
            "nodes": [
                {
                    "tier": "edge", "name": "bs", "mobility": { "kind": "sites_csv", "file": "sites.csv" },
                    "access_point": {
                        "transmit_power": "40 dBm", "antenna_gain": "10 dB", "range": "1 km",
                        "model": { "kind": "close_in", "width": "20 MHz" },
                    },
                },
                { "tier": "cloud" },
                { "tier": "device", "name": "car", "mobility": { "kind": "sumo_fcd", "file": "trace.xml" } },
            ],
            "network": { "topology": [{ "kind": "star", "center": "cloud", "leaves": "bs" }] },
            "attachment": { "by": "signal", "hysteresis": "3 dB", "radio": radio },
            "output": { "sample": { "radio": { "interval": "10 s", "devices": "car" } } },
        })
    };
    let clear = json!({ "path_loss_exponent": 3.1, "shadowing": "0 dB" });
    let (_, tables) = run(&scenario(clear.clone()), folder.path());
    let change = tables["handovers"].iter().find(|row| row[2] == "bs-west").unwrap();
    let number = |text: &String| -> f64 { text.parse().unwrap() };
    assert_eq!(change[3], "bs-east");
    assert!((number(&change[0]) - 55.5476).abs() < 0.001, "{change:?}");
    // 50 dBm - 43.3291 dB - 31 log10(555.477): -78.412 dBm, and 3 dB more.
    assert!((number(&change[6]) + 78.412).abs() < 0.01, "{change:?}");
    assert!((number(&change[7]) - number(&change[6]) - 3.0).abs() < 1e-3, "{change:?}");
    // At 100 m: received 50 - 105.329 = -55.329 dBm; by Shannon 270.15 Mbit/s on 20 MHz (as `close_in` has it).
    let sample = tables["radio"].iter().find(|row| row[0] == "10.0" && row[2] == "bs-west").unwrap();
    assert!((number(&sample[4]) - 105.329).abs() < 0.01, "{sample:?}");
    assert!((number(&sample[5]) + 55.329).abs() < 0.01, "{sample:?}");
    assert!((number(&sample[6]) / 270.15e6 - 1.0).abs() < 1e-3, "{sample:?}");
    assert_eq!(sample[7], "true");
    // Measured each 10 s, the change is at the next measurement.
    let mut measured = clear;
    measured["update_interval"] = json!("10 s");
    let (_, tables) = run(&scenario(measured), folder.path());
    let change = tables["handovers"].iter().find(|row| row[2] == "bs-west").unwrap();
    assert_eq!((change[0].as_str(), change[3].as_str()), ("60.0", "bs-east"));
    // To be watched changes nothing, and shadowing does.
    let shadowed = json!({ "correlation_distance": "13 m" });
    let (with, _) = run(&scenario(shadowed.clone()), folder.path());
    let mut unwatched = scenario(shadowed);
    unwatched["output"] = json!({});
    let (without, tables) = run(&unwatched, folder.path());
    assert_eq!(with["handovers"], without["handovers"]);
    assert_eq!(with["workloads"], without["workloads"]);
    assert!(tables["handovers"].len() > 2, "{:?}", tables["handovers"]);
}

#[test]
fn what_contradicts_the_radio_is_told() {
    let load_error = |more: Value| {
        let mut scenario = json!({
            "nodes": [{ "tier": "edge", "access_point": {} }, { "tier": "device" }],
            "attachment": { "by": "signal", "radio": {} },
        });
        for (key, value) in more.as_object().unwrap() {
            scenario[key] = value.clone();
        }
        let document = Document::parse("test.json", &scenario.to_string()).unwrap();
        load(&document, &Registry::with_builtins(), ".".as_ref()).unwrap_err().to_string()
    };
    let distance = load_error(json!({ "attachment": { "by": "distance", "radio": {} } }));
    assert!(distance.contains("access points are compared by received power"), "{distance}");
    let model = json!({ "kind": "close_in", "carrier": "28 GHz" });
    let nodes = json!([{ "tier": "edge", "access_point": { "model": model } }, { "tier": "device" }]);
    let carrier = load_error(json!({ "nodes": nodes }));
    assert!(carrier.contains("the signal is that of `attachment.radio`"), "{carrier}");
    let samples = json!({ "sample": { "radio": { "devices": "edge" } } });
    let wired = load_error(json!({ "output": samples }));
    assert!(wired.contains("\"edge\" is wired and receives no signals"), "{wired}");
    let unknown =
        load_error(json!({ "attachment": { "by": "signal", "radio": { "preset": "uma_loss" } } }));
    assert!(unknown.contains("uma_los"), "{unknown}");
}

#[test]
fn a_trace_becomes_a_table_and_a_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("city");
    let city = root().join("scenarios/data/city.fcd.xml.gz");
    let import = |arguments: &[&str]| {
        let mut command = stratosim();
        command.args(["import", "fcd"]).arg(&city).arg("--out").arg(&out).args(arguments);
        command.assert()
    };
    let told = output_text(&import(&[]).success());
    assert!(told.contains("vehicles               60"), "{told}");
    assert!(told.contains("gaps                   0"), "{told}");
    assert!(error_text(&import(&[]).code(2)).contains("exists already"));
    let record = read_json(&out.join("import.json"));
    assert_eq!((&record["counts"]["steps"], &record["counts"]["teleports"]), (&json!(300), &json!(0)));
    // The scenario runs, and its trace holds what the original does.
    let run = folder.path().join("run");
    stratosim()
        .arg("run")
        .arg(out.join("scenario.json"))
        .args(["--quiet", "--out"])
        .arg(&run)
        .assert()
        .success();
    let mobility = &read_json(&run.join("summary.json"))["mobility"];
    assert_eq!((&mobility["vehicles"], &mobility["steps"]), (&json!(60), &json!(300)));
    assert_eq!(mobility["origin"], record["origin"]);
    let missing = stratosim()
        .args(["import", "fcd", "no-such.xml", "--out"])
        .arg(folder.path().join("x"))
        .assert();
    assert!(error_text(&missing.code(2)).contains("no-such.xml: cannot be opened"));
    assert!(!folder.path().join("x").exists());
}

#[test]
fn sites_and_users_become_scenarios() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "sites.csv",
        "SITE_ID,LATITUDE,LONGITUDE,NAME\n1,-37.81,144.97,x\n2,-37.82,144.96,y\n3,-37.80,144.95,z\n",
    );
    write("users.csv", "Latitude,Longitude\n-37.815,144.965\n-37.805,144.955\n");
    write("swapped.csv", "SITE_ID,LATITUDE,LONGITUDE\n1,144.97,-37.81\n");
    let path = |name: &str| folder.path().join(name);
    let eua = stratosim()
        .args(["import", "eua"])
        .args([path("sites.csv"), path("users.csv")])
        .arg("--out")
        .arg(path("eua"))
        .assert();
    let told = output_text(&eua.success());
    assert!(
        told.contains("3, in the columns of EUA") && told.contains("users                  2"),
        "{told}"
    );
    let bounds = "--bounds=144.94,-37.83,144.965,-37.79";
    let sites = stratosim()
        .args(["import", "sites", bounds])
        .arg(path("sites.csv"))
        .arg("--out")
        .arg(path("two"))
        .assert();
    assert!(output_text(&sites.success()).contains("2, in the columns of EUA"));
    for (name, nodes) in [("eua", 3 + 2 + 1), ("two", 2 + 50 + 1)] {
        let run = path(&format!("run-{name}"));
        let scenario = path(name).join("scenario.json");
        stratosim().arg("run").arg(scenario).args(["--quiet", "--out"]).arg(&run).assert().success();
        let tiers = &read_json(&run.join("summary.json"))["tiers"];
        let count: u64 =
            tiers.as_object().unwrap().values().map(|tier| tier["nodes"].as_u64().unwrap()).sum();
        assert_eq!(count, nodes);
    }
    let swapped = stratosim()
        .args(["import", "sites"])
        .arg(path("swapped.csv"))
        .arg("--out")
        .arg(path("x"))
        .assert();
    let error = error_text(&swapped.code(2));
    assert!(error.contains("swapped.csv:2:1: ") && error.contains("they seem to be swapped"), "{error}");
}

/// The stand-in runs on a clean machine, and tells that it is one.
#[test]
fn bologna_runs_without_its_trace_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut command = stratosim();
    command
        .env("STRATOSIM_DATA", folder.path())
        .args(["run", "scenarios/edge/bologna.json", "--out"])
        .arg(&run);
    let told = output_text(&command.assert().success());
    assert!(
        told.contains(
            "note: ${STRATOSIM_DATA}/sumo/bologna_acosta_1397veh_600s_geo.fcd.xml.gz is not there"
        ),
        "{told}"
    );
    let summary = read_json(&run.join("summary.json"));
    assert_eq!(summary["mobility"]["vehicles"], json!(60));
    assert_eq!(summary["notes"].as_array().map(Vec::len), Some(1));
    #[cfg(feature = "plot")]
    {
        stratosim().arg("plot").arg(&run).assert().success();
        let drawn = |name: &str| fs::read_to_string(run.join("plots").join(name)).unwrap();
        assert!(drawn("received-power-of-one-device.svg").contains("handovers ("));
        assert!(drawn("path-loss-of-one-device.svg").contains("bs-"));
        assert!(drawn("where-things-are.svg").contains("trajectories (60)"));
    }
}

#[test]
fn bologna_drives_all_its_vehicles() {
    let Some(sumo) = data("sumo") else { return };
    let document = Document::open(&root().join("scenarios/edge/bologna.json")).unwrap();
    let mut scenario = document.value().clone();
    scenario["nodes"][2]["mobility"]["file"] =
        json!(sumo.join("bologna_acosta_1397veh_600s_geo.fcd.xml.gz"));
    scenario["workloads"] = json!([]);
    let document = Document::parse("bologna.json", &scenario.to_string()).unwrap();
    let directory = root().join("scenarios/edge");
    let loaded = load(&document, &Registry::with_builtins(), &directory).unwrap();
    assert!(loaded.world.notes().is_empty());
    let recorder = Recorder::new(Destination::Discard, TableSelection::All);
    let finished = loaded.world.build(Box::new(recorder)).unwrap().run().unwrap();
    let mobility = &finished.summary["mobility"];
    assert_eq!((&mobility["vehicles"], &mobility["steps"]), (&json!(1397), &json!(600)));
    assert!(finished.summary["handovers"].as_u64() > Some(1000), "{}", finished.summary["handovers"]);
}

/// All traces of the folder can be played.
#[test]
fn all_traces_are_read() {
    let Some(sumo) = data("sumo") else { return };
    let mut read = 0;
    for entry in fs::read_dir(&sumo).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_str().is_some_and(|name| name.contains(".fcd.")) {
            continue;
        }
        let summary = stratosim::scenario::import::scan_fcd(&path, Default::default()).unwrap();
        assert!(summary.vehicles >= 50 && summary.rows >= 11_523, "{}: {summary:?}", path.display());
        read += 1;
    }
    assert_eq!(read, 6);
}
