//! A JSON document that knows where each of its values stands in the text.

use super::{Diagnostic, Diagnostics, Origin, Path, Place, Segment};
use crate::units::quoted;
use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// Two to the power of 63 and of 64, the ends of the integers that a [`Number`] can hold.
const TWO_63: f64 = 9_223_372_036_854_775_808.0;
const TWO_64: f64 = 18_446_744_073_709_551_616.0;

/// A parsed JSON file: its value, the place of every part of it, and what was
/// [overridden](Document::set) since.
///
/// ```
/// use stratosim::scenario::{Document, Place};
/// let document = Document::parse("edge.json", "{\n  \"nodes\": [{ \"cores\": 4 }]\n}")?;
/// let path = "nodes[0].cores".parse()?;
/// assert_eq!(document.place(&path), Some(Place { line: 2, column: 24 }));
/// assert_eq!(document.key_place(&path), Some(Place { line: 2, column: 15 }));
/// assert_eq!(document.diagnostic(&path, "too few").to_string(), "edge.json:2:24: nodes[0].cores: too few");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    source: Source,
    root: Spot,
    pub(super) value: Value,
    pub(super) overrides: Vec<Override>,
}

/// An override that was applied: everything at and under `scope` comes from it.
#[derive(Clone, Debug)]
pub(super) struct Override {
    pub(super) scope: Path,
    pub(super) assignment: String,
}

/// Where a value stands: byte offsets of its first character and of its key's (its own if it has none).
#[derive(Clone, Debug)]
struct Spot {
    start: usize,
    key_start: usize,
    children: Children,
}

#[derive(Clone, Debug)]
enum Children {
    None,
    Elements(Vec<Spot>),
    Entries(BTreeMap<String, Spot>),
}

impl Spot {
    fn child(&self, segment: &Segment) -> Option<&Spot> {
        match (&self.children, segment) {
            (Children::Elements(elements), Segment::Index(index)) => elements.get(*index),
            (Children::Entries(entries), Segment::Key(key)) => entries.get(key),
            _ => None,
        }
    }
}

/// A named text that can turn byte offsets into places.
#[derive(Clone, Debug)]
struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

impl Source {
    fn new(name: &str, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let bytes = text.as_bytes();
        // "\n", "\r\n" and a lone "\r" each end a line.
        let ends = (0..bytes.len()).filter(|&i| {
            bytes[i] == b'\n'
                || (bytes[i] == b'\r' && bytes.get(i + 1).is_none_or(|&next| next != b'\n'))
        });
        let line_starts = std::iter::once(0).chain(ends.map(|end| end + 1)).collect();
        Source { name: name.to_owned(), text: text.to_owned(), line_starts }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        Place { line, column: before.chars().count() + 1 }
    }

    fn origin(&self, offset: usize) -> Origin {
        Origin::File { name: self.name.clone(), place: self.place(offset) }
    }

    fn syntax_error(&self, offset: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.origin(offset), Path::root(), message)
    }
}

impl Document {
    /// Reads and parses a file, which its path as given names in messages.
    ///
    /// # Errors
    /// If the file cannot be read, is not UTF-8, or is not JSON (see [`parse`](Self::parse)).
    pub fn open(file: &std::path::Path) -> Result<Document, Diagnostics> {
        let name = file.display().to_string();
        let bytes = std::fs::read(file).map_err(|error| {
            let message = format!("cannot be read: {error}");
            Diagnostic::new(Origin::WholeFile(name.clone()), Path::root(), message)
        })?;
        match str::from_utf8(&bytes) {
            Ok(text) => Document::parse(&name, text),
            Err(error) => {
                let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                let source = Source::new(&name, &good);
                Err(source.syntax_error(source.text.len(), "the text is not UTF-8 from here on").into())
            }
        }
    }

    /// Parses a JSON text; `file_name` names it in messages. It is JSON as the standard (RFC 8259) has it, so
    /// without comments and trailing commas, and each key of an object is given once. A byte order mark is
    /// skipped. A number without fractional part becomes an integer, however it was written.
    ///
    /// # Errors
    /// The first error of syntax, or else all keys given twice and all numbers out of range.
    pub fn parse(file_name: &str, text: &str) -> Result<Document, Diagnostics> {
        let source = Source::new(file_name, text);
        let strict = ParseOptions {
            allow_comments: false,
            allow_loose_object_property_names: false,
            allow_trailing_commas: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        let parsed =
            parse_to_ast(&source.text, &CollectOptions::default(), &strict).map_err(|error| {
                source.syntax_error(error.range().start, without_capital(&error.kind().to_string()))
            })?;
        let Some(tree) = parsed.value else {
            return Err(source.syntax_error(0, "the file is empty").into());
        };
        // The parser lets pass what it need not: control characters in strings and exotic white space.
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&source.text) {
            let (message, offset) = strict_error(&source.text, &error);
            return Err(source.syntax_error(offset, message).into());
        }
        let mut reader = Reader { source: &source, errors: Diagnostics::default() };
        let start = tree.start();
        let (value, root) = reader.read(tree, start);
        let errors = reader.errors;
        errors.or(())?;
        Ok(Document { source, root, value, overrides: Vec::new() })
    }

