//! What each strategy is for, by hand.

use super::*;
use crate::energy::{LinearPower, NodePower, Signal, SiteSpec};
use crate::infra::applications::ViolationKind;
use std::sync::Arc;

/// Interactions of a service 0 with each other one within so many ms.
fn star(cores: &[f64], ms: f64) -> ApplicationNeeds {
    let mut needs = chain(cores, ms);
    needs.interactions.iter_mut().for_each(|own| own.from = ReplicaIndex(0));
    needs
}

fn place(
    own: &mut Infrastructure,
    id: ApplicationId,
    policy: &mut dyn ServicePlacementPolicy,
) -> Vec<u32> {
    let decision = see(own, id, |view| policy.place(view));
    by_replica(&decision)
}

fn by_replica(decision: &ServicePlacementDecision) -> Vec<u32> {
    let ServicePlacementDecision::Place(placed) = decision else { panic!("{decision:?}") };
    let mut placed = placed.clone();
    placed.sort_unstable();
    placed.into_iter().map(|(_, node)| node.0).collect()
}

fn fault(
    own: &mut Infrastructure,
    id: ApplicationId,
    policy: &mut dyn ServicePlacementPolicy,
) -> Violation {
    match see(own, id, |view| policy.place(view)) {
        ServicePlacementDecision::Reject(fault) => fault,
        placed => panic!("{placed:?}"),
    }
}

#[test]
fn greedy_goes_to_the_nearest_node_with_room() {
    // The first node has the most cores, the third is nearer to it than the second.
    let mut own = network(&[3, 2, 2, 2], &[(0, 1, 4.0), (0, 2, 2.0), (2, 3, 1.0)]);
    let id = own.add_application(chain(&[2.0, 2.0, 2.0], 5.0));
    // The second service has the most interactions.
    assert_eq!(place(&mut own, id, &mut GreedyLatency::default()), [2, 0, 3]);
    let id = own.add_application(chain(&[2.0, 2.0], 10.0));
    assert_eq!(place(&mut own, id, &mut GreedyLatency::default()), [0, 2]);
}

#[test]
fn greedy_begins_anew_when_it_is_stuck() {
    // The node with the most room has no neighbour near enough.
    let links = [(0, 1, 50.0), (1, 2, 1.0)];
    let mut own = network(&[3, 2, 2], &links);
    let id = own.add_application(chain(&[2.0, 2.0], 5.0));
    let mut greedy = GreedyLatency::default();
    assert_eq!(place(&mut own, id, &mut greedy), [2, 1]);
    greedy.restarts = 0;
    assert_eq!(fault(&mut own, id, &mut greedy).kind, ViolationKind::Latency);
}

#[test]
fn greedy_looks_for_bandwidth() {
    // The nearest node is behind a link with too little left.
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    lay_out(&mut builder, &[2, 2, 2], &[(0, 2, 3.0)]);
    let latency = SimDuration::from_secs(1e-3);
    builder.link("narrow", LinkSpec::new(NodeId(0), NodeId(1), latency, 9e6));
    let mut own = builder.build().unwrap();
    let id = own.add_application(chain(&[2.0, 2.0], 5.0));
    assert_eq!(place(&mut own, id, &mut GreedyLatency::default()), [0, 2]);
}

#[test]
fn co_location_takes_one_node_or_joins_what_talks_most() {
    let links = [(0, 1, 1.0), (1, 2, 1.0)];
    let mut own = network(&[3, 2, 4], &links);
    let id = own.add_application(chain(&[1.0, 2.0, 1.0], 5.0));
    assert_eq!(place(&mut own, id, &mut CoLocation::default()), [2, 2, 2]);
    // Five cores are on two nodes; the tightest interaction is within one.
    let mut needs = chain(&[2.0, 1.0, 2.0], 5.0);
    needs.interactions[1].latency_s = 1e-3;
    let id = own.add_application(needs);
    let placed = place(&mut own, id, &mut CoLocation::default());
    assert_eq!(placed[1], placed[2], "{placed:?}");
    assert_ne!(placed[0], placed[1], "{placed:?}");
    // None that fit together.
    let id = own.add_application(chain(&[3.0, 2.0, 4.0], 5.0));
    assert_eq!(place(&mut own, id, &mut CoLocation::default()), [0, 1, 2]);
}

