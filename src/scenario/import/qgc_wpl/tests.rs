use super::*;
use proptest::prelude::*;

const ORIGIN: (f64, f64) = (149.165, -35.363);

fn plane() -> LocalPlane {
    LocalPlane::new(ORIGIN.0, ORIGIN.1)
}

/// Reads a file of these items behind the header, columns between spaces for readability.
fn read(items: &[&str]) -> Result<FlightPlan, String> {
    let lines: Vec<String> =
        items.iter().map(|item| item.split(' ').collect::<Vec<_>>().join("\t")).collect();
    read_text(&format!("{HEADER}\n{}\n", lines.join("\n")))
}

fn read_text(text: &str) -> Result<FlightPlan, String> {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), text).expect("it takes text");
    read_qgc_wpl(file.path(), &plane()).map_err(|error| {
        let text = error.to_string();
        text.split_once(':').map_or(text.clone(), |(_, rest)| rest.to_string())
    })
}

const HOME: &str = "0 1 0 16 0 0 0 0 -35.363 149.165 584 1";

/// Places with their heights, in whole metres, holds and speeds.
fn flown(plan: &FlightPlan) -> Vec<(i64, i64, f64, f64, Option<f64>)> {
    let whole = |metres: f64| metres.round() as i64;
    let of = |w: &PlannedWaypoint| {
        (whole(w.place.x_m), whole(w.place.y_m), w.place.z_m, w.hold_s, w.speed_m_per_s)
    };
    plan.waypoints.iter().map(of).collect()
}

/// A millidegree of latitude is 110.95 m here, and one of longitude 90.87 m (WGS 84 at 35.36 degrees south).
#[test]
fn a_mission_with_all_that_flies() {
    let plan = read(&[
        HOME,
        "1 0 3 93 30 0 0 0 0 0 0 1",
        "2 0 3 22 0 0 0 0 0 0 20 1",
        "3 0 2 178 1 7 0 0 0 0 0 1",
        "4 0 3 16 2.5 0 0 nan -35.362 149.165 40 1",
        "5 0 0 16 0 2 0 0 -35.363 149.166 634 1",
        "6 0 6 19 8 0 0 0 0 0 0 1",
        "7 0 3 178 0 -2 0 0 0 0 0 1",
        "8 0 10 18 2 0 10 0 -35.362 149.166 30 1",
        "9 0 3 93 5 0 0 0 0 0 0 1",
        "10 0 3 82 0 0 0 0 -35.362 149.165 0 1",
        "11 0 3 31 0 0 0 0 0 0 25 1",
        "12 0 3 201 0 0 0 0 -35.362 149.165 0 1",
        "13 0 3 21 0 0 0 0 -35.363 149.165 0 1",
    ]);
    let plan = plan.expect("it can be flown");
    assert_eq!(plan.home, LonLat::new(149.165, -35.363));
    assert_eq!((plan.start_delay_s, plan.take_off_m, plan.end), (30.0, Some(20.0), PlanEnd::Land));
    let expected = vec![
        (0, 111, 40.0, 2.5, Some(7.0)),
        // Above sea level, less the 584 m of home.
        (91, 0, 50.0, 0.0, Some(7.0)),
        // Place and height of before.
        (91, 0, 50.0, 8.0, Some(7.0)),
        // Two turns of 18 s, and a delay of 5 s.
        (91, 111, 30.0, 41.0, None),
        (0, 111, 30.0, 0.0, None),
        (0, 111, 25.0, 0.0, None),
        (0, 0, 25.0, 0.0, None),
    ];
    assert_eq!(flown(&plan), expected);
    let notes = plan.notes.join("; ");
    for part in ["LOITER_TURNS", "SPLINE_WAYPOINT", "DO_SET_ROI is passed over", "the ground is flat"] {
        assert!(notes.contains(part), "{notes}");
    }
}

