//! The recorder: takes the rows of a run's tables, hashes them and hands them on in batches.

use super::column::{Column, Rows};
use super::dictionary::{check_table, dictionary};
use super::error::OutputError;
use super::fingerprint::{BLOCK_ROWS, Fingerprint};
use super::observer::{Observers, RowObserver};
use super::row::RowWriter;
use super::sink::{FileFormat, TableSink};
use super::summary::{RecorderSummary, TableSummary};
use super::symbol::Symbols;
use crate::records::{Symbol, TableId, TableSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::PathBuf;

/// Rows of a table that are buffered before they are written: a whole number of blocks.
pub const BATCH_ROWS: usize = 16 * BLOCK_ROWS;

/// Where the recorded rows go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Into one file a table.
    Files {
        /// The directory for them, made if there is none: [`RunDirectory::tables`](super::RunDirectory::tables).
        directory: PathBuf,
        /// Their format.
        format: FileFormat,
    },
    /// They stay in memory, all of them, to be read by [`Recorder::rows`] and [`RecorderSummary::rows`].
    Memory,
    /// Nowhere: they are counted and hashed only.
    Discard,
}

/// Which tables are recorded. The others cost next to nothing, and have no part in the fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableSelection {
    /// Every table but those that are [details](TableSpec::detailed).
    All,
    /// Every table, the details too.
    Full,
    /// The tables of these names.
    Only(BTreeSet<String>),
}

impl TableSelection {
    fn contains(&self, table: &TableSpec) -> bool {
        match self {
            TableSelection::All => !table.detailed,
            TableSelection::Full => true,
            TableSelection::Only(names) => names.contains(table.name.as_ref()),
        }
    }
}

/// Takes the rows of a run's tables; the [module](super) shows how.
#[derive(Debug)]
pub struct Recorder {
    destination: Destination,
    selection: TableSelection,
    tables: Vec<Table>,
    ids: BTreeMap<String, TableId>,
    symbols: Symbols,
    failure: Option<OutputError>,
    observers: Observers,
    /// Which of them sees the tables of these names.
    observed: BTreeMap<String, usize>,
}

#[derive(Debug)]
enum Table {
    Recorded(TableBuffer),
    LeftOut(TableSpec),
}

impl Recorder {
    /// A recorder without tables.
    #[must_use]
    pub fn new(destination: Destination, selection: TableSelection) -> Self {
        Recorder {
            destination,
            selection,
            tables: Vec::new(),
            ids: BTreeMap::new(),
            symbols: Symbols::default(),
            failure: None,
            observers: Observers::default(),
            observed: BTreeMap::new(),
        }
    }

    /// Lets `observer` see the rows of the tables of these names, if they are recorded, from their registration on.
    /// A table has one observer: the last that was named.
    pub fn observe(
        &mut self,
        tables: impl IntoIterator<Item = impl Into<String>>,
        observer: impl RowObserver + 'static,
    ) {
        let index = self.observers.0.len();
        self.observers.0.push(Box::new(observer));
        self.observed.extend(tables.into_iter().map(|table| (table.into(), index)));
    }

    /// Registers a table and starts its file if it is selected. The same table may be registered by
    /// several parts of a run, which then share it.
    ///
    /// # Errors
    ///
    /// If the description is not valid, if another table of that name is registered, or if the file
    /// cannot be created.
    pub fn table(&mut self, spec: TableSpec) -> Result<TableId, OutputError> {
        if let Some(&id) = self.ids.get(spec.name.as_ref()) {
            return match &self.tables[id.0] {
                Table::Recorded(TableBuffer { spec: present, .. }) | Table::LeftOut(present)
                    if *present == spec =>
                {
                    Ok(id)
                }
                _ => Err(OutputError::Redefined { table: spec.name.into_owned() }),
            };
        }
        check_table(&spec)?;
        let name = spec.name.to_string();
        let table = if self.selection.contains(&spec) {
            let observer = self.observed.get(&name).copied();
            Table::Recorded(TableBuffer { observer, ..TableBuffer::new(self.sink(&spec)?, spec) })
        } else {
            Table::LeftOut(spec)
        };
        let id = TableId(self.tables.len());
        self.tables.push(table);
        self.ids.insert(name, id);
        Ok(id)
    }

