//! The report of a sweep.

use super::numbers::{of_metric, whole};
use super::page::{Cell, Drawing, Section, facts, page as whole_page, table};
use crate::output::read_json;
use crate::plot::{ChartKind, FigureSpec, PlotError, Source, metric_axis};
use crate::sweep::{Comparison, SweepResults, compare};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Metrics that have figures, and metrics in the tables.
const MOST_FIGURES: usize = 6;
const MOST_IN_TABLES: usize = 12;

/// What the metrics are called that readers look for first, by the ends of their paths.
const FIRST: [&str; 10] = [
    "success_share",
    "failed_share",
    "service_s.mean",
    "service_s.p95",
    "quality_of_experience.all",
    "edge.utilisation",
    "utilisation",
    "energy_j",
    "cost",
    "mean",
];

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

pub(super) fn page(directory: &Path) -> Result<Markup, PlotError> {
    let results = SweepResults::read(directory)?;
    let header = read_json(&directory.join("sweep.json"))?;
    let source = Source::open(&[directory.to_path_buf()])?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let plan = &header["plan"];
    let name = text(&header["name"]);
    let (runs, failed) = (results.rows().len(), results.failed().count());
    let seeds: BTreeSet<u64> = results.rows().iter().map(|row| row.seed).collect();
    let head = facts(&[
        ("Points", whole(results.points() as u64)),
        ("Runs", whole(runs as u64)),
        ("Failed", whole(failed as u64)),
        ("Seeds", in_short(&seeds)),
        ("Confidence of intervals", format!("{} %", 100.0 * results.confidence())),
        ("Version", text(&plan["stratosim"])),
        ("Hash of the plan", text(&header["hash"])),
    ]);
    let metrics = chosen(&results);
    let axes = Axes::of(&results);
    let mut sections = vec![
        Section::new("What was varied", axis_table(&results).into_iter().collect()),
        Section::new("Failed runs", failures(&results).into_iter().collect()),
    ];
    let mut drawing = Drawing::new(&source);
    sections.push(Section::new("Metrics", metric_figures(&mut drawing, &axes, &metrics, &results)));
    sections.push(Section::new("Outcomes", outcome_figures(&mut drawing, &axes, &results)));
    sections.push(Section::new("Compared with a baseline", comparison(&results, &axes, &metrics)));
    sections.push(Section::new("Means", means(&results, &metrics).into_iter().collect()));
    let lead = Some(text(&header["description"])).filter(|lead| !lead.is_empty());
    let lead = lead.unwrap_or_else(|| text(&plan["sweep"]["scenario"]["description"]));
    let title = format!("Sweep {}", if name.is_empty() { "without a name" } else { &name });
    Ok(whole_page(&title, &lead, &head, &sections))
}

/// A set of numbers, as a range if it is one.
fn in_short(numbers: &BTreeSet<u64>) -> String {
    match (numbers.first(), numbers.last()) {
        (Some(first), Some(last)) if numbers.len() > 2 && last - first == numbers.len() as u64 - 1 => {
            format!("{first} to {last}")
        }
        _ => {
            let mut list: Vec<String> = numbers.iter().take(12).map(u64::to_string).collect();
            if numbers.len() > 12 {
                list.push("...".into());
            }
            list.join(", ")
        }
    }
}

/// How the axes are shown: one to the right, one by colour, the others at one value.
struct Axes {
    /// An axis of numbers, if one varies.
    along: Option<String>,
    /// Another axis that varies, rather of names.
    by: Option<String>,
    /// Further axes, each with the value at which figures show it.
    fixed: Vec<(String, String)>,
    /// The different values of the axis that goes to the right.
    values: Vec<String>,
}

/// The different values of an axis in their order.
fn values_of(results: &SweepResults, axis: usize) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for point in 0..results.points() {
        if let Some(value) = results.labels(point).get(axis).map(shown)
            && !values.contains(&value)
        {
            values.push(value);
        }
    }
    values
}

impl Axes {
    fn of(results: &SweepResults) -> Axes {
        let is_number = |axis: usize| {
            (0..results.points())
                .all(|point| results.labels(point).get(axis).is_some_and(Value::is_number))
        };
        let varying: Vec<(usize, String, Vec<String>)> = results
            .axes()
            .iter()
            .enumerate()
            .map(|(index, axis)| (index, axis.name.clone(), values_of(results, index)))
            .filter(|(_, _, values)| values.len() > 1)
            .collect();
        let along = varying.iter().position(|(index, ..)| is_number(*index));
        let others = || (0..varying.len()).filter(|place| Some(*place) != along);
        let by = others().find(|place| !is_number(varying[*place].0)).or(others().next());
        let fixed = others()
            .filter(|place| Some(*place) != by)
            .map(|place| (varying[place].1.clone(), varying[place].2[0].clone()))
            .collect();
        Axes {
            along: along.map(|place| varying[place].1.clone()),
            by: by.map(|place| varying[place].1.clone()),
            fixed,
            values: along.map(|place| varying[place].2.clone()).unwrap_or_default(),
        }
    }
}

