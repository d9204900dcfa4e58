//! Bandits by the principle of optimism: UCB1.

/// One choice of a bandit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Arm {
    /// How often it was chosen.
    pulls: u64,
    /// How often its reward was told.
    rewards: u64,
    mean: f64,
}

/// UCB1 (Auer, Cesa-Bianchi and Fischer, *Machine Learning* 47, 2002): of the arms the one with the
/// greatest mean + sqrt(c ln t / n), where n is the number of its rewards and t that of all; c = 2 in
/// the paper. Rewards must be in 0..=1 for its theorem: after t choices the expected regret is at most 8
/// Σ ln t / Δ + (1 + π²/3) Σ Δ over the arms that fall short of the best one by Δ > 0.
///
/// Rewards may come late and in any order, as in Joulani, György and Szepesvári (2013): arms without a
/// reward go first, those that were chosen least before the others, and only rewards that came count.
/// The regret then grows by a term in the number of choices whose reward is outstanding.
///
/// ```
/// use stratosim::placement::learning::UpperConfidence;
/// let mut bandit = UpperConfidence::new(2.0);
/// for _ in 0..100 {
///     let arm = bandit.choose([0, 1]).unwrap();
///     bandit.learn(arm, if arm == 1 { 0.9 } else { 0.2 });
/// }
/// assert!(bandit.pulls(1) > 3 * bandit.pulls(0));
/// ```
#[derive(Clone, Debug)]
pub struct UpperConfidence {
    exploration: f64,
    arms: Vec<Arm>,
    rewards: u64,
}

impl UpperConfidence {
    /// A bandit that has chosen nothing yet; `exploration` is c, at least 0.
    #[must_use]
    pub fn new(exploration: f64) -> Self {
        UpperConfidence { exploration, arms: Vec::new(), rewards: 0 }
    }

    fn arm(&self, arm: usize) -> Arm {
        self.arms.get(arm).copied().unwrap_or_default()
    }

    fn arm_mut(&mut self, arm: usize) -> &mut Arm {
        if self.arms.len() <= arm {
            self.arms.resize(arm + 1, Arm::default());
        }
        &mut self.arms[arm]
    }

    /// Chooses one of the arms that are to be had now, the first among equals; `None` if there is none.
    /// O(arms).
    pub fn choose(&mut self, available: impl IntoIterator<Item = usize>) -> Option<usize> {
        let mut best: Option<(bool, f64, usize)> = None;
        for arm in available {
            let state = self.arm(arm);
            let is_new = state.rewards == 0;
            let merit = if is_new { -(state.pulls as f64) } else { self.upper_bound(state) };
            if best.is_none_or(|(new, most, _)| (is_new, merit) > (new, most)) {
                best = Some((is_new, merit, arm));
            }
        }
        let (_, _, arm) = best?;
        self.arm_mut(arm).pulls += 1;
        Some(arm)
    }

    fn upper_bound(&self, arm: Arm) -> f64 {
        let confidence = self.exploration * (self.rewards as f64).ln() / arm.rewards as f64;
        arm.mean + confidence.max(0.0).sqrt()
    }

    /// The reward of one choice of an arm.
    pub fn learn(&mut self, arm: usize, reward: f64) {
        self.rewards += 1;
        let state = self.arm_mut(arm);
        state.rewards += 1;
        state.mean += (reward - state.mean) / state.rewards as f64;
    }

    /// How often an arm was chosen.
    #[must_use]
    pub fn pulls(&self, arm: usize) -> u64 {
        self.arm(arm).pulls
    }

    /// How often the reward of an arm was told.
    #[must_use]
    pub fn rewards(&self, arm: usize) -> u64 {
        self.arm(arm).rewards
    }

