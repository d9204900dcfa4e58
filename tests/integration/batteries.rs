//! Batteries of devices: what they give, when they are low, empty and charged, by hand on whole runs.

use crate::support::{Run, assert_near, run};
use serde_json::{Value, json};

/// A phone with this battery and nothing to do, 30 m from an access point.
fn phone(battery: Value, duration: &str) -> Value {
    json!({
        "duration": duration,
        "nodes": [
            { "tier": "edge", "mobility": { "kind": "static" } },
            { "tier": "device", "name": "phone", "power": { "idle": "2 W", "busy": "6 W" }, "battery": battery,
              "mobility": { "kind": "static" } }
        ],
        "workloads": [{ "kind": "tasks", "applications": [{ "arrival": { "kind": "periodic", "period": "10 s" },
            "length": "1 MI", "upload": 0, "download": 0 }] }],
        "output": { "sample": { "interval": "1 s", "tiers": ["device"] } }
    })
}

fn changes(run: &Run) -> Vec<(f64, String)> {
    let rows = run.table("faults");
    rows.iter()
        .map(|row| (row.value("t_s"), row.text("change").trim_start_matches("battery_").into()))
        .collect()
}

fn level(run: &Run, t_s: f64) -> f64 {
    let rows = run.table("nodes");
    let row = rows.iter().find(|row| row.text("node") == "phone" && row.value("t_s") == t_s);
    row.unwrap().value("battery_level")
}

/// 100 J at 2 W: low at 25 s, dead with 10 J left at 45 s. A charger of 5 W comes at 60 s for 30 s: half full at 68 s,
/// when the phone starts, full 50 J at 3 W later, at 84 2/3 s. Then down again: low at 115 s, dead at 135 s.
#[test]
fn a_phone_is_low_dies_and_starts_again_when_it_is_charged() {
    let battery = json!({ "capacity": "100 J", "low": "50 %", "dead": "10 %", "restart": "50 %",
        "charger": { "power": "5 W", "first": "60 s", "lasts": "30 s", "every": "100 s" } });
    let run = run(&phone(battery, "150 s"));
    let expected = [(25.0, "low"), (45.0, "empty"), (68.0, "charged"), (115.0, "low"), (135.0, "empty")];
    assert_eq!(changes(&run), expected.map(|(t_s, change)| (t_s, change.to_owned())));
    for (t_s, share) in [(44.0, 0.12), (59.0, 0.1), (64.0, 0.3), (80.0, 0.86), (90.0, 1.0), (100.0, 0.8)]
    {
        assert_near(level(&run, t_s), share, 1e-9);
    }
    let device = &run.summary()["tiers"]["device"];
    let batteries = &device["batteries"];
    let joules = |value: &Value| value.as_f64().unwrap();
    // 112 s at 2 W, and a ten-thousandth of a second at 4 W more for each task that it ran.
    assert_near(joules(&device["energy_j"]), 224.0, 0.05);
    assert_near(joules(&batteries["charged_j"]), 134.0, 0.05);
    let balance_j = joules(&batteries["initial_j"]) + joules(&batteries["charged_j"])
        - joules(&batteries["left_j"])
        - joules(&device["energy_j"]);
    assert_near(balance_j, 0.0, 1e-9);
    assert_eq!((&batteries["nodes"], &batteries["empty"]), (&json!(1), &json!(1)));
    // It creates tasks while it works only.
    let created: Vec<f64> = run.tasks().iter().map(|task| task.value("created_s")).collect();
    assert!(created.iter().all(|t_s| *t_s <= 45.0 || (68.0..=135.0).contains(t_s)), "{created:?}");
    assert!(created.iter().any(|t_s| *t_s > 68.0) && created.iter().any(|t_s| *t_s < 45.0));
}

