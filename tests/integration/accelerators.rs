//! Accelerators whose time is modelled, by hand calculations on whole runs.

use crate::support::{Run, assert_near, run_with};
use serde_json::{Value, json};

/// One server without radio delay and a phone, whose tasks of 2 s on the cores the server runs.
fn server(accelerators: Value, need: Value) -> Value {
    json!({
        "duration": "100 s",
        "nodes": [
            { "tier": "edge", "name": "server", "cores": 4, "mips_per_core": 1000, "power": { "idle": 50, "busy": 50 },
                "accelerators": accelerators, "mobility": { "kind": "static" }, "access_point": { "latency": 0 } },
            { "tier": "device", "name": "phone", "mobility": { "kind": "static" }, "power": { "idle": 0, "busy": 0 } }
        ],
        "workloads": [{ "kind": "tasks", "applications": [{ "arrival": { "kind": "trace", "file": "trace.csv" },
            "length": "2 GI", "upload": 0, "download": 0, "accelerator": need }] }],
        "policies": { "offloading": { "kind": "edge_only" } },
        "output": { "sample": { "interval": "10 s", "tiers": ["edge"] } }
    })
}

fn with_trace(scenario: &Value, trace: &str) -> Run {
    run_with(scenario, &[("trace.csv", trace)])
}

fn number(run: &Run, pointer: &str) -> f64 {
    let summary = run.summary();
    summary.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {pointer}: {summary}"))
}

#[test]
fn a_part_on_a_device_follows_that_on_the_cores() {
    let need = json!({ "kind": "gpu", "work": "8100 GFLOP" });
    let run = with_trace(&server(json!([{ "preset": "t4", "count": 2 }]), need), "t_s\n5\n");
    // 2 s on a core, 0.1 ms to launch, 1 s of work; nothing is copied.
    assert_near(run.tasks()[0].value("execution_s"), 3.0001, 1e-8);
    assert_near(run.tasks()[0].value("service_s"), 3.0001, 1e-8);
    // 50 W of the node, twice 50 W of idle devices, and 200 W more while one works.
    assert_near(number(&run, "/tiers/edge/energy_j"), 150.0 * 100.0 + 200.0, 1e-6);
    assert_near(number(&run, "/tiers/edge/accelerators/energy_j"), 100.0 * 100.0 + 200.0, 1e-6);
    assert_near(number(&run, "/tiers/edge/accelerators/utilisation"), 1.0 / 200.0, 1e-12);
    assert_eq!(number(&run, "/tiers/edge/accelerators/tasks"), 1.0);
    assert_eq!(number(&run, "/workloads/tasks/accelerators/done"), 1.0);
    assert_near(number(&run, "/workloads/tasks/accelerators/execution_s/mean"), 1.0001, 1e-8);
    let samples = run.table("accelerators");
    assert_eq!(samples.len(), 10);
    let energy_j: f64 = samples.iter().map(|row| 10.0 * row.value("power_w")).sum();
    assert_near(energy_j, 100.0 * 100.0 + 200.0, 1e-6);
    assert_near(samples[0].value("utilisation"), 0.05, 1e-9);
    assert_eq!((samples[0].text("type"), samples[0].text("class")), ("t4", "gpu"));
    let parts = run.table("accelerations");
    assert_eq!((parts.len(), parts[0].text("type"), parts[0].text("outcome")), (1, "t4", "done"));
    assert_near(parts[0].value("t_s"), 8.0001, 1e-8);
}

