//! Reading what runs have written: tables batch by batch, with the descriptions of their columns.

use super::column::{Column, Rows};
use super::csv_source::CsvSource;
#[cfg(feature = "parquet")]
use super::parquet_source::ParquetSource;
use super::sink::FileFormat;
use super::symbol::Symbols;
use crate::names::did_you_mean;
use crate::records::{ColumnKind, ColumnSpec, TableSpec};
use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why output of a run cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The operating system refused.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The directory has no file that tells what is in it.
    #[error(
        "{} is no run directory: it has no {missing}; give a directory that `stratosim run` has written",
        path.display()
    )]
    NotARun {
        /// The directory.
        path: PathBuf,
        /// The file that it should have.
        missing: &'static str,
    },
    /// A file is not as it was written.
    #[error("{}{}: {message}", path.display(), line.map_or(String::new(), |line| format!(":{line}")))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1, of a text file.
        line: Option<u64>,
        /// What was found, and what was expected.
        message: String,
    },
    /// There is no such table or column.
    #[error("{0}")]
    Unknown(String),
    /// A table is in Parquet, which this build does not read.
    #[error(
        "this build of stratosim does not read {}; build it with the cargo feature `parquet` \
         (it is on by default: leave out --no-default-features)", path.display()
    )]
    NoParquet {
        /// The file.
        path: PathBuf,
    },
}

impl ReadError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> ReadError {
        move |source| ReadError::Io { path: path.to_path_buf(), source }
    }

    fn unknown<'c>(what: &str, name: &str, place: &str, known: impl Iterator<Item = &'c str>) -> Self {
        let known: Vec<&str> = known.collect();
        let meant = did_you_mean(name, known.iter().copied());
        let meant = meant.map_or(String::new(), |near| format!("did you mean {near:?}? "));
        let list = if known.is_empty() { "none".to_string() } else { known.join(", ") };
        ReadError::Unknown(format!("{place} has no {what} {name:?}; {meant}({what}s: {list})"))
    }
}

/// The tables in a directory, with what its dictionary says of them.
#[derive(Clone, Debug)]
pub struct TableDirectory {
    path: PathBuf,
    tables: Vec<(TableSpec, FileFormat)>,
}

impl TableDirectory {
    /// The tables in the directory `tables` that are in the dictionary, sorted by name.
    ///
    /// # Errors
    /// If the dictionary cannot be read.
    pub fn open(tables: impl Into<PathBuf>, dictionary: &Path) -> Result<Self, ReadError> {
        let path = tables.into();
        let dictionary = read_dictionary(dictionary)?;
        let file = |spec: TableSpec| {
            let formats = [FileFormat::Parquet, FileFormat::Csv];
            let format =
                formats.into_iter().find(|format| file(&path, &spec.name, *format).is_file())?;
            Some((spec, format))
        };
        let mut tables: Vec<_> = dictionary.into_iter().filter_map(file).collect();
        tables.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        Ok(TableDirectory { path, tables })
    }

    /// The directory of the tables.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tables that are there, sorted by name.
    pub fn tables(&self) -> impl Iterator<Item = &TableSpec> {
        self.tables.iter().map(|(spec, _)| spec)
    }

    /// Whether there is a table of this name.
    #[must_use]
    pub fn has(&self, table: &str) -> bool {
        self.tables().any(|spec| spec.name == table)
    }

    /// Reads all columns of a table.
    ///
    /// # Errors
    /// If there is no such table, or its file cannot be opened or has other columns than the dictionary.
    pub fn table(&self, name: &str) -> Result<TableReader, ReadError> {
        let (spec, format) = self.find(name)?;
        TableReader::open(&file(&self.path, name, *format), *format, spec.clone())
    }

    /// Reads these columns of a table, in this order.
    ///
    /// # Errors
    /// As [`table`](Self::table), and if there is no such column.
    pub fn table_columns(&self, name: &str, columns: &[&str]) -> Result<TableReader, ReadError> {
        let (spec, format) = self.find(name)?;
        let select = |column: &&str| {
            spec.column(column).map(|index| spec.columns[index].clone()).ok_or_else(|| {
                let known = spec.columns.iter().map(|column| column.name.as_ref());
                ReadError::unknown("column", column, &format!("table {name:?}"), known)
            })
        };
        let columns: Vec<ColumnSpec> = columns.iter().map(select).collect::<Result<_, _>>()?;
        let spec = TableSpec::new(spec.name.clone(), spec.meaning.clone(), columns);
        TableReader::open(&file(&self.path, name, *format), *format, spec)
    }

    fn find(&self, name: &str) -> Result<&(TableSpec, FileFormat), ReadError> {
        self.tables.iter().find(|(spec, _)| spec.name == name).ok_or_else(|| {
            let known = self.tables().map(|spec| spec.name.as_ref());
            ReadError::unknown("table", name, &self.path.display().to_string(), known)
        })
    }
}

