//! Random placements, changes and faults, held to sums made anew and to searches by brute force.

use super::*;
use crate::engine::Kernel;
use crate::infra::assets::{Algebra, AssetSpec};
use crate::infra::network::Direction;
use crate::infra::{LinkId, assets::Offered};
use proptest::prelude::*;

const NODES: u32 = 6;
const LINKS: [(u32, u32); 9] = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (0, 3), (1, 4), (2, 5)];
const LICENCES: AssetId = AssetId(7);

/// Six nodes and nine links of 10 Mbit/s and a millisecond, and two applications of three services each, all joined.
fn ground() -> (Kernel<Ground>, [ApplicationId; 2]) {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    let unit = "seats".into();
    let spec = AssetSpec { name: "licence".into(), unit, algebra: Algebra::Additive, checked: true };
    assert_eq!(builder.asset(spec), LICENCES);
    let mut class = NodeClass::new("node", Tier::Edge, NODES).with_cores(4, 1000.0);
    class.resources.memory_bytes = 4e9;
    class.assets = vec![(LICENCES, Offered::Amount(3.0))];
    builder.class(class, Box::new(Static::at(vec![Position::default(); 6]).unwrap()));
    for (index, &(a, b)) in LINKS.iter().enumerate() {
        let latency = SimDuration::from_secs(0.001);
        builder.link(format!("{index}"), LinkSpec::new(NodeId(a), NodeId(b), latency, 10e6));
    }
    let mut own = builder.build().unwrap();
    let ids = [(0.7, 3e6), (1.3, 1.7e6)].map(|(cores, bandwidth_bps)| {
        let replicas = (0..3).map(|service| ReplicaNeeds {
            amounts: vec![
                (AssetId::CORES, cores + f64::from(service) * 0.3),
                (AssetId::MEMORY_BYTES, 0.9e9),
                (LICENCES, 1.0),
            ],
            ..replica(service, 0.0, 0.0)
        });
        let pairs = [(0, 1), (1, 0), (1, 2), (2, 0)];
        own.add_application(ApplicationNeeds {
            name: "shop".into(),
            services: (0..3).map(|index| format!("{index}")).collect(),
            replicas: replicas.collect(),
            interactions: pairs
                .map(|(from, to)| InteractionNeeds { bandwidth_bps, ..interaction(from, to, 3.0, 0.0) })
                .into(),
        })
    });
    (Kernel::new(Ground(own)), ids)
}

#[derive(Clone, Debug)]
enum Act {
    Place(usize, Vec<(u32, u32)>),
    Displace(usize, u32),
    Latency(u32, f64),
    Bandwidth(u32, bool, f64),
    Cores(u32, f64),
    Memory(u32, f64),
    Licences(u32, f64),
    Node(u32, bool),
    Link(u32, bool),
    /// Of an application; whether those at fault are displaced.
    Audit(usize, bool),
}

fn act() -> impl Strategy<Value = Act> {
    let (node, link) = (0..NODES, 0..LINKS.len() as u32);
    prop_oneof![
        5 => (0..2usize, prop::collection::vec((0..3u32, 0..NODES), 1..4))
            .prop_map(|(own, list)| Act::Place(own, list)),
        1 => (0..2usize, 0..3u32).prop_map(|(own, replica)| Act::Displace(own, replica)),
        2 => (link.clone(), 0.0..4.0).prop_map(|(link, ms)| Act::Latency(link, ms)),
        2 => (link.clone(), any::<bool>(), 0.1..20.0)
            .prop_map(|(link, back, mbps)| Act::Bandwidth(link, back, mbps)),
        1 => (node.clone(), 0.0..5.0).prop_map(|(node, cores)| Act::Cores(node, cores)),
        1 => (node.clone(), 0.0..5.0).prop_map(|(node, gb)| Act::Memory(node, gb)),
        1 => (node.clone(), 0.0..4.0).prop_map(|(node, seats)| Act::Licences(node, seats)),
        1 => (node, any::<bool>()).prop_map(|(node, fails)| Act::Node(node, fails)),
        1 => (link, any::<bool>()).prop_map(|(link, fails)| Act::Link(link, fails)),
        3 => (0..2usize, any::<bool>()).prop_map(|(own, moves)| Act::Audit(own, moves)),
    ]
}

