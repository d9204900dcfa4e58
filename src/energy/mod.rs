//! Energy: what power a load draws and at what frequency, and what a battery has left.

mod battery;
mod frequency;
mod power;

pub use battery::Battery;
pub use frequency::{
    FrequencyError, FrequencyPreset, FrequencySteps, JobClass, OperatingPoint, Performance, beta_time,
    frequency_preset, frequency_presets, job_energy_j,
};
pub use power::{
    AcceleratorPower, BudgetPower, CmosPower, ExponentPower, LinearPower, Load, NodePower, PowerError,
    PowerModel, PowerPreset, TablePower, power_preset, power_presets,
};
