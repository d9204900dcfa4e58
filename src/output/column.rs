//! Cells, and columns of them.

use super::symbol::Symbols;
use crate::records::{Cell, ColumnKind, Symbol, TableSpec};

/// The texts of a column, end to end in one buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    buffer: String,
    ends: Vec<usize>,
}

impl Texts {
    /// The text at `row`, if there is such a row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)?;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.buffer[start..end])
    }

    fn push(&mut self, text: &str) {
        self.buffer.push_str(text);
        self.ends.push(self.buffer.len());
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.ends.clear();
    }
}

/// The values of a column. In the place of a null stands NaN, zero, false or empty text.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Of a [`ColumnKind::Float`] column.
    Float(Vec<f64>),
    /// Of a [`ColumnKind::Unsigned`] column.
    Unsigned(Vec<u64>),
    /// Of a [`ColumnKind::Signed`] column.
    Signed(Vec<i64>),
    /// Of a [`ColumnKind::Boolean`] column.
    Boolean(Vec<bool>),
    /// Of a [`ColumnKind::Category`] column; read only where [`Column::is_null`] is false.
    Category(Vec<Symbol>),
    /// Of a [`ColumnKind::Text`] column.
    Text(Texts),
}

/// A column of cells of one kind, any of which may be null.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    values: Values,
    /// Whether each cell is null; empty as long as none is.
    nulls: Vec<bool>,
}

impl Column {
    pub(super) fn new(kind: ColumnKind) -> Self {
        let values = match kind {
            ColumnKind::Float => Values::Float(Vec::new()),
            ColumnKind::Unsigned => Values::Unsigned(Vec::new()),
            ColumnKind::Signed => Values::Signed(Vec::new()),
            ColumnKind::Boolean => Values::Boolean(Vec::new()),
            ColumnKind::Category => Values::Category(Vec::new()),
            ColumnKind::Text => Values::Text(Texts::default()),
        };
        Column { values, nulls: Vec::new() }
    }

    /// The values, of null cells too.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Whether each cell is null; empty if none is.
    #[must_use]
    pub fn nulls(&self) -> &[bool] {
        &self.nulls
    }

    /// Whether the cell at `row` is null.
    #[must_use]
    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.get(row).copied().unwrap_or(false)
    }

    /// The cell at `row`; null if there is no such row.
    #[must_use]
    #[inline]
    pub fn cell(&self, row: usize) -> Cell<'_> {
        if self.is_null(row) {
            return Cell::Null;
        }
        match &self.values {
            Values::Float(values) => values.get(row).copied().into(),
            Values::Unsigned(values) => values.get(row).copied().into(),
            Values::Signed(values) => values.get(row).copied().into(),
            Values::Boolean(values) => values.get(row).copied().into(),
            Values::Category(values) => values.get(row).copied().into(),
            Values::Text(values) => values.get(row).into(),
        }
    }

    /// Appends a cell, a null in the place of one of another kind; says whether the kind was right.
    #[inline]
    pub(super) fn push(&mut self, cell: Cell<'_>, symbols: &mut Symbols) -> bool {
        match (&mut self.values, cell) {
            (Values::Float(values), Cell::Float(value)) => values.push(value),
            (Values::Unsigned(values), Cell::Unsigned(value)) => values.push(value),
            (Values::Signed(values), Cell::Signed(value)) => values.push(value),
            (Values::Boolean(values), Cell::Boolean(value)) => values.push(value),
            (Values::Category(values), Cell::Category(value)) => values.push(value),
            (Values::Category(values), Cell::Text(value)) => values.push(symbols.intern(value)),
            (Values::Text(values), Cell::Text(value)) => values.push(value),
            (Values::Text(values), Cell::Category(value)) => values.push(symbols.text(value)),
            (_, cell) => {
                self.push_null();
                return cell == Cell::Null;
            }
        }
        if !self.nulls.is_empty() {
            self.nulls.push(false);
        }
        true
    }

    /// Appends a null.
    pub(super) fn push_null(&mut self) {
        if self.nulls.is_empty() {
            self.nulls.resize(self.len(), false);
        }
        self.nulls.push(true);
        match &mut self.values {
            Values::Float(values) => values.push(f64::NAN),
            Values::Unsigned(values) => values.push(0),
            Values::Signed(values) => values.push(0),
            Values::Boolean(values) => values.push(false),
            Values::Category(values) => values.push(super::symbol::PLACEHOLDER),
            Values::Text(values) => values.push(""),
        }
    }

    /// Removes all cells and keeps their memory.
    pub(super) fn clear(&mut self) {
        self.nulls.clear();
        match &mut self.values {
            Values::Float(values) => values.clear(),
            Values::Unsigned(values) => values.clear(),
            Values::Signed(values) => values.clear(),
            Values::Boolean(values) => values.clear(),
            Values::Category(values) => values.clear(),
            Values::Text(values) => values.clear(),
        }
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Float(values) => values.len(),
            Values::Unsigned(values) => values.len(),
            Values::Signed(values) => values.len(),
            Values::Boolean(values) => values.len(),
            Values::Category(values) => values.len(),
            Values::Text(values) => values.ends.len(),
        }
    }

    /// Whether there are no cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Rows of a table, to be read: those in memory, or a batch on its way into a file.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'r> {
    pub(super) spec: &'r TableSpec,
    pub(super) columns: &'r [Column],
    pub(super) symbols: &'r Symbols,
}

