//! Traces of functions (FaaS): which requests of which functions came when, and how long they took.
//!
//! | reader | gives |
//! | --- | --- |
//! | [`read_azure_2019`] | requests of each function per minute, and quantiles of its times; memory of its application |
//! | [`read_azure_2021`] | each request, with its time |
//! | [`read_rates`] | rates by node and function over time, of our own |

mod azure2019;
mod azure2021;
mod rates_csv;
#[cfg(test)]
mod tests;

pub use azure2019::read_azure_2019;
pub use azure2021::read_azure_2021;
pub use rates_csv::{RateTable, read_rates};

use super::error::{SkippedRows, TraceError};
use super::options::Sampling;
use crate::engine::Distribution;
use std::path::Path;

/// Seconds for which the counts of a minute are.
pub const MINUTE_S: f64 = 60.0;

/// What is taken of a trace of functions.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionTraceOptions {
    /// The start of the window, in seconds from the start of the trace; it becomes time 0. Of counts per minute it must be a
    /// whole minute.
    pub from_s: f64,
    /// The end of the window; the end of the trace if left out.
    pub until_s: Option<f64>,
    /// Which functions are taken, each with a probability, by the name `application/function`; all if left out.
    pub share: Option<f64>,
    /// The seed of that.
    pub seed: u64,
    /// Of these, how many are taken, those with most requests in the window first.
    pub top: Option<usize>,
    /// Triggers of the functions that are taken; any if left out. Traces without triggers refuse it.
    pub triggers: Option<Vec<String>>,
    /// Count bad rows and go on, rather than fail at the first.
    pub skip_bad_rows: bool,
}

impl Default for FunctionTraceOptions {
    fn default() -> Self {
        FunctionTraceOptions {
            from_s: 0.0,
            until_s: None,
            share: None,
            seed: 0,
            top: None,
            triggers: None,
            skip_bad_rows: false,
        }
    }
}

impl FunctionTraceOptions {
    /// Whether the function with this name is taken as far as chance has it.
    fn takes(&self, application: &str, function: &str) -> bool {
        let name = || format!("{application}/{function}");
        self.share.is_none_or(|share| Sampling::takes(share, self.seed, &name()))
    }

    fn check(&self) -> Result<(), TraceError> {
        if let Some(share) = self.share
            && !(share > 0.0 && share <= 1.0)
        {
            let message =
                format!("the share of functions is {share}, but must be above 0 and at most 1");
            return Err(TraceError::Options(message));
        }
        let until_s = self.until_s.unwrap_or(f64::INFINITY);
        if !(self.from_s >= 0.0 && until_s > self.from_s) {
            let message = format!("the window from {} s until {until_s} s is empty", self.from_s);
            return Err(TraceError::Options(message));
        }
        if self.top == Some(0) {
            return Err(TraceError::Options("the top 0 functions are none".into()));
        }
        Ok(())
    }
}

/// A function of a trace.
#[derive(Clone, Debug)]
pub struct TracedFunction {
    /// Its name, unique in its application.
    pub name: String,
    /// Its application.
    pub application: String,
    /// What starts it, as the trace has it.
    pub trigger: Option<String>,
    /// Memory in MB that its application was allocated in the mean.
    pub memory_mb: Option<f64>,
    /// Seconds that requests took, without cold starts; of single requests always the mean.
    pub time_s: Option<Distribution>,
    /// Requests in the window.
    pub requests: u64,
}

/// A request of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TracedRequest {
    /// When it started, in seconds from the start of the window.
    pub at_s: f64,
    /// The number of its function.
    pub function: u32,
    /// How many seconds it took.
    pub time_s: f64,
}

/// The requests of a trace.
#[derive(Clone, Debug, PartialEq)]
pub enum TracedRequests {
    /// For each function the minutes of the window with requests, ascending, and how many.
    PerMinute(Vec<Vec<(u32, u32)>>),
    /// Each one, in the order in which they started.
    Single(Vec<TracedRequest>),
}

/// What was taken of a trace of functions.
#[derive(Clone, Debug)]
pub struct FunctionTrace {
    /// Its functions: most requests first.
    pub functions: Vec<TracedFunction>,
    /// Their requests.
    pub requests: TracedRequests,
    /// The length of the window in seconds, as far as the trace reaches.
    pub length_s: f64,
    /// The bad rows that were skipped.
    pub skipped: SkippedRows,
    /// What is worth knowing about it.
    pub notes: Vec<String>,
}

/// The numbers of functions with these requests in the order in which they are kept: most first, then by `key`.
fn order<K: Ord>(counts: &[u64], top: Option<usize>, key: impl Fn(usize) -> K) -> Vec<usize> {
    let mut order: Vec<usize> = (0..counts.len()).filter(|&index| counts[index] > 0).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(counts[index]), key(index)));
    order.truncate(top.unwrap_or(usize::MAX));
    order
}

/// That a trace has nothing of what is asked for.
fn nothing(path: &Path) -> TraceError {
    TraceError::table(path, "no function is left: widen the window, the share or the triggers")
}
