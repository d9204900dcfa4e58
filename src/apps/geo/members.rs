//! Replicas: what their state machines are told, and what is done for them.

use super::answer::Failure;
use super::calls::{CallId, DONE, GROUP, SMALL_BYTES, STAND, Wait, Way};
use super::directory::Slot;
use super::plan::{Access, LeaderRule};
use super::state::{Errand, Geo, Hands};
use super::steps::{APPLIED, GIVE_UP, TICK};
use super::truth::Settled;
use crate::apps::Context;
use crate::apps::agents::{AgentId, Body};
use crate::engine::SimDuration;
use crate::infra::compute::JobRequest;
use crate::replication::{GroupMessage, Member, MemberOutput, Mode, Operation as Write, Role, Verb};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tokens of jobs that execute operations on replicas have this bit.
pub(super) const REPLICA_TOKEN: u64 = 1 << 62;

/// A replica that executes an operation.
#[derive(Debug)]
pub(super) struct Applying {
    pub(super) serial: u32,
    pub(super) group: u32,
    pub(super) place: u32,
    pub(super) write: Write,
}

/// A message between members of a group.
#[derive(Clone, Debug)]
pub(super) struct GroupMail {
    pub(super) group: u32,
    pub(super) message: GroupMessage,
}

/// A write has been executed by the leader: the number that its origin gave it.
#[derive(Clone, Copy, Debug)]
pub(super) struct DoneMail {
    pub(super) group: u32,
    pub(super) sequence: u64,
}

/// A read is sent to a member, and from there to the leader.
const MOST_HOPS: u8 = 2;

/// Bytes by which a message names its group.
const GROUP_BYTES: f64 = 16.0;

/// A member's number for timers.
fn detail(group: u32, place: usize) -> u64 {
    u64::from(group) << 32 | place as u64
}

/// What happens to a member.
pub(super) enum Told {
    Stand,
    Request(Write),
    Message(u32, GroupMessage),
    Tick,
    Down(u32),
    Up(u32),
    Remove(u32),
    Restart,
}

impl Geo {
    /// The group of sites for resources of a kind, which `here` is the first to want.
    pub(super) fn group(
        &mut self,
        kind: u16,
        sites: Vec<u32>,
        here: u32,
        hands: &mut Hands<'_, '_>,
    ) -> u32 {
        let first = sites[0];
        let before = self.directory.groups.len();
        let group = self.join_group(kind, sites, first, here, hands.context);
        let leader = self.directory.groups[group as usize].leader;
        if self.directory.groups.len() > before {
            if leader == here {
                if let Some(place) = self.directory.groups[group as usize].place(here) {
                    self.tell(group, place, Told::Stand, hands);
                }
            } else {
                let body: Body = Arc::new(group);
                hands.mail.send(AgentId(leader), STAND, SMALL_BYTES, body);
            }
        }
        group
    }

    /// The same without telling anybody.
    pub(super) fn join_group(
        &mut self,
        kind: u16,
        sites: Vec<u32>,
        first: u32,
        here: u32,
        context: &mut dyn Context,
    ) -> u32 {
        let mode = self.plan.kinds[usize::from(kind)].mode;
        let nearest = self.plan.leader == LeaderRule::NearestUsers;
        if nearest {
            sites.iter().for_each(|&site| self.look_around(site, context));
        }
        let (rule, users, contacts) = (self.plan.leader, &self.plan.users, &self.contacts);
        self.directory.group(mode, sites, |sites| match rule {
            LeaderRule::FirstSite => first,
            LeaderRule::Creator => {
                if sites.contains(&here) {
                    here
                } else {
                    first
                }
            }
            LeaderRule::NearestUsers => {
                let cost = |site: u32| -> f64 {
                    let row = &contacts[site as usize].latency_s;
                    let rates = users.rate_per_s.iter().zip(row);
                    rates.filter(|(_, latency)| latency.is_finite()).map(|(rate, own)| rate * own).sum()
                };
                sites.iter().copied().min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(first)
            }
        })
    }

    /// The member of a site, which is made when it is first heard of.
    fn make_member(&mut self, group: u32, place: usize, hands: &mut Hands<'_, '_>) {
        let own = &self.directory.groups[group as usize];
        if own.slots[place].is_some() {
            return;
        }
        let (site, now) = (own.sites[place], hands.context.now());
        let name = format!("{}/members", self.plan.agents.name);
        // Sites fit 24 bits, groups the rest.
        let random = hands.context.streams().entity(&name, u64::from(group) << 24 | u64::from(site));
        let mut outputs = Vec::new();
        let member = Member::new(own.mode, site, &own.sites, self.plan.group, random, now, &mut outputs);
        let others: Vec<u32> = own.sites.iter().copied().filter(|other| *other != site).collect();
        let slot = Slot { member, next_sequence: 1, open: BTreeMap::new() };
        self.directory.groups[group as usize].slots[place] = Some(Box::new(slot));
        for other in others {
            self.hear_from_now_on(site, other, now);
        }
        self.carry_out(group, place, &mut outputs, hands);
    }