/// Axes with their values in words.
fn in_words(fixed: &[(String, String)]) -> String {
    let words: Vec<String> = fixed.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
    words.join(", ")
}

/// The metrics to show: those that vary, those that readers look for first; not those of single
/// applications, which are parts of others.
fn chosen(results: &SweepResults) -> Vec<String> {
    let varies = |metric: &str| {
        let mut values = results.rows().iter().filter_map(|row| results.value(row, metric));
        values.next().is_some_and(|first| values.any(|value| value != first))
    };
    let rank = |metric: &str| FIRST.iter().position(|end| metric.ends_with(end)).unwrap_or(FIRST.len());
    let is_part = |metric: &str| metric.contains(".applications.") || metric.contains(".outcomes.");
    let mut found: Vec<&String> =
        results.metrics().iter().filter(|metric| varies(metric) && !is_part(metric)).collect();
    found.sort_by_key(|metric| rank(metric));
    found.into_iter().take(MOST_IN_TABLES).cloned().collect()
}

fn axis_table(results: &SweepResults) -> Option<Markup> {
    let rows: Vec<Vec<Cell>> = results
        .axes()
        .iter()
        .enumerate()
        .map(|(index, axis)| {
            let values = values_of(results, index);
            let mut list = values.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
            if values.len() > 20 {
                list.push_str(", ...");
            }
            let count = values.len();
            let unit = if axis.unit.is_empty() { String::new() } else { format!(" in {}", axis.unit) };
            vec![
                Cell::text(format!("{}{unit}", axis.name)),
                Cell::Number(whole(count as u64), count as f64),
                Cell::text(list),
            ]
        })
        .collect();
    table("Axes", &["axis", "values", "which"].map(String::from), &rows)
}

fn metric_figures(
    drawing: &mut Drawing<'_>,
    axes: &Axes,
    metrics: &[String],
    results: &SweepResults,
) -> Vec<Markup> {
    let mut body = Vec::new();
    let at = match in_words(&axes.fixed) {
        fixed if fixed.is_empty() => String::new(),
        fixed => format!(" Of further axes one value is shown: {fixed}."),
    };
    for (index, metric) in metrics.iter().take(MOST_FIGURES).enumerate() {
        let label = metric_axis(metric).label;
        let column = results.column_name(metric);
        let base = FigureSpec {
            y: vec![column.clone()].into(),
            by: axes.by.iter().cloned().collect::<Vec<_>>().into(),
            at: axes.fixed.clone(),
            ..FigureSpec::default()
        };
        if let Some(along) = &axes.along {
            let spec =
                FigureSpec { kind: Some(ChartKind::Line), x: Some(along.clone()), ..base.clone() };
            let caption = format!("The mean of {metric} over the runs of each point.{at}");
            body.extend(drawing.figure(&spec, &caption));
        } else if let Some(by) = &axes.by {
            let spec = FigureSpec {
                kind: Some(ChartKind::Box),
                x: Some(by.clone()),
                by: Vec::new().into(),
                ..base.clone()
            };
            let caption = format!("{metric} of the runs, each a dot where there are few.{at}");
            body.extend(drawing.figure(&spec, &caption));
        }
        if let (true, Some(along), Some(by)) = (index < 2, &axes.along, &axes.by) {
            let spec = FigureSpec {
                kind: Some(ChartKind::HeatMap),
                x: Some(along.clone()),
                y: vec![by.clone()].into(),
                by: Vec::new().into(),
                value: Some(column),
                ..base.clone()
            };
            let caption = format!("The same as colours: {label} for each {by} and {along}.{at}");
            body.extend(drawing.figure(&spec, &caption));
        }
        if let (0, Some(along), Some(by)) = (index, &axes.along, &axes.by) {
            let spec = FigureSpec {
                kind: Some(ChartKind::Box),
                x: Some(by.clone()),
                by: vec![along.clone()].into(),
                ..base
            };
            let caption = format!("How far the runs of a point differ in {label}.{at}");
            body.extend(drawing.figure(&spec, &caption));
        }
    }
    body
}

/// For each list of outcomes how they divide, for each value of the axis of names; where numbers vary, too, at
/// the last of them.
fn outcome_figures(drawing: &mut Drawing<'_>, axes: &Axes, results: &SweepResults) -> Vec<Markup> {
    let lists: BTreeSet<&str> = results
        .metrics()
        .iter()
        .filter(|metric| !metric.contains(".applications."))
        .filter_map(|metric| metric.find(".outcomes.").map(|at| &metric[..at + ".outcomes.".len()]))
        .collect();
    let Some(x) = axes.by.as_ref().or(axes.along.as_ref()) else { return Vec::new() };
    let mut fixed = axes.fixed.clone();
    if let (Some(along), Some(_), Some(last)) = (&axes.along, &axes.by, axes.values.last()) {
        fixed.push((along.clone(), last.clone()));
    }
    let mut body = Vec::new();
    for list in lists {
        let what = list.trim_end_matches(".outcomes.").trim_start_matches("workloads.");
        let spec = FigureSpec {
            kind: Some(ChartKind::Shares),
            x: Some(x.clone()),
            y: vec![list.to_string()].into(),
            at: fixed.clone(),
            y_label: Some(format!("share of {what}")),
            title: Some(format!("How {what} ended, by {x}")),
            ..FigureSpec::default()
        };
        let at = if fixed.is_empty() { String::new() } else { format!(" At {}.", in_words(&fixed)) };
        let caption = format!("Mean share of each outcome over the runs.{at}");
        body.extend(drawing.figure(&spec, &caption));
    }
    body
}

