//! Members of groups that keep a log: strong, and eventual as in Cheops.

use super::group::{GroupMessage, GroupOptions, GroupRefusal, MemberOutput, Verb};
use super::raft::{NotLeader, Operation, RaftOutput, Replica, StateMachine};
use super::raft_message::RaftMessage;
use super::seen::Seen;
use crate::engine::{EntityStream, SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Tokens of reads that the member asks for itself have this bit.
const OWN_TOKEN: u64 = 1 << 63;

/// Bytes of a message beside the operation that it carries.
const MAIL_BYTES: u64 = 24;

/// Bytes of a resource in a snapshot: its number, version and digest.
const RESOURCE_BYTES: u64 = 16;

/// What the log of a group has made of its resources: for each a version and a digest of what was executed, whatever the
/// order. An operation that the log holds twice counts once.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupState {
    resources: BTreeMap<u32, (u32, u64)>,
    seen: Seen,
}

impl StateMachine for GroupState {
    fn apply(&mut self, operation: &Operation) {
        if self.seen.insert(operation.origin, operation.sequence) {
            let own = self.resources.entry(operation.resource).or_default();
            *own = (own.0 + 1, own.1.wrapping_add(digest(operation)));
        }
    }

    fn bytes(&self) -> u64 {
        RESOURCE_BYTES * self.resources.len() as u64 + self.seen.bytes()
    }
}

/// A digest of an operation on its resource.
fn digest(operation: &Operation) -> u64 {
    let seed = u64::from(operation.origin) << 32 | u64::from(operation.resource);
    xxh3_64_with_seed(&operation.sequence.to_le_bytes(), seed)
}

#[derive(Clone, Debug)]
pub(super) enum LoggedMail {
    Raft(Box<RaftMessage<GroupState>>),
    /// A request for the leader.
    Forward(Operation),
    /// What is executed already, for the leader's log.
    Log(Operation),
    /// Execute at once.
    Copy(Operation),
    /// A request of the receiver is refused.
    Refuse(u64),
}

impl LoggedMail {
    pub(super) fn bytes(&self) -> u64 {
        match self {
            LoggedMail::Raft(message) => message.bytes(),
            LoggedMail::Forward(own) | LoggedMail::Log(own) | LoggedMail::Copy(own) => {
                MAIL_BYTES + u64::from(own.bytes)
            }
            LoggedMail::Refuse(_) => MAIL_BYTES,
        }
    }
}

/// A request that waits for the leader's answer, or an operation that waits for the log.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    operation: Operation,
    /// When it is sent again.
    again: SimTime,
}

/// A request that waits until a majority is known to be available.
#[derive(Clone, Copy, Debug)]
struct Asked {
    operation: Operation,
    until: SimTime,
}

/// A member over Raft.
///
/// A strong one executes what Raft has committed. An eventual one executes earlier: creations when it hears of them, the rest
/// when it sees them in the leader's log, and the leader when a majority has answered. What is executed early goes into the
/// log later if need be: each member that has executed it hands it to the leader until the log has it, so that it reaches all
/// members, even if it was a leader without followers that took it.
#[derive(Debug)]
pub(super) struct Logged {
    executes_early: bool,
    site: u32,
    replica: Replica<GroupState>,
    election: SimDuration,
    retry: SimDuration,
    executed: Seen,
    /// What is executed, whatever the order.
    digest: u64,
    /// Own requests, by number.
    open: BTreeMap<u64, Waiting>,
    /// Executed and not yet in the log, as far as is known here.
    early: BTreeMap<(u32, u64), Waiting>,
    /// At the leader, by token.
    asked: BTreeMap<u64, Asked>,
    next_token: u64,
    members: BTreeSet<u32>,
    down: BTreeSet<u32>,
    struck: BTreeSet<u32>,
    is_down: bool,
    wake_at: Option<SimTime>,
    /// Kept for its memory.
    raft_out: Vec<RaftOutput<GroupState>>,
}

type Out = Vec<MemberOutput>;

impl Logged {
    pub(super) fn new(
        executes_early: bool,
        site: u32,
        members: &[u32],
        options: GroupOptions,
        random: EntityStream,
        now: SimTime,
        out: &mut Out,
    ) -> Self {
        let mut raft_out = Vec::new();
        let state = GroupState::default();
        let replica = Replica::new(site, members, state, options.raft, random, now, &mut raft_out);
        let mut own = Logged {
            executes_early,
            site,
            replica,
            election: options.raft.election,
            retry: options.retry.max(SimDuration::from_nanos(1)),
            executed: Seen::default(),
            digest: 0,
            open: BTreeMap::new(),
            early: BTreeMap::new(),
            asked: BTreeMap::new(),
            next_token: OWN_TOKEN,
            members: members.iter().copied().collect(),
            down: BTreeSet::new(),
            struck: BTreeSet::new(),
            is_down: false,
            wake_at: None,
            raft_out: Vec::new(),
        };
        own.pass_on(now, raft_out, out);
        own
    }

