//! Locally weighted regression: Loess, and its robust form (Cleveland, *Robust Locally Weighted Regression
//! and Smoothing Scatterplots*, Journal of the American Statistical Association 74, 1979).

use super::Line;
use super::order::median;

/// `(1 - u^3)^3` for a distance `u` in 0..1, else 0.
fn tricube(distance: f64) -> f64 {
    if distance < 1.0 { (1.0 - distance.powi(3)).powi(3) } else { 0.0 }
}

/// `(1 - u^2)^2` for `|u|` below 1, else 0.
fn bisquare(distance: f64) -> f64 {
    if distance.abs() < 1.0 { (1.0 - distance * distance).powi(2) } else { 0.0 }
}

/// Share of the greatest value below which a residual is a matter of rounding.
const ROUNDING: f64 = 1e-12;

/// Bisquare weights of residuals of `values` in units of six times their median size; `None` if at least
/// half of them are 0 up to rounding, when nothing is left to be repaired.
fn robustness(residuals: &[f64], values: &[f64]) -> Option<Vec<f64>> {
    let mut sizes: Vec<f64> = residuals.iter().map(|residual| residual.abs()).collect();
    let unit = 6.0 * median(&mut sizes);
    let greatest = values.iter().fold(0.0f64, |greatest, value| greatest.max(value.abs()));
    (unit > ROUNDING * greatest)
        .then(|| residuals.iter().map(|residual| bisquare(residual / unit)).collect())
}

/// The local line at `at`: least squares with tricube weights that fall to 0 at the distance of the
/// `neighbours`-th nearest point, times `weights`.
fn local(x: &[f64], y: &[f64], weights: Option<&[f64]>, neighbours: usize, at: f64) -> f64 {
    let mut distances: Vec<f64> = x.iter().map(|x| (x - at).abs()).collect();
    distances.sort_unstable_by(f64::total_cmp);
    let last = neighbours.clamp(1, distances.len()) - 1;
    let width = distances[last];
    let near = |x: f64| {
        let distance = (x - at).abs();
        // If all neighbours are equally far, they count alike and nothing else does.
        if distances[0] < width {
            tricube(distance / width)
        } else {
            f64::from(u8::from(distance <= width))
        }
    };
    let points = x
        .iter()
        .zip(y)
        .enumerate()
        .map(|(index, (&x, &y))| (x, y, near(x) * weights.map_or(1.0, |weights| weights[index])));
    Line::weighted(points).at(at)
}

/// The smooth curve through the points (`x`, `y`) at the place `at`: a local line over the `neighbours`
/// nearest points, weighted by the tricube of their distance. NaN if there are no points.
///
/// O(n log n) in time and O(n) in memory.
///
/// ```
/// use stratosim::statistics::loess;
/// // A straight line is its own smooth curve.
/// let smooth = loess(&[0.0, 1.0, 2.0, 4.0], &[1.0, 3.0, 5.0, 9.0], 4, 3.0);
/// assert!((smooth - 7.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn loess(x: &[f64], y: &[f64], neighbours: usize, at: f64) -> f64 {
    if x.is_empty() { f64::NAN } else { local(x, y, None, neighbours, at) }
}

/// As [`loess`], but points that lie far off the curve lose their weight: `iterations` times the curve is
/// taken at all points, and each is weighted by the bisquare of its residual in units of six times the
/// median residual.
///
/// O(iterations * n^2 log n) in time and O(n) in memory.
#[must_use]
pub fn robust_loess(x: &[f64], y: &[f64], neighbours: usize, iterations: usize, at: f64) -> f64 {
    if x.is_empty() {
        return f64::NAN;
    }
    let mut weights: Option<Vec<f64>> = None;
    for _ in 0..iterations {
        let curve = x.iter().map(|&place| local(x, y, weights.as_deref(), neighbours, place));
        let residuals: Vec<f64> = y.iter().zip(curve).map(|(y, fitted)| y - fitted).collect();
        match robustness(&residuals, y) {
            Some(found) => weights = Some(found),
            None => break,
        }
    }
    local(x, y, weights.as_deref(), neighbours, at)
}

/// Tricube weights of points 1, 2, .., `count` for the last of them.
fn newest_weights(count: usize) -> impl Iterator<Item = f64> + Clone {
    let span = count.saturating_sub(1).max(1) as f64;
    (0..count).map(move |index| tricube((count - 1 - index) as f64 / span))
}

/// The local line at the last of the points (1, `values[0]`), (2, `values[1]`), ...: least squares with
/// tricube weights that fall from 1 at the newest value to 0 at the oldest. Its continuation is the
/// prediction of the policy LR of Beloglazov and Buyya (*Optimal online deterministic algorithms and adaptive
/// heuristics*, Concurrency and Computation 24, 2012).
///
/// ```
/// use stratosim::statistics::loess_line;
/// // The oldest value has no weight.
/// assert!((loess_line(&[100.0, 1.0, 2.0, 3.0]).at(5.0) - 4.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn loess_line(values: &[f64]) -> Line {
    weighted_line(values, newest_weights(values.len()))
}

