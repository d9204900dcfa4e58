//! What can be wrong with a trace, told with its place.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A place in a file of a trace. Lines and columns count from 1; a column is that of a table, not a byte.
/// The lines of a compressed file are those of the text in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file; of a member of an archive, `archive/member`.
    pub file: Arc<Path>,
    /// The line; 0 if the file has no lines (Parquet) or is at fault as a whole.
    pub line: u64,
    /// The column of the table; 0 for the whole line.
    pub column: usize,
}

impl Place {
    /// A file as a whole.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Place { file: Arc::from(path.into()), line: 0, column: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        Ok(())
    }
}

/// Why a trace cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// A file or folder cannot be opened.
    #[error("{}: cannot be opened: {source}", path.display())]
    Open {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file can be read up to a place only: a disk error, or a damaged or cut file.
    #[error("{place}: cannot be read beyond this place: {source}{}", remedy(source))]
    Read {
        /// The last line that could be read.
        place: Place,
        /// What the operating system or the decompressor says.
        source: io::Error,
    },
    /// A row, or a cell of it, is not what it should be. These are what `skip_bad_rows` counts instead.
    #[error("{place}: found {found}, expected {expected}")]
    Row {
        /// Where it is.
        place: Place,
        /// What is there.
        found: String,
        /// What could be there.
        expected: String,
    },
    /// A table of a file or folder is missing or not readable as a table at all.
    #[error("{place}: {message}")]
    Table {
        /// The file or folder.
        place: Place,
        /// What is missing or wrong, and what is expected.
        message: String,
    },
    /// Samples of a VM go back in time; of readers that did not tell so with a place.
    #[error(
        "VM {id:?} has a sample at {found_s} s, expected at least {expected_s} s, the end of the one before"
    )]
    Order {
        /// The VM.
        id: String,
        /// The start of the sample, in seconds from the start of the trace.
        found_s: f64,
        /// The end of the one before.
        expected_s: f64,
    },
    /// Jobs or VMs wait for each other in a circle.
    #[error("{id:?} waits for itself, directly or over others; dependencies must have no cycles")]
    Cycle {
        /// One of those in the circle.
        id: String,
    },
    /// The options do not go with each other or with the format.
    #[error("{0}")]
    Options(String),
    /// The trace is in Parquet, which this build does not read.
    #[error(
        "this build of stratosim does not read {}; build it with the cargo feature `parquet` (it is on by \
         default: leave out --no-default-features), or give the tables as CSV", path.display()
    )]
    NoParquet {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Whoever watched the reading wanted it to end.
    #[error("interrupted")]
    Interrupted,
}

impl TraceError {
    pub(super) fn open(path: &Path) -> impl FnOnce(io::Error) -> TraceError {
        move |source| TraceError::Open { path: path.to_path_buf(), source }
    }

    pub(super) fn table(path: impl Into<PathBuf>, message: impl Into<String>) -> TraceError {
        TraceError::Table { place: Place::file(path), message: message.into() }
    }
}

/// What a read error means where that can be known.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "; expected the end of the compressed data: the file has been cut short, fetch it again"
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            "; expected sound compressed data: the file is damaged, fetch it again"
        }
        _ => "",
    }
}

/// How many messages of skipped rows are kept.
const MOST_MESSAGES: usize = 10;

/// The bad rows that were skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkippedRows {
    /// How many.
    pub count: u64,
    /// What was wrong with the first ten.
    pub messages: Vec<String>,
}

/// Decides what becomes of bad rows: the first one ends the reading, or all are counted.
#[derive(Debug, Default)]
pub(super) struct Faults {
    skip: bool,
    pub(super) skipped: SkippedRows,
}

impl Faults {
    pub(super) fn new(skip: bool) -> Self {
        Faults { skip, skipped: SkippedRows::default() }
    }

    /// Gives what is good, and `None` for a row that is skipped.
    pub(super) fn pass<T>(&mut self, result: Result<T, TraceError>) -> Result<Option<T>, TraceError> {
        match result {
            Ok(good) => Ok(Some(good)),
            Err(error @ TraceError::Row { .. }) if self.skip => {
                self.skipped.count += 1;
                if self.skipped.messages.len() < MOST_MESSAGES {
                    self.skipped.messages.push(error.to_string());
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
