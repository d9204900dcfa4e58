//! What a migration is expected to send, and how long that takes.

use super::spec::{MigrationMethod, MigrationSpec};

/// A migration as it would be at a constant rate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ExpectedCopy {
    /// Bytes that are sent in all rounds.
    pub sent_bytes: f64,
    /// Seconds in which the virtual machine runs and is copied.
    pub copying_s: f64,
    /// Seconds for which it is paused.
    pub paused_s: f64,
}

impl MigrationSpec {
    /// What moving so much memory at a constant rate takes, both above zero; nothing if there is no memory or no rate.
    ///
    /// ```
    /// use stratosim::engine::SimDuration;
    /// use stratosim::infra::{MigrationMethod, MigrationSpec};
    /// let method = MigrationMethod::PreCopy {
    ///     dirty_bytes_per_s: 100.0,
    ///     downtime_limit: SimDuration::from_secs(0.015),
    ///     round_limit: 30,
    /// };
    /// // 1000 bytes in 1 s, of which 100 are written anew, then 10 in a pause of 0.01 s.
    /// let spec = MigrationSpec { method, ..MigrationSpec::default() };
    /// let copy = spec.expected_copy(1000.0, 1000.0);
    /// assert!((copy.sent_bytes - 1110.0).abs() < 1e-9);
    /// assert!((copy.copying_s - 1.1).abs() < 1e-9 && (copy.paused_s - 0.01).abs() < 1e-9);
    /// ```
    #[must_use]
    pub fn expected_copy(&self, memory_bytes: f64, rate_bytes_per_s: f64) -> ExpectedCopy {
        let mut copy = ExpectedCopy::default();
        if !(memory_bytes > 0.0 && rate_bytes_per_s > 0.0) {
            return copy;
        }
        let mut left_bytes = memory_bytes;
        if let MigrationMethod::PreCopy { dirty_bytes_per_s, downtime_limit, round_limit } = self.method
        {
            for round in 1..=round_limit.max(1) {
                let (round_bytes, round_s) = (left_bytes, left_bytes / rate_bytes_per_s);
                copy.sent_bytes += round_bytes;
                copy.copying_s += round_s;
                left_bytes = (dirty_bytes_per_s * round_s).min(memory_bytes);
                let is_short = left_bytes / rate_bytes_per_s <= downtime_limit.as_secs();
                if is_short || round >= round_limit || left_bytes >= round_bytes {
                    break;
                }
            }
        }
        copy.sent_bytes += left_bytes;
        copy.paused_s = left_bytes / rate_bytes_per_s;
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimDuration;

    fn pre_copy(dirty_bytes_per_s: f64, round_limit: u32) -> MigrationSpec {
        let downtime_limit = SimDuration::from_secs(0.0);
        let method = MigrationMethod::PreCopy { dirty_bytes_per_s, downtime_limit, round_limit };
        MigrationSpec { method, degradation: 0.0, ..MigrationSpec::default() }
    }

    #[test]
    fn copies_by_hand() {
        let stop = MigrationSpec {
            method: MigrationMethod::StopAndCopy,
            degradation: 0.0,
            ..MigrationSpec::default()
        };
        let expected = ExpectedCopy { sent_bytes: 800.0, copying_s: 0.0, paused_s: 8.0 };
        assert_eq!(stop.expected_copy(800.0, 100.0), expected);
        // Half of what is sent is written anew; after three rounds the rest is sent in a pause.
        let expected = ExpectedCopy {
            sent_bytes: 800.0 + 400.0 + 200.0 + 100.0,
            copying_s: 8.0 + 4.0 + 2.0,
            paused_s: 1.0,
        };
        assert_eq!(pre_copy(50.0, 3).expected_copy(800.0, 100.0), expected);
        // As fast as it is copied it is written again: one round, and all of it in a pause.
        let expected = ExpectedCopy { sent_bytes: 1600.0, copying_s: 8.0, paused_s: 8.0 };
        assert_eq!(pre_copy(100.0, 30).expected_copy(800.0, 100.0), expected);
        assert_eq!(pre_copy(100.0, 30).expected_copy(0.0, 100.0), ExpectedCopy::default());
        assert_eq!(stop.expected_copy(1.0, 0.0), ExpectedCopy::default());
    }
}
