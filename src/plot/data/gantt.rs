//! Gantt charts of tables whose rows begin and end.

use super::make::Request;
use super::selection::NONE;
use crate::plot::{Bar, Gantt, PlotError};

const USUAL_LANES: usize = 30;
/// What columns are called at which things begin, and end.
const STARTS: [&str; 4] = ["start_s", "started_s", "begin_s", "created_s"];
const ENDS: [&str; 4] = ["end_s", "ended_s", "finished_s", "t_s"];
const LANES: [&str; 5] = ["node", "to", "host", "link", "device"];

pub(super) fn gantt(request: &mut Request<'_>) -> Result<Gantt, PlotError> {
    let spec = request.spec;
    let usual = |names: &[&str]| {
        let there = |name: &&&str| request.offers.iter().any(|offer| offer.name == **name);
        names.iter().find(there).map(|name| (*name).to_string())
    };
    let x = spec.x.clone().or_else(|| usual(&STARTS));
    let x = request.needed("x", x.as_ref(), "at which column bars begin")?;
    let end = spec.end.clone().or_else(|| usual(&ENDS));
    let end = request.needed("end", end.as_ref(), "at which column bars end")?;
    let lane = spec.y.list().first().cloned().or_else(|| usual(&LANES));
    let lane = request.needed("y", lane.as_ref(), "which column the lanes are")?;
    request.numbers("x", &x)?;
    let mut x_axis = request.x_axis(&request.numbers("end", &end)?.axis);
    x_axis.label = spec.x_label.clone().unwrap_or_else(|| "time".into());
    let y_axis = request.y_axis(&request.offer("y", &lane)?.axis);
    let by = request.by(Some(&lane))?;
    let mut names: Vec<&str> = vec![&x, &end, &lane];
    names.extend(by.iter().map(String::as_str));
    request.refuse_mixed(&names)?;
    let selection = request.select(&names)?;
    let lanes = selection.columns[2].groups(true);
    let most = spec.top.unwrap_or(USUAL_LANES);
    let lanes = request.keep_top(lanes.clone(), &lanes.sizes(), most, "lanes, those with the most bars");
    let kinds = request.groups(&by, &selection.columns[3..], selection.rows);
    let [starts, ends] = [0, 1].map(|index| selection.columns[index].numbers().unwrap_or_default());
    let bars = (0..selection.rows).filter_map(|row| {
        let (lane, kind) = (lanes.of[row], kinds.of[row]);
        let (start, end) = (starts[row], ends[row]);
        let is_bar = start.is_finite() && end >= start;
        if lane == NONE || kind == NONE || !is_bar {
            return None;
        }
        let kind = kinds.names[kind as usize].replace('_', " ");
        Some(Bar { lane: lane as usize, start, end, kind })
    });
    let table = spec.table.as_deref().unwrap_or_default().replace('_', " ");
    request.topic = format!("{table} by {}", y_axis.label);
    Ok(Gantt { x: x_axis, y: y_axis, bars: bars.collect(), lanes: lanes.names })
}
