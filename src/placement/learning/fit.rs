//! Fitting models to samples: least squares, and maximum likelihood of a logistic model.

use super::models::{FittedModel, ModelKind};
use thiserror::Error;

/// Weight of the squared coefficients of standardised inputs beside the likelihood, so that classes that can be told
/// apart without error, or that have no samples, have finite coefficients.
const PENALTY: f64 = 1.0;
/// The same where it is only to keep the equations solvable if inputs depend on each other.
const TINY: f64 = 1e-9;
/// Steps of Newton's method at most.
const MOST_STEPS: usize = 100;

/// Why no model can be fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FitError {
    /// There is nothing to fit to.
    #[error("there are no samples; run longer, or with more devices")]
    NoSamples,
    /// A sample is not as long as the list of inputs, or there is not one target for each.
    #[error("sample {sample} has another number of values than there are inputs, or no target")]
    Ragged {
        /// Its number from 0.
        sample: usize,
    },
    /// A value is NaN or infinite.
    #[error("sample {sample} has a value that is no finite number; leave it out")]
    NotFinite {
        /// Its number from 0.
        sample: usize,
    },
}

/// The samples with standardised inputs, each with a one before them.
struct Standardised {
    rows: Vec<Vec<f64>>,
    means: Vec<f64>,
    standard_deviations: Vec<f64>,
}

fn standardise(samples: &[Vec<f64>], inputs: usize, targets: &[f64]) -> Result<Standardised, FitError> {
    if samples.is_empty() {
        return Err(FitError::NoSamples);
    }
    for (sample, row) in samples.iter().enumerate() {
        let Some(target) = targets.get(sample).filter(|_| row.len() == inputs) else {
            return Err(FitError::Ragged { sample });
        };
        if !row.iter().chain([target]).all(|value| value.is_finite()) {
            return Err(FitError::NotFinite { sample });
        }
    }
    let count = samples.len() as f64;
    let means: Vec<f64> =
        (0..inputs).map(|input| samples.iter().map(|row| row[input]).sum::<f64>() / count).collect();
    let deviation = |input: usize| {
        let squares = samples.iter().map(|row| (row[input] - means[input]).powi(2)).sum::<f64>();
        // What is constant tells nothing, and is left as it is.
        Some((squares / count).sqrt()).filter(|deviation| *deviation > 0.0).unwrap_or(1.0)
    };
    let standard_deviations: Vec<f64> = (0..inputs).map(deviation).collect();
    let scaled = |row: &Vec<f64>| {
        let inputs = row.iter().zip(&means).zip(&standard_deviations);
        std::iter::once(1.0).chain(inputs.map(|((value, mean), sd)| (value - mean) / sd)).collect()
    };
    let rows = samples.iter().map(scaled).collect();
    Ok(Standardised { rows, means, standard_deviations })
}

/// Solves a x = b for a symmetric and positive definite `a` by its Cholesky factor.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let size = b.len();
    for column in 0..size {
        for row in column..size {
            let known: f64 = (0..column).map(|k| a[row][k] * a[column][k]).sum();
            let rest = a[row][column] - known;
            a[row][column] = if row == column { rest.sqrt() } else { rest / a[column][column] };
        }
    }
    for row in 0..size {
        let known: f64 = (0..row).map(|k| a[row][k] * b[k]).sum();
        b[row] = (b[row] - known) / a[row][row];
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|k| a[k][row] * b[k]).sum();
        b[row] = (b[row] - known) / a[row][row];
    }
    b
}

impl Standardised {
    /// The sums of w x x' and of r x over the samples, with a penalty on all but the intercept.
    fn sums(
        &self,
        penalty: f64,
        weight_and_rest: impl Fn(usize) -> (f64, f64),
    ) -> (Vec<Vec<f64>>, Vec<f64>) {
        let size = self.means.len() + 1;
        let (mut matrix, mut right) = (vec![vec![0.0; size]; size], vec![0.0; size]);
        for (sample, row) in self.rows.iter().enumerate() {
            let (weight, rest) = weight_and_rest(sample);
            for one in 0..size {
                right[one] += rest * row[one];
                for other in 0..=one {
                    matrix[one][other] += weight * row[one] * row[other];
                }
            }
        }
        for (index, row) in matrix.iter_mut().enumerate() {
            row[index] += if index == 0 { TINY } else { penalty };
        }
        (matrix, right)
    }

