//! Cases whose optima are worked out by hand.

use super::*;

/// 4 enter at node 0, whose one replica serves 1.6; the other 2.4 go to node 1, or are rejected at 0.1:
/// h01: (1.6 + 0.9 * 2.4) / 4 + 1 = 1.94; h02: (1.6 - 0.1 * 2.4) / 4 + 1 = 1.34.
///
/// h03: node 1 has 5 replicas for 8 requests per second, node 2 has 10 for 16. If node 1 receives, it cannot send: of 10
/// from node 0 it takes 8 - 5 = 3 and serves its own: (0.9 * 3 - 0.1 * 7) / 10 + 1 + 1 = 2.2. If it sends, node 0 loses all:
/// -0.1 + at most 1 + 1 = 1.9. Serving 8 of node 0 and none of its own: (7.2 - 0.2) / 10 - 0.1 + 1 = 1.6.
///
/// h04: one replica of 60 MB: 1 - 0.1 = 0.9; two of 50 MB: -0.1 + 0.8 = 0.7.
///
/// h05: one sends all and the other serves both: 2 + 1.
#[test]
fn optima_by_hand() {
    for (name, instance, optimum) in [
        ("h01", h01(), 1.94),
        ("h02", h02(), 1.34),
        ("h03", h03(), 2.2),
        ("h04", h04(), 0.9),
        ("h05", h05(), 3.0),
    ] {
        let best = solve_centralised(&instance, &CentralisedOptions::optimum()).unwrap();
        assert_eq!(best.status, Status::Optimal, "{name}");
        close(best.objective, optimum, 1e-9);
        close(best.bound.unwrap(), optimum, 1e-6);
        feasible(&instance, &best, |_| false);
        for method in METHOD_NAMES {
            let found = Method::named(method).unwrap().allocate(&instance).unwrap();
            assert!(found.objective <= optimum + 1e-7, "{name} by {method}: {}", found.objective);
        }
    }
}

/// h04: the relaxation gives 60 MB to the first function and 40 of 100 MB to the second: 1.1 + 0.4 * 0.9 - 0.2.
#[test]
fn relaxation_by_hand() {
    close(relaxation_bound(&h04()).unwrap(), 1.26, 1e-7);
    let rounded = Method::named("lmm-rounding").unwrap().allocate(&h04()).unwrap();
    close(rounded.objective, 0.9, 1e-9);
    close(rounded.bound.unwrap(), 1.26, 1e-7);
    close(rounded.gap().unwrap(), 0.4, 1e-6);
}

/// With whole flows node 0 of h01 keeps 1 of 4 rather than 1.6: (1 + 0.9 * 3) / 4 + 1 = 1.925.
#[test]
fn whole_flows_by_hand() {
    let options = CentralisedOptions { flows: Flows::Integer, ..CentralisedOptions::optimum() };
    let best = solve_centralised(&h01(), &options).unwrap();
    close(best.objective, 1.925, 1e-9);
    assert_eq!(best.allocation.local_rps, [1.0, 2.0]);
    assert_eq!(best.allocation.forwarded_rps, [3.0, 0.0]);
    // 1 request per second needs one replica, 2 + 3 need 4 of 1.6.
    assert_eq!(best.allocation.replicas, [1, 4]);
    let mut broken = h01();
    broken.set_loads(&[4.5, 2.0]).unwrap();
    let error = solve_centralised(&broken, &options).unwrap_err().to_string();
    assert!(error.starts_with("load[0][0]: 4.5 is out of range"), "{error}");
}

/// By the sum of all loads, each request weighs the same: h01 has (1.6 + 0.9 * 2.4 + 2) / 6.
#[test]
fn total_normalisation_by_hand() {
    let mut instance = h01();
    instance.set_normalisation(Normalisation::Total);
    let best = solve_centralised(&instance, &CentralisedOptions::optimum()).unwrap();
    close(best.objective, 5.76 / 6.0, 1e-9);
}

