//! The pending events: a winner tree of 16-byte keys over a slab of events.
//!
//! Why this queue (figures in `benches/README.md`): an event costs what its memory accesses cost. Each
//! event stays in one slot while it waits, and its key in the leaf of that slot; each inner place of the
//! tree holds the least key of the four places below it, which share one cache line. A change of one
//! leaf therefore touches one known line a level, all of which are fetched at once, where the next line
//! of a heap is only known when the last one has been compared. No key knows its place, so that
//! cancelling and rescheduling are exact and stop as soon as the key above is another: timeouts are
//! mostly cancelled and fluid models move their next completion at every change.

use super::prefetch::prefetch;
use super::time::SimTime;

/// The order of events that are due at the same instant: phases from first to last, and within a phase
/// the order in which the events were scheduled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Phase {
    /// The surroundings change: faults, repairs, movements, signals.
    Environment = 0,
    /// Something ends and frees what it held: jobs, transfers, timers of models.
    Completion = 1,
    /// Something is wanted: arrivals, requests, messages.
    #[default]
    Demand = 2,
    /// Controllers and periodic policies act on what has happened.
    Control = 3,
    /// Samplers look at the instant when all else is done.
    Metering = 4,
}

/// Names one scheduled event. It stays harmless after the event has fired or was cancelled: using it
/// then does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventHandle {
    slot: u32,
    generation: u32,
}

/// (time, phase, sequence, slot) packed so that one comparison of integers is the documented order.
/// The slot does not decide: sequences are unique.
type Key = u128;

const SLOT_BITS: u32 = 32;
const SEQUENCE_BITS: u32 = 29;
const SEQUENCE_LIMIT: u32 = 1 << SEQUENCE_BITS;
/// What fills the places of no event: later than any event.
const EMPTY: Key = u128::MAX;

fn key(time: SimTime, phase: Phase, sequence: u32, slot: u32) -> Key {
    let order = (u64::from(phase as u8) << (SLOT_BITS + SEQUENCE_BITS))
        | (u64::from(sequence) << SLOT_BITS)
        | u64::from(slot);
    (u128::from(time.as_nanos()) << 64) | u128::from(order)
}

fn time_of(key: Key) -> SimTime {
    SimTime::from_nanos((key >> 64) as u64)
}

fn slot_of(key: Key) -> usize {
    key as u32 as usize
}

fn phase_bits_of(key: Key) -> u64 {
    (key as u64) >> (SLOT_BITS + SEQUENCE_BITS) << (SLOT_BITS + SEQUENCE_BITS)
}

/// One cache line: four places that meet in one place of the level above.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([Key; 4]);

impl Line {
    const EMPTY: Line = Line([EMPTY; 4]);

    /// The least of `key` and the keys in the three other lanes than its own. Those three do not wait
    /// for `key`, so that a level of the tree waits for one comparison only.
    ///
    /// Not inlined, because within the caller's loop the compiler makes the choices branches, which
    /// cannot be predicted: that costs twice as much as the calls.
    #[inline(never)]
    fn least_with(&self, lane: usize, key: Key) -> Key {
        let lane = lane % 4;
        key.min(self.0[lane ^ 1].min(self.0[lane ^ 2]).min(self.0[lane ^ 3]))
    }
}

#[derive(Debug)]
struct Slot<E> {
    generation: u32,
    event: Option<E>,
}

