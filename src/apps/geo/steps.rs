//! How a call is done: where its scope or the holder of its resource says.

use super::answer::Failure;
use super::calls::{CALL, CallId, Parent, RemoteCall, Task, Wait, Way};
use super::directory::Holder;
use super::plan::{Access, ReadRule};
use super::state::{Geo, Hands};
use crate::apps::agents::{AgentId, Body};
use crate::infra::compute::JobRequest;
use crate::replication::{Mode, Verb};
use crate::scope::{Plan, SiteIndex, plan};
use std::sync::Arc;

/// Timers of agents, and errands.
pub(super) const BEGIN: u32 = 0;
pub(super) const JOB: u32 = 1;
pub(super) const APPLIED: u32 = 2;
pub(super) const BEAT: u32 = 3;
pub(super) const TICK: u32 = 4;
pub(super) const GIVE_UP: u32 = 5;
pub(super) const STRIKE: u32 = 6;

impl Geo {
    /// Begins a call: by its scope if that says where, else by the holder of its resource.
    pub(super) fn go(&mut self, id: CallId, hands: &mut Hands<'_, '_>) {
        let Some(call) = self.call(id) else { return };
        let (site, task) = (call.site, call.task);
        let has_holder = task.resource.is_some() && task.access != Access::Create;
        if has_holder && !task.is_strict {
            return self.here(id, hands);
        }
        let service = &self.plan.catalogue.kinds()[usize::from(task.kind)].service;
        let planned = match self.scopes.resolved(task.scope, site, &self.plan, &self.contacts) {
            Some(resolved) => plan(&resolved, service, SiteIndex(site)),
            None => Plan::Local,
        };
        self.follow(id, &planned, hands);
    }

    /// Does as planned.
    pub(super) fn follow(&mut self, id: CallId, planned: &Plan, hands: &mut Hands<'_, '_>) {
        let Some(call) = self.call(id) else { return };
        let (site, task) = (call.site, call.task);
        let created = task.resource.filter(|_| task.access == Access::Create);
        match (planned, created) {
            (Plan::Local, Some(resource)) => {
                self.directory.hold(resource, Holder::Site(site));
                self.here(id, hands);
            }
            (Plan::Local, None) => self.here(id, hands),
            (Plan::Forward(to), created) => {
                if let Some(resource) = created {
                    self.directory.hold(resource, Holder::Site(to.0));
                }
                self.away(id, to.0, hands);
            }
            (Plan::Otherwise(list), _) => {
                let ways = list.iter().cloned().map(Way::Plan).collect();
                self.try_ways(id, ways, hands);
            }
            (Plan::Replicate(list), Some(resource)) => {
                let Some(sites) = self.sites_of(site, list) else {
                    return self.finish(id, Err(Failure::Unreachable), hands);
                };
                let group = self.group(task.kind, sites, site, hands);
                self.directory.hold(resource, Holder::Group(group));
                self.here(id, hands);
            }
            (Plan::Replicate(list), None) => {
                // Any replica will do, the one at this site before the others.
                let mut ways: Vec<Way> = list.iter().cloned().map(Way::Plan).collect();
                ways.sort_by_key(|way| !matches!(way, Way::Plan(Plan::Local)));
                self.try_ways(id, ways, hands);
            }
            (Plan::Cross(list), Some(resource)) => {
                let parts: Vec<u32> = list.iter().map(|_| self.directory.add(task.kind, site)).collect();
                self.directory.hold(resource, Holder::Parts(parts.clone()));
                let tasks =
                    parts.into_iter().map(|part| Task { resource: Some(part), ..task }).collect();
                self.spread(id, tasks, Some(list), hands);
            }
            (Plan::Cross(list), None) => {
                self.spread(id, vec![task; list.len()], Some(list), hands);
            }
        }
    }

    /// The sites of the replicas of a plan, each the first of its alternatives that is taken to be available.
    fn sites_of(&self, here: u32, list: &[Plan]) -> Option<Vec<u32>> {
        let single = |plan: &Plan| match plan {
            Plan::Local => Some(here),
            Plan::Forward(site) => Some(site.0),
            _ => None,
        };
        let mut sites: Vec<u32> = Vec::with_capacity(list.len());
        for plan in list {
            let found = match plan {
                Plan::Otherwise(list) => {
                    let known = list.iter().filter_map(single).filter(|site| !sites.contains(site));
                    let mut up = known.clone().filter(|site| self.takes_for_up(here, *site));
                    up.next().or_else(|| known.clone().next())
                }
                other => single(other),
            };
            sites.push(found?);
        }
        sites.sort_unstable();
        sites.dedup();
        (sites.len() > 1).then_some(sites)
    }

