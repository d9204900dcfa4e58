//! A round of the centre: who is served badly, what is overloaded, what is idle, and what is done about it.

use super::{COMMAND, Central, Command, DECIDED, MESSAGE_BYTES, MISSING_REPORTS, Pending, Reported};
use crate::apps::agents::AgentId;
use crate::apps::orchestration::{
    ActionEnd, ActionFeatures, ActionKind, ActionPhase, Order, ServiceFacts, UserFacts,
};
use crate::engine::{SimDuration, SimTime};
use crate::infra::{NodeId, Position};
use crate::placement::orchestration::{OrchestrationView, Platform};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Users near each other that are to leave an instance.
struct Group {
    users: Vec<UserFacts>,
    mean: Position,
}

/// Where users are to leave, and why.
struct Origin {
    agent: AgentId,
    service: u32,
    /// Whether it is enough to go to any other instance, as the load is to fall; else it must be a nearer one.
    any: bool,
}

impl Central {
    /// Decides; what is decided leaves when the time that it takes is over.
    pub(super) fn round(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
        let now = view.now();
        self.rounds += 1;
        self.bury(now);
        let heard = self.known.iter().filter_map(|own| own.report.as_ref());
        let (platforms, users) = heard.fold((0_u64, 0_u64), |(platforms, users), report| {
            let own: usize = report.instances.iter().map(|own| own.users.len()).sum();
            (platforms + 1, users + own as u64)
        });
        let own = &self.parameters;
        let time_s = own.decision_time.as_secs()
            + own.per_node_time.as_secs() * platforms as f64
            + own.per_user_time.as_secs() * users as f64;
        self.busy_s += time_s;
        let mut taken = BTreeMap::new();
        for place in 0..self.known.len() {
            let Some(report) = self.known[place].report.clone() else { continue };
            for instance in report.instances.iter().filter(|own| own.facts.is_ready) {
                let Some(service) = view.services().get(instance.service as usize) else { continue };
                let agent = AgentId(place as u32);
                let node = self.list.platforms()[place].node;
                if self.is_idle(instance, node, now) {
                    self.terminate(agent, instance.service, orders);
                    continue;
                }
                let (bad, excess) = self.leaving(instance, service, node);
                for (users, any) in [(bad, false), (excess, true)] {
                    let origin = Origin { agent, service: instance.service, any };
                    for group in self.groups(users) {
                        self.settle(&origin, group, service, &mut taken, orders);
                    }
                }
            }
        }
        for (number, service) in (0..).zip(view.services()) {
            self.replace(number, service, orders);
        }
        orders.push(Order::Busy { time: SimDuration::from_secs(time_s) });
        orders.push(Order::Timer { after: SimDuration::ZERO, code: DECIDED, detail: 0 });
    }

    /// A service that was asked for and has no instance gets one, as near as can be to those that asked.
    fn replace(&mut self, number: u32, service: &ServiceFacts, orders: &mut Vec<Order>) {
        let wanted = self.wanted.get_mut(number as usize).and_then(Option::take);
        let is_there = self.hosts[number as usize].len() > 0;
        let Some((mean, count)) = wanted.filter(|_| !is_there) else { return };
        if self.pending.keys().any(|own| own.0 == number) {
            return;
        }
        let needs = service.requirements.amounts();
        let near = self.capable[number as usize].by_distance(mean).map(|own| own.0);
        let Some(node) = near.into_iter().find(|&node| self.can_take(number, node, &needs)) else {
            return;
        };
        let features = ActionFeatures {
            users: Some(f64::from(count)),
            limit_s: Some(service.limit_s),
            candidates: Some(0.0),
            ..ActionFeatures::default()
        };
        let cluster = Some((mean, count));
        let action = self.open(ActionKind::Replicate, number, cluster, features, orders);
        self.pending.insert((number, node), Pending { action, agreed: None, users: Vec::new() });
        if let Some(to) = self.list.agent_of(node) {
            self.command(to, Command { service: number, is_wanted: true }, action);
        }
    }

    /// Platforms that were silent for too long count as dead.
    pub(super) fn bury(&mut self, now: SimTime) {
        let most_s = self.parameters.report.as_secs() * MISSING_REPORTS as f64;
        for place in 0..self.known.len() {
            if now.since(self.known[place].heard).as_secs() < most_s {
                continue;
            }
            self.known[place].report = None;
            let Platform { node, position, .. } = self.list.platforms()[place];
            for service in 0..self.hosts.len() {
                self.hosts[service].remove(node, position);
                if let Some(pending) = self.pending.remove(&(service as u32, node)) {
                    let (action, end) = (pending.action, ActionEnd::TimedOut);
                    self.decided.push(Order::Close { action, end, target: None });
                }
            }
        }
    }

