//! What scenarios make of cells, against the library and numbers worked out elsewhere.

use super::*;
use crate::infra::nr::RadioPath;
use crate::scenario::{Diagnostics, Document};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::path::Path;

/// The cells of a scenario with one base station and one phone, and what was said of it.
fn built(cells: Value) -> (Option<Cells>, Diagnostics) {
    let value = json!({
        "cells": cells,
        "nodes": [{ "tier": "edge", "access_point": { "cell": {} } }, { "tier": "device" }]
    });
    let document = Document::parse("cells.json", &value.to_string()).expect("JSON");
    let scenario: Scenario = serde_json::from_value(value).expect("a scenario");
    let errors = RefCell::new(Diagnostics::default());
    let site = Site::root(&document, &errors, Path::new("."));
    let cells = super::cells(&scenario, &Registry::with_builtins(), &site);
    (cells, errors.into_inner())
}

fn good(cells: Value) -> Cells {
    let (cells, errors) = built(cells);
    assert!(errors.is_empty(), "{errors}");
    cells.expect("cells")
}

/// What the format says by default is what the library does.
#[test]
fn defaults_are_those_of_the_library() {
    let found = good(json!({})).spec;
    let carrier =
        Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Time(TddPattern::DDDSU)).expect("n78");
    let usual = CellularSpec::new(vec![CarrierSpec::new("n78", carrier)]);
    assert_eq!(format!("{found:?}"), format!("{usual:?}"));
}

#[test]
fn patterns_of_slots_are_read_by_their_letters() {
    let of = |text: &str| {
        let (cells, errors) = built(json!({ "carriers": [{ "duplex": text }] }));
        assert_eq!(cells.is_some(), errors.is_empty());
        cells.map(|cells| cells.spec.carriers[0].carrier.duplex())
    };
    let slots = |period_slots, downlink_slots, uplink_slots, special: bool| {
        let (downlink_symbols, uplink_symbols) = if special { (10, 2) } else { (0, 0) };
        Some(Duplex::Time(TddPattern {
            period_slots,
            downlink_slots,
            downlink_symbols,
            uplink_slots,
            uplink_symbols,
        }))
    };
    assert_eq!(of("fdd"), Some(Duplex::Frequency));
    assert_eq!(of("DDDSU"), Some(Duplex::Time(TddPattern::DDDSU)));
    assert_eq!(of("DDDDDDDSUU"), slots(10, 7, 2, true));
    assert_eq!(of("DU"), slots(2, 1, 1, false));
    assert_eq!(of("S"), slots(1, 0, 0, true));
    for wrong in ["", "UD", "DSSU", "DDDSUD", "dddsu", "DÜ", "FDD", "DD", "UU", "DDU"] {
        // Three slots of 0.5 ms are no period of the standard.
        assert_eq!(of(wrong), None, "{wrong}");
    }
}

/// 200 m from a mast of 10 m at 3.5 GHz, 115.228841 dB (UMi, not seen); 107.129144 dB at 100 m with n = 3.19; by hand
/// 32.4 + 20 lg 3.5 + 31.9 lg d, 13.54 + 39.08 lg d + 20 lg 3.5, 34.8 lg d + 21.02 + 23.4 lg 3.5, 43.329144 + 20 lg d and
/// 40 + 35 lg(d / 10) at d = 200.180544 m.
#[test]
fn each_kind_of_path_loss_is_its_model() {
    let path = |distance_2d_m, base_height_m| RadioPath {
        carrier_hz: 3.5e9,
        distance_2d_m,
        base_height_m,
        device_height_m: 1.5,
        line_of_sight: false,
    };
    let loss_db = |kind: Value, path: &RadioPath| {
        let cells = good(json!({ "path_loss": kind }));
        (cells.spec.path_loss.path_loss_db(path), cells.base_height_m)
    };
    let far = path(200.0, 10.0);
    for (kind, expected_db, height_m) in [
        (json!({ "kind": "umi" }), 115.228_841, 10.0),
        (json!({ "kind": "umi", "optional": true }), 116.696_718, 10.0),
        (json!({ "kind": "uma" }), 114.360_927, 25.0),
        (json!({ "kind": "abg" }), 113.840_673, 10.0),
        (json!({ "kind": "free_space" }), 89.357_581, 10.0),
        (
            json!({ "kind": "log_distance", "exponent": 3.5, "reference_distance": 10, "reference_loss": 40 }),
            85.549_765,
            10.0,
        ),
    ] {
        let (found_db, found_m) = loss_db(kind.clone(), &far);
        assert!((found_db - expected_db).abs() < 1e-6, "{kind} {found_db}");
        assert_eq!(found_m, height_m, "{kind}");
    }
    let level = path(100.0, 1.5);
    let street = loss_db(json!({ "kind": "close_in" }), &level).0;
    assert!((street - 107.129_144).abs() < 1e-6, "{street}");
    let own = loss_db(json!({ "kind": "close_in", "n": 2.5 }), &level).0;
    assert!((own - (43.329_144 + 50.0)).abs() < 1e-6, "{own}");
    let both = json!({ "kind": "close_in", "n": 2.5, "n_obstructed": 3 });
    assert!((loss_db(both, &level).0 - (43.329_144 + 60.0)).abs() < 1e-6);
    assert_eq!(loss_db(json!({ "kind": "rma" }), &far).1, 35.0);
    assert_eq!(loss_db(json!({ "kind": "inh" }), &far).1, 3.0);
}

/// Standard deviations that are given go before those of the model.
#[test]
fn scatter_is_what_was_asked_for() {
    let sigma_db = |kind: Value| {
        let model = good(json!({ "path_loss": kind })).spec.path_loss;
        let path = |line_of_sight| RadioPath {
            carrier_hz: 3.5e9,
            distance_2d_m: 50.0,
            base_height_m: 10.0,
            device_height_m: 1.5,
            line_of_sight,
        };
        [true, false].map(|seen| model.shadowing(&path(seen)).sigma_db)
    };
    assert_eq!(sigma_db(json!({ "kind": "umi" })), [4.0, 7.82]);
    assert_eq!(sigma_db(json!({ "kind": "umi", "optional": true })), [4.0, 8.2]);
    assert_eq!(sigma_db(json!({ "kind": "umi", "sigma_obstructed": 7 })), [4.0, 7.0]);
    assert_eq!(sigma_db(json!({ "kind": "uma", "sigma_line_of_sight": 7 })), [7.0, 6.0]);
    assert_eq!(sigma_db(json!({ "kind": "close_in", "sigma": 5 })), [5.0, 5.0]);
    assert_eq!(sigma_db(json!({ "kind": "close_in", "sigma_obstructed": 5 })), [3.1, 5.0]);
    let fairness = |kind: Value| format!("{:?}", good(json!({ "scheduler": kind })).spec.scheduler);
    let kind = json!({ "kind": "proportional_fair", "fairness": 2 });
    assert_eq!(fairness(kind), "ProportionalFair { fairness: 2.0 }");
    assert_eq!(fairness(json!({ "kind": "round_robin" })), "RoundRobin");
    assert_eq!(fairness(json!({ "kind": "max_rate" })), "MaxRate");
}
