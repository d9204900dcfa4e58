//! Allocations of replicas by size: what methods find, how near to the bound, and how long they take.
//!
//! `cargo bench --no-default-features --bench functions`, or some sizes only: `... --bench functions -- 10x3 1000x10`.
//! Degree 3, four classes of memory, loads on the verge of saturation; time by the wall, all threads.

use std::time::Instant;
use stratosim::placement::functions::{
    CentralisedOptions, CentralisedSolver, DistributedOptions, Instance, InstanceGenerator, Method,
    Normalisation, SortingRule, relaxation_bound,
};

/// Nodes and functions, and the largest number of streams of which the optimum is searched for.
const SIZES: [(usize, usize); 9] =
    [(10, 3), (10, 5), (20, 3), (20, 5), (50, 3), (50, 5), (100, 5), (200, 5), (1000, 10)];

/// More than so many streams are not searched, nor relaxed.
const SEARCHED: usize = 100;
const RELAXED: usize = 1000;

fn instance(nodes: usize, functions: usize) -> Instance {
    let text = format!(
        r#"{{"Nn": {{"values": [{nodes}]}}, "Nf": {{"values": [{functions}]}}, "neighborhood": {{"k": 3}},
            "demand": {{"min": 0.5, "max": 1.0,
                        "speedup_factors": {{"4096": 1.0, "8192": 2.0, "16384": 2.4, "24576": 2.8}}}},
            "memory_requirement": {{"values_from": [128, 256, 512, 1024]}},
            "memory_capacity": {{"repeated_values": [[0.5, 4096], [0.125, 8192], [0.25, 16384], [0.125, 24576]]}},
            "max_utilization": {{"min": 0.7, "max": 0.7}}, "load": {{"trace_type": "fixed_sum", "values": ["auto"]}},
            "weights": {{"alpha": {{"min": 1.0, "max": 1.0}}, "beta_multiplier": {{"min": 0.75, "max": 0.95}},
                        "gamma": {{"min": 0.05, "max": 0.15}}, "delta_multiplier": {{"min": 0.9, "max": 0.99}}}}}}"#
    );
    let generator = InstanceGenerator::from_json(&text, "").expect("the limits are good");
    generator.generate(1).expect("an instance can be drawn").series.instance
}

fn main() {
    // Cargo passes `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|own| !own.starts_with('-')).collect();
    println!(
        "| nodes x functions | method | objective | below the bound | iterations | search nodes | s |"
    );
    println!("| ---: | --- | ---: | ---: | ---: | ---: | ---: |");
    for (nodes, functions) in SIZES {
        let size = format!("{nodes}x{functions}");
        if !wanted.is_empty() && !wanted.contains(&size) {
            continue;
        }
        let instance = instance(nodes, functions);
        assert_eq!(instance.normalisation(), Normalisation::PerStream);
        let streams = instance.streams();
        let relaxed = (streams <= RELAXED).then(|| relaxation_bound(&instance).expect("it has a bound"));
        let centralised = |solver| {
            let options = CentralisedOptions {
                solver,
                relative_gap: 1e-2,
                time_limit_s: Some(60.0),
                ..CentralisedOptions::default()
            };
            Method::Centralised(options)
        };
        let mut methods = Vec::new();
        if streams <= SEARCHED {
            methods.push(("lmm-exact, gap 1 %", centralised(CentralisedSolver::Exact)));
        }
        if streams <= RELAXED {
            methods.push(("lmm-dive", centralised(CentralisedSolver::Dive)));
            methods.push(("lmm-rounding", centralised(CentralisedSolver::Rounding)));
        }
        let once = DistributedOptions { max_iterations: 1, ..DistributedOptions::default() };
        methods.push(("macro, one iteration", Method::Distributed(once)));
        methods.push(("macro", Method::Distributed(DistributedOptions::default())));
        let upstream = DistributedOptions::upstream(SortingRule::Product);
        methods.push(("macro-upstream", Method::Distributed(upstream)));
        for name in ["madea", "greedy-by-memory", "no-offloading", "static-replicas"] {
            methods.push((name, Method::named(name).expect("the method is known")));
        }
        let mut bound = relaxed;
        for (name, method) in methods {
            let start = Instant::now();
            let found = method.allocate(&instance).expect("an allocation is found");
            let time = start.elapsed().as_secs_f64();
            bound = match (bound, found.bound) {
                (Some(least), Some(own)) => Some(least.min(own)),
                (least, own) => least.or(own),
            };
            let gap = bound.map_or("-".into(), |bound| {
                format!("{:.2} %", 100.0 * (bound - found.objective) / bound.abs())
            });
            println!(
                "| {size} | {name} | {:.3} | {gap} | {} | {} | {time:.3} |",
                found.objective,
                found.iterations.len(),
                found.search_nodes
            );
        }
    }
}
