//! Control charts: cumulative sums and moving averages of what departs from the usual.

use super::chart::{Side, Usual, Watched, check_watched};
use super::{AnomalyDetector, DetectionView, Feature, Features, Verdict, of_device};
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

fn usual_features() -> Vec<Watched> {
    vec![Watched::new(Feature::PucchSnr, Side::Below), Watched::new(Feature::PuschSnr, Side::Below)]
}

/// Cumulative sums (Page 1954, tabular form): of each feature, in standard deviations z from the mean of the device's
/// first periods, s <- max(0, s + z - drift) on the one side and s <- max(0, s - z - drift) on the other. A sum above the
/// limit is an alarm; it then starts from the limit again, so that the alarm lasts as long as the feature stays away.
/// The score is the greatest sum over the limit.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CusumDetector {
    /// What is watched.
    #[schemars(length(min = 1, max = 23))]
    pub features: Vec<Watched>,
    /// What is taken off each period, in standard deviations: half the shift that is to be found.
    #[schemars(range(min = 0.0))]
    pub drift: f64,
    /// The limit, in standard deviations.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub limit: f64,
    /// First periods of a device with a cell that say what is usual.
    #[schemars(range(min = 1))]
    pub learn: u32,
    /// Whether it learns anew what is usual wherever a device goes to another cell.
    pub each_cell: bool,
    /// For each device the sums of each feature.
    #[serde(skip)]
    devices: Vec<Vec<Sums>>,
}

/// The sums of a feature of a device.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    usual: Usual,
    up: f64,
    down: f64,
}

impl Default for CusumDetector {
    fn default() -> Self {
        CusumDetector::new(usual_features(), 1.0, 5.0, 60)
    }
}

impl CusumDetector {
    /// A chart of these features with a drift and a limit in standard deviations, which learns for so many periods.
    #[must_use]
    pub fn new(features: Vec<Watched>, drift: f64, limit: f64, learn: u32) -> Self {
        CusumDetector { features, drift, limit, learn, each_cell: false, devices: Vec::new() }
    }

    fn judge(&mut self, number: usize, features: &Features) -> Verdict {
        let own = of_device(&mut self.devices, number);
        own.resize_with(self.features.len(), Sums::default);
        let mut greatest = 0.0_f64;
        for (watched, sums) in self.features.iter().zip(own) {
            let Some(value) = features.get(watched.feature) else { continue };
            let Some(z) = sums.usual.deviations(value, self.learn, watched) else { continue };
            for (is_watched, sum, z) in
                [(watched.side.is_up(), &mut sums.up, z), (watched.side.is_down(), &mut sums.down, -z)]
            {
                if is_watched {
                    let next = (*sum + z - self.drift).max(0.0);
                    greatest = greatest.max(next);
                    *sum = next.min(self.limit);
                }
            }
        }
        Verdict { score: greatest / self.limit, alarm: greatest > self.limit }
    }
}

impl AnomalyDetector for CusumDetector {
    fn observe(&mut self, view: &DetectionView<'_>) -> Verdict {
        self.judge(view.number(), view.features())
    }

    fn change_cell(&mut self, number: usize) {
        if self.each_cell {
            self.forget(number);
        }
    }

    fn forget(&mut self, number: usize) {
        of_device(&mut self.devices, number).clear();
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_watched(&self.features)
    }
}

/// Moving averages (Roberts 1959): of each feature, in standard deviations x from the mean of the device's first
/// periods, z <- weight x + (1 - weight) z from z = 0. Beyond width x sqrt(weight / (2 - weight) (1 - (1 - weight)^2t))
/// after t periods is an alarm. The score is the greatest distance over that limit.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EwmaDetector {
    /// What is watched.
    #[schemars(length(min = 1, max = 23))]
    pub features: Vec<Watched>,
    /// The weight of the last period.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub weight: f64,
    /// Half the width of the usual, in standard deviations of the average.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub width: f64,
    /// First periods of a device with a cell that say what is usual.
    #[schemars(range(min = 1))]
    pub learn: u32,
    /// Whether it learns anew what is usual wherever a device goes to another cell.
    pub each_cell: bool,
    /// For each device the average of each feature.
    #[serde(skip)]
    devices: Vec<Vec<Average>>,
}

/// The average of a feature of a device.
#[derive(Clone, Copy, Debug)]
struct Average {
    usual: Usual,
    value: f64,
    /// (1 - weight)^2t.
    unsettled: f64,
}

impl Default for Average {
    fn default() -> Self {
        Average { usual: Usual::default(), value: 0.0, unsettled: 1.0 }
    }
}

impl Default for EwmaDetector {
    fn default() -> Self {
        EwmaDetector::new(usual_features(), 0.4, 3.0, 60)
    }
}

impl EwmaDetector {
    /// A chart of these features with a weight of the last period and half a width in standard deviations, which learns
    /// for so many periods.
    #[must_use]
    pub fn new(features: Vec<Watched>, weight: f64, width: f64, learn: u32) -> Self {
        EwmaDetector { features, weight, width, learn, each_cell: false, devices: Vec::new() }
    }

    fn judge(&mut self, number: usize, features: &Features) -> Verdict {
        let own = of_device(&mut self.devices, number);
        own.resize_with(self.features.len(), Average::default);
        let (weight, rest) = (self.weight, 1.0 - self.weight);
        let mut greatest = 0.0_f64;
        for (watched, average) in self.features.iter().zip(own) {
            let Some(value) = features.get(watched.feature) else { continue };
            let Some(x) = average.usual.deviations(value, self.learn, watched) else { continue };
            average.value = weight * x + rest * average.value;
            average.unsettled *= rest * rest;
            let limit = self.width * (weight / (2.0 - weight) * (1.0 - average.unsettled)).sqrt();
            let distance = match watched.side {
                Side::Both => average.value.abs(),
                Side::Above => average.value,
                Side::Below => -average.value,
            };
            greatest = greatest.max(distance / limit);
        }
        Verdict { score: greatest, alarm: greatest > 1.0 }
    }
}

impl AnomalyDetector for EwmaDetector {
    fn observe(&mut self, view: &DetectionView<'_>) -> Verdict {
        self.judge(view.number(), view.features())
    }

    fn change_cell(&mut self, number: usize) {
        if self.each_cell {
            self.forget(number);
        }
    }

    fn forget(&mut self, number: usize) {
        of_device(&mut self.devices, number).clear();
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_watched(&self.features)
    }
}

#[cfg(test)]
mod tests;
