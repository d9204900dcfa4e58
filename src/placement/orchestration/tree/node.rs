//! A platform, and what it knows as a node of the tree of a service.

use super::Turn;
use super::clusters::Clusters;
use super::grid::Grid;
use super::messages::{
    Family, LEAVE, LEAVING, Leave, MESSAGE_BYTES, Mark, Noted, Purpose, SIGN_ON_DUE, TICK, detail, tag,
};
use super::offloading::Action;
use super::root::Office;
use crate::apps::agents::{AgentId, Body};
use crate::apps::orchestration::{ActionEnd, ActionFeatures, ActionKind, InstanceFacts, Order, UserId};
use crate::engine::{SimDuration, SimTime};
use crate::infra::Position;
use rand::RngExt;
use smallvec::SmallVec;
use std::sync::Arc;

/// Health intervals after which a node tells the root again who its parent is, and after which it asks for another if no
/// beat of the root has come.
pub(super) const CONFIRM_ROUNDS: f64 = 12.0;

/// The parent of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// It has none: it is the root.
    Root,
    /// It looks for one, and asks the root.
    Orphan,
    /// It was told of this one, and waits for its answer.
    Attaching(AgentId),
    /// This one.
    Attached(AgentId),
}

/// A child of a node.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub agent: AgentId,
    /// Itself and those below it.
    pub grid: Arc<Grid>,
    /// When it was heard of.
    pub heard: SimTime,
    /// Whether it was asked whether it is there.
    pub is_checked: bool,
}

/// What a platform knows as a node of a tree.
#[derive(Debug)]
pub(super) struct Member {
    pub service: u32,
    /// Whether it has an instance: a root may be without.
    pub is_hosting: bool,
    pub link: Link,
    /// The last beat of the root that it has heard, and when.
    pub mark: Mark,
    pub advanced: SimTime,
    /// Edges up to the root.
    pub depth: u32,
    pub children: Vec<Child>,
    /// What it tells its children, until it changes.
    pub own_family: Option<Arc<Family>>,
    /// What its parent has told: its siblings.
    pub parent_family: Option<Arc<Family>>,
    pub alive: Option<Body>,
    /// Tells its timers from those of nodes that the platform was before.
    pub serial: u32,
    due: [SimTime; 3],
    /// Whom it asks for a parent, the number of the last time, and whether it waits for the answer.
    pub asks: AgentId,
    pub ask: u32,
    pub is_asking: bool,
    pub ask_due: SimTime,
    /// How often the root has not answered since it last did.
    pub silences: u32,
    /// Who was asked last as the root and did not answer.
    pub silent: Option<AgentId>,
    /// Who did not answer as its parent.
    pub dead: Option<AgentId>,
    /// Since when it has had no parent, and the action if it lost one.
    pub orphan: Option<(SimTime, Option<u64>)>,
    pub clusters: Clusters,
    /// Users that were told to go elsewhere, and when, in the order of their numbers.
    pub told: Vec<(UserId, SimTime)>,
    pub actions: SmallVec<[Box<Action>; 1]>,
    /// When it may act against a shortage again.
    pub rests_until: SimTime,
    /// When it may ask to leave again.
    pub stays_until: SimTime,
    /// For whom it was started: told when it is in the tree.
    pub wanted_by: Option<(AgentId, u64)>,
}

/// What is due at a tick.
const HEALTH: usize = 0;
const EXCHANGE: usize = 1;
const ASSESS: usize = 2;

