//! Decibels and what they stand for.

/// A ratio of powers in decibels: 10 lg of it. Zero is minus infinity.
#[must_use]
pub fn to_db(ratio: f64) -> f64 {
    10.0 * lg(ratio)
}

/// The ratio of powers of so many decibels.
///
/// ```
/// use stratosim::infra::nr::{from_db, to_db};
/// assert!((from_db(3.0) - 1.995_262).abs() < 1e-6);
/// assert!((to_db(from_db(-98.38)) + 98.38).abs() < 1e-12);
/// ```
#[must_use]
pub fn from_db(db: f64) -> f64 {
    // ln(10) / 10; the exponential is twice as fast as a power.
    (db * (std::f64::consts::LN_10 / 10.0)).exp()
}

/// The logarithm to the base of ten: that of the C library takes the natural one and half as much time again.
pub(super) fn lg(value: f64) -> f64 {
    value.ln() * std::f64::consts::LOG10_E
}
