//! Requests that wait for answers, and the memory of answers that were given.

use super::handling::Waiting;
use super::mail::{Content, Parcel};
use super::message::{Address, AgentId, Behaviour, Body, RequestId, Stimulus};
use super::runtime::{Agents, TIMEOUT};
use crate::apps::{Context, Message};
use crate::engine::{EventHandle, Phase, SimDuration, SimTime};
use crate::infra::NodeId;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;

/// How many times as long as its sender waits for the answer a request is remembered: nothing of it should come later.
const REMEMBERED_WAITS: u64 = 4;

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) struct Outstanding {
    asker: Address,
    /// That of the asker when it asked; 0 of what is no agent.
    incarnation: u32,
    pub(super) tag: u64,
    to: AgentId,
    parcel: Parcel,
    /// How often it was sent.
    tries: u32,
    serial: u32,
    /// When its asker gives up.
    until: SimTime,
    /// Of the end of the time for its answer.
    due: EventHandle,
    is_counted: bool,
}

/// What an agent knows of a request that comes.
#[derive(Debug)]
pub(super) enum Seen {
    /// It has not come before.
    New,
    /// It has, and is not answered yet.
    Open,
    /// It has, and was answered so.
    Answered(Parcel),
}

/// The requests that an agent remembers, with their answers once they are given.
#[derive(Debug, Default)]
pub(super) struct Memory {
    known: FxHashMap<RequestId, Option<Parcel>>,
    /// When each has come first, in that order.
    order: VecDeque<(SimTime, RequestId)>,
}

impl Memory {
    /// A request comes; those that came more than so long before are forgotten.
    pub(super) fn see(&mut self, id: RequestId, now: SimTime, longest: SimDuration) -> Seen {
        while let Some(&(came, old)) = self.order.front()
            && now.since(came) > longest
        {
            self.order.pop_front();
            self.known.remove(&old);
        }
        match self.known.entry(id) {
            Entry::Occupied(own) => own.get().clone().map_or(Seen::Open, Seen::Answered),
            Entry::Vacant(own) => {
                own.insert(None);
                self.order.push_back((now, id));
                Seen::New
            }
        }
    }

    /// A request is answered; the first answer stays.
    fn answer(&mut self, id: RequestId, answer: &Parcel) {
        if let Some(known) = self.known.get_mut(&id) {
            known.get_or_insert_with(|| answer.clone());
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Memory::default();
    }
}

impl Agents {
    /// Asks an agent for what is no agent, on node `from`: by the same mail, with the same losses.
    /// [`Behaviour::on_answer`] tells of the first answer, or that there was none in time, with `tag`. The random numbers
    /// are those of the node.
    #[allow(clippy::too_many_arguments, reason = "a request, whom it goes to, and from where")]
    pub fn ask(
        &mut self,
        from: NodeId,
        to: AgentId,
        kind: u16,
        bytes: f64,
        body: Body,
        tag: u64,
        context: &mut dyn Context,
    ) {
        self.request(Address::Node(from), 0, to, Parcel { kind, bytes, body }, tag, context);
    }

    /// Sends a request and waits for its answer.
    pub(super) fn request(
        &mut self,
        asker: Address,
        incarnation: u32,
        to: AgentId,
        parcel: Parcel,
        tag: u64,
        context: &mut dyn Context,
    ) {
        let serial = self.next_serial();
        let key = self.requests.vacant_key() as u32;
        let is_counted = context.now() >= context.warm_up_end();
        self.counts.requests.asked += u64::from(is_counted);
        let due = self.await_answer(asker, key, serial, context);
        let until = context.now() + self.patience(asker);
        self.requests.insert(Outstanding {
            asker,
            incarnation,
            tag,
            to,
            parcel: parcel.clone(),
            tries: 1,
            serial,
            until,
            due,
            is_counted,
        });
        let content = Content::Request(RequestId { asker, key, serial }, until);
        self.post(asker, Address::Agent(to), parcel, content, false, context);
    }

    fn await_answer(
        &self,
        asker: Address,
        key: u32,
        serial: u32,
        context: &mut dyn Context,
    ) -> EventHandle {
        let message = Message { code: TIMEOUT, subject: key, detail: u64::from(serial) };
        let timeout = match asker {
            Address::Agent(_) => self.options.timeout,
            Address::Node(_) => self.options.ask_timeout,
        };
        let time = context.now() + timeout;
        // An answer that comes at that instant is in time.
        context.set_timer(time, Phase::Control, message)
    }

