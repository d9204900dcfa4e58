//! HOLD: take the next event, schedule another; the number of pending events stays.

use crate::measure::Variant;
use crate::queues::Heap;
use crate::workload::{Draws, Happening, Increment, NANOS_PER_SECOND};
use stratosim::engine::{Kernel, Model, Phase, Schedule, SimDuration, SimTime};

/// A variant on a queue with the interface of `EventQueue`.
macro_rules! on_queue {
    ($name:literal, $module:path, $pending:expr, $increment:expr) => {{
        use $module as module;
        let increment = $increment;
        let mut draws = Draws::default();
        let mut queue = module::EventQueue::new();
        for job in 0..$pending {
            let time = SimTime::from_nanos(draws.increment_ns(increment));
            queue.push(time, module::Phase::Demand, Happening::arrival(job));
        }
        let mut now = SimTime::ZERO;
        let mut jobs = 0u64;
        Variant::new($name, move |count| {
            for _ in 0..count {
                let Some((time, event)) = queue.pop() else { break };
                now = time;
                jobs ^= event.job();
                let delay = SimDuration::from_nanos(draws.increment_ns(increment));
                queue.push(now + delay, module::Phase::Demand, event);
            }
            std::hint::black_box(jobs);
            now.as_secs()
        })
    }};
}

/// The bare queues.
pub fn queues(pending: u64, increment: Increment) -> Vec<Variant> {
    vec![
        on_queue!("EventQueue", stratosim::engine, pending, increment),
        on_queue!("EventQueue, no prefetch", crate::without_prefetch, pending, increment),
        heap(pending, increment),
    ]
}

fn heap(pending: u64, increment: Increment) -> Variant {
    let mut draws = Draws::default();
    let mut queue = Heap::default();
    for job in 0..pending {
        queue.push(draws.increment_ns(increment), Happening::arrival(job));
    }
    let mut now_ns = 0;
    let mut jobs = 0u64;
    Variant::new("std BinaryHeap", move |count| {
        for _ in 0..count {
            let Some((time_ns, event)) = queue.pop() else { break };
            now_ns = time_ns;
            jobs ^= event.job();
            queue.push(now_ns + draws.increment_ns(increment), event);
        }
        std::hint::black_box(jobs);
        now_ns as f64 / NANOS_PER_SECOND
    })
}
/// Fires timers of its own.
struct Timers {
    draws: Draws,
    fired: u64,
}

impl Timers {
    fn start(&mut self, event: Happening, schedule: &mut Schedule<Happening>) {
        let delay = SimDuration::from_nanos(self.draws.increment_ns(Increment::Exponential));
        schedule.after(delay, Phase::Demand, event);
    }
}

impl Model for Timers {
    type Event = Happening;

    fn handle(&mut self, event: Happening, schedule: &mut Schedule<Happening>) {
        self.fired ^= event.job();
        self.start(event, schedule);
    }
}

/// The whole engine.
pub fn kernel(pending: u64) -> Variant {
    let mut kernel = Kernel::new(Timers { draws: Draws::default(), fired: 0 });
    (0..pending).for_each(|job| kernel.model.start(Happening::arrival(job), &mut kernel.schedule));
    Variant::new("Kernel", move |count| {
        kernel.run_events(count);
        kernel.now().as_secs()
    })
}
