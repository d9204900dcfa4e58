//! Actions of a node: what they are about, and how users get elsewhere in the end.

use super::Turn;
use super::clusters::Cluster;
use super::messages::{ITEM_BYTES, MESSAGE_BYTES, Noted, Purpose, REDIRECT, Redirect, tag};
use super::node::{Member, Platform};
use crate::apps::agents::AgentId;
use crate::apps::orchestration::{
    ActionEnd, ActionFeatures, ActionKind, ActionPhase, Order, UserFacts, UserId,
};
use crate::engine::SimTime;
use crate::infra::Position;
use std::sync::Arc;

/// Why a node acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Users are served badly.
    Cluster,
    /// Its load is too high.
    Shortage,
    /// Nobody needs it.
    Idle,
}

/// What an action waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// For a node that takes the users.
    Searching,
    /// For a candidate that takes an instance.
    Asking,
    /// For an instance there.
    Starting(AgentId),
    /// For the root, which sends users there.
    Redirecting(AgentId),
    /// For the root, which knows that the instance ends.
    Leaving,
}

/// An action of a node.
#[derive(Debug)]
pub(super) struct Action {
    pub id: u64,
    pub is_forced: bool,
    pub cause: Cause,
    pub stage: Stage,
    /// Those that it is about, and their mean position; none yet in a shortage.
    pub users: Vec<(UserId, Position)>,
    pub mean: Position,
    /// Who may take an instance, and how many of them were asked.
    pub candidates: Vec<AgentId>,
    pub asked: usize,
    /// Whom the root is thought to be, once that was wrong.
    other_root: Option<AgentId>,
}

impl Action {
    pub(super) fn new(id: u64, is_forced: bool, cause: Cause, stage: Stage) -> Self {
        Action {
            id,
            is_forced,
            cause,
            stage,
            users: Vec::new(),
            mean: Position::default(),
            candidates: Vec::new(),
            asked: 0,
            other_root: None,
        }
    }

    pub(super) fn leaving(id: u64, is_forced: bool) -> Self {
        Action::new(id, is_forced, Cause::Idle, Stage::Leaving)
    }
}

impl Member {
    pub(super) fn action_mut(&mut self, serial: u32) -> Option<&mut Action> {
        self.actions.iter_mut().find(|own| own.id as u32 == serial).map(|own| &mut **own)
    }

    /// Whether a user was told to go elsewhere, and is still here.
    pub(super) fn was_told(&self, user: UserId) -> bool {
        let place = self.told.partition_point(|own| own.0 < user);
        self.told.get(place).is_some_and(|own| own.0 == user)
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.actions.iter().any(|own| own.stage == Stage::Leaving)
    }
}

/// The lower median of the users' median latencies.
pub(super) fn median_s<'a>(users: impl Iterator<Item = &'a UserFacts>) -> Option<f64> {
    let mut all: Vec<f64> = users.filter_map(|own| own.median_s).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len().saturating_sub(1) / 2).copied()
}

impl Platform {
    /// An experiment forces an action.
    pub(super) fn on_forced(&mut self, turn: &mut Turn<'_, '_>) {
        let Some(forced) = turn.view.forced() else { return };
        let service = forced.service;
        if self.member(service).is_none_or(|own| !own.is_hosting) {
            // It is on record that there was nothing to act on.
            let (action, kind) = (self.next_action(), forced.kind);
            let features = ActionFeatures::default();
            turn.orders.push(Order::Open {
                action,
                kind,
                service,
                forced: true,
                cluster: None,
                features,
            });
            let end = ActionEnd::RefusedLocally;
            return turn.orders.push(Order::Close { action, end, target: None });
        }
        match forced.kind {
            ActionKind::Replicate => self.begin_offloading(service, true, turn),
            ActionKind::Terminate => self.terminate(service, true, turn),
            ActionKind::Migrate => {
                let mut users = std::mem::take(turn.users);
                turn.view.users(service, &mut users);
                let is_meant = |own: &&UserFacts| forced.user.is_none_or(|user| user == own.user);
                let users_there: Vec<_> =
                    users.iter().filter(is_meant).map(|own| (own.user, own.position)).collect();
                *turn.users = users;
                let mean = Position::default();
                let cluster = Cluster { users: users_there, mean, score: 0, rests_until: SimTime::ZERO };
                self.begin_migration(service, cluster.with_mean(), true, turn);
            }
            _ => {}
        }
    }

