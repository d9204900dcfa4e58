//! Self-organizing service trees: the nodes that host a service are a tree, each knows its neighbours only, and the root
//! keeps an index of all for those who look for an instance.
//!
//! After VineIO (R. Baun, "Realizing Self-organizing Platforms for Edge Service Deployments", TU Munich, 2021); see
//! `docs/service-trees.md` for the protocol, and for what was chosen where the concept is silent.

mod clusters;
mod grid;
mod health;
mod index;
mod messages;
mod migration;
mod neighbours;
mod node;
mod offloading;
mod parameters;
mod replication;
mod root;
mod standby;
#[cfg(test)]
mod tests;

pub use clusters::{Cluster, Clusters};
pub use grid::{Cell, Grid, Rectangle};
pub use parameters::{Rank, TreeParameters};

use super::{ControlPlane, OrchestrationView, PlaceIndex, PlatformList, TreeShape};
use crate::apps::agents::{AgentId, Body, MessageKind, RequestId, Stimulus};
use crate::apps::orchestration::{DEPLOY_REFUSED, DEPLOYED, Order, QUERY, ServiceFacts, UserFacts};
use crate::engine::{SimDuration, SimTime};
use crate::placement::ParameterError;
use messages::{BEAT, POLL_DUE, Purpose, SEARCH_DUE, SIGN_ON_DUE, SYNC_DUE, TICK};
use node::{Link, Platform};
use serde_json::{Value, json};
use std::sync::Arc;

/// What all know of a service from the start.
#[derive(Debug)]
struct Service {
    /// What an instance needs.
    needs: [f64; 4],
    limit_s: f64,
    /// Those with an instance at the start, in order.
    given: Vec<AgentId>,
    /// The root, and those that stand by for it, in the order in which they take over.
    order: Vec<AgentId>,
    /// Who could hold an instance.
    capable: PlaceIndex,
}

/// What all agents know from the start.
#[derive(Debug)]
struct Shared {
    parameters: TreeParameters,
    services: Vec<Service>,
}

/// What is counted for the summary.
#[derive(Debug, Default)]
struct Counts {
    takeovers: u64,
    step_downs: u64,
    reattached: u64,
    orphan_s_max: f64,
    removed: u64,
    forwarded: u64,
}

/// One stimulus of an agent.
struct Turn<'t, 'v> {
    view: &'t mut OrchestrationView<'v>,
    orders: &'t mut Vec<Order>,
    shared: &'t Shared,
    counts: &'t mut Counts,
    /// Kept for its memory.
    users: &'t mut Vec<UserFacts>,
}

impl<'v> Turn<'_, 'v> {
    fn now(&self) -> SimTime {
        self.view.now()
    }

    fn me(&self) -> AgentId {
        self.view.agent()
    }

    fn own(&self) -> &TreeParameters {
        &self.shared.parameters
    }

    fn service(&self, service: u32) -> Option<&Service> {
        self.shared.services.get(service as usize)
    }

    fn stimulus(&self) -> &'v Stimulus {
        self.view.stimulus()
    }

    fn send(&mut self, to: AgentId, kind: u16, bytes: f64, body: Body) {
        self.orders.push(Order::Send { to, kind, bytes, body });
    }

    fn request(&mut self, to: AgentId, kind: u16, bytes: f64, body: Body, tag: u64) {
        self.orders.push(Order::Request { to, kind, bytes, body, tag });
    }

    fn reply(&mut self, asked: Option<RequestId>, kind: u16, bytes: f64, body: Body) {
        if let Some(asked) = asked {
            self.orders.push(Order::Reply { asked, kind, bytes, body });
        }
    }

    fn timer(&mut self, after: SimDuration, code: u32, detail: u64) {
        self.orders.push(Order::Timer { after, code, detail });
    }
}

/// A tree for each service, which its nodes keep by what they tell each other.
#[derive(Debug)]
pub struct Tree {
    shared: Shared,
    platforms: Vec<Platform>,
    counts: Counts,
    users: Vec<UserFacts>,
}

