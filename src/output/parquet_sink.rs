//! The Parquet file of one table, through polars.

use super::column::{Column, Rows, Values};
use super::error::OutputError;
use super::recorder::BATCH_ROWS;
use super::sink::TableSink;
use super::symbol::Symbols;
use crate::records::{ColumnKind, TableSpec};
use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{
    BooleanChunked, DataFrame, DataType, Field, Float64Chunked, Int64Chunked, IntoColumn,
    NewChunkedArray, ParquetWriter, PolarsResult, Schema, StringChunked, UInt64Chunked,
};
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

/// Rows of a row group, gathered from several batches: the footer holds some hundred bytes for each
/// column of each group, in memory until the end.
const GROUP_ROWS: usize = 4 * BATCH_ROWS;

/// Writes Parquet as [`FileFormat::Parquet`](super::FileFormat::Parquet) says.
pub(super) struct ParquetSink {
    path: PathBuf,
    writer: BatchedWriter<BufWriter<File>>,
    /// The rows of the group being gathered.
    group: DataFrame,
}

impl ParquetSink {
    /// Creates the file.
    pub(super) fn create(path: PathBuf, spec: &TableSpec) -> Result<Self, OutputError> {
        let file = File::create(&path).map_err(OutputError::io("create", &path))?;
        let schema: Schema = spec
            .columns
            .iter()
            .map(|column| Field::new(column.name.as_ref().into(), data_type(column.kind)))
            .collect();
        let group = DataFrame::empty_with_schema(&schema);
        // One run uses one thread: sweeps run many of them.
        let writer = ParquetWriter::new(BufWriter::new(file)).set_parallel(false).batched(&schema);
        match writer {
            Ok(writer) => Ok(ParquetSink { path, writer, group }),
            Err(error) => Err(OutputError::Parquet { path, message: error.to_string() }),
        }
    }

    fn end_group(&mut self) -> PolarsResult<()> {
        self.group.rechunk_mut();
        self.writer.write_batch(&self.group)?;
        self.group = self.group.clear();
        Ok(())
    }

    fn refused(&self, result: PolarsResult<()>) -> Result<(), OutputError> {
        result.map_err(|error| OutputError::Parquet {
            path: self.path.clone(),
            message: error.to_string(),
        })
    }
}

impl TableSink for ParquetSink {
    fn write(&mut self, rows: Rows<'_>) -> Result<(), OutputError> {
        let result = data_frame(rows).and_then(|batch| {
            self.group.vstack_mut_owned(batch)?;
            if self.group.height() >= GROUP_ROWS { self.end_group() } else { Ok(()) }
        });
        self.refused(result)
    }

    fn finish(mut self: Box<Self>) -> Result<(), OutputError> {
        let result = self.end_group().and_then(|()| self.writer.finish()).map(|_bytes| ());
        self.refused(result)
    }
}

fn data_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Float => DataType::Float64,
        ColumnKind::Unsigned => DataType::UInt64,
        ColumnKind::Signed => DataType::Int64,
        ColumnKind::Boolean => DataType::Boolean,
        // The writer makes a dictionary of repeated strings by itself.
        ColumnKind::Category | ColumnKind::Text => DataType::String,
    }
}

fn data_frame(rows: Rows<'_>) -> PolarsResult<DataFrame> {
    let columns = rows
        .spec
        .columns
        .iter()
        .zip(rows.columns)
        .map(|(spec, column)| series(&spec.name, column, rows.symbols))
        .collect();
    DataFrame::new(rows.len(), columns)
}

fn series(name: &str, column: &Column, symbols: &Symbols) -> polars::prelude::Column {
    let name = name.into();
    match column.values() {
        Values::Float(values) => {
            Float64Chunked::from_iter_options(name, present(column, values)).into_column()
        }
        Values::Unsigned(values) => {
            UInt64Chunked::from_iter_options(name, present(column, values)).into_column()
        }
        Values::Signed(values) => {
            Int64Chunked::from_iter_options(name, present(column, values)).into_column()
        }
        Values::Boolean(values) => {
            BooleanChunked::from_iter_options(name, present(column, values)).into_column()
        }
        Values::Category(values) => {
            let texts = present(column, values).map(|symbol| symbol.map(|symbol| symbols.text(symbol)));
            StringChunked::from_iter_options(name, texts).into_column()
        }
        Values::Text(texts) => {
            let texts =
                (0..column.len()).map(|row| if column.is_null(row) { None } else { texts.get(row) });
            StringChunked::from_iter_options(name, texts).into_column()
        }
    }
}

