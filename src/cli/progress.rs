//! Progress of a run, on a terminal only.

use crate::engine::SimTime;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Instant;

/// A line on standard error: simulated time, share done, events a second. Redrawn by wall time, so that it
/// costs a run nothing; silent if standard error is no terminal.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    pub(super) fn new(horizon: SimTime, quiet: bool) -> Self {
        let target = if quiet || !std::io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(5)
        };
        let bar = ProgressBar::with_draw_target(Some(milliseconds(horizon)), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  left {eta}") {
            bar.set_style(style);
        }
        Progress { bar, started: Instant::now() }
    }

    pub(super) fn update(&self, now: SimTime, events: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let rate = events as f64 / self.started.elapsed().as_secs_f64().max(1e-9);
        self.bar.set_position(milliseconds(now));
        self.bar.set_message(format!("{:.0} s simulated, {:.2} M events/s", now.as_secs(), rate / 1e6));
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Seconds since the start by the wall clock.
    pub(super) fn elapsed_s(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

fn milliseconds(time: SimTime) -> u64 {
    time.as_nanos() / 1_000_000
}
