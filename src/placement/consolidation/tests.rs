//! Detections by hand; the whole is held to hand calculations in a world, in the integration tests.

use super::*;
use crate::units::Ratio;

fn load(utilisation: f64, history: &[f64]) -> HostLoad<'_> {
    HostLoad { utilisation, history }
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
    assert!(!LocalRegression { safety: 1.42 }.is_overloaded(&load(0.68, &history)));
    assert!(LocalRegression { safety: 1.44 }.is_overloaded(&load(0.68, &history)));
    // Older steps are not looked at, and the present utilisation is not looked at but in the history.
    let longer: Vec<f64> = [9.0; 5].into_iter().chain(history).collect();
    assert!(!LocalRegression { safety: 1.42 }.is_overloaded(&load(5.0, &longer)));
    // Before there are ten steps, 70 % is the limit.
    assert!(!LocalRegression::default().is_overloaded(&load(0.70, &[0.99; 9])));
    assert!(LocalRegression::default().is_overloaded(&load(0.71, &[0.1; 9])));
}
