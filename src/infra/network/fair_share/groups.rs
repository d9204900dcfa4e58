//! Links, the groups of flows that they hold back, and which group crosses which link.

use super::{FairShare, NANOS_PER_SECOND};
use crate::engine::SimTime;
use crate::engine::{ABSENT, IndexedHeap};

/// Work that takes less than this many nanoseconds is rounding, and is done.
const INSTANT_NS: f64 = 1e-3;
/// The relative rounding error of a span of time, taken off before it is rounded up.
const SPAN_ROUNDING: f64 = 4.0 * f64::EPSILON;
/// The crossing of a flow with its own bottleneck, where it is a member instead.
pub(super) const OWN: u32 = u32::MAX;

/// A link, and its group if it is saturated.
#[derive(Clone, Debug, Default)]
pub(super) struct Link {
    /// Bytes/s.
    pub(super) capacity: f64,
    /// All crossings of this link by flows that are held back elsewhere.
    pub(super) crossings: Vec<u32>,
    /// Sum of the shares of these crossings, bytes/s.
    pub(super) allotted: f64,
    /// Changes of `allotted` since it was summed anew.
    pub(super) changes: usize,
    /// Flows that cross this link, members included.
    pub(super) flow_count: usize,
    /// Bytes carried of flows that have ended.
    pub(super) carried_before: f64,
    /// Whether the link holds flows back. The fields below matter only then.
    pub(super) saturated: bool,
    /// The crossings, by the negated level of the group that crosses: the fastest first.
    pub(super) rivals: IndexedHeap<f64>,
    /// The flows held back here, by finish mark and order of start.
    pub(super) members: IndexedHeap<(f64, u64)>,
    /// The rate of every member, bytes/s.
    pub(super) level: f64,
    /// The work clock: bytes that a member present since the clock's zero would have sent by `since`.
    pub(super) work: f64,
    pub(super) since: SimTime,
    /// Flows that have joined since the work clock was last set back.
    pub(super) joins: usize,
    /// Crossings of this group with other saturated links, which follow this level.
    pub(super) followers: Vec<u32>,
    /// Crossings of this group with unsaturated links, by the level up to which they stay so.
    pub(super) ceilings: IndexedHeap<f64>,
}

impl Link {
    /// What a saturated link has for its members, bytes/s; not even a rounding error if it is stalled.
    pub(super) fn free(&self) -> f64 {
        if self.capacity > 0.0 { self.capacity - self.allotted } else { 0.0 }
    }

    /// The work clock at `now`.
    pub(super) fn work_at(&self, now: SimTime) -> f64 {
        self.work + self.level * now.since(self.since).as_secs()
    }

    pub(super) fn advance(&mut self, now: SimTime) {
        self.work = self.work_at(now);
        self.since = self.since.max(now);
    }

    /// When a member with this finish mark is done, if the level stays; the clock must stand at `now`.
    fn completion(&self, mark: f64, now: SimTime) -> SimTime {
        let left = mark - self.work;
        if left <= 0.0 {
            return now;
        }
        let span_ns = left / self.level * NANOS_PER_SECOND;
        let whole_ns = (span_ns * (1.0 - SPAN_ROUNDING) - INSTANT_NS).ceil();
        // The cast saturates, so a level of zero gives the end of time.
        SimTime::from_nanos(now.as_nanos().saturating_add(whole_ns as u64))
    }
}

/// One link on a flow's path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop {
    pub(super) link: u32,
    /// The crossing that the flow belongs to there, or [`OWN`].
    crossing: u32,
    /// Its index in that crossing.
    index: u32,
}

impl Hop {
    pub(super) fn new(link: u32) -> Self {
        Hop { link, crossing: OWN, index: 0 }
    }
}

/// A flow, or a free place for one.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    pub(super) live: bool,
    /// Whether the last hop is a link of its own that stands for the flow's cap.
    pub(super) capped: bool,
    pub(super) bottleneck: u32,
    pub(super) hops: Vec<Hop>,
    pub(super) size: f64,
    /// Bytes sent before it joined its present group.
    pub(super) sent_before: f64,
    /// The group's work clock when it joined.
    pub(super) joined: f64,
    /// Flows are numbered in the order of their start.
    pub(super) sequence: u64,
}

