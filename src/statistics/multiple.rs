//! Multiple linear regression by Householder reflections.

use thiserror::Error;

/// Why a regression cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegressionError {
    /// There are fewer samples than coefficients.
    #[error("{samples} samples cannot determine {coefficients} coefficients; give at least as many")]
    TooFewSamples {
        /// Samples given.
        samples: usize,
        /// Coefficients wanted, the intercept among them.
        coefficients: usize,
    },
    /// A regressor is exactly a combination of others.
    #[error("regressor {regressor} is a combination of those before it; leave it out")]
    Singular {
        /// Its number; 0 is the intercept.
        regressor: usize,
    },
}

/// Ordinary least squares with an intercept, and memory for it that is kept between calls.
///
/// The matrix is brought to triangular form by Householder reflections (Golub and Van Loan, *Matrix
/// Computations*, 5.2), in the order of operations of Commons Math's `OLSMultipleLinearRegression`: choices
/// between nearly equal coefficients of determination then fall as they do there.
#[derive(Clone, Debug, Default)]
pub struct MultipleRegression {
    /// The matrix column by column, the first of ones; reflected in place.
    columns: Vec<f64>,
    diagonal: Vec<f64>,
    right: Vec<f64>,
    coefficients: Vec<f64>,
}

impl MultipleRegression {
    /// The coefficient of determination, 1 - RSS / TSS, of the regression of `y` on an intercept and
    /// `regressors`, each as long as `y`. NaN or -infinity if `y` is constant, 0 / 0 or more.
    ///
    /// ```
    /// use stratosim::statistics::MultipleRegression;
    /// let (y, x) = ([1.0, 3.0, 2.0], [1.0, 2.0, 3.0]);
    /// // Correlation 1/2.
    /// let r2 = MultipleRegression::default().r_squared(&y, [&x[..]].into_iter())?;
    /// assert!((r2 - 0.25).abs() < 1e-12);
    /// # Ok::<(), stratosim::statistics::RegressionError>(())
    /// ```
    ///
    /// # Errors
    /// If the samples are too few, or the regressors exactly dependent.
    pub fn r_squared<'a>(
        &mut self,
        y: &[f64],
        regressors: impl Iterator<Item = &'a [f64]> + Clone,
    ) -> Result<f64, RegressionError> {
        self.fit(y, regressors.clone())?;
        let mut squares = 0.0;
        for (row, &value) in y.iter().enumerate() {
            let ones: &[f64] = &[];
            let mut fitted = 0.0;
            for (column, coefficient) in
                std::iter::once(ones).chain(regressors.clone()).zip(&self.coefficients)
            {
                fitted += column.get(row).copied().unwrap_or(1.0) * coefficient;
            }
            let residual = value - fitted;
            squares += residual * residual;
        }
        Ok(1.0 - squares / squared_deviations(y))
    }

    /// The coefficients of the last regression, that of the intercept first.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Finds the [coefficients](Self::coefficients) of the regression of `y` on an intercept and
    /// `regressors`, each as long as `y`. O(samples * regressors^2).
    ///
    /// # Errors
    /// If the samples are too few, or the regressors exactly dependent.
    pub fn fit<'a>(
        &mut self,
        y: &[f64],
        regressors: impl Iterator<Item = &'a [f64]>,
    ) -> Result<(), RegressionError> {
        let rows = y.len();
        self.columns.clear();
        self.columns.resize(rows, 1.0);
        for regressor in regressors {
            debug_assert_eq!(regressor.len(), rows, "a regressor is as long as y");
            self.columns.extend_from_slice(regressor);
        }
        let count = self.columns.len().checked_div(rows).unwrap_or(1);
        if count > rows {
            return Err(RegressionError::TooFewSamples { samples: rows, coefficients: count });
        }
        self.reflect(rows, count);
        if let Some(regressor) = self.diagonal.iter().position(|entry| *entry == 0.0) {
            return Err(RegressionError::Singular { regressor });
        }
        self.solve(y, rows, count);
        Ok(())
    }

    /// Turns the columns into the vectors of the reflections below and the triangle above the diagonal.
    fn reflect(&mut self, rows: usize, count: usize) {
        self.diagonal.clear();
        for minor in 0..count {
            let (done, rest) = self.columns.split_at_mut((minor + 1) * rows);
            let own = &mut done[minor * rows..];
            let mut norm_squared = 0.0;
            for value in &own[minor..] {
                norm_squared += value * value;
            }
            let entry = if own[minor] > 0.0 { -norm_squared.sqrt() } else { norm_squared.sqrt() };
            self.diagonal.push(entry);
            if entry == 0.0 {
                continue;
            }
            own[minor] -= entry;
            let scale = entry * own[minor];
            for column in rest.chunks_exact_mut(rows) {
                let mut product = 0.0;
                for (value, direction) in column[minor..].iter().zip(&own[minor..]) {
                    product -= value * direction;
                }
                product /= scale;
                for (value, direction) in column[minor..].iter_mut().zip(&own[minor..]) {
                    *value -= product * direction;
                }
            }
        }
    }

    fn solve(&mut self, y: &[f64], rows: usize, count: usize) {
        self.right.clear();
        self.right.extend_from_slice(y);
        for minor in 0..count {
            let direction = &self.columns[minor * rows + minor..(minor + 1) * rows];
            let mut product = 0.0;
            for (value, along) in self.right[minor..].iter().zip(direction) {
                product += value * along;
            }
            product /= self.diagonal[minor] * direction[0];
            for (value, along) in self.right[minor..].iter_mut().zip(direction) {
                *value += product * along;
            }
        }
        self.coefficients.clear();
        self.coefficients.resize(count, 0.0);
        for row in (0..count).rev() {
            let coefficient = self.right[row] / self.diagonal[row];
            self.coefficients[row] = coefficient;
            let column = &self.columns[row * rows..row * rows + row];
            for (value, entry) in self.right.iter_mut().zip(column) {
                *value -= coefficient * entry;
            }
        }
    }
}

