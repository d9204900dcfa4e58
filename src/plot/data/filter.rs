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
    /// What is asked for, without the spaces around it.
    value: String,
    /// The same with them, since names may begin or end with spaces.
    whole: String,
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

impl Filter {
    /// The condition that a column has this value, both as they are, whatever signs are in them.
    pub(super) fn equal(column: &str, value: &str) -> Filter {
        Filter {
            column: column.into(),
            comparison: Comparison::Equal,
            value: value.into(),
            whole: value.into(),
            number: number(value),
        }
    }

    /// Reads a condition. Names of columns may have signs in them: the longest known name at the beginning is
    /// the column, and where none is known, what stands before the first sign.
    pub(super) fn parse(text: &str, columns: &[&str]) -> Result<Filter, PlotError> {
        let bad = |message: &str| {
            PlotError::request(
                "where",
                format!("{text:?} is no condition: {message}, as in outcome=done"),
            )
        };
        let (column, comparison, whole) = known_column(text, columns)
            .or_else(|| first_sign(text))
            .ok_or_else(|| bad("write a column, one of = != < <= > >=, and a value"))?;
        if column.is_empty() {
            return Err(bad("the column is missing"));
        }
        let value = whole.trim();
        let number = number(value);
        if number.is_none() && !matches!(comparison, Comparison::Equal | Comparison::Unequal) {
            return Err(bad("a number must follow < and >"));
        }
        Ok(Filter {
            column: column.into(),
            comparison,
            value: value.into(),
            whole: whole.into(),
            number,
        })
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| !number.is_nan())
}

/// The sign that a text begins with, and what follows it.
fn sign_at(text: &str) -> Option<(Comparison, &str)> {
    SIGNS.iter().find_map(|(sign, comparison)| Some((*comparison, text.strip_prefix(sign)?)))
}

/// The longest of the columns that a text begins with and a sign follows, its sign and the rest.
fn known_column<'t>(text: &'t str, columns: &[&'t str]) -> Option<(&'t str, Comparison, &'t str)> {
    let found = columns.iter().filter_map(|column| {
        let rest = text.strip_prefix(column).or_else(|| text.trim_start().strip_prefix(column))?;
        let (comparison, rest) = sign_at(rest.trim_start())?;
        Some((*column, comparison, rest))
    });
    found.max_by_key(|(column, ..)| column.len())
}

/// What stands before the first sign, the sign and the rest.
fn first_sign(text: &str) -> Option<(&str, Comparison, &str)> {
    text.char_indices().find_map(|(at, _)| {
        let (comparison, rest) = sign_at(&text[at..])?;
        Some((text[..at].trim(), comparison, rest))
    })
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Numbers,
    /// True or false.
    Flags,
    Names,
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
            (Seen::Text(text), _) => text == self.value || text == self.whole,
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

    /// Refuses a condition that a column of this kind can never tell anything about.
    pub(super) fn check(&self, kind: Kind) -> Result<(), PlotError> {
        let Filter { column, value, .. } = self;
        let is_ordered = !matches!(self.comparison, Comparison::Equal | Comparison::Unequal);
        let message = match kind {
            Kind::Numbers if self.number.is_none() => {
                format!("{column:?} has numbers, and {value:?} is none")
            }
            Kind::Flags if is_ordered || !matches!(value.as_str(), "true" | "false") => {
                format!("{column:?} is true or false: write {column}=true or {column}=false")
            }
            Kind::Names if is_ordered => {
                format!("{column:?} has names, which only = and != compare")
            }
            _ => return Ok(()),
        };
        Err(PlotError::request("where", message))
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
        let admits = |text: &str, seen| Filter::parse(text, &[]).unwrap().admits(seen);
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
        assert_eq!(Filter::parse("a.b<=3", &[]).unwrap().column, "a.b");
    }

    #[test]
    fn columns_and_values_may_hold_signs_and_spaces() {
        let columns = ["a", "a=b", "n|<b>", "<script>x</script>", " edge "];
        for (text, column, value) in [
            ("a=b", "a", "b"),
            ("a=b=c", "a=b", "c"),
            ("a = b=c", "a", "b=c"),
            ("n|<b>=2", "n|<b>", "2"),
            (" <script>x</script> = <b>", "<script>x</script>", "<b>"),
            (" edge =x", " edge ", "x"),
            // Unknown names end at the first sign.
            ("b<c=2=3", "b", ""),
        ] {
            let found = Filter::parse(text, &columns);
            if value.is_empty() {
                assert!(found.unwrap_err().to_string().contains("a number must follow"), "{text}");
                continue;
            }
            let found = found.unwrap();
            assert_eq!((found.column.as_str(), found.comparison), (column, Comparison::Equal), "{text}");
            assert!(found.admits(Seen::Text(value)), "{text}");
            assert!(!found.admits(Seen::Text("other")), "{text}");
        }
        assert!(Filter::parse("a= b ", &columns).unwrap().admits(Seen::Text(" b ")));
        let exact = Filter::equal("a", " b");
        assert!(exact.admits(Seen::Text(" b")) && !exact.admits(Seen::Text("b")));
        assert!(Filter::equal("a", "4").admits(Seen::Number(4.0)));
    }

    #[test]
    fn conditions_that_no_value_of_a_column_can_meet_are_refused() {
        for (text, kind, expected) in [
            ("a!=abc", Kind::Numbers, "\"a\" has numbers, and \"abc\" is none"),
            ("a=nan", Kind::Numbers, "\"nan\" is none"),
            ("a!=1", Kind::Flags, "true or false: write a=true"),
            ("a<1", Kind::Flags, "true or false"),
            ("a<1", Kind::Names, "names, which only = and != compare"),
        ] {
            let error = Filter::parse(text, &[]).unwrap().check(kind).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        for (text, kind) in
            [("a!=2.5", Kind::Numbers), ("a!=true", Kind::Flags), ("a!=abc", Kind::Names)]
        {
            Filter::parse(text, &[]).unwrap().check(kind).unwrap();
        }
    }

    #[test]
    fn what_is_no_condition_is_told() {
        for (text, expected) in [
            ("outcome", "one of = !="),
            ("=done", "the column is missing"),
            ("t_s<soon", "a number must follow"),
        ] {
            let error = Filter::parse(text, &[]).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(text), "{error}");
        }
    }
}
