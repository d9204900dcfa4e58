//! Max-min fair sharing of links by flows, kept exact as flows come and go.
//!
//! The fluid model of concurrent transfers: each flow has one rate along its whole path, and the rates are
//! *max-min fair*: no flow's rate can be raised without lowering that of a flow which is not faster
//! (Bertsekas and Gallager, Data Networks, 2nd ed., section 6.5.2). The equivalent condition used here: each
//! flow crosses a saturated link, its *bottleneck*, on which no flow is faster.
//!
//! # How
//!
//! * The flows with the same bottleneck form a *group*. They share one rate, the link's *level* (C - S) / n: C
//!   is the capacity, S what flows held back elsewhere use of it, n the number of members. A cap is a link that
//!   one flow has to itself.
//! * A group has a *work clock*, the integral of its level. A member is done when the clock reaches the
//!   member's finish mark, which stays as it is while the level changes: a change of rate costs O(1) for the
//!   whole group, and only its next completion has to be known.
//! * The shares are max-min fair if and only if no flow is faster than the level of any saturated link on
//!   its path, and no other link carries more than its capacity. The flows of one group that cross one other
//!   link are a *crossing*. A saturated link keeps its crossings by level, so that one that has overtaken it
//!   is seen at once and taken over; an unsaturated one gives each crossing a *ceiling* such that nothing
//!   need be looked at until a level passes it.
//! * A change touches a few links; their levels are settled from the lowest upwards.
//!
//! So a change costs what it changes: O(log n) for each group whose rate moves, and not O(flows) where
//! thousands share one saturated uplink. Figures are in `benches/results/sharing.md`.

mod filling;
mod groups;
mod repair;
#[cfg(test)]
mod tests;

use crate::engine::{IndexedHeap, SimTime};
use groups::{Crossing, Flow, Hop, Link};
use rustc_hash::FxHashMap;

pub use filling::max_min_rates;

const NANOS_PER_SECOND: f64 = 1e9;
/// What stands for an infinite rate, so that sums and products of rates stay numbers.
const UNLIMITED: f64 = 1e200;
/// Levels this close to each other, relatively, are taken as equal, so that rounding moves no flow.
const TIE: f64 = 1e-10;

/// Names a link of one [`FairShare`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkIndex(pub u32);

/// Names a live flow of one [`FairShare`]. Once the flow has ended the index may name another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowIndex(pub u32);

/// Links and the flows that share them max-min fairly: no flow's rate can be raised without lowering that
/// of one which is not faster (Bertsekas and Gallager, Data Networks, 2nd ed., section 6.5.2).
///
/// A change costs O(log n) for each group of flows with a common bottleneck whose rate moves, however many
/// flows are in the group.
///
/// Time is passed in and must not run backwards (an earlier instant counts as the latest one seen). Whoever
/// drives it calls [`pop_completed`](Self::pop_completed) at each [`next_completion`](Self::next_completion).
/// Rates are relatively exact to about 1e-9. Nothing is allocated per change once the largest size is reached.
///
/// ```
/// use stratosim::engine::SimTime;
/// use stratosim::infra::FairShare;
/// let mut share = FairShare::new();
/// let (a, b) = (share.add_link(10.0), share.add_link(4.0));
/// let start = SimTime::ZERO;
/// let short = share.start(start, &[b], f64::INFINITY, 6.0);
/// let long = share.start(start, &[a, b], f64::INFINITY, 10.0);
/// assert_eq!((share.rate(short), share.rate(long)), (2.0, 2.0));
/// // The short flow sends its 6 bytes at 2 bytes/s; then the long one has link b for itself.
/// let done = SimTime::from_secs(3.0);
/// assert_eq!(share.next_completion(), Some(done));
/// assert_eq!(share.pop_completed(done), Some(short));
/// assert_eq!(share.pop_completed(done), None);
/// assert_eq!((share.rate(long), share.remaining_bytes(done, long)), (4.0, 4.0));
/// assert_eq!(share.next_completion(), Some(SimTime::from_secs(4.0)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct FairShare {
    now: SimTime,
    links: Vec<Link>,
    flows: Vec<Flow>,
    crossings: Vec<Crossing>,
    /// By (link, group).
    crossing_of: FxHashMap<(u32, u32), u32>,
    free_links: Vec<u32>,
    free_flows: Vec<u32>,
    free_crossings: Vec<u32>,
    live_flows: usize,
    next_sequence: u64,
    /// For each group its next completion: the time and the flow's order of start.
    completions: IndexedHeap<(SimTime, u64)>,
    completion_places: Vec<u32>,
    /// Saturated links to be settled, by what their level will be.
    dirty: IndexedHeap<f64>,
    dirty_places: Vec<u32>,
    /// A flow is a member of one group.
    flow_places: Vec<u32>,
    /// A crossing is among its link's rivals or under its group's ceilings.
    crossing_places: Vec<u32>,
    /// Settled links and moved flows in the present repair.
    effort: usize,
    /// Repairs that were given up for a filling of everything.
    rebuilds: u64,
}