    /// Tells a member something, and does what it wants.
    pub(super) fn tell(&mut self, group: u32, place: usize, told: Told, hands: &mut Hands<'_, '_>) {
        self.make_member(group, place, hands);
        let mut outputs = std::mem::take(&mut self.outputs);
        let now = hands.context.now();
        if let Some(slot) = self.directory.slot(group, place) {
            let (member, out) = (&mut slot.member, &mut outputs);
            match told {
                Told::Stand => member.campaign(now, out),
                Told::Request(write) => member.request(now, write, out),
                Told::Message(from, message) => member.receive(now, from, message, out),
                Told::Tick => member.tick(now, out),
                Told::Down(site) => member.peer_down(now, site, out),
                Told::Up(site) => member.peer_up(now, site, out),
                Told::Remove(site) => member.remove(now, site, out),
                Told::Restart => member.restart(now, out),
            }
        }
        self.carry_out(group, place, &mut outputs, hands);
        outputs.clear();
        self.outputs = outputs;
    }

    fn carry_out(
        &mut self,
        group: u32,
        place: usize,
        outputs: &mut Vec<MemberOutput>,
        hands: &mut Hands<'_, '_>,
    ) {
        for output in outputs.drain(..) {
            match output {
                MemberOutput::Send { to, message } => {
                    let bytes = message.bytes() as f64 + GROUP_BYTES;
                    let body: Body = Arc::new(GroupMail { group, message });
                    hands.mail.send(AgentId(to), GROUP, bytes, body);
                }
                MemberOutput::Wake(at) => {
                    let now = hands.context.now();
                    let after = if at > now { at - now } else { SimDuration::ZERO };
                    hands.mail.timer(after, TICK, detail(group, place));
                }
                MemberOutput::Execute(write) => self.execute(group, place, write, hands),
                MemberOutput::ReadReady(token) => self.confirmed(CallId::of_token(token), hands),
                // The call asks again when its timer is due.
                MemberOutput::ReadFailed(_) => {}
                MemberOutput::Refused { sequence, .. } => {
                    let slot = self.directory.slot(group, place);
                    if let Some(id) = slot.and_then(|slot| slot.open.remove(&sequence)) {
                        self.finish(id, Err(Failure::NoMajority), hands);
                    }
                }
                MemberOutput::Role { role, term } => {
                    self.note_role((group, hands.site), role, term, hands.context);
                }
                MemberOutput::Restored => {
                    let mut settled = Vec::new();
                    let Geo { truth, directory, .. } = self;
                    if let Some(slot) = directory.slot(group, place) {
                        let has = |origin, sequence| slot.member.has_executed(origin, sequence);
                        truth.restore(group, place, has, &mut settled);
                    }
                    self.note_settled(&settled, hands.context);
                }
            }
        }
    }

    fn note_role(
        &mut self,
        (group, site): (u32, u32),
        role: Role,
        term: u64,
        context: &mut dyn Context,
    ) {
        self.account.count_role(role, context.now() >= context.warm_up_end());
        if let Some(rows) = &self.rows {
            rows.role(group, site, role, term, context);
        }
    }

    fn note_settled(&mut self, settled: &[Settled], context: &mut dyn Context) {
        for own in settled {
            let diverged_s = (context.now() - own.since).as_secs();
            self.account.settle(diverged_s, own.since >= context.warm_up_end());
            if let Some(rows) = &self.rows {
                let kind = self.directory.resource(own.resource).kind;
                rows.divergence(own, kind, diverged_s, context);
            }
        }
    }

    /// Writes to a resource by its replicas.
    pub(super) fn write(
        &mut self,
        id: CallId,
        (group, place): (u32, usize),
        resource: u32,
        verb: Verb,
        hands: &mut Hands<'_, '_>,
    ) {
        self.make_member(group, place, hands);
        let after = self.plan.agreement_timeout;
        let Some(call) = self.call(id) else { return };
        let kind = usize::from(call.task.kind);
        // A request is shorter than 4 GiB.
        let bytes = self.plan.kinds[kind].request_bytes as u32;
        let Some(slot) = self.directory.slot(group, place) else { return };
        let sequence = slot.next_sequence;
        slot.next_sequence += 1;
        slot.open.insert(sequence, id);
        let timer = hands.mail.timer(after, GIVE_UP, id.token());
        if let Some(call) = self.call(id) {
            call.wait = Wait::Write { group, place: place as u32, sequence, timer };
        }
        let write = Write { origin: hands.site, resource, sequence, bytes, verb };
        self.tell(group, place, Told::Request(write), hands);
    }

