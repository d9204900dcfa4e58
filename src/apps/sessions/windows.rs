//! What an instance remembers of the last while: latencies of its users, and its load.

use crate::engine::{SimDuration, SimTime};
use std::collections::VecDeque;

/// A request that was answered.
#[derive(Clone, Copy, Debug)]
struct Answered {
    at: SimTime,
    user: u32,
    latency_s: f32,
}

/// Latencies of the requests of the last while.
#[derive(Debug, Default)]
pub(super) struct LatencyWindow(VecDeque<Answered>);

impl LatencyWindow {
    /// A request was answered at `at`; what is older than `window` is forgotten.
    pub(super) fn add(&mut self, at: SimTime, user: u32, latency_s: f64, window: SimDuration) {
        while self.0.front().is_some_and(|oldest| at.since(oldest.at) > window) {
            self.0.pop_front();
        }
        self.0.push_back(Answered { at, user, latency_s: latency_s as f32 });
    }

    /// Adds those that are not older than `window`, each with its user.
    pub(super) fn within(&self, now: SimTime, window: SimDuration, out: &mut Vec<(u32, f32)>) {
        let young = self.0.iter().rev().take_while(|own| now.since(own.at) <= window);
        out.extend(young.map(|own| (own.user, own.latency_s)));
    }
}

/// Parts of a window, in each of which the area under the load is noted at two changes that follow each other.
const PARTS: usize = 8;
/// As many as reach back over more than a window.
const NOTES: usize = 2 * PARTS + 4;

/// The mean of a load over the last while. Loads stay as they are between changes, so that the area under them is exact; at
/// the early end of the window it is interpolated between two notes, which are no further apart than a part of the window,
/// but where the load did not change for longer.
#[derive(Debug)]
pub(super) struct LoadWindow {
    began: SimTime,
    since: SimTime,
    load: f64,
    /// Load times seconds up to `since`.
    area: f64,
    notes: [(SimTime, f64); NOTES],
    noted: usize,
}

impl LoadWindow {
    /// No load, from now on.
    pub(super) fn new(now: SimTime) -> Self {
        LoadWindow { began: now, since: now, load: 0.0, area: 0.0, notes: [(now, 0.0); NOTES], noted: 1 }
    }

    /// From now on the load is this.
    pub(super) fn set(&mut self, now: SimTime, load: f64, window: SimDuration) {
        let (last, _) = self.notes[self.noted - 1];
        let is_due =
            now.since(last).as_nanos().saturating_mul(PARTS as u64) >= window.as_nanos() && now > last;
        if is_due && self.since > last {
            self.note(self.since, self.area);
        }
        self.area += self.load * now.since(self.since).as_secs();
        (self.since, self.load) = (now, load);
        if is_due {
            self.note(now, self.area);
        }
    }

    fn note(&mut self, time: SimTime, area: f64) {
        if self.noted == self.notes.len() {
            self.notes.copy_within(1.., 0);
            self.noted -= 1;
        }
        self.notes[self.noted] = (time, area);
        self.noted += 1;
    }

    /// The mean over `window`, or since it began.
    pub(super) fn mean(&self, now: SimTime, window: SimDuration) -> f64 {
        let area_now = self.area + self.load * now.since(self.since).as_secs();
        let start =
            SimTime::from_nanos(now.as_nanos().saturating_sub(window.as_nanos())).max(self.began);
        let span_s = now.since(start).as_secs();
        if span_s <= 0.0 {
            return self.load;
        }
        ((area_now - self.area_at(start, now, area_now)) / span_s).max(0.0)
    }

    fn area_at(&self, start: SimTime, now: SimTime, area_now: f64) -> f64 {
        // After the last change the area grows evenly.
        if start >= self.since {
            return self.area + self.load * start.since(self.since).as_secs();
        }
        let notes = &self.notes[..self.noted];
        let ends = [(self.since, self.area), (now, area_now)];
        let mut before = notes[0];
        for &(time, area) in notes.iter().chain(&ends) {
            if time >= start {
                let span_s = time.since(before.0).as_secs();
                let share = if span_s > 0.0 { start.since(before.0).as_secs() / span_s } else { 1.0 };
                return before.1 + (area - before.1) * share.min(1.0);
            }
            before = (time, area);
        }
        area_now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secs(seconds: f64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    #[test]
    fn latencies_older_than_the_window_do_not_count() {
        let window = SimDuration::from_secs(10.0);
        let mut latencies = LatencyWindow::default();
        for (at_s, user) in [(0.0, 1), (4.0, 2), (11.0, 1)] {
            latencies.add(secs(at_s), user, at_s, window);
        }
        let mut found = Vec::new();
        latencies.within(secs(14.0), window, &mut found);
        assert_eq!(found, [(1, 11.0), (2, 4.0)]);
        found.clear();
        latencies.within(secs(14.5), window, &mut found);
        assert_eq!(found, [(1, 11.0)]);
        assert_eq!(latencies.0.len(), 2);
    }

    #[test]
    fn the_mean_load_is_the_area_over_the_window() {
        let window = SimDuration::from_secs(8.0);
        let mut load = LoadWindow::new(secs(0.0));
        assert_eq!(load.mean(secs(4.0), window), 0.0);
        load.set(secs(4.0), 1.0, window);
        // Two of six seconds, then two of eight.
        assert!((load.mean(secs(6.0), window) - 1.0 / 3.0).abs() < 1e-12);
        load.set(secs(6.0), 0.0, window);
        assert!((load.mean(secs(10.0), window) - 0.25).abs() < 1e-12);
        // Half of the busy time has gone.
        assert!((load.mean(secs(13.0), window) - 0.125).abs() < 1e-12);
        assert_eq!(load.mean(secs(30.0), window), 0.0);
    }

    proptest! {
        /// Beside the exact mean over the window: off by no more than what can be between two notes.
        #[test]
        fn the_mean_load_is_near_that_of_all_changes(
            changes in prop::collection::vec((0.01..3.0f64, 0.0..1.0f64), 1..200),
            after_s in 0.0..5.0f64,
        ) {
            let window = SimDuration::from_secs(8.0);
            let mut load = LoadWindow::new(secs(0.0));
            let mut now_s = 0.0;
            let mut pieces = vec![(0.0, 0.0)];
            for (gap_s, value) in changes {
                now_s += gap_s;
                load.set(secs(now_s), value, window);
                pieces.push((now_s, value));
            }
            let end_s = now_s + after_s;
            let start_s = (end_s - 8.0).max(0.0);
            let ends = pieces.iter().skip(1).map(|own| own.0).chain([end_s]);
            let area: f64 = pieces.iter().zip(ends)
                .map(|(&(from_s, value), to_s)| value * (to_s.min(end_s) - from_s.max(start_s)).max(0.0))
                .sum();
            let exact = area / (end_s - start_s).max(1e-9);
            let found = load.mean(secs(end_s), window);
            // Within a part of the window it is interpolated, of a load in 0..=1.
            prop_assert!((found - exact).abs() <= 1.0 / 8.0 + 1e-9, "{} for {}", found, exact);
            prop_assert!((0.0..=1.0 + 1e-9).contains(&found));
        }
    }
}
