//! Operations of users, from the request to its response.

use super::account::Ended;
use super::answer::{Answer, Collaboration, Failure};
use super::calls::{Parent, Task};
use super::directory::Holder;
use super::plan::Access;
use super::request::ScopeRequest;
use super::state::{Errand, Geo, Hands};
use super::steps::BEGIN;
use crate::apps::{Context, DecisionEnd, DecisionId};
use crate::engine::SimTime;
use crate::scope::{Place, Resolved, ResolvedPart, Severity, SiteIndex, check, plan};

/// What a user asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    /// The site of the user.
    pub(super) site: u32,
    pub(super) kind: u16,
    pub(super) access: Access,
    pub(super) resource: Option<u32>,
    pub(super) scope: Option<u16>,
    pub(super) is_strict: bool,
    /// Which of the listed requests it is.
    pub(super) listed: Option<u32>,
}

/// An operation that a user waits for.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) number: u64,
    pub(super) wish: Wish,
    /// The site that the user has turned to.
    pub(super) site: u32,
    pub(super) began: SimTime,
    /// Seconds between the user's own site and that, there and back.
    extra_s: f64,
    decision: Option<DecisionId>,
}

impl Geo {
    /// A user asks for something.
    pub(super) fn wish(&mut self, wish: Wish, context: &mut dyn Context) {
        let mut site = wish.site;
        let mut extra_s = 0.0;
        if !self.serves(site) && self.plan.users.fail_over {
            self.look_around(site, context);
            let latency_s = &self.contacts[site as usize].latency_s;
            let up = (0..self.plan.sites.len() as u32).filter(|other| self.serves(*other));
            let key = |site: &u32| latency_s[*site as usize];
            if let Some(other) = up.min_by(|a, b| key(a).total_cmp(&key(b)))
                && key(&other).is_finite()
            {
                (extra_s, site) = (2.0 * key(&other), other);
            }
        }
        let number = self.account.next_number();
        let began = context.now();
        let operation = Operation { number, wish, site, began, extra_s, decision: None };
        if wish.access == Access::Delete
            && let Some(resource) = wish.resource
        {
            self.directory.retire(resource);
        }
        let key = self.operations.insert(operation) as u32;
        if self.serves(site) {
            self.errands.push_back(Errand { site, code: BEGIN, detail: u64::from(key) });
        } else {
            self.end_operation(key, Err(Failure::SiteDown), context);
        }
    }

    /// Whether there is an agent at a site.
    pub(super) fn serves(&self, site: u32) -> bool {
        self.is_up[site as usize] && !self.is_removed[site as usize]
    }

    /// The agent of the user's site takes an operation.
    pub(super) fn begin_operation(&mut self, key: u32, hands: &mut Hands<'_, '_>) {
        let Some(operation) = self.operations.get(key as usize) else { return };
        let (site, wish, number) = (operation.site, operation.wish, operation.number);
        if site != hands.site {
            return;
        }
        if wish.access == Access::Create {
            return self.begin_creation(key, number, wish, hands);
        }
        if wish.listed.is_some() && wish.resource.is_none() {
            return self.end_operation(key, Err(Failure::NotFound), hands.context);
        }
        let written = self.scopes.resolved(wish.scope, site, &self.plan, &self.contacts);
        if let Some(written) = written.filter(|_| wish.is_strict)
            && self.is_refused(&written, wish.kind, site)
        {
            return self.end_operation(key, Err(Failure::Refused), hands.context);
        }
        let id = self.new_call(site, Parent::User(key), task(&wish));
        self.go(id, hands);
    }

