//! Whether streams stay within radio cover, as far as that is known before the run.

use super::config::{MissionKind, MissionPlan};
use super::engaged::station_of;
use super::video::{Processing, StreamPlan};
use crate::engine::SimTime;
use crate::infra::{Infrastructure, NodeId, Position};

/// Metres between places that are looked at along a way, and most of them on a line.
const APART_M: f64 = 10.0;
const MOST_PLACES: f64 = 1000.0;

/// What a stream's source may not reach: those of its access points, and how far each reaches over the ground.
fn reaches(source: NodeId, infrastructure: &Infrastructure) -> Option<Vec<(Position, f64)>> {
    let class = infrastructure.class_of(source);
    let mut reaches = Vec::new();
    for node in (0..infrastructure.nodes().len() as u32).map(NodeId) {
        let own = infrastructure.class_of(node);
        let Some(access_point) = &own.access_point else { continue };
        let range_m = if own.wifi_point.is_some() && infrastructure.wifi().is_some() {
            if class.wifi_radio.is_none() {
                continue;
            }
            infrastructure.wifi().and_then(|wifi| wifi.range_m(node)).unwrap_or(0.0)
        } else if own.gnb.is_some() && infrastructure.cells().is_some() {
            if class.device_radio.is_none() {
                continue;
            }
            infrastructure.cells().and_then(|cells| cells.range_m(node)).unwrap_or(0.0)
        } else {
            // Without a range it reaches everywhere.
            access_point.range_m?
        };
        if own.vehicle.is_some() {
            // Where it will be is not known.
            return None;
        }
        reaches.push((infrastructure.position(node, SimTime::ZERO), range_m));
    }
    Some(reaches)
}

/// The places that a vehicle goes to, its home first; none if its missions do not say.
fn places(node: NodeId, plans: &[MissionPlan], infrastructure: &Infrastructure) -> Vec<Position> {
    let of = |plan: &MissionPlan| -> Vec<Position> {
        match &plan.kind {
            MissionKind::Patrol(own) => {
                let ways = own.ways.iter().filter(|(vehicle, _)| *vehicle == node);
                ways.flat_map(|(_, way)| way.waypoints.iter().map(|waypoint| waypoint.place)).collect()
            }
            MissionKind::Agriculture(own) if own.vehicle == node => {
                own.way.waypoints.iter().map(|waypoint| waypoint.place).collect()
            }
            MissionKind::Agriculture(own) if own.drones.contains(&node) => {
                let stations = own.way.waypoints.iter();
                stations.map(|waypoint| station_of(waypoint.place, own.offset_m)).collect()
            }
            MissionKind::Agriculture(_) | MissionKind::Relay(_) => Vec::new(),
        }
    };
    let own: Vec<Position> = plans.iter().flat_map(of).collect();
    let home = (!own.is_empty()).then(|| infrastructure.position(node, SimTime::ZERO));
    home.into_iter().chain(own).collect()
}

/// Places along the lines between others.
fn along(places: &[Position]) -> impl Iterator<Item = Position> + '_ {
    let first = places.first().copied();
    let lines = places.windows(2).flat_map(|ends| {
        let steps = (ends[0].distance_m(ends[1]) / APART_M).ceil().clamp(1.0, MOST_PLACES) as u32;
        (1..=steps).map(move |step| ends[0].towards(ends[1], f64::from(step) / f64::from(steps)))
    });
    first.into_iter().chain(lines)
}

/// What is to be told of a stream that needs the network where no access point reaches.
pub(super) fn note(
    stream: &StreamPlan,
    plans: &[MissionPlan],
    infrastructure: &Infrastructure,
) -> Option<String> {
    let needs_network = stream.processing != Processing::OnBoard && stream.relay.is_none();
    if !needs_network || !infrastructure.class_of(stream.source).wireless {
        return None;
    }
    let reaches = reaches(stream.source, infrastructure)?;
    let places = places(stream.source, plans, infrastructure);
    let is_reached =
        |place: &Position| reaches.iter().any(|(from, range_m)| from.distance_m(*place) <= *range_m);
    let (mut all, mut outside, mut first) = (0_u64, 0_u64, None);
    for place in along(&places) {
        all += 1;
        if !is_reached(&place) {
            outside += 1;
            first.get_or_insert(place);
        }
    }
    let first = first?;
    Some(format!(
        "the stream {:?} needs the network, but {:.0} % of the way of {:?} is out of reach of all access points, such as \
         ({:.0} m, {:.0} m): frames from there wait or are lost",
        stream.name,
        (100.0 * outside as f64 / all as f64).max(1.0),
        infrastructure.node_name(stream.source),
        first.x_m,
        first.y_m
    ))
}
