//! Whole scenarios against calculations by hand. Times are rounded to nanoseconds once a stage.

use crate::support::{Row, Run, assert_near, run, run_with};
use serde_json::{Value, json};

const NANOSECONDS: f64 = 1e-8;

/// A workload of one application whose tasks are the rows of `trace.csv`.
fn traced(rules: Value) -> Value {
    let mut workload = json!({
        "kind": "tasks",
        "applications": [{
            "arrival": { "kind": "trace", "file": "trace.csv" },
            "length": "5 GI", "upload": "1 MB", "download": "250 kB"
        }]
    });
    for (key, value) in rules.as_object().unwrap() {
        if workload["applications"][0].get(key).is_some() || key == "deadline" {
            workload["applications"][0][key] = value.clone();
        } else {
            workload[key] = value.clone();
        }
    }
    workload
}

fn with_trace(scenario: &Value, trace: &str) -> Run {
    run_with(scenario, &[("trace.csv", trace)])
}

/// The one row of a table for which `wanted` holds.
#[track_caller]
fn only(rows: Vec<Row>, wanted: impl Fn(&Row) -> bool) -> Row {
    let mut rows: Vec<Row> = rows.into_iter().filter(|row| wanted(row)).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

/// A radio of 8 Mbps up (1 MB/s) and 20 Mbps down, with 10 ms each way.
fn radio() -> Value {
    json!({ "uplink": "8 Mbps", "downlink": "20 Mbps", "latency": "10 ms" })
}

/// Devices that stand at the one edge node, whose core does 10 GIPS.
fn cell(devices: Value, model: &str, policy: &str, workload: Value) -> Value {
    json!({
        "duration": "60 s",
        "nodes": [
            { "tier": "edge", "name": "site", "cores": 1, "mips_per_core": "10 GIPS", "access_point": radio() },
            devices
        ],
        "network": { "model": { "kind": model } },
        "workloads": [workload],
        "policies": { "offloading": { "kind": policy } },
        "output": { "sample": { "interval": "1 s", "tiers": ["device", "edge"] } }
    })
}

fn phones(count: u32) -> Value {
    json!({ "tier": "device", "name": "phone", "count": count, "cores": 1, "mips_per_core": "2 GIPS",
        "mobility": { "kind": "static", "layout": "center" } })
}

#[test]
fn service_time_is_latency_and_size_over_bandwidth_and_work_over_speed_and_back() {
    let run = with_trace(&cell(phones(1), "unshared", "edge_only", traced(json!({}))), "t_s\n1\n");
    let [task] = &run.tasks()[..] else { panic!("one task") };
    assert_eq!((task.text("node"), task.text("outcome")), ("site", "done"));
    // 1 MB at 1 MB/s and 10 ms; 5 GI at 10 GIPS; 250 kB at 2.5 MB/s and 10 ms.
    assert_near(task.value("upload_s"), 1.0 + 0.010, NANOSECONDS);
    assert_near(task.value("wait_s"), 0.0, 0.0);
    assert_near(task.value("execution_s"), 0.5, NANOSECONDS);
    assert_near(task.value("download_s"), 0.1 + 0.010, NANOSECONDS);
    assert_near(task.value("service_s"), 1.62, NANOSECONDS);
    assert_near(task.value("t_s"), 2.62, NANOSECONDS);
    let mean = &run.summary()["workloads"]["tasks"]["service_s"]["mean"];
    assert_near(mean.as_f64().unwrap(), 1.62, NANOSECONDS);
    // Half a second of one core in a minute.
    assert_near(
        run.summary()["tiers"]["edge"]["utilisation"].as_f64().unwrap(),
        0.5 / 60.0,
        NANOSECONDS,
    );
}

#[test]
fn the_slowest_link_of_a_way_sets_the_rate_and_delays_add_up() {
    let mut scenario = cell(phones(1), "unshared", "cloud_only", traced(json!({})));
    let cloud = json!({ "tier": "cloud", "cores": 1, "mips_per_core": "20 GIPS" });
    scenario["nodes"].as_array_mut().unwrap().push(cloud);
    scenario["network"]["links"] =
        json!([{ "a": "site", "b": "cloud", "latency": "20 ms", "bandwidth": "4 Mbps" }]);
    let run = with_trace(&scenario, "t_s\n1\n");
    let [task] = &run.tasks()[..] else { panic!("one task") };
    // 1 MB and 250 kB at 0.5 MB/s; 10 ms of radio and 20 ms of link; 5 GI at 20 GIPS.
    assert_near(task.value("upload_s"), 2.0 + 0.030, NANOSECONDS);
    assert_near(task.value("execution_s"), 0.25, NANOSECONDS);
    assert_near(task.value("download_s"), 0.5 + 0.030, NANOSECONDS);
    assert_near(task.value("service_s"), 2.81, NANOSECONDS);
    for transfer in run.table("transfers") {
        assert_eq!((transfer.value("hops"), transfer.value("reroutes")), (2.0, 0.0));
    }
}

#[test]
fn uploads_at_the_same_time_share_the_radio_max_min() {
    // 1 MB and 3 MB at 0.5 MB/s each; after 2 s the rest of the second, 2 MB, at 1 MB/s.
    let scenario = cell(phones(2), "fair_share", "edge_only", traced(json!({})));
    let trace = "t_s,device,upload_bytes\n1,0,1000000\n1,1,3000000\n";
    let tasks = with_trace(&scenario, trace).tasks();
    assert_near(tasks[0].value("upload_s"), 2.0 + 0.010, NANOSECONDS);
    assert_near(tasks[1].value("upload_s"), 4.0 + 0.010, NANOSECONDS);

    // One device sends 0.25 MB/s at most: the others share 0.75 MB/s while it does, 4 s for its 1 MB.
    // 1.5 MB are through then, too, and the last has 1.5 MB left, at 1 MB/s.
    let mut scenario = cell(phones(2), "fair_share", "edge_only", traced(json!({})));
    let mut slow = phones(1);
    slow["name"] = json!("slow");
    slow["interface"] = json!({ "rate_limit": "2 Mbps" });
    scenario["nodes"].as_array_mut().unwrap().push(slow);
    let trace = "t_s,device,upload_bytes\n1,0,1500000\n1,1,3000000\n1,2,1000000\n";
    let run = with_trace(&scenario, trace);
    let tasks = run.tasks();
    for (task, expected) in tasks.iter().zip([4.0, 5.5, 4.0]) {
        assert_near(task.value("upload_s"), expected + 0.010, NANOSECONDS);
    }
    assert_eq!(tasks[2].text("device"), "slow");
    // The radio was full from the first to the last byte up.
    let full = run
        .table("links")
        .into_iter()
        .filter(|row| row.text("direction") == "back" && (2.0..=6.0).contains(&row.value("t_s")));
    let full: Vec<f64> = full.map(|row| row.value("utilisation")).collect();
    assert_eq!(full.len(), 5);
    full.iter().for_each(|utilisation| assert_near(*utilisation, 1.0, 1e-6));
}

/// Kleinrock, Queueing Systems I (1975), section 3.2: mean wait rho / (mu - lambda). The variance of the mean
/// of n successive waits is rho (2 + 5 rho - 4 rho^2 + rho^3) / (mu^2 (1 - rho)^4) / n for great n (Whitt,
/// Planning queueing simulations, Management Science 35(11), 1989).
#[test]
fn an_edge_node_under_poisson_arrivals_is_an_mm1_queue() {
    let (devices, mean_interval_s, duration_s): (u32, f64, f64) = (50, 50.0, 60_000.0);
    let (lambda, mu) = (f64::from(devices) / mean_interval_s, 2.0);
    let rho = lambda / mu;
    let workload = json!({ "kind": "tasks", "applications": [{
        "arrival": { "kind": "poisson", "mean_interval": mean_interval_s },
        "length": { "kind": "exponential", "mean": "5 GI" }, "upload": 0, "download": 0
    }] });
    let mut scenario = cell(phones(devices), "unshared", "edge_only", workload);
    scenario["duration"] = json!(duration_s);
    scenario["warm_up"] = json!("1000 s");
    scenario["output"] = json!({ "tables": [], "sample": { "interval": 0 } });
    let summary = run(&scenario).summary();
    let tasks = &summary["workloads"]["tasks"];
    let count = tasks["created"].as_f64().unwrap();
    assert_near(count, lambda * (duration_s - 1000.0), 3.0 * (lambda * duration_s).sqrt());
    let wait_s = tasks["wait_s"]["mean"].as_f64().unwrap();
    let variance = rho * (2.0 + 5.0 * rho - 4.0 * rho.powi(2) + rho.powi(3))
        / (mu.powi(2) * (1.0 - rho).powi(4))
        / count;
    assert_near(wait_s, rho / (mu - lambda), 3.0 * variance.sqrt());
    let execution_s = tasks["execution_s"]["mean"].as_f64().unwrap();
    assert_near(execution_s, 1.0 / mu, 3.0 / mu / count.sqrt());
    // Work that arrives in the time: a compound Poisson sum.
    let deviation = (lambda * 2.0 / mu.powi(2) / duration_s).sqrt();
    assert_near(summary["tiers"]["edge"]["utilisation"].as_f64().unwrap(), rho, 3.0 * deviation);
}

/// A device walks at 10 m/s from x = 100 m past a site at 0, of 8 Mbps, to one at 1000 m, of 4 Mbps; tasks
/// run in a cloud beyond both.
fn walk(hysteresis_ratio: f64, rules: Value) -> Value {
    let site = |name: &str, x: u32, uplink: &str| {
        json!({ "tier": "edge", "name": name,
            "access_point": { "uplink": uplink, "latency": 0 },
            "mobility": { "kind": "static", "positions": [{ "x": x, "y": 0 }] } })
    };
    let path = json!([[{ "t": 0, "x": 100, "y": 0 }, { "t": 90, "x": 1000, "y": 0 }]]);
    json!({
        "duration": "90 s",
        "nodes": [
            site("west", 0, "8 Mbps"),
            site("east", 1000, "4 Mbps"),
            { "tier": "cloud" },
            { "tier": "device", "name": "walker", "mobility": { "kind": "trajectories", "paths": path } }
        ],
        "network": {
            "model": { "kind": "unshared" },
            "links": [
                { "a": "west", "b": "cloud", "latency": "20 ms" },
                { "a": "east", "b": "cloud", "latency": "30 ms" }
            ]
        },
        "attachment": { "hysteresis_ratio": hysteresis_ratio },
        "workloads": [traced(rules)],
        "policies": { "offloading": { "kind": "cloud_only" } },
        "output": { "sample": { "interval": "10 s", "positions": true } }
    })
}

#[test]
fn a_walking_device_hands_over_where_the_other_access_point_is_nearer() {
    // (1000 - x) (1 + h) = x: half way without hysteresis, at 6/11 of the way with 0.2.
    for (hysteresis_ratio, expected_x_m) in [(0.0, 500.0), (0.2, 1200.0 / 2.2)] {
        let run = with_trace(&walk(hysteresis_ratio, json!({})), "t_s\n80\n");
        let handover = only(run.table("handovers"), |row| row.text("from") == "west");
        assert_eq!((handover.text("device"), handover.text("to")), ("walker", "east"));
        assert_near(handover.value("t_s"), (expected_x_m - 100.0) / 10.0, NANOSECONDS);
        assert_near(handover.value("x_m"), expected_x_m, 1e-6);
        assert_near(handover.value("y_m"), 0.0, 0.0);
        assert_eq!(run.summary()["handovers"], 1);
        for row in run.table("positions") {
            assert_near(row.value("x_m"), 100.0 + 10.0 * row.value("t_s"), 1e-6);
            let nearest = if row.value("x_m") <= expected_x_m { "west" } else { "east" };
            assert_eq!(row.text("access_point"), nearest);
        }
    }
}

#[test]
fn an_upload_goes_on_over_the_new_access_point_or_is_lost_as_the_rule_says() {
    // From 39 s to 40 s 1 MB of 4 MB at 1 MB/s, then 3 MB at 0.5 MB/s and the 30 ms of the new way.
    let trace = "t_s,upload_bytes\n39,4000000\n";
    let run = with_trace(&walk(0.0, json!({ "on_handover": "continue" })), trace);
    let [task] = &run.tasks()[..] else { panic!("one task") };
    assert_eq!(task.text("outcome"), "done");
    assert_near(task.value("upload_s"), 1.0 + 6.0 + 0.030, NANOSECONDS);
    let upload = only(run.table("transfers"), |row| row.text("from") == "walker");
    assert_eq!((upload.value("reroutes"), upload.text("outcome")), (1.0, "delivered"));
    assert_near(upload.value("sent_bytes"), 4e6, 1e-3);

    let run = with_trace(&walk(0.0, json!({ "on_handover": "lose" })), trace);
    let [task] = &run.tasks()[..] else { panic!("one task") };
    assert_eq!((task.text("outcome"), task.text("upload_s")), ("lost_to_mobility", ""));
    assert_near(task.value("t_s"), 40.0, NANOSECONDS);
    let upload = only(run.table("transfers"), |_| true);
    assert_eq!(upload.text("outcome"), "lost_to_mobility");
}

/// A site with a short way to the cloud that fails at 2 s, and maybe a long one of half the rate.
fn outage(alternative: bool) -> Value {
    let mut scenario = cell(phones(1), "unshared", "cloud_only", traced(json!({ "upload": "2 MB" })));
    scenario["nodes"][1]["interface"] = json!({ "transmit_nj_per_bit": 1000 });
    scenario["nodes"]
        .as_array_mut()
        .unwrap()
        .extend([json!({ "tier": "cloud" }), json!({ "tier": "network", "name": "switch" })]);
    let mut links = vec![json!({ "a": "site", "b": "cloud", "name": "short", "latency": "5 ms" })];
    if alternative {
        links.push(json!({ "a": "site", "b": "switch", "latency": "15 ms", "bandwidth": "4 Mbps" }));
        links.push(json!({ "a": "switch", "b": "cloud", "latency": "25 ms" }));
    }
    scenario["network"]["links"] = json!(links);
    scenario["faults"] = json!([{ "links": "short", "outages": [{ "fail": "2 s", "repair": "30 s" }] }]);
    scenario
}

#[test]
fn an_outage_leads_a_transfer_another_way_or_loses_it_at_its_instant() {
    // From 1 s to 2 s 1 MB of 2 MB at 1 MB/s, then 1 MB at 0.5 MB/s over 10 + 15 + 25 ms.
    let run = with_trace(&outage(true), "t_s\n1\n");
    let upload = only(run.table("transfers"), |row| row.text("from") == "phone");
    assert_near(upload.value("t_s"), 1.0 + 1.0 + 2.0 + 0.050, NANOSECONDS);
    assert_eq!((upload.value("hops"), upload.value("reroutes")), (3.0, 1.0));
    assert_eq!(run.tasks()[0].text("outcome"), "done");
    let faults: Vec<(String, f64)> = run
        .table("faults")
        .iter()
        .map(|row| (row.text("change").to_owned(), row.value("t_s")))
        .collect();
    assert_eq!(faults, [("failed".to_owned(), 2.0), ("repaired".to_owned(), 30.0)]);

    let run = with_trace(&outage(false), "t_s\n1\n15\n35\n");
    let upload = only(run.table("transfers"), |row| row.text("outcome") == "lost_to_fault");
    assert_near(upload.value("t_s"), 2.0, 0.0);
    assert_near(upload.value("sent_bytes"), 1e6, 1e-2);
    // Lost on its way, refused while there is none, done when there is one again.
    let outcomes: Vec<String> = run.tasks().iter().map(|task| task.text("outcome").to_owned()).collect();
    assert_eq!(outcomes, ["lost_to_fault", "refused_for_capacity", "done"]);
    // 60 s at 1 W, and 1000 nJ for each of the 8e6 bits of the lost upload and the 16e6 of the third.
    let last = only(run.table("nodes"), |row| row.text("node") == "phone" && row.value("t_s") == 60.0);
    assert_near(last.value("energy_j"), 60.0 + 8.0 + 16.0, 1e-6);
    assert_near(run.tasks()[0].value("t_s"), 2.0, 0.0);
}

fn with_battery(policy: &str, capacity: &str) -> Value {
    let mut phone = phones(1);
    phone["power"] = json!({ "idle": "1 W", "busy": "5 W" });
    phone["battery"] = json!({ "capacity": capacity });
    phone["interface"] = json!({ "transmit_nj_per_bit": 1000 });
    cell(phone, "unshared", policy, traced(json!({ "length": "40 GI", "download": 0 })))
}

#[test]
fn a_battery_is_empty_when_the_energy_drawn_is_its_capacity() {
    // 10 s at 1 W, then 90 J at 5 W: 18 s of the 20 s that the task would take.
    let run = with_trace(&with_battery("local_only", "100 J"), "t_s\n10\n40\n");
    let death = only(run.table("faults"), |row| row.text("change") == "battery_empty");
    assert_near(death.value("t_s"), 28.0, NANOSECONDS);
    let [task] = &run.tasks()[..] else { panic!("an empty device creates no tasks") };
    assert_eq!(task.text("outcome"), "lost_to_battery");
    assert_near(task.value("t_s"), 28.0, NANOSECONDS);
    let level = |t_s: f64| {
        let row = only(run.table("nodes"), |row| row.text("node") == "phone" && row.value("t_s") == t_s);
        row.value("battery_level")
    };
    assert_near(level(10.0), 0.9, 1e-9);
    assert_near(level(20.0), 0.4, 1e-9);
    assert_near(level(60.0), 0.0, 0.0);

    // 8e6 bits at 1000 nJ are 8 J; the other 42 J last 42 s at 1 W.
    let run = with_trace(&with_battery("edge_only", "50 J"), "t_s\n10\n");
    assert_eq!(run.tasks()[0].text("outcome"), "done");
    let death = only(run.table("faults"), |row| row.text("change") == "battery_empty");
    assert_near(death.value("t_s"), 42.0, NANOSECONDS);
}

#[test]
fn a_task_is_dropped_at_its_deadline_and_frees_its_core() {
    let rules = |on_deadline| traced(json!({ "deadline": "2 s", "on_deadline": on_deadline }));
    // 50 GI take 5 s on the core of 10 GIPS, 4 GI 0.4 s.
    let trace = "t_s,length_mi,upload_bytes,download_bytes\n1,50000,0,0\n1.5,4000,0,0\n";
    let scenario = |rule| cell(phones(1), "unshared", "edge_only", rules(rule));
    let tasks = with_trace(&scenario("drop"), trace).tasks();
    assert_eq!((tasks[0].text("outcome"), tasks[0].text("service_s")), ("missed_deadline", ""));
    assert_near(tasks[0].value("t_s"), 3.0, 0.0);
    // It arrives at 1.51 s, after 10 ms of radio, and waits for the first to be dropped at 3 s.
    assert_eq!(tasks[1].text("outcome"), "done");
    assert_near(tasks[1].value("wait_s"), 3.0 - 1.51, NANOSECONDS);
    assert_near(tasks[1].value("t_s"), 3.0 + 0.4 + 0.010, NANOSECONDS);

    // Where tasks finish, the first ends late at 1.01 + 5 + 0.01 s, and the second behind it.
    let tasks = with_trace(&scenario("finish"), trace).tasks();
    assert_near(tasks[0].value("t_s"), 6.02, NANOSECONDS);
    assert_near(tasks[1].value("t_s"), 6.01 + 0.4 + 0.010, NANOSECONDS);
    for task in &tasks {
        assert_eq!(task.text("outcome"), "missed_deadline");
        assert!(task.number("service_s").is_some(), "its result came, if late");
    }
}

#[test]
fn a_failed_node_loses_its_jobs_and_a_retry_runs_elsewhere() {
    let scenario = |retries: u32| {
        let mut scenario = cell(
            phones(1),
            "unshared",
            "edge_only",
            traced(json!({ "fault_retries": retries, "retry_delay": "300 ms" })),
        );
        // The device is attached to the first site; the second is faster to choose once that is gone.
        scenario["nodes"][0]["count"] = json!(2);
        scenario["nodes"][0]["mobility"] =
            json!({ "kind": "static", "positions": [{ "x": 500, "y": 500 }, { "x": 900, "y": 500 }] });
        scenario["faults"] =
            json!([{ "nodes": "site-0", "outages": [{ "fail": "2.2 s", "repair": "20 s" }] }]);
        scenario
    };
    // Uploaded at 2.01 s, hit in execution at 2.2 s.
    let run = with_trace(&scenario(0), "t_s\n1\n");
    let [task] = &run.tasks()[..] else { panic!("one task") };
    assert_eq!((task.text("node"), task.text("outcome")), ("site-0", "lost_to_fault"));
    assert_near(task.value("t_s"), 2.2, 0.0);

    // After 0.3 s all of it again by the other site: 1.62 s.
    let run = with_trace(&scenario(1), "t_s\n1\n");
    let [task] = &run.tasks()[..] else { panic!("one task") };
    assert_eq!(
        (task.text("node"), task.text("outcome"), task.value("attempts")),
        ("site-1", "done", 2.0)
    );
    assert_near(task.value("t_s"), 2.5 + 1.62, NANOSECONDS);
    assert_near(task.value("service_s"), 1.5 + 1.62, NANOSECONDS);
    let outcomes: Vec<String> = run
        .table("decisions")
        .iter()
        .map(|row| format!("{} {}", row.text("choice"), row.text("outcome")))
        .collect();
    assert_eq!(outcomes, ["site-0 lost_to_fault", "site-1 done"]);
}
