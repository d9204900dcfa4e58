//! The format of sweep files.

use crate::scenario::format::FormatName;
use crate::scenario::{Ratio, schema_of};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A sweep: one scenario, what is varied in it, how often each combination is run, and what is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepSpec {
    /// The schema of this file, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Name; that of the file if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// What the sweep is to show.
    #[serde(default)]
    pub description: Option<String>,
    /// The scenario that is varied: a file, relative to this one, or the scenario itself.
    pub scenario: ScenarioSource,
    /// What is varied. A point is one value of each axis; without `sample` there is a point for every
    /// combination, the last axis varying fastest. Axes are applied in their order.
    #[serde(default)]
    pub axes: Vec<AxisSpec>,
    /// Draws points at random instead of making every combination.
    #[serde(default)]
    pub sample: Option<SampleSpec>,
    /// Combinations to leave out: a point is dropped if it fits all conditions of one of these objects. A key
    /// is the name of an axis; its condition is a value, a list of values, or `{ "min": ..., "max": ... }`
    /// with both ends included.
    #[serde(default)]
    pub drop: Vec<Map<String, Value>>,
    /// Runs of each point, with the seeds s, s + 1, s + 2, ... of which s is the scenario's; 1 if left out.
    /// All points have the same seeds, so that they face the same arrivals, movements and faults.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub replications: Option<u32>,
    /// The seeds themselves, one for each run of a point.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub seeds: Option<Vec<u64>>,
    /// Runs each point until its mean is known well enough, instead of a fixed number of times.
    #[serde(default)]
    pub until: Option<UntilSpec>,
    /// What is kept of each run's summary: paths of numbers such as `tiers.edge.utilisation`, or of objects
    /// for all numbers in them. All numbers if left out.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub metrics: Option<Vec<String>>,
    /// Values that others have published, to be shown beside the means in the table `published`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<PublishedSpec>,
    /// Detail tables to keep of each run, such as `tasks`.
    #[serde(default)]
    pub tables: Vec<String>,
    /// Whether each of these tables is also joined over all runs, with point, replication, seed and axes as
    /// its first columns; for tables in CSV.
    #[serde(default)]
    pub join_tables: bool,
    /// Format of the detail tables. Results are always written as CSV, and as Parquet too if it is chosen
    /// here.
    #[serde(default)]
    pub format: FormatName,
}

/// A value that others have published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedSpec {
    /// The points that it belongs to, by conditions on axes as in `drop`; all of them if left out.
    #[serde(default, rename = "where", skip_serializing_if = "Map::is_empty")]
    pub points: Map<String, Value>,
    /// The number of the summary that it is beside, by its path.
    pub metric: String,
    /// The value.
    pub value: f64,
    /// Where it is published.
    pub source: String,
}

/// The scenario that is varied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ScenarioSource {
    /// A file, relative to the sweep file.
    File(String),
    /// The scenario itself.
    Inline(Map<String, Value>),
}

/// What is varied together: exactly one of `values`, `range`, `zip` and `alternatives`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxisSpec {
    /// Name of its column in the results; the path if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub name: Option<String>,
    /// The value of the scenario that `values` or `range` set, such as `nodes[1].count`. Setting another
    /// `kind` drops the parameters of the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The values, of any type that the scenario takes there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub values: Option<Vec<Value>>,
    /// Numbers at even distances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<RangeSpec>,
    /// Axes of the same length that are varied together, first with first, second with second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2))]
    pub zip: Option<Vec<AxisSpec>>,
    /// Alternatives of several values each, such as policies with their own parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub alternatives: Option<Vec<AlternativeSpec>>,
}

/// Numbers from one end to another, both included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeSpec {
    /// The first number.
    pub from: f64,
    /// The last number.
    pub to: f64,
    /// How many numbers; may be left out with `sample`, which then draws any number between the ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1_000_000))]
    pub count: Option<u32>,
    /// Whether differences or ratios are equal.
    #[serde(default)]
    pub scale: Scale,
    /// Unit of the numbers, such as `Mbps`; the column in the results has the numbers alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether the numbers are rounded to whole ones.
    #[serde(default)]
    pub whole: bool,
}

/// How the numbers of a range lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Neighbours differ by the same amount.
    #[default]
    Linear,
    /// Neighbours differ by the same factor.
    Logarithmic,
}

/// One alternative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlternativeSpec {
    /// What the results call it.
    #[schemars(length(min = 1))]
    pub label: String,
    /// The values that it sets, by path, in this order; none for the scenario as it is.
    pub set: Map<String, Value>,
}

/// Points drawn at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleSpec {
    /// How they are drawn.
    pub kind: SampleKind,
    /// How many.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub count: u32,
    /// Seed of the draws; it has no part in the runs themselves.
    #[serde(default = "default_sample_seed")]
    pub seed: u64,
}

fn default_sample_seed() -> u64 {
    1
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SampleKind {
    /// Each point on its own.
    Random,
    /// Each axis is cut into as many equal parts as there are points, and each part is drawn from once
    /// (McKay, Beckman and Conover 1979).
    LatinHypercube,
}

/// When a point has been run often enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UntilSpec {
    /// The number whose mean is to be known: a path in the summary.
    pub metric: String,
    /// Half-width of the confidence interval of the mean that is small enough.
    pub half_width: HalfWidth,
    /// Level of the confidence interval.
    #[serde(default = "default_confidence")]
    pub confidence: Ratio,
    /// Runs of each point before the first look.
    #[serde(default = "default_min_replications")]
    #[schemars(range(min = 2, max = 1_000_000))]
    pub min_replications: u32,
    /// Runs of each point at most, precise or not.
    #[serde(default = "default_max_replications")]
    #[schemars(range(min = 2, max = 1_000_000))]
    pub max_replications: u32,
    /// Runs of a point that are added at a time; more keep more processors busy near the end.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub batch: u32,
}

/// A half-width: of the metric, or as a share of its mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum HalfWidth {
    /// In the unit of the metric.
    Absolute(f64),
    /// A share of the mean, such as `2 %`.
    Share(String),
}

pub(super) fn default_confidence() -> Ratio {
    Ratio::from_fraction(0.95)
}

fn default_min_replications() -> u32 {
    5
}

fn default_max_replications() -> u32 {
    50
}

fn default_batch() -> u32 {
    1
}

/// The JSON Schema of sweep files.
#[must_use]
pub fn sweep_schema() -> Value {
    schema_of::<SweepSpec>()
}
