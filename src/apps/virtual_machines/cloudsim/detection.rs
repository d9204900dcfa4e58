//! When a host is overloaded.

use super::fleet::Fleet;
use super::history::LENGTH;
use super::plan::HostPlan;
use crate::statistics::{
    Line, interquartile_range, loess_line, median_absolute_deviation, robust_loess_line,
};

/// When a host is overloaded. D is the share of its speed that its virtual machines ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OverloadDetector {
    /// THR: D exceeds a threshold.
    Threshold {
        /// The threshold, 0.8 as a rule.
        utilisation: f64,
    },
    /// IQR: D exceeds 1 - safety * the interquartile range of the host's history.
    InterquartileRange {
        /// The factor, 1.5 as a rule.
        safety: f64,
    },
    /// MAD: D exceeds 1 - safety * the median absolute deviation of the host's history.
    MedianAbsoluteDeviation {
        /// The factor, 2.5 as a rule.
        safety: f64,
    },
    /// LR: safety * the continuation of the line through the host's last ten samples reaches 1.
    LocalRegression {
        /// The factor, 1.2 as a rule.
        safety: f64,
    },
    /// LRR: as LR, with outliers weighted down.
    RobustLocalRegression {
        /// The factor, 1.2 as a rule.
        safety: f64,
    },
}

/// Samples that local regression looks back on.
pub(super) const REGRESSED: usize = 10;
/// Fewest samples for quartiles and deviations.
const FEWEST_FOR_SPREAD: usize = 12;
/// Threshold while there are too few samples.
const FALLBACK: f64 = 0.7;
/// Reweightings of the robust regression.
const ROBUST_ITERATIONS: usize = 2;
/// Predictions this near to 1 are computed anew in the order of operations of the original.
const DOUBTFUL: f64 = 1e-9;

impl OverloadDetector {
    /// The threshold or factor.
    #[must_use]
    pub fn parameter(&self) -> f64 {
        match *self {
            OverloadDetector::Threshold { utilisation } => utilisation,
            OverloadDetector::InterquartileRange { safety }
            | OverloadDetector::MedianAbsoluteDeviation { safety }
            | OverloadDetector::LocalRegression { safety }
            | OverloadDetector::RobustLocalRegression { safety } => safety,
        }
    }

    /// Whether it continues a line.
    pub(super) fn is_regression(&self) -> bool {
        matches!(
            self,
            OverloadDetector::LocalRegression { .. } | OverloadDetector::RobustLocalRegression { .. }
        )
    }
}

/// Weights with which a window of ten samples, newest first, makes the intercept and slope of its
/// least-squares line, x running from 1 for the oldest to 10 for the newest.
///
/// With mean x 5.5 and sum of squares 82.5: slope = sum (x - 5.5) y / 82.5, intercept = mean y - 5.5 slope.
pub(super) fn line_weights() -> [(f64, f64); REGRESSED] {
    std::array::from_fn(|newest_first| {
        let x = (REGRESSED - newest_first) as f64;
        let slope = (x - 5.5) / 82.5;
        (0.1 - 5.5 * slope, slope)
    })
}

impl Fleet {
    /// Whether a host is overloaded as planned, with one more virtual machine at the end of its list if
    /// there is an `extra`, which asks for that many MIPS.
    pub(super) fn is_overloaded(
        &self,
        detector: OverloadDetector,
        host: u32,
        plan: &mut HostPlan,
        extra: Option<(u32, f64)>,
    ) -> bool {
        let capacity = self.capacity_mips(host);
        let asked = match extra {
            Some((_, mips)) => plan.asked_mips + mips,
            None => plan.asked_mips,
        };
        let demand = asked / capacity;
        let mut reach = plan.reach;
        if let Some((vm, _)) = extra {
            reach = reach.max(self.history.reach(vm));
        }
        match detector {
            OverloadDetector::Threshold { utilisation } => demand > utilisation,
            OverloadDetector::InterquartileRange { safety } => {
                if reach < FEWEST_FOR_SPREAD {
                    return demand > FALLBACK;
                }
                let mut profile = self.profile(host, plan, extra);
                demand > 1.0 - safety * interquartile_range(&mut profile[..reach])
            }
            OverloadDetector::MedianAbsoluteDeviation { safety } => {
                if reach < FEWEST_FOR_SPREAD {
                    return demand > FALLBACK;
                }
                let mut profile = self.profile(host, plan, extra);
                demand > 1.0 - safety * median_absolute_deviation(&mut profile[..reach])
            }
            OverloadDetector::LocalRegression { safety }
            | OverloadDetector::RobustLocalRegression { safety } => {
                if reach < REGRESSED {
                    return demand > FALLBACK;
                }
                self.will_be_full(detector, safety, host, plan, extra)
            }
        }
    }