    pub(super) fn leader(&self) -> Option<u32> {
        self.replica.leader()
    }

    pub(super) fn is_leader(&self) -> bool {
        !self.is_down && self.replica.role() == super::Role::Leader
    }

    pub(super) fn has_executed(&self, origin: u32, sequence: u64) -> bool {
        self.executed.has(origin, sequence)
    }

    pub(super) fn executed(&self) -> u64 {
        self.executed.count()
    }

    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    pub(super) fn early_operations(&self) -> usize {
        self.early.len()
    }

    /// Does something with the replica, and what it wants.
    fn with_replica<T>(
        &mut self,
        now: SimTime,
        out: &mut Out,
        act: impl FnOnce(&mut Replica<GroupState>, &mut Vec<RaftOutput<GroupState>>) -> T,
    ) -> T {
        let mut raft_out = std::mem::take(&mut self.raft_out);
        let result = act(&mut self.replica, &mut raft_out);
        self.pass_on(now, raft_out, out);
        result
    }

    fn pass_on(&mut self, now: SimTime, mut raft_out: Vec<RaftOutput<GroupState>>, out: &mut Out) {
        let mut has_committed = false;
        for output in raft_out.drain(..) {
            match output {
                RaftOutput::Send { to, message } => {
                    send(to, LoggedMail::Raft(Box::new(message)), out);
                }
                RaftOutput::Wake(at) => out.push(MemberOutput::Wake(at)),
                RaftOutput::Applied { operation, .. } => {
                    has_committed = true;
                    self.early.remove(&(operation.origin, operation.sequence));
                    if operation.origin == self.site {
                        self.open.remove(&operation.sequence);
                    }
                    self.execute(operation, out);
                }
                RaftOutput::ReadReady(token) if token & OWN_TOKEN != 0 => {
                    self.majority_is_there(now, token, out);
                }
                RaftOutput::ReadFailed(token) if token & OWN_TOKEN != 0 => {
                    self.refuse_asked(token, out);
                }
                RaftOutput::ReadReady(token) => out.push(MemberOutput::ReadReady(token)),
                RaftOutput::ReadFailed(token) => out.push(MemberOutput::ReadFailed(token)),
                RaftOutput::Role { role, term } => out.push(MemberOutput::Role { role, term }),
                RaftOutput::Restored(_) => {
                    let state = self.replica.state();
                    self.executed.extend(&state.seen);
                    self.early.retain(|&(origin, number), _| !state.seen.has(origin, number));
                    self.open.retain(|&number, _| !state.seen.has(self.site, number));
                    self.digest = (state.resources.values())
                        .fold(0, |sum: u64, (_, digest)| sum.wrapping_add(*digest));
                    for waiting in self.early.values() {
                        self.digest = self.digest.wrapping_add(digest(&waiting.operation));
                    }
                    out.push(MemberOutput::Restored);
                }
            }
        }
        // Unless something has been left here meanwhile.
        if self.raft_out.capacity() == 0 {
            self.raft_out = raft_out;
        }
        // Followers execute what is committed when they hear of it.
        if has_committed && self.is_leader() {
            self.with_replica(now, out, |replica, raft_out| replica.announce(now, raft_out));
        }
    }

    /// Executes an operation if that has not been done here.
    fn execute(&mut self, operation: Operation, out: &mut Out) -> bool {
        let is_new = self.executed.insert(operation.origin, operation.sequence);
        if is_new {
            self.digest = self.digest.wrapping_add(digest(&operation));
            out.push(MemberOutput::Execute(operation));
        }
        is_new
    }

    /// Executes an operation before it is committed.
    fn execute_early(&mut self, now: SimTime, operation: Operation, out: &mut Out) {
        if self.execute(operation, out) {
            // The log is given time to have it by itself.
            let again = now + self.retry;
            let number = (operation.origin, operation.sequence);
            self.early.insert(number, Waiting { operation, again });
            self.ask_wake(again, out);
        }
    }

    fn ask_wake(&mut self, at: SimTime, out: &mut Out) {
        if self.wake_at.is_none_or(|wake_at| at < wake_at) {
            self.wake_at = Some(at);
            out.push(MemberOutput::Wake(at));
        }
    }

