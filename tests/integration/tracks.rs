//! `stratosim track`: what moved in a run, in the formats of others, and what it says where that cannot be.

use crate::support::{error_text, output_text, stratosim};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Two that walk and one that stands, for a minute.
fn scenario(with_origin: bool) -> Value {
    let mut scenario = json!({
        "name": "walk <here>",
        "duration": "1 min",
        "nodes": [
            { "tier": "edge", "name": "edge" },
            { "tier": "device", "name": "walker", "count": 2, "mobility": { "kind": "random_waypoint" } },
            { "tier": "device", "name": "post", "mobility": { "kind": "static" } },
        ],
        "workloads": [],
    });
    if with_origin {
        scenario["origin"] = json!({ "longitude": 16.25, "latitude": 39.3 });
    }
    scenario
}

/// Runs it with these settings, and gives its directory.
fn run(folder: &Path, scenario: &Value, settings: &[&str]) -> String {
    let file = folder.join("walk.json");
    fs::write(&file, scenario.to_string()).unwrap();
    let out = folder.join("run");
    let mut command = stratosim();
    command.arg("run").arg(&file).arg("--quiet").arg("--out").arg(&out);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.assert().success();
    out.to_str().unwrap().to_string()
}

const FULL: &str = "output.trace=\"full\"";

fn track(arguments: &[&str]) -> String {
    output_text(&stratosim().arg("track").args(arguments).assert().success().stderr(""))
}

fn refusal(arguments: &[&str]) -> String {
    error_text(&stratosim().arg("track").args(arguments).assert().code(2).stdout(""))
}

#[test]
fn a_run_is_written_in_all_formats() {
    let folder = tempfile::tempdir().unwrap();
    let directory = run(folder.path(), &scenario(true), &[FULL]);
    let geo: Value = serde_json::from_str(&track(&[&directory, "--format", "geojson"])).unwrap();
    let features = geo["features"].as_array().unwrap();
    let names: Vec<&str> =
        features.iter().map(|f| f["properties"]["vehicle"].as_str().unwrap()).collect();
    assert_eq!(names, ["walker-0", "walker-1"]);
    for feature in features {
        let places = feature["geometry"]["coordinates"].as_array().unwrap();
        let times = feature["properties"]["times_s"].as_array().unwrap();
        assert_eq!(places.len(), times.len());
        assert_eq!((times[0].as_f64(), times[times.len() - 1].as_f64()), (Some(0.0), Some(60.0)));
        // The default area is a kilometre to the east and north: 0.0116 and 0.0090 degrees.
        assert!(places.iter().all(|place| {
            let degrees = |index: usize| place[index].as_f64().unwrap();
            (16.25..16.262).contains(&degrees(0)) && (39.3..39.3091).contains(&degrees(1))
        }));
    }
    let kml = track(&[&directory, "--format", "kml", "--start", "2026-06-01T08:00:00Z"]);
    assert!(kml.contains("<name>walk &lt;here&gt;</name>"), "{kml}");
    assert!(kml.contains("<when>2026-06-01T08:01:00.000Z</when>"), "{kml}");
    let csv = track(&[&directory, "--format", "csv", "--vehicle", "walker-1"]);
    assert!(csv.lines().skip(1).all(|line| line.starts_with("walker-1,moving,")), "{csv}");
    let out = folder.path().join("walker.waypoints");
    let told =
        track(&[&directory, "--format", "wpl", "--vehicle", "walker-0", "--out", out.to_str().unwrap()]);
    assert!(told.starts_with("wrote ") && told.contains("of walker-0"), "{told}");
    let mission = fs::read_to_string(out).unwrap();
    let lines: Vec<&str> = mission.lines().collect();
    assert_eq!(lines[0], "QGC WPL 110");
    assert!(lines[1].starts_with("0\t1\t0\t16\t") && lines.len() > 2, "{mission}");
}

