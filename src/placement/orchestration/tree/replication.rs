//! Replication: one more instance, on the best platform of the list that takes it.

use super::messages::{
    ACCEPTED, CHECK, MESSAGE_BYTES, NOTED, Noted, OfService, POLL_DUE, Purpose, READY, REFUSED,
    REPLICATE, Ready, Replicate, Status, detail, tag,
};
use super::node::{Platform, Wanted};
use super::offloading::{Action, Cause, Stage};
use super::{Rank, Turn};
use crate::apps::agents::{AgentId, RequestId};
use crate::apps::orchestration::{ActionEnd, ActionFeatures, ActionKind, ActionPhase, Order, UserId};
use crate::infra::{NodeId, Position};
use std::sync::Arc;

impl Platform {
    /// The load is too high: there is to be one more instance as near as possible, which takes users.
    pub(super) fn begin_offloading(&mut self, service: u32, is_forced: bool, turn: &mut Turn<'_, '_>) {
        let aim = turn.view.position();
        self.begin_replication(service, Cause::Shortage, Vec::new(), aim, is_forced, turn);
    }

    /// Asks those for an instance that could have one, the nearest to the aim first.
    pub(super) fn begin_replication(
        &mut self,
        service: u32,
        cause: Cause,
        users: Vec<(UserId, Position)>,
        aim: Position,
        is_forced: bool,
        turn: &mut Turn<'_, '_>,
    ) {
        let id = self.next_action();
        let candidates = self.candidates(service, cause, aim, turn);
        let Some(member) = self.member_mut(service) else { return };
        let features = ActionFeatures {
            cluster_distance_m: Some(turn.view.position().distance_m(aim)),
            candidates: Some(candidates.len() as f64),
            ..member.features(turn)
        };
        turn.orders.push(Order::Open {
            action: id,
            kind: ActionKind::Replicate,
            service,
            forced: is_forced,
            cluster: (!users.is_empty()).then_some((aim, users.len() as u32)),
            features,
        });
        let mut action = Action::new(id, is_forced, cause, Stage::Asking);
        (action.users, action.mean, action.candidates) = (users, aim, candidates);
        let is_empty = action.candidates.is_empty();
        member.actions.push(Box::new(action));
        if is_empty {
            return self.finish(service, id as u32, ActionEnd::RefusedLocally, turn);
        }
        self.ask_next(service, id as u32, turn);
    }

    /// Those of the list that could have an instance, as they are asked. Users are not moved farther away than they are.
    fn candidates(
        &self,
        service: u32,
        cause: Cause,
        aim: Position,
        turn: &mut Turn<'_, '_>,
    ) -> Vec<AgentId> {
        let (Some(own), Some(member)) = (turn.service(service), self.member(service)) else {
            return Vec::new();
        };
        let list = turn.view.list();
        let (me, most) = (turn.me(), turn.own().most_candidates as usize);
        let here_m2 = turn.view.position().squared_distance_m2(aim);
        let family = member.parent_family.as_ref();
        let office = self.office(service).filter(|own| own.acts && turn.own().skip_known);
        let is_known = |agent: AgentId| {
            member.parent() == Some(agent)
                || member.children.iter().any(|own| own.agent == agent)
                || family.is_some_and(|own| own.children.iter().any(|own| own.0 == agent))
                || office.is_some_and(|own| own.index.get(agent).is_some())
        };
        let near = own.capable.by_distance(aim);
        let near = near.take_while(|own| cause != Cause::Cluster || own.1 < here_m2);
        let agents = near.filter_map(|own| list.agent_of(own.0)).filter(|&agent| agent != me);
        let agents = agents.filter(|&agent| !turn.own().skip_known || !is_known(agent));
        let agents: Vec<AgentId> = agents.take(most).collect();
        if turn.own().rank == Rank::Distance {
            return agents;
        }
        let mut ranked: Vec<(f64, AgentId)> = Vec::with_capacity(agents.len());
        for agent in agents {
            let node: Option<NodeId> = list.node_of(agent);
            let time_s = node.and_then(|node| turn.view.round_trip_s(node));
            ranked.push((time_s.unwrap_or(f64::INFINITY), agent));
        }
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        ranked.into_iter().map(|own| own.1).collect()
    }

    fn ask_next(&mut self, service: u32, serial: u32, turn: &mut Turn<'_, '_>) {
        let Some(action) = self.member_mut(service).and_then(|own| own.action_mut(serial)) else {
            return;
        };
        let (id, asked) = (action.id, action.asked as u32);
        let Some(&to) = action.candidates.get(action.asked) else {
            action.stage = Stage::Asking;
            let phase = ActionPhase::Searched { hops: asked, asked };
            turn.orders.push(Order::Phase { action: id, phase });
            return self.finish(service, serial, ActionEnd::NoTarget, turn);
        };
        action.asked += 1;
        action.stage = Stage::Asking;
        let body = Arc::new(Replicate { service, action: id });
        turn.request(to, REPLICATE, MESSAGE_BYTES, body, tag(Purpose::Replicate, service, serial));
    }

    /// An instance is wanted here.
    pub(super) fn on_replicate(
        &mut self,
        asks: &Replicate,
        from: AgentId,
        asked: Option<RequestId>,
        turn: &mut Turn<'_, '_>,
    ) {
        let Replicate { service, action } = *asks;
        let wanted = self.wanted.iter().find(|own| own.service == service);
        let is_again = wanted.is_some_and(|own| (own.by, own.action) == (from, action));
        let is_accepted = is_again || (wanted.is_none() && self.has_room(service, turn));
        if is_accepted && !is_again {
            self.wanted.push(Wanted { service, by: from, action });
            turn.orders.push(Order::Deploy { service });
        }
        let kind = if is_accepted { ACCEPTED } else { REFUSED };
        turn.reply(asked, kind, MESSAGE_BYTES, Arc::new(()));
    }