/// The values, `None` for nulls.
fn present<'c, T: Copy>(column: &'c Column, values: &'c [T]) -> impl Iterator<Item = Option<T>> + 'c {
    values.iter().enumerate().map(|(row, &value)| (!column.is_null(row)).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;
    use polars::prelude::{AnyValue, ParquetReader, SerReader};

    fn mixed_table() -> TableSpec {
        TableSpec::new(
            "mixed",
            "",
            [
                ColumnSpec::float("float", "", ""),
                ColumnSpec::unsigned("unsigned", "", ""),
                ColumnSpec::signed("signed", "", ""),
                ColumnSpec::boolean("boolean", ""),
                ColumnSpec::category("category", ""),
                ColumnSpec::text("text", ""),
            ],
        )
    }

    fn read(directory: &std::path::Path) -> DataFrame {
        let file = File::open(directory.join("mixed.parquet")).expect("it was written");
        ParquetReader::new(file).finish().expect("it is well formed")
    }

    /// More than a row group of rows, with nulls in every column, read back cell by cell.
    #[test]
    fn reads_back_as_written() {
        let directory = tempfile::tempdir().expect("it can be created");
        let files =
            Destination::Files { directory: directory.path().into(), format: FileFormat::Parquet };
        let count = (GROUP_ROWS + BATCH_ROWS + 5) as u64;
        let mut recorders = [files, Destination::Memory].map(|destination| {
            let mut recorder = Recorder::new(destination, TableSelection::All);
            let table = recorder.table(mixed_table()).expect("it is well described");
            for row in 0..count {
                let unless = |column| row % 11 != column;
                let name = ["edge-1", "a rather long name of a node, \"quoted\"", "é"][row as usize % 3];
                let text = format!("{row}\n");
                recorder
                    .row(table)
                    .cell(unless(0).then_some(row as f64 / 3.0))
                    .cell(unless(1).then_some(u64::MAX - row))
                    .cell(unless(2).then_some(i64::MIN + row as i64))
                    .cell(unless(3).then_some(row.is_multiple_of(2)))
                    .cell(unless(4).then_some(name))
                    .cell(unless(5).then_some(text.as_str()))
                    .end();
            }
            Some(recorder.finish().expect("the disk has room"))
        });
        let memory = recorders[1].take().expect("it was recorded");
        let rows = memory.rows("mixed").expect("it is in memory");
        let frame = read(directory.path());
        assert_eq!(frame.shape(), (count as usize, 6));
        for (index, column) in frame.columns().iter().enumerate() {
            assert_eq!(column.name().as_str(), mixed_table().columns[index].name);
            for row in 0..rows.len() {
                let found = match column.get(row).expect("there is such a row") {
                    AnyValue::Null => Cell::Null,
                    AnyValue::Float64(value) => Cell::Float(value),
                    AnyValue::UInt64(value) => Cell::Unsigned(value),
                    AnyValue::Int64(value) => Cell::Signed(value),
                    AnyValue::Boolean(value) => Cell::Boolean(value),
                    AnyValue::String(value) => {
                        assert_eq!(rows.cell(row, index), Cell::Text(value));
                        continue;
                    }
                    other => panic!("column {index} has a cell {other:?}"),
                };
                assert_eq!(found, rows.cell(row, index), "row {row}, column {index}");
            }
        }
    }

    #[test]
    fn an_empty_table_has_its_columns() {
        let directory = tempfile::tempdir().expect("it can be created");
        let files =
            Destination::Files { directory: directory.path().into(), format: FileFormat::Parquet };
        let mut recorder = Recorder::new(files, TableSelection::All);
        recorder.table(mixed_table()).expect("it is well described");
        recorder.finish().expect("the disk has room");
        let frame = read(directory.path());
        assert_eq!(frame.shape(), (0, 6));
        assert_eq!(frame.columns()[4].dtype(), &DataType::String);
    }
}
