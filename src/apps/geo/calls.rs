//! What an operation does at a site: a tree of calls, each of which waits for one thing at a time.

use super::answer::{Answer, Failure};
use super::plan::Access;
use super::state::{Geo, Hands};
use crate::apps::agents::{Body, RequestId, TimerId};
use crate::engine::SimTime;
use crate::scope::Plan;
use std::sync::Arc;

/// Messages between agents.
pub(super) const CALL: u16 = 0;
pub(super) const ANSWER: u16 = 1;
pub(super) const GROUP: u16 = 2;
pub(super) const DONE: u16 = 3;
pub(super) const HEARTBEAT: u16 = 4;
pub(super) const STAND: u16 = 5;

/// Bytes of an answer without a body, and of small messages.
pub(super) const SMALL_BYTES: f64 = 64.0;

/// A call: its place, and what tells it from others that were kept there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CallId {
    pub(super) key: u32,
    pub(super) serial: u32,
}

impl CallId {
    pub(super) fn token(self) -> u64 {
        u64::from(self.serial) << 32 | u64::from(self.key)
    }

    pub(super) fn of_token(token: u64) -> Self {
        CallId { key: token as u32, serial: (token >> 32) as u32 & 0x3fff_ffff }
    }
}

/// Who waits for a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parent {
    /// A user, with this operation.
    User(u32),
    /// Another call at the same site.
    Call(CallId),
    /// An agent of another site.
    Remote(RequestId),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) kind: u16,
    pub(super) access: Access,
    /// Which resource; `None` for any that the site has.
    pub(super) resource: Option<u32>,
    pub(super) scope: Option<u16>,
    /// Whether the scope says where the resource is looked for, rather than who holds it.
    pub(super) is_strict: bool,
    /// The site of the user.
    pub(super) user_site: u32,
    /// How often it has been sent to another site.
    pub(super) hops: u8,
}

/// A place where a call may be done.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// As planned.
    Plan(Plan),
    /// At a site that is known to hold the resource.
    Site(u32),
}

/// What a call waits for.
#[derive(Debug)]
pub(super) enum Wait {
    /// Nothing yet.
    Nothing,
    /// One of several ways, of which these are left, the next one last.
    Ways(Vec<Way>),
    /// All of its children.
    Children { left: u32, failure: Option<Failure> },
    /// The answer of another site.
    Answer,
    /// Its own work.
    Work { since: SimTime },
    /// The call with this number that it has caused elsewhere.
    Caused { next: usize },
    /// That a group agrees on its write.
    Write { group: u32, place: u32, sequence: u64, timer: TimerId },
    /// That a leader is confirmed.
    Confirm { group: u32, place: u32, until: SimTime, timer: Option<TimerId> },
}

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) serial: u32,
    pub(super) site: u32,
    pub(super) parent: Parent,
    pub(super) task: Task,
    pub(super) wait: Wait,
    pub(super) answer: Answer,
}

/// A call that is sent to another site.
#[derive(Clone, Copy, Debug)]
pub(super) struct RemoteCall {
    pub(super) task: Task,
}

/// What comes back.
#[derive(Clone, Copy, Debug)]
pub(super) struct RemoteAnswer(pub(super) Result<Answer, Failure>);

impl Geo {
    pub(super) fn new_call(&mut self, site: u32, parent: Parent, task: Task) -> CallId {
        let serial = self.serial();
        let (wait, answer) = (Wait::Nothing, Answer::default());
        let key = self.calls.insert(Call { serial, site, parent, task, wait, answer }) as u32;
        CallId { key, serial }
    }

    pub(super) fn call(&mut self, id: CallId) -> Option<&mut Call> {
        self.calls.get_mut(id.key as usize).filter(|call| call.serial == id.serial)
    }

    /// A call has come to its end.
    pub(super) fn finish(&mut self, id: CallId, result: Result<(), Failure>, hands: &mut Hands<'_, '_>) {
        if self.call(id).is_none() {
            return;
        }
        let call = self.calls.remove(id.key as usize);
        if let Wait::Write { timer, .. } | Wait::Confirm { timer: Some(timer), .. } = call.wait {
            hands.mail.cancel(timer);
        }
        let result = result.map(|()| call.answer);
        match call.parent {
            Parent::User(operation) => self.end_operation(operation, result, hands.context),
            Parent::Call(parent) => self.child_ended(parent, result, hands),
            Parent::Remote(asked) => {
                let kind = &self.plan.kinds[usize::from(call.task.kind)];
                let bytes = if result.is_ok() { kind.response_bytes } else { SMALL_BYTES };
                let body: Body = Arc::new(RemoteAnswer(result));
                hands.mail.reply(asked, ANSWER, bytes, body);
            }
        }
    }

    /// What a call has waited for has come to its end.
    pub(super) fn child_ended(
        &mut self,
        id: CallId,
        result: Result<Answer, Failure>,
        hands: &mut Hands<'_, '_>,
    ) {
        let Some(call) = self.call(id) else { return };
        if let Ok(answer) = result {
            call.answer.add(answer);
        }
        match &mut call.wait {
            Wait::Ways(_) => match result {
                Ok(_) => self.finish(id, Ok(()), hands),
                Err(failure) => self.next_way(id, failure, hands),
            },
            Wait::Children { left, failure } => {
                *left -= 1;
                if let Err(own) = result {
                    failure.get_or_insert(own);
                }
                if *left == 0 {
                    let result = failure.map_or(Ok(()), Err);
                    self.finish(id, result, hands);
                }
            }
            Wait::Caused { .. } => match result {
                Ok(_) => self.cause_next(id, hands),
                Err(failure) => self.finish(id, Err(failure), hands),
            },
            Wait::Answer => {
                call.answer.messages += 2;
                self.finish(id, result.map(|_| ()), hands);
            }
            Wait::Nothing | Wait::Work { .. } | Wait::Write { .. } | Wait::Confirm { .. } => {}
        }
    }

    /// Tries the next of the ways of a call; `failure` is that of the one before.
    pub(super) fn next_way(&mut self, id: CallId, failure: Failure, hands: &mut Hands<'_, '_>) {
        let Some(call) = self.call(id) else { return };
        let (site, task) = (call.site, call.task);
        let Wait::Ways(ways) = &mut call.wait else { return };
        // A member that did not answer may yet do what was asked: another one would do it twice.
        let is_open = failure == Failure::TimedOut && task.access != Access::Read;
        let next = ways.pop().filter(|way| !(is_open && matches!(way, Way::Site(_))));
        let Some(way) = next else {
            return self.finish(id, Err(failure), hands);
        };
        let child = self.new_call(site, Parent::Call(id), task);
        match way {
            Way::Plan(plan) => self.follow(child, &plan, hands),
            Way::Site(to) if to == site => self.here(child, hands),
            Way::Site(to) => self.away(child, to, hands),
        }
    }

    /// Tries ways one after another, the first one first.
    pub(super) fn try_ways(&mut self, id: CallId, mut ways: Vec<Way>, hands: &mut Hands<'_, '_>) {
        ways.reverse();
        if let Some(call) = self.call(id) {
            call.wait = Wait::Ways(ways);
            self.next_way(id, Failure::Unreachable, hands);
        }
    }

    /// All calls of a site are lost with it.
    pub(super) fn lose_calls(&mut self, site: u32) {
        self.calls.retain(|_, call| call.site != site);
    }
}
