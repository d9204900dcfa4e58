//! The pending events: an indexed 4-ary heap of 16-byte keys beside a slab of events.
//!
//! Why this queue (figures in `benches/README.md`): an event costs what its memory accesses cost, so the
//! heap holds keys only, four children share one cache line, the next level is prefetched while this one
//! is compared, and events never move while they wait. Each event knows its place in the heap, so that
//! cancelling and rescheduling are exact and cost O(log n): timeouts are mostly cancelled and fluid
//! models move their next completion at every change, where lazy deletion costs five times as much.

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
/// What fills the unused places of a line: later than any event.
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

/// One cache line: the four children of one parent.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([Key; 4]);

/// The place of the root; places 0..3 of the first line are unused so that children fill whole lines.
const ROOT: usize = 3;

fn parent(place: usize) -> usize {
    place / 4 + 2
}

/// The line that holds the children of `place`.
fn children_line(place: usize) -> usize {
    place - 2
}

#[derive(Debug)]
struct Slot<E> {
    generation: u32,
    event: Option<E>,
}

/// A queue of events in the order (time, [`Phase`], insertion).
///
/// Push, pop, cancel and reschedule cost O(log n); nothing is allocated for an event once the queue has
/// reached its largest size. A pending event costs 20 bytes beside the event itself.
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
    lines: Vec<Line>,
    len: usize,
    /// For each slot, the place of its key in the heap; beside the slots because sifting writes it.
    places: Vec<u32>,
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
            lines: vec![Line([EMPTY; 4])],
            len: 0,
            places: Vec::new(),
            slots: Vec::new(),
            free: Vec::new(),
            next_sequence: 0,
        }
    }

    /// Number of pending events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The time of the next event.
    #[must_use]
    pub fn peek_time(&self) -> Option<SimTime> {
        (self.len > 0).then(|| time_of(self.at(ROOT)))
    }

    /// The next event.
    #[must_use]
    pub fn peek(&self) -> Option<&E> {
        if self.len == 0 {
            return None;
        }
        self.slots[slot_of(self.at(ROOT))].event.as_ref()
    }

    /// Adds an event and returns its handle. O(log n).
    pub fn push(&mut self, time: SimTime, phase: Phase, event: E) -> EventHandle {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize].event = Some(event);
                slot
            }
            None => {
                self.slots.push(Slot { generation: 0, event: Some(event) });
                self.places.push(0);
                (self.slots.len() - 1) as u32
            }
        };
        let sequence = self.take_sequence();
        let place = self.grow();
        self.sift_up(place, key(time, phase, sequence, slot));
        EventHandle { slot, generation: self.slots[slot as usize].generation }
    }

    /// Removes and returns the next event with its time. O(log n).
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        if self.len == 0 {
            return None;
        }
        let root = self.at(ROOT);
        let last = self.shrink();
        if self.len > 0 {
            self.sift_down_from_root(last);
            self.prefetch_next();
        }
        self.release(slot_of(root)).map(|event| (time_of(root), event))
    }

    /// Removes a pending event; `None` if it has fired or was cancelled. O(log n).
    pub fn cancel(&mut self, handle: EventHandle) -> Option<E> {
        let place = self.place_of(handle)?;
        let last = self.shrink();
        if place != ROOT + self.len {
            self.replace(place, last);
        }
        self.release(handle.slot as usize)
    }

    /// Moves a pending event to another time, as if it had been pushed now; `false` if it has fired or
    /// was cancelled. O(log n).
    pub fn reschedule(&mut self, handle: EventHandle, time: SimTime) -> bool {
        // First, because taking a sequence number may renumber the keys.
        let sequence = self.take_sequence();
        let Some(place) = self.place_of(handle) else { return false };
        let order =
            phase_bits_of(self.at(place)) | (u64::from(sequence) << SLOT_BITS) | u64::from(handle.slot);
        self.replace(place, (u128::from(time.as_nanos()) << 64) | u128::from(order));
        true
    }

    /// The time at which a pending event is due; `None` if it has fired or was cancelled.
    #[must_use]
    pub fn time_of(&self, handle: EventHandle) -> Option<SimTime> {
        self.place_of(handle).map(|place| time_of(self.at(place)))
    }

    /// The pending events with their times, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (SimTime, &E)> {
        (ROOT..ROOT + self.len).filter_map(|place| {
            let key = self.at(place);
            self.slots[slot_of(key)].event.as_ref().map(|event| (time_of(key), event))
        })
    }

    fn at(&self, place: usize) -> Key {
        self.lines[place / 4].0[place % 4]
    }

    fn put(&mut self, place: usize, key: Key) {
        self.lines[place / 4].0[place % 4] = key;
        self.places[slot_of(key)] = place as u32;
    }

    fn place_of(&self, handle: EventHandle) -> Option<usize> {
        let slot = self.slots.get(handle.slot as usize)?;
        (slot.generation == handle.generation && slot.event.is_some())
            .then(|| self.places[handle.slot as usize] as usize)
    }

    /// Opens one more place at the end of the heap.
    fn grow(&mut self) -> usize {
        let place = ROOT + self.len;
        self.len += 1;
        if place / 4 == self.lines.len() {
            self.lines.push(Line([EMPTY; 4]));
        }
        place
    }

    /// Takes the last key off the heap.
    fn shrink(&mut self) -> Key {
        self.len -= 1;
        let place = ROOT + self.len;
        std::mem::replace(&mut self.lines[place / 4].0[place % 4], EMPTY)
    }

    fn release(&mut self, slot: usize) -> Option<E> {
        self.free.push(slot as u32);
        let slot = &mut self.slots[slot];
        slot.generation = slot.generation.wrapping_add(1);
        slot.event.take()
    }

    fn replace(&mut self, place: usize, key: Key) {
        if place > ROOT && key < self.at(parent(place)) {
            self.sift_up(place, key);
        } else {
            self.sift_down(place, key);
        }
    }

    fn sift_up(&mut self, mut place: usize, key: Key) {
        while place > ROOT {
            let above = parent(place);
            let other = self.at(above);
            if other < key {
                break;
            }
            self.put(place, other);
            place = above;
        }
        self.put(place, key);
    }

    /// The place and key of the least child of `place`, by a tournament within its line.
    fn least_child(&self, line: usize) -> (usize, Key) {
        let [a, b, c, d] = self.lines[line].0;
        let (left, left_key) = if b < a { (1, b) } else { (0, a) };
        let (right, right_key) = if d < c { (3, d) } else { (2, c) };
        if right_key < left_key { (line * 4 + right, right_key) } else { (line * 4 + left, left_key) }
    }

    /// Asks for the lines of all grandchildren of `place`, which lie side by side.
    fn prefetch_grandchildren(&self, line: usize) {
        let first = children_line(line * 4);
        if let Some(lines) = self.lines.get(first..first + 4) {
            lines.iter().for_each(prefetch);
        }
    }

    fn sift_down(&mut self, mut place: usize, key: Key) {
        loop {
            let line = children_line(place);
            if line >= self.lines.len() {
                break;
            }
            self.prefetch_grandchildren(line);
            let (child, child_key) = self.least_child(line);
            if key < child_key {
                break;
            }
            self.put(place, child_key);
            place = child;
        }
        self.put(place, key);
    }

    /// Moves the hole at the root to a leaf, then `key` up from there: the last key of a heap nearly
    /// always belongs near the bottom, and the way down needs no comparison with it.
    fn sift_down_from_root(&mut self, key: Key) {
        let mut place = ROOT;
        loop {
            let line = children_line(place);
            if line >= self.lines.len() {
                break;
            }
            self.prefetch_grandchildren(line);
            let (child, child_key) = self.least_child(line);
            if child_key == EMPTY {
                break;
            }
            self.put(place, child_key);
            place = child;
        }
        self.sift_up(place, key);
    }

    /// Asks for the events that may be next but one while the next is handled.
    fn prefetch_next(&self) {
        if let Some(line) = self.lines.get(children_line(ROOT)) {
            for key in line.0 {
                if let Some(slot) = self.slots.get(slot_of(key)) {
                    prefetch(slot);
                }
            }
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
        let mut keys: Vec<Key> = (ROOT..ROOT + self.len).map(|place| self.at(place)).collect();
        keys.sort_unstable();
        self.next_sequence = 0;
        for (index, old) in keys.into_iter().enumerate() {
            let order = phase_bits_of(old)
                | (u64::from(self.next_sequence) << SLOT_BITS)
                | (slot_of(old) as u64);
            self.next_sequence += 1;
            // A sorted array is a heap.
            self.put(ROOT + index, (old >> 64 << 64) | u128::from(order));
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
