//! A straight line through points.

/// `intercept + slope * x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Value at 0.
    pub intercept: f64,
    /// Rise per unit of `x`.
    pub slope: f64,
}

impl Line {
    /// The least-squares line through (1, `values[0]`), (2, `values[1]`), ...; through one point a level
    /// one, and NaN through none.
    ///
    /// Means and sums of products are updated point by point, without cancellation of large sums
    /// (Welford's way, that of Commons Math's `SimpleRegression`).
    ///
    /// ```
    /// use stratosim::statistics::Line;
    /// let line = Line::through(&[3.0, 5.0, 7.0]);
    /// assert_eq!((line.intercept, line.slope), (1.0, 2.0));
    /// assert_eq!(line.at(10.0), 21.0);
    /// ```
    #[must_use]
    pub fn through(values: &[f64]) -> Self {
        let (mut mean_x, mut mean_y) = (0.0, 0.0);
        let (mut sum_x, mut sum_y) = (0.0, 0.0);
        let (mut sum_xx, mut sum_xy) = (0.0, 0.0);
        for (index, &y) in values.iter().enumerate() {
            let (before, x) = (index as f64, (index + 1) as f64);
            if index == 0 {
                (mean_x, mean_y) = (x, y);
            } else {
                let shrink = before / (1.0 + before);
                let (apart_x, apart_y) = (x - mean_x, y - mean_y);
                sum_xx += apart_x * apart_x * shrink;
                sum_xy += apart_x * apart_y * shrink;
                mean_x += apart_x / (1.0 + before);
                mean_y += apart_y / (1.0 + before);
            }
            sum_x += x;
            sum_y += y;
        }
        let slope = if values.len() == 1 { 0.0 } else { sum_xy / sum_xx };
        Line { intercept: (sum_y - slope * sum_x) / values.len() as f64, slope }
    }

    /// The weighted least-squares line through the points (`x`, `y`, weight).
    ///
    /// With all weight on one `x` it is level; NaN without any weight.
    #[must_use]
    pub fn weighted(points: impl Iterator<Item = (f64, f64, f64)> + Clone) -> Self {
        let (mut whole, mut mean_x, mut mean_y) = (0.0, 0.0, 0.0);
        for (x, y, weight) in points.clone() {
            whole += weight;
            mean_x += weight * x;
            mean_y += weight * y;
        }
        mean_x /= whole;
        mean_y /= whole;
        let (mut sum_xx, mut sum_xy) = (0.0, 0.0);
        for (x, y, weight) in points {
            sum_xx += weight * (x - mean_x) * (x - mean_x);
            sum_xy += weight * (x - mean_x) * (y - mean_y);
        }
        let slope = if sum_xx > 0.0 { sum_xy / sum_xx } else { 0.0 };
        Line { intercept: mean_y - slope * mean_x, slope }
    }

    /// The value at `x`.
    #[must_use]
    pub fn at(&self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_point_gives_a_level_line() {
        assert_eq!(Line::through(&[4.0]), Line { intercept: 4.0, slope: 0.0 });
        assert!(Line::through(&[]).intercept.is_nan());
        let heavy = [(3.0, 7.0, 2.0), (5.0, 100.0, 0.0)];
        assert_eq!(Line::weighted(heavy.into_iter()), Line { intercept: 7.0, slope: 0.0 });
    }

    proptest! {
        /// The normal equations: residuals add to nothing, and so do their products with x.
        #[test]
        fn residuals_are_orthogonal(values in prop::collection::vec(-1.0..1.0f64, 2..40)) {
            let line = Line::through(&values);
            let residuals = values.iter().enumerate().map(|(index, y)| (index as f64 + 1.0, y - line.at(index as f64 + 1.0)));
            let (mut sum, mut product) = (0.0, 0.0);
            for (x, residual) in residuals {
                sum += residual;
                product += x * residual;
            }
            prop_assert!(sum.abs() < 1e-10 && product.abs() < 1e-9, "{} {}", sum, product);
        }

        #[test]
        fn equal_weights_change_nothing(
            values in prop::collection::vec(-1.0..1.0f64, 2..40),
            weight in 0.1..10.0f64,
        ) {
            let plain = Line::through(&values);
            let points = values.iter().enumerate().map(|(index, y)| (index as f64 + 1.0, *y, weight));
            let weighted = Line::weighted(points);
            prop_assert!((plain.slope - weighted.slope).abs() < 1e-10);
            prop_assert!((plain.intercept - weighted.intercept).abs() < 1e-9);
        }
    }
}