/// The published battery with a load of 0.96 W: 91 minutes, with 2 W hours of which a part stays behind.
#[test]
fn a_battery_with_two_wells_leaves_energy_behind() {
    let battery = json!({ "capacity": "7200 J",
        "model": { "kind": "two_wells", "available": "62.5 %", "recovery_per_s": 1.92e-4 } });
    let mut scenario = phone(battery, "2 h");
    scenario["nodes"][1]["power"] = json!({ "idle": "0.96 W", "busy": "0.96 W" });
    scenario["output"] = json!({ "sample": { "interval": "1 h", "tiers": ["device"] } });
    let run = run(&scenario);
    let [(t_s, change)] = &changes(&run)[..] else { panic!("one death") };
    assert_eq!((change.as_str(), (t_s / 60.0).round()), ("empty", 91.0));
    let left_j = run.summary()["tiers"]["device"]["batteries"]["left_j"].as_f64().unwrap();
    assert_near(left_j, 7200.0 - 0.96 * t_s, 1e-6);
}

/// Where the phone walks to does not depend on where its charger is: it stops when it dies and goes on from there.
#[test]
fn a_device_stops_where_it_dies_and_goes_on_from_there() {
    let battery = json!({ "capacity": "40 J", "restart": "90 %",
        "charger": { "power": "10 W", "first": "30 s", "lasts": "60 s" } });
    let mut scenario = phone(battery, "60 s");
    scenario["area"] = json!({ "width": "1 km", "height": "1 km" });
    scenario["nodes"][1]["mobility"] =
        json!({ "kind": "random_waypoint", "min_speed": "5 m/s", "max_speed": "10 m/s" });
    scenario["output"] = json!({ "sample": { "interval": "1 s", "positions": true } });
    let run = run(&scenario);
    assert_eq!(changes(&run), [(20.0, "empty".to_owned()), (33.6, "charged".to_owned())]);
    let rows = run.table("positions");
    let places: Vec<[f64; 3]> = rows
        .iter()
        .filter(|row| row.text("node") == "phone")
        .map(|row| [row.value("t_s"), row.value("x_m"), row.value("y_m")])
        .collect();
    let walked_m = |from_s: f64, to_s: f64| -> Vec<f64> {
        let between = |pair: &&[[f64; 3]]| pair[0][0] >= from_s && pair[1][0] <= to_s;
        let pairs = places.windows(2).filter(between);
        pairs.map(|pair| (pair[1][1] - pair[0][1]).hypot(pair[1][2] - pair[0][2])).collect()
    };
    assert!(walked_m(0.0, 60.0).iter().all(|step_m| *step_m <= 10.0 + 1e-6), "a jump");
    assert_eq!(walked_m(20.0, 33.0), [0.0; 13], "it moved without energy");
    assert!(walked_m(0.0, 20.0).iter().sum::<f64>() > 20.0);
    assert!(walked_m(34.0, 60.0).iter().sum::<f64>() > 20.0, "it stands after it was charged");
}

/// Energy per bit by technology, and of the amplifier by the distance of 30 m.
#[test]
fn technologies_have_their_energy_per_bit() {
    let sent = |interface: Value| {
        let mut scenario = phone(json!({ "capacity": "1 MJ" }), "100 s");
        scenario["nodes"][0]["mobility"] =
            json!({ "kind": "static", "positions": [{ "x": 0, "y": 0 }] });
        scenario["nodes"][1]["mobility"] =
            json!({ "kind": "static", "positions": [{ "x": 0, "y": 30 }] });
        scenario["nodes"][1]["power"] = json!({ "idle": 0, "busy": 0 });
        scenario["nodes"][1]["interface"] = interface;
        scenario["workloads"][0]["applications"][0]["upload"] = json!("1 kB");
        scenario["workloads"][0]["applications"][0]["download"] = json!("2 kB");
        let run = run(&scenario);
        let tasks = run.tasks().len() as f64;
        let energy_j = run.summary()["tiers"]["device"]["energy_j"].as_f64().unwrap();
        energy_j * 1e9 / tasks
    };
    assert_near(sent(json!({ "technology": "wifi" })), 8000.0 * 283.17 + 16_000.0 * 137.01, 1.0);
    assert_near(sent(json!({ "technology": "lte" })), 8000.0 * 438.4 + 16_000.0 * 51.97, 1.0);
    let own =
        json!({ "technology": "ethernet", "receive_nj_per_bit": 1, "amplifier_nj_per_bit_m2": 0.1 });
    assert_near(sent(own), 8000.0 * (40.0 + 0.1 * 900.0) + 16_000.0, 1.0);
}

