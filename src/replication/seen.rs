//! Which operations have been executed.

use std::collections::BTreeMap;

/// Bytes of a span of numbers in a snapshot.
const SPAN_BYTES: u64 = 20;

/// Operations by origin and number, as spans of numbers: origins count theirs without gaps, so that only those that were given
/// up leave any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// For each origin the spans in ascending order, first and last numbers.
    by_origin: BTreeMap<u32, Vec<(u64, u64)>>,
    count: u64,
}

impl Seen {
    /// Whether it was not there.
    pub(super) fn insert(&mut self, origin: u32, number: u64) -> bool {
        let spans = self.by_origin.entry(origin).or_default();
        let at = spans.partition_point(|&(_, last)| last < number);
        if spans.get(at).is_some_and(|&(first, _)| first <= number) {
            return false;
        }
        self.count += 1;
        let joins_before = at > 0 && spans[at - 1].1 + 1 == number;
        let joins_after = spans.get(at).is_some_and(|&(first, _)| number + 1 == first);
        match (joins_before, joins_after) {
            (true, true) => {
                spans[at - 1].1 = spans[at].1;
                spans.remove(at);
            }
            (true, false) => spans[at - 1].1 = number,
            (false, true) => spans[at].0 = number,
            (false, false) => spans.insert(at, (number, number)),
        }
        true
    }

    pub(super) fn has(&self, origin: u32, number: u64) -> bool {
        let Some(spans) = self.by_origin.get(&origin) else { return false };
        let at = spans.partition_point(|&(_, last)| last < number);
        spans.get(at).is_some_and(|&(first, _)| first <= number)
    }

    /// Up to which number all of an origin are there, from 1.
    pub(super) fn all_up_to(&self, origin: u32) -> u64 {
        let first = self.by_origin.get(&origin).and_then(|spans| spans.first());
        first.filter(|span| span.0 <= 1).map_or(0, |span| span.1)
    }

    /// Takes in all of another.
    pub(super) fn extend(&mut self, other: &Seen) {
        for (&origin, spans) in &other.by_origin {
            for &(first, last) in spans {
                let mut number = first;
                while number <= last {
                    self.insert(origin, number);
                    number += 1;
                }
            }
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn bytes(&self) -> u64 {
        SPAN_BYTES * self.by_origin.values().map(|spans| spans.len() as u64).sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// Spans are a set of numbers.
        #[test]
        fn spans_are_a_set(numbers in prop::collection::vec((0..3u32, 1..30u64), 0..80)) {
            let (mut own, mut set) = (Seen::default(), BTreeSet::new());
            for &(origin, number) in &numbers {
                prop_assert_eq!(own.insert(origin, number), set.insert((origin, number)));
            }
            for origin in 0..3 {
                for number in 0..32 {
                    prop_assert_eq!(own.has(origin, number), set.contains(&(origin, number)));
                }
                let gap = (1..).find(|&number| !set.contains(&(origin, number))).unwrap();
                prop_assert_eq!(own.all_up_to(origin), gap - 1);
            }
            prop_assert_eq!(own.count(), set.len() as u64);
            let mut other = Seen::default();
            other.extend(&own);
            prop_assert_eq!(other, own);
        }
    }
}
