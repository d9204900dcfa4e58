//! What nodes do about users, load and idleness, and what becomes of a tree whose root dies.

use super::bench::{Bench, Done, Mail};
use crate::apps::agents::AgentId;
use crate::apps::orchestration::{ActionEnd, ActionKind, ServiceRequirements};
use crate::engine::SimDuration;
use crate::infra::{NodeId, Position};
use crate::placement::orchestration::{Platform, TreeParameters};

fn line(count: u32) -> Vec<(f64, f64)> {
    (0..count).map(|own| (100.0 * f64::from(own), 0.0)).collect()
}

fn set_load(bench: &mut Bench, node: u32, cpu: f64) {
    bench.facts.hosted.get_mut(&(NodeId(node), 0)).unwrap().0.load.cpu = cpu;
}

fn of_kind(bench: &Bench, kind: ActionKind) -> Vec<Done> {
    bench.actions.iter().filter(|own| own.kind == kind).cloned().collect()
}

#[test]
fn badly_served_users_go_to_the_nearest_node_and_the_root_remembers() {
    let mut bench = Bench::new(&line(5), 5, TreeParameters::default(), Mail::default(), 1);
    bench.run(60.0);
    // On a line each node is the child of the one before it.
    assert_eq!((1..5).map(|own| bench.parent(own)).collect::<Vec<_>>(), [0, 1, 2, 3].map(Some));
    // Two users at 390 m and 410 m are served badly from 100 m: with a score of 2 an assessment it is 4 at the second one.
    bench.serve(1, &[(7, 390.0, 0.0, 0.2), (8, 410.0, 0.0, 0.2), (9, 100.0, 0.0, 0.01)]);
    set_load(&mut bench, 1, 0.3);
    bench.run(11.0);
    let [done] = &of_kind(&bench, ActionKind::Migrate)[..] else { panic!("{:?}", bench.actions) };
    assert_eq!((done.end, done.target), (Some(ActionEnd::Done), Some(NodeId(4))));
    // Down to 2, 3, 4, and the answer.
    assert_eq!(done.hops, 4);
    for (number, user) in [(0, 7), (1, 8), (2, 9)] {
        bench.ask(number, AgentId(0), user, (120.0, 0.0));
    }
    bench.run(1.0);
    let told = [0, 1, 2].map(|number| bench.answer_to(number).unwrap().unwrap().0);
    assert_eq!(told, [4, 4, 1]);
    // They are still here until they ask; nothing more is done about them.
    bench.run(100.0);
    assert_eq!(of_kind(&bench, ActionKind::Migrate).len(), 1);
    // Where they were sent is gone: the nearest of the others.
    bench.kill(4);
    bench.run(40.0);
    bench.ask(3, AgentId(0), 7, (390.0, 0.0));
    bench.run(1.0);
    assert_eq!(bench.answer_to(3), Some(Some(NodeId(3))));
}

#[test]
fn load_above_the_bound_makes_an_instance_and_moves_as_many_users_as_must_go() {
    let mut bench = Bench::new(&line(6), 4, TreeParameters::default(), Mail::default(), 1);
    bench.run(60.0);
    let users: Vec<(u32, f64, f64, f64)> = (0..10).map(|own| (own, 300.0, 0.0, 0.01)).collect();
    bench.serve(3, &users);
    // Two of ten make it 0.8.
    set_load(&mut bench, 3, 1.0);
    bench.run(12.0);
    let [done] = &of_kind(&bench, ActionKind::Replicate)[..] else { panic!("{:?}", bench.actions) };
    assert_eq!((done.end, done.target), (Some(ActionEnd::Done), Some(NodeId(4))));
    // 4 is as near as 2, which has an instance.
    assert!(done.asked <= 2);
    assert!(bench.faults().is_empty() && bench.parent(4) == Some(3), "{:#?}", bench.faults());
    (0..10).for_each(|user| bench.ask(user, AgentId(0), user, (300.0, 0.0)));
    bench.run(1.0);
    let told: Vec<u32> = (0..10).map(|user| bench.answer_to(user).unwrap().unwrap().0).collect();
    assert_eq!(told, [4, 4, 3, 3, 3, 3, 3, 3, 3, 3]);
    bench.run(60.0);
    assert_eq!(of_kind(&bench, ActionKind::Replicate).len(), 1);
}

