//! Holding a document to a JSON Schema, and reading values from documents.

use super::diagnostic::unknown;
use super::schema::{Keywords, Layers, Schema, Types, branches, constants, has_type, integer_range};
use super::{Diagnostics, Document, Path, QuantityKind, Segment};
use crate::names::did_you_mean;
use crate::units::quoted;
use regex::Regex;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};
use std::collections::BTreeMap;

/// Alternatives are tried out inside of alternatives that are being tried out only this deep, since each
/// level multiplies the work.
const DEEPEST_TRIAL: usize = 3;
/// Alternatives inside of alternatives deeper than this, for one and the same value, are circular.
const DEEPEST_ALTERNATIVES: usize = 8;

/// The JSON Schema (draft 2020-12) of a type.
#[must_use]
pub fn schema_of<T: JsonSchema>() -> Value {
    SchemaGenerator::default().into_root_schema_for::<T>().to_value()
}

/// Reads a value from a document: holds it to the schema of the type, then deserializes it.
///
/// # Errors
/// Everything that does not fit the schema; else what deserialization refuses beyond it.
pub fn read<T: DeserializeOwned + JsonSchema>(document: &Document) -> Result<T, Diagnostics> {
    check(document, &schema_of::<T>())?;
    serde_path_to_error::deserialize(document.value()).map_err(|error| {
        let path = error.path().iter().filter_map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => Some(Segment::Index(*index)),
            serde_path_to_error::Segment::Map { key } => Some(Segment::Key(key.clone())),
            // Variants are not steps in the document, and unknown steps cannot be followed.
            _ => None,
        });
        let path = Path::from(path.collect::<Vec<_>>());
        document.diagnostic(&path, error.inner().to_string()).into()
    })
}

/// Holds a document to a JSON Schema as schemars writes it.
///
/// Of an internally tagged enum, the variant that the value names is checked; of other alternatives, the one
/// of the value's type, or else the one with the fewest errors. Where the keyword `x-quantity` names a
/// [`QuantityKind`], its parser judges numbers and texts, and the range keywords beside it hold for the value
/// in the base unit. Keywords that schemars does not write are ignored.
///
/// # Errors
/// Everything that does not fit, in the order of the places.
pub fn check(document: &Document, schema: &Value) -> Result<(), Diagnostics> {
    let mut checker = Checker {
        document,
        schema: Schema { root: schema },
        path: Path::root(),
        help: None,
        errors: Diagnostics::default(),
        trials: 0,
        trial_errors: 0,
        patterns: BTreeMap::new(),
    };
    checker.check(schema, document.value());
    checker.errors.or(())
}

struct Checker<'a> {
    document: &'a Document,
    schema: Schema<'a>,
    /// The path of the value being checked.
    path: Path,
    /// What the schema says of the property being checked.
    help: Option<&'a str>,
    errors: Diagnostics,
    /// How many trials of alternatives are under way; their errors are only counted.
    trials: usize,
    trial_errors: usize,
    patterns: BTreeMap<&'a str, Option<Regex>>,
}

/// The part of a document that an error is about.
enum At {
    Key,
    Value,
}

