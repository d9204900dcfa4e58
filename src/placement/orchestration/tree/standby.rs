//! Those that stand by for the root: they keep a copy of its index, and one of them takes over.

use super::Turn;
use super::index::Index;
use super::messages::{
    Change, ITEM_BYTES, MESSAGE_BYTES, Mark, PING, Ping, Purpose, SYNC, SYNC_DUE, SYNCED, Sync, Synced,
    detail, tag,
};
use super::node::{Link, Member, Platform};
use super::offloading::Stage;
use super::root::Office;
use crate::apps::agents::{AgentId, RequestId};
use crate::apps::orchestration::{ActionEnd, ActionFeatures, ActionKind, Order};
use crate::engine::{SimDuration, SimTime};
use std::sync::Arc;

/// Intervals of synchronisation without a sign of any root after which one that stands by does not wait for another any
/// more that does so, too.
const QUIET_ROUNDS: f64 = 4.0;

/// Who comes after an agent in the order, around.
fn next_after(order: &[AgentId], agent: AgentId) -> Option<AgentId> {
    let place = order.iter().position(|&own| own == agent);
    order.get(place.map_or(0, |place| (place + 1) % order.len())).copied()
}

impl Platform {
    /// Takes up the offices that the agent has from the start: it is the root, or stands by. One that returns has lost
    /// all, and asks the others; if there are none, it is the root anew.
    pub(super) fn take_offices(&mut self, returned: bool, turn: &mut Turn<'_, '_>) {
        let (me, now, shared) = (turn.me(), turn.now(), turn.shared);
        self.offices.clear();
        for (service, own) in (0..).zip(&shared.services) {
            let Some(place) = own.order.iter().position(|&agent| agent == me) else { continue };
            let Some(&first) = own.order.first() else { continue };
            let mark = Mark { since: SimTime::ZERO, root: first, beat: 0 };
            let serial = self.serial();
            let mut office = Office::new(service, mark, now, serial);
            if returned {
                office.watched = next_after(&own.order, me).unwrap_or(me);
            }
            let is_alone = own.order.len() == 1;
            self.offices.push(office);
            if !returned && place == 0 {
                self.begin_reign(service, SimTime::ZERO, turn);
            } else if is_alone {
                self.begin_reign(service, now, turn);
            } else {
                self.synchronise(service, turn);
                let interval_s = turn.own().sync_interval.as_secs();
                let share: f64 = rand::RngExt::random(turn.view.random());
                let after = SimDuration::from_secs(interval_s * (0.5 + 0.5 * share));
                turn.timer(after, SYNC_DUE, detail(service, serial));
            }
        }
    }

    /// Becomes the root of those nodes that it knows of.
    fn begin_reign(&mut self, service: u32, since: SimTime, turn: &mut Turn<'_, '_>) {
        let (me, now, list) = (turn.me(), turn.now(), turn.view.list());
        let serial = self.serial();
        let is_hosted = turn.view.hosted(service).is_some_and(|own| own.is_ready);
        if self.member(service).is_none() {
            let member = Member::new(service, is_hosted, self.known_mark(service, turn), serial, turn);
            self.members.push(Box::new(member));
        }
        let Some(office) = self.office_mut(service) else { return };
        office.begin(since, serial, turn);
        let mark = office.mark;
        if let Some(member) = self.member_mut(service) {
            (member.link, member.mark, member.advanced, member.depth) = (Link::Root, mark, now, 0);
            member.parent_family = None;
            // It stays, whatever another root says to its leave.
            while let Some(place) = member.actions.iter().position(|own| own.stage == Stage::Leaving) {
                let (action, end) = (member.actions.remove(place).id, ActionEnd::Abandoned);
                turn.orders.push(Order::Close { action, end, target: None });
            }
            let is_hosting = member.is_hosting;
            if let Some(office) = self.office_mut(service) {
                // The copy may be of a time when it was otherwise.
                office.index.remove(me, list);
                if is_hosting {
                    office.set(me, None, now, now, list);
                }
            }
        }
        self.end_orphanhood(service, turn);
        self.ping(service, mark, turn);
    }

    fn take_over(&mut self, service: u32, turn: &mut Turn<'_, '_>) {
        let now = turn.now();
        let Some(office) = self.office_mut(service).filter(|own| !own.acts) else { return };
        let old = office.mark.root;
        turn.counts.takeovers += 1;
        let agents: Vec<AgentId> = office.index.agents().map(|own| own.0).collect();
        for agent in agents {
            if let Some(entry) = office.index.get_mut(agent) {
                (entry.heard, entry.is_suspect) = (now, false);
            }
        }
        if old != turn.me() {
            // It was silent for long enough.
            office.index.remove(old, turn.view.list());
            office.doubt_children(old, turn);
        }
        let action = self.next_action();
        let load = turn.view.load();
        let features = ActionFeatures {
            load_cpu: Some(load.cpu),
            load_memory: Some(load.memory),
            ..ActionFeatures::default()
        };
        turn.orders.push(Order::Open {
            action,
            kind: ActionKind::TakeOver,
            service,
            forced: false,
            cluster: None,
            features,
        });
        self.begin_reign(service, now, turn);
        turn.orders.push(Order::Close { action, end: ActionEnd::Done, target: Some(turn.view.node()) });
    }

