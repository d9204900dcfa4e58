//! Geo-distributed resources: CPU time for each operation and peak memory as sites, resources and operations grow, on graphs by
//! preferential attachment whose best-connected sites are cut off twice.
//!
//! `cargo bench --no-default-features --bench geo`, or with cases of one's own: `-- city large`. Each case runs in a process of its
//! own, so that peak memory is its own. Figures are in `README.md`.

use serde_json::json;
use std::collections::BTreeSet;
use std::process::Command;
use stratosim::output::{Destination, Recorder, TableSelection};
use stratosim::scenario::{Document, Registry, load};

/// Tells the program to run one case in this process.
const ONE: &str = "--one";

struct Case {
    name: &'static str,
    sites: u32,
    resources: u32,
    /// Operations of each site in a second, for an hour.
    rate_per_s: f64,
    mode: &'static str,
}

const CASES: [Case; 5] = [
    Case { name: "city", sites: 10, resources: 1_000, rate_per_s: 10.0, mode: "eventual" },
    Case { name: "country", sites: 100, resources: 10_000, rate_per_s: 3.0, mode: "eventual" },
    Case { name: "large", sites: 1_000, resources: 100_000, rate_per_s: 2.8, mode: "eventual" },
    Case { name: "large strong", sites: 1_000, resources: 100_000, rate_per_s: 2.8, mode: "strong" },
    Case { name: "large counter", sites: 1_000, resources: 100_000, rate_per_s: 2.8, mode: "counter" },
];

/// CPU seconds and greatest resident memory in MiB of this process, where the system tells.
fn used() -> (f64, f64) {
    const TICKS_PER_S: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(") ").next().and_then(|rest| {
        let mut fields = rest.split(' ').skip(11);
        let (user, system) = (fields.next()?.parse::<f64>().ok()?, fields.next()?.parse::<f64>().ok()?);
        Some(user + system)
    });
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    (ticks.unwrap_or(0.0) / TICKS_PER_S, kib.unwrap_or(0.0) / 1024.0)
}

fn scenario(case: &Case) -> serde_json::Value {
    let cut: Vec<String> = (1..=8).map(|site| format!("site-{site}")).collect();
    json!({
        "duration": "1 h",
        "nodes": [{
            "tier": "edge", "name": "site", "count": case.sites, "cores": 16, "mips_per_core": "10 GIPS",
            "access_point": null,
        }],
        "network": { "topology": [{
            "kind": "barabasi_albert", "nodes": "site", "links": 2, "link": { "latency": "3 ms", "bandwidth": "10 Gbps" },
        }] },
        "workloads": [{
            "kind": "geo_requests",
            "sites": "site",
            "kinds": [{
                "name": "pod", "initial": case.resources, "work": "5 MI", "zipf": 0.8, "locality": "90 %", "mode": case.mode,
            }],
            "users": { "rate_per_s": case.rate_per_s },
            "agents": { "carried_by": "paths", "heartbeat": "10 s", "unavailable_after": "30 s" },
        }],
        "policies": { "resource_scope": { "kind": "nearest" } },
        "dynamics": [{
            "attribute": "availability",
            "schedule": { "at": ["20 min", "40 min"] },
            "change": { "kind": "network_partition", "groups": [cut], "lasts": "5 min" },
        }],
        "output": { "trace": "summary" },
    })
}

fn run(case: &Case) {
    let registry = Registry::with_builtins();
    let text = scenario(case).to_string();
    let document = Document::parse("geo.json", &text).expect("it is JSON");
    let loaded = load(&document, &registry, ".".as_ref()).expect("it is good");
    let recorder = Recorder::new(Destination::Discard, TableSelection::Only(BTreeSet::new()));
    let simulation = loaded.world.build(Box::new(recorder)).expect("it fits");
    let (before_s, _) = used();
    let finished = simulation.run().expect("it runs to its end");
    let (after_s, peak_mib) = used();
    let own = &finished.summary["workloads"]["geo"];
    let operations = own["all"]["operations"].as_f64().unwrap_or(0.0);
    println!(
        "| {} | {} | {} | {operations} | {:.4} | {} | {:.1} | {:.2} | {peak_mib:.0} |",
        case.name,
        case.sites,
        case.resources,
        own["all"]["availability"].as_f64().unwrap_or(0.0),
        own["control"]["mail"]["sent"],
        after_s - before_s,
        1e6 * (after_s - before_s) / operations,
    );
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|own| own != "--bench").collect();
    if let [flag, name] = arguments.as_slice()
        && flag == ONE
    {
        run(CASES.iter().find(|case| case.name == name).expect("a case of this name"));
        return;
    }
    if arguments.is_empty() {
        arguments = CASES.iter().map(|case| case.name.to_string()).collect();
    }
    println!(
        "| case | sites | resources | operations | done | messages | CPU s | us/operation | peak MiB |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let program = std::env::current_exe().expect("the program has a path");
    for name in arguments {
        let status = Command::new(&program).args([ONE, &name]).status();
        assert!(status.is_ok_and(|status| status.success()), "the case {name:?} failed");
    }
}
