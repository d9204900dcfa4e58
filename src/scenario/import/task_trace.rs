//! Traces of tasks in CSV.

use super::ImportError;
use super::rows::read_rows;
use serde::Deserialize;
use std::path::Path;

/// A task of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskTraceRow {
    /// When it is created, in seconds from the start.
    pub time_s: f64,
    /// Number of the device; `None` to go round them.
    pub device: Option<u32>,
    /// Work in million instructions.
    pub length_mi: Option<f64>,
    /// Bytes to upload.
    pub upload_bytes: Option<f64>,
    /// Bytes to download.
    pub download_bytes: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    t_s: f64,
    #[serde(default)]
    device: Option<u32>,
    #[serde(default)]
    length_mi: Option<f64>,
    #[serde(default)]
    upload_bytes: Option<f64>,
    #[serde(default)]
    download_bytes: Option<f64>,
}

/// Reads a trace of tasks: a CSV file with a header, the column `t_s` (seconds, not decreasing) and, each
/// optional, `device`, `length_mi`, `upload_bytes`, `download_bytes`; a cell may be empty.
///
/// # Errors
/// If the file cannot be read, or a row is not of this form: with its line.
pub fn read_task_trace(path: impl AsRef<Path>) -> Result<Vec<TaskTraceRow>, ImportError> {
    let columns = "columns t_s[, device, length_mi, upload_bytes, download_bytes]";
    let mut rows: Vec<TaskTraceRow> = Vec::new();
    read_rows(path.as_ref(), columns, |row: Row| {
        let sizes = [row.length_mi, row.upload_bytes, row.download_bytes];
        if let Some(bad) = sizes.into_iter().flatten().find(|size| !(size.is_finite() && *size >= 0.0)) {
            return Err((bad.to_string(), "a size of at least 0".into()));
        }
        let earlier = rows.last().map_or(0.0, |row| row.time_s);
        if !(row.t_s >= earlier && row.t_s.is_finite()) {
            let expected = format!("a time of at least {earlier}, that of the row before");
            return Err((format!("t_s = {}", row.t_s), expected));
        }
        rows.push(TaskTraceRow {
            time_s: row.t_s,
            device: row.device,
            length_mi: row.length_mi,
            upload_bytes: row.upload_bytes,
            download_bytes: row.download_bytes,
        });
        Ok(())
    })?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<TaskTraceRow>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_task_trace(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn optional_columns_may_be_missing_or_empty() {
        let rows = read("t_s,device,upload_bytes\n0.5,3,100\n1.5,,\n").unwrap();
        assert_eq!((rows.len(), rows[0].device, rows[0].upload_bytes), (2, Some(3), Some(100.0)));
        assert_eq!((rows[1].time_s, rows[1].device, rows[1].length_mi), (1.5, None, None));
    }

    #[test]
    fn errors_name_the_line() {
        for (text, needle) in [
            ("t_s\n1\n0.5\n", ":3:"),
            ("t_s\nabc\n", ":2:"),
            ("time\n1\n", "t_s"),
            ("t_s,length_mi\n1,-5\n", "at least 0"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(needle), "{error}");
        }
    }
}