#[test]
fn backtracking_goes_back_and_gives_up_at_its_limit() {
    // The hub must be in the middle, where there is the least room.
    let links = [(0, 1, 3.0), (1, 2, 3.0), (1, 3, 3.0)];
    let mut own = network(&[4, 1, 4, 4], &links);
    let id = own.add_application(star(&[1.0, 4.0, 4.0, 4.0], 3.0));
    let mut search = Backtracking::default();
    let placed = place(&mut own, id, &mut search);
    assert_eq!(placed[0], 1, "{placed:?}");
    search.limit = 2;
    let fault = fault(&mut own, id, &mut search);
    assert!(fault.replica.is_some(), "{fault:?}");
}

#[test]
fn what_cannot_be_placed_names_what_it_needs() {
    let mut own = network(&[2, 3], &[(0, 1, 1.0)]);
    let id = own.add_application(chain(&[1.0, 4.0], 5.0));
    let all: [&mut dyn ServicePlacementPolicy; 8] = [
        &mut GreedyLatency::default(),
        &mut CoLocation::default(),
        &mut Backtracking::default(),
        &mut LocalSearch::default(),
        &mut SimulatedAnnealing::default(),
        &mut Milp::default(),
        &mut EnergyAware::default(),
        &mut CarbonAware::default(),
    ];
    for policy in all {
        let fault = fault(&mut own, id, policy);
        assert_eq!(
            (fault.kind, fault.replica),
            (ViolationKind::Asset, Some(ReplicaIndex(1))),
            "{policy:?}"
        );
        // The node that comes closest.
        assert_eq!((fault.node, fault.needed, fault.offered), (Some(NodeId(1)), 4.0, 3.0), "{policy:?}");
    }
}

#[test]
fn searches_leave_a_bad_start() {
    let links = [(0, 1, 50.0), (1, 2, 2.0), (2, 3, 1.0)];
    let mut own = network(&[2, 2, 2, 2], &links);
    let id = own.add_application(chain(&[2.0, 2.0], 5.0));
    let start = SearchStart::Random;
    let mut local = LocalSearch { start, ..LocalSearch::default() };
    let mut placed = place(&mut own, id, &mut local);
    placed.sort_unstable();
    assert_eq!(placed, [2, 3]);
    let mut annealing = SimulatedAnnealing { start, ..SimulatedAnnealing::default() };
    placed = place(&mut own, id, &mut annealing);
    placed.sort_unstable();
    assert_eq!(placed, [2, 3]);
}

#[test]
fn searches_weigh_bandwidth_and_watts() {
    // Two short links, or a long one.
    let links = [(0, 3, 1.0), (3, 1, 1.0), (0, 2, 3.0)];
    let mut own = network(&[1, 1, 1, 0], &links);
    let mut needs = chain(&[1.0, 1.0], 5.0);
    needs.interactions[0].bandwidth_bps = 50e6;
    let id = own.add_application(needs);
    let mut local = LocalSearch::default();
    let mut ends = |local: &mut LocalSearch| {
        let mut placed = place(&mut own, id, local);
        placed.sort_unstable();
        placed
    };
    assert_eq!(ends(&mut local), [0, 1]);
    // 0.05 Gbit/s more on a link against 0.2 of the latency.
    local.weights.bandwidth = 3.9;
    assert_eq!(ends(&mut local), [0, 1]);
    local.weights.bandwidth = 4.1;
    assert_eq!(ends(&mut local), [0, 2]);
}

/// Nodes of two cores with watts at full load, idle at 10 W, around a node without cores; grams of CO2 a kWh if their site
/// is known.
fn powered(nodes: &[(f64, Option<f64>)]) -> Infrastructure {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    for (index, &(busy_w, _)) in nodes.iter().enumerate() {
        let mut class = NodeClass::new(format!("n{index}"), Tier::Edge, 1).with_cores(2, 1000.0);
        class.power = NodePower::new(Arc::new(LinearPower { idle_w: 10.0, busy_w }));
        builder.class(class, Box::new(Static::at(vec![Position::default()]).unwrap()));
    }
    let hub = NodeClass::new("hub", Tier::Edge, 1).with_cores(0, 1000.0);
    builder.class(hub, Box::new(Static::at(vec![Position::default()]).unwrap()));
    for (index, &(_, carbon)) in (0..).zip(nodes) {
        let latency = SimDuration::from_secs(f64::from(index + 1) / 1e3);
        let link = LinkSpec::new(NodeId(index), NodeId(nodes.len() as u32), latency, 100e6);
        builder.link(format!("link-{index}"), link);
        if let Some(grams) = carbon {
            let mut site = SiteSpec::new(format!("site-{index}"));
            site.carbon = Some(Arc::new(Signal::constant(grams / 3.6e6)));
            builder.site(site, vec![NodeId(index)]);
        }
    }
    builder.build().unwrap()
}

