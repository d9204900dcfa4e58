//! Members of groups of replicas, in three modes behind one interface.

use super::convergent::{Convergent, ConvergentMail};
use super::logged::{GroupState, Logged, LoggedMail};
use super::raft::{NotLeader, Operation, RaftOptions, Role};
use crate::engine::{EntityStream, SimDuration, SimTime};

/// How replicas of resources are kept equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// An operation is executed once a majority has it in its log (Raft): all replicas execute the same ones in the same
    /// order.
    Strong,
    /// An operation is executed once a majority is known to be available, and by all others as they hear of it: the mode of
    /// Cheops, since what black boxes do cannot be undone. Creations are executed at once.
    Eventual,
    /// An operation is executed at once where it is asked for; the values of replicas converge.
    Convergent(ValueKind),
}

/// What converges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueKind {
    /// The last write wins.
    LastWriter,
    /// A counter that goes up and down.
    Counter,
    /// A set in which an addition wins over a removal that did not see it.
    Set,
}

/// What an operation does with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Makes it.
    Create,
    /// Changes it.
    Update,
    /// Removes it.
    Delete,
}

/// Rules for the members of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupOptions {
    /// Those of Raft; groups that [rest](RaftOptions::is_quiet) unless told otherwise.
    pub raft: RaftOptions,
    /// Time after which what was not answered is sent again; above 0.
    pub retry: SimDuration,
}

impl Default for GroupOptions {
    fn default() -> Self {
        let raft = RaftOptions { is_quiet: true, ..RaftOptions::default() };
        GroupOptions { raft, retry: raft.election }
    }
}

/// Why a member will not try further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupRefusal {
    /// Too few members are available.
    NoMajority,
}

/// What is to be done for a member.
#[derive(Clone, Debug)]
pub enum MemberOutput {
    /// Send a message. It may be lost, doubled or overtaken.
    Send {
        /// The site to send it to.
        to: u32,
        /// The message.
        message: GroupMessage,
    },
    /// Call [`Member::tick`] at this time. Calls that are early or late do no harm.
    Wake(SimTime),
    /// Execute an operation at this site: told once of each operation at each member.
    Execute(Operation),
    /// A read with this token may be answered from what is executed now.
    ReadReady(u64),
    /// A read with this token cannot be answered here any more: it may be asked again, of the leader.
    ReadFailed(u64),
    /// A request of this site's own will not be tried further.
    Refused {
        /// Its number.
        sequence: u64,
        /// Why.
        why: GroupRefusal,
    },
    /// The role has changed.
    Role {
        /// The new one.
        role: Role,
        /// The term it is in.
        term: u64,
    },
    /// Many operations have been executed at once: [`Member::has_executed`] tells which.
    Restored,
}

/// A message between members.
#[derive(Clone, Debug)]
pub struct GroupMessage(pub(super) Mail);

#[derive(Clone, Debug)]
pub(super) enum Mail {
    Logged(LoggedMail),
    Convergent(ConvergentMail),
}

impl GroupMessage {
    /// Its size on a network, headers of transport aside.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match &self.0 {
            Mail::Logged(mail) => mail.bytes(),
            Mail::Convergent(mail) => mail.bytes(),
        }
    }
}

/// The member of a site in a group: pure state that is told of time, requests, messages and peers, and says what is to be
/// done. What it keeps is on a disk: it outlives [`crash`](Self::crash).
///
/// ```
/// use stratosim::engine::{RandomStreams, SimTime};
/// use stratosim::replication::{
///     GroupOptions, Member, MemberOutput, Mode, Operation, ValueKind, Verb,
/// };
/// let (mode, now, mut out) = (Mode::Convergent(ValueKind::Counter), SimTime::ZERO, Vec::new());
/// let random = RandomStreams::new(1).entity("members", 0);
/// let mut member = Member::new(mode, 0, &[0, 1], GroupOptions::default(), random, now, &mut out);
/// let operation = Operation { origin: 0, resource: 7, sequence: 1, bytes: 100, verb: Verb::Update };
/// member.request(now, operation, &mut out);
/// // It is executed at once, and the other site is told.
/// assert!(matches!(out[0], MemberOutput::Execute(own) if own == operation));
/// assert!(matches!(out[1], MemberOutput::Send { to: 1, .. }));
/// ```
#[derive(Debug)]
pub struct Member(Kind);

#[derive(Debug)]
enum Kind {
    Logged(Box<Logged>),
    Convergent(Box<Convergent>),
}

type Out = Vec<MemberOutput>;

impl Member {
    /// The member of `site` in the group of `members`. All are taken to be available at first. Times of elections are drawn
    /// from `random`.
    pub fn new(
        mode: Mode,
        site: u32,
        members: &[u32],
        options: GroupOptions,
        random: EntityStream,
        now: SimTime,
        out: &mut Out,
    ) -> Self {
        Member(match mode {
            Mode::Convergent(kind) => {
                Kind::Convergent(Box::new(Convergent::new(kind, site, members, options.retry)))
            }
            Mode::Strong | Mode::Eventual => {
                let executes_early = mode == Mode::Eventual;
                let own = Logged::new(executes_early, site, members, options, random, now, out);
                Kind::Logged(Box::new(own))
            }
        })
    }

    /// Stands for leader at once, if there is one in this mode.
    pub fn campaign(&mut self, now: SimTime, out: &mut Out) {
        if let Kind::Logged(own) = &mut self.0 {
            own.campaign(now, out);
        }
    }

