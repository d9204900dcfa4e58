//! The agents of an owner: how they come and go, and which events of the world are theirs.

use super::counts::{AgentPeriod, AgentTotals, Counts};
use super::handling::{Batch, Desk, Waiting};
use super::mail::Letter;
use super::mailbox::{Order, Timers};
use super::message::{AgentId, Behaviour, MessageKind, Stimulus, TimerId};
use super::options::AgentOptions;
use super::requests::{Memory, Outstanding};
use super::tables::Registered;
use crate::apps::{Context, Message};
use crate::engine::{EntityStream, EventHandle, Phase, SimDuration};
use crate::infra::{NodeChange, NodeId};
use crate::records::RecordError;
use slab::Slab;

/// Timers with this code and above are the agents'.
const OWN_CODES: u32 = 0x4000_0000;
pub(super) const ARRIVES: u32 = OWN_CODES;
pub(super) const LEAVES: u32 = OWN_CODES + 1;
pub(super) const TIMER: u32 = OWN_CODES + 2;
pub(super) const TIMEOUT: u32 = OWN_CODES + 3;
pub(super) const WORK: u32 = OWN_CODES + 4;
pub(super) const BATCH: u32 = OWN_CODES + 5;
const BEGIN: u32 = OWN_CODES + 6;

/// Tokens of jobs and transfers with this bit are the agents'.
pub(super) const OWN_TOKENS: u64 = 1 << 63;

const NO_DESK: u32 = u32::MAX;

/// An agent.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) desk: u32,
    /// How often it has died or was stopped.
    incarnation: u32,
    pub(super) is_alive: bool,
    has_started: bool,
    is_stopped: bool,
    pub(super) random: EntityStream,
    /// For what becomes of its messages.
    pub(super) mail_random: EntityStream,
    pub(super) memory: Memory,
    pub(super) totals: AgentTotals,
    pub(super) period: AgentPeriod,
}

/// The agents of an owner, with their mail. A workload owns one, hands it each event first, and goes on only with those
/// that were not of the agents.
///
/// Timers of the owner have codes below 2^30, and its jobs and transfers tokens without bit 63; the rest are the agents'.
/// See the [module](super) for an example, and [`AgentWorkload`](super::AgentWorkload) for an owner.
#[derive(Debug)]
pub struct Agents {
    pub(super) options: AgentOptions,
    pub(super) kinds: Vec<MessageKind>,
    pub(super) agents: Vec<Agent>,
    pub(super) desks: Vec<Desk>,
    /// For each node its place among the desks.
    desk_of_node: Vec<u32>,
    /// For each node the stream of what asks there without being an agent.
    pub(super) askers: Vec<Option<EntityStream>>,
    agent_stream: String,
    mail_stream: String,
    pub(super) ask_stream: String,
    pub(super) letters: Slab<Letter>,
    pub(super) requests: Slab<Outstanding>,
    pub(super) timers: Timers,
    pub(super) batches: Slab<Batch>,
    next_serial: u32,
    pub(super) counts: Counts,
    pub(super) registered: Option<Registered>,
    /// Kept for their memory.
    pub(super) orders: Vec<(SimDuration, Order)>,
    pub(super) cancelled: Vec<EventHandle>,
}

impl Agents {
    /// No agents yet, whose messages are of these kinds, each known by its place in the list.
    #[must_use]
    pub fn new(options: AgentOptions, kinds: Vec<MessageKind>) -> Self {
        let options = options.mended();
        Agents {
            counts: Counts::new(kinds.len()),
            agent_stream: format!("agents/{}", options.name),
            mail_stream: format!("agents/{}/mail", options.name),
            ask_stream: format!("agents/{}/asks", options.name),
            options,
            kinds,
            agents: Vec::new(),
            desks: Vec::new(),
            desk_of_node: Vec::new(),
            askers: Vec::new(),
            letters: Slab::new(),
            requests: Slab::new(),
            timers: Timers::default(),
            batches: Slab::new(),
            next_serial: 0,
            registered: None,
            orders: Vec::new(),
            cancelled: Vec::new(),
        }
    }

    /// Registers the tables; to be called when the owner starts.
    ///
    /// # Errors
    /// If another table has the name of one of them.
    pub fn start(&mut self, context: &mut dyn Context) -> Result<(), RecordError> {
        self.registered = Some(Registered::new(&self.options.name, &self.kinds, context)?);
        Ok(())
    }

    /// The rules.
    #[must_use]
    pub fn options(&self) -> &AgentOptions {
        &self.options
    }

