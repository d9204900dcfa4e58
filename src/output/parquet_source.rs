//! Reading the Parquet file of one table, through polars.

use super::column::Column;
use super::reader::ReadError;
use super::symbol::Symbols;
use crate::records::{Cell, ColumnKind, TableSpec};
use polars::io::parquet::read::FileMetadata;
use polars::prelude::{
    DataFrame, DataType, ParallelStrategy, ParquetReader, PolarsError, PolarsResult, SerReader,
};
use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads the row groups of a file, one at a time.
pub(super) struct ParquetSource {
    path: PathBuf,
    file: File,
    metadata: Arc<FileMetadata>,
    names: Vec<String>,
    /// First row and number of rows of the groups that are not read yet.
    groups: VecDeque<(usize, usize)>,
}

impl fmt::Debug for ParquetSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetSource").field("path", &self.path).finish_non_exhaustive()
    }
}

impl ParquetSource {
    pub(super) fn open(path: &Path, spec: &TableSpec) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(ReadError::io(path))?;
        let mut reader = ParquetReader::new(file.try_clone().map_err(ReadError::io(path))?);
        let refused = |error: PolarsError| damaged(path, error.to_string());
        let schema = reader.schema().map_err(refused)?;
        for column in &spec.columns {
            if schema.get(&column.name).is_none() {
                let message = format!("has no column {:?}, which its dictionary has", column.name);
                return Err(damaged(path, message));
            }
        }
        let metadata = Arc::clone(reader.get_metadata().map_err(refused)?);
        let mut start = 0;
        let groups = metadata.row_groups.iter().map(|group| {
            let first = start;
            start += group.num_rows();
            (first, group.num_rows())
        });
        Ok(ParquetSource {
            path: path.to_path_buf(),
            groups: groups.collect(),
            file,
            metadata: Arc::clone(&metadata),
            names: spec.columns.iter().map(|column| column.name.to_string()).collect(),
        })
    }

    /// Reads the next rows into empty columns.
    pub(super) fn read(
        &mut self,
        spec: &TableSpec,
        columns: &mut [Column],
        symbols: &mut Symbols,
    ) -> Result<(), ReadError> {
        while let Some(group) = self.groups.pop_front() {
            if group.1 == 0 {
                continue;
            }
            let file = self.file.try_clone().map_err(ReadError::io(&self.path))?;
            let mut reader = ParquetReader::new(file)
                .read_parallel(ParallelStrategy::None)
                .with_columns(Some(self.names.clone()))
                .with_slice(Some(group));
            reader.set_metadata(Arc::clone(&self.metadata));
            let filled = reader.finish().and_then(|frame| fill(&frame, spec, columns, symbols));
            return filled.map_err(|error| damaged(&self.path, error.to_string()));
        }
        Ok(())
    }
}

fn damaged(path: &Path, message: String) -> ReadError {
    ReadError::Damaged { path: path.to_path_buf(), line: None, message }
}

fn fill(
    frame: &DataFrame,
    spec: &TableSpec,
    columns: &mut [Column],
    symbols: &mut Symbols,
) -> PolarsResult<()> {
    for (spec, column) in spec.columns.iter().zip(columns) {
        let found = frame.column(&spec.name)?;
        // Files of other programs may have narrower numbers.
        let found = found.as_materialized_series().strict_cast(&match spec.kind {
            ColumnKind::Float => DataType::Float64,
            ColumnKind::Unsigned => DataType::UInt64,
            ColumnKind::Signed => DataType::Int64,
            ColumnKind::Boolean => DataType::Boolean,
            ColumnKind::Category | ColumnKind::Text => DataType::String,
        })?;
        let mut push = |cell: Cell<'_>| {
            column.push(cell, symbols);
        };
        match spec.kind {
            ColumnKind::Float => found.f64()?.iter().for_each(|cell| push(cell.into())),
            ColumnKind::Unsigned => found.u64()?.iter().for_each(|cell| push(cell.into())),
            ColumnKind::Signed => found.i64()?.iter().for_each(|cell| push(cell.into())),
            ColumnKind::Boolean => found.bool()?.iter().for_each(|cell| push(cell.into())),
            ColumnKind::Category | ColumnKind::Text => {
                found.str()?.iter().for_each(|cell| push(cell.into()));
            }
        }
    }
    Ok(())
}