impl Member {
    /// A node without neighbours.
    pub(super) fn new(
        service: u32,
        is_hosting: bool,
        mark: Mark,
        serial: u32,
        turn: &mut Turn<'_, '_>,
    ) -> Self {
        let now = turn.now();
        let (health, exchange, assess) = (turn.own().health, turn.own().exchange, turn.own().assess);
        // Spread, so that not all are due at once; those with one interval stay together.
        let share: f64 = turn.view.random().random();
        let first = |interval: SimDuration| now + SimDuration::from_secs(interval.as_secs() * share);
        let member = Member {
            service,
            is_hosting,
            link: Link::Orphan,
            mark,
            advanced: now,
            depth: 0,
            children: Vec::new(),
            own_family: None,
            parent_family: None,
            alive: None,
            serial,
            due: [first(health), first(exchange), first(assess)],
            asks: mark.root,
            ask: 0,
            is_asking: false,
            ask_due: now,
            silences: 0,
            silent: None,
            dead: None,
            orphan: Some((now, None)),
            clusters: Clusters::default(),
            told: Vec::new(),
            actions: SmallVec::new(),
            rests_until: now,
            stays_until: now,
            wanted_by: None,
        };
        member.set_timer(turn);
        member
    }

    fn set_timer(&self, turn: &mut Turn<'_, '_>) {
        let next = self.due.iter().min().copied().unwrap_or(SimTime::MAX);
        turn.timer(next.since(turn.now()), TICK, detail(self.service, self.serial));
    }

    pub(super) fn parent(&self) -> Option<AgentId> {
        match self.link {
            Link::Attached(parent) => Some(parent),
            _ => None,
        }
    }

    pub(super) fn child_mut(&mut self, agent: AgentId) -> Option<&mut Child> {
        self.children.iter_mut().find(|own| own.agent == agent)
    }

    /// What its own node has free of each asset for more users: of the cores that the instance has below the bound of
    /// its load, of the rest of the unit.
    pub(super) fn free(&self, turn: &Turn<'_, '_>) -> Option<[f64; 4]> {
        let facts = turn.view.hosted(self.service).filter(|own| own.is_ready && self.is_hosting)?;
        let needs = turn.service(self.service)?.needs;
        let (bounds, load) = (turn.own().load_bounds, turn.view.load());
        let offers = turn.view.list().get(turn.view.node()).map_or(needs, |own| own.offers);
        let left = |bound: f64, load: f64, of: f64| (bound - load).max(0.0) * of;
        Some([
            left(bounds.cpu, facts.load.cpu, needs[0]),
            left(bounds.memory, load.memory, offers[1]),
            left(bounds.storage, load.storage, offers[2]),
            left(bounds.gpu, load.gpu, offers[3]),
        ])
    }

    /// Its own node as a grid.
    pub(super) fn own_grid(&self, turn: &Turn<'_, '_>) -> Option<Grid> {
        Some(Grid::single(turn.view.position(), self.free(turn)?))
    }

    /// Itself and all below it.
    pub(super) fn whole_grid(&self, turn: &Turn<'_, '_>) -> Arc<Grid> {
        let own = self.own_grid(turn);
        let parts = own.iter().chain(self.children.iter().map(|child| &*child.grid));
        // Without an instance and without children it is where it is, with nothing free.
        let grid =
            if self.children.is_empty() { own.clone() } else { Grid::merged(turn.own().grid, parts) };
        Arc::new(grid.unwrap_or_else(|| Grid::single(turn.view.position(), [0.0; 4])))
    }

    /// What it sees that a record of an action has.
    pub(super) fn features(&self, turn: &Turn<'_, '_>) -> ActionFeatures {
        let load = turn.view.load();
        let facts = turn.view.hosted(self.service);
        ActionFeatures {
            load_cpu: Some(facts.map_or(load.cpu, |own| own.load.cpu)),
            load_memory: Some(load.memory),
            users: facts.map(|own| f64::from(own.users)),
            limit_s: turn.service(self.service).map(|own| own.limit_s),
            children: Some(self.children.len() as f64),
            depth: Some(f64::from(self.depth)),
            ..ActionFeatures::default()
        }
    }
}

/// An instance that was wanted of a platform.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub service: u32,
    pub by: AgentId,
    pub action: u64,
}

/// A platform: what its agent knows.
#[derive(Debug, Default)]
pub(super) struct Platform {
    pub members: SmallVec<[Box<Member>; 1]>,
    pub offices: Vec<Office>,
    /// Instances that are on their way.
    pub wanted: Vec<Wanted>,
    actions: u64,
    serials: u32,
}

