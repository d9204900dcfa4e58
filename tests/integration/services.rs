//! Applications that serve requests, from the scenario to the tables: queues against closed forms, moves and repairs by
//! hand, and what must hold whatever happens.

use crate::support::{Row, Run, assert_near, attempt, error_text, run};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One service on a node of enough cores of 1000 MIPS, to which requests come `rate` times a second.
fn queue(service: Value, rate: f64, duration: &str) -> Value {
    let mut service = service;
    service["name"] = "server".into();
    json!({
        "seed": 11,
        "duration": duration,
        "warm_up": "1 min",
        "nodes": [ { "tier": "cloud", "cores": 8, "mips_per_core": "1 GIPS" } ],
        "workloads": [ { "kind": "services", "control_period": "1 h", "applications": [ {
            "name": "queue",
            "services": [service],
            "flows": [ { "name": "only", "path": ["server"],
                "arrival": { "kind": "poisson", "mean_interval": format!("{} s", 1.0 / rate) } } ]
        } ] } ],
        "output": { "tables": ["requests"] }
    })
}

/// Mean and half the 99.9 % confidence interval of the response times, by the means of 30 batches (Student's t with 29
/// degrees of freedom).
fn mean_response_s(run: &Run) -> (f64, f64) {
    let rows = run.table("requests");
    let times: Vec<f64> = rows
        .iter()
        .filter(|row| row.value("created_s") >= 60.0)
        .filter_map(|row| row.number("response_s"))
        .collect();
    let size = times.len() / 30;
    assert!(size > 500, "{} requests are too few", times.len());
    let means: Vec<f64> =
        times.chunks_exact(size).take(30).map(|own| own.iter().sum::<f64>() / size as f64).collect();
    let mean = means.iter().sum::<f64>() / 30.0;
    let variance = means.iter().map(|own| (own - mean).powi(2)).sum::<f64>() / 29.0;
    (mean, 3.659 * (variance / 30.0).sqrt())
}

fn assert_response(run: &Run, expected_s: f64) {
    let (mean_s, half_s) = mean_response_s(run);
    assert!(
        (mean_s - expected_s).abs() <= half_s && half_s < 0.1 * expected_s,
        "{mean_s} +- {half_s} s, expected {expected_s} s"
    );
}

/// M/M/1: 1 / (mu - lambda).
#[test]
fn one_core_first_in_first_out_is_an_m_m_1_queue() {
    for (rate, expected_s) in [(5.0, 0.2), (8.0, 0.5)] {
        let service = json!({ "requires": { "cores": 1 }, "discipline": "fifo",
            "processing_time": { "kind": "exponential", "mean": "100 ms" } });
        assert_response(&run(&queue(service, rate, "3 h")), expected_s);
    }
}

/// M/M/3 by Erlang's C, with work in instructions.
#[test]
fn several_cores_first_in_first_out_are_an_m_m_c_queue() {
    let (rate, mu, servers) = (24.0_f64, 10.0, 3.0);
    let load: f64 = rate / mu;
    let last = load.powi(3) / 6.0 / (1.0 - load / servers);
    let waits = last / (1.0 + load + load * load / 2.0 + last);
    let expected_s = waits / (servers * mu - rate) + 1.0 / mu;
    let service = json!({ "requires": { "cores": 3 }, "discipline": "fifo",
        "work": { "kind": "exponential", "mean": "100 MI" } });
    assert_response(&run(&queue(service, rate, "1 h")), expected_s);
}

/// M/G/1 with processor sharing: E[S] / (1 - rho), whatever the distribution.
#[test]
fn processor_sharing_does_not_depend_on_the_distribution() {
    for time in [json!("100 ms"), json!({ "kind": "gamma", "shape": 0.4, "mean": "100 ms" })] {
        let service = json!({ "requires": { "cores": 1 }, "processing_time": time });
        assert_response(&run(&queue(service, 7.0, "2 h")), 0.1 / (1.0 - 0.7));
    }
}