    /// Waits no longer that replicas agree.
    pub(super) fn give_up(&mut self, id: CallId, hands: &mut Hands<'_, '_>) {
        let Some(call) = self.call(id) else { return };
        match call.wait {
            Wait::Write { group, place, sequence, .. } => {
                if let Some(slot) = self.directory.slot(group, place as usize) {
                    slot.open.remove(&sequence);
                    slot.member.abandon(sequence);
                }
                self.finish(id, Err(Failure::TimedOut), hands);
            }
            Wait::Confirm { until, .. } if hands.context.now() >= until => {
                self.finish(id, Err(Failure::NoMajority), hands);
            }
            Wait::Confirm { .. } => self.ask_leader(id, hands),
            _ => {}
        }
    }

    /// Reads what all acknowledged writes have made: the leader answers, after it is confirmed.
    pub(super) fn confirm(
        &mut self,
        id: CallId,
        (group, place): (u32, usize),
        hands: &mut Hands<'_, '_>,
    ) {
        self.make_member(group, place, hands);
        let until = hands.context.now() + self.plan.agreement_timeout;
        if let Some(call) = self.call(id) {
            call.wait = Wait::Confirm { group, place: place as u32, until, timer: None };
            self.ask_leader(id, hands);
        }
    }

    /// Asks this site's member to confirm that it leads, sends the call to who does, or waits for a leader.
    fn ask_leader(&mut self, id: CallId, hands: &mut Hands<'_, '_>) {
        let (now, again) = (hands.context.now(), self.plan.group.retry);
        let Some(call) = self.call(id) else { return };
        let (site, hops) = (call.site, call.task.hops);
        let Wait::Confirm { group, place, until, .. } = call.wait else { return };
        let Some(slot) = self.directory.slot(group, place as usize) else { return };
        let mut outputs = Vec::new();
        let asked = slot.member.read(now, id.token(), &mut outputs);
        let leader = asked.err().and_then(|error| error.leader).filter(|leader| *leader != site);
        // Members that take each other for the leader would send it round.
        let goes_on = leader.filter(|_| hops < MOST_HOPS);
        match goes_on {
            Some(leader) => self.try_ways(id, vec![Way::Site(leader)], hands),
            None => {
                let after = again.min(if until > now { until - now } else { SimDuration::ZERO });
                let timer = hands.mail.timer(after.max(SimDuration::from_nanos(1)), GIVE_UP, id.token());
                if let Some(call) = self.call(id) {
                    call.wait = Wait::Confirm { group, place, until, timer: Some(timer) };
                }
            }
        }
        self.carry_out(group, place as usize, &mut outputs, hands);
    }

    fn confirmed(&mut self, id: CallId, hands: &mut Hands<'_, '_>) {
        let Some(call) = self.call(id) else { return };
        let Wait::Confirm { place, timer, .. } = call.wait else { return };
        let Some(resource) = call.task.resource else { return };
        if let Some(timer) = timer {
            hands.mail.cancel(timer);
        }
        self.read_replica(id, resource, place as usize, hands);
    }

    /// A replica is to execute a write.
    fn execute(&mut self, group: u32, place: usize, write: Write, hands: &mut Hands<'_, '_>) {
        let now = hands.context.now();
        let own = &self.directory.groups[group as usize];
        if own.present.has(place) {
            let number = (write.origin, write.sequence);
            self.truth.begin((write.resource, group), number, &own.present, now);
        }
        let serial = self.serial();
        let applying = Applying { serial, group, place: place as u32, write };
        let key = self.applying.insert(applying) as u32;
        self.apply(key, hands);
    }

    /// Has a replica's site do the work of a write.
    pub(super) fn apply(&mut self, key: u32, hands: &mut Hands<'_, '_>) {
        let Some(own) = self.applying.get(key as usize) else { return };
        let access = match own.write.verb {
            Verb::Create => Access::Create,
            Verb::Update => Access::Update,
            Verb::Delete => Access::Delete,
        };
        let kind = self.directory.resource(own.write.resource).kind;
        let work_mi = self.local_work_mi[usize::from(kind)][access as usize];
        let node = self.plan.sites[hands.site as usize];
        let token = REPLICA_TOKEN | u64::from(own.serial) << 32 | u64::from(key);
        let runs =
            work_mi > 0.0 && hands.context.submit_job(node, JobRequest::new(work_mi), token).is_ok();
        if !runs {
            self.applied(key, hands);
        }
    }

