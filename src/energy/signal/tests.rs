use super::*;
use proptest::prelude::*;

fn points() -> impl Strategy<Value = Vec<(f64, f64)>> {
    (-500.0..500.0f64, prop::collection::vec((0.1..100.0f64, -50.0..100.0f64), 1..40)).prop_map(
        |(start_s, steps)| {
            let mut time_s = start_s;
            steps
                .into_iter()
                .map(|(step_s, value)| {
                    time_s += step_s;
                    (time_s, value)
                })
                .collect()
        },
    )
}

/// Integral of the signal times a straight weight, by walking along its pieces; Simpson's rule is exact for a
/// product of two straight lines.
fn by_walking(signal: &Signal, from_s: f64, to_s: f64, first: f64, last: f64) -> f64 {
    let weight = |time_s: f64| first + (last - first) * (time_s - from_s) / (to_s - from_s);
    let (mut sum, mut time_s) = (0.0, from_s);
    while time_s < to_s {
        let piece = signal.piece(time_s);
        // A piece that rounding has left without length is passed.
        let end_s = piece.until_s.max(time_s.next_up()).min(to_s);
        let product = |at_s: f64| (piece.value + piece.slope * (at_s - time_s)) * weight(at_s);
        let middle_s = (time_s + end_s) / 2.0;
        sum += (product(time_s) + 4.0 * product(middle_s) + product(end_s)) * (end_s - time_s) / 6.0;
        time_s = end_s;
    }
    sum
}

proptest! {
    #[test]
    fn integrals_are_those_of_walking_along_the_pieces(
        points in points(),
        (linear, repeats) in (any::<bool>(), any::<bool>()),
        tail_s in 0.1..200.0f64,
        (from_s, span_s) in (-3000.0..3000.0f64, 0.001..5000.0f64),
        (first, last) in (-10.0..300.0f64, -10.0..300.0f64),
    ) {
        let interpolation = if linear { Interpolation::Linear } else { Interpolation::Hold };
        let outside = if repeats { Outside::Repeat } else { Outside::Hold };
        let end_s = points[points.len() - 1].0 + tail_s;
        let signal = Signal::new(&points, interpolation, end_s, outside).unwrap();
        let to_s = from_s + span_s;
        let scale = 100.0 * span_s;
        // An instant that lies a rounding error beside a step may be on either side of it; both count.
        let off = signal.integral(from_s, to_s) - by_walking(&signal, from_s, to_s, 1.0, 1.0);
        prop_assert!(off.abs() < 1e-9 * scale, "off by {}", off);
        let found = signal.integral_of_product(from_s, to_s, first, last);
        let off = found - by_walking(&signal, from_s, to_s, first, last);
        prop_assert!(off.abs() < 1e-9 * scale * 300.0, "off by {}", off);
    }

    /// An integral is the sum of its parts.
    #[test]
    fn integrals_add_up(points in points(), cuts in prop::collection::vec(-2000.0..2000.0f64, 3..8)) {
        let end_s = points[points.len() - 1].0 + 7.0;
        let signal = Signal::new(&points, Interpolation::Linear, end_s, Outside::Repeat).unwrap();
        let mut cuts = cuts;
        cuts.sort_by(f64::total_cmp);
        let parts: f64 = cuts.windows(2).map(|pair| signal.integral(pair[0], pair[1])).sum();
        let whole = signal.integral(cuts[0], cuts[cuts.len() - 1]);
        prop_assert!((parts - whole).abs() < 1e-9 * 100.0 * 4000.0, "{} against {}", parts, whole);
    }
}