impl<'a> Checker<'a> {
    fn check(&mut self, schema: &'a Value, value: &'a Value) {
        if schema == &Value::Bool(false) {
            return self.report(At::Value, || "nothing is allowed here".to_owned());
        }
        let mut layers = Layers(Vec::new());
        if !self.choose_all(schema, value, &mut layers, 0) {
            return;
        }
        if let Some(kind) = layers.quantity() {
            return self.check_quantity(kind, &layers, value);
        }
        if !layers.0.iter().all(|layer| self.check_constants(layer, value)) {
            return;
        }
        if !layers.0.iter().all(|layer| has_type(layer, value)) {
            return self.mismatch(value, &layers);
        }
        match value {
            Value::Number(number) => self.check_number(&layers, number, value),
            Value::String(text) => {
                let good = layers.in_length(text.chars().count(), "minLength", "maxLength")
                    && layers.all("pattern").all(|pattern| self.matches(pattern.as_str(), text));
                if !good {
                    self.mismatch(value, &layers);
                }
            }
            Value::Array(elements) => self.check_array(&layers, elements, value),
            Value::Object(object) => self.check_object(&layers, object),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Adds the layers of the schema and of the alternatives that the value chooses. False if it fits none,
    /// which is then reported.
    fn choose_all(
        &mut self,
        schema: &'a Value,
        value: &'a Value,
        layers: &mut Layers<'a>,
        depth: usize,
    ) -> bool {
        let own = self.schema.layers(schema);
        for layer in &own.0 {
            layers.0.push(layer);
            if let Some(branches) = branches(layer) {
                if depth == DEEPEST_ALTERNATIVES {
                    return true;
                }
                let chosen = self.choose(branches, &own, value);
                if !chosen.is_some_and(|chosen| self.choose_all(chosen, value, layers, depth + 1)) {
                    return false;
                }
            }
        }
        true
    }

    /// The alternative that the value is to be held to.
    fn choose(
        &mut self,
        branches: &'a [Value],
        layers: &Layers<'a>,
        value: &'a Value,
    ) -> Option<&'a Value> {
        let of_type = Types::of(value);
        let mut fitting = self.schema.alternatives(branches);
        fitting.retain(|alternative| self.schema.types(alternative).overlaps(of_type));
        if fitting.is_empty() {
            self.mismatch(value, layers);
            return None;
        }
        if fitting.len() > 1
            && let Value::String(text) = value
            && let Some(names) = self.names(&fitting)
        {
            let mut named = names.iter().zip(&fitting).filter(|(name, _)| *name == text);
            let chosen = named.next().map(|(_, alternative)| *alternative);
            if chosen.is_none() {
                self.report(At::Value, || unknown("value", text, &names, "known"));
            }
            return chosen;
        }
        if let Value::Object(object) = value
            && let Some(tagged) = self.schema.tagged(&fitting)
        {
            let kinds: Vec<&str> = tagged.variants.iter().map(|&(kind, _)| kind).collect();
            match object.get(tagged.property) {
                Some(Value::String(kind)) => {
                    self.path.push(Segment::Key(tagged.property.to_owned()));
                    let mut variants = tagged.variants.iter().filter(|(name, _)| name == kind);
                    let chosen = variants.next().map(|&(_, variant)| variant);
                    if chosen.is_none() {
                        self.report(At::Value, || unknown(tagged.property, kind, &kinds, "known"));
                    }
                    self.path.pop();
                    return chosen;
                }
                Some(other) => {
                    self.path.push(Segment::Key(tagged.property.to_owned()));
                    self.report(At::Value, || {
                        format!("found {}, expected one of {}", found(other), kinds.join(", "))
                    });
                    self.path.pop();
                    return None;
                }
                None if tagged.others.is_empty() => {
                    let property = quoted(tagged.property);
                    self.report(At::Value, || {
                        format!("missing key {property} (known: {})", kinds.join(", "))
                    });
                    return None;
                }
                None => fitting = tagged.others,
            }
        }
        if fitting.len() == 1 || self.trials == DEEPEST_TRIAL {
            return fitting.first().copied();
        }
        let tried =
            fitting.into_iter().map(|alternative| (self.try_out(alternative, value), alternative));
        tried.min_by_key(|&(errors, _)| errors).map(|(_, alternative)| alternative)
    }

    /// The string that each of the alternatives stands for, if each stands for exactly one.
    fn names(&self, alternatives: &[&'a Value]) -> Option<Vec<&'a str>> {
        let name = |alternative: &&'a Value| {
            let layers = self.schema.layers(alternative);
            match layers.0.iter().find_map(|layer| constants(layer)) {
                Some([Value::String(name)]) => Some(name.as_str()),
                _ => None,
            }
        };
        alternatives.iter().map(name).collect()
    }

    /// The number of errors that the value would have.
    fn try_out(&mut self, schema: &'a Value, value: &'a Value) -> usize {
        let before = std::mem::take(&mut self.trial_errors);
        self.trials += 1;
        self.check(schema, value);
        self.trials -= 1;
        std::mem::replace(&mut self.trial_errors, before)
    }

    fn check_quantity(&mut self, kind: &'static QuantityKind, layers: &Layers<'a>, value: &Value) {
        let parsed = match value {
            Value::Number(number) => kind.check(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => kind.parse(text),
            _ => return self.mismatch(value, layers),
        };
        match parsed {
            Ok(quantity) if layers.in_range(quantity) => {}
            Ok(_) => self.mismatch(value, layers),
            Err(error) => self.report(At::Value, || error.to_string()),
        }
    }

    fn check_constants(&mut self, layer: &'a Keywords, value: &Value) -> bool {
        let Some(allowed) = constants(layer).filter(|allowed| !allowed.contains(value)) else {
            return true;
        };
        let names: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
        match value {
            Value::String(text) if !names.is_empty() => {
                self.report(At::Value, || unknown("value", text, &names, "known"));
            }
            _ => self.mismatch(value, &Layers(vec![layer])),
        }
        false
    }

    fn check_number(&mut self, layers: &Layers<'a>, number: &Number, value: &Value) {
        if !layers.in_range(number.as_f64().unwrap_or(f64::NAN)) {
            return self.mismatch(value, layers);
        }
        let Some((least, most)) = layers.get("format").and_then(Value::as_str).and_then(integer_range)
        else {
            return;
        };
        let integer = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
        if integer.is_none_or(|integer| integer < least || integer > most) {
            self.report(At::Value, || {
                format!("found {number}, expected a whole number from {least} to {most}")
            });
        }
    }

    fn check_array(&mut self, layers: &Layers<'a>, elements: &'a [Value], value: &Value) {
        if !layers.in_length(elements.len(), "minItems", "maxItems") {
            self.mismatch(value, layers);
        }
        for layer in &layers.0 {
            let first =
                layer.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let rest = layer.get("items");
            for (index, element) in elements.iter().enumerate() {
                if let Some(schema) = first.get(index).or(rest) {
                    self.check_inside(Segment::Index(index), schema, element);
                }
            }
        }
        if layers.get("uniqueItems") == Some(&Value::Bool(true)) {
            let mut first = BTreeMap::new();
            for (index, element) in elements.iter().enumerate() {
                if let Some(earlier) = first.insert(element.to_string(), index) {
                    self.path.push(Segment::Index(index));
                    self.report(At::Value, || {
                        format!("found {} again, first in element {earlier}", found(element))
                    });
                    self.path.pop();
                }
            }
        }
    }

    fn check_object(&mut self, layers: &Layers<'a>, object: &'a serde_json::Map<String, Value>) {
        let properties: BTreeMap<&str, &Value> =
            layers.entries("properties").map(|(key, schema)| (key.as_str(), schema)).collect();
        let mut meant: Vec<&str> = Vec::new();
        for (key, value) in object {
            let mut is_known = false;
            for (_, schema) in layers.entries("properties").filter(|(name, _)| *name == key) {
                is_known = true;
                self.check_inside(Segment::Key(key.clone()), schema, value);
            }
            for (pattern, schema) in layers.entries("patternProperties") {
                if self.matches(Some(pattern), key) {
                    is_known = true;
                    self.check_inside(Segment::Key(key.clone()), schema, value);
                }
            }
            if is_known {
                continue;
            }
            let others = layers.all("additionalProperties").chain(layers.all("unevaluatedProperties"));
            for schema in others {
                if schema != &Value::Bool(false) {
                    self.check_inside(Segment::Key(key.clone()), schema, value);
                    continue;
                }
                let mut allowed: Vec<&str> = Vec::new();
                for (name, _) in layers.entries("properties") {
                    if !allowed.contains(&name.as_str()) {
                        allowed.push(name);
                    }
                }
                meant.extend(did_you_mean(key, allowed.iter().copied()));
                self.path.push(Segment::Key(key.clone()));
                self.report(At::Key, || unknown("key", key, &allowed, "allowed"));
                self.path.pop();
                break;
            }
        }
        for required in layers.all("required").filter_map(Value::as_array).flatten() {
            // A mistyped key is one error, not two.
            let Some(key) = required.as_str() else { continue };
            if object.contains_key(key) || meant.contains(&key) {
                continue;
            }
            let schema = properties.get(key).copied();
            let help = std::mem::replace(&mut self.help, schema.and_then(description));
            let schemas = self.schema;
            self.report(At::Value, || match schema {
                Some(schema) => format!("missing key {}: {}", quoted(key), schemas.describe(schema)),
                None => format!("missing key {}", quoted(key)),
            });
            self.help = help;
        }
    }

    fn check_inside(&mut self, segment: Segment, schema: &'a Value, value: &'a Value) {
        let help = match segment {
            Segment::Key(_) => std::mem::replace(&mut self.help, description(schema)),
            Segment::Index(_) => self.help,
        };
        self.path.push(segment);
        self.check(schema, value);
        self.path.pop();
        self.help = help;
    }

    /// Whether the text matches; a pattern that is not a regular expression matches all.
    fn matches(&mut self, pattern: Option<&'a str>, text: &str) -> bool {
        let Some(pattern) = pattern else { return true };
        let regex = self.patterns.entry(pattern).or_insert_with(|| Regex::new(pattern).ok());
        regex.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    fn mismatch(&mut self, value: &Value, layers: &Layers<'a>) {
        let schema = self.schema;
        self.report(At::Value, || {
            format!("found {}, expected {}", found(value), schema.describe_layers(layers))
        });
    }

    fn report(&mut self, at: At, message: impl FnOnce() -> String) {
        if self.trials > 0 {
            self.trial_errors += 1;
            return;
        }
        self.errors.push_with(|| {
            let diagnostic = match at {
                At::Key => return self.document.key_diagnostic(&self.path, message()),
                At::Value => self.document.diagnostic(&self.path, message()),
            };
            match self.help {
                Some(help) => diagnostic.help(first_paragraph(help)),
                None => diagnostic,
            }
        });
    }
}

fn description(schema: &Value) -> Option<&str> {
    schema.get("description")?.as_str()
}

fn first_paragraph(text: &str) -> String {
    let lines = text.trim().lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// The value in words, short enough for a message.
fn found(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{} (a string)", quoted(text)),
        Value::Array(elements) if elements.len() == 1 => "an array of 1 element".to_owned(),
        Value::Array(elements) => format!("an array of {} elements", elements.len()),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
