//! When a jammer sends: pulses, random times, sweeps, reactions.

use crate::engine::EntityStream;
use rand::RngExt as _;
use rand_distr::{Distribution as _, Exp1};

/// Seconds between two times in which a periodic pulse is on: periods start at 0, each with its pulse.
///
/// ```
/// use stratosim::infra::nr::pulse_on_s;
/// // Pulses of 1 ms every 4 ms: from 0.5 ms to 9 ms these are 0.5 ms, 1 ms and 1 ms.
/// assert!((pulse_on_s(4e-3, 0.25, 0.5e-3, 9e-3) - 2.5e-3).abs() < 1e-15);
/// ```
#[must_use]
pub fn pulse_on_s(period_s: f64, duty: f64, from_s: f64, to_s: f64) -> f64 {
    let pulse_s = period_s * duty;
    let until = |time_s: f64| {
        let whole = (time_s / period_s).floor();
        whole * pulse_s + (time_s - whole * period_s).min(pulse_s)
    };
    until(to_s) - until(from_s)
}

/// How long a random jammer stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durations {
    /// Exponential: it forgets how long it has been on.
    #[default]
    Exponential,
    /// Uniform from 0 to twice the mean.
    Uniform,
}

/// A process that is on and off for random times.
///
/// ```
/// use stratosim::engine::RandomStreams;
/// use stratosim::infra::nr::{Durations, OnOffProcess};
/// let mut random = RandomStreams::new(1).entity("jammer", 0);
/// let mut process = OnOffProcess::new(1.0, 3.0, Durations::Exponential, &mut random);
/// let on_s: f64 = (0..40_000).map(|_| process.advance(1.0, &mut random)).sum();
/// assert!((on_s / 40_000.0 - 0.25).abs() < 0.01);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnOffProcess {
    mean_on_s: f64,
    mean_off_s: f64,
    durations: Durations,
    is_on: bool,
    /// Seconds that the present state still lasts.
    rest_s: f64,
}

impl OnOffProcess {
    /// A process that starts on with the probability that it has in the long run. Two draws.
    #[must_use]
    pub fn new(
        mean_on_s: f64,
        mean_off_s: f64,
        durations: Durations,
        random: &mut EntityStream,
    ) -> Self {
        let is_on = random.random::<f64>() * (mean_on_s + mean_off_s) < mean_on_s;
        let mut process = OnOffProcess { mean_on_s, mean_off_s, durations, is_on, rest_s: 0.0 };
        process.rest_s = process.draw(random);
        process
    }

    fn draw(&self, random: &mut EntityStream) -> f64 {
        let mean_s = if self.is_on { self.mean_on_s } else { self.mean_off_s };
        let unit: f64 = match self.durations {
            Durations::Exponential => Exp1.sample(random),
            Durations::Uniform => 2.0 * random.random::<f64>(),
        };
        // Never 0, so that time goes on.
        (mean_s * unit).max(1e-9)
    }

    /// Whether it is on now.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Lets so many seconds pass, and returns how many of them it was on. One draw for each change.
    pub fn advance(&mut self, duration_s: f64, random: &mut EntityStream) -> f64 {
        let (mut left_s, mut on_s) = (duration_s, 0.0);
        while left_s > 0.0 {
            let part_s = left_s.min(self.rest_s);
            if self.is_on {
                on_s += part_s;
            }
            left_s -= part_s;
            self.rest_s -= part_s;
            if self.rest_s <= 0.0 {
                self.is_on = !self.is_on;
                self.rest_s = self.draw(random);
            }
        }
        on_s
    }
}

/// Where a sweeping jammer is: a band that moves up from the lower end of a range, and starts again there when it
/// reaches the upper end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sweep {
    /// Lower end of the range in hertz.
    pub from_hz: f64,
    /// Upper end of the range in hertz, above the lower one.
    pub to_hz: f64,
    /// Width of the band in hertz, above 0 and no more than the range's.
    pub band_hz: f64,
    /// How fast it moves in hertz per second, above 0.
    pub rate_hz_per_s: f64,
}

/// How a sweep meets a band over some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepOverlap {
    /// Share of the time in which it is in the band at least in part, 0 to 1.
    pub on: f64,
    /// Mean width that it has in the band while it is in it, in hertz.
    pub width_hz: f64,
}

impl Sweep {
    /// Seconds from one end of the range to the other.
    #[must_use]
    pub fn cycle_s(&self) -> f64 {
        ((self.to_hz - self.from_hz - self.band_hz) / self.rate_hz_per_s).max(1e-9)
    }