    /// The kinds of messages.
    #[must_use]
    pub fn kinds(&self) -> &[MessageKind] {
        &self.kinds
    }

    /// Number of agents, dead and stopped ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.agents.len()
    }

    /// Whether there are no agents.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }

    /// Adds an agent on a node, where it begins at this instant, or when the node is there. If handling takes work, the
    /// node's first agent reserves the cores for it; see [`has_cores`](Self::has_cores).
    pub fn spawn(&mut self, node: NodeId, context: &mut dyn Context) -> AgentId {
        let id = AgentId(self.agents.len() as u32);
        let desk = self.desk_at(node, context);
        let streams = context.streams();
        self.agents.push(Agent {
            desk,
            incarnation: 0,
            is_alive: false,
            has_started: false,
            is_stopped: false,
            random: streams.entity(&self.agent_stream, u64::from(id.0)),
            mail_random: streams.entity(&self.mail_stream, u64::from(id.0)),
            memory: Memory::default(),
            totals: AgentTotals::default(),
            period: AgentPeriod::default(),
        });
        self.counts.add_agent();
        self.desks[desk as usize].agents.push(id);
        self.reserve(desk, context);
        self.begin_soon(id, context);
        id
    }

    fn desk_at(&mut self, node: NodeId, context: &mut dyn Context) -> u32 {
        if self.desk_of_node.len() <= node.index() {
            self.desk_of_node.resize(node.index() + 1, NO_DESK);
        }
        let desk = &mut self.desk_of_node[node.index()];
        if *desk == NO_DESK {
            *desk = self.desks.len() as u32;
            let is_up = context.infrastructure().node(node).is_available();
            self.desks.push(Desk::new(node, is_up));
        }
        *desk
    }

    /// Has an agent begin before anything else happens at this instant, if its node is there.
    fn begin_soon(&self, id: AgentId, context: &mut dyn Context) {
        let Some(agent) = self.agents.get(id.index()) else { return };
        if self.desks[agent.desk as usize].is_up {
            let detail = u64::from(agent.incarnation);
            let message = Message { code: BEGIN, subject: id.0, detail };
            context.set_timer(context.now(), Phase::Environment, message);
        }
    }

    fn begin(
        &mut self,
        id: AgentId,
        incarnation: u64,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) {
        let Some(agent) = self.agents.get_mut(id.index()) else { return };
        if agent.is_stopped || agent.is_alive || u64::from(agent.incarnation) != incarnation {
            return;
        }
        agent.is_alive = true;
        let returned = std::mem::replace(&mut agent.has_started, true);
        let incarnation = agent.incarnation;
        self.counts.returns += u64::from(returned);
        let waiting = Waiting::free(id, incarnation, Stimulus::Started { returned });
        self.put_in_line(waiting, behaviour, context);
    }

    /// Ends an agent for good; its place is not used again. What it has sent goes on.
    pub fn stop(&mut self, id: AgentId, behaviour: &mut dyn Behaviour, context: &mut dyn Context) {
        let Some(agent) = self.agents.get_mut(id.index()) else { return };
        if std::mem::replace(&mut agent.is_stopped, true) {
            return;
        }
        let desk = agent.desk;
        self.end_agent(id, true, behaviour);
        // What waits of it is passed over when its turn comes.
        let own = &mut self.desks[desk as usize];
        own.agents.retain(|other| *other != id);
        if own.agents.is_empty() {
            self.clear_line(desk, context);
            self.unreserve(desk, context);
        }
    }

    /// An agent is gone; all it knew with it if it `forgets`.
    fn end_agent(&mut self, id: AgentId, forgets: bool, behaviour: &mut dyn Behaviour) {
        let Some(agent) = self.agents.get_mut(id.index()) else { return };
        agent.incarnation = agent.incarnation.wrapping_add(1);
        let was_alive = std::mem::replace(&mut agent.is_alive, false);
        if forgets {
            agent.memory.clear();
            if was_alive {
                behaviour.forget(id);
            }
        }
    }

    /// A timer of the owner is due. Whether it was of these agents.
    pub fn on_timer(
        &mut self,
        message: Message,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) -> bool {
        let Message { code, subject, detail } = message;
        match code {
            ARRIVES => self.on_arrives(subject, detail, behaviour, context),
            LEAVES => self.on_leaves(subject, detail, context),
            TIMER => {
                let timer = TimerId { key: subject, serial: detail as u32 };
                self.on_timer_of_agent(timer, behaviour, context);
            }
            TIMEOUT => self.on_timeout(subject, detail as u32, behaviour, context),
            WORK => self.on_work(subject, detail, behaviour, context),
            BATCH => self.on_batch(subject, context),
            BEGIN => self.begin(AgentId(subject), detail, behaviour, context),
            _ => return code >= OWN_CODES,
        }
        true
    }

    /// Wakes an agent by a [`Stimulus::Timer`] in its turn, for what its owner does on its node: that an instance runs
    /// which it wanted, say. Nothing if the agent is not alive.
    pub fn wake(
        &mut self,
        agent: AgentId,
        code: u32,
        detail: u64,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) {
        if self.is_alive(agent) {
            let stimulus = Stimulus::Timer { code, detail };
            let waiting = Waiting::free(agent, self.incarnation(agent), stimulus);
            self.put_in_line(waiting, behaviour, context);
        }
    }

    fn on_timer_of_agent(
        &mut self,
        timer: TimerId,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) {
        let Some(entry) = self.timers.get(timer) else { return };
        entry.due = None;
        let (agent, incarnation) = (entry.agent, entry.incarnation);
        if self.is_current(agent, incarnation) {
            self.put_in_line(Waiting::timer(agent, incarnation, timer), behaviour, context);
        } else {
            self.timers.remove(timer);
        }
    }

    /// A node has come or gone: with it its agents. Others may have to be told as well, so that there is no answer.
    pub fn on_node_change(
        &mut self,
        node: NodeId,
        change: NodeChange,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) {
        let desk = self.desk_of_node.get(node.index()).copied().unwrap_or(NO_DESK);
        let Some(own) = self.desks.get_mut(desk as usize) else { return };
        let goes = match change {
            NodeChange::Failed | NodeChange::BatteryEmpty | NodeChange::Vanished => true,
            NodeChange::Repaired | NodeChange::BatteryCharged | NodeChange::Appeared => false,
            NodeChange::BatteryLow => return,
        };
        if goes {
            if !std::mem::replace(&mut own.is_up, false) {
                return;
            }
            own.deaths = own.deaths.wrapping_add(1);
            let agents = own.agents.clone();
            self.clear_line(desk, context);
            self.unreserve(desk, context);
            let forgets = !self.options.keeps_state;
            for id in agents {
                self.counts.deaths += u64::from(self.is_alive(id));
                self.end_agent(id, forgets, behaviour);
            }
        } else if !own.is_up && context.infrastructure().node(node).is_available() {
            own.is_up = true;
            let agents = own.agents.clone();
            self.reserve(desk, context);
            for id in agents {
                self.begin_soon(id, context);
            }
        }
    }

    pub(super) fn next_serial(&mut self) -> u32 {
        let serial = self.next_serial;
        self.next_serial = serial.wrapping_add(1);
        serial
    }

    pub(super) fn desk_of(&self, agent: AgentId) -> Option<&Desk> {
        self.agents.get(agent.index()).map(|agent| &self.desks[agent.desk as usize])
    }

    /// Where an agent is; `None` if there is no such agent.
    #[must_use]
    pub fn node(&self, agent: AgentId) -> Option<NodeId> {
        self.desk_of(agent).map(|desk| desk.node)
    }

    /// Whether an agent lives: for records and tests only. What decides must not ask, for no agent can know of another.
    #[must_use]
    pub fn is_alive(&self, agent: AgentId) -> bool {
        self.agents.get(agent.index()).is_some_and(|agent| agent.is_alive)
    }

    /// How often an agent has died or was stopped.
    #[must_use]
    pub fn incarnation(&self, agent: AgentId) -> u32 {
        self.agents.get(agent.index()).map_or(0, |agent| agent.incarnation)
    }

    /// Whether an agent is the one that it was with this incarnation.
    pub(super) fn is_current(&self, agent: AgentId, incarnation: u32) -> bool {
        let own = self.agents.get(agent.index());
        own.is_some_and(|own| own.is_alive && own.incarnation == incarnation)
    }

    /// Whether the node of an agent could spare the cores that handling takes, or none are needed. Without them messages
    /// wait, and the agents try again each second.
    #[must_use]
    pub fn has_cores(&self, agent: AgentId) -> bool {
        !self.options.takes_cores() || self.desk_of(agent).is_some_and(Desk::has_cores)
    }

    /// Stimuli in the line of an agent's node, with the one that is being handled.
    #[must_use]
    pub fn waiting(&self, agent: AgentId) -> usize {
        self.desk_of(agent).map_or(0, Desk::waiting)
    }

    /// Copies of messages on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.letters.len()
    }
}
