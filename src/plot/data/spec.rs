//! What is asked for: figures in words, as a file or the command line gives them.

use crate::plot::{PlotError, Scale};
use crate::scenario::{Diagnostics, Document, Path, read, schema_of};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Figures of the directories of runs or sweeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlotSpec {
    /// The schema of this file, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What the figures are to show.
    #[serde(default)]
    pub description: Option<String>,
    /// Directories of runs or of sweeps, relative to this file; those of the command line go before.
    #[serde(default)]
    pub directories: Vec<String>,
    /// The figures.
    #[schemars(length(min = 1))]
    pub figures: Vec<FigureSpec>,
}

/// One figure. What is left out follows from what there is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureSpec {
    /// Kind of chart; that which suits the columns if left out.
    #[serde(default)]
    pub kind: Option<ChartKind>,
    /// Table of the runs, such as `tasks`; the results (axes of a sweep, numbers of the summaries) if left
    /// out.
    #[serde(default)]
    pub table: Option<String>,
    /// Column or axis to the right: where values are, or groups; of a Gantt chart when bars begin.
    #[serde(default)]
    pub x: Option<String>,
    /// Columns or metrics upwards: the values; of a heat map its rows, of a Gantt chart its lanes. Several
    /// become a line each, or a part each of stacked shares, for which `PATH.` stands for all metrics below.
    #[serde(default)]
    pub y: Names,
    /// Columns that tell series, groups or parts apart, by colour.
    #[serde(default)]
    pub by: Names,
    /// Metric or column whose mean the colours of a heat map show; of a map the column whose mean in each square
    /// they show, from rows with places (`x_m` and `y_m`).
    #[serde(default)]
    pub value: Option<String>,
    /// Column of a Gantt chart at which bars end.
    #[serde(default)]
    pub end: Option<String>,
    /// Conditions on rows, such as `outcome=done` or `service_s>2`; all must hold.
    #[serde(default, rename = "where")]
    pub filters: Vec<String>,
    /// Columns and the values that rows must have in them, taken as they are, whatever signs and spaces they
    /// hold; from Rust only. They hold beside `filters`.
    #[serde(skip)]
    pub at: Vec<(String, String)>,
    /// A column of which only the value with the most rows is shown, such as `device` for the one device of which
    /// most is known; its events only, too.
    #[serde(default)]
    pub most_of: Option<String>,
    /// How many series or lanes are kept of more: those with the greatest means, or with the most bars.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    pub top: Option<usize>,
    /// Column whose greatest means decide which series are kept over time; that of the values if left out.
    #[serde(default)]
    pub top_by: Option<String>,
    /// Bins of a histogram, columns of shares over numbers, or squares along the longer side of a map.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    pub bins: Option<usize>,
    /// Events to mark in a time series: a table and the column that says what happened, as
    /// `faults.change`, or a table each of whose rows is an event, as
    /// `handovers.*`.
    #[serde(default)]
    pub events: Option<String>,
    /// Intervals to shade in a time series: a table with a row at each sample and a column that is true or false
    /// or names a kind, as `radio_devices.jammed`. A row tells of the time since the one before.
    #[serde(default)]
    pub spans: Option<String>,
    /// How numbers lie on the axis to the right.
    #[serde(default)]
    pub x_scale: Option<Scale>,
    /// How numbers lie on the axis upwards.
    #[serde(default)]
    pub y_scale: Option<Scale>,
    /// Label of the axis to the right, without the unit.
    #[serde(default)]
    pub x_label: Option<String>,
    /// Label of the axis upwards, without the unit.
    #[serde(default)]
    pub y_label: Option<String>,
    /// Title; made of what is shown if left out.
    #[serde(default)]
    pub title: Option<String>,
    /// Width in pixels.
    #[serde(default)]
    #[schemars(range(min = 240, max = 8000))]
    pub width: Option<u32>,
    /// Height in pixels.
    #[serde(default)]
    #[schemars(range(min = 240, max = 8000))]
    pub height: Option<u32>,
    /// File to write, ending in `.svg` or `.png`, relative to the current directory; in the folder `plots`
    /// of the first directory if left out.
    #[serde(default)]
    pub out: Option<String>,
}

/// A kind of chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum ChartKind {
    /// Means over an axis of numbers, with confidence bands; of tables medians with quartiles.
    Line,
    /// Empirical distribution functions.
    Ecdf,
    /// How often values fall where.
    Histogram,
    /// Quartiles by group.
    Box,
    /// The mean for each pair of two axes.
    HeatMap,
    /// How rows, or metrics, divide into parts.
    Shares,
    /// Values over time, with events and shaded intervals.
    TimeSeries,
    /// Nodes, links, trajectories and cells of a run from above, or a value by place.
    Map,
    /// Tracks of a run from above, in the colours of their phases, with homes, access points and fields.
    Tracks,
    /// Bars from when to when, in lanes.
    Gantt,
}

impl ChartKind {
    /// Its name in files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ChartKind::Line => "line",
            ChartKind::Ecdf => "ecdf",
            ChartKind::Histogram => "histogram",
            ChartKind::Box => "box",
            ChartKind::HeatMap => "heat_map",
            ChartKind::Shares => "shares",
            ChartKind::TimeSeries => "time_series",
            ChartKind::Map => "map",
            ChartKind::Tracks => "tracks",
            ChartKind::Gantt => "gantt",
        }
    }
}

/// One name, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// One.
    One(String),
    /// Any number.
    Many(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Names::Many(Vec::new())
    }
}

impl From<Vec<String>> for Names {
    fn from(names: Vec<String>) -> Self {
        Names::Many(names)
    }
}

impl Names {
    /// The names.
    #[must_use]
    pub fn list(&self) -> &[String] {
        match self {
            Names::One(name) => std::slice::from_ref(name),
            Names::Many(names) => names,
        }
    }
}

impl PlotSpec {
    /// Reads a file of figures.
    ///
    /// # Errors
    /// Everything that is wrong with it, with places.
    ///
    /// ```
    /// use stratosim::plot::PlotSpec;
    /// use stratosim::scenario::Document;
    /// let text = r#"{ "figures": [{ "kind": "ecdf", "table": "tasks", "x": "service_s" }] }"#;
    /// let spec = PlotSpec::read(&Document::parse("plots.json", text)?)?;
    /// assert_eq!(spec.figures[0].table.as_deref(), Some("tasks"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(document: &Document) -> Result<PlotSpec, Diagnostics> {
        read(document)
    }

    /// The error of a figure with its place in the file.
    #[must_use]
    pub fn placed(document: &Document, figure: usize, error: PlotError) -> PlotError {
        if error.is_failure() {
            return error;
        }
        let place = Path::root().key("figures").index(figure);
        let place = match &error {
            PlotError::Request { key, .. } if !key.is_empty() => place.key(*key),
            PlotError::Extension { .. } => place.key("out"),
            _ => place,
        };
        PlotError::Spec(document.diagnostic(&place, error.to_string()).into())
    }
}

/// The JSON Schema of files of figures.
#[must_use]
pub fn plot_schema() -> Value {
    schema_of::<PlotSpec>()
}
