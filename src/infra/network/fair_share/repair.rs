//! Restores the max-min conditions after a change, from the lowest touched level upwards.

use super::filling::fill;
use super::groups::Crossing;
use super::{FairShare, TIE};

/// A level that moves by less, relatively, stays as it is, so that rounding does not travel.
const SAME: f64 = 1e-13;
/// On links with at most this many crossings shares are exact; on others, half the slack is kept back so
/// that most changes concern one crossing only.
const FEW: usize = 8;

impl FairShare {
    /// Notes that the level of a saturated link may have changed.
    pub(super) fn touch(&mut self, link: u32) {
        let slot = &self.links[link as usize];
        let free = slot.free();
        // The level if nothing else moves. A link without members has yet to take over its fastest rivals
        // (or has to be given up, which can wait).
        let level = match slot.rivals.peek() {
            _ if !slot.members.is_empty() => free / slot.members.len() as f64,
            Some((_, id)) => {
                let rival = &self.crossings[id as usize];
                (free + rival.share) / rival.flows.len() as f64
            }
            None => f64::INFINITY,
        };
        self.dirty.set(&mut self.dirty_places, link, level);
    }

    /// Settles all touched links. Levels depend on lower levels only, so that going upwards settles most
    /// links once; if it takes longer than filling everything anew would, that is done instead.
    pub(super) fn repair(&mut self) {
        self.effort = 0;
        while let Some((_, link)) = self.dirty.peek() {
            if self.effort > 256 + 8 * self.live_flows {
                return self.rebuild();
            }
            self.effort += 1;
            self.settle(link);
        }
    }

    fn settle(&mut self, link: u32) {
        loop {
            let slot = &self.links[link as usize];
            let count = slot.members.len();
            let level = slot.free() / count as f64;
            let overtaken = |rate: f64| match count {
                0 => slot.allotted > slot.capacity * (1.0 + TIE),
                _ => rate > level * (1.0 + TIE),
            };
            let crossings = slot.crossings.len();
            match slot.rivals.peek() {
                Some((negated, id)) if overtaken(-negated) => self.take_over(id),
                // Summing anew now and then keeps rounding from adding up.
                _ if slot.changes > crossings || (slot.changes > 0 && crossings <= FEW) => {
                    self.links[link as usize].allotted = self.use_by_others(link);
                    self.links[link as usize].changes = 0;
                }
                _ => {
                    self.dirty.remove(&mut self.dirty_places, link);
                    if count == 0 {
                        self.desaturate(link);
                    } else {
                        self.set_level(link, level.max(0.0));
                    }
                    return;
                }
            }
        }
    }

    /// Moves the flows of a crossing into the group of the link that they cross.
    fn take_over(&mut self, id: u32) {
        let Crossing { link, ref flows, .. } = self.crossings[id as usize];
        let count = flows.len();
        self.effort += count;
        for _ in 0..count {
            if let Some(&(flow, _)) = self.crossings[id as usize].flows.last() {
                self.exit(flow);
                self.enter(flow, link);
            }
        }
    }

    fn set_level(&mut self, link: u32, level: f64) {
        self.links[link as usize].advance(self.now);
        if (level - self.links[link as usize].level).abs() > SAME * level {
            self.links[link as usize].level = level;
            for follower in 0..self.links[link as usize].followers.len() {
                let id = self.links[link as usize].followers[follower];
                let crossed = self.crossings[id as usize].link;
                self.allot(id, self.use_of(id));
                self.links[crossed as usize].rivals.set(&mut self.crossing_places, id, -level);
                self.touch(crossed);
            }
        }
        let level = self.links[link as usize].level;
        while let Some((ceiling, id)) = self.links[link as usize].ceilings.peek()
            && ceiling * (1.0 + TIE) < level
        {
            self.raise_ceiling(id);
        }
        self.schedule(link);
    }

    /// Gives a crossing of an unsaturated link a larger share of it, or else saturates the link.
    fn raise_ceiling(&mut self, id: u32) {
        let Crossing { link, group, share, ref flows, .. } = self.crossings[id as usize];
        let count = flows.len() as f64;
        let slot = &self.links[link as usize];
        let used = self.use_of(id);
        let spare = slot.capacity - slot.allotted + share - used;
        if slot.crossings.len() <= FEW || spare < 0.0 || slot.changes > 8 * slot.crossings.len() {
            self.share_out_or_saturate(link);
        } else {
            let share = used + used.min(spare / 2.0);
            self.allot(id, share);
            self.links[group as usize].ceilings.set(&mut self.crossing_places, id, share / count);
        }
    }