/// M/M/1/K: the share that is lost where at most K requests are there.
#[test]
fn a_full_queue_refuses() {
    let service = json!({ "requires": { "cores": 1 }, "discipline": "fifo", "queue_limit": 2,
        "processing_time": { "kind": "exponential", "mean": "100 ms" } });
    let run = run(&queue(service, 8.0, "1 h"));
    let own = &run.summary()["workloads"]["services"];
    let (created, full) = (own["created"].as_f64(), own["outcomes"]["queue_full"].as_f64());
    let share = full.unwrap() / created.unwrap();
    let expected = 0.8_f64.powi(3) * 0.2 / (1.0 - 0.8_f64.powi(4));
    // 28 000 requests: standard deviation 0.002, and a little more as losses come in bursts.
    assert_near(share, expected, 0.012);
}

/// ECLYPSE's sock shop on a node without delay: 95 ms by the sum of the processing times, and for a request that is
/// alone.
#[test]
fn the_sock_shop_on_one_node_takes_95_ms() {
    let run = run(&json!({
        "duration": "10 min",
        "nodes": [ { "tier": "cloud", "cores": 16, "mips_per_core": "1 GIPS" } ],
        "workloads": [ { "kind": "services", "applications": [
            { "library": "sock_shop", "arrival": { "kind": "periodic", "period": "97 s" } } ] } ]
    }));
    let own = &run.summary()["workloads"]["services"]["applications"]["sock_shop"];
    assert_near(own["analytic_response_s"]["mean"].as_f64().unwrap(), 0.095, 1e-12);
    for (flow, expected_s) in
        [("login", 0.049), ("browsing", 0.051), ("cart", 0.054), ("payment", 0.091), ("shipping", 0.095)]
    {
        let of_flow = &own["flows"][flow];
        assert_near(of_flow["analytic_response_s"]["max"].as_f64().unwrap(), expected_s, 1e-12);
        assert_near(of_flow["response_s"]["mean"].as_f64().unwrap(), expected_s, 1e-6);
        assert!(of_flow["created"].as_u64() >= Some(6));
    }
    assert_eq!((&own["placed_share"], &own["downtime_s"]), (&json!(1.0), &json!(0.0)));
}

/// Two nodes of 4 cores, 10 ms and 80 Mbps apart, with a source on a third beside the first.
fn pair(application: Value, more: Value) -> Value {
    let mut scenario = json!({
        "duration": "1 min",
        "nodes": [
            { "tier": "cloud", "name": "near", "cores": 4, "mips_per_core": "1 GIPS" },
            { "tier": "cloud", "name": "far", "cores": 4, "mips_per_core": "1 GIPS" },
            { "tier": "network", "name": "user", "cores": 0 }
        ],
        "network": { "links": [
            { "a": "user", "b": "near", "latency": "5 ms", "bandwidth": "80 Mbps" },
            { "a": "near", "b": "far", "latency": "10 ms", "bandwidth": "80 Mbps" }
        ] },
        "workloads": [ { "kind": "services", "applications": [application] } ],
        "policies": { "service_placement": { "kind": "first_fit" } }
    });
    for (key, value) in more.as_object().unwrap() {
        match key.as_str() {
            "services" => value.as_object().unwrap().iter().for_each(|(key, value)| {
                scenario["workloads"][0][key] = value.clone();
            }),
            _ => scenario[key] = value.clone(),
        }
    }
    scenario
}

