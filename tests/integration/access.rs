//! Access networks and the EdgeCloudSim profiles through whole scenarios.

use crate::support::{assert_near, read_json, root, run, stratosim};
use serde_json::{Value, json};

/// A profile as it is shipped, with what is changed for a test, run; its summary.
fn profile(name: &str, sets: &[&str]) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("run");
    let mut command = stratosim();
    command.args(["run", &format!("scenarios/edge/{name}.json"), "--quiet", "--out"]).arg(&out);
    for set in sets.iter().chain(&["output.tables=[]"]) {
        command.args(["--set", set]);
    }
    command.assert().success();
    read_json(&out.join("summary.json"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// `value` within this share of `expected`.
#[track_caller]
fn assert_within(value: f64, expected: f64, share: f64) {
    assert!((value / expected - 1.0).abs() <= share, "{value} against {expected}");
}

/// Devices that stand at one place, send a task each and have it done at once, over a radio of this model.
fn crowd(devices: u32, model: Value) -> Value {
    json!({
        "duration": "60 s",
        "nodes": [
            { "tier": "edge", "name": "site", "cores": 4, "mips_per_core": "10 GIPS", "scheduling": { "kind": "time_shared" },
              "access_point": { "uplink": "200 Mbps", "downlink": "200 Mbps", "latency": "0 s", "model": model } },
            { "tier": "device", "name": "phone", "count": devices, "mobility": { "kind": "static", "layout": "center" } }
        ],
        "workloads": [{
            "kind": "tasks",
            "applications": [{
                "arrival": { "kind": "periodic", "period": "59 s" },
                "length": "0 MI", "upload": "600 kB", "download": "300 kB"
            }]
        }],
        "policies": { "offloading": { "kind": "nearest" } }
    })
}

#[test]
fn delay_by_population_is_the_closed_form() {
    // mu = 200e6 / 8 / 301875 = 82.816/s up and 151.172/s down (165375 B); 71 devices of 1 / 5.4 s each.
    let model = json!({ "kind": "population", "mean_interval": "5.4 s", "mean_message": "301875 B", "mean_result": "165375 B" });
    let summary = run(&crowd(71, model)).summary();
    let tasks = &summary["workloads"]["tasks"];
    let lambda = 71.0 / 5.4;
    let expected = 1.0 / (25e6 / 301_875.0 - lambda) + 1.0 / (25e6 / 165_375.0 - lambda);
    assert_near(number(&tasks["networks"]["wlan"]["delay_s"]["mean"]), expected, 1e-8);
    assert_near(number(&tasks["service_s"]["mean"]), expected, 1e-8);
    assert!(number(&tasks["outcomes"]["done"]) >= 71.0);
}

#[test]
fn the_shipped_tables_give_the_published_rates_and_their_end_refuses() {
    // 200 devices whose tasks come at the same instant: k of them find k transfers. 600 kB at 3 T(k).
    let mut scenario =
        crowd(200, json!({ "kind": "throughput_table", "file": "wlan.csv", "factor": 3 }));
    scenario["workloads"][0]["applications"][0]["arrival"] =
        json!({ "kind": "trace", "file": "trace.csv" });
    scenario["nodes"][0]["access_point"]["half_duplex"] = json!(true);
    let trace: String =
        std::iter::once("t_s\n".to_string()).chain((0..200).map(|_| "1\n".into())).collect();
    let table =
        std::fs::read_to_string(root().join("scenarios/edge/data/edgecloudsim-wlan.csv")).unwrap();
    let run = crate::support::run_with(&scenario, &[("trace.csv", &trace), ("wlan.csv", &table)]);
    let mut rates = csv::Reader::from_reader(table.as_bytes());
    let rates: Vec<f64> = rates.records().map(|row| row.unwrap()[1].parse().unwrap()).collect();
    assert_eq!(rates.len(), 101);
    for (k, row) in run.tasks().iter().enumerate() {
        match rates.get(k) {
            Some(rate) => assert_near(row.value("upload_s"), 600.0 * 8.0 / (3.0 * rate), 1e-8),
            None => assert_eq!(row.text("outcome"), "refused_for_bandwidth"),
        }
    }
    let refused = run.summary()["workloads"]["tasks"]["networks"]["wlan"]["refused"].clone();
    assert_eq!(refused, json!(99));
}

/// The number of tasks: devices x the rate of the applications x the time that is measured, within four standard
/// deviations of 0.9 / sqrt(devices), since a device keeps its application.
#[test]
fn the_second_sample_has_its_tasks_delays_and_loads() {
    let sets = ["nodes[2].count=200", "policies.offloading.kind=utilization_based", "duration=10 min"];
    let summary = profile("edgecloudsim-app2", &sets);
    let tasks = &summary["workloads"]["tasks"];
    let expected = 200.0 * 0.1427 * (600.0 - 180.0);
    assert_within(number(&tasks["created"]), expected, 4.0 * 0.9 / 200f64.sqrt());
    // Published: service 1.070 s, WLAN 0.053 s, MAN 12.4 ms; 0.44 % failed, all by mobility. A short run of few
    // devices scatters.
    assert_within(number(&tasks["service_s"]["mean"]), 1.07, 0.15);
    assert_within(number(&tasks["networks"]["wlan"]["delay_s"]["mean"]), 0.053, 0.15);
    assert_within(number(&tasks["networks"]["man"]["delay_s"]["mean"]), 0.0124, 0.02);
    let outcomes = &tasks["outcomes"];
    assert!(number(&outcomes["lost_to_mobility"]) / number(&tasks["created"]) < 0.01);
    assert_eq!(
        (&outcomes["refused_for_capacity"], &outcomes["refused_for_bandwidth"]),
        (&json!(0), &json!(0))
    );
    assert_within(100.0 * number(&summary["tiers"]["edge"]["predicted_utilisation"]), 2.3, 0.3);
}

#[test]
fn the_first_sample_fills_its_places() {
    let sets = ["nodes[2].count=1000", "policies.offloading.scenario=single_tier", "duration=10 min"];
    let summary = profile("edgecloudsim-app1", &sets);
    let tasks = &summary["workloads"]["tasks"];
    assert_within(number(&tasks["created"]), 1000.0 * 0.0596 * 420.0, 4.0 / 1000f64.sqrt());
    // Published: 45.4 to 49.8 % failed, nearly all for capacity; WLAN 22.2 ms.
    let capacity = number(&tasks["outcomes"]["refused_for_capacity"]) / number(&tasks["created"]);
    assert!((0.42..0.53).contains(&capacity), "{capacity}");
    assert_within(number(&tasks["networks"]["wlan"]["delay_s"]["mean"]), 0.0222, 0.02);
}

#[test]
fn vehicles_use_all_four_networks() {
    let summary = profile("edgecloudsim-app5", &["nodes[2].count=200", "duration=6 min"]);
    let tasks = &summary["workloads"]["tasks"];
    assert_within(number(&tasks["created"]), 200.0 * 0.1933 * 180.0, 4.0 * 0.56 / 200f64.sqrt());
    for (name, least_s, most_s) in
        [("wlan", 0.04, 0.06), ("man", 0.0095, 0.0125), ("wan", 0.008, 0.013), ("cellular", 0.02, 0.035)]
    {
        let delay_s = number(&tasks["networks"][name]["delay_s"]["mean"]);
        assert!((least_s..most_s).contains(&delay_s), "{name}: {delay_s} s");
    }
    let experience = number(&tasks["quality_of_experience"]["all"]);
    assert!((85.0..94.0).contains(&experience), "{experience}");
    // With the keys spelt right, both ways over the WAN take 0.3 s more.
    let fixed = profile("edgecloudsim-app5-corrected", &["nodes[2].count=200", "duration=6 min"]);
    let wan_s = number(&fixed["workloads"]["tasks"]["networks"]["wan"]["delay_s"]["mean"]);
    assert!((0.30..0.33).contains(&wan_s), "{wan_s}");
    // What runs elsewhere comes back over the network between sites, too; with the slip it does not.
    let man_s = number(&fixed["workloads"]["tasks"]["networks"]["man"]["delay_s"]["mean"]);
    assert!((0.019..0.022).contains(&man_s), "{man_s}");
}

#[test]
fn all_profiles_and_their_twins_are_good_and_conserve_tasks() {
    for app in 1..=5 {
        for twin in ["", "-corrected"] {
            let sets = ["nodes[2].count=60", "duration=4 min", "warm_up=1 min"];
            let summary = profile(&format!("edgecloudsim-app{app}{twin}"), &sets);
            let tasks = &summary["workloads"]["tasks"];
            let outcomes = tasks["outcomes"].as_object().unwrap();
            let ended: f64 = outcomes.values().map(number).sum();
            assert_eq!(ended, number(&tasks["created"]), "app{app}{twin}");
            assert!(number(&outcomes["done"]) > 0.0);
            for tier in ["edge", "cloud", "device"] {
                let booked = &summary["tiers"][tier]["predicted_utilisation"];
                assert!(booked.as_f64().unwrap_or(0.0) <= 1.0, "app{app}{twin}: {tier} {booked}");
            }
        }
    }
}

/// A device that goes from one site to another between 5 and 6 s (the handover is at 5.5 s), and one task at 4 s.
fn wanderer(rule: &str, length: &str) -> crate::support::Run {
    let scenario = json!({
        "duration": "30 s",
        "nodes": [
            { "tier": "edge", "name": "site", "count": 2, "cores": 1, "mips_per_core": "10 GIPS",
              "mobility": { "kind": "static", "positions": [{ "x": 0, "y": 0 }, { "x": 1000, "y": 0 }] },
              "access_point": { "latency": "0 s", "model": { "kind": "throughput_table", "file": "radio.csv" } } },
            { "tier": "device", "mobility": { "kind": "trajectories", "paths":
                [[{ "t": 5, "x": 0, "y": 0 }, { "t": 6, "x": 1000, "y": 0 }]] } }
        ],
        "network": { "links": [
            { "a": "site-0", "b": "site-1", "latency": "50 ms", "bandwidth": "8 Gbps", "model": { "kind": "unshared" } }
        ] },
        "workloads": [{
            "kind": "tasks", "on_handover": rule,
            "applications": [{
                "arrival": { "kind": "trace", "file": "trace.csv" },
                "length": length, "upload": "100 kB", "download": "1 MB"
            }]
        }],
        "policies": { "offloading": { "kind": "nearest" } }
    });
    crate::support::run_with(
        &scenario,
        &[("trace.csv", "t_s\n4\n"), ("radio.csv", "transfers,rate_kbps\n0,8000\n1,4000\n")],
    )
}

#[test]
fn a_result_is_had_where_the_rule_says() {
    // The upload takes 0.1 s. After 1 s of work the result is on the radio from 5.1 to 6.1 s; after 2 s, from 6.1 s
    // on, it starts when the device has gone, and goes on to the other site in 51 ms.
    for (rule, length, outcome, service_s) in [
        ("continue", "10 GI", "done", Some(2.1)),
        ("continue", "20 GI", "done", Some(3.151)),
        ("lose", "10 GI", "lost_to_mobility", None),
        ("lose_result_on_air", "10 GI", "lost_to_mobility", None),
        ("lose_result_on_air", "20 GI", "done", Some(3.151)),
        ("lose_result_elsewhere", "10 GI", "lost_to_mobility", None),
        ("lose_result_elsewhere", "20 GI", "lost_to_mobility", None),
    ] {
        let tasks = wanderer(rule, length).tasks();
        assert_eq!(tasks[0].text("outcome"), outcome, "{rule}, {length}");
        match (tasks[0].number("service_s"), service_s) {
            (Some(found), Some(expected)) => assert_near(found, expected, 1e-8),
            (found, expected) => assert_eq!(found, expected, "{rule}, {length}"),
        }
    }
}

/// A node of two instances with one core of 1 GIPS each, on which tasks of these lengths at these times run.
fn instances(tasks: &str, application: Value, node: Value) -> crate::support::Run {
    let mut scenario = json!({
        "duration": "30 s",
        "nodes": [
            { "tier": "edge", "name": "site", "cores": 2, "mips_per_core": "1 GIPS", "scheduling": { "kind": "time_shared" },
              "instances": { "count": 2, "cores": 1 }, "access_point": { "latency": "0 s" } },
            { "tier": "device", "mobility": { "kind": "static", "layout": "center" } }
        ],
        "workloads": [{ "kind": "tasks", "applications": [{
            "arrival": { "kind": "trace", "file": "trace.csv" }, "upload": "0 B", "download": "0 B"
        }] }],
        "policies": { "offloading": { "kind": "edge_only", "select": "least_loaded" } }
    });
    for (key, value) in application.as_object().unwrap() {
        scenario["workloads"][0]["applications"][0][key] = value.clone();
    }
    for (key, value) in node.as_object().unwrap() {
        scenario["nodes"][0][key] = value.clone();
    }
    crate::support::run_with(&scenario, &[("trace.csv", tasks)])
}

#[test]
fn tasks_are_admitted_by_the_share_they_announce() {
    // 60 % each: one an instance. The third finds no room; the fourth comes when one is done.
    let trace = "t_s,length_mi\n1,1000\n1.1,1000\n1.2,1000\n2.05,1000\n";
    let share = json!({ "predicted_utilisation": { "edge": "60 %" } });
    let run = instances(trace, share, json!({}));
    let outcomes: Vec<String> = run.tasks().iter().map(|task| task.text("outcome").into()).collect();
    assert_eq!(outcomes, ["done", "done", "refused_for_capacity", "done"]);
    // Three seconds at 60 % of one of two instances, in thirty.
    let booked = number(&run.summary()["tiers"]["edge"]["predicted_utilisation"]);
    assert_near(booked, 3.0 * 0.6 / 2.0 / 30.0, 1e-9);
    // At 40 % two share an instance, and speed is a matter of cores: the first and third take twice as long.
    let share = json!({ "predicted_utilisation": { "edge": "40 %" } });
    let tasks = instances("t_s,length_mi\n1,1000\n1,1000\n1,1000\n", share, json!({})).tasks();
    let times: Vec<f64> = tasks.iter().map(|task| task.value("service_s")).collect();
    assert!(
        [2.0, 1.0, 2.0].iter().zip(&times).all(|(want, time)| (want - time).abs() < 1e-8),
        "{times:?}"
    );
}

#[test]
fn completions_are_seen_when_a_datacenter_is_updated() {
    // A at 1 s would be done at 2 s. B comes at 1.995 s, which updates; the update foreseen for 2 s falls within
    // 10 ms and is passed over, the next one is planned 20 ms after the last, for 2.015 s. B, 10 ms long, is seen
    // then, too.
    let trace = "t_s,length_mi\n1,1000\n1.995,10\n";
    let share = json!({ "predicted_utilisation": { "edge": "60 %" } });
    let exact = instances(trace, share.clone(), json!({})).tasks();
    let steps = instances(trace, share, json!({ "edgecloudsim_updates": "node" })).tasks();
    let service = |tasks: &[crate::support::Row]| [0, 1].map(|task| tasks[task].value("service_s"));
    for (found, expected) in service(&exact).into_iter().zip([1.0, 0.01]) {
        assert_near(found, expected, 1e-8);
    }
    for (found, expected) in service(&steps).into_iter().zip([1.015, 0.02]) {
        assert_near(found, expected, 1e-8);
    }
}

/// Where the tasks of one device at the first of three sites go, a task each 30 ms for 60 s. Input that goes
/// on to another site gets there between two of them, after 40 ms.
fn orchestrated(policy: Value) -> Vec<String> {
    let scenario = json!({
        "duration": "70 s",
        "nodes": [
            { "tier": "cloud" },
            { "tier": "edge", "count": 3, "cores": 2, "mips_per_core": "1 GIPS", "scheduling": { "kind": "time_shared" },
              "instances": { "count": 2, "cores": 1 },
              "mobility": { "kind": "static", "positions": [{ "x": 0, "y": 0 }, { "x": 500, "y": 0 }, { "x": 900, "y": 0 }] },
              "access_point": { "latency": "0 s" } },
            { "tier": "device", "mobility": { "kind": "static", "positions": [{ "x": 0, "y": 0 }] } }
        ],
        "workloads": [{ "kind": "tasks", "applications": [{
            "arrival": { "kind": "trace", "file": "trace.csv" }, "upload": "0 B", "download": "0 B",
            "length": "1 MI", "predicted_utilisation": { "edge": "60 %", "cloud": "1 %" }
        }] }],
        "policies": { "offloading": policy }
    });
    let trace: String = std::iter::once("t_s\n".to_string())
        .chain((0..2000).map(|task| format!("{}\n", f64::from(task) * 0.03)))
        .collect();
    let run = crate::support::run_with(&scenario, &[("trace.csv", &trace)]);
    run.tasks().iter().map(|task| task.text("node").to_string()).collect()
}

#[test]
fn the_basic_orchestrator_finds_machines_as_told() {
    let policy = |scenario: &str, fit: &str, slips: bool| {
        json!({ "kind": "edgecloudsim_basic", "scenario": scenario, "fit": fit, "dice_from_zero": slips,
            "first_fit_last_node": slips })
    };
    let share = |nodes: &[String], name: &str| {
        nodes.iter().filter(|node| *node == name).count() as f64 / nodes.len() as f64
    };
    let of = |scenario, fit, slips| orchestrated(policy(scenario, fit, slips));
    // Tasks are done before the next one comes: all machines have room.
    assert_eq!(share(&of("single_tier", "next_fit", false), "edge-0"), 1.0);
    assert_eq!(share(&of("two_tier_with_eo", "first_fit", false), "edge-0"), 1.0);
    let round = of("two_tier_with_eo", "next_fit", false);
    assert_eq!(round[..4], ["edge-0", "edge-1", "edge-2", "edge-0"]);
    // The slip: the last place instead of the first; and one of 101 sides of the dice is the cloud, though its
    // share is nothing: 19.8 of 2000, with a deviation of 4.4.
    let slipped = of("two_tier_with_eo", "first_fit", true);
    assert_eq!(share(&slipped, "edge-0"), 0.0);
    let cloud = 2000.0 * share(&slipped, "cloud");
    assert!((cloud - 19.8).abs() < 4.0 * 4.4, "{cloud}");
    let random = of("two_tier_with_eo", "random_fit", false);
    for node in ["edge-0", "edge-1", "edge-2"] {
        // A third each, with a deviation of 1.05 %.
        let found = share(&random, node);
        assert!((found - 1.0 / 3.0).abs() < 4.0 * 0.0105, "{node}: {found}");
    }
}

/// Published of the original: 5778 tasks, 5.12 % lost to mobility, 0.563 s at the edge; 5879 and 0.509 s on devices.
#[test]
fn the_battery_study_has_its_tasks_and_the_energy_that_is_meant() {
    let summary = profile("mlsysops-app6", &["output.sample.interval=0"]);
    let tasks = &summary["workloads"]["tasks"];
    assert_within(number(&tasks["created"]), 5778.0, 0.06);
    let lost = number(&tasks["outcomes"]["lost_to_mobility"]) / number(&tasks["created"]);
    assert_near(lost, 0.0512, 0.013);
    assert_within(number(&tasks["service_s"]["mean"]), 0.563, 0.12);
    let device = &summary["tiers"]["device"];
    // Thirty phones idle at 1 W for an hour; none of this seed dies.
    assert_eq!(device["batteries"]["empty"], json!(0));
    assert_near(number(&device["energy_j"]) - number(&device["network_j"]), 108_000.0, 1e-6);
    // Access points draw 23.8 nJ for each bit of either direction.
    let wlan = &summary["energy"]["networks"]["wlan"];
    let bits = 8.0 * number(&summary["network"]["sent_bytes"]);
    assert_near(number(&wlan["radios_j"]), bits * 23.8e-9, 1e-9);
    assert_near(number(&wlan["interfaces_j"]), number(&device["network_j"]), 1e-9);
    // Two places at 100 W, and half of 50 W for each core that is busy.
    let edge = &summary["tiers"]["edge"];
    let busy_core_s = number(&edge["utilisation"]) * 4.0 * 3600.0;
    let expected_j = 2.0 * 100.0 * 3600.0 + 25.0 * busy_core_s + number(&wlan["radios_j"]);
    assert_near(number(&edge["energy_j"]), expected_j, 1e-6);

    let summary = profile(
        "mlsysops-app6",
        &["output.sample.interval=0", r#"policies.offloading={"kind":"local_first"}"#],
    );
    let tasks = &summary["workloads"]["tasks"];
    assert_within(number(&tasks["service_s"]["mean"]), 0.509, 0.05);
    assert_eq!(tasks["ran_on_tier"]["edge"], json!(0));
    let device = &summary["tiers"]["device"];
    let busy_core_s = number(&device["utilisation"]) * 960.0 * 3600.0;
    assert!(busy_core_s > 2500.0);
    assert_near(number(&device["energy_j"]), 108_000.0 + 2.3 / 32.0 * busy_core_s, 1e-6);
    assert_eq!(number(&device["network_j"]), 0.0);
}
