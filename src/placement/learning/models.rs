//! Models that were fitted elsewhere, from their coefficients.

use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a layer does to its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing.
    Identity,
    /// The greater of it and 0.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
    /// 1 / (1 + exp(-x)).
    Logistic,
}

impl Activation {
    fn apply(self, x: f64) -> f64 {
        match self {
            Activation::Identity => x,
            Activation::Relu => x.max(0.0),
            Activation::Tanh => x.tanh(),
            Activation::Logistic => logistic(x),
        }
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// A layer of a perceptron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// For each input a row with the weights of all outputs.
    #[schemars(length(min = 1))]
    pub weights: Vec<Vec<f64>>,
    /// For each output what is added.
    #[schemars(length(min = 1))]
    pub biases: Vec<f64>,
    /// What is done to the sums.
    pub activation: Activation,
}

/// A class of a naive Bayes classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GaussianClass {
    /// How likely it is before anything is seen.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub prior: f64,
    /// Mean of each input.
    pub means: Vec<f64>,
    /// Variance of each input.
    pub variances: Vec<f64>,
}

/// A model with its coefficients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ModelKind {
    /// The intercept and the inputs times their coefficients.
    Linear {
        /// The intercept.
        intercept: f64,
        /// A coefficient for each input.
        coefficients: Vec<f64>,
    },
    /// The same, as the logit of a probability.
    Logistic {
        /// The intercept.
        intercept: f64,
        /// A coefficient for each input.
        coefficients: Vec<f64>,
    },
    /// The probability of `success` by Bayes' theorem, with inputs that are normal and independent
    /// within each class.
    NaiveBayes {
        /// The class that is asked for.
        success: GaussianClass,
        /// The other one.
        failure: GaussianClass,
    },
    /// Layers one after another; the last one has one output.
    MultilayerPerceptron {
        /// The layers, from the inputs on.
        #[schemars(length(min = 1))]
        layers: Vec<Layer>,
    },
}

/// A fitted model: what it looks at, how that is standardised, and its coefficients.
///
/// ```
/// use stratosim::placement::learning::FittedModel;
/// let model: FittedModel = serde_json::from_str(r#"{
///     "inputs": ["length_mi", "node_load"],
///     "means": [5000, 0.5],
///     "standard_deviations": [1000, 0.25],
///     "model": { "kind": "linear", "intercept": 0.8, "coefficients": [0.1, 0.2] }
/// }"#)?;
/// model.check()?;
/// // 0.8 + 0.1 (7000 - 5000) / 1000 + 0.2 (1 - 0.5) / 0.25
/// assert!((model.predict(&[Some(7000.0), Some(1.0)]) - 1.4).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FittedModel {
    /// The names of its inputs, in order.
    #[schemars(length(min = 1))]
    pub inputs: Vec<String>,
    /// What is subtracted from each input: its mean when the model was fitted; 0 if left out. An input
    /// that is missing is taken to have this value.
    #[serde(default)]
    pub means: Option<Vec<f64>>,
    /// What each input is divided by then; 1 if left out.
    #[serde(default)]
    pub standard_deviations: Option<Vec<f64>>,
    /// The model of the standardised inputs.
    pub model: ModelKind,
}

fn check_length(values: &[f64], inputs: usize, key: &str) -> Result<(), ParameterError> {
    if values.len() == inputs {
        return Ok(());
    }
    let problem = format!("its length is {}, but the number of inputs is {inputs}", values.len());
    Err(ParameterError::new(problem).at(key))
}

fn check_positive(values: &[f64], key: &str) -> Result<(), ParameterError> {
    match values.iter().position(|value| *value <= 0.0) {
        None => Ok(()),
        Some(index) => {
            let problem = format!("found {}, expected a number above 0", values[index]);
            Err(ParameterError::new(problem).at_index(index).at(key))
        }
    }
}

impl GaussianClass {
    fn check(&self, inputs: usize) -> Result<(), ParameterError> {
        check_length(&self.means, inputs, "means")?;
        check_length(&self.variances, inputs, "variances")?;
        check_positive(&self.variances, "variances")
    }

    /// The logarithm of its probability together with what is seen, up to a constant.
    fn log_likelihood(&self, inputs: &[f64]) -> f64 {
        let terms = inputs.iter().zip(&self.means).zip(&self.variances);
        let sum: f64 = terms.map(|((x, mean), var)| var.ln() + (x - mean).powi(2) / var).sum();
        self.prior.ln() - 0.5 * sum
    }
}

