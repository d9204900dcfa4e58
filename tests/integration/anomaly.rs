//! Detectors and responses through the program: counts against the rows, and what each response changes.

use crate::support::{Row, Run, assert_near, run};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use stratosim::placement::anomaly::{AnomalyDetector, DetectionView, Verdict};
use stratosim::records::NoRecords;
use stratosim::scenario::{Document, Registry, load};

/// Two phones in sight of two base stations of two carriers, of which the narrower one, `b`, is stronger and is jammed from
/// 30 to 60 s. The phones receive and send as much as they can.
fn scene(response: Value) -> Value {
    json!({
        "duration": "90 s",
        "area": { "width": "600 m", "height": "400 m" },
        "cells": {
            "line_of_sight": "always", "shadowing": false,
            "carriers": [{ "name": "a" }, { "name": "b", "frequency": "3.7 GHz", "bandwidth": "40 MHz" }],
        },
        "jammers": [{
            "name": "noise", "at": { "x": "300 m", "y": "190 m", "z": "2 m" }, "eirp": "35 dBm",
            "signal": { "kind": "constant" }, "frequency": "3.7 GHz", "bandwidth": "40 MHz",
            "between": [{ "from": "30 s", "to": "60 s" }],
        }],
        "nodes": [
            { "tier": "cloud" },
            {
                "tier": "edge", "name": "gnb", "count": 2, "access_point": { "cell": {} },
                "mobility": { "kind": "static", "positions": [{ "x": "100 m", "y": "200 m" }, { "x": "500 m", "y": "200 m" }] },
            },
            {
                "tier": "device", "name": "phone", "count": 2,
                "cell_radio": { "background": { "downlink": "10 Gbps", "uplink": "10 Gbps" } },
                "mobility": { "kind": "static", "positions": [{ "x": "150 m", "y": "200 m" }, { "x": "420 m", "y": "200 m" }] },
            },
        ],
        "workloads": [],
        "policies": { "anomaly": {
            "detectors": [
                { "kind": "threshold", "conditions": [{ "feature": "pucch_snr_db", "below": 0 }] },
                { "kind": "cusum", "learn": 10 },
                { "kind": "ewma", "learn": 10, "name": "average" },
                { "kind": "oracle" },
            ],
            "response": response,
        } },
        "output": { "trace": "full" },
    })
}

/// The rows of a phone, one each second, by their seconds.
fn of_phone(run: &Run, phone: &str) -> BTreeMap<u64, Row> {
    let rows = run.table("radio_devices").into_iter().filter(|row| row.text("device") == phone);
    rows.map(|row| (row.value("t_s").round() as u64, row)).collect()
}

/// Changes of a phone: time, cell, cause.
fn changes(run: &Run, phone: &str) -> Vec<(f64, String, String)> {
    let rows = run.table("cell_changes").into_iter().filter(|row| row.text("device") == phone);
    rows.map(|row| (row.value("t_s"), row.text("to_cell").to_owned(), row.text("cause").to_owned()))
        .collect()
}

