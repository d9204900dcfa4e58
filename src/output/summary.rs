//! What is known of the tables after a run, and how two runs differ.

use super::column::{Column, Rows};
use super::fingerprint::{BLOCK_ROWS, Fingerprint, comparable_bits};
use super::symbol::Symbols;
use crate::records::Cell;
use crate::records::TableSpec;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A recorded table after the run.
#[derive(Clone, Debug)]
pub struct TableSummary {
    spec: TableSpec,
    rows: u64,
    fingerprint: u64,
    /// One for each column of each block of rows, blocks outermost.
    digests: Vec<u64>,
    /// The cells, if they were kept in memory.
    columns: Option<Vec<Column>>,
}

impl TableSummary {
    pub(super) fn new(
        spec: TableSpec,
        rows: u64,
        fingerprint: Fingerprint,
        columns: Option<Vec<Column>>,
    ) -> Self {
        let (fingerprint, digests) = fingerprint.finish();
        TableSummary { spec, rows, fingerprint, digests, columns }
    }

    /// The table's description.
    #[must_use]
    pub fn spec(&self) -> &TableSpec {
        &self.spec
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// XXH3 of the cells, row order included; the same in every format.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The digests of the columns of a block, empty beyond the last.
    fn block(&self, block: usize) -> &[u64] {
        self.digests.chunks(self.spec.columns.len()).nth(block).unwrap_or_default()
    }

    fn blocks(&self) -> usize {
        self.digests.len() / self.spec.columns.len()
    }

    /// The rows of a block.
    fn block_rows(&self, block: usize) -> Range<u64> {
        let start = (block * BLOCK_ROWS) as u64;
        start..self.rows.min(start + BLOCK_ROWS as u64).max(start)
    }
}

/// The recorded tables of a finished run.
#[derive(Clone, Debug)]
pub struct RecorderSummary {
    tables: BTreeMap<String, TableSummary>,
    symbols: Symbols,
}

impl RecorderSummary {
    pub(super) fn new(tables: BTreeMap<String, TableSummary>, symbols: Symbols) -> Self {
        RecorderSummary { tables, symbols }
    }

    /// The recorded tables, in the order of their names.
    pub fn tables(&self) -> impl Iterator<Item = &TableSummary> {
        self.tables.values()
    }

    /// The recorded table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&TableSummary> {
        self.tables.get(name)
    }

    /// The rows of a table that was kept in memory.
    #[must_use]
    pub fn rows(&self, name: &str) -> Option<Rows<'_>> {
        let TableSummary { spec, columns, .. } = self.tables.get(name)?;
        Some(Rows { spec, columns: columns.as_ref()?, symbols: &self.symbols })
    }

    /// XXH3 over the names, row counts and fingerprints of all tables, in the order of their names.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.tables.iter().fold(0, |value, (name, table)| {
            let value = xxh3_64_with_seed(name.as_bytes(), value);
            let value = xxh3_64_with_seed(&table.rows.to_le_bytes(), value);
            xxh3_64_with_seed(&table.fingerprint.to_le_bytes(), value)
        })
    }

    /// The fingerprints in hexadecimal and the row counts, for `summary.json`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let tables: Map<String, Value> = self
            .tables
            .iter()
            .map(|(name, table)| {
                let fingerprint = format!("{:016x}", table.fingerprint);
                (name.clone(), json!({ "rows": table.rows, "fingerprint": fingerprint }))
            })
            .collect();
        json!({ "fingerprint": format!("{:016x}", self.fingerprint()), "tables": tables })
    }
}

/// How a table differs between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Only one of the runs has the table.
    Table {
        /// The table.
        table: String,
        /// Whether it is the first run that has it.
        in_first: bool,
    },
    /// The columns have other names or kinds.
    Columns {
        /// The table.
        table: String,
    },
    /// Cells differ; if both runs kept their rows in memory, it is known which.
    Rows {
        /// The table.
        table: String,
        /// The rows among which the first difference is, counted from 0.
        rows: Range<u64>,
        /// The columns that differ in these rows; none if one run has fewer of these rows.
        columns: Vec<String>,
        /// Number of rows of the table in the first run and in the second.
        row_counts: (u64, u64),
        /// The first differing cell, if it is known.
        cell: Option<CellDifference>,
    },
}