    fn sink(&self, spec: &TableSpec) -> Result<Sink, OutputError> {
        Ok(match &self.destination {
            Destination::Files { directory, format } => {
                fs::create_dir_all(directory).map_err(OutputError::io("create", directory))?;
                Sink::File(format.open(directory, spec)?)
            }
            Destination::Memory => Sink::Memory,
            Destination::Discard => Sink::Discard,
        })
    }

    /// The symbol of text that repeats, for [`RowWriter::category`].
    pub fn symbol(&mut self, text: &str) -> Symbol {
        self.symbols.intern(text)
    }

    /// The text of a symbol.
    #[must_use]
    pub fn symbol_text(&self, symbol: Symbol) -> &str {
        self.symbols.text(symbol)
    }

    /// Whether rows of this table are recorded: if not, a caller may save the work of finding them.
    #[must_use]
    #[inline]
    pub fn is_enabled(&self, table: TableId) -> bool {
        matches!(self.tables.get(table.0), Some(Table::Recorded(_)))
    }

    /// Starts a row. It goes nowhere if the table is not recorded.
    #[inline]
    pub fn row(&mut self, table: TableId) -> RowWriter<'_> {
        let table = match self.tables.get_mut(table.0) {
            Some(Table::Recorded(buffer)) => Some(buffer),
            _ => None,
        };
        RowWriter {
            table,
            symbols: &mut self.symbols,
            failure: &mut self.failure,
            observers: &mut self.observers,
            cells: 0,
        }
    }

    /// The first error of writing, after which nothing more is written: a long run can stop early.
    #[must_use]
    pub fn failure(&self) -> Option<&OutputError> {
        self.failure.as_ref()
    }

    /// The names that were selected though no table has them: probably mistyped.
    #[must_use]
    pub fn unknown_tables(&self) -> Vec<&str> {
        match &self.selection {
            TableSelection::All | TableSelection::Full => Vec::new(),
            TableSelection::Only(names) => {
                names.iter().map(String::as_str).filter(|name| !self.ids.contains_key(*name)).collect()
            }
        }
    }

    /// The registered tables in the order of their names, each with whether it is recorded.
    pub fn tables(&self) -> impl Iterator<Item = (&TableSpec, bool)> {
        self.ids.values().map(|id| match &self.tables[id.0] {
            Table::Recorded(buffer) => (&buffer.spec, true),
            Table::LeftOut(spec) => (spec, false),
        })
    }

    /// The data dictionary of the recorded tables, for
    /// [`RunDirectory::write_dictionary`](super::RunDirectory::write_dictionary).
    #[must_use]
    pub fn dictionary(&self) -> serde_json::Value {
        dictionary(self.tables().filter(|(_, recorded)| *recorded).map(|(spec, _)| spec))
    }

    /// The rows so far of a recorded table, if the destination is [`Destination::Memory`].
    #[must_use]
    pub fn rows(&self, table: TableId) -> Option<Rows<'_>> {
        match self.tables.get(table.0) {
            Some(Table::Recorded(buffer)) if matches!(buffer.sink, Sink::Memory) => {
                Some(buffer.rows(&self.symbols))
            }
            _ => None,
        }
    }

    /// Completes all files.
    ///
    /// # Errors
    ///
    /// The first error of writing, now or earlier: the files are incomplete.
    pub fn finish(self) -> Result<RecorderSummary, OutputError> {
        let Recorder { tables, symbols, mut failure, .. } = self;
        let mut summaries = BTreeMap::new();
        for table in tables {
            if let Table::Recorded(buffer) = table {
                let summary = buffer.finish(&symbols, &mut failure);
                summaries.insert(summary.spec().name.to_string(), summary);
            }
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(RecorderSummary::new(summaries, symbols)),
        }
    }
}

/// The rows of one table that are not in a file yet.
#[derive(Debug)]
pub(super) struct TableBuffer {
    pub(super) spec: TableSpec,
    pub(super) columns: Vec<Column>,
    /// Rows in the buffer.
    buffered: usize,
    /// Rows that have left it.
    written: u64,
    fingerprint: Fingerprint,
    sink: Sink,
    observer: Option<usize>,
}

enum Sink {
    File(Box<dyn TableSink>),
    /// The buffer is never emptied.
    Memory,
    Discard,
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sink::File(_) => "File",
            Sink::Memory => "Memory",
            Sink::Discard => "Discard",
        })
    }
}

impl TableBuffer {
    fn new(sink: Sink, spec: TableSpec) -> Self {
        let columns = spec.columns.iter().map(|column| Column::new(column.kind)).collect();
        TableBuffer {
            spec,
            columns,
            buffered: 0,
            written: 0,
            fingerprint: Fingerprint::default(),
            sink,
            observer: None,
        }
    }

