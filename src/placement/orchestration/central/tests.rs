use super::*;
use crate::apps::agents::Body;
use crate::apps::orchestration::{
    ActionKind, OrchestrationFacts, OrchestrationRequest, QUERY, ServiceRequirements,
};
use crate::engine::{EntityStream, RandomStreams};
use crate::infra::Position;
use crate::infra::assets::AssetId;
use crate::placement::orchestration::Senses;

/// Platforms 100 m from each other, each with what its node could tell; the centre is beside them.
struct Bench {
    plane: Box<dyn ControlPlane>,
    list: PlatformList,
    facts: Facts,
    random: EntityStream,
    now: SimTime,
}

struct Facts {
    services: Vec<ServiceFacts>,
    platforms: Vec<NodeId>,
    hosted: BTreeMap<NodeId, (InstanceFacts, Vec<UserFacts>)>,
}

impl OrchestrationFacts for Facts {
    fn services(&self) -> &[ServiceFacts] {
        &self.services
    }
    fn platforms(&self) -> &[NodeId] {
        &self.platforms
    }
    fn users(&self) -> u32 {
        10
    }
    fn hosted(&self, node: NodeId, _: u32) -> Option<InstanceFacts> {
        self.hosted.get(&node).map(|own| own.0)
    }
    fn users_of(&self, node: NodeId, _: u32, out: &mut Vec<UserFacts>) {
        out.extend(self.hosted.get(&node).into_iter().flat_map(|own| own.1.iter().copied()));
    }
    fn load_of(&self, _: NodeId) -> LoadShares {
        LoadShares::default()
    }
}

/// A node that has four of everything left.
struct Free;

impl Senses for Free {
    fn position(&self) -> Position {
        Position::default()
    }
    fn residual(&self, _: AssetId) -> f64 {
        4.0
    }
    fn round_trip_s(&mut self, _: NodeId) -> Option<f64> {
        None
    }
}

const CENTRE: NodeId = NodeId(99);

impl Bench {
    fn new(platforms: u32, node_limit: u32) -> Self {
        Self::of(platforms, node_limit, |parameters| Box::new(Central::new(parameters)))
    }

    fn of(
        platforms: u32,
        node_limit: u32,
        make: impl FnOnce(CentralParameters) -> Box<dyn ControlPlane>,
    ) -> Self {
        let parameters = CentralParameters {
            node: CENTRE,
            report: SimDuration::from_secs(10.0),
            decision_time: SimDuration::from_secs(0.5),
            per_node_time: SimDuration::from_secs(0.01),
            per_user_time: SimDuration::from_secs(0.001),
            node_limit,
            cluster_radius_m: 50.0,
            load_bounds: LoadShares { cpu: 0.8, memory: 0.9, storage: 0.9, gpu: 0.9 },
            idle: SimDuration::from_secs(300.0),
        };
        let platform = |number: u32| Platform {
            node: NodeId(number),
            position: Position::ground(100.0 * f64::from(number), 0.0),
            architecture: "x86_64".into(),
            offers: [4.0; 4],
        };
        let requirements = ServiceRequirements { cores: 1.0, ..ServiceRequirements::default() };
        let service = ServiceFacts {
            name: "video".into(),
            requirements,
            limit_s: 0.06,
            image_bytes: 0.0,
            instances: vec![NodeId(0)],
        };
        let facts = Facts {
            services: vec![service],
            platforms: (0..platforms).map(NodeId).collect(),
            hosted: BTreeMap::new(),
        };
        let list = PlatformList::new((0..platforms).map(platform).collect(), Some(CENTRE));
        let mut plane = make(parameters);
        plane.begin(&list, &facts.services);
        let random = RandomStreams::new(1).entity("test", 0);
        let mut bench = Bench { plane, list, facts, random, now: SimTime::ZERO };
        bench.host(0, 0.0, &[]);
        bench.tell(CENTRE, Stimulus::Started { returned: false });
        bench
    }

    /// Lets a platform have an instance with this load and users: number, x, median latency.
    fn host(&mut self, node: u32, cpu: f64, users: &[(u32, f64, f64)]) {
        let user = |&(user, x_m, median_s): &(u32, f64, f64)| UserFacts {
            user: UserId(user),
            position: Position::ground(x_m, 0.0),
            median_s: Some(median_s),
            p95_s: None,
            requests: 1,
            last_access: self.now,
        };
        let load = LoadShares { cpu, ..LoadShares::default() };
        let facts =
            InstanceFacts { is_ready: true, load, users: users.len() as u32, last_access: self.now };
        self.facts.hosted.insert(NodeId(node), (facts, users.iter().map(user).collect()));
    }