fn file(directory: &Path, table: &str, format: FileFormat) -> PathBuf {
    directory.join(format!("{table}.{}", format.extension()))
}

/// The output of a finished run.
///
/// ```
/// # let parent = tempfile::tempdir()?;
/// # let path = parent.path().join("first");
/// use stratosim::output::{Destination, FileFormat, Recorder, RunDirectory, RunReader, TableSelection};
/// use stratosim::records::{ColumnSpec, TableSpec};
///
/// let directory = RunDirectory::create(&path, false)?;
/// let files = Destination::Files { directory: directory.tables(), format: FileFormat::Csv };
/// let mut recorder = Recorder::new(files, TableSelection::All);
/// let tasks = recorder.table(TableSpec::new("tasks", "One row a finished task", [
///     ColumnSpec::category("node", "node that ran it"),
///     ColumnSpec::float("latency_s", "s", "time since the task was created; null if it was lost"),
/// ]))?;
/// recorder.row(tasks).text("edge-3").float(0.25).end();
/// directory.write_dictionary(&recorder.dictionary())?;
/// recorder.finish()?;
/// directory.write_run(&serde_json::json!({ "seed": 1 }))?;
/// directory.write_summary(&serde_json::json!({ "tasks": 1 }))?;
/// directory.commit()?;
///
/// let run = RunReader::open(&path)?;
/// let mut tasks = run.table_columns("tasks", &["latency_s"])?;
/// assert_eq!(tasks.spec().columns[0].unit, "s");
/// while let Some(rows) = tasks.next_batch()? {
///     assert_eq!(rows.floats("latency_s"), Some(&[0.25][..]));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RunReader {
    path: PathBuf,
    run: Value,
    summary: Value,
    tables: TableDirectory,
}

impl RunReader {
    /// Opens a run directory.
    ///
    /// # Errors
    /// If it is none, or one of its files cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        let path = path.into();
        let read = |missing: &'static str| match path.join(missing) {
            file if file.is_file() => read_json(&file),
            _ => Err(ReadError::NotARun { path: path.clone(), missing }),
        };
        let (run, summary) = (read("run.json")?, read("summary.json")?);
        let tables = TableDirectory::open(path.join("tables"), &path.join("dictionary.json"))?;
        Ok(RunReader { path, run, summary, tables })
    }

    /// The directory, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content of `run.json`: scenario, seed, version, fingerprints.
    #[must_use]
    pub fn run(&self) -> &Value {
        &self.run
    }

    /// The content of `summary.json`.
    #[must_use]
    pub fn summary(&self) -> &Value {
        &self.summary
    }

    /// The tables that the run has written, sorted by name.
    pub fn tables(&self) -> impl Iterator<Item = &TableSpec> {
        self.tables.tables()
    }

    /// Whether the run has written a table of this name.
    #[must_use]
    pub fn has_table(&self, name: &str) -> bool {
        self.tables.has(name)
    }

    /// Reads all columns of a table.
    ///
    /// # Errors
    /// As [`TableDirectory::table`].
    pub fn table(&self, name: &str) -> Result<TableReader, ReadError> {
        self.tables.table(name)
    }

    /// Reads these columns of a table, in this order.
    ///
    /// # Errors
    /// As [`TableDirectory::table_columns`].
    pub fn table_columns(&self, name: &str, columns: &[&str]) -> Result<TableReader, ReadError> {
        self.tables.table_columns(name, columns)
    }
}

/// Reads one table from its file, in the order of its rows and within bounded memory.
///
/// A symbol means the same text in all batches of a reader. Of CSV, empty text reads as null.
#[derive(Debug)]
pub struct TableReader {
    spec: TableSpec,
    columns: Vec<Column>,
    symbols: Symbols,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Csv(CsvSource),
    #[cfg(feature = "parquet")]
    Parquet(ParquetSource),
}

impl TableReader {
    /// Opens a file that has at least the columns of `spec`.
    ///
    /// # Errors
    /// If it cannot be read or lacks a column.
    pub fn open(path: &Path, format: FileFormat, spec: TableSpec) -> Result<Self, ReadError> {
        let source = match format {
            FileFormat::Csv => Source::Csv(CsvSource::open(path, &spec)?),
            #[cfg(feature = "parquet")]
            FileFormat::Parquet => Source::Parquet(ParquetSource::open(path, &spec)?),
            #[cfg(not(feature = "parquet"))]
            FileFormat::Parquet => return Err(ReadError::NoParquet { path: path.to_path_buf() }),
        };
        let columns = spec.columns.iter().map(|column| Column::new(column.kind)).collect();
        Ok(TableReader { spec, columns, symbols: Symbols::default(), source })
    }

