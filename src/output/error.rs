//! What can go wrong while output is set up or written.

use std::io;
use std::path::{Path, PathBuf};

/// Why output could not be set up or written. The simulation itself is unharmed by any of these, but
/// its records are incomplete: no run directory must be committed after one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The run directory exists and replacing it was not asked for.
    #[error(
        "{} exists already; choose another output directory, or force its replacement", path.display()
    )]
    Exists {
        /// The existing file or directory.
        path: PathBuf,
    },
    /// Replacing was asked for, but what exists is not output of its kind, so that it may be dear to someone.
    #[error(
        "{} will not be replaced: it is neither empty nor a directory that stratosim has written for this \
         (it has no {marker}); choose another output directory, or remove it yourself", path.display()
    )]
    Foreign {
        /// The existing file or directory.
        path: PathBuf,
        /// The file that it would have.
        marker: &'static str,
    },
    /// The path has no last component to name the directory, as `/` or `..`.
    #[error("{:?} names no directory that could be created; give a path such as runs/first", path)]
    Unnamed {
        /// The path as given.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}{}", path.display(), remedy(source))]
    Io {
        /// What was tried: `create`, `write`, ...
        action: &'static str,
        /// The file or directory it was tried on.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// Parquet was asked for, but this build has no writer for it.
    #[error(
        "this build of stratosim does not write Parquet; choose CSV, or build it with the cargo feature \
         `parquet` (it is on by default: leave out --no-default-features)"
    )]
    NoParquet,
    /// The Parquet writer refused.
    #[error("cannot write {}: {message}", path.display())]
    Parquet {
        /// The file being written.
        path: PathBuf,
        /// The writer's reason.
        message: String,
    },
    /// A table's name cannot be that of a file.
    #[error(
        "{table:?} is no name for a table: use a lower-case letter, then lower-case letters, digits, \
         _ and -"
    )]
    TableName {
        /// The name.
        table: String,
    },
    /// A table has no columns.
    #[error("table {table:?} has no columns")]
    NoColumns {
        /// The table.
        table: String,
    },
    /// A column's name is empty or occurs twice.
    #[error("the column name {column:?} of table {table:?} is empty or occurs twice")]
    ColumnName {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// Two parts of the run register the same table with different columns or meanings.
    #[error(
        "table {table:?} is registered twice with different descriptions; give one of them another name"
    )]
    Redefined {
        /// The table.
        table: String,
    },
}

impl OutputError {
    /// For `map_err`: `action` failed on `path`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OutputError {
        move |source| OutputError::Io { action, path: path.to_path_buf(), source }
    }
}

/// What a user can do about it, for the reasons that have a remedy.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space, record fewer tables, or choose an output directory on another disk"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose an output directory that you may write to"
        }
        io::ErrorKind::NotADirectory => "; a part of the path is a file",
        _ => "",
    }
}