    /// Seconds that it stays over one frequency in each cycle.
    #[must_use]
    pub fn dwell_s(&self) -> f64 {
        self.band_hz / self.rate_hz_per_s
    }

    /// How it meets the band from `low_hz` to `high_hz` between two times: exactly, whole and broken cycles.
    ///
    /// ```
    /// use stratosim::infra::nr::Sweep;
    /// let sweep = Sweep { from_hz: 0.0, to_hz: 110.0, band_hz: 10.0, rate_hz_per_s: 100.0 };
    /// // The band from 40 to 60 is touched while the lower edge is between 30 and 60, and covers 20 x 10 of 30.
    /// let met = sweep.overlap(40.0, 60.0, 0.0, 7.0);
    /// assert!((met.on - 0.3).abs() < 1e-12);
    /// assert!((met.width_hz - 200.0 / 30.0).abs() < 1e-9);
    /// ```
    #[must_use]
    pub fn overlap(&self, low_hz: f64, high_hz: f64, from_s: f64, to_s: f64) -> SweepOverlap {
        let none = SweepOverlap { on: 0.0, width_hz: 0.0 };
        let duration_s = to_s - from_s;
        let span_hz = self.to_hz - self.from_hz - self.band_hz;
        if duration_s <= 0.0 || high_hz <= low_hz {
            return none;
        }
        if span_hz <= 0.0 {
            // It fills its range, and stands.
            let width_hz = high_hz.min(self.to_hz) - low_hz.max(self.from_hz);
            return if width_hz > 0.0 { SweepOverlap { on: 1.0, width_hz } } else { none };
        }
        // Integrals over the lower edge from the range's lower end to x: of the width, and of being there at all.
        let width =
            |edge_hz: f64| ((edge_hz + self.band_hz).min(high_hz) - edge_hz.max(low_hz)).max(0.0);
        let mut corners = [low_hz - self.band_hz, low_hz, high_hz - self.band_hz, high_hz];
        corners.sort_unstable_by(f64::total_cmp);
        let until = |edge_hz: f64| {
            let (mut area, mut start) = (0.0, self.from_hz);
            for corner in corners.into_iter().chain([f64::INFINITY]) {
                let end = corner.min(edge_hz);
                if end > start {
                    // Linear between corners.
                    area += 0.5 * (width(start) + width(end)) * (end - start);
                    start = end;
                }
            }
            let touched = edge_hz.min(high_hz) - self.from_hz.max(low_hz - self.band_hz);
            (area, touched.max(0.0))
        };
        let whole = until(self.from_hz + span_hz);
        let at = |time_s: f64| {
            let moved_hz = time_s * self.rate_hz_per_s;
            let cycles = (moved_hz / span_hz).floor();
            let part = until(self.from_hz + (moved_hz - cycles * span_hz));
            (cycles * whole.0 + part.0, cycles * whole.1 + part.1)
        };
        let (start, end) = (at(from_s), at(to_s));
        let (area, touched) = (end.0 - start.0, end.1 - start.1);
        if touched <= 0.0 {
            return none;
        }
        let on = (touched / (duration_s * self.rate_hz_per_s)).clamp(0.0, 1.0);
        SweepOverlap { on, width_hz: area / touched }
    }

    /// Share of the time between two times in which its lower edge is between two frequencies; 0 of one that stands.
    ///
    /// ```
    /// use stratosim::infra::nr::Sweep;
    /// let sweep = Sweep { from_hz: 0.0, to_hz: 110.0, band_hz: 10.0, rate_hz_per_s: 100.0 };
    /// assert!((sweep.share_at(30.0, 60.0, 0.0, 7.0) - 0.3).abs() < 1e-12);
    /// // In the first fifth of a cycle it comes to 20 only.
    /// assert!((sweep.share_at(10.0, 60.0, 0.0, 0.2) - 0.5).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn share_at(&self, low_hz: f64, high_hz: f64, from_s: f64, to_s: f64) -> f64 {
        let span_hz = self.to_hz - self.from_hz - self.band_hz;
        if to_s <= from_s || span_hz <= 0.0 {
            return 0.0;
        }
        let until = |edge_hz: f64| (edge_hz.min(high_hz) - low_hz.max(self.from_hz)).max(0.0);
        let at = |time_s: f64| {
            let moved_hz = time_s * self.rate_hz_per_s;
            let cycles = (moved_hz / span_hz).floor();
            cycles * until(self.from_hz + span_hz) + until(self.from_hz + moved_hz - cycles * span_hz)
        };
        ((at(to_s) - at(from_s)) / ((to_s - from_s) * self.rate_hz_per_s)).clamp(0.0, 1.0)
    }
}

