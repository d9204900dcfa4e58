use super::*;
use proptest::prelude::*;

fn rectangle(width_m: f64, height_m: f64) -> Polygon {
    Polygon::new(vec![[0.0, 0.0], [width_m, 0.0], [width_m, height_m], [0.0, height_m]]).unwrap()
}

#[test]
fn a_rectangle_has_the_lines_of_the_closed_form() {
    // 100 m by 45 m with 10 m: five strips of 9 m, lines of 100 m at 4.5, 13.5, ... and four links of 9 m.
    let coverage = Coverage::new(&rectangle(100.0, 45.0), 10.0, None).unwrap();
    assert_eq!((coverage.lines.len(), coverage.heading_deg, coverage.spacing_m), (5, 90.0, 9.0));
    assert!((coverage.length_m() - 500.0).abs() < 1e-9);
    assert!((coverage.way_m() - 536.0).abs() < 1e-9);
    assert_eq!(coverage.lines[0], Line { from: [0.0, 4.5], to: [100.0, 4.5] });
    assert_eq!(coverage.lines[1], Line { from: [100.0, 13.5], to: [0.0, 13.5] });
    // To the north there are ten lines of 45 m and nine links of 10 m.
    let north = Coverage::new(&rectangle(100.0, 45.0), 10.0, Some(0.0)).unwrap();
    assert_eq!(north.lines.len(), 10);
    assert!((north.way_m() - 540.0).abs() < 1e-9);
    // A whole number of spacings needs no further strip.
    assert_eq!(Coverage::new(&rectangle(100.0, 30.0), 0.1, None).unwrap().lines.len(), 300);
}

#[test]
fn the_direction_of_turning_is_of_no_account() {
    let mut corners = rectangle(80.0, 20.0).corners().to_vec();
    corners.reverse();
    let turned = Polygon::new(corners).unwrap();
    assert_eq!(turned.area_m2(), 1600.0);
    assert_eq!(Coverage::new(&turned, 5.0, None).unwrap().length_m(), 320.0);
}

#[test]
fn a_field_with_a_bay_is_mown_in_cells() {
    // A U of 30 m by 30 m with a bay 10 m wide and 20 m deep from the top: below it one line a strip, beside it two.
    let corners = [
        [0.0, 0.0],
        [30.0, 0.0],
        [30.0, 30.0],
        [20.0, 30.0],
        [20.0, 10.0],
        [10.0, 10.0],
        [10.0, 30.0],
        [0.0, 30.0],
    ];
    let field = Polygon::new(corners.to_vec()).unwrap();
    assert_eq!(field.area_m2(), 700.0);
    let coverage = Coverage::new(&field, 5.0, Some(90.0)).unwrap();
    // Two strips of 30 m and four of 10 m twice.
    assert_eq!(coverage.lines.len(), 10);
    assert!((coverage.length_m() - 140.0).abs() < 1e-9);
    // One prong is done before the other one is begun: lines change the side once.
    let is_left = |line: &&Line| line.from[0] < 15.0 && line.to[0] < 15.0;
    let sides: Vec<bool> = coverage.lines[2..].iter().map(|line| is_left(&line)).collect();
    assert_eq!(sides.windows(2).filter(|pair| pair[0] != pair[1]).count(), 1);
}

#[test]
fn edges_that_cross_are_named() {
    let told = |corners: &[Point]| Polygon::new(corners.to_vec()).unwrap_err().to_string();
    assert_eq!(
        told(&[[0.0, 0.0], [30.0, 0.0], [0.0, 20.0], [30.0, 20.0]]),
        "the field crosses itself: its edge 1 and its edge 3 meet at (15.0 m, 10.0 m)"
    );
    // A corner on another edge, and an edge that goes back on the one before.
    assert!(matches!(
        Polygon::new(vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [5.0, 0.0], [0.0, 10.0]]),
        Err(PolygonError::Crossing { .. })
    ));
    assert!(matches!(
        Polygon::new(vec![[0.0, 0.0], [10.0, 0.0], [5.0, 0.0], [5.0, 5.0]]),
        Err(PolygonError::Crossing { .. })
    ));
    assert_eq!(told(&[[0.0, 0.0], [1.0, 1.0]]), "a field needs at least three corners, and 2 are given");
    assert_eq!(
        told(&[[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]),
        "corner 1 and the one after it are the same place"
    );
}

#[test]
fn spacings_that_cannot_be_are_refused() {
    let field = rectangle(10.0, 10.0);
    for spacing_m in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Coverage::new(&field, spacing_m, None), Err(PolygonError::Spacing(_))));
    }
    assert!(matches!(Coverage::new(&field, 1e-9, None), Err(PolygonError::TooManyLines { .. })));
}

/// Fields that are seen whole from their middle, so that they are simple: corners at ascending angles.
fn fields() -> impl Strategy<Value = Polygon> {
    let corner = (0.05..1.0f64, 5.0..200.0f64);
    prop::collection::vec(corner, 3..14).prop_filter_map("no field", |steps| {
        let whole: f64 = steps.iter().map(|(step, _)| step).sum();
        let mut angle = 0.0;
        let corners = steps.iter().map(|(step, radius_m)| {
            angle += step / whole * std::f64::consts::TAU;
            [radius_m * angle.cos(), radius_m * angle.sin()]
        });
        Polygon::new(corners.collect()).ok()
    })
}

proptest! {
    /// No point of a field is further than half a spacing from a line.
    #[test]
    fn all_of_a_field_is_near_a_line(
        field in fields(),
        spacing_m in 2.0..60.0f64,
        heading in prop::option::of(0.0..360.0f64),
        shares in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 40),
    ) {
        let coverage = Coverage::new(&field, spacing_m, heading).unwrap();
        prop_assert!(coverage.spacing_m <= spacing_m * (1.0 + 1e-9));
        let (low, high) = field.bounds();
        let inside = shares.iter().map(|(x, y)| {
            [low[0] + x * (high[0] - low[0]), low[1] + y * (high[1] - low[1])]
        });
        for point in inside.filter(|&point| field.contains(point)).chain(field.corners().iter().copied()) {
            let nearest_m = coverage.lines.iter().map(|line| line.distance_m(point)).fold(f64::INFINITY, f64::min);
            prop_assert!(nearest_m <= 0.5 * spacing_m + 1e-6, "{point:?} is {nearest_m} m away");
        }
    }

    /// Parts are of equal length, and together what was divided.
    #[test]
    fn parts_are_equal(field in fields(), spacing_m in 5.0..40.0f64, parts in 1..9usize) {
        let coverage = Coverage::new(&field, spacing_m, None).unwrap();
        let divided = coverage.divided(parts);
        prop_assert_eq!(divided.len(), parts);
        let share_m = coverage.length_m() / parts as f64;
        for part in &divided {
            let length_m: f64 = part.iter().map(Line::length_m).sum();
            prop_assert!((length_m - share_m).abs() < 1e-5, "{length_m} m in place of {share_m} m");
        }
    }

    /// Without a heading no given heading along an edge of the field needs fewer lines.
    #[test]
    fn the_best_heading_is_no_worse_than_that_of_an_edge(field in fields(), spacing_m in 5.0..40.0f64) {
        let best = Coverage::new(&field, spacing_m, None).unwrap();
        let ends = field.hull_directions();
        for along in ends {
            let heading_deg = along[0].atan2(along[1]).to_degrees();
            let other = Coverage::new(&field, spacing_m, Some(heading_deg)).unwrap();
            // Turning back and forth rounds, so that a width of whole spacings may need one strip more.
            prop_assert!(best.lines.len() <= other.lines.len() + 1);
        }
    }
}
