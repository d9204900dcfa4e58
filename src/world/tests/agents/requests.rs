//! Requests: answers, resends, doubles, and asks of what is no agent.

use super::*;
use crate::infra::{NodeChange, TransferRecord};

/// Agent 0 asks agent 1 at its start, with this tag; 1 replies with a light message at once.
fn ask_and_reply(agent: AgentId, stimulus: &Stimulus, mail: &mut Mailbox<'_>) {
    match stimulus {
        Stimulus::Started { returned: false } if agent.0 == 0 => {
            mail.request(AgentId(1), FULL, 1000.0, body(), 42);
        }
        Stimulus::Message { asked: Some(asked), .. } => mail.reply(*asked, LIGHT, 1000.0, body()),
        _ => {}
    }
}

#[test]
fn an_answer_comes_back_with_the_tag() {
    let mut world = world(100.0);
    let nodes = pair(&mut world);
    let options = AgentOptions { handling_time: millis(30), ..options() };
    let summary = run(world, nodes, options, ask_and_reply);
    // 6 ms there, 30 ms of handling, 6 ms back.
    assert_eq!(log(&summary), ["36000 1: message 0 of 0", "42000 0: reply 42 of 1"]);
    let requests = &summary["requests"];
    assert_eq!((&requests["answered"], &requests["timed_out"]), (&json!(1), &json!(0)));
    assert_eq!(summary["mail"]["resent"], 0);
}

#[test]
fn a_request_is_sent_again_until_an_answer_comes_or_none_is_waited_for() {
    // With 3 retries each 2 s: sent at 0, 2, 4 and 6 s.
    for (repaired_s, expected) in [
        (5.0, vec!["6006000 1: message 0 of 0", "6012000 0: reply 42 of 1"]),
        (7.0, vec!["8000000 0: timed out 42"]),
    ] {
        let mut world = world(100.0);
        let nodes = pair(&mut world);
        // Down from before the first: faults come before all else of an instant.
        outage(&mut world, FaultTarget::Link(LinkId(0)), &[0.0, repaired_s]);
        let summary = run(world, nodes, options(), ask_and_reply);
        assert_eq!(log(&summary), expected);
        assert_eq!(summary["mail"]["resent"], 3);
        assert_eq!(summary["requests"]["asked"], 1);
    }
}

#[test]
fn an_answer_at_the_last_instant_is_in_time_and_one_after_it_is_stray() {
    for (timeout_ms, expected, stray) in
        [(12, "12000 0: reply 42 of 1", 0), (11, "11000 0: timed out 42", 1)]
    {
        let mut world = world(100.0);
        let nodes = pair(&mut world);
        let options = AgentOptions { timeout: millis(timeout_ms), retries: 0, ..options() };
        let summary = run(world, nodes, options, ask_and_reply);
        assert_eq!(log(&summary), ["6000 1: message 0 of 0", expected]);
        assert_eq!(summary["requests"]["stray"], stray);
    }
}

#[test]
fn a_request_that_comes_again_is_answered_from_memory() {
    let mut world = world(100.0);
    let nodes = pair(&mut world);
    // Each message is there twice: the request is acted on once, and answered twice; each of the answers is doubled.
    let options = AgentOptions { doubled: 1.0, ..options() };
    let summary = run(world, nodes, options, ask_and_reply);
    assert_eq!(log(&summary), ["6000 1: message 0 of 0", "12000 0: reply 42 of 1"]);
    let requests = &summary["requests"];
    assert_eq!((&requests["repeated"], &requests["stray"]), (&json!(1), &json!(3)));
    assert_eq!((&summary["mail"]["sent"], &summary["mail"]["doubled"]), (&json!(3), &json!(3)));
}

