//! When requests come.

pub use crate::apps::tasks::Arrival;

use crate::engine::{EntityStream, SimDuration, SimTime};
use rand::RngExt;

/// The arrivals of one flow from one source.
#[derive(Debug)]
pub(super) struct Clock {
    random: EntityStream,
    last: SimTime,
    is_first: bool,
    row: usize,
}

impl Clock {
    /// One that starts with the run.
    pub(super) fn new(random: EntityStream) -> Self {
        Clock { random, last: SimTime::ZERO, is_first: true, row: 0 }
    }

    /// When the next request comes, and, of a trace, the device that its row names; `None` if there is none up to
    /// `horizon`.
    pub(super) fn next(
        &mut self,
        arrival: &Arrival,
        horizon: SimTime,
    ) -> Option<(SimTime, Option<u32>)> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        let gap_s = match arrival {
            Arrival::Gaps(gaps) => gaps.sample(&mut self.random),
            // From a random phase on, so that sources do not act as one.
            Arrival::Periodic(period_s) if is_first => self.random.random::<f64>() * period_s,
            Arrival::Periodic(period_s) => *period_s,
            Arrival::Trace(rows) => {
                let row = rows.get(self.row)?;
                self.row += 1;
                let which = row.device.unwrap_or(self.row as u32 - 1);
                return (row.time <= horizon).then_some((row.time, Some(which)));
            }
        };
        self.last += SimDuration::from_secs(gap_s);
        (self.last <= horizon).then_some((self.last, None))
    }
}
