//! The kernel: one loop that takes the next event and hands it to the world.

use super::queue::{EventHandle, EventQueue, Phase};
use super::time::{SimDuration, SimTime};

/// What the kernel drives: a world that knows how to handle its own events.
///
/// The kernel is generic over it, so the same engine runs the world of this crate, a bench or a test.
///
/// ```
/// use stratosim::engine::{Kernel, Model, Phase, Schedule, SimDuration, SimTime};
///
/// /// Counts down, once a second.
/// struct Countdown(u32);
/// impl Model for Countdown {
///     type Event = ();
///     fn handle(&mut self, _: (), schedule: &mut Schedule<()>) {
///         self.0 -= 1;
///         if self.0 > 0 {
///             schedule.after(SimDuration::from_secs(1.0), Phase::Demand, ());
///         }
///     }
/// }
///
/// let mut kernel = Kernel::new(Countdown(3));
/// kernel.schedule.at(SimTime::ZERO, Phase::Demand, ());
/// kernel.run_until(SimTime::from_secs(10.0));
/// assert_eq!((kernel.model.0, kernel.processed()), (0, 3));
/// assert_eq!(kernel.now(), SimTime::from_secs(10.0));
/// ```
pub trait Model {
    /// What can happen in this world; small, because each pending event holds one.
    type Event;

    /// Handles one event at the time `schedule.now()`.
    fn handle(&mut self, event: Self::Event, schedule: &mut Schedule<Self::Event>);

    /// Told of the event that is likely to be next, before the present one is handled, so that its
    /// data can be [prefetched](super::prefetch()).
    fn prepare(&self, _next: &Self::Event) {}
}

/// The clock and the pending events, as a handler sees them.
#[derive(Debug)]
pub struct Schedule<E> {
    now: SimTime,
    queue: EventQueue<E>,
}

impl<E> Schedule<E> {
    fn new() -> Self {
        Schedule { now: SimTime::ZERO, queue: EventQueue::new() }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Schedules `event` at `time`. Time does not run backwards: an instant already past means now.
    pub fn at(&mut self, time: SimTime, phase: Phase, event: E) -> EventHandle {
        self.queue.push(time.max(self.now), phase, event)
    }

    /// Schedules `event` after `delay`.
    pub fn after(&mut self, delay: SimDuration, phase: Phase, event: E) -> EventHandle {
        self.queue.push(self.now + delay, phase, event)
    }

    /// Cancels a pending event and returns it; `None` if it has fired or was cancelled.
    pub fn cancel(&mut self, handle: EventHandle) -> Option<E> {
        self.queue.cancel(handle)
    }

    /// Moves a pending event to `time` (now, if that is past); `false` if it has fired or was cancelled.
    pub fn reschedule(&mut self, handle: EventHandle, time: SimTime) -> bool {
        self.queue.reschedule(handle, time.max(self.now))
    }

    /// The pending events, read only: for inspection, breakpoints and reports.
    #[must_use]
    pub fn pending(&self) -> &EventQueue<E> {
        &self.queue
    }
}

/// Drives a [`Model`] through time. It can be stopped after any event and resumed.
#[derive(Debug)]
pub struct Kernel<M: Model> {
    /// The world that is driven.
    pub model: M,
    /// The clock and the pending events.
    pub schedule: Schedule<M::Event>,
    processed: u64,
}

impl<M: Model> Kernel<M> {
    /// A kernel at time zero with nothing pending.
    pub fn new(model: M) -> Self {
        Kernel { model, schedule: Schedule::new(), processed: 0 }
    }

    /// The present instant.
    pub fn now(&self) -> SimTime {
        self.schedule.now
    }

    /// Number of events handled so far.
    pub fn processed(&self) -> u64 {
        self.processed
    }

    /// Handles the next event and returns its time; `None` if nothing is pending.
    pub fn step(&mut self) -> Option<SimTime> {
        let (time, event) = self.schedule.queue.pop()?;
        self.schedule.now = time;
        self.processed += 1;
        if let Some(next) = self.schedule.queue.peek() {
            self.model.prepare(next);
        }
        self.model.handle(event, &mut self.schedule);
        Some(time)
    }

    /// Handles all events up to and including `end`, then sets the clock to `end`.
    pub fn run_until(&mut self, end: SimTime) {
        while self.schedule.queue.peek_time().is_some_and(|time| time <= end) {
            self.step();
        }
        self.schedule.now = self.schedule.now.max(end);
    }

    /// Handles all events of the next `span`, then sets the clock to its end.
    pub fn run_for(&mut self, span: SimDuration) {
        self.run_until(self.schedule.now + span);
    }

    /// Handles at most `count` events and returns how many there were.
    pub fn run_events(&mut self, count: u64) -> u64 {
        (0..count).take_while(|_| self.step().is_some()).count() as u64
    }

    /// Handles events while `go_on` says so, looking before each; returns whether events are left.
    pub fn run_while(&mut self, mut go_on: impl FnMut(&Self) -> bool) -> bool {
        while !self.schedule.queue.is_empty() {
            if !go_on(self) {
                return true;
            }
            self.step();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each event schedules the next one second later.
    struct Clock(Vec<u64>);

    impl Model for Clock {
        type Event = u64;
        fn handle(&mut self, event: u64, schedule: &mut Schedule<u64>) {
            self.0.push(event);
            schedule.after(SimDuration::from_secs(1.0), Phase::Demand, event + 1);
        }
    }

    fn clock() -> Kernel<Clock> {
        let mut kernel = Kernel::new(Clock(Vec::new()));
        kernel.schedule.at(SimTime::ZERO, Phase::Demand, 0);
        kernel
    }

    #[test]
    fn a_split_run_equals_a_whole_one() {
        let mut whole = clock();
        whole.run_until(SimTime::from_secs(10.0));
        let mut split = clock();
        split.run_until(SimTime::from_secs(3.5));
        split.run_events(2);
        split.run_while(|kernel| kernel.model.0.len() < 8);
        split.run_for(SimDuration::from_secs(10.0 - split.now().as_secs()));
        assert_eq!(whole.model.0, split.model.0);
        assert_eq!(whole.model.0.len(), 11);
        assert_eq!(whole.now(), split.now());
    }

    #[test]
    fn the_past_means_now() {
        let mut kernel = clock();
        kernel.run_until(SimTime::from_secs(5.5));
        kernel.schedule.at(SimTime::from_secs(1.0), Phase::Demand, 100);
        assert_eq!(kernel.step(), Some(SimTime::from_secs(5.5)));
        assert_eq!(kernel.model.0.last(), Some(&100));
        assert_eq!(kernel.schedule.pending().len(), 2);
    }
}
