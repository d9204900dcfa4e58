//! A member of a Raft group.

use super::group::Verb;
use super::raft_message::{Body, RaftMessage};
use crate::engine::{EntityStream, SimDuration, SimTime};
use noraft::{
    Action, ClusterConfig, Log, LogEntries, LogIndex, LogPosition, Message, Node, NodeId, Term,
};
use rand::Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub use noraft::Role;

/// What a log entry asks of the resources. The group does not look into it; whoever retries one tells the copies apart
/// by origin and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// The site whose user asked.
    pub origin: u32,
    /// The resource, as the caller numbers them.
    pub resource: u32,
    /// The number of the request at its origin.
    pub sequence: u64,
    /// Bytes of the request.
    pub bytes: u32,
    /// What is done with the resource.
    pub verb: Verb,
}

/// What a group keeps equal on its members.
pub trait StateMachine: Clone {
    /// Executes an operation. Each member executes the same ones in the same order, each once.
    fn apply(&mut self, operation: &Operation);

    /// Bytes of a snapshot of it.
    fn bytes(&self) -> u64;
}

/// Times and bounds of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RaftOptions {
    /// Time between signs of life of the leader. Followers learn with the next one what is committed.
    pub heartbeat: SimDuration,
    /// A follower that hears no leader for a time drawn between this and twice this becomes a candidate. Ten round
    /// trips between members, and two heartbeats, are a sound least value.
    pub election: SimDuration,
    /// Entries that are kept behind the last one executed, for members that lag; one that lags more gets a snapshot.
    pub keep_entries: usize,
    /// Most entries in a message.
    pub batch_entries: usize,
    /// Whether groups in which nothing is to be done rest: the leader says so in a last sign of life, and nobody sets a
    /// timer any more. Members then have to be told who is down and up.
    pub is_quiet: bool,
}

impl Default for RaftOptions {
    fn default() -> Self {
        RaftOptions {
            heartbeat: SimDuration::from_nanos(100_000_000),
            election: SimDuration::from_nanos(1_000_000_000),
            keep_entries: 1024,
            batch_entries: 512,
            is_quiet: false,
        }
    }
}

/// Only the leader takes operations and reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this member is not the leader")]
pub struct NotLeader {
    /// Who is, as far as this member knows.
    pub leader: Option<u32>,
}

/// What is to be done for a member.
#[derive(Clone, Debug)]
pub enum RaftOutput<S> {
    /// Send a message. It may be lost, doubled or overtaken.
    Send {
        /// The member to send it to.
        to: u32,
        /// The message.
        message: RaftMessage<S>,
    },
    /// Call [`Replica::tick`] at this time. Calls that are early or late do no harm.
    Wake(SimTime),
    /// An operation is committed and has been executed here.
    Applied {
        /// Its place in the log of the group.
        index: u64,
        /// The operation.
        operation: Operation,
    },
    /// A read with this token may be answered from the state of now.
    ReadReady(u64),
    /// A read with this token cannot be answered here any more: it may be asked again, of the leader.
    ReadFailed(u64),
    /// The role has changed.
    Role {
        /// The new one.
        role: Role,
        /// The term it is in.
        term: u64,
    },
    /// The state is now that of a snapshot, in which operations up to this place are executed.
    Restored(u64),
}

pub(super) struct Read {
    /// Confirmed by a majority that has echoed this round.
    round: u64,
    /// Answered when this is executed.
    index: u64,
    token: u64,
}

/// A member of a group: pure state with inputs (`tick`, `receive`, `propose`, `read`, `crash`, `restart`, `remove`) that
/// append to a list of [`RaftOutput`].
///
/// What Raft keeps on disk - term, vote, log - outlives [`crash`](Self::crash), and so do the executed state and its
/// place in the log: operations on black boxes have their effect where the boxes are. Costs O(log n) an operation and
/// member, and O(`keep_entries`) memory for the log.
pub struct Replica<S> {
    pub(super) node: Node,
    /// The operations of the log's entries after its snapshot.
    operations: VecDeque<Option<Operation>>,
    state: S,
    applied: u64,
    pub(super) options: RaftOptions,
    random: EntityStream,
    pub(super) role: Role,
    pub(super) leader: Option<u32>,
    pub(super) last_contact: Option<SimTime>,
    pub(super) deadline: SimTime,
    wake_at: Option<SimTime>,
    pub(super) is_down: bool,
    round: u64,
    /// The entry with which this leadership began.
    term_start: u64,
    echoed: BTreeMap<NodeId, u64>,
    snapshot_after: BTreeMap<NodeId, SimTime>,
    pub(super) reads: VecDeque<Read>,
    /// Who is down, as this member was told.
    pub(super) down: BTreeSet<u32>,
    /// Who is to be struck.
    pub(super) struck: BTreeSet<u32>,
}