#[test]
fn a_request_that_comes_again_before_its_answer_waits_for_that() {
    let mut world = world(100.0);
    let nodes = pair(&mut world);
    let options = AgentOptions { timeout: millis(100), ..options() };
    let mut asked = None;
    let summary = run(world, nodes, options, move |agent, stimulus, mail| match stimulus {
        Stimulus::Started { .. } if agent.0 == 0 => {
            mail.request(AgentId(1), FULL, 1000.0, body(), 1);
        }
        Stimulus::Message { asked: own, .. } => {
            asked = *own;
            mail.timer(millis(250), 0, 0);
        }
        Stimulus::Timer { .. } => {
            if let Some(asked) = asked {
                mail.reply(asked, LIGHT, 1000.0, body());
            }
        }
        _ => {}
    });
    // Sent again at 100 and 200 ms.
    let expected = ["6000 1: message 0 of 0", "256000 1: timer 0", "262000 0: reply 1 of 1"];
    assert_eq!(log(&summary), expected);
    assert_eq!(summary["requests"]["repeated"], 2);
}

#[test]
fn a_request_for_whose_answer_nobody_waits_any_more_takes_no_time() {
    let mut world = world(100.0);
    let nodes = pair(&mut world);
    let options = AgentOptions {
        handling_time: millis(60),
        timeout: millis(100),
        retries: 0,
        carried_by: CarriedBy::Paths,
        ..options()
    };
    let summary = run(world, nodes, options, |agent, stimulus, mail| match stimulus {
        Stimulus::Started { .. } if agent.0 == 0 => {
            (1..5).for_each(|tag| mail.request(AgentId(1), FULL, 1000.0, body(), tag));
            mail.timer(millis(120), 0, 0);
        }
        Stimulus::Timer { .. } => mail.request(AgentId(1), FULL, 1000.0, body(), 5),
        Stimulus::Message { asked: Some(asked), .. } => mail.reply(*asked, LIGHT, 1000.0, body()),
        _ => {}
    });
    // All four come at 6 ms. The second is begun in time and ends too late; the line moves on at once to one of 120 ms.
    let expected = [
        "66000 1: message 0 of 0",
        "72000 0: reply 1 of 1",
        "100000 0: timed out 2",
        "100000 0: timed out 3",
        "100000 0: timed out 4",
        "120000 0: timer 0",
        "126000 1: message 0 of 0",
        "186000 1: message 0 of 0",
        "192000 0: reply 5 of 1",
    ];
    assert_eq!(log(&summary), expected);
    let requests = &summary["requests"];
    let found = ["answered", "timed_out", "stray", "expired"].map(|key| requests[key].as_u64().unwrap());
    assert_eq!(found, [2, 3, 1, 2]);
}

#[test]
fn what_an_agent_has_asked_dies_with_it() {
    for (keeps_state, acted) in [(false, 2), (true, 1)] {
        let mut world = world(100.0);
        let nodes = line(&mut world, &[8e6, 8e6], &LinkModel::Unshared);
        // 2 asks 0, which dies after its answer was lost with the link; 0 asks 1, and is dead when the answer comes.
        outage(&mut world, FaultTarget::Link(LinkId(1)), &[0.015, 1.0]);
        outage(&mut world, FaultTarget::Node(nodes[0]), &[0.018, 1.0]);
        let options = AgentOptions { keeps_state, carried_by: CarriedBy::Paths, ..options() };
        let summary = run(world, nodes, options, |agent, stimulus, mail| match stimulus {
            Stimulus::Started { returned: false } if agent.0 == 2 => {
                mail.request(AgentId(0), FULL, 1000.0, body(), 5);
            }
            Stimulus::Message { asked: Some(asked), .. } => {
                mail.reply(*asked, LIGHT, 1000.0, body());
                if agent.0 == 0 {
                    mail.request(AgentId(1), FULL, 1000.0, body(), 6);
                }
            }
            _ => {}
        });
        let log = log(&summary);
        let at_0 = log.iter().filter(|line| line.ends_with("0: message 0 of 2")).count();
        // It took 11 ms to come. The resend, at 2 s, is acted on again unless the agent has kept what it knew.
        assert_eq!(at_0, acted, "{log:?}");
        assert!(log.iter().any(|line| line.ends_with("2: reply 5 of 0")), "{log:?}");
        assert!(!log.contains(&"23000 0: reply 6 of 1"), "{log:?}");
        assert_eq!(log.contains(&"0 forgets"), !keeps_state);
        assert_eq!(summary["requests"]["abandoned"], 1);
    }
}

