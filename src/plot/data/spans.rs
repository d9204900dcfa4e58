//! Intervals that time series shade.

use super::make::Request;
use super::selection::NONE;
use super::source::unknown;
use crate::plot::{PlotError, Span};

/// The table and the column of `TABLE.COLUMN`.
pub(super) fn in_table<'t>(
    key: &'static str,
    text: &'t str,
    example: &str,
) -> Result<(&'t str, &'t str), PlotError> {
    text.split_once('.')
        .ok_or_else(|| PlotError::request(key, format!("{text:?} is no table and column, as {example}")))
}

/// How long the column of `TABLE.COLUMN` was true, or had each of its names, in the rows that the conditions on columns
/// of this table admit. Of rows of one time any counts.
pub(super) fn read_spans(request: &Request<'_>, text: &str) -> Result<Vec<Span>, PlotError> {
    let (table, column) = in_table("spans", text, "radio_devices.jammed")?;
    let keyed = |error: PlotError| match error {
        PlotError::Request { message, .. } => PlotError::request("spans", message),
        error => error,
    };
    let offers = request.source.offers(Some(table)).map_err(keyed)?;
    let known: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
    for name in [column, "t_s"] {
        if !known.contains(&name) {
            return Err(unknown("spans", "column", name, &known));
        }
    }
    let is_number = |name: &str| offers.iter().any(|offer| offer.name == name && offer.is_number);
    if is_number(column) {
        let of_names = known.iter().filter(|name| !is_number(name)).copied();
        let message = format!(
            "{column:?} has numbers where true and false or names are needed (with these: {})",
            of_names.collect::<Vec<_>>().join(", ")
        );
        return Err(PlotError::request("spans", message));
    }
    let filters = request.filters_on(&known);
    let axes = offers.iter().filter(|offer| offer.is_axis).map(|offer| offer.name.as_str());
    let names: Vec<&str> = ["t_s", column].into_iter().chain(axes).collect();
    let selection = match request.source.select(Some(table), &names, &filters) {
        // There is nothing of what is shown.
        Err(PlotError::Empty(_) | PlotError::Request { key: "where", .. }) => return Ok(Vec::new()),
        selection => selection.map_err(keyed)?,
    };
    let mixed = names.iter().zip(&selection.columns).skip(2).find(|(_, column)| column.varies());
    if let Some((axis, _)) = mixed {
        let message = format!(
            "intervals of runs that differ in {axis} would be mixed; choose one with `where`, as in {axis}=..."
        );
        return Err(PlotError::request("spans", message));
    }
    let groups = selection.columns[1].groups(false);
    let is_flag = groups.names.iter().all(|name| matches!(name.as_str(), "true" | "false"));
    let kinds: Vec<Option<String>> = groups
        .names
        .iter()
        .map(|name| match (is_flag, name.as_str()) {
            (true, "true") => Some(column.replace('_', " ")),
            (true, _) => None,
            (false, name) => Some(name.replace('_', " ")),
        })
        .collect();
    let times = selection.columns[0].numbers().unwrap_or_default();
    let rows: Vec<(f64, Option<usize>)> = times
        .iter()
        .zip(&groups.of)
        .map(|(&time, &kind)| (time, (kind != NONE).then_some(kind as usize)))
        .collect();
    let of_kind = |(index, kind): (usize, &Option<String>)| {
        let kind = kind.clone()?;
        let ends = intervals(&rows, index).into_iter();
        Some(ends.map(move |[from, to]| Span { from, to, kind: kind.clone() }))
    };
    let mut spans: Vec<Span> = kinds.iter().enumerate().filter_map(of_kind).flatten().collect();
    spans.sort_by(|a, b| a.from.total_cmp(&b.from));
    Ok(spans)
}

/// The intervals in which rows are of a kind: each row tells of the time since the row before, but not of more than the
/// usual time between rows, so that gaps stay gaps.
fn intervals(rows: &[(f64, Option<usize>)], kind: usize) -> Vec<[f64; 2]> {
    let mut times: Vec<(f64, bool)> = rows
        .iter()
        .filter(|(time, _)| time.is_finite())
        .map(|(time, own)| (*time, *own == Some(kind)))
        .collect();
    // Of one time those of the kind come first.
    times.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    times.dedup_by(|next, first| next.0 == first.0);
    let mut steps: Vec<f64> = times.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    steps.sort_by(f64::total_cmp);
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(0.0);
    let mut found: Vec<[f64; 2]> = Vec::new();
    let mut before = f64::NEG_INFINITY;
    for (time, is_of_kind) in times {
        // Rounding must not tear what belongs together.
        let from = if time - before > usual * (1.0 + 1e-9) { time - usual } else { before };
        if is_of_kind {
            match found.last_mut().filter(|last| last[1] >= from) {
                Some(last) => last[1] = time,
                None => found.push([from, time]),
            }
        }
        before = time;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample each second, of kind 0 from 2 to 4 and at 6, and of kind 1 at 3.
    #[test]
    fn rows_of_a_kind_are_joined_to_intervals() {
        let mut rows = vec![(1.0, None), (5.0, None), (7.0, None)];
        rows.extend([(3.0, Some(0)), (4.0, Some(0)), (6.0, Some(0)), (3.0, Some(1)), (3.0, None)]);
        rows.extend([(2.0, None), (f64::NAN, Some(0))]);
        assert_eq!(intervals(&rows, 0), [[2.0, 4.0], [5.0, 6.0]]);
        assert_eq!(intervals(&rows, 1), [[2.0, 3.0]]);
        assert!(intervals(&rows, 2).is_empty());
    }

    #[test]
    fn gaps_and_first_rows_tell_of_one_step_only() {
        let of = |times: &[f64]| {
            let rows: Vec<_> = times.iter().map(|&time| (time, Some(0))).collect();
            intervals(&rows, 0)
        };
        assert_eq!(of(&[1.0, 2.0, 3.0, 50.0, 51.0]), [[0.0, 3.0], [49.0, 51.0]]);
        // The last period may be shorter.
        assert_eq!(of(&[1.0, 2.0, 3.0, 3.5]), [[0.0, 3.5]]);
        assert_eq!(of(&[7.0]), [[7.0, 7.0]]);
        // Steps of a tenth are not equal in binary.
        let tenths: Vec<f64> = (1..1000).map(|step| f64::from(step) * 0.1).collect();
        assert_eq!(of(&tenths).len(), 1);
        assert!(of(&[]).is_empty());
    }
}
