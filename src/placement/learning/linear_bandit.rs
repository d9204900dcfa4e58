//! Contextual bandits with linear rewards: LinUCB.

/// One arm: the inverse of A = λI + Σ x xᵀ, and b = Σ r x, from which θ = A⁻¹ b.
#[derive(Clone, Debug)]
struct Arm {
    /// By rows.
    inverse: Vec<f64>,
    response: Vec<f64>,
    coefficients: Vec<f64>,
}

/// LinUCB with disjoint linear models (Li, Chu, Langford and Schapire, WWW 2010, algorithm 1): of the
/// arms the one with the greatest θᵀx + α sqrt(xᵀA⁻¹x), where x is what is seen of the arm and θ the
/// ridge regression of its rewards so far. The inverse is kept by the formula of Sherman and Morrison,
/// O(d²) a reward and no system to be solved.
///
/// ```
/// use stratosim::placement::learning::LinearBandit;
/// let mut bandit = LinearBandit::new(2, 1.0, 1.0);
/// // Arm 0 pays what the second feature says, arm 1 a half.
/// for step in 0..200 {
///     let x = [1.0, f64::from(step % 10) / 10.0];
///     bandit.learn(0, &x, x[1]);
///     bandit.learn(1, &x, 0.5);
/// }
/// assert_eq!(bandit.choose([(0, &[1.0, 0.9][..]), (1, &[1.0, 0.9][..])]), Some(0));
/// assert_eq!(bandit.choose([(0, &[1.0, 0.1][..]), (1, &[1.0, 0.1][..])]), Some(1));
/// ```
#[derive(Clone, Debug)]
pub struct LinearBandit {
    features: usize,
    exploration: f64,
    ridge: f64,
    arms: Vec<Arm>,
}

impl LinearBandit {
    /// A bandit that knows nothing: `features` is d, `exploration` α (at least 0), `ridge` λ (above 0).
    #[must_use]
    pub fn new(features: usize, exploration: f64, ridge: f64) -> Self {
        LinearBandit { features, exploration, ridge, arms: Vec::new() }
    }

    fn new_arm(&self) -> Arm {
        let mut inverse = vec![0.0; self.features * self.features];
        for diagonal in 0..self.features {
            inverse[diagonal * self.features + diagonal] = 1.0 / self.ridge;
        }
        Arm { inverse, response: vec![0.0; self.features], coefficients: vec![0.0; self.features] }
    }

