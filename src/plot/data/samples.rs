//! Distributions: one value for each row.

use super::make::{Request, USUAL_TOP};
use super::selection::{Groups, NONE};
use crate::plot::{Axis, BoxPlot, BoxSample, Ecdf, Histogram, PlotError, Sample};

/// Groups of a table that have a box each where nothing else is asked for.
const USUAL_GROUPS: usize = 20;
/// Bins of a histogram of instants.
const BINS_OF_TIME: usize = 60;

/// The samples of `x`, by what tells them apart.
fn samples(request: &mut Request<'_>) -> Result<(Axis, Vec<Sample>), PlotError> {
    let given = request.spec.x.clone().or_else(|| request.spec.y.list().first().cloned());
    let x = request.needed("x", given.as_ref(), "which values are to be shown")?;
    let axis = request.x_axis(&request.numbers("x", &x)?.axis);
    let by = request.by(Some(&x))?;
    let mut names: Vec<&str> = vec![&x];
    names.extend(by.iter().map(String::as_str));
    request.refuse_mixed(&names)?;
    let selection = request.select(&names)?;
    let groups = request.groups(&by, &selection.columns[1..], selection.rows);
    let most = request.spec.top.unwrap_or(USUAL_TOP);
    let groups =
        request.keep_top(groups.clone(), &groups.sizes(), most, "groups, those with the most rows");
    let values = selection.columns[0].numbers().unwrap_or_default();
    let samples = groups.names.iter().cloned().zip(groups.split(values));
    let samples = samples.map(|(name, values)| Sample { name, values }).collect();
    request.topic = match by.is_empty() {
        true => format!("distribution of {}", axis.label),
        false => format!("{} by {}", axis.label, by.join(" and ").replace('_', " ")),
    };
    Ok((axis, samples))
}

pub(super) fn ecdf(request: &mut Request<'_>) -> Result<Ecdf, PlotError> {
    let (x, samples) = samples(request)?;
    Ok(Ecdf { x, samples })
}

pub(super) fn histogram(request: &mut Request<'_>) -> Result<Histogram, PlotError> {
    let (x, samples) = samples(request)?;
    // Instants are many and even; what differs is how many there are when.
    let of_time = (request.spec.x.as_deref() == Some("t_s")).then_some(BINS_OF_TIME);
    Ok(Histogram { x, samples, bins: request.spec.bins.or(of_time) })
}

pub(super) fn box_plot(request: &mut Request<'_>) -> Result<BoxPlot, PlotError> {
    let y = request.one_y()?;
    let y_axis = request.y_axis(&request.numbers("y", &y)?.axis);
    let of_names = request.axes().find(|axis| !axis.is_number).or(request.axes().next());
    let x = request.spec.x.clone().or_else(|| of_names.map(|axis| axis.name.clone()));
    let x_axis = match &x {
        Some(x) => request.x_axis(&request.offer("x", x)?.axis),
        None => Axis::default(),
    };
    let by = request.told_apart(x.as_deref().as_slice())?;
    let mut names: Vec<&str> = vec![&y];
    names.extend(x.as_deref());
    let grouped = names.len();
    names.extend(by.iter().map(String::as_str));
    let selection = request.select(&names)?;
    let values = selection.columns[0].numbers().unwrap_or_default();
    let groups = match (&x, selection.columns.get(1)) {
        (Some(_), Some(column)) => column.groups(!request.is_results()),
        _ => Groups::one(selection.rows),
    };
    let most = request.spec.top.unwrap_or(USUAL_GROUPS);
    let groups = match request.is_results() {
        true => groups,
        false => {
            request.keep_top(groups.clone(), &groups.sizes(), most, "groups, those with the most rows")
        }
    };
    let kinds = request.groups(&by, &selection.columns[grouped..], selection.rows);
    let mut boxes = vec![vec![Vec::new(); kinds.names.len()]; groups.names.len()];
    for ((&group, &kind), &value) in groups.of.iter().zip(&kinds.of).zip(values) {
        if group != NONE && kind != NONE {
            boxes[group as usize][kind as usize].push(value);
        }
    }
    let of_group = |(group, kinds_of): (String, Vec<Vec<f64>>)| {
        let kinds = kinds.names.clone();
        kinds.into_iter().zip(kinds_of).map(move |(by, values)| BoxSample {
            group: group.clone(),
            by,
            values,
        })
    };
    let boxes = groups.names.iter().cloned().zip(boxes).flat_map(of_group).collect();
    request.topic = match x_axis.label.as_str() {
        "" => format!("distribution of {}", y_axis.label),
        label => format!("{} by {label}", y_axis.label),
    };
    request.notes.push("boxes: quartiles; line: median; diamond: mean".into());
    let x = Axis { scale: crate::plot::Scale::Linear, ..x_axis };
    Ok(BoxPlot { x, y: y_axis, boxes })
}