/// There and back over two links each way, with messages of 10 and 100 kB at 80 Mbps, and 20 + 30 ms of processing.
#[test]
fn a_request_goes_there_and_back_over_the_network() {
    let run = run(&pair(
        json!({
            "name": "shop", "message": "10 kB",
            "services": [
                { "name": "front", "requires": { "cores": 1 }, "processing_time": "20 ms" },
                { "name": "back", "requires": { "cores": 1 }, "processing_time": "30 ms" }
            ],
            "interactions": [ { "from": "front", "to": "back", "message": "100 kB" } ],
            "flows": [ { "name": "only", "path": ["front", "back"], "sources": "user",
                "arrival": { "kind": "periodic", "period": "7 s" }, "deadline": "100 ms" } ]
        }),
        json!({ "policies": { "service_placement":
            { "kind": "static", "nodes": { "front": "near", "back": "far" } } } }),
    ));
    let rows = run.table("requests");
    assert!(rows.len() >= 8);
    for row in &rows {
        // 1 ms to send 10 kB, 10 ms for 100 kB; the answer crosses both links at the rate of one.
        let network_s = (0.001 + 0.005) + (0.010 + 0.010) + (0.001 + 0.015);
        assert_near(row.value("network_s"), network_s, 1e-6);
        assert_near(row.value("response_s"), network_s + 0.05, 1e-6);
        assert_eq!(
            (row.text("outcome"), row.text("source"), row.value("services")),
            ("done", "user", 2.0)
        );
    }
    let own = &run.summary()["workloads"]["services"];
    // Its two services and the way between them; sources are no part of it.
    assert_near(own["analytic_response_s"]["mean"].as_f64().unwrap(), 0.06, 1e-12);
    assert_near(own["sent_bytes"].as_f64().unwrap(), rows.len() as f64 * 120e3, 1.0);
}

/// One service of 10 MB of state, whose node loses its cores at 20 s so that it goes from `near` to `far`.
fn moved(migration: Value) -> Run {
    run(&pair(
        json!({
            "name": "shop",
            "services": [ { "name": "front", "requires": { "cores": 2 }, "processing_time": "100 ms",
                "state": "10 MB", "start_time": "2 s" } ],
            "flows": [ { "name": "only", "path": ["front"], "sources": "user",
                "arrival": { "kind": "periodic", "period": "500 ms" } } ]
        }),
        json!({
            "dynamics": [ { "nodes": "near", "attribute": "cores", "schedule": { "at": ["20 s"] },
                "change": { "kind": "set_value", "value": 1 } } ],
            "services": { "migration": migration }
        }),
    ))
}

fn only_move(run: &Run) -> (String, f64, f64, f64, f64) {
    let rows = run.table("service_migrations");
    assert_eq!(rows.len(), 2, "the first placement, and the move");
    let row = &rows[1];
    assert_eq!((row.text("from"), row.text("to"), row.text("outcome")), ("near", "far", "done"));
    let [began_s, t_s, bytes, down_s] =
        ["began_s", "t_s", "sent_bytes", "downtime_s"].map(|column| row.value(column));
    (row.text("kind").to_string(), began_s, t_s, bytes, down_s)
}

/// 10 MB at 80 Mbps and 10 ms: 1.01 s. Requests that use the link at the same time take a share of it.
#[test]
fn moves_take_as_long_as_their_kind_says() {
    let outcomes = |run: &Run| run.summary()["workloads"]["services"]["outcomes"].clone();
    // Stopped, copied, started.
    let cold = moved(json!({ "kind": "cold" }));
    let (kind, began_s, t_s, bytes, down_s) = only_move(&cold);
    assert_eq!((kind.as_str(), began_s, bytes), ("cold", 20.0, 10e6));
    assert_near(t_s, 23.01, 0.01);
    assert_near(down_s, t_s - began_s, 1e-9);
    let own = cold.summary()["workloads"]["services"].clone();
    assert_near(own["downtime_s"].as_f64().unwrap(), down_s, 1e-9);
    assert_eq!((&own["migrations"], &own["placement_changes"]), (&json!(1), &json!(1)));
    assert_eq!(own["violations"]["asset"], 1);
    // Those that came meanwhile have waited.
    assert_eq!(outcomes(&cold)["lost_in_migration"], 0);
    assert!(own["wait_s"]["mean"].as_f64() > Some(0.01));
    // Started while it serves, then stopped and copied.
    let stopped = moved(json!({ "kind": "stop_and_copy" }));
    let (_, _, t_s, bytes, down_s) = only_move(&stopped);
    assert_eq!(bytes, 10e6);
    assert_near(t_s, 23.01, 0.01);
    assert_near(down_s, 1.01, 0.01);
    // Copied and started while it serves; then a tenth is copied.
    let live = moved(json!({ "kind": "pre_copy", "changed_share": 0.1 }));
    let (_, _, t_s, bytes, down_s) = only_move(&live);
    assert_eq!(bytes, 11e6);
    assert_near(t_s, 22.11, 0.01);
    assert_near(down_s, 0.11, 0.01);
    // Requests fail instead: those of three seconds.
    let failing = moved(json!({ "kind": "cold", "requests": "fail" }));
    let lost = outcomes(&failing)["lost_in_migration"].as_u64().unwrap();
    assert!((5..=7).contains(&lost), "{lost}");
}

