//! Values of many nodes or links over time, in one CSV file.

use super::{ImportError, open_plain};
use crate::names::did_you_mean;
use crate::units::quoted;
use std::path::Path;

/// One row: seconds from the start, name, value; `None` of an empty one.
pub type ReplayRow = (f64, String, Option<f64>);

/// Reads rows of a CSV file, plain or gzipped, or of a Parquet file (`.parquet`), by the names of the columns of times (in
/// seconds), names and values.
///
/// # Errors
/// If the file cannot be read, has no such columns, or a row has no time or a value that is none: with its line, or
/// the number of the row. Parquet files can be read if this crate has the feature `parquet`.
pub fn read_replay(
    path: impl AsRef<Path>,
    [time, subject, value]: [&str; 3],
) -> Result<Vec<ReplayRow>, ImportError> {
    let path = path.as_ref();
    #[cfg(feature = "parquet")]
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet")) {
        return super::replay_parquet::read_rows(path, [time, subject, value]);
    }
    let content = |line: u64, found: String, expected: String| ImportError::Content {
        file: path.to_owned(),
        line,
        column: 1,
        found,
        expected,
    };
    let damaged = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        content(line, error.to_string(), "a CSV file of which all rows have the same columns".into())
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(open_plain(path)?);
    let header = reader.headers().map_err(|error| damaged(&error))?.clone();
    let names: Vec<&str> = header.iter().map(|name| name.trim_start_matches('\u{feff}')).collect();
    let find = |wanted: &str| {
        names.iter().position(|name| *name == wanted).ok_or_else(|| {
            let near = did_you_mean(wanted, names.iter().copied());
            let hint = near.map_or(String::new(), |near| format!(" ({near:?}?)"));
            content(1, format!("the columns {}", names.join(", ")), format!("a column {wanted:?}{hint}"))
        })
    };
    let columns = [find(time)?, find(subject)?, find(value)?];
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| damaged(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let [time, subject, value] = columns.map(|column| record.get(column).unwrap_or_default());
        let number = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
        let seconds = number(time)
            .filter(|seconds| *seconds >= 0.0)
            .ok_or_else(|| content(line, quoted(time), "a number of seconds of at least 0".into()))?;
        let value = match value {
            "" => None,
            text => Some(
                number(text)
                    .ok_or_else(|| content(line, quoted(text), "a number, or nothing".into()))?,
            ),
        };
        rows.push((seconds, subject.to_string(), value));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(text: &str) -> Result<Vec<ReplayRow>, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let name = file.path().display().to_string();
        read_replay(file.path(), ["t_s", "subject", "value"])
            .map_err(|error| error.to_string().replace(&name, "file"))
    }

    #[test]
    fn rows_are_read_by_name_of_column() {
        let rows = read("value,t_s,more,subject\n3,0,x,a\n,1.5,x,b\n").unwrap();
        assert_eq!(rows, [(0.0, "a".into(), Some(3.0)), (1.5, "b".into(), None)]);
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn parquet_is_read_as_the_same_rows_in_csv_are() {
        use polars::prelude::{DataFrame, IntoColumn, NamedFrom, ParquetWriter, Series};
        let write = |times: &[f64]| {
            let file = tempfile::Builder::new().suffix(".parquet").tempfile().unwrap();
            let columns = vec![
                Series::new("subject".into(), &["a", "b"]).into_column(),
                Series::new("t_s".into(), times).into_column(),
                Series::new("value".into(), &[Some(3.0_f64), None]).into_column(),
            ];
            let mut frame = DataFrame::new(2, columns).unwrap();
            ParquetWriter::new(file.reopen().unwrap()).finish(&mut frame).unwrap();
            file
        };
        let names = ["t_s", "subject", "value"];
        let rows = read_replay(write(&[0.0, 1.5]).path(), names).unwrap();
        assert_eq!(rows, [(0.0, "a".into(), Some(3.0)), (1.5, "b".into(), None)]);
        let told = read_replay(write(&[0.0, -1.0]).path(), names).unwrap_err().to_string();
        assert!(told.contains(":2:1: found -1, expected a number of seconds of at least 0"), "{told}");
        let told = read_replay(write(&[0.0, 1.0]).path(), ["t_s", "subjekt", "value"]).unwrap_err();
        assert!(told.to_string().contains("expected a column \"subjekt\" (\"subject\"?)"), "{told}");
    }

    #[test]
    fn what_does_not_belong_is_named_with_its_line() {
        let cases = [
            (
                "t_s,subjekt,value\n",
                "file:1:1: found the columns t_s, subjekt, value, expected a column \"subject\" (\"subjekt\"?)",
            ),
            (
                "t_s,subject,value\n-1,a,2\n",
                "file:2:1: found \"-1\", expected a number of seconds of at least 0",
            ),
            (
                "t_s,subject,value\n1,a,2\n2,a,inf\n",
                "file:3:1: found \"inf\", expected a number, or nothing",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).unwrap_err(), expected);
        }
    }
}
