//! Properties of all methods on random instances.

use super::*;
use proptest::prelude::*;

/// An instance of up to 5 nodes and 3 functions, loaded up to about twice what it can serve.
fn instance() -> impl Strategy<Value = Instance> {
    (1_usize..6, 1_usize..4).prop_flat_map(|(nodes, functions)| {
        let streams = nodes * functions;
        let table = move |range: std::ops::Range<f64>| prop::collection::vec(range, streams);
        (
            prop::collection::vec(0_u64..1500, nodes),
            prop::collection::vec(50_u64..300, functions),
            (table(0.1..1.0), table(0.0..12.0), table(0.5..1.0), table(0.0..0.3)),
            prop::collection::vec(prop::bool::weighted(0.6), nodes * nodes),
            prop::collection::vec(0.2..1.2_f64, nodes * nodes * functions),
            any::<bool>(),
        )
            .prop_map(
                move |(memory, requirement, (demand, load, alpha, gamma), linked, beta, total)| {
                    let rows =
                        |flat: &[f64]| flat.chunks(functions).map(<[f64]>::to_vec).collect::<Vec<_>>();
                    let pairs = (0..nodes).flat_map(|a| (0..a).map(move |b| [a, b]));
                    // Some streams have no load.
                    let load: Vec<f64> = load.iter().map(|own| (own - 1.0).max(0.0)).collect();
                    let parts = InstanceParts {
                        memory_capacity_mb: memory,
                        memory_requirement_mb: requirement,
                        max_utilisation: vec![0.75; functions],
                        demand_s: rows(&demand),
                        edges: pairs.filter(|[a, b]| linked[a * nodes + b]).collect(),
                        delta: rows(&alpha.iter().map(|own| 0.8 * own).collect::<Vec<_>>()),
                        alpha: rows(&alpha),
                        gamma: rows(&gamma),
                        load_rps: rows(&load),
                        normalisation: if total {
                            Normalisation::Total
                        } else {
                            Normalisation::PerStream
                        },
                    };
                    Instance::new(parts, |n, m, f| beta[(n * nodes + m) * functions + f]).unwrap()
                },
            )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// No method breaks a constraint, but the published order of the coordinator may let nodes forward and receive, and
    /// static replicas may stand idle; none is above the relaxation, or above what the search has proven.
    #[test]
    fn methods_keep_to_constraints_and_bounds(instance in instance()) {
        let relaxed = relaxation_bound(&instance).unwrap();
        let lmm = solve_centralised(&instance, &CentralisedOptions::default()).unwrap();
        let bound = lmm.bound.unwrap();
        prop_assert!(bound <= relaxed + 1e-6);
        for name in METHOD_NAMES {
            let found = Method::named(name).unwrap().allocate(&instance).unwrap();
            feasible(&instance, &found, |violation| match violation {
                Violation::PingPong { .. } => name == "macro-upstream",
                Violation::Idle { .. } => name == "static-replicas",
                _ => false,
            });
            if name != "macro-upstream" {
                prop_assert!(found.objective <= bound + 1e-6, "{} has {} above {}", name, found.objective, bound);
            }
        }
        prop_assert!(lmm.objective >= no_offloading(&instance).objective - 1e-3 * bound.abs() - 1e-6);
    }

    /// Whole loads and flows: all rates are whole.
    #[test]
    fn whole_flows_stay_whole(mut instance in instance()) {
        let whole: Vec<f64> = (0..instance.streams()).map(|s| instance.load_rps(s).round()).collect();
        instance.set_loads(&whole).unwrap();
        let lmm = CentralisedOptions { flows: Flows::Integer, ..CentralisedOptions::default() };
        let distributed = DistributedOptions { flows: Flows::Integer, ..DistributedOptions::default() };
        let auction = AuctionOptions { flows: Flows::Integer, ..AuctionOptions::default() };
        let bound = solve_centralised(&instance, &lmm).unwrap().bound.unwrap();
        for method in [Method::Centralised(lmm), Method::Distributed(distributed), Method::Auction(auction)] {
            let found = method.allocate(&instance).unwrap();
            feasible(&instance, &found, |_| false);
            prop_assert!(found.objective <= bound + 1e-6);
            let Allocation { local_rps, forwarded_rps, .. } = &found.allocation;
            prop_assert!(local_rps.iter().chain(forwarded_rps).all(|rate| rate.fract() == 0.0));
        }
    }

    /// The same at one thread and at several, to the last bit.
    #[test]
    fn threads_change_nothing(instance in instance()) {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                ["macro", "macro-upstream", "macro-milp", "madea", "lmm"]
                    .map(|name| Method::named(name).unwrap().allocate(&instance).unwrap())
            })
        };
        prop_assert_eq!(run(1), run(4));
    }

    /// Our own JSON and the published files give the instance back.
    #[test]
    fn instances_are_read_as_written(mut instance in instance()) {
        prop_assume!(instance.unplaceable_functions().is_empty());
        instance.set_normalisation(Normalisation::PerStream);
        let loads: Vec<f64> = (0..instance.streams()).map(|s| instance.load_rps(s)).collect();
        let twice = loads.iter().map(|own| 2.0 * own).collect();
        let steps = vec![LoadStep { t: 0, load_rps: loads }, LoadStep { t: 1, load_rps: twice }];
        let series = InstanceSeries::new(instance, steps).unwrap();
        prop_assert_eq!(&InstanceSeries::from_json(&series.to_json(), "").unwrap(), &series);
        let folder = tempfile::tempdir().unwrap();
        write_published(&series, folder.path()).unwrap();
        prop_assert_eq!(&read_published(folder.path()).unwrap(), &series);
    }
}
