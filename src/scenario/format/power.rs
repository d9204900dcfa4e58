//! Power and frequency of node classes.

use super::root::PowerKind;
use crate::energy::frequency_presets;
use crate::scenario::{Duration, Frequency, Power, Ratio};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Linear in utilisation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinearPowerSpec {
    /// When nothing runs.
    pub idle: Power,
    /// When all cores are busy.
    pub busy: Power,
}

/// Idle power, and the rest by the square of utilisation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SquarePowerSpec {
    /// When nothing runs.
    pub idle: Power,
    /// When all cores are busy.
    pub busy: Power,
}

/// Idle power, and the rest by the cube of utilisation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CubicPowerSpec {
    /// When nothing runs.
    pub idle: Power,
    /// When all cores are busy.
    pub busy: Power,
}

/// Idle power, and the rest by the square root of utilisation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SquareRootPowerSpec {
    /// When nothing runs.
    pub idle: Power,
    /// When all cores are busy.
    pub busy: Power,
}

/// Measured points at evenly spaced utilisations, linear between them, as SPECpower has eleven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TablePowerSpec {
    /// Power at utilisations from 0 to 1.
    #[schemars(length(min = 2))]
    pub points: Vec<Power>,
}

/// Static power plus K u V^2 f, with K of the whole node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CmosPowerSpec {
    /// K in watts for a gigahertz and a volt squared.
    #[schemars(range(min = 0.0))]
    pub coefficient_w_per_ghz_v2: f64,
    /// Power when nothing runs.
    #[serde(rename = "static")]
    pub static_power: Power,
    /// Clock, if the class has no frequency steps.
    #[serde(default)]
    pub frequency: Option<Frequency>,
    /// Voltage in volt at that clock.
    #[serde(default)]
    pub voltage: Option<f64>,
}

/// Static power plus C V^2 f of each busy core, with C as Linux has it for ARM cores
/// (dynamic-power-coefficient).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorePowerSpec {
    /// C in microwatts for a megahertz and a volt squared.
    #[schemars(range(min = 0.0))]
    pub coefficient_uw_per_mhz_v2: f64,
    /// Power of the node when nothing runs.
    #[serde(rename = "static", default)]
    pub static_power: Power,
    /// Clock, if the class has no frequency steps.
    #[serde(default)]
    pub frequency: Option<Frequency>,
    /// Voltage in volt at that clock.
    #[serde(default)]
    pub voltage: Option<f64>,
}

/// A module with a power budget: from idle to all of it as the busier of cores and accelerators gets busy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetPowerSpec {
    /// When nothing runs.
    pub idle: Power,
    /// When cores or accelerators are busy.
    pub budget: Power,
}

/// What each accelerator of a kind draws, beside what the model says of the node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceleratorPowerSpec {
    /// When no job holds it.
    pub idle: Power,
    /// When a job holds it.
    pub busy: Power,
}

/// What may stand beside any power model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PowerStatesSpec {
    /// Power asleep.
    pub sleep: Power,
    /// Power switched off.
    pub off: Power,
    /// Whether a node of which nothing is busy counts as switched off.
    pub off_when_idle: bool,
    /// Power of each accelerator by kind, to be added; none if the model has it all.
    pub accelerators: BTreeMap<String, AcceleratorPowerSpec>,
}

impl PowerKind {
    /// Linear from idle to busy.
    pub(crate) fn linear(idle_w: f64, busy_w: f64) -> Self {
        let (idle, busy) = (Power::from_watts(idle_w), Power::from_watts(busy_w));
        PowerKind(serde_json::json!({ "kind": "linear", "idle": idle, "busy": busy }))
    }

    /// The preset that it names instead of a kind.
    pub(crate) fn preset(&self) -> Option<&str> {
        self.0.get("preset")?.as_str()
    }
}

/// A frequency and the voltage at it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatingPointSpec {
    /// Clock frequency.
    pub frequency: Frequency,
    /// Supply voltage in volt.
    pub voltage: f64,
}

/// What a frequency does to the time that jobs take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PerformanceSpec {
    /// t(f) = t(fmax) (beta (fmax / f - 1) + 1), with a beta for each class of jobs.
    Beta {
        /// Beta of jobs bound by the cores.
        #[serde(default = "compute_beta")]
        compute: Ratio,
        /// Beta of jobs between the two.
        #[serde(default = "hybrid_beta")]
        hybrid: Ratio,
        /// Beta of jobs bound by memory.
        #[serde(default = "memory_beta")]
        memory: Ratio,
    },
    /// Measured times at each step over that at the fastest.
    Table {
        /// Times of jobs bound by the cores.
        compute: Vec<f64>,
        /// Times of jobs between the two.
        hybrid: Vec<f64>,
        /// Times of jobs bound by memory.
        memory: Vec<f64>,
    },
}

fn compute_beta() -> Ratio {
    Ratio::from_fraction(1.0)
}

fn hybrid_beta() -> Ratio {
    Ratio::from_fraction(0.55)
}

fn memory_beta() -> Ratio {
    Ratio::from_fraction(0.2)
}

/// The name of a frequency preset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrequencyPresetName(pub String);

impl JsonSchema for FrequencyPresetName {
    fn schema_name() -> Cow<'static, str> {
        "FrequencyPresetName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = frequency_presets().iter().map(|preset| preset.name).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// Frequency steps of a class: those of a preset, or given one by one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FrequencySpec {
    /// Steps and performance of a real machine.
    pub preset: Option<FrequencyPresetName>,
    /// The steps by rising frequency; `mips_per_core` is the speed at the last.
    pub steps: Option<Vec<OperatingPointSpec>>,
    /// The number of the step at which nodes start, 0 being the slowest; the fastest if left out.
    pub initial: Option<u32>,
    /// What a frequency does to jobs; the preset's, or the beta model, if left out.
    pub performance: Option<PerformanceSpec>,
}

/// What may stand beside any frequency governor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GovernorTimesSpec {
    /// Time between two decisions for each node; 0 for none.
    pub period: Duration,
    /// Whether it also decides as soon as the load of a node has changed.
    pub on_load_change: bool,
}

impl Default for GovernorTimesSpec {
    fn default() -> Self {
        GovernorTimesSpec { period: Duration::from_secs(1.0), on_load_change: false }
    }
}
