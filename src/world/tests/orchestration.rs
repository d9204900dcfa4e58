//! What the world makes of control planes: what they see, which of their orders it hands on, and what it records.

use super::{Ran, world};
use crate::apps::agents::{AgentId, Handling, MessageKind, Stimulus};
use crate::apps::orchestration::{
    ANSWER, ActionEnd, ActionFeatures, ActionKind, AgentLayout, Answer, DEPLOYED, FIRST_OWN_KIND,
    InstanceFacts, LoadShares, NO_SERVICE, OrchestrationFacts, OrchestrationRequest, Order, PlaneHandle,
    QUERY, Query, ServiceFacts, ServiceRequirements, UserFacts, UserId,
};
use crate::apps::{Context, DecisionPoint, Message, Workload};
use crate::engine::{Phase, SimDuration, SimTime};
use crate::infra::assets::AssetId;
use crate::infra::compute::Resources;
use crate::infra::network::LinkSpec;
use crate::infra::{NodeClass, NodeId, Position, Static, Tier};
use crate::placement::orchestration::{ControlPlane, Nearest, OrchestrationView, Random};
use crate::world::WorldBuilder;
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

/// Does as it is told.
struct Told<F>(F);

impl<F> fmt::Debug for Told<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told")
    }
}

impl<F: FnMut(&mut OrchestrationView<'_>, &mut Vec<Order>) + Send> ControlPlane for Told<F> {
    fn kinds(&self) -> Vec<MessageKind> {
        vec![MessageKind { name: "own", handling: Handling::Full }]
    }

    fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
        (self.0)(view, orders);
    }
}

/// Three platforms on a line; the service is on the first two, and user 0 at the first.
#[derive(Debug)]
struct Facts {
    services: Vec<ServiceFacts>,
    platforms: Vec<NodeId>,
}

impl OrchestrationFacts for Facts {
    fn services(&self) -> &[ServiceFacts] {
        &self.services
    }
    fn platforms(&self) -> &[NodeId] {
        &self.platforms
    }
    fn users(&self) -> u32 {
        2
    }
    fn hosted(&self, node: NodeId, service: u32) -> Option<InstanceFacts> {
        let load = LoadShares { cpu: f64::from(node.0), ..LoadShares::default() };
        let own = self.services.get(service as usize)?;
        own.instances.contains(&node).then_some(InstanceFacts {
            is_ready: true,
            load,
            users: 1,
            last_access: SimTime::ZERO,
        })
    }
    fn users_of(&self, node: NodeId, _: u32, out: &mut Vec<UserFacts>) {
        out.extend((node == self.platforms[0]).then_some(UserFacts {
            user: UserId(0),
            position: Position::ground(1.0, 0.0),
            median_s: Some(0.1),
            p95_s: Some(0.2),
            requests: 3,
            last_access: SimTime::ZERO,
        }));
    }
    fn load_of(&self, _: NodeId) -> LoadShares {
        LoadShares::default()
    }
    fn redirects_at_once(&self) -> bool {
        true
    }
}

/// What is asked when.
#[derive(Clone, Debug)]
enum Ask {
    Decide(AgentId, NodeId, Stimulus),
    Forget(AgentId),
}

/// Asks a control plane, and notes the orders that come back.
#[derive(Debug)]
struct Asker {
    plane: u32,
    facts: Facts,
    script: Vec<(f64, Ask)>,
    log: Vec<String>,
}

impl Workload for Asker {
    fn name(&self) -> &str {
        "asker"
    }
    fn decision_points(&self) -> &[DecisionPoint] {
        &[DecisionPoint::Orchestration]
    }
    fn start(&mut self, context: &mut dyn Context) {
        context.begin_orchestration(self.plane, &self.facts);
        for (index, (at_s, _)) in self.script.iter().enumerate() {
            let message = Message { code: 0, subject: index as u32, detail: 0 };
            context.set_timer(SimTime::from_secs(*at_s), Phase::Demand, message);
        }
    }
    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        let (at_s, ask) = self.script[message.subject as usize].clone();
        match ask {
            Ask::Forget(agent) => context.forget_agent(self.plane, agent),
            Ask::Decide(agent, node, stimulus) => {
                let (plane, service) = (self.plane, NO_SERVICE);
                let request = OrchestrationRequest { plane, agent, node, service, stimulus: &stimulus };
                let mut orders = Vec::new();
                context.decide_orchestration(&request, &self.facts, &mut orders);
                self.log.extend(orders.iter().map(|order| format!("{at_s} {}", words(order))));
            }
        }
    }
    fn summary(&self) -> Value {
        json!(self.log)
    }
}

