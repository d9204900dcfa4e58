//! The root: it knows all nodes of its tree, gives each a parent, and tells users where to go.

use super::index::Index;
use super::messages::{
    BEAT, CHECK, CONFIRM, CONFIRMED, Change, FORWARDED, Forwarded, Leave, Lost, MESSAGE_BYTES, Mark,
    NOTED, Noted, OfService, PING, PLACED, Ping, Placed, Purpose, Redirect, SignOn, Status, detail, tag,
};
use super::node::{Link, Platform};
use super::{Turn, node};
use crate::apps::agents::{AgentId, RequestId};
use crate::apps::orchestration::{Answer, Order};
use crate::engine::{SimDuration, SimTime};
use crate::infra::NodeId;
use crate::placement::orchestration::PlatformList;
use std::collections::VecDeque;
use std::sync::Arc;

/// Health intervals after which a node of which the root has not heard is looked for; nodes confirm their parents three
/// times as often.
const LEASE_ROUNDS: f64 = 3.0 * node::CONFIRM_ROUNDS;

/// Health intervals until the child of a dead node must have found another parent, or is looked for.
const ORPHAN_ROUNDS: f64 = 6.0;

/// Changes of the index that are kept for those that stand by.
const MOST_CHANGES: usize = 4096;

/// What an agent knows as the root of a tree, or as one that stands by for it.
#[derive(Debug)]
pub(super) struct Office {
    pub service: u32,
    /// Whether it is the root, as far as it knows.
    pub acts: bool,
    /// The root, as far as it knows.
    pub mark: Mark,
    pub index: Index,
    /// The last changes of the index; the number of the next one.
    pub changes: VecDeque<Change>,
    pub next: u64,
    /// Nodes that should have signed on since: when it is too late, and the stamp that they had.
    doubts: VecDeque<(SimTime, AgentId, SimTime)>,
    /// Nodes that have left of late: until when that matters, and when they said so, so that what they said before and is late does
    /// not bring them back.
    left: VecDeque<(SimTime, AgentId, SimTime)>,
    /// When all nodes are looked through again for such that were not heard of.
    swept: SimTime,
    /// Of one that stands by: whom it takes for the root, and when it has heard of one.
    pub watched: AgentId,
    pub heard: SimTime,
    /// Tells the timers of this time in office from those of others.
    pub serial: u32,
}

impl Office {
    /// That of one who stands by.
    pub(super) fn new(service: u32, mark: Mark, now: SimTime, serial: u32) -> Self {
        Office {
            service,
            acts: false,
            mark,
            index: Index::default(),
            changes: VecDeque::new(),
            next: 0,
            doubts: VecDeque::new(),
            left: VecDeque::new(),
            swept: now,
            watched: mark.root,
            heard: now,
            serial,
        }
    }

    fn note(&mut self, change: Change) {
        if self.changes.len() == MOST_CHANGES {
            self.changes.pop_front();
        }
        self.changes.push_back(change);
        self.next += 1;
    }

    pub(super) fn set(
        &mut self,
        agent: AgentId,
        parent: Option<AgentId>,
        stamp: SimTime,
        now: SimTime,
        list: &PlatformList,
    ) {
        let old = self.index.get(agent).map(|own| (own.parent, own.stamp));
        self.index.set(agent, parent, [stamp, now], list);
        if old != Some((parent, stamp)) {
            self.note(Change::Node { agent, parent, stamp });
        }
    }

    fn forget_left(&mut self, now: SimTime) {
        while self.left.front().is_some_and(|own| own.0 <= now) {
            self.left.pop_front();
        }
    }

    /// Takes a node out; its children are looked for if they do not say soon that they live.
    fn remove(&mut self, agent: AgentId, turn: &mut Turn<'_, '_>) {
        if self.index.remove(agent, turn.view.list()).is_none() {
            return;
        }
        turn.counts.removed += 1;
        self.note(Change::Gone(agent));
        self.doubt_children(agent, turn);
    }

    pub(super) fn doubt_children(&mut self, agent: AgentId, turn: &Turn<'_, '_>) {
        let due = turn.now() + rounds(ORPHAN_ROUNDS, turn);
        let children = self.index.agents().filter(|own| own.1.parent == Some(agent));
        self.doubts.extend(children.map(|(child, own)| (due, child, own.stamp)));
    }

    /// Whether a node is there is asked of itself; until it answers, users and orphans are not sent to it.
    fn verify(&mut self, agent: AgentId, turn: &mut Turn<'_, '_>) {
        let Some(entry) = self.index.get_mut(agent).filter(|own| !own.is_suspect) else { return };
        if agent == turn.me() {
            return;
        }
        entry.is_suspect = true;
        let body = Arc::new(OfService(self.service));
        turn.request(agent, CHECK, MESSAGE_BYTES, body, tag(Purpose::Verify, self.service, 0));
    }

