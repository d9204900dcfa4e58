//! Output: typed tables, their files and dictionary, the run directory and the fingerprint.
//!
//! A run describes its tables ([`TableSpec`]), registers them with a [`Recorder`] and writes rows. The
//! recorder buffers at most [`BATCH_ROWS`] rows a table, hashes them and hands them on to CSV, Parquet or
//! memory; [`Recorder::finish`] gives a [`RecorderSummary`], which knows each table's row count and
//! fingerprint and can be compared with that of another run ([`first_difference`]).
//!
//! A [`RowObserver`] sees rows while the run goes on.
//!
//! A [`RunDirectory`] gathers the files and appears complete or not at all. A [`RunReader`] reads them again.
//!
//! # Guarantees
//!
//! * Memory is bounded by the batch, not by the length of the run (but for [`Destination::Memory`], and
//!   eight bytes a column for each [`BLOCK_ROWS`] rows, by which differences are found).
//! * No allocation per row once buffers have grown to the size of a batch.
//! * A fingerprint depends on the cells and their order, not on the format they are written in.
//! * Writing a row never fails and never panics: the first error of a file is kept, see
//!   [`Recorder::failure`], and returned by [`Recorder::finish`].
//!
//! # Example
//!
//! ```
//! use stratosim::output::{Destination, Recorder, TableSelection};
//! use stratosim::records::{ColumnSpec, TableSpec};
//!
//! let mut recorder = Recorder::new(Destination::Memory, TableSelection::All);
//! let tasks = recorder.table(TableSpec::new("tasks", "One row a finished task", [
//!     ColumnSpec::float("t_s", "s", "instant at which the task ended"),
//!     ColumnSpec::category("node", "node that ran it"),
//!     ColumnSpec::float("latency_s", "s", "time since the task was created; null if it was lost"),
//! ]))?;
//! let edge = recorder.symbol("edge-3");
//! recorder.row(tasks).float(1.5).category(edge).float(0.25).end();
//! recorder.row(tasks).float(2.5).category(edge).null().end();
//!
//! let summary = recorder.finish()?;
//! let rows = summary.rows("tasks").unwrap();
//! assert_eq!(rows.text(0, 1), "edge-3");
//! assert_eq!(rows.floats("t_s").unwrap(), [1.5, 2.5]);
//! # Ok::<(), stratosim::output::OutputError>(())
//! ```

mod column;
mod csv_sink;
mod csv_source;
mod dictionary;
mod error;
mod fingerprint;
mod observer;
#[cfg(feature = "parquet")]
mod parquet_sink;
#[cfg(feature = "parquet")]
mod parquet_source;
mod reader;
mod recorder;
mod records;
mod row;
mod run_directory;
mod sink;
mod staged_directory;
mod summary;
mod symbol;

pub use crate::records::{Cell, ColumnKind, ColumnSpec, Symbol, TableId, TableSpec};
pub use column::{Column, Rows, Texts, Values};
pub use dictionary::dictionary;
pub use error::OutputError;
pub use fingerprint::BLOCK_ROWS;
pub use observer::RowObserver;
pub use reader::{ReadError, RunReader, TableDirectory, TableReader, read_json};
pub use recorder::{BATCH_ROWS, Destination, Recorder, TableSelection};
pub use row::RowWriter;
pub use run_directory::RunDirectory;
pub use sink::FileFormat;
pub use staged_directory::StagedDirectory;
pub use summary::{
    CellDifference, Difference, RecorderSummary, TableSummary, differences, first_difference,
};
pub use symbol::Symbols;
