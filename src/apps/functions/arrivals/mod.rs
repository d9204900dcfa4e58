//! When requests of functions arrive: rates over time and how arrivals lie within a step, or arrivals that were recorded.
//!
//! A *stream* is a function at a node where its requests enter, `node * functions + function`. Each stream has a
//! [`StreamClock`] with random numbers of its own, so that what becomes of requests never moves an arrival.

mod clock;
mod mmpp;
mod rates;
mod recorded;
#[cfg(test)]
mod tests;

pub use clock::{Arrived, StreamClock};
pub use mmpp::Mmpp;
pub use rates::{After, StreamRates};
pub use recorded::{Recorded, RecordedArrival};

use crate::engine::SimTime;

/// How arrivals lie within steps of a rate.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum WithinStep {
    /// A Poisson process.
    #[default]
    Poisson,
    /// As many as the rate says, at times that are independent and uniform within the step. What is left over of a number
    /// that is not whole counts in the next step.
    Uniform,
    /// At equal distances while the rate stays the same.
    Equidistant,
    /// Gaps of a gamma distribution, in the time in which the rate is one: a renewal process of which the counts have the
    /// index of dispersion `cv` squared in the long run.
    Gamma {
        /// Coefficient of variation of the gaps, above 0; 1 is a Poisson process.
        cv: f64,
    },
    /// A Poisson process, modulated by states that follow each other in a cycle.
    Mmpp(Mmpp),
}

/// When requests of all streams arrive.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// At rates over time.
    Rates(StreamRates, WithinStep),
    /// When they were recorded.
    Recorded(Recorded),
}

/// What is wrong with arrivals.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{what} is {found}, but must be {allowed}")]
pub struct ArrivalsError {
    /// The quantity at fault.
    pub what: String,
    /// What was found.
    pub found: String,
    /// What it may be.
    pub allowed: String,
}

impl ArrivalsError {
    fn new(what: impl Into<String>, found: impl ToString, allowed: impl Into<String>) -> Self {
        ArrivalsError { what: what.into(), found: found.to_string(), allowed: allowed.into() }
    }
}

impl Arrivals {
    /// At the same rate (requests per second, at least 0) all the time, one for each stream, as a Poisson process.
    ///
    /// # Errors
    /// If a rate is negative or not finite.
    pub fn poisson(rates_rps: Vec<f64>) -> Result<Self, ArrivalsError> {
        Ok(Arrivals::Rates(StreamRates::new(60.0, &[rates_rps], After::Hold)?, WithinStep::Poisson))
    }

    /// Number of streams.
    #[must_use]
    pub fn streams(&self) -> usize {
        match self {
            Arrivals::Rates(rates, _) => rates.streams(),
            Arrivals::Recorded(recorded) => recorded.streams(),
        }
    }

    /// Mean requests per second of a stream from one instant to another, as far as they are known beforehand: what is
    /// announced. 0 if `until` is not after `from`.
    #[must_use]
    pub fn mean_rps(&self, stream: usize, from: SimTime, until: SimTime) -> f64 {
        let length_s = until.since(from).as_secs();
        if length_s <= 0.0 {
            return 0.0;
        }
        match self {
            Arrivals::Rates(rates, _) => {
                rates.expected(stream, from.as_secs(), until.as_secs()) / length_s
            }
            Arrivals::Recorded(recorded) => recorded.count(stream, from, until) as f64 / length_s,
        }
    }
}
