//! The root's index of all nodes of a tree.

use super::messages::Change;
use crate::apps::agents::AgentId;
use crate::apps::orchestration::UserId;
use crate::engine::SimTime;
use crate::infra::{NodeId, Position};
use crate::placement::orchestration::{PlaceIndex, PlatformList};

/// A node of the tree, as the root knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub parent: Option<AgentId>,
    /// When the node said so, by its own clock.
    pub stamp: SimTime,
    /// When the root has heard of it.
    pub heard: SimTime,
    /// Whether somebody thinks that it is dead, so that it is being looked for.
    pub is_suspect: bool,
}

/// All nodes of a tree with their parents, by number and by place, and the users that were moved.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Vec<Option<Entry>>,
    /// How many have each as their parent, whether that is there or not.
    children: Vec<u32>,
    places: PlaceIndex,
    /// For each user where it was moved to.
    moved: Vec<Option<AgentId>>,
}

impl Index {
    pub(super) fn get(&self, agent: AgentId) -> Option<&Entry> {
        self.entries.get(agent.index())?.as_ref()
    }

    pub(super) fn get_mut(&mut self, agent: AgentId) -> Option<&mut Entry> {
        self.entries.get_mut(agent.index())?.as_mut()
    }

    pub(super) fn agents(&self) -> impl Iterator<Item = (AgentId, &Entry)> {
        let entries = (0..).zip(&self.entries);
        entries.filter_map(|(number, own)| Some((AgentId(number), own.as_ref()?)))
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Puts a node in, or changes what is known of it.
    pub(super) fn set(
        &mut self,
        agent: AgentId,
        parent: Option<AgentId>,
        [stamp, heard]: [SimTime; 2],
        list: &PlatformList,
    ) {
        let Some(platform) = list.platforms().get(agent.index()) else { return };
        if self.entries.len() <= agent.index() {
            self.entries.resize(agent.index() + 1, None);
        }
        let old = self.entries[agent.index()];
        if old.is_none() {
            self.places.insert(platform.node, platform.position);
        }
        self.entries[agent.index()] = Some(Entry { parent, stamp, heard, is_suspect: false });
        self.count(old.and_then(|own| own.parent), -1);
        self.count(parent, 1);
    }

    fn count(&mut self, parent: Option<AgentId>, change: i32) {
        let Some(parent) = parent else { return };
        if self.children.len() <= parent.index() {
            self.children.resize(parent.index() + 1, 0);
        }
        let own = &mut self.children[parent.index()];
        *own = own.saturating_add_signed(change);
    }

    fn children(&self, agent: AgentId) -> u32 {
        self.children.get(agent.index()).copied().unwrap_or(0)
    }

    /// Takes a node out.
    pub(super) fn remove(&mut self, agent: AgentId, list: &PlatformList) -> Option<Entry> {
        let entry = self.entries.get_mut(agent.index())?.take()?;
        if let Some(platform) = list.platforms().get(agent.index()) {
            self.places.remove(platform.node, platform.position);
        }
        self.count(entry.parent, -1);
        Some(entry)
    }

    /// Whether the way from a node up to the root is known, and does not lead through another.
    pub(super) fn is_connected(&self, agent: AgentId, root: AgentId, without: AgentId) -> bool {
        let mut at = agent;
        for _ in 0..=self.len() {
            if at == without {
                return false;
            }
            if at == root {
                return true;
            }
            match self.get(at) {
                Some(Entry { parent: Some(parent), is_suspect: false, .. }) => at = *parent,
                _ => return false,
            }
        }
        false
    }

    /// The nearest node that can be the parent of another: it has room, and its way up to the root does not lead through
    /// that. The root if there is none.
    pub(super) fn parent_for(
        &self,
        agent: AgentId,
        root: AgentId,
        not: Option<AgentId>,
        most_children: Option<u32>,
        list: &PlatformList,
    ) -> AgentId {
        let Some(platform) = list.platforms().get(agent.index()) else { return root };
        let fits = |node: NodeId| {
            let Some(other) = list.agent_of(node) else { return false };
            let has_room = most_children.is_none_or(|most| self.children(other) < most);
            Some(other) != not
                && self.get(other).is_some_and(|own| !own.is_suspect && has_room)
                && self.is_connected(other, root, agent)
        };
        let nearest = self.places.nearest_where(platform.position, fits);
        nearest.and_then(|node| list.agent_of(node)).unwrap_or(root)
    }

    /// Whom a user is sent to: where it was moved to, if that is there, else the nearest.
    pub(super) fn instance_for(
        &self,
        user: UserId,
        at: Position,
        list: &PlatformList,
    ) -> Option<NodeId> {
        let is_there = |agent: AgentId| self.get(agent).is_some_and(|own| !own.is_suspect);
        let moved = self.moved.get(user.index()).copied().flatten();
        match moved.filter(|&agent| is_there(agent)) {
            Some(agent) => list.node_of(agent),
            None => self.places.nearest_where(at, |node| list.agent_of(node).is_some_and(is_there)),
        }
    }

    /// A user is at this node from now on.
    pub(super) fn remember(&mut self, user: UserId, to: AgentId) {
        if self.moved.len() <= user.index() {
            self.moved.resize(user.index() + 1, None);
        }
        self.moved[user.index()] = Some(to);
    }

    /// Follows a change of the index that this is a copy of.
    pub(super) fn follow(&mut self, change: Change, now: SimTime, list: &PlatformList) {
        match change {
            Change::Node { agent, parent, stamp } => self.set(agent, parent, [stamp, now], list),
            Change::Gone(agent) => {
                self.remove(agent, list);
            }
            Change::Moved { user, to } => self.remember(user, to),
        }
    }

    /// All that is in it, as changes of an empty one.
    pub(super) fn all(&self) -> Vec<Change> {
        let nodes = self.agents().map(|(agent, own)| Change::Node {
            agent,
            parent: own.parent,
            stamp: own.stamp,
        });
        let users = (0..).zip(&self.moved);
        let moved =
            users.filter_map(|(user, to)| Some(Change::Moved { user: UserId(user), to: (*to)? }));
        nodes.chain(moved).collect()
    }
}
