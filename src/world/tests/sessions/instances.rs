//! Instances that die, return, are made and end, and users who find that.

use super::{Ground, constant, ground, service};
use crate::apps::agents::{AgentId, Stimulus};
use crate::apps::orchestration::{
    ActionEnd, ActionFeatures, ActionKind, ActionPhase, AgentLayout, Answer, DEPLOY_REFUSED, DEPLOYED,
    FORCED, Forced, Order, ServiceFacts, UserId,
};
use crate::apps::sessions::{ForcedAction, SessionOptions, SessionService};
use crate::engine::{SimDuration, SimTime};
use crate::infra::assets::AssetId;
use crate::infra::{FaultTarget, NodeId};
use crate::placement::orchestration::{ControlPlane, Nearest, OrchestrationView, PlatformList};
use crate::world::tests::outage;
use std::fmt;
use std::sync::{Arc, Mutex};

pub(super) type Log = Arc<Mutex<Vec<String>>>;

/// Users ask the agents of the first platforms in turn; what these do is told, and notes what it sees.
pub(super) struct Told<F> {
    pub(super) directory: u32,
    pub(super) act: F,
    pub(super) log: Log,
}

impl<F> fmt::Debug for Told<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told")
    }
}

impl<F> ControlPlane for Told<F>
where
    F: FnMut(&mut OrchestrationView<'_>, &mut Vec<Order>) -> Option<String> + Send,
{
    fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
        if let Some(note) = (self.act)(view, orders) {
            let line = format!("{} {}: {note}", view.now().as_secs(), view.agent().0);
            self.log.lock().unwrap().push(line);
        }
    }

    fn directory(&self, _: u32, attempt: u32) -> Option<AgentId> {
        (attempt < self.directory).then_some(AgentId(attempt))
    }
}

