//! Detections by hand; the whole is held to hand calculations in a world, in the integration tests.

use super::*;
use crate::units::Ratio;

fn load(utilisation: f64, history: &[f64]) -> HostLoad<'_> {
    HostLoad { utilisation, history, future: &[] }
}

#[test]
fn a_threshold_is_passed_by_more_than_it() {
    let mut threshold = Threshold { utilisation: Ratio::from_fraction(0.75) };
    assert!(!threshold.is_overloaded(&load(0.75, &[])));
    assert!(threshold.is_overloaded(&load(0.7501, &[])));
}

/// A line through 0.50, 0.52 ... 0.68 reaches 0.70 at the next step: 1.42 times that is 0.994, 1.44 times 1.008.
#[test]
fn a_regression_sees_the_next_step_of_a_line() {
    let history: Vec<f64> = (0..10).map(|step| 0.5 + 0.02 * f64::from(step)).collect();
    assert!(!LinearRegression { safety: 1.42 }.is_overloaded(&load(0.68, &history)));
    assert!(LinearRegression { safety: 1.44 }.is_overloaded(&load(0.68, &history)));
    // Older steps are not looked at, and the present utilisation is not looked at but in the history.
    let longer: Vec<f64> = [9.0; 5].into_iter().chain(history).collect();
    assert!(!LinearRegression { safety: 1.42 }.is_overloaded(&load(5.0, &longer)));
    // Before there are ten steps, 70 % is the limit.
    assert!(!LinearRegression::default().is_overloaded(&load(0.70, &[0.99; 9])));
    assert!(LinearRegression::default().is_overloaded(&load(0.71, &[0.1; 9])));
}

/// Thirty steps of 0.2 and 0.6 in turn have an interquartile range of 0.4 and a median absolute deviation of 0.2.
#[test]
fn spreads_leave_a_margin() {
    let history: Vec<f64> = (0..30).map(|step| if step % 2 == 0 { 0.2 } else { 0.6 }).collect();
    let mut range = InterquartileRange { safety: 1.5 };
    assert!(!range.is_overloaded(&load(0.39, &history)));
    assert!(range.is_overloaded(&load(0.41, &history)));
    let mut deviation = MedianAbsoluteDeviation { safety: 2.5 };
    assert!(!deviation.is_overloaded(&load(0.49, &history)));
    assert!(deviation.is_overloaded(&load(0.51, &history)));
    // Of twelve steps, a spread is taken; of eleven, it is not.
    assert!(range.is_overloaded(&load(0.5, &history[..12])));
    assert!(!range.is_overloaded(&load(0.5, &history[..11])));
}

/// Level at 0.2 but for the newest three steps, which rise: Loess follows these more than a plain line does.
#[test]
fn local_regressions_follow_the_newest_steps() {
    let mut history = vec![0.2; 7];
    history.extend([0.4, 0.6, 0.8]);
    let (plain, local) = (LinearRegression { safety: 1.3 }, LocalRegression { safety: 1.3 });
    let overloaded =
        |mut detection: Box<dyn OverloadDetection>| detection.is_overloaded(&load(0.8, &history));
    assert!(!overloaded(Box::new(plain)));
    assert!(overloaded(Box::new(local)));
    // A single outlier among level steps lifts the plain line to 0.59 + 5.5 * 2.25 / 82.5 = 0.74, and the robust one
    // not at all.
    let mut outlier = vec![0.5; 10];
    outlier[7] = 1.4;
    let mut plain = LinearRegression { safety: 1.4 };
    let mut robust = RobustLocalRegression { safety: 1.4 };
    assert!(plain.is_overloaded(&load(0.5, &outlier)));
    assert!(!robust.is_overloaded(&load(0.5, &outlier)));
}