    fn rows<'r>(&'r self, symbols: &'r Symbols) -> Rows<'r> {
        Rows { spec: &self.spec, columns: &self.columns, symbols }
    }

    /// Ends a row of which `cells` have been written.
    #[inline]
    pub(super) fn end_row(
        &mut self,
        cells: usize,
        symbols: &Symbols,
        failure: &mut Option<OutputError>,
        observers: &mut Observers,
    ) {
        if let Some(missing) = self.columns.get_mut(cells..) {
            missing.iter_mut().for_each(Column::push_null);
        }
        if let Some(observer) = self.observer.and_then(|index| observers.0.get_mut(index)) {
            observer.row(self.rows(symbols), self.buffered);
        }
        self.buffered += 1;
        if self.buffered.is_multiple_of(BLOCK_ROWS) {
            self.end_block(symbols, failure);
        }
    }

    fn end_block(&mut self, symbols: &Symbols, failure: &mut Option<OutputError>) {
        let rows = self.buffered - BLOCK_ROWS..self.buffered;
        self.fingerprint.add_block(&self.columns, rows, symbols);
        if self.buffered.is_multiple_of(BATCH_ROWS) {
            self.end_batch(symbols, failure);
        }
    }

    /// Hands the buffered rows to the sink. After a failure they are dropped, so that the run may end
    /// within its memory.
    fn end_batch(&mut self, symbols: &Symbols, failure: &mut Option<OutputError>) {
        match &mut self.sink {
            Sink::Memory => return,
            Sink::File(sink) if failure.is_none() => {
                let rows = Rows { spec: &self.spec, columns: &self.columns, symbols };
                *failure = sink.write(rows).err();
            }
            Sink::File(_) | Sink::Discard => {}
        }
        self.columns.iter_mut().for_each(Column::clear);
        self.written += self.buffered as u64;
        self.buffered = 0;
    }

