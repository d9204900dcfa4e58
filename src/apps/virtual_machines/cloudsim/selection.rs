//! Which virtual machine leaves an overloaded host.

use super::fleet::Fleet;
use crate::engine::Stream;
use crate::statistics::MultipleRegression;
use rand::RngExt;

/// Which virtual machine leaves an overloaded host; the first of equals in the order of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmSelection {
    /// MMT: the one that is copied soonest, which has the least memory.
    MinimumMigrationTime,
    /// MU: the one that uses the least share of its own speed.
    MinimumUtilisation,
    /// MC: the one whose history is best explained by those of the others, by the coefficient of
    /// determination of their multiple regression. As MMT while that cannot be computed.
    MaximumCorrelation,
    /// RS: any one.
    Random,
    /// The one whose copying costs the least if its user pays nothing meanwhile: its price times the slots of
    /// ten seconds that its copying begins. Not of CloudSim 3.0.3, but of later extensions that count penalties.
    MinimumCost,
}

/// Seconds in steps of which copying is paid for.
const SLOT_S: f64 = 10.0;

/// What choosing needs to keep: memory, and random numbers.
#[derive(Debug)]
pub(super) struct Selector {
    regression: MultipleRegression,
    random: Stream,
    movable: Vec<u32>,
}

impl Selector {
    pub(super) fn new(random: Stream) -> Self {
        Selector { regression: MultipleRegression::default(), random, movable: Vec::new() }
    }

    /// One of `vms` that is not on its way; `None` if all are.
    pub(super) fn choose(
        &mut self,
        selection: VmSelection,
        host: u32,
        vms: &[u32],
        fleet: &Fleet,
    ) -> Option<u32> {
        self.movable.clear();
        self.movable.extend(vms.iter().filter(|&&vm| !fleet.is_migrating(vm)));
        if self.movable.is_empty() {
            return None;
        }
        Some(match selection {
            VmSelection::MinimumMigrationTime => self.smallest(fleet),
            VmSelection::MinimumUtilisation => first_least(&self.movable, |vm| fleet.utilisation(vm)),
            VmSelection::MaximumCorrelation => match self.most_correlated(fleet) {
                Some(vm) => vm,
                None => self.smallest(fleet),
            },
            VmSelection::MinimumCost => first_least(&self.movable, |vm| {
                let slots = (fleet.migration_s(vm, host) / SLOT_S).floor() + 1.0;
                fleet.vm_kind(vm).price_per_h * slots
            }),
            VmSelection::Random => self.movable[self.random.random_range(0..self.movable.len())],
        })
    }

    fn smallest(&self, fleet: &Fleet) -> u32 {
        first_least(&self.movable, |vm| fleet.vm_memory_mb(vm))
    }

    fn most_correlated(&mut self, fleet: &Fleet) -> Option<u32> {
        let Selector { regression, movable, .. } = self;
        if movable.len() < 2 {
            return None;
        }
        let window = |vm: u32| &fleet.history.of(vm)[..fleet.history.filled()];
        // No coefficient at all, and then the first; a tie goes to the earlier one.
        let (mut greatest, mut best) = (f64::MIN_POSITIVE, movable[0]);
        for &vm in movable.iter() {
            let others = movable.iter().filter(|&&other| other != vm).map(|&other| window(other));
            let found = regression.r_squared(window(vm), others).ok()?;
            if found > greatest {
                (greatest, best) = (found, vm);
            }
        }
        Some(best)
    }
}

/// The first of the items that have the least value.
fn first_least(vms: &[u32], value: impl Fn(u32) -> f64) -> u32 {
    let mut best = vms[0];
    let mut least = value(best);
    for &vm in &vms[1..] {
        let own = value(vm);
        if own < least {
            (least, best) = (own, vm);
        }
    }
    best
}
