//! Health: parents and children look whether the others are there.

use super::Turn;
use super::messages::{
    ALIVE, Alive, CHECK, HEALTH, LOST, Lost, MESSAGE_BYTES, OfService, Purpose, STATUS, Status, tag,
};
use super::neighbours::confirm_after;
use super::node::{Link, Platform};
use crate::apps::agents::{AgentId, Body, RequestId};
use crate::engine::SimDuration;
use std::sync::Arc;

/// Health intervals after which a silent child is asked whether it is there.
const SILENT_ROUNDS: f64 = 1.5;

impl Platform {
    /// Time to look after the neighbours, and to exchange grids with the parent if that is due.
    pub(super) fn check_health(&mut self, service: u32, exchanges: bool, turn: &mut Turn<'_, '_>) {
        let (now, stalls) = (turn.now(), confirm_after(turn));
        let silent = SimDuration::from_secs(turn.own().health.as_secs() * SILENT_ROUNDS);
        let Some(member) = self.member_mut(service) else { return };
        member.alive = None;
        if exchanges {
            member.own_family = None;
        }
        for child in &mut member.children {
            if !child.is_checked && now.since(child.heard) > silent {
                child.is_checked = true;
                let body = Arc::new(OfService(service));
                turn.request(child.agent, CHECK, MESSAGE_BYTES, body, tag(Purpose::Child, service, 0));
            }
        }
        // The root was silent for too long: some node above may be out of the tree.
        let is_stalled = member.parent().is_some() && now.since(member.advanced) >= stalls;
        if is_stalled {
            member.advanced = now;
        }
        let asks = !member.is_asking && (is_stalled || member.ask_due <= now);
        match member.link {
            Link::Root | Link::Attaching(_) => {}
            Link::Orphan => {
                if asks {
                    self.ask_for_parent(service, turn);
                }
            }
            Link::Attached(parent) => {
                if asks {
                    self.ask_for_parent(service, turn);
                }
                if exchanges {
                    self.exchange(service, parent, turn);
                } else {
                    let body = Arc::new(OfService(service));
                    turn.request(parent, HEALTH, MESSAGE_BYTES, body, tag(Purpose::Health, service, 0));
                }
            }
        }
    }

    /// A node asks whether its parent is there.
    pub(super) fn on_health(
        &mut self,
        service: u32,
        from: AgentId,
        asked: Option<RequestId>,
        turn: &mut Turn<'_, '_>,
    ) {
        let now = turn.now();
        let known = self.known_mark(service, turn);
        let member = self.member_mut(service);
        let Some(member) = member.filter(|own| own.children.iter().any(|child| child.agent == from))
        else {
            let alive = Alive { is_parent: false, mark: known, depth: 0 };
            return turn.reply(asked, ALIVE, MESSAGE_BYTES, Arc::new(alive));
        };
        if let Some(child) = member.child_mut(from) {
            (child.heard, child.is_checked) = (now, false);
        }
        let (mark, depth) = (member.mark, member.depth);
        let alive = member.alive.get_or_insert_with(|| Arc::new(Alive { is_parent: true, mark, depth }));
        let alive: Body = Arc::clone(alive);
        turn.reply(asked, ALIVE, MESSAGE_BYTES, alive);
    }

    pub(super) fn on_alive(
        &mut self,
        service: u32,
        from: AgentId,
        alive: &Alive,
        turn: &mut Turn<'_, '_>,
    ) {
        let now = turn.now();
        let Some(member) = self.member_mut(service).filter(|own| own.parent() == Some(from)) else {
            return;
        };
        let old = member.mark;
        member.adopt(alive.mark, now);
        let mark = member.mark;
        if !alive.is_parent {
            self.become_orphan(service, None, turn);
            self.ask_for_parent(service, turn);
        } else {
            member.depth = alive.depth.saturating_add(1);
            if !old.is_same_root(&mark) {
                self.ask_for_parent(service, turn);
            }
        }
        self.hear_mark(service, mark, turn);
    }

    /// A parent does not answer.
    pub(super) fn on_parent_silent(&mut self, service: u32, to: AgentId, turn: &mut Turn<'_, '_>) {
        if self.member(service).is_none_or(|own| own.parent() != Some(to)) {
            return;
        }
        self.become_orphan(service, Some(to), turn);
        let (me, shared) = (turn.me(), turn.shared);
        if let Some(member) = self.member_mut(service).filter(|own| own.asks == to)
            && let Some(own) = shared.services.get(service as usize)
        {
            member.ask_other(to, me, &own.order);
        }
        self.ask_for_parent(service, turn);
    }

    /// Somebody wants to know how this agent is.
    pub(super) fn on_check(&mut self, service: u32, asked: Option<RequestId>, turn: &mut Turn<'_, '_>) {
        let member = self.member(service).filter(|own| own.is_hosting);
        let status = Status {
            is_member: member.is_some(),
            is_ready: member.is_some_and(|own| own.wanted_by.is_none()),
            is_starting: self.wanted.iter().any(|own| own.service == service),
            parent: self.member(service).and_then(|own| own.parent()),
        };
        turn.reply(asked, STATUS, MESSAGE_BYTES, Arc::new(status));
    }

    pub(super) fn on_child_status(
        &mut self,
        service: u32,
        from: AgentId,
        status: &Status,
        turn: &mut Turn<'_, '_>,
    ) {
        let (now, me) = (turn.now(), turn.me());
        let Some(member) = self.member_mut(service) else { return };
        if status.parent == Some(me) {
            if let Some(child) = member.child_mut(from) {
                (child.heard, child.is_checked) = (now, false);
            }
            return;
        }
        self.drop_child(service, from, !status.is_member, turn);
    }

    pub(super) fn on_child_silent(&mut self, service: u32, to: AgentId, turn: &mut Turn<'_, '_>) {
        let is_checked = |own: &super::node::Child| own.agent == to && own.is_checked;
        if self.member(service).is_some_and(|own| own.children.iter().any(is_checked)) {
            self.drop_child(service, to, true, turn);
        }
    }

    /// A child is gone; the root is told if it seems to be dead.
    fn drop_child(&mut self, service: u32, child: AgentId, is_dead: bool, turn: &mut Turn<'_, '_>) {
        let Some(member) = self.member_mut(service) else { return };
        let count = member.children.len();
        member.children.retain(|own| own.agent != child);
        member.own_family = None;
        if is_dead && member.children.len() < count {
            let (to, body) = (member.mark.root, Arc::new(Lost { service, child }));
            turn.request(to, LOST, MESSAGE_BYTES, body, tag(Purpose::Nothing, service, 0));
        }
    }
}