fn words(order: &Order) -> String {
    match order {
        Order::Send { to, kind, body, .. } => match body.downcast_ref::<Answer>() {
            Some(answer) => format!("answer {:?}", answer.instance.map(|node| node.0)),
            None => format!("send {kind} to {}", to.0),
        },
        Order::Request { to, kind, .. } => format!("request {kind} of {}", to.0),
        Order::Reply { .. } => "reply".into(),
        Order::Timer { code, .. } => format!("timer {code}"),
        Order::Busy { .. } => "busy".into(),
        Order::Deploy { service } => format!("deploy {service}"),
        Order::Undeploy { service } => format!("undeploy {service}"),
        Order::Redirect { users, .. } => format!("redirect {}", users.len()),
        Order::Open { action, .. } => format!("open {action}"),
        Order::Phase { action, .. } => format!("phase {action}"),
        Order::Close { action, .. } => format!("close {action}"),
    }
}

/// Platforms of two cores, 5 ms from one to the next, of which the last is an `arm64` one.
fn platforms(world: &mut WorldBuilder) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    for (number, architecture) in ["x86_64", "x86_64", "arm64"].into_iter().enumerate() {
        let class = NodeClass {
            architecture: architecture.into(),
            resources: Resources { memory_bytes: 1e9, storage_bytes: 1e9, accelerators: Vec::new() },
            ..NodeClass::new(format!("platform-{number}"), Tier::Edge, 1).with_cores(2, 1000.0)
        };
        let place = Static::at(vec![Position::ground(100.0 * number as f64, 0.0)]).unwrap();
        let class = world.class(class, place);
        nodes.extend(world.nodes_of(class));
    }
    for ends in nodes.windows(2) {
        world.link("link", LinkSpec::new(ends[0], ends[1], SimDuration::from_secs(0.005), 8e6));
    }
    nodes
}

fn service(instances: Vec<NodeId>) -> ServiceFacts {
    let requirements = ServiceRequirements {
        cores: 1.0,
        memory_bytes: 1e6,
        architectures: vec!["x86_64".into()],
        ..ServiceRequirements::default()
    };
    let name = "video".into();
    ServiceFacts { name, requirements, limit_s: 0.06, image_bytes: 0.0, instances }
}

fn run(
    plane: impl ControlPlane + 'static,
    script: impl FnOnce(&[NodeId]) -> Vec<(f64, Ask)>,
) -> (Ran, Vec<String>) {
    let mut world = world(10.0);
    let nodes = platforms(&mut world);
    let PlaneHandle { number, .. } = world.control_plane("told", plane);
    let facts = Facts { services: vec![service(nodes[..2].to_vec())], platforms: nodes.clone() };
    world.workload(Asker { plane: number, facts, script: script(&nodes), log: Vec::new() });
    let ran = Ran::of(world);
    let log = ran.summary["workloads"]["asker"].as_array().unwrap().iter();
    let log = log.map(|line| line.as_str().unwrap().to_string()).collect();
    (ran, log)
}

const TIMER: Stimulus = Stimulus::Timer { code: 0, detail: 0 };

fn decide(at_s: f64, agent: u32, node: NodeId) -> (f64, Ask) {
    (at_s, Ask::Decide(AgentId(agent), node, TIMER))
}

fn open(action: u64, service: u32) -> Order {
    let features = ActionFeatures { users: Some(7.0), ..ActionFeatures::default() };
    let (kind, forced, cluster) = (ActionKind::Replicate, false, Some((Position::default(), 3)));
    Order::Open { action, kind, service, forced, cluster, features }
}

