//! Random small scenarios: what goes in comes out once, and no capacity is exceeded.
//!
//! The scenarios are the same at each run; set `PROPTEST_CASES` to see more.

use crate::support::{Row, Run, attempt, error_text};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const DURATION_S: f64 = 400.0;
/// Times are rounded to nanoseconds once a stage.
const NANOSECONDS: f64 = 1e-8;

fn config(cases: u32) -> Config {
    let more = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config {
        cases: more.unwrap_or(cases),
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    }
}

/// One of these JSON values.
fn one_of(choices: &[Value]) -> impl Strategy<Value = Value> + use<> {
    prop::sample::select(choices.to_vec())
}

fn maybe(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), value]
}

fn link_model() -> impl Strategy<Value = Value> {
    one_of(&[
        json!({ "kind": "unshared" }),
        json!({ "kind": "fair_share" }),
        json!({ "kind": "fair_share" }),
        json!({ "kind": "mm1", "background_load": 0.3 }),
    ])
}

/// Accelerators of the edge sites, beside which the cloud always has one.
fn devices() -> impl Strategy<Value = Value> {
    one_of(&[
        json!({}),
        json!([{ "preset": "t4" }]),
        json!([{ "preset": "t4", "sharing": { "kind": "slots", "count": 3 }, "queue_limit": 1 },
            { "kind": "stick", "class": "npu", "throughput": "200 GFLOPS", "memory": "1 GB" }]),
        json!([{ "preset": "t4", "count": 2, "sharing": { "kind": "fraction" }, "context_switch": "50 ms" }]),
    ])
}

/// What the tasks ask of accelerators.
fn need() -> impl Strategy<Value = Value> {
    let work = json!({ "kind": "exponential", "mean": "9 TFLOP" });
    maybe(one_of(&[
        json!({ "kind": "gpu", "work": work, "memory": { "kind": "uniform", "min": 0, "max": "8 GB" } }),
        json!({ "kind": "t4", "work": work, "share": "40 %", "required": false, "fallback_length": "2 GI" }),
        json!({ "kind": "gpu", "execution_time": { "t4": { "kind": "exponential", "mean": "1 s" } }, "work": work }),
    ]))
}

fn edge() -> impl Strategy<Value = Value> {
    let access_point = (1_u32..20, any::<bool>(), maybe(one_of(&[json!("150 m"), json!("300 m")])), maybe((1_u32..6).prop_map(Value::from)))
        .prop_map(|(uplink, half_duplex, range, limit)| {
            json!({ "uplink": format!("{uplink} Mbps"), "downlink": "30 Mbps", "half_duplex": half_duplex,
                "range": range, "transfer_limit": limit })
        });
    let scheduling = one_of(&[
        json!({ "kind": "space_shared" }),
        json!({ "kind": "space_shared", "queue_limit": 2 }),
        json!({ "kind": "time_shared" }),
        json!({ "kind": "time_shared", "job_limit": 3 }),
    ]);
    let instances = one_of(&[
        json!(null),
        json!({ "count": 2, "cores": 0.5, "scheduling": { "kind": "time_shared" } }),
        json!({ "count": 1, "cores": 1 }),
    ]);
    (1_u32..4, 1_u32..4, scheduling, instances, access_point, devices()).prop_map(|(count, cores, scheduling, instances, access_point, devices)| {
        json!({ "tier": "edge", "name": "site", "count": count, "cores": cores, "mips_per_core": 4000,
            "accelerators": devices, "scheduling": scheduling, "instances": instances, "access_point": access_point })
    })
}

fn device(moves: bool) -> impl Strategy<Value = Value> {
    let battery = one_of(&[
        json!(null),
        json!({ "capacity": "150 J" }),
        json!({ "capacity": "400 J", "level": { "kind": "uniform", "min": 0.1, "max": 1 } }),
    ]);
    let interface = one_of(&[
        json!({}),
        json!({ "rate_limit": "3 Mbps", "transmit_nj_per_bit": 500, "receive_nj_per_bit": 200 }),
    ]);
    let mut movements = vec![json!({ "kind": "static", "layout": "uniform" })];
    if moves {
        movements.extend([
            json!({ "kind": "random_waypoint", "min_speed": "2 m/s", "max_speed": "30 m/s", "pause": "3 s" }),
            json!({ "kind": "nomadic", "mean_dwell": ["40 s"], "jitter": "20 m" }),
        ]);
    }
    (1_u32..6, battery, interface, one_of(&movements)).prop_map(|(count, battery, interface, mobility)| {
        json!({ "tier": "device", "name": "phone", "count": count, "battery": battery, "interface": interface,
            "mobility": mobility })
    })
}

