//! Rule bases as data.

use super::set::FuzzySet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the degrees of a rule's conditions are combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conjunction {
    /// The least of them.
    #[default]
    Minimum,
    /// Their product.
    Product,
}

/// What the degree of a rule does to the set of its conclusion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Implication {
    /// Cuts it off.
    #[default]
    Minimum,
    /// Scales it.
    Product,
}

/// Which number stands for the united sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Defuzzification {
    /// The x of their centre of gravity (COG of IEC 61131-7).
    #[default]
    Centroid,
    /// The first x at which they are highest (LM).
    LeftmostMaximum,
    /// The last x at which they are highest (RM).
    RightmostMaximum,
}

/// A number that rules look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputVariable {
    /// What the number is multiplied with before its degrees are taken, such as 100 for a share in
    /// percent.
    #[serde(default = "one")]
    pub scale: f64,
    /// What is added then.
    #[serde(default)]
    pub offset: f64,
    /// Its terms.
    pub terms: BTreeMap<String, FuzzySet>,
}

/// The number that rules conclude.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputVariable {
    /// The least and the greatest value.
    pub range: [f64; 2],
    /// The value if no rule holds to any degree.
    #[serde(default)]
    pub default: f64,
    /// How the value is taken from the united sets.
    #[serde(default)]
    pub defuzzify: Defuzzification,
    /// Its terms.
    pub terms: BTreeMap<String, FuzzySet>,
}

/// One term, or several of which any may hold: the greatest of their degrees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Terms {
    /// One term.
    One(String),
    /// Several.
    AnyOf(Vec<String>),
}

impl Terms {
    /// The terms.
    pub fn iter(&self) -> std::slice::Iter<'_, String> {
        match self {
            Terms::One(term) => std::slice::from_ref(term).iter(),
            Terms::AnyOf(terms) => terms.iter(),
        }
    }
}

/// If all conditions hold, then the output is what `then` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// For each input that matters its term or terms.
    #[serde(rename = "if")]
    pub conditions: BTreeMap<String, Terms>,
    /// The term of the output.
    pub then: String,
    /// What its degree is multiplied with.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

/// Inputs, an output, and rules over their terms. [`Mamdani`](super::Mamdani) is made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleBase {
    /// What it is for, and where it comes from.
    #[serde(default)]
    pub description: Option<String>,
    /// The inputs by name.
    pub inputs: BTreeMap<String, InputVariable>,
    /// The output.
    pub output: OutputVariable,
    /// How the conditions of a rule are combined.
    #[serde(default)]
    pub conjunction: Conjunction,
    /// What the degree of a rule does to the set of its conclusion.
    #[serde(default)]
    pub implication: Implication,
    /// The rules; their order does not matter.
    pub rules: Vec<Rule>,
    /// The term of the output for all combinations of the inputs' terms that no rule covers: a rule for
    /// each of them. None if left out.
    #[serde(default)]
    pub otherwise: Option<String>,
}