    fn model(self, inputs: &[&str], kind: ModelKind) -> FittedModel {
        FittedModel {
            inputs: inputs.iter().map(ToString::to_string).collect(),
            means: Some(self.means),
            standard_deviations: Some(self.standard_deviations),
            model: kind,
        }
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

impl FittedModel {
    /// The linear model of least squares: each of `samples` has a value for each input, and a target.
    ///
    /// ```
    /// use stratosim::placement::learning::FittedModel;
    /// let samples = [vec![1.0], vec![2.0], vec![4.0]];
    /// let model = FittedModel::fit_linear(&["x"], &samples, &[3.0, 5.0, 9.0])?;
    /// assert!((model.predict(&[Some(10.0)]) - 21.0).abs() < 1e-6);
    /// # Ok::<(), stratosim::placement::learning::FitError>(())
    /// ```
    ///
    /// # Errors
    /// If there are no samples, or one of them is not as it should be.
    pub fn fit_linear(inputs: &[&str], samples: &[Vec<f64>], targets: &[f64]) -> Result<Self, FitError> {
        let data = standardise(samples, inputs.len(), targets)?;
        let (matrix, right) = data.sums(TINY, |sample| (1.0, targets[sample]));
        let mut coefficients = solve(matrix, right);
        let intercept = coefficients.remove(0);
        Ok(data.model(inputs, ModelKind::Linear { intercept, coefficients }))
    }

    /// The logistic model of greatest likelihood, less half the squares of the coefficients of its standardised
    /// inputs, by Newton's method.
    ///
    /// # Errors
    /// If there are no samples, or one of them is not as it should be.
    pub fn fit_logistic(
        inputs: &[&str],
        samples: &[Vec<f64>],
        successes: &[bool],
    ) -> Result<Self, FitError> {
        let targets: Vec<f64> = successes.iter().map(|&success| f64::from(u8::from(success))).collect();
        let data = standardise(samples, inputs.len(), &targets)?;
        // One more of each than were seen, so that the intercept is finite and the first step is small.
        let seen = targets.iter().sum::<f64>();
        let mut found = vec![0.0; inputs.len() + 1];
        found[0] = ((seen + 1.0) / (targets.len() as f64 - seen + 1.0)).ln();
        for _ in 0..MOST_STEPS {
            let (matrix, mut right) = data.sums(PENALTY, |sample| {
                let chance = 1.0 / (1.0 + (-dot(&found, &data.rows[sample])).exp());
                (chance * (1.0 - chance), targets[sample] - chance)
            });
            right.iter_mut().zip(&found).skip(1).for_each(|(rest, value)| *rest -= PENALTY * value);
            let steps = solve(matrix, right);
            // Far steps are cut, for where all is certain the curvature is nothing.
            found.iter_mut().zip(&steps).for_each(|(value, step)| *value += step.clamp(-1.0, 1.0));
            if steps.iter().all(|step| step.abs() < 1e-10) || found[0].abs() > 30.0 {
                break;
            }
        }
        let intercept = found.remove(0);
        Ok(data.model(inputs, ModelKind::Logistic { intercept, coefficients: found }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_found_again() {
        let plane = |a: f64, b: f64| 1.0 + 2.0 * a - 3e-4 * b;
        let samples: Vec<Vec<f64>> =
            (0..20).map(|i| vec![f64::from(i % 5), f64::from(i * i) * 100.0]).collect();
        let targets: Vec<f64> = samples.iter().map(|row| plane(row[0], row[1])).collect();
        let model = FittedModel::fit_linear(&["a", "b"], &samples, &targets).unwrap();
        assert!((model.predict(&[Some(9.0), Some(-5e3)]) - plane(9.0, -5e3)).abs() < 1e-6);
        // What is constant counts for nothing.
        let constant: Vec<Vec<f64>> = samples.iter().map(|row| vec![row[0], row[1], 7.0]).collect();
        let model = FittedModel::fit_linear(&["a", "b", "c"], &constant, &targets).unwrap();
        assert!((model.predict(&[Some(9.0), Some(-5e3), Some(7.0)]) - plane(9.0, -5e3)).abs() < 1e-6);
    }

    /// With one input of two values, the likelihood is greatest at the shares themselves.
    #[test]
    fn shares_are_found_again() {
        let (mut samples, mut successes) = (Vec::new(), Vec::new());
        for (value, share) in [(0.0, 0.9), (1.0, 0.2)] {
            for number in 0..20_000 {
                samples.push(vec![value]);
                successes.push(f64::from(number) < share * 20_000.0);
            }
        }
        let model = FittedModel::fit_logistic(&["x"], &samples, &successes).unwrap();
        // The penalty is one beside thousands of samples.
        assert!((model.predict(&[Some(0.0)]) - 0.9).abs() < 1e-3);
        assert!((model.predict(&[Some(1.0)]) - 0.2).abs() < 1e-3);
    }

    #[test]
    fn what_is_certain_has_finite_coefficients() {
        let samples: Vec<Vec<f64>> = (0..100).map(|i| vec![f64::from(i)]).collect();
        let apart: Vec<bool> = (0..100).map(|i| i >= 50).collect();
        let model = FittedModel::fit_logistic(&["x"], &samples, &apart).unwrap();
        model.check().unwrap();
        assert!(model.predict(&[Some(0.0)]) < 0.05 && model.predict(&[Some(99.0)]) > 0.95);
        let always = FittedModel::fit_logistic(&["x"], &samples, &[true; 100]).unwrap();
        assert!(always.predict(&[Some(50.0)]) > 0.99);
    }

    #[test]
    fn bad_samples_are_told() {
        let fit = |samples: &[Vec<f64>], targets: &[f64]| {
            FittedModel::fit_linear(&["x"], samples, targets).unwrap_err()
        };
        assert_eq!(fit(&[], &[]), FitError::NoSamples);
        assert_eq!(fit(&[vec![1.0], vec![1.0, 2.0]], &[1.0, 2.0]), FitError::Ragged { sample: 1 });
        assert_eq!(fit(&[vec![1.0], vec![2.0]], &[1.0]), FitError::Ragged { sample: 1 });
        assert_eq!(fit(&[vec![f64::NAN]], &[1.0]), FitError::NotFinite { sample: 0 });
    }
}
