//! Reading a JSON Schema: the part of the 2020-12 draft that schemars writes.

use super::QuantityKind;
use serde_json::{Map, Value};

pub(super) type Keywords = Map<String, Value>;

/// A set of JSON types, a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    const NONE: Types = Types(0);
    const ALL: Types = Types(0x3f);
    const NULL: Types = Types(1);
    const BOOLEAN: Types = Types(2);
    const NUMBER: Types = Types(4);
    const STRING: Types = Types(8);
    const ARRAY: Types = Types(16);
    pub(super) const OBJECT: Types = Types(32);

    pub(super) fn of(value: &Value) -> Types {
        match value {
            Value::Null => Types::NULL,
            Value::Bool(_) => Types::BOOLEAN,
            Value::Number(_) => Types::NUMBER,
            Value::String(_) => Types::STRING,
            Value::Array(_) => Types::ARRAY,
            Value::Object(_) => Types::OBJECT,
        }
    }

    /// The type that the keyword `type` names; an integer is a number here.
    fn named(name: &str) -> Types {
        match name {
            "null" => Types::NULL,
            "boolean" => Types::BOOLEAN,
            "integer" | "number" => Types::NUMBER,
            "string" => Types::STRING,
            "array" => Types::ARRAY,
            "object" => Types::OBJECT,
            _ => Types::ALL,
        }
    }

    fn union(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    fn intersection(self, other: Types) -> Types {
        Types(self.0 & other.0)
    }

    pub(super) fn overlaps(self, other: Types) -> bool {
        self.intersection(other) != Types::NONE
    }
}

/// All keyword objects that hold for one value: a schema, what it refers to, and what `allOf` adds.
#[derive(Debug)]
pub(super) struct Layers<'s>(pub(super) Vec<&'s Keywords>);

impl<'s> Layers<'s> {
    /// The keyword in the first layer that has it.
    pub(super) fn get(&self, keyword: &str) -> Option<&'s Value> {
        self.all(keyword).next()
    }

    /// The keyword in every layer that has it.
    pub(super) fn all(&self, keyword: &str) -> impl Iterator<Item = &'s Value> {
        self.0.iter().filter_map(move |layer| layer.get(keyword))
    }

    /// The entries of an object keyword such as `properties`, in every layer.
    pub(super) fn entries(&self, keyword: &str) -> impl Iterator<Item = (&'s String, &'s Value)> {
        self.all(keyword).filter_map(Value::as_object).flatten()
    }

    pub(super) fn quantity(&self) -> Option<&'static QuantityKind> {
        QuantityKind::named(self.get("x-quantity")?.as_str()?)
    }

    fn number(&self, keyword: &str) -> Option<f64> {
        self.get(keyword)?.as_f64()
    }

    /// The range of numbers in words, such as " from 0 to 1", or nothing; `show` writes a bound.
    pub(super) fn range_in_words(&self, show: impl Fn(f64) -> String) -> String {
        let bound = |keyword| self.number(keyword).map(&show);
        let (minimum, maximum) = (bound("minimum"), bound("maximum"));
        let (above, below) = (bound("exclusiveMinimum"), bound("exclusiveMaximum"));
        if let (Some(minimum), Some(maximum), None, None) = (&minimum, &maximum, &above, &below) {
            return format!(" from {minimum} to {maximum}");
        }
        let low = above.map(|b| format!("above {b}")).or(minimum.map(|b| format!("of at least {b}")));
        let high = below.map(|b| format!("below {b}")).or(maximum.map(|b| format!("of at most {b}")));
        let parts: Vec<String> = low.into_iter().chain(high).collect();
        if parts.is_empty() { String::new() } else { format!(" {}", parts.join(" and ")) }
    }

    /// Whether a number is within the range of every layer.
    pub(super) fn in_range(&self, number: f64) -> bool {
        let holds = |keyword: &str, good: fn(f64, f64) -> bool| {
            self.all(keyword).filter_map(Value::as_f64).all(|bound| good(number, bound))
        };
        holds("minimum", |n, b| n >= b)
            && holds("maximum", |n, b| n <= b)
            && holds("exclusiveMinimum", |n, b| n > b)
            && holds("exclusiveMaximum", |n, b| n < b)
    }

    /// A length limit in words, such as " of at least 1 character", or nothing.
    fn length_in_words(&self, minimum: &str, maximum: &str, unit: &str) -> String {
        let count = |keyword| self.get(keyword).and_then(Value::as_u64);
        let plural = |n: u64| if n == 1 { format!("{n} {unit}") } else { format!("{n} {unit}s") };
        match (count(minimum), count(maximum)) {
            (None, None) => String::new(),
            (Some(low), None) => format!(" of at least {}", plural(low)),
            (None, Some(high)) => format!(" of at most {}", plural(high)),
            (Some(low), Some(high)) if low == high => format!(" of {}", plural(low)),
            (Some(low), Some(high)) => format!(" of {low} to {}", plural(high)),
        }
    }

    pub(super) fn in_length(&self, length: usize, minimum: &str, maximum: &str) -> bool {
        let length = length as u64;
        self.all(minimum).filter_map(Value::as_u64).all(|least| length >= least)
            && self.all(maximum).filter_map(Value::as_u64).all(|most| length <= most)
    }
}

