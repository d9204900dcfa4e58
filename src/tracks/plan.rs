//! A mission that flies a track again.

use super::{Track, TrackError, TrackPoint};
use crate::infra::{LocalPlane, Position};
use crate::scenario::import::{FlightPlan, PlanEnd, PlannedWaypoint};

/// Metres by which a mission may leave out of a track.
const TOLERANCE_M: f64 = 0.5;
/// Heights below this are on the ground, in metres above that where the track begins.
const GROUND_M: f64 = 0.05;

/// A mission made of a track.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanOfTrack {
    /// The mission.
    pub plan: FlightPlan,
    /// Which flight of the vehicle it is, from 1.
    pub flight: usize,
    /// How often the vehicle has flown.
    pub flights: usize,
}

/// The waypoints of a flight of a track, from leaving the ground to being back on it; of a track that stays on the ground,
/// of all of it. Ways within half a metre of a straight line are one. A stay becomes a hold, and the speed to a waypoint is the
/// greatest on the way, to a tenth of a metre a second.
///
/// Heights are above where the track begins.
///
/// # Errors
/// If the vehicle has not flown so often.
pub fn flight_plan(track: &Track, plane: &LocalPlane, flight: usize) -> Result<PlanOfTrack, TrackError> {
    let no_flight = |flights: usize| TrackError::NoSuchFlight {
        vehicle: track.vehicle.clone(),
        flights,
        asked: flight,
    };
    let ground_m = track.points.first().map_or(0.0, |point| point.place.z_m);
    let flown = flights(&track.points, ground_m);
    let flights = flown.len().max(1);
    let points = match (flown.get(flight.wrapping_sub(1)), flown.is_empty()) {
        (Some(range), _) => &track.points[range.0..=range.1],
        (None, true) if flight == 1 => track.points.as_slice(),
        _ => return Err(no_flight(flown.len())),
    };
    let mut plan = FlightPlan {
        home: points.first().map(|first| plane.lon_lat(first.place)),
        ..FlightPlan::default()
    };
    let mut points: Vec<TrackPoint> = points.to_vec();
    for point in &mut points {
        point.place.z_m -= ground_m;
    }
    let rises =
        |a: &TrackPoint, b: &TrackPoint| a.place.z_m != b.place.z_m && same_ground(a.place, b.place);
    if !flown.is_empty() {
        let top = points
            .windows(2)
            .take_while(|pair| rises(&pair[0], &pair[1]) && pair[1].place.z_m > pair[0].place.z_m);
        let top = top.count();
        plan.take_off_m = Some(points[top].place.z_m).filter(|height_m| *height_m > GROUND_M);
        points.drain(..top);
        if points.last().is_some_and(|last| last.place.z_m <= GROUND_M) {
            let down = points.windows(2).rev().take_while(|pair| rises(&pair[0], &pair[1])).count();
            points.truncate(points.len() - down);
            plan.end = PlanEnd::Land;
        }
    }
    plan.waypoints = waypoints(&points);
    Ok(PlanOfTrack { plan, flight, flights })
}

fn same_ground(a: Position, b: Position) -> bool {
    (a.x_m - b.x_m).hypot(a.y_m - b.y_m) < 1e-6
}

/// First and last points of the parts above the ground, each with the points on the ground around it.
fn flights(points: &[TrackPoint], ground_m: f64) -> Vec<(usize, usize)> {
    let is_up = |point: &TrackPoint| point.place.z_m > ground_m + GROUND_M;
    let mut flights: Vec<(usize, usize)> = Vec::new();
    let mut start = None;
    for (index, point) in points.iter().enumerate() {
        match (start, is_up(point)) {
            (None, true) => start = Some(index.saturating_sub(1)),
            (Some(first), false) => {
                flights.push((first, index));
                start = None;
            }
            _ => {}
        }
    }
    if let Some(first) = start {
        flights.push((first, points.len() - 1));
    }
    flights
}

/// The corners and stays of a way, but for where it begins.
fn waypoints(points: &[TrackPoint]) -> Vec<PlannedWaypoint> {
    // Stays first: a place with the time that is spent there, and the greatest speed on the way to it.
    let mut stops: Vec<(TrackPoint, f64)> = Vec::new();
    for point in points {
        match stops.last_mut() {
            Some((last, hold_s)) if last.place.distance_m(point.place) < 1e-6 => {
                *hold_s = point.t_s - last.t_s
            }
            _ => stops.push((*point, 0.0)),
        }
    }
    let mut waypoints = Vec::new();
    let mut from = 0;
    while from + 1 < stops.len() {
        let stay =
            (from + 1..stops.len()).find(|&index| stops[index].1 > 0.0).unwrap_or(stops.len() - 1);
        for pair in corners(&stops[from..=stay]).windows(2) {
            let part = &stops[from + pair[0]..=from + pair[1]];
            let (last, hold_s) = part[part.len() - 1];
            waypoints.push(PlannedWaypoint {
                place: last.place,
                hold_s,
                speed_m_per_s: greatest_speed(part),
            });
        }
        from = stay;
    }
    waypoints
}

fn greatest_speed(part: &[(TrackPoint, f64)]) -> Option<f64> {
    let speed = |pair: &[(TrackPoint, f64)]| {
        let ((a, hold_s), (b, _)) = (pair[0], pair[1]);
        a.place.distance_m(b.place) / (b.t_s - a.t_s - hold_s)
    };
    let speeds = part.windows(2).map(speed).filter(|speed| speed.is_finite());
    speeds.reduce(f64::max).map(|speed| (speed * 10.0).round() / 10.0).filter(|speed| *speed > 0.0)
}

/// Which points of a way stay if those within the tolerance of straight lines between others go (Ramer, Douglas and
/// Peucker).
fn corners(points: &[(TrackPoint, f64)]) -> Vec<usize> {
    let last = points.len() - 1;
    let mut kept = vec![0, last];
    let mut open = vec![(0, last)];
    while let Some((low, high)) = open.pop() {
        let away =
            |index: usize| distance_to(points[index].0.place, points[low].0.place, points[high].0.place);
        let farthest = (low + 1..high).max_by(|&a, &b| away(a).total_cmp(&away(b)));
        if let Some(middle) = farthest.filter(|&middle| away(middle) > TOLERANCE_M) {
            kept.push(middle);
            open.extend([(low, middle), (middle, high)]);
        }
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Metres from a place to the line between two others.
fn distance_to(place: Position, a: Position, b: Position) -> f64 {
    let along = [b.x_m - a.x_m, b.y_m - a.y_m, b.z_m - a.z_m];
    let to = [place.x_m - a.x_m, place.y_m - a.y_m, place.z_m - a.z_m];
    let dot = |u: [f64; 3], v: [f64; 3]| u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
    let square = dot(along, along);
    let share = if square > 0.0 { (dot(to, along) / square).clamp(0.0, 1.0) } else { 0.0 };
    place.distance_m(a.towards(b, share))
}
