//! Instances with the results of the published implementation, from the folder `faas` of `STRATOSIM_DATA`: integer twins are
//! marked `i`. Skipped, and said so, where the folder is not at hand.

use super::*;
use std::path::PathBuf;

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("STRATOSIM_DATA")?).join("faas");
    folder.is_dir().then_some(folder)
}

/// An instance and its `reference`.
fn golden(id: &str) -> Option<(InstanceSeries, serde_json::Value)> {
    let Some(folder) = folder() else {
        println!("skipped: there is no folder faas in STRATOSIM_DATA");
        return None;
    };
    let path = folder.join(format!("{id}.json"));
    let series = InstanceSeries::open(&path).unwrap();
    let value: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    Some((series, value["reference"].clone()))
}

fn meets_optima(id: &str, flows: Flows) {
    let Some((series, reference)) = golden(id) else { return };
    for step in 0..series.steps.len() {
        let instance = series.at(step).unwrap();
        let options = CentralisedOptions { flows, ..CentralisedOptions::optimum() };
        let best = solve_centralised(&instance, &options).unwrap();
        let proven = &reference["lmm"][step];
        assert_eq!(best.status, Status::Optimal, "{id} {step}");
        close(best.objective, proven["objective"].as_f64().unwrap(), 1e-6);
        feasible(&instance, &best, |_| false);
        // Smaller big numbers make for a bound that is no worse than that of the published program.
        let relaxed = relaxation_bound(&instance).unwrap();
        assert!(relaxed >= best.objective - 1e-6);
        if flows == Flows::Continuous {
            assert!(relaxed <= proven["lp_relaxation"].as_f64().unwrap() + 1e-6, "{id} {step}");
        }
        let dive = solve_centralised(
            &instance,
            &CentralisedOptions {
                solver: CentralisedSolver::Dive,
                flows,
                ..CentralisedOptions::default()
            },
        );
        let dive = dive.unwrap();
        feasible(&instance, &dive, |_| false);
        assert!(dive.objective <= best.objective + 1e-6 && dive.bound.unwrap() >= best.objective - 1e-6);
        println!("{id} {step}: {} of {}, the dive {}", best.objective, relaxed, dive.objective);
        // The dive has no guarantee. In g05 all depends on who sends.
        let loss = if id.starts_with("g05") { 0.5 } else { 0.1 };
        assert!(
            best.objective - dive.objective <= loss * best.objective.abs(),
            "{id} {step}: {}",
            dive.objective
        );
    }
}

#[test]
fn optima_of_cases_by_hand() {
    for id in ["h01", "h02", "h03"] {
        meets_optima(id, Flows::Continuous);
        meets_optima(&format!("{id}i"), Flows::Integer);
    }
}

#[test]
fn optima_of_g01() {
    meets_optima("g01", Flows::Continuous);
}

#[test]
fn optima_of_g02() {
    meets_optima("g02", Flows::Continuous);
}

#[test]
fn optima_with_whole_flows() {
    for id in ["g01i", "g02i", "g03i", "g04i", "g05i"] {
        meets_optima(id, Flows::Integer);
    }
}

#[test]
fn optima_of_g03() {
    meets_optima("g03", Flows::Continuous);
}

#[test]
fn optima_of_g04() {
    meets_optima("g04", Flows::Continuous);
}

#[test]
fn optima_of_g05() {
    meets_optima("g05", Flows::Continuous);
}

/// FaaS-MACrO with its greedy coordinator, ties by the number of the neighbour: objective and number of iterations in each
/// control period. The published program breaks ties as its sort happens to, which gives 7.426424 in g03's last.
const UPSTREAM: [(&str, [(f64, usize); 3]); 5] = [
    ("g01", [(5.876767, 1), (5.313247, 13), (5.547840, 100)]),
    ("g02", [(12.843452, 1), (8.288947, 11), (9.722632, 13)]),
    ("g03", [(10.062817, 1), (6.735035, 10), (7.430128, 10)]),
    ("g04", [(15.361532, 10), (15.703701, 10), (15.728599, 10)]),
    ("g05", [(2.690387, 10), (-0.203896, 10), (-0.085789, 10)]),
];

