//! A battery that is drained and charged at piecewise constant powers, so that what happens to it is solved, not
//! sampled.

#[cfg(test)]
mod tests;
mod wells;

use crate::engine::{SimDuration, SimTime};
use wells::{Flow, Store};

/// What a battery is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatteryModel {
    /// Energy when full, in joules.
    pub capacity_j: f64,
    /// Share of the capacity from which a load is fed at once, above 0 and at most 1: the size of the available
    /// well of the kinetic battery model. 1 is an ideal battery, all of whose energy is at hand.
    pub available_share: f64,
    /// Rate at which the wells level out, in 1/s (k' of the model); without meaning for an ideal battery.
    pub recovery_per_s: f64,
    /// Share of the available well at which a load is no longer fed, in 0..1.
    pub dead_level: f64,
}

impl BatteryModel {
    /// An ideal battery: its level falls by the integral of the power drawn, down to nothing.
    #[must_use]
    pub fn ideal(capacity_j: f64) -> Self {
        BatteryModel { capacity_j, available_share: 1.0, recovery_per_s: 0.0, dead_level: 0.0 }
    }

    /// The kinetic battery model of Manwell and McGowan (Solar Energy 50(5), 1993): a share of the energy is
    /// available at once, the rest is bound and follows at a rate in proportion to the difference of the levels of
    /// both. What a high power leaves behind is there after a rest.
    #[must_use]
    pub fn two_wells(capacity_j: f64, available_share: f64, recovery_per_s: f64) -> Self {
        BatteryModel { capacity_j, available_share, recovery_per_s, dead_level: 0.0 }
    }
}

/// A store of energy.
///
/// ```
/// use stratosim::energy::{Battery, BatteryModel};
/// use stratosim::engine::SimTime;
/// let mut battery = Battery::new(BatteryModel::ideal(100.0), 1.0);
/// battery.set_power(SimTime::ZERO, 2.0, 0.0);
/// assert_eq!(battery.empty_at(), SimTime::from_secs(50.0));
/// battery.set_power(SimTime::from_secs(10.0), 8.0, 0.0); // 80 J left
/// assert_eq!(battery.empty_at(), SimTime::from_secs(20.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Battery {
    model: BatteryModel,
    store: Store,
    load_w: f64,
    charge_w: f64,
    charged_j: f64,
    since: SimTime,
}

impl Battery {
    /// A battery filled to `level`, a share in 0..=1, in both wells alike, from which nothing is drawn.
    #[must_use]
    pub fn new(model: BatteryModel, level: f64) -> Self {
        let store = Store::balanced(model.capacity_j * level.clamp(0.0, 1.0));
        Battery { model, store, load_w: 0.0, charge_w: 0.0, charged_j: 0.0, since: SimTime::ZERO }
    }

    /// What it is.
    #[must_use]
    pub fn model(&self) -> &BatteryModel {
        &self.model
    }

    /// From `now` on, `load_w` watts are drawn, and a charger gives up to `charge_w` watts, first to the load.
    pub fn set_power(&mut self, now: SimTime, load_w: f64, charge_w: f64) {
        self.advance(now);
        (self.load_w, self.charge_w) = (load_w, charge_w);
    }

    /// Takes `energy_j` joules at once, as a transmission does, or what is at hand; returns what it took.
    pub fn take(&mut self, now: SimTime, energy_j: f64) -> f64 {
        self.advance(now);
        let at_hand_j = self.store.available_j(&self.model) - self.dead_j();
        let taken_j = energy_j.min(at_hand_j.max(0.0));
        self.store.take(&self.model, taken_j);
        taken_j
    }

    /// Fills or empties the battery to `level`, a share in 0..=1, in both wells alike.
    pub fn set_level(&mut self, now: SimTime, level: f64) {
        self.advance(now);
        self.store = Store::balanced(self.model.capacity_j * level.clamp(0.0, 1.0));
    }

    /// Changes the capacity to `capacity_j` joules (> 0); what is left stays, as far as it fits.
    pub fn set_capacity(&mut self, now: SimTime, capacity_j: f64) {
        self.advance(now);
        self.model.capacity_j = capacity_j;
        if self.store.level_j > capacity_j {
            self.store = Store::balanced(capacity_j);
        }
    }

    /// Joules left at `now`, in both wells.
    #[must_use]
    pub fn level_j(&self, now: SimTime) -> f64 {
        self.at(now).level_j.max(0.0)
    }

    /// Share of the capacity that is left at `now`, in 0..=1.
    #[must_use]
    pub fn level(&self, now: SimTime) -> f64 {
        if self.model.capacity_j > 0.0 { self.level_j(now) / self.model.capacity_j } else { 0.0 }
    }

    /// Joules that a load could draw at `now` without a rest.
    #[must_use]
    pub fn available_j(&self, now: SimTime) -> f64 {
        (self.at(now).available_j(&self.model) - self.dead_j()).max(0.0)
    }

    /// Joules that a charger has given until `now`, to the load or to the battery.
    #[must_use]
    pub fn charged_j(&self, now: SimTime) -> f64 {
        self.charged_j + self.given_j(now)
    }

    /// When a load can be fed no longer if the powers stay as they are; [`SimTime::MAX`] if it can for ever.
    #[must_use]
    pub fn empty_at(&self) -> SimTime {
        if self.store.available_j(&self.model) <= self.dead_j() {
            return if self.net_w() > 0.0 || self.store.level_j <= 0.0 {
                self.since
            } else {
                SimTime::MAX
            };
        }
        let flow = Flow::new(&self.model, self.store, self.net_w());
        self.later(flow.seconds_to_available(self.dead_j()))
    }

    /// When the level falls to this share of the capacity if the powers stay as they are; [`SimTime::MAX`] if it
    /// does not, or is there already.
    #[must_use]
    pub fn falls_to(&self, level: f64) -> SimTime {
        let above_j = self.store.level_j - level * self.model.capacity_j;
        let seconds = above_j / self.net_w();
        self.later((above_j > 0.0 && seconds > 0.0).then_some(seconds))
    }

    /// When the level rises to this share of the capacity, at most 1, if the powers stay as they are;
    /// [`SimTime::MAX`] if it does not.
    #[must_use]
    pub fn rises_to(&self, level: f64) -> SimTime {
        let flow = Flow::new(&self.model, self.store, self.net_w());
        self.later(flow.seconds_to_level(level.min(1.0) * self.model.capacity_j))
    }

    fn dead_j(&self) -> f64 {
        self.model.dead_level * self.model.available_share * self.model.capacity_j
    }

    /// Watts that leave the wells; below zero while they are charged.
    fn net_w(&self) -> f64 {
        self.load_w - self.charge_w
    }

    fn at(&self, now: SimTime) -> Store {
        let flow = Flow::new(&self.model, self.store, self.net_w());
        flow.after(now.since(self.since).as_secs())
    }

    /// What the charger has given since the powers were set.
    fn given_j(&self, now: SimTime) -> f64 {
        if self.charge_w > 0.0 {
            let drawn_j = self.load_w * now.since(self.since).as_secs();
            (self.at(now).level_j - self.store.level_j + drawn_j).max(0.0)
        } else {
            0.0
        }
    }

    fn advance(&mut self, now: SimTime) {
        self.charged_j += self.given_j(now);
        self.store = self.at(now);
        self.since = now;
    }

    fn later(&self, seconds: Option<f64>) -> SimTime {
        seconds.map_or(SimTime::MAX, |seconds| self.since + SimDuration::from_secs_ceil(seconds))
    }
}
