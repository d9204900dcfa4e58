//! Order statistics: quartiles, median, median absolute deviation.

/// Mean, summed from the first value to the last; NaN of an empty slice.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The value of rank `fraction * (n + 1)`, rounded half up and counted from 1, of ascending values: the
/// quantile of CloudSim, which does not interpolate. Ranks beyond the ends are the ends; NaN of an empty
/// slice.
///
/// ```
/// use stratosim::statistics::ranked_quantile;
/// let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
/// assert_eq!(ranked_quantile(&sorted, 0.25), 2.0); // rank 1.5, rounded up
/// assert_eq!(ranked_quantile(&sorted, 0.75), 16.0); // rank 4.5, rounded up
/// ```
#[must_use]
pub fn ranked_quantile(sorted: &[f64], fraction: f64) -> f64 {
    let rank = (fraction * (sorted.len() as f64 + 1.0) + 0.5).floor();
    let index = (rank as usize).saturating_sub(1).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

/// The third [ranked](ranked_quantile) quartile less the first. Sorts `values`.
#[must_use]
pub fn interquartile_range(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    ranked_quantile(values, 0.75) - ranked_quantile(values, 0.25)
}

/// The median of ascending values: the middle one, or the mean of the two; NaN of an empty slice.
#[must_use]
pub fn median_of_sorted(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted {
        [] => f64::NAN,
        _ if sorted.len() % 2 == 1 => sorted[middle],
        // The form of common statistics libraries: from the lower value half-way to the upper one.
        _ => sorted[middle - 1] + 0.5 * (sorted[middle] - sorted[middle - 1]),
    }
}

/// The median; NaN of an empty slice. Sorts `values`.
///
/// ```
/// use stratosim::statistics::median;
/// assert_eq!(median(&mut [9.0, 1.0, 2.0]), 2.0);
/// assert_eq!(median(&mut [9.0, 1.0, 2.0, 4.0]), 3.0);
/// ```
#[must_use]
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    median_of_sorted(values)
}

/// The median of the distances from the median, not scaled to a standard deviation; NaN of an empty slice.
/// Overwrites `values` with the distances, sorted.
///
/// ```
/// use stratosim::statistics::median_absolute_deviation;
/// // Median 2; distances 1, 1, 0, 0, 2, 4, 7.
/// let mut values = [1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0];
/// assert_eq!(median_absolute_deviation(&mut values), 1.0);
/// ```
#[must_use]
pub fn median_absolute_deviation(values: &mut [f64]) -> f64 {
    let centre = median(values);
    values.iter_mut().for_each(|value| *value = (centre - *value).abs());
    median(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quartiles_are_ranked_as_cloudsim_ranks_them() {
        // n = 12: ranks 3.25 and 9.75 round to 3 and 10.
        let mut values: Vec<f64> = (1..=12).rev().map(f64::from).collect();
        assert_eq!(interquartile_range(&mut values), 10.0 - 3.0);
        // n = 30: ranks 7.75 and 23.25 round to 8 and 23.
        let mut values: Vec<f64> = (1..=30).map(f64::from).collect();
        assert_eq!(interquartile_range(&mut values), 23.0 - 8.0);
        // n = 1: ranks 0.5 and 1.5 round to 1 and 2, the latter beyond the end.
        assert_eq!(interquartile_range(&mut [5.0]), 0.0);
    }

    #[test]
    fn nothing_has_no_order_statistics() {
        assert!(mean(&[]).is_nan());
        assert!(median(&mut []).is_nan());
        assert!(interquartile_range(&mut []).is_nan());
        assert!(median_absolute_deviation(&mut []).is_nan());
    }

    proptest! {
        /// The median minimises the sum of distances; as many values lie below as above.
        #[test]
        fn half_of_the_values_lie_on_either_side(
            mut values in prop::collection::vec(-1e3..1e3f64, 1..40),
        ) {
            let centre = median(&mut values);
            let below = values.iter().filter(|value| **value < centre).count();
            let above = values.iter().filter(|value| **value > centre).count();
            prop_assert!(below <= values.len() / 2 && above <= values.len() / 2);
        }

        /// Shifts leave the measures of spread as they are, and factors scale them.
        #[test]
        fn spreads_shift_and_scale(
            values in prop::collection::vec(-100i32..100, 2..40),
            shift in -100i32..100,
            factor in 1i32..8,
        ) {
            let of = |shift: i32, factor: i32| -> Vec<f64> {
                values.iter().map(|value| f64::from(factor * value + shift)).collect()
            };
            let factor_f = f64::from(factor);
            prop_assert_eq!(
                interquartile_range(&mut of(shift, factor)),
                factor_f * interquartile_range(&mut of(0, 1))
            );
            prop_assert_eq!(
                median_absolute_deviation(&mut of(shift, factor)),
                factor_f * median_absolute_deviation(&mut of(0, 1))
            );
        }
    }
}
