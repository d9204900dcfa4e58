//! Missions from the scenario file to the tables.

use crate::support::{Row, Run, read_json, root, run, run_shipped, stratosim};
use serde_json::{Value, json};

fn missions(run: &Run) -> Value {
    run.summary()["workloads"]["missions"].clone()
}

fn sum(counts: &Value) -> u64 {
    counts.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

/// The rows of a table of one vehicle.
fn of(rows: &[Row], vehicle: &str) -> Vec<(String, f64, f64)> {
    let own = rows.iter().filter(|row| row.text("vehicle") == vehicle);
    own.map(|row| (row.text("phase").to_owned(), row.value("start_s"), row.value("duration_s")))
        .collect()
}

#[test]
fn agriculture_engages_drones_that_help_and_come_home() {
    let run = run_shipped(
        "agriculture",
        &["output.tables=[\"missions\",\"mission_phases\",\"engagements\",\"streams\",\"handovers\"]"],
    );
    let own = missions(&run);
    let engagements = run.table("engagements");
    assert!(!engagements.is_empty(), "{own}");
    assert_eq!(sum(&own["engagements"]["ended"]), engagements.len() as u64);
    for row in &engagements {
        // Each part of the way there is part of the whole.
        if let Some(reach_s) = row.number("reach_s") {
            let parts = ["arming_s", "take_off_s", "flight_s"].map(|column| row.value(column));
            assert!((parts.iter().sum::<f64>() - reach_s).abs() < 1e-6, "{parts:?} {reach_s}");
            let predicted_s = row.value("predicted_reach_s");
            assert!((predicted_s - reach_s).abs() < 0.3 * reach_s, "{predicted_s} {reach_s}");
        }
        assert!(row.value("energy_j") > 0.0);
    }
    let weeds = &own["weeds"];
    let count = |key: &str| weeds[key].as_u64().unwrap();
    assert_eq!(count("passed"), count("detected") + count("missed"));
    assert!(count("detected") >= count("detected_by_vehicle") && count("detected_by_drone") > 0);
    let frames = &own["frames"];
    assert_eq!(frames["created"].as_u64().unwrap(), sum(&frames["ended"]));
    // WiFi reaches the middle of the field, the 5G cell its ends, and video goes by both.
    let handovers = run.table("handovers");
    for [from, to] in [["farm", "gnb"], ["gnb", "farm"]] {
        let changes = handovers.iter().filter(|row| row.text("from") == from && row.text("to") == to);
        assert!(changes.count() > 5, "{from} to {to}");
    }
    assert_eq!(frames["created"], frames["ended"]["done"], "{frames}");
    let phases = run.table("mission_phases");
    for vehicle in ["tractor", "drone-0", "drone-1"] {
        let mut end_s = 0.0;
        for (phase, start_s, duration_s) in of(&phases, vehicle) {
            assert!((start_s - end_s).abs() < 1e-6, "{vehicle} {phase} {start_s} {end_s}");
            end_s = start_s + duration_s;
        }
        assert!((end_s - 1800.0).abs() < 1e-6, "{vehicle}: {end_s}");
    }
}

#[test]
fn a_fleet_surveys_its_field() {
    let run = run_shipped("survey-fleet", &["duration=4 min"]);
    let own = missions(&run);
    let row = &run.table("missions")[0];
    assert_eq!(row.text("kind"), "survey");
    assert!(row.value("worked_m") > 0.0 && row.value("worked_m") <= row.value("planned_m") + 1e-6);
    assert!((row.value("covered_m2") - 20.0 * row.value("worked_m")).abs() < 1e-3);
    let frames = &own["frames"];
    assert_eq!(frames["created"].as_u64().unwrap(), sum(&frames["ended"]));
    assert!(frames["delivered"].as_u64().unwrap() > 0, "{frames}");
}

#[test]
fn policies_are_compared_on_the_same_weeds() {
    let passed = |kind: &str| {
        let policy = format!("policies.mission_engagement={{\"kind\":\"{kind}\"}}");
        let own = missions(&run_shipped("agriculture", &[&policy]));
        (own["weeds"]["passed"].as_u64().unwrap(), own["engagements"]["value"].as_f64().unwrap())
    };
    let (never, oracle) = (passed("never"), passed("oracle"));
    assert_eq!(never.0, oracle.0);
    assert!(never.1 == 0.0 && oracle.1 >= 0.0, "{never:?} {oracle:?}");
}

#[test]
fn what_is_not_refused_but_will_not_go_well_is_noted() {
    let mut scenario = read_json(&root().join("tests/good/missions.json"));
    // Beyond the 300 m of the access point, and on a way that no battery lasts for.
    let corner = |x: u32, y: u32| json!({ "x": format!("{x} m"), "y": format!("{y} m") });
    scenario["workloads"][0]["missions"] = json!([{
        "kind": "scan", "vehicle": "drone-0",
        "field": {
            "polygon": [corner(0, 0), corner(2000, 0), corner(2000, 2000), corner(0, 2000)],
            "spacing": "10 m"
        }
    }]);
    scenario["workloads"][0]["streams"][0]["source"] = json!("drone-0");
    let notes = run(&scenario).summary()["notes"].to_string();
    assert!(notes.contains("out of reach of all access points"), "{notes}");
    assert!(notes.contains("will not come to the end without a `service`"), "{notes}");
}

/// What a user sees of missions, vehicles and WiFi after a run: what is in the summary, and nothing without any.
#[test]
fn the_report_of_a_run_tells_of_missions() {
    let told = |file: &str, sets: &[&str]| {
        let out = tempfile::tempdir().unwrap();
        let path = out.path().join("run");
        let mut command = stratosim();
        command.args(["run", file, "--out"]).arg(&path);
        for set in sets {
            command.args(["--set", set]);
        }
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        assert!(output.status.success(), "{text}");
        (text, read_json(&path.join("summary.json")))
    };
    let agriculture = root().join("scenarios/agriculture.json");
    let (text, summary) = told(&agriculture.display().to_string(), &["duration=15 min"]);
    let own = &summary["workloads"]["missions"];
    for line in [
        "missions               1 mission".to_owned(),
        format!("weeds                {} passed, ", own["weeds"]["passed"]),
        format!("engagements          {}: ", own["engagements"]["count"]),
        format!("frames               {}: ", own["frames"]["created"]),
        "wifi                   3 stations at 1 access point, associated ".to_owned(),
        format!("vehicles               3, {} flights: ", summary["vehicles"]["flights"]),
    ] {
        assert!(text.contains(&format!(" {line}")), "{line}: {text}");
    }
    let (text, _) = told("tests/good/small.json", &[]);
    for word in ["missions ", "wifi ", "vehicles "] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}
