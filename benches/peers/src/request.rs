//! Requests with timeouts: a request schedules its completion (exponential, mean 1 s) and a timeout at
//! 5 s. Whichever comes first voids the other, and the next request starts. The unit is a request.

use crate::measure::Variant;
use crate::queues::{Heap, HeapWithSet};
use crate::workload::{Draws, Happening, NANOS_PER_SECOND};
use stratosim::engine::{EventHandle, Kernel, Model, Phase, Schedule, SimDuration};

const TIMEOUT_NS: u64 = 5_000_000_000;

pub fn variants(in_flight: u32) -> Vec<Variant> {
    vec![exact(in_flight), generations(in_flight), set(in_flight)]
}

/// Ours: the other event is taken out of the queue.
struct Requests {
    handles: Vec<Option<(EventHandle, EventHandle)>>,
    draws: Draws,
}

impl Requests {
    fn start(&mut self, request: u32, schedule: &mut Schedule<Happening>) {
        let mut after = |delay_ns, event| {
            schedule.after(SimDuration::from_nanos(delay_ns), Phase::Completion, event)
        };
        let completion =
            after(self.draws.exponential_ns(), Happening::Completion { request, generation: 0 });
        let timeout = after(TIMEOUT_NS, Happening::Timeout { request, generation: 0 });
        self.handles[request as usize] = Some((completion, timeout));
    }
}

impl Model for Requests {
    type Event = Happening;

    fn handle(&mut self, event: Happening, schedule: &mut Schedule<Happening>) {
        let (Happening::Completion { request, .. } | Happening::Timeout { request, .. }) = event else {
            return;
        };
        if let Some((completion, timeout)) = self.handles[request as usize] {
            let other = if matches!(event, Happening::Completion { .. }) { timeout } else { completion };
            schedule.cancel(other);
        }
        self.start(request, schedule);
    }

    fn prepare(&self, next: &Happening) {
        if let Happening::Completion { request, .. } = next {
            stratosim::engine::prefetch(&self.handles[*request as usize]);
        }
    }
}

fn exact(in_flight: u32) -> Variant {
    let requests = Requests { handles: vec![None; in_flight as usize], draws: Draws::default() };
    let mut kernel = Kernel::new(requests);
    (0..in_flight).for_each(|request| kernel.model.start(request, &mut kernel.schedule));
    Variant::new("Kernel, exact", move |count| {
        kernel.run_events(count);
        kernel.now().as_secs()
    })
}

/// Lazy deletion: an event of an earlier generation of its request is void when it comes up.
fn generations(in_flight: u32) -> Variant {
    let mut queue = Heap::default();
    let mut draws = Draws::default();
    let mut current = vec![0u32; in_flight as usize];
    let mut now_ns = 0;
    let start = |queue: &mut Heap, draws: &mut Draws, now_ns: u64, request, generation| {
        let completion = Happening::Completion { request, generation };
        queue.push(now_ns + draws.exponential_ns(), completion);
        queue.push(now_ns + TIMEOUT_NS, Happening::Timeout { request, generation });
    };
    (0..in_flight).for_each(|request| start(&mut queue, &mut draws, 0, request, 0));
    Variant::new("BinaryHeap, lazy by generation", move |count| {
        let mut left = count;
        while left > 0 {
            let Some((time_ns, event)) = queue.pop() else { break };
            let (Happening::Completion { request, generation }
            | Happening::Timeout { request, generation }) = event
            else {
                continue;
            };
            let current = &mut current[request as usize];
            if *current == generation {
                *current = generation.wrapping_add(1);
                now_ns = time_ns;
                start(&mut queue, &mut draws, now_ns, request, *current);
                left -= 1;
            }
        }
        now_ns as f64 / NANOS_PER_SECOND
    })
}

/// Lazy deletion through a set of the numbers that were cancelled.
fn set(in_flight: u32) -> Variant {
    let mut queue = HeapWithSet::default();
    let mut draws = Draws::default();
    let mut numbers = vec![(0, 0); in_flight as usize];
    let mut now_ns = 0;
    let start = |queue: &mut HeapWithSet, draws: &mut Draws, now_ns: u64, request| {
        let completion = Happening::Completion { request, generation: 0 };
        let timeout = Happening::Timeout { request, generation: 0 };
        let completion = queue.push(now_ns + draws.exponential_ns(), completion);
        (completion, queue.push(now_ns + TIMEOUT_NS, timeout))
    };
    for request in 0..in_flight {
        numbers[request as usize] = start(&mut queue, &mut draws, 0, request);
    }
    Variant::new("BinaryHeap, lazy by hash set", move |count| {
        for _ in 0..count {
            let Some((time_ns, event)) = queue.pop() else { break };
            now_ns = time_ns;
            let (completion, timeout) = numbers[event.job() as usize];
            queue.cancel(if matches!(event, Happening::Completion { .. }) {
                timeout
            } else {
                completion
            });
            let request = event.job() as u32;
            numbers[request as usize] = start(&mut queue, &mut draws, now_ns, request);
        }
        now_ns as f64 / NANOS_PER_SECOND
    })
}
