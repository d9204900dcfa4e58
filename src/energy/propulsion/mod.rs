//! What it takes to move: power of rotary wings and rovers over speed.

mod cells;
mod measured;
mod presets;
mod rotary;
mod rover;
mod simple;

pub use cells::{BatteryPack, CellTable, battery_packs};
pub use measured::MeasuredPower;
pub use presets::{PropulsionPreset, propulsion_preset, propulsion_presets};
pub use rotary::{BladePower, MomentumPower};
pub use rover::RollingPower;
pub use simple::{LiftToDragPower, LinearWeightPower};

use std::fmt;

/// Acceleration of gravity in m/s2.
pub const GRAVITY_M_PER_S2: f64 = 9.81;

/// How a vehicle moves at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moving {
    /// Horizontal speed through the air in m/s (>= 0).
    pub airspeed_m_per_s: f64,
    /// Speed over the ground in m/s (>= 0).
    pub ground_speed_m_per_s: f64,
    /// Rate of climb in m/s; below zero it descends.
    pub climb_m_per_s: f64,
    /// Change of the horizontal speed in m/s2; below zero it brakes.
    pub acceleration_m_per_s2: f64,
}

impl Moving {
    /// Level flight in still air at constant speed.
    #[must_use]
    pub fn level(speed_m_per_s: f64) -> Self {
        Moving {
            airspeed_m_per_s: speed_m_per_s,
            ground_speed_m_per_s: speed_m_per_s,
            ..Moving::default()
        }
    }
}

/// Power of a vehicle's motors over how it moves.
///
/// ```
/// use stratosim::energy::{Moving, Propulsion};
///
/// /// A craft that draws 200 W in the air, and 20 W for each metre a second of climb.
/// #[derive(Debug)]
/// struct Simple;
///
/// impl Propulsion for Simple {
///     fn power_w(&self, moving: &Moving) -> f64 {
///         200.0 + 20.0 * moving.climb_m_per_s.max(0.0)
///     }
/// }
///
/// assert_eq!(Simple.power_w(&Moving { climb_m_per_s: 2.0, ..Moving::default() }), 240.0);
/// assert_eq!(Simple.armed_w(), 0.0);
/// ```
pub trait Propulsion: fmt::Debug + Send + Sync {
    /// Watts in motion: of an aircraft in the air, of a rover while it is armed. At least 0 and finite.
    fn power_w(&self, moving: &Moving) -> f64;

    /// Watts of an aircraft that is armed and stands on the ground.
    fn armed_w(&self) -> f64 {
        0.0
    }
}

/// No power: a vehicle that runs on fuel.
#[derive(Clone, Copy, Debug)]
pub struct FuelPower;

impl Propulsion for FuelPower {
    fn power_w(&self, _: &Moving) -> f64 {
        0.0
    }
}