/// A rate as the model can take it: NaN and negative become 0, infinity becomes [`UNLIMITED`].
fn rate_in_range(bytes_per_s: f64) -> f64 {
    if bytes_per_s.is_nan() { 0.0 } else { bytes_per_s.clamp(0.0, UNLIMITED) }
}

impl FairShare {
    /// No links and no flows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a link. A capacity that is negative or NaN counts as 0; it may be infinite.
    pub fn add_link(&mut self, capacity_bytes_per_s: f64) -> LinkIndex {
        LinkIndex(self.new_link(rate_in_range(capacity_bytes_per_s)))
    }

    /// Changes the capacity of a link from `now` on. At 0 the link is stalled: flows across it wait.
    ///
    /// O(log n) for each group whose rate moves; O(crossings) if the link starts or ceases to be saturated.
    pub fn set_capacity(&mut self, now: SimTime, link: LinkIndex, capacity_bytes_per_s: f64) {
        self.pass_time(now);
        let Some(slot) = self.links.get_mut(link.0 as usize) else { return };
        slot.capacity = rate_in_range(capacity_bytes_per_s);
        // Nothing crosses it: there is nothing to share out, and nothing else changes.
        if slot.crossings.is_empty() && !slot.saturated {
            return;
        }
        if slot.saturated {
            // What was rounding beside the old capacity need not be beside the new one: sum anew.
            slot.changes = usize::MAX / 2;
            self.touch(link.0);
        } else {
            self.share_out_or_saturate(link.0);
        }
        self.repair();
    }

    /// Changes the cap of a flow that was started with a finite one from `now` on; does nothing to others.
    pub fn set_cap(&mut self, now: SimTime, flow: FlowIndex, cap_bytes_per_s: f64) {
        let own = self.live(flow).filter(|flow| flow.capped).and_then(|flow| flow.hops.last());
        if let Some(link) = own.map(|hop| hop.link) {
            self.set_capacity(now, LinkIndex(link), cap_bytes_per_s);
        }
    }

    /// Starts a flow of `size_bytes` along `path`, at most at the cap (which may be infinite).
    ///
    /// An empty path leaves only the cap; with no cap either, the flow is done at once, as is one of no bytes.
    /// A flow of infinite size never ends by itself. A path has no link twice, and its order does not matter.
    /// Negative and NaN count as 0.
    pub fn start(
        &mut self,
        now: SimTime,
        path: &[LinkIndex],
        cap_bytes_per_s: f64,
        size_bytes: f64,
    ) -> FlowIndex {
        self.pass_time(now);
        let flow = self.new_flow(size_bytes.max(0.0));
        let mut hops = std::mem::take(&mut self.flows[flow as usize].hops);
        hops.clear();
        for &LinkIndex(link) in path {
            let usable =
                (link as usize) < self.links.len() && hops.iter().all(|hop: &Hop| hop.link != link);
            debug_assert!(usable, "link {link} is unknown or twice on the path");
            if usable {
                hops.push(Hop::new(link));
            }
        }
        if hops.is_empty() || cap_bytes_per_s != f64::INFINITY {
            hops.push(Hop::new(self.new_link(rate_in_range(cap_bytes_per_s))));
            self.flows[flow as usize].capped = true;
        }
        let (mut bottleneck, mut least) = (hops[0].link, f64::INFINITY);
        for hop in &hops {
            let prospect = self.prospect(hop.link);
            if prospect < least {
                (bottleneck, least) = (hop.link, prospect);
            }
        }
        for hop in &hops {
            self.links[hop.link as usize].flow_count += 1;
        }
        self.flows[flow as usize].hops = hops;
        if !self.links[bottleneck as usize].saturated {
            self.saturate(bottleneck);
        }
        self.enter(flow, bottleneck);
        self.repair();
        FlowIndex(flow)
    }

