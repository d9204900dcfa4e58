//! What a table is: its columns with their kinds, units and meanings.

use std::borrow::Cow;
use std::fmt;

/// The kind of a column's cells. Cells of every kind may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// 64-bit floating point.
    Float,
    /// Integer from 0 to 2^64 - 1.
    Unsigned,
    /// Integer from -2^63 to 2^63 - 1.
    Signed,
    /// True or false.
    Boolean,
    /// Text of which few different values occur: names, outcomes.
    Category,
    /// Text of which most values differ.
    Text,
}

impl ColumnKind {
    /// All kinds.
    pub const ALL: [ColumnKind; 6] = [
        ColumnKind::Float,
        ColumnKind::Unsigned,
        ColumnKind::Signed,
        ColumnKind::Boolean,
        ColumnKind::Category,
        ColumnKind::Text,
    ];
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnKind::Float => "float",
            ColumnKind::Unsigned => "unsigned",
            ColumnKind::Signed => "signed",
            ColumnKind::Boolean => "boolean",
            ColumnKind::Category => "category",
            ColumnKind::Text => "text",
        })
    }
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Name, with its unit at the end: `latency_s`.
    pub name: Cow<'static, str>,
    /// Kind of its cells.
    pub kind: ColumnKind,
    /// Unit, as `s`, `bit/s` or `J`; empty if the column has none.
    pub unit: Cow<'static, str>,
    /// What a cell says, and when it is null.
    pub meaning: Cow<'static, str>,
}

impl ColumnSpec {
    /// A column; the texts may be constants or made at run time.
    #[must_use]
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        kind: ColumnKind,
        unit: impl Into<Cow<'static, str>>,
        meaning: impl Into<Cow<'static, str>>,
    ) -> Self {
        ColumnSpec { name: name.into(), kind, unit: unit.into(), meaning: meaning.into() }
    }

    /// A column of [`ColumnKind::Float`].
    #[must_use]
    pub fn float(
        name: impl Into<Cow<'static, str>>,
        unit: impl Into<Cow<'static, str>>,
        meaning: impl Into<Cow<'static, str>>,
    ) -> Self {
        ColumnSpec::new(name, ColumnKind::Float, unit, meaning)
    }

    /// A column of [`ColumnKind::Unsigned`].
    #[must_use]
    pub fn unsigned(
        name: impl Into<Cow<'static, str>>,
        unit: impl Into<Cow<'static, str>>,
        meaning: impl Into<Cow<'static, str>>,
    ) -> Self {
        ColumnSpec::new(name, ColumnKind::Unsigned, unit, meaning)
    }

    /// A column of [`ColumnKind::Signed`].
    #[must_use]
    pub fn signed(
        name: impl Into<Cow<'static, str>>,
        unit: impl Into<Cow<'static, str>>,
        meaning: impl Into<Cow<'static, str>>,
    ) -> Self {
        ColumnSpec::new(name, ColumnKind::Signed, unit, meaning)
    }

    /// A column of [`ColumnKind::Boolean`].
    #[must_use]
    pub fn boolean(name: impl Into<Cow<'static, str>>, meaning: impl Into<Cow<'static, str>>) -> Self {
        ColumnSpec::new(name, ColumnKind::Boolean, "", meaning)
    }

    /// A column of [`ColumnKind::Category`].
    #[must_use]
    pub fn category(name: impl Into<Cow<'static, str>>, meaning: impl Into<Cow<'static, str>>) -> Self {
        ColumnSpec::new(name, ColumnKind::Category, "", meaning)
    }

    /// A column of [`ColumnKind::Text`].
    #[must_use]
    pub fn text(name: impl Into<Cow<'static, str>>, meaning: impl Into<Cow<'static, str>>) -> Self {
        ColumnSpec::new(name, ColumnKind::Text, "", meaning)
    }
}

/// A table: its name, what a row of it says, and its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSpec {
    /// Name, also that of its file: a lower-case letter, then lower-case letters, digits, `_` and `-`.
    pub name: Cow<'static, str>,
    /// What a row of it says.
    pub meaning: Cow<'static, str>,
    /// Columns in order, at least one, with distinct names.
    pub columns: Vec<ColumnSpec>,
    /// Whether it is a detail that is recorded only where it is asked for.
    pub detailed: bool,
}

impl TableSpec {
    /// A table; the texts may be constants or made at run time.
    #[must_use]
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        meaning: impl Into<Cow<'static, str>>,
        columns: impl Into<Vec<ColumnSpec>>,
    ) -> Self {
        TableSpec {
            name: name.into(),
            meaning: meaning.into(),
            columns: columns.into(),
            detailed: false,
        }
    }

    /// The same table as a detail: recorded only if it is named, or if everything is recorded.
    #[must_use]
    pub fn detailed(self) -> Self {
        TableSpec { detailed: true, ..self }
    }

    /// Index of the column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}