    /// A request of this site: its `origin` is the site, and its number the next one of the site in the group, from 1.
    pub fn request(&mut self, now: SimTime, operation: Operation, out: &mut Out) {
        match &mut self.0 {
            Kind::Logged(own) => own.request(now, operation, out),
            Kind::Convergent(own) => own.request(now, operation, out),
        }
    }

    /// The user of a request has a response, or waits no longer: it is not sent again.
    pub fn abandon(&mut self, sequence: u64) {
        if let Kind::Logged(own) = &mut self.0 {
            own.abandon(sequence);
        }
    }

    /// Asks for a read that sees all that was acknowledged before it; [`MemberOutput::ReadReady`] or
    /// [`MemberOutput::ReadFailed`] follows. Tokens are below 2^63. A read of what converges sees what is here.
    ///
    /// # Errors
    /// If this member does not lead.
    pub fn read(&mut self, now: SimTime, token: u64, out: &mut Out) -> Result<(), NotLeader> {
        match &mut self.0 {
            Kind::Logged(own) => own.read(now, token, out),
            Kind::Convergent(_) => {
                out.push(MemberOutput::ReadReady(token));
                Ok(())
            }
        }
    }

    /// A message of another member has come. One of another mode is passed over.
    pub fn receive(&mut self, now: SimTime, from: u32, message: GroupMessage, out: &mut Out) {
        match (&mut self.0, message.0) {
            (Kind::Logged(own), Mail::Logged(mail)) => own.receive(now, from, mail, out),
            (Kind::Convergent(own), Mail::Convergent(mail)) => own.receive(now, from, mail, out),
            _ => {}
        }
    }

    /// Time has come to what a [`MemberOutput::Wake`] asked for, or is past it.
    pub fn tick(&mut self, now: SimTime, out: &mut Out) {
        match &mut self.0 {
            Kind::Logged(own) => own.tick(now, out),
            Kind::Convergent(own) => own.tick(now, out),
        }
    }

    /// A site has given no sign of life for too long.
    pub fn peer_down(&mut self, now: SimTime, site: u32, out: &mut Out) {
        match &mut self.0 {
            Kind::Logged(own) => own.peer_down(now, site, out),
            Kind::Convergent(own) => own.peer_down(site),
        }
    }

    /// A site gives signs of life again.
    pub fn peer_up(&mut self, now: SimTime, site: u32, out: &mut Out) {
        match &mut self.0 {
            Kind::Logged(own) => own.peer_up(now, site, out),
            Kind::Convergent(own) => own.peer_up(now, site, out),
        }
    }

    /// A site is struck from the group for good; all other members are told, some later than others.
    pub fn remove(&mut self, now: SimTime, site: u32, out: &mut Out) {
        match &mut self.0 {
            Kind::Logged(own) => own.remove(now, site, out),
            Kind::Convergent(own) => own.remove(now, site, out),
        }
    }

    /// Goes down: nothing is done until [`restart`](Self::restart).
    pub fn crash(&mut self, out: &mut Out) {
        match &mut self.0 {
            Kind::Logged(own) => own.crash(out),
            Kind::Convergent(own) => own.crash(),
        }
    }

    /// Comes back with what it has on disk.
    pub fn restart(&mut self, now: SimTime, out: &mut Out) {
        match &mut self.0 {
            Kind::Logged(own) => own.restart(now, out),
            Kind::Convergent(own) => own.restart(now, out),
        }
    }

    /// Who leads, as far as this member knows; itself where nobody needs to.
    #[must_use]
    pub fn leader(&self) -> Option<u32> {
        match &self.0 {
            Kind::Logged(own) => own.leader(),
            Kind::Convergent(own) => Some(own.site()),
        }
    }

    /// Whether it takes itself to be the leader; always where there is none.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        match &self.0 {
            Kind::Logged(own) => own.is_leader(),
            Kind::Convergent(_) => true,
        }
    }

    /// Whether an operation is executed here.
    #[must_use]
    pub fn has_executed(&self, origin: u32, sequence: u64) -> bool {
        match &self.0 {
            Kind::Logged(own) => own.has_executed(origin, sequence),
            Kind::Convergent(own) => own.has_executed(origin, sequence),
        }
    }

    /// How many operations are executed here.
    #[must_use]
    pub fn executed(&self) -> u64 {
        match &self.0 {
            Kind::Logged(own) => own.executed(),
            Kind::Convergent(own) => own.executed(),
        }
    }

    /// A number that is the same on two members if they have executed the same.
    #[must_use]
    pub fn digest(&self) -> u64 {
        match &self.0 {
            Kind::Logged(own) => own.digest(),
            Kind::Convergent(own) => own.digest(),
        }
    }

    /// Operations that are executed here and not known to be in the log yet; where there is none, those that are not known to
    /// be everywhere.
    #[must_use]
    pub fn early_operations(&self) -> usize {
        match &self.0 {
            Kind::Logged(own) => own.early_operations(),
            Kind::Convergent(own) => own.early_operations(),
        }
    }
}

impl From<LoggedMail> for GroupMessage {
    fn from(mail: LoggedMail) -> Self {
        GroupMessage(Mail::Logged(mail))
    }
}

impl From<ConvergentMail> for GroupMessage {
    fn from(mail: ConvergentMail) -> Self {
        GroupMessage(Mail::Convergent(mail))
    }
}

/// What a group's log has made of its resources is not told outside; only that it can be sent.
const _: fn() = || {
    fn can_be_sent<T: Send + Sync>() {}
    can_be_sent::<GroupMessage>();
    can_be_sent::<GroupState>();
};

#[cfg(test)]
#[path = "tests/group.rs"]
mod tests;
