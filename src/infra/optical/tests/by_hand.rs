//! Published sizes, and small cases worked out by hand.

use super::*;
use crate::engine::SimTime;

/// The sizes of fat-trees, from k pods of k/2 edge and k/2 aggregation switches with k/2 hosts an edge switch.
#[test]
fn fat_trees_have_their_published_sizes() {
    let sizes = [
        (4, 16, 20),
        (8, 128, 80),
        (16, 1024, 320),
        (24, 3456, 720),
        (32, 8192, 1280),
        (48, 27_648, 2880),
        (64, 65_536, 5120),
    ];
    for (ports, hosts, switches) in sizes {
        let tree = FatTree::new(ports).unwrap();
        assert_eq!((tree.hosts(), tree.switches(), tree.links_per_level()), (hosts, switches, hosts));
        // Each level of links ends at ports of the switches above: all ports are in use.
        assert_eq!(3 * hosts * 2 - hosts, switches * ports);
    }
    let tree = FatTree::new(4).unwrap();
    // Hosts 0, 1 at one edge switch, 2 at the other of the pod, 4 in the next pod.
    assert_eq!([0, 1, 2, 4].map(|host| tree.switches_between(0, host)), [0, 1, 3, 5]);
    assert_eq!([1, 2, 4].map(|host| tree.equal_ways(0, host)), [1, 2, 4]);
    assert!(FatTree::new(5).is_err() && FatTree::new(0).is_err());
}

#[test]
fn two_levels_have_half_the_square_of_the_ports() {
    for (ports, hosts) in [(64, 2048), (128, 8192)] {
        let network = LeafSpine::non_blocking(ports).unwrap();
        assert_eq!((network.leaves(), network.spines()), (ports, ports / 2));
        assert_eq!((network.hosts(), network.oversubscription()), (hosts, 1.0));
        let optical = OpticalLayer::in_place_of(network, ports).unwrap();
        assert_eq!((optical.leaves(), optical.switches()), (ports, ports / 2));
        assert_eq!(optical.ports_in_use(), network.uplinks_in_all());
    }
    let error = OpticalLayer::new(137, 8, 136).unwrap_err();
    assert_eq!(
        error.to_string(),
        "137 leaves need a circuit switch with as many ports, but it has 136; take a larger switch or fewer leaves"
    );
    assert!(LeafSpine::new(4, 8, 6, 4).is_err());
}

/// A link to a spine has a transceiver at either end, one to a circuit switch at the leaf only.
#[test]
fn leaving_the_spines_out_saves_them_and_their_transceivers() {
    let network = LeafSpine::non_blocking(8).unwrap();
    let parts = FabricParts::from(network);
    let optical = FabricParts::from(OpticalLayer::in_place_of(network, 8).unwrap());
    assert_eq!((parts.leaves, parts.spines, parts.transceivers), (8, 4, 64));
    assert_eq!((optical.leaves, optical.circuit_switches, optical.transceivers), (8, 4, 32));
    assert!(FabricPower::new(1.0, -1.0, 0.0, 0.0).is_err());
}

/// Two leaves, two spines, two flows: by their hashes they share an uplink or have one each, and on average over seeds they
/// share in half of the cases.
#[test]
fn hashed_flows_meet_as_often_as_chance_has_it() {
    let network = LeafSpine::new(2, 2, 2, 2).unwrap();
    let flow = |key| LeafFlow { from: LeafId(0), to: LeafId(1), key, cap_bytes_per_s: 50.0 };
    let mut met = 0;
    for seed in 0..1000 {
        let rates = ecmp_rates(network, 50.0, &[flow(0), flow(1)], seed);
        assert!(rates == [25.0, 25.0] || rates == [50.0, 50.0], "{rates:?}");
        met += u32::from(rates[0] == 25.0);
    }
    // Binomial with 1000 trials of 1/2: five standard deviations are 79.
    assert!((421..=579).contains(&met), "{met}");
    let inside = LeafFlow { to: LeafId(0), ..flow(0) };
    assert_eq!(ecmp_rates(network, 1.0, &[inside], 0), [50.0]);
}

