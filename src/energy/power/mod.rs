//! Power: what a node draws at a load, by models with published equations and by named presets.

mod models;
mod node;
mod presets;
mod servers;

pub use models::{BudgetPower, CmosPower, ExponentPower, LinearPower, TablePower};
pub use node::{AcceleratorPower, NodePower};
pub use presets::{PowerPreset, power_preset, power_presets};

use super::frequency::OperatingPoint;
use std::fmt;

/// What a node does, as a [`PowerModel`] sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Busy share of the cores, in 0..=1.
    pub utilisation: f64,
    /// Busy share of the accelerators, in 0..=1; 0 if there are none.
    pub accelerator_utilisation: f64,
    /// Clock and voltage at which the cores run; `None` for a node without frequency steps.
    pub point: Option<OperatingPoint>,
    /// `V^2 f` of that point over the same of the fastest one, in 0..=1: the share of its full dynamic power
    /// that a busy core draws. 1 for a node without frequency steps.
    pub dynamic_share: f64,
}

impl Load {
    /// This share of the cores is busy, at the one frequency there is, and no accelerators.
    ///
    /// ```
    /// use stratosim::energy::{LinearPower, Load, PowerModel};
    /// let server = LinearPower { idle_w: 100.0, busy_w: 250.0 };
    /// assert_eq!(server.power_w(&Load::of(0.5)), 175.0);
    /// ```
    #[must_use]
    pub fn of(utilisation: f64) -> Self {
        Load { utilisation, accelerator_utilisation: 0.0, point: None, dynamic_share: 1.0 }
    }
}

/// What makes no power model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PowerError {
    /// A value that is no power or no coefficient of one.
    #[error("{what} is {found}; it must be a number of at least 0")]
    OutOfRange {
        /// What the value is.
        what: &'static str,
        /// The value.
        found: f64,
    },
    /// A table that says nothing between idle and full load.
    #[error("a table of {0} points gives no curve; it needs at least 2, for idle and full load")]
    FewPoints(usize),
}

/// `value`, if it is finite and not negative.
fn not_negative(what: &'static str, value: f64) -> Result<f64, PowerError> {
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(PowerError::OutOfRange { what, found: value })
    }
}

/// Watts as a function of what a node does.
///
/// ```
/// use stratosim::energy::{Load, PowerModel};
///
/// /// Two sockets, the second of which wakes above half load.
/// #[derive(Debug)]
/// struct TwoSockets;
///
/// impl PowerModel for TwoSockets {
///     fn power_w(&self, load: &Load) -> f64 {
///         if load.utilisation > 0.5 { 200.0 } else { 120.0 }
///     }
/// }
/// assert_eq!(TwoSockets.power_w(&Load::of(0.75)), 200.0);
/// ```
pub trait PowerModel: fmt::Debug + Send + Sync {
    /// Watts at this load. A utilisation outside of 0..=1 is to be taken as the nearer end.
    fn power_w(&self, load: &Load) -> f64;

    /// Joules that `core_seconds` of work of one core cost above idling on a node of `cores` cores that does
    /// nothing else: the difference of the power of one busy core to that of none, over that time.
    fn dynamic_energy_j(&self, core_seconds: f64, cores: f64) -> f64 {
        if cores > 0.0 {
            (self.power_w(&Load::of(1.0 / cores)) - self.power_w(&Load::of(0.0))) * core_seconds
        } else {
            0.0
        }
    }
}
