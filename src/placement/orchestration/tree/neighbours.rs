//! Neighbours: how a node gets a parent, and what parents and children tell each other.

use super::Turn;
use super::messages::{
    ALIVE, ATTACH, ATTACHED, Alive, Attach, CONFIRM, Exchange, FAMILY, Family, Leave, MESSAGE_BYTES,
    Mark, Placed, Purpose, READY, Ready, SIGN_ON, SignOn, tag,
};
use super::node::{CONFIRM_ROUNDS, Child, Link, Member, Platform};
use crate::apps::agents::{AgentId, Body, RequestId};
use crate::apps::orchestration::{ActionEnd, ActionKind, Order};
use crate::engine::{SimDuration, SimTime};
use crate::infra::Position;
use std::sync::Arc;

impl Family {
    /// Metres to the nearest cell with so much room of the parent and of the siblings of one of its children.
    pub(super) fn nearest_m(&self, at: Position, needs: &[f64; 4], child: AgentId) -> Option<f64> {
        let siblings = self.children.iter().filter(|own| own.0 != child).map(|own| &own.1);
        let all = siblings.chain(&self.parent).filter_map(|grid| grid.nearest_m(at, needs));
        all.min_by(f64::total_cmp)
    }

    fn bytes(&self, child: AgentId) -> f64 {
        let siblings = self.children.iter().filter(|own| own.0 != child).map(|own| &own.1);
        MESSAGE_BYTES + siblings.chain(&self.parent).map(|grid| grid.bytes()).sum::<f64>()
    }
}

impl Platform {
    /// Asks the root for a parent, or tells it of the one that there is.
    pub(super) fn ask_for_parent(&mut self, service: u32, turn: &mut Turn<'_, '_>) {
        let (now, me) = (turn.now(), turn.me());
        let Some(member) = self.member_mut(service) else { return };
        if member.asks == me || member.link == Link::Root || member.is_leaving() {
            // It was the root itself, and another one will say so; or needs no parent any more.
            member.is_asking = false;
            return;
        }
        member.ask = member.ask.wrapping_add(1);
        member.is_asking = true;
        let parent = member.parent();
        let kind = if parent.is_some() { CONFIRM } else { SIGN_ON };
        let asks = SignOn { service, stamp: now, parent, dead: member.dead };
        let (to, serial) = (member.asks, member.ask);
        turn.request(to, kind, MESSAGE_BYTES, Arc::new(asks), tag(Purpose::Place, service, serial));
    }

    /// The root has answered.
    pub(super) fn on_placed(
        &mut self,
        service: u32,
        serial: u32,
        placed: &Placed,
        turn: &mut Turn<'_, '_>,
    ) {
        let (now, me) = (turn.now(), turn.me());
        let (health, confirm) = (turn.own().health, confirm_after(turn));
        self.hear_mark(service, placed.mark, turn);
        let Some(member) = self.member_mut(service) else { return };
        if member.ask != serial || !member.is_asking || member.link == Link::Root {
            return;
        }
        member.is_asking = false;
        let Some(parent) = placed.parent else {
            // Not the root; where that knows of another, ask there.
            let other = placed.mark.root;
            let is_silent = member.silent.take() == Some(other);
            member.ask_due = now + if is_silent { member.back_off(health, turn) } else { health };
            if member.asks != other && other != me && !is_silent {
                member.asks = other;
                self.ask_for_parent(service, turn);
            }
            return;
        };
        member.adopt(placed.mark, now);
        (member.dead, member.silences) = (None, 0);
        member.ask_due = now + confirm;
        if member.link == Link::Attached(parent) {
            return;
        }
        member.link = Link::Attaching(parent);
        member.parent_family = None;
        let body = Arc::new(Attach { service, grid: member.whole_grid(turn) });
        let bytes = MESSAGE_BYTES + body.grid.bytes();
        turn.request(parent, ATTACH, bytes, body, tag(Purpose::Attach, service, serial));
    }