impl Tree {
    /// Trees that go by these parameters.
    #[must_use]
    pub fn new(parameters: TreeParameters) -> Self {
        Tree {
            shared: Shared { parameters, services: Vec::new() },
            platforms: Vec::new(),
            counts: Counts::default(),
            users: Vec::new(),
        }
    }
}

/// The root and those that stand by for it: those given, in order, then the others, the nearest to the root first.
fn order_of(service: &ServiceFacts, list: &PlatformList, standbys: u32) -> Vec<AgentId> {
    let mut order: Vec<AgentId> = Vec::new();
    let Some(root) = service.instances.first().and_then(|&node| list.get(node)) else { return order };
    let count = (standbys as usize).saturating_add(1).min(list.platforms().len());
    let mut others: Vec<_> = list.platforms().iter().collect();
    if count > service.instances.len() {
        let distance_m2 = |own: &super::Platform| own.position.squared_distance_m2(root.position);
        others.sort_by(|a, b| distance_m2(a).total_cmp(&distance_m2(b)));
    } else {
        others.clear();
    }
    for node in service.instances.iter().copied().chain(others.iter().map(|own| own.node)) {
        if let Some(agent) = list.agent_of(node).filter(|agent| !order.contains(agent)) {
            order.push(agent);
        }
        if order.len() >= count {
            break;
        }
    }
    order
}

impl ControlPlane for Tree {
    fn kinds(&self) -> Vec<MessageKind> {
        messages::kinds(self.shared.parameters.free_refusals)
    }

    fn window(&self) -> SimDuration {
        self.shared.parameters.window
    }

    fn check(&self) -> Result<(), ParameterError> {
        self.shared.parameters.check()
    }

    fn begin(&mut self, list: &PlatformList, services: &[ServiceFacts]) {
        let standbys = self.shared.parameters.standbys;
        let service = |service: &ServiceFacts| {
            let own = list.platforms().iter();
            let capable = own.filter(|own| own.is_capable(&service.requirements));
            let given = service.instances.iter().filter_map(|&node| list.agent_of(node));
            Service {
                needs: service.requirements.amounts(),
                limit_s: service.limit_s,
                given: given.collect(),
                order: order_of(service, list, standbys),
                capable: PlaceIndex::new(capable.map(|own| (own.node, own.position))),
            }
        };
        self.shared.services = services.iter().map(service).collect();
        self.platforms = list.platforms().iter().map(|_| Platform::default()).collect();
    }

    fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
        let Tree { shared, platforms, counts, users } = self;
        let Some(platform) = platforms.get_mut(view.agent().index()) else { return };
        platform.on(&mut Turn { view, orders, shared, counts, users });
    }

    fn directory(&self, service: u32, attempt: u32) -> Option<AgentId> {
        self.shared.services.get(service as usize)?.order.get(attempt as usize).copied()
    }

    fn forget(&mut self, agent: AgentId) {
        if let Some(platform) = self.platforms.get_mut(agent.index()) {
            *platform = Platform::default();
        }
    }

    fn shape(&self, service: u32) -> Option<TreeShape> {
        self.shared.services.get(service as usize)?;
        Some(self.shape_of(service))
    }

    fn summary(&self) -> Value {
        let Counts { takeovers, step_downs, reattached, orphan_s_max, removed, forwarded } = self.counts;
        json!({
            "takeovers": takeovers,
            "step_downs": step_downs,
            "reattached": reattached,
            "orphan_s": { "max": orphan_s_max },
            "removed": removed,
            "forwarded_queries": forwarded,
        })
    }
}

impl Tree {
    /// The parent that an agent thinks it has, if it is in the tree of a service.
    fn link_of(&self, agent: AgentId, service: u32) -> Option<&Link> {
        self.platforms.get(agent.index())?.member(service).map(|own| &own.link)
    }

