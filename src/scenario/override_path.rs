//! Overrides: setting a value of a document from the command line.

use super::document::Override;
use super::{Diagnostic, Document, Origin, Path, Segment};
use crate::names::did_you_mean;
use crate::units::quoted;
use serde_json::{Map, Value};

/// More steps than any scenario has; bounds the depth of what an override can create.
const MOST_SEGMENTS: usize = 64;

impl Document {
    /// Sets the value at `path`, as `--set path=value` asks for. The text is taken as JSON if it is JSON, else
    /// as a string, so that `4`, `true`, `["a"]`, `20 ms` and `cloud_only` need no more quotes. Objects that
    /// are missing on the way are made. Diagnostics about what was set name the override, not a place in the
    /// file.
    ///
    /// Setting the `kind` of an object to another than it has replaces the object by one with this kind only,
    /// since its other keys are parameters of the old kind. Set the parameters of the new kind after it. What may
    /// stand beside any kind stays: when governors of frequency are asked, and what nodes draw asleep and off. The
    /// `kind` of accelerators, which is a name, is set as any other value.
    ///
    /// ```
    /// use stratosim::scenario::Document;
    /// let mut document = Document::parse("x.json", r#"{ "policy": { "kind": "nearest", "radius": 5 } }"#)?;
    /// document.set("policy.kind", "random")?;
    /// document.set("policy.seed", "7")?;
    /// assert_eq!(document.value().to_string(), r#"{"policy":{"kind":"random","seed":7}}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the path is malformed or too long, leads through something that is neither an object nor an array,
    /// or names an element that an array does not have. The document is then as it was.
    pub fn set(&mut self, path: &str, value: &str) -> Result<(), Diagnostic> {
        let assignment = format!("{path}={value}");
        let origin = Origin::Override(assignment.clone());
        let path: Path = path
            .parse()
            .map_err(|error| Diagnostic::new(origin.clone(), Path::root(), format!("{error}")))?;
        if path.segments().len() > MOST_SEGMENTS {
            let message = format!("the path has more than {MOST_SEGMENTS} steps");
            return Err(Diagnostic::new(origin, Path::root(), message));
        }
        let value = match Document::parse("", value) {
            Ok(document) => document.value,
            Err(_) => Value::String(value.to_owned()),
        };
        match assign(&mut self.value, &path, value) {
            Ok(scope) => {
                self.overrides.push(Override { scope, assignment });
                Ok(())
            }
            Err(obstacle) => {
                let at = path.prefix(obstacle.depth);
                let error = Diagnostic::new(origin, at, obstacle.message);
                Err(match obstacle.help {
                    Some(help) => error.help(help),
                    None => error,
                })
            }
        }
    }

    /// Does [`set`](Self::set) for a text `path=value`.
    ///
    /// # Errors
    /// As [`set`](Self::set), and if there is no `=`.
    pub fn set_assignment(&mut self, assignment: &str) -> Result<(), Diagnostic> {
        let error = |message| {
            Err(Diagnostic::new(Origin::Override(assignment.to_owned()), Path::root(), message))
        };
        match Path::parse_until_equals(assignment) {
            Err(problem) => error(problem.to_string()),
            Ok((_, rest)) => match rest.strip_prefix('=') {
                Some(value) => self.set(&assignment[..assignment.len() - rest.len()], value),
                None => error("no = between path and value".to_owned()),
            },
        }
    }
}

/// The keys that may stand beside any kind of what a key holds.
fn shared(holder: &Segment) -> &'static [&'static str] {
    match holder {
        Segment::Key(key) if key == "frequency" => &["period", "on_load_change"],
        Segment::Key(key) if key == "power" => &["sleep", "off", "off_when_idle", "accelerators"],
        _ => &[],
    }
}

/// Whether the `kind` of what these steps lead to is a name, to which no other keys belong: that of accelerators.
fn kind_is_a_name(holder: &[Segment]) -> bool {
    match holder {
        [.., Segment::Key(key)] => key == "accelerator",
        [.., Segment::Key(key), Segment::Index(_)] => key == "accelerators",
        _ => false,
    }
}

/// What stands in the way of an override, after `depth` steps.
struct Obstacle {
    depth: usize,
    message: String,
    help: Option<String>,
}

