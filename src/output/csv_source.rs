//! Reading the CSV file of one table.

use super::column::Column;
use super::reader::ReadError;
use super::recorder::BATCH_ROWS;
use super::symbol::Symbols;
use crate::records::{Cell, ColumnKind, TableSpec};
use csv::ByteRecord;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Reads CSV as [`FileFormat::Csv`](super::FileFormat::Csv) says.
#[derive(Debug)]
pub(super) struct CsvSource {
    path: PathBuf,
    reader: csv::Reader<File>,
    record: ByteRecord,
    /// Where the columns that are read are in the file.
    places: Vec<usize>,
}

impl CsvSource {
    pub(super) fn open(path: &Path, spec: &TableSpec) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(ReadError::io(path))?;
        let mut reader = csv::ReaderBuilder::new().buffer_capacity(1 << 17).from_reader(file);
        let headers = reader.byte_headers().map_err(|error| failed(path, error))?;
        let place = |name: &str| headers.iter().position(|header| header == name.as_bytes());
        let mut places = Vec::with_capacity(spec.columns.len());
        for column in &spec.columns {
            places.push(place(&column.name).ok_or_else(|| ReadError::Damaged {
                path: path.to_path_buf(),
                line: Some(1),
                message: format!("has no column {:?}, which its dictionary has", column.name),
            })?);
        }
        Ok(CsvSource { path: path.to_path_buf(), reader, record: ByteRecord::new(), places })
    }

    /// Reads the next rows into empty columns.
    pub(super) fn read(
        &mut self,
        spec: &TableSpec,
        columns: &mut [Column],
        symbols: &mut Symbols,
    ) -> Result<(), ReadError> {
        for _ in 0..BATCH_ROWS {
            let more = self.reader.read_byte_record(&mut self.record);
            if !more.map_err(|error| failed(&self.path, error))? {
                break;
            }
            for ((place, spec), column) in self.places.iter().zip(&spec.columns).zip(&mut *columns) {
                let field = self.record.get(*place).unwrap_or_default();
                match parse(field, spec.kind) {
                    Some(cell) => {
                        column.push(cell, symbols);
                    }
                    None => {
                        return Err(ReadError::Damaged {
                            path: self.path.clone(),
                            line: self.record.position().map(csv::Position::line),
                            message: format!(
                                "column {:?} has {:?}, which is no {} value",
                                spec.name,
                                String::from_utf8_lossy(field),
                                spec.kind
                            ),
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

/// The cell that a field holds; `None` if it is none of this kind.
fn parse(field: &[u8], kind: ColumnKind) -> Option<Cell<'_>> {
    if field.is_empty() {
        return Some(Cell::Null);
    }
    let text = std::str::from_utf8(field).ok()?;
    Some(match kind {
        ColumnKind::Float => Cell::Float(text.parse().ok()?),
        ColumnKind::Unsigned => Cell::Unsigned(text.parse().ok()?),
        ColumnKind::Signed => Cell::Signed(text.parse().ok()?),
        ColumnKind::Boolean => Cell::Boolean(text.parse().ok()?),
        ColumnKind::Category | ColumnKind::Text => Cell::Text(text),
    })
}

fn failed(path: &Path, error: csv::Error) -> ReadError {
    let line = error.position().map(csv::Position::line);
    let message = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(source) => ReadError::Io { path: path.to_path_buf(), source },
        _ => ReadError::Damaged { path: path.to_path_buf(), line, message },
    }
}