#[test]
fn copies_take_the_input_and_the_result_over_the_link() {
    // 15.75 MB at 15.75 GB/s and back half of that, each with half a millisecond; 81 GFLOP are 10 ms.
    let mut scenario = server(json!([{ "preset": "t4" }]), json!({ "kind": "t4", "work": "81 GFLOP" }));
    let application = &mut scenario["workloads"][0]["applications"][0];
    (application["upload"], application["download"]) = (json!("15.75 MB"), json!("7.875 MB"));
    let run = with_trace(&scenario, "t_s\n5\n");
    assert_near(run.tasks()[0].value("execution_s"), 2.0 + 0.1e-3 + 1.5e-3 + 10e-3 + 1e-3, 1e-8);
    let need = json!({ "kind": "t4", "work": "81 GFLOP", "input": 0, "output": 0 });
    scenario["workloads"][0]["applications"][0]["accelerator"] = need;
    let run = with_trace(&scenario, "t_s\n5\n");
    assert_near(run.tasks()[0].value("execution_s"), 2.0 + 0.1e-3 + 10e-3, 1e-8);
}

#[test]
fn counted_and_timed_devices_draw_the_same_for_the_same_time() {
    // As in `accelerators_draw_while_they_are_held`: three tasks of 2 s each on two devices.
    let need = json!({ "kind": "tpu", "execution_time": { "board": "2 s" }, "share": "100 %" });
    let device = json!([{ "kind": "board", "class": "tpu", "throughput": "1 TFLOPS", "memory": "8 GB", "count": 2,
        "idle_power": "10 W", "max_power": "250 W" }]);
    let run = with_trace(&server(device, need), "t_s\n5\n5\n5\n");
    assert_near(number(&run, "/tiers/edge/energy_j"), 70.0 * 100.0 + 240.0 * 6.0, 1e-6);
    let ends: Vec<f64> = run.tasks().iter().map(|task| task.value("t_s")).collect();
    for (end, expected) in ends.iter().zip([9.0, 9.0, 11.0]) {
        assert_near(*end, expected, 1e-8);
    }
    assert_near(run.tasks()[2].value("wait_s"), 2.0, 1e-8);
}

#[test]
fn a_budget_covers_the_busier_of_cores_and_devices() {
    // Half of the devices busy for a second, a quarter of the cores for two: 10 + 20 / 4 and 10 + 20 / 2 W.
    let mut scenario = server(
        json!([{ "preset": "t4", "count": 2, "idle_power": 0, "max_power": 0, "kernel_launch": 0 }]),
        json!({ "kind": "gpu", "work": "8100 GFLOP" }),
    );
    scenario["nodes"][0]["power"] = json!({ "kind": "budget", "idle": "10 W", "budget": "30 W" });
    let run = with_trace(&scenario, "t_s\n5\n");
    assert_near(number(&run, "/tiers/edge/energy_j"), 10.0 * 100.0 + 5.0 * 2.0 + 10.0, 1e-6);
    // What counts as off when idle draws nothing for its devices, either.
    scenario["nodes"][0]["power"]["off_when_idle"] = json!(true);
    scenario["nodes"][0]["accelerators"][0]["idle_power"] = json!("7 W");
    scenario["nodes"][0]["accelerators"][0]["max_power"] = json!("7 W");
    let run = with_trace(&scenario, "t_s\n5\n");
    assert_near(number(&run, "/tiers/edge/energy_j"), (15.0 + 14.0) * 2.0 + 20.0 + 14.0, 1e-6);
    assert_near(number(&run, "/tiers/edge/accelerators/energy_j"), 14.0 * 3.0, 1e-6);
}

#[test]
fn a_task_that_can_do_without_falls_back_to_the_cores() {
    let mut scenario = server(
        json!([{ "preset": "t4" }]),
        json!({ "kind": "gpu", "work": "8100 GFLOP", "memory": "17 GB", "required": false, "fallback_length": "3 GI" }),
    );
    let run = with_trace(&scenario, "t_s\n5\n");
    assert_near(run.tasks()[0].value("execution_s"), 5.0, 1e-8);
    assert_eq!(number(&run, "/workloads/tasks/accelerators/fallbacks"), 1.0);
    // One that cannot is refused, as no node can ever take it.
    let need = &mut scenario["workloads"][0]["applications"][0]["accelerator"];
    need.as_object_mut().unwrap().retain(|key, _| ["kind", "work", "memory"].contains(&key.as_str()));
    let run = with_trace(&scenario, "t_s\n5\n");
    assert_eq!(run.tasks()[0].text("outcome"), "refused_for_capacity");
}

