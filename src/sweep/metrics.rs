//! The numbers of a summary.

use crate::scenario::{Path, Segment};
use serde_json::{Map, Number, Value};

/// A number by its path; null where the summary has none, as the mean of nothing.
pub(super) type Metrics = Map<String, Value>;

/// All numbers and nulls in `value`, by their paths from the root of the summary, in its order.
fn leaves(value: &Value, path: &mut Vec<Segment>, found: &mut Metrics) {
    match value {
        Value::Number(_) | Value::Null => {
            found.insert(Path::from(path.clone()).to_string(), value.clone());
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.push(Segment::Index(index));
                leaves(element, path, found);
                path.pop();
            }
        }
        Value::Object(object) => {
            for (key, inner) in object {
                path.push(Segment::Key(key.clone()));
                leaves(inner, path, found);
                path.pop();
            }
        }
        Value::Bool(_) | Value::String(_) => {}
    }
}

fn get<'v>(summary: &'v Value, path: &Path) -> Option<&'v Value> {
    path.segments().iter().try_fold(summary, |value, segment| match segment {
        Segment::Key(key) => value.as_object()?.get(key),
        Segment::Index(index) => value.as_array()?.get(*index),
    })
}

/// The chosen numbers of a summary, or all.
pub(super) fn choose(summary: &Value, chosen: Option<&[Path]>) -> Metrics {
    let mut found = Metrics::new();
    match chosen {
        None => leaves(summary, &mut Vec::new(), &mut found),
        Some(paths) => {
            for path in paths {
                if let Some(value) = get(summary, path) {
                    leaves(value, &mut path.segments().to_vec(), &mut found);
                }
            }
        }
    }
    found
}

/// One number of a summary, if it has it and it is a number.
pub(super) fn number(summary: &Value, path: &Path) -> Option<Number> {
    match get(summary, path)? {
        Value::Number(number) => Some(number.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn leaves_are_numbers_and_nulls_in_the_order_of_the_summary() {
        let summary = json!({
            "z": 1, "name": "x", "a": { "b c": [2.5, { "d": null }], "on": true }
        });
        let text = |metrics: &Metrics| serde_json::to_string(metrics).unwrap();
        assert_eq!(
            text(&choose(&summary, None)),
            r#"{"z":1,"a[\"b c\"][0]":2.5,"a[\"b c\"][1].d":null}"#
        );
        let paths: Vec<Path> = ["a[\"b c\"][1]", "z", "q"].map(|path| path.parse().unwrap()).into();
        assert_eq!(text(&choose(&summary, Some(&paths))), r#"{"a[\"b c\"][1].d":null,"z":1}"#);
        assert_eq!(number(&summary, &paths[1]), Some(1.into()));
        assert_eq!(number(&summary, &paths[0]), None);
    }
}