    /// What an agent knows of a request that comes.
    pub(super) fn see(&mut self, agent: AgentId, id: RequestId, now: SimTime) -> Seen {
        let longest = self.patience(Address::Agent(agent)).max(self.patience(Address::Node(NodeId(0))));
        let longest = SimDuration::from_nanos(longest.as_nanos().saturating_mul(REMEMBERED_WAITS));
        self.agents[agent.index()].memory.see(id, now, longest)
    }

    /// How long an asker waits for an answer before it gives up.
    fn patience(&self, asker: Address) -> SimDuration {
        let (timeout, retries) = match asker {
            Address::Agent(_) => (self.options.timeout, self.options.retries),
            Address::Node(_) => (self.options.ask_timeout, self.options.ask_retries),
        };
        SimDuration::from_nanos(timeout.as_nanos().saturating_mul(u64::from(retries) + 1))
    }

    fn outstanding(&mut self, key: u32, serial: u32) -> Option<&mut Outstanding> {
        self.requests.get_mut(key as usize).filter(|request| request.serial == serial)
    }

    /// Answers a request.
    pub(super) fn answer(
        &mut self,
        agent: AgentId,
        asked: RequestId,
        parcel: Parcel,
        context: &mut dyn Context,
    ) {
        if let Some(own) = self.agents.get_mut(agent.index()) {
            own.memory.answer(asked, &parcel);
        }
        let from = Address::Agent(agent);
        self.post(from, asked.asker, parcel, Content::Answer(asked), false, context);
    }

    /// An answer has come: the request that it is for, if that still waits.
    pub(super) fn settle(&mut self, id: RequestId, context: &mut dyn Context) -> Option<Outstanding> {
        let request = self.outstanding(id.key, id.serial)?;
        let (asker, incarnation) = (request.asker, request.incarnation);
        let is_waited_for = self.still_asks(asker, incarnation);
        let request = self.requests.try_remove(id.key as usize)?;
        context.cancel_timer(request.due);
        let counts = &mut self.counts.requests;
        let count = if is_waited_for { &mut counts.answered } else { &mut counts.abandoned };
        *count += u64::from(request.is_counted);
        is_waited_for.then_some(request)
    }

    /// Whether who has asked is there to hear the answer.
    fn still_asks(&self, asker: Address, incarnation: u32) -> bool {
        match asker {
            Address::Agent(agent) => self.is_current(agent, incarnation),
            Address::Node(_) => true,
        }
    }

    /// The time for an answer has passed.
    pub(super) fn on_timeout(
        &mut self,
        key: u32,
        serial: u32,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) {
        let Some(request) = self.outstanding(key, serial) else { return };
        let (asker, incarnation, to) = (request.asker, request.incarnation, request.to);
        let (tries, is_counted) = (request.tries, request.is_counted);
        if !self.still_asks(asker, incarnation) {
            self.counts.requests.abandoned += u64::from(is_counted);
            self.requests.remove(key as usize);
            return;
        }
        let retries = match asker {
            Address::Agent(_) => self.options.retries,
            Address::Node(_) => self.options.ask_retries,
        };
        if tries <= retries {
            let due = self.await_answer(asker, key, serial, context);
            let Some(request) = self.outstanding(key, serial) else { return };
            (request.tries, request.due) = (tries + 1, due);
            let (parcel, until) = (request.parcel.clone(), request.until);
            let content = Content::Request(RequestId { asker, key, serial }, until);
            return self.post(asker, Address::Agent(to), parcel, content, true, context);
        }
        let tag = self.requests.remove(key as usize).tag;
        self.counts.requests.timed_out += u64::from(is_counted);
        match asker {
            Address::Agent(agent) => {
                let own = &mut self.agents[agent.index()];
                own.totals.timed_out += u64::from(is_counted);
                let waiting = Waiting::free(agent, incarnation, Stimulus::TimedOut { tag, to });
                self.put_in_line(waiting, behaviour, context);
            }
            Address::Node(_) => behaviour.on_answer(tag, None, context),
        }
    }
}
