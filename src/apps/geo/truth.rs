//! What replicas have still to execute: known to the simulation alone, for staleness and divergence.

use crate::engine::SimTime;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A set of members of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Members(SmallVec<[u64; 1]>);

impl Members {
    /// The first so many members.
    pub(super) fn first(count: usize) -> Self {
        let mut own = Members::default();
        (0..count).for_each(|member| own.insert(member));
        own
    }

    pub(super) fn insert(&mut self, member: usize) {
        if self.0.len() <= member / 64 {
            self.0.resize(member / 64 + 1, 0);
        }
        self.0[member / 64] |= 1 << (member % 64);
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, member: usize) -> bool {
        let was = self.has(member);
        if was {
            self.0[member / 64] &= !(1 << (member % 64));
        }
        was
    }

    pub(super) fn has(&self, member: usize) -> bool {
        self.0.get(member / 64).is_some_and(|word| word >> (member % 64) & 1 == 1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn has_all_of(&self, other: &Members) -> bool {
        other
            .0
            .iter()
            .enumerate()
            .all(|(at, word)| self.0.get(at).is_some_and(|own| own & word == *word))
    }
}

/// A write that not all replicas have executed.
#[derive(Debug)]
struct Write {
    origin: u32,
    sequence: u64,
    /// When the first replica had executed it.
    done: Option<SimTime>,
    left: Members,
    is_acknowledged: bool,
}

/// A resource whose replicas differ.
#[derive(Debug)]
struct Open {
    group: u32,
    since: SimTime,
    writes: u32,
    list: SmallVec<[Write; 1]>,
}

/// The replicas of a resource are equal again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) resource: u32,
    pub(super) since: SimTime,
    pub(super) writes: u32,
}

/// The resources whose replicas differ.
#[derive(Debug, Default)]
pub(super) struct Truth {
    open: FxHashMap<u32, Open>,
}

impl Truth {
    /// A replica is about to execute a write, perhaps the first one to do so; `members` are those that will.
    pub(super) fn begin(
        &mut self,
        (resource, group): (u32, u32),
        (origin, sequence): (u32, u64),
        members: &Members,
        now: SimTime,
    ) {
        let open = self.open.entry(resource).or_insert_with(|| Open {
            group,
            since: now,
            writes: 0,
            list: SmallVec::new(),
        });
        if open.list.iter().any(|own| (own.origin, own.sequence) == (origin, sequence)) {
            return;
        }
        open.writes += 1;
        open.list.push(Write {
            origin,
            sequence,
            done: None,
            left: members.clone(),
            is_acknowledged: false,
        });
    }

    /// A member has executed a write.
    pub(super) fn done(
        &mut self,
        resource: u32,
        (origin, sequence): (u32, u64),
        member: usize,
        now: SimTime,
    ) -> Option<Settled> {
        let open = self.open.get_mut(&resource)?;
        let at = open.list.iter().position(|own| (own.origin, own.sequence) == (origin, sequence))?;
        open.list[at].left.remove(member);
        open.list[at].done.get_or_insert(now);
        if open.list[at].left.is_empty() {
            open.list.remove(at);
        }
        self.close(resource)
    }

    fn close(&mut self, resource: u32) -> Option<Settled> {
        let open = self.open.get(&resource).filter(|open| open.list.is_empty())?;
        let settled = Settled { resource, since: open.since, writes: open.writes };
        self.open.remove(&resource);
        Some(settled)
    }

    /// The user who wanted a write has its response.
    pub(super) fn acknowledge(&mut self, resource: u32, (origin, sequence): (u32, u64)) {
        let Some(open) = self.open.get_mut(&resource) else { return };
        let own = open.list.iter_mut().find(|own| (own.origin, own.sequence) == (origin, sequence));
        if let Some(own) = own {
            own.is_acknowledged = true;
        }
    }

    /// How many writes a member has not executed that another has, and when the first of them was.
    pub(super) fn behind(&self, resource: u32, member: usize) -> (u32, Option<SimTime>) {
        let list = self.open.get(&resource).map_or(&[][..], |open| &open.list);
        let missing = list.iter().filter(|own| own.left.has(member)).filter_map(|own| own.done);
        (missing.clone().count() as u32, missing.min())
    }

    /// The resources of a group that are open, in ascending order.
    fn of_group(&self, group: u32) -> Vec<u32> {
        let mut found: Vec<u32> =
            self.open.iter().filter(|(_, open)| open.group == group).map(|(own, _)| *own).collect();
        found.sort_unstable();
        found
    }

    /// A member has been brought up to date at once: what it has executed is asked for.
    pub(super) fn restore(
        &mut self,
        group: u32,
        member: usize,
        has_executed: impl Fn(u32, u64) -> bool,
        settled: &mut Vec<Settled>,
    ) {
        for resource in self.of_group(group) {
            let Some(open) = self.open.get_mut(&resource) else { continue };
            for own in &mut open.list {
                if has_executed(own.origin, own.sequence) {
                    own.left.remove(member);
                }
            }
            open.list.retain(|own| !own.left.is_empty());
            settled.extend(self.close(resource));
        }
    }

    /// A member is struck for good; `others` remain. Gives the number of writes that only struck ones had executed, and how
    /// many of them had been acknowledged.
    pub(super) fn strike(
        &mut self,
        group: u32,
        member: usize,
        others: &Members,
        settled: &mut Vec<Settled>,
    ) -> (u64, u64) {
        let (mut lost, mut acknowledged) = (0, 0);
        for resource in self.of_group(group) {
            let Some(open) = self.open.get_mut(&resource) else { continue };
            open.list.retain(|own| {
                own.left.remove(member);
                let is_lost = own.left.has_all_of(others);
                lost += u64::from(is_lost);
                acknowledged += u64::from(is_lost && own.is_acknowledged);
                !own.left.is_empty() && !is_lost
            });
            settled.extend(self.close(resource));
        }
        (lost, acknowledged)
    }

    /// Writes that are not executed everywhere, and how many of them are acknowledged.
    pub(super) fn unsettled(&self) -> (u64, u64) {
        let writes = self.open.values().flat_map(|open| &open.list);
        (writes.clone().count() as u64, writes.filter(|own| own.is_acknowledged).count() as u64)
    }
}
