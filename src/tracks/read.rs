//! Tracks from the tables of a run directory.

use super::{Track, TrackError, TrackPhase, TrackPoint};
use crate::infra::{LocalPlane, LonLat, Position};
use crate::names::did_you_mean;
use crate::output::{ReadError, RunReader, TableReader};
use crate::records::Cell;
use rustc_hash::FxHashMap;

const MOVEMENTS: &str = "movements";
const POSITIONS: &str = "positions";
const PHASES: &str = "mission_phases";
/// Names that an error lists.
const MOST_LISTED: usize = 12;

/// The plane of a run's scenario.
///
/// # Errors
/// If the scenario does not say where on the earth it is.
pub fn plane_of(run: &RunReader) -> Result<LocalPlane, TrackError> {
    let origin = &run.run()["scenario"]["origin"];
    let degrees = origin["longitude"].as_f64().zip(origin["latitude"].as_f64());
    let place = degrees.and_then(|(longitude, latitude)| LonLat::new(longitude, latitude));
    place
        .map(|place| LocalPlane::new(place.longitude_deg, place.latitude_deg))
        .ok_or_else(|| TrackError::NoOrigin { path: run.path().to_path_buf() })
}

/// The tracks of all that has moved in a run, or of one node, in the order in which the nodes appear in the table.
///
/// # Errors
/// If no table says where things were, nothing has moved or not this node, or a table cannot be read.
pub fn read_tracks(run: &RunReader, vehicle: Option<&str>) -> Result<Vec<Track>, TrackError> {
    let mut tracks = if run.has_table(MOVEMENTS) {
        of_movements(run)?
    } else if run.has_table(POSITIONS) {
        of_positions(run)?
    } else {
        return Err(TrackError::NoTable { path: run.path().to_path_buf() });
    };
    let moves = |track: &Track| track.points.iter().any(|point| point.place != track.points[0].place);
    tracks.retain(moves);
    if let Some(name) = vehicle {
        if !tracks.iter().any(|track| track.vehicle == name) {
            let names: Vec<&str> = tracks.iter().map(|track| track.vehicle.as_str()).collect();
            let meant = did_you_mean(name, names.iter().copied());
            return Err(TrackError::NoSuchVehicle {
                path: run.path().to_path_buf(),
                name: name.to_string(),
                meant: meant.map_or(String::new(), |near| format!("did you mean {near:?}? ")),
                known: listed(&names),
            });
        }
        tracks.retain(|track| track.vehicle == name);
    }
    if tracks.is_empty() {
        return Err(TrackError::NothingMoves { path: run.path().to_path_buf() });
    }
    add_phases(run, &mut tracks)?;
    Ok(tracks)
}

/// The first few names.
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => "none".into(),
        few if few.len() <= MOST_LISTED => few.join(", "),
        many => format!("{}, ... ({} in all)", many[..MOST_LISTED].join(", "), many.len()),
    }
}

/// Tracks by the names of their nodes, in the order in which these appear.
#[derive(Default)]
struct ByNode {
    tracks: Vec<Track>,
    index: FxHashMap<String, usize>,
}

impl ByNode {
    fn of(&mut self, node: &str) -> usize {
        if let Some(&index) = self.index.get(node) {
            return index;
        }
        let index = self.tracks.len();
        self.index.insert(node.to_string(), index);
        self.tracks.push(Track { vehicle: node.to_string(), points: Vec::new(), phases: Vec::new() });
        index
    }
}

/// Adds a point unless it tells nothing new; a later one at the same time takes the place of the one before.
fn push(points: &mut Vec<TrackPoint>, point: TrackPoint) {
    match points.last_mut() {
        Some(last) if point.t_s <= last.t_s => last.place = point.place,
        _ => points.push(point),
    }
}

/// Calls `take` with the text of the first column and the numbers of the others, NaN for nulls.
fn rows<const N: usize>(
    mut table: TableReader,
    mut take: impl FnMut(&str, [f64; N]),
) -> Result<(), ReadError> {
    while let Some(rows) = table.next_batch()? {
        for row in 0..rows.len() {
            let number = |column: usize| match rows.cell(row, column) {
                Cell::Float(value) => value,
                _ => f64::NAN,
            };
            if let Cell::Text(name) = rows.cell(row, 0) {
                take(name, std::array::from_fn(|index| number(index + 1)));
            }
        }
    }
    Ok(())
}