/// The second waypoint three times, the jump being made twice; a jump of no repeats is none.
#[test]
fn jumps_are_flown_out() {
    let plan = read(&[
        HOME,
        "1 0 3 16 0 0 0 0 -35.362 149.165 10 1",
        "2 0 3 16 0 0 0 0 -35.363 149.166 10 1",
        "3 0 3 177 2 2 0 0 0 0 0 1",
        "4 0 3 177 1 0 0 0 0 0 0 1",
        "5 0 3 20 0 0 0 0 0 0 0 1",
        "6 0 3 206 0 0 0 0 0 0 0 1",
    ]);
    let plan = plan.expect("it can be flown");
    let places: Vec<(i64, i64)> = flown(&plan).iter().map(|w| (w.0, w.1)).collect();
    assert_eq!(places, [(0, 111), (91, 0), (91, 0), (91, 0)]);
    assert_eq!((plan.take_off_m, plan.end), (None, PlanEnd::ReturnToLaunch));
    // Nested jumps: a counter is used up once.
    let plan = read(&[
        HOME,
        "1 0 3 16 0 0 0 0 -35.362 149.165 10 1",
        "2 0 3 177 1 1 0 0 0 0 0 1",
        "3 0 3 177 1 2 0 0 0 0 0 1",
    ]);
    assert_eq!(plan.expect("it can be flown").waypoints.len(), 4);
}

#[test]
fn other_line_ends_gaps_and_marks_are_taken() {
    let text = format!("\u{feff}{HEADER}\r\n\r\n{}\r\n", HOME.replace(' ', "\t"));
    let plan = read_text(&text).expect("it is a home alone");
    assert_eq!((plan.home.is_some(), plan.waypoints.len(), plan.end), (true, 0, PlanEnd::Loiter));
}

#[test]
fn faults_are_located() {
    let far = "1 0 3 16 0 0 0 0 39.3 16.25 10 1";
    for (items, needle) in [
        (vec![far], "2:1: found index 1, expected 0"),
        (vec![HOME, far], "3:18: found a place 15876 km from the scenario's origin"),
        (vec![HOME, "1 0 3 16 0 0 0 0 -35.36 149.16 10"], "3:34: found 11 columns, expected 12 columns"),
        (vec![HOME, "1 0 3 16 0 0 0 0 -35.36 149.16 10 1 7"], "3:37: found 13 columns"),
        (
            vec![HOME, "1 0 3 16 x 0 0 0 -35.36 149.16 10 1"],
            "3:10: found \"x\", expected a number as parameter 1",
        ),
        (
            vec![HOME, "1 0 3 16 0 0 0 0 nan 149.16 10 1"],
            "3:18: found \"nan\", expected a number as latitude",
        ),
        (
            vec![HOME, "1 0 3 16.5 0 0 0 0 -35.36 149.16 10 1"],
            "3:7: found \"16.5\", expected a whole number as command",
        ),
        (
            vec![HOME, "1 0 3 84 0 0 0 0 -35.36 149.16 10 1"],
            "3:7: found command 84, expected one that can be flown",
        ),
        (
            vec![HOME, "1 0 1 16 0 0 0 0 -35.36 149.16 10 1"],
            "3:5: found frame 1, expected a global frame",
        ),
        (vec![HOME, "1 0 3 16 -3 0 0 0 -35.36 149.16 10 1"], "3:10: found -3 s to hold, expected 0 to"),
        (vec![HOME, "1 0 3 16 0 0 0 0 -35.36 149.16 -10 1"], "3:32: found a height of -10 m above home"),
        (
            vec![HOME, "1 0 3 16 0 0 0 0 149.16 -35.36 10 1"],
            "3:18: found latitude 149.16, expected -90 to 90 degrees; it seems to be swapped",
        ),
        (vec![HOME, "1 0 3 16 0 0 0 0 35.36 -249.16 10 1"], "3:24: found longitude -249.16"),
        (
            vec![HOME, "1 0 3 16 0 0 0 0 -35.36 149.16 10 2"],
            "3:35: found \"2\", expected 0 or 1 as autocontinue",
        ),
        (
            vec!["0 0 3 22 0 0 0 0 0 0 10 1", "1 0 0 16 0 0 0 0 -35.36 149.16 600 1"],
            "3:5: found an altitude above sea level",
        ),
        (vec!["0 0 3 22 0 0 0 0 0 0 10 1", "1 0 3 19 5 0 0 0 0 0 0 1"], "3:18: found the present place"),
        (vec![HOME, "1 0 3 22 0 0 0 0 0 0 0 1"], "3:22: found a take-off to 0 m"),
        (
            vec![HOME, "1 0 3 16 0 0 0 0 -35.36 149.16 9 1", "2 0 3 22 0 0 0 0 0 0 9 1"],
            "4:7: found a take-off on the way",
        ),
        (
            vec![HOME, "1 0 3 20 0 0 0 0 0 0 0 1", "2 0 3 16 0 0 0 0 -35.36 149.16 9 1"],
            "4:7: found command 16, expected the end of the file after the return",
        ),
        (vec![HOME, "1 0 3 177 1 -1 0 0 0 0 0 1"], "3:13: found -1 repeats"),
        (
            vec![HOME, "1 0 3 177 9 1 0 0 0 0 0 1"],
            "3:11: found a jump to item 9, expected the index of an item, 1 to 1",
        ),
        (vec![HOME, "1 0 3 178 1 0 0 0 0 0 0 1"], "3:13: found a speed of 0 m/s"),
        (vec![HOME, "1 0 3 178 7 5 0 0 0 0 0 1"], "3:11: found the kind of speed 7"),
    ] {
        let error = read(&items).expect_err(needle);
        assert!(error.starts_with(needle), "{error}\ninstead of\n{needle}");
    }
    assert!(
        read_text("QGC WPL 100\n")
            .expect_err("another version")
            .starts_with("1:1: found \"QGC WPL 100\"")
    );
    assert!(read_text("").expect_err("empty").contains("expected the header"));
    assert!(read_text("QGC WPL 110\n").expect_err("no items").contains("expected items"));
}

