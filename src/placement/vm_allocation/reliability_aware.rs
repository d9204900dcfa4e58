//! Placement by what failures of hosts cost and what their energy costs.

use super::{AllocationView, VmAllocationDecision, VmAllocationPolicy};
use crate::energy::sla::ServiceLevel;
use crate::infra::{HostId, Reliability, VmSpec};
use crate::units::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The host with room on which the virtual machine is expected to cost the least an hour: what failures of the host
/// cost by its contract, and the energy that the host draws more. Tight contracts so go to reliable hosts, lax ones to
/// cheap ones. How reliable a host is follows from the mean times of its random faults.
///
/// What failures cost is the share of time out of service times what an hour of it costs, and what the promise of
/// uptime gives back of the price at the uptime to be expected, no more than the contract's cap in all.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReliabilityAware {
    /// Price of energy for a kWh, in the currency of the contracts.
    pub energy_price_per_kwh: f64,
    /// Time out of service after a failure of the host, if the virtual machine starts again elsewhere; until the host
    /// is repaired if left out.
    pub restart: Option<Duration>,
}

impl Default for ReliabilityAware {
    /// 0.10 for a kWh.
    fn default() -> Self {
        ReliabilityAware { energy_price_per_kwh: 0.10, restart: None }
    }
}

const HOUR_S: f64 = 3600.0;

/// What an hour on a host of this uptime costs by a contract on a service of this size.
fn hourly_penalty(level: &ServiceLevel, size_mips: f64, uptime: f64) -> f64 {
    let contract = &level.contract;
    let hourly_price = contract.price_per_s * HOUR_S;
    let credit = contract.uptime.as_ref().map_or(0.0, |promise| promise.credit(uptime));
    let owed = (1.0 - uptime) * level.hourly_downtime_cost(size_mips) + credit * hourly_price;
    contract.cap_share.map_or(owed, |share| owed.min(share * hourly_price))
}

impl ReliabilityAware {
    /// Share of the time in which a virtual machine on a host is in service.
    fn uptime(&self, host: Reliability) -> f64 {
        match self.restart {
            Some(restart) => (1.0 - host.failures_per_s * restart.as_secs()).max(0.0),
            None => host.availability,
        }
    }

    /// What failures of a host of this reliability cost an hour.
    fn hourly_penalty(&self, spec: &VmSpec, host: Reliability) -> f64 {
        let level = spec.sla.as_deref();
        level.map_or(0.0, |level| hourly_penalty(level, spec.size_mips(), self.uptime(host)))
    }
}

impl VmAllocationPolicy for ReliabilityAware {
    fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
        let mut best: Option<(f64, HostId)> = None;
        for &host in view.hosts() {
            let reliability = view.fleet().reliability()[host.index()];
            let energy = view.power_increase_w(host) / 1e3 * self.energy_price_per_kwh;
            let cost = self.hourly_penalty(view.need().spec, reliability) + energy;
            if best.is_none_or(|(other, _)| cost < other) && view.fits(host) {
                best = Some((cost, host));
            }
        }
        best.map(|(_, host)| host).into()
    }
}
