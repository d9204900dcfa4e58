//! State that converges: merging is associative, commutative and idempotent, so that lost, doubled and overtaking
//! messages do no harm once every replica has heard of all.
//!
//! Changes return a *delta*, a small value of the same type that carries the change alone (Almeida, Shoker and Baquero,
//! "Delta state replicated data types", JPDC 111, 2018). All is ordered, so that equal histories give equal bytes.

use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a replica's number, of a count, and of a time.
const REPLICA_BYTES: u64 = 4;
const COUNT_BYTES: u64 = 8;
const TIME_BYTES: u64 = 8;

/// State or a delta of it, which merges with others.
///
/// ```
/// use stratosim::replication::{Counter, Merge};
/// let (mut here, mut there) = (Counter::default(), Counter::default());
/// let delta = here.add(1, 5);
/// there.add(2, -2);
/// there.merge(&delta);
/// here.merge(&there);
/// assert_eq!((here.value(), there.value()), (3, 3));
/// ```
pub trait Merge {
    /// Takes in what another replica knows.
    fn merge(&mut self, other: &Self);

    /// Its size in a message, in bytes.
    fn bytes(&self) -> u64;
}

/// A register in which the last write wins; of two at the same time, that of the greater replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastWriter {
    /// Nanoseconds of the write, and who wrote; a replica writes once at a time.
    stamp: (u64, u32),
    value: u64,
    value_bytes: u32,
}

impl LastWriter {
    /// Writes a value of `value_bytes` at a time in nanoseconds, unless a later write is known. Gives the delta.
    pub fn write(&mut self, replica: u32, time_nanos: u64, value: u64, value_bytes: u32) -> Self {
        let delta = LastWriter { stamp: (time_nanos, replica), value, value_bytes };
        self.merge(&delta);
        delta
    }

    /// The value; zero before the first write.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.value
    }
}

impl Merge for LastWriter {
    fn merge(&mut self, other: &Self) {
        if (other.stamp, other.value) > (self.stamp, self.value) {
            *self = *other;
        }
    }

    fn bytes(&self) -> u64 {
        TIME_BYTES + REPLICA_BYTES + u64::from(self.value_bytes)
    }
}

/// A counter that goes up and down: what each replica has added and taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    by_replica: BTreeMap<u32, (u64, u64)>,
}

impl Counter {
    /// Adds a number, which may be negative. Gives the delta. What a replica adds beyond 2^64 is not counted.
    pub fn add(&mut self, replica: u32, change: i64) -> Self {
        let (up, down) = self.by_replica.entry(replica).or_default();
        let part = if change >= 0 { &mut *up } else { &mut *down };
        *part = part.saturating_add(change.unsigned_abs());
        Counter { by_replica: BTreeMap::from([(replica, (*up, *down))]) }
    }

    /// What has been added, less what has been taken away.
    #[must_use]
    pub fn value(&self) -> i128 {
        self.by_replica.values().map(|&(up, down)| i128::from(up) - i128::from(down)).sum()
    }
}

impl Merge for Counter {
    fn merge(&mut self, other: &Self) {
        for (&replica, &(up, down)) in &other.by_replica {
            let own = self.by_replica.entry(replica).or_default();
            *own = (own.0.max(up), own.1.max(down));
        }
    }

    fn bytes(&self) -> u64 {
        (REPLICA_BYTES + 2 * COUNT_BYTES) * self.by_replica.len() as u64
    }
}

/// A change of a set, by the replica that made it and its count there, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dot {
    /// Who made the change.
    pub replica: u32,
    /// Which one of its changes it is.
    pub count: u64,
}

const DOT_BYTES: u64 = REPLICA_BYTES + COUNT_BYTES;

/// The changes that are known: all up to a count by replica, and single ones beyond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    up_to: BTreeMap<u32, u64>,
    beyond: BTreeSet<Dot>,
}

impl Known {
    fn has(&self, dot: Dot) -> bool {
        self.up_to.get(&dot.replica).is_some_and(|&count| dot.count <= count)
            || self.beyond.contains(&dot)
    }

    fn next(&self, replica: u32) -> Dot {
        Dot { replica, count: self.up_to.get(&replica).copied().unwrap_or_default() + 1 }
    }

    /// Takes in others, and makes single ones that have come to follow each other one count.
    fn extend(&mut self, other: &Known) {
        for (&replica, &count) in &other.up_to {
            let own = self.up_to.entry(replica).or_default();
            *own = (*own).max(count);
        }
        self.beyond.extend(&other.beyond);
        self.compact();
    }

    fn compact(&mut self) {
        let up_to = &mut self.up_to;
        // In order, so that each is looked at after the one before it.
        self.beyond.retain(|dot| {
            let count = up_to.get(&dot.replica).copied().unwrap_or_default();
            if dot.count == count + 1 {
                up_to.insert(dot.replica, dot.count);
            }
            dot.count > count + 1
        });
    }
}

/// A set in which an addition wins over a removal that did not see it (an optimised observed-remove set: Bieniusa et al.,
/// "An optimized conflict-free replicated set", INRIA RR-8083, 2012). Removed elements leave nothing behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedSet {
    elements: BTreeMap<u64, BTreeSet<Dot>>,
    known: Known,
}

impl ObservedSet {
    /// Adds an element. Gives the delta.
    pub fn insert(&mut self, replica: u32, element: u64) -> Self {
        let dot = self.known.next(replica);
        let mut delta = self.removal(element);
        delta.known.beyond.insert(dot);
        delta.known.compact();
        delta.elements.insert(element, BTreeSet::from([dot]));
        self.merge(&delta);
        delta
    }

    /// Removes an element, as far as this replica has seen it added. Gives the delta.
    pub fn remove(&mut self, element: u64) -> Self {
        let delta = self.removal(element);
        self.merge(&delta);
        delta
    }

    /// The delta that knows the additions of an element, and has none of them.
    fn removal(&self, element: u64) -> Self {
        let beyond = self.elements.get(&element).cloned().unwrap_or_default();
        let mut known = Known { up_to: BTreeMap::new(), beyond };
        known.compact();
        ObservedSet { elements: BTreeMap::new(), known }
    }

    /// Whether an element is in it.
    #[must_use]
    pub fn contains(&self, element: u64) -> bool {
        self.elements.contains_key(&element)
    }

    /// The elements in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        self.elements.keys().copied()
    }
}

impl Merge for ObservedSet {
    fn merge(&mut self, other: &Self) {
        // An addition stays if both have it, or if the other one has never heard of it.
        self.elements.retain(|element, dots| {
            let theirs = other.elements.get(element);
            dots.retain(|&dot| {
                theirs.is_some_and(|theirs| theirs.contains(&dot)) || !other.known.has(dot)
            });
            !dots.is_empty()
        });
        for (&element, dots) in &other.elements {
            let mut new = dots.iter().filter(|&&dot| !self.known.has(dot)).peekable();
            if new.peek().is_some() {
                self.elements.entry(element).or_default().extend(new);
            }
        }
        self.known.extend(&other.known);
    }

    fn bytes(&self) -> u64 {
        let elements: u64 =
            self.elements.values().map(|dots| COUNT_BYTES + DOT_BYTES * dots.len() as u64).sum();
        elements + DOT_BYTES * (self.known.up_to.len() + self.known.beyond.len()) as u64
    }
}

#[cfg(test)]
#[path = "tests/crdt.rs"]
mod tests;