    /// Whether the node could have an instance now.
    fn has_room(&self, service: u32, turn: &Turn<'_, '_>) -> bool {
        let Some(own) = turn.service(service) else { return false };
        let (load, bounds) = (turn.view.load(), turn.own().load_bounds);
        turn.view.hosted(service).is_none()
            && turn.view.is_capable(turn.view.node(), service)
            && own.needs.iter().zip(turn.view.residuals()).all(|(need, left)| *need <= left)
            && load.memory <= bounds.memory
            && load.storage <= bounds.storage
            && load.gpu <= bounds.gpu
    }

    /// A candidate has answered, or does not.
    pub(super) fn on_candidate(
        &mut self,
        service: u32,
        serial: u32,
        from: AgentId,
        is_accepted: bool,
        turn: &mut Turn<'_, '_>,
    ) {
        let Some(action) = self.member_mut(service).and_then(|own| own.action_mut(serial)) else {
            return;
        };
        let last = action.asked.checked_sub(1).and_then(|place| action.candidates.get(place));
        if action.stage != Stage::Asking || last != Some(&from) {
            return;
        }
        if !is_accepted {
            return self.ask_next(service, serial, turn);
        }
        action.stage = Stage::Starting(from);
        let (id, asked) = (action.id, action.asked as u32);
        turn.orders
            .push(Order::Phase { action: id, phase: ActionPhase::Searched { hops: asked, asked } });
        turn.timer(turn.own().health, POLL_DUE, detail(service, serial));
    }

    /// The node is short of what the instance needs, after all.
    pub(super) fn on_deploy_refused(&mut self, service: u32, turn: &mut Turn<'_, '_>) {
        let Some(place) = self.wanted.iter().position(|own| own.service == service) else { return };
        let Wanted { by, action, .. } = self.wanted.swap_remove(place);
        let body = Arc::new(Ready { service, action, is_ready: false });
        turn.request(by, READY, MESSAGE_BYTES, body, tag(Purpose::Nothing, service, 0));
    }

    /// An instance that was wanted is in the tree, or cannot be.
    pub(super) fn on_ready(
        &mut self,
        ready: &Ready,
        from: AgentId,
        asked: Option<RequestId>,
        turn: &mut Turn<'_, '_>,
    ) {
        turn.reply(asked, NOTED, MESSAGE_BYTES, Arc::new(Noted { is_done: true, mark: None }));
        let Ready { service, action: id, is_ready } = *ready;
        let serial = id as u32;
        let Some(action) = self.member_mut(service).and_then(|own| own.action_mut(serial)) else {
            return;
        };
        let is_awaited = match action.stage {
            Stage::Starting(target) => target == from,
            // Its consent was lost.
            Stage::Asking => is_ready,
            _ => false,
        };
        if !is_awaited || action.id != id {
            return;
        }
        if !is_ready {
            return self.ask_next(service, serial, turn);
        }
        if action.stage == Stage::Asking {
            let asked = action.asked as u32;
            let phase = ActionPhase::Searched { hops: asked, asked };
            turn.orders.push(Order::Phase { action: id, phase });
        }
        self.use_replica(service, serial, from, turn);
    }

    /// The new instance is in the tree: users go there.
    fn use_replica(&mut self, service: u32, serial: u32, from: AgentId, turn: &mut Turn<'_, '_>) {
        let Some(action) = self.member_mut(service).and_then(|own| own.action_mut(serial)) else {
            return;
        };
        turn.orders.push(Order::Phase { action: action.id, phase: ActionPhase::Deployed });
        let is_short = action.cause == Cause::Shortage;
        if is_short {
            let users = self.leaving_users(service, turn);
            if let Some(action) = self.member_mut(service).and_then(|own| own.action_mut(serial)) {
                action.users = users;
            }
        }
        self.redirect(service, serial, from, turn);
    }

    /// Looks whether the new instance is still on its way.
    pub(super) fn on_poll_due(&mut self, service: u32, serial: u32, turn: &mut Turn<'_, '_>) {
        let Some(action) = self.member_mut(service).and_then(|own| own.action_mut(serial)) else {
            return;
        };
        if let Stage::Starting(target) = action.stage {
            let tag = tag(Purpose::Poll, service, serial);
            turn.request(target, CHECK, MESSAGE_BYTES, Arc::new(OfService(service)), tag);
            turn.timer(turn.own().health, POLL_DUE, detail(service, serial));
        }
    }

    /// What the platform of a new instance says. That it is ready may have been told before, and lost on its way.
    pub(super) fn on_poll(
        &mut self,
        service: u32,
        serial: u32,
        from: AgentId,
        status: &Status,
        turn: &mut Turn<'_, '_>,
    ) {
        let action = self.member_mut(service).and_then(|own| own.action_mut(serial));
        if action.is_none_or(|own| own.stage != Stage::Starting(from)) {
            return;
        }
        if status.is_ready {
            self.use_replica(service, serial, from, turn);
        } else if !status.is_member && !status.is_starting {
            self.on_replica_lost(service, serial, from, turn);
        }
    }

    /// The new instance will not be: the next candidate is asked.
    pub(super) fn on_replica_lost(
        &mut self,
        service: u32,
        serial: u32,
        to: AgentId,
        turn: &mut Turn<'_, '_>,
    ) {
        let action = self.member_mut(service).and_then(|own| own.action_mut(serial));
        if action.is_some_and(|own| own.stage == Stage::Starting(to)) {
            self.ask_next(service, serial, turn);
        }
    }
}
