//! Arrivals that were recorded.

use crate::engine::SimTime;

/// A request that was recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecordedArrival {
    /// When it arrived.
    pub at: SimTime,
    /// The stream that it belongs to.
    pub stream: u32,
    /// For how many seconds it was served; NaN if that is to be drawn.
    pub service_s: f64,
}

/// Requests that were recorded, by stream and time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    arrivals: Vec<RecordedArrival>,
    /// For each stream the end of its part.
    ends: Vec<usize>,
}

impl Recorded {
    /// Those of `streams` streams, in any order. Requests of one stream at the same instant keep the order in which they
    /// are given; those of other streams are left out.
    #[must_use]
    pub fn new(streams: usize, mut arrivals: Vec<RecordedArrival>) -> Self {
        arrivals.retain(|own| (own.stream as usize) < streams);
        arrivals.sort_by_key(|own| (own.stream, own.at));
        let ends = (0..streams)
            .map(|stream| arrivals.partition_point(|own| own.stream as usize <= stream))
            .collect();
        Recorded { arrivals, ends }
    }

    /// Number of streams.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.ends.len()
    }

    /// Number of requests.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arrivals.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// The requests of a stream in the order in which they come.
    #[must_use]
    pub fn of(&self, stream: usize) -> &[RecordedArrival] {
        let start = stream.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.arrivals[start..self.ends[stream]]
    }

    /// How many requests of a stream come from one instant on, before another.
    pub(super) fn count(&self, stream: usize, from: SimTime, until: SimTime) -> usize {
        let own = self.of(stream);
        let before = |end: SimTime| own.partition_point(|arrival| arrival.at < end);
        before(until).saturating_sub(before(from))
    }
}
