//! What policies that place services answer, and what the world makes of it.

use crate::apps::{
    Context, Message, ServicePlacementChoice, ServicePlacementFailure, ServicePlacementRequest, Workload,
};
use crate::engine::SimDuration;
use crate::infra::NodeId;
use crate::infra::applications::{ApplicationNeeds, ReplicaIndex, ViolationKind};
use crate::infra::assets::AssetId;
use crate::placement::services::tests::{chain, lay_out};
use crate::placement::services::{
    FirstFit, PlacementView, ServicePlacementDecision, ServicePlacementPolicy,
};
use crate::records::NoRecords;
use crate::world::WorldBuilder;
use std::sync::mpsc::{Sender, channel};

/// Asks once for all replicas, then for the last one.
#[derive(Debug)]
struct Asker {
    needs: ApplicationNeeds,
    number: u32,
    nodes: Option<Vec<NodeId>>,
    told: Sender<(ServicePlacementChoice, Vec<f64>)>,
}

impl Workload for Asker {
    fn name(&self) -> &str {
        "asker"
    }

    fn start(&mut self, context: &mut dyn Context) {
        let id = context.infrastructure().add_application(self.needs.clone());
        let all: Vec<ReplicaIndex> = (0..self.needs.replicas.len() as u32).map(ReplicaIndex).collect();
        for open in [&all[..], &all[all.len() - 1..]] {
            let choice = context.decide_service_placement(&ServicePlacementRequest {
                application: id,
                number: self.number,
                open,
                nodes: self.nodes.as_deref(),
                previous: &[],
            });
            let infrastructure = context.infrastructure();
            let nodes = (0..infrastructure.nodes().len() as u32).map(NodeId);
            let assets = infrastructure.assets();
            let used = nodes.map(|node| assets.used(node, AssetId::CORES)).collect();
            self.told.send((choice, used)).unwrap();
        }
    }

    fn on_timer(&mut self, _: Message, _: &mut dyn Context) {}

    fn summary(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}

/// What is decided by a policy of the world's second number in a chain of three nodes, and the cores used after it.
fn decided(
    policy: impl ServicePlacementPolicy + 'static,
    nodes: Option<&[u32]>,
) -> Vec<(ServicePlacementChoice, Vec<f64>)> {
    let mut world = WorldBuilder::new(1, SimDuration::from_secs(1.0));
    lay_out(world.infrastructure(), &[1, 2, 2], &[(0, 1, 1.0), (1, 2, 1.0)]);
    let number = world.boxed_service_placement("own", Box::new(policy));
    let (told, heard) = channel();
    let nodes = nodes.map(|nodes| nodes.iter().copied().map(NodeId).collect());
    world.workload(Asker { needs: chain(&[1.0, 1.0, 1.0], 1.5), number, nodes, told });
    world.build(Box::new(NoRecords)).unwrap().run().unwrap();
    heard.into_iter().collect()
}

fn placed(choice: &ServicePlacementChoice) -> Vec<u32> {
    choice.result.iter().flatten().map(|(_, node)| node.0).collect()
}

#[test]
fn a_good_answer_is_booked() {
    let all = decided(FirstFit {}, None);
    assert_eq!((placed(&all[0].0), placed(&all[1].0)), (vec![0, 1, 1], vec![1]));
    assert_eq!((&all[0].1, &all[1].1), (&vec![1.0, 2.0, 0.0], &vec![1.0, 2.0, 0.0]));
    let some = decided(FirstFit {}, Some(&[2, 1]));
    assert_eq!((placed(&some[0].0), &some[1].1), (vec![2, 2, 1], &vec![0.0, 1.0, 2.0]));
    // No nodes are not all nodes.
    let none = decided(FirstFit {}, Some(&[])).swap_remove(0);
    assert!(matches!(none.0.result, Err(ServicePlacementFailure::Rejected(_))), "{none:?}");
}

/// Answers what it is told to, by force.
#[derive(Debug)]
struct Stubborn(Vec<(u32, u32)>);

impl ServicePlacementPolicy for Stubborn {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        let placed = self.0.iter().map(|&(replica, node)| (ReplicaIndex(replica), NodeId(node)));
        placed.clone().for_each(|(replica, node)| view.force(replica, node));
        ServicePlacementDecision::Place(placed.collect())
    }
}

#[test]
fn a_bad_answer_changes_nothing() {
    let failure = |answer: &[(u32, u32)], nodes: Option<&[u32]>| {
        let (choice, used) = decided(Stubborn(answer.to_vec()), nodes).swap_remove(0);
        assert_eq!(used, [0.0; 3], "{answer:?}");
        choice.result.unwrap_err()
    };
    let kind = |answer: &[(u32, u32)]| failure(answer, None).violation().unwrap().kind;
    assert_eq!(kind(&[(0, 0), (1, 0), (2, 1)]), ViolationKind::Asset);
    assert_eq!(kind(&[(0, 0), (1, 2), (2, 1)]), ViolationKind::Latency);
    assert_eq!(kind(&[(0, 9), (1, 2), (2, 1)]), ViolationKind::NodeDown);
    let elsewhere = ServicePlacementFailure::Elsewhere(ReplicaIndex(1), NodeId(1));
    let malformed = |replica| ServicePlacementFailure::Malformed(ReplicaIndex(replica));
    assert_eq!(failure(&[(0, 0), (1, 1)], None), malformed(2));
    assert_eq!(failure(&[(0, 0), (1, 1), (1, 1), (2, 1)], None), malformed(1));
    assert_eq!(failure(&[(0, 0), (1, 1), (2, 1), (7, 1)], None), malformed(7));
    assert_eq!(failure(&[(0, 0), (1, 1), (2, 1)], Some(&[0, 2])), elsewhere);
    let good = decided(Stubborn(vec![(0, 0), (1, 1), (2, 1)]), None);
    assert_eq!((placed(&good[0].0), &good[0].1), (vec![0, 1, 1], &vec![1.0, 2.0, 0.0]));
}