    /// Does several things at once, each as its plan says, or by the holder of its resource.
    fn spread(
        &mut self,
        id: CallId,
        tasks: Vec<Task>,
        plans: Option<&[Plan]>,
        hands: &mut Hands<'_, '_>,
    ) {
        let Some(call) = self.call(id) else { return };
        let site = call.site;
        call.wait = Wait::Children { left: tasks.len() as u32, failure: None };
        let children: Vec<CallId> =
            tasks.into_iter().map(|task| self.new_call(site, Parent::Call(id), task)).collect();
        for (at, child) in children.into_iter().enumerate() {
            match plans.and_then(|plans| plans.get(at)) {
                Some(plan) => self.follow(child, plan, hands),
                None => self.here(child, hands),
            }
        }
    }

    /// Does a call at this site if its resource is here, else where that is.
    pub(super) fn here(&mut self, id: CallId, hands: &mut Hands<'_, '_>) {
        let Some(call) = self.call(id) else { return };
        let (site, task) = (call.site, call.task);
        let is_sent = matches!(call.parent, Parent::Remote(_));
        self.see_demand(site, task.kind, task.user_site, hands.context);
        let Some(resource) = task.resource else { return self.work(id, hands) };
        // What another site has sent is done here or nowhere.
        let may_leave = !is_sent
            && (task.access == Access::Create
                || !task.is_strict && hands.context.resource_scopes_collaborate());
        let not_here = if is_sent || task.is_strict { Failure::NotFound } else { Failure::Elsewhere };
        match self.directory.resource(resource).holder.clone() {
            Holder::Nobody => self.finish(id, Err(Failure::NotFound), hands),
            Holder::Site(own) if own == site => self.work(id, hands),
            Holder::Site(_) if !may_leave => self.finish(id, Err(not_here), hands),
            Holder::Site(own) => self.away(id, own, hands),
            Holder::Parts(parts) => {
                let is_mine = |part: &&u32| self.directory.resource(**part).holder == Holder::Site(site);
                let only: Vec<u32> =
                    if may_leave { parts } else { parts.iter().filter(is_mine).copied().collect() };
                if only.is_empty() {
                    return self.finish(id, Err(not_here), hands);
                }
                let tasks = only.into_iter().map(|part| Task { resource: Some(part), ..task });
                self.spread(id, tasks.collect(), None, hands);
            }
            Holder::Group(group) => match self.directory.groups[group as usize].place(site) {
                Some(place) => self.at_member(id, (group, place), resource, hands),
                None if may_leave => {
                    let ways = self.members_by_latency(group, site);
                    self.try_ways(id, ways, hands);
                }
                None => self.finish(id, Err(not_here), hands),
            },
        }
    }

    /// The members of a group that are not struck, nearest first, those that are taken to be unavailable last.
    fn members_by_latency(&self, group: u32, site: u32) -> Vec<Way> {
        let own = &self.directory.groups[group as usize];
        let latency_s = &self.contacts[site as usize].latency_s;
        let mut sites: Vec<u32> = (0..own.sites.len())
            .filter(|&place| own.present.has(place))
            .map(|place| own.sites[place])
            .collect();
        sites.sort_by(|a, b| {
            let key = |site: u32| latency_s.get(site as usize).copied().unwrap_or(f64::INFINITY);
            let order = self.takes_for_up(site, *b).cmp(&self.takes_for_up(site, *a));
            order.then(key(*a).total_cmp(&key(*b))).then(a.cmp(b))
        });
        sites.into_iter().map(Way::Site).collect()
    }

    /// Does a call at a site with a replica of its resource.
    fn at_member(
        &mut self,
        id: CallId,
        (group, place): (u32, usize),
        resource: u32,
        hands: &mut Hands<'_, '_>,
    ) {
        let Some(call) = self.call(id) else { return };
        let task = call.task;
        let verb = match task.access {
            Access::Create => Verb::Create,
            Access::Update => Verb::Update,
            Access::Delete => Verb::Delete,
            Access::Read => {
                let kind = &self.plan.kinds[usize::from(task.kind)];
                let is_weak = kind.reads == ReadRule::Local || matches!(kind.mode, Mode::Convergent(_));
                if is_weak {
                    return self.read_replica(id, resource, place, hands);
                }
                return self.confirm(id, (group, place), hands);
            }
        };
        self.write(id, (group, place), resource, verb, hands);
    }

