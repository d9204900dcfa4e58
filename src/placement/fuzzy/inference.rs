//! Inference: from numbers by rules to a number.

use super::rule_base::{Conjunction, Defuzzification, Implication, Rule, RuleBase, Terms};
use super::set::FuzzySet;
use super::union::{Part, Union};
use crate::names::did_you_mean;
use crate::placement::ParameterError;
use std::collections::BTreeMap;

/// Most combinations of terms that `otherwise` may stand for.
const MOST_COMBINATIONS: usize = 100_000;

#[derive(Clone, Debug)]
struct Input {
    name: String,
    scale: f64,
    offset: f64,
    terms: Vec<FuzzySet>,
}

/// Conditions and conclusion by number.
#[derive(Clone, Debug)]
struct CompiledRule {
    /// For each input that matters, the terms of which any may hold.
    conditions: Vec<(usize, Vec<usize>)>,
    then: usize,
    weight: f64,
}

/// A rule base that is ready to be asked.
///
/// ```
/// use stratosim::placement::fuzzy::{Mamdani, RuleBase};
/// let rules: RuleBase = serde_json::from_str(r#"{
///     "inputs": { "load": { "terms": { "low": [[0, 1], [1, 0]], "high": [[0, 0], [1, 1]] } } },
///     "output": { "range": [0, 100], "terms": {
///         "stay": { "kind": "triangle", "left": 0, "peak": 20, "right": 40 },
///         "go": { "kind": "triangle", "left": 60, "peak": 80, "right": 100 } } },
///     "rules": [{ "if": { "load": "low" }, "then": "stay" }, { "if": { "load": "high" }, "then": "go" }]
/// }"#)?;
/// let system = Mamdani::new(&rules)?;
/// // Both rules hold to the same degree: half way between 20 and 80.
/// assert!((system.evaluate(&[0.5]) - 50.0).abs() < 1e-12);
/// assert!((system.evaluate(&[0.0]) - 20.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mamdani {
    inputs: Vec<Input>,
    /// The points of each term of the output.
    conclusions: Vec<Vec<[f64; 2]>>,
    range: [f64; 2],
    default: f64,
    rules: Vec<CompiledRule>,
    conjunction: Conjunction,
    implication: Implication,
    defuzzify: Defuzzification,
}

/// The number of a name among the keys of a map.
fn number_of<T>(what: &str, name: &str, known: &BTreeMap<String, T>) -> Result<usize, ParameterError> {
    known.keys().position(|key| key == name).ok_or_else(|| {
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        let error = ParameterError::new(format!("no {what} is named {name:?}"));
        match did_you_mean(name, names.iter().copied()) {
            Some(nearest) => error.help(format!("did you mean {nearest:?}?")),
            None => error.help(format!("known: {}", names.join(", "))),
        }
    })
}

fn check_terms(terms: &BTreeMap<String, FuzzySet>) -> Result<(), ParameterError> {
    if terms.is_empty() {
        return Err(ParameterError::new("there is no term").at("terms"));
    }
    for (name, set) in terms {
        set.check().map_err(|error| error.at(name).at("terms"))?;
    }
    Ok(())
}

impl CompiledRule {
    fn new(rule: &Rule, base: &RuleBase) -> Result<Self, ParameterError> {
        let mut conditions = Vec::new();
        for (name, terms) in &rule.conditions {
            let input = number_of("input", name, &base.inputs).map_err(|error| error.at("if"))?;
            let numbers = terms.iter().enumerate().map(|(index, term)| {
                let what = format!("term of {name:?}");
                number_of(&what, term, &base.inputs[name].terms).map_err(|error| {
                    let error =
                        if matches!(terms, Terms::One(_)) { error } else { error.at_index(index) };
                    error.at(name).at("if")
                })
            });
            conditions.push((input, numbers.collect::<Result<Vec<usize>, _>>()?));
        }
        let then = number_of("term of the output", &rule.then, &base.output.terms)
            .map_err(|error| error.at("then"))?;
        Ok(CompiledRule { conditions, then, weight: rule.weight })
    }

    /// Whether it speaks of a combination of one term for each input.
    fn covers(&self, combination: &[usize]) -> bool {
        self.conditions.iter().all(|(input, terms)| terms.contains(&combination[*input]))
    }
}