/// A queue of events in the order (time, [`Phase`], insertion).
///
/// Pop costs O(log n), where n is the largest number of events that were ever pending; push, cancel and
/// reschedule cost the same at worst and O(1) on average when the event is no earlier than the others.
/// Nothing is allocated for an event once the queue has reached its largest size. A pending event costs
/// 30 bytes beside the event itself, and less than 2^29 (half a billion) can be pending.
///
/// ```
/// use stratosim::engine::{EventQueue, Phase, SimTime};
/// let mut queue = EventQueue::new();
/// let timeout = queue.push(SimTime::from_secs(5.0), Phase::Completion, "timeout");
/// queue.push(SimTime::from_secs(1.0), Phase::Completion, "done");
/// assert_eq!(queue.pop(), Some((SimTime::from_secs(1.0), "done")));
/// assert_eq!(queue.cancel(timeout), Some("timeout"));
/// assert_eq!(queue.pop(), None);
/// ```
#[derive(Debug)]
pub struct EventQueue<E> {
    /// The tree from the leaves, one for each slot, up to the level of a single line.
    levels: Vec<Vec<Line>>,
    /// The least key of all: the root above the last level.
    first: Key,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    next_sequence: u32,
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> EventQueue<E> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        EventQueue {
            levels: Vec::new(),
            first: EMPTY,
            slots: Vec::new(),
            free: Vec::new(),
            next_sequence: 0,
        }
    }

    /// Number of pending events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first == EMPTY
    }

    /// The time of the next event.
    #[must_use]
    pub fn peek_time(&self) -> Option<SimTime> {
        (!self.is_empty()).then(|| time_of(self.first))
    }

    /// The next event.
    #[must_use]
    pub fn peek(&self) -> Option<&E> {
        self.slots.get(slot_of(self.first))?.event.as_ref()
    }

    /// Adds an event and returns its handle.
    ///
    /// # Panics
    ///
    /// If 2^29 events (half a billion) would be pending: there is no number for one more.
    pub fn push(&mut self, time: SimTime, phase: Phase, event: E) -> EventHandle {
        let slot = self.free.pop().unwrap_or_else(|| self.add_slot());
        let sequence = self.take_sequence();
        let entry = &mut self.slots[slot as usize];
        entry.event = Some(event);
        let handle = EventHandle { slot, generation: entry.generation };
        self.lower(slot as usize, key(time, phase, sequence, slot));
        handle
    }

    /// Removes and returns the next event with its time.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let first = self.first;
        if first == EMPTY {
            return None;
        }
        self.raise(slot_of(first), first, EMPTY);
        self.prefetch_soon(slot_of(first));
        self.release(slot_of(first)).map(|event| (time_of(first), event))
    }

    /// Removes a pending event; `None` if it has fired or was cancelled.
    pub fn cancel(&mut self, handle: EventHandle) -> Option<E> {
        let key = self.key_of(handle)?;
        self.raise(slot_of(key), key, EMPTY);
        self.release(slot_of(key))
    }

    /// Moves a pending event to another time, as if it had been pushed now; `false` if it has fired or
    /// was cancelled.
    pub fn reschedule(&mut self, handle: EventHandle, time: SimTime) -> bool {
        // First, because taking a sequence number may renumber the keys.
        let sequence = self.take_sequence();
        let Some(old) = self.key_of(handle) else { return false };
        let order = phase_bits_of(old) | (u64::from(sequence) << SLOT_BITS) | u64::from(handle.slot);
        let new = (u128::from(time.as_nanos()) << 64) | u128::from(order);
        if new < old {
            self.lower(slot_of(new), new);
        } else {
            self.raise(slot_of(new), old, new);
        }
        true
    }

    /// The time at which a pending event is due; `None` if it has fired or was cancelled.
    #[must_use]
    pub fn time_of(&self, handle: EventHandle) -> Option<SimTime> {
        self.key_of(handle).map(time_of)
    }

    /// The pending events with their times, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (SimTime, &E)> {
        self.keys()
            .filter_map(|key| self.slots[slot_of(key)].event.as_ref().map(|event| (time_of(key), event)))
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        self.levels.first().into_iter().flatten().flat_map(|line| line.0).filter(|&key| key != EMPTY)
    }

    fn key_of(&self, handle: EventHandle) -> Option<Key> {
        let slot = handle.slot as usize;
        let entry = self.slots.get(slot)?;
        (entry.generation == handle.generation && entry.event.is_some())
            .then(|| self.levels[0][slot / 4].0[slot % 4])
    }

    /// Opens one more slot, with empty places above it.
    #[cold]
    fn add_slot(&mut self) -> u32 {
        let slot = self.slots.len();
        assert!(slot + 1 < SEQUENCE_LIMIT as usize, "{SEQUENCE_LIMIT} events are pending");
        self.slots.push(Slot { generation: 0, event: None });
        let mut line = slot;
        for height in 0.. {
            line /= 4;
            if height == self.levels.len() {
                // All that was below the old root is now below the first place of the new level.
                self.levels.push(vec![Line([self.first, EMPTY, EMPTY, EMPTY])]);
            }
            if line == self.levels[height].len() {
                self.levels[height].push(Line::EMPTY);
            }
            if self.levels[height].len() == 1 {
                break;
            }
        }
        slot as u32
    }

    fn release(&mut self, slot: usize) -> Option<E> {
        self.free.push(slot as u32);
        let slot = &mut self.slots[slot];
        slot.generation = slot.generation.wrapping_add(1);
        slot.event.take()
    }

    /// Gives a slot a key earlier than its old one.
    fn lower(&mut self, slot: usize, key: Key) {
        let mut index = slot;
        for level in &mut self.levels {
            let place = &mut level[index / 4].0[index % 4];
            if *place < key {
                return;
            }
            *place = key;
            index /= 4;
        }
        self.first = self.first.min(key);
    }

    /// Gives a slot a key later than its old one.
    fn raise(&mut self, slot: usize, old: Key, mut new: Key) {
        let mut index = slot;
        for level in &mut self.levels {
            let line = &mut level[index / 4];
            let lane = index % 4;
            if line.0[lane] != old {
                return;
            }
            line.0[lane] = new;
            new = line.least_with(lane, new);
            index /= 4;
        }
        self.first = new;
    }

    /// Asks for the lines of an event that is due soon: the one that is now the first in the sixteenth
    /// of the slots where `slot` is. Nearly every event gets there some events before its turn; the
    /// rest were pushed a moment ago. The higher levels are small enough to stay in the caches, and so
    /// are all levels of a tree below a thousand slots.
    fn prefetch_soon(&self, slot: usize) {
        if self.levels.len() < 6 {
            return;
        }
        let height = self.levels.len() - 2;
        let index = slot >> (2 * height);
        let soon = slot_of(self.levels[height][index / 4].0[index % 4]);
        if let Some(slot) = self.slots.get(soon) {
            prefetch(slot);
            prefetch(&self.levels[0][soon / 4]);
            prefetch(&self.levels[1][soon / 16]);
            prefetch(&self.levels[2][soon / 64]);
        }
    }

    fn take_sequence(&mut self) -> u32 {
        if self.next_sequence == SEQUENCE_LIMIT {
            self.renumber();
        }
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        sequence
    }

    /// Gives the pending events the sequence numbers 0, 1, ... in their present order, so that the
    /// numbers never run out. Costs O(n log n) once in half a billion events.
    fn renumber(&mut self) {
        let mut keys: Vec<Key> = self.keys().collect();
        keys.sort_unstable();
        self.levels.iter_mut().flatten().for_each(|line| *line = Line::EMPTY);
        self.first = EMPTY;
        self.next_sequence = 0;
        for old in keys {
            let order = phase_bits_of(old)
                | (u64::from(self.next_sequence) << SLOT_BITS)
                | (slot_of(old) as u64);
            self.next_sequence += 1;
            self.lower(slot_of(old), (old >> 64 << 64) | u128::from(order));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(time: u64) -> SimTime {
        SimTime::from_nanos(time * 1_000_000_000)
    }

    #[test]
    fn ties_are_broken_by_phase_then_by_insertion() {
        let mut queue = EventQueue::new();
        queue.push(seconds(1), Phase::Metering, 'e');
        queue.push(seconds(1), Phase::Demand, 'c');
        queue.push(seconds(1), Phase::Demand, 'd');
        queue.push(seconds(1), Phase::Environment, 'b');
        queue.push(seconds(0), Phase::Metering, 'a');
        let order: String = std::iter::from_fn(|| queue.pop().map(|(_, event)| event)).collect();
        assert_eq!(order, "abcde");
    }

    #[test]
    fn a_handle_is_harmless_after_its_event() {
        let mut queue = EventQueue::new();
        let first = queue.push(seconds(1), Phase::Demand, 1);
        assert_eq!(queue.pop(), Some((seconds(1), 1)));
        let second = queue.push(seconds(2), Phase::Demand, 2);
        assert_eq!(queue.cancel(first), None);
        assert!(!queue.reschedule(first, seconds(9)));
        assert_eq!(queue.time_of(second), Some(seconds(2)));
    }

    #[test]
    fn a_rescheduled_event_queues_behind_its_new_contemporaries() {
        let mut queue = EventQueue::new();
        let moved = queue.push(seconds(1), Phase::Demand, 'x');
        queue.push(seconds(2), Phase::Demand, 'a');
        assert!(queue.reschedule(moved, seconds(2)));
        assert_eq!(queue.pop().map(|(_, event)| event), Some('a'));
        assert_eq!(queue.pop().map(|(_, event)| event), Some('x'));
    }

    #[test]
    fn renumbering_keeps_the_order_and_the_handles() {
        let mut queue = EventQueue::new();
        queue.next_sequence = SEQUENCE_LIMIT - 3;
        let handles: Vec<_> = (0..10).map(|i| queue.push(seconds(i / 5), Phase::Demand, i)).collect();
        assert_eq!(queue.cancel(handles[7]), Some(7));
        let order: Vec<u64> = std::iter::from_fn(|| queue.pop().map(|(_, event)| event)).collect();
        assert_eq!(order, [0, 1, 2, 3, 4, 5, 6, 8, 9]);
    }

    /// Enough for a tree of seven levels, where lines are asked for ahead.
    #[test]
    fn a_large_queue_keeps_the_order() {
        let mut queue = EventQueue::new();
        let count = 10_000u64;
        // A permutation of 0..count, because 7919 is prime and does not divide it.
        let handles: Vec<_> =
            (0..count).map(|i| queue.push(seconds(i * 7919 % count), Phase::Demand, i)).collect();
        for (&handle, i) in handles.iter().zip(0..) {
            match i * 7919 % count % 3 {
                1 => assert_eq!(queue.cancel(handle), Some(i)),
                2 => assert!(queue.reschedule(handle, seconds(i * 7919 % count + 2 * count))),
                _ => {}
            }
        }
        let times: Vec<_> = std::iter::from_fn(|| queue.pop().map(|(time, _)| time)).collect();
        let kept = (0..count).filter(|time| time % 3 == 0);
        let moved = (0..count).filter(|time| time % 3 == 2).map(|time| time + 2 * count);
        assert_eq!(times, kept.chain(moved).map(seconds).collect::<Vec<_>>());
    }

    #[derive(Clone, Debug)]
    enum Step {
        Push(u64, u8),
        Pop,
        Cancel(usize),
        Reschedule(usize, u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..50u64, 0..5u8).prop_map(|(time, phase)| Step::Push(time, phase)),
            2 => Just(Step::Pop),
            1 => (0..1000usize).prop_map(Step::Cancel),
            1 => ((0..1000usize), 0..50u64).prop_map(|(which, time)| Step::Reschedule(which, time)),
        ];
        prop::collection::vec(step, 0..400)
    }

    fn phase(number: u8) -> Phase {
        [Phase::Environment, Phase::Completion, Phase::Demand, Phase::Control, Phase::Metering]
            [usize::from(number)]
    }

    proptest! {
        /// The queue against a sorted list of (time, phase, sequence).
        #[test]
        fn behaves_as_a_sorted_list(steps in steps()) {
            let mut queue = EventQueue::new();
            let mut list: Vec<(u64, u8, u64, usize)> = Vec::new();
            let mut handles = Vec::new();
            let mut sequence = 0;
            for step in steps {
                sequence += 1;
                match step {
                    Step::Push(time, class) => {
                        list.push((time, class, sequence, handles.len()));
                        handles.push(queue.push(seconds(time), phase(class), handles.len()));
                    }
                    Step::Pop => {
                        list.sort_unstable();
                        let expected = (!list.is_empty()).then(|| list.remove(0));
                        let found = queue.pop();
                        prop_assert_eq!(found, expected.map(|(time, _, _, id)| (seconds(time), id)));
                    }
                    Step::Cancel(which) if !handles.is_empty() => {
                        let id = which % handles.len();
                        let expected = list.iter().position(|entry| entry.3 == id);
                        if let Some(index) = expected { list.remove(index); }
                        prop_assert_eq!(queue.cancel(handles[id]), expected.map(|_| id));
                    }
                    Step::Reschedule(which, time) if !handles.is_empty() => {
                        let id = which % handles.len();
                        let entry = list.iter_mut().find(|entry| entry.3 == id);
                        prop_assert_eq!(queue.reschedule(handles[id], seconds(time)), entry.is_some());
                        if let Some(entry) = entry { *entry = (time, entry.1, sequence, id); }
                    }
                    _ => {}
                }
                prop_assert_eq!(queue.len(), list.len());
                prop_assert_eq!(queue.peek_time(), list.iter().map(|entry| seconds(entry.0)).min());
            }
        }
    }
}
