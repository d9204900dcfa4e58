//! Conditions on rows.

use super::format::{Operand, PredicateSpec, Scalars};
use crate::output::{Column, Rows, Values};
use crate::records::{Cell, ColumnKind, ColumnSpec};
use crate::scenario::Site;
use serde_json::Value;

/// A condition whose columns are known by their place among those that are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Predicate {
    column: usize,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Text { texts: Vec<String>, wanted: bool },
    Number { numbers: Vec<f64>, wanted: bool },
    Compare { holds: Comparison, than: Than },
    Null { wanted: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Than {
    Number(f64),
    Column(usize),
}

/// The number in a cell, booleans as 0 and 1; NaN for none.
pub(super) fn number(column: &Column, row: usize) -> f64 {
    if column.is_null(row) {
        return f64::NAN;
    }
    let at = |value: Option<f64>| value.unwrap_or(f64::NAN);
    match column.values() {
        Values::Float(values) => at(values.get(row).copied()),
        Values::Unsigned(values) => at(values.get(row).map(|value| *value as f64)),
        Values::Signed(values) => at(values.get(row).map(|value| *value as f64)),
        Values::Boolean(values) => at(values.get(row).map(|value| f64::from(u8::from(*value)))),
        Values::Category(_) | Values::Text(_) => f64::NAN,
    }
}

/// Whether cells of a kind are text.
pub(super) fn is_text(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Category | ColumnKind::Text)
}

impl Predicate {
    /// The condition that the file has at `site`; `find` gives the place of a column among those that are
    /// read, and its description. Errors go to the site.
    pub(super) fn new(
        spec: &PredicateSpec,
        site: &Site<'_>,
        mut find: impl FnMut(&str, &Site<'_>) -> Option<(usize, ColumnSpec)>,
    ) -> Option<Predicate> {
        let comparisons = [
            ("above", &spec.above, Comparison::Above),
            ("at_least", &spec.at_least, Comparison::AtLeast),
            ("below", &spec.below, Comparison::Below),
            ("at_most", &spec.at_most, Comparison::AtMost),
        ];
        let given = comparisons.iter().filter(|(_, operand, _)| operand.is_some()).count()
            + usize::from(spec.is.is_some())
            + usize::from(spec.is_not.is_some())
            + usize::from(spec.null.is_some());
        if given != 1 {
            site.error(
                "a condition has exactly one of `is`, `is_not`, `above`, `at_least`, `below`, `at_most` and \
                 `null`",
            );
            return None;
        }
        let (column, description) = find(&spec.column, &site.key("column"))?;
        for (key, values, wanted) in [("is", &spec.is, true), ("is_not", &spec.is_not, false)] {
            if let Some(values) = values {
                let test = scalars(values, wanted, &description, &site.key(key))?;
                return Some(Predicate { column, test });
            }
        }
        if let Some(wanted) = spec.null {
            return Some(Predicate { column, test: Test::Null { wanted } });
        }
        for (key, operand, holds) in comparisons {
            let Some(operand) = operand else { continue };
            let site = site.key(key);
            if is_text(description.kind) {
                site.error_with_help(
                    format!("column {:?} is text, which is neither more nor less", description.name),
                    "compare text with `is` or `is_not`",
                );
                return None;
            }
            let than = match operand {
                Operand::Number(number) => Than::Number(*number),
                Operand::Column(name) => {
                    let (other, description) = find(name, &site)?;
                    if is_text(description.kind) {
                        site.error(format!("column {name:?} is text, which is neither more nor less"));
                        return None;
                    }
                    Than::Column(other)
                }
            };
            return Some(Predicate { column, test: Test::Compare { holds, than } });
        }
        None
    }

    /// Whether a row meets it: 1 or 0, NaN where a null leaves it open.
    pub(super) fn value(&self, rows: &Rows<'_>, row: usize) -> f64 {
        let column = &rows.columns()[self.column];
        let flag = |holds: bool| f64::from(u8::from(holds));
        if let Test::Null { wanted } = self.test {
            return flag(column.is_null(row) == wanted);
        }
        if column.is_null(row) {
            return f64::NAN;
        }
        match &self.test {
            Test::Null { .. } => f64::NAN,
            Test::Text { texts, wanted } => match rows.cell(row, self.column) {
                Cell::Text(text) => flag(texts.iter().any(|known| known == text) == *wanted),
                _ => f64::NAN,
            },
            Test::Number { numbers, wanted } => {
                let value = number(column, row);
                if value.is_nan() { f64::NAN } else { flag(numbers.contains(&value) == *wanted) }
            }
            Test::Compare { holds, than } => {
                let value = number(column, row);
                let than = match than {
                    Than::Number(number) => *number,
                    Than::Column(other) => number(&rows.columns()[*other], row),
                };
                if value.is_nan() || than.is_nan() {
                    return f64::NAN;
                }
                flag(match holds {
                    Comparison::Above => value > than,
                    Comparison::AtLeast => value >= than,
                    Comparison::Below => value < than,
                    Comparison::AtMost => value <= than,
                })
            }
        }
    }

    /// Whether a row meets it; not if a null leaves it open.
    pub(super) fn holds(&self, rows: &Rows<'_>, row: usize) -> bool {
        self.value(rows, row) == 1.0
    }
}

/// The test for these values of a column.
fn scalars(values: &Scalars, wanted: bool, column: &ColumnSpec, site: &Site<'_>) -> Option<Test> {
    let values = match values {
        Scalars::Several(values) => values.as_slice(),
        Scalars::One(value) => std::slice::from_ref(value),
    };
    if values.is_empty() {
        site.error("there is no value in the list");
        return None;
    }
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for value in values {
        let fits = match (column.kind, value) {
            (kind, Value::String(text)) if is_text(kind) => {
                texts.push(text.clone());
                true
            }
            (ColumnKind::Boolean, Value::Bool(value)) => {
                numbers.push(f64::from(u8::from(*value)));
                true
            }
            (kind, Value::Number(value)) if !is_text(kind) && kind != ColumnKind::Boolean => {
                numbers.extend(value.as_f64());
                true
            }
            _ => false,
        };
        if !fits {
            site.error(format!(
                "column {:?} is of type {}, and never {value}",
                column.name, column.kind
            ));
            return None;
        }
    }
    Some(if is_text(column.kind) {
        Test::Text { texts, wanted }
    } else {
        Test::Number { numbers, wanted }
    })
}

#[cfg(test)]
impl Predicate {
    /// A condition to stand for any.
    pub(super) fn anything() -> Predicate {
        Predicate { column: 0, test: Test::Null { wanted: false } }
    }
}
