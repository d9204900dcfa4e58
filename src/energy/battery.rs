//! A battery that is drained at a piecewise constant power, so that its end is solved, not sampled.

use crate::engine::{SimDuration, SimTime};

/// An ideal energy store: its level falls by the integral of the power drawn.
///
/// ```
/// use stratosim::energy::Battery;
/// use stratosim::engine::SimTime;
/// let mut battery = Battery::new(100.0, 1.0);
/// battery.set_power(SimTime::ZERO, 2.0);
/// assert_eq!(battery.empty_at(), SimTime::from_secs(50.0));
/// battery.set_power(SimTime::from_secs(10.0), 8.0); // 80 J left
/// assert_eq!(battery.empty_at(), SimTime::from_secs(20.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Battery {
    capacity_j: f64,
    level_j: f64,
    power_w: f64,
    since: SimTime,
}

impl Battery {
    /// A battery of `capacity_j` joules filled to `level`, a share in 0..=1, from which nothing is drawn.
    #[must_use]
    pub fn new(capacity_j: f64, level: f64) -> Self {
        let level_j = capacity_j * level.clamp(0.0, 1.0);
        Battery { capacity_j, level_j, power_w: 0.0, since: SimTime::ZERO }
    }

    /// From `now` on, `power_w` watts are drawn.
    pub fn set_power(&mut self, now: SimTime, power_w: f64) {
        self.level_j = self.level_j(now);
        self.since = now;
        self.power_w = power_w;
    }

    /// Takes `energy_j` joules at once, as a transmission does, or what is left; returns what it took.
    pub fn take(&mut self, now: SimTime, energy_j: f64) -> f64 {
        self.set_power(now, self.power_w);
        let taken_j = energy_j.min(self.level_j);
        self.level_j -= taken_j;
        taken_j
    }

    /// Joules left at `now`.
    #[must_use]
    pub fn level_j(&self, now: SimTime) -> f64 {
        (self.level_j - self.power_w * now.since(self.since).as_secs()).max(0.0)
    }

    /// Share of the capacity that is left at `now`, in 0..=1.
    #[must_use]
    pub fn level(&self, now: SimTime) -> f64 {
        if self.capacity_j > 0.0 { self.level_j(now) / self.capacity_j } else { 0.0 }
    }

    /// When the battery will be empty if the power stays as it is; [`SimTime::MAX`] if nothing is drawn.
    #[must_use]
    pub fn empty_at(&self) -> SimTime {
        if self.power_w > 0.0 {
            self.since + SimDuration::from_secs_ceil(self.level_j / self.power_w)
        } else if self.level_j > 0.0 {
            SimTime::MAX
        } else {
            self.since
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energy_is_the_integral_of_power() {
        let mut battery = Battery::new(1000.0, 0.5);
        battery.set_power(SimTime::ZERO, 1.5);
        assert_eq!(battery.take(SimTime::from_secs(100.0), 50.0), 50.0);
        battery.set_power(SimTime::from_secs(200.0), 0.0);
        // 500 - 1.5 * 200 - 50
        assert!((battery.level_j(SimTime::from_secs(900.0)) - 150.0).abs() < 1e-9);
        assert_eq!(battery.empty_at(), SimTime::MAX);
        assert!((battery.take(SimTime::from_secs(900.0), 1e9) - 150.0).abs() < 1e-9);
        assert_eq!(battery.empty_at(), SimTime::from_secs(900.0));
        assert_eq!(battery.level(SimTime::from_secs(901.0)), 0.0);
    }
}