/// Streams without load have no part in the objective, whatever it is divided by, and no method trips over them.
#[test]
fn no_load_is_no_objective() {
    for normalisation in [Normalisation::PerStream, Normalisation::Total] {
        let mut instance = h03();
        instance.set_normalisation(normalisation);
        for loads in [[0.0, 0.0, 0.0], [0.0, 5.0, 0.0]] {
            instance.set_loads(&loads).unwrap();
            for name in METHOD_NAMES {
                let found = Method::named(name).unwrap().allocate(&instance).unwrap();
                // All that enters at node 1 can be served there.
                let expected = if loads[1] > 0.0 { 1.0 } else { 0.0 };
                close(found.objective, expected, 1e-9);
                assert!(found.allocation.rejected_rps.iter().all(|rate| *rate == 0.0), "{name}");
            }
        }
    }
}

/// Utilisation of 1.6 of 1.6 requests per second is U = 0.8; 2 replicas for 2 have 0.5 * 2 / 2.
#[test]
fn what_an_allocation_tells() {
    let instance = h01();
    let best = no_offloading(&instance).allocation;
    assert_eq!(best.replicas, [1, 2]);
    let utilisation = best.utilisation(&instance);
    close(utilisation[0], 0.8, 1e-12);
    close(utilisation[1], 0.5, 1e-12);
    assert_eq!(best.residual_memory_mb(&instance), [0, 800]);
    let shares = best.shares(&instance);
    close(shares.local, 3.6 / 6.0, 1e-12);
    close(shares.rejected, 2.4 / 6.0, 1e-12);
    assert_eq!(shares.forwarded, 0.0);
}

#[test]
fn broken_constraints_are_found() {
    let instance = h03();
    let mut allocation = Allocation::reject_all(&instance);
    assert_eq!(allocation.violations(&instance, 1e-9), []);
    let to_middle = instance.arc(0, 1).unwrap();
    let to_end = instance.arc(1, 2).unwrap();
    allocation.forwarded_rps[to_middle] = 1.0;
    allocation.forwarded_rps[to_end] = 2.0;
    allocation.rejected_rps = vec![9.0, 3.0, 1.0];
    allocation.replicas = vec![1, 0, 3];
    let found = allocation.violations(&instance, 1e-9);
    assert_eq!(
        found,
        [
            Violation::Capacity { stream: 1, excess_rps: 1.0 },
            Violation::PingPong { stream: 1 },
            // 2 requests per second need 2 replicas.
            Violation::Idle { stream: 2 },
            Violation::Memory { node: 0, excess_mb: 100 },
        ]
    );
    allocation.local_rps[1] = f64::NAN;
    assert!(allocation.violations(&instance, 1e-9).contains(&Violation::Negative { stream: 1 }));
    allocation.local_rps[1] = 0.5;
    let flow = Violation::Flow { stream: 1, excess_rps: 0.5 };
    assert!(allocation.violations(&instance, 1e-9).contains(&flow));
}

/// The local problem of node 0 of h01 keeps 1.6 of 4; at a price that makes offers better than service it keeps nothing only
/// where alpha - delta + pi is not above 0.
#[test]
fn a_local_problem_by_hand() {
    let instance = h01();
    let plan = local_plan(&instance, 0, &[0.0], None, Flows::Continuous);
    assert_eq!((plan.local_rps, plan.replicas), (vec![1.6], vec![1]));
    let whole = local_plan(&instance, 0, &[0.0], None, Flows::Integer);
    assert_eq!((whole.local_rps, whole.replicas), (vec![1.0], vec![1]));
    // alpha - delta is 0.1.
    let none = local_plan(&instance, 0, &[-0.1], None, Flows::Continuous);
    assert_eq!((none.local_rps, none.replicas), (vec![0.0], vec![0]));
    // Three requests received need two replicas, which have 0.2 to spare for the node's own.
    let restricted = restricted_plan(&instance, 1, &[1.9], &[3.0], Flows::Continuous);
    assert_eq!(restricted.replicas, [2]);
    close(restricted.local_rps[0], 0.1, 1e-12);
}