    fn begin_creation(&mut self, key: u32, number: u64, wish: Wish, hands: &mut Hands<'_, '_>) {
        let site = hands.site;
        let (place, decision) = self.decide(number, &wish, site, hands.context);
        let resource = self.directory.add(wish.kind, wish.site);
        if let Some(operation) = self.operations.get_mut(key as usize) {
            (operation.decision, operation.wish.resource) = (decision, Some(resource));
        }
        let kind = &self.plan.catalogue.kinds()[usize::from(wish.kind)];
        let written = self.scopes.resolved(wish.scope, site, &self.plan, &self.contacts);
        let mut scope = written.map_or_else(Resolved::default, |own| (*own).clone());
        scope.parts.retain(|part| part.service != kind.service);
        if let Some(place) = place {
            scope.parts.push(ResolvedPart { service: kind.service.clone(), place });
        }
        if self.is_refused(&scope, wish.kind, site) {
            return self.end_operation(key, Err(Failure::Refused), hands.context);
        }
        let planned = plan(&scope, &kind.service, SiteIndex(site));
        let task = Task { resource: Some(resource), ..task(&wish) };
        let id = self.new_call(site, Parent::User(key), task);
        self.follow(id, &planned, hands);
    }

    /// Asks the policy on which sites a resource is to be.
    fn decide(
        &mut self,
        number: u64,
        wish: &Wish,
        site: u32,
        context: &mut dyn Context,
    ) -> (Option<Place>, Option<DecisionId>) {
        self.look_around(site, context);
        let written = self.scopes.resolved(wish.scope, site, &self.plan, &self.contacts);
        let kind = &self.plan.catalogue.kinds()[usize::from(wish.kind)];
        let own = &self.contacts[site as usize];
        let request = ScopeRequest {
            workload: 0,
            number,
            site,
            node: self.plan.sites[site as usize],
            names: &self.plan.names,
            kind: wish.kind,
            kind_name: &kind.name,
            service: &kind.service,
            mode: self.plan.kinds[usize::from(wish.kind)].mode,
            is_divisible: kind.is_divisible,
            written: written.as_deref(),
            latency_s: &own.latency_s,
            unavailable: &own.unavailable,
            demand: self.demand_seen(site, wish.kind),
        };
        let choice = context.decide_resource_scope(&request);
        (choice.place, choice.id)
    }

    /// Whether a scope asks for what cannot be.
    fn is_refused(&self, scope: &Resolved, kind: u16, site: u32) -> bool {
        let found = check(scope, &self.plan.catalogue, usize::from(kind), SiteIndex(site));
        found.iter().any(|finding| finding.severity == Severity::Refusal)
    }

    /// A resource that is there from the start, on the sites that the policy says; the first of alternatives that are sites.
    pub(super) fn place_initial(&mut self, kind: u16, home: u32, context: &mut dyn Context) {
        let scope = self.plan.kinds[usize::from(kind)].scope;
        let access = Access::Create;
        let wish =
            Wish { site: home, kind, access, resource: None, scope, is_strict: false, listed: None };
        let number = self.account.next_initial();
        let (place, decision) = self.decide(number, &wish, home, context);
        let resource = self.directory.add(kind, home);
        self.settle_at(resource, place.as_ref(), context);
        self.directory.publish(resource);
        if let Some(decision) = decision {
            let outcome = context.symbol("given");
            let end = DecisionEnd {
                outcome,
                is_done: true,
                service_s: None,
                is_lost_to_mobility: false,
                reward: 1.0,
            };
            context.resolve_decision(decision, end);
        }
    }

    /// Puts a resource where a place says, without anything being done for it.
    fn settle_at(&mut self, resource: u32, place: Option<&Place>, context: &mut dyn Context) {
        let (kind, home) = {
            let own = self.directory.resource(resource);
            (own.kind, own.home)
        };
        let holder = match place {
            None => Holder::Site(home),
            Some(Place::Site(site)) => Holder::Site(site.0),
            Some(Place::Otherwise(list)) => return self.settle_at(resource, list.first(), context),
            Some(Place::Both(list)) => {
                let first = |place: &Place| place.sites().first().map(|site| site.0);
                let sites: Vec<u32> = list.iter().filter_map(first).collect();
                match sites.first() {
                    Some(&first) => {
                        Holder::Group(self.join_group(kind, sites.clone(), first, home, context))
                    }
                    None => Holder::Site(home),
                }
            }
            Some(Place::Across(list)) => {
                let parts: Vec<u32> = list.iter().map(|_| self.directory.add(kind, home)).collect();
                for (part, place) in parts.iter().zip(list) {
                    self.settle_at(*part, Some(place), context);
                }
                Holder::Parts(parts)
            }
        };
        self.directory.hold(resource, holder);
    }