#[test]
fn a_failure_takes_what_is_on_the_devices_and_their_power() {
    let mut scenario =
        server(json!([{ "preset": "t4" }]), json!({ "kind": "gpu", "work": "8100 GFLOP" }));
    scenario["faults"] =
        json!([{ "nodes": "server", "outages": [{ "fail": "7.5 s", "repair": "20 s" }] }]);
    let run = with_trace(&scenario, "t_s\n5\n5\n");
    let outcomes: Vec<String> =
        run.table("accelerations").iter().map(|row| row.text("outcome").to_owned()).collect();
    assert_eq!(outcomes, ["lost_to_fault", "lost_to_fault"]);
    assert!(run.tasks().iter().all(|task| task.text("outcome") == "lost_to_fault"));
    // On for 87.5 s, and at work from 7.0001 s to the failure.
    assert_near(number(&run, "/tiers/edge/energy_j"), 100.0 * 87.5 + 200.0 * 0.4999, 1e-5);
    assert_eq!(run.table("accelerators").last().unwrap().value("running"), 0.0);
    // Started anew after the repair, both are done: the second waits for the first.
    scenario["workloads"][0]["fault_retries"] = json!(1);
    scenario["workloads"][0]["retry_delay"] = json!("15 s");
    let run = with_trace(&scenario, "t_s\n5\n5\n");
    assert!(run.tasks().iter().all(|task| task.text("outcome") == "done"), "{:?}", run.tasks());
    let waits = [0, 1].map(|task| run.tasks()[task].value("wait_s"));
    assert_near(waits[0] + waits[1], 1.0001, 1e-8);
}

#[test]
fn a_deadline_takes_a_task_off_its_device() {
    let mut scenario =
        server(json!([{ "preset": "t4" }]), json!({ "kind": "gpu", "work": "8100 GFLOP" }));
    scenario["workloads"][0]["on_deadline"] = json!("drop");
    scenario["workloads"][0]["applications"][0]["deadline"] = json!("2.5 s");
    let run = with_trace(&scenario, "t_s\n5\n");
    assert_eq!(run.table("accelerations")[0].text("outcome"), "missed_deadline");
    assert_near(number(&run, "/tiers/edge/accelerators/energy_j"), 50.0 * 100.0 + 200.0 * 0.4999, 1e-6);
}

#[test]
fn a_battery_that_a_device_empties_ends_its_task() {
    // 100 J at 10 W from 5 s on; the task would take 20 s.
    let mut scenario = server(json!({}), json!({ "kind": "npu", "execution_time": { "chip": "20 s" } }));
    scenario["nodes"][1]["accelerators"] = json!([{ "kind": "chip", "class": "npu", "throughput": "1 TFLOPS",
        "memory": "1 GB", "idle_power": 0, "max_power": "10 W" }]);
    scenario["nodes"][1]["battery"] = json!({ "capacity": "100 J" });
    scenario["workloads"][0]["applications"][0]["length"] = json!(0);
    scenario["policies"]["offloading"] = json!({ "kind": "local_only" });
    let run = with_trace(&scenario, "t_s\n5\n");
    let task = &run.tasks()[0];
    assert_eq!(task.text("outcome"), "lost_to_battery");
    assert_near(task.value("t_s"), 15.0, 1e-8);
    assert_near(number(&run, "/tiers/device/accelerators/energy_j"), 100.0, 1e-6);
    assert_near(number(&run, "/tiers/device/energy_j"), 100.0, 1e-6);
}

