//! Groups that rest: members that are told who is down need no signs of life while there is nothing to do.

use super::raft::{RaftOutput, Replica, Role, StateMachine, id, site};
use crate::engine::SimTime;

impl<S: StateMachine> Replica<S> {
    /// Whether this member leads, and all that are not down have all that is in its log, which is committed.
    pub(super) fn may_rest(&self) -> bool {
        let (log, node) = (self.node.log(), &self.node);
        self.options.is_quiet
            && node.role().is_leader()
            && self.reads.is_empty()
            && node.commit_index() == log.last_position().index
            && !node.config().is_joint_consensus()
            && !self.struck.iter().any(|own| node.config().contains(id(*own)))
            && node.peers().all(|peer| {
                self.down.contains(&site(peer))
                    || node.follower_match_index(peer) == Some(log.last_position().index)
            })
    }

    /// The leader rests: so does a follower that has all of its log.
    pub(super) fn rest_as_follower(&mut self) {
        let has_all = self.node.commit_index() == self.node.log().last_position().index;
        // What a dead leader has sent before comes late, and nobody will tell of its death again.
        let is_there = self.leader.is_some_and(|leader| !self.down.contains(&leader));
        if self.options.is_quiet && self.role == Role::Follower && has_all && is_there {
            self.deadline = SimTime::MAX;
        }
    }

    /// Whether it is known that nobody could be elected.
    pub(super) fn is_hopeless(&self) -> bool {
        let config = self.node.config();
        let lacks = |members: &std::collections::BTreeSet<noraft::NodeId>| {
            let gone = members.iter().filter(|member| self.down.contains(&site(**member))).count();
            !members.is_empty() && 2 * (members.len() - gone) <= members.len()
        };
        self.options.is_quiet
            && !self.node.role().is_leader()
            && (lacks(&config.voters) || lacks(&config.new_voters))
    }

    /// Tells followers at once what is committed.
    pub(super) fn announce(&mut self, now: SimTime, out: &mut Vec<RaftOutput<S>>) {
        if self.must_lead().is_ok() && self.node.heartbeat() {
            self.settle(now, None, out);
        }
    }

    /// A member has given no sign of life for too long.
    pub(super) fn peer_down(&mut self, now: SimTime, peer: u32, out: &mut Vec<RaftOutput<S>>) {
        self.down.insert(peer);
        if self.leader == Some(peer) {
            (self.leader, self.last_contact) = (None, None);
        }
        if self.role != Role::Leader && self.leader.is_none() {
            self.set_deadline(now, out);
        }
    }

    /// A member gives signs of life again.
    pub(super) fn peer_up(&mut self, now: SimTime, peer: u32, out: &mut Vec<RaftOutput<S>>) {
        self.down.remove(&peer);
        if self.role == Role::Leader {
            self.announce(now, out);
            // It may have missed what the group has done before it rested.
            self.deadline = now + self.options.heartbeat;
            self.ask_wake(out);
        } else if self.leader.is_none() {
            self.set_deadline(now, out);
        }
    }

    /// A member is to be struck, by whoever leads.
    pub(super) fn strike(&mut self, now: SimTime, member: u32, out: &mut Vec<RaftOutput<S>>) {
        self.struck.insert(member);
        self.peer_down(now, member, out);
        self.go_on_striking(now, out);
    }

    /// Strikes the next member that is to be, if this one leads and is not at it.
    pub(super) fn go_on_striking(&mut self, now: SimTime, out: &mut Vec<RaftOutput<S>>) {
        if self.must_lead().is_err() || self.node.config().is_joint_consensus() {
            return;
        }
        let next = self.struck.iter().copied().find(|own| self.node.config().contains(id(*own)));
        if let Some(member) = next {
            // Only who leads comes here.
            let _ = self.remove(now, member, out);
        }
    }
}
