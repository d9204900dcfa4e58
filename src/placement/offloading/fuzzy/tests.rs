//! The shipped rule bases against the published ones, by hand.

use super::*;
use proptest::prelude::*;

/// The output for values by name, in the units of the rule base (scales are undone).
fn output(rules: &Rules, values: &[(&str, f64)]) -> f64 {
    let value = |name: &str| {
        let found = values.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("{name} is not given")).1
    };
    let values: Vec<f64> = rules.system.inputs().map(value).collect();
    rules.system.evaluate(&values)
}

fn edge_or_cloud(edge_percent: f64, length_mi: f64, mbps: f64, sensitivity: f64) -> f64 {
    output(
        &EDGE_OR_CLOUD,
        &[
            ("edge_utilisation", edge_percent / 100.0),
            ("length_mi", length_mi),
            ("cloud_bandwidth_bps", mbps * 1e6),
            ("delay_sensitivity", sensitivity),
        ],
    )
}

fn nearest_or_remote(nearest_percent: f64, remote_percent: f64, relay_s: f64) -> f64 {
    output(
        &NEAREST_OR_REMOTE,
        &[
            ("nearest_edge_load", nearest_percent / 100.0),
            ("node_load", remote_percent / 100.0),
            ("relay_s", relay_s),
        ],
    )
}

fn local_or_remote(speed_percent: f64, kilobytes: f64, mbps: f64, sensitivity: f64) -> f64 {
    output(
        &LOCAL_OR_REMOTE,
        &[
            ("edge_utilisation", 1.0 - speed_percent / 100.0),
            ("data_bytes", kilobytes * 1e3),
            ("cloud_bandwidth_bps", mbps * 1e6),
            ("delay_sensitivity", sensitivity),
        ],
    )
}

/// The peaks of low, medium and high.
const PERCENT: [f64; 3] = [10.0, 50.0, 90.0];
const MBPS: [f64; 3] = [1.0, 5.0, 15.0];
const LENGTH_MI: [f64; 3] = [1000.0, 12_000.0, 30_000.0];
const SHARE: [f64; 3] = [0.1, 0.5, 0.9];
const RELAY_S: [f64; 3] = [0.0005, 0.007, 0.1];

#[test]
fn rule_bases_have_as_many_rules_as_published() {
    // Rules with several terms stand for as many: all combinations are counted at the peaks below.
    let clouds = |level: usize| -> usize {
        let all = (0..27).map(|index| (index % 3, index / 3 % 3, index / 9));
        all.filter(|&(size, bandwidth, sensitivity)| {
            edge_or_cloud(PERCENT[level], LENGTH_MI[size], MBPS[bandwidth], SHARE[sensitivity]) > MIDDLE
        })
        .count()
    };
    // Low: 2 for short tasks, and 4 each for medium and long ones. Medium: 4, 4 and 6. High: all but the 3
    // with low bandwidth and high sensitivity.
    assert_eq!([0, 1, 2].map(clouds), [10, 14, 24]);
    let remote = (0..27).filter(|index| {
        let (nearest, other, delay) = (index % 3, index / 3 % 3, index / 9);
        nearest_or_remote(PERCENT[nearest], PERCENT[other], RELAY_S[delay]) > MIDDLE
    });
    assert_eq!(remote.count(), 1 + 2 + 2 + 3 + 3 + 2);
    let competitor: Vec<f64> = (0..81)
        .map(|index: usize| {
            let (speed, size, rate, video) = (index % 3, index / 3 % 3, index / 9 % 3, index / 27);
            local_or_remote(PERCENT[speed], 2500.0 * SHARE[size], MBPS[rate], SHARE[video])
        })
        .collect();
    let remote = competitor.iter().filter(|value| **value > MIDDLE).count();
    let without_rule = competitor.iter().filter(|value| **value == 0.0).count();
    assert_eq!((remote, without_rule), (19, 13));
}

/// One rule holds fully: the place where the triangle peaks, 30 or 70.
#[test]
fn single_rules_give_the_peaks() {
    assert_eq!(edge_or_cloud(10.0, 1000.0, 15.0, 0.1), 70.0);
    assert_eq!(edge_or_cloud(10.0, 1000.0, 15.0, 0.5), 30.0);
    assert_eq!(edge_or_cloud(90.0, 1000.0, 1.0, 0.9), 30.0);
    assert_eq!(edge_or_cloud(50.0, 30_000.0, 1.0, 0.5), 70.0);
    assert_eq!(nearest_or_remote(90.0, 50.0, 1.0), 70.0);
    assert_eq!(nearest_or_remote(10.0, 10.0, 0.007), 30.0);
}