#[test]
fn a_moved_circuit_is_dark_and_the_others_carry_on() {
    let timing = SwitchTiming::preset(SwitchPreset::Mems, 0.175).unwrap();
    let at = SimTime::from_secs;
    let mut switch = CircuitSwitch::new(SwitchId(0), 6, PortMode::Simplex, timing);
    assert_eq!(
        switch.reconfigure(at(0.0), &[(0, 1), (1, 2), (2, 0), (3, 3)]).unwrap_err(),
        OpticalError::Loop { switch: SwitchId(0), port: 3 }
    );
    assert_eq!(switch.circuits().count(), 0);
    assert_eq!(switch.reconfigure(at(0.0), &[(0, 1), (1, 2), (2, 0)]).unwrap(), 3);
    assert!(!switch.carries(at(0.199), 0, 1) && switch.carries(at(0.2), 0, 1));
    // 0 sends to 2 now: what 1 sent to 2 is cut, 2 to 0 goes on.
    assert_eq!(switch.connect(at(1.0), 0, 2).unwrap(), at(1.2));
    assert_eq!((switch.peer(1), switch.peer(0)), (None, Some(2)));
    assert!(switch.carries(at(1.0), 2, 0) && !switch.carries(at(1.1), 0, 2));
    // Once more changes nothing.
    assert_eq!(switch.connect(at(1.1), 0, 2).unwrap(), at(1.2));
    assert_eq!(switch.set_up(), 4);
    let twice = switch.reconfigure(at(2.0), &[(0, 1), (3, 1)]).unwrap_err();
    assert_eq!(twice, OpticalError::Twice { switch: SwitchId(0), port: 1 });
    assert!(switch.carries(at(2.0), 0, 2), "a map that is refused changes nothing");
}

#[test]
fn what_breaks_loses_its_circuits_and_comes_back_without() {
    let timing = SwitchTiming::new(0.003, 1.0).unwrap();
    let mut switch = CircuitSwitch::new(SwitchId(3), 4, PortMode::Duplex, timing);
    let now = SimTime::ZERO;
    switch.reconfigure(now, &[(0, 3), (1, 2)]).unwrap();
    assert_eq!(switch.fail(Breakage::Port(3)), [(0, 3)]);
    let error = switch.connect(now, 0, 3).unwrap_err();
    assert_eq!(error.to_string(), "circuit switch 3: port 3 does not work");
    assert_eq!(switch.fail(Breakage::Switch), [(1, 2)]);
    assert!(!switch.works(0));
    switch.repair(Breakage::Switch);
    switch.repair(Breakage::Port(3));
    assert_eq!(switch.circuits().count(), 0);
    assert!(switch.connect(now, 3, 0).is_ok());
    let error = switch.connect(now, 0, 9).unwrap_err();
    assert_eq!(error.to_string(), "circuit switch 3 has ports 0 to 3, but not 9");
    assert!(SwitchTiming::new(-1.0, 0.0).is_err());
}

/// Degree 2, but three colours: Shannon's floor(3u/2) with u = 2.
#[test]
fn a_duplex_triangle_does_not_fit_on_two_switches() {
    let demand = [(0, 1, 1), (1, 2, 1), (0, 2, 1)].map(|(a, b, n)| (LeafId(a), LeafId(b), n));
    let refusal = colour(&CircuitMap::new(layer(3, 2), PortMode::Duplex), &demand).unwrap_err();
    let leaves = [0, 1, 2].map(LeafId).to_vec();
    assert_eq!(refusal, Unrealisable::Odd { leaves, wanted: 3, most: 2 });
    assert!(colour(&CircuitMap::new(layer(3, 3), PortMode::Duplex), &demand).is_ok());
    let directed = [(0, 1, 1), (1, 2, 1), (2, 0, 1), (1, 0, 1), (2, 1, 1), (0, 2, 1)];
    let directed = directed.map(|(a, b, n)| (LeafId(a), LeafId(b), n));
    assert_eq!(
        colour(&CircuitMap::new(layer(3, 2), PortMode::Simplex), &directed).unwrap().circuits.len(),
        6
    );
    // The allocator refuses the third side, and leaves nothing behind.
    let mut allocator = CircuitAllocator::new(layer(3, 2), PortMode::Duplex);
    let sides = [pair(0, 1, 1), pair(1, 2, 1), pair(2, 0, 1)];
    let refusal = allocator.allocate(0, &sides, CircuitOptions::default()).unwrap_err();
    assert!(matches!(refusal, CircuitRefusal::Colouring { circuit: 1, .. }), "{refusal}");
    assert_eq!(allocator.map().circuits().count(), 0);
    // Two sides are enough if the middle leaf sends on.
    let hops = CircuitOptions { multi_hop: true, ..CircuitOptions::default() };
    let allocation = allocator.allocate(0, &sides, hops).unwrap();
    assert!(allocation.is_degraded());
    let routes = allocator.routes(0);
    assert_eq!(routes.way(LeafId(2), LeafId(0)).unwrap().len(), 3);
    // 8 bytes on each side, both ways: those between 0 and 2 go over 1, so that its circuits carry 16 each way.
    let bytes: Vec<(LeafId, LeafId, f64)> = [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)]
        .map(|(a, b)| (LeafId(a), LeafId(b), 8.0))
        .to_vec();
    assert_eq!(phase_time_s(&routes, &bytes, 4.0), Some(4.0));
}

