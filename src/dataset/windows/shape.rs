//! What windows look at.

use crate::dataset::format::{GapsName, StatisticName};
use crate::dataset::grid::Fold;
use crate::dataset::series::Series;

/// A stretch of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dataset) enum Span {
    /// So many rows.
    Rows(u64),
    /// Rows within so many nanoseconds.
    Time(u64),
}

/// The rows up to the present one that something looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::dataset) enum Back {
    /// The last of them, the present one included.
    Last(Span),
    /// As many as any feature looks at; for labels only.
    Whole,
}

/// A window of past rows of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::dataset) struct Past {
    pub(in crate::dataset) column: usize,
    pub(in crate::dataset) back: Back,
    /// Weight of a row over that of the next, for [`StatisticName::Ewma`].
    pub(in crate::dataset) decay: f64,
}

impl Past {
    /// Value and time in seconds of a row: of features with what is held for nulls, of labels without.
    pub(super) fn point(&self, series: &Series, row: u64) -> (f64, f64) {
        match self.back {
            Back::Last(_) => series.held_point(row, self.column),
            Back::Whole => series.point(row, self.column),
        }
    }
}

/// A window of coming rows of a column, the present one not included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::dataset) struct Ahead {
    pub(in crate::dataset) column: usize,
    pub(in crate::dataset) span: Span,
}

/// Where events are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dataset) enum Over {
    /// At the instant of the present row.
    Instant,
    /// From the first row that features look at to the present one.
    Window,
    /// After the present row.
    Ahead(Span),
}

/// A value of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::dataset) enum Output {
    /// A column, so many rows back.
    Lag { column: usize, rows: u64 },
    /// A statistic of past rows.
    Rolling { past: usize, statistic: StatisticName },
    /// Whether any of the past rows is true.
    AnyPast { past: usize },
    /// A column, so many rows ahead.
    Lead { column: usize, rows: u64 },
    /// The last of the coming rows, or the present one if none comes.
    LastAhead { ahead: usize },
    /// A statistic of coming rows.
    StatisticAhead { ahead: usize, statistic: StatisticName },
    /// Whether any of the coming rows is neither zero nor false.
    AnyAhead { ahead: usize },
    /// Whether an event of this set is going on.
    Event { set: usize, over: Over },
}

/// Rows at regular times.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::dataset) struct Regular {
    /// Nanoseconds.
    pub(in crate::dataset) period: u64,
    pub(in crate::dataset) folds: Vec<Fold>,
}

/// What windows are like.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::dataset) struct Windows {
    /// Number of columns of a row.
    pub(in crate::dataset) columns: usize,
    pub(in crate::dataset) regular: Option<Regular>,
    pub(in crate::dataset) gaps: GapsName,
    /// The longest silence that a window reaches over, in nanoseconds.
    pub(in crate::dataset) max_gap: Option<u64>,
    pub(in crate::dataset) stride: u32,
    pub(in crate::dataset) pasts: Vec<Past>,
    pub(in crate::dataset) aheads: Vec<Ahead>,
    /// The values of a sample; the first `features` of them are features.
    pub(in crate::dataset) outputs: Vec<Output>,
    pub(in crate::dataset) features: usize,
}

impl Windows {
    /// How many rows of an entity, one after the other, a sample is made of, if nothing of it goes by time.
    pub(in crate::dataset) fn rows(&self) -> Option<u64> {
        let mut back = 1;
        let mut ahead = 0;
        for output in &self.outputs {
            match *output {
                Output::Event { over: Over::Ahead(Span::Time(_)), .. } => return None,
                Output::Lag { rows, .. } => back = back.max(rows + 1),
                Output::Lead { rows, .. }
                | Output::Event { over: Over::Ahead(Span::Rows(rows)), .. } => {
                    ahead = ahead.max(rows);
                }
                _ => {}
            }
        }
        for past in &self.pasts {
            match past.back {
                Back::Last(Span::Rows(rows)) => back = back.max(rows),
                Back::Last(Span::Time(_)) => return None,
                Back::Whole => {}
            }
        }
        for window in &self.aheads {
            match window.span {
                Span::Rows(rows) => ahead = ahead.max(rows),
                Span::Time(_) => return None,
            }
        }
        Some(back + ahead)
    }
}