    /// The table with the columns that are read.
    #[must_use]
    pub fn spec(&self) -> &TableSpec {
        &self.spec
    }

    /// All texts of categories so far.
    #[must_use]
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// The next rows, at least one; `None` at the end.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged.
    pub fn next_batch(&mut self) -> Result<Option<Rows<'_>>, ReadError> {
        self.columns.iter_mut().for_each(Column::clear);
        let (columns, symbols) = (&mut self.columns, &mut self.symbols);
        match &mut self.source {
            Source::Csv(source) => source.read(&self.spec, columns, symbols)?,
            #[cfg(feature = "parquet")]
            Source::Parquet(source) => source.read(&self.spec, columns, symbols)?,
        }
        let rows = Rows { spec: &self.spec, columns: &self.columns, symbols: &self.symbols };
        Ok((!rows.is_empty()).then_some(rows))
    }
}

/// Reads a JSON file.
///
/// # Errors
/// If it cannot be read, or is not JSON.
pub fn read_json(path: &Path) -> Result<Value, ReadError> {
    let text = fs::read_to_string(path).map_err(ReadError::io(path))?;
    serde_json::from_str(&text).map_err(|error| ReadError::Damaged {
        path: path.to_path_buf(),
        line: Some(error.line() as u64),
        message: format!("is no JSON: {error}"),
    })
}

