//! Detail tables of all runs in one, with the axes as columns.

use super::SweepError;
use super::plan::RunId;
use super::results::SweepResults;
use crate::output::{Destination, FileFormat, ReadError, Recorder, TableDirectory, TableSelection};
use crate::records::{ColumnSpec, TableId, TableSpec};
use std::path::Path;

/// Where a sweep directory keeps the detail tables of a finished run.
///
/// # Errors
/// If the sweep has kept none, or their dictionary cannot be read.
pub fn tables_of(sweep: &Path, run: RunId) -> Result<TableDirectory, ReadError> {
    let directory = sweep.join("tables").join(run.to_string());
    TableDirectory::open(&directory, &directory.join("dictionary.json"))
}

/// The columns that the axes make beside those of a table. An axis with the name of one of these, or of those
/// that say which run a row is of, is called `axis.NAME`.
pub(crate) fn axes_beside(results: &SweepResults, own: &TableSpec) -> Vec<ColumnSpec> {
    let mut columns = results.axis_columns();
    let of_run = SweepResults::run_columns();
    for index in 0..columns.len() {
        let is_own = |name: &str| own.columns.iter().chain(&of_run).any(|column| column.name == name);
        let is_other = |name: &str| {
            columns.iter().enumerate().any(|(other, column)| other != index && column.name == name)
        };
        let mut name = columns[index].name.to_string();
        while is_own(&name) || is_other(&name) {
            name = format!("axis.{name}");
        }
        columns[index].name = name.into();
    }
    columns
}

/// The joined table: point, replication and seed come first, then the axes, then the table's own columns.
fn joined(results: &SweepResults, own: &TableSpec) -> TableSpec {
    let mut columns = SweepResults::run_columns();
    columns.extend(axes_beside(results, own));
    columns.extend(own.columns.iter().cloned());
    let meaning = format!("{} (joined over all runs)", own.meaning);
    TableSpec::new(own.name.clone(), meaning, columns)
}

/// Joins one table of all runs in the directory of a sweep, in the order of the plan, into a file in
/// `target`.
pub(super) fn join(
    sweep: &Path,
    results: &SweepResults,
    table: &str,
    target: &Path,
    format: FileFormat,
) -> Result<(), SweepError> {
    let storage = |error: ReadError| SweepError::Storage(format!("cannot join {table}: {error}"));
    let written = |error: crate::output::OutputError| SweepError::Storage(error.to_string());
    let destination = Destination::Files { directory: target.to_path_buf(), format };
    let mut recorder = Recorder::new(destination, TableSelection::All);
    let axes = results.axis_columns();
    let mut target: Option<(TableId, TableSpec)> = None;
    for row in results.rows().iter().filter(|row| row.error.is_none()) {
        let tables = tables_of(sweep, row.run).map_err(storage)?;
        if !tables.has(table) {
            // Not all points have all tables.
            continue;
        }
        let mut reader = tables.table(table).map_err(storage)?;
        let id = match &target {
            Some((id, own)) if own.columns == reader.spec().columns => *id,
            Some(_) => {
                return Err(SweepError::Storage(format!(
                    "table {table:?} of run {} has other columns than in the runs before it; they cannot \
                     be joined",
                    row.run
                )));
            }
            None => {
                let own = reader.spec().clone();
                let id = recorder.table(joined(results, &own)).map_err(written)?;
                target.insert((id, own)).0
            }
        };
        while let Some(rows) = reader.next_batch().map_err(storage)? {
            for local in 0..rows.len() {
                let writer = row.write_id(recorder.row(id));
                let mut writer = results.write_axes(writer, row.run.point, &axes);
                for column in 0..rows.columns().len() {
                    writer = writer.cell(rows.cell(local, column));
                }
                writer.end();
            }
            if let Some(error) = recorder.failure() {
                return Err(SweepError::Storage(error.to_string()));
            }
        }
    }
    recorder.finish().map(|_| ()).map_err(written)
}
