//! The CSV file of one table.

use super::column::Rows;
use super::error::OutputError;
use super::sink::TableSink;
use crate::records::Cell;
use crate::records::TableSpec;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 256 * 1024;

/// Writes CSV as [`FileFormat::Csv`](super::FileFormat::Csv) says.
#[derive(Debug)]
pub(super) struct CsvSink {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
}

impl CsvSink {
    /// Creates the file with its header.
    pub(super) fn create(path: PathBuf, spec: &TableSpec) -> Result<Self, OutputError> {
        let file = File::create(&path).map_err(OutputError::io("create", &path))?;
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 4);
        for column in spec.columns.iter() {
            push_text(&mut buffer, &column.name);
            buffer.push(b',');
        }
        end_line(&mut buffer);
        Ok(CsvSink { path, file, buffer })
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.file.write_all(&self.buffer).map_err(OutputError::io("write", &self.path))?;
        self.buffer.clear();
        Ok(())
    }
}

impl TableSink for CsvSink {
    fn write(&mut self, rows: Rows<'_>) -> Result<(), OutputError> {
        let (mut integers, mut floats) = (itoa::Buffer::new(), zmij::Buffer::new());
        for row in 0..rows.len() {
            let buffer = &mut self.buffer;
            let start = buffer.len();
            for column in rows.columns {
                match column.cell(row) {
                    Cell::Null => {}
                    Cell::Float(value) => buffer.extend_from_slice(floats.format(value).as_bytes()),
                    Cell::Unsigned(value) => buffer.extend_from_slice(integers.format(value).as_bytes()),
                    Cell::Signed(value) => buffer.extend_from_slice(integers.format(value).as_bytes()),
                    Cell::Boolean(true) => buffer.extend_from_slice(b"true"),
                    Cell::Boolean(false) => buffer.extend_from_slice(b"false"),
                    Cell::Category(symbol) => push_text(buffer, rows.symbols.text(symbol)),
                    Cell::Text(text) => push_text(buffer, text),
                }
                buffer.push(b',');
            }
            if buffer.len() == start + 1 {
                // A lone null: readers skip empty lines.
                buffer.splice(start..start, *b"\"\"");
            }
            end_line(buffer);
            if buffer.len() >= BUFFER_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), OutputError> {
        self.flush()
    }
}

/// Turns the comma after the last cell into a line end.
fn end_line(buffer: &mut [u8]) {
    if let Some(last) = buffer.last_mut() {
        *last = b'\n';
    }
}

/// Appends text, in quotes if it has to be, or if it is empty and would else be a null.
fn push_text(buffer: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    if !bytes.is_empty() && !bytes.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        buffer.extend_from_slice(bytes);
        return;
    }
    buffer.push(b'"');
    for &byte in bytes {
        if byte == b'"' {
            buffer.push(b'"');
        }
        buffer.push(byte);
    }
    buffer.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use proptest::prelude::*;
    use std::fs;

    fn mixed_table() -> TableSpec {
        TableSpec::new(
            "mixed",
            "",
            [
                ColumnSpec::text("text, \"quoted\"", ""),
                ColumnSpec::category("category", ""),
                ColumnSpec::float("float", "", ""),
                ColumnSpec::unsigned("unsigned", "", ""),
                ColumnSpec::signed("signed", "", ""),
                ColumnSpec::boolean("boolean", ""),
            ],
        )
    }

    type Row = (Option<String>, String, f64, u64, i64, Option<bool>);

    /// Writes the rows and reads them back with the csv crate, header first.
    fn round_trip(rows: &[Row]) -> Vec<Vec<String>> {
        let directory = tempfile::tempdir().expect("it can be created");
        let files = Destination::Files { directory: directory.path().into(), format: FileFormat::Csv };
        let mut recorder = Recorder::new(files, TableSelection::All);
        let table = recorder.table(mixed_table()).expect("it is well described");
        for (text, category, float, unsigned, signed, boolean) in rows {
            recorder
                .row(table)
                .cell(text.as_deref())
                .text(category)
                .float(*float)
                .unsigned(*unsigned)
                .signed(*signed)
                .cell(*boolean)
                .end();
        }
        recorder.finish().expect("the disk has room");
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .from_path(directory.path().join("mixed.csv"))
            .expect("the file is there");
        reader
            .records()
            .map(|record| record.expect("it is well formed").iter().map(str::to_owned).collect())
            .collect()
    }

    proptest! {
        #[test]
        fn reads_back_as_written(rows in prop::collection::vec(
            (
                any::<Option<String>>(), "[a\",\n\r é;]{0,6}", any::<f64>(), any::<u64>(),
                any::<i64>(), any::<Option<bool>>(),
            ),
            0..20,
        )) {
            let found = round_trip(&rows);
            prop_assert_eq!(found.len(), rows.len() + 1);
            prop_assert_eq!(&found[0][0], "text, \"quoted\"");
            for (found, row) in found[1..].iter().zip(&rows) {
                prop_assert_eq!(&found[0], row.0.as_deref().unwrap_or_default());
                prop_assert_eq!(&found[1], &row.1);
                let float: f64 = found[2].parse().expect("it is a number");
                prop_assert!(float.to_bits() == row.2.to_bits() || float.is_nan() && row.2.is_nan());
                prop_assert_eq!(&found[3], &row.3.to_string());
                prop_assert_eq!(&found[4], &row.4.to_string());
                prop_assert_eq!(&found[5], &row.5.map_or(String::new(), |value| value.to_string()));
            }
        }
    }

    #[test]
    fn extreme_floats_keep_their_value_and_stay_short() {
        let floats = [
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            -0.0,
            0.1,
            1e23,
            9_007_199_254_740_993.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::EPSILON,
        ];
        let rows = floats.map(|float| (None, String::new(), float, u64::MAX, i64::MIN, None));
        let found = round_trip(&rows);
        for (found, float) in found[1..].iter().zip(floats) {
            assert_eq!(found[2].parse::<f64>().expect("it is a number").to_bits(), float.to_bits());
            assert!(found[2].len() <= 24, "{}", found[2]);
        }
    }

    /// Nulls, empty text and quotes, byte by byte.
    #[test]
    fn bytes_are_as_documented() {
        let directory = tempfile::tempdir().expect("it can be created");
        let files = Destination::Files { directory: directory.path().into(), format: FileFormat::Csv };
        let mut recorder = Recorder::new(files, TableSelection::All);
        let pair = recorder
            .table(TableSpec::new(
                "pair",
                "",
                [ColumnSpec::float("x_m", "m", ""), ColumnSpec::text("note", "")],
            ))
            .expect("it is well described");
        let lone = recorder
            .table(TableSpec::new("lone", "", [ColumnSpec::float("x_m", "m", "")]))
            .expect("it is well described");
        recorder.row(pair).float(1.0).text("a \"b\", c").end();
        recorder.row(pair).null().null().end();
        recorder.row(pair).float(1e300).text("").end();
        recorder.row(lone).null().end();
        recorder.row(lone).float(-0.5).end();
        recorder.finish().expect("the disk has room");
        let read = |name| fs::read_to_string(directory.path().join(name)).expect("it was written");
        assert_eq!(read("pair.csv"), "x_m,note\n1.0,\"a \"\"b\"\", c\"\n,\n1e+300,\"\"\n");
        assert_eq!(read("lone.csv"), "x_m\n\"\"\n-0.5\n");
    }
}