#[test]
fn counts_are_those_of_the_rows_and_an_oracle_makes_no_mistake() {
    let run = run(&scene(json!({ "kind": "nothing" })));
    let summary = run.summary();
    let truth: BTreeMap<(String, String), bool> = run
        .table("radio_devices")
        .iter()
        .map(|row| {
            ((row.text("t_s").to_owned(), row.text("device").to_owned()), row.text("jammed") == "true")
        })
        .collect();
    // The window is 30 s long, and both phones are on the jammed carrier.
    assert_eq!(truth.values().filter(|&&jammed| jammed).count(), 60);
    assert_eq!(summary["cells"]["jammed_s"], 60.0);
    assert_eq!(summary["cells"]["jammed_device_share"], 1.0);
    let mut counts: BTreeMap<String, [u64; 4]> = BTreeMap::new();
    let mut first_alarms: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in run.table("detections") {
        let jammed = truth[&(row.text("t_s").to_owned(), row.text("device").to_owned())];
        assert_eq!(row.text("jammed") == "true", jammed);
        assert_eq!(row.text("jamming_kind"), if jammed { "constant" } else { "" });
        let alarm = row.text("alarm") == "true";
        let own = counts.entry(row.text("detector").to_owned()).or_default();
        own[usize::from(!jammed) + 2 * usize::from(!alarm)] += 1;
        let acts = row.text("detector") == "threshold" && alarm;
        assert_eq!((row.text("response"), row.text("applied")), (if acts { "nothing" } else { "" }, ""));
        if let Some(delay_s) = row.number("delay_s") {
            assert_near(delay_s, row.value("t_s") - 30.0, 1e-9);
            first_alarms.entry(row.text("detector").to_owned()).or_default().push(delay_s);
        }
    }
    assert_eq!(counts.len(), 4);
    for (detector, [true_positives, false_positives, false_negatives, true_negatives]) in counts {
        let own = &summary["cells"]["detection"][&detector];
        assert_eq!(own["true_positives"], true_positives, "{detector}");
        assert_eq!(own["false_positives"], false_positives, "{detector}");
        assert_eq!(own["false_negatives"], false_negatives, "{detector}");
        assert_eq!(own["true_negatives"], true_negatives, "{detector}");
        assert_eq!(true_positives + false_positives + false_negatives + true_negatives, 180);
        let delays_s = &first_alarms[&detector];
        assert_eq!(
            (own["episodes"].as_u64(), own["detected"].as_u64()),
            (Some(2), Some(delays_s.len() as u64))
        );
        let mean_s = delays_s.iter().sum::<f64>() / delays_s.len() as f64;
        assert_near(own["delay_s"]["mean"].as_f64().unwrap(), mean_s, 1e-9);
        // Standing phones and a jammer of 35 dBm in sight: nobody misses it.
        assert!(own["f1"].as_f64().unwrap() > 0.75, "{detector}: {own}");
    }
    let oracle = &summary["cells"]["detection"]["oracle"];
    assert_eq!((&oracle["f1"], &oracle["delay_s"]["mean"]), (&json!(1.0), &json!(1.0)));
    assert_eq!(summary["cells"]["responses"]["refused"], 0);
}

/// What a phone gets on the carrier that it hops to is what it would get if there were no other carrier and no jammer.
#[test]
fn hopping_gives_what_the_clean_carrier_gives() {
    let hopped = run(&scene(json!({ "kind": "hop_carrier", "hold": "20 s" })));
    let mut clean = scene(json!({ "kind": "nothing" }));
    clean["cells"]["carriers"] = json!([{ "name": "a" }]);
    clean["jammers"] = json!([]);
    let clean = run(&clean);
    for phone in ["phone-0", "phone-1"] {
        let (rows, expected) = (of_phone(&hopped, phone), of_phone(&clean, phone));
        let site = rows[&1].text("site").to_owned();
        // Noise is there in the period from 30 to 31 s; the hop takes 50 ms.
        assert_eq!((rows[&30].text("jammed"), rows[&31].text("jammed")), ("false", "true"));
        assert!(rows[&31].value("dl_brate_bps") < 0.5 * rows[&30].value("dl_brate_bps"));
        let changes = changes(&hopped, phone);
        assert_eq!(changes[1], (31.05, format!("{site}/0/a"), "commanded".to_owned()));
        // Loads of other cells are those of the period before.
        for second in 34..=50 {
            let (row, expected) = (&rows[&second], &expected[&second]);
            assert_eq!((row.text("cell"), row.text("jammed")), (expected.text("cell"), "false"));
            for column in ["rsrp_dbm", "sinr_db", "dl_brate_bps", "ul_brate_bps", "pucch_snr_db"] {
                let value = expected.value(column);
                assert_near(row.value(column), value, 1e-9 * value.abs());
            }
        }
        // From 51.05 s on the other carrier is open again, and 4 dB stronger. It is jammed until 60 s.
        let back = changes.iter().position(|(time_s, cell, _)| *time_s > 51.05 && cell.ends_with("/b"));
        assert!(back.is_some(), "{changes:?}");
    }
    let cells = &hopped.summary()["cells"];
    assert!(cells["responses"]["carrier"].as_u64().unwrap() >= 2, "{cells}");
    assert_eq!(cells["responses"]["refused"], 0);
}

/// One carrier, the base stations 1.5 km apart, a phone between them and one beside the second, and a jammer of the
/// uplink's control channel beside the first.
fn beside_a_mast(response: Value) -> Value {
    let mut scene = scene(response);
    scene["area"]["width"] = json!("2 km");
    for (class, places) in [(1, ["100 m", "1600 m"]), (2, ["700 m", "1550 m"])] {
        let positions = places.map(|x| json!({ "x": x, "y": "200 m" }));
        scene["nodes"][class]["mobility"]["positions"] = json!(positions);
    }
    scene["nodes"][2]["cell_radio"]["background"] = json!({ "downlink": "5 Mbps", "uplink": "1 Mbps" });
    scene["cells"]["carriers"] = json!([{ "name": "a" }]);
    scene["jammers"] = json!([{
        "name": "answers", "at": { "x": "90 m", "y": "200 m", "z": "10 m" }, "eirp": "-20 dBm",
        "signal": { "kind": "selective", "target": "pucch" }, "frequency": "3.5 GHz", "bandwidth": "100 MHz",
        "between": [{ "from": "30 s", "to": "60 s" }],
    }]);
    scene
}

