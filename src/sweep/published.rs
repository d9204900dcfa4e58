//! Values that others have published, beside what a sweep comes to.

use super::axis::Axis;
use super::drop::Drop;
use super::format::PublishedSpec;
use super::results::SweepResults;
use crate::output::{OutputError, Recorder};
use crate::records::{ColumnSpec, TableSpec};
use crate::scenario::{Path, Site};

/// A value that is published, and where it belongs.
#[derive(Clone, Debug)]
pub(super) struct Published {
    /// The points; all of them if there are no conditions.
    points: Option<Drop>,
    pub(super) metric: Path,
    value: f64,
    source: String,
}

impl Published {
    /// One of the list; errors go to `site`.
    pub(super) fn new(spec: &PublishedSpec, axes: &[Axis], site: &Site<'_>) -> Option<Self> {
        let points = match spec.points.is_empty() {
            true => None,
            false => Some(Drop::new(&spec.points, axes, &site.key("where"))?),
        };
        if !spec.value.is_finite() {
            site.key("value").error(format!("found {}, expected a finite number", spec.value));
            return None;
        }
        let metric = site.key("metric").check(spec.metric.parse())?;
        Some(Published { points, metric, value: spec.value, source: spec.source.clone() })
    }
}

/// The table of published values; its axes are those of the sweep.
pub(super) fn table(axes: Vec<ColumnSpec>) -> TableSpec {
    let mut columns = vec![ColumnSpec::unsigned("point", "", "combination of axis values, from 0")];
    columns.extend(axes);
    columns.extend([
        ColumnSpec::category("metric", "number of the summary, by its path"),
        ColumnSpec::float("published", "", "the value that is published"),
        ColumnSpec::text("source", "where"),
        ColumnSpec::unsigned("n", "", "replications that have the number"),
        ColumnSpec::float("mean", "", "mean over these; null if there are none"),
        ColumnSpec::float("half_width", "", "half-width of the confidence interval of the mean"),
        ColumnSpec::float("difference", "", "mean less the published value"),
        ColumnSpec::float(
            "relative_difference",
            "",
            "the same over the published value; null if that is 0",
        ),
    ]);
    TableSpec::new("published", "One row a published value and point that it belongs to", columns)
}

/// Writes the table.
pub(super) fn write(
    all: &[Published],
    results: &SweepResults,
    recorder: &mut Recorder,
) -> Result<(), OutputError> {
    let axes = results.axis_columns();
    let table = recorder.table(table(axes.clone()))?;
    for own in all {
        let metric = own.metric.to_string();
        for point in 0..results.points() {
            if own.points.as_ref().is_some_and(|points| !points.drops(results.labels(point))) {
                continue;
            }
            let mean = results.mean(point, &metric);
            let difference = mean.map(|mean| mean.mean - own.value);
            let half_width = mean.map(|mean| mean.half_width).filter(|own| !own.is_nan());
            let writer = recorder.row(table).unsigned(point as u64);
            results
                .write_axes(writer, point, &axes)
                .text(&metric)
                .float(own.value)
                .text(&own.source)
                .unsigned(mean.map_or(0, |mean| mean.n))
                .cell(mean.map(|mean| mean.mean))
                .cell(half_width)
                .cell(difference)
                .cell(difference.filter(|_| own.value != 0.0).map(|own_by| own_by / own.value))
                .end();
        }
    }
    Ok(())
}
