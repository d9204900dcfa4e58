//! A logistic model that is given by its coefficients.

use super::{AnomalyDetector, DetectionView, Feature, Features, Verdict};
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A feature in a logistic model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogisticTerm {
    /// A column of the table `radio_devices`.
    pub feature: Feature,
    /// Its coefficient, once standardised.
    pub coefficient: f64,
    /// What is taken off it; also what it is taken to be if it was not measured.
    #[serde(default)]
    pub mean: f64,
    /// What it is divided by then.
    #[serde(default = "unit")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub scale: f64,
}

fn unit() -> f64 {
    1.0
}

/// A logistic model: 1 / (1 + exp(-(intercept + sum of coefficient (x - mean) / scale))).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogisticModel {
    /// The constant part.
    pub intercept: f64,
    /// The features.
    #[schemars(length(min = 1, max = 23))]
    pub terms: Vec<LogisticTerm>,
}

impl LogisticModel {
    /// Whether it is a model.
    ///
    /// # Errors
    /// A scale that is not above 0, a feature that is there twice.
    pub fn check(&self) -> Result<(), ParameterError> {
        for (index, term) in self.terms.iter().enumerate() {
            let at = |error: ParameterError| error.at_index(index).at("terms");
            if !(term.scale.is_finite() && term.scale > 0.0) {
                let message = format!("found the scale {}, expected one above 0", term.scale);
                return Err(at(ParameterError::new(message).at("scale")));
            }
            if self.terms[..index].iter().any(|other| other.feature == term.feature) {
                let message = format!("{:?} is there twice", term.feature.column());
                return Err(at(ParameterError::new(message).at("feature")));
            }
        }
        Ok(())
    }

    /// The probability of an anomaly.
    #[must_use]
    pub fn probability(&self, features: &Features) -> f64 {
        let part = |term: &LogisticTerm| {
            let value = features.get(term.feature).unwrap_or(term.mean);
            term.coefficient * (value - term.mean) / term.scale
        };
        let sum = self.intercept + self.terms.iter().map(part).sum::<f64>();
        1.0 / (1.0 + (-sum).exp())
    }
}

/// An anomaly is what a [logistic model](LogisticModel) finds probable. The score is the probability.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticDetector {
    /// The model.
    pub model: LogisticModel,
    /// From which probability on there is an alarm.
    pub threshold: f64,
}

impl AnomalyDetector for LogisticDetector {
    fn observe(&mut self, view: &DetectionView<'_>) -> Verdict {
        let score = self.model.probability(view.features());
        Verdict { score, alarm: score >= self.threshold }
    }

    fn check(&self) -> Result<(), ParameterError> {
        self.model.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(feature: Feature, coefficient: f64, mean: f64, scale: f64) -> LogisticTerm {
        LogisticTerm { feature, coefficient, mean, scale }
    }

    #[test]
    fn the_probability_is_that_of_the_formula() {
        // -1 + 2 (14 - 10) / 4 - 0.5 (-95 + 100) / 5 = 0.5.
        let terms = vec![term(Feature::Sinr, 2.0, 10.0, 4.0), term(Feature::Rsrp, -0.5, -100.0, 5.0)];
        let model = LogisticModel { intercept: -1.0, terms };
        let seen: Features = [(Feature::Sinr, 14.0), (Feature::Rsrp, -95.0)].into_iter().collect();
        assert!((model.probability(&seen) - 0.622_459_331_201_854_6).abs() < 1e-15);
        // What is missing is at its mean.
        let base = 1.0 / (1.0 + std::f64::consts::E);
        assert!((model.probability(&Features::default()) - base).abs() < 1e-15);
        // Far out it is 0 or 1, and no NaN.
        let far: Features = [(Feature::Sinr, 1e300)].into_iter().collect();
        assert_eq!(model.probability(&far), 1.0);
    }

    #[test]
    fn a_model_has_scales_above_zero_and_each_feature_once() {
        let model = |terms| LogisticModel { intercept: 0.0, terms };
        let good = term(Feature::Cqi, 1.0, 0.0, 1.0);
        assert_eq!(model(vec![good]).check(), Ok(()));
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = model(vec![good, term(Feature::Sinr, 1.0, 0.0, scale)]).check().unwrap_err();
            assert_eq!(error.steps, ParameterError::new("").at("scale").at_index(1).at("terms").steps);
        }
        assert!(model(vec![good, good]).check().is_err());
    }
}
