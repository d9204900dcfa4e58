//! Many users: their demand, their presence, where they say they are, and what they live through when platforms fail.

use super::instances::{Log, Told};
use super::{Ground, ground, service};
use crate::apps::agents::{AgentOptions, CarriedBy};
use crate::apps::orchestration::{Answer, LoadShares, Order};
use crate::apps::sessions::{Demand, DemandPlace, Hours, Presence, SessionOptions};
use crate::engine::{Distribution, SimDuration};
use crate::infra::{FaultTarget, Position};
use crate::placement::orchestration::{
    Central, CentralParameters, ControlPlane, Nearest, OrchestrationView, Swirly,
};
use crate::world::tests::outage;

fn exponential(mean: f64) -> Distribution {
    Distribution::exponential(mean).unwrap()
}

/// Whether a count is within four standard deviations of a Poisson number.
fn is_poisson(count: usize, mean: f64) -> bool {
    (count as f64 - mean).abs() < 4.0 * mean.sqrt()
}

#[test]
fn requests_follow_the_demand_of_the_hour_and_of_the_place() {
    let mut ground = ground(7200.0, 2, 2);
    let services = vec![service(&ground.platforms)];
    let centre = Position::ground(1000.0, 50.0);
    let places = vec![DemandPlace { centre, radius_m: 100.0, hours: Hours::new(vec![0.5]) }];
    let options = SessionOptions {
        per_node: 25,
        interval_s: exponential(10.0),
        demand: Demand { hours: Hours::new(vec![1.0, 0.25]), places, ..Demand::default() },
        ..ground.options(Nearest::default(), services)
    };
    let ran = ground.run(options);
    let rows = ran.table("sessions", &["user", "created_s"]);
    let mut counts = [[0_usize; 2]; 2];
    for row in rows {
        let (user, created_s) = row.split_once(' ').unwrap();
        let (user, created_s): (usize, f64) = (user.parse().unwrap(), created_s.parse().unwrap());
        counts[user / 25][usize::from(created_s >= 3600.0)] += 1;
    }
    // 25 users, each every ten seconds for an hour, times the factor.
    let expected = [[9000.0, 2250.0], [4500.0, 4500.0]];
    for (counts, expected) in counts.into_iter().zip(expected) {
        for (count, expected) in counts.into_iter().zip(expected) {
            assert!(is_poisson(count, expected), "{counts:?}");
        }
    }
}

#[test]
fn users_want_nothing_while_they_are_away() {
    let mut ground = ground(3600.0, 1, 1);
    let services = vec![service(&ground.platforms)];
    let options = SessionOptions {
        per_node: 200,
        interval_s: exponential(10.0),
        presence: Some(Presence { active_s: exponential(60.0), idle_s: exponential(30.0) }),
        ..ground.options(Nearest::default(), services)
    };
    let ran = ground.run(options);
    let requests = ran.summary["workloads"]["sessions"]["requests"].as_f64().unwrap();
    // Two thirds of the time. The time for which one is there in T has the variance 2 T (60 * 30)^2 / 90^3 (alternating renewal
    // process), so that of 200 users has a standard deviation of 0.53 %, and the Poisson number one of 0.46 %.
    let expected = 200.0 * 3600.0 / 10.0 * 2.0 / 3.0;
    assert!((requests / expected - 1.0).abs() < 4.0 * 0.0070, "{requests} for {expected}");
    let present = ran.table("session_windows", &["users"]);
    let present: Vec<f64> = present.iter().map(|row| row.parse().unwrap()).collect();
    let mean = present.iter().sum::<f64>() / present.len() as f64;
    assert!((mean / (200.0 * 2.0 / 3.0) - 1.0).abs() < 0.03, "{mean}");
}

#[test]
fn what_is_known_of_the_place_of_a_user_is_off_by_as_much_as_may_be_and_always_the_same() {
    let mut ground = ground(100.0, 2, 2);
    let log = Log::default();
    let platform = ground.platforms[0];
    let act = move |view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>| {
        let query = view.query()?;
        orders.extend(Order::answer(view.stimulus(), Answer { instance: Some(platform) }));
        Some(format!("{} {} {}", query.user.0, query.position.x_m, query.position.y_m))
    };
    let plane = Told { directory: 1, act, log: log.clone() };
    let services = vec![service(&ground.platforms)];
    let options = SessionOptions {
        per_node: 200,
        position_error_m: 300.0,
        ask_again: SimDuration::from_secs(30.0),
        ..ground.options(plane, services)
    };
    ground.run(options);
    let mut known = vec![None; 400];
    for line in log.lock().unwrap().iter() {
        let numbers: Vec<f64> = line.split(' ').skip(2).map(|own| own.parse().unwrap()).collect();
        let [user, x_m, y_m] = numbers[..] else { panic!("{line}") };
        let own: &mut Option<[f64; 2]> = &mut known[user as usize];
        assert_eq!(*own.get_or_insert([x_m, y_m]), [x_m, y_m]);
    }
    // The first half of the users is at 0 m, the others are at 1 km. Evenly over a disc the mean distance from its centre is two
    // thirds of its radius, with a standard deviation of the radius over the root of 18.
    let offs: Vec<f64> = known
        .iter()
        .enumerate()
        .map(|(user, own)| {
            let [x_m, y_m] = own.unwrap();
            (x_m - if user < 200 { 0.0 } else { 1000.0 }).hypot(y_m)
        })
        .collect();
    assert!(offs.iter().all(|off_m| *off_m <= 300.0));
    let mean_m = offs.iter().sum::<f64>() / 400.0;
    assert!((mean_m - 200.0).abs() < 4.0 * 300.0 / (18.0_f64 * 400.0).sqrt(), "{mean_m}");
}