    fn tell(&mut self, node: NodeId, stimulus: Stimulus) -> Vec<Order> {
        let agent =
            if node == CENTRE { self.list.centre().unwrap() } else { self.list.agent_of(node).unwrap() };
        let request = OrchestrationRequest { plane: 0, agent, node, service: 0, stimulus: &stimulus };
        let mut senses = Free;
        let Bench { plane, list, facts, random, now } = self;
        let mut view = OrchestrationView::new(*now, &request, facts, list, &mut senses, random);
        let mut orders = Vec::new();
        plane.on(&mut view, &mut orders);
        orders
    }

    /// All platforms report, and the centre hears of it at once; what it says to that.
    fn all_report(&mut self) -> Vec<Order> {
        let platforms = self.facts.platforms.clone();
        platforms.into_iter().flat_map(|node| self.report(node)).collect()
    }

    fn report(&mut self, node: NodeId) -> Vec<Order> {
        let orders = self.tell(node, Stimulus::Timer { code: REPORT_DUE, detail: 0 });
        let from = self.list.agent_of(node).unwrap();
        let mut said = Vec::new();
        for order in orders {
            if let Order::Send { to, kind, body, bytes } = order {
                assert_eq!(Some(to), self.list.centre());
                let users = self.facts.hosted.get(&node).map_or(0, |own| own.1.len());
                assert_eq!(bytes, 64.0 + 32.0 * users as f64);
                said.extend(self.tell(CENTRE, Stimulus::Message { from, kind, body, asked: None }));
            }
        }
        said
    }

    /// A round: what is ordered at once, and when it is over.
    fn round(&mut self) -> (Vec<Order>, Vec<Order>) {
        let first = self.tell(CENTRE, Stimulus::Timer { code: ROUND_DUE, detail: 0 });
        (first, self.tell(CENTRE, Stimulus::Timer { code: DECIDED, detail: 0 }))
    }

    /// Where a user is sent that asks at a place: `None` if there is nothing, or no answer at all.
    fn ask(&mut self, user: u32, x_m: f64) -> Option<u32> {
        self.answers(user, x_m).flatten()
    }

    fn answers(&mut self, user: u32, x_m: f64) -> Option<Option<u32>> {
        let position = Position::ground(x_m, 0.0);
        let body: Body = Arc::new(Query { user: UserId(user), service: 0, position });
        let from = AgentId::NOBODY;
        let orders = self.tell(CENTRE, Stimulus::Message { from, kind: QUERY, body, asked: None });
        match &orders[..] {
            [Order::Send { body, .. }] => {
                Some(body.downcast_ref::<Answer>().unwrap().instance.map(|node| node.0))
            }
            [] => None,
            other => panic!("{other:?}"),
        }
    }

    fn consent(&mut self, node: u32, tag: u64, consents: bool) -> Vec<Order> {
        let body = Arc::new(Consent { is_given: consents, at: self.now });
        let from = AgentId(node);
        self.tell(CENTRE, Stimulus::Reply { tag, from, kind: CONSENT, body })
    }
}

fn words(orders: &[Order]) -> Vec<String> {
    let word = |order: &Order| match order {
        Order::Send { to, .. } => format!("send {}", to.0),
        Order::Request { to, tag, body, .. } => {
            let command = body.downcast_ref::<Command>().unwrap();
            format!("command {tag} to {}: {}", to.0, command.is_wanted)
        }
        Order::Open { action, kind, cluster, .. } => {
            format!("open {action} {} {}", kind.name(), cluster.map_or(0, |own| own.1))
        }
        Order::Phase { action, phase } => format!("{action} {phase:?}"),
        Order::Close { action, end, target } => {
            format!("close {action} {} {:?}", end.name(), target.map(|node| node.0))
        }
        Order::Busy { time } => format!("busy {}", time.as_secs()),
        Order::Timer { code, .. } => format!("timer {code}"),
        other => format!("{other:?}"),
    };
    orders.iter().map(word).collect()
}