fn close(action: u64, end: ActionEnd, target: Option<NodeId>) -> Order {
    Order::Close { action, end, target }
}

#[test]
fn orders_that_cannot_be_are_left_out_and_counted() {
    let body = || Arc::new(()) as crate::apps::agents::Body;
    let send = move |to, kind, bytes| Order::Send { to: AgentId(to), kind, bytes, body: body() };
    let after = SimDuration::ZERO;
    let redirect =
        move |user, to| Order::Redirect { service: 0, users: vec![UserId(user)], to: NodeId(to) };
    let plane = Told(move |view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>| {
        match view.agent().0 {
            0 => orders.extend([
                send(2, FIRST_OWN_KIND, 10.0),
                send(3, FIRST_OWN_KIND, 10.0),     // no such agent
                send(1, FIRST_OWN_KIND + 1, 10.0), // no such kind
                send(1, FIRST_OWN_KIND, f64::NAN),
                Order::Timer { after, code: 5, detail: 0 },
                Order::Timer { after, code: DEPLOYED, detail: 0 }, // not its own
                Order::Deploy { service: 0 },                      // there already
                Order::Undeploy { service: 0 },
                Order::Undeploy { service: 0 }, // no more
                Order::Deploy { service: 0 },
                Order::Deploy { service: 1 }, // no such service
                redirect(0, 1),
                redirect(1, 1), // another's user
                redirect(0, 9), // no platform
                Order::Busy { time: after },
            ]),
            // There is no image for its architecture.
            2 => orders.push(Order::Deploy { service: 0 }),
            _ => orders.extend([
                close(4, ActionEnd::Done, None), // never opened
                open(4, 0),
                open(4, 0), // open already
                open(5, 8), // no such service
                open(6, NO_SERVICE),
                close(6, ActionEnd::NoTarget, Some(NodeId(77))), // no platform
                close(4, ActionEnd::Done, Some(NodeId(2))),
            ]),
        }
    });
    let (ran, log) = run(plane, |nodes| {
        vec![decide(1.0, 0, nodes[0]), decide(2.0, 2, nodes[2]), decide(3.0, 1, nodes[1])]
    });
    let expected = [
        "1 send 2 to 2",
        "1 timer 5",
        "1 undeploy 0",
        "1 deploy 0",
        "1 redirect 1",
        "1 busy",
        "3 open 4",
        "3 open 6",
        "3 close 4",
    ];
    assert_eq!(log, expected);
    assert_eq!(ran.summary["decisions"]["refused"], 14);
    let columns = [
        "t_s",
        "point",
        "policy",
        "workload",
        "subject",
        "device",
        "choice",
        "outcome",
        "reward",
        "kind",
        "users",
        "cluster_users",
    ];
    // What is still open at the end is written last.
    let expected = [
        "3 orchestration told asker 1 platform-1 platform-2 done 1 1 7 3",
        "3 orchestration told asker 1 platform-1  unfinished 0 1 7 3",
    ];
    assert_eq!(ran.table("decisions", &columns), expected);
}

#[test]
fn actions_of_an_agent_that_dies_are_lost_and_their_numbers_free_again() {
    let plane = Told(|view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>| {
        orders.push(open(1, 0));
        if view.now() >= SimTime::from_secs(3.0) {
            orders.push(close(1, ActionEnd::RefusedLocally, None));
        }
    });
    let (ran, log) = run(plane, |nodes| {
        let forget = (2.0, Ask::Forget(AgentId(0)));
        vec![decide(1.0, 0, nodes[0]), decide(1.0, 1, nodes[1]), forget, decide(3.0, 0, nodes[0])]
    });
    assert_eq!(log, ["1 open 1", "1 open 1", "3 open 1", "3 close 1"]);
    let rows = ran.table("decisions", &["t_s", "subject", "outcome", "reward"]);
    assert_eq!(rows, ["1 0 lost 0", "3 0 refused_locally 0", "1 1 unfinished 0"]);
}

