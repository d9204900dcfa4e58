//! Device tasks over contended access networks: CPU time a task at growing numbers of devices.
//!
//! `cargo bench --no-default-features --bench edge`: EdgeCloudSim's second sample application with 1000 devices
//! for 33 minutes, which is to take less than 0.25 s of CPU time, and then, with all places around one switch, the
//! same from 200 to 200 000 devices, with places and the rate of the network between them in proportion: tasks fare
//! alike at all sizes, and the cost of one is not to grow by more than half. With names of policies as arguments,
//! these instead of `hybrid`; with numbers, these numbers of devices only. Last, where the trace is at hand, the
//! vehicles of `scenarios/edge/bologna.json`: ten minutes with measurements each second, without tasks, are to take
//! less than 2 s with the reading of the trace.

use serde_json::{Value, json};
use std::path::Path;
use stratosim::records::NoRecords;
use stratosim::scenario::{Document, Registry, load};

/// Devices, and how often the fourteen places are repeated around a switch; `None` for these as they are, in a mesh.
const SIZES: [(u32, Option<u32>); 5] =
    [(1000, None), (200, Some(1)), (2_000, Some(10)), (20_000, Some(100)), (200_000, Some(1000))];

/// CPU seconds of this process so far; wall time where the system does not tell.
fn cpu_s(started: std::time::Instant) -> f64 {
    // User and system time in ticks of 10 ms, after the name in parentheses.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let mut ticks = fields.split_whitespace().skip(11).filter_map(|field| field.parse::<f64>().ok());
    match (ticks.next(), ticks.next()) {
        (Some(user), Some(system)) => (user + system) / 100.0,
        _ => started.elapsed().as_secs_f64(),
    }
}

/// The scenario with its places repeated `times` times around a switch, if any.
fn scenario(devices: u32, times: Option<u32>, policy: &str) -> Value {
    let file = directory().join("edgecloudsim-app2.json");
    let mut scenario: Value =
        serde_json::from_str(&std::fs::read_to_string(file).expect("it is there")).expect("it is JSON");
    scenario["duration"] = json!("33 min");
    scenario["policies"]["offloading"] = json!({ "kind": policy });
    scenario["nodes"][2]["count"] = json!(devices);
    if let Some(times) = times {
        scenario["nodes"][1]["count"] = json!(14 * times);
        let positions: Vec<Value> =
            (0..14 * times).map(|place| json!({ "x": 100 * place, "y": 0 })).collect();
        scenario["nodes"][1]["mobility"]["positions"] = json!(positions);
        let kinds = scenario["nodes"][2]["mobility"]["places"].take();
        let places: Vec<Value> = (0..14 * times as usize)
            .map(|place| {
                json!({ "x": 100 * place, "y": 0, "attractiveness": kinds[place % 14]["attractiveness"] })
            })
            .collect();
        scenario["nodes"][2]["mobility"]["places"] = json!(places);
        // A mesh would have as many links as pairs: all places hang on one switch, and the queue is on the way up.
        let mut link = scenario["network"]["topology"][0]["link"].take();
        link["latency"] = json!("2.5 ms");
        // One queue for all of them, as before: as many times as fast.
        let times = f64::from(times);
        link["bandwidth"] = json!(format!("{} Mbps", 1331.2 * times));
        link["model"]["queue"]["mean_interval"] = json!(format!("{} ms", 36.5 / times));
        scenario["nodes"]
            .as_array_mut()
            .expect("nodes")
            .push(json!({ "tier": "network", "name": "hub" }));
        scenario["network"]["topology"][0] =
            json!({ "kind": "star", "center": "hub", "leaves": "edge", "link": link });
    }
    scenario
}

fn directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/edge")
}

fn run(devices: u32, times: Option<u32>, policy: &str) {
    let text = scenario(devices, times, policy).to_string();
    let document = Document::parse("edge.json", &text).expect("it is JSON");
    let loaded = load(&document, &Registry::with_builtins(), &directory()).expect("it is good");
    let simulation = loaded.world.build(Box::new(NoRecords)).expect("it fits together");
    let started = std::time::Instant::now();
    let before_s = cpu_s(started);
    let finished = simulation.run().expect("it runs to its end");
    let spent_s = cpu_s(started) - before_s;
    let tasks = finished.summary["decisions"]["made"].as_f64().unwrap_or(0.0);
    println!(
        "| {policy} | {devices} | {} | {tasks} | {} | {spent_s:.2} | {:.2} | {:.2} |",
        14 * times.unwrap_or(1),
        finished.events,
        1e6 * spent_s / tasks,
        tasks / spent_s / 1e6,
    );
}

/// The vehicles of Bologna: reading their trace, and ten minutes with signals measured each second.
fn bologna() {
    let data = std::env::var_os("STRATOSIM_DATA").unwrap_or_else(|| "../shared/data".into());
    let trace = Path::new(&data).join("sumo/bologna_acosta_1397veh_600s_geo.fcd.xml.gz");
    if !trace.exists() {
        println!("\nskipped: {} does not exist; set STRATOSIM_DATA", trace.display());
        return;
    }
    let trace = std::fs::canonicalize(trace).expect("it exists");
    println!("\n| bologna | vehicles | rows | CPU s |\n| --- | ---: | ---: | ---: |");
    let started = std::time::Instant::now();
    let before_s = cpu_s(started);
    let read = stratosim::scenario::import::scan_fcd(&trace, Default::default()).expect("SUMO's own");
    println!(
        "| reading the trace once | {} | {} | {:.2} |",
        read.vehicles,
        read.rows,
        cpu_s(started) - before_s
    );
    let file = directory().join("bologna.json");
    let text = std::fs::read_to_string(file).expect("it is there");
    for correlation in [None, Some("13 m")] {
        let mut scenario: Value = serde_json::from_str(&text).expect("it is JSON");
        scenario["nodes"][2]["mobility"]["file"] = json!(trace);
        scenario["workloads"] = json!([]);
        if let Some(distance) = correlation {
            scenario["attachment"]["radio"]["correlation_distance"] = json!(distance);
        }
        let before_s = cpu_s(started);
        let document = Document::parse("bologna.json", &scenario.to_string()).expect("it is JSON");
        let loaded = load(&document, &Registry::with_builtins(), &directory()).expect("it is good");
        let loaded_s = cpu_s(started) - before_s;
        let simulation = loaded.world.build(Box::new(NoRecords)).expect("it fits together");
        let finished = simulation.run().expect("it runs to its end");
        let spent_s = cpu_s(started) - before_s;
        let (vehicles, how) =
            (&finished.summary["mobility"]["vehicles"], correlation.unwrap_or("drawn once"));
        println!(
            "| 600 s, shadowing {how} ({loaded_s:.2} s of it to load) | {vehicles} | {} events | {spent_s:.2} |",
            finished.events
        );
    }
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|own| !own.starts_with("--")).collect();
    let (sizes, mut policies): (Vec<_>, Vec<_>) =
        given.into_iter().partition(|own| own.parse::<u32>().is_ok());
    if policies.is_empty() {
        policies.push("hybrid".into());
    }
    println!("| policy | devices | places | tasks | events | CPU s | us/task | M tasks/CPU s |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for policy in &policies {
        for (devices, times) in SIZES {
            if sizes.is_empty() || sizes.contains(&devices.to_string()) {
                run(devices, times, policy);
            }
        }
    }
    bologna();
}
