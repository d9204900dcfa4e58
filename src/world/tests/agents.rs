//! What the world makes of agents: mail on its way, lines at nodes, death and return.

use super::{Ran, only, outage, world};
use crate::apps::agents::{
    AgentId, AgentOptions, AgentWorkload, Agents, Behaviour, Body, CarriedBy, Handling, Mailbox,
    MessageKind, Stimulus,
};
use crate::apps::{Context, Message, Workload};
use crate::engine::{Phase, SimDuration, SimTime};
use crate::infra::network::{LinkModel, LinkSpec};
use crate::infra::{FaultTarget, LinkId, NodeClass, NodeId, Position, Static, Tier};
use crate::world::{Sampling, WorldBuilder};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

mod chance;
mod cores;
mod requests;

const FULL: u16 = 0;
const LIGHT: u16 = 1;
const FREE: u16 = 2;

fn kinds() -> Vec<MessageKind> {
    let kind = |name, handling| MessageKind { name, handling };
    vec![kind("full", Handling::Full), kind("light", Handling::Light), kind("free", Handling::Free)]
}

fn body() -> Body {
    Arc::new(())
}

fn millis(millis: u64) -> SimDuration {
    SimDuration::from_nanos(millis * 1_000_000)
}

/// Notes each stimulus with its time, then does as it is told.
struct Script<F> {
    act: F,
    log: Vec<String>,
}

impl<F> fmt::Debug for Script<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("log", &self.log).finish_non_exhaustive()
    }
}

fn script<F: FnMut(AgentId, &Stimulus, &mut Mailbox<'_>) + Send>(act: F) -> Script<F> {
    Script { act, log: Vec::new() }
}

/// A stimulus in a word or two.
fn words(stimulus: &Stimulus) -> String {
    match stimulus {
        Stimulus::Started { returned: false } => "started".into(),
        Stimulus::Started { returned: true } => "returned".into(),
        Stimulus::Timer { code, .. } => format!("timer {code}"),
        Stimulus::Message { from: AgentId::NOBODY, kind, .. } => format!("asked {kind}"),
        Stimulus::Message { from, kind, .. } => format!("message {kind} of {}", from.0),
        Stimulus::Reply { tag, from, .. } => format!("reply {tag} of {}", from.0),
        Stimulus::TimedOut { tag, .. } => format!("timed out {tag}"),
    }
}

impl<F: FnMut(AgentId, &Stimulus, &mut Mailbox<'_>) + Send> Behaviour for Script<F> {
    fn on(
        &mut self,
        agent: AgentId,
        stimulus: Stimulus,
        mail: &mut Mailbox<'_>,
        context: &mut dyn Context,
    ) {
        // Microseconds, all of them.
        let now_us = context.now().as_nanos() as f64 / 1e3;
        self.log.push(format!("{now_us} {}: {}", agent.0, words(&stimulus)));
        (self.act)(agent, &stimulus, mail);
    }

    fn on_answer(&mut self, tag: u64, answer: Option<(u16, Body)>, context: &mut dyn Context) {
        let now_us = context.now().as_nanos() as f64 / 1e3;
        let answer = answer.map_or("none".into(), |(kind, _)| format!("{kind}"));
        self.log.push(format!("{now_us} answer {tag}: {answer}"));
    }

    fn forget(&mut self, agent: AgentId) {
        self.log.push(format!("{} forgets", agent.0));
    }

    fn summary(&self) -> Value {
        json!(self.log)
    }
}

/// Nodes of two cores of 1000 MIPS on a line, 5 ms and these bits a second from one to the next.
fn line(world: &mut WorldBuilder, bandwidths_bps: &[f64], model: &LinkModel) -> Vec<NodeId> {
    let count = bandwidths_bps.len() + 1;
    let class = NodeClass::new("node", Tier::Edge, count as u32).with_cores(2, 1000.0);
    let places = Static::at(vec![Position::ground(0.0, 0.0); count]).unwrap();
    let class = world.class(class, places);
    let nodes: Vec<NodeId> = world.nodes_of(class).collect();
    for (ends, &bandwidth_bps) in nodes.windows(2).zip(bandwidths_bps) {
        let link = LinkSpec::new(ends[0], ends[1], millis(5), bandwidth_bps);
        world.link("link", LinkSpec { model: model.clone(), ..link });
    }
    nodes
}

/// Two nodes, with 5 ms and 8 Mbit/s between them: a message of 1000 bytes takes 6 ms.
fn pair(world: &mut WorldBuilder) -> Vec<NodeId> {
    line(world, &[8e6], &LinkModel::Unshared)
}

