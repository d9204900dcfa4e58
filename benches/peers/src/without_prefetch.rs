//! The queue's own source, compiled once more with a prefetch that does nothing.

mod prefetch {
    pub(crate) fn prefetch<T>(_: &T) {}
}

mod time {
    pub(crate) use stratosim::engine::SimTime;
}

#[allow(dead_code)]
#[path = "../../../src/engine/queue.rs"]
mod queue;

pub use queue::{EventQueue, Phase};
