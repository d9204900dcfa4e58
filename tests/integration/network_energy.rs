//! Energy on all tiers, networks included, by hand on whole runs; and that none is lost or counted twice.

use crate::support::{Run, assert_near, run};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A phone 30 m from an access point with a server, and a cloud behind it. Ten tasks, 1 kB up and 2 kB down. Nothing but
/// the networks draws power.
fn scenario(policy: &str) -> Value {
    let off = json!({ "idle": 0, "busy": 0 });
    json!({
        "duration": "100 s",
        "nodes": [
            { "tier": "cloud", "power": off },
            { "tier": "edge", "power": off,
              "mobility": { "kind": "static", "positions": [{ "x": 0, "y": 0 }] } },
            { "tier": "device", "name": "phone", "power": off,
              "mobility": { "kind": "static", "positions": [{ "x": 0, "y": 30 }] } }
        ],
        "workloads": [{ "kind": "tasks", "applications": [{ "arrival": { "kind": "periodic", "period": "9.5 s" },
            "length": "1 MI", "upload": "1 kB", "download": "2 kB" }] }],
        "policies": { "offloading": { "kind": policy } },
        "output": { "sample": { "interval": "10 s", "tiers": ["device", "edge", "cloud"] } }
    })
}

fn joules(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn network(run: &Run, name: &str, part: &str) -> f64 {
    joules(&run.summary()["energy"]["networks"][name][part])
}

fn tier(run: &Run, name: &str, part: &str) -> f64 {
    joules(&run.summary()["tiers"][name][part])
}

/// Nanojoules of 8000 bits up and 16 000 down for each task.
fn of_tasks(run: &Run, uplink_nj: f64, downlink_nj: f64) -> f64 {
    let tasks = run.tasks();
    assert!(tasks.len() > 5 && tasks.iter().all(|task| task.text("outcome") == "done"));
    tasks.len() as f64 * (8000.0 * uplink_nj + 16_000.0 * downlink_nj) * 1e-9
}

#[test]
fn radios_of_technologies_draw_from_their_access_points() {
    for (technology, device, radio) in [
        ("wifi", (283.17, 137.01), (23.8, 23.8)),
        ("lte", (438.4, 51.97), (6200.0, 20_500.0)),
        ("ethernet", (40.0, 40.0), (40.0, 40.0)),
    ] {
        let mut scenario = scenario("edge_only");
        scenario["nodes"][1]["access_point"] = json!({ "radio_energy": { "technology": technology } });
        scenario["nodes"][2]["interface"] = json!({ "technology": technology });
        let run = run(&scenario);
        assert_near(tier(&run, "device", "energy_j"), of_tasks(&run, device.0, device.1), 1e-12);
        assert_near(tier(&run, "edge", "energy_j"), of_tasks(&run, radio.0, radio.1), 1e-12);
        assert_near(network(&run, "wlan", "interfaces_j"), of_tasks(&run, device.0, device.1), 1e-12);
        assert_near(network(&run, "wlan", "radios_j"), of_tasks(&run, radio.0, radio.1), 1e-12);
        for name in ["man", "wan", "cellular"] {
            assert_eq!(network(&run, name, "total_j"), 0.0, "{name}");
        }
        for name in ["device", "edge"] {
            assert_eq!(tier(&run, name, "network_j"), tier(&run, name, "energy_j"));
        }
    }
}

#[test]
fn figures_of_ones_own_go_before_those_of_a_technology_and_stand_for_5g() {
    let mut scenario = scenario("edge_only");
    scenario["nodes"][1]["access_point"] = json!({ "network": "cellular", "radio_energy":
        { "technology": "5g", "uplink": "0.5 uJ/bit", "downlink": "200 nJ/bit" } });
    scenario["nodes"][2]["interface"] =
        json!({ "technology": "5g", "transmit_nj_per_bit": 300, "receive_nj_per_bit": 30 });
    let run = run(&scenario);
    assert_near(network(&run, "cellular", "radios_j"), of_tasks(&run, 500.0, 200.0), 1e-12);
    assert_near(network(&run, "cellular", "interfaces_j"), of_tasks(&run, 300.0, 30.0), 1e-12);
}

/// The figure of a wide-area network, 46.7 nJ per bit, on the way to the cloud, whichever model the link has.
#[test]
fn links_draw_for_what_they_carry() {
    for model in ["fair_share", "unshared", "mm1"] {
        let mut scenario = scenario("cloud_only");
        scenario["network"] = json!({ "links": [{ "a": "edge", "b": "cloud", "energy_per_bit": "46.7 nJ/bit",
            "model": { "kind": model } }] });
        scenario["nodes"][0]["interface"] = json!({ "technology": "ethernet" });
        let run = run(&scenario);
        assert_near(network(&run, "wan", "links_j"), of_tasks(&run, 46.7, 46.7), 1e-9);
        assert_near(network(&run, "wan", "interfaces_j"), of_tasks(&run, 40.0, 40.0), 1e-12);
        let energy = &run.summary()["energy"];
        assert_near(joules(&energy["links_j"]), of_tasks(&run, 46.7, 46.7), 1e-9);
        assert_near(joules(&energy["total_j"]), of_tasks(&run, 86.7, 86.7), 1e-9);
    }
}

/// 5 W while the access point works: it fails for 20 of the 100 s, and draws nothing of its own then.
#[test]
fn an_idle_radio_draws_as_long_as_its_node_works() {
    let mut scenario = scenario("local_only");
    scenario["nodes"][1]["access_point"] = json!({ "radio_energy": { "idle": "5 W" } });
    scenario["nodes"][1]["power"] = json!({ "idle": "3 W", "busy": "3 W" });
    scenario["faults"] =
        json!([{ "nodes": ["edge"], "outages": [{ "fail": "30 s", "repair": "50 s" }] }]);
    let run = run(&scenario);
    assert_near(tier(&run, "edge", "energy_j"), 640.0, 1e-9);
    assert_near(tier(&run, "edge", "network_j"), 400.0, 1e-9);
    assert_near(network(&run, "wlan", "radios_j"), 400.0, 1e-9);
    let rows = run.table("network_energy");
    let of = |t_s: f64| {
        let row = rows.iter().find(|row| row.text("network") == "wlan" && row.value("t_s") == t_s);
        row.unwrap().value("radios_j")
    };
    assert_eq!([of(30.0), of(40.0), of(50.0), of(60.0)], [50.0, 0.0, 0.0, 50.0]);
}

/// A cellular network that leads past the access points: its base station is no node.
#[test]
fn base_stations_of_direct_networks_are_counted_to_their_link() {
    let mut scenario = scenario("cloud_only");
    scenario["nodes"][1]["access_point"] =
        json!({ "range": "1 m", "radio_energy": { "technology": "wifi" } });
    scenario["nodes"][2]["interface"] = json!({ "technology": "lte" });
    scenario["network"] = json!({
        "links": [{ "a": "edge", "b": "cloud" }],
        "direct": [{ "name": "lte", "network": "cellular", "to": "cloud", "uplink": "20 Mbps",
            "radio_energy": { "technology": "lte" } }]
    });
    for half_duplex in [false, true] {
        scenario["network"]["direct"][0]["half_duplex"] = json!(half_duplex);
        let run = run(&scenario);
        assert_near(network(&run, "cellular", "links_j"), of_tasks(&run, 6200.0, 20_500.0), 1e-12);
        assert_near(network(&run, "cellular", "interfaces_j"), of_tasks(&run, 438.4, 51.97), 1e-12);
        assert_eq!(network(&run, "wlan", "total_j"), 0.0);
        assert_eq!(tier(&run, "edge", "energy_j"), 0.0);
    }
}

/// A phone walks from one access point to another while it sends 12 MB at 8 Mbit/s from 1 s on. At 6 s it is half-way:
/// each carries the bytes of its time, and the amplifier's energy goes by the distance to the one that was used, 50 m.
#[test]
fn each_access_point_draws_for_the_bytes_that_it_carried() {
    let mut scenario = scenario("cloud_only");
    scenario["area"] = json!({ "width": "100 m", "height": "1 m" });
    scenario["nodes"][1] = json!({ "tier": "edge", "count": 2, "power": { "idle": 0, "busy": 0 },
        "access_point": { "uplink": "8 Mbps", "latency": 0,
            "radio_energy": { "uplink": "1 nJ/bit" } },
        "mobility": { "kind": "static", "positions": [{ "x": 0, "y": 0 }, { "x": 100, "y": 0 }] } });
    scenario["nodes"][2]["interface"] =
        json!({ "transmit_nj_per_bit": 2, "amplifier_nj_per_bit_m2": 0.01 });
    scenario["nodes"][2]["mobility"] = json!({ "kind": "trajectories", "paths": [[
        { "t": "0 s", "x": 20, "y": 0 }, { "t": "12 s", "x": 80, "y": 0 } ]] });
    let application = &mut scenario["workloads"][0]["applications"][0];
    application["arrival"] = json!({ "kind": "trace", "file": "one.csv" });
    application["upload"] = json!("12 MB");
    application["download"] = json!(0);
    let run = crate::support::run_with(&scenario, &[("one.csv", "t_s\n1\n")]);
    let handovers = run.table("handovers");
    let crossing = handovers.iter().find(|row| row.text("to") == "edge-1").unwrap().value("t_s");
    assert_near(crossing, 6.0, 1e-6);
    let rows = run.table("nodes");
    let of = |node: &str| {
        let row = rows.iter().find(|row| row.text("node") == node && row.value("t_s") == 100.0);
        row.unwrap().value("energy_j")
    };
    assert_near(of("edge-0"), (crossing - 1.0) * 8e6 * 1e-9, 1e-12);
    assert_near(of("edge-1"), (13.0 - crossing) * 8e6 * 1e-9, 1e-9);
    // To edge-0 it is 50 m at the handover, to edge-1 20 m at the end of its way.
    let expected_nj =
        (crossing - 1.0) * 8e6 * (2.0 + 0.01 * 2500.0) + (13.0 - crossing) * 8e6 * (2.0 + 4.0);
    assert_near(of("phone"), expected_nj * 1e-9, 1e-6);
}

/// What is lost on its way hop by hop has taken the energy of the hops that it took, and its receiver none.
#[test]
fn who_receives_nothing_draws_nothing() {
    let mut scenario = scenario("cloud_only");
    let table = json!({ "kind": "throughput_table", "file": "rates.csv" });
    scenario["nodes"][1]["access_point"] =
        json!({ "model": table, "radio_energy": { "technology": "wifi" } });
    scenario["nodes"][0]["interface"] = json!({ "receive_nj_per_bit": 1000 });
    scenario["nodes"][2]["interface"] = json!({ "technology": "wifi" });
    // The link takes nothing at all.
    scenario["network"] = json!({ "links": [{ "a": "edge", "b": "cloud", "energy_per_bit": "1 nJ/bit",
        "model": { "kind": "fair_share" }, "transfer_limit": 0 }] });
    let rates = ("rates.csv", "transfers,rate_kbps\n0,8000\n1,8000\n");
    let run = crate::support::run_with(&scenario, &[rates]);
    let tasks = run.tasks();
    assert!(tasks.len() > 5 && tasks.iter().all(|task| task.text("outcome") == "refused_for_bandwidth"));
    let bits = 8000.0 * tasks.len() as f64;
    assert_near(tier(&run, "device", "energy_j"), bits * 283.17e-9, 1e-12);
    assert_near(tier(&run, "edge", "energy_j"), bits * 23.8e-9, 1e-12);
    assert_eq!(tier(&run, "cloud", "energy_j"), 0.0);
    assert_eq!(network(&run, "wan", "total_j"), 0.0);
    // A message that is refused on its second hop was sent once.
    assert_eq!(
        run.table("transfers").iter().map(|row| row.value("sent_bytes")).sum::<f64>(),
        bits / 8.0
    );
}

/// One task of 4 GI on one core of 1000 MIPS: 4 s of a half, a fourth and an eighth of what is above idle.
#[test]
fn every_tier_draws_idle_and_busy_power() {
    for (policy, busy) in [("local_only", "device"), ("edge_only", "edge"), ("cloud_only", "cloud")] {
        let mut scenario = scenario(policy);
        let tiers = [("cloud", 8.0, 200.0, 840.0), ("edge", 4.0, 50.0, 90.0), ("device", 2.0, 1.0, 3.3)];
        for (node, (_, cores, idle_w, busy_w)) in tiers.into_iter().enumerate() {
            let node = &mut scenario["nodes"][node];
            node["cores"] = json!(cores as u32);
            node["mips_per_core"] = json!(1000);
            node["power"] = json!({ "idle": idle_w, "busy": busy_w });
        }
        let application = &mut scenario["workloads"][0]["applications"][0];
        application["arrival"] = json!({ "kind": "trace", "file": "one.csv" });
        application["length"] = json!("4 GI");
        let run = crate::support::run_with(&scenario, &[("one.csv", "t_s\n7\n")]);
        let mut total_j = 0.0;
        for (name, cores, idle_w, busy_w) in tiers {
            let more_j = if name == busy { 4.0 * (busy_w - idle_w) / cores } else { 0.0 };
            assert_near(tier(&run, name, "energy_j"), 100.0 * idle_w + more_j, 1e-6);
            assert_eq!(tier(&run, name, "network_j"), 0.0);
            total_j += 100.0 * idle_w + more_j;
        }
        let energy = &run.summary()["energy"];
        assert_near(joules(&energy["nodes_j"]), total_j, 1e-6);
        assert_near(joules(&energy["total_j"]), total_j, 1e-6);
        // Nothing in the networks draws: there is a summary, but no table.
        assert_eq!(network(&run, "wlan", "total_j"), 0.0);
        assert!(!run.path.join("tables/network_energy.csv").exists());
    }
}

/// Everything that draws: phones with batteries and chargers that die and come back, radios, links, a site with its own
/// sources, faults; over models and technologies.
fn full() -> impl Strategy<Value = Value> {
    let models = prop_oneof![Just("fair_share"), Just("unshared"), Just("mm1")];
    let technologies = prop_oneof![Just("wifi"), Just("lte"), Just("ethernet")];
    (models, technologies, 0u32..1000, 1u32..12, 0.0f64..8.0, any::<bool>()).prop_map(
        |(model, technology, seed, count, idle_w, two_wells)| {
            let wells = if two_wells {
                json!({ "kind": "two_wells", "available": "60 %", "recovery_per_s": 1e-3 })
            } else {
                json!({ "kind": "ideal" })
            };
            json!({
                "seed": seed,
                "duration": "300 s",
                "area": { "width": "400 m", "height": "400 m" },
                "nodes": [
                    { "tier": "cloud", "interface": { "technology": "ethernet" } },
                    { "tier": "edge", "count": 2, "power": { "idle": "20 W", "busy": "60 W" },
                      "interface": { "technology": "ethernet" },
                      "access_point": { "range": "250 m", "uplink": "20 Mbps", "downlink": "20 Mbps",
                        "radio_energy": { "technology": technology, "idle": idle_w } } },
                    { "tier": "device", "count": count, "interface": { "technology": technology },
                      "battery": { "capacity": "900 J", "model": wells, "dead": "10 %", "restart": "40 %",
                        "level": { "kind": "uniform", "min": "15 %", "max": "90 %" },
                        "charger": { "power": "8 W", "first": { "kind": "uniform", "min": "0 s", "max": "200 s" },
                          "lasts": "40 s", "every": "150 s" } } }
                ],
                "network": { "model": { "kind": model }, "topology": [{ "kind": "hierarchical",
                    "edge_link": { "bandwidth": "100 Mbps", "energy_per_bit": "46.7 nJ/bit" } }] },
                "signals": { "sun": { "unit": "W", "constant": 240 } },
                "sites": [{ "name": "city", "nodes": ["edge", "cloud"], "pue": 1.2,
                    "generation": [{ "signal": "sun" }] }],
                "faults": [{ "nodes": ["edge-1"], "outages": [{ "fail": "100 s", "repair": "160 s" }] }],
                "workloads": [{ "kind": "tasks", "applications": [{
                    "arrival": { "kind": "poisson", "mean_interval": "5 s" }, "length": "2 GI",
                    "upload": "1 MB", "download": "500 kB" }] }],
                "policies": { "offloading": { "kind": "random" } },
                "output": { "sample": { "interval": "10 s", "tiers": ["device", "edge", "cloud"] } }
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_energy_is_counted_once(scenario in full()) {
        let run = run(&scenario);
        let summary = run.summary();
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
        let (mut tiers_j, mut network_j) = (0.0, 0.0);
        let rows = run.table("nodes");
        for name in ["device", "edge", "cloud"] {
            let own = rows.iter().filter(|row| row.text("tier") == name);
            // The energy of its nodes, and the integral of their sampled power.
            let energy_j = tier(&run, name, "energy_j");
            let at_end: f64 =
                own.clone().filter(|row| row.value("t_s") == 300.0).map(|row| row.value("energy_j")).sum();
            prop_assert!(near(energy_j, at_end), "{} {} {}", name, energy_j, at_end);
            let integral_j: f64 = own.map(|row| 10.0 * row.value("power_w")).sum();
            prop_assert!(near(energy_j, integral_j), "{} {} {}", name, energy_j, integral_j);
            tiers_j += energy_j;
            network_j += tier(&run, name, "network_j");
        }
        let energy = &summary["energy"];
        prop_assert!(near(joules(&energy["nodes_j"]), tiers_j));
        let sum = |part: &str| -> f64 {
            let networks = energy["networks"].as_object().unwrap();
            networks.values().map(|own| joules(&own[part])).sum()
        };
        prop_assert!(near(sum("interfaces_j") + sum("radios_j"), network_j));
        prop_assert!(near(joules(&energy["links_j"]), sum("links_j")));
        prop_assert!(near(joules(&energy["total_j"]), tiers_j + sum("links_j")));
        prop_assert!(sum("interfaces_j") > 0.0 && sum("radios_j") > 0.0 && sum("links_j") > 0.0);
        // What links draw goes by what they carried.
        let carried = run.table("links");
        let carried = carried.iter().filter(|row| row.value("t_s") == 300.0 && row.text("link").contains("--"));
        let bits: f64 = carried.map(|row| 8.0 * row.value("carried_bytes")).sum();
        prop_assert!(near(sum("links_j"), bits * 46.7e-9), "{} {}", sum("links_j"), bits * 46.7e-9);
        let rows = run.table("network_energy");
        for part in ["interfaces_j", "radios_j", "links_j"] {
            let sampled: f64 = rows.iter().map(|row| row.value(part)).sum();
            prop_assert!(near(sampled, sum(part)), "{} {} {}", part, sampled, sum(part));
        }
        // Batteries and the grid give all of it.
        let batteries = &summary["tiers"]["device"]["batteries"];
        let given_j = joules(&batteries["initial_j"]) + joules(&batteries["charged_j"]) - joules(&batteries["left_j"]);
        prop_assert!(near(given_j, tier(&run, "device", "energy_j")), "{} {}", given_j, tier(&run, "device", "energy_j"));
        let site = &summary["sites"]["city"];
        let wired_j = tier(&run, "edge", "energy_j") + tier(&run, "cloud", "energy_j");
        prop_assert!(near(joules(&site["energy_j"]), wired_j));
        prop_assert!(near(joules(&site["demand_j"]), 1.2 * wired_j));
        let sources_j = ["green_j", "brown_j", "battery_j"].map(|part| joules(&site[part])).iter().sum::<f64>();
        prop_assert!(near(sources_j, 1.2 * wired_j));
    }
}