/// The first value of the axis that tells things apart is the baseline of the others.
fn comparison(results: &SweepResults, axes: &Axes, metrics: &[String]) -> Vec<Markup> {
    let Some(axis) = axes.by.as_ref().or(axes.along.as_ref()) else { return Vec::new() };
    let index = results.axes().iter().position(|own| own.name == *axis).unwrap_or(0);
    let Some(baseline) = values_of(results, index).into_iter().next() else { return Vec::new() };
    let metrics: Vec<String> = metrics.iter().take(MOST_FIGURES).cloned().collect();
    let Ok(compared) = compare(results, Some(axis), &baseline, &metrics) else { return Vec::new() };
    let others = results.axes().iter().enumerate().filter(|(own, _)| *own != compared.axis);
    let mut header: Vec<String> = others.map(|(_, axis)| axis.name.clone()).collect();
    header.push(axis.clone());
    header.extend(
        ["metric", "pairs", "baseline", "mean", "difference", "half-width", "verdict"].map(String::from),
    );
    let number = |metric: &str, value: f64| Cell::Number(of_metric(metric, &Value::from(value)), value);
    let row = |one: &Comparison| {
        let mut row: Vec<Cell> = one.others.iter().map(labelled).collect();
        row.push(labelled(&one.candidate));
        row.push(Cell::text(one.metric.clone()));
        row.push(Cell::Number(one.difference.n.to_string(), one.difference.n as f64));
        row.push(number(&one.metric, one.baseline_mean));
        row.push(number(&one.metric, one.candidate_mean));
        row.push(number(&one.metric, one.difference.mean));
        row.push(number(&one.metric, one.difference.half_width));
        row.push(Cell::text(match one.is_distinguishable() {
            None => "one pair only",
            Some(true) if one.difference.mean > 0.0 => "more",
            Some(true) => "less",
            Some(false) => "not distinguishable",
        }));
        row
    };
    let rows: Vec<Vec<Cell>> = compared.rows.iter().map(row).collect();
    let text = format!(
        "Each {axis} beside {baseline}, seed by seed: runs of the same seed faced the same arrivals, \
         movements and faults. The difference is the mean over the pairs, with the half-width of its \
         confidence interval; one whose interval holds zero cannot be told from chance."
    );
    let caption = format!("Differences from {baseline}");
    let shown = table(&caption, &header, &rows);
    shown.into_iter().flat_map(|shown| [html! { p { (text) } }, shown]).collect()
}

fn labelled(label: &Value) -> Cell {
    match label.as_f64() {
        Some(number) => Cell::Number(label.to_string(), number),
        None => Cell::Text(shown(label)),
    }
}

fn means(results: &SweepResults, metrics: &[String]) -> Option<Markup> {
    let mut header: Vec<String> = results.axes().iter().map(|axis| axis.name.clone()).collect();
    header.push("runs".into());
    header.extend(metrics.iter().cloned());
    let rows: Vec<Vec<Cell>> = (0..results.points())
        .map(|point| {
            let mut row: Vec<Cell> = results.labels(point).iter().map(labelled).collect();
            let intervals: Vec<_> = metrics.iter().map(|metric| results.mean(point, metric)).collect();
            let runs = intervals.iter().flatten().map(|interval| interval.n).max().unwrap_or(0);
            row.push(Cell::Number(runs.to_string(), runs as f64));
            row.extend(metrics.iter().zip(intervals).map(|(metric, interval)| match interval {
                None => Cell::Number("–".into(), f64::NAN),
                Some(interval) => {
                    let mut text = of_metric(metric, &Value::from(interval.mean));
                    if interval.half_width.is_finite() {
                        text.push_str(&format!(
                            " ± {}",
                            of_metric(metric, &Value::from(interval.half_width))
                        ));
                    }
                    Cell::Number(text, interval.mean)
                }
            }));
            row
        })
        .collect();
    table(
        "Means over the runs of each point, with the half-widths of their confidence intervals",
        &header,
        &rows,
    )
}

fn failures(results: &SweepResults) -> Option<Markup> {
    let mut header: Vec<String> = results.axes().iter().map(|axis| axis.name.clone()).collect();
    header.extend(["seed", "run", "error"].map(String::from));
    let rows: Vec<Vec<Cell>> = results
        .failed()
        .map(|row| {
            let mut cells: Vec<Cell> = results.labels(row.run.point).iter().map(labelled).collect();
            cells.push(Cell::Number(row.seed.to_string(), row.seed as f64));
            cells.push(Cell::text(row.run.to_string()));
            cells.push(Cell::text(row.error.clone().unwrap_or_default()));
            cells
        })
        .collect();
    table("Runs that failed; they are in no figure and no mean", &header, &rows)
}