    /// Whether, as far as is known, no majority can be reached.
    fn is_minority(&self) -> bool {
        let members = self.members.len() - self.struck.len();
        let gone = self.down.difference(&self.struck).count();
        2 * members.saturating_sub(gone) <= members
    }

    pub(super) fn request(&mut self, now: SimTime, operation: Operation, out: &mut Out) {
        if self.is_down {
            return;
        }
        if self.executes_early && operation.verb == Verb::Create {
            self.execute_early(now, operation, out);
            let peers = self.members.iter().filter(|own| !self.struck.contains(own));
            for &peer in peers.filter(|own| **own != self.site) {
                send(peer, LoggedMail::Copy(operation), out);
            }
            return self.hand_over(now, operation, out);
        }
        if self.is_minority() {
            let why = GroupRefusal::NoMajority;
            out.push(MemberOutput::Refused { sequence: operation.sequence, why });
            return;
        }
        let again = now + self.retry;
        self.open.insert(operation.sequence, Waiting { operation, again });
        self.ask_wake(again, out);
        self.forward(now, operation, out);
    }

    pub(super) fn abandon(&mut self, sequence: u64) {
        self.open.remove(&sequence);
    }

    /// Brings a request to the leader, if one is known.
    fn forward(&mut self, now: SimTime, operation: Operation, out: &mut Out) {
        match self.leader() {
            Some(leader) if leader == self.site => self.lead(now, operation, out),
            Some(leader) => send(leader, LoggedMail::Forward(operation), out),
            None => {}
        }
    }

    /// Brings what is executed to the leader's log.
    fn hand_over(&mut self, now: SimTime, operation: Operation, out: &mut Out) {
        match self.leader() {
            Some(leader) if leader == self.site => self.log(now, operation, out),
            Some(leader) => send(leader, LoggedMail::Log(operation), out),
            None => {}
        }
    }

    /// Takes a request as the leader.
    fn lead(&mut self, now: SimTime, operation: Operation, out: &mut Out) {
        if !self.is_leader() || self.executed.has(operation.origin, operation.sequence) {
            return;
        }
        if !self.executes_early {
            return self.log(now, operation, out);
        }
        if self.asked.values().any(|own| own.operation == operation) {
            return;
        }
        let token = self.next_token;
        self.next_token = OWN_TOKEN | token.wrapping_add(1);
        let until = now + self.election;
        self.asked.insert(token, Asked { operation, until });
        self.ask_wake(until, out);
        // Only who leads comes here.
        let _ = self.with_replica(now, out, |replica, raft_out| replica.read(now, token, raft_out));
    }

    /// Puts an operation into the log, unless that has it.
    fn log(&mut self, now: SimTime, operation: Operation, out: &mut Out) {
        if self.is_leader() && !self.replica.state().seen.has(operation.origin, operation.sequence) {
            // Only who leads comes here.
            let _ = self
                .with_replica(now, out, |replica, raft_out| replica.propose(now, operation, raft_out));
        }
    }

    /// A majority has answered: a request is executed, and logged.
    fn majority_is_there(&mut self, now: SimTime, token: u64, out: &mut Out) {
        if let Some(asked) = self.asked.remove(&token) {
            self.execute_early(now, asked.operation, out);
            self.log(now, asked.operation, out);
        }
    }

    fn refuse_asked(&mut self, token: u64, out: &mut Out) {
        if let Some(asked) = self.asked.remove(&token) {
            let Operation { origin, sequence, .. } = asked.operation;
            if origin == self.site {
                self.refused(sequence, out);
            } else {
                send(origin, LoggedMail::Refuse(sequence), out);
            }
        }
    }

    fn refused(&mut self, sequence: u64, out: &mut Out) {
        if self.open.remove(&sequence).is_some() {
            out.push(MemberOutput::Refused { sequence, why: GroupRefusal::NoMajority });
        }
    }

    pub(super) fn read(&mut self, now: SimTime, token: u64, out: &mut Out) -> Result<(), NotLeader> {
        self.with_replica(now, out, |replica, raft_out| replica.read(now, token & !OWN_TOKEN, raft_out))
    }

    pub(super) fn campaign(&mut self, now: SimTime, out: &mut Out) {
        self.with_replica(now, out, |replica, raft_out| replica.campaign(now, raft_out));
    }