/// The least and greatest integer of a `format`, if it is one of Rust's integers.
pub(super) fn integer_range(format: &str) -> Option<(i128, i128)> {
    Some(match format {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "int64" | "int" => (i64::MIN.into(), i64::MAX.into()),
        "uint8" => (0, u8::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        "uint64" | "uint" => (0, u64::MAX.into()),
        _ => return None,
    })
}

/// The values that `const` or `enum` allow.
pub(super) fn constants(layer: &Keywords) -> Option<&[Value]> {
    layer
        .get("const")
        .map(std::slice::from_ref)
        .or_else(|| layer.get("enum").and_then(Value::as_array).map(Vec::as_slice))
}

/// The members of `anyOf` or `oneOf`. What a quantity may be is for its own parser.
pub(super) fn branches(layer: &Keywords) -> Option<&[Value]> {
    if layer.contains_key("x-quantity") {
        return None;
    }
    layer.get("anyOf").or_else(|| layer.get("oneOf")).and_then(Value::as_array).map(Vec::as_slice)
}

/// Alternatives told apart by the string constant of one property.
#[derive(Debug)]
pub(super) struct Tagged<'s> {
    pub(super) property: &'s str,
    pub(super) variants: Vec<(&'s str, &'s Value)>,
    /// Those that do not have the property.
    pub(super) others: Vec<&'s Value>,
}

/// A JSON Schema, with the definitions that its parts refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema<'s> {
    pub(super) root: &'s Value,
}

impl<'s> Schema<'s> {
    /// What holds for a value of this schema, without its alternatives.
    pub(super) fn layers(&self, schema: &'s Value) -> Layers<'s> {
        let mut layers = Layers(Vec::new());
        self.add_layers(schema, &mut layers);
        layers
    }

    fn add_layers(&self, schema: &'s Value, layers: &mut Layers<'s>) {
        let Some(keywords) = schema.as_object() else { return };
        // A second time adds nothing, and ends circles.
        if layers.0.iter().any(|layer| std::ptr::eq(*layer, keywords)) {
            return;
        }
        layers.0.push(keywords);
        if let Some(target) = self.target(keywords) {
            self.add_layers(target, layers);
        }
        for part in keywords.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.add_layers(part, layers);
        }
    }