    /// A replica has executed a write.
    pub(super) fn applied(&mut self, key: u32, hands: &mut Hands<'_, '_>) {
        let Some(own) = self.applying.try_remove(key as usize) else { return };
        let Applying { group, place, write, .. } = own;
        let number = (write.origin, write.sequence);
        let now = hands.context.now();
        let settled = self.truth.done(write.resource, number, place as usize, now);
        self.note_settled(settled.as_slice(), hands.context);
        if write.verb == Verb::Create {
            self.make_replicant(write.resource, hands.site, hands.context);
        }
        if write.origin == hands.site {
            self.written(group, place as usize, write.sequence, hands);
        } else if self.directory.slot(group, place as usize).is_some_and(|own| own.member.is_leader())
            && !matches!(self.directory.groups[group as usize].mode, Mode::Convergent(_))
        {
            let body: Body = Arc::new(DoneMail { group, sequence: write.sequence });
            hands.mail.send(AgentId(write.origin), DONE, SMALL_BYTES, body);
        }
    }

    /// A write of this site's has been executed by some replica: its user has the response.
    pub(super) fn written(
        &mut self,
        group: u32,
        place: usize,
        sequence: u64,
        hands: &mut Hands<'_, '_>,
    ) {
        let site = hands.site;
        let Some(slot) = self.directory.slot(group, place) else { return };
        slot.member.abandon(sequence);
        let Some(id) = slot.open.remove(&sequence) else { return };
        if let Some(resource) = self.call(id).and_then(|call| call.task.resource) {
            self.truth.acknowledge(resource, (site, sequence));
        }
        self.finish(id, Ok(()), hands);
    }

    /// A resource has been created at a site, which gives it an identifier of its own.
    pub(super) fn make_replicant(&mut self, resource: u32, site: u32, context: &mut dyn Context) {
        let kind = self.directory.resource(resource).kind;
        let at = site as usize * self.plan.kinds.len() + usize::from(kind);
        self.local_ids[at] += 1;
        if let Some(rows) = &self.rows {
            rows.replicant(resource, kind, site, self.local_ids[at], context);
        }
    }

    /// A site is struck from all groups, as its agents are told.
    pub(super) fn strike(&mut self, site: u32, context: &mut dyn Context) {
        self.is_removed[site as usize] = true;
        for group in self.directory.groups_of_site[site as usize].clone() {
            let own = &mut self.directory.groups[group as usize];
            let Some(place) = own.place(site) else { continue };
            own.present.remove(place);
            let mut settled = Vec::new();
            let (lost, acknowledged) = self.truth.strike(group, place, &own.present, &mut settled);
            self.account.lose(lost, acknowledged);
            self.note_settled(&settled, context);
        }
        let errand =
            |other: u32| Errand { site: other, code: super::steps::STRIKE, detail: u64::from(site) };
        let others = (0..self.plan.sites.len() as u32).filter(|other| *other != site);
        self.errands.extend(others.map(errand));
    }

    /// The agent of this site learns that another is struck.
    pub(super) fn on_strike(&mut self, struck: u32, hands: &mut Hands<'_, '_>) {
        self.contacts[hands.site as usize].forget(struck);
        for group in self.directory.groups_of_site[hands.site as usize].clone() {
            let own = &self.directory.groups[group as usize];
            let Some(place) = own.place(hands.site) else { continue };
            if own.place(struck).is_some() && own.slots[place].is_some() {
                self.tell(group, place, Told::Remove(struck), hands);
            }
        }
    }

    /// When a member asks to be woken.
    pub(super) fn tick(&mut self, detail: u64, hands: &mut Hands<'_, '_>) {
        self.tell((detail >> 32) as u32, detail as u32 as usize, Told::Tick, hands);
    }

    /// The job of a replica has ended.
    pub(super) fn replica_job_ended(&mut self, token: u64, is_done: bool) {
        let (key, serial) = (token as u32, (token >> 32) as u32 & 0x3fff_ffff);
        let Some(own) = self.applying.get(key as usize).filter(|own| own.serial == serial) else {
            return;
        };
        let site = self.directory.groups[own.group as usize].sites[own.place as usize];
        if is_done {
            self.errands.push_back(Errand { site, code: APPLIED, detail: u64::from(key) });
        } else {
            self.redo[site as usize].push(key);
        }
    }
}
