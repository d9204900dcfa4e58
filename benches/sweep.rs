//! A sweep of 200 short points: how well two jobs use two processors, and what a point costs beside its
//! simulation.
//!
//! `cargo bench --bench sweep`. One and two jobs, and the bare simulations on one thread and on two that share
//! nothing, alternate in one process; the least wall time of each counts, since a busy machine only adds to it.
//! Where two threads that share nothing gain less than twice the speed, so much of it is the machine's.

use std::time::Instant;
use stratosim::output::{Destination, Recorder, TableSelection};
use stratosim::scenario::{Document, Registry, load};
use stratosim::sweep::Sweep;

const POINTS: u32 = 200;
const SITTINGS: usize = 5;

fn scenario() -> serde_json::Value {
    serde_json::json!({
        "duration": "10 min",
        "nodes": [
            { "tier": "cloud", "cores": 64 },
            { "tier": "edge", "count": 10 },
            { "tier": "device", "count": 100 }
        ]
    })
}

fn sweep() -> String {
    let axis = serde_json::json!({
        "path": "nodes[2].count", "range": { "from": 1, "to": POINTS, "count": POINTS }
    });
    serde_json::json!({ "scenario": scenario(), "axes": [axis] }).to_string()
}

/// Wall time of the sweep, from the file to the tables of results.
fn swept_s(jobs: usize) -> f64 {
    let directory = tempfile::tempdir().expect("it can be created");
    let started = Instant::now();
    let sweep = Sweep::from_json(&sweep()).expect("it is good");
    let results = sweep.jobs(jobs).out(directory.path()).run().expect("it runs");
    assert_eq!(results.rows().len(), POINTS as usize);
    started.elapsed().as_secs_f64()
}

/// CPU time of this process in seconds; zero where the system does not tell.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets: user and system time are fields 14 and 15, in hundredths of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The simulations alone, of every `step`th point from `first` on: worlds built and run, with the tables
/// hashed as a sweep does. Wall time of building and running.
fn bare_s(first: u32, step: usize) -> f64 {
    let registry = Registry::with_builtins();
    let mut wall_s = 0.0;
    for devices in (first..=POINTS).step_by(step) {
        let mut scenario = scenario();
        scenario["nodes"][2]["count"] = devices.into();
        let document = Document::parse("bare.json", &scenario.to_string()).expect("it is JSON");
        let loaded = load(&document, &registry, ".".as_ref()).expect("it is good");
        let recorder = Recorder::new(Destination::Discard, TableSelection::All);
        let started = Instant::now();
        let simulation = loaded.world.build(Box::new(recorder)).expect("it fits together");
        simulation.run().expect("it runs to its end");
        wall_s += started.elapsed().as_secs_f64();
    }
    wall_s
}

/// The same on two threads that share nothing.
fn bare_on_two_s() -> f64 {
    let started = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| bare_s(1, 2));
        scope.spawn(|| bare_s(2, 2));
    });
    started.elapsed().as_secs_f64()
}

fn main() {
    println!("| sitting | bare s | bare, 2 threads s | 1 job s | CPU s | 2 jobs s | CPU s |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut least = [f64::INFINITY; 6];
    let print = |name: &str, figures: [f64; 6]| {
        let cells: Vec<String> = figures.iter().map(|figure| format!("{figure:.3}")).collect();
        println!("| {name} | {} |", cells.join(" | "));
    };
    for sitting in 1..=SITTINGS {
        let bare = bare_s(1, 1);
        let bare_on_two = bare_on_two_s();
        let before = cpu_s();
        let one = swept_s(1);
        let between = cpu_s();
        let two = swept_s(2);
        let figures = [bare, bare_on_two, one, between - before, two, cpu_s() - between];
        print(&sitting.to_string(), figures);
        for (least, figure) in least.iter_mut().zip(figures) {
            *least = least.min(figure);
        }
    }
    print("least", least);
    let [bare, bare_on_two, one, one_cpu, two, two_cpu] = least;
    println!(
        "\nefficiency of 2 jobs: {:.2} by wall time, {:.2} by CPU time",
        one / two / 2.0,
        one_cpu / two_cpu
    );
    println!("efficiency of 2 threads that share nothing: {:.2} by wall time", bare / bare_on_two / 2.0);
    println!("overhead of a point: {:.2} ms", 1e3 * (one - bare) / f64::from(POINTS));
}
