//! Properties under loss, doubles, lateness, partitions and deaths.

use super::*;
use crate::engine::Distribution;
use crate::output::{Destination, Recorder, TableSelection};
use proptest::prelude::*;
use rand::RngExt;
use std::collections::BTreeMap;

const AGENTS: u32 = 5;

/// Asks others all the time, and keeps a book of what comes of it.
#[derive(Debug, Default)]
struct Book {
    next: u64,
    /// For each request who has asked, and what came of it: replies, times out.
    asked: BTreeMap<u64, (AgentId, [u32; 2])>,
    /// For each request how often it was acted on.
    acted: BTreeMap<u64, u32>,
    until: SimTime,
}

impl Behaviour for Book {
    fn on(
        &mut self,
        agent: AgentId,
        stimulus: Stimulus,
        mail: &mut Mailbox<'_>,
        context: &mut dyn Context,
    ) {
        match stimulus {
            Stimulus::Started { .. } | Stimulus::Timer { .. } => {
                if context.now() >= self.until {
                    return;
                }
                let other = AgentId(mail.random().random_range(0..AGENTS));
                let number = self.next;
                self.next += 1;
                self.asked.insert(number, (agent, [0, 0]));
                mail.request(other, FULL, 1000.0, Arc::new(number), number);
                mail.send(other, LIGHT, 500.0, body());
                let gap = mail.random().random_range(1..100);
                mail.timer(millis(gap), 0, 0);
            }
            Stimulus::Message { body, asked: Some(asked), .. } => {
                let number = *body.downcast::<u64>().unwrap();
                *self.acted.entry(number).or_default() += 1;
                mail.reply(asked, FREE, 100.0, Arc::new(number));
            }
            Stimulus::Message { .. } => {}
            Stimulus::Reply { tag, body, .. } => {
                assert_eq!(*body.downcast::<u64>().unwrap(), tag, "the answer to another");
                self.asked.get_mut(&tag).unwrap().1[0] += 1;
                assert_eq!(self.asked[&tag].0, agent);
            }
            Stimulus::TimedOut { tag, .. } => {
                self.asked.get_mut(&tag).unwrap().1[1] += 1;
                assert_eq!(self.asked[&tag].0, agent);
            }
        }
    }

    fn summary(&self) -> Value {
        let ends: Vec<[u32; 2]> = self.asked.values().map(|(_, ends)| *ends).collect();
        json!({
            "ends": ends,
            "acted": self.acted.values().max(),
            "answered": ends.iter().filter(|ends| ends[0] > 0).count(),
        })
    }
}

/// Agents around a switch, whose links and nodes fail and are repaired at these times in milliseconds.
fn faulty(
    options: AgentOptions,
    links: &[(u32, u32, u32)],
    deaths: &[(u32, u32, u32)],
    seed: u64,
) -> WorldBuilder {
    let mut world = WorldBuilder::new(seed, SimDuration::from_secs(30.0));
    let at = |count: u32| Static::at(vec![Position::ground(0.0, 0.0); count as usize]).unwrap();
    let switch = world.class(NodeClass::new("switch", Tier::Network, 1), at(1));
    let switch = only(&world, switch);
    let class = NodeClass::new("node", Tier::Edge, AGENTS).with_cores(2, 1000.0);
    let class = world.class(class, at(AGENTS));
    let nodes: Vec<NodeId> = world.nodes_of(class).collect();
    for (number, &node) in (1..).zip(&nodes) {
        let link = LinkSpec::new(node, switch, millis(5 * number), 8e6);
        world.link("link", LinkSpec { model: LinkModel::Unshared, ..link });
    }
    for (which, times) in [(false, links), (true, deaths)] {
        for &(number, from_ms, for_ms) in times {
            let target = if which {
                FaultTarget::Node(nodes[number as usize])
            } else {
                FaultTarget::Link(LinkId(number))
            };
            let from_s = f64::from(from_ms) / 1e3;
            outage(&mut world, target, &[from_s, from_s + f64::from(for_ms) / 1e3]);
        }
    }
    let behaviour = Book { until: SimTime::from_secs(1.0), ..Book::default() };
    world.workload(AgentWorkload::new(Agents::new(options, kinds()), nodes, behaviour));
    world
}

fn number(summary: &Value, key: &str) -> u64 {
    summary["mail"][key].as_u64().unwrap()
}

