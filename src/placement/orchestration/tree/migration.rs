//! Migration: users go to a node of the tree that is nearer to them, which is found by asking from neighbour to neighbour.

use super::Turn;
use super::clusters::Cluster;
use super::messages::{FOUND, Found, ITEM_BYTES, MESSAGE_BYTES, SEARCH, SEARCH_DUE, Search, detail};
use super::node::{Member, Platform};
use super::offloading::{Action, Cause, Stage, median_s};
use crate::apps::agents::AgentId;
use crate::apps::orchestration::{ActionEnd, ActionFeatures, ActionKind, ActionPhase, Order};
use smallvec::smallvec;
use std::sync::Arc;

/// Where a search goes on from a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// To this neighbour.
    On(AgentId),
    /// Nowhere: this node takes the users.
    Here,
    /// Nowhere: there is none.
    End,
}

impl Member {
    /// The child whose cells with room come nearest to the cluster, if nearer than so.
    fn best_child(&self, search: &Search, within_m: f64) -> Option<AgentId> {
        let open = self.children.iter().filter(|own| !search.way.contains(&own.agent));
        let near =
            open.filter_map(|own| Some((own.grid.nearest_m(search.mean, &search.needs)?, own.agent)));
        let nearest = near.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        nearest.filter(|own| own.0 < within_m).map(|own| own.1)
    }

    /// Where a search begins: at a child that comes nearer, else at the parent if that or a sibling does.
    fn first_step(&self, search: &Search) -> Step {
        if let Some(child) = self.best_child(search, search.origin_m) {
            return Step::On(child);
        }
        let family = self.parent_family.as_ref();
        let above_m = family.and_then(|own| own.nearest_m(search.mean, &search.needs, search.origin));
        match self.parent().filter(|_| above_m.is_some_and(|above_m| above_m < search.origin_m)) {
            Some(parent) => Step::On(parent),
            None => Step::End,
        }
    }

    /// Where a search goes on. From a child it comes up: this node takes the users if it can, else another child may,
    /// else it goes on to the parent. From the parent it comes down: to a child that is nearer than this node, if there
    /// is one.
    fn next_step(&self, search: &Search, turn: &Turn<'_, '_>) -> Step {
        let own_m = turn.view.position().distance_m(search.mean);
        let has_room = |free: [f64; 4]| search.needs.iter().zip(free).all(|(need, free)| *need <= free);
        let is_suitable =
            own_m < search.origin_m && !self.is_leaving() && self.free(turn).is_some_and(has_room);
        let comes_up =
            search.way.last().is_some_and(|from| self.children.iter().any(|own| own.agent == *from));
        if comes_up && is_suitable {
            return Step::Here;
        }
        let within_m = if is_suitable { own_m } else { search.origin_m };
        if let Some(child) = self.best_child(search, within_m) {
            return Step::On(child);
        }
        if is_suitable {
            return Step::Here;
        }
        match self.parent().filter(|parent| comes_up && !search.way.contains(parent)) {
            Some(parent) => Step::On(parent),
            None => Step::End,
        }
    }
}

fn search_bytes(search: &Search) -> f64 {
    MESSAGE_BYTES + ITEM_BYTES * search.way.len() as f64
}

