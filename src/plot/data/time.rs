//! Time series and stacked shares.

use super::make::{Request, USUAL_TOP};
use super::selection::{Groups, NONE};
use super::source::unknown;
use super::spans::{in_table, read_spans};
use crate::plot::{Columns, Event, Part, PlotError, StackedShares, TimeLine, TimeSeries};

/// Columns of shares over numbers where nothing else is asked for.
const USUAL_BINS: usize = 60;
/// Parts of a whole that are shown where nothing else is asked for.
const USUAL_PARTS: usize = 12;

pub(super) fn time_series(request: &mut Request<'_>) -> Result<TimeSeries, PlotError> {
    let spec = request.spec;
    let usual = request.offers.iter().find(|offer| offer.name == "t_s").map(|offer| offer.name.clone());
    let x = request.needed("x", spec.x.as_ref().or(usual.as_ref()), "which column is the time")?;
    let x_axis = request.x_axis(&request.numbers("x", &x)?.axis);
    let ys = spec.y.list().to_vec();
    if ys.is_empty() {
        request.one_y()?;
    }
    let by = request.told_apart(&[&x])?;
    let mut series = Vec::new();
    let mut y_axis = None;
    let mut is_averaged = false;
    for y in &ys {
        let offer = request.numbers("y", y)?;
        let (axis, label) = (request.y_axis(&offer.axis), offer.axis.label.clone());
        let weight = spec.top_by.as_deref().unwrap_or(y);
        request.numbers("top_by", weight)?;
        let mut names: Vec<&str> = vec![&x, y, weight];
        names.extend(by.iter().map(String::as_str));
        let selection = request.select(&names)?;
        let groups = request.groups(&by, &selection.columns[3..], selection.rows);
        let times = selection.columns[0].numbers().unwrap_or_default();
        let values = selection.columns[1].numbers().unwrap_or_default();
        let mean = |values: Vec<f64>| {
            let known: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
            known.iter().sum::<f64>() / known.len() as f64
        };
        let deciding = selection.columns[2].numbers().unwrap_or_default();
        let weights: Vec<f64> = groups.split(deciding).into_iter().map(mean).collect();
        let most = spec.top.unwrap_or(USUAL_TOP);
        let means = match &spec.top_by {
            Some(column) => format!("series, those with the greatest means of {column}"),
            None => "series, those with the greatest means".to_string(),
        };
        let groups = request.keep_top(groups, &weights, most, &means);
        let (times, values) = (groups.split(times), groups.split(values));
        for (name, (times, values)) in groups.names.iter().zip(times.into_iter().zip(values)) {
            let name = match (ys.len(), name.is_empty()) {
                (1, _) => name.clone(),
                (_, true) => label.clone(),
                _ => format!("{label}, {name}"),
            };
            let (points, averaged) = over_time(times.into_iter().zip(values).collect());
            is_averaged |= averaged;
            // These are means over the period that ends at the sample.
            let is_sampled = matches!(spec.table.as_deref(), Some("nodes" | "links"));
            let is_mean = is_sampled && matches!(y.as_str(), "utilisation" | "power_w");
            series.push(TimeLine { name, points, is_mean });
        }
        y_axis.get_or_insert(axis);
    }
    if is_averaged {
        request.notes.push("means of the rows of the same time".into());
    }
    let events = match &spec.events {
        Some(events) => read_events(request, events)?,
        None => Vec::new(),
    };
    let y_axis = y_axis.unwrap_or_default();
    request.topic = match by.is_empty() {
        true => format!("{} over time", y_axis.label),
        false => format!("{} by {} over time", y_axis.label, by.join(" and ").replace('_', " ")),
    };
    let spans = match &spec.spans {
        Some(spans) => read_spans(request, spans)?,
        None => Vec::new(),
    };
    Ok(TimeSeries { x: x_axis, y: y_axis, series, events, spans })
}

/// The mean at each time, and whether any is of more than one row.
fn over_time(mut rows: Vec<(f64, f64)>) -> (Vec<(f64, f64)>, bool) {
    rows.retain(|(time, _)| time.is_finite());
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut averaged = false;
    let at = |group: &[(f64, f64)]| {
        let known: Vec<f64> = group.iter().map(|row| row.1).filter(|value| value.is_finite()).collect();
        averaged |= known.len() > 1;
        let mean = match known.as_slice() {
            [] => f64::NAN,
            known => known.iter().sum::<f64>() / known.len() as f64,
        };
        (group[0].0, mean)
    };
    (rows.chunk_by(|a, b| a.0 == b.0).map(at).collect(), averaged)
}

