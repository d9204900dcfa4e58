//! What moves, outages and prices of services come to in tables and summary, by hand.

use crate::support::{Run, assert_near, run};
use serde_json::{Value, json};

/// One service of 10 MB with a start of 2 s, which answers a user every 500 ms.
fn shop() -> Value {
    json!({
        "name": "shop",
        "services": [ { "name": "front", "requires": { "cores": 2 }, "processing_time": "100 ms",
            "state": "10 MB", "start_time": "2 s" } ],
        "flows": [ { "name": "only", "path": ["front"], "sources": "user",
            "arrival": { "kind": "periodic", "period": "500 ms" } } ]
    })
}

/// Nodes `near`, `far` and `third` in a row, with 80 Mbps between them.
fn scenario(more: Value) -> Value {
    let mut scenario = json!({
        "duration": "1 min",
        "nodes": [
            { "tier": "cloud", "name": "near", "cores": 4, "mips_per_core": "1 GIPS" },
            { "tier": "cloud", "name": "far", "cores": 4, "mips_per_core": "1 GIPS" },
            { "tier": "cloud", "name": "third", "cores": 4, "mips_per_core": "1 GIPS" },
            { "tier": "network", "name": "user", "cores": 0 }
        ],
        "network": { "links": [
            { "a": "user", "b": "near", "latency": "5 ms", "bandwidth": "1 Gbps" },
            { "a": "near", "b": "far", "latency": "10 ms", "bandwidth": "80 Mbps" },
            { "a": "near", "b": "third", "latency": "10 ms", "bandwidth": "80 Mbps" }
        ] },
        "workloads": [ { "kind": "services", "applications": [shop()] } ],
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

fn cores(node: &str, at: &str, value: f64) -> Value {
    json!({ "nodes": node, "attribute": "cores", "schedule": { "at": [at] },
        "change": { "kind": "set_value", "value": value } })
}

fn services(run: &Run) -> Value {
    run.summary()["workloads"]["services"].clone()
}

/// For 3 s its only node is too small: the replica has no place, and its state is gone.
#[test]
fn a_replica_that_comes_back_without_its_state_has_moved_afresh() {
    let lost = run(&scenario(json!({
        "services": { "nodes": "near" },
        "dynamics": [cores("near", "20 s", 1.0), cores("near", "23 s", 4.0)]
    })));
    let rows = lost.table("service_migrations");
    assert_eq!(rows.len(), 2);
    let row = &rows[1];
    assert_eq!((row.text("from"), row.text("to"), row.text("outcome")), ("near", "near", "afresh"));
    assert_eq!((row.text("kind"), row.value("sent_bytes")), ("", 0.0));
    assert_near(row.value("downtime_s"), 5.0, 1e-9);
    let own = services(&lost);
    assert_eq!((&own["migrations"], &own["afresh"]), (&json!(1), &json!(1)));
    assert_near(own["migration_downtime_s"]["sum"].as_f64().unwrap(), 5.0, 1e-9);
    assert_near(own["downtime_s"].as_f64().unwrap(), 5.0, 1e-9);
}

/// A reset of the whole takes the state away, too, and no reset is free.
#[test]
fn a_reset_costs_the_state_and_the_start() {
    let reset = run(&scenario(json!({
        "services": { "repair": "whole" },
        "dynamics": [cores("near", "20.5 s", 1.0)]
    })));
    let rows = reset.table("service_migrations");
    let row = &rows[1];
    assert_eq!((row.text("from"), row.text("to"), row.text("outcome")), ("near", "far", "afresh"));
    assert_near(row.value("downtime_s"), 2.5, 1e-9);
    assert_eq!(services(&reset)["afresh"], 1);
}

/// What a move had sent when it was broken off is sent, and paid for; its downtime goes on into the next move.
#[test]
fn a_move_that_is_broken_off_has_sent_what_it_has() {
    let broken = run(&scenario(json!({
        "services": { "prices": { "transfer_gb": 1 } },
        "dynamics": [cores("near", "20 s", 1.0), cores("far", "20.5 s", 1.0)]
    })));
    let rows = broken.table("service_migrations");
    let ends: Vec<String> = rows.iter().map(|row| row.text("outcome").to_owned()).collect();
    assert_eq!(ends, ["done", "abandoned", "done"]);
    let sent = rows[1].value("sent_bytes");
    assert!((1e6..6e6).contains(&sent), "{sent} bytes of about half a second at 80 Mbps");
    let dropped: f64 = broken
        .table("transfers")
        .iter()
        .filter(|row| row.text("outcome") == "dropped")
        .map(|row| row.value("sent_bytes"))
        .sum();
    assert_near(sent, dropped, 1e-9);
    let own = services(&broken);
    let network = broken.summary()["network"]["sent_bytes"].as_f64().unwrap();
    assert_near(own["sent_bytes"].as_f64().unwrap(), network, 1e-3);
    assert_near(own["cost"]["transfers"].as_f64().unwrap(), network / 1e9, 1e-9);
    let downtimes: f64 = rows.iter().filter_map(|row| row.number("downtime_s")).sum();
    assert_eq!(rows[1].number("downtime_s"), None);
    assert_near(own["migration_downtime_s"]["sum"].as_f64().unwrap(), downtimes, 1e-9);
    assert_near(own["downtime_s"].as_f64().unwrap(), downtimes, 1e-9);
}

/// Nothing that happens before the end of the warm-up counts.
#[test]
fn moves_of_the_warm_up_do_not_count() {
    let warm = |warm_up: &str| {
        services(&run(&scenario(json!({
            "warm_up": warm_up, "dynamics": [cores("near", "20 s", 1.0)]
        }))))
    };
    let all = warm("0 s");
    assert_eq!((&all["migrations"], &all["placement_changes"]), (&json!(1), &json!(1)));
    let late = warm("40 s");
    for key in ["migrations", "placement_changes", "afresh", "abandoned_moves", "reroutes"] {
        assert_eq!(late[key], 0, "{key}");
    }
    assert_eq!(late["migration_downtime_s"]["sum"], 0.0);
    assert_eq!(late["violations"]["all"], 0);
}

/// An application that has all cores of a node pays what the site pays, however seldom it is controlled.
#[test]
fn energy_costs_what_it_costs_when_it_is_drawn() {
    let priced = |period: &str| {
        let run = run(&json!({
            "duration": "2 h",
            "nodes": [ { "tier": "cloud", "name": "node", "cores": 2, "mips_per_core": "1 GIPS",
                "power": { "kind": "linear", "idle": "40 W", "busy": "200 W" } } ],
            "signals": { "price": { "unit": "EUR/MWh", "points": [[0, 100], ["30 min", 300]], "outside": "hold" } },
            "sites": [ { "name": "site", "nodes": "node", "price": "price" } ],
            "workloads": [ { "kind": "services", "control_period": period, "applications": [ { "name": "one",
                "services": [ { "name": "only", "requires": { "cores": 2 }, "processing_time": "10 min" } ],
                "flows": [ { "name": "flow", "path": ["only"], "arrival": { "kind": "intervals", "interval": "1 h" } } ]
            } ] } ],
            "output": { "tables": [] }
        }));
        let summary = run.summary();
        let site = summary["sites"]["site"]["cost"].as_f64().unwrap();
        assert_near(services(&run)["cost"]["energy"].as_f64().unwrap(), site, 1e-9 * site);
    };
    priced("2 h");
    priced("1 min");
}

/// The time of an unfinished request is told by stage, and the rows are in order.
#[test]
fn unfinished_requests_tell_where_their_time_went() {
    let mut own = scenario(json!({ "duration": "10 s" }));
    own["workloads"][0]["applications"][0]["services"][0]["processing_time"] = json!("3 s");
    own["workloads"][0]["applications"][0]["services"][0]["discipline"] = json!("fifo");
    let run = run(&own);
    let rows = run.table("requests");
    let left: Vec<_> = rows.iter().filter(|row| row.text("outcome") == "unfinished").collect();
    assert!(left.len() > 10);
    for row in &left {
        let spans: f64 = ["network_s", "wait_s", "processing_s"].map(|key| row.value(key)).iter().sum();
        assert_near(spans, row.value("t_s") - row.value("created_s"), 1e-9);
    }
    assert!(left.iter().map(|row| row.value("request")).is_sorted());
}

/// Applications of the library can have state, too.
#[test]
fn services_that_do_not_say_have_the_state_of_the_application() {
    let mut own = scenario(json!({ "dynamics": [cores("near", "20 s", 1.0)] }));
    let application = &mut own["workloads"][0]["applications"][0];
    let service = application["services"][0].as_object_mut().unwrap();
    service.remove("state");
    service.remove("start_time");
    application["state"] = json!("20 MB");
    application["start_time"] = json!("4 s");
    let rows = run(&own).table("service_migrations");
    assert_eq!(rows[1].value("sent_bytes"), 20e6);
    // 20 MB at 80 Mbps and 10 ms, then the start; requests have a little of the link.
    assert_near(rows[1].value("downtime_s"), 6.01, 0.02);
    assert_eq!(rows[0].value("t_s"), 4.0);
}
