//! Writing one row.

use super::error::OutputError;
use super::observer::Observers;
use super::recorder::TableBuffer;
use super::symbol::Symbols;
use crate::records::{Cell, Symbol};

/// Writes the cells of one row, from the first column to the last; made by
/// [`Recorder::row`](super::Recorder::row).
///
/// A wrong number of cells or a cell of another kind than its column's is a fault of the program: it
/// panics in debug builds; in release builds missing and wrong cells become null, and surplus ones are
/// left out. Dropping the writer before [`end`](RowWriter::end) ends the row with nulls.
#[derive(Debug)]
#[must_use = "a row dropped before its cells are written is a row of nulls"]
pub struct RowWriter<'r> {
    /// `None` if the table is not recorded.
    pub(super) table: Option<&'r mut TableBuffer>,
    pub(super) symbols: &'r mut Symbols,
    pub(super) failure: &'r mut Option<OutputError>,
    pub(super) observers: &'r mut Observers,
    /// Cells written so far.
    pub(super) cells: usize,
}

impl RowWriter<'_> {
    /// Writes a number.
    #[inline]
    pub fn float(self, value: f64) -> Self {
        self.cell(Cell::Float(value))
    }

    /// Writes an integer.
    #[inline]
    pub fn unsigned(self, value: u64) -> Self {
        self.cell(Cell::Unsigned(value))
    }

    /// Writes an integer that may be negative.
    #[inline]
    pub fn signed(self, value: i64) -> Self {
        self.cell(Cell::Signed(value))
    }

    /// Writes true or false.
    #[inline]
    pub fn boolean(self, value: bool) -> Self {
        self.cell(Cell::Boolean(value))
    }

    /// Writes text that was interned by [`Recorder::symbol`](super::Recorder::symbol).
    #[inline]
    pub fn category(self, symbol: Symbol) -> Self {
        self.cell(Cell::Category(symbol))
    }

    /// Writes text; into a category column it is interned first, which costs a look-up.
    #[inline]
    pub fn text(self, text: &str) -> Self {
        self.cell(Cell::Text(text))
    }

    /// Writes no value.
    #[inline]
    pub fn null(self) -> Self {
        self.cell(Cell::Null)
    }

    /// Writes any value that converts to a cell: `None` becomes null.
    #[inline]
    pub fn cell<'c>(mut self, cell: impl Into<Cell<'c>>) -> Self {
        if let Some(table) = &mut self.table {
            let fits = table
                .columns
                .get_mut(self.cells)
                .is_some_and(|column| column.push(cell.into(), self.symbols));
            debug_assert!(fits, "cell {} of table {} is wrong or surplus", self.cells, table.spec.name);
            self.cells += 1;
        }
        self
    }

    /// Ends the row.
    #[inline]
    pub fn end(self) {
        if let Some(table) = &self.table {
            debug_assert_eq!(
                self.cells,
                table.columns.len(),
                "table {} has another number of columns than the row has cells",
                table.spec.name
            );
        }
    }
}

impl Drop for RowWriter<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(table) = self.table.take() {
            table.end_row(self.cells, self.symbols, self.failure, self.observers);
        }
    }
}