fn parameters(ground: &Ground) -> CentralParameters {
    CentralParameters {
        node: *ground.platforms.last().unwrap(),
        report: SimDuration::from_secs(10.0),
        decision_time: SimDuration::from_nanos(1_000_000),
        per_node_time: SimDuration::from_nanos(2000),
        per_user_time: SimDuration::from_nanos(1000),
        node_limit: 5000,
        cluster_radius_m: 500.0,
        load_bounds: LoadShares { cpu: 0.8, memory: 0.9, storage: 0.95, gpu: 0.9 },
        idle: SimDuration::from_secs(300.0),
    }
}

/// Eight platforms, of which all but that of the centre fail in turn, each for a hundred seconds and more than once; sixty users,
/// who are nearer to their own platform than to others. The longest time for which one was sent to a dead instance.
fn stale_s(plane: impl FnOnce(CentralParameters) -> Box<dyn ControlPlane>) -> (f64, serde_json::Value) {
    #[derive(Debug)]
    struct Boxed(Box<dyn ControlPlane>);
    impl ControlPlane for Boxed {
        fn kinds(&self) -> Vec<crate::apps::agents::MessageKind> {
            self.0.kinds()
        }
        fn layout(&self) -> crate::apps::orchestration::AgentLayout {
            self.0.layout()
        }
        fn begin(
            &mut self,
            list: &crate::placement::orchestration::PlatformList,
            services: &[crate::apps::orchestration::ServiceFacts],
        ) {
            self.0.begin(list, services);
        }
        fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
            self.0.on(view, orders);
        }
        fn directory(&self, service: u32, attempt: u32) -> Option<crate::apps::agents::AgentId> {
            self.0.directory(service, attempt)
        }
        fn forget(&mut self, agent: crate::apps::agents::AgentId) {
            self.0.forget(agent);
        }
    }
    let mut ground = ground(1800.0, 8, 8);
    for platform in 0..7 {
        let target = FaultTarget::Node(ground.platforms[platform]);
        let first_s = 61.3 + 83.7 * platform as f64;
        let times_s: Vec<f64> = [0.0, 100.0, 700.0, 800.0].iter().map(|own| first_s + own).collect();
        outage(&mut ground.world, target, &times_s);
    }
    let services = vec![service(&ground.platforms)];
    let plane = Boxed(plane(parameters(&ground)));
    let options = SessionOptions {
        per_node: 8,
        interval_s: exponential(5.0),
        ask_again: SimDuration::from_secs(20.0),
        agents: AgentOptions { loss: 0.01, ..AgentOptions::new("sessions") },
        ..ground.options(plane, services)
    };
    let ran = ground.run(options);
    let summary = ran.summary["workloads"]["sessions"].clone();
    (summary["stale_s"]["max"].as_f64().unwrap(), summary)
}

/// No user is sent to a dead instance for longer than it takes to miss three reports, and to be asked again.
#[test]
fn users_leave_dead_instances_when_the_centre_has_missed_its_reports() {
    let most_s = 20.0 + 2.0 + 3.0 * 10.0;
    for is_central in [true, false] {
        let (stale_s, summary) = stale_s(|parameters| {
            if is_central {
                Box::new(Central::new(parameters))
            } else {
                Box::new(Swirly::new(parameters, None))
            }
        });
        assert!((10.0..=most_s).contains(&stale_s), "{stale_s} {summary}");
        // 64 users, 5 s.
        assert!(is_poisson(summary["requests"].as_u64().unwrap() as usize, 64.0 * 360.0));
        assert!(summary["agents"]["deaths"] == 14 && summary["lost"].as_u64() > Some(0), "{summary}");
    }
    // Without a centre they stay there all the time.
    let (stale_s, _) = stale_s(|_| Box::new(Nearest::default()));
    assert!(stale_s > 99.0, "{stale_s}");
}

#[test]
fn what_carries_messages_changes_no_time_at_which_a_user_wants_something() {
    let created = |carried_by, requests_by, loss| {
        let mut ground = ground(300.0, 4, 4);
        let plane = Central::new(parameters(&ground));
        let services = vec![service(&ground.platforms[..2])];
        let options = SessionOptions {
            per_node: 5,
            interval_s: exponential(5.0),
            presence: Some(Presence { active_s: exponential(60.0), idle_s: exponential(30.0) }),
            requests_by,
            agents: AgentOptions { carried_by, loss, ..AgentOptions::new("sessions") },
            ..ground.options(plane, services)
        };
        let ran = ground.run(options);
        let mut rows = ran.table("sessions", &["user", "created_s"]);
        rows.sort_unstable();
        (rows, ran.summary["workloads"]["sessions"]["latency_s"]["mean"].as_f64().unwrap())
    };
    let (expected, _) = created(CarriedBy::Transfers, CarriedBy::Transfers, 0.0);
    // 20 users, two thirds of 300 s, 5 s.
    assert!((600..1000).contains(&expected.len()), "{}", expected.len());
    for (carried_by, requests_by, loss) in [
        (CarriedBy::Paths, CarriedBy::Transfers, 0.0),
        (CarriedBy::Transfers, CarriedBy::Paths, 0.0),
        (CarriedBy::Paths, CarriedBy::Paths, 0.2),
    ] {
        assert_eq!(created(carried_by, requests_by, loss).0, expected);
    }
}