    fn finish(mut self, symbols: &Symbols, failure: &mut Option<OutputError>) -> TableSummary {
        let rest = self.buffered % BLOCK_ROWS;
        if rest > 0 {
            self.fingerprint.add_block(&self.columns, self.buffered - rest..self.buffered, symbols);
        }
        self.end_batch(symbols, failure);
        let kept = matches!(self.sink, Sink::Memory);
        if let Sink::File(sink) = self.sink
            && failure.is_none()
        {
            *failure = sink.finish().err();
        }
        let rows = self.written + self.buffered as u64;
        TableSummary::new(self.spec, rows, self.fingerprint, kept.then_some(self.columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Cell, ColumnSpec};

    fn tasks_table() -> TableSpec {
        TableSpec::new(
            "tasks",
            "Tasks",
            [ColumnSpec::float("t_s", "s", "time"), ColumnSpec::category("node", "node")],
        )
    }
    fn nodes_table() -> TableSpec {
        TableSpec::new("nodes", "Nodes", [ColumnSpec::unsigned("cores", "", "cores")])
    }

    fn csv_in(directory: &std::path::Path) -> Destination {
        Destination::Files { directory: directory.join("tables"), format: FileFormat::Csv }
    }

    #[test]
    fn tables_are_shared_by_equal_description_only() {
        let mut recorder = Recorder::new(Destination::Discard, TableSelection::All);
        let tasks = recorder.table(tasks_table()).expect("it is new");
        assert_eq!(recorder.table(tasks_table()).expect("it is the same"), tasks);
        let other = TableSpec { meaning: "Other tasks".into(), ..tasks_table() };
        assert!(
            matches!(recorder.table(other), Err(OutputError::Redefined { table }) if table == "tasks")
        );
    }

    #[test]
    fn tables_left_out_have_no_file_and_no_part_in_the_fingerprint() {
        let directory = tempfile::tempdir().expect("it can be created");
        let record = |rows: u64, selected: &[&str], destination| {
            let names = selected.iter().map(ToString::to_string).collect();
            let mut recorder = Recorder::new(destination, TableSelection::Only(names));
            let (tasks, nodes) = (
                recorder.table(tasks_table()).expect("it is new"),
                recorder.table(nodes_table()).expect("it is new"),
            );
            assert!(recorder.is_enabled(tasks) && !recorder.is_enabled(nodes));
            assert_eq!(recorder.unknown_tables(), &selected[1..]);
            assert!(recorder.dictionary()["tables"].get("nodes").is_none());
            (0..rows).for_each(|cores| recorder.row(nodes).unsigned(cores).end());
            recorder.finish().expect("the disk has room")
        };
        let first = record(5, &["tasks", "tsaks"], csv_in(directory.path()));
        let second = record(6, &["tasks"], Destination::Discard);
        assert_eq!(first.fingerprint(), second.fingerprint());
        let files: Vec<_> = fs::read_dir(directory.path().join("tables"))
            .expect("it was made")
            .map(|entry| entry.expect("it can be read").file_name())
            .collect();
        assert_eq!(files, ["tasks.csv"]);
        let empty = fs::read_to_string(directory.path().join("tables/tasks.csv"));
        assert_eq!(empty.expect("it was written"), "t_s,node\n");
    }

    /// However many rows are written, the buffers hold no more than a batch.
    #[test]
    fn buffers_are_bounded() {
        let directory = tempfile::tempdir().expect("it can be created");
        for destination in [csv_in(directory.path()), Destination::Discard] {
            let mut recorder = Recorder::new(destination, TableSelection::All);
            let tasks = recorder.table(tasks_table()).expect("it is new");
            let node = recorder.symbol("edge");
            let rows = 5 * BATCH_ROWS + 7;
            let mut most = 0;
            for row in 0..rows {
                recorder.row(tasks).float(row as f64).category(node).end();
                let Table::Recorded(buffer) = &recorder.tables[0] else { panic!("it is recorded") };
                most = most.max(buffer.columns[0].len());
            }
            assert_eq!(most, BATCH_ROWS - 1);
            let summary = recorder.finish().expect("the disk has room");
            assert_eq!(summary.table("tasks").expect("it is there").rows(), rows as u64);
        }
        let text = fs::read_to_string(directory.path().join("tables/tasks.csv"));
        assert_eq!(text.expect("it was written").lines().count(), 5 * BATCH_ROWS + 8);
    }

    #[test]
    fn rows_dropped_early_end_in_nulls() {
        let mut recorder = Recorder::new(Destination::Memory, TableSelection::All);
        let tasks = recorder.table(tasks_table()).expect("it is new");
        drop(recorder.row(tasks).float(1.0));
        recorder.row(tasks).float(2.0).text("edge").end();
        let rows = recorder.rows(tasks).expect("it is in memory");
        assert_eq!((rows.len(), rows.cell(0, 1), rows.cell(1, 1)), (2, Cell::Null, Cell::Text("edge")));
    }

    #[cfg(debug_assertions)]
    #[test]
    fn wrong_rows_are_noticed_in_debug_builds() {
        let wrong: [fn(RowWriter<'_>); 3] = [
            |row| row.float(1.0).end(),
            |row| row.boolean(true).null().end(),
            |row| row.float(1.0).null().null().end(),
        ];
        for write in wrong {
            let result = std::panic::catch_unwind(|| {
                let mut recorder = Recorder::new(Destination::Memory, TableSelection::All);
                let tasks = recorder.table(tasks_table()).expect("it is new");
                write(recorder.row(tasks));
            });
            assert!(result.is_err());
        }
    }

    /// The first failure is kept and returned; rows after it go nowhere.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_reported_once_and_does_not_stop_the_run() {
        let directory = tempfile::tempdir().expect("it can be created");
        fs::create_dir(directory.path().join("tables")).expect("it is new");
        std::os::unix::fs::symlink("/dev/full", directory.path().join("tables/tasks.csv"))
            .expect("it is new");
        let mut recorder = Recorder::new(csv_in(directory.path()), TableSelection::All);
        let tasks = recorder.table(tasks_table()).expect("it can be opened");
        for row in 0..4 * BATCH_ROWS {
            recorder.row(tasks).float(row as f64).null().end();
        }
        assert!(recorder.failure().is_some());
        let message = recorder.finish().expect_err("the disk is full").to_string();
        assert!(message.contains("tasks.csv") && message.contains("free some space"), "{message}");
    }

    #[cfg(not(feature = "parquet"))]
    #[test]
    fn parquet_without_its_feature_is_a_message() {
        let directory = tempfile::tempdir().expect("it can be created");
        let destination =
            Destination::Files { directory: directory.path().into(), format: FileFormat::Parquet };
        let error =
            Recorder::new(destination, TableSelection::All).table(tasks_table()).expect_err("no writer");
        assert!(error.to_string().contains("feature `parquet`"), "{error}");
    }
}
