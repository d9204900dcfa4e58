//! Combinations that a sweep leaves out.

use super::axis::{Axis, AxisColumn};
use crate::scenario::Site;
use serde_json::{Map, Value};

/// Numbers that differ less than this, relative to their size, are the same value of an axis: ends and steps
/// of ranges are rounded.
const SAME: f64 = 1e-9;

/// What a point's value on one axis has to be.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    OneOf(Vec<Value>),
    Between(f64, f64),
}

/// A point is dropped if each of its conditions holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drop {
    conditions: Vec<(usize, Wanted)>,
}

fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= SAME * a.abs().max(b.abs()),
        _ => a == b,
    }
}

impl Wanted {
    fn holds(&self, label: &Value) -> bool {
        match self {
            Wanted::OneOf(values) => values.iter().any(|value| same(value, label)),
            Wanted::Between(min, max) => {
                label.as_f64().is_some_and(|label| (*min..=*max).contains(&label))
            }
        }
    }
}

fn range(object: &Map<String, Value>, site: &Site<'_>) -> Option<Wanted> {
    let mut ends = (f64::NEG_INFINITY, f64::INFINITY);
    for (key, value) in object {
        let Some(number) = value.as_f64() else {
            site.key(key).error(format!("found {value}, expected a number"));
            return None;
        };
        match key.as_str() {
            "min" => ends.0 = number,
            "max" => ends.1 = number,
            other => {
                site.unknown("end of a range", other, ["min", "max"].into_iter());
                return None;
            }
        }
    }
    if object.is_empty() {
        site.error("a range needs `min`, `max` or both");
        return None;
    }
    Some(Wanted::Between(ends.0, ends.1))
}

/// All values that an axis shows in a column, if it has a list of them.
fn known(axes: &[Axis], column: usize) -> Option<Vec<&Value>> {
    let mut first = 0;
    for axis in axes {
        if column < first + axis.columns.len() {
            let levels = axis.listed()?;
            return Some(levels.iter().filter_map(|level| level.labels.get(column - first)).collect());
        }
        first += axis.columns.len();
    }
    None
}

impl Drop {
    /// The conditions of one object of the list; errors go to `site`.
    pub(super) fn new(spec: &Map<String, Value>, axes: &[Axis], site: &Site<'_>) -> Option<Drop> {
        let columns: Vec<&AxisColumn> = axes.iter().flat_map(|axis| &axis.columns).collect();
        if spec.is_empty() {
            site.error("no condition is given; this would drop every point");
            return None;
        }
        let mut conditions = Vec::new();
        for (name, value) in spec {
            let here = site.key(name);
            let Some(column) = columns.iter().position(|column| column.name == *name) else {
                here.unknown("axis", name, columns.iter().map(|column| column.name.as_str()));
                return None;
            };
            let wanted = match value {
                Value::Object(object) => range(object, &here)?,
                Value::Array(values) => Wanted::OneOf(values.clone()),
                value => Wanted::OneOf(vec![value.clone()]),
            };
            if let (Wanted::OneOf(values), Some(known)) = (&wanted, known(axes, column))
                && let Some(stranger) = values.iter().find(|v| !known.iter().any(|k| same(v, k)))
            {
                let known: Vec<String> = known
                    .iter()
                    .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_string))
                    .collect();
                let stranger = stranger.as_str().map_or_else(|| stranger.to_string(), str::to_string);
                here.unknown("value of this axis", &stranger, known.iter().map(String::as_str));
                return None;
            }
            conditions.push((column, wanted));
        }
        Some(Drop { conditions })
    }

    /// Whether a point with these labels is dropped.
    pub(super) fn drops(&self, labels: &[Value]) -> bool {
        self.conditions
            .iter()
            .all(|(column, wanted)| labels.get(*column).is_some_and(|label| wanted.holds(label)))
    }
}
