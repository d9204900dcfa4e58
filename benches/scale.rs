//! One simulated hour of device tasks at a thousand, ten thousand and a hundred thousand devices on a
//! thousand edge nodes: wall time a task, events a second, peak memory.
//!
//! `cargo bench --bench scale`, or with sizes of one's own: `cargo bench --bench scale -- 1000 20000`. Each
//! size runs in a process of its own, so that peak memory is its own.

use std::process::Command;
use std::time::Instant;
use stratosim::output::{Destination, Recorder, TableSelection};
use stratosim::scenario::{Document, Registry, load};

const SIZES: [u32; 3] = [1_000, 10_000, 100_000];
/// Tells the program to run one size in this process.
const ONE: &str = "--one";

fn scenario(devices: u32) -> String {
    format!(
        r#"{{
          "duration": "1 h",
          "area": {{ "width": "16 km", "height": "16 km" }},
          "nodes": [
            {{ "tier": "cloud", "cores": 4096 }},
            {{ "tier": "edge", "count": 1000 }},
            {{ "tier": "device", "count": {devices} }}
          ],
          "workloads": [{{
            "kind": "tasks",
            "applications": [{{ "arrival": {{ "kind": "poisson", "mean_interval": "60 s" }} }}]
          }}],
          "policies": {{ "offloading": {{ "kind": "nearest" }} }},
          "output": {{ "sample": {{ "interval": "1 min" }} }}
        }}"#
    )
}

/// Peak resident memory of this process in MiB; zero where the system does not tell.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn run(devices: u32) {
    let document = Document::parse("scale.json", &scenario(devices)).expect("it is JSON");
    let loaded = load(&document, &Registry::with_builtins(), ".".as_ref()).expect("it is good");
    let recorder = Recorder::new(Destination::Discard, TableSelection::All);
    let started = Instant::now();
    let simulation = loaded.world.build(Box::new(recorder)).expect("it fits together");
    let built_s = started.elapsed().as_secs_f64();
    let finished = simulation.run().expect("it runs to its end");
    let wall_s = started.elapsed().as_secs_f64() - built_s;
    let tasks = finished.summary["workloads"]["tasks"]["created"].as_f64().unwrap_or(0.0);
    let events = finished.events as f64;
    println!(
        "| {devices} | {tasks} | {events} | {built_s:.2} | {wall_s:.2} | {:.2} | {:.2} | {:.0} |",
        1e6 * wall_s / tasks,
        events / wall_s / 1e6,
        peak_mib()
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, size] = arguments.as_slice()
        && flag == ONE
    {
        return run(size.parse().expect("a number of devices"));
    }
    let given: Vec<u32> = arguments.iter().filter_map(|size| size.parse().ok()).collect();
    let sizes = if given.is_empty() { SIZES.to_vec() } else { given };
    println!("| devices | tasks | events | build s | run s | us/task | M events/s | peak MiB |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let program = std::env::current_exe().expect("the program has a path");
    for size in sizes {
        let status = Command::new(&program).args([ONE, &size.to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "the run of {size} devices failed");
    }
}