/// A cell that differs between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellDifference {
    /// Its row, counted from 0.
    pub row: u64,
    /// Its column.
    pub column: String,
    /// Its text in the first run, empty if null; `None` if there is no such row.
    pub first: Option<String>,
    /// Its text in the second run, empty if null; `None` if there is no such row.
    pub second: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Table { table, in_first } => {
                write!(
                    f,
                    "table {table}: only the {} run has it",
                    if *in_first { "first" } else { "second" }
                )
            }
            Difference::Columns { table } => {
                write!(f, "table {table}: the runs have different columns")
            }
            Difference::Rows { table, cell: Some(cell), .. } => {
                let text = |text: &Option<String>| match text {
                    Some(text) => format!("{text:?}"),
                    None => "no such row".to_owned(),
                };
                write!(
                    f,
                    "table {table}, row {}, column {}: {} in the first run, {} in the second",
                    cell.row,
                    cell.column,
                    text(&cell.first),
                    text(&cell.second)
                )
            }
            Difference::Rows { table, rows, columns, row_counts, cell: None } => {
                write!(
                    f,
                    "table {table}, first within rows {}..{}",
                    rows.start,
                    rows.end.saturating_sub(1)
                )?;
                if !columns.is_empty() {
                    write!(f, ", column {}", columns.join(", "))?;
                }
                if row_counts.0 != row_counts.1 {
                    write!(
                        f,
                        " ({} rows in the first run, {} in the second)",
                        row_counts.0, row_counts.1
                    )?;
                }
                Ok(())
            }
        }
    }
}

/// The first difference of the first differing table, in the order of the tables' names.
///
/// It is exact to the cell if both runs recorded into [`Destination::Memory`](super::Destination::Memory),
/// and to [`BLOCK_ROWS`] rows and the columns among them otherwise.
#[must_use]
pub fn first_difference(first: &RecorderSummary, second: &RecorderSummary) -> Option<Difference> {
    differences(first, second).next()
}

/// The first difference of each differing table, in the order of the tables' names.
pub fn differences<'r>(
    first: &'r RecorderSummary,
    second: &'r RecorderSummary,
) -> impl Iterator<Item = Difference> + 'r {
    let names: BTreeSet<&str> =
        first.tables.keys().chain(second.tables.keys()).map(String::as_str).collect();
    names.into_iter().filter_map(move |name| match (first.table(name), second.table(name)) {
        (Some(a), Some(b)) => {
            let mut difference = table_difference(a, b)?;
            if let Difference::Rows { rows, columns, cell, .. } = &mut difference
                && let (Some(a), Some(b)) = (first.rows(name), second.rows(name))
                && let Some(exact) = cell_difference(a, b, rows.clone())
            {
                *rows = exact.row..exact.row + 1;
                *columns = vec![exact.column.clone()];
                *cell = Some(exact);
            }
            Some(difference)
        }
        (one, _) => Some(Difference::Table { table: name.to_owned(), in_first: one.is_some() }),
    })
}

/// The first differing block.
fn table_difference(a: &TableSummary, b: &TableSummary) -> Option<Difference> {
    let table = a.spec.name.to_string();
    let kinds = |summary: &TableSummary| -> Vec<_> {
        summary.spec.columns.iter().map(|column| (column.name.clone(), column.kind)).collect()
    };
    if kinds(a) != kinds(b) {
        return Some(Difference::Columns { table });
    }
    let block = (0..a.blocks().max(b.blocks())).find(|&block| a.block(block) != b.block(block))?;
    let (rows_a, rows_b) = (a.block_rows(block), b.block_rows(block));
    let columns = if rows_a == rows_b {
        let digests = a.block(block).iter().zip(b.block(block));
        let columns = a.spec.columns.iter().zip(digests);
        columns.filter(|(_, (a, b))| a != b).map(|(column, _)| column.name.to_string()).collect()
    } else {
        Vec::new()
    };
    let rows = rows_a.start..rows_a.end.max(rows_b.end);
    Some(Difference::Rows { table, rows, columns, row_counts: (a.rows, b.rows), cell: None })
}

