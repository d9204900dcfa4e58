//! Loads that are forecast by a predictor.

use crate::apps::functions::LoadForecast;
use crate::placement::forecast::Predictor;

/// A predictor of series as a forecast of loads: each stream is a series of its own, with a value an epoch.
///
/// ```
/// use stratosim::apps::functions::LoadForecast;
/// use stratosim::placement::forecast::{MovingAverage, Oracle};
/// use stratosim::placement::functions::PredictedLoads;
/// let mut forecast = PredictedLoads(Box::new(MovingAverage { window: 2 }));
/// assert_eq!(forecast.next_rps(&[9.0, 1.0, 3.0], 7.0), 2.0);
/// let mut oracle = PredictedLoads(Box::new(Oracle {}));
/// assert_eq!(oracle.next_rps(&[9.0, 1.0, 3.0], 7.0), 7.0);
/// ```
#[derive(Debug)]
pub struct PredictedLoads(pub Box<dyn Predictor>);

impl LoadForecast for PredictedLoads {
    fn window(&self) -> usize {
        self.0.window()
    }

    fn next_rps(&mut self, history_rps: &[f64], coming_rps: f64) -> f64 {
        let mut ahead = [f64::NAN];
        self.0.foresee(history_rps, &[coming_rps], &mut ahead);
        ahead[0]
    }
}
