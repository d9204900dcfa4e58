//! What holds of all demands and histories.

use super::*;
use crate::engine::SimTime;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// No port twice: the circuits of each switch are a matching.
fn is_matching(circuits: impl Iterator<Item = Circuit>, mode: PortMode) -> bool {
    let mut ports = BTreeSet::new();
    circuits.into_iter().all(|circuit| {
        let side = u8::from(mode == PortMode::Simplex);
        ports.insert((circuit.switch, circuit.from, 0))
            && ports.insert((circuit.switch, circuit.to, side))
    })
}

/// A demand within the uplinks, from pairs in an order.
fn within(
    leaves: u32,
    uplinks: u32,
    pairs: &[(u32, u32)],
    mode: PortMode,
) -> Vec<(LeafId, LeafId, u32)> {
    let mut left = vec![[uplinks; 2]; leaves as usize];
    let side = usize::from(mode == PortMode::Simplex);
    let mut demand = Vec::new();
    for &(from, to) in pairs {
        let (from, to) = (from % leaves, to % leaves);
        if from != to && left[from as usize][0] > 0 && left[to as usize][side] > 0 {
            left[from as usize][0] -= 1;
            left[to as usize][side] -= 1;
            demand.push((LeafId(from), LeafId(to), 1));
        }
    }
    demand
}

#[derive(Clone, Debug)]
enum Act {
    Start(Vec<(u32, u32, u32)>, bool),
    End(u8),
    Defragment,
    Fail(u32, u32),
    Repair(u32, u32),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let start = (prop::collection::vec((0..6_u32, 0..6_u32, 1..4_u32), 1..5), any::<bool>())
        .prop_map(|(demand, may_move)| Act::Start(demand, may_move));
    let act = prop_oneof![
        4 => start,
        2 => any::<u8>().prop_map(Act::End),
        1 => Just(Act::Defragment),
        1 => (0..6_u32, 0..4_u32).prop_map(|(leaf, switch)| Act::Fail(leaf, switch)),
        1 => (0..6_u32, 0..4_u32).prop_map(|(leaf, switch)| Act::Repair(leaf, switch)),
    ];
    prop::collection::vec(act, 1..40)
}

