//! Lines and heat maps: one number for many rows.

use super::make::Request;
use super::selection::{Groups, NONE};
use crate::plot::statistics::quantile;
use crate::plot::{HeatMap, Line, LinePoint, LineSeries, PlotError, Scale};
use crate::sweep::Interval;

/// Values of x of a table beyond which rows are put into intervals.
const MOST_PLACES: usize = 60;
const INTERVALS: usize = 30;

pub(super) fn line(request: &mut Request<'_>) -> Result<Line, PlotError> {
    let first = request.axes().find(|axis| axis.is_number).map(|axis| axis.name.clone());
    let given = request.spec.x.clone().or(first);
    let x = request.needed("x", given.as_ref(), "which axis the lines go along")?;
    let x_axis = match request.numbers("x", &x) {
        Ok(offer) => request.x_axis(&offer.axis),
        Err(error) if request.offer("x", &x).is_ok() => {
            return Err(PlotError::request("x", format!("{error}; or take the chart `box`")));
        }
        Err(error) => return Err(error),
    };
    let ys = request.spec.y.list().to_vec();
    if ys.is_empty() {
        request.one_y()?;
    }
    let by = request.told_apart(&[&x])?;
    let mut series = Vec::new();
    let mut y_axis = None;
    let (mut least, mut most) = (usize::MAX, 0);
    for y in &ys {
        let offer = request.numbers("y", y)?;
        let axis = request.y_axis(&offer.axis);
        let label = offer.axis.label.clone();
        let mut names: Vec<&str> = vec![&x, y];
        names.extend(by.iter().map(String::as_str));
        let selection = request.select(&names)?;
        let groups = request.groups(&by, &selection.columns[2..], selection.rows);
        let (xs, values) = numbers(&selection.columns[0].numbers(), &selection.columns[1].numbers());
        for (group, name) in groups.names.iter().enumerate() {
            let own = |(index, _): &(usize, &u32)| groups.of[*index] == group as u32;
            let rows: Vec<(f64, f64)> = groups
                .of
                .iter()
                .enumerate()
                .filter(own)
                .map(|(index, _)| (xs[index], values[index]))
                .filter(|(x, value)| x.is_finite() && value.is_finite())
                .collect();
            let name = match (ys.len(), name.is_empty()) {
                (1, _) => name.clone(),
                (_, true) => label.clone(),
                _ => format!("{label}, {name}"),
            };
            let points = match request.is_results() {
                true => means(&rows, request.source.results()?.confidence(), &mut least, &mut most),
                false => medians(rows),
            };
            if !points.is_empty() {
                series.push(LineSeries { name, points });
            }
        }
        y_axis.get_or_insert(axis);
    }
    let y_axis = y_axis.unwrap_or_default();
    request.topic = format!("{} over {}", y_axis.label, x_axis.label);
    if request.is_results() {
        let percent = 100.0 * request.source.results()?.confidence();
        let runs = if least == most { format!("{most}") } else { format!("{least} to {most}") };
        request.notes.push(match most {
            0 | 1 => "one run for each point".into(),
            _ => format!(
                "means of {runs} runs each; bands: {percent} % confidence intervals of the means"
            ),
        });
    } else {
        request.notes.push("medians; bands: from the first to the third quartile".into());
    }
    let x_axis = match request.spec.x_scale {
        None if is_geometric(&series) => x_axis.logarithmic(),
        _ => x_axis,
    };
    Ok(Line { x: x_axis, y: y_axis, series })
}

fn numbers<'n>(x: &Option<&'n [f64]>, y: &Option<&'n [f64]>) -> (&'n [f64], &'n [f64]) {
    (x.unwrap_or_default(), y.unwrap_or_default())
}

/// The mean at each x, with its confidence interval.
fn means(rows: &[(f64, f64)], confidence: f64, least: &mut usize, most: &mut usize) -> Vec<LinePoint> {
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |group: &[(f64, f64)]| {
        let interval = Interval::of(group.iter().map(|(_, value)| *value), confidence)?;
        (*least, *most) = ((*least).min(group.len()), (*most).max(group.len()));
        let band = [interval.mean - interval.half_width, interval.mean + interval.half_width];
        Some(LinePoint {
            x: group.first()?.0,
            y: interval.mean,
            band: interval.half_width.is_finite().then_some(band),
        })
    };
    rows.chunk_by(|a, b| a.0 == b.0).filter_map(at).collect()
}