    /// The arm with the greatest upper bound of those that are to be had, each with what is seen of it;
    /// the first among equals, `None` if there is none. O(d²) an arm.
    pub fn choose<'x>(&self, available: impl IntoIterator<Item = (usize, &'x [f64])>) -> Option<usize> {
        let mut best: Option<(f64, usize)> = None;
        for (arm, seen) in available {
            let bound = self.upper_bound(arm, seen);
            if best.is_none_or(|(most, _)| bound > most) {
                best = Some((bound, arm));
            }
        }
        best.map(|(_, arm)| arm)
    }

    /// The reward that is expected of an arm: θᵀx.
    #[must_use]
    pub fn expected(&self, arm: usize, seen: &[f64]) -> f64 {
        self.arms.get(arm).map_or(0.0, |arm| dot(&arm.coefficients, seen))
    }

    /// The upper bound of an arm's reward.
    #[must_use]
    pub fn upper_bound(&self, arm: usize, seen: &[f64]) -> f64 {
        let variance = match self.arms.get(arm) {
            Some(state) => dot(&product(&state.inverse, seen), seen),
            None => dot(seen, seen) / self.ridge,
        };
        self.expected(arm, seen) + self.exploration * variance.max(0.0).sqrt()
    }

    /// The reward of an arm that was chosen when this was seen of it.
    pub fn learn(&mut self, arm: usize, seen: &[f64], reward: f64) {
        while self.arms.len() <= arm {
            let new = self.new_arm();
            self.arms.push(new);
        }
        let state = &mut self.arms[arm];
        // Sherman and Morrison: (A + x xᵀ)⁻¹ = A⁻¹ - (A⁻¹x)(A⁻¹x)ᵀ / (1 + xᵀA⁻¹x).
        let direction = product(&state.inverse, seen);
        let divisor = 1.0 + dot(&direction, seen);
        for (row, &left) in state.inverse.chunks_exact_mut(self.features).zip(&direction) {
            for (entry, &right) in row.iter_mut().zip(&direction) {
                *entry -= left * right / divisor;
            }
        }
        for (entry, &x) in state.response.iter_mut().zip(seen) {
            *entry += reward * x;
        }
        state.coefficients = product(&state.inverse, &state.response);
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// A square matrix, by rows, times a vector.
fn product(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix.chunks_exact(vector.len().max(1)).map(|row| dot(row, vector)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{RandomStreams, Stream};
    use proptest::prelude::*;
    use rand::RngExt;

    /// λ = 1, x = (1, 2), r = 3: A = [[2, 2], [2, 5]], A⁻¹ = [[5, -2], [-2, 2]] / 6, θ = A⁻¹ (3, 6) =
    /// (0.5, 1). At x = (1, 0): 0.5 + α sqrt(5/6).
    #[test]
    fn one_reward_is_learnt_as_calculated_by_hand() {
        let mut bandit = LinearBandit::new(2, 1.5, 1.0);
        bandit.learn(0, &[1.0, 2.0], 3.0);
        assert!((bandit.expected(0, &[1.0, 0.0]) - 0.5).abs() < 1e-12);
        assert!((bandit.expected(0, &[0.0, 1.0]) - 1.0).abs() < 1e-12);
        let bound = 0.5 + 1.5 * (5.0_f64 / 6.0).sqrt();
        assert!((bandit.upper_bound(0, &[1.0, 0.0]) - bound).abs() < 1e-12);
        // Of an arm that was never chosen nothing is known: α sqrt(xᵀx / λ).
        assert!((bandit.upper_bound(7, &[3.0, 4.0]) - 1.5 * 5.0).abs() < 1e-12);
    }

    /// The best arm changes with what is seen. What is lost against the best one is a fraction of what
    /// the arm that is best on average loses, and the coefficients are found.
    #[test]
    fn the_better_arm_is_found_for_each_context() {
        let mut random = RandomStreams::new(5).stream("contexts");
        let mut bandit = LinearBandit::new(3, 0.5, 1.0);
        let truth = [[0.5, 0.4, 0.0], [0.5, -0.4, 0.0], [0.4, 0.0, 0.0]];
        let noise = |random: &mut Stream| random.random_range(-0.1..0.1);
        let (mut lost_early, mut lost_late) = (0.0, 0.0);
        for step in 0..4000 {
            let x = [1.0, random.random_range(-1.0..1.0), random.random_range(-1.0..1.0)];
            let arm = bandit.choose((0..3).map(|arm| (arm, &x[..]))).unwrap();
            let worth = truth.map(|coefficients| dot(&coefficients, &x));
            bandit.learn(arm, &x, worth[arm] + noise(&mut random));
            let lost = worth.into_iter().fold(f64::MIN, f64::max) - worth[arm];
            *(if step < 1000 { &mut lost_early } else { &mut lost_late }) += lost;
        }
        // Always the same arm would lose 0.2 on average: 600 in the last 3000 choices.
        assert!(lost_late < 15.0 && lost_early < 60.0, "{lost_early} {lost_late}");
        for (arm, coefficients) in truth.iter().enumerate().take(2) {
            for (axis, coefficient) in coefficients.iter().enumerate() {
                let mut unit = [0.0; 3];
                unit[axis] = 1.0;
                assert!((bandit.expected(arm, &unit) - coefficient).abs() < 0.03);
            }
        }
    }

    proptest! {
        /// The inverse that is kept is that of the matrix which is never formed.
        #[test]
        fn the_inverse_stays_one(
            seen in prop::collection::vec(prop::array::uniform4(-5.0..5.0f64), 1..60)
        ) {
            let mut bandit = LinearBandit::new(4, 1.0, 0.7);
            let mut matrix = [[0.0; 4]; 4];
            for (row, line) in matrix.iter_mut().enumerate() {
                line[row] = 0.7;
            }
            for x in &seen {
                bandit.learn(0, x, 1.0);
                for (row, line) in matrix.iter_mut().enumerate() {
                    for (entry, y) in line.iter_mut().zip(x) {
                        *entry += x[row] * y;
                    }
                }
            }
            for (row, line) in matrix.iter().enumerate() {
                let found = product(&bandit.arms[0].inverse, line);
                for (column, value) in found.into_iter().enumerate() {
                    let expected = f64::from(u8::from(row == column));
                    prop_assert!((value - expected).abs() < 1e-8, "{} {} {}", row, column, value);
                }
            }
        }
    }
}