#[test]
fn steps_hold_and_lines_run_between_points() {
    let points = [(10.0, 4.0), (20.0, 8.0), (40.0, -2.0)];
    let hold = Signal::new(&points, Interpolation::Hold, 50.0, Outside::Hold).unwrap();
    let values = [0.0, 10.0, 19.9, 20.0, 40.0, 49.0, 99.0].map(|time_s| hold.value(time_s));
    assert_eq!(values, [4.0, 4.0, 4.0, 8.0, -2.0, -2.0, -2.0]);
    // 4 * 15 + 8 * 20 - 2 * 10
    assert_eq!(hold.integral(5.0, 50.0), 200.0);
    let linear = Signal::new(&points, Interpolation::Linear, 50.0, Outside::Hold).unwrap();
    assert_eq!([15.0, 30.0, 45.0].map(|time_s| linear.value(time_s)), [6.0, 3.0, -2.0]);
    // 6 * 10 + 3 * 20 - 2 * 10
    assert_eq!(linear.integral(10.0, 50.0), 100.0);
    assert_eq!((hold.integral(5.0, 5.0), hold.integral(6.0, 5.0)), (0.0, 0.0));
    assert_eq!(hold.mean(10.0, 40.0), 200.0 / 30.0);
    assert_eq!((hold.range(), hold.span_s()), ((-2.0, 8.0), (10.0, 50.0)));
}

#[test]
fn a_signal_that_repeats_does_so_before_and_after() {
    let points = [(0.0, 1.0), (10.0, 3.0)];
    let day = Signal::new(&points, Interpolation::Hold, 30.0, Outside::Repeat).unwrap();
    for (time_s, value) in [(-1.0, 3.0), (-30.0, 1.0), (30.0, 1.0), (39.9, 1.0), (40.0, 3.0), (3e6, 1.0)]
    {
        assert_eq!(day.value(time_s), value, "{time_s}");
    }
    // A round is 1 * 10 + 3 * 20.
    assert_eq!(day.integral(-30.0, 300.0), 11.0 * 70.0);
    assert_eq!(day.integral(5.0, 100.0), 5.0 + 60.0 + 2.0 * 70.0 + 10.0);
    // A line that repeats comes back to its first value.
    let saw = Signal::new(&points, Interpolation::Linear, 30.0, Outside::Repeat).unwrap();
    assert_eq!((saw.value(20.0), saw.value(30.0)), (2.0, 1.0));
}

#[test]
fn a_year_of_quarter_hours_is_exact_at_its_end() {
    // Far from the origin a straight rise of power over an hour: 0.5 * 60 * 3600 at a price of 60, which changes
    // to 120 for the second half: 60 (1/8 * 1 + 3/8 * 2) in hours.
    let quarters = 4 * 24 * 365;
    let points: Vec<(f64, f64)> =
        (0..quarters).map(|n| (f64::from(n) * 900.0, if n % 4 < 2 { 60.0 } else { 120.0 })).collect();
    let signal =
        Signal::new(&points, Interpolation::Hold, f64::from(quarters) * 900.0, Outside::Hold).unwrap();
    let from_s = f64::from(quarters - 4) * 900.0;
    let found = signal.integral_of_product(from_s, from_s + 3600.0, 0.0, 1.0);
    let expected = 60.0 * (1.0 / 8.0 + 2.0 * 3.0 / 8.0) * 3600.0;
    assert!((found / expected - 1.0).abs() < 1e-12, "{found} against {expected}");
}

#[test]
fn a_constant_is_one_at_all_times() {
    let price = Signal::constant(2.5);
    assert_eq!((price.value(-1e9), price.value(1e9), price.as_constant()), (2.5, 2.5, Some(2.5)));
    assert_eq!(price.integral(-10.0, 30.0), 100.0);
    assert_eq!(price.integral_of_product(0.0, 2.0, 0.0, 4.0), 10.0);
    assert_eq!(price.piece(0.5).slope, 0.0);
}

#[test]
fn points_that_make_no_signal_are_refused() {
    let message = |points: &[(f64, f64)], end_s: f64| {
        Signal::new(points, Interpolation::Hold, end_s, Outside::Hold).unwrap_err().to_string()
    };
    assert!(message(&[], 1.0).contains("at least one"));
    assert!(message(&[(0.0, f64::NAN)], 1.0).contains("point 0"));
    assert!(message(&[(0.0, 1.0), (0.0, 2.0)], 1.0).contains("point 1 at 0 s is not after"));
    assert!(message(&[(0.0, 1.0)], 0.0).contains("must be later"));
}
