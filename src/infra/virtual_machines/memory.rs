//! Memory in use: how much of its memory a virtual machine uses, where that is known.

use super::machines::VirtualMachines;
use crate::engine::SimTime;
use crate::infra::ids::{HostId, VmId};
use crate::infra::infrastructure::Infrastructure;

/// Memory in use of one virtual machine over time.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemoryUse {
    pub(super) bytes: f64,
    since: SimTime,
    started: SimTime,
    /// Bytes times seconds up to `since`.
    byte_seconds: f64,
}

impl MemoryUse {
    fn new(bytes: f64, now: SimTime) -> Self {
        MemoryUse { bytes, since: now, started: now, byte_seconds: 0.0 }
    }

    pub(super) fn set(&mut self, bytes: f64, now: SimTime) {
        self.byte_seconds += self.bytes * now.since(self.since).as_secs();
        (self.bytes, self.since) = (bytes, now);
    }
}

impl VirtualMachines {
    /// Bytes of its memory that a virtual machine uses, if that is known.
    #[must_use]
    pub fn used_memory_bytes(&self, vm: VmId) -> Option<f64> {
        self.vms[vm.index()].memory.map(|memory| memory.bytes)
    }

    /// The mean over time of the bytes that a virtual machine used, from when that was first known to `now`.
    #[must_use]
    pub fn mean_memory_bytes(&self, vm: VmId, now: SimTime) -> Option<f64> {
        let mut memory = self.vms[vm.index()].memory?;
        memory.set(memory.bytes, now);
        let seconds = now.since(memory.started).as_secs();
        Some(if seconds > 0.0 { memory.byte_seconds / seconds } else { memory.bytes })
    }

    /// Bytes that the virtual machines on a host use; those of which that is not known use all of theirs.
    #[must_use]
    pub fn host_memory_bytes(&self, host: HostId) -> f64 {
        let used = |vm: &VmId| {
            let whole = self.vms[vm.index()].spec.resources.memory_bytes;
            self.used_memory_bytes(*vm).unwrap_or(whole)
        };
        self.vms_of(host).iter().map(used).sum()
    }
}

impl Infrastructure {
    /// Sets how many bytes of its memory a virtual machine uses from now on: at most all of it. What it holds on its
    /// host stays the whole.
    pub fn set_vm_memory(&mut self, vm: VmId, bytes: f64, now: SimTime) {
        let own = &mut self.virtual_machines.vms[vm.index()];
        let bytes = bytes.clamp(0.0, own.spec.resources.memory_bytes);
        if bytes.is_nan() {
            return;
        }
        match &mut own.memory {
            Some(memory) => memory.set(bytes, now),
            None => own.memory = Some(MemoryUse::new(bytes, now)),
        }
    }
}
