//! What a workload takes off must still be its own: the numbers of jobs and transfers are used again.

use super::{Ran, world};
use crate::apps::{Context, Message, Workload};
use crate::engine::SimDuration;
use crate::infra::compute::{Job, JobRequest};
use crate::infra::network::LinkSpec;
use crate::infra::{
    JobOutcome, NodeClass, NodeId, Position, Static, Tier, TransferOutcome, TransferRecord,
};
use serde_json::json;

/// Takes off what it has taken off before, when others have the numbers of it.
#[derive(Debug)]
struct Careless {
    nodes: [NodeId; 2],
    done: u64,
    delivered: u64,
}

impl Workload for Careless {
    fn name(&self) -> &str {
        "careless"
    }

    fn start(&mut self, context: &mut dyn Context) {
        let [here, there] = self.nodes;
        let job = context.submit_job(here, JobRequest::new(1000.0), 1).unwrap();
        context.cancel_job(job, 1);
        assert_eq!(context.submit_job(here, JobRequest::new(1000.0), 2), Ok(job));
        context.cancel_job(job, 1);
        let lost = TransferOutcome::Dropped;
        let transfer = context.start_transfer(here, there, 1e6, 3).unwrap();
        assert!(context.abort_transfer(transfer, 3, lost).is_some());
        assert_eq!(context.start_transfer(here, there, 1e6, 4), Ok(transfer));
        assert!(context.abort_transfer(transfer, 3, lost).is_none());
    }

    fn on_timer(&mut self, _: Message, _: &mut dyn Context) {}

    fn on_job_end(&mut self, token: u64, _: &Job, outcome: JobOutcome, _: &mut dyn Context) {
        assert_eq!((token, outcome), (2, JobOutcome::Done));
        self.done += 1;
    }

    fn on_transfer_end(&mut self, record: &TransferRecord, _: &mut dyn Context) {
        assert_eq!((record.owner.token, record.outcome), (4, TransferOutcome::Delivered));
        self.delivered += 1;
    }

    fn summary(&self) -> serde_json::Value {
        json!([self.done, self.delivered])
    }
}

#[test]
fn what_has_a_number_again_is_not_taken_off_for_another() {
    let mut world = world(100.0);
    let places = vec![Position::ground(0.0, 0.0), Position::ground(1.0, 0.0)];
    let class = NodeClass::new("node", Tier::Edge, 2).with_cores(1, 1000.0);
    let class = world.class(class, Static::at(places).unwrap());
    let nodes: Vec<NodeId> = world.nodes_of(class).collect();
    world.link("link", LinkSpec::new(nodes[0], nodes[1], SimDuration::from_secs(0.01), 8e6));
    world.workload(Careless { nodes: [nodes[0], nodes[1]], done: 0, delivered: 0 });
    assert_eq!(Ran::of(world).summary["workloads"]["careless"], json!([1, 1]));
}
