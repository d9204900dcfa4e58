//! Why a dataset is not made.

use crate::output::{OutputError, ReadError};
use crate::scenario::{Diagnostic, Diagnostics};
use crate::sweep::SweepError;
use std::io;

/// Why a dataset was not made. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The dataset file is wrong, or asks for what its runs do not have.
    #[error(transparent)]
    BadInput(#[from] Diagnostics),
    /// What was asked for cannot be.
    #[error("{0}")]
    Refused(String),
    /// Output of a run cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The sweep that it is made of cannot be run or read.
    #[error(transparent)]
    Sweep(SweepError),
    /// A table whose rows should be in the order of their times is not.
    #[error(
        "{run}: table {table} goes back in time, from {before_s} s to {time_s} s; its file was changed, or \
         several were joined"
    )]
    BackInTime {
        /// The run.
        run: String,
        /// The table.
        table: String,
        /// Time of the row, in seconds.
        time_s: f64,
        /// Time of a row before it, in seconds.
        before_s: f64,
    },
    /// An entity is silent for very long, measured by the period of its series.
    #[error(
        "{run}: there are {steps} steps without a row before {time_s} s; give a longer `period`, a `max_gap`, \
         or \"gaps\": \"drop\""
    )]
    Silence {
        /// The run.
        run: String,
        /// How many steps.
        steps: u64,
        /// Time of the row after the silence, in seconds.
        time_s: f64,
    },
    /// A part of the dataset would be empty.
    #[error("the {part} part would have no rows{reason}")]
    EmptyPart {
        /// Which.
        part: &'static str,
        /// Why, as far as is known, and what can be done about it.
        reason: String,
    },
    /// It cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Files beside the output, by which decisions are sorted and exact quantiles found, cannot be written or
    /// read.
    #[error("cannot sort rows by files beside the output: {0}")]
    Sorting(io::Error),
    /// It was told to stop.
    #[error("interrupted")]
    Interrupted,
    /// The threads cannot be started.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl DatasetError {
    pub(super) fn sorting(error: io::Error) -> Self {
        DatasetError::Sorting(error)
    }
}

impl From<Diagnostic> for DatasetError {
    fn from(diagnostic: Diagnostic) -> Self {
        DatasetError::BadInput(diagnostic.into())
    }
}

impl From<SweepError> for DatasetError {
    fn from(error: SweepError) -> Self {
        match error {
            SweepError::BadInput(diagnostics) => DatasetError::BadInput(diagnostics),
            SweepError::Interrupted(_) => DatasetError::Interrupted,
            error => DatasetError::Sweep(error),
        }
    }
}