    /// Becomes the root, of what it knows.
    pub(super) fn begin(&mut self, now: SimTime, serial: u32, turn: &mut Turn<'_, '_>) {
        (self.acts, self.serial) = (true, serial);
        self.mark = Mark { since: now, root: turn.me(), beat: 0 };
        self.watched = turn.me();
        self.changes.clear();
        // Who has nothing yet has 0.
        self.next = 1;
        self.swept = now;
        turn.timer(turn.own().health, BEAT, detail(self.service, serial));
    }
}

fn rounds(count: f64, turn: &Turn<'_, '_>) -> SimDuration {
    SimDuration::from_secs(turn.own().health.as_secs() * count)
}

impl Platform {
    /// The heart of the root beats: those that stand by hear of it, and nodes that were not heard of are looked for.
    pub(super) fn on_beat(&mut self, service: u32, serial: u32, turn: &mut Turn<'_, '_>) {
        let now = turn.now();
        let Some(office) = self.office_mut(service).filter(|own| own.acts && own.serial == serial)
        else {
            return;
        };
        office.mark.beat += 1;
        let mark = office.mark;
        turn.timer(turn.own().health, BEAT, detail(service, serial));
        while let Some(&(due, agent, stamp)) = office.doubts.front()
            && due <= now
        {
            office.doubts.pop_front();
            if office.index.get(agent).is_some_and(|own| own.stamp == stamp) {
                office.verify(agent, turn);
            }
        }
        if now.since(office.swept) >= rounds(node::CONFIRM_ROUNDS, turn) {
            office.swept = now;
            let lease = rounds(LEASE_ROUNDS, turn);
            let silent = office.index.agents().filter(|own| now.since(own.1.heard) >= lease);
            let silent: Vec<AgentId> = silent.map(|own| own.0).collect();
            silent.into_iter().for_each(|agent| office.verify(agent, turn));
        }
        self.ping(service, mark, turn);
        if let Some(member) = self.member_mut(service) {
            member.mark = mark;
            member.advanced = now;
        }
    }

    /// Tells those that could be the root who is.
    pub(super) fn ping(&self, service: u32, mark: Mark, turn: &mut Turn<'_, '_>) {
        let shared = turn.shared;
        let others = shared.services.get(service as usize).map_or(&[][..], |own| &own.order);
        if others.len() < 2 {
            return;
        }
        let body = Arc::new(Ping { service, mark });
        for &other in others.iter().filter(|own| **own != mark.root) {
            turn.send(other, PING, MESSAGE_BYTES, Arc::clone(&body) as _);
        }
    }

    /// The office of the root, if this agent has it; else who has, as far as it knows.
    fn acting(&mut self, service: u32, turn: &Turn<'_, '_>) -> Result<&mut Office, Mark> {
        let known = self.known_mark(service, turn);
        match self.office_mut(service) {
            Some(office) if office.acts => Ok(office),
            _ => Err(known),
        }
    }

    /// The root as far as this agent knows.
    pub(super) fn known_mark(&self, service: u32, turn: &Turn<'_, '_>) -> Mark {
        let first = || turn.service(service).and_then(|own| own.order.first().copied());
        let given = || Mark { since: SimTime::ZERO, root: first().unwrap_or(AgentId::NOBODY), beat: 0 };
        let office = self.office(service).map(|own| own.mark);
        let member = self.member(service).map(|own| own.mark);
        office.max(member).unwrap_or_else(given)
    }

    /// A node wants a parent, or says which it has.
    pub(super) fn on_sign_on(
        &mut self,
        asks: &SignOn,
        from: AgentId,
        kind: u16,
        asked: Option<RequestId>,
        turn: &mut Turn<'_, '_>,
    ) {
        let answer = if kind == CONFIRM { CONFIRMED } else { PLACED };
        let me = turn.me();
        let placed = match self.acting(asks.service, turn) {
            Err(mark) => Placed { mark, parent: None },
            Ok(office) => {
                let parent = office.place(asks, from, me, turn);
                Placed { mark: office.mark, parent }
            }
        };
        turn.reply(asked, answer, MESSAGE_BYTES, Arc::new(placed));
    }
}

impl Office {
    fn place(
        &mut self,
        asks: &SignOn,
        from: AgentId,
        me: AgentId,
        turn: &mut Turn<'_, '_>,
    ) -> Option<AgentId> {
        let (list, now, most) = (turn.view.list(), turn.now(), turn.own().most_children);
        // What comes late says nothing any more; who asked does not wait for this answer.
        let has_left = |&(_, agent, stamp): &_| agent == from && stamp >= asks.stamp;
        let is_late = self.index.get(from).is_some_and(|own| own.stamp > asks.stamp);
        if from == me || is_late || self.left.iter().any(has_left) {
            return None;
        }
        if let Some(dead) = asks.dead {
            self.verify(dead, turn);
        }
        let keeps = asks.parent.filter(|&parent| self.index.is_connected(parent, me, from));
        let parent = keeps.unwrap_or_else(|| self.index.parent_for(from, me, asks.dead, most, list));
        self.set(from, Some(parent), asks.stamp, now, list);
        Some(parent)
    }
}

