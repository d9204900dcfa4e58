//! The two wells of the kinetic battery model under a constant power, in closed form.
//!
//! With y the energy in both wells, y1 that of the available one, c its share of the capacity and P the power drawn,
//! y' = -P and, for the offset d = y1 - c y, d' = -k' d - (1 - c) P. Hence
//!
//! ```text
//! y(t) = y(0) - P t
//! d(t) = d(0) exp(-k' t) - (1 - c) P (1 - exp(-k' t)) / k'
//! ```
//!
//! which is the solution of Manwell and McGowan (1993) in other variables. The last fraction is t to rounding where k' t is
//! small, and is worked out without taking near numbers from each other, so that wells that hardly level are as exact as
//! others. An ideal battery has c = 1 and d = 0. Once a
//! charger has filled the available well it gives what flows over into the bound one: y approaches the capacity C by
//! y' = k' c (C - y).

use super::BatteryModel;

/// What the wells hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Store {
    /// Joules in both.
    pub(super) level_j: f64,
    /// Joules in the available one beyond its share of the level.
    pub(super) offset_j: f64,
}

impl Store {
    /// Wells at the same level.
    pub(super) fn balanced(level_j: f64) -> Self {
        Store { level_j, offset_j: 0.0 }
    }

    pub(super) fn available_j(&self, model: &BatteryModel) -> f64 {
        model.available_share * self.level_j + self.offset_j
    }

    /// Takes joules out of the available well at once.
    pub(super) fn take(&mut self, model: &BatteryModel, energy_j: f64) {
        self.level_j -= energy_j;
        self.offset_j -= (1.0 - model.available_share) * energy_j;
    }
}

/// The wells from an instant on, as long as the power stays the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow<'a> {
    model: &'a BatteryModel,
    start: Store,
    net_w: f64,
}

/// Newton's method on a function that is convex or concave, from the side from which it cannot overshoot. Ends when
/// rounding ends it.
fn newton(start: f64, value_and_slope: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut time = start;
    for _ in 0..64 {
        let (value, slope) = value_and_slope(time);
        let next = time - value / slope;
        if !next.is_finite() || (next - time).abs() <= f64::EPSILON * next.abs() {
            break;
        }
        time = next;
    }
    time
}

impl<'a> Flow<'a> {
    /// The flow if `net_w` watts leave the wells, or come in if below zero.
    pub(super) fn new(model: &'a BatteryModel, start: Store, net_w: f64) -> Self {
        Flow { model, start, net_w }
    }

    /// What the wells hold after a time in which the available one does not become full.
    fn unlimited(&self, seconds: f64) -> Store {
        let levelled = self.model.recovery_per_s * seconds;
        // A product so small that 1 is left of the exponential may have few digits itself.
        let flowing_s = if levelled < f64::EPSILON {
            seconds
        } else {
            -(-levelled).exp_m1() / self.model.recovery_per_s
        };
        let offset_j = self.start.offset_j * (-levelled).exp() - self.bound_w() * flowing_s;
        Store { level_j: self.start.level_j - self.net_w * seconds, offset_j }
    }

    /// Watts that the bound well would give if the levels were to stay as far apart as they are.
    fn bound_w(&self) -> f64 {
        (1.0 - self.model.available_share) * self.net_w
    }

    /// Watts by which the offset falls at the start.
    fn levelling_w(&self) -> f64 {
        self.model.recovery_per_s * self.start.offset_j + self.bound_w()
    }

    /// Energy in the available well after a time, less `goal_j`, and its slope.
    fn available_and_slope(&self, seconds: f64, goal_j: f64) -> (f64, f64) {
        let left = (-self.model.recovery_per_s * seconds).exp();
        let slope_w = -self.model.available_share * self.net_w - self.levelling_w() * left;
        (self.unlimited(seconds).available_j(self.model) - goal_j, slope_w)
    }

    /// Whether the energy in the available well is a convex function of time.
    fn is_convex(&self) -> bool {
        self.levelling_w() >= 0.0
    }

    /// When what is in the available well, now more than this, falls to it.
    pub(super) fn seconds_to_available(&self, goal_j: f64) -> Option<f64> {
        if self.net_w <= 0.0 {
            return None;
        }
        // By then there is nothing left in either well.
        let longest = self.start.level_j / self.net_w;
        let start = if self.is_convex() { 0.0 } else { longest };
        let seconds = newton(start, |seconds| self.available_and_slope(seconds, goal_j));
        Some(seconds.clamp(0.0, longest))
    }

    /// When the available well becomes full, while it is charged.
    fn seconds_to_full(&self) -> f64 {
        let room_j = self.model.capacity_j - self.start.level_j;
        let full_j = self.model.available_share * self.model.capacity_j;
        if self.start.available_j(self.model) >= full_j {
            // It stays full only if more comes than flows over into the bound well.
            let overflow_w = self.model.recovery_per_s * self.model.available_share * room_j;
            if -self.net_w >= overflow_w {
                return 0.0;
            }
        }
        // By then both wells are full.
        let longest = (room_j / -self.net_w).max(0.0);
        let start = if self.is_convex() { longest } else { 0.0 };
        newton(start, |seconds| self.available_and_slope(seconds, full_j)).clamp(0.0, longest)
    }

    /// What the wells hold after a time.
    pub(super) fn after(&self, seconds: f64) -> Store {
        if self.net_w >= 0.0 {
            return self.unlimited(seconds);
        }
        let to_full = self.seconds_to_full();
        if seconds <= to_full { self.unlimited(seconds) } else { self.overflowing(seconds - to_full) }
    }

    /// What the wells hold a time after the available one has become full.
    fn overflowing(&self, seconds: f64) -> Store {
        let room_j = (self.model.capacity_j - self.unlimited(self.seconds_to_full()).level_j).max(0.0);
        let rate_per_s = self.model.recovery_per_s * self.model.available_share;
        let room_j = if self.is_ideal() { 0.0 } else { room_j * (-rate_per_s * seconds).exp() };
        let level_j = self.model.capacity_j - room_j;
        Store { level_j, offset_j: self.model.available_share * room_j }
    }

    fn is_ideal(&self) -> bool {
        self.model.available_share >= 1.0
    }

    /// When the level has risen to this.
    pub(super) fn seconds_to_level(&self, goal_j: f64) -> Option<f64> {
        let missing_j = goal_j - self.start.level_j;
        if missing_j <= 0.0 {
            return Some(0.0);
        }
        if self.net_w >= 0.0 {
            return None;
        }
        let to_full = self.seconds_to_full();
        let at_full_j = self.unlimited(to_full).level_j;
        // An ideal battery is full but for rounding.
        if goal_j <= at_full_j || self.is_ideal() {
            return Some(missing_j / -self.net_w);
        }
        let left_j = self.model.capacity_j - goal_j;
        let rate_per_s = self.model.recovery_per_s * self.model.available_share;
        let seconds = to_full + ((goal_j - at_full_j) / left_j).ln_1p() / rate_per_s;
        seconds.is_finite().then_some(seconds)
    }
}
