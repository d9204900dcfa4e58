//! The book: what applications hold of nodes and of the directions of links.

use super::amount::Amount;
use super::journal::{Change, Journal, Mark};
use super::needs::{ApplicationNeeds, InteractionIndex, ReplicaIndex};
use super::placed::{PlacedApplication, Way};
use crate::infra::assets::AssetId;
use crate::infra::ids::{ApplicationId, NodeId};
use crate::infra::infrastructure::Infrastructure;
use crate::infra::network::{ChannelId, WaySearch, WayStep};
use smallvec::SmallVec;

/// Who has booked something, in the order of the stamps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) stamp: u64,
    pub(super) application: ApplicationId,
    /// The number of the replica or interaction.
    pub(super) index: u32,
}

/// Adds an entry at its place; mostly the last one.
fn enter(list: &mut Vec<Entry>, entry: Entry) {
    let place = match list.last() {
        Some(last) if last.stamp > entry.stamp => list.partition_point(|own| own.stamp < entry.stamp),
        _ => list.len(),
    };
    list.insert(place, entry);
}

/// Takes the entries with this stamp and number out.
fn leave(list: &mut Vec<Entry>, stamp: u64, index: u32) {
    let first = list.partition_point(|own| own.stamp < stamp);
    let found = list[first..].iter().take_while(|own| own.stamp == stamp);
    if let Some(at) = found.into_iter().position(|own| own.index == index) {
        list.remove(first + at);
    }
}

/// All applications, and what is booked for them.
#[derive(Debug, Default)]
pub struct Applications {
    pub(super) placed: Vec<PlacedApplication>,
    /// Number of assets.
    stride: usize,
    /// By node and asset.
    booked: Vec<Amount>,
    pub(super) on_node: Vec<Vec<Entry>>,
    /// By channel.
    channel_booked: Vec<Amount>,
    pub(super) channel_booked_bps: Vec<f64>,
    pub(super) on_channel: Vec<Vec<Entry>>,
    pub(super) search: WaySearch,
    pub(super) stamp: u64,
    pub(super) journal: Journal,
    /// The way that was found last.
    pub(super) found: Vec<WayStep>,
    /// Between which nodes that is the way of least latency whatever is booked; not known otherwise.
    pub(super) shortest: Option<(NodeId, NodeId)>,
    /// Emptied lists, to be filled again.
    pub(super) spare: Vec<SmallVec<[WayStep; 4]>>,
}

impl Applications {
    pub(super) fn add(
        &mut self,
        infrastructure: &Infrastructure,
        needs: ApplicationNeeds,
    ) -> ApplicationId {
        let (nodes, stride) = (infrastructure.nodes.len(), infrastructure.assets.catalogue.len());
        if self.on_node.len() != nodes || self.stride != stride {
            self.stride = stride;
            self.booked = vec![Amount::default(); nodes * stride];
            self.on_node = vec![Vec::new(); nodes];
            let channels = infrastructure.network.channels();
            self.channel_booked = vec![Amount::default(); channels];
            self.channel_booked_bps = vec![0.0; channels];
            self.on_channel = vec![Vec::new(); channels];
            self.search.prepare(&infrastructure.network, nodes);
        }
        let id = ApplicationId(self.placed.len() as u32);
        self.placed.push(PlacedApplication::new(needs, |asset| infrastructure.is_consumed(asset)));
        id
    }

    /// Number of applications.
    #[must_use]
    pub fn len(&self) -> usize {
        self.placed.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// An application by its position; `None` if there is none.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&PlacedApplication> {
        self.placed.get(index)
    }

    /// What is booked of an asset of a node.
    #[must_use]
    pub fn booked(&self, node: NodeId, asset: AssetId) -> f64 {
        // Another stride than that of the catalogue means that nothing has been booked yet.
        match self.booked.get(node.index() * self.stride + asset.index()) {
            Some(amount) if asset.index() < self.stride => amount.get(),
            _ => 0.0,
        }
    }

    pub(super) fn channel_booked_bps(&self, channel: ChannelId) -> f64 {
        self.channel_booked_bps.get(channel.0 as usize).copied().unwrap_or(0.0)
    }

    pub(super) fn next_stamp(&mut self) -> u64 {
        self.stamp += 1;
        self.stamp
    }

    /// Books a replica on a node, without a check.
    pub(super) fn enter_replica(
        &mut self,
        id: ApplicationId,
        replica: ReplicaIndex,
        node: NodeId,
        stamp: u64,
    ) {
        let own = &mut self.placed[id.index()];
        (own.nodes[replica.index()], own.stamps[replica.index()]) = (Some(node), stamp);
        own.placed += 1;
        for &(asset, amount) in own.bookings_of(replica) {
            self.booked[node.index() * self.stride + asset.index()] += amount;
        }
        let entry = Entry { stamp, application: id, index: replica.0 };
        enter(&mut self.on_node[node.index()], entry);
        self.journal.note(Change::Placed(id, replica));
    }

