//! User sessions under control planes: wall and CPU time, peak memory, events and messages of cities of platforms with ten users
//! each, for an hour, with three times the demand in a circle that wanders over the city: from west to east, each 20 minutes.
//!
//! `cargo bench --no-default-features --bench service_tree`, or with cases of one's own: `-- 1000/nearest 10000/central`, each the
//! number of platforms and the control plane. Each case runs in a process of its own, so that peak memory is its own. Figures are in
//! `README.md`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use stratosim::output::{Destination, Recorder, TableSelection};
use stratosim::scenario::{Document, Registry, load};

/// Tells the program to run one case in this process.
const ONE: &str = "--one";
/// Platforms of a case.
const SIZES: [u32; 3] = [1_000, 10_000, 100_000];
/// Control planes.
const PLANES: [&str; 3] = ["nearest", "central", "tree"];
/// Users on each platform's access point.
const USERS: u32 = 10;
/// Switches that platforms hang on.
const SWITCHES: u32 = 100;

/// CPU seconds of this process so far, and its peak resident memory in MiB; zero where the system does not tell.
fn used() -> (f64, f64) {
    const TICKS_PER_S: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15, counted from behind the name in brackets, which is the second.
    let ticks = stat.rsplit_once(')').and_then(|(_, rest)| {
        let mut fields = rest.split_whitespace().skip(11);
        Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
    });
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    (ticks.unwrap_or(0.0) / TICKS_PER_S, kib.unwrap_or(0.0) / 1024.0)
}

/// A square city with a platform on each 200 m, a tenth of which have an instance at the start; users on ten times as many
/// devices, at random places.
fn scenario(platforms: u32, plane: &str, minutes: u32) -> String {
    let side_m = 200.0 * f64::from(platforms).sqrt();
    let control = match plane {
        "central" | "swirly" => {
            format!(r#"{{ "kind": "{plane}", "node": "hub", "report": "60 s"{} }}"#, limit(plane))
        }
        plane => format!(r#"{{ "kind": "{plane}" }}"#),
    };
    let mut instances = String::new();
    for number in (0..platforms).step_by(10) {
        let comma = if number == 0 { "" } else { ", " };
        // Writing to a text cannot fail.
        let _ = write!(instances, r#"{comma}"platform-{number}""#);
    }
    let places: Vec<String> = (0..3)
        .map(|hour| {
            let x_m = side_m * (0.25 + 0.25 * f64::from(hour));
            let factors: Vec<&str> = (0..3).map(|own| if own == hour { "3" } else { "1" }).collect();
            format!(
                r#"{{ "x": {x_m}, "y": {}, "radius": {}, "by_hour": [{}] }}"#,
                side_m / 2.0,
                side_m / 8.0,
                factors.join(", ")
            )
        })
        .collect();
    format!(
        r#"{{
  "duration": "{minutes} min", "area": {{ "width": {side_m}, "height": {side_m} }},
  "nodes": [
    {{ "tier": "network", "name": "core" }},
    {{ "tier": "network", "name": "switch", "count": {SWITCHES} }},
    {{ "tier": "cloud", "name": "hub", "cores": 32 }},
    {{ "tier": "edge", "name": "platform", "count": {platforms}, "cores": 4, "access_point": {{}},
       "mobility": {{ "kind": "static", "layout": "uniform" }} }},
    {{ "tier": "device", "name": "phone", "count": {}, "mobility": {{ "kind": "static", "layout": "uniform" }} }}
  ],
  "network": {{ "topology": [
    {{ "kind": "attach", "nodes": ["hub", "switch"], "to": "core", "link": {{ "latency": "2 ms", "bandwidth": "100 Gbps" }} }},
    {{ "kind": "attach", "nodes": "platform", "to": "switch", "link": {{ "latency": "3 ms", "bandwidth": "10 Gbps" }} }}
  ] }},
  "workloads": [ {{
    "kind": "sessions", "platforms": "platform", "users": "phone", "requests_by": "paths",
    "services": [ {{ "name": "video", "requires": {{ "memory": 0 }}, "limit": "25 ms", "instances": [{instances}] }} ],
    "demand": {{ "by_hour": [1], "hour": "20 min", "places": [{}] }},
    "agents": {{ "carried_by": "paths" }}, "control": {control}
  }} ],
  "output": {{ "sample": {{ "interval": "60 s", "links": false, "positions": false }} }}
}}"#,
        platforms * USERS,
        places.join(", ")
    )
}

/// The centre has all platforms, to see what that costs.
fn limit(plane: &str) -> &'static str {
    if plane == "central" { r#", "node_limit": 1000000"# } else { "" }
}

fn run(case: &str) {
    let mut parts = case.split('/');
    let platforms: u32 = parts.next().and_then(|own| own.parse().ok()).expect("a number of platforms");
    let plane = parts.next().unwrap_or("nearest");
    let minutes: u32 = parts.next().and_then(|own| own.parse().ok()).unwrap_or(60);
    let started = Instant::now();
    let document = Document::parse("case", &scenario(platforms, plane, minutes)).expect("a scenario");
    let loaded = load(&document, &Registry::with_builtins(), Path::new(".")).expect("a good scenario");
    let tables = TableSelection::Only(["session_windows".into()].into());
    let recorder = Recorder::new(Destination::Discard, tables);
    let simulation = loaded.world.build(Box::new(recorder)).expect("it fits");
    let (built_s, (before_s, _)) = (started.elapsed().as_secs_f64(), used());
    let started = Instant::now();
    let finished = simulation.run().expect("it runs to its end");
    let (run_s, (after_s, peak_mib)) = (started.elapsed().as_secs_f64(), used());
    let own = &finished.summary["workloads"]["sessions"];
    println!(
        "| {platforms} | {plane} | {minutes} | {built_s:.1} | {run_s:.1} | {:.1} | {peak_mib:.0} | {} | {} | {} | {} | {} | {} |",
        after_s - before_s,
        own["requests"],
        own["mail"]["sent"],
        own["messages_per_platform_s"],
        own["migrations"]["done"],
        own["replications"]["done"],
        own["violation_share"],
    );
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|own| own != "--bench").collect();
    if let [flag, name] = arguments.as_slice()
        && flag == ONE
    {
        return run(name);
    }
    if arguments.is_empty() {
        arguments =
            SIZES.iter().flat_map(|size| PLANES.map(|plane| format!("{size}/{plane}"))).collect();
    }
    println!(
        "| platforms | plane | min | build s | wall s | CPU s | peak MiB | requests | messages | a platform and second | migrations | replications | violated |"
    );
    println!(
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    let program = std::env::current_exe().expect("the program has a path");
    for name in arguments {
        let status = Command::new(&program).args([ONE, &name]).status();
        assert!(status.is_ok_and(|status| status.success()), "the case {name:?} failed");
    }
}