#[test]
fn published_greedy_runs() {
    for (id, steps) in UPSTREAM {
        let Some((series, reference)) = golden(id) else { return };
        for (step, (objective, iterations)) in steps.into_iter().enumerate() {
            let instance = series.at(step).unwrap();
            for rule in [SortingRule::Product, SortingRule::Beta] {
                let found = distribute(&instance, &DistributedOptions::upstream(rule)).unwrap();
                assert!((found.objective - objective).abs() < 1e-6, "{id} {step}: {}", found.objective);
                assert_eq!(found.iterations.len(), iterations, "{id} {step}");
            }
            let options = DistributedOptions {
                report: Report::BestObjective,
                ..DistributedOptions::upstream(SortingRule::Product)
            };
            let found = distribute(&instance, &options).unwrap();
            if let Some(best) = reference["macro_product"]["best_centralized_objective"][step].as_f64()
                && (id, step) != ("g03", 2)
            {
                close(found.objective, best, 1e-9);
            }
            let ended = reference["macro_product"]["termination"][step].as_str();
            let expected = match ended.and_then(|text| text.split(" (").next()) {
                Some("dev < 0") => Termination::SpareCapacity,
                Some("max iterations reached") => Termination::MaxIterations,
                _ => Termination::PricesRise,
            };
            assert_eq!(found.status, Status::Distributed(expected), "{id} {step}");
        }
    }
}

/// The whole trace shows in the last deviation, which the program printed for the rule whose ties are as ours.
#[test]
fn published_trace_ends_alike() {
    let Some((series, reference)) = golden("g01") else { return };
    for (step, text) in reference["macro_beta"]["termination"].as_array().unwrap().iter().enumerate() {
        let text = text.as_str().unwrap();
        let printed = text.split("obj. deviation: ").nth(1).unwrap().split(';').next().unwrap();
        let found =
            distribute(&series.at(step).unwrap(), &DistributedOptions::upstream(SortingRule::Beta));
        let last = found.unwrap().iterations.pop().unwrap();
        close(last.objective_deviation, printed.parse().unwrap(), 1e-9);
    }
}

/// Where the coordinator's optimum has one solution only, its runs are the published ones.
#[test]
fn published_runs_with_an_optimal_coordinator() {
    for id in ["g01", "g02", "g03"] {
        let Some((series, reference)) = golden(id) else { return };
        for step in 0..3 {
            let options = DistributedOptions {
                coordinator: Coordinator::optimal(),
                report: Report::BestWelfare,
                ..DistributedOptions::default()
            };
            let found = distribute(&series.at(step).unwrap(), &options).unwrap();
            let published = &reference["macro_milp"]["objective_of_best_social_welfare"][step];
            close(found.objective, published.as_f64().unwrap(), 1e-6);
        }
    }
}

/// Replicas from the centralised optimum: 16.34 and 4.52 were measured with the published program.
#[test]
fn published_runs_with_fixed_replicas() {
    for (id, objective) in [("g04", 16.34), ("g05", 4.52)] {
        let Some((series, _)) = golden(id) else { return };
        let optimum =
            CentralisedOptions { solver: CentralisedSolver::Auto, ..CentralisedOptions::optimum() };
        let options = DistributedOptions {
            fixed_replicas: FixedReplicas::Centralised(optimum),
            ..DistributedOptions::upstream(SortingRule::Product)
        };
        let found = distribute(&series.at(0).unwrap(), &options).unwrap();
        assert!((found.objective - objective).abs() < 5e-3, "{id}: {}", found.objective);
    }
}

/// Whole flows with welfare as the main branch has it, where no tie is in the way.
#[test]
fn published_greedy_runs_with_whole_flows() {
    for (id, steps) in [("g01i", 1..3), ("g02i", 0..3), ("g03i", 1..2), ("g04i", 0..2)] {
        let Some((series, reference)) = golden(id) else { return };
        for step in steps {
            let options = DistributedOptions {
                flows: Flows::Integer,
                rejection_in_welfare: false,
                ..DistributedOptions::upstream(SortingRule::Product)
            };
            let found = distribute(&series.at(step).unwrap(), &options).unwrap();
            let published = &reference["macro_product_main"]["objective_of_best_social_welfare"][step];
            close(found.objective, published.as_f64().unwrap(), 1e-9);
        }
    }
}

/// The order over all pairs with the rule `unit` is as good as the optimal coordinator in g03, and optimal in g01's second
/// period.
#[test]
fn the_global_order_is_better() {
    for (id, step, objective) in [("g03", 1, 6.801062), ("g03", 2, 7.495075), ("g01", 1, 5.462275)] {
        let Some((series, _)) = golden(id) else { return };
        let found = distribute(&series.at(step).unwrap(), &DistributedOptions::default()).unwrap();
        assert!((found.objective - objective).abs() < 1e-6, "{id} {step}: {}", found.objective);
    }
}