impl<S> std::fmt::Debug for Replica<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replica")
            .field("node", &self.node)
            .field("applied", &self.applied)
            .finish_non_exhaustive()
    }
}

impl<S: StateMachine> Replica<S> {
    /// A member `site` of a group of `members` that begins with `state`; all members begin with the same. Times of
    /// elections are drawn from `random`.
    pub fn new(
        site: u32,
        members: &[u32],
        state: S,
        options: RaftOptions,
        random: EntityStream,
        now: SimTime,
        out: &mut Vec<RaftOutput<S>>,
    ) -> Self {
        let mut config = ClusterConfig::new();
        config.voters.extend(members.iter().map(|&member| id(member)));
        let log = Log::new(config, LogEntries::new(LogPosition::ZERO));
        let mut replica = Replica {
            node: Node::restart(id(site), Term::ZERO, None, log),
            operations: VecDeque::new(),
            state,
            applied: 0,
            options,
            random,
            role: Role::Follower,
            leader: None,
            last_contact: None,
            deadline: now,
            wake_at: None,
            is_down: false,
            round: 0,
            term_start: 0,
            echoed: BTreeMap::new(),
            snapshot_after: BTreeMap::new(),
            reads: VecDeque::new(),
            down: BTreeSet::new(),
            struck: BTreeSet::new(),
        };
        replica.settle(now, None, out);
        replica
    }

    /// The executed state.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// How many entries of the log are executed.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// The role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The term.
    pub fn term(&self) -> u64 {
        self.node.current_term().get()
    }

    /// Who leads, as far as this member knows.
    pub fn leader(&self) -> Option<u32> {
        self.leader
    }

    /// The entries that are held in memory.
    pub fn log_entries(&self) -> usize {
        self.operations.len()
    }

    /// Whether `site` is a member, by the last configuration in this member's log.
    pub fn has_member(&self, site: u32) -> bool {
        self.node.config().contains(id(site))
    }

    /// Time has come to what a [`RaftOutput::Wake`] asked for, or is past it.
    pub fn tick(&mut self, now: SimTime, out: &mut Vec<RaftOutput<S>>) {
        if self.is_down {
            return;
        }
        self.wake_at = self.wake_at.filter(|&at| at > now);
        if now < self.deadline {
            self.ask_wake(out);
            return;
        }
        if self.is_hopeless() {
            self.deadline = SimTime::MAX;
            return;
        }
        self.go_on_striking(now, out);
        self.node.handle_election_timeout();
        self.settle(now, None, out);
        if self.deadline <= now {
            // One that has been struck stands for nothing; it may yet be told that it is a member again.
            self.set_deadline(now, out);
        }
        self.ask_wake(out);
    }

    /// Stands for leader at once, rather than after a timeout: what the creator of a group does.
    pub fn campaign(&mut self, now: SimTime, out: &mut Vec<RaftOutput<S>>) {
        if !self.is_down && self.role != Role::Leader {
            self.node.handle_election_timeout();
            self.settle(now, None, out);
        }
    }

    /// Appends an operation to the log. It is committed when [`RaftOutput::Applied`] tells so, and lost if the leader
    /// changes before.
    ///
    /// # Errors
    /// If this member does not lead.
    pub fn propose(
        &mut self,
        now: SimTime,
        operation: Operation,
        out: &mut Vec<RaftOutput<S>>,
    ) -> Result<(), NotLeader> {
        self.must_lead()?;
        self.node.propose_command();
        self.operations.push_back(Some(operation));
        self.settle(now, None, out);
        Ok(())
    }

