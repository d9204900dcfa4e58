//! What a row of a dataset says.

use crate::scenario::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kind of the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SamplesSpec {
    /// Windows over a table's rows, with numbers to predict.
    Windows(WindowsSpec),
    /// Windows over a table's rows, with classes to predict.
    Classification(WindowsSpec),
    /// What a policy saw, did and got, and what it saw next.
    Decisions(DecisionsSpec),
}

/// Windows over the rows of a table, for each entity by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowsSpec {
    /// Name of the table.
    pub table: String,
    /// Columns whose values tell entities apart, such as `node`; none if the rows of a run are one series.
    #[serde(default)]
    pub entity: Vec<ColumnName>,
    /// Column with the time of a row, in seconds.
    #[serde(default = "default_time")]
    pub time: ColumnName,
    /// Conditions that rows must meet, all of them, to be seen at all.
    #[serde(rename = "where", default)]
    pub conditions: Vec<PredicateSpec>,
    /// Turns the rows into a series at regular times; rows are taken as they are if left out.
    #[serde(default)]
    pub resample: Option<ResampleSpec>,
    /// What becomes of nulls, and of times without a row in a resampled series.
    #[serde(default)]
    pub gaps: GapsName,
    /// No window reaches over a silence of its entity that is longer than this.
    #[serde(default)]
    pub max_gap: Option<Duration>,
    /// What is known at the time of a row: columns, with their past.
    #[schemars(length(min = 1))]
    pub features: Vec<FeatureEntry>,
    /// How far ahead targets and labels look: a number of rows (of steps, if resampled), or a time such as
    /// `30 s`.
    #[serde(default = "no_span")]
    pub horizon: SpanSpec,
    /// Every how many rows of an entity there is a window.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub stride: u32,
    /// Numbers to predict.
    #[serde(default)]
    pub targets: Vec<TargetSpec>,
    /// Classes to predict.
    #[serde(default)]
    pub labels: Vec<LabelSpec>,
}

fn default_time() -> ColumnName {
    "t_s".into()
}

fn no_span() -> SpanSpec {
    SpanSpec::Rows(0)
}

fn one() -> u32 {
    1
}

/// The name of a column of a table.
pub type ColumnName = String;

/// A number of rows, or a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SpanSpec {
    /// Rows of the entity; steps of a resampled series.
    Rows(u32),
    /// A time with its unit, such as `30 s`.
    Time(String),
}

/// Turns rows into a series at 0, one period, two periods, ... of simulated time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResampleSpec {
    /// Time between two steps.
    pub period: Duration,
    /// What stands for the rows of a period.
    #[serde(default)]
    pub method: ResampleMethod,
}

/// What stands for the rows of a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResampleMethod {
    /// The last of them.
    #[default]
    HoldLast,
    /// Their mean; of text the last.
    Mean,
}

/// What becomes of nulls, and of steps without a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapsName {
    /// A window with one is left out.
    #[default]
    Drop,
    /// In features, the last value of the entity stands for it, and the window begins when that was taken;
    /// windows before the first value are left out, and so are those that lack a target or label.
    Hold,
    /// Features stay null, and a column `missing` says how many of them are.
    Mark,
}

/// A feature: the name of a column for its present value, or more of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FeatureEntry {
    /// The present value of a column.
    Column(ColumnName),
    /// A column and its past.
    Past(FeatureSpec),
}

/// A column and its past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureSpec {
    /// The column.
    pub column: ColumnName,
    /// How many rows back values are taken, 0 being the present one; only that one if neither lags nor
    /// rolling statistics are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lags: Option<LagsSpec>,
    /// Statistics over the last rows, the present one included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rolling: Vec<RollingSpec>,
}

/// How many rows back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LagsSpec {
    /// These.
    Listed(Vec<u32>),
    /// At even distances.
    Range(LagRange),
}

/// `first`, `first + step`, ... rows back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LagRange {
    /// How many.
    #[schemars(range(min = 1, max = 10_000))]
    pub count: u32,
    /// The distance between two of them.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub step: u32,
    /// The first of them.
    #[serde(default)]
    pub first: u32,
}

/// Statistics over the last rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollingSpec {
    /// Over how many rows, or over what time.
    pub window: SpanSpec,
    /// Which.
    #[schemars(length(min = 1))]
    pub statistics: Vec<StatisticName>,
}

/// A statistic over the last rows. Nulls have no part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatisticName {
    /// Mean.
    Mean,
    /// Sample standard deviation (n - 1).
    Std,
    /// Least value.
    Min,
    /// Greatest value.
    Max,
    /// Sum.
    Sum,
    /// Slope of the least-squares line over time, per second.
    Slope,
    /// Exponentially weighted mean over the window: the weight of a row is (1 - a)^k, k rows back, with
    /// a = 2 / (rows of the window + 1).
    Ewma,
}

/// A number to predict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetSpec {
    /// The column.
    pub column: ColumnName,
    /// Name in the dataset; made of column and aggregate if left out, that of the column for `row`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub name: Option<String>,
    /// How far ahead; that of the samples if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<SpanSpec>,
    /// What of the rows after the present one, up to the horizon, or of the present one.
    #[serde(default)]
    pub aggregate: AggregateName,
}