    /// The root does not answer: one that stands by may know more.
    pub(super) fn on_root_silent(
        &mut self,
        service: u32,
        serial: u32,
        to: AgentId,
        turn: &mut Turn<'_, '_>,
    ) {
        let (now, health, me) = (turn.now(), turn.own().health, turn.me());
        let order = turn.shared.services.get(service as usize).map_or(&[][..], |own| &own.order);
        let Some(member) = self.member_mut(service) else { return };
        if member.ask != serial || !member.is_asking {
            return;
        }
        member.is_asking = false;
        member.ask_due = now + member.back_off(health, turn);
        member.ask_other(to, me, order);
        if order.len() > 1 && member.parent().is_none() {
            self.ask_for_parent(service, turn);
        }
    }

    /// Another node wants to be a child.
    pub(super) fn on_attach(
        &mut self,
        attach: &Attach,
        from: AgentId,
        asked: Option<RequestId>,
        turn: &mut Turn<'_, '_>,
    ) {
        let now = turn.now();
        let known = self.known_mark(attach.service, turn);
        let mut alive = Alive { is_parent: false, mark: known, depth: 0 };
        if let Some(member) = self.member_mut(attach.service)
            && member.parent() != Some(from)
        {
            alive = Alive { is_parent: true, mark: member.mark, depth: member.depth };
            let grid = Arc::clone(&attach.grid);
            match member.child_mut(from) {
                Some(child) => (child.grid, child.heard, child.is_checked) = (grid, now, false),
                None => {
                    member.children.push(Child { agent: from, grid, heard: now, is_checked: false });
                }
            }
            member.own_family = None;
        }
        turn.reply(asked, ATTACHED, MESSAGE_BYTES, Arc::new(alive));
    }

    pub(super) fn on_attached(
        &mut self,
        service: u32,
        serial: u32,
        from: AgentId,
        alive: &Alive,
        turn: &mut Turn<'_, '_>,
    ) {
        let now = turn.now();
        if !alive.is_parent {
            return self.on_no_parent(service, serial, from, turn);
        }
        let Some(member) = self.member_mut(service) else { return };
        if member.ask != serial || member.link != Link::Attaching(from) {
            return;
        }
        member.link = Link::Attached(from);
        member.depth = alive.depth.saturating_add(1);
        member.adopt(alive.mark, now);
        // It has a while to hear of the root by its new parent.
        member.advanced = now;
        self.end_orphanhood(service, turn);
        self.tell_ready(service, turn);
    }

    /// Whom it was told of is not there.
    pub(super) fn on_no_parent(
        &mut self,
        service: u32,
        serial: u32,
        to: AgentId,
        turn: &mut Turn<'_, '_>,
    ) {
        let Some(member) = self.member_mut(service) else { return };
        if member.ask == serial && member.link == Link::Attaching(to) {
            member.link = Link::Orphan;
            member.dead = Some(to);
            self.ask_for_parent(service, turn);
        }
    }

    /// A node is without a parent from now on.
    pub(super) fn become_orphan(
        &mut self,
        service: u32,
        dead: Option<AgentId>,
        turn: &mut Turn<'_, '_>,
    ) {
        let now = turn.now();
        let action = self.next_action();
        let Some(member) = self.member_mut(service) else { return };
        member.link = Link::Orphan;
        member.dead = dead;
        member.is_asking = false;
        member.ask_due = now;
        member.parent_family = None;
        member.alive = None;
        member.own_family = None;
        if member.orphan.is_none() {
            member.orphan = Some((now, Some(action)));
            let features = member.features(turn);
            let (kind, forced, cluster) = (ActionKind::AssignParent, false, None);
            turn.orders.push(Order::Open { action, kind, service, forced, cluster, features });
        }
    }

    /// It has a parent again, or needs none.
    pub(super) fn end_orphanhood(&mut self, service: u32, turn: &mut Turn<'_, '_>) {
        let now = turn.now();
        let Some(member) = self.member_mut(service) else { return };
        let Some((since, Some(action))) = member.orphan.take() else { return };
        turn.counts.reattached += 1;
        turn.counts.orphan_s_max = turn.counts.orphan_s_max.max(now.since(since).as_secs());
        let target = member.parent().and_then(|parent| turn.view.list().node_of(parent));
        turn.orders.push(Order::Close { action, end: ActionEnd::Done, target });
    }