fn check_layers(layers: &[Layer], inputs: usize) -> Result<(), ParameterError> {
    let mut width = inputs;
    for (index, layer) in layers.iter().enumerate() {
        let at = |error: ParameterError| error.at_index(index).at("layers");
        if layer.weights.len() != width {
            let found = layer.weights.len();
            let problem =
                format!("its length is {found}, but the number of the layer's inputs is {width}");
            return Err(at(ParameterError::new(problem).at("weights")));
        }
        let outputs = layer.biases.len();
        if let Some(row) = layer.weights.iter().position(|row| row.len() != outputs) {
            let found = layer.weights[row].len();
            let problem = format!("its length is {found}, but that of `biases` is {outputs}");
            return Err(at(ParameterError::new(problem).at_index(row).at("weights")));
        }
        width = outputs;
    }
    if width != 1 {
        let problem = format!("its length is {width}, but the last layer has one output");
        let last = layers.len().saturating_sub(1);
        return Err(ParameterError::new(problem).at("biases").at_index(last).at("layers"));
    }
    Ok(())
}

impl FittedModel {
    /// Whether all fits together: a coefficient for each input, layers that follow each other.
    ///
    /// # Errors
    /// The first thing that does not, with its place.
    pub fn check(&self) -> Result<(), ParameterError> {
        let inputs = self.inputs.len();
        if let Some(means) = &self.means {
            check_length(means, inputs, "means")?;
        }
        if let Some(deviations) = &self.standard_deviations {
            check_length(deviations, inputs, "standard_deviations")?;
            check_positive(deviations, "standard_deviations")?;
        }
        let in_model = |error: ParameterError| error.at("model");
        match &self.model {
            ModelKind::Linear { coefficients, .. } | ModelKind::Logistic { coefficients, .. } => {
                check_length(coefficients, inputs, "coefficients").map_err(in_model)
            }
            ModelKind::NaiveBayes { success, failure } => {
                success.check(inputs).map_err(|error| in_model(error.at("success")))?;
                failure.check(inputs).map_err(|error| in_model(error.at("failure")))
            }
            ModelKind::MultilayerPerceptron { layers } => check_layers(layers, inputs).map_err(in_model),
        }
    }