#[test]
fn badly_served_users_get_an_instance_nearby_and_the_next_ones_go_there() {
    let mut bench = Bench::new(3, 100);
    assert_eq!(bench.ask(0, 190.0), Some(0));
    // Users at 190 m and 195 m are one group; they are served from 0 m.
    bench.host(0, 0.1, &[(0, 190.0, 0.1), (1, 195.0, 0.1), (2, 5.0, 0.01)]);
    assert!(bench.all_report().is_empty());
    let (first, then) = bench.round();
    // Half a second, three platforms at 10 ms, three users at 1 ms.
    assert_eq!(words(&first), ["open 0 replicate 2", "busy 0.533", "timer 2"]);
    assert_eq!(words(&then), ["command 0 to 2: true", "timer 1"]);
    // While it is on its way, it is not ordered again.
    assert_eq!(words(&bench.round().0), ["busy 0.533", "timer 2"]);
    assert_eq!(words(&bench.consent(2, 0, true)), ["0 Searched { hops: 1, asked: 1 }"]);
    assert_eq!(bench.ask(0, 190.0), Some(0));
    bench.host(2, 0.0, &[]);
    let said = bench.report(NodeId(2));
    assert_eq!(words(&said), ["0 Deployed", "0 Redirected { users: 2 }", "close 0 done Some(2)"]);
    assert_eq!((bench.ask(0, 190.0), bench.ask(2, 5.0)), (Some(2), Some(0)));
    // Those that were told are not counted as badly served there any more; one more is sent after them.
    bench.host(0, 0.1, &[(0, 190.0, 0.1), (3, 180.0, 0.1)]);
    bench.all_report();
    let (first, then) = bench.round();
    assert_eq!(words(&first)[0], "open 1 migrate 1");
    let expected =
        ["1 Searched { hops: 0, asked: 0 }", "1 Redirected { users: 1 }", "close 1 done Some(2)"];
    assert_eq!(words(&then)[..3], expected);
    assert_eq!(bench.ask(3, 180.0), Some(2));
    assert_eq!(bench.plane.summary()["rounds"], 3);
    let busy_s = bench.plane.summary()["busy_s"].as_f64().unwrap();
    assert!((busy_s - (0.533 + 0.533 + 0.532)).abs() < 1e-9, "{busy_s}");
}

#[test]
fn an_instance_that_a_later_report_does_not_have_is_waited_for_no_longer() {
    let mut bench = Bench::new(3, 100);
    bench.host(0, 0.1, &[(0, 190.0, 0.1)]);
    bench.all_report();
    assert_eq!(words(&bench.round().1)[0], "command 0 to 2: true");
    bench.now = SimTime::from_secs(5.0);
    bench.consent(2, 0, true);
    // A report that left before the consent says nothing; nor does one with the instance on its way.
    assert!(bench.report(NodeId(2)).is_empty());
    bench.host(2, 0.0, &[]);
    bench.facts.hosted.get_mut(&NodeId(2)).unwrap().0.is_ready = false;
    bench.now = SimTime::from_secs(6.0);
    assert!(bench.report(NodeId(2)).is_empty());
    // It has come to nothing, and the report that said so was lost.
    bench.facts.hosted.remove(&NodeId(2));
    bench.now = SimTime::from_secs(16.0);
    assert_eq!(words(&bench.report(NodeId(2))), ["close 0 no_target None"]);
    bench.all_report();
    assert_eq!(words(&bench.round().1)[0], "command 1 to 2: true");
}

#[test]
fn nobody_is_moved_farther_away_than_it_was() {
    let mut bench = Bench::new(3, 100);
    // The user is served badly by the nearest platform.
    bench.host(0, 0.1, &[(0, 10.0, 0.1)]);
    bench.all_report();
    let (first, then) = bench.round();
    assert_eq!(words(&first)[0], "open 0 replicate 1");
    assert_eq!(words(&then)[0], "close 0 no_target None");
}

#[test]
fn load_above_the_bound_goes_elsewhere_until_it_is_below() {
    let mut bench = Bench::new(2, 100);
    let users: Vec<(u32, f64, f64)> = (0..10).map(|user| (user, 0.0, 0.001 * f64::from(user))).collect();
    // At 10 users and a load of 1 two have to leave for 0.8; the other takes six at 0.2 for two of its own.
    bench.host(0, 1.0, &users);
    bench.host(1, 0.2, &[(20, 100.0, 0.01), (21, 100.0, 0.01)]);
    bench.all_report();
    let (first, _) = bench.round();
    assert_eq!(words(&first)[0], "open 0 migrate 2");
    // The worst served ones.
    assert_eq!((bench.ask(9, 0.0), bench.ask(8, 0.0), bench.ask(7, 0.0)), (Some(1), Some(1), Some(0)));
    // Where there is no room, there is another instance.
    bench.host(0, 1.0, &users[..8]);
    bench.host(1, 0.8, &[(8, 0.0, 0.01), (9, 0.0, 0.01)]);
    bench.all_report();
    let (first, then) = bench.round();
    assert_eq!(words(&first)[0], "open 1 replicate 2");
    assert_eq!(words(&then)[0], "close 1 no_target None");
}

