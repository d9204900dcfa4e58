//! Autoscalers: what clusters and platforms do in place of solving the problem. Each looks at one function at one node
//! at a time, at its own pace, and says how many replicas it wants; where requests go is left to the workload's own rules.
//! What they want is given as far as memory goes ([`AllocationView::fitting`]).

mod horizontal;
mod knative;
mod per_request;
mod queue;
mod rate;
#[cfg(test)]
mod tests;

pub use horizontal::{Horizontal, HorizontalMemory};
pub use knative::{Knative, KnativeMemory};
pub use per_request::PerRequest;
pub use queue::QueueLength;
pub use rate::RequestRate;

use super::view::AllocationView;
use crate::apps::replica_allocation::ReplicaAllocation;
use crate::placement::ParameterError;
use crate::units::Duration;

/// What is less than this above a whole number is that number.
const WHOLE_TOLERANCE: f64 = 1e-9;

/// The next whole number of replicas; none for what is not a number.
fn whole_up(replicas: f64) -> u32 {
    // A float beyond the range saturates, and NaN becomes 0.
    (replicas - WHOLE_TOLERANCE).ceil().max(0.0) as u32
}

/// What is wanted of each stream, as far as it fits.
fn scaled(view: &AllocationView<'_>, wanted: impl FnMut(usize) -> u32) -> ReplicaAllocation {
    let wanted: Vec<u32> = (0..view.streams()).map(wanted).collect();
    ReplicaAllocation { replicas: view.fitting(&wanted), ..ReplicaAllocation::default() }
}

/// Refuses a number that is not above 0.
fn check_above_zero(key: &str, value: f64) -> Result<(), ParameterError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(ParameterError::new(format!("{value} is out of range; it must be above 0")).at(key))
}

/// Refuses a number below another.
fn check_at_least(key: &str, value: f64, least: f64) -> Result<(), ParameterError> {
    if value.is_finite() && value >= least {
        return Ok(());
    }
    Err(ParameterError::new(format!("{value} is out of range; it must be at least {least}")).at(key))
}

/// Refuses a period or window that is too short for an autoscaler.
fn check_time(key: &str, value: Duration) -> Result<(), ParameterError> {
    if value.as_secs() >= SHORTEST_S && value.as_secs().is_finite() {
        return Ok(());
    }
    Err(ParameterError::new(format!("{value} is out of range; it must be at least 1 ms")).at(key))
}

/// The shortest period of an autoscaler.
const SHORTEST_S: f64 = 1e-3;

/// How a stream's replicas follow a mean a replica of which there is a target, as the average scalers of faas-sim
/// (edgerun, MIT) do.
#[derive(Clone, Copy, Debug, PartialEq)]
struct AverageRule {
    /// What the mean is to be.
    target: f64,
    /// How far it may be from there, relative to it.
    dead_band: f64,
}

impl AverageRule {
    /// Replicas, those that start included, with so many that are ready and that start: `mean` is that of the ready ones,
    /// and `mean_of_all` what it will be when all have started.
    ///
    /// ceil( ready mean / target ) are wanted in place of those that are ready; where some start, a wish for more is
    /// dropped if the mean of all turns it around, or is within the dead band.
    fn replicas(&self, ready: u32, starting: u32, mean: f64, mean_of_all: f64) -> u32 {
        let now = ready.saturating_add(starting);
        if ready == 0 {
            return now;
        }
        let wanted_at = |mean: f64| whole_up(f64::from(ready) * mean / self.target);
        let wanted = wanted_at(mean);
        let mut counted = mean;
        if starting > 0 && wanted > ready {
            counted = mean_of_all;
            if wanted_at(counted) < ready {
                return now;
            }
        }
        let ratio = counted / self.target;
        if ratio >= 1.0 - self.dead_band && ratio < 1.0 + self.dead_band {
            return now;
        }
        starting.saturating_add(wanted)
    }
}