    /// Mean reward of an arm; zero before the first.
    #[must_use]
    pub fn mean(&self, arm: usize) -> f64 {
        self.arm(arm).mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;
    use rand::RngExt;
    use std::collections::VecDeque;

    /// Expected regret after each of the horizons, over runs with arms of these chances of success;
    /// rewards come `delay` choices late.
    fn regret(chances: &[f64], horizons: &[u32], delay: usize, runs: u64) -> Vec<f64> {
        let best = chances.iter().copied().fold(0.0, f64::max);
        let mut regrets = vec![0.0; horizons.len()];
        for run in 0..runs {
            let mut random = RandomStreams::new(run).stream("bandit");
            let mut bandit = UpperConfidence::new(2.0);
            let mut outstanding: VecDeque<(usize, f64)> = VecDeque::new();
            let mut lost = 0.0;
            for step in 1..=*horizons.last().unwrap() {
                let arm = bandit.choose(0..chances.len()).unwrap();
                lost += best - chances[arm];
                let reward = f64::from(u8::from(random.random::<f64>() < chances[arm]));
                outstanding.push_back((arm, reward));
                if outstanding.len() > delay {
                    let (arm, reward) = outstanding.pop_front().unwrap();
                    bandit.learn(arm, reward);
                }
                for (regret, _) in regrets.iter_mut().zip(horizons).filter(|(_, at)| **at == step) {
                    *regret += lost / runs as f64;
                }
            }
        }
        regrets
    }

    fn bound(chances: &[f64], steps: u32) -> f64 {
        let best = chances.iter().copied().fold(0.0, f64::max);
        let gaps = chances.iter().map(|chance| best - chance).filter(|gap| *gap > 0.0);
        gaps.map(|gap| {
            8.0 * f64::from(steps).ln() / gap + (1.0 + std::f64::consts::PI.powi(2) / 3.0) * gap
        })
        .sum()
    }

    #[test]
    fn regret_grows_as_the_logarithm_and_keeps_the_bound_of_the_theorem() {
        let chances = [0.9, 0.8, 0.5, 0.2];
        let horizons = [100, 1000, 10_000];
        let regrets = regret(&chances, &horizons, 0, 20);
        for (regret, &steps) in regrets.iter().zip(&horizons) {
            assert!(*regret <= bound(&chances, steps), "{regrets:?}");
        }
        // Random choices would lose 0.3 each: 3000 in all. The logarithm adds less than linear growth by
        // far: ten times the steps cost less than three times the regret.
        assert!(regrets[2] < 3.0 * regrets[1] && regrets[2] < 300.0, "{regrets:?}");
        assert!(regrets[0] > 1.0, "nothing was explored: {regrets:?}");
    }

    #[test]
    fn late_rewards_cost_what_is_outstanding_and_no_more() {
        let chances = [0.9, 0.5];
        let (prompt, late) = (regret(&chances, &[5000], 0, 20)[0], regret(&chances, &[5000], 50, 20)[0]);
        // At most the outstanding choices of the worse arm more (Joulani et al., theorem 7), and noise.
        assert!(late > prompt && late < prompt + 50.0 * 0.4 + 5.0, "{prompt} {late}");
    }

    /// Two rewards of 0.5 and one of 0.9, c = 2: 0.5 + sqrt(2 ln 3 / 2) = 1.548, 0.9 + sqrt(2 ln 3) =
    /// 2.382.
    #[test]
    fn bounds_are_as_calculated_by_hand() {
        let mut bandit = UpperConfidence::new(2.0);
        for (arm, reward) in [(0, 0.4), (0, 0.6), (1, 0.9)] {
            bandit.learn(arm, reward);
        }
        assert!((bandit.upper_bound(bandit.arm(0)) - 1.548_147).abs() < 1e-6);
        assert!((bandit.upper_bound(bandit.arm(1)) - 2.382_303).abs() < 1e-6);
        assert_eq!(bandit.choose([0, 1]), Some(1));
        assert_eq!(bandit.choose([0]), Some(0));
        assert_eq!(bandit.choose([]), None);
        // What was never tried goes first.
        assert_eq!(bandit.choose([0, 1, 2]), Some(2));
    }
}
