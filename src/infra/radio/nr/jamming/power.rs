//! How the power of a jammer changes.

use crate::engine::EntityStream;
use rand::RngExt as _;
use smallvec::SmallVec;

/// A power over time, between two levels in dBm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Waveform {
    /// A sine in dB around the middle, from the middle upwards.
    Sine {
        /// Its period in seconds, above 0.
        period_s: f64,
    },
    /// So many equal steps from the lower to the upper level, and again: 2 or more.
    Steps {
        /// Seconds of all steps, above 0.
        period_s: f64,
        /// Number of steps.
        count: u32,
    },
    /// From the lower to the upper level in a straight line in dB, and again.
    Ramp {
        /// Its period in seconds, above 0.
        period_s: f64,
    },
    /// Steps up or down at random, turned back at both levels.
    Walk {
        /// Seconds between steps, above 0.
        interval_s: f64,
        /// Size of a step in dB, above 0.
        step_db: f64,
    },
}

/// Shares of a time and the power in dBm during each: the shares add up to 1.
pub type PowerLevels = SmallVec<[(f64, f64); 8]>;

/// Into how many levels a changing power is divided.
const LEVELS: u32 = 8;

/// A power that changes between two levels.
///
/// ```
/// use stratosim::infra::nr::{ModulatedPower, Waveform};
/// let ramp = ModulatedPower { least_dbm: 10.0, most_dbm: 30.0, waveform: Waveform::Ramp { period_s: 4.0 } };
/// assert_eq!(ramp.power_dbm(1.0, 0.0), 15.0);
/// assert_eq!(ramp.power_dbm(6.0, 0.0), 20.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModulatedPower {
    /// The lower level in dBm.
    pub least_dbm: f64,
    /// The upper level in dBm, no less.
    pub most_dbm: f64,
    /// How it goes between them.
    pub waveform: Waveform,
}

impl ModulatedPower {
    /// Power in dBm at a time in seconds. `walked_dbm` is the state of a random walk, as [`ModulatedPower::walk`] gives
    /// it; others ignore it.
    #[must_use]
    pub fn power_dbm(&self, time_s: f64, walked_dbm: f64) -> f64 {
        let range_db = self.most_dbm - self.least_dbm;
        let phase = |period_s: f64| (time_s / period_s).rem_euclid(1.0);
        match self.waveform {
            Waveform::Sine { period_s } => {
                let angle = 2.0 * std::f64::consts::PI * phase(period_s);
                self.least_dbm + 0.5 * range_db * (1.0 + angle.sin())
            }
            Waveform::Steps { period_s, count } => {
                let count = f64::from(count.max(2));
                let step = (phase(period_s) * count).floor().min(count - 1.0);
                self.least_dbm + range_db * step / (count - 1.0)
            }
            Waveform::Ramp { period_s } => self.least_dbm + range_db * phase(period_s),
            Waveform::Walk { .. } => walked_dbm.clamp(self.least_dbm, self.most_dbm),
        }
    }

    /// Seconds after which it comes again; those of a step for a random walk.
    #[must_use]
    pub fn cycle_s(&self) -> f64 {
        match self.waveform {
            Waveform::Sine { period_s }
            | Waveform::Steps { period_s, .. }
            | Waveform::Ramp { period_s } => period_s,
            Waveform::Walk { interval_s, .. } => interval_s,
        }
    }

    /// The power between two times in at most eight levels of equal shares: that in the middle of each part of the time, or
    /// of one period if the time is longer than one. Equal levels are one.
    #[must_use]
    pub fn levels(&self, from_s: f64, to_s: f64, walked_dbm: f64) -> PowerLevels {
        if matches!(self.waveform, Waveform::Walk { .. }) {
            return SmallVec::from_slice(&[(1.0, self.power_dbm(from_s, walked_dbm))]);
        }
        let length_s = (to_s - from_s).min(self.cycle_s());
        let mut levels = PowerLevels::new();
        for part in 0..LEVELS {
            let time_s = from_s + length_s * (f64::from(part) + 0.5) / f64::from(LEVELS);
            let dbm = self.power_dbm(time_s, walked_dbm);
            let share = 1.0 / f64::from(LEVELS);
            match levels.iter_mut().find(|level| level.1 == dbm) {
                Some(level) => level.0 += share,
                None => levels.push((share, dbm)),
            }
        }
        levels
    }

    /// The next state of a random walk after so many seconds, and the time that is left until its next step. One draw for
    /// each step.
    pub fn walk(
        &self,
        walked_dbm: f64,
        until_step_s: f64,
        duration_s: f64,
        random: &mut EntityStream,
    ) -> (f64, f64) {
        let Waveform::Walk { interval_s, step_db } = self.waveform else {
            return (walked_dbm, until_step_s);
        };
        let (mut dbm, mut left_s) = (walked_dbm, until_step_s - duration_s);
        while left_s <= 0.0 {
            let step_db = if random.random::<bool>() { step_db } else { -step_db };
            let next_dbm = dbm + step_db;
            let turned = next_dbm < self.least_dbm || next_dbm > self.most_dbm;
            dbm = if turned { dbm - step_db } else { next_dbm }.clamp(self.least_dbm, self.most_dbm);
            left_s += interval_s;
        }
        (dbm, left_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;

    fn power(waveform: Waveform) -> ModulatedPower {
        ModulatedPower { least_dbm: 10.0, most_dbm: 30.0, waveform }
    }

    /// By hand: a sine at a quarter of its period is at the top; three steps of 10 dB; eight levels of a ramp are the
    /// middles of its eighths.
    #[test]
    fn waveforms_are_those_of_hand_calculations() {
        let sine = power(Waveform::Sine { period_s: 8.0 });
        let at = |time_s| sine.power_dbm(time_s, 0.0);
        assert!(
            (at(0.0) - 20.0).abs() < 1e-9
                && (at(2.0) - 30.0).abs() < 1e-9
                && (at(6.0) - 10.0).abs() < 1e-9
        );
        let steps = power(Waveform::Steps { period_s: 3.0, count: 3 });
        assert_eq!(
            [0.5, 1.5, 2.5, 3.5].map(|time_s| steps.power_dbm(time_s, 0.0)),
            [10.0, 20.0, 30.0, 10.0]
        );
        let ramp = power(Waveform::Ramp { period_s: 1.0 });
        let levels = ramp.levels(0.0, 10.0, 0.0);
        assert_eq!(levels.len(), 8);
        assert!((levels[0].1 - 11.25).abs() < 1e-9 && (levels[7].1 - 28.75).abs() < 1e-9);
        assert_eq!(steps.levels(0.0, 0.9, 0.0).as_slice(), [(1.0, 10.0)]);
    }

    /// A walk of 5 dB on five levels is on each as often in the long run.
    #[test]
    fn walks_stay_between_their_levels() {
        let walk = power(Waveform::Walk { interval_s: 1.0, step_db: 5.0 });
        let mut random = RandomStreams::new(9).entity("walk", 0);
        let (mut dbm, mut left_s) = (20.0, 1.0);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..50_000 {
            (dbm, left_s) = walk.walk(dbm, left_s, 1.0, &mut random);
            *counts.entry(dbm as i32).or_insert(0) += 1;
        }
        assert_eq!(counts.keys().copied().collect::<Vec<i32>>(), [10, 15, 20, 25, 30]);
        // Turned back at both ends, these have half the time of the others.
        assert!((f64::from(counts[&20]) / 12_500.0 - 1.0).abs() < 0.06, "{counts:?}");
        assert!((f64::from(counts[&10]) / 6_250.0 - 1.0).abs() < 0.1, "{counts:?}");
    }
}