    pub(super) fn is_idle(&self, instance: &Reported, node: NodeId, now: SimTime) -> bool {
        let hosts = &self.hosts[instance.service as usize];
        instance.users.is_empty()
            && now.since(instance.facts.last_access) > self.parameters.idle
            && hosts.contains(node)
            && hosts.len() > 1
    }

    pub(super) fn terminate(&mut self, agent: AgentId, service: u32, orders: &mut Vec<Order>) {
        let Platform { node, position, .. } = self.list.platforms()[agent.index()];
        let features = ActionFeatures { users: Some(0.0), ..ActionFeatures::default() };
        let action = self.open(ActionKind::Terminate, service, None, features, orders);
        // No more users are sent there from now on.
        self.hosts[service as usize].remove(node, position);
        self.ending.insert(action, (service, node));
        self.command(agent, Command { service, is_wanted: false }, action);
    }

    pub(super) fn command(&mut self, to: AgentId, command: Command, tag: u64) {
        let (kind, bytes, body) = (COMMAND, MESSAGE_BYTES, Arc::new(command));
        self.decided.push(Order::Request { to, kind, bytes, body, tag });
    }

    pub(super) fn open(
        &mut self,
        kind: ActionKind,
        service: u32,
        cluster: Option<(Position, u32)>,
        features: ActionFeatures,
        orders: &mut Vec<Order>,
    ) -> u64 {
        let action = self.next_action;
        self.next_action += 1;
        orders.push(Order::Open { action, kind, service, forced: false, cluster, features });
        action
    }

    /// The users of an instance that are served badly, and those that have to leave it for its load: the worst served
    /// first. Users that were told to go elsewhere already are left out.
    fn leaving(
        &self,
        instance: &Reported,
        service: &ServiceFacts,
        node: NodeId,
    ) -> (Vec<UserFacts>, Vec<UserFacts>) {
        let assigned = &self.assigned[instance.service as usize];
        let stays = |own: &&UserFacts| {
            let told = assigned.get(own.user.index()).copied().flatten();
            told.is_none_or(|told| told == node)
        };
        let is_bad = |own: &UserFacts| own.median_s.is_some_and(|median_s| median_s > service.limit_s);
        let (bad, mut good): (Vec<UserFacts>, Vec<UserFacts>) =
            instance.users.iter().filter(stays).copied().partition(is_bad);
        let (load, bound) = (instance.facts.load.cpu, self.parameters.load_bounds.cpu);
        if load <= bound || load <= 0.0 {
            return (bad, Vec::new());
        }
        let told = instance.users.len() - bad.len() - good.len();
        let count = (instance.users.len() as f64 * (1.0 - bound / load)).ceil() as usize;
        let count = count.saturating_sub(told);
        let latency_s = |own: &UserFacts| own.median_s.unwrap_or(0.0);
        good.sort_by(|a, b| latency_s(b).total_cmp(&latency_s(a)).then(a.user.cmp(&b.user)));
        good.truncate(count.saturating_sub(bad.len()));
        (bad, good)
    }