impl<'r> Rows<'r> {
    /// The table's description.
    #[must_use]
    pub fn spec(&self) -> &'r TableSpec {
        self.spec
    }

    /// All columns, in the order of the description.
    #[must_use]
    pub fn columns(&self) -> &'r [Column] {
        self.columns
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&'r Column> {
        self.columns.get(self.spec.column(name)?)
    }

    /// The values of a [`ColumnKind::Float`] column, NaN for nulls; `None` if there is no such column.
    #[must_use]
    pub fn floats(&self, name: &str) -> Option<&'r [f64]> {
        match self.column(name)?.values() {
            Values::Float(values) => Some(values),
            _ => None,
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A cell, categories as text; null if there is no such row or column.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Cell<'r> {
        match self.columns.get(column).map_or(Cell::Null, |column| column.cell(row)) {
            Cell::Category(symbol) => Cell::Text(self.symbols.text(symbol)),
            cell => cell,
        }
    }

    /// A cell as text, as a CSV file has it but for quotes: empty for a null.
    #[must_use]
    pub fn text(&self, row: usize, column: usize) -> String {
        match self.cell(row, column) {
            Cell::Null => String::new(),
            Cell::Float(value) => zmij::Buffer::new().format(value).to_owned(),
            Cell::Unsigned(value) => value.to_string(),
            Cell::Signed(value) => value.to_string(),
            Cell::Boolean(value) => value.to_string(),
            Cell::Category(symbol) => self.symbols.text(symbol).to_owned(),
            Cell::Text(text) => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A column gives back what was put in, nulls in their places, before and after being cleared.
        #[test]
        fn text_and_nulls_come_back(cells in prop::collection::vec(any::<Option<String>>(), 0..20)) {
            let mut symbols = Symbols::default();
            for kind in [ColumnKind::Text, ColumnKind::Category] {
                let mut column = Column::new(kind);
                for _ in 0..2 {
                    column.clear();
                    for cell in &cells {
                        prop_assert!(column.push(cell.as_deref().into(), &mut symbols));
                    }
                    prop_assert_eq!(column.len(), cells.len());
                    for (row, expected) in cells.iter().enumerate() {
                        let found = match column.cell(row) {
                            Cell::Text(text) => Some(text),
                            Cell::Category(symbol) => Some(symbols.text(symbol)),
                            _ => None,
                        };
                        prop_assert_eq!(found, expected.as_deref());
                        prop_assert_eq!(column.is_null(row), expected.is_none());
                    }
                    prop_assert_eq!(column.cell(cells.len()), Cell::Null);
                }
            }
        }
    }

    #[test]
    fn a_cell_of_another_kind_becomes_null() {
        let symbols = &mut Symbols::default();
        let mut column = Column::new(ColumnKind::Unsigned);
        assert!(column.push(7_u64.into(), symbols));
        assert!(!column.push(7.0.into(), symbols));
        assert!(column.push(None::<u64>.into(), symbols));
        assert_eq!([0, 1, 2].map(|row| column.cell(row)), [Cell::Unsigned(7), Cell::Null, Cell::Null]);
    }
}