#[test]
fn energy_is_saved_where_latency_allows() {
    let mut own = powered(&[(100.0, None), (60.0, None), (80.0, None), (20.0, None)]);
    let id = own.add_application(chain(&[2.0, 2.0], 10.0));
    let mut placed = place(&mut own, id, &mut EnergyAware::default());
    placed.sort_unstable();
    assert_eq!(placed, [1, 3]);
    // Four and two ms apart are too far now: the best that begins at the last node is with the first one.
    let near = own.add_application(chain(&[2.0, 2.0], 5.0));
    placed = place(&mut own, near, &mut EnergyAware::default());
    placed.sort_unstable();
    assert_eq!(placed, [0, 3]);
    let mut milp = Milp { objective: PlacementObjective::Energy, ..Milp::default() };
    placed = place(&mut own, near, &mut milp);
    placed.sort_unstable();
    // 90 W and 10 W are less than 50 W and 90 W, or 50 W and 70 W.
    assert_eq!(placed, [0, 3]);
}

#[test]
fn carbon_is_saved_where_the_electricity_is_clean() {
    // 90 W at 100 g/kWh are 9 g/h, 50 W at 300 are 15; 20 W at an unknown intensity count as 800: 16.
    let nodes = [(100.0, Some(100.0)), (60.0, Some(300.0)), (30.0, None), (110.0, Some(800.0))];
    let mut own = powered(&nodes);
    let id = own.add_application(chain(&[2.0], 10.0));
    assert_eq!(place(&mut own, id, &mut CarbonAware::default()), [0]);
    assert_eq!(place(&mut own, id, &mut EnergyAware::default()), [2]);
    let two = own.add_application(chain(&[2.0, 2.0], 10.0));
    let mut placed = place(&mut own, two, &mut CarbonAware::default());
    placed.sort_unstable();
    assert_eq!(placed, [0, 1]);
    let mut unknown = powered(&[(100.0, None), (60.0, None)]);
    let id = unknown.add_application(chain(&[2.0], 10.0));
    assert_eq!(place(&mut unknown, id, &mut CarbonAware::default()), [1]);
}

#[test]
fn only_open_replicas_move() {
    let links = [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)];
    let mut own = network(&[2, 2, 2, 2], &links);
    let id = own.add_application(chain(&[2.0, 2.0, 2.0], 2.0));
    let placed = [0, 1, 2].map(|index| (ReplicaIndex(index), NodeId(index)));
    own.place(id, &placed).unwrap();
    // The last one is taken off: of the nodes within 2 ms of the second one, the third is the nearest.
    own.displace(id, ReplicaIndex(2));
    let other = own.add_application(chain(&[2.0], 1.0));
    own.place(other, &[(ReplicaIndex(0), NodeId(2))]).unwrap();
    let all: [&mut dyn ServicePlacementPolicy; 8] = [
        &mut GreedyLatency::default(),
        &mut CoLocation::default(),
        &mut Backtracking::default(),
        &mut LocalSearch::default(),
        &mut SimulatedAnnealing::default(),
        &mut Milp::default(),
        &mut EnergyAware::default(),
        &mut CarbonAware::default(),
    ];
    for policy in all {
        let open = [ReplicaIndex(2)];
        let decision = see_open(&mut own, id, &open, &[], |view| policy.place(view));
        let moved = vec![(ReplicaIndex(2), NodeId(3))];
        assert_eq!(decision, ServicePlacementDecision::Place(moved), "{policy:?}");
        own.place(id, &[(ReplicaIndex(2), NodeId(3))]).unwrap();
        own.displace(id, ReplicaIndex(2));
    }
}

