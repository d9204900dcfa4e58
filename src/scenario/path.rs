//! Paths to values in a JSON document, as messages print them and users write them.

use crate::units::quoted;
use std::fmt;
use std::str::FromStr;

/// A step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// The value of this key of an object.
    Key(String),
    /// The element of an array at this index, from 0.
    Index(usize),
}

/// The way from the root of a document to a value. Written as `nodes[2].cores`; a key that holds a dot, a
/// bracket, a quote, an equals sign or white space is written as `nodes["a key"]`.
///
/// ```
/// use stratosim::scenario::Path;
/// let path = Path::root().key("nodes").index(2).key("cores");
/// assert_eq!(path.to_string(), "nodes[2].cores");
/// assert_eq!("nodes[2].cores".parse(), Ok(path));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<Segment>);

/// A text that is not a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a path: {problem} at character {at}; write for example nodes[2].cores", quoted(.text))]
pub struct PathError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub problem: &'static str,
    /// The character at fault, counted from 1.
    pub at: usize,
}

fn is_plain(c: char) -> bool {
    !matches!(c, '.' | '[' | ']' | '"' | '=') && !c.is_whitespace() && !c.is_control()
}

impl Path {
    /// The path of the document itself.
    #[must_use]
    pub const fn root() -> Self {
        Path(Vec::new())
    }

    /// The path of the value of `key` in the object at this path.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Path {
        let mut path = self.clone();
        path.push(Segment::Key(key.into()));
        path
    }

    /// The path of element `index` of the array at this path.
    #[must_use]
    pub fn index(&self, index: usize) -> Path {
        let mut path = self.clone();
        path.push(Segment::Index(index));
        path
    }

    /// The steps from the root.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether this is the path of the document itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, segment: Segment) {
        self.0.push(segment);
    }

    pub(super) fn pop(&mut self) {
        self.0.pop();
    }

    /// The path of the first `length` steps.
    pub(super) fn prefix(&self, length: usize) -> Path {
        Path(self.0.iter().take(length).cloned().collect())
    }

    /// Reads a path up to the end or an `=` outside quotes; gives the rest from there too.
    pub(super) fn parse_until_equals(text: &str) -> Result<(Path, &str), PathError> {
        let error = |rest: &str, problem| PathError {
            text: text.to_owned(),
            problem,
            at: text[..text.len() - rest.len()].chars().count() + 1,
        };
        let mut path = Path::root();
        let mut rest = text;
        while !rest.is_empty() && !rest.starts_with('=') {
            if let Some(inside) = rest.strip_prefix('[') {
                let (segment, after) = if inside.starts_with('"') {
                    let mut keys = serde_json::Deserializer::from_str(inside).into_iter::<String>();
                    match keys.next() {
                        Some(Ok(key)) => (Segment::Key(key), &inside[keys.byte_offset()..]),
                        _ => return Err(error(inside, "the quoted key is not a JSON string")),
                    }
                } else {
                    let digits = inside.find(|c: char| !c.is_ascii_digit()).unwrap_or(inside.len());
                    match inside[..digits].parse() {
                        Ok(index) => (Segment::Index(index), &inside[digits..]),
                        Err(_) => return Err(error(inside, "an index (0, 1, ...) is expected")),
                    }
                };
                path.push(segment);
                rest = after.strip_prefix(']').ok_or_else(|| error(after, "] is expected"))?;
            } else {
                let key = match (rest.strip_prefix('.'), path.is_root()) {
                    (None, true) => rest,
                    (Some(key), false) => key,
                    (Some(_), true) => return Err(error(rest, "a key is expected")),
                    (None, false) => return Err(error(rest, "a dot or [ is expected")),
                };
                let end = key.find(|c| !is_plain(c)).unwrap_or(key.len());
                if end == 0 {
                    return Err(error(key, "a key is expected"));
                }
                path.push(Segment::Key(key[..end].to_owned()));
                rest = &key[end..];
            }
        }
        if path.is_root() { Err(error(rest, "a key is expected")) } else { Ok((path, rest)) }
    }
}

impl From<Vec<Segment>> for Path {
    fn from(segments: Vec<Segment>) -> Self {
        Path(segments)
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        match Path::parse_until_equals(text)? {
            (path, "") => Ok(path),
            (_, rest) => Err(PathError {
                text: text.to_owned(),
                problem: "= is not allowed",
                at: text[..text.len() - rest.len()].chars().count() + 1,
            }),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if key.is_empty() || !key.chars().all(is_plain) => {
                    write!(f, "[{}]", serde_json::Value::from(key.as_str()))?;
                }
                Segment::Key(key) if i == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bad_paths_say_what_is_expected_and_where() {
        for (text, problem, at) in [
            ("", "a key is expected", 1),
            (".a", "a key is expected", 1),
            ("a..b", "a key is expected", 3),
            ("a.", "a key is expected", 3),
            ("é[x]", "an index (0, 1, ...) is expected", 3),
            ("a[-1]", "an index (0, 1, ...) is expected", 3),
            ("a[99999999999999999999999]", "an index (0, 1, ...) is expected", 3),
            ("a[1", "] is expected", 4),
            ("a[1]b", "a dot or [ is expected", 5),
            ("a b", "a dot or [ is expected", 2),
            ("a[\"b]", "the quoted key is not a JSON string", 3),
            ("a=b", "= is not allowed", 2),
        ] {
            let error = text.parse::<Path>().unwrap_err();
            assert_eq!((error.problem, error.at), (problem, at), "{text}");
        }
        assert_eq!(
            "a[x]".parse::<Path>().unwrap_err().to_string(),
            "\"a[x]\" is not a path: an index (0, 1, ...) is expected at character 3; write for example \
             nodes[2].cores"
        );
    }

    fn segment() -> impl Strategy<Value = Segment> {
        prop_oneof![
            any::<String>().prop_map(Segment::Key),
            "[a-z_.\" =\\[\\]0-9]{0,4}".prop_map(Segment::Key),
            any::<usize>().prop_map(Segment::Index)
        ]
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(segments in prop::collection::vec(segment(), 1..6)) {
            let path = Path(segments);
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }

        #[test]
        fn any_text_gives_a_path_or_an_error(text in any::<String>()) {
            if let Ok(path) = text.parse::<Path>() {
                prop_assert_eq!(path.to_string().parse(), Ok(path));
            }
        }
    }
}
