//! The format of dataset files.

mod samples;
mod split;

pub use samples::{
    ActionBy, ActionSpec, AggregateName, ColumnName, DecisionsSpec, EpisodeName, EventsSpec,
    FeatureEntry, FeatureSpec, GapsName, LabelSpec, LagRange, LagsSpec, Operand, OverName,
    PredicateSpec, ResampleMethod, ResampleSpec, RollingSpec, SamplesSpec, Scalars, SpanSpec,
    StatisticName, TargetSpec, WindowsSpec,
};
pub use split::{EntitySplit, PartNames, PartSeeds, RunSplit, SharesSpec, SplitSpec, TimeSplit};

use crate::scenario::format::FormatName;
use crate::scenario::schema_of;
use crate::sweep::SweepSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A dataset: which runs it is made of, what a row of it says, and how rows are divided into training,
/// validation and test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetSpec {
    /// The schema of this file, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Name; that of the file if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// What the dataset is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Licence that the dataset is given under, for its data card.
    #[serde(default)]
    pub licence: Option<String>,
    /// Run directories, and sweep directories that have kept detail tables, relative to this file; `*`, `?`
    /// and `[...]` stand for parts of names.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub sources: Option<Vec<String>>,
    /// A sweep that is run first, instead of `sources`: its file, relative to this one, or the sweep itself
    /// (as in `{ "scenario": "quickstart.json", "replications": 5 }`). Its tables are not kept.
    #[serde(default)]
    pub simulate: Option<SimulateSpec>,
    /// What a row of the dataset says.
    pub samples: SamplesSpec,
    /// Values of each run, such as parameters of its scenario, as columns.
    #[serde(rename = "static", default)]
    pub statics: Vec<StaticSpec>,
    /// How rows are divided.
    pub split: SplitSpec,
    /// How numeric features are scaled, by statistics of the training part.
    #[serde(default)]
    pub scale: ScaleName,
    /// How text features become numbers.
    #[serde(default)]
    pub categories: CategoriesName,
    /// Makes the classes of the training part weigh the same.
    #[serde(default)]
    pub balance: Option<BalanceSpec>,
    /// Format of the files.
    #[serde(default)]
    pub format: FormatName,
}

/// The runs to be made first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SimulateSpec {
    /// A sweep file, relative to the dataset file.
    File(String),
    /// The sweep itself.
    Inline(Box<SweepSpec>),
}

/// A value of each run: exactly one of `axis` and `path`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StaticSpec {
    /// Name of the column; that of the axis, or the path, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub name: Option<String>,
    /// An axis of the sweep that the runs belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axis: Option<String>,
    /// A value of the scenario, such as `seed` or `policies.offloading.kind`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl StaticSpec {
    /// The name of its column.
    pub(super) fn column_name(&self) -> &str {
        let given = self.name.as_deref().or(self.axis.as_deref()).or(self.path.as_deref());
        given.unwrap_or_default()
    }
}

/// How numeric features are scaled. Targets, labels and static columns never are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScaleName {
    /// Not at all; the statistics are written nevertheless.
    #[default]
    None,
    /// To mean 0 and standard deviation 1.
    Standard,
    /// To the range from 0 to 1.
    MinMax,
    /// To median 0 and interquartile range 1.
    Robust,
}

/// How text features become numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CategoriesName {
    /// One column with a number for each text: 1, 2, ... in the order of the texts, and 0 for those that the
    /// training part does not have.
    #[default]
    Code,
    /// A column for each text of the training part, 1 where it holds and else 0.
    OneHot,
}

/// Makes the classes of the training part weigh the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BalanceSpec {
    /// The label (or `action`) whose values are the classes; the first label if left out.
    #[serde(default)]
    pub label: Option<String>,
    /// How.
    pub method: BalanceMethod,
    /// Seed of the draws.
    #[serde(default = "default_seed")]
    pub seed: u64,
}

/// How classes are made to weigh the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BalanceMethod {
    /// A column `weight`: rows over (classes times rows of the class) in the training part, 1 elsewhere.
    Weights,
    /// Rows of the larger classes are left out at random, until all are as large as the smallest.
    Undersample,
    /// Rows of the smaller classes are repeated, until all are as large as the largest.
    Oversample,
}

fn default_seed() -> u64 {
    1
}

/// The JSON Schema of dataset files.
#[must_use]
pub fn dataset_schema() -> Value {
    schema_of::<DatasetSpec>()
}
