//! Workload traces from files.

use crate::scenario::{DataSize, Duration, Ratio};
use crate::traces::{Gaps, TraceFormat};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The name of a format of traces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TraceFormatName(pub String);

impl JsonSchema for TraceFormatName {
    fn schema_name() -> Cow<'static, str> {
        "TraceFormatName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": TraceFormat::ALL.map(TraceFormat::name) })
    }
}

/// What becomes of gaps in series of samples that should come at a fixed interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TraceGapRule {
    /// They are errors.
    #[default]
    Error,
    /// Nothing is known there.
    Leave,
    /// The sample before holds until the next.
    Hold,
}

impl From<TraceGapRule> for Gaps {
    fn from(rule: TraceGapRule) -> Self {
        match rule {
            TraceGapRule::Error => Gaps::Error,
            TraceGapRule::Leave => Gaps::Leave,
            TraceGapRule::Hold => Gaps::Hold,
        }
    }
}

/// A trace: a file, folder or archive in any of the formats that can be imported, and what is taken of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceSpec {
    /// File, folder or archive, relative to the scenario.
    pub path: String,
    /// Its format; told from the files if left out.
    #[serde(default)]
    pub format: Option<TraceFormatName>,
    /// Share of the virtual machines, and of the groups of jobs, that are taken at random.
    #[serde(default)]
    pub sample: Option<Ratio>,
    /// Seed of the sample.
    #[serde(default = "one_seed")]
    pub sample_seed: u64,
    /// Take this many virtual machines, and groups of jobs: the first ones.
    #[serde(default)]
    pub first: Option<u64>,
    /// Start of the window that is taken, from the start of the trace; it becomes the start of the run.
    #[serde(default)]
    pub from: Duration,
    /// End of the window, from the start of the trace.
    #[serde(default)]
    pub until: Option<Duration>,
    /// Factor of all times.
    #[serde(default = "as_it_is")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub time_scale: f64,
    /// Factor of the CPU demand of virtual machines.
    #[serde(default = "as_it_is")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub demand_scale: f64,
    /// MIPS that a megahertz counts as, where the trace knows the speed of cores.
    #[serde(default = "as_it_is")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub mips_per_mhz: f64,
    /// What becomes of gaps.
    #[serde(default)]
    pub gaps: TraceGapRule,
    /// Count bad rows and go on, rather than fail at the first.
    #[serde(default)]
    pub skip_bad_rows: bool,
    /// Allow PlanetLab files with other than 288 lines.
    #[serde(default)]
    pub any_length: bool,
    /// Cores of the machine that the trace has shares of, where it gives CPU so.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub machine_cores: Option<f64>,
    /// Memory of that machine, where the trace gives memory in shares of it.
    #[serde(default)]
    pub machine_memory: Option<DataSize>,
    /// What a unit of memory is, of formats that do not say (OpenDC).
    #[serde(default)]
    pub memory_unit: Option<DataSize>,
}

fn one_seed() -> u64 {
    1
}

fn as_it_is() -> f64 {
    1.0
}
