//! What virtual machines asked for and got, and what hosts did: exact integrals over time.

use super::fleet::HostState;
use super::machines::{VirtualMachines, VmState};

/// Rates at which a virtual machine asks and gets, in million instructions a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub(super) requested: f64,
    /// What its host would give it if it were not being copied.
    pub(super) fair: f64,
    pub(super) allocated: f64,
    pub(super) state: VmState,
}

/// Service of one virtual machine since its request. What it asked for and did not get has a cause: an overload
/// of its host, a migration (it is slower while it is copied and paused at the end), or an outage (it had no host,
/// or was starting).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VmAccount {
    /// Work that it asked for, in million instructions.
    pub requested_mi: f64,
    /// Work that an overload of its host kept from it.
    pub overload_mi: f64,
    /// Work that its migrations kept from it.
    pub migration_mi: f64,
    /// Work that it missed while it had no host or was starting.
    pub outage_mi: f64,
    /// Seconds in which it ran, on a host and not paused.
    pub running_s: f64,
    /// Seconds paused by migrations.
    pub paused_s: f64,
    /// Seconds without a host, or starting on one.
    pub outage_s: f64,
    /// Seconds in which it got less than it asked for.
    pub missed_s: f64,
    /// Integral over these of the share that it missed, in seconds.
    pub missed_share_s: f64,
    /// Migrations that have come to their end.
    pub migrations: u32,
    /// How often its host was lost.
    pub losses: u32,
}

impl VmAccount {
    /// Work that it got, in million instructions.
    #[must_use]
    pub fn allocated_mi(&self) -> f64 {
        self.requested_mi - self.overload_mi - self.migration_mi - self.outage_mi
    }

    /// Share of the time since its request in which it ran; one before any time has passed.
    #[must_use]
    pub fn availability(&self) -> f64 {
        let whole = self.running_s + self.paused_s + self.outage_s;
        if whole > 0.0 { self.running_s / whole } else { 1.0 }
    }

    pub(super) fn add(&mut self, seconds: f64, rates: Rates) {
        if seconds <= 0.0 || rates.state == VmState::Stopped {
            return;
        }
        self.requested_mi += rates.requested * seconds;
        match rates.state {
            VmState::Running => {
                self.running_s += seconds;
                self.overload_mi += (rates.requested - rates.fair) * seconds;
                self.migration_mi += (rates.fair - rates.allocated) * seconds;
            }
            VmState::Paused => {
                self.paused_s += seconds;
                self.migration_mi += rates.requested * seconds;
            }
            _ => {
                self.outage_s += seconds;
                self.outage_mi += rates.requested * seconds;
            }
        }
        // Below this it is rounding.
        if rates.allocated < rates.requested * (1.0 - 1e-12) {
            self.missed_s += seconds;
            self.missed_share_s += seconds * (rates.requested - rates.allocated) / rates.requested;
        }
    }
}

/// What a host did since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HostAccount {
    /// Seconds on, with at least one virtual machine on it.
    pub active_s: f64,
    /// Seconds on, empty or not.
    pub on_s: f64,
    /// Seconds on in which its virtual machines asked for more than it has.
    pub overloaded_s: f64,
    /// Seconds asleep.
    pub asleep_s: f64,
    /// Seconds failed.
    pub failed_s: f64,
    /// Work that its virtual machines asked for, in million instructions.
    pub requested_mi: f64,
    /// Work that its cores did for them.
    pub allocated_mi: f64,
    /// How often it was put to sleep.
    pub shutdowns: u32,
    /// How often it was woken.
    pub wakes: u32,
}

impl HostAccount {
    pub(super) fn add(
        &mut self,
        seconds: f64,
        state: HostState,
        has_vms: bool,
        overloaded: bool,
        (requested_mips, allocated_mips): (f64, f64),
    ) {
        if seconds <= 0.0 {
            return;
        }
        match state {
            HostState::On => {
                self.on_s += seconds;
                if has_vms {
                    self.active_s += seconds;
                }
                if overloaded {
                    self.overloaded_s += seconds;
                }
            }
            HostState::Asleep => self.asleep_s += seconds,
            HostState::Failed => self.failed_s += seconds,
            HostState::FallingAsleep | HostState::Waking => {}
        }
        self.requested_mi += requested_mips * seconds;
        self.allocated_mi += allocated_mips * seconds;
    }
}

impl VirtualMachines {
    pub(super) fn rates(&self, vm: usize) -> Rates {
        Rates {
            requested: self.requested_mips[vm],
            fair: self.fair_mips[vm],
            allocated: self.allocated_mips[vm],
            state: self.states[vm],
        }
    }
}
