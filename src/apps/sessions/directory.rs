//! How users learn of instances: they ask, by mail, and go where they are told.

use super::workload::{Errand, Sessions};
use crate::apps::agents::{AgentId, Body, Stimulus};
use crate::apps::orchestration::{
    ANSWER, AgentLayout, Answer, OrchestrationRequest, Order, QUERY, Query, UserId,
};
use crate::apps::{Context, Message};
use crate::engine::{ABSENT, Phase, SimTime};
use std::sync::Arc;

/// Timer: it is time for a user to ask again.
pub(super) const ASK_AGAIN: u32 = 2;

impl Sessions {
    /// It is time for a user to ask again.
    pub(super) fn on_ask_again(&mut self, user: u32, cycle: u64, context: &mut dyn Context) {
        let own = &self.users[user as usize];
        if u64::from(own.cycle) == cycle && own.is_present {
            self.ask(user, context);
        }
    }

    /// A user asks for an instance, unless it does already.
    pub(super) fn ask(&mut self, user: u32, context: &mut dyn Context) {
        let own = &mut self.users[user as usize];
        if own.is_asking || !context.infrastructure().node(own.node).is_available() {
            return;
        }
        own.is_asking = true;
        own.query = own.query.wrapping_add(1);
        own.attempt = 0;
        own.asked = context.now();
        self.totals.queries += u64::from(own.asked >= self.warm_up_end);
        if self.options.plane.layout == AgentLayout::None {
            let answer = self.ask_on_the_spot(user, context);
            self.answered(user, answer, context);
        } else {
            self.ask_next(user, context);
        }
    }

    /// Asks the next agent that may know, if there is one more.
    fn ask_next(&mut self, user: u32, context: &mut dyn Context) {
        let own = &self.users[user as usize];
        let (service, attempt) = (own.service, own.attempt);
        let plane = context.control_plane(self.options.plane.number);
        match plane.and_then(|plane| plane.directory(service, attempt)) {
            Some(agent) => self.errands.push_back(Errand::Ask { user, agent }),
            None => self.no_answer(user, context),
        }
    }

    /// What a user asks.
    pub(super) fn query(&mut self, user: u32, context: &mut dyn Context) -> Query {
        let position = self.tell_position(user, context);
        Query { user: UserId(user), service: self.users[user as usize].service, position }
    }

    /// What the answer to the query of a user is known by.
    pub(super) fn query_tag(&self, user: u32) -> u64 {
        u64::from(self.users[user as usize].query) << 32 | u64::from(user)
    }

    /// Asks a control plane without agents.
    fn ask_on_the_spot(&mut self, user: u32, context: &mut dyn Context) -> Option<Answer> {
        let query = self.query(user, context);
        match Arc::get_mut(&mut self.query_body) {
            Some(own) => *own = query,
            None => self.query_body = Arc::new(query),
        }
        let body: Body = self.query_body.clone();
        let stimulus = Stimulus::Message { from: AgentId::NOBODY, kind: QUERY, body, asked: None };
        let request = OrchestrationRequest {
            plane: self.options.plane.number,
            agent: AgentId::NOBODY,
            node: self.users[user as usize].node,
            service: query.service,
            stimulus: &stimulus,
        };
        self.now = context.now();
        let mut orders = std::mem::take(&mut self.orders);
        context.decide_orchestration(&request, &*self, &mut orders);
        let answer = orders.drain(..).find_map(|order| match order {
            Order::Send { body, .. } => body.downcast_ref::<Answer>().copied(),
            _ => None,
        });
        self.orders = orders;
        answer
    }

    /// What came of a query by mail.
    pub(super) fn on_reply(&mut self, tag: u64, reply: Option<(u16, Body)>, context: &mut dyn Context) {
        let (user, query) = (tag as u32, (tag >> 32) as u32);
        let Some(own) = self.users.get_mut(user as usize) else { return };
        if own.query != query || !own.is_asking {
            return;
        }
        let answer = reply.filter(|(kind, _)| *kind == ANSWER);
        match answer.and_then(|(_, body)| body.downcast_ref::<Answer>().copied()) {
            Some(answer) => self.answered(user, Some(answer), context),
            None => {
                own.attempt += 1;
                self.ask_next(user, context);
            }
        }
    }

    /// A user is told where to go.
    fn answered(&mut self, user: u32, answer: Option<Answer>, context: &mut dyn Context) {
        let now = context.now();
        let own = &mut self.users[user as usize];
        own.is_asking = false;
        let (asked, service, is_present) = (own.asked, own.service, own.is_present);
        if asked >= self.warm_up_end {
            self.totals.query_s.add(now.since(asked).as_secs());
        }
        let slot = answer.and_then(|answer| answer.instance).and_then(|node| self.slot(node, service));
        if is_present {
            match slot {
                Some(slot) => self.tell_address(user, slot, now),
                None => {
                    self.end_address(user, now);
                    self.users[user as usize].told = ABSENT;
                }
            }
        }
        self.go_on_asking(user, context);
    }

    /// Nobody has answered: the user stays where it is, if it is anywhere.
    fn no_answer(&mut self, user: u32, context: &mut dyn Context) {
        let own = &mut self.users[user as usize];
        own.is_asking = false;
        self.totals.unanswered += u64::from(own.asked >= self.warm_up_end);
        self.go_on_asking(user, context);
    }

    /// Sends the requests that have waited, and sets the time for the next query.
    pub(super) fn go_on_asking(&mut self, user: u32, context: &mut dyn Context) {
        let own = &mut self.users[user as usize];
        own.cycle = own.cycle.wrapping_add(1);
        if own.is_present {
            let message = Message { code: ASK_AGAIN, subject: user, detail: u64::from(own.cycle) };
            context.set_timer(context.now() + self.options.ask_again, Phase::Demand, message);
        }
        self.send_waiting(user, context);
    }

    /// A user goes to an instance from now on.
    pub(super) fn tell_address(&mut self, user: u32, slot: u32, now: SimTime) {
        let own = &self.users[user as usize];
        if own.address == slot {
            return;
        }
        // Told again what it has just found not to answer, it has been there all the time.
        let goes_on = own.address == ABSENT && own.told == slot;
        if !goes_on {
            self.end_address(user, now);
        }
        let own = &mut self.users[user as usize];
        own.address = slot;
        own.redirect = ABSENT;
        if !goes_on {
            (own.told, own.told_since) = (slot, now);
        }
    }

    /// A user does not go where it went any more. For how long there was no instance is noted.
    pub(super) fn end_address(&mut self, user: u32, now: SimTime) {
        let own = &mut self.users[user as usize];
        own.redirect = ABSENT;
        let slot = std::mem::replace(&mut own.address, ABSENT);
        if let Some(outage) = self.outages.get(slot as usize) {
            let (from, to) = (own.told_since.max(outage.since), outage.until.min(now));
            if to > from && to >= self.warm_up_end {
                self.totals.stale_s = self.totals.stale_s.max(to.since(from).as_secs());
            }
        }
    }

    /// A request has found no instance where the user goes: it asks again, unless it has been told of another meanwhile.
    pub(super) fn doubt(&mut self, user: u32, slot: u32, context: &mut dyn Context) {
        let own = &self.users[user as usize];
        if !own.is_present || own.address != slot {
            return;
        }
        self.end_address(user, context.now());
        self.ask(user, context);
    }
}

/// When there was no instance at a place for the last time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) since: SimTime,
    pub(super) until: SimTime,
}