/// Assigns and gives the path of everything that now differs.
fn assign(root: &mut Value, path: &Path, value: Value) -> Result<Path, Obstacle> {
    let segments = path.segments();
    let mut here = root;
    for (depth, segment) in segments.iter().enumerate() {
        let refuse = |message: String, help| Err(Obstacle { depth, message, help });
        if here.is_null() {
            *here = nest(&segments[depth..], value).map_err(|o| o.after(depth))?;
            return Ok(path.prefix(depth));
        }
        here = match (segment, here) {
            (Segment::Key(key), Value::Object(map)) => {
                let is_last = depth + 1 == segments.len();
                let is_tag = is_last && key == "kind" && !kind_is_a_name(&segments[..depth]);
                if is_tag && map.get(key).is_some_and(|kind| *kind != value) {
                    let shared = depth.checked_sub(1).map_or(&[][..], |above| shared(&segments[above]));
                    map.retain(|key, _| shared.contains(&key.as_str()));
                    map.insert(key.clone(), value);
                    return Ok(path.prefix(depth));
                }
                if !map.contains_key(key) {
                    let nested = nest(&segments[depth + 1..], value).map_err(|o| {
                        let nearest = did_you_mean(key, map.keys().map(String::as_str));
                        let help = nearest.map(|nearest| format!("did you mean {}?", quoted(nearest)));
                        Obstacle { help, ..o.after(depth + 1) }
                    })?;
                    map.insert(key.clone(), nested);
                    return Ok(path.prefix(depth + 1));
                }
                // The key is there; an entry says so without another case to handle.
                map.entry(key.as_str()).or_insert(Value::Null)
            }
            (Segment::Index(index), Value::Array(elements)) => {
                let length = elements.len();
                match elements.get_mut(*index) {
                    Some(element) => element,
                    None => {
                        return refuse(
                            format!("has no element {index}: it is an array of {length}"),
                            Some("elements are counted from 0".to_owned()),
                        );
                    }
                }
            }
            (Segment::Key(key), Value::Array(elements)) => {
                let length = elements.len();
                return refuse(
                    format!("has no key {}: it is an array of {length}", quoted(key)),
                    Some("write an index, as in [0]".to_owned()),
                );
            }
            (Segment::Index(index), Value::Object(map)) => {
                let keys = map.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                return refuse(
                    format!("has no element {index}: it is an object"),
                    Some(format!("its keys are: {keys}")),
                );
            }
            (Segment::Key(key), scalar) => {
                return refuse(format!("has no key {}: it is {scalar}", quoted(key)), None);
            }
            (Segment::Index(index), scalar) => {
                return refuse(format!("has no element {index}: it is {scalar}"), None);
            }
        };
    }
    *here = value;
    Ok(path.clone())
}

/// The value inside objects with these keys, outermost first.
fn nest(segments: &[Segment], value: Value) -> Result<Value, Obstacle> {
    segments.iter().enumerate().rev().try_fold(value, |inner, (depth, segment)| match segment {
        Segment::Key(key) => Ok(Value::Object(Map::from_iter([(key.clone(), inner)]))),
        Segment::Index(index) => Err(Obstacle {
            depth,
            message: format!("has no element {index}: there is nothing yet"),
            help: None,
        }),
    })
}

impl Obstacle {
    fn after(self, depth: usize) -> Obstacle {
        Obstacle { depth: self.depth + depth, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn document() -> Document {
        let text = r#"{ "nodes": [{ "cores": 4 }, { "cores": 8 }], "name": "x", "empty": null,
            "policies": { "offloading": { "kind": "nearest", "radius": 5 } } }"#;
        Document::parse("x.json", text).unwrap()
    }

    #[test]
    fn values_are_json_if_they_parse_and_strings_else() {
        for (text, expected) in [
            ("4", json!(4)),
            ("4.0", json!(4)),
            ("true", json!(true)),
            ("null", json!(null)),
            ("\"4\"", json!("4")),
            ("[1, \"a\"]", json!([1, "a"])),
            ("20 ms", json!("20 ms")),
            ("cloud_only", json!("cloud_only")),
            ("", json!("")),
            ("{\"a\": 1, \"a\": 2}", json!("{\"a\": 1, \"a\": 2}")),
        ] {
            let mut document = document();
            document.set("nodes[1].cores", text).unwrap();
            assert_eq!(document.value()["nodes"][1]["cores"], expected, "{text}");
        }
    }

    #[test]
    fn missing_objects_are_made_and_diagnostics_name_the_override() {
        let mut document = document();
        document.set("a.b.c", "1").unwrap();
        document.set_assignment("empty.d[\"=\"]=x=y").unwrap();
        assert_eq!(document.value()["a"], json!({ "b": { "c": 1 } }));
        assert_eq!(document.value()["empty"], json!({ "d": { "=": "x=y" } }));
        let text = |path: &str| document.diagnostic(&path.parse().unwrap(), "bad").to_string();
        assert_eq!(text("a"), "--set a.b.c=1: a: bad");
        assert_eq!(text("a.b.c.d"), "--set a.b.c=1: a.b.c.d: bad");
        assert_eq!(text("empty.d"), "--set empty.d[\"=\"]=x=y: empty.d: bad");
        assert_eq!(text("nodes[0].cores"), "x.json:1:24: nodes[0].cores: bad");
        assert_eq!(document.place(&"a.b".parse().unwrap()), None);
    }

    #[test]
    fn the_last_override_of_a_value_is_named() {
        let mut document = document();
        document.set("nodes[0]", "{\"cores\": 1}").unwrap();
        document.set("nodes[0].cores", "2").unwrap();
        assert_eq!(document.value()["nodes"][0], json!({ "cores": 2 }));
        let text = |path: &str| document.diagnostic(&path.parse().unwrap(), "bad").to_string();
        assert_eq!(text("nodes[0].cores"), "--set nodes[0].cores=2: nodes[0].cores: bad");
        assert_eq!(text("nodes[0]"), "--set nodes[0]={\"cores\": 1}: nodes[0]: bad");
    }

    #[test]
    fn another_kind_replaces_the_object_and_the_same_kind_does_not() {
        let mut document = document();
        document.set("policies.offloading.kind", "nearest").unwrap();
        assert_eq!(
            document.value()["policies"]["offloading"],
            json!({ "kind": "nearest", "radius": 5 })
        );
        document.set("policies.offloading.kind", "cloud_only").unwrap();
        assert_eq!(document.value()["policies"]["offloading"], json!({ "kind": "cloud_only" }));
        let error = document.diagnostic(&"policies.offloading".parse().unwrap(), "bad").to_string();
        assert_eq!(error, "--set policies.offloading.kind=cloud_only: policies.offloading: bad");
        document.set("nodes[0].kind", "edge").unwrap();
        assert_eq!(document.value()["nodes"][0], json!({ "cores": 4, "kind": "edge" }));
    }

    #[test]
    fn what_may_stand_beside_any_kind_stays() {
        let text = r#"{ "policies": { "frequency": { "period": "5 min", "kind": "sla_aware", "max_load": 0.7 } },
            "nodes": [{ "power": { "kind": "linear", "idle": 1, "busy": 2, "sleep": 3 } }] }"#;
        let mut document = Document::parse("x.json", text).unwrap();
        document.set("policies.frequency.kind", "powersave").unwrap();
        document.set("nodes[0].power.kind", "table").unwrap();
        let expected = json!({ "policies": { "frequency": { "kind": "powersave", "period": "5 min" } },
            "nodes": [{ "power": { "kind": "table", "sleep": 3 } }] });
        assert_eq!(document.value(), &expected);
    }