/// The first cell among `rows` that differs.
fn cell_difference(a: Rows<'_>, b: Rows<'_>, rows: Range<u64>) -> Option<CellDifference> {
    let cells = rows.flat_map(|row| (0..a.columns.len()).map(move |column| (row, column)));
    let differs = |&(row, column): &(u64, usize)| {
        let row = row as usize;
        row >= a.len() || row >= b.len() || !same(a.cell(row, column), b.cell(row, column))
    };
    cells.into_iter().find(differs).map(|(row, column)| {
        let text =
            |rows: Rows<'_>| ((row as usize) < rows.len()).then(|| rows.text(row as usize, column));
        CellDifference {
            row,
            column: a.spec.columns[column].name.to_string(),
            first: text(a),
            second: text(b),
        }
    })
}

/// Whether the fingerprint takes the cells for the same.
fn same(a: Cell<'_>, b: Cell<'_>) -> bool {
    match (a, b) {
        (Cell::Float(a), Cell::Float(b)) => comparable_bits(a) == comparable_bits(b),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;
    use proptest::prelude::*;

    fn tasks_table() -> TableSpec {
        TableSpec::new(
            "tasks",
            "Tasks",
            [
                ColumnSpec::float("t_s", "s", "time"),
                ColumnSpec::category("node", "node"),
                ColumnSpec::text("note", "note"),
                ColumnSpec::boolean("lost", "whether it was lost"),
            ],
        )
    }

    type Row = (f64, String, Option<String>, bool);

    fn row(number: u64) -> Row {
        (number as f64 / 8.0, format!("edge-{}", number % 7), None, number.is_multiple_of(3))
    }

    fn record(destination: Destination, rows: impl IntoIterator<Item = Row>) -> RecorderSummary {
        let mut recorder = Recorder::new(destination, TableSelection::All);
        let tasks = recorder.table(tasks_table()).expect("it is well described");
        for (t_s, node, note, lost) in rows {
            recorder.row(tasks).float(t_s).text(&node).cell(note.as_deref()).boolean(lost).end();
        }
        recorder.finish().expect("the disk has room")
    }

    fn both(
        destination: &Destination,
        first: impl IntoIterator<Item = Row>,
        second: impl IntoIterator<Item = Row>,
    ) -> Option<Difference> {
        let (first, second) = (record(destination.clone(), first), record(destination.clone(), second));
        let difference = first_difference(&first, &second);
        assert_eq!(difference.is_none(), first.fingerprint() == second.fingerprint());
        difference
    }

    /// The number is part of the contract: regression tests of scenarios hold on to fingerprints.
    #[test]
    fn the_fingerprint_is_stable_and_the_same_in_every_format() {
        let directory = tempfile::tempdir().expect("it can be created");
        let rows = || (0..3000).map(row);
        let mut formats = vec![FileFormat::Csv];
        if cfg!(feature = "parquet") {
            formats.push(FileFormat::Parquet);
        }
        let files = formats
            .into_iter()
            .map(|format| Destination::Files { directory: directory.path().into(), format });
        for destination in files.chain([Destination::Memory, Destination::Discard]) {
            let summary = record(destination, rows());
            assert_eq!(format!("{:016x}", summary.fingerprint()), "b792dc2d1eef9a61");
            assert_eq!(summary.to_json()["tables"]["tasks"]["rows"], 3000);
        }
    }

    proptest! {
        /// A changed cell and swapped rows change the fingerprint, and the cell is named.
        #[test]
        fn a_difference_is_found_and_named(
            count in 2..5000_u64, at in any::<prop::sample::Index>(), column in 0..4_usize,
        ) {
            let at = at.index(count as usize) as u64;
            let changed = |number| {
                let mut row = row(number);
                if number == at {
                    match column {
                        0 => row.0 = -row.0 - 1.0,
                        1 => row.1.push('x'),
                        2 => row.2 = Some(String::new()),
                        _ => row.3 = !row.3,
                    }
                }
                row
            };
            let name = tasks_table().columns[column].name.to_string();
            let difference = both(&Destination::Discard, (0..count).map(row), (0..count).map(changed));
            let start = at / 1024 * 1024;
            prop_assert_eq!(difference, Some(Difference::Rows {
                table: "tasks".to_owned(),
                rows: start..count.min(start + 1024),
                columns: vec![name.clone()],
                row_counts: (count, count),
                cell: None,
            }));
            let difference = both(&Destination::Memory, (0..count).map(row), (0..count).map(changed));
            let Some(Difference::Rows { rows, columns, cell: Some(cell), .. }) = difference else {
                panic!("the cell is not named: {difference:?}");
            };
            prop_assert_eq!((rows, columns), (at..at + 1, vec![name.clone()]));
            prop_assert_eq!((cell.row, cell.column), (at, name));
            prop_assert!(cell.first != cell.second || column == 2);

            let swapped = (0..count).map(|number| match number {
                0 => row(at),
                _ if number == at => row(0),
                _ => row(number),
            });
            let difference = both(&Destination::Discard, (0..count).map(row), swapped);
            prop_assert_eq!(difference.is_some(), at > 0);
        }
    }

    #[test]
    fn missing_rows_are_named() {
        let message = |destination, first, second| {
            both(&destination, (0..first).map(row), (0..second).map(row))
                .expect("they have different lengths")
                .to_string()
        };
        assert_eq!(
            message(Destination::Discard, 1500, 1024),
            "table tasks, first within rows 1024..1499 (1500 rows in the first run, 1024 in the second)"
        );
        assert_eq!(
            message(Destination::Discard, 5, 7),
            "table tasks, first within rows 0..6 (5 rows in the first run, 7 in the second)"
        );
        assert_eq!(
            message(Destination::Memory, 5, 7),
            "table tasks, row 5, column t_s: no such row in the first run, \"0.625\" in the second"
        );
    }

    #[test]
    fn missing_tables_and_columns_are_named() {
        let tasks = record(Destination::Discard, (0..3).map(row));
        let nothing = Recorder::new(Destination::Discard, TableSelection::All).finish();
        let nothing = nothing.expect("there is nothing to write");
        let message = |a, b| first_difference(a, b).map(|difference| difference.to_string());
        assert_eq!(message(&tasks, &nothing).as_deref(), Some("table tasks: only the first run has it"));
        assert_eq!(
            message(&nothing, &tasks).as_deref(),
            Some("table tasks: only the second run has it")
        );
        assert_eq!(message(&tasks, &tasks), None);
        let mut recorder = Recorder::new(Destination::Discard, TableSelection::All);
        let columns = tasks_table().columns[1..].to_vec();
        recorder.table(TableSpec { columns, ..tasks_table() }).expect("it is well described");
        let other = recorder.finish().expect("there is nothing to write");
        assert_eq!(
            message(&tasks, &other).as_deref(),
            Some("table tasks: the runs have different columns")
        );
    }

    /// What differs between processors, or between ways of writing the same, is no difference.
    #[test]
    fn nans_are_equal_and_zeros_are_not() {
        let with = |t_s| [(t_s, String::new(), None, false)];
        assert_eq!(both(&Destination::Memory, with(f64::NAN), with(-f64::NAN)), None);
        assert!(both(&Destination::Memory, with(0.0), with(-0.0)).is_some());
        let mut recorder = Recorder::new(Destination::Memory, TableSelection::All);
        let tasks = recorder.table(tasks_table()).expect("it is well described");
        recorder.symbol("another order of symbols");
        let (node, note) = (recorder.symbol("edge-0"), recorder.symbol("note"));
        recorder.row(tasks).float(0.0).category(node).category(note).boolean(true).end();
        let categories = recorder.finish().expect("there is nothing to write");
        let texts = record(Destination::Memory, [(0.0, "edge-0".into(), Some("note".into()), true)]);
        assert_eq!(first_difference(&categories, &texts), None);
    }
}