impl Platform {
    /// Users are served badly: somebody who is nearer is to take them.
    pub(super) fn begin_migration(
        &mut self,
        service: u32,
        cluster: Cluster,
        is_forced: bool,
        turn: &mut Turn<'_, '_>,
    ) {
        let me = turn.me();
        let id = self.next_action();
        let (Some(facts), Some(member)) = (turn.view.hosted(service), self.member_mut(service)) else {
            return;
        };
        let all = turn.service(service).map_or([0.0; 4], |own| own.needs);
        let count = cluster.users.len() as u32;
        // What these users take of what the instance uses.
        let share = f64::from(count) / f64::from(facts.users.max(count).max(1));
        let load = [facts.load.cpu, facts.load.memory, facts.load.storage, facts.load.gpu];
        let mut needs = [0.0; 4];
        for (need, (all, load)) in needs.iter_mut().zip(all.into_iter().zip(load)) {
            *need = all * load * share;
        }
        let origin_m = turn.view.position().distance_m(cluster.mean);
        let mean = cluster.mean;
        let search =
            Search { service, origin: me, action: id, mean, origin_m, needs, way: smallvec![me] };
        let mut concerned: Vec<_> = cluster.users.iter().map(|own| own.0).collect();
        concerned.sort_unstable();
        let concerned = turn.users.iter().filter(|own| concerned.binary_search(&own.user).is_ok());
        let features = ActionFeatures {
            cluster_score: Some(f64::from(cluster.score)),
            cluster_distance_m: Some(origin_m),
            median_latency_s: median_s(concerned),
            nearest_grid_distance_m: member.nearest_known_m(mean, &needs, me),
            candidates: Some((member.children.len() + usize::from(member.parent().is_some())) as f64),
            ..member.features(turn)
        };
        let (kind, about) = (ActionKind::Migrate, Some((mean, count)));
        turn.orders.push(Order::Open {
            action: id,
            kind,
            service,
            forced: is_forced,
            cluster: about,
            features,
        });
        let mut action = Action::new(id, is_forced, Cause::Cluster, Stage::Searching);
        (action.users, action.mean) = (cluster.users, mean);
        if action.users.is_empty() {
            turn.orders.push(Order::Close { action: id, end: ActionEnd::Abandoned, target: None });
            return;
        }
        member.actions.push(Box::new(action));
        match member.first_step(&search) {
            Step::On(to) => {
                turn.send(to, SEARCH, search_bytes(&search), Arc::new(search));
                turn.timer(turn.own().search_timeout, SEARCH_DUE, detail(service, id as u32));
            }
            _ => self.end_search(service, id as u32, ActionEnd::RefusedLocally, turn),
        }
    }

    /// A search comes by.
    pub(super) fn on_search(&mut self, search: &Search, turn: &mut Turn<'_, '_>) {
        let step = self.member(search.service).map_or(Step::End, |own| own.next_step(search, turn));
        let (hops, me) = (search.way.len() as u32, turn.me());
        if let Step::On(to) = step {
            let mut search = search.clone();
            search.way.push(me);
            return turn.send(to, SEARCH, search_bytes(&search), Arc::new(search));
        }
        let target = (step == Step::Here).then_some(me);
        let found = Found { service: search.service, action: search.action, hops, target };
        turn.send(search.origin, FOUND, MESSAGE_BYTES, Arc::new(found));
    }

    /// A search of this node's has ended.
    pub(super) fn on_found(&mut self, found: &Found, turn: &mut Turn<'_, '_>) {
        let (service, serial) = (found.service, found.action as u32);
        let Some(action) = self.member_mut(service).and_then(|own| own.action_mut(serial)) else {
            return;
        };
        if action.stage != Stage::Searching {
            return;
        }
        // The answer is a message, too.
        let phase = ActionPhase::Searched { hops: found.hops + 1, asked: 0 };
        turn.orders.push(Order::Phase { action: action.id, phase });
        match found.target {
            Some(target) => self.redirect(service, serial, target, turn),
            None => self.end_search(service, serial, ActionEnd::NoTarget, turn),
        }
    }

    pub(super) fn on_search_due(&mut self, service: u32, serial: u32, turn: &mut Turn<'_, '_>) {
        let action = self.member_mut(service).and_then(|own| own.action_mut(serial));
        if action.is_some_and(|own| own.stage == Stage::Searching) {
            self.end_search(service, serial, ActionEnd::TimedOut, turn);
        }
    }

    /// Nobody takes the users: there is to be a new instance near them.
    fn end_search(&mut self, service: u32, serial: u32, end: ActionEnd, turn: &mut Turn<'_, '_>) {
        let Some(action) = self.member_mut(service).and_then(|own| own.take_action(serial)) else {
            return;
        };
        turn.orders.push(Order::Close { action: action.id, end, target: None });
        self.begin_replication(
            service,
            Cause::Cluster,
            action.users,
            action.mean,
            action.is_forced,
            turn,
        );
    }
}
