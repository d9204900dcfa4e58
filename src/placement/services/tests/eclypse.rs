//! Cases of fixed order, worked out by hand from what ECLYPSE 0.9.1 does.

use super::*;

/// What a policy answers for services of so many cores on unlinked nodes of so many cores.
fn answers(
    mut policy: impl ServicePlacementPolicy,
    cores: &[u32],
    services: &[f64],
) -> ServicePlacementDecision {
    let mut own = network(cores, &[]);
    // Interactions that no way could serve do not bother it.
    let id = own.add_application(chain(services, 1.0));
    see(&mut own, id, |view| policy.place(view))
}

#[test]
fn first_fit_moves_the_chosen_node_to_the_end() {
    // 4 to n0 (now n1 n2 n0: 2 4 0), 1 to n1 (n2 n0 n1: 4 0 1), 1 to n2 (n0 n1 n2: 0 1 3), 1 to n1, 2 to n2.
    let listed = || EclypseFirstFit { order: NodeOrder::Listed };
    let decision = answers(listed(), &[4, 2, 4], &[4.0, 1.0, 1.0, 1.0, 2.0]);
    assert_eq!(nodes_of(&decision), [0, 1, 2, 1, 2]);
    // Ours stays at the first that fits, and has no way to others.
    let short = answers(listed(), &[4, 2], &[3.0, 3.0, 1.0]);
    let ServicePlacementDecision::Reject(fault) = short else { panic!("{short:?}") };
    assert_eq!((fault.replica, fault.needed), (Some(ReplicaIndex(1)), 3.0));
}

#[test]
fn best_fit_gives_way_to_no_more_of_anything() {
    let listed = || EclypseBestFit { order: NodeOrder::Listed };
    // 2: n0 (8) gives way to n1 (4), that to n2 (2). 3: n0 to n1. 1: n0 to n1, which has 1 of 4 left.
    let decision = answers(listed(), &[8, 4, 2], &[2.0, 3.0, 1.0]);
    assert_eq!(nodes_of(&decision), [2, 1, 1]);
    // Equal ones give way, too: the last of them.
    assert_eq!(nodes_of(&answers(listed(), &[4, 4, 4], &[1.0])), [2]);
    // n0 is counted with the 4 that it had before, so that n1 with 3 takes its place though n0 has 1 left.
    let decision = answers(listed(), &[4, 3], &[3.5, 0.5]);
    assert_eq!(nodes_of(&decision), [0, 1]);
}

#[test]
fn best_fit_needs_less_of_each_asset() {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    for (name, cores, memory_bytes) in [("mid", 4, 16e9), ("lean", 2, 32e9), ("small", 3, 8e9)] {
        let mut class = NodeClass::new(name, Tier::Edge, 1).with_cores(cores, 1000.0);
        class.resources.memory_bytes = memory_bytes;
        builder.class(class, Box::new(Static::at(vec![Position::default()]).unwrap()));
    }
    let mut own = builder.build().unwrap();
    let id = own.add_application(chain(&[1.0], 1.0));
    let mut policy = EclypseBestFit { order: NodeOrder::Listed };
    // "lean" has fewer cores, but more memory than "mid"; "small" has less of both.
    assert_eq!(nodes_of(&see(&mut own, id, |view| policy.place(view))), [2]);
}

#[test]
fn round_robin_and_static_ignore_what_nodes_have() {
    let round_robin = || EclypseRoundRobin { order: NodeOrder::Listed };
    assert_eq!(nodes_of(&answers(round_robin(), &[1, 1, 1], &[9.0, 9.0])), [0, 1]);
    assert_eq!(nodes_of(&answers(round_robin(), &[1, 1], &[9.0, 9.0, 9.0])), [0, 1, 0]);
    let nodes = [("s0".to_string(), vec![NodeId(1)]), ("s1".to_string(), vec![NodeId(1)])];
    let given = || EclypseStatic { fixed: Fixed { nodes: nodes.clone().into() } };
    assert_eq!(nodes_of(&answers(given(), &[1, 1], &[9.0, 9.0])), [1, 1]);
    let partial = answers(given(), &[1, 1], &[9.0, 9.0, 9.0]);
    assert!(
        matches!(partial, ServicePlacementDecision::Reject(fault) if fault.replica == Some(ReplicaIndex(2)))
    );
}

#[test]
fn random_spreads_if_asked_to() {
    let spread = answers(EclypseRandom { spread: true }, &[1; 5], &[9.0; 10]);
    let nodes = nodes_of(&spread);
    let mut first = nodes[..5].to_vec();
    assert_eq!(first, nodes[5..]);
    first.sort_unstable();
    assert_eq!(first, [0, 1, 2, 3, 4]);
    let any = nodes_of(&answers(EclypseRandom::default(), &[1; 5], &[9.0; 200]));
    for node in 0..5 {
        // 40 are expected, with a standard deviation of 5.7.
        let count = any.iter().filter(|&&own| own == node).count();
        assert!((17..=63).contains(&count), "{count} on {node}");
    }
}

#[test]
fn ours_hold_to_ways_and_assets() {
    // A star around n0, of which n2 is too far.
    let links = [(0, 1, 1.0), (0, 2, 50.0), (0, 3, 1.0)];
    let mut own = network(&[3, 2, 4, 2], &links);
    let id = own.add_application(chain(&[1.0, 1.0, 1.0, 1.0], 5.0));
    let mut place = |policy: &mut dyn ServicePlacementPolicy| {
        nodes_of(&see(&mut own, id, |view| policy.place(view)))
    };
    assert_eq!(place(&mut FirstFit {}), [0, 0, 0, 1]);
    assert_eq!(place(&mut BestFit::default()), [1, 1, 3, 3]);
    let mut round_robin = RoundRobin::default();
    assert_eq!(place(&mut round_robin), [0, 1, 3, 0]);
    assert_eq!(place(&mut round_robin), [1, 3, 0, 1]);
    for _ in 0..20 {
        let nodes = place(&mut RandomFit::default());
        assert!(
            nodes == [2; 4] || nodes.len() == 4 && !nodes.contains(&2) || nodes.is_empty(),
            "{nodes:?}"
        );
    }
}
