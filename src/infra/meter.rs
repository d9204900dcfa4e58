//! What each node has done and used: busy cores, power, energy.

use crate::engine::SimTime;

/// The meter of one node.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    since: SimTime,
    busy_cores: f64,
    power_w: f64,
    busy_core_s: f64,
    energy_j: f64,
}

impl Meter {
    /// A meter of a node that idles from the start, drawing `power_w`.
    pub(super) fn new(power_w: f64) -> Self {
        Meter { since: SimTime::ZERO, busy_cores: 0.0, power_w, busy_core_s: 0.0, energy_j: 0.0 }
    }

    /// From `now` on, `busy_cores` are busy and `power_w` watts are drawn.
    pub(super) fn set(&mut self, now: SimTime, busy_cores: f64, power_w: f64) {
        let seconds = now.since(self.since).as_secs();
        self.busy_core_s += self.busy_cores * seconds;
        self.energy_j += self.power_w * seconds;
        (self.since, self.busy_cores, self.power_w) = (now, busy_cores, power_w);
    }

    /// Adds energy that was used at once.
    pub(super) fn add_energy(&mut self, energy_j: f64) {
        self.energy_j += energy_j;
    }

    /// Cores busy now, over all processors of the node.
    #[must_use]
    pub fn busy_cores(&self) -> f64 {
        self.busy_cores
    }

    /// Watts drawn now.
    #[must_use]
    pub fn power_w(&self) -> f64 {
        self.power_w
    }

    /// Core-seconds of work since the start.
    #[must_use]
    pub fn busy_core_s(&self, now: SimTime) -> f64 {
        self.busy_core_s + self.busy_cores * now.since(self.since).as_secs()
    }

    /// Joules used since the start.
    #[must_use]
    pub fn energy_j(&self, now: SimTime) -> f64 {
        self.energy_j + self.power_w * now.since(self.since).as_secs()
    }
}

/// Cores of a tier, all and busy, kept as nodes change.
#[derive(Clone, Copy, Debug, Default)]
pub struct TierLoad {
    /// Nodes in all.
    pub nodes: u32,
    /// Cores of all nodes.
    pub cores: f64,
    /// Cores that are busy.
    pub busy_cores: f64,
}

impl TierLoad {
    /// Share of the cores that is busy, in 0..=1; zero of an empty tier.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        if self.cores > 0.0 { self.busy_cores / self.cores } else { 0.0 }
    }
}