/// All that is told of bookings, for comparisons.
fn state(own: &Infrastructure, ids: [ApplicationId; 2]) -> String {
    let nodes: Vec<_> = (0..NODES)
        .map(|node| {
            [AssetId::CORES, AssetId::MEMORY_BYTES, LICENCES]
                .map(|asset| own.assets().used(NodeId(node), asset).to_bits())
        })
        .collect();
    let links: Vec<_> =
        (0..LINKS.len() as u32).map(|link| own.booked_bps(LinkId(link)).map(f64::to_bits)).collect();
    let ways = ids.map(|id| {
        let own = own.application(id);
        (0..4).map(|index| own.ways[index].clone()).collect::<Vec<_>>()
    });
    let lists: Vec<_> = own.applications.on_channel.iter().chain(&own.applications.on_node).collect();
    format!(
        "{nodes:?} {links:?} {ways:?} {lists:?} {:?}",
        ids.map(|id| own.application(id).nodes.clone())
    )
}

/// Sums over the placed applications, made anew.
fn check_sums(own: &Infrastructure, ids: [ApplicationId; 2]) {
    let mut used = [[0.0; 3]; NODES as usize];
    let mut booked = [[0.0; 2]; LINKS.len()];
    for id in ids {
        let placed = own.application(id);
        for (index, needs) in (0..).map(ReplicaIndex).zip(&placed.needs().replicas) {
            let Some(node) = placed.node_of(index) else { continue };
            for (sum, (_, amount)) in used[node.index()].iter_mut().zip(&needs.amounts) {
                *sum += amount;
            }
        }
        for (index, needs) in (0..).map(InteractionIndex).zip(&placed.needs().interactions) {
            let ends = (placed.node_of(needs.from), placed.node_of(needs.to));
            let path = placed.path_of(index);
            let (Some(from), Some(to)) = ends else {
                assert!(path.is_empty() && !placed.has_way(index));
                continue;
            };
            assert!(placed.has_way(index));
            // Its links lead from one end to the other.
            let mut at = from;
            for step in path {
                let (a, b) = LINKS[step.link.index()];
                let back = step.direction == Direction::Back;
                let (start, end) = if back { (b, a) } else { (a, b) };
                assert_eq!(NodeId(start), at);
                at = NodeId(end);
                booked[step.link.index()][usize::from(back)] += needs.bandwidth_bps;
            }
            assert_eq!(at, to);
        }
    }
    let near = |told: f64, sum: f64| (told - sum).abs() <= 1e-9 * sum.abs().max(1.0);
    for (node, sums) in (0..).map(NodeId).zip(used) {
        let assets = own.assets();
        for (asset, sum) in [AssetId::CORES, AssetId::MEMORY_BYTES, LICENCES].into_iter().zip(sums) {
            assert!(near(assets.used(node, asset), sum), "{node:?} {asset:?}");
            let offer = assets.offer(node, asset);
            assert!(near(assets.residual(node, asset) + sum, offer), "{node:?} {asset:?}");
        }
    }
    for (link, sums) in (0..).map(LinkId).zip(booked) {
        let told = own.booked_bps(link);
        assert!(near(told[0], sums[0]) && near(told[1], sums[1]), "{link:?} {told:?} {sums:?}");
    }
}

/// Latencies in nanoseconds of the best ways with so much left, by Bellman and Ford.
fn best_ns(own: &Infrastructure, from: NodeId, need_bps: f64) -> [u64; NODES as usize] {
    let mut best = [u64::MAX; NODES as usize];
    if own.node(from).is_available() {
        best[from.index()] = 0;
    }
    for _ in 0..NODES {
        for (link, &(a, b)) in (0..).map(LinkId).zip(&LINKS) {
            for (start, end, direction) in [(a, b, Direction::Forth), (b, a, Direction::Back)] {
                let booked = own.booked_bps(link)[usize::from(direction == Direction::Back)];
                let left = own.network().bandwidth_bps(link, direction) * (1.0 + 1e-9) - booked;
                if own.network().link_is_up(link)
                    && own.node(NodeId(end)).is_available()
                    && left >= need_bps
                    && best[start as usize] < u64::MAX
                {
                    let through = best[start as usize] + own.network().latency(link).as_nanos();
                    best[end as usize] = best[end as usize].min(through);
                }
            }
        }
    }
    best
}

