//! Exponential smoothing with a trend and, if wanted, a season.

use super::{Predictor, newest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Additive exponential smoothing: Holt's with a level and a trend, Holt and Winters' with a season as well
/// (Holt 1957; Winters, *Management Science* 6, 1960).
///
/// Level and trend start from the first two values or, with a season, from the first two seasons; until these
/// are there, there is no season.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HoltWinters {
    /// Weight of a new value in the level, in 0..=1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub level: f64,
    /// Weight of a new rise in the trend, in 0..=1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub trend: f64,
    /// Weight of a new deviation in the season, in 0..=1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub season: f64,
    /// Steps of a season; 0 or 1 for none.
    #[schemars(range(max = 100_000))]
    pub period: usize,
    /// How many of the newest values are looked at.
    #[schemars(range(min = 1, max = 100_000))]
    pub window: usize,
}

impl Default for HoltWinters {
    fn default() -> Self {
        HoltWinters { level: 0.5, trend: 0.1, season: 0.1, period: 0, window: 288 }
    }
}

/// What is known at the newest value.
#[derive(Clone, Debug)]
struct State {
    level: f64,
    trend: f64,
    /// Deviations of the coming season from the line, step by step; none without a season.
    deviations: Vec<f64>,
}

impl HoltWinters {
    fn smooth(&self, values: &[f64]) -> State {
        let mut state = State { level: values[0], trend: 0.0, deviations: Vec::new() };
        if let Some(second) = values.get(1) {
            state.trend = second - values[0];
        }
        for value in &values[1..] {
            let expected = state.level + state.trend;
            let level = self.level * value + (1.0 - self.level) * expected;
            state.trend = self.trend * (level - state.level) + (1.0 - self.trend) * state.trend;
            state.level = level;
        }
        state
    }

    /// As [`smooth`](Self::smooth), with a season: `values` are two seasons at least.
    fn smooth_season(&self, values: &[f64]) -> State {
        let period = self.period;
        let mean = |season: &[f64]| season.iter().sum::<f64>() / period as f64;
        let first = mean(&values[..period]);
        let trend = (mean(&values[period..2 * period]) - first) / period as f64;
        // The mean of a season is the level in its middle.
        let middle = (period as f64 - 1.0) / 2.0;
        let at = |step: usize| first + trend * (step as f64 - middle);
        let deviations = values[..period].iter().enumerate().map(|(step, value)| value - at(step));
        let mut state = State { level: at(period - 1), trend, deviations: deviations.collect() };
        for (step, value) in values.iter().enumerate().skip(period) {
            let expected = state.level + state.trend;
            let deviation = &mut state.deviations[step % period];
            let level = self.level * (value - *deviation) + (1.0 - self.level) * expected;
            state.trend = self.trend * (level - state.level) + (1.0 - self.trend) * state.trend;
            state.level = level;
            *deviation = self.season * (value - level) + (1.0 - self.season) * *deviation;
        }
        state.deviations.rotate_left(values.len() % period);
        state
    }
}

impl Predictor for HoltWinters {
    fn window(&self) -> usize {
        self.window
    }

    fn forecast(&mut self, history: &[f64], ahead: &mut [f64]) {
        let values = newest(history, self.window.max(1));
        if values.is_empty() {
            ahead.fill(f64::NAN);
            return;
        }
        let seasonal = self.period > 1 && values.len() >= 2 * self.period;
        let state = if seasonal { self.smooth_season(values) } else { self.smooth(values) };
        for (step, value) in ahead.iter_mut().enumerate() {
            let season = step.checked_rem(state.deviations.len());
            let deviation = season.map_or(0.0, |step| state.deviations[step]);
            *value = state.level + (step + 1) as f64 * state.trend + deviation;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By hand: values 1, 3, 4 with both weights one half. Level 1, trend 2; at 3: as expected; at 4: level
    /// (4 + 5) / 2 = 4.5, trend (1.5 + 2) / 2 = 1.75.
    #[test]
    fn smoothing_by_hand() {
        let mut holt = HoltWinters { level: 0.5, trend: 0.5, ..HoltWinters::default() };
        let mut ahead = [0.0; 2];
        holt.forecast(&[1.0, 3.0, 4.0], &mut ahead);
        assert_eq!(ahead, [6.25, 8.0]);
    }

    proptest! {
        /// A straight line, alone or with a season, is continued exactly, whatever the weights.
        #[test]
        fn what_is_modelled_is_continued(
            intercept in -1.0..1.0f64,
            slope in -0.1..0.1f64,
            season in prop::collection::vec(-0.5..0.5f64, 2..8),
            weights in prop::array::uniform3(0.0..=1.0f64),
            length in 16usize..40,
        ) {
            let [level, trend, weight] = weights;
            let period = season.len();
            let line = |step: usize| intercept + slope * step as f64;
            let wave = |step: usize| line(step) + season[step % period];
            let mut holt = HoltWinters { level, trend, ..HoltWinters::default() };
            let mut winters = HoltWinters { period, season: weight, ..holt };
            let straight: Vec<f64> = (0..length).map(line).collect();
            let waved: Vec<f64> = (0..length).map(wave).collect();
            let mut ahead = [0.0; 10];
            holt.forecast(&straight, &mut ahead);
            for (step, value) in ahead.iter().enumerate() {
                prop_assert!((value - line(length + step)).abs() < 1e-9);
            }
            winters.forecast(&waved, &mut ahead);
            for (step, value) in ahead.iter().enumerate() {
                prop_assert!((value - wave(length + step)).abs() < 1e-9, "{} at {}", value, step);
            }
        }
    }
}
