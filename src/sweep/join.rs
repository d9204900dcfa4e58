//! Detail tables of all runs in one, with the axes as columns.

use super::SweepError;
use super::results::SweepResults;
use super::store::Store;
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// A line of CSV cells without its end.
fn line<'t>(cells: impl IntoIterator<Item = &'t str>) -> Vec<u8> {
    let mut line = Vec::new();
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        if cell.is_empty() || cell.contains([',', '"', '\n', '\r']) {
            line.extend_from_slice(format!("\"{}\"", cell.replace('"', "\"\"")).as_bytes());
        } else {
            line.extend_from_slice(cell.as_bytes());
        }
    }
    line
}

/// Reads a record with its line end, which may have line ends inside quotes; false at the end of the file.
fn read_record(reader: &mut impl BufRead, record: &mut Vec<u8>) -> io::Result<bool> {
    record.clear();
    while reader.read_until(b'\n', record)? > 0 {
        // Quotes inside quotes are doubled, so that an odd number means that a cell goes on.
        if record.iter().filter(|byte| **byte == b'"').count().is_multiple_of(2) {
            return Ok(true);
        }
    }
    Ok(!record.is_empty())
}

/// Joins the CSV files of one table of all runs, in the order of the plan, into `directory`. Point,
/// replication and seed come first, then the axes, then the table's own columns; an axis with the name of a
/// column of the table is called `axis.NAME`.
pub(super) fn join_csv(
    store: &Store,
    results: &SweepResults,
    table: &str,
    directory: &Path,
) -> Result<(), SweepError> {
    let file = format!("{table}.csv");
    let target = directory.join(&file);
    let failed = |path: &Path, error: io::Error| {
        SweepError::Storage(format!("cannot join {}: {error}", path.display()))
    };
    let mut writer = BufWriter::new(File::create(&target).map_err(|error| failed(&target, error))?);
    let mut header = Vec::new();
    let (mut own, mut record) = (Vec::new(), Vec::new());
    for row in results.rows().iter().filter(|row| row.error.is_none()) {
        let source = store.tables_of(row.run).join(&file);
        let mut reader = match File::open(&source) {
            Ok(input) => BufReader::new(input),
            // Not all points have all tables.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&source, error)),
        };
        read_record(&mut reader, &mut own).map_err(|error| failed(&source, error))?;
        if header.is_empty() {
            header.clone_from(&own);
            let names = String::from_utf8_lossy(&own).into_owned();
            let names: Vec<&str> = names.trim_end().split(',').collect();
            let axes = results.axes().iter().map(|column| {
                let name = column.name.as_str();
                if names.contains(&name) { format!("axis.{name}") } else { name.to_string() }
            });
            let axes: Vec<String> = axes.collect();
            let first =
                ["point", "replication", "seed"].into_iter().chain(axes.iter().map(String::as_str));
            let mut start = line(first);
            start.push(b',');
            writer
                .write_all(&start)
                .and_then(|()| writer.write_all(&own))
                .map_err(|error| failed(&target, error))?;
        } else if header != own {
            return Err(SweepError::Storage(format!(
                "{} has other columns than the runs before it; the tables cannot be joined",
                source.display()
            )));
        }
        let shown: Vec<String> = [row.run.point as u64, u64::from(row.run.replication), row.seed]
            .iter()
            .map(ToString::to_string)
            .chain(results.labels(row.run.point).iter().map(|label| match label {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }))
            .collect();
        let mut start = line(shown.iter().map(String::as_str));
        start.push(b',');
        while read_record(&mut reader, &mut record).map_err(|error| failed(&source, error))? {
            writer
                .write_all(&start)
                .and_then(|()| writer.write_all(&record))
                .map_err(|error| failed(&target, error))?;
        }
    }
    writer.flush().map_err(|error| failed(&target, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_go_on_inside_quotes() {
        let text = "a,\"b\n\"\"c\"\n\"\",d\nlast";
        let mut reader = text.as_bytes();
        let mut record = Vec::new();
        let mut records = Vec::new();
        while read_record(&mut reader, &mut record).expect("it is in memory") {
            records.push(String::from_utf8(record.clone()).expect("it is text"));
        }
        assert_eq!(records, ["a,\"b\n\"\"c\"\n", "\"\",d\n", "last"]);
        assert_eq!(line(["1", "", "a\"b"]), b"1,\"\",\"a\"\"b\"");
    }
}
