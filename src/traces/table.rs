//! Tables of comma-separated values: what all formats of that kind have in common.

use super::error::{Faults, Place, SkippedRows, TraceError};
use super::input::{self, TraceFile, quoted};
use super::record::{BATCH_ROWS, Batch, DemandUnit, TraceReader, single};
use crate::names::did_you_mean;
use csv::ByteRecord;
use rustc_hash::FxHashSet;
use std::collections::VecDeque;
use std::fmt;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128;

/// No quantity of a trace is larger; up to here products and sums stay finite.
pub(super) const MOST: f64 = 1e30;
/// Any number.
pub(super) const ANY: RangeInclusive<f64> = -MOST..=MOST;
/// Any number of at least 0.
pub(super) const NOT_NEGATIVE: RangeInclusive<f64> = 0.0..=MOST;
/// Any number above 0.
pub(super) const POSITIVE: RangeInclusive<f64> = f64::MIN_POSITIVE..=MOST;
/// A percentage.
pub(super) const PERCENT: RangeInclusive<f64> = 0.0..=100.0;

/// So many names of columns stand in a message.
const MOST_NAMES: usize = 16;

/// Whether a table has a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// It has none, as published, but some copies have one: a first row without any number is a header. The
    /// order of columns is fixed.
    Perhaps,
    /// It has one, by which columns are found; others are passed over.
    Names,
    /// It has one, and columns of other names are errors.
    KnownNames,
}

/// How a table looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// The columns in their order, those that may be missing last.
    pub(super) columns: &'static [&'static str],
    /// How many of the columns must be there.
    pub(super) required: usize,
    pub(super) header: Header,
    /// What is between columns.
    pub(super) delimiter: u8,
}

/// A format of one or more tables.
pub(super) trait Tables: Send {
    /// Tells the tables apart.
    type Kind: Copy + Send + fmt::Debug;

    fn layout(&self, kind: Self::Kind) -> Layout;

    fn demand_unit(&self) -> DemandUnit {
        DemandUnit::Share
    }

    /// Reads a row. If it is bad, nothing may have changed.
    fn row(
        &mut self,
        kind: Self::Kind,
        row: &Row<'_>,
        faults: &mut Faults,
        into: &mut Batch,
    ) -> Result<(), TraceError>;

    /// Gives what was held back, after the last row of a file; `next` is what follows.
    fn file_ends(&mut self, _kind: Self::Kind, _next: Option<Self::Kind>, _into: &mut Batch) {}

    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Reads the tables of a format one after the other.
pub(super) struct TableReader<T: Tables> {
    format: T,
    files: VecDeque<(T::Kind, TraceFile)>,
    open: Option<(T::Kind, OpenTable)>,
    faults: Faults,
}

impl<T: Tables> fmt::Debug for TableReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableReader").field("files", &self.files).finish_non_exhaustive()
    }
}

impl<T: Tables> TableReader<T> {
    /// Reads these files in this order.
    pub(super) fn new(
        format: T,
        files: impl IntoIterator<Item = (T::Kind, TraceFile)>,
        faults: Faults,
    ) -> Self {
        TableReader { format, files: files.into_iter().collect(), open: None, faults }
    }
}

impl<T: Tables> TraceReader for TableReader<T> {
    fn demand_unit(&self) -> DemandUnit {
        self.format.demand_unit()
    }

    fn read_batch(&mut self, batch: &mut Batch) -> Result<bool, TraceError> {
        batch.clear();
        while batch.len() < BATCH_ROWS {
            let Some((kind, table)) = &mut self.open else {
                let Some((kind, file)) = self.files.pop_front() else { break };
                let table = OpenTable::new(&file.path, file.open()?, self.format.layout(kind))?;
                self.open = Some((kind, table));
                continue;
            };
            match self.faults.pass(table.next())? {
                Some(true) => {
                    let row = Row { table };
                    let result = self.format.row(*kind, &row, &mut self.faults, batch);
                    self.faults.pass(result)?;
                }
                Some(false) => {
                    let next = self.files.front().map(|(kind, _)| *kind);
                    self.format.file_ends(*kind, next, batch);
                    self.open = None;
                }
                // A row that is skipped.
                None => {}
            }
        }
        Ok(!batch.is_empty())
    }