    /// The name of the file, as messages print it.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.source.name
    }

    /// The value of the document.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The value at a path, if there is one.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<&Value> {
        path.segments().iter().try_fold(&self.value, |value, segment| match segment {
            Segment::Key(key) => value.as_object()?.get(key),
            Segment::Index(index) => value.as_array()?.get(*index),
        })
    }

    /// The value at a path as a document of its own, whose paths start there and whose places are still those
    /// in the file.
    #[must_use]
    pub fn part(&self, path: &Path) -> Option<Document> {
        let root = self.spot(path)?.clone();
        let value = self.get(path)?.clone();
        Some(Document { source: self.source.clone(), root, value, overrides: Vec::new() })
    }

    /// The place of the value at a path, if the file has one there that is not overridden.
    #[must_use]
    pub fn place(&self, path: &Path) -> Option<Place> {
        self.spot(path).map(|spot| self.source.place(spot.start))
    }

    /// The place of the key of the value at a path, or of the value itself if it is an array's element or the
    /// root.
    #[must_use]
    pub fn key_place(&self, path: &Path) -> Option<Place> {
        self.spot(path).map(|spot| self.source.place(spot.key_start))
    }

    /// A diagnostic about the value at a path, or about the nearest value around it if there is none (as when
    /// a default is at fault).
    #[must_use]
    pub fn diagnostic(&self, path: &Path, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.origin(path, |spot| spot.start), path.clone(), message)
    }

    /// A diagnostic about the key at a path rather than its value.
    #[must_use]
    pub fn key_diagnostic(&self, path: &Path, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.origin(path, |spot| spot.key_start), path.clone(), message)
    }

    fn spot(&self, path: &Path) -> Option<&Spot> {
        if self.override_of(path).is_some() {
            return None;
        }
        path.segments().iter().try_fold(&self.root, |spot, segment| spot.child(segment))
    }

    /// The last override that `path` comes from.
    fn override_of(&self, path: &Path) -> Option<&Override> {
        self.overrides.iter().rev().find(|o| path.segments().starts_with(o.scope.segments()))
    }

    fn origin(&self, path: &Path, offset: impl Fn(&Spot) -> usize) -> Origin {
        if let Some(overriding) = self.override_of(path) {
            return Origin::Override(overriding.assignment.clone());
        }
        let mut spot = &self.root;
        for segment in path.segments() {
            match spot.child(segment) {
                Some(child) => spot = child,
                // The nearest value around it stands for itself, not for its key.
                None => return self.source.origin(spot.start),
            }
        }
        self.source.origin(offset(spot))
    }
}

/// Turns the syntax tree into a value and the spots of its parts. The parser limits the depth.
struct Reader<'s> {
    source: &'s Source,
    errors: Diagnostics,
}

impl Reader<'_> {
    fn read(&mut self, tree: ast::Value<'_>, key_start: usize) -> (Value, Spot) {
        let start = tree.start();
        let (value, children) = match tree {
            ast::Value::NullKeyword(_) => (Value::Null, Children::None),
            ast::Value::BooleanLit(literal) => (Value::Bool(literal.value), Children::None),
            ast::Value::StringLit(literal) => {
                (Value::String(literal.value.into_owned()), Children::None)
            }
            ast::Value::NumberLit(literal) => (self.number(start, literal.value), Children::None),
            ast::Value::Array(array) => {
                let parts = array.elements.into_iter().map(|element| {
                    let start = element.start();
                    self.read(element, start)
                });
                let (values, spots) = parts.unzip();
                (Value::Array(values), Children::Elements(spots))
            }
            ast::Value::Object(object) => {
                let mut map = Map::new();
                let mut entries = BTreeMap::<String, Spot>::new();
                for property in object.properties {
                    let key_start = property.name.start();
                    let key = property.name.into_string();
                    let (value, spot) = self.read(property.value, key_start);
                    if let Some(first) = entries.get(&key) {
                        let Place { line, column } = self.source.place(first.key_start);
                        let message = format!(
                            "key {} is given twice, first at line {line}, column {column}",
                            quoted(&key)
                        );
                        self.errors.push_with(|| self.source.syntax_error(key_start, message));
                    } else {
                        map.insert(key.clone(), value);
                        entries.insert(key, spot);
                    }
                }
                (Value::Object(map), Children::Entries(entries))
            }
        };
        (value, Spot { start, key_start, children })
    }

    fn number(&mut self, start: usize, text: &str) -> Value {
        match serde_json::from_str::<Number>(text) {
            Ok(number) => Value::Number(without_fraction(number)),
            Err(_) => {
                let message = format!("number {text} is out of range: it is beyond 1.8e308");
                self.errors.push_with(|| self.source.syntax_error(start, message));
                Value::Null
            }
        }
    }
}