/// Where the node fails there is nothing to copy; the state of another replica is, if there is one.
#[test]
fn what_a_failed_node_had_is_started_afresh_or_copied_from_a_replica() {
    let failing = |replicas: u32| {
        let nodes = json!([
            { "tier": "cloud", "name": "near", "cores": 4, "mips_per_core": "1 GIPS" },
            { "tier": "cloud", "name": "far", "cores": 4, "mips_per_core": "1 GIPS" },
            { "tier": "cloud", "name": "third", "cores": 4, "mips_per_core": "1 GIPS" },
            { "tier": "network", "name": "user", "cores": 0 }
        ]);
        let links = json!({ "links": [
            { "a": "user", "b": "near", "latency": "5 ms", "bandwidth": "80 Mbps" },
            { "a": "user", "b": "far", "latency": "5 ms", "bandwidth": "80 Mbps" },
            { "a": "user", "b": "third", "latency": "5 ms", "bandwidth": "80 Mbps" }
        ] });
        run(&pair(
            json!({
                "name": "shop",
                "services": [ { "name": "front", "requires": { "cores": 3 }, "processing_time": "100 ms",
                    "state": "10 MB", "start_time": "2 s", "replicas": replicas } ],
                "flows": [ { "name": "only", "path": ["front"], "sources": "user",
                    "arrival": { "kind": "periodic", "period": "500 ms" } } ]
            }),
            json!({ "nodes": nodes, "network": links,
                "faults": [ { "nodes": ["near"], "outages": [ { "fail": "20 s", "repair": "50 s" } ] } ] }),
        ))
    };
    let alone = failing(1);
    let rows = alone.table("service_migrations");
    let row = &rows[1];
    assert_eq!((row.text("from"), row.text("to"), row.text("outcome")), ("near", "far", "afresh"));
    assert_eq!((row.value("began_s"), row.value("t_s"), row.value("downtime_s")), (20.0, 22.0, 2.0));
    assert_eq!(row.text("kind"), "");
    let own = &alone.summary()["workloads"]["services"];
    assert_eq!((&own["afresh"], &own["violations"]["node_down"]), (&json!(1), &json!(1)));
    assert_near(own["downtime_s"].as_f64().unwrap(), 2.0, 1e-9);
    let both = failing(2);
    let rows = both.table("service_migrations");
    let row = &rows[2];
    assert_eq!((row.text("from"), row.text("to"), row.text("outcome")), ("near", "third", "done"));
    assert_eq!(row.value("sent_bytes"), 10e6);
    // 10 MB at 80 Mbps over two links of 5 ms, then the start.
    assert_near(row.value("t_s"), 23.01, 0.01);
    // The other one served all the time.
    assert_eq!(both.summary()["workloads"]["services"]["downtime_s"], 0.0);
}