    /// Whether the continuation of the host's line over the longest migration, times `safety`, reaches 1.
    fn will_be_full(
        &self,
        detector: OverloadDetector,
        safety: f64,
        host: u32,
        plan: &mut HostPlan,
        extra: Option<(u32, f64)>,
    ) -> bool {
        let mut ahead = plan.longest_migration;
        if let Some((vm, _)) = extra {
            ahead = ahead.max(self.migration_intervals(vm, host));
        }
        let x = REGRESSED as f64 + ahead;
        if self.spec.quirks.regression_is_unweighted {
            let (mut intercept, mut slope) = plan.line;
            if let Some((vm, _)) = extra {
                let own = self.lines[vm as usize];
                intercept += own.0;
                slope += own.1;
            }
            let predicted = safety * (intercept + slope * x) / self.capacity_mips(host);
            if (predicted - 1.0).abs() > DOUBTFUL {
                return predicted >= 1.0;
            }
        }
        let profile = self.profile(host, plan, extra);
        let mut window: [f64; REGRESSED] = std::array::from_fn(|index| profile[index]);
        window.reverse();
        let line = if self.spec.quirks.regression_is_unweighted {
            Line::through(&window)
        } else if matches!(detector, OverloadDetector::RobustLocalRegression { .. }) {
            robust_loess_line(&window, ROBUST_ITERATIONS)
        } else {
            loess_line(&window)
        };
        line.at(x) * safety >= 1.0
    }

    /// The history of a host's utilisation, newest first: that of the virtual machines planned on it, added
    /// in the order of its list.
    fn profile(&self, host: u32, plan: &mut HostPlan, extra: Option<(u32, f64)>) -> [f64; LENGTH] {
        let mut profile = *plan.profile.get_or_insert_with(|| {
            let mut profile = [0.0; LENGTH];
            plan.vms.iter().for_each(|&vm| self.add_to_profile(&mut profile, vm, host));
            profile
        });
        if let Some((vm, _)) = extra {
            self.add_to_profile(&mut profile, vm, host);
        }
        profile
    }

    /// Adds what a virtual machine has used of a host's speed, newest first.
    pub(super) fn add_to_profile(&self, profile: &mut [f64; LENGTH], vm: u32, host: u32) {
        let (mips, capacity) = (self.vm_mips(vm), self.capacity_mips(host));
        for (sum, share) in profile.iter_mut().zip(self.history.of(vm)) {
            *sum += share * mips / capacity;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_weights_make_the_least_squares_line() {
        let newest_first = [0.9, 0.1, 0.4, 0.4, 0.3, 0.8, 0.2, 0.1, 0.0, 0.7];
        let (mut intercept, mut slope) = (0.0, 0.0);
        for (weights, value) in line_weights().iter().zip(newest_first) {
            intercept += weights.0 * value;
            slope += weights.1 * value;
        }
        let mut oldest_first = newest_first;
        oldest_first.reverse();
        let line = Line::through(&oldest_first);
        assert!((line.intercept - intercept).abs() < 1e-14);
        assert!((line.slope - slope).abs() < 1e-14);
    }
}
