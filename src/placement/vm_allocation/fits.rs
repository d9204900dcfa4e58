//! Policies that look for room: among hosts that run first, then among those that would have to be woken.

use super::{AllocationView, VmAllocationDecision, VmAllocationPolicy};
use crate::infra::HostId;
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The host with room that is best by `better`, the first among equals; one that runs if there is one.
fn extreme(
    view: &mut AllocationView<'_>,
    value: impl Fn(&AllocationView<'_>, HostId) -> f64,
    better: impl Fn(f64, f64) -> bool,
) -> Option<HostId> {
    for sleeping in [false, true] {
        let mut best: Option<(f64, HostId)> = None;
        for &host in view.hosts() {
            let own = value(view, host);
            if view.sleeps(host) == sleeping
                && best.is_none_or(|(other, _)| better(own, other))
                && view.fits(host)
            {
                best = Some((own, host));
            }
        }
        if let Some((_, host)) = best {
            return Some(host);
        }
    }
    None
}

/// The first host with room.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FirstFit {}

impl VmAllocationPolicy for FirstFit {
    fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
        for sleeping in [false, true] {
            let found = view
                .hosts()
                .iter()
                .copied()
                .find(|&host| view.sleeps(host) == sleeping && view.fits(host));
            if found.is_some() {
                return found.into();
            }
        }
        VmAllocationDecision::Wait
    }
}

/// The first host with room after the one chosen last, going round.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NextFit {
    #[serde(skip)]
    next: usize,
}

impl VmAllocationPolicy for NextFit {
    fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
        let hosts = view.hosts();
        for sleeping in [false, true] {
            let found = (0..hosts.len())
                .map(|step| (self.next + step) % hosts.len())
                .find(|&index| view.sleeps(hosts[index]) == sleeping && view.fits(hosts[index]));
            if let Some(index) = found {
                self.next = index + 1;
                return VmAllocationDecision::Place(hosts[index]);
            }
        }
        VmAllocationDecision::Wait
    }
}

/// The host with room that is the fullest.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BestFit {}

impl VmAllocationPolicy for BestFit {
    fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
        extreme(view, |view, host| view.utilisation(host), |own, other| own > other).into()
    }
}

/// The host with room that is the emptiest.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorstFit {}

impl VmAllocationPolicy for WorstFit {
    fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
        extreme(view, |view, host| view.utilisation(host), |own, other| own < other).into()
    }
}

/// Any host with room that runs, each with the same probability; else any that would have to be woken.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomFit {}

impl VmAllocationPolicy for RandomFit {
    fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
        let with_room: Vec<HostId> =
            view.hosts().iter().copied().filter(|&host| view.fits(host)).collect();
        let (asleep, awake): (Vec<HostId>, Vec<HostId>) =
            with_room.into_iter().partition(|&host| view.sleeps(host));
        let among = if awake.is_empty() { asleep } else { awake };
        if among.is_empty() {
            return VmAllocationDecision::Wait;
        }
        VmAllocationDecision::Place(among[view.random().random_range(0..among.len())])
    }
}

/// The host with room that has the fewest free accelerators, the fullest among equals: virtual machines that need
/// none leave hosts with accelerators to those that do. One that runs if there is one.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AcceleratorAware {}

impl VmAllocationPolicy for AcceleratorAware {
    fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
        let cost = |view: &AllocationView<'_>, host: HostId| {
            let held = &view.fleet().free()[host.index()].accelerators;
            let free: f64 = held.iter().map(|held| f64::from(held.count)).sum();
            // Utilisation is below one where there is room, so that it decides among equals only.
            free - view.utilisation(host).min(1.0) * 0.5
        };
        extreme(view, cost, |own, other| own < other).into()
    }
}