/// An application that is reset as ECLYPSE does is away until the next control step.
#[test]
fn repair_of_the_whole_waits_for_the_next_step() {
    let scenario = |repair: &str| {
        pair(
            json!({
                "name": "shop",
                "services": [ { "name": "front", "requires": { "cores": 2 } }, { "name": "back", "requires": { "cores": 1 } } ],
                "interactions": [ { "from": "front", "to": "back" } ],
                "flows": [ { "name": "only", "path": ["front", "back"] } ]
            }),
            json!({
                "dynamics": [ { "nodes": "near", "attribute": "cores", "schedule": { "at": ["20.5 s"] },
                    "change": { "kind": "set_value", "value": 2 } } ],
                "services": { "repair": repair, "control_period": "1 s" }
            }),
        )
    };
    let changes = |run: &Run| -> Vec<String> {
        let of = |row: &Row| {
            ["t_s", "service", "from", "to", "reason"].map(|column| row.text(column)).join(" ")
        };
        run.table("placements").iter().skip(2).map(of).collect()
    };
    let part = run(&scenario("partial"));
    assert_eq!(changes(&part), ["20.5 back near far repaired"]);
    let whole = run(&scenario("whole"));
    assert_eq!(
        changes(&whole),
        [
            "20.5 front near  reset",
            "20.5 back near  reset",
            "21.0 front  near placed",
            "21.0 back  far placed"
        ]
    );
    let own = &whole.summary()["workloads"]["services"];
    assert_near(own["placed_share"].as_f64().unwrap(), 59.5 / 60.0, 1e-12);
    let causes = whole.table("placements");
    assert!(causes[2].text("cause").contains("cores"), "{}", causes[2].text("cause"));
}

/// Energy by hand: 4 cores, 40 W idle and 80 W busy; 2 of them are the service's, with half a core busy on average.
#[test]
fn energy_and_cost_are_attributed() {
    let run = run(&json!({
        "duration": "1 h",
        "nodes": [ { "tier": "cloud", "cores": 4, "mips_per_core": "1 GIPS",
            "power": { "kind": "linear", "idle": "40 W", "busy": "80 W" } } ],
        "workloads": [ { "kind": "services",
            "prices": { "core_hour": 0.5, "memory_gb_hour": 0.25, "transfer_gb": 1, "energy_kwh": 0.3 },
            "applications": [ { "name": "one",
                "services": [ { "name": "only", "requires": { "cores": 2, "memory": "4 GB" }, "processing_time": "500 ms" } ],
                "flows": [ { "name": "flow", "path": ["only"], "arrival": { "kind": "periodic", "period": "1 s" } } ]
            } ] } ]
    }));
    let own = &run.summary()["workloads"]["services"];
    let value = |keys: [&str; 2]| own[keys[0]][keys[1]].as_f64().unwrap();
    assert_near(value(["energy_wh", "idle"]), 20.0, 1e-9);
    // Of 3600 requests the last may not be done.
    assert_near(value(["energy_wh", "dynamic"]), 5.0, 0.002);
    assert_near(own["core_hours"].as_f64().unwrap(), 2.0, 1e-9);
    assert_near(value(["cost", "cores"]), 1.0, 1e-9);
    assert_near(value(["cost", "memory"]), 1.0, 1e-9);
    assert_near(value(["cost", "energy"]), 0.3 * 0.025, 1e-5);
    assert_near(value(["cost", "all"]), 2.0 + value(["cost", "energy"]), 1e-9);
}