    /// Asks for a read that sees all that was acknowledged before it (ReadIndex): one round trip to a majority, without
    /// an entry in the log. [`RaftOutput::ReadReady`] or [`RaftOutput::ReadFailed`] follows.
    ///
    /// # Errors
    /// If this member does not lead.
    pub fn read(
        &mut self,
        now: SimTime,
        token: u64,
        out: &mut Vec<RaftOutput<S>>,
    ) -> Result<(), NotLeader> {
        self.must_lead()?;
        self.round += 1;
        let index = self.node.commit_index().get().max(self.term_start);
        self.reads.push_back(Read { round: self.round, index, token });
        self.node.heartbeat();
        self.settle(now, None, out);
        Ok(())
    }

    /// Strikes a member from the group, by joint consensus. Nothing happens if it is none, is the only one, or another
    /// change is under way.
    ///
    /// # Errors
    /// If this member does not lead.
    pub fn remove(
        &mut self,
        now: SimTime,
        site: u32,
        out: &mut Vec<RaftOutput<S>>,
    ) -> Result<(), NotLeader> {
        self.must_lead()?;
        let config = self.node.config();
        if config.voters.len() > 1 && config.contains(id(site)) && !config.is_joint_consensus() {
            let joint = config.to_joint_consensus(&[], &[id(site)]);
            self.node.propose_config(joint);
            self.settle(now, None, out);
        }
        Ok(())
    }

    /// Goes down: what is not kept on disk is lost, and nothing is done until [`restart`](Self::restart).
    pub fn crash(&mut self, out: &mut Vec<RaftOutput<S>>) {
        self.is_down = true;
        (self.wake_at, self.leader, self.last_contact) = (None, None, None);
        self.fail_reads(out);
    }

    /// Comes back with what it has on disk, as a follower.
    pub fn restart(&mut self, now: SimTime, out: &mut Vec<RaftOutput<S>>) {
        if !self.is_down {
            return;
        }
        self.is_down = false;
        let node = &self.node;
        self.node = Node::restart(node.id(), node.current_term(), node.voted_for(), node.log().clone());
        self.settle(now, None, out);
    }

    /// A message has come.
    pub fn receive(&mut self, now: SimTime, message: RaftMessage<S>, out: &mut Vec<RaftOutput<S>>) {
        if self.is_down {
            return;
        }
        match message.body {
            Body::Raft { message: inner, operations } => {
                self.receive_raft(now, &inner, message.round, &operations, out);
                if message.is_last {
                    self.rest_as_follower();
                }
            }
            Body::Snapshot { from, term, position, config, state, .. } => {
                self.receive_snapshot(now, (from, term, message.round), position, config, *state, out);
            }
        }
    }

    fn receive_raft(
        &mut self,
        now: SimTime,
        message: &Message,
        round: u64,
        operations: &[Option<Operation>],
        out: &mut Vec<RaftOutput<S>>,
    ) {
        if self.struck.contains(&site(message.from())) {
            return;
        }
        // One that was struck does not always know, and would unseat each leader.
        if matches!(message, Message::RequestVoteCall { .. })
            && !self.node.config().contains(message.from())
        {
            return;
        }
        // One that was cut off must not unseat a leader that the others hear.
        let heard = self.last_contact.is_some_and(|at| now.since(at) < self.options.election);
        if heard && self.role == Role::Follower && self.node.could_be_disruptive_request_vote(message) {
            return;
        }
        // An error says that what is on disk contradicts the leader, which crash and restart here cannot cause; the
        // message is then as good as lost.
        if self.node.handle_message(message).is_err() {
            return;
        }
        let from = message.from();
        let is_current = message.term() == self.node.current_term();
        let mut incoming = None;
        match message {
            Message::AppendEntriesCall { entries, .. } if is_current => {
                self.leader = Some(site(from));
                self.last_contact = Some(now);
                incoming = Some((entries.prev_position().index.get(), operations, round));
            }
            Message::AppendEntriesReply { .. } if is_current && self.node.role().is_leader() => {
                let echoed = self.echoed.entry(from).or_default();
                *echoed = (*echoed).max(round);
            }
            _ => {}
        }
        self.settle(now, incoming, out);
    }