/// What the radio takes comes on top: 100 J at 2 W, and 8 J for each of two uploads of 1 MB at 1 uJ/bit.
#[test]
fn transfers_bring_death_nearer_by_their_energy() {
    let mut scenario = phone(json!({ "capacity": "100 J" }), "60 s");
    scenario["nodes"][1]["power"] = json!({ "idle": "2 W", "busy": "2 W" });
    scenario["nodes"][1]["interface"] = json!({ "transmit_nj_per_bit": 1000 });
    let application = &mut scenario["workloads"][0]["applications"][0];
    application["arrival"] = json!({ "kind": "trace", "file": "trace.csv" });
    application["upload"] = json!("1 MB");
    scenario["policies"] = json!({ "offloading": { "kind": "edge_only" } });
    let run = crate::support::run_with(&scenario, &[("trace.csv", "t_s\n10\n20\n")]);
    let [(t_s, change)] = &changes(&run)[..] else { panic!("one death") };
    assert_eq!(change, "empty");
    assert_near(*t_s, (100.0 - 16.0) / 2.0, 1e-9);
    assert_near(run.summary()["tiers"]["device"]["network_j"].as_f64().unwrap(), 16.0, 1e-9);
}

/// An edge node on 400 J at 20 W dies at 20 s, with its access point and the task on it. A charger of 60 W comes at
/// 30 s: half full after 200 J, at 33 1/3 s, it serves again.
#[test]
fn an_edge_node_dies_with_the_tasks_on_it_and_comes_back() {
    let mut scenario = phone(json!(null), "60 s");
    scenario["nodes"][0] = json!({ "tier": "edge", "name": "pole", "cores": 1, "mips_per_core": 1000,
        "power": { "idle": "18 W", "busy": "18 W" }, "mobility": { "kind": "static" },
        "access_point": { "latency": 0, "radio_energy": { "idle": "2 W" } },
        "battery": { "capacity": "400 J", "low": "25 %", "restart": "50 %",
            "charger": { "power": "60 W", "first": "30 s" } } });
    let application = &mut scenario["workloads"][0]["applications"][0];
    application["arrival"] = json!({ "kind": "trace", "file": "trace.csv" });
    application["length"] = json!("10 GI");
    scenario["policies"] = json!({ "offloading": { "kind": "edge_only" } });
    scenario["output"]["sample"]["tiers"] = json!(["edge"]);
    let run = crate::support::run_with(&scenario, &[("trace.csv", "t_s\n5\n15\n40\n")]);
    let found = changes(&run);
    let expected = [(15.0, "low"), (20.0, "empty"), (30.0 + 200.0 / 60.0, "charged")];
    assert_eq!(found.len(), 3, "{found:?}");
    for ((t_s, change), (expected_s, name)) in found.iter().zip(expected) {
        assert_near(*t_s, expected_s, 1e-9);
        assert_eq!(change, name);
    }
    let ends: Vec<(String, f64)> =
        run.tasks().iter().map(|row| (row.text("outcome").to_owned(), row.value("t_s"))).collect();
    let [done, lost, later] = &ends[..] else { panic!("three tasks: {ends:?}") };
    assert_eq!(
        (done.0.as_str(), lost.0.as_str(), later.0.as_str()),
        ("done", "lost_to_battery", "done")
    );
    assert_near(done.1, 15.0, 1e-6);
    assert_eq!(lost.1, 20.0);
    assert_near(later.1, 50.0, 1e-6);
    // Its device is without an access point meanwhile.
    let handovers = run.table("handovers");
    let found: Vec<(f64, &str)> =
        handovers.iter().map(|row| (row.value("t_s"), row.text("to"))).collect();
    assert_eq!(found[0], (0.0, "pole"));
    assert_eq!(found[1], (20.0, ""));
    assert_near(found[2].0, expected[2].0, 1e-9);
    assert_eq!(found[2].1, "pole");
}

