//! VM selection: which virtual machine leaves an overloaded host first?

use crate::apps::VmHistories;
use crate::engine::{SimDuration, SimTime, Stream};
use crate::infra::{HostId, NodeClass, VirtualMachines, VmId};
use crate::placement::SiteSignals;
use crate::statistics::MultipleRegression;
use crate::units::{DataRate, Duration};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One overloaded host, as a selection sees it.
#[derive(Debug)]
pub struct SelectionView<'a> {
    /// The virtual machines that may leave, at least one, in the order in which they came to the host.
    pub candidates: &'a [VmId],
    /// All virtual machines.
    pub machines: &'a VirtualMachines,
    /// What they wanted at the last steps.
    pub histories: &'a VmHistories,
    /// The policy's own random stream.
    pub random: &'a mut Stream,
    /// The host.
    pub host: HostId,
    /// The present instant.
    pub now: SimTime,
    /// The classes of nodes, by [`ClassId`](crate::infra::ClassId).
    pub classes: &'a [NodeClass],
    /// Prices and all else of the hosts' sites.
    pub sites: SiteSignals<'a>,
    /// What the overload detection would say.
    pub relief: &'a mut dyn Relief,
}

/// Tells what the overload detection would say of a host if a virtual machine left it.
pub trait Relief: fmt::Debug {
    /// Whether the host would no longer be overloaded without this one.
    fn is_relieved_without(&mut self, vm: VmId) -> bool;
}

/// A way to select.
///
/// ```
/// use stratosim::placement::consolidation::{SelectionView, VmSelection};
///
/// /// The one that came last.
/// #[derive(Debug)]
/// struct Newest;
///
/// impl VmSelection for Newest {
///     fn select(&mut self, view: &mut SelectionView<'_>) -> usize {
///         view.candidates.len() - 1
///     }
/// }
/// ```
pub trait VmSelection: fmt::Debug + Send {
    /// Steps back that it looks.
    fn history(&self) -> usize {
        0
    }

    /// The place of the one that leaves among the candidates; the last one if it is beyond them.
    fn select(&mut self, view: &mut SelectionView<'_>) -> usize;
}

/// The place of the least value, the first among equals.
fn least(view: &SelectionView<'_>, value: impl Fn(VmId) -> f64) -> usize {
    let mut best = (f64::INFINITY, 0);
    for (place, &vm) in view.candidates.iter().enumerate() {
        let own = value(vm);
        if own < best.0 {
            best = (own, place);
        }
    }
    best.1
}

/// The one with the least memory, which is the soonest copied.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MinimumMigrationTime {}

impl VmSelection for MinimumMigrationTime {
    fn select(&mut self, view: &mut SelectionView<'_>) -> usize {
        least(view, |vm| view.machines.spec(vm).resources.memory_bytes)
    }
}

/// The one that wants the least share of its own size.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MinimumUtilisation {}

impl VmSelection for MinimumUtilisation {
    fn select(&mut self, view: &mut SelectionView<'_>) -> usize {
        least(view, |vm| view.machines.demand_mips()[vm.index()] / view.machines.size_mips()[vm.index()])
    }
}

/// Any, each with the same probability.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomSelection {}

impl VmSelection for RandomSelection {
    fn select(&mut self, view: &mut SelectionView<'_>) -> usize {
        view.random.random_range(0..view.candidates.len())
    }
}

/// Steps that correlations look back.
const CORRELATED_STEPS: usize = 30;

/// The one whose demand is best explained by that of the others over the last thirty steps, by the coefficient of
/// determination of their multiple regression (MC of Beloglazov and Buyya, 2012); the one with the least memory as
/// long as that cannot be computed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MaximumCorrelation {}

impl MaximumCorrelation {
    fn most_correlated(view: &SelectionView<'_>) -> Option<usize> {
        let count = |vm: &VmId| view.histories.count(*vm).min(CORRELATED_STEPS);
        let steps = view.candidates.iter().map(count).min()?;
        if view.candidates.len() < 2 {
            return None;
        }
        let newest = |vm: &VmId| {
            let all = view.histories.count(*vm);
            view.histories.of(*vm).skip(all - steps).collect::<Vec<f64>>()
        };
        let series: Vec<Vec<f64>> = view.candidates.iter().map(newest).collect();
        let mut regression = MultipleRegression::default();
        let mut best = (f64::MIN_POSITIVE, 0);
        for (place, own) in series.iter().enumerate() {
            let others = series.iter().enumerate().filter(|(other, _)| *other != place);
            let found = regression.r_squared(own, others.map(|(_, other)| other.as_slice())).ok()?;
            if found > best.0 {
                best = (found, place);
            }
        }
        Some(best.1)
    }
}

impl VmSelection for MaximumCorrelation {
    fn history(&self) -> usize {
        CORRELATED_STEPS
    }

