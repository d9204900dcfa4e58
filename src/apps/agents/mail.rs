//! Mail: messages on their way from node to node, and what becomes of each.

use super::counts::End;
use super::handling::Waiting;
use super::loss::{self, Fate};
use super::message::{Address, AgentId, Behaviour, Body, Handling, RequestId, Stimulus};
use super::options::CarriedBy;
use super::requests::Seen;
use super::runtime::{ARRIVES, Agents, LEAVES, OWN_TOKENS};
use crate::apps::{Context, Message};
use crate::engine::{Phase, SimDuration, SimTime};
use crate::infra::{NodeId, TransferOutcome, TransferRecord};

/// What is sent.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) kind: u16,
    pub(super) bytes: f64,
    pub(super) body: Body,
}

/// What a message is to its receiver.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// Nobody waits for an answer.
    Message,
    /// A request, and when its asker gives up.
    Request(RequestId, SimTime),
    /// The answer to a request.
    Answer(RequestId),
}

/// One copy of a message on its way.
#[derive(Debug)]
pub(super) struct Letter {
    from: Address,
    /// How often the sender's node had gone when it was sent.
    from_deaths: u32,
    to: Address,
    parcel: Parcel,
    content: Content,
    fate: Fate,
    serial: u32,
    sent: SimTime,
    /// Whether it is part of the summary.
    is_counted: bool,
}

impl Letter {
    /// What its transfer is known by.
    fn token(&self, key: u32) -> u64 {
        OWN_TOKENS | u64::from(self.serial & 0x7fff_ffff) << 32 | u64::from(key)
    }
}

impl Agents {
    /// The node of an address; `None` of an agent that there is not.
    fn node_of(&self, address: Address) -> Option<NodeId> {
        match address {
            Address::Agent(agent) => self.node(agent),
            Address::Node(node) => Some(node),
        }
    }

    /// How often the node of a sender has gone.
    fn deaths_of(&self, address: Address) -> u32 {
        match address {
            Address::Agent(agent) => self.desk_of(agent).map_or(0, |desk| desk.deaths),
            Address::Node(_) => 0,
        }
    }

    /// Whether something at an address could take mail now.
    fn is_there(&self, address: Address, context: &mut dyn Context) -> bool {
        match address {
            Address::Agent(agent) => self.is_alive(agent),
            Address::Node(node) => context.infrastructure().node(node).is_available(),
        }
    }

    /// Sends a message, and its double if chance has it so.
    pub(super) fn post(
        &mut self,
        from: Address,
        to: Address,
        mut parcel: Parcel,
        content: Content,
        is_resent: bool,
        context: &mut dyn Context,
    ) {
        if usize::from(parcel.kind) >= self.kinds.len() {
            self.counts.unknown_kinds += 1;
            return;
        }
        if !(parcel.bytes >= 0.0 && parcel.bytes.is_finite()) {
            parcel.bytes = 0.0;
        }
        let is_counted = context.now() >= context.warm_up_end();
        let random = match from {
            Address::Agent(agent) => &mut self.agents[agent.index()].mail_random,
            Address::Node(node) => {
                let (index, streams) = (node.index(), context.streams());
                if self.askers.len() <= index {
                    self.askers.resize(index + 1, None);
                }
                self.askers[index]
                    .get_or_insert_with(|| streams.entity(&self.ask_stream, u64::from(node.0)))
            }
        };
        let (first, double) = loss::draw(random, &self.options);
        // What stays on a node is spared all that happens on the way.
        let is_local = self.node_of(from) == self.node_of(to);
        let double = double.filter(|_| !is_local);
        self.count_sent(from, &parcel, is_resent, double.is_some(), is_counted);
        let from_deaths = self.deaths_of(from);
        for fate in [Some(first), double].into_iter().flatten() {
            let fate = if is_local { Fate::SPARED } else { fate };
            let serial = self.next_serial();
            let parcel = parcel.clone();
            let sent = context.now();
            let letter =
                Letter { from, from_deaths, to, parcel, content, fate, serial, sent, is_counted };
            self.carry(letter, context);
        }
    }

    /// Sends a copy on its way.
    fn carry(&mut self, letter: Letter, context: &mut dyn Context) {
        let now = context.now();
        let (Some(from), Some(to)) = (self.node_of(letter.from), self.node_of(letter.to)) else {
            return self.end(&letter, End::DeadReceiver, now);
        };
        if from == to {
            return self.expect(letter, SimDuration::ZERO, ARRIVES, context);
        }
        if self.options.is_cut(now, from, to) {
            return self.end(&letter, End::Disconnected, now);
        }
        let round_trips = self.options.handshake_round_trips;
        let by_paths = self.options.carried_by == CarriedBy::Paths;
        if !by_paths && round_trips == 0.0 {
            let key = self.letters.insert(letter) as u32;
            return self.launch(key, context);
        }
        let bytes = letter.parcel.bytes;
        let Some(path) = context.infrastructure().message_path(now, from, to, bytes) else {
            return self.end_unreached(&letter, context);
        };
        let handshake = SimDuration::from_secs(round_trips * 2.0 * path.latency.as_secs());
        if !by_paths {
            return self.expect(letter, handshake, LEAVES, context);
        }
        if letter.fate.is_lost(path.hops, &self.options) {
            return self.end(&letter, End::Lost, now);
        }
        let delay = handshake + path.delay + letter.fate.late_by;
        self.expect(letter, delay, ARRIVES, context);
    }