    fn target(&self, keywords: &'s Keywords) -> Option<&'s Value> {
        self.root.pointer(keywords.get("$ref")?.as_str()?.strip_prefix('#')?)
    }

    /// The alternatives among these branches, with those of branches that only list alternatives in turn put
    /// in their place.
    pub(super) fn alternatives(&self, branches: &'s [Value]) -> Vec<&'s Value> {
        let mut alternatives = Vec::new();
        self.add_alternatives(branches, &mut alternatives, &mut Vec::new());
        alternatives
    }

    fn add_alternatives(
        &self,
        branches: &'s [Value],
        alternatives: &mut Vec<&'s Value>,
        done: &mut Vec<&'s [Value]>,
    ) {
        const NOTES: [&str; 8] =
            ["title", "description", "default", "examples", "deprecated", "$ref", "anyOf", "oneOf"];
        if done.iter().any(|earlier| std::ptr::eq(*earlier, branches)) {
            return;
        }
        done.push(branches);
        for branch in branches {
            let layers = self.layers(branch);
            let only_lists = layers.0.iter().all(|l| l.keys().all(|key| NOTES.contains(&key.as_str())));
            let mut inner = layers.0.iter().filter_map(|layer| self::branches(layer));
            match (inner.next(), inner.next()) {
                (Some(inner), None) if only_lists => self.add_alternatives(inner, alternatives, done),
                _ => alternatives.push(branch),
            }
        }
    }

    /// The JSON types that a value of this schema may have.
    pub(super) fn types(&self, schema: &'s Value) -> Types {
        self.types_within(schema, &mut Vec::new())
    }

    /// `outer` are the schemas whose types are being found, which in a circle add none.
    fn types_within(&self, schema: &'s Value, outer: &mut Vec<&'s Value>) -> Types {
        if schema == &Value::Bool(false) || outer.iter().any(|o| std::ptr::eq(*o, schema)) {
            return Types::NONE;
        }
        outer.push(schema);
        let union = |types: Types, other: Types| types.union(other);
        let layers = self.layers(schema);
        let mut types = Types::ALL;
        for layer in &layers.0 {
            if layer.contains_key("x-quantity") {
                types = types.intersection(Types::NUMBER.union(Types::STRING));
            }
            if layer.contains_key("type") {
                let named = type_names(layer).map(Types::named);
                types = types.intersection(named.fold(Types::NONE, union));
            }
            if let Some(constants) = constants(layer) {
                let all = constants.iter().map(Types::of).fold(Types::NONE, union);
                types = types.intersection(all);
            }
            if let Some(branches) = branches(layer) {
                let all = branches.iter().map(|branch| self.types_within(branch, outer));
                types = types.intersection(all.fold(Types::NONE, union));
            }
        }
        outer.pop();
        types
    }

    /// The property whose constant tells these alternatives apart, as in an internally tagged enum.
    pub(super) fn tagged(&self, alternatives: &[&'s Value]) -> Option<Tagged<'s>> {
        let constant_of = |alternative: &'s Value, property: &str| {
            let layers = self.layers(alternative);
            let mut values = layers.entries("properties").filter(|(key, _)| *key == property);
            values.find_map(|(_, value)| match constants(value.as_object()?)? {
                [Value::String(constant)] => Some(constant.as_str()),
                _ => None,
            })
        };
        let property = alternatives.iter().find_map(|alternative| {
            let layers = self.layers(alternative);
            let mut keys = layers.entries("properties").map(|(key, _)| key.as_str());
            keys.find(|key| constant_of(alternative, key).is_some())
        })?;
        let mut tagged = Tagged { property, variants: Vec::new(), others: Vec::new() };
        for &alternative in alternatives {
            match constant_of(alternative, property) {
                Some(constant) => tagged.variants.push((constant, alternative)),
                None => tagged.others.push(alternative),
            }
        }
        Some(tagged)
    }

    /// What a value of this schema must be, in words.
    pub(super) fn describe(&self, schema: &'s Value) -> String {
        self.describe_layers(&self.layers(schema))
    }

    pub(super) fn describe_layers(&self, layers: &Layers<'s>) -> String {
        if let Some(kind) = layers.quantity() {
            let range = layers.range_in_words(|bound| kind.format(bound));
            return format!("{}{range} such as {}", kind.with_article(), Value::from(kind.example));
        }
        if let Some(constants) = layers.0.iter().find_map(|layer| constants(layer)) {
            return one_of(constants.iter().map(Value::to_string));
        }
        if let Some(branches) = layers.0.iter().find_map(|layer| branches(layer)) {
            let alternatives = self.alternatives(branches);
            return one_of(alternatives.into_iter().map(|alternative| self.describe_leaf(alternative)));
        }
        let types = layers.0.iter().find(|layer| layer.contains_key("type"));
        match types {
            Some(layer) => one_of(type_names(layer).map(|name| describe_type(name, layers))),
            None => "another value".to_owned(),
        }
    }

    /// An alternative, which lists no further ones unless schemas are circular.
    fn describe_leaf(&self, alternative: &'s Value) -> String {
        let layers = self.layers(alternative);
        if layers.0.iter().any(|layer| branches(layer).is_some()) {
            return "an object".to_owned();
        }
        self.describe_layers(&layers)
    }
}

fn type_names(layer: &Keywords) -> impl Iterator<Item = &str> {
    let names = match layer.get("type") {
        Some(Value::Array(names)) => names.as_slice(),
        Some(name) => std::slice::from_ref(name),
        None => &[],
    };
    names.iter().filter_map(Value::as_str)
}

/// Whether the value is of a type that the keyword `type` of this layer names.
pub(super) fn has_type(layer: &Keywords, value: &Value) -> bool {
    !layer.contains_key("type")
        || type_names(layer).any(|name| match (name, value) {
            ("integer", Value::Number(number)) => {
                !number.is_f64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
            }
            _ => Types::named(name).overlaps(Types::of(value)),
        })
}

fn describe_type(name: &str, layers: &Layers<'_>) -> String {
    let range = || layers.range_in_words(|bound| bound.to_string());
    match name {
        "integer" => format!("a whole number{}", range()),
        "number" => format!("a number{}", range()),
        "string" => {
            let length = layers.length_in_words("minLength", "maxLength", "character");
            match layers.get("pattern").and_then(Value::as_str) {
                Some(pattern) => format!("a string{length} that matches {pattern}"),
                None => format!("a string{length}"),
            }
        }
        "array" => format!("an array{}", layers.length_in_words("minItems", "maxItems", "element")),
        "object" => "an object".to_owned(),
        "boolean" => "true or false".to_owned(),
        other => other.to_owned(),
    }
}

/// The descriptions in a list, each once.
fn one_of(descriptions: impl Iterator<Item = String>) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for description in descriptions {
        if !distinct.contains(&description) {
            distinct.push(description);
        }
    }
    match distinct.as_slice() {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        _ => distinct.concat(),
    }
}