/// What a phone has begun dies with it: the input that it sends, and the task that it waits for.
#[test]
fn tasks_end_with_the_device_that_asked_for_them() {
    let mut scenario = phone(json!({ "capacity": "100 J" }), "90 s");
    scenario["nodes"][1]["power"] = json!({ "idle": "2 W", "busy": "2 W" });
    scenario["nodes"][0]["mips_per_core"] = json!(1000);
    scenario["nodes"][0]["access_point"] = json!({ "uplink": "8 Mbps", "latency": 0 });
    let application = &mut scenario["workloads"][0]["applications"][0];
    application["arrival"] = json!({ "kind": "trace", "file": "trace.csv" });
    application["length"] = json!("15 GI");
    application["upload"] = json!("1 MB");
    scenario["policies"] = json!({ "offloading": { "kind": "edge_only" } });
    // Sent by 41 s and worked on until 56 s; sent from 49.5 s on, for a second; after its death.
    let run = crate::support::run_with(&scenario, &[("trace.csv", "t_s\n40\n49.5\n60\n")]);
    assert_eq!(changes(&run), [(50.0, "empty".to_owned())]);
    let tasks = run.tasks();
    assert_eq!(tasks.len(), 2, "a dead phone creates no tasks");
    for task in &tasks {
        assert_eq!(task.text("outcome"), "lost_to_battery", "{task:?}");
    }
    assert_eq!(tasks[1].value("t_s"), 50.0);
    let sent = &run.table("transfers")[1];
    assert_eq!((sent.text("outcome"), sent.value("t_s")), ("lost_to_battery", 50.0));
    assert_near(sent.value("sent_bytes"), 500_000.0, 1e-3);
}

/// Each type of device has its own charge at the start: fixed, or drawn for each.
#[test]
fn types_of_devices_start_with_their_own_charge() {
    let none = json!({ "idle": 0, "busy": 0 });
    let device = |name: &str, level: Value| {
        json!({ "tier": "device", "name": name, "count": 40, "power": none,
            "battery": { "capacity": "1 kJ", "level": level }, "mobility": { "kind": "static" } })
    };
    let scenario = json!({
        "duration": "2 s",
        "nodes": [
            { "tier": "edge" },
            device("sensor", json!("25 %")),
            device("phone", json!({ "kind": "uniform", "min": "20 %", "max": "40 %" })),
            device("watch", json!({ "kind": "empirical", "values": ["10 %", "90 %"] }))
        ],
        "output": { "sample": { "interval": "1 s", "tiers": ["device"] } }
    });
    let run = run(&scenario);
    let rows = run.table("nodes");
    let levels = |name: &str| -> Vec<f64> {
        let own =
            rows.iter().filter(|row| row.value("t_s") == 1.0 && row.text("node").starts_with(name));
        own.map(|row| row.value("battery_level")).collect()
    };
    assert_eq!(levels("sensor"), [0.25; 40]);
    let phones = levels("phone");
    let mean = phones.iter().sum::<f64>() / 40.0;
    // Four deviations of the mean of 40 draws: 0.2 / sqrt(12 * 40) each.
    assert_near(mean, 0.3, 4.0 * 0.2 / 480f64.sqrt());
    assert!(phones.iter().all(|level| (0.2..0.4).contains(level)), "{phones:?}");
    assert!(phones.windows(2).all(|pair| pair[0] != pair[1]), "drawn for each");
    let watches = levels("watch");
    let empty = watches.iter().filter(|level| (**level - 0.1).abs() < 1e-12).count();
    let full = watches.iter().filter(|level| (**level - 0.9).abs() < 1e-12).count();
    assert!(empty + full == 40 && empty > 5 && full > 5, "{watches:?}");
}
