//! Strategies held to a trial of all placements, in trees: with one way between two nodes, the order in which interactions
//! book theirs does not matter.

use super::*;
use crate::infra::applications::InteractionIndex;
use proptest::prelude::*;

/// A small case: nodes with cores, each but the first with a link (to whom, ms, Mbit/s), services with cores, and
/// interactions between two of them (ms, Mbit/s).
#[derive(Clone, Debug)]
struct Case {
    nodes: Vec<u32>,
    links: Vec<(usize, u32, u32)>,
    services: Vec<u32>,
    interactions: Vec<(usize, usize, u32, u32)>,
}

fn cases() -> impl Strategy<Value = Case> {
    let nodes = prop::collection::vec(0u32..4, 2..6);
    let services = prop::collection::vec(1u32..4, 1..5);
    (nodes, services).prop_flat_map(|(nodes, services)| {
        let link = (0usize..8, 1u32..8, 1u32..5);
        let links = prop::collection::vec(link, nodes.len() - 1);
        let interaction = (0..services.len(), 0..services.len(), 1u32..14, 1u32..3);
        let interactions = prop::collection::vec(interaction, 0..6);
        (Just(nodes), links, Just(services), interactions).prop_map(
            |(nodes, links, services, interactions)| Case { nodes, links, services, interactions },
        )
    })
}

impl Case {
    fn infrastructure(&self) -> Infrastructure {
        let mut builder = InfraBuilder::new(RandomStreams::new(1));
        lay_out(&mut builder, &self.nodes, &[]);
        for (index, &(to, ms, mbps)) in self.links.iter().enumerate() {
            let ends = (NodeId(index as u32 + 1), NodeId((to % (index + 1)) as u32));
            let latency = SimDuration::from_secs(f64::from(ms) / 1e3);
            let link = LinkSpec::new(ends.0, ends.1, latency, f64::from(mbps) * 1e6);
            builder.link(format!("link-{index}"), link);
        }
        builder.build().unwrap()
    }

    fn needs(&self) -> ApplicationNeeds {
        let cores: Vec<f64> = self.services.iter().map(|&cores| f64::from(cores)).collect();
        let interactions = (0..).zip(&self.interactions).map(|(interaction, own)| InteractionNeeds {
            from: ReplicaIndex(own.0 as u32),
            to: ReplicaIndex(own.1 as u32),
            interaction,
            latency_s: f64::from(own.2) / 1e3,
            bandwidth_bps: f64::from(own.3) * 1e6,
        });
        ApplicationNeeds { interactions: interactions.collect(), ..chain(&cores, 1.0) }
    }
}

/// Latencies as shares of those allowed, together, and number of nodes.
fn cost(view: &PlacementView<'_>) -> (f64, usize) {
    let needs = view.needs();
    let shares = needs
        .interactions
        .iter()
        .enumerate()
        .map(|(index, own)| view.latency_s(InteractionIndex(index as u32)).unwrap() / own.latency_s);
    let mut nodes: Vec<_> =
        (0..needs.replicas.len() as u32).filter_map(|own| view.node_of(ReplicaIndex(own))).collect();
    nodes.sort_unstable();
    nodes.dedup();
    (shares.sum(), nodes.len())
}

/// The least costs of all placements, each for itself; `None` if there is none.
fn least(view: &mut PlacementView<'_>, placed: usize) -> Option<(f64, usize)> {
    let Some(&replica) = view.open().get(placed) else { return Some(cost(view)) };
    let mut best: Option<(f64, usize)> = None;
    for &node in view.candidates() {
        let start = view.checkpoint();
        if view.assign(replica, node).is_ok()
            && let Some(own) = least(view, placed + 1)
        {
            best = Some(best.map_or(own, |best| (best.0.min(own.0), best.1.min(own.1))));
        }
        view.rollback(start);
    }
    best
}

fn policies() -> Vec<(&'static str, Box<dyn ServicePlacementPolicy>)> {
    let milp = |objective| Box::new(Milp { objective, ..Milp::default() });
    vec![
        ("backtracking", Box::new(Backtracking { limit: u64::MAX, ..Backtracking::default() })),
        ("milp latency", milp(PlacementObjective::Latency)),
        ("milp nodes", milp(PlacementObjective::Nodes)),
        ("milp energy", milp(PlacementObjective::Energy)),
        ("greedy_latency", Box::new(GreedyLatency::default())),
        ("co_location", Box::new(CoLocation::default())),
        ("local_search", Box::new(LocalSearch { iterations: 50, ..LocalSearch::default() })),
        (
            "simulated_annealing",
            Box::new(SimulatedAnnealing {
                iterations: 50,
                start: SearchStart::Random,
                ..SimulatedAnnealing::default()
            }),
        ),
        ("energy_aware", Box::new(EnergyAware::default())),
        ("carbon_aware", Box::new(CarbonAware::default())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn complete_ones_find_what_there_is_and_none_breaks_a_requirement(case in cases()) {
        let mut own = case.infrastructure();
        let id = own.add_application(case.needs());
        let best = see(&mut own, id, |view| least(view, 0));
        let all = case.services.len();
        for (index, (name, mut policy)) in policies().into_iter().enumerate() {
            let (decision, costs) = see(&mut own, id, |view| {
                let decision = policy.place(view);
                let is_placed = matches!(decision, ServicePlacementDecision::Place(_));
                (decision, is_placed.then(|| cost(view)))
            });
            let again = see(&mut own, id, |view| policy.place(view));
            prop_assert_eq!(&decision, &again, "{} is not repeatable", name);
            match decision {
                ServicePlacementDecision::Place(placement) => {
                    let (least_share, least_nodes) = best.expect(name);
                    let (share, nodes) = costs.unwrap();
                    prop_assert!(share >= least_share - 1e-9, "{}", name);
                    if index == 1 {
                        prop_assert!(share <= least_share + 1e-6, "{}: {} of {}", name, share, least_share);
                    }
                    if index == 2 {
                        prop_assert_eq!(nodes, least_nodes, "{}", name);
                    }
                    prop_assert_eq!(placement.len(), all, "{}", name);
                    own.place(id, &placement).unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
                    let mut faults = Vec::new();
                    own.audit(id, &mut faults);
                    prop_assert!(faults.is_empty(), "{}: {:?}", name, faults);
                    for replica in 0..all as u32 {
                        own.displace(id, ReplicaIndex(replica));
                    }
                }
                ServicePlacementDecision::Reject(fault) => {
                    prop_assert!(index > 3 || best.is_none(), "{}: {:?}", name, fault);
                }
            }
        }
    }
}