    fn skipped(&self) -> &SkippedRows {
        &self.faults.skipped
    }

    fn notes(&self) -> Vec<String> {
        self.format.notes()
    }
}

/// The names that occurred so far, by their hashes: sixteen bytes each, however long they are. Among a billion
/// names the chance that two of them have the same is below 10^-20.
#[derive(Debug, Default)]
pub(super) struct Seen(FxHashSet<u128>);

impl Seen {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(&xxh3_128(name.as_bytes()))
    }

    pub(super) fn add(&mut self, name: &str) {
        self.0.insert(xxh3_128(name.as_bytes()));
    }
}

/// Reads all rows of a table at once.
pub(super) fn read_rows(
    file: &TraceFile,
    layout: Layout,
    faults: &mut Faults,
    mut row: impl FnMut(&Row<'_>) -> Result<(), TraceError>,
) -> Result<(), TraceError> {
    let mut table = OpenTable::new(&file.path, file.open()?, layout)?;
    loop {
        match faults.pass(table.next())? {
            Some(true) => {
                faults.pass(row(&Row { table: &table }))?;
            }
            Some(false) => return Ok(()),
            // A row that is skipped.
            None => {}
        }
    }
}

/// A table that is being read.
struct OpenTable {
    file: Arc<Path>,
    layout: Layout,
    reader: csv::Reader<input::Text>,
    record: ByteRecord,
    /// Where the record is.
    line: u64,
    /// For each column of the layout the one of the file.
    positions: Option<Vec<Option<usize>>>,
    /// How many columns the header has.
    width: usize,
    started: bool,
}

impl OpenTable {
    fn new(name: &Path, source: impl Read + Send + 'static, layout: Layout) -> Result<Self, TraceError> {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(layout.delimiter)
            // A carriage return before it is removed with the last cell; the reader would count lines wrongly.
            .terminator(csv::Terminator::Any(b'\n'))
            // Only files with a header come from writers that quote; elsewhere a stray quote must not
            // swallow the rest of the file.
            .quoting(matches!(layout.header, Header::Names | Header::KnownNames))
            .from_reader(input::text(name, source)?);
        let (file, record) = (Arc::from(name), ByteRecord::new());
        Ok(OpenTable {
            file,
            layout,
            reader,
            record,
            line: 0,
            positions: None,
            width: 0,
            started: false,
        })
    }

    /// Goes to the next row; `false` at the end.
    fn next(&mut self) -> Result<bool, TraceError> {
        if !self.started {
            self.started = true;
            if !self.advance()? {
                return match self.layout.header {
                    Header::Perhaps => Ok(false),
                    _ => Err(self.no_header("nothing".into())),
                };
            }
            match self.layout.header {
                Header::Perhaps => {
                    let number = |cell: &[u8]| {
                        str::from_utf8(cell.trim_ascii()).is_ok_and(|cell| cell.parse::<f64>().is_ok())
                    };
                    if self.record.iter().any(number) {
                        return self.check_width();
                    }
                }
                Header::Names | Header::KnownNames => self.read_header()?,
            }
        }
        if !self.advance()? {
            return Ok(false);
        }
        self.check_width()
    }

    /// Goes to the next record that is not blank.
    fn advance(&mut self) -> Result<bool, TraceError> {
        loop {
            let before = self.reader.position().line();
            let result = self.reader.read_byte_record(&mut self.record);
            // Blank lines before a record are part of it for the reader, but not for people.
            let within = self.record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
            let after = self.reader.position().line();
            self.line = before.max(after.saturating_sub(within + 1));
            match result {
                Ok(true) if self.record.len() == 1 && self.cell(0).trim_ascii().is_empty() => {}
                Ok(more) => return Ok(more),
                Err(error) => {
                    let source = match error.into_kind() {
                        csv::ErrorKind::Io(source) => source,
                        other => std::io::Error::other(format!("{other:?}")),
                    };
                    return Err(TraceError::Read { place: self.place(0), source });
                }
            }
        }
    }

    /// A cell as it stands there, without the carriage return of the end of the line; empty if there is none.
    fn cell(&self, position: usize) -> &[u8] {
        let cell = self.record.get(position).unwrap_or_default();
        let last = position + 1 == self.record.len();
        cell.strip_suffix(b"\r").filter(|_| last).unwrap_or(cell)
    }

    fn check_width(&self) -> Result<bool, TraceError> {
        let found = self.record.len();
        let (least, most) = match &self.positions {
            Some(_) => (self.width, self.width),
            None => (self.layout.required, self.layout.columns.len()),
        };
        if (least..=most).contains(&found) {
            return Ok(true);
        }
        let wanted = if least == most { format!("{most}") } else { format!("{least} to {most}") };
        let names = match self.layout.columns {
            [first @ .., last] if first.len() > MOST_NAMES => {
                format!("{}, ..., {last}", first[..MOST_NAMES].join(", "))
            }
            all => all.join(", "),
        };
        let plural = if found == 1 { "" } else { "s" };
        Err(TraceError::Row {
            place: self.place(0),
            found: format!("{found} column{plural}"),
            expected: format!("{wanted} ({names})"),
        })
    }

    fn read_header(&mut self) -> Result<(), TraceError> {
        let name = |name: &[u8]| String::from_utf8_lossy(name.trim_ascii()).into_owned();
        let names: Vec<String> = self.record.iter().map(name).collect();
        let columns = self.layout.columns;
        if self.layout.header == Header::KnownNames
            && let Some(unknown) = names.iter().find(|name| !columns.contains(&name.as_str()))
        {
            let meant = did_you_mean(unknown, columns.iter().copied());
            let meant = meant.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            return Err(self.no_header(format!("column {unknown:?}{meant}")));
        }
        let positions: Vec<Option<usize>> =
            columns.iter().map(|column| names.iter().position(|name| name == column)).collect();
        let missing = columns.iter().zip(&positions).take(self.layout.required);
        if let Some((name, _)) = missing.clone().find(|(_, position)| position.is_none()) {
            return Err(self.no_header(format!("no column {name:?}")));
        }
        self.width = names.len();
        self.positions = Some(positions);
        Ok(())
    }

    fn no_header(&self, found: String) -> TraceError {
        let (required, optional) = self.layout.columns.split_at(self.layout.required);
        let optional =
            if optional.is_empty() { String::new() } else { format!("[, {}]", optional.join(", ")) };
        let mut place = self.place(0);
        place.line = place.line.max(1);
        TraceError::Table {
            place,
            message: format!("found {found}, expected a header with {}{optional}", required.join(", ")),
        }
    }

    fn place(&self, column: usize) -> Place {
        Place { file: Arc::clone(&self.file), line: self.line, column }
    }
}

/// A row of a table. Columns are those of the layout.
pub(super) struct Row<'t> {
    table: &'t OpenTable,
}

