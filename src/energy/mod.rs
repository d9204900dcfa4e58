//! Energy: what power a load draws and at what frequency, what a battery has left, what the energy of a site
//! costs by signals such as prices, and what a service level that was not kept costs.

mod battery;
mod frequency;
mod power;
mod propulsion;
mod signal;
mod site;
pub mod sla;

pub use battery::{Battery, BatteryModel};
pub use frequency::{
    FrequencyError, FrequencyPreset, FrequencySteps, JobClass, OperatingPoint, Performance, beta_time,
    frequency_preset, frequency_presets, job_energy_j,
};
pub use power::{
    AcceleratorPower, BudgetPower, CmosPower, ExponentPower, LinearPower, Load, NodePower, PowerError,
    PowerModel, PowerPreset, TablePower, power_preset, power_presets,
};
pub use propulsion::{
    BatteryPack, BladePower, CellTable, FuelPower, GRAVITY_M_PER_S2, LiftToDragPower, LinearWeightPower,
    MeasuredPower, MomentumPower, Moving, Propulsion, PropulsionPreset, RollingPower, battery_packs,
    propulsion_preset, propulsion_presets,
};
pub use signal::{Interpolation, Outside, Piece, Signal, SignalError};
pub use site::{EnergyFlows, Generation, SiteAccount, SiteBattery, SiteError, SiteSpec, SiteTotals};
