//! Simulated time: an integer count of nanoseconds.
//!
//! Integers make sums exact, ties real and the order total; 64 bits reach 584 years. Seconds in `f64`
//! appear only at the edges, in the models' equations. Instants and durations are separate types, so
//! that adding two instants does not compile.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

const NANOS_PER_SECOND: f64 = 1e9;

/// An instant of simulated time, in nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(u64);

/// A length of simulated time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimDuration(u64);

/// Nanoseconds of `seconds`, one more than the whole ones if `goes_up` says so of the rest; saturates, and takes NaN
/// and negatives as zero. The rounding of the standard library is a call where the processor's is not assumed.
fn to_nanos(seconds: f64, goes_up: impl Fn(f64) -> bool) -> u64 {
    let nanos = seconds * NANOS_PER_SECOND;
    // A float-to-integer cast saturates in Rust, and maps NaN to zero.
    let whole = nanos as u64;
    whole.saturating_add(u64::from(goes_up(nanos - whole as f64)))
}

impl SimTime {
    /// The start of every run.
    pub const ZERO: SimTime = SimTime(0);
    /// The end of representable time, 584 years in: what is due then never happens.
    pub const MAX: SimTime = SimTime(u64::MAX);

    /// The instant `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        SimTime(nanos)
    }

    /// The instant `seconds` after the start, to the nearest nanosecond. Negative values and NaN give
    /// [`SimTime::ZERO`], values beyond the range [`SimTime::MAX`].
    #[must_use]
    pub fn from_secs(seconds: f64) -> Self {
        SimTime(to_nanos(seconds, |rest| rest >= 0.5))
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start.
    #[must_use]
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND
    }

    /// The time passed since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: SimTime) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: SimDuration = SimDuration(0);
    /// The longest duration; added to any instant it gives [`SimTime::MAX`].
    pub const MAX: SimDuration = SimDuration(u64::MAX);

    /// A duration of `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        SimDuration(nanos)
    }

    /// A duration of `seconds`, to the nearest nanosecond, with the limits of [`SimTime::from_secs`].
    #[must_use]
    pub fn from_secs(seconds: f64) -> Self {
        SimDuration(to_nanos(seconds, |rest| rest >= 0.5))
    }

    /// A duration of `seconds`, rounded up: work that takes this long is never done early.
    #[must_use]
    pub fn from_secs_ceil(seconds: f64) -> Self {
        SimDuration(to_nanos(seconds, |rest| rest > 0.0))
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The length in seconds.
    #[must_use]
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND
    }
}

impl Add<SimDuration> for SimTime {
    type Output = SimTime;
    fn add(self, duration: SimDuration) -> SimTime {
        SimTime(self.0.saturating_add(duration.0))
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, duration: SimDuration) {
        *self = *self + duration;
    }
}

impl Sub<SimTime> for SimTime {
    type Output = SimDuration;
    /// The time from `earlier` to `self`; zero if `earlier` is later.
    fn sub(self, earlier: SimTime) -> SimDuration {
        self.since(earlier)
    }
}

impl Add for SimDuration {
    type Output = SimDuration;
    fn add(self, other: SimDuration) -> SimDuration {
        SimDuration(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.as_secs())
    }
}

impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_to_the_nearest_nanosecond_and_saturate() {
        assert_eq!(SimTime::from_secs(1.5).as_nanos(), 1_500_000_000);
        assert_eq!(SimTime::from_secs(-1.0), SimTime::ZERO);
        assert_eq!(SimTime::from_secs(f64::NAN), SimTime::ZERO);
        assert_eq!(SimTime::from_secs(f64::INFINITY), SimTime::MAX);
        assert_eq!(SimTime::MAX + SimDuration::from_secs(1.0), SimTime::MAX);
    }

    #[test]
    fn rounding_is_that_of_the_standard_library() {
        let edges = [
            0.0_f64,
            0.4e-9,
            0.5e-9,
            1e-9,
            1.5e-9,
            2.5e-9,
            0.1,
            4_503_599.627_370_497,
            1e7,
            1.8e10,
            2e10,
        ];
        for seconds in edges.into_iter().flat_map(|edge| [edge.next_down(), edge, edge.next_up(), -edge])
        {
            let nanos = seconds * 1e9;
            assert_eq!(SimDuration::from_secs(seconds).as_nanos(), nanos.round() as u64, "{seconds}");
            assert_eq!(
                SimDuration::from_secs_ceil(seconds).as_nanos(),
                nanos.ceil() as u64,
                "{seconds}"
            );
        }
    }

    #[test]
    fn rounding_up_never_ends_early() {
        assert_eq!(SimDuration::from_secs_ceil(1.000_000_000_1e-9).as_nanos(), 2);
        assert_eq!(SimDuration::from_secs(1.4e-9).as_nanos(), 1);
    }
}
