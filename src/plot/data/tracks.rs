//! Tracks of runs from above: vehicles in the colours of their phases, their homes, access points and fields.

use super::make::Request;
use super::map::{Shown, infrastructure};
use crate::plot::{Map, Outline, Place, PlotError, Trajectory};
use crate::tracks::{Track, TrackError, read_tracks};
use crate::units::Coordinate;
use serde_json::Value;

/// Tracks that are drawn where nothing else is asked for.
const USUAL_TRACKS: usize = 60;
/// Colours by which phases or vehicles are told apart.
const COLOURS: usize = 8;
/// Phases that always have the same colour, so that figures can be compared.
const KNOWN: [(&str, usize); 7] = [
    ("cruising", 0),
    ("approaching", 1),
    ("on_station", 2),
    ("returning", 3),
    ("scanning", 4),
    ("landing", 6),
    ("moving", 7),
];
/// What the homes of vehicles are in the legend.
const HOME: &str = "home";

pub(super) fn tracks(request: &mut Request<'_>) -> Result<Map, PlotError> {
    let Some(run) = request.source.single_run() else {
        return Err(PlotError::request("kind", "tracks are of one run; give the directory of one"));
    };
    let mut tracks = read_tracks(run, None).map_err(failure)?;
    let most = request.spec.top.unwrap_or(USUAL_TRACKS);
    if tracks.len() > most {
        request.notes.push(format!("{most} of {} tracks", tracks.len()));
        tracks.truncate(most);
    }
    let mut map = infrastructure(run, Shown::AccessPoints).unwrap_or_default();
    for place in &mut map.places {
        place.kind = "access point".into();
    }
    map.outlines = outlines(&run.run()["scenario"]["workloads"]);
    let by_phase = tracks.iter().any(|track| !track.phases.is_empty());
    if by_phase || tracks.len() <= COLOURS {
        map.way_names = vec![String::new(); COLOURS];
    }
    let mut given: Vec<(String, usize)> = Vec::new();
    for (index, track) in tracks.iter().enumerate() {
        if by_phase {
            map.trajectories.push(by_phases(track, &mut given));
        } else {
            let points = track.points.iter().map(|point| (point.place.x_m, point.place.y_m)).collect();
            let colours =
                if tracks.len() <= COLOURS { vec![index; track.points.len()] } else { Vec::new() };
            if let Some(name) = map.way_names.get_mut(index) {
                name.clone_from(&track.vehicle);
            }
            map.trajectories.push(Trajectory { name: track.vehicle.clone(), points, colours });
        }
        // Where it starts from is its home, if it has missions.
        if let Some(first) = track.points.first().filter(|_| !track.phases.is_empty()) {
            let (x_m, y_m) = (first.place.x_m, first.place.y_m);
            let name = track.vehicle.clone();
            map.places.push(Place { name, kind: HOME.into(), colour: None, x_m, y_m });
        }
    }
    for (phase, colour) in given {
        let name = &mut map.way_names[colour];
        let own = phase.replace('_', " ");
        *name = if name.is_empty() { own } else { format!("{name}, {own}") };
    }
    request.topic = if by_phase { "tracks by phase" } else { "tracks" }.into();
    Ok(map)
}

fn failure(error: TrackError) -> PlotError {
    match error {
        TrackError::Read(error) => error.into(),
        error @ (TrackError::NoTable { .. } | TrackError::NothingMoves { .. }) => {
            PlotError::Empty(error.to_string())
        }
        error => PlotError::request("kind", error.to_string()),
    }
}

/// The track as one way, each piece in the colour of its phase. Phases are given colours as they come, if they move over
/// the ground.
fn by_phases(track: &Track, given: &mut Vec<(String, usize)>) -> Trajectory {
    let mut way = Trajectory { name: track.vehicle.clone(), points: Vec::new(), colours: Vec::new() };
    for part in track.parts() {
        let places = part.points.iter().map(|point| (point.place.x_m, point.place.y_m));
        let first = way.points.len();
        way.points.extend(places);
        if way.points[first..].iter().all(|point| *point == way.points[first]) {
            way.points.truncate(first);
            continue;
        }
        let colour = colour_of(part.name(), given);
        way.colours.resize(way.points.len(), colour);
    }
    way
}