    fn select(&mut self, view: &mut SelectionView<'_>) -> usize {
        Self::most_correlated(view).unwrap_or_else(|| MinimumMigrationTime {}.select(view))
    }
}

/// One whose departure alone ends the overload as the detection sees it, so that as few leave as can be: with the
/// detection `forecast` over all of its horizon. Of several the one with the least memory; of none the one that wants
/// the most, after which it is asked again.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PredictionDriven {}

impl VmSelection for PredictionDriven {
    fn select(&mut self, view: &mut SelectionView<'_>) -> usize {
        let relieves: Vec<bool> =
            view.candidates.iter().map(|&vm| view.relief.is_relieved_without(vm)).collect();
        let memory = |vm: VmId| view.machines.spec(vm).resources.memory_bytes;
        let mut best = (f64::INFINITY, None);
        for (place, &vm) in view.candidates.iter().enumerate() {
            if relieves[place] && memory(vm) < best.0 {
                best = (memory(vm), Some(place));
            }
        }
        best.1.unwrap_or_else(|| least(view, |vm| -view.machines.demand_mips()[vm.index()]))
    }
}

/// The one whose copying costs the least: what its user does not pay for the slots of time that its copying begins,
/// and what the energy costs that it draws a second time while both hosts hold it, by the signals of its host's site
/// over these seconds. Of one with a negative price, who is paid to run, copying gains something.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MinimumCost {
    /// What users pay an hour for each type of virtual machine, in the order of the types and in the currency of energy;
    /// the last price is that of all further types, too. The prices of the contracts if left out.
    pub prices_per_hour: Vec<f64>,
    /// Rate at which memory is copied.
    pub rate: DataRate,
    /// Slots in which users pay for time; 0 if they pay for each instant.
    pub slot: Duration,
}

impl Default for MinimumCost {
    fn default() -> Self {
        MinimumCost {
            prices_per_hour: Vec::new(),
            rate: DataRate::from_bps(5e8),
            slot: Duration::from_secs(10.0),
        }
    }
}

impl MinimumCost {
    /// What an hour of a type costs.
    #[must_use]
    pub fn price_per_hour(&self, class: usize) -> f64 {
        self.prices_per_hour.get(class).or(self.prices_per_hour.last()).copied().unwrap_or(0.0)
    }

    /// What copying a virtual machine costs.
    fn cost(&self, view: &SelectionView<'_>, vm: VmId) -> f64 {
        let spec = view.machines.spec(vm);
        let rate_bps = self.rate.as_bps().max(f64::MIN_POSITIVE);
        let copying_s = (8.0 * spec.resources.memory_bytes / rate_bps).min(LONGEST_COPY_S);
        let slot_s = self.slot.as_secs();
        let paid_s =
            if slot_s > 0.0 { ((copying_s / slot_s).floor() + 1.0) * slot_s } else { copying_s };
        let agreed = || spec.sla.as_ref().map_or(0.0, |sla| sla.contract.price_per_s);
        let price_per_s = match self.prices_per_hour.is_empty() {
            true => agreed(),
            false => self.price_per_hour(usize::from(spec.class)) / 3600.0,
        };
        price_per_s * paid_s + self.energy_cost(view, vm, SimDuration::from_secs(copying_s))
    }

    fn energy_cost(&self, view: &SelectionView<'_>, vm: VmId, copying: SimDuration) -> f64 {
        let (fleet, index) = (view.machines.fleet(), view.host.index());
        let Some(site) = view.sites.site_of(fleet, view.host) else { return 0.0 };
        let Some(account) = view.sites.account(site) else { return 0.0 };
        let power = &view.classes[fleet.classes()[index].index()].power;
        let capacity = fleet.fastest_capacity_mips(view.host);
        let load = fleet.requested_mips()[index].min(capacity);
        let own = view.machines.allocated_mips()[vm.index()].min(load);
        let own_w = power.planned_w(load / capacity) - power.planned_w((load - own) / capacity);
        view.sites.added(site, account.power_w(), own_w, view.now, copying).cost
    }
}

/// A copy that takes longer is as bad as any: a year.
const LONGEST_COPY_S: f64 = 3.2e7;

impl VmSelection for MinimumCost {
    fn select(&mut self, view: &mut SelectionView<'_>) -> usize {
        least(view, |vm| self.cost(view, vm))
    }
}
