use super::*;
use crate::infra::LocalPlane;
use crate::scenario::import::PlanEnd;
use quick_xml::events::Event;

/// A flight: up to 20 m in 10 s, 100 m east in 20 s, a stay of 5 s, 50 m north in 10 s, down in 40 s.
fn flight() -> Track {
    let point = |t_s, x_m, y_m, z_m| TrackPoint { t_s, place: Position { x_m, y_m, z_m } };
    let phase = |name: &str, start_s, end_s| TrackPhase { name: name.into(), start_s, end_s };
    Track {
        vehicle: "drone <1>, \"red\"".into(),
        points: vec![
            point(0.0, 0.0, 0.0, 0.0),
            point(5.0, 0.0, 0.0, 0.0),
            point(15.0, 0.0, 0.0, 20.0),
            point(25.0, 50.0, 0.0, 20.0),
            point(35.0, 100.0, 0.0, 20.0),
            point(40.0, 100.0, 0.0, 20.0),
            point(50.0, 100.0, 50.0, 20.0),
            point(90.0, 100.0, 50.0, 0.0),
            point(100.0, 100.0, 50.0, 0.0),
        ],
        phases: vec![
            phase("arming", 2.0, 5.0),
            phase("taking_off", 5.0, 15.0),
            phase("cruising", 15.0, 50.0),
            phase("landing", 50.0, 90.0),
        ],
    }
}

fn plane() -> LocalPlane {
    LocalPlane::new(16.25, 39.30)
}

#[test]
fn a_place_is_found_at_any_time() {
    let track = flight();
    let at = |t_s| track.at(t_s).expect("there are points").place;
    assert_eq!((at(-1.0).z_m, at(10.0).z_m, at(1e9).y_m), (0.0, 10.0, 50.0));
    assert_eq!((at(30.0).x_m, at(37.0).x_m, at(42.0).y_m), (75.0, 100.0, 10.0));
    assert_eq!(Track { points: Vec::new(), ..track }.at(3.0), None);
}

/// Parts follow each other without gaps, begin and end where phases do, and have all points in between.
#[test]
fn parts_tile_the_track() {
    let track = flight();
    let parts = track.parts();
    let names: Vec<&str> = parts.iter().map(TrackPart::name).collect();
    assert_eq!(names, ["moving", "arming", "taking_off", "cruising", "landing", "moving"]);
    let ends: Vec<(f64, f64)> =
        parts.iter().map(|part| (part.points[0].t_s, part.points[part.points.len() - 1].t_s)).collect();
    assert_eq!(ends, [(0.0, 2.0), (2.0, 5.0), (5.0, 15.0), (15.0, 50.0), (50.0, 90.0), (90.0, 100.0)]);
    assert_eq!(parts.iter().map(|part| part.points.len()).collect::<Vec<_>>(), [2, 2, 2, 5, 2, 2]);
    assert_eq!(
        parts.iter().map(TrackPart::stays).collect::<Vec<_>>(),
        [true, true, false, false, false, true]
    );
    // The sum of a start and a duration may miss the next start by a little.
    let mut rounded = track.clone();
    rounded.phases[1].end_s -= 1e-12;
    rounded.phases[3].end_s = 100.0 - 1e-12;
    assert_eq!(rounded.parts().len(), 5);
    let bare = Track { phases: Vec::new(), ..track.clone() };
    assert_eq!(bare.parts().len(), 1);
    assert_eq!(bare.parts()[0].points, track.points);
}

#[test]
fn a_mission_flies_the_track_again() {
    let made = flight_plan(&flight(), &plane(), 1).expect("it has flown once");
    let plan = &made.plan;
    assert_eq!((made.flights, plan.take_off_m, plan.end), (1, Some(20.0), PlanEnd::Land));
    let flown: Vec<_> = plan
        .waypoints
        .iter()
        .map(|w| ((w.place.x_m, w.place.y_m, w.place.z_m), w.hold_s, w.speed_m_per_s))
        .collect();
    // The point at 50 m is on the line.
    let expected = [((100.0, 0.0, 20.0), 5.0, Some(5.0)), ((100.0, 50.0, 20.0), 0.0, Some(5.0))];
    assert_eq!(flown, expected);
    let error = flight_plan(&flight(), &plane(), 2).expect_err("it has not flown twice");
    assert!(error.to_string().contains("has flown 1 times; there is no flight 2"), "{error}");
    assert!(flight_plan(&flight(), &plane(), 0).is_err());
    // On the ground, all of it is one way; with its ends on the same line, too.
    let mut rover = flight();
    for point in &mut rover.points {
        point.place.z_m = 3.0;
    }
    let plan = flight_plan(&rover, &plane(), 1).expect("it has driven").plan;
    assert_eq!((plan.take_off_m, plan.end, plan.waypoints.len()), (None, PlanEnd::Loiter, 2));
    assert_eq!(plan.waypoints[0].place.z_m, 0.0);
}

/// The document is well formed, and each track has as many dates as places.
#[test]
fn kml_is_well_formed() {
    let text = kml("a & b", &[flight()], &plane(), "2026-06-01T08:00:00Z".parse().expect("a date"));
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut depth, mut counts) = (0, [0; 4]);
    loop {
        match reader.read_event().expect("it is well formed") {
            Event::Start(start) => {
                depth += 1;
                let names = ["gx:Track", "when", "gx:coord", "Style"];
                for (count, name) in counts.iter_mut().zip(names) {
                    *count += usize::from(start.name().as_ref() == name);
                }
            }
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!((depth, counts), (0, [6, 15, 15, 5]));
    assert!(text.contains("<when>2026-06-01T08:01:30.000Z</when>"), "{text}");
    assert!(text.contains("<gx:coord>16.25000000 39.30000000 20.000</gx:coord>"), "{text}");
    assert!(text.contains("drone &lt;1&gt;, &quot;red&quot;") && text.contains("a &amp; b"), "{text}");
}

#[test]
fn geojson_has_lines_and_points() {
    let value = geojson(&[flight()], &plane());
    let features = value["features"].as_array().expect("a list");
    assert_eq!((value["type"].as_str(), features.len()), (Some("FeatureCollection"), 6));
    let kinds: Vec<_> = features.iter().map(|f| f["geometry"]["type"].as_str().unwrap_or("")).collect();
    assert_eq!(kinds, ["Point", "Point", "LineString", "LineString", "LineString", "Point"]);
    let cruise = &features[3];
    assert_eq!(cruise["properties"]["times_s"], serde_json::json!([15.0, 25.0, 35.0, 40.0, 50.0]));
    assert_eq!(cruise["properties"]["length_m"], 150.0);
    assert_eq!(cruise["geometry"]["coordinates"][0], serde_json::json!([16.25, 39.3, 20.0]));
    // Longitude first, to the east: 100 m are 0.00116 degrees here.
    let east = cruise["geometry"]["coordinates"][2][0].as_f64().expect("a number");
    assert!((east - 16.25116).abs() < 1e-5, "{east}");
}

#[test]
fn csv_has_a_row_a_point() {
    let text = csv_text(&[flight()], Some(&plane()));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        (lines[0], lines.len()),
        ("vehicle,phase,t_s,x_m,y_m,z_m,longitude_deg,latitude_deg", 16)
    );
    assert_eq!(lines[5], "\"drone <1>, \"\"red\"\"\",taking_off,5,0,0,0,16.25000000,39.30000000");
    assert!(csv_text(&[flight()], None).starts_with("vehicle,phase,t_s,x_m,y_m,z_m\n"));
}