fn options() -> AgentOptions {
    AgentOptions::new("agents")
}

/// What came of agents on these nodes: their part of the summary.
fn run<F: FnMut(AgentId, &Stimulus, &mut Mailbox<'_>) + Send + 'static>(
    mut world: WorldBuilder,
    nodes: Vec<NodeId>,
    options: AgentOptions,
    act: F,
) -> Value {
    world.workload(AgentWorkload::new(Agents::new(options, kinds()), nodes, script(act)));
    Ran::of(world).summary["workloads"]["agents"].clone()
}

fn log(summary: &Value) -> Vec<&str> {
    let lines = summary["behaviour"].as_array().unwrap().iter();
    lines.map(|line| line.as_str().unwrap()).filter(|line| !line.ends_with(": started")).collect()
}

fn started(agent: AgentId, stimulus: &Stimulus, which: u32) -> bool {
    agent.0 == which && matches!(stimulus, Stimulus::Started { returned: false })
}

#[test]
fn a_message_takes_propagation_sending_and_handling() {
    // Three links of 5 ms, and 1000 bytes at 4 Mbit/s: 15 + 2 ms; 30 ms of handling.
    for carried_by in [CarriedBy::Transfers, CarriedBy::Paths] {
        for model in [LinkModel::Unshared, LinkModel::FairShare] {
            let mut world = world(1.0);
            let nodes = line(&mut world, &[8e6, 4e6, 16e6], &model);
            let options = AgentOptions { carried_by, handling_time: millis(30), ..options() };
            let summary = run(world, vec![nodes[0], nodes[3]], options, |agent, stimulus, mail| {
                if started(agent, stimulus, 0) {
                    mail.send(AgentId(1), FULL, 1000.0, body());
                }
            });
            assert_eq!(log(&summary), ["47000 1: message 0 of 0"], "{carried_by:?}");
            assert_eq!(summary["mail"]["delivery_s"]["mean"], 0.017);
            assert_eq!(summary["agents"]["busy_s"]["sum"], 0.03);
        }
    }
}

#[test]
fn connections_take_round_trips() {
    // 5 + 1 ms, and two round trips of 10 ms before.
    for carried_by in [CarriedBy::Transfers, CarriedBy::Paths] {
        let mut world = world(1.0);
        let nodes = pair(&mut world);
        let options = AgentOptions { carried_by, handshake_round_trips: 2.0, ..options() };
        let summary = run(world, nodes, options, |agent, stimulus, mail| {
            if started(agent, stimulus, 0) {
                mail.send(AgentId(1), FULL, 1000.0, body());
            }
        });
        assert_eq!(log(&summary), ["26000 1: message 0 of 0"], "{carried_by:?}");
    }
}

#[test]
fn messages_that_come_together_are_handled_one_after_the_other() {
    // 1000 bytes at 8 Mbit/s and 5 ms: all are there at 6 ms. 30 ms each, or 20 MI and 10 MI a KiB of 1024 bytes on a
    // core of 1000 MIPS, of which there are two in vain; on both at once half.
    let work = AgentOptions { handling_work_mi: 20.0, work_mi_per_kib: 10.0, ..options() };
    let ways = [
        (AgentOptions { handling_time: millis(30), ..options() }, 1000.0, 30),
        (work.clone(), 1024.0, 30),
        (AgentOptions { cores: 2, ..work }, 1024.0, 15),
    ];
    for (options, bytes, handling_ms) in ways {
        let mut world = world(1.0);
        let nodes = line(&mut world, &[8.0 * bytes * 1e3], &LinkModel::Unshared);
        let summary = run(world, nodes, options, move |agent, stimulus, mail| {
            if started(agent, stimulus, 0) {
                for _ in 0..4 {
                    mail.send(AgentId(1), FULL, bytes, body());
                }
            }
        });
        let expected: Vec<String> = (1..=4)
            .map(|place| format!("{} 1: message 0 of 0", 6000 + place * handling_ms * 1000))
            .collect();
        assert_eq!(log(&summary), expected);
        let busy_s = summary["agents"]["busy_s"]["max"].as_f64().unwrap();
        assert!((busy_s - 4e-3 * f64::from(handling_ms as u32)).abs() < 1e-9, "{busy_s}");
    }
}

#[test]
fn free_messages_pass_the_line_and_light_ones_wait_in_it() {
    let mut world = world(1.0);
    let nodes = pair(&mut world);
    let options = AgentOptions { handling_time: millis(30), light_work_mi: 5.0, ..options() };
    let summary = run(world, nodes, options, |agent, stimulus, mail| {
        if started(agent, stimulus, 0) {
            for kind in [FULL, LIGHT, FREE] {
                mail.send(AgentId(1), kind, 1000.0, body());
            }
        }
    });
    let expected = ["6000 1: message 2 of 0", "36000 1: message 0 of 0", "41000 1: message 1 of 0"];
    assert_eq!(log(&summary), expected);
}

#[test]
fn who_is_busy_sends_after_it_and_lets_others_wait() {
    let mut world = world(1.0);
    let nodes = pair(&mut world);
    let summary = run(world, nodes, options(), |agent, stimulus, mail| {
        if started(agent, stimulus, 0) {
            mail.send(AgentId(1), FULL, 1000.0, body());
            mail.timer(millis(1), 1, 0);
            mail.busy(millis(100));
            mail.send(AgentId(1), LIGHT, 1000.0, body());
            mail.timer(millis(1), 2, 0);
            mail.busy(millis(50));
            mail.send(AgentId(1), FREE, 1000.0, body());
        }
    });
    // The first timer waits until all of the work is done, and so does the second, which came after it.
    let expected = [
        "6000 1: message 0 of 0",
        "106000 1: message 1 of 0",
        "150000 0: timer 1",
        "150000 0: timer 2",
        "156000 1: message 2 of 0",
    ];
    assert_eq!(log(&summary), expected);
    assert_eq!(summary["agents"]["busy_s"], json!({ "sum": 0.15, "max": 0.15 }));
}

#[test]
fn what_was_cancelled_does_not_come() {
    let mut world = world(1.0);
    let nodes = pair(&mut world);
    let mut timers = Vec::new();
    let summary = run(world, nodes, options(), move |agent, stimulus, mail| {
        if started(agent, stimulus, 0) {
            timers = (1..4).map(|code| mail.timer(millis(10 * u64::from(code)), code, 0)).collect();
            mail.cancel(timers[0]);
            // The first that comes while the agent works waits to be handled, and is cancelled there.
            let at_once = mail.timer(SimDuration::ZERO, 9, 0);
            mail.cancel(at_once);
        }
        if matches!(stimulus, Stimulus::Timer { code: 2, .. }) {
            mail.busy(millis(20));
        }
        if agent.0 == 1 {
            mail.send(AgentId(0), FREE, 23_000.0, body());
        }
        if matches!(stimulus, Stimulus::Message { .. }) {
            mail.cancel(timers[2]);
        }
    });
    // The message of 23 000 bytes comes at 28 ms; the last timer is due at 30 ms. A later one would be handled at 40 ms.
    assert_eq!(log(&summary), ["20000 0: timer 2", "28000 0: message 2 of 1"]);
}

#[test]
fn agents_of_a_node_share_its_line_and_send_each_other_at_once() {
    let mut world = world(1.0);
    let nodes = pair(&mut world);
    let options = AgentOptions { handling_time: millis(30), loss: 1.0, doubled: 1.0, ..options() };
    let summary = run(world, vec![nodes[0]; 3], options, |agent, stimulus, mail| {
        if started(agent, stimulus, 0) {
            mail.send(AgentId(1), FULL, 1000.0, body());
            mail.send(AgentId(2), FULL, 1000.0, body());
        }
    });
    assert_eq!(log(&summary), ["30000 1: message 0 of 0", "60000 2: message 0 of 0"]);
    // There is no way on which they could be lost or doubled.
    assert_eq!((&summary["mail"]["delivered"], &summary["mail"]["sent"]), (&json!(2), &json!(2)));
}

#[test]
fn agents_die_with_their_node_and_return_with_nothing() {
    let mut world = world(10.0);
    let nodes = pair(&mut world);
    // Down from 1 s to 3 s.
    outage(&mut world, FaultTarget::Node(nodes[1]), &[1.0, 3.0]);
    let options = AgentOptions { handling_time: millis(30), ..options() };
    let summary = run(world, nodes, options, |agent, stimulus, mail| {
        match (agent.0, stimulus) {
            (0, Stimulus::Started { .. }) => {
                for at_ms in [980, 997, 2000, 2994] {
                    mail.timer(millis(at_ms), 0, 0);
                }
            }
            (0, Stimulus::Timer { .. }) => mail.send(AgentId(1), FULL, 1000.0, body()),
            (1, Stimulus::Started { returned: false }) => {
                for at_ms in [990, 2000, 4000] {
                    mail.timer(millis(at_ms), 7, 0);
                }
                // Still under way when its node goes.
                mail.busy(millis(995));
                mail.busy(millis(1000));
                mail.send(AgentId(0), FREE, 1000.0, body());
            }
            _ => {}
        }
    });
    let log = log(&summary);
    let of_1: Vec<&str> = log.iter().filter(|line| !line.contains("0: timer")).copied().collect();
    // The first is in the line when the node goes, the second on its way, the third has nowhere to go; nor had the
    // fourth when it was sent. It comes to its end before the node is there.
    assert_eq!(of_1, ["1 forgets", "3000000 1: returned"]);
    assert_eq!(summary["mail"]["delivered"], 1);
    assert_eq!(summary["mail"]["dead_receiver"], 3);
    assert_eq!(summary["agents"]["deaths"], 1);
    // It was busy up to its death.
    assert_eq!(summary["agents"]["busy_s"]["max"], 1.0);
}

#[test]
fn mail_by_paths_is_lost_if_an_end_goes_meanwhile() {
    for (which, end) in [(0, "disconnected"), (1, "dead_receiver")] {
        let mut world = world(10.0);
        let nodes = pair(&mut world);
        // Down for 2 ms in the 6 ms that it takes.
        outage(&mut world, FaultTarget::Node(nodes[which]), &[0.002, 0.004]);
        let options = AgentOptions { carried_by: CarriedBy::Paths, ..options() };
        let summary = run(world, nodes, options, |agent, stimulus, mail| {
            if started(agent, stimulus, 0) {
                mail.send(AgentId(1), FULL, 1000.0, body());
            }
        });
        // Who has come back meanwhile takes what comes for it, as anybody at its address would.
        let expected = if which == 1 { "delivered" } else { end };
        assert_eq!(summary["mail"][expected], 1, "{summary}");
    }
}

#[test]
fn a_partition_disconnects_and_heals() {
    for carried_by in [CarriedBy::Transfers, CarriedBy::Paths] {
        let mut world = world(10.0);
        let nodes = pair(&mut world);
        outage(&mut world, FaultTarget::Link(LinkId(0)), &[1.0, 2.0]);
        let options = AgentOptions { carried_by, ..options() };
        let summary = run(world, nodes, options, |agent, stimulus, mail| match stimulus {
            Stimulus::Started { .. } if agent.0 == 0 => {
                (0..3).for_each(|second| _ = mail.timer(millis(500 + second * 1000), 0, 0));
            }
            Stimulus::Timer { .. } => mail.send(AgentId(1), FULL, 1000.0, body()),
            _ => {}
        });
        assert_eq!(
            (&summary["mail"]["delivered"], &summary["mail"]["disconnected"]),
            (&json!(2), &json!(1))
        );
    }
}

#[test]
fn samples_have_what_has_happened_since_the_last() {
    let mut world = world(3.5);
    let nodes = pair(&mut world);
    world.sample(Sampling { interval: SimDuration::from_secs(1.0), ..Sampling::default() });
    world.warm_up(SimDuration::from_secs(1.0));
    let agents = Agents::new(AgentOptions { handling_time: millis(30), ..options() }, kinds());
    let act = |agent: AgentId, stimulus: &Stimulus, mail: &mut Mailbox<'_>| match stimulus {
        Stimulus::Started { .. } if agent.0 == 0 => {
            // The last is handled, but for its end, at the third sample.
            (0..3).for_each(|number| _ = mail.timer(millis(480 + number * 1000), 0, 0));
        }
        Stimulus::Timer { .. } => {
            mail.send(AgentId(1), FULL, 1000.0, body());
            mail.send(AgentId(9), LIGHT, 500.0, body());
        }
        _ => {}
    };
    world.workload(AgentWorkload::new(agents, nodes, script(act)));
    let ran = Ran::of(world);
    let columns = ["t_s", "kind", "sent", "delivered", "dead_receiver", "bytes"];
    let rows = ran.table("agent_messages", &columns);
    let expected = [
        "1 full 1 1 0 1000",
        "1 light 1 0 1 500",
        "1 free 0 0 0 0",
        "2 full 1 1 0 1000",
        "2 light 1 0 1 500",
        "2 free 0 0 0 0",
    ];
    assert_eq!(rows[..6], expected);
    let rows =
        ran.table("agents", &["t_s", "agent", "node", "alive", "sent", "received", "bytes", "busy_s"]);
    assert_eq!(rows[..2], ["1 0 node-0 true 2 0 1500 0", "1 1 node-1 true 0 1 0 0.03"]);
    // The first two messages were before the end of the warm-up.
    let summary = &ran.summary["workloads"]["agents"];
    assert_eq!(summary["mail"]["sent"], 4);
    assert_eq!(summary["mail"]["kinds"]["full"]["bytes"], 2000.0);
    assert_eq!(summary["agents"]["busy_s"]["max"], 0.06);
}