/// The median at each x, with the quartiles; of too many x in intervals of equal width.
fn medians(mut rows: Vec<(f64, f64)>) -> Vec<LinePoint> {
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let places = rows.chunk_by(|a, b| a.0 == b.0).count();
    if let (true, Some(first), Some(last)) = (places > MOST_PLACES, rows.first(), rows.last()) {
        let (low, width) = (first.0, (last.0 - first.0) / INTERVALS as f64);
        for row in &mut rows {
            let interval = ((row.0 - low) / width).floor().min((INTERVALS - 1) as f64);
            row.0 = low + (interval + 0.5) * width;
        }
    }
    let at = |group: &[(f64, f64)]| {
        let mut values: Vec<f64> = group.iter().map(|(_, value)| *value).collect();
        values.sort_by(f64::total_cmp);
        let quartile = |share: f64| quantile(&values, share);
        Some(LinePoint {
            x: group.first()?.0,
            y: quartile(0.5),
            band: Some([quartile(0.25), quartile(0.75)]),
        })
    };
    rows.chunk_by(|a, b| a.0 == b.0).filter_map(at).collect()
}

/// Whether the x of lines were chosen at equal ratios, so that a logarithmic axis spreads them evenly.
fn is_geometric(series: &[LineSeries]) -> bool {
    let mut xs: Vec<f64> = series.iter().flat_map(|one| &one.points).map(|point| point.x).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let [first, second, .., last] = xs[..] else { return false };
    let even = |ratio: f64| xs.windows(2).all(|pair| (pair[1] / pair[0] / ratio - 1.0).abs() < 0.05);
    first > 0.0 && last / first >= 4.0 && second / first >= 1.2 && even(second / first)
}

pub(super) fn heat_map(request: &mut Request<'_>) -> Result<HeatMap, PlotError> {
    let value = request.needed("value", request.spec.value.as_ref(), "what the colours are to show")?;
    let value_axis = request.numbers("value", &value)?.axis.clone();
    // Numbers go to the right, if there are some.
    let axes = |number: bool| request.axes().filter(move |axis| axis.is_number == number);
    let free: Vec<String> = axes(true).chain(axes(false)).map(|axis| axis.name.clone()).collect();
    let y = request.spec.y.list().first().cloned();
    let x =
        request.spec.x.clone().or_else(|| free.iter().find(|name| Some(*name) != y.as_ref()).cloned());
    let x = request.needed("x", x.as_ref(), "what the columns are")?;
    let y = y.or_else(|| free.iter().find(|name| **name != x).cloned());
    let y = request.needed("y", y.as_ref(), "what the rows are")?;
    let x_axis = request.x_axis(&request.offer("x", &x)?.axis);
    let y_axis = request.y_axis(&request.offer("y", &y)?.axis);
    if x == y {
        return Err(PlotError::request("y", format!("{y:?} is the axis to the right already")));
    }
    request.refuse_mixed(&[&x, &y])?;
    let selection = request.select(&[&x, &y, &value])?;
    let is_sorted = !request.is_results();
    let groups = |index: usize| selection.columns[index].groups(is_sorted);
    let (columns, rows): (Groups, Groups) = (groups(0), groups(1));
    let values = selection.columns[2].numbers().unwrap_or_default();
    let mut sums = vec![vec![(0_u64, 0.0); columns.names.len()]; rows.names.len()];
    for ((&column, &row), &value) in columns.of.iter().zip(&rows.of).zip(values) {
        if column != NONE && row != NONE && value.is_finite() {
            let (count, sum) = &mut sums[row as usize][column as usize];
            (*count, *sum) = (*count + 1, *sum + value);
        }
    }
    let mean = |(count, sum): &(u64, f64)| (*count > 0).then(|| sum / *count as f64);
    let mut cells: Vec<Vec<Option<f64>>> =
        sums.iter().map(|row| row.iter().map(mean).collect()).collect();
    let mut row_names = rows.names;
    // Numbers grow upwards.
    if selection.columns[1].numbers().is_some() {
        cells.reverse();
        row_names.reverse();
    }
    let most = sums.iter().flatten().map(|(count, _)| *count).max().unwrap_or(0);
    if most > 1 {
        request.notes.push(format!("means of up to {most} {}", if is_sorted { "rows" } else { "runs" }));
    }
    request.topic = format!("{} by {} and {}", value_axis.label, y_axis.label, x_axis.label);
    let plain = |axis: crate::plot::Axis| crate::plot::Axis { scale: Scale::Linear, ..axis };
    Ok(HeatMap {
        x: plain(x_axis),
        columns: columns.names,
        y: plain(y_axis),
        rows: row_names,
        value: value_axis,
        cells,
    })
}