/// The descriptions of the tables in a dictionary, as [`dictionary`](super::dictionary) makes it.
fn read_dictionary(path: &Path) -> Result<Vec<TableSpec>, ReadError> {
    let value = read_json(path)?;
    let damaged = |message: String| ReadError::Damaged { path: path.to_path_buf(), line: None, message };
    let tables = value["tables"].as_object().ok_or_else(|| damaged("has no tables".into()))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let mut specs = Vec::with_capacity(tables.len());
    for (name, table) in tables {
        let columns = table["columns"].as_object();
        let columns = columns.ok_or_else(|| damaged(format!("table {name:?} has no columns")))?;
        let mut described = Vec::with_capacity(columns.len());
        for (column, entry) in columns {
            let kind = text(&entry["type"]);
            let kind = ColumnKind::ALL.into_iter().find(|known| known.to_string() == kind);
            let kind = kind.ok_or_else(|| {
                damaged(format!("column {column:?} of {name:?} has the unknown type {}", entry["type"]))
            })?;
            let (unit, meaning) = (text(&entry["unit"]), text(&entry["meaning"]));
            described.push(ColumnSpec::new(column.clone(), kind, unit, meaning));
        }
        specs.push(TableSpec::new(name.clone(), text(&table["meaning"]), described));
    }
    Ok(specs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{BATCH_ROWS, Cell, Destination, Recorder, TableSelection, dictionary};
    use std::path::Path;

    fn formats() -> impl Iterator<Item = FileFormat> {
        let parquet = cfg!(feature = "parquet").then_some(FileFormat::Parquet);
        [FileFormat::Csv].into_iter().chain(parquet)
    }

    fn mixed() -> TableSpec {
        TableSpec::new(
            "mixed",
            "All kinds",
            [
                ColumnSpec::float("float", "s", "a float"),
                ColumnSpec::unsigned("unsigned", "", "an unsigned"),
                ColumnSpec::signed("signed", "", "a signed"),
                ColumnSpec::boolean("boolean", "a boolean"),
                ColumnSpec::category("category", "a category"),
                ColumnSpec::text("text", "a text"),
            ],
        )
    }

    /// Writes rows with nulls here and there to a file, and the same into memory.
    fn write(directory: &Path, format: FileFormat, rows: u64) -> crate::output::RecorderSummary {
        let files = Destination::Files { directory: directory.into(), format };
        let mut memory = None;
        for destination in [files, Destination::Memory] {
            let mut recorder = Recorder::new(destination, TableSelection::All);
            let table = recorder.table(mixed()).expect("it is well described");
            for row in 0..rows {
                let unless = |column| row % 11 != column;
                let names = ["edge-1", "a rather long name, \"quoted\"", "é"];
                let text = format!("{row}\nand on");
                recorder
                    .row(table)
                    .cell(unless(0).then_some(if row == 1 { f64::INFINITY } else { row as f64 / 3.0 }))
                    .cell(unless(1).then_some(u64::MAX - row))
                    .cell(unless(2).then_some(i64::MIN + row as i64))
                    .cell(unless(3).then_some(row.is_multiple_of(2)))
                    .cell(unless(4).then_some(names[row as usize % 3]))
                    .cell(unless(5).then_some(text.as_str()))
                    .end();
            }
            memory = Some(recorder.finish().expect("the disk has room"));
        }
        let text = dictionary([&mixed()]).to_string();
        fs::write(directory.join("dictionary.json"), text).expect("the disk has room");
        memory.expect("there are two rounds")
    }

    fn open(directory: &Path) -> TableDirectory {
        TableDirectory::open(directory, &directory.join("dictionary.json")).expect("it was written")
    }

    /// More rows than a batch and a row group, cell by cell.
    #[test]
    fn reads_what_was_written() {
        for format in formats() {
            let directory = tempfile::tempdir().expect("it can be created");
            let count = 4 * BATCH_ROWS + 700;
            let memory = write(directory.path(), format, count as u64);
            let expected = memory.rows("mixed").expect("it is in memory");
            let tables = open(directory.path());
            assert_eq!(tables.tables().collect::<Vec<_>>(), [&mixed()]);
            let mut reader = tables.table("mixed").expect("it is there");
            let mut row = 0;
            let mut batches = 0;
            while let Some(rows) = reader.next_batch().expect("it is whole") {
                for local in 0..rows.len() {
                    for column in 0..6 {
                        let (found, wanted) = (rows.cell(local, column), expected.cell(row, column));
                        assert_eq!(found, wanted, "{format:?}: row {row}, column {column}");
                    }
                    row += 1;
                }
                batches += 1;
            }
            assert!(row == count && batches > 1, "{format:?}: {row} rows, {batches} batches");
            assert!(reader.next_batch().expect("it stays at the end").is_none());
        }
    }

    #[test]
    fn chosen_columns_come_in_the_order_of_the_choice() {
        for format in formats() {
            let directory = tempfile::tempdir().expect("it can be created");
            write(directory.path(), format, 3);
            let tables = open(directory.path());
            let mut reader = tables.table_columns("mixed", &["category", "float"]).expect("they exist");
            let rows = reader.next_batch().expect("it is whole").expect("there are rows");
            assert_eq!((rows.columns().len(), rows.cell(2, 0)), (2, Cell::Text("é")));
            assert_eq!(rows.cell(2, 1), Cell::Float(2.0 / 3.0));
            let error = tables.table_columns("mixed", &["flaot"]).expect_err("it is mistyped");
            assert_eq!(
                error.to_string(),
                "table \"mixed\" has no column \"flaot\"; did you mean \"float\"? \
                 (columns: float, unsigned, signed, boolean, category, text)"
            );
            let error = tables.table("mxed").expect_err("it is mistyped").to_string();
            assert!(error.contains("did you mean \"mixed\"?"), "{error}");
        }
    }

    /// Every way in which a file can differ from its dictionary is told with its place.
    #[test]
    fn damage_is_told() {
        let directory = tempfile::tempdir().expect("it can be created");
        write(directory.path(), FileFormat::Csv, 0);
        let file = directory.path().join("mixed.csv");
        let header = "float,unsigned,signed,boolean,category,text\n";
        for (text, expected) in [
            ("float,unsigned\n".to_string(), ":1: has no column \"signed\""),
            (format!("{header}1,2,3,true,a,b\n1,-2,3,true,a,b\n"), ":3: column \"unsigned\" has \"-2\""),
            (
                format!("{header}x,2,3,true,a,b\n"),
                ":2: column \"float\" has \"x\", which is no float value",
            ),
            (format!("{header}1,2,3,yes,a,b\n"), "which is no boolean value"),
            (format!("{header}1,2,3\n"), ":2:"),
        ] {
            fs::write(&file, text).expect("the disk has room");
            let read = || {
                let mut reader = open(directory.path()).table("mixed")?;
                reader.next_batch().map(|_| ())
            };
            let error = read().expect_err("it is damaged").to_string();
            assert!(error.contains("mixed.csv") && error.contains(expected), "{error}");
        }
        fs::write(directory.path().join("dictionary.json"), "{\n \"tables\": [}").expect("it is ours");
        let path = directory.path().join("dictionary.json");
        let error = TableDirectory::open(directory.path(), &path).expect_err("it is damaged");
        assert!(error.to_string().contains("dictionary.json:2: is no JSON"), "{error}");
        let error = RunReader::open(directory.path()).expect_err("it is none").to_string();
        assert!(error.contains("is no run directory: it has no run.json"), "{error}");
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn a_damaged_parquet_file_is_told() {
        let directory = tempfile::tempdir().expect("it can be created");
        write(directory.path(), FileFormat::Parquet, 100);
        let file = directory.path().join("mixed.parquet");
        let bytes = fs::read(&file).expect("it was written");
        for length in [0, 3, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&file, &bytes[..length]).expect("the disk has room");
            let error = open(directory.path()).table("mixed").expect_err("it is cut short");
            assert!(error.to_string().contains("mixed.parquet"), "{error}");
        }
    }
}