/// The sum of squared distances from the mean, updated value by value.
fn squared_deviations(values: &[f64]) -> f64 {
    let (mut mean, mut squares) = (0.0, 0.0);
    for (index, value) in values.iter().enumerate() {
        let count = index as f64 + 1.0;
        let apart = value - mean;
        mean += apart / count;
        squares += (count - 1.0) * apart * (apart / count);
    }
    squares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Line;
    use proptest::prelude::*;

    #[test]
    fn exact_planes_are_found() {
        // y = 1 + 2 a - 3 b
        let (a, b) = ([0.0, 1.0, 0.0, 2.0, 5.0], [0.0, 0.0, 1.0, 1.0, 3.0]);
        let y: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 1.0 + 2.0 * a - 3.0 * b).collect();
        let mut regression = MultipleRegression::default();
        let r2 = regression.r_squared(&y, [&a[..], &b[..]].into_iter()).unwrap();
        assert!((r2 - 1.0).abs() < 1e-12, "{r2}");
        for (found, expected) in regression.coefficients().iter().zip([1.0, 2.0, -3.0]) {
            assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
        }
    }

    /// Longley's data (Journal of the American Statistical Association 62, 1967), NIST's hard case: the
    /// certified R^2 is 0.995479004577296, the intercept -3482258.63459582.
    #[test]
    fn longley_is_certified() {
        let y = [
            60323.0, 61122.0, 60171.0, 61187.0, 63221.0, 63639.0, 64989.0, 63761.0, 66019.0, 67857.0,
            68169.0, 66513.0, 68655.0, 69564.0, 69331.0, 70551.0,
        ];
        let x: [[f64; 16]; 6] = [
            [
                83.0, 88.5, 88.2, 89.5, 96.2, 98.1, 99.0, 100.0, 101.2, 104.6, 108.4, 110.8, 112.6,
                114.2, 115.7, 116.9,
            ],
            [
                234289.0, 259426.0, 258054.0, 284599.0, 328975.0, 346999.0, 365385.0, 363112.0,
                397469.0, 419180.0, 442769.0, 444546.0, 482704.0, 502601.0, 518173.0, 554894.0,
            ],
            [
                2356.0, 2325.0, 3682.0, 3351.0, 2099.0, 1932.0, 1870.0, 3578.0, 2904.0, 2822.0, 2936.0,
                4681.0, 3813.0, 3931.0, 4806.0, 4007.0,
            ],
            [
                1590.0, 1456.0, 1616.0, 1650.0, 3099.0, 3594.0, 3547.0, 3350.0, 3048.0, 2857.0, 2798.0,
                2637.0, 2552.0, 2514.0, 2572.0, 2827.0,
            ],
            [
                107608.0, 108632.0, 109773.0, 110929.0, 112075.0, 113270.0, 115094.0, 116219.0,
                117388.0, 118734.0, 120445.0, 121950.0, 123366.0, 125368.0, 127852.0, 130081.0,
            ],
            [
                1947.0, 1948.0, 1949.0, 1950.0, 1951.0, 1952.0, 1953.0, 1954.0, 1955.0, 1956.0, 1957.0,
                1958.0, 1959.0, 1960.0, 1961.0, 1962.0,
            ],
        ];
        let mut regression = MultipleRegression::default();
        let r2 = regression.r_squared(&y, x.iter().map(|column| &column[..])).unwrap();
        assert!((r2 - 0.995479004577296).abs() < 1e-9, "{r2}");
        let intercept = regression.coefficients()[0];
        assert!((intercept / -3482258.63459582 - 1.0).abs() < 1e-7, "{intercept}");
    }

    #[test]
    fn what_cannot_be_determined_is_refused() {
        let mut regression = MultipleRegression::default();
        let short = regression.fit(&[1.0], [&[2.0][..]].into_iter());
        assert_eq!(short, Err(RegressionError::TooFewSamples { samples: 1, coefficients: 2 }));
        let none = regression.fit(&[], std::iter::empty());
        assert_eq!(none, Err(RegressionError::TooFewSamples { samples: 0, coefficients: 1 }));
        // A regressor of zeros stays exactly zero under reflections.
        let zero = regression.fit(&[1.0, 2.0, 4.0], [&[0.0; 3][..]].into_iter());
        assert_eq!(zero, Err(RegressionError::Singular { regressor: 1 }));
    }

    #[test]
    fn a_constant_has_no_correlation() {
        let x = [1.0, 2.0, 4.0];
        let r2 = MultipleRegression::default().r_squared(&[0.0; 3], [&x[..]].into_iter()).unwrap();
        assert!(r2.is_nan(), "{r2}");
    }

    proptest! {
        /// With one regressor it is the simple line.
        #[test]
        fn one_regressor_is_a_line(values in prop::collection::vec(-1.0..1.0f64, 3..30)) {
            let x: Vec<f64> = (1..=values.len()).map(|x| x as f64).collect();
            let mut regression = MultipleRegression::default();
            prop_assert!(regression.fit(&values, [&x[..]].into_iter()).is_ok());
            let line = Line::through(&values);
            prop_assert!((regression.coefficients()[0] - line.intercept).abs() < 1e-9);
            prop_assert!((regression.coefficients()[1] - line.slope).abs() < 1e-9);
        }
    }
}