    /// Gives back what a replica has booked on its node. Its interactions must have no ways.
    pub(super) fn leave_node(&mut self, id: ApplicationId, replica: ReplicaIndex) {
        let own = &mut self.placed[id.index()];
        let Some(node) = own.nodes[replica.index()].take() else { return };
        own.placed -= 1;
        let stamp = own.stamps[replica.index()];
        for &(asset, amount) in own.bookings_of(replica) {
            self.booked[node.index() * self.stride + asset.index()] -= amount;
        }
        leave(&mut self.on_node[node.index()], stamp, replica.0);
        self.journal.note(Change::Displaced(id, replica, node, stamp));
    }

    /// Books an interaction on the links of a way.
    pub(super) fn enter_way(
        &mut self,
        id: ApplicationId,
        interaction: InteractionIndex,
        steps: SmallVec<[WayStep; 4]>,
        stamp: u64,
        is_wireless: bool,
    ) {
        let own = &mut self.placed[id.index()];
        let amount = own.bandwidths[interaction.index()];
        if amount > Amount::default() {
            for step in &steps {
                let channel = step.channel.0 as usize;
                self.channel_booked[channel] += amount;
                self.channel_booked_bps[channel] = self.channel_booked[channel].get();
                let entry = Entry { stamp, application: id, index: interaction.0 };
                enter(&mut self.on_channel[channel], entry);
            }
        }
        own.ways[interaction.index()] = Way::Pinned { steps, stamp, is_wireless };
        self.journal.note(Change::Pinned(id, interaction));
    }

    /// Lets an interaction go within a node.
    pub(super) fn enter_local(&mut self, id: ApplicationId, interaction: InteractionIndex) {
        self.placed[id.index()].ways[interaction.index()] = Way::Local;
        self.journal.note(Change::Pinned(id, interaction));
    }

    /// Takes the way of an interaction back, with what is booked on it.
    pub(super) fn leave_way(&mut self, id: ApplicationId, interaction: InteractionIndex) {
        let own = &mut self.placed[id.index()];
        let amount = own.bandwidths[interaction.index()];
        match std::mem::take(&mut own.ways[interaction.index()]) {
            Way::None => {}
            Way::Local => self.journal.note(Change::LeftNode(id, interaction)),
            Way::Pinned { mut steps, stamp, is_wireless } => {
                if amount > Amount::default() {
                    for step in &steps {
                        let channel = step.channel.0 as usize;
                        self.channel_booked[channel] -= amount;
                        self.channel_booked_bps[channel] = self.channel_booked[channel].get();
                        leave(&mut self.on_channel[channel], stamp, interaction.0);
                    }
                }
                if self.journal.is_kept {
                    self.journal.steps.extend_from_slice(&steps);
                    let count = steps.len() as u32;
                    let own = (id, interaction);
                    self.journal.note(Change::Unpinned { own, stamp, is_wireless, steps: count });
                }
                if steps.spilled() {
                    steps.clear();
                    self.spare.push(steps);
                }
            }
        }
    }

    /// A list for the links of a way.
    pub(super) fn list_of(&mut self, steps: &[WayStep]) -> SmallVec<[WayStep; 4]> {
        let mut list = if steps.len() > 4 { self.spare.pop() } else { None }.unwrap_or_default();
        list.extend_from_slice(steps);
        list
    }

    /// Begins to keep what is done, to take it back.
    pub(crate) fn keep(&mut self) {
        self.journal.is_kept = true;
        // Latencies may have changed since.
        self.shortest = None;
    }

    /// The present place in the journal.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.journal.changes.len())
    }

    /// Takes back what was done since a mark.
    pub(crate) fn roll_back(&mut self, mark: Mark) {
        let was_kept = std::mem::take(&mut self.journal.is_kept);
        while self.journal.changes.len() > mark.0 {
            let Some(change) = self.journal.changes.pop() else { break };
            match change {
                Change::Placed(id, replica) => self.leave_node(id, replica),
                Change::Displaced(id, replica, node, stamp) => {
                    self.enter_replica(id, replica, node, stamp);
                }
                Change::Pinned(id, interaction) => self.leave_way(id, interaction),
                Change::LeftNode(id, interaction) => self.enter_local(id, interaction),
                Change::Unpinned { own: (id, interaction), stamp, is_wireless, steps } => {
                    let first = self.journal.steps.len() - steps as usize;
                    let kept = std::mem::take(&mut self.journal.steps);
                    let list = self.list_of(&kept[first..]);
                    self.journal.steps = kept;
                    self.journal.steps.truncate(first);
                    self.enter_way(id, interaction, list, stamp, is_wireless);
                }
            }
        }
        self.journal.is_kept = was_kept;
    }

    /// Lets stand what was done.
    pub(crate) fn let_stand(&mut self) {
        self.journal.is_kept = false;
        self.journal.changes.clear();
        self.journal.steps.clear();
    }
}