/// The replicas that the audit must blame for an asset of a node: the last ones until the rest fits.
fn to_blame(own: &Infrastructure, node: NodeId, asset: AssetId) -> Vec<(ApplicationId, ReplicaIndex)> {
    let mut over = own.assets().used(node, asset) - own.assets().offer(node, asset) * (1.0 + 1e-9);
    let mut blamed = Vec::new();
    for entry in own.applications.on_node[node.index()].iter().rev() {
        if over <= 0.0 {
            break;
        }
        let replica = ReplicaIndex(entry.index);
        let needs = &own.application(entry.application).needs().replicas[replica.index()];
        over -= needs.amounts.iter().find(|(own, _)| *own == asset).map_or(0.0, |own| own.1);
        blamed.push((entry.application, replica));
    }
    blamed
}

fn audit(own: &mut Infrastructure, id: ApplicationId) -> Vec<Violation> {
    let mut expected = Vec::new();
    for node in (0..NODES).map(NodeId) {
        for asset in [AssetId::CORES, AssetId::MEMORY_BYTES, LICENCES] {
            expected.extend(to_blame(own, node, asset));
        }
    }
    expected.retain(|(of, _)| *of == id);
    let down = |replica| {
        own.application(id).node_of(replica).is_some_and(|node| !own.node(node).is_available())
    };
    let mut at_fault: Vec<_> = (0..3)
        .map(ReplicaIndex)
        .filter(|&replica| down(replica) || expected.contains(&(id, replica)))
        .collect();
    let mut found = Vec::new();
    own.audit(id, &mut found);
    let mut told: Vec<_> =
        found.iter().filter(|own| own.interaction.is_none()).filter_map(|own| own.replica).collect();
    told.sort_unstable();
    at_fault.sort_unstable();
    assert_eq!(told, at_fault);
    // Interactions whose ends are well are served, or there is no way.
    let placed = own.application(id);
    let no_ways: Vec<_> = found.iter().filter_map(|own| own.interaction).collect();
    for (index, needs) in (0..).map(InteractionIndex).zip(&placed.needs().interactions) {
        if told.contains(&needs.from) || told.contains(&needs.to) || !placed.has_way(index) {
            continue;
        }
        let path = placed.path_of(index);
        let latency_s = own.path_latency_s(id, index);
        if no_ways.contains(&index) {
            let from = placed.node_of(needs.from).unwrap();
            let to = placed.node_of(needs.to).unwrap();
            // What it has booked itself still counts here, which only makes ways fewer.
            assert!(best_ns(own, from, needs.bandwidth_bps)[to.index()] > 3_000_000);
        } else {
            assert!(latency_s <= needs.latency_s + 1e-12, "{latency_s}");
            assert!(path.iter().all(|step| own.network().link_is_up(step.link)));
        }
    }
    found
}

fn run(acts: Vec<Act>) {
    let (mut kernel, ids) = ground();
    let mut failed = ([false; NODES as usize], [false; LINKS.len()]);
    for act in acts {
        let (own, schedule) = (&mut kernel.model.0, &mut kernel.schedule);
        match act {
            Act::Place(which, list) => {
                let before = state(own, ids);
                let id = ids[which];
                match own.place(id, &at(&list)) {
                    Err(_) => assert_eq!(state(own, ids), before),
                    Ok(()) => {
                        let (replica, node) = *list.last().unwrap();
                        assert_eq!(
                            own.application(id).node_of(ReplicaIndex(replica)),
                            Some(NodeId(node))
                        );
                        let over = |(_, node): &(u32, u32)| {
                            own.assets().residual(NodeId(*node), AssetId::CORES) < -1e-6
                        };
                        assert!(!list.iter().any(over));
                    }
                }
            }
            Act::Displace(which, replica) => own.displace(ids[which], ReplicaIndex(replica)),
            Act::Latency(link, ms) => {
                own.set_link_latency(LinkId(link), SimDuration::from_secs(ms / 1e3))
            }
            Act::Bandwidth(link, back, mbps) => {
                let direction = if back { Direction::Back } else { Direction::Forth };
                own.set_link_bandwidth(schedule, LinkId(link), direction, mbps * 1e6);
            }
            Act::Cores(node, cores) => own.set_node_cores(schedule, NodeId(node), cores),
            Act::Memory(node, gb) => own.set_node_memory(NodeId(node), gb * 1e9),
            Act::Licences(node, seats) => own.set_offer(NodeId(node), LICENCES, seats),
            Act::Node(node, fails) => {
                if std::mem::replace(&mut failed.0[node as usize], fails) != fails {
                    own.fail_node(schedule, NodeId(node), fails);
                }
            }
            Act::Link(link, fails) => {
                if std::mem::replace(&mut failed.1[link as usize], fails) != fails {
                    own.fail_links(schedule, &[(LinkId(link), fails)]);
                }
            }
            Act::Audit(which, moves) => {
                let found = audit(own, ids[which]);
                if moves {
                    let at_fault = found.iter().filter_map(|fault| fault.replica);
                    at_fault.for_each(|replica| own.displace(ids[which], replica));
                    assert_eq!(audit(own, ids[which]), []);
                }
            }
        }
        check_sums(&kernel.model.0, ids);
    }
    let own = &mut kernel.model.0;
    for id in ids {
        (0..3).for_each(|replica| own.displace(id, ReplicaIndex(replica)));
    }
    for node in (0..NODES).map(NodeId) {
        for asset in [AssetId::CORES, AssetId::MEMORY_BYTES, LICENCES] {
            assert_eq!(own.assets().used(node, asset), 0.0);
        }
    }
    for link in (0..LINKS.len() as u32).map(LinkId) {
        assert_eq!(own.booked_bps(link), [0.0; 2]);
    }
}

