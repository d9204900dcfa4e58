//! Agents: control that is spread over the nodes of the world, and pays for what it knows.
//!
//! An agent sits on a node. It is woken by timers and by messages of other agents, which travel over the simulated
//! network, wait in the line of its node, and take time to be handled. It has only what it was told: whether another
//! agent lives, or a message has arrived, it can but infer from answers. When its node goes, all it remembers goes with
//! it, and when the node comes back it starts anew.
//!
//! [`Agents`] is no workload but a part that one owns: the workload hands it the events of the world first, and it hands
//! each stimulus of an agent to a [`Behaviour`]. [`AgentWorkload`] is a workload of nothing but that.
//!
//! | what | where |
//! | --- | --- |
//! | what agents are told and may do | `message.rs`, `mailbox.rs` |
//! | life of agents, events of the world | `runtime.rs` |
//! | mail: carrying, arriving, losing | `mail.rs`, `loss.rs` |
//! | requests and their answers, resends, doubles | `requests.rs` |
//! | the line of a node, and what handling takes | `handling.rs` |
//!
//! # A rumour
//!
//! Each agent that hears the rumour for the first time tells it to its two neighbours on a ring:
//!
//! ```
//! use std::sync::Arc;
//! use stratosim::apps::Context;
//! use stratosim::apps::agents::{
//!     AgentId, AgentOptions, AgentWorkload, Agents, Behaviour, Handling, Mailbox, MessageKind, Stimulus,
//! };
//! use stratosim::infra::network::LinkSpec;
//! use stratosim::prelude::*;
//!
//! const RUMOUR: u16 = 0;
//! const NODES: u32 = 6;
//!
//! /// When each agent has heard it, in seconds.
//! #[derive(Debug, Default)]
//! struct Rumour { heard_s: Vec<Option<f64>> }
//!
//! impl Behaviour for Rumour {
//!     fn on(&mut self, agent: AgentId, stimulus: Stimulus, mail: &mut Mailbox<'_>, context: &mut dyn Context) {
//!         self.heard_s.resize(NODES as usize, None);
//!         let begins = matches!(stimulus, Stimulus::Started { .. }) && agent.0 == 0;
//!         let is_told = matches!(stimulus, Stimulus::Message { kind: RUMOUR, .. });
//!         let heard = &mut self.heard_s[agent.index()];
//!         if (begins || is_told) && heard.is_none() {
//!             *heard = Some(context.now().as_secs());
//!             for neighbour in [agent.0 + 1, agent.0 + NODES - 1] {
//!                 mail.send(AgentId(neighbour % NODES), RUMOUR, 1000.0, Arc::new(()));
//!             }
//!         }
//!     }
//!     fn summary(&self) -> serde_json::Value { serde_json::json!({ "heard_s": self.heard_s }) }
//! }
//!
//! // Six nodes around a switch, each 5 ms and 8 Mbit/s away: a message of 1000 bytes takes 11 ms, and its handling 30 ms.
//! let mut world = WorldBuilder::new(1, SimDuration::from_secs(10.0));
//! let at = |count: usize| Static::at(vec![Position::ground(0.0, 0.0); count]);
//! let switch = world.class(NodeClass::new("switch", Tier::Network, 1), at(1)?);
//! let switch = world.nodes_of(switch).next().unwrap();
//! let platforms = world.class(NodeClass::new("platform", Tier::Edge, NODES), at(NODES as usize)?);
//! let platforms: Vec<NodeId> = world.nodes_of(platforms).collect();
//! for &node in &platforms {
//!     let link = LinkSpec::new(node, switch, SimDuration::from_secs(0.005), 8e6);
//!     world.link("link", LinkSpec { model: LinkModel::Unshared, ..link });
//! }
//! let kinds = vec![MessageKind { name: "rumour", handling: Handling::Full }];
//! let options = AgentOptions { handling_time: SimDuration::from_secs(0.03), ..AgentOptions::new("gossip") };
//! world.workload(AgentWorkload::new(Agents::new(options, kinds), platforms, Rumour::default()));
//!
//! let finished = world.build(Box::new(NoRecords))?.run()?;
//! let summary = &finished.summary["workloads"]["gossip"];
//! // The other side of the ring is three messages away: 3 * (11 + 30) ms.
//! assert_eq!(summary["behaviour"]["heard_s"], serde_json::json!([0.0, 0.041, 0.082, 0.123, 0.082, 0.041]));
//! // Each of the six tells two others.
//! assert_eq!((&summary["mail"]["sent"], &summary["mail"]["delivered"]), (&12.into(), &12.into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod counts;
mod handling;
mod loss;
mod mail;
mod mailbox;
mod message;
mod options;
mod requests;
mod runtime;
mod tables;
#[cfg(test)]
mod tests;
mod workload;

pub use counts::{AgentCounts, KindCounts};
pub use mailbox::Mailbox;
pub use message::{AgentId, Behaviour, Body, Handling, MessageKind, RequestId, Stimulus, TimerId};
pub use options::{AgentOptions, AgentOptionsError, CarriedBy, MailCut};
pub use runtime::Agents;
pub use workload::AgentWorkload;