/// Transfers of requests and of device tasks share the link: alone each would have it to itself.
#[test]
fn requests_share_links_with_device_tasks() {
    let scenario = |with_tasks: bool| {
        let mut workloads = vec![json!({ "kind": "services", "applications": [ {
            "name": "bulk", "message": "10 MB",
            "services": [ { "name": "store", "requires": { "cores": 1 } } ],
            "flows": [ { "name": "upload", "path": ["store"], "sources": "desk",
                "arrival": { "kind": "trace", "file": "arrivals.csv" } } ] } ] })];
        if with_tasks {
            workloads.push(json!({ "kind": "tasks", "devices": "desk", "applications": [ {
                "name": "task", "length": "1 MI", "upload": "10 MB", "download": "1 B",
                "arrival": { "kind": "trace", "file": "arrivals.csv" } } ] }));
        }
        json!({
            "duration": "1 min",
            "nodes": [
                { "tier": "cloud", "cores": 4 },
                { "tier": "device", "name": "desk", "wireless": false, "mobility": { "kind": "static" } }
            ],
            "network": { "links": [ { "a": "desk", "b": "cloud", "latency": "0 ms", "bandwidth": "80 Mbps" } ] },
            "workloads": workloads,
            "policies": { "offloading": { "kind": "cloud_only" },
                "service_placement": { "kind": "static", "nodes": { "*": "cloud" } } }
        })
    };
    let response_s = |with_tasks: bool| {
        let run = crate::support::run_with(&scenario(with_tasks), &[("arrivals.csv", "t_s\n10\n")]);
        let rows = run.table("requests");
        assert_eq!((rows.len(), rows[0].text("outcome")), (1, "done"));
        rows[0].value("response_s")
    };
    // 1 s there and 1 s back alone; twice as long there beside the task.
    assert_near(response_s(false), 2.0, 1e-6);
    assert_near(response_s(true), 3.0, 1e-3);
}

fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut scenario = pair(
        json!({ "name": "shop", "services": [ { "name": "front", "requires": { "cores": 2 }, "processing_time": "1 ms" } ],
            "flows": [ { "name": "only", "path": ["front"] } ] }),
        json!({}),
    );
    change(&mut scenario);
    let (result, _) = attempt(&scenario, &[]);
    error_text(&result.failure().code(2))
}

#[test]
fn what_cannot_be_is_told_before_the_run() {
    let application = |scenario: &mut Value, key: &str, value: Value| {
        scenario["workloads"][0]["applications"][0][key] = value;
    };
    let service = |scenario: &mut Value, key: &str, value: Value| {
        scenario["workloads"][0]["applications"][0]["services"][0][key] = value;
    };
    for (text, told) in [
        (
            refused(|own| service(own, "requires", json!({ "cores": 5 }))),
            "the service \"front\" needs at least 5 cores, but the most that a node offers is 4",
        ),
        (
            refused(|own| service(own, "requires", json!({ "cores": 1, "architecture": "riscv64" }))),
            "the service \"front\" needs the architecture riscv64, which no node has",
        ),
        (
            refused(|own| service(own, "requires", json!({}))),
            "the service \"front\" processes requests, but requires no cores",
        ),
        (refused(|own| application(own, "sources", json!("usr"))), "did you mean \"user\"?"),
        (
            refused(|own| application(own, "flows", json!([{ "name": "f", "path": ["back"] }]))),
            "no service is named \"back\"",
        ),
        (
            refused(|own| own["workloads"][0]["nodes"] = json!("user")),
            "no node could ever take the service \"front\": none has cores",
        ),
        (
            refused(|own| own["workloads"][0]["control_period"] = json!("0 s")),
            "the time between control steps must be at least 1 us",
        ),
        (
            refused(|own| own["workloads"][0]["control_period"] = json!("1 ns")),
            "the time between control steps must be at least 1 us",
        ),
        (
            refused(|own| {
                own["workloads"][0]["migration"] = json!({ "kind": "cold", "changed_share": 0.5 })
            }),
            "migration.changed_share: it is of moves that copy twice, which these do not",
        ),
        (
            refused(|own| application(own, "library", json!("sock_shop"))),
            "an application of the library or of a file has services and interactions already",
        ),
    ] {
        assert!(text.contains(told), "{told:?} is not in {text}");
    }
}

