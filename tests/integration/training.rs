//! Training jobs from the scenario file to the tables.

use crate::support::{Row, Run, attempt, run, run_shipped};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Two leaves of a server of 8 GPUs, with circuit switches, and these jobs.
fn scenario(fabric: Value, jobs: Value) -> Value {
    json!({
        "duration": "3 h",
        "nodes": [
            { "name": "server", "tier": "cloud", "count": 2, "cores": 8, "power": { "idle": "100 W", "busy": "900 W" } },
            { "name": "ocs", "tier": "cloud", "count": 8, "cores": 0, "power": { "idle": "0 W", "busy": "0 W" } },
        ],
        "network": { "topology": [{ "kind": "none" }] },
        "workloads": [{
            "kind": "training",
            "cluster": { "servers": "server", "servers_per_leaf": 1 },
            "fabric": fabric,
            "jobs": { "kind": "listed", "jobs": jobs },
            "checkpoint": { "interval": "300 s", "restart": "60 s" },
        }],
        "output": { "trace": "full", "sample": { "interval": "100 s" } },
    })
}

fn ring(gpus: u32, submit_s: f64, duration_s: f64) -> Value {
    json!({ "train": "llm", "gpus": gpus, "submit": submit_s, "duration": duration_s, "communication": 0.5 })
}

fn optical() -> Value {
    // 25 ms and 1 s.
    json!({ "kind": "optical", "uplinks": 8, "switches": "ocs", "switch": "mems", "link_up": "1 s" })
}

fn training(run: &Run) -> Value {
    run.summary()["workloads"]["training"].clone()
}

/// The row of each job.
fn jobs(run: &Run) -> BTreeMap<u64, Row> {
    run.table("training_jobs").into_iter().map(|row| (row.value("job") as u64, row)).collect()
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
}

#[test]
fn jobs_wait_for_gpus_and_run_once_their_circuits_are_up() {
    let list = json!([ring(16, 0.0, 1000.0), ring(8, 10.0, 100.0), ring(17, 20.0, 1.0)]);
    let of_optical = run(&scenario(optical(), list.clone()));
    let rows = jobs(&of_optical);
    near(rows[&0].value("end_s"), 1001.025);
    assert_eq!((rows[&0].value("circuits_wanted"), rows[&0].value("circuits_granted")), (8.0, 8.0));
    // Within a leaf it needs no circuits.
    near(rows[&1].value("start_s"), 1001.025);
    near(rows[&1].value("end_s"), 1101.025);
    assert_eq!((rows[&2].text("outcome"), rows[&2].text("reason")), ("refused", "gpu"));
    let own = training(&of_optical);
    assert_eq!(own["circuits"], json!({ "set_up": 8, "moved": 0, "lost": 0 }));
    // 16 GPUs for 1001.025 s and 8 for 100 s, of 16 for 3 h.
    near(own["utilisation"]["busy"].as_f64().unwrap(), (16.0 * 1001.025 + 800.0) / (16.0 * 10_800.0));
    near(own["utilisation"]["at_full_rate"].as_f64().unwrap(), 16_800.0 / (16.0 * 10_800.0));
    // Servers draw 100 W each, and 100 W more for each GPU that is busy.
    let joules = of_optical.summary()["tiers"]["cloud"]["energy_j"].as_f64().unwrap();
    let expected = 2.0 * 100.0 * 10_800.0 + 100.0 * (16.0 * 1001.025 + 800.0);
    assert!((joules - expected).abs() < 1e-3, "{joules} {expected}");
    let ideal = run(&scenario(json!({ "kind": "ideal" }), list));
    near(jobs(&ideal)[&0].value("end_s"), 1000.0);
}

#[test]
fn jobs_run_slower_on_fewer_circuits_or_not_at_all() {
    let list = json!([ring(16, 0.0, 1000.0)]);
    let of = |accept: f64| {
        let fabric = json!({ "kind": "optical", "uplinks": 4, "accept": accept });
        run(&scenario(fabric, list.clone()))
    };
    // Half of the circuits: 0.5 + 0.5 / 0.5.
    let half = jobs(&of(0.5));
    near(half[&0].value("rate"), 0.5);
    near(half[&0].value("end_s"), 1501.025);
    let whole = jobs(&of(1.0));
    assert_eq!((whole[&0].text("outcome"), whole[&0].text("reason")), ("refused", "port"));
}

