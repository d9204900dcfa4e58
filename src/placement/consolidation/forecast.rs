//! Overload detection by a forecast: will more be wanted of a host than it should give?

use super::overload::{HostLoad, OverloadDetection};
use crate::placement::forecast::Predictor;

/// More is wanted than a share of the host's capacity, now or, by a forecast of what its virtual machines want
/// together, within the next steps.
///
/// ```
/// use stratosim::placement::consolidation::{Forecast, HostLoad, OverloadDetection};
/// use stratosim::placement::forecast::HoltWinters;
/// let predictor = Box::new(HoltWinters { level: 1.0, trend: 1.0, ..HoltWinters::default() });
/// let mut detection = Forecast { predictor, horizon: 3, utilisation: 0.8 };
/// // By the last rise, 0.495 becomes 0.78 in three steps, and 0.51 becomes 0.84.
/// let load = |history| HostLoad { utilisation: 0.5, history, future: &[] };
/// assert!(!detection.is_overloaded(&load(&[0.3, 0.4, 0.495])));
/// assert!(detection.is_overloaded(&load(&[0.3, 0.4, 0.51])));
/// ```
#[derive(Debug)]
pub struct Forecast {
    /// Who forecasts.
    pub predictor: Box<dyn Predictor>,
    /// Steps ahead that are looked at; with none, the present one only.
    pub horizon: usize,
    /// The share of the capacity.
    pub utilisation: f64,
}

impl OverloadDetection for Forecast {
    fn history(&self) -> usize {
        self.predictor.window()
    }

    fn future(&self) -> usize {
        if self.predictor.sees_future() { self.horizon } else { 0 }
    }

    fn is_overloaded(&mut self, load: &HostLoad<'_>) -> bool {
        if load.utilisation > self.utilisation {
            return true;
        }
        // What is not known, with no history, exceeds nothing.
        let mut ahead = smallvec::SmallVec::<[f64; 16]>::from_elem(f64::NAN, self.horizon);
        self.predictor.foresee(load.history, load.future, &mut ahead);
        ahead.iter().any(|utilisation| *utilisation > self.utilisation)
    }
}
