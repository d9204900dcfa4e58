//! Schemas and descriptions of registered kinds, and the parameters that a family shares.

use super::{Entry, KindInfo, Parameters};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The keys of parameters that any kind of a family may have beside its own.
fn shared_keys<C: JsonSchema>() -> Map<String, Value> {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<C>().to_value();
    match schema["properties"].take() {
        Value::Object(properties) => properties,
        _ => Map::new(),
    }
}

/// The parameters of a kind alone, and those that are shared by its family.
pub(super) fn split<C: Parameters>(value: &Value) -> (Value, Value) {
    let shared = shared_keys::<C>();
    let object = value.as_object().cloned().unwrap_or_default();
    let (common, own): (Map<_, _>, Map<_, _>) =
        object.into_iter().partition(|(key, _)| shared.contains_key(key));
    (Value::Object(own), Value::Object(common))
}

pub(super) fn one_of<M>(entries: &BTreeMap<String, Entry<M>>, generator: &mut SchemaGenerator) -> Value {
    let alternatives: Vec<Value> = entries
        .iter()
        .map(|(name, entry)| {
            let mut schema = (entry.schema)(generator).to_value();
            let kind = json!({ "const": name, "type": "string" });
            if let Some(object) = schema.as_object_mut() {
                let mut properties = Map::new();
                properties.insert("kind".into(), kind);
                if let Some(Value::Object(own)) = object.remove("properties") {
                    properties.extend(own);
                }
                object.insert("properties".into(), Value::Object(properties));
                let mut required = vec![json!("kind")];
                if let Some(Value::Array(own)) = object.remove("required") {
                    required.extend(own);
                }
                object.insert("required".into(), Value::Array(required));
                object.insert("type".into(), "object".into());
            }
            schema
        })
        .collect();
    json!({ "oneOf": alternatives })
}

/// Adds the parameters that any kind of a family may have to each of the alternatives.
pub(super) fn add_shared<C: JsonSchema>(kinds: &mut Value, generator: &mut SchemaGenerator) {
    let schema = C::json_schema(generator).to_value();
    let Some(shared) = schema["properties"].as_object() else { return };
    for alternative in kinds["oneOf"].as_array_mut().into_iter().flatten() {
        if !alternative["properties"].is_object() {
            alternative["properties"] = json!({});
        }
        if let Some(properties) = alternative["properties"].as_object_mut() {
            properties.extend(shared.clone());
        }
    }
}

/// What any kind of a family may have.
pub(super) fn shared_info<C: JsonSchema>(family: &'static str) -> KindInfo {
    info(family, "(with any)", C::json_schema)
}

pub(super) fn infos<M>(family: &'static str, entries: &BTreeMap<String, Entry<M>>) -> Vec<KindInfo> {
    entries.iter().map(|(name, entry)| info(family, name, entry.schema)).collect()
}

fn info(family: &'static str, name: &str, schema: fn(&mut SchemaGenerator) -> Schema) -> KindInfo {
    describe(family, name, &schema(&mut SchemaGenerator::default()).to_value())
}

fn describe(family: &'static str, name: &str, schema: &Value) -> KindInfo {
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().replace('\n', " ")
    };
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let parameters = properties
        .iter()
        .map(|(key, property)| {
            let must = required.contains(&json!(key));
            let default = property.get("default").cloned().unwrap_or(Value::Null);
            (key.clone(), text(property, "description"), (!must).then_some(default))
        })
        .collect();
    KindInfo { family, name: name.into(), summary: text(schema, "description"), parameters }
}

/// The alternatives of an enum by kind.
pub(super) fn alternatives<C: JsonSchema>(family: &'static str) -> Vec<KindInfo> {
    let schema = SchemaGenerator::default().into_root_schema_for::<C>().to_value();
    let alternatives = schema["oneOf"].as_array().cloned().unwrap_or_default();
    let definitions = schema["$defs"].clone();
    let of = |alternative: &Value| {
        let name = alternative["properties"]["kind"]["const"].as_str().unwrap_or_default();
        let mut own = alternative.clone();
        // The parameters of a type of its own are in its definition.
        let reference = own["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        if let Some(definition) = reference.map(|name| definitions[name].clone()) {
            for (key, value) in definition["properties"].as_object().into_iter().flatten() {
                own["properties"][key.as_str()] = value.clone();
            }
            if let Some(required) = definition.get("required") {
                own["required"] = required.clone();
            }
        }
        if let Some(properties) = own["properties"].as_object_mut() {
            properties.remove("kind");
        }
        describe(family, name, &own)
    };
    alternatives.iter().map(of).collect()
}