/// The events of `TABLE.COLUMN`, or of `TABLE.*`, those that meet the conditions on columns of this table.
fn read_events(request: &Request<'_>, text: &str) -> Result<Vec<Event>, PlotError> {
    let (table, column) = in_table("events", text, "faults.change or handovers.*")?;
    let each_row = column == "*";
    let column = if each_row { "t_s" } else { column };
    let keyed = |error: PlotError| match error {
        PlotError::Request { message, .. } => PlotError::request("events", message),
        error => error,
    };
    let offers = request.source.offers(Some(table)).map_err(keyed)?;
    let known: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
    for name in [column, "t_s"] {
        if !known.contains(&name) {
            return Err(unknown("events", "column", name, &known));
        }
    }
    let filters = request.filters_on(&known);
    let selection = match request.source.select(Some(table), &["t_s", column], &filters) {
        // Nothing has happened, or nothing to what is shown.
        Err(PlotError::Empty(_) | PlotError::Request { key: "where", .. }) => return Ok(Vec::new()),
        selection => selection.map_err(keyed)?,
    };
    let times = selection.columns[0].numbers().unwrap_or_default();
    if each_row {
        let kind = table.replace('_', " ");
        return Ok(times.iter().map(|&time| Event { time, kind: kind.clone() }).collect());
    }
    let kinds = selection.columns[1].groups(false);
    let event = |(&time, &kind): (&f64, &u32)| {
        let kind = kinds.names.get(kind as usize)?.replace('_', " ");
        Some(Event { time, kind })
    };
    Ok(times.iter().zip(&kinds.of).filter_map(event).collect())
}

pub(super) fn shares(request: &mut Request<'_>) -> Result<StackedShares, PlotError> {
    if request.is_results() { shares_of_metrics(request) } else { shares_of_rows(request) }
}

/// How the rows of a table divide by a column, over another.
fn shares_of_rows(request: &mut Request<'_>) -> Result<StackedShares, PlotError> {
    let spec = request.spec;
    let usual = request.offers.iter().find(|offer| offer.name == "t_s").map(|offer| offer.name.clone());
    let x = request.needed("x", spec.x.as_ref().or(usual.as_ref()), "what the columns are over")?;
    let offer = request.offer("x", &x)?;
    let (x_axis, is_number) = (request.x_axis(&offer.axis), offer.is_number);
    let Some(by) = spec.by.list().first().cloned() else {
        let of_names = request.offers.iter().filter(|offer| !offer.is_number);
        let known: Vec<&str> = of_names.map(|offer| offer.name.as_str()).collect();
        let message = format!("say which column divides the rows (with names: {})", known.join(", "));
        return Err(PlotError::request("by", message));
    };
    request.offer("by", &by)?;
    request.refuse_mixed(&[&x, &by])?;
    let selection = request.select(&[&x, &by])?;
    let parts = largest(&selection.columns[1].groups(true), spec.top.unwrap_or(USUAL_PARTS));
    let (columns, of): (Columns, Vec<u32>) = match selection.columns[0].numbers() {
        Some(numbers) if is_number => intervals(numbers, spec.bins.unwrap_or(USUAL_BINS))?,
        _ => {
            let groups = selection.columns[0].groups(true);
            (Columns::Names(groups.names.clone()), groups.of)
        }
    };
    let count = match &columns {
        Columns::Names(names) => names.len(),
        Columns::Intervals(ends) => ends.len() - 1,
    };
    let mut amounts = vec![vec![0.0; count]; parts.names.len()];
    for (&column, &part) in of.iter().zip(&parts.of) {
        if column != NONE && part != NONE {
            amounts[part as usize][column as usize] += 1.0;
        }
    }
    let named = parts.names.iter().map(|name| name.replace('_', " "));
    let parts = named.zip(amounts).map(|(name, amounts)| Part { name, amounts }).collect();
    let table = spec.table.as_deref().unwrap_or_default().replace('_', " ");
    let words = by.replace('_', " ");
    request.topic = format!("{table} by {words} over {}", x_axis.label);
    if let Columns::Intervals(ends) = &columns {
        request.notes.push(format!("{} intervals", ends.len() - 1));
    }
    let whole = spec.y_label.clone().unwrap_or_else(|| format!("share of {table}"));
    Ok(StackedShares { x: x_axis, columns, whole, parts })
}

/// The groups with the largest first; from `most` on they are one, and rows without a name are a group, so
/// that no row is missing from the whole.
fn largest(groups: &Groups, most: usize) -> Groups {
    let sizes = groups.sizes();
    let mut order: Vec<usize> = (0..groups.names.len()).collect();
    order.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]).then(a.cmp(&b)));
    let mut index = vec![0_u32; groups.names.len()];
    let mut names = Vec::new();
    let left_over = order.len().saturating_sub(most);
    for (place, &group) in order.iter().enumerate() {
        if place < most || left_over == 1 {
            names.push(groups.names[group].clone());
        } else if place == most {
            names.push(format!("{left_over} others"));
        }
        // There is at least this one.
        index[group] = names.len() as u32 - 1;
    }
    if groups.of.contains(&NONE) {
        names.push("none".into());
    }
    let nameless = names.len().saturating_sub(1) as u32;
    let of = groups.of.iter().map(|&group| index.get(group as usize).copied().unwrap_or(nameless));
    Groups { of: of.collect(), names }
}

