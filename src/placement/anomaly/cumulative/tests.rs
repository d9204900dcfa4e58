use super::*;
use proptest::prelude::*;

const FEATURE: Feature = Feature::Sinr;

fn seen(value: f64) -> Features {
    [(FEATURE, value)].into_iter().collect()
}

fn cusum(side: Side, drift: f64, limit: f64) -> CusumDetector {
    let features = vec![Watched { feature: FEATURE, side, least_deviation: Some(1.0) }];
    CusumDetector::new(features, drift, limit, 2)
}

fn ewma(side: Side, weight: f64, width: f64) -> EwmaDetector {
    let features = vec![Watched { feature: FEATURE, side, least_deviation: Some(1.0) }];
    EwmaDetector::new(features, weight, width, 2)
}

/// Two first values with mean 10 and standard deviation 2, so that x is at (x - 10) / 2.
const FIRST: [f64; 2] = [10.0 - std::f64::consts::SQRT_2, 10.0 + std::f64::consts::SQRT_2];

#[test]
fn a_constant_shift_is_found_after_the_limit_over_what_it_exceeds_the_drift_by() {
    // A shift by 2.95 standard deviations less a drift of 0.5 is 2.45 a period: above a limit of 5 in the third.
    for (side, shift, found) in [
        (Side::Above, 5.9, true),
        (Side::Both, 5.9, true),
        (Side::Below, 5.9, false),
        (Side::Below, -5.9, true),
        (Side::Both, -5.9, true),
        (Side::Above, -5.9, false),
    ] {
        let mut detector = cusum(side, 0.5, 5.0);
        for value in FIRST {
            assert_eq!(detector.judge(0, &seen(value)), Verdict { score: 0.0, alarm: false });
        }
        let alarms: Vec<bool> = (0..5).map(|_| detector.judge(0, &seen(10.0 + shift)).alarm).collect();
        assert_eq!(alarms, [false, false, found, found, found], "{side:?} {shift}");
        // Back to the usual it is over at once, however long it was.
        assert!(!detector.judge(0, &seen(10.0)).alarm);
    }
}

#[test]
fn devices_are_apart_and_what_is_forgotten_is_learned_anew() {
    let mut detector = cusum(Side::Both, 0.5, 5.0);
    for value in FIRST {
        detector.judge(7, &seen(value));
    }
    for _ in 0..3 {
        detector.judge(7, &seen(30.0));
        assert_eq!(detector.judge(2, &seen(30.0)).score, 0.0, "of another device 30 is the usual");
    }
    assert!(detector.judge(7, &seen(30.0)).alarm);
    detector.change_cell(7);
    assert!(detector.judge(7, &seen(30.0)).alarm, "what is usual is so in all cells");
    let mut each = CusumDetector { each_cell: true, ..detector.clone() };
    each.change_cell(7);
    assert_eq!(each.judge(7, &seen(30.0)).score, 0.0, "unless it is learned for each");
    detector.forget(7);
    for _ in 0..20 {
        assert_eq!(detector.judge(7, &seen(30.0)).score, 0.0);
    }
}

#[test]
fn what_was_not_measured_changes_nothing() {
    let mut detector = cusum(Side::Above, 0.5, 100.0);
    let mut average = ewma(Side::Above, 0.2, 3.0);
    for value in FIRST.into_iter().chain([14.0]) {
        detector.judge(0, &seen(value));
        average.judge(0, &seen(value));
    }
    assert_eq!(detector.judge(0, &Features::default()).score, 0.0);
    assert_eq!(average.judge(0, &Features::default()).score, 0.0);
    assert!((detector.judge(0, &seen(14.0)).score - 2.0 * 1.5 / 100.0).abs() < 1e-12);
}

#[test]
fn the_average_of_a_constant_shift_has_a_closed_form() {
    // After t periods of x = 1: 1 - 0.8^t, over 3 sqrt(0.2 / 1.8 (1 - 0.8^2t)).
    let mut detector = ewma(Side::Both, 0.2, 3.0);
    for value in FIRST {
        assert_eq!(detector.judge(0, &seen(value)), Verdict { score: 0.0, alarm: false });
    }
    let mut first = None;
    for t in 1..=40 {
        let verdict = detector.judge(0, &seen(12.0));
        let power = 0.8_f64.powi(t);
        let expected = (1.0 - power) / (3.0 * (1.0 - power * power).sqrt() / 3.0);
        assert!((verdict.score - expected).abs() < 1e-9, "{t}: {} {expected}", verdict.score);
        if verdict.alarm {
            first.get_or_insert(t);
        }
    }
    // (1 - q) / sqrt(1 - q^2) < 1 for every q: one deviation is never found at this width, two are.
    assert_eq!(first, None);
    detector.forget(0);
    for value in FIRST {
        detector.judge(0, &seen(value));
    }
    let found = (1..=40).find(|_| detector.judge(0, &seen(14.0)).alarm);
    // 2 (1 - q) > sqrt(1 - q^2) from q < 3/5 on: 0.8^3 = 0.512.
    assert_eq!(found, Some(3));
}

