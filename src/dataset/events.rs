//! Events of another table, by which windows are labelled.

/// Intervals of time, which may overlap; an instant is an interval that ends where it begins. Nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Intervals {
    /// Sorted by their beginnings: when each begins, and when the last of it and those before it ends.
    all: Vec<(u64, u64)>,
}

/// An interval that nothing ends.
pub(super) const NEVER: u64 = u64::MAX;

impl Intervals {
    pub(super) fn new(mut all: Vec<(u64, u64)>) -> Self {
        all.sort_unstable();
        let mut latest = 0;
        for (_, end) in &mut all {
            latest = latest.max(*end);
            *end = latest;
        }
        Intervals { all }
    }

    fn latest_end(&self, until: u64) -> Option<u64> {
        let count = self.all.partition_point(|(begin, _)| *begin <= until);
        Some(self.all.get(count.checked_sub(1)?)?.1)
    }

    /// Whether any of them is going on at this instant: its beginning belongs to it, its end does not.
    pub(super) fn hold_at(&self, time: u64) -> bool {
        self.latest_end(time).is_some_and(|end| end > time)
    }

    /// Whether any of them has a part after `after` and up to `until`.
    pub(super) fn meet(&self, after: u64, until: u64) -> bool {
        // An instant is met where its end, which is its beginning, lies after `after`.
        self.latest_end(until).is_some_and(|end| end > after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn looking_up_is_looking_at_all(
            pairs in prop::collection::vec((0_u64..50, 0_u64..20), 0..12),
            after in 0_u64..60,
            length in 0_u64..20,
        ) {
            let all: Vec<(u64, u64)> = pairs.iter().map(|(begin, length)| (*begin, begin + length)).collect();
            let intervals = Intervals::new(all.clone());
            let until = after + length;
            let meet = all.iter().any(|(begin, end)| *begin <= until && *end > after);
            prop_assert_eq!(intervals.meet(after, until), meet);
            let hold = all.iter().any(|(begin, end)| *begin <= after && *end > after);
            prop_assert_eq!(intervals.hold_at(after), hold);
        }
    }

    #[test]
    fn ends_are_where_they_are_said_to_be() {
        let fault = Intervals::new(vec![(10, 20), (30, NEVER)]);
        assert_eq!(
            [9, 10, 19, 20, 29, 30].map(|t| fault.hold_at(t)),
            [false, true, true, false, false, true]
        );
        let instant = Intervals::new(vec![(10, 10)]);
        assert!(!instant.hold_at(10));
        assert_eq!(
            [(0, 9), (0, 10), (9, 10), (10, 20)].map(|(a, u)| instant.meet(a, u)),
            [false, true, true, false]
        );
    }
}