fn colour_of(phase: &str, given: &mut Vec<(String, usize)>) -> usize {
    if let Some((_, colour)) = given.iter().find(|(name, _)| name == phase) {
        return *colour;
    }
    let known = KNOWN.iter().find(|(name, _)| *name == phase).map(|(_, colour)| *colour);
    let is_free = |colour: &usize| {
        KNOWN.iter().all(|(_, taken)| taken != colour) && given.iter().all(|(_, taken)| taken != colour)
    };
    let rest = || (0..COLOURS).find(is_free).unwrap_or(given.len() % COLOURS);
    let colour = known.unwrap_or_else(rest);
    given.push((phase.to_string(), colour));
    colour
}

/// Lists of corners that the missions of a scenario have under the name `polygon`, wherever they are.
fn outlines(value: &Value) -> Vec<Outline> {
    let mut found = Vec::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(list) => open.extend(list.iter().rev()),
            Value::Object(entries) => {
                for (key, value) in entries {
                    match corners(value).filter(|_| key == "polygon") {
                        Some(corners) => found.push(Outline { name: "field".into(), corners }),
                        None => open.push(value),
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn corners(value: &Value) -> Option<Vec<(f64, f64)>> {
    let metres = |value: &Value| match value {
        Value::String(text) => Coordinate::KIND.parse(text).ok(),
        other => other.as_f64(),
    };
    let corner = |corner: &Value| match corner {
        Value::Array(list) => Some((metres(list.first()?)?, metres(list.get(1)?)?)),
        other => Some((metres(&other["x"])?, metres(&other["y"])?)),
    };
    let corners: Vec<(f64, f64)> = value.as_array()?.iter().map(corner).collect::<Option<_>>()?;
    (corners.len() > 2).then_some(corners)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::Position;
    use crate::tracks::{TrackPhase, TrackPoint};

    /// Phases that stay leave no line, known ones have their colours, others the first that is free.
    #[test]
    fn pieces_have_the_colours_of_their_phases() {
        let point = |t_s, x_m| TrackPoint { t_s, place: Position::ground(x_m, 0.0) };
        let phase = |name: &str, start_s, end_s| TrackPhase { name: name.into(), start_s, end_s };
        let track = Track {
            vehicle: "drone".into(),
            points: vec![point(0.0, 0.0), point(10.0, 0.0), point(20.0, 50.0), point(30.0, 60.0)],
            phases: vec![
                phase("arming", 0.0, 10.0),
                phase("cruising", 10.0, 20.0),
                phase("dancing", 20.0, 30.0),
            ],
        };
        let mut given = Vec::new();
        let way = by_phases(&track, &mut given);
        assert_eq!(way.points, [(0.0, 0.0), (50.0, 0.0), (50.0, 0.0), (60.0, 0.0)]);
        assert_eq!(way.colours, [0, 0, 5, 5]);
        assert_eq!(given, [("cruising".to_string(), 0), ("dancing".to_string(), 5)]);
    }

    #[test]
    fn fields_are_found_wherever_they_are() {
        let workloads = serde_json::json!([
            { "kind": "missions", "missions": [{ "field": { "polygon": [[0, 0], [100, 0], [100, 50]] } }] },
            { "polygon": [{ "x": "0 m", "y": "0 m" }, { "x": "5 m", "y": 0 }, { "x": 5, "y": "9 m" }] },
            { "polygon": "none" },
            { "polygon": [[0, 0], [1, 1]] },
        ]);
        let found = outlines(&workloads);
        assert_eq!((found.len(), found[1].corners[2]), (2, (5.0, 9.0)));
        assert_eq!(found[0].corners, [(0.0, 0.0), (100.0, 0.0), (100.0, 50.0)]);
    }
}
