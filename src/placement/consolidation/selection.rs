//! VM selection: which virtual machine leaves an overloaded host first?

use crate::apps::VmHistories;
use crate::engine::Stream;
use crate::infra::{VirtualMachines, VmId};
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

/// The one whose copying costs the least if its user pays nothing meanwhile: its price times the slots of time that
/// its copying begins. Of one with a negative price, who is paid to run, copying gains something.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinimumCost {
    /// What users pay an hour for each type of virtual machine, in the order of the types and in any currency; the
    /// last price is that of all further types, too.
    #[schemars(length(min = 1))]
    pub prices_per_hour: Vec<f64>,
    /// Rate at which memory is copied.
    #[serde(default = "half_a_gigabit")]
    pub rate: DataRate,
    /// Slots in which time is paid for; 0 if it is paid for as it passes.
    #[serde(default = "ten_seconds")]
    pub slot: Duration,
}

fn half_a_gigabit() -> DataRate {
    DataRate::from_bps(5e8)
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10.0)
}

impl MinimumCost {
    /// What an hour of a type costs.
    #[must_use]
    pub fn price_per_hour(&self, class: usize) -> f64 {
        self.prices_per_hour.get(class).or(self.prices_per_hour.last()).copied().unwrap_or(0.0)
    }
}

impl VmSelection for MinimumCost {
    fn select(&mut self, view: &mut SelectionView<'_>) -> usize {
        least(view, |vm| {
            let spec = view.machines.spec(vm);
            let copying_s = 8.0 * spec.resources.memory_bytes / self.rate.as_bps();
            let slot_s = self.slot.as_secs();
            let paid = if slot_s > 0.0 { (copying_s / slot_s).floor() + 1.0 } else { copying_s };
            self.price_per_hour(usize::from(spec.class)) * paid
        })
    }
}
