//! The workloads in NeXosim, one thread.
//!
//! Only the model itself or a scheduler outside may schedule an event of a model, so messages to
//! another model go through the scheduler's handle, which all models share.

use crate::measure::Variant;
use crate::workload::{Draws, Entity, Increment};
use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::EventSource;
use nexosim::simulation::{EventId, Mailbox, Scheduler, SimInit, Simulation};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

const NAME: &str = "nexosim 1.0";

/// Drives the simulation event by event.
fn variant(mut simulation: Simulation) -> Variant {
    Variant::new(NAME, move |count| {
        for _ in 0..count {
            simulation.step().expect("the workload never halts");
        }
        simulation.time().duration_since(MonotonicTime::EPOCH).as_secs_f64()
    })
}

/// Fires its own timers.
#[derive(Serialize, Deserialize)]
struct Timers {
    #[serde(skip)]
    draws: Draws,
    fired: u64,
}

#[Model]
impl Timers {
    #[nexosim(schedulable)]
    async fn fire(&mut self, job: u64, context: &Context<Self>) {
        self.fired ^= job;
        self.start(job, context);
    }

    async fn begin(&mut self, pending: u64, context: &Context<Self>) {
        for job in 0..pending {
            self.start(job, context);
        }
    }

    fn start(&mut self, job: u64, context: &Context<Self>) {
        let delay = Duration::from_nanos(self.draws.increment_ns(Increment::Exponential));
        context.schedule_event(delay, schedulable!(Self::fire), job).expect("the delay is not zero");
    }
}

pub fn hold(pending: u64) -> Variant {
    let mailbox = Mailbox::new();
    let mut bench = SimInit::with_num_threads(1);
    let begin = EventSource::new().connect(Timers::begin, &mailbox).register(&mut bench);
    let mut simulation = bench
        .add_model(Timers { draws: Draws::default(), fired: 0 }, mailbox, "timers")
        .init(MonotonicTime::EPOCH)
        .expect("the bench is sound");
    simulation.process_event(&begin, pending).expect("the bench is sound");
    variant(simulation)
}

/// What the entities share.
#[derive(Default)]
struct Shared {
    draws: Mutex<Draws>,
    /// The scheduler and the inputs of all entities, once they exist.
    wiring: OnceLock<(Scheduler, Vec<EventId<u64>>)>,
}

impl Shared {
    fn send(&self, payload: u64) {
        let (scheduler, receivers) = self.wiring.get().expect("set before the first event");
        let mut draws = self.draws.lock().expect("one thread");
        let receiver = draws.receiver(receivers.len() as u32);
        let delay = Duration::from_nanos(draws.exponential_ns());
        scheduler
            .schedule_event(delay, &receivers[receiver as usize], payload)
            .expect("the delay is not zero");
    }
}

#[derive(Serialize, Deserialize)]
struct Process {
    #[serde(skip)]
    entity: Entity,
    #[serde(skip)]
    shared: Arc<Shared>,
}

#[Model]
impl Process {
    async fn receive(&mut self, payload: u64, context: &Context<Self>) {
        let now_ns = context.time().duration_since(MonotonicTime::EPOCH).as_nanos() as u64;
        let payload = self.entity.receive(payload, now_ns);
        self.shared.send(payload);
    }
}

pub fn phold(entities: u32) -> Variant {
    let shared = Arc::new(Shared::default());
    let mut bench = SimInit::with_num_threads(1);
    let mut receivers = Vec::new();
    for index in 0..entities {
        let mailbox = Mailbox::with_capacity(2);
        receivers.push(EventSource::new().connect(Process::receive, &mailbox).register(&mut bench));
        let process = Process { entity: Entity::default(), shared: Arc::clone(&shared) };
        bench = bench.add_model(process, mailbox, &index.to_string());
    }
    let simulation = bench.init(MonotonicTime::EPOCH).expect("the bench is sound");
    shared.wiring.get_or_init(|| (simulation.scheduler(), receivers));
    (0..entities).for_each(|payload| shared.send(payload.into()));
    variant(simulation)
}
