//! The cores of a node that are taken as time goes on.

/// Cores in use over time: a step function that ends at 0.
///
/// ```
/// use stratosim::placement::workflows::Timeline;
/// let mut node = Timeline::default();
/// node.book(0.0, 10.0, 2);
/// node.book(15.0, 20.0, 1);
/// // Of two cores none is free before 10 s, and both are from then to 15 s.
/// assert_eq!(node.earliest(0.0, 5.0, 2, 2), Some(10.0));
/// assert_eq!(node.earliest(0.0, 6.0, 2, 2), Some(20.0));
/// assert_eq!(node.earliest(0.0, 6.0, 1, 2), Some(10.0));
/// assert_eq!(node.earliest(0.0, 1.0, 3, 2), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Times, ascending, and the cores in use from each on; none before the first.
    steps: Vec<(f64, u32)>,
}

impl Timeline {
    /// The first time from `ready_s` on at which so many of `capacity` cores are free for `duration_s`, in a gap, too;
    /// `None` if there are not that many.
    #[must_use]
    pub fn earliest(&self, ready_s: f64, duration_s: f64, cores: u32, capacity: u32) -> Option<f64> {
        if cores > capacity {
            return None;
        }
        let mut start_s = ready_s;
        let mut next = self.steps.partition_point(|step| step.0 <= ready_s);
        let mut used = next.checked_sub(1).map_or(0, |before| self.steps[before].1);
        loop {
            let is_full = used + cores > capacity;
            let Some(&(time_s, from_then)) = self.steps.get(next) else { return Some(start_s) };
            if !is_full && time_s >= start_s + duration_s {
                return Some(start_s);
            }
            if is_full {
                start_s = time_s;
            }
            used = from_then;
            next += 1;
        }
    }

    /// Takes so many cores from `start_s` to `end_s`.
    pub fn book(&mut self, start_s: f64, end_s: f64, cores: u32) {
        if !(end_s > start_s && end_s.is_finite()) {
            return;
        }
        let first = self.cut(start_s);
        let last = self.cut(end_s);
        self.steps[first..last].iter_mut().for_each(|step| step.1 += cores);
    }

    /// The place of the step that begins at a time, which is made if there is none.
    fn cut(&mut self, time_s: f64) -> usize {
        let place = self.steps.partition_point(|step| step.0 < time_s);
        if self.steps.get(place).is_none_or(|step| step.0 > time_s) {
            let used = place.checked_sub(1).map_or(0, |before| self.steps[before].1);
            self.steps.insert(place, (time_s, used));
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What is booked where it fits never takes more than there is, and never starts later than the last end.
        #[test]
        fn bookings_fit_and_do_not_wait_for_nothing(
            wanted in prop::collection::vec((0u32..20, 1u32..10, 1u32..4), 1..30),
        ) {
            let mut line = Timeline::default();
            let mut booked: Vec<(f64, f64, u32)> = Vec::new();
            for (ready, duration, cores) in wanted {
                let (ready, duration) = (f64::from(ready), f64::from(duration));
                let start = line.earliest(ready, duration, cores, 3).unwrap();
                let used_at = |time: f64| -> u32 {
                    booked.iter().filter(|own| own.0 <= time && time < own.1).map(|own| own.2).sum()
                };
                // Times are whole, so that the middles of seconds tell all.
                let fits = |from: f64| {
                    (0..duration as u32).all(|second| used_at(from + f64::from(second) + 0.5) + cores <= 3)
                };
                prop_assert!(start >= ready && fits(start));
                for earlier in ready as u32..start as u32 {
                    prop_assert!(!fits(f64::from(earlier)), "{} would do, too", earlier);
                }
                line.book(start, start + duration, cores);
                booked.push((start, start + duration, cores));
            }
        }
    }
}
