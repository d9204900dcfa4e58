//! Messages about bad input: where, at which path, what is wrong, what would help.

use super::Path;
use crate::names::did_you_mean;
use crate::units::quoted;
use std::fmt;

/// How many diagnostics are kept; what comes later is only counted.
const MOST_KEPT: usize = 100;
/// A place in a text, both counted from 1; a column is a character, and a tab is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A place in a file.
    File {
        /// The name of the file, as the user gave it.
        name: String,
        /// The place in it.
        place: Place,
    },
    /// A whole file, where no place in it is to blame (it cannot be read).
    WholeFile(String),
    /// An override on the command line; holds its `path=value`.
    Override(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File { name, place } => write!(f, "{name}:{}:{}", place.line, place.column),
            Origin::WholeFile(name) => write!(f, "{name}"),
            Origin::Override(assignment) => write!(f, "--set {assignment}"),
        }
    }
}

/// One error in the input. Displays as
///
/// ```text
/// edge.json:12:17: nodes[2].cores: found "four" (a string), expected a whole number of at least 0
///     help: number of cores of the node
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostic {
    /// Where the value at fault came from.
    pub origin: Origin,
    /// Its path in the document; the root's for errors of syntax.
    pub path: Path,
    /// What is wrong, and what is allowed.
    pub message: String,
    /// What may help to put it right.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without help.
    #[must_use]
    pub fn new(origin: Origin, path: Path, message: impl Into<String>) -> Self {
        Diagnostic { origin, path, message: message.into(), help: None }
    }

    /// The same with a line of help.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Diagnostic { help: Some(help.into()), ..self }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.path.is_root() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n    help: {help}"),
            None => Ok(()),
        }
    }
}

/// All errors found in the input, in the order of their places, overrides last. The first 100 are kept and
/// the rest counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    omitted: usize,
    /// What is no error, but must be read before the results are trusted.
    notes: Vec<String>,
}

impl Diagnostics {
    /// Adds a note: no error, but what must be read before the results are trusted.
    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Takes the notes out.
    pub(super) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Adds an error.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.push_with(|| diagnostic);
    }

    /// Adds the error that `make` gives, which is not called once enough are kept.
    pub(super) fn push_with(&mut self, make: impl FnOnce() -> Diagnostic) {
        if self.kept.len() == MOST_KEPT {
            self.omitted += 1;
            return;
        }
        let diagnostic = make();
        let at = self.kept.partition_point(|earlier| earlier.origin <= diagnostic.origin);
        self.kept.insert(at, diagnostic);
    }

    /// Adds all errors of `other`.
    pub fn append(&mut self, other: Diagnostics) {
        self.omitted += other.omitted;
        for diagnostic in other.kept {
            self.push(diagnostic);
        }
    }

    /// Whether there are no errors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The number of errors, those that are only counted included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len() + self.omitted
    }

    /// The errors kept, by place.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.kept.iter()
    }

    /// `value` if there are no errors.
    ///
    /// # Errors
    /// All errors, if there are any.
    pub fn or<T>(self, value: T) -> Result<T, Diagnostics> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics { kept: vec![diagnostic], ..Diagnostics::default() }
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.kept.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        match self.omitted {
            0 => Ok(()),
            omitted => write!(f, "\n... and {omitted} more"),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// Most names that are listed in full.
const MOST_LISTED: usize = 40;

/// `unknown {what} "{name}"`, with the nearest of the known names and the list of them.
pub(super) fn unknown(what: &str, name: &str, known: &[&str], listed_as: &str) -> String {
    let nearest = match did_you_mean(name, known.iter().copied()) {
        Some(nearest) => format!("; did you mean {}?", quoted(nearest)),
        None => String::new(),
    };
    let list = match known {
        [] => "none".to_owned(),
        known if known.len() > MOST_LISTED => {
            let (first, rest) = known.split_at(MOST_LISTED / 2);
            format!("{}, and {} more", first.join(", "), rest.len())
        }
        known => known.join(", "),
    };
    format!("unknown {what} {}{nearest} ({listed_as}: {list})", quoted(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize, column: usize) -> Diagnostic {
        let origin = Origin::File { name: "x.json".into(), place: Place { line, column } };
        Diagnostic::new(origin, Path::root(), "bad")
    }

    #[test]
    fn a_diagnostic_displays_place_path_message_and_help() {
        let mut diagnostic = at(12, 17);
        assert_eq!(diagnostic.to_string(), "x.json:12:17: bad");
        diagnostic.path = Path::root().key("nodes").index(2).key("cores");
        let diagnostic = diagnostic.help("try 4");
        assert_eq!(diagnostic.to_string(), "x.json:12:17: nodes[2].cores: bad\n    help: try 4");
        let origin = Origin::Override("a.b=1".into());
        let diagnostic = Diagnostic::new(origin, Path::root().key("a").key("b"), "bad");
        assert_eq!(diagnostic.to_string(), "--set a.b=1: a.b: bad");
    }

    #[test]
    fn diagnostics_are_sorted_by_place_and_capped_with_a_count() {
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(Diagnostic::new(Origin::Override("a=1".into()), Path::root(), "bad"));
        diagnostics.push(at(2, 1));
        diagnostics.push(at(1, 9));
        diagnostics.push(at(1, 10));
        assert_eq!(
            diagnostics.to_string(),
            "x.json:1:9: bad\nx.json:1:10: bad\nx.json:2:1: bad\n--set a=1: bad"
        );
        for line in 0..119 {
            diagnostics.push(at(line, 1));
        }
        assert_eq!((diagnostics.iter().count(), diagnostics.len()), (100, 123));
        assert!(diagnostics.to_string().ends_with("\n... and 23 more"));
    }

    #[test]
    fn suggestions_are_near_and_never_for_anything() {
        let known = ["cores", "memory", "bandwidth_bps"];
        assert_eq!(did_you_mean("coers", known), Some("cores"));
        assert_eq!(did_you_mean("Memory", known), Some("memory"));
        assert_eq!(did_you_mean("bandwidth", known), Some("bandwidth_bps"));
        assert_eq!(did_you_mean("x", known), None);
        assert_eq!(did_you_mean("x", ["y"]), None);
        assert_eq!(did_you_mean("", known), None);
        assert_eq!(did_you_mean(&"c".repeat(10_000), known), None);
    }
}