/// Each outcome, and the sums that must agree with them, in a world where much happens.
#[test]
fn each_request_has_one_outcome_whatever_happens() {
    for (seed, kind) in [(1, "cold"), (2, "stop_and_copy"), (3, "pre_copy")] {
        for requests in ["wait", "fail"] {
            let scenario = json!({
                "seed": seed,
                "duration": "3 min",
                "infrastructure": { "library": "continuum_tiered", "devices": 6, "edges": 4, "fogs": 2, "clouds": 1 },
                "dynamics": [
                    { "nodes": ["edge", "fog", "device"], "attribute": "availability", "schedule": { "every": "1 s" },
                      "change": { "kind": "availability_flap", "p_fail": 0.02, "p_repair": 0.3 } },
                    { "nodes": ["edge", "fog"], "attribute": "cores", "schedule": { "every": "2 s" },
                      "change": { "kind": "distribution", "factor": { "kind": "uniform", "min": 0.4, "max": 1.1 } } },
                    { "links": "*--*", "attribute": "latency", "schedule": { "every": "1 s" },
                      "change": { "kind": "distribution", "factor": { "kind": "uniform", "min": 0.5, "max": 3 } } }
                ],
                "workloads": [ { "kind": "services", "control_period": "1 s", "nodes": ["edge", "fog"],
                    "routing": { "kind": "power_of_d" },
                    "migration": { "kind": kind, "requests": requests },
                    "applications": [
                        { "library": "sock_shop", "count": 2, "sources": "device", "deadline": "200 ms", "message": "20 kB",
                          "arrival": { "kind": "poisson", "mean_interval": "2 s" } },
                        { "name": "own", "sources": "device", "message": "50 kB",
                          "arrival": { "kind": "poisson", "mean_interval": "1 s" },
                          "services": [
                            { "name": "front", "requires": { "cores": 1.5 }, "processing_time": "150 ms", "state": "20 MB",
                              "start_time": "500 ms", "replicas": 3, "queue_limit": 2, "discipline": "fifo" },
                            { "name": "pass", "requires": { "cores": 0.25 }, "state": "1 MB" } ],
                          "interactions": [ { "from": "front", "to": "pass", "latency": "100 ms", "bandwidth": "1 Mbps", "symmetric": true } ],
                          "flows": [ { "name": "loop", "path": ["front", "pass", "front", "pass"] } ] }
                    ] } ]
            });
            let run = run(&scenario);
            let own = &run.summary()["workloads"]["services"];
            let rows = run.table("requests");
            assert_eq!(own["created"].as_u64(), Some(rows.len() as u64));
            let mut numbers: Vec<u64> = rows.iter().map(|row| row.value("request") as u64).collect();
            numbers.sort_unstable();
            assert!(numbers.iter().copied().eq(0..rows.len() as u64));
            let mut counted = BTreeMap::new();
            for row in &rows {
                *counted.entry(row.text("outcome").to_string()).or_insert(0_u64) += 1;
                let spent_s: f64 =
                    ["network_s", "wait_s", "processing_s"].map(|column| row.value(column)).iter().sum();
                let passed_s = row.value("t_s") - row.value("created_s");
                assert!(spent_s <= passed_s + 1e-6, "{spent_s} of {passed_s}");
                if let Some(response_s) = row.number("response_s") {
                    assert_near(spent_s, response_s, 1e-6);
                }
            }
            for (outcome, count) in own["outcomes"].as_object().unwrap() {
                assert_eq!(
                    counted.get(outcome).copied().unwrap_or(0),
                    count.as_u64().unwrap(),
                    "{outcome}"
                );
            }
            assert!(counted["done"] > 500 && counted.contains_key("lost_to_fault"), "{counted:?}");
            assert!(
                own["migrations"].as_u64() > Some(5) && own["violations"]["all"].as_u64() > Some(20)
            );
            if requests == "wait" {
                assert!(!counted.contains_key("lost_in_migration"));
            }
            let sum = |key: &str| -> f64 {
                own["applications"]
                    .as_object()
                    .unwrap()
                    .values()
                    .map(|app| app[key].as_f64().unwrap())
                    .sum()
            };
            assert_near(sum("downtime_s"), own["downtime_s"].as_f64().unwrap(), 1e-6);
            assert_eq!(sum("migrations"), own["migrations"].as_f64().unwrap());
        }
    }
}