impl Platform {
    pub(super) fn member(&self, service: u32) -> Option<&Member> {
        self.members.iter().find(|own| own.service == service).map(|own| &**own)
    }

    pub(super) fn member_mut(&mut self, service: u32) -> Option<&mut Member> {
        self.members.iter_mut().find(|own| own.service == service).map(|own| &mut **own)
    }

    pub(super) fn office(&self, service: u32) -> Option<&Office> {
        self.offices.iter().find(|own| own.service == service)
    }

    pub(super) fn office_mut(&mut self, service: u32) -> Option<&mut Office> {
        self.offices.iter_mut().find(|own| own.service == service)
    }

    pub(super) fn serial(&mut self) -> u32 {
        self.serials = self.serials.wrapping_add(1);
        self.serials
    }

    pub(super) fn next_action(&mut self) -> u64 {
        self.actions += 1;
        self.actions
    }

    /// The agent begins, or is back: what it still knows of a time before its death is worth nothing.
    pub(super) fn start(&mut self, returned: bool, turn: &mut Turn<'_, '_>) {
        for member in std::mem::take(&mut self.members) {
            let orphan = member.orphan.and_then(|own| own.1);
            for action in member.actions.iter().map(|own| own.id).chain(orphan) {
                turn.orders.push(Order::Close { action, end: ActionEnd::Lost, target: None });
            }
        }
        self.wanted.clear();
        self.take_offices(returned, turn);
        let (me, shared) = (turn.me(), turn.shared);
        for (service, own) in (0..).zip(&shared.services) {
            let given = own.given.iter().position(|&agent| agent == me).filter(|_| !returned);
            let is_ready = turn.view.hosted(service).is_some_and(|own| own.is_ready);
            if self.member(service).is_some() || !(given.is_some() || is_ready) {
                continue;
            }
            // All that are given sign on one after the other within the first exchange; or longer, so that the root can
            // follow.
            let interval_s = turn.own().exchange.as_secs() / own.given.len().max(1) as f64;
            let interval_s = interval_s.max(turn.own().sign_on_interval.as_secs());
            let after_s = given.map_or(0.0, |place| place as f64 * interval_s);
            turn.timer(SimDuration::from_secs(after_s), SIGN_ON_DUE, detail(service, 0));
        }
    }

    pub(super) fn on_sign_on_due(&mut self, service: u32, _: u32, turn: &mut Turn<'_, '_>) {
        if turn.view.hosted(service).is_some_and(|own| own.is_ready) {
            self.join(service, turn);
        }
    }

    /// An instance runs on the agent's node.
    pub(super) fn on_deployed(&mut self, service: u32, turn: &mut Turn<'_, '_>) {
        self.join(service, turn);
    }

    /// Becomes a node of the tree, as a leaf.
    fn join(&mut self, service: u32, turn: &mut Turn<'_, '_>) {
        let (now, me, list) = (turn.now(), turn.me(), turn.view.list());
        let place = self.wanted.iter().position(|own| own.service == service);
        let wanted = place.map(|place| self.wanted.swap_remove(place));
        if let Some(member) = self.member_mut(service) {
            // The root was without an instance.
            member.is_hosting = true;
            let is_root = member.link == Link::Root;
            if let Some(office) = self.office_mut(service).filter(|_| is_root) {
                office.set(me, None, now, now, list);
            }
        } else {
            let (mark, serial) = (self.known_mark(service, turn), self.serial());
            let member = Member::new(service, true, mark, serial, turn);
            self.members.push(Box::new(member));
            self.ask_for_parent(service, turn);
        }
        let Some(wanted) = wanted else { return };
        if let Some(member) = self.member_mut(service) {
            member.wanted_by = Some((wanted.by, wanted.action));
        }
        if self.is_root(service) {
            self.tell_ready(service, turn);
        }
    }