fn of_positions(run: &RunReader) -> Result<Vec<Track>, TrackError> {
    let mut by_node = ByNode::default();
    let table = run.table_columns(POSITIONS, &["node", "t_s", "x_m", "y_m", "z_m"])?;
    rows(table, |node, [t_s, x_m, y_m, z_m]| {
        let index = by_node.of(node);
        push(&mut by_node.tracks[index].points, TrackPoint { t_s, place: Position { x_m, y_m, z_m } });
    })?;
    Ok(by_node.tracks)
}

/// A step that is under way: from where, to where, and until when.
#[derive(Clone, Copy)]
struct Step {
    start_s: f64,
    until_s: f64,
    from: Position,
    to: Position,
}

impl Step {
    /// The point of the step at its end, or at `end_s` if that is before.
    fn end(&self, end_s: f64) -> Option<TrackPoint> {
        let t_s = end_s.min(self.until_s);
        // No end, or no way: a stay, which the next row or the end of the run ends.
        if !self.until_s.is_finite() || t_s <= self.start_s || self.from == self.to {
            return None;
        }
        let share = (t_s - self.start_s) / (self.until_s - self.start_s);
        Some(TrackPoint { t_s, place: self.from.towards(self.to, share) })
    }
}

fn of_movements(run: &RunReader) -> Result<Vec<Track>, TrackError> {
    let columns = ["node", "t_s", "until_s", "x_m", "y_m", "z_m", "to_x_m", "to_y_m", "to_z_m"];
    let mut by_node = ByNode::default();
    let mut steps: Vec<Option<Step>> = Vec::new();
    let mut end_s = run.summary()["simulated_s"].as_f64().unwrap_or(0.0);
    let table = run.table_columns(MOVEMENTS, &columns)?;
    rows(table, |node, [start_s, until_s, x_m, y_m, z_m, to_x_m, to_y_m, to_z_m]| {
        let index = by_node.of(node);
        steps.resize(by_node.tracks.len(), None);
        let points = &mut by_node.tracks[index].points;
        if let Some(end) = steps[index].take().and_then(|before: Step| before.end(start_s)) {
            push(points, end);
        }
        // Between the end of one step and the start of the next it has stayed.
        push(points, TrackPoint { t_s: start_s, place: Position { x_m, y_m, z_m } });
        steps[index] = Some(Step {
            start_s,
            until_s: if until_s.is_nan() { f64::INFINITY } else { until_s },
            from: Position { x_m, y_m, z_m },
            to: Position { x_m: to_x_m, y_m: to_y_m, z_m: to_z_m },
        });
        end_s = end_s.max(start_s);
    })?;
    for (track, step) in by_node.tracks.iter_mut().zip(steps) {
        if let Some(end) = step.and_then(|step| step.end(end_s)) {
            push(&mut track.points, end);
        }
        if let Some(last) = track.points.last().copied() {
            push(&mut track.points, TrackPoint { t_s: end_s.max(last.t_s), place: last.place });
        }
    }
    Ok(by_node.tracks)
}

fn add_phases(run: &RunReader, tracks: &mut [Track]) -> Result<(), TrackError> {
    if !run.has_table(PHASES) {
        return Ok(());
    }
    let mut table = run.table_columns(PHASES, &["vehicle", "phase", "start_s", "duration_s"])?;
    let index: FxHashMap<String, usize> =
        tracks.iter().enumerate().map(|(index, track)| (track.vehicle.clone(), index)).collect();
    while let Some(rows) = table.next_batch()? {
        for row in 0..rows.len() {
            let (Cell::Text(vehicle), Cell::Text(phase)) = (rows.cell(row, 0), rows.cell(row, 1)) else {
                continue;
            };
            let (Cell::Float(start_s), Cell::Float(duration_s)) = (rows.cell(row, 2), rows.cell(row, 3))
            else {
                continue;
            };
            if let Some(&index) = index.get(vehicle) {
                let phase = TrackPhase { name: phase.to_string(), start_s, end_s: start_s + duration_s };
                tracks[index].phases.push(phase);
            }
        }
    }
    for track in tracks {
        track.phases.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    }
    Ok(())
}