    fn shape_of(&self, service: u32) -> TreeShape {
        let mut shape = TreeShape::default();
        let (mut depths, mut parents, mut children) = (0_u64, 0_u32, 0_u64);
        // Of each its depth once known: what is below one that is not attached has none.
        let mut known: Vec<Option<Option<u32>>> = vec![None; self.platforms.len()];
        let mut way = Vec::new();
        let mut rooted = 0_u64;
        for place in 0..self.platforms.len() {
            let Some(own) = self.platforms[place].member(service) else { continue };
            shape.nodes += 1;
            let count = own.children.len() as u32;
            (parents, children) = (parents + u32::from(count > 0), children + u64::from(count));
            shape.children_max = shape.children_max.max(count);
            let mut at = place;
            let base = loop {
                if let Some(depth) = known[at] {
                    break depth;
                }
                match self.link_of(AgentId(at as u32), service) {
                    Some(Link::Root) => {
                        known[at] = Some(Some(0));
                        break Some(0);
                    }
                    Some(Link::Attached(parent)) if way.len() <= self.platforms.len() => {
                        way.push(at);
                        at = parent.index();
                    }
                    _ => {
                        known[at] = Some(None);
                        break None;
                    }
                }
            };
            for (above, at) in (1..).zip(way.drain(..).rev()) {
                known[at] = Some(base.map(|base| base + above));
            }
            match own.link {
                Link::Root => shape.roots += 1,
                Link::Attached(_) => {}
                _ => shape.orphans += 1,
            }
            if let Some(Some(depth)) = known[place] {
                shape.depth_max = shape.depth_max.max(depth);
                (depths, rooted) = (depths + u64::from(depth), rooted + 1);
            }
        }
        shape.depth_mean = depths as f64 / rooted.max(1) as f64;
        shape.children_mean = children as f64 / f64::from(parents.max(1));
        shape
    }
}

/// The stimulus goes to the part that it is for.
impl Platform {
    fn on(&mut self, turn: &mut Turn<'_, '_>) {
        match *turn.stimulus() {
            Stimulus::Started { returned } => self.start(returned, turn),
            Stimulus::Timer { code, detail } => self.on_timer(code, detail, turn),
            Stimulus::Message { kind: QUERY, asked, .. } => self.on_query(asked, turn),
            Stimulus::Message { from, kind, ref body, asked } => {
                self.on_message(from, kind, body, asked, turn)
            }
            Stimulus::Reply { tag, from, kind, ref body } => {
                if let Some((purpose, service, serial)) = messages::tag_parts(tag) {
                    self.on_reply(purpose, service, serial, from, kind, body, turn);
                }
            }
            Stimulus::TimedOut { tag, to } => {
                if let Some((purpose, service, serial)) = messages::tag_parts(tag) {
                    self.on_silence(purpose, service, serial, to, turn);
                }
            }
        }
    }

    fn on_timer(&mut self, code: u32, detail: u64, turn: &mut Turn<'_, '_>) {
        let (service, serial) = messages::parts(detail);
        match code {
            TICK => self.on_tick(service, serial, turn),
            SIGN_ON_DUE => self.on_sign_on_due(service, serial, turn),
            SEARCH_DUE => self.on_search_due(service, serial, turn),
            POLL_DUE => self.on_poll_due(service, serial, turn),
            BEAT => self.on_beat(service, serial, turn),
            SYNC_DUE => self.on_sync_due(service, serial, turn),
            DEPLOYED => self.on_deployed(detail as u32, turn),
            DEPLOY_REFUSED => self.on_deploy_refused(detail as u32, turn),
            _ => self.on_forced(turn),
        }
    }