    pub(super) fn receive(&mut self, now: SimTime, from: u32, mail: LoggedMail, out: &mut Out) {
        if self.is_down {
            return;
        }
        match mail {
            LoggedMail::Raft(message) => {
                if self.executes_early {
                    for operation in message.each_operation() {
                        self.execute_early(now, *operation, out);
                    }
                }
                self.with_replica(now, out, |replica, raft_out| {
                    replica.receive(now, *message, raft_out);
                });
            }
            LoggedMail::Forward(operation) if !self.struck.contains(&from) => {
                self.lead(now, operation, out);
            }
            LoggedMail::Forward(_) => {}
            LoggedMail::Log(operation) => {
                if self.executes_early {
                    self.execute_early(now, operation, out);
                }
                self.log(now, operation, out);
            }
            LoggedMail::Copy(operation) if self.executes_early => {
                self.execute_early(now, operation, out);
            }
            LoggedMail::Copy(_) => {}
            LoggedMail::Refuse(sequence) => self.refused(sequence, out),
        }
    }

    pub(super) fn tick(&mut self, now: SimTime, out: &mut Out) {
        if self.is_down {
            return;
        }
        self.with_replica(now, out, |replica, raft_out| replica.tick(now, raft_out));
        if self.wake_at.is_none_or(|at| now < at) {
            return;
        }
        self.wake_at = None;
        let late: Vec<u64> =
            self.asked.iter().filter(|(_, own)| own.until <= now).map(|own| *own.0).collect();
        for token in late {
            self.refuse_asked(token, out);
        }
        let again = now + self.retry;
        let is_due = |own: &&mut Waiting| own.again <= now;
        let due = |map: &mut dyn Iterator<Item = &mut Waiting>| -> Vec<Operation> {
            map.filter(is_due)
                .map(|own| {
                    own.again = again;
                    own.operation
                })
                .collect()
        };
        let (open, early) = (due(&mut self.open.values_mut()), due(&mut self.early.values_mut()));
        for operation in open {
            self.forward(now, operation, out);
        }
        for operation in early {
            self.hand_over(now, operation, out);
        }
        self.ask_next_wake(out);
    }

    fn ask_next_wake(&mut self, out: &mut Out) {
        // What a minority has executed waits for the others to come back.
        let early = self.early.values().map(|own| own.again);
        let early = if self.is_minority() { None } else { early.min() };
        let open = self.open.values().map(|own| own.again).min();
        let asked = self.asked.values().map(|own| own.until).min();
        if let Some(at) = [open, early, asked].into_iter().flatten().min() {
            self.ask_wake(at, out);
        }
    }

    pub(super) fn peer_down(&mut self, now: SimTime, site: u32, out: &mut Out) {
        if self.members.contains(&site) && self.down.insert(site) && !self.is_down {
            self.with_replica(now, out, |replica, raft_out| replica.peer_down(now, site, raft_out));
        }
    }

    pub(super) fn peer_up(&mut self, now: SimTime, site: u32, out: &mut Out) {
        if self.down.remove(&site) && !self.is_down {
            self.with_replica(now, out, |replica, raft_out| replica.peer_up(now, site, raft_out));
            self.wake_soon(now, out);
        }
    }

    /// Looks at all that waits after a retry.
    fn wake_soon(&mut self, now: SimTime, out: &mut Out) {
        if !(self.early.is_empty() && self.open.is_empty()) {
            self.ask_wake(now + self.retry, out);
        }
    }

    pub(super) fn remove(&mut self, now: SimTime, site: u32, out: &mut Out) {
        if self.members.contains(&site) && self.struck.insert(site) && !self.is_down {
            self.with_replica(now, out, |replica, raft_out| replica.strike(now, site, raft_out));
            self.wake_soon(now, out);
        }
    }

    pub(super) fn crash(&mut self, out: &mut Out) {
        self.is_down = true;
        self.wake_at = None;
        self.open.clear();
        self.asked.clear();
        let mut raft_out = Vec::new();
        self.replica.crash(&mut raft_out);
        // Its reads fail with it.
        out.extend(raft_out.into_iter().filter_map(|output| match output {
            RaftOutput::ReadFailed(token) if token & OWN_TOKEN == 0 => {
                Some(MemberOutput::ReadFailed(token))
            }
            _ => None,
        }));
    }

    pub(super) fn restart(&mut self, now: SimTime, out: &mut Out) {
        if std::mem::replace(&mut self.is_down, false) {
            self.with_replica(now, out, |replica, raft_out| replica.restart(now, raft_out));
            self.wake_soon(now, out);
        }
    }
}

fn send(to: u32, mail: LoggedMail, out: &mut Out) {
    out.push(MemberOutput::Send { to, message: GroupMessage::from(mail) });
}
