//! The workloads in simcore (the engine of DSLab), with event handlers.

use crate::measure::Variant;
use crate::workload::{Draws, Entity, Increment, NANOS_PER_SECOND};
use serde::Serialize;
use simcore::{Event, EventHandler, Id, Simulation, SimulationContext, cast};
use std::cell::RefCell;
use std::rc::Rc;

const NAME: &str = "simcore 0.1";

fn variant(mut simulation: Simulation) -> Variant {
    Variant::new(NAME, move |count| {
        simulation.steps(count);
        simulation.time()
    })
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / NANOS_PER_SECOND
}

#[derive(Clone, Serialize)]
struct Timer {
    job: u64,
}

/// Fires its own timers.
struct Timers {
    draws: Draws,
    fired: u64,
    context: SimulationContext,
}

impl Timers {
    fn start(&mut self, job: u64) {
        let delay_s = seconds(self.draws.increment_ns(Increment::Exponential));
        self.context.emit_self(Timer { job }, delay_s);
    }
}

impl EventHandler for Timers {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Timer { job } => {
                self.fired ^= job;
                self.start(job);
            }
        })
    }
}

pub fn hold(pending: u64) -> Variant {
    let mut simulation = Simulation::new(1);
    let context = simulation.create_context("timers");
    let timers = Rc::new(RefCell::new(Timers { draws: Draws::default(), fired: 0, context }));
    simulation.add_handler("timers", timers.clone());
    (0..pending).for_each(|job| timers.borrow_mut().start(job));
    variant(simulation)
}

#[derive(Clone, Serialize)]
struct Message {
    payload: u64,
}

struct Process {
    entity: Entity,
    context: SimulationContext,
    draws: Rc<RefCell<Draws>>,
    entities: u32,
}

impl Process {
    fn send(&self, payload: u64) {
        let mut draws = self.draws.borrow_mut();
        let receiver: Id = draws.receiver(self.entities);
        self.context.emit(Message { payload }, receiver, seconds(draws.exponential_ns()));
    }
}

impl EventHandler for Process {
    fn on(&mut self, event: Event) {
        let now_ns = (event.time * NANOS_PER_SECOND) as u64;
        cast!(match event.data {
            Message { payload } => {
                let payload = self.entity.receive(payload, now_ns);
                self.send(payload);
            }
        })
    }
}

pub fn phold(entities: u32) -> Variant {
    let mut simulation = Simulation::new(1);
    let draws = Rc::new(RefCell::new(Draws::default()));
    let processes: Vec<_> = (0..entities)
        .map(|index| {
            let name = index.to_string();
            let context = simulation.create_context(&name);
            let entity = Entity::default();
            let process =
                Rc::new(RefCell::new(Process { entity, context, draws: draws.clone(), entities }));
            simulation.add_handler(&name, process.clone());
            process
        })
        .collect();
    for (payload, process) in processes.iter().enumerate() {
        process.borrow().send(payload as u64);
    }
    variant(simulation)
}