/// The flows of one group that cross one link other than their bottleneck.
#[derive(Clone, Debug, Default)]
pub(super) struct Crossing {
    pub(super) link: u32,
    pub(super) group: u32,
    /// Each flow with the hop of its path that is this link.
    pub(super) flows: Vec<(u32, u32)>,
    /// On a saturated link, what the flows use of it; on another, what they may use before the link has to
    /// be looked at again. Bytes/s.
    pub(super) share: f64,
    /// Index in the link's crossings.
    place_in_link: u32,
    /// Index in the group's followers, on a saturated link.
    place_in_group: u32,
}

impl FairShare {
    pub(super) fn new_link(&mut self, capacity: f64) -> u32 {
        match self.free_links.pop() {
            Some(link) => {
                let slot = &mut self.links[link as usize];
                slot.capacity = capacity;
                slot.carried_before = 0.0;
                link
            }
            None => {
                self.links.push(Link { capacity, ..Link::default() });
                self.completion_places.push(ABSENT);
                self.dirty_places.push(ABSENT);
                (self.links.len() - 1) as u32
            }
        }
    }

    pub(super) fn new_flow(&mut self, size: f64) -> u32 {
        let flow = self.free_flows.pop().unwrap_or_else(|| {
            self.flows.push(Flow::default());
            self.flow_places.push(ABSENT);
            (self.flows.len() - 1) as u32
        });
        let slot = &mut self.flows[flow as usize];
        slot.live = true;
        slot.capped = false;
        slot.size = size;
        slot.sent_before = 0.0;
        slot.sequence = self.next_sequence;
        self.next_sequence += 1;
        self.live_flows += 1;
        flow
    }

    /// Bytes that a live flow has sent by `now`.
    pub(super) fn sent(&self, flow: &Flow, now: SimTime) -> f64 {
        let work = self.links[flow.bottleneck as usize].work_at(now) - flow.joined;
        (flow.sent_before + work).min(flow.size)
    }

    /// Puts a flow, which is in no group, into the group of the saturated link `group`.
    pub(super) fn enter(&mut self, flow: u32, group: u32) {
        for hop in 0..self.flows[flow as usize].hops.len() {
            if self.flows[flow as usize].hops[hop].link != group {
                self.attach(flow, hop, group);
            }
        }
        let link = &mut self.links[group as usize];
        if link.members.is_empty() {
            link.work = 0.0;
            link.since = self.now;
            link.joins = 0;
        }
        link.advance(self.now);
        link.joins += 1;
        if link.joins > 64 + 4 * link.members.len() {
            // The clock is set back before its size costs the marks their precision. All marks are at
            // least as coarse as what they become, so that they keep their strict order.
            link.joins = 0;
            let work = std::mem::take(&mut link.work);
            for ((mark, _), member) in link.members.entries_mut() {
                *mark -= work;
                self.flows[*member as usize].joined -= work;
            }
        }
        let slot = &mut self.flows[flow as usize];
        slot.bottleneck = group;
        slot.joined = link.work;
        let mark = link.work + (slot.size - slot.sent_before);
        link.members.set(&mut self.flow_places, flow, (mark, slot.sequence));
        self.touch(group);
    }

    /// Takes a flow out of its group.
    pub(super) fn exit(&mut self, flow: u32) {
        let slot = &self.flows[flow as usize];
        let (group, hops) = (slot.bottleneck, slot.hops.len());
        self.links[group as usize].advance(self.now);
        self.flows[flow as usize].sent_before = self.sent(slot, self.now);
        self.links[group as usize].members.remove(&mut self.flow_places, flow);
        self.touch(group);
        for hop in 0..hops {
            self.detach(flow, hop);
        }
    }

    fn attach(&mut self, flow: u32, hop: usize, group: u32) {
        let link = self.flows[flow as usize].hops[hop].link;
        let id = match self.crossing_of.get(&(link, group)) {
            Some(&id) => id,
            None => self.new_crossing(link, group),
        };
        let flows = &mut self.crossings[id as usize].flows;
        flows.push((flow, hop as u32));
        let index = (flows.len() - 1) as u32;
        self.flows[flow as usize].hops[hop] = Hop { link, crossing: id, index };
        self.resize(id);
    }

    fn detach(&mut self, flow: u32, hop: usize) {
        let Hop { crossing: id, index, .. } = self.flows[flow as usize].hops[hop];
        if id == OWN {
            return;
        }
        self.flows[flow as usize].hops[hop].crossing = OWN;
        let flows = &mut self.crossings[id as usize].flows;
        flows.swap_remove(index as usize);
        if let Some(&(moved, moved_hop)) = flows.get(index as usize) {
            self.flows[moved as usize].hops[moved_hop as usize].index = index;
        }
        if flows.is_empty() {
            self.drop_crossing(id);
        } else {
            self.resize(id);
        }
    }

