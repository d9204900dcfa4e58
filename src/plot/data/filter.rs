//! Conditions that rows must meet.

use crate::names::did_you_mean;
use crate::plot::PlotError;
use std::collections::BTreeSet;

/// How many values of a column a message lists.
const MOST_LISTED: usize = 12;

/// A condition on the value of a column, as `outcome=done` or `service_s>=2.5`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter {
    pub(super) column: String,
    comparison: Comparison,
    value: String,
    number: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// The signs, longer ones before those that they begin with.
const SIGNS: [(&str, Comparison); 6] = [
    ("!=", Comparison::Unequal),
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("=", Comparison::Equal),
    ("<", Comparison::Below),
    (">", Comparison::Above),
];

impl std::str::FromStr for Filter {
    type Err = PlotError;

    fn from_str(text: &str) -> Result<Self, PlotError> {
        let bad = |message: &str| {
            PlotError::request(
                "where",
                format!("{text:?} is no condition: {message}, as in outcome=done"),
            )
        };
        let (at, (sign, comparison)) = (0..text.len())
            .filter(|&at| text.is_char_boundary(at))
            .find_map(|at| Some((at, *SIGNS.iter().find(|(sign, _)| text[at..].starts_with(sign))?)))
            .ok_or_else(|| bad("write a column, one of = != < <= > >=, and a value"))?;
        let (column, value) = (text[..at].trim(), text[at + sign.len()..].trim());
        if column.is_empty() {
            return Err(bad("the column is missing"));
        }
        let number = value.parse().ok().filter(|number: &f64| !number.is_nan());
        if number.is_none() && !matches!(comparison, Comparison::Equal | Comparison::Unequal) {
            return Err(bad("a number must follow < and >"));
        }
        Ok(Filter { column: column.into(), comparison, value: value.into(), number })
    }
}

/// The value that a filter looks at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen<'v> {
    Nothing,
    Number(f64),
    Text(&'v str),
}

impl Filter {
    /// Whether a value meets the condition; nothing meets none but `!=`.
    pub(super) fn admits(&self, seen: Seen<'_>) -> bool {
        let is_equal = match (seen, self.number) {
            (Seen::Nothing, _) => false,
            (Seen::Number(value), Some(number)) => value == number,
            (Seen::Number(_), None) => false,
            (Seen::Text(text), _) => text == self.value,
        };
        let ordered = |holds: fn(&f64, &f64) -> bool| match (seen, self.number) {
            (Seen::Number(value), Some(number)) => holds(&value, &number),
            _ => false,
        };
        match self.comparison {
            Comparison::Equal => is_equal,
            Comparison::Unequal => !is_equal,
            Comparison::Below => ordered(f64::lt),
            Comparison::AtMost => ordered(f64::le),
            Comparison::Above => ordered(f64::gt),
            Comparison::AtLeast => ordered(f64::ge),
        }
    }

    /// Whether the condition orders values, which texts are not.
    pub(super) fn needs_numbers(&self) -> bool {
        !matches!(self.comparison, Comparison::Equal | Comparison::Unequal)
    }

    /// That no row meets the condition, with the values that there are.
    pub(super) fn nothing_met(&self, texts: &BTreeSet<String>, range: Option<(f64, f64)>) -> PlotError {
        let mut known: Vec<&str> = texts.iter().map(String::as_str).collect();
        known.sort_by(|a, b| super::naming::natural(a, b));
        let meant = did_you_mean(&self.value, known.iter().copied());
        let meant = meant.map_or(String::new(), |near| format!("did you mean {near:?}? "));
        if known.len() > MOST_LISTED {
            known.truncate(MOST_LISTED);
            known.push("...");
        }
        let there_is = match range {
            Some((low, high)) => format!("its values are from {low} to {high}"),
            None if known.is_empty() => "it has no values".into(),
            None => format!("{meant}(values: {})", known.join(", ")),
        };
        let Filter { column, value, .. } = self;
        PlotError::request("where", format!("no row has {column:?} as {value:?} asks; {there_is}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_for_what_they_say() {
        let admits = |text: &str, seen| text.parse::<Filter>().unwrap().admits(seen);
        for (text, number, expected) in [
            ("a=2", 2.0, true),
            ("a = 2.0", 2.0, true),
            ("a!=2", 2.0, false),
            ("a<=2", 2.0, true),
            ("a<2", 2.0, false),
            ("a>=2", 2.0, true),
            ("a>2", 2.5, true),
            ("a=x", 2.0, false),
        ] {
            assert_eq!(admits(text, Seen::Number(number)), expected, "{text}");
        }
        assert!(admits("a=least loaded", Seen::Text("least loaded")));
        assert!(admits("a!=x", Seen::Nothing) && !admits("a=x", Seen::Nothing));
        assert_eq!("a.b<=3".parse::<Filter>().unwrap().column, "a.b");
    }

    #[test]
    fn what_is_no_condition_is_told() {
        for (text, expected) in [
            ("outcome", "one of = !="),
            ("=done", "the column is missing"),
            ("t_s<soon", "a number must follow"),
        ] {
            let error = text.parse::<Filter>().unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(text), "{error}");
        }
    }
}
