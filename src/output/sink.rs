//! Where the batches of a table go.

use super::column::Rows;
use super::csv_sink::CsvSink;
use super::error::OutputError;
#[cfg(feature = "parquet")]
use super::parquet_sink::ParquetSink;
use crate::records::TableSpec;
use std::path::Path;

/// The format of the tables' files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated values as in RFC 4180, with a header and lines that end in LF. Floats are in their
    /// shortest form that reads back as the same value (`NaN`, `inf` and `-inf` included), booleans are
    /// `true` and `false`, a null is an empty cell and empty text is `""`.
    #[default]
    Csv,
    /// Apache Parquet, compressed with Zstandard; categories are dictionary-encoded strings. Only in
    /// builds with the cargo feature `parquet`.
    Parquet,
}

impl FileFormat {
    /// The extension of its files, without a dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            FileFormat::Csv => "csv",
            FileFormat::Parquet => "parquet",
        }
    }

    /// Starts the file of a table in an existing directory.
    ///
    /// # Errors
    ///
    /// If the file cannot be created, or this build does not know the format.
    pub(super) fn open(
        self,
        directory: &Path,
        spec: &TableSpec,
    ) -> Result<Box<dyn TableSink>, OutputError> {
        let path = directory.join(format!("{}.{}", spec.name, self.extension()));
        match self {
            FileFormat::Csv => Ok(Box::new(CsvSink::create(path, spec)?)),
            #[cfg(feature = "parquet")]
            FileFormat::Parquet => Ok(Box::new(ParquetSink::create(path, spec)?)),
            #[cfg(not(feature = "parquet"))]
            FileFormat::Parquet => Err(OutputError::NoParquet),
        }
    }
}

/// Takes the rows of one table, batch by batch.
pub(super) trait TableSink: Send {
    /// Writes the next batch.
    fn write(&mut self, rows: Rows<'_>) -> Result<(), OutputError>;

    /// Writes what is left; without it the file is incomplete.
    fn finish(self: Box<Self>) -> Result<(), OutputError>;
}
