//! `stratosim compare`: compares the values of an axis of a sweep with a baseline.

use super::sweep::failure;
use super::{Failure, print};
use crate::sweep::{Comparison, SweepResults, compare};
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::path::PathBuf;

/// Compare the values of an axis of a sweep, such as policies, with a baseline among them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim compare /tmp/s --baseline nearest \
    --metric workloads.tasks.service_s.mean\n\n\
    Runs of the same seed are compared pair by pair. A difference whose confidence interval holds zero \
    cannot be told from chance, and is marked so.")]
pub(super) struct Compare {
    /// Directory of a sweep.
    sweep: PathBuf,
    /// Value of the axis that the others are compared with.
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
        let results = SweepResults::read(&self.sweep).map_err(failure)?;
        let compared = compare(&results, self.axis.as_deref(), &self.baseline, &self.metrics);
        let comparisons = compared.map_err(Failure::BadInput)?;
        let rows = table(&results, &comparisons, &self.baseline);
        match self.format {
            Format::Csv => print(&csv(&rows)?),
            Format::Markdown => print(&markdown(&rows)),
            Format::Text => print(&text(&rows)),
        }
        Ok(())
    }
}

/// Header and rows as text.
fn table(results: &SweepResults, comparisons: &[Comparison], baseline: &str) -> Vec<Vec<String>> {
    let label = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    // The axis that is compared is the one that the others lack.
    let mut header: Vec<String> = Vec::new();
    let others = comparisons.first().map_or(0, |comparison| comparison.others.len());
    let compared = results.axes().iter().position(|axis| {
        let values = results.rows().iter().map(|row| results.labels(row.run.point));
        let index = results.axes().iter().position(|own| own.name == axis.name).unwrap_or(0);
        values.filter_map(|labels| labels.get(index)).any(|value| label(value) == baseline)
    });
    let names = results.axes().iter().enumerate().filter(|(index, _)| Some(*index) != compared);
    header.extend(names.map(|(_, axis)| axis.name.clone()).take(others));
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
    for comparison in comparisons {
        let number = |value: f64| if value.is_finite() { short(value) } else { "-".into() };
        let optional = |value: Option<f64>| value.map_or("-".into(), number);
        let mut row: Vec<String> = comparison.others.iter().map(label).collect();
        let [ratio, low, high] = match comparison.ratio {
            Some(ratio) => ratio.map(Some),
            None => [None; 3],
        };
        row.extend([
            label(&comparison.candidate),
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
    let line = |row: &[String]| format!("| {} |\n", row.join(" | ").replace('\n', " "));
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
