//! The engine: time, pending events, the kernel, random streams and online statistics.
//!
//! It knows nothing of clouds or devices. A [`Model`] is driven by a [`Kernel`], which takes the next
//! event from an [`EventQueue`] and hands it over together with the [`Schedule`].
//!
//! # Guarantees
//!
//! * Time is an integer count of nanoseconds and never runs backwards.
//! * Events are handled in the order (time, [`Phase`], insertion); rescheduling counts as insertion.
//! * One run uses one thread. Parallelism is over runs, so that results do not depend on it.
//! * Random numbers come from [named streams](RandomStreams) only.
//! * No allocation per event once the queue has reached its largest size.

mod distribution;
mod indexed_heap;
mod kernel;
mod prefetch;
mod queue;
mod random;
mod statistics;
mod time;

pub use distribution::{Distribution, DistributionError};
pub use indexed_heap::{ABSENT, IndexedHeap};
pub use kernel::{Kernel, Model, Schedule};
pub use prefetch::prefetch;
pub use queue::{EventHandle, EventQueue, Phase};
pub use random::{EntityStream, RandomStreams, Stream};
pub use statistics::{Quantiles, Summary, TimeWeighted};
pub use time::{SimDuration, SimTime};