fn faults() -> impl Strategy<Value = Value> {
    let fault = one_of(&[
        json!({ "nodes": "site", "time_to_failure": { "kind": "exponential", "mean": "90 s" }, "time_to_repair": "15 s" }),
        json!({ "nodes": ["cloud"], "outages": [{ "fail": "50 s", "repair": "90 s" }, { "fail": "200 s" }] }),
        json!({ "nodes": "phone", "outages": [{ "fail": "70 s", "repair": "110 s" }] }),
        json!({ "links": "uplink", "outages": [{ "fail": "20 s", "repair": "60 s" }, { "fail": "150 s", "repair": "151 s" }] }),
        json!({ "links": ["uplink", "bypass"], "time_to_failure": { "kind": "weibull", "shape": 2, "scale": "60 s" },
            "time_to_repair": { "kind": "uniform", "min": "1 s", "max": "9 s" } }),
    ]);
    prop::collection::vec(fault, 0..4).prop_map(Value::from)
}

fn policy() -> impl Strategy<Value = Value> {
    let kinds = [
        "best_fit",
        "cloud_only",
        "edge_only",
        "energy_aware",
        "energy_efficient",
        "first_fit",
        "gpu_hybrid",
        "gpu_load_balanced",
        "gpu_memory_aware",
        "hybrid",
        "least_loaded",
        "local_only",
        "min_latency",
        "nearest",
        "network_based",
        "next_fit",
        "random",
        "utilization_based",
        "worst_fit",
    ];
    prop::sample::select(kinds.to_vec()).prop_map(|kind| json!({ "kind": kind }))
}

fn arrival(traced: bool) -> impl Strategy<Value = Value> {
    let trace = json!({ "kind": "trace", "file": "trace.csv" });
    one_of(&if traced {
        vec![trace]
    } else {
        vec![
            json!({ "kind": "poisson", "mean_interval": "6 s" }),
            json!({ "kind": "periodic", "period": "7 s" }),
            json!({ "kind": "intervals", "interval": { "kind": "gamma", "shape": 0.5, "mean": "8 s" } }),
            trace,
        ]
    })
}

fn workload(traced: bool) -> impl Strategy<Value = Value> {
    let activity =
        one_of(&[json!([null, null]), json!(["30 s", { "kind": "exponential", "mean": "20 s" }])]);
    let size = one_of(&[
        json!({ "kind": "exponential", "mean": "300 kB" }),
        json!({ "kind": "empirical", "values": [0, "1 B", "1 MB"] }),
        json!("150 kB"),
    ]);
    let rules = (
        one_of(&[json!("finish"), json!("drop")]),
        one_of(&[json!("continue"), json!("lose")]),
        0_u32..4,
    );
    let deadline = maybe(one_of(&[json!("1 s"), json!("10 s")]));
    (arrival(traced), activity, size, deadline, rules, need()).prop_map(|(arrival, activity, size, deadline, rules, need)| {
        let (on_deadline, on_handover, fault_retries) = rules;
        json!({ "kind": "tasks", "on_deadline": on_deadline, "on_handover": on_handover,
            "fault_retries": fault_retries,
            "applications": [{ "arrival": arrival, "active": activity[0], "idle": activity[1], "upload": size,
                "download": "40 kB", "accelerator": need, "length": { "kind": "exponential", "mean": "3 GI" }, "deadline": deadline }] })
    })
}

