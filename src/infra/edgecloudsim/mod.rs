//! What EdgeCloudSim (release 5, commit 0c82e35) does otherwise than its model says, each behind a name of
//! its own: for the reproduction of published curves, and of nothing else.
//!
//! * [`UpdateScope`]: completions are seen when a datacenter is updated, at least 10 ms apart.
//! * [`SharedWanQueue`]: the queues by population of its first sample application.
//! * [`RelayQueue`]: the metropolitan network of its second and fourth.

mod delays;
mod updates;

pub use delays::{MobileDemand, RelayQueue, SharedWanQueue, WanSlips};
pub use updates::UpdateScope;
pub(super) use updates::Updates;
