//! What can be chosen when a trace is read.

use super::error::TraceError;
pub use super::holding::Gaps;
use crate::engine::RandomStreams;
use rand::RngExt;

/// Which VMs, or groups of jobs that depend on each other, are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Sampling {
    /// All.
    #[default]
    All,
    /// Each with this probability, from 0 to 1. Whether one is taken depends on its name and the seed only, not
    /// on the others or their order: it is the first draw of its stream `traces/sampling/NAME`. Jobs of a group
    /// are taken together.
    Share {
        /// The probability.
        share: f64,
        /// The seed.
        seed: u64,
    },
    /// The first VMs, and the first groups of jobs, in the order of the trace.
    First(u64),
}

impl Sampling {
    /// Whether what has this name is taken by [`Sampling::Share`].
    pub(super) fn takes(share: f64, seed: u64, name: &str) -> bool {
        let mut stream = RandomStreams::new(seed).stream(&format!("traces/sampling/{name}"));
        stream.random::<f64>() < share
    }
}

/// How a trace is read, and what of it is taken. The default takes everything as it is, and lets the first bad
/// row be an error.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceOptions {
    /// Count bad rows and go on, rather than fail at the first.
    pub skip_bad_rows: bool,
    /// What becomes of gaps in series that should come at a fixed interval.
    pub gaps: Gaps,
    /// Allow PlanetLab files that have not 288 lines. Off by default, since a file that was cut is otherwise a
    /// VM that ends early, without a word.
    pub any_length: bool,
    /// Cores of the machine that the trace's shares of a machine are of, where CPU is given so.
    pub machine_cores: Option<f64>,
    /// Memory in bytes of that machine, where memory is given so.
    pub machine_memory_bytes: Option<f64>,
    /// What one unit of memory is in bytes, of formats that do not say (OpenDC).
    pub memory_unit_bytes: Option<f64>,
    /// Which VMs and jobs are taken.
    pub sampling: Sampling,
    /// The start of the window, in seconds from the start of the trace; it becomes time 0.
    pub from_s: f64,
    /// The end of the window, in seconds from the start of the trace.
    pub until_s: Option<f64>,
    /// Factor of all times: 0.5 makes everything happen in half of the time.
    pub time_scale: f64,
    /// Factor of the CPU demand of samples.
    pub demand_scale: f64,
}

impl Default for TraceOptions {
    fn default() -> Self {
        TraceOptions {
            skip_bad_rows: false,
            gaps: Gaps::Error,
            any_length: false,
            machine_cores: None,
            machine_memory_bytes: None,
            memory_unit_bytes: None,
            sampling: Sampling::All,
            from_s: 0.0,
            until_s: None,
            time_scale: 1.0,
            demand_scale: 1.0,
        }
    }
}

impl TraceOptions {
    /// Fails unless all options are in their ranges.
    pub(super) fn check(&self) -> Result<(), TraceError> {
        let refuse = |what: &str, value: f64, expected: &str| {
            Err(TraceError::Options(format!("{what} is {value}, expected {expected}")))
        };
        let positive = |value: f64| value > 0.0 && value.is_finite();
        for (what, value) in [
            ("the cores of a machine", self.machine_cores),
            ("the memory of a machine", self.machine_memory_bytes),
            ("the unit of memory", self.memory_unit_bytes),
            ("the factor of times", Some(self.time_scale)),
            ("the factor of demand", Some(self.demand_scale)),
        ] {
            if let Some(value) = value
                && !positive(value)
            {
                return refuse(what, value, "a number above 0");
            }
        }
        if let Sampling::Share { share, .. } = self.sampling
            && !(0.0..=1.0).contains(&share)
        {
            return refuse("the share of the sample", share, "a number from 0 to 1");
        }
        if !(self.from_s >= 0.0 && self.from_s.is_finite()) {
            return refuse("the start of the window", self.from_s, "at least 0 s");
        }
        match self.until_s {
            Some(until_s) if !(until_s > self.from_s && until_s.is_finite()) => {
                let expected = format!("a time after its start, {} s", self.from_s);
                refuse("the end of the window", until_s, &expected)
            }
            _ => Ok(()),
        }
    }
}
