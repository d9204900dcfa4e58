//! What an agent may do while it handles a stimulus.

use super::message::{AgentId, Body, RequestId, TimerId};
use crate::engine::{EntityStream, EventHandle, SimDuration};
use slab::Slab;

/// What an agent wants to be done.
#[derive(Debug)]
pub(super) enum Order {
    Send { to: AgentId, kind: u16, bytes: f64, body: Body },
    Request { to: AgentId, kind: u16, bytes: f64, body: Body, tag: u64 },
    Reply { asked: RequestId, kind: u16, bytes: f64, body: Body },
    Timer { timer: TimerId, after: SimDuration },
}

/// A timer that is set, or has fired and waits in the line.
#[derive(Debug)]
pub(super) struct TimerEntry {
    pub(super) agent: AgentId,
    pub(super) incarnation: u32,
    pub(super) code: u32,
    pub(super) detail: u64,
    pub(super) serial: u32,
    /// Of its event, until that fires.
    pub(super) due: Option<EventHandle>,
}

/// All timers of agents.
#[derive(Debug, Default)]
pub(super) struct Timers {
    pub(super) entries: Slab<TimerEntry>,
    next_serial: u32,
}

impl Timers {
    fn insert(&mut self, agent: AgentId, incarnation: u32, code: u32, detail: u64) -> TimerId {
        let serial = self.next_serial;
        self.next_serial = serial.wrapping_add(1);
        let entry = TimerEntry { agent, incarnation, code, detail, serial, due: None };
        TimerId { key: self.entries.insert(entry) as u32, serial }
    }

    pub(super) fn get(&mut self, timer: TimerId) -> Option<&mut TimerEntry> {
        self.entries.get_mut(timer.key as usize).filter(|entry| entry.serial == timer.serial)
    }

    pub(super) fn remove(&mut self, timer: TimerId) -> Option<TimerEntry> {
        self.get(timer)?;
        self.entries.try_remove(timer.key as usize)
    }
}

/// What an agent may do while it handles a stimulus. What is sent leaves when the behaviour returns, or at the end of the
/// time that it was [busy](Self::busy) before.
#[derive(Debug)]
pub struct Mailbox<'a> {
    pub(super) agent: AgentId,
    pub(super) incarnation: u32,
    /// Each with the time after which it is to be done.
    pub(super) orders: &'a mut Vec<(SimDuration, Order)>,
    pub(super) timers: &'a mut Timers,
    /// Events of timers that were cancelled.
    pub(super) cancelled: &'a mut Vec<EventHandle>,
    pub(super) random: &'a mut EntityStream,
    pub(super) busy: SimDuration,
}

impl Mailbox<'_> {
    /// The agent whose mail this is.
    #[must_use]
    pub fn agent(&self) -> AgentId {
        self.agent
    }

    /// Sends a message of this kind and size in bytes. Nobody tells whether it arrives.
    pub fn send(&mut self, to: AgentId, kind: u16, bytes: f64, body: Body) {
        self.orders.push((self.busy, Order::Send { to, kind, bytes, body }));
    }

    /// Asks another agent. Exactly one of [`Stimulus::Reply`](super::Stimulus::Reply) and
    /// [`Stimulus::TimedOut`](super::Stimulus::TimedOut) comes back with `tag`, unless the agent dies before. The request
    /// is sent again if no answer comes in time.
    pub fn request(&mut self, to: AgentId, kind: u16, bytes: f64, body: Body, tag: u64) {
        self.orders.push((self.busy, Order::Request { to, kind, bytes, body, tag }));
    }

    /// Answers a request, now or later. The answer is remembered for resends and doubles of the request.
    pub fn reply(&mut self, asked: RequestId, kind: u16, bytes: f64, body: Body) {
        self.orders.push((self.busy, Order::Reply { asked, kind, bytes, body }));
    }

    /// Sets a timer, which comes back as [`Stimulus::Timer`](super::Stimulus::Timer) unless the agent dies before.
    pub fn timer(&mut self, after: SimDuration, code: u32, detail: u64) -> TimerId {
        let timer = self.timers.insert(self.agent, self.incarnation, code, detail);
        self.orders.push((self.busy, Order::Timer { timer, after }));
        timer
    }

    /// Cancels a timer of this agent, even if it has fired and waits to be handled; nothing if it was handled.
    pub fn cancel(&mut self, timer: TimerId) {
        if self.timers.get(timer).is_some_and(|entry| entry.agent == self.agent)
            && let Some(entry) = self.timers.remove(timer)
        {
            self.cancelled.extend(entry.due);
        }
    }

    /// Works for a while, such as on a decision over a large state: what this stimulus sends and sets later leaves after
    /// it, and what waits in the line of the node is handled after it.
    pub fn busy(&mut self, time: SimDuration) {
        self.busy = self.busy + time;
    }

    /// The random numbers of this agent.
    pub fn random(&mut self) -> &mut EntityStream {
        self.random
    }
}