/// Intervals of equal width over numbers, and the interval of each.
fn intervals(numbers: &[f64], bins: usize) -> Result<(Columns, Vec<u32>), PlotError> {
    let finite = || numbers.iter().filter(|number| number.is_finite());
    let low = finite().copied().fold(f64::INFINITY, f64::min);
    let high = finite().copied().fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return Err(PlotError::Empty("the column `x` has no finite values".into()));
    }
    // Time begins with the run, not with its first row.
    let low = if low >= 0.0 && low < 0.1 * high { 0.0 } else { low };
    let width = if high > low { (high - low) / bins as f64 } else { 1.0 };
    let ends = (0..=bins).map(|bin| low + bin as f64 * width).collect();
    let of = numbers.iter().map(|number| match number.is_finite() {
        // The cast rounds down.
        true => (((number - low) / width) as u32).min(bins as u32 - 1),
        false => NONE,
    });
    Ok((Columns::Intervals(ends), of.collect()))
}

/// How metrics divide a whole, over an axis.
fn shares_of_metrics(request: &mut Request<'_>) -> Result<StackedShares, PlotError> {
    let mut metrics: Vec<String> = Vec::new();
    for name in request.spec.y.list() {
        match name.strip_suffix('.') {
            Some(path) => {
                let below = request.offers.iter().map(|offer| &offer.name);
                let below: Vec<String> = below.filter(|own| own.starts_with(name)).cloned().collect();
                if below.is_empty() {
                    request.offer("y", path)?;
                    return Err(PlotError::request("y", format!("no metric is below {path:?}")));
                }
                metrics.extend(below);
            }
            None => metrics.push(request.numbers("y", name)?.name.clone()),
        }
    }
    if metrics.is_empty() {
        request.one_y()?;
    }
    let first = request.axes().next().map(|axis| axis.name.clone());
    let x = request.spec.x.clone().or(first);
    if let Some(x) = &x {
        request.offer("x", x)?;
    }
    request.refuse_mixed(&x.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut names: Vec<&str> = metrics.iter().map(String::as_str).collect();
    names.extend(x.as_deref());
    let selection = request.select(&names)?;
    let groups = match selection.columns.get(metrics.len()) {
        Some(column) => column.groups(false),
        None => Groups::one(selection.rows),
    };
    let x_axis = match &x {
        Some(x) => request.x_axis(&request.offer("x", x)?.axis),
        None => crate::plot::Axis::default(),
    };
    let mut parts = Vec::new();
    for (metric, column) in metrics.iter().zip(&selection.columns) {
        let split = groups.split(column.numbers().unwrap_or_default());
        let mean = |values: &Vec<f64>| {
            let known: Vec<f64> = values.iter().filter(|value| value.is_finite()).copied().collect();
            if known.is_empty() { 0.0 } else { known.iter().sum::<f64>() / known.len() as f64 }
        };
        let amounts: Vec<f64> = split.iter().map(mean).collect();
        if amounts.iter().any(|amount| *amount > 0.0) {
            let name = metric.rsplit('.').next().unwrap_or(metric).replace('_', " ");
            parts.push(Part { name, amounts });
        }
    }
    request.topic = match x_axis.label.as_str() {
        "" => "shares".into(),
        label => format!("shares by {label}"),
    };
    request.notes.push("means over all runs of a column".into());
    let whole = request.spec.y_label.clone().unwrap_or_else(|| "share".into());
    let x = crate::plot::Axis { scale: crate::plot::Scale::Linear, ..x_axis };
    Ok(StackedShares { x, columns: Columns::Names(groups.names), whole, parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_parts_are_joined_and_none_is_lost() {
        let groups = Groups {
            names: ["a", "b", "c", "d"].map(String::from).to_vec(),
            of: vec![1, 1, 1, 2, 2, 0, 3, NONE],
        };
        let found = largest(&groups, 2);
        assert_eq!(found.names, ["b", "c", "2 others", "none"]);
        assert_eq!(found.of, [0, 0, 0, 1, 1, 2, 2, 3]);
        // One that is left over is itself.
        assert_eq!(largest(&groups, 3).names, ["b", "c", "a", "d", "none"]);
    }

    #[test]
    fn times_are_put_into_intervals_from_zero() {
        let (columns, of) = intervals(&[1.0, 49.0, 50.0, 100.0, f64::NAN], 2).unwrap();
        assert_eq!(columns, Columns::Intervals(vec![0.0, 50.0, 100.0]));
        assert_eq!(of, [0, 0, 1, 1, NONE]);
        assert!(intervals(&[f64::NAN], 2).is_err());
        assert_eq!(intervals(&[7.0], 2).unwrap().1, [0]);
    }

    #[test]
    fn rows_of_one_time_are_averaged() {
        let rows = vec![(2.0, 4.0), (1.0, 1.0), (1.0, 3.0), (2.0, f64::NAN), (f64::NAN, 1.0)];
        assert_eq!(over_time(rows), (vec![(1.0, 2.0), (2.0, 4.0)], true));
        assert!(!over_time(vec![(1.0, 1.0)]).1);
    }
}