proptest! {
    /// Kőnig: a simplex demand within the ports always has its circuits.
    #[test]
    fn simplex_demands_within_the_ports_are_coloured(
        leaves in 2..9_u32,
        uplinks in 1..7_u32,
        pairs in prop::collection::vec((0..9_u32, 0..9_u32), 0..80),
    ) {
        let demand = within(leaves, uplinks, &pairs, PortMode::Simplex);
        let map = CircuitMap::new(layer(leaves, uplinks), PortMode::Simplex);
        let found = colour(&map, &demand).unwrap();
        prop_assert_eq!(found.circuits.len(), demand.len());
        prop_assert!(is_matching(found.circuits.iter().copied(), PortMode::Simplex));
        let mut wanted: Vec<_> = demand.iter().map(|&(a, b, _)| (a, b)).collect();
        let mut given: Vec<_> = found.circuits.iter().map(|circuit| (circuit.from, circuit.to)).collect();
        wanted.sort_unstable();
        given.sort_unstable();
        prop_assert_eq!(wanted, given);
    }

    /// Vizing and Shannon: with the larger of multiplicity and half the degree to spare, duplex demands have theirs.
    #[test]
    fn duplex_demands_are_coloured_with_shannons_switches(
        leaves in 2..8_u32,
        degree in 1..5_u32,
        pairs in prop::collection::vec((0..8_u32, 0..8_u32), 0..60),
    ) {
        let demand = within(leaves, degree, &pairs, PortMode::Duplex);
        let map = CircuitMap::new(layer(leaves, 3 * degree / 2), PortMode::Duplex);
        let found = colour(&map, &demand);
        prop_assert!(found.is_ok(), "{:?}", found);
        let found = found.unwrap();
        prop_assert_eq!(found.circuits.len(), demand.len());
        prop_assert!(is_matching(found.circuits.iter().copied(), PortMode::Duplex));
    }

    /// Vizing: circuits of pairs that each want one find a place one after the other, with one switch more than the degree; what
    /// chains alone do not do.
    #[test]
    fn single_circuits_fit_on_one_switch_more_than_their_degree(
        leaves in 5..14_u32,
        pairs in prop::collection::vec((0..14_u32, 0..14_u32), 10..90),
    ) {
        let once: BTreeSet<(u32, u32)> = pairs
            .iter()
            .map(|&(a, b)| (a % leaves, b % leaves))
            .filter(|(a, b)| a != b)
            .map(|(a, b)| (a.min(b), a.max(b)))
            .collect();
        let degree = |leaf| once.iter().filter(|&&(a, b)| a == leaf || b == leaf).count() as u32;
        let most = (0..leaves).map(degree).max().unwrap_or(0);
        let mut map = CircuitMap::new(layer(leaves, most + 1), PortMode::Duplex);
        for (a, b) in once {
            prop_assert!(map.insert(LeafId(a), LeafId(b), 0, true), "{} {}", a, b);
        }
        map.commit();
        prop_assert!(is_matching(map.circuits().map(|(circuit, _)| circuit), PortMode::Duplex));
    }

    /// A refusal of a small demand is right: a search through all colourings finds none either.
    #[test]
    fn small_duplex_refusals_are_proofs(
        leaves in 3..6_u32,
        uplinks in 1..4_u32,
        pairs in prop::collection::vec((0..6_u32, 0..6_u32), 0..12),
    ) {
        let demand = within(leaves, uplinks, &pairs, PortMode::Duplex);
        let found = colour(&CircuitMap::new(layer(leaves, uplinks), PortMode::Duplex), &demand);
        let possible = brute_force(&demand, uplinks, &mut Vec::new());
        prop_assert_eq!(found.is_ok(), possible, "{:?}", found);
    }

    /// Jobs come and go, ports break: each port has one circuit at most, each job what it is said to have, and devices that
    /// do what they are told have all circuits.
    #[test]
    fn histories_keep_ports_and_books(acts in acts(), duplex in any::<bool>(), accept in 0.3..1.0_f64) {
        let mode = if duplex { PortMode::Duplex } else { PortMode::Simplex };
        let mut allocator = CircuitAllocator::new(layer(6, 4), mode);
        let timing = SwitchTiming::new(1.0, 0.0).unwrap();
        let mut switches: Vec<CircuitSwitch> =
            (0..4).map(|id| CircuitSwitch::new(SwitchId(id), 6, mode, timing)).collect();
        let mut running: Vec<u32> = Vec::new();
        for (step, act) in (0_u32..).zip(acts) {
            let now = SimTime::from_secs(10.0 * f64::from(step));
            let set_up = match act {
                Act::Start(demand, may_move) => {
                    let demand: Vec<PairDemand> = demand
                        .iter()
                        .filter(|(from, to, _)| from != to)
                        .map(|&(from, to, circuits)| pair(from, to, circuits))
                        .collect();
                    let before: Vec<_> = allocator.map().circuits().collect();
                    let options = CircuitOptions { accept, may_move, multi_hop: false };
                    match allocator.allocate(step, &demand, options) {
                        Ok(allocation) => {
                            running.push(step);
                            for given in &allocation.granted {
                                let least = (f64::from(given.wanted) * accept).ceil();
                                prop_assert!(f64::from(given.granted) >= least);
                                prop_assert!(given.granted <= given.wanted);
                            }
                            allocation.replan.set_up
                        }
                        Err(_) => {
                            let after: Vec<_> = allocator.map().circuits().collect();
                            prop_assert_eq!(before, after, "a refusal changes nothing");
                            Vec::new()
                        }
                    }
                }
                Act::End(which) if !running.is_empty() => {
                    allocator.release(running.remove(usize::from(which) % running.len()));
                    Vec::new()
                }
                Act::End(_) => Vec::new(),
                Act::Defragment => allocator.defragment(4).set_up,
                Act::Fail(leaf, switch) => {
                    allocator.fail_port(LeafId(leaf), SwitchId(switch));
                    switches[switch as usize].fail(Breakage::Port(leaf));
                    Vec::new()
                }
                Act::Repair(leaf, switch) => {
                    allocator.repair_port(LeafId(leaf), SwitchId(switch));
                    switches[switch as usize].repair(Breakage::Port(leaf));
                    Vec::new()
                }
            };
            for circuit in &set_up {
                let device = &mut switches[circuit.switch.index()];
                prop_assert!(device.peer(circuit.from.0) != Some(circuit.to.0), "it was there already");
                device.connect(now, circuit.from.0, circuit.to.0).unwrap();
                prop_assert!(!device.carries(now, circuit.from.0, circuit.to.0), "it is being moved");
            }
            let circuits: Vec<(Circuit, u32)> = allocator.map().circuits().collect();
            prop_assert!(is_matching(circuits.iter().map(|(circuit, _)| *circuit), mode));
            for (circuit, _) in &circuits {
                prop_assert_eq!(switches[circuit.switch.index()].peer(circuit.from.0), Some(circuit.to.0));
            }
            let booked: u32 = running
                .iter()
                .flat_map(|&job| allocator.granted(job).unwrap())
                .map(|given| given.granted)
                .sum();
            prop_assert_eq!(booked as usize, circuits.len());
        }
    }
}

/// Whether the demand can be coloured, by trying every colour for every circuit.
fn brute_force(demand: &[(LeafId, LeafId, u32)], colours: u32, given: &mut Vec<u32>) -> bool {
    let Some(&(a, b, _)) = demand.get(given.len()) else { return true };
    (0..colours).any(|colour| {
        let clashes = given
            .iter()
            .zip(demand)
            .any(|(&other, &(x, y, _))| other == colour && (x == a || x == b || y == a || y == b));
        if clashes {
            return false;
        }
        given.push(colour);
        let possible = brute_force(demand, colours, given);
        given.pop();
        possible
    })
}