    fn receive_snapshot(
        &mut self,
        now: SimTime,
        (from, term, round): (u32, Term, u64),
        position: LogPosition,
        config: ClusterConfig,
        state: S,
        out: &mut Vec<RaftOutput<S>>,
    ) {
        if term < self.node.current_term() {
            return;
        }
        // A vote that is not granted brings the term without anything else.
        let vote = Message::RequestVoteReply { from: id(from), term, vote_granted: false };
        if self.node.handle_message(&vote).is_err() {
            return;
        }
        let is_new = position.index.get() > self.applied;
        let start = self.node.log().snapshot_position().index.get();
        if is_new && self.node.handle_snapshot_installed(position, config) {
            let kept = self.node.log().entries().len();
            let dropped = usize::try_from(position.index.get() - start).unwrap_or(usize::MAX);
            self.operations.drain(..dropped.min(self.operations.len()));
            self.operations.truncate(kept);
            self.state = state;
            self.applied = position.index.get();
            out.push(RaftOutput::Restored(self.applied));
        }
        // What follows from its place in the log is said by an empty message of the leader.
        let entries = LogEntries::new(position);
        let message =
            Message::AppendEntriesCall { from: id(from), term, commit_index: position.index, entries };
        self.receive_raft(now, &message, round, &[], out);
    }

    pub(super) fn must_lead(&self) -> Result<(), NotLeader> {
        if self.is_down || self.role != Role::Leader {
            return Err(NotLeader { leader: self.leader.filter(|_| !self.is_down) });
        }
        Ok(())
    }

    /// Does what the algorithm has asked for. `incoming` is the place before the entries of the message that is being
    /// handled, their operations and the round to echo.
    pub(super) fn settle(
        &mut self,
        now: SimTime,
        incoming: Option<(u64, &[Option<Operation>], u64)>,
        out: &mut Vec<RaftOutput<S>>,
    ) {
        if incoming.is_none() {
            self.match_log();
        }
        let role = self.node.role();
        if role != self.role || (role == Role::Candidate && self.node.actions().save_current_term) {
            self.change_role(role, out);
        }
        while let Some(action) = self.node.actions_mut().next() {
            match action {
                Action::SetElectionTimeout => self.set_deadline(now, out),
                Action::SaveCurrentTerm | Action::SaveVotedFor => {}
                Action::AppendLogEntries(entries) => {
                    let Some((before, operations, _)) = incoming else { continue };
                    let first = entries.prev_position().index.get();
                    let start = self.node.log().snapshot_position().index.get();
                    self.operations.truncate(offset(first, start));
                    self.operations.extend(operations.iter().skip(offset(first, before)));
                }
                Action::BroadcastMessage(message) => {
                    let peers: smallvec::SmallVec<[NodeId; 8]> = self.node.peers().collect();
                    for peer in peers {
                        self.send(peer, message.clone(), self.round, out);
                    }
                }
                Action::SendMessage(to, message) => {
                    let is_reply = matches!(message, Message::AppendEntriesReply { .. });
                    let round = incoming.filter(|_| is_reply).map_or(self.round, |(_, _, round)| round);
                    self.send(to, message, round, out);
                }
                Action::InstallSnapshot(to) => self.send_snapshot(now, to, out),
            }
        }
        self.match_log();
        self.apply_committed(out);
        self.answer_reads(out);
        self.compact();
    }

    fn change_role(&mut self, role: Role, out: &mut Vec<RaftOutput<S>>) {
        if self.role == Role::Leader {
            self.fail_reads(out);
        }
        if role == Role::Leader {
            self.leader = Some(site(self.node.id()));
            self.term_start = self.node.log().last_position().index.get();
            self.echoed.clear();
            self.snapshot_after.clear();
        } else if self.leader == Some(site(self.node.id())) {
            self.leader = None;
        }
        self.role = role;
        out.push(RaftOutput::Role { role, term: self.term() });
    }

    fn fail_reads(&mut self, out: &mut Vec<RaftOutput<S>>) {
        out.extend(self.reads.drain(..).map(|read| RaftOutput::ReadFailed(read.token)));
    }

    /// As many operations as there are entries: entries of the algorithm itself have none.
    fn match_log(&mut self) {
        self.operations.resize(self.node.log().entries().len(), None);
    }

    pub(super) fn set_deadline(&mut self, now: SimTime, out: &mut Vec<RaftOutput<S>>) {
        if self.may_rest() {
            self.deadline = SimTime::MAX;
            return;
        }
        let wait = if self.node.role().is_leader() {
            self.options.heartbeat
        } else {
            let least = self.options.election.as_nanos();
            SimDuration::from_nanos(least + self.random.next_u64() % least.max(1))
        };
        self.deadline = now + wait;
        self.ask_wake(out);
    }

