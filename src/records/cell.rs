//! One cell of a table.

#[cfg(doc)]
use super::ColumnKind;
use super::Symbol;

/// One cell, as it is written and read. Most values convert into it; `None` becomes null.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'t> {
    /// No value.
    Null,
    /// Of a [`ColumnKind::Float`] column.
    Float(f64),
    /// Of a [`ColumnKind::Unsigned`] column.
    Unsigned(u64),
    /// Of a [`ColumnKind::Signed`] column.
    Signed(i64),
    /// Of a [`ColumnKind::Boolean`] column.
    Boolean(bool),
    /// Of a [`ColumnKind::Category`] column; a [`ColumnKind::Text`] column takes its text.
    Category(Symbol),
    /// Of a [`ColumnKind::Text`] column; a [`ColumnKind::Category`] column interns it.
    Text(&'t str),
}

/// Conversions into [`Cell`], one line a type: type, name of the value, cell.
macro_rules! cell_from {
    ($($from:ty, $value:ident => $cell:expr;)*) => {
        $(impl<'t> From<$from> for Cell<'t> {
            #[inline]
            fn from($value: $from) -> Self {
                $cell
            }
        })*
    };
}

cell_from! {
    f64, value => Cell::Float(value);
    u64, value => Cell::Unsigned(value);
    u32, value => Cell::Unsigned(u64::from(value));
    usize, value => Cell::Unsigned(value as u64);
    i64, value => Cell::Signed(value);
    i32, value => Cell::Signed(i64::from(value));
    bool, value => Cell::Boolean(value);
    Symbol, value => Cell::Category(value);
    &'t str, value => Cell::Text(value);
}

impl<'t, T: Into<Cell<'t>>> From<Option<T>> for Cell<'t> {
    #[inline]
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}
