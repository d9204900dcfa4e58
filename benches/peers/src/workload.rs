//! What all variants have in common: the random numbers and the events.

use rand::RngExt;
use rand_distr::{Distribution, Exp1};
use stratosim::engine::{RandomStreams, Stream};

pub const NANOS_PER_SECOND: f64 = 1e9;

/// How far in the future an event schedules the next one.
#[derive(Clone, Copy)]
pub enum Increment {
    /// Exponential, mean 1 s.
    Exponential,
    /// Nine in ten exponential with mean 0.1 ms, one in ten with mean 10 s: packets and sessions.
    Bimodal,
    /// Always 1 s: ticks, of which many coincide.
    Constant,
}

/// The numbers a variant draws; equal for all variants, so that they do the same work.
pub struct Draws(Stream);

impl Default for Draws {
    fn default() -> Self {
        Draws(RandomStreams::new(1).stream("draws"))
    }
}

impl Draws {
    /// Exponential with mean 1 s, in ns and never zero.
    pub fn exponential_ns(&mut self) -> u64 {
        let unit: f64 = Exp1.sample(&mut self.0);
        (unit * NANOS_PER_SECOND) as u64 + 1
    }

    pub fn increment_ns(&mut self, increment: Increment) -> u64 {
        match increment {
            Increment::Exponential => self.exponential_ns(),
            Increment::Bimodal => {
                let mean_s = if self.0.random_range(0..10) == 0 { 10.0 } else { 1e-4 };
                (self.exponential_ns() as f64 * mean_s) as u64 + 1
            }
            Increment::Constant => NANOS_PER_SECOND as u64,
        }
    }

    /// One of `count` entities.
    pub fn receiver(&mut self, count: u32) -> u32 {
        self.0.random_range(0..count)
    }
}

/// An event as a simulator's world has it: an enum of ids and small values, 24 bytes.
#[derive(Clone, Copy)]
pub enum Happening {
    Arrival { node: u32, job: u64, size: u64 },
    Message { receiver: u32, payload: u64 },
    Completion { request: u32, generation: u32 },
    Timeout { request: u32, generation: u32 },
}

const _: () = assert!(size_of::<Happening>() == 24);

impl Happening {
    pub fn arrival(job: u64) -> Self {
        Happening::Arrival { node: job as u32, job, size: job }
    }

    pub fn job(self) -> u64 {
        match self {
            Happening::Arrival { node, job, size } => job ^ size ^ u64::from(node),
            Happening::Message { payload, .. } => payload,
            Happening::Completion { request, .. } | Happening::Timeout { request, .. } => request.into(),
        }
    }
}

/// The state of an entity, 56 bytes; with a reference count or a lock it is one cache line.
#[derive(Clone, Default)]
pub struct Entity {
    received: u64,
    sum: u64,
    last_ns: u64,
    busy_ns: u64,
    queue: [u64; 3],
}

impl Entity {
    /// Takes a message in and gives the payload of the next.
    pub fn receive(&mut self, payload: u64, now_ns: u64) -> u64 {
        self.received += 1;
        self.sum = self.sum.wrapping_add(payload);
        self.busy_ns += now_ns - self.last_ns;
        self.last_ns = now_ns;
        self.queue[(payload % 3) as usize] = payload;
        payload.wrapping_add(self.received)
    }
}
