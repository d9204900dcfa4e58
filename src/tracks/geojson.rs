//! Tracks as GeoJSON (RFC 7946).

use super::{Track, TrackPart};
use crate::infra::{LocalPlane, Position};
use serde_json::{Value, json};

/// A feature collection with a line for each phase of each track, and a point for a phase at one place. Coordinates are
/// longitude, latitude in degrees of WGS 84 to 8 decimals and the height above the ground in metres; the property `times_s`
/// has the seconds from the start of the run at each of them.
#[must_use]
pub fn geojson(tracks: &[Track], plane: &LocalPlane) -> Value {
    let mut features = Vec::new();
    for track in tracks {
        for part in track.parts() {
            features.push(feature(track, &part, plane));
        }
    }
    json!({ "type": "FeatureCollection", "features": features })
}

fn feature(track: &Track, part: &TrackPart<'_>, plane: &LocalPlane) -> Value {
    let coordinates = |place: Position| {
        let at = plane.lon_lat(place);
        json!([rounded(at.longitude_deg, 1e8), rounded(at.latitude_deg, 1e8), rounded(place.z_m, 1e3)])
    };
    let stays = part.stays();
    let geometry = if stays {
        json!({ "type": "Point", "coordinates": coordinates(part.points[0].place) })
    } else {
        let all: Vec<Value> = part.points.iter().map(|point| coordinates(point.place)).collect();
        json!({ "type": "LineString", "coordinates": all })
    };
    let (start_s, end_s) = (part.points[0].t_s, part.points[part.points.len() - 1].t_s);
    let length_m: f64 = part.points.windows(2).map(|pair| pair[0].place.distance_m(pair[1].place)).sum();
    let mut properties = json!({
        "vehicle": track.vehicle,
        "phase": part.name(),
        "start_s": start_s,
        "end_s": end_s,
        "length_m": rounded(length_m, 1e3),
    });
    if !stays {
        properties["times_s"] = part.points.iter().map(|point| json!(point.t_s)).collect();
    }
    json!({ "type": "Feature", "geometry": geometry, "properties": properties })
}

fn rounded(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale
}
