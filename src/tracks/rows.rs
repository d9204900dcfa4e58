//! Tracks as comma-separated rows.

use super::Track;
use crate::infra::LocalPlane;
use std::fmt::Write as _;

/// A CSV table of all points: `vehicle`, `phase`, `t_s`, `x_m`, `y_m`, `z_m`, and on a plane of the earth `longitude_deg` and
/// `latitude_deg` to 8 decimals. A point at which a phase ends and another begins is in both.
#[must_use]
pub fn csv_text(tracks: &[Track], plane: Option<&LocalPlane>) -> String {
    let mut text = String::from("vehicle,phase,t_s,x_m,y_m,z_m");
    text.push_str(if plane.is_some() { ",longitude_deg,latitude_deg\n" } else { "\n" });
    for track in tracks {
        for part in track.parts() {
            for point in &part.points {
                let place = point.place;
                // Writing to a string cannot fail.
                let _ = write!(text, "{},{}", quoted(&track.vehicle), quoted(part.name()));
                let _ = write!(text, ",{},{},{},{}", point.t_s, place.x_m, place.y_m, place.z_m);
                if let Some(plane) = plane {
                    let at = plane.lon_lat(place);
                    let _ = write!(text, ",{:.8},{:.8}", at.longitude_deg, at.latitude_deg);
                }
                text.push('\n');
            }
        }
    }
    text
}

/// A name as a field of CSV.
fn quoted(name: &str) -> String {
    if name.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_string()
    }
}