/// A program and its file: h04 has columns x_0_0, x_0_1, r_0_0, r_0_1.
#[test]
fn mps_by_hand() {
    let text = centralised_mps(&h04(), Flows::Continuous);
    for line in [
        "OBJSENSE\n    MAX",
        " L memory_0",
        // (1 + 0.1) / 1.6
        "    x_0_0 objective 0.6875",
        "    r_0_1 memory_0 50",
        // Minus the constant: all rejected is -0.2.
        "    RHS objective 0.2",
        "    RHS memory_0 100",
        " UP BOUND r_0_1 2",
        "'INTORG'",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    assert!(text.ends_with("ENDATA\n"));
}

/// Welfare 3, 1, 2 with objectives 5, 4, 8: by welfare 5, 4, 4, by objective 5, 5, 8.
#[test]
fn stops_after_each_iteration() {
    let record = |iteration, welfare, objective| IterationRecord {
        iteration,
        step: 2.0,
        prices: vec![],
        local_objective: 0.0,
        bound: 0.0,
        best_bound: 0.0,
        welfare,
        best_welfare: 0.0,
        objective,
        deviation_rps: vec![],
        offered_rps: 0.0,
        offloaded_rps: 0.0,
        objective_deviation: 0.0,
    };
    let rows = stopped_early(&[record(0, 3.0, 5.0), record(1, 1.0, 4.0), record(2, 2.0, 8.0)]);
    let welfare: Vec<f64> = rows.iter().map(|row| row.of_best_welfare).collect();
    let best: Vec<f64> = rows.iter().map(|row| row.best_objective).collect();
    assert_eq!((welfare, best), (vec![5.0, 4.0, 4.0], vec![5.0, 5.0, 8.0]));
    close(rows[0].best_objective_loss, 3.0 / 8.0, 1e-12);
    close(rows[0].of_best_welfare_loss, -0.25, 1e-12);
    assert_eq!(rows[2].best_objective_loss, 0.0);
}

/// An auction of h01: node 1 starts the replicas that node 0 asks for.
#[test]
fn an_auction_by_hand() {
    let found = auction(&h01(), &AuctionOptions::default()).unwrap();
    close(found.objective, 1.94, 1e-9);
    assert_eq!(found.status, Status::Distributed(Termination::AllOffloaded));
    // The spare 1.2 of node 1's two replicas is bought first.
    close(found.iterations[0].offloaded_rps, 1.2, 1e-9);
}

#[test]
fn bad_options_are_named() {
    let message = |method: Method| method.allocate(&h01()).unwrap_err().to_string();
    let gap = CentralisedOptions { relative_gap: -1.0, ..CentralisedOptions::default() };
    assert!(message(Method::Centralised(gap)).starts_with("relative_gap: -1"));
    let prices =
        DistributedOptions { first_prices: Some(vec![0.0; 2]), ..DistributedOptions::default() };
    assert!(message(Method::Distributed(prices)).starts_with("first_prices: 2 values where 1"));
    let none = DistributedOptions { max_iterations: 0, ..DistributedOptions::default() };
    assert!(message(Method::Distributed(none)).starts_with("max_iterations: 0"));
    let discount = AuctionOptions { idle_discount: 1.5, ..AuctionOptions::default() };
    assert!(message(Method::Auction(discount)).starts_with("idle_discount: 1.5"));
    let replicas = StaticReplicas::Each(vec![1, 2]);
    assert!(message(Method::StaticReplicas { replicas }).starts_with("replicas: 2 values where 1"));
    let unknown = Method::named("macr").unwrap_err().to_string();
    assert!(unknown.contains("did you mean \"macro\""), "{unknown}");
}
