//! What came to each stream, waited and was served in the last seconds or minutes, as autoscalers want to know it.

use crate::engine::SimTime;
use std::cell::Cell;
use std::collections::VecDeque;

/// What has come to a stream since the start, and its counts integrated over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Totals {
    /// Requests that came.
    arrived: f64,
    /// Of requests that wait or are served, in seconds.
    present_s: f64,
    /// Of requests that are served.
    served_s: f64,
    /// Of ready replicas.
    ready_s: f64,
}

impl Totals {
    fn zip(self, other: Totals, of: impl Fn(f64, f64) -> f64) -> Totals {
        Totals {
            arrived: of(self.arrived, other.arrived),
            present_s: of(self.present_s, other.present_s),
            served_s: of(self.served_s, other.served_s),
            ready_s: of(self.ready_s, other.ready_s),
        }
    }
}

/// A stream: its counts now, and its totals when these last changed.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    queued: u32,
    in_flight: u32,
    ready: u32,
    changed: SimTime,
    totals: Totals,
}

impl Counts {
    fn totals(&self, now: SimTime) -> Totals {
        let time_s = now.as_secs() - self.changed.as_secs();
        let present = f64::from(self.queued) + f64::from(self.in_flight);
        Totals {
            arrived: self.totals.arrived,
            present_s: self.totals.present_s + present * time_s,
            served_s: self.totals.served_s + f64::from(self.in_flight) * time_s,
            ready_s: self.totals.ready_s + f64::from(self.ready) * time_s,
        }
    }

    fn settle(&mut self, now: SimTime) {
        self.totals = self.totals(now);
        self.changed = now;
    }
}

/// Sliding windows of all streams. Requests are counted as they come and go; what was some time ago is known of the
/// instants that were [kept](Self::keep), and taken to be even between them. A window is thus exact if it is a multiple of the
/// time between questions.
#[derive(Debug)]
pub(super) struct Windows {
    start: SimTime,
    streams: Vec<Counts>,
    kept: VecDeque<(SimTime, Vec<Totals>)>,
    /// The longest window that was asked for, in seconds.
    longest_s: Cell<f64>,
}

impl Windows {
    pub(super) fn new(streams: usize, start: SimTime) -> Self {
        let streams = vec![Counts { changed: start, ..Counts::default() }; streams];
        Windows { start, streams, kept: VecDeque::new(), longest_s: Cell::new(0.0) }
    }

    /// A request has come to a stream's node, and waits if only for no time.
    pub(super) fn queue(&mut self, stream: usize, now: SimTime) {
        let own = &mut self.streams[stream];
        own.settle(now);
        own.totals.arrived += 1.0;
        own.queued += 1;
    }

    /// A request that waited is served from now on.
    pub(super) fn start(&mut self, stream: usize, now: SimTime) {
        let own = &mut self.streams[stream];
        own.settle(now);
        own.queued = own.queued.saturating_sub(1);
        own.in_flight += 1;
    }

    /// A request that waited does so no more, and is not served.
    pub(super) fn give_up(&mut self, stream: usize, now: SimTime) {
        let own = &mut self.streams[stream];
        own.settle(now);
        own.queued = own.queued.saturating_sub(1);
    }

    /// A request is served no more.
    pub(super) fn end(&mut self, stream: usize, now: SimTime) {
        let own = &mut self.streams[stream];
        own.settle(now);
        own.in_flight = own.in_flight.saturating_sub(1);
    }

    /// So many replicas are ready from now on.
    pub(super) fn set_ready(&mut self, stream: usize, now: SimTime, ready: u32) {
        let own = &mut self.streams[stream];
        own.settle(now);
        own.ready = ready;
    }

    /// Replicas that are ready.
    pub(super) fn ready(&self, stream: usize) -> u32 {
        self.streams[stream].ready
    }

    /// Requests that wait.
    pub(super) fn queued(&self, stream: usize) -> u32 {
        self.streams[stream].queued
    }

    /// Requests that are served.
    pub(super) fn in_flight(&self, stream: usize) -> u32 {
        self.streams[stream].in_flight
    }

    /// Keeps what is known now for later questions, and forgets what is older than any window.
    pub(super) fn keep(&mut self, now: SimTime) {
        let oldest_s = now.as_secs() - self.longest_s.get();
        while self.kept.get(1).is_some_and(|(second, _)| second.as_secs() <= oldest_s) {
            self.kept.pop_front();
        }
        self.kept.push_back((now, self.streams.iter().map(|own| own.totals(now)).collect()));
    }

    /// What a stream had by an instant.
    fn by(&self, stream: usize, now: SimTime, then_s: f64) -> Totals {
        let after = self.kept.partition_point(|(at, _)| at.as_secs() <= then_s);
        let (from_s, from) = match after.checked_sub(1).and_then(|before| self.kept.get(before)) {
            Some((at, totals)) => (at.as_secs(), totals[stream]),
            None => (self.start.as_secs(), Totals::default()),
        };
        let (until_s, until) = match self.kept.get(after) {
            Some((at, totals)) => (at.as_secs(), totals[stream]),
            None => (now.as_secs(), self.streams[stream].totals(now)),
        };
        if until_s <= from_s {
            return from;
        }
        let part = ((then_s - from_s) / (until_s - from_s)).clamp(0.0, 1.0);
        from.zip(until, |from, until| from + part * (until - from))
    }

