//! Values of many nodes or links over time, in one Parquet file, through polars.

use super::ImportError;
use super::replay::ReplayRow;
use crate::names::did_you_mean;
use polars::prelude::{DataType, ParquetReader, PolarsError, SerReader};
use std::fs::File;
use std::path::Path;

/// Reads rows by the names of the columns of times (in seconds), names and values; rows count from 1.
pub(super) fn read_rows(path: &Path, names: [&str; 3]) -> Result<Vec<ReplayRow>, ImportError> {
    let content = |line: u64, found: String, expected: String| ImportError::Content {
        file: path.to_owned(),
        line,
        column: 1,
        found,
        expected,
    };
    let damaged = |error: PolarsError| content(1, error.to_string(), "a Parquet file".into());
    let open = |source| ImportError::Open { file: path.to_owned(), source };
    let file = File::open(path).map_err(open)?;
    let mut reader = ParquetReader::new(file.try_clone().map_err(open)?);
    let schema = reader.schema().map_err(damaged)?;
    let known: Vec<&str> = schema.iter_names().map(|name| name.as_str()).collect();
    if let Some(missing) = names.iter().find(|name| !known.contains(*name)) {
        let near = did_you_mean(missing, known.iter().copied());
        let hint = near.map_or(String::new(), |near| format!(" ({near:?}?)"));
        let found = format!("the columns {}", known.join(", "));
        return Err(content(1, found, format!("a column {missing:?}{hint}")));
    }
    let wanted: Vec<String> = names.iter().map(ToString::to_string).collect();
    let frame = ParquetReader::new(file).with_columns(Some(wanted)).finish().map_err(damaged)?;
    // Files of other programs may have narrower numbers.
    let series = |name: &str, kind: DataType| {
        let column = frame.column(name).map_err(damaged)?;
        column.as_materialized_series().strict_cast(&kind).map_err(damaged)
    };
    let [time, subject, value] = names;
    let (times, subjects) = (series(time, DataType::Float64)?, series(subject, DataType::String)?);
    let values = series(value, DataType::Float64)?;
    let (times, subjects) = (times.f64().map_err(damaged)?, subjects.str().map_err(damaged)?);
    let values = values.f64().map_err(damaged)?;
    let mut rows = Vec::with_capacity(frame.height());
    for (line, ((time, subject), value)) in
        (1..).zip(times.iter().zip(subjects.iter()).zip(values.iter()))
    {
        let is_good = |seconds: &f64| seconds.is_finite() && *seconds >= 0.0;
        let seconds = time.filter(is_good).ok_or_else(|| {
            let found = time.map_or("nothing".to_string(), |time| time.to_string());
            content(line, found, "a number of seconds of at least 0".into())
        })?;
        let subject = subject
            .ok_or_else(|| content(line, "nothing".into(), "the name of a node or link".into()))?;
        if let Some(wrong) = value.filter(|value| !value.is_finite()) {
            return Err(content(line, wrong.to_string(), "a number, or nothing".into()));
        }
        rows.push((seconds, subject.to_string(), value));
    }
    Ok(rows)
}