/// A small scenario with `trace.csv` beside it; one that is `calm` has no faults and no movement, and its
/// tasks end long before it does.
fn scenario(calm: bool) -> impl Strategy<Value = (Value, String)> {
    let faults = if calm { Just(json!([])).boxed() } else { faults().boxed() };
    let times = prop::collection::vec(0_u32..60_000, 5..25);
    (any::<u32>(), edge(), device(!calm), link_model(), workload(calm), policy(), faults, times).prop_map(
        |(seed, edge, device, model, workload, policy, faults, mut times)| {
            times.sort_unstable();
            let rows: Vec<String> = times.iter().map(|ms| format!("{}\n", f64::from(*ms) / 1000.0)).collect();
            let first = if edge["count"] == 1 { "site" } else { "site-0" };
            // A ring, so that there is another way if a link fails.
            let links = json!([
                { "a": first, "b": "cloud", "name": "uplink", "latency": "5 ms", "bandwidth": "10 Mbps" },
                { "a": first, "b": "switch", "name": "bypass", "latency": "9 ms", "bandwidth": "6 Mbps" },
                { "a": "switch", "b": "cloud", "latency": "9 ms", "bandwidth": "6 Mbps" }
            ]);
            let scenario = json!({
                "seed": seed, "duration": DURATION_S, "warm_up": "10 s",
                "area": { "width": "500 m", "height": "500 m" },
                "nodes": [edge, { "tier": "cloud", "cores": 4, "accelerators": [{ "preset": "t4" }] }, { "tier": "network", "name": "switch" }, device],
                "network": {
                    "model": model, "links": links,
                    "topology": [{ "kind": "tree", "nodes": "site", "branching": 2, "link": { "bandwidth": "20 Mbps" } }]
                },
                "workloads": [workload],
                "policies": { "offloading": policy },
                "faults": faults,
                "output": { "sample": { "interval": "10 s", "tiers": ["device", "edge", "cloud"] } }
            });
            (scenario, format!("t_s\n{}", rows.concat()))
        },
    )
}

/// Runs a scenario, which must neither fail nor say anything.
fn run(scenario: &Value, trace: &str) -> Result<Run, TestCaseError> {
    let (result, run) = attempt(scenario, &[("trace.csv", trace)]);
    let code = result.get_output().status.code();
    prop_assert_eq!((code, error_text(&result)), (Some(0), String::new()));
    Ok(run)
}

/// Each task has one row; the summary counts the rows of those created after the warm-up.
fn check_tasks(run: &Run) -> Result<(), TestCaseError> {
    let tasks = run.tasks();
    for (number, task) in tasks.iter().enumerate() {
        prop_assert_eq!(task.value("task") as usize, number, "a task has no row, or several");
        let (created_s, ended_s) = (task.value("created_s"), task.value("t_s"));
        prop_assert!(0.0 <= created_s && created_s <= ended_s && ended_s <= DURATION_S, "{:?}", task);
        prop_assert!(task.value("attempts") >= 1.0, "{:?}", task);
        let outcome = task.text("outcome");
        prop_assert!(outcome != "done" || task.number("service_s").is_some(), "{:?}", task);
        prop_assert!(outcome != "unfinished" || ended_s == DURATION_S, "{:?}", task);
        let Some(service_s) = task.number("service_s") else { continue };
        prop_assert!(outcome == "done" || outcome == "missed_deadline", "{:?}", task);
        prop_assert!((service_s - (ended_s - created_s)).abs() <= NANOSECONDS, "{:?}", task);
        let in_time = task.number("deadline_s").is_none_or(|deadline_s| service_s <= deadline_s);
        prop_assert_eq!(outcome == "done", in_time, "{:?}", task);
        let stages = ["upload_s", "wait_s", "execution_s", "download_s"].map(|stage| task.value(stage));
        prop_assert!(stages.iter().all(|stage| *stage >= 0.0), "{:?}", task);
        if task.value("attempts") == 1.0 {
            prop_assert!((service_s - stages.iter().sum::<f64>()).abs() <= NANOSECONDS, "{:?}", task);
        }
    }
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let judged: Vec<&Row> = tasks.iter().filter(|task| task.value("created_s") >= 10.0).collect();
    for task in &judged {
        *outcomes.entry(task.text("outcome").into()).or_default() += 1;
    }
    let summary = &run.summary()["workloads"]["tasks"];
    prop_assert_eq!(summary["created"].as_u64(), Some(judged.len() as u64));
    for (outcome, count) in summary["outcomes"].as_object().unwrap() {
        prop_assert_eq!(count.as_u64().unwrap(), outcomes.remove(outcome).unwrap_or(0), "{}", outcome);
    }
    prop_assert!(outcomes.is_empty(), "not in the summary: {:?}", outcomes);
    Ok(())
}

