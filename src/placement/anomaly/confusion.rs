//! A detector against the truth.

use crate::engine::SimTime;

/// What is counted of a detector. An episode is a run of jammed periods of a device; it ends with a clear period, or where
/// the device leaves.
#[derive(Clone, Debug, Default)]
pub struct Confusion {
    /// Periods of devices that were jammed, with an alarm.
    pub true_positives: u64,
    /// Clear ones with an alarm.
    pub false_positives: u64,
    /// Clear ones without one.
    pub true_negatives: u64,
    /// Jammed ones without one.
    pub false_negatives: u64,
    /// Alarms that began in a clear period.
    pub false_alarms: u64,
    /// Clear time of all devices, in seconds.
    pub clear_s: f64,
    /// Episodes.
    pub episodes: u64,
    /// Those with an alarm.
    pub detected: u64,
    /// Of each detected episode the seconds to its first alarm.
    delays_s: Vec<f64>,
    devices: Vec<Watch>,
}

/// A device as it was in its last period.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    jammed_since: Option<SimTime>,
    is_found: bool,
    alarm: bool,
}

impl Confusion {
    /// Counts a period of the device with this number; if the alarm is the first one of an episode, the seconds from the
    /// start of the episode's first period to the end of this one.
    pub fn count(
        &mut self,
        number: usize,
        (from, to): (SimTime, SimTime),
        alarm: bool,
        jammed: bool,
    ) -> Option<f64> {
        let counter = match (jammed, alarm) {
            (true, true) => &mut self.true_positives,
            (false, true) => &mut self.false_positives,
            (false, false) => &mut self.true_negatives,
            (true, false) => &mut self.false_negatives,
        };
        *counter += 1;
        let watch = super::of_device(&mut self.devices, number);
        let began = alarm && !watch.alarm;
        watch.alarm = alarm;
        if !jammed {
            self.false_alarms += u64::from(began);
            self.clear_s += to.since(from).as_secs();
            watch.jammed_since = None;
            return None;
        }
        let since = *watch.jammed_since.get_or_insert_with(|| {
            self.episodes += 1;
            watch.is_found = false;
            from
        });
        if !alarm || watch.is_found {
            return None;
        }
        watch.is_found = true;
        self.detected += 1;
        let delay_s = to.since(since).as_secs();
        self.delays_s.push(delay_s);
        Some(delay_s)
    }

    /// A device has left: its episode and its alarm are over.
    pub fn leave(&mut self, number: usize) {
        if let Some(watch) = self.devices.get_mut(number) {
            *watch = Watch::default();
        }
    }

    /// Share of the alarms that were right; `None` without any.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Share of the jammed periods with an alarm; `None` without any.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// Harmonic mean of precision and recall; `None` where nothing was jammed and there was no alarm.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        let wrong = self.false_positives + self.false_negatives;
        share(2 * self.true_positives, 2 * self.true_positives + wrong)
    }

    /// False alarms that begin in an hour of a device that is not jammed; `None` without such time.
    #[must_use]
    pub fn false_alarms_per_h(&self) -> Option<f64> {
        (self.clear_s > 0.0).then(|| self.false_alarms as f64 * 3600.0 / self.clear_s)
    }

    /// Mean seconds from the start of an episode to its first alarm, of those that have one.
    #[must_use]
    pub fn mean_delay_s(&self) -> Option<f64> {
        (self.detected > 0).then(|| self.delays_s.iter().sum::<f64>() / self.detected as f64)
    }

    /// The least of these delays that 95 % of them do not exceed.
    #[must_use]
    pub fn late_delay_s(&self) -> Option<f64> {
        let mut sorted = self.delays_s.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        // The smallest rank, counted from 1, of at least 95 %.
        let rank = (95 * sorted.len()).div_ceil(100);
        sorted.get(rank.checked_sub(1)?).copied()
    }
}

fn share(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts periods of 2 s of a device, given as pairs of alarm and jammed.
    fn run(confusion: &mut Confusion, number: usize, periods: &[(bool, bool)]) -> Vec<Option<f64>> {
        let time = |index: usize| SimTime::from_secs(2.0 * index as f64);
        let count = |(index, &(alarm, jammed)): (usize, &(bool, bool))| {
            confusion.count(number, (time(index), time(index + 1)), alarm, jammed)
        };
        periods.iter().enumerate().map(count).collect()
    }

    #[test]
    fn counts_are_those_by_hand() {
        let (o, x) = (false, true);
        let mut confusion = Confusion::default();
        // Six periods of two devices. The first: an episode that is found in its second period, then one that is not.
        // The second: a false alarm of two periods that runs into an episode, which is found at once, and one more.
        let first = run(&mut confusion, 3, &[(o, o), (o, x), (x, x), (x, x), (o, o), (o, x)]);
        assert_eq!(first, [None, None, Some(4.0), None, None, None]);
        let second = run(&mut confusion, 0, &[(x, o), (x, o), (x, x), (x, o), (o, o), (x, o)]);
        assert_eq!(second, [None, None, Some(2.0), None, None, None]);
        let counts = (
            confusion.true_positives,
            confusion.false_positives,
            confusion.true_negatives,
            confusion.false_negatives,
        );
        assert_eq!(counts, (3, 4, 3, 2));
        assert_eq!((confusion.episodes, confusion.detected, confusion.false_alarms), (3, 2, 2));
        assert_eq!(confusion.precision(), Some(3.0 / 7.0));
        assert_eq!(confusion.recall(), Some(3.0 / 5.0));
        assert_eq!(confusion.f1(), Some(6.0 / 12.0));
        // Seven clear periods of 2 s.
        assert_eq!(confusion.false_alarms_per_h(), Some(2.0 * 3600.0 / 14.0));
        assert_eq!(confusion.mean_delay_s(), Some(3.0));
        assert_eq!(confusion.late_delay_s(), Some(4.0));
    }

    /// Of 20 delays the 19th is not exceeded by 95 %, of 21 the 20th.
    #[test]
    fn late_delays_are_counted_not_estimated() {
        let mut confusion = Confusion::default();
        for (periods, late_s) in
            (1..=21).map(|periods| (periods, [38.0, 40.0][usize::from(periods == 21)]))
        {
            let mut run_of: Vec<(bool, bool)> = vec![(false, true); periods - 1];
            run_of.push((true, true));
            run(&mut confusion, periods, &run_of);
            if periods >= 20 {
                assert_eq!(confusion.late_delay_s(), Some(late_s));
            }
        }
    }

    #[test]
    fn without_anything_there_are_no_shares() {
        let confusion = Confusion::default();
        let shares = [confusion.precision(), confusion.recall(), confusion.f1()];
        assert_eq!(shares, [None; 3]);
        let others =
            [confusion.false_alarms_per_h(), confusion.mean_delay_s(), confusion.late_delay_s()];
        assert_eq!(others, [None; 3]);
    }

    #[test]
    fn an_episode_ends_where_the_device_leaves() {
        let mut confusion = Confusion::default();
        run(&mut confusion, 1, &[(true, true), (true, true)]);
        confusion.leave(1);
        confusion.leave(9);
        run(&mut confusion, 1, &[(true, true)]);
        assert_eq!((confusion.episodes, confusion.detected), (2, 2));
    }
}
