//! Reading JSON that others write: values that know where they are.

use crate::scenario::{Diagnostics, Document, Path};
use serde_json::Value;
use std::cell::RefCell;

/// Greatest amount that is read from files of others.
pub(super) const GREATEST_AMOUNT: f64 = 1e18;

/// A value in a document, and where its errors go.
#[derive(Clone, Debug)]
pub(super) struct JsonAt<'a> {
    document: &'a Document,
    errors: &'a RefCell<Diagnostics>,
    pub(super) path: Path,
    pub(super) value: &'a Value,
}

impl<'a> JsonAt<'a> {
    pub(super) fn root(document: &'a Document, errors: &'a RefCell<Diagnostics>) -> Self {
        JsonAt { document, errors, path: Path::root(), value: document.value() }
    }

    /// Whether nothing wrong was found so far.
    pub(super) fn is_clean(&self) -> bool {
        self.errors.borrow().is_empty()
    }

    pub(super) fn error(&self, message: impl Into<String>) {
        self.errors.borrow_mut().push(self.document.diagnostic(&self.path, message));
    }

    pub(super) fn error_with_help(&self, message: impl Into<String>, help: impl Into<String>) {
        self.errors.borrow_mut().push(self.document.diagnostic(&self.path, message).help(help));
    }

    /// The value of a key, if it is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<JsonAt<'a>> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(JsonAt { path: self.path.key(key), value, ..self.clone() })
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &str) -> Option<JsonAt<'a>> {
        let value = self.get(key);
        if value.is_none() {
            self.error(format!("missing key {key:?}"));
        }
        value
    }

    /// The elements of an array.
    pub(super) fn elements(&self) -> Vec<JsonAt<'a>> {
        match self.value {
            Value::Array(elements) => {
                let at = |(index, value)| JsonAt { path: self.path.index(index), value, ..self.clone() };
                elements.iter().enumerate().map(at).collect()
            }
            other => {
                self.error(format!("found {}, expected an array", kind(other)));
                Vec::new()
            }
        }
    }

    /// The entries of an object.
    pub(super) fn entries(&self) -> Vec<(&'a str, JsonAt<'a>)> {
        match self.value {
            Value::Object(entries) => {
                let at = |(key, value): (&'a String, &'a Value)| {
                    (key.as_str(), JsonAt { path: self.path.key(key.as_str()), value, ..self.clone() })
                };
                entries.iter().map(at).collect()
            }
            other => {
                self.error(format!("found {}, expected an object", kind(other)));
                Vec::new()
            }
        }
    }

    /// A number of at least 0, and at most [`GREATEST_AMOUNT`], so that it stays one in any unit.
    pub(super) fn amount(&self) -> Option<f64> {
        let number = self.value.as_f64().filter(|number| (0.0..=GREATEST_AMOUNT).contains(number));
        if number.is_none() {
            let range = format!("a number from 0 to {GREATEST_AMOUNT:e}");
            self.error(format!("found {}, expected {range}", shown(self.value)));
        }
        number
    }

    /// A share.
    pub(super) fn share(&self) -> Option<f64> {
        let share = self.value.as_f64().filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            self.error(format!("found {}, expected a number from 0 to 1", shown(self.value)));
        }
        share
    }

    /// A text of at least one character; a number is its digits.
    pub(super) fn name(&self) -> Option<String> {
        let name = match self.value {
            Value::String(name) => Some(name.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let name = name.filter(|name| !name.is_empty());
        if name.is_none() {
            self.error(format!("found {}, expected a name", shown(self.value)));
        }
        name
    }

    /// A list of names.
    pub(super) fn names(&self) -> Vec<String> {
        self.elements().iter().filter_map(JsonAt::name).collect()
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A value in a message: short ones in full.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => kind(value).to_owned(),
        other => other.to_string(),
    }
}
