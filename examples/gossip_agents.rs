//! A rumour among a thousand agents: each that knows it tells it to a random one every second.
//!
//!     cargo run --release --example gossip_agents

use rand::RngExt;
use serde_json::{Value, json};
use std::sync::Arc;
use stratosim::apps::Context;
use stratosim::apps::agents::{
    AgentId, AgentOptions, AgentWorkload, Agents, Behaviour, CarriedBy, Handling, Mailbox, MessageKind,
    Stimulus,
};
use stratosim::prelude::*;

const AGENTS: u32 = 1000;

/// When each agent has heard the rumour, in seconds.
#[derive(Debug)]
struct Gossip {
    heard_s: Vec<Option<f64>>,
}

impl Behaviour for Gossip {
    fn on(
        &mut self,
        agent: AgentId,
        stimulus: Stimulus,
        mail: &mut Mailbox<'_>,
        context: &mut dyn Context,
    ) {
        let heard_s = &mut self.heard_s[agent.index()];
        match stimulus {
            Stimulus::Started { .. } if agent.0 > 0 => return,
            // It has heard it before.
            Stimulus::Message { .. } if heard_s.is_some() => return,
            Stimulus::Started { .. } | Stimulus::Message { .. } => {
                *heard_s = Some(context.now().as_secs());
            }
            Stimulus::Timer { .. } | Stimulus::Reply { .. } | Stimulus::TimedOut { .. } => {}
        }
        let other = AgentId(mail.random().random_range(0..AGENTS));
        mail.send(other, 0, 500.0, Arc::new(()));
        mail.timer(SimDuration::from_secs(1.0), 0, 0);
    }

    fn summary(&self) -> Value {
        let mut heard_s: Vec<f64> = self.heard_s.iter().flatten().copied().collect();
        heard_s.sort_by(f64::total_cmp);
        json!({ "told": heard_s.len(), "half_s": heard_s.get(499), "last_s": heard_s.last() })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:>5} {:>6} {:>8} {:>8} {:>9}", "loss", "told", "half s", "last s", "messages");
    for loss in [0.0, 0.1, 0.3] {
        let mut world = WorldBuilder::new(7, SimDuration::from_secs(60.0));
        let at = |count: u32| Static::at(vec![Position::ground(0.0, 0.0); count as usize]);
        let switch = world.class(NodeClass::new("switch", Tier::Network, 1), at(1)?);
        let switch = world.nodes_of(switch).next().ok_or("there is a switch")?;
        let nodes = world.class(NodeClass::new("platform", Tier::Edge, AGENTS), at(AGENTS)?);
        let nodes: Vec<NodeId> = world.nodes_of(nodes).collect();
        for &node in &nodes {
            world.link("link", LinkSpec::new(node, switch, SimDuration::from_secs(0.01), 1e8));
        }
        let options = AgentOptions { carried_by: CarriedBy::Paths, loss, ..AgentOptions::new("gossip") };
        let kinds = vec![MessageKind { name: "rumour", handling: Handling::Light }];
        let behaviour = Gossip { heard_s: vec![None; AGENTS as usize] };
        world.workload(AgentWorkload::new(Agents::new(options, kinds), nodes, behaviour));
        let finished = world.build(Box::new(NoRecords))?.run()?;
        let own = &finished.summary["workloads"]["gossip"];
        let (of, mail) = (|key: &str| own["behaviour"][key].as_f64().unwrap_or(f64::NAN), &own["mail"]);
        let [told, half_s, last_s] = ["told", "half_s", "last_s"].map(of);
        println!("{loss:>5} {told:>6} {half_s:>8.3} {last_s:>8.3} {:>9}", mail["sent"]);
    }
    Ok(())
}