    /// Sends the users of an action to a target: the root is told, which tells them when they ask.
    pub(super) fn redirect(&mut self, service: u32, serial: u32, to: AgentId, turn: &mut Turn<'_, '_>) {
        let Some(member) = self.member_mut(service) else { return };
        let root = member.mark.root;
        let Some(action) = member.action_mut(serial) else { return };
        action.stage = Stage::Redirecting(to);
        if action.users.is_empty() {
            return self.finish(service, serial, ActionEnd::Done, turn);
        }
        let Some(node) = turn.view.list().node_of(to) else { return };
        let root = action.other_root.unwrap_or(root);
        let users: Vec<UserId> = action.users.iter().map(|own| own.0).collect();
        let bytes = MESSAGE_BYTES + ITEM_BYTES * users.len() as f64;
        let body = Arc::new(Redirect { service, users, to: node });
        turn.request(root, REDIRECT, bytes, body, tag(Purpose::Redirect, service, serial));
    }

    pub(super) fn on_redirected(
        &mut self,
        service: u32,
        serial: u32,
        noted: &Noted,
        turn: &mut Turn<'_, '_>,
    ) {
        let Some(action) = self.member_mut(service).and_then(|own| own.action_mut(serial)) else {
            return;
        };
        let Stage::Redirecting(to) = action.stage else { return };
        if noted.is_done {
            return self.finish(service, serial, ActionEnd::Done, turn);
        }
        match noted.mark {
            Some(mark) if action.other_root.is_none() => {
                action.other_root = Some(mark.root);
                self.redirect(service, serial, to, turn);
            }
            // The root does not know the target.
            _ => self.finish(service, serial, ActionEnd::NoTarget, turn),
        }
    }

    pub(super) fn on_not_redirected(&mut self, service: u32, serial: u32, turn: &mut Turn<'_, '_>) {
        self.finish(service, serial, ActionEnd::TimedOut, turn);
    }

    /// Ends an action. The agent rests a while before it acts against a shortage again, and before it acts for users again for
    /// whom it could do nothing.
    pub(super) fn finish(&mut self, service: u32, serial: u32, end: ActionEnd, turn: &mut Turn<'_, '_>) {
        let now = turn.now();
        let rests_until = now + turn.own().cooldown;
        let Some(member) = self.member_mut(service) else { return };
        let Some(action) = member.take_action(serial) else { return };
        let id = action.id;
        let target = match action.stage {
            Stage::Redirecting(to) | Stage::Starting(to) => turn.view.list().node_of(to),
            _ => None,
        };
        if end == ActionEnd::Done {
            let users = action.users.len() as u32;
            turn.orders.push(Order::Phase { action: id, phase: ActionPhase::Redirected { users } });
            member.told.extend(action.users.iter().map(|own| (own.0, now)));
            member.told.sort_unstable();
            if let Some(to) = target.filter(|_| users > 0 && turn.view.redirects_at_once()) {
                let users = action.users.iter().map(|own| own.0).collect();
                turn.orders.push(Order::Redirect { service, users, to });
            }
        }
        match action.cause {
            Cause::Cluster if end != ActionEnd::Done => {
                member.clusters.put_back(action.users, rests_until);
            }
            Cause::Shortage => member.rests_until = rests_until,
            _ => {}
        }
        let target = target.filter(|_| end == ActionEnd::Done);
        turn.orders.push(Order::Close { action: id, end, target });
    }

    /// Those that are to leave in a shortage: as many as bring the load to its bound, the badly served first, cluster by
    /// cluster, then the others.
    pub(super) fn leaving_users(
        &self,
        service: u32,
        turn: &mut Turn<'_, '_>,
    ) -> Vec<(UserId, Position)> {
        let (Some(member), Some(facts)) = (self.member(service), turn.view.hosted(service)) else {
            return Vec::new();
        };
        let mut users = std::mem::take(turn.users);
        turn.view.users(service, &mut users);
        users.retain(|own| !member.was_told(own.user));
        let share = member.shortage(&facts, users.len(), turn);
        let count = (share * users.len() as f64).ceil() as usize;
        let places = member.clusters.places();
        let place = |user: UserId| places.get(&user).copied().unwrap_or(usize::MAX);
        let mut leaving: Vec<(usize, UserId, Position)> =
            users.iter().map(|own| (place(own.user), own.user, own.position)).collect();
        *turn.users = users;
        leaving.sort_by_key(|own| (own.0, own.1));
        leaving.truncate(count);
        leaving.into_iter().map(|own| (own.1, own.2)).collect()
    }
}