    /// Asks to be woken, unless that is already so: deadlines that move on cost nothing.
    pub(super) fn ask_wake(&mut self, out: &mut Vec<RaftOutput<S>>) {
        if self.deadline < SimTime::MAX && self.wake_at.is_none_or(|at| at > self.deadline) {
            self.wake_at = Some(self.deadline);
            out.push(RaftOutput::Wake(self.deadline));
        }
    }

    fn send(&mut self, to: NodeId, mut message: Message, round: u64, out: &mut Vec<RaftOutput<S>>) {
        let mut operations = Vec::new();
        if let Message::AppendEntriesCall { entries, .. } = &mut message {
            entries.truncate(self.options.batch_entries.max(1));
            let start = self.node.log().snapshot_position().index.get();
            let first = offset(entries.prev_position().index.get(), start);
            operations.extend(self.operations.iter().skip(first).take(entries.len()));
        }
        let is_last = operations.is_empty() && self.may_rest();
        let message = RaftMessage { body: Body::Raft { message, operations }, round, is_last };
        out.push(RaftOutput::Send { to: site(to), message });
    }

    fn send_snapshot(&mut self, now: SimTime, to: NodeId, out: &mut Vec<RaftOutput<S>>) {
        // The state takes its time; what is on its way is not sent again at each heartbeat.
        if self.snapshot_after.get(&to).is_some_and(|&after| now < after) {
            return;
        }
        let Some((position, config)) =
            self.node.log().get_position_and_config(LogIndex::new(self.applied))
        else {
            return;
        };
        let body = Body::Snapshot {
            from: site(self.node.id()),
            term: self.node.current_term(),
            position,
            config: config.clone(),
            bytes: self.state.bytes(),
            state: Box::new(self.state.clone()),
        };
        self.snapshot_after.insert(to, now + self.options.election);
        out.push(RaftOutput::Send {
            to: site(to),
            message: RaftMessage { body, round: self.round, is_last: false },
        });
    }

    fn apply_committed(&mut self, out: &mut Vec<RaftOutput<S>>) {
        let start = self.node.log().snapshot_position().index.get();
        while self.applied < self.node.commit_index().get() {
            let operation = self.operations.get(offset(self.applied, start)).copied().flatten();
            self.applied += 1;
            if let Some(operation) = operation {
                self.state.apply(&operation);
                out.push(RaftOutput::Applied { index: self.applied, operation });
            }
        }
    }

    fn answer_reads(&mut self, out: &mut Vec<RaftOutput<S>>) {
        while let Some(read) = self.reads.front() {
            if read.index > self.applied || !self.is_confirmed(read.round) {
                return;
            }
            out.push(RaftOutput::ReadReady(read.token));
            self.reads.pop_front();
        }
    }

    /// Whether majorities of the old and new members have echoed a round.
    fn is_confirmed(&self, round: u64) -> bool {
        let has = |member: &NodeId| {
            *member == self.node.id() || self.echoed.get(member).is_some_and(|&echoed| echoed >= round)
        };
        let config = self.node.config();
        [&config.voters, &config.new_voters].into_iter().all(|members| {
            members.is_empty() || members.iter().filter(|member| has(member)).count() > members.len() / 2
        })
    }

    fn compact(&mut self) {
        let keep = self.options.keep_entries.max(1);
        let start = self.node.log().snapshot_position().index.get();
        let done = self.applied.min(self.node.commit_index().get());
        // Twice as many before anything is dropped, so that an entry costs O(1) of it.
        if offset(done, start) < 2 * keep {
            return;
        }
        let dropped = offset(done, start) - keep;
        let index = LogIndex::new(start + dropped as u64);
        if let Some((position, config)) = self.node.log().get_position_and_config(index) {
            let config = config.clone();
            if self.node.handle_snapshot_installed(position, config) {
                self.operations.drain(..dropped);
            }
        }
    }
}

pub(super) fn id(site: u32) -> NodeId {
    NodeId::new(u64::from(site))
}

pub(super) fn site(id: NodeId) -> u32 {
    // All ids are made of sites.
    u32::try_from(id.get()).unwrap_or(u32::MAX)
}

/// Entries from `start` to `index`; none if it is before.
fn offset(index: u64, start: u64) -> usize {
    usize::try_from(index.saturating_sub(start)).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "tests/raft.rs"]
mod tests;
