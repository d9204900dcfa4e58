use super::*;
use crate::scenario::{DataSize, Duration, Ratio};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A scenario with every kind of field.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Sample {
    /// The run's name.
    ///
    /// Not shown in messages.
    #[schemars(length(min = 1, max = 8), regex(pattern = "^[a-z]*$"))]
    name: Option<String>,
    nodes: Vec<Node>,
    policy: Policy,
    arrivals: Option<Gap>,
    sizes: std::collections::BTreeMap<String, DataSize>,
    level: Level,
    shape: Option<Shape>,
    area: [f64; 2],
    span: Option<(u8, bool)>,
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 3600))]
    period: Option<Duration>,
    tags: std::collections::BTreeSet<String>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Node {
    id: String,
    /// Number of cores
    /// of the node.
    cores: u32,
    #[serde(default)]
    utilization: Ratio,
    #[serde(default)]
    parent: Option<Box<Node>>,
    #[serde(default)]
    offset: i8,
    #[schemars(range(min = 0.5, max = 2.0))]
    speed: Option<f64>,
    #[serde(default)]
    edge: bool,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Policy {
    #[default]
    CloudOnly,
    /// The nearest node within the radius.
    Nearest {
        radius: f64,
        #[serde(default)]
        fallback: Option<Box<Policy>>,
    },
    Learned(Learned),
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Learned {
    model: String,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Level {
    #[default]
    Low,
    /// More than low.
    High,
}

/// A plain duration, or a distribution of durations.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Gap {
    Fixed(Duration),
    Random(Distribution),
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "distribution", rename_all = "snake_case", deny_unknown_fields)]
enum Distribution {
    Exponential { mean: Duration },
    Uniform { low: Duration, high: Duration },
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Shape {
    Circle(Circle),
    Box(Rectangle),
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Circle {
    radius: f64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rectangle {
    width: f64,
    height: f64,
}

fn messages(text: &str) -> String {
    let document = Document::parse("x.json", text).unwrap();
    match read::<Sample>(&document) {
        Ok(_) => String::new(),
        Err(errors) => errors.to_string(),
    }
}

#[track_caller]
fn assert_message(text: &str, expected: &str) {
    assert_eq!(messages(text), format!("x.json:{expected}"), "{text}");
}

const NODE: &str = r#"{ "id": "a", "cores": 4, "speed": 1"#;

fn node(more: &str) -> String {
    format!(r#"{{ "nodes": [{NODE}, {more} }}] }}"#)
}

#[test]
fn a_good_document_is_read() {
    let text = r#"{
        "name": "ok", "nodes": [{ "id": "a", "cores": 4.0, "utilization": "50%", "speed": null }],
        "policy": { "kind": "nearest", "radius": 5, "fallback": { "kind": "learned", "model": "m" } },
        "arrivals": { "distribution": "uniform", "low": "1 s", "high": 2.5 },
        "sizes": { "small": "1 kB", "large": 5e9 }, "level": "high", "shape": { "width": 1, "height": 2 },
        "area": [1, 2], "span": [3, true], "period": "1 h", "tags": ["a", "b"]
    }"#;
    let sample: Sample = read(&Document::parse("x.json", text).unwrap()).unwrap();
    assert_eq!(sample.nodes[0].utilization.as_fraction(), 0.5);
    assert_eq!(sample.nodes[0].cores, 4);
    assert_eq!(
        sample.policy,
        Policy::Nearest {
            radius: 5.0,
            fallback: Some(Box::new(Policy::Learned(Learned { model: "m".into() })))
        }
    );
    let uniform =
        Distribution::Uniform { low: Duration::from_secs(1.0), high: Duration::from_secs(2.5) };
    assert_eq!(sample.arrivals, Some(Gap::Random(uniform)));
    assert_eq!(sample.shape, Some(Shape::Box(Rectangle { width: 1.0, height: 2.0 })));
    assert_eq!(sample.sizes["large"].as_bytes(), 5e9);
    assert_eq!(messages("{}"), "");
}

#[test]
fn types_and_ranges() {
    assert_message(
        r#"{ "nodes": [{ "id": "a", "cores": "four", "speed": 1 }] }"#,
        "1:35: nodes[0].cores: found \"four\" (a string), expected a whole number of at least 0\n    \
         help: Number of cores of the node.",
    );
    let cores =
        |cores: &str| messages(&format!(r#"{{ "nodes": [{{ "id": "a", "cores": {cores} }}] }}"#));
    let expected = |message: &str| {
        format!("x.json:1:35: nodes[0].cores: {message}\n    help: Number of cores of the node.")
    };
    assert_eq!(cores("-1"), expected("found -1, expected a whole number of at least 0"));
    assert_eq!(cores("2.5"), expected("found 2.5, expected a whole number of at least 0"));
    assert_eq!(cores("null"), expected("found null, expected a whole number of at least 0"));
    assert_eq!(
        cores("[1]"),
        expected("found an array of 1 element, expected a whole number of at least 0")
    );
    assert_eq!(
        cores("5000000000"),
        expected("found 5000000000, expected a whole number from 0 to 4294967295")
    );
    assert_eq!(cores("1e30"), expected("found 1e+30, expected a whole number from 0 to 4294967295"));
    assert_message(
        &node(r#""offset": 128"#),
        "1:60: nodes[0].offset: found 128, expected a whole number from -128 to 127",
    );
    assert_message(&node(r#""edge": 1"#), "1:58: nodes[0].edge: found 1, expected true or false");
    assert_message(
        r#"{ "nodes": [{ "id": 7, "cores": 4, "speed": 3 }] }"#,
        "1:21: nodes[0].id: found 7, expected a string\n\
         x.json:1:45: nodes[0].speed: found 3, expected a number from 0.5 to 2 or null",
    );
    assert_message(r#"{ "nodes": {} }"#, "1:12: nodes: found an object, expected an array");
    assert_message("[]", "1:1: found an array of 0 elements, expected an object");
}

#[test]
fn strings_and_arrays() {
    let name = |name: &str| messages(&format!(r#"{{ "name": {name} }}"#));
    let expected = |found: &str| {
        format!(
            "x.json:1:11: name: found {found} (a string), expected a string of 1 to 8 characters that \
             matches ^[a-z]*$ or null\n    help: The run's name."
        )
    };
    assert_eq!(name("\"\""), expected("\"\""));
    assert_eq!(name("\"abcdefghi\""), expected("\"abcdefghi\""));
    assert_eq!(name("\"A\""), expected("\"A\""));
    assert_message(
        r#"{ "area": [1] }"#,
        "1:11: area: found an array of 1 element, expected an array of 2 elements",
    );
    assert_message(
        r#"{ "area": [1, "2"] }"#,
        "1:15: area[1]: found \"2\" (a string), expected a number",
    );
    assert_message(
        r#"{ "span": [256, 1] }"#,
        "1:12: span[0]: found 256, expected a whole number from 0 to 255\n\
         x.json:1:17: span[1]: found 1, expected true or false",
    );
    assert_message(
        r#"{ "tags": ["a", "b", "a"] }"#,
        "1:22: tags[2]: found \"a\" (a string) again, first in element 0",
    );
}

#[test]
fn keys_unknown_and_missing() {
    assert_message(
        "{\n  \"nodes\": [\n    { \"id\": \"a\", \"coers\": 4, \"speed\": 1 }\n  ]\n}",
        "3:18: nodes[0].coers: unknown key \"coers\"; did you mean \"cores\"? (allowed: id, cores, \
         utilization, parent, offset, speed, edge)",
    );
    assert_message(
        r#"{ "zzzzzz": 1 }"#,
        "1:3: zzzzzz: unknown key \"zzzzzz\" (allowed: name, nodes, policy, arrivals, sizes, level, shape, \
         area, span, period, tags)",
    );
    assert_message(
        r#"{ "nodes": [{ "id": "a", "speed": null }] }"#,
        "1:13: nodes[0]: missing key \"cores\": a whole number of at least 0\n    \
         help: Number of cores of the node.",
    );
    assert_message(
        r#"{ "nodes": [{ "id": "a", "cores": 1, "parent": { "id": "b" } }] }"#,
        "1:48: nodes[0].parent: missing key \"cores\": a whole number of at least 0\n    \
         help: Number of cores of the node.",
    );
}

#[test]
fn tagged_alternatives_are_told_by_their_kind() {
    assert_message(
        r#"{ "policy": { "kind": "neerest" } }"#,
        "1:23: policy.kind: unknown kind \"neerest\"; did you mean \"nearest\"? (known: cloud_only, nearest, \
         learned)",
    );
    assert_message(
        r#"{ "policy": { "kind": 3 } }"#,
        "1:23: policy.kind: found 3, expected one of cloud_only, nearest, learned",
    );
    assert_message(
        r#"{ "policy": {} }"#,
        "1:13: policy: missing key \"kind\" (known: cloud_only, nearest, learned)",
    );
    assert_message(
        r#"{ "policy": "nearest" }"#,
        "1:13: policy: found \"nearest\" (a string), expected an object",
    );
    assert_message(
        r#"{ "policy": { "kind": "nearest", "radius": "far", "modle": 1 } }"#,
        "1:44: policy.radius: found \"far\" (a string), expected a number\n\
         x.json:1:51: policy.modle: unknown key \"modle\" (allowed: kind, radius, fallback)",
    );
    assert_message(
        r#"{ "policy": { "kind": "nearest", "radius": 1, "fallback": { "kind": "learned", "radius": 1 } } }"#,
        "1:59: policy.fallback: missing key \"model\": a string\n\
         x.json:1:80: policy.fallback.radius: unknown key \"radius\" (allowed: kind, model)",
    );
    assert_message(
        r#"{ "policy": { "kind": "cloud_only", "radius": 1 } }"#,
        "1:37: policy.radius: unknown key \"radius\" (allowed: kind)",
    );
}

#[test]
fn untagged_alternatives_are_told_by_type_or_best_match() {
    assert_message(
        r#"{ "arrivals": "20 msec" }"#,
        "1:15: arrivals: \"20 msec\" is not a duration: unit \"msec\" is not known; use one of ns, us, ms, s, \
         min, h, d (for example \"20 ms\")",
    );
    assert_message(
        r#"{ "arrivals": { "distribution": "exponental" } }"#,
        "1:33: arrivals.distribution: unknown distribution \"exponental\"; did you mean \"exponential\"? \
         (known: exponential, uniform)",
    );
    assert_message(
        r#"{ "arrivals": { "distribution": "exponential", "mean": -1 } }"#,
        "1:56: arrivals.mean: -1 is not a duration: it is below 0 s",
    );
    assert_message(
        r#"{ "arrivals": true }"#,
        "1:15: arrivals: found true, expected a duration such as \"20 ms\", an object or null",
    );
    assert_message(
        r#"{ "shape": { "width": 1, "hight": 2 } }"#,
        "1:26: shape.hight: unknown key \"hight\"; did you mean \"height\"? (allowed: width, height)",
    );
    assert_message(
        r#"{ "shape": { "radius": "x" } }"#,
        "1:24: shape.radius: found \"x\" (a string), expected a number",
    );
}

#[test]
fn names_of_values() {
    assert_message(
        r#"{ "level": "hihg" }"#,
        "1:12: level: unknown value \"hihg\"; did you mean \"high\"? (known: low, high)",
    );
    assert_message(r#"{ "level": 3 }"#, "1:12: level: found 3, expected \"low\" or \"high\"");
}

#[test]
fn quantities_and_their_ranges() {
    assert_message(
        r#"{ "sizes": { "a": "5 parsec", "b": -1, "c": [] } }"#,
        "1:19: sizes.a: \"5 parsec\" is not a data size: unit \"parsec\" is not known; use one of B, kB, MB, \
         GB, TB, KiB, MiB, GiB, TiB, bit, kbit, Mbit, Gbit, Tbit (for example \"5 MB\")\n\
         x.json:1:36: sizes.b: -1 is not a data size: it is below 0 B\n\
         x.json:1:45: sizes.c: found an array of 0 elements, expected a data size such as \"5 MB\"",
    );
    let period = |period: &str| messages(&format!(r#"{{ "period": {period} }}"#));
    let expected = "expected a duration above 0 s and of at most 1 h such as \"20 ms\"";
    assert_eq!(period("0"), format!("x.json:1:13: period: found 0, {expected}"));
    assert_eq!(period("\"2 h\""), format!("x.json:1:13: period: found \"2 h\" (a string), {expected}"));
    assert_eq!(period("\"1 h\""), "");
    assert_message(
        &node(r#""utilization": "150%""#),
        "1:65: nodes[0].utilization: \"150%\" is not a ratio: it is above 1",
    );
}

#[test]
fn all_errors_are_told_at_once_in_the_order_of_their_places() {
    let errors = messages(r#"{ "level": 1, "nodes": [{}, 2], "name": 3 }"#);
    let places: Vec<&str> = errors.lines().filter(|line| line.starts_with("x.json")).collect();
    assert_eq!(places.len(), 5, "{errors}");
    assert!(places[0].starts_with("x.json:1:12: level"), "{errors}");
    assert!(places[4].starts_with("x.json:1:41: name"), "{errors}");
    let many = format!(r#"{{ "nodes": [{}] }}"#, vec!["1"; 250].join(","));
    assert!(messages(&many).ends_with("\n... and 150 more"));
}

#[test]
fn overridden_values_are_named_by_their_override() {
    let mut document =
        Document::parse("x.json", r#"{ "policy": { "kind": "nearest", "radius": 1 } }"#).unwrap();
    document.set("policy.kind", "cloud").unwrap();
    document.set("levl", "low").unwrap();
    let errors = read::<Sample>(&document).unwrap_err().to_string();
    assert_eq!(
        errors,
        "--set levl=low: levl: unknown key \"levl\"; did you mean \"level\"? (allowed: name, nodes, policy, \
         arrivals, sizes, level, shape, area, span, period, tags)\n\
         --set policy.kind=cloud: policy.kind: unknown kind \"cloud\" (known: cloud_only, nearest, learned)"
    );
    let mut document = Document::parse("x.json", "{}").unwrap();
    document.set("policy.kind", "learned").unwrap();
    assert_eq!(
        read::<Sample>(&document).unwrap_err().to_string(),
        "--set policy.kind=learned: policy: missing key \"model\": a string"
    );
}

#[test]
fn flattened_and_referenced_tags_are_followed() {
    #[derive(Debug, Deserialize, JsonSchema)]
    struct Device {
        #[expect(dead_code, reason = "only its schema matters")]
        id: String,
        #[serde(flatten)]
        #[expect(dead_code, reason = "only its schema matters")]
        policy: Policy,
    }
    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(tag = "kind")]
    enum Open {
        #[serde(rename = "learned")]
        Learned(#[expect(dead_code, reason = "only its schema matters")] OpenLearned),
    }
    #[derive(Debug, Deserialize, JsonSchema)]
    struct OpenLearned {
        #[expect(dead_code, reason = "only its schema matters")]
        model: String,
    }
    let text = r#"{ "id": "a", "kind": "nearest", "radius": "x" }"#;
    let document = Document::parse("x.json", text).unwrap();
    assert_eq!(
        read::<Device>(&document).unwrap_err().to_string(),
        "x.json:1:43: radius: found \"x\" (a string), expected a number"
    );
    let document = Document::parse("x.json", r#"{ "kind": "learned", "model": 1 }"#).unwrap();
    assert_eq!(
        read::<Open>(&document).unwrap_err().to_string(),
        "x.json:1:31: model: found 1, expected a string"
    );
}

#[test]
fn what_only_deserialization_refuses_has_its_place_too() {
    #[derive(Debug, Deserialize, JsonSchema)]
    struct Even {
        #[serde(deserialize_with = "even")]
        #[expect(dead_code, reason = "only its check matters")]
        even: u32,
    }
    fn even<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        let number = u32::deserialize(deserializer)?;
        if number % 2 == 0 { Ok(number) } else { Err(serde::de::Error::custom("must be even")) }
    }
    let document = Document::parse("x.json", r#"[{ "even": 2 }, { "even": 3 }]"#).unwrap();
    let error = read::<Vec<Even>>(&document).unwrap_err().to_string();
    assert_eq!(error, "x.json:1:27: [1].even: must be even");
}

#[test]
fn strange_schemas_do_no_harm() {
    let document = Document::parse("x.json", r#"{ "a": [1, { "b": "c" }] }"#).unwrap();
    for schema in [
        json!(true),
        json!(null),
        json!({ "$ref": "#" }),
        json!({ "$ref": "#/nowhere" }),
        json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] }),
        json!({ "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] }),
        json!({ "properties": { "a": { "items": { "pattern": "(" , "enum": 3, "type": 4 } } } }),
    ] {
        let _ = check(&document, &schema);
    }
    let error = check(&document, &json!(false)).unwrap_err().to_string();
    assert_eq!(error, "x.json:1:1: nothing is allowed here");
}

/// JSON that resembles the sample: its keys and values, in wrong places too.
fn similar_json() -> impl Strategy<Value = Value> {
    let leaf = prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(4),
        json!(0.5),
        json!(1e300),
        json!("nearest"),
        json!("learned"),
        json!("20 ms"),
        json!("high"),
        json!("uniform"),
        json!(""),
        json!("x"),
    ]);
    let keys = prop::sample::select(vec![
        "name",
        "nodes",
        "policy",
        "arrivals",
        "sizes",
        "level",
        "shape",
        "area",
        "span",
        "period",
        "id",
        "cores",
        "parent",
        "kind",
        "radius",
        "fallback",
        "model",
        "distribution",
        "low",
        "width",
        "tags",
    ]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys.clone(), inner, 0..6).prop_map(|map| {
                Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    /// The check must refuse whatever deserialization does; it may be stricter.
    #[test]
    fn what_passes_the_check_deserializes(value in similar_json()) {
        let document = Document::parse("x.json", &value.to_string()).unwrap();
        match check(&document, &schema_of::<Sample>()) {
            Ok(()) => prop_assert!(serde_json::from_value::<Sample>(value).is_ok()),
            Err(errors) => prop_assert!(errors.iter().all(|e| !e.message.is_empty())),
        }
    }

    #[test]
    fn what_is_serialized_reads_back(
        cores in any::<u32>(),
        seconds in 0.0..1e9_f64,
        radius in -1e9..1e9_f64,
        name in "[a-z]{1,8}",
    ) {
        let sample = Sample {
            name: Some(name),
            nodes: vec![Node { id: "a".into(), cores, speed: Some(1.0), ..Node::default() }],
            policy: Policy::Nearest { radius, fallback: None },
            arrivals: Some(Gap::Random(Distribution::Exponential { mean: Duration::from_secs(seconds) })),
            shape: Some(Shape::Circle(Circle { radius })),
            ..Sample::default()
        };
        let text = serde_json::to_string_pretty(&sample).unwrap();
        let read: Sample = read(&Document::parse("x.json", &text).unwrap()).unwrap();
        prop_assert_eq!(read, sample);
    }
}

#[test]
fn the_deepest_document_fits_the_stack() {
    // The parser counts a nested object twice, and refuses beyond 512.
    let depth = 250;
    let open = r#"{ "kind": "nearest", "radius": 1, "fallback": "#.repeat(depth);
    let text = format!("{{ \"policy\": {open} 7 {} }}", "}".repeat(depth));
    let errors = messages(&text);
    assert!(errors.ends_with("found 7, expected an object or null"), "{errors}");
    let depth = 500;
    let text = format!("{{ \"shape\": {}{} }}", "[".repeat(depth), "]".repeat(depth));
    assert_message(&text, "1:12: shape: found an array of 1 element, expected an object or null");
}
