//! YAML as a tree whose values know where they are.

use crate::scenario::{Diagnostic, Diagnostics, Origin, Path, Place, Segment};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use std::cell::RefCell;
use std::fmt;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Yaml {
    Scalar(Value),
    Sequence(Vec<Spanned<Yaml>>),
    Mapping(Vec<(Spanned<String>, Spanned<Yaml>)>),
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YamlVisitor)
    }
}

struct YamlVisitor;

impl<'de> Visitor<'de> for YamlVisitor {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar, a sequence or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Yaml, D::Error> {
        Yaml::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::from(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Yaml, E> {
        // What JSON has no number for stays a text.
        let text = || Value::String(value.to_string());
        Ok(Yaml::Scalar(Number::from_f64(value).map_or_else(text, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::String(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Yaml, A::Error> {
        let mut sequence = Vec::new();
        while let Some(element) = elements.next_element()? {
            sequence.push(element);
        }
        Ok(Yaml::Sequence(sequence))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Yaml, A::Error> {
        let mut mapping = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            mapping.push(entry);
        }
        Ok(Yaml::Mapping(mapping))
    }
}

impl Yaml {
    /// The same as JSON.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Yaml::Scalar(value) => value.clone(),
            Yaml::Sequence(elements) => {
                Value::Array(elements.iter().map(|element| element.value.to_json()).collect())
            }
            Yaml::Mapping(entries) => {
                let entry = |(key, value): &(Spanned<String>, Spanned<Yaml>)| {
                    (key.value.clone(), value.value.to_json())
                };
                Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
            }
        }
    }
}

/// A YAML file, and where its errors go.
pub(super) struct YamlFile {
    pub(super) name: String,
    pub(super) root: Spanned<Yaml>,
    pub(super) errors: RefCell<Diagnostics>,
}

impl YamlFile {
    /// Parses a text; `name` names the file in messages.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, Diagnostics> {
        let root = serde_saphyr::from_str(text).map_err(|error| {
            let place = error.location().map(|at| place(at.line(), at.column()));
            let origin = origin(name, place);
            // The first line is the message; a picture of the place may follow.
            let message = error.without_snippet().to_string();
            let message = message.lines().next().unwrap_or_default().to_owned();
            Diagnostics::from(Diagnostic::new(origin, Path::root(), message))
        })?;
        Ok(YamlFile { name: name.to_owned(), root, errors: RefCell::new(Diagnostics::default()) })
    }

    /// Reports an error at a path, or at the nearest value around it.
    pub(super) fn error(&self, path: &Path, message: impl Into<String>, help: Option<String>) {
        let mut at = &self.root;
        let mut spot = at.referenced;
        for segment in path.segments() {
            let next = match (&at.value, segment) {
                (Yaml::Sequence(elements), Segment::Index(index)) => elements.get(*index),
                (Yaml::Mapping(entries), Segment::Key(key)) => {
                    entries.iter().find(|(own, _)| own.value == *key).map(|(_, value)| value)
                }
                _ => None,
            };
            let Some(next) = next else { break };
            at = next;
            if next.referenced.line() > 0 {
                spot = next.referenced;
            }
        }
        let origin = origin(&self.name, Some(place(spot.line(), spot.column())));
        let diagnostic = Diagnostic::new(origin, path.clone(), message);
        self.errors.borrow_mut().push(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }
}

fn place(line: u64, column: u64) -> Place {
    Place { line: line as usize, column: column as usize }
}

fn origin(name: &str, place: Option<Place>) -> Origin {
    match place.filter(|place| place.line > 0) {
        Some(place) => Origin::File { name: name.to_owned(), place },
        None => Origin::WholeFile(name.to_owned()),
    }
}

/// A value of a YAML file.
#[derive(Clone)]
pub(super) struct YamlAt<'a> {
    pub(super) file: &'a YamlFile,
    pub(super) path: Path,
    pub(super) value: &'a Yaml,
}

impl<'a> YamlAt<'a> {
    pub(super) fn root(file: &'a YamlFile) -> Self {
        YamlAt { file, path: Path::root(), value: &file.root.value }
    }

    pub(super) fn error(&self, message: impl Into<String>) {
        self.file.error(&self.path, message, None);
    }

    pub(super) fn error_with_help(&self, message: impl Into<String>, help: impl Into<String>) {
        self.file.error(&self.path, message, Some(help.into()));
    }

    /// The value of a key, if it is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<YamlAt<'a>> {
        let Yaml::Mapping(entries) = self.value else { return None };
        let (_, value) = entries.iter().find(|(own, _)| own.value == key)?;
        let is_null = matches!(value.value, Yaml::Scalar(Value::Null));
        (!is_null).then(|| YamlAt { file: self.file, path: self.path.key(key), value: &value.value })
    }

    /// The entries of a mapping.
    pub(super) fn entries(&self) -> Vec<(&'a str, YamlAt<'a>)> {
        match self.value {
            Yaml::Mapping(entries) => {
                let at = |(key, value): &'a (Spanned<String>, Spanned<Yaml>)| {
                    let path = self.path.key(key.value.as_str());
                    (key.value.as_str(), YamlAt { file: self.file, path, value: &value.value })
                };
                entries.iter().map(at).collect()
            }
            _ => {
                self.error("expected a mapping of keys and values");
                Vec::new()
            }
        }
    }

    /// The elements of a sequence.
    pub(super) fn elements(&self) -> Vec<YamlAt<'a>> {
        match self.value {
            Yaml::Sequence(elements) => {
                let at = |(index, value): (usize, &'a Spanned<Yaml>)| YamlAt {
                    file: self.file,
                    path: self.path.index(index),
                    value: &value.value,
                };
                elements.iter().enumerate().map(at).collect()
            }
            _ => {
                self.error("expected a sequence");
                Vec::new()
            }
        }
    }

    /// A scalar as a text.
    pub(super) fn text(&self) -> Option<String> {
        match self.value {
            Yaml::Scalar(Value::String(text)) => Some(text.clone()),
            Yaml::Scalar(Value::Number(number)) => Some(number.to_string()),
            Yaml::Scalar(Value::Bool(value)) => Some(value.to_string()),
            _ => {
                self.error("expected a text or a number");
                None
            }
        }
    }
}