    /// Puts each user into the first group whose mean position is near enough.
    fn groups(&self, users: Vec<UserFacts>) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for user in users {
            let near = groups
                .iter_mut()
                .find(|group| group.mean.distance_m(user.position) <= self.parameters.cluster_radius_m);
            match near {
                Some(group) => {
                    group.users.push(user);
                    group.mean = group.mean.towards(user.position, 1.0 / group.users.len() as f64);
                }
                None => groups.push(Group { mean: user.position, users: vec![user] }),
            }
        }
        groups
    }

    /// Finds a place for a group: an instance with room, or else a platform for a new one.
    fn settle(
        &mut self,
        origin: &Origin,
        group: Group,
        service: &ServiceFacts,
        taken: &mut BTreeMap<(u32, NodeId), u32>,
        orders: &mut Vec<Order>,
    ) {
        let Platform { node: own_node, position, .. } = self.list.platforms()[origin.agent.index()];
        let count = group.users.len() as u32;
        let here_m2 = position.squared_distance_m2(group.mean);
        let number = origin.service;
        let hosts = &self.hosts[number as usize];
        let target = hosts
            .index()
            .by_distance(group.mean)
            .take_while(|&(_, squared_m2)| origin.any || squared_m2 < here_m2)
            .map(|(node, _)| node)
            .find(|&node| {
                let used = taken.get(&(number, node)).copied().unwrap_or(0);
                node != own_node && self.room(number, node) >= used.saturating_add(count)
            });
        let mut median_s: Vec<f64> = group.users.iter().filter_map(|own| own.median_s).collect();
        median_s.sort_by(f64::total_cmp);
        let features = ActionFeatures {
            users: self.reported(origin.agent, number).map(|own| own.users.len() as f64),
            load_cpu: self.reported(origin.agent, number).map(|own| own.facts.load.cpu),
            cluster_distance_m: Some(here_m2.sqrt()),
            median_latency_s: median_s.get(median_s.len() / 2).copied(),
            limit_s: Some(service.limit_s),
            candidates: Some(hosts.len() as f64),
            ..ActionFeatures::default()
        };
        let cluster = Some((group.mean, count));
        if let Some(target) = target {
            *taken.entry((number, target)).or_insert(0) += count;
            let action = self.open(ActionKind::Migrate, number, cluster, features, orders);
            self.moves.extend(group.users.iter().map(|own| (number, own.user, target)));
            self.decided.extend([
                Order::Phase { action, phase: ActionPhase::Searched { hops: 0, asked: 0 } },
                Order::Phase { action, phase: ActionPhase::Redirected { users: count } },
                Order::Close { action, end: ActionEnd::Done, target: Some(target) },
            ]);
            return;
        }
        let needs = service.requirements.amounts();
        let place = self.capable[number as usize]
            .by_distance(group.mean)
            .take_while(|&(_, squared_m2)| origin.any || squared_m2 < here_m2)
            .map(|(node, _)| node)
            .find(|&node| node != own_node && self.can_take(number, node, &needs));
        let Some(node) = place else {
            let action = self.open(ActionKind::Replicate, number, cluster, features, orders);
            self.decided.push(Order::Close { action, end: ActionEnd::NoTarget, target: None });
            return;
        };
        let users = group.users.iter().map(|own| own.user);
        if let Some(pending) = self.pending.get_mut(&(number, node)) {
            // It is on its way.
            let known: Vec<_> = users.filter(|user| !pending.users.contains(user)).collect();
            pending.users.extend(known);
            return;
        }
        let users = users.collect();
        let action = self.open(ActionKind::Replicate, number, cluster, features, orders);
        self.pending.insert((number, node), Pending { action, agreed: None, users });
        if let Some(to) = self.list.agent_of(node) {
            self.command(to, Command { service: number, is_wanted: true }, action);
        }
    }

    fn reported(&self, agent: AgentId, service: u32) -> Option<&Reported> {
        let report = self.known.get(agent.index())?.report.as_ref()?;
        report.instances.iter().find(|own| own.service == service)
    }

    /// How many users more an instance can take, if they make as much load as those that it has.
    pub(super) fn room(&self, service: u32, node: NodeId) -> u32 {
        let Some(place) = self.list.place(node) else { return 0 };
        let Some(instance) = self.reported(AgentId(place as u32), service) else { return 0 };
        let (load, bound) = (instance.facts.load.cpu, self.parameters.load_bounds.cpu);
        if load >= bound {
            return 0;
        }
        let each = load / instance.users.len().max(1) as f64;
        if each > 0.0 { ((bound - load) / each) as u32 } else { u32::MAX }
    }

    /// Whether a platform has reported that it has what an instance needs, and room below the bounds; or is about to have
    /// one.
    pub(super) fn can_take(&self, service: u32, node: NodeId, needs: &[f64; 4]) -> bool {
        if self.pending.contains_key(&(service, node)) {
            return true;
        }
        let Some(place) = self.list.place(node) else { return false };
        let Some(report) = self.known.get(place).and_then(|own| own.report.as_ref()) else {
            return false;
        };
        let (load, bounds) = (&report.load, &self.parameters.load_bounds);
        report.instances.iter().all(|own| own.service != service)
            && needs.iter().zip(report.free).all(|(need, free)| *need <= free)
            && load.memory <= bounds.memory
            && load.storage <= bounds.storage
            && load.gpu <= bounds.gpu
    }
}