fn told<F>(act: F) -> (Told<F>, Log)
where
    F: FnMut(&mut OrchestrationView<'_>, &mut Vec<Order>) -> Option<String> + Send,
{
    let log = Log::default();
    (Told { directory: 2, act, log: log.clone() }, log)
}

fn lines(log: &Log) -> Vec<String> {
    log.lock().unwrap().clone()
}

fn answer(view: &OrchestrationView<'_>, instance: NodeId, orders: &mut Vec<Order>) {
    orders.extend(Order::answer(view.stimulus(), Answer { instance: Some(instance) }));
}

fn timer(after_s: f64, code: u32) -> Order {
    Order::Timer { after: SimDuration::from_secs(after_s), code, detail: 0 }
}

fn down(ground: &mut Ground, platform: usize, from_s: f64, for_s: f64) {
    let target = FaultTarget::Node(ground.platforms[platform]);
    outage(&mut ground.world, target, &[from_s, from_s + for_s]);
}

#[test]
fn an_instance_dies_with_its_node_and_boots_when_that_is_back() {
    let mut ground = ground(60.0, 2, 1);
    down(&mut ground, 0, 25.0, 20.0);
    let boot = SimDuration::from_secs(3.0);
    let services = vec![SessionService { boot, ..service(&ground.platforms[..1]) }];
    let options = ground.options(Nearest::default(), services);
    let ran = ground.run(options);
    let rows = ran.table("sessions", &["created_s", "outcome"]);
    assert_eq!(rows, ["10 done", "20 done", "30 lost", "40 lost", "50 done", "60 unfinished"]);
    let summary = &ran.summary["workloads"]["sessions"];
    // Told again of the same instance all the time, from its end at 25 s until it ran at 48 s.
    assert_eq!(summary["stale_s"]["max"], 23.0);
    // In violation from the first that was lost until the next that was done.
    let violation_s = summary["violation_user_s"].as_f64().unwrap();
    assert!((violation_s - 20.025).abs() < 1e-9, "{violation_s}");
    // Asked at the first request, after the two that were lost, and never again within a minute.
    assert_eq!((&summary["queries"], &summary["lost"]), (&3.into(), &2.into()));
}

#[test]
fn an_image_is_pulled_once_and_an_instance_boots_each_time() {
    let mut ground = ground(20.0, 2, 1);
    let (plane, log) = told(|view, orders| {
        let deploy = || Order::Deploy { service: 0 };
        match *view.stimulus() {
            _ if view.agent() != AgentId(1) => None,
            Stimulus::Started { .. } => {
                orders.push(deploy());
                Some(format!("starts with {}", view.residual(AssetId::CORES)))
            }
            Stimulus::Timer { code: DEPLOYED, detail } => {
                let own = view.hosted(0).unwrap();
                let left = view.residual(AssetId::CORES);
                orders.push(Order::Undeploy { service: 0 });
                orders.push(timer(1.0, 0));
                Some(format!("runs {detail} {} {left}", own.is_ready))
            }
            Stimulus::Timer { code: 0, .. } => {
                orders.push(deploy());
                Some(format!("has {:?} {}", view.hosted(0).is_some(), view.residual(AssetId::CORES)))
            }
            _ => None,
        }
    });
    let boot = SimDuration::from_secs(2.0);
    let mut services = vec![SessionService { boot, ..service(&ground.platforms[..1]) }];
    services[0].facts.image_bytes = 1e6;
    let registry = Some(ground.platforms[0]);
    let options = SessionOptions { registry, ..ground.options(plane, services) };
    ground.run(options);
    // 8 Mbit at 8 Mbit/s over two links of 5 ms, and 2 s; from then on no pull. Its core is taken meanwhile.
    let expected = [
        "0 1: starts with 2",
        "3.01 1: runs 0 true 1",
        "4.01 1: has false 2",
        "6.01 1: runs 0 true 1",
        "7.01 1: has false 2",
        "9.01 1: runs 0 true 1",
        "10.01 1: has false 2",
    ];
    assert_eq!(lines(&log)[..7], expected);
}

#[test]
fn a_node_without_room_refuses_an_instance_and_its_agent_is_told() {
    let mut ground = ground(10.0, 2, 1);
    let (plane, log) = told(|view, orders| match *view.stimulus() {
        Stimulus::Started { .. } if view.agent() == AgentId(0) => {
            // The first service is there already, and takes one of two cores.
            orders.extend([Order::Deploy { service: 1 }, Order::Deploy { service: 2 }]);
            None
        }
        Stimulus::Timer { code: DEPLOYED, detail } => Some(format!("runs {detail}")),
        Stimulus::Timer { code: DEPLOY_REFUSED, detail } => {
            Some(format!("refused {detail} {}", view.hosted(detail as u32).is_some()))
        }
        _ => None,
    });
    let services: Vec<SessionService> = ["a", "b", "c"]
        .into_iter()
        .enumerate()
        .map(|(number, name)| {
            let instances = if number == 0 { 0..1 } else { 1..2 };
            let mut own = service(&ground.platforms[instances]);
            own.facts.name = name.into();
            own
        })
        .collect();
    let options = ground.options(plane, services);
    let ran = ground.run(options);
    assert_eq!(lines(&log), ["0 0: refused 2 false", "0 0: runs 1"]);
    // Both of the others are on the second platform, and one of them on the first, too.
    assert_eq!(ran.summary["workloads"]["sessions"]["instances"], 4);
}

/// What an agent sees of its own instance, beside that of another node: the users who were there last, where they are, their
/// latencies and the load.
#[test]
fn an_agent_sees_the_users_and_the_load_of_its_own_instance_only() {
    let mut ground = ground(45.0, 2, 2);
    let platforms = ground.platforms.clone();
    let (plane, log) = told(move |view, orders| {
        if view.query().is_some() {
            answer(view, platforms[0], orders);
            return None;
        }
        match *view.stimulus() {
            Stimulus::Started { .. } => {
                orders.push(timer(41.0, 0));
                None
            }
            Stimulus::Timer { code: 0, .. } => {
                let mut users = Vec::new();
                view.users(0, &mut users);
                let users: Vec<String> = users
                    .iter()
                    .map(|own| {
                        let median = own.median_s.map(|median_s| format!("{median_s:.4}"));
                        format!("{} {} {median:?} {}", own.user.0, own.position.x_m, own.requests)
                    })
                    .collect();
                let load = view.hosted(0).map(|own| format!("{:.6}", own.load.cpu));
                Some(format!("{users:?} {load:?} {:.6}", view.load().cpu))
            }
            _ => None,
        }
    });
    let services = vec![SessionService { work_mi: constant(200.0), ..service(&ground.platforms[..1]) }];
    let options = ground.options(plane, services);
    ground.run(options);
    // The first request waits for its address: later by a query of 2 * (2 * 5 ms + 64 B on two links at once). Requests at
    // 20, 30, 40 s are in the window of 30 s, that at 10.02 s is not any more; three times 0.4 s of a core, and of that at
    // 40 s all.
    let found = lines(&log);
    let latency_s = 0.010 + 0.001 + 0.4 + 0.010 + 0.002;
    let users =
        format!("[\"0 0 Some(\\\"{latency_s:.4}\\\") 3\", \"1 1000 Some(\\\"{latency_s:.4}\\\") 3\"]");
    let load = 3.0 * 0.4 / 30.0;
    let own = format!("41 0: {users} Some(\"{load:.6}\") {:.6}", load / 2.0);
    assert_eq!(found, [own, "41 1: [] None 0.000000".to_string()]);
}

#[test]
fn a_response_redirects_its_user_at_once_if_that_is_wanted() {
    for (at_once, expected) in [(true, ["0", "0", "1", "1", "1"]), (false, ["0"; 5])] {
        let mut ground = ground(55.0, 2, 1);
        let platforms = ground.platforms.clone();
        let (plane, _) = told(move |view, orders| {
            if view.query().is_some() {
                answer(view, platforms[0], orders);
            }
            match *view.stimulus() {
                Stimulus::Started { .. } => orders.push(timer(15.0, 0)),
                Stimulus::Timer { code: 0, .. } if view.agent() == AgentId(0) => {
                    assert_eq!(view.redirects_at_once(), at_once);
                    let users = vec![UserId(0)];
                    orders.push(Order::Redirect { service: 0, users, to: platforms[1] });
                }
                _ => {}
            }
            None
        });
        let services = vec![service(&ground.platforms)];
        let options = SessionOptions { redirects_at_once: at_once, ..ground.options(plane, services) };
        let ran = ground.run(options);
        let rows = ran.table("sessions", &["node"]);
        assert_eq!(rows, expected.map(|number| format!("platform-{number}")));
        // The world does not hand on what it may not.
        assert_eq!(ran.summary["decisions"]["refused"], u64::from(!at_once));
    }
}

#[test]
fn users_ask_a_standby_when_the_first_does_not_answer() {
    let mut ground = ground(15.0, 2, 1);
    down(&mut ground, 0, 5.0, 100.0);
    let platforms = ground.platforms.clone();
    let (plane, log) = told(move |view, orders| {
        view.query()?;
        answer(view, platforms[1], orders);
        Some("is asked".into())
    });
    let services = vec![service(&ground.platforms)];
    let options = ground.options(plane, services);
    let ran = ground.run(options);
    // Two seconds of silence, then a way of two links of 5 ms, and 64 bytes at 8 Mbit/s on them at once.
    assert_eq!(lines(&log), ["12.010064 1: is asked"]);
    let rows = ran.table("sessions", &["created_s", "node", "query_s", "latency_s", "outcome"]);
    assert_eq!(rows, ["10 platform-1 2.020128 0.025 done"]);
}

#[test]
fn an_experiment_puts_a_user_where_it_wants_and_wakes_the_agent_there() {
    let mut ground = ground(35.0, 2, 1);
    let platforms = ground.platforms.clone();
    let (plane, log) = told(move |view, orders| {
        if view.query().is_some() {
            answer(view, platforms[0], orders);
            return None;
        }
        let Stimulus::Timer { code: FORCED, .. } = view.stimulus() else { return None };
        let mut users = Vec::new();
        view.users(1, &mut users);
        let forced = view.forced().unwrap();
        Some(format!("{:?} {} {:?} of {}", forced.kind, forced.service, forced.user, users.len()))
    });
    let mut services = vec![service(&ground.platforms), service(&ground.platforms)];
    services[1].facts.name = "maps".into();
    services[1].share = 0.0;
    let action = Forced { kind: ActionKind::Migrate, service: 1, user: Some(UserId(0)) };
    let forced = vec![ForcedAction { at: SimTime::from_secs(15.0), node: ground.platforms[1], action }];
    let options = SessionOptions { forced, ..ground.options(plane, services) };
    let ran = ground.run(options);
    assert_eq!(lines(&log), ["15 1: Migrate 1 Some(UserId(0)) of 1"]);
    let rows = ran.table("sessions", &["created_s", "service", "node"]);
    assert_eq!(rows, ["10 video platform-0", "20 maps platform-1", "30 maps platform-1"]);
}

#[test]
fn a_user_that_an_experiment_has_put_elsewhere_asks_again_as_others_do() {
    for before_its_first_query in [false, true] {
        let mut ground = ground(35.0, 2, 1);
        let platforms = ground.platforms.clone();
        let (plane, _) = told(move |view, orders| {
            view.query()?;
            answer(view, platforms[0], orders);
            None
        });
        let mut services = vec![service(&ground.platforms), service(&ground.platforms)];
        services[1].facts.name = "maps".into();
        services[1].share = 0.0;
        let action = Forced { kind: ActionKind::Migrate, service: 1, user: Some(UserId(0)) };
        let at = SimTime::from_secs(if before_its_first_query { 5.0 } else { 15.0 });
        let forced = vec![ForcedAction { at, node: ground.platforms[1], action }];
        let ask_again = SimDuration::from_secs(4.0);
        let options = SessionOptions { forced, ask_again, ..ground.options(plane, services) };
        let ran = ground.run(options);
        // At 10, 14, then 4 s after it was put there, 23, 27 and 31; or from 5 s on, at 9, 13, ... 33.
        let expected = if before_its_first_query { 7 } else { 6 };
        assert_eq!(ran.summary["workloads"]["sessions"]["queries"], expected);
    }
}

#[test]
fn actions_of_a_dead_agent_are_lost_and_those_of_others_have_their_phases() {
    #[derive(Debug)]
    struct Begins;
    impl ControlPlane for Begins {
        fn begin(&mut self, list: &PlatformList, services: &[ServiceFacts]) {
            assert_eq!((list.platforms().len(), services.len()), (2, 1));
        }
        fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
            let kind = ActionKind::Replicate;
            let phase = |phase| Order::Phase { action: 7, phase };
            match *view.stimulus() {
                Stimulus::Started { returned: false } => orders.extend([
                    Order::Open {
                        action: 7,
                        kind,
                        service: 0,
                        forced: false,
                        cluster: None,
                        features: ActionFeatures::default(),
                    },
                    timer(1.0, 0),
                ]),
                Stimulus::Timer { code: 0, .. } => {
                    orders.extend([phase(ActionPhase::Searched { hops: 2, asked: 3 }), timer(2.0, 1)]);
                }
                Stimulus::Timer { code: 1, .. } => {
                    orders.extend([phase(ActionPhase::Deployed), timer(4.0, 2)]);
                }
                Stimulus::Timer { code: 2, .. } => orders.extend([
                    phase(ActionPhase::Redirected { users: 5 }),
                    Order::Close { action: 7, end: ActionEnd::Done, target: None },
                ]),
                _ => {}
            }
        }
        fn layout(&self) -> AgentLayout {
            AgentLayout::PerPlatform
        }
    }
    let mut ground = ground(20.0, 2, 1);
    down(&mut ground, 0, 2.0, 10.0);
    let services = vec![service(&ground.platforms)];
    let options = ground.options(Begins, services);
    let ran = ground.run(options);
    let columns = [
        "t_s",
        "began_s",
        "kind",
        "origin",
        "users",
        "hops",
        "asked",
        "search_s",
        "redirect_s",
        "deploy_s",
        "duration_s",
        "outcome",
    ];
    let rows = ran.table("tree_actions", &columns);
    let expected =
        ["2 0 replicate platform-0 0 2 3 1   2 lost", "7 0 replicate platform-1 5 2 3 1 4 2 1 done"];
    assert_eq!(rows, expected);
    let replications = &ran.summary["workloads"]["sessions"]["replications"];
    assert_eq!((&replications["done"], &replications["failed"]), (&1.into(), &1.into()));
    assert_eq!((&replications["p50_s"], &replications["asked_mean"]), (&1.0.into(), &3.0.into()));
}
