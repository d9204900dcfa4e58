//! What EdgeCloudSim does otherwise with tasks than its model says, each behind a name of its own: for the
//! reproduction of published curves, and of nothing else.

use crate::engine::SimTime;

/// The slips of the task life; all off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskSlips {
    /// Tasks that are refused before their upload starts are counted within the warm-up, too.
    pub warm_up_leak: bool,
    /// A task is admitted to an instance before its upload, and nothing is reserved meanwhile.
    pub nothing_reserved: bool,
    /// Input that goes on to another edge node than the device's own gets there at no time.
    pub free_upload_relay: bool,
    /// A result comes from the access point at no time, wherever the task ran at the edge, as long as its device is still
    /// attached where it was at the start.
    pub free_result_relay: bool,
    /// Sizes are truncated to whole kilobytes and million instructions, at least one.
    pub whole_sizes: bool,
}

impl TaskSlips {
    /// Whether a task belongs to the summary. `refused` is one that was refused before its upload.
    pub(super) fn counts(self, created: SimTime, refused: bool, warm_up_end: SimTime) -> bool {
        created >= warm_up_end || (self.warm_up_leak && refused)
    }

    /// A size in bytes or million instructions, in whole multiples of `unit`.
    pub(super) fn size(self, size: f64, unit: f64) -> f64 {
        if self.whole_sizes { (size / unit).floor().max(1.0) * unit } else { size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_do_what_their_names_say_and_nothing_when_off() {
        let (early, end) = (SimTime::from_secs(1.0), SimTime::from_secs(180.0));
        let leak = TaskSlips { warm_up_leak: true, ..TaskSlips::default() };
        assert!(leak.counts(early, true, end) && !leak.counts(early, false, end));
        assert!(!TaskSlips::default().counts(early, true, end));
        assert!(TaskSlips::default().counts(end, false, end));
        let whole = TaskSlips { whole_sizes: true, ..TaskSlips::default() };
        assert_eq!([2999.0, 12.0].map(|bytes| whole.size(bytes, 1e3)), [2000.0, 1000.0]);
        assert_eq!(TaskSlips::default().size(2999.0, 1e3), 2999.0);
    }
}