/// Each decision has one row, each task as many as it had attempts.
fn check_decisions(run: &Run) -> Result<(), TestCaseError> {
    let decisions = run.table("decisions");
    let mut numbers: Vec<u64> = decisions.iter().map(|row| row.value("decision") as u64).collect();
    numbers.sort_unstable();
    prop_assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{:?}", numbers);
    let summary = &run.summary()["decisions"];
    prop_assert_eq!(summary["made"].as_u64(), Some(numbers.len() as u64));
    let refused = decisions.iter().filter(|row| row.text("choice").is_empty()).count();
    prop_assert_eq!(summary["refused"].as_u64(), Some(refused as u64));
    let mut attempts: BTreeMap<u64, f64> = BTreeMap::new();
    for decision in &decisions {
        *attempts.entry(decision.value("subject") as u64).or_default() += 1.0;
        prop_assert!((0.0..=1.0).contains(&decision.value("reward")), "{:?}", decision);
    }
    for task in run.tasks() {
        let decided = attempts.remove(&(task.value("task") as u64)).unwrap_or(0.0);
        prop_assert_eq!(decided, task.value("attempts"), "{:?}", task);
    }
    prop_assert!(attempts.is_empty(), "decisions about no task: {:?}", attempts);
    Ok(())
}

/// No node does more than it can; energy only grows, and batteries only fall.
fn check_nodes(run: &Run) -> Result<(), TestCaseError> {
    let mut last: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for row in run.table("nodes") {
        let utilisation = row.value("utilisation");
        prop_assert!((0.0..=1.0 + 1e-9).contains(&utilisation), "{:?}", row);
        let level = row.number("battery_level").unwrap_or(0.0);
        let (energy_before_j, level_before) = last.get(row.text("node")).copied().unwrap_or((0.0, 1.0));
        let energy_j = row.value("energy_j");
        prop_assert!(energy_j >= energy_before_j && row.value("power_w") >= 0.0, "{:?}", row);
        prop_assert!((0.0..=level_before).contains(&level), "{} before: {:?}", level_before, row);
        prop_assert!(row.text("available") == "true" || utilisation <= 1.0, "{:?}", row);
        last.insert(row.text("node").into(), (energy_j, level));
    }
    let deaths = run.table("faults").into_iter().filter(|row| row.text("change") == "battery_empty");
    for death in deaths {
        let after = |task: &&Row| {
            task.text("device") == death.text("subject") && task.value("created_s") > death.value("t_s")
        };
        let tasks = run.tasks();
        prop_assert_eq!(tasks.iter().find(after).map(|task| format!("{task:?}")), None, "{:?}", death);
    }
    Ok(())
}

/// Each part on a device is done once, and devices do no more than they can.
fn check_accelerators(run: &Run) -> Result<(), TestCaseError> {
    for row in run.table("accelerators") {
        prop_assert!((0.0..=1.0 + 1e-9).contains(&row.value("utilisation")), "{:?}", row);
        prop_assert!(row.value("memory_bytes") <= 16e9 * row.value("devices"), "{:?}", row);
    }
    let tiers = run.summary()["tiers"].clone();
    let done: f64 = tiers
        .as_object()
        .unwrap()
        .values()
        .filter_map(|tier| tier.pointer("/accelerators/tasks").and_then(Value::as_f64))
        .sum();
    let energy_is_part = tiers.as_object().unwrap().values().all(|tier| {
        let own_j = tier.pointer("/accelerators/energy_j").and_then(Value::as_f64).unwrap_or(0.0);
        own_j <= tier["energy_j"].as_f64().unwrap()
    });
    prop_assert!(energy_is_part, "{}", tiers);
    if run.path.join("tables/accelerations.csv").exists() {
        let parts = run.table("accelerations");
        let ended = parts.iter().filter(|row| row.text("outcome") == "done").count();
        prop_assert_eq!(done, ended as f64);
        for task in run.tasks().iter().filter(|task| task.number("service_s").is_some()) {
            let own = parts
                .iter()
                .filter(|row| row.text("task") == task.text("task") && row.text("outcome") == "done");
            prop_assert!(own.count() <= task.value("attempts") as usize, "{:?}", task);
        }
    }
    Ok(())
}

