//! The results of a sweep as tidy tables.

use super::SweepError;
use super::aggregate::Interval;
use super::axis::AxisColumn;
use super::merge::check_complete;
use super::metrics::Metrics;
use super::plan::{Plan, RunId};
use super::published::{self, Published};
use super::store::{RunFile, read_header, read_runs};
use crate::output::{
    Destination, FileFormat, OutputError, Recorder, RowWriter, TableSelection, dictionary,
};
use crate::records::{Cell, ColumnKind, ColumnSpec, TableSpec};
use serde_json::{Number, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The result of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultRow {
    /// The run.
    pub run: RunId,
    /// Its seed.
    pub seed: u64,
    /// Why it failed, if it did; then it has no metrics.
    pub error: Option<String>,
    /// Fingerprint of the tables that it would write or has written.
    pub fingerprint: Option<String>,
    /// Index into the metrics, and value: numbers only.
    metrics: Vec<(usize, Number)>,
}

/// One metric of one point over its replications.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregateRow<'r> {
    /// The point.
    pub point: usize,
    /// The metric.
    pub metric: &'r str,
    /// Its mean; `None` if no run has the metric.
    pub interval: Option<Interval>,
}

/// The results of a sweep, runs in the order of the plan.
///
/// Nothing in them depends on the number of jobs, on interruptions or on the speed of the machine.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepResults {
    columns: Vec<AxisColumn>,
    labels: Vec<Vec<Value>>,
    metrics: Vec<String>,
    rows: Vec<ResultRow>,
    confidence: f64,
}

/// A run, its metrics by name.
pub(super) struct Unsorted {
    pub(super) run: RunId,
    pub(super) seed: u64,
    pub(super) error: Option<String>,
    pub(super) fingerprint: Option<String>,
    pub(super) metrics: Metrics,
}

impl From<RunFile> for Unsorted {
    fn from(file: RunFile) -> Self {
        let RunFile { seed, error, fingerprint, .. } = file;
        let run = RunId { point: file.point, replication: file.replication };
        Unsorted { run, seed, error, fingerprint, metrics: file.metrics }
    }
}

impl SweepResults {
    /// The results of these runs, whatever their order.
    pub(super) fn new(plan: &Plan, runs: Vec<RunFile>) -> Self {
        SweepResults::from_runs(
            plan.columns().to_vec(),
            plan.points().iter().map(|point| point.labels.clone()).collect(),
            runs.into_iter().map(Unsorted::from).collect(),
            plan.replications.confidence(),
        )
    }

    /// The results of these runs, whatever their order.
    pub(super) fn from_runs(
        columns: Vec<AxisColumn>,
        labels: Vec<Vec<Value>>,
        mut runs: Vec<Unsorted>,
        confidence: f64,
    ) -> Self {
        runs.sort_by_key(|run| run.run);
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let mut metrics = Vec::new();
        let mut rows = Vec::with_capacity(runs.len());
        for run in runs {
            let mut row = ResultRow {
                run: run.run,
                seed: run.seed,
                error: run.error,
                fingerprint: run.fingerprint,
                metrics: Vec::with_capacity(run.metrics.len()),
            };
            for (name, value) in run.metrics {
                let index = *names.entry(name).or_insert_with_key(|name| {
                    metrics.push(name.clone());
                    metrics.len() - 1
                });
                if let Value::Number(number) = value {
                    row.metrics.push((index, number));
                }
            }
            row.metrics.sort_by_key(|(index, _)| *index);
            rows.push(row);
        }
        SweepResults { columns, labels, metrics, rows, confidence }
    }

    /// The results in the directory of a sweep that came to its end.
    ///
    /// # Errors
    /// If it is no such directory, or runs are missing in it.
    pub fn read(directory: &Path) -> Result<Self, SweepError> {
        let header = read_header(directory)?;
        let plan = Plan::from_header(&header)?;
        let hash = header["hash"].as_str().unwrap_or_default();
        let runs = read_runs(directory, hash)?;
        check_complete(&plan, |id| {
            runs.binary_search_by_key(&id, RunFile::id).ok().map(|at| &runs[at])
        })?;
        Ok(SweepResults::new(&plan, runs))
    }

    /// The columns that the axes make.
    #[must_use]
    pub fn axes(&self) -> &[AxisColumn] {
        &self.columns
    }

    /// What the axes show for a point, in the order of [`axes`](Self::axes).
    #[must_use]
    pub fn labels(&self, point: usize) -> &[Value] {
        self.labels.get(point).map_or(&[], Vec::as_slice)
    }

    /// The number of points.
    #[must_use]
    pub fn points(&self) -> usize {
        self.labels.len()
    }

    /// The names of the metrics: their paths in the summary.
    #[must_use]
    pub fn metrics(&self) -> &[String] {
        &self.metrics
    }

    /// The runs.
    #[must_use]
    pub fn rows(&self) -> &[ResultRow] {
        &self.rows
    }