/// How a reactive jammer hits: it listens, and sends when it hears its victim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reaction {
    /// Power in dBm that it must receive of the victim.
    pub threshold_dbm: f64,
    /// Seconds from the start of a transmission until it sends, 0 or more.
    pub sense_s: f64,
    /// Seconds that it then sends, 0 or more.
    pub stay_s: f64,
    /// Probability that it reacts to a transmission at all, 0 to 1.
    pub probability: f64,
}

impl Reaction {
    /// Share of the victim's time on air that is hit, if its transmissions last so long and arrive with so many dBm.
    ///
    /// ```
    /// use stratosim::infra::nr::Reaction;
    /// let reaction = Reaction { threshold_dbm: -80.0, sense_s: 1e-4, stay_s: 1.0, probability: 0.5 };
    /// // Of half a millisecond the first tenth is missed, and half of all transmissions.
    /// assert!((reaction.hit(5e-4, -70.0) - 0.4).abs() < 1e-12);
    /// assert_eq!(reaction.hit(5e-4, -81.0), 0.0);
    /// ```
    #[must_use]
    pub fn hit(&self, burst_s: f64, sensed_dbm: f64) -> f64 {
        if sensed_dbm < self.threshold_dbm || burst_s <= 0.0 {
            return 0.0;
        }
        self.probability * (burst_s - self.sense_s).clamp(0.0, self.stay_s) / burst_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;
    use proptest::prelude::*;

    /// Uniform and exponential times have their means in the long run, and changes come as often as they should.
    #[test]
    fn random_times_have_their_means() {
        for durations in [Durations::Exponential, Durations::Uniform] {
            let mut random = RandomStreams::new(3).entity("on-off", 0);
            let mut process = OnOffProcess::new(0.02, 0.03, durations, &mut random);
            let (mut on_s, mut changes, mut before) = (0.0, 0, process.is_on());
            for _ in 0..1_000_000 {
                on_s += process.advance(0.001, &mut random);
                changes += u32::from(process.is_on() != before);
                before = process.is_on();
            }
            assert!((on_s / 1000.0 - 0.4).abs() < 0.01, "{durations:?} {on_s}");
            // 40 changes a second; some come back within a millisecond.
            assert!((33_000..41_000).contains(&changes), "{durations:?} {changes}");
        }
    }

    proptest! {
        /// Sums over pieces are the whole, and agree with looking at many instants.
        #[test]
        fn pulses_and_sweeps_are_exact(
            period_s in 0.001..5.0_f64,
            duty in 0.0..1.0_f64,
            from_s in 0.0..10.0_f64,
            first_s in 0.0..3.0_f64,
            second_s in 0.01..3.0_f64,
            low_hz in -50.0..150.0_f64,
            width_hz in 1.0..120.0_f64,
            band_hz in 1.0..90.0_f64,
        ) {
            let (middle_s, to_s) = (from_s + first_s, from_s + first_s + second_s);
            let parts = pulse_on_s(period_s, duty, from_s, middle_s) + pulse_on_s(period_s, duty, middle_s, to_s);
            let whole = pulse_on_s(period_s, duty, from_s, to_s);
            prop_assert!((parts - whole).abs() < 1e-9);
            prop_assert!(whole >= -1e-12 && whole <= to_s - from_s + 1e-9);

            let sweep = Sweep { from_hz: 0.0, to_hz: 100.0, band_hz, rate_hz_per_s: 70.0 };
            let high_hz = low_hz + width_hz;
            let met = sweep.overlap(low_hz, high_hz, from_s, to_s);
            let (mut on, mut area, count) = (0.0, 0.0, 20_000);
            for step in 0..count {
                let time_s = from_s + (to_s - from_s) * (f64::from(step) + 0.5) / f64::from(count);
                let edge_hz = (time_s * 70.0).rem_euclid(100.0 - band_hz);
                let width_hz = (edge_hz + band_hz).min(high_hz) - edge_hz.max(low_hz);
                if width_hz > 0.0 {
                    on += 1.0 / f64::from(count);
                    area += width_hz / f64::from(count);
                }
            }
            prop_assert!((met.on - on).abs() < 0.002, "{:?} {}", met, on);
            prop_assert!((met.on * met.width_hz - area).abs() < 0.02 * band_hz + 1e-3, "{:?} {}", met, area);
        }
    }
}