    /// How sites work together in an operation of a site on a resource.
    fn collaboration(&self, resource: Option<u32>, site: u32) -> Collaboration {
        match resource.map(|resource| &self.directory.resource(resource).holder) {
            Some(Holder::Site(own)) if *own != site => Collaboration::Sharing,
            Some(Holder::Group(_)) => Collaboration::Replication,
            Some(Holder::Parts(_)) => Collaboration::Cross,
            _ => Collaboration::Local,
        }
    }

    /// An operation has come to its end.
    pub(super) fn end_operation(
        &mut self,
        key: u32,
        result: Result<Answer, Failure>,
        context: &mut dyn Context,
    ) {
        let Some(operation) = self.operations.try_remove(key as usize) else { return };
        let wish = operation.wish;
        let is_done = result.is_ok();
        if let Some(resource) = wish.resource {
            match (wish.access, is_done) {
                (Access::Create, true) | (Access::Delete, false) => self.directory.publish(resource),
                _ => {}
            }
            if let (Access::Create, Some(listed), true) = (wish.access, wish.listed, is_done) {
                self.users.created[listed as usize] = Some(resource);
            }
        }
        let latency_s = (context.now() - operation.began).as_secs() + operation.extra_s;
        if let Some(decision) = operation.decision {
            let outcome = context.symbol(result.as_ref().map_or_else(|own| own.name(), |_| "done"));
            let end = DecisionEnd {
                outcome,
                is_done,
                service_s: is_done.then_some(latency_s),
                is_lost_to_mobility: false,
                reward: if is_done { 1.0 / (1.0 + latency_s) } else { 0.0 },
            };
            context.resolve_decision(decision, end);
        }
        let ended = Ended {
            kind: wish.kind,
            access: wish.access,
            collaboration: self.collaboration(wish.resource, operation.site),
            result,
            latency_s,
            unavailable: self.contacts[operation.site as usize].unavailable.len(),
        };
        if operation.began >= context.warm_up_end() {
            self.account.end(&ended);
        }
        let holder = wish.resource.map(|own| self.directory.resource(own).holder.clone());
        if let (Access::Delete, true, Some(resource)) = (wish.access, is_done, wish.resource) {
            self.directory.hold(resource, Holder::Nobody);
        }
        if let Some(rows) = &mut self.rows {
            rows.count(wish.site, wish.kind, is_done);
            let replicas = match holder {
                Some(Holder::Group(group)) => self.directory.groups[group as usize].sites.len(),
                Some(Holder::Parts(parts)) => parts.len(),
                Some(Holder::Site(_)) => 1,
                _ => 0,
            };
            rows.operation(&operation, &ended, replicas, context);
        }
    }

    /// A site is gone: what its agent did is lost, and its users have no answers.
    pub(super) fn end_operations_at(&mut self, site: u32, context: &mut dyn Context) {
        self.lose_calls(site);
        let mut keys: Vec<(u64, u32)> = self
            .operations
            .iter()
            .filter(|(_, own)| own.site == site)
            .map(|(key, own)| (own.number, key as u32))
            .collect();
        keys.sort_unstable();
        for (_, key) in keys {
            self.end_operation(key, Err(Failure::SiteDown), context);
        }
    }
}

fn task(wish: &Wish) -> Task {
    Task {
        kind: wish.kind,
        access: wish.access,
        resource: wish.resource,
        scope: wish.scope,
        is_strict: wish.is_strict,
        user_site: wish.site,
        hops: 0,
    }
}