    /// Follows a change of the number of flows in a crossing.
    fn resize(&mut self, id: u32) {
        let Crossing { link, group, share, ref flows, .. } = self.crossings[id as usize];
        let count = flows.len() as f64;
        if self.links[link as usize].saturated {
            self.allot(id, count * self.links[group as usize].level);
            self.touch(link);
        } else {
            self.links[group as usize].ceilings.set(&mut self.crossing_places, id, share / count);
        }
    }

    fn new_crossing(&mut self, link: u32, group: u32) -> u32 {
        let id = self.free_crossings.pop().unwrap_or_else(|| {
            self.crossings.push(Crossing::default());
            self.crossing_places.push(ABSENT);
            (self.crossings.len() - 1) as u32
        });
        self.crossing_of.insert((link, group), id);
        let crossings = &mut self.links[link as usize].crossings;
        crossings.push(id);
        let crossing = &mut self.crossings[id as usize];
        crossing.link = link;
        crossing.group = group;
        crossing.share = 0.0;
        crossing.place_in_link = (crossings.len() - 1) as u32;
        if self.links[link as usize].saturated {
            self.follow(id);
        }
        id
    }

    fn drop_crossing(&mut self, id: u32) {
        self.allot(id, 0.0);
        let Crossing { link, group, place_in_link, .. } = self.crossings[id as usize];
        if self.links[link as usize].saturated {
            self.unfollow(id);
            self.touch(link);
        } else {
            self.links[group as usize].ceilings.remove(&mut self.crossing_places, id);
        }
        let crossings = &mut self.links[link as usize].crossings;
        crossings.swap_remove(place_in_link as usize);
        if let Some(&moved) = crossings.get(place_in_link as usize) {
            self.crossings[moved as usize].place_in_link = place_in_link;
        }
        if crossings.is_empty() {
            // Rounding does not outlive the flows.
            self.links[link as usize].allotted = 0.0;
        }
        self.crossing_of.remove(&(link, group));
        self.free_crossings.push(id);
    }

    /// Enters a crossing, which is in no heap, where the link is saturated.
    pub(super) fn follow(&mut self, id: u32) {
        let Crossing { link, group, .. } = self.crossings[id as usize];
        let followers = &mut self.links[group as usize].followers;
        followers.push(id);
        self.crossings[id as usize].place_in_group = (followers.len() - 1) as u32;
        let level = self.links[group as usize].level;
        self.links[link as usize].rivals.set(&mut self.crossing_places, id, -level);
    }

    /// Undoes [`follow`](Self::follow).
    pub(super) fn unfollow(&mut self, id: u32) {
        let Crossing { link, group, place_in_group, .. } = self.crossings[id as usize];
        self.links[link as usize].rivals.remove(&mut self.crossing_places, id);
        let followers = &mut self.links[group as usize].followers;
        followers.swap_remove(place_in_group as usize);
        if let Some(&moved) = followers.get(place_in_group as usize) {
            self.crossings[moved as usize].place_in_group = place_in_group;
        }
    }

    /// Sets the share of a crossing.
    pub(super) fn allot(&mut self, id: u32, share: f64) {
        let crossing = &mut self.crossings[id as usize];
        let link = &mut self.links[crossing.link as usize];
        link.allotted += share - crossing.share;
        link.changes += 1;
        crossing.share = share;
    }

    /// What the flows of a crossing use of its link, bytes/s.
    pub(super) fn use_of(&self, id: u32) -> f64 {
        let crossing = &self.crossings[id as usize];
        crossing.flows.len() as f64 * self.links[crossing.group as usize].level
    }

    /// What flows held back elsewhere use of a link, bytes/s. O(crossings).
    pub(super) fn use_by_others(&self, link: u32) -> f64 {
        self.links[link as usize].crossings.iter().map(|&id| self.use_of(id)).sum()
    }

    /// Enters the next completion of a group, whose clock must stand at the present instant.
    pub(super) fn schedule(&mut self, group: u32) {
        let link = &self.links[group as usize];
        match link.members.peek() {
            Some(((mark, sequence), _)) => {
                let due = link.completion(mark, self.now);
                self.completions.set(&mut self.completion_places, group, (due, sequence));
            }
            None => self.completions.remove(&mut self.completion_places, group),
        }
    }
}
