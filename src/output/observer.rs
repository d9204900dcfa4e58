//! Seeing rows while a run goes on.

use super::column::Rows;

/// Sees the rows of tables as they are written, long before they are in a file. It is told of each row on the thread
/// that simulates, and can change nothing of the run; [`Recorder::observe`](super::Recorder::observe) names its tables.
///
/// ```
/// use stratosim::output::{Destination, Recorder, RowObserver, Rows, TableSelection};
/// use stratosim::records::{Cell, ColumnSpec, TableSpec};
/// use std::sync::{Arc, Mutex};
///
/// /// The greatest latency so far.
/// struct Worst(Arc<Mutex<f64>>);
///
/// impl RowObserver for Worst {
///     fn row(&mut self, rows: Rows<'_>, row: usize) {
///         let column = rows.spec().column("latency_s");
///         if let Some(Cell::Float(latency_s)) = column.map(|column| rows.cell(row, column)) {
///             let mut worst_s = self.0.lock().unwrap();
///             *worst_s = worst_s.max(latency_s);
///         }
///     }
/// }
///
/// let worst_s = Arc::new(Mutex::new(0.0));
/// let mut recorder = Recorder::new(Destination::Discard, TableSelection::All);
/// recorder.observe(["tasks"], Worst(Arc::clone(&worst_s)));
/// let tasks = recorder.table(TableSpec::new("tasks", "", [ColumnSpec::float("latency_s", "s", "")]))?;
/// recorder.row(tasks).float(0.25).end();
/// recorder.row(tasks).float(0.125).end();
/// assert_eq!(*worst_s.lock().unwrap(), 0.25);
/// # Ok::<(), stratosim::output::OutputError>(())
/// ```
pub trait RowObserver: Send {
    /// The row of index `row` in `rows` was written; rows before it may be left in the buffer or not.
    fn row(&mut self, rows: Rows<'_>, row: usize);
}

/// The observers of a recorder.
#[derive(Default)]
pub(super) struct Observers(pub(super) Vec<Box<dyn RowObserver>>);

impl std::fmt::Debug for Observers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} observers", self.0.len())
    }
}