/// Transfers send at most their size, all of it if they are delivered; fairly shared links carry at most
/// their bandwidth.
fn check_network(run: &Run, model: &Value) -> Result<(), TestCaseError> {
    let transfers = run.table("transfers");
    for row in &transfers {
        let (size, sent) = (row.value("size_bytes"), row.value("sent_bytes"));
        let slack = 1e-9 * size + 1e-6;
        prop_assert!(sent >= 0.0 && sent <= size + slack, "{:?}", row);
        prop_assert!(row.text("outcome") != "delivered" || sent >= size - slack, "{:?}", row);
        prop_assert!(row.value("started_s") <= row.value("t_s"), "{:?}", row);
    }
    let summary = run.summary();
    prop_assert_eq!(summary["network"]["transfers"].as_u64(), Some(transfers.len() as u64));
    let sent: f64 = transfers.iter().map(|row| row.value("sent_bytes")).sum();
    let counted = summary["network"]["sent_bytes"].as_f64().unwrap();
    prop_assert!((sent - counted).abs() <= 1e-9 * sent, "{} and {}", sent, counted);
    for row in run.table("links") {
        let utilisation = row.value("utilisation");
        prop_assert!(utilisation >= -1e-9, "{:?}", row);
        if model["kind"] == "fair_share" {
            prop_assert!(utilisation <= 1.0 + 1e-9, "{:?}", row);
        }
    }
    // All transfers are from or to a device, over one radio at a time, however they are rerouted.
    let links = run.table("links");
    let radios = links
        .iter()
        .filter(|row| row.value("t_s") == DURATION_S && row.text("link").ends_with("/radio"));
    let carried: f64 = radios.map(|row| row.value("carried_bytes")).sum();
    let missing = sent - carried;
    prop_assert!(missing <= 1e-9 * sent + 1e-3, "{} sent, {} carried", sent, carried);
    if summary["network"]["unfinished_transfers"] == 0 {
        prop_assert!(missing >= -1e-9 * sent - 1e-3, "{} sent, {} carried", sent, carried);
    }
    let handovers = run.table("handovers");
    let counted =
        handovers.iter().filter(|row| !row.text("from").is_empty() && !row.text("to").is_empty());
    prop_assert_eq!(summary["handovers"].as_u64(), Some(counted.count() as u64));
    for pair in handovers.iter().filter(|row| row.text("from") == row.text("to")) {
        prop_assert!(false, "no change at all: {:?}", pair);
    }
    let failures = run.table("faults").iter().filter(|row| row.text("change") == "failed").count();
    prop_assert_eq!(summary["failures"].as_u64(), Some(failures as u64));
    Ok(())
}

/// All that was sent was carried by each link of its way, and by nothing else.
fn check_carried(run: &Run) -> Result<(), TestCaseError> {
    let transfers = run.table("transfers");
    prop_assert_eq!(&run.summary()["network"]["unfinished_transfers"], &json!(0));
    prop_assert!(transfers.iter().all(|row| row.value("reroutes") == 0.0));
    let sent: f64 = transfers.iter().map(|row| row.value("sent_bytes") * row.value("hops")).sum();
    let links = run.table("links");
    let at_end = links.iter().filter(|row| row.value("t_s") == DURATION_S);
    let carried: f64 = at_end.map(|row| row.value("carried_bytes")).sum();
    prop_assert!(
        (sent - carried).abs() <= 1e-9 * sent + 1e-3,
        "sent over links {}, carried {}",
        sent,
        carried
    );
    Ok(())
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn everything_is_counted_once_and_no_capacity_is_exceeded((scenario, trace) in scenario(false)) {
        let run = run(&scenario, &trace)?;
        check_tasks(&run)?;
        check_decisions(&run)?;
        check_nodes(&run)?;
        check_accelerators(&run)?;
        check_network(&run, &scenario["network"]["model"])?;
    }
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn every_byte_that_is_sent_is_carried_by_each_link_of_its_way((scenario, trace) in scenario(true)) {
        let run = run(&scenario, &trace)?;
        check_carried(&run)?;
        check_tasks(&run)?;
        check_network(&run, &scenario["network"]["model"])?;
    }
}

/// The random scenarios are worth checking only if all that may happen does.
#[test]
fn the_random_scenarios_reach_every_outcome() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::new(config(0));
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let (mut handovers, mut reroutes, mut retries) = (0, 0, 0);
    for _ in 0..48 {
        let (scenario, trace) = scenario(false).new_tree(&mut runner).unwrap().current();
        let run = run(&scenario, &trace).unwrap();
        for (outcome, count) in run.summary()["workloads"]["tasks"]["outcomes"].as_object().unwrap() {
            *outcomes.entry(outcome.clone()).or_default() += count.as_u64().unwrap();
        }
        handovers += run.summary()["handovers"].as_u64().unwrap();
        reroutes += run.table("transfers").iter().filter(|row| row.value("reroutes") > 0.0).count();
        retries += run.tasks().iter().filter(|row| row.value("attempts") > 1.0).count();
    }
    assert!(outcomes.len() == 8 && outcomes.values().all(|count| *count > 0), "{outcomes:?}");
    assert!(handovers > 0 && reroutes > 0 && retries > 0, "{handovers} {reroutes} {retries}");
}