#[test]
fn stickiness_keeps_what_gains_too_little_by_moving() {
    // From the first node: 1 ms to the second, 3 ms to the third, of 10 ms.
    let mut own = network(&[1, 1, 1], &[(0, 1, 1.0), (0, 2, 3.0)]);
    let id = own.add_application(chain(&[1.0, 1.0], 10.0));
    own.place(id, &[(ReplicaIndex(0), NodeId(0))]).unwrap();
    let (open, previous) = ([ReplicaIndex(1)], [(ReplicaIndex(1), NodeId(2))]);
    let mut node = |policy: &mut dyn ServicePlacementPolicy| {
        let decision = see_open(&mut own, id, &open, &previous, |view| policy.place(view));
        by_replica(&decision)[0]
    };
    for (stickiness, expected) in [(0.19, 1), (0.21, 2)] {
        assert_eq!(node(&mut GreedyLatency { stickiness, ..GreedyLatency::default() }), expected);
        assert_eq!(node(&mut Backtracking { stickiness, ..Backtracking::default() }), expected);
        assert_eq!(node(&mut Milp { stickiness, ..Milp::default() }), expected);
        assert_eq!(node(&mut LocalSearch { stickiness, ..LocalSearch::default() }), expected);
        let mut annealing = SimulatedAnnealing { stickiness, ..SimulatedAnnealing::default() };
        assert_eq!(node(&mut annealing), expected);
    }
    // Both are new nodes, so that nothing is gained by the nearer one.
    assert_eq!(node(&mut CoLocation { stickiness: 0.1, ..CoLocation::default() }), 2);
    // No watts are gained either.
    assert_eq!(node(&mut EnergyAware { stickiness: 0.1, ..EnergyAware::default() }), 2);
}

#[test]
fn a_large_program_is_left_to_backtracking() {
    let mut own = network(&[2, 2, 2], &[(0, 1, 1.0), (1, 2, 1.0)]);
    let id = own.add_application(chain(&[2.0, 2.0], 5.0));
    let mut small = Milp { largest: 14, ..Milp::default() };
    let by_search = place(&mut own, id, &mut Backtracking::default());
    assert_eq!(place(&mut own, id, &mut small), by_search);
}

#[test]
fn parameters_out_of_range_are_told() {
    let message = |policy: &dyn ServicePlacementPolicy| policy.check().unwrap_err().to_string();
    assert_eq!(
        message(&GreedyLatency { stickiness: -1.0, ..GreedyLatency::default() }),
        "stickiness of -1 is not allowed: at least 0"
    );
    assert_eq!(
        message(&CoLocation { tries: 0, ..CoLocation::default() }),
        "a replica needs at least 1 try"
    );
    assert_eq!(
        message(&Backtracking { limit: 0, ..Backtracking::default() }),
        "at least 1 node must be tried"
    );
    let large = Milp { largest: 20_001, ..Milp::default() };
    let expected = "a program of 20001 variables is not allowed: 1 to 20000; larger ones take too long";
    assert_eq!(message(&large), expected);
    let hot = SimulatedAnnealing { temperature: f64::NAN, ..SimulatedAnnealing::default() };
    assert_eq!(message(&hot), "a temperature of NaN is not allowed: above 0");
    let warm = SimulatedAnnealing { cooling: 1.5, ..SimulatedAnnealing::default() };
    assert_eq!(message(&warm), "cooling by 1.5 is not allowed: above 0, at most 1");
    let mut local = LocalSearch::default();
    local.weights.energy = -2.0;
    assert_eq!(local.check().unwrap_err().steps.len(), 2);
}

/// 5 cores in all: one after the other 1.5 cores fit on none of them three times, 2.5 twice are as much as there is.
#[test]
fn more_than_all_nodes_have_left_is_told_from_what_does_not_fit() {
    let mut own = network(&[2, 2, 1], &[(0, 1, 1.0), (1, 2, 1.0)]);
    let exceeds = |own: &mut Infrastructure, cores: &[f64]| {
        let id = own.add_application(chain(cores, 5.0));
        see(own, id, |view| {
            let units = greedy::singles(view);
            greedy::exceeds_all(view, &units)
        })
    };
    assert!(!exceeds(&mut own, &[1.5, 1.5, 1.5]));
    assert!(!exceeds(&mut own, &[2.5, 2.5]));
    assert!(exceeds(&mut own, &[2.0, 2.0, 1.1]));
    // What is booked is not left.
    let id = own.add_application(chain(&[2.0], 5.0));
    own.place(id, &[(ReplicaIndex(0), NodeId(0))]).unwrap();
    assert!(!exceeds(&mut own, &[1.5, 1.5]));
    assert!(exceeds(&mut own, &[1.5, 1.6]));
    // So much is refused in a moment, though there are many.
    let id = own.add_application(chain(&vec![0.5; 20_000], 5.0));
    let fault = fault(&mut own, id, &mut GreedyLatency::default());
    assert_eq!((fault.kind, fault.asset), (ViolationKind::Asset, Some(AssetId::CORES)));
}