#[test]
fn rerouting_leaves_the_jammed_cell_until_the_hold_is_over() {
    let run = run(&beside_a_mast(json!({ "kind": "reroute", "within": "20 dB", "hold": "35 s" })));
    let rows = of_phone(&run, "phone-0");
    assert_eq!((rows[&31].text("cell"), rows[&31].text("jammed")), ("gnb-0/0/a", "true"));
    assert_eq!(rows[&31].text("jamming_kind"), "selective");
    for second in 32..=66 {
        assert_eq!((rows[&second].text("cell"), rows[&second].text("jammed")), ("gnb-1/0/a", "false"));
    }
    let changes = changes(&run, "phone-0");
    assert_eq!(changes[1], (31.05, "gnb-1/0/a".into(), "commanded".into()));
    // It goes back by itself.
    let (time_s, cell, cause) = &changes[2];
    assert!((66.0..69.0).contains(time_s), "{time_s}");
    assert_eq!((cell.as_str(), cause.as_str()), ("gnb-0/0/a", "handover"));
    // The other phone is not touched.
    let others = self::changes(&run, "phone-1");
    assert_eq!(others.len(), 1, "{others:?}");
    let decisions = run.table("decisions");
    let own: Vec<&Row> =
        decisions.iter().filter(|row| row.text("point") == "anomaly_response").collect();
    assert_eq!(own.len(), 1);
    assert_eq!((own[0].text("policy"), own[0].text("device")), ("reroute", "phone-0"));
    assert_eq!((own[0].text("choice"), own[0].text("outcome")), ("gnb-1", "applied"));
    assert_eq!(own[0].value("alarms_in_a_row"), 1.0);
    assert_eq!(own[0].value("pucch_snr_db"), rows[&31].value("pucch_snr_db"));
}

#[test]
fn what_is_not_possible_is_refused_and_counted() {
    let mut scene = beside_a_mast(json!({ "kind": "reroute", "within": "60 dB" }));
    // The other base station is too weak to serve.
    let least_dbm = {
        let rows = of_phone(&run(&beside_a_mast(json!({ "kind": "nothing" }))), "phone-0");
        (rows[&1].value("rsrp_dbm") + rows[&1].value("neighbour_rsrp_dbm")) / 2.0
    };
    scene["cells"]["least_rsrp"] = json!(format!("{least_dbm} dBm"));
    let run = run(&scene);
    let summary = run.summary();
    let alarms = summary["cells"]["detection"]["threshold"]["true_positives"].as_u64().unwrap();
    assert_eq!(alarms, 30);
    let responses = &summary["cells"]["responses"];
    assert_eq!((&responses["reroute"], &responses["refused"]), (&json!(0), &json!(alarms)));
    let detections = run.table("detections");
    let refused = detections
        .iter()
        .filter(|row| (row.text("response"), row.text("applied")) == ("reroute", "false"));
    assert_eq!(refused.count(), 30);
    let decisions = run.table("decisions");
    assert!(
        decisions.iter().all(|row| row.text("outcome") == "refused" && row.text("choice").is_empty())
    );
}

#[test]
fn a_phone_goes_to_wifi_or_off_the_air() {
    let mut scene = beside_a_mast(json!({ "kind": "first_of", "responses": [
        { "kind": "wifi" }, { "kind": "detach", "hold": "40 s" },
    ] }));
    let nodes = scene["nodes"].as_array_mut().unwrap();
    nodes[2]["mobility"]["positions"] =
        json!([{ "x": "700 m", "y": "200 m" }, { "x": "600 m", "y": "300 m" }]);
    nodes.push(json!({
        "tier": "edge", "name": "wifi", "access_point": { "range": "30 m" },
        "mobility": { "kind": "static", "positions": [{ "x": "700 m", "y": "190 m" }] },
    }));
    let run = run(&scene);
    let (near, far) = (of_phone(&run, "phone-0"), of_phone(&run, "phone-1"));
    assert_eq!([&near, &far].map(|rows| rows[&31].text("jammed")), ["true", "true"]);
    for second in 32..=90 {
        assert_eq!((near[&second].text("site"), near[&second].text("cell")), ("wifi", ""));
    }
    // 40 s from 31 s on.
    for second in 32..=70 {
        assert_eq!((far[&second].text("site"), far[&second].text("cell")), ("", ""));
    }
    assert_eq!(far[&72].text("cell"), "gnb-0/0/a");
    let responses = &run.summary()["cells"]["responses"];
    assert_eq!((&responses["wifi"], &responses["detach"]), (&json!(1), &json!(1)));
}