/// Samples do where there are no steps, and are where the steps are.
#[test]
fn samples_do_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let sampled = ["output.sample={\"interval\":\"1 s\",\"positions\":true}"];
    let directory = run(folder.path(), &scenario(true), &sampled);
    let of_samples = track(&[&directory, "--format", "csv"]);
    assert_eq!(of_samples.lines().filter(|line| line.starts_with("walker-0")).count(), 60);
    let other = tempfile::tempdir().unwrap();
    let directory = run(other.path(), &scenario(true), &[FULL]);
    let of_steps = track(&[&directory, "--format", "csv"]);
    let last = |text: &str| text.lines().rfind(|line| line.starts_with("walker-0")).unwrap().to_string();
    let numbers = |line: &str| -> Vec<f64> {
        line.split(',').skip(2).map(|field| field.parse().unwrap()).collect()
    };
    for (a, b) in numbers(&last(&of_samples)).iter().zip(numbers(&last(&of_steps))) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn what_is_missing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let directory = run(folder.path(), &scenario(false), &["output.tables=[\"nodes\"]"]);
    let text = refusal(&[&directory, "--format", "kml"]);
    assert!(text.contains("neither of the tables \"movements\" and \"positions\""), "{text}");
    assert!(text.contains("--set 'output.trace=\"full\"'"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let directory = run(folder.path(), &scenario(false), &[FULL]);
    let text = refusal(&[&directory, "--format", "kml"]);
    assert!(text.contains("give its x = 0, y = 0 as `origin` in the scenario"), "{text}");
    let text = refusal(&[&directory, "--format", "csv", "--vehicle", "walkr-1"]);
    assert!(
        text.contains(
            "\"walkr-1\" has no track; did you mean \"walker-1\"? moving are: walker-0, walker-1"
        ),
        "{text}"
    );
    let text = refusal(&[&directory, "--format", "csv", "--vehicle", "post"]);
    assert!(text.contains("\"post\" has no track"), "{text}");
    let origin = ["--origin", "-70.5,41.25"];
    let text = refusal(&[&[&directory, "--format", "wpl"][..], &origin].concat());
    assert!(text.contains("choose with --vehicle one of: walker-0, walker-1"), "{text}");
    let one = [&directory, "--format", "wpl", "--vehicle", "walker-0", "--flight", "3"];
    let text = refusal(&[&one[..], &origin].concat());
    assert!(text.contains("there is no flight 3"), "{text}");
    let text = refusal(&[&directory, "--format", "kml", "--origin", "41.25"]);
    assert!(text.contains("give degrees of longitude and latitude, as 11.307,44.4885"), "{text}");
    let text = refusal(&[folder.path().to_str().unwrap(), "--format", "kml"]);
    assert!(text.contains("is no run directory"), "{text}");
    // Metres need no place on the earth.
    assert!(track(&[&directory, "--format", "csv"]).starts_with("vehicle,phase,t_s,x_m,y_m,z_m\n"));
    assert!(track(&[&[&directory, "--format", "geojson"][..], &origin].concat()).contains("[-70.49"));
    let nowhere = folder.path().join("none/there.csv");
    let assert = stratosim()
        .args(["track", &directory, "--format", "csv", "--out"])
        .arg(nowhere)
        .assert()
        .code(1);
    assert!(error_text(&assert).contains("cannot write"));
}

/// Without missions each of a few has a colour; a picture of a run without places says what is missing.
#[test]
fn tracks_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let directory = run(folder.path(), &scenario(true), &[FULL]);
    let out = folder.path().join("tracks.svg");
    let plot = |directory: &str| {
        let mut command = stratosim();
        command.args(["plot", directory, "--kind", "tracks", "--out"]).arg(&out);
        command.assert()
    };
    plot(&directory).success().stderr("");
    let svg = fs::read_to_string(&out).unwrap();
    for part in [">Tracks</text>", ">walker-0</text>", ">walker-1</text>", ">access point (1)</text>"] {
        let found = svg.replace('\n', "");
        assert!(found.contains(part), "{part}");
    }
    let folder = tempfile::tempdir().unwrap();
    let directory = run(folder.path(), &scenario(true), &["output.tables=[\"nodes\"]"]);
    let text = error_text(&plot(&directory).code(2));
    assert!(text.contains("neither of the tables \"movements\" and \"positions\""), "{text}");
}