#[test]
fn an_agent_sees_its_own_node_and_what_all_know_from_the_start() {
    let plane = Told(|view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>| {
        let mut users = Vec::new();
        view.users(0, &mut users);
        let list = view.list();
        let (first, last) = (list.platforms()[0].clone(), list.platforms()[2].clone());
        assert_eq!((first.position.x_m, last.position.x_m), (0.0, 200.0));
        assert_eq!(first.offers, [2.0, 1e9, 1e9, 0.0]);
        assert_eq!(list.agent_of(last.node), Some(AgentId(2)));
        assert_eq!((list.node_of(AgentId(2)), list.node_of(AgentId(3))), (Some(last.node), None));
        assert!(view.is_capable(first.node, 0) && !view.is_capable(last.node, 0));
        // Two links of 5 ms there, and as much back.
        let ends = (first.node, last.node);
        if view.node() == first.node {
            assert!((view.round_trip_s(ends.1).unwrap() - 0.02).abs() < 1e-12);
            assert_eq!(users.iter().map(|own| own.user).collect::<Vec<_>>(), [UserId(0)]);
        } else {
            assert!(users.is_empty());
        }
        let own = list.place(view.node()).unwrap();
        assert_eq!(view.position(), list.platforms()[own].position);
        assert_eq!(view.hosted(0).map(|own| own.load.cpu), (own < 2).then_some(own as f64));
        assert_eq!(view.residual(AssetId::CORES), 2.0);
        orders.push(Order::Busy { time: SimDuration::ZERO });
    });
    let (_, log) = run(plane, |nodes| (0..3).map(|own| decide(1.0, own, nodes[own as usize])).collect());
    assert_eq!(log.len(), 3);
}

fn query(at_s: f64, node: NodeId, x_m: f64) -> (f64, Ask) {
    let body = Arc::new(Query { user: UserId(0), service: 0, position: Position::ground(x_m, 0.0) });
    let stimulus = Stimulus::Message { from: AgentId::NOBODY, kind: QUERY, body, asked: None };
    (at_s, Ask::Decide(AgentId::NOBODY, node, stimulus))
}

#[test]
fn without_agents_users_are_told_of_the_nearest_instance_on_the_spot() {
    assert_eq!(Nearest::default().layout(), AgentLayout::None);
    let (ran, log) = run(Nearest::default(), |nodes| {
        // The third platform is nearest to 180 m, but has no instance; at 50 m both are as near.
        vec![query(1.0, nodes[2], 180.0), query(2.0, nodes[2], 20.0), query(3.0, nodes[2], 50.0)]
    });
    assert_eq!(log, ["1 answer Some(1)", "2 answer Some(0)", "3 answer Some(0)"]);
    assert_eq!(ran.summary["decisions"]["made"], 0);
}

#[test]
fn random_instances_are_drawn_evenly() {
    let (_, log) = run(Random {}, |nodes| (0..1000).map(|_| query(1.0, nodes[2], 0.0)).collect());
    let first = log.iter().filter(|line| *line == "1 answer Some(0)").count();
    let second = log.iter().filter(|line| *line == "1 answer Some(1)").count();
    assert_eq!(first + second, 1000);
    // Four standard deviations of 15.8.
    assert!(first.abs_diff(500) <= 63, "{first}");
}

#[test]
fn nobody_can_do_no_more_than_answer() {
    let plane = Told(|_: &mut OrchestrationView<'_>, orders: &mut Vec<Order>| {
        let body = Arc::new(Answer { instance: None });
        let answer = Order::Send { to: AgentId::NOBODY, kind: ANSWER, bytes: 64.0, body };
        orders.extend([Order::Deploy { service: 0 }, open(1, 0), answer]);
    });
    let (ran, log) = run(plane, |nodes| vec![query(1.0, nodes[2], 0.0)]);
    assert_eq!(log, ["1 answer None"]);
    assert_eq!(ran.summary["decisions"]["refused"], 2);
}