    /// Keeps a copy until something is due of it.
    fn expect(&mut self, letter: Letter, after: SimDuration, code: u32, context: &mut dyn Context) {
        let detail = u64::from(letter.serial);
        let subject = self.letters.insert(letter) as u32;
        // As transfers arrive.
        let phase = Phase::Completion;
        context.set_timer(context.now() + after, phase, Message { code, subject, detail });
    }

    fn letter(&self, key: u32, serial: u64) -> Option<&Letter> {
        self.letters.get(key as usize).filter(|letter| u64::from(letter.serial) == serial)
    }

    /// Connections are set up: a copy leaves.
    pub(super) fn on_leaves(&mut self, key: u32, serial: u64, context: &mut dyn Context) {
        let Some(letter) = self.letter(key, serial) else { return };
        if self.deaths_of(letter.from) != letter.from_deaths {
            let letter = self.letters.remove(key as usize);
            return self.end_unreached(&letter, context);
        }
        self.launch(key, context);
    }

    fn launch(&mut self, key: u32, context: &mut dyn Context) {
        let Some(letter) = self.letters.get(key as usize) else { return };
        let (bytes, token) = (letter.parcel.bytes, letter.token(key));
        let ends = (self.node_of(letter.from), self.node_of(letter.to));
        let (Some(from), Some(to)) = ends else { return };
        if context.start_transfer(from, to, bytes, token).is_err() {
            let letter = self.letters.remove(key as usize);
            self.end_unreached(&letter, context);
        }
    }

    /// A transfer has ended. Whether it was of these agents.
    pub fn on_transfer_end(
        &mut self,
        record: &TransferRecord,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) -> bool {
        let token = record.owner.token;
        if token & OWN_TOKENS == 0 {
            return false;
        }
        let key = token as u32;
        let is_own = self.letters.get(key as usize).is_some_and(|letter| letter.token(key) == token);
        if !is_own {
            return true;
        }
        let letter = self.letters.remove(key as usize);
        if record.outcome != TransferOutcome::Delivered {
            self.end_unreached(&letter, context);
        } else if letter.fate.is_lost(record.hops, &self.options) {
            self.end(&letter, End::Lost, context.now());
        } else if letter.fate.late_by > SimDuration::ZERO {
            let late_by = letter.fate.late_by;
            self.expect(letter, late_by, ARRIVES, context);
        } else {
            self.arrive(letter, behaviour, context);
        }
        true
    }

    /// A copy that was expected comes.
    pub(super) fn on_arrives(
        &mut self,
        key: u32,
        serial: u64,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) {
        let Some(letter) = self.letter(key, serial) else { return };
        // A transfer whose sender goes ends by itself.
        let sender_is_gone = self.options.carried_by == CarriedBy::Paths
            && match letter.from {
                Address::Agent(_) => self.deaths_of(letter.from) != letter.from_deaths,
                Address::Node(node) => !context.infrastructure().node(node).is_available(),
            };
        let letter = self.letters.remove(key as usize);
        if sender_is_gone {
            return self.end_unreached(&letter, context);
        }
        self.arrive(letter, behaviour, context);
    }

    fn end_unreached(&mut self, letter: &Letter, context: &mut dyn Context) {
        let is_there = self.is_there(letter.to, context);
        let end = if is_there { End::Disconnected } else { End::DeadReceiver };
        self.end(letter, end, context.now());
    }

    fn end(&mut self, letter: &Letter, end: End, now: SimTime) {
        let after = now.since(letter.sent);
        let ends = (letter.from, letter.to);
        self.count_end(ends, letter.parcel.kind, end, after, letter.is_counted);
    }

    /// A copy is at its receiver's node.
    fn arrive(&mut self, letter: Letter, behaviour: &mut dyn Behaviour, context: &mut dyn Context) {
        if !self.is_there(letter.to, context) {
            return self.end(&letter, End::DeadReceiver, context.now());
        }
        self.end(&letter, End::Delivered, context.now());
        let from = match letter.from {
            Address::Agent(agent) => agent,
            Address::Node(_) => AgentId::NOBODY,
        };
        let Parcel { kind, bytes, body } = letter.parcel;
        let mut until = SimTime::MAX;
        let stimulus = match (letter.to, letter.content) {
            (_, Content::Answer(id)) => {
                let Some(request) = self.settle(id, context) else {
                    self.counts.requests.stray += u64::from(letter.is_counted);
                    return;
                };
                let tag = request.tag;
                if let Address::Node(_) = letter.to {
                    return behaviour.on_answer(tag, Some((kind, body)), context);
                }
                Stimulus::Reply { tag, from, kind, body }
            }
            (Address::Agent(agent), Content::Request(id, gives_up)) => {
                until = gives_up;
                match self.see(agent, id, context.now()) {
                    Seen::New => {}
                    Seen::Open => {
                        self.counts.requests.repeated += u64::from(letter.is_counted);
                        return;
                    }
                    Seen::Answered(answer) => {
                        self.counts.requests.repeated += u64::from(letter.is_counted);
                        let content = Content::Answer(id);
                        let own = Address::Agent(agent);
                        return self.post(own, id.asker, answer, content, true, context);
                    }
                }
                Stimulus::Message { from, kind, body, asked: Some(id) }
            }
            _ => Stimulus::Message { from, kind, body, asked: None },
        };
        let Address::Agent(agent) = letter.to else { return };
        let handling = self.kinds.get(usize::from(kind)).map_or(Handling::Free, |kind| kind.handling);
        let incarnation = self.incarnation(agent);
        let mut waiting = Waiting::message(agent, incarnation, stimulus, handling, bytes);
        waiting.until = until;
        if handling == Handling::Free {
            return self.handle(waiting, behaviour, context);
        }
        self.put_in_line(waiting, behaviour, context);
    }
}