    fn on_message(
        &mut self,
        from: AgentId,
        kind: u16,
        body: &Body,
        asked: Option<RequestId>,
        turn: &mut Turn<'_, '_>,
    ) {
        use messages::*;
        match kind {
            SEARCH => with(body, |own| self.on_search(own, turn)),
            FOUND => with(body, |own| self.on_found(own, turn)),
            REDIRECT => with(body, |own| self.on_redirect(own, asked, turn)),
            REPLICATE => with(body, |own| self.on_replicate(own, from, asked, turn)),
            READY => with(body, |own| self.on_ready(own, from, asked, turn)),
            SIGN_ON | CONFIRM => with(body, |own| self.on_sign_on(own, from, kind, asked, turn)),
            ATTACH => with(body, |own| self.on_attach(own, from, asked, turn)),
            LEAVE => with(body, |own| self.on_leave(own, from, asked, turn)),
            LEAVING => with(body, |own| self.on_leaving(own, from, turn)),
            LOST => with(body, |own| self.on_lost(own, from, asked, turn)),
            EXCHANGE => with(body, |own| self.on_exchange(own, from, asked, turn)),
            HEALTH => with(body, |own: &OfService| self.on_health(own.0, from, asked, turn)),
            CHECK => with(body, |own: &OfService| self.on_check(own.0, asked, turn)),
            SYNC => with(body, |own| self.on_sync(own, from, asked, turn)),
            PING => with(body, |own| self.on_ping(own, from, turn)),
            FORWARDED => with(body, |own| self.on_forwarded(own, turn)),
            _ => {}
        }
    }

    #[allow(clippy::too_many_arguments, reason = "an answer, and what it is to")]
    fn on_reply(
        &mut self,
        purpose: Purpose,
        service: u32,
        serial: u32,
        from: AgentId,
        kind: u16,
        body: &Body,
        turn: &mut Turn<'_, '_>,
    ) {
        match purpose {
            Purpose::Place => with(body, |own| self.on_placed(service, serial, own, turn)),
            Purpose::Attach => with(body, |own| self.on_attached(service, serial, from, own, turn)),
            Purpose::Health if kind == messages::FAMILY => {
                if let Ok(family) = Arc::clone(body).downcast() {
                    self.on_family(service, from, family, turn);
                }
            }
            Purpose::Health => with(body, |own| self.on_alive(service, from, own, turn)),
            Purpose::Child => with(body, |own| self.on_child_status(service, from, own, turn)),
            Purpose::Redirect => with(body, |own| self.on_redirected(service, serial, own, turn)),
            Purpose::Replicate => {
                self.on_candidate(service, serial, from, kind == messages::ACCEPTED, turn);
            }
            Purpose::Poll => with(body, |own| self.on_poll(service, serial, from, own, turn)),
            Purpose::Leave => with(body, |own| self.on_left(service, serial, own, turn)),
            Purpose::Verify => with(body, |own| self.on_verified(service, from, own, turn)),
            Purpose::Sync => with(body, |own| self.on_synced(service, from, own, turn)),
            Purpose::Nothing => {}
        }
    }

    fn on_silence(
        &mut self,
        purpose: Purpose,
        service: u32,
        serial: u32,
        to: AgentId,
        turn: &mut Turn<'_, '_>,
    ) {
        match purpose {
            Purpose::Place => self.on_root_silent(service, serial, to, turn),
            Purpose::Attach => self.on_no_parent(service, serial, to, turn),
            Purpose::Health => self.on_parent_silent(service, to, turn),
            Purpose::Child => self.on_child_silent(service, to, turn),
            Purpose::Redirect => self.on_not_redirected(service, serial, turn),
            Purpose::Replicate => self.on_candidate(service, serial, to, false, turn),
            Purpose::Poll => self.on_replica_lost(service, serial, to, turn),
            Purpose::Leave => self.on_not_left(service, serial, turn),
            Purpose::Verify => self.on_not_verified(service, to, turn),
            Purpose::Sync => self.on_root_missing(service, to, turn),
            Purpose::Nothing => {}
        }
    }
}

/// Does something with what a message says, if it says that.
fn with<T: 'static>(body: &Body, act: impl FnOnce(&T)) {
    if let Some(own) = body.downcast_ref() {
        act(own);
    }
}
