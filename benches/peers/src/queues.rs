//! The queue everyone starts with, and the two usual ways to cancel in it.

use crate::workload::Happening;
use rustc_hash::FxHashSet;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// An entry of the heap: the earliest (time, sequence) is the greatest.
struct Entry {
    time_ns: u64,
    sequence: u64,
    event: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.time_ns, other.sequence).cmp(&(self.time_ns, self.sequence))
    }
}

/// `std::collections::BinaryHeap` of (time, sequence, event). It cannot cancel: who pops must know which
/// events are void (the usual generation check).
#[derive(Default)]
pub struct Heap {
    heap: BinaryHeap<Entry>,
    next_sequence: u64,
}

impl Heap {
    /// Returns the event's number.
    pub fn push(&mut self, time_ns: u64, event: Happening) -> u64 {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.heap.push(Entry { time_ns, sequence, event });
        sequence
    }

    pub fn pop(&mut self) -> Option<(u64, Happening)> {
        self.pop_numbered().map(|(time_ns, _, event)| (time_ns, event))
    }

    fn pop_numbered(&mut self) -> Option<(u64, u64, Happening)> {
        self.heap.pop().map(|entry| (entry.time_ns, entry.sequence, entry.event))
    }
}

/// The same with a set of the numbers that were cancelled, as simcore does it.
#[derive(Default)]
pub struct HeapWithSet {
    heap: Heap,
    cancelled: FxHashSet<u64>,
}

impl HeapWithSet {
    pub fn push(&mut self, time_ns: u64, event: Happening) -> u64 {
        self.heap.push(time_ns, event)
    }

    pub fn cancel(&mut self, number: u64) {
        self.cancelled.insert(number);
    }

    pub fn pop(&mut self) -> Option<(u64, Happening)> {
        loop {
            let (time_ns, number, event) = self.heap.pop_numbered()?;
            if !self.cancelled.remove(&number) {
                return Some((time_ns, event));
            }
        }
    }
}
