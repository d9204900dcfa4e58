//! What can be wrong with an instance, a configuration or a solution.

use crate::names::did_you_mean;
use thiserror::Error;

/// Why there is no instance or no allocation.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum FunctionsError {
    /// A quantity is out of range.
    #[error("{place}: {found} is out of range; it must be {allowed}")]
    Range {
        /// Where: a path such as `demand[2][0]`.
        place: String,
        /// What was found.
        found: String,
        /// What is allowed.
        allowed: String,
    },
    /// A list has the wrong length.
    #[error("{place}: {found} values where {needed} are needed")]
    Length {
        /// Where.
        place: String,
        /// How many there are.
        found: usize,
        /// How many there must be.
        needed: usize,
    },
    /// A replica of a function needs more memory than any node has.
    #[error(
        "{place}: a replica of function {function} needs {needed_mb} MB, but no node has more than {largest_mb} MB; \
         raise a memory_capacity or lower this memory_requirement"
    )]
    FitsNowhere {
        /// Where.
        place: String,
        /// The function.
        function: usize,
        /// What a replica needs.
        needed_mb: u64,
        /// What the largest node has.
        largest_mb: u64,
    },
    /// A name that there is not.
    #[error("{place}: unknown {what} {found:?}{}; allowed are {allowed}", suggested(.suggestion))]
    Unknown {
        /// Where.
        place: String,
        /// What kind of name.
        what: &'static str,
        /// What was found.
        found: String,
        /// What is allowed.
        allowed: String,
        /// The nearest allowed name.
        suggestion: Option<String>,
    },
    /// Text that cannot be read.
    #[error("{place}: {problem}")]
    Format {
        /// Where: a file, a path within it, or both.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A file that cannot be read or written.
    #[error("cannot {action} {path}: {problem}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        problem: String,
    },
    /// The solver has given up.
    #[error("the solver has failed: {0}; try the solver \"dive\", or a distributed method")]
    Solver(String),
}

fn suggested(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"))
}

impl FunctionsError {
    pub(super) fn range(
        place: impl Into<String>,
        found: impl ToString,
        allowed: impl Into<String>,
    ) -> FunctionsError {
        FunctionsError::Range { place: place.into(), found: found.to_string(), allowed: allowed.into() }
    }

    pub(super) fn format(place: impl Into<String>, problem: impl ToString) -> FunctionsError {
        FunctionsError::Format { place: place.into(), problem: problem.to_string() }
    }

    pub(super) fn unknown(
        place: impl Into<String>,
        what: &'static str,
        found: &str,
        allowed: &[&str],
    ) -> FunctionsError {
        FunctionsError::Unknown {
            place: place.into(),
            what,
            found: found.to_owned(),
            allowed: allowed.join(", "),
            suggestion: did_you_mean(found, allowed.iter().copied()).map(str::to_owned),
        }
    }
}

/// Refuses a list of another length.
pub(super) fn check_length(
    place: impl FnOnce() -> String,
    found: usize,
    needed: usize,
) -> Result<(), FunctionsError> {
    if found == needed { Ok(()) } else { Err(FunctionsError::Length { place: place(), found, needed }) }
}
