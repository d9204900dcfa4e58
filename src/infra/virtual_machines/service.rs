//! What was agreed on virtual machines and delivered.

use super::accounts::Rates;
use super::machines::{VirtualMachines, VmState};
use crate::energy::sla::{Penalties, SlaInterval, SlaTally, ViolationCause};
use crate::engine::SimTime;
use crate::infra::ids::VmId;

/// The tally of a virtual machine with a contract, which begins when it first runs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Service {
    has_begun: bool,
    tally: SlaTally,
}

impl Service {
    /// Adds a span of constant rates. While it does not run, all of its size is missing. What is missing while it runs
    /// is put down to what keeps more from it, an overload or its migration.
    pub(super) fn add(&mut self, span_s: f64, rates: Rates, size_mips: f64) {
        self.has_begun |= rates.state == VmState::Running;
        if !self.has_begun {
            return;
        }
        let down = |cause| SlaInterval { span_s, agreed: size_mips, delivered: 0.0, cause: Some(cause) };
        let interval = match rates.state {
            VmState::Stopped => return,
            VmState::Paused => down(ViolationCause::Migration),
            VmState::Waiting | VmState::Starting | VmState::Lost => down(ViolationCause::Crash),
            VmState::Running => {
                let agreed = rates.requested;
                let (overload, migration) = (agreed - rates.fair, rates.fair - rates.allocated);
                let cause = match overload > migration {
                    true => ViolationCause::Overload,
                    false => ViolationCause::Migration,
                };
                // Below this it is rounding.
                let is_missing = rates.allocated < agreed * (1.0 - 1e-12);
                let delivered = if is_missing { rates.allocated } else { agreed };
                SlaInterval { span_s, agreed, delivered, cause: Some(cause) }
            }
        };
        self.tally.add(&interval);
    }
}

impl VirtualMachines {
    /// Books a span of constant rates of a virtual machine.
    pub(super) fn book_span(&mut self, vm: usize, seconds: f64, rates: Rates) {
        if seconds > 0.0 {
            self.accounts[vm].add(seconds, rates);
            if let Some(service) = &mut self.services[vm] {
                service.add(seconds, rates, self.size_mips[vm]);
            }
        }
    }

    /// What was agreed on a virtual machine and delivered until `now`, from when it first ran; `None` if it has no
    /// contract.
    #[must_use]
    pub fn service(&self, vm: VmId, now: SimTime) -> Option<SlaTally> {
        let index = vm.index();
        let mut service = **self.services[index].as_ref()?;
        let since = self.settled_at(vm);
        let seconds = now.since(since).as_secs();
        if seconds > 0.0 {
            service.add(seconds, self.rates(index), self.size_mips[index]);
        }
        Some(service.tally)
    }

    /// What the contract of a virtual machine comes to until `now`; `None` if it has none.
    #[must_use]
    pub fn penalties(&self, vm: VmId, now: SimTime) -> Option<Penalties> {
        let level = self.vms[vm.index()].spec.sla.as_ref()?;
        Some(level.contract.settle(&self.service(vm, now)?))
    }
}
