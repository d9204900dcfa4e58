//! Rates over time.

use super::ArrivalsError;

/// No rate is above this: gaps are hardly longer than the clock's nanosecond, so that time would not pass.
const MOST_RPS: f64 = 1e6;

/// A number, without hundreds of digits.
fn shown(value: f64) -> String {
    if value.abs() < 1e15 { value.to_string() } else { format!("{value:e}") }
}

/// What the rates are after their last step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum After {
    /// They stay as they are in the last step.
    #[default]
    Hold,
    /// They begin anew.
    Repeat,
    /// There are no more requests.
    Stop,
}

/// Rates of all streams, which are constant for steps of equal length.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRates {
    step_s: f64,
    steps: usize,
    streams: usize,
    /// Stream by stream: a clock goes along the steps of one.
    rates_rps: Vec<f64>,
    after: After,
}

impl StreamRates {
    /// Rates in requests per second, for each step (of `step_s` seconds, at least 1 ms) a list with one for each stream.
    ///
    /// # Errors
    /// If there is no step, steps have different numbers of streams, or a number is out of range.
    pub fn new(step_s: f64, steps: &[Vec<f64>], after: After) -> Result<Self, ArrivalsError> {
        if !(step_s >= 1e-3 && step_s.is_finite()) {
            return Err(ArrivalsError::new("the step of rates", format!("{step_s} s"), "at least 1 ms"));
        }
        let Some(first) = steps.first() else {
            return Err(ArrivalsError::new("the number of steps of rates", 0, "at least 1"));
        };
        let streams = first.len();
        for (step, row) in steps.iter().enumerate() {
            if row.len() != streams {
                let what = format!("the number of rates in step {step}");
                return Err(ArrivalsError::new(what, row.len(), format!("{streams}, as in the first")));
            }
            let is_good = |rate: &f64| (0.0..=MOST_RPS).contains(rate);
            if let Some(stream) = row.iter().position(|rate| !is_good(rate)) {
                let what = format!("the rate of stream {stream} in step {step}");
                let allowed = format!("from 0 to {MOST_RPS:e} requests per second");
                return Err(ArrivalsError::new(what, shown(row[stream]), allowed));
            }
        }
        let rates_rps =
            (0..streams).flat_map(|stream| steps.iter().map(move |row| row[stream])).collect();
        Ok(StreamRates { step_s, steps: steps.len(), streams, rates_rps, after })
    }

    /// Seconds of a step.
    #[must_use]
    pub fn step_s(&self) -> f64 {
        self.step_s
    }

    /// Number of steps that are given.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Number of streams.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// Requests per second of a stream in a step, beyond those that are given, too.
    #[must_use]
    pub fn rate_rps(&self, stream: usize, step: u64) -> f64 {
        let own = &self.rates_rps[stream * self.steps..(stream + 1) * self.steps];
        match (own.get(usize::try_from(step).unwrap_or(usize::MAX)), self.after) {
            (Some(rate), _) => *rate,
            (None, After::Hold) => own[self.steps - 1],
            // Below the number of steps, which is a usize.
            (None, After::Repeat) => own[(step % self.steps as u64) as usize],
            (None, After::Stop) => 0.0,
        }
    }

    /// Whether the rate of this step stays for ever.
    pub(super) fn stays_from(&self, step: u64) -> bool {
        let last = self.steps as u64 - 1;
        match self.after {
            After::Hold => step >= last,
            After::Repeat => self.steps == 1,
            After::Stop => step > last,
        }
    }

    /// Expected requests of a stream between two times in seconds.
    pub(super) fn expected(&self, stream: usize, from_s: f64, until_s: f64) -> f64 {
        // Not negative, and saturating.
        let mut step = (from_s / self.step_s).floor() as u64;
        let (mut now_s, mut sum) = (from_s, 0.0);
        while now_s < until_s {
            let rate = self.rate_rps(stream, step);
            let end_s = (step + 1) as f64 * self.step_s;
            let end_s = if self.stays_from(step) { until_s } else { end_s.min(until_s) };
            sum += rate * (end_s - now_s).max(0.0);
            now_s = end_s.max(now_s);
            step += 1;
        }
        sum
    }
}