    /// What has come to a stream in a window up to now, and the length of it, which is at most that of the run so far.
    fn window(&self, stream: usize, now: SimTime, window_s: f64) -> (Totals, f64) {
        self.longest_s.set(self.longest_s.get().max(window_s));
        let length_s = window_s.min(now.as_secs() - self.start.as_secs());
        let before = self.by(stream, now, now.as_secs() - length_s);
        let totals = self.streams[stream].totals(now);
        (totals.zip(before, |end, start| (end - start).max(0.0)), length_s)
    }

    /// Requests that came per second of a window; none of a window of no length.
    pub(super) fn arrivals_rps(&self, stream: usize, now: SimTime, window_s: f64) -> f64 {
        let (totals, length_s) = self.window(stream, now, window_s);
        if length_s > 0.0 { totals.arrived / length_s } else { 0.0 }
    }

    /// Mean number of requests that waited or were served; those of now in a window of no length.
    pub(super) fn concurrency(&self, stream: usize, now: SimTime, window_s: f64) -> f64 {
        let (totals, length_s) = self.window(stream, now, window_s);
        let own = &self.streams[stream];
        if length_s > 0.0 {
            totals.present_s / length_s
        } else {
            f64::from(own.queued) + f64::from(own.in_flight)
        }
    }

    /// Part of the requests that the ready replicas could serve at once, `each` by each of them, that they did serve; 0
    /// without any.
    pub(super) fn busy_share(&self, stream: usize, now: SimTime, window_s: f64, each: u32) -> f64 {
        let (totals, length_s) = self.window(stream, now, window_s);
        let own = &self.streams[stream];
        let (served, ready) = if length_s > 0.0 {
            (totals.served_s, totals.ready_s)
        } else {
            (f64::from(own.in_flight), f64::from(own.ready))
        };
        if ready > 0.0 { (served / (ready * f64::from(each.max(1)))).min(1.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    #[track_caller]
    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    /// One request waits from 1 to 3 s and is served until 7 s, another from 4 s on; two replicas from 2 s on.
    #[test]
    fn windows_by_hand() {
        let mut windows = Windows::new(2, SimTime::ZERO);
        for tick in 0..=10 {
            let now = at(f64::from(tick));
            match tick {
                1 => windows.queue(1, now),
                2 => windows.set_ready(1, now, 2),
                3 => windows.start(1, now),
                4 => {
                    windows.queue(1, now);
                    windows.start(1, now);
                }
                7 => windows.end(1, now),
                _ => {}
            }
            if tick % 2 == 0 {
                windows.keep(now);
                // Asked for at each instant, so that it is kept for as long.
                let _ = windows.concurrency(1, now, 6.0);
            }
        }
        let now = at(10.0);
        // 6 s of the first, 6 of the second.
        close(windows.concurrency(1, now, 10.0), 12.0 / 10.0);
        close(windows.concurrency(1, now, 100.0), 12.0 / 10.0);
        // From 4 s on: 3 s and 6 s; from 6 s on 1 s and 4 s.
        close(windows.concurrency(1, now, 6.0), 9.0 / 6.0);
        close(windows.concurrency(1, now, 4.0), 5.0 / 4.0);
        close(windows.busy_share(1, now, 4.0, 1), 5.0 / 8.0);
        close(windows.busy_share(1, now, 4.0, 2), 5.0 / 16.0);
        close(windows.arrivals_rps(1, now, 6.0), 0.0);
        close(windows.arrivals_rps(1, now, 8.0), 1.0 / 8.0);
        close(windows.arrivals_rps(1, now, 10.0), 2.0 / 10.0);
        // Half of what came between 6 and 8 s: 3 s in all.
        close(windows.concurrency(1, now, 3.0), 3.5 / 3.0);
        close(windows.concurrency(1, now, 0.0), 1.0);
        close(windows.busy_share(1, now, 0.0, 1), 0.5);
        assert_eq!((windows.queued(1), windows.in_flight(1), windows.ready(1)), (0, 1, 2));
        close(windows.concurrency(0, now, 10.0), 0.0);
        close(windows.busy_share(0, now, 10.0, 1), 0.0);
    }

    /// What is older than the longest window is forgotten, but for the instant that it begins with.
    #[test]
    fn old_instants_are_forgotten() {
        let mut windows = Windows::new(1, SimTime::ZERO);
        for tick in 0..100 {
            windows.keep(at(f64::from(tick)));
            let _ = windows.concurrency(0, at(f64::from(tick)), 5.0);
        }
        assert_eq!(windows.kept.len(), 6);
        assert_eq!(windows.kept[0].0, at(94.0));
    }

    /// Who gives up waits no more, and was not served.
    #[test]
    fn giving_up() {
        let mut windows = Windows::new(1, at(5.0));
        windows.queue(0, at(6.0));
        windows.give_up(0, at(8.0));
        close(windows.concurrency(0, at(10.0), 60.0), 2.0 / 5.0);
        close(windows.arrivals_rps(0, at(10.0), 60.0), 1.0 / 5.0);
        assert_eq!(windows.queued(0), 0);
    }
}
