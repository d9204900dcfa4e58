//! Cores that agents reserve for their handling.

use super::*;
use crate::infra::assets::AssetId;
use crate::infra::compute::{Discipline, Job, JobRequest, Resources};
use crate::infra::{JobOutcome, NodeChange, ProcessorId, TransferRecord};

/// Takes a core for itself at the start, and gives it back at 2.5 s.
#[derive(Debug)]
struct Greedy(NodeId);

impl Workload for Greedy {
    fn name(&self) -> &str {
        "greedy"
    }

    fn start(&mut self, context: &mut dyn Context) {
        let line = Discipline::SpaceShared { queue_limit: 0 };
        let instance = context.deploy(self.0, 2.0, line, &Resources::default()).unwrap();
        let message = Message { detail: u64::from(instance.0), ..Message::default() };
        context.set_timer(SimTime::from_secs(2.5), Phase::Demand, message);
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        context.undeploy(ProcessorId(message.detail as u32));
    }

    fn summary(&self) -> Value {
        Value::Null
    }
}

#[test]
fn agents_without_cores_try_again_each_second() {
    let mut world = world(10.0);
    let nodes = pair(&mut world);
    world.workload(Greedy(nodes[1]));
    let options = AgentOptions { handling_work_mi: 30.0, ..options() };
    let summary = run(world, nodes, options, |agent, stimulus, mail| {
        if started(agent, stimulus, 0) {
            mail.send(AgentId(1), FULL, 1000.0, body());
            mail.send(AgentId(1), FULL, 1000.0, body());
        }
    });
    // At 0.006, 1.006 and 2.006 s there are none.
    assert_eq!(log(&summary), ["3036000 1: message 0 of 0", "3066000 1: message 0 of 0"]);
    assert_eq!(summary["agents"]["waits_for_cores"], 3);
}

/// Agents that come and go, and a job that fills what they leave of a node of two cores.
#[derive(Debug)]
struct Reserving {
    agents: Agents,
    node: NodeId,
    seen: Vec<(bool, [f64; 2])>,
}

impl Reserving {
    fn look(&mut self, context: &mut dyn Context) {
        let infrastructure = context.infrastructure();
        let cores = infrastructure.compute().cores(infrastructure.node(self.node).processor);
        // What placements of services may still have.
        let left = infrastructure.assets().residual(self.node, AssetId::CORES);
        self.seen.push((self.agents.has_cores(AgentId(0)), [cores, left]));
    }
}

impl Workload for Reserving {
    fn name(&self) -> &str {
        "reserving"
    }

    fn start(&mut self, context: &mut dyn Context) {
        self.agents.start(context).unwrap();
        self.agents.spawn(self.node, context);
        self.look(context);
        context.set_timer(SimTime::from_secs(5.0), Phase::Demand, Message::default());
        context.submit_job(self.node, JobRequest::new(1000.0), 4).unwrap();
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        let mut nothing = script(|_, _, _| {});
        if !self.agents.on_timer(message, &mut nothing, context) {
            self.look(context);
            self.agents.stop(AgentId(0), &mut nothing, context);
            self.look(context);
            assert_eq!(nothing.log, ["0 forgets"]);
            assert!(!self.agents.is_alive(AgentId(0)));
        }
    }

    fn on_job_end(&mut self, token: u64, _: &Job, outcome: JobOutcome, context: &mut dyn Context) {
        assert!(!self.agents.on_job_end(token, outcome, &mut script(|_, _, _| {}), context));
    }

    fn on_transfer_end(&mut self, record: &TransferRecord, context: &mut dyn Context) {
        assert!(!self.agents.on_transfer_end(record, &mut script(|_, _, _| {}), context));
    }

    fn on_node_change(&mut self, node: NodeId, change: NodeChange, context: &mut dyn Context) {
        self.agents.on_node_change(node, change, &mut script(|_, _, _| {}), context);
        self.look(context);
    }

    fn summary(&self) -> Value {
        json!(self.seen)
    }
}

#[test]
fn cores_are_reserved_as_long_as_there_are_agents() {
    let mut world = world(10.0);
    let class = NodeClass::new("node", Tier::Edge, 1).with_cores(2, 1000.0);
    let class = world.class(class, Static::at(vec![Position::ground(0.0, 0.0)]).unwrap());
    let node = only(&world, class);
    outage(&mut world, FaultTarget::Node(node), &[2.0, 3.0]);
    let options = AgentOptions { light_work_mi: 1.0, ..options() };
    let agents = Agents::new(options, kinds());
    world.workload(Reserving { agents, node, seen: Vec::new() });
    let summary = Ran::of(world).summary["workloads"]["reserving"].clone();
    // At the start, in the outage, after it, and before and after the agent is stopped.
    let (with, without) = (json!([true, [1.0, 1.0]]), json!([false, [2.0, 2.0]]));
    let expected = json!([with, without, with, with, without]);
    assert_eq!(summary, expected);
}