#[test]
fn flows_that_share_links_slow_jobs_down() {
    let list = json!([ring(16, 0.0, 1000.0)]);
    // Eight rails on one uplink: 0.5 + 0.5 x 8.
    let own = run(&scenario(json!({ "kind": "leaf_spine", "uplinks": 1 }), list.clone()));
    near(jobs(&own)[&0].value("end_s"), 4500.0);
    near(jobs(&own)[&0].value("rate"), 0.125);
}

#[test]
fn a_broken_server_stops_its_jobs_which_go_on_from_the_last_checkpoint() {
    let mut own = scenario(optical(), json!([ring(16, 0.0, 1000.0)]));
    own["faults"] =
        json!([{ "nodes": "server-1", "outages": [{ "fail": "500 s", "repair": "600 s" }] }]);
    let own = run(&own);
    let rows = jobs(&own);
    // 498.975 s were done, 300 s of them before the last checkpoint.
    near(rows[&0].value("lost_s"), 198.975);
    near(rows[&0].value("end_s"), 600.0 + 60.0 + 700.0);
    assert_eq!((rows[&0].value("starts"), rows[&0].value("faults")), (2.0, 1.0));
    near(training(&own)["utilisation"]["at_full_rate"].as_f64().unwrap(), 16_000.0 / (16.0 * 10_800.0));
}

#[test]
fn a_broken_switch_takes_its_circuits() {
    let mut own = scenario(optical(), json!([ring(16, 0.0, 1000.0)]));
    own["faults"] = json!([{ "nodes": "ocs-3", "outages": [{ "fail": "500 s" }] }]);
    let own = run(&own);
    let rows = jobs(&own);
    near(rows[&0].value("rate"), 0.875);
    let slow_down = 0.5 + 0.5 / 0.875;
    near(rows[&0].value("end_s"), 500.0 + (1000.0 - 498.975) * slow_down);
    assert_eq!(training(&own)["circuits"]["lost"], 1);
}

#[test]
fn the_shortest_rest_goes_first_under_preemption() {
    let mut own =
        scenario(json!({ "kind": "ideal" }), json!([ring(16, 0.0, 1000.0), ring(16, 100.0, 50.0)]));
    own["policies"] = json!({ "training_queue": { "kind": "shortest_remaining" } });
    let own = run(&own);
    let rows = jobs(&own);
    near(rows[&1].value("end_s"), 150.0);
    // It goes on after a minute.
    near(rows[&0].value("end_s"), 150.0 + 60.0 + 900.0);
    assert_eq!(rows[&0].value("preemptions"), 1.0);
}

#[test]
fn duplex_ports_of_three_leaves_refuse_a_triangle_that_simplex_ports_take() {
    // Three leaves of a server of 2 GPUs, two circuits between each two: three switches are needed, and there are two.
    let of = |ports: &str| {
        let fabric = json!({ "kind": "optical", "uplinks": 4, "ports": ports, "switch_ports": 3 });
        let mut own = scenario(fabric, json!([{ "train": "llm", "gpus": 6, "duration": "10 s" }]));
        own["nodes"][0]["count"] = json!(3);
        own["workloads"][0]["cluster"]["gpus_per_server"] = json!(2);
        own["workloads"][0]["fabric"]["uplinks"] = json!(if ports == "duplex" { 4 } else { 2 });
        run(&own)
    };
    assert_eq!(jobs(&of("simplex"))[&0].text("outcome"), "finished");
    let refused = jobs(&of("duplex"));
    assert_eq!((refused[&0].text("outcome"), refused[&0].text("reason")), ("refused", "colouring"));
}

