//! A stream of XML events that knows where in the file it is.

use super::{GZIP_MAGIC, ImportError};
use flate2::bufread::MultiGzDecoder;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const UTF8_BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
const BUFFER_BYTES: usize = 128 * 1024;

type Source = Box<dyn BufRead + Send>;

/// A place in a text, from line 1, column 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    line: u64,
    column: u64,
}

/// Counts the lines of what is read through it.
struct Located {
    source: Source,
    location: Location,
}

impl Read for Located {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(into.len());
        into[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Located {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed has been filled before, so that asking for it again reads nothing.
        if let Ok(available) = self.source.fill_buf() {
            let passed = &available[..amount.min(available.len())];
            match passed.iter().rposition(|&byte| byte == b'\n') {
                None => self.location.column += passed.len() as u64,
                Some(last) => {
                    let lines = passed.iter().filter(|&&byte| byte == b'\n').count();
                    self.location.line += lines as u64;
                    self.location.column = (passed.len() - last) as u64;
                }
            }
        }
        self.source.consume(amount);
    }
}

/// An XML file, plain or gzipped, as a stream of events. Checks what holds of every format: that the
/// elements nest and that the file does not end within one.
pub(super) struct XmlFile {
    reader: Reader<Located>,
    file: PathBuf,
    at: Location,
    depth: usize,
}

impl XmlFile {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        match File::open(path) {
            Ok(file) => XmlFile::new(path, file),
            Err(source) => Err(ImportError::Open { file: path.to_owned(), source }),
        }
    }

    /// Reads from `source`; `name` stands for it in messages.
    pub(super) fn new(
        name: impl Into<PathBuf>,
        source: impl Read + Send + 'static,
    ) -> Result<Self, ImportError> {
        let file = name.into();
        let mut source: Source = Box::new(BufReader::with_capacity(BUFFER_BYTES, source));
        let location = Location { line: 1, column: 1 };
        let unreadable = |source| ImportError::Read { file: file.clone(), line: 1, column: 1, source };
        if source.fill_buf().map_err(unreadable)?.starts_with(&GZIP_MAGIC) {
            source = Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(source)));
        }
        // Told at once, before a large file of another kind is searched for a tag to its end.
        let start = source.fill_buf().map_err(unreadable)?;
        let start = start.strip_prefix(UTF8_BYTE_ORDER_MARK).unwrap_or(start).trim_ascii_start();
        if start.first().is_some_and(|&byte| byte != b'<') {
            let found = format!("{:?}", String::from_utf8_lossy(&start[..start.len().min(24)]));
            let expected = "\"<\", with which an XML file in UTF-8 starts".to_owned();
            return Err(ImportError::Content { file, line: 1, column: 1, found, expected });
        }
        let reader = Reader::from_reader(Located { source, location });
        Ok(XmlFile { reader, file, at: location, depth: 0 })
    }

    /// The next event and the number of elements around its element; [`Event::Eof`] only after all
    /// elements have ended.
    pub(super) fn next<'b>(
        &mut self,
        buffer: &'b mut Vec<u8>,
    ) -> Result<(usize, Event<'b>), ImportError> {
        buffer.clear();
        self.at = self.reader.get_ref().location;
        let event = self.reader.read_event_into(buffer).map_err(|error| self.fault(error))?;
        match &event {
            Event::Start(_) => self.depth += 1,
            // The reader refuses an end without a start.
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::Eof if self.depth > 0 => {
                let expected = "the end tags of open elements: the file has been cut short";
                return Err(self.error("the end of the file", expected));
            }
            _ => {}
        }
        Ok((self.depth - usize::from(matches!(event, Event::Start(_))), event))
    }

    /// Where the last event starts.
    pub(super) fn location(&self) -> Location {
        self.at
    }

    /// That the last event is not what it should be.
    pub(super) fn error(&self, found: impl Into<String>, expected: impl Into<String>) -> ImportError {
        self.error_at(self.at, found, expected)
    }

    /// That what is at `at` is not what it should be.
    pub(super) fn error_at(
        &self,
        at: Location,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> ImportError {
        let Location { line, column } = at;
        let (found, expected) = (found.into(), expected.into());
        ImportError::Content { file: self.file.clone(), line, column, found, expected }
    }

    /// The attributes of an element: name and value, the value as it stands in the file.
    pub(super) fn attributes<'e>(
        &self,
        element: &'e BytesStart<'_>,
    ) -> impl Iterator<Item = Result<(&'e str, Cow<'e, str>), ImportError>> {
        // That no name occurs twice is not worth a search per row.
        let mut attributes = element.attributes();
        attributes.with_checks(false);
        attributes.map(|attribute| match attribute {
            Ok(attribute) => Ok((attribute.key.into_inner(), attribute.value)),
            Err(error) => Err(self.error(format!("an attribute amiss ({error})"), "name=\"value\"")),
        })
    }

    /// The value of an attribute with its references (`&amp;`) resolved.
    pub(super) fn resolved<'v>(&self, value: Cow<'v, str>) -> Result<Cow<'v, str>, ImportError> {
        match unescape(&value) {
            Ok(Cow::Borrowed(_)) => Ok(value),
            Ok(Cow::Owned(resolved)) => Ok(Cow::Owned(resolved)),
            Err(error) => Err(self.error(format!("{value:?} ({error})"), "XML's own references")),
        }
    }

    /// A finite number; `what` names it.
    pub(super) fn number(&self, what: &str, text: &str) -> Result<f64, ImportError> {
        match text.trim_ascii().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self.error(format!("{what}={text:?}"), format!("a finite number as {what}"))),
        }
    }

    fn fault(&self, error: quick_xml::Error) -> ImportError {
        match error {
            quick_xml::Error::Io(error) => {
                let source = Arc::try_unwrap(error)
                    .unwrap_or_else(|shared| io::Error::new(shared.kind(), shared.to_string()));
                let Location { line, column } = self.at;
                ImportError::Read { file: self.file.clone(), line, column, source }
            }
            other => self.error(format!("XML amiss ({other})"), "well-formed XML"),
        }
    }
}

impl std::fmt::Debug for XmlFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("XmlFile").field("file", &self.file).field("at", &self.at).finish()
    }
}
