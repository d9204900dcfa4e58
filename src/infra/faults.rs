//! Faults: when nodes and links fail and are repaired.

use super::ids::{LinkId, NodeId};
use super::optical::{OpticalLayerId, SwitchId};
use crate::engine::{Distribution, EntityStream, SimTime};

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultTarget {
    /// A node, with all that runs on it.
    Node(NodeId),
    /// A link, in both directions.
    Link(LinkId),
    /// A port of an optical circuit switch.
    Port {
        /// The layer.
        layer: OpticalLayerId,
        /// The switch.
        switch: SwitchId,
        /// The port.
        port: u32,
    },
}

/// When it fails and is repaired.
#[derive(Clone, Debug)]
pub enum FaultTimes {
    /// At given instants: failures and repairs in turn, in order.
    Given(Vec<SimTime>),
    /// After random times in service and in repair, in turn.
    Drawn {
        /// Seconds from the start or a repair to the next failure.
        time_to_failure_s: Distribution,
        /// Seconds from a failure to its repair.
        time_to_repair_s: Distribution,
    },
}

/// How reliable a node is, by the mean times of its random [faults](FaultTimes::Drawn); outages at given instants are
/// not foreseen.
///
/// ```
/// use stratosim::infra::Reliability;
/// // Nine hours in service, and one in repair.
/// let node = Reliability::default().and_fails(9.0 * 3600.0, 3600.0);
/// assert_eq!(node.availability, 0.9);
/// assert_eq!(node.failures_per_s * 36_000.0, 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reliability {
    /// Share of the time in which it works in the long run, in 0..=1: the mean time to failure over its sum with
    /// the mean time to repair.
    pub availability: f64,
    /// Failures in a second in the long run.
    pub failures_per_s: f64,
}

impl Default for Reliability {
    /// Never fails.
    fn default() -> Self {
        Reliability { availability: 1.0, failures_per_s: 0.0 }
    }
}

impl Reliability {
    /// The same with independent further faults of these mean times; none if they are no times.
    #[must_use]
    pub fn and_fails(self, mean_time_to_failure_s: f64, mean_time_to_repair_s: f64) -> Self {
        let cycle_s = mean_time_to_failure_s + mean_time_to_repair_s;
        if !(cycle_s.is_finite() && cycle_s > 0.0) {
            return self;
        }
        Reliability {
            availability: self.availability * (mean_time_to_failure_s / cycle_s),
            failures_per_s: self.failures_per_s + 1.0 / cycle_s,
        }
    }
}

/// The failures and repairs of one node or link.
#[derive(Clone, Debug)]
pub struct FaultProcess {
    /// What fails.
    pub target: FaultTarget,
    /// When.
    pub times: FaultTimes,
    /// Where chance comes from.
    pub random: EntityStream,
    /// Changes so far: it works after an even number of them.
    pub(super) changes: usize,
}

impl FaultProcess {
    /// A process that has not begun.
    #[must_use]
    pub fn new(target: FaultTarget, times: FaultTimes, random: EntityStream) -> Self {
        FaultProcess { target, times, random, changes: 0 }
    }

    /// When the next failure or repair is due after the last one, which was at `now`.
    pub(super) fn next(&mut self, now: SimTime) -> Option<SimTime> {
        match &self.times {
            FaultTimes::Given(times) => times.get(self.changes).copied(),
            FaultTimes::Drawn { time_to_failure_s, time_to_repair_s } => {
                let span =
                    if self.changes.is_multiple_of(2) { time_to_failure_s } else { time_to_repair_s };
                let wait = crate::engine::SimDuration::from_secs(span.sample(&mut self.random));
                Some(now + wait)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;

    #[test]
    fn availability_is_mttf_over_mttf_plus_mttr() {
        let times = FaultTimes::Drawn {
            time_to_failure_s: Distribution::weibull(0.7, 90.0).unwrap(),
            time_to_repair_s: Distribution::exponential(10.0).unwrap(),
        };
        let FaultTimes::Drawn { time_to_failure_s, time_to_repair_s } = &times else { unreachable!() };
        let expected = time_to_failure_s.mean() / (time_to_failure_s.mean() + time_to_repair_s.mean());
        let random = RandomStreams::new(1).entity("faults", 0);
        let mut process = FaultProcess::new(FaultTarget::Link(LinkId(0)), times, random);
        let (mut now, mut up_s) = (SimTime::ZERO, 0.0);
        for change in 0..40_000 {
            let next = process.next(now).unwrap();
            if change % 2 == 0 {
                up_s += next.since(now).as_secs();
            }
            process.changes += 1;
            now = next;
        }
        assert!((up_s / now.as_secs() - expected).abs() < 0.01);
    }
}