    /// Something is due at a node.
    pub(super) fn on_tick(&mut self, service: u32, serial: u32, turn: &mut Turn<'_, '_>) {
        let now = turn.now();
        let intervals = [turn.own().health, turn.own().exchange, turn.own().assess];
        // An exchange is a health check, too.
        let early = SimDuration::from_nanos(turn.own().health.as_nanos() / 2);
        let Some(member) = self.member_mut(service).filter(|own| own.serial == serial) else { return };
        let mut is_due = member.due.map(|due| due <= now);
        if is_due[HEALTH] && member.due[EXCHANGE] <= now + early {
            is_due[EXCHANGE] = true;
        }
        if is_due[EXCHANGE] {
            is_due[HEALTH] = true;
        }
        for (what, due) in member.due.iter_mut().enumerate().filter(|own| is_due[own.0]) {
            *due = now + intervals[what];
        }
        member.set_timer(turn);
        if is_due[HEALTH] {
            self.check_health(service, is_due[EXCHANGE], turn);
        }
        if is_due[ASSESS] {
            self.assess(service, turn);
        }
    }

    /// Looks how the users of the instance are served, and begins what is to be done about it.
    fn assess(&mut self, service: u32, turn: &mut Turn<'_, '_>) {
        let now = turn.now();
        let (Some(facts), Some(member)) = (turn.view.hosted(service), self.member_mut(service)) else {
            return;
        };
        if !facts.is_ready || !member.is_hosting {
            return;
        }
        let mut users = std::mem::take(turn.users);
        turn.view.users(service, &mut users);
        let idle = turn.own().idle;
        let is_here = |user: UserId| users.binary_search_by_key(&user, |own| own.user).is_ok();
        // Who was told to go elsewhere counts as gone; for so long.
        member.told.retain(|told| now.since(told.1) < idle && is_here(told.0));
        users.retain(|own| !member.was_told(own.user));
        let limit_s = turn.service(service).map_or(f64::INFINITY, |own| own.limit_s);
        let mut bad = users.clone();
        bad.retain(|own| own.median_s.is_some_and(|median_s| median_s > limit_s));
        member.clusters.assess(&bad, turn.own().cluster_radius_m);
        let is_busy = member.actions.iter().any(|own| !own.is_forced);
        let is_over = member.shortage(&facts, users.len(), turn) > 0.0;
        let may_act = member.rests_until <= now;
        let may_leave = member.stays_until <= now;
        let count = users.len();
        *turn.users = users;
        if is_busy {
            return;
        }
        let is_idle = count == 0 && facts.users == 0 && now.since(facts.last_access) > idle;
        if is_idle && may_leave && !self.is_root(service) {
            return self.terminate(service, false, turn);
        }
        if is_over && may_act {
            return self.begin_offloading(service, false, turn);
        }
        let score = turn.own().score;
        let ripe = self.member_mut(service).and_then(|own| own.clusters.take_ripe(score, now));
        if let Some(cluster) = ripe {
            self.begin_migration(service, cluster, false, turn);
        }
    }

    /// Ends the instance: the root is told first.
    pub(super) fn terminate(&mut self, service: u32, is_forced: bool, turn: &mut Turn<'_, '_>) {
        let id = self.next_action();
        let is_root = self.is_root(service);
        let stamp = turn.now();
        let Some(member) = self.member_mut(service) else { return };
        turn.orders.push(Order::Open {
            action: id,
            kind: ActionKind::Terminate,
            service,
            forced: is_forced,
            cluster: None,
            features: member.features(turn),
        });
        if is_root {
            let end = ActionEnd::RefusedLocally;
            turn.orders.push(Order::Close { action: id, end, target: None });
            return;
        }
        member.actions.push(Box::new(Action::leaving(id, is_forced)));
        let (to, body) = (member.mark.root, Arc::new(Leave { service, stamp }));
        turn.request(to, LEAVE, MESSAGE_BYTES, body, tag(Purpose::Leave, service, id as u32));
    }

