//! `stratosim compare`: compares runs, sweeps, or the values of an axis of a sweep with a baseline.

use super::sweep::failure;
use super::{Failure, print};
use crate::sweep::{Comparisons, Gathered, SweepResults, compare};
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Compare runs, sweeps, or the values of an axis of a sweep, such as policies, with a baseline.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim compare /tmp/s --baseline nearest \
    --metric workloads.tasks.service_s.mean\n  \
    stratosim compare runs/a runs/b --baseline runs/a\n\n\
    Runs of the same seed are compared pair by pair. A difference whose confidence interval holds zero \
    cannot be told from chance, and is marked so. Of several directories, runs whose scenarios differ in \
    the seed alone are replications of each other.")]
pub(super) struct Compare {
    /// Directories of runs, or of sweeps.
    #[arg(required = true)]
    directories: Vec<PathBuf>,
    /// Value of the axis that the others are compared with, or one of several directories.
    #[arg(long)]
    baseline: String,
    /// Axis that is compared; needed if several have the baseline among their values.
    #[arg(long)]
    axis: Option<String>,
    /// Metric to compare; may be repeated. All metrics if left out.
    #[arg(long = "metric")]
    metrics: Vec<String>,
    /// Form of the table.
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Csv,
    Markdown,
}

impl Compare {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let Gathered { results, labels } = SweepResults::gather(&self.directories).map_err(failure)?;
        if results.axes().is_empty() {
            return Err(Failure::BadInput(
                "there is nothing to compare: give several runs that differ in more than their seeds, \
                 or a sweep with axes"
                    .into(),
            ));
        }
        let directory = self.directories.iter().position(|own| *own == Path::new(&self.baseline));
        let baseline = match directory.and_then(|index| labels.get(index)) {
            Some(label) => shown(label),
            None => self.baseline.clone(),
        };
        let compared = compare(&results, self.axis.as_deref(), &baseline, &self.metrics);
        let comparisons = compared.map_err(Failure::BadInput)?;
        if comparisons.rows.is_empty() {
            let failed = results.failed().count();
            return Err(Failure::BadInput(format!(
                "there is nothing to compare: no run has a partner of the same seed whose {} is {baseline:?} \
                 ({failed} of {} runs failed)",
                results.axes().get(comparisons.axis).map_or("axis", |axis| &axis.name),
                results.rows().len()
            )));
        }
        let rows = table(&results, &comparisons);
        match self.format {
            Format::Csv => print(&csv(&rows)?),
            Format::Markdown => print(&markdown(&rows)),
            Format::Text => print(&text(&rows)),
        }
        Ok(())
    }
}

/// A label as text.
fn shown(label: &Value) -> String {
    label.as_str().map_or_else(|| label.to_string(), str::to_string)
}

/// Header and rows as text.
fn table(results: &SweepResults, comparisons: &Comparisons) -> Vec<Vec<String>> {
    let names = results.axes().iter().enumerate().filter(|(index, _)| *index != comparisons.axis);
    let mut header: Vec<String> = names.map(|(_, axis)| axis.name.clone()).collect();
    let columns = [
        "candidate",
        "metric",
        "pairs",
        "baseline",
        "mean",
        "difference",
        "half-width",
        "ratio",
        "ratio low",
        "ratio high",
        "effect size",
        "verdict",
    ];
    header.extend(columns.map(str::to_string));
    let mut rows = vec![header];
    for comparison in &comparisons.rows {
        let number = |value: f64| if value.is_finite() { short(value) } else { "-".into() };
        let optional = |value: Option<f64>| value.map_or("-".into(), number);
        let mut row: Vec<String> = comparison.others.iter().map(shown).collect();
        let [ratio, low, high] = match comparison.ratio {
            Some(ratio) => ratio.map(Some),
            None => [None; 3],
        };
        row.extend([
            shown(&comparison.candidate),
            comparison.metric.clone(),
            comparison.difference.n.to_string(),
            number(comparison.baseline_mean),
            number(comparison.candidate_mean),
            number(comparison.difference.mean),
            number(comparison.difference.half_width),
            optional(ratio),
            optional(low),
            optional(high),
            optional(comparison.effect_size),
            match comparison.is_distinguishable() {
                None => "one pair only",
                Some(true) if comparison.difference.mean > 0.0 => "more",
                Some(true) => "less",
                Some(false) => "not distinguishable",
            }
            .into(),
        ]);
        rows.push(row);
    }
    rows
}

/// Four significant digits.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    if (-3..=9).contains(&digits) {
        format!("{value:.*}", digits.max(0) as usize)
    } else {
        format!("{value:.3e}")
    }
}

fn csv(rows: &[Vec<String>]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(Failure::failed)?;
    }
    let bytes = writer.into_inner().map_err(Failure::failed)?;
    String::from_utf8(bytes).map_err(Failure::failed)
}

fn markdown(rows: &[Vec<String>]) -> String {
    let cell = |cell: &String| cell.replace('|', "\\|").replace('\n', " ");
    let line = |row: &[String]| {
        let cells: Vec<String> = row.iter().map(cell).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        text.push_str(&line(row));
        if index == 0 {
            text.push_str(&line(&vec!["---".to_string(); row.len()]));
        }
    }
    text
}

fn text(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
