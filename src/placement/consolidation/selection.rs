//! VM selection: which virtual machine leaves an overloaded host first?

use crate::apps::VmHistories;
use crate::engine::Stream;
use crate::infra::{VirtualMachines, VmId};
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
