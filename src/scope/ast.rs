//! What an expression says, and how it is printed.

use crate::units::Duration;
use std::fmt;

/// A name in an expression, with its place; two names are equal if their texts are.
#[derive(Clone, Debug)]
pub struct Name {
    /// The name, without quotes.
    pub text: String,
    /// Bytes of the expression before it.
    pub at: usize,
    /// Bytes of the expression that it takes.
    pub length: usize,
}

impl Name {
    /// A name of no place.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Name { text: text.into(), at: 0, length: 0 }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Where a service runs. The lists of a form hold two or more entries, none of which has the same form: all three
/// forms are associative, so that parentheses within one form say nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Location {
    /// One site.
    Site(Name),
    /// All sites within a latency of one, nearest first, each tried if those before fail.
    Around {
        /// The site in the middle, which is the first.
        site: Name,
        /// The largest latency, one way.
        radius: Duration,
    },
    /// `&`: a replica on each.
    Both(Vec<Location>),
    /// `%`: one resource spread over all.
    Across(Vec<Location>),
    /// `;`: the first that does not fail.
    Otherwise(Vec<Location>),
}

/// A service and where it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The service.
    pub service: Name,
    /// Where it runs.
    pub location: Location,
}

/// A whole expression: `s: Nantes & Rennes, t: Paris`. One without parts is wholly local. Two are equal if they say the
/// same, however they were written.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The services it names, each once, in the order of writing.
    pub parts: Vec<Part>,
    /// The text it was read from, into which errors point; empty if it was made otherwise.
    pub source: String,
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

/// The letters of a name that needs no quotes: not at its start digits and `-`, so that durations are none.
pub(super) fn is_plain(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(starts_name) && letters.all(continues_name) && name != "around"
}

pub(super) fn starts_name(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_'
}

pub(super) fn continues_name(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.')
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain(&self.text) {
            return f.write_str(&self.text);
        }
        f.write_str("\"")?;
        for letter in self.text.chars() {
            if matches!(letter, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{letter}")?;
        }
        f.write_str("\"")
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (list, operator, is_loose) = match self {
            Location::Site(name) => return write!(f, "{name}"),
            Location::Around { site, radius } => return write!(f, "around({site}, {radius})"),
            Location::Both(list) => (list, " & ", false),
            Location::Across(list) => (list, " % ", false),
            Location::Otherwise(list) => (list, " ; ", true),
        };
        for (index, location) in list.iter().enumerate() {
            if index > 0 {
                f.write_str(operator)?;
            }
            match location {
                Location::Site(_) | Location::Around { .. } => write!(f, "{location}")?,
                Location::Both(_) | Location::Across(_) if is_loose => write!(f, "{location}")?,
                _ => write!(f, "({location})")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            let gap = if index > 0 { ", " } else { "" };
            write!(f, "{gap}{}: {}", part.service, part.location)?;
        }
        Ok(())
    }
}
