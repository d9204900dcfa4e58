//! The calendar, signals, and the energy of sites.

use super::Names;
use crate::scenario::import::{DuplicateRule, GapRule};
use crate::scenario::{Duration, Energy, Power, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

fn utc() -> String {
    "UTC".into()
}

/// The date at which the run begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarSpec {
    /// Date and time, such as 2023-03-26T00:00, by the wall clock of the time zone unless it has an offset.
    pub start: String,
    /// Time zone, such as Europe/Brussels.
    #[serde(default = "utc")]
    pub time_zone: String,
}

/// What a signal is between its points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalInterpolation {
    /// The last point's value.
    #[default]
    Hold,
    /// On the straight line between the points.
    Linear,
}

/// What a signal is where it has no points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutsideRule {
    /// It must have points for the whole run.
    #[default]
    Error,
    /// The value of the nearest end.
    Hold,
    /// The same again, over and over.
    Repeat,
}

/// A time series: from a `file`, by `points`, or `constant`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignalSpec {
    /// A CSV file, plain or gzipped, relative to the scenario.
    pub file: Option<String>,
    /// Of a file: the column of times, which are dates or seconds; rows are `step` apart if left out.
    pub time: Option<String>,
    /// Of a file: the column of values; the only one beside the times if left out.
    pub value: Option<String>,
    /// Of a file: whether its first line names the columns; if not, they are named 1, 2, ...
    pub header: bool,
    /// Of a file: what separates the columns.
    #[schemars(length(min = 1, max = 1))]
    pub delimiter: String,
    /// Of a file: time between rows, to which it is held.
    pub step: Option<Duration>,
    /// Of a file: the time zone of dates without an offset.
    pub time_zone: String,
    /// Of a file of dates: the date at which the run begins, instead of the calendar's.
    pub start: Option<String>,
    /// Of a file: what is done where rows are missing.
    pub gaps: GapRule,
    /// Of a file: what is done with rows of the same time.
    pub duplicates: DuplicateRule,
    /// Times from the start of the run, and values.
    #[schemars(length(min = 1))]
    pub points: Option<Vec<(Duration, f64)>>,
    /// The same value at all times.
    pub constant: Option<f64>,
    /// The unit of the values, such as EUR/MWh, g/kWh, W, °C, % or 1.
    pub unit: String,
    /// What it is between its points.
    pub interpolation: SignalInterpolation,
    /// What it is where it has no points.
    pub outside: OutsideRule,
    /// The time after which it repeats; up to the end of the last step if left out.
    pub period: Option<Duration>,
}

impl Default for SignalSpec {
    fn default() -> Self {
        SignalSpec {
            file: None,
            time: None,
            value: None,
            header: true,
            delimiter: ",".into(),
            step: None,
            time_zone: utc(),
            start: None,
            gaps: GapRule::Error,
            duplicates: DuplicateRule::Error,
            points: None,
            constant: None,
            unit: "1".into(),
            interpolation: SignalInterpolation::Hold,
            outside: OutsideRule::Error,
            period: None,
        }
    }
}

/// A quantity that stays, or the signal that it follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Changing<Q> {
    /// Always the same.
    Constant(Q),
    /// By a signal.
    Signal {
        /// Its name.
        signal: String,
    },
}

/// A source of power at a site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GenerationSpec {
    /// The signal of its power: a power, or a share of `rated`.
    pub signal: String,
    /// The power that a share of 1 is.
    #[serde(default)]
    pub rated: Option<Power>,
}

/// A battery at a site, charged from what is generated beyond the demand and used before the grid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteBatterySpec {
    /// Energy that it gives when full.
    pub capacity: Energy,
    /// Share of it at the start.
    #[serde(default)]
    pub level: Ratio,
    /// Greatest power that it takes; any if left out.
    #[serde(default)]
    pub charge_limit: Option<Power>,
    /// Greatest power that it gives; any if left out.
    #[serde(default)]
    pub discharge_limit: Option<Power>,
    /// Share of what it takes that it gives back.
    #[serde(default = "lossless")]
    pub efficiency: Ratio,
}

fn lossless() -> Ratio {
    Ratio::from_fraction(1.0)
}

fn no_overhead() -> Changing<f64> {
    Changing::Constant(1.0)
}

/// A place whose energy is accounted for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteSpecification {
    /// Its name.
    pub name: String,
    /// Its nodes: classes or single ones, each at one site at most.
    pub nodes: Names,
    /// The signal of the price of energy from the grid; free if left out.
    #[serde(default)]
    pub price: Option<String>,
    /// The signal of the carbon intensity of energy from the grid; none if left out.
    #[serde(default)]
    pub carbon: Option<String>,
    /// Power usage effectiveness: energy of the whole site over that of its nodes.
    #[serde(default = "no_overhead")]
    pub pue: Changing<f64>,
    /// Sources at the site, which are used first.
    #[serde(default)]
    pub generation: Vec<GenerationSpec>,
    /// A battery at the site.
    #[serde(default)]
    pub battery: Option<SiteBatterySpec>,
    /// Power that the site may draw in all; any if left out.
    #[serde(default)]
    pub power_cap: Option<Changing<Power>>,
}