    /// Looks at an unsaturated link afresh.
    pub(super) fn share_out_or_saturate(&mut self, link: u32) {
        let used = self.use_by_others(link);
        if used > self.links[link as usize].capacity * (1.0 + TIE) {
            self.saturate(link);
        } else {
            self.share_out(link, used);
        }
    }

    /// Divides the capacity of an unsaturated link, of which `used` is in use, over its crossings.
    fn share_out(&mut self, link: u32, used: f64) {
        let slot = &self.links[link as usize];
        let slack = (slot.capacity - used).max(0.0);
        let given = if slot.crossings.len() <= FEW { slack } else { slack / 2.0 };
        let headroom = given / slot.flow_count.max(1) as f64;
        for index in 0..slot.crossings.len() {
            let id = self.links[link as usize].crossings[index];
            let Crossing { group, ref flows, .. } = self.crossings[id as usize];
            let count = flows.len() as f64;
            let share = self.use_of(id) + count * headroom;
            self.allot(id, share);
            self.links[group as usize].ceilings.set(&mut self.crossing_places, id, share / count);
        }
        let slot = &mut self.links[link as usize];
        slot.allotted = used + headroom * slot.flow_count as f64;
        slot.changes = 0;
    }

    /// Gives a link a group, which has no members yet.
    pub(super) fn saturate(&mut self, link: u32) {
        let slot = &mut self.links[link as usize];
        slot.saturated = true;
        slot.level = 0.0;
        for index in 0..slot.crossings.len() {
            let id = self.links[link as usize].crossings[index];
            let group = self.crossings[id as usize].group;
            self.links[group as usize].ceilings.remove(&mut self.crossing_places, id);
            self.follow(id);
            self.allot(id, self.use_of(id));
        }
        self.touch(link);
    }

    /// Gives up the group of a link, which has no members left.
    fn desaturate(&mut self, link: u32) {
        for index in 0..self.links[link as usize].crossings.len() {
            self.unfollow(self.links[link as usize].crossings[index]);
        }
        let slot = &mut self.links[link as usize];
        slot.saturated = false;
        slot.level = 0.0;
        let used = slot.allotted;
        self.completions.remove(&mut self.completion_places, link);
        self.share_out(link, used);
    }

    /// The level that a new flow would find at a link, from below and without looking at its rivals.
    pub(super) fn prospect(&self, link: u32) -> f64 {
        let slot = &self.links[link as usize];
        if slot.saturated {
            return slot.free() / (slot.members.len() + 1) as f64;
        }
        let used = if slot.crossings.len() <= FEW { self.use_by_others(link) } else { slot.allotted };
        (slot.capacity / (slot.flow_count + 1) as f64).max(slot.capacity - used)
    }

    /// Fills all links anew and builds the groups from that. O(all).
    pub(super) fn rebuild(&mut self) {
        self.rebuilds += 1;
        let flows: Vec<u32> =
            (0..self.flows.len() as u32).filter(|&flow| self.flows[flow as usize].live).collect();
        let path = |&flow: &u32| self.flows[flow as usize].hops.iter().map(|hop| hop.link).collect();
        let paths: Vec<Vec<u32>> = flows.iter().map(path).collect();
        let capacities: Vec<f64> = self.links.iter().map(|link| link.capacity).collect();
        let filling = fill(&capacities, &paths);
        for &flow in &flows {
            self.exit(flow);
        }
        let mut bottleneck = vec![false; self.links.len()];
        for link in filling.bottlenecks.iter().flatten() {
            bottleneck[*link as usize] = true;
        }
        for (link, &saturated) in self.links.iter_mut().zip(&bottleneck) {
            link.saturated = saturated;
        }
        for (link, level) in self.links.iter_mut().zip(filling.levels) {
            link.level = level;
        }
        for (&flow, group) in flows.iter().zip(filling.bottlenecks) {
            // Each flow has a bottleneck, since one that crosses nothing has a link of its own.
            self.enter(flow, group.unwrap_or_default());
        }
        for link in 0..self.links.len() as u32 {
            self.dirty.remove(&mut self.dirty_places, link);
            if !bottleneck[link as usize] {
                let used = self.use_by_others(link);
                self.share_out(link, used);
            }
            self.schedule(link);
        }
    }
}