    /// The root knows: the neighbours are told, and the instance ends.
    pub(super) fn on_left(&mut self, service: u32, serial: u32, noted: &Noted, turn: &mut Turn<'_, '_>) {
        if !noted.is_done {
            return self.on_not_left(service, serial, turn);
        }
        let Some(place) = self.members.iter().position(|own| own.service == service) else { return };
        let Some(left) = self.members[place].actions.iter().find(|own| own.id as u32 == serial) else {
            return;
        };
        let left = left.id;
        let member = self.members.remove(place);
        let body = Arc::new(Leave { service, stamp: turn.now() });
        for to in member.children.iter().map(|own| own.agent).chain(member.parent()) {
            turn.send(to, LEAVING, MESSAGE_BYTES, Arc::clone(&body) as Body);
        }
        turn.orders.push(Order::Undeploy { service });
        let orphan = member.orphan.and_then(|own| own.1);
        for action in member.actions.iter().map(|own| own.id).filter(|&id| id != left).chain(orphan) {
            turn.orders.push(Order::Close { action, end: ActionEnd::Abandoned, target: None });
        }
        let target = Some(turn.view.node());
        turn.orders.push(Order::Close { action: left, end: ActionEnd::Done, target });
    }

    /// The root does not answer, or is not the root: the instance stays for a while.
    pub(super) fn on_not_left(&mut self, service: u32, serial: u32, turn: &mut Turn<'_, '_>) {
        let Some(member) = self.member_mut(service) else { return };
        if let Some(action) = member.take_action(serial) {
            let cooldown = turn.own().cooldown;
            member.stays_until = turn.now() + member.back_off(cooldown, turn);
            let end = ActionEnd::TimedOut;
            turn.orders.push(Order::Close { action: action.id, end, target: None });
        }
    }
}

impl Member {
    /// The share of its users that must leave so that its load is within the bounds; 0 if it is. Users that were told
    /// to go count as gone.
    pub(super) fn shortage(&self, facts: &InstanceFacts, staying: usize, turn: &Turn<'_, '_>) -> f64 {
        let (bounds, load) = (turn.own().load_bounds, facts.load);
        let staying = if facts.users == 0 { 1.0 } else { staying as f64 / f64::from(facts.users) };
        let over = |load: f64, bound: f64| {
            if load * staying > bound { 1.0 - bound / (load * staying) } else { 0.0 }
        };
        over(load.cpu, bounds.cpu)
            .max(over(load.memory, bounds.memory))
            .max(over(load.storage, bounds.storage))
            .max(over(load.gpu, bounds.gpu))
    }

    /// How long it waits until it asks a root again that has not answered: twice as long after each time, up to 64 times
    /// as long, and by chance up to a half less than that, so that those that were silenced together do not ask together.
    pub(super) fn back_off(&mut self, first: SimDuration, turn: &mut Turn<'_, '_>) -> SimDuration {
        const MOST_DOUBLINGS: u32 = 6;
        let doublings = self.silences.min(MOST_DOUBLINGS);
        self.silences += 1;
        if doublings == 0 {
            return first;
        }
        let share: f64 = turn.view.random().random();
        SimDuration::from_secs(first.as_secs() * f64::from(1 << doublings) * (1.0 - share / 2.0))
    }

    pub(super) fn take_action(&mut self, serial: u32) -> Option<Box<Action>> {
        let place = self.actions.iter().position(|own| own.id as u32 == serial)?;
        Some(self.actions.remove(place))
    }

    /// Where the cells of a grid that it knows with so much room come nearest.
    pub(super) fn nearest_known_m(&self, at: Position, needs: &[f64; 4], me: AgentId) -> Option<f64> {
        let children = self.children.iter().filter_map(|own| own.grid.nearest_m(at, needs));
        let family = self.parent_family.iter().filter_map(|own| own.nearest_m(at, needs, me));
        children.chain(family).min_by(f64::total_cmp)
    }
}
