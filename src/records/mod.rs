//! Records: what workloads and the world write down, row by row, into tables with typed columns.
//!
//! This is the side that writes: descriptions of tables, cells, and the trait [`Records`] behind which
//! the rows are kept, hashed and written to files (or dropped). See [`crate::output`] for that.

mod cell;
mod spec;

pub use cell::Cell;
pub use spec::{ColumnKind, ColumnSpec, TableSpec};

use std::fmt;

/// A table that was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub(crate) usize);

/// Text that was interned: the fast way to write a name or an outcome into each row. Meaningful only
/// with the records that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub(crate) u32);

/// A table that cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RecordError(pub String);

/// Where rows go.
///
/// Writing never fails and never panics: the first failure is kept and asked for with
/// [`failure`](Records::failure), so that a long run can stop early.
///
/// ```
/// use stratosim::records::{Cell, ColumnSpec, NoRecords, Records, TableSpec};
/// let mut records = NoRecords;
/// let table = records.table(TableSpec::new("sightings", "Who was seen where", [
///     ColumnSpec::float("t_s", "s", "when"),
///     ColumnSpec::category("device", "who"),
/// ]))?;
/// let who = records.symbol("phone-7");
/// records.write(table, &[Cell::Float(1.5), Cell::Category(who)]);
/// # Ok::<(), stratosim::records::RecordError>(())
/// ```
pub trait Records: fmt::Debug + Send {
    /// Registers a table. Several parts of a run may register the same one and share it.
    ///
    /// # Errors
    /// If the description is not valid, another table has the name, or its file cannot be created.
    fn table(&mut self, spec: TableSpec) -> Result<TableId, RecordError>;

    /// Whether rows of a table are kept; if not, finding them can be saved.
    fn is_recorded(&self, table: TableId) -> bool;

    /// Writes a row: a cell for each column, in order.
    fn write(&mut self, table: TableId, cells: &[Cell<'_>]);

    /// The symbol of a text that repeats, the same whenever it is asked for.
    fn symbol(&mut self, text: &str) -> Symbol;

    /// The first failure to write.
    fn failure(&self) -> Option<String>;

    /// These records as what they are, to be looked at.
    fn as_any(&self) -> &dyn std::any::Any;

    /// These records as what they are, to be closed by whoever made them.
    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRecords;

impl Records for NoRecords {
    fn table(&mut self, _: TableSpec) -> Result<TableId, RecordError> {
        Ok(TableId(0))
    }

    fn is_recorded(&self, _: TableId) -> bool {
        false
    }

    fn write(&mut self, _: TableId, _: &[Cell<'_>]) {}

    fn symbol(&mut self, _: &str) -> Symbol {
        Symbol(0)
    }

    fn failure(&self) -> Option<String> {
        None
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any> {
        self
    }
}