#[test]
fn idle_instances_end_but_for_the_last() {
    let mut bench = Bench::new(3, 100);
    bench.host(2, 0.0, &[]);
    bench.all_report();
    assert_eq!(bench.ask(0, 190.0), Some(2));
    bench.now = SimTime::from_secs(301.0);
    bench.all_report();
    // Both are idle; the second one that is looked at stays.
    let (first, then) = bench.round();
    assert_eq!(words(&first)[0], "open 0 terminate 0");
    assert_eq!(words(&then)[..2], ["command 0 to 0: false", "timer 1"]);
    assert_eq!(bench.ask(1, 0.0), Some(2));
    // A report that left before the order came changes nothing.
    bench.report(NodeId(0));
    assert_eq!(bench.ask(2, 0.0), Some(2));
    assert_eq!(words(&bench.consent(0, 0, true)), ["close 0 done Some(0)"]);
}

#[test]
fn platforms_that_are_silent_for_three_reports_are_dead() {
    let mut bench = Bench::new(3, 100);
    bench.host(2, 0.0, &[]);
    bench.all_report();
    bench.now = SimTime::from_secs(29.0);
    bench.report(NodeId(0));
    bench.round();
    assert_eq!(bench.ask(0, 190.0), Some(2));
    bench.now = SimTime::from_secs(30.0);
    bench.round();
    assert_eq!(bench.ask(0, 190.0), Some(0));
    bench.report(NodeId(2));
    assert_eq!(bench.ask(1, 190.0), Some(2));
}

#[test]
fn a_centre_that_returns_knows_nothing_until_reports_come() {
    let mut bench = Bench::new(2, 100);
    assert_eq!(bench.ask(0, 0.0), Some(0));
    bench.plane.forget(bench.list.centre().unwrap());
    bench.tell(CENTRE, Stimulus::Started { returned: true });
    bench.all_report();
    // Others may not have reported yet, and users know of an instance: it says nothing.
    assert_eq!(bench.answers(0, 0.0), None);
    bench.now = SimTime::from_secs(10.0);
    assert_eq!(bench.answers(0, 0.0), Some(Some(0)));
}

#[test]
fn a_service_without_instances_gets_one_where_it_is_asked_for() {
    let mut bench = Bench::new(4, 100);
    bench.facts.hosted.clear();
    bench.all_report();
    // Nobody has asked: nothing is done.
    assert_eq!(words(&bench.round().1), ["timer 1"]);
    assert_eq!((bench.answers(0, 190.0), bench.answers(1, 230.0)), (Some(None), Some(None)));
    let (first, then) = bench.round();
    assert_eq!(words(&first)[0], "open 0 replicate 2");
    assert_eq!(words(&then)[0], "command 0 to 2: true");
    // It is on its way: no second one.
    assert_eq!(bench.answers(2, 0.0), Some(None));
    assert_eq!(words(&bench.round().1), ["timer 1"]);
    bench.host(2, 0.0, &[]);
    let said = bench.report(NodeId(2));
    assert_eq!(words(&said).last().unwrap(), "close 0 done Some(2)");
    assert_eq!(bench.ask(2, 0.0), Some(2));
}

#[test]
fn those_that_were_told_to_go_count_as_gone_when_the_load_is_too_high() {
    let mut bench = Bench::new(2, 100);
    let users: Vec<(u32, f64, f64)> = (0..10).map(|user| (user, 0.0, 0.01)).collect();
    bench.host(0, 1.0, &users);
    bench.host(1, 0.1, &[(20, 100.0, 0.01)]);
    bench.all_report();
    assert_eq!(words(&bench.round().0)[0], "open 0 migrate 2");
    // Both are still there at the next round, since they have not asked yet: no more have to leave.
    bench.all_report();
    assert_eq!(words(&bench.round().0)[0], "busy 0.531");
    // One more of ten has to at this load.
    bench.host(0, 1.12, &users);
    bench.all_report();
    assert_eq!(words(&bench.round().0)[0], "open 1 migrate 1");
}