/// A day of many jobs on 8 leaves of two servers, by these policies.
fn busy_day(fabric: Value, queue: Value, placement: &str, seed: u64) -> Value {
    json!({
        "duration": "1 d",
        "seed": seed,
        "nodes": [{ "name": "server", "tier": "cloud", "count": 16, "cores": 8 }],
        "network": { "topology": [{ "kind": "none" }] },
        "workloads": [{
            "kind": "training",
            "cluster": { "servers": "server", "servers_per_leaf": 2 },
            "fabric": fabric,
            "jobs": { "kind": "generated", "mixes": [
                {
                    "train": "llm", "arrivals": { "kind": "poisson", "mean_gap": "1 h" },
                    "sizes": { "kind": "powers_of_two", "least": 16, "most": 64 },
                    "durations": { "median": "1 h", "sigma": 0.8 },
                },
                {
                    "train": "dlrm", "arrivals": { "kind": "poisson", "mean_gap": "20 min" },
                    "sizes": { "kind": "powers_of_two", "least": 4, "most": 32 },
                    "durations": { "median": "40 min", "sigma": 0.8 },
                },
            ] },
        }],
        "policies": { "training_queue": queue, "training_placement": { "kind": placement } },
        "output": { "trace": "full", "sample": { "interval": "30 min" } },
    })
}

fn circuits() -> Value {
    json!({ "kind": "optical", "uplinks": 16, "accept": 0.5, "defragment": 4 })
}