/// A run in which nothing was ever placed is no success: the ways that the shop needs are too slow at all times.
#[test]
fn a_run_that_places_nothing_says_so() {
    let scenario = pair(
        json!({ "name": "shop",
            "services": [ { "name": "front", "requires": { "cores": 3 } }, { "name": "back", "requires": { "cores": 3 } } ],
            "interactions": [ { "from": "front", "to": "back", "latency": "9 ms" } ],
            "flows": [ { "name": "only", "path": ["front", "back"], "arrival": { "kind": "periodic", "period": "1 s" } } ] }),
        json!({}),
    );
    let (result, run) = attempt(&scenario, &[]);
    let text = error_text(&result.failure().code(3));
    let told = "no application was ever placed; the first try failed: the interaction of \"front\" with \"back\" in \
        \"shop\" needs a way of at most 9 ms";
    assert!(text.contains(told), "{text}");
    // What came of it is written nevertheless.
    let own = &run.summary()["workloads"]["services"];
    assert_eq!((&own["ever_placed"], &own["placed_share"]), (&json!(0), &json!(0.0)));
    assert_eq!(own["outcomes"]["not_placed"], own["created"]);
}

const TOWN: &str = r#"{ "eclypse_schema": "1.0", "kind": "infrastructure", "id": "town",
  "nodes": [
    { "id": "a", "attrs": { "cpu": 8, "ram": 16, "storage": 32, "availability": 0.99, "processing_time": 3 } },
    { "id": "b", "attrs": { "cpu": 8, "ram": 16, "storage": 32, "availability": 0.99, "processing_time": 3 } } ],
  "edges": [ { "source": "a", "target": "b", "attrs": { "latency": 5, "bandwidth": 100 } },
             { "source": "b", "target": "a", "attrs": { "latency": 5, "bandwidth": 100 } } ], "extras": {} }"#;

const SHOP: &str = r#"{ "eclypse_schema": "1.0", "kind": "application", "id": "Shop",
  "nodes": [ { "id": "web", "attrs": { "cpu": 5, "processing_time": 10 } },
             { "id": "store", "attrs": { "cpu": 5, "processing_time": 5 } } ],
  "edges": [ { "source": "web", "target": "store", "attrs": { "latency": 40, "bandwidth": 2 } },
             { "source": "store", "target": "web", "attrs": { "latency": 40, "bandwidth": 2 } } ],
  "extras": { "flows": [["web", "store", "web"]] } }"#;

#[test]
fn what_eclypse_exports_can_be_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (name, text) in [("town.json", TOWN), ("shop.json", SHOP)] {
        std::fs::write(path(name), text).unwrap();
    }
    let summary = |arguments: &[&str]| {
        let out = path("out");
        let mut command = crate::support::stratosim();
        command.arg("run").args(arguments).args(["--quiet", "--force", "--out", &out]);
        command.assert().success();
        crate::support::read_json(&folder.path().join("out/summary.json"))["workloads"]["services"]
            .clone()
    };
    let (town, shop) = (path("town.json"), path("shop.json"));
    // The sock shop on the town, or another application of the library.
    assert_eq!(summary(&[&town])["applications"]["sock_shop"]["placed_share"], 1.0);
    assert_eq!(
        summary(&[&town, "--application", "crud_api"])["applications"]["crud_api"]["placed_share"],
        1.0
    );
    // Both of their own, from either side: 10 + 5 + 10 ms, 3 ms a visit at a node, and 5 ms there and back.
    for arguments in [[&town, "--application", &shop], [&shop, "--infrastructure", &town]] {
        let arguments = arguments.map(|own: &str| own);
        let own = summary(&arguments);
        assert_near(own["analytic_response_s"]["mean"].as_f64().unwrap(), 0.044, 1e-9);
        assert_eq!(own["outcomes"]["done"].as_u64().map(|done| done > 500), Some(true));
    }
    // An application alone has a continuum under it.
    assert_eq!(summary(&[&shop])["placed_share"], 1.0);
    // A scenario names its own.
    let result = crate::support::stratosim()
        .args(["run", "tests/good/small.json", "--application", "sock_shop"])
        .assert()
        .code(2);
    assert!(error_text(&result).contains("go with what ECLYPSE has exported"));
}
