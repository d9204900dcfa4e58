//! The decision points *VM allocation* and *consolidation*, as a workload sees them.

use super::DecisionId;
use crate::infra::{HostId, MigrationSpec, VmId};
use std::fmt;

/// A virtual machine that needs a host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VmAllocationRequest<'a> {
    /// The virtual machine.
    pub vm: VmId,
    /// Million instructions a second that it is expected to want.
    pub expected_mips: f64,
    /// The hosts that it may be put on, in order.
    pub hosts: &'a [HostId],
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VmAllocationChoice {
    /// The host; `None` if it has to wait, or the policy named a host that cannot take it.
    pub host: Option<HostId>,
    /// The record of the decision, if decisions are recorded.
    pub decision: Option<DecisionId>,
}

/// Hosts whose virtual machines may be moved.
#[derive(Clone, Copy, Debug)]
pub struct ConsolidationRequest<'a> {
    /// The number of this step.
    pub step: u64,
    /// The hosts, in order.
    pub hosts: &'a [HostId],
    /// What their virtual machines wanted at the last steps.
    pub histories: &'a VmHistories,
    /// Seconds between steps.
    pub period_s: f64,
    /// What their virtual machines are going to want, if the workload knows: for oracles only.
    pub future: Option<&'a dyn FutureDemand>,
    /// How virtual machines are copied, and what that costs.
    pub copying: Copying<'a>,
}

/// Demands of virtual machines that are still to come, from a workload that knows them, such as one that replays a
/// trace. Policies look at it through an oracle alone, which bounds what
/// forecasts can reach.
pub trait FutureDemand: fmt::Debug {
    /// What a virtual machine is going to want `steps` control steps from now, in million instructions a second; `None`
    /// if that is not known.
    fn demand_mips(&self, vm: VmId, steps: usize) -> Option<f64>;
}

/// How virtual machines are copied between hosts, and what that costs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Copying<'a> {
    /// How they move.
    pub spec: MigrationSpec,
    /// What a byte costs within a site, in the currency of energy.
    pub price_per_byte: f64,
    /// What a byte costs between two sites relative to one within a site: from, to, factor; 1 where nothing is given.
    pub factors: &'a [(u16, u16, f64)],
}

impl Copying<'_> {
    /// What a byte costs from one site to another, relative to one within a site.
    ///
    /// ```
    /// use stratosim::apps::Copying;
    /// let copying = Copying { price_per_byte: 2.0, factors: &[(0, 1, 3.0)], ..Copying::default() };
    /// assert_eq!((copying.factor(0, 1), copying.factor(1, 0)), (3.0, 1.0));
    /// assert_eq!(copying.cost(10.0, 0, 1), 60.0);
    /// ```
    #[must_use]
    pub fn factor(&self, from: u16, to: u16) -> f64 {
        let given = self.factors.iter().find(|(a, b, _)| (*a, *b) == (from, to));
        given.map_or(1.0, |(_, _, factor)| *factor)
    }

    /// What copying so many bytes from one site to another costs.
    #[must_use]
    pub fn cost(&self, bytes: f64, from: u16, to: u16) -> f64 {
        bytes * self.price_per_byte * self.factor(from, to)
    }
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsolidationChoice {
    /// Virtual machines to move, and where to, in this order.
    pub moves: Vec<(VmId, HostId)>,
    /// Hosts to put to sleep, now or once they are empty.
    pub sleep: Vec<HostId>,
    /// Hosts to wake.
    pub wake: Vec<HostId>,
    /// The record of the decision, if decisions are recorded.
    pub decision: Option<DecisionId>,
}

/// The demands of virtual machines at the last control steps, for policies that look back.
///
/// ```
/// use stratosim::apps::VmHistories;
/// use stratosim::infra::VmId;
/// let mut histories = VmHistories::new(3);
/// for demand in [10.0, 20.0, 30.0, 40.0] {
///     histories.step();
///     histories.push(VmId(1), demand);
/// }
/// assert_eq!(histories.of(VmId(1)).collect::<Vec<_>>(), [20.0, 30.0, 40.0]);
/// assert_eq!(histories.of(VmId(0)).count(), 0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct VmHistories {
    length: usize,
    /// The place of the newest sample in each virtual machine's ring: all are pushed at the same steps.
    newest: usize,
    samples: Vec<f32>,
    counts: Vec<u32>,
}

impl VmHistories {
    /// Histories of the last `length` steps.
    #[must_use]
    pub fn new(length: usize) -> Self {
        VmHistories { length, ..VmHistories::default() }
    }

    /// Steps that are kept.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Begins a step, at which each virtual machine's demand is to be [pushed](Self::push), once.
    pub fn step(&mut self) {
        if self.length > 0 {
            self.newest = (self.newest + 1) % self.length;
        }
    }

    /// Adds the demand of a virtual machine at this step, in million instructions a second. One that was not
    /// pushed at each step since its first one must be [forgotten](Self::forget) before.
    pub fn push(&mut self, vm: VmId, demand_mips: f64) {
        let index = vm.index();
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
            self.samples.resize((index + 1) * self.length, 0.0);
        }
        if self.length > 0 {
            self.samples[index * self.length + self.newest] = demand_mips as f32;
            self.counts[index] = (self.counts[index] + 1).min(self.length as u32);
        }
    }

    /// Forgets a virtual machine.
    pub fn forget(&mut self, vm: VmId) {
        if let Some(count) = self.counts.get_mut(vm.index()) {
            *count = 0;
        }
    }

    /// Number of demands that are known of a virtual machine.
    #[must_use]
    pub fn count(&self, vm: VmId) -> usize {
        self.counts.get(vm.index()).map_or(0, |count| *count as usize)
    }

    /// The demands of a virtual machine in million instructions a second, newest last.
    pub fn of(&self, vm: VmId) -> impl DoubleEndedIterator<Item = f64> + '_ {
        let count = self.count(vm);
        let first = vm.index() * self.length;
        // The ring in two parts: what was pushed before it last went round, and after.
        let ring = self.samples.get(first..first + self.length).unwrap_or_default();
        let (after, before) = ring.split_at((self.newest + 1).min(ring.len()));
        let late = count.min(after.len());
        let early = count - late;
        let early = &before[before.len() - early..];
        let late = &after[after.len() - late..];
        early.iter().chain(late).map(|&sample| f64::from(sample))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a list of all demands of each virtual machine, of which some come late and are forgotten.
        #[test]
        fn histories_are_the_last_demands(
            length in 0usize..6,
            steps in prop::collection::vec((0.0f32..1e4, any::<bool>()), 0..30),
        ) {
            let mut histories = VmHistories::new(length);
            let mut known: [Vec<f64>; 2] = Default::default();
            for (index, (demand, forgets)) in steps.into_iter().enumerate() {
                histories.step();
                histories.push(VmId(0), f64::from(demand));
                known[0].push(f64::from(demand));
                if forgets {
                    histories.forget(VmId(3));
                    known[1].clear();
                } else {
                    histories.push(VmId(3), index as f64);
                    known[1].push(index as f64);
                }
                for (vm, known) in [VmId(0), VmId(3)].into_iter().zip(&known) {
                    let last = &known[known.len().saturating_sub(length)..];
                    prop_assert_eq!(histories.of(vm).collect::<Vec<_>>(), last);
                    prop_assert_eq!(histories.count(vm), last.len());
                }
                prop_assert_eq!(histories.of(VmId(1)).count() + histories.of(VmId(9)).count(), 0);
            }
        }
    }
}