/// That no port, GPU or job is anywhere twice, and nothing goes over circuits that are being set up.
fn assert_sound(run: &Run) {
    let own = training(run);
    let count = |key: &str| own["jobs"][key].as_u64().unwrap();
    let rows = run.table("training_jobs");
    let refused: u64 =
        own["jobs"]["refused"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(count("submitted"), count("finished") + count("running") + count("waiting") + refused);
    assert_eq!(rows.len() as u64, count("submitted"));
    let mut ports: BTreeSet<(u64, u64, u64)> = BTreeSet::new();
    for row in run.table("circuit_maps") {
        let at = |column: &str| row.value(column) as u64;
        for leaf in ["from_leaf", "to_leaf"] {
            let port = (row.value("t_s").to_bits(), at("switch"), at(leaf));
            assert!(ports.insert(port), "port {port:?} has two circuits");
        }
    }
    let mut ready: BTreeMap<u64, f64> = BTreeMap::new();
    for row in run.table("circuit_changes") {
        let dark_s = row.value("ready_s") - row.value("t_s");
        assert!((dark_s - 1.025).abs() < 1e-6);
        let last = ready.entry(row.value("job") as u64).or_default();
        *last = last.max(row.value("ready_s"));
    }
    for row in &rows {
        let job = row.value("job") as u64;
        if row.text("outcome") == "finished" {
            // What devices have set up still carries at once.
            let dark_s = if ready.contains_key(&job) { 1.025 } else { 0.0 };
            assert!(row.value("run_s") > row.value("duration_s") + dark_s - 1e-6, "job {job}");
            assert!(ready.get(&job).is_none_or(|&ready_s| row.value("end_s") >= ready_s - 1e-9));
        }
    }
    for row in run.table("training_states") {
        let used: f64 = row.value("utilisation") * 128.0;
        assert!((used + row.value("free_gpus") + row.value("blocked_gpus") - 128.0).abs() < 1e-6);
    }
    for row in run.table("leaf_states") {
        assert!(row.value("free_gpus") <= 16.0);
    }
}

#[test]
fn every_policy_keeps_the_books() {
    let queues = [
        json!({ "kind": "fifo" }),
        json!({ "kind": "fifo", "discipline": "backfill" }),
        json!({ "kind": "fifo", "discipline": "reserve" }),
        json!({ "kind": "shortest_first" }),
        json!({ "kind": "shortest_remaining" }),
        json!({ "kind": "least_attained" }),
        json!({ "kind": "gittins", "services_gpu_s": [10_000.0, 50_000.0, 200_000.0, 1_000_000.0] }),
        json!({ "kind": "permutation", "window": 3 }),
        json!({ "kind": "permutation", "window": 3, "predictor": {
            "kind": "linear", "weights": {
                "gpus": -1.0, "hours": -0.1, "waited_hours": 0.1, "communication": 0.0, "discount": 0.9
            }
        } }),
    ];
    for queue in queues {
        assert_sound(&run(&busy_day(circuits(), queue, "uplink_aware", 3)));
    }
    for placement in ["random", "first_fit", "packed", "domain_first", "look_ahead"] {
        assert_sound(&run(&busy_day(circuits(), json!({ "kind": "fifo" }), placement, 4)));
    }
}

#[test]
fn circuits_start_no_job_earlier_than_spines_that_never_block() {
    for seed in 1..4 {
        let of =
            |fabric: Value| jobs(&run(&busy_day(fabric, json!({ "kind": "fifo" }), "packed", seed)));
        let (ideal, circuits) = (of(json!({ "kind": "ideal" })), of(circuits()));
        for (job, row) in &circuits {
            let (Some(start_s), Some(end_s)) = (row.number("start_s"), row.number("end_s")) else {
                continue;
            };
            let other = &ideal[job];
            assert!(other.value("start_s") <= start_s + 1e-6 && other.value("end_s") <= end_s + 1e-6);
        }
    }
}

#[test]
fn windows_tell_orders_and_what_came_of_them() {
    let queue = json!({ "kind": "permutation", "window": 3 });
    let own = run(&busy_day(circuits(), queue, "packed", 5));
    let orders = own.table("training_orders");
    let mut by_window: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
    for row in &orders {
        by_window.entry(row.value("window") as u64).or_default().push(row);
    }
    assert!(by_window.values().any(|rows| rows.len() == 6));
    for rows in by_window.values() {
        let chosen: Vec<&&Row> = rows.iter().filter(|row| row.text("is_chosen") == "true").collect();
        assert_eq!(chosen.len(), 1);
        let best = rows.iter().map(|row| row.value("predicted")).fold(f64::MIN, f64::max);
        assert_eq!(chosen[0].value("predicted"), best);
    }
    let windows = own.table("training_windows");
    assert!(windows.iter().all(|row| row.value("gpus") >= 1.0 && row.value("position") < 5.0));
}

#[test]
fn training_stands_beside_other_workloads_and_decisions_are_told() {
    let mut own = busy_day(circuits(), json!({ "kind": "fifo" }), "packed", 6);
    own["duration"] = json!("2 h");
    let nodes = own["nodes"].as_array_mut().unwrap();
    nodes.push(
        json!({ "name": "front", "tier": "edge", "cores": 4, "access_point": { "range": "2 km" } }),
    );
    nodes.push(json!({ "name": "phone", "tier": "device", "count": 5, "cores": 1 }));
    let workloads = own["workloads"].as_array_mut().unwrap();
    workloads.push(json!({
        "kind": "tasks", "devices": "phone",
        "applications": [{ "arrival": { "kind": "poisson", "mean_interval": "100 s" }, "length": "1000 MI" }]
    }));
    let own = run(&own);
    assert!(own.summary()["workloads"]["tasks"]["created"].as_u64().unwrap() > 100);
    assert!(training(&own)["jobs"]["finished"].as_u64().unwrap() > 0);
    let points: BTreeSet<String> =
        own.table("decisions").iter().map(|row| row.text("point").to_owned()).collect();
    assert!(points.contains("training_queue") && points.contains("training_placement"));
}

#[test]
fn the_shipped_cluster_gets_over_a_broken_switch() {
    let own = training(&run_shipped("ocs-cluster", &["duration=5 d", "warm_up=1 d"]));
    assert!(own["utilisation"]["busy"].as_f64().unwrap() > 0.8, "{own}");
    assert!(own["fabric"]["saved_w"].as_f64().unwrap() > 0.0);
}

/// Mean seconds from submission to completion of 1000 jobs with the sizes of TPU v4 slices on 4096 GPUs.
fn completion_s(fabric: Value) -> f64 {
    let own = json!({
        "duration": "400 d",
        "nodes": [{ "name": "server", "tier": "cloud", "count": 512, "cores": 8 }],
        "network": { "topology": [{ "kind": "none" }] },
        "workloads": [{
            "kind": "training",
            "cluster": { "servers": "server", "servers_per_leaf": 4 },
            "fabric": fabric,
            "jobs": { "kind": "generated", "most": 1000, "mixes": [
                {
                    "train": "llm", "arrivals": { "kind": "poisson", "mean_gap": "2500 s" },
                    "sizes": { "kind": "tpu_v4_slices" }, "durations": { "median": "874 s", "sigma": 2.46 },
                },
                {
                    "train": "dlrm", "arrivals": { "kind": "poisson", "mean_gap": "10000 s" },
                    "durations": { "median": "874 s", "sigma": 2.46 },
                },
            ] },
        }],
        "policies": { "training_placement": { "kind": "uplink_aware" } },
        "output": { "tables": ["training_jobs"], "sample": { "interval": "0 s" } },
    });
    let own = training(&run(&own));
    assert_eq!(own["jobs"]["finished"], 1000, "{own}");
    own["completion_s"]["mean"].as_f64().unwrap()
}

#[test]
fn times_to_completion_come_in_the_published_order() {
    let fabrics = [
        ("ideal", json!({ "kind": "ideal" }), "0"),
        ("optical", json!({ "kind": "optical", "ports": "simplex" }), "0.01 to 0.3"),
        ("fat-tree with ECMP", json!({ "kind": "fat_tree", "leaves_per_pod": 16 }), "6.2"),
        (
            "four tiers with ECMP",
            json!({ "kind": "four_tier", "leaves_per_pod": 8, "pods_per_group": 4 }),
            "16.7",
        ),
    ];
    let found: Vec<f64> = fabrics.iter().map(|(_, fabric, _)| completion_s(fabric.clone())).collect();
    for ((name, _, published), own) in fabrics.iter().zip(&found) {
        println!(
            "{name}: {own:.0} s, +{:.2} %; published +{published} %",
            100.0 * (own / found[0] - 1.0)
        );
    }
    assert!(found.is_sorted(), "{found:?}");
    assert!(found[1] < 1.01 * found[0] && found[2] > 1.02 * found[0]);
}

/// Small clusters of any shape, with any fabric, policies, jobs and faults.
fn cluster() -> impl Strategy<Value = Value> {
    let shape = (2..5_u32, 1..4_u32, prop_oneof![Just(2_u32), Just(4), Just(8)], 1..7_u32);
    let switches = (
        any::<bool>(),
        prop_oneof![Just(0.3), Just(1.0)],
        any::<[bool; 3]>(),
        0..4_u32,
        prop_oneof![Just("mems"), Just("patch_panel")],
    );
    let kind = prop_oneof![4 => Just("optical"), 1 => Just("ideal"), 1 => Just("leaf_spine")];
    let queue = prop::sample::select(vec![
        json!({ "kind": "fifo" }),
        json!({ "kind": "fifo", "discipline": "backfill" }),
        json!({ "kind": "fifo", "discipline": "reserve" }),
        json!({ "kind": "fifo", "discipline": "preempt" }),
        json!({ "kind": "shortest_remaining" }),
        json!({ "kind": "least_attained" }),
        json!({ "kind": "permutation", "window": 3 }),
    ]);
    let placement =
        prop::sample::select(vec!["random", "first_fit", "packed", "uplink_aware", "domain_first"]);
    let job = (any::<bool>(), 1..25_u32, 0..5000_u32, 1..3000_u32);
    let outage = (any::<bool>(), 0..12_u32, 0..6000_u32, 1..3000_u32);
    let jobs = prop::collection::vec(job, 1..25);
    let outages = prop::collection::vec(outage, 0..6);
    (shape, kind, switches, queue, placement, jobs, outages, any::<bool>(), 0..1000_u64).prop_map(
        |(shape, kind, switches, queue, placement, jobs, outages, port_faults, seed)| {
            let (leaves, servers_per_leaf, gpus_per_server, uplinks) = shape;
            let (is_duplex, accept, [multi_hop, may_move, upgrade], defragment, switch) = switches;
            let mut fabric = json!({ "kind": kind });
            if kind != "ideal" {
                fabric["uplinks"] = json!(uplinks);
            }
            if kind == "optical" {
                fabric = json!({
                    "kind": kind, "uplinks": uplinks, "switches": "ocs", "switch": switch,
                    "ports": if is_duplex { "duplex" } else { "simplex" }, "accept": accept,
                    "multi_hop": multi_hop, "may_move": may_move, "upgrade": upgrade, "defragment": defragment,
                });
                if port_faults {
                    fabric["port_faults"] = json!({
                        "time_to_failure": { "kind": "exponential", "mean": "2 h" },
                        "time_to_repair": { "kind": "exponential", "mean": "10 min" },
                    });
                }
            }
            let listed = |(is_llm, gpus, submit_s, duration_s)| {
                json!({
                    "train": if is_llm { "llm" } else { "dlrm" }, "gpus": gpus, "submit": f64::from(submit_s),
                    "duration": f64::from(duration_s), "communication": 0.4,
                })
            };
            let servers = leaves * servers_per_leaf;
            // By numbers that there are; of the same node one outage.
            let mut faults: BTreeMap<String, Value> = BTreeMap::new();
            for (is_switch, number, fail_s, length_s) in outages {
                let node = if is_switch && kind == "optical" {
                    if uplinks == 1 { "ocs".to_owned() } else { format!("ocs-{}", number % uplinks) }
                } else {
                    format!("server-{}", number % servers)
                };
                let outage = json!({ "fail": f64::from(fail_s), "repair": f64::from(fail_s + length_s) });
                faults.insert(node.clone(), json!({ "nodes": node, "outages": [outage] }));
            }
            let mut nodes = vec![json!({ "name": "server", "tier": "cloud", "count": servers, "cores": 8 })];
            if kind == "optical" {
                nodes.push(json!({ "name": "ocs", "tier": "cloud", "count": uplinks, "cores": 0 }));
            }
            json!({
                "seed": seed,
                "duration": "2 h",
                "nodes": nodes,
                "network": { "topology": [{ "kind": "none" }] },
                "workloads": [{
                    "kind": "training",
                    "cluster": {
                        "servers": "server", "servers_per_leaf": servers_per_leaf, "gpus_per_server": gpus_per_server,
                    },
                    "fabric": fabric,
                    "jobs": { "kind": "listed", "jobs": jobs.into_iter().map(listed).collect::<Vec<_>>() },
                    "checkpoint": { "interval": "300 s", "restart": "60 s" },
                }],
                "policies": { "training_queue": queue, "training_placement": { "kind": placement } },
                "faults": faults.into_values().collect::<Vec<_>>(),
                "output": { "trace": "full", "sample": { "interval": "20 s" } },
            })
        },
    )
}

/// Seconds of `spans` within `stint`, those in which they overlap counted once.
fn covered_s(stint: (f64, f64), spans: &[(f64, f64)]) -> f64 {
    let mut spans: Vec<(f64, f64)> =
        spans.iter().map(|own| (own.0.max(stint.0), own.1.min(stint.1))).collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut sum_s, mut until_s) = (0.0, stint.0);
    for (begin_s, end_s) in spans {
        sum_s += (end_s - f64::max(begin_s, until_s)).max(0.0);
        until_s = until_s.max(end_s);
    }
    sum_s
}