    /// Ends a flow early and returns the bytes that it has not sent; 0 if there is no such flow.
    pub fn cancel(&mut self, now: SimTime, flow: FlowIndex) -> f64 {
        self.pass_time(now);
        if !self.is_live(flow) {
            return 0.0;
        }
        self.exit(flow.0);
        let slot = &self.flows[flow.0 as usize];
        let unsent = slot.size - slot.sent_before;
        self.end(flow.0);
        unsent
    }

    /// The next instant at which a flow is done, if no flow starts or is cancelled and no capacity changes;
    /// rounded up to the nanosecond, so that nothing is done early. O(1).
    #[must_use]
    pub fn next_completion(&self) -> Option<SimTime> {
        self.completions.peek().map(|((due, _), _)| due).filter(|&due| due < SimTime::MAX)
    }

    /// Ends one flow that is done at or before `now` and returns it; call it until there is none.
    ///
    /// Flows come in the order of their completion; of those due at the same nanosecond, each group's next
    /// ones (by exact work, then start) in the order of their start.
    pub fn pop_completed(&mut self, now: SimTime) -> Option<FlowIndex> {
        self.pass_time(now);
        let ((due, _), group) = self.completions.peek()?;
        if due > self.now || due == SimTime::MAX {
            return None;
        }
        let link = &mut self.links[group as usize];
        let ((mark, _), flow) = link.members.peek()?;
        // The flow has done its work, whatever the clock's last bit says; so has one with the same mark.
        link.advance(self.now);
        link.work = link.work.max(mark);
        self.exit(flow);
        let slot = &mut self.flows[flow as usize];
        slot.sent_before = slot.size;
        self.end(flow);
        Some(FlowIndex(flow))
    }

    /// The present rate of a flow in bytes/s; 0 if there is no such flow. O(1).
    #[must_use]
    pub fn rate(&self, flow: FlowIndex) -> f64 {
        self.live(flow).map_or(0.0, |flow| self.links[flow.bottleneck as usize].level)
    }

    /// The bytes that a flow has still to send at `now`, which must not be past the next completion; 0 if
    /// there is no such flow. O(1).
    #[must_use]
    pub fn remaining_bytes(&self, now: SimTime, flow: FlowIndex) -> f64 {
        self.live(flow).map_or(0.0, |flow| flow.size - self.sent(flow, now))
    }

    /// The present sum of the rates on a link in bytes/s. O(crossings) if the link is not saturated.
    #[must_use]
    pub fn link_load(&self, link: LinkIndex) -> f64 {
        self.links
            .get(link.0 as usize)
            .map_or(0.0, |slot| slot.members.len() as f64 * slot.level + self.use_by_others(link.0))
    }

    /// The number of flows that cross a link. O(1).
    #[must_use]
    pub fn link_flows(&self, link: LinkIndex) -> usize {
        self.links.get(link.0 as usize).map_or(0, |slot| slot.flow_count)
    }

    /// The bytes that a link has carried by `now`, of ended flows and live ones. O(flows on the link), for
    /// sampling.
    #[must_use]
    pub fn carried_bytes(&self, now: SimTime, link: LinkIndex) -> f64 {
        let Some(slot) = self.links.get(link.0 as usize) else { return 0.0 };
        let crossing = |&id: &u32| self.crossings[id as usize].flows.iter().map(|&(flow, _)| flow);
        let live: f64 = (slot.members.items())
            .chain(slot.crossings.iter().flat_map(crossing))
            .map(|flow| self.sent(&self.flows[flow as usize], now))
            .sum();
        slot.carried_before + live
    }

    fn pass_time(&mut self, now: SimTime) {
        self.now = self.now.max(now);
    }

    fn live(&self, flow: FlowIndex) -> Option<&Flow> {
        self.flows.get(flow.0 as usize).filter(|flow| flow.live)
    }

    fn is_live(&self, flow: FlowIndex) -> bool {
        self.live(flow).is_some()
    }

    /// Frees a flow that is in no group any more.
    fn end(&mut self, flow: u32) {
        let slot = &mut self.flows[flow as usize];
        slot.live = false;
        self.live_flows -= 1;
        self.free_flows.push(flow);
        for hop in &slot.hops {
            let link = &mut self.links[hop.link as usize];
            link.flow_count -= 1;
            link.carried_before += slot.sent_before;
        }
        let private = if slot.capped { slot.hops.last().map(|hop| hop.link) } else { None };
        self.repair();
        self.free_links.extend(private);
    }
}
