//! A hint to the processor that memory will be read soon.

/// Asks for the cache line at `target` without waiting for it. Does nothing where the processor has no
/// such instruction.
#[inline(always)]
pub fn prefetch<T>(target: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing into the program and cannot fault, and the address comes from a
    // live reference. What it earns is in benches/README.md (HOLD with and without).
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(target).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = target;
}