/// In any small cluster, faults and all: no port has two circuits, so that each switch holds a matching; no GPU is in two jobs; no
/// work is done while circuits are set up; and jobs end once.
#[test]
fn ports_and_gpus_are_in_one_place_at_a_time() {
    let more = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: more.unwrap_or(40),
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    };
    proptest!(config, |(own in cluster())| {
        let (result, found) = attempt(&own, &[]);
        let output = result.get_output();
        prop_assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let workload = &own["workloads"][0];
        let is_duplex = workload["fabric"]["ports"] == "duplex";
        let gpus_per_server = workload["cluster"]["gpus_per_server"].as_f64().unwrap();
        let at = |row: &Row, column: &str| row.value(column) as u64;

        // Circuits: when each of them carries, and which ports they have.
        let mut dark: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
        let mut ready: BTreeMap<(u64, u64, u64), Vec<(f64, f64)>> = BTreeMap::new();
        for row in found.table("circuit_changes") {
            let span = (row.value("t_s"), row.value("ready_s"));
            prop_assert!(span.1 > span.0);
            dark.entry(at(&row, "job")).or_default().push(span);
            let circuit = (at(&row, "switch"), at(&row, "from_leaf"), at(&row, "to_leaf"));
            ready.entry(circuit).or_default().push(span);
        }
        let mut ports: BTreeSet<(u64, u64, u64, bool)> = BTreeSet::new();
        for row in found.table("circuit_maps") {
            let t_s = row.value("t_s");
            let circuit = (at(&row, "switch"), at(&row, "from_leaf"), at(&row, "to_leaf"));
            for (leaf, sends) in [(circuit.1, true), (circuit.2, false)] {
                let port = (t_s.to_bits(), circuit.0, leaf, is_duplex || sends);
                prop_assert!(ports.insert(port), "two circuits of a port: {row:?}");
            }
            let spans = ready.get(&circuit).map(Vec::as_slice).unwrap_or_default();
            let last = spans.iter().rfind(|span| span.0 <= t_s);
            prop_assert!(last.is_some(), "never set up: {row:?}");
            let carries = last.is_some_and(|span| span.1 <= t_s);
            prop_assert_eq!(row.text("is_carrying") == "true", carries, "{:?} {:?}", row, last);
        }

        // Servers: how many GPUs are taken, what is left before what is taken at the same time.
        let mut taken: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
        let mut stints: BTreeMap<(u64, u64), (f64, f64)> = BTreeMap::new();
        for row in found.table("training_placements") {
            let (start_s, end_s, gpus) = (row.value("start_s"), row.value("t_s"), row.value("gpus"));
            let server = taken.entry(at(&row, "server")).or_default();
            server.extend([(start_s, gpus), (end_s, -gpus)]);
            let stint = stints.entry((at(&row, "job"), start_s.to_bits())).or_insert((end_s, 0.0));
            prop_assert_eq!(stint.0, end_s);
            stint.1 += gpus;
        }
        for changes in taken.values_mut() {
            changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let mut held = 0.0;
            for (t_s, gpus) in changes.iter() {
                held += gpus;
                prop_assert!((0.0..=gpus_per_server).contains(&held), "{held} GPUs at {t_s} s");
            }
        }

        // Jobs: each has one row, all its GPUs in each stint, and no work in the dark.
        let rows = found.table("training_jobs");
        let mut numbers: BTreeSet<u64> = BTreeSet::new();
        prop_assert_eq!(rows.len(), workload["jobs"]["jobs"].as_array().unwrap().len());
        for row in &rows {
            let job = at(row, "job");
            prop_assert!(numbers.insert(job), "job {job} ends twice");
            let spans = dark.get(&job).map(Vec::as_slice).unwrap_or_default();
            let own = stints.range((job, 0)..=(job, u64::MAX));
            let (mut had_s, mut lit_s, mut count) = (0.0, 0.0, 0.0);
            for (&(_, start), &(end_s, gpus)) in own {
                prop_assert_eq!(gpus, row.value("gpus"));
                let stint = (f64::from_bits(start), end_s);
                let mut spans = spans.to_vec();
                if count > 0.0 {
                    spans.push((stint.0, stint.0 + 60.0));
                }
                count += 1.0;
                had_s += stint.1 - stint.0;
                lit_s += stint.1 - stint.0 - covered_s(stint, &spans);
            }
            prop_assert!((had_s - row.value("run_s")).abs() < 1e-6, "{had_s} {row:?}");
            prop_assert_eq!(count, row.value("starts"));
            match row.text("outcome") {
                "finished" => {
                    let done_s = row.value("duration_s") + row.value("lost_s");
                    prop_assert!(lit_s > done_s - 1e-6, "{lit_s} s of work were enough: {row:?}");
                }
                "refused" => prop_assert!(count == 0.0),
                other => prop_assert!(["running", "waiting"].contains(&other), "{other}"),
            }
        }
    });
}