/// The Petersen graph has degree 3 and needs 4 colours, though none of its parts is overfull: only a search can tell.
#[test]
fn the_petersen_graph_needs_four_switches() {
    let edges: Vec<(LeafId, LeafId, u32)> = (0..5)
        .flat_map(|i| [(i, (i + 1) % 5), (i, i + 5), (i + 5, (i + 2) % 5 + 5)])
        .map(|(a, b)| (LeafId(a), LeafId(b), 1))
        .collect();
    let refusal = colour(&CircuitMap::new(layer(10, 3), PortMode::Duplex), &edges).unwrap_err();
    assert_eq!(refusal, Unrealisable::Exhausted { circuits: 15, switches: 3 });
    let found = colour(&CircuitMap::new(layer(10, 4), PortMode::Duplex), &edges).unwrap();
    assert_eq!(found.circuits.len(), 15);
}

/// Complete graphs: with an even number n of leaves n - 1 colours are enough, with an odd one n are needed.
#[test]
fn complete_graphs_have_their_chromatic_index() {
    for leaves in 3_u32..=12 {
        let demand: Vec<(LeafId, LeafId, u32)> =
            (0..leaves).flat_map(|a| (a + 1..leaves).map(move |b| (LeafId(a), LeafId(b), 1))).collect();
        let needed = leaves - u32::from(leaves % 2 == 0);
        let with = |uplinks| colour(&CircuitMap::new(layer(leaves, uplinks), PortMode::Duplex), &demand);
        let found = with(needed);
        assert!(found.is_ok(), "{leaves}: {found:?}");
        assert!(with(needed - 1).is_err(), "{leaves}");
    }
}

#[test]
fn what_is_there_stays_where_it_is() {
    let mut map = CircuitMap::new(layer(4, 3), PortMode::Duplex);
    assert!(map.insert(LeafId(0), LeafId(1), 1, true) && map.insert(LeafId(2), LeafId(3), 1, true));
    assert_eq!(map.commit().len(), 2);
    let demand = [(LeafId(1), LeafId(0), 1), (LeafId(1), LeafId(2), 1)];
    let found = colour(&map, &demand).unwrap();
    assert_eq!((found.circuits.len(), found.kept), (2, 1));
    let kept = Circuit { switch: SwitchId(0), from: LeafId(0), to: LeafId(1) };
    assert!(found.circuits.contains(&kept));
}

/// A circuit that a job leaves behind is still set up, and the next job has it for nothing.
#[test]
fn a_circuit_is_taken_over_without_switching() {
    let mut allocator = CircuitAllocator::new(layer(4, 4), PortMode::Duplex);
    let options = CircuitOptions::default();
    let first = allocator.allocate(1, &[pair(0, 1, 2), pair(2, 3, 1)], options).unwrap();
    assert_eq!((first.replan.set_up.len(), first.replan.moved), (3, 0));
    assert!(matches!(allocator.allocate(1, &[], options), Err(CircuitRefusal::Twice(1))));
    allocator.release(1);
    let next = allocator.allocate(2, &[pair(1, 0, 2)], options).unwrap();
    assert!(next.replan.set_up.is_empty(), "{next:?}");
    let other = allocator.allocate(3, &[pair(0, 2, 1)], options).unwrap();
    assert_eq!(other.replan.set_up.len(), 1);
}