    /// A new instance is in the tree: who has wanted it is told.
    pub(super) fn tell_ready(&mut self, service: u32, turn: &mut Turn<'_, '_>) {
        let wanted = self.member_mut(service).and_then(|own| own.wanted_by.take());
        let Some((by, action)) = wanted else { return };
        let body = Arc::new(Ready { service, action, is_ready: true });
        turn.request(by, READY, MESSAGE_BYTES, body, tag(Purpose::Nothing, service, 0));
    }

    /// Sends the parent what is below this node, if it is time; else asks it only whether it is there.
    pub(super) fn exchange(&mut self, service: u32, parent: AgentId, turn: &mut Turn<'_, '_>) {
        let Some(member) = self.member_mut(service) else { return };
        let grid = member.whole_grid(turn);
        let bytes = MESSAGE_BYTES + grid.bytes();
        let body = Arc::new(Exchange { service, grid });
        turn.request(parent, super::messages::EXCHANGE, bytes, body, tag(Purpose::Health, service, 0));
    }

    pub(super) fn on_exchange(
        &mut self,
        exchange: &Exchange,
        from: AgentId,
        asked: Option<RequestId>,
        turn: &mut Turn<'_, '_>,
    ) {
        let now = turn.now();
        let known = self.known_mark(exchange.service, turn);
        let member = self.member_mut(exchange.service);
        let Some(member) = member.filter(|own| own.children.iter().any(|child| child.agent == from))
        else {
            let alive = Alive { is_parent: false, mark: known, depth: 0 };
            return turn.reply(asked, ALIVE, MESSAGE_BYTES, Arc::new(alive));
        };
        if let Some(child) = member.child_mut(from) {
            (child.grid, child.heard, child.is_checked) = (Arc::clone(&exchange.grid), now, false);
        }
        let family = member.family(turn);
        turn.reply(asked, FAMILY, family.bytes(from), family as Body);
    }

    pub(super) fn on_family(
        &mut self,
        service: u32,
        from: AgentId,
        family: Arc<Family>,
        turn: &mut Turn<'_, '_>,
    ) {
        self.on_alive(service, from, &family.alive, turn);
        if let Some(member) = self.member_mut(service).filter(|own| own.parent() == Some(from)) {
            member.parent_family = Some(family);
        }
    }

    /// A neighbour ends its instance.
    pub(super) fn on_leaving(&mut self, leave: &Leave, from: AgentId, turn: &mut Turn<'_, '_>) {
        let service = leave.service;
        let Some(member) = self.member_mut(service) else { return };
        member.children.retain(|own| own.agent != from);
        member.own_family = None;
        if matches!(member.link, Link::Attached(parent) | Link::Attaching(parent) if parent == from) {
            self.become_orphan(service, None, turn);
            self.ask_for_parent(service, turn);
        }
    }
}

/// How long after an answer of the root it is told again.
pub(super) fn confirm_after(turn: &Turn<'_, '_>) -> SimDuration {
    SimDuration::from_secs(turn.own().health.as_secs() * CONFIRM_ROUNDS)
}

impl Member {
    /// What its children are told, which they share until it changes.
    fn family(&mut self, turn: &Turn<'_, '_>) -> Arc<Family> {
        if let Some(family) = &self.own_family {
            return Arc::clone(family);
        }
        let family = Arc::new(Family {
            alive: Alive { is_parent: true, mark: self.mark, depth: self.depth },
            parent: self.own_grid(turn).map(Arc::new),
            children: self.children.iter().map(|own| (own.agent, Arc::clone(&own.grid))).collect(),
        });
        self.own_family = Some(Arc::clone(&family));
        family
    }

    /// Who was taken for the root does not answer: it will ask the next one that could be.
    pub(super) fn ask_other(&mut self, silent: AgentId, me: AgentId, order: &[AgentId]) {
        let place = order.iter().position(|&own| own == silent).map_or(0, |place| place + 1);
        let others = order.iter().cycle().skip(place).take(order.len());
        self.asks = others.copied().find(|&own| own != me).unwrap_or(silent);
        self.silent = Some(silent);
    }

    /// Hears of the root. Of a new one it is to be known soon.
    pub(super) fn adopt(&mut self, mark: Mark, now: SimTime) {
        if mark <= self.mark {
            return;
        }
        if !self.mark.is_same_root(&mark) {
            self.asks = mark.root;
            self.ask_due = now;
        }
        self.mark = mark;
        self.advanced = now;
    }
}