#[test]
fn platforms_beyond_the_limit_neither_report_nor_are_used() {
    let mut bench = Bench::new(3, 2);
    assert!(bench.tell(NodeId(2), Stimulus::Timer { code: REPORT_DUE, detail: 0 }).is_empty());
    assert!(bench.tell(NodeId(2), Stimulus::Started { returned: false }).is_empty());
    bench.host(0, 0.1, &[(0, 190.0, 0.1)]);
    bench.report(NodeId(0));
    bench.report(NodeId(1));
    // The third would be nearer.
    assert_eq!(words(&bench.round().1)[0], "command 0 to 1: true");
    assert_eq!(bench.plane.summary()["platforms_beyond_limit"], 1);
}

#[test]
fn a_platform_consents_only_to_what_it_can_do() {
    let mut bench = Bench::new(2, 100);
    let free = |node, service, is_wanted| {
        let view_of = &mut Bench::new(2, 100);
        let facts = &view_of.facts;
        let stimulus = Stimulus::Started { returned: false };
        let request = OrchestrationRequest {
            plane: 0,
            agent: AgentId(node),
            node: NodeId(node),
            service,
            stimulus: &stimulus,
        };
        let (mut senses, mut random) = (Free, RandomStreams::new(1).entity("test", 0));
        let view = OrchestrationView::new(
            SimTime::ZERO,
            &request,
            facts,
            &view_of.list,
            &mut senses,
            &mut random,
        );
        Central::does(Command { service, is_wanted }, &view)
    };
    assert!(free(1, 0, true) && free(0, 0, false));
    assert!(!free(0, 0, true) && !free(1, 0, false) && !free(1, 7, true));
    // No more than there is left.
    bench.facts.services[0].requirements.cores = 5.0;
    let stimulus = Stimulus::Started { returned: false };
    let request = OrchestrationRequest {
        plane: 0,
        agent: AgentId(1),
        node: NodeId(1),
        service: 0,
        stimulus: &stimulus,
    };
    let (mut senses, mut random) = (Free, RandomStreams::new(1).entity("test", 0));
    let view = OrchestrationView::new(
        SimTime::ZERO,
        &request,
        &bench.facts,
        &bench.list,
        &mut senses,
        &mut random,
    );
    assert!(!Central::does(Command { service: 0, is_wanted: true }, &view));
}

#[test]
fn kinds_of_actions_have_the_numbers_of_their_columns() {
    for (number, kind) in ActionKind::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, number);
    }
}

#[test]
fn swirly_fills_the_nearest_instances_and_opens_others_within_the_limit() {
    // 15 ns a metre there and back.
    let mut bench = Bench::of(4, 100, |own| Box::new(Swirly::new(own, Some(2.3e-6))));
    // Within 153 m. At 5 m the first one is near, and it has room for four more at 0.1 a user.
    let users: Vec<(u32, f64, f64)> = (10..14).map(|user| (user, 0.0, 0.01)).collect();
    bench.host(0, 0.4, &users);
    assert!(bench.all_report().is_empty());
    for user in 0..4 {
        assert_eq!(bench.ask(user, 5.0), Some(0));
        // Asking again takes no more room.
        assert_eq!(bench.ask(user, 5.0), Some(0));
    }
    // The fifth has one made for it on the nearest platform without one, and waits at the first.
    let position = Position::ground(5.0, 0.0);
    let query = |user| {
        let body: Body = Arc::new(Query { user: UserId(user), service: 0, position });
        Stimulus::Message { from: AgentId::NOBODY, kind: QUERY, body, asked: None }
    };
    let orders = bench.tell(CENTRE, query(4));
    assert_eq!(words(&orders), ["open 0 replicate 1", "command 0 to 1: true", "send 4294967295"]);
    let orders = bench.tell(CENTRE, query(5));
    assert_eq!(words(&orders), ["send 4294967295"]);
    bench.host(1, 0.0, &[]);
    let said = bench.report(NodeId(1));
    assert_eq!(words(&said), ["0 Deployed", "0 Redirected { users: 2 }", "close 0 done Some(1)"]);
    assert_eq!((bench.ask(4, 5.0), bench.ask(5, 5.0)), (Some(1), Some(1)));
    // Who is too far from all platforms goes to the nearest instance, and nothing is made for it.
    assert_eq!(bench.ask(6, 900.0), Some(1));
    // Idle instances end, but for the last.
    bench.now = SimTime::from_secs(301.0);
    bench.all_report();
    let (first, then) = bench.round();
    assert_eq!(words(&first)[0], "open 1 terminate 0");
    assert_eq!(words(&then)[0], "command 1 to 1: false");
    assert_eq!(bench.ask(4, 5.0), Some(0));
}