    #[test]
    fn the_kind_of_accelerators_is_a_name() {
        let text = r#"{ "nodes": [{ "accelerators": [{ "kind": "a", "memory": "1 GB", "sharing": { "kind": "slots", "count": 2 } }] }],
            "accelerator": { "kind": "gpu", "count": 2 } }"#;
        let mut document = Document::parse("x.json", text).unwrap();
        document.set("accelerator.kind", "t4").unwrap();
        document.set("nodes[0].accelerators[0].kind", "b").unwrap();
        let expected = json!({ "nodes": [{ "accelerators": [
                { "kind": "b", "memory": "1 GB", "sharing": { "kind": "slots", "count": 2 } }] }],
            "accelerator": { "kind": "t4", "count": 2 } });
        assert_eq!(document.value(), &expected);
        // How a device is shared out is a kind with keys of its own.
        document.set("nodes[0].accelerators[0].sharing.kind", "exclusive").unwrap();
        let sharing = &document.value()["nodes"][0]["accelerators"][0]["sharing"];
        assert_eq!(sharing, &json!({ "kind": "exclusive" }));
    }

    #[test]
    fn what_stands_in_the_way_is_named_and_nothing_changes() {
        let long = vec!["a"; 1000].join(".");
        for (assignment, expected) in [
            ("name.first=1", "name: has no key \"first\": it is \"x\""),
            ("name[0]=1", "name: has no element 0: it is \"x\""),
            (
                "nodes[2].cores=1",
                "nodes: has no element 2: it is an array of 2\n    help: elements are counted from 0",
            ),
            (
                "nodes.cores=1",
                "nodes: has no key \"cores\": it is an array of 2\n    help: write an index, as in [0]",
            ),
            (
                "policies[0]=1",
                "policies: has no element 0: it is an object\n    help: its keys are: offloading",
            ),
            (
                "node[0].cores=1",
                "node: has no element 0: there is nothing yet\n    help: did you mean \"nodes\"?",
            ),
            ("empty.a[1]=1", "empty.a: has no element 1: there is nothing yet"),
            ("nodes", "no = between path and value"),
            (
                "a[=1",
                "\"a[=1\" is not a path: an index (0, 1, ...) is expected at character 3; write for example \
                 nodes[2].cores",
            ),
            (&format!("{long}=1"), "the path has more than 64 steps"),
        ] {
            let mut document = document();
            let error = document.set_assignment(assignment).unwrap_err().to_string();
            assert_eq!(error, format!("--set {assignment}: {expected}"));
            assert_eq!(document.value(), self::document().value());
        }
    }

    proptest! {
        #[test]
        fn any_assignment_is_made_or_refused(
            path in "(nodes|a|policies|name|empty)(\\[[0-2]\\]|\\.(kind|cores|offloading)){0,3}",
            value in any::<String>(),
        ) {
            let before = document();
            let mut document = before.clone();
            if document.set(&path, &value).is_ok() {
                prop_assert!(document.get(&path.parse().unwrap()).is_some());
            } else {
                prop_assert_eq!(document.value(), before.value());
            }
        }
    }
}