/// The rules for all combinations that no other rule covers.
fn other_rules(base: &RuleBase, rules: &[CompiledRule]) -> Result<Vec<CompiledRule>, ParameterError> {
    let Some(otherwise) = &base.otherwise else { return Ok(Vec::new()) };
    let then = number_of("term of the output", otherwise, &base.output.terms)
        .map_err(|error| error.at("otherwise"))?;
    let counts: Vec<usize> = base.inputs.values().map(|input| input.terms.len()).collect();
    let combinations = counts.iter().try_fold(1_usize, |all, &count| all.checked_mul(count));
    let Some(combinations) = combinations.filter(|&all| all <= MOST_COMBINATIONS) else {
        return Err(ParameterError::new(format!(
            "the terms of the inputs make more than {MOST_COMBINATIONS} combinations"
        ))
        .at("otherwise")
        .help("write the rules out"));
    };
    let mut others = Vec::new();
    for mut index in 0..combinations {
        let combination: Vec<usize> = counts
            .iter()
            .map(|count| {
                let term = index % count;
                index /= count;
                term
            })
            .collect();
        if !rules.iter().any(|rule| rule.covers(&combination)) {
            let conditions = combination.into_iter().map(|term| vec![term]).enumerate().collect();
            others.push(CompiledRule { conditions, then, weight: 1.0 });
        }
    }
    Ok(others)
}

impl Mamdani {
    /// Compiles a rule base.
    ///
    /// # Errors
    /// The first thing that does not fit, with its place: a name that is not known, a set that is none,
    /// a range that is empty.
    pub fn new(base: &RuleBase) -> Result<Self, ParameterError> {
        if base.inputs.is_empty() {
            return Err(ParameterError::new("there is no input").at("inputs"));
        }
        for (name, input) in &base.inputs {
            check_terms(&input.terms).map_err(|error| error.at(name).at("inputs"))?;
        }
        let output = &base.output;
        check_terms(&output.terms).map_err(|error| error.at("output"))?;
        let [least, most] = output.range;
        if !(least < most && (most - least).is_finite()) {
            let problem = format!("found the range {least} to {most}, which is empty");
            return Err(ParameterError::new(problem).at("range").at("output"));
        }
        let mut rules = Vec::new();
        for (index, rule) in base.rules.iter().enumerate() {
            let compiled = CompiledRule::new(rule, base);
            rules.push(compiled.map_err(|error| error.at_index(index).at("rules"))?);
        }
        let others = other_rules(base, &rules)?;
        rules.extend(others);
        if rules.is_empty() {
            return Err(ParameterError::new("there is no rule").at("rules"));
        }
        let inputs = base.inputs.iter().map(|(name, input)| Input {
            name: name.clone(),
            scale: input.scale,
            offset: input.offset,
            terms: input.terms.values().cloned().collect(),
        });
        Ok(Mamdani {
            inputs: inputs.collect(),
            conclusions: output.terms.values().map(FuzzySet::points).collect(),
            range: output.range,
            default: output.default,
            rules,
            conjunction: base.conjunction,
            implication: base.implication,
            defuzzify: output.defuzzify,
        })
    }

    /// The names of the inputs, in the order in which their values are given.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(|input| input.name.as_str())
    }

    /// Number of rules, those for `otherwise` included.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// The output for these values of the inputs, in the order of [`inputs`](Self::inputs). A value that
    /// is missing or not a number belongs to no term, so that rules which ask for it do not hold.
    #[must_use]
    pub fn evaluate(&self, values: &[f64]) -> f64 {
        let heights = self.heights(values);
        let parts: Vec<Part> = self
            .conclusions
            .iter()
            .zip(&heights)
            .filter(|(_, height)| **height > 0.0)
            .map(|(points, &height)| match self.implication {
                Implication::Minimum => Part::cut(points, height),
                Implication::Product => Part::scaled(points, height),
            })
            .collect();
        let [least, most] = self.range;
        let union = Union::new(&parts, least, most);
        let value = match self.defuzzify {
            Defuzzification::Centroid => union.centroid(),
            Defuzzification::LeftmostMaximum => union.highest().map(|(first, _)| first),
            Defuzzification::RightmostMaximum => union.highest().map(|(_, last)| last),
        };
        value.unwrap_or(self.default)
    }

    /// The degree to which the rules conclude each term of the output.
    fn heights(&self, values: &[f64]) -> Vec<f64> {
        let degrees: Vec<Vec<f64>> = self
            .inputs
            .iter()
            .enumerate()
            .map(|(index, input)| {
                let value = values.get(index).copied().unwrap_or(f64::NAN);
                let scaled = input.offset + input.scale * value;
                input.terms.iter().map(|term| term.degree(scaled)).collect()
            })
            .collect();
        let mut heights = vec![0.0_f64; self.conclusions.len()];
        for rule in &self.rules {
            let held = rule.conditions.iter().map(|(input, terms)| {
                terms.iter().map(|&term| degrees[*input][term]).fold(0.0, f64::max)
            });
            let degree = match self.conjunction {
                Conjunction::Minimum => held.fold(1.0, f64::min),
                Conjunction::Product => held.product(),
            };
            heights[rule.then] = heights[rule.then].max(degree * rule.weight);
        }
        heights
    }
}

#[cfg(test)]
mod tests;