/// The same number as an integer if it is one and fits; negative zero stays as it is.
fn without_fraction(number: Number) -> Number {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 => {
            // The casts are exact: the float is whole and in the range of the integer.
            if float > 0.0 && float < TWO_64 || float.to_bits() == 0 {
                Number::from(float as u64)
            } else if (-TWO_63..0.0).contains(&float) {
                Number::from(float as i64)
            } else {
                number
            }
        }
        _ => number,
    }
}

/// The message of a `serde_json` error without its place, and its place as a byte offset.
fn strict_error(text: &str, error: &serde_json::Error) -> (String, usize) {
    let message = error.to_string();
    let message =
        message.rsplit_once(" at line ").map_or(message.as_str(), |(start, _)| start).to_owned();
    let line_start = match error.line() {
        0 | 1 => 0,
        // That parser ends lines at "\n" only.
        line => text.match_indices('\n').nth(line - 2).map_or(0, |(i, _)| i + 1),
    };
    // Its column is the count of bytes read, so that the last of them is at fault.
    let mut offset = (line_start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    // Except for control characters, which are only looked at.
    if message.starts_with("control character") {
        offset += text[offset..].find(|c: char| c.is_ascii_control()).unwrap_or(0);
    }
    (message, offset)
}

fn without_capital(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn errors(text: &str) -> String {
        Document::parse("x.json", text).unwrap_err().to_string()
    }

    fn places(document: &Document, path: &str) -> ((usize, usize), (usize, usize)) {
        let path = path.parse().unwrap();
        let (key, value) = (document.key_place(&path).unwrap(), document.place(&path).unwrap());
        ((key.line, key.column), (value.line, value.column))
    }

    #[test]
    fn places_count_lines_and_characters_whatever_the_line_ends() {
        for end in ["\n", "\r\n", "\r"] {
            let text =
                ["{", "\t\"a\": 1,", "  \"é𝄞\": [true,", "\"𝄞\", { \"b\" :  null }]", "}"].join(end);
            let document = Document::parse("x.json", &text).unwrap();
            assert_eq!(places(&document, "a"), ((2, 2), (2, 7)), "{end:?}");
            assert_eq!(places(&document, "é𝄞"), ((3, 3), (3, 9)), "{end:?}");
            assert_eq!(places(&document, "é𝄞[0]"), ((3, 10), (3, 10)), "{end:?}");
            assert_eq!(places(&document, "é𝄞[1]"), ((4, 1), (4, 1)), "{end:?}");
            assert_eq!(places(&document, "é𝄞[2].b"), ((4, 8), (4, 15)), "{end:?}");
            assert_eq!(document.place(&Path::root()), Some(Place { line: 1, column: 1 }));
            assert_eq!(document.place(&"a.b".parse().unwrap()), None);
        }
    }

    #[test]
    fn a_diagnostic_without_a_place_of_its_own_takes_the_nearest_around() {
        let document = Document::parse("x.json", "{\n \"a\": { \"b\": 1 } }").unwrap();
        let text = |path: &str| document.diagnostic(&path.parse().unwrap(), "bad").to_string();
        assert_eq!(text("a.b"), "x.json:2:14: a.b: bad");
        assert_eq!(text("a.c[3].d"), "x.json:2:7: a.c[3].d: bad");
        assert_eq!(document.diagnostic(&Path::root(), "bad").to_string(), "x.json:1:1: bad");
        let key = document.key_diagnostic(&"a.b".parse().unwrap(), "bad").to_string();
        assert_eq!(key, "x.json:2:9: a.b: bad");
    }

    #[test]
    fn syntax_errors_have_a_place() {
        for (text, expected) in [
            ("", "x.json:1:1: the file is empty"),
            (" \n ", "x.json:1:1: the file is empty"),
            ("{\n\"a\": 1,\n}", "x.json:2:7: trailing commas are not allowed"),
            ("[1,\n2,]", "x.json:2:2: trailing commas are not allowed"),
            ("{\n// no\n}", "x.json:2:1: comments are not allowed"),
            ("[1 2]", "x.json:1:3: expected comma"),
            ("[01]", "x.json:1:3: expected comma"),
            ("{a: 1}", "x.json:1:2: expected string for object property"),
            ("{'a': 1}", "x.json:1:2: single-quoted strings are not allowed"),
            ("{\"a\" 1}", "x.json:1:6: expected colon after the string or word in object property"),
            ("[\r\n\t\"é\", nope]", "x.json:2:7: unexpected token"),
            ("[NaN ]", "x.json:1:2: unexpected word"),
            ("[-Infinity]", "x.json:1:2: infinity and NaN are not allowed"),
            ("{\"a\": [1", "x.json:1:7: unterminated array"),
            ("\"abc", "x.json:1:1: unterminated string literal"),
            ("1 2", "x.json:1:3: text cannot contain more than one JSON value"),
            (
                "[\"a\n\"]",
                "x.json:1:4: control character (\\u0000-\\u001F) found while parsing a string",
            ),
            ("[1,\u{a0}2]", "x.json:1:4: expected value"),
            ("[1e400]", "x.json:1:2: number 1e400 is out of range: it is beyond 1.8e308"),
        ] {
            assert_eq!(errors(text), expected, "{text:?}");
        }
        assert!(errors(&"[".repeat(100_000)).ends_with("maximum nesting depth exceeded"));
    }

    #[test]
    fn a_key_given_twice_is_an_error_with_both_places() {
        assert_eq!(
            errors("{ \"a\": 1,\n  \"b\": { \"c\": 1, \"c\": 2 },\n  \"a\": 2 }"),
            "x.json:2:18: key \"c\" is given twice, first at line 2, column 10\n\
             x.json:3:3: key \"a\" is given twice, first at line 1, column 3"
        );
    }

    #[test]
    fn numbers_are_exact_and_whole_ones_integers() {
        let text = "[18446744073709551615, -9223372036854775808, 0.1, 4.0, 1e3, 1e300, 0.0, -2.0]";
        let document = Document::parse("x.json", text).unwrap();
        let expected = json!([u64::MAX, i64::MIN, 0.1, 4, 1000, 1e300, 0, -2]);
        assert_eq!(document.value(), &expected);
    }

    #[test]
    fn a_byte_order_mark_and_surrogate_pairs_are_read() {
        let document = Document::parse("x.json", "\u{feff}[\"\\ud834\\udd1e\"]").unwrap();
        assert_eq!(document.value(), &json!(["𝄞"]));
        assert_eq!(document.place(&Path::root()), Some(Place { line: 1, column: 1 }));
    }

    #[test]
    fn files_that_cannot_be_read_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bad.json");
        std::fs::write(&file, b"{\n \"a\": \"\xff\" }").unwrap();
        let message = Document::open(&file).unwrap_err().to_string();
        assert!(message.ends_with("bad.json:2:8: the text is not UTF-8 from here on"), "{message}");
        let message = Document::open(&folder.path().join("none.json")).unwrap_err().to_string();
        assert!(message.contains("none.json: cannot be read: No such file"), "{message}");
    }

    fn arbitrary_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter("whole", |f| f.fract() != 0.0).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_an_error(text in any::<String>()) {
            let ours = Document::parse("x.json", &text).is_ok();
            prop_assert_eq!(ours, serde_json::from_str::<Value>(&text).is_ok());
        }

        /// Texts that are nearly JSON, which plain random ones never are.
        #[test]
        fn nearly_json_is_judged_as_by_another_parser(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "[", "]", ":", ",", "\"a\"", "\"b\"", "1", "-0.5e3", "true", "null", " ", "\n",
                    "\r", "\\", "\"", "é", "\"\\u00e9\"", "\"\\ud834\"", "//", "'", "-", "+1", ".5", "0x1",
                ]),
                0..12,
            ),
        ) {
            let text = parts.concat();
            let ours = Document::parse("x.json", &text);
            let twice = matches!(&ours, Err(e) if e.to_string().contains("given twice"));
            prop_assert_eq!(ours.is_ok() || twice, serde_json::from_str::<Value>(&text).is_ok());
        }

        #[test]
        fn values_round_trip(value in arbitrary_json()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                let document = Document::parse("x.json", &text).unwrap();
                prop_assert_eq!(document.value(), &value);
            }
        }
    }
}