/// With both carriers jammed, one response does not take a phone back to the cell that the other took it off.
#[test]
fn responses_do_not_send_devices_to_and_fro() {
    let mut scene = scene(json!({ "kind": "first_of", "responses": [
        { "kind": "hop_carrier" }, { "kind": "reroute", "within": "60 dB" },
    ] }));
    scene["jammers"][0]["frequency"] = json!("3.6 GHz");
    scene["jammers"][0]["bandwidth"] = json!("300 MHz");
    scene["jammers"][0]["eirp"] = json!("5 dBm");
    scene["policies"]["anomaly"]["acting"] = json!("oracle");
    // They do not hand over by themselves.
    scene["cells"]["handover"] = json!({ "kind": "sticky" });
    let run = run(&scene);
    let summary = run.summary();
    let cells = &summary["cells"];
    let count = |name: &str| cells["responses"][name].as_u64().unwrap();
    // To the other carrier, to the other base station, to its other carrier.
    assert_eq!((count("carrier"), count("reroute")), (4, 2));
    assert_eq!((&cells["ping_pongs"], count("refused")), (&json!(0), 0));
    for phone in ["phone-0", "phone-1"] {
        let mut left: BTreeMap<String, f64> = BTreeMap::new();
        let mut last: Option<String> = None;
        let mut commanded = 0;
        for (time_s, to, cause) in changes(&run, phone) {
            commanded += usize::from(cause == "commanded");
            if let Some(since_s) = left.get(&to) {
                assert!(cause != "commanded" || time_s >= since_s + 30.0, "{time_s} {to}");
            }
            if let Some(from) = last.replace(to).filter(|from| !from.is_empty()) {
                left.insert(from, time_s);
            }
        }
        assert_eq!(commanded, 3);
    }
}

/// Nothing can be put elsewhere where nothing runs.
#[test]
fn without_services_deploying_is_refused() {
    let run = run(&beside_a_mast(json!({ "kind": "deploy", "hold": "1 h" })));
    let responses = &run.summary()["cells"]["responses"];
    assert_eq!((&responses["deploy"], &responses["refused"]), (&json!(0), &json!(1)));
    let detections = run.table("detections");
    let told: Vec<&str> = detections
        .iter()
        .filter(|row| row.text("response") == "deploy")
        .map(|row| row.text("applied"))
        .collect();
    assert_eq!(told, ["false"]);
}

/// What runs at the base station goes to the other node that has room, and the phone keeps its cell.
#[test]
fn services_leave_the_node_of_the_base_station() {
    let mut scene = beside_a_mast(json!({ "kind": "deploy", "hold": "1 h" }));
    let nodes = scene["nodes"].as_array_mut().unwrap();
    nodes.push(json!({ "tier": "edge", "name": "server", "cores": 4 }));
    scene["workloads"] = json!([{ "kind": "services", "nodes": ["gnb-0", "server"], "applications": [{
        "name": "app", "services": [{ "name": "only", "requires": { "cores": 1 } }],
    }] }]);
    scene["policies"]["service_placement"] = json!({ "kind": "first_fit" });
    let run = run(&scene);
    let placements: Vec<[String; 3]> = run
        .table("placements")
        .iter()
        .map(|row| ["t_s", "from", "to"].map(|column| row.text(column).to_owned()))
        .collect();
    assert_eq!(placements, [["0.0", "", "gnb-0"], ["31.0", "gnb-0", "server"]]);
    let summary = run.summary();
    assert_eq!(summary["cells"]["responses"]["deploy"], 1);
    assert_eq!(changes(&run, "phone-0").len(), 1);
}