/// Utilisation 35 %: low 0.25, medium 0.25. Length 12 000: medium 1. Bandwidth 5: medium 1. Sensitivity 0.35:
/// low 0.25, medium 0.25. All four rules say cloud at 0.25: 40 + 30 · 0.25 = 47.5, which is still edge.
#[test]
fn weak_agreement_on_the_cloud_stays_on_the_edge() {
    assert!((edge_or_cloud(35.0, 12_000.0, 5.0, 0.35) - 47.5).abs() < 1e-9);
}

/// Sensitivity 0.66: medium 0.2, high 0.3 (utilisation 10, length 12 000, bandwidth 15). Cloud 0.2, edge 0.3:
/// the first place at 0.3 is 30 · 0.3 = 9. At 0.64: medium 0.3, high 0.2: 40 + 30 · 0.3 = 49.
#[test]
fn the_first_maximum_is_taken() {
    assert!((edge_or_cloud(10.0, 12_000.0, 15.0, 0.66) - 9.0).abs() < 1e-9);
    assert!((edge_or_cloud(10.0, 12_000.0, 15.0, 0.64) - 49.0).abs() < 1e-9);
}

/// Nearest 65 %: medium 0.25, high 0.25. Other 10 %: low 1. Delay 3 ms: low 1/3, medium 0.2. Remote at
/// min(0.25, 1, 1/3) = 0.25, no rule for nearest: 40 + 30 · 0.25 = 47.5 is not above 50.
#[test]
fn the_other_edge_node_needs_a_third() {
    assert!((nearest_or_remote(65.0, 10.0, 0.003) - 47.5).abs() < 1e-9);
    // Nearest 70 %: medium 0, high 0.5. Remote at min(0.5, 1/3): 40 + 10 = 50, just not above; faster is.
    assert!((nearest_or_remote(70.0, 10.0, 0.003) - 50.0).abs() < 1e-9);
    assert!(nearest_or_remote(70.0, 10.0, 0.0025) > 54.0);
}

/// Local alone: level 0 to 40, falling to 60: area 40 + 10, moment 800 + 10 (40 + 20/3). Remote is its mirror
/// image.
#[test]
fn the_competitor_takes_the_centroid() {
    let local = (800.0 + 10.0 * (40.0 + 20.0 / 3.0)) / 50.0;
    assert!((local_or_remote(90.0, 250.0, 15.0, 0.1) - local).abs() < 1e-9);
    assert!((local_or_remote(10.0, 250.0, 15.0, 0.1) - (100.0 - local)).abs() < 1e-9);
    // Both at 0.5 by the sensitivity 0.35 -> low 0.25, normal 0.25: local and remote alike give the middle.
    let both = local_or_remote(50.0, 250.0, 15.0, 0.35);
    assert!((both - 50.0).abs() < 1e-9, "{both}");
    // No rule: low speed, much data, slow way.
    assert_eq!(local_or_remote(10.0, 2500.0, 1.0, 0.5), 0.0);
}

proptest! {
    #[test]
    fn outputs_stay_in_the_range(
        a in -50.0..200.0f64, b in 0.0..1e5f64, c in 0.0..100.0f64, d in -0.5..1.5f64
    ) {
        for value in [edge_or_cloud(a, b, c, d), nearest_or_remote(a, c, d), local_or_remote(a, b, c, d)] {
            prop_assert!((0.0..=100.0).contains(&value), "{}", value);
        }
    }
}

#[test]
fn inputs_that_are_no_observations_are_told() {
    let text = r#"{ "inputs": { "node_laod": { "terms": { "any": [[0, 1]] } } },
        "output": { "range": [0, 1], "terms": { "up": [[0, 1]] } }, "rules": [{ "if": {}, "then": "up" }] }"#;
    let error = Rules::new(&serde_json::from_str(text).unwrap()).unwrap_err();
    assert_eq!(error.help.as_deref(), Some("did you mean \"node_load\"?"));
}