impl Platform {
    /// A node has ended its instance.
    pub(super) fn on_leave(
        &mut self,
        leave: &Leave,
        from: AgentId,
        asked: Option<RequestId>,
        turn: &mut Turn<'_, '_>,
    ) {
        let noted = match self.acting(leave.service, turn) {
            Err(mark) => Noted { is_done: false, mark: Some(mark) },
            Ok(office) => {
                office.forget_left(turn.now());
                office.left.push_back((turn.now() + rounds(ORPHAN_ROUNDS, turn), from, leave.stamp));
                if office.index.get(from).is_some_and(|own| own.stamp <= leave.stamp) {
                    office.remove(from, turn);
                }
                Noted { is_done: true, mark: None }
            }
        };
        turn.reply(asked, NOTED, MESSAGE_BYTES, Arc::new(noted));
    }

    /// A node has lost a child.
    pub(super) fn on_lost(
        &mut self,
        lost: &Lost,
        from: AgentId,
        asked: Option<RequestId>,
        turn: &mut Turn<'_, '_>,
    ) {
        if let Ok(office) = self.acting(lost.service, turn) {
            let is_its_child = office.index.get(lost.child).is_some_and(|own| own.parent == Some(from));
            if is_its_child {
                office.verify(lost.child, turn);
            }
        }
        turn.reply(asked, NOTED, MESSAGE_BYTES, Arc::new(Noted { is_done: true, mark: None }));
    }

    pub(super) fn on_verified(
        &mut self,
        service: u32,
        from: AgentId,
        status: &Status,
        turn: &mut Turn<'_, '_>,
    ) {
        let now = turn.now();
        let Ok(office) = self.acting(service, turn) else { return };
        match office.index.get_mut(from) {
            Some(entry) if status.is_member => (entry.is_suspect, entry.heard) = (false, now),
            Some(entry) if entry.is_suspect => office.remove(from, turn),
            _ => {}
        }
    }

    pub(super) fn on_not_verified(&mut self, service: u32, to: AgentId, turn: &mut Turn<'_, '_>) {
        if let Ok(office) = self.acting(service, turn)
            && office.index.get(to).is_some_and(|own| own.is_suspect)
        {
            office.remove(to, turn);
        }
    }

    /// Users are to be sent elsewhere.
    pub(super) fn on_redirect(
        &mut self,
        redirect: &Redirect,
        asked: Option<RequestId>,
        turn: &mut Turn<'_, '_>,
    ) {
        let to = turn.view.list().agent_of(redirect.to);
        let noted = match self.acting(redirect.service, turn) {
            Err(mark) => Noted { is_done: false, mark: Some(mark) },
            Ok(office) => {
                let to = to.filter(|&to| office.index.get(to).is_some());
                if let Some(to) = to {
                    for &user in &redirect.users {
                        office.index.remember(user, to);
                        office.note(Change::Moved { user, to });
                    }
                }
                Noted { is_done: to.is_some(), mark: None }
            }
        };
        turn.reply(asked, NOTED, MESSAGE_BYTES, Arc::new(noted));
    }

    /// A user asks where to go. Who is not the root lets the root answer.
    pub(super) fn on_query(&mut self, asked: Option<RequestId>, turn: &mut Turn<'_, '_>) {
        let Some(query) = turn.view.query() else { return };
        let me = turn.me();
        match self.acting(query.service, turn) {
            Ok(office) => {
                let instance = office.index.instance_for(query.user, query.position, turn.view.list());
                turn.orders.extend(Order::answer(turn.stimulus(), Answer { instance }));
            }
            Err(mark) => {
                if let Some(asked) = asked.filter(|_| mark.root != me) {
                    turn.counts.forwarded += 1;
                    turn.send(mark.root, FORWARDED, MESSAGE_BYTES, Arc::new(Forwarded { query, asked }));
                }
            }
        }
    }

    pub(super) fn on_forwarded(&mut self, forwarded: &Forwarded, turn: &mut Turn<'_, '_>) {
        let Forwarded { query, asked } = *forwarded;
        if let Ok(office) = self.acting(query.service, turn) {
            use crate::apps::orchestration::{ANSWER, QUERY_BYTES};
            let instance: Option<NodeId> =
                office.index.instance_for(query.user, query.position, turn.view.list());
            turn.reply(Some(asked), ANSWER, QUERY_BYTES, Arc::new(Answer { instance }));
        }
    }

    /// Whether this agent is the root of a tree.
    pub(super) fn is_root(&self, service: u32) -> bool {
        matches!(self.member(service).map(|own| &own.link), Some(Link::Root))
    }
}