/// Asks an agent for what is no agent, three times, or wakes it.
#[derive(Debug)]
struct Asking<B> {
    agents: Agents,
    behaviour: B,
    nodes: Vec<NodeId>,
    wakes: bool,
}

impl<B: Behaviour> Workload for Asking<B> {
    fn name(&self) -> &str {
        "agents"
    }

    fn start(&mut self, context: &mut dyn Context) {
        self.agents.spawn(self.nodes[1], context);
        for tag in 0..3 {
            let time = SimTime::from_secs(tag as f64);
            context.set_timer(time, Phase::Demand, Message { detail: tag, ..Message::default() });
        }
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        if self.agents.on_timer(message, &mut self.behaviour, context) {
            return;
        }
        let to = AgentId(0);
        if self.wakes {
            self.agents.wake(to, message.detail as u32, 0, &mut self.behaviour, context);
        } else {
            self.agents.ask(self.nodes[0], to, LIGHT, 1000.0, body(), message.detail, context);
        }
    }

    fn on_transfer_end(&mut self, record: &TransferRecord, context: &mut dyn Context) {
        assert!(self.agents.on_transfer_end(record, &mut self.behaviour, context));
    }

    fn on_node_change(&mut self, node: NodeId, change: NodeChange, context: &mut dyn Context) {
        self.agents.on_node_change(node, change, &mut self.behaviour, context);
    }

    fn summary(&self) -> Value {
        let mut summary = self.agents.summary();
        summary["behaviour"] = self.behaviour.summary();
        summary
    }
}

#[test]
fn who_is_no_agent_may_ask_and_hears_once() {
    for carried_by in [CarriedBy::Transfers, CarriedBy::Paths] {
        let mut world = world(100.0);
        let nodes = pair(&mut world);
        // The second is asked in vain, and not again.
        outage(&mut world, FaultTarget::Link(LinkId(0)), &[0.9, 1.5]);
        let options = AgentOptions { carried_by, ask_timeout: millis(500), ..options() };
        let agents = Agents::new(options, kinds());
        let act = |_: AgentId, stimulus: &Stimulus, mail: &mut Mailbox<'_>| {
            if let Stimulus::Message { from: AgentId::NOBODY, asked: Some(asked), .. } = stimulus {
                mail.reply(*asked, FREE, 2000.0, body());
            }
        };
        world.workload(Asking { agents, behaviour: script(act), nodes, wakes: false });
        let summary = Ran::of(world).summary["workloads"]["agents"].clone();
        // 6 ms there, 7 ms back.
        let expected = [
            "6000 0: asked 1",
            "13000 answer 0: 2",
            "1500000 answer 1: none",
            "2006000 0: asked 1",
            "2013000 answer 2: 2",
        ];
        assert_eq!(log(&summary), expected);
        let requests = &summary["requests"];
        assert_eq!((&requests["asked"], &requests["answered"]), (&json!(3), &json!(2)));
    }
}

#[test]
fn an_owner_wakes_agents_that_live_and_in_their_turn() {
    let mut world = world(100.0);
    let nodes = pair(&mut world);
    outage(&mut world, FaultTarget::Node(nodes[1]), &[0.9, 1.5]);
    let act = |_: AgentId, stimulus: &Stimulus, mail: &mut Mailbox<'_>| {
        if matches!(stimulus, Stimulus::Started { returned: false }) {
            mail.busy(millis(100));
        }
    };
    let agents = Agents::new(options(), kinds());
    world.workload(Asking { agents, behaviour: script(act), nodes, wakes: true });
    let summary = Ran::of(world).summary["workloads"]["agents"].clone();
    let expected = ["100000 0: timer 0", "0 forgets", "1500000 0: returned", "2000000 0: timer 2"];
    assert_eq!(log(&summary), expected);
}