#[test]
fn with_the_whole_weight_on_the_last_period_the_average_is_a_chart_of_shewhart() {
    let mut detector = ewma(Side::Both, 1.0, 3.0);
    for value in FIRST {
        detector.judge(0, &seen(value));
    }
    for (value, alarm) in [(15.9, false), (16.1, true), (10.0, false), (3.9, true), (4.1, false)] {
        let verdict = detector.judge(0, &seen(value));
        assert_eq!(verdict.alarm, alarm, "{value}");
        assert!((verdict.score - (value - 10.0).abs() / 6.0).abs() < 1e-9);
    }
}

#[test]
fn the_least_deviation_stands_for_values_that_were_all_equal() {
    let mut detector = CusumDetector::new(vec![Watched::new(Feature::DlBler, Side::Above)], 0.0, 4.0, 3);
    let seen = |value: f64| [(Feature::DlBler, value)].into_iter().collect::<Features>();
    for _ in 0..3 {
        detector.judge(0, &seen(0.1));
    }
    // 0.02 above is one deviation, of a limit of four.
    assert!((detector.judge(0, &seen(0.12)).score - 0.25).abs() < 1e-9);
}

#[test]
fn a_feature_is_watched_once() {
    let twice = vec![Watched::new(FEATURE, Side::Above), Watched::new(FEATURE, Side::Below)];
    let detector = CusumDetector { features: twice.clone(), ..CusumDetector::default() };
    let steps = ParameterError::new("").at_index(1).at("features").steps;
    assert_eq!(detector.check().unwrap_err().steps, steps);
    assert!(EwmaDetector { features: twice, ..EwmaDetector::default() }.check().is_err());
    assert_eq!(CusumDetector::default().check(), Ok(()));
    assert_eq!(EwmaDetector::default().check(), Ok(()));
}

proptest! {
    /// Until the first alarm the sum is the greatest of all sums that end now, or 0.
    #[test]
    fn sums_are_the_greatest_over_all_pasts(
        values in prop::collection::vec(-20.0..40.0_f64, 1..60),
        drift in 0.0..2.0_f64,
        limit in 1.0..60.0_f64,
    ) {
        let mut detector = cusum(Side::Both, drift, limit);
        for value in FIRST {
            detector.judge(0, &seen(value));
        }
        let z: Vec<f64> = values.iter().map(|value| (value - 10.0) / 2.0).collect();
        for (index, &value) in values.iter().enumerate() {
            let greatest = |sign: f64| {
                (0..=index).map(|from| z[from..=index].iter().map(|z| sign * z - drift).sum::<f64>()).fold(0.0, f64::max)
            };
            let expected = greatest(1.0).max(greatest(-1.0)) / limit;
            let verdict = detector.judge(0, &seen(value));
            prop_assert!((verdict.score - expected).abs() < 1e-9, "{} {}", verdict.score, expected);
            prop_assert_eq!(verdict.alarm, verdict.score > 1.0);
            if verdict.alarm {
                break;
            }
        }
    }

    /// The average is the sum of all values with weights that fall by the same ratio.
    #[test]
    fn averages_are_sums_with_falling_weights(
        values in prop::collection::vec(-20.0..40.0_f64, 1..60),
        weight in 0.05..1.0_f64,
    ) {
        let mut detector = ewma(Side::Above, weight, 3.0);
        for value in FIRST {
            detector.judge(0, &seen(value));
        }
        let mut verdict = Verdict::default();
        for &value in &values {
            verdict = detector.judge(0, &seen(value));
        }
        let rest = 1.0 - weight;
        let terms = values.iter().rev().zip(0..).map(|(value, age)| weight * rest.powi(age) * (value - 10.0) / 2.0);
        // The variance of the sum of as many independent values with these weights.
        let variance: f64 = (0..values.len() as i32).map(|age| (weight * rest.powi(age)).powi(2)).sum();
        let expected = (terms.sum::<f64>() / (3.0 * variance.sqrt())).max(0.0);
        prop_assert!((verdict.score - expected).abs() < 1e-6 * expected.max(1.0), "{} {}", verdict.score, expected);
    }
}
