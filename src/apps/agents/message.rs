//! What agents are told: stimuli, messages and their kinds.

use super::Mailbox;
use crate::apps::Context;
use crate::infra::NodeId;
use serde_json::Value;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// An agent: its place among those of its owner, kept over the death and return of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(pub u32);

impl AgentId {
    /// Who sends what comes by [`ask`](super::Agents::ask): no agent.
    pub const NOBODY: AgentId = AgentId(u32::MAX);

    /// The place among the agents.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a message says. Resends, doubles and messages to many share it.
pub type Body = Arc<dyn Any + Send + Sync>;

/// What handling a message takes at its receiver. The sender pays nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// [`handling_time`](super::AgentOptions::handling_time) and
    /// [`handling_work_mi`](super::AgentOptions::handling_work_mi), in the line of the node.
    Full,
    /// [`light_work_mi`](super::AgentOptions::light_work_mi), in the line of the node.
    Light,
    /// Nothing: handled when it arrives, beside the line.
    Free,
}

/// A kind of message; its number is its place in the list given to [`Agents::new`](super::Agents::new).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageKind {
    /// Name in tables and summary.
    pub name: &'static str,
    /// What handling it takes.
    pub handling: Handling,
}

/// Who sends or receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Address {
    /// An agent.
    Agent(AgentId),
    /// What is no agent, on this node.
    Node(NodeId),
}

/// A request, as its receiver knows it. Resends and doubles of a request have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId {
    pub(super) asker: Address,
    /// Where the asker keeps it, and what tells it from others that were kept there.
    pub(super) key: u32,
    pub(super) serial: u32,
}

#[cfg(test)]
impl RequestId {
    /// One that tests of behaviours without a world make.
    pub(crate) fn numbered(serial: u32) -> Self {
        RequestId { asker: Address::Agent(AgentId::NOBODY), key: 0, serial }
    }

    pub(crate) fn number(self) -> u32 {
        self.serial
    }
}

/// A timer of an agent. It stays harmless after the timer has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerId {
    pub(super) key: u32,
    pub(super) serial: u32,
}

/// What wakes an agent.
#[derive(Clone, Debug)]
pub enum Stimulus {
    /// It begins.
    Started {
        /// Whether it has been there before: its node has come back.
        returned: bool,
    },
    /// A timer that it has set.
    Timer {
        /// As it was set.
        code: u32,
        /// As it was set.
        detail: u64,
    },
    /// A message or request has come.
    Message {
        /// Who has sent it; [`AgentId::NOBODY`] of what is no agent.
        from: AgentId,
        /// The number of its kind.
        kind: u16,
        /// What it says.
        body: Body,
        /// To [reply](Mailbox::reply) by, if it is a request.
        asked: Option<RequestId>,
    },
    /// A request of its own was answered: the first answer, others are dropped.
    Reply {
        /// As the request was sent.
        tag: u64,
        /// Who has answered.
        from: AgentId,
        /// The number of the kind of the answer.
        kind: u16,
        /// What it says.
        body: Body,
    },
    /// A request of its own was not answered, nor was any of its resends.
    TimedOut {
        /// As the request was sent.
        tag: u64,
        /// Whom it has asked.
        to: AgentId,
    },
}

/// What agents do: one for all agents of an owner, which keeps what each of them knows. See the [module](super) for an
/// example.
pub trait Behaviour: fmt::Debug + Send {
    /// Handles a stimulus of an agent, which sends, asks and sets timers by its `mail`. What has been sent leaves when
    /// this returns. The `context` is that of the whole world: it is the behaviour that keeps an agent from knowing more
    /// than it was told.
    fn on(
        &mut self,
        agent: AgentId,
        stimulus: Stimulus,
        mail: &mut Mailbox<'_>,
        context: &mut dyn Context,
    );

    /// What came of an [`ask`](super::Agents::ask), by its tag: kind and body of the first answer; `None` if there was
    /// none in time. Told once of each.
    fn on_answer(&mut self, _tag: u64, _answer: Option<(u16, Body)>, _context: &mut dyn Context) {}

    /// An agent was stopped, or has died, and what it knows is lost: not told of the dead if agents
    /// [keep their state](super::AgentOptions::keeps_state).
    fn forget(&mut self, _agent: AgentId) {}

    /// Its part of the summary of an [`AgentWorkload`](super::AgentWorkload).
    fn summary(&self) -> Value {
        Value::Null
    }
}
