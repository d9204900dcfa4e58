//! Tests of all methods together.

mod by_hand;
mod formats;
mod generator;
mod golden;
mod policies;
mod properties;

use super::*;

/// Nodes with these memories, functions of 100 MB of which a replica serves 0.8 / 0.5 s = 1.6 requests per second.
fn simple(memory_mb: &[u64], edges: &[[usize; 2]], beta: f64, load_rps: &[f64]) -> Instance {
    let nodes = memory_mb.len();
    let functions = load_rps.len() / nodes;
    let table = |value: f64| vec![vec![value; functions]; nodes];
    let parts = InstanceParts {
        memory_capacity_mb: memory_mb.to_vec(),
        memory_requirement_mb: vec![100; functions],
        max_utilisation: vec![0.8; functions],
        demand_s: table(0.5),
        edges: edges.to_vec(),
        alpha: table(1.0),
        gamma: table(0.1),
        delta: table(0.9),
        load_rps: load_rps.chunks(functions).map(<[f64]>::to_vec).collect(),
        normalisation: Normalisation::PerStream,
    };
    Instance::new(parts, |_, _, _| beta).unwrap()
}

/// h01: two linked nodes.
fn h01() -> Instance {
    simple(&[100, 1000], &[[0, 1]], 0.9, &[4.0, 2.0])
}

/// h02: two nodes that are not linked.
fn h02() -> Instance {
    simple(&[100, 1000], &[], 0.9, &[4.0, 2.0])
}

/// h03: a chain whose first node has no memory.
fn h03() -> Instance {
    simple(&[0, 500, 1000], &[[0, 1], [1, 2]], 0.9, &[10.0, 5.0, 1.0])
}

/// A node with 100 MB for a replica of 60 MB or two of 50 MB.
fn h04() -> Instance {
    let parts = InstanceParts {
        memory_capacity_mb: vec![100],
        memory_requirement_mb: vec![60, 50],
        max_utilisation: vec![0.8; 2],
        demand_s: vec![vec![0.5; 2]],
        alpha: vec![vec![1.0, 0.8]],
        gamma: vec![vec![0.1; 2]],
        delta: vec![vec![0.0; 2]],
        load_rps: vec![vec![1.6, 3.2]],
        ..InstanceParts::default()
    };
    Instance::new(parts, |_, _, _| 0.0).unwrap()
}

/// Two nodes for which forwarding is worth twice as much as local service.
fn h05() -> Instance {
    simple(&[200, 200], &[[0, 1]], 2.0, &[1.6, 1.6])
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1.0),
        "{found} is not {expected}"
    );
}

/// What breaks no constraint, or at most those that are named.
#[track_caller]
fn feasible(instance: &Instance, outcome: &Outcome, allowed: impl Fn(&Violation) -> bool) {
    let mut found = outcome.allocation.violations(instance, 1e-7);
    found.retain(|violation| !allowed(violation));
    assert_eq!(found, []);
    close(outcome.allocation.objective(instance), outcome.objective, 1e-9);
}