/// A phone at an edge site without devices, a T4 in the fog 5 ms away and an A100 in the cloud 50 ms away. Tasks come
/// at 5, 6 and 7 s, with 10 s of work for the T4.
fn three_sites(policy: Value) -> Run {
    let node = |tier: &str, name: &str| {
        json!({ "tier": tier, "name": name, "cores": 4, "mips_per_core": 1000, "mobility": { "kind": "static" },
            "power": { "idle": 50, "busy": 60 } })
    };
    let (mut small, mut large) = (node("fog", "small"), node("cloud", "large"));
    small["accelerators"] = json!([{ "preset": "t4" }]);
    large["accelerators"] = json!([{ "preset": "a100" }]);
    let scenario = json!({
        "duration": "100 s",
        "nodes": [node("edge", "plain"), small, large,
            { "tier": "device", "name": "phone", "mobility": { "kind": "static" } }],
        "network": { "links": [
            { "a": "plain", "b": "small", "latency": "5 ms", "bandwidth": "1 Gbps" },
            { "a": "plain", "b": "large", "latency": "50 ms", "bandwidth": "1 Gbps" }
        ] },
        "workloads": [{ "kind": "tasks", "applications": [{ "arrival": { "kind": "trace", "file": "trace.csv" },
            "length": "1 MI", "upload": "1 kB", "download": "1 kB",
            "accelerator": { "kind": "gpu", "work": "81 TFLOP", "memory": "15 GB" } }] }],
        "policies": { "offloading": policy }
    });
    with_trace(&scenario, "t_s\n5\n6\n7\n")
}

fn choices(policy: Value) -> [String; 3] {
    let run = three_sites(policy);
    let mut rows = run.table("decisions");
    rows.sort_by_key(|row| row.value("decision") as u64);
    [0, 1, 2].map(|index| rows[index].text("choice").to_owned())
}

#[test]
fn policies_choose_nodes_with_devices_each_in_its_way() {
    let kind = |kind: &str| choices(json!({ "kind": kind }));
    assert_eq!(kind("nearest"), ["small", "small", "small"]);
    // The first among equals at 5 and 7 s.
    assert_eq!(kind("gpu_load_balanced"), ["small", "large", "small"]);
    // 40 GB free, then 25, then 10 against 16.
    assert_eq!(kind("gpu_memory_aware"), ["large", "large", "small"]);
    // 200 W for 10 s against 200 W for 4.15 s.
    assert_eq!(kind("energy_efficient"), ["large", "large", "large"]);
    // Network about 0.4 * 0.13 against 0.4; then 0.05 + 0.3 + 0.28 against 0.4; then that against 0.4 + 0.3 + 0.11.
    assert_eq!(kind("gpu_hybrid"), ["small", "large", "small"]);
    let only_load = json!({ "kind": "gpu_hybrid", "latency": 0, "memory": 0 });
    assert_eq!(choices(only_load), ["small", "large", "small"]);
    // 4.2 s; 3.2 + 4.2 s against 10; 2.2 + 4.2 + 4.2 s against 10.
    assert_eq!(kind("min_latency"), ["large", "large", "small"]);
    for other in
        ["random", "first_fit", "next_fit", "best_fit", "worst_fit", "least_loaded", "power_of_choices"]
    {
        let policy = json!({ "kind": other, "tiers": ["edge", "fog", "cloud"] });
        assert!(
            choices(policy).iter().all(|choice| ["small", "large"].contains(&choice.as_str())),
            "{other}"
        );
    }
    assert_eq!(kind("local_only"), ["", "", ""]);
    assert_eq!(kind("edge_only"), ["", "", ""]);
}

#[test]
fn decisions_record_what_was_seen_of_devices() {
    let run = three_sites(json!({ "kind": "gpu_memory_aware" }));
    let mut rows = run.table("decisions");
    rows.sort_by_key(|row| row.value("decision") as u64);
    let loads: Vec<Option<f64>> = rows.iter().map(|row| row.number("cloud_accelerator_load")).collect();
    assert_eq!(loads, [Some(0.0), Some(1.0), Some(2.0)]);
    assert!(rows.iter().all(|row| row.value("accelerator_gflop") == 81_000.0));
    // No edge node has a device for it.
    assert!(rows.iter().all(|row| row.number("nearest_edge_accelerator_load").is_none()));
}