#[test]
fn all_of_the_list_are_asked_in_turn_until_one_is_idle() {
    // Of nine the last is idle; from the other end of the line it is asked as the eighth.
    let mut bench = Bench::new(&line(9), 8, TreeParameters::default(), Mail::default(), 1);
    bench.run(60.0);
    bench.force(0, ActionKind::Replicate, None);
    bench.run(5.0);
    let done = &of_kind(&bench, ActionKind::Replicate)[0];
    assert_eq!((done.end, done.target, done.asked), (Some(ActionEnd::Done), Some(NodeId(8)), 8));
    assert_eq!((bench.sent["replicate"], bench.sent["refused"], bench.sent["accepted"]), (8, 7, 1));
    // Those that are known are left out if that is wanted: the root knows all.
    let parameters = TreeParameters { skip_known: true, ..TreeParameters::default() };
    let mut bench = Bench::new(&line(9), 8, parameters, Mail::default(), 1);
    bench.run(60.0);
    bench.force(0, ActionKind::Replicate, None);
    bench.run(5.0);
    assert_eq!((bench.sent["replicate"], bench.sent["accepted"]), (1, 1));
    // A dead one does not answer; nobody takes it where all have one.
    let mut bench = Bench::new(&line(4), 3, TreeParameters::default(), Mail::default(), 1);
    bench.run(60.0);
    bench.kill(3);
    bench.force(0, ActionKind::Replicate, None);
    bench.run(5.0);
    let done = &of_kind(&bench, ActionKind::Replicate)[0];
    assert_eq!((done.end, done.asked), (Some(ActionEnd::NoTarget), 3));
}

/// That it runs is told once, and lost: who has wanted it asks it as long as it waits.
#[test]
fn an_instance_of_which_nothing_is_heard_is_asked() {
    let mut bench = Bench::new(&line(5), 4, TreeParameters::default(), Mail::default(), 1);
    bench.run(60.0);
    bench.blocked = Some("ready");
    bench.force(0, ActionKind::Replicate, None);
    bench.run(30.0);
    let [done] = &of_kind(&bench, ActionKind::Replicate)[..] else { panic!("{:?}", bench.actions) };
    assert_eq!((done.end, done.target), (Some(ActionEnd::Done), Some(NodeId(4))));
    assert_eq!(bench.sent["ready"], 1);
    assert!(bench.faults().is_empty(), "{:#?}", bench.faults());
}

#[test]
fn a_platform_far_away_in_the_users_city_gets_an_instance_if_there_is_an_image() {
    let platform = |number: u32, x_m: f64, architecture: &str| Platform {
        node: NodeId(number),
        position: Position::ground(x_m, 0.0),
        architecture: architecture.into(),
        offers: [4.0; 4],
    };
    let platforms = vec![
        platform(0, 0.0, "x86_64"),
        platform(1, 500.0, "x86_64"),
        platform(2, 900.0, "x86_64"),
        platform(3, 5e5, "arm64"),
    ];
    for (images, expected) in [(vec!["x86_64", "arm64"], Some(NodeId(3))), (vec!["x86_64"], None)] {
        let requirements = ServiceRequirements {
            cores: 1.0,
            architectures: images.into_iter().map(Into::into).collect(),
            ..ServiceRequirements::default()
        };
        let parameters = TreeParameters::default();
        let mut bench = Bench::of(platforms.clone(), 3, requirements, parameters, Mail::default(), 1);
        bench.run(60.0);
        // The node is the nearest of the tree to its user in the other city.
        bench.serve(2, &[(0, 5.01e5, 0.0, 0.1)]);
        let sent = bench.sent.clone();
        bench.force(2, ActionKind::Migrate, Some(0));
        bench.run(2.0);
        let done = &of_kind(&bench, ActionKind::Migrate)[0];
        assert_eq!((done.end, done.hops), (Some(ActionEnd::RefusedLocally), 0));
        assert_eq!(done.ended, Some(done.began));
        assert_eq!(bench.sent.get("search"), sent.get("search"));
        let done = &of_kind(&bench, ActionKind::Replicate)[0];
        assert_eq!((done.target, done.asked), (expected, u32::from(expected.is_some())));
        if expected.is_none() {
            assert_eq!(done.end, Some(ActionEnd::RefusedLocally));
            continue;
        }
        bench.ask(0, AgentId(0), 0, (5.01e5, 0.0));
        bench.run(1.0);
        assert_eq!(bench.answer_to(0), Some(expected));
    }
}