/// As [`loess_line`], with `iterations` reweightings by the bisquare of the residuals (the policy LRR of the
/// same article).
#[must_use]
pub fn robust_loess_line(values: &[f64], iterations: usize) -> Line {
    let near = newest_weights(values.len());
    let mut line = loess_line(values);
    for _ in 0..iterations {
        let residuals: Vec<f64> = values
            .iter()
            .enumerate()
            .map(|(index, value)| value - line.at(index as f64 + 1.0))
            .collect();
        let Some(weights) = robustness(&residuals, values) else { break };
        let both: Vec<f64> = near.clone().zip(weights).map(|(near, weight)| near * weight).collect();
        if both.iter().filter(|weight| **weight > 0.0).count() < 2 {
            break;
        }
        line = weighted_line(values, both.into_iter());
    }
    line
}

fn weighted_line(values: &[f64], weights: impl Iterator<Item = f64> + Clone) -> Line {
    let points = values.iter().zip(weights).enumerate();
    Line::weighted(points.map(|(index, (&value, weight))| (index as f64 + 1.0, value, weight)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The worked example of the NIST/SEMATECH e-Handbook, 1.3.3 and 4.1.4.4: 21 points, 7 neighbours.
    #[test]
    fn the_handbook_example_is_met() {
        let x = [
            0.5578196, 2.0217271, 2.5773252, 3.4140288, 4.3014084, 4.7448394, 5.1073781, 6.5411662,
            6.7216176, 7.2600583, 8.1335874, 9.1224379, 11.9296663, 12.3797674, 13.2728619, 14.2767453,
            15.3731026, 15.6476637, 18.5605355, 18.5866354, 18.7572812,
        ];
        let y = [
            18.63654, 103.49646, 150.35391, 190.51031, 208.70115, 213.71135, 228.49353, 233.55387,
            234.55054, 223.89225, 227.68339, 223.91982, 168.01999, 164.95750, 152.61107, 160.78742,
            168.55567, 152.42658, 221.70702, 222.69040, 243.18828,
        ];
        let fitted = [
            20.59302, 107.1603, 139.7674, 174.2630, 207.2334, 216.6616, 220.5445, 229.8607, 229.8347,
            229.4301, 226.6045, 220.3904, 172.3480, 163.8417, 161.8490, 160.3351, 160.1920, 161.0556,
            227.3400, 227.8985, 231.5586,
        ];
        for (&at, expected) in x.iter().zip(fitted) {
            let found = loess(&x, &y, 7, at);
            assert!((found - expected).abs() < 6e-5, "{found} for {expected} at {at}");
        }
    }

    #[test]
    fn an_outlier_bends_the_curve_but_not_the_robust_one() {
        let x: Vec<f64> = (0..20).map(f64::from).collect();
        let noise = [0.1, -0.1, 0.05, -0.05];
        let mut y: Vec<f64> = x.iter().zip(noise.iter().cycle()).map(|(x, e)| 2.0 * x + e).collect();
        y[10] += 30.0;
        assert!((loess(&x, &y, 9, 10.0) - 20.0).abs() > 3.0);
        assert!((robust_loess(&x, &y, 9, 3, 10.0) - 20.0).abs() < 0.2);
        // Without reweighting they are the same.
        assert_eq!(robust_loess(&x, &y, 9, 0, 10.0), loess(&x, &y, 9, 10.0));
        // Of the newest ten points, one in the middle lies off: the line would be at 42 two points ahead.
        y[17] += 30.0;
        assert!((loess_line(&y[10..]).at(12.0) - 42.0).abs() > 3.0);
        assert!((robust_loess_line(&y[10..], 5).at(12.0) - 42.0).abs() < 1.0);
    }

    #[test]
    fn few_points_are_no_trouble() {
        assert!(loess(&[], &[], 3, 0.0).is_nan());
        assert!(robust_loess(&[], &[], 3, 2, 0.0).is_nan());
        assert_eq!(loess(&[1.0], &[5.0], 3, 2.0), 5.0);
        assert_eq!(loess(&[1.0, 3.0], &[5.0, 9.0], 2, 2.0), 7.0);
        assert_eq!(loess(&[1.0, 4.0], &[5.0, 9.0], 0, 2.0), 5.0);
        assert_eq!(loess(&[1.0, 1.0, 2.0], &[5.0, 7.0, 100.0], 2, 1.0), 6.0);
        assert_eq!(loess_line(&[5.0]).at(3.0), 5.0);
        assert_eq!(robust_loess_line(&[5.0, 5.0, 5.0], 2).at(9.0), 5.0);
    }

    proptest! {
        /// Loess reproduces straight lines, wherever it is asked and however many neighbours it takes.
        #[test]
        fn lines_are_reproduced(
            intercept in -5.0..5.0f64,
            slope in -5.0..5.0f64,
            neighbours in 3usize..12,
            at in 0.0..11.0f64,
        ) {
            let x: Vec<f64> = (0..12).map(f64::from).collect();
            let y: Vec<f64> = x.iter().map(|x| intercept + slope * x).collect();
            let expected = intercept + slope * at;
            prop_assert!((loess(&x, &y, neighbours, at) - expected).abs() < 1e-8);
            prop_assert!((robust_loess(&x, &y, neighbours, 2, at) - expected).abs() < 1e-8);
            let ahead = intercept + slope * 13.0;
            prop_assert!((loess_line(&y).at(14.0) - ahead).abs() < 1e-8);
            prop_assert!((robust_loess_line(&y, 2).at(14.0) - ahead).abs() < 1e-8);
        }
    }
}