/// A jump within a jump can be flown out to more than there is room for: refused, not flown for ever.
#[test]
fn jumps_without_bounds_are_refused() {
    let mut items = vec![HOME.to_string(), "1 0 3 16 0 0 0 0 -35.362 149.165 10 1".into()];
    items.extend((2..20).map(|index| format!("{index} 0 3 177 1 10000 0 0 0 0 0 1")));
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    assert!(read(&items).expect_err("far too many").contains("at most 100000 waypoints"));
    // Two jumps back to the first are made 2 x 10000 times; a hundred would take too long.
    let plan = read(&[HOME, "1 0 3 177 1 10000 0 0 0 0 0 1", "2 0 3 177 1 10000 0 0 0 0 0 1"]);
    assert_eq!(plan.expect("it flies nowhere").waypoints.len(), 0);
    let mut items = vec![HOME.to_string()];
    items.extend((1..200).map(|index| format!("{index} 0 3 177 1 10000 0 0 0 0 0 1")));
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    assert!(read(&items).expect_err("far too many").contains("at most 1000000 items"));
}

fn any_waypoint() -> impl Strategy<Value = PlannedWaypoint> {
    let speed = prop::option::of(0.5..30.0f64);
    // An altitude of 0 is the present one, so that none is written.
    (-5e3..5e3f64, -5e3..5e3f64, 0.5..200.0f64, 0.0..600.0f64, speed).prop_map(
        |(x_m, y_m, z_m, hold_s, speed_m_per_s)| PlannedWaypoint {
            place: Position { x_m, y_m, z_m },
            hold_s,
            speed_m_per_s,
        },
    )
}

proptest! {
    /// What is written reads back as it was, places to a millimetre and a half.
    #[test]
    fn plans_survive_a_round_trip(
        waypoints in prop::collection::vec(any_waypoint(), 0..12),
        take_off_m in prop::option::of(1.0..120.0f64),
        start_delay_s in prop_oneof![Just(0.0), 0.1..100.0f64],
        end in prop_oneof![Just(PlanEnd::Loiter), Just(PlanEnd::ReturnToLaunch), Just(PlanEnd::Land)],
    ) {
        let home = LonLat::new(149.2, -35.4);
        let plan = FlightPlan { home, start_delay_s, take_off_m, waypoints, end, notes: Vec::new() };
        let text = write_qgc_wpl(&plan, &plane());
        let back = read_text(&text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(back.waypoints.len(), plan.waypoints.len());
        for (found, wanted) in back.waypoints.iter().zip(&plan.waypoints) {
            prop_assert!(found.place.distance_m(wanted.place) < 1.5e-3, "{found:?} {wanted:?}");
            prop_assert_eq!((found.hold_s, found.speed_m_per_s), (wanted.hold_s, wanted.speed_m_per_s));
        }
        let kept = FlightPlan { waypoints: plan.waypoints.clone(), ..back };
        prop_assert_eq!(kept, plan);
    }

    #[test]
    fn no_text_panics(text in "[0-9nax.\\-\t\n ]{0,200}") {
        let _ = read_text(&text);
        let _ = read_text(&format!("{HEADER}\n{text}"));
        let _ = read_text(&format!("{HEADER}\n0\t1\t3\t16\t{text}"));
    }
}