#[test]
fn half_of_the_circuits_are_enough_if_that_is_accepted() {
    let mut allocator = CircuitAllocator::new(layer(3, 4), PortMode::Duplex);
    let all = CircuitOptions::default();
    let demand = [pair(0, 1, 4), pair(0, 2, 4)];
    let refusal = allocator.allocate(0, &demand, all).unwrap_err();
    assert_eq!(refusal.to_string(), "leaf 0 needs 8 free ports and has 4");
    let half = CircuitOptions { accept: 0.5, ..all };
    let given = allocator.allocate(0, &demand, half).unwrap();
    assert_eq!(given.granted.iter().map(|pair| pair.granted).collect::<Vec<_>>(), [2, 2]);
    // When another job leaves, what it had goes to who has less than it wanted.
    allocator.release(0);
    allocator.allocate(1, &[pair(0, 1, 1)], all).unwrap();
    let given = allocator.allocate(2, &[pair(0, 2, 4)], half).unwrap();
    assert_eq!(given.granted[0].granted, 3);
    assert!(allocator.upgrade(2, true).is_none());
    allocator.release(1);
    assert_eq!(allocator.upgrade(2, true).unwrap().granted[0].granted, 4);
    assert!(allocator.allocate(9, &[], CircuitOptions { accept: 0.0, ..all }).is_err());
    assert!(matches!(allocator.allocate(9, &[pair(1, 1, 1)], all), Err(CircuitRefusal::NoPair { .. })));
}

/// Leaf 0 is free on switch 0 only, leaf 3 on switch 1 only: one circuit has to move, or there is none.
#[test]
fn a_circuit_moves_to_make_room_only_if_it_may() {
    let mut allocator = CircuitAllocator::new(layer(4, 2), PortMode::Simplex);
    let all = CircuitOptions::default();
    // 0 to 1 on switch 0, 0 to 2 on switch 1; 3 receives from 2 on switch 0.
    allocator.allocate(1, &[pair(0, 1, 1)], all).unwrap();
    allocator.allocate(2, &[pair(0, 2, 1)], all).unwrap();
    allocator.allocate(3, &[pair(2, 3, 1)], all).unwrap();
    allocator.release(1);
    let stay = CircuitOptions { may_move: false, ..all };
    let refusal = allocator.allocate(4, &[pair(0, 3, 1)], stay).unwrap_err();
    assert!(matches!(refusal, CircuitRefusal::Colouring { .. }));
    let given = allocator.allocate(4, &[pair(0, 3, 1)], all).unwrap();
    assert_eq!((given.replan.set_up.len(), given.replan.moved), (2, 1));
}

#[test]
fn defragmenting_brings_free_ports_together() {
    let mut allocator = CircuitAllocator::new(layer(4, 2), PortMode::Simplex);
    let all = CircuitOptions::default();
    allocator.allocate(1, &[pair(0, 1, 1)], all).unwrap();
    allocator.allocate(2, &[pair(0, 2, 1)], all).unwrap();
    allocator.allocate(3, &[pair(2, 3, 1)], all).unwrap();
    allocator.release(1);
    assert_eq!(allocator.defragment(0).moved, 0);
    assert_eq!(allocator.defragment(8).moved, 1);
    let stay = CircuitOptions { may_move: false, ..all };
    assert!(allocator.allocate(4, &[pair(0, 3, 1)], stay).is_ok());
}

#[test]
fn a_port_that_breaks_takes_its_circuit_and_is_not_used_again() {
    let mut allocator = CircuitAllocator::new(layer(2, 2), PortMode::Duplex);
    allocator.allocate(5, &[pair(1, 0, 2)], CircuitOptions::default()).unwrap();
    let lost = allocator.fail_port(LeafId(0), SwitchId(1));
    assert_eq!(lost, [(5, Circuit { switch: SwitchId(1), from: LeafId(0), to: LeafId(1) })]);
    assert_eq!(allocator.granted(5).unwrap()[0].granted, 1);
    assert!(allocator.upgrade(5, true).is_none());
    allocator.repair_port(LeafId(0), SwitchId(1));
    assert_eq!(allocator.upgrade(5, true).unwrap().replan.set_up.len(), 1, "it was dark");
    assert_eq!(allocator.fail_switch(SwitchId(0)).len(), 1);
    allocator.repair_switch(SwitchId(0));
    assert_eq!(allocator.upgrade(5, true).unwrap().granted[0].granted, 2);
}
