//! VM allocation: a virtual machine needs a host; on which one does it start? The same policies choose targets
//! when a consolidation moves virtual machines.

mod fits;
mod frequency_aware;
mod power_aware;
mod power_index;
mod reliability_aware;
mod site_aware;
mod view;

pub use fits::{AcceleratorAware, BestFit, FirstFit, NextFit, RandomFit, WorstFit};
pub use frequency_aware::{ExpectedStep, FrequencyAware};
pub use power_aware::PowerAwareBestFit;
pub use reliability_aware::ReliabilityAware;
pub(in crate::placement) use site_aware::BySite;
pub use site_aware::{CarbonAware, PriceAware};
pub(crate) use view::fleet_columns;
pub use view::{AllocationView, FleetFeatures, Guard, VmNeed, feature_columns, fleet_features};

use crate::infra::HostId;
use std::fmt;

/// Where a virtual machine is to start, or to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmAllocationDecision {
    /// On this host.
    Place(HostId),
    /// Nowhere for now: it waits, or stays where it is.
    Wait,
}

impl From<Option<HostId>> for VmAllocationDecision {
    fn from(host: Option<HostId>) -> Self {
        host.map_or(VmAllocationDecision::Wait, VmAllocationDecision::Place)
    }
}

/// A way to choose hosts.
///
/// ```
/// use stratosim::placement::vm_allocation::{AllocationView, VmAllocationDecision, VmAllocationPolicy};
///
/// /// The last host that has room.
/// #[derive(Debug)]
/// struct LastFit;
///
/// impl VmAllocationPolicy for LastFit {
///     fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
///         view.hosts().iter().rev().copied().find(|&host| view.fits(host)).into()
///     }
/// }
/// ```
pub trait VmAllocationPolicy: fmt::Debug + Send {
    /// Decides for one virtual machine.
    fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision;

    /// What it remembers of the hosts' state is no longer true: the next view is of another plan.
    fn forget(&mut self) {}
}

#[cfg(test)]
mod tests;
