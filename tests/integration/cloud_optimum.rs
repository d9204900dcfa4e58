//! Consolidation to the least power, through whole runs, against a trial of all placements.

use crate::support::{Run, assert_near, attempt, error_text, run};
use serde_json::{Value, json};

const G4: [f64; 11] = [86.0, 89.4, 92.6, 96.0, 99.5, 102.0, 106.0, 108.0, 112.0, 114.0, 117.0];
const G5: [f64; 11] = [93.7, 97.0, 101.0, 105.0, 110.0, 116.0, 121.0, 125.0, 129.0, 133.0, 135.0];

/// Two hosts of one kind and one of the other, asleep at 5 W: power at deciles, speed of each of two cores.
const HOSTS: [([f64; 11], f64); 3] = [(G4, 1860.0), (G4, 1860.0), (G5, 2660.0)];

/// An hour with virtual machines that always want these demands, first spread over the hosts.
fn scenario(demands: &[f64], consolidation: Value) -> Value {
    let kind = |(index, demand): (usize, &f64)| {
        json!({
            "name": format!("vm-{index}"), "mips_per_vcpu": demand, "memory": "600 MB",
            "demand": { "kind": "constant", "utilisation": 1.0 }
        })
    };
    let class = |name: &str, count: u32, mips: u32, points: &[f64; 11]| {
        json!({
            "tier": "cloud", "name": name, "count": count, "cores": 2, "mips_per_core": format!("{mips} MIPS"),
            "memory": "4 GB", "power": { "kind": "table", "points": points, "sleep": "5 W" }
        })
    };
    json!({
        "duration": "1 h",
        "nodes": [
            class("g4", 2, 1860, &G4), class("g5", 1, 2660, &G5), { "tier": "network", "name": "switch" }
        ],
        "network": { "topology": [
            { "kind": "star", "center": "switch", "leaves": ["g4", "g5"], "link": { "bandwidth": "10 Gbps" } }
        ] },
        "workloads": [{
            "kind": "virtual_machines", "hosts": ["g4", "g5"],
            "types": demands.iter().enumerate().map(kind).collect::<Vec<_>>()
        }],
        "policies": { "vm_allocation": { "kind": "worst_fit" }, "consolidation": consolidation }
    })
}

/// Watts of all hosts at the end: what the last period between two control steps used.
fn final_power_w(run: &Run) -> f64 {
    let rows = run.table("hosts");
    let energy_j = |time_s: f64| -> f64 {
        let at = rows.iter().filter(|row| row.value("t_s") == time_s);
        at.map(|row| row.value("energy_j")).sum()
    };
    (energy_j(3600.0) - energy_j(3300.0)) / 300.0
}

fn power_w((points, core_mips): &([f64; 11], f64), load_mips: f64) -> f64 {
    let place = load_mips / (2.0 * core_mips) * 10.0;
    let below = (place.floor() as usize).min(9);
    points[below] + (points[below + 1] - points[below]) * (place - below as f64)
}

/// The least power of all placements that fit.
fn by_trial(demands: &[f64]) -> f64 {
    let mut least = f64::INFINITY;
    for code in 0..3usize.pow(demands.len() as u32) {
        let mut loads = [None; 3];
        let mut rest = code;
        for demand in demands {
            *loads[rest % 3].get_or_insert(0.0) += demand;
            rest /= 3;
        }
        let fits = loads.iter().zip(&HOSTS).all(|(load, host)| load.unwrap_or(0.0) <= 2.0 * host.1);
        let of = |(load, host): (&Option<f64>, &_)| load.map_or(5.0, |load| power_w(host, load));
        let power: f64 = loads.iter().zip(&HOSTS).map(of).sum();
        if fits && power < least {
            least = power;
        }
    }
    least
}

#[test]
fn the_optimum_of_a_run_is_that_of_a_trial_and_never_worse_than_best_fit() {
    let cases: [&[f64]; 4] = [
        &[1500.0, 1200.0, 900.0, 700.0],
        &[1700.0, 1600.0, 800.0, 500.0, 300.0],
        &[1000.0, 1000.0, 1000.0, 1000.0, 1000.0],
        &[1800.0, 1800.0, 1700.0, 900.0, 400.0, 200.0],
    ];
    let mut saved_w = 0.0;
    for demands in cases {
        // A migration counts 10 mW over a period, so that nothing moves without need.
        let optimum = json!({ "kind": "minimum_power", "migration_energy": "3 J" });
        let best = run(&scenario(demands, optimum));
        let heuristic = run(&scenario(
            demands,
            json!({
                "kind": "overload_and_underload", "overload": { "kind": "threshold", "utilisation": 1.0 }
            }),
        ));
        assert!(!best.table("migrations").is_empty());
        let [best_w, heuristic_w] = [&best, &heuristic].map(final_power_w);
        let least_w = by_trial(demands);
        assert_near(best_w, least_w, 0.01 * demands.len() as f64);
        assert!(
            best_w <= heuristic_w + 0.01 * demands.len() as f64,
            "{best_w} {heuristic_w} {demands:?}"
        );
        saved_w += heuristic_w - best_w;
    }
    // Else the heuristic would do.
    assert!(saved_w > 1.0, "{saved_w}");
}

/// Hosts of 86 W idle: a move that saves at most 117 W for 300 s does not pay if it is taken to cost 100 kJ.
#[test]
fn what_costs_more_than_it_saves_is_not_moved() {
    let consolidation = json!({ "kind": "minimum_power", "migration_energy": "100 kJ" });
    let run = run(&scenario(&[500.0, 500.0, 500.0], consolidation));
    assert!(run.table("migrations").is_empty());
}

#[test]
fn beyond_the_size_limit_the_optimum_is_refused() {
    let consolidation = json!({ "kind": "minimum_power", "size_limit": 11 });
    let (result, _) = attempt(&scenario(&[500.0; 4], consolidation), &[]);
    let text = error_text(&result.failure());
    let message = "policies.consolidation: the optimum of 4 virtual machines on 3 hosts is not looked for: 12 pairs are \
                   more than the `size_limit` of 11";
    assert!(text.contains(message), "{text}");
    assert!(text.contains("overload_and_underload"), "{text}");
}
