//! Placement by what failures of hosts cost and what their energy costs.

use super::{AllocationView, VmAllocationDecision, VmAllocationPolicy};
use crate::energy::sla::{ServiceLevel, ViolationCause};
use crate::infra::{HostId, Reliability, VmSpec};
use crate::units::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The host with room on which the virtual machine is expected to cost the least an hour: what failures of the host
/// cost by its contract, and the energy that the host draws more. Tight contracts so go to reliable hosts, lax ones to
/// cheap ones. How reliable a host is follows from the mean times of its random faults.
///
/// What failures cost is their number times what an outage of the mean length costs, and what the promise of uptime
/// gives back of the price at the uptime to be expected, no more than the contract's cap in all.
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

/// What an hour on a host costs by a contract on a service of this size, with so many failures in a second that put it
/// out of service so long each.
fn hourly_penalty(level: &ServiceLevel, size_mips: f64, failures_per_s: f64, outage_s: f64) -> f64 {
    let contract = &level.contract;
    let hourly_price = contract.price_per_s * HOUR_S;
    let uptime = (1.0 - failures_per_s * outage_s).max(0.0);
    let credit = contract.uptime.as_ref().map_or(0.0, |promise| promise.credit(uptime));
    let outage = level.violation_cost(ViolationCause::Crash, size_mips, &[(outage_s, 0.0)]);
    let owed = failures_per_s * HOUR_S * outage + credit * hourly_price;
    contract.cap_share.map_or(owed, |share| owed.min(share * hourly_price))
}

impl ReliabilityAware {
    /// Seconds for which a failure of a host puts a virtual machine on it out of service.
    fn outage_s(&self, host: Reliability) -> f64 {
        match self.restart {
            Some(restart) => restart.as_secs(),
            None if host.failures_per_s > 0.0 => (1.0 - host.availability) / host.failures_per_s,
            None => 0.0,
        }
    }

    /// What failures of a host of this reliability cost an hour.
    fn hourly_penalty(&self, spec: &VmSpec, host: Reliability) -> f64 {
        let level = spec.sla.as_deref();
        let (failures_per_s, outage_s) = (host.failures_per_s, self.outage_s(host));
        level.map_or(0.0, |level| hourly_penalty(level, spec.size_mips(), failures_per_s, outage_s))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::sla::{Contract, Penalty};

    /// A failure a day that takes half a minute: 1/24 of a fixed amount an hour, half a minute of 0.36 an hour given
    /// back three times, or nothing within a grace of a minute.
    #[test]
    fn an_outage_costs_what_it_costs_each_time() {
        let penalty = |penalty| {
            let level = ServiceLevel::new(Contract::new(0.36 / 3600.0, penalty));
            hourly_penalty(&level, 1000.0, 1.0 / 86_400.0, 30.0)
        };
        assert!((penalty(Penalty::Fixed { amount: 1.0 }) - 1.0 / 24.0).abs() < 1e-12);
        assert!((penalty(Penalty::Full { factor: 3.0 }) - 3.0 * 0.36 * 30.0 / 86_400.0).abs() < 1e-12);
        assert_eq!(penalty(Penalty::DelayDependent { rate_per_s: 1.0, grace_s: 60.0 }), 0.0);
    }
}