impl<'t> Row<'t> {
    fn position(&self, column: usize) -> Option<usize> {
        match &self.table.positions {
            None => Some(column),
            Some(positions) => positions.get(column).copied().flatten(),
        }
    }

    /// A cell with the blanks around it; empty if the table has no such column.
    fn exact_bytes(&self, column: usize) -> &'t [u8] {
        self.position(column).map_or(b"", |position| self.table.cell(position))
    }

    /// A cell without blanks around it; empty if the table has no such column.
    pub(super) fn bytes(&self, column: usize) -> &'t [u8] {
        self.exact_bytes(column).trim_ascii()
    }

    /// A cell that must not be empty.
    pub(super) fn text(&self, column: usize) -> Result<&'t str, TraceError> {
        match self.optional_text(column)? {
            Some(text) => Ok(text),
            None => Err(self.error(column, self.table.layout.columns[column])),
        }
    }

    /// A cell as text; `None` if it is empty.
    pub(super) fn optional_text(&self, column: usize) -> Result<Option<&'t str>, TraceError> {
        match str::from_utf8(self.bytes(column)) {
            Ok("") => Ok(None),
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(self.error(column, "text in UTF-8")),
        }
    }

    /// A cell with the blanks around it, which must not be empty.
    pub(super) fn exact_text(&self, column: usize) -> Result<&'t str, TraceError> {
        match str::from_utf8(self.exact_bytes(column)) {
            Ok(text) if !text.is_empty() => Ok(text),
            _ => Err(self.error(column, &format!("{}, in UTF-8", self.table.layout.columns[column]))),
        }
    }

    /// A cell with the blanks around it; `None` if it is empty.
    pub(super) fn label(&self, column: usize) -> Result<Option<String>, TraceError> {
        if self.exact_bytes(column).is_empty() {
            return Ok(None);
        }
        self.exact_text(column).map(|text| Some(text.to_string()))
    }

    /// A number in a range; `None` if the cell is empty.
    pub(super) fn optional_number(
        &self,
        column: usize,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, TraceError> {
        let bytes = self.bytes(column);
        if bytes.is_empty() {
            return Ok(None);
        }
        match str::from_utf8(bytes).ok().and_then(|text| text.parse::<f64>().ok()) {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            Some(number) if number > MOST && *range.end() == MOST => {
                Err(self.error(column, &format!("a number of at most {MOST:e}")))
            }
            _ => Err(self.error(column, &self.wanted(column, &range))),
        }
    }

    /// A number in single precision of at least 0, as close as it can be; `None` if the cell is empty.
    pub(super) fn optional_single(&self, column: usize) -> Result<Option<f32>, TraceError> {
        let Some(number) = self.optional_number(column, NOT_NEGATIVE)? else { return Ok(None) };
        // Read once more, since rounding twice can miss by one digit.
        let text = str::from_utf8(self.bytes(column)).unwrap_or_default();
        Ok(Some(text.parse().unwrap_or_else(|_| single(number))))
    }

    /// A number in a range.
    pub(super) fn number(&self, column: usize, range: RangeInclusive<f64>) -> Result<f64, TraceError> {
        match self.optional_number(column, range.clone())? {
            Some(number) => Ok(number),
            None => Err(self.error(column, &self.wanted(column, &range))),
        }
    }

    /// A whole number.
    pub(super) fn integer(&self, column: usize) -> Result<i64, TraceError> {
        let number = str::from_utf8(self.bytes(column)).ok().and_then(|text| text.parse().ok());
        let name = self.table.layout.columns[column];
        number.ok_or_else(|| self.error(column, &format!("{name}: a whole number")))
    }

    /// A count that fits into 32 bits.
    pub(super) fn count(&self, column: usize) -> Result<u32, TraceError> {
        let name = self.table.layout.columns[column];
        let expected = || self.error(column, &format!("{name}: a whole number from 0 to {}", u32::MAX));
        u32::try_from(self.integer(column)?).map_err(|_| expected())
    }

    fn wanted(&self, column: usize, range: &RangeInclusive<f64>) -> String {
        let name = self.table.layout.columns[column];
        let (low, high) = (*range.start(), *range.end());
        match (low, high) {
            _ if *range == ANY => format!("{name}: a finite number"),
            _ if *range == POSITIVE => format!("{name}: a number above 0"),
            _ if high == MOST => format!("{name}: a number of at least {low}"),
            _ => format!("{name}: a number from {low} to {high}"),
        }
    }

    /// That a cell is not what it should be.
    pub(super) fn error(&self, column: usize, expected: &str) -> TraceError {
        let place = self.table.place(self.position(column).map_or(0, |position| position + 1));
        TraceError::Row { place, found: quoted(self.bytes(column)), expected: expected.into() }
    }

    /// That the row is not what it should be.
    pub(super) fn refuse(&self, found: String, expected: String) -> TraceError {
        TraceError::Row { place: self.table.place(0), found, expected }
    }
}
