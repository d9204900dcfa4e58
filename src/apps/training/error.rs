//! What can be wrong with a model, a job or a generator.

/// A quantity that makes no model or job.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{what} is {found}, but must be {allowed}")]
pub struct TrainingError {
    /// What.
    pub what: &'static str,
    /// Its value.
    pub found: f64,
    /// What it may be.
    pub allowed: &'static str,
}

/// Refuses a value that is not good.
pub(super) fn check(
    good: bool,
    what: &'static str,
    found: impl Into<f64>,
    allowed: &'static str,
) -> Result<(), TrainingError> {
    if good { Ok(()) } else { Err(TrainingError { what, found: found.into(), allowed }) }
}

/// Refuses a number that is not above 0 and finite.
pub(super) fn positive(what: &'static str, found: f64) -> Result<(), TrainingError> {
    check(found > 0.0 && found.is_finite(), what, found, "above 0 and finite")
}

/// Refuses a count of 0.
pub(super) fn counted(what: &'static str, found: u32) -> Result<(), TrainingError> {
    check(found > 0, what, found, "at least 1")
}
