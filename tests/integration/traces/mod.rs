//! Readers of traces: each format, every kind of bad row, and the published files.

mod import;
mod opendc;
mod own;
mod planetlab;
mod published;
mod random;
mod tables;

use std::fs;
use std::path::Path;
use stratosim::traces::{TraceError, TraceFormat, TraceOptions, VmTrace};
use tempfile::TempDir;

/// A folder of files of these names and texts.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn read(path: &Path, format: TraceFormat, options: &TraceOptions) -> Result<VmTrace, TraceError> {
    VmTrace::open(path, Some(format), options)
}

/// Reads files that are bad and checks that the message has these parts; then, that the same files with bad rows
/// skipped give so many samples and jobs, and so many skipped rows.
#[track_caller]
fn refused(
    format: TraceFormat,
    files: &[(&str, &str)],
    options: &TraceOptions,
    message: &[&str],
    rows_and_skipped: Option<(usize, u64)>,
) {
    let folder = folder(files);
    let error = read(folder.path(), format, options).unwrap_err().to_string();
    for part in message {
        assert!(error.contains(part), "{error:?} lacks {part:?}");
    }
    let skipping = TraceOptions { skip_bad_rows: true, ..options.clone() };
    let result = read(folder.path(), format, &skipping);
    match rows_and_skipped {
        None => assert_eq!(result.unwrap_err().to_string(), error),
        Some(expected) => {
            let trace = result.unwrap();
            let rows = trace.series.len() + trace.jobs.len();
            assert_eq!((rows, trace.report.skipped.count), expected, "{:?}", trace.report);
            assert_eq!(trace.report.skipped.messages[0], error);
        }
    }
}