    /// What the model says of these values of its inputs: a probability of a classifier, a value of a
    /// regression.
    #[must_use]
    pub fn predict(&self, values: &[Option<f64>]) -> f64 {
        let of = |list: &Option<Vec<f64>>, index: usize, default: f64| {
            list.as_ref().and_then(|list| list.get(index)).copied().unwrap_or(default)
        };
        let standardised = values.iter().enumerate().map(|(index, value)| {
            let mean = of(&self.means, index, 0.0);
            (value.unwrap_or(mean) - mean) / of(&self.standard_deviations, index, 1.0)
        });
        let inputs: Vec<f64> = standardised.collect();
        match &self.model {
            ModelKind::Linear { intercept, coefficients } => intercept + dot(coefficients, &inputs),
            ModelKind::Logistic { intercept, coefficients } => {
                logistic(intercept + dot(coefficients, &inputs))
            }
            ModelKind::NaiveBayes { success, failure } => {
                logistic(success.log_likelihood(&inputs) - failure.log_likelihood(&inputs))
            }
            ModelKind::MultilayerPerceptron { layers } => {
                let mut values = inputs;
                for layer in layers {
                    let mut sums = layer.biases.clone();
                    for (value, row) in values.iter().zip(&layer.weights) {
                        for (sum, weight) in sums.iter_mut().zip(row) {
                            *sum += value * weight;
                        }
                    }
                    values = sums.into_iter().map(|sum| layer.activation.apply(sum)).collect();
                }
                values.first().copied().unwrap_or(0.0)
            }
        }
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::Step;
    use serde_json::{Value, json};

    fn model(value: Value) -> FittedModel {
        serde_json::from_value(value).unwrap()
    }

    fn predict(kind: Value, values: &[f64]) -> f64 {
        let names: Vec<String> = (0..values.len()).map(|index| format!("x{index}")).collect();
        let model = model(json!({ "inputs": names, "model": kind }));
        model.check().unwrap();
        model.predict(&values.iter().copied().map(Some).collect::<Vec<_>>())
    }

    #[test]
    fn predictions_are_as_calculated_by_hand() {
        let linear = json!({ "kind": "linear", "intercept": 1.0, "coefficients": [2.0, -0.5] });
        assert_eq!(predict(linear, &[3.0, 4.0]), 5.0);
        // ln 3 is the logit of 3/4.
        let logistic = json!({ "kind": "logistic", "intercept": 3.0_f64.ln(), "coefficients": [1.0] });
        assert!((predict(logistic, &[0.0]) - 0.75).abs() < 1e-12);
        // Densities at x = 1: of N(1, 1) 1/sqrt(2 pi), of N(3, 4) exp(-1/2) / (2 sqrt(2 pi)); priors
        // 1/4, 3/4.
        let bayes = json!({ "kind": "naive_bayes",
            "success": { "prior": 0.25, "means": [1.0], "variances": [1.0] },
            "failure": { "prior": 0.75, "means": [3.0], "variances": [4.0] } });
        let (good, bad) = (0.25, 0.75 * (-0.5_f64).exp() / 2.0);
        assert!((predict(bayes, &[1.0]) - good / (good + bad)).abs() < 1e-12);
        // Hidden: relu(1 + 2 - 1) = 2 and relu(-1 + 0.5) = 0; output: logistic(0.5 · 2 - 1) = 1/2.
        let perceptron = json!({ "kind": "multilayer_perceptron", "layers": [
            { "weights": [[1.0, -1.0], [1.0, 0.0]], "biases": [-1.0, 0.5], "activation": "relu" },
            { "weights": [[0.5], [9.0]], "biases": [-1.0], "activation": "logistic" } ] });
        assert!((predict(perceptron, &[1.0, 2.0]) - 0.5).abs() < 1e-12);
        let tanh = json!({ "kind": "multilayer_perceptron", "layers": [
            { "weights": [[1.0]], "biases": [0.5], "activation": "tanh" },
            { "weights": [[2.0]], "biases": [1.0], "activation": "identity" } ] });
        assert!((predict(tanh, &[0.5]) - (1.0 + 2.0 * 1.0_f64.tanh())).abs() < 1e-12);
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        model: FittedModel,
        predictions: Vec<f64>,
    }

    #[derive(Deserialize)]
    struct Oracle {
        source: String,
        values: Vec<Vec<f64>>,
        cases: Vec<Case>,
    }

    /// Models exported by `examples/learned/fit.py`, and what scikit-learn predicts with them.
    #[test]
    fn predictions_are_those_of_scikit_learn() {
        let oracle: Oracle = serde_json::from_str(include_str!("models/scikit_learn.json")).unwrap();
        assert!(oracle.source.starts_with("scikit-learn") && oracle.cases.len() == 6);
        for case in &oracle.cases {
            case.model.check().unwrap();
            for (values, expected) in oracle.values.iter().zip(&case.predictions) {
                let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
                let found = case.model.predict(&values);
                assert!((found - expected).abs() < 1e-9, "{}: {found} {expected}", case.name);
            }
        }
    }

    #[test]
    fn far_out_values_stay_probabilities() {
        let logistic = json!({ "kind": "logistic", "intercept": 0.0, "coefficients": [1.0] });
        assert_eq!([-1e6, 1e6].map(|x| predict(logistic.clone(), &[x])), [0.0, 1.0]);
        let class = |mean| json!({ "prior": 0.5, "means": [mean], "variances": [1e-9] });
        let bayes = json!({ "kind": "naive_bayes", "success": class(0.0), "failure": class(1.0) });
        assert_eq!([0.0, 1.0].map(|x| predict(bayes.clone(), &[x])), [1.0, 0.0]);
    }

    #[test]
    fn inputs_are_standardised_and_missing_ones_are_the_mean() {
        let model = model(json!({ "inputs": ["a", "b"], "means": [10, 20],
            "standard_deviations": [2, 5],
            "model": { "kind": "linear", "intercept": 1, "coefficients": [1, 10] } }));
        assert_eq!(model.predict(&[Some(14.0), Some(25.0)]), 13.0);
        assert_eq!(model.predict(&[None, Some(25.0)]), 11.0);
    }

    #[test]
    fn what_does_not_fit_together_is_told_with_its_place() {
        let layer = |rows: usize, columns: usize, biases: usize| {
            let weights = vec![vec![1.0; columns]; rows];
            json!({ "weights": weights, "biases": vec![0.0; biases], "activation": "relu" })
        };
        let perceptron =
            |layers: Vec<Value>| json!({ "kind": "multilayer_perceptron", "layers": layers });
        let class = |variance: f64| json!({ "prior": 0.5, "means": [0, 0], "variances": [1, variance] });
        for (kind, expected) in [
            (
                json!({ "kind": "linear", "intercept": 0, "coefficients": [1] }),
                "model.coefficients: its length is 1, but the number of inputs is 2",
            ),
            (
                json!({ "kind": "naive_bayes", "success": class(1.0), "failure": class(0.0) }),
                "model.failure.variances.1: found 0, expected a number above 0",
            ),
            (
                perceptron(vec![layer(3, 1, 1)]),
                "model.layers.0.weights: its length is 3, but the number of the layer's inputs is 2",
            ),
            (
                perceptron(vec![layer(2, 3, 3), layer(3, 2, 1)]),
                "model.layers.1.weights.0: its length is 2, but that of `biases` is 1",
            ),
            (
                perceptron(vec![layer(2, 3, 3)]),
                "model.layers.0.biases: its length is 3, but the last layer has one output",
            ),
        ] {
            let error = model(json!({ "inputs": ["a", "b"], "model": kind })).check().unwrap_err();
            let step = |step: &Step| match step {
                Step::Key(key) => key.clone(),
                Step::Index(index) => index.to_string(),
            };
            let place: Vec<String> = error.steps.iter().map(step).collect();
            assert_eq!(format!("{}: {error}", place.join(".")), expected);
        }
    }
}