    /// Another is the root.
    fn step_down(&mut self, service: u32, mark: Mark, turn: &mut Turn<'_, '_>) {
        let now = turn.now();
        let serial = self.serial();
        let Some(office) = self.office_mut(service) else { return };
        turn.counts.step_downs += 1;
        *office = Office::new(service, mark, now, serial);
        turn.timer(turn.own().sync_interval, SYNC_DUE, detail(service, serial));
        let is_hosting = self.member(service).is_some_and(|own| own.is_hosting);
        if is_hosting {
            self.become_orphan(service, None, turn);
            if let Some(member) = self.member_mut(service) {
                member.mark = mark;
                member.asks = mark.root;
            }
            self.ask_for_parent(service, turn);
        } else {
            self.members.retain(|own| own.service != service);
        }
    }

    /// Hears who is the root, from one that is or has heard of it.
    pub(super) fn hear_mark(&mut self, service: u32, mark: Mark, turn: &mut Turn<'_, '_>) {
        let now = turn.now();
        let Some(office) = self.office_mut(service) else { return };
        if mark <= office.mark {
            return;
        }
        if office.mark.is_same_root(&mark) {
            office.mark = mark;
            office.heard = now;
        } else if office.acts {
            self.step_down(service, mark, turn);
        } else {
            (office.mark, office.watched, office.heard) = (mark, mark.root, now);
            (office.index, office.next) = (Index::default(), 0);
        }
        // Beats of the same root must come down the tree.
        if let Some(member) = self.member_mut(service).filter(|own| !own.mark.is_same_root(&mark)) {
            member.adopt(mark, now);
        }
    }

    pub(super) fn on_ping(&mut self, ping: &Ping, from: AgentId, turn: &mut Turn<'_, '_>) {
        let Ping { service, mark } = *ping;
        self.hear_mark(service, mark, turn);
        if let Some(office) = self.office(service)
            && office.acts
            && mark < office.mark
        {
            let body = Arc::new(Ping { service, mark: office.mark });
            turn.send(from, PING, MESSAGE_BYTES, body);
        }
    }

    pub(super) fn on_sync_due(&mut self, service: u32, serial: u32, turn: &mut Turn<'_, '_>) {
        if self.office(service).is_some_and(|own| !own.acts && own.serial == serial) {
            turn.timer(turn.own().sync_interval, SYNC_DUE, detail(service, serial));
            self.synchronise(service, turn);
        }
    }

    /// Asks the root for what is new.
    fn synchronise(&mut self, service: u32, turn: &mut Turn<'_, '_>) {
        let Some(office) = self.office(service) else { return };
        if office.watched == turn.me() {
            return self.take_over(service, turn);
        }
        let Mark { since, root, .. } = office.mark;
        let (watched, body) = (office.watched, Sync { service, since, root, next: office.next });
        turn.request(watched, SYNC, MESSAGE_BYTES, Arc::new(body), tag(Purpose::Sync, service, 0));
    }

    pub(super) fn on_sync(
        &mut self,
        sync: &Sync,
        from: AgentId,
        asked: Option<RequestId>,
        turn: &mut Turn<'_, '_>,
    ) {
        let service = sync.service;
        let Some(office) = self.office(service) else { return };
        let mut synced = Synced {
            mark: office.mark,
            is_root: office.acts,
            is_whole: false,
            changes: Vec::new(),
            next: office.next,
        };
        if office.acts {
            let is_same = (sync.since, sync.root) == (office.mark.since, office.mark.root);
            let missing = office.next.saturating_sub(sync.next) as usize;
            // Who has nothing yet gets all: the index may be older than the changes.
            if is_same && sync.next > 0 && sync.next <= office.next && missing <= office.changes.len() {
                synced.changes.extend(office.changes.iter().skip(office.changes.len() - missing));
            } else {
                (synced.changes, synced.is_whole) = (office.index.all(), true);
            }
        }
        let bytes = MESSAGE_BYTES + ITEM_BYTES * synced.changes.len() as f64;
        turn.reply(asked, SYNCED, bytes, Arc::new(synced));
        // The root would not ask: it has lost what it knew.
        if self
            .office(service)
            .is_some_and(|own| !own.acts && own.mark.root == from && own.watched == from)
        {
            self.on_root_missing(service, from, turn);
        }
    }

    pub(super) fn on_synced(
        &mut self,
        service: u32,
        from: AgentId,
        synced: &Synced,
        turn: &mut Turn<'_, '_>,
    ) {
        let (now, list) = (turn.now(), turn.view.list());
        self.hear_mark(service, synced.mark, turn);
        let quiet = SimDuration::from_secs(turn.own().sync_interval.as_secs() * QUIET_ROUNDS);
        let Some(office) = self.office_mut(service).filter(|own| !own.acts) else { return };
        if synced.is_root && office.mark.is_same_root(&synced.mark) {
            office.heard = now;
            office.watched = from;
            if synced.is_whole {
                office.index = Index::default();
            } else if office.next + synced.changes.len() as u64 != synced.next {
                // An answer that came late.
                return;
            }
            synced.changes.iter().for_each(|&change: &Change| office.index.follow(change, now, list));
            office.next = synced.next;
        } else if from == office.watched && now.since(office.heard) > quiet {
            self.on_root_missing(service, from, turn);
        }
    }

    /// Who is taken for the root does not answer, or is not it any more: the next one in the order is to be.
    pub(super) fn on_root_missing(&mut self, service: u32, to: AgentId, turn: &mut Turn<'_, '_>) {
        let next = turn.service(service).and_then(|own| next_after(&own.order, to));
        let Some(office) = self.office_mut(service) else { return };
        if office.acts || office.watched != to {
            return;
        }
        office.watched = next.unwrap_or(to);
        self.synchronise(service, turn);
    }
}
