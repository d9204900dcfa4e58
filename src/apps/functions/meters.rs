//! Integrals over time of what pools of replicas do.

use super::report::Load;
use crate::engine::SimTime;

/// Seconds times numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Integrals {
    /// Replicas that hold memory.
    pub(super) held_s: f64,
    /// Of these, those that are there and do not start any more.
    pub(super) there_s: f64,
    /// Of these, those that serve at least one request.
    pub(super) busy_s: f64,
    /// Requests that wait.
    pub(super) queued_s: f64,
}

impl Integrals {
    fn add(&mut self, load: &Load, time_s: f64) {
        self.held_s += f64::from(load.held) * time_s;
        self.there_s += f64::from(load.held.saturating_sub(load.starting)) * time_s;
        self.busy_s += f64::from(load.busy) * time_s;
        self.queued_s += f64::from(load.queued) * time_s;
    }

    /// What has come since.
    pub(super) fn since(&self, before: &Integrals) -> Integrals {
        Integrals {
            held_s: self.held_s - before.held_s,
            there_s: self.there_s - before.there_s,
            busy_s: self.busy_s - before.busy_s,
            queued_s: self.queued_s - before.queued_s,
        }
    }

    /// Both together.
    pub(super) fn plus(&self, other: &Integrals) -> Integrals {
        Integrals {
            held_s: self.held_s + other.held_s,
            there_s: self.there_s + other.there_s,
            busy_s: self.busy_s + other.busy_s,
            queued_s: self.queued_s + other.queued_s,
        }
    }

    /// Part of the replicas that were there that was busy; `None` if there were none.
    pub(super) fn utilisation(&self) -> Option<f64> {
        (self.there_s > 0.0).then(|| self.busy_s / self.there_s)
    }
}

/// A pool over time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    load: Load,
    since: SimTime,
    all: Integrals,
    /// When the epoch began, and when the warm-up ended.
    at_epoch: Integrals,
    at_warm_up: Integrals,
}

impl Meter {
    fn pass(&mut self, until: SimTime) {
        let time_s = until.since(self.since).as_secs();
        self.all.add(&self.load, time_s);
        self.since = self.since.max(until);
    }

    /// Goes on to now.
    pub(super) fn settle(&mut self, now: SimTime, warm_up_end: SimTime) {
        if self.since < warm_up_end && now >= warm_up_end {
            self.pass(warm_up_end);
            self.at_warm_up = self.all;
        }
        self.pass(now);
    }

    /// The present is this from now on; what it was is returned.
    pub(super) fn set(&mut self, now: SimTime, load: Load, warm_up_end: SimTime) -> Load {
        self.settle(now, warm_up_end);
        std::mem::replace(&mut self.load, load)
    }

    /// What the epoch was like that ends now.
    pub(super) fn end_epoch(&mut self, now: SimTime, warm_up_end: SimTime) -> Integrals {
        self.settle(now, warm_up_end);
        let epoch = self.all.since(&self.at_epoch);
        self.at_epoch = self.all;
        epoch
    }

    /// All since the warm-up.
    pub(super) fn since_warm_up(&self) -> Integrals {
        self.all.since(&self.at_warm_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One replica from 0 s, busy from 2 s to 6 s with two waiting from 4 s on; a second one starts from 5 s on. The
    /// warm-up ends at 3 s, the first epoch at 4 s.
    #[test]
    fn integrals_by_hand() {
        let at = SimTime::from_secs;
        let warm_up_end = at(3.0);
        let mut meter = Meter::default();
        let mut load = Load { held: 1, ready: 1, ..Load::default() };
        let mut set = |meter: &mut Meter, now_s, change: fn(&mut Load)| {
            change(&mut load);
            meter.set(at(now_s), load, warm_up_end);
        };
        set(&mut meter, 0.0, |_| ());
        set(&mut meter, 2.0, |load| load.busy = 1);
        let first = meter.end_epoch(at(4.0), warm_up_end);
        assert_eq!(first, Integrals { held_s: 4.0, there_s: 4.0, busy_s: 2.0, queued_s: 0.0 });
        assert_eq!(first.utilisation(), Some(0.5));
        set(&mut meter, 4.0, |load| load.queued = 2);
        set(&mut meter, 5.0, |load| (load.held, load.starting) = (2, 1));
        set(&mut meter, 6.0, |load| load.busy = 0);
        let second = meter.end_epoch(at(8.0), warm_up_end);
        assert_eq!(second, Integrals { held_s: 7.0, there_s: 4.0, busy_s: 2.0, queued_s: 8.0 });
        let all = meter.since_warm_up();
        assert_eq!(all, Integrals { held_s: 8.0, there_s: 5.0, busy_s: 3.0, queued_s: 8.0 });
    }
}