    /// Reads the replica at this site as it is.
    pub(super) fn read_replica(
        &mut self,
        id: CallId,
        resource: u32,
        place: usize,
        hands: &mut Hands<'_, '_>,
    ) {
        let (versions_behind, since) = self.truth.behind(resource, place);
        let age_s = since.map_or(0.0, |since| (hands.context.now() - since).as_secs());
        if let Some(call) = self.call(id) {
            (call.answer.versions_behind, call.answer.age_s) = (versions_behind, age_s);
        }
        self.work(id, hands);
    }

    /// Sends a call to another site.
    pub(super) fn away(&mut self, id: CallId, to: u32, hands: &mut Hands<'_, '_>) {
        let Some(call) = self.call(id) else { return };
        let (site, task) = (call.site, call.task);
        call.wait = Wait::Answer;
        if !self.takes_for_up(site, to) {
            return self.finish(id, Err(Failure::Unreachable), hands);
        }
        let bytes = self.plan.kinds[usize::from(task.kind)].request_bytes;
        let task = Task { hops: task.hops.saturating_add(1), ..task };
        let body: Body = Arc::new(RemoteCall { task });
        hands.mail.request(AgentId(to), CALL, bytes, body, id.token());
    }

    /// The work of a call at this site, with that of what it causes here.
    pub(super) fn work(&mut self, id: CallId, hands: &mut Hands<'_, '_>) {
        let now = hands.context.now();
        let Some(call) = self.call(id) else { return };
        let (site, task) = (call.site, call.task);
        call.wait = Wait::Work { since: now };
        let work_mi = if self.causes_elsewhere(site, &task) {
            self.plan.kinds[usize::from(task.kind)].work_mi[task.access as usize]
        } else {
            self.local_work_mi[usize::from(task.kind)][task.access as usize]
        };
        if work_mi <= 0.0 {
            return self.worked(id, hands);
        }
        let node = self.plan.sites[site as usize];
        if hands.context.submit_job(node, JobRequest::new(work_mi), id.token()).is_err() {
            self.finish(id, Err(Failure::Overloaded), hands);
        }
    }

    /// Whether the scope sends something that a task causes to other sites.
    fn causes_elsewhere(&mut self, site: u32, task: &Task) -> bool {
        let Geo { plan, scopes, contacts, .. } = self;
        let calls = &plan.kinds[usize::from(task.kind)].calls;
        let mut caused =
            calls.iter().filter(|call| call.on[task.access as usize] && !call.is_local).peekable();
        if task.scope.is_none() || caused.peek().is_none() {
            return false;
        }
        let Some(resolved) = scopes.resolved(task.scope, site, plan, contacts) else { return false };
        let kinds = plan.catalogue.kinds();
        caused.any(|call| resolved.place(&kinds[usize::from(call.kind)].service).is_some())
    }

    /// The work of a call is done.
    pub(super) fn worked(&mut self, id: CallId, hands: &mut Hands<'_, '_>) {
        let now = hands.context.now();
        let Some(call) = self.call(id) else { return };
        let Wait::Work { since } = call.wait else { return };
        call.answer.work_s += (now - since).as_secs();
        let (site, task) = (call.site, call.task);
        if task.access == Access::Create
            && let Some(resource) = task.resource
        {
            self.make_replicant(resource, site, hands.context);
        }
        if !self.causes_elsewhere(site, &task) {
            return self.finish(id, Ok(()), hands);
        }
        if let Some(call) = self.call(id) {
            call.wait = Wait::Caused { next: 0 };
            self.cause_next(id, hands);
        }
    }

    /// Begins the next call that a call causes, with the scope that travels along.
    pub(super) fn cause_next(&mut self, id: CallId, hands: &mut Hands<'_, '_>) {
        let Some(call) = self.call(id) else { return };
        let (site, task) = (call.site, call.task);
        let Wait::Caused { next } = &mut call.wait else { return };
        let from = *next;
        let calls = &self.plan.kinds[usize::from(task.kind)].calls;
        let found = (from..calls.len()).find(|&at| calls[at].on[task.access as usize]);
        let Some(at) = found else { return self.finish(id, Ok(()), hands) };
        let caused = calls[at];
        if let Some(call) = self.call(id) {
            call.wait = Wait::Caused { next: at + 1 };
        }
        let (kind, access) = (caused.kind, caused.access);
        let task = Task { kind, access, resource: None, is_strict: false, ..task };
        let child = self.new_call(site, Parent::Call(id), task);
        if caused.is_local { self.here(child, hands) } else { self.go(child, hands) }
    }
}