/// What of the rows up to the horizon, or of the present one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AggregateName {
    /// The last one's value.
    #[default]
    At,
    /// Mean.
    Mean,
    /// Sample standard deviation (n - 1).
    Std,
    /// Least value.
    Min,
    /// Greatest value.
    Max,
    /// Sum.
    Sum,
    /// 1 if any of them is neither zero nor false, else 0.
    Any,
    /// The value in the present row, without any horizon: of rows that are written when something has ended, and whose time
    /// is that at which it began.
    Row,
}

/// A class to predict: exactly one of `column`, `when` and `events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelSpec {
    /// Name in the dataset.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The value of a column: of the present row, or of the last one up to the horizon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnName>,
    /// The class of rows in which the column, one of names, is null; they give no sample if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// Whether a row meets a condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<PredicateSpec>,
    /// Whether something was going on that another table tells, such as a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<EventsSpec>,
    /// Where it is looked for.
    #[serde(default)]
    pub over: OverName,
    /// How far ahead, with `over: horizon`; that of the samples if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<SpanSpec>,
}

/// Where a label is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverName {
    /// In the present row, or at its instant.
    #[default]
    Row,
    /// In all rows that the features look at.
    Window,
    /// In the rows after the present one, up to the horizon.
    Horizon,
}

/// A condition on a row: a column, and exactly one other key. A null meets none but `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredicateSpec {
    /// The column.
    pub column: ColumnName,
    /// It has this value, or one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Scalars>,
    /// It has another value than this, or than all of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_not: Option<Scalars>,
    /// It is greater than this number or column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<Operand>,
    /// It is greater than or equal to this number or column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Operand>,
    /// It is less than this number or column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Operand>,
    /// It is less than or equal to this number or column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Operand>,
    /// Whether it is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null: Option<bool>,
}

/// One value, or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalars {
    /// Several values.
    Several(Vec<Value>),
    /// One value.
    One(Value),
}

/// What a column is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Operand {
    /// A number, in the unit of the column.
    Number(f64),
    /// Another column of the row.
    Column(ColumnName),
}

/// Events of another table: intervals from a row that begins one to the next that ends it, or to the time in
/// a column; instants if neither `end` nor `until` is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsSpec {
    /// Name of the table.
    pub table: String,
    /// Its column that says whose event it is; events of the whole run if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ColumnName>,
    /// The entity column that the key is the same as; may be left out if there is one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<ColumnName>,
    /// Column with the time of a row, in seconds.
    #[serde(default = "default_time")]
    pub time: ColumnName,
    /// Conditions that rows must meet to be seen at all.
    #[serde(rename = "where", default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<PredicateSpec>,
    /// What a row must meet to begin an event; every row does if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin: Option<PredicateSpec>,
    /// What a row must meet to end it. What is never ended lasts to the end of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<PredicateSpec>,
    /// Column with the time at which it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<ColumnName>,
}

/// Decisions of a policy: observation, action, reward, next observation, terminal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionsSpec {
    /// Name of the table.
    #[serde(default = "default_decisions")]
    pub table: String,
    /// Conditions that decisions must meet to be seen at all, such as a decision point or workload.
    #[serde(rename = "where", default)]
    pub conditions: Vec<PredicateSpec>,
    /// Columns whose values tell entities apart.
    #[serde(default = "default_decision_entity")]
    pub entity: Vec<ColumnName>,
    /// Whose decisions make an episode, and so what the next observation is.
    #[serde(default)]
    pub episode: EpisodeName,
    /// The columns that were observed.
    #[schemars(length(min = 1))]
    pub observation: Vec<ColumnName>,
    /// What was done.
    #[serde(default)]
    pub action: ActionSpec,
    /// Column with what it brought.
    #[serde(default = "default_reward")]
    pub reward: ColumnName,
    /// Columns to carry along; `decision`, `policy` and `outcome` if left out, as far as the table has them.
    #[serde(default)]
    pub info: Option<Vec<ColumnName>>,
    /// What becomes of nulls in observation and action: `drop` leaves the decision out, so that the one after
    /// it is the next; `mark` keeps them. There is no `hold`: what a policy did not see is not made up.
    #[serde(default = "mark")]
    pub gaps: GapsName,
}

fn default_decisions() -> String {
    "decisions".into()
}

fn default_decision_entity() -> Vec<ColumnName> {
    vec!["device".into()]
}

fn default_reward() -> ColumnName {
    "reward".into()
}

fn mark() -> GapsName {
    GapsName::Mark
}

/// Whose decisions make an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EpisodeName {
    /// Those for one entity of a run.
    #[default]
    Entity,
    /// All of a run.
    Run,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ActionSpec {
    /// The column.
    pub column: ColumnName,
    /// What of it.
    pub by: ActionBy,
}

impl Default for ActionSpec {
    fn default() -> Self {
        ActionSpec { column: "choice".into(), by: ActionBy::default() }
    }
}

/// What of the column is the action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionBy {
    /// Its value.
    #[default]
    Value,
    /// The tier of the node that it names: `local` for the entity itself, else as the table `nodes` has it.
    Tier,
}