proptest! {
    #[test]
    fn what_is_left_and_used_is_what_is_offered(acts in prop::collection::vec(act(), 1..60)) {
        run(acts);
    }

    /// A single interaction takes the way of least latency that has the bandwidth, whatever else is booked.
    #[test]
    fn ways_are_the_best_there_are(
        latencies in prop::collection::vec(0..6u64, LINKS.len()),
        bandwidths in prop::collection::vec(1..10u32, 2 * LINKS.len()),
        down in prop::collection::vec(prop::bool::weighted(0.15), LINKS.len()),
        others in prop::collection::vec((0..NODES, 0..NODES), 0..6),
        need in 0..9u32,
        limit in 1..12u64,
    ) {
        let (mut kernel, _) = ground();
        let (own, schedule) = (&mut kernel.model.0, &mut kernel.schedule);
        for (index, ns) in latencies.iter().enumerate() {
            let link = LinkId(index as u32);
            own.set_link_latency(link, SimDuration::from_nanos(*ns * 1_000_000));
            for (direction, mbps) in [Direction::Forth, Direction::Back].into_iter().zip(&bandwidths[2 * index..]) {
                own.set_link_bandwidth(schedule, link, direction, f64::from(*mbps) * 1e6);
            }
            own.fail_links(schedule, &[(link, down[index])]);
        }
        for (from, to) in others {
            let id = application(own, 2, &[interaction(0, 1, 100.0, 2.0)]);
            _ = own.place(id, &at(&[(0, from), (1, to)]));
        }
        for from in 0..NODES {
            let best = best_ns(own, NodeId(from), f64::from(need) * 1e6);
            let reach = best_ns(own, NodeId(from), 0.0);
            for to in 0..NODES {
                let ms = limit as f64;
                let id = application(own, 2, &[interaction(0, 1, ms, f64::from(need))]);
                let full = (own.assets().residual(NodeId(from), AssetId::CORES) < 1.0)
                    || own.assets().residual(NodeId(to), AssetId::CORES) < if from == to { 2.0 } else { 1.0 };
                match own.place(id, &at(&[(0, from), (1, to)])) {
                    Ok(()) => {
                        let expected = if from == to { 0 } else { best[to as usize] };
                        let latency_s = own.path_latency_s(id, InteractionIndex(0));
                        prop_assert_eq!((latency_s * 1e9).round() as u64, expected);
                    }
                    Err(fault) => match fault.kind {
                        ViolationKind::Asset => prop_assert!(full),
                        ViolationKind::Bandwidth => {
                            prop_assert!(reach[to as usize] <= limit * 1_000_000);
                            prop_assert!(fault.offered < fault.needed);
                        }
                        ViolationKind::Latency => {
                            prop_assert!(reach[to as usize] > limit * 1_000_000);
                            prop_assert!(reach[to as usize] as f64 / 1e9 >= fault.offered - 1e-12);
                            prop_assert!(fault.offered > fault.needed);
                        }
                        ViolationKind::Unreachable => prop_assert_eq!(reach[to as usize], u64::MAX),
                        ViolationKind::NodeDown => prop_assert!(false, "no node is down"),
                    },
                }
                (0..2).for_each(|replica| own.displace(id, ReplicaIndex(replica)));
            }
        }
    }
}
