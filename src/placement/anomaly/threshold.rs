//! Fixed limits.

use super::{AnomalyDetector, DetectionView, Feature, Features, Verdict, of_device};
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A limit of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What is looked at: a column of the table `radio_devices`.
    pub feature: Feature,
    /// It holds above this value, in the column's unit. Give this or `below`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// It holds below this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
}

impl Condition {
    /// Whether it holds; it does not of what was not measured.
    fn holds(&self, features: &Features) -> bool {
        features.get(self.feature).is_some_and(|value| {
            self.above.is_some_and(|limit| value > limit)
                || self.below.is_some_and(|limit| value < limit)
        })
    }
}

/// An anomaly is what is beyond fixed limits for some periods in a row. The score is the share of the conditions that
/// hold.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdDetector {
    /// The limits.
    #[schemars(length(min = 1, max = 64))]
    pub conditions: Vec<Condition>,
    /// Whether one of them is enough; else all must hold.
    #[serde(default)]
    pub any: bool,
    /// Periods in a row for which they must hold.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub periods: u32,
    /// For each device the periods in a row.
    #[serde(skip)]
    in_a_row: Vec<u32>,
}

fn one() -> u32 {
    1
}

impl ThresholdDetector {
    /// A detector with these conditions, of which any or all must hold for so many periods in a row.
    #[must_use]
    pub fn new(conditions: Vec<Condition>, any: bool, periods: u32) -> Self {
        ThresholdDetector { conditions, any, periods, in_a_row: Vec::new() }
    }

    fn judge(&mut self, number: usize, features: &Features) -> Verdict {
        let holding = self.conditions.iter().filter(|condition| condition.holds(features)).count();
        let holds = if self.any { holding > 0 } else { holding == self.conditions.len() };
        let in_a_row = of_device(&mut self.in_a_row, number);
        *in_a_row = if holds { in_a_row.saturating_add(1) } else { 0 };
        let score = holding as f64 / self.conditions.len().max(1) as f64;
        Verdict { score, alarm: holds && *in_a_row >= self.periods }
    }
}

impl AnomalyDetector for ThresholdDetector {
    fn observe(&mut self, view: &DetectionView<'_>) -> Verdict {
        self.judge(view.number(), view.features())
    }

    fn forget(&mut self, number: usize) {
        *of_device(&mut self.in_a_row, number) = 0;
    }

    fn check(&self) -> Result<(), ParameterError> {
        for (index, condition) in self.conditions.iter().enumerate() {
            let wrong = |found: &str| {
                let error = ParameterError::new(format!("a condition has one limit, but {found}"));
                Err(error.at_index(index).at("conditions").help("give `above` or `below`"))
            };
            match (condition.above, condition.below) {
                (None, None) => return wrong("this one has none"),
                (Some(_), Some(_)) => return wrong("this one has two"),
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn above(feature: Feature, limit: f64) -> Condition {
        Condition { feature, above: Some(limit), below: None }
    }

    fn below(feature: Feature, limit: f64) -> Condition {
        Condition { feature, above: None, below: Some(limit) }
    }

    fn seen(bler: f64, sinr_db: f64) -> Features {
        [(Feature::DlBler, bler), (Feature::Sinr, sinr_db)].into_iter().collect()
    }

    #[test]
    fn conditions_are_strict_and_all_or_any_of_them_count() {
        let conditions = vec![above(Feature::DlBler, 0.1), below(Feature::Sinr, 3.0)];
        let mut all = ThresholdDetector::new(conditions.clone(), false, 1);
        let mut any = ThresholdDetector::new(conditions, true, 1);
        for (bler, sinr_db, score, of_all, of_any) in [
            (0.1, 3.0, 0.0, false, false),
            (0.2, 3.0, 0.5, false, true),
            (0.1, 2.9, 0.5, false, true),
            (0.2, 2.9, 1.0, true, true),
        ] {
            let features = seen(bler, sinr_db);
            assert_eq!(all.judge(0, &features), Verdict { score, alarm: of_all });
            assert_eq!(any.judge(0, &features), Verdict { score, alarm: of_any });
        }
        assert!(!any.judge(0, &Features::default()).alarm, "what was not measured is beyond no limit");
    }

    #[test]
    fn they_must_hold_for_some_periods_in_a_row_of_each_device() {
        let mut detector = ThresholdDetector::new(vec![above(Feature::DlBler, 0.1)], false, 3);
        let bad = seen(0.5, 0.0);
        let alarms = |detector: &mut ThresholdDetector, number| detector.judge(number, &bad).alarm;
        assert_eq!([alarms(&mut detector, 4), alarms(&mut detector, 4)], [false, false]);
        // Another device, then a good period of the first, then it is forgotten.
        assert!(!alarms(&mut detector, 1));
        assert!(alarms(&mut detector, 4));
        detector.judge(4, &seen(0.0, 0.0));
        assert_eq!([(); 3].map(|()| alarms(&mut detector, 4)), [false, false, true]);
        detector.forget(4);
        assert!(!alarms(&mut detector, 4));
        assert_eq!([(); 2].map(|()| alarms(&mut detector, 1)), [false, true]);
    }

    #[test]
    fn a_condition_has_one_limit() {
        let good = below(Feature::Cqi, 5.0);
        for (above, below) in [(None, None), (Some(1.0), Some(2.0))] {
            let wrong = Condition { feature: Feature::Cqi, above, below };
            let error = ThresholdDetector::new(vec![good, wrong], false, 1).check().unwrap_err();
            assert_eq!(error.steps, ParameterError::new("").at_index(1).at("conditions").steps);
        }
        assert_eq!(ThresholdDetector::new(vec![good], false, 1).check(), Ok(()));
    }
}
