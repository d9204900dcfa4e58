//! Power as a function of utilisation.

/// Linear in utilisation: `idle + (busy - idle) * utilisation` watts, the model of CloudSim's
/// `PowerModelLinear` and of most of the field.
///
/// ```
/// use stratosim::energy::PowerModel;
/// let server = PowerModel { idle_w: 100.0, busy_w: 250.0 };
/// assert_eq!(server.power_w(0.5), 175.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PowerModel {
    /// Watts when nothing runs.
    pub idle_w: f64,
    /// Watts when all cores are busy.
    pub busy_w: f64,
}

impl PowerModel {
    /// Watts at a utilisation in 0..=1; values outside are taken as the nearer end.
    #[must_use]
    pub fn power_w(&self, utilisation: f64) -> f64 {
        self.idle_w + (self.busy_w - self.idle_w) * utilisation.clamp(0.0, 1.0)
    }

    /// Joules that `core_seconds` of work cost above idling on a node with `cores` cores.
    #[must_use]
    pub fn dynamic_energy_j(&self, core_seconds: f64, cores: f64) -> f64 {
        if cores > 0.0 { (self.busy_w - self.idle_w) * core_seconds / cores } else { 0.0 }
    }
}