#[test]
fn all_keys_of_the_summary_are_there_without_anything_to_tell() {
    let mut scene = scene(json!({ "kind": "nothing" }));
    scene["policies"] = json!({});
    scene["jammers"] = json!([]);
    scene["nodes"][2]["cell_radio"] = json!({});
    scene["output"] = json!({ "trace": "summary" });
    let summary = run(&scene).summary();
    let cells = summary["cells"].as_object().unwrap();
    let null = [
        "bler.down",
        "bler.up",
        "mac_pdr",
        "ip_pdr",
        "mean_stay_s",
        "goodput_jammed_bps",
        "strongest_unserved_dbm",
    ];
    let zero = [
        "out_of_coverage_s",
        "never_attached",
        "handovers",
        "intra_site_changes",
        "ping_pongs",
        "handover_failures",
        "link_failures",
        "reestablished",
        "lost",
        "interruption_s",
        "goodput_bps.down",
        "goodput_bps.up",
        "goodput_clear_bps",
        "prb_use.down",
        "prb_use.up",
        "jammed_s",
        "jammed_device_share",
        "responses.reroute",
        "responses.carrier",
        "responses.wifi",
        "responses.detach",
        "responses.deploy",
        "responses.refused",
    ];
    let some = ["devices", "attached_share", "sinr_db.mean", "sinr_db.p05", "sinr_db.p50"];
    let at = |path: &str| summary.pointer(&format!("/cells/{}", path.replace('.', "/"))).cloned();
    for path in null {
        assert_eq!(at(path), Some(Value::Null), "{path}");
    }
    for path in zero {
        assert_eq!(at(path).and_then(|value| value.as_f64()), Some(0.0), "{path}");
    }
    for path in some {
        assert!(at(path).and_then(|value| value.as_f64()).is_some_and(|value| value > 0.0), "{path}");
    }
    assert_eq!(cells["detection"], json!({}));
    let known: Vec<&str> =
        null.iter().chain(&zero).chain(&some).map(|path| path.split('.').next().unwrap()).collect();
    for key in cells.keys().filter(|key| *key != "detection") {
        assert!(known.contains(&key.as_str()), "{key} is not tested");
    }
}

#[test]
fn devices_that_never_had_a_cell_are_told_of() {
    let mut scene = beside_a_mast(json!({ "kind": "nothing" }));
    let note = |scene: &Value| {
        let notes = run(scene).summary()["notes"].as_array().unwrap().clone();
        notes.into_iter().find(|note| note.as_str().unwrap().contains("never had a cell"))
    };
    assert_eq!(note(&scene), None);
    // The phone between the base stations has -93.4 dBm, the one beside the second -62.2 dBm.
    scene["cells"]["least_rsrp"] = json!("-80 dBm");
    let expected = "1 of 2 devices of 5G never had a cell; the strongest that one of them received had an RSRP of \
                    -93.4 dBm, and cells serve from -80 dBm on (`least_rsrp`)";
    assert_eq!(note(&scene), Some(json!(expected)));
}

/// Tells what it is shown.
#[derive(Debug)]
struct Told {
    sees: bool,
    told: Sender<(usize, f64, Option<bool>)>,
}

impl AnomalyDetector for Told {
    fn observe(&mut self, view: &DetectionView<'_>) -> Verdict {
        let truth = view.truth().map(|truth| truth.jammed);
        self.told.send((view.number(), view.now().as_secs(), truth)).unwrap();
        Verdict::default()
    }

    fn needs_truth(&self) -> bool {
        self.sees
    }

    fn change_cell(&mut self, number: usize) {
        self.told.send((number, -1.0, None)).unwrap();
    }
}

#[test]
fn only_who_asks_for_the_truth_is_shown_it() {
    let mut scene = scene(json!({ "kind": "hop_carrier", "hold": "1 h" }));
    scene["duration"] = json!("40 s");
    for sees in [false, true] {
        let document = Document::parse("scene", &scene.to_string()).unwrap();
        let mut world = load(&document, &Registry::with_builtins(), Path::new(".")).unwrap().world;
        let (told, heard) = channel();
        world.detector("own", Told { sees, told });
        world.build(Box::new(NoRecords)).unwrap().run().unwrap();
        let heard: Vec<(usize, f64, Option<bool>)> = heard.into_iter().collect();
        let jammed = heard.iter().filter(|(_, _, truth)| *truth == Some(true)).count();
        // Both phones in the one period until they hop.
        assert_eq!(jammed, if sees { 2 } else { 0 });
        assert!(sees || heard.iter().all(|(_, _, truth)| truth.is_none()));
        // Each goes to another cell once.
        let changed: Vec<usize> =
            heard.iter().filter(|(_, time_s, _)| *time_s < 0.0).map(|(number, ..)| *number).collect();
        assert_eq!(changed, [0, 1]);
        assert_eq!(heard.len(), 2 * 40 + 2);
    }
}