#[test]
fn an_idle_instance_ends_by_one_message_to_the_root_and_its_children_find_another_parent() {
    let idle = SimDuration::from_secs(100.0);
    let mut bench = Bench::new(
        &line(4),
        4,
        TreeParameters { idle, ..TreeParameters::default() },
        Mail::default(),
        1,
    );
    bench.run(60.0);
    for node in [0, 2, 3] {
        bench.serve(node, &[(node, 100.0 * f64::from(node), 0.0, 0.01)]);
    }
    bench.run(60.0);
    let [done] = &of_kind(&bench, ActionKind::Terminate)[..] else { panic!("{:?}", bench.actions) };
    assert_eq!((done.agent, done.end), (AgentId(1), Some(ActionEnd::Done)));
    assert_eq!(bench.hosts().into_iter().collect::<Vec<_>>(), [0, 2, 3]);
    assert_eq!(bench.sent["leave"], 1);
    assert_eq!(bench.parent(2), Some(0));
    assert!(bench.faults().is_empty(), "{:#?}", bench.faults());
    // The root stays, whatever happens.
    bench.serve(0, &[]);
    bench.run(300.0);
    bench.force(0, ActionKind::Terminate, None);
    assert!(bench.hosts().contains(&0));
    assert_eq!(bench.actions.last().unwrap().end, Some(ActionEnd::RefusedLocally));
}

/// Kills the root of five, asks those whom users would ask, and says from when on all of them were answered.
fn outage_s(standbys: u32, returns_after_s: Option<f64>, seed: u64) -> Option<f64> {
    let parameters = TreeParameters { standbys, ..TreeParameters::default() };
    let mut bench = Bench::new(&line(5), 5, parameters, Mail::default(), seed);
    bench.run(60.0);
    bench.kill(0);
    let order = bench.plane.shared.services[0].order.clone();
    let (mut since, mut number) = (None, 0);
    for second in 0..120 {
        if returns_after_s == Some(f64::from(second)) {
            bench.revive(0, true);
        }
        let first = number;
        for &agent in &order {
            bench.ask(number, agent, 100 + number, (400.0, 0.0));
            number += 1;
        }
        bench.run(1.0);
        let is_answered = (first..number).any(|own| bench.answer_to(own).flatten().is_some());
        match since {
            None if is_answered => since = Some(f64::from(second)),
            Some(_) => assert!(is_answered, "not any more at {second} s"),
            None => {}
        }
    }
    assert!(returns_after_s.is_none() || bench.faults().is_empty(), "{:#?}", bench.faults());
    since
}

#[test]
fn without_a_standby_nobody_is_told_of_an_instance_until_the_root_is_back() {
    let mail = Mail::default();
    for seed in 0..10 {
        assert_eq!(outage_s(0, None, seed), None);
        let since_s = outage_s(0, Some(50.0), seed).unwrap();
        // Nodes sign on again when their health checks are due.
        let most_s = 50.0 + TreeParameters::default().health.as_secs() + mail.patience_s() + 2.0;
        assert!((50.0..most_s).contains(&since_s), "{since_s}");
    }
}

#[test]
fn a_standby_takes_over_when_its_requests_have_timed_out() {
    let mail = Mail::default();
    for seed in 0..20 {
        for standbys in [1, 2] {
            let since_s = outage_s(standbys, None, seed).unwrap();
            let interval_s = TreeParameters::default().sync_interval.as_secs();
            // Asking each second, a second is what it may be off.
            let most_s = mail.patience_s() + interval_s + 2.0 * mail.delay_s[1] + 1.0;
            assert!(since_s <= most_s, "{since_s} {most_s}");
            // The old root comes back as a leaf, and the tree is one.
            outage_s(standbys, Some(40.0), seed).unwrap();
        }
    }
}