    /// The runs that failed.
    pub fn failed(&self) -> impl Iterator<Item = &ResultRow> {
        self.rows.iter().filter(|row| row.error.is_some())
    }

    /// The level of the confidence intervals.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        self.confidence
    }

    /// A metric of a run; `None` if the run does not have it.
    #[must_use]
    pub fn value(&self, row: &ResultRow, metric: &str) -> Option<f64> {
        let index = self.metrics.iter().position(|name| name == metric)?;
        row.number(index)?.as_f64()
    }

    /// The metrics of a run, with their names.
    pub(super) fn named_metrics(&self, row: &ResultRow) -> impl Iterator<Item = (String, Value)> {
        row.metrics.iter().map(|(index, number)| (self.metrics[*index].clone(), number.clone().into()))
    }

    /// The mean of a metric over the replications of a point, with its confidence interval; `None` if no run
    /// has it.
    #[must_use]
    pub fn mean(&self, point: usize, metric: &str) -> Option<Interval> {
        let index = self.metrics.iter().position(|name| name == metric)?;
        self.interval(self.rows_of(point), index)
    }

    /// Each metric of each point, over its replications that did not fail.
    pub fn aggregate(&self) -> impl Iterator<Item = AggregateRow<'_>> {
        (0..self.labels.len()).flat_map(move |point| {
            let rows = self.rows_of(point);
            self.metrics.iter().enumerate().map(move |(index, metric)| AggregateRow {
                point,
                metric,
                interval: self.interval(rows, index),
            })
        })
    }

    fn rows_of(&self, point: usize) -> &[ResultRow] {
        let start = self.rows.partition_point(|row| row.run.point < point);
        let end = self.rows.partition_point(|row| row.run.point <= point);
        self.rows.get(start..end).unwrap_or_default()
    }

    fn interval(&self, rows: &[ResultRow], metric: usize) -> Option<Interval> {
        let values = rows.iter().filter_map(|row| row.number(metric)?.as_f64());
        Interval::of(values, self.confidence)
    }

    /// The kind that the values of an axis need.
    fn axis_kind(&self, index: usize) -> ColumnKind {
        let values = self.labels.iter().filter_map(move |labels| labels.get(index));
        if values.clone().all(Value::is_u64) {
            ColumnKind::Unsigned
        } else if values.clone().all(Value::is_i64) {
            ColumnKind::Signed
        } else if values.clone().all(Value::is_number) {
            ColumnKind::Float
        } else if values.clone().all(Value::is_boolean) {
            ColumnKind::Boolean
        } else {
            ColumnKind::Category
        }
    }

    /// The columns that the axes make in a table.
    pub(super) fn axis_columns(&self) -> Vec<ColumnSpec> {
        let column = |(index, column): (usize, &AxisColumn)| {
            let kind = self.axis_kind(index);
            ColumnSpec::new(column.name.clone(), kind, column.unit.clone(), "axis of the sweep")
        };
        self.columns.iter().enumerate().map(column).collect()
    }

    /// Writes what the axes show for a point, in columns of these kinds.
    pub(super) fn write_axes<'w>(
        &self,
        mut writer: RowWriter<'w>,
        point: usize,
        columns: &[ColumnSpec],
    ) -> RowWriter<'w> {
        for (label, column) in self.labels(point).iter().zip(columns) {
            writer = match (column.kind, label) {
                (ColumnKind::Unsigned, _) => writer.cell(label.as_u64()),
                (ColumnKind::Signed, _) => writer.cell(label.as_i64()),
                (ColumnKind::Float, _) => writer.cell(label.as_f64()),
                (ColumnKind::Boolean, _) => writer.cell(label.as_bool()),
                (_, Value::String(text)) => writer.text(text),
                (_, other) => writer.text(&other.to_string()),
            };
        }
        writer
    }

    /// The columns that tell one run from the others.
    pub(super) fn run_columns() -> Vec<ColumnSpec> {
        vec![
            ColumnSpec::unsigned("point", "", "combination of axis values, from 0"),
            ColumnSpec::unsigned("replication", "", "repetition of the point, from 0"),
            ColumnSpec::unsigned("seed", "", "seed of the run, the same for each point"),
        ]
    }

    /// The name of a metric's column: the metric's, behind `summary.` as often as an axis has the name.
    pub(crate) fn column_name(&self, metric: &str) -> String {
        let mut name = metric.to_string();
        while self.columns.iter().any(|column| column.name == name) {
            name = format!("summary.{name}");
        }
        name
    }

    fn results_table(&self) -> TableSpec {
        let mut columns = Self::run_columns();
        columns.extend(self.axis_columns());
        for (index, metric) in self.metrics.iter().enumerate() {
            let mut numbers = self.rows.iter().filter_map(|row| row.number(index)).peekable();
            let is_count = numbers.peek().is_some() && numbers.all(Number::is_u64);
            let kind = if is_count { ColumnKind::Unsigned } else { ColumnKind::Float };
            let meaning = "number of the run's summary, at this path; null if it has none";
            columns.push(ColumnSpec::new(self.column_name(metric), kind, "", meaning));
        }
        columns.push(ColumnSpec::category("status", "`done` or `failed`"));
        columns.push(ColumnSpec::text("error", "why the run failed; null if it did not"));
        TableSpec::new("results", "One row a run of the sweep", columns)
    }

    fn aggregate_table(&self) -> TableSpec {
        let mut columns = vec![ColumnSpec::unsigned("point", "", "combination of axis values, from 0")];
        columns.extend(self.axis_columns());
        columns.extend([
            ColumnSpec::category("metric", "number of the summary, by its path"),
            ColumnSpec::unsigned("n", "", "replications that have the number"),
            ColumnSpec::float("mean", "", "mean over these; null if there are none"),
            ColumnSpec::float(
                "standard_deviation",
                "",
                "their standard deviation; null of less than two",
            ),
            ColumnSpec::float("confidence", "", "level of the confidence interval"),
            ColumnSpec::float(
                "half_width",
                "",
                "half-width of the interval of the mean, by Student's t",
            ),
            ColumnSpec::float("low", "", "lower end of the interval"),
            ColumnSpec::float("high", "", "upper end of the interval"),
        ]);
        TableSpec::new("aggregate", "One row a point and metric", columns)
    }

    /// Writes `results`, `aggregate`, published values if there are some, and the dictionary of all.
    pub(super) fn write(
        &self,
        directory: &Path,
        format: FileFormat,
        published: &[Published],
    ) -> Result<(), OutputError> {
        self.write_tables(directory, FileFormat::Csv, published)?;
        if format == FileFormat::Parquet {
            self.write_tables(directory, FileFormat::Parquet, published)?;
        }
        let path = directory.join("dictionary.json");
        let mut tables = vec![self.results_table(), self.aggregate_table()];
        if !published.is_empty() {
            tables.push(published::table(self.axis_columns()));
        }
        let text = dictionary(&tables);
        fs::write(&path, format!("{text:#}\n")).map_err(|source| OutputError::Io {
            action: "write",
            path,
            source,
        })
    }

    fn write_tables(
        &self,
        directory: &Path,
        format: FileFormat,
        beside: &[Published],
    ) -> Result<(), OutputError> {
        let destination = Destination::Files { directory: directory.to_path_buf(), format };
        let mut recorder = Recorder::new(destination, TableSelection::All);
        let spec = self.results_table();
        let axes = self.axis_columns();
        let kinds: Vec<ColumnKind> = spec.columns.iter().map(|column| column.kind).collect();
        let first_metric = Self::run_columns().len() + axes.len();
        let results = recorder.table(spec)?;
        for row in &self.rows {
            let writer = row.write_id(recorder.row(results));
            let mut writer = self.write_axes(writer, row.run.point, &axes);
            for metric in 0..self.metrics.len() {
                writer = writer.cell(match (row.number(metric), kinds[first_metric + metric]) {
                    (None, _) => Cell::Null,
                    (Some(number), ColumnKind::Unsigned) => number.as_u64().into(),
                    (Some(number), _) => number.as_f64().into(),
                });
            }
            let status = if row.error.is_some() { "failed" } else { "done" };
            writer.text(status).cell(row.error.as_deref()).end();
        }
        let aggregate = recorder.table(self.aggregate_table())?;
        for row in self.aggregate() {
            let writer = recorder.row(aggregate).unsigned(row.point as u64);
            let writer = self.write_axes(writer, row.point, &axes);
            let known = |number: f64| (!number.is_nan()).then_some(number);
            let interval = row.interval;
            let half_width = interval.and_then(|interval| known(interval.half_width));
            let end = |sign: f64| Some(interval?.mean + sign * half_width?);
            writer
                .text(row.metric)
                .unsigned(interval.map_or(0, |interval| interval.n))
                .cell(interval.map(|interval| interval.mean))
                .cell(interval.and_then(|interval| known(interval.standard_deviation)))
                .float(self.confidence)
                .cell(half_width)
                .cell(end(-1.0))
                .cell(end(1.0))
                .end();
        }
        if !beside.is_empty() {
            published::write(beside, self, &mut recorder)?;
        }
        recorder.finish().map(|_| ())
    }
}

impl ResultRow {
    /// Writes the cells of [`SweepResults::run_columns`].
    pub(super) fn write_id<'w>(&self, writer: RowWriter<'w>) -> RowWriter<'w> {
        let writer = writer.unsigned(self.run.point as u64);
        writer.unsigned(u64::from(self.run.replication)).unsigned(self.seed)
    }

    pub(super) fn number(&self, metric: usize) -> Option<&Number> {
        let at = self.metrics.binary_search_by_key(&metric, |(index, _)| *index).ok()?;
        self.metrics.get(at).map(|(_, number)| number)
    }
}
