//! PHOLD: entities that send each other messages, as many as there are entities; each message makes its
//! receiver change its state and send one to a random other after an exponential delay.

use crate::measure::Variant;
use crate::workload::{Draws, Entity, Happening};
use stratosim::engine::{Kernel, Model, Phase, Schedule, SimDuration, prefetch};

struct Processes {
    entities: Vec<Entity>,
    draws: Draws,
}

impl Processes {
    fn send(&mut self, payload: u64, schedule: &mut Schedule<Happening>) {
        let receiver = self.draws.receiver(self.entities.len() as u32);
        let delay = SimDuration::from_nanos(self.draws.exponential_ns());
        schedule.after(delay, Phase::Demand, Happening::Message { receiver, payload });
    }
}

impl Model for Processes {
    type Event = Happening;

    fn handle(&mut self, event: Happening, schedule: &mut Schedule<Happening>) {
        if let Happening::Message { receiver, payload } = event {
            let payload = self.entities[receiver as usize].receive(payload, schedule.now().as_nanos());
            self.send(payload, schedule);
        }
    }

    fn prepare(&self, next: &Happening) {
        if let Happening::Message { receiver, .. } = next {
            prefetch(&self.entities[*receiver as usize]);
        }
    }
}

pub fn ours(entities: u32) -> Variant {
    let processes =
        Processes { entities: vec![Entity::default(); entities as usize], draws: Draws::default() };
    let mut kernel = Kernel::new(processes);
    (0..entities).for_each(|payload| kernel.model.send(payload.into(), &mut kernel.schedule));
    Variant::new("Kernel", move |count| {
        kernel.run_events(count);
        kernel.now().as_secs()
    })
}