fn random_options() -> impl Strategy<Value = AgentOptions> {
    let share = || prop_oneof![Just(0.0), 0.0..0.4f64];
    (share(), share(), share(), any::<bool>(), any::<bool>(), 0..3u32).prop_map(
        |(loss, doubled, late, paths, keeps_state, handshakes)| AgentOptions {
            carried_by: if paths { CarriedBy::Paths } else { CarriedBy::Transfers },
            loss,
            doubled,
            late,
            late_by: Some(Distribution::exponential(0.5).unwrap()),
            handling_time: millis(2),
            work_mi_per_kib: 1.0,
            timeout: millis(200),
            retries: 2,
            handshake_round_trips: f64::from(handshakes),
            keeps_state,
            ..options()
        },
    )
}

/// For each fault which link or node, when it begins, and for how long in milliseconds: one after the other each.
fn random_faults() -> impl Strategy<Value = Vec<(u32, u32, u32)>> {
    prop::collection::btree_map(0..AGENTS, (0..1000u32, 0..600u32), 0..4)
        .prop_map(|faults| faults.into_iter().map(|(which, (at, lasts))| (which, at, lasts)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens on the way, each copy that was sent ends in exactly one way, and each request of an agent that
    /// lives in exactly one of an answer and a time-out; nothing is under way in the end.
    #[test]
    fn each_copy_and_each_request_ends_once(
        options in random_options(),
        links in random_faults(),
        deaths in random_faults(),
        seed in 0..1000u64,
    ) {
        let world = faulty(options, &links, &deaths, seed);
        let summary = Ran::of(world).summary["workloads"]["agents"].clone();
        let of = |key| number(&summary, key);
        let ends = ["delivered", "lost", "dead_receiver", "disconnected"].map(of);
        prop_assert_eq!(of("sent") + of("doubled"), ends.iter().sum::<u64>(), "{}", summary);
        prop_assert_eq!(of("in_flight"), 0);
        let requests = |key: &str| summary["requests"][key].as_u64().unwrap();
        prop_assert_eq!(
            requests("asked"),
            requests("answered") + requests("timed_out") + requests("abandoned")
        );
        let told = summary["behaviour"]["ends"].as_array().unwrap();
        let (mut once, mut never) = (0, 0);
        for ends in told {
            let [replies, timed_out] = [0, 1].map(|which| ends[which].as_u64().unwrap());
            prop_assert!(replies + timed_out <= 1);
            once += replies + timed_out;
            never += 1 - replies - timed_out;
        }
        // Who dies may do so with an answer in its line.
        prop_assert!(never >= requests("abandoned") && once + never == requests("asked"));
        if deaths.is_empty() {
            prop_assert_eq!(never, 0);
            // A request that comes again is not acted on again, unless who knew it has died.
            prop_assert!(summary["behaviour"]["acted"].as_u64().unwrap_or(0) <= 1);
        }
    }

    /// The same seed gives the same rows, and without faults another way of carrying changes nothing of what the agents
    /// want: their own draws are theirs.
    #[test]
    fn the_same_seed_gives_the_same_bytes(
        options in random_options(),
        links in random_faults(),
        deaths in random_faults(),
        seed in 0..1000u64,
    ) {
        let ran = || {
            let recorder = Recorder::new(Destination::Discard, TableSelection::All);
            let mut world = faulty(options.clone(), &links, &deaths, seed);
            world.sample(Sampling { interval: millis(100), ..Sampling::default() });
            let finished = world.build(Box::new(recorder)).unwrap().run().unwrap();
            let recorder = finished.records.into_any().downcast::<Recorder>().unwrap();
            let fingerprint = recorder.finish().unwrap().fingerprint();
            (fingerprint, finished.summary.to_string())
        };
        prop_assert_eq!(ran(), ran());
    }
}

#[test]
fn the_carrier_changes_no_draw_of_what_is_lost() {
    // The ways are of two links each: what is lost is the same whoever carries it, if all is sent at the same times.
    let lost = |carried_by| {
        let options = AgentOptions { carried_by, loss: 0.2, doubled: 0.3, retries: 0, ..options() };
        let summary = Ran::of(faulty(options, &[], &[], 3)).summary["workloads"]["agents"].clone();
        ["sent", "doubled", "lost", "delivered"].map(|key| number(&summary, key))
    };
    let (transfers, paths) = (lost(CarriedBy::Transfers), lost(CarriedBy::Paths));
    assert_eq!(transfers[1..3], paths[1..3], "{transfers:?} {paths:?}");
    assert_eq!(transfers, paths);
    assert!(transfers[2] > 10, "{transfers:?}");
}
