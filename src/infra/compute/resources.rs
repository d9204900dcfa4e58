//! What a job or instance holds besides cores: memory, storage, accelerators.

use super::processor::Refusal;

/// A number of accelerators of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accelerator {
    /// The kind's number, as the scenario lists the kinds.
    pub kind: u16,
    /// How many of them.
    pub count: u32,
}

/// An amount of memory, storage and accelerators.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources {
    /// Bytes of memory.
    pub memory_bytes: f64,
    /// Bytes of storage.
    pub storage_bytes: f64,
    /// Accelerators by kind.
    pub accelerators: Vec<Accelerator>,
}

impl Resources {
    /// How many accelerators of a kind there are.
    #[must_use]
    pub fn accelerators_of(&self, kind: u16) -> u32 {
        self.accelerators.iter().find(|held| held.kind == kind).map_or(0, |held| held.count)
    }

    /// Whether `wanted` fits into this.
    ///
    /// # Errors
    /// The first thing that is short.
    pub fn holds(&self, wanted: &Resources) -> Result<(), Refusal> {
        if wanted.memory_bytes > self.memory_bytes {
            return Err(Refusal::Memory);
        }
        if wanted.storage_bytes > self.storage_bytes {
            return Err(Refusal::Storage);
        }
        let short = |want: &Accelerator| self.accelerators_of(want.kind) < want.count;
        if wanted.accelerators.iter().any(short) { Err(Refusal::Accelerator) } else { Ok(()) }
    }

    /// Takes `wanted`, which [fits](Self::holds).
    pub(in crate::infra) fn take(&mut self, wanted: &Resources) {
        self.memory_bytes -= wanted.memory_bytes;
        self.storage_bytes -= wanted.storage_bytes;
        wanted.accelerators.iter().for_each(|want| self.take_accelerator(*want));
    }

    /// Gives back what [`take`](Self::take) took.
    pub(in crate::infra) fn give(&mut self, back: &Resources) {
        self.memory_bytes += back.memory_bytes;
        self.storage_bytes += back.storage_bytes;
        back.accelerators.iter().for_each(|back| self.give_accelerator(*back));
    }

    pub(super) fn take_accelerator(&mut self, want: Accelerator) {
        if let Some(held) = self.accelerators.iter_mut().find(|held| held.kind == want.kind) {
            held.count = held.count.saturating_sub(want.count);
        }
    }

    pub(super) fn give_accelerator(&mut self, back: Accelerator) {
        if let Some(held) = self.accelerators.iter_mut().find(|held| held.kind == back.kind) {
            held.count += back.count;
        }
    }
}
